//! Merges many nodes and edges in batches; the user can stop between two batches.

use crate::graph::{Facts, GraphError, GraphStore};
use crate::progress::{Progress, ProgressEvent};
use crate::supervisor::StopSignal;

/// Nodes or edges that are merged at once.
const BATCH: usize = 2000;

/// The progress of a merge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Merged {
    pub(super) nodes: usize,
    pub(super) edges: usize,
    /// True if everything was merged.
    pub(super) whole: bool,
}

/// Merges facts, nodes first, so that each edge has both of its nodes whenever the merge is stopped.
pub(super) async fn merge_in_batches(
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
    let (nodes, edges) = (split_into_batches(facts.nodes), split_into_batches(facts.edges));
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
        // Gives the signal handler a turn even if the store never waits.
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

fn split_into_batches<T>(items: Vec<T>) -> impl Iterator<Item = Vec<T>> {
    let mut items = items.into_iter();
    std::iter::from_fn(move || {
        let batch: Vec<T> = items.by_ref().take(BATCH).collect();
        (!batch.is_empty()).then_some(batch)
    })
}
