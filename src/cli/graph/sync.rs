use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use serde::Serialize;

use super::{GraphChoice, choice::Opened, merge, wait};
use crate::actors::waiting;
use crate::cli::outcome::lab_error;
use crate::cli::{CliError, Console, Exit, Globals, output};
use crate::config::Settings;
use crate::graph::{EmbeddedGraph, GraphStore};
use crate::journal::{Durability, Journal, JournalError, Options};
use crate::lab::{LabError, RunFolder, deliver, list_runs};
use crate::progress::{Progress, ProgressEvent, printable};
use crate::science::RunId;
use crate::supervisor::StopSignal;

/// `kosmos graph sync`: brings the graph up to date.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub struct SyncArgs {
    /// Only what this run has to deliver
    #[arg(value_name = "RUN")]
    pub run: Option<String>,

    /// Deliver all that the runs ever said, as for a graph that was lost
    #[arg(long)]
    pub again: bool,

    /// Which graph.
    #[command(flatten)]
    pub choice: GraphChoice,
}

pub(super) const LONG_ABOUT: &str = "\
Deliver what waits for the graph in the journals of the runs.

A run whose graph is away goes on, and what the graph should have waits in its journal. With a server chosen, the \
graph in the home folder is copied to it first, so that the server knows what runs wrote before it was chosen. Runs that \
another process works on are named and skipped: they deliver by themselves. Ends with 5 when something still waits.";

const EXAMPLES: &str = "\
Examples:
  kosmos graph sync
  kosmos graph sync 3fa9c1 --store neo4j
  kosmos graph sync --again";

/// How long one run's delivery may take. The store has its own, shorter patience with a server that is away.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// What became of a run.
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

/// What the command prints with `--json`.
#[derive(Debug, Default, Serialize)]
struct Outcome {
    store: &'static str,
    place: String,
    /// Nodes and edges of the home's graph that the server has now.
    copied: Option<Copied>,
    runs: Vec<Row>,
    delivered: usize,
    waiting: usize,
    /// Why something waits.
    reason: Option<String>,
    interrupted: bool,
    exit_code: u8,
}

#[derive(Debug, Serialize)]
struct Copied {
    nodes: usize,
    edges: usize,
}

/// Runs the command.
pub(super) fn execute(args: &SyncArgs, globals: &Globals) -> Result<Exit, CliError> {
    let opened = args.choice.open(globals)?;
    let runs = opened.home.runs();
    let folders = match &args.run {
        Some(run) => vec![RunFolder::find(&runs, run).map_err(lab_error)?],
        None => list_runs(&runs).map_err(lab_error)?,
    };
    let console = Console::start(&opened.settings.log, globals)?;
    let store = opened.to_write()?;
    let mut outcome = Outcome {
        store: opened.store_name(),
        place: opened.place(),
        ..Outcome::default()
    };
    let exit = wait(async {
        let stop = StopSignal::default();
        stop.on_terminal_signals();
        let progress = console.progress.as_ref();
        let work = Work {
            opened: &opened,
            store,
            progress,
            stop,
        };
        work.copy(&mut outcome).await?;
        work.deliver(&folders, args.again, &mut outcome).await?;
        Ok(exit_of(&outcome))
    })?;
    outcome.exit_code = exit.code();
    match globals.json {
        true => output::json(&outcome)?,
        false => output::text(&text(&outcome))?,
    }
    Ok(exit)
}

struct Work<'a> {
    opened: &'a Opened,
    store: Arc<dyn GraphStore>,
    progress: &'a dyn Progress,
    stop: StopSignal,
}

impl Work<'_> {
    /// Copies the home's graph to a server.
    async fn copy(&self, outcome: &mut Outcome) -> Result<(), CliError> {
        let Some(folder) = self.opened.embedded().filter(|_| self.opened.is_server()) else {
            return Ok(());
        };
        let settings = &self.opened.settings.graph;
        let home = EmbeddedGraph::shared(folder, settings.wait.get());
        let facts = home.dump().await.map_err(|error| lab_error(LabError::Graph(error)))?;
        let merged = merge::merge(
            self.store.as_ref(),
            facts,
            "the home's graph",
            self.progress,
            &self.stop,
        )
        .await;
        let merged = merged.map_err(|error| self.opened.error(error))?;
        outcome.interrupted = !merged.whole;
        outcome.copied = Some(Copied {
            nodes: merged.nodes,
            edges: merged.edges,
        });
        Ok(())
    }

    /// Delivers run by run, until the graph takes no more; counts what waits in all of them.
    async fn deliver(&self, folders: &[RunFolder], again: bool, outcome: &mut Outcome) -> Result<(), CliError> {
        // A person who asks for a delivery waits for it longer than a run does.
        let mut settings = self.opened.settings.clone();
        settings.graph.wait = LONGEST.into();
        let asked = self.stop.subscribe();
        let written = |folder: &&RunFolder| folder.path().join("journal.jsonl").is_file();
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
                Some(_) => left(folder),
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
        match deliver(folder, Arc::clone(&self.store), settings, again).await {
            Ok(delivery) => {
                *reason = delivery.waits;
                Row {
                    delivered: delivery.delivered,
                    waiting: delivery.waiting,
                    ..Row::of(folder)
                }
            }
            Err(error) => Row::without(folder, &error),
        }
    }
}

impl Row {
    fn of(folder: &RunFolder) -> Self {
        Self {
            run: folder.id(),
            delivered: 0,
            waiting: 0,
            skipped: None,
            failed: None,
        }
    }

    /// Of a run whose journal cannot be worked on.
    fn without(folder: &RunFolder, error: &LabError) -> Self {
        match error {
            LabError::Journal(error) if matches!(**error, JournalError::Locked { .. }) => Self {
                skipped: Some("another process works on it"),
                ..Self::of(folder)
            },
            error => Self {
                failed: Some(error.to_string()),
                ..Self::of(folder)
            },
        }
    }
}

/// What waits in a run's journal.
fn left(folder: &RunFolder) -> Row {
    let durability = Durability::Process;
    let waiting = Journal::open(folder.path(), Options { durability }).and_then(|journal| waiting(&journal));
    match waiting {
        Ok(waiting) => Row {
            waiting: waiting.len(),
            ..Row::of(folder)
        },
        Err(error) => Row::without(folder, &error.into()),
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

fn text(outcome: &Outcome) -> String {
    let mut text = String::new();
    if let Some(copied) = &outcome.copied {
        text.push_str(&format!(
            "copied {} nodes and {} edges of the home's graph\n",
            copied.nodes, copied.edges
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
