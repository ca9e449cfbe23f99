//! The fingerprint of a journal's first record, by which a run is known again.

use std::{
    io::{self, BufRead, BufReader, Read},
    path::Path,
};

use kosmos_core::{hash::sha256_hex, plain_path::PlainPath, run_dir::RunDir, run_files};
use serde_json::{Map, Value};

use super::{
    Blobs, Entry, JournalError, Record,
    record::{blob_of_line, matches_checksum},
};
use crate::RunPayload;

/// The fields of an entry that are not of its record.
const NOT_OF_RECORD: [&str; 4] = ["seq", "at_ms", "more", "crc"];

/// The longest first line that is read. Longer entries are kept in files of their own.
const LONGEST: u64 = 1 << 20;

/// Returns the fingerprint of the first record in the log of the run in `folder`: the SHA-256 of its content, without
/// its time. None if there is no log, or its first line is incomplete or damaged.
///
/// # Errors
/// If the log cannot be read.
pub fn first_fingerprint(folder: &Path) -> Result<Option<String>, JournalError> {
    let opened = RunDir::open(folder).and_then(|run| Ok((read_first_line(&run)?, run)));
    let (line, run) = match opened {
        Ok(read) => read,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => {
            let path = folder.join(run_files::JOURNAL_LOG);
            return Err(JournalError::Io { path, source });
        }
    };
    let Some(line) = line.filter(|line| matches_checksum(line)) else {
        return Ok(None);
    };
    let line = match blob_of_line(&line) {
        None => line,
        Some(sha256) => match Blobs::of_run(run).get(&sha256) {
            Ok(line) => line,
            Err(_) => return Ok(None),
        },
    };
    Ok(serde_json::from_slice(&line).ok().map(fingerprint_of_fields))
}

/// Returns the fingerprint of a journal whose first record is `record`.
///
/// # Errors
/// If the record cannot be encoded.
pub fn fingerprint_of<P: RunPayload>(record: &Record<P>) -> Result<String, JournalError> {
    let entry = Entry {
        seq: 1,
        at_ms: 0,
        more: false,
        record: record.clone(),
    };
    // Encoded and parsed as a stored line is, so that numbers are the same.
    let fields = serde_json::from_slice(&serde_json::to_vec(&entry)?)?;
    Ok(fingerprint_of_fields(fields))
}

/// The first line of a run's log, without its newline; none if it is incomplete or too long.
fn read_first_line(run: &RunDir) -> io::Result<Option<Vec<u8>>> {
    let log = run.open_file(&PlainPath::of(run_files::JOURNAL_LOG))?;
    let mut line = Vec::new();
    BufReader::new(log.take(LONGEST)).read_until(b'\n', &mut line)?;
    Ok((line.pop() == Some(b'\n')).then_some(line))
}

fn fingerprint_of_fields(mut fields: Map<String, Value>) -> String {
    for name in NOT_OF_RECORD {
        fields.remove(name);
    }
    let mut text = String::new();
    write_canonical(&Value::Object(fields), &mut text);
    sha256_hex(text)
}

/// Writes a value with the keys of its objects in order.
fn write_canonical(value: &Value, out: &mut String) {
    match value {
        Value::Object(fields) => {
            let mut keys: Vec<&String> = fields.keys().collect();
            keys.sort();
            out.push('{');
            for key in keys {
                out.push_str(&Value::String(key.clone()).to_string());
                out.push(':');
                write_canonical(fields.get(key).unwrap_or(&Value::Null), out);
                out.push(',');
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for item in items {
                write_canonical(item, out);
                out.push(',');
            }
            out.push(']');
        }
        plain => out.push_str(&plain.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde_json::json;

    use super::*;
    use crate::sample::Record;

    fn log(text: &str) -> Option<String> {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("journal.jsonl"), text).unwrap();
        first_fingerprint(folder.path()).unwrap()
    }

    #[test]
    fn it_is_of_the_record_and_not_of_its_time() {
        let one = r#"{"seq":1,"at_ms":5,"record":"receipt","key":"k","value":{"a":1,"b":2}}"#;
        let later = r#"{"record":"receipt","value":{"b":2,"a":1},"key":"k","seq":1,"at_ms":77,"more":true}"#;
        let other = r#"{"seq":1,"at_ms":5,"record":"receipt","key":"k","value":{"a":1,"b":3}}"#;
        let print = log(&format!("{one}\n{other}\n")).unwrap();
        assert_eq!(log(&format!("{later}\n")).unwrap(), print);
        assert_ne!(log(&format!("{other}\n")).unwrap(), print);
        let record = Record::Receipt {
            key: "k".to_owned(),
            value: json!({"b": 2, "a": 1}),
        };
        assert_eq!(fingerprint_of(&record).unwrap(), print);
    }

    #[test]
    fn a_log_without_a_whole_first_line_has_none() {
        let long = format!("\"{}\"\n", "x".repeat(LONGEST as usize));
        for text in [
            "",
            "{\"seq\":1",
            "not json\n",
            "{\"seq\":1,\"crc\":\"00000000\"}\n",
            &long,
        ] {
            assert_eq!(log(text), None, "{text:.30}");
        }
        assert_eq!(first_fingerprint(Path::new("/nowhere")).unwrap(), None);
    }
}
