//! The built-in agents, one folder or file each: the six that do the research, in [`register_built_in`], and those that
//! listen, in `built_in_listeners`. Adding one is its file and its line there.

mod code_generator;
mod data_analyst;
mod hypothesis_generator;
mod knowledge_graph_writer;
mod native;
pub mod research_director;
mod sandbox_executor;

use std::{rc::Rc, sync::Arc, time::Duration};

pub(crate) use code_generator::assemble_standalone;
pub(crate) use code_generator::write_profile_script;
pub use code_generator::{CodeGenerator, TemplateError, Templates};
pub use data_analyst::DataAnalyst;
pub(crate) use data_analyst::check_custom_result;
pub use hypothesis_generator::HypothesisGenerator;
pub use knowledge_graph_writer::{
    Delivery, FlushError, Knowledge, KnowledgeGraphWriter, Outbox, OutboxOptions, delivery_key, derive_facts,
    undelivered_messages,
};
pub use native::{Listener, Native};
pub use research_director::ResearchDirector;
pub use sandbox_executor::{ExecutorOptions, SandboxExecutor};
pub(crate) use sandbox_executor::{Restorer, convert_sandbox_error};

use crate::agent::{AgentSpec, Registry};
use crate::config::OnOutage;
use crate::journal::Journal;
use crate::llm::Mind;
use crate::message::agent;
use crate::policy::Thinker;

/// The parts that the built-in agents are made from.
#[derive(Clone)]
pub struct Kit {
    /// The run's journal.
    pub journal: Journal,
    /// The script templates.
    pub templates: Arc<Templates>,
    /// Sandbox, limits and interpreter.
    pub executor: Arc<ExecutorOptions>,
    /// Where knowledge goes to and comes from.
    pub knowledge: Knowledge,
    /// How long one message may take an agent.
    pub deadline: Duration,
    /// Experiments that run at once.
    pub max_parallel: usize,
    /// The language model, where the run thinks with one.
    pub mind: Option<Mind>,
    /// The reaction to a model that stays unavailable.
    pub on_outage: OnOutage,
    /// Messages between two snapshots of the director's state.
    pub snapshot_every: u64,
}

/// Of an agent's time for a message, the share that it waits for a model at most: the rest is for an answer without
/// one.
const PATIENCE: f64 = 0.9;

impl Kit {
    /// The model as agents use it.
    pub fn make_thinker(&self) -> Option<Thinker> {
        let patience = self.deadline.mul_f64(PATIENCE);
        let mind = self.mind.clone()?;
        Some(Thinker::new(mind, self.on_outage, patience))
    }
}

macro_rules! listeners {
    ($($name:ident),* $(,)?) => {
        $(mod $name;)*

        /// The built-in agents that listen and speak as those of folders do.
        pub fn built_in_listeners() -> Vec<Native> {
            vec![$($name::study_planner()),*]
        }
    };
}

// Adding one is its file here, its folder under `agents/`, and its line in this list.
listeners! {
    study_planner,
}

/// The six, ready to be made.
pub fn register_built_in(kit: &Kit) -> Registry {
    let mut registry = Registry::default();
    let deadline = kit.deadline;
    let (journal, every, thinker) = (kit.journal.clone(), kit.snapshot_every, kit.make_thinker());
    registry.register(
        agent::RESEARCH_DIRECTOR,
        AgentSpec::new(deadline, move || {
            Ok(Rc::new(ResearchDirector::restore_from_journal(
                &journal,
                every,
                thinker.clone(),
            )?))
        }),
    );
    let (rules, thinker) = (kit.templates.family_rules(), kit.make_thinker());
    registry.register(
        agent::HYPOTHESIS_GENERATOR,
        AgentSpec::new(deadline, move || {
            Ok(Rc::new(HypothesisGenerator::new(Arc::clone(&rules), thinker.clone())))
        }),
    );
    let (templates, thinker) = (Arc::clone(&kit.templates), kit.make_thinker());
    // A model may be asked for several scripts at once; without one there is nothing to wait for.
    let at_once = if thinker.is_some() { kit.max_parallel } else { 1 };
    registry.register(
        agent::CODE_GENERATOR,
        AgentSpec::new(deadline, move || {
            Ok(Rc::new(CodeGenerator::new(Arc::clone(&templates), thinker.clone())))
        })
        .with_concurrency(at_once),
    );
    let executor = Arc::clone(&kit.executor);
    registry.register(
        agent::SANDBOX_EXECUTOR,
        AgentSpec::new(deadline.max(kit.executor.longest_wall() * 2), move || {
            Ok(Rc::new(SandboxExecutor::new(Arc::clone(&executor))))
        })
        .with_concurrency(kit.max_parallel),
    );
    let (thinker, executor) = (kit.make_thinker(), Arc::clone(&kit.executor));
    registry.register(
        agent::DATA_ANALYST,
        AgentSpec::new(deadline, move || {
            Ok(Rc::new(DataAnalyst::new(thinker.clone(), Arc::clone(&executor))))
        }),
    );
    let knowledge = kit.knowledge.clone();
    let deadline = deadline.max(knowledge.longest_wait() * 2);
    registry.register(
        agent::KNOWLEDGE_GRAPH_WRITER,
        AgentSpec::new(deadline, move || {
            Ok(Rc::new(KnowledgeGraphWriter::new(knowledge.clone())))
        }),
    );
    registry
}
