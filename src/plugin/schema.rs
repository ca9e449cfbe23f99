//! The protocol as JSON Schemas.

use schemars::{JsonSchema, generate::SchemaSettings};
use serde_json::{Value, json};

use super::{Manifest, PROTOCOL};
use crate::message::{
    AddedEvidence, Challenge, CycleStarted, CycleVerdicts, DraftedFinding, ExperimentsFinished, HypothesesRegistered,
    Payload, ProposedHypothesis, Remark, ResearchFinished, RunStarted, Score, WrittenSection,
};

/// A schema of every message, by type.
pub(super) fn messages(settings: &SchemaSettings) -> Vec<(&'static str, Value)> {
    vec![
        ("propose_hypothesis", of::<ProposedHypothesis>(settings)),
        ("challenge", of::<Challenge>(settings)),
        ("add_evidence", of::<AddedEvidence>(settings)),
        ("score", of::<Score>(settings)),
        ("write_section", of::<WrittenSection>(settings)),
        ("remark", of::<Remark>(settings)),
    ]
}

fn events(settings: &SchemaSettings) -> Vec<(&'static str, Value)> {
    vec![
        ("run_started", of::<RunStarted>(settings)),
        ("cycle_started", of::<CycleStarted>(settings)),
        ("hypotheses_registered", of::<HypothesesRegistered>(settings)),
        ("experiments_finished", of::<ExperimentsFinished>(settings)),
        ("cycle_judged", of::<CycleVerdicts>(settings)),
        ("finding_drafted", of::<DraftedFinding>(settings)),
        ("research_finished", of::<ResearchFinished>(settings)),
    ]
}

fn of<T: JsonSchema>(settings: &SchemaSettings) -> Value {
    settings.clone().into_generator().into_root_schema_for::<T>().to_value()
}

/// The schemas of the protocol: of `agent.toml`, of each event's and each message's body; and, where asked for, of what the
/// built-in agents say among themselves.
pub fn schemas(internal: bool) -> Value {
    let settings = SchemaSettings::draft2020_12();
    let map = |list: Vec<(&'static str, Value)>| -> Value {
        list.into_iter()
            .map(|(name, schema)| (name.to_owned(), schema))
            .collect()
    };
    let mut all = json!({
        "protocol": PROTOCOL,
        "agent.toml": of::<Manifest>(&settings),
        "events": map(events(&settings)),
        "messages": map(messages(&settings)),
    });
    if internal && let Some(all) = all.as_object_mut() {
        all.insert("internal".to_owned(), of::<Payload>(&settings));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{EVENTS, SPEECHES};

    #[test]
    fn every_event_and_message_has_one() {
        let settings = SchemaSettings::draft2020_12();
        let names = |list: Vec<(&'static str, Value)>| -> Vec<&'static str> {
            list.into_iter()
                .inspect(|(name, schema)| drop(jsonschema::validator_for(schema).expect(name)))
                .map(|(name, _)| name)
                .collect()
        };
        assert_eq!(names(events(&settings)), EVENTS);
        assert_eq!(names(messages(&settings)), SPEECHES);
    }
}
