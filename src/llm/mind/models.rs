//! Which models the settings name.

use crate::{
    config,
    llm::{LlmError, endpoint::rejected},
};

/// The models in use, each once.
pub(in crate::llm) fn models(settings: &config::LlmSettings) -> Result<Vec<String>, LlmError> {
    let mut models = Vec::new();
    for (agent, model) in settings.models_by_agent() {
        let model = model.ok_or_else(|| no_model(agent))?.to_owned();
        if !models.contains(&model) {
            models.push(model);
        }
    }
    Ok(models)
}

pub(super) fn no_model(agent: &str) -> LlmError {
    rejected(
        &format!("no model is set for the agent `{agent}`"),
        "set llm.model, or one for each agent in [llm.models]",
    )
}
