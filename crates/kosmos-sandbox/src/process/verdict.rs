//! Decides how a job ended, from the reports of launcher, process 1 and control group.

use super::{
    cgroup::GroupStats,
    report::{LauncherReport, ReportedEnd},
    workspace::WorkspaceSize,
};
use crate::{Captured, Job, Outcome, SandboxError, verdict};

/// The facts that are known once a job has ended by itself.
pub struct JobEvidence<'a> {
    pub report: Option<&'a LauncherReport>,
    pub stats: GroupStats,
    pub workspace: WorkspaceSize,
    /// True if the workspace was seen without room while the script ran.
    pub was_full: bool,
    pub stderr: &'a Captured,
    pub job: &'a Job,
    pub cpu_ms: u64,
}

/// Decides how the job ended.
pub fn decide_job_outcome(evidence: &JobEvidence<'_>) -> Result<Outcome, SandboxError> {
    let Some(init) = evidence.report.and_then(|report| report.init.as_ref()) else {
        // Only the kernel can have ended init or the launcher, and it does so when memory runs out.
        return if evidence.stats.oom_kills > 0 {
            Ok(Outcome::OutOfMemory)
        } else {
            Err(SandboxError::Lost("it left no report".to_owned()))
        };
    };
    let end = match &init.end {
        ReportedEnd::NotStarted(failed) => {
            return Err(SandboxError::Setup {
                step: failed.step.clone(),
                cause: failed.cause.clone(),
            });
        }
        ReportedEnd::Exited { code } => verdict::ExitKind::Exited { code: *code },
        ReportedEnd::Signalled { signal } => verdict::ExitKind::Signalled { signal: *signal },
    };
    let limits = &evidence.job.limits;
    let workspace = evidence.workspace;
    // A script that made room again and succeeded has kept the limit.
    let failed = end != verdict::ExitKind::Exited { code: 0 };
    Ok(verdict::decide_outcome(&verdict::ExitEvidence {
        end,
        oom_kills: evidence.stats.oom_kills,
        cpu_ms: evidence.cpu_ms,
        workspace_full: workspace.full || (evidence.was_full && failed),
        largest_file: workspace.largest,
        stderr: &evidence.stderr.text,
        language: evidence.job.language,
        limits,
    }))
}

#[cfg(test)]
mod tests {
    use super::{
        super::report::{InitReport, SetupFailed},
        *,
    };
    use crate::{Language, ResourceLimits};

    fn judged(report: Option<ReportedEnd>, oom_kills: u64) -> Result<Outcome, SandboxError> {
        let report = report.map(|end| LauncherReport {
            init: Some(InitReport { end, landlock: true }),
            cpu_ms: 0,
            largest_process_bytes: 0,
        });
        let job = Job {
            key: String::new(),
            experiment: String::new(),
            workspace: "/".into(),
            inputs: Vec::new(),
            script: String::new(),
            language: Language::Python,
            limits: ResourceLimits::default(),
        };
        decide_job_outcome(&JobEvidence {
            report: report.as_ref(),
            stats: GroupStats {
                oom_kills,
                ..GroupStats::default()
            },
            workspace: WorkspaceSize::default(),
            was_full: false,
            stderr: &Captured::default(),
            job: &job,
            cpu_ms: 0,
        })
    }

    #[test]
    fn what_never_started_or_never_reported_is_no_verdict_on_the_script() {
        let failed = SetupFailed {
            step: "mount /proc".to_owned(),
            cause: "no".to_owned(),
        };
        assert!(matches!(
            judged(Some(ReportedEnd::NotStarted(failed)), 0),
            Err(SandboxError::Setup { .. })
        ));
        assert!(matches!(judged(None, 0), Err(SandboxError::Lost(_))));
        assert_eq!(judged(None, 1).unwrap(), Outcome::OutOfMemory);
        assert_eq!(judged(Some(ReportedEnd::Exited { code: 0 }), 0).unwrap(), Outcome::Ok);
    }
}
