//! An agent for Kosmos: JSON-RPC 2.0, one object a line.

use std::io::{BufRead, Write};

use serde_json::{json, Value};

/// The agent's answer to an event.
fn handle(event: &Value, config: &Value) -> Vec<Value> {
    let finding = &event["body"]["finding"];
    let (rows, fewest) = (finding["n"].as_u64().unwrap_or(0), config["fewest"].as_u64().unwrap_or(1));
    if event["type"] != "finding_drafted" || rows >= fewest {
        return Vec::new();
    }
    vec![json!({ "type": "challenge", "body": {
        "finding": finding["id"], "grounds": "other",
        "statement": format!("It rests on {rows} rows; at least {fewest} were asked for."),
    }})]
}

fn main() {
    let mut config = Value::Null;
    let mut out = std::io::stdout();
    for line in std::io::stdin().lock().lines() {
        let Ok(line) = line else { return };
        let Ok(request) = serde_json::from_str::<Value>(&line) else { return };
        let (params, last) = (&request["params"], request["method"] == "shutdown");
        let result = match request["method"].as_str() {
            Some("initialize") => {
                config = params["config"].clone();
                json!({ "protocol": 2 })
            }
            Some("handle") => json!({ "messages": handle(params, &config) }),
            _ => Value::Null,
        };
        let answer = json!({ "jsonrpc": "2.0", "id": request["id"], "result": result });
        if writeln!(out, "{answer}").and_then(|()| out.flush()).is_err() || last {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(rows: u64) -> usize {
        let event = json!({ "type": "finding_drafted", "body": { "finding": { "id": "h-1", "n": rows } } });
        handle(&event, &json!({ "fewest": 50 })).len()
    }

    #[test]
    fn few_rows_are_challenged_and_many_are_not() {
        assert_eq!((said(20), said(200)), (1, 0));
    }
}
