//! The past that a branch shares with its run: its end, and the check that the branch's settings would have led there.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use super::ForkError;
use crate::{
    actors::research_director::{Phase, ResearchState},
    journal::{Entry, Record},
    message::{Envelope, HypothesesProposed, MessageId, Outgoing, Payload, ResearchPlan, agent},
    science::{Arm, RunId},
};

/// The number of commits before the one in which the director of `run` began `cycle`.
///
/// # Errors
/// [`ForkError::NotReached`]; and [`ForkError::OtherPast`] if the director would have sent other messages under `plan`.
pub(super) fn commits_before_cycle(
    run: &RunId,
    commits: &[Vec<Entry>],
    plan: &ResearchPlan,
    cycle: u32,
) -> Result<usize, ForkError> {
    let mut messages: HashMap<&MessageId, &Envelope> = HashMap::new();
    let answers = proposals_by_cycle(commits);
    let (mut as_it_was, mut as_it_would_be) = (ResearchState::default(), ResearchState::default());
    let (mut last, mut differs) = (0, None);
    for (at, commit) in commits.iter().enumerate() {
        let sent: Vec<&Envelope> = commit.iter().filter_map(sent_envelope).collect();
        messages.extend(sent.iter().map(|envelope| (&envelope.id, *envelope)));
        let Some(event) = commit
            .iter()
            .find_map(handled_by_director)
            .and_then(|id| messages.get(id))
        else {
            continue;
        };
        as_it_was.fold_and_decide(&event.payload);
        last = last.max(last_begun_cycle(&as_it_was));
        if cycle >= 2 && last >= cycle {
            return differs.map_or(Ok(at), Err);
        }
        if differs.is_none() {
            let again = as_it_would_be.fold_and_decide(&event_under_plan(&event.payload, plan));
            if !sends_the_same(&event.payload, &sent, &again, &answers) {
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

fn sent_envelope(entry: &Entry) -> Option<&Envelope> {
    match &entry.record {
        Record::Sent { envelope } => Some(envelope),
        _ => None,
    }
}

/// The message that the director has handled.
fn handled_by_director(entry: &Entry) -> Option<&MessageId> {
    match &entry.record {
        Record::Handled {
            message,
            agent: by,
            dead: None,
        } if by.as_str() == agent::RESEARCH_DIRECTOR => Some(message),
        _ => None,
    }
}

/// The cycle that was begun last. A cycle begins with the question where it should look.
fn last_begun_cycle(state: &ResearchState) -> u32 {
    state.cycle + u32::from(state.phase == Phase::Deliberating)
}

/// The event as it is in the branch, under its plan.
pub(super) fn event_under_plan(event: &Payload, plan: &ResearchPlan) -> Payload {
    match event {
        Payload::StartResearch(_) => plan.clone().into(),
        event => event.clone(),
    }
}

type Answers<'a> = BTreeMap<(u32, Arm), &'a HypothesesProposed>;

fn proposals_by_cycle(commits: &[Vec<Entry>]) -> Answers<'_> {
    let sent = commits.iter().flatten().filter_map(sent_envelope);
    let answers = sent.filter_map(|envelope| match &envelope.payload {
        Payload::HypothesesProposed(answer) => Some(((answer.cycle, answer.arm), &**answer)),
        _ => None,
    });
    answers.collect()
}

/// Returns true if the director sent in a step the messages that it would send `again`.
fn sends_the_same(event: &Payload, sent: &[&Envelope], again: &[Outgoing], answers: &Answers<'_>) -> bool {
    // The answers of its model come in addition.
    let more = matches!(event, Payload::Deliberate(_));
    let as_many = sent.len() == again.len() || (more && sent.len() > again.len());
    as_many
        && sent
            .iter()
            .zip(again)
            .all(|(sent, again)| sent.to == again.to && is_same_payload(&sent.payload, &again.payload, answers))
}

fn is_same_payload(sent: &Payload, again: &Payload, answers: &Answers<'_>) -> bool {
    let (mut sent, mut again) = (sent.clone(), again.clone());
    if let (Payload::ProposeHypotheses(one), Payload::ProposeHypotheses(other)) = (&mut sent, &mut again) {
        // A survey is cut at its limit and depends on the limit in no other way.
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
            clear_ignored_fields(&mut request.plan, first);
        }
    }
    payload_as_json(&sent) == payload_as_json(&again)
}

/// Clears the fields of a plan that its recipient ignores: the limits that only the director counts, and in the first
/// cycle the settings of later cycles.
fn clear_ignored_fields(plan: &mut ResearchPlan, first: bool) {
    (plan.max_cycles, plan.max_experiments, plan.max_tests) = (0, 0, 0);
    plan.follow_ups = 0;
    for agent in &mut plan.agents {
        agent.experiments = 0;
        // Only told, or counted by the director.
        (agent.from, agent.permissions, agent.share) = (None, String::new(), None);
    }
    if first {
        plan.explore_ratio = 0.0;
    }
}

/// The JSON form, in which NaN equals itself.
fn payload_as_json(payload: &Payload) -> Option<Value> {
    serde_json::to_value(payload).ok()
}
