//! Countries in twelve years each: rows that repeat their units.

use super::shape::{has, run, tests};
use kosmos_testing::{TestHome, find_test};

#[test]
fn a_quick_look_sees_that_countries_come_again() {
    let ran = run(&TestHome::new(), "quick/run.toml", &["--profile", "quick"], 0);
    assert_eq!(ran.outcome["status"], "answered");
    assert!(ran.found["shuffled_null"].is_null(), "the profile leaves it out");
    assert!(tests(&ran.found).iter().all(|test| has(test, "repeated_units")));

    let income = find_test(&ran.found, "numeric_numeric", "gdpPercap", "lifeExp");
    assert_eq!(
        (&income["replicated"], &income["direction"]),
        (&true.into(), &"+".into())
    );
    assert!(has(income, "nonlinear"), "{income}");
    let continent = find_test(&ran.found, "group_numeric", "continent", "lifeExp");
    assert_eq!(continent["direction"], "Oceania");
    let crowded = find_test(&ran.found, "group_numeric", "continent", "pop");
    assert_eq!(crowded["significant"], false, "1704 rows are 142 countries: {crowded}");
    assert!(ran.report.contains("clustered by unit"), "{}", ran.report);
}
