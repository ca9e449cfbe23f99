use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;

use super::catalogue::KeyCatalogue;
use super::request::ALIAS;
use super::{ConfigError, Origin, Settings};

/// The settings in force, and where each came from.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Resolved {
    /// The settings in force.
    pub settings: Settings,
    /// The origin of each value, by key. Keys that are not set are left out.
    pub origins: BTreeMap<String, Origin>,
}

impl Resolved {
    /// The settings as TOML, with absolute paths and without secrets: the contents of a run's `run.toml`.
    /// [`super::Request::frozen`] reads the same settings from it.
    ///
    /// # Errors
    /// When a path is not UTF-8.
    pub fn to_toml(&self) -> Result<String, ConfigError> {
        toml::to_string(&self.settings).map_err(ConfigError::Write)
    }

    /// The settings as TOML, each key with its origin in a comment, and the keys that are not set.
    ///
    /// # Errors
    /// When a path is not UTF-8.
    pub fn to_annotated_toml(&self) -> Result<String, ConfigError> {
        let root = toml::Table::try_from(&self.settings).map_err(ConfigError::Write)?;
        let mut rows = Vec::new();
        self.add_section("", &root, &mut rows);
        Ok(align_comments(&rows))
    }

    /// The keys of a section, then the sections within it.
    fn add_section(&self, prefix: &str, table: &toml::Table, rows: &mut Vec<Row>) {
        rows.extend(self.section_rows(prefix, table));
        for (name, value) in table {
            if let toml::Value::Table(inner) = value {
                let name = format!("{prefix}{name}");
                rows.push(Row::heading(&name));
                self.add_section(&format!("{name}."), inner, rows);
            }
        }
    }

    /// The keys directly under `prefix`: those that are set, in the order of the settings, then the others.
    fn section_rows(&self, prefix: &str, table: &toml::Table) -> Vec<Row> {
        let set = table
            .iter()
            .filter(|(_, value)| !value.is_table())
            .map(|(name, value)| {
                let origin = self.origins.get(&format!("{prefix}{name}"));
                Row::new(
                    format!("{name} = {}", value_on_one_line(value)),
                    origin.map(ToString::to_string).unwrap_or_default(),
                )
            });
        let unset = KeyCatalogue::get()
            .keys()
            .filter_map(|key| key.strip_prefix(prefix))
            .filter(|name| !name.contains(['.', '[']) && !table.contains_key(*name) && *name != ALIAS.0)
            .map(|name| Row::new(format!("# {name}"), "not set".to_owned()));
        set.chain(unset).collect()
    }
}

/// A value on one line; the TOML library would write a string with line breaks on several.
fn value_on_one_line(value: &toml::Value) -> String {
    match value {
        toml::Value::String(text) if text.contains(char::is_control) => {
            let escaped = text.chars().fold(String::new(), |mut out, c| {
                match c {
                    '"' | '\\' => out.extend(['\\', c]),
                    c if c.is_control() => {
                        // Writing to a String cannot fail.
                        let _ = write!(out, "\\u{:04X}", u32::from(c));
                    }
                    c => out.push(c),
                }
                out
            });
            format!("\"{escaped}\"")
        }
        value => value.to_string(),
    }
}

struct Row {
    text: String,
    comment: String,
}

impl Row {
    fn new(text: String, comment: String) -> Self {
        Self { text, comment }
    }

    fn heading(section: &str) -> Self {
        Self::new(format!("\n[{section}]"), String::new())
    }
}

/// Widest text that comments are aligned with; a longer one has its comment directly after it.
const WIDEST: usize = 40;

fn align_comments(rows: &[Row]) -> String {
    let width = rows
        .iter()
        .map(|row| row.text.chars().count())
        .filter(|width| *width <= WIDEST)
        .max()
        .unwrap_or(0);
    rows.iter().fold(String::new(), |mut out, Row { text, comment }| {
        // Writing to a String cannot fail.
        let _ = match comment.is_empty() {
            true => writeln!(out, "{text}"),
            false => writeln!(out, "{text:width$}  # {comment}"),
        };
        out
    })
}
