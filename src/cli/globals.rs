use std::path::PathBuf;

use clap::Args;

use crate::config::LogLevel;

/// Flags that every command takes.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Everywhere")]
pub struct Globals {
    /// Folder of runs and knowledge [default: $KOSMOS_HOME, else ./.kosmos]
    #[arg(long, global = true, value_name = "DIR")]
    pub home: Option<PathBuf>,

    /// Print one JSON document on stdout, everything else on stderr
    #[arg(long, global = true)]
    pub json: bool,

    /// Log more on stderr: -v what the lab does, -vv how, -vvv every message
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,

    /// No progress, and only errors in the log
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
}

impl Globals {
    /// The level of log lines on stderr: what `-v` or `-q` asks for, else what is set.
    pub fn log_level(&self, set: LogLevel) -> LogLevel {
        match (self.quiet, self.verbose) {
            (true, _) => set.min(LogLevel::Error),
            (false, 0) => set,
            (false, 1) => LogLevel::Info,
            (false, 2) => LogLevel::Debug,
            (false, _) => LogLevel::Trace,
        }
    }
}
