//! Much is merged in batches, between which a person may stop.

use crate::graph::{Facts, GraphError, GraphStore};
use crate::progress::{Progress, ProgressEvent};
use crate::supervisor::StopSignal;

/// Nodes or edges that are merged at once.
const BATCH: usize = 2000;

/// How far a merge came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Merged {
    pub(super) nodes: usize,
    pub(super) edges: usize,
    /// Whether that is all.
    pub(super) whole: bool,
}

/// Merges facts: nodes first, so that whenever it is stopped each edge is between whole nodes.
pub(super) async fn merge(
    store: &dyn GraphStore,
    facts: Facts,
    what: &str,
    progress: &dyn Progress,
    stop: &StopSignal,
) -> Result<Merged, GraphError> {
    let asked = stop.subscribe();
    let total = facts.len();
    let mut merged = Merged {
        nodes: 0,
        edges: 0,
        whole: false,
    };
    let (nodes, edges) = (batches(facts.nodes), batches(facts.edges));
    let nodes = nodes.map(|nodes| Facts {
        nodes,
        ..Facts::default()
    });
    let edges = edges.map(|edges| Facts {
        edges,
        ..Facts::default()
    });
    for batch in nodes.chain(edges) {
        progress.on(ProgressEvent::Preparing {
            what: what.to_owned(),
            done: (merged.nodes + merged.edges) as u64,
            total: Some(total as u64),
        });
        // Lets the signal be heard where the store never waits.
        tokio::task::yield_now().await;
        if *asked.borrow() > 0 {
            return Ok(merged);
        }
        let (nodes, edges) = (batch.nodes.len(), batch.edges.len());
        store.merge(batch).await?;
        merged.nodes += nodes;
        merged.edges += edges;
    }
    progress.on(ProgressEvent::Preparing {
        what: what.to_owned(),
        done: total as u64,
        total: Some(total as u64),
    });
    merged.whole = true;
    Ok(merged)
}

fn batches<T>(items: Vec<T>) -> impl Iterator<Item = Vec<T>> {
    let mut items = items.into_iter();
    std::iter::from_fn(move || {
        let batch: Vec<T> = items.by_ref().take(BATCH).collect();
        (!batch.is_empty()).then_some(batch)
    })
}
