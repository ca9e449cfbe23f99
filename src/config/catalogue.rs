use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::Value;

use super::{ByteSize, HumanDuration, Settings};

/// The keys that exist, read off the schema of [`Settings`], so that there is no second list to keep.
pub(super) struct Catalogue {
    keys: BTreeMap<String, Kind>,
}

/// What a key takes, as far as reading its text needs to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// A text; from a flag or a variable it needs no quotes.
    Text,
    /// One of a few names.
    Choice(Vec<String>),
    /// A length of time.
    Duration,
    /// A number of bytes.
    Size,
    /// A whole number, not negative, up to the greatest given here.
    Integer(i64),
    /// A number.
    Number,
    /// True or false.
    Boolean,
    /// A list of texts.
    Texts,
    /// A list of tables, whose keys are listed under `key[].`.
    Tables,
    /// A section: not a value, but the home of others.
    Section,
    /// A section of sections that users name, with keys that are checked by whoever reads them.
    Open,
    /// Whatever is under such a name.
    Any,
}

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| {
    let mut catalogue = Catalogue { keys: BTreeMap::new() };
    catalogue.add_properties("", Settings::schema().as_value());
    catalogue
});

impl Catalogue {
    /// The catalogue of this version's keys.
    pub(super) fn get() -> &'static Self {
        &CATALOGUE
    }

    fn add_properties(&mut self, prefix: &str, schema: &Value) {
        let properties = schema.get("properties").and_then(Value::as_object);
        for (name, property) in properties.into_iter().flatten() {
            let key = format!("{prefix}{name}");
            let kind = Kind::of(property);
            match &kind {
                Kind::Section => self.add_properties(&format!("{key}."), property),
                Kind::Tables => {
                    let items = property.get("items").unwrap_or(&Value::Null);
                    self.add_properties(&format!("{key}[]."), items);
                }
                _ => {}
            }
            self.keys.insert(key, kind);
        }
    }

    /// What `key` takes, or nothing when there is no such key.
    pub(super) fn kind(&self, key: &str) -> Option<&Kind> {
        let known = self.keys.get(key).filter(|_| !is_element(key));
        known.or_else(|| self.kind_of_named(key))
    }

    /// What a key takes that is under a name of the user's, such as `agents.skeptic.enabled`.
    fn kind_of_named(&self, key: &str) -> Option<&'static Kind> {
        let (section, rest) = key.split_once('.')?;
        if self.keys.get(section) != Some(&Kind::Open) {
            return None;
        }
        match rest.split_once('.') {
            None => is_name(rest).then_some(&Kind::Section),
            Some((name, _)) => is_name(name).then_some(&Kind::Any),
        }
    }

    /// What `name` takes in the tables of `list`, or nothing when there is no such key in them.
    pub(super) fn element_kind(&self, list: &str, name: &str) -> Option<&Kind> {
        self.keys.get(&format!("{list}[].{name}"))
    }

    /// The keys that take a value, in alphabetical order.
    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        self.keys
            .iter()
            .filter(|(_, kind)| !matches!(kind, Kind::Section | Kind::Open))
            .map(|(key, _)| key.as_str())
    }

    /// The key that `unknown` was probably meant to be: the right name in another section, or a close
    /// spelling. Keys of tables in a list are written `data[].path`, both ways.
    pub(super) fn nearest(&self, unknown: &str) -> Option<String> {
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
                    // A slip in the last part counts more than a long section name that matches.
                    let part = strsim::normalized_damerau_levenshtein(&last(key), &name);
                    (whole.mul_add(0.4, part * 0.6), key)
                })
                .filter(|(score, _)| *score >= 0.6)
                .max_by(|a, b| a.0.total_cmp(&b.0))
                .map(|(_, key)| key.to_owned())
        })
    }
}

impl Kind {
    fn of(property: &Value) -> Self {
        let types = |name: &str| match property.get("type") {
            Some(Value::String(one)) => one == name,
            Some(Value::Array(several)) => several.iter().any(|one| one == name),
            _ => false,
        };
        let choices = choices(property);
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
        match () {
            () if property.get("properties").is_some() => Self::Section,
            () if types("object") => Self::Open,
            () if types("array") && has_tables() => Self::Tables,
            () if types("array") => Self::Texts,
            () if types("integer") => Self::Integer(greatest(property)),
            () if types("number") => Self::Number,
            () if types("boolean") => Self::Boolean,
            () => Self::Text,
        }
    }

    /// Whether `value` is of this kind. Elements of a list of tables are checked by their own keys.
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
            (Self::Tables, V::Array(values)) => values.iter().all(V::is_table),
            (Self::Section | Self::Open, V::Table(_)) => true,
            (Self::Any, value) => !value.is_datetime(),
            _ => false,
        }
    }

    /// The value that a text from a flag or a variable stands for: TOML, except that a text needs no quotes.
    /// What can't be read is left as a text, for [`Kind::accepts`] to refuse.
    pub(super) fn read(&self, text: &str) -> toml::Value {
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

    /// What to give, for a person who gave something else.
    pub(super) fn expected(&self) -> String {
        match self {
            Self::Text => "a text".to_owned(),
            Self::Choice(names) => {
                let quoted: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
                match quoted.as_slice() {
                    [only] => only.clone(),
                    _ => format!("one of {}", quoted.join(", ")),
                }
            }
            Self::Duration => "a length of time such as \"90s\" or \"30m\"".to_owned(),
            Self::Size => "a size such as \"512MiB\" or \"2GiB\"".to_owned(),
            Self::Integer(i64::MAX) => "a whole number, 0 or more, below 2^63".to_owned(),
            Self::Integer(greatest) => format!("a whole number from 0 to {greatest}"),
            Self::Number => "a number".to_owned(),
            Self::Boolean => "true or false".to_owned(),
            Self::Texts => "a list of texts such as [\"a\", \"b\"]".to_owned(),
            Self::Tables => "a list of tables such as [{ path = \"table.csv\" }]".to_owned(),
            Self::Section => "a section with keys of its own".to_owned(),
            Self::Open => "a section for each name, such as [agents.skeptic]".to_owned(),
            Self::Any => "a value that is not a date".to_owned(),
        }
    }
}

/// Whether it can be the name of a section: small letters, digits and underscores.
fn is_name(text: &str) -> bool {
    text.starts_with(|letter: char| letter.is_ascii_lowercase())
        && text
            .chars()
            .all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_')
}

/// Whether `key` is one of the tables in a list.
fn is_element(key: &str) -> bool {
    key.contains('[')
}

/// The greatest number that fits both the field's type and a TOML integer.
fn greatest(property: &Value) -> i64 {
    match property.get("format").and_then(Value::as_str) {
        Some("uint32") => u32::MAX.into(),
        _ => i64::MAX,
    }
}

/// The names of an enum: under `enum` when its variants have no comments, else each a `const` of `oneOf`; those of an
/// enum that may be left out are one step down, beside `null`.
fn choices(property: &Value) -> Vec<String> {
    let list = |name: &str| property.get(name).and_then(Value::as_array).into_iter().flatten();
    let optional: Vec<String> = list("anyOf").flat_map(choices).collect();
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
        let catalogue = Catalogue::get();
        let choice = |names: &[&str]| Kind::Choice(names.iter().map(ToString::to_string).collect());
        let table = [
            ("question", Kind::Text),
            ("target", Kind::Text),
            ("policy", choice(&["heuristic", "llm"])),
            ("seed", Kind::Integer(i64::MAX)),
            ("budget.cycles", Kind::Integer(u32::MAX.into())),
            ("randomised", Kind::Texts),
            ("data", Kind::Tables),
            ("budget", Kind::Section),
            ("budget.wall_time", Kind::Duration),
            ("budget.tokens", Kind::Integer(i64::MAX)),
            ("budget.usd", Kind::Number),
            ("research.alpha", Kind::Number),
            ("research.shuffled_run", Kind::Boolean),
            ("sandbox.memory", Kind::Size),
            ("sandbox.python", Kind::Text),
            ("llm.on_llm_outage", choice(&["pause", "end"])),
            (
                "llm.provider",
                choice(&["openai", "ollama", "vllm", "litellm", "openrouter", "anthropic"]),
            ),
            ("llm.models.data_analyst", Kind::Text),
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
        assert_eq!(catalogue.element_kind("data", "path"), Some(&Kind::Text));
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
            let kind = Catalogue::get().kind(key).unwrap();
            let value = kind.read(text);
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
            assert_eq!(Catalogue::get().nearest(unknown).as_deref(), expected, "{unknown}");
        }
    }
}
