//! Watches a job for limits that the kernel does not enforce by itself.

use std::{sync::Arc, time::Duration};

use super::{
    cgroup::{ControlGroup, GroupStats},
    tree::{self, TreeUse},
    workspace::OpenWorkspace,
};
use crate::{Outcome, Output, ResourceLimits, TimeLimit};

/// The time between two samples; with a cgroup only processor time must be watched.
const PERIOD: Duration = Duration::from_millis(100);
const PERIOD_WITHOUT_CGROUP: Duration = Duration::from_millis(20);

/// The number of processes beyond the limit that are tolerated: the launcher and init are counted in some cases.
pub const PROCESSES_UNSEEN: u64 = 2;

/// The limits of one job, and the means to sample its use of the machine.
pub struct LimitWatch {
    pub launcher: u32,
    pub group: Option<Arc<ControlGroup>>,
    /// True if memory and processes must be counted from outside.
    pub count_tree: bool,
    /// True if everything ends once the kernel has enforced a limit by ending or refusing one process.
    pub strict: bool,
    pub workspace: Arc<OpenWorkspace>,
    pub limits: ResourceLimits,
}

/// The highest sample.
#[derive(Debug, Clone, Default)]
pub struct PeakUse {
    pub peak_memory_bytes: u64,
    /// True if the workspace had no room left at some time.
    pub workspace_full: bool,
}

/// A limit that was exceeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExceededLimit {
    Cpu,
    Memory,
    Processes,
    Workspace,
}

impl From<ExceededLimit> for Outcome {
    fn from(exceeded: ExceededLimit) -> Self {
        match exceeded {
            ExceededLimit::Cpu => Self::TimedOut { limit: TimeLimit::Cpu },
            ExceededLimit::Memory => Self::OutOfMemory,
            ExceededLimit::Processes => Self::Killed { signal: 9 },
            ExceededLimit::Workspace => Self::OutputTooLarge {
                what: Output::Workspace,
            },
        }
    }
}

impl ExceededLimit {
    /// Returns the limit that the kernel had to enforce, if any.
    pub fn held_by_kernel(stats: &GroupStats) -> Option<Self> {
        if stats.oom_kills > 0 {
            Some(Self::Memory)
        } else if stats.forks_refused > 0 {
            Some(Self::Processes)
        } else {
            None
        }
    }
}

impl LimitWatch {
    /// Takes samples until a limit is exceeded, and keeps `seen` up to date.
    pub async fn until_exceeded(self: Arc<Self>, seen: &mut PeakUse) -> ExceededLimit {
        let period = if self.count_tree { PERIOD_WITHOUT_CGROUP } else { PERIOD };
        loop {
            tokio::time::sleep(period).await;
            let this = Arc::clone(&self);
            let (peak, full, exceeded) = tokio::task::spawn_blocking(move || this.sample())
                .await
                .unwrap_or_default();
            seen.peak_memory_bytes = seen.peak_memory_bytes.max(peak);
            seen.workspace_full |= full;
            if let Some(exceeded) = exceeded {
                return exceeded;
            }
        }
    }

    /// Returns the memory in use, if it is counted from outside, whether the workspace is full, and the exceeded limit,
    /// if any.
    fn sample(&self) -> (u64, bool, Option<ExceededLimit>) {
        let most = self.limits.processes.saturating_add(PROCESSES_UNSEEN);
        let mut used = TreeUse::default();
        if self.count_tree || self.group.is_none() {
            used = tree::measure_tree(self.launcher, most, tree::resident_bytes);
        }
        let workspace = self.workspace.measure();
        // Files of the workspace are in memory too. A mapped one counts twice, which is never too low.
        used.memory_bytes += workspace.bytes;
        // Forks of one process share much memory, so the slow measurement decides where the fast one is too high.
        if used.memory_bytes > self.limits.memory_bytes {
            let exact = tree::measure_tree(self.launcher, most, tree::proportional_bytes).memory_bytes;
            used.memory_bytes = exact + workspace.bytes;
        }
        let stats = self.group.as_ref().map(|group| group.read_stats()).unwrap_or_default();
        let exceeded = self.find_exceeded(used, workspace.full, &stats);
        (used.memory_bytes, workspace.full, exceeded)
    }

    fn find_exceeded(&self, used: TreeUse, full: bool, stats: &GroupStats) -> Option<ExceededLimit> {
        let limits = &self.limits;
        if u128::from(stats.cpu_ms.unwrap_or(used.cpu_ms)) > limits.cpu.as_millis() {
            return Some(ExceededLimit::Cpu);
        }
        if self.count_tree {
            if used.memory_bytes > limits.memory_bytes {
                return Some(ExceededLimit::Memory);
            }
            // Init is one of them. Without a cgroup the only remedy is to end everything.
            if used.processes > limits.processes.saturating_add(PROCESSES_UNSEEN) {
                return Some(ExceededLimit::Processes);
            }
        }
        if !self.strict {
            return None;
        }
        ExceededLimit::held_by_kernel(stats).or(full.then_some(ExceededLimit::Workspace))
    }
}
