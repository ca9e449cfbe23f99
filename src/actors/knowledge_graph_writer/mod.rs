//! Turns what a cycle learnt into nodes and edges and writes them to the graph, and tells what earlier runs wrote
//! there.
//!
//! `facts` is what a message says as nodes and edges, `outbox` what waits where the graph is away, `recall` reads
//! what a project knows.

mod facts;
mod outbox;
mod recall;

use std::{rc::Rc, sync::Arc, time::Duration};

use futures::FutureExt;
use kosmos_core::disk::DiskFault;

pub use facts::derive_facts;
pub use outbox::{Delivery, FlushError, Outbox, OutboxOptions, delivery_key, undelivered_messages};

use crate::agent::{Agent, AgentContext, AgentError, Handling};
use crate::graph::GraphError;
use crate::message::{Envelope, KnowledgeRecalled, KnowledgeRecorded, Outgoing, Payload, RecallKnowledge, agent};

/// Where the knowledge of a run goes to, and comes from.
#[derive(Clone)]
pub enum Knowledge {
    /// A graph.
    Graph(Arc<Outbox>),
    /// A run is done again: nothing is written, and what it was told is told again.
    Replayed(Option<Arc<KnowledgeRecalled>>),
}

impl Knowledge {
    /// How long the graph is waited for, at most.
    pub fn longest_wait(&self) -> Duration {
        match self {
            Self::Graph(outbox) => outbox.longest_wait(),
            Self::Replayed(_) => Duration::ZERO,
        }
    }
}

/// The agent around a graph.
pub struct KnowledgeGraphWriter {
    knowledge: Knowledge,
}

impl KnowledgeGraphWriter {
    /// Writes to it, and reads from it.
    pub fn new(knowledge: Knowledge) -> Self {
        Self { knowledge }
    }

    async fn recall_project(
        &self,
        request: &RecallKnowledge,
        context: &AgentContext,
    ) -> Result<KnowledgeRecalled, AgentError> {
        let outbox = match &self.knowledge {
            Knowledge::Replayed(told) => return Ok(told.as_deref().cloned().unwrap_or_default()),
            Knowledge::Graph(outbox) => outbox,
        };
        let store = outbox.store();
        let recalled = context.effect("recall", || async {
            recall::recall_project_knowledge(store.as_ref(), request)
                .await
                .map_err(|error| pause_without_graph(error, context))
        });
        recalled.await
    }
}

/// The knowledge of the project decides which tests run; a run without it would be a different run.
fn pause_without_graph(error: GraphError, context: &AgentContext) -> AgentError {
    match error {
        GraphError::Away { .. } | GraphError::Refused { .. } => AgentError::Paused {
            what: format!("what the project knows cannot be read: {error}"),
            remedy: "start the graph server".to_owned(),
        },
        error => convert_graph_error(error, context),
    }
}

/// An embedded graph whose disk fails stops the run, as the journal's disk does. Anything else is worth another
/// attempt.
fn convert_graph_error(error: GraphError, context: &AgentContext) -> AgentError {
    match error {
        GraphError::Store(sled::Error::Io(source)) => {
            let runs = context.folder().parent().unwrap_or(context.folder());
            AgentError::Disk(DiskFault {
                action: "read or write the graph in",
                path: runs.parent().unwrap_or(runs).join("graph"),
                source,
            })
        }
        error => AgentError::retry(error),
    }
}

impl Agent<Payload> for KnowledgeGraphWriter {
    fn handle(self: Rc<Self>, message: Envelope, context: AgentContext) -> Handling {
        async move {
            let answer = match &message.payload {
                Payload::RecallKnowledge(request) => {
                    let recalled = self.recall_project(request, &context).await?;
                    Outgoing::new(agent::RESEARCH_DIRECTOR, recalled)
                }
                Payload::RecordKnowledge(knowledge) => {
                    let waits = match &self.knowledge {
                        Knowledge::Graph(outbox) => outbox.deliver_with_backlog(&message, &context).await?,
                        Knowledge::Replayed(_) => {
                            let nothing = || async { Ok(()) };
                            context.effect(&delivery_key(&message.id), nothing).await?;
                            None
                        }
                    };
                    let cycle = knowledge.cycle;
                    Outgoing::new(agent::RESEARCH_DIRECTOR, KnowledgeRecorded { cycle, waits })
                }
                other => {
                    return Err(AgentError::Unexpected {
                        agent: agent::KNOWLEDGE_GRAPH_WRITER,
                        message: other.name(),
                    });
                }
            };
            Ok(answer.into())
        }
        .boxed_local()
    }
}
