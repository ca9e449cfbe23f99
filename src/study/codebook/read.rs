//! Reads a codebook strictly: an unknown key, type or role is an error with its line.

use std::collections::BTreeSet;

use toml::de::{DeTable, DeValue};

use super::{CODEBOOK_VERSION, Codebook, CodebookTable, ColumnRole};

/// Roles that one column of a table has at most.
const SINGLE_ROLES: [ColumnRole; 6] = [
    ColumnRole::Subject,
    ColumnRole::Time,
    ColumnRole::Event,
    ColumnRole::Duration,
    ColumnRole::Entry,
    ColumnRole::Weight,
];

/// Why a text is no codebook.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct CodebookSyntax {
    /// The line, counted from 1.
    pub line: u64,
    /// The entry at fault, such as `table[0].column[3].type`; none where it has no name.
    pub key: Option<String>,
    /// The fault.
    pub message: String,
}

/// The lines on which the tables and columns of a codebook begin, counted from 1.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TableLines {
    /// The table's.
    pub table: u64,
    /// Those of its columns.
    pub columns: Vec<u64>,
}

impl Codebook {
    /// Reads a codebook, with the lines of its tables.
    ///
    /// # Errors
    /// The first entry that is unknown, has an unknown value, or stands twice.
    pub fn parse(text: &str) -> Result<(Self, Vec<TableLines>), CodebookSyntax> {
        let located = |error: &toml::de::Error| CodebookSyntax {
            line: line_of(text, error.span().map_or(0, |span| span.start)),
            key: None,
            message: error.message().split_whitespace().collect::<Vec<_>>().join(" "),
        };
        let spans = DeTable::parse(text).map_err(|error| located(&error))?;
        let codebook: Self = toml::from_str(text).map_err(|error| located(&error))?;
        let lines = list_lines(spans.get_ref(), text);
        codebook.check_entries(&lines)?;
        Ok((codebook, lines))
    }

    fn check_entries(&self, lines: &[TableLines]) -> Result<(), CodebookSyntax> {
        if self.version != CODEBOOK_VERSION {
            return Err(CodebookSyntax {
                line: 1,
                key: Some("version".to_owned()),
                message: format!(
                    "version {} is not known; this is version {CODEBOOK_VERSION}",
                    self.version
                ),
            });
        }
        let mut names = BTreeSet::new();
        for (at, (table, lines)) in self.tables.iter().zip(lines).enumerate() {
            if table.name.trim().is_empty() || !names.insert(&table.name) {
                return Err(CodebookSyntax {
                    line: lines.table,
                    key: Some(format!("table[{at}].name")),
                    message: match table.name.trim() {
                        "" => "the table has no name".to_owned(),
                        name => format!("two tables are named `{name}`"),
                    },
                });
            }
            check_columns(table, at, lines)?;
        }
        Ok(())
    }
}

fn check_columns(table: &CodebookTable, at: usize, lines: &TableLines) -> Result<(), CodebookSyntax> {
    let (mut names, mut roles) = (BTreeSet::new(), BTreeSet::new());
    for (place, (column, line)) in table.columns.iter().zip(&lines.columns).enumerate() {
        let fault = |key: &str, message: String| {
            Err(CodebookSyntax {
                line: *line,
                key: Some(format!("table[{at}].column[{place}].{key}")),
                message,
            })
        };
        if !names.insert(&column.name) {
            return fault(
                "name",
                format!("two columns of `{}` are named `{}`", table.name, column.name),
            );
        }
        if let Some(role) = column.role.filter(|role| SINGLE_ROLES.contains(role))
            && !roles.insert(role)
        {
            return fault(
                "role",
                format!("two columns of `{}` have the role {}", table.name, role.name()),
            );
        }
        let mut codes = BTreeSet::new();
        if let Some(twice) = column.levels.iter().find(|level| !codes.insert(&level.code)) {
            return fault(
                "levels",
                format!("the level `{}` of `{}` stands twice", twice.code, column.name),
            );
        }
    }
    Ok(())
}

/// The lines of the tables and columns of a parsed codebook.
fn list_lines(root: &DeTable<'_>, text: &str) -> Vec<TableLines> {
    let Some(DeValue::Array(tables)) = find_entry(root, "table") else {
        return Vec::new();
    };
    let mut lines = Vec::new();
    for table in tables {
        let columns = match table.get_ref() {
            DeValue::Table(entries) => find_entry(entries, "column"),
            _ => None,
        };
        let columns = match columns {
            Some(DeValue::Array(columns)) => columns
                .iter()
                .map(|column| line_of(text, column.span().start))
                .collect(),
            _ => Vec::new(),
        };
        lines.push(TableLines {
            table: line_of(text, table.span().start),
            columns,
        });
    }
    lines
}

fn find_entry<'t, 'd>(table: &'t DeTable<'d>, name: &str) -> Option<&'t DeValue<'d>> {
    let mut entries = table.iter();
    let (_, value) = entries.find(|(key, _)| key.get_ref().as_ref() == name)?;
    Some(value.get_ref())
}

/// The line of a byte offset, counted from 1.
fn line_of(text: &str, offset: usize) -> u64 {
    text.get(..offset).unwrap_or(text).matches('\n').count() as u64 + 1
}
