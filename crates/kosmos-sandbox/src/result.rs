//! `result.json`, by which a script says what it found: read up to a limit, so that a hostile one costs little.

use std::io;

use kosmos_core::{plain_path::PlainPath, run_dir::RunDir};
use serde_json::Value;

/// The largest `result.json` that is read, in bytes. Parsed, it may take twenty times as much memory.
pub const RESULT_BYTES: u64 = 8 << 20;

/// The longest number in it that is read, in letters: converting one takes time that grows with its square.
const NUMBER_LETTERS: usize = 1000;

/// Why a `result.json` is not used.
#[derive(Debug, thiserror::Error)]
pub enum ResultFault {
    /// It is no regular file, or cannot be read.
    #[error("its result.json cannot be read: {0}")]
    Unreadable(#[source] io::Error),
    /// It is too large.
    #[error("its result.json is larger than {} MiB", RESULT_BYTES >> 20)]
    TooLarge,
    /// A number in it is too long.
    #[error("its result.json has a number of more than {NUMBER_LETTERS} digits in line {line}")]
    LongNumber {
        /// The line of the number, from 1.
        line: usize,
    },
    /// It is not JSON.
    #[error("its result.json is not JSON: {0}")]
    NotJson(#[source] serde_json::Error),
}

/// Reads the `result.json` at `inside` in a folder, which a script has written, within the limits on its size and its
/// numbers.
///
/// # Errors
/// If it cannot be read, is no regular file, or exceeds a limit.
pub fn read_result(folder: &RunDir, inside: &PlainPath) -> Result<Vec<u8>, ResultFault> {
    let content = folder.read(inside, RESULT_BYTES).map_err(|error| match error.kind() {
        io::ErrorKind::FileTooLarge => ResultFault::TooLarge,
        _ => ResultFault::Unreadable(error),
    })?;
    match line_of_long_number(&content) {
        Some(line) => Err(ResultFault::LongNumber { line }),
        None => Ok(content),
    }
}

/// Reads and parses the `result.json` at `inside` in a folder.
///
/// # Errors
/// As [`read_result`], and if it is not JSON.
pub fn parse_result(folder: &RunDir, inside: &PlainPath) -> Result<Value, ResultFault> {
    serde_json::from_slice(&read_result(folder, inside)?).map_err(ResultFault::NotJson)
}

/// Returns the line, from 1, of the first number that is too long. What is in quotes is no number.
fn line_of_long_number(text: &[u8]) -> Option<usize> {
    let (mut line, mut letters, mut quoted, mut escaped) = (1, 0, false, false);
    for byte in text {
        if *byte == b'\n' {
            line += 1;
        }
        if quoted {
            quoted = escaped || *byte != b'"';
            escaped = *byte == b'\\' && !escaped;
            continue;
        }
        match byte {
            b'0'..=b'9' | b'.' | b'+' | b'-' | b'e' | b'E' => letters += 1,
            _ => letters = 0,
        }
        if letters > NUMBER_LETTERS {
            return Some(line);
        }
        quoted = *byte == b'"';
    }
    None
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;

    fn fault_in(folder: &Path) -> Option<String> {
        let parsed = parse_result(&RunDir::open(folder).unwrap(), &PlainPath::of("result.json"));
        parsed.err().map(|fault| fault.to_string())
    }

    fn fault_of(text: &str) -> Option<String> {
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join("result.json"), text).unwrap();
        fault_in(home.path())
    }

    #[test]
    fn only_json_of_a_reasonable_size_is_used() {
        let long = "1".repeat(1001);
        assert_eq!(fault_of(&format!(r#"{{"p": 0.5, "name": "{long}\\"}}"#)), None);
        assert_eq!(fault_of(&format!("[{}]", "1".repeat(300))), None);
        for (text, told) in [
            ("p = 0.5".to_owned(), "is not JSON: expected"),
            (String::new(), "is not JSON"),
            ("[".repeat(4000), "is not JSON: recursion limit"),
            (format!("{{\n\"p\": {long}}}"), "more than 1000 digits in line 2"),
            (format!(r#"{{"a\"": 0.{long}}}"#), "more than 1000 digits in line 1"),
            (format!("[0{}]", ",0".repeat(5 << 20)), "larger than 8 MiB"),
        ] {
            let fault = fault_of(&text).unwrap();
            assert!(fault.contains(told), "{fault}");
        }
        let home = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("/dev/zero", home.path().join("result.json")).unwrap();
        let fault = fault_in(home.path()).unwrap();
        assert!(fault.contains("it is a link, not a regular file"), "{fault}");
    }
}
