//! Executes the scripts of a run again and compares their results with the record.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::Write,
    path::PathBuf,
    sync::Arc,
};

use futures::{StreamExt, TryStreamExt, stream};
use kosmos_core::{plain_path::PlainPath, removal::remove_tree, run_dir::RunDir, run_files};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::{FailedCheck, TOLERANCE, Verification};
use crate::{
    actors::check_custom_result,
    config::Settings,
    journal::Blobs,
    lab::{
        LabError, backends,
        replay::compare_documents,
        sandbox_limits,
        site::reader_limits,
        tables::{TableFault, Tables},
    },
    progress::{Progress, ProgressEvent},
    report::Dossier,
    sandbox::{Job, JobInput, Language, Sandbox, TemporaryFolder, read_result},
    science::{
        ExperimentId, ExperimentRecord, FindingEvidence, InputFile, InputPlace, Protocol, ScriptResult, kind,
        sha256_hex, template,
    },
};

type Experiments<'a> = BTreeMap<&'a ExperimentId, &'a ExperimentRecord>;

/// The sandbox and the files that scripts are executed again with.
pub(super) struct Rerun<'a> {
    tables: &'a Tables,
    settings: &'a Settings,
    sandbox: Arc<dyn Sandbox>,
    blobs: Blobs,
    scratch: TemporaryFolder,
}

/// The outcome of one execution, to be compared with the record.
struct Output {
    /// The reason why there is no result.
    failure: Option<String>,
    result: Option<Vec<u8>>,
    /// Hashes of the tables that it wrote.
    tables: BTreeMap<PlainPath, String>,
}

/// Why a script cannot be executed on one of its inputs again.
#[derive(Debug, thiserror::Error)]
enum InputFault {
    /// The user's table is not there.
    #[error("{} {fault}", path.display())]
    NotFound {
        /// The table's path.
        path: PathBuf,
        /// The reason.
        fault: TableFault,
    },
    /// The file is not the one that the run read.
    #[error("{} {problem}", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// The fault, as a predicate.
        problem: &'static str,
    },
}

impl<'a> Rerun<'a> {
    pub(super) fn new(
        tables: &'a Tables,
        settings: &'a Settings,
        sandbox: Arc<dyn Sandbox>,
        blobs: Blobs,
    ) -> Result<Self, LabError> {
        Ok(Self {
            tables,
            settings,
            sandbox,
            blobs,
            scratch: TemporaryFolder::create("verify").map_err(LabError::io("create", std::env::temp_dir()))?,
        })
    }

    /// Executes the scripts that findings rest on, or `all`, and adds what differs to `verification`.
    pub(super) async fn check_scripts(
        &self,
        dossier: &Dossier,
        all: bool,
        progress: &dyn Progress,
        verification: &mut Verification,
    ) -> Result<(), LabError> {
        let experiments: Experiments<'_> = dossier
            .experiments
            .iter()
            .map(|experiment| (&experiment.id, experiment))
            .collect();
        let cited = cited_experiments(dossier);
        verification.findings = cited.len() as u64;
        let wanted = match all {
            true => experiments
                .values()
                .filter(|experiment| experiment.result_sha256.is_some())
                .map(|experiment| experiment.id.clone())
                .collect(),
            false => add_inputs(cited, &experiments),
        };
        let total = wanted.len() as u64;
        let mut done = 0;
        let mut outputs =
            stream::iter(
                wanted
                    .iter()
                    .filter_map(|id| experiments.get(id))
                    .map(|experiment| async move {
                        self.execute_again(experiment).await.map(|output| (*experiment, output))
                    }),
            )
            .buffer_unordered(backends::max_parallel(self.settings));
        let mut problems = Vec::new();
        while let Some((experiment, output)) = outputs.try_next().await? {
            done += 1;
            progress.on(ProgressEvent::Preparing {
                what: "executing scripts again".to_owned(),
                done,
                total: Some(total),
            });
            let tolerance = verification.tolerance.is_some().then_some(TOLERANCE);
            problems.extend(self.compare_output(experiment, &output, tolerance));
        }
        verification.executed = done;
        problems.sort_by(|a: &FailedCheck, b| a.place.cmp(&b.place));
        verification.problems.extend(problems);
        Ok(())
    }

    /// Executes a script as the run recorded it, in an empty folder.
    async fn execute_again(&self, experiment: &ExperimentRecord) -> Result<Output, LabError> {
        let workspace = self.scratch.path().join(experiment.id.as_str());
        let impossible = |why: String| Output {
            failure: Some(format!("it cannot be executed again: {why}")),
            result: None,
            tables: BTreeMap::new(),
        };
        let script = match self.blobs.get(&experiment.script_sha256) {
            Ok(script) => script,
            Err(error) => return Ok(impossible(error.to_string())),
        };
        let inputs = match self.locate_inputs(&experiment.protocol) {
            Ok(inputs) => inputs,
            Err(fault) => return Ok(impossible(fault.to_string())),
        };
        let job = Job {
            key: format!("verify-{}", experiment.id),
            experiment: experiment.id.to_string(),
            workspace: workspace.clone(),
            inputs,
            script: run_files::SCRIPT.to_owned(),
            language: Language::Python,
            limits: if experiment.protocol.template == template::PROFILE {
                reader_limits(self.settings)
            } else {
                sandbox_limits(self.settings)
            },
        };
        // Before any path that is made from it is touched: the journal may be another's.
        if let Err(error) = job.validate() {
            return Ok(impossible(error.to_string()));
        }
        let protocol = serde_json::to_vec_pretty(&experiment.protocol).unwrap_or_default();
        let folder = fs::create_dir(&workspace)
            .and_then(|()| RunDir::open(&workspace))
            .map_err(LabError::io("create", &workspace))?;
        let write = |name: &'static str, content: &[u8]| {
            folder
                .create_file(&PlainPath::of(name))
                .and_then(|mut file| file.write_all(content))
                .map_err(LabError::io("write", workspace.join(name)))
        };
        write(run_files::SCRIPT, &script)?;
        write(run_files::PROTOCOL, &protocol)?;
        let execution = self.sandbox.run(job, CancellationToken::new()).await?;
        let mut tables = BTreeMap::new();
        for artefact in experiment
            .artefacts
            .iter()
            .filter(|artefact| artefact.path.as_str().ends_with(".parquet"))
        {
            let sha256 = folder.hash(&artefact.path, run_files::EXPERIMENT_BYTES);
            let sha256 = sha256.map(|sha256| sha256.to_string()).unwrap_or_default();
            tables.insert(artefact.path.clone(), sha256);
        }
        let output = Output {
            failure: (!execution.outcome.is_ok()).then(|| format!("executed again, the script {}", execution.outcome)),
            result: read_result(&folder, &PlainPath::of(run_files::RESULT)).ok(),
            tables,
        };
        let _ = remove_tree(&workspace);
        Ok(output)
    }

    /// Finds the inputs and checks that they are what the run read; the error is the first one that cannot be used.
    fn locate_inputs(&self, protocol: &Protocol) -> Result<Vec<JobInput>, InputFault> {
        let locate = |input: &InputFile| {
            let host = match &input.host {
                InputPlace::Outside(path) => {
                    let place = self
                        .tables
                        .check_table(path, &input.sha256)
                        .and_then(|()| self.tables.find_table(path, &input.sha256));
                    self.tables.path_of(&place.map_err(|fault| {
                        let path = path.clone();
                        InputFault::NotFound { path, fault }
                    })?)
                }
                InputPlace::InRun(inside) => {
                    let path = self.tables.run().place_of(inside);
                    match input.find_problem(self.tables.run()) {
                        Some(problem) => return Err(InputFault::Unusable { path, problem }),
                        None => path,
                    }
                }
            };
            let inside = input.inside.as_path().to_owned();
            Ok(JobInput { host, inside })
        };
        protocol.inputs.iter().map(locate).collect()
    }

    /// The differences from the recorded output, of numbers those by more than `tolerance`.
    fn compare_output(
        &self,
        experiment: &ExperimentRecord,
        output: &Output,
        tolerance: Option<f64>,
    ) -> Vec<FailedCheck> {
        let folder = format!("experiments/{}", experiment.id);
        let problem = |place: String, problem: String| FailedCheck { place, problem };
        if let Some(failure) = &output.failure {
            return vec![problem(format!("{folder}/script.py"), failure.clone())];
        }
        let mut problems = Vec::new();
        for artefact in &experiment.artefacts {
            if output
                .tables
                .get(&artefact.path)
                .is_some_and(|sha256| *sha256 != artefact.sha256)
            {
                problems.push(problem(
                    format!("{folder}/{}", artefact.path),
                    "executed again, its script writes a different table".to_owned(),
                ));
            }
        }
        let place = || format!("{folder}/result.json");
        let Some(result) = &output.result else {
            problems.push(problem(
                place(),
                "executed again, its script writes no result".to_owned(),
            ));
            return problems;
        };
        if Some(sha256_hex(result)) == experiment.result_sha256 {
            return problems;
        }
        let inside = experiment.id.file(run_files::RESULT);
        let recorded = self.tables.run().read(&inside, run_files::BLOB_BYTES).ok();
        let recorded = recorded.filter(|bytes| Some(sha256_hex(bytes)) == experiment.result_sha256);
        let parsed = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).unwrap_or_default();
        let Some(recorded) = recorded else {
            problems.push(problem(
                place(),
                "executed again, its script gives neither the recorded result nor the one in this file".to_owned(),
            ));
            return problems;
        };
        let (mut recorded, mut now) = (parsed(&recorded), parsed(result));
        if experiment.protocol.template == kind::CUSTOM {
            cut_to_common_copies(&experiment.protocol.parameters, &mut recorded, &mut now);
        }
        if let Some(tolerance) = tolerance {
            accept_within(tolerance, ROUNDING, &recorded, &mut now);
        }
        let differences = compare_documents(&recorded, &now).into_iter();
        problems.extend(differences.map(|difference| problem(place(), difference)));
        problems
    }
}

/// The experiments that findings and descriptions rest on, and those that challenges of findings rest on.
fn cited_experiments(dossier: &Dossier) -> BTreeSet<ExperimentId> {
    let findings = dossier.tests.iter().filter(|test| test.significant);
    let cited = findings.flat_map(|test| std::iter::once(&test.evidence).chain(&test.confirmed_by));
    let described = dossier.descriptions.iter().map(|description| &description.evidence);
    let cited = cited.chain(described);
    let cited = cited.map(|FindingEvidence { experiment, .. }| experiment);
    let challenges = dossier.contributions.challenges.iter();
    let checks = challenges.filter_map(|record| record.challenge.check.as_ref().map(|check| &check.experiment));
    cited.chain(checks).cloned().collect()
}

/// Adds the experiments that wrote the tables which these read.
fn add_inputs(mut wanted: BTreeSet<ExperimentId>, experiments: &Experiments<'_>) -> BTreeSet<ExperimentId> {
    let mut open: Vec<ExperimentId> = wanted.iter().cloned().collect();
    while let Some(id) = open.pop() {
        let Some(experiment) = experiments.get(&id) else {
            continue;
        };
        for input in &experiment.protocol.inputs {
            // experiments/<id>/<file>
            let Some(name) = input.path_in_run().and_then(|inside| inside.names().nth(1)) else {
                continue;
            };
            let from = experiments.keys().find(|id| name == id.as_str());
            if let Some(from) = from
                && wanted.insert((*from).clone())
            {
                open.push((*from).clone());
            }
        }
    }
    wanted
}

/// What is smaller stands for zero where it is no p-value: its digits and its sign are those of rounding.
const ROUNDING: f64 = 1e-15;

/// Replaces each number of `now` by the recorded one if they, or their logarithms, differ by no more than `tolerance`
/// of the larger, or are both smaller than `zero`: a p-value far below 1 is as exact as its logarithm.
fn accept_within(tolerance: f64, zero: f64, recorded: &Value, now: &mut Value) {
    let is_near = |one: f64, other: f64| (one - other).abs() <= tolerance * one.abs().max(other.abs());
    let is_noise = |value: Option<&Value>| {
        value
            .and_then(Value::as_f64)
            .is_some_and(|value| value.abs() < ROUNDING)
    };
    match (recorded, now) {
        (Value::Object(recorded), Value::Object(now)) => {
            let no_sign = is_noise(recorded.get("statistic")) && is_noise(now.get("statistic"));
            for (key, value) in now {
                let Some(recorded) = recorded.get(key) else { continue };
                if key == "direction" && no_sign {
                    *value = recorded.clone();
                }
                let zero = if key == "p" || key.starts_with("p_") { 0.0 } else { zero };
                accept_within(tolerance, zero, recorded, value);
            }
        }
        (Value::Array(recorded), Value::Array(now)) => {
            for (recorded, now) in recorded.iter().zip(now) {
                accept_within(tolerance, zero, recorded, now);
            }
        }
        (Value::Number(recorded), now) => {
            if let (Some(one), Some(other)) = (recorded.as_f64(), now.as_f64())
                && (is_near(one, other)
                    || (one.abs() < zero && other.abs() < zero)
                    || (one.min(other) > 0.0 && one.max(other) < 1.0 && is_near(one.ln(), other.ln())))
            {
                *now = Value::Number(recorded.clone());
            }
        }
        _ => {}
    }
}

/// Cuts two results of an analysis that a model wrote to the shuffled copies that both have. How many a script draws
/// beyond those that every analysis gets depends on the time that it has, so on the machine; the n-th is always the
/// same. What a result says of its copies is left out of the comparison where it follows from its own.
fn cut_to_common_copies(parameters: &Value, recorded: &mut Value, now: &mut Value) {
    let mut results = [recorded, now];
    let follows = |result: &Value| {
        let typed = serde_json::from_value::<ScriptResult>(result.clone());
        typed.is_ok_and(|typed| check_custom_result(parameters, &typed).is_ok())
    };
    let lengths = |result: &Value| {
        ["copies", "exposure"].map(|kind| {
            result
                .pointer(&format!("/calibration/{kind}"))?
                .as_array()
                .map(Vec::len)
        })
    };
    let [one, other] = results.each_ref().map(|result| lengths(result));
    if one == other || !results.iter().all(|result| follows(result)) {
        return;
    }
    for (kind, (one, other)) in ["copies", "exposure"].into_iter().zip(one.into_iter().zip(other)) {
        let (Some(one), Some(other)) = (one, other) else {
            continue;
        };
        for result in &mut results {
            if let Some(Value::Array(copies)) = result.pointer_mut(&format!("/calibration/{kind}")) {
                copies.truncate(one.min(other));
            }
        }
    }
    for result in &mut results {
        if let Some(Value::Object(test)) = result.pointer_mut("/tests/0") {
            test.retain(|key, _| !matches!(key.as_str(), "p_judged" | "p_judged_by" | "variants"));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn last_digits_are_accepted_and_nothing_else() {
        let recorded = json!({
            "p": 1e-200, "effect": 0.5, "n": 12, "low": [1.0, -2.0], "direction": "+", "statistic": 3e-17, "name": "x",
        });
        let differs = |change: &dyn Fn(&mut Value)| {
            let mut now = recorded.clone();
            change(&mut now);
            accept_within(TOLERANCE, ROUNDING, &recorded, &mut now);
            now != recorded
        };
        let replaced = |key: &'static str, value: Value| differs(&|now| now[key] = value.clone());
        assert!(!replaced("effect", json!(0.5 * (1.0 + 1e-10))));
        assert!(!replaced("p", json!(1e-200 * (1.0 + 1e-8))), "by its logarithm");
        assert!(!replaced("low", json!([1.0, -2.000_000_000_1])));
        assert!(
            !differs(&|now| {
                now["statistic"] = json!(-2e-17);
                now["direction"] = json!("-");
            }),
            "the sign of what stands for zero"
        );
        for (key, value) in [
            ("effect", json!(0.5 * (1.0 + 1e-8))),
            ("effect", json!(-0.5)),
            ("p", json!(1e-201)),
            ("n", json!(13)),
            ("low", json!([1.0])),
            ("low", json!([1.0, 2.0])),
            ("statistic", json!(1e-3)),
            ("name", json!("y")),
        ] {
            assert!(replaced(key, value.clone()), "{key}: {value}");
        }
        let large = json!({ "statistic": 2.5, "direction": "+" });
        let mut now = json!({ "statistic": 2.5, "direction": "-" });
        accept_within(TOLERANCE, ROUNDING, &large, &mut now);
        assert_ne!(now, large, "the sign of a statistic that is one");
    }
}
