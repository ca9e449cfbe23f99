//! The result of the attack, and the guarantees that follow from it.

use serde::Deserialize;

use super::scene::AttackStrength;
use crate::{Execution, Guarantee, Guarantees, Held, Outcome, Protection, SandboxError, environment};

/// The result of the attack; every list should be empty.
#[derive(Debug, Deserialize)]
pub struct AttackResult {
    sockets: Vec<String>,
    seen: Vec<String>,
    written: Vec<String>,
    inputs_changed: Vec<String>,
    input_read: bool,
    environment: Vec<String>,
    environment_of_1: bool,
    processes_seen: u64,
    capabilities: Vec<String>,
    new_privileges: bool,
    root: bool,
    filtered: bool,
    ptrace_and_namespaces: bool,
    shared_signals: Vec<String>,
    disk_bytes: u64,
    forked: u64,
    #[serde(skip)]
    hoarded: bool,
}

#[derive(Debug, Deserialize)]
struct Hoard {
    hoarded: bool,
}

impl AttackResult {
    /// Reads what the attack printed.
    ///
    /// # Errors
    /// [`SandboxError::Unavailable`] if it printed no result.
    pub fn from_execution(execution: &Execution) -> Result<Self, SandboxError> {
        let mut lines = execution.stdout.text.lines();
        let first = lines.next().and_then(|line| serde_json::from_str::<Self>(line).ok());
        let Some(mut loot) = first else {
            let last = execution.stderr.text.lines().last().unwrap_or("no message");
            return Err(SandboxError::Unavailable {
                missing: vec![format!("the trial script {}: {last}", execution.outcome)],
                remedy: "check that the interpreter runs by itself, and that others may read its files".to_owned(),
            });
        };
        loot.hoarded = match lines.next().map(serde_json::from_str::<Hoard>) {
            Some(Ok(hoard)) => hoard.hoarded,
            _ => execution.outcome != Outcome::OutOfMemory,
        };
        Ok(loot)
    }
}

/// The means by which a backend provides its protections, shown where they hold.
#[derive(Debug, Clone)]
pub struct ProtectionMeans {
    pub backend: &'static str,
    pub network: String,
    pub filesystem: String,
    pub inputs: String,
    pub environment: String,
    pub processes_hidden: String,
    pub tree: String,
    pub unprivileged: String,
    pub calls: String,
    pub landlock: (Held, String),
    pub memory: (Held, String),
    pub processes: (Held, String),
    pub workspace: String,
}

/// Derives the table of guarantees. `survived` is true if a process of the attack remained after its end.
pub fn derive_guarantees(
    loot: &AttackResult,
    survived: bool,
    force: &AttackStrength,
    means: ProtectionMeans,
) -> Guarantees {
    let known = environment::script_environment();
    let strange: Vec<&String> = loot
        .environment
        .iter()
        // The interpreter may set this one by itself.
        .filter(|name| *name != "LC_CTYPE" && !known.iter().any(|(key, _)| key == *name))
        .collect();
    let reached = [loot.seen.as_slice(), loot.written.as_slice()].concat();
    let rows = vec![
        held_or_missing(
            Protection::NetworkIsolated,
            loot.sockets.is_empty(),
            means.network,
            format!("sockets could be opened: {}", loot.sockets.join(", ")),
        ),
        held_or_missing(
            Protection::FilesystemIsolated,
            reached.is_empty(),
            means.filesystem,
            format!("could be reached: {}", reached.join(", ")),
        ),
        held_or_missing(
            Protection::InputsReadOnly,
            loot.inputs_changed.is_empty() && loot.input_read,
            means.inputs,
            format!("an input could be changed by {}", loot.inputs_changed.join(", ")),
        ),
        held_or_missing(
            Protection::EnvironmentEmpty,
            strange.is_empty() && !loot.environment_of_1,
            means.environment,
            format!("variables are visible: {strange:?}"),
        ),
        held_or_missing(
            Protection::ProcessesHidden,
            loot.processes_seen <= 2,
            means.processes_hidden,
            format!("{} processes are visible", loot.processes_seen),
        ),
        held_or_missing(
            Protection::TreeKilled,
            !survived,
            means.tree,
            "a process outlived the script".to_owned(),
        ),
        held_or_missing(
            Protection::Unprivileged,
            loot.capabilities.is_empty() && !loot.new_privileges && !loot.root,
            means.unprivileged,
            "root or capabilities could be gained".to_owned(),
        ),
        held_or_missing(
            Protection::SystemCallsFiltered,
            loot.filtered && !loot.ptrace_and_namespaces && loot.shared_signals.is_empty(),
            means.calls,
            match loot.shared_signals.as_slice() {
                [] => "forbidden system calls succeeded".to_owned(),
                through => format!("another sandbox could be signalled by {}", through.join(", ")),
            },
        ),
        graded_or_missing(Protection::Landlock, true, means.landlock),
        graded_or_missing(Protection::MemoryLimited, !loot.hoarded, means.memory),
        graded_or_missing(
            Protection::ProcessesLimited,
            loot.forked <= force.processes,
            means.processes,
        ),
        held_or_missing(
            Protection::WorkspaceLimited,
            loot.disk_bytes <= force.workspace_bytes,
            means.workspace,
            format!("{} bytes were written", loot.disk_bytes),
        ),
    ];
    Guarantees {
        backend: means.backend.to_owned(),
        rows,
    }
}

fn held_or_missing(protection: Protection, held: bool, how: String, why_not: String) -> Guarantee {
    Guarantee {
        protection,
        held: if held { Held::Fully } else { Held::Missing },
        how: if held { how } else { why_not },
    }
}

/// A protection that can hold in a weaker form.
fn graded_or_missing(protection: Protection, held: bool, (grade, how): (Held, String)) -> Guarantee {
    match held {
        true => Guarantee {
            protection,
            held: grade,
            how,
        },
        false => Guarantee {
            protection,
            held: Held::Missing,
            how: "the limit was exceeded".to_owned(),
        },
    }
}
