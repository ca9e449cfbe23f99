//! The supervisor: routes messages, commits what agents did, restarts those that fail.
//!
//! `hub` is the loop; `host` puts an agent into an actor, and is with `guard` the only place that knows
//! the actor library; `policy` holds the pure decisions on backoff and intensity; `desk` is the
//! bookkeeping of one agent's queue.

mod desk;
mod error;
mod guard;
mod host;
mod hub;
mod policy;
mod signal;
#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;

pub use error::SupervisorError;
pub use hub::{Hub, HubOptions, Observed, Observer, RETIRED, RunResult};
pub use policy::{Intensity, RestartPolicy, Strategy};
pub use signal::StopSignal;
