//! What the READMEs of the examples tell a person to type.

use kosmos_testing::{TestHome, describe_output, repository_path};
use std::{fs, path::Path};

/// Commands that have commands of their own.
const NESTED: [&str; 4] = ["agents", "config", "graph", "sandbox"];

/// The names of the examples' folders.
fn examples() -> Vec<String> {
    let entries = fs::read_dir(repository_path("examples")).unwrap().map(Result::unwrap);
    let folders = entries.filter(|entry| entry.file_type().unwrap().is_dir());
    let mut names: Vec<String> = folders.map(|entry| entry.file_name().into_string().unwrap()).collect();
    names.sort();
    assert!(names.len() >= 8, "{names:?}");
    names
}

fn readme(example: &str) -> String {
    let path = repository_path(&format!("examples/{example}/README.md"));
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The lines of the README's blocks of shell commands, each in its words.
fn commands(readme: &str) -> Vec<Vec<String>> {
    let blocks = readme.split("```").skip(1).step_by(2);
    let lines = blocks
        .filter_map(|block| block.strip_prefix("sh\n"))
        .flat_map(str::lines);
    lines.map(words).filter(|words| !words.is_empty()).collect()
}

/// The words of a line as a shell has them, as far as quotes and comments go.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), String::new(), None);
    for letter in line.chars() {
        match (quote, letter) {
            (None, '\'' | '"') => quote = Some(letter),
            (Some(open), _) if open == letter => quote = None,
            (None, '#') if word.is_empty() => break,
            (None, ' ') if word.is_empty() => {}
            (None, ' ') => words.push(std::mem::take(&mut word)),
            _ => word.push(letter),
        }
    }
    words.extend(Some(word).filter(|word| !word.is_empty()));
    words
}

/// The arguments of a line that starts Kosmos.
fn arguments(words: &[String]) -> Option<&[String]> {
    match words.first()?.as_str() {
        "kosmos" => Some(&words[1..]),
        "cargo" => words.iter().position(|word| word == "--").map(|at| &words[at + 1..]),
        _ => None,
    }
}

#[test]
fn lines_are_read_as_a_shell_reads_them() {
    assert_eq!(
        words("kosmos run a.toml --set 'x=[ ]'   # more"),
        ["kosmos", "run", "a.toml", "--set", "x=[ ]"]
    );
    assert_eq!(
        commands("a\n```sh\n# b\nc \"d e\"\n```\n```toml\nf = 1\n```\n"),
        [["c", "d e"]]
    );
}

#[test]
fn each_example_has_its_command_and_says_where_its_data_are_from() {
    for example in examples() {
        let readme = readme(&example);
        assert!(
            readme.starts_with("# ") && readme.contains("\n## Source and licence\n"),
            "{example}"
        );
        let runs = format!("examples/{example}/run.toml");
        let commands = commands(&readme);
        let found = commands
            .iter()
            .filter_map(|words| arguments(words))
            .any(|words| words[0] == "run" && words[1] == runs);
        assert!(found, "the README of {example} does not run {runs}");
        for entry in fs::read_dir(repository_path(&format!("examples/{example}"))).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            let data = name.ends_with(".csv") && example != "project";
            assert!(
                !data || readme.contains(&format!("`{name}`")),
                "the README of {example} is silent about {name}"
            );
        }
    }
}

#[test]
fn what_the_readmes_name_is_there() {
    let mut seen = 0;
    for example in examples() {
        for words in commands(&readme(&example)) {
            for word in words.iter().filter(|word| word.starts_with("examples/")) {
                assert!(
                    Path::new(&repository_path(word)).exists(),
                    "{example}: {}: no {word}",
                    words.join(" ")
                );
                seen += 1;
            }
        }
    }
    assert!(seen >= 10, "{seen}");
}

#[test]
fn the_commands_of_the_readmes_are_commands_and_their_settings_resolve() {
    let mut problems = Vec::new();
    for example in examples() {
        for words in commands(&readme(&example)) {
            let Some(arguments) = arguments(&words) else { continue };
            let home = TestHome::new();
            let mut asked: Vec<&str> = match arguments[0].as_str() {
                "run" => vec!["config", "show"],
                command if NESTED.contains(&command) => arguments[..2].iter().map(String::as_str).collect(),
                command => vec![command],
            };
            if arguments[0] == "run" {
                // Those flags of a run that settings come from.
                let flags = arguments[1..].iter().zip(arguments[2..].iter().map(Some).chain([None]));
                let settings = flags.filter(|(flag, _)| ["--set", "--profile"].contains(&flag.as_str()));
                asked.extend(settings.flat_map(|(flag, value)| [flag.as_str(), value.unwrap().as_str()]));
                asked.extend(
                    arguments
                        .get(1)
                        .map(String::as_str)
                        .filter(|word| word.ends_with(".toml")),
                );
            } else {
                asked.push("--help");
            }
            let mut command = home.kosmos(&asked);
            let output = command.current_dir(repository_path("")).output().unwrap();
            if output.status.code() != Some(0) {
                problems.push(format!("{example}: {}: {}", words.join(" "), describe_output(&output)));
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}
