//! Environment, and how to do it all again.

use super::super::citation::{Cited, RecordFile};
use super::super::document::{Block, Blocks, LinkTarget, Piece, heading, line, paragraph, text};
use super::super::dossier::Dossier;
use super::super::name::Name;
use super::words;
use kosmos_core::run_files;

/// Versions and commands.
pub(super) fn add_reproduce_section(dossier: &Dossier, out: &mut Blocks) {
    out.push(heading(2, "reproduce", text("Run it again")));
    let run = dossier.run.as_str();
    let command = |words: &'static str| vec![Piece::Text(words), Piece::Name(Name::new(run))];
    let file = |path: &'static str, words: &'static str| line().link(LinkTarget::File(path.to_owned()), text(words));
    let mut items = vec![
        text("Every finding in a fresh sandbox, numbers compared: ")
            .command(command("kosmos verify "))
            .text("."),
        text("One finding by hand: open ")
            .then(file(run_files::NOTEBOOK, run_files::NOTEBOOK))
            .text(" in Jupyter, or run the script in the experiment’s folder."),
        text("The whole run with the same settings: ")
            .verbatim("kosmos run run.toml")
            .text(" with ")
            .then(file(run_files::SETTINGS, run_files::SETTINGS))
            .text("."),
        text("For programs: ")
            .then(file(run_files::FINDINGS, run_files::FINDINGS))
            .text("."),
    ];
    if let Some(branch) = &dossier.branch {
        let cycle = Cited::record(u64::from(branch.cycle), "/branch/cycle", RecordFile::Journal);
        items.push(
            text("It branched from the run ")
                .code(branch.run.as_str())
                .text(", and shares what came before cycle ")
                .number(cycle)
                .text("."),
        );
    }
    out.push(Block::List(items));
    let stack = words::join_lines(
        dossier.method.stack.iter().map(|package| line().code(package)),
        "not recorded",
    );
    out.push(paragraph(
        text("Kosmos ")
            .code(&dossier.method.kosmos_version)
            .text("; ")
            .then(stack)
            .text("."),
    ));
}
