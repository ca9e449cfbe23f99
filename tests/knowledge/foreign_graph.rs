//! The graph of a home from elsewhere: it is read with a warning, and by no run until the user has adopted it.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::Path,
    process::Output,
};

use kosmos_testing::{TestHome, describe_output};

use crate::small_graph::document;

/// A home whose user has imported the small graph, and who has a question, a table and an agent that may query the
/// graph.
fn home_with_graph() -> TestHome {
    let home = TestHome::frugal_small("");
    home.file("lab.jsonld", document());
    succeed(&home, &["graph", "import", "lab.jsonld"]);
    let manifest = "name = \"asker\"\nversion = \"1\"\ndescription = \"Asks.\"\nkind = \"process\"\n\
         command = [\"python3\", \"agent.py\"]\nsubscribes = [\"run_started\"]\npublishes = []\n\
         [permissions]\ngraph = true\n";
    home.file("agents/asker/agent.toml", manifest);
    home.file("agents/asker/agent.py", "");
    home
}

/// Makes everything in the home another's: the user of the home loses the key.
fn change_user(home: &TestHome) {
    fs::rename(home.path().join("config"), home.path().join("before")).unwrap();
}

fn succeed(home: &TestHome, arguments: &[&str]) -> Output {
    let output = home.run(arguments);
    assert_eq!(
        output.status.code(),
        Some(0),
        "{arguments:?}: {}",
        describe_output(&output)
    );
    output
}

fn refuse(home: &TestHome, arguments: &[&str], words: &str) {
    let output = home.run(arguments);
    let told = describe_output(&output);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {told}");
    assert!(told.contains(words), "{arguments:?}: {told}");
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

const WARNING: &str = "was not made by your Kosmos, and what it says may be anyone's";

const READING: [&[&str]; 4] = [
    &["graph", "stats"],
    &["graph", "query", "runs"],
    &["graph", "path", "body_mass", "flipper_length"],
    &["graph", "export", "--format", "jsonld"],
];

#[test]
fn a_foreign_graph_is_read_with_a_warning_and_by_no_run() {
    let home = home_with_graph();
    let own: Vec<Output> = READING.iter().map(|command| succeed(&home, command)).collect();
    for output in &own {
        assert!(!told(output).contains(WARNING), "{}", describe_output(output));
    }
    let mark = home.kosmos_home().join("graph/own");
    assert_eq!(fs::metadata(&mark).unwrap().permissions().mode() & 0o777, 0o600);

    change_user(&home);
    for (command, own) in READING.iter().zip(&own) {
        let output = succeed(&home, command);
        assert!(told(&output).contains(WARNING), "{}", describe_output(&output));
        assert_eq!(output.stdout, own.stdout, "{command:?}");
    }
    home.trust_agent("asker");
    for more in [&["--set", "project=p"][..], &["--agent", "asker"]] {
        let arguments = [&["run", "run.toml"], more].concat();
        refuse(&home, &arguments, "this run would read from it");
        refuse(&home, &arguments, "kosmos trust --graph");
    }
    assert!(home.runs().is_empty());

    // Neither another's mark nor one that was made up.
    for forged in ["graph 00 00\n", "graph\n", "", "\u{0}"] {
        fs::write(&mark, forged).unwrap();
        assert!(told(&succeed(&home, READING[0])).contains(WARNING), "{forged:?}");
    }
}

#[test]
fn the_user_adopts_a_foreign_graph_after_it_was_shown() {
    let home = home_with_graph();
    change_user(&home);
    let shown = home.run(&["trust", "--graph"]);
    assert_eq!(shown.status.code(), Some(2), "{}", describe_output(&shown));
    let text = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(text.contains("home/graph") && text.contains(" nodes, "), "{text}");
    assert!(describe_output(&shown).contains("--yes"), "{}", describe_output(&shown));
    assert!(told(&succeed(&home, READING[0])).contains(WARNING));

    let adopted = home.run_json(&["trust", "--graph", "--yes"]);
    assert_eq!(
        (&adopted["before"], &adopted["origin"]),
        (&"foreign".into(), &"own".into())
    );
    assert!(adopted["nodes"].as_u64().unwrap() > 5, "{adopted}");
    assert!(!told(&succeed(&home, READING[0])).contains(WARNING));
    // With a project, it gets further than to the graph.
    refuse(
        &home,
        &["run", "run.toml", "--set", "project=p", "--data", "none.csv"],
        "none.csv",
    );
    let again = home.run_json(&["trust", "--graph"]);
    assert_eq!(again["before"], "own", "{again}");

    let empty = TestHome::new();
    refuse(&empty, &["trust", "--graph"], "there is no graph at");
}

#[test]
fn the_graph_of_a_home_from_before_is_adopted_with_its_runs() {
    let home = home_with_graph();
    fs::remove_file(home.kosmos_home().join("graph/own")).unwrap();
    let told_all = home.run_json(&["trust", "--all-here", "--yes"]);
    assert_eq!(told_all["graph_adopted"], true, "{told_all}");
    assert!(!told(&succeed(&home, READING[0])).contains(WARNING));
}

/// The database would write through a link.
#[test]
fn a_foreign_graph_with_a_link_is_not_opened() {
    let home = home_with_graph();
    change_user(&home);
    let victim = home.file("victim", "mine");
    let log = home.kosmos_home().join("graph/db");
    fs::remove_file(&log).unwrap();
    symlink(&victim, &log).unwrap();
    let commands = READING.iter().copied();
    for command in commands.chain([&["trust", "--graph", "--yes"][..], &["trust", "--all-here", "--yes"]]) {
        refuse(&home, command, "its folder holds db, which is a link");
    }
    assert_eq!(fs::read_to_string(Path::new(&victim)).unwrap(), "mine");
}

/// Runs would read it from the server as their user's own.
#[test]
fn a_foreign_graph_is_not_copied_to_a_server() {
    let home = home_with_graph();
    let sync = [
        "graph",
        "sync",
        "--store",
        "neo4j",
        "--set",
        "graph.uri=bolt://127.0.0.1:1",
        "--set",
        "graph.timeout=1s",
        "--set",
        "graph.wait=1s",
    ];
    let own = home.run(&sync);
    assert_eq!(own.status.code(), Some(5), "{}", describe_output(&own));
    change_user(&home);
    let output = succeed(&home, &sync);
    assert!(told(&output).contains("is not copied"), "{}", describe_output(&output));
}
