//! The progress of a run, read from its log by any process, during or after the run.

use serde::Serialize;

use super::{
    LabError, RunFolder, RunOrigin, graph,
    tree::{AgentSummary, summarise_agents},
};
use crate::{
    config::{PolicyChoice, RunBudget},
    journal::{self, Entry, JournalError, Record, read_entries},
    llm::Account,
    message::{Opening, Payload},
    report::ModelUse,
    science::{Arm, Branch, RunEnd, RunId},
};

/// The progress of a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunSummary {
    /// The run.
    pub run: RunId,
    /// Whose it is.
    pub origin: RunOrigin,
    /// Its question.
    pub question: String,
    /// `answered`, ..., or `unfinished` while it has not ended.
    pub status: String,
    /// True if a process works on it.
    pub running: bool,
    /// Its end, if it has ended.
    pub end: Option<RunEnd>,
    /// The reason of its stop, if it has not ended.
    pub stopped: Option<String>,
    /// The run that it branched from, with its own first cycle; none if it is no branch.
    pub branch: Option<Branch>,
    /// Current cycle, from 1; 0 before the first.
    pub cycle: u32,
    /// Scripts sent to the sandbox.
    pub experiments_planned: u64,
    /// Scripts that have ended.
    pub experiments_done: u64,
    /// Tests judged on the data as given, without those on shuffled data.
    pub tests: u64,
    /// Significant ones.
    pub findings: u64,
    /// Restarts of agents.
    pub restarts: u64,
    /// Dead letters.
    pub dead_letters: u64,
    /// The project that it belongs to.
    pub project: Option<String>,
    /// Nodes and edges that are waiting for the graph.
    pub graph_waits: u64,
    /// Use and remaining budget of the models; none without a model.
    pub model: Option<ModelStatus>,
    /// The supervisor's tree.
    pub agents: Vec<AgentSummary>,
    /// Time of the first journal entry, in milliseconds since the Unix epoch.
    pub began_ms: Option<u64>,
    /// Time of the last journal entry, in milliseconds since the Unix epoch.
    pub last_ms: Option<u64>,
}

/// Use and remaining budget of the models of a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ModelStatus {
    /// By model, agent and cycle.
    #[serde(flatten)]
    pub used: ModelUse,
    /// Tokens that the run may use; none without a limit.
    pub tokens: Option<u64>,
    /// Tokens left.
    pub tokens_left: Option<u64>,
    /// US dollars that it may cost; none without a limit.
    pub usd: Option<f64>,
    /// US dollars left.
    pub usd_left: Option<f64>,
}

/// Reads the progress of the run in `folder`.
///
/// # Errors
/// When its settings or its journal cannot be read.
pub fn summarise_run(folder: &RunFolder) -> Result<RunSummary, LabError> {
    let origin = folder.origin()?;
    let settings = folder.read_settings_of(origin)?;
    let mut summary = RunSummary {
        run: folder.id(),
        question: settings.question.clone().unwrap_or_default(),
        status: "unfinished".to_owned(),
        // The lock is in the database, which is not touched of a run from elsewhere.
        running: origin.is_trusted() && journal::is_in_use(folder.path()),
        origin,
        end: None,
        stopped: None,
        branch: None,
        cycle: 0,
        experiments_planned: 0,
        experiments_done: 0,
        tests: 0,
        findings: 0,
        restarts: 0,
        dead_letters: 0,
        project: settings.project.clone(),
        graph_waits: 0,
        model: None,
        agents: Vec::new(),
        began_ms: None,
        last_ms: None,
    };
    let entries = read_entries(&folder.open_dir()?)?;
    if settings.policy == PolicyChoice::Llm {
        summary.model = Some(summarise_models(&settings.budget, &entries)?);
    }
    summary.graph_waits = graph::count_waiting_in(&entries)? as u64;
    summary.agents = summarise_agents(&entries, summary.running);
    for entry in entries {
        count_entry(&mut summary, entry);
    }
    Ok(summary)
}

fn summarise_models(budget: &RunBudget, entries: &[Entry]) -> Result<ModelStatus, JournalError> {
    // Other entries can be large, and are not copied.
    let receipts = entries
        .iter()
        .filter(|entry| matches!(&entry.record, Record::Receipt { key, .. } if key.starts_with("llm")));
    let account = Account::from_entries(receipts.cloned().map(Ok::<_, JournalError>))?;
    Ok(ModelStatus {
        used: ModelUse::from(&account),
        tokens: budget.tokens,
        tokens_left: budget.tokens.map(|tokens| tokens.saturating_sub(account.total.sum())),
        usd: budget.usd,
        usd_left: budget.usd.map(|usd| (usd - account.usd).max(0.0)),
    })
}

fn count_entry(summary: &mut RunSummary, entry: Entry) {
    summary.began_ms.get_or_insert(entry.at_ms);
    summary.last_ms = Some(entry.at_ms);
    if let Record::Opened(Opening {
        branch: Some(branch), ..
    }) = &entry.record
    {
        summary.branch = Some(branch.clone());
    }
    match entry.record {
        Record::Sent { envelope } => match envelope.payload {
            Payload::DesignExperiment(request) => summary.cycle = summary.cycle.max(request.cycle),
            Payload::RunExperiment(_) => summary.experiments_planned += 1,
            Payload::ExperimentFinished(_) => summary.experiments_done += 1,
            Payload::CycleJudged(verdict) if verdict.arm == Arm::Observed => {
                for family in verdict.all_families() {
                    summary.tests += family.tests;
                    summary.findings += family.significant;
                }
            }
            Payload::EndRun(end) => {
                summary.status = end.status.to_string();
                summary.end = Some(*end);
            }
            _ => {}
        },
        Record::Opened(_) if summary.end.is_none() => {
            summary.status = "unfinished".to_owned();
            summary.stopped = None;
        }
        Record::Stopped { reason, .. } => {
            summary.status = "stopped".to_owned();
            summary.stopped = Some(reason);
        }
        Record::Restarted { .. } => summary.restarts += 1,
        Record::Handled { dead: Some(_), .. } => summary.dead_letters += 1,
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::config::Request;

    #[test]
    fn what_the_models_took_and_what_is_left() {
        let receipt = |key: &str, agent: &str, cycle: u32, usd: Option<f64>| Entry {
            seq: 1,
            at_ms: 0,
            more: false,
            record: Record::Receipt {
                key: key.to_owned(),
                value: json!({
                    "agent": agent, "purpose": "propose", "cycle": cycle, "model": "m", "template_sha256": "", "text": "{}",
                    "finish_reason": "stop", "usage": {"input": 90, "output": 10}, "usd": usd, "estimated": false,
                }),
            },
        };
        let entries = [
            receipt("llm:1", "a", 1, Some(0.5)),
            receipt("llm:2", "b", 2, Some(0.25)),
            receipt("experiment:1", "a", 2, None),
        ];
        let mut budget = Request::default().resolve().unwrap().settings.budget;
        budget.tokens = Some(1000);
        budget.usd = Some(0.5);
        let model = summarise_models(&budget, &entries).unwrap();
        assert_eq!((model.tokens_left, model.usd_left), (Some(800), Some(0.0)));
        let total = &model.used.total;
        assert_eq!((total.calls, total.input, total.output, total.usd), (2, 180, 20, 0.75));
        let names = |lines: &[crate::report::UseLine]| lines.iter().map(|line| line.name.clone()).collect::<Vec<_>>();
        assert_eq!(names(&model.used.agents), ["a", "b"]);
        assert_eq!(names(&model.used.cycles), ["1", "2"]);
        let shown = serde_json::to_value(&model).unwrap();
        assert_eq!(shown["models"][0]["calls"], 2);
    }
}
