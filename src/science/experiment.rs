//! An experiment as the run remembers it.

use kosmos_core::plain_path::PlainPath;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ExperimentId, Protocol};
use crate::sandbox::{Outcome, Usage};

/// A file that an experiment left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Artefact")]
pub struct ArtefactRecord {
    /// Path below the experiment's folder.
    pub path: PlainPath,
    /// Size in bytes.
    pub bytes: u64,
    /// The SHA-256 of the file.
    pub sha256: String,
}

/// How far an experiment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExperimentState {
    /// Its script is written and it waits or runs.
    Running,
    /// It ended well, and its result waits for the analyst or is analysed.
    Finished,
    /// It ended badly and a repaired script takes its place.
    Repaired,
    /// It ended badly for good.
    Failed,
}

/// One experiment of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ExperimentRecord {
    /// The id.
    pub id: ExperimentId,
    /// The protocol, fixed before the run.
    pub protocol: Protocol,
    /// The SHA-256 of the script.
    pub script_sha256: String,
    /// The progress of the experiment.
    pub state: ExperimentState,
    /// Once it ended.
    pub outcome: Option<Outcome>,
    /// Once it ended.
    pub usage: Option<Usage>,
    /// Of `result.json`, where there is one.
    pub result_sha256: Option<String>,
    /// The files it left.
    pub artefacts: Vec<ArtefactRecord>,
    /// Why it failed, in one sentence.
    pub failure: Option<String>,
    /// Remarks of a static look at the script; no decision depends on them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub advice: Vec<String>,
    /// The model that wrote the analysis; none where a template is all of the script.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written_by: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_an_experiment_is_below_its_folder() {
        let read = |path: &str| {
            let record = serde_json::json!({ "path": path, "bytes": 1, "sha256": "0" });
            serde_json::from_value::<ArtefactRecord>(record)
        };
        for good in ["result.json", "figures/h-0123456789ab.png", "...", "a b/\u{e9}"] {
            assert_eq!(read(good).unwrap().path.as_str(), good);
        }
        for bad in [
            "",
            "/dev/zero",
            "..",
            ".",
            "./a",
            "../a",
            "a/../../b",
            "figures/../../../etc/passwd",
        ] {
            let told = read(bad).unwrap_err().to_string();
            assert!(told.contains("is not a path below a folder"), "{told}");
        }
    }
}
