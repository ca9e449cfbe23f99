//! Compares a run with its repetition.

use kosmos_core::{plain_path::PlainPath, run_files};
use serde_json::Value;

use super::{LabError, RunFolder, summarise_run};
use crate::{
    hash::sha256_file,
    journal::{Record, read_entries},
    message::{Payload, ResearchPlan},
};

/// Differences between a run and its repetition; each is a sentence.
pub type Differences = Vec<String>;

/// Number of differences that are listed; the others are counted.
const TOLD: usize = 20;

/// Number of characters of a value that are shown.
const LONGEST_VALUE: usize = 60;

/// The tables that have changed since the run `recorded` or are missing, so that a repetition would differ.
///
/// # Errors
/// [`LabError::Unfinished`] when the run has not ended; and when it came from elsewhere or cannot be read.
pub fn list_changed_tables(recorded: &RunFolder) -> Result<Differences, LabError> {
    recorded.check_trusted()?;
    let run = recorded.id();
    if summarise_run(recorded)?.end.is_none() {
        return Err(LabError::Unfinished { run });
    }
    let Some(plan) = read_plan(recorded)? else {
        return Err(LabError::Unfinished { run });
    };
    let changed = plan.files().filter_map(|data| {
        let path = data.path.display();
        match sha256_file(&data.path) {
            Ok(now) if now == data.sha256 => None,
            Ok(_) => Some(format!("the table {path} has changed since the run")),
            Err(error) => Some(format!("the table {path} can no longer be read: {error}")),
        }
    });
    Ok(changed.collect())
}

/// Differences between the findings of two runs. With the same data, settings and replies, only the run's id differs.
///
/// # Errors
/// When the findings of one of them cannot be read.
pub fn compare_findings(recorded: &RunFolder, again: &RunFolder) -> Result<Differences, LabError> {
    Ok(compare_documents(&read_findings(recorded)?, &read_findings(again)?))
}

/// The plan that the director of a run was given; none if the run has not begun.
pub(super) fn read_plan(folder: &RunFolder) -> Result<Option<ResearchPlan>, LabError> {
    let entries = read_entries(&folder.open_dir()?)?;
    Ok(entries.into_iter().find_map(|entry| match entry.record {
        Record::Sent { envelope } => match envelope.payload {
            Payload::StartResearch(plan) => Some(*plan),
            _ => None,
        },
        _ => None,
    }))
}

fn read_findings(folder: &RunFolder) -> Result<Value, LabError> {
    let (run, inside) = (folder.open_dir()?, PlainPath::of(run_files::FINDINGS));
    let path = run.place_of(&inside);
    let bytes = run
        .read(&inside, run_files::TEXT_BYTES)
        .map_err(LabError::io("read", &path))?;
    serde_json::from_slice(&bytes).map_err(|error| LabError::io("read", path)(error.into()))
}

/// Lists the differences between two documents, up to a limit.
pub(super) fn compare_documents(recorded: &Value, again: &Value) -> Differences {
    let mut found = Vec::new();
    collect_differences("", recorded, again, &mut found);
    let more = found.len().saturating_sub(TOLD);
    found.truncate(TOLD);
    if more > 0 {
        found.push(format!("and {more} more"));
    }
    found
}

fn collect_differences(at: &str, recorded: &Value, again: &Value, found: &mut Differences) {
    match (recorded, again) {
        (Value::Object(one), Value::Object(other)) => {
            let added = other.keys().filter(|key| !one.contains_key(*key));
            for key in one.keys().chain(added) {
                // The run's id is the only field that may differ.
                if at.is_empty() && key == "run" {
                    continue;
                }
                let of = |object: &serde_json::Map<String, Value>| object.get(key).cloned().unwrap_or(Value::Null);
                collect_differences(&format!("{at}/{key}"), &of(one), &of(other), found);
            }
        }
        (Value::Array(one), Value::Array(other)) => {
            if one.len() != other.len() {
                found.push(format!(
                    "{at}: {} items were recorded, now there are {}",
                    one.len(),
                    other.len()
                ));
            }
            for (index, (recorded, again)) in one.iter().zip(other).enumerate() {
                collect_differences(&format!("{at}/{index}"), recorded, again, found);
            }
        }
        (recorded, again) if recorded == again => {}
        (recorded, again) => found.push(format!(
            "{at}: {} was recorded, now it is {}",
            shorten_value(recorded),
            shorten_value(again)
        )),
    }
}

fn shorten_value(value: &Value) -> String {
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
        assert_eq!(
            compare_documents(&findings("a", 0.5), &findings("b", 0.5)),
            Differences::new()
        );
        assert_eq!(
            compare_documents(&findings("a", 0.5), &findings("a", 0.25)),
            ["/tests/0/p: 0.5 was recorded, now it is 0.25"]
        );
    }

    #[test]
    fn what_is_missing_or_more_differs() {
        let one = json!({"tests": [1, 2], "x": {"run": 1}, "text": "a".repeat(99)});
        let other = json!({"tests": [1], "x": {"run": 2}, "more": true});
        let cut = format!("/text: \"{}… was recorded, now it is null", "a".repeat(59));
        assert_eq!(
            compare_documents(&one, &other),
            [
                "/tests: 2 items were recorded, now there are 1",
                &cut,
                "/x/run: 1 was recorded, now it is 2",
                "/more: null was recorded, now it is true",
            ]
        );
    }

    #[test]
    fn a_flood_of_differences_is_counted() {
        let list = |from: u32| json!((from..from + 50).collect::<Vec<_>>());
        let found = compare_documents(&list(0), &list(1));
        assert_eq!((found.len(), found[TOLD].as_str()), (TOLD + 1, "and 30 more"));
    }
}
