//! The zygote: an interpreter that has imported the packages and forks for each job.
//!
//! It is an ordinary process of the same user as Kosmos and belongs to no job. It runs Kosmos's own code only, never a
//! script; it has the environment that scripts get; and the request of a job is read by its child. So it
//! contains nothing that one job could learn about another, or about Kosmos. Its children share the memory that they
//! were forked with, including the layout of addresses.

use std::{
    io::{self, Read},
    os::{
        fd::{BorrowedFd, OwnedFd},
        unix::{
            net::UnixStream,
            process::{CommandExt, ExitStatusExt},
        },
    },
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use super::{ProcessOptions, descriptors, plan, tree};
use crate::{SandboxError, environment::script_environment};

const RUNNER: &str = include_str!("../../python/runner.py");
const ZYGOTE: &str = include_str!("../../python/zygote.py");

/// With `-c`, Python would search the current folder for modules first.
const SAFE_PATH: &str = "import sys\nsys.path[:] = [path for path in sys.path if path]\n";

/// How long the imports may take: minutes on a slow disk that reads these files for the first time.
const PATIENCE: Duration = Duration::from_secs(180);

/// How long it takes to end after its socket has closed.
const ENDING: Duration = Duration::from_secs(1);

/// How long it may take to accept a message: it handles one fork at a time.
const QUEUE: Duration = Duration::from_secs(30);

/// How often it is started for one message, and how often anew if something kills it while it starts.
pub const ATTEMPTS: usize = 5;

/// The pause before it is started anew, times the number of the attempt.
const PAUSE: Duration = Duration::from_millis(100);

/// The zygote, started at the first request and again if it has ended. It ends when this is dropped,
/// and when Kosmos ends.
#[derive(Debug)]
pub struct Zygote {
    python: PathBuf,
    program: String,
    running: Mutex<Option<RunningZygote>>,
}

#[derive(Debug)]
struct RunningZygote {
    child: Child,
    socket: UnixStream,
}

impl Zygote {
    pub fn new(options: &ProcessOptions) -> Self {
        let preloaded = match &options.preload {
            None => String::new(),
            // A list of strings is written the same way in JSON and in Python.
            Some(names) => format!("PRELOADED = {}\n", serde_json::json!(names)),
        };
        Self {
            python: options.python.clone(),
            program: [SAFE_PATH, RUNNER, &preloaded, ZYGOTE].concat(),
            running: Mutex::new(None),
        }
    }

    /// Starts it if it is not running, and waits until the packages are imported.
    pub fn ensure_running(&self) -> Result<(), SandboxError> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if running.is_none() {
            *running = Some(self.start_zygote()?);
        }
        Ok(())
    }

    /// Returns its resident memory in bytes, which is the most that a job shares with it.
    pub fn memory_bytes(&self) -> u64 {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running
            .as_ref()
            .map_or(0, |zygote| tree::resident_bytes(zygote.child.id()))
    }

    /// Sends a request for a child, which gets `descriptors`.
    pub fn send_fork_request(&self, descriptors: &[BorrowedFd<'_>]) -> Result<(), SandboxError> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let mut last = io::Error::from(io::ErrorKind::NotConnected);
        for _ in 0..ATTEMPTS {
            let zygote = match running.take() {
                Some(zygote) => zygote,
                None => self.start_zygote()?,
            };
            match descriptors::send_ready(&zygote.socket, descriptors) {
                Ok(()) => {
                    *running = Some(zygote);
                    return Ok(());
                }
                Err(error) => last = error,
            }
        }
        Err(SandboxError::on_host("ask for a fork of", &self.python)(last))
    }

    /// Starts it, anew if it is killed meanwhile: an interpreter that cannot import the packages ends by itself.
    fn start_zygote(&self) -> Result<RunningZygote, SandboxError> {
        for attempt in 1..ATTEMPTS {
            match self.spawn_zygote() {
                Err(NotStarted::Killed(signal)) => {
                    tracing::warn!(attempt, signal, "the interpreter that imports the packages was killed");
                    std::thread::sleep(PAUSE * u32::try_from(attempt).unwrap_or(1));
                }
                Err(NotStarted::Failed(error)) => return Err(error),
                Ok(running) => return Ok(running),
            }
        }
        self.spawn_zygote().map_err(|failed| match failed {
            NotStarted::Failed(error) => error,
            NotStarted::Killed(signal) => zygote_unavailable(
                format!("it was killed by signal {signal} {ATTEMPTS} times in a row"),
                "find out what kills it: the system's log names a lack of memory; `sandbox.warm = false` starts \
                 scripts without it",
            ),
        })
    }

    fn spawn_zygote(&self) -> Result<RunningZygote, NotStarted> {
        let failed = |action| SandboxError::on_host(action, &self.python);
        let (socket, theirs) = UnixStream::pair().map_err(failed("make a socket for"))?;
        socket
            .set_read_timeout(Some(PATIENCE))
            .and_then(|()| socket.set_write_timeout(Some(QUEUE)))
            .map_err(failed("make a socket for"))?;
        let child = Command::new(&self.python)
            .args(plan::PYTHON_FLAGS)
            .args(["-c", &self.program])
            .env_clear()
            .envs(script_environment())
            .current_dir("/")
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            // Pipes, as scripts have them, because Python examines its streams only once.
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .map_err(failed("start"))?;
        let mut running = RunningZygote { child, socket };
        match (&running.socket).read_exact(&mut [0]) {
            Ok(()) => Ok(running),
            Err(error) => match running.killed_by() {
                Some(signal) => Err(NotStarted::Killed(signal)),
                None => Err(NotStarted::Failed(zygote_unavailable(
                    running.kill_and_read_error().unwrap_or(error.to_string()),
                    "check that the interpreter starts and its packages can be imported; removing Kosmos's cache of \
                     interpreters makes Kosmos build them again",
                ))),
            },
        }
    }
}

/// Why the zygote did not start.
enum NotStarted {
    /// A signal ended it.
    Killed(i32),
    Failed(SandboxError),
}

impl From<SandboxError> for NotStarted {
    fn from(error: SandboxError) -> Self {
        Self::Failed(error)
    }
}

impl RunningZygote {
    /// Returns the signal that ended it, after its socket has closed; none if it ended by itself or goes on.
    fn killed_by(&mut self) -> Option<i32> {
        let deadline = Instant::now() + ENDING;
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) => return status.signal(),
                Ok(None) if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(5)),
                _ => return None,
            }
        }
    }

    /// Kills it and returns the last line of its standard error.
    fn kill_and_read_error(&mut self) -> Option<String> {
        let _ = self.child.kill();
        let mut text = String::new();
        self.child.stderr.take()?.read_to_string(&mut text).ok()?;
        text.lines().last().map(str::to_owned)
    }
}

impl Drop for RunningZygote {
    fn drop(&mut self) {
        // Both fail only if it has ended and been waited for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn zygote_unavailable(cause: String, remedy: &str) -> SandboxError {
    SandboxError::Unavailable {
        missing: vec![format!(
            "the interpreter that imports the packages in advance did not start: {cause}"
        )],
        remedy: remedy.to_owned(),
    }
}
