//! Running tests of the same binary in another process: to kill it, or to run them with other variables or as
//! another user.
//!
//! A name that is no test's would run nothing and end well, so that it is looked for beforehand, and that it
//! ran is checked afterwards.

use std::process::{Command, Output};

use crate::{describe_output, service::SKIPPED};

const MARK: &str = "KOSMOS_TEST_INNER";

/// This binary with the arguments that run the ignored test `name` and no other.
///
/// # Panics
/// If there is no ignored test of that name.
pub fn inner_test(name: &str) -> Command {
    let binary = std::env::current_exe().unwrap();
    let listed = Command::new(&binary)
        .args(["--ignored", "--exact", name, "--list"])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&listed.stdout);
    assert!(
        text.lines().any(|line| line == format!("{name}: test")) && text.contains("\n1 test,"),
        "there is not one ignored test named {name}: {}",
        describe_output(&listed)
    );
    let mut command = Command::new(binary);
    command
        .args(["--ignored", "--exact", name, "--nocapture"])
        .env(MARK, "1");
    command
}

/// Whether this process was started by [`inner_test`]: a test for it does nothing otherwise.
pub fn is_inner_test() -> bool {
    std::env::var_os(MARK).is_some()
}

/// Runs a command of [`inner_test`] to its end.
///
/// # Panics
/// With its output, if it failed or if it was not one test that ran.
pub fn assert_inner_test_passes(command: Command) {
    let (passed, output) = run_tests(command);
    assert_eq!(
        passed,
        Some(1),
        "not one test ran and passed: {}",
        describe_output(&output)
    );
}

/// Runs many tests of a binary to their end. Those of them that have no service are not counted as skipped once more.
///
/// # Panics
/// With their output, if one failed or if fewer than `least` passed.
pub fn assert_inner_tests_pass(mut command: Command, least: usize) {
    command.env_remove("CI").env_remove(SKIPPED);
    let (passed, output) = run_tests(command);
    assert!(
        passed.is_some_and(|passed| passed >= least),
        "{passed:?} tests passed, and {least} were to: {}",
        describe_output(&output)
    );
}

/// Runs tests to their end: the number of those that passed, if none failed.
fn run_tests(mut command: Command) -> (Option<usize>, Output) {
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let passed = text.lines().rev().find_map(|line| {
        let rest = line.strip_prefix("test result: ok. ")?;
        rest.split_once(" passed;")?.0.parse().ok()
    });
    (passed.filter(|_| output.status.success()), output)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_inner_test_runs() {
        assert_inner_test_passes(inner_test("inner::tests::inner_example"));
    }

    #[test]
    #[ignore = "run by an_inner_test_runs"]
    fn inner_example() {
        assert!(is_inner_test());
    }

    #[test]
    #[should_panic(expected = "there is not one ignored test named inner::tests::inner_no_example")]
    fn a_name_of_no_test_is_refused() {
        inner_test("inner::tests::inner_no_example");
    }

    #[test]
    #[should_panic(expected = "not one test ran and passed")]
    fn a_command_that_runs_no_test_has_not_passed() {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "no_test"]);
        assert_inner_test_passes(command);
    }

    #[test]
    #[should_panic(expected = "and 9 were to")]
    fn fewer_tests_than_there_are_have_not_passed() {
        assert_inner_tests_pass(inner_test("inner::tests::inner_example"), 9);
    }
}
