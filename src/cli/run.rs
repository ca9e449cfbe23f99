use clap::Args;

use crate::config::Environment;
use crate::lab::{Lab, LabError, RunFolder};
use crate::policy::NamedFault;
use crate::progress::ProgressEvent;
use crate::science::EndReason;

use super::outcome::{BadInput, print_outcome};
use super::{AgentsDirs, CliError, Console, Exit, Globals, Home, InputArgs, SettingsArgs};

/// `kosmos run`: answers a question from data.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub struct RunArgs {
    /// Question and data.
    #[command(flatten)]
    pub inputs: InputArgs,
    /// Changes to the settings.
    #[command(flatten)]
    pub settings: SettingsArgs,
    /// Agent that takes part, as `[agents.NAME] enabled = true` says; repeatable
    #[arg(long = "agent", value_name = "NAME")]
    pub agent: Vec<String>,
    /// Folders of agents.
    #[command(flatten)]
    pub agents: AgentsDirs,
}

pub(super) const LONG_ABOUT: &str = "\
Answer a question from data.

A run needs a question and at least one table, from a run file, from flags, or from both; flags override the \
file. Each run has its own folder in the home folder, with its settings, journal, experiments and \
report. Prints the run's id, its outcome, and the paths of its findings and its report.";

const EXAMPLES: &str = "\
Examples:
  kosmos run --question \"What is associated with a longer stay?\" --data stays.csv --target days
  kosmos run study.toml
  kosmos run study.toml --profile quick --set budget.wall_time=10m
  kosmos run study.toml --data newer.csv --seed 7 --json > outcome.json

A run file:
  question = \"What is associated with a longer stay?\"
  target = \"days\"
  [[data]]
  path = \"stays.csv\"
  [budget]
  cycles = 6";

/// Runs the command.
///
/// # Errors
/// When the settings or the inputs are wrong, or the run fails.
pub fn execute_run(args: RunArgs, globals: &Globals) -> Result<Exit, CliError> {
    let environment = Environment::of_process()?;
    let home = Home::locate(globals, &environment);
    let mut request = args.inputs.request(&args.settings, environment)?;
    for name in &args.agent {
        request
            .overrides
            .add_true("--agent", &format!("agents.{name}.enabled"))?;
    }
    let prepared = Lab::prepare(request, &args.agents.agents_dir)?;
    home.create_if_missing()?;
    let console = Console::start(&prepared.resolved.settings.log, globals)?;
    for note in &prepared.notes {
        console.progress.on(ProgressEvent::Note(note.clone()));
    }
    for folder in &prepared.roster.unnamed {
        console.progress.on(ProgressEvent::Note(format!(
            "the agent in {folder} takes no part, as no flag and no setting names it (--agent NAME does)"
        )));
    }
    work_and_report(prepared.create_folder(&home.runs_folder())?, console, globals)
}

/// Works on a run whose folder is new, and prints the outcome. A run that cannot start leaves no folder behind.
pub(super) fn work_and_report(folder: RunFolder, console: Console, globals: &Globals) -> Result<Exit, CliError> {
    console.telemetry.log_to(&folder.open_dir()?)?;
    let lab = Lab::open(folder.clone(), console.progress)?;
    match lab.work() {
        Ok(finished) => {
            let EndReason::BadInput { code } = &finished.end.reason else {
                return print_outcome(&finished, globals);
            };
            // No analysis was made, so the folder is of no use.
            folder.remove()?;
            let help = match NamedFault::part_of_code(code) {
                Some(part) => format!(
                    "name another column with --{0} or `{0}` in the run file, or none",
                    part.key()
                ),
                None if code.starts_with("codebook_") => {
                    "correct the codebook, or leave that entry out; `kosmos data FILE` shows what is inferred"
                        .to_owned()
                }
                None if code == "unusable_join" => "correct the [[join]] in the run file, or leave it out".to_owned(),
                None => "fix the file, or name another with --data or in the run file".to_owned(),
            };
            Err(CliError::from_usage(BadInput(finished.end.message), &help))
        }
        Err(
            error @ (LabError::Interpreter(_)
            | LabError::Sandbox(_)
            | LabError::Llm(_)
            | LabError::Graph(_)
            | LabError::Plugin(_)
            | LabError::Codebook(_)
            | LabError::TwoTables { .. }),
        ) => {
            folder.remove()?;
            Err(CliError::from(error))
        }
        Err(error) => Err(CliError::from(error)),
    }
}
