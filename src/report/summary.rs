//! The findings as a table for the end of a run in a terminal.

use comfy_table::{ContentArrangement, Table, presets};

use super::asked::columns_not_tested;
use super::dossier::Dossier;
use super::name::safe_line;
use super::number::NumberFormat;
use super::order;
use crate::science::TestRecord;

/// Findings that are shown.
const ROWS: usize = 12;
/// Columns of the narrowest terminal that people use.
const WIDTH: u16 = 80;

/// The first findings as a plain table of at most 80 columns, or a sentence where there are none.
///
/// The numbers are those of `findings.json`: write it by [`super::write_all`] first, which checks them.
pub fn terminal_summary(dossier: &Dossier) -> String {
    let columns = columns_not_tested(dossier);
    let told = columns.iter().map(|column| {
        format!(
            "Not tested: {} ({}).\n",
            safe_line(&column.name, 64),
            safe_line(&column.reason, 160)
        )
    });
    told.chain([summarise_findings(dossier)]).collect()
}

fn summarise_findings(dossier: &Dossier) -> String {
    let findings = order::headline_findings(dossier);
    if findings.is_empty() {
        return match dossier.tests.len() {
            0 if dossier.memory.as_ref().is_some_and(|memory| !memory.settled.is_empty()) => {
                "Nothing was left to test: earlier runs of the project have judged it on the same data.".to_owned()
            }
            0 => "No test was judged.".to_owned(),
            tests if !dossier.vetoes.is_empty() => {
                let tests = if tests == 1 {
                    "1 test".to_owned()
                } else {
                    format!("{tests} tests")
                };
                format!("No finding is left of {tests}: {}.", describe_vetoes(dossier))
            }
            1 => "Nothing was detected in 1 test.".to_owned(),
            tests => format!("Nothing was detected in {tests} tests."),
        };
    }
    let mut table = Table::new();
    table
        .load_preset(presets::ASCII_BORDERS_ONLY_CONDENSED)
        .force_no_tty()
        .set_width(WIDTH);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(["finding", "direction", "effect", "q", "wording"]);
    for test in findings.iter().take(ROWS) {
        table.add_row(summary_row(test));
    }
    let mut out = table.to_string();
    if findings.len() > ROWS {
        out.push_str(&format!("\nand {} more in report.html", findings.len() - ROWS));
    }
    if !dossier.vetoes.is_empty() {
        out.push_str(&format!("\nNot among them: {}.", describe_vetoes(dossier)));
    }
    out
}

/// The findings that agents have removed, such as "7 findings vetoed by critic".
fn describe_vetoes(dossier: &Dossier) -> String {
    let told = dossier.vetoes.iter().map(|(agent, findings)| {
        let agent = safe_line(agent, 64);
        match findings.len() {
            1 => format!("1 finding vetoed by {agent}"),
            many => format!("{many} findings vetoed by {agent}"),
        }
    });
    told.collect::<Vec<_>>().join(", ")
}

fn summary_row(test: &TestRecord) -> [String; 5] {
    let name = |name: &str| safe_line(name, 24);
    let effect = match test.effect.value {
        Some(value) => format!(
            "{} {}",
            name(&test.effect.name),
            NumberFormat::Plain.format_number(value.into())
        ),
        None => "-".to_owned(),
    };
    let wording = match test.caveats.is_empty() {
        true => name(test.wording.as_str()),
        false => format!("{} (caveats)", name(test.wording.as_str())),
    };
    let direction = test.direction.as_deref().map_or_else(|| "-".to_owned(), name);
    let mut relation = format!("{} ~ {}", name(&test.y), name(&test.x));
    let held: Vec<_> = test
        .covariates
        .iter()
        .chain(&test.by)
        .map(|column| name(column))
        .collect();
    if !held.is_empty() {
        relation.push_str(&format!(" | {}", held.join(", ")));
    }
    [
        relation,
        direction,
        effect,
        NumberFormat::P.format_number(test.q.into()),
        wording,
    ]
}
