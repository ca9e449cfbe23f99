use std::collections::BTreeMap;

use futures::{FutureExt, future::BoxFuture};

use super::{Asked, QuestionError, Rows, named, values};
use crate::graph::{Label, Relation, Walk};

const TOLD: &[&str] = &["statement", "kind", "x", "y"];

pub(super) const COLUMNS: &[&str] = &[
    "statement",
    "kind",
    "x",
    "y",
    "supported",
    "refuted",
    "open",
    "runs",
    "hypothesis",
];

/// Edges of hypotheses that are looked at: tests of them, and what they mention.
const MOST_EDGES: usize = 1_000_000;

/// Hypotheses that mention a variable, with the number of results of each verdict.
pub(super) fn hypotheses(asked: Asked<'_>) -> BoxFuture<'_, Result<Rows, QuestionError>> {
    async move {
        let variables = named::variables(asked.store, asked.argument).await?;
        let mut walk = Walk::from(variables).against(Relation::Mentions, Label::Hypothesis);
        walk.limit = asked.limit;
        let found = asked.store.walk(walk).await?.concat();
        let ids = found.iter().map(|hypothesis| hypothesis.id.clone()).collect();
        let mut verdicts: BTreeMap<(String, Relation), u64> = BTreeMap::new();
        for edge in asked.store.around(ids, MOST_EDGES).await? {
            if Label::of(&edge.from)? == Label::Result {
                *verdicts.entry((edge.to, edge.kind)).or_default() += 1;
            }
        }
        let mut rows = Vec::new();
        for hypothesis in found {
            let times = |verdict| {
                let times = verdicts.get(&(hypothesis.id.clone(), verdict));
                times.copied().unwrap_or_default().into()
            };
            let counts = [Relation::Supports, Relation::Refutes, Relation::Tests].map(times);
            let row = values(&hypothesis, TOLD)
                .chain(counts)
                .chain(values(&hypothesis, &["runs"]))
                .chain([hypothesis.id.clone().into()]);
            rows.push(row.collect());
        }
        Ok(rows)
    }
    .boxed()
}
