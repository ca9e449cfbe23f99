use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::{QueryArgs, block_on_work, shown};
use crate::cli::{CliError, Exit, Globals, output, stderr};

/// The chosen graph does not support Cypher.
#[derive(Debug, thiserror::Error)]
#[error("the graph in the home folder does not support Cypher")]
struct NoCypher;

/// Why a parameter is invalid.
#[derive(Debug, thiserror::Error)]
pub(super) enum BadParameter {
    #[error("a parameter is NAME=JSON, such as q=0.05")]
    Form,
    #[error("the value is not JSON ({0}); a string needs double quotes, such as name='\"mass\"'")]
    Json(serde_json::Error),
}

/// Reads a parameter of the form `name=json`.
pub(super) fn parse_parameter(text: &str) -> Result<(String, Value), BadParameter> {
    let (name, value) = text.split_once('=').ok_or(BadParameter::Form)?;
    if name.is_empty() {
        return Err(BadParameter::Form);
    }
    let value = serde_json::from_str(value).map_err(BadParameter::Json)?;
    Ok((name.to_owned(), value))
}

/// Runs a Cypher query on a server.
pub(super) fn execute_cypher(args: &QueryArgs, text: &str, globals: &Globals) -> Result<Exit, CliError> {
    let opened = args.choice.resolve_graph(globals)?;
    let Some(server) = opened.connect_server()? else {
        let help = "--store neo4j queries the server that graph.uri names; `kosmos graph query` lists the questions that both stores answer";
        return Err(CliError::from_usage(NoCypher, help));
    };
    let parameters: Map<String, Value> = args.param.iter().cloned().collect();
    let asked = async {
        let asked = server.run_cypher(text, &parameters, args.write).await;
        asked.map_err(|error| opened.explain_error(error))
    };
    let answer = block_on_work(asked)?;
    let columns: BTreeSet<&str> = answer.rows.iter().flat_map(Map::keys).map(String::as_str).collect();
    let columns: Vec<&str> = columns.into_iter().collect();
    if answer.cut {
        stderr::write_to_stderr(&format!(
            "note: the answer is cut off after {} rows\n",
            answer.rows.len()
        ));
    }
    if globals.json {
        output::print_json(&json!({
            "store": opened.store_name(), "columns": columns, "rows": answer.rows, "cut": answer.cut,
        }))?;
        return Ok(Exit::Done);
    }
    let row = |row: &Map<String, Value>| {
        let value = |column: &&str| row.get(*column).cloned().unwrap_or_default();
        columns.iter().map(value).collect()
    };
    let rows: Vec<Vec<Value>> = answer.rows.iter().map(row).collect();
    output::print_text(&match rows.is_empty() {
        true => "no rows\n".to_owned(),
        false => shown::render_rows(&columns, &rows),
    })?;
    Ok(Exit::Done)
}
