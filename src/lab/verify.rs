//! Holding a run's evidence against the run: every file against its hash, every number of the report against its artefact,
//! and the script of every finding against what it gives when it is executed again.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use futures::{StreamExt, TryStreamExt, stream};
use serde::Serialize;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::{
    Ground, LabError, Purpose, RunFolder, Site, archive, backends, dossier, limits, replay::compare,
    run_version::RunVersion, site, work::durability,
};
use crate::{
    actors::{limits_of, research_director::restore_state},
    config::Settings,
    hash::sha256_file,
    journal::{Blobs, Journal, JournalError, Kind, Options, Record},
    progress::{Progress, ProgressEvent},
    report::{Dossier, FILES},
    sandbox::{Input, Job, Language, Sandbox, remove_tree},
    science::{Evidence, ExperimentId, ExperimentRecord, Protocol, sha256_hex},
};

/// What a number may differ by, relative to the larger one, where the Python that scripts run on is another one than the
/// run's: other versions of numerical libraries add up in other orders.
pub const TOLERANCE: f64 = 1e-9;

/// Something that does not hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The file, or the experiment.
    pub place: String,
    /// In a sentence.
    pub problem: String,
}

/// What was held against what.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Verification {
    /// Tables of the user's.
    pub tables: u64,
    /// Scripts and what they left, by their hashes.
    pub files: u64,
    /// Files of the report, made anew from the journal.
    pub reports: u64,
    /// Scripts that were executed again.
    pub executed: u64,
    /// Of these, the ones that a finding rests on.
    pub findings: u64,
    /// Why numbers may differ by [`TOLERANCE`]; none where they may not differ at all.
    pub tolerance: Option<String>,
    /// What does not hold.
    pub problems: Vec<Problem>,
}

impl Verification {
    fn problem(&mut self, place: impl Into<String>, problem: impl Into<String>) {
        let (place, problem) = (place.into(), problem.into());
        self.problems.push(Problem { place, problem });
    }
}

/// Verifies a run that has ended. `all` executes every script again, not only those that findings rest on. Takes the thread.
///
/// # Errors
/// When the run has not ended, its journal cannot be read, or the sandbox is not to be had. What does not hold is no error.
pub fn verify(folder: &RunFolder, all: bool, progress: &dyn Progress) -> Result<Verification, LabError> {
    let settings = folder.settings()?;
    let path = folder.path();
    let journal = Journal::open(
        path,
        Options {
            durability: durability(&settings),
        },
    )?;
    let (state, _) = restore_state(&journal)?;
    let Some(end) = state.end.clone() else {
        return Err(LabError::Unfinished { run: folder.id() });
    };
    let context = dossier::Context {
        run: &folder.id(),
        settings: &settings,
        end: &end,
    };
    let dossier = dossier::dossier(&context, &state, &journal)?;
    let mut verification = Verification::default();
    tables(path, &dossier, &mut verification);
    files(path, &dossier, &mut verification);
    report(path, RunVersion::of_run(&journal)?, &dossier, &mut verification);
    let ground = Ground::prepare(&settings, progress)?;
    let purpose = Purpose {
        run: Some(folder.id().to_string()),
        pinned: site::pinned(journal.entries_of(&[Kind::Opened]))?,
        ..Purpose::default()
    };
    let system = actix::System::new();
    system.block_on(async {
        let site = Site::start(&settings, &ground, purpose, progress).await?;
        let again = Again {
            run: path,
            blobs: journal.blobs().clone(),
            sandbox: Arc::clone(&site.sandbox),
            settings: &settings,
            scratch: Scratch::make()?,
        };
        let recorded = recorded_python(&journal)?;
        verification.tolerance = (recorded != site.python)
            .then(|| format!("the run's Python was {recorded}, and this one is {}", site.python));
        let done = execute(&again, &dossier, all, progress, &mut verification).await;
        site.sandbox.close().await;
        done
    })?;
    Ok(verification)
}

/// The Python that the run's scripts ran on when it was worked on last.
fn recorded_python(journal: &Journal) -> Result<String, JournalError> {
    let mut recorded = String::new();
    for entry in journal.entries_of(&[Kind::Opened]) {
        if let Record::Opened(opening) = entry?.record {
            recorded = opening.python;
        }
    }
    Ok(recorded)
}

/// That the user's tables are those that the run read.
fn tables(run: &Path, dossier: &Dossier, verification: &mut Verification) {
    for table in &dossier.datasets {
        verification.tables += 1;
        match sha256_file(&archive::table(run, Path::new(&table.path), &table.sha256)) {
            Ok(sha256) if sha256 == table.sha256 => {}
            Ok(_) => verification.problem(&table.path, "the table has changed since the run"),
            Err(error) => verification.problem(&table.path, format!("the table cannot be read: {error}")),
        }
    }
}

/// That scripts and what they left are what the journal says.
fn files(run: &Path, dossier: &Dossier, verification: &mut Verification) {
    for experiment in dossier
        .experiments
        .iter()
        .filter(|experiment| experiment.outcome.is_some())
    {
        let folder = PathBuf::from("experiments").join(experiment.id.as_str());
        let script = ("script.py", experiment.script_sha256.as_str());
        let artefacts = experiment.artefacts.iter();
        let artefacts = artefacts.map(|artefact| (artefact.path.as_str(), artefact.sha256.as_str()));
        for (name, recorded) in std::iter::once(script).chain(artefacts) {
            verification.files += 1;
            let place = folder.join(name);
            match sha256_file(&run.join(&place)) {
                Ok(sha256) if sha256 == recorded => {}
                Ok(_) => verification.problem(place.display().to_string(), "it is not what the run recorded"),
                Err(error) => verification.problem(place.display().to_string(), format!("it cannot be read: {error}")),
            }
        }
    }
}

/// That the report is what the journal gives, with every number in its artefact.
fn report(run: &Path, version: RunVersion, dossier: &Dossier, verification: &mut Verification) {
    let contents = match version.render_report(run, dossier) {
        Ok(contents) => contents,
        Err(error) => return verification.problem("the report", error.to_string()),
    };
    for (name, content) in FILES.into_iter().zip(contents) {
        verification.reports += 1;
        match fs::read_to_string(run.join(name)) {
            Ok(found) if found == content => {}
            Ok(found) => verification.problem(name, first_difference(&content, &found)),
            Err(error) => verification.problem(name, format!("it cannot be read: {error}")),
        }
    }
}

/// The first line in which `found` is not what it should be.
fn first_difference(content: &str, found: &str) -> String {
    let line = content.lines().zip(found.lines()).position(|(one, other)| one != other);
    match line {
        Some(line) => format!("line {} is not what the run's evidence gives", line + 1),
        None => "its end is not what the run's evidence gives".to_owned(),
    }
}

/// What scripts are executed again with.
struct Again<'a> {
    run: &'a Path,
    blobs: Blobs,
    sandbox: Arc<dyn Sandbox>,
    settings: &'a Settings,
    scratch: Scratch,
}

/// What an execution gave that is held against the record.
struct Given {
    /// Why it gave nothing.
    failure: Option<String>,
    result: Option<Vec<u8>>,
    /// Hashes of the tables that it wrote.
    tables: BTreeMap<String, String>,
}

async fn execute(
    again: &Again<'_>,
    dossier: &Dossier,
    all: bool,
    progress: &dyn Progress,
    verification: &mut Verification,
) -> Result<(), LabError> {
    let experiments: BTreeMap<&ExperimentId, &ExperimentRecord> = dossier
        .experiments
        .iter()
        .map(|experiment| (&experiment.id, experiment))
        .collect();
    let found = cited(dossier);
    verification.findings = found.len() as u64;
    let wanted = match all {
        true => experiments
            .values()
            .filter(|experiment| experiment.result_sha256.is_some())
            .map(|experiment| experiment.id.clone())
            .collect(),
        false => with_inputs(found, &experiments),
    };
    let total = wanted.len() as u64;
    let mut done = 0;
    let mut given = stream::iter(
        wanted
            .iter()
            .filter_map(|id| experiments.get(id))
            .map(|experiment| async move { again.execute(experiment).await.map(|given| (*experiment, given)) }),
    )
    .buffer_unordered(backends::max_parallel(again.settings));
    let mut problems = Vec::new();
    while let Some((experiment, given)) = given.try_next().await? {
        done += 1;
        progress.on(ProgressEvent::Preparing {
            what: "executing scripts again".to_owned(),
            done,
            total: Some(total),
        });
        let tolerance = verification.tolerance.is_some().then_some(TOLERANCE);
        problems.extend(again.compared(experiment, &given, tolerance));
    }
    verification.executed = done;
    problems.sort_by(|a: &Problem, b| a.place.cmp(&b.place));
    verification.problems.extend(problems);
    Ok(())
}

/// The experiments that findings rest on, and those that challenges of findings do.
fn cited(dossier: &Dossier) -> BTreeSet<ExperimentId> {
    let findings = dossier.tests.iter().filter(|test| test.significant);
    let cited = findings.flat_map(|test| std::iter::once(&test.evidence).chain(&test.confirmed_by));
    let cited = cited.map(|Evidence { experiment, .. }| experiment);
    let challenges = dossier.contributions.challenges.iter();
    let checks = challenges.filter_map(|record| record.challenge.check.as_ref().map(|check| &check.experiment));
    cited.chain(checks).cloned().collect()
}

/// The same with the experiments whose tables they read.
fn with_inputs(
    mut wanted: BTreeSet<ExperimentId>,
    experiments: &BTreeMap<&ExperimentId, &ExperimentRecord>,
) -> BTreeSet<ExperimentId> {
    let mut open: Vec<ExperimentId> = wanted.iter().cloned().collect();
    while let Some(id) = open.pop() {
        let Some(experiment) = experiments.get(&id) else {
            continue;
        };
        for input in &experiment.protocol.inputs {
            // experiments/<id>/<file>
            let Some(name) = input.host.parent().and_then(Path::file_name) else {
                continue;
            };
            let from = experiments.keys().find(|id| name == id.as_str());
            if let Some(from) = from
                && input.host.is_relative()
                && wanted.insert((*from).clone())
            {
                open.push((*from).clone());
            }
        }
    }
    wanted
}

impl Again<'_> {
    /// Executes a script as the run recorded it, in an empty folder.
    async fn execute(&self, experiment: &ExperimentRecord) -> Result<Given, LabError> {
        let workspace = self.scratch.0.join(experiment.id.as_str());
        let impossible = |why: String| Given {
            failure: Some(format!("it cannot be executed again: {why}")),
            result: None,
            tables: BTreeMap::new(),
        };
        let script = match self.blobs.get(&experiment.script_sha256) {
            Ok(script) => script,
            Err(error) => return Ok(impossible(error.to_string())),
        };
        let inputs = self.inputs(&experiment.protocol);
        if let Some(gone) = inputs.iter().find(|input| !input.host.exists()) {
            return Ok(impossible(format!("{} is gone", gone.host.display())));
        }
        let protocol = serde_json::to_vec_pretty(&experiment.protocol).unwrap_or_default();
        let write = |name: &str, content: &[u8]| {
            let path = workspace.join(name);
            fs::write(&path, content).map_err(LabError::io("write", path))
        };
        fs::create_dir_all(&workspace).map_err(LabError::io("make", &workspace))?;
        write("script.py", &script)?;
        write("protocol.json", &protocol)?;
        let job = Job {
            key: format!("verify-{}", experiment.id),
            experiment: experiment.id.to_string(),
            workspace: workspace.clone(),
            inputs,
            script: "script.py".to_owned(),
            language: Language::Python,
            limits: limits_of(&limits(self.settings), &experiment.protocol.template),
        };
        let execution = self.sandbox.run(job, CancellationToken::new()).await?;
        let mut tables = BTreeMap::new();
        for artefact in experiment
            .artefacts
            .iter()
            .filter(|artefact| artefact.path.ends_with(".parquet"))
        {
            let sha256 = sha256_file(&workspace.join(&artefact.path)).unwrap_or_default();
            tables.insert(artefact.path.clone(), sha256);
        }
        let given = Given {
            failure: (!execution.outcome.is_ok()).then(|| format!("executed again, the script {}", execution.outcome)),
            result: fs::read(workspace.join("result.json")).ok(),
            tables,
        };
        let _ = remove_tree(&workspace);
        Ok(given)
    }

    fn inputs(&self, protocol: &Protocol) -> Vec<Input> {
        let host = |input: &crate::science::Input| match input.host.is_absolute() {
            true => archive::table(self.run, &input.host, &input.sha256),
            false => self.run.join(&input.host),
        };
        let inputs = protocol.inputs.iter().map(|input| Input {
            host: host(input),
            inside: input.inside.clone(),
        });
        inputs.collect()
    }

    fn compared(&self, experiment: &ExperimentRecord, given: &Given, tolerance: Option<f64>) -> Vec<Problem> {
        let folder = format!("experiments/{}", experiment.id);
        let problem = |place: String, problem: String| Problem { place, problem };
        if let Some(failure) = &given.failure {
            return vec![problem(format!("{folder}/script.py"), failure.clone())];
        }
        let mut problems = Vec::new();
        for artefact in &experiment.artefacts {
            if given
                .tables
                .get(&artefact.path)
                .is_some_and(|sha256| *sha256 != artefact.sha256)
            {
                problems.push(problem(
                    format!("{folder}/{}", artefact.path),
                    "executed again, its script writes another table".to_owned(),
                ));
            }
        }
        let place = || format!("{folder}/result.json");
        let Some(result) = &given.result else {
            problems.push(problem(place(), "executed again, its script leaves none".to_owned()));
            return problems;
        };
        if Some(sha256_hex(result)) == experiment.result_sha256 {
            return problems;
        }
        let recorded = fs::read(self.run.join(place())).ok();
        let recorded = recorded.filter(|bytes| Some(sha256_hex(bytes)) == experiment.result_sha256);
        let parsed = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).unwrap_or_default();
        let Some(recorded) = recorded else {
            problems.push(problem(
                place(),
                "executed again, its script gives neither what was recorded nor what is there".to_owned(),
            ));
            return problems;
        };
        let (recorded, mut now) = (parsed(&recorded), parsed(result));
        if let Some(tolerance) = tolerance {
            forgive(&recorded, &mut now, tolerance);
        }
        let differences = compare(&recorded, &now).into_iter();
        problems.extend(differences.map(|difference| problem(place(), difference)));
        problems
    }
}

/// Puts the recorded number in the place of one that differs from it by no more than `tolerance` of the larger one.
fn forgive(recorded: &Value, now: &mut Value, tolerance: f64) {
    match (recorded, now) {
        (Value::Object(recorded), Value::Object(now)) => {
            for (key, value) in now {
                if let Some(recorded) = recorded.get(key) {
                    forgive(recorded, value, tolerance);
                }
            }
        }
        (Value::Array(recorded), Value::Array(now)) => {
            for (recorded, now) in recorded.iter().zip(now) {
                forgive(recorded, now, tolerance);
            }
        }
        (Value::Number(recorded), now) => {
            if let (Some(one), Some(other)) = (recorded.as_f64(), now.as_f64())
                && (one - other).abs() <= tolerance * one.abs().max(other.abs())
            {
                *now = Value::Number(recorded.clone());
            }
        }
        _ => {}
    }
}

/// A folder for this process alone, which goes with its user.
struct Scratch(PathBuf);

impl Scratch {
    fn make() -> Result<Self, LabError> {
        let path = std::env::temp_dir().join(format!(
            "kosmos-verify-{}-{:08x}",
            std::process::id(),
            fastrand::u32(..)
        ));
        fs::create_dir(&path).map_err(LabError::io("make", &path))?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = remove_tree(&self.0)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(folder = %self.0.display(), %error, "a working folder stays");
        }
    }
}
