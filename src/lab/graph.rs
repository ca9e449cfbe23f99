//! The graph that runs write to, opened as the settings say.

use std::{collections::BTreeSet, path::Path, sync::Arc, time::Duration};

use secrecy::SecretString;
use tokio::time::{Instant, timeout};

use super::{GraphOrigin, LabError, RunFolder, options::journal_options, trust};
use crate::{
    actors::{Delivery, FlushError, Knowledge, Outbox, OutboxOptions, delivery_key, derive_facts},
    config::{ConfigError, Environment, GraphStoreKind as Choice, Settings},
    graph::{EmbeddedGraph, Facts, GraphError, GraphStore, Label, Neo4jGraph, Neo4jOptions},
    journal::{Entry, Journal, JournalError, Kind, Record, read_entries},
    message::{KnowledgeRecalled, Opening, Payload},
    progress::{Progress, ProgressEvent},
};

/// The environment variable with the graph server's password.
pub const PASSWORD: &str = "NEO4J_PASSWORD";

/// Share of a run's waiting time for its graph that the check before the run may take.
const FIRST_LOOK: f64 = 0.5;

/// The graph that the settings name; an embedded one is in `folder`, and gets the user's mark when it is made. Does not
/// connect yet.
///
/// # Errors
/// [`GraphError::Refused`] for an invalid address, and [`TrustError::GraphNotPlain`](super::TrustError::GraphNotPlain)
/// for a folder from elsewhere that holds links or devices.
pub fn open_graph(settings: &Settings, folder: &Path) -> Result<Arc<dyn GraphStore>, LabError> {
    Ok(match settings.graph.store {
        Choice::Embedded => {
            trust::check_graph_files(folder)?;
            let graph = EmbeddedGraph::open_shared(folder, settings.graph.wait.get());
            Arc::new(graph.with_folder_made_by(trust::create_graph_folder))
        }
        Choice::Neo4j => Arc::new(open_graph_server(settings)?),
    })
}

/// The graph server that the settings name, even if runs do not use it. Does not connect yet.
///
/// # Errors
/// [`GraphError::Refused`] for an invalid address; when the environment cannot be read.
pub fn open_graph_server(settings: &Settings) -> Result<Neo4jGraph, LabError> {
    let environment = Environment::of_process().map_err(ConfigError::from).map_err(Box::new)?;
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

/// Checks the graph before a run, and opens its outbox. An unreachable graph does not stop a run that does not read
/// from it.
pub(super) async fn open_for_run(
    settings: &Settings,
    folder: &RunFolder,
    journal: &Journal,
    progress: &dyn Progress,
) -> Result<Knowledge, LabError> {
    let place = folder.graph_folder();
    if settings.graph.store == Choice::Embedded && GraphOrigin::of_graph(&place)? == GraphOrigin::Foreign {
        let note = format!(
            "the knowledge graph in {} was not made by your Kosmos: this run adds to it and reads nothing from it \
             (`kosmos trust --graph` adopts it)",
            place.display()
        );
        progress.on(ProgressEvent::Note(note));
    }
    let store = open_graph(settings, &place)?;
    let began = Instant::now();
    let patience = settings.graph.wait.get().mul_f64(FIRST_LOOK);
    let looked = timeout(patience, store.list(Label::Run, 1)).await;
    let looked = looked.unwrap_or_else(|_| {
        Err(GraphError::Away {
            address: graph_place(settings, folder),
            reason: "no answer in time".to_owned(),
        })
    });
    match looked {
        Ok(_) => {}
        Err(GraphError::Away { address, reason }) if settings.project.is_none() => {
            let note = format!(
                "the graph at {address} does not answer ({reason}): nodes and edges for it are waiting in the run's journal"
            );
            progress.on(ProgressEvent::Note(note));
        }
        Err(error) => return Err(error.into()),
    }
    Ok(Knowledge::Graph(Arc::new(open_outbox(
        settings,
        store,
        journal,
        began.elapsed(),
    )?)))
}

/// Delivers what is still waiting in the journal of a run that has ended, if the graph can be reached.
pub(super) async fn deliver_waiting(
    settings: &Settings,
    folder: &RunFolder,
    journal: &Journal,
) -> Result<Knowledge, LabError> {
    let store = open_graph(settings, &folder.graph_folder())?;
    let outbox = open_outbox(settings, store, journal, Duration::ZERO)?;
    let delivery = outbox.flush_journal(journal, false).await?;
    if let Some(reason) = delivery.waits {
        tracing::warn!(reason, "nodes and edges for the graph are still waiting in the journal");
    }
    Ok(Knowledge::Graph(Arc::new(outbox)))
}

fn graph_place(settings: &Settings, folder: &RunFolder) -> String {
    match settings.graph.store {
        Choice::Embedded => folder.graph_folder().display().to_string(),
        Choice::Neo4j => settings.graph.uri.clone(),
    }
}

fn open_outbox(
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

/// The knowledge of its project that the recorded run was given.
pub(super) fn recorded_knowledge(recorded: &RunFolder) -> Result<Knowledge, LabError> {
    let told = read_run_entries(recorded)?
        .into_iter()
        .find_map(|entry| match entry.record {
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

fn read_run_entries(folder: &RunFolder) -> Result<Vec<Entry>, LabError> {
    Ok(read_entries(&folder.open_dir()?)?)
}

/// The findings of a run as nodes and edges, from its journal alone.
///
/// # Errors
/// When the journal cannot be read.
pub fn knowledge_of(folder: &RunFolder) -> Result<Facts, LabError> {
    folder.check_readable()?;
    knowledge_in(read_run_entries(folder)?.into_iter().map(Ok::<_, JournalError>))
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
            known.extend(derive_facts(&envelope, knowledge));
        }
    }
    Ok(known.merge_duplicates()?)
}

/// Counts the nodes and edges that a run's entries hold and that are not in the graph.
pub(super) fn count_waiting_in(entries: &[Entry]) -> Result<usize, LabError> {
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
            waiting.extend(derive_facts(envelope, knowledge));
        }
    }
    Ok(waiting.merge_duplicates()?.len())
}

/// Counts the nodes and edges that are waiting in a run's journal.
pub(super) fn count_waiting(journal: &Journal) -> Result<usize, LabError> {
    let mut waiting = Facts::default();
    for message in crate::actors::undelivered_messages(journal)? {
        if let Payload::RecordKnowledge(knowledge) = &message.payload {
            waiting.extend(derive_facts(&message, knowledge));
        }
    }
    Ok(waiting.merge_duplicates()?.len())
}

/// Delivers what is waiting in the journal of a run that is not in progress; with `again`, also what was delivered
/// before. A replay has nothing to deliver.
///
/// # Errors
/// When the run came from elsewhere, another process works on it, its journal is unreadable, or the graph refuses what
/// it is given.
pub async fn deliver_run(
    folder: &RunFolder,
    store: Arc<dyn GraphStore>,
    settings: &Settings,
    again: bool,
) -> Result<Delivery, LabError> {
    folder.check_trusted()?;
    let journal = Journal::open(folder.path(), journal_options(settings))?;
    for entry in journal.entries_of(&[Kind::Opened]) {
        if matches!(entry?.record, Record::Opened(Opening { replays: Some(_), .. })) {
            return Ok(Delivery::default());
        }
    }
    let outbox = open_outbox(settings, store, &journal, Duration::ZERO)?;
    Ok(outbox.flush_journal(&journal, again).await?)
}

impl From<FlushError> for LabError {
    fn from(error: FlushError) -> Self {
        match error {
            FlushError::Graph(error) => Self::Graph(error),
            FlushError::Journal(error) => Self::Journal(error),
        }
    }
}
