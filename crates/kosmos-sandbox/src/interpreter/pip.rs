//! What pip says.

use std::path::Path;

use super::{InterpreterError, Progress};

/// Follows pip's output line by line.
#[derive(Debug)]
pub struct Follower {
    total: usize,
    done: usize,
}

impl Follower {
    pub fn new(total: usize) -> Self {
        Self { total, done: 0 }
    }

    /// The progress that a line of standard output shows, if any.
    pub fn follow(&mut self, line: &str) -> Option<Progress> {
        if let Some(rest) = line.strip_prefix("Collecting ") {
            let package = rest.split([' ', '(']).next().unwrap_or(rest);
            let progress = Progress::Fetching {
                package: package.replace("==", " "),
                done: self.done,
                total: self.total,
            };
            self.done = (self.done + 1).min(self.total.saturating_sub(1));
            return Some(progress);
        }
        line.starts_with("Installing collected packages")
            .then_some(Progress::Installing)
    }
}

/// The error behind pip's complaints.
pub fn explain(stderr: &str, folder: &Path) -> InterpreterError {
    let has = |texts: &[&str]| texts.iter().any(|text| stderr.contains(text));
    let said = summary(stderr);
    if has(&["No space left on device", "Disk quota exceeded"]) {
        return InterpreterError::DiskFull(folder.to_owned());
    }
    if has(&["DO NOT MATCH THE HASHES"]) {
        return InterpreterError::HashMismatch(said);
    }
    // Without an index pip goes on to say that it has no builds either, so this comes first.
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

/// The lines that pip marks as errors, or else its last ones.
fn summary(stderr: &str) -> String {
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
        let mut follower = Follower::new(3);
        let line = "Collecting numpy==2.4.6 (from -r requirements.lock (line 3))";
        assert_eq!(
            follower.follow(line).unwrap().to_string(),
            "fetching numpy 2.4.6 (1 of 3)"
        );
        assert_eq!(follower.follow("  Downloading numpy.whl (16 MB)"), None);
        assert_eq!(
            follower.follow("Installing collected packages: numpy"),
            Some(Progress::Installing)
        );
    }

    #[test]
    fn complaints_are_told_apart() {
        let of = |text| explain(text, Path::new("/c"));
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
