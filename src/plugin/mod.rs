//! Agents from folders: found, validated, started, and held to their permissions and limits.
//!
//! | file | noun |
//! |---|---|
//! | `manifest` | `agent.toml`: an agent's kind, events, messages, limits and permissions |
//! | `catalogue` | the available agents, and where each was found |
//! | `files` | the files of an agent's folder, and their hash |
//! | `requests` | what an agent asks for beyond messages, in words |
//! | `grants` | what the user has granted to agents that are not shipped |
//! | `roster` | the agents of a run, with their configuration |
//! | `admission` | which messages of an agent are accepted |
//! | `calls` | the calls that an agent may make, each with its permission and its receipt |
//! | `network` | what an agent may reach on the network: hosts, ports, classes of addresses |
//! | `recheck` | whether the check of a challenge holds when its script is run again |
//! | `wire` | JSON-RPC 2.0, one object per line |
//! | `protocol_1` | events in version 1 of the protocol |
//! | `guest` | agents that run as a program or a component |
//! | `host` | common to all hosts: registration, and the handling of messages |
//! | `process`, `wasm`, `llm` | the hosts: of a program in the sandbox, of a component, of a prompt |
//! | `memory`, `scratch` | an agent's durable state and its temporary folder |
//! | `schema` | the protocol as JSON Schemas |
//!
//! Agents of programs that use Kosmos as a library are [`Native`]. Events and messages are in
//! [`message`](crate::message); the director decides what follows from them.

mod admission;
mod calls;
mod catalogue;
mod error;
mod files;
mod grants;
mod guest;
mod host;
mod llm;
mod manifest;
mod memory;
mod network;
mod process;
mod protocol_1;
mod recheck;
mod requests;
mod roster;
mod schema;
mod scratch;
#[cfg(feature = "wasm")]
mod wasm;
mod wire;

pub use crate::actors::{Listener, Native};
pub use admission::admit_trial_messages;
pub use catalogue::{AgentCatalogue, AgentFolder, AgentPlace, FoundAgent, SearchPath, unpack_sdk};
pub use error::PluginError;
pub use files::AgentFiles;
pub use grants::{GrantState, Grants};
pub use guest::{Handshake, Setting, check_handshake, try_event};
pub use host::{PluginKit, register_agents};
pub use llm::{LlmAgentError, read_prompt_and_schema};
pub use manifest::{AgentKind, AgentLimits, Manifest, Permissions, Restart, RestartKind};
pub(crate) use network::config_key;
pub use roster::{AgentSource, ChosenAgent, Roster, make_paths_absolute};
pub use schema::protocol_schemas;
pub use wire::try_line;

/// The newest version of the protocol, which `agents/PROTOCOL.md` describes.
pub const PROTOCOL: u32 = 2;

/// The versions that agents may speak.
pub const PROTOCOLS: [u32; 2] = [1, PROTOCOL];
