//! The backends that the agents use, started as the settings say; a missing backend is an error.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use super::{
    LabError, RunFolder,
    site::{reader_limits, sandbox_limits},
};
use crate::{
    actors::{ExecutorOptions, Kit, Knowledge, Templates},
    config::{Backend, ConfigError, Environment, PolicyChoice, RunBudget, Settings},
    interpreter::{self, Interpreter},
    journal::Journal,
    llm::{Mind, MindEvent, MindListener, Replay, ReplySource},
    plugin::Roster,
    progress::{Progress, ProgressEvent},
    sandbox::Sandbox,
};

/// The Python environment, created if it does not exist.
pub(super) fn ensure_interpreter(settings: &Settings, progress: &dyn Progress) -> Result<Interpreter, LabError> {
    let options = interpreter::Options {
        python: settings.sandbox.python.clone(),
        cache: None,
    };
    let told = |step: interpreter::EnvironmentProgress| {
        let (done, total) = match &step {
            interpreter::EnvironmentProgress::Fetching { done, total, .. } => (*done as u64, Some(*total as u64)),
            _ => (0, None),
        };
        let quiet = matches!(
            step,
            interpreter::EnvironmentProgress::Found { .. }
                | interpreter::EnvironmentProgress::Ready { .. }
                | interpreter::EnvironmentProgress::Waiting { .. }
        );
        if !quiet {
            progress.on(ProgressEvent::Preparing {
                what: step.to_string(),
                done,
                total,
            });
        }
    };
    Ok(Interpreter::find_or_build(&options, &told)?)
}

/// The Python environment that runs use, created if it does not exist.
///
/// # Errors
/// When there is no suitable Python, or its packages cannot be installed.
pub fn python_environment(settings: &Settings, progress: &dyn Progress) -> Result<Interpreter, LabError> {
    ensure_interpreter(settings, progress)
}

/// The kit of the built-in agents for a run.
pub(super) fn assemble_kit(
    settings: &Settings,
    sandbox: &Arc<dyn Sandbox>,
    journal: &Journal,
    mind: Option<Mind>,
    knowledge: Knowledge,
) -> Result<Kit, LabError> {
    let executor = ExecutorOptions {
        sandbox: Arc::clone(sandbox),
        limits: sandbox_limits(settings),
        reader_limits: reader_limits(settings),
    };
    Ok(Kit {
        journal: journal.clone(),
        templates: Arc::new(Templates::load_shipped()?),
        executor: Arc::new(executor),
        knowledge,
        deadline: handler_deadline(settings),
        max_parallel: max_parallel(settings),
        // Other agents may use a model even if the built-in ones do not.
        mind: mind.filter(|_| settings.policy == PolicyChoice::Llm),
        on_outage: settings.llm.on_llm_outage,
        snapshot_every: settings.journal.snapshot_every,
    })
}

/// The models that the run uses, if any; `recorded`, if given, answers in their place. No call is made yet.
pub(super) fn start_mind(
    settings: &Settings,
    journal: &Journal,
    roster: &Roster,
    recorded: Option<&RunFolder>,
    progress: &Arc<dyn Progress>,
) -> Result<Option<Mind>, LabError> {
    if settings.policy != PolicyChoice::Llm && !roster.asks_model() {
        return Ok(None);
    }
    let source = match recorded {
        Some(run) => ReplySource::Replay(Replay::of_run::<crate::message::Payload>(run.path())?),
        None => ReplySource::Endpoint,
    };
    let environment = Environment::of_process().map_err(ConfigError::from).map_err(Box::new)?;
    let listener = progress_listener(Arc::clone(progress), settings.budget.clone());
    Ok(Some(Mind::start(
        &settings.llm,
        &settings.budget,
        &environment,
        journal,
        source,
        Some(listener),
    )?))
}

/// Minimum time between two progress events about the same reply.
const SAID_EVERY: Duration = Duration::from_millis(100);

fn progress_listener(progress: Arc<dyn Progress>, budget: RunBudget) -> MindListener {
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

/// Time limit of an agent for one message: as set, but at least the time that the longest experiment and the wait for
/// the container engine may take; plus, if it uses a model, the time that the answers may take.
fn handler_deadline(settings: &Settings) -> Duration {
    let thinking = match settings.policy {
        PolicyChoice::Heuristic => Duration::ZERO,
        PolicyChoice::Llm => longest_thinking(settings),
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

/// The time that the answers of a model may take while an agent handles one message.
pub(super) fn longest_thinking(settings: &Settings) -> Duration {
    (settings.llm.outage_wait.get() + settings.llm.timeout.get()).saturating_mul(ANSWERS)
}

/// Maximum number of replies that an agent waits for while it handles one message: two scripts, each with a second try.
const ANSWERS: u32 = 4;

/// Maximum number of experiments at the same time: as set, or the number of cores.
pub(super) fn max_parallel(settings: &Settings) -> usize {
    match settings.research.max_parallel {
        0 => std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        set => set as usize,
    }
}
