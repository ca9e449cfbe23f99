//! The host of a program that speaks the protocol.

use std::{
    cell::RefCell,
    path::{Path, PathBuf},
    rc::Rc,
    time::{Duration, Instant},
};

use futures::{FutureExt, future::LocalBoxFuture};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    time::timeout,
};

use super::{
    Chosen, Folder, PROTOCOL, PluginError, RestartKind,
    calls::{self, Called, Handling, Shared},
    host,
    memory::Memory,
    scratch::Scratch,
    wire::{Incoming, RpcError, Wire, WireError, code},
};
use crate::agent::{Agent, AgentContext, AgentError, Handled, Handling as Future};
use crate::message::{Envelope, Event, Payload};
use crate::prompt::{inline, shorten_to};
use crate::sandbox::{Ending, Limits, Mount, ProcessSandbox, Program, Reader, Session, Writer};

/// How long a program may take to say which protocol it speaks.
const HANDSHAKE: Duration = Duration::from_secs(20);

/// How long one may take to end when it is asked to.
const GRACE: Duration = Duration::from_secs(2);

/// Letters of a line of standard error that are kept.
const LONGEST: usize = 2000;

/// Processor time of a program, over all of a run.
const CPU: Duration = Duration::from_secs(4 * 3600);

/// How a program failed.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    #[error("{0}")]
    Wire(#[from] WireError),
    #[error("it {0}")]
    Ended(Ending),
    #[error("it does not answer `initialize` within {} s", HANDSHAKE.as_secs())]
    Silent,
    #[error("it speaks protocol {told} and not {PROTOCOL}")]
    Version { told: String },
    #[error("it answered with the error {code}: {message}")]
    Said { code: i64, message: String },
    #[error("its answer has no list `messages`")]
    NoMessages,
    #[error("it spoke more than {0} times in a minute")]
    Flood(u32),
    #[error("it cannot be started: {0}")]
    Start(String),
}

/// What a program is started with.
pub struct Setting<'a> {
    /// Where it runs.
    pub programs: &'a ProcessSandbox,
    /// Whose program it is.
    pub chosen: &'a Chosen,
    /// The run's id; of a trial, a name for it.
    pub run: &'a str,
    /// The run's rate of false discoveries.
    pub alpha: f64,
    /// Where scratch folders are made.
    pub scratch: PathBuf,
    /// The Python SDK.
    pub sdk: PathBuf,
}

/// A program that was started and has said hello.
pub struct Process {
    wire: Wire<Reader, Writer>,
    session: Session,
    per_minute: u32,
    /// When the minute under way began, and how often it spoke in it.
    minute: (Instant, u32),
    // Thrown away with the process.
    _scratch: Scratch,
}

impl Process {
    /// Starts the program and asks which protocol it speaks; what it says of itself.
    pub async fn start(setting: &Setting<'_>) -> Result<(Self, Value), ProcessError> {
        let chosen = setting.chosen;
        let failed = |error: &dyn std::error::Error| ProcessError::Start(error.to_string());
        let Folder::Disk(folder) = &chosen.folder else {
            return Err(ProcessError::Start("its files are not on disk".to_owned()));
        };
        let scratch = Scratch::make(&setting.scratch, &chosen.manifest.name).map_err(|error| failed(&error))?;
        let program = program(setting, folder, scratch.path());
        let mut session = setting.programs.open(program).await.map_err(|error| failed(&error))?;
        let (Some(input), Some(output)) = (session.stdin.take(), session.stdout.take()) else {
            return Err(ProcessError::Start("it has no standard streams".to_owned()));
        };
        if let Some(stderr) = session.stderr.take() {
            tokio::task::spawn_local(keep_log(chosen.manifest.name.clone(), stderr));
        }
        let mut process = Self {
            wire: Wire::new(output, input),
            session,
            per_minute: chosen.manifest.limits.messages_per_minute,
            minute: (Instant::now(), 0),
            _scratch: scratch,
        };
        let hello = json!({
            "protocol": PROTOCOL, "agent": chosen.manifest.name, "run": setting.run, "config": seen(chosen),
            "limits": calls::limits(chosen), "may": calls::may(chosen), "alpha": setting.alpha,
        });
        let told = timeout(HANDSHAKE, process.hello(hello)).await;
        let told = told.unwrap_or(Err(ProcessError::Silent))?;
        match told.get("protocol").and_then(Value::as_u64) {
            Some(version) if version == u64::from(PROTOCOL) => Ok((process, told)),
            _ => Err(ProcessError::Version {
                told: shorten_to(&inline(&told.get("protocol").unwrap_or(&Value::Null).to_string()), 40),
            }),
        }
    }

    async fn hello(&mut self, params: Value) -> Result<Value, ProcessError> {
        let asked = self.wire.ask("initialize", params).await?;
        loop {
            match self.receive().await? {
                Incoming::Answer { id, outcome } => return answer(asked, id, outcome),
                Incoming::Call { id, method, .. } => {
                    let told = format!("`{}` cannot be called before the first event", inline(&method));
                    if let Some(id) = id {
                        let refused = RpcError::new(code::INVALID_REQUEST, told);
                        self.wire.answer(id, Err(refused)).await?;
                    }
                }
            }
        }
    }

    /// Asks something that may take calls to answer, which `serve` does. The outer error is the lab's own.
    pub async fn converse(
        &mut self,
        method: &str,
        params: Value,
        mut serve: impl AsyncFnMut(&str, Value) -> Called,
    ) -> Result<Result<Value, ProcessError>, AgentError> {
        let asked = match self.wire.ask(method, params).await {
            Ok(asked) => asked,
            Err(error) => return Ok(Err(self.explain(error).await)),
        };
        loop {
            match self.receive().await {
                Err(error) => return Ok(Err(error)),
                Ok(Incoming::Answer { id, outcome }) => return Ok(answer(asked, id, outcome)),
                Ok(Incoming::Call { id, method, params }) => {
                    let outcome = serve(&method, params).await?;
                    if let Some(id) = id
                        && let Err(error) = self.wire.answer(id, outcome).await
                    {
                        return Ok(Err(self.explain(error).await));
                    }
                }
            }
        }
    }

    async fn receive(&mut self) -> Result<Incoming, ProcessError> {
        if self.minute.0.elapsed() >= Duration::from_secs(60) {
            self.minute = (Instant::now(), 0);
        }
        self.minute.1 += 1;
        // Its answers count too, so the one that is allowed for is not held against it.
        if self.minute.1 > self.per_minute.saturating_add(1) {
            return Err(ProcessError::Flood(self.per_minute));
        }
        match self.wire.receive().await {
            Ok(incoming) => Ok(incoming),
            Err(error) => Err(self.explain(error).await),
        }
    }

    /// A stream that broke is mostly a program that ended: how it did tells more.
    async fn explain(&mut self, error: WireError) -> ProcessError {
        let ended = matches!(error, WireError::Closed | WireError::Write(_) | WireError::HalfALine);
        if !ended {
            return error.into();
        }
        match timeout(GRACE, self.session.ended()).await {
            Ok(ended) if !matches!(error, WireError::HalfALine) || !ended.ending.is_ok() => {
                ProcessError::Ended(ended.ending)
            }
            _ => error.into(),
        }
    }

    /// Says that it is over, and sees it off.
    pub async fn end(mut self) {
        let said = async {
            let asked = self.wire.ask("shutdown", json!({})).await?;
            loop {
                if let Incoming::Answer { id, .. } = self.wire.receive().await?
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
        let _ = session.end(GRACE).await;
    }
}

fn answer(asked: u64, id: u64, outcome: Result<Value, RpcError>) -> Result<Value, ProcessError> {
    if id != asked {
        return Err(WireError::Unasked.into());
    }
    outcome.map_err(|RpcError { code, message }| ProcessError::Said {
        code,
        message: shorten_to(&inline(&message), 200),
    })
}

/// Its configuration as it sees it: paths lead to where its files are inside.
fn seen(chosen: &Chosen) -> Value {
    let mut config = chosen.config.clone();
    for key in &chosen.manifest.permissions.files {
        if let Some(value) = config.get_mut(key)
            && value.is_string()
        {
            *value = json!(inside(key));
        }
    }
    config
}

fn inside(key: &str) -> String {
    format!("/run/files/{key}")
}

fn program(setting: &Setting<'_>, folder: &Path, scratch: &Path) -> Program {
    let manifest = &setting.chosen.manifest;
    let (program, arguments) = manifest.command.split_first().map_or_else(
        || (PathBuf::new(), Vec::new()),
        |(program, arguments)| (PathBuf::from(program), arguments.to_vec()),
    );
    // What is a file of its folder is meant as that.
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
            mounts.push(mount(Path::new(path), inside(key), false));
        }
    }
    Program {
        key: format!("{}-{}", setting.run, manifest.name),
        program,
        arguments: arguments.into_iter().map(own).collect(),
        environment: vec![("PYTHONPATH".to_owned(), "/run/sdk".to_owned())],
        scratch: scratch.to_owned(),
        mounts,
        limits: Limits {
            cpu: CPU,
            memory_bytes: manifest.limits.memory.get(),
            processes: u64::from(manifest.limits.processes),
            ..Limits::default()
        },
    }
}

/// Writes what the program says beside the protocol to the log.
async fn keep_log(agent: String, stderr: Reader) {
    let mut lines = BufReader::new(stderr).split(b'\n');
    while let Ok(Some(line)) = lines.next_segment().await {
        let line = String::from_utf8_lossy(line.get(..line.len().min(LONGEST * 4)).unwrap_or_default()).into_owned();
        tracing::info!(agent, stderr = shorten_to(&inline(&line), LONGEST), "said");
    }
}

/// The agent around a program, which is started for the first event.
pub struct ProcessAgent {
    kit: Shared,
    chosen: Rc<Chosen>,
    process: RefCell<Option<Process>>,
}

/// An agent that failed.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Fault(String);

impl ProcessAgent {
    pub fn new(kit: Shared, chosen: Chosen) -> Self {
        Self {
            kit,
            chosen: Rc::new(chosen),
            process: RefCell::new(None),
        }
    }

    /// What becomes of it after such a failure.
    fn fault(&self, error: &ProcessError) -> AgentError {
        let reason = error.to_string();
        let well = matches!(error, ProcessError::Ended(ending) if ending.is_ok());
        match self.chosen.manifest.restart.policy {
            RestartKind::Temporary => AgentError::Retired { reason },
            RestartKind::Transient if well => AgentError::Retired { reason },
            _ => AgentError::retry(Fault(reason)),
        }
    }

    async fn process(&self) -> Result<Process, AgentError> {
        if let Some(process) = self.process.borrow_mut().take() {
            return Ok(process);
        }
        let Some(programs) = &self.kit.programs else {
            return Err(AgentError::retry(Fault("there is no sandbox for programs".to_owned())));
        };
        let setting = Setting {
            programs,
            chosen: &self.chosen,
            run: self.kit.run.as_str(),
            alpha: self.kit.alpha,
            scratch: self.kit.scratch(),
            sdk: self.kit.sdk(),
        };
        match Process::start(&setting).await {
            Ok((process, _)) => Ok(process),
            Err(error) => Err(self.fault(&error)),
        }
    }

    async fn handle(self: Rc<Self>, message: Envelope, context: AgentContext) -> Result<Handled, AgentError> {
        let mut process = self.process().await?;
        let (kind, body) = match &message.payload {
            Payload::Notify(notice) => host::parts(&notice.event),
            other => host::parts(other),
        };
        let event = json!({
            "run": message.run, "id": message.id, "attempt": message.attempt, "type": kind, "body": body,
        });
        let memory = Memory::load(&self.kit.journal, context.agent())?;
        let scene = host::Scene::of(&message);
        let mut handling = Handling::new(&self.kit, &self.chosen, &context, &scene, memory);
        let told = process
            .converse("handle", event, async |method: &str, params: Value| {
                handling.call(method, params).await
            })
            .await?;
        let messages = told.and_then(|answer| match answer.get("messages").and_then(Value::as_array) {
            Some(messages) => Ok(messages.clone()),
            None => Err(ProcessError::NoMessages),
        });
        match messages {
            Ok(messages) => {
                self.process.replace(Some(process));
                host::handled(handling, &message, &messages)
            }
            Err(error) => {
                if matches!(error, ProcessError::Said { .. }) {
                    // It is well, and may do better at the next try.
                    self.process.replace(Some(process));
                }
                Err(self.fault(&error))
            }
        }
    }
}

impl Agent for ProcessAgent {
    fn handle(self: Rc<Self>, message: Envelope, context: AgentContext) -> Future {
        ProcessAgent::handle(self, message, context).boxed_local()
    }

    fn close(self: Rc<Self>) -> LocalBoxFuture<'static, ()> {
        async move {
            let process = self.process.borrow_mut().take();
            if let Some(process) = process {
                process.end().await;
            }
        }
        .boxed_local()
    }
}

/// What a program said when it was started and asked which protocol it speaks.
#[derive(Debug, Clone, PartialEq)]
pub struct Handshake {
    #[allow(missing_docs)]
    pub told: Value,
}

/// Starts an agent's program, says hello, and ends it. Needs a `LocalSet`.
///
/// # Errors
/// When it does not answer as it should.
pub async fn handshake(setting: &Setting<'_>) -> Result<Handshake, PluginError> {
    let (process, told) = Process::start(setting).await.map_err(|error| unfit(setting, &error))?;
    process.end().await;
    Ok(Handshake { told })
}

/// Gives an agent's program one event and returns its messages as they are. Its state begins empty, its log lines go to the
/// log, and other calls are answered with an error. Needs a `LocalSet`.
///
/// # Errors
/// When it does not answer as it should.
pub async fn try_event(setting: &Setting<'_>, event: &Event) -> Result<Vec<Value>, PluginError> {
    let (mut process, _) = Process::start(setting).await.map_err(|error| unfit(setting, &error))?;
    let (kind, body) = host::parts(event);
    let params = json!({ "run": setting.run, "id": "m-trial", "attempt": 1, "type": kind, "body": body });
    let mut memory = Memory::default();
    let name = setting.chosen.manifest.name.clone();
    let deadline = setting.chosen.manifest.limits.deadline.get();
    let serve = async |method: &str, params: Value| -> Called { Ok(trial(&name, &mut memory, method, &params)) };
    let told = match timeout(deadline, process.converse("handle", params, serve)).await {
        Err(_) => Err(ProcessError::Said {
            code: 0,
            message: format!("no answer within {} s", deadline.as_secs()),
        }),
        Ok(Err(error)) => Err(ProcessError::Start(error.to_string())),
        Ok(Ok(told)) => told,
    };
    let answer = told.map_err(|error| unfit(setting, &error))?;
    process.end().await;
    match answer.get("messages").and_then(Value::as_array) {
        Some(messages) => Ok(messages.clone()),
        None => Err(unfit(setting, &ProcessError::NoMessages)),
    }
}

fn trial(agent: &str, memory: &mut Memory, method: &str, params: &Value) -> Result<Value, RpcError> {
    let key = || params.get("key").and_then(Value::as_str).unwrap_or_default();
    match method {
        "state.get" => Ok(memory.get(key())),
        "state.put" => {
            memory.put(key(), params.get("value").cloned().unwrap_or_default());
            Ok(Value::Null)
        }
        "log" => calls::log(agent, params),
        _ => Err(RpcError::new(
            code::FAILED,
            "this is a trial: only state and log are there",
        )),
    }
}

fn unfit(setting: &Setting<'_>, error: &ProcessError) -> PluginError {
    PluginError::Handshake {
        agent: setting.chosen.manifest.name.clone(),
        problem: error.to_string(),
    }
}
