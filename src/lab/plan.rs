//! The director's plan, from the settings.

use std::collections::BTreeSet;

use super::LabError;
use crate::{
    config::{PolicyChoice, Settings},
    hash::sha256_file,
    message::{DatasetPlan, ModelPlan, ResearchPlan, agent},
    plugin::Roster,
};

/// Maximum number of repairs of one script: each test on its own, then with fewer checks.
const MAX_REPAIRS: u32 = 2;

/// The plan that follows from the settings and the data files as they are now.
pub(super) fn plan_from_files(settings: &Settings, roster: &Roster) -> Result<ResearchPlan, LabError> {
    let mut names = BTreeSet::new();
    let mut datasets = Vec::new();
    for source in &settings.data {
        let name = source.display_name();
        if !names.insert(name.clone()) {
            return Err(LabError::TwoTables { name });
        }
        let path = source.path.clone();
        let sha256 = sha256_file(&path).map_err(LabError::io("read", &path))?;
        let bytes = std::fs::metadata(&path).map_err(LabError::io("read", &path))?.len();
        let format = serde_json::to_value(source.format)
            .ok()
            .and_then(|format| format.as_str().map(str::to_owned))
            .unwrap_or_else(|| "auto".to_owned());
        datasets.push(DatasetPlan {
            name,
            path,
            format,
            sha256,
            bytes,
        });
    }
    Ok(plan_for_datasets(datasets, settings, roster))
}

/// The plan for tables whose hashes are known.
pub(super) fn plan_for_datasets(datasets: Vec<DatasetPlan>, settings: &Settings, roster: &Roster) -> ResearchPlan {
    let (research, budget) = (&settings.research, &settings.budget);
    let agents = roster.agent_plans(u64::from(budget.experiments), research.challenge_share);
    let kept: u64 = agents.iter().map(|agent| agent.experiments).sum();
    ResearchPlan {
        question: settings.question.clone().unwrap_or_default().trim().to_owned(),
        target: settings.target.clone(),
        project: settings.project.clone(),
        datasets,
        randomised: settings.randomised.clone(),
        seed: settings.seed,
        alpha: research.alpha,
        explore_share: research.explore_share,
        explore_ratio: research.explore_ratio,
        batch: research.batch as usize,
        follow_ups: research.follow_ups as usize,
        shuffled_run: research.shuffled_run,
        permutations: u64::from(research.permutations),
        check_rows: research.check_rows,
        max_cycles: budget.cycles,
        // The experiments reserved for agents are not the director's.
        max_experiments: u64::from(budget.experiments).saturating_sub(kept),
        max_tests: u64::from(budget.tests),
        max_repairs: MAX_REPAIRS,
        model: (settings.policy == PolicyChoice::Llm).then_some(ModelPlan {
            hypotheses: settings.llm.hypotheses as usize,
            analyses: settings.llm.analyses as usize,
            max_repairs: settings.llm.max_repairs,
        }),
        agents,
        unrecorded: roster.without.iter().any(|name| name == agent::KNOWLEDGE_GRAPH_WRITER),
    }
}
