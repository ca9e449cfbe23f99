//! The skeptic and the literature agent take part, because the run file says so.

use super::shape::{has, run};
use kosmos_testing::{TestHome, find_test};

pub fn the_skeptic_and_the_reader_of_papers_have_their_say() {
    let ran = run(
        &TestHome::new(),
        "agents/run.toml",
        &["--set", "research.shuffled_run=false"],
        0,
    );
    let section = ran
        .report
        .split("## Contributions of agents")
        .nth(1)
        .expect("a section on agents");
    assert!(
        section.contains("`skeptic`") && section.contains("`literature`"),
        "{section}"
    );

    // Over all penguins longer bills are shallower; inside each species they are deeper.
    let bills = find_test(&ran.found, "numeric_numeric", "bill_length_mm", "bill_depth_mm");
    assert!(has(bills, "challenged"), "{bills}");
    assert_eq!(bills["wording"], "suggestive");
    let about = |line: &&str| line.contains("`bill_length_mm`") && line.contains("`bill_depth_mm`");
    let challenge = section
        .lines()
        .filter(about)
        .find(|line| line.contains("`skeptic`") && line.contains("sustained"));
    assert!(challenge.is_some(), "{section}");
    let mass = find_test(&ran.found, "numeric_numeric", "flipper_length_mm", "body_mass_g");
    assert!(!has(mass, "challenged"), "{mass}");

    let linked = |columns: [&str; 2], passage: &str, stance: &str| {
        section.lines().any(|line| {
            let about = columns.iter().all(|column| line.contains(&format!("`{column}`")));
            about && line.contains(passage) && line.contains(stance) && line.contains("`literature`")
        })
    };
    let flippers = ["flipper_length_mm", "body_mass_g"];
    assert!(
        linked(flippers, "Body mass increases with flipper length", "supports"),
        "{section}"
    );
    let bills = ["bill_length_mm", "bill_depth_mm"];
    assert!(
        linked(bills, "Bill depth increases with bill length", "contradicts"),
        "{section}"
    );
    assert!(!section.contains("Tides of a harbour"), "it names no two columns");
}
