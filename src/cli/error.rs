use std::error::Error;
use std::io;

use clap::builder::styling::{AnsiColor, Style};
use serde_json::{Value, json};

use crate::config::{ConfigError, Origin};
use crate::progress::printable;
use crate::telemetry::{TelemetryError, stderr_shows_colour};

use super::home::HomeError;
use super::preflight::PreflightError;
use super::{Exit, output};

/// Why a command did not do what it was asked to. Each knows its exit code and, where there is something to
/// do about it, its help.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// The settings are wrong.
    #[error(transparent)]
    Config(Box<ConfigError>),
    /// The inputs are not there.
    #[error(transparent)]
    Preflight(Box<PreflightError>),
    /// The home can't be used.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// Logging could not be set up.
    #[error(transparent)]
    Telemetry(#[from] TelemetryError),
    /// The result could not be written.
    #[error("cannot write to stdout")]
    Output(#[source] io::Error),
    /// The result could not be put in JSON.
    #[error("cannot render the result as JSON")]
    Render(#[source] serde_json::Error),
    /// An error of a component, with what it means for the exit code.
    #[error("{error}")]
    Component {
        /// The error.
        error: Box<dyn Error + Send + Sync>,
        /// How the process ends.
        exit: Exit,
        /// What the user can do.
        help: Option<String>,
    },
}

// Boxed, as they are large and most results are not errors.
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

impl CliError {
    /// A component's error that means a failed command.
    pub fn failed(error: impl Error + Send + Sync + 'static) -> Self {
        Self::Component {
            error: Box::new(error),
            exit: Exit::Failed,
            help: None,
        }
    }

    /// The same where there is something to do about it, which `help` says.
    pub fn failed_with(error: impl Error + Send + Sync + 'static, help: impl Into<String>) -> Self {
        Self::Component {
            error: Box::new(error),
            exit: Exit::Failed,
            help: Some(help.into()),
        }
    }

    /// A component's error that comes of how the command was used; `help` says what to do instead.
    pub fn usage(error: impl Error + Send + Sync + 'static, help: impl Into<String>) -> Self {
        Self::Component {
            error: Box::new(error),
            exit: Exit::Usage,
            help: Some(help.into()),
        }
    }

    /// A component's error that means that a chosen backend is not there; `help` says how to get it.
    pub fn unavailable(error: impl Error + Send + Sync + 'static, help: impl Into<String>) -> Self {
        Self::Component {
            error: Box::new(error),
            exit: Exit::Unavailable,
            help: Some(help.into()),
        }
    }

    /// How the process ends.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Config(_) | Self::Preflight(_) | Self::Home(_) => Exit::Usage,
            Self::Telemetry(TelemetryError::Filter { .. }) => Exit::Usage,
            Self::Telemetry(_) | Self::Output(_) | Self::Render(_) => Exit::Failed,
            Self::Component { exit, .. } => *exit,
        }
    }

    /// What the user can do.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Config(error) => error.help(),
            Self::Preflight(error) => Some(error.help()),
            Self::Home(error) => Some(error.help()),
            Self::Telemetry(error) => error.help(),
            Self::Output(_) | Self::Render(_) => None,
            Self::Component { help, .. } => help.clone(),
        }
    }

    /// A name for programs to tell errors apart by.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Config(_) => "configuration",
            Self::Preflight(_) => "input",
            Self::Home(_) => "home",
            Self::Telemetry(_) => "logging",
            Self::Output(_) | Self::Render(_) => "output",
            Self::Component { exit, .. } => match exit {
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
            Self::Preflight(error) => Some(error.key()),
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

    fn causes(&self) -> Vec<String> {
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

    /// The error as text for people: what, because of what, and what to do. Colours when `colour`.
    pub fn to_text(&self, colour: bool) -> String {
        let paint = |style: Style, text: &str| match colour {
            true => format!("{style}{text}{style:#}"),
            false => text.to_owned(),
        };
        let red = AnsiColor::Red.on_default().bold();
        let green = AnsiColor::Green.on_default().bold();
        let mut text = format!("{} {}\n", paint(red, "error:"), printable(&self.to_string()));
        for cause in self.causes() {
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
            "causes": self.causes(),
            "help": self.help(),
            "key": self.key(),
            "origin": self.origin(),
        }})
    }

    /// Tells the user, on stderr and, under `--json`, on stdout too; gives the exit code.
    pub fn report(&self, json: bool) -> Exit {
        super::stderr::text(&self.to_text(stderr_shows_colour()));
        if json && let Err(error) = output::json(&self.to_json()) {
            super::stderr::text(&error.to_text(stderr_shows_colour()));
        }
        self.exit()
    }
}
