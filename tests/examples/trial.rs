//! A trial: only of what was drawn by lot may the report say "effect".

use serde_json::Value;

use super::shape::{has, run, tests};
use kosmos_testing::{TestHome, find_test};

const TREATMENT: (&str, &str) = ("treatment", "pancreatitis");

fn treatment(found: &Value) -> &Value {
    find_test(found, "categorical_categorical", TREATMENT.0, TREATMENT.1)
}

/// Whether the words claim more than that two things go together.
fn claims_more(test: &Value) -> bool {
    let words = test["wording"].as_str().unwrap();
    words
        .split(' ')
        .any(|word| ["effect", "cause", "causes"].contains(&word))
}

pub fn only_the_treatment_has_an_effect() {
    let ran = run(&TestHome::new(), "trial/run.toml", &[], 0);
    assert_eq!(ran.outcome["status"], "answered");
    let effect = treatment(&ran.found);
    assert_eq!(
        (&effect["wording"], &effect["direction"], &effect["y_level"]),
        (&"effect".into(), &"placebo".into(), &"yes".into())
    );
    assert!(has(effect, "not_replicated"), "the README says so: {effect}");

    let more: Vec<&Value> = tests(&ran.found).iter().filter(|test| claims_more(test)).collect();
    assert_eq!(more, [effect], "nobody drew lots for the others");
    let findings = ran.found["findings"].as_array().unwrap();
    assert!(findings.iter().filter(|test| test["wording"] == "association").count() >= 2);
    let balance = tests(&ran.found)
        .iter()
        .filter(|test| test["kind"] != "adjusted" && (test["x"] == "treatment" || test["y"] == "treatment"))
        .filter(|test| test["id"] != effect["id"]);
    assert!(balance.clone().count() >= 7 && balance.clone().all(|test| test["significant"] == false));
    assert_eq!(ran.found["shuffled_null"]["findings"], 0);
    let relation = &ran.found["relations"][0];
    assert_eq!(
        (&relation["x"], &relation["y"]),
        (&"treatment".into(), &"pancreatitis".into())
    );
    assert_eq!(ran.found["answer"]["verdict"], "found");
    assert_eq!(ran.found["answer"]["relations"], serde_json::json!([relation["id"]]));
    assert_eq!(findings[0]["id"], effect["id"], "what was asked comes first");

    let bold = ran
        .report
        .lines()
        .filter(|line| line.starts_with("**effect**") || line.starts_with("**replicated effect**"));
    assert_eq!(bold.count(), 1);
    assert!(!ran.report.contains("causes"));
    assert!(
        ran.report
            .contains("The user declared as assigned at random: `treatment`")
    );
}

pub fn without_the_promise_it_is_an_association() {
    let more = [
        "--set",
        "randomised=[]",
        "--set",
        "budget.cycles=1",
        "--set",
        "research.shuffled_run=false",
    ];
    let ran = run(&TestHome::new(), "trial/run.toml", &more, 0);
    assert_eq!(ran.outcome["ended_by"], "cycles");
    assert_eq!(treatment(&ran.found)["wording"], "association");
    assert!(!tests(&ran.found).iter().any(claims_more));
    assert!(ran.report.contains("No column was declared as assigned at random"));
}
