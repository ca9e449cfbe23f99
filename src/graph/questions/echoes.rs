use std::collections::BTreeMap;

use futures::{FutureExt, future::BoxFuture};

use super::{Asked, QuestionError, Rows, named, properties_or_null, property_or_null};
use crate::graph::{EdgeKind, Label, Node, Walk};

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
pub(super) fn answer_contradictions(asked: Asked<'_>) -> BoxFuture<'_, Result<Rows, QuestionError>> {
    echoes_of_kind(asked, EdgeKind::Contradicts).boxed()
}

/// Findings that replicate an earlier one.
pub(super) fn answer_replications(asked: Asked<'_>) -> BoxFuture<'_, Result<Rows, QuestionError>> {
    echoes_of_kind(asked, EdgeKind::Replicates).boxed()
}

async fn echoes_of_kind(asked: Asked<'_>, relation: EdgeKind) -> Result<Rows, QuestionError> {
    let variables = named::resolve_variables(asked.store, asked.argument).await?;
    let mut found: BTreeMap<(String, String), (Node, Node)> = BTreeMap::new();
    for variables in variables.chunks(VARIABLES) {
        // A pair is met once for each variable that it mentions.
        let limit = asked.limit.saturating_mul(VARIABLES);
        let walk = Walk::starting_at(variables)
            .against(EdgeKind::Mentions, Label::Finding)
            .along(relation, Label::Finding)
            .keep_best("q", limit);
        for trail in asked.store.walk(walk).await? {
            if let Ok([finding, earlier]) = <[Node; 2]>::try_from(trail) {
                found.insert((finding.id.clone(), earlier.id.clone()), (finding, earlier));
            }
        }
    }
    let mut found: Vec<(Node, Node)> = found.into_values().collect();
    let q = |earlier: &Node| earlier.number_property("q").unwrap_or(f64::INFINITY);
    found.sort_by(|(_, a), (_, b)| q(a).total_cmp(&q(b)));
    found.truncate(asked.limit);
    let row = |(finding, earlier): &(Node, Node)| {
        [property_or_null(finding, "statement")]
            .into_iter()
            .chain(properties_or_null(finding, OF_EACH))
            .chain(properties_or_null(earlier, OF_EACH))
            .chain([finding.id.clone().into(), earlier.id.clone().into()])
            .collect()
    };
    Ok(found.iter().map(row).collect())
}
