//! Decides how a session ended, from the reports of launcher, process 1 and control group.

use super::{cgroup::GroupStats, report::ReportedEnd, watch::ExceededLimit, workspace::WorkspaceSize};
use crate::{Ending, ResourceLimits, SandboxError};

const SIGKILL: i32 = 9;
const SIGXCPU: i32 = 24;
const SIGXFSZ: i32 = 25;

impl From<ExceededLimit> for Ending {
    fn from(exceeded: ExceededLimit) -> Self {
        match exceeded {
            ExceededLimit::Cpu => Self::OutOfTime,
            ExceededLimit::Memory => Self::OutOfMemory,
            ExceededLimit::Processes => Self::TooManyProcesses,
            ExceededLimit::Workspace => Self::ScratchTooLarge,
        }
    }
}

/// The facts that are known once a program has ended by itself.
pub struct SessionEvidence<'a> {
    /// None if init or launcher left no report.
    pub end: Option<&'a ReportedEnd>,
    pub stats: GroupStats,
    pub size: WorkspaceSize,
    pub cpu_ms: u64,
    pub limits: &'a ResourceLimits,
}

/// Decides how the program ended. An exceeded limit wins over the program's own reaction to it, so that the result does
/// not depend on whether the program ended before its limits were checked.
pub fn decide_ending(evidence: &SessionEvidence<'_>) -> Result<Ending, SandboxError> {
    let SessionEvidence {
        stats, size, limits, ..
    } = evidence;
    if let Some(ReportedEnd::NotStarted(failed)) = evidence.end {
        return Err(SandboxError::Setup {
            step: failed.step.clone(),
            cause: failed.cause.clone(),
        });
    }
    if let Some(exceeded) = ExceededLimit::held_by_kernel(stats) {
        return Ok(exceeded.into());
    }
    let cpu_spent = u128::from(evidence.cpu_ms) >= limits.cpu.as_millis();
    Ok(match evidence.end {
        _ if size.full => Ending::ScratchTooLarge,
        Some(ReportedEnd::Signalled { signal: SIGXCPU }) => Ending::OutOfTime,
        Some(ReportedEnd::Signalled { signal: SIGKILL }) if cpu_spent => Ending::OutOfTime,
        Some(ReportedEnd::Signalled { signal: SIGXFSZ }) => Ending::FileTooLarge,
        Some(ReportedEnd::Signalled { signal }) => Ending::Signalled { signal: *signal },
        Some(ReportedEnd::Exited { code }) => Ending::Exited { code: *code },
        Some(ReportedEnd::NotStarted(_)) | None => return Err(SandboxError::Lost("it left no report".to_owned())),
    })
}

#[cfg(test)]
mod tests {
    use super::{super::report::SetupFailed, *};

    fn judged(end: Option<ReportedEnd>, change: impl FnOnce(&mut SessionEvidence<'_>)) -> Result<Ending, SandboxError> {
        let limits = ResourceLimits::default();
        let mut evidence = SessionEvidence {
            end: end.as_ref(),
            stats: GroupStats::default(),
            size: WorkspaceSize::default(),
            cpu_ms: 0,
            limits: &limits,
        };
        change(&mut evidence);
        decide_ending(&evidence)
    }

    #[test]
    fn each_end_has_its_ending() {
        let exited = |code| Some(ReportedEnd::Exited { code });
        let signalled = |signal| Some(ReportedEnd::Signalled { signal });
        let of = |end, change: fn(&mut SessionEvidence<'_>)| judged(end, change).unwrap();
        assert_eq!(of(exited(0), |_| ()), Ending::Exited { code: 0 });
        assert_eq!(of(exited(3), |e| e.cpu_ms = 1 << 40), Ending::Exited { code: 3 });
        assert_eq!(of(signalled(9), |_| ()), Ending::Signalled { signal: 9 });
        assert_eq!(of(signalled(9), |e| e.cpu_ms = 1 << 40), Ending::OutOfTime);
        assert_eq!(of(signalled(24), |_| ()), Ending::OutOfTime);
        assert_eq!(of(signalled(25), |_| ()), Ending::FileTooLarge);
        assert_eq!(of(exited(0), |e| e.size.full = true), Ending::ScratchTooLarge);
        assert_eq!(of(exited(1), |e| e.stats.forks_refused = 1), Ending::TooManyProcesses);
        assert_eq!(of(signalled(9), |e| e.stats.oom_kills = 1), Ending::OutOfMemory);
        assert_eq!(of(None, |e| e.stats.oom_kills = 1), Ending::OutOfMemory);
    }

    #[test]
    fn what_never_started_or_never_reported_is_an_error() {
        let failed = SetupFailed {
            step: "start /run/agent/x".to_owned(),
            cause: "no".to_owned(),
        };
        let error = judged(Some(ReportedEnd::NotStarted(failed)), |_| ()).unwrap_err();
        assert!(error.to_string().contains("start /run/agent/x: no"), "{error}");
        assert!(matches!(judged(None, |_| ()), Err(SandboxError::Lost(_))));
    }
}
