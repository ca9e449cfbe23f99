//! The findings as a table for the end of a run in a terminal.

use comfy_table::{ContentArrangement, Table, presets};

use super::answer::{read_question, reasons_of_question, reply_to};
use super::asked::{columns_not_tested, relations_not_tested};
use super::document::plain_text;
use super::dossier::Dossier;
use super::name::safe_line;
use super::number::NumberFormat;
use super::order;
use crate::science::{RunStatus, TestRecord};

/// Findings that are shown.
const ROWS: usize = 12;
/// Letters of a sentence of the answer that are shown, at most.
const MOST_LETTERS: usize = 2000;
/// Columns of the narrowest terminal that people use.
const WIDTH: u16 = 80;

/// The first findings as a plain table of at most 80 columns, or a sentence where there are none.
///
/// The numbers are those of `findings.json`: write it by [`super::write_all`] first, which checks them.
pub fn terminal_summary(dossier: &Dossier) -> String {
    let first = match dossier.end.status {
        RunStatus::NotAnswerable => {
            let others = match dossier.tests.is_empty() {
                true => "",
                false => "What follows is about other columns.\n",
            };
            let why = safe_line(dossier.end.message.trim_end_matches('.'), 600);
            format!("Nothing could be tested: {why}.\n{others}")
        }
        _ => String::new(),
    };
    let columns = columns_not_tested(dossier);
    let columns = columns.iter().map(|column| {
        let remedy = column.remedy.as_ref();
        let remedy = remedy.map_or_else(String::new, |remedy| format!(". {}", safe_line(remedy, 160)));
        let (name, reason) = (safe_line(&column.name, 64), safe_line(&column.reason, 160));
        format!("Not tested: {name} ({reason}{remedy}).\n")
    });
    let relations = relations_not_tested(dossier);
    let relations = relations.iter().map(|relation| {
        let [x, y] = [relation.x, relation.y].map(|name| safe_line(name, 64));
        format!("Not tested: {x} with {y} ({}).\n", safe_line(relation.reason, 300))
    });
    let told: Vec<String> = match first.is_empty() {
        true => columns.chain(relations).collect(),
        // The first line has said why.
        false => vec![first],
    };
    let inquiry = read_question(dossier);
    let gaps = reasons_of_question(dossier, inquiry.as_ref());
    let gaps = gaps
        .iter()
        .map(|reason| format!("Not followed: {}.\n", safe_line(&reason.text, 300)));
    let told = told.into_iter().chain(gaps);
    let sentences = reply_to(dossier).told;
    let sentences = sentences
        .iter()
        .filter(|_| dossier.end.status != RunStatus::NotAnswerable);
    let answer = sentences.map(|sentence| wrap_words(&safe_line(&plain_text(sentence), MOST_LETTERS), WIDTH.into()));
    let answer: String = answer.collect();
    told.chain([answer, summarise_findings(dossier)]).collect()
}

/// A text in lines of at most `width` letters, broken between words, with a line's end after each.
fn wrap_words(text: &str, width: usize) -> String {
    let mut out = String::new();
    let mut used = 0;
    // A number stays with its unit.
    for word in text.replace(" %", "\u{a0}%").split(' ').filter(|word| !word.is_empty()) {
        let letters = word.chars().count();
        if used > 0 && used + 1 + letters > width {
            out.push('\n');
            used = 0;
        }
        if used > 0 {
            out.push(' ');
            used += 1;
        }
        out.push_str(word);
        used += letters;
    }
    out.push('\n');
    out.replace('\u{a0}', " ")
}

fn summarise_findings(dossier: &Dossier) -> String {
    let headlines = order::headline_tests(dossier);
    let none_found = headlines.iter().all(|test| !test.is_finding());
    // The answer says by itself that nothing was found.
    let is_answered = dossier.end.status != RunStatus::NotAnswerable && !dossier.tests.is_empty();
    let told = none_found && !(is_answered && dossier.vetoes.is_empty());
    let told = told.then(|| describe_nothing_found(dossier));
    if headlines.is_empty() {
        return told.unwrap_or_default();
    }
    let mut out = match told {
        Some(told) => format!("{told}\n"),
        None => String::new(),
    };
    out.push_str(&findings_table(&headlines));
    if !none_found && !dossier.vetoes.is_empty() {
        out.push_str(&format!("\nNot among them: {}.", describe_vetoes(dossier)));
    }
    out
}

/// Says that there is no finding.
fn describe_nothing_found(dossier: &Dossier) -> String {
    match dossier.tests.len() {
        0 if dossier.memory.as_ref().is_some_and(|memory| !memory.settled.is_empty()) => {
            "Nothing was left to test: earlier runs of the project have judged it on the same data.".to_owned()
        }
        0 if !dossier.descriptions.is_empty() => String::new(),
        0 => "No test was judged.".to_owned(),
        tests if !dossier.vetoes.is_empty() => {
            let tests = if tests == 1 {
                "1 test".to_owned()
            } else {
                format!("{tests} tests")
            };
            format!("No finding is left of {tests}: {}.", describe_vetoes(dossier))
        }
        tests => {
            let tests = if tests == 1 {
                "1 test".to_owned()
            } else {
                format!("{tests} tests")
            };
            match dossier.descriptions.is_empty() {
                true => format!("Nothing was detected in {tests}."),
                false => format!("Beside that, no columns were found to go together in {tests}."),
            }
        }
    }
}

fn findings_table(headlines: &[&TestRecord]) -> String {
    let mut table = Table::new();
    table
        .load_preset(presets::ASCII_BORDERS_ONLY_CONDENSED)
        .force_no_tty()
        .set_width(WIDTH);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(["finding", "direction", "effect", "q", "wording"]);
    for test in headlines.iter().take(ROWS) {
        table.add_row(summary_row(test));
    }
    let mut out = table.to_string();
    if headlines.len() > ROWS {
        out.push_str(&format!("\nand {} more in report.html", headlines.len() - ROWS));
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
    let number = |value: f64| NumberFormat::Plain.format_number(value.into());
    let interval = test
        .effect
        .ci_low
        .zip(test.effect.ci_high)
        .filter(|_| !test.is_finding());
    let effect = match (test.effect.value, interval) {
        (Some(value), None) => format!("{} {}", name(&test.effect.name), number(value)),
        // What was not found is told by what the interval leaves.
        (Some(value), Some((low, high))) => format!(
            "{} {} ({} to {})",
            name(&test.effect.name),
            number(value),
            number(low),
            number(high)
        ),
        (None, _) => "-".to_owned(),
    };
    let wording = match test.caveats.is_empty() {
        true => name(test.wording.as_str()),
        false => format!("{} (caveats)", name(test.wording.as_str())),
    };
    let direction = test.direction.as_deref().filter(|_| test.is_finding());
    let direction = direction.map_or_else(String::new, name);
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
