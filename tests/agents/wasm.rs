//! Agents that are WebAssembly components: what they may take, and what becomes of a run when one does not keep to it.

use std::{fs, path::Path, process::Command, thread, time::Duration};

use kosmos_testing::{
    TestHome, added_by_agents, describe_output, read_findings_text, read_report, repository_path, service::find_service,
};
use serde_json::Value;

/// A module whose `handle` does this, and which speaks that version of the protocol.
fn module(mode: &str, protocol: &str) -> Vec<u8> {
    let text = fs::read_to_string(repository_path("tests/agents/component/rogue.wat")).unwrap();
    let text = text.replace("MODE)", &format!("{mode})")).replace("PROTOCOL", protocol);
    wat::parse_str(text).unwrap()
}

fn manifest() -> String {
    fs::read_to_string(repository_path("tests/agents/component/agent.toml")).unwrap()
}

fn study(component: &[u8], manifest: &str) -> TestHome {
    let study = TestHome::frugal_small("");
    study.file("agents/rogue/agent.toml", manifest);
    study.file("agents/rogue/agent.wasm", component);
    study.name_agent("rogue");
    study
}

/// A run with such an agent ends with its findings; what the report says of agents.
fn with(component: &[u8], manifest: &str) -> String {
    let study = study(component, manifest);
    let run = study.finish_run();
    assert_eq!(
        read_findings_text(&run),
        read_findings_text(&TestHome::frugal_small("").finish_run())
    );
    added_by_agents(&run)
}

/// Such an agent gives no answer, for that reason.
fn is_missed(mode: &str, reason: &str) {
    let added = with(&module(mode, "1"), &manifest());
    assert!(added.contains("did not answer"), "{mode}: {added}");
    assert!(added.contains("finding_drafted"), "{mode}: {added}");
    assert!(added.contains(reason), "{mode}: {added}");
}

const HEARD: &str = "(call $say (i32.const 0) (i32.const 6) (i32.const 16) (i32.const 16))";

#[test]
fn a_plain_module_takes_part() {
    let added = with(&module(HEARD, "1"), &manifest());
    assert!(added.contains("heard"), "{added}");
    assert!(!added.contains("did not answer"), "{added}");
}

#[test]
fn one_that_computes_for_ever_runs_out_of_fuel() {
    is_missed(
        "(loop $l (br $l)) unreachable",
        "used up its fuel, 100000000 for an event",
    );
}

#[test]
fn one_with_much_fuel_is_held_to_its_deadline() {
    let manifest = manifest().replace("100_000_000", "9_000_000_000_000_000_000");
    let added = with(&module("(loop $l (br $l)) unreachable", "1"), &manifest);
    assert!(added.contains("no answer within 5 s"), "{added}");
}

#[test]
fn one_that_wants_too_much_memory() {
    is_missed(
        "(loop $l (call $more (i32.const 1048576)) (drop (memory.grow (i32.const 16))) \
         (global.set $free (i32.add (global.get $free) (i32.const 1048576))) (br $l)) unreachable",
        "requested more than 64MiB of memory",
    );
}

#[test]
fn one_that_traps() {
    is_missed("unreachable", "trapped: wasm `unreachable` instruction executed");
    is_missed("(call $deeper (i32.const 0))", "trapped: call stack exhausted");
}

#[test]
fn one_that_says_what_is_no_json() {
    is_missed(
        "(call $say (i32.const 0) (i32.const 6) (i32.const 48) (i32.const 8))",
        "returned invalid JSON",
    );
}

#[test]
fn one_that_says_too_much_at_once() {
    // A list of many messages which all have the same large body.
    is_missed(
        "(call $more (i32.const 2097152))
         (memory.fill (i32.const 1000000) (i32.const 97) (i32.const 1000000))
         (loop $l
           (i32.store (i32.add (i32.const 65536) (i32.mul (local.get $i) (i32.const 16))) (i32.const 0))
           (i32.store (i32.add (i32.const 65540) (i32.mul (local.get $i) (i32.const 16))) (i32.const 6))
           (i32.store (i32.add (i32.const 65544) (i32.mul (local.get $i) (i32.const 16))) (i32.const 1000000))
           (i32.store (i32.add (i32.const 65548) (i32.mul (local.get $i) (i32.const 16))) (i32.const 1000000))
           (local.set $i (i32.add (local.get $i) (i32.const 1)))
           (br_if $l (i32.lt_u (local.get $i) (i32.const 50000))))
         (i32.store8 (i32.const 1024) (i32.const 0))
         (i32.store (i32.const 1028) (i32.const 65536))
         (i32.store (i32.const 1032) (i32.const 50000))
         (i32.const 1024)",
        "passed more than",
    );
}

#[test]
fn one_that_answers_with_an_error_of_its_own() {
    is_missed("(call $fail (i32.const 7))", "the error 7: I do not want to.");
}

#[test]
fn one_that_speaks_another_version() {
    let added = with(&module(HEARD, "2"), &manifest());
    assert!(added.contains("it speaks protocol 2 instead of 1"), "{added}");
}

#[test]
fn one_that_floods() {
    is_missed(
        "(loop $l (call $log (i32.const 3) (i32.const 80) (i32.const 17)) (br $l)) unreachable",
        "more than 200 messages in a minute",
    );
}

#[test]
fn one_that_says_what_it_may_not() {
    let added = with(
        &module(
            "(call $say (i32.const 64) (i32.const 9) (i32.const 16) (i32.const 16))",
            "1",
        ),
        &manifest(),
    );
    assert!(
        added.contains("its agent.toml does not list it under `publishes`"),
        "{added}"
    );
}

#[test]
fn one_that_asks_without_permission_is_refused() {
    // It says `refused` where the call failed with -32001, and traps otherwise.
    let mode = "(call $fetch (i32.const 112) (i32.const 17) (i32.const 0) (i32.const 0) (i32.const 3000))
         (if (i32.ne (i32.load8_u (i32.const 3000)) (i32.const 1)) (then unreachable))
         (if (i32.ne (i32.load (i32.const 3004)) (i32.const -32001)) (then unreachable))
         (call $say (i32.const 0) (i32.const 6) (i32.const 144) (i32.const 18))";
    let added = with(&module(mode, "1"), &manifest());
    assert!(added.contains("refused"), "{added}");
    assert!(!added.contains("did not answer"), "{added}");
}

/// What cannot be hosted is said before a run begins.
fn is_refused(component: &[u8], manifest: &str, reason: &str) {
    let study = study(component, manifest);
    let output = study.run(&["run", "run.toml"]);
    assert_eq!(output.status.code(), Some(2), "{}", describe_output(&output));
    assert!(
        describe_output(&output).contains(reason),
        "{}",
        describe_output(&output)
    );
    assert!(study.runs().is_empty());
}

#[test]
fn what_is_no_component_for_agents_is_refused_before_the_run() {
    is_refused(b"not a component", &manifest(), "agent.wasm of the agent `rogue`");
    is_refused(b"\0asm\x01\0\0\0", &manifest(), "agent.wasm of the agent `rogue`");
    let clock = wat::parse_str("(component (import \"wasi:clocks/monotonic-clock@0.2.0\" (instance)))").unwrap();
    is_refused(&clock, &manifest(), "it imports `wasi:clocks/monotonic-clock@0.2.0`");
}

/// What the agent `e_value` says of a run, as its own section of the report.
fn e_values(run: &Path) -> String {
    let report = read_report(run).replace('\\', "");
    let begin = report
        .find("unmeasured confounder would have to be")
        .expect("no section of the agent's");
    let end = report[begin..].find("\n## ").map_or(report.len(), |end| begin + end);
    report[begin..end].to_owned()
}

#[test]
fn the_e_values_of_the_penguins_are_the_same_after_a_kill_and_in_a_replay() {
    let study = TestHome::frugal_penguins("[agents.e_value]\nenabled = true");
    let run = study.finish_run();
    let said_first = e_values(&run);
    assert!(said_first.contains("risk ratio"), "{said_first}");
    let id = run.file_name().unwrap().to_str().unwrap();
    let again = study.run(&["replay", id]);
    assert!(again.status.success(), "{}", describe_output(&again));

    let other = TestHome::frugal_penguins("[agents.e_value]\nenabled = true");
    let mut child = other.start(&["run", "run.toml"]);
    // Somewhere in the middle: the tables are described, which the agent has kept.
    let journalled = || {
        other
            .runs()
            .iter()
            .any(|run| run.join("experiments").read_dir().is_ok_and(|it| it.count() > 2))
    };
    while !journalled() {
        assert!(
            child.try_wait().unwrap().is_none(),
            "it ended before it could be killed"
        );
        thread::sleep(Duration::from_millis(20));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let interrupted = other.the_run();
    let resumed = other.run(&["resume", interrupted.file_name().unwrap().to_str().unwrap()]);
    assert!(
        matches!(resumed.status.code(), Some(0 | 3)),
        "{}",
        describe_output(&resumed)
    );
    assert_eq!(read_findings_text(&interrupted), read_findings_text(&run));
    assert_eq!(e_values(&interrupted), said_first);
}

/// One event in, the messages out, by `kosmos agents test`.
fn tried(study: &TestHome, agent: &str, event: &str) -> Value {
    let output = study.run(&["agents", "test", agent, "--event", event, "--json"]);
    assert!(output.status.success(), "{}", describe_output(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn the_e_values_are_those_of_the_formulas() {
    let study = TestHome::new();
    let file = |name: &str| repository_path(&format!("tests/agents/e_value/{name}.json"));
    let told = tried(&study, "e_value", &file("research_finished"));
    let section: Value = serde_json::from_str(&fs::read_to_string(file("section")).unwrap()).unwrap();
    let section = &section["body"];
    let paragraphs = |value: &Value| -> Vec<String> {
        let list = value["paragraphs"].as_array().unwrap();
        list.iter().map(|it| it.as_str().unwrap().to_owned()).collect()
    };
    let body = &told["messages"][0]["body"];
    assert_eq!(body["title"], section["title"]);
    // It has not heard which columns were assigned at random here, and says so; the rest is what `test_e_value.py`
    // computes anew.
    assert_eq!(paragraphs(body)[0], paragraphs(section)[0]);
    assert!(paragraphs(body)[1].contains("is not known to this section"), "{told}");
    let of_r = "12.01";
    assert!(paragraphs(body).iter().any(|it| it.contains(of_r)), "{told}");
    assert!(paragraphs(section).iter().any(|it| it.contains(of_r)));
}

/// A new agent in that language, built by a module of the tests' Python.
fn a_new_one_works(language: &str, compiler: &[&str], build: &str) -> Option<TestHome> {
    let python = find_service("KOSMOS_TEST_COMPONENTS", "compilers of components")?;
    let study = TestHome::new();
    let made = study.run(&["agents", "new", "my_rule", "--kind", "wasm", "--language", language]);
    assert!(made.status.success(), "{}", describe_output(&made));
    let built = Command::new(python)
        .args(compiler)
        .args(build.split(' '))
        .current_dir(study.path().join("agents/my_rule"))
        .output()
        .unwrap();
    assert!(built.status.success(), "{}", describe_output(&built));
    let told = tried(&study, "my_rule", "agents/my_rule/event.json");
    assert!(!told["messages"].as_array().unwrap().is_empty(), "{told}");
    Some(study)
}

#[test]
fn a_new_one_in_zig_builds_and_passes_its_check() {
    let build = "build-exe agent.zig -target wasm32-freestanding -fno-entry -rdynamic -O ReleaseSmall";
    if let Some(study) = a_new_one_works("zig", &["-m", "ziglang"], build) {
        let checked = study.run(&["agents", "check", "my_rule"]);
        assert!(checked.status.success(), "{}", describe_output(&checked));
    }
}

#[test]
fn a_new_one_in_python_builds_and_answers() {
    let build = "-d wit -w agent componentize --stub-wasi agent -o agent.wasm";
    // The command that comes with the package, in an environment that was moved.
    let command = "import sys, componentize_py; sys.argv[0] = 'componentize-py'; sys.exit(componentize_py.script())";
    // A component with a Python in it is compiled for a minute by a build without optimisation: once is enough.
    a_new_one_works("python", &["-c", command], build);
}
