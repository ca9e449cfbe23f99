//! Deciding what the end of a session means, from what launcher, process 1 and control group tell.

use super::{cgroup::Stats, report::End, watch::Exceeded, workspace::Size};
use crate::{Ending, Limits, SandboxError};

const SIGKILL: i32 = 9;
const SIGXCPU: i32 = 24;
const SIGXFSZ: i32 = 25;

impl From<Exceeded> for Ending {
    fn from(exceeded: Exceeded) -> Self {
        match exceeded {
            Exceeded::Cpu => Self::OutOfTime,
            Exceeded::Memory => Self::OutOfMemory,
            Exceeded::Processes => Self::TooManyProcesses,
            Exceeded::Workspace => Self::ScratchTooLarge,
        }
    }
}

/// Everything that is known once a program has ended by itself.
pub struct Evidence<'a> {
    /// Nothing if init or launcher could not say.
    pub end: Option<&'a End>,
    pub stats: Stats,
    pub size: Size,
    pub cpu_ms: u64,
    pub limits: &'a Limits,
}

/// How the program ended. A limit that was exceeded comes before what the program made of that, so that it makes no difference
/// whether the program ended before it was looked at.
pub fn judge(evidence: &Evidence<'_>) -> Result<Ending, SandboxError> {
    let Evidence {
        stats, size, limits, ..
    } = evidence;
    if let Some(End::NotStarted(failed)) = evidence.end {
        return Err(SandboxError::Setup {
            step: failed.step.clone(),
            cause: failed.cause.clone(),
        });
    }
    if let Some(exceeded) = Exceeded::by(stats) {
        return Ok(exceeded.into());
    }
    let cpu_spent = u128::from(evidence.cpu_ms) >= limits.cpu.as_millis();
    Ok(match evidence.end {
        _ if size.exceeds(limits) || size.closed => Ending::ScratchTooLarge,
        Some(End::Signalled { signal: SIGXCPU }) => Ending::OutOfTime,
        Some(End::Signalled { signal: SIGKILL }) if cpu_spent => Ending::OutOfTime,
        Some(End::Signalled { signal: SIGXFSZ }) => Ending::FileTooLarge,
        Some(End::Signalled { signal }) => Ending::Signalled { signal: *signal },
        Some(End::Exited { code }) => Ending::Exited { code: *code },
        Some(End::NotStarted(_)) | None => return Err(SandboxError::Lost("it left no report".to_owned())),
    })
}

#[cfg(test)]
mod tests {
    use super::{super::report::SetupFailed, *};

    fn judged(end: Option<End>, change: impl FnOnce(&mut Evidence<'_>)) -> Result<Ending, SandboxError> {
        let limits = Limits::default();
        let mut evidence = Evidence {
            end: end.as_ref(),
            stats: Stats::default(),
            size: Size::default(),
            cpu_ms: 0,
            limits: &limits,
        };
        change(&mut evidence);
        judge(&evidence)
    }

    #[test]
    fn each_end_has_its_ending() {
        let exited = |code| Some(End::Exited { code });
        let signalled = |signal| Some(End::Signalled { signal });
        let of = |end, change: fn(&mut Evidence<'_>)| judged(end, change).unwrap();
        assert_eq!(of(exited(0), |_| ()), Ending::Exited { code: 0 });
        assert_eq!(of(exited(3), |e| e.cpu_ms = 1 << 40), Ending::Exited { code: 3 });
        assert_eq!(of(signalled(9), |_| ()), Ending::Signalled { signal: 9 });
        assert_eq!(of(signalled(9), |e| e.cpu_ms = 1 << 40), Ending::OutOfTime);
        assert_eq!(of(signalled(24), |_| ()), Ending::OutOfTime);
        assert_eq!(of(signalled(25), |_| ()), Ending::FileTooLarge);
        assert_eq!(of(exited(0), |e| e.size.bytes = 1 << 40), Ending::ScratchTooLarge);
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
        let error = judged(Some(End::NotStarted(failed)), |_| ()).unwrap_err();
        assert!(error.to_string().contains("start /run/agent/x: no"), "{error}");
        assert!(matches!(judged(None, |_| ()), Err(SandboxError::Lost(_))));
    }
}
