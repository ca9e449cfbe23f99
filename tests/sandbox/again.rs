//! Running one test of this binary in another process.

use std::process::Command;

const MARK: &str = "KOSMOS_TEST_AGAIN";

/// This binary, to run the ignored test `name` and no other.
pub fn again(name: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--ignored", "--exact", name, "--nocapture"])
        .env(MARK, "1");
    command
}

/// Whether this process was started by [`again`]; the tests for it do nothing otherwise.
pub fn is_again() -> bool {
    std::env::var_os(MARK).is_some()
}

/// Runs it and fails with its output if it fails.
pub fn succeeds(mut command: Command) {
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}
