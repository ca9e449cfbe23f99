use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, ValueEnum};

use crate::cli::{CliError, Globals, Home, SettingsArgs, stderr};
use crate::config::{Environment, GraphStoreKind as Store, Settings};
use crate::graph::{GraphError, GraphStore, Neo4jGraph};
use crate::lab::{self, GraphOrigin, LabError};
use crate::progress::printable;

/// The graph that a command works on.
#[derive(Debug, Clone, Args)]
pub struct GraphChoice {
    /// Graph of the home folder, or of the server that graph.uri names [default: the setting graph.store]
    #[arg(long, value_name = "STORE")]
    pub store: Option<StoreArg>,

    /// Changes to the settings.
    #[command(flatten)]
    pub settings: SettingsArgs,
}

/// The values of `--store`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum StoreArg {
    /// In the home folder
    Embedded,
    /// On a Neo4j server
    Neo4j,
}

impl StoreArg {
    fn name(self) -> &'static str {
        match self {
            Self::Embedded => "embedded",
            Self::Neo4j => "neo4j",
        }
    }
}

/// The chosen graph.
pub(super) struct ChosenGraph {
    pub(super) home: Home,
    pub(super) settings: Settings,
    /// The folder of the embedded graph.
    folder: PathBuf,
}

impl GraphChoice {
    /// Resolves the choice. Does not connect to the graph and creates nothing.
    pub(super) fn resolve_graph(&self, globals: &Globals) -> Result<ChosenGraph, CliError> {
        let environment = Environment::of_process()?;
        let home = Home::locate(globals, &environment);
        let store = self.store.map(StoreArg::name);
        let settings = self.settings.resolve_for_store(store, environment)?.settings;
        let folder = home.graph_folder();
        Ok(ChosenGraph { home, settings, folder })
    }
}

impl ChosenGraph {
    /// Returns true if it is on a server.
    pub(super) fn is_server(&self) -> bool {
        self.settings.graph.store == Store::Neo4j
    }

    /// The kind of store, as messages and documents name it.
    pub(super) fn store_name(&self) -> &'static str {
        match self.settings.graph.store {
            Store::Embedded => StoreArg::Embedded.name(),
            Store::Neo4j => StoreArg::Neo4j.name(),
        }
    }

    /// Its address or folder.
    pub(super) fn place(&self) -> String {
        match self.is_server() {
            true => self.settings.graph.uri.clone(),
            false => self.folder.display().to_string(),
        }
    }

    /// The folder of the home's own graph, whichever graph is chosen; none if that does not exist yet.
    pub(super) fn embedded_folder(&self) -> Option<&PathBuf> {
        Some(&self.folder).filter(|folder| folder.exists())
    }

    /// The graph to read from. None, with a note to the user, if the home has none yet: reading does not create one.
    pub(super) fn open_to_read(&self) -> Result<Option<Arc<dyn GraphStore>>, CliError> {
        if !self.is_server() && self.embedded_folder().is_none() {
            self.note_empty_graph();
            return Ok(None);
        }
        self.open_to_write().map(Some)
    }

    /// The graph to write to.
    pub(super) fn open_to_write(&self) -> Result<Arc<dyn GraphStore>, CliError> {
        let store = lab::open_graph(&self.settings, &self.folder)?;
        if !self.is_server() && self.is_foreign()? {
            stderr::write_to_stderr(&format!(
                "warning: the graph at {} was not made by your Kosmos, and what it says may be anyone's; \
                 `kosmos trust --graph` adopts it\n",
                printable(&self.place())
            ));
        }
        Ok(store)
    }

    /// Returns true if the home's own graph came from elsewhere.
    pub(super) fn is_foreign(&self) -> Result<bool, CliError> {
        Ok(GraphOrigin::of_graph(&self.folder)? == GraphOrigin::Foreign)
    }

    /// The server, if it is on one.
    pub(super) fn connect_server(&self) -> Result<Option<Neo4jGraph>, CliError> {
        match self.is_server() {
            true => lab::open_graph_server(&self.settings).map(Some).map_err(CliError::from),
            false => Ok(None),
        }
    }

    /// Tells the user that the graph is empty, and what fills it.
    pub(super) fn note_empty_graph(&self) {
        stderr::write_to_stderr(&format!(
            "note: the graph at {} is empty; runs write to it, `kosmos graph sync` delivers the findings of earlier \
             runs, `kosmos graph import` adds an exported document\n",
            self.place()
        ));
    }

    /// The store's failure, with its exit code and its remedy.
    pub(super) fn explain_error(&self, error: GraphError) -> CliError {
        match error {
            GraphError::Away { .. } if !self.is_server() => CliError::from_unavailable(
                error,
                "wait until that process has finished; graph.wait sets how long a command waits for it",
            ),
            GraphError::Away { .. } => CliError::from_unavailable(
                error,
                "start the graph server, or name another in graph.uri; graph.timeout sets how long it may take to answer",
            ),
            error => LabError::Graph(error).into(),
        }
    }
}
