//! What an agent has in the run's journal: what it put there, and what it has used.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::journal::{Journal, JournalError};
use crate::message::AgentName;

/// Bytes of all that an agent keeps, as JSON.
const MOST: usize = 1 << 20;

/// An agent's durable state.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Memory {
    values: BTreeMap<String, Value>,
    /// Experiments that it had run.
    pub experiments: u64,
    /// Tokens that its questions and their answers came to, as estimated.
    pub tokens: u64,
}

impl Memory {
    /// As the journal has it.
    pub fn load(journal: &Journal, agent: &AgentName) -> Result<Self, JournalError> {
        match journal.agent_state(agent)? {
            Some(bytes) => Ok(serde_json::from_slice(&bytes)?),
            None => Ok(Self::default()),
        }
    }

    pub fn get(&self, key: &str) -> Value {
        self.values.get(key).cloned().unwrap_or_default()
    }

    /// Keeps a value, or forgets one that is null. False where that would be too much.
    pub fn put(&mut self, key: &str, value: Value) -> bool {
        let before = match value {
            Value::Null => self.values.remove(key),
            value => self.values.insert(key.to_owned(), value),
        };
        let fits = serde_json::to_vec(&self.values).is_ok_and(|bytes| bytes.len() <= MOST);
        if !fits {
            match before {
                Some(before) => drop(self.values.insert(key.to_owned(), before)),
                None => drop(self.values.remove(key)),
            }
        }
        fits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_much_changes_nothing() {
        let mut memory = Memory::default();
        assert!(memory.put("a", 1.into()));
        assert!(!memory.put("a", "x".repeat(MOST).into()));
        assert_eq!(memory.get("a"), 1);
        assert!(!memory.put("b", "x".repeat(MOST).into()));
        assert_eq!(memory.get("b"), Value::Null);
        assert!(memory.put("a", Value::Null));
        assert_eq!(memory, Memory::default());
    }
}
