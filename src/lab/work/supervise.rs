//! Starts a run's agents and its supervisor, and works until the run ends or stops.

use std::{path::Path, sync::Arc, time::Duration};

use super::{
    Lab,
    begin::{Begun, check_agents_unchanged, clear_scratch, unpack_sdk},
};
use crate::{
    actors::{
        Kit, register_built_in,
        research_director::{ResearchState, restore_state},
    },
    agent::Registry,
    journal::{Commit, Journal, Record},
    lab::{
        LabError, RunFolder, SandboxSite, backends,
        options::restart_policy,
        watch::{ShownLimits, observe_run},
    },
    message::{Envelope, Opening, agent},
    plugin::{self, PluginKit},
    policy::Thinker,
    science::Arm,
    supervisor::{Hub, HubOptions, RunResult},
};

/// Topic of the run's first message.
const TOPIC_START: usize = 0;

/// The time that a first request to stop leaves for work in progress.
const DRAIN: Duration = Duration::from_secs(5);

impl Lab {
    /// Works until the run ends or stops. Nothing of it holds the journal or the graph after this returns.
    pub(super) async fn supervise(mut self, site: SandboxSite, begun: Begun) -> Result<RunResult, LabError> {
        let path: Arc<Path> = Arc::from(self.folder.path());
        let run = self.folder.id();
        let Begun {
            journal,
            mind,
            knowledge,
            elapsed,
        } = begun;
        let kit = backends::assemble_kit(&self.settings, &site.sandbox, &journal, mind.clone(), knowledge.clone())?;
        let hashes = self.roster.hash_folders()?;
        check_agents_unchanged(&journal, &hashes, &path)?;
        if self.roster.has_programs() {
            clear_scratch(journal.run_dir())?;
            unpack_sdk(journal.run_dir())?;
        }
        let hosts = Arc::new(PluginKit {
            run: run.clone(),
            folder: Arc::clone(&path),
            journal: journal.clone(),
            programs: site.programs.clone(),
            executor: Arc::clone(&kit.executor),
            thinker: mind.map(|mind| Thinker::new(mind, kit.on_outage, backends::longest_thinking(&self.settings))),
            knowledge,
            alpha: self.settings.research.alpha,
            experiments: u64::from(self.settings.budget.experiments),
            tokens: self.settings.budget.tokens,
            recorded: self.recorded_receipts()?,
            thinking: backends::longest_thinking(&self.settings),
        });
        let rows = site.sandbox.guarantees().rows.iter();
        let opened = Record::Opened(Opening {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            python: site.python.clone(),
            processor: site.processor.clone(),
            images: site.images.clone(),
            replays: self.replay.as_ref().map(RunFolder::id),
            agents: hashes,
            branch: None,
            sandbox: rows
                .map(|row| (row.protection.to_string(), format!("{}: {}", row.held, row.how)))
                .collect(),
        });
        if journal.last_seq() == 0 {
            self.folder
                .record_first_record(&opened, self.settings.journal.durability)?;
        }
        journal.commit(Commit::of_record(opened)).await?;
        let (before, _) = restore_state(&journal)?;
        if let Some(end) = &before.end {
            return Ok(RunResult::Ended(end.clone()));
        }
        if before.plan.is_none() {
            let plan = self.research_plan()?;
            let start = Envelope::external(&run, TOPIC_START, agent::RESEARCH_DIRECTOR.into(), plan.into());
            journal.commit(Commit::of_message(start)).await?;
        }
        self.stop.listen_to_signals();
        let options = self.hub_options(&before, elapsed);
        let registry = self.register_agents(&kit, &hosts);
        self.run_hub(&path, &journal, &registry, options).await
    }

    fn hub_options(&self, before: &ResearchState, elapsed: Duration) -> HubOptions {
        let limits = ShownLimits {
            cycles: self.settings.budget.cycles,
            experiments: u64::from(self.settings.budget.experiments),
            wall: self.settings.budget.wall_time.get().saturating_sub(elapsed),
        };
        let experiments = before.experiments.values();
        let done = experiments.filter(|experiment| experiment.outcome.is_some()).count();
        let records = before.records_of(Arm::Observed);
        let found = records.filter(|record| record.significant).count();
        let question = self.settings.question.clone().unwrap_or_default();
        let observer = observe_run(
            Arc::clone(&self.progress),
            &self.folder.id(),
            &question,
            limits,
            done as u64,
            found as u64,
        );
        HubOptions {
            policy: restart_policy(&self.settings),
            wall_left: Some(limits.wall),
            drain: DRAIN,
            observer,
        }
    }

    /// The built-in agents, then those of the run file, then those of the calling program.
    fn register_agents(&mut self, kit: &Kit, hosts: &Arc<PluginKit>) -> Registry {
        let mut registry = register_built_in(kit);
        plugin::register_agents(&mut registry, &self.roster, hosts);
        for native in &self.natives {
            native.register(&mut registry);
        }
        if let Some(arrange) = self.arrange.take() {
            arrange(&mut registry);
        }
        registry
    }

    async fn run_hub(
        &self,
        path: &Arc<Path>,
        journal: &Journal,
        registry: &Registry,
        options: HubOptions,
    ) -> Result<RunResult, LabError> {
        let hub = Hub::new(self.folder.id(), Arc::clone(path), journal.clone(), registry, options);
        Ok(hub.run_to_end(&self.stop).await?)
    }
}
