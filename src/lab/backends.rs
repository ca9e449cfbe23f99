//! What the agents work with, started as the settings say; a backend that is missing is an error.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use super::LabError;
use crate::{
    actors::{ExecutorOptions, Kit, Templates},
    config::Settings,
    graph::EmbeddedGraph,
    interpreter::{self, Interpreter},
    journal::Journal,
    progress::{Progress, ProgressEvent},
    sandbox::{Guarantees, Limits, Options, ProcessSandbox, Sandbox},
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

/// What the sandbox withstands on this machine, measured by an attack on it.
///
/// # Errors
/// When an essential guarantee is missing here.
pub fn sandbox_guarantees(interpreter: &Interpreter) -> Result<Guarantees, LabError> {
    let started = actix::System::new().block_on(ProcessSandbox::start(Options::new(interpreter)))?;
    Ok(started.guarantees().clone())
}

/// Sandbox, templates and graph for the run in `folder`.
pub(super) async fn kit(
    settings: &Settings,
    interpreter: &Interpreter,
    launcher: Option<PathBuf>,
    journal: &Journal,
    folder: &Path,
) -> Result<(Kit, Arc<dyn Sandbox>), LabError> {
    let mut options = Options::new(interpreter);
    if let Some(launcher) = launcher {
        options.launcher = launcher;
    }
    let sandbox: Arc<dyn Sandbox> = Arc::new(ProcessSandbox::start(options).await?);
    let executor = ExecutorOptions {
        sandbox: Arc::clone(&sandbox),
        limits: limits(settings),
    };
    let graph = EmbeddedGraph::open(&folder.join("graph"))?;
    let kit = Kit {
        journal: journal.clone(),
        templates: Arc::new(Templates::shipped()?),
        executor: Arc::new(executor),
        graph: Arc::new(graph),
        deadline: settings.supervisor.handler_deadline.get(),
        max_parallel: max_parallel(settings),
        snapshot_every: settings.journal.snapshot_every,
    };
    Ok((kit, sandbox))
}

/// Experiments at once: as set, or as many as there are cores.
pub(super) fn max_parallel(settings: &Settings) -> usize {
    match settings.research.max_parallel {
        0 => std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        set => set as usize,
    }
}

fn limits(settings: &Settings) -> Limits {
    let set = &settings.sandbox;
    Limits {
        wall: set.wall.get(),
        cpu: set.cpu.get(),
        memory_bytes: set.memory.get(),
        processes: u64::from(set.processes),
        file_bytes: set.file_size.get(),
        workspace_bytes: set.workspace.get(),
        stdout_bytes: set.stdout.get(),
        open_files: u64::from(set.open_files),
        ..Limits::default()
    }
}
