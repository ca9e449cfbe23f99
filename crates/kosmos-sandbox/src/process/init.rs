//! Process 1 inside: builds the root, gives up its privileges, runs the script and reaps orphans.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, ErrorKind, Read, Write},
    os::{
        fd::{AsFd, OwnedFd},
        unix::{net::UnixStream, process::ExitStatusExt},
    },
    process::{Command, ExitStatus, Stdio},
};

use landlock::RulesetCreated;
use rustix::fs::OFlags;
use rustix::process::{DumpableBehavior, Signal, WaitOptions, set_dumpable_behavior};

use super::{
    calls, confine, descriptors, filter, launcher,
    policy::LaunchPolicy,
    privileges,
    report::{InitReport, NameStep, ReportedEnd, SetupFailed},
    root,
};

/// The second argument of a process that is init.
pub const ROLE: &str = "init";

/// Runs init and returns its exit code. Standard input is a socket to the launcher.
pub fn main() -> i32 {
    match set_up_and_report() {
        Ok(()) => 0,
        Err(_) => 1,
    }
}

fn set_up_and_report() -> io::Result<()> {
    let mut socket = launcher::stdin_socket()?;
    let (line, shared) = descriptors::receive_line(&socket)?;
    let mut landlock = false;
    let end = match set_up_and_wait(&socket, &line, shared, &mut landlock) {
        Ok(end) => end,
        Err(failed) => ReportedEnd::NotStarted(failed),
    };
    serde_json::to_writer(&socket, &InitReport { end, landlock })?;
    socket.flush()
}

fn set_up_and_wait(
    socket: &UnixStream,
    line: &str,
    shared: Vec<OwnedFd>,
    landlock: &mut bool,
) -> Result<ReportedEnd, SetupFailed> {
    let policy: LaunchPolicy = serde_json::from_str(line).in_step("read the policy")?;
    rustix::process::setsid().in_step("start a session")?;
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o022));
    rustix::system::sethostname(b"kosmos").in_step("set the host's name")?;
    root::build_root(&policy)?;
    share_workspace(socket, &policy)?;
    calls::perform_all(&privileges::limit_calls(&policy.limits))?;
    calls::perform_all(&privileges::drop_privileges_calls(policy.identity))?;
    // Init shares its user with the script, which must not read or write init's memory.
    set_dumpable_behavior(DumpableBehavior::NotDumpable).in_step("close init's memory")?;
    die_with_launcher(socket)?;
    let rules = confine::make_landlock_rules(&policy.workspace.inside).in_step("make landlock rules")?;
    let copy = rules.try_clone().in_step("share landlock rules")?;
    *landlock = confine::restrict_self(rules).in_step("set landlock rules")?;
    calls::perform_all(&filter::filter_calls()?)?;
    if policy.warm {
        return reap_until(admit_interpreter(socket, copy)?);
    }
    drop(copy);
    reap_until(start_program(&policy, shared)?)
}

/// Gives Kosmos the workspace, which is in no tree of the host: to measure it while the script runs, and to copy what
/// is left when all processes have ended and this tree is gone.
fn share_workspace(socket: &UnixStream, policy: &LaunchPolicy) -> Result<(), SetupFailed> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let folder =
        rustix::fs::open(&policy.workspace.inside, flags, rustix::fs::Mode::empty()).in_step("open the workspace")?;
    descriptors::send_with_bytes(socket, &[descriptors::WORKSPACE], &[folder.as_fd()])
        .map(drop)
        .in_step("share the workspace")
}

/// Starts the program and returns its process id. The program of a session gets the shared standard input, and its
/// start is reported on the shared pipe; a script has nothing to read.
fn start_program(policy: &LaunchPolicy, shared: Vec<OwnedFd>) -> Result<u32, SetupFailed> {
    let mut shared = shared.into_iter();
    let stdin = shared.next().map_or_else(Stdio::null, Stdio::from);
    let child = Command::new(&policy.program)
        .args(&policy.arguments)
        .env_clear()
        .envs(policy.environment.iter().map(|(key, value)| (key, value)))
        .current_dir(&policy.workspace.inside)
        .stdin(stdin)
        .spawn()
        .in_step(format_args!("start {}", policy.program.display()))?;
    if let Some(started) = shared.next() {
        // Fails if Kosmos has ended, which ends this process soon.
        let _ = File::from(started).write_all(&[descriptors::READY]);
    }
    Ok(child.id())
}

/// Asks for a running interpreter to enter the namespaces, with the descriptors that it needs (the
/// two streams of output, and the file rules if the kernel supports them), and returns its process id.
/// Its parents have ended by then, so that init is its parent.
fn admit_interpreter(socket: &UnixStream, rules: RulesetCreated) -> Result<u32, SetupFailed> {
    let (stdout, stderr) = (io::stdout(), io::stderr());
    let rules: Option<OwnedFd> = rules.into();
    let mut shared = vec![stdout.as_fd(), stderr.as_fd()];
    shared.extend(rules.as_ref().map(AsFd::as_fd));
    descriptors::send_ready(socket, &shared).in_step("call for the interpreter")?;
    let mut line = String::new();
    BufReader::new(socket)
        .read_line(&mut line)
        .in_step("hear of the interpreter")?;
    line.trim().parse().in_step("hear of the interpreter")
}

/// Asks the kernel to kill this process when the launcher ends. Changing the user resets this, so
/// it is called afterwards; the socket shows if the launcher has ended in between.
fn die_with_launcher(mut socket: &UnixStream) -> Result<(), SetupFailed> {
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL)).in_step("ask to end with the launcher")?;
    socket.set_nonblocking(true).in_step("look at the socket")?;
    let alive = matches!(socket.read(&mut [0]), Err(error) if error.kind() == ErrorKind::WouldBlock);
    socket.set_nonblocking(false).in_step("look at the socket")?;
    if alive {
        Ok(())
    } else {
        Err("it has ended").in_step("see the launcher")
    }
}

/// Reaps orphans until the process `main` itself has ended.
fn reap_until(main: u32) -> Result<ReportedEnd, SetupFailed> {
    loop {
        let reaped = match rustix::process::wait(WaitOptions::empty()) {
            Err(rustix::io::Errno::INTR) => continue,
            other => other.in_step("wait for the script")?,
        };
        let Some((pid, status)) = reaped else {
            continue;
        };
        if pid.as_raw_nonzero().get().unsigned_abs() != main {
            continue;
        }
        let status = ExitStatus::from_raw(status.as_raw());
        if let Some(code) = status.code() {
            return Ok(ReportedEnd::Exited { code });
        }
        if let Some(signal) = status.signal() {
            return Ok(ReportedEnd::Signalled { signal });
        }
    }
}
