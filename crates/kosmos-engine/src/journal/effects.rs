//! The state of an effect.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The state of an effect on the outside world.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EffectState {
    /// There is an intent and no receipt: it may have happened or not.
    Intended,
    /// It happened, with this value.
    Done(Value),
}
