//! Two tables of one project: the second season bears out the first.

use super::shape::run;
use kosmos_testing::{TestHome, find_test};

pub fn the_new_season_replicates_the_first_ones() {
    let home = TestHome::new();
    let quick = ["--profile", "quick", "--set", "budget.cycles=5"];
    let first = run(&home, "project/run.toml", &quick, 0);
    assert_eq!(first.outcome["project"]["runs"], 0);
    let second = run(&home, "project/new_season.toml", &quick, 0);
    let project = &second.outcome["project"];
    assert_eq!((&project["runs"], &project["settled"]), (&1.into(), &0.into()));

    let echoes = project["echoes"].as_array().unwrap();
    let says = |word: &str| echoes.iter().filter(|echo| echo["says"] == word).count();
    assert!(says("replicates") >= 20 && says("contradicts") == 0, "{project:#}");
    assert!(echoes.iter().all(|echo| echo["shared_rows"] == 0.0), "{project:#}");
    let mass = find_test(&second.found, "numeric_numeric", "flipper_length_mm", "body_mass_g");
    assert!(
        echoes
            .iter()
            .any(|echo| echo["finding"] == mass["id"] && echo["says"] == "replicates")
    );
    assert!(second.report.contains("Earlier runs of the project") && second.report.contains("**replicates**"));
}
