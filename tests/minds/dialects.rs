//! Endpoints that lack something are asked without it.

use serde_json::{Value, json};

use super::desk::Desk;
use kosmos_testing::model_server::{Asked, ModelServer, ScriptedReply};

fn refused(message: &str) -> ScriptedReply {
    ScriptedReply::status(400, json!({"error": {"message": message, "code": 400}}))
}

fn good() -> ScriptedReply {
    ScriptedReply::answer(&json!({"word": "right"}))
}

/// Asks two questions; gives the bodies that the endpoint got.
async fn bodies(
    changes: &[(&str, &str)],
    responder: impl Fn(&Asked) -> ScriptedReply + Send + Sync + 'static,
) -> Vec<Value> {
    let server = ModelServer::start();
    server.respond(responder);
    let desk = Desk::new(&server, changes);
    for question in ["one", "two"] {
        assert_eq!(desk.ask(question).await.unwrap().value.word, "right");
    }
    server.chats().into_iter().map(|asked| asked.body).collect()
}

#[tokio::test]
async fn the_way_of_holding_to_a_form_steps_down() {
    let bodies = bodies(&[], |asked| match asked.body["response_format"]["type"].as_str() {
        Some("json_schema") => refused("response_format.type json_schema is not supported"),
        Some(_) => ScriptedReply::status(422, "unknown field response_format"),
        None => good(),
    })
    .await;
    let formats: Vec<&Value> = bodies.iter().map(|body| &body["response_format"]["type"]).collect();
    // Learnt by the first question, known to the second.
    assert_eq!(
        formats,
        [&json!("json_schema"), &json!("json_object"), &Value::Null, &Value::Null]
    );
    assert!(
        bodies[3]["messages"][0]["content"]
            .as_str()
            .unwrap()
            .contains("\"word\"")
    );
}

#[tokio::test]
async fn a_way_that_is_set_is_kept() {
    let server = ModelServer::start();
    server.respond(|_| refused("response_format is not supported"));
    let desk = Desk::new(&server, &[("llm.structured", "json_schema")]);
    let error = desk.ask("one").await.unwrap_err();
    let told = format!("{error}\n{}", error.help().unwrap_or_default());
    assert!(
        told.contains("response_format") && told.contains("llm.structured"),
        "{told}"
    );
    assert_eq!(server.calls(), 1);
}

#[tokio::test]
async fn an_endpoint_that_passes_over_a_form_is_asked_in_words() {
    let bodies = bodies(&[], |asked| match asked.body.get("response_format") {
        Some(_) if asked.turns() == 2 => ScriptedReply::text("Right!"),
        _ => good(),
    })
    .await;
    assert_eq!(bodies.len(), 3);
    assert!(bodies[0].get("response_format").is_some());
    assert!(bodies[1].get("response_format").is_none() && bodies[2].get("response_format").is_none());
}

#[tokio::test]
async fn other_parts_of_a_request_are_left_out() {
    let bodies = bodies(&[("llm.temperature", "0.5")], |asked| {
        let has = |key: &str| asked.body.get(key).is_some();
        if has("max_tokens") {
            refused("Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.")
        } else if has("temperature") {
            refused("Unsupported value: 'temperature' does not support 0.5 with this model.")
        } else if has("stream_options") {
            refused("Unrecognized request argument supplied: stream_options")
        } else if asked.body["stream"] == true {
            refused("stream is not available")
        } else {
            good()
        }
    })
    .await;
    assert_eq!(bodies.len(), 6);
    let last = bodies.last().unwrap();
    assert_eq!(
        (&last["max_completion_tokens"], &last["stream"]),
        (&json!(2048), &json!(false))
    );
}

#[tokio::test]
async fn an_old_server_behind_a_new_preset_is_asked_in_the_old_way() {
    let bodies = bodies(&[("llm.provider", "openai")], |asked| {
        match asked.body.get("max_completion_tokens") {
            Some(_) => refused("Unrecognized request argument supplied: max_completion_tokens"),
            None => good(),
        }
    })
    .await;
    assert_eq!(bodies.len(), 3);
    assert!(bodies[2].get("max_tokens").is_some());
}

#[tokio::test]
async fn an_endpoint_that_does_not_stream_is_understood() {
    let whole = json!({"choices": [{"message": {"content": "{\"word\": \"right\"}"}, "finish_reason": "stop"}]});
    let bodies = bodies(&[], move |_| ScriptedReply::raw(&whole)).await;
    assert_eq!(bodies.len(), 2);
}

#[tokio::test]
async fn an_endpoint_that_refuses_everything_is_not_asked_for_ever() {
    let server = ModelServer::start();
    server.respond(|_| refused("no response_format, max_completion_tokens, stream_options, temperature or stream"));
    let desk = Desk::new(&server, &[]);
    assert!(desk.ask("one").await.is_err());
    assert!(server.calls() <= 8, "{}", server.calls());
}
