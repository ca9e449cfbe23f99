//! The protocol as JSON Schemas.

use schemars::{JsonSchema, generate::SchemaSettings};
use serde_json::{Value, json};

use super::{Manifest, PROTOCOL};
use crate::message::{
    AddedEvidence, Challenge, CycleStarted, CycleVerdicts, DraftedFinding, ExperimentsFinished, HypothesesRegistered,
    Payload, ProposedAnalysis, ProposedHypothesis, Remark, ResearchFinished, RunStarted, Score, WrittenSection,
};

/// The schema of every message, by type.
pub(super) fn message_schemas(settings: &SchemaSettings) -> Vec<(&'static str, Value)> {
    vec![
        ("propose_hypothesis", schema_of::<ProposedHypothesis>(settings)),
        ("propose_analysis", schema_of::<ProposedAnalysis>(settings)),
        ("challenge", schema_of::<Challenge>(settings)),
        ("add_evidence", schema_of::<AddedEvidence>(settings)),
        ("score", schema_of::<Score>(settings)),
        ("write_section", schema_of::<WrittenSection>(settings)),
        ("remark", schema_of::<Remark>(settings)),
    ]
}

fn event_schemas(settings: &SchemaSettings) -> Vec<(&'static str, Value)> {
    vec![
        ("run_started", schema_of::<RunStarted>(settings)),
        ("cycle_started", schema_of::<CycleStarted>(settings)),
        ("hypotheses_registered", schema_of::<HypothesesRegistered>(settings)),
        ("experiments_finished", schema_of::<ExperimentsFinished>(settings)),
        ("cycle_judged", schema_of::<CycleVerdicts>(settings)),
        ("finding_drafted", schema_of::<DraftedFinding>(settings)),
        ("research_finished", schema_of::<ResearchFinished>(settings)),
    ]
}

fn schema_of<T: JsonSchema>(settings: &SchemaSettings) -> Value {
    settings.clone().into_generator().into_root_schema_for::<T>().to_value()
}

/// The schemas of the protocol: of `agent.toml` and of each event's and message's body; if `internal`, also of the
/// messages of the built-in agents.
pub fn protocol_schemas(internal: bool) -> Value {
    let settings = SchemaSettings::draft2020_12();
    let map = |list: Vec<(&'static str, Value)>| -> Value {
        list.into_iter()
            .map(|(name, schema)| (name.to_owned(), schema))
            .collect()
    };
    let mut all = json!({
        "protocol": PROTOCOL,
        "agent.toml": schema_of::<Manifest>(&settings),
        "events": map(event_schemas(&settings)),
        "messages": map(message_schemas(&settings)),
    });
    if internal && let Some(all) = all.as_object_mut() {
        all.insert("internal".to_owned(), schema_of::<Payload>(&settings));
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
        assert_eq!(names(event_schemas(&settings)), EVENTS);
        assert_eq!(names(message_schemas(&settings)), SPEECHES);
    }

    #[test]
    fn tests_and_hypotheses_have_relation_tier_and_analysis() {
        let all = protocol_schemas(false);
        for (event, definition) in [
            ("hypotheses_registered", "ToldHypothesis"),
            ("cycle_judged", "ToldTest"),
            ("finding_drafted", "ToldTest"),
            ("research_finished", "ToldTest"),
        ] {
            let properties = &all["events"][event]["$defs"][definition]["properties"];
            for key in ["relation", "tier"] {
                assert!(properties[key].is_object(), "{event}: {key}");
            }
            let analysis = properties["analysis"].to_string();
            assert!(analysis.contains("#/$defs/AnalysisRecord"), "{event}: {analysis}");
        }
    }

    /// Types were renamed in the code; agents' authors refer to the names in the schemas.
    #[test]
    fn definitions_keep_their_published_names() {
        let all = protocol_schemas(true);
        for name in ["Kind", "Limits", "Permissions", "Restart", "RestartKind"] {
            assert!(all["agent.toml"]["$defs"][name].is_object(), "{name}");
        }
        for name in ["Check", "Grounds"] {
            assert!(all["messages"]["challenge"]["$defs"][name].is_object(), "{name}");
        }
    }
}
