use serde::Deserialize;
use serde_json::{Value, json};

use super::{Called, EventHandling, Outcome, read_params};
use crate::actors::Knowledge;
use crate::agent::AgentError;
use crate::graph::{GraphError, Question, QuestionError};
use crate::prompt::{inline, shorten_to};

/// Maximum number of rows in an answer.
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

/// Answers `graph.query`.
pub(super) async fn query_graph(handling: &mut EventHandling<'_>, params: &Value) -> Called {
    let query: Query = match read_params(params) {
        Ok(query) => query,
        Err(error) => return Ok(Err(error)),
    };
    let knowledge = handling.kit.knowledge.clone();
    let asked = handling.call_once("graph.query", params, || async move {
        let Knowledge::Graph(outbox) = knowledge else {
            return Ok(Outcome::failed("the run has no knowledge graph"));
        };
        let question = match Question::find_question(&query.name) {
            Ok(question) => question,
            Err(error) => return Ok(Outcome::failed(describe_error(&error))),
        };
        let limit = query.limit.unwrap_or(MOST).min(MOST);
        let answer = question
            .ask(outbox.store().as_ref(), query.argument.as_deref(), limit)
            .await;
        match answer {
            Ok(table) => Ok(Outcome::Result(json!({ "columns": table.columns, "rows": table.rows }))),
            // The agent's answer depends on the graph's, so the run waits for the graph.
            Err(QuestionError::Graph(error @ (GraphError::Away { .. } | GraphError::Refused { .. }))) => {
                Err(AgentError::Paused {
                    what: format!("the graph cannot be queried: {error}"),
                    remedy: "start the graph server".to_owned(),
                })
            }
            Err(error) => Ok(Outcome::failed(describe_error(&error))),
        }
    });
    Ok(asked.await?.into_result())
}

fn describe_error(error: &QuestionError) -> String {
    shorten_to(&inline(&error.to_string()), 300)
}
