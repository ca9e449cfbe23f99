//! What a cycle's results say, as nodes and edges with ids of our own.

use serde_json::json;

use crate::graph::{Edge, Facts, Label, Node, Relation};
use crate::message::{Envelope, RecordKnowledge};
use crate::science::{Hypothesis, TestRecord, sha256_hex};

/// The nodes and edges of `knowledge`. Ids are derived from content, so the same facts written again
/// change nothing.
pub fn facts(message: &Envelope, knowledge: &RecordKnowledge) -> Facts {
    let mut facts = Facts::default();
    let origin = json!({ "run": message.run, "message": message.id });
    let run = format!("run:{}", message.run);
    let question = format!("question:{}", short(&knowledge.question));
    facts.node(Node::new(Label::Run, &run).with(json!({ "name": message.run })));
    facts.node(Node::new(Label::Question, &question).with(json!({ "text": knowledge.question })));
    facts.edge(Edge::new(Relation::Asks, &run, &question).with(origin.clone()));
    for dataset in &knowledge.datasets {
        let id = dataset_id(&dataset.sha256);
        facts.node(Node::new(Label::Dataset, &id).with(json!({ "name": dataset.name, "sha256": dataset.sha256 })));
        facts.edge(Edge::new(Relation::Uses, &run, &id).with(origin.clone()));
        for column in dataset
            .profile
            .iter()
            .flat_map(|profile| &profile.columns)
            .filter(|column| column.usable)
        {
            let variable = variable_id(&dataset.sha256, &column.name);
            facts.node(Node::new(Label::Variable, &variable).with(json!({ "name": column.name, "role": column.role })));
            facts.edge(Edge::new(Relation::HasVariable, &id, &variable).with(origin.clone()));
        }
    }
    for experiment in &knowledge.experiments {
        let id = format!("experiment:{}", experiment.id);
        facts.node(Node::new(Label::Experiment, &id).with(json!({
            "template": experiment.protocol.template,
            "script_sha256": experiment.script_sha256,
            "result_sha256": experiment.result_sha256,
        })));
        facts.edge(Edge::new(Relation::DerivedFrom, &id, &run).with(origin.clone()));
    }
    for hypothesis in &knowledge.hypotheses {
        hypothesis_facts(&mut facts, knowledge, hypothesis, &question, &origin);
    }
    for record in &knowledge.records {
        record_facts(&mut facts, record, &origin);
    }
    facts
}

fn hypothesis_facts(
    facts: &mut Facts,
    knowledge: &RecordKnowledge,
    hypothesis: &Hypothesis,
    question: &str,
    origin: &serde_json::Value,
) {
    let id = format!("hypothesis:{}", hypothesis.id);
    facts.node(Node::new(Label::Hypothesis, &id).with(json!({
        "statement": hypothesis.statement,
        "kind": hypothesis.kind,
        "predicted": hypothesis.predicted,
        "cycle": knowledge.cycle,
    })));
    facts.edge(Edge::new(Relation::SpawnedBy, &id, question).with(origin.clone()));
    if let Some(parent) = &hypothesis.parent {
        facts.edge(Edge::new(Relation::Refines, &id, &format!("hypothesis:{parent}")).with(origin.clone()));
    }
    let Some(dataset) = knowledge
        .datasets
        .iter()
        .find(|dataset| dataset.name == hypothesis.dataset)
    else {
        return;
    };
    let named = [&hypothesis.x, &hypothesis.y]
        .into_iter()
        .chain(&hypothesis.covariates)
        .chain(&hypothesis.by);
    for column in named {
        let variable = variable_id(&dataset.sha256, column);
        facts.edge(Edge::new(Relation::Mentions, &id, &variable).with(origin.clone()));
    }
}

fn record_facts(facts: &mut Facts, record: &TestRecord, origin: &serde_json::Value) {
    let hypothesis = format!("hypothesis:{}", record.id);
    let experiment = format!("experiment:{}", record.evidence.experiment);
    let result = format!("result:{}:{}", record.evidence.experiment, record.id);
    facts.edge(Edge::new(Relation::Tests, &experiment, &hypothesis).with(origin.clone()));
    facts.node(Node::new(Label::Result, &result).with(json!({
        "test": record.test,
        "n": record.n,
        "statistic": record.statistic,
        "p": record.p,
        "q": record.q,
        "direction": record.direction,
        "locator": record.evidence.locator,
    })));
    facts.edge(Edge::new(Relation::Produced, &experiment, &result).with(origin.clone()));
    let verdict = match record.significant {
        true => Relation::Supports,
        false => Relation::Refutes,
    };
    if record.significant || record.wording == "no detectable association" {
        facts.edge(Edge::new(verdict, &result, &hypothesis).with(json!({
            "p": record.p,
            "q": record.q,
            "effect": record.effect.value,
            "ci_low": record.effect.ci_low,
            "ci_high": record.effect.ci_high,
            "run": origin["run"],
            "message": origin["message"],
        })));
    }
    if record.significant {
        let finding = format!("finding:{}", record.id);
        facts.node(Node::new(Label::Finding, &finding).with(json!({
            "statement": record.statement,
            "wording": record.wording,
            "direction": record.direction,
            "replicated": record.replicated,
            "caveats": record.caveats,
        })));
        facts.edge(Edge::new(Relation::DerivedFrom, &finding, &result).with(origin.clone()));
    }
}

fn dataset_id(sha256: &str) -> String {
    format!("dataset:{}", sha256.get(..16).unwrap_or(sha256))
}

fn variable_id(dataset_sha256: &str, column: &str) -> String {
    format!(
        "variable:{}:{}",
        dataset_sha256.get(..16).unwrap_or(dataset_sha256),
        short(column)
    )
}

fn short(text: &str) -> String {
    let hash = sha256_hex(text);
    hash.get(..16).unwrap_or(&hash).to_owned()
}
