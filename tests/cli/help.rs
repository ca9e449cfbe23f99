use clap::{Command, CommandFactory};
use kosmos::cli::Cli;
use kosmos_testing::TestShell;

/// The words of every command, of `kosmos` itself first, as clap has them.
fn list_commands() -> Vec<Vec<String>> {
    fn collect(command: &Command, words: &[String], all: &mut Vec<Vec<String>>) {
        all.push(words.to_vec());
        for inner in command.get_subcommands().filter(|inner| !inner.is_hide_set()) {
            collect(inner, &[words, &[inner.get_name().to_owned()]].concat(), all);
        }
    }
    let mut all = Vec::new();
    collect(&Cli::command(), &[], &mut all);
    assert!(all.len() > 20, "{all:?}");
    all
}

/// Whether a command has commands of its own.
fn is_group(words: &[String], all: &[Vec<String>]) -> bool {
    all.iter()
        .any(|other| other.len() > words.len() && other.starts_with(words))
}

fn show_help(words: &[String], flag: &str) -> String {
    let arguments: Vec<&str> = words.iter().map(String::as_str).chain([flag]).collect();
    let outcome = TestShell::new().kosmos(&arguments);
    assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""), "{words:?}");
    outcome.stdout
}

#[test]
fn help_is_as_it_was() {
    let mut names = Vec::new();
    for words in list_commands() {
        let name = [&["kosmos".to_owned()][..], &words].concat().join("_");
        insta::assert_snapshot!(name.as_str(), show_help(&words, "--help"));
        names.push(format!("cli__help__{name}.snap"));
    }
    // A command that is gone leaves no snapshot behind.
    let folder = kosmos_testing::repository_path("tests/cli/snapshots");
    for entry in std::fs::read_dir(folder).unwrap() {
        let file = entry.unwrap().file_name().into_string().unwrap();
        assert!(
            !file.starts_with("cli__help__") || names.contains(&file),
            "{file} is of no command"
        );
    }
}

#[test]
fn every_command_shows_an_example() {
    let all = list_commands();
    let commands = all.iter().filter(|words| !is_group(words, &all));
    let without: Vec<String> = commands
        .map(|words| words.join(" "))
        .filter(|command| {
            let words: Vec<String> = command.split(' ').map(str::to_owned).collect();
            !show_help(&words, "-h").contains(&format!("\n  kosmos {command}"))
        })
        .collect();
    assert!(without.is_empty(), "no example of {without:?}");
}

#[test]
fn without_a_command_help_is_an_error_and_version_is_not() {
    let outcome = TestShell::new().kosmos(&[]);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (2, ""));
    assert!(outcome.stderr.contains("Usage: kosmos"), "{}", outcome.stderr);
    let outcome = TestShell::new().kosmos(&["--version"]);
    assert_eq!(
        (outcome.code, outcome.stdout),
        (0, format!("kosmos {}\n", env!("CARGO_PKG_VERSION")))
    );
}
