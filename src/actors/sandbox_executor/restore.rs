//! Restores the folders of experiments that were deleted or damaged after the run recorded them.
//!
//! The journal has the script, the protocol, the outcome and the hashes of the files, so the script runs again and
//! must leave the same files. Only then does its folder take its place.

use futures::{FutureExt, future::LocalBoxFuture};
use kosmos_core::{
    disk::{DiskFault, is_disk_fault},
    plain_path::PlainPath,
    run_dir::{EntryKind, RunDir},
    run_files,
};
use tokio::sync::Mutex;

use super::{
    Clear, ExecutorOptions, Files, Kept, check_disk, check_inputs, clear_folder, collect_files, convert_folder_error,
    convert_sandbox_error, describe_job, find_input_problem, has_artefacts, has_content, is_complete, read_receipt,
    workspace_of,
};
use crate::actors::research_director::restore_state;
use crate::agent::{AgentError, Cancel, run_blocking};
use crate::journal::Journal;
use crate::message::RunExperiment;
use crate::science::{ArtefactRecord, ExperimentId, ExperimentRecord};

/// One folder is restored at a time: two experiments that read the same table would restore it twice.
static RESTORING: Mutex<()> = Mutex::const_new(());

/// Experiments that read what another one left, which read what another one left: a profile and its readers are two. A
/// journal in which they read each other has no end.
const LONGEST_CHAIN: usize = 8;

/// Restores folders of experiments of one run.
pub(crate) struct Restorer<'a> {
    /// The sandbox and its limits.
    pub options: &'a ExecutorOptions,
    /// The run's journal.
    pub journal: &'a Journal,
    /// Stops the script.
    pub cancel: &'a Cancel,
}

/// Why the folder of an experiment cannot be restored.
#[derive(Debug, thiserror::Error)]
enum RestoreError {
    #[error("the files of experiment {experiment} are missing or damaged, and the journal does not have its script")]
    Unknown { experiment: ExperimentId },
    #[error(
        "the files of experiment {experiment} are missing or damaged, and its script, run again, left {problem}: \
         restore the folder experiments/{experiment} from a backup, or start a new run"
    )]
    Differs { experiment: ExperimentId, problem: String },
}

impl Restorer<'_> {
    /// The run's folder.
    fn folder(&self) -> &RunDir {
        self.journal.run_dir()
    }

    /// Restores the files that other experiments left and that `run` reads. Returns without doing anything if they are
    /// unchanged.
    ///
    /// # Errors
    /// If the disk fails, or if a file cannot be made again as it was.
    pub async fn restore_inputs(&self, run: &RunExperiment) -> Result<(), AgentError> {
        let _turn = RESTORING.lock().await;
        self.restore_inputs_in_turn(run, LONGEST_CHAIN).await
    }

    /// Restores the folder of an experiment that the run has recorded. Returns without doing anything if its files are
    /// unchanged.
    ///
    /// # Errors
    /// As [`Restorer::restore_inputs`].
    pub async fn restore_experiment(&self, record: &ExperimentRecord) -> Result<(), AgentError> {
        let _turn = RESTORING.lock().await;
        self.restore_in_turn(&run_of_record(record), LONGEST_CHAIN).await
    }

    /// The same for an experiment that may not be recorded yet.
    ///
    /// # Errors
    /// As [`Restorer::restore_inputs`].
    pub async fn restore_run(&self, run: &RunExperiment) -> Result<(), AgentError> {
        let _turn = RESTORING.lock().await;
        self.restore_in_turn(run, LONGEST_CHAIN).await
    }

    /// Restores the folders of all experiments that ended, and returns how many were damaged.
    ///
    /// # Errors
    /// As [`Restorer::restore_inputs`].
    pub async fn restore_all(&self) -> Result<usize, AgentError> {
        let (state, _) = restore_state(self.journal)?;
        let _turn = RESTORING.lock().await;
        let mut restored = 0;
        for record in state.experiments.values().filter(|record| record.outcome.is_some()) {
            let run = run_of_record(record);
            if let Some(kept) = read_receipt(self.journal, &record.id)?
                && !self.is_whole(&run, &kept).await?
            {
                self.restore_in_turn(&run, LONGEST_CHAIN).await?;
                restored += 1;
            }
        }
        Ok(restored)
    }

    fn restore_inputs_in_turn<'a>(
        &'a self,
        run: &'a RunExperiment,
        depth: usize,
    ) -> LocalBoxFuture<'a, Result<(), AgentError>> {
        async move {
            while let Some(id) = self.find_damaged_input(run).await? {
                let (state, _) = restore_state(self.journal)?;
                let Some(record) = state.experiments.get(&id).filter(|_| depth > 0) else {
                    return Err(AgentError::fatal(RestoreError::Unknown { experiment: id }));
                };
                self.restore_in_turn(&run_of_record(record), depth - 1).await?;
                // A protocol that names another file of it than the run recorded is not repaired by that.
                if self.find_damaged_input(run).await?.as_ref() == Some(&id) {
                    return Ok(());
                }
            }
            Ok(())
        }
        .boxed_local()
    }

    /// The first experiment whose file `run` reads and that is missing or changed.
    async fn find_damaged_input(&self, run: &RunExperiment) -> Result<Option<ExperimentId>, AgentError> {
        for input in &run.protocol.inputs {
            let Some((id, inside)) = input
                .path_in_run()
                .and_then(|inside| Some((experiment_of(inside)?, inside)))
            else {
                continue;
            };
            if find_input_problem(input, self.folder()).await?.is_some() {
                self.check_readable(inside)?;
                return Ok(Some(id));
            }
        }
        Ok(None)
    }

    /// A file that the disk does not give back is not missing.
    fn check_readable(&self, inside: &PlainPath) -> Result<(), AgentError> {
        let folder = self.folder();
        let opened = folder.kind_of(inside).and_then(|kind| match kind {
            Some(EntryKind::File(_)) => folder.open_file(inside).map(drop),
            Some(EntryKind::Folder) => folder.list(Some(inside)).map(drop),
            Some(EntryKind::Link | EntryKind::Other) | None => Ok(()),
        });
        match opened {
            Err(source) if is_disk_fault(&source) => Err(AgentError::Disk(DiskFault {
                action: "read",
                path: folder.place_of(inside),
                source,
            })),
            _ => Ok(()),
        }
    }

    async fn restore_in_turn(&self, run: &RunExperiment, depth: usize) -> Result<(), AgentError> {
        // One that has not ended is run anyway.
        let Some(kept) = read_receipt(self.journal, &run.id)? else {
            return Ok(());
        };
        if self.is_whole(run, &kept).await? {
            return Ok(());
        }
        let folder = self.folder();
        let job = describe_job(run, folder, self.options.limits_of(&run.protocol.template));
        job.validate().map_err(AgentError::fatal)?;
        tracing::warn!(experiment = %run.id, "its files are missing or damaged: its script runs again");
        let script = self.journal.blobs().get(&run.script_sha256)?;
        let files = Files {
            folder,
            run,
            script: &script,
            durability: self.journal.blobs().durability(),
        };
        files
            .prepare_workspace(Clear::Workspace)
            .map_err(convert_folder_error)?;
        let workspace = workspace_of(&run.id);
        // A failed script is no evidence: what it said is kept, and its files are of no use to anyone.
        if kept.execution.outcome.is_ok() {
            self.restore_inputs_in_turn(run, depth).await?;
            check_inputs(run, folder).await?;
            let execution = self
                .options
                .sandbox
                .run(job, self.cancel.clone())
                .await
                .map_err(convert_sandbox_error)?;
            if !execution.outcome.is_ok() {
                check_disk(folder).map_err(AgentError::Disk)?;
            }
            files.write_script_and_protocol().map_err(convert_folder_error)?;
            let (left, _) = collect_files(folder, &workspace)?;
            if let Some(problem) = describe_difference(&kept.artefacts, &left) {
                return Err(AgentError::fatal(RestoreError::Differs {
                    experiment: run.id.clone(),
                    problem,
                }));
            }
        }
        let place = || {
            files.write_outcome(&kept)?;
            clear_folder(folder, &run.id.folder())?;
            files.publish_folder(&workspace)
        };
        place().map_err(convert_folder_error)
    }

    /// Returns true if the folder holds the script and every file that the script left, unchanged. The files of a
    /// failed script do not count.
    async fn is_whole(&self, run: &RunExperiment, kept: &Kept) -> Result<bool, AgentError> {
        let (folder, place) = (self.folder().clone(), run.id.folder());
        self.check_readable(&place)?;
        let (kept, sha256) = (kept.clone(), run.script_sha256.clone());
        run_blocking(move || {
            let script = has_content(&folder, &place.join_id(run_files::SCRIPT), &sha256);
            let failed = !kept.execution.outcome.is_ok();
            script && is_complete(&folder, &place, &kept) && (failed || has_artefacts(&folder, &place, &kept))
        })
        .await
    }
}

fn run_of_record(record: &ExperimentRecord) -> RunExperiment {
    RunExperiment {
        id: record.id.clone(),
        protocol: record.protocol.clone(),
        script_sha256: record.script_sha256.clone(),
    }
}

/// The experiment in whose folder a file of a run is.
fn experiment_of(inside: &PlainPath) -> Option<ExperimentId> {
    inside.names().nth(1)?.parse().ok()
}

/// Describes the first difference between the files that a run of a script recorded and those that it left again.
fn describe_difference(recorded: &[ArtefactRecord], left: &[ArtefactRecord]) -> Option<String> {
    let by_path = |files: &[ArtefactRecord], path: &PlainPath| files.iter().find(|file| file.path == *path).cloned();
    for file in recorded {
        match by_path(left, &file.path) {
            None => return Some(format!("no {}", file.path)),
            Some(again) if again.sha256 != file.sha256 => return Some(format!("another {}", file.path)),
            Some(_) => {}
        }
    }
    let more = left.iter().find(|file| by_path(recorded, &file.path).is_none());
    more.map(|file| format!("a file {} that was not there", file.path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    use crate::science::{InputFile, InputPlace};

    fn file(path: &str, sha256: &str) -> ArtefactRecord {
        ArtefactRecord {
            path: path.parse().unwrap(),
            bytes: 1,
            sha256: sha256.to_owned(),
        }
    }

    #[test]
    fn the_same_files_in_any_order_are_the_same() {
        let recorded = [file("result.json", "a"), file("table.parquet", "b")];
        let turned = [file("table.parquet", "b"), file("result.json", "a")];
        assert_eq!(describe_difference(&recorded, &turned), None);
        let table = [
            (vec![file("result.json", "a")], "no table.parquet"),
            (
                vec![file("result.json", "c"), file("table.parquet", "b")],
                "another result.json",
            ),
            (
                vec![file("result.json", "a"), file("table.parquet", "b"), file("x", "y")],
                "a file x that was not there",
            ),
        ];
        for (left, problem) in table {
            assert_eq!(describe_difference(&recorded, &left).as_deref(), Some(problem));
        }
    }

    #[test]
    fn only_files_in_the_folder_of_an_experiment_belong_to_one() {
        let of = |host: &str| {
            let input = InputFile {
                host: InputPlace::try_from(PathBuf::from(host)).ok()?,
                inside: PlainPath::of("data/t"),
                sha256: String::new(),
            };
            experiment_of(input.path_in_run()?).map(|id| id.to_string())
        };
        assert_eq!(
            of("experiments/e-0123456789ab/table.parquet").as_deref(),
            Some("e-0123456789ab")
        );
        for path in [
            "experiments/e-0123456789ab",
            "/experiments/e-0123456789ab/t",
            "data/e-0123456789ab/t",
            "experiments/../t",
            "experiments/e-1/t",
            "",
        ] {
            assert_eq!(of(path), None, "{path}");
        }
    }
}
