//! Who sends and who receives.

use std::{borrow::Cow, fmt, str::FromStr};

use kosmos_core::{
    id::{InvalidText, is_word},
    string_schema,
};
use serde::{Deserialize, Serialize};

/// The name by which the supervisor sends, and by which it receives the end of a run.
pub const SUPERVISOR: &str = "supervisor";

/// The name of an agent: its folder's name under `agents/`. It begins with a lower-case letter, and has lower-case
/// letters, digits and underscores, 64 at most.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct AgentName(Cow<'static, str>);

string_schema!(AgentName);

impl AgentName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns true if `text` is a name that an agent may have.
    pub fn fits(text: &str) -> bool {
        is_word(
            text,
            64,
            |byte| byte.is_ascii_lowercase(),
            |byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_',
        )
    }

    fn invalid(text: &str) -> InvalidText {
        InvalidText::new(
            text,
            "the name of an agent",
            "1 to 64 lower-case letters, digits and underscores, beginning with a letter",
        )
    }
}

impl fmt::Display for AgentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// For names in the program's own text, which a debug build checks.
impl From<&'static str> for AgentName {
    fn from(name: &'static str) -> Self {
        debug_assert!(Self::fits(name), "{}", Self::invalid(name));
        Self(Cow::Borrowed(name))
    }
}

impl TryFrom<String> for AgentName {
    type Error = InvalidText;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        if Self::fits(&name) {
            Ok(Self(Cow::Owned(name)))
        } else {
            Err(Self::invalid(&name))
        }
    }
}

impl FromStr for AgentName {
    type Err = InvalidText;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        name.to_owned().try_into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_folders() {
        let longest = "a".repeat(64);
        for good in ["a", "data_analyst", "x2_", &longest] {
            let json = serde_json::to_string(&good.parse::<AgentName>().unwrap()).unwrap();
            assert_eq!(serde_json::from_str::<AgentName>(&json).unwrap().as_str(), good);
        }
        let too_long = "a".repeat(65);
        for bad in ["", "A", "2a", "_a", "a-b", "a b", "../a", "a/b", "a\n", "é", &too_long] {
            let json = serde_json::to_string(bad).unwrap();
            let told = serde_json::from_str::<AgentName>(&json).unwrap_err().to_string();
            assert!(told.contains("is not the name of an agent: expected 1 to 64"), "{told}");
        }
    }
}
