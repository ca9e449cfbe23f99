use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;

use super::catalogue::Catalogue;
use super::{ConfigError, Origin, Settings};

/// The settings in force, and where each came from.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Resolved {
    /// The settings in force.
    pub settings: Settings,
    /// Where each value came from, by key. Keys that are not set are not in it.
    pub origins: BTreeMap<String, Origin>,
}

impl Resolved {
    /// The settings as TOML, with absolute paths and without secrets: what a run's `run.toml` holds. Read by
    /// [`super::Request::frozen`], it gives the same settings again.
    ///
    /// # Errors
    /// When a path is not UTF-8.
    pub fn to_toml(&self) -> Result<String, ConfigError> {
        toml::to_string(&self.settings).map_err(ConfigError::Write)
    }

    /// The settings as TOML, each key with its origin beside it in a comment, and the keys that are not set.
    ///
    /// # Errors
    /// When a path is not UTF-8.
    pub fn annotated(&self) -> Result<String, ConfigError> {
        let root = toml::Table::try_from(&self.settings).map_err(ConfigError::Write)?;
        let mut rows = Vec::new();
        self.section("", &root, &mut rows);
        Ok(align(&rows))
    }

    /// The keys of a section, then the sections within it.
    fn section(&self, prefix: &str, table: &toml::Table, rows: &mut Vec<Row>) {
        rows.extend(self.rows(prefix, table));
        for (name, value) in table {
            if let toml::Value::Table(inner) = value {
                let name = format!("{prefix}{name}");
                rows.push(Row::heading(&name));
                self.section(&format!("{name}."), inner, rows);
            }
        }
    }

    /// The keys right under `prefix`: those that are set, in the order of the settings, then the others.
    fn rows(&self, prefix: &str, table: &toml::Table) -> Vec<Row> {
        let set = table
            .iter()
            .filter(|(_, value)| !value.is_table())
            .map(|(name, value)| {
                let origin = self.origins.get(&format!("{prefix}{name}"));
                Row::new(
                    format!("{name} = {}", inline(value)),
                    origin.map(ToString::to_string).unwrap_or_default(),
                )
            });
        let unset = Catalogue::get()
            .keys()
            .filter_map(|key| key.strip_prefix(prefix))
            .filter(|name| !name.contains(['.', '[']) && !table.contains_key(*name))
            .map(|name| Row::new(format!("# {name}"), "not set".to_owned()));
        set.chain(unset).collect()
    }
}

/// A value on one line, which a text with line breaks is not as the TOML library writes it.
fn inline(value: &toml::Value) -> String {
    match value {
        toml::Value::String(text) if text.contains(char::is_control) => {
            let escaped = text.chars().fold(String::new(), |mut out, c| {
                match c {
                    '"' | '\\' => out.extend(['\\', c]),
                    c if c.is_control() => {
                        // Writing to a String can't fail.
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

/// The widest text that comments are lined up with; a longer one has its comment right behind it.
const WIDEST: usize = 40;

fn align(rows: &[Row]) -> String {
    let width = rows
        .iter()
        .map(|row| row.text.chars().count())
        .filter(|width| *width <= WIDEST)
        .max()
        .unwrap_or(0);
    rows.iter().fold(String::new(), |mut out, Row { text, comment }| {
        // Writing to a String can't fail.
        let _ = match comment.is_empty() {
            true => writeln!(out, "{text}"),
            false => writeln!(out, "{text:width$}  # {comment}"),
        };
        out
    })
}
