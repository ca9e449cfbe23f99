//! The launcher: enters new namespaces, starts init in them, and ends it when Kosmos ends.

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
    policy::{Identity, LaunchPolicy},
    privileges,
    report::{InitReport, LauncherReport, NameStep, SetupFailed},
};

/// Runs the launcher and returns its exit code. Standard input is a socket to Kosmos.
pub fn main() -> i32 {
    match launch_and_report() {
        Ok(()) => 0,
        // Kosmos has ended or never existed, so there is nobody to report to.
        Err(_) => 1,
    }
}

fn launch_and_report() -> io::Result<()> {
    descriptors::close_on_exec()?;
    let kosmos = stdin_socket()?;
    let (line, shared) = descriptors::receive_line(&kosmos)?;
    let report = match start_init(&line, shared) {
        Ok((child, init)) => wait_for_init(&kosmos, child, init)?,
        Err(failed) => LauncherReport {
            init: Some(InitReport {
                end: super::report::ReportedEnd::NotStarted(failed),
                landlock: false,
            }),
            cpu_ms: 0,
            largest_process_bytes: 0,
        },
    };
    serde_json::to_writer(&kosmos, &report)?;
    (&kosmos).flush()
}

/// Returns standard input as a socket, under a descriptor that children do not inherit.
pub fn stdin_socket() -> io::Result<UnixStream> {
    Ok(io::stdin().as_fd().try_clone_to_owned()?.into())
}

/// Starts init and passes it the policy and the descriptors, none of which stays open here.
fn start_init(line: &str, shared: Vec<OwnedFd>) -> Result<(Child, UnixStream), SetupFailed> {
    let policy: LaunchPolicy = serde_json::from_str(line).in_step("read the policy")?;
    enter_namespaces(policy.identity)?;
    let (mut ours, theirs) = UnixStream::pair().in_step("make a socket")?;
    let child = Command::new("/proc/self/exe")
        .args([ARGUMENT, init::ROLE])
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::from(OwnedFd::from(theirs)))
        .spawn()
        .in_step("start process 1")?;
    let shared: Vec<_> = shared.iter().map(AsFd::as_fd).collect();
    let sent = descriptors::send_with_bytes(&ours, line.as_bytes(), &shared).in_step("hand on the policy")?;
    let rest = line.as_bytes().get(sent..).unwrap_or_default();
    ours.write_all(rest).in_step("hand on the policy")?;
    Ok((child, ours))
}

/// Returns the flags of the namespaces that are new for each job.
pub fn namespace_flags(identity: Identity) -> CloneFlags {
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
    let mut flags = namespace_flags(identity);
    if let Identity::Mapped { uid, gid } = identity {
        // A separate call, so that the error names it: this is the step that hardened systems refuse.
        unshare(CloneFlags::CLONE_NEWUSER).in_step("enter a user namespace")?;
        let inside = Identity::INSIDE;
        fs::write("/proc/self/setgroups", "deny").in_step("forbid changes of groups")?;
        fs::write("/proc/self/uid_map", format!("{inside} {uid} 1")).in_step("map the user")?;
        fs::write("/proc/self/gid_map", format!("{inside} {gid} 1")).in_step("map the group")?;
        // The user inside is not root, and would lose its capabilities in the namespace on starting init.
        privileges::keep_capabilities_across_exec().in_step("keep the powers over the namespace")?;
        flags.remove(CloneFlags::CLONE_NEWUSER);
    }
    unshare(flags).in_step("enter new namespaces")
}

/// Passes init's request for an interpreter on to Kosmos, with a handle of init. The handle is
/// made here, where init has not been waited for and its process id cannot have been reused.
fn request_interpreter(kosmos: &UnixStream, init: &Child, shared: &[OwnedFd]) -> io::Result<()> {
    let handle = pidfd_open(Pid::from_child(init), PidfdFlags::empty())?;
    let mut all = vec![handle.as_fd()];
    all.extend(shared.iter().map(AsFd::as_fd));
    descriptors::send_ready(kosmos, &all)
}

/// Waits for init to end, or ends it once Kosmos has closed its side of the socket.
fn wait_for_init(kosmos: &UnixStream, mut child: Child, mut init: UnixStream) -> io::Result<LauncherReport> {
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
            let (n, shared) = descriptors::receive_with_descriptors(&init, &mut buffer).unwrap_or_default();
            if n == 0 {
                break;
            }
            if shared.is_empty() {
                said.extend_from_slice(buffer.get(..n).unwrap_or_default());
            } else if buffer.first() == Some(&descriptors::WORKSPACE) {
                let shared: Vec<_> = shared.iter().map(AsFd::as_fd).collect();
                descriptors::send_with_bytes(kosmos, &[descriptors::WORKSPACE], &shared)?;
            } else {
                request_interpreter(kosmos, &child, &shared)?;
            }
        }
        if by_kosmos {
            let n = (&*kosmos).read(&mut buffer).unwrap_or(0);
            if n == 0 {
                child.kill()?;
                break;
            }
            // Fails if init has ended, which is seen above.
            let _ = init.write_all(buffer.get(..n).unwrap_or_default());
        }
    }
    // Returns only when all processes of init's namespace have ended.
    child.wait()?;
    let usage = nix::sys::resource::getrusage(nix::sys::resource::UsageWho::RUSAGE_CHILDREN)?;
    let milliseconds =
        |time: nix::sys::time::TimeVal| u64::try_from(time.tv_sec() * 1000 + time.tv_usec() / 1000).unwrap_or(0);
    Ok(LauncherReport {
        init: serde_json::from_slice(&said).ok(),
        cpu_ms: milliseconds(usage.user_time()) + milliseconds(usage.system_time()),
        largest_process_bytes: u64::try_from(usage.max_rss()).unwrap_or(0) * 1024,
    })
}
