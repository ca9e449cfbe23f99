//! Fills in the protocol of a request.

use std::path::PathBuf;

use kosmos_core::run_files;
use serde_json::{Value, json};

use crate::message::{CustomPlan, DatasetPlan, DesignExperiment, ExperimentTask, TestPlan};
use crate::science::{Arm, ExperimentId, Hypothesis, InputFile, Part, Protocol, Template, template};

/// The protocol of the `attempt`-th script for `request`, around `code` where a model wrote some.
pub(super) fn make_protocol(request: &DesignExperiment, attempt: u32, code: Option<&str>) -> Protocol {
    let (title, inputs, parameters) = match &request.task {
        ExperimentTask::Profile {
            data,
            question,
            target,
            randomised,
        } => (
            format!("Profile of {}", data.name),
            vec![raw_input(data)],
            profile_parameters(request, data, question, target.as_deref(), randomised),
        ),
        ExperimentTask::Tests(plan) => {
            let kind = plan
                .hypotheses
                .first()
                .map_or("", |hypothesis| hypothesis.kind.as_str());
            let shuffled = shuffled_suffix(request);
            let tests = if plan.hypotheses.len() == 1 { "test" } else { "tests" };
            (
                format!(
                    "{} {tests} of {} on {}{shuffled}",
                    plan.hypotheses.len(),
                    kind,
                    request.dataset
                ),
                vec![table_input(&plan.table, &plan.table_sha256)],
                test_parameters(request, plan, kind),
            )
        }
        ExperimentTask::Custom(plan) => (
            format!(
                "An analysis of {} and {} on {} ({}, by a model){}",
                plan.hypothesis.x,
                plan.hypothesis.y,
                request.dataset,
                super::author::script_ordinal(plan),
                shuffled_suffix(request)
            ),
            vec![table_input(&plan.table, &plan.table_sha256)],
            custom_parameters(request, plan, code),
        ),
        ExperimentTask::Figures {
            table,
            table_sha256,
            hypotheses,
        } => (
            format!("Figures of the findings on {}", request.dataset),
            vec![table_input(table, table_sha256)],
            figure_parameters(request, table, hypotheses),
        ),
    };
    Protocol {
        template: template_for_task(&request.task),
        title,
        dataset: request.dataset.clone(),
        arm: request.arm,
        cycle: request.cycle,
        attempt,
        hypotheses: super::hypotheses_to_test(request),
        inputs,
        parameters,
    }
}

fn shuffled_suffix(request: &DesignExperiment) -> &'static str {
    if request.arm == Arm::Shuffled {
        ", every column shuffled"
    } else {
        ""
    }
}

/// The template that a task is done with.
pub(super) fn template_for_task(task: &ExperimentTask) -> Template {
    match task {
        ExperimentTask::Profile { .. } => template::PROFILE.to_owned(),
        ExperimentTask::Tests(plan) => plan
            .hypotheses
            .first()
            .map_or_else(String::new, |hypothesis| hypothesis.kind.clone()),
        ExperimentTask::Custom(plan) => plan.hypothesis.kind.clone(),
        ExperimentTask::Figures { .. } => template::FIGURES.to_owned(),
    }
}

fn raw_input(data: &DatasetPlan) -> InputFile {
    InputFile {
        host: data.path.clone(),
        inside: PathBuf::from("data").join(file_name(data)),
        sha256: data.sha256.clone(),
    }
}

/// A plain file name for the raw data: its own, where that is plain.
fn file_name(data: &DatasetPlan) -> String {
    let name = data
        .path
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    let plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-' | '_');
    let name: String = name
        .chars()
        .map(|letter| if plain(letter) { letter } else { '_' })
        .collect();
    let name = name.trim_start_matches(['.', '-']).to_owned();
    if name.is_empty() { "table".to_owned() } else { name }
}

fn table_input(table: &ExperimentId, sha256: &str) -> InputFile {
    let path = table.file(run_files::CANONICAL_TABLE).as_path().to_owned();
    InputFile {
        host: path.clone(),
        inside: path,
        sha256: sha256.to_owned(),
    }
}

fn table_path(table: &ExperimentId) -> String {
    format!("../{table}/{}", run_files::CANONICAL_TABLE)
}

fn profile_parameters(
    request: &DesignExperiment,
    data: &DatasetPlan,
    question: &str,
    target: Option<&str>,
    randomised: &[String],
) -> Value {
    json!({
        "template": template::PROFILE,
        "dataset": request.dataset,
        "source": format!("../../data/{}", file_name(data)),
        "source_sha256": data.sha256,
        "format": data.format,
        "question": question,
        "target": target,
        "randomised": randomised,
        "seed": request.seed,
    })
}

fn test_parameters(request: &DesignExperiment, plan: &TestPlan, kind: &str) -> Value {
    let tests: Vec<Value> = plan
        .hypotheses
        .iter()
        .enumerate()
        .map(|(place, hypothesis)| test_entry(plan, place, hypothesis))
        .collect();
    json!({
        "template": kind,
        "dataset": request.dataset,
        "table": table_path(&plan.table),
        "table_sha256": plan.table_sha256,
        "seed": request.seed,
        "shuffle_seed": (request.arm == Arm::Shuffled).then_some(request.seed),
        "split": { "by": plan.unit, "explore": plan.explore_share },
        "time": plan.time,
        "rows_cap_checks": plan.check_rows,
        "tests": tests,
    })
}

fn test_entry(plan: &TestPlan, place: usize, hypothesis: &Hypothesis) -> Value {
    json!({
        "id": hypothesis.id,
        "x": hypothesis.x,
        "y": hypothesis.y,
        "kind": hypothesis.kind,
        "covariates": hypothesis.covariates,
        "by": hypothesis.by,
        "event": hypothesis.event,
        "duration": hypothesis.event.as_ref().map(|_| &hypothesis.y),
        "part": if hypothesis.part == Part::Whole { "whole" } else { "confirm" },
        "check": plan.checks.get(place).cloned().unwrap_or_default(),
        "y_level": plan.y_levels.get(place).cloned().flatten(),
        "unit": plan.unit,
        "permutations": plan.permutations,
    })
}

fn custom_parameters(request: &DesignExperiment, plan: &CustomPlan, code: Option<&str>) -> Value {
    json!({
        "template": plan.hypothesis.kind,
        "dataset": request.dataset,
        "table": table_path(&plan.table),
        "table_sha256": plan.table_sha256,
        "seed": request.seed,
        "shuffle_seed": (request.arm == Arm::Shuffled).then_some(request.seed),
        "split": { "by": plan.unit, "explore": plan.explore_share },
        "time": plan.time,
        "id": plan.hypothesis.id,
        "x": plan.hypothesis.x,
        "y": plan.hypothesis.y,
        "analysis": plan.hypothesis.analysis,
        "author": plan.author,
        "permutations": plan.permutations,
        "error_control": plan.error_control,
        "code": code,
    })
}

fn figure_parameters(request: &DesignExperiment, table: &ExperimentId, hypotheses: &[Hypothesis]) -> Value {
    let figures: Vec<Value> = hypotheses
        .iter()
        .map(|hypothesis| {
            json!({
                "id": hypothesis.id,
                "kind": hypothesis.kind,
                "x": hypothesis.x,
                "y": hypothesis.y,
                "by": hypothesis.by,
                "event": hypothesis.event,
                "covariates": hypothesis.covariates,
            })
        })
        .collect();
    json!({
        "template": template::FIGURES,
        "dataset": request.dataset,
        "table": table_path(table),
        "seed": request.seed,
        "figures": figures,
    })
}
