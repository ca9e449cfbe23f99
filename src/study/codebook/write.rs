//! Writes a codebook as TOML that a person can edit: one line for each fact, levels as inline tables.

use std::fmt::Write as _;

use super::{Codebook, CodebookColumn, CodebookLevel, CodebookTable};
use crate::study::StructurePart;

/// The comment at the head of a codebook that is written.
const HEAD: &str = "\
# How each table was read. Correct what is wrong and hand the file back: kosmos run --codebook FILE ...
# What stands here then wins over what the values look like; a line that is left out is inferred again.
# Roles: outcome, exposure, covariate, subject, cluster, time, place, event, duration, entry, at_risk, weight,
# assigned, ignore. Types: number, count, proportion, ordered, category, binary, date, datetime, duration, period,
# identifier, text. Levels of an `ordered` column stand from low to high; `missing = true` marks a code for a
# missing value.
";

impl Codebook {
    /// The codebook as TOML. [`Codebook::parse`] reads the same codebook from it.
    pub fn to_toml(&self) -> String {
        let mut out = format!("{HEAD}version = {}\n", self.version);
        for table in &self.tables {
            write_table(&mut out, table);
        }
        out
    }
}

fn write_table(out: &mut String, table: &CodebookTable) {
    out.push_str("\n[[table]]\n");
    write_text(out, "name", Some(&table.name));
    write_text(out, "file", table.file.as_deref());
    write_text(out, "sha256", table.sha256.as_deref());
    write_text(out, "sheet", table.sheet.as_deref());
    write_value(out, "header_row", table.header_row);
    write_value(out, "skip", table.skip);
    let set_aside = table.set_aside.iter().map(|part| {
        let first = part
            .first_row
            .map(|row| format!("first_row = {row}, "))
            .unwrap_or_default();
        let (what, reason) = (quote(&part.what), quote(&part.reason));
        format!("{{ what = {what}, {first}rows = {}, reason = {reason} }}", part.rows)
    });
    write_list(out, "set_aside", set_aside.collect());
    for column in &table.columns {
        write_column(out, column);
    }
    if table.structure.is_empty() {
        return;
    }
    out.push_str("\n[table.structure]\n");
    for (name, part) in table.structure.parts() {
        if let Some(part) = part {
            write_value(out, name, Some(describe_part(part)));
        }
    }
}

fn write_column(out: &mut String, column: &CodebookColumn) {
    out.push_str("\n[[table.column]]\n");
    write_text(out, "name", Some(&column.name));
    write_text(out, "label", column.label.as_deref());
    write_text(out, "description", column.description.as_deref());
    write_text(out, "type", column.value_type.map(|of| of.name()));
    write_text(out, "unit", column.unit.as_deref());
    write_list(out, "levels", column.levels.iter().map(describe_level).collect());
    if let Some(limits) = &column.limits {
        let sides = [("below", &limits.below), ("above", &limits.above)];
        let sides = sides.iter().filter(|(_, values)| !values.is_empty());
        let sides: Vec<String> = sides
            .map(|(side, values)| {
                let values: Vec<String> = values.iter().map(|value| float(*value)).collect();
                format!("{side} = [{}]", values.join(", "))
            })
            .collect();
        write_value(out, "limits", Some(inline(&sides)));
    }
    write_text(out, "role", column.role.map(|role| role.name()));
    write_text(out, "source", column.source.map(|source| source.name()));
    write_value(out, "sure", column.sure.map(float));
}

fn describe_level(level: &CodebookLevel) -> String {
    let mut parts = vec![format!("code = {}", quote(&level.code))];
    parts.extend(level.label.as_ref().map(|label| format!("label = {}", quote(label))));
    parts.extend(level.missing.then(|| "missing = true".to_owned()));
    inline(&parts)
}

fn describe_part(part: &StructurePart) -> String {
    let columns: Vec<String> = part.columns.iter().map(|column| quote(column)).collect();
    let mut parts = vec![
        format!("columns = [{}]", columns.join(", ")),
        format!("source = {}", quote(part.source.name())),
    ];
    parts.extend(
        part.evidence
            .as_ref()
            .map(|evidence| format!("evidence = {}", quote(evidence))),
    );
    parts.extend(part.sure.map(|sure| format!("sure = {}", float(sure))));
    inline(&parts)
}

fn inline(parts: &[String]) -> String {
    match parts.is_empty() {
        true => "{}".to_owned(),
        false => format!("{{ {} }}", parts.join(", ")),
    }
}

fn write_text(out: &mut String, key: &str, text: Option<&str>) {
    write_value(out, key, text.map(quote));
}

fn write_value(out: &mut String, key: &str, value: Option<impl std::fmt::Display>) {
    if let Some(value) = value {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "{key} = {value}");
    }
}

/// A list with one element on a line.
fn write_list(out: &mut String, key: &str, elements: Vec<String>) {
    if !elements.is_empty() {
        let lines: String = elements.iter().map(|element| format!("  {element},\n")).collect();
        write_value(out, key, Some(format!("[\n{lines}]")));
    }
}

/// A text as a TOML string on one line.
fn quote(text: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            letter if letter.is_control() => {
                let _ = write!(quoted, "\\u{:04X}", u32::from(letter));
            }
            letter => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}

fn float(value: f64) -> String {
    toml::Value::Float(value).to_string()
}
