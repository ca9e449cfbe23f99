//! Settings: their sources, their values and their checks.
//!
//! Each section is a type of the component that it sets; [`Settings`] is all of them together.
//! [`Request::resolve`] merges the sources (defaults < profile < run file < environment < flags), checks each, and
//! returns [`Resolved`]: the [`Settings`] in force and the [`Origin`] of every value.

mod catalogue;
mod data_flags;
mod endpoint;
mod environment;
mod error;
mod inherited;
mod layer;
mod origin;
mod overrides;
mod packages;
mod profile;
mod ranges;
mod request;
mod resolved;
mod settings;
#[cfg(test)]
mod tests;

pub use crate::graph::{GraphSettings, GraphStoreKind};
pub use crate::llm::{AgentModels, LlmSettings, OnOutage, Provider, Structured};
pub use crate::science::{DataFormat, DataSource, Research, RunBudget};
pub use crate::telemetry::{Log, LogFormat, LogLevel};
pub use data_flags::DataFlags;
pub use error::ConfigError;
pub use kosmos_core::environment::Environment;
pub use kosmos_core::text::{ByteSize, HumanDuration, ParseDurationError, ParseSizeError};
pub use kosmos_engine::{journal::JournalSettings, supervisor::SupervisorSettings};
pub use kosmos_sandbox::{Backend, SandboxSettings};
pub use origin::Origin;
pub use overrides::Overrides;
pub use profile::built_in_names as built_in_profiles;
pub use request::Request;
pub use resolved::Resolved;
pub use settings::{PolicyChoice, Settings};
