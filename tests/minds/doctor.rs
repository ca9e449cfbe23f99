//! What `kosmos doctor` says of a model's endpoint.

use std::process::Output;

use serde_json::Value;

use super::shell::{KEY, json};
use kosmos_testing::{
    TestShell, describe_output,
    model_server::{ModelServer, ScriptedReply},
};

/// The check of that name.
fn check(output: &Output, name: &str) -> Value {
    let checks = json(output)["checks"].as_array().unwrap().clone();
    let found = checks.into_iter().find(|check| check["name"] == name);
    found.unwrap_or_else(|| panic!("no {name}: {}", describe_output(output)))
}

/// An address at which nothing listens.
fn nowhere() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    format!("llm.base_url=http://{}/v1", listener.local_addr().unwrap())
}

#[test]
fn each_profile_explains_an_endpoint_that_is_missing() {
    let table = [
        ("ollama", "model", "start it with `ollama serve`"),
        (
            "vllm",
            "model",
            "start it with `vllm serve Qwen/Qwen2.5-Coder-7B-Instruct`",
        ),
        ("litellm", "model", "start the proxy with `litellm"),
        ("openai", "endpoint", "environment variable OPENAI_API_KEY"),
    ];
    for (profile, name, remedy) in table {
        let output =
            TestShell::with_user_cache().output(&["doctor", "--json", "--profile", profile, "--set", &nowhere()]);
        assert_eq!(output.status.code(), Some(5), "{}", describe_output(&output));
        let check = check(&output, name);
        assert_eq!(check["ok"], false);
        assert!(check["help"].as_str().unwrap().contains(remedy), "{check}");
    }
}

#[test]
fn an_endpoint_is_asked_for_its_models_and_the_key_is_not_shown() {
    let server = ModelServer::start();
    server.models(["qwen2.5-coder:7b"]);
    let doctor = |settings: &[&str]| {
        let url = format!("llm.base_url={}", server.url());
        let mut arguments = vec!["doctor", "--json", "--profile", "ollama", "--set", &url];
        arguments.extend(settings.iter().flat_map(|setting| ["--set", setting]));
        let output = TestShell::with_user_cache().variable("MY_KEY", KEY).output(&arguments);
        assert!(!describe_output(&output).contains(KEY), "{}", describe_output(&output));
        output
    };
    let output = doctor(&["llm.api_key_env=MY_KEY"]);
    assert_eq!(output.status.code(), Some(0), "{}", describe_output(&output));
    let endpoint = check(&output, "endpoint")["detail"].as_str().unwrap().to_owned();
    assert!(
        endpoint.contains(&server.url()) && endpoint.contains("with the key in MY_KEY"),
        "{endpoint}"
    );
    let model = check(&output, "model");
    assert!(
        model["detail"]
            .as_str()
            .unwrap()
            .ends_with("answers for qwen2.5-coder:7b"),
        "{model}"
    );

    server.respond(|_| ScriptedReply::status(404, r#"{"error": {"message": "model not found"}}"#));
    let output = doctor(&["llm.model=llama3"]);
    assert_eq!(output.status.code(), Some(5), "{}", describe_output(&output));
    let help = check(&output, "model")["help"].as_str().unwrap().to_owned();
    assert!(help.contains("`ollama pull llama3`"), "{help}");

    server.listing(ScriptedReply::status(
        401,
        format!(r#"{{"error": {{"message": "bad key {KEY}"}}}}"#),
    ));
    let output = doctor(&["llm.api_key_env=MY_KEY"]);
    assert_eq!(output.status.code(), Some(5), "{}", describe_output(&output));
    let help = check(&output, "model")["help"].as_str().unwrap().to_owned();
    assert!(help.contains("MY_KEY"), "{help}");
}

#[test]
fn a_budget_of_dollars_needs_prices() {
    let server = ModelServer::start();
    server.models(["mystery"]);
    let url = format!("llm.base_url={}", server.url());
    let settings = ["--set", &url, "--set", "llm.model=mystery", "--set", "budget.usd=1"];
    let arguments = [&["doctor", "--json", "--profile", "litellm"][..], &settings].concat();
    let output = TestShell::with_user_cache().output(&arguments);
    assert_eq!(output.status.code(), Some(5), "{}", describe_output(&output));
    assert_eq!(check(&output, "prices")["ok"], false);
}
