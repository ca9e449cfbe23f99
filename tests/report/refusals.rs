//! A number with no artefact behind it cannot be rendered.

use kosmos::report::{Dossier, ReportError};
use kosmos::science::sha256_hex;
use serde_json::json;

use crate::lab::Lab;

/// Renders, which must fail with nothing written; gives the error.
fn refused(lab: &Lab) -> ReportError {
    let error = lab.render().expect_err("the report must be refused");
    assert!(!lab.has_output(), "something was written in spite of: {error}");
    error
}

#[test]
fn an_altered_number_is_refused() {
    for (place, value) in [
        ("/tests/0/p", json!(2e-5)),
        ("/tests/0/n", json!(343)),
        ("/tests/0/effect/value", json!(-0.235_053_000_1)),
        ("/tests/0/effect/ci_low", json!(-0.3)),
        ("/tests/0/adjusted/0/strata/1/effect_value", json!(0.7)),
        ("/tests/0/variants/0/statistic", json!(-0.2)),
        ("/tests/0/explore/p", json!(0.001)),
        ("/tests/1/groups/0/value", json!(18.3)),
        ("/units/h-100000000001/effect/value", json!(3.3)),
        ("/units/h-100000000001/effect/ci_level", json!(0.99)),
        ("/units/h-300000000003/effect/ci_high", json!(0.3)),
        ("/tests/2/mde/value", json!(0.1)),
        ("/datasets/0/profile/rows", json!(345)),
        ("/datasets/0/profile/columns/1/mean", json!(44.0)),
        ("/cycles/0/significant", json!(1)),
        ("/families/0/tests", json!(4)),
        ("/shuffled_null/findings", json!(1)),
    ] {
        let mut lab = Lab::new();
        *lab.dossier.pointer_mut(place).unwrap() = value;
        if place == "/tests/0/p" {
            let judged = lab.dossier["ledger"].as_array_mut().unwrap();
            judged.iter_mut().find(|line| line["event"] == "judged").unwrap()["p"] = json!(2e-5);
            lab.save_ledger();
        }
        let error = refused(&lab);
        assert!(matches!(error, ReportError::NumberDiffers { .. }), "{place}: {error:?}");
    }
}

#[test]
fn the_error_names_number_and_place() {
    let mut lab = Lab::new();
    lab.dossier["datasets"][0]["profile"]["rows"] = json!(345);
    assert_eq!(
        refused(&lab).to_string(),
        "number without evidence, in \"penguins.csv\": shown 345, but e-500000000005, line 63, /rows holds 344"
    );
}

#[test]
fn an_altered_result_is_refused() {
    let lab = Lab::new();
    let result = lab
        .read("experiments/e-400000000004/result.json")
        .replace("-0.235053", "-0.735053");
    lab.write("experiments/e-400000000004/result.json", result.as_bytes());
    assert!(matches!(refused(&lab), ReportError::HashDiffers { .. }));
}

#[test]
fn an_altered_result_with_its_hash_is_refused_too() {
    let mut lab = Lab::new();
    let result = lab
        .read("experiments/e-400000000004/result.json")
        .replace("-0.235053", "-0.735053");
    lab.write("experiments/e-400000000004/result.json", result.as_bytes());
    let hash = json!(sha256_hex(&result));
    lab.dossier["experiments"][1]["result_sha256"] = hash.clone();
    for test in [0, 2] {
        lab.dossier["tests"][test]["evidence"]["result_sha256"] = hash.clone();
    }
    assert!(matches!(refused(&lab), ReportError::NumberDiffers { .. }));
}

#[test]
fn a_number_that_the_result_does_not_hold_is_refused() {
    let mut lab = Lab::new();
    lab.dossier["tests"][1]["mde"] = json!({"name": "hedges_g", "value": 0.3, "power": 0.8, "alpha": 0.05});
    assert!(matches!(refused(&lab), ReportError::NoNumber { .. }));
}

#[test]
fn a_missing_artefact_is_refused() {
    for file in [
        "experiments/e-400000000004/result.json",
        "experiments/e-400000000004/script.py",
        "experiments/e-500000000005/result.json",
        "experiments/e-100000000001/figures/h-500000000005.png",
        "ledger.jsonl",
        "journal.jsonl",
        "run.toml",
    ] {
        let lab = Lab::new();
        std::fs::remove_file(lab.path(file)).unwrap();
        let error = refused(&lab);
        assert!(matches!(error, ReportError::Missing { .. }), "{file}: {error:?}");
        assert!(error.to_string().contains(file), "{error}");
    }
}

#[test]
fn a_changed_script_or_figure_is_refused() {
    for file in [
        "experiments/e-400000000004/script.py",
        "experiments/e-100000000001/figures/h-500000000005.png",
    ] {
        let lab = Lab::new();
        lab.write(file, b"changed");
        assert!(matches!(refused(&lab), ReportError::HashDiffers { .. }), "{file}");
    }
}

#[test]
fn a_hash_that_is_not_the_experiments_is_refused() {
    for hash in ["script_sha256", "result_sha256"] {
        let mut lab = Lab::new();
        lab.dossier["tests"][0]["evidence"][hash] = json!(sha256_hex("something else"));
        assert!(matches!(refused(&lab), ReportError::HashDiffers { .. }), "{hash}");
    }
}

#[test]
fn an_experiment_that_the_run_does_not_list_is_refused() {
    let mut lab = Lab::new();
    lab.dossier["tests"][0]["evidence"]["experiment"] = json!("e-300000000003");
    assert!(matches!(refused(&lab), ReportError::UnknownExperiment { .. }));
}

#[test]
fn a_verdict_that_the_ledger_does_not_hold_is_refused() {
    for (key, value) in [
        ("q", json!(0.00001)),
        ("significant", json!(false)),
        ("id", json!("h-600000000006")),
    ] {
        let mut lab = Lab::new();
        lab.dossier["tests"][0][key] = value;
        assert!(matches!(refused(&lab), ReportError::VerdictDiffers { .. }), "{key}");
    }
}

#[test]
fn a_ledger_that_is_not_the_journals_is_refused() {
    let lab = Lab::new();
    let ledger = lab.read("ledger.jsonl");
    for altered in [
        ledger.replacen("0.437", "0.037", 1),
        format!("{ledger}{{}}\n"),
        ledger.replacen('{', "", 1),
    ] {
        lab.write("ledger.jsonl", altered.as_bytes());
        assert!(matches!(refused(&lab), ReportError::LedgerDiffers { .. }));
    }
}

#[test]
fn a_word_stronger_than_its_verdict_is_refused() {
    for (test, wording) in [
        (0, "effect"),
        (0, "causes"),
        (1, "replicated association"),
        (2, "association"),
        (2, "replicated association"),
    ] {
        let mut lab = Lab::new();
        lab.dossier["tests"][test]["wording"] = json!(wording);
        assert!(matches!(refused(&lab), ReportError::Overclaim { .. }), "{wording}");
    }
}

#[test]
fn an_effect_is_called_one_where_the_column_was_randomised() {
    let mut lab = Lab::new();
    lab.dossier["tests"][1]["wording"] = json!("effect");
    lab.dossier["method"]["randomised"] = json!(["species"]);
    lab.render().unwrap();
}

#[test]
fn a_path_out_of_the_folder_is_refused() {
    for path in ["figures/.hidden.png", "figures/a b.png"] {
        let mut lab = Lab::new();
        lab.dossier["figures"][0]["file"] = json!(path);
        lab.dossier["experiments"][3]["artefacts"][0]["path"] = json!(path);
        assert!(matches!(refused(&lab), ReportError::UnsafePath { .. }), "{path}");
    }
    for path in ["../../../etc/passwd", "/etc/passwd", "figures/../../x", "a\nb"] {
        let mut lab = Lab::new();
        lab.dossier["experiments"][3]["artefacts"][0]["path"] = json!(path);
        let error = serde_json::from_value::<Dossier>(lab.dossier).unwrap_err().to_string();
        assert!(error.contains("is not a path below a folder"), "{error}");
        let mut lab = Lab::new();
        lab.dossier["figures"][0]["file"] = json!(path);
        assert!(matches!(refused(&lab), ReportError::UnknownExperiment { .. }), "{path}");
    }
    let mut lab = Lab::new();
    lab.dossier["experiments"][3]["id"] = json!("../e-100000000001");
    let error = serde_json::from_value::<Dossier>(lab.dossier).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("`../e-100000000001` is not the id of an experiment"),
        "{error}"
    );
}
