//! Agents that are started and spoken with: what programs and components have in common.

use std::{
    cell::RefCell,
    path::PathBuf,
    rc::Rc,
    time::{Duration, Instant},
};

use futures::{FutureExt, future::LocalBoxFuture};
use serde_json::{Value, json};
use tokio::time::timeout;

#[cfg(feature = "wasm")]
use super::wasm::{Component, Trapped};
use super::{
    Chosen, Kind, PROTOCOL, PluginError, RestartKind,
    calls::{self, Called, Handling, Shared},
    host,
    memory::Memory,
    process::Process,
    wire::{RpcError, WireError, code},
};
use crate::agent::{Agent, AgentContext, AgentError, Handled, Handling as Future};
use crate::message::{Envelope, Event, Payload};
use crate::prompt::{inline, shorten_to};
use crate::sandbox::{Ending, ProcessSandbox};

/// How long one may take to say which protocol it speaks.
pub const HANDSHAKE: Duration = Duration::from_secs(20);

/// How an agent failed that is spoken with.
#[derive(Debug, thiserror::Error)]
pub enum GuestError {
    #[error("{0}")]
    Wire(#[from] WireError),
    #[error("it {0}")]
    Ended(Ending),
    #[cfg(feature = "wasm")]
    #[error("it {0}")]
    Trapped(#[from] Trapped),
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

impl GuestError {
    /// An error that it answered with.
    pub fn said(RpcError { code, message }: RpcError) -> Self {
        let message = shorten_to(&inline(&message), 200);
        Self::Said { code, message }
    }
}

/// What an agent is started with.
pub struct Setting<'a> {
    /// Where programs run; needed by a program alone.
    pub programs: Option<&'a ProcessSandbox>,
    /// Whose it is.
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

/// How often it may speak.
pub struct Pace {
    per_minute: u32,
    /// When the minute under way began, and how often it spoke in it.
    minute: (Instant, u32),
}

impl Pace {
    /// As the agent's limits have it.
    pub fn of(chosen: &Chosen) -> Self {
        Self {
            per_minute: chosen.manifest.limits.messages_per_minute,
            minute: (Instant::now(), 0),
        }
    }

    /// Once more.
    pub fn step(&mut self) -> Result<(), GuestError> {
        if self.minute.0.elapsed() >= Duration::from_secs(60) {
            self.minute = (Instant::now(), 0);
        }
        self.minute.1 += 1;
        // Its answers count too, so the one that is allowed for is not held against it.
        match self.minute.1 > self.per_minute.saturating_add(1) {
            true => Err(GuestError::Flood(self.per_minute)),
            false => Ok(()),
        }
    }
}

/// Answers the calls of a guest while it handles an event.
pub trait Serve: AsyncFnMut(&str, Value) -> Called {}

impl<F: AsyncFnMut(&str, Value) -> Called> Serve for F {}

/// The answer to a call that comes too early.
pub fn too_early(method: &str) -> RpcError {
    let told = format!("`{}` cannot be called before the first event", inline(method));
    RpcError::new(code::INVALID_REQUEST, told)
}

/// What was started and has said hello.
pub enum Guest {
    /// A program in the sandbox.
    Process(Box<Process>),
    /// A component in this process.
    #[cfg(feature = "wasm")]
    Component(Component),
}

impl Guest {
    /// Starts it and asks which protocol it speaks; what it says of itself.
    pub async fn start(setting: &Setting<'_>) -> Result<(Self, Value), GuestError> {
        let chosen = setting.chosen;
        let hello = json!({
            "protocol": PROTOCOL, "agent": chosen.manifest.name, "run": setting.run, "config": chosen.config_seen(),
            "limits": calls::limits(chosen), "may": calls::may(chosen), "alpha": setting.alpha,
        });
        let (guest, told) = match chosen.manifest.kind {
            #[cfg(feature = "wasm")]
            Kind::Wasm => {
                let mut component = Component::start(chosen)?;
                let told = timeout(HANDSHAKE, component.hello(hello)).await;
                (Self::Component(component), told)
            }
            Kind::Process => {
                let mut process = Box::new(Process::start(setting).await?);
                let told = timeout(HANDSHAKE, process.hello(hello)).await;
                (Self::Process(process), told)
            }
            other => return Err(GuestError::Start(format!("there is no host for `{}`", other.name()))),
        };
        let told = told.unwrap_or(Err(GuestError::Silent))?;
        match told.get("protocol").and_then(Value::as_u64) {
            Some(version) if version == u64::from(PROTOCOL) => Ok((guest, told)),
            _ => Err(GuestError::Version {
                told: shorten_to(&inline(&told.get("protocol").unwrap_or(&Value::Null).to_string()), 40),
            }),
        }
    }

    /// Tells it of an event, and answers its calls meanwhile; its messages. The outer error is the lab's own.
    pub async fn handle(
        &mut self,
        event: Value,
        serve: impl Serve,
    ) -> Result<Result<Vec<Value>, GuestError>, AgentError> {
        let told = match self {
            Self::Process(process) => process.converse("handle", event, serve).await?,
            #[cfg(feature = "wasm")]
            Self::Component(component) => component.handle(event, serve).await?,
        };
        Ok(
            told.and_then(|answer| match answer.get("messages").and_then(Value::as_array) {
                Some(messages) => Ok(messages.clone()),
                None => Err(GuestError::NoMessages),
            }),
        )
    }

    /// Says that it is over, and sees it off.
    pub async fn end(self) {
        match self {
            Self::Process(process) => process.end().await,
            #[cfg(feature = "wasm")]
            Self::Component(component) => drop(component),
        }
    }
}

/// The agent around a guest, which is started for the first event.
pub struct GuestAgent {
    kit: Shared,
    chosen: Rc<Chosen>,
    guest: RefCell<Option<Guest>>,
}

impl GuestAgent {
    pub fn new(kit: Shared, chosen: Chosen) -> Self {
        Self {
            kit,
            chosen: Rc::new(chosen),
            guest: RefCell::new(None),
        }
    }

    /// What becomes of it after such a failure.
    fn fault(&self, error: GuestError) -> AgentError {
        let retires = match self.chosen.manifest.restart.policy {
            RestartKind::Temporary => true,
            RestartKind::Transient => matches!(&error, GuestError::Ended(ending) if ending.is_ok()),
            RestartKind::Permanent => false,
        };
        match retires {
            true => AgentError::Retired {
                reason: error.to_string(),
            },
            false => AgentError::retry(error),
        }
    }

    async fn guest(&self) -> Result<Guest, AgentError> {
        if let Some(guest) = self.guest.borrow_mut().take() {
            return Ok(guest);
        }
        let setting = Setting {
            programs: self.kit.programs.as_deref(),
            chosen: &self.chosen,
            run: self.kit.run.as_str(),
            alpha: self.kit.alpha,
            scratch: self.kit.scratch(),
            sdk: self.kit.sdk(),
        };
        match Guest::start(&setting).await {
            Ok((guest, _)) => Ok(guest),
            Err(error) => Err(self.fault(error)),
        }
    }

    async fn handle(self: Rc<Self>, message: Envelope, context: AgentContext) -> Result<Handled, AgentError> {
        let mut guest = self.guest().await?;
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
        let serve = async |method: &str, params: Value| handling.call(method, params).await;
        match guest.handle(event, serve).await? {
            Ok(messages) => {
                self.guest.replace(Some(guest));
                host::handled(handling, &message, &messages)
            }
            Err(error) => {
                if matches!(error, GuestError::Said { .. }) {
                    // It is well, and may do better at the next try.
                    self.guest.replace(Some(guest));
                }
                Err(self.fault(error))
            }
        }
    }
}

impl Agent<Payload> for GuestAgent {
    fn handle(self: Rc<Self>, message: Envelope, context: AgentContext) -> Future {
        GuestAgent::handle(self, message, context).boxed_local()
    }

    fn close(self: Rc<Self>) -> LocalBoxFuture<'static, ()> {
        async move {
            let guest = self.guest.borrow_mut().take();
            if let Some(guest) = guest {
                guest.end().await;
            }
        }
        .boxed_local()
    }
}

/// What an agent said when it was started and asked which protocol it speaks.
#[derive(Debug, Clone, PartialEq)]
pub struct Handshake {
    #[allow(missing_docs)]
    pub told: Value,
}

/// Starts an agent, says hello, and ends it. Needs a `LocalSet`.
///
/// # Errors
/// When it does not answer as it should.
pub async fn handshake(setting: &Setting<'_>) -> Result<Handshake, PluginError> {
    let (guest, told) = Guest::start(setting).await.map_err(|error| unfit(setting, &error))?;
    guest.end().await;
    Ok(Handshake { told })
}

/// Gives an agent one event and returns its messages as they are. Its state begins empty, its log lines go to the
/// log, and other calls are answered with an error. Needs a `LocalSet`.
///
/// # Errors
/// When it does not answer as it should.
pub async fn try_event(setting: &Setting<'_>, event: &Event) -> Result<Vec<Value>, PluginError> {
    let (mut guest, _) = Guest::start(setting).await.map_err(|error| unfit(setting, &error))?;
    let (kind, body) = host::parts(event);
    let params = json!({ "run": setting.run, "id": "m-trial", "attempt": 1, "type": kind, "body": body });
    let mut memory = Memory::default();
    let name = setting.chosen.manifest.name.clone();
    let deadline = setting.chosen.manifest.limits.deadline.get();
    let serve = async |method: &str, params: Value| -> Called { Ok(trial(&name, &mut memory, method, &params)) };
    let told = match timeout(deadline, guest.handle(params, serve)).await {
        Err(_) => Err(GuestError::Said {
            code: 0,
            message: format!("no answer within {} s", deadline.as_secs()),
        }),
        Ok(Err(error)) => Err(GuestError::Start(error.to_string())),
        Ok(Ok(told)) => told,
    };
    let messages = told.map_err(|error| unfit(setting, &error))?;
    guest.end().await;
    Ok(messages)
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

fn unfit(setting: &Setting<'_>, error: &GuestError) -> PluginError {
    PluginError::Handshake {
        agent: setting.chosen.manifest.name.clone(),
        problem: error.to_string(),
    }
}
