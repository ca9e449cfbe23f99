//! A run as a program starts it that uses Kosmos as a library.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{Finished, Lab, LabError, RunFolder};
use crate::{
    config::{DataSource, Request, Resolved},
    plugin::{Catalogue, Native, Roster, SearchPath, make_paths_absolute},
    progress::{Kind, Progress, Screen, display},
};

/// Does runs for a program, with agents of its own beside those of the run file.
///
/// See [`Native`] for an agent, and the example `examples/native_agent.rs`.
pub struct Engine {
    home: PathBuf,
    launcher: Option<PathBuf>,
    progress: Arc<dyn Progress>,
    natives: Vec<Native>,
}

/// Puts an [`Engine`] together.
pub struct EngineBuilder(Engine);

impl Engine {
    /// An engine with its home at `./.kosmos`, which tells nobody what it does.
    pub fn builder() -> EngineBuilder {
        EngineBuilder(Self {
            home: PathBuf::from(".kosmos"),
            launcher: None,
            progress: Arc::from(display(Kind::Silent, &Screen::default())),
            natives: Vec::new(),
        })
    }

    /// Does a run from its beginning to its end. Takes the thread.
    ///
    /// # Errors
    /// When the settings are wrong, a backend is missing, or the journal fails.
    pub fn run(&self, request: Request) -> Result<Finished, LabError> {
        let (environment, run_file) = (request.environment.clone(), request.run_file.clone());
        let mut resolved: Resolved = request.resolve().map_err(Box::new)?;
        let path = SearchPath::usual(&[], run_file.as_deref(), &environment);
        let catalogue = Catalogue::search(&path)?;
        make_paths_absolute(&catalogue, &mut resolved, environment.working_folder())?;
        let roster = Roster::choose(&catalogue, &resolved.settings)?;
        roster.check(&resolved.settings)?;
        let about = resolved.settings.data.first().map(DataSource::display_name);
        let folder = RunFolder::create_with(&self.runs(), &about.unwrap_or_default(), &resolved, &roster)?;
        self.work(folder)
    }

    /// Carries on with a run that was interrupted, or writes the report of one that is over. Takes the thread.
    ///
    /// # Errors
    /// As [`Engine::run`]; and when there is no such run.
    pub fn resume(&self, run: &str) -> Result<Finished, LabError> {
        self.work(RunFolder::find(&self.runs(), run)?)
    }

    fn runs(&self) -> PathBuf {
        self.home.join("runs")
    }

    fn work(&self, folder: RunFolder) -> Result<Finished, LabError> {
        let mut lab = Lab::open(folder, Arc::clone(&self.progress))?;
        for native in &self.natives {
            lab = lab.agent(native.clone());
        }
        match &self.launcher {
            Some(launcher) => lab.launcher(launcher).work(),
            None => lab.work(),
        }
    }
}

impl EngineBuilder {
    /// The folder that holds runs and graph.
    pub fn home(mut self, home: impl AsRef<Path>) -> Self {
        home.as_ref().clone_into(&mut self.0.home);
        self
    }

    /// Whom is told what happens.
    pub fn progress(mut self, progress: Arc<dyn Progress>) -> Self {
        self.0.progress = progress;
        self
    }

    /// The `kosmos` binary that starts sandboxes; not needed where the program's own `main` begins with
    /// [`sandbox::entry`](crate::sandbox::entry).
    pub fn launcher(mut self, kosmos: impl Into<PathBuf>) -> Self {
        self.0.launcher = Some(kosmos.into());
        self
    }

    /// An agent that takes part in every run. A run is resumed with the agents that it began with.
    pub fn agent(mut self, agent: Native) -> Self {
        self.0.natives.push(agent);
        self
    }

    /// The engine.
    pub fn build(self) -> Engine {
        self.0
    }
}
