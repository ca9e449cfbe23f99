use std::process::ExitCode;

/// Exit codes of the `kosmos` process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// The command succeeded.
    Done = 0,
    /// Bad usage or configuration; nothing was started.
    Usage = 2,
    /// The run ended because a budget was spent.
    Budget = 3,
    /// The run, or the command, failed.
    Failed = 4,
    /// A chosen backend is unavailable.
    Unavailable = 5,
    /// Interrupted by the user.
    Interrupted = 130,
}

impl Exit {
    /// The exit status that the shell sees.
    pub const fn code(self) -> u8 {
        self as u8
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
