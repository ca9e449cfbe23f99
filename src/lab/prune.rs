//! Removing runs that are not needed any more.

use std::{
    path::Path,
    time::{Duration, SystemTime},
};

use serde::Serialize;

use super::{LabError, RunFolder, list_runs, summary};
use crate::{journal, science::RunId};

/// Which runs go: those that all of this is true of.
#[derive(Debug, Clone, Default)]
pub struct Retention {
    /// Not among so many that began last.
    pub keep: Option<usize>,
    /// Last worked on longer ago.
    pub older_than: Option<Duration>,
    /// Of one of these states; none for all.
    pub states: Vec<String>,
    /// Also those that have not ended.
    pub unfinished: bool,
}

/// A run that goes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Pruned {
    #[allow(missing_docs)]
    pub run: RunId,
    /// `answered`, ..., or `unfinished`.
    pub status: String,
    /// Of its folder.
    pub bytes: u64,
    /// Why it stays after all.
    pub stays: Option<String>,
}

/// The runs under `runs` that go by `retention`; removed, unless `dry_run`. What they put into the graph stays there.
///
/// # Errors
/// When the folder cannot be listed, or a run cannot be removed.
pub fn prune(runs: &Path, retention: &Retention, dry_run: bool) -> Result<Vec<Pruned>, LabError> {
    let (mut found, mut pruned) = (Vec::new(), Vec::new());
    for folder in list_runs(runs)? {
        match summary(&folder) {
            Ok(summary) => found.push((folder, summary)),
            // Nobody can say whether it is to go.
            Err(error) => pruned.push(Pruned {
                run: folder.id(),
                status: "unreadable".to_owned(),
                bytes: size(folder.path()),
                stays: Some(error.to_string()),
            }),
        }
    }
    found.sort_by_key(|(_, summary)| std::cmp::Reverse(summary.began_ms));
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
        .as_millis();
    for (folder, summary) in found.into_iter().skip(retention.keep.unwrap_or(0)) {
        let age = now.saturating_sub(summary.last_ms.unwrap_or_default().into());
        let goes = (retention.unfinished || summary.end.is_some())
            && retention.older_than.is_none_or(|limit| age > limit.as_millis())
            && (retention.states.is_empty() || retention.states.contains(&summary.status));
        if !goes {
            continue;
        }
        let mut gone = Pruned {
            run: summary.run,
            status: summary.status,
            bytes: size(folder.path()),
            stays: None,
        };
        if !dry_run {
            gone.stays = remove(folder)?;
        }
        pruned.push(gone);
    }
    Ok(pruned)
}

/// Removes a run that nobody works on; why it stays otherwise.
fn remove(folder: RunFolder) -> Result<Option<String>, LabError> {
    if journal::in_use(folder.path()) {
        return Ok(Some("a process works on it".to_owned()));
    }
    folder.remove()?;
    Ok(None)
}

fn size(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.metadata() {
            Ok(found) if found.is_dir() => size(&entry.path()),
            Ok(found) => found.len(),
            Err(_) => 0,
        })
        .sum()
}
