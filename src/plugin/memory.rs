//! An agent's durable state in the run's journal: the values it stored, and the resources it used.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::journal::{Journal, JournalError};
use crate::message::AgentName;

/// Maximum size of all stored values as JSON, in bytes.
const MOST: usize = 1 << 20;

/// An agent's durable state.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AgentMemory {
    values: BTreeMap<String, Value>,
    /// Number of experiments that it ran.
    pub experiments: u64,
    /// Estimated tokens of its questions and their answers.
    pub tokens: u64,
}

impl AgentMemory {
    /// Loads the state from the journal.
    pub fn load(journal: &Journal, agent: &AgentName) -> Result<Self, JournalError> {
        match journal.load_agent_state(agent)? {
            Some(bytes) => Ok(serde_json::from_slice(&bytes)?),
            None => Ok(Self::default()),
        }
    }

    pub fn get(&self, key: &str) -> Value {
        self.values.get(key).cloned().unwrap_or_default()
    }

    /// Stores a value, or deletes it if null. Returns false, and changes nothing, if the state would become too
    /// large.
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
        let mut memory = AgentMemory::default();
        assert!(memory.put("a", 1.into()));
        assert!(!memory.put("a", "x".repeat(MOST).into()));
        assert_eq!(memory.get("a"), 1);
        assert!(!memory.put("b", "x".repeat(MOST).into()));
        assert_eq!(memory.get("b"), Value::Null);
        assert!(memory.put("a", Value::Null));
        assert_eq!(memory, AgentMemory::default());
    }
}
