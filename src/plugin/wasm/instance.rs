//! A running component and its limits.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
    mpsc::Receiver,
};

use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};
use wasmtime::{Engine, ResourceLimiter, Store, Trap, UpdateDeadline};

use super::{
    LONGEST_LINE,
    calls::{HostCall, HostGone},
    code::Code,
    world::{
        Agent,
        exports::kosmos::agent::guest::{Event, Hello},
        kosmos::agent::types::Failure,
    },
};
use crate::config::ByteSize;
use crate::plugin::{guest::GuestError, manifest::AgentLimits, wire::RpcError};
use crate::prompt::{inline, shorten_to};

/// Stack of a component in bytes.
pub const STACK: usize = 1 << 20;

/// Maximum number of entries in all tables.
const ENTRIES: usize = 1 << 20;

/// Maximum number of core instances, of memories and of tables. A component from one module has a few of each.
const PARTS: usize = 64;

/// How a component ended without an answer.
#[derive(Debug, thiserror::Error)]
pub enum Trapped {
    #[error("used up its fuel, {0} for an event")]
    Fuel(u64),
    #[error("requested more than {0} of memory")]
    Memory(ByteSize),
    #[error("passed more than {LONGEST_LINE} bytes in one call")]
    TooMuch,
    #[error("trapped: {0}")]
    Trap(String),
    #[error("returned invalid JSON: {0}")]
    Json(String),
    #[error("was stopped")]
    Gone,
}

/// A task for a component, and the channel for its answer.
pub struct Order {
    pub task: ComponentTask,
    pub answer: oneshot::Sender<Result<Value, GuestError>>,
}

/// A request to a component.
pub enum ComponentTask {
    Initialize(Value),
    Handle(Value),
}

/// Stops the computation of an instance, at the latest when dropped.
pub struct Stop {
    engine: Engine,
    stopped: Arc<AtomicBool>,
}

impl Stop {
    pub fn new(code: &Code) -> Self {
        Self {
            engine: code.engine.clone(),
            stopped: Arc::default(),
        }
    }
}

impl Drop for Stop {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Release);
        // Every instance on this engine now checks its own flag.
        self.engine.increment_epoch();
    }
}

/// A component's host state: its memory limits, and the channel for its calls.
pub struct Room {
    pub calls: mpsc::Sender<HostCall>,
    memory: usize,
    /// Bytes in all memories, and entries in all tables.
    held: (usize, usize),
    denied: bool,
}

impl ResourceLimiter for Room {
    fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let after = self.held.0.saturating_sub(current).saturating_add(desired);
        let fits = after <= self.memory;
        self.denied |= !fits;
        if fits {
            self.held.0 = after;
        }
        Ok(fits)
    }

    fn table_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let after = self.held.1.saturating_sub(current).saturating_add(desired);
        let fits = after <= ENTRIES;
        if fits {
            self.held.1 = after;
        }
        Ok(fits)
    }

    fn instances(&self) -> usize {
        PARTS
    }

    fn memories(&self) -> usize {
        PARTS
    }

    fn tables(&self) -> usize {
        PARTS
    }
}

/// A component with its memory, on a thread of its own.
pub struct Instance {
    code: Arc<Code>,
    limits: AgentLimits,
    store: Store<Room>,
    agent: Option<Agent>,
}

impl Instance {
    pub fn new(code: &Arc<Code>, limits: &AgentLimits, calls: mpsc::Sender<HostCall>, stop: &Stop) -> Self {
        let room = Room {
            calls,
            memory: usize::try_from(limits.memory.get()).unwrap_or(usize::MAX),
            held: (0, 0),
            denied: false,
        };
        let mut store = Store::new(&code.engine, room);
        store.limiter(|room| room);
        store.set_hostcall_fuel(LONGEST_LINE);
        store.set_epoch_deadline(1);
        let stopped = Arc::clone(&stop.stopped);
        store.epoch_deadline_callback(move |_| match stopped.load(Ordering::Acquire) {
            true => Err(Trap::Interrupt.into()),
            false => Ok(UpdateDeadline::Continue(1)),
        });
        Self {
            code: Arc::clone(code),
            limits: limits.clone(),
            store,
            agent: None,
        }
    }

    /// Carries out orders until the sender is gone.
    pub fn serve_orders(mut self, orders: &Receiver<Order>) {
        while let Ok(Order { task, answer }) = orders.recv() {
            let told = self.store.set_fuel(self.limits.fuel);
            let told = told
                .map_err(|error| self.explain_trap(&error))
                .and_then(|()| match task {
                    ComponentTask::Initialize(hello) => self.initialize(&hello),
                    ComponentTask::Handle(event) => self.handle(&event),
                });
            if answer.send(told).is_err() {
                return;
            }
        }
    }

    fn initialize(&mut self, hello: &Value) -> Result<Value, GuestError> {
        let made = self.code.agent.instantiate(&mut self.store);
        let agent = made.map_err(|error| self.explain_trap(&error))?;
        let hello = Hello {
            protocol: number_field(hello, "protocol"),
            agent: text_field(hello, "agent"),
            run: text_field(hello, "run"),
            config: json_text(hello, "config"),
            limits: json_text(hello, "limits"),
            may: hello
                .get("may")
                .and_then(Value::as_array)
                .map_or_else(Vec::new, |calls| {
                    calls.iter().filter_map(Value::as_str).map(str::to_owned).collect()
                }),
            alpha: hello.get("alpha").and_then(Value::as_f64).unwrap_or_default(),
        };
        let told = agent.kosmos_agent_guest().call_initialize(&mut self.store, &hello);
        let told = told.map_err(|error| self.explain_trap(&error))?;
        self.agent = Some(agent);
        told.map(|protocol| json!({ "protocol": protocol }))
            .map_err(failure_error)
    }

    fn handle(&mut self, event: &Value) -> Result<Value, GuestError> {
        let Some(agent) = &self.agent else {
            return Err(Trapped::Gone.into());
        };
        let event = Event {
            run: text_field(event, "run"),
            id: text_field(event, "id"),
            attempt: number_field(event, "attempt"),
            kind: text_field(event, "type"),
            body: json_text(event, "body"),
        };
        let told = agent.kosmos_agent_guest().call_handle(&mut self.store, &event);
        let told = told
            .map_err(|error| self.explain_trap(&error))?
            .map_err(failure_error)?;
        let messages: Result<Vec<Value>, Trapped> = told
            .into_iter()
            .map(|message| match serde_json::from_str::<Value>(&message.body) {
                Ok(body) => Ok(json!({ "type": message.kind, "body": body })),
                Err(error) => Err(Trapped::Json(error.to_string())),
            })
            .collect();
        Ok(json!({ "messages": messages? }))
    }

    /// The meaning of an error of the engine.
    fn explain_trap(&self, error: &wasmtime::Error) -> GuestError {
        let trap = error.downcast_ref::<Trap>();
        let trapped = match (error.downcast_ref::<HostGone>(), trap) {
            (Some(_), _) | (_, Some(Trap::Interrupt)) => Trapped::Gone,
            (_, Some(Trap::OutOfFuel)) => Trapped::Fuel(self.limits.fuel),
            _ if self.store.data().denied => Trapped::Memory(self.limits.memory),
            (_, Some(trap)) => Trapped::Trap(trap.to_string().trim_start_matches("wasm trap: ").to_owned()),
            (_, None) if error.to_string().contains("fuel allocated for hostcalls") => Trapped::TooMuch,
            (_, None) => Trapped::Trap(shorten_to(&inline(&error.root_cause().to_string()), 200)),
        };
        trapped.into()
    }
}

fn failure_error(Failure { code, message }: Failure) -> GuestError {
    GuestError::from_rpc(RpcError::new(code.into(), message))
}

fn text_field(value: &Value, key: &str) -> String {
    value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn number_field(value: &Value, key: &str) -> u32 {
    let number = value.get(key).and_then(Value::as_u64);
    number.and_then(|number| u32::try_from(number).ok()).unwrap_or_default()
}

fn json_text(value: &Value, key: &str) -> String {
    value.get(key).unwrap_or(&Value::Null).to_string()
}
