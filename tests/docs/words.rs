//! Commands, flags and settings that the text names in backticks.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    process::Command,
};

use kosmos_testing::{kosmos_binary, repository_path};

use super::{PAGES, page::Page};

/// Files, and calls of agents, whose names look like those of settings.
const NOT_SETTINGS: [&str; 4] = ["graph.query", "journal.jsonl", "llm.complete", "sandbox.run"];

/// The help of commands, asked for once each.
#[derive(Default)]
struct Helps {
    known: BTreeMap<Vec<String>, Option<String>>,
}

impl Helps {
    /// The help of `kosmos COMMAND...`; none where there is no such command.
    fn of(&mut self, command: &[String]) -> Option<&str> {
        let help = self.known.entry(command.to_vec()).or_insert_with(|| {
            let mut kosmos = Command::new(kosmos_binary());
            let output = kosmos.args(command).arg("--help").output().unwrap();
            let help = String::from_utf8(output.stdout).unwrap();
            output.status.success().then_some(help)
        });
        help.as_deref()
    }

    /// Why a line that begins with `kosmos` is none of its commands.
    fn problem(&mut self, line: &str) -> Option<String> {
        let mut words = line.split_whitespace().skip(1).peekable();
        let name = |word: &&str| {
            word.chars().all(|letter| letter.is_ascii_lowercase() || letter == '-') && !word.starts_with('-')
        };
        let mut command = Vec::new();
        while command.len() < 2 {
            let Some(word) = words.peek().filter(|word| name(word)) else {
                break;
            };
            command.push((*word).to_owned());
            if self.of(&command).is_none() {
                // The second may be an argument.
                command.pop();
                if command.is_empty() {
                    return Some(format!("there is no command `{word}`"));
                }
                break;
            }
            words.next();
        }
        let help = self.of(&command).unwrap_or_default().to_owned();
        let flags = words.filter(|word| word.starts_with("--") && word.len() > 2);
        let mut flags = flags.map(|flag| flag.split('=').next().unwrap_or_default());
        let unknown = flags.find(|flag| {
            let mut listed = help.split_whitespace().map(|word| word.trim_end_matches([',', '.']));
            !listed.any(|word| word == *flag)
        })?;
        Some(format!("`kosmos {}` has no flag {unknown}", command.join(" ")))
    }
}

/// The settings of `config/default.toml`, those that are unset too.
fn settings() -> BTreeSet<String> {
    let text = fs::read_to_string(repository_path("config/default.toml")).unwrap();
    let (mut section, mut found) = (String::new(), BTreeSet::new());
    for line in text.lines() {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = format!("{name}.");
            continue;
        }
        let Some((key, _)) = line.trim_start_matches("# ").split_once(" = ") else {
            continue;
        };
        found.insert(format!("{section}{key}"));
    }
    found
}

#[test]
fn commands_and_flags_exist() {
    let (mut helps, mut problems, mut seen) = (Helps::default(), Vec::new(), 0);
    for path in PAGES {
        let page = Page::read(path);
        for (line, span) in page.code_spans().filter(|(_, span)| span.starts_with("kosmos ")) {
            seen += 1;
            problems.extend(
                helps
                    .problem(span)
                    .map(|problem| format!("{path}:{line}: `{span}`: {problem}")),
            );
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    assert!(seen > 30, "only {seen} commands were found");
    assert!(helps.problem("kosmos invent RUN").is_some());
    assert!(helps.problem("kosmos runs --invent").is_some());
    assert!(
        helps
            .problem("kosmos graph query neighbours COLUMN --limit 3")
            .is_none()
    );
}

#[test]
fn settings_exist() {
    let settings = settings();
    let sections: BTreeSet<&str> = settings.iter().filter_map(|key| key.split('.').next()).collect();
    let (mut problems, mut seen) = (Vec::new(), 0);
    for path in PAGES {
        for (line, span) in Page::read(path).code_spans() {
            let key = span.split([' ', '=']).next().unwrap_or_default();
            let Some((section, name)) = key.split_once('.') else {
                continue;
            };
            let names_a_setting = sections.contains(section)
                && name
                    .chars()
                    .all(|letter| letter.is_ascii_lowercase() || ['_', '.'].contains(&letter))
                && !NOT_SETTINGS.contains(&key);
            if names_a_setting {
                seen += 1;
                if !settings.contains(key) {
                    problems.push(format!("{path}:{line}: there is no setting `{key}`"));
                }
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    assert!(seen > 20, "only {seen} settings were found");
}
