//! Whole runs of the binary with a model that is away, comes back, or is not there at all.

use std::{
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use super::shell::{KEY, json, penguins};
use kosmos_testing::{
    TestShell, describe_output,
    model_server::{ModelServer, ScriptedReply},
    read_findings_text, run_id,
};

fn run(shell: &TestShell, server: &ModelServer, more: &[&str]) -> std::process::Output {
    let flags = penguins(server);
    let arguments: Vec<&str> = flags.iter().map(String::as_str).chain(more.iter().copied()).collect();
    shell.output(&arguments)
}

#[test]
fn an_endpoint_that_turns_us_down_is_said_before_any_work() {
    let server = ModelServer::start();
    server.listing(ScriptedReply::status(401, r#"{"error": {"message": "invalid key"}}"#));
    let shell = TestShell::with_user_cache().variable("MY_KEY", KEY);
    let output = run(&shell, &server, &["--set", "llm.api_key_env=MY_KEY", "--json"]);
    assert_eq!(output.status.code(), Some(5), "{}", describe_output(&output));
    assert_eq!(json(&output)["error"]["kind"], "unavailable");
    assert!(
        describe_output(&output).contains("MY_KEY") && !describe_output(&output).contains(KEY),
        "{}",
        describe_output(&output)
    );
    assert!(shell.runs().is_empty(), "{:?}", shell.runs());
}

#[test]
fn a_replayed_run_finds_the_same_with_no_endpoint_and_no_key() {
    let server = ModelServer::start();
    server.models(["m"]);
    let shell = TestShell::with_user_cache();
    let output = run(&shell, &server, &[]);
    let recorded = shell
        .runs()
        .pop()
        .unwrap_or_else(|| panic!("{}", describe_output(&output)));
    assert!(
        matches!(output.status.code(), Some(0 | 3)),
        "{}",
        describe_output(&output)
    );
    let asked = server.calls();
    assert!(asked > 0, "the model was not asked");
    drop(server);

    let output = shell.output(&["replay", run_id(&recorded), "--json", "-q"]);
    assert_eq!(output.status.code(), Some(0), "{}", describe_output(&output));
    let told = json(&output);
    assert_eq!(
        (&told["same"], &told["recorded"]),
        (&true.into(), &run_id(&recorded).into())
    );
    let again = shell.runs().pop().unwrap();
    assert_eq!(
        (&told["run"], read_findings_text(&again)),
        (&run_id(&again).into(), read_findings_text(&recorded))
    );

    // The books of both say the same.
    let model = |run: &Path| json(&shell.output(&["status", run_id(run), "--json"]))["model"].clone();
    let used = model(&recorded);
    assert_eq!(used, model(&again));
    assert_eq!(used["total"]["calls"], asked);
    let tokens = used["total"]["input"].as_u64().unwrap() + used["total"]["output"].as_u64().unwrap();
    assert_eq!(used["tokens_left"], 200_000 - tokens);
    let report = fs::read_to_string(recorded.join("report.md")).unwrap();
    assert!(report.contains("## The model’s part"), "{report}");

    // One that is killed goes on from the same replies.
    let mut killed = shell.command(&["replay", run_id(&recorded), "-q"]).spawn().unwrap();
    let until = Instant::now() + Duration::from_secs(120);
    let proposed = |run: &Path| {
        fs::read_to_string(run.join("journal.jsonl")).is_ok_and(|journal| journal.contains("hypotheses_proposed"))
    };
    while !shell.runs().get(2).is_some_and(|run| proposed(run)) {
        assert!(
            Instant::now() < until && killed.try_wait().unwrap().is_none(),
            "it proposed nothing"
        );
        std::thread::sleep(Duration::from_millis(5));
    }
    killed.kill().unwrap();
    killed.wait().unwrap();
    let broken = shell.runs().pop().unwrap();
    let output = shell.output(&["resume", run_id(&broken), "-q"]);
    assert!(
        matches!(output.status.code(), Some(0 | 3)),
        "{}",
        describe_output(&output)
    );
    assert_eq!(read_findings_text(&broken), read_findings_text(&recorded));

    // Without the replies it cannot be done, and that is said.
    let journal = recorded.join("journal.jsonl");
    let text = fs::read_to_string(&journal).unwrap();
    assert!(text.contains(r#""key":"llm:"#));
    // With their checksums, which would give the change away.
    let gone: String = text
        .lines()
        .map(|line| format!("{}}}\n", line.rsplit_once(",\"crc\":").unwrap().0))
        .collect();
    fs::write(&journal, gone.replace(r#""key":"llm:"#, r#""key":"gone:"#)).unwrap();
    let output = shell.output(&["replay", run_id(&recorded), "--json", "-q"]);
    assert_eq!(output.status.code(), Some(4), "{}", describe_output(&output));
    let differs = json(&output)["differences"][0].as_str().unwrap().to_owned();
    assert!(differs.contains("holds no reply"), "{differs}");
}

#[test]
fn an_outage_pauses_the_run_and_resuming_asks_nothing_twice() {
    let undisturbed = {
        let (server, shell) = (ModelServer::start(), TestShell::with_user_cache());
        server.models(["m"]);
        let output = run(&shell, &server, &[]);
        read_findings_text(
            &shell
                .runs()
                .pop()
                .unwrap_or_else(|| panic!("{}", describe_output(&output))),
        )
    };
    let (server, shell) = (ModelServer::start(), TestShell::with_user_cache());
    server.models(["m"]);
    let away = Arc::new(AtomicBool::new(true));
    let is_away = Arc::clone(&away);
    server.respond(move |asked| match asked.nth > 0 && is_away.load(Ordering::SeqCst) {
        true => ScriptedReply::status(503, "<html>busy</html>"),
        false => ScriptedReply::fitting(asked),
    });
    let output = run(&shell, &server, &[]);
    assert_eq!(output.status.code(), Some(5), "{}", describe_output(&output));
    let paused = shell.runs().pop().unwrap();
    assert!(
        String::from_utf8_lossy(&output.stdout).contains("kosmos resume"),
        "{}",
        describe_output(&output)
    );
    assert!(paused.join("report.html").is_file());
    let status = json(&shell.output(&["status", run_id(&paused), "--json"]));
    assert_eq!(status["status"], "stopped");
    assert!(status["stopped"].as_str().unwrap().contains("503"), "{status}");

    away.store(false, Ordering::SeqCst);
    let output = shell.output(&["resume", run_id(&paused), "-q"]);
    assert!(
        matches!(output.status.code(), Some(0 | 3)),
        "{}",
        describe_output(&output)
    );
    assert_eq!(read_findings_text(&paused), undisturbed);
    let answered = server
        .chats()
        .iter()
        .filter(|asked| asked.nth == 0)
        .map(|asked| asked.sha256.clone())
        .next()
        .unwrap();
    let first = server.chats().iter().filter(|asked| asked.sha256 == answered).count();
    assert_eq!(first, 1, "the answered question was asked again");
}

#[test]
fn an_outage_ends_the_run_where_it_is_to() {
    let (server, shell) = (ModelServer::start(), TestShell::with_user_cache());
    server.models(["m"]);
    server.respond(|_| ScriptedReply::status(503, "busy"));
    let output = run(&shell, &server, &["--set", "llm.on_llm_outage=end", "--json"]);
    assert_eq!(output.status.code(), Some(4), "{}", describe_output(&output));
    let told = json(&output);
    assert_eq!(
        (&told["status"], &told["reason"]["kind"]),
        (&"failed".into(), &"outage".into())
    );
    assert!(shell.runs().pop().unwrap().join("report.html").is_file());
}
