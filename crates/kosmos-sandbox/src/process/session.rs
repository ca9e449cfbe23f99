//! One session from beginning to end, as kosmos sees it.
//!
//! With the policy go two descriptors: the end of a pipe that the program reads from, and the end of one on which
//! init says that the program has started. A program that cannot be started leaves that pipe empty and a report of why.

use std::{
    io,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    path::Path,
    sync::{Arc, Mutex},
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
    ending::{Evidence, judge},
    launched::Launched,
    lookup, plan,
    policy::{Access, Bind, Identity, Policy},
    prepared::Prepared,
    report::Report,
    run::{Site, blocking},
    staging::Staging,
    watch::{Exceeded, PROCESSES_UNSEEN, Seen, Watch},
};
use crate::{Ended, Ending, Program, SandboxError, Session, Usage, environment::environment, session::Streams};

/// Address space beyond what jobs may reserve where no cgroup counts memory: in node, each memory of WebAssembly reserves
/// 10 GiB. What is used is watched.
const RESERVED_BYTES: u64 = 12 << 30;

/// Starts `program`. A task of its own brings it to its end in order once nobody holds it any more.
pub async fn open(site: Arc<Site>, program: Program) -> Result<Session, SandboxError> {
    program.validate()?;
    let stop = CancellationToken::new();
    let guard = stop.clone().drop_guard();
    let (opened, opening) = oneshot::channel();
    let running = tokio::spawn(live(site, program, stop, opened));
    if let Ok(streams) = opening.await {
        return Ok(Session::new(streams, running, guard));
    }
    match running.await {
        Ok(Ok(Ended { ending, .. })) => Err(SandboxError::Lost(format!(
            "before the program had started, it {ending}"
        ))),
        Ok(Err(error)) => Err(error),
        Err(error) => Err(SandboxError::Lost(error.to_string())),
    }
}

/// Runs `program` to its end, which it is brought to when `stop` fires. Its streams are `opened` once it has started.
async fn live(
    site: Arc<Site>,
    program: Program,
    stop: CancellationToken,
    opened: oneshot::Sender<Streams>,
) -> Result<Ended, SandboxError> {
    let started = Instant::now();
    let program = Arc::new(program);
    let prepared = {
        let (site, program) = (Arc::clone(&site), Arc::clone(&program));
        blocking(move || prepare(&site, &program)).await?
    };
    let attended = attend(&site, &program, &prepared, stop, opened).await;
    let (size, stats) = prepared.close().await?;
    let Attended { stopped, report, seen } = attended?;
    let said = report.as_ref();
    let cpu_ms = stats.cpu_ms.or(said.map(|report| report.cpu_ms)).unwrap_or(0);
    let largest = said.map_or(0, |report| report.largest_process_bytes);
    let ending = match stopped {
        Some(Stopped::Asked) => Ending::Stopped,
        Some(Stopped::Limit(exceeded)) => exceeded.into(),
        None => judge(&Evidence {
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
    Ok(Ended { ending, usage })
}

fn prepare(site: &Site, program: &Program) -> Result<Prepared, SandboxError> {
    let scratch = plan::workspace_of(&program.scratch)?;
    Prepared::new(site, &program.key, &program.limits, scratch, |scratch, staging| {
        policy(site, program, scratch, staging)
    })
}

fn policy(site: &Site, program: &Program, scratch: &Path, staging: &mut Staging) -> Result<Policy, SandboxError> {
    let path = lookup::find_program(&site.options, program)?;
    let mut binds = plan::interpreter(&site.options)?;
    if path.file_name().is_some_and(|name| name == "R" || name == "Rscript") {
        plan::add_settings_of_r(&mut binds);
    }
    for mount in &program.mounts {
        binds.push(Bind {
            host: plan::readable(&mount.host, site.identity, staging)?,
            inside: mount.inside.clone(),
            access: if mount.executable {
                Access::Execute
            } else {
                Access::Read
            },
        });
    }
    let inside = Path::new(Program::SCRATCH);
    binds.push(Bind {
        host: scratch.to_owned(),
        inside: inside.to_owned(),
        access: Access::Write,
    });
    let mut limits = plan::process_limits(&program.limits, &site.cgroups, site.identity);
    let reserved = limits.address_space_bytes;
    limits.address_space_bytes = reserved.map(|most| most.saturating_add(RESERVED_BYTES));
    // Where the kernel refuses a process without a word, only watching can tell: there has to be something to see.
    limits.processes = limits.processes.map(|most| most.saturating_add(PROCESSES_UNSEEN));
    Ok(Policy {
        identity: site.identity,
        binds,
        scratch_links: site.options.scratch_links.clone(),
        program: path,
        arguments: program.arguments.clone(),
        environment: environment().into_iter().chain(program.environment.clone()).collect(),
        workspace: inside.to_owned(),
        tmp_bytes: program.limits.tmp_bytes,
        limits,
        warm: false,
    })
}

/// Why the program was not left to end by itself.
enum Stopped {
    Asked,
    Limit(Exceeded),
}

struct Attended {
    stopped: Option<Stopped>,
    report: Option<Report>,
    seen: Seen,
}

/// Starts the launcher and stays until nothing of the program is left.
async fn attend(
    site: &Site,
    program: &Program,
    prepared: &Prepared,
    stop: CancellationToken,
    opened: oneshot::Sender<Streams>,
) -> Result<Attended, SandboxError> {
    let launcher = &site.options.launcher;
    let mut launched = Launched::start(site, prepared.group.as_deref())?;
    let (theirs, stdin) = to_program().map_err(SandboxError::on_host("make a pipe to", launcher))?;
    let (news, started) = from_init().map_err(SandboxError::on_host("make a pipe from", launcher))?;
    let (Some(stdout), Some(stderr)) = launched.output() else {
        return Err(SandboxError::Lost("it has no output".to_owned()));
    };
    for stream in [theirs.as_fd(), stdout.as_fd(), stderr.as_fd()] {
        hand_over(stream, site.identity).map_err(SandboxError::on_host("hand over the streams of", launcher))?;
    }
    launched
        .instruct(&program.key, &prepared.policy, &[theirs.as_fd(), started.as_fd()])
        .await?;
    // Only those inside have these from now on, so that each pipe ends with them.
    drop((theirs, started));
    let streams = Streams {
        stdin: Box::new(stdin),
        stdout: Box::new(stdout),
        stderr: Box::new(stderr),
    };

    let watch = Arc::new(Watch {
        launcher: launched.id(),
        group: prepared.group.clone(),
        count_tree: !site.cgroups.limit_memory() || !site.cgroups.limit_processes(),
        strict: true,
        workspace: prepared.workspace.clone(),
        limits: program.limits.clone(),
        closed_since: Mutex::new(None),
    });
    let mut seen = Seen::default();
    let mut said = Vec::new();
    let follow = async {
        announce(news, streams, opened).await;
        // An error ends the report as its end does: it is judged by what is there.
        let _ = launched.socket.read_to_end(&mut said).await;
    };
    let stopped = tokio::select! {
        biased;
        () = stop.cancelled() => Some(Stopped::Asked),
        () = follow => None,
        exceeded = watch.until_exceeded(&mut seen) => Some(Stopped::Limit(exceeded)),
    };
    launched.end(&mut said, stopped.is_some()).await;
    Ok(Attended {
        stopped,
        report: serde_json::from_slice(&said).ok(),
        seen,
    })
}

/// Hands the streams over once the program has started; drops them if it never will.
async fn announce(mut news: Receiver, streams: Streams, opened: oneshot::Sender<Streams>) {
    if news.read_exact(&mut [0]).await.is_ok() {
        // If nobody waits any more, the session is being stopped.
        let _ = opened.send(streams);
    }
}

/// Gives a pipe to the user whom the program runs as, so that it can be opened by names such as `/dev/stdin`.
fn hand_over(stream: BorrowedFd<'_>, identity: Identity) -> io::Result<()> {
    if let Identity::Switched { uid, gid } = identity {
        fchown(stream, Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)))?;
    }
    Ok(())
}

/// A pipe from kosmos: the end for the program, and ours.
fn to_program() -> io::Result<(OwnedFd, Sender)> {
    let (theirs, ours) = io::pipe()?;
    Ok((theirs.into(), Sender::from_owned_fd(ours.into())?))
}

/// A pipe to kosmos: our end, and the one for init.
fn from_init() -> io::Result<(Receiver, OwnedFd)> {
    let (ours, theirs) = io::pipe()?;
    Ok((Receiver::from_owned_fd(ours.into())?, theirs.into()))
}
