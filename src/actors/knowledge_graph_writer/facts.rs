//! The results of a cycle as nodes and edges with ids of our own.

use serde_json::{Value, json};

use crate::graph::{Edge, EdgeKind, Facts, Label, Node, derive_analysis, names};
use crate::message::{AddedEvidence, AgentName, Echo, Envelope, RecordKnowledge, Says};
use crate::science::{DatasetRecord, Hypothesis, HypothesisId, TestRecord, Wording};

/// The nodes and edges of `knowledge`. It depends on nothing but the message, and ids are derived from content: the
/// same facts written again change nothing.
pub fn derive_facts(message: &Envelope, knowledge: &RecordKnowledge) -> Facts {
    let mut writer = Writer {
        message,
        knowledge,
        facts: Facts::default(),
    };
    writer.add_run_and_tables();
    for experiment in &knowledge.experiments {
        writer.add_experiment(experiment);
    }
    for hypothesis in &knowledge.hypotheses {
        writer.add_hypothesis(hypothesis);
    }
    for record in &knowledge.records {
        writer.add_test_record(record);
    }
    for echo in &knowledge.echoes {
        writer.add_echo(echo);
    }
    for (agent, added) in &knowledge.citations {
        writer.add_citation(agent, added);
    }
    writer.facts
}

struct Writer<'a> {
    message: &'a Envelope,
    knowledge: &'a RecordKnowledge,
    facts: Facts,
}

impl Writer<'_> {
    /// Where a node or an edge comes from, besides its own properties.
    fn origin_properties(&self, experiment: Option<&str>) -> Value {
        json!({
            "runs": [self.message.run],
            "messages": [self.message.id],
            "experiments": experiment.map(|id| vec![id]),
        })
    }

    fn add_node(&mut self, label: Label, id: &str, experiment: Option<&str>, properties: Value) {
        let node = Node::new(label, id)
            .with_properties(properties)
            .with_properties(self.origin_properties(experiment));
        self.facts.add_node(node);
    }

    fn add_edge(&mut self, relation: EdgeKind, from: &str, to: &str, experiment: Option<&str>, properties: Value) {
        let edge = Edge::new(relation, from, to)
            .with_properties(properties)
            .with_properties(self.origin_properties(experiment));
        self.facts.add_edge(edge);
    }

    /// The analysis and the relation of the node that was added last.
    fn add_analysis(&mut self) {
        let derived = self.facts.nodes.last().map(derive_analysis);
        self.facts.extend(derived.unwrap_or_default());
    }

    fn link_nodes(&mut self, relation: EdgeKind, from: &str, to: &str) {
        self.add_edge(relation, from, to, None, json!({}));
    }

    fn find_dataset(&self, name: &str) -> Option<&DatasetRecord> {
        self.knowledge.datasets.iter().find(|dataset| dataset.name == name)
    }

    fn find_hypothesis(&self, id: &HypothesisId) -> Option<&Hypothesis> {
        let known = self.knowledge.hypotheses.iter().chain(&self.knowledge.parents);
        known.into_iter().find(|hypothesis| hypothesis.id == *id)
    }

    /// The run, its question, its tables and their columns.
    fn add_run_and_tables(&mut self) {
        let knowledge = self.knowledge;
        let run = names::run_node_id(&self.message.run);
        let question = names::question_node_id(&knowledge.question);
        let told = json!({ "name": self.message.run, "project": knowledge.project, "cycles": knowledge.cycle });
        self.add_node(Label::Run, &run, None, told);
        self.add_node(Label::Question, &question, None, json!({ "text": knowledge.question }));
        self.link_nodes(EdgeKind::Asks, &run, &question);
        for dataset in &knowledge.datasets {
            let id = names::dataset_node_id(&dataset.sha256);
            let profile = dataset.profile.as_ref();
            let told = json!({
                "name": dataset.name, "sha256": dataset.sha256, "rows": profile.map(|profile| profile.rows),
                "row_sketch": profile.map(|profile| &profile.row_sketch),
            });
            self.add_node(Label::Dataset, &id, None, told);
            self.link_nodes(EdgeKind::Uses, &run, &id);
            let columns = profile.into_iter().flat_map(|profile| &profile.columns);
            for column in columns.filter(|column| column.usable) {
                let variable = names::variable_node_id(&dataset.sha256, &column.name);
                let told = json!({ "name": column.name, "role": column.role });
                self.add_node(Label::Variable, &variable, None, told);
                self.link_nodes(EdgeKind::HasVariable, &id, &variable);
                let concept = self.add_concept(&column.name);
                self.link_nodes(EdgeKind::Mentions, &variable, &concept);
            }
        }
    }

    fn add_concept(&mut self, column: &str) -> String {
        let concept = names::concept_node_id(column);
        self.add_node(
            Label::Concept,
            &concept,
            None,
            json!({ "name": column.trim().to_lowercase() }),
        );
        concept
    }

    fn add_experiment(&mut self, experiment: &crate::science::ExperimentRecord) {
        let id = names::experiment_node_id(&experiment.id);
        let name = Some(experiment.id.as_str());
        let told = json!({
            "template": experiment.protocol.template,
            "script_sha256": experiment.script_sha256,
            "result_sha256": experiment.result_sha256,
        });
        self.add_node(Label::Experiment, &id, name, told);
        let run = names::run_node_id(&self.message.run);
        self.add_edge(EdgeKind::SpawnedBy, &id, &run, name, json!({}));
        if let Some(dataset) = self.find_dataset(&experiment.protocol.dataset) {
            let dataset = names::dataset_node_id(&dataset.sha256);
            self.add_edge(EdgeKind::Uses, &id, &dataset, name, json!({}));
        }
    }

    fn add_hypothesis(&mut self, hypothesis: &Hypothesis) {
        let id = names::hypothesis_node_id(&hypothesis.derive_claim_id());
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
        self.add_node(Label::Hypothesis, &id, None, told);
        self.add_analysis();
        let question = names::question_node_id(&self.knowledge.question);
        self.link_nodes(EdgeKind::SpawnedBy, &id, &question);
        let parent = hypothesis
            .parent
            .as_ref()
            .and_then(|parent| self.find_hypothesis(parent));
        if let Some(parent) = parent.map(|parent| names::hypothesis_node_id(&parent.derive_claim_id())) {
            self.link_nodes(EdgeKind::Refines, &id, &parent);
        }
        let model = hypothesis.proposed_by.as_deref();
        let agent = names::agent_node_id(model);
        let told = match model {
            None => json!({ "name": "rule book", "kind": "rule_book" }),
            Some(model) => json!({ "name": model, "kind": "model" }),
        };
        self.add_node(Label::Agent, &agent, None, told);
        self.link_nodes(EdgeKind::ProposedBy, &id, &agent);
        let sha256 = self
            .find_dataset(&hypothesis.dataset)
            .map(|dataset| dataset.sha256.clone());
        for (_, column) in columns_with_roles(hypothesis) {
            let concept = self.add_concept(column);
            self.link_nodes(EdgeKind::Mentions, &id, &concept);
            if let Some(sha256) = &sha256 {
                self.link_nodes(EdgeKind::Mentions, &id, &names::variable_node_id(sha256, column));
            }
        }
    }

    fn add_test_record(&mut self, record: &TestRecord) {
        let (Some(hypothesis), Some(dataset)) = (
            self.find_hypothesis(&record.id).cloned(),
            self.find_dataset(&record.dataset),
        ) else {
            return;
        };
        let (claim, sha256) = (hypothesis.derive_claim_id(), dataset.sha256.clone());
        let name = Some(record.evidence.experiment.as_str());
        let id = names::hypothesis_node_id(&claim);
        let experiment = names::experiment_node_id(&record.evidence.experiment);
        let result = names::result_node_id(&record.evidence.experiment, &record.id);
        self.add_edge(EdgeKind::Tests, &experiment, &id, name, json!({}));
        self.add_node(Label::Result, &result, name, outcome_properties(record, &sha256));
        self.add_edge(EdgeKind::Produced, &experiment, &result, name, json!({}));
        let verdict = match (record.significant, &record.wording) {
            (true, _) => EdgeKind::Supports,
            (false, Wording::Suggestive) => EdgeKind::Tests,
            (false, _) => EdgeKind::Refutes,
        };
        let numbers = json!({
            "p": record.p,
            "q": record.q,
            "effect": record.effect.value,
            "ci_low": record.effect.ci_low,
            "ci_high": record.effect.ci_high,
        });
        self.add_edge(verdict, &result, &id, name, numbers);
        if !record.is_finding() {
            return;
        }
        let finding = names::finding_node_id(&claim, &sha256);
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
            "levels": level_count(record),
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
        self.add_node(Label::Finding, &finding, name, with_explore_part(told, record));
        self.add_analysis();
        self.add_edge(EdgeKind::DerivedFrom, &finding, &result, name, json!({}));
        for (role, column) in columns_with_roles(&hypothesis) {
            let concept = self.add_concept(column);
            self.add_edge(EdgeKind::Mentions, &finding, &concept, name, json!({ "role": role }));
        }
    }

    /// A finding that is still one cites what others have written of it.
    fn add_citation(&mut self, agent: &AgentName, added: &AddedEvidence) {
        let record = self.knowledge.records.iter().find(|record| record.id == added.finding);
        let Some(record) = record.filter(|record| record.is_finding()) else {
            return;
        };
        let (Some(hypothesis), Some(dataset)) = (
            self.find_hypothesis(&record.id).cloned(),
            self.find_dataset(&record.dataset),
        ) else {
            return;
        };
        let finding = names::finding_node_id(&hypothesis.derive_claim_id(), &dataset.sha256);
        let source = &added.source;
        let paper = names::paper_node_id(source.doi.as_deref(), &source.title);
        let told = json!({
            "title": source.title, "authors": source.authors, "year": source.year, "doi": source.doi, "url": source.url,
        });
        self.add_node(Label::Paper, &paper, None, told);
        let told = json!({
            "stance": added.stance, "statement": added.statement, "locator": source.locator, "passage": source.passage,
            "agent": agent,
        });
        self.add_edge(EdgeKind::Cites, &finding, &paper, None, told);
    }

    fn add_echo(&mut self, echo: &Echo) {
        let relation = match echo.says {
            Says::Replicates => EdgeKind::Replicates,
            Says::Contradicts => EdgeKind::Contradicts,
            Says::Fails | Says::Differs => return,
        };
        let Some(record) = self.knowledge.records.iter().find(|record| record.id == echo.finding) else {
            return;
        };
        let Some(dataset) = self.find_dataset(&record.dataset) else {
            return;
        };
        let finding = names::finding_node_id(&echo.earlier.claim, &dataset.sha256);
        let earlier = names::finding_node_id(&echo.earlier.claim, &echo.earlier.tested_on);
        let told = json!({ "shared_rows": echo.earlier.shared_rows });
        self.add_edge(relation, &finding, &earlier, None, told);
    }
}

/// The columns that a hypothesis speaks of, with the part that each has in it.
fn columns_with_roles(hypothesis: &Hypothesis) -> impl Iterator<Item = (&'static str, &String)> {
    let ends = [("x", &hypothesis.x), ("y", &hypothesis.y)];
    let held = hypothesis.covariates.iter().map(|column| ("covariate", column));
    let by = hypothesis.by.iter().map(|column| ("by", column));
    ends.into_iter().chain(held).chain(by)
}

fn level_count(record: &TestRecord) -> Option<usize> {
    record.groups.as_ref().map(Vec::len)
}

fn outcome_properties(record: &TestRecord, sha256: &str) -> Value {
    let told = json!({
        "test": record.test,
        "part": record.part,
        "n": record.n,
        "statistic": record.statistic,
        "p": record.p,
        "q": record.q,
        "direction": record.direction,
        "y_level": record.y_level,
        "levels": level_count(record),
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
    with_explore_part(told, record)
}

/// Joined by what the explore part of the rows gave.
fn with_explore_part(mut told: Value, record: &TestRecord) -> Value {
    if let (Some(explore), Some(told)) = (&record.explore, told.as_object_mut()) {
        told.insert("explore_n".to_owned(), json!(explore.n));
        told.insert("explore_p".to_owned(), json!(explore.p));
        told.insert("explore_direction".to_owned(), json!(explore.direction));
        let effect = explore.effect.as_ref().and_then(|effect| effect.value);
        told.insert("explore_effect".to_owned(), json!(effect));
    }
    told
}
