use std::io;
use std::path::PathBuf;

use tracing_subscriber::filter::ParseError;
use tracing_subscriber::util::TryInitError;

/// Why logging could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// `RUST_LOG` is not a filter.
    #[error("RUST_LOG={text:?} is not a filter of log lines")]
    Filter {
        /// What it is.
        text: String,
        /// Why it is none.
        source: ParseError,
    },
    /// Logging has been set up already.
    #[error("logging is set up already")]
    Started(#[source] TryInitError),
    /// The log file can't be opened.
    #[error("cannot open the log {}", .path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl TelemetryError {
    /// What the user can do.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Filter { .. } => {
                Some("for example RUST_LOG=info or RUST_LOG=kosmos=debug,warn; or unset it".to_owned())
            }
            Self::Started(_) => None,
            Self::Open { .. } => Some("check that the run's folder can be written to".to_owned()),
        }
    }
}
