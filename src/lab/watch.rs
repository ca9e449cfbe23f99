//! Translates the supervisor's observations into progress events.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use crate::{
    message::{Envelope, Payload, agent},
    progress::{Progress, ProgressEvent},
    science::{Arm, RunId},
    supervisor::{Observed, Observer},
};

/// The counts that a display shows.
#[derive(Debug, Default, Clone, Copy)]
struct Counts {
    planned: u64,
    running: u64,
    done: u64,
    findings: u64,
    cycle: u32,
}

/// The limits that a display shows.
#[derive(Debug, Clone, Copy)]
pub(super) struct ShownLimits {
    pub(super) cycles: u32,
    pub(super) experiments: u64,
    pub(super) wall: Duration,
}

/// An observer that sends events to `progress`. `experiments` and `findings` count the work of earlier processes.
pub(super) fn observe_run(
    progress: Arc<dyn Progress>,
    run: &RunId,
    question: &str,
    limits: ShownLimits,
    experiments: u64,
    findings: u64,
) -> Observer {
    progress.on(ProgressEvent::RunStarted {
        run: run.to_string(),
        question: question.to_owned(),
    });
    let counts = Mutex::new(Counts {
        planned: experiments,
        done: experiments,
        findings,
        running: 0,
        cycle: 0,
    });
    let began = Instant::now();
    Arc::new(move |observed| {
        let mut counts = counts.lock().unwrap_or_else(PoisonError::into_inner);
        for event in translate_observation(&observed, &mut counts, limits, began) {
            progress.on(event);
        }
    })
}

fn translate_observation(
    observed: &Observed<'_>,
    counts: &mut Counts,
    limits: ShownLimits,
    began: Instant,
) -> Vec<ProgressEvent> {
    match observed {
        Observed::Delivered(envelope) => {
            let busy = ProgressEvent::AgentBusy {
                agent: envelope.to.to_string(),
                what: describe_work(envelope),
            };
            if matches!(envelope.payload, Payload::RunExperiment(_)) {
                counts.running += 1;
                return vec![busy, experiments_event(counts)];
            }
            vec![busy]
        }
        Observed::Handled { agent } => {
            let idle = ProgressEvent::AgentIdle {
                agent: agent.to_string(),
            };
            if agent.as_str() == agent::SANDBOX_EXECUTOR {
                counts.running = counts.running.saturating_sub(1);
                counts.done += 1;
                let budget = ProgressEvent::Budget {
                    wall_left: limits.wall.saturating_sub(began.elapsed()),
                    experiments_left: limits.experiments.saturating_sub(counts.planned),
                };
                return vec![idle, experiments_event(counts), budget];
            }
            vec![idle]
        }
        Observed::Sent(envelope) => translate_sent(envelope, counts, limits),
        Observed::Restarted { agent, reason } => {
            if agent.as_str() == agent::SANDBOX_EXECUTOR {
                counts.running = 0;
            }
            vec![ProgressEvent::AgentRestarted {
                agent: agent.to_string(),
                reason: (*reason).to_owned(),
            }]
        }
        Observed::DeadLettered { message, reason } => vec![ProgressEvent::Note(format!(
            "dead letter: {} for {}: {reason}",
            message.payload.name(),
            message.to
        ))],
        Observed::Paused { agent, reason, remedy } => {
            vec![ProgressEvent::Note(format!(
                "{agent}: {reason}; {remedy}; the run pauses"
            ))]
        }
        Observed::Draining => {
            vec![ProgressEvent::Note(
                "stopping: work in progress is finished or dropped; press Ctrl-C again to stop at once".to_owned(),
            )]
        }
    }
}

fn translate_sent(envelope: &Envelope, counts: &mut Counts, limits: ShownLimits) -> Vec<ProgressEvent> {
    match &envelope.payload {
        Payload::RunExperiment(_) => {
            counts.planned += 1;
            vec![experiments_event(counts)]
        }
        Payload::DesignExperiment(request) if request.cycle > counts.cycle => {
            counts.cycle = request.cycle;
            vec![ProgressEvent::Cycle {
                n: request.cycle,
                of: limits.cycles,
            }]
        }
        Payload::CycleJudged(verdict) if verdict.arm == Arm::Observed => {
            counts.findings += verdict.all_families().map(|family| family.significant).sum::<u64>();
            vec![ProgressEvent::Findings { n: counts.findings }]
        }
        Payload::KnowledgeRecorded(recorded) => {
            let told = |reason| format!("nodes and edges for the graph are waiting in the run's journal: {reason}");
            recorded.waits.iter().map(told).map(ProgressEvent::Note).collect()
        }
        Payload::EndRun(end) => vec![ProgressEvent::Ended {
            status: end.status.to_string(),
        }],
        _ => Vec::new(),
    }
}

fn experiments_event(counts: &Counts) -> ProgressEvent {
    ProgressEvent::Experiments {
        done: counts.done,
        running: counts.running,
        planned: counts.planned,
    }
}

/// Describes what an agent does with a message, in a few words.
fn describe_work(envelope: &Envelope) -> String {
    match &envelope.payload {
        Payload::ProposeHypotheses(request) => format!("proposing hypotheses for cycle {}", request.cycle),
        Payload::DesignExperiment(request) => format!("designing an experiment on {}", request.dataset),
        Payload::RepairScript(request) => format!("repairing {}", request.failed.id),
        Payload::RunExperiment(run) => run.protocol.title.clone(),
        Payload::AnalyseResult(request) => format!("reading the result of {}", request.experiment.id),
        Payload::JudgeCycle(request) => format!("judging cycle {}", request.cycle),
        Payload::RecallKnowledge(_) => "reading the findings of the project".to_owned(),
        Payload::RecordKnowledge(request) => format!("recording cycle {}", request.cycle),
        Payload::Deliberate(request) => format!("asking its model about the direction of cycle {}", request.cycle),
        Payload::InterpretFindings(request) => format!("putting {} findings into words", request.findings.len()),
        _ => "deciding".to_owned(),
    }
}
