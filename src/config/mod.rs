//! Settings: what they are, where they come from, and whether they make sense.
//!
//! [`Request::resolve`] lays the sources over one another (defaults < profile < run file < environment <
//! flags), checks each, and gives [`Resolved`]: the [`Settings`] in force and the [`Origin`] of every value.

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

pub use budget::Budget;
pub use data::{DataFormat, DataSource};
pub use environment::Environment;
pub use error::ConfigError;
pub use graph::{Graph, GraphStore};
pub use journal::{Durability, Journal};
pub use kosmos_core::text::{ByteSize, HumanDuration, ParseDurationError, ParseSizeError};
pub use llm::{Llm, Models, OnOutage, Structured};
pub use log::{Log, LogFormat, LogLevel};
pub use origin::Origin;
pub use overrides::Overrides;
pub use profile::built_in_names as built_in_profiles;
pub use provider::Provider;
pub use request::Request;
pub use research::Research;
pub use resolved::Resolved;
pub use sandbox::{Backend, Sandbox};
pub use settings::{Policy, Settings};
pub use supervisor::{Strategy, Supervisor};
