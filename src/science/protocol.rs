//! The protocol of an experiment, fixed before it runs.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Arm, HypothesisId};

/// The template that a script is made from: a kind of hypothesis, or one of [`template`].
pub type Template = String;

/// Templates that serve no hypothesis.
pub mod template {
    /// Reads the raw file, writes the canonical table and its profile.
    pub const PROFILE: &str = "profile";
    /// Runs what an agent that is a folder asks for.
    pub const AGENT: &str = "agent";
    /// Draws the figures of the findings.
    pub const FIGURES: &str = "figures";
}

/// A file that an experiment may read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Input")]
pub struct InputFile {
    /// Where it is: relative to the run's folder, or absolute for the user's own data.
    pub host: PathBuf,
    /// Where the script sees it, relative to the run's folder.
    pub inside: PathBuf,
    /// A description of its content.
    pub sha256: String,
}

/// The protocol of an experiment: `protocol.json` of its folder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Protocol {
    /// The script's template.
    pub template: Template,
    /// One line for people.
    pub title: String,
    /// The table.
    pub dataset: String,
    /// The data as given, or shuffled.
    pub arm: Arm,
    /// The cycle that asked for it; 0 is the profile.
    pub cycle: u32,
    /// 1 for the first script, one more for each repair.
    pub attempt: u32,
    /// The hypotheses it tests.
    pub hypotheses: Vec<HypothesisId>,
    /// The files it reads.
    pub inputs: Vec<InputFile>,
    /// The parameters that the script receives as `PROTOCOL`.
    pub parameters: serde_json::Value,
}
