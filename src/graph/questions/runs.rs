use futures::{FutureExt, future::BoxFuture};

use super::{Asked, QuestionError, Rows, named, value};
use crate::graph::{Label, Relation, Walk};

/// Runs, with what they asked.
pub(super) fn runs(asked: Asked<'_>) -> BoxFuture<'_, Result<Rows, QuestionError>> {
    async move {
        let mut runs = match asked.argument {
            Some(project) => named::known_project(asked.store, project).await?,
            None => asked.store.list(Label::Run, asked.limit).await?,
        };
        runs.truncate(asked.limit);
        let mut rows = Vec::new();
        for run in runs {
            let walk = Walk::from([run.id.as_str()]).along(Relation::Asks, Label::Question);
            let questions = asked.store.walk(walk).await?;
            let question = questions.into_iter().flatten().next();
            rows.push(vec![
                value(&run, "name"),
                value(&run, "project"),
                question.map(|question| value(&question, "text")).unwrap_or_default(),
                value(&run, "cycles"),
            ]);
        }
        Ok(rows)
    }
    .boxed()
}
