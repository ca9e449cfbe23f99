use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::{QueryArgs, shown, wait};
use crate::cli::{CliError, Exit, Globals, output, stderr};

/// The graph that was chosen speaks no Cypher.
#[derive(Debug, thiserror::Error)]
#[error("the graph in the home folder speaks no Cypher")]
struct NoCypher;

/// A parameter that is none.
#[derive(Debug, thiserror::Error)]
pub(super) enum BadParameter {
    #[error("a parameter is NAME=JSON, such as q=0.05")]
    Form,
    #[error("the value is not JSON ({0}); a text is in double quotes, such as name='\"mass\"'")]
    Json(serde_json::Error),
}

/// `name=json`.
pub(super) fn parameter(text: &str) -> Result<(String, Value), BadParameter> {
    let (name, value) = text.split_once('=').ok_or(BadParameter::Form)?;
    if name.is_empty() {
        return Err(BadParameter::Form);
    }
    let value = serde_json::from_str(value).map_err(BadParameter::Json)?;
    Ok((name.to_owned(), value))
}

/// Asks a server in Cypher.
pub(super) fn execute(args: &QueryArgs, text: &str, globals: &Globals) -> Result<Exit, CliError> {
    let opened = args.choice.open(globals)?;
    let Some(server) = opened.server()? else {
        let help = "--store neo4j asks the server that graph.uri names; `kosmos graph query` lists the questions that both answer";
        return Err(CliError::usage(NoCypher, help));
    };
    let parameters: Map<String, Value> = args.param.iter().cloned().collect();
    let asked = async {
        let asked = server.cypher(text, &parameters, args.write).await;
        asked.map_err(|error| opened.error(error))
    };
    let answer = wait(asked)?;
    let columns: BTreeSet<&str> = answer.rows.iter().flat_map(Map::keys).map(String::as_str).collect();
    let columns: Vec<&str> = columns.into_iter().collect();
    if answer.cut {
        stderr::text(&format!("note: the answer is cut after {} rows\n", answer.rows.len()));
    }
    if globals.json {
        output::json(&json!({
            "store": opened.store_name(), "columns": columns, "rows": answer.rows, "cut": answer.cut,
        }))?;
        return Ok(Exit::Done);
    }
    let row = |row: &Map<String, Value>| {
        let value = |column: &&str| row.get(*column).cloned().unwrap_or_default();
        columns.iter().map(value).collect()
    };
    let rows: Vec<Vec<Value>> = answer.rows.iter().map(row).collect();
    output::text(&match rows.is_empty() {
        true => "no rows\n".to_owned(),
        false => shown::rows(&columns, &rows),
    })?;
    Ok(Exit::Done)
}
