//! A question that asks for a figure is answered with it, without a test: in `findings.json`, the report, the terminal
//! and the notebook, and `kosmos verify` computes it again.

use std::fs;

use kosmos_testing::{TestHome, describe_output, read_findings, read_report, schema::assert_findings_are_valid};
use serde_json::Value;

/// Teams with a box that 30 of 210 ticked, in three regions of 70, of which the last has none.
fn table() -> String {
    let mut out = "team,region,uses: pairing,size\n".to_owned();
    for row in 0..210_u32 {
        // Each place once, in an order that says nothing.
        let place = (row * 89) % 210;
        let region = if place < 140 {
            ["north", "south"][(place % 2) as usize]
        } else {
            "west"
        };
        let (ticked, size) = (place < 30, 3 + (row * row * 31 + row * 17) % 1009 % 11);
        out.push_str(&format!(
            "t{row:03},{region},{},{size}\n",
            if ticked { "yes" } else { "no" }
        ));
    }
    out
}

/// The output of a run and its `findings.json`.
fn run(home: &TestHome, question: &str) -> (String, Value) {
    let data = home.file("table.csv", table());
    let mut arguments = vec!["run", "--question", question, "--data", &data];
    let short = ["budget.cycles=1", "research.permutations=49"];
    arguments.extend(short.iter().flat_map(|set| ["--set", set]));
    let output = home.run(&arguments);
    assert_eq!(output.status.code(), Some(0), "{}", describe_output(&output));
    let found = read_findings(&home.the_run());
    assert_findings_are_valid(&found);
    (describe_output(&output), found)
}

#[test]
fn a_share_is_the_answer_and_counts_in_no_family() {
    let home = TestHome::new();
    let (output, found) = run(&home, "What share of the teams uses pairing?");
    let answer = &found["answer"];
    assert_eq!(
        (&found["status"], &answer["verdict"]),
        (&"answered".into(), &"found".into())
    );
    let sentence = "14.3 % of rows have `uses: pairing` = yes (30 of 210; 95 % interval 10.2 to 19.7 %).";
    assert_eq!(answer["text"], sentence);
    // The terminal breaks lines.
    let words: Vec<&str> = output.split_whitespace().collect();
    assert!(words.join(" ").contains(sentence), "{output}");
    let tests = found["tests"].as_array().unwrap();
    let (described, tested): (Vec<&Value>, Vec<&Value>) = tests.iter().partition(|test| test["kind"] == "describe");
    let [described] = described.as_slice() else {
        panic!("{described:?}")
    };
    for key in ["p", "q", "relation", "statistic"] {
        assert_eq!(described[key], Value::Null, "{key}");
    }
    assert_eq!(
        (&described["wording"], &described["significant"]),
        (&"description".into(), &false.into())
    );
    assert_eq!(described["figures"][0]["count"], 30.0);
    // The survey has run after it, without it.
    assert!(!tested.is_empty() && tested.iter().all(|test| test["p"].is_f64() && test["tier"] == "survey"));
    let ledger = fs::read_to_string(home.the_run().join("ledger.jsonl")).unwrap();
    let lines: Vec<Value> = ledger.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |event: &str| {
        let about = lines.iter().filter(|line| line["event"] == event);
        about.filter(|line| line["hypothesis"] == described["id"]).count()
    };
    assert_eq!(
        [of("registered"), of("executed"), of("described"), of("judged")],
        [1, 1, 1, 0]
    );
    let report = read_report(&home.the_run());
    let short = &report[..report.find("## What it rests on").unwrap()];
    assert!(short.contains("of rows have `uses: pairing` = yes"), "{short}");
    let nulls = &report[report.find("## What was not found").unwrap()..report.find("## Methods").unwrap()];
    assert!(!nulls.contains("describe"), "{nulls}");
    let notebook = fs::read_to_string(home.the_run().join("notebook.ipynb")).unwrap();
    assert!(notebook.contains("of rows have") && notebook.contains("assert not same(old, new)"));
    let id = home.the_run().file_name().unwrap().to_string_lossy().into_owned();
    let verified = home.run(&["verify", &id]);
    let told = describe_output(&verified);
    assert_eq!(verified.status.code(), Some(0), "{told}");
    assert!(!told.contains(" 0 executed again"), "{told}");
    let replayed = home.run(&["replay", &id]);
    assert_eq!(replayed.status.code(), Some(0), "{}", describe_output(&replayed));
}

#[test]
fn means_are_told_by_group() {
    let home = TestHome::new();
    let (_, found) = run(&home, "What is the average size by region?");
    let answer = &found["answer"];
    let text = answer["text"].as_str().unwrap();
    assert_eq!(answer["verdict"], "found", "{text}");
    for words in [
        "The mean of `size` by `region`: ",
        "north ",
        " (95 % interval ",
        "; n 70)",
        "Over all rows: the mean of `size` is ",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert_eq!(found["inquiry"]["read_as"], "a description of `size` by `region`");
}

#[test]
fn a_share_of_the_rows_that_are_meant() {
    let home = TestHome::new();
    let (_, found) = run(&home, "What share of the teams in the west region uses pairing?");
    let answer = &found["answer"];
    let text = answer["text"].as_str().unwrap();
    assert_eq!(answer["verdict"], "found", "{text}");
    let figure = "is 0 % (0 of 70; 95 % interval 0 to 5.2 %).";
    let about = "The share of rows with `uses: pairing` = yes where `region` = west";
    assert_eq!(text, format!("{about} {figure}"));
}
