//! Fills in the protocol of a request.

use kosmos_core::{plain_path::PlainPath, run_files};
use serde_json::{Map, Value, json};

use crate::message::{CustomPlan, DatasetPlan, DesignExperiment, ExperimentTask, JoinedTables, TableLayout, TestPlan};
use crate::science::{Arm, ExperimentId, Hypothesis, InputFile, InputPlace, Part, Protocol, Template, template};
use crate::study::{CodebookColumn, ColumnRole};

/// The protocol of the `attempt`-th script for `request`, around `code` where a model wrote some.
pub(super) fn make_protocol(request: &DesignExperiment, attempt: u32, code: Option<&str>) -> Protocol {
    let (title, inputs, parameters) = match &request.task {
        ExperimentTask::Profile { data, .. } => (
            format!("Profile of {}", data.name),
            raw_inputs(data),
            profile_parameters(request, data),
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

/// The files of a table, each with its place for the script.
fn raw_inputs(data: &DatasetPlan) -> Vec<InputFile> {
    let input = |(data, inside): (&DatasetPlan, PlainPath)| InputFile {
        host: InputPlace::Outside(data.path.clone()),
        inside,
        sha256: data.sha256.clone(),
    };
    match &data.joined {
        None => vec![input((data, PlainPath::of("data").join_id(file_name(data))))],
        Some(joined) => joined.parts.iter().zip(places_of_parts(joined)).map(input).collect(),
    }
}

/// The places of the files of joined tables, which may have one name.
fn places_of_parts(joined: &JoinedTables) -> impl Iterator<Item = PlainPath> {
    let folder = PlainPath::of("data");
    let places = joined.parts.iter().enumerate();
    places.map(move |(number, part)| folder.join_id((number + 1).to_string()).join_id(file_name(part)))
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
    let path = table.file(run_files::CANONICAL_TABLE);
    InputFile {
        host: InputPlace::InRun(path.clone()),
        inside: path,
        sha256: sha256.to_owned(),
    }
}

fn table_path(table: &ExperimentId) -> String {
    format!("../{table}/{}", run_files::CANONICAL_TABLE)
}

fn profile_parameters(request: &DesignExperiment, data: &DatasetPlan) -> Value {
    let ExperimentTask::Profile {
        question,
        target,
        exposure,
        given,
        subject,
        time,
        randomised,
        ..
    } = &request.task
    else {
        return Value::Null;
    };
    let declared = Declared::of(data);
    // What is declared for the run comes before the codebook.
    let of_codebook = |role: ColumnRole| declared.column_with(role).cloned();
    let mut parameters = object([
        ("template", json!(template::PROFILE)),
        ("dataset", json!(request.dataset)),
        ("source_sha256", json!(data.sha256)),
        ("format", json!(data.format)),
        ("question", json!(question)),
        ("target", json!(target)),
        ("outcome", json!(target)),
        ("exposure", json!(exposure)),
        ("given", json!(given)),
        (
            "declared",
            json!({
                "subject": subject.clone().or_else(|| of_codebook(ColumnRole::Subject)),
                "time": time.clone().or_else(|| of_codebook(ColumnRole::Time)),
            }),
        ),
        ("randomised", json!(randomised)),
        ("seed", json!(request.seed)),
    ]);
    match &data.joined {
        None => parameters.extend(object([("source", json!(format!("../../data/{}", file_name(data))))])),
        Some(joined) => {
            let sources = joined.parts.iter().zip(places_of_parts(joined));
            parameters.extend(object([
                ("sources", sources.map(describe_source).collect()),
                (
                    "join",
                    match data.is_search() {
                        true => json!("find"),
                        false => json!(joined.joins),
                    },
                ),
            ]));
        }
    }
    parameters.extend(declared.parameters());
    Value::Object(parameters)
}

fn object<const N: usize>(entries: [(&str, Value); N]) -> Map<String, Value> {
    entries
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect()
}

/// One of several tables, as the script that joins them takes it.
fn describe_source((part, place): (&DatasetPlan, PlainPath)) -> Value {
    let declared = Declared::of(part);
    let mut source = object([
        ("name", json!(part.name)),
        ("source", json!(format!("../../{place}"))),
        ("source_sha256", json!(part.sha256)),
        ("format", json!(part.format)),
    ]);
    source.extend(declared.parameters());
    Value::Object(source)
}

/// The declarations of a table by a codebook, a description and a layout.
struct Declared<'a> {
    layout: &'a TableLayout,
    columns: Vec<CodebookColumn>,
}

impl<'a> Declared<'a> {
    fn of(data: &'a DatasetPlan) -> Self {
        let columns = data.declared.iter().flat_map(|declared| &declared.table.columns);
        Self {
            layout: &data.layout,
            columns: with_descriptions(columns.cloned().collect(), data.description.as_deref()),
        }
    }

    fn column_with(&self, role: ColumnRole) -> Option<&String> {
        let column = self.columns.iter().find(|column| column.role == Some(role))?;
        Some(&column.name)
    }

    /// The keys for the script, where there is something to say.
    fn parameters(&self) -> Map<String, Value> {
        let layout = (!self.layout.is_empty()).then(|| ("layout".to_owned(), json!(self.layout)));
        let columns = (!self.columns.is_empty()).then(|| ("codebook".to_owned(), json!(self.columns)));
        layout.into_iter().chain(columns).collect()
    }
}

/// The declared columns with those that a table's description describes, in lines such as `mass: body mass in grams`.
fn with_descriptions(mut columns: Vec<CodebookColumn>, description: Option<&str>) -> Vec<CodebookColumn> {
    for line in description.unwrap_or_default().lines() {
        let Some((name, text)) = line.split_once(':').map(|(name, text)| (name.trim(), text.trim())) else {
            continue;
        };
        if name.is_empty() || text.is_empty() {
            continue;
        }
        match columns.iter_mut().find(|column| column.name == name) {
            Some(column) => {
                column.description.get_or_insert_with(|| text.to_owned());
            }
            None => columns.push(CodebookColumn {
                name: name.to_owned(),
                description: Some(text.to_owned()),
                ..CodebookColumn::default()
            }),
        }
    }
    columns
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
    let mut entry = json!({
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
        "clusters": plan.clusters,
        "permutations": plan.permutations,
    });
    if let (Some(level), Some(entry)) = (plan.levels.get(place).copied().flatten(), entry.as_object_mut()) {
        entry.insert("level".to_owned(), level.into());
    }
    entry
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
