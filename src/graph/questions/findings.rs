use futures::{FutureExt, future::BoxFuture};

use super::{Asked, QuestionError, Rows, named, properties_or_null};
use crate::graph::{EdgeKind, Label, Walk};

pub(super) const COLUMNS: &[&str] = &[
    "statement",
    "x",
    "y",
    "kind",
    "direction",
    "effect",
    "effect_name",
    "q",
    "wording",
    "runs",
    "finding",
];

/// Findings that mention a variable.
pub(super) fn answer_neighbours(asked: Asked<'_>) -> BoxFuture<'_, Result<Rows, QuestionError>> {
    async move {
        let variables = named::resolve_variables(asked.store, asked.argument).await?;
        let walk = Walk::starting_at(variables)
            .against(EdgeKind::Mentions, Label::Finding)
            .keep_best("q", asked.limit);
        let mut rows = Vec::new();
        for finding in asked.store.walk(walk).await?.into_iter().flatten() {
            let told = COLUMNS.split_last().map(|(_, told)| told).unwrap_or_default();
            let row = properties_or_null(&finding, told).chain([finding.id.clone().into()]);
            rows.push(row.collect());
        }
        Ok(rows)
    }
    .boxed()
}
