use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use crate::config::Environment;
use crate::lab::{Lab, LabError, RunFolder, compare_findings, list_changed_tables};
use crate::progress::printable;
use crate::science::RunId;
use crate::supervisor::SupervisorError;

use super::{CliError, Console, Exit, Globals, Home, output};

/// `kosmos replay`: repeats a run with its recorded model replies, and compares the findings.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub struct ReplayArgs {
    /// Run id, or a unique prefix of one; `kosmos runs` lists the runs
    #[arg(value_name = "RUN")]
    pub run: String,
}

pub(super) const LONG_ABOUT: &str = "\
Repeat a run with its recorded model replies, and compare the findings.

The repetition has the same settings and its own folder. Every script runs again; calls to a \
model are answered from the recorded run, so that no endpoint, key or network is needed. Exits with 0 if both \
runs have the same findings, and with 4 if they differ or a call has no recorded reply.";

const EXAMPLES: &str = "\
Examples:
  kosmos replay 3fa9c1
  kosmos replay 3fa9c1 --json";

/// The document that `--json` prints.
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
/// When the run does not exist, it has not ended, or its repetition fails.
pub fn execute_replay(args: ReplayArgs, globals: &Globals) -> Result<Exit, CliError> {
    let home = Home::locate(globals, &Environment::of_process()?);
    let recorded = RunFolder::find(&home.runs_folder(), &args.run)?;
    recorded.check_trusted()?;
    let settings = recorded.read_settings()?;
    let mut outcome = Outcome {
        recorded: recorded.id(),
        run: None,
        same: false,
        differences: list_changed_tables(&recorded)?,
        findings_json: None,
        report_html: None,
        exit_code: Exit::Failed.code(),
    };
    if !outcome.differences.is_empty() {
        return print_comparison(outcome, globals);
    }
    let folder = recorded.create_repetition(&home.runs_folder())?;
    outcome.run = Some(folder.id());
    let console = Console::start(&settings.log, globals)?;
    console.telemetry.log_to(&folder.open_dir()?)?;
    let worked = Lab::open(folder.clone(), console.progress)
        .map(|lab| lab.replaying(recorded.clone()))
        .and_then(Lab::work);
    match worked {
        Ok(finished) => {
            outcome.differences = compare_findings(&recorded, &folder)?;
            outcome.findings_json = Some(finished.written.findings);
            outcome.report_html = Some(finished.written.html);
        }
        Err(LabError::Supervisor(SupervisorError::NotRecorded { reason, .. })) => outcome.differences.push(reason),
        Err(error @ (LabError::Interpreter(_) | LabError::Sandbox(_) | LabError::Plugin(_))) => {
            folder.remove()?;
            return Err(CliError::from(error));
        }
        Err(error) => return Err(CliError::from(error)),
    }
    print_comparison(outcome, globals)
}

fn print_comparison(mut outcome: Outcome, globals: &Globals) -> Result<Exit, CliError> {
    outcome.same = outcome.differences.is_empty();
    let exit = if outcome.same { Exit::Done } else { Exit::Failed };
    outcome.exit_code = exit.code();
    if globals.json {
        output::print_json(&outcome)?;
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
        true => "same      the findings equal those of the recorded run\n",
        false => "differs\n",
    });
    for difference in &outcome.differences {
        text.push_str(&format!("  {}\n", printable(difference)));
    }
    output::print_text(&text)?;
    Ok(exit)
}
