//! A table in parts is read as one: from a folder, and by a pattern.

use std::fs;

use kosmos_testing::{TestHome, describe_output, read_findings, small_table};
use serde_json::{Value, json};

/// What a short run finds on `data`, and the table's name, without what depends on the file.
fn find(home: &TestHome, data: &str) -> (Value, String, u64) {
    let before = home.runs();
    let short = [
        "budget.cycles=1",
        "research.shuffled_run=false",
        "research.permutations=49",
    ];
    let mut arguments = vec!["run", "--question", "Does weight go with height?", "--data", data];
    arguments.extend(short.iter().flat_map(|set| ["--set", set]));
    let output = home.run(&arguments);
    assert_eq!(output.status.code(), Some(0), "{}", describe_output(&output));
    let run = home.runs().into_iter().find(|run| !before.contains(run)).unwrap();
    let found = read_findings(&run);
    let table = &found["tables"][0];
    let name = table["name"].as_str().unwrap().to_owned();
    let estimates = found["relations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| json!([one["id"], one["crude"], one["verdict"]]));
    (estimates.collect(), name, table["rows"].as_u64().unwrap())
}

#[test]
fn the_parts_of_a_table_are_read_as_one_table() {
    let home = TestHome::new();
    let whole = small_table(90, true);
    let (header, rows) = whole.split_once('\n').unwrap();
    let rows: Vec<&str> = rows.lines().collect();
    let folder = home.path().join("sites");
    fs::create_dir_all(folder.join("more")).unwrap();
    for (name, part) in [
        ("a.csv", &rows[..30]),
        ("b.csv", &rows[30..70]),
        ("more/c.csv", &rows[70..]),
    ] {
        fs::write(folder.join(name), format!("{header}\n{}\n", part.join("\n"))).unwrap();
    }
    let (expected, _, count) = find(&home, &home.file("sites.csv", &whole));
    assert_eq!(count, 90);
    assert!(!expected.as_array().unwrap().is_empty());
    let (found, name, count) = find(&home, folder.to_str().unwrap());
    assert_eq!((found, name.as_str(), count), (expected, "sites", 90));
    let (_, name, count) = find(&home, folder.join("*.csv").to_str().unwrap());
    assert_eq!((name.as_str(), count), ("sites", 70));

    // The parts may change afterwards: the run keeps what it read.
    fs::remove_dir_all(&folder).unwrap();
    for run in home.runs() {
        let output = home.run(&["verify", run.file_name().unwrap().to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(0), "{}", describe_output(&output));
    }
}
