//! Why an agent's folder cannot be used.

use std::{io, path::PathBuf};

/// A fault of an agent's folder or of what a run file says of it.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum PluginError {
    #[error("cannot read {}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("{place} is not an agent.toml: {source}")]
    Syntax {
        place: String,
        source: Box<toml::de::Error>,
    },
    #[error("{place}: {problem}")]
    Manifest { place: String, problem: String },
    #[error("the run names the agent `{name}` ([agents.{name}]), and there is none")]
    Unknown {
        name: String,
        nearest: Option<String>,
        looked: Vec<String>,
    },
    #[error("[agents.{agent}] {key}: {problem}")]
    Configuration {
        agent: String,
        key: String,
        problem: String,
    },
    #[error("the run cannot do without `{name}`")]
    Indispensable { name: String },
    #[error("the agent `{agent}` needs {what}")]
    Needs {
        agent: String,
        what: String,
        remedy: String,
    },
    #[error("the agent `{agent}` is not as the run began with it: {}", path.display())]
    Changed { agent: String, path: PathBuf },
    #[error("the agent `{agent}` does not answer as it should: {problem}")]
    Handshake { agent: String, problem: String },
}

impl PluginError {
    /// What the user can do.
    pub fn help(&self) -> String {
        match self {
            Self::Read { .. } => "check that the file is there and can be read".to_owned(),
            Self::Syntax { .. } | Self::Manifest { .. } => {
                "mend it; `kosmos agents check NAME` looks at it again, and agents/PROTOCOL.md has the format"
                    .to_owned()
            }
            Self::Unknown { nearest, looked, .. } => {
                let looked = looked.join(", ");
                match nearest {
                    Some(nearest) => {
                        format!("did you mean `{nearest}`? Looked in {looked}; `kosmos agents list` shows all")
                    }
                    None => {
                        format!("looked in {looked}; `kosmos agents list` shows all, --agents-dir names another folder")
                    }
                }
            }
            Self::Configuration { agent, .. } => {
                format!("`kosmos agents list {agent}` shows what it can be set to")
            }
            Self::Indispensable { name } => {
                format!("leave [agents.{name}] enabled, or put an agent of that name in its place")
            }
            Self::Needs { remedy, .. } => remedy.clone(),
            Self::Changed { .. } => "bring its files back, or begin a new run".to_owned(),
            Self::Handshake { agent, .. } => {
                format!("its standard error may tell more: `kosmos -v agents check {agent}`")
            }
        }
    }
}
