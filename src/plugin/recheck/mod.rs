//! Whether the check of a challenge holds: Kosmos runs its script again, on the same rows in another order and on
//! copies of the table in which the claim's columns are changed.
//!
//! A script that an agent wrote may say anything. What it says takes a finding down only if it is about the finding:
//! it comes out the same on the same data, counts the rows that have the claim's columns, comes out otherwise when
//! they are shuffled, and would bear the finding out where that holds without exception.
//!
//! | file | holds |
//! |---|---|
//! | `copies.py` | the script that makes the copies of the table |
//! | `verdict` | what is concluded from the numbers |
//! | `fault` | why the numbers do not count |

mod fault;
mod verdict;

use std::{
    io::Write,
    path::{Path, PathBuf},
    sync::Arc,
};

use kosmos_core::{plain_path::PlainPath, run_dir::RunDir, run_files};
use serde::{Deserialize, Serialize};
use serde_json::json;

use self::fault::{NotRun, Place, RecheckFault};
use super::{calls::EventHandling, host::read_estimate, scratch::Scratch};
use crate::actors::{assemble_standalone, convert_sandbox_error};
use crate::agent::AgentError;
use crate::journal::JournalError;
use crate::message::{ChallengeCheck, CheckEstimate, Grounds};
use crate::sandbox::{Execution, Job, JobInput, Language, RESULT_BYTES};
use crate::science::{Arm, ExperimentRecord, InputFile, Protocol, TestRecord, kind, sha256_hex, template};

/// The script that makes the copies of the table.
const COPIES: &str = include_str!("copies.py");

/// The numbers of a check, run again, or why there are none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Again {
    Numbers(CheckEstimate),
    Failed(String),
}

/// The outcomes of a script that was run again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Rechecked {
    /// Numbers of rows that have the claim's columns: x and y, and all of them.
    rows: Vec<u64>,
    /// Rows of the table.
    all_rows: u64,
    /// On the same rows in another order.
    reordered: Again,
    /// With the values of x in a random order.
    x_shuffled: Again,
    /// With the values of y in a random order; none where they are put in the order of x.
    y_shuffled: Option<Again>,
    /// With the values of y in the order of x; none for claims that this does not make true.
    planted: Option<Again>,
}

/// A challenge whose check is held against the data.
pub(super) struct Challenged<'a> {
    pub(super) finding: &'a TestRecord,
    pub(super) grounds: Grounds,
    pub(super) check: &'a ChallengeCheck,
    pub(super) estimate: &'a CheckEstimate,
}

/// Runs the check's script again and says whether its numbers may count; the inner error is the reason why they may
/// not. Counts as one experiment of the agent's share.
///
/// # Errors
/// When the sandbox or the journal fails.
pub(super) async fn recheck(
    handling: &mut EventHandling<'_>,
    challenged: &Challenged<'_>,
    experiment: &ExperimentRecord,
) -> Result<Result<(), RecheckFault>, AgentError> {
    let share = handling.kit.experiments_of(handling.chosen);
    if handling.memory.experiments >= share {
        return Ok(Err(RecheckFault::ShareUsed { share }));
    }
    let [table] = experiment.protocol.inputs.as_slice() else {
        return Ok(Err(RecheckFault::NoTable));
    };
    if experiment.protocol.dataset != challenged.finding.dataset {
        return Ok(Err(RecheckFault::OtherTable));
    }
    handling.memory.experiments += 1;
    let check = challenged.check;
    let key = format!(
        "recheck:{}:{}:{}:{}:{}",
        handling.context.agent(),
        handling.scene.occasion,
        challenged.finding.id,
        check.experiment,
        sha256_hex(&check.pointer).get(..8).unwrap_or_default(),
    );
    let work = Work {
        handling,
        experiment,
        table,
        pointer: &check.pointer,
    };
    let rechecked: Result<Rechecked, NotRun> = work.handling.context.effect(&key, || work.run(challenged)).await?;
    Ok(match rechecked {
        Ok(rechecked) => verdict::judge_recheck(challenged, &rechecked, handling.kit.alpha),
        Err(reason) => Err(reason.into()),
    })
}

/// Everything that the script is run again with.
struct Work<'a, 'h> {
    handling: &'a EventHandling<'h>,
    experiment: &'a ExperimentRecord,
    table: &'a InputFile,
    pointer: &'a str,
}

impl Work<'_, '_> {
    /// Makes the copies and runs the script on each. The inner error is why that cannot be done.
    async fn run(&self, challenged: &Challenged<'_>) -> Result<Result<Rechecked, NotRun>, AgentError> {
        let plants = challenged.grounds != Grounds::NegativeControl && can_plant(challenged.finding);
        let scratch = self.new_folder()?;
        let copies = self.make_copies(challenged.finding, plants, scratch.path()).await?;
        let Some((rows, all_rows)) = copies else {
            return Ok(Err(NotRun::NoCopies));
        };
        let folder = scratch.path();
        let last = if plants {
            "planted.parquet"
        } else {
            "y_shuffled.parquet"
        };
        let (reordered, x_shuffled, last) = futures::try_join!(
            self.run_on(folder.join("reordered.parquet")),
            self.run_on(folder.join("x_shuffled.parquet")),
            self.run_on(folder.join(last)),
        )?;
        let (y_shuffled, planted) = match plants {
            true => (None, Some(last)),
            false => (Some(last), None),
        };
        Ok(Ok(Rechecked {
            rows,
            all_rows,
            reordered,
            x_shuffled,
            y_shuffled,
            planted,
        }))
    }

    fn new_folder(&self) -> Result<Scratch, AgentError> {
        let parent = self.handling.kit.scratch_folder();
        Scratch::create_in(&parent, self.handling.context.agent())
            .map_err(|source| JournalError::Io { path: parent, source }.into())
    }

    /// Writes the copies to `folder`; returns the numbers of rows.
    async fn make_copies(
        &self,
        finding: &TestRecord,
        plants: bool,
        folder: &Path,
    ) -> Result<Option<(Vec<u64>, u64)>, AgentError> {
        #[derive(Deserialize)]
        struct Counts {
            rows: Vec<u64>,
            all_rows: u64,
        }
        let seed = sha256_hex(format!("{} {}", finding.id, self.experiment.id));
        let protocol = Protocol {
            template: template::AGENT.to_owned(),
            title: "Copies of a table, to check the script of a challenge".to_owned(),
            dataset: finding.dataset.clone(),
            arm: Arm::Observed,
            cycle: finding.cycle,
            attempt: 1,
            hypotheses: Vec::new(),
            inputs: vec![self.table.clone()],
            parameters: json!({
                "table": self.experiment.protocol.parameters.get("table"),
                "seed": u32::from_str_radix(seed.get(..8).unwrap_or_default(), 16).unwrap_or_default(),
                "claim": {
                    "x": finding.x, "y": finding.y, "direction": finding.direction, "y_level": finding.y_level,
                    "given": finding.covariates.iter().chain(&finding.by).collect::<Vec<_>>(),
                    "plants": plants,
                },
            }),
        };
        let script = assemble_standalone(&protocol, "Written by Kosmos.", [COPIES]);
        let table = self.table.path_from(self.handling.context.folder());
        let execution = self.run_script(script.as_bytes(), folder, table).await?;
        if !execution.outcome.is_ok() {
            tracing::warn!(
                stderr = execution.stderr.text,
                "the copies of a table could not be made"
            );
            return Ok(None);
        }
        let counts = open_workspace(folder)?.read(&result(), RESULT_BYTES);
        let counts: Option<Counts> = serde_json::from_slice(&counts.unwrap_or_default()).ok();
        Ok(counts.map(|counts| (counts.rows, counts.all_rows)))
    }

    /// Runs the agent's script on a copy of its table, which it finds in the table's place.
    async fn run_on(&self, table: PathBuf) -> Result<Again, AgentError> {
        let script = self.handling.context.blobs().get(&self.experiment.script_sha256)?;
        let scratch = self.new_folder()?;
        let execution = self.run_script(&script, scratch.path(), table).await?;
        if !execution.outcome.is_ok() {
            return Ok(Again::Failed(format!("the script {}", execution.outcome)));
        }
        let folder = open_workspace(scratch.path())?;
        Ok(match read_estimate(&folder, &result(), self.pointer) {
            Ok(estimate) => Again::Numbers(estimate),
            Err(error) => Again::Failed(error.to_string()),
        })
    }

    async fn run_script(&self, script: &[u8], workspace: &Path, table: PathBuf) -> Result<Execution, AgentError> {
        let written = open_workspace(workspace)?
            .create_file(&PlainPath::of(run_files::SCRIPT))
            .and_then(|mut file| file.write_all(script));
        written.map_err(|source| {
            let path = workspace.join(run_files::SCRIPT);
            JournalError::Io { path, source }
        })?;
        let executor = Arc::clone(&self.handling.kit.executor);
        let job = Job {
            key: format!("{}-recheck-{:08x}", self.handling.kit.run, fastrand::u32(..)),
            // The id of the experiment, so that the script cannot tell that it is run again.
            experiment: self.experiment.id.to_string(),
            workspace: workspace.to_owned(),
            inputs: vec![JobInput {
                host: table,
                inside: self.table.inside.as_path().to_owned(),
            }],
            script: run_files::SCRIPT.to_owned(),
            language: Language::Python,
            limits: executor.limits.clone(),
        };
        job.validate().map_err(AgentError::fatal)?;
        let cancel = self.handling.context.cancel().clone();
        executor.sandbox.run(job, cancel).await.map_err(convert_sandbox_error)
    }
}

/// The folder that a script works in, which it may have filled with anything.
fn open_workspace(path: &Path) -> Result<RunDir, JournalError> {
    RunDir::open(path).map_err(|source| JournalError::Io {
        path: path.to_owned(),
        source,
    })
}

fn result() -> PlainPath {
    PlainPath::of(run_files::RESULT)
}

/// Whether the claim is made true by putting y in the order of x.
fn can_plant(finding: &TestRecord) -> bool {
    let kinds = [
        kind::NUMERIC_NUMERIC,
        kind::GROUP_NUMERIC,
        kind::CATEGORICAL_CATEGORICAL,
        kind::NUMERIC_BINARY,
        kind::ADJUSTED,
        kind::STRATIFIED,
        kind::DOSE_RESPONSE,
    ];
    kinds.contains(&finding.kind.as_str())
}
