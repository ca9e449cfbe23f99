//! What the agents work with, started as the settings say; a backend that is missing is an error.

use std::{path::Path, sync::Arc, time::Duration};

use super::{LabError, site::limits};
use crate::{
    actors::{ExecutorOptions, Kit, Templates},
    config::{Backend, Settings},
    graph::EmbeddedGraph,
    interpreter::{self, Interpreter},
    journal::Journal,
    progress::{Progress, ProgressEvent},
    sandbox::Sandbox,
};

/// The Python environment, made if it is not there yet.
pub(super) fn interpreter(settings: &Settings, progress: &dyn Progress) -> Result<Interpreter, LabError> {
    let options = interpreter::Options {
        python: settings.sandbox.python.clone(),
        cache: None,
    };
    let told = |step: interpreter::Progress| {
        let (done, total) = match &step {
            interpreter::Progress::Fetching { done, total, .. } => (*done as u64, Some(*total as u64)),
            _ => (0, None),
        };
        let quiet = matches!(
            step,
            interpreter::Progress::Found { .. }
                | interpreter::Progress::Ready { .. }
                | interpreter::Progress::Waiting { .. }
        );
        if !quiet {
            progress.on(ProgressEvent::Preparing {
                what: step.to_string(),
                done,
                total,
            });
        }
    };
    Ok(Interpreter::ensure(&options, &told)?)
}

/// The Python environment that runs use, made if it is not there yet.
///
/// # Errors
/// When there is no suitable Python, or its packages cannot be had.
pub fn python_environment(settings: &Settings, progress: &dyn Progress) -> Result<Interpreter, LabError> {
    interpreter(settings, progress)
}

/// Templates, graph and `sandbox` for the run in `folder`.
pub(super) fn kit(
    settings: &Settings,
    sandbox: &Arc<dyn Sandbox>,
    journal: &Journal,
    folder: &Path,
) -> Result<Kit, LabError> {
    let executor = ExecutorOptions {
        sandbox: Arc::clone(sandbox),
        limits: limits(settings),
    };
    let graph = EmbeddedGraph::open(&folder.join("graph"))?;
    Ok(Kit {
        journal: journal.clone(),
        templates: Arc::new(Templates::shipped()?),
        executor: Arc::new(executor),
        graph: Arc::new(graph),
        deadline: deadline(settings),
        max_parallel: max_parallel(settings),
        mind: None,
        on_outage: settings.llm.on_llm_outage,
        snapshot_every: settings.journal.snapshot_every,
    })
}

/// Time that an agent has for one message: as set, but no less than the longest experiment may take when
/// the engine has to be waited for meanwhile.
fn deadline(settings: &Settings) -> Duration {
    let set = &settings.sandbox;
    let slowest = match set.backend {
        Backend::Process => Duration::ZERO,
        Backend::Docker => set.wall.get() * 2 + set.engine_wait.get() + Duration::from_secs(60),
    };
    settings.supervisor.handler_deadline.get().max(slowest)
}

/// Experiments at once: as set, or as many as there are cores.
pub(super) fn max_parallel(settings: &Settings) -> usize {
    match settings.research.max_parallel {
        0 => std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        set => set as usize,
    }
}
