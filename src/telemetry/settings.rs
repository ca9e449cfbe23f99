use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The log on stderr, and the format of log lines there and in the run's `kosmos.log`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// The least severe level shown on stderr. `-q`, `-v` and `RUST_LOG` override it. The run's `kosmos.log`
    /// always has `debug`.
    pub level: LogLevel,
    /// Format of log lines.
    pub format: LogFormat,
}

/// A level of log lines, from none to all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LogLevel {
    /// Nothing.
    Off,
    /// Failures.
    Error,
    /// Also problems that were handled.
    Warn,
    /// Also the steps of the lab.
    Info,
    /// Also their details.
    Debug,
    /// Also every message.
    Trace,
}

impl LogLevel {
    /// The name that a filter directive takes.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

/// Format of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// Text for people.
    Human,
    /// One JSON object per line.
    Json,
}
