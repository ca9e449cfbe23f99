//! Watching a job for limits that the kernel does not enforce by itself.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use super::{
    cgroup::Group,
    tree::{self, TreeUse},
    workspace,
};
use crate::sandbox::{Limits, Outcome, Output, TimeLimit};

/// How often a job is looked at; with a cgroup only the workspace and processor time are left to watch.
const PERIOD: Duration = Duration::from_millis(100);
const PERIOD_WITHOUT_CGROUP: Duration = Duration::from_millis(20);

/// How long a folder may be closed to us while the script goes on.
const GRACE: Duration = Duration::from_secs(1);

/// What to watch.
pub struct Watch {
    pub launcher: u32,
    pub group: Option<Arc<Group>>,
    /// Count memory and processes from outside.
    pub count_tree: bool,
    pub workspace: PathBuf,
    pub limits: Limits,
    /// When a folder was first seen to be closed to us.
    pub closed_since: Mutex<Option<Instant>>,
}

/// What was seen, and the limit that was exceeded.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    pub peak_memory_bytes: u64,
    pub exceeded: Option<Outcome>,
}

impl Watch {
    /// Looks again and again, until a limit is exceeded. `seen` is kept up to date meanwhile.
    pub async fn until_exceeded(self: Arc<Self>, seen: &mut Seen) -> Outcome {
        let period = if self.count_tree { PERIOD_WITHOUT_CGROUP } else { PERIOD };
        loop {
            tokio::time::sleep(period).await;
            let this = Arc::clone(&self);
            let (peak, exceeded) = tokio::task::spawn_blocking(move || this.look())
                .await
                .unwrap_or_default();
            seen.peak_memory_bytes = seen.peak_memory_bytes.max(peak);
            if let Some(outcome) = exceeded {
                seen.exceeded = Some(outcome.clone());
                return outcome;
            }
        }
    }

    /// The memory in use, if it is counted here, and the limit that is exceeded, if any.
    fn look(&self) -> (u64, Option<Outcome>) {
        let mut used = TreeUse::default();
        if self.count_tree || self.group.is_none() {
            used = tree::measure(self.launcher, tree::resident);
        }
        // Forks of one process share much, so a second look only where the first seems too much.
        if used.memory_bytes > self.limits.memory_bytes {
            used.memory_bytes = tree::measure(self.launcher, tree::proportional).memory_bytes;
        }
        let counted = self.group.as_ref().and_then(|group| group.stats().cpu_ms);
        (used.memory_bytes, self.exceeded(used, counted.unwrap_or(used.cpu_ms)))
    }

    fn exceeded(&self, used: TreeUse, cpu_ms: u64) -> Option<Outcome> {
        let limits = &self.limits;
        if u128::from(cpu_ms) > limits.cpu.as_millis() {
            let limit = TimeLimit::Cpu;
            return Some(Outcome::TimedOut { limit });
        }
        if self.count_tree {
            if used.memory_bytes > limits.memory_bytes {
                return Some(Outcome::OutOfMemory);
            }
            // Init is one of them. Without a cgroup there is no other way than to end it all.
            if used.processes > limits.processes.saturating_add(2) {
                return Some(Outcome::Killed { signal: 9 });
            }
        }
        let size = workspace::measure(&self.workspace, limits.workspace_files);
        if size.exceeds(limits) || self.closed_for_long(size.closed) {
            let what = Output::Workspace;
            return Some(Outcome::OutputTooLarge { what });
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
