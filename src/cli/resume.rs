use clap::Args;

use crate::config::Environment;
use crate::lab::{Lab, RunFolder, drop_damaged};
use crate::progress::ProgressEvent;

use super::outcome::{lab_error, tell};
use super::{CliError, Console, Exit, Globals, Home};

/// `kosmos resume`: carries on with a run that was interrupted, under the settings it began with.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub struct ResumeArgs {
    /// The id of a run, or a beginning of it that fits one alone; `kosmos runs` lists them
    #[arg(value_name = "RUN")]
    pub run: String,

    /// Go on without what a damaged journal has lost, and what came after that: it is done again
    #[arg(long)]
    pub drop_damaged: bool,
}

const EXAMPLES: &str = "\
Examples:
  kosmos resume 3fa9c1
  kosmos resume 3fa9c1 --home /srv/lab --json
  kosmos resume 3fa9c1 --drop-damaged";

/// Runs the command.
///
/// # Errors
/// When there is no such run, or it fails.
pub fn execute(args: ResumeArgs, globals: &Globals) -> Result<Exit, CliError> {
    let home = Home::locate(globals, &Environment::of_process()?);
    let folder = RunFolder::find(&home.runs(), &args.run).map_err(lab_error)?;
    let settings = folder.settings().map_err(lab_error)?;
    let console = Console::start(&settings.log, globals)?;
    console.telemetry.log_to(&folder.path().join("kosmos.log"))?;
    if args.drop_damaged {
        let note = match drop_damaged(&folder).map_err(lab_error)? {
            Some(lost) => format!(
                "journal.jsonl was damaged at line {}: the run goes on from entry {}, and does again what came after it",
                lost.line,
                lost.from - 1
            ),
            None => "the journal is whole: nothing was dropped".to_owned(),
        };
        console.progress.on(ProgressEvent::Note(note));
    }
    let finished = Lab::open(folder, console.progress)
        .and_then(Lab::work)
        .map_err(lab_error)?;
    tell(&finished, globals)
}
