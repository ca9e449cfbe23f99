//! Why a run could not be done.

use std::{io, path::PathBuf, sync::Arc};

use super::ForkError;
use crate::{
    actors::TemplateError, config::ConfigError, graph::GraphError, interpreter::InterpreterError,
    journal::JournalError, llm::LlmError, plugin::PluginError, report::ReportError, sandbox::SandboxError,
    science::RunId, supervisor::SupervisorError,
};

/// A failure of the lab itself; a run that fails by its own doing ends in a typed state instead.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum LabError {
    #[error("cannot {action} {}", path.display())]
    Io {
        action: &'static str,
        path: PathBuf,
        source: io::Error,
    },
    #[error("there is no run `{name}` in {}", runs.display())]
    NoSuchRun { name: String, runs: PathBuf },
    #[error("`{name}` could be any of {}", matches.join(", "))]
    Ambiguous { name: String, matches: Vec<String> },
    #[error("the run `{run}` has not ended")]
    Unfinished { run: RunId },
    #[error("{}: {problem}", path.display())]
    Archive { path: PathBuf, problem: String },
    #[error("two tables are named `{name}`")]
    TwoTables { name: String },
    #[error(transparent)]
    Fork(#[from] ForkError),
    #[error(transparent)]
    Config(#[from] Box<ConfigError>),
    #[error(transparent)]
    Interpreter(#[from] InterpreterError),
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    #[error(transparent)]
    Templates(#[from] TemplateError),
    #[error(transparent)]
    Llm(#[from] LlmError),
    #[error(transparent)]
    Graph(#[from] GraphError),
    #[error(transparent)]
    Journal(#[from] Arc<JournalError>),
    #[error(transparent)]
    Supervisor(#[from] SupervisorError),
    #[error(transparent)]
    Plugin(#[from] PluginError),
    #[error(transparent)]
    Report(#[from] ReportError),
}

impl From<JournalError> for LabError {
    fn from(error: JournalError) -> Self {
        Self::Journal(Arc::new(error))
    }
}

impl LabError {
    /// Says what to do about it, where the failed component knows.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Interpreter(error) => error.help(),
            Self::Sandbox(error) => error.help(),
            Self::Fork(error) => Some(error.help()),
            Self::Config(error) => error.help(),
            Self::Plugin(error) => Some(error.help()),
            _ => None,
        }
    }

    /// For `map_err`: the failure of `action` on `path`.
    pub(super) fn io(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { action, path, source }
    }
}
