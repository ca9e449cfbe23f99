use kosmos_core::environment::WorkingFolderError;
use std::error::Error;
use std::io;

use clap::builder::styling::{AnsiColor, Style};
use serde_json::{Value, json};

use crate::config::{ConfigError, Origin};
use crate::graph::GraphError;
use crate::journal::JournalError;
use crate::lab::{DescribeError, LabError, PreflightError};
use crate::plugin::PluginError;
use crate::progress::printable;
use crate::supervisor::SupervisorError;
use crate::telemetry::{TelemetryError, stderr_shows_colour};

use super::home::HomeError;
use super::{Exit, output};

/// Why a command failed. Each error has an exit code and, if there is one, a remedy.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// The settings are wrong.
    #[error(transparent)]
    Config(Box<ConfigError>),
    /// The question or a table is missing.
    #[error(transparent)]
    Preflight(Box<PreflightError>),
    /// The home folder cannot be used.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// Logging could not be set up.
    #[error(transparent)]
    Telemetry(#[from] TelemetryError),
    /// The result could not be written.
    #[error("cannot write to stdout")]
    Output(#[source] io::Error),
    /// The result could not be rendered as JSON.
    #[error("cannot render the result as JSON")]
    Render(#[source] serde_json::Error),
    /// The lab failed.
    #[error(transparent)]
    Lab(Box<LabError>),
    /// An error of a component, with the exit code and the remedy that it means for the command.
    #[error("{error}")]
    Component {
        /// The error.
        error: Box<dyn Error + Send + Sync>,
        /// The exit code.
        exit: Exit,
        /// The remedy.
        help: Option<String>,
    },
}

// Boxed, as they are large and most results are not errors.
impl From<WorkingFolderError> for CliError {
    fn from(error: WorkingFolderError) -> Self {
        ConfigError::from(error).into()
    }
}

impl From<ConfigError> for CliError {
    fn from(error: ConfigError) -> Self {
        Self::Config(Box::new(error))
    }
}

impl From<PreflightError> for CliError {
    fn from(error: PreflightError) -> Self {
        Self::Preflight(Box::new(error))
    }
}

impl From<LabError> for CliError {
    fn from(error: LabError) -> Self {
        match error {
            LabError::Config(error) => Self::Config(error),
            LabError::Preflight(error) => Self::Preflight(error),
            error => Self::Lab(Box::new(error)),
        }
    }
}

impl From<PluginError> for CliError {
    fn from(error: PluginError) -> Self {
        LabError::Plugin(error).into()
    }
}

impl CliError {
    /// A component's error, as a failure of the command.
    pub fn from_failure(error: impl Error + Send + Sync + 'static) -> Self {
        Self::Component {
            error: Box::new(error),
            exit: Exit::Failed,
            help: None,
        }
    }

    /// A component's error, as a failure of the command with a remedy.
    pub fn from_failure_with_help(error: impl Error + Send + Sync + 'static, help: impl Into<String>) -> Self {
        Self::Component {
            error: Box::new(error),
            exit: Exit::Failed,
            help: Some(help.into()),
        }
    }

    /// A component's error that the usage of the command caused, with a remedy.
    pub fn from_usage(error: impl Error + Send + Sync + 'static, help: impl Into<String>) -> Self {
        Self::Component {
            error: Box::new(error),
            exit: Exit::Usage,
            help: Some(help.into()),
        }
    }

    /// A component's error that means that a chosen backend is unavailable, with a remedy.
    pub fn from_unavailable(error: impl Error + Send + Sync + 'static, help: impl Into<String>) -> Self {
        Self::Component {
            error: Box::new(error),
            exit: Exit::Unavailable,
            help: Some(help.into()),
        }
    }

    /// The exit code of the process.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Config(_) | Self::Preflight(_) | Self::Home(_) => Exit::Usage,
            Self::Telemetry(TelemetryError::Filter { .. }) => Exit::Usage,
            Self::Telemetry(_) | Self::Output(_) | Self::Render(_) => Exit::Failed,
            Self::Lab(error) => exit_of_lab_error(error),
            Self::Component { exit, .. } => *exit,
        }
    }

    /// The remedy, if there is one.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Config(error) => error.help(),
            Self::Preflight(error) => Some(error.help()),
            Self::Home(error) => Some(error.help()),
            Self::Telemetry(error) => error.help(),
            Self::Output(_) | Self::Render(_) => None,
            Self::Lab(error) => error.help(),
            Self::Component { help, .. } => help.clone(),
        }
    }

    /// The kind of error, for programs.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Config(_) => "configuration",
            Self::Preflight(_) => "input",
            Self::Home(_) => "home",
            Self::Telemetry(_) => "logging",
            Self::Output(_) | Self::Render(_) => "output",
            Self::Lab(_) | Self::Component { .. } => match self.exit() {
                Exit::Usage => "usage",
                Exit::Unavailable => "unavailable",
                Exit::Interrupted => "interrupted",
                Exit::Budget => "budget",
                Exit::Done | Exit::Failed => "failed",
            },
        }
    }

    fn key(&self) -> Option<&str> {
        match self {
            Self::Config(error) => error.key(),
            Self::Preflight(error) => error.key(),
            _ => None,
        }
    }

    fn origin(&self) -> Option<&Origin> {
        match self {
            Self::Config(error) => error.origin(),
            Self::Preflight(error) => error.origin(),
            _ => None,
        }
    }

    fn list_causes(&self) -> Vec<String> {
        let mut causes: Vec<String> = Vec::new();
        let mut next = match self {
            Self::Component { error, .. } => error.source(),
            other => other.source(),
        };
        while let Some(cause) = next {
            causes.push(cause.to_string());
            next = cause.source();
        }
        causes
    }

    /// The error as text: the message, its causes and the remedy; coloured if `colour`.
    pub fn to_text(&self, colour: bool) -> String {
        let paint = |style: Style, text: &str| match colour {
            true => format!("{style}{text}{style:#}"),
            false => text.to_owned(),
        };
        let red = AnsiColor::Red.on_default().bold();
        let green = AnsiColor::Green.on_default().bold();
        let mut text = format!("{} {}\n", paint(red, "error:"), printable(&self.to_string()));
        for cause in self.list_causes() {
            text.push_str(&format!("  because: {}\n", printable(&cause)));
        }
        if let Some(help) = self.help() {
            text.push_str(&format!("{} {}\n", paint(green, "help:"), printable(&help)));
        }
        text
    }

    /// The error as a `--json` document.
    pub fn to_json(&self) -> Value {
        json!({ "error": {
            "kind": self.kind(),
            "exit_code": self.exit().code(),
            "message": self.to_string(),
            "causes": self.list_causes(),
            "help": self.help(),
            "key": self.key(),
            "origin": self.origin(),
        }})
    }

    /// Prints the error on stderr and, under `--json`, on stdout too; returns the exit code.
    pub fn print_error(&self, json: bool) -> Exit {
        super::stderr::write_styled_to_stderr(&self.to_text(stderr_shows_colour()));
        if json && let Err(error) = output::print_json(&self.to_json()) {
            super::stderr::write_styled_to_stderr(&error.to_text(stderr_shows_colour()));
        }
        self.exit()
    }
}

/// The exit code that a failure of the lab means.
fn exit_of_lab_error(error: &LabError) -> Exit {
    match error {
        LabError::Interpreter(_)
        | LabError::Sandbox(_)
        | LabError::Llm(_)
        | LabError::Graph(GraphError::Away { .. } | GraphError::Refused { .. })
        | LabError::Supervisor(SupervisorError::Unavailable { .. })
        | LabError::Plugin(PluginError::Needs { .. }) => Exit::Unavailable,
        LabError::Graph(GraphError::Query { .. })
        | LabError::NoSuchRun { .. }
        | LabError::Ambiguous { .. }
        | LabError::Unfinished { .. }
        | LabError::Archive { .. }
        | LabError::TwoTables { .. }
        | LabError::Codebook(_)
        | LabError::Describe(DescribeError::Table { .. } | DescribeError::Conflict(_))
        | LabError::Fork(_)
        | LabError::Trust(_)
        | LabError::Signature(_)
        | LabError::Config(_)
        | LabError::Preflight(_)
        | LabError::Plugin(_) => Exit::Usage,
        LabError::Journal(journal) | LabError::Supervisor(SupervisorError::Journal(journal)) => match **journal {
            JournalError::Locked { .. } | JournalError::Version { .. } => Exit::Usage,
            _ => Exit::Failed,
        },
        _ => Exit::Failed,
    }
}
