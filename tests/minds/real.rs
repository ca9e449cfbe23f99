//! A real model, small and often wrong: what is asserted is form, accounts and endings, never wording or success.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    process::Child,
    sync::Mutex,
    time::{Duration, Instant},
};

use kosmos::journal::{Record, RunDir, read_entries};
use serde_json::{Value, json};

use kosmos_testing::{
    TestHome, describe_output,
    model_proxy::ModelProxy,
    model_server::{ModelServer, ScriptedReply},
    repository_path,
    service::find_model,
};

/// How long one step may take: a small model on a busy machine writes some ten tokens a second.
const PATIENCE: Duration = Duration::from_secs(30 * 60);

/// What the run may use. A few calls, unless `KOSMOS_TEST_LLM_TOKENS` gives more; with 60,000 every agent comes to ask.
const TOKENS: u64 = 4500;

/// Enough for every agent.
const PLENTY: u64 = 60_000;

/// The agents ask their real prompts; the lab is killed in the middle and goes on; no answer is paid for twice.
#[test]
fn a_real_model_thinks_along_and_is_paid_once() {
    let Some((endpoint, model)) = find_model() else {
        return;
    };
    let upstream = endpoint
        .strip_prefix("http://")
        .and_then(|rest| rest.strip_suffix("/v1"))
        .unwrap();
    let scripted = analyst();
    let address = scripted.url();
    let address = address
        .strip_prefix("http://")
        .and_then(|rest| rest.strip_suffix("/v1"));
    let address = address.unwrap().to_owned();
    let first = Mutex::<Option<String>>::default();
    let proxy = ModelProxy::start(upstream, move |body| {
        let later = body.contains(FOLLOW_UP) && first.lock().unwrap().get_or_insert_with(|| body.to_owned()) != body;
        later.then(|| address.clone())
    });
    let home = TestHome::new();
    let run_file = repository_path("examples/penguins/llm.toml");
    let budget = std::env::var("KOSMOS_TEST_LLM_TOKENS").map_or(TOKENS, |tokens| tokens.parse().unwrap());
    let allowed = format!("budget.tokens={budget}");
    let base_url = format!("llm.base_url={}", proxy.url());
    let set_model = format!("llm.model={model}");
    let longest = format!("llm.max_tokens={}", if budget < PLENTY { 200 } else { 600 });
    let mut arguments = vec!["run", run_file.as_str(), "--profile", "vllm", "--json"];
    for set in [
        base_url.as_str(),
        set_model.as_str(),
        "llm.hypotheses=3",
        "llm.analyses=1",
        longest.as_str(),
        "llm.context_tokens=3000",
        "llm.timeout=10m",
        "llm.max_concurrent=1",
        "budget.cycles=3",
        allowed.as_str(),
        "budget.wall_time=50m",
        "research.shuffled_run=false",
        "research.permutations=49",
        "research.follow_ups=6",
        "supervisor.handler_deadline=30m",
    ] {
        arguments.extend(["--set", set]);
    }

    let mut lab = home.start(&arguments);
    until(&mut lab, || {
        home.runs().first().is_some_and(|run| !receipts(run).is_empty())
    });
    lab.kill().unwrap();
    lab.wait().unwrap();
    let run = home.the_run();
    let before = receipts(&run);
    let output = home.run(&["resume", run.file_name().unwrap().to_str().unwrap(), "--json"]);
    let outcome: Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", describe_output(&output)));
    let status = outcome["status"].as_str().unwrap();
    assert!(
        ["answered", "budget_spent"].contains(&status),
        "{}",
        describe_output(&output)
    );
    assert!(run.join("report.html").is_file() && run.join("findings.json").is_file());

    let after = receipts(&run);
    for (key, receipt) in &before {
        assert_eq!(after.get(key), Some(receipt), "a receipt changed");
    }
    let mut purposes = BTreeSet::new();
    let mut tokens = 0;
    for receipt in after.values() {
        let text = receipt["text"].as_str().unwrap();
        // Cut off at the limit of tokens, an answer is no more than a beginning.
        if receipt["finish_reason"] == "stop" {
            assert!(
                serde_json::from_str::<Value>(text).is_ok_and(|value| value.is_object()),
                "{text}"
            );
        }
        purposes.insert(receipt["purpose"].as_str().unwrap().to_owned());
        tokens += receipt["usage"]["input"].as_u64().unwrap() + receipt["usage"]["output"].as_u64().unwrap();
    }
    let expected = match budget {
        PLENTY.. => &["propose", "deliberate", "write", "interpret"][..],
        _ => &["propose"],
    };
    assert!(
        expected.iter().all(|purpose| purposes.contains(*purpose)),
        "{purposes:?}"
    );
    assert!(tokens > 0 && tokens <= budget, "{tokens}");

    // What was under way at the kill is asked again, and nothing else.
    let mut times: BTreeMap<String, u32> = BTreeMap::new();
    // A probe asks nothing of that kind.
    for chat in proxy
        .chats()
        .into_iter()
        .filter(|chat| chat.contains("\"json_schema\""))
    {
        *times.entry(chat).or_default() += 1;
    }
    let twice = times.values().filter(|times| **times > 1).count();
    assert!(
        twice <= 1 && times.values().all(|times| *times <= 2),
        "{:?}",
        times.values()
    );
}

/// Words of the prompt for follow-ups alone.
const FOLLOW_UP: &str = "You propose follow-up hypotheses about";

/// Answers the second time that follow-ups are asked for, with an analysis that no template makes: a small model hardly
/// ever proposes one, and the real one is to come to write code.
fn analyst() -> ModelServer {
    let server = ModelServer::start();
    server.respond(|_| {
        let analysis = json!({
            "x": "bill_length_mm", "y": "body_mass_g", "columns": ["bill_length_mm", "bill_depth_mm", "body_mass_g"],
            "method": "Divide bill_length_mm by bill_depth_mm and make Spearman's test of the ratio with body_mass_g.",
            "effect": "spearman_rho", "family": null,
            "statement": "the ratio of `bill_length_mm` to bill depth goes with `body_mass_g`", "rationale": "a long thin bill",
        });
        ScriptedReply::answer(&json!({"hypotheses": [], "analyses": [analysis]})).header("connection", "close")
    });
    server
}

/// The run's replies by key, also while it is worked on.
fn receipts(run: &Path) -> BTreeMap<String, Value> {
    let entries = read_entries(&RunDir::open(run).unwrap()).unwrap_or_default();
    let replies = entries.into_iter().filter_map(|entry| match entry.record {
        Record::Receipt { key, value } if key.starts_with("llm:") => Some((key, value)),
        _ => None,
    });
    replies.collect()
}

fn until(lab: &mut Child, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        assert!(lab.try_wait().unwrap().is_none(), "the lab ended too early");
        assert!(Instant::now() < deadline, "it did not come");
        std::thread::sleep(Duration::from_millis(100));
    }
}
