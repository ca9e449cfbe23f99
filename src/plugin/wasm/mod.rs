//! The host of an agent that is a WebAssembly component: it has its memory and the calls of its host, and nothing else of the
//! machine, not even a clock. How much it may compute and hold is counted, so that it ends the same everywhere.
//!
//! | file | noun |
//! |---|---|
//! | `world` | the types of `agents/sdk/wit`, in Rust |
//! | `code` | a component's file: read, checked, compiled, once in a process |
//! | `instance` | a running component, and what it takes |
//! | `calls` | what it asks its host, handed to the thread that answers |
//!
//! A component computes on a thread of its own, so that no agent waits for another's; its calls are answered where the calls
//! of a program are.

mod calls;
mod code;
mod instance;
mod world;

use std::thread;

use serde_json::Value;
use tokio::sync::{mpsc, oneshot};

use super::{
    Chosen,
    calls::Called,
    guest::{GuestError, Pace, Serve, too_early},
    wire::LONGEST_LINE,
};
use crate::agent::AgentError;
use calls::Call;
pub use code::compile;
pub use instance::Trapped;
use instance::{Instance, Order, Stop, Task};

/// Stack of a component's thread, in bytes: what a component may use of it, and as much for the host's own functions.
const STACK: usize = 2 * instance::STACK + (1 << 20);

/// A component that was started.
pub struct Component {
    orders: std::sync::mpsc::Sender<Order>,
    calls: mpsc::Receiver<Call>,
    pace: Pace,
    // Ends its computing when it is dropped, wherever that is.
    _stop: Stop,
}

impl Component {
    /// Gives it a thread.
    pub fn start(chosen: &Chosen) -> Result<Self, GuestError> {
        let code = compile(chosen).map_err(|error| GuestError::Start(error.to_string()))?;
        let (orders, ordered) = std::sync::mpsc::channel();
        let (asked, calls) = mpsc::channel(1);
        let stop = Stop::new(&code);
        let instance = Instance::new(&code, &chosen.manifest.limits, asked, &stop);
        thread::Builder::new()
            .name(format!("agent {}", chosen.manifest.name))
            .stack_size(STACK)
            .spawn(move || instance.live(&ordered))
            .map_err(|error| GuestError::Start(format!("there is no thread for it: {error}")))?;
        Ok(Self {
            orders,
            calls,
            pace: Pace::of(chosen),
            _stop: stop,
        })
    }

    /// Asks which protocol it speaks.
    pub async fn hello(&mut self, hello: Value) -> Result<Value, GuestError> {
        let refuse = async |method: &str, _: Value| -> Called { Ok(Err(too_early(method))) };
        let told = self.converse(Task::Initialize(hello), refuse).await;
        told.unwrap_or_else(|error| Err(GuestError::Start(error.to_string())))
    }

    /// Tells it of an event, and answers its calls meanwhile. The outer error is the lab's own.
    pub async fn handle(&mut self, event: Value, serve: impl Serve) -> Result<Result<Value, GuestError>, AgentError> {
        self.converse(Task::Handle(event), serve).await
    }

    async fn converse(&mut self, task: Task, mut serve: impl Serve) -> Result<Result<Value, GuestError>, AgentError> {
        let (answer, mut answered) = oneshot::channel();
        if self.orders.send(Order { task, answer }).is_err() {
            return Ok(Err(Trapped::Gone.into()));
        }
        loop {
            tokio::select! {
                biased;
                Some(Call { method, params, answer }) = self.calls.recv() => {
                    if let Err(error) = self.pace.step() {
                        return Ok(Err(error));
                    }
                    // One that was ended meanwhile waits for nothing.
                    let _ = answer.send(serve(method, params).await?);
                }
                told = &mut answered => {
                    let told = told.unwrap_or(Err(Trapped::Gone.into()));
                    return Ok(self.pace.step().and(told));
                }
            }
        }
    }
}
