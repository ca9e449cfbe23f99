//! Runs one session, from beginning to end.
//!
//! Two descriptors are sent with the policy: the end of a pipe that the program reads from, and the end of one on which
//! init reports that the program has started. If it cannot be started, that pipe stays empty and the report says why.

use std::{
    io,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};

use rustix::fs::{Gid, Uid, fchown};
use tokio::{
    io::AsyncReadExt,
    net::unix::pipe::{Receiver, Sender},
    sync::oneshot,
};
use tokio_util::sync::CancellationToken;

use super::{
    ending::{SessionEvidence, decide_ending},
    launched::{RunningLauncher, receive_shared},
    lookup, plan,
    policy::{Access, Bind, Identity, LaunchPolicy, WorkspacePlan},
    prepared::{Left, PreparedRun},
    report::LauncherReport,
    run::{ProcessContext, run_blocking},
    staging::InputStaging,
    watch::{ExceededLimit, LimitWatch, PROCESSES_UNSEEN, PeakUse},
    workspace::OpenWorkspace,
};
use crate::{
    Ending, Program, SandboxError, Session, SessionEnd, Usage, environment::script_environment, session::Streams,
};

/// Address space in bytes beyond that of jobs where no cgroup counts memory: in node, each memory of WebAssembly
/// reserves 10 GiB. Used memory is watched.
const RESERVED_BYTES: u64 = 12 << 30;

/// Starts `program`. Its own task ends it in order once the session is dropped.
pub async fn open_session(site: Arc<ProcessContext>, program: Program) -> Result<Session, SandboxError> {
    program.validate()?;
    let stop = CancellationToken::new();
    let guard = stop.clone().drop_guard();
    let (opened, opening) = oneshot::channel();
    let running = tokio::spawn(run_session(site, program, stop, opened));
    if let Ok(streams) = opening.await {
        return Ok(Session::new(streams, running, guard));
    }
    match running.await {
        Ok(Ok(SessionEnd { ending, .. })) => Err(SandboxError::Lost(format!(
            "it {ending} before the program had started"
        ))),
        Ok(Err(error)) => Err(error),
        Err(error) => Err(SandboxError::Lost(error.to_string())),
    }
}

/// Runs `program` until it ends or `stop` fires. Sends its streams to `opened` once it has started.
async fn run_session(
    site: Arc<ProcessContext>,
    program: Program,
    stop: CancellationToken,
    opened: oneshot::Sender<Streams>,
) -> Result<SessionEnd, SandboxError> {
    let started = Instant::now();
    let program = Arc::new(program);
    let prepared = {
        let (site, program) = (Arc::clone(&site), Arc::clone(&program));
        run_blocking(move || prepare_program(&site, &program)).await?
    };
    let workspace = Arc::new(OpenWorkspace::default());
    let attended = supervise(&site, &program, &prepared, &workspace, stop, opened).await;
    let Left { size, stats, .. } = prepared.copy_out_and_measure(workspace, attended.is_ok()).await?;
    let Attended { stopped, report, seen } = attended?;
    let said = report.as_ref();
    let cpu_ms = stats.cpu_ms.or(said.map(|report| report.cpu_ms)).unwrap_or(0);
    let largest = said.map_or(0, |report| report.largest_process_bytes);
    let ending = match stopped {
        Some(Stopped::Asked) => Ending::Stopped,
        Some(Stopped::Limit(exceeded)) => exceeded.into(),
        None => decide_ending(&SessionEvidence {
            end: said.and_then(|report| Some(&report.init.as_ref()?.end)),
            stats,
            size,
            cpu_ms,
            limits: &program.limits,
        })?,
    };
    let usage = Usage {
        wall_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        cpu_ms,
        peak_memory_bytes: stats.peak_memory_bytes.unwrap_or(seen.peak_memory_bytes.max(largest)),
        workspace_bytes: size.bytes,
        workspace_files: size.files,
    };
    Ok(SessionEnd { ending, usage })
}

fn prepare_program(site: &ProcessContext, program: &Program) -> Result<PreparedRun, SandboxError> {
    let scratch = plan::resolve_workspace(&program.scratch)?;
    PreparedRun::new(site, &program.key, &program.limits, scratch, |scratch, staging| {
        program_policy(site, program, scratch, staging)
    })
}

fn program_policy(
    site: &ProcessContext,
    program: &Program,
    scratch: &Path,
    staging: &mut InputStaging,
) -> Result<LaunchPolicy, SandboxError> {
    let path = lookup::find_program(&site.options, program)?;
    let system = plan::SYSTEM_OF_PROGRAMS.map(PathBuf::from).to_vec();
    let mut binds = plan::interpreter_binds(&site.options, &system)?;
    if path.file_name().is_some_and(|name| name == "R" || name == "Rscript") {
        plan::add_r_settings(&mut binds);
    }
    for mount in &program.mounts {
        binds.push(Bind {
            host: plan::readable_path(&mount.host, site.identity, staging)?,
            inside: mount.inside.clone(),
            access: if mount.executable {
                Access::Execute
            } else {
                Access::Read
            },
        });
    }
    let mut limits = plan::process_limits(&program.limits, &site.cgroups, site.identity);
    let reserved = limits.address_space_bytes;
    limits.address_space_bytes = reserved.map(|most| most.saturating_add(RESERVED_BYTES));
    // The kernel refuses a process silently and only watching notices, so a few more processes than allowed must be
    // possible.
    limits.processes = limits.processes.map(|most| most.saturating_add(PROCESSES_UNSEEN));
    Ok(LaunchPolicy {
        identity: site.identity,
        system,
        binds,
        scratch_links: site.options.scratch_links.clone(),
        program: path,
        arguments: program.arguments.clone(),
        environment: script_environment()
            .into_iter()
            .chain(program.environment.clone())
            .collect(),
        workspace: WorkspacePlan {
            host: scratch.to_owned(),
            inside: Program::SCRATCH.into(),
            bytes: program.limits.workspace_bytes,
            files: program.limits.workspace_files,
        },
        tmp_bytes: program.limits.tmp_bytes,
        limits,
        warm: false,
    })
}

/// Why the program was ended before it ended by itself.
enum Stopped {
    Asked,
    Limit(ExceededLimit),
}

struct Attended {
    stopped: Option<Stopped>,
    report: Option<LauncherReport>,
    seen: PeakUse,
}

/// Starts the launcher, enforces the program's limits, and returns when all its processes have ended.
async fn supervise(
    site: &ProcessContext,
    program: &Program,
    prepared: &PreparedRun,
    workspace: &Arc<OpenWorkspace>,
    stop: CancellationToken,
    opened: oneshot::Sender<Streams>,
) -> Result<Attended, SandboxError> {
    let launcher = &site.options.launcher;
    let mut launched = RunningLauncher::start(site, prepared.group.as_deref())?;
    let (theirs, stdin) = pipe_to_program().map_err(SandboxError::on_host("make a pipe to", launcher))?;
    let (news, started) = pipe_from_init().map_err(SandboxError::on_host("make a pipe from", launcher))?;
    let (Some(stdout), Some(stderr)) = launched.take_output() else {
        return Err(SandboxError::Lost("it has no output".to_owned()));
    };
    for stream in [theirs.as_fd(), stdout.as_fd(), stderr.as_fd()] {
        give_stream(stream, site.identity).map_err(SandboxError::on_host("hand over the streams of", launcher))?;
    }
    launched
        .send_policy(&program.key, &prepared.policy, &[theirs.as_fd(), started.as_fd()])
        .await?;
    // From now on only processes inside have these, so that each pipe ends with them.
    drop((theirs, started));
    let streams = Streams {
        stdin: Box::new(stdin),
        stdout: Box::new(stdout),
        stderr: Box::new(stderr),
    };

    let watch = Arc::new(LimitWatch {
        launcher: launched.pid(),
        group: prepared.group.clone(),
        count_tree: !site.cgroups.limits_memory() || !site.cgroups.limits_processes(),
        strict: true,
        workspace: Arc::clone(workspace),
        limits: program.limits.clone(),
    });
    let mut seen = PeakUse::default();
    let mut said = Vec::new();
    let follow = async {
        // Comes before the program is started.
        if let Some(shared) = receive_shared(&launched.socket, &mut said).await {
            workspace.fill(shared);
        }
        hand_out_streams(news, streams, opened).await;
        // An error ends the report as its end does: what was read until then is judged.
        let _ = launched.socket.read_to_end(&mut said).await;
    };
    let stopped = tokio::select! {
        biased;
        () = stop.cancelled() => Some(Stopped::Asked),
        () = follow => None,
        exceeded = watch.until_exceeded(&mut seen) => Some(Stopped::Limit(exceeded)),
    };
    launched.wait_or_kill(&mut said, stopped.is_some()).await;
    Ok(Attended {
        stopped,
        report: serde_json::from_slice(&said).ok(),
        seen,
    })
}

/// Sends the streams to `opened` once the program has started; drops them if it never will.
async fn hand_out_streams(mut news: Receiver, streams: Streams, opened: oneshot::Sender<Streams>) {
    if news.read_exact(&mut [0]).await.is_ok() {
        // Fails if nobody waits any more; the session is being stopped then.
        let _ = opened.send(streams);
    }
}

/// Gives a pipe to the user that the program runs as, so that it can be opened by names such as `/dev/stdin`.
fn give_stream(stream: BorrowedFd<'_>, identity: Identity) -> io::Result<()> {
    if let Identity::Switched { uid, gid } = identity {
        fchown(stream, Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)))?;
    }
    Ok(())
}

/// Makes a pipe to the program and returns the program's end and that of Kosmos.
fn pipe_to_program() -> io::Result<(OwnedFd, Sender)> {
    let (theirs, ours) = io::pipe()?;
    Ok((theirs.into(), Sender::from_owned_fd(ours.into())?))
}

/// Makes a pipe from init and returns the end of Kosmos and that of init.
fn pipe_from_init() -> io::Result<(Receiver, OwnedFd)> {
    let (ours, theirs) = io::pipe()?;
    Ok((Receiver::from_owned_fd(ours.into())?, theirs.into()))
}
