//! Where there is nothing to find, nothing is found: the penguins with every column shuffled.

use kosmos_testing::{TestHome, describe_output, read_findings, repository_path, sample::draw_sample};
use std::fs;

/// Shuffled copies of the table, of which the default tier draws some.
const COPIES: usize = 20;
const DRAWN: usize = 5;

#[test]
fn shuffled_tables_give_no_findings() {
    let table = fs::read_to_string(repository_path("examples/penguins/penguins.csv")).unwrap();
    let (mut silent, mut tests, mut significant) = (0, 0, 0);
    let sample = draw_sample("shuffled_tables", COPIES, DRAWN);
    for seed in sample.points.iter().map(|point| *point as u64 + 1) {
        let home = TestHome::new();
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
        assert_eq!(output.status.code(), Some(0), "{}", describe_output(&output));
        let found = read_findings(&home.the_run());
        let findings = found["findings"].as_array().unwrap().len();
        silent += usize::from(findings == 0);
        tests += found["tests"].as_array().unwrap().len();
        significant += findings;
    }
    let copies = sample.points.len();
    assert!(
        silent + 3 >= copies,
        "only {silent} of {copies} runs on shuffled data reported nothing"
    );
    assert!(tests > 25 * copies, "{tests}");
    // One in a hundred; a few copies may have two more by chance.
    let by_chance = if copies == COPIES { 0 } else { 200 };
    assert!(
        significant * 100 < tests + by_chance,
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
