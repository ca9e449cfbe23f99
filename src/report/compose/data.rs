//! The tables: how they were read, and what may be asked of them.

use kosmos_core::run_files;
use serde_json::Value;

use super::super::citation::{Cited, RecordFile};
use super::super::document::{
    Block, Blocks, Draft, Line, LinkTarget, Tone, heading, line, paragraph, slug, table, text,
};
use super::super::dossier::Dossier;
use super::super::number::{Number, NumberFormat};
use super::words;
use crate::science::{Column, DatasetRecord, ExperimentId, Profile, Role};
use crate::study::ValueType;

/// Columns above which html folds the table away.
const FOLD: usize = 40;

/// One part for each table.
pub(super) fn add_data_section(dossier: &Dossier, out: &mut Blocks) {
    out.push(heading(2, "data", text("The data")));
    if dossier.datasets.is_empty() {
        out.push(paragraph(text("The run had no table.")));
    }
    for (at, dataset) in dossier.datasets.iter().enumerate() {
        out.push(heading(
            3,
            &slug(&format!("data-{}", dataset.name)),
            line().name(&dataset.name),
        ));
        let bytes = Cited::record(dataset.bytes, format!("/datasets/{at}/bytes"), RecordFile::Journal);
        out.push(paragraph(
            text("File ")
                .code(&dataset.path)
                .text(", ")
                .number(bytes.format(NumberFormat::Bytes))
                .text(", hash ")
                .hash(&dataset.sha256)
                .text("."),
        ));
        match (&dataset.profile, &dataset.experiment) {
            (Some(profile), Some(experiment)) => add_profile(dataset, profile, experiment, out),
            _ => out.push(Block::Paragraph(
                Tone::Bad,
                text("It was not profiled, so nothing of it was tested."),
            )),
        }
    }
}

fn add_profile(dataset: &DatasetRecord, profile: &Profile, experiment: &ExperimentId, out: &mut Blocks) {
    let cite = |number: Number, pointer: &str| Cited::result(number, experiment, pointer);
    if let Some(problem) = &profile.problem {
        out.push(Block::Paragraph(
            Tone::Bad,
            line().name(&problem.message).text(" (").code(&problem.code).text(")"),
        ));
    }
    let folder = format!("experiments/{experiment}");
    out.push(paragraph(
        line()
            .number(cite(profile.rows.into(), "/rows"))
            .text(" rows. Profiled by ")
            .link(
                LinkTarget::File(format!("{folder}/script.py")),
                line().code(experiment.as_str()),
            )
            .text(", which wrote the table that every test reads: ")
            .link(
                LinkTarget::File(format!("{folder}/table.parquet")),
                text(run_files::CANONICAL_TABLE),
            )
            .text("."),
    ));
    out.extend(source_line(profile, &cite));
    for warning in &profile.warnings {
        out.push(Block::Paragraph(Tone::Weak, line().name(warning)));
    }
    out.extend(columns_table(dataset, profile, &cite));
    add_structure(profile, &cite, out);
}

/// How the file was read.
fn source_line(profile: &Profile, cite: &impl Fn(Number, &str) -> Cited) -> Option<Block<Draft>> {
    let source = profile.source.as_object()?;
    let facts = source.iter().filter_map(|(key, value)| {
        let value = match value {
            Value::String(word) => line().code(word),
            Value::Bool(yes) => text(words::yes_no(*yes)),
            Value::Number(number) => {
                let pointer = format!("/source/{}", key.replace('~', "~0").replace('/', "~1"));
                line().number(cite(Number::from_json(number)?, &pointer))
            }
            Value::Array(list) => words::join_lines(
                list.iter().filter_map(Value::as_str).map(|word| line().code(word)),
                "none",
            ),
            _ => return None,
        };
        Some(line().name(key).text(" ").then(value))
    });
    let facts: Vec<_> = facts.collect();
    if facts.is_empty() {
        return None;
    }
    Some(paragraph(
        text("Read as: ").then(words::join_lines(facts, "")).text("."),
    ))
}

fn columns_table(
    dataset: &DatasetRecord,
    profile: &Profile,
    cite: &impl Fn(Number, &str) -> Cited,
) -> Option<Block<Draft>> {
    let told = profile.columns.iter().any(|column| column.read_as.is_some());
    let rows: Vec<_> = profile
        .columns
        .iter()
        .enumerate()
        .map(|(at, column)| {
            let cite = |number: Number, key: &str| cite(number, &format!("/columns/{at}/{key}"));
            let mut cells = vec![
                line().code(&column.name),
                text(role_words(column)),
                line().number(cite(column.missing.into(), "missing")),
                line().number(cite(column.distinct.into(), "distinct")),
                value_summary(column, &cite),
                match (&column.excluded, column.usable) {
                    (Some(why), _) => text("no: ").name(why),
                    (None, true) => text("yes"),
                    (None, false) => text("no"),
                },
            ];
            if told {
                cells.push(line().name(column.read_as.as_deref().unwrap_or("–")));
            }
            cells
        })
        .collect();
    let many = rows.len() > FOLD;
    let mut head = vec!["column", "role", "missing", "distinct", "values", "used"];
    if told {
        head.push("read as");
    }
    let whole = table(head, vec![2, 3], rows);
    match (profile.columns.is_empty(), many) {
        (true, _) => None,
        (false, true) => {
            let summary = text("All columns of ").name(&dataset.name);
            Some(Block::Details {
                summary,
                blocks: vec![whole],
            })
        }
        (false, false) => Some(whole),
    }
}

fn role_words(column: &Column) -> &'static str {
    if column.role == Role::Numeric {
        match column.value_type {
            Some(ValueType::Ordered) => return "words with an order",
            Some(ValueType::Date) => return "date",
            Some(ValueType::Datetime) => return "date and time",
            Some(ValueType::Duration) => return "duration",
            _ => {}
        }
    }
    match (column.role, column.ordinal) {
        (Role::Numeric, true) => "numeric, ordinal",
        (Role::Numeric, false) => "numeric",
        (Role::Binary, _) => "binary",
        (Role::Categorical, _) => "categorical",
        (Role::Datetime, _) => "date and time",
        (Role::Text, _) => "text",
        (Role::Identifier, _) => "identifier",
        (Role::Constant, _) => "constant",
        (Role::Empty, _) => "empty",
    }
}

/// Mean and range, or the most frequent levels.
fn value_summary(column: &Column, cite: &impl Fn(Number, &str) -> Cited) -> Line<Draft> {
    const LEVELS: usize = 4;
    if let Some(levels) = &column.levels {
        let shown = levels.iter().take(LEVELS).enumerate().map(|(at, level)| {
            line()
                .code(&level.level)
                .text(" ")
                .number(cite(level.n.into(), &format!("levels/{at}/n")))
        });
        let out = words::join_lines(shown, "none");
        return if levels.len() > LEVELS { out.text(", …") } else { out };
    }
    if column.is_moment() {
        // Its first and last stand in how it was read; the mean of a count of days says nothing to a reader.
        return text("–");
    }
    let (Some(mean), Some(min), Some(max)) = (column.mean, column.min, column.max) else {
        return text("–");
    };
    line()
        .text("mean ")
        .number(cite(mean.into(), "mean"))
        .text(", sd ")
        .number_or(column.sd.map(|sd| cite(sd.into(), "sd")), "not computed")
        .text(", ")
        .number(cite(min.into(), "min"))
        .text(" to ")
        .number(cite(max.into(), "max"))
}

/// Observations about rows and pairs of columns.
fn add_structure(profile: &Profile, cite: &impl Fn(Number, &str) -> Cited, out: &mut Blocks) {
    let mut points = Vec::new();
    if let Some(units) = &profile.units {
        let point = text("Rows repeat the units of ").code(&units.column);
        points.push(match units.n_units {
            Some(n) => point
                .text(" (")
                .number(cite(n.into(), "/units/n_units"))
                .text(" units)."),
            None => point.text("."),
        });
    }
    if let Some(time) = &profile.time {
        points.push(text("Rows are in the order of ").code(&time.column).text("."));
    }
    for pair in &profile.paired {
        let point = text("Compared within units: ")
            .code(&pair.x)
            .text(" and ")
            .code(&pair.y);
        points.push(point.text(" (").name(&pair.why).text(")."));
    }
    for pair in &profile.survival {
        let point = text("Time to an event: ")
            .code(&pair.duration)
            .text(" until ")
            .code(&pair.event);
        points.push(point.text(" (").name(&pair.why).text(")."));
    }
    let split = if profile.split.possible {
        "Rows are divided into an explore and a confirm part"
    } else {
        "Rows were not divided"
    };
    let split = match &profile.split.by {
        Some(by) => text(split).text(", all rows of the same ").code(by).text(" together"),
        None => text(split),
    };
    points.push(if profile.split.why.is_empty() {
        split.text(".")
    } else {
        split.text(": ").name(&profile.split.why).text(".")
    });
    out.push(Block::List(points));
    if profile.tautologies.is_empty() {
        return;
    }
    out.push(paragraph(text(
        "Pairs that were left out because one column determines the other by construction:",
    )));
    let pairs = profile.tautologies.iter().map(|pair| {
        line()
            .code(&pair.x)
            .text(" and ")
            .code(&pair.y)
            .text(": ")
            .name(&pair.reason)
    });
    out.push(Block::List(pairs.collect()));
}
