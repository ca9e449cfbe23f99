use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use kosmos_core::run_files;
use serde::Serialize;

use super::{GraphChoice, block_on_work, choice::ChosenGraph, merge};
use crate::actors::undelivered_messages;
use crate::cli::{CliError, Console, Exit, Globals, output};
use crate::config::Settings;
use crate::graph::{EmbeddedGraph, GraphError, GraphStats, GraphStore, VERSION, find_upgrade};
use crate::journal::{Durability, Journal, JournalError, Options};
use crate::lab::{LabError, RunFolder, TrustError, deliver_run, list_runs};
use crate::progress::{Progress, ProgressEvent, printable};
use crate::science::RunId;
use crate::supervisor::StopSignal;

/// `kosmos graph sync`: delivers to the graph what it has missed.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub struct SyncArgs {
    /// Deliver only from this run
    #[arg(value_name = "RUN")]
    pub run: Option<String>,

    /// Deliver everything again, for a graph that was lost
    #[arg(long)]
    pub again: bool,

    /// The graph.
    #[command(flatten)]
    pub choice: GraphChoice,
}

pub(super) const LONG_ABOUT: &str = "\
Deliver to the graph the nodes and edges that are waiting in the journals of the runs.

A run continues while its graph is unreachable and keeps the undelivered nodes and edges in its journal. If a server \
is chosen, the graph in the home folder is copied to it first, so that the server has the findings of earlier runs. A graph that \
an earlier version of Kosmos wrote is upgraded: the analysis and the relation of each hypothesis are added. \
Runs in progress are listed and skipped: they deliver by themselves. So are runs from elsewhere that you have not \
agreed to. Exits with 5 if something is still waiting.";

const EXAMPLES: &str = "\
Examples:
  kosmos graph sync
  kosmos graph sync 3fa9c1 --store neo4j
  kosmos graph sync --again";

/// Time limit of one run's delivery. The store has its own, shorter time limit for an unreachable server.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// The result for one run.
#[derive(Debug, Serialize)]
struct Row {
    run: RunId,
    delivered: usize,
    waiting: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    skipped: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failed: Option<String>,
}

/// The document that the command prints with `--json`.
#[derive(Debug, Default, Serialize)]
struct Outcome {
    store: &'static str,
    place: String,
    /// Nodes and edges copied from the home's graph to the server.
    copied: Option<Copied>,
    /// The graph before and after it was upgraded to the present schema; null if it had it already.
    upgraded: Option<Upgraded>,
    runs: Vec<Row>,
    delivered: usize,
    waiting: usize,
    /// Why something is still waiting.
    reason: Option<String>,
    interrupted: bool,
    exit_code: u8,
}

#[derive(Debug, Serialize)]
struct Upgraded {
    schema_version: u32,
    before: Counted,
    after: Counted,
}

/// Nodes by label and edges by type.
#[derive(Debug, PartialEq, Serialize)]
struct Counted {
    nodes: BTreeMap<String, u64>,
    edges: BTreeMap<String, u64>,
}

impl From<GraphStats> for Counted {
    fn from(stats: GraphStats) -> Self {
        Self {
            nodes: stats.nodes.into_iter().collect(),
            edges: stats.edges.into_iter().collect(),
        }
    }
}

impl Counted {
    /// All nodes and all edges.
    fn totals(&self) -> (u64, u64) {
        (self.nodes.values().sum(), self.edges.values().sum())
    }
}

#[derive(Debug, Serialize)]
struct Copied {
    nodes: usize,
    edges: usize,
}

/// Runs the command.
pub(super) fn execute_sync(args: &SyncArgs, globals: &Globals) -> Result<Exit, CliError> {
    let opened = args.choice.resolve_graph(globals)?;
    let runs = opened.home.runs_folder();
    let folders = match &args.run {
        Some(run) => vec![RunFolder::find(&runs, run)?],
        None => list_runs(&runs)?,
    };
    if args.run.is_some() {
        folders.iter().try_for_each(RunFolder::check_trusted)?;
    }
    let console = Console::start(&opened.settings.log, globals)?;
    let store = opened.open_to_write()?;
    let mut outcome = Outcome {
        store: opened.store_name(),
        place: opened.place(),
        ..Outcome::default()
    };
    let exit = block_on_work(async {
        let stop = StopSignal::default();
        stop.listen_to_signals();
        let progress = console.progress.as_ref();
        let work = Work {
            opened: &opened,
            store,
            progress,
            stop,
        };
        work.copy_home_graph(&mut outcome).await?;
        work.deliver_runs(&folders, args.again, &mut outcome).await?;
        // A graph that did not take what waits is upgraded when it does.
        if outcome.reason.is_none() && !outcome.interrupted {
            work.upgrade(&mut outcome).await?;
        }
        Ok(exit_of(&outcome))
    })?;
    outcome.exit_code = exit.code();
    match globals.json {
        true => output::print_json(&outcome)?,
        false => output::print_text(&render_outcome(&outcome))?,
    }
    Ok(exit)
}

struct Work<'a> {
    opened: &'a ChosenGraph,
    store: Arc<dyn GraphStore>,
    progress: &'a dyn Progress,
    stop: StopSignal,
}

impl Work<'_> {
    /// Copies the home's graph to a server.
    async fn copy_home_graph(&self, outcome: &mut Outcome) -> Result<(), CliError> {
        let Some(folder) = self.opened.embedded_folder().filter(|_| self.opened.is_server()) else {
            return Ok(());
        };
        if self.opened.is_foreign()? {
            // Runs would read it from the server as their user's own.
            self.progress.on(ProgressEvent::Note(format!(
                "the graph at {} was not made by your Kosmos and is not copied (`kosmos trust --graph` adopts it)",
                folder.display()
            )));
            return Ok(());
        }
        let settings = &self.opened.settings.graph;
        let home = EmbeddedGraph::open_shared(folder, settings.wait.get());
        let facts = home
            .dump()
            .await
            .map_err(|error| CliError::from(LabError::Graph(error)))?;
        let merged = merge::merge_in_batches(
            self.store.as_ref(),
            facts,
            "the home's graph",
            self.progress,
            &self.stop,
        )
        .await;
        let merged = merged.map_err(|error| self.opened.explain_error(error))?;
        outcome.interrupted = !merged.whole;
        outcome.copied = Some(Copied {
            nodes: merged.nodes,
            edges: merged.edges,
        });
        Ok(())
    }

    /// Adds what a graph of an earlier schema lacks.
    async fn upgrade(&self, outcome: &mut Outcome) -> Result<(), CliError> {
        // Opening the graph of a home that has none would make it.
        if !self.opened.is_server() && self.opened.embedded_folder().is_none() {
            return Ok(());
        }
        let upgraded = match self.upgrade_store().await {
            // Nothing waits for it; the next delivery tries again.
            Err(error @ GraphError::Away { .. }) => {
                outcome.reason = Some(error.to_string());
                return Ok(());
            }
            upgraded => upgraded.map_err(|error| self.opened.explain_error(error))?,
        };
        if let Some((whole, upgraded)) = upgraded {
            outcome.interrupted |= !whole;
            // A hypothesis that is known only as the end of an edge lacks its analysis, and cannot be given one.
            outcome.upgraded = Some(upgraded).filter(|upgraded| upgraded.before != upgraded.after);
        }
        Ok(())
    }

    /// The upgrade, and whether all of it was done; none for a graph that lacks nothing.
    async fn upgrade_store(&self) -> Result<Option<(bool, Upgraded)>, GraphError> {
        let store = self.store.as_ref();
        let missing = find_upgrade(store).await?;
        if missing.is_empty() {
            return Ok(None);
        }
        let before = store.stats().await?.into();
        let merged = merge::merge_in_batches(store, missing, "the upgrade", self.progress, &self.stop).await?;
        let upgraded = Upgraded {
            schema_version: VERSION,
            before,
            after: store.stats().await?.into(),
        };
        Ok(Some((merged.whole, upgraded)))
    }

    /// Delivers run by run until the graph fails; counts what is waiting in all of them.
    async fn deliver_runs(&self, folders: &[RunFolder], again: bool, outcome: &mut Outcome) -> Result<(), CliError> {
        // A user who requests a delivery waits longer for it than a run does.
        let mut settings = self.opened.settings.clone();
        settings.graph.wait = LONGEST.into();
        let asked = self.stop.subscribe();
        let written = |folder: &&RunFolder| folder.path().join(run_files::JOURNAL_LOG).is_file();
        let folders: Vec<&RunFolder> = folders.iter().filter(written).collect();
        for (done, folder) in folders.iter().enumerate() {
            self.progress.on(ProgressEvent::Preparing {
                what: "delivery".to_owned(),
                done: done as u64,
                total: Some(folders.len() as u64),
            });
            tokio::task::yield_now().await;
            outcome.interrupted |= *asked.borrow() > 0;
            if outcome.interrupted {
                return Ok(());
            }
            let row = match outcome.reason {
                None => self.deliver_one(folder, &settings, again, &mut outcome.reason).await,
                Some(_) => count_waiting(folder),
            };
            outcome.delivered += row.delivered;
            outcome.waiting += row.waiting;
            outcome.runs.push(row);
        }
        self.progress.on(ProgressEvent::Preparing {
            what: "delivery".to_owned(),
            done: folders.len() as u64,
            total: Some(folders.len() as u64),
        });
        Ok(())
    }

    async fn deliver_one(
        &self,
        folder: &RunFolder,
        settings: &Settings,
        again: bool,
        reason: &mut Option<String>,
    ) -> Row {
        match deliver_run(folder, Arc::clone(&self.store), settings, again).await {
            Ok(delivery) => {
                *reason = delivery.waits;
                Row {
                    delivered: delivery.delivered,
                    waiting: delivery.waiting,
                    ..Row::for_run(folder)
                }
            }
            Err(error) => Row::for_unopened_run(folder, &error),
        }
    }
}

impl Row {
    fn for_run(folder: &RunFolder) -> Self {
        Self {
            run: folder.id(),
            delivered: 0,
            waiting: 0,
            skipped: None,
            failed: None,
        }
    }

    /// The result for a run whose journal cannot be opened.
    fn for_unopened_run(folder: &RunFolder, error: &LabError) -> Self {
        match error {
            LabError::Trust(TrustError::Foreign { .. }) => Self {
                skipped: Some("it was not started here; `kosmos trust` shows what it asks for"),
                ..Self::for_run(folder)
            },
            LabError::Journal(error) if matches!(**error, JournalError::Locked { .. }) => Self {
                skipped: Some("another process works on it"),
                ..Self::for_run(folder)
            },
            error => Self {
                failed: Some(error.to_string()),
                ..Self::for_run(folder)
            },
        }
    }
}

/// Counts the messages that are waiting in a run's journal.
fn count_waiting(folder: &RunFolder) -> Row {
    let durability = Durability::Process;
    let waiting = folder.check_trusted().and_then(|()| {
        let journal = Journal::open(folder.path(), Options { durability })?;
        Ok(undelivered_messages(&journal)?)
    });
    match waiting {
        Ok(waiting) => Row {
            waiting: waiting.len(),
            ..Row::for_run(folder)
        },
        Err(error) => Row::for_unopened_run(folder, &error),
    }
}

fn exit_of(outcome: &Outcome) -> Exit {
    match () {
        () if outcome.interrupted => Exit::Interrupted,
        () if outcome.runs.iter().any(|run| run.failed.is_some()) => Exit::Failed,
        () if outcome.waiting > 0 => Exit::Unavailable,
        () => Exit::Done,
    }
}

fn render_outcome(outcome: &Outcome) -> String {
    let mut text = String::new();
    if let Some(copied) = &outcome.copied {
        text.push_str(&format!(
            "copied {} nodes and {} edges from the graph in the home folder\n",
            copied.nodes, copied.edges
        ));
    }
    if let Some(upgraded) = &outcome.upgraded {
        let ((nodes, edges), (more_nodes, more_edges)) = (upgraded.before.totals(), upgraded.after.totals());
        text.push_str(&format!(
            "upgraded to schema {}: {nodes} nodes and {edges} edges before, {more_nodes} nodes and {more_edges} edges after\n",
            upgraded.schema_version
        ));
    }
    for row in &outcome.runs {
        let said = match (row.skipped, &row.failed) {
            (Some(why), _) => format!("skipped: {why}"),
            (None, Some(why)) => format!("failed: {}", printable(why)),
            (None, None) if row.delivered + row.waiting == 0 => continue,
            (None, None) => format!("{} delivered, {} waiting", row.delivered, row.waiting),
        };
        text.push_str(&format!("{}  {said}\n", row.run));
    }
    text.push_str(&format!(
        "{} messages delivered to {}, {} still waiting",
        outcome.delivered, outcome.place, outcome.waiting
    ));
    if let Some(reason) = &outcome.reason {
        text.push_str(&format!(": {}", printable(reason)));
    }
    if outcome.interrupted {
        text.push_str("; interrupted");
    }
    text.push('\n');
    text
}
