use kosmos_testing::TestShell;

const STUDY: &str = "\
question = \"What goes with a longer stay?\"
target = \"days\"
[[data]]
path = \"stays.csv\"
[budget]
cycles = 6
";

#[test]
fn shows_the_defaults_without_question_or_data() {
    let outcome = TestShell::new().kosmos(&["config", "show"]);
    assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""));
    insta::assert_snapshot!("config_show_defaults", outcome.stdout);
}

#[test]
fn shows_where_each_value_came_from() {
    let shell = TestShell::new()
        .file("study/run.toml", STUDY)
        .variable("KOSMOS__RESEARCH__BATCH", "10");
    let arguments = [
        "config",
        "show",
        "study/run.toml",
        "--profile",
        "quick",
        "--seed",
        "7",
        "--set",
        "log.level=info",
    ];
    let outcome = shell.kosmos(&arguments);
    assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""));
    insta::assert_snapshot!("config_show_layers", outcome.stdout);
}

#[test]
fn json_is_one_document_of_settings_and_origins() {
    let shell = TestShell::new().file("study/run.toml", STUDY);
    let arguments = [
        "config",
        "show",
        "--json",
        "study/run.toml",
        "--data",
        "a.csv",
        "--data",
        "/b.csv",
    ];
    let document = shell.kosmos(&arguments).json();
    assert_eq!(document["settings"]["data"][1]["path"], "/b.csv");
    assert_eq!(document["origins"]["data"]["flag"], "--data");
    assert_eq!(document["origins"]["budget.cycles"]["kind"], "run_file");
    assert_eq!(document["origins"]["budget.cycles"]["line"], 6);
    assert_eq!(document["origins"]["seed"]["kind"], "default");
}

#[test]
fn what_it_shows_is_a_run_file() {
    let shell = TestShell::new().file("study/run.toml", STUDY);
    let shown = shell
        .kosmos(&["config", "show", "study/run.toml", "--profile", "thorough"])
        .stdout;
    let shell = shell.file("again.toml", &shown);
    let settings = |arguments: &[&str]| shell.kosmos(arguments).json()["settings"]["budget"].clone();
    assert_eq!(
        settings(&["config", "show", "again.toml", "--json"]),
        settings(&["config", "show", "study/run.toml", "--profile", "thorough", "--json"])
    );
}
