//! `agent.toml`: what an agent is, hears, says, may take and may do.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Native, PROTOCOL, PluginError};
use crate::actors::listeners;
use crate::config::{ByteSize, HumanDuration};
use crate::message::{EVENTS, SPEECHES, agent};

/// The file.
pub const FILE: &str = "agent.toml";

/// An agent, as its folder describes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The folder's name: small letters, digits and underscores.
    pub name: String,
    #[allow(missing_docs)]
    pub version: String,
    /// One line.
    pub description: String,
    #[allow(missing_docs)]
    pub kind: Kind,
    /// Whether it takes part in a run that finds it and does not say otherwise.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// Version of the protocol that it speaks.
    #[serde(default = "first")]
    pub protocol: u32,
    /// Of a `process`: the program and its arguments.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<String>,
    /// Of an `llm`: the prompt's file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt: Option<String>,
    /// Of an `llm`: the JSON Schema of its answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// Of a `wasm`: the component's file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub component: Option<String>,
    /// Types of the events that it is told.
    #[serde(default)]
    pub subscribes: Vec<String>,
    /// Types of the messages that it may send.
    #[serde(default)]
    pub publishes: Vec<String>,
    /// When it fails.
    #[serde(default)]
    pub restart: Restart,
    /// What it may take.
    #[serde(default)]
    pub limits: Limits,
    /// What it may do: nothing by default.
    #[serde(default)]
    pub permissions: Permissions,
    /// JSON Schema of its configuration, an object, with defaults.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config: Option<Value>,
    /// Of the code generator: its families of script templates.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub templates: Vec<String>,
}

/// What an agent is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Part of Kosmos.
    Builtin,
    /// A prompt and a schema.
    Llm,
    /// A program that speaks the protocol.
    Process,
    /// A WebAssembly component.
    Wasm,
}

impl Kind {
    /// As `agent.toml` has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Builtin => "builtin",
            Self::Llm => "llm",
            Self::Process => "process",
            Self::Wasm => "wasm",
        }
    }
}

/// What becomes of an agent that fails.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Restart {
    #[allow(missing_docs)]
    pub policy: RestartKind,
    /// Restarts within `window`, at most; one more and it takes no further part.
    pub max_restarts: u32,
    #[allow(missing_docs)]
    pub window: HumanDuration,
    /// Times that an event is tried.
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

/// When an agent is started afresh.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RestartKind {
    /// Whenever it ended.
    #[default]
    Permanent,
    /// When it ended by a fault; one that ended by itself, with exit code 0, takes no further part.
    Transient,
    /// Never.
    Temporary,
}

/// What an agent may take.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Time for one event.
    pub deadline: HumanDuration,
    /// Of all its processes together.
    pub memory: ByteSize,
    /// Processes and threads that exist at the same time.
    pub processes: u32,
    /// Messages and calls.
    pub messages_per_minute: u32,
    /// Of a `wasm`: what it may compute for one event, about an instruction a unit.
    pub fuel: u64,
    /// Share of the run's experiments, tokens and money.
    pub budget_share: f64,
}

impl Default for Limits {
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

/// What an agent may do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Permissions {
    /// Have scripts run as experiments.
    pub sandbox: bool,
    /// Ask the run's language model.
    pub model: bool,
    /// Ask the knowledge graph.
    pub graph: bool,
    /// Take a finding out of the findings.
    pub veto: bool,
    /// Read the files and folders that these keys of its configuration name.
    pub files: Vec<String>,
    /// Fetch from these hosts, each `host` or `host:port`; `$key` stands for those that a key of its configuration lists.
    pub network: Vec<String>,
}

fn yes() -> bool {
    true
}

fn first() -> u32 {
    1
}

/// What an agent that proposes may not hear: it would have seen the rows that judge.
const JUDGING: [&str; 3] = ["cycle_judged", "finding_drafted", "research_finished"];

impl Manifest {
    /// Reads and checks the text of an `agent.toml` in a folder of that name. `place` is for errors.
    ///
    /// # Errors
    /// [`PluginError::Syntax`] and [`PluginError::Manifest`], with what is wrong.
    pub fn read(text: &str, folder: &str, place: &str) -> Result<Self, PluginError> {
        let manifest: Self = toml::from_str(text).map_err(|source| PluginError::Syntax {
            place: place.to_owned(),
            source: Box::new(source),
        })?;
        match manifest.problem(folder) {
            None => Ok(manifest),
            Some(problem) => Err(PluginError::Manifest {
                place: place.to_owned(),
                problem,
            }),
        }
    }

    /// Whether it has the name of one of the six.
    pub fn is_built_in_name(&self) -> bool {
        agent::BUILT_IN.contains(&self.name.as_str())
    }

    /// The built-in agent of that name that listens, if there is one.
    pub fn listener(&self) -> Option<Native> {
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

    /// Whether it takes the place of a built-in agent.
    pub fn replaces(&self) -> bool {
        self.kind != Kind::Builtin && self.is_built_in_name()
    }

    fn problem(&self, folder: &str) -> Option<String> {
        if !is_name(&self.name) {
            return Some(format!(
                "`name` is `{}`; it must be small letters, digits and underscores, and begin with a letter",
                self.name
            ));
        }
        if self.name == agent::SUPERVISOR {
            return Some("`supervisor` is no name for an agent".to_owned());
        }
        if self.name != folder {
            return Some(format!(
                "`name` is `{}`, and the folder is called `{folder}`",
                self.name
            ));
        }
        if self.kind == Kind::Builtin {
            let there = self.is_built_in_name() || self.listener().is_some();
            return (!there).then(|| format!("there is no built-in agent `{}`", self.name));
        }
        if self.protocol != PROTOCOL {
            return Some(format!(
                "`protocol` is {}, and this version of Kosmos speaks {PROTOCOL}",
                self.protocol
            ));
        }
        self.parts().or_else(|| self.speech()).or_else(|| self.bounds())
    }

    /// That what its kind needs is there.
    fn parts(&self) -> Option<String> {
        let lacks = |key: &str| Some(format!("an agent of kind `{}` needs `{key}`", self.kind.name()));
        let plain =
            |file: &String| !file.is_empty() && !file.starts_with('/') && !file.split('/').any(|part| part == "..");
        match self.kind {
            Kind::Process if self.command.first().is_none_or(String::is_empty) => lacks("command"),
            Kind::Llm if self.prompt.is_none() => lacks("prompt"),
            Kind::Llm if self.schema.is_none() => lacks("schema"),
            Kind::Wasm if self.component.is_none() => lacks("component"),
            Kind::Wasm if !self.permissions.files.is_empty() => {
                Some("`permissions.files` is for programs; a `wasm` agent has no files".to_owned())
            }
            _ => {
                let mut files = [&self.prompt, &self.schema, &self.component].into_iter().flatten();
                let outside = files.find(|file| !plain(file))?;
                Some(format!("`{outside}` is not a file of the agent's folder"))
            }
        }
    }

    /// That it hears and says what there is, and not too much.
    fn speech(&self) -> Option<String> {
        if self.replaces() {
            return None;
        }
        if let Some(event) = self.subscribes.iter().find(|event| !EVENTS.contains(&event.as_str())) {
            return Some(format!("`subscribes` has `{event}`; there are {}", EVENTS.join(", ")));
        }
        if let Some(message) = self.publishes.iter().find(|kind| !SPEECHES.contains(&kind.as_str())) {
            return Some(format!(
                "`publishes` has `{message}`; there are {}",
                SPEECHES.join(", ")
            ));
        }
        if self.subscribes.is_empty() {
            return Some("`subscribes` is empty: it would hear nothing".to_owned());
        }
        if self.publishes.iter().any(|kind| kind == "propose_hypothesis") {
            let heard = self.subscribes.iter().find(|event| JUDGING.contains(&event.as_str()));
            let sees = [(self.permissions.sandbox, "sandbox"), (self.permissions.graph, "graph")];
            let sees = sees.into_iter().find(|(may, _)| *may).map(|(_, name)| name.to_owned());
            if let Some(seen) = heard.cloned().or(sees) {
                return Some(format!(
                    "an agent that may send `propose_hypothesis` may not have `{seen}`: what chooses must not see the rows that judge"
                ));
            }
        }
        None
    }

    /// That numbers and names are in their ranges.
    fn bounds(&self) -> Option<String> {
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
            return Some("`limits.deadline` must be longer than nothing".to_owned());
        }
        let properties = self.config.as_ref().and_then(|schema| schema.get("properties"));
        let known = |key: &str| properties.is_some_and(|properties| properties.get(key).is_some());
        if let Some(key) = self.permissions.files.iter().find(|key| !known(key)) {
            return Some(format!(
                "`permissions.files` has `{key}`, which is no key of its configuration"
            ));
        }
        let hosts = self.permissions.network.iter();
        let mut keys = hosts.filter_map(|host| host.strip_prefix('$'));
        if let Some(key) = keys.find(|key| !known(key)) {
            return Some(format!(
                "`permissions.network` has `${key}`, which is no key of its configuration"
            ));
        }
        if let Some(schema) = &self.config
            && let Err(error) = jsonschema::validator_for(schema)
        {
            return Some(format!("`config` is no JSON Schema: {error}"));
        }
        let reserved = ["enabled", "limits", "restart"];
        reserved
            .into_iter()
            .find(|key| known(key))
            .map(|key| format!("`config` has a key `{key}`, which a run file uses for something else"))
    }
}

/// Whether it can be the name of an agent.
pub fn is_name(text: &str) -> bool {
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
        let manifest = Manifest::read(PLAIN, "doubter", "here").unwrap();
        assert_eq!(manifest.permissions, Permissions::default());
        assert!(manifest.enabled && !manifest.replaces());
        assert_eq!(manifest.limits.deadline.get().as_secs(), 120);
    }

    #[test]
    fn a_component_has_no_files() {
        let text = PLAIN.replace("kind = \"process\"", "kind = \"wasm\"\ncomponent = \"agent.wasm\"");
        let text = text.replace("command = [\"perl\", \"agent.pl\"]", "");
        assert!(Manifest::read(&text, "doubter", "here").is_ok());
        let files = "[permissions]\nfiles = [\"folder\"]\n[config.properties.folder]\ntype = \"string\"\n";
        let error = Manifest::read(&(text + files), "doubter", "here").unwrap_err();
        assert!(error.to_string().contains("a `wasm` agent has no files"), "{error}");
    }

    #[test]
    fn what_is_wrong_is_named() {
        let cases = [
            ("kind = \"process\"", "kind = \"magic\"", "unknown variant `magic`"),
            ("name = \"doubter\"", "name = \"Doubter\"", "must be small letters"),
            (
                "name = \"doubter\"",
                "name = \"other\"",
                "the folder is called `doubter`",
            ),
            ("command = [\"perl\", \"agent.pl\"]", "", "needs `command`"),
            ("\"finding_drafted\"", "\"finding_draft\"", "there are run_started"),
            ("\"challenge\"", "\"shout\"", "there are propose_hypothesis"),
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
            let error = Manifest::read(&text, "doubter", "here").unwrap_err();
            let told = match &error {
                PluginError::Syntax { source, .. } => source.to_string(),
                other => other.to_string(),
            };
            assert!(told.contains(expected), "{told}");
        }
        for (section, expected) in [
            ("[limits]\nbudget_share = 2.0", "must be from 0 to 1"),
            ("[limits]\ndeadline = \"0s\"", "longer than nothing"),
            (
                "[permissions]\nfiles = [\"folder\"]",
                "which is no key of its configuration",
            ),
            ("[config]\ntype = \"nothing\"", "is no JSON Schema"),
            ("[config.properties.enabled]\ntype = \"string\"", "for something else"),
        ] {
            let error = Manifest::read(&format!("{PLAIN}\n{section}"), "doubter", "here").unwrap_err();
            assert!(error.to_string().contains(expected), "{error}");
        }
    }
}
