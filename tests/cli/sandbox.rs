//! `kosmos sandbox`, as far as it needs no engine.

use kosmos_testing::TestShell;
use serde_json::Value;

/// Where the interpreter of this user is, which a home of the test's own would make anew.
fn shell() -> TestShell {
    let home = std::env::var("HOME").unwrap();
    let cache = std::env::var("XDG_CACHE_HOME").unwrap_or_else(|_| format!("{home}/.cache"));
    let path = std::env::var("PATH").unwrap();
    TestShell::new()
        .variable("XDG_CACHE_HOME", &cache)
        .variable("PATH", &path)
}

fn document(stdout: &str) -> Value {
    serde_json::from_str(stdout).unwrap_or_else(|error| panic!("{error}: {stdout}"))
}

#[test]
fn one_script_is_run_and_told_about() {
    let shell = shell().file("a.csv", "x\n1\n2\n").file(
        "script.py",
        "import json, os\nprint(open('data/a.csv').read())\njson.dump({'r': 1}, open('result.json', 'w'))\n\
         os.symlink('/etc/passwd', 'link')\nprint('{\"r\": 2}')\n",
    );
    let outcome = shell.kosmos(&["sandbox", "exec", "script.py", "--data", "a.csv", "--json"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let told = document(&outcome.stdout);
    assert_eq!(told["outcome"]["kind"], "ok");
    assert_eq!(told["backend"], "process");
    // What is printed is no result.
    assert_eq!(told["result"]["r"], 1);
    assert_eq!(told["files"].as_array().unwrap().len(), 1, "{told}");
    assert_eq!(told["refused"][0]["name"], "link");
    assert!(told["stdout"]["text"].as_str().unwrap().starts_with("x\n1\n2\n"));
    assert!(told["usage"]["peak_memory_bytes"].as_u64().unwrap() > 1 << 20);
}

#[test]
fn a_script_that_fails_has_its_outcome_and_exit_code() {
    for (script, limits, kind) in [
        ("import time; time.sleep(60)", &["--limit", "wall=1s"][..], "timed_out"),
        ("import sys; sys.exit(3)", &[], "failed"),
        ("import torch", &[], "missing_package"),
        ("import os; os.kill(os.getpid(), 11)", &[], "killed"),
    ] {
        let shell = shell().file("script.py", script);
        let outcome = shell.kosmos(&[&["sandbox", "exec", "script.py", "--json"], limits].concat());
        assert_eq!(outcome.code, 4, "{}", outcome.stderr);
        assert_eq!(document(&outcome.stdout)["outcome"]["kind"], kind, "{}", outcome.stdout);
    }
}

#[test]
fn what_a_terminal_would_obey_is_replaced() {
    let shell = shell().file(
        "script.py",
        "import sys\nprint('a\\tb\\x1b]52;c;eA==\\x07\\x1b[2J\\u202e')\nprint('\\x1b]0;title\\x07', file=sys.stderr)\n\
         open('\\x1b[31mred', 'w')\n",
    );
    let outcome = shell.kosmos(&["sandbox", "exec", "script.py"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert_eq!(outcome.stdout, "a b\u{fffd}]52;c;eA==\u{fffd}\u{fffd}[2J\u{fffd}\n");
    assert!(!outcome.stderr.contains(['\x1b', '\x07']), "{:?}", outcome.stderr);
    let outcome = shell.kosmos(&["sandbox", "exec", "script.py", "--raw"]);
    assert_eq!(outcome.stdout, "a\tb\x1b]52;c;eA==\x07\x1b[2J\u{202e}\n");
}

#[test]
fn a_result_that_cannot_be_used_is_told() {
    for (script, told) in [
        ("open('result.json', 'w').write('p = 0.5')", "not JSON"),
        (
            "open('result.json', 'w').write('[' + '1' * 2000 + ']')",
            "digits in line 1",
        ),
        (
            "open('result.json', 'w').write('[' + ' ' * (9 << 20) + ']')",
            "larger than 8 MiB",
        ),
    ] {
        let shell = shell().file("script.py", script);
        let outcome = shell.kosmos(&["sandbox", "exec", "script.py", "--json"]);
        assert_eq!(outcome.code, 0, "{}", outcome.stderr);
        let document = document(&outcome.stdout);
        assert_eq!(document["result"], Value::Null);
        let fault = document["result_fault"].as_str().unwrap();
        assert!(fault.contains(told), "{fault}");
    }
}

/// As a shell would start it that lets few files be open.
#[cfg(unix)]
#[test]
fn too_few_open_files_are_the_reason() {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("script.py"), "print(1)").unwrap();
    let output = std::process::Command::new("sh")
        .args(["-c", "ulimit -n 64 && exec \"$0\" \"$@\""])
        .arg(kosmos_testing::kosmos_binary())
        .args(["sandbox", "exec", "script.py"])
        .current_dir(home.path())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(5), "{told}");
    assert!(
        told.contains("may have 64 files open") && told.contains("ulimit -n 1024"),
        "{told}"
    );
}

#[test]
fn wrong_use_is_named() {
    let shell = shell().file("script.py", "pass");
    for (arguments, part) in [
        (vec!["none.py"], "cannot read the script none.py"),
        (
            vec!["script.py", "--data", "none.csv"],
            "cannot read the data file none.csv",
        ),
        (vec!["script.py", "--data", "."], "cannot read the data file ."),
        (
            vec!["script.py", "--limit", "speed=3"],
            "there is no limit called `speed`",
        ),
        (vec!["script.py", "--limit", "wall"], "KEY=VALUE"),
        (vec!["script.py", "--limit", "memory=much"], "memory=much"),
        (vec!["script.py", "--language", "cobol"], "`cobol` is not a language"),
    ] {
        let outcome = shell.kosmos(&[&["sandbox", "exec"][..], &arguments].concat());
        assert_eq!(outcome.code, 2, "{arguments:?}: {}", outcome.stderr);
        assert!(outcome.stderr.contains(part), "{arguments:?}: {}", outcome.stderr);
    }
}

#[test]
fn an_engine_that_is_not_there_is_exit_code_5() {
    let shell = shell().file("script.py", "pass");
    let nowhere = "sandbox.engine=unix:///nowhere/docker.sock";
    for command in [
        vec!["sandbox", "exec", "--backend", "docker", "script.py", "--set", nowhere],
        vec!["sandbox", "probe", "--backend", "docker", "--set", nowhere],
        vec!["sandbox", "build", "--set", nowhere],
    ] {
        let outcome = shell.kosmos(&command);
        assert_eq!(outcome.code, 5, "{}", outcome.stderr);
        let told = outcome.stdout + &outcome.stderr;
        assert!(
            told.contains("no container engine at unix:///nowhere/docker.sock"),
            "{told}"
        );
    }
}
