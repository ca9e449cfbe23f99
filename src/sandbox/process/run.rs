//! One job from beginning to end, as kosmos sees it.

use std::{
    os::{fd::OwnedFd, unix::net::UnixStream as StdStream},
    path::PathBuf,
    process::Stdio,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UnixStream,
    process::{Child, Command},
    task::JoinHandle,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{
    ARGUMENT, Options,
    capture::capture,
    cgroup::{Cgroups, Group, Wanted},
    plan,
    policy::{Identity, Policy},
    report::Report,
    staging::Staging,
    verdict::{Evidence, judge},
    warm,
    watch::{Seen, Watch},
    workspace,
    zygote::Zygote,
};
use crate::sandbox::{Captured, Execution, Job, Outcome, Output, SandboxError, TimeLimit, Usage};

/// How long the launcher may take to end everything once it is asked to, before it is killed itself.
const PATIENCE: Duration = Duration::from_secs(5);

/// What all jobs of a sandbox share.
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

/// What has to be there before the launcher is started.
struct Prepared {
    workspace: PathBuf,
    policy: Policy,
    group: Option<Group>,
    mode: u32,
    // Kept for its copies.
    _staging: Staging,
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
    job.check()?;
    let started = Instant::now();
    let job = Arc::new(job);
    let prepared = {
        let (site, job) = (Arc::clone(&site), Arc::clone(&job));
        blocking(move || prepare(&site, &job)).await?
    };
    let Prepared {
        workspace,
        policy,
        group,
        mode,
        _staging,
    } = prepared;
    let group = group.map(Arc::new);
    let ended = attend(&site, &job, &policy, group.as_ref(), &workspace, cancel).await;
    let identity = site.identity;
    let most = job.limits.workspace_files;
    let (size, stats) = blocking(move || {
        workspace::take_back(&workspace, identity, mode).map_err(SandboxError::host("take back", &workspace))?;
        let size = workspace::measure(&workspace, most);
        let stats = group.as_ref().map(|group| group.stats()).unwrap_or_default();
        drop(group);
        Ok((size, stats))
    })
    .await?;
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
    let workspace = plan::workspace_of(job)?;
    let mut staging = Staging::default();
    let policy = plan::policy(
        &site.options,
        &site.cgroups,
        site.identity,
        job,
        &workspace,
        &mut staging,
    )?;
    let wanted = Wanted {
        memory_bytes: job.limits.memory_bytes,
        // Launcher and init are in the group too.
        processes: job.limits.processes.saturating_add(2),
    };
    let group = site
        .cgroups
        .make(&job.key, &wanted)
        .map_err(SandboxError::host("make a cgroup for", &workspace))?;
    let mode = workspace::hand_over(&workspace, site.identity).map_err(SandboxError::host("hand over", &workspace))?;
    Ok(Prepared {
        workspace,
        policy,
        group,
        mode,
        _staging: staging,
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
    policy: &Policy,
    group: Option<&Arc<Group>>,
    workspace: &std::path::Path,
    cancel: CancellationToken,
) -> Result<Attended, SandboxError> {
    let launcher = &site.options.launcher;
    let failed = |action| SandboxError::host(action, launcher);
    let (mut child, mut socket) = start(site).map_err(failed("start"))?;
    let pid = child.id().unwrap_or(0);
    if let Some(group) = group {
        // Before it has its policy, the launcher does nothing.
        group.add(pid).map_err(failed("put into its cgroup"))?;
    }
    let floods = [CancellationToken::new(), CancellationToken::new()];
    let limit = job.limits.stdout_bytes;
    let stdout = child
        .stdout
        .take()
        .map(|stream| tokio::spawn(capture(stream, limit, floods[0].clone())));
    let stderr = child
        .stderr
        .take()
        .map(|stream| tokio::spawn(capture(stream, limit, floods[1].clone())));

    let mut line = serde_json::to_vec(policy).map_err(|error| SandboxError::InvalidJob {
        key: job.key.clone(),
        reason: error.to_string(),
    })?;
    line.push(b'\n');
    socket.write_all(&line).await.map_err(failed("instruct"))?;

    let watch = Arc::new(Watch {
        launcher: pid,
        group: group.cloned(),
        count_tree: !site.cgroups.limit_memory() || !site.cgroups.limit_processes(),
        workspace: workspace.to_owned(),
        limits: job.limits.clone(),
        closed_since: Mutex::new(None),
    });
    let mut seen = Seen::default();
    let mut said = Vec::new();
    let flooded = |what| Some(Stop::Limit(Outcome::OutputTooLarge { what }));
    let stop = tokio::select! {
        biased;
        () = cancel.cancelled() => Some(Stop::Cancelled),
        ended = follow(site, policy, group, &mut socket, &mut said) => ended.err().map(Stop::Failed),
        () = floods[0].cancelled() => flooded(Output::Stdout),
        () = floods[1].cancelled() => flooded(Output::Stderr),
        () = sleep(job.limits.wall) => {
            Some(Stop::Limit(Outcome::TimedOut { limit: TimeLimit::Wall }))
        }
        outcome = watch.until_exceeded(&mut seen) => Some(Stop::Limit(outcome)),
    };
    end(&mut child, &mut socket, &mut said, stop.is_some()).await;
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

fn start(site: &Site) -> std::io::Result<(Child, UnixStream)> {
    let (ours, theirs) = StdStream::pair()?;
    ours.set_nonblocking(true)?;
    let child = Command::new(&site.options.launcher)
        .arg(ARGUMENT)
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::from(OwnedFd::from(theirs)))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // An interrupt typed at the terminal is for kosmos to act on.
        .process_group(0)
        .kill_on_drop(true)
        .spawn()?;
    Ok((child, UnixStream::from_std(ours)?))
}

/// Waits for the launcher to end, which it does when nothing of the job is left; asks it to end everything
/// first if `now`, and kills it, and with it everything, if it takes too long.
async fn end(child: &mut Child, socket: &mut UnixStream, said: &mut Vec<u8>, now: bool) {
    if now {
        // Failing means that it has ended already.
        let _ = socket.shutdown().await;
        let _ = timeout(PATIENCE, socket.read_to_end(said)).await;
    }
    if timeout(PATIENCE, child.wait()).await.is_err() {
        let _ = child.kill().await;
    }
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
