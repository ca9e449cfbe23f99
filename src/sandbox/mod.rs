//! Placeholder of the seam, replaced by the real module at its merge.
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
/// How a sandboxed script ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "kind")]
#[allow(missing_docs)]
pub enum Outcome {
    Ok,
    Failed { exit_code: i32 },
    TimedOut { limit: String },
    OutOfMemory,
    Killed { signal: i32 },
    OutputTooLarge { what: String },
}
/// Resources used.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs)]
pub struct Usage {
    pub wall_ms: u64,
    pub cpu_ms: u64,
    pub peak_memory_bytes: u64,
    pub bytes_written: u64,
}
