//! What a cycle's results say, as nodes and edges with ids of our own.

use serde_json::{Value, json};

use crate::graph::{Edge, Facts, Label, Node, Relation, names};
use crate::message::{AddedEvidence, AgentName, Echo, Envelope, RecordKnowledge, Says};
use crate::science::{DatasetRecord, Hypothesis, HypothesisId, TestRecord};

/// The nodes and edges of `knowledge`. It depends on nothing but the message, and ids are derived from content: the same
/// facts written again change nothing.
pub fn facts(message: &Envelope, knowledge: &RecordKnowledge) -> Facts {
    let mut writer = Writer {
        message,
        knowledge,
        facts: Facts::default(),
    };
    writer.frame();
    for experiment in &knowledge.experiments {
        writer.experiment(experiment);
    }
    for hypothesis in &knowledge.hypotheses {
        writer.hypothesis(hypothesis);
    }
    for record in &knowledge.records {
        writer.record(record);
    }
    for echo in &knowledge.echoes {
        writer.echo(echo);
    }
    for (agent, added) in &knowledge.citations {
        writer.citation(agent, added);
    }
    writer.facts
}

/// A test that was not significant, and not refuted either.
const OPEN: &str = "suggestive";

struct Writer<'a> {
    message: &'a Envelope,
    knowledge: &'a RecordKnowledge,
    facts: Facts,
}

impl Writer<'_> {
    /// Where a node or an edge comes from, besides its own properties.
    fn origin(&self, experiment: Option<&str>) -> Value {
        json!({
            "runs": [self.message.run],
            "messages": [self.message.id],
            "experiments": experiment.map(|id| vec![id]),
        })
    }

    fn node(&mut self, label: Label, id: &str, experiment: Option<&str>, properties: Value) {
        let node = Node::new(label, id).with(properties).with(self.origin(experiment));
        self.facts.node(node);
    }

    fn edge(&mut self, relation: Relation, from: &str, to: &str, experiment: Option<&str>, properties: Value) {
        let edge = Edge::new(relation, from, to)
            .with(properties)
            .with(self.origin(experiment));
        self.facts.edge(edge);
    }

    fn link(&mut self, relation: Relation, from: &str, to: &str) {
        self.edge(relation, from, to, None, json!({}));
    }

    fn dataset(&self, name: &str) -> Option<&DatasetRecord> {
        self.knowledge.datasets.iter().find(|dataset| dataset.name == name)
    }

    fn claimed(&self, id: &HypothesisId) -> Option<&Hypothesis> {
        let known = self.knowledge.hypotheses.iter().chain(&self.knowledge.parents);
        known.into_iter().find(|hypothesis| hypothesis.id == *id)
    }

    /// The run, its question, its tables and their columns.
    fn frame(&mut self) {
        let knowledge = self.knowledge;
        let run = names::run(&self.message.run);
        let question = names::question(&knowledge.question);
        let told = json!({ "name": self.message.run, "project": knowledge.project, "cycles": knowledge.cycle });
        self.node(Label::Run, &run, None, told);
        self.node(Label::Question, &question, None, json!({ "text": knowledge.question }));
        self.link(Relation::Asks, &run, &question);
        for dataset in &knowledge.datasets {
            let id = names::dataset(&dataset.sha256);
            let profile = dataset.profile.as_ref();
            let told = json!({
                "name": dataset.name, "sha256": dataset.sha256, "rows": profile.map(|profile| profile.rows),
                "row_sketch": profile.map(|profile| &profile.row_sketch),
            });
            self.node(Label::Dataset, &id, None, told);
            self.link(Relation::Uses, &run, &id);
            let columns = profile.into_iter().flat_map(|profile| &profile.columns);
            for column in columns.filter(|column| column.usable) {
                let variable = names::variable(&dataset.sha256, &column.name);
                let told = json!({ "name": column.name, "role": column.role });
                self.node(Label::Variable, &variable, None, told);
                self.link(Relation::HasVariable, &id, &variable);
                let concept = self.concept(&column.name);
                self.link(Relation::Mentions, &variable, &concept);
            }
        }
    }

    fn concept(&mut self, column: &str) -> String {
        let concept = names::concept(column);
        self.node(
            Label::Concept,
            &concept,
            None,
            json!({ "name": column.trim().to_lowercase() }),
        );
        concept
    }

    fn experiment(&mut self, experiment: &crate::science::ExperimentRecord) {
        let id = names::experiment(&experiment.id);
        let name = Some(experiment.id.as_str());
        let told = json!({
            "template": experiment.protocol.template,
            "script_sha256": experiment.script_sha256,
            "result_sha256": experiment.result_sha256,
        });
        self.node(Label::Experiment, &id, name, told);
        let run = names::run(&self.message.run);
        self.edge(Relation::SpawnedBy, &id, &run, name, json!({}));
        if let Some(dataset) = self.dataset(&experiment.protocol.dataset) {
            let dataset = names::dataset(&dataset.sha256);
            self.edge(Relation::Uses, &id, &dataset, name, json!({}));
        }
    }

    fn hypothesis(&mut self, hypothesis: &Hypothesis) {
        let id = names::hypothesis(&hypothesis.claim());
        let told = json!({
            "statement": hypothesis.statement,
            "kind": hypothesis.kind,
            "x": hypothesis.x,
            "y": hypothesis.y,
            "covariates": hypothesis.covariates,
            "by": hypothesis.by,
            "event": hypothesis.event,
            "predicted": hypothesis.predicted,
        });
        self.node(Label::Hypothesis, &id, None, told);
        let question = names::question(&self.knowledge.question);
        self.link(Relation::SpawnedBy, &id, &question);
        let parent = hypothesis.parent.as_ref().and_then(|parent| self.claimed(parent));
        if let Some(parent) = parent.map(|parent| names::hypothesis(&parent.claim())) {
            self.link(Relation::Refines, &id, &parent);
        }
        let model = hypothesis.proposed_by.as_deref();
        let agent = names::agent(model);
        let told = match model {
            None => json!({ "name": "rule book", "kind": "rule_book" }),
            Some(model) => json!({ "name": model, "kind": "model" }),
        };
        self.node(Label::Agent, &agent, None, told);
        self.link(Relation::ProposedBy, &id, &agent);
        let sha256 = self.dataset(&hypothesis.dataset).map(|dataset| dataset.sha256.clone());
        for (_, column) in columns(hypothesis) {
            let concept = self.concept(column);
            self.link(Relation::Mentions, &id, &concept);
            if let Some(sha256) = &sha256 {
                self.link(Relation::Mentions, &id, &names::variable(sha256, column));
            }
        }
    }

    fn record(&mut self, record: &TestRecord) {
        let (Some(hypothesis), Some(dataset)) = (self.claimed(&record.id).cloned(), self.dataset(&record.dataset))
        else {
            return;
        };
        let (claim, sha256) = (hypothesis.claim(), dataset.sha256.clone());
        let name = Some(record.evidence.experiment.as_str());
        let id = names::hypothesis(&claim);
        let experiment = names::experiment(&record.evidence.experiment);
        let result = names::result(&record.evidence.experiment, &record.id);
        self.edge(Relation::Tests, &experiment, &id, name, json!({}));
        self.node(Label::Result, &result, name, outcome(record, &sha256));
        self.edge(Relation::Produced, &experiment, &result, name, json!({}));
        let verdict = match (record.significant, record.wording.as_str()) {
            (true, _) => Relation::Supports,
            (false, OPEN) => Relation::Tests,
            (false, _) => Relation::Refutes,
        };
        let numbers = json!({
            "p": record.p,
            "q": record.q,
            "effect": record.effect.value,
            "ci_low": record.effect.ci_low,
            "ci_high": record.effect.ci_high,
        });
        self.edge(verdict, &result, &id, name, numbers);
        if !record.is_finding() {
            return;
        }
        let finding = names::finding(&claim, &sha256);
        let told = json!({
            "statement": record.statement,
            "kind": record.kind,
            "x": record.x,
            "y": record.y,
            "covariates": record.covariates,
            "by": record.by,
            "event": hypothesis.event,
            "direction": record.direction,
            "y_level": record.y_level,
            "levels": levels(record),
            "effect_name": record.effect.name,
            "effect": record.effect.value,
            "ci_low": record.effect.ci_low,
            "ci_high": record.effect.ci_high,
            "p": record.p,
            "q": record.q,
            "wording": record.wording,
            "replicated": record.replicated,
            "caveats": record.caveats,
            "dataset": sha256,
        });
        self.node(Label::Finding, &finding, name, with_explored(told, record));
        self.edge(Relation::DerivedFrom, &finding, &result, name, json!({}));
        for (role, column) in columns(&hypothesis) {
            let concept = self.concept(column);
            self.edge(Relation::Mentions, &finding, &concept, name, json!({ "role": role }));
        }
    }

    /// A finding that is still one cites what others have written of it.
    fn citation(&mut self, agent: &AgentName, added: &AddedEvidence) {
        let record = self.knowledge.records.iter().find(|record| record.id == added.finding);
        let Some(record) = record.filter(|record| record.is_finding()) else {
            return;
        };
        let (Some(hypothesis), Some(dataset)) = (self.claimed(&record.id).cloned(), self.dataset(&record.dataset))
        else {
            return;
        };
        let finding = names::finding(&hypothesis.claim(), &dataset.sha256);
        let source = &added.source;
        let paper = names::paper(source.doi.as_deref(), &source.title);
        let told = json!({
            "title": source.title, "authors": source.authors, "year": source.year, "doi": source.doi, "url": source.url,
        });
        self.node(Label::Paper, &paper, None, told);
        let told = json!({
            "stance": added.stance, "statement": added.statement, "locator": source.locator, "passage": source.passage,
            "agent": agent,
        });
        self.edge(Relation::Cites, &finding, &paper, None, told);
    }

    fn echo(&mut self, echo: &Echo) {
        let relation = match echo.says {
            Says::Replicates => Relation::Replicates,
            Says::Contradicts => Relation::Contradicts,
            Says::Fails | Says::Differs => return,
        };
        let Some(record) = self.knowledge.records.iter().find(|record| record.id == echo.finding) else {
            return;
        };
        let Some(dataset) = self.dataset(&record.dataset) else {
            return;
        };
        let finding = names::finding(&echo.earlier.claim, &dataset.sha256);
        let earlier = names::finding(&echo.earlier.claim, &echo.earlier.tested_on);
        let told = json!({ "shared_rows": echo.earlier.shared_rows });
        self.edge(relation, &finding, &earlier, None, told);
    }
}

/// The columns that a hypothesis speaks of, with the part that each has in it.
fn columns(hypothesis: &Hypothesis) -> impl Iterator<Item = (&'static str, &String)> {
    let ends = [("x", &hypothesis.x), ("y", &hypothesis.y)];
    let held = hypothesis.covariates.iter().map(|column| ("covariate", column));
    let by = hypothesis.by.iter().map(|column| ("by", column));
    ends.into_iter().chain(held).chain(by)
}

fn levels(record: &TestRecord) -> Option<usize> {
    record.groups.as_ref().map(Vec::len)
}

fn outcome(record: &TestRecord, sha256: &str) -> Value {
    let told = json!({
        "test": record.test,
        "part": record.part,
        "n": record.n,
        "statistic": record.statistic,
        "p": record.p,
        "q": record.q,
        "direction": record.direction,
        "y_level": record.y_level,
        "levels": levels(record),
        "effect_name": record.effect.name,
        "effect": record.effect.value,
        "ci_low": record.effect.ci_low,
        "ci_high": record.effect.ci_high,
        "significant": record.significant,
        "replicated": record.replicated,
        "wording": record.wording,
        "dataset": sha256,
        "locator": record.evidence.locator,
    });
    with_explored(told, record)
}

/// Joined by what the explore part of the rows gave.
fn with_explored(mut told: Value, record: &TestRecord) -> Value {
    if let (Some(explore), Some(told)) = (&record.explore, told.as_object_mut()) {
        told.insert("explore_n".to_owned(), json!(explore.n));
        told.insert("explore_p".to_owned(), json!(explore.p));
        told.insert("explore_direction".to_owned(), json!(explore.direction));
        let effect = explore.effect.as_ref().and_then(|effect| effect.value);
        told.insert("explore_effect".to_owned(), json!(effect));
    }
    told
}
