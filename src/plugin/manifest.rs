//! `agent.toml`: an agent's kind, its events and messages, its limits and permissions.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Native, PROTOCOL, PluginError};
use crate::actors::listeners;
use crate::config::{ByteSize, HumanDuration};
use crate::message::{EVENTS, SPEECHES, agent};

/// The file's name.
pub const FILE: &str = "agent.toml";

/// An agent, as its folder describes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The folder's name: lower-case letters, digits and underscores.
    pub name: String,
    /// The agent's own version.
    pub version: String,
    /// One line about the agent.
    pub description: String,
    /// How the agent is implemented.
    pub kind: AgentKind,
    /// Whether the agent takes part in runs that find it, unless the settings say otherwise.
    #[serde(default = "enabled_by_default")]
    pub enabled: bool,
    /// Version of the protocol that the agent speaks.
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

/// How an agent is implemented.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Kind")]
pub enum AgentKind {
    /// A part of Kosmos.
    Builtin,
    /// A prompt and a schema.
    Llm,
    /// A program that speaks the protocol.
    Process,
    /// A WebAssembly component.
    Wasm,
}

impl AgentKind {
    /// The value in `agent.toml`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Builtin => "builtin",
            Self::Llm => "llm",
            Self::Process => "process",
            Self::Wasm => "wasm",
        }
    }
}

/// Restart policy of an agent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Restart {
    /// When the agent is restarted.
    pub policy: RestartKind,
    /// Maximum number of restarts within `window`; after one more, the agent takes no further part.
    pub max_restarts: u32,
    /// The period over which restarts are counted.
    pub window: HumanDuration,
    /// Maximum number of attempts at an event.
    pub max_attempts: u32,
}

impl Default for Restart {
    fn default() -> Self {
        Self {
            policy: RestartKind::Permanent,
            max_restarts: 5,
            window: Duration::from_secs(600).into(),
            max_attempts: 3,
        }
    }
}

/// When an agent is restarted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RestartKind {
    /// After every end.
    #[default]
    Permanent,
    /// After a failure; an agent that exits with code 0 takes no further part.
    Transient,
    /// Never.
    Temporary,
}

/// Limits on an agent's resources.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Limits")]
pub struct AgentLimits {
    /// Time for one event.
    pub deadline: HumanDuration,
    /// Memory of all its processes together.
    pub memory: ByteSize,
    /// Concurrent processes and threads.
    pub processes: u32,
    /// Messages and calls per minute.
    pub messages_per_minute: u32,
    /// `wasm`: fuel for one event, about one unit per instruction.
    pub fuel: u64,
    /// Share of the run's experiments, tokens and money, from 0 to 1.
    pub budget_share: f64,
}

impl Default for AgentLimits {
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(120).into(),
            memory: ByteSize::new(1 << 30),
            processes: 64,
            messages_per_minute: 600,
            fuel: 20_000_000_000,
            budget_share: 0.25,
        }
    }
}

/// Permissions of an agent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Permissions {
    /// Run scripts as experiments.
    pub sandbox: bool,
    /// Ask the run's language model.
    pub model: bool,
    /// Query the knowledge graph.
    pub graph: bool,
    /// Veto a finding.
    pub veto: bool,
    /// Read the files and folders that these configuration keys name.
    pub files: Vec<String>,
    /// Fetch from these hosts, each `host` or `host:port`; `$key` stands for the hosts in a configuration key.
    pub network: Vec<String>,
}

fn enabled_by_default() -> bool {
    true
}

fn first_protocol() -> u32 {
    1
}

/// Events that a proposing agent may not receive: they show the rows that judge.
const JUDGING: [&str; 3] = ["cycle_judged", "finding_drafted", "research_finished"];

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
        listeners()
            .into_iter()
            .find(|native| native.name().as_str() == self.name)
    }

    /// Gives a built-in listener the version, description, events and messages of its folder's manifest.
    pub(super) fn describe_native(&self, mut native: Native) -> Native {
        native.plan.version.clone_from(&self.version);
        native.plan.description.clone_from(&self.description);
        native.plan.subscribes.clone_from(&self.subscribes);
        native.plan.publishes.clone_from(&self.publishes);
        native
    }

    /// Whether it replaces a built-in agent.
    pub fn replaces_built_in(&self) -> bool {
        self.kind != AgentKind::Builtin && self.is_built_in_name()
    }

    fn find_problem(&self, folder: &str) -> Option<String> {
        if !is_agent_name(&self.name) {
            return Some(format!(
                "`name` is `{}`; it must consist of lower-case letters, digits and underscores, and begin with a letter",
                self.name
            ));
        }
        if self.name == agent::SUPERVISOR {
            return Some("`supervisor` is reserved and cannot be the name of an agent".to_owned());
        }
        if self.name != folder {
            return Some(format!(
                "`name` is `{}`, but the folder is called `{folder}`",
                self.name
            ));
        }
        if self.kind == AgentKind::Builtin {
            let there = self.is_built_in_name() || self.built_in_listener().is_some();
            return (!there).then(|| format!("there is no built-in agent `{}`", self.name));
        }
        if self.protocol != PROTOCOL {
            return Some(format!(
                "`protocol` is {}, but this version of Kosmos speaks {PROTOCOL}",
                self.protocol
            ));
        }
        self.find_missing_part()
            .or_else(|| self.find_speech_problem())
            .or_else(|| self.find_range_problem())
    }

    /// Checks that the parts that its kind requires are given.
    fn find_missing_part(&self) -> Option<String> {
        let lacks = |key: &str| Some(format!("an agent of kind `{}` needs `{key}`", self.kind.as_str()));
        let plain =
            |file: &String| !file.is_empty() && !file.starts_with('/') && !file.split('/').any(|part| part == "..");
        match self.kind {
            AgentKind::Process if self.command.first().is_none_or(String::is_empty) => lacks("command"),
            AgentKind::Llm if self.prompt.is_none() => lacks("prompt"),
            AgentKind::Llm if self.schema.is_none() => lacks("schema"),
            AgentKind::Wasm if self.component.is_none() => lacks("component"),
            AgentKind::Wasm if !self.permissions.files.is_empty() => {
                Some("`permissions.files` is for programs only; a `wasm` agent has no files".to_owned())
            }
            _ => {
                let mut files = [&self.prompt, &self.schema, &self.component].into_iter().flatten();
                let outside = files.find(|file| !plain(file))?;
                Some(format!("`{outside}` is not a path inside the agent's folder"))
            }
        }
    }

    /// Checks its events and messages.
    fn find_speech_problem(&self) -> Option<String> {
        if self.replaces_built_in() {
            return None;
        }
        if let Some(event) = self.subscribes.iter().find(|event| !EVENTS.contains(&event.as_str())) {
            return Some(format!(
                "`subscribes` has the unknown event `{event}`; the events are {}",
                EVENTS.join(", ")
            ));
        }
        if let Some(message) = self.publishes.iter().find(|kind| !SPEECHES.contains(&kind.as_str())) {
            return Some(format!(
                "`publishes` has the unknown message `{message}`; the messages are {}",
                SPEECHES.join(", ")
            ));
        }
        if self.subscribes.is_empty() {
            return Some("`subscribes` is empty: the agent would receive no events".to_owned());
        }
        if self.publishes.iter().any(|kind| kind == "propose_hypothesis") {
            let heard = self.subscribes.iter().find(|event| JUDGING.contains(&event.as_str()));
            let sees = [(self.permissions.sandbox, "sandbox"), (self.permissions.graph, "graph")];
            let sees = sees.into_iter().find(|(may, _)| *may).map(|(_, name)| name.to_owned());
            if let Some(seen) = heard.cloned().or(sees) {
                return Some(format!(
                    "an agent that may send `propose_hypothesis` may not have `{seen}`: an agent that chooses tests must not see the rows that judge them"
                ));
            }
        }
        None
    }

    /// Checks the ranges of its limits and the keys of its configuration.
    fn find_range_problem(&self) -> Option<String> {
        let limits = &self.limits;
        if !(0.0..=1.0).contains(&limits.budget_share) {
            return Some(format!(
                "`limits.budget_share` is {}; it must be from 0 to 1",
                limits.budget_share
            ));
        }
        if limits.processes == 0
            || limits.messages_per_minute == 0
            || limits.fuel == 0
            || self.restart.max_attempts == 0
        {
            return Some("`processes`, `messages_per_minute`, `fuel` and `max_attempts` must be at least 1".to_owned());
        }
        if limits.deadline.is_zero() {
            return Some("`limits.deadline` must be longer than 0 s".to_owned());
        }
        let properties = self.config.as_ref().and_then(|schema| schema.get("properties"));
        let known = |key: &str| properties.is_some_and(|properties| properties.get(key).is_some());
        if let Some(key) = self.permissions.files.iter().find(|key| !known(key)) {
            return Some(format!(
                "`permissions.files` has `{key}`, which is not a key of its configuration"
            ));
        }
        let hosts = self.permissions.network.iter();
        let mut keys = hosts.filter_map(|host| host.strip_prefix('$'));
        if let Some(key) = keys.find(|key| !known(key)) {
            return Some(format!(
                "`permissions.network` has `${key}`, which is not a key of its configuration"
            ));
        }
        if let Some(schema) = &self.config
            && let Err(error) = jsonschema::validator_for(schema)
        {
            return Some(format!("`config` is not a JSON Schema: {error}"));
        }
        let reserved = ["enabled", "limits", "restart"];
        reserved
            .into_iter()
            .find(|key| known(key))
            .map(|key| format!("`config` has a key `{key}`, which is reserved in run files"))
    }
}

/// Whether the text is valid as an agent's name.
pub fn is_agent_name(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.starts_with(|letter: char| letter.is_ascii_lowercase())
        && text
            .chars()
            .all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_')
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
                "must consist of lower-case letters",
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
                "version = \"1.0.0\"",
                "version = \"1.0.0\"\nprotocol = 2",
                "this version of Kosmos speaks 1",
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
                "[permissions]\nfiles = [\"folder\"]",
                "which is not a key of its configuration",
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
