use serde_json::{Value, json};

use super::{answer_question, read_question, reconcile_relations};
use crate::policy::{AskedAbout, AskedPart, AskedState};
use crate::report::Dossier;
use crate::science::{Caveat, Effect, HypothesisId, RunStatus, TestRecord, kind};
use crate::study::{AnswerReason, AnswerVerdict, Headline, ReasonCode, Relation, RelationVerdict};
use crate::words::tests::finding;

/// A run on a table of `dose`, `age` and `pain`, that asks for pain by dose.
fn dossier(tests: Vec<TestRecord>) -> Dossier {
    let column = |name: &str| json!({"name": name, "role": "numeric", "usable": true, "missing": 0, "distinct": 60});
    let mut dossier: Dossier = serde_json::from_value(json!({
        "run": "run-1", "question": "Does dose affect pain?", "target": null, "cycles": [], "families": [], "tests": [],
        "end": {"status": "answered", "reason": {"kind": "complete"}, "message": "done"}, "untested": [],
        "datasets": [{"name": "t", "path": "/t.csv", "sha256": "ab", "bytes": 1, "experiment": null, "profile": {
            "problem": null, "rows": 90, "columns": [column("pain"), column("dose"), column("age")],
        }}],
        "method": {"alpha": 0.05, "explore_share": 0.5, "seed": 7, "policy": "heuristic", "permutations": 1,
            "check_rows": 1, "randomised": [], "kosmos_version": "0", "stack": [], "sandbox": []},
        "shuffled_null": null, "experiments": [], "figures": [], "ledger": [], "budgets": [], "dead_letters": [],
        "restarts": [], "graph": [],
    }))
    .unwrap();
    dossier.tests = tests;
    dossier.asked = vec![part(AskedState::Tested)];
    dossier
}

fn part(state: AskedState) -> AskedPart {
    AskedPart {
        dataset: "t".to_owned(),
        about: AskedAbout::Relation {
            x: "dose".to_owned(),
            y: "pain".to_owned(),
        },
        state,
    }
}

fn effect(name: &str, value: f64, ci_low: f64, ci_high: f64) -> Effect {
    Effect {
        name: name.to_owned(),
        value: Some(value),
        ci_low: Some(ci_low),
        ci_high: Some(ci_high),
    }
}

fn test(x: &str, y: &str, significant: bool, value: f64) -> TestRecord {
    TestRecord {
        id: HypothesisId::derive(format!("{x}-{y}-{value}")),
        dataset: "t".to_owned(),
        cycle: 1,
        x: x.to_owned(),
        y: y.to_owned(),
        kind: kind::NUMERIC_NUMERIC.to_owned(),
        significant,
        q: if significant { 0.01 } else { 0.7 },
        effect: effect("pearson_r", value, value - 0.1, value + 0.1),
        direction: Some(if value < 0.0 { "-" } else { "+" }.to_owned()),
        caveats: Vec::new(),
        ..finding()
    }
}

fn given_age(significant: bool, value: f64, width: f64) -> TestRecord {
    TestRecord {
        id: HypothesisId::derive(format!("given-{value}")),
        kind: kind::ADJUSTED.to_owned(),
        covariates: vec!["age".to_owned()],
        effect: effect("partial_r", value, value - width, value + width),
        ..test("dose", "pain", significant, value)
    }
}

fn first_relation(tests: Vec<TestRecord>) -> Relation {
    reconcile_relations(&dossier(tests)).remove(0)
}

#[test]
fn the_verdict_is_the_first_that_applies() {
    let crude = || test("dose", "pain", true, 0.5);
    let with = |caveat: Caveat| {
        let mut record = crude();
        record.add_caveat(caveat, "age");
        record
    };
    let moderated = || TestRecord {
        id: HypothesisId::derive("moderated"),
        kind: kind::INTERACTION.to_owned(),
        by: Some("age".to_owned()),
        ..test("dose", "pain", true, 0.3)
    };
    for (tests, verdict) in [
        (vec![crude()], RelationVerdict::Holds),
        (vec![test("dose", "pain", false, 0.05)], RelationVerdict::NotFound),
        (vec![crude(), given_age(true, 0.45, 0.1)], RelationVerdict::Holds),
        (vec![crude(), given_age(true, 0.3, 0.1)], RelationVerdict::Weaker),
        (vec![crude(), given_age(false, 0.1, 0.2)], RelationVerdict::Gone),
        // Half is lost, but the interval is narrow enough to tell it from nothing.
        (vec![crude(), given_age(true, 0.2, 0.1)], RelationVerdict::Weaker),
        (vec![crude(), given_age(true, -0.4, 0.1)], RelationVerdict::Reversed),
        (
            vec![test("dose", "pain", false, 0.05), given_age(true, 0.4, 0.1)],
            RelationVerdict::Appears,
        ),
        (vec![with(Caveat::Nonlinear)], RelationVerdict::Bent),
        (vec![crude(), moderated()], RelationVerdict::Depends),
        (vec![with(Caveat::Confounded), moderated()], RelationVerdict::Gone),
        (
            vec![with(Caveat::TimeOrder), given_age(true, -0.4, 0.1)],
            RelationVerdict::Drift,
        ),
    ] {
        let told = format!("{:?}", tests.iter().map(|test| &test.effect).collect::<Vec<_>>());
        assert_eq!(first_relation(tests).verdict, verdict, "{told}");
    }
}

#[test]
fn what_only_drifts_is_told_as_such() {
    let mut crude = test("dose", "pain", false, 0.05);
    crude.add_caveat(Caveat::TimeOrder, "year");
    let relation = first_relation(vec![crude]);
    assert_eq!(relation.verdict, RelationVerdict::Drift);
    assert!(
        relation
            .sentence
            .starts_with("No relation of `dose` and `pain` was detected ("),
        "{}",
        relation.sentence
    );
    assert!(
        relation.sentence.ends_with("and beyond that nothing is left."),
        "{}",
        relation.sentence
    );
}

#[test]
fn verdicts_that_apply_too_are_caveats() {
    let mut crude = test("dose", "pain", true, 0.5);
    crude.add_caveat(Caveat::TimeOrder, "");
    let relation = first_relation(vec![crude, given_age(true, 0.3, 0.1)]);
    assert_eq!(relation.verdict, RelationVerdict::Drift);
    assert_eq!(relation.caveats, ["weaker", "time_order"]);
}

#[test]
fn a_relation_has_all_of_its_tests_and_both_estimates() {
    let mut dossier = dossier(vec![
        test("pain", "dose", true, 0.5),
        given_age(true, 0.45, 0.1),
        test("age", "pain", true, 0.6),
        test("pain", "age", false, 0.0),
    ]);
    let relations = reconcile_relations(&dossier);
    let [asked, other] = &relations[..] else {
        panic!("{relations:?}")
    };
    assert_eq!(
        (asked.x.as_str(), asked.y.as_str(), asked.relevance),
        ("dose", "pain", 1.0)
    );
    assert_eq!((asked.claims.len(), asked.given.len()), (2, 1));
    assert_eq!(asked.headline, Some(Headline::Adjusted));
    assert_eq!(asked.crude.as_ref().unwrap().value, Some(0.5));
    assert_eq!(asked.adjusted.as_ref().unwrap().value, Some(0.45));
    // The question has pain to be explained.
    assert_eq!(
        (other.x.as_str(), other.y.as_str(), other.claims.len()),
        ("age", "pain", 2)
    );
    assert!(other.relevance < 1.0);
    dossier.method.randomised = vec!["dose".to_owned()];
    assert_eq!(reconcile_relations(&dossier)[0].headline, Some(Headline::Crude));
}

fn answer(dossier: &Dossier) -> (AnswerVerdict, String, Vec<ReasonCode>) {
    let inquiry = read_question(dossier);
    let answer = answer_question(dossier, inquiry.as_ref(), &reconcile_relations(dossier));
    let codes = answer.reasons.iter().map(|reason| reason.code).collect();
    (answer.verdict, answer.text, codes)
}

#[test]
fn found_and_not_found_are_answers() {
    let (verdict, text, codes) = answer(&dossier(vec![test("dose", "pain", true, 0.5)]));
    assert_eq!((verdict, codes), (AnswerVerdict::Found, vec![]));
    assert_eq!(
        text,
        "Higher `dose` goes with higher `pain` (correlation r 0.500 [0.400 to 0.600], q 0.0100, n 90)."
            .replace("n 90", &format!("n {}", finding().n))
    );
    let (verdict, text, _) = answer(&dossier(vec![
        test("dose", "pain", false, 0.05),
        test("age", "pain", true, 0.5),
    ]));
    assert_eq!(verdict, AnswerVerdict::NotFound);
    assert!(
        text.starts_with("No relation of `dose` and `pain` was detected (correlation r 0.0500 ["),
        "{text}"
    );
    assert!(!text.contains("`age`"), "{text}");
}

#[test]
fn what_has_no_answer_says_why() {
    let reason = AnswerReason {
        code: ReasonCode::Constant,
        text: "the column 'dose' cannot be tested: one value only".to_owned(),
    };
    let mut run = dossier(Vec::new());
    run.asked = vec![part(AskedState::Untestable(reason))];
    run.end.status = RunStatus::NotAnswerable;
    let (verdict, text, codes) = answer(&run);
    assert_eq!(
        (verdict, codes),
        (AnswerVerdict::NotAnswerable, vec![ReasonCode::Constant])
    );
    assert_eq!(
        text,
        "Nothing could be tested: the column 'dose' cannot be tested: one value only."
    );
    assert_eq!(reconcile_relations(&run)[0].verdict, RelationVerdict::Untestable);

    let mut run = dossier(Vec::new());
    run.asked = vec![part(AskedState::Open)];
    run.end = serde_json::from_value(json!({
        "status": "budget_spent", "reason": {"kind": "budget", "budget": "wall_time"}, "message": "time is over",
    }))
    .unwrap();
    let (verdict, _, codes) = answer(&run);
    assert_eq!(
        (verdict, codes),
        (AnswerVerdict::Incomplete, vec![ReasonCode::BudgetSpent])
    );
}

#[test]
fn an_open_question_is_answered_by_what_was_found() {
    let mut run = dossier(vec![test("dose", "pain", true, 0.5), test("age", "pain", false, 0.0)]);
    run.question = "What goes with age?".to_owned();
    run.asked = vec![AskedPart {
        about: AskedAbout::Column("age".to_owned()),
        ..part(AskedState::Tested)
    }];
    let (verdict, text, _) = answer(&run);
    assert_eq!(
        (verdict, text.as_str()),
        (AnswerVerdict::NotFound, "No relation of `age` was detected in 1 test.")
    );
    run.asked.clear();
    let (verdict, text, _) = answer(&run);
    assert_eq!(verdict, AnswerVerdict::Found);
    assert!(text.starts_with("Higher `dose`"), "{text}");
}

#[test]
fn some_of_several_relations_make_a_mixed_answer() {
    let mut run = dossier(vec![test("dose", "pain", true, 0.5), test("age", "pain", false, 0.0)]);
    run.asked.push(AskedPart {
        about: AskedAbout::Relation {
            x: "age".to_owned(),
            y: "pain".to_owned(),
        },
        ..part(AskedState::Tested)
    });
    assert_eq!(answer(&run).0, AnswerVerdict::Mixed);
    let value: Value = serde_json::to_value(crate::report::build_findings(&run)).unwrap();
    assert_eq!(value["relations"].as_array().unwrap().len(), 2);
    kosmos_testing::schema::assert_findings_are_valid(&value);
}

#[test]
fn the_name_of_a_table_is_no_word_that_names_nothing() {
    let mut run = dossier(vec![test("dose", "pain", true, 0.5)]);
    run.question = "Does dose affect pain in rodents?".to_owned();
    assert_eq!(answer(&run).2, [ReasonCode::UnmatchedWords]);
    run.datasets[0].name = "rodents".to_owned();
    run.asked[0].dataset = "rodents".to_owned();
    run.tests[0].dataset = "rodents".to_owned();
    assert_eq!(answer(&run).2, []);
    run.datasets[0].name = "visits + rodent".to_owned();
    assert!(!answer(&run).2.contains(&ReasonCode::UnmatchedWords));
}
