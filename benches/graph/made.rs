//! A graph in the shape that runs write, the same at each call.

use kosmos::{
    graph::{Edge, EdgeKind, Facts, Label, Node, names},
    science::{ClaimId, ExperimentId, HypothesisId, RunId, sha256_hex},
};
use serde_json::{Value, json};

/// Tests of an experiment.
const TESTS: usize = 25;

/// Experiments of a cycle, whose knowledge is one message.
const EXPERIMENTS: usize = 40;

/// Of a table's pairs, every so many-eth is tested on the second table too and left open there; as many are refuted.
const ELSEWHERE: usize = 10;

pub struct Made {
    /// Pairs of variables.
    pairs: Vec<(usize, usize)>,
    variables: usize,
}

/// A pair on a table.
struct Test {
    x: usize,
    y: usize,
    verdict: EdgeKind,
    p: f64,
}

impl Made {
    pub fn new(findings: usize) -> Self {
        let all = (0..).flat_map(|y| (0..y).map(move |x| (x, y)));
        let pairs: Vec<(usize, usize)> = all.take(findings).collect();
        let variables = pairs.last().map_or(0, |(_, y)| y + 1);
        Self { pairs, variables }
    }

    pub fn variables(&self) -> usize {
        self.variables
    }

    /// The nth variable's name, over and over.
    pub fn variable(&self, n: usize) -> String {
        column((n * 7919) % self.variables)
    }

    /// The nth pair's claim, over and over.
    pub fn claim(&self, n: usize) -> ClaimId {
        let (x, y) = self.pairs[(n * 7919) % self.pairs.len()];
        claim(x, y)
    }

    pub fn dataset(&self) -> String {
        table(0)
    }

    /// What each cycle of two runs, one to a table, writes.
    pub fn cycles(&self) -> impl Iterator<Item = Facts> + '_ {
        let first = self.pairs.iter().enumerate().map(|(n, pair)| Test {
            x: pair.0,
            y: pair.1,
            verdict: EdgeKind::Supports,
            p: chance(n) * 0.01,
        });
        let second = self.pairs.iter().enumerate().filter_map(|(n, pair)| {
            let (verdict, p) = match n % ELSEWHERE {
                0 => (EdgeKind::Tests, 0.01 + chance(n) * 0.1),
                5 => (EdgeKind::Refutes, 0.1 + chance(n) * 0.9),
                _ => return None,
            };
            let (x, y) = *pair;
            Some(Test { x, y, verdict, p })
        });
        self.written(0, first).chain(self.written(1, second))
    }

    fn written<'a>(&'a self, run: usize, tests: impl Iterator<Item = Test> + 'a) -> impl Iterator<Item = Facts> + 'a {
        let mut tests = tests.peekable();
        let mut cycle = 0;
        std::iter::from_fn(move || {
            tests.peek()?;
            cycle += 1;
            let mut writer = Writer::new(run, cycle);
            writer.frame(self.variables);
            for experiment in 0..EXPERIMENTS {
                let tests: Vec<Test> = tests.by_ref().take(TESTS).collect();
                if !tests.is_empty() {
                    writer.experiment(experiment, &tests);
                }
            }
            Some(writer.facts)
        })
    }
}

/// Between 0 and 1, the same for the same number.
fn chance(n: usize) -> f64 {
    let mixed = (n as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed >> 11) as f64 / (1u64 << 53) as f64
}

fn column(n: usize) -> String {
    format!("measurement_{n:03}")
}

fn table(run: usize) -> String {
    sha256_hex(format!("table {run}"))
}

fn claim(x: usize, y: usize) -> ClaimId {
    ClaimId::derive(format!("{x} {y}"))
}

struct Writer {
    run: String,
    message: String,
    sha256: String,
    cycle: usize,
    facts: Facts,
}

impl Writer {
    fn new(run: usize, cycle: usize) -> Self {
        let run_name = format!("made-20260101-00000{run}-000{run}");
        Self {
            message: sha256_hex(format!("{run_name} {cycle}"))[..32].to_owned(),
            run: run_name,
            sha256: table(run),
            cycle,
            facts: Facts::default(),
        }
    }

    fn origin(&self, experiment: Option<&str>) -> Value {
        json!({ "runs": [self.run], "messages": [self.message], "experiments": experiment.map(|id| vec![id]) })
    }

    fn node(&mut self, label: Label, id: &str, experiment: Option<&str>, told: Value) {
        let node = Node::new(label, id)
            .with_properties(told)
            .with_properties(self.origin(experiment));
        self.facts.add_node(node);
    }

    fn edge(&mut self, kind: EdgeKind, from: &str, to: &str, experiment: Option<&str>, told: Value) {
        let edge = Edge::new(kind, from, to)
            .with_properties(told)
            .with_properties(self.origin(experiment));
        self.facts.add_edge(edge);
    }

    fn link(&mut self, kind: EdgeKind, from: &str, to: &str) {
        self.edge(kind, from, to, None, json!({}));
    }

    fn frame(&mut self, variables: usize) {
        let run = names::run_node_id(&self.run.parse::<RunId>().unwrap());
        let (question, dataset) = (
            names::question_node_id("What goes with what?"),
            names::dataset_node_id(&self.sha256),
        );
        let told = json!({ "name": self.run, "project": "made", "cycles": self.cycle });
        self.node(Label::Run, &run, None, told);
        let told = json!({ "text": "What goes with what?" });
        self.node(Label::Question, &question, None, told);
        self.link(EdgeKind::Asks, &run, &question);
        let told = json!({ "name": "made", "sha256": self.sha256, "rows": 10_000 });
        self.node(Label::Dataset, &dataset, None, told);
        self.link(EdgeKind::Uses, &run, &dataset);
        let agent = names::agent_node_id(None);
        let told = json!({ "name": "rule book", "kind": "rule_book" });
        self.node(Label::Agent, &agent, None, told);
        for name in (0..variables).map(column) {
            let variable = names::variable_node_id(&self.sha256, &name);
            let told = json!({ "name": name, "role": "measure" });
            self.node(Label::Variable, &variable, None, told);
            self.link(EdgeKind::HasVariable, &dataset, &variable);
            let concept = names::concept_node_id(&name);
            self.node(Label::Concept, &concept, None, json!({ "name": name }));
            self.link(EdgeKind::Mentions, &variable, &concept);
        }
    }

    fn experiment(&mut self, n: usize, tests: &[Test]) {
        let experiment = ExperimentId::derive(format!("{} {} {n}", self.run, self.cycle));
        let name = experiment.to_string();
        let id = names::experiment_node_id(&experiment);
        let told = json!({
            "template": "pairs", "script_sha256": sha256_hex(format!("script {name}")),
            "result_sha256": sha256_hex(format!("result {name}")),
        });
        self.node(Label::Experiment, &id, Some(&name), told);
        let run = names::run_node_id(&self.run.parse::<RunId>().unwrap());
        self.edge(EdgeKind::SpawnedBy, &id, &run, Some(&name), json!({}));
        let dataset = names::dataset_node_id(&self.sha256);
        self.edge(EdgeKind::Uses, &id, &dataset, Some(&name), json!({}));
        for test in tests {
            self.test(&experiment, &id, test);
        }
    }

    fn test(&mut self, experiment: &ExperimentId, of: &str, test: &Test) {
        let (claim, x, y) = (claim(test.x, test.y), column(test.x), column(test.y));
        let (hypothesis, name) = (names::hypothesis_node_id(&claim), Some(experiment.as_str()));
        let statement = format!("{y} rises with {x}, whatever else is held constant");
        let told = json!({
            "statement": statement, "kind": "numeric_numeric", "x": x, "y": y, "predicted": "+", "covariates": [],
        });
        self.node(Label::Hypothesis, &hypothesis, None, told);
        self.link(
            EdgeKind::SpawnedBy,
            &hypothesis,
            &names::question_node_id("What goes with what?"),
        );
        self.link(EdgeKind::ProposedBy, &hypothesis, &names::agent_node_id(None));
        for column in [&x, &y] {
            self.link(EdgeKind::Mentions, &hypothesis, &names::concept_node_id(column));
            self.link(
                EdgeKind::Mentions,
                &hypothesis,
                &names::variable_node_id(&self.sha256, column),
            );
        }
        self.edge(EdgeKind::Tests, of, &hypothesis, name, json!({}));
        let of_run = HypothesisId::derive(format!("{} {claim}", self.run));
        let result = names::result_node_id(experiment, &of_run);
        let (p, q, effect) = (test.p, test.p * 1.7, 0.9 - test.p);
        let significant = test.verdict == EdgeKind::Supports;
        let wording = match test.verdict {
            EdgeKind::Supports => "replicated association",
            EdgeKind::Tests => "suggestive",
            _ => "no detectable association",
        };
        let told = json!({
            "test": "spearmanr", "part": "whole", "n": 10_000, "statistic": effect * 100.0, "p": p, "q": q,
            "direction": "+", "effect_name": "spearman_rho", "effect": effect, "ci_low": effect - 0.05,
            "ci_high": effect + 0.05, "significant": significant, "replicated": significant, "wording": wording,
            "dataset": self.sha256, "locator": format!("tests[{}]", test.x), "explore_n": 4000, "explore_p": p,
            "explore_direction": "+", "explore_effect": effect,
        });
        self.node(Label::Result, &result, name, told);
        self.edge(EdgeKind::Produced, of, &result, name, json!({}));
        let told = json!({ "p": p, "q": q, "effect": effect, "ci_low": effect - 0.05, "ci_high": effect + 0.05 });
        self.edge(test.verdict, &result, &hypothesis, name, told);
        if !significant {
            return;
        }
        let finding = names::finding_node_id(&claim, &self.sha256);
        let told = json!({
            "statement": statement, "kind": "numeric_numeric", "x": x, "y": y, "covariates": [], "direction": "+",
            "effect_name": "spearman_rho", "effect": effect, "ci_low": effect - 0.05, "ci_high": effect + 0.05,
            "p": p, "q": q, "wording": wording, "replicated": true, "caveats": [], "dataset": self.sha256,
            "explore_n": 4000, "explore_p": p, "explore_direction": "+", "explore_effect": effect,
        });
        self.node(Label::Finding, &finding, name, told);
        self.edge(EdgeKind::DerivedFrom, &finding, &result, name, json!({}));
        for (role, column) in [("x", &x), ("y", &y)] {
            let told = json!({ "role": role });
            self.edge(
                EdgeKind::Mentions,
                &finding,
                &names::concept_node_id(column),
                name,
                told,
            );
        }
    }
}
