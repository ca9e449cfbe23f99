use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use crate::config::Environment;
use crate::lab::{Lab, LabError, RunFolder, changed_since, differences};
use crate::progress::printable;
use crate::science::RunId;
use crate::supervisor::SupervisorError;

use super::outcome::lab_error;
use super::{CliError, Console, Exit, Globals, Home, output};

/// `kosmos replay`: does a run again from the replies that its models gave, and compares.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub struct ReplayArgs {
    /// The id of a run, or a beginning of it that fits one alone; `kosmos runs` lists them
    #[arg(value_name = "RUN")]
    pub run: String,
}

pub(super) const LONG_ABOUT: &str = "\
Do a run again from the replies that its models gave, and compare.

The repetition has the same settings and a folder of its own. Every script runs again; what was asked of a \
model is answered from the recorded run, so no endpoint, no key and no network are needed. Ends with 0 when both \
have the same findings, and with 4 when they differ, or when something was asked that has no recorded reply.";

const EXAMPLES: &str = "\
Examples:
  kosmos replay 3fa9c1
  kosmos replay 3fa9c1 --json";

/// What it prints with `--json`.
#[derive(Debug, Serialize)]
struct Outcome {
    recorded: RunId,
    run: Option<RunId>,
    same: bool,
    differences: Vec<String>,
    findings_json: Option<PathBuf>,
    report_html: Option<PathBuf>,
    exit_code: u8,
}

/// Runs the command.
///
/// # Errors
/// When there is no such run, it has not ended, or it can't be worked on.
pub fn execute(args: ReplayArgs, globals: &Globals) -> Result<Exit, CliError> {
    let home = Home::locate(globals, &Environment::of_process()?);
    let recorded = RunFolder::find(&home.runs(), &args.run).map_err(lab_error)?;
    let settings = recorded.settings().map_err(lab_error)?;
    let mut outcome = Outcome {
        recorded: recorded.id(),
        run: None,
        same: false,
        differences: changed_since(&recorded).map_err(lab_error)?,
        findings_json: None,
        report_html: None,
        exit_code: Exit::Failed.code(),
    };
    if !outcome.differences.is_empty() {
        return tell(outcome, globals);
    }
    let folder = recorded.again(&home.runs()).map_err(lab_error)?;
    outcome.run = Some(folder.id());
    let console = Console::start(&settings.log, globals)?;
    console.telemetry.log_to(&folder.path().join("kosmos.log"))?;
    let worked = Lab::open(folder.clone(), console.progress)
        .map(|lab| lab.replaying(recorded.clone()))
        .and_then(Lab::work);
    match worked {
        Ok(finished) => {
            outcome.differences = differences(&recorded, &folder).map_err(lab_error)?;
            outcome.findings_json = Some(finished.written.findings);
            outcome.report_html = Some(finished.written.html);
        }
        Err(LabError::Supervisor(SupervisorError::NotRecorded { reason, .. })) => outcome.differences.push(reason),
        Err(error @ (LabError::Interpreter(_) | LabError::Sandbox(_))) => {
            folder.remove().map_err(lab_error)?;
            return Err(lab_error(error));
        }
        Err(error) => return Err(lab_error(error)),
    }
    tell(outcome, globals)
}

fn tell(mut outcome: Outcome, globals: &Globals) -> Result<Exit, CliError> {
    outcome.same = outcome.differences.is_empty();
    let exit = if outcome.same { Exit::Done } else { Exit::Failed };
    outcome.exit_code = exit.code();
    if globals.json {
        output::json(&outcome)?;
        return Ok(exit);
    }
    let mut text = format!("recorded  {}\n", outcome.recorded);
    if let Some(run) = &outcome.run {
        text.push_str(&format!("run       {run}\n"));
    }
    if let Some(findings) = &outcome.findings_json {
        text.push_str(&format!("findings  {}\n", findings.display()));
    }
    text.push_str(match outcome.same {
        true => "same      the findings are those of the recorded run\n",
        false => "differs\n",
    });
    for difference in &outcome.differences {
        text.push_str(&format!("  {}\n", printable(difference)));
    }
    output::text(&text)?;
    Ok(exit)
}
