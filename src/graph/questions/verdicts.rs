use std::collections::BTreeMap;

use futures::{FutureExt, future::BoxFuture};

use super::{Asked, QuestionError, Rows, named, values};
use crate::graph::{Label, Node, Relation, Walk};

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
pub(super) fn open(asked: Asked<'_>) -> BoxFuture<'_, Result<Rows, QuestionError>> {
    verdicts(asked, Relation::Tests).boxed()
}

/// Results that refute theirs.
pub(super) fn refuted(asked: Asked<'_>) -> BoxFuture<'_, Result<Rows, QuestionError>> {
    verdicts(asked, Relation::Refutes).boxed()
}

async fn verdicts(asked: Asked<'_>, verdict: Relation) -> Result<Rows, QuestionError> {
    // The best of all are among the best of each, which a store puts in order.
    let mut found: BTreeMap<(String, String), (Node, Node)> = BTreeMap::new();
    for variable in named::variables(asked.store, asked.argument).await? {
        let walk = Walk::from([variable])
            .against(Relation::Mentions, Label::Hypothesis)
            .against(verdict, Label::Result)
            .best("p", asked.limit);
        for trail in asked.store.walk(walk).await? {
            if let Ok([hypothesis, result]) = <[Node; 2]>::try_from(trail) {
                found.insert((result.id.clone(), hypothesis.id.clone()), (hypothesis, result));
            }
        }
    }
    let mut found: Vec<(Node, Node)> = found.into_values().collect();
    let p = |result: &Node| result.number("p").unwrap_or(f64::INFINITY);
    found.sort_by(|(_, a), (_, b)| p(a).total_cmp(&p(b)));
    found.truncate(asked.limit);
    let row = |(hypothesis, result): &(Node, Node)| {
        values(hypothesis, OF_HYPOTHESIS)
            .chain(values(result, OF_RESULT))
            .chain([result.id.clone().into()])
            .collect()
    };
    Ok(found.iter().map(row).collect())
}
