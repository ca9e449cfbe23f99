//! What `kosmos` does with a graph, seen from outside: runs, their folders and the graph that they leave.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    process::Command,
    time::Duration,
};

use kosmos::graph::{EmbeddedGraph, Facts, GraphStore, Label, Neo4jGraph, Neo4jOptions, Properties};
use kosmos_testing::{TestHome, bolt_server::BoltServer, describe_output, repository_path};
use serde_json::{Value, json};

/// A home of its own for each test, and the graph in it or on a server.
pub struct Home {
    folder: TestHome,
}

impl Home {
    pub fn new() -> Self {
        Self {
            folder: TestHome::new(),
        }
    }

    pub fn path(&self) -> PathBuf {
        self.folder.kosmos_home()
    }

    pub fn file(&self, name: &str, content: &str) -> String {
        self.folder.file(name, content)
    }

    /// `kosmos` in this home, with the graph on `server` if there is one.
    pub fn kosmos(&self, arguments: &[&str], server: Option<&BoltServer>) -> Command {
        let mut command = self.folder.kosmos(arguments);
        if let Some(server) = server {
            server.configure(&mut command);
        }
        command
    }

    /// Runs it to its end, and takes its one JSON document.
    pub fn json(&self, arguments: &[&str], server: Option<&BoltServer>) -> Value {
        let output = self
            .kosmos(&[arguments, &["--json"]].concat(), server)
            .output()
            .unwrap();
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", describe_output(&output)))
    }

    /// A run of the penguins, or of another table of their columns, to its end.
    pub fn run(&self, data: &str, more: &[&str], server: Option<&BoltServer>) -> Run {
        let question = "What goes with body mass?";
        let arguments = ["run", "--question", question, "--data", data, "--target", "body_mass_g"];
        let told = self.json(&[&arguments, more].concat(), server);
        assert!(told["run"].is_string(), "{told:#}");
        let name = told["run"].as_str().unwrap().to_owned();
        Run {
            folder: self.path().join("runs").join(&name),
            name,
            told,
        }
    }

    /// All that is in the embedded graph.
    pub async fn graph(&self) -> Facts {
        let graph = EmbeddedGraph::open(&self.path().join("graph")).unwrap();
        graph.dump().await.unwrap()
    }
}

/// The options of a store on that server, which wait long enough for a busy machine.
pub fn store_options(server: &BoltServer) -> Neo4jOptions {
    Neo4jOptions {
        uri: server.uri.clone(),
        user: server.user.clone(),
        password: server.password.clone().into(),
        database: server.database.clone(),
        timeout: Duration::from_secs(30),
        batch: 500,
        patience: Duration::from_secs(60),
    }
}

/// The store on that server.
pub async fn open_store(server: &BoltServer) -> Neo4jGraph {
    Neo4jGraph::connect(store_options(server)).await.unwrap()
}

/// A run that is over.
pub struct Run {
    pub name: String,
    pub folder: PathBuf,
    pub told: Value,
}

impl Run {
    /// The claims that it tested on the data as given.
    pub fn claims(&self) -> BTreeSet<String> {
        let findings: Value =
            serde_json::from_str(&std::fs::read_to_string(self.folder.join("findings.json")).unwrap()).unwrap();
        let tests = findings["tests"].as_array().unwrap();
        let claim = |test: &Value| {
            let (x, y) = (test["x"].to_string(), test["y"].to_string());
            let pair = if test["kind"] == "numeric_numeric" && y < x {
                [y, x]
            } else {
                [x, y]
            };
            format!("{} {pair:?} {} {}", test["kind"], test["covariates"], test["by"])
        };
        tests.iter().map(claim).collect()
    }

    pub fn report(&self) -> String {
        std::fs::read_to_string(self.folder.join("report.md")).unwrap()
    }

    /// Entries of its journal.
    pub fn journal(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.folder.join("journal.jsonl")).unwrap();
        let entry = |line: &str| {
            let entry: Value = serde_json::from_str(line).unwrap();
            match entry["blob"].as_str() {
                None => entry,
                Some(blob) => {
                    serde_json::from_slice(&std::fs::read(self.folder.join("blobs").join(blob)).unwrap()).unwrap()
                }
            }
        };
        text.lines().map(entry).collect()
    }
}

/// The penguins of the examples.
pub fn penguins() -> String {
    repository_path("examples/penguins/penguins.csv")
}

/// What two runs of the same inputs write alike: their names are replaced by `names`' order, and of the messages only
/// their number is kept.
pub fn canonical(facts: &Facts, names: &[&str]) -> Value {
    let renamed = |text: &str| {
        let known = names.iter().enumerate();
        known.fold(text.to_owned(), |text, (at, name)| {
            text.replace(name, &format!("RUN{at}"))
        })
    };
    let properties = |properties: &Properties| {
        let told: BTreeMap<&String, Value> = properties
            .iter()
            .map(|(name, value)| match (name.as_str(), value) {
                ("messages", Value::Array(set)) => (name, json!(set.len())),
                ("runs", Value::Array(set)) => {
                    let runs: BTreeSet<String> = set.iter().map(|run| renamed(run.as_str().unwrap())).collect();
                    (name, json!(runs))
                }
                (_, Value::String(text)) => (name, json!(renamed(text))),
                (_, value) => (name, value.clone()),
            })
            .collect();
        json!(told)
    };
    let nodes: BTreeMap<String, Value> = facts
        .nodes
        .iter()
        .map(|node| (renamed(&node.id), properties(&node.properties)))
        .collect();
    let edges: BTreeMap<String, Value> = facts
        .edges
        .iter()
        .map(|edge| {
            let key = format!("{} {} {}", renamed(&edge.from), edge.kind.name(), renamed(&edge.to));
            (key, properties(&edge.properties))
        })
        .collect();
    json!({ "nodes": nodes, "edges": edges })
}

/// The graph without its runs, and without what says where its knowledge comes from.
pub fn knowledge(facts: &Facts) -> Value {
    let bare = |properties: &Properties| {
        let mut bare = properties.clone();
        for name in kosmos::graph::SETS {
            bare.remove(name);
        }
        bare
    };
    let is_run = |id: &str| Label::of_node_id(id).unwrap() == Label::Run;
    let nodes: BTreeMap<&String, Properties> = facts
        .nodes
        .iter()
        .filter(|node| node.label != Label::Run)
        .map(|node| (&node.id, bare(&node.properties)))
        .collect();
    let edges: Vec<Value> = facts
        .edges
        .iter()
        .filter(|edge| !is_run(&edge.from) && !is_run(&edge.to))
        .map(|edge| json!([edge.from, edge.kind, edge.to, bare(&edge.properties)]))
        .collect();
    json!({ "nodes": nodes, "edges": edges })
}
