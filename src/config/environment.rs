use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::catalogue::{KeyCatalogue, KeyKind};
use super::layer::Layer;
use super::{ConfigError, Origin};

/// Prefix of the variables that are settings.
const PREFIX: &str = "KOSMOS__";

/// The variables and the working folder of a process. Passed in, so that tests can use their own.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    variables: Vec<(OsString, OsString)>,
    working_folder: PathBuf,
}

impl Environment {
    /// The environment of this process.
    ///
    /// # Errors
    /// When the working folder has been removed or cannot be entered.
    pub fn of_process() -> Result<Self, ConfigError> {
        let working_folder = std::env::current_dir().map_err(ConfigError::WorkingFolder)?;
        Ok(Self::new(std::env::vars_os(), working_folder))
    }

    /// An environment with these variables and this working folder (absolute).
    pub fn new<K, V>(variables: impl IntoIterator<Item = (K, V)>, working_folder: impl Into<PathBuf>) -> Self
    where
        K: Into<OsString>,
        V: Into<OsString>,
    {
        let variables = variables
            .into_iter()
            .map(|(name, value)| (name.into(), value.into()))
            .collect();
        Self {
            variables,
            working_folder: working_folder.into(),
        }
    }

    /// The folder of relative paths.
    pub fn working_folder(&self) -> &Path {
        &self.working_folder
    }

    /// The value of a variable that is set and not empty.
    pub fn variable(&self, name: &str) -> Option<&OsString> {
        self.variables
            .iter()
            .find(|(n, value)| n == name && !value.is_empty())
            .map(|(_, value)| value)
    }

    /// The user's own folder for Kosmos: `$XDG_CONFIG_HOME/kosmos`, else `$HOME/.config/kosmos`.
    pub fn config_folder(&self) -> Option<PathBuf> {
        let xdg = self.variable("XDG_CONFIG_HOME").map(PathBuf::from);
        let home = || self.variable("HOME").map(|home| Path::new(home).join(".config"));
        xdg.or_else(home).map(|folder| folder.join("kosmos"))
    }

    /// The settings among the variables.
    pub(super) fn settings_layer(&self) -> Result<Layer, ConfigError> {
        let mut layer = Layer::default();
        for (name, value) in &self.variables {
            // A name that cannot be decoded is not a setting, and is refused if it has the prefix.
            let name = name.to_string_lossy().into_owned();
            let origin = Origin::Environment { variable: name.clone() };
            if let Some(nearest) = find_misspelt_key(&name) {
                let (key, nearest) = (name, Some(nearest.to_owned()));
                return Err(ConfigError::UnknownKey { key, origin, nearest });
            }
            let Some(rest) = name.strip_prefix(PREFIX) else {
                continue;
            };
            let text = value.to_str().ok_or_else(|| ConfigError::NotUnicode {
                what: format!("the value of {name}"),
                text: value.to_string_lossy().into_owned(),
            })?;
            let key = rest.split("__").collect::<Vec<_>>().join(".").to_lowercase();
            layer.add_text(&key, text, origin)?;
        }
        Ok(layer)
    }
}

/// The key that a variable with single underscores was meant for, such as `KOSMOS_BUDGET_CYCLES`. It is refused, since
/// its user would believe that it works.
fn find_misspelt_key(variable: &str) -> Option<&'static str> {
    let rest = variable.strip_prefix("KOSMOS_").filter(|rest| !rest.starts_with('_'))?;
    let name = rest.replace("__", "_").to_lowercase();
    KeyCatalogue::get().keys().find(|key| key.replace('.', "_") == name)
}

/// The variable that sets `key`.
pub(super) fn variable_of_key(key: &str) -> String {
    format!("{PREFIX}{}", key.to_uppercase().replace('.', "__"))
}

impl Layer {
    /// Adds a value given as text, by a flag or a variable.
    pub(super) fn add_text(&mut self, key: &str, text: &str, origin: Origin) -> Result<(), ConfigError> {
        match KeyCatalogue::get().kind(key) {
            Some(KeyKind::Section) => {
                let prefix = format!("{key}.");
                let example = KeyCatalogue::get().keys().find(|key| key.starts_with(&prefix));
                Err(ConfigError::Section {
                    key: key.to_owned(),
                    origin,
                    example: example.unwrap_or_default().to_owned(),
                })
            }
            Some(kind) => self.add(key, kind.read_text(text), origin),
            // A list is set as a whole, so a key within it is answered with the list.
            None => Err(ConfigError::UnknownKey {
                nearest: key
                    .split('[')
                    .next()
                    .and_then(|key| KeyCatalogue::get().nearest_key(key)),
                key: key.to_owned(),
                origin,
            }),
        }
    }
}
