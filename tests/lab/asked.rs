//! What is asked for by name comes first, is tested, and is told also where nothing was found or nothing can be tested.

use std::fs;

use kosmos_testing::{
    TestHome, describe_output, read_findings, read_report, schema::assert_findings_are_valid, small_table,
};
use serde_json::Value;

/// Columns beside those of the small table: one value, a name for each row, four values.
fn table() -> String {
    let mut out = String::new();
    for (row, line) in small_table(90, true).lines().enumerate() {
        let more = match row {
            0 => "side,patient,rare".to_owned(),
            _ => format!(
                "left,p-{row:04},{}",
                if row < 5 { row.to_string() } else { String::new() }
            ),
        };
        out.push_str(&format!("{line},{more}\n"));
    }
    out
}

/// A short run on the table with that question and more flags; its output and `findings.json`.
fn run(home: &TestHome, question: &str, flags: &[&str], code: i32) -> (String, Value) {
    let data = home.file("table.csv", table());
    let short = [
        "budget.cycles=1",
        "research.shuffled_run=false",
        "research.permutations=49",
    ];
    let mut arguments = vec!["run", "--question", question, "--data", &data];
    arguments.extend(short.iter().flat_map(|set| ["--set", set]));
    arguments.extend(flags);
    let output = home.run(&arguments);
    assert_eq!(output.status.code(), Some(code), "{}", describe_output(&output));
    let found = match home.runs().is_empty() {
        true => Value::Null,
        false => read_findings(&home.the_run()),
    };
    if !found.is_null() {
        assert_findings_are_valid(&found);
    }
    (describe_output(&output), found)
}

#[test]
fn a_named_relation_is_tested_first_and_told_first_though_nothing_was_found() {
    let home = TestHome::new();
    let flags = ["--outcome", "luck", "--exposure", "shade", "--given", "height"];
    let (output, found) = run(&home, "What is there?", &flags, 0);
    assert_eq!(
        (&found["status"], &found["ended_by"]),
        (&"answered".into(), &"cycles".into())
    );
    let relation = &found["relations"][0];
    assert_eq!(
        (&relation["x"], &relation["y"], &relation["relevance"]),
        (&"shade".into(), &"luck".into(), &1.0.into())
    );
    assert_eq!(relation["verdict"], "not_found");
    assert_eq!(relation["given"], serde_json::json!(["height"]));
    assert!(
        relation["crude"]["ci_low"].is_f64() && relation["adjusted"]["ci_low"].is_f64(),
        "{relation}"
    );
    let answer = &found["answer"];
    assert_eq!(
        (&answer["verdict"], &answer["relations"][0]),
        (&"not_found".into(), &relation["id"])
    );
    let given = found["tests"]
        .as_array()
        .unwrap()
        .iter()
        .find(|test| test["kind"] == "adjusted");
    let given = given.unwrap();
    assert_eq!(
        (&given["part"], &given["covariates"][0], &given["cycle"]),
        (&"whole".into(), &"height".into(), &1.into())
    );
    // What was found is another matter, and comes after it.
    assert_eq!(found["findings"].as_array().unwrap().len(), 1);
    let (asked, other) = (output.find("luck ~ shade").unwrap(), output.find("weight ~ height"));
    assert!(other.is_none_or(|other| asked < other), "{output}");
    assert!(output.contains("no detectable"), "{output}");
    let report = read_report(&home.the_run());
    let short = &report[report.find("## What it rests on").unwrap()..report.find("## Findings").unwrap()];
    let first = short.lines().find(|line| line.starts_with("- ")).unwrap();
    assert!(
        first.contains("no detectable association") && first.contains("`luck`"),
        "{short}"
    );
}

#[test]
fn a_question_about_a_column_that_cannot_be_tested_is_not_answerable() {
    let home = TestHome::new();
    let (output, found) = run(&home, "Does height affect side?", &[], 0);
    assert_eq!(found["status"], "not_answerable");
    let reason = &found["answer"]["reasons"][0];
    assert_eq!(
        (&found["answer"]["verdict"], &reason["code"]),
        (&"not_answerable".into(), &"constant".into())
    );
    let words = "the column 'side' cannot be tested: one value only. Give rows in which it differs";
    assert_eq!(reason["text"], words);
    let relation = &found["relations"][0];
    assert_eq!(
        (&relation["verdict"], &relation["crude"]),
        (&"untestable".into(), &Value::Null)
    );
    assert!(
        output.contains(&format!("Nothing could be tested: {words}.")),
        "{output}"
    );
    let report = read_report(&home.the_run());
    assert!(
        report
            .lines()
            .take(6)
            .any(|line| line.starts_with("**Nothing could be tested**")),
        "{report}"
    );

    // A flag gets the same words, and no run.
    let home = TestHome::new();
    let (output, _) = run(&home, "What is there?", &["--outcome", "side"], 2);
    assert!(output.contains(words) && home.runs().is_empty(), "{output}");
}

#[test]
fn columns_that_cannot_have_their_part_are_refused_and_leave_nothing() {
    let home = TestHome::new();
    for (flags, words) in [
        (
            &["--exposure", "heigth"][..],
            &["no column 'heigth'", "Did you mean 'height'?", "--exposure"][..],
        ),
        (
            &["--exposure", "patient"],
            &["'patient' cannot be tested", "declare its type in a codebook"],
        ),
        (&["--outcome", "rare"], &["'rare' cannot be tested"]),
        (&["--given", "height"], &["none is", "--exposure"]),
        (
            &["--outcome", "weight", "--exposure", "height", "--given", "shade,side"],
            &["'side' cannot be tested"],
        ),
        (
            &["--outcome", "weight", "--exposure", "weight"],
            &["as the outcome and as the exposure"],
        ),
        (&["--subject", "nobody"], &["no column 'nobody'", "--subject"]),
        (&["--time", "side"], &["one value only", "--time"]),
        (
            &["--outcome", "weight", "--target", "height"],
            &["`target` is another name of it"],
        ),
    ] {
        let (output, _) = run(&home, "What is there?", flags, 2);
        for word in words {
            assert!(output.contains(word), "`{word}` is not in: {output}");
        }
        assert!(home.runs().is_empty(), "{:?}", home.runs());
    }
}

#[test]
fn the_run_file_names_columns_too() {
    let home = TestHome::new();
    home.file("table.csv", table());
    let run_file = home.file(
        "run.toml",
        "question = \"What is there?\"\noutcome = \"weight\"\nexposure = \"height\"\ngiven = [\"luck\"]\n\
         [[data]]\npath = \"table.csv\"\n[budget]\ncycles = 1\n[research]\nshuffled_run = false\npermutations = 49\n",
    );
    let output = home.run(&["run", &run_file, "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", describe_output(&output));
    let found = read_findings(&home.the_run());
    assert_eq!(
        (&found["answer"]["verdict"], &found["relations"][0]["verdict"]),
        (&"found".into(), &"holds".into())
    );
    let settings = fs::read_to_string(home.the_run().join("run.toml")).unwrap();
    assert!(
        settings.contains("target = \"weight\"") && !settings.contains("outcome"),
        "{settings}"
    );
}
