//! The documentation as a reader uses it: the commands of each page are executed in their order, each in the state that
//! the commands before it left; the links, and the commands and settings that the text names, exist.
//!
//! | info string of a block | meaning |
//! |---|---|
//! | `sh` | executed; must end with 0 |
//! | `sh exit: N` | executed; must end with N |
//! | `sh no-run: REASON` | counted and printed, but not executed |

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout
)]

mod links;
mod page;
mod shell;
mod tests_named;
mod words;

use std::fs;

use kosmos_testing::repository_path;
use page::{Block, Page, Run};
use shell::Shell;

/// Makes a test of each page, and the list of all.
macro_rules! pages {
    ($($test:ident: $path:literal,)+) => {
        const PAGES: &[&str] = &[$($path),+];

        $(#[test]
        fn $test() {
            execute_page($path);
        })+
    };
}

pages! {
    readme: "README.md",
    agents: "docs/agents.md",
    architecture: "docs/architecture.md",
    benchmarks: "docs/benchmarks.md",
    contributing: "docs/contributing.md",
    data: "docs/data.md",
    decisions: "docs/decisions.md",
    graph: "docs/graph.md",
    models: "docs/models.md",
    operating: "docs/operating.md",
    sandbox: "docs/sandbox.md",
    statistics: "docs/statistics.md",
    user_guide: "docs/user-guide.md",
}

/// Executes the commands of a page in order and says how many there were.
fn execute_page(path: &str) {
    let page = Page::read(path);
    let mut shell = None;
    let (mut executed, mut left_out) = (0, 0);
    for Block { line, commands, run } in &page.blocks {
        match run {
            Run::Executed { exit } => {
                let shell = shell.get_or_insert_with(Shell::start);
                let output = shell.execute(commands);
                assert_eq!(
                    output.exit,
                    Some(*exit),
                    "{path}:{line}:\n{commands}\n--- stdout\n{}\n--- stderr\n{}",
                    output.stdout,
                    output.stderr
                );
                executed += count(commands);
            }
            Run::LeftOut { reason } => {
                println!("{path}:{line}: {} commands not executed: {reason}", count(commands));
                left_out += count(commands);
            }
        }
    }
    println!("{path}: {executed} commands executed, {left_out} not");
}

/// The commands of a block: lines, but for comments and for lines that continue another.
fn count(commands: &str) -> usize {
    let joined = commands.replace("\\\n", " ");
    let lines = joined.lines().map(str::trim);
    lines.filter(|line| !line.is_empty() && !line.starts_with('#')).count()
}

#[test]
fn every_page_has_a_test() {
    let entries = fs::read_dir(repository_path("docs")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut pages: Vec<String> = names
        .filter(|name| name.ends_with(".md"))
        .map(|name| format!("docs/{name}"))
        .collect();
    pages.push("README.md".to_owned());
    pages.sort();
    let mut tested = PAGES.to_vec();
    tested.sort_unstable();
    assert_eq!(pages, tested);
}

#[test]
fn the_readme_is_short() {
    let lines = Page::read("README.md").text.lines().count();
    assert!(
        lines <= 160,
        "README.md has {lines} lines; move what is not an overview to docs/"
    );
}

#[test]
fn the_last_commands_of_a_block_are_counted() {
    assert_eq!(
        count("# a comment\nkosmos run \\\n    --data a.csv\n\nkosmos runs   # list them\n"),
        2
    );
}
