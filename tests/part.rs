//! The parts that tests need and that `tests/run` starts.

/// What `variable` names; nothing, loudly, where it is not set, and in CI a failure.
pub fn part(variable: &str, what: &str) -> Option<String> {
    let named = std::env::var(variable).ok();
    if named.is_none() {
        let said = format!("{variable} names no {what}; tests/run starts one");
        assert!(std::env::var("CI").is_err(), "{said}");
        eprintln!("SKIPPED: {said}");
    }
    named
}

/// Where the container engine is.
#[allow(dead_code)]
pub fn engine() -> Option<String> {
    part("KOSMOS_TEST_DOCKER_HOST", "container engine")
}
