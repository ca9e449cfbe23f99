//! Who takes part, with what, and who decides it: an agent that is not shipped is named by the user, and what it asks
//! for beyond messages is granted by the user for the files that it has.

use std::{fs, os::unix::fs::PermissionsExt, process::Output};

use kosmos_testing::{TestHome, added_by_agents, copy_tree, describe_output, run_id};

const ECHO: &str = r#"
import json, sys
for line in sys.stdin:
    request = json.loads(line)
    result = {"protocol": 1} if request["method"] == "initialize" else {"messages": []}
    print(json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": result}), flush=True)
"#;

/// An agent in the folder's `agents/` that asks for this and does nothing.
fn place_agent(study: &TestHome, name: &str, more: &str) {
    let manifest = format!(
        "name = \"{name}\"\nversion = \"1\"\ndescription = \"Counts.\"\nkind = \"process\"\n\
         command = [\"python3\", \"agent.py\"]\nsubscribes = [\"run_started\"]\npublishes = []\n{more}"
    );
    study.file(&format!("agents/{name}/agent.toml"), manifest);
    study.file(&format!("agents/{name}/agent.py"), ECHO);
}

fn assert_refused(output: &Output, words: &[&str]) {
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{}", describe_output(output));
    for word in words {
        assert!(told.contains(word), "{word}: {told}");
    }
}

/// What `kosmos agents list` says of the agent's grant.
fn grant_of(study: &TestHome, name: &str) -> String {
    let listed = study.run_json(&["agents", "list", name]);
    listed["agents"][0]["grant"].as_str().unwrap().to_owned()
}

#[test]
fn an_agent_has_what_was_granted_to_the_files_that_it_has() {
    let study = TestHome::frugal_small("");
    study.file("private/key.txt", "a key");
    let private = study.path().join("private");
    place_agent(
        &study,
        "counter",
        &format!(
            "[permissions]\nnetwork = [\"example.org:80\"]\nfiles = [\"folder\"]\n\
             [config.properties.folder]\ntype = \"string\"\ndefault = \"{}\"\n",
            private.display()
        ),
    );
    study.name_agent("counter");
    let read = format!("to read {}", private.display());
    let run = || study.run(&["run", "run.toml"]);
    assert_eq!(grant_of(&study, "counter"), "not_granted");
    let asked = [read.as_str(), "to fetch from example.org:80", "kosmos agents trust"];
    assert_refused(&run(), &asked);

    // Nobody is at the terminal, so nobody has agreed.
    let output = study.run(&["agents", "trust", "counter"]);
    assert_refused(&output, &["stdin is not a terminal", "--yes"]);
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    for word in [&read, "to fetch from example.org:80", "python3 agent.py", "per event"] {
        assert!(shown.contains(word), "{word}: {shown}");
    }
    assert_refused(&run(), &asked);
    assert!(study.runs().is_empty());

    study.trust_agent("counter");
    assert_eq!(grant_of(&study, "counter"), "granted");
    let file = study.path().join("config/kosmos/agent-grants.json");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let folder = study.finish_run();
    let added = added_by_agents(&folder);
    assert!(added.contains("from agents/ beside the run file"), "{added}");
    assert!(added.contains("network (example.org:80)"), "{added}");
    let log = run_id(&folder).to_owned();

    // A grant that was taken back stops the run's own copy too, and with files that have changed the run is foreign.
    let grants = fs::read(&file).unwrap();
    fs::remove_file(&file).unwrap();
    assert_refused(&study.run(&["resume", &log]), &["nothing of it was granted"]);
    fs::write(&file, grants).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(folder.join("agents/counter/agent.py"), format!("{ECHO}\n# other")).unwrap();
    assert_refused(&study.run(&["resume", &log]), &["was not started here"]);

    study.file("agents/counter/agent.py", format!("{ECHO}\n# other"));
    assert_eq!(grant_of(&study, "counter"), "changed");
    assert_refused(&run(), &["has changed since that was granted"]);
    assert_eq!(study.runs().len(), 1);
}

fn assert_worked(output: &Output) {
    assert!(
        matches!(output.status.code(), Some(0 | 3)),
        "{}",
        describe_output(output)
    );
}

#[test]
fn who_agrees_to_a_run_grants_its_agents_in_that_run_what_was_shown() {
    let maker = TestHome::frugal_small("");
    let private = maker.file("private/key.txt", "a key");
    let other = maker.file("other/key.txt", "another key");
    let asks = format!(
        "[permissions]\nveto = true\nfiles = [\"file\"]\n\
         [config.properties.file]\ntype = \"string\"\ndefault = \"{private}\"\n"
    );
    place_agent(&maker, "counter", &asks);
    maker.admit_agent("counter");
    maker.add_run_flags(&["--set", "budget.cycles=2"]);
    let made = maker.finish_run();
    let id = run_id(&made);

    let home = TestHome::new();
    let run = home.kosmos_home().join("runs").join(id);
    copy_tree(&made, &run);
    let grants = home.path().join("config/kosmos/agent-grants.json");
    assert_refused(&home.run(&["resume", id]), &["was not started here"]);

    // What no hash counts cannot be agreed to.
    let hidden = run.join("agents/counter/.hidden");
    fs::write(&hidden, "x").unwrap();
    assert_refused(
        &home.run(&["trust", id, "--yes"]),
        &["agents/counter/.hidden, which is not among the files"],
    );
    fs::remove_file(&hidden).unwrap();
    fs::write(run.join("agents/.sdk/sitecustomize.py"), "x").unwrap();

    let output = home.run(&["trust", id, "--yes"]);
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    let read = format!("may read the files of `file`: \"{private}\"");
    for part in ["agent     counter 1 (process)", "may veto findings", &read] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert_worked(&home.run(&["resume", id]));
    assert!(!run.join("agents/.sdk/sitecustomize.py").exists());

    // A repetition and a branch ask for the same, a branch with another file does not.
    let replayed = home.run_json(&["replay", id]);
    assert_eq!(replayed["same"], true, "{replayed}");
    assert_worked(&home.run(&["fork", id, "--at", "2"]));
    assert!(!grants.exists());
    let change = format!("agents.counter.file={other}");
    let branched = home.run(&["fork", id, "--at", "2", "--set", &change]);
    assert_refused(&branched, &["nothing of it was granted", &other]);
    // Nor is it granted to another run.
    home.file("table.csv", kosmos_testing::small_table(120, true));
    let settings = "question = \"Why?\"\n[[data]]\npath = \"table.csv\"\n[budget]\ncycles = 1\n";
    home.file("run.toml", settings);
    copy_tree(&run.join("agents/counter"), &home.path().join("agents/counter"));
    let started = home.run(&["run", "run.toml", "--agent", "counter"]);
    assert_refused(&started, &["kosmos agents trust", "to veto findings"]);

    // Other files are another question.
    fs::write(run.join("agents/counter/agent.py"), format!("{ECHO}\n# other")).unwrap();
    assert_refused(&home.run(&["resume", id]), &["was not started here"]);
}

#[test]
fn what_takes_part_is_said_at_the_start_and_at_the_end() {
    let study = TestHome::frugal_small("");
    place_agent(&study, "counter", "[permissions]\ngraph = true\n");
    study.admit_agent("counter");
    let output = study.run(&["run", "run.toml"]);
    let (stdout, stderr) = (
        String::from_utf8_lossy(&output.stdout).into_owned(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    );
    let path = study.path().join("agents/counter");
    let told = format!(
        "agent counter from {} (agents/ beside the run file): graph",
        path.display()
    );
    assert!(stderr.contains(&told), "{stderr}");
    assert!(
        stdout.contains("agent     counter from agents/ beside the run file: graph"),
        "{stdout}"
    );
    let notebook = fs::read_to_string(study.the_run().join("notebook.ipynb")).unwrap();
    assert!(
        notebook.contains("counter") && notebook.contains("permissions: graph"),
        "{notebook}"
    );
}

#[test]
fn the_name_of_an_agent_of_kosmos_is_taken_by_the_users_own_settings_alone() {
    for (name, of) in [
        ("data_analyst", "built-in"),
        ("research_director", "built-in"),
        ("study_planner", "shipped"),
        ("skeptic", "shipped"),
    ] {
        let settings = format!("[agents.{name}]\nenabled = true\nreplace = true\n");
        for settings in ["", settings.as_str()] {
            let study = TestHome::frugal_small(settings);
            place_agent(&study, name, "");
            let words = [
                format!("the {of} agent `{name}`"),
                format!("agents.{name}.replace=true"),
            ];
            assert_refused(&study.run(&["run", "run.toml"]), &[&words[0], &words[1]]);
            let profile = study.file("profile.toml", format!("[agents.{name}]\nreplace = true\n"));
            assert_refused(&study.run(&["run", "run.toml", "--profile", &profile]), &[&words[0]]);
            assert!(study.runs().is_empty());
        }
    }
    // The user may; and what judges needs a grant.
    let study = TestHome::frugal_small("");
    place_agent(&study, "data_analyst", "");
    study.file(
        "config/kosmos/profiles/mine.toml",
        "[agents.data_analyst]\nreplace = true\n",
    );
    for flags in [["--set", "agents.data_analyst.replace=true"], ["--profile", "mine"]] {
        let output = study.run(&[&["run", "run.toml"], flags.as_slice()].concat());
        assert_refused(&output, &["to take the place of the built-in agent `data_analyst`"]);
    }
}

#[test]
fn a_copy_of_a_shipped_agent_is_the_shipped_one() {
    let study = TestHome::new();
    let from = kosmos_testing::repository_path("agents/reviewer");
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let name = format!("agents/reviewer/{}", entry.file_name().to_string_lossy());
        study.file(&name, fs::read(entry.path()).unwrap());
    }
    assert_eq!(
        study.run_json(&["agents", "list", "reviewer"])["agents"][0]["place"],
        "shipped"
    );
}
