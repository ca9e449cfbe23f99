use std::path::{Path, PathBuf};

use super::layer::Layer;
use super::{ConfigError, Origin};

/// Settings given by flags. Each key may be given once.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    layer: Layer,
}

impl Overrides {
    /// Adds `--set section.key=value`. The value is TOML, except that a string needs no quotes.
    ///
    /// # Errors
    /// When there is no `=`, the key is unknown, or the value is invalid.
    pub fn add_assignment(&mut self, assignment: &str) -> Result<(), ConfigError> {
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

    /// Adds the text of a dedicated flag.
    ///
    /// # Errors
    /// When the key has been set already.
    pub fn add_text(&mut self, flag: &str, key: &str, text: &str) -> Result<(), ConfigError> {
        self.layer.add(
            key,
            toml::Value::String(text.to_owned()),
            Origin::Flag { flag: flag.to_owned() },
        )
    }

    /// Adds the texts of a dedicated flag that may be repeated; nothing if there are none.
    ///
    /// # Errors
    /// When the key has been set already.
    pub fn add_texts(&mut self, flag: &str, key: &str, texts: &[String]) -> Result<(), ConfigError> {
        if texts.is_empty() {
            return Ok(());
        }
        let texts = texts.iter().cloned().map(toml::Value::String).collect();
        let origin = Origin::Flag { flag: flag.to_owned() };
        self.layer.add(key, toml::Value::Array(texts), origin)
    }

    /// Adds `true`, which a dedicated flag stands for.
    ///
    /// # Errors
    /// When the key has been given already, or does not exist.
    pub fn add_true(&mut self, flag: &str, key: &str) -> Result<(), ConfigError> {
        let origin = Origin::Flag { flag: flag.to_owned() };
        self.layer.add(key, toml::Value::Boolean(true), origin)
    }

    /// Adds a value that a command implies, unless a flag sets another.
    ///
    /// # Errors
    /// When the key does not take the text.
    pub fn add_implied(&mut self, command: &str, key: &str, text: &str) -> Result<(), ConfigError> {
        match self.layer.value(key) {
            Some(_) => Ok(()),
            None => self.add_text(command, key, text),
        }
    }

    /// Adds the number of a dedicated flag.
    ///
    /// # Errors
    /// When the key has been given already, or the number does not fit it.
    pub fn add_number(&mut self, flag: &str, key: &str, number: u64) -> Result<(), ConfigError> {
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
    pub fn add_data(&mut self, paths: &[PathBuf]) -> Result<(), ConfigError> {
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
