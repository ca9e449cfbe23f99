//! Deciding what an end means.

use super::{
    cgroup::Stats,
    report::{End, Report},
    workspace::Size,
};
use crate::sandbox::{Captured, Limits, Outcome, Output, SandboxError, TimeLimit};

const SIGKILL: i32 = 9;
const SIGXCPU: i32 = 24;
const SIGXFSZ: i32 = 25;

/// Everything that is known once a job has ended by itself.
pub struct Evidence<'a> {
    pub report: Option<&'a Report>,
    pub stats: Stats,
    pub workspace: Size,
    pub stderr: &'a Captured,
    pub limits: &'a Limits,
    pub cpu_ms: u64,
}

/// How the job ended.
pub fn judge(evidence: &Evidence<'_>) -> Result<Outcome, SandboxError> {
    let out_of_memory = evidence.stats.oom_kills > 0;
    let Some(init) = evidence.report.and_then(|report| report.init.as_ref()) else {
        // Only the kernel can have ended init or launcher, and it does so for want of memory.
        return if out_of_memory {
            Ok(Outcome::OutOfMemory)
        } else {
            Err(SandboxError::Lost("it left no report".to_owned()))
        };
    };
    Ok(match &init.end {
        End::NotStarted(failed) => {
            return Err(SandboxError::Setup {
                step: failed.step.clone(),
                cause: failed.cause.clone(),
            });
        }
        End::Signalled { signal } => signalled(*signal, evidence),
        End::Exited { .. } if too_large(evidence) => Outcome::OutputTooLarge {
            what: Output::Workspace,
        },
        End::Exited { code: 0 } => Outcome::Ok,
        // Python turns the signal for a file that grew too large into an exception.
        End::Exited { .. } if evidence.workspace.largest >= evidence.limits.file_bytes => {
            Outcome::OutputTooLarge { what: Output::File }
        }
        End::Exited { .. } if ends_with_memory_error(&evidence.stderr.text) => Outcome::OutOfMemory,
        End::Exited { code } => Outcome::Failed { exit_code: *code },
    })
}

fn signalled(signal: i32, evidence: &Evidence<'_>) -> Outcome {
    let cpu_spent = u128::from(evidence.cpu_ms) >= evidence.limits.cpu.as_millis();
    match signal {
        SIGKILL if evidence.stats.oom_kills > 0 => Outcome::OutOfMemory,
        SIGKILL | SIGXCPU if cpu_spent || signal == SIGXCPU => Outcome::TimedOut { limit: TimeLimit::Cpu },
        SIGXFSZ => Outcome::OutputTooLarge { what: Output::File },
        _ => Outcome::Killed { signal },
    }
}

fn too_large(evidence: &Evidence<'_>) -> bool {
    evidence.workspace.bytes > evidence.limits.workspace_bytes
        || evidence.workspace.files > evidence.limits.workspace_files
}

/// Whether a traceback ends with a `MemoryError` or a library's kind of it.
fn ends_with_memory_error(stderr: &str) -> bool {
    let last = stderr.lines().rev().find(|line| !line.trim().is_empty());
    let error = last.unwrap_or_default().split(':').next().unwrap_or_default();
    let name = error.rsplit('.').next().unwrap_or_default();
    matches!(name, "MemoryError" | "_ArrayMemoryError" | "ArrowMemoryError")
}

#[cfg(test)]
mod tests {
    use super::{super::report::InitReport, *};

    fn judged(end: End, change: impl FnOnce(&mut Evidence<'_>)) -> Outcome {
        let report = Report {
            init: Some(InitReport { end, landlock: true }),
            cpu_ms: 0,
            largest_process_bytes: 0,
        };
        let (stderr, limits) = (Captured::default(), Limits::default());
        let mut evidence = Evidence {
            report: Some(&report),
            stats: Stats::default(),
            workspace: Size::default(),
            stderr: &stderr,
            limits: &limits,
            cpu_ms: 0,
        };
        change(&mut evidence);
        judge(&evidence).unwrap()
    }

    #[test]
    fn each_end_has_its_outcome() {
        let exited = |code| End::Exited { code };
        let signalled = |signal| End::Signalled { signal };
        let file = Outcome::OutputTooLarge { what: Output::File };
        let whole = Outcome::OutputTooLarge {
            what: Output::Workspace,
        };
        let cpu = Outcome::TimedOut { limit: TimeLimit::Cpu };
        assert_eq!(judged(exited(0), |_| ()), Outcome::Ok);
        assert_eq!(judged(exited(0), |e| e.stats.oom_kills = 1), Outcome::Ok);
        assert_eq!(judged(exited(3), |_| ()), Outcome::Failed { exit_code: 3 });
        assert_eq!(judged(exited(1), |e| e.workspace.largest = 1 << 40), file);
        assert_eq!(judged(exited(0), |e| e.workspace.bytes = 1 << 40), whole);
        assert_eq!(judged(exited(0), |e| e.workspace.files = 1 << 40), whole);
        assert_eq!(judged(signalled(11), |_| ()), Outcome::Killed { signal: 11 });
        assert_eq!(judged(signalled(9), |_| ()), Outcome::Killed { signal: 9 });
        assert_eq!(judged(signalled(9), |e| e.stats.oom_kills = 1), Outcome::OutOfMemory);
        assert_eq!(judged(signalled(9), |e| e.cpu_ms = 1 << 40), cpu);
        assert_eq!(judged(signalled(24), |_| ()), cpu);
        assert_eq!(judged(signalled(25), |_| ()), file);
    }

    #[test]
    fn memory_errors_are_recognised() {
        for (text, wanted) in [
            ("Traceback ...\nMemoryError\n", true),
            ("x\nnumpy._core._exceptions._ArrayMemoryError: Unable to ...\n\n", true),
            ("pyarrow.lib.ArrowMemoryError: malloc", true),
            ("ValueError: MemoryError", false),
            ("MemoryError\nbut then all was well", false),
            ("", false),
        ] {
            assert_eq!(ends_with_memory_error(text), wanted, "{text}");
        }
    }
}
