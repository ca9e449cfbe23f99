//! An endpoint is looked at before any work.

use std::time::Duration;

use kosmos::llm::{LlmError, probe_endpoint};
use serde_json::json;

use super::desk::{Desk, KEY, environment, settings};
use kosmos_testing::model_server::{ModelServer, ScriptedReply};

#[tokio::test]
async fn a_listed_model_costs_nothing() {
    let server = ModelServer::start();
    server.models(["other", "m"]);
    let desk = Desk::new(&server, &[]);
    for _ in 0..2 {
        let probed = desk.mind.probe().await.unwrap().unwrap();
        assert_eq!(probed.models, ["m"]);
        assert_eq!(probed.key_variable.as_deref(), Some("THE_KEY"));
    }
    assert_eq!((server.listings(), server.calls()), (1, 0));
    assert_eq!(desk.account().calls, 0);
}

#[tokio::test]
async fn a_model_that_is_not_listed_is_asked_for_one_token() {
    for listing in [
        ScriptedReply::raw(json!({"data": [{"id": "other"}]})),
        ScriptedReply::status(404, "no list"),
        ScriptedReply::status(403, json!({"error": {"message": "Missing scopes: api.model.read"}})),
        ScriptedReply::raw("<html>"),
    ] {
        let server = ModelServer::start();
        server.listing(listing);
        server.respond(|_| ScriptedReply::text("OK"));
        probe_endpoint(&settings(&server, &[]).llm, &environment())
            .await
            .unwrap();
        let chats = server.chats();
        assert_eq!(chats.len(), 1);
        assert_eq!(
            (&chats[0].body["model"], &chats[0].body["max_tokens"]),
            (&json!("m"), &json!(1))
        );
    }
}

#[tokio::test]
async fn each_model_in_use_is_looked_for() {
    let server = ModelServer::start();
    server.models(["m", "n"]);
    server.respond(|_| ScriptedReply::status(404, json!({"error": {"message": "model not found"}})));
    let ok = settings(&server, &[("llm.models.data_analyst", "n")]);
    assert_eq!(probe_endpoint(&ok.llm, &environment()).await.unwrap().models.len(), 2);
    let wrong = settings(&server, &[("llm.models.data_analyst", "nm")]);
    let Err(LlmError::Rejected { what, .. }) = probe_endpoint(&wrong.llm, &environment()).await else {
        panic!()
    };
    assert!(what.contains("`nm`"), "{what}");
}

/// Settings, the answers to the list and to the chat, and words that are said.
type Case = (
    &'static [(&'static str, &'static str)],
    ScriptedReply,
    ScriptedReply,
    &'static [&'static str],
);

#[tokio::test]
async fn what_is_wrong_is_said_with_the_remedy() {
    let gone = || ScriptedReply::status(404, json!({"error": {"message": "model 'm' not found"}}));
    let list = || ScriptedReply::raw(json!({"data": [{"id": "qwen2.5-coder:7b"}, {"id": "llama3:latest"}]}));
    let table: [Case; 7] = [
        (
            &[],
            ScriptedReply::status(401, "bad key"),
            gone(),
            &["rejects the key", "THE_KEY", "litellm at http"],
        ),
        (
            &[],
            ScriptedReply::status(403, ""),
            ScriptedReply::status(403, ""),
            &["rejects the key", "THE_KEY"],
        ),
        (
            &[("llm.provider", "ollama"), ("llm.model", "qwen2.5-code:7b")],
            list(),
            gone(),
            &[
                "no model `qwen2.5-code:7b`",
                "it has `qwen2.5-coder:7b`",
                "`ollama pull qwen2.5-code:7b`",
            ],
        ),
        (
            &[],
            ScriptedReply::status(404, "404 page not found"),
            ScriptedReply::status(404, "404 page not found"),
            &["HTTP 404"],
        ),
        (
            &[],
            ScriptedReply::raw("<html>login</html>"),
            ScriptedReply::raw("<html>login</html>"),
            &["not a chat completion", "llm.base_url"],
        ),
        (
            &[],
            ScriptedReply::status(503, "starting"),
            gone(),
            &["3 tries", "HTTP 503"],
        ),
        (
            &[("llm.timeout", "50ms")],
            ScriptedReply::hang(),
            gone(),
            &["50ms", "llm.timeout"],
        ),
    ];
    for (changes, listing, chat, words) in table {
        let server = ModelServer::start();
        server.listing(listing);
        server.respond(move |_| chat.clone());
        let error = probe_endpoint(&settings(&server, changes).llm, &environment())
            .await
            .unwrap_err();
        let told = format!("{error}\n{}", error.help().unwrap_or_default());
        for word in words {
            assert!(told.contains(word), "{word}: {told}");
        }
        assert!(!told.contains(KEY), "{told}");
    }
}

#[tokio::test]
async fn a_server_that_is_just_starting_is_waited_for_a_little() {
    let server = ModelServer::start();
    server.listing(ScriptedReply::status(404, ""));
    server.script([
        ScriptedReply::status(503, "loading the model"),
        ScriptedReply::text("OK").after(Duration::from_millis(1)),
    ]);
    probe_endpoint(&settings(&server, &[]).llm, &environment())
        .await
        .unwrap();
    assert_eq!(server.calls(), 2);
}
