//! Reads the knowledge of a project's earlier runs about some tables and their columns.

use std::collections::{BTreeMap, BTreeSet};

use crate::graph::{EdgeKind, GraphError, GraphStore, Label, Node, Walk, names};
use crate::message::{KnowledgeRecalled, Known, RecallKnowledge, RecalledTable};
use crate::science::{Effect, PartResult, RunId, estimate_shared_rows};

/// Of each sort that is known from other data, at most.
const MOST: usize = 2000;

/// Of these, the most of any one column: its clearest.
const MOST_OF_COLUMN: usize = 80;

/// Runs that are looked through.
const MOST_RUNS: usize = 100_000;

/// Reads it from the graph.
pub(super) async fn recall_project_knowledge(
    store: &dyn GraphStore,
    request: &RecallKnowledge,
) -> Result<KnowledgeRecalled, GraphError> {
    let runs = store.list(Label::Run, MOST_RUNS).await?;
    let runs: BTreeMap<String, u32> = runs
        .iter()
        .filter(|run| run.text_property("project") == Some(&request.project))
        .filter_map(|run| {
            Some((
                run.text_property("name")?.to_owned(),
                run.number_property("cycles").unwrap_or(0.0) as u32,
            ))
        })
        .collect();
    let mut recalled = KnowledgeRecalled {
        // A node that was imported may have any name.
        runs: runs.keys().filter_map(|run| run.parse().ok()).collect(),
        ..KnowledgeRecalled::default()
    };
    if runs.is_empty() {
        return Ok(recalled);
    }
    for table in &request.datasets {
        let reader = Reader {
            store,
            runs: &runs,
            table,
        };
        recalled.cycles.insert(table.name.clone(), reader.count_cycles().await?);
        recalled.settled.extend(reader.settled_on_table().await?);
        let elsewhere = reader.known_elsewhere(request.target.as_deref()).await?;
        recalled.found.extend(elsewhere.found);
        recalled.open.extend(elsewhere.open);
        recalled.refuted.extend(elsewhere.refuted);
    }
    Ok(recalled)
}

struct Reader<'a> {
    store: &'a dyn GraphStore,
    /// The project's, with their cycles.
    runs: &'a BTreeMap<String, u32>,
    table: &'a RecalledTable,
}

#[derive(Default)]
struct Elsewhere {
    found: Vec<Known>,
    open: Vec<Known>,
    refuted: Vec<Known>,
}

impl Reader<'_> {
    /// The first run of the project that a node comes from.
    fn first_project_run(&self, node: &Node) -> Option<RunId> {
        let run = node
            .text_list_property("runs")
            .find(|run| self.runs.contains_key(*run))?;
        run.parse().ok()
    }

    /// Cycles that the project has spent on the table.
    async fn count_cycles(&self) -> Result<u32, GraphError> {
        let walk = Walk::starting_at([names::dataset_node_id(&self.table.sha256)]).against(EdgeKind::Uses, Label::Run);
        let trails = self.store.walk(walk).await?;
        let runs = trails
            .iter()
            .filter_map(|trail| self.runs.get(trail.first()?.text_property("name")?));
        Ok(runs.fold(0, |sum, cycles| sum.saturating_add(*cycles)))
    }

    /// Reads the results on the same table.
    async fn settled_on_table(&self) -> Result<Vec<Known>, GraphError> {
        let mut settled: BTreeMap<String, Known> = BTreeMap::new();
        for verdict in [EdgeKind::Supports, EdgeKind::Refutes, EdgeKind::Tests] {
            let walk = Walk::starting_at([names::dataset_node_id(&self.table.sha256)])
                .against(EdgeKind::Uses, Label::Experiment)
                .along(EdgeKind::Produced, Label::Result)
                .along(verdict, Label::Hypothesis);
            for trail in self.store.walk(walk).await? {
                if let [_, result, hypothesis] = trail.as_slice()
                    && let Some(known) = self.read_known(hypothesis, result)
                {
                    settled.entry(known.claim.to_string()).or_insert(known);
                }
            }
        }
        Ok(settled.into_values().collect())
    }

    /// Reads findings, open results and null results about the same columns in other tables; those about the target
    /// first.
    async fn known_elsewhere(&self, target: Option<&str>) -> Result<Elsewhere, GraphError> {
        let columns: BTreeSet<&str> = self.table.columns.iter().map(String::as_str).collect();
        let mut order: Vec<&str> = target.into_iter().filter(|target| columns.contains(target)).collect();
        order.extend(columns.iter().filter(|column| Some(**column) != target));
        let mut elsewhere = Elsewhere::default();
        let mut shares = BTreeMap::new();
        let lists = [
            (None, &mut elsewhere.found),
            (Some(EdgeKind::Tests), &mut elsewhere.open),
            (Some(EdgeKind::Refutes), &mut elsewhere.refuted),
        ];
        for (verdict, list) in lists {
            let mut seen = BTreeSet::new();
            for column in &order {
                if list.len() >= MOST {
                    break;
                }
                let walk = Walk::starting_at([names::concept_node_id(column)]);
                let walk = match verdict {
                    // A finding says itself what it is about.
                    None => walk.against(EdgeKind::Mentions, Label::Finding),
                    Some(verdict) => walk
                        .against(EdgeKind::Mentions, Label::Hypothesis)
                        .against(verdict, Label::Result),
                };
                for trail in self.store.walk(walk.keep_best("p", MOST_OF_COLUMN)).await? {
                    let (Some(hypothesis), Some(result)) = (trail.first(), trail.last()) else {
                        continue;
                    };
                    let other = result.text_property("dataset") != Some(&self.table.sha256);
                    let Some(mut known) = self.read_known(hypothesis, result).filter(|_| other) else {
                        continue;
                    };
                    if !shares.contains_key(&known.tested_on) {
                        let share = self.shared_rows_with(&known.tested_on).await?;
                        shares.insert(known.tested_on.clone(), share);
                    }
                    known.shared_rows = shares.get(&known.tested_on).copied().flatten();
                    let speaks_of_it = [&known.x, &known.y]
                        .into_iter()
                        .chain(&known.covariates)
                        .chain(&known.by)
                        .chain(&known.event)
                        .all(|column| columns.contains(column.as_str()));
                    if speaks_of_it && list.len() < MOST && seen.insert(result.id.clone()) {
                        list.push(known);
                    }
                }
            }
        }
        Ok(elsewhere)
    }

    /// The share of the table's rows that another one has too.
    async fn shared_rows_with(&self, sha256: &str) -> Result<Option<f64>, GraphError> {
        let trails = self
            .store
            .walk(Walk::starting_at([names::dataset_node_id(sha256)]))
            .await?;
        let sketch = trails
            .first()
            .and_then(|trail| trail.first()?.properties.get("row_sketch")?.as_array());
        let sketch: Vec<u64> = sketch
            .into_iter()
            .flatten()
            .filter_map(serde_json::Value::as_u64)
            .collect();
        Ok(estimate_shared_rows(&self.table.row_sketch, &sketch))
    }

    /// A result or a finding, and what it is about; none where the project did not get it, or where it is not whole.
    fn read_known(&self, hypothesis: &Node, result: &Node) -> Option<Known> {
        let text = |node: &Node, name: &str| node.text_property(name).map(str::to_owned);
        let explore = result.number_property("explore_n").map(|n| PartResult {
            n: n as u64,
            p: result.number_property("explore_p"),
            effect: None,
            direction: text(result, "explore_direction"),
        });
        Some(Known {
            claim: names::claim_of_node(&hypothesis.id)?,
            dataset: self.table.name.clone(),
            tested_on: text(result, "dataset")?,
            shared_rows: None,
            run: self.first_project_run(result)?,
            statement: text(hypothesis, "statement")?,
            kind: text(hypothesis, "kind")?,
            x: text(hypothesis, "x")?,
            y: text(hypothesis, "y")?,
            covariates: hypothesis.text_list_property("covariates").map(str::to_owned).collect(),
            by: text(hypothesis, "by"),
            event: text(hypothesis, "event"),
            significant: match result.label {
                Label::Finding => true,
                _ => result.properties.get("significant")?.as_bool()?,
            },
            wording: text(result, "wording")?.into(),
            direction: text(result, "direction"),
            y_level: text(result, "y_level"),
            levels: result.number_property("levels").map(|levels| levels as u64),
            p: result.number_property("p")?,
            q: result.number_property("q")?,
            effect: Effect {
                name: text(result, "effect_name")?,
                value: result.number_property("effect"),
                ci_low: result.number_property("ci_low"),
                ci_high: result.number_property("ci_high"),
            },
            explore,
        })
    }
}
