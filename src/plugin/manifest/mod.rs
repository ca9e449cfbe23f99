//! `agent.toml`: an agent's kind, its events and messages, its limits and permissions.
//!
//! | file | noun |
//! |---|---|
//! | `kind` | how an agent is implemented |
//! | `limits` | limits on its resources |
//! | `permissions` | what it may do |
//! | `restart` | its restart policy |
//! | `problem` | the validation of a manifest |

mod kind;
mod limits;
mod permissions;
mod problem;
mod restart;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{AgentPlace, Native, PluginError};
use crate::actors::built_in_listeners;
use crate::message::{AgentName, agent};
pub use kind::AgentKind;
pub use limits::AgentLimits;
pub use permissions::Permissions;
pub use restart::{Restart, RestartKind};

/// The file's name.
pub const FILE: &str = "agent.toml";

/// An agent, as its folder describes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The folder's name: lower-case letters, digits and underscores.
    pub name: AgentName,
    /// The agent's own version.
    pub version: String,
    /// One line about the agent.
    pub description: String,
    /// How the agent is implemented.
    pub kind: AgentKind,
    /// Whether the agent takes part where a flag or a setting names it, unless that says otherwise.
    #[serde(default = "enabled_by_default")]
    pub enabled: bool,
    /// Version of the protocol that the agent speaks: 1 or 2.
    #[serde(default = "first_protocol")]
    pub protocol: u32,
    /// `process`: the program and its arguments.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<String>,
    /// `llm`: the prompt's file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt: Option<String>,
    /// `llm`: the file with the JSON Schema of its answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// `wasm`: the component's file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub component: Option<String>,
    /// Types of the events that the agent receives.
    #[serde(default)]
    pub subscribes: Vec<String>,
    /// Types of the messages that the agent may send.
    #[serde(default)]
    pub publishes: Vec<String>,
    /// Restart policy.
    #[serde(default)]
    pub restart: Restart,
    /// Limits on the agent's resources.
    #[serde(default)]
    pub limits: AgentLimits,
    /// Permissions; none by default.
    #[serde(default)]
    pub permissions: Permissions,
    /// JSON Schema of the agent's configuration, an object, with defaults.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config: Option<Value>,
    /// Code generator: its families of script templates.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub templates: Vec<String>,
}

fn enabled_by_default() -> bool {
    true
}

fn first_protocol() -> u32 {
    1
}

impl Manifest {
    /// Parses and validates the text of an `agent.toml` in the folder `folder`. `place` names the file in errors.
    ///
    /// # Errors
    /// [`PluginError::Syntax`] or [`PluginError::Manifest`].
    pub fn parse(text: &str, folder: &str, place: &str) -> Result<Self, PluginError> {
        let manifest: Self = toml::from_str(text).map_err(|source| PluginError::Syntax {
            place: place.to_owned(),
            source: Box::new(source),
        })?;
        match manifest.find_problem(folder) {
            None => Ok(manifest),
            Some(problem) => Err(PluginError::Manifest {
                place: place.to_owned(),
                problem,
            }),
        }
    }

    /// Whether its name is that of one of the six built-in agents.
    pub fn is_built_in_name(&self) -> bool {
        agent::BUILT_IN.contains(&self.name.as_str())
    }

    /// The built-in listener of that name, if there is one.
    pub fn built_in_listener(&self) -> Option<Native> {
        built_in_listeners()
            .into_iter()
            .find(|native| *native.name() == self.name)
    }

    /// Gives a built-in listener the version, description, events and messages of its folder's manifest.
    pub(super) fn describe_native(&self, mut native: Native) -> Native {
        native.plan.version.clone_from(&self.version);
        native.plan.description.clone_from(&self.description);
        native.plan.subscribes.clone_from(&self.subscribes);
        native.plan.publishes.clone_from(&self.publishes);
        native.plan.from = Some(AgentPlace::Shipped.as_words().to_owned());
        native.plan.permissions = self.describe_permissions(None);
        native
    }

    /// Whether it replaces a built-in agent.
    pub fn replaces_built_in(&self) -> bool {
        self.kind != AgentKind::Builtin && self.is_built_in_name()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: &str = r#"
        name = "doubter"
        version = "1.0.0"
        description = "Doubts."
        kind = "process"
        command = ["perl", "agent.pl"]
        subscribes = ["finding_drafted"]
        publishes = ["challenge"]
    "#;

    #[test]
    fn what_is_not_said_is_little() {
        let manifest = Manifest::parse(PLAIN, "doubter", "here").unwrap();
        assert_eq!(manifest.permissions, Permissions::default());
        assert!(manifest.enabled && !manifest.replaces_built_in());
        assert_eq!(manifest.limits.deadline.get().as_secs(), 120);
    }

    #[test]
    fn a_component_has_no_files() {
        let text = PLAIN.replace("kind = \"process\"", "kind = \"wasm\"\ncomponent = \"agent.wasm\"");
        let text = text.replace("command = [\"perl\", \"agent.pl\"]", "");
        assert!(Manifest::parse(&text, "doubter", "here").is_ok());
        let files = "[permissions]\nfiles = [\"folder\"]\n[config.properties.folder]\ntype = \"string\"\n";
        let error = Manifest::parse(&(text + files), "doubter", "here").unwrap_err();
        assert!(error.to_string().contains("a `wasm` agent has no files"), "{error}");
    }

    #[test]
    fn what_is_wrong_is_named() {
        let cases = [
            ("kind = \"process\"", "kind = \"magic\"", "unknown variant `magic`"),
            (
                "name = \"doubter\"",
                "name = \"Doubter\"",
                "`Doubter` is not the name of an agent: expected 1 to 64 lower-case letters",
            ),
            (
                "name = \"doubter\"",
                "name = \"other\"",
                "the folder is called `doubter`",
            ),
            ("command = [\"perl\", \"agent.pl\"]", "", "needs `command`"),
            ("\"finding_drafted\"", "\"finding_draft\"", "the events are run_started"),
            ("\"challenge\"", "\"shout\"", "the messages are propose_hypothesis"),
            (
                "\"challenge\"",
                "\"propose_hypothesis\"",
                "may not have `finding_drafted`",
            ),
            (
                "publishes = [\"challenge\"]",
                "publishes = [\"propose_analysis\"]\nprotocol = 2",
                "an agent that may send `propose_analysis` may not have `finding_drafted`",
            ),
            (
                "version = \"1.0.0\"",
                "version = \"1.0.0\"\nprotocol = 3",
                "`protocol` is 3, but this version of Kosmos speaks 1 and 2",
            ),
            (
                "\"challenge\"",
                "\"propose_analysis\"",
                "`propose_analysis` belongs to version 2 of the protocol, and `protocol` is 1",
            ),
            (
                "version = \"1.0.0\"",
                "version = \"1.0.0\"\ncolour = 2",
                "unknown field `colour`",
            ),
        ];
        for (from, to, expected) in cases {
            let text = PLAIN.replace(from, to);
            let error = Manifest::parse(&text, "doubter", "here").unwrap_err();
            let told = match &error {
                PluginError::Syntax { source, .. } => source.to_string(),
                other => other.to_string(),
            };
            assert!(told.contains(expected), "{told}");
        }
        for (section, expected) in [
            ("[limits]\nbudget_share = 2.0", "must be from 0 to 1"),
            ("[limits]\ndeadline = \"0s\"", "longer than 0 s"),
            (
                "[limits]\ndeadline = \"100000h\"",
                "`limits.deadline` may be 24 h at most",
            ),
            ("[limits]\nmemory = \"64TiB\"", "`limits.memory` may be 256 GiB at most"),
            (
                "[limits]\nprocesses = 4294967295",
                "`limits.processes` may be 4096 at most",
            ),
            (
                "[permissions]\nfiles = [\"folder\"]",
                "which is not a key of its configuration",
            ),
            (
                "[permissions]\nnetwork = [\"private:$hosts\"]",
                "`private:$hosts`, which is not a key of its configuration",
            ),
            (
                "[permissions]\nnetwork = [\"https://api.example.org\"]",
                "`https://api.example.org`, but it must be `host` or `host:port`",
            ),
            ("[config]\ntype = \"nothing\"", "is not a JSON Schema"),
            (
                "[config.properties.enabled]\ntype = \"string\"",
                "reserved in run files",
            ),
        ] {
            let error = Manifest::parse(&format!("{PLAIN}\n{section}"), "doubter", "here").unwrap_err();
            assert!(error.to_string().contains(expected), "{error}");
        }
    }
}
