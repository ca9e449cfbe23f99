use super::catalogue::{KeyCatalogue, KeyKind};
use super::layer::Layer;
use super::{ConfigError, Environment, Origin};

/// Prefix of the variables that are settings.
const PREFIX: &str = "KOSMOS__";

/// Reads the settings among the variables.
pub(super) fn read_variables(environment: &Environment) -> Result<Layer, ConfigError> {
    let mut layer = Layer::default();
    for (name, value) in environment.variables() {
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
