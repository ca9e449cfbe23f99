//! The ledger: what was registered, tried and judged, as lines that follow from journal entries.

use super::{Design, Envelope, ExperimentTask, Payload};
use crate::science::{Arm, ExperimentId, Hypothesis, HypothesisId, LedgerEvent, LedgerLine, Wording};

/// The ledger's lines for a message that entry `seq` sent; most messages have none. A hypothesis is registered by the
/// request to design its experiment, which is committed before any script exists.
pub fn ledger_lines(seq: u64, envelope: &Envelope) -> Vec<LedgerLine> {
    let line = |event: LedgerEvent, arm: Arm, cycle: u32| LedgerLine {
        seq,
        event,
        arm,
        cycle,
        hypothesis: None,
        experiment: None,
        detail: String::new(),
        p: None,
        q: None,
        tier: None,
        significant: None,
    };
    match &envelope.payload {
        Payload::DesignExperiment(request) => {
            let registered = match &request.task {
                // A confirmation was registered with the test that it confirms.
                ExperimentTask::Tests(plan) if !plan.confirms => plan.hypotheses.as_slice(),
                ExperimentTask::Custom(plan) if plan.author == 1 => std::slice::from_ref(&plan.hypothesis),
                _ => &[],
            };
            registered
                .iter()
                .map(|hypothesis| LedgerLine {
                    hypothesis: Some(hypothesis.id.clone()),
                    detail: registration(hypothesis),
                    ..line(LedgerEvent::Registered, request.arm, request.cycle)
                })
                .collect()
        }
        Payload::RunExperiment(run) => for_each(&run.protocol.hypotheses, Some(&run.id), |_| LedgerLine {
            detail: format!("{} (attempt {})", run.protocol.title, run.protocol.attempt),
            ..line(LedgerEvent::Executed, run.protocol.arm, run.protocol.cycle)
        }),
        Payload::ExperimentDesigned(answer) if answer.repairs.is_some() => match answer.designs.as_slice() {
            [] => for_each(&answer.requested, answer.repairs.as_ref(), |_| LedgerLine {
                detail: answer.declined.clone().unwrap_or_default(),
                ..line(LedgerEvent::Failed, answer.arm, answer.cycle)
            }),
            designs => designs.iter().flat_map(|design| retried(design, &line)).collect(),
        },
        Payload::CycleJudged(verdict) => {
            let judged = verdict.records.iter().map(|record| LedgerLine {
                hypothesis: Some(record.id.clone()),
                experiment: Some(record.evidence.experiment.clone()),
                detail: format!("{}: {}", record.test, record.wording),
                p: Some(record.p),
                q: Some(record.q),
                tier: record.tier,
                significant: Some(record.significant),
                ..line(LedgerEvent::Judged, verdict.arm, verdict.cycle)
            });
            let untested = verdict.untested.iter().map(|untested| LedgerLine {
                hypothesis: Some(untested.id.clone()),
                experiment: untested.experiment.clone(),
                detail: untested.reason.clone(),
                ..line(LedgerEvent::Untestable, verdict.arm, verdict.cycle)
            });
            let described = verdict.descriptions.iter().map(|description| LedgerLine {
                hypothesis: Some(description.id.clone()),
                experiment: Some(description.evidence.experiment.clone()),
                detail: format!("{}: {}", description.method, Wording::Description),
                ..line(LedgerEvent::Described, verdict.arm, verdict.cycle)
            });
            judged.chain(described).chain(untested).collect()
        }
        _ => Vec::new(),
    }
}

/// Returns true if a stored line may have lines in the ledger: if it contains the name of one of those
/// messages, or of a file.
pub(super) fn may_have_lines(line: &[u8]) -> bool {
    const SIGNS: [&str; 5] = [
        "\"type\":\"design_experiment\"",
        "\"type\":\"run_experiment\"",
        "\"type\":\"experiment_designed\"",
        "\"type\":\"cycle_judged\"",
        "\"blob\":\"",
    ];
    SIGNS
        .iter()
        .any(|sign| memchr::memmem::find(line, sign.as_bytes()).is_some())
}

fn registration(hypothesis: &Hypothesis) -> String {
    let predicted = hypothesis.predicted.as_deref().unwrap_or("none");
    let model = hypothesis.proposed_by.as_ref();
    let proposed = model.map(|model| format!(", proposed by {model}")).unwrap_or_default();
    let mut line = format!(
        "{} [family {}, predicted direction {predicted}{proposed}]",
        hypothesis.statement, hypothesis.kind
    );
    if let Some(analysis) = &hypothesis.analysis {
        line.push_str(&format!(
            " [{} of {}, by code from its protocol]",
            analysis.effect,
            analysis.columns.join(", ")
        ));
    }
    line
}

fn retried(design: &Design, line: &impl Fn(LedgerEvent, Arm, u32) -> LedgerLine) -> Vec<LedgerLine> {
    for_each(&design.protocol.hypotheses, Some(&design.id), |_| LedgerLine {
        detail: format!("{} (attempt {})", design.protocol.title, design.protocol.attempt),
        ..line(LedgerEvent::Retried, design.protocol.arm, design.protocol.cycle)
    })
}

fn for_each(
    hypotheses: &[HypothesisId],
    experiment: Option<&ExperimentId>,
    line: impl Fn(&HypothesisId) -> LedgerLine,
) -> Vec<LedgerLine> {
    hypotheses
        .iter()
        .map(|hypothesis| LedgerLine {
            hypothesis: Some(hypothesis.clone()),
            experiment: experiment.cloned(),
            ..line(hypothesis)
        })
        .collect()
}
