//! The host of an agent that consists of a prompt and a schema.

use std::{fs, io, rc::Rc};

use futures::FutureExt;
use serde_json::{Value, json};

use super::{
    AgentFolder, ChosenAgent,
    calls::{EventHandling, Shared},
    host,
    memory::AgentMemory,
};
use crate::agent::{Agent, AgentContext, AgentError, Handled, Handling as Future};
use crate::llm::estimate_tokens;
use crate::message::{Envelope, Payload};
use crate::policy::Thought;
use crate::prompt::{Prompt, PromptError};

/// An agent that cannot work.
#[derive(Debug, thiserror::Error)]
#[error("the agent `{agent}` cannot be used: {source}")]
struct Unusable {
    agent: String,
    source: LlmAgentError,
}

/// Why an agent that consists of a prompt and a schema cannot work.
#[derive(Debug, thiserror::Error)]
pub enum LlmAgentError {
    /// A file of its folder cannot be read.
    #[error("{file}: {source}")]
    Unreadable {
        /// As `agent.toml` names it.
        file: String,
        /// The cause.
        source: io::Error,
    },
    /// A shipped file is missing.
    #[error("{file} is missing")]
    Missing {
        /// As `agent.toml` names it.
        file: String,
    },
    /// The prompt's file is malformed.
    #[error(transparent)]
    Prompt(#[from] PromptError),
    /// The schema's file is not JSON.
    #[error("the schema: {0}")]
    NotJson(#[from] serde_json::Error),
    /// The schema's file is not a JSON Schema.
    #[error("the schema: {0}")]
    NotASchema(String),
    /// The run thinks without a model.
    #[error("the run has no language model")]
    NoModel,
}

/// Hosts a prompt.
pub struct LlmAgent {
    kit: Shared,
    chosen: ChosenAgent,
    prompt: Prompt,
    schema: Value,
}

impl LlmAgent {
    /// Reads the prompt and the schema.
    ///
    /// # Errors
    /// When they cannot be read or are invalid.
    pub fn new(kit: Shared, chosen: ChosenAgent) -> Result<Self, AgentError> {
        let (prompt, schema) = read_prompt_and_schema(&chosen).map_err(|source| {
            AgentError::fatal(Unusable {
                agent: chosen.manifest.name.to_string(),
                source,
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
        let memory = AgentMemory::load(&self.kit.journal, context.agent())?;
        let scene = host::EventScene::of_message(&message);
        let mut handling = EventHandling::new(&self.kit, &self.chosen, &context, &scene, memory);
        let (kind, body) = match &message.payload {
            Payload::Notify(notice) => host::event_for_protocol(self.chosen.manifest.protocol, &notice.event),
            other => host::type_and_body(other),
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
                let asked = rendered.estimate_tokens() as u64;
                let question = rendered.into_question("agent", scene.cycle);
                match thinker.ask_json(&context, question, &self.schema).await? {
                    Thought::Answer(answer) => {
                        handling.memory.tokens += asked + estimate_tokens(&answer.value.to_string());
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
                let told = "its share of the run's tokens is used up";
                messages.push(json!({ "type": "remark", "body": { "text": told } }));
            }
            None => {
                return Err(AgentError::fatal(Unusable {
                    agent: self.chosen.manifest.name.to_string(),
                    source: LlmAgentError::NoModel,
                }));
            }
        }
        host::handle_messages(handling, &message, &messages).await
    }
}

impl Agent<Payload> for LlmAgent {
    fn handle(self: Rc<Self>, message: Envelope, context: AgentContext) -> Future {
        LlmAgent::handle(self, message, context).boxed_local()
    }
}

/// Reads the prompt and the schema of its answers.
///
/// # Errors
/// See [`LlmAgentError`].
pub fn read_prompt_and_schema(chosen: &ChosenAgent) -> Result<(Prompt, Value), LlmAgentError> {
    let manifest = &chosen.manifest;
    let text = |file: &Option<String>| {
        let file = file.clone().unwrap_or_default();
        match &chosen.folder {
            AgentFolder::Disk(folder) => {
                fs::read_to_string(folder.join(&file)).map_err(|source| LlmAgentError::Unreadable { file, source })
            }
            AgentFolder::Shipped(folder) => folder
                .get_file(folder.path().join(&file))
                .and_then(|file| file.contents_utf8())
                .map(str::to_owned)
                .ok_or(LlmAgentError::Missing { file }),
        }
    };
    let name = format!("{}/{}", manifest.name, manifest.prompt.as_deref().unwrap_or_default());
    let prompt = Prompt::parse(name, &text(&manifest.prompt)?)?;
    let schema: Value = serde_json::from_str(&text(&manifest.schema)?)?;
    jsonschema::validator_for(&schema).map_err(|error| LlmAgentError::NotASchema(error.to_string()))?;
    Ok((prompt, schema))
}
