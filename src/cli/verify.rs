use clap::Args;
use serde_json::json;

use crate::config::Environment;
use crate::lab::{RunFolder, TOLERANCE, Verification, verify};
use crate::progress::printable;

use super::outcome::lab_error;
use super::{CliError, Console, Exit, Globals, Home, output};

/// `kosmos verify`: holds a run's evidence against the run.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub struct VerifyArgs {
    /// The id of a run, or a beginning of it that fits one alone; `kosmos runs` lists them
    #[arg(value_name = "RUN")]
    pub run: String,
    /// Execute every script again, not only those that findings rest on
    #[arg(long)]
    pub all: bool,
}

pub(super) const LONG_ABOUT: &str = "\
Hold a run's evidence against the run.

The script of every finding, and those that made the tables it read, are executed again in a fresh sandbox, and \
every number must come out as it was recorded. Tables, scripts and results must have the hashes that the journal has, \
and the report must be what the journal gives, with each number in its artefact. Ends with 0 when all of that holds, \
and with 4 when something does not; each such thing is named.

Numbers must be the same to the last bit, unless scripts run on another version of Python than the run's did: then \
they may differ by a billionth, and it is said.";

const EXAMPLES: &str = "\
Examples:
  kosmos verify 3fa9c1
  kosmos verify 3fa9c1 --all
  kosmos verify 3fa9c1 --json";

/// Runs the command.
///
/// # Errors
/// When there is no such run, it has not ended, or its sandbox is not to be had.
pub fn execute(args: VerifyArgs, globals: &Globals) -> Result<Exit, CliError> {
    let home = Home::locate(globals, &Environment::of_process()?);
    let folder = RunFolder::find(&home.runs(), &args.run).map_err(lab_error)?;
    let settings = folder.settings().map_err(lab_error)?;
    let console = Console::start(&settings.log, globals)?;
    let verification = verify(&folder, args.all, console.progress.as_ref()).map_err(lab_error)?;
    let holds = verification.problems.is_empty();
    let exit = if holds { Exit::Done } else { Exit::Failed };
    if globals.json {
        let mut document = json!(verification);
        if let Some(document) = document.as_object_mut() {
            document.insert("run".to_owned(), json!(folder.id()));
            document.insert("holds".to_owned(), json!(holds));
            document.insert("exit_code".to_owned(), json!(exit.code()));
        }
        output::json(&document)?;
    } else {
        output::text(&told(&folder, &verification))?;
    }
    Ok(exit)
}

fn told(folder: &RunFolder, verification: &Verification) -> String {
    let Verification {
        tables,
        files,
        reports,
        executed,
        findings,
        tolerance,
        problems,
    } = verification;
    let mut text = format!(
        "run       {}\ntables    {tables} held against their hashes\nfiles     {files} scripts, results and other artefacts, likewise\n\
         report    {reports} files made anew from the journal, every number in its artefact\n\
         scripts   {executed} executed again, {findings} of which findings rest on\n",
        folder.id()
    );
    if let Some(why) = tolerance {
        text.push_str(&format!(
            "numbers   may differ by {TOLERANCE:e} of their size: {}\n",
            printable(why)
        ));
    }
    if problems.is_empty() {
        text.push_str("verified  all of it holds\n");
        return text;
    }
    text.push_str(&format!("fails     {} things do not hold\n", problems.len()));
    for problem in problems {
        text.push_str(&format!(
            "  {}: {}\n",
            printable(&problem.place),
            printable(&problem.problem)
        ));
    }
    text
}
