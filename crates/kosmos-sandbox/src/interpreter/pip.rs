//! Interprets pip's messages.

use std::path::Path;

use super::{EnvironmentProgress, InterpreterError};

/// Follows pip's output line by line.
#[derive(Debug)]
pub struct PipFollower {
    total: usize,
    done: usize,
}

impl PipFollower {
    pub fn new(total: usize) -> Self {
        Self { total, done: 0 }
    }

    /// Returns the progress that a line of standard output shows, if any.
    pub fn follow(&mut self, line: &str) -> Option<EnvironmentProgress> {
        if let Some(rest) = line.strip_prefix("Collecting ") {
            let package = rest.split([' ', '(']).next().unwrap_or(rest);
            let progress = EnvironmentProgress::Fetching {
                package: package.replace("==", " "),
                done: self.done,
                total: self.total,
            };
            self.done = (self.done + 1).min(self.total.saturating_sub(1));
            return Some(progress);
        }
        line.starts_with("Installing collected packages")
            .then_some(EnvironmentProgress::Installing)
    }
}

/// Returns the error that pip's messages mean.
pub fn explain_failure(stderr: &str, folder: &Path) -> InterpreterError {
    let has = |texts: &[&str]| texts.iter().any(|text| stderr.contains(text));
    let said = summarize_errors(stderr);
    if has(&["No space left on device", "Disk quota exceeded"]) {
        return InterpreterError::DiskFull(folder.to_owned());
    }
    if has(&["DO NOT MATCH THE HASHES"]) {
        return InterpreterError::HashMismatch(said);
    }
    // Without an index, pip also reports missing builds, so this is checked first.
    if has(&[
        "NewConnectionError",
        "Failed to establish a new connection",
        "Temporary failure in name resolution",
        "Max retries exceeded",
        "ConnectTimeoutError",
        "ReadTimeoutError",
        "ProxyError",
        "SSLError",
        "Connection refused",
        "Connection reset",
        "Network is unreachable",
    ]) {
        return InterpreterError::NoNetwork(said);
    }
    let missing = stderr
        .lines()
        .find_map(|line| line.split("No matching distribution found for ").nth(1));
    if let Some(package) = missing {
        let package = package.split([' ', ';']).next().unwrap_or(package);
        return InterpreterError::NoBuild {
            package: package.to_owned(),
        };
    }
    InterpreterError::Pip(said)
}

/// Returns the lines that pip marks as errors, or else its last ones.
fn summarize_errors(stderr: &str) -> String {
    let lines: Vec<&str> = stderr.lines().filter(|line| !line.is_empty()).collect();
    let errors: Vec<&str> = lines
        .iter()
        .copied()
        .filter(|line| line.starts_with("ERROR"))
        .take(5)
        .collect();
    if errors.is_empty() {
        let first = lines.len().saturating_sub(5);
        lines.get(first..).unwrap_or_default().join("\n")
    } else {
        errors.join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_read_from_pips_lines() {
        let mut follower = PipFollower::new(3);
        let line = "Collecting numpy==2.4.6 (from -r requirements.lock (line 3))";
        assert_eq!(
            follower.follow(line).unwrap().to_string(),
            "fetching numpy 2.4.6 (1 of 3)"
        );
        assert_eq!(follower.follow("  Downloading numpy.whl (16 MB)"), None);
        assert_eq!(
            follower.follow("Installing collected packages: numpy"),
            Some(EnvironmentProgress::Installing)
        );
    }

    #[test]
    fn complaints_are_told_apart() {
        let of = |text| explain_failure(text, Path::new("/c"));
        assert!(matches!(
            of("OSError: [Errno 28] No space left on device"),
            InterpreterError::DiskFull(_)
        ));
        assert!(matches!(
            of("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM ..."),
            InterpreterError::HashMismatch(_)
        ));
        assert!(matches!(
            of("WARNING: Retrying ... NewConnectionError(...)\n\
                ERROR: No matching distribution found for numpy==2.4.6"),
            InterpreterError::NoNetwork(_)
        ));
        assert!(matches!(
            of("ERROR: No matching distribution found for numpy==2.4.6"),
            InterpreterError::NoBuild { package } if package == "numpy==2.4.6"
        ));
        assert!(matches!(of("ERROR: x"), InterpreterError::Pip(said) if said == "ERROR: x"));
    }
}
