//! Removes runs that are no longer needed.

use std::{
    path::Path,
    time::{Duration, SystemTime},
};

use kosmos_core::run_dir::{EntryKind, OddNames};
use serde::Serialize;

use super::{LabError, RunFolder, list_runs, summarise_run};
use crate::{journal, science::RunId};

/// The conditions for removing a run; it must meet all of them.
#[derive(Debug, Clone, Default)]
pub struct Retention {
    /// It is not among this number of newest runs.
    pub keep: Option<usize>,
    /// It was last worked on longer ago than this.
    pub older_than: Option<Duration>,
    /// It has one of these states; an empty list means every state.
    pub states: Vec<String>,
    /// Remove also runs that have not ended.
    pub unfinished: bool,
}

/// A run that is removed, or would be.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Pruned {
    /// The run.
    pub run: RunId,
    /// `answered`, ..., or `unfinished`.
    pub status: String,
    /// Size of its folder.
    pub bytes: u64,
    /// The reason why it is kept after all.
    pub stays: Option<String>,
}

/// Removes the runs under `runs` that meet the conditions, or only lists them if `dry_run`. The graph keeps what they
/// wrote to it.
///
/// # Errors
/// When the folder cannot be listed, or a run cannot be removed.
pub fn prune_runs(runs: &Path, retention: &Retention, dry_run: bool) -> Result<Vec<Pruned>, LabError> {
    let (mut found, mut pruned) = (Vec::new(), Vec::new());
    for folder in list_runs(runs)? {
        match summarise_run(&folder) {
            Ok(summary) => found.push((folder, summary)),
            // Whether it meets the conditions is unknown.
            Err(error) => pruned.push(Pruned {
                run: folder.id(),
                status: "unreadable".to_owned(),
                bytes: folder_size(&folder),
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
            bytes: folder_size(&folder),
            stays: None,
        };
        if !dry_run {
            gone.stays = remove_if_idle(folder)?;
        }
        pruned.push(gone);
    }
    Ok(pruned)
}

/// Removes a run that is not in progress; else returns why it is kept.
fn remove_if_idle(folder: RunFolder) -> Result<Option<String>, LabError> {
    if journal::is_in_use(folder.path()) {
        return Ok(Some("it is in progress".to_owned()));
    }
    folder.remove()?;
    Ok(None)
}

/// The bytes in the files of a run; 0 if its folder cannot be listed.
fn folder_size(folder: &RunFolder) -> u64 {
    let entries = folder.open_dir().map(|run| run.tree(None, OddNames::Skip));
    let Ok(Ok(entries)) = entries else { return 0 };
    let bytes = entries.iter().map(|(_, kind)| match kind {
        EntryKind::File(bytes) => *bytes,
        EntryKind::Folder | EntryKind::Link | EntryKind::Other => 0,
    });
    bytes.sum()
}
