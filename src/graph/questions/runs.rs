use futures::{FutureExt, future::BoxFuture};

use super::{Asked, QuestionError, Rows, named, property_or_null};
use crate::graph::{EdgeKind, Label, Walk};

/// Runs, with what they asked.
pub(super) fn answer_runs(asked: Asked<'_>) -> BoxFuture<'_, Result<Rows, QuestionError>> {
    async move {
        let mut runs = match asked.argument {
            Some(project) => named::known_project(asked.store, project).await?,
            None => asked.store.list(Label::Run, asked.limit).await?,
        };
        runs.truncate(asked.limit);
        let mut rows = Vec::new();
        for run in runs {
            let walk = Walk::starting_at([run.id.as_str()]).along(EdgeKind::Asks, Label::Question);
            let questions = asked.store.walk(walk).await?;
            let question = questions.into_iter().flatten().next();
            rows.push(vec![
                property_or_null(&run, "name"),
                property_or_null(&run, "project"),
                question
                    .map(|question| property_or_null(&question, "text"))
                    .unwrap_or_default(),
                property_or_null(&run, "cycles"),
            ]);
        }
        Ok(rows)
    }
    .boxed()
}
