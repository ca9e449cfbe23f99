//! Runs experiments in the sandbox: prepares the folder, runs the script once, keeps what it left. [`restore`] runs an
//! experiment again whose folder was deleted or damaged.

mod restore;

use std::{
    fs, io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    rc::Rc,
    sync::Arc,
};

use futures::FutureExt;
use kosmos_core::{
    disk::{DiskFault, is_disk_fault},
    run_files,
};
use serde::{Deserialize, Serialize};

use crate::agent::{Agent, AgentContext, AgentError, Handling, run_blocking};
use crate::failpoint;
use crate::journal::{Durability, EffectState, Journal, JournalError};
use crate::message::{Envelope, ExperimentFinished, Outgoing, Payload, RunExperiment, agent};
use crate::sandbox::{
    Caps, Collected, Execution, Job, JobInput, Language, RESULT_BYTES, Refused, ResourceLimits, ResultFault, Sandbox,
    SandboxError, collect_artefacts, list_risky_lines, read_result, remove_tree,
};
use crate::science::{ArtefactRecord, ExperimentId, InputFile, sha256_hex, template};

pub(crate) use restore::Restorer;

/// The sandbox and the limits of the executor.
pub struct ExecutorOptions {
    /// The sandbox that runs scripts.
    pub sandbox: Arc<dyn Sandbox>,
    /// Of one experiment.
    pub limits: ResourceLimits,
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
            folder: context.folder(),
            cancel: context.cancel(),
        }
    }

    async fn execute_script(&self, run: &RunExperiment, context: &AgentContext) -> Result<Kept, AgentError> {
        let script = context.blobs().get(&run.script_sha256)?;
        let experiments = context.folder().join(run_files::EXPERIMENTS);
        let folder = experiments.join(run.id.as_str());
        let files = Files {
            run,
            script: &script,
            durability: context.blobs().durability(),
        };
        let job = describe_job(run, context.folder(), &self.options.limits);
        // Before any path that is made from it is touched: the journal may be another's.
        job.validate().map_err(AgentError::fatal)?;
        let workspace = job.workspace.clone();
        if check_inputs(run, context.folder()).await.is_err() {
            // Those that other experiments left can be made again.
            self.restorer(context).restore_inputs(run).await?;
            check_inputs(run, context.folder()).await?;
        }
        if let Some(kept) = adopt_finished_run(&folder) {
            tracing::debug!(experiment = %run.id, "an earlier process ran it to its end");
            // That process may not have come so far.
            files.publish_folder(&folder, &folder).map_err(convert_folder_error)?;
            return Ok(kept);
        }
        files
            .prepare_workspace(&folder, &workspace)
            .map_err(convert_folder_error)?;
        let execution = self
            .options
            .sandbox
            .run(job, context.cancel().clone())
            .await
            .map_err(convert_sandbox_error)?;
        if !execution.outcome.is_ok() {
            // A script that could not write its result to a broken disk has done nothing wrong.
            check_disk(&experiments).map_err(AgentError::Disk)?;
        }
        // What a script did to its own description does not count.
        files
            .write_script_and_protocol(&workspace)
            .map_err(convert_folder_error)?;
        files.collect_and_publish(&workspace, &folder, execution)
    }
}

/// Checks that each input is the one that the protocol means: the user's own files may have changed since the run
/// began, and a foreign run may name any file.
async fn check_inputs(run: &RunExperiment, folder: &Path) -> Result<(), AgentError> {
    for input in &run.protocol.inputs {
        if let Some(problem) = find_input_problem(input, folder).await? {
            let path = input.host.clone();
            return Err(AgentError::fatal(WrongInput { path, problem }));
        }
    }
    Ok(())
}

async fn find_input_problem(input: &InputFile, folder: &Path) -> Result<Option<String>, AgentError> {
    let (folder, input) = (folder.to_owned(), input.clone());
    run_blocking(move || input.find_problem(&folder, &input.host).map(str::to_owned)).await
}

/// The job that runs an experiment's script beneath `folder`, the run's.
fn describe_job(run: &RunExperiment, folder: &Path, limits: &ResourceLimits) -> Job {
    Job {
        key: format!(
            "{}-{}",
            folder.file_name().unwrap_or_default().to_string_lossy(),
            run.id
        ),
        experiment: run.id.to_string(),
        workspace: folder.join(run_files::EXPERIMENTS).join(format!(".{}.partial", run.id)),
        inputs: run
            .protocol
            .inputs
            .iter()
            .map(|input| JobInput {
                host: folder.join(&input.host),
                inside: input.inside.clone(),
            })
            .collect(),
        script: run_files::SCRIPT.to_owned(),
        language: Language::Python,
        limits: limits_for_template(limits, &run.protocol.template),
    }
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
        let folder = context.folder().join(run_files::experiment_folder(run.id.as_str()));
        if !is_complete(&folder, &kept) {
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
    let result = kept.artefacts.iter().any(|artefact| artefact.path == run_files::RESULT);
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
fn refuse_unreasonable_result(workspace: &Path, collected: &mut Collected) -> Result<(), FolderError> {
    let Some(at) = collected
        .artefacts
        .iter()
        .position(|file| file.name == run_files::RESULT)
    else {
        return Ok(());
    };
    let path = workspace.join(run_files::RESULT);
    let reason = match read_result(&path) {
        Err(ResultFault::TooLarge) => format!("it is larger than {} MiB", RESULT_BYTES >> 20),
        Err(ResultFault::LongNumber { line }) => format!("a number in line {line} has too many digits"),
        // One that cannot be read, or is not JSON, is judged by those who need it.
        _ => return Ok(()),
    };
    fs::remove_file(&path).map_err(|source| FolderError {
        action: "remove",
        path,
        source,
    })?;
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

/// What a failure of the sandbox means for the agent that used it.
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

/// Checks that files can be written to `folder`.
fn check_disk(folder: &Path) -> Result<(), DiskFault> {
    let probe = folder.join(".disk.partial");
    let written = failpoint::fault("experiment.probe").and_then(|()| fs::write(&probe, vec![0; PROBE_BYTES]));
    // It is of no use, and its removal may fail for the same reason as the writing.
    let removed = fs::remove_file(&probe);
    match written.and(removed) {
        Err(source) if is_disk_fault(&source) => Err(DiskFault {
            action: "write to",
            path: folder.to_owned(),
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

/// Gives the limits of a template's script: the profile reads whole files and gets more.
pub(crate) fn limits_for_template(limits: &ResourceLimits, of: &str) -> ResourceLimits {
    let mut limits = limits.clone();
    if of == template::PROFILE {
        limits.wall *= 2;
        limits.cpu *= 2;
        limits.workspace_bytes = limits.workspace_bytes.saturating_mul(4);
        limits.file_bytes = limits.file_bytes.saturating_mul(4);
    }
    limits
}

/// Takes over a folder that an earlier process finished: its files match its `execution.json`.
fn adopt_finished_run(folder: &Path) -> Option<Kept> {
    let kept: Kept = serde_json::from_slice(&fs::read(folder.join(run_files::EXECUTION)).ok()?).ok()?;
    has_artefacts(folder, &kept).then_some(kept)
}

/// Returns true if `folder` has the files of a script's run; their content is not checked. The files of a failed script
/// do not count.
fn is_complete(folder: &Path, kept: &Kept) -> bool {
    let has = |name: &str| folder.join(name).is_file();
    let failed = !kept.execution.outcome.is_ok();
    has(run_files::EXECUTION) && (failed || kept.artefacts.iter().all(|artefact| has(&artefact.path)))
}

/// Returns true if `folder` holds every file of a script's run, unchanged.
fn has_artefacts(folder: &Path, kept: &Kept) -> bool {
    let unchanged = |artefact: &ArtefactRecord| {
        hash_file(&folder.join(&artefact.path)).is_ok_and(|sha256| sha256 == artefact.sha256)
    };
    kept.artefacts.iter().all(unchanged)
}

fn hash_file(path: &Path) -> io::Result<String> {
    crate::hash::sha256_file(path)
}

/// The files of an experiment's folder that Kosmos itself writes.
struct Files<'a> {
    run: &'a RunExperiment,
    script: &'a [u8],
    durability: Durability,
}

impl Files<'_> {
    fn prepare_workspace(&self, folder: &Path, workspace: &Path) -> Result<(), FolderError> {
        clear_folder(folder)?;
        clear_folder(workspace)?;
        failpoint::crash("experiment.cleared", "");
        failpoint::fault("experiment.create")
            .and_then(|()| fs::create_dir_all(workspace))
            .map_err(|source| FolderError {
                action: "create",
                path: workspace.to_owned(),
                source,
            })?;
        self.write_script_and_protocol(workspace)
    }

    /// `script.py` and `protocol.json`, as Kosmos wrote them.
    fn write_script_and_protocol(&self, workspace: &Path) -> Result<(), FolderError> {
        let protocol = serde_json::to_vec_pretty(&self.run.protocol).unwrap_or_default();
        replace_file(&workspace.join(run_files::SCRIPT), self.script)?;
        replace_file(&workspace.join(run_files::PROTOCOL), &protocol)
    }

    /// Collects what the script left and puts the folder in its place, whole or not at all.
    fn collect_and_publish(&self, workspace: &Path, folder: &Path, execution: Execution) -> Result<Kept, AgentError> {
        let (artefacts, refused) = collect_files(workspace)?;
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
            self.write_outcome(workspace, &kept)?;
            failpoint::crash("experiment.whole", "");
            self.publish_folder(workspace, folder)
        };
        keep().map_err(convert_folder_error)?;
        failpoint::crash("experiment.placed", "");
        debug_assert_eq!(sha256_hex(self.script), self.run.script_sha256);
        Ok(kept)
    }

    /// `stdout.txt`, `stderr.txt` and, last, `execution.json`.
    fn write_outcome(&self, workspace: &Path, kept: &Kept) -> Result<(), FolderError> {
        replace_file(
            &workspace.join(run_files::STDOUT),
            kept.execution.stdout.text.as_bytes(),
        )?;
        replace_file(
            &workspace.join(run_files::STDERR),
            kept.execution.stderr.text.as_bytes(),
        )?;
        replace_file(
            &workspace.join(run_files::EXECUTION),
            &serde_json::to_vec_pretty(kept).unwrap_or_default(),
        )
    }

    /// Gives the whole folder `from` its name: where the loss of power counts, the files are on the disk before it,
    /// and it is before the journal says so.
    fn publish_folder(&self, from: &Path, folder: &Path) -> Result<(), FolderError> {
        let experiments = folder.parent().unwrap_or(folder);
        let place = || {
            failpoint::fault("experiment.keep")?;
            self.durability.sync_folder(from)?;
            fs::rename(from, folder)?;
            self.durability.sync_names(experiments)?;
            // Which may be new itself.
            self.durability.sync_names(experiments.parent().unwrap_or(experiments))
        };
        place().map_err(|source| FolderError {
            action: "keep",
            path: folder.to_owned(),
            source,
        })
    }
}

/// Removes whatever is in the place of a folder; a link is not followed.
fn clear_folder(path: &Path) -> Result<(), FolderError> {
    let remove = || match fs::symlink_metadata(path)?.is_dir() {
        true => remove_tree(path),
        false => fs::remove_file(path),
    };
    match failpoint::fault("experiment.clear").and_then(|()| remove()) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(FolderError {
            action: "clear",
            path: path.to_owned(),
            source,
        }),
        _ => Ok(()),
    }
}

/// Collects what a script left in its workspace, without the files that Kosmos itself writes there.
fn collect_files(workspace: &Path) -> Result<(Vec<ArtefactRecord>, Vec<Refused>), AgentError> {
    let mut collected = collect_artefacts(workspace, &Caps::default()).map_err(convert_sandbox_error)?;
    refuse_unreasonable_result(workspace, &mut collected).map_err(convert_folder_error)?;
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

/// Replaces whatever is at `path`, which a script may have made into anything, without following it. What is as it
/// should be stays: to delete a file and make it again costs a file system far more than to read it.
fn replace_file(path: &Path, content: &[u8]) -> Result<(), FolderError> {
    let failed = |source| FolderError {
        action: "write",
        path: path.to_owned(),
        source,
    };
    failpoint::fault("experiment.write").map_err(failed)?;
    match fs::symlink_metadata(path) {
        Ok(found) if holds_content(path, &found, content) => return Ok(()),
        Ok(found) if found.is_dir() => fs::remove_dir_all(path).map_err(failed)?,
        Ok(_) => fs::remove_file(path).map_err(failed)?,
        Err(_) => {}
    }
    fs::write(path, content).map_err(failed)
}

/// Whether `path` is a file of its own, not a link to another, that its owner may read and write and nobody else may
/// write or run, with that content.
fn holds_content(path: &Path, found: &fs::Metadata, content: &[u8]) -> bool {
    found.is_file()
        && found.nlink() == 1
        && found.mode() & 0o7733 == 0o600
        && found.len() == content.len() as u64
        && fs::read(path).is_ok_and(|there| there == content)
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
            let path = workspace.path().join(run_files::RESULT);
            fs::write(&path, text).unwrap();
            let mut collected = collect_artefacts(workspace.path(), &Caps::default()).unwrap();
            refuse_unreasonable_result(workspace.path(), &mut collected).unwrap();
            assert_eq!((collected.artefacts.len(), path.exists()), (0, false));
            assert_eq!(collected.refused[0].reason, reason);
        }
    }
}
