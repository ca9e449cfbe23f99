//! Doing a run again from its recorded replies, and holding the two against each other.

use std::{fs, path::Path};

use serde_json::Value;

use super::{LabError, RunFolder, summary};
use crate::{
    hash::sha256_file,
    journal::{Blobs, Record, read_entries},
    message::{Payload, ResearchPlan},
};

/// Where a run and its repetition differ; each is a sentence.
pub type Differences = Vec<String>;

/// Differences that are told one by one; the others are counted.
const TOLD: usize = 20;

/// Characters of a value that are told.
const LONGEST_VALUE: usize = 60;

/// What a repetition of `recorded` would differ in from the start: tables that have changed since, or are gone.
///
/// # Errors
/// [`LabError::Unfinished`] when the run has not ended, and when it cannot be read.
pub fn changed_since(recorded: &RunFolder) -> Result<Differences, LabError> {
    let run = recorded.id();
    if summary(recorded)?.end.is_none() {
        return Err(LabError::Unfinished { run });
    }
    let Some(plan) = plan_of(recorded)? else {
        return Err(LabError::Unfinished { run });
    };
    let changed = plan.datasets.iter().filter_map(|data| {
        let path = data.path.display();
        match sha256_file(&data.path) {
            Ok(now) if now == data.sha256 => None,
            Ok(_) => Some(format!("the table {path} has changed since the run")),
            Err(error) => Some(format!("the table {path} cannot be read any more: {error}")),
        }
    });
    Ok(changed.collect())
}

/// Where the findings of two runs differ. Those of the same data, settings and replies differ in the run's id alone.
///
/// # Errors
/// When the findings of one of them cannot be read.
pub fn differences(recorded: &RunFolder, again: &RunFolder) -> Result<Differences, LabError> {
    Ok(compare(&findings(recorded.path())?, &findings(again.path())?))
}

/// What the director of a run was asked; none where it has not begun.
pub(super) fn plan_of(folder: &RunFolder) -> Result<Option<ResearchPlan>, LabError> {
    let blobs = Blobs::open(folder.path().join("blobs"))?;
    let entries = read_entries(folder.path(), &blobs)?;
    Ok(entries.into_iter().find_map(|entry| match entry.record {
        Record::Sent { envelope } => match envelope.payload {
            Payload::StartResearch(plan) => Some(*plan),
            _ => None,
        },
        _ => None,
    }))
}

fn findings(folder: &Path) -> Result<Value, LabError> {
    let path = folder.join("findings.json");
    let bytes = fs::read(&path).map_err(LabError::io("read", &path))?;
    serde_json::from_slice(&bytes).map_err(|error| LabError::io("read", path)(error.into()))
}

/// Where they differ, with no more than some told one by one.
pub(super) fn compare(recorded: &Value, again: &Value) -> Differences {
    let mut found = Vec::new();
    walk("", recorded, again, &mut found);
    let more = found.len().saturating_sub(TOLD);
    found.truncate(TOLD);
    if more > 0 {
        found.push(format!("and {more} more"));
    }
    found
}

fn walk(at: &str, recorded: &Value, again: &Value, found: &mut Differences) {
    match (recorded, again) {
        (Value::Object(one), Value::Object(other)) => {
            let added = other.keys().filter(|key| !one.contains_key(*key));
            for key in one.keys().chain(added) {
                // The one thing in which two runs may differ.
                if at.is_empty() && key == "run" {
                    continue;
                }
                let of = |object: &serde_json::Map<String, Value>| object.get(key).cloned().unwrap_or(Value::Null);
                walk(&format!("{at}/{key}"), &of(one), &of(other), found);
            }
        }
        (Value::Array(one), Value::Array(other)) => {
            if one.len() != other.len() {
                found.push(format!("{at}: {} were recorded, {} came now", one.len(), other.len()));
            }
            for (index, (recorded, again)) in one.iter().zip(other).enumerate() {
                walk(&format!("{at}/{index}"), recorded, again, found);
            }
        }
        (recorded, again) if recorded == again => {}
        (recorded, again) => found.push(format!(
            "{at}: {} was recorded, {} came now",
            short(recorded),
            short(again)
        )),
    }
}

fn short(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(LONGEST_VALUE) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_the_run_may_differ() {
        let findings = |run: &str, p: f64| json!({"run": run, "status": "answered", "tests": [{"id": "h1", "p": p}]});
        assert_eq!(compare(&findings("a", 0.5), &findings("b", 0.5)), Differences::new());
        assert_eq!(
            compare(&findings("a", 0.5), &findings("a", 0.25)),
            ["/tests/0/p: 0.5 was recorded, 0.25 came now"]
        );
    }

    #[test]
    fn what_is_missing_or_more_differs() {
        let one = json!({"tests": [1, 2], "x": {"run": 1}, "text": "a".repeat(99)});
        let other = json!({"tests": [1], "x": {"run": 2}, "more": true});
        let cut = format!("/text: \"{}… was recorded, null came now", "a".repeat(59));
        assert_eq!(
            compare(&one, &other),
            [
                "/tests: 2 were recorded, 1 came now",
                &cut,
                "/x/run: 1 was recorded, 2 came now",
                "/more: null was recorded, true came now",
            ]
        );
    }

    #[test]
    fn a_flood_of_differences_is_counted() {
        let list = |from: u32| json!((from..from + 50).collect::<Vec<_>>());
        let found = compare(&list(0), &list(1));
        assert_eq!((found.len(), found[TOLD].as_str()), (TOLD + 1, "and 30 more"));
    }
}
