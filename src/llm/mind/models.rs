//! The models that the settings name.

use crate::llm::{LlmError, LlmSettings, endpoint::rejected};

/// The models in use, without repetition.
pub(in crate::llm) fn models_in_use(settings: &LlmSettings) -> Result<Vec<String>, LlmError> {
    let mut models = Vec::new();
    for (agent, model) in settings.models_by_agent() {
        let model = model.ok_or_else(|| no_model_error(agent))?.to_owned();
        if !models.contains(&model) {
            models.push(model);
        }
    }
    Ok(models)
}

pub(super) fn no_model_error(agent: &str) -> LlmError {
    rejected(
        &format!("no model is configured for the agent `{agent}`"),
        "set llm.model, or one for each agent in [llm.models]",
    )
}
