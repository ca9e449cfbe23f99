use futures::{FutureExt, future::BoxFuture};

use super::{Asked, QuestionError, Rows, named, value, values};
use crate::graph::{Label, Relation, Walk};

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
pub(super) fn evidence(asked: Asked<'_>) -> BoxFuture<'_, Result<Rows, QuestionError>> {
    async move {
        let finding = named::finding(asked.store, asked.argument.unwrap_or_default()).await?;
        let mut walk = Walk::from([finding.id.as_str()])
            .along(Relation::DerivedFrom, Label::Result)
            .against(Relation::Produced, Label::Experiment)
            .along(Relation::SpawnedBy, Label::Run);
        walk.limit = asked.limit;
        let mut rows = Vec::new();
        for trail in asked.store.walk(walk).await? {
            let [result, experiment, run] = trail.as_slice() else {
                continue;
            };
            let row = [finding.id.clone().into(), value(&finding, "statement")]
                .into_iter()
                .chain(values(result, OF_RESULT))
                .chain([result.id.clone().into(), experiment.id.clone().into()])
                .chain(values(experiment, &["template", "script_sha256", "result_sha256"]))
                .chain(values(run, &["name", "project"]));
            rows.push(row.collect());
        }
        Ok(rows)
    }
    .boxed()
}
