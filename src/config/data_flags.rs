//! Flags that say how tables are read, for the tables that are given wherever.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{ConfigError, DataSource, Origin};

/// Flags about the tables of a run: `--codebook` of all, `--sheet` and `--header` of the only one.
#[derive(Debug, Clone, Default)]
pub struct DataFlags {
    /// A codebook of the tables.
    pub codebook: Option<PathBuf>,
    /// The sheet of a workbook or the table of a database.
    pub sheet: Option<String>,
    /// The line of the columns' names.
    pub header: Option<u32>,
}

impl DataFlags {
    /// Sets what the flags say in `data`, and adds where it came from to `origins`.
    ///
    /// # Errors
    /// When a flag speaks of one table and there are several.
    pub(super) fn apply(
        &self,
        data: &mut [DataSource],
        working_folder: &Path,
        origins: &mut BTreeMap<String, Origin>,
    ) -> Result<(), ConfigError> {
        let several = data.len() > 1;
        let flags = [
            ("--sheet", "sheet", self.sheet.clone()),
            ("--header", "header", self.header.map(|line| line.to_string())),
        ];
        for (flag, key, value) in flags {
            let Some(value) = value else { continue };
            let origin = Origin::Flag { flag: flag.to_owned() };
            if several {
                return Err(ConfigError::Invalid {
                    key: format!("data.{key}"),
                    value: value.into(),
                    reason: format!("{flag} is of one table, and there are {}", data.len()).into(),
                    remedy: Some(format!("set `{key}` in the [[data]] sections of a run file").into()),
                    origin,
                });
            }
            origins.insert(format!("data[0].{key}"), origin);
        }
        for (index, source) in data.iter_mut().enumerate() {
            if let Some(codebook) = &self.codebook {
                source.codebook = Some(working_folder.join(codebook).components().collect());
                let flag = "--codebook".to_owned();
                origins.insert(format!("data[{index}].codebook"), Origin::Flag { flag });
            }
            source.sheet = self.sheet.clone().or(source.sheet.take());
            source.header = self.header.or(source.header);
        }
        Ok(())
    }
}
