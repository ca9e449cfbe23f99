//! `notebook.ipynb`: each finding re-executed, in nbformat 4.5.

use serde_json::{Value, json};

use super::compose::{headline, key_numbers, of_finding, opening, relation};
use super::markdown;
use crate::legacy::v1::order;
use crate::report::Dossier;
use crate::report::ReportError;
use crate::report::document::{Block, Blocks, Document, Piece, heading, line, paragraph, text};
use crate::report::evidence::EvidenceChecker;
use crate::report::name::Name;
use crate::report::verify::verify_document;
use crate::science::{TestRecord, sha256_hex};

/// The cell that the others call.
const SETUP: &str = include_str!("notebook_setup.py");
/// Findings that have cells of their own, by rank.
const CELLS: usize = 25;

/// The notebook as the file holds it. Its prose goes through the same verification as the report's.
///
/// # Errors
/// A number has no evidence.
pub(crate) fn notebook(dossier: &Dossier, evidence: &mut EvidenceChecker) -> Result<String, ReportError> {
    let mut cells = vec![
        markdown_cell("intro", &prose(dossier, intro(dossier), evidence)?),
        code_cell("setup", SETUP),
    ];
    for test in order::ordered_findings(dossier).into_iter().take(CELLS) {
        let mut told = vec![
            heading(2, test.id.as_str(), relation(test)),
            paragraph(headline(test)),
            Block::List(key_numbers(test)),
        ];
        told.extend(of_finding(dossier, test));
        cells.push(markdown_cell(
            &format!("told {}", test.id),
            &prose(dossier, told, evidence)?,
        ));
        cells.push(code_cell(&format!("done {}", test.id), &rerun(dossier, test)));
    }
    let notebook = json!({
        "cells": cells,
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    });
    let mut out = serde_json::to_string_pretty(&notebook)?;
    out.push('\n');
    Ok(out)
}

fn intro(dossier: &Dossier) -> Blocks {
    let mut out = vec![paragraph(
        text("Each finding of the run ")
            .code(dossier.run.as_str())
            .text(" is told first and then computed again: the cell runs the experiment’s own script in a temporary copy, ")
            .text("so that nothing in this folder changes, and holds the new numbers against the recorded ones. ")
            .text("Start Jupyter in the run’s folder, with the packages of the run installed."),
    )];
    out.extend(opening(dossier));
    if order::ordered_findings(dossier).len() > CELLS {
        out.push(paragraph(text(
            "The strongest findings have cells here; findings.json holds all.",
        )));
    }
    let stack = dossier
        .method
        .stack
        .iter()
        .map(|package| line().code(package))
        .collect::<Vec<_>>();
    if !stack.is_empty() {
        out.push(paragraph(text("Packages of the run:")));
        out.push(Block::List(stack));
    }
    out.push(paragraph(text("The same in a sandbox: ").command(vec![
        Piece::Text("kosmos verify "),
        Piece::Name(Name::new(dossier.run.as_str())),
    ])));
    out
}

/// Verified markdown of a few blocks.
fn prose(dossier: &Dossier, blocks: Blocks, evidence: &mut EvidenceChecker) -> Result<String, ReportError> {
    let intro = matches!(blocks.first(), Some(Block::Paragraph(..)));
    let verified = verify_document(
        Document {
            title: Name::new(&*dossier.question),
            blocks,
        },
        evidence,
    )?;
    let out = if intro {
        markdown::document(&verified)
    } else {
        markdown::blocks(&verified.blocks)
    };
    Ok(out.trim().to_owned())
}

fn rerun(dossier: &Dossier, test: &TestRecord) -> String {
    let table = dossier.datasets.iter().find(|dataset| dataset.name == test.dataset);
    let table = table.and_then(|dataset| dataset.experiment.as_ref());
    let mut out = format!(
        "rerun({}, {})\n",
        literal(test.evidence.experiment.as_str()),
        literal(&test.evidence.locator)
    );
    if let Some(other) = &test.confirmed_by {
        out.push_str(&format!(
            "rerun({}, {})\n",
            literal(other.experiment.as_str()),
            literal(&other.locator)
        ));
    }
    if let Some(table) = table {
        out.push_str(&format!(
            "draw({}, {}, {})\n",
            literal(&format!("experiments/{table}/table.parquet")),
            literal(&test.x),
            literal(&test.y)
        ));
    }
    out
}

/// A Python string literal, in plain ASCII so that no name can look like code.
fn literal(text: &str) -> String {
    let mut out = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            ' '..='~' => out.push(letter),
            letter => out.push_str(&format!("\\U{:08x}", u32::from(letter))),
        }
    }
    out.push('"');
    out
}

fn markdown_cell(name: &str, source: &str) -> Value {
    json!({"cell_type": "markdown", "id": cell_id(name), "metadata": {}, "source": lines(source)})
}

fn code_cell(name: &str, source: &str) -> Value {
    json!({
        "cell_type": "code", "execution_count": null, "id": cell_id(name), "metadata": {}, "outputs": [],
        "source": lines(source.trim_end()),
    })
}

/// The same cell has the same id in every rendering.
fn cell_id(name: &str) -> String {
    let hash = sha256_hex(name);
    hash.get(..16).unwrap_or(&hash).to_owned()
}

fn lines(source: &str) -> Vec<&str> {
    source.split_inclusive('\n').collect()
}
