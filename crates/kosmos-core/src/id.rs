//! Ids as types: each has a grammar, and a text is checked against it wherever it is read.
//!
//! A journal, an archive, a reply of a model or a message of an agent may come from anywhere. An id that exists is
//! short, and holds no separator, no blank, no control character and no `..`: it can be joined to a path and printed.

use crate::text::printable;

/// A text that does not fit the grammar of its type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {what}: expected {grammar}")]
pub struct InvalidText {
    text: String,
    what: &'static str,
    grammar: &'static str,
}

/// Letters of a refused text that its error shows.
const SHOWN: usize = 60;

impl InvalidText {
    /// Makes the error of `text`, which is not `what` ("the id of a run"), with the grammar in words.
    pub fn new(text: &str, what: &'static str, grammar: &'static str) -> Self {
        let mut shown: String = printable(text).chars().take(SHOWN).collect();
        if text.chars().nth(SHOWN).is_some() {
            shown.push('…');
        }
        Self {
            text: shown,
            what,
            grammar,
        }
    }
}

/// Defines a type of text that exists only where it fits its grammar: it is checked when it is parsed and when it is
/// deserialised. It is stored, and described in JSON schemas, as a plain string.
///
/// ```
/// kosmos_core::checked_text! {
///     /// The name of a planet.
///     pub struct Planet: "the name of a planet", "lower-case letters", |text: &str| {
///         !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase())
///     }
/// }
/// assert_eq!("mars".parse::<Planet>()?.as_str(), "mars");
/// let error = "../mars".parse::<Planet>().expect_err("it is refused");
/// assert_eq!(error.to_string(), "`../mars` is not the name of a planet: expected lower-case letters");
/// # Ok::<(), kosmos_core::id::InvalidText>(())
/// ```
#[macro_export]
macro_rules! checked_text {
    ($(#[$doc:meta])* $vis:vis struct $name:ident: $what:literal, $grammar:expr, $fits:expr) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, ::serde::Serialize, ::serde::Deserialize,
        )]
        #[serde(try_from = "String")]
        $vis struct $name(String);

        impl $name {
            /// Returns the text.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            fn fits(text: &str) -> bool {
                let fits: fn(&str) -> bool = $fits;
                fits(text)
            }

            fn invalid(text: &str) -> $crate::id::InvalidText {
                $crate::id::InvalidText::new(text, $what, $grammar)
            }
        }

        impl TryFrom<String> for $name {
            type Error = $crate::id::InvalidText;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                if Self::fits(&text) { Ok(Self(text)) } else { Err(Self::invalid(&text)) }
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = $crate::id::InvalidText;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                if Self::fits(text) { Ok(Self(text.to_owned())) } else { Err(Self::invalid(text)) }
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        $crate::string_schema!($name);
    };
}

/// Describes a type in JSON schemas as a plain string: the grammar is checked when the text is read, and schemas that
/// are sent to models or published for agents do not change with it.
#[macro_export]
macro_rules! string_schema {
    ($name:ident) => {
        impl ::schemars::JsonSchema for $name {
            fn inline_schema() -> bool {
                <String as ::schemars::JsonSchema>::inline_schema()
            }

            fn schema_name() -> ::std::borrow::Cow<'static, str> {
                <String as ::schemars::JsonSchema>::schema_name()
            }

            fn schema_id() -> ::std::borrow::Cow<'static, str> {
                <String as ::schemars::JsonSchema>::schema_id()
            }

            fn json_schema(generator: &mut ::schemars::SchemaGenerator) -> ::schemars::Schema {
                <String as ::schemars::JsonSchema>::json_schema(generator)
            }
        }
    };
}

/// Returns true if `text` consists of exactly so many lower-case hexadecimal digits.
pub fn is_hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Returns true if `text` is `prefix` and so many lower-case hexadecimal digits.
pub fn is_prefixed_hex(text: &str, prefix: &str, digits: usize) -> bool {
    text.strip_prefix(prefix).is_some_and(|rest| is_hex(rest, digits))
}

/// Returns true if `text` has at most `longest` letters, begins with one that `first` accepts and goes on with ones
/// that `rest` accepts. All are ASCII.
pub fn is_word(text: &str, longest: usize, first: fn(u8) -> bool, rest: fn(u8) -> bool) -> bool {
    text.len() <= longest && text.bytes().next().is_some_and(first) && text.bytes().skip(1).all(rest)
}

checked_text! {
    /// Names a run: the only id that is drawn and not derived. It is also the name of the run's folder.
    pub struct RunId:
        "the id of a run",
        "1 to 80 lower-case letters, digits and hyphens, not beginning with a hyphen",
        |text: &str| is_word(
            text,
            80,
            |byte| byte.is_ascii_lowercase() || byte.is_ascii_digit(),
            |byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-',
        )
}

impl RunId {
    /// Makes an id of any text: ASCII letters become lower-case, and what no id may hold becomes a hyphen. A text of
    /// which nothing is left gives `run`.
    pub fn from_text(text: &str) -> Self {
        let plain = |letter: char| match letter.to_ascii_lowercase() {
            letter if letter.is_ascii_lowercase() || letter.is_ascii_digit() => letter,
            _ => '-',
        };
        let id: String = text.chars().map(plain).collect();
        let id: String = id.trim_matches('-').chars().take(80).collect();
        Self(if id.is_empty() { "run".to_owned() } else { id })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_runs_are_plain_names() {
        let longest = "a".repeat(80);
        for good in ["r", "7", "penguins---friends-20261123-001512-3fa9", "good-1", &longest] {
            assert_eq!(good.parse::<RunId>().unwrap().as_str(), good);
            assert!(RunId::try_from(good.to_owned()).is_ok());
        }
        let too_long = "a".repeat(81);
        let bad = [
            "",
            "-a",
            "--json",
            ".",
            "..",
            "../a",
            "a/b",
            "a\\b",
            "/etc",
            "a b",
            "a\n",
            "a\0b",
            "\u{1b}[2J",
            "A",
            "é",
            "a_b",
            "a.b",
            &too_long,
        ];
        for bad in bad {
            assert!(bad.parse::<RunId>().is_err(), "{bad:?}");
            assert!(RunId::try_from(bad.to_owned()).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn any_text_gives_an_id_of_a_run() {
        let table = [
            ("penguins---friends-2026", "penguins---friends-2026"),
            ("../Etc/passwd", "etc-passwd"),
            ("\u{1b}[2J", "2j"),
            ("中文", "run"),
            ("", "run"),
        ];
        for (text, expected) in table {
            assert_eq!(RunId::from_text(text).as_str(), expected);
        }
        let long = RunId::from_text(&"-ab".repeat(99));
        assert!(RunId::fits(long.as_str()), "{long}");
    }

    #[test]
    fn the_error_shows_a_text_that_is_safe_to_print() {
        let told = format!("../\u{1b}]52;{}", "x".repeat(500))
            .parse::<RunId>()
            .unwrap_err()
            .to_string();
        assert!(told.starts_with("`../\u{FFFD}]52;xxx"), "{told}");
        assert!(
            told.contains("…` is not the id of a run: expected 1 to 80 lower-case letters"),
            "{told}"
        );
        assert!(told.chars().count() < 200, "{told}");
    }

    #[test]
    fn hexadecimal_digits_are_lower_case_and_counted() {
        assert!(is_hex("00ff", 4) && is_prefixed_hex("e-00ff", "e-", 4));
        for bad in ["", "00f", "00fff", "00fF", "00fg", "0 ff", "٠٠"] {
            assert!(!is_hex(bad, 4), "{bad}");
        }
        for bad in ["00ff", "h-00ff", "e-e-00ff", "e-", "e-00f", "/e-00ff"] {
            assert!(!is_prefixed_hex(bad, "e-", 4), "{bad}");
        }
    }
}
