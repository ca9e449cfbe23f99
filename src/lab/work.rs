//! Does a run: from wherever its journal is to its report.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use super::{
    Ground, LabError, Purpose, RunFolder, Site, backends, dossier, graph,
    plan::plan,
    run_version::RunVersion,
    site,
    watch::{Limits, observer},
};
use crate::{
    actors::{Knowledge, register, research_director::restore_state},
    agent::Registry,
    config::{self, Durability, Settings},
    journal::{self, Blobs, Commit, Journal, Kind, Record, read_entries},
    llm::Mind,
    message::{Envelope, Opening, ResearchPlan, agent},
    plugin::{self, Native, PluginError, PluginKit, Roster},
    policy::Thinker,
    progress::Progress,
    report::{Dossier, Written, write_files},
    science::{Arm, EndReason, RunEnd, RunId, RunStatus},
    supervisor::{Hub, HubOptions, RestartPolicy, RunResult, StopSignal, Strategy},
};

/// Topic of the run's first message.
const TOPIC_START: usize = 0;

/// How long a first request to stop waits for what is under way.
const DRAIN: Duration = Duration::from_secs(5);

/// How a run came out.
#[derive(Debug)]
pub struct Finished {
    /// The typed end.
    pub end: RunEnd,
    /// What the report was made from.
    pub dossier: Dossier,
    /// Where findings and report are.
    pub written: Written,
}

/// What a run is worked on with.
struct Begun {
    journal: Journal,
    mind: Option<Mind>,
    knowledge: Knowledge,
}

/// Changes the agents of a run before it begins: adds one, replaces one, puts something around one.
pub type Arrange = Box<dyn FnOnce(&mut Registry)>;

/// Works on one run.
pub struct Lab {
    folder: RunFolder,
    settings: Settings,
    roster: Roster,
    progress: Arc<dyn Progress>,
    stop: StopSignal,
    natives: Vec<Native>,
    arrange: Option<Arrange>,
    launcher: Option<PathBuf>,
    replay: Option<RunFolder>,
}

impl Lab {
    /// A lab for the run in `folder`, under the settings that it began with.
    ///
    /// # Errors
    /// When the settings cannot be read.
    pub fn open(folder: RunFolder, progress: Arc<dyn Progress>) -> Result<Self, LabError> {
        let settings = folder.settings()?;
        let mut roster = folder.roster(&settings)?;
        let natives = std::mem::take(&mut roster.listeners);
        Ok(Self {
            folder,
            settings,
            roster,
            progress,
            stop: StopSignal::default(),
            natives,
            arrange: None,
            launcher: None,
            replay: None,
        })
    }

    /// The way to ask the run to stop.
    pub fn stop_signal(&self) -> StopSignal {
        self.stop.clone()
    }

    /// Adds an agent of the program's own. A run is resumed with those that it began with.
    pub fn agent(mut self, agent: Native) -> Self {
        self.natives.push(agent);
        self
    }

    /// Changes the agents before the run begins.
    pub fn arrange(mut self, arrange: impl FnOnce(&mut Registry) + 'static) -> Self {
        self.arrange = Some(Box::new(arrange));
        self
    }

    /// Names the `kosmos` binary that starts sandboxes. Not needed where the program's own `main` begins
    /// with [`sandbox::entry`](crate::sandbox::entry).
    pub fn launcher(mut self, kosmos: impl Into<PathBuf>) -> Self {
        self.launcher = Some(kosmos.into());
        self
    }

    /// Has the model's part answered from the replies that `recorded` got, and by nothing else.
    pub fn replaying(mut self, recorded: RunFolder) -> Self {
        self.replay = Some(recorded);
        self
    }

    /// Works until the run ends or is stopped, and writes its report. Takes the thread.
    ///
    /// # Errors
    /// When a backend is missing or the journal fails; the run can then be resumed.
    pub fn work(mut self) -> Result<Finished, LabError> {
        let system = actix::System::new();
        self.roster.compile()?;
        let begun = system.block_on(self.begin())?;
        let ground = match self.roster.has_programs() {
            true => Ground::prepare_for_programs(&self.settings, self.progress.as_ref())?,
            false => Ground::prepare(&self.settings, self.progress.as_ref())?,
        };
        system.block_on(self.work_on(&ground, begun))
    }

    /// The journal, the graph, and the models where the run thinks with any. What is not there, or does not let us in, is
    /// found out here, before anything is made or begun.
    async fn begin(&mut self) -> Result<Begun, LabError> {
        let journal = Journal::open(
            self.folder.path(),
            journal::Options {
                durability: durability(&self.settings),
            },
        )?;
        if journal.was_rebuilt() {
            tracing::warn!(run = %self.folder.id(), "the journal's database was damaged or not there, and is made anew from journal.jsonl; a damaged one is put aside");
        }
        if self.replay.is_none() {
            self.replay = self.replayed(&journal)?;
        }
        let ended = restore_state(&journal)?.0.end.is_some();
        let knowledge = match &self.replay {
            Some(recorded) => graph::told(recorded)?,
            None if ended => graph::after(&self.settings, &self.folder, &journal).await?,
            None => graph::begin(&self.settings, &self.folder, &journal, self.progress.as_ref()).await?,
        };
        if ended {
            let mind = None;
            return Ok(Begun {
                journal,
                mind,
                knowledge,
            });
        }
        let mind = backends::mind(
            &self.settings,
            &journal,
            &self.roster,
            self.replay.as_ref(),
            &self.progress,
        )?;
        if let Some(mind) = &mind {
            mind.probe().await?;
        }
        Ok(Begun {
            journal,
            mind,
            knowledge,
        })
    }

    async fn work_on(self, ground: &Ground, begun: Begun) -> Result<Finished, LabError> {
        let path: Arc<Path> = Arc::from(self.folder.path());
        let run = self.folder.id();
        let elapsed = Duration::from_millis(begun.journal.elapsed_ms()?);
        let mind = begun.mind.clone();
        let purpose = Purpose {
            launcher: self.launcher.clone(),
            run: Some(run.to_string()),
            pinned: self.pinned(&begun.journal)?,
        };
        let site = Site::start(&self.settings, ground, purpose, self.progress.as_ref()).await?;
        let sandbox = Arc::clone(&site.sandbox);
        let worked = self.work_in(site, begun, path, run, elapsed).await;
        // However it ended: what is kept ready is not needed any more, and no call outlives the journal.
        sandbox.close().await;
        if let Some(mind) = mind {
            mind.close().await;
        }
        worked
    }

    /// What calls of agents gave in the run that this one replays.
    fn recorded(&self) -> Result<Option<BTreeMap<String, serde_json::Value>>, LabError> {
        let Some(recorded) = &self.replay else { return Ok(None) };
        let blobs = Blobs::open(recorded.path().join("blobs"))?;
        let receipts = read_entries(recorded.path(), &blobs)?.into_iter();
        let receipts = receipts.filter_map(|entry| match entry.record {
            Record::Receipt { key, value } => Some((key, value)),
            _ => None,
        });
        Ok(Some(receipts.collect()))
    }

    /// What the director is asked.
    fn plan(&self) -> Result<ResearchPlan, LabError> {
        let mut plan = plan(&self.settings, &self.roster)?;
        plan.agents
            .extend(self.natives.iter().map(|native| native.plan.clone()));
        Ok(plan)
    }

    /// The run that an earlier process has replayed in this folder: a replay that is resumed stays one.
    fn replayed(&self, journal: &Journal) -> Result<Option<RunFolder>, LabError> {
        for entry in journal.entries_of(&[Kind::Opened]) {
            if let Record::Opened(Opening {
                replays: Some(recorded),
                ..
            }) = entry?.record
            {
                let runs = self.folder.path().parent().unwrap_or(Path::new(""));
                return RunFolder::find(runs, recorded.as_str()).map(Some);
            }
        }
        Ok(None)
    }

    /// The images that an earlier process has used for the run, or for the one that it replays.
    fn pinned(&self, journal: &Journal) -> Result<BTreeMap<String, String>, LabError> {
        match &self.replay {
            None => site::pinned(journal.entries_of(&[Kind::Opened])),
            Some(recorded) => {
                let blobs = Blobs::open(recorded.path().join("blobs"))?;
                site::pinned(read_entries(recorded.path(), &blobs)?.into_iter().map(Ok))
            }
        }
    }

    async fn work_in(
        self,
        site: Site,
        begun: Begun,
        path: Arc<Path>,
        run: RunId,
        elapsed: Duration,
    ) -> Result<Finished, LabError> {
        let Begun {
            journal,
            mind,
            knowledge,
        } = begun;
        let kit = backends::kit(&self.settings, &site.sandbox, &journal, mind.clone(), knowledge.clone())?;
        let hashes = self.roster.hashes()?;
        unchanged(&journal, &hashes, &path)?;
        if self.roster.has_programs() {
            clear_scratch(&path)?;
            unpack_sdk(&path)?;
        }
        let hosts = Arc::new(PluginKit {
            run: run.clone(),
            folder: Arc::clone(&path),
            journal: journal.clone(),
            programs: site.programs.clone(),
            executor: Arc::clone(&kit.executor),
            thinker: mind.map(|mind| Thinker::new(mind, kit.on_outage, backends::thinking(&self.settings))),
            knowledge,
            alpha: self.settings.research.alpha,
            experiments: u64::from(self.settings.budget.experiments),
            tokens: self.settings.budget.tokens,
            recorded: self.recorded()?,
            thinking: backends::thinking(&self.settings),
        });
        let rows = site.sandbox.guarantees().rows.iter();
        let opened = Record::Opened(Opening {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            python: site.python.clone(),
            images: site.images.clone(),
            replays: self.replay.as_ref().map(RunFolder::id),
            agents: hashes,
            branch: None,
            sandbox: rows
                .map(|row| (row.protection.to_string(), format!("{}: {}", row.held, row.how)))
                .collect(),
        });
        journal.commit(Commit::record(opened)).await?;
        let (before, _) = restore_state(&journal)?;

        let result = match &before.end {
            Some(end) => RunResult::Ended(end.clone()),
            None => {
                if before.plan.is_none() {
                    let start =
                        Envelope::external(&run, TOPIC_START, agent::RESEARCH_DIRECTOR.into(), self.plan()?.into());
                    journal.commit(Commit::send(start)).await?;
                }
                self.stop.on_terminal_signals();
                let wall = self.settings.budget.wall_time.get();
                let limits = Limits {
                    cycles: self.settings.budget.cycles,
                    experiments: u64::from(self.settings.budget.experiments),
                    wall: wall.saturating_sub(elapsed),
                };
                let question = self.settings.question.clone().unwrap_or_default();
                let done = before
                    .experiments
                    .values()
                    .filter(|experiment| experiment.outcome.is_some())
                    .count();
                let found = before
                    .records_of(Arm::Observed)
                    .filter(|record| record.significant)
                    .count();
                let observer = observer(
                    Arc::clone(&self.progress),
                    &run,
                    &question,
                    limits,
                    done as u64,
                    found as u64,
                );
                let options = HubOptions {
                    policy: restart_policy(&self.settings),
                    wall_left: Some(limits.wall),
                    drain: DRAIN,
                    observer,
                };
                let mut registry = register(&kit);
                plugin::register(&mut registry, &self.roster, &hosts);
                for native in &self.natives {
                    native.register(&mut registry);
                }
                if let Some(arrange) = self.arrange {
                    arrange(&mut registry);
                }
                Hub::new(run.clone(), Arc::clone(&path), journal.clone(), &registry, options)
                    .work(&self.stop)
                    .await?
            }
        };
        let end = match result {
            RunResult::Ended(end) => end,
            RunResult::Stopped => {
                let reason = "stopped by the user".to_owned();
                let outage = false;
                journal
                    .commit(Commit::record(Record::Stopped { reason, outage }))
                    .await?;
                stopped(&run, None)
            }
            RunResult::Paused(reason) => {
                let end = stopped(&run, Some(&reason));
                let outage = true;
                journal
                    .commit(Commit::record(Record::Stopped { reason, outage }))
                    .await?;
                end
            }
        };
        drop((kit, hosts));
        let (state, _) = restore_state(&journal)?;
        let context = dossier::Context {
            run: &run,
            settings: &self.settings,
            end: &end,
        };
        let dossier = dossier::dossier(&context, &state, &journal)?;
        let contents = RunVersion::of_run(&journal)?.render_report(&path, &dossier)?;
        let written = write_files(&path, &contents)?;
        Ok(Finished { end, dossier, written })
    }
}

/// That the agents are those that the run began with.
fn unchanged(journal: &Journal, now: &BTreeMap<String, String>, run: &Path) -> Result<(), LabError> {
    for entry in journal.entries_of(&[Kind::Opened]) {
        let Record::Opened(Opening { agents, .. }) = entry?.record else {
            continue;
        };
        let names: BTreeSet<&String> = agents.keys().chain(now.keys()).collect();
        return match names.into_iter().find(|name| agents.get(*name) != now.get(*name)) {
            None => Ok(()),
            Some(changed) => Err(PluginError::Changed {
                agent: changed.clone(),
                path: run.join(plugin::FOLDER).join(changed),
            }
            .into()),
        };
    }
    Ok(())
}

/// Removes what agents of an earlier process left in their working folders: no other process works on the run.
fn clear_scratch(run: &Path) -> Result<(), LabError> {
    let scratch = run.join(plugin::FOLDER).join(".scratch");
    match crate::sandbox::remove_tree(&scratch) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(LabError::io("clear", scratch)(error)),
        _ => Ok(()),
    }
}

/// Puts the Python SDK where agents find it.
fn unpack_sdk(run: &Path) -> Result<(), LabError> {
    let target = run.join(plugin::FOLDER).join(".sdk");
    plugin::unpack_sdk(&target).map_err(LabError::io("write the SDK to", target))
}

/// Writes the report of a run again, from its journal alone.
///
/// # Errors
/// When another process works on the run, or its journal or its experiments cannot be read.
pub fn render(folder: &RunFolder) -> Result<Finished, LabError> {
    let settings = folder.settings()?;
    let (path, run) = (folder.path(), folder.id());
    let journal = Journal::open(
        path,
        journal::Options {
            durability: durability(&settings),
        },
    )?;
    let (state, _) = restore_state(&journal)?;
    let end = match &state.end {
        Some(end) => end.clone(),
        None => stopped(&run, paused(&journal)?.as_deref()),
    };
    let context = dossier::Context {
        run: &run,
        settings: &settings,
        end: &end,
    };
    let dossier = dossier::dossier(&context, &state, &journal)?;
    let contents = RunVersion::of_run(&journal)?.render_report(path, &dossier)?;
    let written = write_files(path, &contents)?;
    Ok(Finished { end, dossier, written })
}

/// Takes out of a run's journal what it has lost and what came after that; says what it was, if anything.
///
/// # Errors
/// When another process works on the run, or its journal cannot be read at all.
pub fn drop_damaged(folder: &RunFolder) -> Result<Option<journal::Dropped>, LabError> {
    let durability = durability(&folder.settings()?);
    let (_, dropped) = Journal::open_without_lost(folder.path(), journal::Options { durability })?;
    Ok(dropped)
}

/// The end of a run that has not ended: the user's doing, or for the reason that it paused for.
fn stopped(run: &RunId, paused: Option<&str>) -> RunEnd {
    let (reason, why) = match paused {
        Some(why) => (EndReason::Outage, why),
        None => (EndReason::User, "stopped before its end"),
    };
    RunEnd {
        status: RunStatus::Stopped,
        reason,
        message: format!("{why}; `kosmos resume {run}` goes on"),
    }
}

/// Why the run paused, if that is what happened last.
fn paused(journal: &Journal) -> Result<Option<String>, LabError> {
    let mut paused = None;
    for entry in journal.entries_of(&[Kind::Stopped, Kind::Opened]) {
        match entry?.record {
            Record::Stopped { reason, outage } => paused = outage.then_some(reason),
            Record::Opened(_) => paused = None,
            _ => {}
        }
    }
    Ok(paused)
}

pub(super) fn durability(settings: &Settings) -> journal::Durability {
    match settings.journal.durability {
        Durability::Process => journal::Durability::Process,
        Durability::Power => journal::Durability::Power,
    }
}

fn restart_policy(settings: &Settings) -> RestartPolicy {
    let set = &settings.supervisor;
    RestartPolicy {
        max_restarts: set.max_restarts as usize,
        window: set.window.get(),
        backoff_min: set.backoff_min.get(),
        backoff_max: set.backoff_max.get(),
        max_attempts: set.max_attempts,
        strategy: match set.strategy {
            config::Strategy::OneForOne => Strategy::OneForOne,
            config::Strategy::RestForOne => Strategy::RestForOne,
        },
    }
}
