//! The graph that runs write to, as the settings say.

use std::{collections::BTreeSet, path::Path, sync::Arc, time::Duration};

use secrecy::SecretString;
use tokio::time::{Instant, timeout};

use super::{LabError, RunFolder};
use crate::{
    actors::{Delivery, FlushError, Knowledge, Outbox, OutboxOptions, delivery_key, facts},
    config::{Environment, GraphStore as Choice, Settings},
    graph::{EmbeddedGraph, Facts, GraphError, GraphStore, Label, Neo4jGraph, Neo4jOptions},
    journal::{self, Blobs, Entry, Journal, JournalError, Kind, Record, read_entries},
    message::{KnowledgeRecalled, Opening, Payload},
    progress::{Progress, ProgressEvent},
};

/// The variable that the graph server's password is in.
pub const PASSWORD: &str = "NEO4J_PASSWORD";

/// Of the time that a run waits for its graph, the share that the look at it before the run may take.
const FIRST_LOOK: f64 = 0.5;

/// The graph that the settings name; an embedded one is in `folder`. Nothing is asked of it yet.
///
/// # Errors
/// [`GraphError::Refused`] for an address that is none.
pub fn graph(settings: &Settings, folder: &Path) -> Result<Arc<dyn GraphStore>, LabError> {
    Ok(match settings.graph.store {
        Choice::Embedded => Arc::new(EmbeddedGraph::shared(folder, settings.graph.wait.get())),
        Choice::Neo4j => Arc::new(graph_server(settings)?),
    })
}

/// The graph server that the settings name, whether runs use it or not. Nothing is asked of it yet.
///
/// # Errors
/// [`GraphError::Refused`] for an address that is none; when the environment cannot be read.
pub fn graph_server(settings: &Settings) -> Result<Neo4jGraph, LabError> {
    let environment = Environment::of_process().map_err(Box::new)?;
    let password = environment.variable(PASSWORD).and_then(|value| value.to_str());
    let set = &settings.graph;
    Ok(Neo4jGraph::new(Neo4jOptions {
        uri: set.uri.clone(),
        user: set.user.clone(),
        password: SecretString::from(password.unwrap_or_default()),
        database: set.database.clone(),
        timeout: set.timeout.get(),
        batch: set.batch as usize,
        patience: set.wait.get(),
    })?)
}

/// Makes sure of the graph before a run, and prepares its outbox. A graph that is away is no hindrance to a run that asks
/// nothing of it.
pub(super) async fn begin(
    settings: &Settings,
    folder: &RunFolder,
    journal: &Journal,
    progress: &dyn Progress,
) -> Result<Knowledge, LabError> {
    let store = graph(settings, &folder.graph())?;
    let began = Instant::now();
    let patience = settings.graph.wait.get().mul_f64(FIRST_LOOK);
    let looked = timeout(patience, store.list(Label::Run, 1)).await;
    let looked = looked.unwrap_or_else(|_| {
        Err(GraphError::Away {
            address: place(settings, folder),
            reason: "no answer in time".to_owned(),
        })
    });
    match looked {
        Ok(_) => {}
        Err(GraphError::Away { address, reason }) if settings.project.is_none() => {
            let note = format!(
                "the graph at {address} does not answer ({reason}): what it should have waits in the run's journal"
            );
            progress.on(ProgressEvent::Note(note));
        }
        Err(error) => return Err(error.into()),
    }
    Ok(Knowledge::Graph(Arc::new(outbox(
        settings,
        store,
        journal,
        began.elapsed(),
    )?)))
}

/// A run that has ended hands on what still waits in its journal, if it can.
pub(super) async fn after(settings: &Settings, folder: &RunFolder, journal: &Journal) -> Result<Knowledge, LabError> {
    let store = graph(settings, &folder.graph())?;
    let outbox = outbox(settings, store, journal, Duration::ZERO)?;
    let delivery = outbox.flush(journal, false).await?;
    if let Some(reason) = delivery.waits {
        tracing::warn!(reason, "what the graph should have still waits in the journal");
    }
    Ok(Knowledge::Graph(Arc::new(outbox)))
}

fn place(settings: &Settings, folder: &RunFolder) -> String {
    match settings.graph.store {
        Choice::Embedded => folder.graph().display().to_string(),
        Choice::Neo4j => settings.graph.uri.clone(),
    }
}

fn outbox(
    settings: &Settings,
    store: Arc<dyn GraphStore>,
    journal: &Journal,
    waited: Duration,
) -> Result<Outbox, JournalError> {
    let options = OutboxOptions {
        wait: settings.graph.wait.get(),
        limit: settings.graph.outbox as usize,
    };
    Outbox::open(store, options, journal, waited)
}

/// What the run that is done again was told of its project.
pub(super) fn told(recorded: &RunFolder) -> Result<Knowledge, LabError> {
    let told = entries(recorded)?.into_iter().find_map(|entry| match entry.record {
        Record::Sent { envelope } => match envelope.payload {
            Payload::KnowledgeRecalled(recalled) => Some(recalled),
            _ => None,
        },
        _ => None,
    });
    Ok(Knowledge::Replayed(
        told.map(|told: Box<KnowledgeRecalled>| Arc::new(*told)),
    ))
}

fn entries(folder: &RunFolder) -> Result<Vec<Entry>, LabError> {
    let blobs = Blobs::open(folder.path().join("blobs"))?;
    Ok(read_entries(folder.path(), &blobs)?)
}

/// What a run has learnt, as nodes and edges, from its journal alone.
///
/// # Errors
/// When the journal cannot be read.
pub fn knowledge_of(folder: &RunFolder) -> Result<Facts, LabError> {
    knowledge_in(entries(folder)?.into_iter().map(Ok::<_, JournalError>))
}

/// The same from a journal's entries.
pub(super) fn knowledge_in<E: Into<LabError>>(
    entries: impl Iterator<Item = Result<Entry, E>>,
) -> Result<Facts, LabError> {
    let mut known = Facts::default();
    for entry in entries {
        if let Record::Sent { envelope } = entry.map_err(Into::into)?.record
            && let Payload::RecordKnowledge(knowledge) = &envelope.payload
        {
            known.extend(facts(&envelope, knowledge));
        }
    }
    Ok(known.settled()?)
}

/// Nodes and edges that a run's entries speak of and that are not in the graph.
pub(super) fn waiting_in(entries: &[Entry]) -> Result<usize, LabError> {
    let receipts: BTreeSet<&str> = entries
        .iter()
        .filter_map(|entry| match &entry.record {
            Record::Receipt { key, .. } => Some(key.as_str()),
            _ => None,
        })
        .collect();
    let mut waiting = Facts::default();
    for entry in entries {
        if let Record::Sent { envelope } = &entry.record
            && let Payload::RecordKnowledge(knowledge) = &envelope.payload
            && !receipts.contains(delivery_key(&envelope.id).as_str())
        {
            waiting.extend(facts(envelope, knowledge));
        }
    }
    Ok(waiting.settled()?.len())
}

/// Nodes and edges that wait in a run's journal.
pub(super) fn waiting(journal: &Journal) -> Result<usize, LabError> {
    let mut waiting = Facts::default();
    for message in crate::actors::waiting(journal)? {
        if let Payload::RecordKnowledge(knowledge) = &message.payload {
            waiting.extend(facts(&message, knowledge));
        }
    }
    Ok(waiting.settled()?.len())
}

/// Delivers what waits in the journal of a run that no process works on; with `again`, what was delivered before too.
/// A run that only repeated another has nothing to say.
///
/// # Errors
/// When another process works on the run, its journal cannot be read, or the graph refuses what it is given.
pub async fn deliver(
    folder: &RunFolder,
    store: Arc<dyn GraphStore>,
    settings: &Settings,
    again: bool,
) -> Result<Delivery, LabError> {
    let durability = super::work::durability(settings);
    let journal = Journal::open(folder.path(), journal::Options { durability })?;
    for entry in journal.entries_of(&[Kind::Opened]) {
        if matches!(entry?.record, Record::Opened(Opening { replays: Some(_), .. })) {
            return Ok(Delivery::default());
        }
    }
    let outbox = outbox(settings, store, &journal, Duration::ZERO)?;
    Ok(outbox.flush(&journal, again).await?)
}

impl From<FlushError> for LabError {
    fn from(error: FlushError) -> Self {
        match error {
            FlushError::Graph(error) => Self::Graph(error),
            FlushError::Journal(error) => Self::Journal(error),
        }
    }
}
