//! Calls of a component to its host, passed to the thread that answers them.

use serde_json::{Map, Value, json};
use tokio::sync::oneshot;
use wasmtime::component::HasData;

use super::{
    instance::Room,
    world::kosmos::agent::{
        host::{Host, Level},
        types::{self, Failure},
    },
};
use crate::plugin::wire::{RpcError, code};

/// A call, and the channel for its answer.
pub struct HostCall {
    pub method: &'static str,
    pub params: Value,
    pub answer: oneshot::Sender<Result<Value, RpcError>>,
}

/// The host has ended; no call is answered any more.
#[derive(Debug, thiserror::Error)]
#[error("its host is gone")]
pub struct HostGone;

/// Gives the functions below access to their room.
pub struct HasRoom;

impl HasData for HasRoom {
    type Data<'a> = &'a mut Room;
}

/// The outer error ends the component.
type Answered<T> = wasmtime::Result<Result<T, Failure>>;

impl Room {
    fn call_host(&mut self, method: &'static str, params: Value) -> Answered<Value> {
        let (answer, answered) = oneshot::channel();
        let call = HostCall { method, params, answer };
        self.calls.blocking_send(call).map_err(|_| HostGone)?;
        Ok(answered.blocking_recv().map_err(|_| HostGone)?.map_err(to_failure))
    }

    fn call_for_json(&mut self, method: &'static str, params: Value) -> Answered<String> {
        Ok(self.call_host(method, params)?.map(|value| value.to_string()))
    }
}

impl types::Host for Room {}

impl Host for Room {
    fn log(&mut self, level: Level, message: String) -> wasmtime::Result<()> {
        let level = match level {
            Level::Error => "error",
            Level::Warn => "warn",
            Level::Info => "info",
            Level::Debug => "debug",
        };
        // The component need not know that its log line was refused.
        self.call_host("log", json!({ "level": level, "message": message }))
            .map(drop)
    }

    fn state_get(&mut self, key: String) -> Answered<String> {
        self.call_for_json("state.get", json!({ "key": key }))
    }

    fn state_put(&mut self, key: String, value: String) -> Answered<()> {
        match parse_json_param("value", &value) {
            Ok(value) => Ok(self
                .call_host("state.put", json!({ "key": key, "value": value }))?
                .map(drop)),
            Err(failure) => Ok(Err(failure)),
        }
    }

    fn llm_complete(&mut self, prompt: String, system: Option<String>, schema: Option<String>) -> Answered<String> {
        let mut params = Map::from_iter([("prompt".to_owned(), prompt.into())]);
        params.extend(system.map(|system| ("system".to_owned(), system.into())));
        match schema.map(|schema| parse_json_param("schema", &schema)).transpose() {
            Ok(schema) => params.extend(schema.map(|schema| ("schema".to_owned(), schema))),
            Err(failure) => return Ok(Err(failure)),
        }
        self.call_for_json("llm.complete", params.into())
    }

    fn graph_query(&mut self, name: String, argument: Option<String>, limit: Option<u32>) -> Answered<String> {
        self.call_for_json(
            "graph.query",
            json!({ "name": name, "argument": argument, "limit": limit }),
        )
    }

    fn sandbox_run(
        &mut self,
        script: String,
        dataset: Option<String>,
        title: Option<String>,
        parameters: Option<String>,
    ) -> Answered<String> {
        let mut params = Map::from_iter([("script".to_owned(), script.into())]);
        params.extend(dataset.map(|dataset| ("dataset".to_owned(), dataset.into())));
        params.extend(title.map(|title| ("title".to_owned(), title.into())));
        match parameters
            .map(|parameters| parse_json_param("parameters", &parameters))
            .transpose()
        {
            Ok(parameters) => params.extend(parameters.map(|parameters| ("parameters".to_owned(), parameters))),
            Err(failure) => return Ok(Err(failure)),
        }
        self.call_for_json("sandbox.run", params.into())
    }

    fn net_fetch(&mut self, url: String, headers: Vec<(String, String)>) -> Answered<String> {
        let headers: Map<String, Value> = headers.into_iter().map(|(name, value)| (name, value.into())).collect();
        self.call_for_json("net.fetch", json!({ "url": url, "headers": headers }))
    }
}

fn to_failure(RpcError { code, message }: RpcError) -> Failure {
    Failure {
        code: i32::try_from(code).unwrap_or_default(),
        message,
    }
}

fn parse_json_param(name: &str, text: &str) -> Result<Value, Failure> {
    serde_json::from_str(text).map_err(|error| Failure {
        code: i32::try_from(code::WRONG_PARAMETERS).unwrap_or_default(),
        message: format!("`{name}` is not JSON: {error}"),
    })
}
