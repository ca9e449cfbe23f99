use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A length of time as a person writes it: `"30m"`, `"1h 30m"`, `"250ms"`.
///
/// The text is a series of whole numbers with units (`ns`, `us`, `ms`, `s`, `m`, `h`, `days`, ...), in the
/// notation of the `humantime` crate. A bare number is refused, since its unit would be a guess.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct HumanDuration(Duration);

impl HumanDuration {
    /// The length of time itself.
    pub const fn get(self) -> Duration {
        self.0
    }

    /// Whether it is no time at all.
    pub const fn is_zero(self) -> bool {
        self.0.is_zero()
    }
}

impl From<Duration> for HumanDuration {
    fn from(duration: Duration) -> Self {
        Self(duration)
    }
}

impl From<HumanDuration> for Duration {
    fn from(duration: HumanDuration) -> Self {
        duration.0
    }
}

/// A text that is not a length of time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a length of time such as \"90s\", \"30m\" or \"1h 30m\"")]
pub struct ParseDurationError {
    text: String,
}

impl FromStr for HumanDuration {
    type Err = ParseDurationError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refused = || ParseDurationError { text: text.to_owned() };
        // humantime takes "0" without a unit; the rule here is the same for every number.
        if text.trim().chars().all(|c| c.is_ascii_digit()) {
            return Err(refused());
        }
        humantime::parse_duration(text.trim()).map(Self).map_err(|_| refused())
    }
}

impl fmt::Display for HumanDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        humantime::format_duration(self.0).fmt(f)
    }
}

impl Serialize for HumanDuration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for HumanDuration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

impl JsonSchema for HumanDuration {
    fn schema_name() -> Cow<'static, str> {
        "HumanDuration".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "duration", "examples": ["90s", "30m", "1h 30m"] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_people_write() {
        let table = [
            ("30m", Duration::from_secs(1800)),
            ("1h 30m", Duration::from_secs(5400)),
            ("1h30m", Duration::from_secs(5400)),
            ("100ms", Duration::from_millis(100)),
            (" 8s ", Duration::from_secs(8)),
            ("0s", Duration::ZERO),
        ];
        for (text, expected) in table {
            assert_eq!(text.parse::<HumanDuration>().unwrap().get(), expected, "{text}");
        }
    }

    #[test]
    fn refuses_what_has_no_unit_or_no_meaning() {
        for text in ["", "0", "30", "m", "-5s", "1.5", "soon", "99999999999999999999s"] {
            assert!(text.parse::<HumanDuration>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn displays_what_it_would_read_again() {
        for text in ["30m", "1h 30m", "100ms", "1day 2h 3m 4s 5ms"] {
            let duration: HumanDuration = text.parse().unwrap();
            assert_eq!(
                duration.to_string().parse::<HumanDuration>().unwrap(),
                duration,
                "{text}"
            );
        }
    }
}
