//! Which messages of an agent are accepted: those that its manifest lists, in the protocol's form.

use std::{collections::HashMap, sync::LazyLock};

use schemars::generate::SchemaSettings;
use serde_json::Value;

use super::{ChosenAgent, Manifest, schema};
use crate::message::{Event, Refusal, SPEECHES, Speech};
use crate::prompt::{inline, shorten_to};

/// Maximum number of messages in answer to one event.
const MOST: usize = 1000;

/// Letters of a reason that are kept.
const LONGEST: usize = 200;

static VALIDATORS: LazyLock<HashMap<&'static str, jsonschema::Validator>> = LazyLock::new(|| {
    let schemas = schema::message_schemas(&SchemaSettings::draft2020_12());
    let validators = schemas
        .into_iter()
        .filter_map(|(name, schema)| Some((name, jsonschema::validator_for(&schema).ok()?)));
    validators.collect()
});

/// Splits `messages`, each `{type, body, run?}`, into those that the agent may send in answer to `event` and refusals
/// with a reason.
pub fn admit_messages(
    manifest: &Manifest,
    run: &str,
    event: &Event,
    messages: &[Value],
) -> (Vec<Speech>, Vec<Refusal>) {
    let (mut said, mut refused) = (Vec::new(), Vec::new());
    for message in messages.iter().take(MOST) {
        match admit_one(manifest, run, event, message) {
            Ok(speech) => said.push(speech),
            Err(refusal) => refused.push(refusal),
        }
    }
    if messages.len() > MOST {
        refused.push(Refusal {
            kind: "any".to_owned(),
            reason: format!("more than {MOST} messages in answer to one event"),
        });
    }
    (said, refused)
}

fn admit_one(manifest: &Manifest, run: &str, event: &Event, message: &Value) -> Result<Speech, Refusal> {
    let kind = message.get("type").and_then(Value::as_str).unwrap_or("none");
    let refuse = |reason: String| Refusal {
        kind: shorten_to(&inline(kind), 40),
        reason: shorten_to(&inline(&reason), LONGEST),
    };
    let Some(name) = SPEECHES.into_iter().find(|name| *name == kind) else {
        return Err(refuse("unknown message type".to_owned()));
    };
    if !manifest.publishes.iter().any(|known| known == kind) {
        return Err(refuse("its agent.toml does not list it under `publishes`".to_owned()));
    }
    if message.get("run").is_some_and(|named| named.as_str() != Some(run)) {
        return Err(refuse("it names another run".to_owned()));
    }
    let body = message.get("body").cloned().unwrap_or_default();
    if let Some(error) = VALIDATORS
        .get(name)
        .and_then(|validator| validator.iter_errors(&body).next())
    {
        let place = error.instance_path().to_string();
        let place = if place.is_empty() { "its body".to_owned() } else { place };
        return Err(refuse(format!("{place}: {error}")));
    }
    let whole = serde_json::json!({ "type": kind, "body": body });
    let speech: Speech = serde_json::from_value(whole).map_err(|error| refuse(error.to_string()))?;
    let heard = event.type_name();
    match &speech {
        Speech::ProposeHypothesis(_) | Speech::ProposeAnalysis(_) if heard != "cycle_started" => Err(refuse(format!(
            "it is accepted in answer to `cycle_started` only, not `{heard}`"
        ))),
        Speech::WriteSection(_) if heard != "research_finished" => Err(refuse(format!(
            "it is accepted in answer to `research_finished` only, not `{heard}`"
        ))),
        Speech::Challenge(challenge) if challenge.veto && !manifest.permissions.veto => {
            Err(refuse("a veto requires the permission `veto`".to_owned()))
        }
        Speech::Challenge(_) if heard != "finding_drafted" && heard != "cycle_judged" => Err(refuse(format!(
            "a finding can be challenged in answer to `finding_drafted` or `cycle_judged`, not `{heard}`"
        ))),
        Speech::Score(score) if score.scores.values().any(|value| !(0.0..=1.0).contains(value)) => {
            Err(refuse("a score must be from 0 to 1".to_owned()))
        }
        _ => Ok(speech),
    }
}

/// Like `admit_messages`, for an agent outside a run; `run` is a placeholder for the run's id.
pub fn admit_trial_messages(
    chosen: &ChosenAgent,
    run: &str,
    event: &Event,
    messages: &[Value],
) -> (Vec<Speech>, Vec<Refusal>) {
    admit_messages(&chosen.manifest, run, event, messages)
}
