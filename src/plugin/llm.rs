//! The host of an agent that is a prompt and a schema.

use std::{fs, rc::Rc};

use futures::FutureExt;
use serde_json::{Value, json};

use super::{
    Chosen, Folder,
    calls::{Handling, Shared},
    host,
    memory::Memory,
};
use crate::agent::{Agent, AgentContext, AgentError, Handled, Handling as Future};
use crate::llm::estimate;
use crate::message::{Envelope, Payload};
use crate::policy::Thought;
use crate::prompt::Prompt;

/// An agent whose files cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the agent `{agent}` cannot be used: {problem}")]
struct Unusable {
    agent: String,
    problem: String,
}

/// The agent around a prompt.
pub struct LlmAgent {
    kit: Shared,
    chosen: Chosen,
    prompt: Prompt,
    schema: Value,
}

impl LlmAgent {
    /// Reads the prompt and the schema.
    ///
    /// # Errors
    /// When they are not there, or are none.
    pub fn new(kit: Shared, chosen: Chosen) -> Result<Self, AgentError> {
        let (prompt, schema) = parts(&chosen).map_err(|problem| {
            AgentError::fatal(Unusable {
                agent: chosen.manifest.name.clone(),
                problem,
            })
        })?;
        Ok(Self {
            kit,
            chosen,
            prompt,
            schema,
        })
    }

    async fn handle(self: Rc<Self>, message: Envelope, context: AgentContext) -> Result<Handled, AgentError> {
        let memory = Memory::load(&self.kit.journal, context.agent())?;
        let scene = host::Scene::of(&message);
        let mut handling = Handling::new(&self.kit, &self.chosen, &context, &scene, memory);
        let (kind, body) = match &message.payload {
            Payload::Notify(notice) => host::parts(&notice.event),
            other => host::parts(other),
        };
        let spent = self
            .kit
            .tokens_of(&self.chosen)
            .is_some_and(|share| handling.memory.tokens >= share);
        let mut messages = Vec::new();
        match &self.kit.thinker {
            Some(thinker) if !spent => {
                let filling = json!({ "type": kind, "event": body, "config": self.chosen.config });
                let rendered = self.prompt.render(filling).map_err(AgentError::fatal)?;
                let asked = rendered.tokens() as u64;
                let question = rendered.question("agent", scene.cycle);
                match thinker.ask_json(&context, question, &self.schema).await? {
                    Thought::Answer(answer) => {
                        handling.memory.tokens += asked + estimate(&answer.value.to_string());
                        let said = answer.value.get("messages").and_then(Value::as_array);
                        messages = said.cloned().unwrap_or_default();
                    }
                    Thought::Nothing(nothing) => {
                        handling.memory.tokens += asked;
                        handling.notices.extend(nothing.notice);
                        messages.push(json!({ "type": "remark", "body": { "text": nothing.remark } }));
                    }
                }
            }
            Some(_) => {
                let told = "its share of the run's tokens is used";
                messages.push(json!({ "type": "remark", "body": { "text": told } }));
            }
            None => {
                return Err(AgentError::fatal(Unusable {
                    agent: self.chosen.manifest.name.clone(),
                    problem: "the run has no language model".to_owned(),
                }));
            }
        }
        host::handled(handling, &message, &messages)
    }
}

impl Agent<Payload> for LlmAgent {
    fn handle(self: Rc<Self>, message: Envelope, context: AgentContext) -> Future {
        LlmAgent::handle(self, message, context).boxed_local()
    }
}

/// The prompt, and the schema of its answers.
///
/// # Errors
/// What is wrong with them.
pub fn parts(chosen: &Chosen) -> Result<(Prompt, Value), String> {
    let manifest = &chosen.manifest;
    let text = |file: &Option<String>| {
        let name = file.as_deref().unwrap_or_default();
        match &chosen.folder {
            Folder::Disk(folder) => fs::read_to_string(folder.join(name)).map_err(|error| format!("{name}: {error}")),
            Folder::Shipped(folder) => folder
                .get_file(folder.path().join(name))
                .and_then(|file| file.contents_utf8())
                .map(str::to_owned)
                .ok_or_else(|| format!("{name} is not there")),
        }
    };
    let name = format!("{}/{}", manifest.name, manifest.prompt.as_deref().unwrap_or_default());
    let prompt = Prompt::parse(name, &text(&manifest.prompt)?).map_err(|error| error.to_string())?;
    let schema: Value =
        serde_json::from_str(&text(&manifest.schema)?).map_err(|error| format!("the schema: {error}"))?;
    jsonschema::validator_for(&schema).map_err(|error| format!("the schema: {error}"))?;
    Ok((prompt, schema))
}
