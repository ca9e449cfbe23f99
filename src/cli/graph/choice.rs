use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, ValueEnum};

use crate::cli::outcome::lab_error;
use crate::cli::{CliError, Globals, Home, SettingsArgs, stderr};
use crate::config::{Environment, GraphStore as Store, Settings};
use crate::graph::{GraphError, GraphStore, Neo4jGraph};
use crate::lab::{self, LabError};

/// Which graph a command is about.
#[derive(Debug, Clone, Args)]
pub struct GraphChoice {
    /// The graph in the home, or the one on the server that graph.uri names [default: the setting graph.store]
    #[arg(long, value_name = "STORE")]
    pub store: Option<Chosen>,

    /// Changes to the settings.
    #[command(flatten)]
    pub settings: SettingsArgs,
}

/// The stores there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs)]
pub enum Chosen {
    Embedded,
    Neo4j,
}

impl Chosen {
    fn name(self) -> &'static str {
        match self {
            Self::Embedded => "embedded",
            Self::Neo4j => "neo4j",
        }
    }
}

/// The graph that was chosen.
pub(super) struct Opened {
    pub(super) home: Home,
    pub(super) settings: Settings,
    /// Of the embedded graph.
    folder: PathBuf,
}

impl GraphChoice {
    /// Works out which one it is. Nothing is asked of it yet, and nothing made.
    pub(super) fn open(&self, globals: &Globals) -> Result<Opened, CliError> {
        let environment = Environment::of_process()?;
        let home = Home::locate(globals, &environment);
        let store = self.store.map(Chosen::name);
        let settings = self.settings.resolve_at(store, environment)?.settings;
        let folder = home.path().join("graph");
        Ok(Opened { home, settings, folder })
    }
}

impl Opened {
    /// Whether it is on a server.
    pub(super) fn is_server(&self) -> bool {
        self.settings.graph.store == Store::Neo4j
    }

    /// As messages and documents name the sort of it.
    pub(super) fn store_name(&self) -> &'static str {
        match self.settings.graph.store {
            Store::Embedded => Chosen::Embedded.name(),
            Store::Neo4j => Chosen::Neo4j.name(),
        }
    }

    /// Where it is.
    pub(super) fn place(&self) -> String {
        match self.is_server() {
            true => self.settings.graph.uri.clone(),
            false => self.folder.display().to_string(),
        }
    }

    /// The folder of the home's own graph, whichever is chosen; none where there is no such graph yet.
    pub(super) fn embedded(&self) -> Option<&PathBuf> {
        Some(&self.folder).filter(|folder| folder.exists())
    }

    /// The graph to read from. None, which is said, where the home has none yet: a look does not make one.
    pub(super) fn to_read(&self) -> Result<Option<Arc<dyn GraphStore>>, CliError> {
        if !self.is_server() && self.embedded().is_none() {
            self.say_empty();
            return Ok(None);
        }
        self.to_write().map(Some)
    }

    /// The graph to write to.
    pub(super) fn to_write(&self) -> Result<Arc<dyn GraphStore>, CliError> {
        lab::graph(&self.settings, &self.folder).map_err(lab_error)
    }

    /// The server, if it is one.
    pub(super) fn server(&self) -> Result<Option<Neo4jGraph>, CliError> {
        match self.is_server() {
            true => lab::graph_server(&self.settings).map(Some).map_err(lab_error),
            false => Ok(None),
        }
    }

    /// Says that there is nothing in it, and how something gets there.
    pub(super) fn say_empty(&self) {
        stderr::text(&format!(
            "note: there is nothing in the graph at {} yet; runs write to it, `kosmos graph sync` delivers what they \
             learnt before, `kosmos graph import` adds an export\n",
            self.place()
        ));
    }

    /// The store's failure, with its exit code and what to do.
    pub(super) fn error(&self, error: GraphError) -> CliError {
        match error {
            GraphError::Away { .. } if !self.is_server() => CliError::unavailable(
                error,
                "wait until that process is done; graph.wait is how long a command waits for it",
            ),
            GraphError::Away { .. } => CliError::unavailable(
                error,
                "start the graph server, or name another by graph.uri; graph.timeout is how long it may take to answer",
            ),
            error => lab_error(LabError::Graph(error)),
        }
    }
}
