use std::path::{Path, PathBuf};
use std::time::Duration;

use super::*;

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
        (1, 4, PolicyChoice::Heuristic)
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
    assert_eq!(cycles(&desk), (7, Origin::Flag { flag: "--set".into() }));
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
    assert_eq!(
        built_in_profiles(),
        [
            "anthropic",
            "litellm",
            "ollama",
            "openai",
            "openrouter",
            "quick",
            "thorough",
            "vllm"
        ]
    );
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
    let paths: Vec<&Path> = settings.data.iter().map(|source| source.path.as_path()).collect();
    assert_eq!(paths, [desk.path("study/a.csv"), desk.path("study/../b.csv")]);
    let names: Vec<String> = settings.data.iter().map(DataSource::display_name).collect();
    assert_eq!(names, ["a", "bee"]);
    assert_eq!(settings.data[1].format, DataFormat::Tsv);
    assert_eq!(settings.sandbox.python, Some(desk.path("study/venv/bin/python")));

    let mut desk = desk.set("sandbox.python=python3.12");
    desk.overrides.add_data(&["c.csv".into(), "/d.csv".into()]).unwrap();
    let Resolved { settings, origins } = desk.resolved();
    let paths: Vec<&Path> = settings.data.iter().map(|source| source.path.as_path()).collect();
    assert_eq!(paths, [desk.path("c.csv"), PathBuf::from("/d.csv")]);
    assert_eq!(settings.sandbox.python, Some("python3.12".into()));
    assert_eq!(origins["data"], Origin::Flag { flag: "--data".into() });
    assert_eq!(origins["data[1].path"], Origin::Flag { flag: "--data".into() });
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
        .file("runs/1/shown.toml", &resolved.to_annotated_toml().unwrap());
    for name in ["run.toml", "shown.toml"] {
        let read = Request::frozen(desk.path("runs/1").join(name)).resolve().unwrap();
        assert_eq!(read.settings, resolved.settings, "{name}");
    }
}

#[test]
fn outcome_is_another_name_of_target() {
    let desk = Desk::new().run_file("outcome = \"days\"\n").set("given=[\"age\"]");
    let Resolved { settings, origins } = desk.resolved();
    assert_eq!((settings.target.as_deref(), settings.outcome), (Some("days"), None));
    assert_eq!(
        (settings.given, &origins["target"]),
        (vec!["age".to_owned()], &run_file_line(1))
    );
    // A later layer wins, whatever it calls the key.
    let desk = Desk::new().run_file("target = \"days\"\n").set("outcome=cost");
    assert_eq!(desk.resolved().settings.target.as_deref(), Some("cost"));
    let both = |first: &str, second: &str| Desk::new().set(first).set(second).resolve();
    assert!(both("target=days", "outcome=days").is_ok());
    let error = both("target=days", "outcome=cost").unwrap_err();
    assert_eq!(error.key(), Some("outcome"));
    assert!(error.to_string().contains("`target` is another name of it"), "{error}");
}
