use clap::Args;
use serde_json::json;

use crate::config::Environment;
use crate::lab::{RunFolder, TOLERANCE, Verification, verify_run};
use crate::progress::printable;

use super::{CliError, Console, Exit, Globals, Home, output};

/// `kosmos verify`: checks a run against its evidence.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub struct VerifyArgs {
    /// Run id, or a unique prefix of one; `kosmos runs` lists the runs
    #[arg(value_name = "RUN")]
    pub run: String,
    /// Execute every script again, not only those that findings rest on
    #[arg(long)]
    pub all: bool,
}

pub(super) const LONG_ABOUT: &str = "\
Verify a run: execute its scripts again, and check every file and number.

The script of every finding, and the scripts that wrote the tables it read, are executed again in a new sandbox, and \
every number must equal the recorded one. Tables, scripts and results must have the hashes that the journal records, \
and the report must be the one that the journal gives, with each number in its artefact. Exits with 0 if every check \
passes, and with 4 if one fails; each failure is named.

Numbers must be equal to the last bit, unless scripts run on another version of Python than the run's: then \
they may differ by one part in a billion, and the output says so.";

const EXAMPLES: &str = "\
Examples:
  kosmos verify 3fa9c1
  kosmos verify 3fa9c1 --all
  kosmos verify 3fa9c1 --json";

/// Runs the command.
///
/// # Errors
/// When the run does not exist, it has not ended, or its sandbox is not available.
pub fn execute_verify(args: VerifyArgs, globals: &Globals) -> Result<Exit, CliError> {
    let home = Home::locate(globals, &Environment::of_process()?);
    let folder = RunFolder::find(&home.runs_folder(), &args.run)?;
    let settings = folder.read_settings()?;
    let console = Console::start(&settings.log, globals)?;
    let verification = verify_run(&folder, args.all, console.progress.as_ref())?;
    let holds = verification.problems.is_empty();
    let exit = if holds { Exit::Done } else { Exit::Failed };
    if globals.json {
        let mut document = json!(verification);
        if let Some(document) = document.as_object_mut() {
            document.insert("run".to_owned(), json!(folder.id()));
            document.insert("holds".to_owned(), json!(holds));
            document.insert("exit_code".to_owned(), json!(exit.code()));
        }
        output::print_json(&document)?;
    } else {
        output::print_text(&render_verification(&folder, &verification))?;
    }
    Ok(exit)
}

fn render_verification(folder: &RunFolder, verification: &Verification) -> String {
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
        "run       {}\ntables    {tables} compared with their hashes\nfiles     {files} scripts, results and other artefacts compared with their hashes\n\
         report    {reports} files rendered again from the journal, every number in its artefact\n\
         scripts   {executed} executed again; findings rest on {findings}\n",
        folder.id()
    );
    if let Some(why) = tolerance {
        text.push_str(&format!(
            "numbers   may differ by {TOLERANCE:e} of their size: {}\n",
            printable(why)
        ));
    }
    if problems.is_empty() {
        text.push_str("verified  every check passed\n");
        return text;
    }
    text.push_str(&format!("failed    {} checks\n", problems.len()));
    for problem in problems {
        text.push_str(&format!(
            "  {}: {}\n",
            printable(&problem.place),
            printable(&problem.problem)
        ));
    }
    text
}
