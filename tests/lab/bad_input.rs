//! Bad input gets a clear message, the contracted exit code, and leaves nothing half written.

use kosmos_testing::{TestHome, describe_output, kosmos_binary, read_findings, sample::is_deep_tier};
use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

const QUESTION: &str = "What goes with what?";

fn run(home: &TestHome, data: &str) -> Output {
    home.run(&[
        "run",
        "--question",
        QUESTION,
        "--data",
        data,
        "--set",
        "research.shuffled_run=false",
    ])
}

/// Refused with exit 2, a message with `words`, and no run left behind in the home of the test.
fn refused(home: &TestHome, output: &Output, words: &[&str]) {
    refused_with(output, words);
    assert!(home.runs().is_empty(), "{:?}", home.runs());
}

/// Refused with exit 2 and a message with `words`.
fn refused_with(output: &Output, words: &[&str]) {
    assert_eq!(output.status.code(), Some(2), "{}", describe_output(output));
    let stderr = String::from_utf8_lossy(&output.stderr);
    for word in words {
        assert!(stderr.contains(word), "`{word}` is not in: {stderr}");
    }
    assert!(stderr.starts_with("error:") || stderr.contains("\nerror:"), "{stderr}");
}

#[test]
fn files_that_are_no_tables_are_refused() {
    let home = TestHome::new();
    fs::create_dir(home.path().join("folder")).unwrap();
    let cases: [(String, &[&str]); 6] = [
        ("missing.csv".to_owned(), &["missing.csv", "cannot read"]),
        (home.path().join("folder").to_str().unwrap().to_owned(), &["folder"]),
        (home.file("empty.csv", ""), &["empty.csv", "empty"]),
        (home.file("header.csv", "a,b,c\n"), &["header.csv", "rows"]),
        (home.file("one_row.csv", "a,b,c\n1,2,3\n"), &["one_row.csv", "row"]),
        (
            home.file("constant.csv", format!("a,b\n{}", "1,x\n".repeat(40))),
            &["constant.csv"],
        ),
    ];
    for (data, words) in cases {
        refused(&home, &run(&home, &data), words);
    }
}

#[test]
fn unknown_keys_and_targets_are_refused() {
    let home = TestHome::new();
    let data = home.file("good.csv", good());
    let file = home.file(
        "run.toml",
        "question = \"q\"\nbugdet = 3\n[[data]]\npath = \"good.csv\"\n",
    );
    refused(&home, &home.run(&["run", &file]), &["run.toml", "bugdet", "budget"]);
    let output = home.run(&["run", "--question", QUESTION, "--data", &data, "--target", "heigth"]);
    refused(&home, &output, &["heigth", "height", "--outcome"]);
    let rows: String = (0..40)
        .map(|row| format!("{row}.5,{}.25,left\n", row * 7 % 11))
        .collect();
    let data = home.file("sides.csv", format!("speed,slip,side\n{rows}"));
    let output = home.run(&[
        "run",
        "--question",
        "What goes with side?",
        "--data",
        &data,
        "--target",
        "side",
    ]);
    refused(
        &home,
        &output,
        &["'side' cannot be tested", "one value", "speed, slip", "--outcome"],
    );
    refused(&home, &home.run(&["run", "--data", &data]), &["question"]);
    let output = home.run(&[
        "run",
        "--question",
        QUESTION,
        "--data",
        &data,
        "--set",
        "research.alpha=2",
    ]);
    refused(&home, &output, &["research.alpha"]);
}

#[test]
fn a_home_that_cannot_be_written_is_refused() {
    let home = TestHome::new();
    let data = home.file("good.csv", good());
    let file = home.file("file", "not a folder");
    // procfs refuses new folders even to root.
    for (place, word) in [(file.as_str(), "home"), ("/proc/kosmos", "/proc/kosmos")] {
        let output = Command::new(kosmos_binary())
            .args(["run", "--question", QUESTION, "--data", &data, "--home", place])
            .current_dir(home.path())
            .env("HOME", home.path())
            .output()
            .unwrap();
        refused_with(&output, &[word]);
    }
    // Neither where it was told to, nor in any other place that it might have taken instead.
    assert_eq!(fs::read_to_string(&file).unwrap(), "not a folder");
    assert!(!Path::new("/proc/kosmos").exists());
    let mut left: Vec<_> = fs::read_dir(home.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    left.sort();
    assert_eq!(left, ["file", "good.csv"]);
}

#[test]
fn odd_tables_are_researched() {
    let home = TestHome::new();
    let mut random = fastrand::Rng::with_seed(3);
    let rows: Vec<(f64, f64, u8)> = (0..60)
        .map(|_| {
            let x = random.f64() * 50.0;
            (x, x + random.f64() * 30.0, random.u8(0..9))
        })
        .collect();
    let mut latin = b"caf\xe9,wert\n".to_vec();
    latin.extend(
        rows.iter()
            .flat_map(|(x, y, _)| format!("{x:.1},{y:.1}\n").into_bytes()),
    );
    let lines = |header: &str, line: &dyn Fn(&(f64, f64, u8)) -> String| {
        rows.iter().fold(header.to_owned(), |text, row| text + &line(row))
    };
    let duplicate = lines("a,a,b\n", &|(x, y, n)| format!("{x:.1},{n},{y:.1}\n"));
    let decimal = lines("x;y\n", &|(x, y, _)| format!("{x:.1};{y:.1}\n").replace('.', ","));
    for (name, content) in [
        ("latin.csv", latin),
        ("duplicate.csv", duplicate.into_bytes()),
        ("comma.csv", decimal.into_bytes()),
    ] {
        let home_of = TestHome::new();
        let data = home.file(name, content);
        let output = run(&home_of, &data);
        assert_eq!(output.status.code(), Some(0), "{name}: {}", describe_output(&output));
        assert!(
            !read_findings(&home_of.the_run())["tests"]
                .as_array()
                .unwrap()
                .is_empty(),
            "{name}"
        );
    }
}

#[test]
fn two_thousand_columns_end_within_the_budget() {
    let home = TestHome::new();
    let mut random = fastrand::Rng::with_seed(7);
    let mut text: String = (0..2000).map(|n| format!("c{n}")).collect::<Vec<_>>().join(",");
    for _ in 0..100 {
        text.push('\n');
        text.push_str(
            &(0..2000)
                .map(|_| format!("{:.3}", random.f64()))
                .collect::<Vec<_>>()
                .join(","),
        );
    }
    let data = home.file("wide.csv", text + "\n");
    let mut arguments = vec![
        "run",
        "--question",
        QUESTION,
        "--data",
        &data,
        "--set",
        "budget.tests=400",
    ];
    if !is_deep_tier() {
        arguments.extend([
            "--set",
            "research.shuffled_run=false",
            "--set",
            "research.permutations=49",
        ]);
    }
    let output = home.run(&arguments);
    assert_eq!(output.status.code(), Some(3), "{}", describe_output(&output));
    let found = read_findings(&home.the_run());
    assert_eq!(found["status"], "budget_spent");
    assert!(found["tests"].as_array().unwrap().len() == 400);
}

fn good() -> String {
    (0..60).fold("height,weight\n".to_owned(), |text, n| {
        text + &format!("{},{}\n", n * 37 % 61, n * 11 % 17)
    })
}
