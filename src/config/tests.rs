//! How the sources are laid over one another, as a user sees it: values, origins and errors.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::request::DEFAULTS;
use super::*;

/// A folder with files in it, as working folder and as home of the user's own profiles.
struct Desk {
    folder: tempfile::TempDir,
    variables: Vec<(String, String)>,
    overrides: Overrides,
    run_file: Option<PathBuf>,
    profile: Option<String>,
}

impl Desk {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let variables = vec![(
            "XDG_CONFIG_HOME".to_owned(),
            folder.path().join("own").to_str().unwrap().to_owned(),
        )];
        Self {
            folder,
            variables,
            overrides: Overrides::default(),
            run_file: None,
            profile: None,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn file(self, name: &str, text: &str) -> Self {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    fn run_file(mut self, text: &str) -> Self {
        self = self.file("study/run.toml", text);
        self.run_file = Some("study/run.toml".into());
        self
    }

    fn profile(mut self, name: &str) -> Self {
        self.profile = Some(name.to_owned());
        self
    }

    fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    fn set(mut self, assignment: &str) -> Self {
        self.overrides.set(assignment).unwrap();
        self
    }

    fn resolve(&self) -> Result<Resolved, ConfigError> {
        Request {
            profile: self.profile.clone(),
            run_file: self.run_file.clone(),
            environment: Environment::new(self.variables.clone(), self.folder.path()),
            overrides: self.overrides.clone(),
        }
        .resolve()
    }

    fn resolved(&self) -> Resolved {
        self.resolve().unwrap()
    }

    /// The error as the user reads it, with its help, and the desk's folder as `DESK`.
    fn refused(&self) -> String {
        say(&self.resolve().unwrap_err()).replace(self.folder.path().to_str().unwrap(), "DESK")
    }
}

fn say(error: &ConfigError) -> String {
    match error.help() {
        Some(help) => format!("{error} | {help}"),
        None => error.to_string(),
    }
}

fn run_file_line(line: usize) -> Origin {
    Origin::RunFile {
        file: "study/run.toml".into(),
        line: Some(line),
    }
}

#[test]
fn defaults_alone_are_complete_and_say_so() {
    let Resolved { settings, origins } = Desk::new().resolved();
    assert_eq!(
        (settings.seed, settings.budget.cycles, settings.policy),
        (1, 4, Policy::Heuristic)
    );
    assert_eq!(settings.budget.wall_time.get(), Duration::from_secs(1800));
    assert_eq!(settings.sandbox.memory.get(), 2 << 30);
    assert_eq!((settings.question, settings.budget.tokens), (None, None));
    assert!(!origins.contains_key("question") && !origins.contains_key("budget.tokens"));
    assert_eq!(origins["budget.cycles"], Origin::Default);
}

#[test]
fn each_layer_wins_over_those_before_it() {
    let cycles = |desk: &Desk| {
        let resolved = desk.resolved();
        (
            resolved.settings.budget.cycles,
            resolved.origins["budget.cycles"].clone(),
        )
    };
    let desk = Desk::new();
    assert_eq!(cycles(&desk), (4, Origin::Default));
    let desk = desk.profile("quick");
    assert_eq!(
        cycles(&desk),
        (
            2,
            Origin::BuiltInProfile {
                name: "quick".into(),
                line: Some(3)
            }
        )
    );
    let desk = desk.run_file("[budget]\n\ncycles = 5\n");
    assert_eq!(cycles(&desk), (5, run_file_line(3)));
    let desk = desk.variable("KOSMOS__BUDGET__CYCLES", "6");
    assert_eq!(
        cycles(&desk),
        (
            6,
            Origin::Environment {
                variable: "KOSMOS__BUDGET__CYCLES".into()
            }
        )
    );
    let desk = desk.set("budget.cycles=7");
    assert_eq!(
        cycles(&desk),
        (
            7,
            Origin::Flag {
                flag: "--set".into()
            }
        )
    );
    // What a layer does not name is left as it was.
    let resolved = desk.resolved();
    assert_eq!(resolved.settings.budget.experiments, 40);
    assert_eq!(
        resolved.origins["budget.tests"],
        Origin::BuiltInProfile {
            name: "quick".into(),
            line: Some(5)
        }
    );
    assert_eq!(resolved.origins["sandbox.wall"], Origin::Default);
}

#[test]
fn profiles_are_found_by_path_then_in_the_users_folder_then_built_in() {
    let own = "[budget]\ncycles = 9\n";
    let desk = Desk::new()
        .file("own/kosmos/profiles/quick.toml", own)
        .file("mine.toml", own)
        .profile("quick");
    let origin = desk.resolved().origins["budget.cycles"].clone();
    assert_eq!(
        origin,
        Origin::Profile {
            file: desk.path("own/kosmos/profiles/quick.toml"),
            line: Some(2)
        }
    );
    let desk = desk.profile("./mine.toml");
    assert_eq!(desk.resolved().settings.budget.cycles, 9);
    assert_eq!(built_in_profiles(), ["quick", "thorough"]);
    for name in built_in_profiles() {
        Desk::new().profile(name).resolved();
    }
}

#[test]
fn paths_are_relative_to_what_names_them() {
    let run_file = "[[data]]\npath = \"a.csv\"\n[[data]]\npath = \"../b.csv\"\nname = \"bee\"\nformat = \"tsv\"\n\
                    [sandbox]\npython = \"./venv/bin/python\"\n";
    let desk = Desk::new().run_file(run_file);
    let settings = desk.resolved().settings;
    let paths: Vec<&Path> = settings
        .data
        .iter()
        .map(|source| source.path.as_path())
        .collect();
    assert_eq!(
        paths,
        [desk.path("study/a.csv"), desk.path("study/../b.csv")]
    );
    let names: Vec<String> = settings.data.iter().map(DataSource::display_name).collect();
    assert_eq!(names, ["a", "bee"]);
    assert_eq!(settings.data[1].format, DataFormat::Tsv);
    assert_eq!(
        settings.sandbox.python,
        Some(desk.path("study/venv/bin/python"))
    );

    let mut desk = desk.set("sandbox.python=python3.12");
    desk.overrides
        .data(&["c.csv".into(), "/d.csv".into()])
        .unwrap();
    let Resolved { settings, origins } = desk.resolved();
    let paths: Vec<&Path> = settings
        .data
        .iter()
        .map(|source| source.path.as_path())
        .collect();
    assert_eq!(paths, [desk.path("c.csv"), PathBuf::from("/d.csv")]);
    assert_eq!(settings.sandbox.python, Some("python3.12".into()));
    assert_eq!(
        origins["data"],
        Origin::Flag {
            flag: "--data".into()
        }
    );
    assert_eq!(
        origins["data[1].path"],
        Origin::Flag {
            flag: "--data".into()
        }
    );
}

#[test]
fn what_a_run_file_gets_wrong_is_said_with_its_line() {
    let table = [
        (
            "seed = 2\n[budget]\ncycle = 3\n",
            "unknown key `budget.cycle` (run file study/run.toml, line 3) | did you mean `budget.cycles`?",
        ),
        (
            "cycles = 3\n",
            "unknown key `cycles` (run file study/run.toml, line 1) | did you mean `budget.cycles`?",
        ),
        (
            "[weather]\nx = 3\n",
            "unknown key `weather` (run file study/run.toml, line 1) | `kosmos config show` lists every key",
        ),
        (
            "[[data]]\npath = \"a\"\npth = \"b\"\n",
            "unknown key `data[0].pth` (run file study/run.toml, line 3) | did you mean `data[].path`?",
        ),
        (
            "[budget]\ncycles = \"4\"\n",
            "`budget.cycles` cannot be \"4\": it must be a whole number from 0 to 4294967295 (run file study/run.toml, line 2)",
        ),
        (
            "[budget]\ncycles = -1\n",
            "`budget.cycles` cannot be -1: it must be a whole number from 0 to 4294967295 (run file study/run.toml, line 2)",
        ),
        (
            "[budget]\nwall_time = 30\n",
            "`budget.wall_time` cannot be 30: it must be a length of time such as \"90s\" or \"30m\" (run file study/run.toml, line 2)",
        ),
        (
            "[sandbox]\nmemory = \"2G\"\n",
            "`sandbox.memory` cannot be \"2G\": it must be a size such as \"512MiB\" or \"2GiB\" (run file study/run.toml, line 2)",
        ),
        (
            "[sandbox]\nbackend = \"docker\"\n",
            "`sandbox.backend` cannot be \"docker\": it must be \"process\" (run file study/run.toml, line 2)",
        ),
        (
            "budget = 3\n",
            "`budget` cannot be 3: it must be a section with keys of its own (run file study/run.toml, line 1)",
        ),
        (
            "question = 2024-01-01\n",
            "`question` cannot be 2024-01-01: it must be a text (run file study/run.toml, line 1)",
        ),
        (
            "data = \"a.csv\"\n",
            "`data` cannot be \"a.csv\": it must be a list of tables such as [{ path = \"table.csv\" }] (run file study/run.toml, line 1)",
        ),
        (
            "[[data]]\npath = \"a\"\n[[data]]\nname = \"b\"\n",
            "`data[1]` cannot be { name = \"b\" }: it names no file; give it a path (run file study/run.toml, line 3)",
        ),
        (
            "randomised = [1]\n",
            "`randomised` cannot be [1]: it must be a list of texts such as [\"a\", \"b\"] (run file study/run.toml, line 1)",
        ),
        (
            "seed = \n",
            "study/run.toml:1:8: not valid TOML: string values must be quoted, expected literal string | texts need quotes: question = \"...\"",
        ),
        (
            "seed = 1\nseed = 2\n",
            "study/run.toml:2:1: not valid TOML: duplicate key | texts need quotes: question = \"...\"",
        ),
    ];
    for (text, expected) in table {
        assert_eq!(Desk::new().run_file(text).refused(), expected, "{text}");
    }
}

#[test]
fn what_is_out_of_range_is_said_with_its_place() {
    let table = [
        (
            "research.alpha=0",
            "`research.alpha` cannot be 0: it must be between 0 and 1, both excluded (flag --set)",
        ),
        (
            "research.alpha=1.0",
            "`research.alpha` cannot be 1: it must be between 0 and 1, both excluded (flag --set)",
        ),
        (
            "research.alpha=nan",
            "`research.alpha` cannot be NaN: it must be between 0 and 1, both excluded (flag --set)",
        ),
        (
            "research.explore_ratio=1.1",
            "`research.explore_ratio` cannot be 1.1: it must be from 0 to 1 (flag --set)",
        ),
        (
            "budget.cycles=0",
            "`budget.cycles` cannot be 0: it must be at least 1 (flag --set)",
        ),
        (
            "budget.usd=-1",
            "`budget.usd` cannot be -1: it must be more than 0 (flag --set)",
        ),
        (
            "budget.wall_time=0s",
            "`budget.wall_time` cannot be \"0s\": it must be more than no time (flag --set)",
        ),
        (
            "sandbox.memory=0B",
            "`sandbox.memory` cannot be \"0B\": it must be more than nothing (flag --set)",
        ),
        (
            "sandbox.open_files=3",
            "`sandbox.open_files` cannot be 3: it must be at least 16 (flag --set)",
        ),
        (
            "supervisor.backoff_max=1ms",
            "`supervisor.backoff_max` cannot be \"1ms\": it is shorter than supervisor.backoff_min, 100ms (flag --set)",
        ),
        (
            "question= ",
            "`question` cannot be \" \": it is blank; give a value or leave the key out (flag --set)",
        ),
        (
            "randomised=[\"\"]",
            "`randomised` cannot be \"\": it is blank; give a value or leave the key out (flag --set)",
        ),
        (
            "data=[{path=\"\"}]",
            "`data[0].path` cannot be \"\": it is blank; give a value or leave the key out (flag --set)",
        ),
        (
            "data=[{path=\"x/a.csv\"},{path=\"y/a.csv\"}]",
            "`data[1].name` cannot be \"a\": data[0] has the same name; give one of them another by `name` (flag --set)",
        ),
    ];
    for (assignment, expected) in table {
        assert_eq!(
            Desk::new().set(assignment).refused(),
            expected,
            "{assignment}"
        );
    }
    let desk = Desk::new().run_file("[research]\nalpha = 2.0\n");
    assert!(
        desk.refused()
            .ends_with("(run file study/run.toml, line 2)"),
        "{}",
        desk.refused()
    );
    // Only what is in force counts.
    assert_eq!(
        desk.set("research.alpha=0.1")
            .resolved()
            .settings
            .research
            .alpha,
        0.1
    );
}

#[test]
fn a_variable_that_is_no_setting_is_refused() {
    let table = [
        (
            "KOSMOS__BUDGET__CYCLE",
            "3",
            "unknown key `budget.cycle` (environment variable KOSMOS__BUDGET__CYCLE) | did you mean `budget.cycles`?",
        ),
        (
            "KOSMOS__BUDGET",
            "3",
            "`budget` is a section, not a setting (environment variable KOSMOS__BUDGET) | set one of its keys, such as `budget.cycles`",
        ),
        (
            "KOSMOS__BUDGET__CYCLES",
            "many",
            "`budget.cycles` cannot be \"many\": it must be a whole number from 0 to 4294967295 (environment variable KOSMOS__BUDGET__CYCLES) | change KOSMOS__BUDGET__CYCLES, or unset it",
        ),
        (
            "KOSMOS__BUDGET__CYCLES",
            "0",
            "`budget.cycles` cannot be 0: it must be at least 1 (environment variable KOSMOS__BUDGET__CYCLES) | change KOSMOS__BUDGET__CYCLES, or unset it",
        ),
    ];
    for (name, value, expected) in table {
        assert_eq!(Desk::new().variable(name, value).refused(), expected);
    }
    // Not a setting, and not meant to be one.
    Desk::new()
        .variable("KOSMOS_HOME", "/srv")
        .variable("KOSMOSX", "1")
        .resolved();
}

#[test]
fn values_of_set_and_of_variables_need_no_quotes_where_they_are_texts() {
    let desk = Desk::new()
        .set("question=Does 5 = \"five\"?")
        .set("randomised=[\"dose\", 'a, b']")
        .set(" budget.wall_time = 1h 30m")
        .set("research.shuffled_run=false")
        .variable("KOSMOS__TARGET", "42");
    let settings = desk.resolved().settings;
    assert_eq!(settings.question.as_deref(), Some("Does 5 = \"five\"?"));
    assert_eq!(settings.randomised, ["dose", "a, b"]);
    assert_eq!(settings.budget.wall_time.get(), Duration::from_secs(5400));
    assert!(!settings.research.shuffled_run);
    assert_eq!(settings.target.as_deref(), Some("42"));
}

#[test]
fn flags_that_say_nothing_or_too_much_are_refused() {
    let table = [
        (
            "budget.cycles",
            "--set \"budget.cycles\" is not of the form section.key=value | for example --set budget.cycles=2",
        ),
        (
            "=3",
            "--set \"=3\" is not of the form section.key=value | for example --set budget.cycles=2",
        ),
        (
            "seed=5",
            "`seed` is set twice: by flag --seed and by flag --set | give it once",
        ),
        (
            "budget={cycles=3}",
            "`budget` is a section, not a setting (flag --set) | set one of its keys, such as `budget.cycles`",
        ),
        (
            "log.level=loud",
            "`log.level` cannot be \"loud\": it must be one of \"off\", \"error\", \"warn\", \"info\", \"debug\", \"trace\" (flag --set)",
        ),
    ];
    for (assignment, expected) in table {
        let mut overrides = Overrides::default();
        overrides.number("--seed", "seed", 4).unwrap();
        assert_eq!(say(&overrides.set(assignment).unwrap_err()), expected);
    }
    let too_large = Overrides::default()
        .number("--seed", "seed", u64::MAX)
        .unwrap_err();
    assert_eq!(
        say(&too_large),
        "`seed` cannot be \"18446744073709551615\": it must be a whole number, 0 or more, below 2^63 (flag --seed)"
    );
}

#[test]
fn what_can_not_be_read_is_said() {
    let mut desk = Desk::new();
    desk.run_file = Some("nowhere.toml".into());
    assert_eq!(
        desk.refused(),
        "cannot read the run file nowhere.toml | check the path; it is taken relative to the working folder"
    );
    let unknown = |name: &str| Desk::new().profile(name).refused();
    assert_eq!(
        unknown("thorogh"),
        "no profile is called \"thorogh\": it is not built in, and DESK/own/kosmos/profiles/thorogh.toml does not exist \
         | did you mean \"thorough\"?"
    );
    assert_eq!(
        unknown("xyz"),
        "no profile is called \"xyz\": it is not built in, and DESK/own/kosmos/profiles/xyz.toml does not exist \
         | built in are quick, thorough; your own go to DESK/own/kosmos/profiles"
    );
    assert!(unknown("./xyz.toml").starts_with("cannot read the profile"));
}

#[test]
fn to_toml_reads_back_as_the_same_settings() {
    let desk = Desk::new()
        .profile("thorough")
        .run_file("question = \"Why?\\nAnd \\u0007 \\\"how\\\"?\"\ntarget = \"y\"\nrandomised = [\"a b\"]\n[[data]]\npath = \"a.csv\"\n[[data]]\npath = \"b.csv\"\nname = \"b\"\n")
        .set("budget.usd=2.5")
        .set("budget.tokens=1000")
        .set("seed=9223372036854775807")
        .set("sandbox.python=bin/python3");
    let resolved = desk.resolved();
    let desk = desk
        .file("runs/1/run.toml", &resolved.to_toml().unwrap())
        .file("runs/1/shown.toml", &resolved.annotated().unwrap());
    for name in ["run.toml", "shown.toml"] {
        let read = Request::frozen(desk.path("runs/1").join(name))
            .resolve()
            .unwrap();
        assert_eq!(read.settings, resolved.settings, "{name}");
    }
}

#[test]
fn the_defaults_name_every_key_and_explain_it() {
    let mut section = String::new();
    let mut named = std::collections::BTreeSet::new();
    let mut explained = false;
    for line in DEFAULTS.lines() {
        if let Some(name) = line
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
        {
            section = format!("{name}.");
            assert!(explained, "[{name}] has no comment");
        }
        let assignment = line.trim_start_matches("# ").trim_start();
        let is_key = |name: &str| name.chars().all(|c| c.is_ascii_lowercase() || c == '_');
        if let Some((name, _)) = assignment
            .split_once(" = ")
            .filter(|(name, _)| is_key(name))
        {
            let prefix = if line.starts_with("#   ") {
                "data[].".to_owned()
            } else {
                section.clone()
            };
            named.insert(format!("{prefix}{name}"));
        }
        explained = line.starts_with('#');
    }
    let keys: std::collections::BTreeSet<String> = catalogue::Catalogue::get()
        .keys()
        .map(ToOwned::to_owned)
        .collect();
    assert_eq!(named, keys);
}

#[test]
fn every_key_is_described_in_the_schema() {
    fn check(path: &str, schema: &serde_json::Value) {
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            let path = format!("{path}.{name}");
            assert!(property["description"].is_string(), "{path}");
            check(&path, property);
            check(&path, &property["items"]);
        }
    }
    check("", Settings::schema().as_value());
}
