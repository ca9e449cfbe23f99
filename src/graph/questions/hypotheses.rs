use std::collections::BTreeMap;

use futures::{FutureExt, future::BoxFuture};

use super::{Asked, QuestionError, Rows, named, properties_or_null};
use crate::graph::{EdgeKind, Label, Walk};

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
pub(super) fn answer_hypotheses(asked: Asked<'_>) -> BoxFuture<'_, Result<Rows, QuestionError>> {
    async move {
        let variables = named::resolve_variables(asked.store, asked.argument).await?;
        let mut walk = Walk::starting_at(variables).against(EdgeKind::Mentions, Label::Hypothesis);
        walk.limit = asked.limit;
        let found = asked.store.walk(walk).await?.concat();
        let ids = found.iter().map(|hypothesis| hypothesis.id.clone()).collect();
        let mut verdicts: BTreeMap<(String, EdgeKind), u64> = BTreeMap::new();
        for edge in asked.store.around(ids, MOST_EDGES).await? {
            if Label::of_node_id(&edge.from)? == Label::Result {
                *verdicts.entry((edge.to, edge.kind)).or_default() += 1;
            }
        }
        let mut rows = Vec::new();
        for hypothesis in found {
            let times = |verdict| {
                let times = verdicts.get(&(hypothesis.id.clone(), verdict));
                times.copied().unwrap_or_default().into()
            };
            let counts = [EdgeKind::Supports, EdgeKind::Refutes, EdgeKind::Tests].map(times);
            let row = properties_or_null(&hypothesis, TOLD)
                .chain(counts)
                .chain(properties_or_null(&hypothesis, &["runs"]))
                .chain([hypothesis.id.clone().into()]);
            rows.push(row.collect());
        }
        Ok(rows)
    }
    .boxed()
}
