//! The agents that Kosmos ships, in real runs.

use kosmos_testing::{TestHome, added_by_agents, describe_output, read_findings};
use serde_json::Value;

fn is_challenged(test: &Value) -> bool {
    test["caveats"]
        .as_array()
        .unwrap()
        .iter()
        .any(|word| word == "challenged")
}

#[test]
fn the_skeptic_challenges_what_turns_round_and_lets_the_true_pass() {
    let study = TestHome::frugal_penguins("[agents.skeptic]\nenabled = true");
    let run = study.finish_run();
    let found = read_findings(&run);
    let of = |x: &str, y: &str| {
        let tests = found["tests"].as_array().unwrap();
        let is = |test: &&Value| {
            let pair = (&test["x"], &test["y"]);
            test["kind"] == "numeric_numeric" && (pair == (&x.into(), &y.into()) || pair == (&y.into(), &x.into()))
        };
        tests
            .iter()
            .find(is)
            .unwrap_or_else(|| panic!("no test of {x} and {y}"))
            .clone()
    };
    // Within each species the relation of the whole table turns round.
    let simpson = of("bill_length_mm", "bill_depth_mm");
    assert!(is_challenged(&simpson), "{simpson}");
    assert_eq!(simpson["wording"], "suggestive");
    assert_eq!(simpson["significant"], true);
    let true_one = of("flipper_length_mm", "body_mass_g");
    assert!(!is_challenged(&true_one), "{true_one}");
    assert_eq!(true_one["wording"], "replicated association");
    assert!(added_by_agents(&run).contains("sustained"), "{}", added_by_agents(&run));
}

#[test]
fn the_skeptic_challenges_what_hangs_on_outliers() {
    let study = TestHome::new();
    let mut table = String::from("dose,response,luck\n");
    for n in 0..80u32 {
        let noise = |salt: u32| f64::from((n * 7919 + salt * 104_729) % 1009) / 1009.0;
        table.push_str(&format!("{:.3},{:.3},{:.3}\n", noise(1), noise(2), noise(3)));
    }
    // Far enough to make a correlation, and not so far that the lab itself goes by ranks.
    table.push_str("2.2,2.3,0.5\n2.3,2.2,0.4\n2.1,2.2,0.6\n");
    study.file("table.csv", table);
    let run = "question = \"Does the response go with the dose?\"\n[[data]]\npath = \"table.csv\"\n[budget]\ncycles = 1\n\
               [research]\nshuffled_run = false\npermutations = 99\n[agents.skeptic]\nenabled = true\n";
    study.file("run.toml", run);
    let found = read_findings(&study.finish_run());
    let finding = found["findings"]
        .as_array()
        .unwrap()
        .iter()
        .find(|test| {
            (test["x"] == "dose" && test["y"] == "response") || (test["x"] == "response" && test["y"] == "dose")
        })
        .expect("the lab finds it");
    assert!(is_challenged(finding), "{finding}");
}

#[test]
fn literature_links_a_finding_to_the_right_passage_of_a_folder() {
    let study = TestHome::frugal_penguins("[agents.literature]\nenabled = true\nfolder = \"papers\"");
    for entry in std::fs::read_dir(kosmos_testing::repository_path("tests/agents/papers")).unwrap() {
        let entry = entry.unwrap();
        let name = format!("papers/{}", entry.file_name().to_string_lossy());
        study.file(&name, std::fs::read(entry.path()).unwrap());
    }
    let added = added_by_agents(&study.finish_run());
    assert!(
        added.contains("Flipper length was positively correlated with body mass."),
        "{added}"
    );
    // Publications is in the graph too, and findings cite it.
    let output = study.run(&["graph", "stats", "--json"]);
    let stats: Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", describe_output(&output)));
    for (sort, name) in [("nodes", "Paper"), ("edges", "CITES")] {
        assert!(stats[sort][name].as_u64().is_some_and(|count| count > 0), "{stats}");
    }
}
