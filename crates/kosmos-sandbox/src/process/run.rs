//! One job from beginning to end, as kosmos sees it.

use std::{
    sync::{Arc, Mutex},
    time::Instant,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UnixStream,
    task::JoinHandle,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{
    Options,
    capture::capture,
    cgroup::{Cgroups, Group},
    launched::{Launched, PATIENCE},
    plan,
    policy::{Identity, Policy},
    prepared::Prepared,
    report::Report,
    verdict::{Evidence, judge},
    warm,
    watch::{Seen, Watch},
    zygote::Zygote,
};
use crate::{Captured, Execution, Job, Outcome, Output, SandboxError, TimeLimit, Usage};

/// What everything in a sandbox shares.
#[derive(Debug)]
pub struct Site {
    pub options: Options,
    pub cgroups: Cgroups,
    pub identity: Identity,
    /// What warm starts are forks of, where they are wanted.
    pub zygote: Option<Arc<Zygote>>,
}

/// A job's end, and what only the probe asks for.
pub struct Ended {
    pub execution: Execution,
    pub landlock: bool,
}

/// Why the job was not left to end by itself.
enum Stop {
    Cancelled,
    Limit(Outcome),
    /// The script could not be started.
    Failed(SandboxError),
}

/// Runs `job` in a task of its own, so that it is brought to its end in order even if nobody waits for it
/// any more. `cancel` fires when nobody does.
pub async fn run(site: Arc<Site>, job: Job, cancel: CancellationToken) -> Result<Ended, SandboxError> {
    job.validate()?;
    let started = Instant::now();
    let job = Arc::new(job);
    let prepared = {
        let (site, job) = (Arc::clone(&site), Arc::clone(&job));
        blocking(move || prepare(&site, &job)).await?
    };
    let ended = attend(&site, &job, &prepared, cancel).await;
    let (size, stats) = prepared.close().await?;
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
    // Where only watching limits processes, going beyond ends everything.
    let crowded = matches!(stop, Some(Stop::Limit(Outcome::Killed { .. })));
    let outcome = match stop {
        Some(Stop::Cancelled) => return Err(SandboxError::Cancelled),
        Some(Stop::Failed(error)) => return Err(error),
        Some(Stop::Limit(outcome)) => outcome,
        None => judge(&Evidence {
            report: said,
            stats,
            workspace: size,
            stderr: &stderr,
            job: &job,
            cpu_ms: usage.cpu_ms,
        })?,
    };
    let oom = stats.oom_kills > 0 || outcome == Outcome::OutOfMemory;
    Ok(Ended {
        execution: Execution {
            outcome,
            usage,
            stdout,
            stderr,
            oom,
            process_limit_hit: stats.forks_refused > 0 || crowded,
            refused: Vec::new(),
        },
        landlock: said
            .and_then(|report| report.init.as_ref())
            .is_some_and(|init| init.landlock),
    })
}

fn prepare(site: &Site, job: &Job) -> Result<Prepared, SandboxError> {
    let workspace = plan::workspace_of(&job.workspace)?;
    Prepared::new(site, &job.key, &job.limits, workspace, |workspace, staging| {
        plan::policy(site, job, workspace, staging)
    })
}

struct Attended {
    stop: Option<Stop>,
    report: Option<Report>,
    seen: Seen,
    stdout: Captured,
    stderr: Captured,
}

/// Starts the launcher and stays until nothing of the job is left.
async fn attend(
    site: &Site,
    job: &Job,
    prepared: &Prepared,
    cancel: CancellationToken,
) -> Result<Attended, SandboxError> {
    let (policy, group) = (&prepared.policy, prepared.group.as_ref());
    let mut launched = Launched::start(site, group.map(Arc::as_ref))?;
    let floods = [CancellationToken::new(), CancellationToken::new()];
    let limit = job.limits.stdout_bytes;
    let (stdout, stderr) = launched.output();
    let stdout = stdout.map(|stream| tokio::spawn(capture(stream, limit, floods[0].clone())));
    let stderr = stderr.map(|stream| tokio::spawn(capture(stream, limit, floods[1].clone())));
    launched.instruct(&job.key, policy, &[]).await?;

    let watch = Arc::new(Watch {
        launcher: launched.id(),
        group: group.cloned(),
        count_tree: !site.cgroups.limit_memory() || !site.cgroups.limit_processes(),
        strict: false,
        workspace: prepared.workspace.clone(),
        limits: job.limits.clone(),
        closed_since: Mutex::new(None),
    });
    let mut seen = Seen::default();
    let mut said = Vec::new();
    let flooded = |what| Some(Stop::Limit(Outcome::OutputTooLarge { what }));
    let stop = tokio::select! {
        biased;
        () = cancel.cancelled() => Some(Stop::Cancelled),
        ended = follow(site, policy, group, &mut launched.socket, &mut said) => ended.err().map(Stop::Failed),
        () = floods[0].cancelled() => flooded(Output::Stdout),
        () = floods[1].cancelled() => flooded(Output::Stderr),
        () = sleep(job.limits.wall) => {
            Some(Stop::Limit(Outcome::TimedOut { limit: TimeLimit::Wall }))
        }
        exceeded = watch.until_exceeded(&mut seen) => Some(Stop::Limit(exceeded.into())),
    };
    launched.end(&mut said, stop.is_some()).await;
    Ok(Attended {
        stop,
        report: serde_json::from_slice(&said).ok(),
        seen,
        stdout: finish(stdout).await,
        stderr: finish(stderr).await,
    })
}

/// Waits for the launcher's report, and has the script started meanwhile if it is to be started from here.
async fn follow(
    site: &Site,
    policy: &Policy,
    group: Option<&Arc<Group>>,
    socket: &mut UnixStream,
    said: &mut Vec<u8>,
) -> Result<(), SandboxError> {
    if policy.warm
        && let Some(zygote) = &site.zygote
        && let Some(shared) = warm::shared(socket, said).await
    {
        let pid = warm::start(zygote, policy, group.map(Arc::as_ref), shared).await?;
        // Failing means that the launcher has ended, which is told below.
        let _ = socket.write_all(format!("{pid}\n").as_bytes()).await;
    }
    // An error ends the report as its end does: it is judged by what is there.
    let _ = socket.read_to_end(said).await;
    Ok(())
}

/// The captured stream. It ends with the last process that could write to it; the deadline is for a
/// launcher that had to be killed.
async fn finish(reading: Option<JoinHandle<Captured>>) -> Captured {
    match reading {
        Some(reading) => timeout(PATIENCE, reading)
            .await
            .ok()
            .and_then(Result::ok)
            .unwrap_or_default(),
        None => Captured::default(),
    }
}

/// Runs `work` where it may wait.
pub async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, SandboxError> + Send + 'static,
) -> Result<T, SandboxError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| SandboxError::Lost(error.to_string()))?
}
