use std::path::{Path, PathBuf};

use super::layer::Layer;
use super::{ConfigError, Origin};

/// Settings given by flags. Each key may be given once.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    layer: Layer,
}

impl Overrides {
    /// `--set section.key=value`. The value is TOML, except that a text needs no quotes.
    ///
    /// # Errors
    /// When there is no `=`, no such key, or the value is not what the key takes.
    pub fn set(&mut self, assignment: &str) -> Result<(), ConfigError> {
        let (key, text) = assignment
            .split_once('=')
            .map(|(key, text)| (key.trim(), text))
            .filter(|(key, _)| !key.is_empty())
            .ok_or_else(|| ConfigError::SetSyntax {
                text: assignment.to_owned(),
            })?;
        self.layer.add_text(
            key,
            text,
            Origin::Flag {
                flag: "--set".to_owned(),
            },
        )
    }

    /// A flag of its own, whose text is the value of a key that takes a text.
    ///
    /// # Errors
    /// When the key has been given already.
    pub fn text(&mut self, flag: &str, key: &str, text: &str) -> Result<(), ConfigError> {
        self.layer.add(
            key,
            toml::Value::String(text.to_owned()),
            Origin::Flag { flag: flag.to_owned() },
        )
    }

    /// What a command implies: it holds unless a flag says otherwise.
    ///
    /// # Errors
    /// When the key does not take the text.
    pub fn imply(&mut self, command: &str, key: &str, text: &str) -> Result<(), ConfigError> {
        match self.layer.value(key) {
            Some(_) => Ok(()),
            None => self.text(command, key, text),
        }
    }

    /// A flag of its own for a key that takes a whole number.
    ///
    /// # Errors
    /// When the key has been given already, or the number does not fit it.
    pub fn number(&mut self, flag: &str, key: &str, number: u64) -> Result<(), ConfigError> {
        let origin = Origin::Flag { flag: flag.to_owned() };
        // What does not fit a TOML integer is refused as a text, which shows it as it was given.
        let value =
            i64::try_from(number).map_or_else(|_| toml::Value::String(number.to_string()), toml::Value::Integer);
        self.layer.add(key, value, origin)
    }

    /// `--data FILE`, as often as given; replaces the tables of the run file.
    ///
    /// # Errors
    /// When a path is not UTF-8, or `--set data=...` has been given too.
    pub fn data(&mut self, paths: &[PathBuf]) -> Result<(), ConfigError> {
        if paths.is_empty() {
            return Ok(());
        }
        let table = |path: &PathBuf| {
            let text = path.to_str().ok_or_else(|| ConfigError::NotUnicode {
                what: "the path given by --data".to_owned(),
                text: path.display().to_string(),
            })?;
            Ok(toml::Value::Table(
                [("path".to_owned(), text.into())].into_iter().collect(),
            ))
        };
        let tables = paths.iter().map(table).collect::<Result<_, ConfigError>>()?;
        self.layer.add(
            "data",
            toml::Value::Array(tables),
            Origin::Flag {
                flag: "--data".to_owned(),
            },
        )
    }

    pub(super) fn into_layer(mut self, working_folder: &Path) -> Result<Layer, ConfigError> {
        self.layer.make_absolute(working_folder)?;
        Ok(self.layer)
    }
}
