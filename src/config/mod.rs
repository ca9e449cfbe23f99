//! Settings: their sources, their values and their checks.
//!
//! [`Request::resolve`] merges the sources (defaults < profile < run file < environment < flags), checks each, and
//! returns [`Resolved`]: the [`Settings`] in force and the [`Origin`] of every value.

mod budget;
mod catalogue;
mod data;
mod endpoint;
mod environment;
mod error;
mod graph;
mod inherited;
mod journal;
mod layer;
mod llm;
mod log;
mod origin;
mod overrides;
mod packages;
mod profile;
mod provider;
mod ranges;
mod request;
mod research;
mod resolved;
mod sandbox;
mod settings;
mod supervisor;
#[cfg(test)]
mod tests;

pub use budget::RunBudget;
pub use data::{DataFormat, DataSource};
pub use environment::Environment;
pub use error::ConfigError;
pub use graph::{GraphSettings, GraphStoreKind};
pub use journal::JournalSettings;
pub use kosmos_core::text::{ByteSize, HumanDuration, ParseDurationError, ParseSizeError};
pub use llm::{AgentModels, LlmSettings, OnOutage, Structured};
pub use log::{Log, LogFormat, LogLevel};
pub use origin::Origin;
pub use overrides::Overrides;
pub use profile::built_in_names as built_in_profiles;
pub use provider::Provider;
pub use request::Request;
pub use research::Research;
pub use resolved::Resolved;
pub use sandbox::{Backend, SandboxSettings};
pub use settings::{PolicyChoice, Settings};
pub use supervisor::SupervisorSettings;
