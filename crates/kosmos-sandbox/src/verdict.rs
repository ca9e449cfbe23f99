//! Decides what an exit code or a signal means.

use super::{Language, Outcome, Output, ResourceLimits, TimeLimit};

const SIGKILL: i32 = 9;
const SIGXCPU: i32 = 24;
const SIGXFSZ: i32 = 25;

/// How the script's main process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ExitKind {
    Exited { code: i32 },
    Signalled { signal: i32 },
}

/// The facts that are known once a job has ended by itself.
#[derive(Debug, Clone, Copy)]
pub(super) struct ExitEvidence<'a> {
    pub end: ExitKind,
    /// Processes ended because memory ran out.
    pub oom_kills: u64,
    /// Processor time of all processes in milliseconds.
    pub cpu_ms: u64,
    /// True if the workspace exceeds its limit or is full.
    pub workspace_full: bool,
    /// The size of the largest file in bytes.
    pub largest_file: u64,
    pub stderr: &'a str,
    pub language: Language,
    pub limits: &'a ResourceLimits,
}

/// Decides how the job ended.
pub(super) fn decide_outcome(evidence: &ExitEvidence<'_>) -> Outcome {
    match evidence.end {
        ExitKind::Signalled { signal } => outcome_of_signal(signal, evidence),
        ExitKind::Exited { .. } if evidence.workspace_full => Outcome::OutputTooLarge {
            what: Output::Workspace,
        },
        ExitKind::Exited { code: 0 } => Outcome::Ok,
        // Python turns the signal for too large a file into an exception.
        ExitKind::Exited { .. } if evidence.largest_file >= evidence.limits.file_bytes => {
            Outcome::OutputTooLarge { what: Output::File }
        }
        ExitKind::Exited { .. } if ends_with_memory_error(evidence.stderr) => Outcome::OutOfMemory,
        ExitKind::Exited { code } => match missing_package(evidence.stderr, evidence.language) {
            Some(name) => Outcome::MissingPackage { name },
            None => Outcome::Failed { exit_code: code },
        },
    }
}

fn outcome_of_signal(signal: i32, evidence: &ExitEvidence<'_>) -> Outcome {
    let cpu_spent = u128::from(evidence.cpu_ms) >= evidence.limits.cpu.as_millis();
    match signal {
        SIGKILL if evidence.oom_kills > 0 => Outcome::OutOfMemory,
        SIGKILL | SIGXCPU if cpu_spent || signal == SIGXCPU => Outcome::TimedOut { limit: TimeLimit::Cpu },
        SIGXFSZ => Outcome::OutputTooLarge { what: Output::File },
        _ => Outcome::Killed { signal },
    }
}

/// Returns true if a traceback ends with a `MemoryError` or a library's version of it.
fn ends_with_memory_error(stderr: &str) -> bool {
    let last = stderr.lines().rev().find(|line| !line.trim().is_empty());
    let error = last.unwrap_or_default().split(':').next().unwrap_or_default();
    let name = error.rsplit('.').next().unwrap_or_default();
    matches!(name, "MemoryError" | "_ArrayMemoryError" | "ArrowMemoryError")
}

/// Returns the package that the script could not import, if that ended it.
fn missing_package(stderr: &str, language: Language) -> Option<String> {
    let mut lines = stderr.lines().rev();
    let name = match language {
        Language::Python => {
            let last = lines.find(|line| !line.trim().is_empty())?;
            let module = last.strip_prefix("ModuleNotFoundError: No module named ")?;
            module.trim_matches('\'').split('.').next()?
        }
        // The kind of quotes depends on the locale.
        Language::R => {
            let line = lines.find(|line| line.contains("there is no package called"))?;
            let (_, quoted) = line.split_once("called")?;
            quoted
                .trim()
                .trim_matches(|c| matches!(c, '\'' | '\u{2018}' | '\u{2019}' | '"'))
        }
    };
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '-');
    (!name.is_empty() && name.len() <= 100 && name.chars().all(plain)).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(end: ExitKind, change: impl FnOnce(&mut ExitEvidence<'_>)) -> Outcome {
        let limits = ResourceLimits::default();
        let mut evidence = ExitEvidence {
            end,
            oom_kills: 0,
            cpu_ms: 0,
            workspace_full: false,
            largest_file: 0,
            stderr: "",
            language: Language::Python,
            limits: &limits,
        };
        change(&mut evidence);
        decide_outcome(&evidence)
    }

    #[test]
    fn each_end_has_its_outcome() {
        let exited = |code| ExitKind::Exited { code };
        let signalled = |signal| ExitKind::Signalled { signal };
        let file = Outcome::OutputTooLarge { what: Output::File };
        let whole = Outcome::OutputTooLarge {
            what: Output::Workspace,
        };
        let cpu = Outcome::TimedOut { limit: TimeLimit::Cpu };
        assert_eq!(judged(exited(0), |_| ()), Outcome::Ok);
        assert_eq!(judged(exited(0), |e| e.oom_kills = 1), Outcome::Ok);
        assert_eq!(judged(exited(3), |_| ()), Outcome::Failed { exit_code: 3 });
        assert_eq!(judged(exited(1), |e| e.largest_file = 1 << 40), file);
        assert_eq!(judged(exited(0), |e| e.workspace_full = true), whole);
        assert_eq!(judged(signalled(11), |_| ()), Outcome::Killed { signal: 11 });
        assert_eq!(judged(signalled(9), |_| ()), Outcome::Killed { signal: 9 });
        assert_eq!(judged(signalled(9), |e| e.oom_kills = 1), Outcome::OutOfMemory);
        assert_eq!(judged(signalled(9), |e| e.cpu_ms = 1 << 40), cpu);
        assert_eq!(judged(signalled(24), |_| ()), cpu);
        assert_eq!(judged(signalled(25), |_| ()), file);
    }

    #[test]
    fn packages_that_are_not_there_are_named() {
        let python = "Traceback (most recent call last):\n  ...\nModuleNotFoundError: No module named 'xgboost.core'\n";
        assert_eq!(missing_package(python, Language::Python).as_deref(), Some("xgboost"));
        let r = "Error in library(brms) : there is no package called \u{2018}brms\u{2019}\nExecution halted\n";
        assert_eq!(missing_package(r, Language::R).as_deref(), Some("brms"));
        for other in [
            "ValueError: No module named 'x'",
            "",
            "ModuleNotFoundError: No module named '../../x y'",
        ] {
            assert_eq!(missing_package(other, Language::Python), None, "{other}");
        }
        let outcome = judged(ExitKind::Exited { code: 1 }, |e| {
            e.stderr = "ModuleNotFoundError: No module named 'torch'"
        });
        assert_eq!(
            outcome.to_string(),
            "needs the package `torch`, which the sandbox does not have"
        );
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
