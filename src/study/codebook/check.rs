//! Checks what a codebook declares of a table against the table.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{CodebookColumn, CodebookTable};

/// The least likeness of a name that is suggested in the place of another.
const ALIKE: f64 = 0.75;

/// The declarations of a codebook about a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DeclaredTable {
    /// The codebook's file, as the user named it.
    pub codebook: String,
    /// The SHA-256 of that file.
    pub sha256: String,
    /// The table's entry.
    pub table: CodebookTable,
    /// The line of each of its columns in the file.
    pub lines: Vec<u64>,
    /// True for a list of codes: it may describe several tables at once, and codes that no row has.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_code_list: bool,
}

/// An entry of a codebook that the table contradicts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{codebook}, line {line}: {problem}")]
pub struct CodebookConflict {
    /// The codebook's file.
    pub codebook: String,
    /// The line of the column's entry.
    pub line: u64,
    /// `codebook_column` or `codebook_level`.
    pub code: &'static str,
    /// The fault, as a sentence without a point.
    pub problem: String,
}

impl DeclaredTable {
    /// The first entry that the table contradicts: a column that it does not have, or a level that no row has.
    /// `columns` are those of the table, each with the declared levels that do not occur; `elsewhere` says whether
    /// another table that the codebook describes has the column.
    pub fn find_conflict(
        &self,
        columns: &[(&str, &[String])],
        elsewhere: impl Fn(&str) -> bool,
    ) -> Option<CodebookConflict> {
        let mut entries = self.table.columns.iter().zip(&self.lines);
        entries.find_map(|(entry, line)| {
            let (code, problem) = self.find_fault(entry, columns, &elsewhere)?;
            let (codebook, line) = (self.codebook.clone(), *line);
            Some(CodebookConflict {
                codebook,
                line,
                code,
                problem,
            })
        })
    }

    fn find_fault(
        &self,
        entry: &CodebookColumn,
        columns: &[(&str, &[String])],
        elsewhere: impl Fn(&str) -> bool,
    ) -> Option<(&'static str, String)> {
        let table = &self.table.name;
        let Some((_, unseen)) = columns.iter().find(|(name, _)| *name == entry.name) else {
            if self.is_code_list && elsewhere(&entry.name) {
                return None;
            }
            let nearest = columns
                .iter()
                .map(|(name, _)| {
                    (
                        strsim::jaro_winkler(&name.to_lowercase(), &entry.name.to_lowercase()),
                        *name,
                    )
                })
                .filter(|(score, _)| *score >= ALIKE)
                .max_by(|a, b| a.0.total_cmp(&b.0));
            let nearest = nearest.map(|(_, name)| format!("; did you mean `{name}`?"));
            return Some((
                "codebook_column",
                format!(
                    "the table `{table}` has no column `{}`{}",
                    entry.name,
                    nearest.unwrap_or_default()
                ),
            ));
        };
        let unseen = unseen.first().filter(|_| !self.is_code_list)?;
        Some((
            "codebook_level",
            format!(
                "the column `{}` of `{table}` has the level `{unseen}` in no row",
                entry.name
            ),
        ))
    }
}
