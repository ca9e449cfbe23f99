//! Runs experiments in the sandbox: prepares the folder, runs the script once, keeps what it left. [`restore`] runs an
//! experiment again whose folder was deleted or damaged.

mod restore;

use std::{
    io::{self, Read, Write},
    os::unix::fs::MetadataExt,
    path::PathBuf,
    rc::Rc,
    sync::Arc,
    time::Duration,
};

use futures::FutureExt;
use kosmos_core::{
    disk::{DiskFault, is_disk_fault},
    plain_path::PlainPath,
    run_dir::RunDir,
    run_files,
};
use serde::{Deserialize, Serialize};

use crate::agent::{Agent, AgentContext, AgentError, Handling, run_blocking};
use crate::failpoint;
use crate::journal::{Durability, EffectState, Journal, JournalError};
use crate::message::{Envelope, ExperimentFinished, Outgoing, Payload, RunExperiment, agent};
use crate::sandbox::{
    Caps, Collected, Execution, Job, JobInput, Language, RESULT_BYTES, Refused, ResourceLimits, ResultFault, Sandbox,
    SandboxError, collect_artefacts, list_risky_lines, read_result,
};
use crate::science::{ArtefactRecord, ExperimentId, InputFile, sha256_hex, template};

pub(crate) use restore::Restorer;

/// The sandbox and the limits of the executor.
pub struct ExecutorOptions {
    /// The sandbox that runs scripts.
    pub sandbox: Arc<dyn Sandbox>,
    /// Of one experiment.
    pub limits: ResourceLimits,
    /// Of the experiment that reads a data file.
    pub reader_limits: ResourceLimits,
}

impl ExecutorOptions {
    /// The limits of the script of a template.
    fn limits_of(&self, of: &str) -> &ResourceLimits {
        if of == template::PROFILE {
            &self.reader_limits
        } else {
            &self.limits
        }
    }

    /// The wall time of the experiment that may take longest.
    pub(super) fn longest_wall(&self) -> Duration {
        self.limits.wall.max(self.reader_limits.wall)
    }
}

/// The agent.
pub struct SandboxExecutor {
    options: Arc<ExecutorOptions>,
}

/// Why an experiment's folder could not be prepared or kept.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} `{path}`: {source}")]
struct FolderError {
    action: &'static str,
    path: PathBuf,
    source: io::Error,
}

impl FolderError {
    /// For `map_err`: the failure of `action` on an entry of a run's folder.
    fn of(folder: &RunDir, action: &'static str, inside: &PlainPath) -> impl FnOnce(io::Error) -> Self {
        let path = folder.place_of(inside);
        move |source| Self { action, path, source }
    }
}

/// An input is not what the protocol says.
#[derive(Debug, thiserror::Error)]
#[error("the file `{}` {problem}: restore it, or begin a new run", path.display())]
struct WrongInput {
    path: PathBuf,
    problem: String,
}

/// The outcome and files of a script's run, as the journal and `execution.json` keep them.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Kept {
    execution: Execution,
    artefacts: Vec<ArtefactRecord>,
    refused: Vec<String>,
}

impl SandboxExecutor {
    /// Runs scripts with `options`.
    pub fn new(options: Arc<ExecutorOptions>) -> Self {
        Self { options }
    }

    fn restorer<'a>(&'a self, context: &'a AgentContext) -> Restorer<'a> {
        Restorer {
            options: &self.options,
            journal: context.journal(),
            cancel: context.cancel(),
        }
    }

    async fn execute_script(&self, run: &RunExperiment, context: &AgentContext) -> Result<Kept, AgentError> {
        let script = context.blobs().get(&run.script_sha256)?;
        let folder = context.run_dir();
        let files = Files {
            folder,
            run,
            script: &script,
            durability: context.blobs().durability(),
        };
        let job = describe_job(run, folder, self.options.limits_of(&run.protocol.template));
        // Before any path that is made from it is touched: the journal may be another's.
        job.validate().map_err(AgentError::fatal)?;
        if check_inputs(run, folder).await.is_err() {
            // Those that other experiments left can be made again.
            self.restorer(context).restore_inputs(run).await?;
            check_inputs(run, folder).await?;
        }
        let place = run.id.folder();
        if let Some(kept) = adopt_finished_run(folder, &place) {
            tracing::debug!(experiment = %run.id, "an earlier process ran it to its end");
            // That process may not have come so far.
            files.publish_folder(&place).map_err(convert_folder_error)?;
            return Ok(kept);
        }
        files
            .prepare_workspace(Clear::PlaceAndWorkspace)
            .map_err(convert_folder_error)?;
        let execution = self
            .options
            .sandbox
            .run(job, context.cancel().clone())
            .await
            .map_err(convert_sandbox_error)?;
        if !execution.outcome.is_ok() {
            // A script that could not write its result to a broken disk has done nothing wrong.
            check_disk(folder).map_err(AgentError::Disk)?;
        }
        // What a script did to its own description does not count.
        files.write_script_and_protocol().map_err(convert_folder_error)?;
        files.collect_and_publish(execution)
    }
}

/// Checks that each input is the one that the protocol means: the user's own files may have changed since the run
/// began, and a foreign run may name any file.
async fn check_inputs(run: &RunExperiment, folder: &RunDir) -> Result<(), AgentError> {
    for input in &run.protocol.inputs {
        if let Some(problem) = find_input_problem(input, folder).await? {
            let path = input.host.clone().into();
            return Err(AgentError::fatal(WrongInput { path, problem }));
        }
    }
    Ok(())
}

async fn find_input_problem(input: &InputFile, folder: &RunDir) -> Result<Option<String>, AgentError> {
    let (folder, input) = (folder.clone(), input.clone());
    run_blocking(move || input.find_problem(&folder).map(str::to_owned)).await
}

/// The job that runs an experiment's script beneath `folder`, the run's.
fn describe_job(run: &RunExperiment, folder: &RunDir, limits: &ResourceLimits) -> Job {
    Job {
        key: format!(
            "{}-{}",
            folder.path().file_name().unwrap_or_default().to_string_lossy(),
            run.id
        ),
        experiment: run.id.to_string(),
        workspace: folder.place_of(&workspace_of(&run.id)),
        inputs: run
            .protocol
            .inputs
            .iter()
            .map(|input| JobInput {
                host: input.path_from(folder.path()),
                inside: input.inside.as_path().to_owned(),
            })
            .collect(),
        script: run_files::SCRIPT.to_owned(),
        language: Language::Python,
        limits: limits.clone(),
    }
}

/// The folder that an experiment's script works in, until it is published as the experiment's own.
fn workspace_of(id: &ExperimentId) -> PlainPath {
    PlainPath::of(run_files::EXPERIMENTS).join_id(format!(".{id}.partial"))
}

impl SandboxExecutor {
    /// Runs an experiment once, as an effect of the message that `context` is about.
    ///
    /// # Errors
    /// When it could not be run; a script that fails is no error.
    pub(crate) async fn run_experiment(
        &self,
        run: &RunExperiment,
        context: &AgentContext,
    ) -> Result<ExperimentFinished, AgentError> {
        let kept = context
            .effect(&receipt_key(&run.id), || self.execute_script(run, context))
            .await?;
        if !is_complete(context.run_dir(), &run.id.folder(), &kept) {
            self.restorer(context).restore_run(run).await?;
        }
        let advice = match run.protocol.parameters.get("code").and_then(serde_json::Value::as_str) {
            // The rest of the script is ours.
            Some(code) => list_risky_lines(code, Language::Python),
            None => {
                let script = context.blobs().get(&run.script_sha256)?;
                list_risky_lines(&String::from_utf8_lossy(&script), Language::Python)
            }
        };
        Ok(experiment_finished(run, kept, advice))
    }
}

impl Agent<Payload> for SandboxExecutor {
    fn handle(self: Rc<Self>, message: Envelope, context: AgentContext) -> Handling {
        async move {
            let Payload::RunExperiment(run) = &message.payload else {
                return Err(AgentError::Unexpected {
                    agent: agent::SANDBOX_EXECUTOR,
                    message: message.payload.name(),
                });
            };
            let finished = self.run_experiment(run, &context).await?;
            Ok(Outgoing::new(agent::RESEARCH_DIRECTOR, finished).into())
        }
        .boxed_local()
    }
}

fn experiment_finished(run: &RunExperiment, kept: Kept, advice: Vec<String>) -> ExperimentFinished {
    let result = kept
        .artefacts
        .iter()
        .any(|artefact| artefact.path.as_str() == run_files::RESULT);
    let failure = match (kept.execution.outcome.is_ok(), result) {
        (true, true) => None,
        (true, false) => Some(
            match kept
                .refused
                .iter()
                .find_map(|refused| refused.strip_prefix(REFUSED_RESULT))
            {
                Some(reason) => format!("the script ended well but its result.json is not used: {reason}"),
                None => "the script ended well but left no result.json".to_owned(),
            },
        ),
        (false, _) => Some(format!(
            "the script {}{}",
            kept.execution.outcome,
            last_traceback_line(&kept.execution.stderr.text)
        )),
    };
    ExperimentFinished {
        id: run.id.clone(),
        outcome: kept.execution.outcome,
        usage: kept.execution.usage,
        artefacts: kept.artefacts,
        failure,
        advice,
    }
}

/// The beginning of the line that says why a `result.json` was refused.
const REFUSED_RESULT: &str = "result.json: ";

/// Removes a `result.json` that is too large to be read, or has a number that is, so that nobody reads it later.
fn refuse_unreasonable_result(
    folder: &RunDir,
    workspace: &PlainPath,
    collected: &mut Collected,
) -> Result<(), FolderError> {
    let Some(at) = collected
        .artefacts
        .iter()
        .position(|file| file.name.as_str() == run_files::RESULT)
    else {
        return Ok(());
    };
    let inside = workspace.join_id(run_files::RESULT);
    let reason = match read_result(folder, &inside) {
        Err(ResultFault::TooLarge) => format!("it is larger than {} MiB", RESULT_BYTES >> 20),
        Err(ResultFault::LongNumber { line }) => format!("a number in line {line} has too many digits"),
        // One that cannot be read, or is not JSON, is judged by those who need it.
        _ => return Ok(()),
    };
    folder
        .remove(&inside)
        .map_err(FolderError::of(folder, "remove", &inside))?;
    collected.artefacts.remove(at);
    collected.refused.push(Refused {
        name: run_files::RESULT.to_owned(),
        reason,
    });
    Ok(())
}

/// The last line of a traceback, shortened: it names the error.
fn last_traceback_line(stderr: &str) -> String {
    let line = stderr
        .lines()
        .rev()
        .find(|line| !line.trim().is_empty())
        .unwrap_or_default();
    let line: String = line
        .trim()
        .chars()
        .filter(|letter| !letter.is_control())
        .take(200)
        .collect();
    if line.is_empty() { line } else { format!(": {line}") }
}

/// The meaning of a failure of the sandbox for the agent that used it.
pub(crate) fn convert_sandbox_error(error: SandboxError) -> AgentError {
    match error {
        SandboxError::Cancelled => AgentError::Cancelled,
        SandboxError::Unavailable { .. } => AgentError::Unavailable {
            what: error.to_string(),
            remedy: error
                .help()
                .unwrap_or_else(|| "`kosmos doctor` says what this machine lacks".to_owned()),
        },
        SandboxError::Host { action, path, source } if is_disk_fault(&source) => {
            AgentError::Disk(DiskFault { action, path, source })
        }
        other => AgentError::retry(other),
    }
}

/// A disk that fails stops the work on the run, which can be resumed: the experiment has done nothing wrong.
fn convert_folder_error(error: FolderError) -> AgentError {
    let FolderError { action, path, source } = error;
    match is_disk_fault(&source) {
        true => AgentError::Disk(DiskFault { action, path, source }),
        false => AgentError::retry(FolderError { action, path, source }),
    }
}

/// The most that [`check_disk`] writes: more than a small file that a file system keeps in spare room.
const PROBE_BYTES: usize = 64 << 10;

/// Checks that files can be written to the folder of experiments.
fn check_disk(folder: &RunDir) -> Result<(), DiskFault> {
    let experiments = PlainPath::of(run_files::EXPERIMENTS);
    let probe = experiments.join_id(".disk.partial");
    let write = || {
        failpoint::fault("experiment.probe")?;
        folder.remove(&probe)?;
        folder.create_file(&probe)?.write_all(&vec![0; PROBE_BYTES])
    };
    let written = write();
    // It is of no use, and its removal may fail for the same reason as the writing.
    let removed = folder.remove(&probe);
    match written.and(removed) {
        Err(source) if is_disk_fault(&source) => Err(DiskFault {
            action: "write to",
            path: folder.place_of(&experiments),
            source,
        }),
        _ => Ok(()),
    }
}

/// Returns the standard error of an experiment's script; empty if the script has not ended.
pub(super) fn read_stderr(experiment: &ExperimentId, context: &AgentContext) -> Result<String, AgentError> {
    let kept = read_receipt(context.journal(), experiment)?;
    Ok(kept.map(|kept| kept.execution.stderr.text).unwrap_or_default())
}

/// Returns what the journal keeps of an experiment's run; none if the experiment has not ended.
fn read_receipt(journal: &Journal, experiment: &ExperimentId) -> Result<Option<Kept>, AgentError> {
    match journal.effect_state(&receipt_key(experiment))? {
        Some(EffectState::Done(value)) => Ok(Some(serde_json::from_value(value).map_err(JournalError::from)?)),
        _ => Ok(None),
    }
}

/// The key of the receipt of an experiment's run.
fn receipt_key(id: &ExperimentId) -> String {
    format!("experiment:{id}")
}

/// Takes over a folder that an earlier process finished: its files match its `execution.json`.
fn adopt_finished_run(folder: &RunDir, place: &PlainPath) -> Option<Kept> {
    let execution = folder.read(&place.join_id(run_files::EXECUTION), run_files::BLOB_BYTES);
    let kept: Kept = serde_json::from_slice(&execution.ok()?).ok()?;
    has_artefacts(folder, place, &kept).then_some(kept)
}

/// Returns true if the folder at `place` has the files of a script's run; their content is not checked. The files of a
/// failed script do not count.
fn is_complete(folder: &RunDir, place: &PlainPath, kept: &Kept) -> bool {
    let has = |artefact: &ArtefactRecord| folder.has_file(&place.join_path(&artefact.path));
    let failed = !kept.execution.outcome.is_ok();
    folder.has_file(&place.join_id(run_files::EXECUTION)) && (failed || kept.artefacts.iter().all(has))
}

/// Returns true if the folder at `place` holds every file of a script's run, unchanged.
fn has_artefacts(folder: &RunDir, place: &PlainPath, kept: &Kept) -> bool {
    let unchanged = |artefact: &ArtefactRecord| has_content(folder, &place.join_path(&artefact.path), &artefact.sha256);
    kept.artefacts.iter().all(unchanged)
}

/// Returns true if there is a regular file with a content of that hash.
fn has_content(folder: &RunDir, inside: &PlainPath, sha256: &str) -> bool {
    let found = folder.hash(inside, run_files::EXPERIMENT_BYTES);
    found.is_ok_and(|found| found.as_str() == sha256)
}

/// The files of an experiment's folder that Kosmos itself writes.
struct Files<'a> {
    /// The run's.
    folder: &'a RunDir,
    run: &'a RunExperiment,
    script: &'a [u8],
    durability: Durability,
}

/// The folders of an experiment that are removed before its script runs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Clear {
    PlaceAndWorkspace,
    Workspace,
}

impl Files<'_> {
    fn workspace(&self) -> PlainPath {
        workspace_of(&self.run.id)
    }

    fn prepare_workspace(&self, clear: Clear) -> Result<(), FolderError> {
        let workspace = self.workspace();
        if clear == Clear::PlaceAndWorkspace {
            clear_folder(self.folder, &self.run.id.folder())?;
        }
        clear_folder(self.folder, &workspace)?;
        failpoint::crash("experiment.cleared", "");
        failpoint::fault("experiment.create")
            .and_then(|()| self.folder.create_folders(&workspace))
            .map_err(FolderError::of(self.folder, "create", &workspace))?;
        self.write_script_and_protocol()
    }

    /// `script.py` and `protocol.json`, as Kosmos wrote them.
    fn write_script_and_protocol(&self) -> Result<(), FolderError> {
        let protocol = serde_json::to_vec_pretty(&self.run.protocol).unwrap_or_default();
        self.replace_file(run_files::SCRIPT, self.script)?;
        self.replace_file(run_files::PROTOCOL, &protocol)
    }

    /// Collects what the script left and puts the folder in its place, whole or not at all.
    fn collect_and_publish(&self, execution: Execution) -> Result<Kept, AgentError> {
        let workspace = self.workspace();
        let (artefacts, refused) = collect_files(self.folder, &workspace)?;
        let refused = execution
            .refused
            .iter()
            .chain(&refused)
            .map(|refused| format!("{}: {}", refused.name, refused.reason))
            .collect();
        let kept = Kept {
            execution,
            artefacts,
            refused,
        };
        let keep = || -> Result<(), FolderError> {
            self.write_outcome(&kept)?;
            failpoint::crash("experiment.whole", "");
            self.publish_folder(&workspace)
        };
        keep().map_err(convert_folder_error)?;
        failpoint::crash("experiment.placed", "");
        debug_assert_eq!(sha256_hex(self.script), self.run.script_sha256);
        Ok(kept)
    }

    /// `stdout.txt`, `stderr.txt` and, last, `execution.json`.
    fn write_outcome(&self, kept: &Kept) -> Result<(), FolderError> {
        self.replace_file(run_files::STDOUT, kept.execution.stdout.text.as_bytes())?;
        self.replace_file(run_files::STDERR, kept.execution.stderr.text.as_bytes())?;
        self.replace_file(
            run_files::EXECUTION,
            &serde_json::to_vec_pretty(kept).unwrap_or_default(),
        )
    }

    /// Gives the whole folder `from` its name: where the loss of power counts, the files are on the disk before it,
    /// and it is before the journal says so.
    fn publish_folder(&self, from: &PlainPath) -> Result<(), FolderError> {
        let place = self.run.id.folder();
        let publish = || {
            failpoint::fault("experiment.keep")?;
            self.durability.sync_folder(self.folder, Some(from))?;
            self.folder.rename(from, &place)?;
            let experiments = PlainPath::of(run_files::EXPERIMENTS);
            self.durability.sync_names(self.folder, Some(&experiments))?;
            // Which may be new itself.
            self.durability.sync_names(self.folder, None)
        };
        publish().map_err(FolderError::of(self.folder, "keep", &place))
    }

    /// Replaces whatever has this name in the workspace, which a script may have made into anything, without following
    /// it. What is as it should be stays: to delete a file and make it again costs a file system far more than to read
    /// it.
    fn replace_file(&self, name: &'static str, content: &[u8]) -> Result<(), FolderError> {
        let inside = self.workspace().join_id(name);
        let replace = || {
            failpoint::fault("experiment.write")?;
            if holds_content(self.folder, &inside, content) {
                return Ok(());
            }
            self.folder.remove(&inside)?;
            self.folder.create_file(&inside)?.write_all(content)
        };
        replace().map_err(FolderError::of(self.folder, "write", &inside))
    }
}

/// Removes whatever is in the place of a folder; a link is not followed.
fn clear_folder(folder: &RunDir, inside: &PlainPath) -> Result<(), FolderError> {
    failpoint::fault("experiment.clear")
        .and_then(|()| folder.remove(inside))
        .map_err(FolderError::of(folder, "clear", inside))
}

/// Collects what a script left in its workspace, without the files that Kosmos itself writes there.
fn collect_files(folder: &RunDir, workspace: &PlainPath) -> Result<(Vec<ArtefactRecord>, Vec<Refused>), AgentError> {
    let place = folder.place_of(workspace);
    // The sandbox has kept to the limits of the script.
    let caps = Caps {
        file_bytes: run_files::EXPERIMENT_BYTES,
        total_bytes: run_files::EXPERIMENT_BYTES,
        ..Caps::default()
    };
    let mut collected = collect_artefacts(&place, &caps).map_err(convert_sandbox_error)?;
    refuse_unreasonable_result(folder, workspace, &mut collected).map_err(convert_folder_error)?;
    let own = [
        run_files::SCRIPT,
        run_files::PROTOCOL,
        run_files::STDOUT,
        run_files::STDERR,
        run_files::EXECUTION,
    ];
    let artefacts = collected
        .artefacts
        .into_iter()
        .filter(|artefact| !own.contains(&artefact.name.as_str()))
        .map(|artefact| ArtefactRecord {
            path: artefact.name,
            bytes: artefact.bytes,
            sha256: artefact.sha256,
        })
        .collect();
    Ok((artefacts, collected.refused))
}

/// Returns true for a file of its own, not a link to another, that its owner may read and write and nobody else may
/// write or run, with that content.
fn holds_content(folder: &RunDir, inside: &PlainPath, content: &[u8]) -> bool {
    let holds = || -> io::Result<bool> {
        let file = folder.open_file(inside)?;
        let found = file.metadata()?;
        if found.nlink() != 1 || found.mode() & 0o7733 != 0o600 || found.len() != content.len() as u64 {
            return Ok(false);
        }
        let mut there = Vec::with_capacity(content.len());
        file.take(content.len() as u64 + 1).read_to_end(&mut there)?;
        Ok(there == content)
    };
    holds().unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_that_is_too_large_is_no_artefact() {
        for (text, reason) in [
            (format!("[{}]", " ".repeat(9 << 20)), "it is larger than 8 MiB"),
            (
                format!("[\n{}]", "1".repeat(2000)),
                "a number in line 2 has too many digits",
            ),
        ] {
            let workspace = tempfile::tempdir().unwrap();
            let path = workspace.path().join("work").join(run_files::RESULT);
            std::fs::create_dir(workspace.path().join("work")).unwrap();
            std::fs::write(&path, text).unwrap();
            let folder = RunDir::open(workspace.path()).unwrap();
            let mut collected = collect_artefacts(&workspace.path().join("work"), &Caps::default()).unwrap();
            refuse_unreasonable_result(&folder, &PlainPath::of("work"), &mut collected).unwrap();
            assert_eq!((collected.artefacts.len(), path.exists()), (0, false));
            assert_eq!(collected.refused[0].reason, reason);
        }
    }
}
