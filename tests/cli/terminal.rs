//! Foreign text that a terminal would obey: no command prints it as it is.

use std::{collections::BTreeSet, fs, path::Path, process::Output};

use clap::CommandFactory;
use kosmos::cli::Cli;
use kosmos_testing::{TestHome, describe_output, run_id, small_table};

/// Sets the title, clears the screen, turns the direction of reading, ends the line.
const HOSTILE: &str = "\u{1b}]0;owned\u{7}\u{1b}[2J\u{9b}31m\u{202e}txt\u{2066}\u{7f}\u{8}\rx";

/// Commands whose output has nothing of anyone but Kosmos, or that have tests of their own.
const OWN: [&str; 4] = ["completions", "man", "doctor", "sandbox"];

/// Fails if a stream holds anything but letters and line ends.
fn check_plain(what: &str, output: &Output) {
    for (stream, bytes) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
        let text = std::str::from_utf8(bytes).unwrap_or_else(|error| panic!("{what}: {stream}: {error}"));
        let is_hostile = |letter: &char| {
            (letter.is_control() && *letter != '\n')
                || matches!(letter, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}' | '\u{2029}')
                || ('\u{202a}'..='\u{202e}').contains(letter)
                || ('\u{2066}'..='\u{2069}').contains(letter)
        };
        if let Some(found) = text.chars().find(is_hostile) {
            panic!("{what}: {found:?} on {stream}: {text:?}");
        }
    }
}

/// Runs commands and remembers which they were.
struct Shown {
    home: TestHome,
    commands: BTreeSet<String>,
}

impl Shown {
    fn run(&mut self, arguments: &[&str]) -> Output {
        let output = self.home.run(arguments);
        check_plain(&format!("{arguments:?}"), &output);
        self.commands.insert(arguments[0].to_owned());
        output
    }

    /// A command that is to end with that code: what it prints is of the hostile text, and no message about its usage.
    fn ends(&mut self, arguments: &[&str], code: i32) -> String {
        let output = self.run(arguments);
        assert_eq!(
            output.status.code(),
            Some(code),
            "{arguments:?}: {}",
            describe_output(&output)
        );
        describe_output(&output)
    }
}

/// A table whose names and cells are hostile, in a file with such a name.
fn hostile_table(home: &TestHome) -> String {
    let name = |n: u32| format!("\"{n} {HOSTILE}\"");
    let table = small_table(90, false);
    let (_, rows) = table.split_once('\n').unwrap();
    let header = [1, 2, 3].map(name).join(",");
    let rows = rows.replace("dark", &format!("\"dark {HOSTILE}\""));
    home.file(&format!("table {HOSTILE}.csv"), format!("{header}\n{rows}"))
}

/// An archive of the run in `folder` under another name.
fn hostile_archive(folder: &Path, name: &str, to: &Path) {
    let mut archive = tar::Builder::new(fs::File::create(to).unwrap());
    for file in ["run.toml", "journal.jsonl"] {
        let inside = format!("{name}/{file}");
        archive.append_path_with_name(folder.join(file), inside).unwrap();
    }
    archive.finish().unwrap();
}

#[test]
fn no_command_prints_what_a_terminal_would_obey() {
    let home = TestHome::new();
    let table = hostile_table(&home);
    let toml = |text: &str| toml::Value::from(text).to_string();
    let settings = format!(
        "question = {}\nproject = \"p\"\n[[data]]\npath = {}\nname = {}\n[budget]\ncycles = 2\n[research]\n\
         shuffled_run = false\npermutations = 49\nbatch = 2\n[log]\nlevel = \"debug\"\n",
        toml(&format!("Does 1 go with 2? {HOSTILE}")),
        toml(&table),
        toml(&format!("name {HOSTILE}")),
    );
    home.file("run.toml", settings);
    home.file("wrong.toml", format!("{} = 1\n", toml(HOSTILE)));
    home.file(
        &format!("agents/evil {HOSTILE}/agent.toml"),
        format!("name = {}\n", toml(HOSTILE)),
    );
    home.file(
        "agents/odd/agent.toml",
        format!(
            "name = \"odd\"\nversion = \"1\"\ndescription = {}\nkind = \"process\"\ncommand = [\"python3\", \"a.py\"]\n\
             subscribes = [\"cycle_started\"]\npublishes = [\"remark\"]\n",
            toml(HOSTILE)
        ),
    );
    home.file("agents/odd/a.py", "raise SystemExit(\"\\x1b[2J\\u202e\")\n");
    let mut shown = Shown {
        home,
        commands: BTreeSet::new(),
    };

    let output = shown.run(&["run", "run.toml"]);
    assert!(
        matches!(output.status.code(), Some(0 | 3)),
        "{}",
        describe_output(&output)
    );
    let run = shown.home.the_run();
    let id = run_id(&run).to_owned();
    let log = fs::read_to_string(run.join("kosmos.log")).unwrap();
    assert!(!log.contains('\u{1b}') && !log.contains('\u{202e}'), "{log:?}");

    for arguments in [
        &["status", &id][..],
        &["runs"],
        &["report", &id],
        &["verify", &id],
        &["resume", &id],
        &["replay", &id],
        &["fork", &id, "--at", "2", "--set", "budget.cycles=3"],
        &["export", &id],
        &["trust", &id],
        &["config", "show", "run.toml"],
        &["agents", "list"],
        &["agents", "list", "odd"],
        &["agents", "check", "odd"],
        &["agents", "test", "odd"],
        &["graph", "stats"],
        &["graph", "query", "runs"],
        &["graph", "query", "findings"],
        &["graph", "query", "neighbours", "1"],
        &["graph", "path", &format!("1 {HOSTILE}"), &format!("2 {HOSTILE}")],
        &["graph", "sync", "--again"],
        &["prune", "--dry-run"],
        &["data", &table, "--write"],
        &["data", &table, "--codebook", "codebook.toml"],
    ] {
        shown.run(arguments);
    }

    // Ids, names and paths that are not what they should be, quoted by the errors.
    let bad = HOSTILE.replace('\r', "");
    for command in ["status", "report", "verify", "resume", "replay", "export"] {
        shown.ends(&[command, &bad], 2);
    }
    shown.ends(&["fork", &bad, "--at", "2"], 2);
    shown.ends(&["run", &bad], 2);
    shown.ends(&["run", "wrong.toml"], 2);
    shown.ends(&["run", "--question", "q", "--data", &bad], 2);
    shown.ends(&["run", "run.toml", "--target", &bad], 2);
    shown.ends(&["data", &bad], 2);
    shown.ends(&["data", &table, "--codebook", &bad], 2);
    shown.ends(&["data", &table, "--sheet", &bad], 2);
    shown.ends(&["run", "run.toml", "--set", &bad], 2);
    shown.ends(&["run", "run.toml", &format!("--{bad}")], 2);
    shown.ends(&["agents", "check", &bad], 2);
    shown.ends(&["graph", "query", &bad], 2);
    shown.ends(&["graph", "import", &bad], 2);

    // A folder of a run and an archive with such names, and a graph of such nodes.
    let evil = shown.home.kosmos_home().join("runs").join(format!("evil {bad}"));
    fs::create_dir(&evil).unwrap();
    for file in ["run.toml", "journal.jsonl"] {
        fs::copy(run.join(file), evil.join(file)).unwrap();
    }
    for command in ["status", "report", "verify", "resume", "export", "replay", "trust"] {
        shown.run(&[command, "evil"]);
    }
    shown.run(&["runs"]);
    shown.run(&["prune", "--dry-run", "--keep", "0", "--unfinished"]);
    let archive = shown.home.path().join("evil.tar");
    hostile_archive(&run, &format!("archive {bad}"), &archive);
    shown.run(&["import", "evil.tar"]);
    // A document has the texts as they are, for the program that reads it.
    let document = shown.home.run(&["graph", "export", "--format", "jsonld"]).stdout;
    let document = String::from_utf8(document)
        .unwrap()
        .replacen("kosmos:Run", "kosmos:\\u001b[2J", 1);
    shown.home.file("evil.jsonld", document);
    shown.ends(&["graph", "import", "evil.jsonld"], 2);

    let all: BTreeSet<String> = Cli::command()
        .get_subcommands()
        .map(|command| command.get_name().to_owned())
        .collect();
    let missed: Vec<&String> = all.iter().filter(|name| !OWN.contains(&name.as_str())).collect();
    let missed: Vec<&&String> = missed.iter().filter(|name| !shown.commands.contains(**name)).collect();
    assert!(missed.is_empty(), "no hostile text went through {missed:?}");
}
