//! Agents that are folders: found, checked, started, and held to what they may do.
//!
//! | file | noun |
//! |---|---|
//! | `manifest` | `agent.toml`: what an agent is, hears, says, may take and may do |
//! | `catalogue` | the agents that there are, and where each comes from |
//! | `roster` | those of a run, with their configuration |
//! | `admission` | what an agent may say, and in which form |
//! | `calls` | what an agent may ask of its host, each with its permission and its receipt |
//! | `wire` | JSON-RPC 2.0, one object a line |
//! | `guest` | agents that are started and spoken with |
//! | `process`, `wasm`, `llm` | the hosts: a program in the sandbox, a component, a prompt |
//! | `schema` | the protocol as JSON Schemas |
//!
//! Agents of programs that use Kosmos as a library are [`Native`]. What agents hear and say is in
//! [`message`](crate::message), what becomes of it with the director.

mod admission;
mod calls;
mod catalogue;
mod error;
mod guest;
mod host;
mod llm;
mod manifest;
mod memory;
mod process;
mod roster;
mod schema;
mod scratch;
#[cfg(feature = "wasm")]
mod wasm;
mod wire;

pub use crate::actors::{Listener, Native};
pub use admission::admitted;
pub use catalogue::{Catalogue, Folder, Found, Place, SearchPath, unpack_sdk};
pub use error::PluginError;
pub use guest::{Handshake, Setting, handshake, try_event};
pub use host::{PluginKit, register};
pub use llm::{LlmAgentError, parts as prompt_and_schema};
pub use manifest::{Kind, Limits, Manifest, Permissions, Restart, RestartKind};
pub use roster::{Chosen, FOLDER, Roster, make_paths_absolute};
pub use schema::schemas;

/// The version of the protocol of `agents/PROTOCOL.md`.
pub const PROTOCOL: u32 = 1;
