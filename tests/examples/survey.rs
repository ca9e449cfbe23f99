//! A survey of hundreds of columns, of which is known what was planted.

use std::{collections::BTreeSet, process::Command};

use super::shape::{found_pairs, has, run, tests};
use kosmos_testing::{TestHome, describe_output, find_test, repository_path};

/// What the README says that wellbeing goes with, and how.
const STRONG: [(&str, &str); 4] = [("age", "+"), ("sleep_hours", "+"), ("q017", "+"), ("q042", "-")];
const WEAK: [&str; 2] = ["q133", "commute_minutes"];
const CONFOUNDED: &str = "q088";
const ELSEWHERE: [(&str, &str); 4] = [
    ("age", "q088"),
    ("q051", "q052"),
    ("q160", "region"),
    ("education", "income"),
];

pub fn what_was_planted_is_found_and_chance_is_not() {
    let ran = run(&TestHome::new(), "survey/run.toml", &[], 0);
    assert_eq!(ran.outcome["status"], "answered", "every pair of the target was tested");
    assert_eq!(ran.outcome["ended_by"], "tests");
    assert!(
        ran.outcome["message"]
            .as_str()
            .unwrap()
            .contains("hypotheses were left out"),
        "{}",
        ran.outcome
    );
    assert_eq!(tests(&ran.found).len(), 600);

    let with = |item: &str| find_test(&ran.found, "numeric_numeric", item, "wellbeing");
    for (item, way) in STRONG {
        let test = with(item);
        assert_eq!(
            (&test["replicated"], &test["direction"]),
            (&true.into(), &way.into()),
            "{test}"
        );
        assert!(!has(test, "confounded"), "{test}");
    }
    for item in WEAK {
        let test = with(item);
        assert!(test["significant"] == true || test["wording"] == "suggestive", "{test}");
    }
    assert!(has(with(CONFOUNDED), "confounded"), "{}", with(CONFOUNDED));

    let mut planted: BTreeSet<(&str, &str)> = ELSEWHERE.into();
    let names = STRONG.iter().map(|(item, _)| *item).chain(WEAK).chain([CONFOUNDED]);
    planted.extend(names.map(|item| (item, "wellbeing")));
    let found = found_pairs(&ran.found);
    assert!(found.is_subset(&planted), "{:?}", found.difference(&planted));
    assert_eq!(ran.found["shuffled_null"]["tests"], 600);
    assert_eq!(ran.found["shuffled_null"]["findings"], 0);

    let own = tests(&ran.found)
        .iter()
        .filter(|test| test["x"] == "wellbeing" || test["y"] == "wellbeing");
    assert_eq!(own.count(), 209, "every usable column with the target");
    let low = tests(&ran.found)
        .iter()
        .filter(|test| test["p"].as_f64().unwrap() < 0.05)
        .count();
    assert!(low > 2 * found.len(), "{low} p-values by chance");
    for (column, why) in [("respondent", "names rows"), ("wave", "one value only")] {
        assert!(
            !tests(&ran.found)
                .iter()
                .any(|test| test["x"] == column || test["y"] == column)
        );
        assert!(ran.report.contains(why), "{column}");
    }
}

#[test]
fn the_table_is_what_its_script_writes() {
    let output = Command::new("python3")
        .arg(repository_path("examples/survey/make.py"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", describe_output(&output));
    let table = std::fs::read(repository_path("examples/survey/survey.csv")).unwrap();
    assert!(output.stdout == table, "survey.csv is another one");
    assert!(table.len() < 1_500_000);
}
