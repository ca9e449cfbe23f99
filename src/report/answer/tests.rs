use serde_json::{Value, json};

use super::{answer_question, read_question, reconcile_relations};
use crate::policy::{AskedAbout, AskedPart, AskedState};
use crate::report::Dossier;
use crate::science::{Caveat, Effect, HypothesisId, RunStatus, TestRecord, Tier, kind};
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
        p: if significant { 0.001 } else { 0.5 },
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
    reconcile_relations(&dossier(tests)).remove(0).relation
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
fn what_the_question_holds_fixed_comes_before_what_follows_up() {
    let planned = TestRecord {
        tier: Some(Tier::Primary),
        ..given_age(true, 0.4, 0.1)
    };
    let followed = TestRecord {
        covariates: vec!["age".to_owned(), "height".to_owned()],
        tier: Some(Tier::FollowUp),
        ..given_age(false, 0.01, 0.1)
    };
    let relation = first_relation(vec![test("dose", "pain", true, 0.5), planned, followed]);
    assert_eq!(relation.given, ["age"]);
    assert_eq!(relation.verdict, RelationVerdict::Holds);
}

#[test]
fn a_spread_that_changes_answers_no_question_about_a_relation() {
    let spread = TestRecord {
        kind: kind::SPREAD.to_owned(),
        directions: [(
            "+".to_owned(),
            "`pain` scatters more widely where `dose` is higher".to_owned(),
        )]
        .into(),
        ..test("dose", "pain", true, 0.3)
    };
    let crude = test("dose", "pain", false, 0.02);
    let relation = first_relation(vec![crude.clone(), spread.clone()]);
    assert_eq!(relation.verdict, RelationVerdict::NotFound);
    assert!(
        relation
            .sentence
            .ends_with("; `pain` scatters more widely where `dose` is higher."),
        "{}",
        relation.sentence
    );
    let mut open = dossier(vec![crude, spread]);
    open.asked = Vec::new();
    let relation = reconcile_relations(&open).remove(0).relation;
    assert_eq!(
        relation.verdict,
        RelationVerdict::Holds,
        "a question about everything asks for that too"
    );
}

#[test]
fn what_follows_from_other_columns_comes_last_with_its_reason() {
    let mut run = dossier(vec![
        test("dose", "pain", true, 0.5),
        test("age", "pain", true, 0.6),
        test("height", "pain", true, 0.4),
    ]);
    run.question = "What goes with pain?".to_owned();
    run.asked = vec![AskedPart {
        about: AskedAbout::Column("pain".to_owned()),
        ..part(AskedState::Tested)
    }];
    let profile = run.datasets[0].profile.as_mut().unwrap();
    let mut height = profile.columns[2].clone();
    height.name = "height".to_owned();
    profile.columns.push(height);
    let sum = |x: &str| json!({"x": x, "y": "age", "kind": "sum", "reason": "age = dose + height."});
    profile.tautologies = serde_json::from_value(json!([sum("dose"), sum("height")])).unwrap();
    let (_, text, _) = answer(&run);
    let told = "`age` is in no model with the others, from which it cannot be told: age = dose + height.";
    assert!(text.ends_with(told), "{text}");
    assert_eq!(text.matches("cannot be told").count(), 1, "{text}");
}

#[test]
fn what_selection_may_have_made_is_told_with_the_finding() {
    let selected = TestRecord {
        caveats: vec![Caveat::EmptyCorner],
        ..test("dose", "pain", true, -0.5)
    };
    let told = |test: TestRecord| first_relation(vec![test]).sentence;
    let sentence = told(selected.clone());
    assert!(
        sentence.contains("; rows end at a slanting line across both columns"),
        "{sentence}"
    );
    let missing = TestRecord {
        caveats: vec![Caveat::MissingByOther],
        caveat_notes: [(Caveat::MissingByOther, "pain is missing where dose is high".to_owned())].into(),
        ..selected.clone()
    };
    let sentence = told(missing);
    assert!(
        sentence.ends_with("both values at most: pain is missing where dose is high."),
        "{sentence}"
    );
    let nothing = TestRecord {
        significant: false,
        q: 0.7,
        ..selected
    };
    assert!(!told(nothing).contains("slanting"));
}

#[test]
fn an_exposure_that_may_begin_late_is_told_with_its_hazard() {
    let sentence = |start_ends: f64, known: &str| {
        let survival = TestRecord {
            kind: kind::SURVIVAL.to_owned(),
            ..test("dose", "pain", true, 0.5)
        };
        let mut run = dossier(vec![survival]);
        let profile = run.datasets[0].profile.as_mut().unwrap();
        profile.columns[0].max = Some(900.0);
        (profile.columns[2].min, profile.columns[2].max) = (Some(3.0), Some(start_ends));
        profile.identities = serde_json::from_value(json!([
            {"kind": known, "columns": ["age", "dose"], "text": "age is missing exactly where dose is none"},
        ]))
        .unwrap();
        reconcile_relations(&run).remove(0).relation.sentence
    };
    let told = "; but `age` is known for some levels of `dose` alone: if these begin during the follow-up";
    assert!(sentence(600.0, "missing_by_value").contains(told));
    assert!(
        !sentence(1200.0, "missing_by_value").contains("follow-up"),
        "it is no time of the follow-up"
    );
    assert!(!sentence(600.0, "sum").contains("follow-up"));
}

#[test]
fn an_open_question_is_answered_by_its_first_relations() {
    let names = ["a", "b", "c", "d", "e", "f", "g"];
    let tests = names.iter().map(|name| test(name, "pain", true, 0.5)).collect();
    let mut run = dossier(tests);
    run.question = "What goes with pain?".to_owned();
    run.asked = vec![AskedPart {
        about: AskedAbout::Column("pain".to_owned()),
        ..part(AskedState::Tested)
    }];
    let (_, text, _) = answer(&run);
    assert_eq!(text.matches("Higher").count(), 5, "{text}");
    assert!(text.ends_with("More relations are listed below."), "{text}");
    let reply = crate::report::answer::reply_to(&run);
    assert_eq!((reply.answer.relations.len(), reply.leading.len()), (7, 7));
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
    let relations: Vec<_> = reconcile_relations(&dossier)
        .into_iter()
        .map(|known| known.relation)
        .collect();
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
    assert_eq!(
        reconcile_relations(&dossier)[0].relation.headline,
        Some(Headline::Crude)
    );
}

fn answer(dossier: &Dossier) -> (AnswerVerdict, String, Vec<ReasonCode>) {
    let inquiry = read_question(dossier);
    let answer = answer_question(dossier, inquiry.as_ref(), &reconcile_relations(dossier)).answer;
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
    assert_eq!(
        reconcile_relations(&run)[0].relation.verdict,
        RelationVerdict::Untestable
    );

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
        (
            AnswerVerdict::NotFound,
            "No relation of `age` with any other column was detected."
        )
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

/// Adds an effect in units to a test of a run.
fn with_units(run: &mut Dossier, at: usize, effect: Value) {
    let effect = serde_json::from_value(effect).unwrap();
    run.units.insert(run.tests[at].id.clone(), effect);
}

fn units(name: &str, value: f64, ci_low: f64, ci_high: f64, levels: Option<(&str, &str)>) -> Value {
    let contrast = levels.map(|(level, reference)| json!({"level": level, "reference": reference}));
    json!({"effect": {"name": name, "value": value, "ci_low": ci_low, "ci_high": ci_high, "ci_level": 0.95,
        "contrast": contrast, "method": "scipy.stats.t"}})
}

fn pair(name: &str) -> (String, TestRecord) {
    let group = |level: &str, value: f64| json!({"level": level, "n": 30, "value": value});
    let (level, reference) = ("drug", "placebo");
    let groups = json!([group(level, 12.1), group(reference, 10.5)]);
    let record = TestRecord {
        kind: name.to_owned(),
        direction: Some(level.to_owned()),
        groups: serde_json::from_value(groups).unwrap(),
        ..test("dose", "pain", true, 0.5)
    };
    (level.to_owned(), record)
}

fn sentence_of(mut run: Dossier, units: Option<&str>, effect: Value) -> String {
    if let Some(unit) = units {
        run.datasets[0].profile.as_mut().unwrap().columns[0].unit = Some(unit.to_owned());
    }
    with_units(&mut run, 0, effect);
    let end = format!(", n {})", finding().n);
    let sentence = reconcile_relations(&run).remove(0).relation.sentence;
    let sentence = sentence.replace(&end, ")");
    ["; p 0.00100", "; p 0.500"]
        .iter()
        .fold(sentence, |told, p| told.replace(p, ""))
}

#[test]
fn a_slope_is_told_per_unit() {
    let run = || dossier(vec![test("dose", "pain", true, 0.5)]);
    let slope = || units("slope", 0.24, 0.1, 0.38, None);
    assert_eq!(
        sentence_of(run(), Some("kg"), slope()),
        "Each unit more of `dose` goes with 0.24 kg more of `pain` (95 % 0.1 to 0.38)."
    );
    let mut falls = dossier(vec![test("dose", "pain", true, -0.5)]);
    falls.datasets[0].profile.as_mut().unwrap().columns[1].unit = Some("a".to_owned());
    assert_eq!(
        sentence_of(falls, None, units("slope", -0.24, -0.38, -0.1, None)),
        "Each year more of `dose` goes with 0.24 less of `pain` (95 % 0.1 to 0.38)."
    );
    // A test of ranks may see what a slope does not.
    let unlike = sentence_of(run(), None, units("slope", 0.24, -0.1, 0.58, None));
    assert!(
        unlike.starts_with("Higher `dose` goes with higher `pain` (correlation r 0.500 ["),
        "{unlike}"
    );
}

#[test]
fn two_groups_are_told_by_their_difference() {
    let (_, record) = pair(kind::GROUP_NUMERIC);
    let run = |record: &TestRecord| dossier(vec![record.clone()]);
    let levels = Some(("drug", "placebo"));
    assert_eq!(
        sentence_of(run(&record), Some("g"), units("mean_difference", 1.6, 0.7, 2.4, levels)),
        "`pain` is higher with `dose` = drug than with placebo, by 1.6 g (95 % 0.7 to 2.4; 12.1 against 10.5)."
    );
    // What others are compared with is the reference in words.
    let record = TestRecord {
        direction: Some("placebo".to_owned()),
        ..record
    };
    let levels = Some(("placebo", "drug"));
    assert_eq!(
        sentence_of(run(&record), Some("g"), units("mean_difference", 1.6, 0.7, 2.4, levels)),
        "`pain` is lower with `dose` = drug than with placebo, by 1.6 g (95 % 0.7 to 2.4; 12.1 against 10.5)."
    );
    let groups = json!([{"level": "placebo", "n": 90, "value": 0.191}, {"level": "drug", "n": 90, "value": 0.1}]);
    let shares = TestRecord {
        kind: kind::CATEGORICAL_CATEGORICAL.to_owned(),
        y_level: Some("yes".to_owned()),
        groups: serde_json::from_value(groups).unwrap(),
        ..record
    };
    assert_eq!(
        sentence_of(
            run(&shares),
            None,
            units("risk_difference", 0.091, 0.036, 0.145, levels)
        ),
        "`pain` = yes in 10 % with `dose` = drug and 19.1 % with placebo: 9.1 percentage points lower (95 % 3.6 to 14.5)."
    );
}

#[test]
fn odds_are_told_per_unit() {
    let record = TestRecord {
        kind: kind::NUMERIC_BINARY.to_owned(),
        y_level: Some("yes".to_owned()),
        ..test("dose", "pain", true, 0.5)
    };
    assert_eq!(
        sentence_of(dossier(vec![record]), None, units("odds_ratio", 1.21, 1.1, 1.33, None)),
        "Each unit more of `dose` goes with 1.21 times the odds of `pain` = yes (95 % 1.1 to 1.33)."
    );
}

#[test]
fn hazards_are_told_between_levels() {
    let (_, record) = pair(kind::SURVIVAL);
    let record = TestRecord {
        y_level: Some("dead".to_owned()),
        ..record
    };
    let effect = units("hazard_ratio", 2.8, 1.3, 5.9, Some(("drug", "placebo")));
    assert_eq!(
        sentence_of(dossier(vec![record]), None, effect),
        "The hazard of an event is 2.8 times as high with `dose` = drug as with placebo (95 % 1.3 to 5.9)."
    );
}

#[test]
fn nothing_found_says_what_the_interval_excludes() {
    let (_, record) = pair(kind::GROUP_NUMERIC);
    let null = |record: &TestRecord| TestRecord {
        significant: false,
        p: 0.5,
        q: 0.7,
        ..record.clone()
    };
    let levels = Some(("drug", "placebo"));
    assert_eq!(
        sentence_of(
            dossier(vec![null(&record)]),
            Some("s"),
            units("mean_difference", 1.6, -9.2, 1.64, levels)
        ),
        "No difference of `pain` between `dose` = drug and placebo was detected: the 95 % interval, −9.2 to 1.64 s for drug \
         less placebo, excludes larger ones (estimate 1.6)."
    );
    assert_eq!(
        sentence_of(
            dossier(vec![test("dose", "pain", false, 0.05)]),
            None,
            units("slope", 0.1, -0.2, 0.3, None)
        ),
        "No relation of `dose` and `pain` was detected: the 95 % interval, −0.2 to 0.3 of `pain` for each unit more of \
         `dose`, excludes larger ones (estimate 0.1)."
    );
    let turned = TestRecord {
        direction: Some("placebo".to_owned()),
        ..null(&record)
    };
    let told = sentence_of(
        dossier(vec![turned]),
        None,
        units("mean_difference", 1.6, -1.64, 9.2, Some(("placebo", "drug"))),
    );
    assert!(
        told.contains("interval, −9.2 to 1.64 for drug less placebo, excludes"),
        "{told}"
    );
    let withheld = TestRecord {
        p: 0.001,
        ..null(&record)
    };
    let run = dossier(vec![withheld, test("age", "pain", false, 0.0)]);
    assert_eq!(
        sentence_of(run, None, units("mean_difference", 1.6, 0.7, 2.4, levels)),
        "`pain` is higher with `dose` = drug than with placebo, by 1.6; suggestive, not established: after error \
         control over the whole run, q is 0.700 (95 % 0.7 to 2.4; 12.1 against 10.5)."
    );
}

#[test]
fn of_several_groups_those_that_stand_apart_are_named() {
    let (_, record) = pair(kind::GROUP_NUMERIC);
    let contrast = |level: &str, reference: &str, value: f64, low: f64| {
        json!({"level": level, "reference": reference, "value": value, "ci_low": low, "ci_high": 2.0 * value - low,
            "ci_level": 0.95, "p": 0.01})
    };
    let told = |pairs: &[(&str, &str, f64, f64)]| {
        let contrasts: Vec<Value> = pairs
            .iter()
            .map(|(a, b, value, low)| contrast(a, b, *value, *low))
            .collect();
        sentence_of(dossier(vec![record.clone()]), None, json!({ "contrasts": contrasts }))
    };
    assert_eq!(
        told(&[("a", "c", 6.0, 5.0), ("b", "c", 5.5, 4.0), ("a", "b", 0.5, -1.0)]),
        "`pain` by `dose`: c is lower than each of the others (largest difference, a less c: 6, 95 % 5 to 7)."
    );
    assert_eq!(
        told(&[("a", "c", 6.0, 5.0), ("b", "c", 3.5, 2.0), ("a", "b", 2.5, 1.0)]),
        "`pain` by `dose`: a is higher than each of the others, and c is lower than each of the others (largest difference, \
         a less c: 6, 95 % 5 to 7)."
    );
    let four = [
        ("a", "d", 6.0, 5.0),
        ("b", "d", 5.5, 4.0),
        ("a", "c", 5.0, 4.0),
        ("b", "c", 4.5, 3.0),
        ("c", "d", 1.0, -1.0),
        ("a", "b", 0.5, -1.0),
    ];
    assert_eq!(
        told(&four),
        "`pain` by `dose`: a and b are higher than c and d (largest difference, a less d: 6, 95 % 5 to 7)."
    );
    // The highest mean is too uncertain to stand apart.
    assert_eq!(
        told(&[("a", "c", 6.0, -5.0), ("b", "c", 5.0, 4.0), ("a", "b", 1.0, -10.0)]),
        "`pain` by `dose`: b is higher than c (largest difference, b less c: 5, 95 % 4 to 6)."
    );
    let null = TestRecord {
        significant: false,
        p: 0.5,
        ..record.clone()
    };
    let contrasts = [
        contrast("a", "c", 2.0, -1.5),
        contrast("a", "b", 1.5, -2.0),
        contrast("b", "c", 0.5, -2.0),
    ];
    assert_eq!(
        sentence_of(dossier(vec![null]), Some("g"), json!({ "contrasts": contrasts })),
        "No difference of `pain` by `dose` was detected: the 95 % intervals of all pairs exclude differences of more than \
         5.5 g (farthest interval, a less c: 2 g, 95 % −1.5 to 5.5)."
    );
    let none = told(&[("a", "b", 0.5, -1.0)]);
    assert!(none.starts_with("`pain` is largest where `dose` = `drug`"), "{none}");
}

#[test]
fn like_is_compared_with_like() {
    // The correlations say that nothing is left, the slopes that all of it is.
    let mut run = dossier(vec![test("dose", "pain", true, 0.5), given_age(true, 0.05, 0.01)]);
    assert_eq!(reconcile_relations(&run)[0].relation.verdict, RelationVerdict::Weaker);
    with_units(&mut run, 0, units("slope", 2.0, 1.5, 2.5, None));
    with_units(&mut run, 1, units("slope", 1.9, 1.6, 2.2, None));
    let relation = reconcile_relations(&run).remove(0).relation;
    assert_eq!(relation.verdict, RelationVerdict::Holds);
    let [crude, adjusted] = [relation.crude, relation.adjusted].map(Option::unwrap);
    assert_eq!(
        (crude.name.as_str(), crude.value, adjusted.value),
        ("slope", Some(2.0), Some(1.9))
    );
    assert_eq!(crude.standardised.unwrap().value, Some(0.5));
    let end = "; with `age` held fixed it is 1.9, 95 % 1.6 to 2.2.";
    assert!(relation.sentence.ends_with(end), "{}", relation.sentence);

    // What the template says of correlations gives way to what the slopes show.
    run.tests[1].add_caveat(Caveat::SimpsonReversal, "age");
    assert_eq!(reconcile_relations(&run)[0].relation.verdict, RelationVerdict::Holds);
    run.tests[0].add_caveat(Caveat::SimpsonReversal, "age");
    assert_eq!(reconcile_relations(&run)[0].relation.verdict, RelationVerdict::Holds);
    run.tests[0]
        .caveat_notes
        .insert(Caveat::SimpsonReversal, "another".to_owned());
    assert_eq!(reconcile_relations(&run)[0].relation.verdict, RelationVerdict::Reversed);
    run.tests.iter_mut().for_each(|test| test.caveats.clear());

    // A slope that turns is told with its size.
    with_units(&mut run, 1, units("slope", -1.0, -1.5, -0.5, None));
    let relation = reconcile_relations(&run).remove(0).relation;
    assert_eq!(relation.verdict, RelationVerdict::Reversed);
    let end = "; with `age` held fixed it goes the other way (−1, 95 % −1.5 to −0.5).";
    assert!(relation.sentence.ends_with(end), "{}", relation.sentence);

    // A difference of the same levels the other way round.
    run.tests[0].direction = Some("a".to_owned());
    with_units(&mut run, 0, units("mean_difference", 2.0, 1.5, 2.5, Some(("a", "b"))));
    with_units(&mut run, 1, units("mean_difference", 1.0, 0.5, 1.5, Some(("b", "a"))));
    let relation = reconcile_relations(&run).remove(0).relation;
    assert_eq!(relation.verdict, RelationVerdict::Reversed);
    let contrast = relation.contrast.unwrap();
    assert_eq!((contrast.level.as_str(), contrast.reference.as_str()), ("b", "a"));
    // Without an effect in units on one side, those without a unit are compared.
    run.units.remove(&run.tests[1].id);
    assert_eq!(reconcile_relations(&run)[0].relation.verdict, RelationVerdict::Weaker);
}

#[test]
fn effects_in_units_are_published() {
    let mut run = dossier(vec![test("dose", "pain", true, 0.5), test("age", "pain", true, 0.4)]);
    let columns = &mut run.datasets[0].profile.as_mut().unwrap().columns;
    columns[0].unit = Some("kg".to_owned());
    columns[1].unit = Some("g/L".to_owned());
    with_units(&mut run, 0, units("slope", 0.24, 0.1, 0.38, None));
    with_units(&mut run, 1, units("risk_difference", 0.25, 0.1, 0.4, Some(("a", "b"))));
    let value: Value = serde_json::to_value(crate::report::build_findings(&run)).unwrap();
    kosmos_testing::schema::assert_findings_are_valid(&value);
    let of = |x: &str| {
        let tests = value["tests"].as_array().unwrap().iter();
        tests.clone().find(|test| test["x"] == x).unwrap()["effect_units"].clone()
    };
    assert_eq!(
        (&of("dose")["unit"], &of("dose")["level"]),
        (&json!("kg/(g/L)"), &json!(0.95))
    );
    let shares = of("age");
    assert_eq!(
        (&shares["unit"], &shares["value"]),
        (&json!("percentage points"), &json!(25.0))
    );
    assert_eq!(shares["standardised"]["name"], "pearson_r");
}
