//! Opens what a run is worked on with, before anything is started.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    time::Duration,
};

use super::Lab;
use crate::{
    actors::{Knowledge, research_director::restore_state},
    journal::{Journal, Kind, Record, read_entries},
    lab::{
        Ground, LabError, Purpose, RunFolder, SandboxSite, backends, graph,
        options::journal_options,
        plan::{plan_for_datasets, plan_from_files},
        replay::read_plan,
        site, trust,
    },
    llm::Mind,
    message::{Opening, ResearchPlan},
    plugin::{self, PluginError},
};
use kosmos_core::{plain_path::PlainPath, run_dir::RunDir, run_files};

/// An opened run.
pub(super) struct Begun {
    pub(super) journal: Journal,
    pub(super) mind: Option<Mind>,
    pub(super) knowledge: Knowledge,
    /// The time that earlier processes worked on the run.
    pub(super) elapsed: Duration,
}

impl Lab {
    /// Opens the journal, the graph and, if the run uses any, the models. A backend that is missing or refuses access
    /// is reported here, before anything is started.
    pub(super) async fn begin(&mut self) -> Result<Begun, LabError> {
        let journal = Journal::open(self.folder.path(), journal_options(&self.settings))?;
        if journal.was_rebuilt() {
            tracing::warn!(run = %self.folder.id(), "the journal's database was damaged or missing and was rebuilt from journal.jsonl; a damaged database is kept under another name");
        }
        let elapsed = Duration::from_millis(journal.elapsed_ms()?);
        if self.replay.is_none() {
            self.replay = self.find_replayed_run(&journal)?;
        }
        let ended = restore_state(&journal)?.0.end.is_some();
        let knowledge = match &self.replay {
            Some(recorded) => graph::recorded_knowledge(recorded)?,
            None if ended => graph::deliver_waiting(&self.settings, &self.folder, &journal).await?,
            None => {
                trust::check_graph_for_run(&self.settings, &self.roster, &self.folder.graph_folder())?;
                graph::open_for_run(&self.settings, &self.folder, &journal, self.progress.as_ref()).await?
            }
        };
        let mind = match ended {
            true => None,
            false => self.connect_models(&journal).await?,
        };
        Ok(Begun {
            journal,
            mind,
            knowledge,
            elapsed,
        })
    }

    async fn connect_models(&self, journal: &Journal) -> Result<Option<Mind>, LabError> {
        let mind = backends::start_mind(
            &self.settings,
            journal,
            &self.roster,
            self.replay.as_ref(),
            &self.progress,
        )?;
        if let Some(mind) = &mind {
            mind.probe().await?;
        }
        Ok(mind)
    }

    /// Starts the sandbox that the run's scripts run in.
    pub(super) async fn start_site(&self, ground: &Ground, begun: &Begun) -> Result<SandboxSite, LabError> {
        let purpose = Purpose {
            launcher: self.launcher.clone(),
            run: Some(self.folder.id().to_string()),
            pinned: self.pinned_images(&begun.journal)?,
            ..Purpose::default()
        };
        SandboxSite::start(&self.settings, ground, purpose, self.progress.as_ref()).await
    }

    /// The plan that the director is given.
    pub(super) fn research_plan(&self) -> Result<ResearchPlan, LabError> {
        let recorded = match &self.replay {
            Some(recorded) => read_plan(recorded)?,
            None => None,
        };
        let mut plan = match recorded {
            // Its tables are unchanged, and what codebooks declared of them stands in its plan.
            Some(recorded) => plan_for_datasets(recorded.datasets, &self.settings, &self.roster),
            None => plan_from_files(&self.settings, &self.roster)?,
        };
        plan.agents
            .extend(self.natives.iter().map(|native| native.plan.clone()));
        Ok(plan)
    }

    /// Results of agents' calls in the run that this one replays; none if it replays none.
    pub(super) fn recorded_receipts(&self) -> Result<Option<BTreeMap<String, serde_json::Value>>, LabError> {
        let Some(recorded) = &self.replay else { return Ok(None) };
        let receipts = read_entries(&recorded.open_dir()?)?.into_iter();
        let receipts = receipts.filter_map(|entry| match entry.record {
            Record::Receipt { key, value } => Some((key, value)),
            _ => None,
        });
        Ok(Some(receipts.collect()))
    }

    /// The run that an earlier process replayed in this folder: a replay that is resumed remains a replay.
    fn find_replayed_run(&self, journal: &Journal) -> Result<Option<RunFolder>, LabError> {
        for entry in journal.entries_of(&[Kind::Opened]) {
            if let Record::Opened(Opening {
                replays: Some(recorded),
                ..
            }) = entry?.record
            {
                let runs = self.folder.path().parent().unwrap_or(Path::new(""));
                let recorded = RunFolder::find(runs, recorded.as_str())?;
                recorded.check_trusted()?;
                return Ok(Some(recorded));
            }
        }
        Ok(None)
    }

    /// The images that an earlier process used for the run, or for the run that it replays.
    fn pinned_images(&self, journal: &Journal) -> Result<BTreeMap<String, String>, LabError> {
        match &self.replay {
            None => site::pinned_images(journal.entries_of(&[Kind::Opened])),
            Some(recorded) => {
                let entries = read_entries(&recorded.open_dir()?)?;
                site::pinned_images(entries.into_iter().map(Ok))
            }
        }
    }
}

/// Checks that the agents, by the hashes of their files, are those that the run began with.
pub(super) fn check_agents_unchanged(
    journal: &Journal,
    hashes: &BTreeMap<String, String>,
    run: &Path,
) -> Result<(), LabError> {
    for entry in journal.entries_of(&[Kind::Opened]) {
        let Record::Opened(Opening { agents, .. }) = entry?.record else {
            continue;
        };
        let names: BTreeSet<&String> = agents.keys().chain(hashes.keys()).collect();
        return match names.into_iter().find(|name| agents.get(*name) != hashes.get(*name)) {
            None => Ok(()),
            Some(changed) => Err(PluginError::Changed {
                agent: changed.clone(),
                path: run.join(run_files::AGENTS).join(changed),
            }
            .into()),
        };
    }
    Ok(())
}

/// Removes the files that agents of an earlier process left in their working folders. The lock on the journal makes
/// sure that no other process works on the run.
pub(super) fn clear_scratch(run: &RunDir) -> Result<(), LabError> {
    let scratch = PlainPath::of(run_files::AGENTS).join_id(".scratch");
    run.remove(&scratch)
        .map_err(LabError::io("clear", run.place_of(&scratch)))
}

/// Writes the Python SDK to the folder that agents import it from.
pub(super) fn unpack_sdk(run: &RunDir) -> Result<(), LabError> {
    let inside = PlainPath::of(run_files::AGENTS).join_id(".sdk");
    let target = run.place_of(&inside);
    // A folder of its own, whatever was there.
    run.remove(&inside)
        .and_then(|()| run.create_folders(&inside))
        .and_then(|()| plugin::unpack_sdk(&target))
        .map_err(LabError::io("write the SDK to", target))
}
