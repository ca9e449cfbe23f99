use std::io;
use std::path::PathBuf;

use tracing_subscriber::filter::ParseError;
use tracing_subscriber::util::TryInitError;

/// Why logging could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// `RUST_LOG` is not a filter.
    #[error("RUST_LOG={text:?} is not a valid log filter")]
    Filter {
        /// The value of `RUST_LOG`.
        text: String,
        /// The parser's error.
        source: ParseError,
    },
    /// Logging has been set up already.
    #[error("logging has been set up already")]
    Started(#[source] TryInitError),
    /// The log file cannot be opened.
    #[error("cannot open the log {}", .path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
}

impl TelemetryError {
    /// The remedy, if there is one.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Filter { .. } => Some("set it to a filter such as info or kosmos=debug,warn, or unset it".to_owned()),
            Self::Started(_) => None,
            Self::Open { source, .. } if source.kind() == io::ErrorKind::InvalidInput => {
                Some("remove it: a run's log is a file of its own in the run's folder".to_owned())
            }
            Self::Open { .. } => Some("check that the run's folder can be written to".to_owned()),
        }
    }
}
