//! What a challenge of an agent that is not shipped rests on, and how much one agent can take down.

use kosmos_testing::{TestHome, added_by_agents, describe_output, find_test, read_findings, read_report};

#[test]
fn numbers_that_are_not_of_the_finding_are_refused_with_the_reason() {
    let study = TestHome::frugal_small("");
    study.install_agent("fabricator", "x");
    let run = study.finish_run();
    let finding = find_test(&read_findings(&run), "numeric_numeric", "height", "weight").clone();
    assert_eq!(finding["significant"], true, "{finding}");
    for caveat in ["challenged", "vetoed"] {
        let caveats = finding["caveats"].as_array().unwrap();
        assert!(!caveats.iter().any(|known| known == caveat), "{finding}");
    }
    let added = added_by_agents(&run);
    for reason in [
        "is shuffled, so that it does not test the finding",
        "gives other numbers when the same rows stand in another order",
        "its n is 9, and 120 rows have the finding's columns",
        "it contradicts the finding even where",
    ] {
        assert!(added.contains(reason), "{reason}: {added}");
    }
    assert!(!added.contains("sustained"), "{added}");
}

/// Three numbers that rise together from herd to herd, and fall with each other within a herd.
fn herds() -> String {
    let mut table = String::from("herd,milk,age,size\n");
    for n in 0..120_u32 {
        let noise = |salt: u32| f64::from((n * 7919 + salt * 104_729) % 1009) / 1009.0;
        let herd = n % 4;
        let (up, down) = (noise(1), 1.0 - noise(1));
        let base = f64::from(herd) * 3.0;
        table.push_str(&format!(
            "{},{:.3},{:.3},{:.3}\n",
            ["alp", "bay", "cape", "dale"][herd as usize],
            base + up + 0.2 * noise(2),
            base + down + 0.2 * noise(3),
            base + if n % 2 == 0 { up } else { down } + 0.2 * noise(4),
        ));
    }
    table
}

#[test]
fn one_agent_takes_down_a_share_and_the_outcome_says_so() {
    let study = TestHome::frugal_small("challenge_share = 0.9");
    let settings = std::fs::read_to_string(study.path().join("run.toml")).unwrap();
    study.file("table.csv", herds());
    study.install_agent("critic", "x");
    let refused = study.run(&["run", "run.toml"]);
    assert_eq!(refused.status.code(), Some(2), "{}", describe_output(&refused));
    assert!(
        describe_output(&refused).contains("research.challenge_share is 0.9"),
        "{}",
        describe_output(&refused)
    );

    study.file("run.toml", settings.replace("0.9", "0.1"));
    let output = study.run(&["run", "run.toml"]);
    let run = study.the_run();
    let added = added_by_agents(&run);
    assert!(added.contains("its veto removed it from the findings"), "{added}");
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(told.contains("Not among them: 1 finding vetoed by critic."), "{told}");
    assert!(told.contains("; 1 finding vetoed by critic"), "{told}");
    assert!(
        read_report(&run).contains("finding vetoed by `critic`"),
        "{}",
        read_report(&run)
    );
    let found = read_findings(&run);
    let vetoed = |list: &str| {
        let tests = found[list].as_array().unwrap();
        let is_vetoed = |test: &&serde_json::Value| test["caveats"].to_string().contains("vetoed");
        tests.iter().filter(is_vetoed).count()
    };
    assert_eq!((vetoed("findings"), vetoed("tests")), (0, 1));
}
