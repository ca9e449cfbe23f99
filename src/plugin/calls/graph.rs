use serde::Deserialize;
use serde_json::{Value, json};

use super::{Called, Handling, Outcome, read};
use crate::actors::Knowledge;
use crate::agent::AgentError;
use crate::graph::{GraphError, Question, QuestionError};
use crate::prompt::{inline, shorten_to};

/// Rows of an answer.
const MOST: usize = 200;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Query {
    name: String,
    #[serde(default)]
    argument: Option<String>,
    #[serde(default)]
    limit: Option<usize>,
}

/// `graph.query`.
pub(super) async fn query(handling: &mut Handling<'_>, params: &Value) -> Called {
    let query: Query = match read(params) {
        Ok(query) => query,
        Err(error) => return Ok(Err(error)),
    };
    let knowledge = handling.kit.knowledge.clone();
    let asked = handling.once("graph.query", params, || async move {
        let Knowledge::Graph(outbox) = knowledge else {
            return Ok(Outcome::failed("the run has no graph"));
        };
        let question = match Question::named(&query.name) {
            Ok(question) => question,
            Err(error) => return Ok(Outcome::failed(told(&error))),
        };
        let limit = query.limit.unwrap_or(MOST).min(MOST);
        let answer = question
            .ask(outbox.store().as_ref(), query.argument.as_deref(), limit)
            .await;
        match answer {
            Ok(table) => Ok(Outcome::Result(json!({ "columns": table.columns, "rows": table.rows }))),
            // What the graph would say decides what the agent says: the run waits for it.
            Err(QuestionError::Graph(error @ (GraphError::Away { .. } | GraphError::Refused { .. }))) => {
                Err(AgentError::Paused {
                    what: format!("the graph cannot be asked: {error}"),
                    remedy: "start the graph server".to_owned(),
                })
            }
            Err(error) => Ok(Outcome::failed(told(&error))),
        }
    });
    Ok(asked.await?.told())
}

fn told(error: &QuestionError) -> String {
    shorten_to(&inline(&error.to_string()), 300)
}
