//! The validation of a manifest.

use std::time::Duration;

use super::{AgentKind, Manifest};
use crate::message::{EVENTS, PROPOSALS, SPEECHES, agent};
use crate::plugin::{
    PROTOCOLS,
    network::{HostRule, HostRuleError, config_key},
};
use crate::prompt::inline;

/// Events that a proposing agent may not receive: they show the rows that judge.
const JUDGING: [&str; 3] = ["cycle_judged", "finding_drafted", "research_finished"];

/// The longest deadline of an event.
const MOST_TIME: Duration = Duration::from_secs(24 * 3600);

/// The largest memory limit in bytes.
const MOST_MEMORY: u64 = 256 << 30;

impl Manifest {
    /// The first contradiction in the manifest of an agent in the folder `folder`, in a sentence.
    pub(super) fn find_problem(&self, folder: &str) -> Option<String> {
        if self.name.as_str() == agent::SUPERVISOR {
            return Some("`supervisor` is reserved and cannot be the name of an agent".to_owned());
        }
        if self.name.as_str() != folder {
            return Some(format!(
                "`name` is `{}`, but the folder is called `{folder}`",
                self.name
            ));
        }
        if self.kind == AgentKind::Builtin {
            let there = self.is_built_in_name() || self.built_in_listener().is_some();
            return (!there).then(|| format!("there is no built-in agent `{}`", self.name));
        }
        if !PROTOCOLS.contains(&self.protocol) {
            return Some(format!(
                "`protocol` is {}, but this version of Kosmos speaks {}",
                self.protocol,
                PROTOCOLS.map(|version| version.to_string()).join(" and ")
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
        if self.protocol < 2 && self.publishes.iter().any(|kind| kind == "propose_analysis") {
            return Some(format!(
                "`propose_analysis` belongs to version 2 of the protocol, and `protocol` is {}",
                self.protocol
            ));
        }
        if self.subscribes.is_empty() {
            return Some("`subscribes` is empty: the agent would receive no events".to_owned());
        }
        if let Some(proposes) = self.publishes.iter().find(|kind| PROPOSALS.contains(&kind.as_str())) {
            let heard = self.subscribes.iter().find(|event| JUDGING.contains(&event.as_str()));
            let sees = [(self.permissions.sandbox, "sandbox"), (self.permissions.graph, "graph")];
            let sees = sees.into_iter().find(|(may, _)| *may).map(|(_, name)| name.to_owned());
            if let Some(seen) = heard.cloned().or(sees) {
                return Some(format!(
                    "an agent that may send `{proposes}` may not have `{seen}`: an agent that chooses tests must not see the rows that judge them"
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
        let most = [
            ("limits.deadline", limits.deadline.get() > MOST_TIME, "24 h"),
            ("limits.memory", limits.memory.get() > MOST_MEMORY, "256 GiB"),
            ("limits.processes", limits.processes > 4096, "4096"),
            (
                "limits.messages_per_minute",
                limits.messages_per_minute > 1_000_000,
                "1000000",
            ),
            ("restart.max_restarts", self.restart.max_restarts > 1000, "1000"),
            ("restart.max_attempts", self.restart.max_attempts > 100, "100"),
        ];
        if let Some((key, _, most)) = most.into_iter().find(|(_, beyond, _)| *beyond) {
            return Some(format!("`{key}` may be {most} at most"));
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
        for entry in &self.permissions.network {
            let problem = match config_key(entry) {
                Some((key, _)) if known(key) => continue,
                Some(_) => "which is not a key of its configuration".to_owned(),
                None => match HostRule::parse(entry) {
                    Err(error @ HostRuleError::Form) => format!("but {error}"),
                    // An address that permits nothing is named when something is fetched.
                    _ => continue,
                },
            };
            return Some(format!("`permissions.network` has `{}`, {problem}", inline(entry)));
        }
        if let Some(schema) = &self.config
            && let Err(error) = jsonschema::validator_for(schema)
        {
            return Some(format!("`config` is not a JSON Schema: {error}"));
        }
        let reserved = ["enabled", "limits", "restart", "replace"];
        reserved
            .into_iter()
            .find(|key| known(key))
            .map(|key| format!("`config` has a key `{key}`, which is reserved in run files"))
    }
}
