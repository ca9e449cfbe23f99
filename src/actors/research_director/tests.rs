//! The model's part in the director's decisions.

use serde_json::json;

use super::{Phase, ResearchState};
use crate::message::{
    BudgetSpent, DeadLettered, Deliberated, FindingsInterpreted, HypothesesProposed, Interpretation, KnowledgeRecorded,
    MessageId, ModelAnswers, ModelPlan, Outgoing, Payload, ResearchPlan, agent,
};
use crate::science::{Arm, CycleSummary, Hypothesis, Part, PartResult, RunStatus, TestRecord, kind};
use crate::words::tests::finding;

fn plan(model: Option<ModelPlan>) -> ResearchPlan {
    let mut plan: ResearchPlan = serde_json::from_value(json!({
        "question": "What goes with body mass?", "target": "body_mass_g", "datasets": [], "randomised": [], "seed": 1,
        "alpha": 0.05, "explore_share": 0.5, "explore_ratio": 0.3, "batch": 25, "follow_ups": 24, "shuffled_run": true,
        "permutations": 99, "check_rows": 1000, "max_cycles": 4, "max_experiments": 100, "max_tests": 100,
        "max_repairs": 2,
    }))
    .unwrap();
    plan.model = model;
    plan
}

const MODEL: ModelPlan = ModelPlan {
    hypotheses: 4,
    analyses: 1,
    max_repairs: 1,
};

fn hypothesis(x: &str) -> Hypothesis {
    serde_json::from_value(json!({
        "id": "h-000000000000", "dataset": "penguins", "arm": "observed", "kind": "numeric_numeric", "x": x, "y": "body_mass_g",
        "part": "whole", "statement": "s", "predicted": null, "parent": null, "rationale": "",
        "scores": {"relevance": 0.8, "information": 1.0, "novelty": 1.0, "testability": 1.0}, "weight": 1.0,
    }))
    .map(Hypothesis::with_id)
    .unwrap()
}

/// The end of the first cycle: one test that looks promising on the explore part, and one that shows nothing there.
fn judged(model: Option<ModelPlan>) -> ResearchState {
    let mut state = ResearchState {
        plan: Some(plan(model)),
        phase: Phase::Judging,
        cycle: 1,
        cycles: vec![CycleSummary {
            cycle: 1,
            registered: 2,
            tested: 0,
            significant: 0,
            left_out: 0,
            rationale: String::new(),
        }],
        ..ResearchState::default()
    };
    let dataset = json!({"name": "penguins", "path": "", "sha256": "", "bytes": 1, "experiment": null,
        "profile": {"problem": null, "rows": 100}});
    state.datasets = vec![serde_json::from_value(dataset).unwrap()];
    for (x, p, significant) in [("flipper_length_mm", 0.001, true), ("bill_depth_mm", 0.7, false)] {
        let hypothesis = hypothesis(x);
        let record = TestRecord {
            id: hypothesis.id.clone(),
            x: x.to_owned(),
            significant,
            explore: Some(PartResult {
                n: 50,
                p: Some(p),
                effect: None,
                direction: Some("+".to_owned()),
            }),
            ..finding()
        };
        state.hypotheses.insert(hypothesis.id.clone(), hypothesis);
        state
            .records
            .entry(Arm::Observed)
            .or_default()
            .insert(record.id.clone(), record);
    }
    state
}

fn names(commands: &[Outgoing]) -> Vec<&'static str> {
    commands.iter().map(|command| command.payload.name()).collect()
}

fn recorded() -> Payload {
    KnowledgeRecorded { cycle: 1, waits: None }.into()
}

fn answer(focus: Option<&str>, stop: bool) -> Payload {
    Deliberated {
        cycle: 2,
        focus: focus.map(str::to_owned),
        stop,
        reason: String::new(),
        remarks: Vec::new(),
        model: ModelAnswers::default(),
    }
    .into()
}

fn requests(commands: &[Outgoing]) -> Vec<&crate::message::ProposeHypotheses> {
    commands
        .iter()
        .filter_map(|command| match &command.payload {
            Payload::ProposeHypotheses(request) => Some(&**request),
            _ => None,
        })
        .collect()
}

#[test]
fn without_a_model_nobody_deliberates() {
    let commands = judged(None).fold_and_decide(&recorded());
    assert_eq!(
        names(&commands),
        ["RecordKnowledge", "ProposeHypotheses", "ProposeHypotheses"]
    );
    assert!(requests(&commands).iter().all(|request| request.refuted.is_empty()));
}

#[test]
fn the_model_is_asked_between_two_cycles_and_sees_the_explore_part_alone() {
    let mut state = judged(Some(MODEL));
    let commands = state.fold_and_decide(&recorded());
    assert_eq!(names(&commands), ["RecordKnowledge", "Deliberate"]);
    assert_eq!(commands[1].to.as_str(), agent::RESEARCH_DIRECTOR);
    let Payload::Deliberate(asked) = &commands[1].payload else {
        panic!()
    };
    assert_eq!((asked.cycle, asked.known.len(), asked.refuted.len()), (2, 1, 1));
    assert_eq!(asked.refuted[0].hypothesis.x, "bill_depth_mm");
    let text = serde_json::to_string(asked).unwrap();
    assert!(!text.contains("\"q\"") && !text.contains("significant"), "{text}");

    // Its own question and anything else leave it waiting.
    assert_eq!(names(&state.fold_and_decide(&commands[1].payload)), Vec::<&str>::new());
    assert_eq!(state.phase, Phase::Deliberating);
    let commands = state.fold_and_decide(&answer(Some("Look at sex."), false));
    let requests = requests(&commands);
    assert_eq!(requests.len(), 2);
    assert_eq!(
        (requests[0].arm, requests[0].focus.as_deref()),
        (Arm::Observed, Some("Look at sex."))
    );
    assert_eq!((requests[1].arm, requests[1].focus.as_deref()), (Arm::Shuffled, None));
    assert_eq!((requests[0].refuted.len(), requests[1].refuted.len()), (1, 0));
    // Late, or twice: of no effect.
    assert!(state.fold_and_decide(&answer(None, true)).is_empty() && !state.thinking.stopped);
}

#[test]
fn a_model_that_stops_leaves_the_rule_book_at_work() {
    let mut state = judged(Some(MODEL));
    state.fold_and_decide(&recorded());
    let commands = state.fold_and_decide(&answer(None, true));
    let requests = requests(&commands);
    assert!(requests.len() == 2 && requests.iter().all(|request| request.plan.model.is_none()));
    assert_eq!(state.thinking.remarks.len(), 1);
}

#[test]
fn a_deliberation_that_was_given_up_does_not_stall() {
    let mut state = judged(Some(MODEL));
    let commands = state.fold_and_decide(&recorded());
    let letter = DeadLettered {
        message: MessageId::derive(&"r".parse().unwrap(), None, 0),
        agent: agent::RESEARCH_DIRECTOR.into(),
        attempts: 3,
        reason: "panicked".to_owned(),
        payload: commands[1].payload.clone(),
    };
    let commands = state.fold_and_decide(&letter.into());
    assert_eq!(names(&commands), ["ProposeHypotheses", "ProposeHypotheses"]);
    assert_eq!(state.thinking.remarks.len(), 1);
}

fn spent(budget: &str) -> Payload {
    BudgetSpent {
        budget: budget.into(),
        detail: "it is spent".to_owned(),
    }
    .into()
}

#[test]
fn wall_time_ends_a_deliberation() {
    let mut state = judged(Some(MODEL));
    state.fold_and_decide(&recorded());
    let commands = state.fold_and_decide(&spent("wall_time"));
    assert_eq!(state.phase, Phase::Recording);
    assert!(
        names(&commands).iter().all(|name| *name != "InterpretFindings"),
        "{:?}",
        names(&commands)
    );
}

#[test]
fn tokens_that_are_spent_end_the_run_after_what_needs_none() {
    let mut state = judged(Some(MODEL));
    state.fold_and_decide(&recorded());
    state.fold_and_decide(&answer(None, false));
    assert!(
        state.fold_and_decide(&spent("tokens")).is_empty(),
        "the arms' proposals are still awaited"
    );
    let proposed = |arm: Arm| HypothesesProposed {
        cycle: 2,
        arm,
        hypotheses: Vec::new(),
        left_out: 0,
        rationale: String::new(),
        remarks: vec!["no answer to `propose`: the budget `tokens` is spent".to_owned()],
        model: ModelAnswers::default(),
    };
    let mut observed = proposed(Arm::Observed);
    observed.hypotheses = vec![hypothesis("bill_length_mm")];
    state.fold_and_decide(&observed.into());
    state.fold_and_decide(&proposed(Arm::Shuffled).into());
    // The rule book's proposals are registered and go on to be tested.
    assert!(
        matches!(state.phase, Phase::Testing | Phase::Judging),
        "{:?}",
        state.phase
    );
    assert_eq!(state.thinking.remarks.len(), 1, "said once, though both arms say it");
    state.current.judging.clear();
    state.phase = Phase::Judging;
    state.current.open.clear();
    state.drawing_designs = 0;
    let commands = state.fold_and_decide(&recorded());
    assert!(
        names(&commands)
            .iter()
            .all(|name| *name != "Deliberate" && *name != "InterpretFindings")
    );
    assert_eq!(state.spent.as_ref().unwrap().0, "tokens");
}

/// A state whose figures are drawn.
fn drawn(model: Option<ModelPlan>) -> ResearchState {
    ResearchState {
        phase: Phase::Drawing,
        ..judged(model)
    }
}

#[test]
fn findings_are_put_into_words_after_the_last_cycle() {
    let mut state = drawn(Some(MODEL));
    let commands = state.fold_and_decide(&recorded());
    assert_eq!(names(&commands), ["InterpretFindings"]);
    let Payload::InterpretFindings(request) = &commands[0].payload else {
        panic!()
    };
    assert_eq!((request.findings.len(), request.tests), (1, 2));
    let words = Interpretation {
        finding: None,
        text: "Some words.".to_owned(),
        model: "tiny-model".to_owned(),
    };
    let interpreted = FindingsInterpreted {
        interpretations: vec![words.clone()],
        remarks: vec!["one text is not shown".to_owned()],
        model: ModelAnswers::default(),
    };
    let commands = state.fold_and_decide(&interpreted.clone().into());
    assert_eq!(names(&commands), ["EndRun"]);
    assert_eq!(state.thinking.interpretations, [words]);
    assert_eq!(state.thinking.remarks.len(), 1);
}

#[test]
fn nothing_is_put_into_words_where_there_is_nothing() {
    assert_eq!(names(&drawn(None).fold_and_decide(&recorded())), ["EndRun"]);
    let mut silent = drawn(Some(MODEL));
    for record in silent.records.entry(Arm::Observed).or_default().values_mut() {
        record.significant = false;
    }
    assert_eq!(names(&silent.fold_and_decide(&recorded())), ["EndRun"]);
    let mut given_up = drawn(Some(MODEL));
    let commands = given_up.fold_and_decide(&recorded());
    let letter = DeadLettered {
        message: MessageId::derive(&"r".parse().unwrap(), None, 0),
        agent: agent::DATA_ANALYST.into(),
        attempts: 3,
        reason: "panicked".to_owned(),
        payload: commands[0].payload.clone(),
    };
    assert_eq!(names(&given_up.fold_and_decide(&letter.into())), ["EndRun"]);
    assert!(given_up.end.is_some_and(|end| end.status != RunStatus::Failed));
}

#[test]
fn a_reworded_analysis_is_not_registered_twice() {
    let analysis = |method: &str, effect: &str| {
        let mut custom = hypothesis("flipper_length_mm");
        custom.kind = kind::CUSTOM.to_owned();
        custom.part = Part::Confirm;
        custom.analysis = Some(crate::science::CustomProtocol {
            columns: vec!["body_mass_g".to_owned(), "flipper_length_mm".to_owned()],
            method: method.to_owned(),
            effect: effect.to_owned(),
            family: None,
            claim: None,
        });
        custom.with_id()
    };
    let mut state = judged(Some(MODEL));
    let first = analysis("Divide the one by the other.", "ratio");
    state.hypotheses.insert(first.id.clone(), first);
    let claimed = state.claimed_so_far();
    let known = |idea: &Hypothesis| claimed.contains(&(idea.arm, &idea.dataset, idea.derive_claim_id()));
    assert!(known(&analysis("First divide, then look.", "ratio")));
    assert!(!known(&analysis("Divide the one by the other.", "difference")));
    assert!(known(&hypothesis("flipper_length_mm")) && !known(&hypothesis("year")));
}

#[test]
fn a_model_cannot_register_more_than_the_budget_of_tests() {
    let mut state = judged(Some(MODEL));
    state.plan.as_mut().unwrap().max_tests = 4;
    state.plan.as_mut().unwrap().shuffled_run = false;
    state.fold_and_decide(&recorded());
    state.fold_and_decide(&answer(None, false));
    let many: Vec<Hypothesis> = (0..10).map(|at| hypothesis(&format!("column_{at}"))).collect();
    let mut proposed = HypothesesProposed {
        cycle: 2,
        arm: Arm::Observed,
        hypotheses: many,
        left_out: 0,
        rationale: String::new(),
        remarks: Vec::new(),
        model: ModelAnswers::default(),
    };
    proposed.hypotheses.push(hypothesis("flipper_length_mm"));
    state.fold_and_decide(&proposed.into());
    assert_eq!(state.left_out, 8, "two find room, eight do not, one was known");
}

#[test]
fn snapshots_grow_with_the_run_and_not_with_its_square() {
    let (every, mut since, mut taken, mut bytes, mut last) = (200, 0, 0, 0, 0);
    for events in 1..=1_000_000u64 {
        since += 1;
        if super::is_snapshot_due(since, events, every) {
            // As if each event added one byte to the state.
            (since, taken, bytes, last) = (0, taken + 1, bytes + events, events);
        }
        assert!(
            since < every.max(events / 3),
            "what is folded anew stays a part of the whole"
        );
    }
    assert!(bytes <= 3 * last + every, "{bytes} in all, {last} in the last");
    assert!((10..40).contains(&taken), "{taken}");
}

#[test]
fn the_end_says_whether_what_was_asked_was_tested() {
    let end = |change: fn(&mut ResearchState)| {
        let mut state = judged(None);
        change(&mut state);
        let end = state.verdict_on_run();
        let budget = end.ended_by().map(ToString::to_string);
        (end.status, budget)
    };
    let budget = |name: &str| Some(name.to_owned());
    assert_eq!(end(|_| {}), (RunStatus::Answered, None));
    // That nothing was found is an answer.
    let nothing_found = |state: &mut ResearchState| {
        for record in state.records.values_mut().flat_map(|records| records.values_mut()) {
            record.significant = false;
        }
    };
    assert_eq!(end(nothing_found), (RunStatus::Answered, None));
    // A budget ended what came after the survey, and then the survey itself.
    let later = |state: &mut ResearchState| {
        state.spent = Some(("cycles".into(), "1 of 1 cycles are used".to_owned()));
        state.left_out = 3;
    };
    assert_eq!(end(later), (RunStatus::Answered, budget("cycles")));
    let survey = |state: &mut ResearchState| {
        state.cycles[0].left_out = 5;
        state.left_out = 5;
    };
    assert_eq!(end(survey), (RunStatus::BudgetSpent, budget("tests")));
    let called_off = |state: &mut ResearchState| {
        state.spent = Some(("wall_time".into(), "time is over".to_owned()));
        state.called_off_in = Some(1);
    };
    assert_eq!(end(called_off), (RunStatus::BudgetSpent, budget("wall_time")));
    let nothing_tested = |state: &mut ResearchState| state.records.clear();
    assert_eq!(end(nothing_tested), (RunStatus::NotAnswerable, None));
}

#[test]
fn a_named_column_that_cannot_be_tested_fails_the_run_before_its_first_cycle() {
    let mut state = judged(None);
    state.phase = Phase::Profiling;
    let columns = json!([{"name": "body_mass_g", "role": "constant", "usable": false, "excluded": "one value only",
        "missing": 0, "distinct": 1}]);
    state.datasets[0].profile.as_mut().unwrap().columns = serde_json::from_value(columns).unwrap();
    state.plan.as_mut().unwrap().question = "Why?".to_owned();
    let commands = state.fold_and_decide(&recorded());
    assert_eq!(names(&commands), ["EndRun"]);
    let end = state.end.unwrap();
    assert_eq!(end.status, RunStatus::Failed);
    assert!(matches!(end.reason, crate::science::EndReason::BadInput { code } if code == "unusable_outcome"));
    assert!(end.message.contains("one value only"), "{}", end.message);
}
