//! A small graph for tests: what two runs of a project and one of none learnt of two tables.

use kosmos::graph::{Edge, EdgeKind, Facts, Format, Label, Node, export_graph, names};
use kosmos::science::{ClaimId, ExperimentId, HypothesisId, RunId, sha256_hex};
use serde_json::{Value, json};

/// A column's name that would move a terminal's cursor and end a query.
pub const HOSTILE: &str = "evil \u{1b}[2J'}) DETACH DELETE n // \u{202e}x";

pub fn table(name: &str) -> String {
    sha256_hex(name)
}

/// The finding that heavier penguins have longer flippers, in the first table.
pub fn finding() -> String {
    names::finding_node_id(&claim("flipper_length", "body_mass"), &table("penguins"))
}

pub fn small_graph() -> Facts {
    let mut small = Small::default();
    small.run("r1", Some("birds"), "What goes with weight?", "penguins");
    small.run("r2", Some("birds"), "What goes with weight?", "gulls");
    small.run("r3", None, "Is it cold?", "gulls");
    small.tested(
        "r1",
        "penguins",
        "flipper_length",
        "body_mass",
        EdgeKind::Supports,
        0.001,
    );
    small.tested("r1", "penguins", "bill_depth", "body_mass", EdgeKind::Supports, 0.004);
    small.tested("r1", "penguins", "year", "body_mass", EdgeKind::Tests, 0.07);
    small.tested("r1", "penguins", "year", "island", EdgeKind::Refutes, 0.8);
    small.tested("r2", "gulls", "flipper_length", "body_mass", EdgeKind::Supports, 0.002);
    small.tested("r2", "gulls", "bill_depth", "body_mass", EdgeKind::Supports, 0.003);
    small.tested("r3", "gulls", HOSTILE, "island", EdgeKind::Supports, 0.01);
    for (x, relation) in [
        ("flipper_length", EdgeKind::Replicates),
        ("bill_depth", EdgeKind::Contradicts),
    ] {
        let finding = |name: &str| names::finding_node_id(&claim(x, "body_mass"), &table(name));
        small.edge(relation, &finding("gulls"), &finding("penguins"), "r2");
    }
    small.0
}

/// As a document to import.
pub fn document() -> String {
    let mut document = Vec::new();
    export_graph(
        &small_graph().merge_duplicates().unwrap(),
        Format::Jsonld,
        &mut document,
    )
    .unwrap();
    String::from_utf8(document).unwrap()
}

fn claim(x: &str, y: &str) -> ClaimId {
    ClaimId::derive(format!("{x} {y}"))
}

#[derive(Default)]
struct Small(Facts);

impl Small {
    fn node(&mut self, label: Label, id: &str, run: &str, told: Value) {
        let node = Node::new(label, id)
            .with_properties(told)
            .with_properties(json!({ "runs": [run] }));
        self.0.add_node(node);
    }

    fn edge(&mut self, kind: EdgeKind, from: &str, to: &str, run: &str) {
        self.0
            .add_edge(Edge::new(kind, from, to).with_properties(json!({ "runs": [run] })));
    }

    fn run(&mut self, name: &str, project: Option<&str>, text: &str, data: &str) {
        let (run, question) = (
            names::run_node_id(&name.parse::<RunId>().unwrap()),
            names::question_node_id(text),
        );
        let dataset = names::dataset_node_id(&table(data));
        let told = json!({ "name": name, "project": project, "cycles": 2 });
        self.node(Label::Run, &run, name, told);
        self.node(Label::Question, &question, name, json!({ "text": text }));
        self.edge(EdgeKind::Asks, &run, &question, name);
        let told = json!({ "name": data, "sha256": table(data), "rows": 100 });
        self.node(Label::Dataset, &dataset, name, told);
        self.edge(EdgeKind::Uses, &run, &dataset, name);
    }

    fn tested(&mut self, run: &str, data: &str, x: &str, y: &str, verdict: EdgeKind, p: f64) {
        let claim = claim(x, y);
        let hypothesis = names::hypothesis_node_id(&claim);
        let statement = format!("{y} goes with {x}");
        let told = json!({ "statement": statement, "kind": "numeric_numeric", "x": x, "y": y });
        self.node(Label::Hypothesis, &hypothesis, run, told);
        for column in [x, y] {
            let concept = names::concept_node_id(column);
            self.node(Label::Concept, &concept, run, json!({ "name": column }));
            self.edge(EdgeKind::Mentions, &hypothesis, &concept, run);
        }
        let name = ExperimentId::derive(format!("{run} {claim}"));
        let experiment = names::experiment_node_id(&name);
        let told = json!({
            "template": "pair", "script_sha256": table(&format!("script {name}")),
            "result_sha256": table(&format!("result {name}")),
        });
        self.node(Label::Experiment, &experiment, run, told);
        let of = names::run_node_id(&run.parse::<RunId>().unwrap());
        self.edge(EdgeKind::SpawnedBy, &experiment, &of, run);
        let dataset = names::dataset_node_id(&table(data));
        self.edge(EdgeKind::Uses, &experiment, &dataset, run);
        self.edge(EdgeKind::Tests, &experiment, &hypothesis, run);
        let result = names::result_node_id(&name, &HypothesisId::derive(claim.as_str()));
        let significant = verdict == EdgeKind::Supports;
        let told = json!({
            "statement": statement, "kind": "numeric_numeric", "x": x, "y": y, "test": "spearmanr", "n": 100, "p": p,
            "q": p * 2.0, "direction": "+", "effect_name": "spearman_rho", "effect": 0.5, "wording": "association",
            "significant": significant, "dataset": table(data), "locator": "tests[0]",
        });
        self.node(Label::Result, &result, run, told.clone());
        self.edge(EdgeKind::Produced, &experiment, &result, run);
        self.edge(verdict, &result, &hypothesis, run);
        if !significant {
            return;
        }
        let finding = names::finding_node_id(&claim, &table(data));
        self.node(Label::Finding, &finding, run, told);
        self.edge(EdgeKind::DerivedFrom, &finding, &result, run);
        for column in [x, y] {
            self.edge(EdgeKind::Mentions, &finding, &names::concept_node_id(column), run);
        }
    }
}
