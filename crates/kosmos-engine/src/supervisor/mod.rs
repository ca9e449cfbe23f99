//! The supervisor: routes messages, commits the steps of agents, restarts those that fail.
//!
//! | module | holds |
//! |---|---|
//! | `hub` | the event loop |
//! | `host`, `guard` | an agent inside an actor on a thread; the only modules that name the actor library |
//! | `managed_agent` | the bookkeeping of one agent: its queue and its in-flight messages |
//! | `policy` | decisions on backoff and restart intensity |
//! | `signal` | requests to stop a run |

mod error;
mod guard;
mod host;
mod hub;
mod managed_agent;
mod policy;
mod settings;
mod signal;
#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;

pub use error::SupervisorError;
pub use hub::{Hub, HubOptions, Observed, Observer, RETIRED, RunResult};
pub use policy::{Intensity, RestartPolicy, Strategy};
pub use settings::SupervisorSettings;
pub use signal::StopSignal;
