//! Works on a run, from wherever its journal is to its report.
//!
//! | file | does |
//! |---|---|
//! | `begin` | opens the journal, the graph and the models, and checks that the run is as it was left |
//! | `supervise` | starts the agents and the supervisor, and works until the run ends or stops |
//! | `finish` | states how the run ended and writes its report |

mod begin;
mod finish;
mod supervise;

use std::{path::PathBuf, sync::Arc};

pub use finish::{Finished, render_report};

use super::{Ground, LabError, RunFolder, preflight::check_surroundings, sandbox_limits, site::reader_limits};
use crate::{
    actors::{ExecutorOptions, Restorer},
    agent::{Cancel, Registry},
    config::{ConfigError, Environment, Settings},
    plugin::{Grants, Native, Roster},
    progress::{Progress, ProgressEvent},
    supervisor::StopSignal,
};

/// Changes the agents of a run before it begins: adds one, replaces one or wraps one.
pub type Arrange = Box<dyn FnOnce(&mut Registry)>;

/// Works on one run.
pub struct Lab {
    folder: RunFolder,
    settings: Settings,
    roster: Roster,
    progress: Arc<dyn Progress>,
    stop: StopSignal,
    natives: Vec<Native>,
    /// Who takes part besides the built-in agents, a line each.
    agents_told: Vec<String>,
    arrange: Option<Arrange>,
    launcher: Option<PathBuf>,
    replay: Option<RunFolder>,
}

impl Lab {
    /// A lab for the run in `folder`, under the settings that it began with.
    ///
    /// # Errors
    /// [`TrustError::Foreign`](crate::lab::TrustError::Foreign) for a run from elsewhere that the user has not agreed
    /// to; when the settings cannot be read, or the run cannot be worked on where it is.
    pub fn open(folder: RunFolder, progress: Arc<dyn Progress>) -> Result<Self, LabError> {
        check_surroundings(folder.path()).map_err(Box::new)?;
        folder.check_trusted()?;
        let settings = folder.resolve_settings()?.settings;
        let mut roster = folder.read_roster(&settings)?;
        let agents_told = roster.describe_agents();
        let natives = std::mem::take(&mut roster.listeners);
        Ok(Self {
            folder,
            settings,
            roster,
            progress,
            stop: StopSignal::default(),
            natives,
            agents_told,
            arrange: None,
            launcher: None,
            replay: None,
        })
    }

    /// A handle that asks the run to stop.
    pub fn stop_signal(&self) -> StopSignal {
        self.stop.clone()
    }

    /// Adds an agent of the calling program. A run is resumed with the agents that it began with.
    pub fn agent(mut self, agent: Native) -> Self {
        self.natives.push(agent);
        self
    }

    /// Changes the agents before the run begins.
    pub fn arrange(mut self, arrange: impl FnOnce(&mut Registry) + 'static) -> Self {
        self.arrange = Some(Box::new(arrange));
        self
    }

    /// Names the `kosmos` binary that starts sandboxes. Not needed if the `main` of the calling program begins
    /// with [`sandbox::become_launcher_if_asked`](crate::sandbox::become_launcher_if_asked).
    pub fn launcher(mut self, kosmos: impl Into<PathBuf>) -> Self {
        self.launcher = Some(kosmos.into());
        self
    }

    /// Answers every model call from the replies recorded in `recorded`; no endpoint is called.
    pub fn replaying(mut self, recorded: RunFolder) -> Self {
        self.replay = Some(recorded);
        self
    }

    /// Works until the run ends or is stopped, and writes its report. Blocks the thread.
    ///
    /// # Errors
    /// When a backend is missing or the journal fails; the run can then be resumed.
    pub fn work(mut self) -> Result<Finished, LabError> {
        // The copies that are started, so that no change since a run was prepared counts.
        if !self.roster.agents.is_empty() && !self.folder.grants_agents(&self.roster)? {
            let environment = Environment::of_process().map_err(|error| Box::new(ConfigError::from(error)))?;
            self.roster.check_grants(&Grants::load(&environment)?)?;
        }
        for told in &self.agents_told {
            self.progress.on(ProgressEvent::Note(format!("agent {told}")));
        }
        let system = actix::System::new();
        self.roster.compile_components()?;
        let begun = system.block_on(self.begin())?;
        let ground = match self.roster.has_programs() {
            true => Ground::prepare_for_programs(&self.settings, self.progress.as_ref())?,
            false => Ground::prepare(&self.settings, self.progress.as_ref())?,
        };
        system.block_on(async {
            let site = self.start_site(&ground, &begun).await?;
            let (sandbox, mind) = (Arc::clone(&site.sandbox), begun.mind.clone());
            let (folder, settings, journal) = (self.folder.clone(), self.settings.clone(), begun.journal.clone());
            let executor = ExecutorOptions {
                sandbox: Arc::clone(&sandbox),
                limits: sandbox_limits(&settings),
                reader_limits: reader_limits(&settings),
            };
            let finished = match self.supervise(site, begun).await {
                Ok(result) => {
                    let restorer = Restorer {
                        options: &executor,
                        journal: &journal,
                        cancel: &Cancel::new(),
                    };
                    finish::finish_run(&folder, &settings, &journal, result, &restorer).await
                }
                Err(error) => Err(error),
            };
            // Done however the run ended: no container is kept ready, and no call outlives the journal.
            sandbox.close().await;
            if let Some(mind) = mind {
                mind.close().await;
            }
            finished
        })
    }
}
