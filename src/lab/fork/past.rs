//! The past that a branch shares with its run: where it ends, and whether the branch's settings would have led there.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use super::ForkError;
use crate::{
    actors::research_director::{Phase, ResearchState},
    journal::{Entry, Record},
    message::{Envelope, HypothesesProposed, MessageId, Outgoing, Payload, ResearchPlan, agent},
    science::{Arm, RunId},
};

/// The number of commits that `run` had when `cycle` began; the next one is that in which its director goes on to that cycle.
///
/// # Errors
/// [`ForkError::NotReached`]; and [`ForkError::OtherPast`] when the director would not have sent under `plan` what it sent.
pub(super) fn shared(run: &RunId, commits: &[Vec<Entry>], plan: &ResearchPlan, cycle: u32) -> Result<usize, ForkError> {
    let mut messages: HashMap<&MessageId, &Envelope> = HashMap::new();
    let answers = answers(commits);
    let (mut as_it_was, mut as_it_would_be) = (ResearchState::default(), ResearchState::default());
    let (mut last, mut differs) = (0, None);
    for (at, commit) in commits.iter().enumerate() {
        let sent: Vec<&Envelope> = commit.iter().filter_map(sent).collect();
        messages.extend(sent.iter().map(|envelope| (&envelope.id, *envelope)));
        let Some(event) = commit.iter().find_map(handled).and_then(|id| messages.get(id)) else {
            continue;
        };
        as_it_was.step(&event.payload);
        last = last.max(begun(&as_it_was));
        if cycle >= 2 && last >= cycle {
            return differs.map_or(Ok(at), Err);
        }
        if differs.is_none() {
            let again = as_it_would_be.step(&under(&event.payload, plan));
            if !same(&event.payload, &sent, &again, &answers) {
                differs = Some(ForkError::OtherPast {
                    run: run.clone(),
                    cycle: last,
                });
            }
        }
    }
    Err(ForkError::NotReached {
        run: run.clone(),
        cycle,
        last,
        ended: as_it_was.end.is_some(),
    })
}

fn sent(entry: &Entry) -> Option<&Envelope> {
    match &entry.record {
        Record::Sent { envelope } => Some(envelope),
        _ => None,
    }
}

/// The message that the director has handled.
fn handled(entry: &Entry) -> Option<&MessageId> {
    match &entry.record {
        Record::Handled {
            message,
            agent: by,
            dead: None,
        } if by.as_str() == agent::RESEARCH_DIRECTOR => Some(message),
        _ => None,
    }
}

/// The cycle that was begun last. One begins with the question where it should look.
fn begun(state: &ResearchState) -> u32 {
    state.cycle + u32::from(state.phase == Phase::Deliberating)
}

/// The event as it is in the branch.
pub(super) fn under(event: &Payload, plan: &ResearchPlan) -> Payload {
    match event {
        Payload::StartResearch(_) => plan.clone().into(),
        event => event.clone(),
    }
}

type Answers<'a> = BTreeMap<(u32, Arm), &'a HypothesesProposed>;

fn answers(commits: &[Vec<Entry>]) -> Answers<'_> {
    let sent = commits.iter().flatten().filter_map(sent);
    let answers = sent.filter_map(|envelope| match &envelope.payload {
        Payload::HypothesesProposed(answer) => Some(((answer.cycle, answer.arm), &**answer)),
        _ => None,
    });
    answers.collect()
}

/// Whether the director has sent in a step what it would send `again`.
fn same(event: &Payload, sent: &[&Envelope], again: &[Outgoing], answers: &Answers<'_>) -> bool {
    // What its model answers comes on top.
    let more = matches!(event, Payload::Deliberate(_));
    let as_many = sent.len() == again.len() || (more && sent.len() > again.len());
    as_many
        && sent
            .iter()
            .zip(again)
            .all(|(sent, again)| sent.to == again.to && is_same(&sent.payload, &again.payload, answers))
}

fn is_same(sent: &Payload, again: &Payload, answers: &Answers<'_>) -> bool {
    let (mut sent, mut again) = (sent.clone(), again.clone());
    if let (Payload::ProposeHypotheses(one), Payload::ProposeHypotheses(other)) = (&mut sent, &mut again) {
        // A survey is cut at its limit, and depends on nothing else of it.
        let fits = |answer: &&HypothesesProposed| {
            answer.left_out == 0
                && answer.hypotheses.len() <= one.limit.min(other.limit)
                && one.limit.min(other.limit) > 0
        };
        if one.cycle == 1 && answers.get(&(one.cycle, one.arm)).is_some_and(fits) {
            other.limit = one.limit;
        }
        for request in [one, other] {
            let first = request.cycle == 1;
            without_limits(&mut request.plan, first);
        }
    }
    value(&sent) == value(&again)
}

/// Takes out of a plan that is told what he who is told it does not go by: what the director alone counts, and in the first
/// cycle what is for later ones.
fn without_limits(plan: &mut ResearchPlan, first: bool) {
    (plan.max_cycles, plan.max_experiments, plan.max_tests) = (0, 0, 0);
    plan.follow_ups = 0;
    for agent in &mut plan.agents {
        agent.experiments = 0;
    }
    if first {
        plan.explore_ratio = 0.0;
    }
}

/// As it is written: what is no number there is equal to itself.
fn value(payload: &Payload) -> Option<Value> {
    serde_json::to_value(payload).ok()
}
