use std::sync::Arc;

use crate::config::Log;
use crate::progress::{Kind, Progress, Screen, display};
use crate::telemetry::{self, Telemetry};

use super::{CliError, Globals};

/// What a person who watches a run sees: log lines and progress, on one screen.
#[derive(Clone)]
pub struct Console {
    /// Logging; told of the run's log file once there is one.
    pub telemetry: Telemetry,
    /// The display that the lab tells what happens.
    pub progress: Arc<dyn Progress>,
}

impl Console {
    /// Starts logging for the process, and makes the display that suits stderr and the flags.
    ///
    /// # Errors
    /// When logging can't be started.
    pub fn start(log: &Log, globals: &Globals) -> Result<Self, CliError> {
        let screen = Screen::new();
        let telemetry = telemetry::start(log.format, globals.log_level(log.level), screen.clone())?;
        let progress = display(Kind::suited(globals.quiet, globals.json), &screen).into();
        Ok(Self { telemetry, progress })
    }
}
