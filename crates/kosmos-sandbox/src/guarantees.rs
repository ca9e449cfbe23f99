//! Which protections hold on this machine, and how that is known.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Everything that generated code is to be kept from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Protection {
    /// No host, not even this one, can be reached; nor can virtual-machine sockets.
    NetworkIsolated,
    /// Only the interpreter, the inputs and the workspace can be seen.
    FilesystemIsolated,
    /// Neither inputs nor interpreter can be changed.
    InputsReadOnly,
    /// Nothing of the host's environment variables is visible.
    EnvironmentEmpty,
    /// Other processes can neither be seen nor signalled.
    ProcessesHidden,
    /// Everything that the script started ends with it.
    TreeKilled,
    /// No privileges, and no way to gain any.
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
    /// Whether no generated code is run without it.
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

/// How far a protection goes.
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

/// One protection and how far it goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Guarantee {
    /// The protection.
    pub protection: Protection,
    /// How far it goes.
    pub held: Held,
    /// By what means, or why not.
    pub how: String,
}

/// The table of protections, each one measured by an attack at the start of the sandbox.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Guarantees {
    /// Which backend measured them, such as `process`.
    pub backend: String,
    /// One row for each protection.
    pub rows: Vec<Guarantee>,
}

impl Guarantees {
    /// How far `protection` goes; missing if it is not in the table.
    #[must_use]
    pub fn held(&self, protection: Protection) -> Held {
        self.rows
            .iter()
            .find(|row| row.protection == protection)
            .map_or(Held::Missing, |row| row.held)
    }

    /// The essential protections that do not hold.
    pub fn missing_essentials(&self) -> impl Iterator<Item = &Guarantee> {
        self.rows
            .iter()
            .filter(|row| row.held == Held::Missing && row.protection.is_essential())
    }
}
