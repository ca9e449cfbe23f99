//! Branches: runs that share the history of another run up to a cycle.
//!
//! `past` finds the shared history; this file makes the branch.

mod past;

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use kosmos_core::{
    plain_path::{ContentHash, PlainPath},
    run_dir::RunDir,
    run_files,
};
use serde_json::Value;

use super::{
    LabError, RunFolder, RunOrigin,
    plan::{plan_for_datasets, plan_from_files},
    replay::read_plan,
    tables::Tables,
    trust,
};
use crate::{
    config::{Overrides, Resolved, Settings},
    journal::{self, Blobs, Entry, JournalError, Record, read_entries, write_entries},
    message::ResearchPlan,
    plugin::Roster,
    science::{Branch, ExperimentId, RunId},
};

/// Why a run cannot be branched there.
#[derive(Debug, thiserror::Error)]
pub enum ForkError {
    /// The run has not begun that cycle.
    #[error("the run `{run}` has no cycle {cycle} to branch at: {}", describe_cycles(*last))]
    NotReached {
        /// The run.
        run: RunId,
        /// The cycle that was asked for.
        cycle: u32,
        /// The last cycle that the run began.
        last: u32,
        /// True if the run has ended and will begin no further cycle.
        ended: bool,
    },
    /// Under the branch's settings, the run would have had another past.
    #[error(
        "under these settings `{run}` would have taken another course {}, so that the branch cannot share its past",
        describe_place(*cycle)
    )]
    OtherPast {
        /// The run.
        run: RunId,
        /// The first cycle that would differ; 0 for the plan itself.
        cycle: u32,
    },
    /// The run is a replay.
    #[error("`{run}` is a replay of `{recorded}` and cannot be branched")]
    Repetition {
        /// The replay.
        run: RunId,
        /// The run that it replays.
        recorded: RunId,
    },
    /// A table is no longer the one that the run read.
    #[error("the table {} {problem}", path.display())]
    Table {
        /// The table.
        path: PathBuf,
        /// The problem, as a predicate of the table.
        problem: String,
    },
}

fn describe_cycles(last: u32) -> String {
    match last {
        0 | 1 => "it has not begun a second cycle".to_owned(),
        2 => "cycle 2 is the only one".to_owned(),
        last => format!("it has cycles 2 to {last}"),
    }
}

fn describe_place(cycle: u32) -> String {
    match cycle {
        0 => "from its beginning".to_owned(),
        cycle => format!("in cycle {cycle}"),
    }
}

impl ForkError {
    /// The remedy.
    pub fn help(&self) -> String {
        match self {
            Self::NotReached {
                last: 0 | 1,
                ended: true,
                ..
            } => "start a new run".to_owned(),
            Self::NotReached { last: 0 | 1, .. } => "resume it until it has, or start a new run".to_owned(),
            Self::NotReached { .. } => "name one of these with --at".to_owned(),
            Self::OtherPast { cycle, .. } if *cycle > 1 => {
                format!("branch at cycle {cycle} or an earlier one, or start a new run with these settings")
            }
            Self::OtherPast { .. } => "start a new run with these settings".to_owned(),
            Self::Repetition { recorded, .. } => format!("`kosmos fork {recorded}` branches off the recorded run"),
            Self::Table { .. } => "restore the table, or start a new run".to_owned(),
        }
    }
}

/// A possible branch of a run, not made yet.
pub struct Fork {
    origin: RunFolder,
    cycle: u32,
    resolved: Resolved,
    roster: Roster,
    plan: ResearchPlan,
    commits: Vec<Vec<Entry>>,
}

impl Fork {
    /// Plans the branch of `origin` that begins with `cycle`, with `changes` to its settings. Relative paths in the
    /// changes are relative to `working_folder`. The run may be in progress. Nothing is written yet.
    ///
    /// # Errors
    /// [`ForkError`] when there is no such branch; and when the run came from elsewhere, a setting is wrong or the run
    /// cannot be read.
    pub fn plan_fork(
        origin: &RunFolder,
        cycle: u32,
        changes: Overrides,
        working_folder: &Path,
    ) -> Result<Self, LabError> {
        origin.check_trusted()?;
        let resolved = origin.resolve_settings_with(changes, working_folder)?;
        let roster = origin.read_roster(&resolved.settings)?;
        roster.check_requirements(&resolved.settings)?;
        trust::check_graph_for_run(&resolved.settings, &roster, &origin.graph_folder())?;
        let run = origin.id();
        let mut commits = journal::group_by_commit(read_entries(&origin.open_dir()?)?);
        if let Some(recorded) = commits.iter().flatten().find_map(replayed_run) {
            return Err(ForkError::Repetition { run, recorded }.into());
        }
        let Some(before) = read_plan(origin)? else {
            return Err(ForkError::NotReached {
                run,
                cycle,
                last: 0,
                ended: false,
            }
            .into());
        };
        let settings = &resolved.settings;
        let mut plan = match settings.data == origin.resolve_settings()?.settings.data {
            true => {
                check_tables_unchanged(origin, &before)?;
                plan_for_datasets(before.datasets, settings, &roster)
            }
            false => plan_from_files(settings, &roster)?,
        };
        plan.agents
            .extend(roster.listeners.iter().map(|native| native.plan.clone()));
        let shared = past::commits_before_cycle(&run, &commits, &plan, cycle)?;
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

    /// Makes the folder of the branch beside the run's, completely or not at all.
    ///
    /// # Errors
    /// When something cannot be read or written.
    pub fn create_folder(self) -> Result<RunFolder, LabError> {
        let Self {
            origin,
            cycle,
            resolved,
            roster,
            plan,
            mut commits,
        } = self;
        let runs = origin.path().parent().unwrap_or(Path::new("")).to_owned();
        let durability = resolved.settings.journal.durability;
        RunFolder::create_filled(&runs, &resolved, &roster, |folder, run| {
            copy_evidence(&origin, folder, &commits)?;
            let branch = Branch {
                run: origin.id(),
                cycle,
            };
            rewrite_entries(&mut commits, run, &plan, branch);
            write_entries(folder, commits, durability)?;
            trust::inherit_grants(&origin, &runs, run, folder, &resolved.settings)
        })
    }
}

/// Checks that the tables are those that the run read.
fn check_tables_unchanged(origin: &RunFolder, plan: &ResearchPlan) -> Result<(), LabError> {
    // Only a run that is trusted is branched.
    let tables = Tables::of_run(origin, RunOrigin::Own)?;
    for data in plan.files() {
        if let Err(fault) = tables.check_table(&data.path, &data.sha256) {
            let path = data.path.clone();
            let problem = fault.to_string();
            return Err(ForkError::Table { path, problem }.into());
        }
    }
    Ok(())
}

fn replayed_run(entry: &Entry) -> Option<RunId> {
    match &entry.record {
        Record::Opened(opening) => opening.replays.clone(),
        _ => None,
    }
}

/// Rewrites the shared entries as entries of `run`, whose director was given `plan`.
fn rewrite_entries(commits: &mut [Vec<Entry>], run: &RunId, plan: &ResearchPlan, branched: Branch) {
    for commit in commits.iter_mut() {
        // The director's state is folded again from its messages, under the plan of the branch.
        commit.retain(|entry| !matches!(entry.record, Record::Snapshot { .. }));
        for entry in commit {
            if let Record::Sent { envelope } = &mut entry.record {
                envelope.run = run.clone();
                envelope.payload = past::event_under_plan(&envelope.payload, plan);
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

/// Copies the files that the shared entries name: experiments, content-addressed files, and tables that came with the
/// run.
fn copy_evidence(origin: &RunFolder, to: &RunDir, commits: &[Vec<Entry>]) -> Result<(), LabError> {
    let from = origin.open_dir()?;
    let (kept, copied) = (Blobs::of_run(from.clone()), Blobs::create(to.clone())?);
    let copy = |inside: &PlainPath| {
        from.copy_tree(inside, to)
            .map_err(|error| LabError::entry("copy", error))
    };
    let (mut names, mut experiments) = (BTreeSet::new(), BTreeSet::new());
    for entry in commits.iter().flatten() {
        collect_hashes(&serde_json::to_value(entry).map_err(JournalError::from)?, &mut names);
        // The journal of a run that came from elsewhere may hold any id.
        if let Record::Receipt { key, .. } = &entry.record
            && let Some(id) = key.strip_prefix("experiment:")
            && let Ok(id) = id.parse::<ExperimentId>()
        {
            experiments.insert(id);
        }
    }
    for experiment in experiments {
        copy(&experiment.folder())?;
    }
    for name in names.iter().filter(|name| kept.has(name)) {
        copied.put(&kept.get(name)?)?;
    }
    let tables = PlainPath::of(run_files::TABLES);
    match from
        .kind_of(&tables)
        .map_err(LabError::io("read", from.place_of(&tables)))?
    {
        Some(_) => copy(&tables),
        None => Ok(()),
    }
}

/// Collects the strings that may be names of content-addressed files.
fn collect_hashes(value: &Value, out: &mut BTreeSet<String>) {
    match value {
        Value::String(text) if text.parse::<ContentHash>().is_ok() => {
            out.insert(text.clone());
        }
        Value::Array(items) => items.iter().for_each(|item| collect_hashes(item, out)),
        Value::Object(fields) => fields.values().for_each(|item| collect_hashes(item, out)),
        _ => {}
    }
}
