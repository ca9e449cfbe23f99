//! Countries in twelve years each: rows that repeat their units.

use super::{
    shape::{has, run, tests},
    support::{Home, test_of},
};

#[test]
fn a_quick_look_sees_that_countries_come_again() {
    let ran = run(&Home::new(), "quick/run.toml", &["--profile", "quick"], 0);
    assert_eq!(ran.outcome["status"], "answered");
    assert!(ran.found["shuffled_null"].is_null(), "the profile leaves it out");
    assert!(tests(&ran.found).iter().all(|test| has(test, "repeated_units")));

    let income = test_of(&ran.found, "numeric_numeric", "gdpPercap", "lifeExp");
    assert_eq!(
        (&income["replicated"], &income["direction"]),
        (&true.into(), &"+".into())
    );
    assert!(has(income, "nonlinear"), "{income}");
    let continent = test_of(&ran.found, "group_numeric", "continent", "lifeExp");
    assert_eq!(continent["direction"], "Oceania");
    let crowded = test_of(&ran.found, "group_numeric", "continent", "pop");
    assert_eq!(crowded["significant"], false, "1704 rows are 142 countries: {crowded}");
    assert!(ran.report.contains("clustered by unit"), "{}", ran.report);
}
