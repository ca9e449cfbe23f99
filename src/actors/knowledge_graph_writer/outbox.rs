//! Facts that are not in the graph yet. The messages that carry them are in the journal, so nothing else is stored:
//! one waits until there is a receipt for it.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use tokio::time::timeout;

use super::derive_facts;
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
    /// The time that deliveries took so far.
    waited: Duration,
}

/// The outcome of a delivery.
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
        let waiting = undelivered_messages(journal)?.into();
        Ok(Self {
            store,
            options,
            state: Mutex::new(State { waiting, waited }),
        })
    }

    /// How long it is waited for.
    pub fn longest_wait(&self) -> Duration {
        self.options.wait
    }

    /// The graph.
    pub fn store(&self) -> Arc<dyn GraphStore> {
        Arc::clone(&self.store)
    }

    fn lock_state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a message in and delivers what waits, as far as the graph takes it. Gives the reason why it waits, if it
    /// does.
    ///
    /// # Errors
    /// [`AgentError::Paused`] when more would wait than may; those of the journal.
    pub(super) async fn deliver_with_backlog(
        &self,
        message: &Envelope,
        context: &AgentContext,
    ) -> Result<Option<String>, AgentError> {
        {
            let mut state = self.lock_state();
            if !state.waiting.iter().any(|waiting| waiting.id == message.id) {
                state.waiting.push_back(message.clone());
            }
        }
        loop {
            let Some(first) = self.lock_state().waiting.front().cloned() else {
                return Ok(None);
            };
            let mut away = None;
            let key = delivery_key(&first.id);
            let delivered = context.effect(&key, || async {
                self.write_in_time(facts_of_message(&first)).await.map_err(|error| {
                    let lasting = matches!(error, GraphError::Away { .. } | GraphError::Refused { .. });
                    if lasting {
                        away = Some(error.to_string());
                    }
                    super::convert_graph_error(error, context)
                })
            });
            let delivered: Result<(), AgentError> = delivered.await;
            match (delivered, away) {
                (Ok(()), _) => drop(self.lock_state().waiting.pop_front()),
                (Err(_), Some(reason)) => return self.defer_delivery(reason),
                (Err(error), None) => return Err(error),
            }
        }
    }

    fn defer_delivery(&self, reason: String) -> Result<Option<String>, AgentError> {
        let waiting: usize = self
            .lock_state()
            .waiting
            .iter()
            .map(|message| facts_of_message(message).len())
            .sum();
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
        let left = self.options.wait.saturating_sub(self.lock_state().waited);
        if left < LEAST {
            return Err(graph_too_slow("the time that the run waits for it is over"));
        }
        let began = Instant::now();
        let written = self.write_within(facts, left.mul_f64(SHARE).max(LEAST)).await;
        self.lock_state().waited += began.elapsed();
        written
    }

    async fn write_within(&self, facts: Facts, patience: Duration) -> Result<(), GraphError> {
        let written = timeout(patience, self.store.merge(facts)).await;
        written.unwrap_or_else(|_| Err(graph_too_slow("it takes longer than it is waited for")))
    }

    /// Delivers all that waits in a run's journal, without a run that would have to wait for it; with `again`, what was
    /// delivered before too, as for a graph that was lost. Each message has all of the time.
    ///
    /// # Errors
    /// Those of the journal, and of the graph where it will not take the facts at all.
    pub async fn flush_journal(&self, journal: &Journal, again: bool) -> Result<Delivery, FlushError> {
        let messages: Vec<Envelope> = match again {
            true => recorded_messages(journal)?,
            false => self.lock_state().waiting.iter().cloned().collect(),
        };
        let (mut delivered, all) = (0, messages.len());
        for message in messages {
            match self.write_within(facts_of_message(&message), self.options.wait).await {
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
                journal
                    .commit(Commit::of_record(Record::Receipt { key, value }))
                    .await?;
            }
            self.lock_state().waiting.retain(|waiting| waiting.id != message.id);
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

fn graph_too_slow(reason: &str) -> GraphError {
    GraphError::Away {
        address: "graph.wait".to_owned(),
        reason: reason.to_owned(),
    }
}

/// Why what waits could not be delivered.
#[derive(Debug, thiserror::Error)]
pub enum FlushError {
    /// The graph refused the facts.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// The journal cannot be read.
    #[error(transparent)]
    Journal(#[from] Arc<JournalError>),
}

impl From<JournalError> for FlushError {
    fn from(error: JournalError) -> Self {
        Self::Journal(Arc::new(error))
    }
}

/// Gives the effect key of a message's delivery: the facts delivered under one key are always the same.
pub fn delivery_key(message: &MessageId) -> String {
    format!("graph:{message}")
}

fn facts_of_message(message: &Envelope) -> Facts {
    match &message.payload {
        Payload::RecordKnowledge(knowledge) => derive_facts(message, knowledge),
        _ => Facts::default(),
    }
}

fn is_delivered(journal: &Journal, key: &str) -> Result<bool, JournalError> {
    Ok(matches!(journal.effect_state(key)?, Some(EffectState::Done(_))))
}

/// All that the run has said for the graph, oldest first.
fn recorded_messages(journal: &Journal) -> Result<Vec<Envelope>, JournalError> {
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

/// Gives the messages for the graph that have no receipt yet, oldest first.
///
/// # Errors
/// When the journal cannot be read.
pub fn undelivered_messages(journal: &Journal) -> Result<Vec<Envelope>, JournalError> {
    let mut waiting = Vec::new();
    for message in recorded_messages(journal)? {
        if !is_delivered(journal, &delivery_key(&message.id))? {
            waiting.push(message);
        }
    }
    Ok(waiting)
}
