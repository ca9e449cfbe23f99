use std::collections::BTreeMap;

use futures::{FutureExt, future::BoxFuture};

use super::{Asked, QuestionError, Rows, named, properties_or_null};
use crate::graph::{EdgeKind, Label, Node, Walk};

const OF_HYPOTHESIS: &[&str] = &["statement", "kind", "x", "y"];

const OF_RESULT: &[&str] = &[
    "direction",
    "effect",
    "effect_name",
    "p",
    "q",
    "n",
    "test",
    "dataset",
    "runs",
];

pub(super) const COLUMNS: &[&str] = &[
    "statement",
    "kind",
    "x",
    "y",
    "direction",
    "effect",
    "effect_name",
    "p",
    "q",
    "n",
    "test",
    "dataset",
    "runs",
    "result",
];

pub(super) const SHOWN: &[&str] = &["statement", "direction", "effect", "p", "n"];

/// Results that leave their hypothesis open.
pub(super) fn answer_open(asked: Asked<'_>) -> BoxFuture<'_, Result<Rows, QuestionError>> {
    results_with_verdict(asked, EdgeKind::Tests).boxed()
}

/// Results that refute theirs.
pub(super) fn answer_refuted(asked: Asked<'_>) -> BoxFuture<'_, Result<Rows, QuestionError>> {
    results_with_verdict(asked, EdgeKind::Refutes).boxed()
}

async fn results_with_verdict(asked: Asked<'_>, verdict: EdgeKind) -> Result<Rows, QuestionError> {
    // The best of all are among the best of each, which a store puts in order.
    let mut found: BTreeMap<(String, String), (Node, Node)> = BTreeMap::new();
    for variable in named::resolve_variables(asked.store, asked.argument).await? {
        let walk = Walk::starting_at([variable])
            .against(EdgeKind::Mentions, Label::Hypothesis)
            .against(verdict, Label::Result)
            .keep_best("p", asked.limit);
        for trail in asked.store.walk(walk).await? {
            if let Ok([hypothesis, result]) = <[Node; 2]>::try_from(trail) {
                found.insert((result.id.clone(), hypothesis.id.clone()), (hypothesis, result));
            }
        }
    }
    let mut found: Vec<(Node, Node)> = found.into_values().collect();
    let p = |result: &Node| result.number_property("p").unwrap_or(f64::INFINITY);
    found.sort_by(|(_, a), (_, b)| p(a).total_cmp(&p(b)));
    found.truncate(asked.limit);
    let row = |(hypothesis, result): &(Node, Node)| {
        properties_or_null(hypothesis, OF_HYPOTHESIS)
            .chain(properties_or_null(result, OF_RESULT))
            .chain([result.id.clone().into()])
            .collect()
    };
    Ok(found.iter().map(row).collect())
}
