use clap::Args;

use crate::config::Environment;
use crate::lab::{Lab, RunFolder, drop_damaged};
use crate::progress::ProgressEvent;

use super::outcome::print_outcome;
use super::{CliError, Console, Exit, Globals, Home};

/// `kosmos resume`: continues an interrupted run, under the settings that it began with.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub struct ResumeArgs {
    /// Run id, or a unique prefix of one; `kosmos runs` lists the runs
    #[arg(value_name = "RUN")]
    pub run: String,

    /// Drop the entries that a damaged journal has lost and all later ones; their work is repeated
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
/// When the run does not exist, or it fails.
pub fn execute_resume(args: ResumeArgs, globals: &Globals) -> Result<Exit, CliError> {
    let home = Home::locate(globals, &Environment::of_process()?);
    let folder = RunFolder::find(&home.runs_folder(), &args.run)?;
    folder.check_trusted()?;
    let settings = folder.read_settings()?;
    let console = Console::start(&settings.log, globals)?;
    console.telemetry.log_to(&folder.open_dir()?)?;
    if args.drop_damaged {
        let note = match drop_damaged(&folder)? {
            Some(lost) => format!(
                "journal.jsonl was damaged at line {}: the run continues from entry {} and repeats the work after it",
                lost.line,
                lost.from - 1
            ),
            None => "the journal is intact: nothing was dropped".to_owned(),
        };
        console.progress.on(ProgressEvent::Note(note));
    }
    let finished = Lab::open(folder, console.progress).and_then(Lab::work)?;
    print_outcome(&finished, globals)
}
