//! What is to be in the graph and is not yet. The messages that say it are in the journal, so that nothing else is kept:
//! one waits until there is a receipt for it.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use tokio::time::timeout;

use super::facts;
use crate::agent::{AgentContext, AgentError};
use crate::graph::{Facts, GraphError, GraphStore};
use crate::journal::{Commit, EffectState, Journal, JournalError, Kind, Record};
use crate::message::{Envelope, MessageId, Payload};

/// How long the graph is waited for, and how much may wait.
#[derive(Debug, Clone, Copy)]
pub struct OutboxOptions {
    /// All deliveries of this process together may take so long.
    pub wait: Duration,
    /// Nodes and edges that may wait.
    pub limit: usize,
}

/// Delivers knowledge to a graph, oldest first.
pub struct Outbox {
    store: Arc<dyn GraphStore>,
    options: OutboxOptions,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Messages without a receipt, oldest first.
    waiting: VecDeque<Envelope>,
    /// What deliveries took so far.
    waited: Duration,
}

/// What became of a delivery.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Delivery {
    /// Messages that are in the graph now.
    pub delivered: usize,
    /// Messages that were to be delivered and are not.
    pub waiting: usize,
    /// Why others are not.
    pub waits: Option<String>,
}

/// Of the time that is left, the share that one delivery may take where others may follow.
const SHARE: f64 = 0.5;

/// Nobody is kept waiting for less than this.
const LEAST: Duration = Duration::from_millis(50);

impl Outbox {
    /// An outbox for a graph, with what waits in the journal already. `waited` is what was waited for the graph before.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn open(
        store: Arc<dyn GraphStore>,
        options: OutboxOptions,
        journal: &Journal,
        waited: Duration,
    ) -> Result<Self, JournalError> {
        let waiting = waiting(journal)?.into();
        Ok(Self {
            store,
            options,
            state: Mutex::new(State { waiting, waited }),
        })
    }

    /// How long it is waited for.
    pub fn wait(&self) -> Duration {
        self.options.wait
    }

    /// The graph.
    pub fn store(&self) -> Arc<dyn GraphStore> {
        Arc::clone(&self.store)
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a message in and delivers what waits, as far as the graph takes it. Gives the reason why it waits, if it does.
    ///
    /// # Errors
    /// [`AgentError::Paused`] when more would wait than may; those of the journal.
    pub(super) async fn deliver(
        &self,
        message: &Envelope,
        context: &AgentContext,
    ) -> Result<Option<String>, AgentError> {
        {
            let mut state = self.state();
            if !state.waiting.iter().any(|waiting| waiting.id == message.id) {
                state.waiting.push_back(message.clone());
            }
        }
        loop {
            let Some(first) = self.state().waiting.front().cloned() else {
                return Ok(None);
            };
            let mut away = None;
            let key = delivery_key(&first.id);
            let delivered = context.effect(&key, || async {
                self.write_in_time(said(&first)).await.map_err(|error| {
                    let lasting = matches!(error, GraphError::Away { .. } | GraphError::Refused { .. });
                    if lasting {
                        away = Some(error.to_string());
                    }
                    AgentError::retry(error)
                })
            });
            let delivered: Result<(), AgentError> = delivered.await;
            match (delivered, away) {
                (Ok(()), _) => drop(self.state().waiting.pop_front()),
                (Err(_), Some(reason)) => return self.waits(reason),
                (Err(error), None) => return Err(error),
            }
        }
    }

    fn waits(&self, reason: String) -> Result<Option<String>, AgentError> {
        let waiting: usize = self.state().waiting.iter().map(|message| said(message).len()).sum();
        tracing::warn!(waiting, reason, "what the graph should have waits in the journal");
        if waiting > self.options.limit {
            return Err(AgentError::Paused {
                what: format!(
                    "{waiting} nodes and edges wait for the graph, more than graph.outbox allows ({}): {reason}",
                    self.options.limit
                ),
                remedy: "start the graph server, or raise graph.outbox".to_owned(),
            });
        }
        Ok(Some(reason))
    }

    /// Writes within the time that the run has left for it.
    async fn write_in_time(&self, facts: Facts) -> Result<(), GraphError> {
        let left = self.options.wait.saturating_sub(self.state().waited);
        if left < LEAST {
            return Err(late("the time that the run waits for it is over"));
        }
        let began = Instant::now();
        let written = self.write(facts, left.mul_f64(SHARE).max(LEAST)).await;
        self.state().waited += began.elapsed();
        written
    }

    async fn write(&self, facts: Facts, patience: Duration) -> Result<(), GraphError> {
        let written = timeout(patience, self.store.merge(facts)).await;
        written.unwrap_or_else(|_| Err(late("it takes longer than it is waited for")))
    }

    /// Delivers all that waits in a run's journal, without a run that would have to wait for it; with `again`, what was
    /// delivered before too, as for a graph that was lost. Each message has all of the time.
    ///
    /// # Errors
    /// Those of the journal, and of the graph where it will not take the facts at all.
    pub async fn flush(&self, journal: &Journal, again: bool) -> Result<Delivery, FlushError> {
        let messages: Vec<Envelope> = match again {
            true => recorded(journal)?,
            false => self.state().waiting.iter().cloned().collect(),
        };
        let (mut delivered, all) = (0, messages.len());
        for message in messages {
            match self.write(said(&message), self.options.wait).await {
                Ok(()) => {}
                Err(error @ (GraphError::Away { .. } | GraphError::Refused { .. })) => {
                    let waits = Some(error.to_string());
                    let waiting = all - delivered;
                    return Ok(Delivery {
                        delivered,
                        waiting,
                        waits,
                    });
                }
                Err(error) => return Err(error.into()),
            }
            let key = delivery_key(&message.id);
            if !is_delivered(journal, &key)? {
                let value = serde_json::Value::Null;
                journal.commit(Commit::record(Record::Receipt { key, value })).await?;
            }
            self.state().waiting.retain(|waiting| waiting.id != message.id);
            delivered += 1;
        }
        let waits = None;
        Ok(Delivery {
            delivered,
            waiting: 0,
            waits,
        })
    }
}

fn late(reason: &str) -> GraphError {
    GraphError::Away {
        address: "graph.wait".to_owned(),
        reason: reason.to_owned(),
    }
}

/// Why what waits could not be delivered.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum FlushError {
    #[error(transparent)]
    Graph(#[from] GraphError),
    #[error(transparent)]
    Journal(#[from] Arc<JournalError>),
}

impl From<JournalError> for FlushError {
    fn from(error: JournalError) -> Self {
        Self::Journal(Arc::new(error))
    }
}

/// What is handed to the graph under one key is the same, however often.
pub fn delivery_key(message: &MessageId) -> String {
    format!("graph:{message}")
}

fn said(message: &Envelope) -> Facts {
    match &message.payload {
        Payload::RecordKnowledge(knowledge) => facts(message, knowledge),
        _ => Facts::default(),
    }
}

fn is_delivered(journal: &Journal, key: &str) -> Result<bool, JournalError> {
    Ok(matches!(journal.effect(key)?, Some(EffectState::Done(_))))
}

/// All that the run has said for the graph, oldest first.
fn recorded(journal: &Journal) -> Result<Vec<Envelope>, JournalError> {
    let mut messages = Vec::new();
    for entry in journal.entries_of(&[Kind::Sent]) {
        if let Record::Sent { envelope } = entry?.record
            && matches!(envelope.payload, Payload::RecordKnowledge(_))
        {
            messages.push(*envelope);
        }
    }
    Ok(messages)
}

/// What the run has said for the graph and has no receipt for, oldest first.
///
/// # Errors
/// When the journal cannot be read.
pub fn waiting(journal: &Journal) -> Result<Vec<Envelope>, JournalError> {
    let mut waiting = Vec::new();
    for message in recorded(journal)? {
        if !is_delivered(journal, &delivery_key(&message.id))? {
            waiting.push(message);
        }
    }
    Ok(waiting)
}
