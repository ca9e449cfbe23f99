//! Watching a job for limits that the kernel does not enforce by itself.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use super::{
    cgroup::{Group, Stats},
    tree::{self, TreeUse},
    workspace,
};
use crate::{Limits, Outcome, Output, TimeLimit};

/// How often a job is looked at; with a cgroup only the workspace and processor time are left to watch.
const PERIOD: Duration = Duration::from_millis(100);
const PERIOD_WITHOUT_CGROUP: Duration = Duration::from_millis(20);

/// How far the number of processes may be beyond its limit before it is exceeded: launcher and init count with the others in
/// one place or another.
pub const PROCESSES_UNSEEN: u64 = 2;

/// How long a folder may be closed to us while the script goes on.
const GRACE: Duration = Duration::from_secs(1);

/// What to watch.
pub struct Watch {
    pub launcher: u32,
    pub group: Option<Arc<Group>>,
    /// Count memory and processes from outside.
    pub count_tree: bool,
    /// Also end everything where the kernel has held a limit by itself, by ending or refusing one process.
    pub strict: bool,
    pub workspace: PathBuf,
    pub limits: Limits,
    /// When a folder was first seen to be closed to us.
    pub closed_since: Mutex<Option<Instant>>,
}

/// What was seen.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    pub peak_memory_bytes: u64,
}

/// A limit that was exceeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exceeded {
    Cpu,
    Memory,
    Processes,
    Workspace,
}

impl From<Exceeded> for Outcome {
    fn from(exceeded: Exceeded) -> Self {
        match exceeded {
            Exceeded::Cpu => Self::TimedOut { limit: TimeLimit::Cpu },
            Exceeded::Memory => Self::OutOfMemory,
            Exceeded::Processes => Self::Killed { signal: 9 },
            Exceeded::Workspace => Self::OutputTooLarge {
                what: Output::Workspace,
            },
        }
    }
}

impl Exceeded {
    /// The limit that the kernel had to hold, if any.
    pub fn by(stats: &Stats) -> Option<Self> {
        if stats.oom_kills > 0 {
            Some(Self::Memory)
        } else if stats.forks_refused > 0 {
            Some(Self::Processes)
        } else {
            None
        }
    }
}

impl Watch {
    /// Looks again and again, until a limit is exceeded. `seen` is kept up to date meanwhile.
    pub async fn until_exceeded(self: Arc<Self>, seen: &mut Seen) -> Exceeded {
        let period = if self.count_tree { PERIOD_WITHOUT_CGROUP } else { PERIOD };
        loop {
            tokio::time::sleep(period).await;
            let this = Arc::clone(&self);
            let (peak, exceeded) = tokio::task::spawn_blocking(move || this.look())
                .await
                .unwrap_or_default();
            seen.peak_memory_bytes = seen.peak_memory_bytes.max(peak);
            if let Some(exceeded) = exceeded {
                return exceeded;
            }
        }
    }

    /// The memory in use, if it is counted here, and the limit that is exceeded, if any.
    fn look(&self) -> (u64, Option<Exceeded>) {
        let most = self.limits.processes.saturating_add(PROCESSES_UNSEEN);
        let mut used = TreeUse::default();
        if self.count_tree || self.group.is_none() {
            used = tree::measure(self.launcher, most, tree::resident);
        }
        // Forks of one process share much, so a second look only where the first seems too much.
        if used.memory_bytes > self.limits.memory_bytes {
            used.memory_bytes = tree::measure(self.launcher, most, tree::proportional).memory_bytes;
        }
        let stats = self.group.as_ref().map(|group| group.stats()).unwrap_or_default();
        (used.memory_bytes, self.exceeded(used, &stats))
    }

    fn exceeded(&self, used: TreeUse, stats: &Stats) -> Option<Exceeded> {
        let limits = &self.limits;
        if u128::from(stats.cpu_ms.unwrap_or(used.cpu_ms)) > limits.cpu.as_millis() {
            return Some(Exceeded::Cpu);
        }
        if self.count_tree {
            if used.memory_bytes > limits.memory_bytes {
                return Some(Exceeded::Memory);
            }
            // Init is one of them. Without a cgroup there is no other way than to end it all.
            if used.processes > limits.processes.saturating_add(PROCESSES_UNSEEN) {
                return Some(Exceeded::Processes);
            }
        }
        if self.strict
            && let Some(held) = Exceeded::by(stats)
        {
            return Some(held);
        }
        let size = workspace::measure(&self.workspace, limits.workspace_files);
        if size.exceeds(limits) || self.closed_for_long(size.closed) {
            return Some(Exceeded::Workspace);
        }
        None
    }

    /// A script may close a folder as its last act, and is then opened by us; one that goes on with a folder in which we
    /// cannot look is hiding something.
    fn closed_for_long(&self, closed: bool) -> bool {
        let mut since = self.closed_since.lock().unwrap_or_else(PoisonError::into_inner);
        if !closed {
            *since = None;
            return false;
        }
        since.get_or_insert_with(Instant::now).elapsed() > GRACE
    }
}
