use std::sync::Arc;

use crate::config::Log;
use crate::progress::{DisplayKind, Progress, Screen, create_display};
use crate::telemetry::{self, Telemetry};

use super::{CliError, Globals};

/// Log lines and progress, on one screen.
#[derive(Clone)]
pub struct Console {
    /// Logging; writes to the run's log file once that exists.
    pub telemetry: Telemetry,
    /// The display of progress events.
    pub progress: Arc<dyn Progress>,
}

impl Console {
    /// Starts logging for the process, and chooses the display for stderr and the flags.
    ///
    /// # Errors
    /// When logging cannot be started.
    pub fn start(log: &Log, globals: &Globals) -> Result<Self, CliError> {
        let screen = Screen::new();
        let telemetry = telemetry::start_logging(log.format, globals.log_level(log.level), screen.clone())?;
        let progress = create_display(DisplayKind::for_stderr(globals.quiet, globals.json), &screen).into();
        Ok(Self { telemetry, progress })
    }
}
