//! The engine's supervisor with this program's messages.

pub use kosmos_engine::supervisor::{Intensity, RETIRED, RestartPolicy, StopSignal, Strategy, SupervisorError};

use crate::message::Payload;

/// The engine's `Observed` with this program's payload.
pub type Observed<'a> = kosmos_engine::supervisor::Observed<'a, Payload>;

kosmos_engine::bind_payload!(supervisor, Payload => Hub, HubOptions, Observer, RunResult);
