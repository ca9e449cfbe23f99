use serde::Deserialize;
use serde_json::{Value, json};

use super::{Called, EventHandling, code, read_params};
use crate::llm::{ModelQuestion, estimate_tokens};
use crate::plugin::wire::RpcError;
use crate::policy::Thought;
use crate::prompt::estimate_prompt_tokens;
use crate::science::sha256_hex;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Completion {
    prompt: String,
    #[serde(default)]
    system: String,
    #[serde(default)]
    schema: Option<Value>,
}

/// Answers `llm.complete`. The mind itself keeps a receipt of each reply.
pub(super) async fn complete_prompt(handling: &mut EventHandling<'_>, params: &Value) -> Called {
    let Completion { prompt, system, schema } = match read_params(params) {
        Ok(completion) => completion,
        Err(error) => return Ok(Err(error)),
    };
    let plain = json!({
        "type": "object", "properties": { "text": { "type": "string" } }, "required": ["text"],
        "additionalProperties": false,
    });
    let form = schema.as_ref().unwrap_or(&plain);
    if let Err(error) = jsonschema::validator_for(form) {
        let told = format!("`schema` is not a JSON Schema: {error}");
        return Ok(Err(RpcError::new(code::WRONG_PARAMETERS, told)));
    }
    ask_model(handling, prompt, system, form, schema.is_none()).await
}

async fn ask_model(
    handling: &mut EventHandling<'_>,
    prompt: String,
    system: String,
    form: &Value,
    plain: bool,
) -> Called {
    let Some(thinker) = handling.kit.thinker.clone() else {
        return Ok(Err(RpcError::new(code::FAILED, "the run has no language model")));
    };
    if estimate_prompt_tokens(&prompt) + estimate_prompt_tokens(&system) > thinker.prompt_tokens() {
        let told = format!("the prompt has more than {} tokens", thinker.prompt_tokens());
        return Ok(Err(RpcError::new(code::WRONG_PARAMETERS, told)));
    }
    if let Some(share) = handling.kit.tokens_of(handling.chosen)
        && handling.memory.tokens >= share
    {
        let told = format!("its share of the run's tokens, {share}, is used up");
        return Ok(Err(RpcError::new(code::SPENT, told)));
    }
    let asked = estimate_tokens(&prompt) + estimate_tokens(&system);
    let question = ModelQuestion {
        purpose: "agent",
        cycle: handling.scene.cycle,
        template_sha256: sha256_hex(&system),
        system,
        user: prompt,
    };
    match thinker.ask_json(handling.context, question, form).await? {
        Thought::Answer(answer) => {
            handling.memory.tokens += asked + estimate_tokens(&answer.value.to_string());
            Ok(Ok(match plain {
                true => json!({ "text": answer.value.get("text"), "value": null, "model": answer.model }),
                false => json!({ "text": answer.value.to_string(), "value": answer.value, "model": answer.model }),
            }))
        }
        Thought::Nothing(nothing) => {
            handling.memory.tokens += asked;
            let spent = nothing.notice.is_some();
            handling.notices.extend(nothing.notice);
            let code = if spent { code::SPENT } else { code::FAILED };
            Ok(Err(RpcError::new(code, nothing.remark)))
        }
    }
}
