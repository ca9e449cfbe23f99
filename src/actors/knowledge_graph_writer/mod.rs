//! Turns what a cycle learnt into nodes and edges, and writes them to the graph.

mod facts;

use std::{rc::Rc, sync::Arc};

use futures::FutureExt;

pub use facts::facts;

use crate::agent::{Agent, AgentContext, AgentError, Handling};
use crate::graph::GraphStore;
use crate::message::{Envelope, KnowledgeRecorded, Outgoing, Payload, agent};

/// The agent around a graph store.
pub struct KnowledgeGraphWriter {
    store: Arc<dyn GraphStore>,
}

impl KnowledgeGraphWriter {
    /// Writes to `store`.
    pub fn new(store: Arc<dyn GraphStore>) -> Self {
        Self { store }
    }
}

impl Agent for KnowledgeGraphWriter {
    fn handle(self: Rc<Self>, message: Envelope, context: AgentContext) -> Handling {
        async move {
            let Payload::RecordKnowledge(knowledge) = &message.payload else {
                return Err(AgentError::Unexpected {
                    agent: agent::KNOWLEDGE_GRAPH_WRITER,
                    message: message.payload.name(),
                });
            };
            let key = format!("graph:{}", message.id);
            let facts = facts(&message, knowledge);
            let store = Arc::clone(&self.store);
            let stats = context
                .effect(&key, || async move {
                    store.merge(facts).await.map_err(AgentError::retry)?;
                    store.stats().await.map_err(AgentError::retry)
                })
                .await?;
            let recorded = KnowledgeRecorded {
                cycle: knowledge.cycle,
                nodes: stats.nodes,
                edges: stats.edges,
            };
            Ok(Outgoing::new(agent::RESEARCH_DIRECTOR, recorded).into())
        }
        .boxed_local()
    }
}
