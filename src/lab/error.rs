//! Errors of the lab.

use std::{io, path::PathBuf, sync::Arc};

use kosmos_core::{disk::is_disk_fault, run_dir::EntryError};

use super::{CodebookError, DescribeError, ForkError, PreflightError, SignatureError, TrustError};
use crate::{
    actors::TemplateError, config::ConfigError, graph::GraphError, interpreter::InterpreterError,
    journal::JournalError, llm::LlmError, plugin::PluginError, report::ReportError, sandbox::SandboxError,
    science::RunId, supervisor::SupervisorError,
};

/// The remedy for a backend's failure that has none of its own.
const DOCTOR: &str = "`kosmos doctor` checks everything that a run needs";

/// The remedy for what is no file of a run.
const ODD_FILE: &str = "a run's folder holds files and folders only: put the file itself there, or remove what is in its place, and repeat the command";

/// The remedy for a disk that fails.
const DISK: &str = "when the disk can be written again, `kosmos resume` continues the run; no finished work is lost";

/// The same where there may be no run yet.
const REPEAT: &str = "when the disk can be written again, repeat the command; `kosmos resume` continues a run";

/// A failure of the lab itself. A run whose research fails ends in a typed state instead.
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    /// A file or a folder could not be used.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// The attempted action, as a verb.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// No run has that id or prefix.
    #[error("there is no run `{name}` in {}", runs.display())]
    NoSuchRun {
        /// The id or prefix.
        name: String,
        /// The folder of runs.
        runs: PathBuf,
    },
    /// Several runs have that prefix.
    #[error("`{name}` could be any of {}", matches.join(", "))]
    Ambiguous {
        /// The prefix.
        name: String,
        /// The runs.
        matches: Vec<String>,
    },
    /// The run has not ended.
    #[error("the run `{run}` has not ended")]
    Unfinished {
        /// The run.
        run: RunId,
    },
    /// An archive cannot be written or read.
    #[error("{}: {problem}", path.display())]
    Archive {
        /// The archive.
        path: PathBuf,
        /// The problem, as a sentence.
        problem: String,
    },
    /// An archive cannot be signed, or its signature does not hold.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// Two tables have the same name.
    #[error("two tables are named `{name}`")]
    TwoTables {
        /// The name.
        name: String,
    },
    /// A codebook cannot be used.
    #[error(transparent)]
    Codebook(#[from] Box<CodebookError>),
    /// A table cannot be described.
    #[error(transparent)]
    Describe(#[from] DescribeError),
    /// A run cannot be branched.
    #[error(transparent)]
    Fork(#[from] ForkError),
    /// A run is not trusted, or trust cannot be recorded.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// The settings are wrong.
    #[error(transparent)]
    Config(#[from] Box<ConfigError>),
    /// The question or a table is missing.
    #[error(transparent)]
    Preflight(#[from] Box<PreflightError>),
    /// There is no Python environment.
    #[error(transparent)]
    Interpreter(#[from] InterpreterError),
    /// The sandbox failed.
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    /// The script templates are damaged.
    #[error(transparent)]
    Templates(#[from] TemplateError),
    /// A model failed.
    #[error(transparent)]
    Llm(#[from] LlmError),
    /// The graph failed.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// The run's journal failed.
    #[error(transparent)]
    Journal(#[from] Arc<JournalError>),
    /// The supervisor failed.
    #[error(transparent)]
    Supervisor(#[from] SupervisorError),
    /// An agent's folder cannot be used.
    #[error(transparent)]
    Plugin(#[from] PluginError),
    /// The report cannot be written.
    #[error(transparent)]
    Report(#[from] ReportError),
}

impl From<JournalError> for LabError {
    fn from(error: JournalError) -> Self {
        Self::Journal(Arc::new(error))
    }
}

impl LabError {
    /// The remedy, if there is one.
    pub fn help(&self) -> Option<String> {
        let help = match self {
            Self::Interpreter(error) => return error.help().or_else(|| Some(DOCTOR.to_owned())),
            Self::Sandbox(error) => return error.help().or_else(|| Some(DOCTOR.to_owned())),
            Self::Supervisor(SupervisorError::Unavailable { help: Some(help), .. }) => {
                return Some(format!("{help}; `kosmos resume` then continues the run"));
            }
            Self::Supervisor(SupervisorError::Unavailable { .. }) => "fix it, then `kosmos resume` continues the run",
            Self::Llm(error) => {
                let checks = "`kosmos doctor` with the same settings checks the endpoint";
                return Some(match error.help() {
                    Some(help) => format!("{help}; {checks}"),
                    None => checks.to_owned(),
                });
            }
            Self::NoSuchRun { .. } | Self::Ambiguous { .. } => {
                "`kosmos runs` lists the runs; --home names another home"
            }
            Self::Unfinished { run } => return Some(format!("`kosmos resume {run}` continues it")),
            Self::Archive { .. } => {
                "`kosmos export` writes an archive to a new file; it holds one run, and is imported whole or not at all, where \
                 that run does not exist yet"
            }
            Self::TwoTables { .. } => "give each table its own name: [[data]] name = \"...\" in the run file",
            Self::Graph(GraphError::Store(sled::Error::Io(_))) => REPEAT,
            Self::Graph(error) => return error.help().map(str::to_owned),
            Self::Journal(error) | Self::Supervisor(SupervisorError::Journal(error)) => {
                return help_for_journal(error);
            }
            Self::Supervisor(SupervisorError::Disk(fault)) => return Some(fault.help()),
            Self::Io { source, .. } if is_disk_fault(source) => REPEAT,
            Self::Io { source, .. } if is_odd_file(source) => ODD_FILE,
            Self::Report(ReportError::Io { .. }) => DISK,
            Self::Report(ReportError::Missing { source, .. }) if is_odd_file(source) => ODD_FILE,
            Self::Report(ReportError::Missing { .. } | ReportError::HashDiffers { .. }) => {
                "`kosmos resume` runs the scripts again whose files are missing or changed"
            }
            Self::Codebook(error) => return Some(error.help()),
            Self::Describe(error) => return error.help().map(str::to_owned),
            Self::Fork(error) => return Some(error.help()),
            Self::Trust(error) => return Some(error.help()),
            Self::Signature(error) => return Some(error.help()),
            Self::Plugin(error) => return Some(error.help()),
            Self::Config(error) => return error.help(),
            Self::Preflight(error) => return Some(error.help()),
            Self::Io { .. } | Self::Templates(_) | Self::Report(_) | Self::Supervisor(_) => return None,
        };
        Some(help.to_owned())
    }

    /// The failure of `action` on an entry of a run's folder.
    pub(super) fn entry(action: &'static str, error: EntryError) -> Self {
        let EntryError { place: path, source } = error;
        Self::Io { action, path, source }
    }

    /// For `map_err`: the failure of `action` on `path`.
    pub(super) fn io(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { action, path, source }
    }
}

/// Returns true for a link, a pipe or a device in place of a file or a folder.
fn is_odd_file(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::NotADirectory)
}

fn help_for_journal(error: &JournalError) -> Option<String> {
    let help = match error {
        JournalError::Locked { .. } => {
            "wait for it or stop it: only one process can work on a run; `kosmos status` shows its progress"
        }
        JournalError::Lost { from, .. } => {
            return Some(format!(
                "restore the file from a backup; or `kosmos resume RUN --drop-damaged` continues from entry {} and repeats the work after it",
                from - 1
            ));
        }
        JournalError::DamagedLog { .. } => {
            "`kosmos resume` repairs it from the journal's database, if that holds the missing entries"
        }
        JournalError::Damaged { .. } | JournalError::Blob { .. } => {
            "restore the run's folder from a backup, or start a new run"
        }
        JournalError::Version { .. } => {
            "use the version of Kosmos that wrote it; the run's other files can be read as they are"
        }
        JournalError::Io { source, .. } if is_odd_file(source) => ODD_FILE,
        JournalError::Io { .. } | JournalError::Store(_) => DISK,
        _ => return None,
    };
    Some(help.to_owned())
}
