//! Runs of one project know what the others found.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::lab::{Home, penguins};

/// The penguins, measured again with some noise; their flippers from the other end.
fn others() -> String {
    let table = std::fs::read_to_string(penguins()).unwrap();
    let mut lines = table.lines();
    let head = lines.next().unwrap();
    let names: Vec<&str> = head.split(',').collect();
    let mut out = format!("{head}\n");
    // A fixed sequence of numbers from -1 to 1.
    let mut state = 7_u64;
    let mut noise = move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as f64 / f64::from(1_u32 << 30) - 1.0
    };
    for line in lines {
        let cells: Vec<String> = line
            .split(',')
            .zip(&names)
            .map(|(cell, name)| {
                let number = cell.parse::<f64>().ok();
                match (*name, number) {
                    ("flipper_length_mm", Some(value)) => format!("{:.0}", 400.0 - value + noise()),
                    ("bill_length_mm" | "bill_depth_mm", Some(value)) => format!("{:.1}", value + 0.4 * noise()),
                    ("body_mass_g", Some(value)) => format!("{:.0}", value + 60.0 * noise()),
                    _ => cell.to_owned(),
                }
            })
            .collect();
        out.push_str(&cells.join(","));
        out.push('\n');
    }
    out
}

fn says<'a>(told: &'a Value, word: &str) -> Vec<&'a Value> {
    let echoes = told["project"]["echoes"].as_array().unwrap();
    echoes.iter().filter(|echo| echo["says"] == word).collect()
}

#[tokio::test]
async fn nothing_settled_is_tested_again_and_other_data_replicate_or_contradict() {
    let home = Home::new();
    let project = ["--project", "birds"];
    let first = home.run(&penguins(), &project, None);
    assert_eq!(first.told["project"]["runs"], 0);
    assert!(first.claims().len() > 30);

    // The same data: what is left is new, and in the end nothing is.
    let second = home.run(&penguins(), &project, None);
    assert!(second.claims().is_disjoint(&first.claims()));
    assert_eq!(second.told["project"]["runs"], 1);
    assert_eq!(second.told["project"]["settled"], json!(first.claims().len()));
    let third = home.run(&penguins(), &project, None);
    assert!(third.claims().is_disjoint(&first.claims()) && third.claims().is_disjoint(&second.claims()));
    assert_eq!(third.told["status"], "answered", "{:#}", third.told);
    let report = third.report();
    assert!(
        report.contains("What earlier runs settled on the same data"),
        "{report}"
    );
    assert!(report.contains(&first.name), "{report}");

    // Their shares of the error rate stay spent: what follows gets less.
    let rate = |run: &super::lab::Run| -> f64 {
        let journal = run.journal();
        let judged = journal
            .iter()
            .filter(|entry| entry["envelope"]["payload"]["type"] == "judge_cycle");
        let tiers = judged.flat_map(|entry| entry["envelope"]["payload"]["body"]["tiers"].as_array().unwrap());
        let shares: BTreeMap<&str, f64> = tiers
            .map(|tier| (tier["tier"].as_str().unwrap(), tier["alpha"].as_f64().unwrap()))
            .collect();
        shares.values().sum()
    };
    let (one, two) = (rate(&first), rate(&second));
    assert!((one - 0.8 * 0.05).abs() < 1e-12 && two < 0.2 * one, "{one} {two}");

    // Other data, where flippers are measured from the other end.
    let data = home.file("others.csv", &others());
    let fourth = home.run(&data, &project, None);
    assert_eq!(fourth.told["project"]["settled"], 0);
    assert!((rate(&fourth) - 0.8 * 0.05).abs() < 1e-12);
    let again = fourth.claims().intersection(&first.claims()).count();
    assert!(again > 20, "{again}");
    let contradicted = says(&fourth.told, "contradicts");
    let replicated = says(&fourth.told, "replicates");
    assert!(contradicted.len() >= 3 && replicated.len() >= 5, "{:#}", fourth.told);
    let findings: Value =
        serde_json::from_str(&std::fs::read_to_string(fourth.folder.join("findings.json")).unwrap()).unwrap();
    for (list, flipped) in [(&contradicted, true), (&replicated, false)] {
        for echo in list {
            let test = findings["tests"]
                .as_array()
                .unwrap()
                .iter()
                .find(|test| test["id"] == echo["finding"])
                .unwrap();
            assert_eq!(test["significant"], true);
            let flippers = test["x"] == "flipper_length_mm" || test["y"] == "flipper_length_mm";
            // Whether a relation depends on a third column has no direction that could turn.
            let turns = flippers && test["direction"] != Value::Null && test["kind"] != "spread";
            assert_eq!(turns, flipped, "{echo:#} {test:#}");
        }
    }
    let report = fourth.report();
    assert!(
        report.contains("contradicts") && report.contains("replicates"),
        "{report}"
    );

    let graph = home.graph().await;
    let edges = |name: &str| graph.edges.iter().filter(|edge| edge.kind.name() == name).count();
    // One and the same finding may have been made in several earlier runs.
    assert!(
        (3..=contradicted.len()).contains(&edges("CONTRADICTS")),
        "{}",
        edges("CONTRADICTS")
    );
    assert!(
        (5..=replicated.len()).contains(&edges("REPLICATES")),
        "{}",
        edges("REPLICATES")
    );

    assert!(
        replicated.iter().all(|echo| echo["shared_rows"] == 0.0),
        "{replicated:#?}"
    );

    // A file of which most rows were there before is no second witness, and is not taken for one.
    let table = std::fs::read_to_string(penguins()).unwrap();
    let more = table.lines().skip(1).take(30).map(|line| line.replace("2007", "2010"));
    let data = home.file(
        "longer.csv",
        &format!("{table}{}\n", more.collect::<Vec<_>>().join("\n")),
    );
    let fifth = home.run(&data, &["--project", "birds", "--set", "budget.cycles=1"], None);
    let replicated = says(&fifth.told, "replicates");
    let shared = |echo: &&Value| echo["shared_rows"].as_f64().unwrap() > 0.8;
    let of_the_first: Vec<_> = replicated
        .iter()
        .filter(|echo| echo["run"] != fourth.name.as_str())
        .collect();
    assert!(
        of_the_first.len() > 5 && of_the_first.iter().all(|echo| shared(echo)),
        "{:#}",
        fifth.told
    );
    assert!(
        fifth.report().contains("replicates on shared rows"),
        "{}",
        fifth.report()
    );

    // Another project, and none, know nothing of it.
    let other = home.run(&penguins(), &["--project", "stones", "--set", "budget.cycles=1"], None);
    assert_eq!(other.told["project"]["runs"], 0);
    assert!(!other.claims().is_disjoint(&first.claims()));
    let none = home.run(&penguins(), &["--set", "budget.cycles=1"], None);
    assert_eq!(none.told["project"], Value::Null);
    assert_eq!(none.claims(), other.claims());
}
