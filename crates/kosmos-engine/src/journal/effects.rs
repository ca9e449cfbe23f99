//! What is known of an effect.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// An effect on the world outside: meant, or done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EffectState {
    /// It was about to happen; whether it did is not known.
    Intended,
    /// It happened and gave this.
    Done(Value),
}
