//! Several tables: joined where their columns show that they belong together, or where the user says so; else not.

use std::fs;

use kosmos_testing::{
    TestHome, describe_output, read_findings, read_report, run_id, schema::assert_findings_are_valid,
};
use serde_json::Value;

const SHORT: &str = "budget.cycles = 1\nresearch.shuffled_run = false\nresearch.permutations = 49\n";

/// As good as random from 0 to 1, and the same each time.
fn noise(place: u32, salt: u32) -> f64 {
    f64::from((place * 7919 + salt * 104_729) % 1009) / 1009.0
}

/// Sixty trees of two soils, and three to five measurements of each; growth is higher on loam.
fn trees_and_measurements() -> (String, String) {
    let mut trees = "tree,soil\n".to_owned();
    let mut measurements = "tree,round,growth_mm\n".to_owned();
    for tree in 0..60 {
        let loam = noise(tree, 1) > 0.5;
        trees.push_str(&format!("T-{tree:03},{}\n", if loam { "loam" } else { "sand" }));
        let own = noise(tree, 2) * 4.0 + if loam { 6.0 } else { 0.0 };
        for round in 1..=3 + tree % 3 {
            let growth = 20.0 + own + noise(tree * 10 + round, 3) * 2.0;
            measurements.push_str(&format!("T-{tree:03},{round},{growth:.2}\n"));
        }
    }
    (trees, measurements)
}

/// The mean growth of each soil's trees, each tree counted once.
fn difference_of_means((trees, measurements): &(String, String)) -> f64 {
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let of_soil = |soil: &str| {
        let of_tree = |line: &str| {
            let (tree, _) = line.split_once(',')?;
            let rows = measurements.lines().filter(|row| row.starts_with(&format!("{tree},")));
            let growth: Vec<f64> = rows
                .map(|row| row.rsplit(',').next().unwrap().parse().unwrap())
                .collect();
            Some(mean(&growth))
        };
        let lines = trees.lines().skip(1).filter(|line| line.ends_with(soil));
        mean(&lines.filter_map(of_tree).collect::<Vec<_>>())
    };
    of_soil("loam") - of_soil("sand")
}

/// Runs on two tables with more lines of a run file; the output and, after exit code 0, `findings.json`.
fn run(home: &TestHome, question: &str, tables: [&str; 2], more: &str, code: i32) -> (String, Value) {
    home.file("a.csv", tables[0]);
    home.file("b.csv", tables[1]);
    let file =
        format!("question = \"{question}\"\n{SHORT}[[data]]\npath = \"a.csv\"\n[[data]]\npath = \"b.csv\"\n{more}");
    let output = home.run(&["run", &home.file("run.toml", file)]);
    let told = describe_output(&output);
    assert_eq!(output.status.code(), Some(code), "{told}");
    let found = match code {
        0 => read_findings(&home.the_run()),
        _ => Value::Null,
    };
    if code == 0 {
        assert_findings_are_valid(&found);
    }
    (told, found)
}

#[test]
fn tables_with_a_key_are_joined_and_a_question_across_them_is_answered() {
    let home = TestHome::new();
    let tables = trees_and_measurements();
    let (_, found) = run(&home, "Does mean growth depend on soil?", [&tables.0, &tables.1], "", 0);
    let relation = &found["relations"][0];
    assert_eq!(
        (&relation["x"], &relation["dataset"]),
        (&"soil".into(), &"a + b".into())
    );
    assert_eq!(relation["y"], "b: mean of growth_mm");
    assert_eq!(found["answer"]["verdict"], "found");
    let test = found["tests"]
        .as_array()
        .unwrap()
        .iter()
        .find(|test| test["relation"] == relation["id"])
        .unwrap();
    let groups = test["groups"].as_array().unwrap();
    let value = |level: &str| {
        groups.iter().find(|group| group["level"] == level).unwrap()["value"]
            .as_f64()
            .unwrap()
    };
    let expected = difference_of_means(&tables);
    assert!(
        (value("loam") - value("sand") - expected).abs() < 1e-9,
        "{expected} {groups:?}"
    );

    // What stands in one table is tested there, and what is made of one column not at all.
    for test in found["tests"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|test| test["dataset"] == "a + b")
    {
        let origin = |side: &str| test[side].as_str().unwrap().rsplit(" of ").next().unwrap().to_owned();
        assert_ne!(origin("x"), origin("y"), "{} {}", test["x"], test["y"]);
    }
    let report = read_report(&home.the_run());
    for told in [
        "Joined from the tables `a`, `b`",
        "60 of the 60 values",
        "mean of 'growth_mm'",
    ] {
        assert!(report.contains(told), "{told}\n{report}");
    }

    // The joined table is made again from the files, and travels with the run.
    let id = home.the_run();
    let verified = home.run(&["verify", run_id(&id), "--all"]);
    assert!(verified.status.success(), "{}", describe_output(&verified));
    let archive = home.path().join("run.tar");
    let exported = home.run(&["export", run_id(&id), "--output", archive.to_str().unwrap()]);
    assert!(exported.status.success(), "{}", describe_output(&exported));
    let other = TestHome::new();
    let imported = other.run(&["import", archive.to_str().unwrap()]);
    assert!(imported.status.success(), "{}", describe_output(&imported));
    let verified = other.run(&["verify", run_id(&id), "--all"]);
    assert!(verified.status.success(), "{}", describe_output(&verified));
}

#[test]
fn tables_without_a_key_are_analysed_one_by_one() {
    let home = TestHome::new();
    let mut letters = "weight,pages\n".to_owned();
    let mut ships = "length,crew\n".to_owned();
    for row in 0..60 {
        letters.push_str(&format!("{:.3},{:.3}\n", noise(row, 5), noise(row, 6)));
        ships.push_str(&format!("{:.3},{:.3}\n", 100.0 * noise(row, 7), 10.0 * noise(row, 8)));
    }
    let (_, found) = run(&home, "What goes with what?", [&letters, &ships], "", 0);
    let tests = found["tests"].as_array().unwrap();
    assert_eq!(tests.len(), 2, "{tests:?}");
    let report = read_report(&home.the_run());
    assert!(report.contains("were analysed one by one"), "{report}");
}

#[test]
fn a_declared_join_that_cannot_be_made_is_an_error_and_leaves_nothing() {
    let tables = trees_and_measurements();
    for (more, told) in [
        (
            "[[join]]\nleft = \"a\"\nright = \"c\"\non = [[\"tree\", \"tree\"]]\n",
            "there is no table of that name",
        ),
        (
            "[[join]]\nleft = \"a\"\nright = \"a\"\non = [[\"tree\", \"tree\"]]\n",
            "not joined with itself",
        ),
        ("[[join]]\nleft = \"a\"\nright = \"b\"\non = []\n", "names no columns"),
        ("[[join]]\nleft = \"a\"\nright = \"b\"\n", "add `on`"),
        (
            "[[join]]\nleft = \"a\"\nright = \"b\"\non = [\"tree\"]\n",
            "a list of pairs",
        ),
        (
            "[[join]]\nleft = \"a\"\nright = \"b\"\non = [[\"tree\", \"tre\"]]\n",
            "tre",
        ),
        (
            "[[join]]\nleft = \"a\"\nright = \"b\"\non = [[\"soil\", \"round\"]]\n",
            "soil",
        ),
    ] {
        let home = TestHome::new();
        let (output, _) = run(&home, "Does growth depend on soil?", [&tables.0, &tables.1], more, 2);
        assert!(output.contains(told), "{more}{output}");
        assert!(home.runs().is_empty(), "{more}");
    }
}

#[test]
fn a_declared_join_brings_the_rows_of_the_other_table() {
    let home = TestHome::new();
    let tables = trees_and_measurements();
    let measurements = tables.1.replacen("tree,", "plant,", 1);
    let more = "[[join]]\nleft = \"b\"\nright = \"a\"\non = [[\"plant\", \"tree\"]]\naggregate = \"none\"\n";
    let (_, found) = run(
        &home,
        "Does growth_mm depend on soil?",
        [&tables.0, &measurements],
        more,
        0,
    );
    let relation = &found["relations"][0];
    assert_eq!((&relation["x"], &relation["y"]), (&"soil".into(), &"growth_mm".into()));
    // Rows of one tree are not independent: the test and the halves go by trees.
    let codebook = fs::read_to_string(home.the_run().join("findings.json")).unwrap();
    let tables = serde_json::from_str::<Value>(&codebook).unwrap()["tables"].clone();
    let joined = tables
        .as_array()
        .unwrap()
        .iter()
        .find(|table| table["name"] == "a + b")
        .unwrap()
        .clone();
    assert_eq!(joined["structure"]["subject"]["columns"][0], "plant", "{joined}");
}
