use serde::Deserialize;
use serde_json::{Value, json};

use super::{Called, Handling, code, read};
use crate::llm::{Question, estimate};
use crate::plugin::wire::RpcError;
use crate::policy::Thought;
use crate::prompt::tokens;
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

/// `llm.complete`. The mind keeps a receipt of each reply itself.
pub(super) async fn complete(handling: &mut Handling<'_>, params: &Value) -> Called {
    let Completion { prompt, system, schema } = match read(params) {
        Ok(completion) => completion,
        Err(error) => return Ok(Err(error)),
    };
    let plain = json!({
        "type": "object", "properties": { "text": { "type": "string" } }, "required": ["text"],
        "additionalProperties": false,
    });
    let form = schema.as_ref().unwrap_or(&plain);
    if let Err(error) = jsonschema::validator_for(form) {
        let told = format!("`schema` is no JSON Schema: {error}");
        return Ok(Err(RpcError::new(code::WRONG_PARAMETERS, told)));
    }
    ask(handling, prompt, system, form, schema.is_none()).await
}

async fn ask(handling: &mut Handling<'_>, prompt: String, system: String, form: &Value, plain: bool) -> Called {
    let Some(thinker) = handling.kit.thinker.clone() else {
        return Ok(Err(RpcError::new(code::FAILED, "the run has no language model")));
    };
    if tokens(&prompt) + tokens(&system) > thinker.prompt_tokens() {
        let told = format!("the prompt has more than {} tokens", thinker.prompt_tokens());
        return Ok(Err(RpcError::new(code::WRONG_PARAMETERS, told)));
    }
    if let Some(share) = handling.kit.tokens_of(handling.chosen)
        && handling.memory.tokens >= share
    {
        let told = format!("its share of the run's tokens, {share}, is used");
        return Ok(Err(RpcError::new(code::SPENT, told)));
    }
    let asked = estimate(&prompt) + estimate(&system);
    let question = Question {
        purpose: "agent",
        cycle: handling.scene.cycle,
        template_sha256: sha256_hex(&system),
        system,
        user: prompt,
    };
    match thinker.ask_json(handling.context, question, form).await? {
        Thought::Answer(answer) => {
            handling.memory.tokens += asked + estimate(&answer.value.to_string());
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
