//! The journal's record of a process that begins to work on a run.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::science::{Branch, RunId};

/// The versions and backends with which a process works on a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Opening {
    /// Version of Kosmos.
    pub version: String,
    /// Version of Python.
    pub python: String,
    /// The processor that scripts run on, as far as last digits depend on it. None if it is not known, as with an
    /// engine on another machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub processor: Option<String>,
    /// The sandbox's guarantees and how each is enforced.
    pub sandbox: Vec<(String, String)>,
    /// Digests of the images that scripts run in, by language; a resumed run uses the same ones.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub images: BTreeMap<String, String>,
    /// The recorded run whose replies replace the model's in this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replays: Option<RunId>,
    /// Hashes of the files of each agent from a folder.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub agents: BTreeMap<String, String>,
    /// The run from which this one was branched, if the process worked on that run. The last such entry names the
    /// direct parent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<Branch>,
}
