//! The protections that hold on this machine, and how that is known.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A protection from generated code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Protection {
    /// No host can be reached, not even this one, and no virtual-machine socket.
    NetworkIsolated,
    /// Only the interpreter, the inputs and the workspace are visible.
    FilesystemIsolated,
    /// Neither inputs nor interpreter can be changed.
    InputsReadOnly,
    /// None of the host's environment variables is visible.
    EnvironmentEmpty,
    /// Other processes are invisible and cannot be signalled.
    ProcessesHidden,
    /// All processes that the script started end with it.
    TreeKilled,
    /// The script has no privileges and cannot gain any.
    Unprivileged,
    /// Dangerous system calls are refused.
    SystemCallsFiltered,
    /// A second layer of file access rules.
    Landlock,
    /// Memory is limited.
    MemoryLimited,
    /// The number of processes is limited.
    ProcessesLimited,
    /// The size of the workspace is limited.
    WorkspaceLimited,
}

impl Protection {
    /// Returns true if no generated code is run without it.
    #[must_use]
    pub fn is_essential(self) -> bool {
        self != Self::Landlock
    }
}

impl fmt::Display for Protection {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::NetworkIsolated => "network isolated",
            Self::FilesystemIsolated => "filesystem isolated",
            Self::InputsReadOnly => "inputs read-only",
            Self::EnvironmentEmpty => "environment empty",
            Self::ProcessesHidden => "other processes hidden",
            Self::TreeKilled => "process tree ended",
            Self::Unprivileged => "no privileges",
            Self::SystemCallsFiltered => "system calls filtered",
            Self::Landlock => "landlock",
            Self::MemoryLimited => "memory limited",
            Self::ProcessesLimited => "processes limited",
            Self::WorkspaceLimited => "workspace limited",
        })
    }
}

/// The extent to which a protection holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Held {
    /// It holds as described.
    Fully,
    /// It holds in a weaker form, described by `how`.
    Partly,
    /// It does not hold.
    Missing,
}

impl fmt::Display for Held {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Fully => "held",
            Self::Partly => "partly held",
            Self::Missing => "missing",
        })
    }
}

/// One protection and its extent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Guarantee {
    /// The protection.
    pub protection: Protection,
    /// Its extent.
    pub held: Held,
    /// The means by which it holds, or the reason why it does not.
    pub how: String,
}

/// The table of protections, each one measured by an attack at the start of the sandbox.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Guarantees {
    /// The name of the backend, such as `process`.
    pub backend: String,
    /// One row for each protection.
    pub rows: Vec<Guarantee>,
}

impl Guarantees {
    /// Returns the extent of `protection`, which is [`Held::Missing`] if it is not in the table.
    #[must_use]
    pub fn extent_of(&self, protection: Protection) -> Held {
        self.rows
            .iter()
            .find(|row| row.protection == protection)
            .map_or(Held::Missing, |row| row.held)
    }

    /// Returns the essential protections that do not hold.
    pub fn missing_essentials(&self) -> impl Iterator<Item = &Guarantee> {
        self.rows
            .iter()
            .filter(|row| row.held == Held::Missing && row.protection.is_essential())
    }
}
