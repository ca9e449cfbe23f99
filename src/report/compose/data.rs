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
use crate::study::{RowsSetAside, ValueType};

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
        if !dataset.joined.is_empty() {
            add_joined(dataset, out);
            continue;
        }
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

/// A table that several others give, or why they give none.
fn add_joined(dataset: &DatasetRecord, out: &mut Blocks) {
    let parts = words::join_lines(dataset.joined.iter().map(|part| line().code(part)), "");
    let (Some(profile), Some(experiment)) = (&dataset.profile, &dataset.experiment) else {
        let told = text("The tables ")
            .then(parts)
            .text(" were to be joined, and were not.");
        out.push(Block::Paragraph(Tone::Bad, told));
        return;
    };
    if let Some(problem) = &profile.problem {
        let told = text("The tables ")
            .then(parts)
            .text(" were analysed one by one: ")
            .name(&problem.message);
        out.push(Block::Paragraph(Tone::Weak, told.text(".")));
        return;
    }
    out.push(paragraph(text("Joined from the tables ").then(parts).text(".")));
    let facts = |key: &str| profile.source.get(key).and_then(Value::as_array).into_iter().flatten();
    let told = facts("joins").filter_map(|join| {
        let name = |key: &str| join.get(key).and_then(Value::as_str);
        Some(
            line()
                .code(name("left")?)
                .text(" and ")
                .code(name("right")?)
                .text(": ")
                .name(name("evidence")?)
                .text("."),
        )
    });
    let derived = profile.columns.iter().filter_map(|column| {
        let rule = &column.derived.as_ref()?.rule;
        Some(line().code(&column.name).text(": ").name(rule).text("."))
    });
    out.push(Block::List(told.chain(derived).collect()));
    if let Some(view) = profile.source.get("view").and_then(Value::as_str) {
        out.push(Block::Details {
            summary: text("The same in SQL"),
            blocks: vec![paragraph(line().code(view))],
        });
    }
    add_profile(dataset, profile, experiment, out);
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
    out.extend(set_aside_list(&profile.rows_set_aside().unwrap_or_default(), &cite));
    for warning in profile.further_warnings() {
        out.push(Block::Paragraph(Tone::Weak, line().name(warning)));
    }
    out.extend(columns_table(dataset, profile, &cite));
    add_structure(profile, &cite, out);
}

/// The parts of the file that are not in the table.
fn set_aside_list(set_aside: &[RowsSetAside], cite: &impl Fn(Number, &str) -> Cited) -> Option<Block<Draft>> {
    let told = set_aside.iter().enumerate().map(|(at, part)| {
        let rows = cite(part.rows.into(), &format!("/source/set_aside/{at}/rows"));
        let mut told = text("Set aside: ")
            .name(&part.what)
            .text(" (")
            .number(rows)
            .text(match part.rows {
                1 => " row",
                _ => " rows",
            });
        if let Some(first) = part.first_row {
            let first = cite(first.into(), &format!("/source/set_aside/{at}/first_row"));
            told = told.text(", from ").number(first).text(" on");
        }
        told.text("): ").name(&part.reason).text(".")
    });
    let told: Vec<_> = told.collect();
    (!told.is_empty()).then_some(Block::List(told))
}

/// How the file was read; of joined tables, each says it.
fn source_line(profile: &Profile, cite: &impl Fn(Number, &str) -> Cited) -> Option<Block<Draft>> {
    let source = profile.source.as_object()?;
    if source.contains_key("joins") {
        return None;
    }
    let facts = source.iter().filter_map(|(key, value)| {
        let value = match value {
            Value::String(word) => line().code(word),
            Value::Bool(yes) => text(words::yes_no(*yes)),
            Value::Number(number) => {
                let pointer = format!("/source/{}", key.replace('~', "~0").replace('/', "~1"));
                line().number(cite(Number::from_json(number)?, &pointer))
            }
            // Told one by one.
            Value::Array(list) if key == "set_aside" && !list.is_empty() => return None,
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
    let mut points = structure_points(profile);
    let told = !points.is_empty();
    if let Some(units) = profile.units.as_ref().filter(|_| !told) {
        let point = text("Rows repeat the units of ").code(&units.column);
        points.push(match units.n_units {
            Some(n) => point
                .text(" (")
                .number(cite(n.into(), "/units/n_units"))
                .text(" units)."),
            None => point.text("."),
        });
    }
    if let Some(time) = profile.time.as_ref().filter(|_| !told) {
        points.push(text("Rows are in the order of ").code(&time.column).text("."));
    }
    for pair in &profile.paired {
        let point = text("Compared within units: ")
            .code(&pair.x)
            .text(" and ")
            .code(&pair.y);
        points.push(point.text(" (").name(&pair.why).text(")."));
    }
    for pair in profile.survival.iter().filter(|_| !told) {
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
    add_identities(profile, out);
}

/// How rows depend on each other, where the profile has it with its evidence.
fn structure_points(profile: &Profile) -> Vec<Line<Draft>> {
    let Some(structure) = &profile.structure else {
        return Vec::new();
    };
    let told = structure.parts().into_iter().filter_map(|(name, part)| {
        let (what, part) = (words::structure_part(name), part?);
        let mut point = text(what);
        if !part.columns.is_empty() {
            let columns = part.columns.iter().map(|column| line().code(column));
            point = point.text(" ").then(words::join_lines(columns, ""));
        }
        point = match &part.evidence {
            Some(evidence) => point.text(": ").name(evidence),
            None => point,
        };
        Some(point.text("."))
    });
    told.collect()
}

/// Relations that follow from how columns were made, and are no findings.
fn add_identities(profile: &Profile, out: &mut Blocks) {
    let told: Vec<Line<Draft>> = match profile.identities.is_empty() {
        false => {
            let told = profile.identities.iter().map(|identity| {
                let columns = identity.columns.iter().map(|column| line().code(column));
                words::join_lines(columns, "").text(": ").name(&identity.text)
            });
            told.collect()
        }
        true => {
            let told = profile.tautologies.iter().map(|pair| {
                line()
                    .code(&pair.x)
                    .text(" and ")
                    .code(&pair.y)
                    .text(": ")
                    .name(&pair.reason)
            });
            told.collect()
        }
    };
    if told.is_empty() {
        return;
    }
    out.push(paragraph(text(
        "By construction, because one column is made of the other or of the same; such pairs are left out of the tests:",
    )));
    out.push(Block::List(told));
}
