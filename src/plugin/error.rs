//! Why an agent cannot be used.

use std::{io, path::PathBuf};

use crate::config::Origin;

/// A fault in an agent's folder, or in the settings for it.
#[derive(Debug, thiserror::Error)]
pub enum PluginError {
    /// A file or folder cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// A file cannot be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The file of the user's grants cannot be used.
    #[error("the grants of agents in {} cannot be used: {problem}", path.display())]
    Grants {
        /// The file.
        path: PathBuf,
        /// The problem, in a sentence.
        problem: String,
    },
    /// An agent asks for more than messages and has no grant.
    #[error(
        "the agent `{agent}` in {path} asks for more than messages and {}: it asks {}",
        if *changed { "has changed since that was granted" } else { "nothing of it was granted" },
        requests.join(", ")
    )]
    NotGranted {
        /// The agent's name.
        agent: String,
        /// The agent's folder, for a person.
        path: String,
        /// Whether other files of an agent of this name were granted.
        changed: bool,
        /// Its requests, each as an infinitive.
        requests: Vec<String>,
    },
    /// An agent has the name of one that is part of Kosmos or shipped with it.
    #[error("the agent in {path} has the name of the {of} agent `{agent}`, which only your own settings may replace")]
    TakenName {
        /// The agent's name.
        agent: String,
        /// The agent's folder, for a person.
        path: String,
        /// `built-in` or `shipped`.
        of: &'static str,
    },
    /// Settings that are not the user's own let one agent take down more findings than usual.
    #[error("research.challenge_share is {share} ({origin}), and only your own settings may raise it above {usual}")]
    Share {
        /// The share that is asked for.
        share: f64,
        /// The usual share.
        usual: f64,
        /// The place that sets it.
        origin: Origin,
    },
    /// A manifest is not TOML in the form of an `agent.toml`.
    #[error("{place} is not an agent.toml: {source}")]
    Syntax {
        /// The file, for a person.
        place: String,
        /// The cause.
        source: Box<toml::de::Error>,
    },
    /// An agent's files contradict each other or the protocol.
    #[error("{place}: {problem}")]
    Manifest {
        /// The file or the agent, for a person.
        place: String,
        /// The contradiction, in a sentence.
        problem: String,
    },
    /// The settings name an agent that is not in the catalogue.
    #[error("the run names the agent `{name}` ([agents.{name}]), which does not exist")]
    Unknown {
        /// The name in the settings.
        name: String,
        /// The most similar name in the catalogue.
        nearest: Option<String>,
        /// The places that were searched.
        looked: Vec<String>,
    },
    /// The settings configure an agent incorrectly.
    #[error("[agents.{agent}] {key}: {problem}")]
    Configuration {
        /// The agent's name.
        agent: String,
        /// The key in the agent's section; empty for the section itself.
        key: String,
        /// The fault, in a sentence.
        problem: String,
    },
    /// The settings disable a built-in agent that every run needs.
    #[error("the run cannot do without `{name}`")]
    Indispensable {
        /// The agent's name.
        name: String,
    },
    /// The run lacks a resource that an agent needs.
    #[error("the agent `{agent}` needs {what}")]
    Needs {
        /// The agent's name.
        agent: String,
        /// The resource.
        what: String,
        /// The user's next step.
        remedy: String,
    },
    /// The files of a run's agent were changed after the run had started.
    #[error("the agent `{agent}` has changed since the run started: {}", path.display())]
    Changed {
        /// The agent's name.
        agent: String,
        /// The agent's folder.
        path: PathBuf,
    },
    /// An agent does not answer as the protocol requires.
    #[error("the agent `{agent}` does not follow the protocol: {problem}")]
    Handshake {
        /// The agent's name.
        agent: String,
        /// The fault, in a sentence.
        problem: String,
    },
}

impl PluginError {
    /// The user's next step.
    pub fn help(&self) -> String {
        match self {
            Self::Read { .. } => "check that the file exists and can be read".to_owned(),
            Self::Write { .. } => "check that the folder exists and can be written".to_owned(),
            Self::Grants { path, .. } => format!(
                "make {} a file that only you may write (`chmod 600`), or remove it and grant again with `kosmos agents trust`",
                path.display()
            ),
            Self::NotGranted { agent, path, .. } => format!(
                "`kosmos agents trust {}` shows what it asks for and grants it; --set agents.{agent}.enabled=false leaves it out",
                quote_path(path)
            ),
            Self::Share { share, .. } => format!(
                "lower it there, or set it yourself with --set research.challenge_share={share} (or in a profile in your \
                 own folder for Kosmos)"
            ),
            Self::TakenName { agent, .. } => format!(
                "rename it, or replace that agent with --set agents.{agent}.replace=true (or in a profile in your own \
                 folder for Kosmos; a run file cannot)"
            ),
            Self::Syntax { .. } | Self::Manifest { .. } => {
                "fix it and run `kosmos agents check NAME`; agents/PROTOCOL.md describes the format".to_owned()
            }
            Self::Unknown { nearest, looked, .. } => {
                let looked = looked.join(", ");
                match nearest {
                    Some(nearest) => {
                        format!("did you mean `{nearest}`? Searched {looked}; `kosmos agents list` lists all agents")
                    }
                    None => {
                        format!("searched {looked}; `kosmos agents list` lists all agents, --agents-dir adds a folder")
                    }
                }
            }
            Self::Configuration { agent, .. } => {
                format!("`kosmos agents list {agent}` shows its configuration")
            }
            Self::Indispensable { name } => {
                format!("leave [agents.{name}] enabled, or replace it by an agent of the same name")
            }
            Self::Needs { remedy, .. } => remedy.clone(),
            Self::Changed { .. } => "restore its files, or start a new run".to_owned(),
            Self::Handshake { agent, .. } => {
                format!("its standard error may say more: `kosmos -v agents check {agent}`")
            }
        }
    }
}

/// A path as a shell takes it.
fn quote_path(path: &str) -> String {
    let plain = |letter: char| letter.is_alphanumeric() || "/._-+".contains(letter);
    match path.chars().all(plain) {
        true => path.to_owned(),
        false => format!("'{}'", path.replace('\'', "'\\''")),
    }
}
