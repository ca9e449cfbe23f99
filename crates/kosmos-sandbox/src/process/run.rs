//! Runs one job in the process sandbox, from beginning to end.

use std::{sync::Arc, time::Instant};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UnixStream,
    task::JoinHandle,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{
    ProcessOptions,
    capture::capture_stream,
    cgroup::{Cgroups, ControlGroup},
    launched::{PATIENCE, RunningLauncher, receive_shared},
    plan,
    policy::{Identity, LaunchPolicy},
    prepared::{Left, PreparedRun},
    report::LauncherReport,
    verdict::{JobEvidence, decide_job_outcome},
    warm,
    watch::{LimitWatch, PeakUse},
    workspace::OpenWorkspace,
    zygote::Zygote,
};
use crate::{Captured, Execution, Job, Outcome, Output, SandboxError, TimeLimit, Usage};

/// The state that all jobs and sessions of a sandbox share.
#[derive(Debug)]
pub struct ProcessContext {
    pub options: ProcessOptions,
    pub cgroups: Cgroups,
    pub identity: Identity,
    /// The interpreter that is forked for warm starts, if they are enabled.
    pub zygote: Option<Arc<Zygote>>,
}

/// The result of a job, with a detail that only the probe needs.
pub struct FinishedJob {
    pub execution: Execution,
    pub landlock: bool,
}

/// Why the job was ended before it ended by itself.
enum Stop {
    Cancelled,
    Limit(Outcome),
    /// The script could not be started.
    Failed(SandboxError),
}

/// Runs `job` to its end and cleans up. The caller spawns this as a task, so that it also completes when nobody waits
/// for it any more; `cancel` fires then.
pub async fn run_job(
    site: Arc<ProcessContext>,
    job: Job,
    cancel: CancellationToken,
) -> Result<FinishedJob, SandboxError> {
    job.validate()?;
    let started = Instant::now();
    let job = Arc::new(job);
    let prepared = {
        let (site, job) = (Arc::clone(&site), Arc::clone(&job));
        run_blocking(move || prepare_job(&site, &job)).await?
    };
    let workspace = Arc::new(OpenWorkspace::default());
    let ended = supervise(&site, &job, &prepared, &workspace, cancel).await;
    let wanted = ended.as_ref().is_ok_and(Attended::has_outputs);
    let Left { size, stats, refused } = prepared.copy_out_and_measure(workspace, wanted).await?;
    let Attended {
        stop,
        report,
        seen,
        stdout,
        stderr,
    } = ended?;

    let said = report.as_ref();
    let cpu_ms = stats.cpu_ms.or(said.map(|report| report.cpu_ms));
    let largest = said.map_or(0, |report| report.largest_process_bytes);
    let peak = stats.peak_memory_bytes;
    let usage = Usage {
        wall_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        cpu_ms: cpu_ms.unwrap_or(0),
        peak_memory_bytes: peak.unwrap_or(seen.peak_memory_bytes.max(largest)),
        workspace_bytes: size.bytes,
        workspace_files: size.files,
    };
    // Where the number of processes is only watched, exceeding its limit ends everything.
    let crowded = matches!(stop, Some(Stop::Limit(Outcome::Killed { .. })));
    let outcome = match stop {
        Some(Stop::Cancelled) => return Err(SandboxError::Cancelled),
        Some(Stop::Failed(error)) => return Err(error),
        Some(Stop::Limit(outcome)) => outcome,
        None => decide_job_outcome(&JobEvidence {
            report: said,
            stats,
            workspace: size,
            was_full: seen.workspace_full,
            stderr: &stderr,
            job: &job,
            cpu_ms: usage.cpu_ms,
        })?,
    };
    let oom = stats.oom_kills > 0 || outcome == Outcome::OutOfMemory;
    Ok(FinishedJob {
        execution: Execution {
            outcome,
            usage,
            stdout,
            stderr,
            oom,
            process_limit_hit: stats.forks_refused > 0 || crowded,
            refused,
        },
        landlock: said
            .and_then(|report| report.init.as_ref())
            .is_some_and(|init| init.landlock),
    })
}

fn prepare_job(site: &ProcessContext, job: &Job) -> Result<PreparedRun, SandboxError> {
    let workspace = plan::resolve_workspace(&job.workspace)?;
    PreparedRun::new(site, &job.key, &job.limits, workspace, |workspace, staging| {
        plan::job_policy(site, job, workspace, staging)
    })
}

struct Attended {
    stop: Option<Stop>,
    report: Option<LauncherReport>,
    seen: PeakUse,
    stdout: Captured,
    stderr: Captured,
}

impl Attended {
    /// Returns false if nobody will look at what the script left.
    fn has_outputs(&self) -> bool {
        !matches!(self.stop, Some(Stop::Cancelled | Stop::Failed(_)))
    }
}

/// Starts the launcher, enforces the job's limits, and returns when all processes of the job have ended.
async fn supervise(
    site: &ProcessContext,
    job: &Job,
    prepared: &PreparedRun,
    workspace: &Arc<OpenWorkspace>,
    cancel: CancellationToken,
) -> Result<Attended, SandboxError> {
    let (policy, group) = (&prepared.policy, prepared.group.as_ref());
    let mut launched = RunningLauncher::start(site, group.map(Arc::as_ref))?;
    let floods = [CancellationToken::new(), CancellationToken::new()];
    let limit = job.limits.stdout_bytes;
    let (stdout, stderr) = launched.take_output();
    let stdout = stdout.map(|stream| tokio::spawn(capture_stream(stream, limit, floods[0].clone())));
    let stderr = stderr.map(|stream| tokio::spawn(capture_stream(stream, limit, floods[1].clone())));
    launched.send_policy(&job.key, policy, &[]).await?;

    let watch = Arc::new(LimitWatch {
        launcher: launched.pid(),
        group: group.cloned(),
        count_tree: !site.cgroups.limits_memory() || !site.cgroups.limits_processes(),
        strict: false,
        workspace: Arc::clone(workspace),
        limits: job.limits.clone(),
    });
    let mut seen = PeakUse::default();
    let mut said = Vec::new();
    let flooded = |what| Some(Stop::Limit(Outcome::OutputTooLarge { what }));
    let stop = tokio::select! {
        biased;
        () = cancel.cancelled() => Some(Stop::Cancelled),
        ended = await_report(site, policy, group, workspace, &mut launched.socket, &mut said) => {
            ended.err().map(Stop::Failed)
        }
        () = floods[0].cancelled() => flooded(Output::Stdout),
        () = floods[1].cancelled() => flooded(Output::Stderr),
        () = sleep(job.limits.wall) => {
            Some(Stop::Limit(Outcome::TimedOut { limit: TimeLimit::Wall }))
        }
        exceeded = watch.until_exceeded(&mut seen) => Some(Stop::Limit(exceeded.into())),
    };
    launched.wait_or_kill(&mut said, stop.is_some()).await;
    Ok(Attended {
        stop,
        report: serde_json::from_slice(&said).ok(),
        seen,
        stdout: finish_capture(stdout).await,
        stderr: finish_capture(stderr).await,
    })
}

/// Waits for the workspace to be there, and for the launcher's report; for a warm start, has the script started first.
async fn await_report(
    site: &ProcessContext,
    policy: &LaunchPolicy,
    group: Option<&Arc<ControlGroup>>,
    workspace: &OpenWorkspace,
    socket: &mut UnixStream,
    said: &mut Vec<u8>,
) -> Result<(), SandboxError> {
    let ready = match receive_shared(socket, said).await {
        Some(shared) => {
            workspace.fill(shared);
            true
        }
        None => false,
    };
    if ready
        && policy.warm
        && let Some(zygote) = &site.zygote
        && let Some(shared) = receive_shared(socket, said).await
    {
        let pid = warm::start_in_fork(zygote, policy, group.map(Arc::as_ref), shared).await?;
        // Fails if the launcher has ended, which is seen below.
        let _ = socket.write_all(format!("{pid}\n").as_bytes()).await;
    }
    // An error ends the report as its end does: what was read until then is judged.
    let _ = socket.read_to_end(said).await;
    Ok(())
}

/// Returns the captured stream. It ends with the last process that could write to it; the deadline is for a
/// launcher that had to be killed.
async fn finish_capture(reading: Option<JoinHandle<Captured>>) -> Captured {
    match reading {
        Some(reading) => timeout(PATIENCE, reading)
            .await
            .ok()
            .and_then(Result::ok)
            .unwrap_or_default(),
        None => Captured::default(),
    }
}

/// Runs `work` on a thread that may block.
pub async fn run_blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, SandboxError> + Send + 'static,
) -> Result<T, SandboxError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| SandboxError::Lost(error.to_string()))?
}
