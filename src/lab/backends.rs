//! What the agents work with, started as the settings say; a backend that is missing is an error.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use super::{LabError, RunFolder, site::limits};
use crate::{
    actors::{ExecutorOptions, Kit, Knowledge, Templates},
    config::{Backend, Budget, Environment, Policy, Settings},
    interpreter::{self, Interpreter},
    journal::Journal,
    llm::{Listener, Mind, MindEvent, Replay, Source},
    plugin::Roster,
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

/// Templates, `sandbox` and graph for a run.
pub(super) fn kit(
    settings: &Settings,
    sandbox: &Arc<dyn Sandbox>,
    journal: &Journal,
    mind: Option<Mind>,
    knowledge: Knowledge,
) -> Result<Kit, LabError> {
    let executor = ExecutorOptions {
        sandbox: Arc::clone(sandbox),
        limits: limits(settings),
    };
    Ok(Kit {
        journal: journal.clone(),
        templates: Arc::new(Templates::shipped()?),
        executor: Arc::new(executor),
        knowledge,
        deadline: deadline(settings),
        max_parallel: max_parallel(settings),
        // Agents may think where the built-in ones do not.
        mind: mind.filter(|_| settings.policy == Policy::Llm),
        on_outage: settings.llm.on_llm_outage,
        snapshot_every: settings.journal.snapshot_every,
    })
}

/// The models that the run thinks with, if it does; `recorded` answers in their place where it is given. No call is made yet.
pub(super) fn mind(
    settings: &Settings,
    journal: &Journal,
    roster: &Roster,
    recorded: Option<&RunFolder>,
    progress: &Arc<dyn Progress>,
) -> Result<Option<Mind>, LabError> {
    if settings.policy != Policy::Llm && !roster.thinks() {
        return Ok(None);
    }
    let source = match recorded {
        Some(run) => Source::Replay(Replay::read(run.path())?),
        None => Source::Endpoint,
    };
    let environment = Environment::of_process().map_err(Box::new)?;
    let listener = listener(Arc::clone(progress), settings.budget.clone());
    Ok(Some(Mind::start(
        settings,
        &environment,
        journal,
        source,
        Some(listener),
    )?))
}

/// A display is told of a reply's pieces no more often.
const SAID_EVERY: Duration = Duration::from_millis(100);

fn listener(progress: Arc<dyn Progress>, budget: Budget) -> Listener {
    let told: Mutex<Option<Instant>> = Mutex::default();
    Arc::new(move |event| match event {
        MindEvent::Said { agent, so_far, .. } => {
            let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
            if told.is_none_or(|told| told.elapsed() >= SAID_EVERY) {
                *told = Some(Instant::now());
                progress.on(ProgressEvent::Said {
                    agent: agent.to_owned(),
                    text: so_far.to_owned(),
                });
            }
        }
        MindEvent::Replied(account) => progress.on(ProgressEvent::Model {
            calls: account.calls,
            tokens: account.total.sum(),
            usd: account.usd,
            tokens_left: budget.tokens.map(|tokens| tokens.saturating_sub(account.total.sum())),
            usd_left: budget.usd.map(|usd| (usd - account.usd).max(0.0)),
        }),
    })
}

/// Time that an agent has for one message: as set, but no less than the longest experiment may take when
/// the engine has to be waited for meanwhile; and, where it asks a model, beside what its answers may take.
fn deadline(settings: &Settings) -> Duration {
    let thinking = match settings.policy {
        Policy::Heuristic => Duration::ZERO,
        Policy::Llm => thinking(settings),
    };

    let set = &settings.sandbox;
    let slowest = match set.backend {
        Backend::Process => Duration::ZERO,
        Backend::Docker => set.wall.get() * 2 + set.engine_wait.get() + Duration::from_secs(60),
    };
    settings
        .supervisor
        .handler_deadline
        .get()
        .max(slowest)
        .saturating_add(thinking)
}

/// What the answers of a model may take, in handling one message.
pub(super) fn thinking(settings: &Settings) -> Duration {
    (settings.llm.outage_wait.get() + settings.llm.timeout.get()).saturating_mul(ANSWERS)
}

/// Replies that an agent waits for in handling one message, at most: two scripts, each with a second try.
const ANSWERS: u32 = 4;

/// Experiments at once: as set, or as many as there are cores.
pub(super) fn max_parallel(settings: &Settings) -> usize {
    match settings.research.max_parallel {
        0 => std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        set => set as usize,
    }
}
