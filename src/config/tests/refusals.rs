use super::*;

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
            "unknown key `data[0].pth` (run file study/run.toml, line 3) | did you mean `data[0].path`?",
        ),
        (
            "[budget]\ncycles = \"4\"\n",
            "`budget.cycles` cannot be \"4\": it must be an integer from 0 to 4294967295 (run file study/run.toml, line 2)",
        ),
        (
            "[budget]\ncycles = -1\n",
            "`budget.cycles` cannot be -1: it must be an integer from 0 to 4294967295 (run file study/run.toml, line 2)",
        ),
        (
            "[budget]\nwall_time = 30\n",
            "`budget.wall_time` cannot be 30: it must be a duration such as \"90s\" or \"30m\" (run file study/run.toml, line 2)",
        ),
        (
            "[sandbox]\nmemory = \"2G\"\n",
            "`sandbox.memory` cannot be \"2G\": it must be a size such as \"512MiB\" or \"2GiB\" (run file study/run.toml, line 2)",
        ),
        (
            "[sandbox]\nbackend = \"chroot\"\n",
            "`sandbox.backend` cannot be \"chroot\": it must be one of \"process\", \"docker\" (run file study/run.toml, line 2)",
        ),
        (
            "\"budget.cycles\" = 3\n",
            "unknown key `budget.cycles` (run file study/run.toml, line 1) | did you mean `budget.cycles`?",
        ),
        (
            "budget = 3\n",
            "`budget` cannot be 3: it must be a section with its own keys (run file study/run.toml, line 1)",
        ),
        (
            "question = 2024-01-01\n",
            "`question` cannot be 2024-01-01: it must be a string (run file study/run.toml, line 1)",
        ),
        (
            "data = \"a.csv\"\n",
            "`data` cannot be \"a.csv\": it must be a list of tables such as [{ path = \"table.csv\" }] (run file study/run.toml, line 1)",
        ),
        (
            "[[data]]\npath = \"a\"\n[[data]]\nname = \"b\"\n",
            "`data[1]` cannot be { name = \"b\" }: it names no file (run file study/run.toml, line 3) | add a path",
        ),
        (
            "randomised = [1]\n",
            "`randomised` cannot be [1]: it must be a list of strings such as [\"a\", \"b\"] (run file study/run.toml, line 1)",
        ),
        (
            "seed = \n",
            "study/run.toml:1:8: not valid TOML: string values must be quoted, expected literal string | strings need quotes: question = \"...\"",
        ),
        (
            "seed = 1\nseed = 2\n",
            "study/run.toml:2:1: not valid TOML: duplicate key | strings need quotes: question = \"...\"",
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
            "`budget.wall_time` cannot be \"0s\": it must be longer than zero (flag --set)",
        ),
        (
            "sandbox.memory=0B",
            "`sandbox.memory` cannot be \"0B\": it must be larger than zero (flag --set)",
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
            "`question` cannot be \" \": it is blank (flag --set) | give a value, or leave the key out",
        ),
        (
            "randomised=[\"\"]",
            "`randomised` cannot be \"\": it is blank (flag --set) | give a value, or leave the key out",
        ),
        (
            "data=[{path=\"\"}]",
            "`data[0].path` cannot be \"\": it is blank (flag --set) | give a value, or leave the key out",
        ),
        (
            "data=[{path=\"x/a.csv\"},{path=\"y/a.csv\"}]",
            "`data[1].name` cannot be \"a\": data[0] has the same name (flag --set) | give one of them another name with `name`",
        ),
    ];
    for (assignment, expected) in table {
        assert_eq!(Desk::new().set(assignment).refused(), expected, "{assignment}");
    }
    let desk = Desk::new().run_file("[research]\nalpha = 2.0\n");
    assert!(
        desk.refused().ends_with("(run file study/run.toml, line 2)"),
        "{}",
        desk.refused()
    );
    // Only what is in force counts.
    assert_eq!(desk.set("research.alpha=0.1").resolved().settings.research.alpha, 0.1);
}

#[test]
fn a_variable_that_is_no_setting_is_refused() {
    let table = [
        (
            "KOSMOS__BUDGET__CYCLE",
            "3",
            "unknown key `budget.cycle` (environment variable KOSMOS__BUDGET__CYCLE) | did you mean KOSMOS__BUDGET__CYCLES?",
        ),
        (
            "KOSMOS__BUDGET",
            "3",
            "`budget` is a section, not a setting (environment variable KOSMOS__BUDGET) | set one of its keys, such as `budget.cycles`",
        ),
        (
            "KOSMOS__BUDGET__CYCLES",
            "many",
            "`budget.cycles` cannot be \"many\": it must be an integer from 0 to 4294967295 (environment variable KOSMOS__BUDGET__CYCLES) | change KOSMOS__BUDGET__CYCLES, or unset it",
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
    let single = Desk::new().variable("KOSMOS_BUDGET_CYCLES", "3").refused();
    assert!(single.ends_with("did you mean KOSMOS__BUDGET__CYCLES?"), "{single}");
    // Not a setting, and not meant to be one.
    Desk::new()
        .variable("KOSMOS_HOME", "/srv")
        .variable("KOSMOSX", "1")
        .resolved();
}

#[test]
fn packages_that_no_image_can_be_made_with_are_refused() {
    let docker = |packages: &str| Desk::new().set("sandbox.backend=docker").set(packages);
    let table = [
        (
            "sandbox.packages=[\"tabulate\"]",
            "`sandbox.packages` cannot be [\"tabulate\"]: \"tabulate\" is not of the form name==version, without spaces, options, extras or addresses (flag --set)",
        ),
        (
            "sandbox.packages=[\"a==1\", \"A==2\"]",
            "`sandbox.packages` cannot be [\"a==1\", \"A==2\"]: A is listed twice (flag --set)",
        ),
        (
            "sandbox.packages=[\"scikit_learn==1.0\"]",
            "`sandbox.packages` cannot be [\"scikit_learn==1.0\"]: scikit_learn is in the image already, and its version is fixed (flag --set)",
        ),
    ];
    for (packages, expected) in table {
        assert_eq!(docker(packages).refused(), expected);
    }
    let good = "sandbox.packages=[\"a==1\"]";
    assert_eq!(docker(good).resolved().settings.sandbox.packages, ["a==1"]);
    assert_eq!(
        docker(good).set("sandbox.image=mine:1").refused(),
        "`sandbox.packages` cannot be [\"a==1\"]: sandbox.image names an image, which has its own packages (flag --set) | leave out sandbox.image or sandbox.packages"
    );
    assert_eq!(
        Desk::new().set(good).refused(),
        "`sandbox.packages` cannot be [\"a==1\"]: the process backend cannot have additional packages (flag --set) | set sandbox.backend to \"docker\""
    );
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
            "`seed` is set twice: by flag --seed and by flag --set | set it once",
        ),
        (
            "data[0].path=x",
            "unknown key `data[0].path` (flag --set) | did you mean `data`?",
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
        overrides.add_number("--seed", "seed", 4).unwrap();
        assert_eq!(say(&overrides.add_assignment(assignment).unwrap_err()), expected);
    }
    let too_large = Overrides::default().add_number("--seed", "seed", u64::MAX).unwrap_err();
    assert_eq!(
        say(&too_large),
        "`seed` cannot be \"18446744073709551615\": it must be an integer from 0 to 2^63 - 1 (flag --seed)"
    );
}

#[test]
fn what_can_not_be_read_is_said() {
    let mut desk = Desk::new();
    desk.run_file = Some("nowhere.toml".into());
    assert_eq!(
        desk.refused(),
        "cannot read the run file nowhere.toml | check the path, which is relative to the working folder"
    );
    let unknown = |name: &str| Desk::new().profile(name).refused();
    assert_eq!(
        unknown("thorogh"),
        "there is no profile \"thorogh\": it is not built in, and DESK/own/kosmos/profiles/thorogh.toml does not exist \
         | did you mean \"thorough\"?"
    );
    assert_eq!(
        unknown("xyz"),
        "there is no profile \"xyz\": it is not built in, and DESK/own/kosmos/profiles/xyz.toml does not exist \
         | the built-in profiles are anthropic, litellm, ollama, openai, openrouter, quick, thorough, vllm; your own profiles belong in DESK/own/kosmos/profiles"
    );
    assert!(unknown("./xyz.toml").starts_with("cannot read the profile"));
}
