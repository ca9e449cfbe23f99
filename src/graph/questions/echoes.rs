use std::collections::BTreeMap;

use futures::{FutureExt, future::BoxFuture};

use super::{Asked, QuestionError, Rows, named, value, values};
use crate::graph::{Label, Node, Relation, Walk};

const OF_EACH: &[&str] = &["direction", "effect", "q", "dataset", "runs"];

pub(super) const COLUMNS: &[&str] = &[
    "statement",
    "direction",
    "effect",
    "q",
    "dataset",
    "runs",
    "earlier_direction",
    "earlier_effect",
    "earlier_q",
    "earlier_dataset",
    "earlier_runs",
    "finding",
    "earlier",
];

pub(super) const SHOWN: &[&str] = &[
    "statement",
    "direction",
    "effect",
    "earlier_direction",
    "earlier_effect",
];

/// Variables of one walk.
const VARIABLES: usize = 50;

/// Findings that contradict an earlier one.
pub(super) fn contradictions(asked: Asked<'_>) -> BoxFuture<'_, Result<Rows, QuestionError>> {
    echoes(asked, Relation::Contradicts).boxed()
}

/// Findings that replicate an earlier one.
pub(super) fn replications(asked: Asked<'_>) -> BoxFuture<'_, Result<Rows, QuestionError>> {
    echoes(asked, Relation::Replicates).boxed()
}

async fn echoes(asked: Asked<'_>, relation: Relation) -> Result<Rows, QuestionError> {
    let variables = named::variables(asked.store, asked.argument).await?;
    let mut found: BTreeMap<(String, String), (Node, Node)> = BTreeMap::new();
    for variables in variables.chunks(VARIABLES) {
        // A pair is met once for each variable that it mentions.
        let limit = asked.limit.saturating_mul(VARIABLES);
        let walk = Walk::from(variables)
            .against(Relation::Mentions, Label::Finding)
            .along(relation, Label::Finding)
            .best("q", limit);
        for trail in asked.store.walk(walk).await? {
            if let Ok([finding, earlier]) = <[Node; 2]>::try_from(trail) {
                found.insert((finding.id.clone(), earlier.id.clone()), (finding, earlier));
            }
        }
    }
    let mut found: Vec<(Node, Node)> = found.into_values().collect();
    let q = |earlier: &Node| earlier.number("q").unwrap_or(f64::INFINITY);
    found.sort_by(|(_, a), (_, b)| q(a).total_cmp(&q(b)));
    found.truncate(asked.limit);
    let row = |(finding, earlier): &(Node, Node)| {
        [value(finding, "statement")]
            .into_iter()
            .chain(values(finding, OF_EACH))
            .chain(values(earlier, OF_EACH))
            .chain([finding.id.clone().into(), earlier.id.clone().into()])
            .collect()
    };
    Ok(found.iter().map(row).collect())
}
