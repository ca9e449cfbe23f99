//! What the journal records when a process begins to work on a run.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::science::{Branch, RunId};

/// What a process works on a run with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Opening {
    /// Version of Kosmos.
    pub version: String,
    /// Version of Python.
    pub python: String,
    /// The sandbox's guarantees, and how each is held.
    pub sandbox: Vec<(String, String)>,
    /// Digests of the images that scripts run in, by language; a resumed run uses the same ones.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub images: BTreeMap<String, String>,
    /// The run whose recorded replies answer for the model in this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replays: Option<RunId>,
    /// A hash of the files of each agent that is a folder.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub agents: BTreeMap<String, String>,
    /// Where the process worked on another run, from which this one branched: that run. The last one to say so is the
    /// run that this one branched from itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<Branch>,
}
