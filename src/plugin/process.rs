//! The host of an agent that is a program.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use kosmos_core::{
    disk::{DiskFault, is_disk_fault},
    files::let_others_read,
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    time::timeout,
};

use super::{
    AgentFolder,
    guest::{GuestError, Pace, Serve, Setting, too_early_error},
    roster::path_inside,
    scratch::Scratch,
    wire::{Incoming, RpcError, RpcWire, WireError},
};
use crate::agent::AgentError;
use crate::prompt::{inline, shorten_to};
use crate::sandbox::{Mount, Program, Reader, ResourceLimits, Session, Writer};

/// Time that a program has to end when asked to.
const GRACE: Duration = Duration::from_secs(2);

/// Letters of a line of standard error that are kept.
const LONGEST: usize = 2000;

/// Limit on a program's processor time in the whole run.
const CPU: Duration = Duration::from_secs(4 * 3600);

/// A program that runs in the sandbox.
pub struct Process {
    wire: RpcWire<Reader, Writer>,
    session: Session,
    pace: Pace,
    // Removed with the process.
    _scratch: Scratch,
}

impl Process {
    /// Starts the program.
    pub async fn start(setting: &Setting<'_>) -> Result<Self, GuestError> {
        let chosen = setting.chosen;
        let failed = |error: &dyn std::error::Error| GuestError::Start(error.to_string());
        let AgentFolder::Disk(folder) = &chosen.folder else {
            return Err(GuestError::Start("its files are not on disk".to_owned()));
        };
        let Some(programs) = setting.programs else {
            return Err(GuestError::Start("there is no sandbox for programs".to_owned()));
        };
        // The run's own copies, which its private folder protects: under root the program runs as another user.
        for shown in [folder, &setting.sdk] {
            let_others_read(shown).map_err(|error| failed(&error))?;
        }
        let scratch = Scratch::create_in(&setting.scratch, &chosen.manifest.name);
        let scratch = scratch.map_err(|source| match is_disk_fault(&source) {
            true => GuestError::Disk(DiskFault {
                action: "create a folder in",
                path: setting.scratch.clone(),
                source,
            }),
            false => failed(&source),
        })?;
        let program = sandboxed_program(setting, folder, scratch.path());
        let mut session = programs
            .open_session(program)
            .await
            .map_err(|error| match error.help() {
                // An agent that cannot start is given up with one text, so the remedy goes with it.
                Some(help) => GuestError::Start(format!("{error} ({help})")),
                None => failed(&error),
            })?;
        let (Some(input), Some(output)) = (session.stdin.take(), session.stdout.take()) else {
            return Err(GuestError::Start("it has no standard streams".to_owned()));
        };
        if let Some(stderr) = session.stderr.take() {
            tokio::task::spawn_local(keep_log(chosen.manifest.name.to_string(), stderr));
        }
        Ok(Self {
            wire: RpcWire::new(output, input),
            session,
            pace: Pace::for_agent(chosen),
            _scratch: scratch,
        })
    }

    /// Completes the handshake; returns the program's answer to it.
    pub async fn say_hello(&mut self, params: Value) -> Result<Value, GuestError> {
        let asked = self.wire.send_request("initialize", params).await?;
        loop {
            match self.receive_message().await? {
                Incoming::Answer { id, outcome } => return match_answer(asked, id, outcome),
                Incoming::Call { id, method, .. } => {
                    if let Some(id) = id {
                        self.wire.send_answer(id, Err(too_early_error(&method))).await?;
                    }
                }
            }
        }
    }

    /// Sends a request and answers the program's calls with `serve` until it replies. The outer error is a failure of
    /// the lab.
    pub async fn converse(
        &mut self,
        method: &str,
        params: Value,
        mut serve: impl Serve,
    ) -> Result<Result<Value, GuestError>, AgentError> {
        let asked = match self.wire.send_request(method, params).await {
            Ok(asked) => asked,
            Err(error) => return Ok(Err(self.explain_error(error).await)),
        };
        loop {
            match self.receive_message().await {
                Err(error) => return Ok(Err(error)),
                Ok(Incoming::Answer { id, outcome }) => return Ok(match_answer(asked, id, outcome)),
                Ok(Incoming::Call { id, method, params }) => {
                    let outcome = serve(&method, params).await?;
                    if let Some(id) = id
                        && let Err(error) = self.wire.send_answer(id, outcome).await
                    {
                        return Ok(Err(self.explain_error(error).await));
                    }
                }
            }
        }
    }

    async fn receive_message(&mut self) -> Result<Incoming, GuestError> {
        self.pace.count_message()?;
        match self.wire.receive_message().await {
            Ok(incoming) => Ok(incoming),
            Err(error) => Err(self.explain_error(error).await),
        }
    }

    /// A broken stream usually means that the program ended: how it ended says more.
    async fn explain_error(&mut self, error: WireError) -> GuestError {
        let ended = matches!(error, WireError::Closed | WireError::Write(_) | WireError::HalfALine);
        if !ended {
            return error.into();
        }
        match timeout(GRACE, self.session.wait_until_ended()).await {
            Ok(ended) if !matches!(error, WireError::HalfALine) || !ended.ending.is_ok() => {
                GuestError::Ended(ended.ending)
            }
            _ => error.into(),
        }
    }

    /// Announces the end, and waits for the program.
    pub async fn shut_down(mut self) {
        let said = async {
            let asked = self.wire.send_request("shutdown", json!({})).await?;
            loop {
                if let Incoming::Answer { id, .. } = self.wire.receive_message().await?
                    && id == asked
                {
                    return Ok::<(), WireError>(());
                }
            }
        };
        let _ = timeout(GRACE, said).await;
        let Self {
            wire,
            session,
            _scratch,
            ..
        } = self;
        drop(wire);
        let _ = session.stop_within(GRACE).await;
    }
}

fn match_answer(asked: u64, id: u64, outcome: Result<Value, RpcError>) -> Result<Value, GuestError> {
    if id != asked {
        return Err(WireError::Unasked.into());
    }
    outcome.map_err(GuestError::from_rpc)
}

fn sandboxed_program(setting: &Setting<'_>, folder: &Path, scratch: &Path) -> Program {
    let manifest = &setting.chosen.manifest;
    let (program, arguments) = manifest.command.split_first().map_or_else(
        || (PathBuf::new(), Vec::new()),
        |(program, arguments)| (PathBuf::from(program), arguments.to_vec()),
    );
    // An argument that names a file of the agent's folder means that file.
    let own = |argument: String| match folder.join(&argument).is_file() && !argument.starts_with('/') {
        true => format!("/run/agent/{argument}"),
        false => argument,
    };
    let program = match folder.join(&program).is_file() {
        true => Path::new("/run/agent").join(&program),
        false => program,
    };
    let mount = |host: &Path, inside: String, executable: bool| Mount {
        host: host.to_owned(),
        inside: inside.into(),
        executable,
    };
    let mut mounts = vec![
        mount(folder, "/run/agent".to_owned(), true),
        mount(&setting.sdk, "/run/sdk".to_owned(), false),
    ];
    for key in &manifest.permissions.files {
        if let Some(path) = setting.chosen.config.get(key).and_then(Value::as_str) {
            mounts.push(mount(Path::new(path), path_inside(key), false));
        }
    }
    Program {
        key: format!("{}-{}", setting.run, manifest.name),
        program,
        arguments: arguments.into_iter().map(own).collect(),
        environment: vec![("PYTHONPATH".to_owned(), "/run/sdk".to_owned())],
        scratch: scratch.to_owned(),
        mounts,
        limits: ResourceLimits {
            cpu: CPU,
            memory_bytes: manifest.limits.memory.get(),
            processes: u64::from(manifest.limits.processes),
            ..ResourceLimits::default()
        },
    }
}

/// Copies the program's standard error to the log.
async fn keep_log(agent: String, stderr: Reader) {
    let mut lines = BufReader::new(stderr).split(b'\n');
    while let Ok(Some(line)) = lines.next_segment().await {
        let line = String::from_utf8_lossy(line.get(..line.len().min(LONGEST * 4)).unwrap_or_default()).into_owned();
        tracing::info!(agent, stderr = shorten_to(&inline(&line), LONGEST), "said");
    }
}
