use std::path::PathBuf;

use clap::Args;

use crate::config::LogLevel;

/// Flags that every command takes.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Global options")]
pub struct Globals {
    /// Home folder, of runs and knowledge graph [default: $KOSMOS_HOME, else ./.kosmos]
    #[arg(long, global = true, value_name = "DIR")]
    pub home: Option<PathBuf>,

    /// Print one JSON document on stdout, and everything else on stderr
    #[arg(long, global = true)]
    pub json: bool,

    /// Log more on stderr: -v steps, -vv details, -vvv every message
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,

    /// Show no progress, and log errors only
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
}

impl Globals {
    /// The level of log lines on stderr: as `-v` or `-q` requests, else as the settings say.
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
