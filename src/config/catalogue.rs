use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::Value;

use super::{ByteSize, HumanDuration, Settings};

/// The known keys, read from the schema of [`Settings`], so that there is no second list to maintain.
pub(super) struct KeyCatalogue {
    keys: BTreeMap<String, KeyKind>,
}

/// The kind of values that a key takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum KeyKind {
    /// A string; in a flag or a variable it needs no quotes.
    Text,
    /// One of a few names.
    Choice(Vec<String>),
    /// A duration.
    Duration,
    /// A number of bytes.
    Size,
    /// An integer from 0 to this maximum.
    Integer(i64),
    /// A number.
    Number,
    /// True or false.
    Boolean,
    /// A list of strings.
    Texts,
    /// A list of pairs of strings.
    Pairs,
    /// A list of tables, whose keys are listed under `key[].`.
    Tables,
    /// A section of other keys.
    Section,
    /// A section of sections with names of the user's choice, whose keys their reader checks.
    Open,
    /// Any value, for a key in such a section.
    Any,
}

static CATALOGUE: LazyLock<KeyCatalogue> = LazyLock::new(|| {
    let mut catalogue = KeyCatalogue { keys: BTreeMap::new() };
    catalogue.add_properties("", Settings::schema().as_value());
    catalogue
});

impl KeyCatalogue {
    /// The catalogue of this version's keys.
    pub(super) fn get() -> &'static Self {
        &CATALOGUE
    }

    fn add_properties(&mut self, prefix: &str, schema: &Value) {
        let properties = schema.get("properties").and_then(Value::as_object);
        for (name, property) in properties.into_iter().flatten() {
            let key = format!("{prefix}{name}");
            let kind = KeyKind::of_property(property);
            match &kind {
                KeyKind::Section => self.add_properties(&format!("{key}."), property),
                KeyKind::Tables => {
                    let items = property.get("items").unwrap_or(&Value::Null);
                    self.add_properties(&format!("{key}[]."), items);
                }
                _ => {}
            }
            self.keys.insert(key, kind);
        }
    }

    /// The kind of `key`; none if it is unknown.
    pub(super) fn kind(&self, key: &str) -> Option<&KeyKind> {
        let known = self.keys.get(key).filter(|_| !is_element(key));
        known.or_else(|| self.kind_of_named(key))
    }

    /// The kind of a key under a name of the user's choice, such as `agents.skeptic.enabled`.
    fn kind_of_named(&self, key: &str) -> Option<&'static KeyKind> {
        let (section, rest) = key.split_once('.')?;
        if self.keys.get(section) != Some(&KeyKind::Open) {
            return None;
        }
        match rest.split_once('.') {
            None => is_name(rest).then_some(&KeyKind::Section),
            Some((name, _)) => is_name(name).then_some(&KeyKind::Any),
        }
    }

    /// The kind of `name` in the tables of `list`; none if it is unknown.
    pub(super) fn element_kind(&self, list: &str, name: &str) -> Option<&KeyKind> {
        self.keys.get(&format!("{list}[].{name}"))
    }

    /// The keys that take a value, in alphabetical order.
    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        self.keys
            .iter()
            .filter(|(_, kind)| !matches!(kind, KeyKind::Section | KeyKind::Open))
            .map(|(key, _)| key.as_str())
    }

    /// The known key nearest to `unknown`: the same name in another section, or a similar spelling. Keys of tables in
    /// a list are written `data[].path`.
    pub(super) fn nearest_key(&self, unknown: &str) -> Option<String> {
        let last = |key: &str| key.rsplit('.').next().unwrap_or(key).to_owned();
        let name = last(unknown);
        let alike = |key: &&str| is_element(key) == is_element(unknown);
        let misplaced = self.keys().filter(alike).find(|key| last(key) == name);
        misplaced.map(ToOwned::to_owned).or_else(|| {
            self.keys
                .keys()
                .map(String::as_str)
                .filter(alike)
                .map(|key| {
                    let whole = strsim::jaro_winkler(key, unknown);
                    // The last part counts more than a long section name that matches.
                    let part = strsim::normalized_damerau_levenshtein(&last(key), &name);
                    (whole.mul_add(0.4, part * 0.6), key)
                })
                .filter(|(score, _)| *score >= 0.6)
                .max_by(|a, b| a.0.total_cmp(&b.0))
                .map(|(_, key)| key.to_owned())
        })
    }
}

impl KeyKind {
    fn of_property(property: &Value) -> Self {
        let types = |name: &str| match property.get("type") {
            Some(Value::String(one)) => one == name,
            Some(Value::Array(several)) => several.iter().any(|one| one == name),
            _ => false,
        };
        let choices = list_choices(property);
        if !choices.is_empty() {
            return Self::Choice(choices);
        }
        match property.get("format").and_then(Value::as_str) {
            Some("duration") => return Self::Duration,
            Some("byte-size") => return Self::Size,
            _ => {}
        }
        let has_tables = || {
            property
                .get("items")
                .is_some_and(|items| items.get("properties").is_some())
        };
        let has_lists = || {
            let items = property.get("items").and_then(|items| items.get("type"));
            items.is_some_and(|kind| kind == "array")
        };
        match () {
            () if property.get("properties").is_some() => Self::Section,
            () if types("object") => Self::Open,
            () if types("array") && has_tables() => Self::Tables,
            () if types("array") && has_lists() => Self::Pairs,
            () if types("array") => Self::Texts,
            () if types("integer") => Self::Integer(greatest_integer(property)),
            () if types("number") => Self::Number,
            () if types("boolean") => Self::Boolean,
            () => Self::Text,
        }
    }

    /// Returns true if `value` is of this kind. Elements of a list of tables are checked by their own keys.
    pub(super) fn accepts(&self, value: &toml::Value) -> bool {
        use toml::Value as V;
        match (self, value) {
            (Self::Text, V::String(_)) | (Self::Boolean, V::Boolean(_)) => true,
            (Self::Number, V::Float(_) | V::Integer(_)) => true,
            (Self::Choice(names), V::String(text)) => names.contains(text),
            (Self::Duration, V::String(text)) => text.parse::<HumanDuration>().is_ok(),
            (Self::Size, V::String(text)) => text.parse::<ByteSize>().is_ok(),
            (Self::Integer(greatest), V::Integer(number)) => (0..=*greatest).contains(number),
            (Self::Texts, V::Array(values)) => values.iter().all(V::is_str),
            (Self::Pairs, V::Array(values)) => values.iter().all(is_pair),
            (Self::Tables, V::Array(values)) => values.iter().all(V::is_table),
            (Self::Section | Self::Open, V::Table(_)) => true,
            (Self::Any, value) => !value.is_datetime(),
            _ => false,
        }
    }

    /// Reads a text from a flag or a variable: TOML, except that a string needs no quotes. Invalid TOML stays a
    /// string, which [`KeyKind::accepts`] refuses.
    pub(super) fn read_text(&self, text: &str) -> toml::Value {
        let plain = || toml::Value::String(text.to_owned());
        let Ok(value) = text.trim().parse::<toml::Value>() else {
            return plain();
        };
        let quoted = value.is_str();
        match self {
            Self::Text | Self::Choice(_) | Self::Duration | Self::Size if !quoted => plain(),
            _ => value,
        }
    }

    /// The kind as a phrase for error messages, such as `a number`.
    pub(super) fn describe_expected(&self) -> String {
        match self {
            Self::Text => "a string".to_owned(),
            Self::Choice(names) => {
                let quoted: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
                match quoted.as_slice() {
                    [only] => only.clone(),
                    _ => format!("one of {}", quoted.join(", ")),
                }
            }
            Self::Duration => "a duration such as \"90s\" or \"30m\"".to_owned(),
            Self::Size => "a size such as \"512MiB\" or \"2GiB\"".to_owned(),
            Self::Integer(i64::MAX) => "an integer from 0 to 2^63 - 1".to_owned(),
            Self::Integer(greatest) => format!("an integer from 0 to {greatest}"),
            Self::Number => "a number".to_owned(),
            Self::Boolean => "true or false".to_owned(),
            Self::Texts => "a list of strings such as [\"a\", \"b\"]".to_owned(),
            Self::Pairs => "a list of pairs of strings such as [[\"id\", \"patient\"]]".to_owned(),
            Self::Tables => "a list of tables such as [{ path = \"table.csv\" }]".to_owned(),
            Self::Section => "a section with its own keys".to_owned(),
            Self::Open => "a section per name, such as [agents.skeptic]".to_owned(),
            Self::Any => "a value that is not a date".to_owned(),
        }
    }
}

/// Returns true for a list of two strings.
fn is_pair(value: &toml::Value) -> bool {
    let parts = value.as_array();
    parts.is_some_and(|parts| parts.len() == 2 && parts.iter().all(toml::Value::is_str))
}

/// Returns true if a text can be the name of a section: lower-case letters, digits and underscores.
fn is_name(text: &str) -> bool {
    text.starts_with(|letter: char| letter.is_ascii_lowercase())
        && text
            .chars()
            .all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_')
}

/// Returns true if `key` is in a table of a list.
fn is_element(key: &str) -> bool {
    key.contains('[')
}

/// The maximum of both the field's type and a TOML integer.
fn greatest_integer(property: &Value) -> i64 {
    match property.get("format").and_then(Value::as_str) {
        Some("uint32") => u32::MAX.into(),
        _ => i64::MAX,
    }
}

/// The names of an enum: under `enum` if its variants have no comments, else each a `const` of `oneOf`; for an optional
/// enum one level lower, beside `null`.
fn list_choices(property: &Value) -> Vec<String> {
    let list = |name: &str| property.get(name).and_then(Value::as_array).into_iter().flatten();
    let optional: Vec<String> = list("anyOf").flat_map(list_choices).collect();
    if !optional.is_empty() {
        return optional;
    }
    list("enum")
        .chain(list("oneOf").filter_map(|variant| variant.get("const")))
        .filter_map(|name| name.as_str().map(ToOwned::to_owned))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_every_kind_from_the_schema() {
        let catalogue = KeyCatalogue::get();
        let choice = |names: &[&str]| KeyKind::Choice(names.iter().map(ToString::to_string).collect());
        let table = [
            ("question", KeyKind::Text),
            ("target", KeyKind::Text),
            ("policy", choice(&["heuristic", "llm"])),
            ("seed", KeyKind::Integer(i64::MAX)),
            ("budget.cycles", KeyKind::Integer(u32::MAX.into())),
            ("randomised", KeyKind::Texts),
            ("data", KeyKind::Tables),
            ("budget", KeyKind::Section),
            ("budget.wall_time", KeyKind::Duration),
            ("budget.tokens", KeyKind::Integer(i64::MAX)),
            ("budget.usd", KeyKind::Number),
            ("research.alpha", KeyKind::Number),
            ("research.shuffled_run", KeyKind::Boolean),
            ("sandbox.memory", KeyKind::Size),
            ("sandbox.python", KeyKind::Text),
            ("llm.on_llm_outage", choice(&["pause", "end"])),
            (
                "llm.provider",
                choice(&["openai", "ollama", "vllm", "litellm", "openrouter", "anthropic"]),
            ),
            ("llm.models.data_analyst", KeyKind::Text),
            ("journal.durability", choice(&["process", "power"])),
            ("supervisor.strategy", choice(&["one_for_one", "rest_for_one"])),
        ];
        for (key, kind) in table {
            assert_eq!(catalogue.kind(key), Some(&kind), "{key}");
        }
        assert_eq!(catalogue.kind("budget.cycle"), None);
        assert_eq!(catalogue.kind("data[].path"), None);
        let formats = choice(&["auto", "csv", "tsv", "parquet", "jsonl", "excel"]);
        assert_eq!(catalogue.element_kind("data", "format"), Some(&formats));
        assert_eq!(catalogue.element_kind("data", "path"), Some(&KeyKind::Text));
    }

    #[test]
    fn reads_and_accepts_by_kind() {
        let table = [
            ("question", "42", Some("\"42\"")),
            ("question", "\"quoted\"", Some("\"quoted\"")),
            ("question", "Does \"x\" matter?", Some("'Does \"x\" matter?'")),
            ("randomised", r#"["dose", "a, b"]"#, Some(r#"["dose", "a, b"]"#)),
            ("randomised", "dose", None),
            ("randomised", "[1]", None),
            ("budget.cycles", "3", Some("3")),
            ("budget.cycles", " 3 ", Some("3")),
            ("budget.cycles", "\"3\"", None),
            ("budget.cycles", "-3", None),
            ("budget.cycles", "3.5", None),
            ("budget.cycles", "4294967296", None),
            ("seed", "9223372036854775807", Some("9223372036854775807")),
            ("seed", "9223372036854775808", None),
            ("budget.usd", "5", Some("5")),
            ("budget.usd", "2.5", Some("2.5")),
            ("budget.wall_time", "1h 30m", Some("\"1h 30m\"")),
            ("budget.wall_time", "30", None),
            ("sandbox.memory", "2GiB", Some("\"2GiB\"")),
            ("sandbox.memory", "2", None),
            ("research.shuffled_run", "false", Some("false")),
            ("research.shuffled_run", "no", None),
            ("policy", "heuristic", Some("\"heuristic\"")),
            ("policy", "magic", None),
            ("data", r#"[{path="a.csv"}]"#, Some(r#"[{ path = "a.csv" }]"#)),
            ("data", "a.csv", None),
        ];
        for (key, text, expected) in table {
            let kind = KeyCatalogue::get().kind(key).unwrap();
            let value = kind.read_text(text);
            let read = kind.accepts(&value).then(|| value.to_string());
            assert_eq!(read.as_deref(), expected, "{key} = {text}");
        }
    }

    #[test]
    fn suggests_what_was_meant() {
        let table = [
            ("budget.cycle", Some("budget.cycles")),
            ("budget.cylces", Some("budget.cycles")),
            ("cycles", Some("budget.cycles")),
            ("sandbox.wall_time", Some("budget.wall_time")),
            ("qestion", Some("question")),
            ("research.alfa", Some("research.alpha")),
            ("data[].pth", Some("data[].path")),
            ("bugdet", Some("budget")),
            ("colour_of_the_sky", None),
        ];
        for (unknown, expected) in table {
            assert_eq!(
                KeyCatalogue::get().nearest_key(unknown).as_deref(),
                expected,
                "{unknown}"
            );
        }
    }
}
