//! The lab with a model that does its best: it adds to what the rule book finds, and changes none of it.

use std::{collections::BTreeMap, fs};

use serde_json::{Value, json};

use super::lab::{Penguins, Purpose, idea, purpose, words};
use kosmos_testing::{
    find_test,
    model_server::{Asked, ModelServer, ScriptedReply},
    read_findings,
};

fn helpful(asked: &Asked) -> ScriptedReply {
    match purpose(asked) {
        Purpose::Propose => ScriptedReply::answer(&json!({"hypotheses": [
            idea("flipper_length_mm", "body_mass_g", json!({"predicted": "+"})),
            idea("bill_length_mm", "body_mass_g", json!({"kind": "adjusted", "covariates": ["species"]})),
            idea("wing_span", "body_mass_g", json!({})),
        ]})),
        Purpose::FollowUp => ScriptedReply::answer(&json!({"hypotheses": [
            idea("bill_depth_mm", "body_mass_g", json!({"kind": "adjusted", "covariates": ["species", "sex"]})),
            idea("flipper_length_mm", "body_mass_g", json!({})),
        ], "analyses": []})),
        Purpose::Deliberate => ScriptedReply::answer(
            &json!({"focus": "Look inside of the species.", "stop": false, "reason": "They differ."}),
        ),
        Purpose::Interpret => words(asked, |x, y| {
            format!("In this table the `{x}` goes with the `{y}` of the penguins.")
        }),
        Purpose::Code => ScriptedReply::fitting(asked),
    }
}

#[test]
fn a_model_adds_to_the_rule_book() {
    let server = ModelServer::start();
    server.respond(helpful);
    let penguins = Penguins::new();
    let (outcome, run) = penguins.think(&server, &[]);
    let found = read_findings(&run);

    // What both proposed is one test, with the model named and its prediction kept.
    let both = find_test(&found, "numeric_numeric", "flipper_length_mm", "body_mass_g");
    assert_eq!(
        (&both["proposed_by"], &both["predicted"], &both["significant"]),
        (&"m".into(), &"+".into(), &true.into())
    );
    let species = find_test(&found, "group_numeric", "species", "body_mass_g");
    assert_eq!(species.get("proposed_by"), None);
    // What it added before any result was seen is judged on all rows, what it added later on those held back.
    let of_model = |cycle: u64, part: &str| -> Vec<&Value> {
        let tests = found["tests"].as_array().unwrap().iter();
        tests
            .filter(|test| test["kind"] == "adjusted" && test["cycle"] == cycle && test["part"] == part)
            .filter(|test| test["proposed_by"] == "m")
            .collect()
    };
    assert_eq!(
        (of_model(1, "whole").len(), of_model(2, "confirm").len()),
        (1, 1),
        "{outcome}"
    );
    assert_eq!(of_model(1, "whole")[0]["covariates"], json!(["species"]));

    // Registered before it was run, by name.
    let ledger = fs::read_to_string(run.join("ledger.jsonl")).unwrap();
    let registered = ledger.lines().filter(|line| line.contains("proposed by m]")).count();
    assert_eq!(registered, 3, "{ledger}");

    // Nothing of the rule book's is lost, and no number is changed by it.
    let alone = penguins.alone();
    let p_values = |found: &Value| -> BTreeMap<String, String> {
        let tests = found["tests"].as_array().unwrap().iter();
        tests
            .map(|test| (test["id"].to_string(), test["p"].to_string()))
            .collect()
    };
    let (with, without) = (p_values(&found), p_values(&read_findings(&alone)));
    assert!(
        without.len() > 20 && with.len() == without.len() + 2,
        "{} {}",
        with.len(),
        without.len()
    );
    for (id, p) in &without {
        assert_eq!(with.get(id), Some(p), "{id}");
    }

    let report = fs::read_to_string(run.join("report.md")).unwrap();
    for piece in [
        "In a model’s words",
        "goes with the",
        "It adds no evidence",
        "is no column",
        "was tested before",
    ] {
        assert!(report.contains(piece), "{piece}: {report}");
    }
    asked_for_what_it_should_be(&server);
}

/// The first cycle from names and types alone, later ones from the explore part alone, and nothing asked twice.
fn asked_for_what_it_should_be(server: &ModelServer) {
    let chats = server.chats();
    let of = |wanted: Purpose| {
        chats
            .iter()
            .filter(|asked| purpose(asked) == wanted)
            .collect::<Vec<_>>()
    };
    let counts = [Purpose::Propose, Purpose::FollowUp, Purpose::Deliberate].map(|wanted| of(wanted).len());
    assert_eq!(counts, [1, 1, 1]);
    assert!((1..=3).contains(&of(Purpose::Interpret).len()));
    assert_eq!(server.repeats(), 0);
    let first = of(Purpose::Propose)[0].user();
    assert!(
        first.contains("species: groups") && !first.contains("Adelie") && !first.contains("promising"),
        "{first}"
    );
    let later = of(Purpose::FollowUp)[0].user();
    assert!(
        later.contains("Adelie") && later.contains("Look inside of the species."),
        "{later}"
    );
    let direction = of(Purpose::Deliberate)[0].user();
    assert!(
        direction.contains("flipper_length_mm and body_mass_g [numeric_numeric], direction +"),
        "{direction}"
    );
}

#[test]
fn two_arms_that_ask_the_same_pay_once() {
    let server = ModelServer::start();
    server.respond(helpful);
    let penguins = Penguins::new();
    let (_, run) = penguins.think(&server, &["budget.cycles=1", "research.shuffled_run=true"]);
    assert_eq!(
        server
            .chats()
            .iter()
            .filter(|asked| purpose(asked) == Purpose::Propose)
            .count(),
        1
    );
    let null = &read_findings(&run)["shuffled_null"];
    let count = read_findings(&run)["tests"].as_array().unwrap().len();
    assert_eq!(null["tests"].as_u64(), Some(count as u64), "both arms test the same");
}

#[test]
fn a_spent_budget_ends_the_run_with_what_it_has() {
    let server = ModelServer::start();
    // Each reply takes 30 tokens by its own count; a reservation is larger.
    server.respond(helpful);
    let penguins = Penguins::new();
    let (outcome, run) = penguins.think(
        &server,
        &["budget.tokens=100", "llm.context_tokens=2048", "llm.max_tokens=1024"],
    );
    assert_eq!(
        (&outcome["status"], &outcome["ended_by"]),
        (&"answered".into(), &"tokens".into()),
        "{outcome}"
    );
    // Not a question fits into it (whether the endpoint is there was asked before). The rule book's first cycle is done
    // all the same.
    assert!(server.chats().iter().all(|asked| purpose(asked) == Purpose::Code));
    let found = read_findings(&run);
    assert_eq!(
        find_test(&found, "numeric_numeric", "flipper_length_mm", "body_mass_g")["significant"],
        true
    );
    assert!(found["tests"].as_array().unwrap().iter().all(|test| test["cycle"] == 1));
    let report = fs::read_to_string(run.join("report.md")).unwrap();
    assert!(
        report.contains("the budget `tokens` is spent") || report.contains("tokens"),
        "{report}"
    );
}
