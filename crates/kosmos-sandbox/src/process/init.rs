//! Process 1 inside: builds the root, gives up its privileges, runs the script and reaps.

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
use rustix::process::{DumpableBehavior, Signal, WaitOptions, set_dumpable_behavior};

use super::{
    calls, confine, descriptors, filter, launcher,
    policy::Policy,
    privileges,
    report::{End, InitReport, SetupFailed, Step},
    root,
};

/// The second argument of a process that is init.
pub const ROLE: &str = "init";

/// Runs init; the result is its exit code. Standard input is a socket to the launcher.
pub fn main() -> i32 {
    match serve() {
        Ok(()) => 0,
        Err(_) => 1,
    }
}

fn serve() -> io::Result<()> {
    let mut socket = launcher::standard_input()?;
    let (line, shared) = descriptors::receive_line(&socket)?;
    let mut landlock = false;
    let end = match run(&socket, &line, shared, &mut landlock) {
        Ok(end) => end,
        Err(failed) => End::NotStarted(failed),
    };
    serde_json::to_writer(&socket, &InitReport { end, landlock })?;
    socket.flush()
}

fn run(socket: &UnixStream, line: &str, shared: Vec<OwnedFd>, landlock: &mut bool) -> Result<End, SetupFailed> {
    let policy: Policy = serde_json::from_str(line).step("read the policy")?;
    rustix::process::setsid().step("start a session")?;
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o022));
    rustix::system::sethostname(b"kosmos").step("set the host's name")?;
    root::build(&policy)?;
    calls::perform(&privileges::limits(&policy.limits))?;
    calls::perform(&privileges::renunciation(policy.identity))?;
    // Init shares its user with the script, which must not read or write init's memory.
    set_dumpable_behavior(DumpableBehavior::NotDumpable).step("close init's memory")?;
    die_with_launcher(socket)?;
    let rules = confine::rules(&policy.workspace).step("make landlock rules")?;
    let copy = rules.try_clone().step("share landlock rules")?;
    *landlock = confine::confine(rules).step("set landlock rules")?;
    calls::perform(&filter::calls()?)?;
    if policy.warm {
        return reap_until(newcomer(socket, copy)?);
    }
    drop(copy);
    reap_until(start(&policy, shared)?)
}

/// Starts the program. What kosmos shares with a program that it talks to is its standard input and a pipe on which to
/// say that it has started; a script gets nothing to read.
fn start(policy: &Policy, shared: Vec<OwnedFd>) -> Result<u32, SetupFailed> {
    let mut shared = shared.into_iter();
    let stdin = shared.next().map_or_else(Stdio::null, Stdio::from);
    let child = Command::new(&policy.program)
        .args(&policy.arguments)
        .env_clear()
        .envs(policy.environment.iter().map(|(key, value)| (key, value)))
        .current_dir(&policy.workspace)
        .stdin(stdin)
        .spawn()
        .step(format_args!("start {}", policy.program.display()))?;
    if let Some(started) = shared.next() {
        // Whoever listened may have gone, which ends this process soon.
        let _ = File::from(started).write_all(&[descriptors::READY]);
    }
    Ok(child.id())
}

/// Says that everything is there for an interpreter to come in, with the descriptors that it needs (the
/// two streams of output, and the file rules if the kernel knows them), and learns which process it is.
/// Its parents have ended by then, so that init is its parent.
fn newcomer(socket: &UnixStream, rules: RulesetCreated) -> Result<u32, SetupFailed> {
    let (stdout, stderr) = (io::stdout(), io::stderr());
    let rules: Option<OwnedFd> = rules.into();
    let mut shared = vec![stdout.as_fd(), stderr.as_fd()];
    shared.extend(rules.as_ref().map(AsFd::as_fd));
    descriptors::send(socket, &shared).step("call for the interpreter")?;
    let mut line = String::new();
    BufReader::new(socket)
        .read_line(&mut line)
        .step("hear of the interpreter")?;
    line.trim().parse().step("hear of the interpreter")
}

/// Asks the kernel to kill this process when the launcher ends. Changing the user clears that wish, so
/// it comes after; and the launcher may have ended meanwhile, which the socket shows.
fn die_with_launcher(mut socket: &UnixStream) -> Result<(), SetupFailed> {
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL)).step("ask to end with the launcher")?;
    socket.set_nonblocking(true).step("look at the socket")?;
    let alive = matches!(socket.read(&mut [0]), Err(error) if error.kind() == ErrorKind::WouldBlock);
    socket.set_nonblocking(false).step("look at the socket")?;
    if alive {
        Ok(())
    } else {
        Err("it has ended").step("see the launcher")
    }
}

/// Reaps orphans until the process `main` itself has ended.
fn reap_until(main: u32) -> Result<End, SetupFailed> {
    loop {
        let reaped = match rustix::process::wait(WaitOptions::empty()) {
            Err(rustix::io::Errno::INTR) => continue,
            other => other.step("wait for the script")?,
        };
        let Some((pid, status)) = reaped else {
            continue;
        };
        if pid.as_raw_nonzero().get().unsigned_abs() != main {
            continue;
        }
        let status = ExitStatus::from_raw(status.as_raw());
        if let Some(code) = status.code() {
            return Ok(End::Exited { code });
        }
        if let Some(signal) = status.signal() {
            return Ok(End::Signalled { signal });
        }
    }
}
