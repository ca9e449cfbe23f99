//! The host of agents that are WebAssembly components. A component has its memory and its host's calls and no other
//! access to the machine, not even a clock. Its computation and memory are counted, so that it ends in the same way
//! on every machine.
//!
//! | file | noun |
//! |---|---|
//! | `world` | the types of `agents/sdk/wit`, in Rust |
//! | `code` | a component's file: read, checked, and compiled once per process |
//! | `instance` | a running component and its limits |
//! | `calls` | its calls to its host, passed to the thread that answers them |
//!
//! A component computes on a thread of its own, so that agents do not wait for each other; its calls are answered
//! where those of programs are.

mod calls;
mod code;
mod instance;
mod world;

use std::thread;

use serde_json::Value;
use tokio::sync::{mpsc, oneshot};

use super::{
    ChosenAgent,
    calls::Called,
    guest::{GuestError, Pace, Serve, too_early_error},
    wire::LONGEST_LINE,
};
use crate::agent::AgentError;
use calls::HostCall;
pub use code::compile_component;
pub use instance::Trapped;
use instance::{ComponentTask, Instance, Order, Stop};

/// Stack of a component's thread in bytes: the component's own stack and as much for the host's functions.
const STACK: usize = 2 * instance::STACK + (1 << 20);

/// A component that has been started.
pub struct Component {
    orders: std::sync::mpsc::Sender<Order>,
    calls: mpsc::Receiver<HostCall>,
    pace: Pace,
    // Stops the computation when dropped.
    _stop: Stop,
}

impl Component {
    /// Starts the component on a new thread.
    pub fn start(chosen: &ChosenAgent) -> Result<Self, GuestError> {
        let code = compile_component(chosen).map_err(|error| GuestError::Start(error.to_string()))?;
        let (orders, ordered) = std::sync::mpsc::channel();
        let (asked, calls) = mpsc::channel(1);
        let stop = Stop::new(&code);
        let instance = Instance::new(&code, &chosen.manifest.limits, asked, &stop);
        thread::Builder::new()
            .name(format!("agent {}", chosen.manifest.name))
            .stack_size(STACK)
            .spawn(move || instance.serve_orders(&ordered))
            .map_err(|error| GuestError::Start(format!("cannot start a thread for it: {error}")))?;
        Ok(Self {
            orders,
            calls,
            pace: Pace::for_agent(chosen),
            _stop: stop,
        })
    }

    /// Completes the handshake.
    pub async fn say_hello(&mut self, hello: Value) -> Result<Value, GuestError> {
        let refuse = async |method: &str, _: Value| -> Called { Ok(Err(too_early_error(method))) };
        let told = self.converse(ComponentTask::Initialize(hello), refuse).await;
        told.unwrap_or_else(|error| Err(GuestError::Start(error.to_string())))
    }

    /// Sends an event and answers the component's calls meanwhile. The outer error is a failure of the lab.
    pub async fn handle(&mut self, event: Value, serve: impl Serve) -> Result<Result<Value, GuestError>, AgentError> {
        self.converse(ComponentTask::Handle(event), serve).await
    }

    async fn converse(
        &mut self,
        task: ComponentTask,
        mut serve: impl Serve,
    ) -> Result<Result<Value, GuestError>, AgentError> {
        let (answer, mut answered) = oneshot::channel();
        if self.orders.send(Order { task, answer }).is_err() {
            return Ok(Err(Trapped::Gone.into()));
        }
        loop {
            tokio::select! {
                biased;
                Some(HostCall { method, params, answer }) = self.calls.recv() => {
                    if let Err(error) = self.pace.count_message() {
                        return Ok(Err(error));
                    }
                    // A component that has ended meanwhile does not wait for the answer.
                    let _ = answer.send(serve(method, params).await?);
                }
                told = &mut answered => {
                    let told = told.unwrap_or(Err(Trapped::Gone.into()));
                    return Ok(self.pace.count_message().and(told));
                }
            }
        }
    }
}
