//! Codebooks: shown and written by `kosmos data`, handed back, part of a run.

use std::{collections::BTreeMap, fs, path::Path};

use kosmos_testing::{TestHome, describe_output, repository_path, run_id};
use serde_json::Value;

/// A table with a code that is a number and an order that only a person knows.
fn wards() -> String {
    let mut table = String::from("ward,mood,stay,arm,site\n");
    for n in 0..90_u32 {
        let noise = (n * 7919 + 13) % 101;
        let mood = (n + noise / 40) % 3;
        let stay = mood * 10 + noise % 17;
        let mood = ["Bo", "Ka", "Zu"][mood as usize];
        table.push_str(&format!("{},{mood},{stay},{},{}\n", n % 5 + 1, n % 2, noise % 9));
    }
    table
}

const CODEBOOK: &str = r#"version = 1
[[table]]
name = "wards"

[[table.column]]
name = "ward"
type = "category"
label = "hospital ward"
levels = [{ code = "1", label = "north" }, { code = "2", label = "south" }]

[[table.column]]
name = "mood"
type = "ordered"
levels = [{ code = "Zu" }, { code = "Bo" }, { code = "Ka" }]

[[table.column]]
name = "arm"
role = "assigned"

[[table.column]]
name = "site"
role = "ignore"
"#;

const RUN: &str = "question = \"What goes with stay?\"\ntarget = \"stay\"\n[[data]]\npath = \"wards.csv\"\n\
    [budget]\ncycles = 1\n[research]\nshuffled_run = false\npermutations = 99\n";

fn desk() -> TestHome {
    let home = TestHome::new();
    home.file("wards.csv", wards());
    home.file("book.toml", CODEBOOK);
    home.file("run.toml", RUN);
    home
}

fn columns_of(profile: &Value) -> BTreeMap<String, Value> {
    let columns = profile["columns"].as_array().unwrap().iter();
    columns
        .map(|column| (column["name"].as_str().unwrap().to_owned(), column.clone()))
        .collect()
}

/// Runs `kosmos data` with these arguments and gives its document.
fn describe(home: &TestHome, arguments: &[&str]) -> Value {
    let told = home.run_json(&[&["data"], arguments].concat());
    assert!(told["error"].is_null(), "{told}");
    told
}

/// Refused with exit 2 and a message with these words, and without a run.
fn refused(home: &TestHome, arguments: &[&str], words: &[&str]) {
    let output = home.run(arguments);
    assert_eq!(
        output.status.code(),
        Some(2),
        "{arguments:?}: {}",
        describe_output(&output)
    );
    let stderr = String::from_utf8_lossy(&output.stderr);
    for word in words {
        assert!(stderr.contains(word), "`{word}` is not in: {stderr}");
    }
    assert!(home.runs().is_empty());
}

#[test]
fn what_is_declared_wins_and_is_part_of_the_run() {
    let home = desk();
    let output = home.run(&["run", "run.toml", "--codebook", "book.toml"]);
    assert!(
        matches!(output.status.code(), Some(0 | 3)),
        "{}",
        describe_output(&output)
    );
    let run = home.the_run();
    let id = run_id(&run).to_owned();
    let written = fs::read_to_string(run.join("codebook.toml")).unwrap();
    for words in [
        "{ code = \"1\", label = \"north\" },\n  { code = \"2\", label = \"south\" }",
        "label = \"hospital ward\"",
        "{ code = \"Zu\" },\n  { code = \"Bo\" },\n  { code = \"Ka\" },",
        "role = \"ignore\"",
        "source = \"declared\"",
        "assigned = { columns = [\"arm\"], source = \"declared\"",
    ] {
        assert!(written.contains(words), "no {words} in\n{written}");
    }
    let found = fs::read_to_string(run.join("findings.json")).unwrap();
    let found: Value = serde_json::from_str(&found).unwrap();
    let tests = found["tests"].as_array().unwrap();
    assert!(!tests.is_empty());
    assert!(
        tests.iter().all(|test| test["x"] != "site" && test["y"] != "site"),
        "an ignored column was tested"
    );
    let kind = |x: &str| {
        tests
            .iter()
            .find(|test| test["x"] == x)
            .map(|test| test["kind"].as_str().unwrap().to_owned())
    };
    assert_eq!(kind("ward").as_deref(), Some("group_numeric"));
    assert_eq!(kind("mood").as_deref(), Some("numeric_numeric"));

    // The run has its own copy of what the codebook says.
    fs::remove_file(home.path().join("book.toml")).unwrap();
    for command in ["verify", "resume", "report", "replay"] {
        let output = home.run(&[command, &id]);
        assert!(
            matches!(output.status.code(), Some(0 | 3)),
            "{command}: {}",
            describe_output(&output)
        );
    }
    let archive = home.path().join("study.tar");
    let exported = home.run(&["export", &id, "--output", archive.to_str().unwrap()]);
    assert!(exported.status.success(), "{}", describe_output(&exported));
    let other = TestHome::new();
    let imported = other.run(&["import", archive.to_str().unwrap()]);
    assert!(imported.status.success(), "{}", describe_output(&imported));
    assert_eq!(
        fs::read_to_string(other.the_run().join("codebook.toml")).unwrap(),
        written
    );
    let verified = other.run(&["verify", &id]);
    assert_eq!(verified.status.code(), Some(0), "{}", describe_output(&verified));

    // Nobody changes it unseen.
    fs::write(run.join("codebook.toml"), written.replace("north", "west")).unwrap();
    let verified = home.run(&["verify", &id]);
    assert_eq!(verified.status.code(), Some(4), "{}", describe_output(&verified));
    assert!(
        describe_output(&verified).contains("codebook.toml"),
        "{}",
        describe_output(&verified)
    );
}

#[test]
fn a_codebook_that_does_not_fit_is_refused_with_its_line() {
    let home = desk();
    let book = |from: &str, to: &str| {
        assert!(CODEBOOK.contains(from));
        home.file("book.toml", CODEBOOK.replacen(from, to, 1));
    };
    let cases: [(&str, &str, &[&str]); 7] = [
        (
            "name = \"wards\"",
            "name = \"ward\"",
            &["book.toml, line 2", "`ward`", "`wards`"],
        ),
        (
            "name = \"mood\"",
            "name = \"moods\"",
            &["book.toml, line 11", "`moods`", "did you mean `mood`?"],
        ),
        (
            "type = \"ordered\"",
            "type = \"odered\"",
            &["book.toml, line 13", "odered", "ordered"],
        ),
        (
            "role = \"ignore\"",
            "role = \"ignored\"",
            &["book.toml, line 22", "ignored"],
        ),
        ("code = \"2\"", "code = \"7\"", &["book.toml, line 5", "`7`", "`ward`"]),
        ("{ code = \"Zu\" }, ", "", &["'mood'", "'Zu'"]),
        ("type = \"category\"", "type = \"date\"", &["'ward'", "date"]),
    ];
    for (from, to, words) in cases {
        book(from, to);
        refused(&home, &["run", "run.toml", "--codebook", "book.toml"], words);
        refused(&home, &["data", "wards.csv", "--codebook", "book.toml"], words);
    }
    refused(
        &home,
        &["data", "wards.csv", "--codebook", "nowhere.toml"],
        &["nowhere.toml"],
    );
    home.file(
        "own.toml",
        RUN.replace("\"wards.csv\"", "\"wards.csv\"\ncodebook = \"nowhere.toml\""),
    );
    refused(&home, &["run", "own.toml"], &["nowhere.toml"]);
}

/// The tables of the examples in ten formats, and the other tables of the examples.
fn example_tables() -> Vec<String> {
    let files = [
        "formats/nuclei.csv",
        "formats/penguins.tsv",
        "formats/season_2009.xlsx",
        "formats/gapminder.parquet",
        "formats/countries_2007.json",
        "formats/penguins.sqlite",
        "formats/election.sav",
        "formats/trial.dta",
        "formats/penguins.ods",
        "formats/nuclei.feather",
        "election-1996/election_1996.csv",
        "trial/indomethacin.csv",
    ];
    files
        .iter()
        .map(|file| repository_path(&format!("examples/{file}")))
        .collect()
}

#[test]
fn a_codebook_that_is_handed_back_unchanged_changes_nothing() {
    let home = TestHome::new();
    let tables = example_tables();
    let files: Vec<&str> = tables.iter().map(String::as_str).collect();
    let written = home.path().join("codebook.toml");
    let write = format!("--write={}", written.display());
    let before = describe(&home, &[&files[..], &[&write]].concat());
    assert_eq!(before["written"], written.to_str().unwrap());
    let after = describe(&home, &[&files[..], &["--codebook", "codebook.toml"]].concat());
    for (before, after) in before["tables"]
        .as_array()
        .unwrap()
        .iter()
        .zip(after["tables"].as_array().unwrap())
    {
        let name = before["name"].as_str().unwrap();
        let (before, after) = (columns_of(&before["profile"]), columns_of(&after["profile"]));
        assert_eq!(before.len(), after.len(), "{name}");
        for (column, before) in &before {
            let mut after = after[column].clone();
            assert_eq!(after["source"], "declared", "{name}: {column}");
            for key in ["source", "sure", "read_as"] {
                after[key] = before[key].clone();
            }
            assert_eq!(&after, before, "{name}: {column}");
        }
    }
}

#[test]
fn every_format_is_read_for_what_it_is() {
    let home = TestHome::new();
    let tables = example_tables();
    let files: Vec<&str> = tables.iter().map(String::as_str).collect();
    let told = describe(&home, &files[..10]);
    let facts: Vec<(String, String, u64)> = told["tables"]
        .as_array()
        .unwrap()
        .iter()
        .map(|table| {
            let source = &table["profile"]["source"];
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            (
                text(&table["name"]),
                text(&source["format"]),
                table["profile"]["rows"].as_u64().unwrap(),
            )
        })
        .collect();
    let expected = [
        ("nuclei", "csv", 120),
        ("penguins", "tsv", 344),
        ("season_2009", "excel", 120),
        ("gapminder", "parquet", 1704),
        ("countries_2007", "jsonl", 142),
        ("penguins-2", "sqlite", 224),
        ("election", "spss", 944),
        ("trial", "stata", 602),
        ("penguins-3", "excel", 115),
        ("nuclei-2", "feather", 200),
    ];
    assert_eq!(
        facts,
        expected.map(|(name, format, rows)| (name.to_owned(), format.to_owned(), rows))
    );
    assert!(
        home.runs().is_empty() && !home.kosmos_home().exists(),
        "nothing is made"
    );
}

#[test]
fn a_list_of_codes_among_the_tables_describes_the_others() {
    let home = desk();
    home.file(
        "codes.csv",
        "Variable;VALUE;Label\nward;1;north\n;2;south\n;9;No answer\nmood;;how one feels\n",
    );
    let told = describe(&home, &["wards.csv", "codes.csv"]);
    assert_eq!(told["tables"].as_array().unwrap().len(), 1);
    assert!(
        told["notes"][0]
            .as_str()
            .unwrap()
            .contains("codes.csv is a list of codes"),
        "{}",
        told["notes"]
    );
    let columns = columns_of(&told["tables"][0]["profile"]);
    assert_eq!(columns["mood"]["label"], "how one feels");
    let codes = columns["ward"]["codes"].as_array().unwrap();
    assert_eq!(codes[0], serde_json::json!({"code": "1", "label": "north"}));

    let output = home.run(&["run", "run.toml", "--data", "codes.csv", "--data", "wards.csv"]);
    assert!(
        matches!(output.status.code(), Some(0 | 3)),
        "{}",
        describe_output(&output)
    );
    assert!(
        describe_output(&output).contains("codes.csv is a list of codes"),
        "{}",
        describe_output(&output)
    );
    let found = fs::read_to_string(home.the_run().join("findings.json")).unwrap();
    assert!(!found.contains("\"dataset\": \"codes\""), "the list was analysed");
    assert!(
        fs::read_to_string(home.the_run().join("codebook.toml"))
            .unwrap()
            .contains("label = \"how one feels\"")
    );
}

#[test]
fn a_table_is_found_where_the_run_file_says() {
    let home = TestHome::new();
    let path = Path::new(&repository_path("examples/formats/season_2009.xlsx")).to_owned();
    let path = toml::Value::from(path.to_str().unwrap()).to_string();
    let run = |more: &str| {
        home.file(
            "run.toml",
            format!(
                "question = \"What goes with bill_length_mm?\"\n[[data]]\npath = {path}\n{more}\n[budget]\ncycles = 1\n\
                 [research]\nshuffled_run = false\npermutations = 99\n"
            ),
        );
    };
    run("sheet = \"2008\"");
    refused(&home, &["run", "run.toml"], &["no sheet or table '2008'", "2009"]);
    refused(&home, &["run", "run.toml", "--sheet", "2007"], &["'2007'"]);
    run("sheet = \"2009\"\nheader = 1\ndescription = \"\"\"Birds of one season\nbill_length_mm: along the top\"\"\"");
    let output = home.run(&["run", "run.toml"]);
    assert!(
        matches!(output.status.code(), Some(0 | 3)),
        "{}",
        describe_output(&output)
    );
    let written = fs::read_to_string(home.the_run().join("codebook.toml")).unwrap();
    for words in [
        "sheet = \"2009\"",
        "header_row = 1",
        "description = \"along the top\"",
        "unit = \"mm\"",
    ] {
        assert!(written.contains(words), "no {words} in\n{written}");
    }
    let two = ["data", "run.toml", "other.toml", "--sheet", "x"];
    let output = home.run(&two);
    assert_eq!(output.status.code(), Some(2), "{}", describe_output(&output));
}
