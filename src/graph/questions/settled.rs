use std::collections::BTreeMap;

use futures::{FutureExt, future::BoxFuture};
use serde_json::Value;

use super::{Asked, QuestionError, Rows, named, properties_or_null};
use crate::graph::{EdgeKind, Label, Node, Walk};

const OF_RESULT: &[&str] = &[
    "direction",
    "effect",
    "effect_name",
    "p",
    "q",
    "n",
    "test",
    "wording",
    "runs",
];

pub(super) const COLUMNS: &[&str] = &[
    "statement",
    "verdict",
    "direction",
    "effect",
    "effect_name",
    "p",
    "q",
    "n",
    "test",
    "wording",
    "runs",
    "result",
];

/// Edges of a result, at most: it comes from one experiment and speaks of one hypothesis.
const EDGES_OF_EACH: usize = 16;

/// Results on a table, each with its hypothesis and what it says of it.
pub(super) fn answer_settled(asked: Asked<'_>) -> BoxFuture<'_, Result<Rows, QuestionError>> {
    async move {
        let dataset = named::resolve_dataset(asked.store, asked.argument.unwrap_or_default()).await?;
        let walk = Walk::starting_at([dataset])
            .against(EdgeKind::Uses, Label::Experiment)
            .along(EdgeKind::Produced, Label::Result)
            .keep_best("p", asked.limit);
        let results: Vec<Node> = asked
            .store
            .walk(walk)
            .await?
            .into_iter()
            .filter_map(|mut trail| trail.pop())
            .collect();
        let ids: Vec<String> = results.iter().map(|result| result.id.clone()).collect();
        let edges = ids.len().saturating_mul(EDGES_OF_EACH);
        let mut verdicts: BTreeMap<String, (&str, String)> = BTreeMap::new();
        for edge in asked.store.around(ids, edges).await? {
            if let Some(verdict) = verdict_word(edge.kind) {
                verdicts.insert(edge.from, (verdict, edge.to));
            }
        }
        let mut walk = Walk::starting_at(verdicts.values().map(|(_, hypothesis)| hypothesis.clone()));
        walk.limit = verdicts.len();
        let hypotheses = asked.store.walk(walk).await?.into_iter().flatten();
        let hypotheses: BTreeMap<String, Node> = hypotheses.map(|node| (node.id.clone(), node)).collect();
        let mut rows = Vec::new();
        for result in results {
            let Some((verdict, hypothesis)) = verdicts.get(&result.id) else {
                continue;
            };
            let hypothesis = hypotheses.get(hypothesis);
            let statement = hypothesis.and_then(|node| node.text_property("statement"));
            let row = [Value::from(statement), Value::from(*verdict)]
                .into_iter()
                .chain(properties_or_null(&result, OF_RESULT))
                .chain([result.id.clone().into()]);
            rows.push(row.collect());
        }
        Ok(rows)
    }
    .boxed()
}

fn verdict_word(relation: EdgeKind) -> Option<&'static str> {
    match relation {
        EdgeKind::Supports => Some("supported"),
        EdgeKind::Refutes => Some("refuted"),
        EdgeKind::Tests => Some("open"),
        _ => None,
    }
}
