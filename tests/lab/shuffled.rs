//! Where there is nothing to find, nothing is found: the penguins with every column shuffled.

use std::fs;

use crate::support::{Home, findings, repository, said};

const SEEDS: u64 = 20;

#[test]
fn shuffled_tables_give_no_findings() {
    let table = fs::read_to_string(repository("examples/penguins/penguins.csv")).unwrap();
    let (mut silent, mut tests, mut significant) = (0, 0, 0);
    for seed in 1..=SEEDS {
        let home = Home::new();
        let data = home.file("shuffled.csv", shuffle(&table, seed));
        let question = "Which body measurements of penguins go together?";
        let arguments = [
            "run",
            "--question",
            question,
            "--data",
            &data,
            "--set",
            "research.shuffled_run=false",
        ];
        let output = home.run(&arguments);
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        let found = findings(&home.the_run());
        let findings = found["findings"].as_array().unwrap().len();
        silent += u64::from(findings == 0);
        tests += found["tests"].as_array().unwrap().len();
        significant += findings;
    }
    assert!(
        silent >= 17,
        "only {silent} of {SEEDS} runs on shuffled data reported nothing"
    );
    assert!(tests > 500, "{tests}");
    assert!(
        significant * 100 < tests,
        "{significant} of {tests} tests on shuffled data are significant"
    );
}

/// Permutes every column on its own (Fisher-Yates).
fn shuffle(table: &str, seed: u64) -> String {
    let mut lines = table.lines();
    let header = lines.next().unwrap();
    let rows: Vec<Vec<&str>> = lines.map(|line| line.split(',').collect()).collect();
    let mut random = fastrand::Rng::with_seed(seed);
    let columns: Vec<Vec<&str>> = (0..rows[0].len())
        .map(|place| {
            let mut column: Vec<&str> = rows.iter().map(|row| row[place]).collect();
            random.shuffle(&mut column);
            column
        })
        .collect();
    let mut text = format!("{header}\n");
    for row in 0..rows.len() {
        let row: Vec<&str> = columns.iter().map(|column| column[row]).collect();
        text.push_str(&row.join(","));
        text.push('\n');
    }
    text
}
