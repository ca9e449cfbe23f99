//! Services that tests need and that `tests/run` starts. A test without its service is skipped: it says so,
//! `tests/run` counts it as skipped and not as passed, and with `CI=true` it fails.

use std::{env, fs::OpenOptions, io::Write};

/// Names the file that `tests/run` counts the skipped tests in: a line for each, `binary test: reason`.
pub(crate) const SKIPPED: &str = "KOSMOS_TEST_SKIPPED";

/// The address in `variable`; records the test as skipped if it is not set. `what` names the service.
pub fn find_service(variable: &str, what: &str) -> Option<String> {
    let found = env::var(variable).ok();
    if found.is_none() {
        skip_test(&format!("{variable} names no {what}; tests/run starts one"));
    }
    found
}

/// The address of the container engine.
pub fn find_container_engine() -> Option<String> {
    find_service("KOSMOS_TEST_DOCKER_HOST", "container engine")
}

/// The folder of a container engine that tests may stop and that also listens by TLS.
pub fn find_engine_folder() -> Option<String> {
    find_service("KOSMOS_TEST_DOCKER_FOLDER", "engine of the tests' own")
}

/// The endpoint of a language model, and the model's name there: that of `KOSMOS_TEST_LLM_MODEL`, else of the model
/// that `tests/llm start` has if it is not told another.
pub fn find_model() -> Option<(String, String)> {
    let endpoint = find_service("KOSMOS_TEST_LLM", "endpoint of a model")?;
    let name = env::var("KOSMOS_TEST_LLM_MODEL").unwrap_or_else(|_| "qwen2.5-coder-1.5b-instruct".to_owned());
    Some((endpoint, name))
}

/// Records that the running test is skipped, after which it must return.
///
/// # Panics
/// With `CI=true`, where nothing may be skipped.
pub fn skip_test(reason: &str) {
    assert!(!env::var("CI").is_ok_and(|ci| ci == "true"), "{reason}");
    eprintln!("SKIPPED: {reason}");
    let Some(file) = env::var_os(SKIPPED) else { return };
    let line = format!("{}: {reason}\n", name_running_test());
    // One write for one line: other tests append at the same time.
    let mut file = OpenOptions::new().create(true).append(true).open(file).unwrap();
    file.write_all(line.as_bytes()).unwrap();
}

/// The binary and the name of the running test, as nextest has them; of the thread where it was started otherwise.
fn name_running_test() -> String {
    let named = |variable: &str| env::var(variable).ok();
    match (named("NEXTEST_BINARY_ID"), named("NEXTEST_TEST_NAME")) {
        (Some(binary), Some(test)) => format!("{binary} {test}"),
        _ => std::thread::current().name().unwrap_or("a test").to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::inner::{assert_inner_test_passes, inner_test, is_inner_test};

    const INNER: &str = "service::tests::inner_without_a_service";

    #[test]
    fn a_test_without_its_service_is_recorded_as_skipped() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("skipped");
        let mut command = inner_test(INNER);
        command.env_remove("CI").env(SKIPPED, &file);
        assert_inner_test_passes(command);
        let recorded = fs::read_to_string(file).unwrap();
        assert_eq!(recorded.lines().count(), 1, "{recorded}");
        assert!(
            recorded.contains("KOSMOS_TEST_NOTHING names no service of that kind"),
            "{recorded}"
        );
    }

    #[test]
    fn a_test_without_its_service_fails_in_ci() {
        let output = inner_test(INNER).env("CI", "true").output().unwrap();
        assert!(!output.status.success(), "{output:?}");
    }

    #[test]
    #[ignore = "run by a_test_without_its_service_is_recorded_as_skipped"]
    fn inner_without_a_service() {
        if is_inner_test() {
            assert_eq!(find_service("KOSMOS_TEST_NOTHING", "service of that kind"), None);
        }
    }
}
