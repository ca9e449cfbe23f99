//! Runs for programs that use Kosmos as a library.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{Finished, Lab, LabError, RunFolder};
use crate::{
    config::Request,
    plugin::Native,
    progress::{DisplayKind, Progress, Screen, create_display},
};

/// Executes runs for a program, with agents of the program in addition to those of the run file.
///
/// See [`Native`] for an agent, and the example `examples/native_agent.rs`.
pub struct Engine {
    home: PathBuf,
    launcher: Option<PathBuf>,
    progress: Arc<dyn Progress>,
    natives: Vec<Native>,
}

/// Builds an [`Engine`].
pub struct EngineBuilder(Engine);

impl Engine {
    /// A builder of an engine with its home in `./.kosmos` and no display of progress.
    pub fn builder() -> EngineBuilder {
        EngineBuilder(Self {
            home: PathBuf::from(".kosmos"),
            launcher: None,
            progress: Arc::from(create_display(DisplayKind::Silent, &Screen::default())),
            natives: Vec::new(),
        })
    }

    /// Executes a run from start to end. Blocks the thread.
    ///
    /// # Errors
    /// When the settings or the inputs are wrong, a backend is missing, or the journal fails.
    pub fn run(&self, request: Request) -> Result<Finished, LabError> {
        self.work_on_run(Lab::prepare(request, &[])?.create_folder(&self.runs_folder())?)
    }

    /// Continues an interrupted run, or writes the report of one that has ended. Blocks the thread.
    ///
    /// # Errors
    /// As [`Engine::run`]; and when the run does not exist.
    pub fn resume(&self, run: &str) -> Result<Finished, LabError> {
        self.work_on_run(RunFolder::find(&self.runs_folder(), run)?)
    }

    fn runs_folder(&self) -> PathBuf {
        self.home.join("runs")
    }

    fn work_on_run(&self, folder: RunFolder) -> Result<Finished, LabError> {
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
    /// Sets the folder that holds runs and graph.
    pub fn home(mut self, home: impl AsRef<Path>) -> Self {
        home.as_ref().clone_into(&mut self.0.home);
        self
    }

    /// Sets the receiver of progress events.
    pub fn progress(mut self, progress: Arc<dyn Progress>) -> Self {
        self.0.progress = progress;
        self
    }

    /// Names the `kosmos` binary that starts sandboxes; not needed if the program's own `main` begins with
    /// [`sandbox::become_launcher_if_asked`](crate::sandbox::become_launcher_if_asked).
    pub fn launcher(mut self, kosmos: impl Into<PathBuf>) -> Self {
        self.0.launcher = Some(kosmos.into());
        self
    }

    /// Adds an agent that takes part in every run. A run is resumed with the agents that it began with.
    pub fn agent(mut self, agent: Native) -> Self {
        self.0.natives.push(agent);
        self
    }

    /// The engine.
    pub fn build(self) -> Engine {
        self.0
    }
}
