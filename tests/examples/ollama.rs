//! A model of Ollama's: absent, scripted, and a small real one where there is one.

use std::{net::TcpListener, process::Output};

use serde_json::Value;

use kosmos_testing::{TestHome, describe_output, model_server::ModelServer, repository_path, service::find_model};

const MODEL: &str = "qwen2.5-coder:1.5b";

/// Starts a command on the example's run file, with these settings.
fn kosmos(home: &TestHome, command: &[&str], settings: &[&str]) -> Output {
    let run_file = repository_path("examples/ollama/run.toml");
    let mut arguments = command.to_vec();
    arguments.extend([run_file.as_str(), "--json"]);
    for setting in settings {
        arguments.extend(["--set", setting]);
    }
    home.run(&arguments)
}

#[test]
fn its_settings_resolve() {
    let output = kosmos(&TestHome::new(), &["config", "show"], &[]);
    assert_eq!(output.status.code(), Some(0), "{}", describe_output(&output));
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("ollama") && text.contains(MODEL), "{text}");
}

#[test]
fn without_an_endpoint_it_says_which_is_missing_and_what_to_do() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/v1", listener.local_addr().unwrap());
    drop(listener);
    let home = TestHome::new();
    let output = kosmos(
        &home,
        &["run"],
        &[&format!("llm.base_url={address}"), "llm.outage_wait=1s"],
    );
    assert_eq!(output.status.code(), Some(5), "{}", describe_output(&output));
    let stderr = String::from_utf8_lossy(&output.stderr);
    for word in [address.as_str(), "ollama serve", "llm.base_url", "kosmos doctor"] {
        assert!(stderr.contains(word), "`{word}` is not in: {stderr}");
    }
    assert!(home.runs().is_empty(), "{:?}", home.runs());
}

#[test]
fn a_scripted_model_is_asked_for_by_its_name() {
    let server = ModelServer::start();
    server.models([MODEL]);
    let settings = [
        format!("llm.base_url={}", server.url()),
        "research.shuffled_run=false".to_owned(),
        "research.permutations=49".to_owned(),
        "budget.cycles=2".to_owned(),
    ];
    let home = TestHome::new();
    let output = kosmos(&home, &["run"], &settings.each_ref().map(String::as_str));
    assert!(
        [Some(0), Some(3)].contains(&output.status.code()),
        "{}",
        describe_output(&output)
    );
    let chats = server.chats();
    assert!(!chats.is_empty() && chats.iter().all(|chat| chat.body["model"] == MODEL));
    let report = std::fs::read_to_string(home.the_run().join("report.md")).unwrap();
    assert!(report.contains(MODEL), "{report}");
}

/// What a small model says is no matter here: that it is asked, paid for by the token, and ends.
fn think_along() {
    let Some((endpoint, model)) = find_model() else {
        return;
    };
    let base_url = format!("llm.base_url={endpoint}");
    let set_model = format!("llm.model={model}");
    let settings = [
        "llm.provider=vllm",
        base_url.as_str(),
        set_model.as_str(),
        "llm.hypotheses=2",
        "llm.analyses=0",
        "llm.max_tokens=300",
        "llm.context_tokens=3000",
        "llm.timeout=10m",
        "budget.tokens=3000",
        "budget.cycles=1",
        "research.shuffled_run=false",
        "research.permutations=49",
        "supervisor.handler_deadline=30m",
    ];
    let home = TestHome::new();
    let output = kosmos(&home, &["run"], &settings);
    let outcome: Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", describe_output(&output)));
    let status = outcome["status"].as_str().unwrap();
    assert!(
        ["answered", "budget_spent"].contains(&status),
        "{}",
        describe_output(&output)
    );
    let report = std::fs::read_to_string(home.the_run().join("report.md")).unwrap();
    assert!(report.contains(&model), "{report}");
}

mod deep {
    #[test]
    fn a_real_model_thinks_along() {
        super::think_along();
    }
}
