//! The launcher: enters new namespaces, starts init in them, and ends it when kosmos ends.

use std::{
    fs,
    io::{self, Read, Write},
    os::{
        fd::{AsFd, OwnedFd},
        unix::net::UnixStream,
    },
    process::{Child, Command, Stdio},
};

use nix::sched::{CloneFlags, unshare};
use rustix::{
    event::{PollFd, PollFlags, poll},
    io::Errno,
    process::{Pid, PidfdFlags, pidfd_open},
};

use super::{
    ARGUMENT, descriptors, init,
    policy::{Identity, Policy},
    privileges,
    report::{InitReport, Report, SetupFailed, Step},
};

/// Runs the launcher; the result is its exit code. Standard input is a socket to kosmos.
pub fn main() -> i32 {
    match serve() {
        Ok(()) => 0,
        // Kosmos has gone, or never was there: nobody is left to tell.
        Err(_) => 1,
    }
}

fn serve() -> io::Result<()> {
    descriptors::keep_from_children()?;
    let kosmos = standard_input()?;
    let (line, shared) = descriptors::receive_line(&kosmos)?;
    let report = match launch(&line, shared) {
        Ok((child, init)) => attend(&kosmos, child, init)?,
        Err(failed) => Report {
            init: Some(InitReport {
                end: super::report::End::NotStarted(failed),
                landlock: false,
            }),
            cpu_ms: 0,
            largest_process_bytes: 0,
        },
    };
    serde_json::to_writer(&kosmos, &report)?;
    (&kosmos).flush()
}

/// Standard input as the socket that it is, under a descriptor that children do not get.
pub fn standard_input() -> io::Result<UnixStream> {
    Ok(io::stdin().as_fd().try_clone_to_owned()?.into())
}

/// Starts init and hands on the policy with the descriptors that came with it, of which none stays open here.
fn launch(line: &str, shared: Vec<OwnedFd>) -> Result<(Child, UnixStream), SetupFailed> {
    let policy: Policy = serde_json::from_str(line).step("read the policy")?;
    enter_namespaces(policy.identity)?;
    let (mut ours, theirs) = UnixStream::pair().step("make a socket")?;
    let child = Command::new("/proc/self/exe")
        .args([ARGUMENT, init::ROLE])
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::from(OwnedFd::from(theirs)))
        .spawn()
        .step("start process 1")?;
    let shared: Vec<_> = shared.iter().map(AsFd::as_fd).collect();
    let sent = descriptors::send_with(&ours, line.as_bytes(), &shared).step("hand on the policy")?;
    let rest = line.as_bytes().get(sent..).unwrap_or_default();
    ours.write_all(rest).step("hand on the policy")?;
    Ok((child, ours))
}

/// The namespaces that are new for each job.
pub fn namespaces(identity: Identity) -> CloneFlags {
    let mut flags = CloneFlags::CLONE_NEWNS
        | CloneFlags::CLONE_NEWPID
        | CloneFlags::CLONE_NEWNET
        | CloneFlags::CLONE_NEWIPC
        | CloneFlags::CLONE_NEWUTS
        | CloneFlags::CLONE_NEWCGROUP;
    flags.set(CloneFlags::CLONE_NEWUSER, identity.is_mapped());
    flags
}

fn enter_namespaces(identity: Identity) -> Result<(), SetupFailed> {
    let mut flags = namespaces(identity);
    if let Identity::Mapped { uid, gid } = identity {
        // Its own call, so that the error names it: this is what hardened systems refuse.
        unshare(CloneFlags::CLONE_NEWUSER).step("enter a user namespace")?;
        let inside = Identity::INSIDE;
        fs::write("/proc/self/setgroups", "deny").step("forbid changes of groups")?;
        fs::write("/proc/self/uid_map", format!("{inside} {uid} 1")).step("map the user")?;
        fs::write("/proc/self/gid_map", format!("{inside} {gid} 1")).step("map the group")?;
        // The user inside is not root, and would lose its powers over the namespace on starting init.
        privileges::keep_across_exec().step("keep the powers over the namespace")?;
        flags.remove(CloneFlags::CLONE_NEWUSER);
    }
    unshare(flags).step("enter new namespaces")
}

/// Passes init's call for an interpreter on to kosmos, with what init is known by from outside. That is
/// made here, where init has not been waited for and its number is its own.
fn call_in(kosmos: &UnixStream, init: &Child, shared: &[OwnedFd]) -> io::Result<()> {
    let handle = pidfd_open(Pid::from_child(init), PidfdFlags::empty())?;
    let mut all = vec![handle.as_fd()];
    all.extend(shared.iter().map(AsFd::as_fd));
    descriptors::send(kosmos, &all)
}

/// Waits for init to end, or ends it once kosmos has closed its side of the socket.
fn attend(kosmos: &UnixStream, mut child: Child, mut init: UnixStream) -> io::Result<Report> {
    let mut said = Vec::new();
    loop {
        let mut watched = [PollFd::new(kosmos, PollFlags::IN), PollFd::new(&init, PollFlags::IN)];
        match poll(&mut watched, None) {
            Ok(_) => {}
            Err(Errno::INTR) => continue,
            Err(error) => return Err(error.into()),
        }
        let [by_kosmos, by_init] = watched.map(|one| !one.revents().is_empty());
        let mut buffer = [0; 4096];
        if by_init {
            let (n, shared) = descriptors::receive(&init, &mut buffer).unwrap_or_default();
            if n == 0 {
                break;
            }
            if shared.is_empty() {
                said.extend_from_slice(buffer.get(..n).unwrap_or_default());
            } else {
                call_in(kosmos, &child, &shared)?;
            }
        }
        if by_kosmos {
            let n = (&*kosmos).read(&mut buffer).unwrap_or(0);
            if n == 0 {
                child.kill()?;
                break;
            }
            // If init has ended, that is seen above.
            let _ = init.write_all(buffer.get(..n).unwrap_or_default());
        }
    }
    // This returns when all of init's namespace has ended, not before.
    child.wait()?;
    let usage = nix::sys::resource::getrusage(nix::sys::resource::UsageWho::RUSAGE_CHILDREN)?;
    let milliseconds =
        |time: nix::sys::time::TimeVal| u64::try_from(time.tv_sec() * 1000 + time.tv_usec() / 1000).unwrap_or(0);
    Ok(Report {
        init: serde_json::from_slice(&said).ok(),
        cpu_ms: milliseconds(usage.user_time()) + milliseconds(usage.system_time()),
        largest_process_bytes: u64::try_from(usage.max_rss()).unwrap_or(0) * 1024,
    })
}
