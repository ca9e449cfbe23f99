//! The calls that an agent may make to its host while it handles an event, one file per call.
//!
//! A call with an outside effect is journalled: when an event is tried again, its calls get the answers that they had
//! before.

mod graph;
mod llm;
mod net;
mod sandbox;

use std::{collections::BTreeMap, sync::Arc};

use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::{
    AgentKind, ChosenAgent, PluginKit,
    host::EventScene,
    memory::AgentMemory,
    wire::{RpcError, code},
};
use crate::agent::{AgentContext, AgentError};
use crate::message::Outgoing;
use crate::prompt::{inline, shorten_to};
use crate::science::{ExperimentRecord, sha256_hex};

/// Letters of a log line that are kept.
const LONGEST_LINE: usize = 2000;

/// The handling of one event by its agent: the calls that it makes, and the changes that they cause.
pub struct EventHandling<'a> {
    pub kit: &'a PluginKit,
    pub chosen: &'a ChosenAgent,
    pub context: &'a AgentContext,
    pub scene: &'a EventScene,
    /// Committed with the answer.
    pub memory: AgentMemory,
    /// Experiments that ran.
    pub experiments: Vec<ExperimentRecord>,
    /// Messages to the director besides the answer.
    pub notices: Vec<Outgoing>,
    /// Number of times that each call was made.
    asked: BTreeMap<String, u64>,
}

/// The result of a call for the agent; the outer error is a failure of the lab and ends the handler.
pub type Called = Result<Result<Value, RpcError>, AgentError>;

/// Calls that need a permission, with its name.
const PERMITTED: [(&str, &str); 4] = [
    ("llm.complete", "model"),
    ("graph.query", "graph"),
    ("sandbox.run", "sandbox"),
    ("net.fetch", "network"),
];

/// The calls that the agent may make.
pub fn permitted_calls(chosen: &ChosenAgent) -> Vec<&'static str> {
    let free = ["state.get", "state.put", "log"];
    let permitted = PERMITTED
        .iter()
        .filter(|(_, permission)| has_permission(chosen, permission));
    free.into_iter().chain(permitted.map(|(call, _)| *call)).collect()
}

fn has_permission(chosen: &ChosenAgent, permission: &str) -> bool {
    let permissions = &chosen.manifest.permissions;
    match permission {
        "model" => permissions.model,
        "graph" => permissions.graph,
        "sandbox" => permissions.sandbox,
        "network" => !permissions.network.is_empty(),
        _ => false,
    }
}

impl<'a> EventHandling<'a> {
    /// Starts the handling of an event by an agent with this durable state.
    pub fn new(
        kit: &'a PluginKit,
        chosen: &'a ChosenAgent,
        context: &'a AgentContext,
        scene: &'a EventScene,
        memory: AgentMemory,
    ) -> Self {
        Self {
            kit,
            chosen,
            context,
            scene,
            memory,
            experiments: Vec::new(),
            notices: Vec::new(),
            asked: BTreeMap::new(),
        }
    }

    /// Answers a call.
    ///
    /// # Errors
    /// When the journal or a backend of the run fails.
    pub async fn answer_call(&mut self, method: &str, params: Value) -> Called {
        if let Some((_, permission)) = PERMITTED.iter().find(|(call, _)| *call == method)
            && !has_permission(self.chosen, permission)
        {
            let told = format!("`{method}` requires the permission `{permission}` in agent.toml");
            tracing::warn!(agent = %self.context.agent(), method, "a call was denied");
            return Ok(Err(RpcError::new(code::NOT_PERMITTED, told)));
        }
        match method {
            "state.get" => Ok(key_param(&params).map(|key| self.memory.get(&key))),
            "state.put" => Ok(self.put_state(&params)),
            "log" => Ok(log_line(self.context.agent().as_str(), &params)),
            "llm.complete" => llm::complete_prompt(self, &params).await,
            "graph.query" => graph::query_graph(self, &params).await,
            "sandbox.run" => sandbox::run_script(self, &params).await,
            "net.fetch" => net::fetch_url(self, &params).await,
            other => {
                let told = format!("unknown call `{}`", shorten_to(&inline(other), 40));
                Ok(Err(RpcError::new(code::NO_METHOD, told)))
            }
        }
    }

    fn put_state(&mut self, params: &Value) -> Result<Value, RpcError> {
        let key = key_param(params)?;
        let value = params.get("value").cloned().unwrap_or_default();
        match self.memory.put(&key, value) {
            true => Ok(Value::Null),
            false => Err(RpcError::new(code::SPENT, "an agent's state is limited to 1 MiB")),
        }
    }

    /// Runs `work` once: when the event is tried again, the same call at the same place has the same outcome. A
    /// replay returns the recorded outcome and does not run `work`.
    async fn call_once<F, W>(&mut self, method: &str, params: &Value, work: W) -> Result<Outcome, AgentError>
    where
        F: Future<Output = Result<Outcome, AgentError>>,
        W: FnOnce() -> F,
    {
        let asked = sha256_hex(format!("{method}\n{params}"));
        let times = self.asked.entry(asked.clone()).or_default();
        *times += 1;
        let place = self.scene.occasion.as_str();
        let key = format!(
            "{method}:{}:{place}:{}:{times}",
            self.context.agent(),
            asked.get(..16).unwrap_or_default()
        );
        let Some(recorded) = &self.kit.recorded else {
            return self.context.effect(&key, work).await;
        };
        let known = recorded.get(&key).cloned();
        let known = known.and_then(|value| serde_json::from_value(value).ok());
        let outcome = known.unwrap_or_else(|| Outcome::failed("this is a replay, and the call was not recorded"));
        self.context.effect(&key, || async { Ok(outcome) }).await
    }
}

/// Writes an agent's log line to the run's log.
pub fn log_line(agent: &str, params: &Value) -> Result<Value, RpcError> {
    let Some(message) = params.get("message").and_then(Value::as_str) else {
        return Err(RpcError::new(code::WRONG_PARAMETERS, "`message` must be a string"));
    };
    let message = shorten_to(&inline(message), LONGEST_LINE);
    match params.get("level").and_then(Value::as_str) {
        Some("error") => tracing::error!(agent, message),
        Some("warn") => tracing::warn!(agent, message),
        Some("debug") => tracing::debug!(agent, message),
        _ => tracing::info!(agent, message),
    }
    Ok(Value::Null)
}

fn key_param(params: &Value) -> Result<String, RpcError> {
    let key = params.get("key").and_then(Value::as_str).map(str::to_owned);
    key.ok_or_else(|| RpcError::new(code::WRONG_PARAMETERS, "`key` must be a string"))
}

/// Parses the parameters of a call.
fn read_params<T: DeserializeOwned>(params: &Value) -> Result<T, RpcError> {
    serde_json::from_value(params.clone())
        .map_err(|error| RpcError::new(code::WRONG_PARAMETERS, shorten_to(&inline(&error.to_string()), 200)))
}

/// The outcome of a call in the form of its receipt.
#[derive(Debug, Clone, Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    Result(Value),
    Failed { code: i64, message: String },
}

impl Outcome {
    fn failed(message: impl Into<String>) -> Self {
        Self::Failed {
            code: code::FAILED,
            message: message.into(),
        }
    }

    fn into_result(self) -> Result<Value, RpcError> {
        match self {
            Self::Result(value) => Ok(value),
            Self::Failed { code, message } => Err(RpcError { code, message }),
        }
    }
}

/// The value of the parameter `limits` of `initialize`.
pub fn limits_json(chosen: &ChosenAgent) -> Value {
    let mut limits = json!({
        "deadline_ms": u64::try_from(chosen.manifest.limits.deadline.get().as_millis()).unwrap_or(u64::MAX),
        "memory_bytes": chosen.manifest.limits.memory.get(),
        "messages_per_minute": chosen.manifest.limits.messages_per_minute,
    });
    if chosen.manifest.kind == AgentKind::Wasm
        && let Some(limits) = limits.as_object_mut()
    {
        limits.insert("fuel".to_owned(), chosen.manifest.limits.fuel.into());
    }
    limits
}

/// The kit that the hosts of all agents share.
pub type Shared = Arc<PluginKit>;
