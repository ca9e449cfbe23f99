//! `notebook.ipynb`: each finding re-executed, in nbformat 4.5.

use serde_json::{Value, json};

use super::answer::reply_to;
use super::compose::{
    answer_paragraphs, describe_description, headline_line, interpretation_of_finding, key_numbers, list_agents,
    opening_paragraphs, relation_line,
};
use super::document::{Block, Blocks, Document, Piece, heading, line, paragraph, text};
use super::dossier::Dossier;
use super::error::ReportError;
use super::evidence::EvidenceChecker;
use super::markdown;
use super::name::Name;
use super::order;
use super::verify::verify_document;
use crate::science::{DescriptionRecord, TestRecord, sha256_hex};

/// The cell that the others call.
const SETUP: &str = include_str!("notebook_setup.py");
/// Findings that have cells of their own, by rank.
const CELLS: usize = 25;

/// The notebook as the file holds it. Its prose goes through the same verification as the report's.
///
/// # Errors
/// A number has no evidence.
pub(crate) fn render_notebook(dossier: &Dossier, evidence: &mut EvidenceChecker) -> Result<String, ReportError> {
    let mut cells = vec![
        markdown_cell("intro", &verified_markdown(dossier, intro_blocks(dossier), evidence)?),
        code_cell("setup", SETUP),
    ];
    for description in dossier.descriptions.iter().take(CELLS) {
        let told = vec![
            heading(2, description.id.as_str(), line().code(&description.column)),
            paragraph(describe_description(dossier, description)),
        ];
        cells.push(markdown_cell(
            &format!("told {}", description.id),
            &verified_markdown(dossier, told, evidence)?,
        ));
        cells.push(code_cell(
            &format!("done {}", description.id),
            &describe_again(description),
        ));
    }
    for test in order::ordered_findings(dossier).into_iter().take(CELLS) {
        let mut told = vec![
            heading(2, test.id.as_str(), relation_line(test)),
            paragraph(headline_line(dossier, test)),
            Block::List(key_numbers(dossier, test)),
        ];
        told.extend(interpretation_of_finding(dossier, test));
        cells.push(markdown_cell(
            &format!("told {}", test.id),
            &verified_markdown(dossier, told, evidence)?,
        ));
        cells.push(code_cell(&format!("done {}", test.id), &rerun_code(dossier, test)));
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

fn intro_blocks(dossier: &Dossier) -> Blocks {
    let mut out = vec![paragraph(
        text("Each finding of the run ")
            .code(dossier.run.as_str())
            .text(" is told first and then computed again: the cell runs the experiment’s own script in a temporary copy, ")
            .text("so that nothing in this folder changes, and holds the new numbers against the recorded ones. ")
            .text("Start Jupyter in the run’s folder, with the packages of the run installed."),
    )];
    out.extend(answer_paragraphs(reply_to(dossier)));
    out.extend(opening_paragraphs(dossier));
    if order::ordered_findings(dossier).len() > CELLS {
        out.push(paragraph(text(
            "The strongest findings have cells here; findings.json holds all.",
        )));
    }
    if !dossier.agents.is_empty() {
        out.push(paragraph(text(
            "Agents besides the built-in ones took part in the run:",
        )));
        out.push(list_agents(dossier));
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
fn verified_markdown(dossier: &Dossier, blocks: Blocks, evidence: &mut EvidenceChecker) -> Result<String, ReportError> {
    let intro = matches!(blocks.first(), Some(Block::Paragraph(..)));
    let verified = verify_document(
        Document {
            title: Name::new(&*dossier.question),
            blocks,
        },
        evidence,
    )?;
    let out = if intro {
        markdown::render_markdown(&verified)
    } else {
        markdown::render_blocks(&verified.blocks)
    };
    Ok(out.trim().to_owned())
}

/// Executes the script of a description again, and shows its figures.
fn describe_again(description: &DescriptionRecord) -> String {
    let (experiment, locator) = (&description.evidence.experiment, &description.evidence.locator);
    let (experiment, locator) = (python_string(experiment.as_str()), python_string(locator));
    format!(
        "recorded = (RUN / \"experiments\" / {experiment} / \"result.json\").read_bytes()\n\
         old, new = (at(json.loads(text), {locator}) for text in (recorded, fresh_result({experiment})))\n\
         assert not same(old, new), \"not reproduced\"\n\
         display(pd.DataFrame(new[\"figures\"]))\n"
    )
}

fn rerun_code(dossier: &Dossier, test: &TestRecord) -> String {
    let table = dossier.datasets.iter().find(|dataset| dataset.name == test.dataset);
    let table = table.and_then(|dataset| dataset.experiment.as_ref());
    let mut out = format!(
        "rerun({}, {})\n",
        python_string(test.evidence.experiment.as_str()),
        python_string(&test.evidence.locator)
    );
    if let Some(other) = &test.confirmed_by {
        out.push_str(&format!(
            "rerun({}, {})\n",
            python_string(other.experiment.as_str()),
            python_string(&other.locator)
        ));
    }
    if let Some(table) = table {
        out.push_str(&format!(
            "draw({}, {}, {})\n",
            python_string(&format!("experiments/{table}/table.parquet")),
            python_string(&test.x),
            python_string(&test.y)
        ));
    }
    out
}

/// A Python string literal, in plain ASCII so that no name can look like code.
fn python_string(text: &str) -> String {
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
    json!({"cell_type": "markdown", "id": cell_id(name), "metadata": {}, "source": source_lines(source)})
}

fn code_cell(name: &str, source: &str) -> Value {
    json!({
        "cell_type": "code", "execution_count": null, "id": cell_id(name), "metadata": {}, "outputs": [],
        "source": source_lines(source.trim_end()),
    })
}

/// The same cell has the same id in every rendering.
fn cell_id(name: &str) -> String {
    let hash = sha256_hex(name);
    hash.get(..16).unwrap_or(&hash).to_owned()
}

fn source_lines(source: &str) -> Vec<&str> {
    source.split_inclusive('\n').collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_leave_its_literal() {
        assert_eq!(
            python_string("a\"); import os #\n\\"),
            "\"a\\\"); import os #\\U0000000a\\\\\""
        );
        assert_eq!(python_string("é\u{202E}"), "\"\\U000000e9\\U0000202e\"");
    }
}
