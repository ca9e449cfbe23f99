//! Reads results as hostile input, checks them against their protocol, and judges a cycle's family. With a model it
//! puts the findings into words (`interpret`);
//! `custom` checks what came of code that a model wrote.

mod custom;
mod interpret;
mod invalid_result;

use std::{io, rc::Rc, sync::Arc};

use futures::FutureExt;
use serde_json::Value;

pub(crate) use invalid_result::InvalidResult;
use kosmos_core::{
    disk::{DiskFault, is_disk_fault},
    failpoint,
    plain_path::PlainPath,
    run_dir::RunDir,
    run_files,
};

use super::{ExecutorOptions, sandbox_executor::Restorer};
use crate::agent::{Agent, AgentContext, AgentError, Handling};
use crate::message::{AnalyseResult, CycleJudged, DataProfiled, Envelope, FindingDrafted, Outgoing, Payload, agent};
use crate::policy::Thinker;
use crate::sandbox::{ResultFault, read_result};
use crate::science::{ExperimentRecord, Profile, ScriptResult, TestResult, TestStatus, kind, sha256_hex, template};
use crate::stats::judge;

/// The agent.
pub struct DataAnalyst {
    thinker: Option<Thinker>,
    executor: Arc<ExecutorOptions>,
}

impl DataAnalyst {
    /// Judges without a model; `thinker` is for words alone. `executor` runs a script again whose result was lost.
    pub fn new(thinker: Option<Thinker>, executor: Arc<ExecutorOptions>) -> Self {
        Self { thinker, executor }
    }

    /// Returns the bytes of `result.json`, if they are those that the executor collected. A result that was deleted or
    /// changed since is restored first.
    async fn read_result(
        &self,
        experiment: &ExperimentRecord,
        context: &AgentContext,
    ) -> Result<Result<Vec<u8>, InvalidResult>, AgentError> {
        let recorded = experiment.result_sha256.clone();
        let inside = experiment.id.file(run_files::RESULT);
        let read = || {
            let (folder, inside, recorded) = (context.run_dir().clone(), inside.clone(), recorded.clone());
            context.run_blocking(move || read_collected_result(&folder, &inside, recorded.as_deref()))
        };
        match read().await? {
            Err(ResultError::Io(source)) if is_disk_fault(&source) => Err(AgentError::Disk(DiskFault {
                action: "read",
                path: context.run_dir().place_of(&inside),
                source,
            })),
            Err(_) if recorded.is_some() => {
                let restorer = Restorer {
                    options: &self.executor,
                    journal: context.journal(),
                    cancel: context.cancel(),
                };
                restorer.restore_experiment(experiment).await?;
                Ok(read().await?.map_err(InvalidResult::from))
            }
            read => Ok(read.map_err(InvalidResult::from)),
        }
    }
}

impl Agent<Payload> for DataAnalyst {
    fn handle(self: Rc<Self>, message: Envelope, context: AgentContext) -> Handling {
        async move {
            let answer: Payload = match message.payload {
                Payload::AnalyseResult(request) => {
                    let content = self.read_result(&request.experiment, &context).await?;
                    context.run_blocking(move || analyse_result(content, *request)).await?
                }
                Payload::JudgeCycle(request) => {
                    context
                        .run_blocking(move || {
                            let verdict = judge(&request);
                            CycleJudged {
                                cycle: request.cycle,
                                arm: request.arm,
                                families: verdict.families,
                                family: None,
                                records: verdict.records,
                                descriptions: verdict.descriptions,
                                untested: verdict.untested,
                            }
                            .into()
                        })
                        .await?
                }
                Payload::InterpretFindings(request) => {
                    let sent = interpret::interpret_findings(self.thinker.as_ref(), &request, &context).await?;
                    return Ok(sent.into());
                }
                other => {
                    return Err(AgentError::Unexpected {
                        agent: agent::DATA_ANALYST,
                        message: other.name(),
                    });
                }
            };
            Ok(Outgoing {
                to: agent::RESEARCH_DIRECTOR.into(),
                payload: answer,
            }
            .into())
        }
        .boxed_local()
    }
}

/// Checks that the numbers of an analysis that a model wrote follow from the copies that its result lists.
///
/// # Errors
/// The first fault.
pub(crate) fn check_custom_result(parameters: &Value, result: &ScriptResult) -> Result<(), InvalidResult> {
    custom::check_custom_result(parameters, result)
}

fn analyse_result(content: Result<Vec<u8>, InvalidResult>, request: AnalyseResult) -> Payload {
    let experiment = request.experiment;
    let content = match content {
        Ok(content) => content,
        Err(error) => return invalid_result(&experiment, error.to_string()),
    };
    if experiment.protocol.template == template::PROFILE {
        return match serde_json::from_slice::<Profile>(&content) {
            Ok(profile) => DataProfiled {
                table_sha256: collected_sha256(&experiment, run_files::CANONICAL_TABLE),
                dataset: experiment.protocol.dataset,
                experiment: experiment.id,
                profile,
            }
            .into(),
            Err(error) => invalid_result(&experiment, format!("the profile is not of its form: {error}")),
        };
    }
    match serde_json::from_slice::<ScriptResult>(&content) {
        Ok(result) => match check_result(&experiment, &result) {
            Ok(()) => FindingDrafted {
                experiment: experiment.id,
                tests: result.tests,
                invalid: None,
            }
            .into(),
            Err(error) => invalid_result(&experiment, error.to_string()),
        },
        Err(error) => invalid_result(&experiment, format!("the result is not of its form: {error}")),
    }
}

fn invalid_result(experiment: &ExperimentRecord, reason: String) -> Payload {
    FindingDrafted {
        experiment: experiment.id.clone(),
        tests: Vec::new(),
        invalid: Some(reason),
    }
    .into()
}

/// Why a `result.json` cannot be used.
#[derive(Debug, thiserror::Error)]
enum ResultError {
    #[error("result.json cannot be read: {0}")]
    Io(io::Error),
    #[error(transparent)]
    Fault(ResultFault),
    #[error("result.json is not the one that the experiment left")]
    Changed,
}

impl From<ResultError> for InvalidResult {
    fn from(error: ResultError) -> Self {
        Self::File(error.to_string())
    }
}

/// The bytes of the `result.json` at `path`, if they are the ones that the executor collected.
fn read_collected_result(folder: &RunDir, inside: &PlainPath, recorded: Option<&str>) -> Result<Vec<u8>, ResultError> {
    failpoint::fault("result.read").map_err(ResultError::Io)?;
    let content = read_result(folder, inside).map_err(|fault| match fault {
        ResultFault::Unreadable(error) => ResultError::Io(error),
        other => ResultError::Fault(other),
    })?;
    match recorded == Some(sha256_hex(&content).as_str()) {
        true => Ok(content),
        false => Err(ResultError::Changed),
    }
}

fn collected_sha256(experiment: &ExperimentRecord, path: &str) -> Option<String> {
    experiment
        .artefacts
        .iter()
        .find(|artefact| artefact.path.as_str() == path)
        .map(|artefact| artefact.sha256.clone())
}

/// Exactly the tests of the protocol, in its order, with numbers that can be true.
fn check_result(experiment: &ExperimentRecord, result: &ScriptResult) -> Result<(), InvalidResult> {
    let expected = &experiment.protocol.hypotheses;
    let named: Vec<&str> = result.tests.iter().map(|test| test.id.as_str()).collect();
    if named != expected.iter().map(|id| id.as_str()).collect::<Vec<_>>() {
        return Err(InvalidResult::OtherTests);
    }
    result.tests.iter().try_for_each(check_plausible)?;
    if experiment.protocol.template == kind::CUSTOM {
        custom::check_custom_result(&experiment.protocol.parameters, result)?;
    }
    Ok(())
}

fn check_plausible(test: &TestResult) -> Result<(), InvalidResult> {
    if let TestStatus::Other(_) = &test.status {
        return Err(InvalidResult::UnknownStatus {
            test: test.id.clone(),
            status: test.status.to_string(),
        });
    }
    if test.p_judged.is_some_and(|p| !(0.0..=1.0).contains(&p)) {
        return Err(InvalidResult::JudgedByNoP(test.id.clone()));
    }
    let estimates = [&test.whole, &test.explore, &test.confirm];
    for estimate in estimates.into_iter().flatten() {
        if estimate.p.is_some_and(|p| !(0.0..=1.0).contains(&p)) {
            return Err(InvalidResult::NoP(test.id.clone()));
        }
        let effect = estimate.effect.iter().map(|effect| (effect.ci_low, effect.ci_high));
        let units = estimate.units.iter().map(|units| (units.ci_low, units.ci_high));
        let contrasts = estimate.contrasts.iter().flatten();
        let contrasts = contrasts.map(|contrast| (Some(contrast.ci_low), Some(contrast.ci_high)));
        let mut intervals = effect.chain(units).chain(contrasts);
        if intervals.any(|(low, high)| low > high && high.is_some()) {
            return Err(InvalidResult::UpsideDown(test.id.clone()));
        }
    }
    let mut figures = test.figures.iter().map(|figure| (figure.ci_low, figure.ci_high));
    if figures.any(|(low, high)| low > high && high.is_some()) {
        return Err(InvalidResult::UpsideDown(test.id.clone()));
    }
    if test.status == TestStatus::Ok && test.test.as_deref().unwrap_or_default().is_empty() {
        return Err(InvalidResult::UnnamedTest(test.id.clone()));
    }
    Ok(())
}
