use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A table to analyse.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DataSource {
    /// The file, relative to the file that names it, or to the working folder if a flag or a variable names it.
    /// Absolute once resolved.
    pub path: PathBuf,
    /// The table's name in reports. Unset: the file's name without its last extension.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How the file is read.
    #[serde(default)]
    pub format: DataFormat,
    /// The sheet of a workbook or the table of a database: its name, or its number in quotes, counted from 1. Unset:
    /// the one that fits best.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sheet: Option<String>,
    /// The line or row of the columns' names, counted from 1; 0 if there are no names. Unset: found by the reader.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<u32>,
    /// Lines or rows to skip at the beginning. Unset: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skip: Option<u32>,
    /// A codebook, or a list of codes with the columns `column, code, meaning`. Relative as `path`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub codebook: Option<PathBuf>,
    /// Description of the table. A line `NAME: TEXT` describes the column of that name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

impl DataSource {
    /// The table in the file at `path`, with nothing declared.
    pub fn of_file(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            name: None,
            format: DataFormat::default(),
            sheet: None,
            header: None,
            skip: None,
            codebook: None,
            description: None,
        }
    }

    /// The table's name: as set, or the file's name without its last extension.
    pub fn display_name(&self) -> String {
        self.name.clone().unwrap_or_else(|| {
            self.path
                .file_stem()
                .unwrap_or(self.path.as_os_str())
                .to_string_lossy()
                .into_owned()
        })
    }
}

/// How a data file is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DataFormat {
    /// By the file's extension.
    #[default]
    Auto,
    /// Comma-separated values.
    Csv,
    /// Tab-separated values.
    Tsv,
    /// Apache Parquet.
    Parquet,
    /// One JSON object per line.
    Jsonl,
    /// A spreadsheet (`.xlsx`), its first sheet.
    Excel,
}
