//! A run that shares another's history up to a cycle and goes on by itself from there.
//!
//! Here it is made, `past` says what is shared.

mod past;

use std::{
    collections::BTreeSet,
    fs,
    path::{Component, Path, PathBuf},
};

use serde_json::Value;

use super::{
    LabError, RunFolder, archive,
    plan::{plan, plan_on},
    replay::plan_of,
    work::durability,
};
use crate::{
    config::{DataSource, Overrides, Resolved, Settings},
    hash::sha256_file,
    journal::{self, Blobs, Entry, JournalError, Record, read_entries, write_entries},
    message::ResearchPlan,
    plugin::Roster,
    science::{Branch, RunId},
};

/// Why a run has no such branch.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum ForkError {
    #[error("the run `{run}` has no cycle {cycle} to branch at: {}", cycles(*last))]
    NotReached {
        run: RunId,
        cycle: u32,
        last: u32,
        /// Whether it will come no further.
        ended: bool,
    },
    #[error(
        "under these settings `{run}` would have gone another way {}, so that the branch would share a past that it cannot have",
        place(*cycle)
    )]
    OtherPast { run: RunId, cycle: u32 },
    #[error("`{run}` repeats `{recorded}`, and has nothing of its own to branch from")]
    Repetition { run: RunId, recorded: RunId },
    #[error("the table {} {problem}", path.display())]
    Table { path: PathBuf, problem: String },
}

fn cycles(last: u32) -> String {
    match last {
        0 | 1 => "it has not come to a second one".to_owned(),
        2 => "cycle 2 is the only one".to_owned(),
        last => format!("there are 2 to {last}"),
    }
}

fn place(cycle: u32) -> String {
    match cycle {
        0 => "from its beginning".to_owned(),
        cycle => format!("in cycle {cycle}"),
    }
}

impl ForkError {
    /// What the user can do.
    pub fn help(&self) -> String {
        match self {
            Self::NotReached {
                last: 0 | 1,
                ended: true,
                ..
            } => "begin a new run".to_owned(),
            Self::NotReached { last: 0 | 1, .. } => "resume it until it has, or begin a new run".to_owned(),
            Self::NotReached { .. } => "name one of these by --at".to_owned(),
            Self::OtherPast { cycle, .. } if *cycle > 1 => {
                format!("branch at cycle {cycle} or before, or begin a new run with these settings")
            }
            Self::OtherPast { .. } => "begin a new run with these settings".to_owned(),
            Self::Repetition { recorded, .. } => format!("`kosmos fork {recorded}` branches from the run itself"),
            Self::Table { .. } => "bring the table back as it was, or begin a new run".to_owned(),
        }
    }
}

/// A branch of a run that can be made.
pub struct Fork {
    origin: RunFolder,
    cycle: u32,
    resolved: Resolved,
    roster: Roster,
    plan: ResearchPlan,
    commits: Vec<Vec<Entry>>,
}

impl Fork {
    /// The branch of `origin` that begins with `cycle`, with `changes` to its settings. Relative paths among these are taken
    /// from `working_folder`. The run may be one that is worked on, and nothing is made yet.
    ///
    /// # Errors
    /// [`ForkError`] when there is no such branch; and when a setting is wrong or the run cannot be read.
    pub fn of(origin: &RunFolder, cycle: u32, changes: Overrides, working_folder: &Path) -> Result<Self, LabError> {
        let resolved = origin.resolved_with(changes, working_folder)?;
        let roster = origin.roster(&resolved.settings)?;
        roster.check(&resolved.settings)?;
        let run = origin.id();
        let blobs = Blobs::open(origin.path().join("blobs"))?;
        let mut commits = journal::commits(read_entries(origin.path(), &blobs)?);
        if let Some(recorded) = commits.iter().flatten().find_map(replays) {
            return Err(ForkError::Repetition { run, recorded }.into());
        }
        let Some(before) = plan_of(origin)? else {
            return Err(ForkError::NotReached {
                run,
                cycle,
                last: 0,
                ended: false,
            }
            .into());
        };
        let settings = &resolved.settings;
        let mut plan = match settings.data == origin.settings()?.data {
            true => {
                unchanged(origin, &before)?;
                plan_on(before.datasets, settings, &roster)
            }
            false => plan(settings, &roster)?,
        };
        plan.agents
            .extend(roster.listeners.iter().map(|native| native.plan.clone()));
        let shared = past::shared(&run, &commits, &plan, cycle)?;
        commits.truncate(shared);
        Ok(Self {
            origin: origin.clone(),
            cycle,
            resolved,
            roster,
            plan,
            commits,
        })
    }

    /// The settings of the branch.
    pub fn settings(&self) -> &Settings {
        &self.resolved.settings
    }

    /// Makes its folder beside the run's, whole or not at all.
    ///
    /// # Errors
    /// When something cannot be read or written.
    pub fn make(self) -> Result<RunFolder, LabError> {
        let Self {
            origin,
            cycle,
            resolved,
            roster,
            plan,
            mut commits,
        } = self;
        let runs = origin.path().parent().unwrap_or(Path::new("")).to_owned();
        let about = resolved.settings.data.first().map(DataSource::display_name);
        let durability = durability(&resolved.settings);
        RunFolder::create_filled(&runs, &about.unwrap_or_default(), &resolved, &roster, |folder, run| {
            copy_evidence(&origin, folder, &commits)?;
            let branch = Branch {
                run: origin.id(),
                cycle,
            };
            adapt(&mut commits, run, &plan, branch);
            Ok(write_entries(folder, commits, durability)?)
        })
    }
}

/// That the tables are those that the run read.
fn unchanged(origin: &RunFolder, plan: &ResearchPlan) -> Result<(), ForkError> {
    for data in &plan.datasets {
        let problem = match sha256_file(&archive::table(origin.path(), &data.path, &data.sha256)) {
            Ok(now) if now == data.sha256 => continue,
            Ok(_) => "has changed since the run".to_owned(),
            Err(error) => format!("cannot be read any more: {error}"),
        };
        let path = data.path.clone();
        return Err(ForkError::Table { path, problem });
    }
    Ok(())
}

fn replays(entry: &Entry) -> Option<RunId> {
    match &entry.record {
        Record::Opened(opening) => opening.replays.clone(),
        _ => None,
    }
}

/// Makes the shared entries those of `run`, which was asked what `plan` says.
fn adapt(commits: &mut [Vec<Entry>], run: &RunId, plan: &ResearchPlan, branched: Branch) {
    for commit in commits.iter_mut() {
        // The director's state follows from its messages, under the plan of the branch.
        commit.retain(|entry| !matches!(entry.record, Record::Snapshot { .. }));
        for entry in commit {
            if let Record::Sent { envelope } = &mut entry.record {
                envelope.run = run.clone();
                envelope.payload = past::under(&envelope.payload, plan);
            }
        }
    }
    let opened = commits
        .iter_mut()
        .flatten()
        .rev()
        .find_map(|entry| match &mut entry.record {
            Record::Opened(opening) => Some(&mut opening.branch),
            _ => None,
        });
    if let Some(branch) = opened {
        *branch = Some(branched);
    }
}

/// Copies what the shared entries speak of: experiments that were run, content-addressed files, and tables that came with
/// the run.
fn copy_evidence(origin: &RunFolder, folder: &Path, commits: &[Vec<Entry>]) -> Result<(), LabError> {
    let kept = Blobs::open(origin.path().join("blobs"))?;
    let copied = Blobs::open(folder.join("blobs"))?;
    let mut names = BTreeSet::new();
    for entry in commits.iter().flatten() {
        hashes(&serde_json::to_value(entry).map_err(JournalError::from)?, &mut names);
        if let Record::Receipt { key, .. } = &entry.record
            && let Some(id) = key.strip_prefix("experiment:")
            // A run that came from elsewhere may say anything.
            && matches!(Path::new(id).components().collect::<Vec<_>>()[..], [Component::Normal(_)])
        {
            let inside = Path::new("experiments").join(id);
            copy(&origin.path().join(&inside), &folder.join(&inside))?;
        }
    }
    for name in names.iter().filter(|name| kept.has(name)) {
        copied.put(&kept.get(name)?)?;
    }
    let tables = origin.path().join(archive::TABLES);
    match tables.exists() {
        true => copy(&tables, &folder.join(archive::TABLES)),
        false => Ok(()),
    }
}

/// What could be the name of a content-addressed file.
fn hashes(value: &Value, out: &mut BTreeSet<String>) {
    match value {
        Value::String(text) if text.len() == 64 && text.bytes().all(|letter| letter.is_ascii_hexdigit()) => {
            out.insert(text.clone());
        }
        Value::Array(items) => items.iter().for_each(|item| hashes(item, out)),
        Value::Object(fields) => fields.values().for_each(|item| hashes(item, out)),
        _ => {}
    }
}

/// Copies the plain files of a folder.
fn copy(from: &Path, to: &Path) -> Result<(), LabError> {
    fs::create_dir_all(to).map_err(LabError::io("make", to))?;
    for entry in fs::read_dir(from).map_err(LabError::io("list", from))? {
        let entry = entry.map_err(LabError::io("list", from))?;
        let (path, to) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type().map_err(LabError::io("list", from))?;
        if kind.is_dir() {
            copy(&path, &to)?;
        } else if kind.is_file() {
            fs::copy(&path, to).map_err(LabError::io("copy", path))?;
        }
    }
    Ok(())
}
