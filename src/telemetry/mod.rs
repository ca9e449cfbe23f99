//! Logging, to stderr and to the run's `kosmos.log`.

mod colour;
mod error;
pub mod fields;
mod late_file;
mod settings;
mod start;
mod stderr_writer;

pub use colour::stderr_shows_colour;
pub use error::TelemetryError;
pub use settings::{Log, LogFormat, LogLevel};
pub use start::{Telemetry, start_logging};
