use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use config::{Map, Source, Value, ValueKind};
use toml::de::{DeTable, DeValue};

use super::catalogue::{KeyCatalogue, KeyKind};
use super::{ConfigError, Origin};

/// One source of settings, checked against the catalogue: a file, the environment, or the flags.
#[derive(Debug, Clone, Default)]
pub(super) struct Layer {
    /// Value by dotted key. A list is one value.
    values: BTreeMap<String, toml::Value>,
    /// Place by dotted key, and by `data[0].path` for what is within a list.
    origins: BTreeMap<String, Origin>,
}

impl Layer {
    /// Reads the text of a file. Relative paths in it are relative to `base`.
    pub(super) fn from_toml(
        text: &str,
        file: &Path,
        origin: &Origin,
        base: Option<&Path>,
    ) -> Result<Self, ConfigError> {
        let syntax = |error: toml::de::Error| {
            let (line, column) = line_and_column(text, error.span().map_or(0, |span| span.start));
            ConfigError::Syntax {
                file: file.to_owned(),
                line,
                column,
                message: one_line(error.message()),
            }
        };
        let table: toml::Table = toml::from_str(text).map_err(syntax)?;
        let spans = DeTable::parse(text).map_err(syntax)?;
        let mut layer = Self::default();
        layer.note_lines("", spans.get_ref(), text, origin);
        layer.add_table("", table)?;
        if let Some(base) = base {
            layer.make_absolute(base)?;
        }
        Ok(layer)
    }

    /// Adds one value, from a flag or a variable.
    pub(super) fn add(&mut self, key: &str, value: toml::Value, origin: Origin) -> Result<(), ConfigError> {
        if let Some(first) = self.origins.insert(key.to_owned(), origin.clone()) {
            return Err(ConfigError::SetTwice {
                key: key.to_owned(),
                first,
                second: origin,
            });
        }
        self.add_value(key, value)
    }

    /// Makes the paths among the values absolute, with `base` as the folder of relative ones.
    pub(super) fn make_absolute(&mut self, base: &Path) -> Result<(), ConfigError> {
        let tables = self.values.get_mut("data").and_then(toml::Value::as_array_mut);
        for table in tables.into_iter().flatten() {
            for key in ["path", "codebook"] {
                // A blank path is refused later, by the check of ranges.
                if let Some(toml::Value::String(path)) = table.get_mut(key)
                    && !path.trim().is_empty()
                {
                    *path = absolute_path(base, path)?;
                }
            }
        }
        // A name without a folder is looked up in PATH.
        if let Some(toml::Value::String(python)) = self.values.get_mut("sandbox.python")
            && python.contains(std::path::MAIN_SEPARATOR)
        {
            *python = absolute_path(base, python)?;
        }
        if let Some(toml::Value::String(prices)) = self.values.get_mut("llm.prices")
            && !prices.trim().is_empty()
        {
            *prices = absolute_path(base, prices)?;
        }
        Ok(())
    }

    /// Gives what is set under another name of `key` to the key itself.
    ///
    /// # Errors
    /// When both are set, to different values.
    pub(super) fn take_alias(&mut self, alias: &str, key: &str) -> Result<(), ConfigError> {
        let Some(value) = self.values.remove(alias) else {
            return Ok(());
        };
        let origin = self.origins.remove(alias).unwrap_or(Origin::Default);
        match self.values.get(key) {
            Some(first) if *first != value => Err(ConfigError::Invalid {
                reason: format!("`{key}` is another name of it, and is {first} here").into(),
                remedy: Some(format!("set one of `{key}` and `{alias}`").into()),
                key: alias.to_owned(),
                value: one_line(&value.to_string()).into(),
                origin,
            }),
            Some(_) => Ok(()),
            None => {
                self.values.insert(key.to_owned(), value);
                self.origins.insert(key.to_owned(), origin);
                Ok(())
            }
        }
    }

    /// The place that sets `key` or, failing that, the list that contains it.
    pub(super) fn origin(&self, key: &str) -> Option<&Origin> {
        let list = || key.split('[').next().filter(|list| *list != key);
        self.origins.get(key).or_else(|| self.origins.get(list()?))
    }

    /// The value of `key`, if this layer sets it.
    pub(super) fn value(&self, key: &str) -> Option<&toml::Value> {
        self.values.get(key)
    }

    /// The keys under `prefix` that this layer sets.
    pub(super) fn keys_under<'l>(&'l self, prefix: &'l str) -> impl Iterator<Item = &'l str> {
        let keys = self.values.keys().map(String::as_str);
        keys.filter(move |key| key.starts_with(prefix))
    }

    fn note_lines(&mut self, prefix: &str, table: &DeTable<'_>, text: &str, origin: &Origin) {
        for (name, value) in table {
            let key = format!("{prefix}{}", name.get_ref());
            let (line, _) = line_and_column(text, name.span().start);
            self.origins.insert(key.clone(), origin.at_line(Some(line)));
            match value.get_ref() {
                DeValue::Table(table) => self.note_lines(&format!("{key}."), table, text, origin),
                DeValue::Array(array) => {
                    for (index, element) in array.iter().enumerate() {
                        let (line, _) = line_and_column(text, element.span().start);
                        let element_key = format!("{key}[{index}]");
                        self.origins.insert(element_key.clone(), origin.at_line(Some(line)));
                        if let DeValue::Table(table) = element.get_ref() {
                            self.note_lines(&format!("{element_key}."), table, text, origin);
                        }
                    }
                }
                _ => {}
            }
        }
    }

    fn add_table(&mut self, prefix: &str, table: toml::Table) -> Result<(), ConfigError> {
        for (name, value) in table {
            let key = format!("{prefix}{name}");
            if name.contains(['.', '[']) {
                // A quoted name can hold a dot, and would be read as another key once joined.
                return Err(self.unknown_key(&key));
            }
            self.add_value(&key, value)?;
        }
        Ok(())
    }

    fn add_value(&mut self, key: &str, value: toml::Value) -> Result<(), ConfigError> {
        let catalogue = KeyCatalogue::get();
        let Some(kind) = catalogue.kind(key) else {
            return Err(self.unknown_key(key));
        };
        if !kind.accepts(&value) {
            return Err(self.invalid_value(key, &value, kind));
        }
        match (kind, value) {
            (KeyKind::Section | KeyKind::Open, toml::Value::Table(table)) => self.add_table(&format!("{key}."), table),
            (KeyKind::Tables, toml::Value::Array(elements)) => {
                for (index, element) in elements.iter().filter_map(toml::Value::as_table).enumerate() {
                    self.check_element(key, index, element)?;
                }
                self.values.insert(key.to_owned(), toml::Value::Array(elements));
                Ok(())
            }
            (_, value) => {
                self.values.insert(key.to_owned(), value);
                Ok(())
            }
        }
    }

    fn check_element(&self, key: &str, index: usize, element: &toml::Table) -> Result<(), ConfigError> {
        for (name, value) in element {
            let place = format!("{key}[{index}].{name}");
            match KeyCatalogue::get().element_kind(key, name) {
                None => return Err(self.unknown_key(&place)),
                Some(kind) if !kind.accepts(value) => return Err(self.invalid_value(&place, value, kind)),
                Some(_) => {}
            }
        }
        let needed: &[&str] = if key == "join" {
            &["left", "right", "on"]
        } else {
            &["path"]
        };
        let Some(missing) = needed.iter().find(|name| !element.contains_key(**name)) else {
            return Ok(());
        };
        let (reason, remedy) = match key {
            "join" => ("it is no join of two tables", format!("add `{missing}`")),
            _ => ("it names no file", "add a path".to_owned()),
        };
        let key = format!("{key}[{index}]");
        Err(ConfigError::Invalid {
            value: one_line(&toml::Value::Table(element.clone()).to_string()).into(),
            reason: reason.into(),
            remedy: Some(remedy.into()),
            origin: self.place_of_key(&key),
            key,
        })
    }

    fn unknown_key(&self, key: &str) -> ConfigError {
        let catalogue = KeyCatalogue::get();
        let element = key
            .split_once('[')
            .and_then(|(list, rest)| Some((list, rest.split_once(']')?)));
        let nearest = match element {
            // `data[3].pth` is looked up as `data[].pth`.
            Some((list, (index, name))) => catalogue
                .nearest_key(&format!("{list}[]{name}"))
                .map(|nearest| nearest.replace("[]", &format!("[{index}]"))),
            None => catalogue.nearest_key(key),
        };
        ConfigError::UnknownKey {
            key: key.to_owned(),
            origin: self.place_of_key(key),
            nearest,
        }
    }

    fn invalid_value(&self, key: &str, value: &toml::Value, kind: &KeyKind) -> ConfigError {
        ConfigError::Invalid {
            key: key.to_owned(),
            value: one_line(&value.to_string()).into(),
            reason: format!("it must be {}", kind.describe_expected()).into(),
            remedy: None,
            origin: self.place_of_key(key),
        }
    }

    fn place_of_key(&self, key: &str) -> Origin {
        self.origin(key).cloned().unwrap_or(Origin::Default)
    }
}

impl Source for Layer {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, config::ConfigError> {
        Ok(self
            .values
            .iter()
            .map(|(key, value)| (key.clone(), Value::new(None, to_kind(value))))
            .collect())
    }
}

fn to_kind(value: &toml::Value) -> ValueKind {
    let wrap = |value: &toml::Value| Value::new(None, to_kind(value));
    match value {
        toml::Value::String(text) => ValueKind::String(text.clone()),
        toml::Value::Integer(number) => ValueKind::I64(*number),
        toml::Value::Float(number) => ValueKind::Float(*number),
        toml::Value::Boolean(yes) => ValueKind::Boolean(*yes),
        // No kind accepts one.
        toml::Value::Datetime(_) => ValueKind::Nil,
        toml::Value::Array(values) => ValueKind::Array(values.iter().map(wrap).collect()),
        toml::Value::Table(table) => {
            ValueKind::Table(table.iter().map(|(key, value)| (key.clone(), wrap(value))).collect())
        }
    }
}

/// Collecting the components drops `.`; `..` stays, since its meaning depends on symbolic links.
fn absolute_path(base: &Path, path: &str) -> Result<String, ConfigError> {
    let path: PathBuf = base.join(path).components().collect();
    path.into_os_string()
        .into_string()
        .map_err(|text| ConfigError::NotUnicode {
            what: "the folder of relative paths".to_owned(),
            text: text.to_string_lossy().into_owned(),
        })
}

/// Line and column, from 1, of a byte offset.
fn line_and_column(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let column = before.get(line_start..).map_or(0, |rest| rest.chars().count());
    (before.matches('\n').count() + 1, column + 1)
}

/// The text on one line, as messages are.
pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
