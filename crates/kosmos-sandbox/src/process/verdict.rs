//! Deciding what an end means, from what launcher, process 1 and control group tell.

use super::{
    cgroup::Stats,
    report::{End, Report},
    workspace::Size,
};
use crate::{Captured, Job, Outcome, SandboxError, verdict};

/// Everything that is known once a job has ended by itself.
pub struct Evidence<'a> {
    pub report: Option<&'a Report>,
    pub stats: Stats,
    pub workspace: Size,
    pub stderr: &'a Captured,
    pub job: &'a Job,
    pub cpu_ms: u64,
}

/// How the job ended.
pub fn judge(evidence: &Evidence<'_>) -> Result<Outcome, SandboxError> {
    let Some(init) = evidence.report.and_then(|report| report.init.as_ref()) else {
        // Only the kernel can have ended init or launcher, and it does so for want of memory.
        return if evidence.stats.oom_kills > 0 {
            Ok(Outcome::OutOfMemory)
        } else {
            Err(SandboxError::Lost("it left no report".to_owned()))
        };
    };
    let end = match &init.end {
        End::NotStarted(failed) => {
            return Err(SandboxError::Setup {
                step: failed.step.clone(),
                cause: failed.cause.clone(),
            });
        }
        End::Exited { code } => verdict::End::Exited { code: *code },
        End::Signalled { signal } => verdict::End::Signalled { signal: *signal },
    };
    let limits = &evidence.job.limits;
    let workspace = evidence.workspace;
    Ok(verdict::judge(&verdict::Evidence {
        end,
        oom_kills: evidence.stats.oom_kills,
        cpu_ms: evidence.cpu_ms,
        workspace_full: workspace.exceeds(limits) || workspace.closed,
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
    use crate::{Language, Limits};

    fn judged(report: Option<End>, oom_kills: u64) -> Result<Outcome, SandboxError> {
        let report = report.map(|end| Report {
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
            limits: Limits::default(),
        };
        judge(&Evidence {
            report: report.as_ref(),
            stats: Stats {
                oom_kills,
                ..Stats::default()
            },
            workspace: Size::default(),
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
            judged(Some(End::NotStarted(failed)), 0),
            Err(SandboxError::Setup { .. })
        ));
        assert!(matches!(judged(None, 0), Err(SandboxError::Lost(_))));
        assert_eq!(judged(None, 1).unwrap(), Outcome::OutOfMemory);
        assert_eq!(judged(Some(End::Exited { code: 0 }), 0).unwrap(), Outcome::Ok);
    }
}
