//! What an agent may ask of its host while it handles an event: one file per call.
//!
//! A call that touches the world is a journalled effect: an event that is tried again gets the answers that it had before.

mod graph;
mod llm;
mod net;
mod sandbox;

use std::{collections::BTreeMap, sync::Arc};

use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::{
    Chosen, Kind, PluginKit,
    host::Scene,
    memory::Memory,
    wire::{RpcError, code},
};
use crate::agent::{AgentContext, AgentError};
use crate::message::Outgoing;
use crate::prompt::{inline, shorten_to};
use crate::science::{ExperimentRecord, sha256_hex};

/// Letters of a log line that are kept.
const LONGEST_LINE: usize = 2000;

/// One event as its agent handles it: what it asks for meanwhile, and what that changes.
pub struct Handling<'a> {
    pub kit: &'a PluginKit,
    pub chosen: &'a Chosen,
    pub context: &'a AgentContext,
    pub scene: &'a Scene,
    /// Becomes durable with the answer.
    pub memory: Memory,
    /// Scripts that were run.
    pub experiments: Vec<ExperimentRecord>,
    /// What the director has to know besides the answer.
    pub notices: Vec<Outgoing>,
    /// How often the same was asked.
    asked: BTreeMap<String, u64>,
}

/// A call's outcome for the agent; a failure that is the lab's own ends the handler.
pub type Called = Result<Result<Value, RpcError>, AgentError>;

/// The calls that need a permission, with it.
const PERMITTED: [(&str, &str); 4] = [
    ("llm.complete", "model"),
    ("graph.query", "graph"),
    ("sandbox.run", "sandbox"),
    ("net.fetch", "network"),
];

/// The calls that an agent may make.
pub fn may(chosen: &Chosen) -> Vec<&'static str> {
    let free = ["state.get", "state.put", "log"];
    let permitted = PERMITTED.iter().filter(|(_, permission)| has(chosen, permission));
    free.into_iter().chain(permitted.map(|(call, _)| *call)).collect()
}

fn has(chosen: &Chosen, permission: &str) -> bool {
    let permissions = &chosen.manifest.permissions;
    match permission {
        "model" => permissions.model,
        "graph" => permissions.graph,
        "sandbox" => permissions.sandbox,
        "network" => !permissions.network.is_empty(),
        _ => false,
    }
}

impl<'a> Handling<'a> {
    /// Of an event, by an agent that has that durable state.
    pub fn new(
        kit: &'a PluginKit,
        chosen: &'a Chosen,
        context: &'a AgentContext,
        scene: &'a Scene,
        memory: Memory,
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
    /// When the journal fails, or a backend of the run does.
    pub async fn call(&mut self, method: &str, params: Value) -> Called {
        if let Some((_, permission)) = PERMITTED.iter().find(|(call, _)| *call == method)
            && !has(self.chosen, permission)
        {
            let told = format!("`{method}` needs the permission `{permission}` in agent.toml");
            tracing::warn!(agent = %self.context.agent(), method, "a call that is not permitted");
            return Ok(Err(RpcError::new(code::NOT_PERMITTED, told)));
        }
        match method {
            "state.get" => Ok(key(&params).map(|key| self.memory.get(&key))),
            "state.put" => Ok(self.put(&params)),
            "log" => Ok(log(self.context.agent().as_str(), &params)),
            "llm.complete" => llm::complete(self, &params).await,
            "graph.query" => graph::query(self, &params).await,
            "sandbox.run" => sandbox::run(self, &params).await,
            "net.fetch" => net::fetch(self, &params).await,
            other => {
                let told = format!("there is no call `{}`", shorten_to(&inline(other), 40));
                Ok(Err(RpcError::new(code::NO_METHOD, told)))
            }
        }
    }

    fn put(&mut self, params: &Value) -> Result<Value, RpcError> {
        let key = key(params)?;
        let value = params.get("value").cloned().unwrap_or_default();
        match self.memory.put(&key, value) {
            true => Ok(Value::Null),
            false => Err(RpcError::new(code::SPENT, "all of an agent's state may be 1 MiB")),
        }
    }

    /// Does `work` once: when the event is tried again, the same call in the same place has the same outcome. In a replay it
    /// has the one that was recorded, and nothing is done.
    async fn once<F, W>(&mut self, method: &str, params: &Value, work: W) -> Result<Outcome, AgentError>
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
        let outcome = known.unwrap_or_else(|| Outcome::failed("the run is a replay, and this was not recorded"));
        self.context.effect(&key, || async { Ok(outcome) }).await
    }
}

/// Writes a line of an agent's to the run's log.
pub fn log(agent: &str, params: &Value) -> Result<Value, RpcError> {
    let Some(message) = params.get("message").and_then(Value::as_str) else {
        return Err(RpcError::new(code::WRONG_PARAMETERS, "`message` must be a text"));
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

fn key(params: &Value) -> Result<String, RpcError> {
    let key = params.get("key").and_then(Value::as_str).map(str::to_owned);
    key.ok_or_else(|| RpcError::new(code::WRONG_PARAMETERS, "`key` must be a text"))
}

/// The parameters as a type.
fn read<T: DeserializeOwned>(params: &Value) -> Result<T, RpcError> {
    serde_json::from_value(params.clone())
        .map_err(|error| RpcError::new(code::WRONG_PARAMETERS, shorten_to(&inline(&error.to_string()), 200)))
}

/// The outcome of a call as its receipt has it.
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

    fn told(self) -> Result<Value, RpcError> {
        match self {
            Self::Result(value) => Ok(value),
            Self::Failed { code, message } => Err(RpcError { code, message }),
        }
    }
}

/// An answer to `initialize`'s parameter `limits`.
pub fn limits(chosen: &Chosen) -> Value {
    let mut limits = json!({
        "deadline_ms": u64::try_from(chosen.manifest.limits.deadline.get().as_millis()).unwrap_or(u64::MAX),
        "memory_bytes": chosen.manifest.limits.memory.get(),
        "messages_per_minute": chosen.manifest.limits.messages_per_minute,
    });
    if chosen.manifest.kind == Kind::Wasm
        && let Some(limits) = limits.as_object_mut()
    {
        limits.insert("fuel".to_owned(), chosen.manifest.limits.fuel.into());
    }
    limits
}

/// Shared by the hosts of one agent.
pub type Shared = Arc<PluginKit>;
