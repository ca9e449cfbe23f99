use futures::{FutureExt, future::BoxFuture};

use super::{Asked, QuestionError, Rows, named, properties_or_null, property_or_null};
use crate::graph::{EdgeKind, Label, Walk};

pub(super) const COLUMNS: &[&str] = &[
    "finding",
    "statement",
    "test",
    "n",
    "effect",
    "p",
    "q",
    "wording",
    "dataset",
    "locator",
    "result",
    "experiment",
    "template",
    "script_sha256",
    "result_sha256",
    "run",
    "project",
];

const OF_RESULT: &[&str] = &["test", "n", "effect", "p", "q", "wording", "dataset", "locator"];

/// From a finding to the results that it is derived from, the scripts that gave them, and the runs of those.
pub(super) fn answer_evidence(asked: Asked<'_>) -> BoxFuture<'_, Result<Rows, QuestionError>> {
    async move {
        let finding = named::resolve_finding(asked.store, asked.argument.unwrap_or_default()).await?;
        let mut walk = Walk::starting_at([finding.id.as_str()])
            .along(EdgeKind::DerivedFrom, Label::Result)
            .against(EdgeKind::Produced, Label::Experiment)
            .along(EdgeKind::SpawnedBy, Label::Run);
        walk.limit = asked.limit;
        let mut rows = Vec::new();
        for trail in asked.store.walk(walk).await? {
            let [result, experiment, run] = trail.as_slice() else {
                continue;
            };
            let row = [finding.id.clone().into(), property_or_null(&finding, "statement")]
                .into_iter()
                .chain(properties_or_null(result, OF_RESULT))
                .chain([result.id.clone().into(), experiment.id.clone().into()])
                .chain(properties_or_null(
                    experiment,
                    &["template", "script_sha256", "result_sha256"],
                ))
                .chain(properties_or_null(run, &["name", "project"]));
            rows.push(row.collect());
        }
        Ok(rows)
    }
    .boxed()
}
