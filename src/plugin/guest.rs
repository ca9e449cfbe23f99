//! Agents that run as a program or a component: what the two have in common.

use std::{
    cell::RefCell,
    path::PathBuf,
    rc::Rc,
    time::{Duration, Instant},
};

use futures::{FutureExt, future::LocalBoxFuture};
use kosmos_core::disk::DiskFault;
use serde_json::{Value, json};
use tokio::time::timeout;

#[cfg(feature = "wasm")]
use super::wasm::{Component, Trapped};
use super::{
    AgentKind, ChosenAgent, PluginError, RestartKind,
    calls::{self, Called, EventHandling, Shared},
    host,
    memory::AgentMemory,
    process::Process,
    wire::{RpcError, WireError, code},
};
use crate::agent::{Agent, AgentContext, AgentError, Handled, Handling as Future};
use crate::message::{Envelope, Event, Payload};
use crate::prompt::{inline, shorten_to};
use crate::sandbox::{Ending, ProcessSandbox};

/// Limit on the time until an agent states its protocol version.
pub const HANDSHAKE: Duration = Duration::from_secs(20);

/// How a running agent failed.
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
    #[error("it speaks protocol {told} instead of {expected}, which its agent.toml names")]
    Version { told: String, expected: u32 },
    #[error("it returned the error {code}: {message}")]
    Said { code: i64, message: String },
    #[error("its answer has no list `messages`")]
    NoMessages,
    #[error("it sent more than {0} messages in a minute")]
    Flood(u32),
    #[error("it cannot be started: {0}")]
    Start(String),
    #[error("{}: {}", .0, .0.source)]
    Disk(DiskFault),
}

impl GuestError {
    /// An error that the agent returned.
    pub fn from_rpc(RpcError { code, message }: RpcError) -> Self {
        let message = shorten_to(&inline(&message), 200);
        Self::Said { code, message }
    }
}

/// Everything that an agent is started with.
pub struct Setting<'a> {
    /// The sandbox for programs; only a program needs it.
    pub programs: Option<&'a ProcessSandbox>,
    /// The agent to start.
    pub chosen: &'a ChosenAgent,
    /// The run's id; in a trial, a placeholder.
    pub run: &'a str,
    /// The run's false discovery rate.
    pub alpha: f64,
    /// Parent folder of scratch folders.
    pub scratch: PathBuf,
    /// Folder of the Python SDK.
    pub sdk: PathBuf,
}

/// Limit on how many messages an agent may send per minute.
pub struct Pace {
    per_minute: u32,
    /// Start of the current minute, and the number of messages in it.
    minute: (Instant, u32),
}

impl Pace {
    /// The limit in the agent's manifest.
    pub fn for_agent(chosen: &ChosenAgent) -> Self {
        Self {
            per_minute: chosen.manifest.limits.messages_per_minute,
            minute: (Instant::now(), 0),
        }
    }

    /// Counts one more message.
    pub fn count_message(&mut self) -> Result<(), GuestError> {
        if self.minute.0.elapsed() >= Duration::from_secs(60) {
            self.minute = (Instant::now(), 0);
        }
        self.minute.1 += 1;
        // Answers count too, so one message above the limit is tolerated.
        match self.minute.1 > self.per_minute.saturating_add(1) {
            true => Err(GuestError::Flood(self.per_minute)),
            false => Ok(()),
        }
    }
}

/// Answers the calls of an agent while it handles an event.
pub trait Serve: AsyncFnMut(&str, Value) -> Called {}

impl<F: AsyncFnMut(&str, Value) -> Called> Serve for F {}

/// The answer to a call that comes before the first event.
pub fn too_early_error(method: &str) -> RpcError {
    let told = format!("`{}` cannot be called before the first event", inline(method));
    RpcError::new(code::INVALID_REQUEST, told)
}

/// An agent that has been started and has completed the handshake.
pub enum RunningGuest {
    /// A program in the sandbox.
    Process(Box<Process>),
    /// A component in this process.
    #[cfg(feature = "wasm")]
    Component(Component),
}

impl RunningGuest {
    /// Starts the agent and completes the handshake; also returns the agent's answer to it.
    pub async fn start(setting: &Setting<'_>) -> Result<(Self, Value), GuestError> {
        let chosen = setting.chosen;
        let protocol = chosen.manifest.protocol;
        let hello = json!({
            "protocol": protocol, "agent": chosen.manifest.name, "run": setting.run, "config": chosen.config_seen(),
            "limits": calls::limits_json(chosen), "may": calls::permitted_calls(chosen), "alpha": setting.alpha,
        });
        let (guest, told) = match chosen.manifest.kind {
            #[cfg(feature = "wasm")]
            AgentKind::Wasm => {
                let mut component = Component::start(chosen)?;
                let told = timeout(HANDSHAKE, component.say_hello(hello)).await;
                (Self::Component(component), told)
            }
            AgentKind::Process => {
                let mut process = Box::new(Process::start(setting).await?);
                let told = timeout(HANDSHAKE, process.say_hello(hello)).await;
                (Self::Process(process), told)
            }
            other => return Err(GuestError::Start(format!("there is no host for `{}`", other.as_str()))),
        };
        let told = told.unwrap_or(Err(GuestError::Silent))?;
        match told.get("protocol").and_then(Value::as_u64) {
            Some(version) if version == u64::from(protocol) => Ok((guest, told)),
            _ => Err(GuestError::Version {
                told: shorten_to(&inline(&told.get("protocol").unwrap_or(&Value::Null).to_string()), 40),
                expected: protocol,
            }),
        }
    }

    /// Sends an event, answers the agent's calls meanwhile, and returns its messages. The outer error is a failure of
    /// the lab.
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

    /// Announces the end and stops the agent.
    pub async fn shut_down(self) {
        match self {
            Self::Process(process) => process.shut_down().await,
            #[cfg(feature = "wasm")]
            Self::Component(component) => drop(component),
        }
    }
}

/// Hosts a running agent, which is started for the first event.
pub struct GuestAgent {
    kit: Shared,
    chosen: Rc<ChosenAgent>,
    guest: RefCell<Option<RunningGuest>>,
}

impl GuestAgent {
    pub fn new(kit: Shared, chosen: ChosenAgent) -> Self {
        Self {
            kit,
            chosen: Rc::new(chosen),
            guest: RefCell::new(None),
        }
    }

    /// Applies the restart policy to a failure.
    fn agent_error(&self, error: GuestError) -> AgentError {
        let error = match error {
            // The run's disk, and no fault of the agent.
            GuestError::Disk(fault) => return AgentError::Disk(fault),
            error => error,
        };
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

    async fn take_or_start_guest(&self) -> Result<RunningGuest, AgentError> {
        if let Some(guest) = self.guest.borrow_mut().take() {
            return Ok(guest);
        }
        let setting = Setting {
            programs: self.kit.programs.as_deref(),
            chosen: &self.chosen,
            run: self.kit.run.as_str(),
            alpha: self.kit.alpha,
            scratch: self.kit.scratch_folder(),
            sdk: self.kit.sdk_folder(),
        };
        match RunningGuest::start(&setting).await {
            Ok((guest, _)) => Ok(guest),
            Err(error) => Err(self.agent_error(error)),
        }
    }

    async fn handle(self: Rc<Self>, message: Envelope, context: AgentContext) -> Result<Handled, AgentError> {
        let mut guest = self.take_or_start_guest().await?;
        let (kind, body) = match &message.payload {
            Payload::Notify(notice) => host::event_for_protocol(self.chosen.manifest.protocol, &notice.event),
            other => host::type_and_body(other),
        };
        let event = json!({
            "run": message.run, "id": message.id, "attempt": message.attempt, "type": kind, "body": body,
        });
        let memory = AgentMemory::load(&self.kit.journal, context.agent())?;
        let scene = host::EventScene::of_message(&message);
        let mut handling = EventHandling::new(&self.kit, &self.chosen, &context, &scene, memory);
        let serve = async |method: &str, params: Value| handling.answer_call(method, params).await;
        match guest.handle(event, serve).await? {
            Ok(messages) => {
                self.guest.replace(Some(guest));
                host::handle_messages(handling, &message, &messages).await
            }
            Err(error) => {
                if matches!(error, GuestError::Said { .. }) {
                    // The agent still runs and may succeed at the next attempt.
                    self.guest.replace(Some(guest));
                }
                Err(self.agent_error(error))
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
                guest.shut_down().await;
            }
        }
        .boxed_local()
    }
}

/// An agent's answer to the handshake.
#[derive(Debug, Clone, PartialEq)]
pub struct Handshake {
    /// The answer to `initialize`.
    pub told: Value,
}

/// Starts an agent, completes the handshake and stops it. Needs a `LocalSet`.
///
/// # Errors
/// When it does not answer as the protocol requires.
pub async fn check_handshake(setting: &Setting<'_>) -> Result<Handshake, PluginError> {
    let (guest, told) = RunningGuest::start(setting)
        .await
        .map_err(|error| handshake_error(setting, &error))?;
    guest.shut_down().await;
    Ok(Handshake { told })
}

/// Sends one event to an agent and returns its messages. Its state starts empty, its log lines go to the log, and
/// other calls return an error. Needs a `LocalSet`.
///
/// # Errors
/// When it does not answer as the protocol requires.
pub async fn try_event(setting: &Setting<'_>, event: &Event) -> Result<Vec<Value>, PluginError> {
    let (mut guest, _) = RunningGuest::start(setting)
        .await
        .map_err(|error| handshake_error(setting, &error))?;
    let (kind, body) = host::event_for_protocol(setting.chosen.manifest.protocol, event);
    let params = json!({ "run": setting.run, "id": "m-trial", "attempt": 1, "type": kind, "body": body });
    let mut memory = AgentMemory::default();
    let name = setting.chosen.manifest.name.clone();
    let deadline = setting.chosen.manifest.limits.deadline.get();
    let serve = async |method: &str, params: Value| -> Called {
        Ok(answer_trial_call(name.as_str(), &mut memory, method, &params))
    };
    let told = match timeout(deadline, guest.handle(params, serve)).await {
        Err(_) => Err(GuestError::Said {
            code: 0,
            message: format!("no answer within {} s", deadline.as_secs()),
        }),
        Ok(Err(error)) => Err(GuestError::Start(error.to_string())),
        Ok(Ok(told)) => told,
    };
    let messages = told.map_err(|error| handshake_error(setting, &error))?;
    guest.shut_down().await;
    Ok(messages)
}

fn answer_trial_call(agent: &str, memory: &mut AgentMemory, method: &str, params: &Value) -> Result<Value, RpcError> {
    let key = || params.get("key").and_then(Value::as_str).unwrap_or_default();
    match method {
        "state.get" => Ok(memory.get(key())),
        "state.put" => {
            memory.put(key(), params.get("value").cloned().unwrap_or_default());
            Ok(Value::Null)
        }
        "log" => calls::log_line(agent, params),
        _ => Err(RpcError::new(
            code::FAILED,
            "this is a trial: only the calls for state and log are available",
        )),
    }
}

fn handshake_error(setting: &Setting<'_>, error: &GuestError) -> PluginError {
    PluginError::Handshake {
        agent: setting.chosen.manifest.name.to_string(),
        problem: error.to_string(),
    }
}
