//! A page of the documentation, taken apart.

use std::fs;

use kosmos_testing::repository_path;

/// A Markdown file.
pub struct Page {
    pub text: String,
    /// Its blocks of commands.
    pub blocks: Vec<Block>,
    /// Everything outside of blocks, with line numbers from 1.
    pub prose: Vec<(usize, String)>,
}

/// A fenced block of commands.
pub struct Block {
    /// Of its first fence, from 1.
    pub line: usize,
    pub commands: String,
    pub run: Run,
}

/// What the test does with a block.
#[derive(Debug, PartialEq, Eq)]
pub enum Run {
    Executed { exit: i32 },
    LeftOut { reason: String },
}

/// Languages of blocks that hold no commands.
const NO_COMMANDS: [&str; 4] = ["json", "python", "text", "toml"];

/// How a reason not to execute a block begins. A command that is merely inconvenient is not among them.
const REASONS: [&str; 4] = ["a benchmark", "builds", "needs", "runs every test"];

impl Page {
    /// Reads a file of the repository.
    pub fn read(path: &str) -> Self {
        let text = fs::read_to_string(repository_path(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
        let (mut blocks, mut prose) = (Vec::new(), Vec::new());
        let mut lines = text.lines().enumerate().map(|(at, line)| (at + 1, line));
        while let Some((number, line)) = lines.next() {
            let Some(info) = line.trim_start().strip_prefix("```") else {
                prose.push((number, line.to_owned()));
                continue;
            };
            let indent = line.len() - line.trim_start().len();
            let body = lines.by_ref().map(|(_, line)| line);
            let body: Vec<&str> = body.take_while(|line| line.trim() != "```").collect();
            let body = body.iter().map(|line| line.get(indent..).unwrap_or_default());
            let commands: String = body.flat_map(|line| [line, "\n"]).collect();
            let run = run_of(info).unwrap_or_else(|problem| panic!("{path}:{number}: {problem}"));
            blocks.extend(run.map(|run| Block {
                line: number,
                commands,
                run,
            }));
        }
        Self { text, blocks, prose }
    }

    /// The text in backticks outside of blocks, with line numbers.
    pub fn code_spans(&self) -> impl Iterator<Item = (usize, &str)> {
        self.prose
            .iter()
            .flat_map(|(number, line)| line.split('`').skip(1).step_by(2).map(|span| (*number, span)))
    }

    /// The anchors of its headings, as GitHub makes them.
    pub fn anchors(&self) -> Vec<String> {
        let headings = self.prose.iter().filter(|(_, line)| line.starts_with('#'));
        headings
            .map(|(_, line)| anchor(line.trim_start_matches('#').trim()))
            .collect()
    }
}

/// Why nothing can be done with a block.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
enum InfoFault {
    #[error("a block is `{0}`, and not `sh` or one of {NO_COMMANDS:?}")]
    Language(String),
    #[error("`{0}` is no exit code")]
    ExitCode(String),
    #[error("`{0}` is neither `exit: N` nor `no-run: ` with a reason that begins with one of {REASONS:?}")]
    Words(String),
}

/// What is to be done with a block of that info string; nothing where it holds no commands.
fn run_of(info: &str) -> Result<Option<Run>, InfoFault> {
    if NO_COMMANDS.contains(&info) {
        return Ok(None);
    }
    let Some(rest) = info.strip_prefix("sh") else {
        return Err(InfoFault::Language(info.to_owned()));
    };
    let rest = rest.trim();
    if rest.is_empty() {
        return Ok(Some(Run::Executed { exit: 0 }));
    }
    if let Some(exit) = rest.strip_prefix("exit: ") {
        let exit = exit.parse().map_err(|_| InfoFault::ExitCode(exit.to_owned()))?;
        return Ok(Some(Run::Executed { exit }));
    }
    match rest.strip_prefix("no-run: ") {
        Some(reason) if REASONS.iter().any(|begins| reason.starts_with(begins)) => Ok(Some(Run::LeftOut {
            reason: reason.to_owned(),
        })),
        _ => Err(InfoFault::Words(rest.to_owned())),
    }
}

fn anchor(heading: &str) -> String {
    let letters = heading.to_lowercase().replace(' ', "-");
    letters
        .chars()
        .filter(|letter| letter.is_alphanumeric() || ['-', '_'].contains(letter))
        .collect()
}

#[test]
fn info_strings_say_what_is_done_with_a_block() {
    assert_eq!(run_of("sh"), Ok(Some(Run::Executed { exit: 0 })));
    assert_eq!(run_of("sh exit: 3"), Ok(Some(Run::Executed { exit: 3 })));
    let reason = "needs a key".to_owned();
    assert_eq!(run_of("sh no-run: needs a key"), Ok(Some(Run::LeftOut { reason })));
    assert_eq!(run_of("toml"), Ok(None));
    for refused in [
        "",
        "bash",
        "shell",
        "sh no-run",
        "sh no-run: too slow",
        "sh exit: three",
    ] {
        assert!(run_of(refused).is_err(), "{refused}");
    }
}

#[test]
fn anchors_are_those_of_github() {
    assert_eq!(anchor("When something breaks"), "when-something-breaks");
    assert_eq!(anchor("Why sled 0.34"), "why-sled-034");
    assert_eq!(anchor("[0.1.0] - 2026-11-28"), "010---2026-11-28");
}
