use crate::shell::Shell;

#[test]
fn help_is_as_it_was() {
    let commands: [&[&str]; 23] = [
        &[],
        &["run"],
        &["resume"],
        &["fork"],
        &["runs"],
        &["status"],
        &["replay"],
        &["report"],
        &["doctor"],
        &["config"],
        &["config", "show"],
        &["sandbox"],
        &["sandbox", "build"],
        &["sandbox", "exec"],
        &["sandbox", "probe"],
        &["graph"],
        &["graph", "stats"],
        &["graph", "query"],
        &["graph", "path"],
        &["graph", "export"],
        &["graph", "import"],
        &["graph", "sync"],
        &["graph", "reset"],
    ];
    for command in commands {
        let mut arguments = command.to_vec();
        arguments.push("--help");
        let outcome = Shell::new().kosmos(&arguments);
        assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""), "{command:?}");
        let name = ["kosmos"].iter().chain(command).copied().collect::<Vec<_>>().join("_");
        insta::assert_snapshot!(name, outcome.stdout);
    }
}

#[test]
fn every_command_shows_an_example() {
    for command in [
        "run",
        "resume",
        "fork",
        "runs",
        "status",
        "replay",
        "report",
        "doctor",
        "sandbox build",
        "sandbox exec",
        "sandbox probe",
        "graph stats",
        "graph query",
        "graph path",
        "graph export",
        "graph import",
        "graph sync",
        "graph reset",
    ] {
        let mut arguments: Vec<&str> = command.split(' ').collect();
        arguments.push("-h");
        let help = Shell::new().kosmos(&arguments).stdout;
        assert!(help.contains(&format!("\n  kosmos {command}")), "{help}");
    }
}

#[test]
fn without_a_command_help_is_an_error_and_version_is_not() {
    let outcome = Shell::new().kosmos(&[]);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (2, ""));
    assert!(outcome.stderr.contains("Usage: kosmos"), "{}", outcome.stderr);
    let outcome = Shell::new().kosmos(&["--version"]);
    assert_eq!(
        (outcome.code, outcome.stdout),
        (0, format!("kosmos {}\n", env!("CARGO_PKG_VERSION")))
    );
}
