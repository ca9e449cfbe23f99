use kosmos_core::run_files;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Called, EventHandling, code, read_params};
use crate::actors::{SandboxExecutor, assemble_standalone};
use crate::agent::AgentError;
use crate::message::RunExperiment;
use crate::plugin::wire::RpcError;
use crate::prompt::{inline, shorten_to};
use crate::sandbox::{Outcome, RESULT_BYTES, parse_result};
use crate::science::{Arm, ExperimentId, ExperimentRecord, ExperimentState, InputFile, InputPlace, Protocol, template};

/// Maximum size of a script in bytes.
const LONGEST: usize = 256 * 1024;

/// Letters of a script's output that are returned.
const TOLD: usize = 4000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Script {
    script: String,
    #[serde(default)]
    dataset: Option<String>,
    #[serde(default)]
    title: Option<String>,
    #[serde(default)]
    parameters: Map<String, Value>,
}

/// Answers `sandbox.run`: runs a script as an experiment of the run.
pub(super) async fn run_script(handling: &mut EventHandling<'_>, params: &Value) -> Called {
    let asked: Script = match read_params(params) {
        Ok(asked) => asked,
        Err(error) => return Ok(Err(error)),
    };
    let refuse = |code: i64, message: String| Ok(Err(RpcError::new(code, message)));
    if asked.script.trim().is_empty() || asked.script.len() > LONGEST {
        return refuse(
            code::WRONG_PARAMETERS,
            format!("`script` must have from 1 to {LONGEST} bytes"),
        );
    }
    let agent = handling.context.agent().clone();
    let share = handling.kit.experiments_of(handling.chosen);
    if handling.memory.experiments >= share {
        return refuse(
            code::SPENT,
            format!("its share of the run's experiments, {share}, is used up"),
        );
    }
    let tables = &handling.scene.tables;
    let table = match &asked.dataset {
        None => tables.first().filter(|_| tables.len() == 1),
        Some(name) => {
            let found = tables.iter().find(|table| table.dataset == *name);
            if found.is_none() {
                let told = format!("unknown table `{}`", shorten_to(&inline(name), 60));
                return refuse(code::WRONG_PARAMETERS, told);
            }
            found
        }
    };
    let mut parameters = asked.parameters.clone();
    let mut inputs = Vec::new();
    if let Some(table) = table {
        let path = table.experiment.file(run_files::CANONICAL_TABLE);
        parameters.insert(
            "table".to_owned(),
            json!(format!("../{}/{}", table.experiment, run_files::CANONICAL_TABLE)),
        );
        inputs.push(InputFile {
            host: InputPlace::InRun(path.clone()),
            inside: path,
            sha256: table.sha256.clone(),
        });
    }
    let title = asked.title.as_deref().map(|title| shorten_to(&inline(title), 120));
    let protocol = Protocol {
        template: template::AGENT.to_owned(),
        title: title.unwrap_or_else(|| format!("A script of the agent {agent}")),
        dataset: table.map(|table| table.dataset.clone()).unwrap_or_default(),
        arm: Arm::Observed,
        cycle: handling.scene.cycle,
        attempt: 1,
        hypotheses: Vec::new(),
        inputs,
        parameters: Value::Object(parameters),
    };
    let by = format!("Written by the agent {agent}.");
    let script = assemble_standalone(&protocol, &by, [asked.script.as_str()]);
    // The same script on the same table is the same experiment.
    let id = ExperimentId::derive(&script);
    let script_sha256 = handling
        .context
        .blobs()
        .put(script.as_bytes())
        .map_err(AgentError::from)?;
    let run = RunExperiment {
        id: id.clone(),
        protocol,
        script_sha256,
    };
    let executor = SandboxExecutor::new(handling.kit.executor.clone());
    let finished = executor.run_experiment(&run, handling.context).await?;
    let folder = handling.context.run_dir();
    let text = |name: &'static str| {
        let bytes = folder.read(&id.file(name), RESULT_BYTES).unwrap_or_default();
        shorten_to(&String::from_utf8_lossy(&bytes), TOLD)
    };
    let (stdout, stderr) = (text(run_files::STDOUT), text(run_files::STDERR));
    let kept = finished
        .artefacts
        .iter()
        .find(|artefact| artefact.path.as_str() == run_files::RESULT);
    let read = kept.map(|_| parse_result(folder, &id.file(run_files::RESULT)));
    let good = finished.outcome == Outcome::Ok && matches!(read, Some(Ok(_)));
    let outcome = match (&finished.outcome, &read) {
        (Outcome::Ok, Some(Ok(_))) => "ok".to_owned(),
        (Outcome::Ok, Some(Err(fault))) => format!("ended well, but {fault}"),
        (Outcome::Ok, None) => finished
            .failure
            .clone()
            .unwrap_or_else(|| "left no result.json".to_owned()),
        (outcome, _) => outcome.to_string(),
    };
    let result = read.and_then(Result::ok).unwrap_or(Value::Null);
    let answer = json!({
        "experiment": id, "outcome": outcome, "result": result, "stdout": stdout, "stderr": stderr,
    });
    if !handling.experiments.iter().any(|known| known.id == id) {
        handling.memory.experiments += 1;
        handling.experiments.push(ExperimentRecord {
            id,
            protocol: run.protocol,
            script_sha256: run.script_sha256,
            state: if good {
                ExperimentState::Finished
            } else {
                ExperimentState::Failed
            },
            outcome: Some(finished.outcome),
            usage: Some(finished.usage),
            result_sha256: kept.map(|artefact| artefact.sha256.clone()),
            artefacts: finished.artefacts.clone(),
            failure: finished.failure,
            advice: finished.advice,
            written_by: None,
        });
    }
    Ok(Ok(answer))
}
