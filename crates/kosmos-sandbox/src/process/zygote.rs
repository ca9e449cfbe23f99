//! The zygote: an interpreter that has imported the packages, and forks for each job.
//!
//! It is a plain process of kosmos's own user and belongs to no job. It runs our own text only, never a
//! script; its environment is the one that scripts get; and what a job asks for is read by its child. So it
//! holds nothing that one job could learn of another, or of kosmos. What its children share is what they
//! were forked with, the places of things in memory included.

use std::{
    io::{self, Read},
    os::{
        fd::{BorrowedFd, OwnedFd},
        unix::{net::UnixStream, process::CommandExt},
    },
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use super::{Options, descriptors, plan, tree};
use crate::{SandboxError, environment::environment};

const RUNNER: &str = include_str!("../../python/runner.py");
const ZYGOTE: &str = include_str!("../../python/zygote.py");

/// With `-c`, modules would be looked for in the current folder first.
const SAFE_PATH: &str = "import sys\nsys.path[:] = [path for path in sys.path if path]\n";

/// How long the imports may take: minutes on a slow disk that sees these files for the first time.
const PATIENCE: Duration = Duration::from_secs(180);

/// How long it may take to accept a message: it forks for one after the other.
const QUEUE: Duration = Duration::from_secs(30);

/// How often it is started again for one message.
pub const ATTEMPTS: usize = 3;

/// The zygote, started when it is first asked and again when it has ended. It ends when this is dropped,
/// and when kosmos ends.
#[derive(Debug)]
pub struct Zygote {
    python: PathBuf,
    program: String,
    running: Mutex<Option<Running>>,
}

#[derive(Debug)]
struct Running {
    child: Child,
    socket: UnixStream,
}

impl Zygote {
    pub fn new(options: &Options) -> Self {
        let preloaded = match &options.preload {
            None => String::new(),
            // A list of strings is written alike in JSON and in Python.
            Some(names) => format!("PRELOADED = {}\n", serde_json::json!(names)),
        };
        Self {
            python: options.python.clone(),
            program: [SAFE_PATH, RUNNER, &preloaded, ZYGOTE].concat(),
            running: Mutex::new(None),
        }
    }

    /// Starts it if it is not running, and waits until the packages are imported.
    pub fn start(&self) -> Result<(), SandboxError> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if running.is_none() {
            *running = Some(self.spawn()?);
        }
        Ok(())
    }

    /// What it has in memory, which is also what a job has of it at the most.
    pub fn memory_bytes(&self) -> u64 {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.as_ref().map_or(0, |zygote| tree::resident(zygote.child.id()))
    }

    /// Asks it for a child, which gets `descriptors`.
    pub fn fork(&self, descriptors: &[BorrowedFd<'_>]) -> Result<(), SandboxError> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let mut last = io::Error::from(io::ErrorKind::NotConnected);
        for _ in 0..ATTEMPTS {
            let zygote = match running.take() {
                Some(zygote) => zygote,
                None => self.spawn()?,
            };
            match descriptors::send(&zygote.socket, descriptors) {
                Ok(()) => {
                    *running = Some(zygote);
                    return Ok(());
                }
                Err(error) => last = error,
            }
        }
        Err(SandboxError::on_host("ask for a fork of", &self.python)(last))
    }

    fn spawn(&self) -> Result<Running, SandboxError> {
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
            .envs(environment())
            .current_dir("/")
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            // Pipes, as scripts have them, for Python asks once what its streams are.
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .map_err(failed("start"))?;
        let mut running = Running { child, socket };
        match (&running.socket).read_exact(&mut [0]) {
            Ok(()) => Ok(running),
            Err(error) => Err(unavailable(running.last_words().unwrap_or(error.to_string()))),
        }
    }
}

impl Running {
    /// Ends it and gives the last line of what it had to complain of.
    fn last_words(&mut self) -> Option<String> {
        let _ = self.child.kill();
        let mut text = String::new();
        self.child.stderr.take()?.read_to_string(&mut text).ok()?;
        text.lines().last().map(str::to_owned)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail only if it has ended and was waited for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn unavailable(cause: String) -> SandboxError {
    SandboxError::Unavailable {
        missing: vec![format!(
            "the interpreter that imports the packages beforehand did not start: {cause}"
        )],
        remedy: "check that the interpreter and its packages can be imported; removing kosmos's cache of \
                 interpreters makes them anew"
            .to_owned(),
    }
}
