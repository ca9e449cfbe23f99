//! The director's plan, from the settings.

use std::{collections::BTreeSet, path::PathBuf};

use super::{LabError, codebook::load_codebooks};
use crate::{
    config::{DataSource, PolicyChoice, Settings},
    hash::{sha256_file, sha256_hex},
    message::{DatasetPlan, JoinedTables, ModelPlan, ResearchPlan, TableLayout, agent},
    plugin::Roster,
    study::{ColumnRole, DeclaredTable, TableJoin},
};

/// Maximum number of repairs of one script: each test on its own, then with fewer checks.
const MAX_REPAIRS: u32 = 2;

/// The plan that follows from the settings and the data files as they are now.
pub(super) fn plan_from_files(settings: &Settings, roster: &Roster) -> Result<ResearchPlan, LabError> {
    let mut names = BTreeSet::new();
    let mut datasets = Vec::new();
    let codebooks = load_codebooks(&settings.data).map_err(Box::new)?;
    for (source, declared) in settings.data.iter().zip(codebooks) {
        let name = source.display_name();
        if !names.insert(name.clone()) {
            return Err(LabError::TwoTables { name });
        }
        let path = source.path.clone();
        let sha256 = sha256_file(&path).map_err(LabError::io("read", &path))?;
        let bytes = std::fs::metadata(&path).map_err(LabError::io("read", &path))?.len();
        datasets.push(plan_dataset(source, sha256, bytes, declared));
    }
    datasets.extend(plan_joined(&datasets, &settings.join));
    Ok(plan_for_datasets(datasets, settings, roster))
}

/// The plan of the table in a file of that hash and size.
pub(super) fn plan_dataset(
    source: &DataSource,
    sha256: String,
    bytes: u64,
    declared: Option<DeclaredTable>,
) -> DatasetPlan {
    let format = serde_json::to_value(source.format)
        .ok()
        .and_then(|format| format.as_str().map(str::to_owned))
        .unwrap_or_else(|| "auto".to_owned());
    let of_codebook = declared.as_ref().map(|declared| &declared.table);
    // What the run file says of this table comes before its codebook.
    let layout = TableLayout {
        sheet: source.sheet.clone().or_else(|| of_codebook?.sheet.clone()),
        header: source.header.map(u64::from).or_else(|| of_codebook?.header_row),
        skip: source.skip.map(u64::from).or_else(|| of_codebook?.skip),
    };
    DatasetPlan {
        name: source.display_name(),
        path: source.path.clone(),
        format,
        sha256,
        bytes,
        layout,
        declared: declared.map(Box::new),
        description: source.description.clone(),
        joined: None,
    }
}

/// The tables as one, which the columns that they share make of them; none of a single table.
pub(super) fn plan_joined(datasets: &[DatasetPlan], joins: &[TableJoin]) -> Option<DatasetPlan> {
    let names: Vec<&str> = datasets.iter().map(|data| &*data.name).collect();
    let name = names.join(" + ");
    if datasets.len() < 2 || datasets.iter().any(|data| data.name == name) {
        return None;
    }
    let hashes: Vec<&str> = datasets.iter().map(|data| &*data.sha256).collect();
    Some(DatasetPlan {
        name,
        path: PathBuf::new(),
        format: "auto".to_owned(),
        sha256: sha256_hex(serde_json::json!([hashes, joins]).to_string()),
        bytes: datasets.iter().map(|data| data.bytes).sum(),
        layout: TableLayout::default(),
        declared: None,
        description: None,
        joined: Some(Box::new(JoinedTables {
            parts: datasets.to_vec(),
            joins: joins.to_vec(),
        })),
    })
}

/// The columns that were assigned at random, as the settings and the codebooks say.
fn list_randomised(settings: &Settings, datasets: &[DatasetPlan]) -> Vec<String> {
    let mut names = settings.randomised.clone();
    let declared = datasets.iter().filter_map(|data| data.declared.as_ref());
    for column in declared.flat_map(|declared| &declared.table.columns) {
        if column.role == Some(ColumnRole::Assigned) && !names.contains(&column.name) {
            names.push(column.name.clone());
        }
    }
    names
}

/// The plan for tables whose hashes are known.
pub(super) fn plan_for_datasets(datasets: Vec<DatasetPlan>, settings: &Settings, roster: &Roster) -> ResearchPlan {
    let (research, budget) = (&settings.research, &settings.budget);
    let agents = roster.agent_plans(u64::from(budget.experiments), research.challenge_share);
    let kept: u64 = agents.iter().map(|agent| agent.experiments).sum();
    ResearchPlan {
        question: settings.question.clone().unwrap_or_default().trim().to_owned(),
        target: settings.target.clone(),
        exposure: settings.exposure.clone(),
        given: settings.given.clone(),
        subject: settings.subject.clone(),
        time: settings.time.clone(),
        project: settings.project.clone(),
        randomised: list_randomised(settings, &datasets),
        datasets,
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
