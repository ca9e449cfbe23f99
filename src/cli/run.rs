use clap::Args;

use crate::config::{Environment, Resolved};
use crate::lab::{Lab, LabError, RunFolder};
use crate::plugin::{Catalogue, Roster, SearchPath, make_paths_absolute};
use crate::science::EndReason;

use super::outcome::{BadInput, lab_error, plugin_error, tell};
use super::preflight::{self, Inputs};
use super::{AgentsDirs, CliError, Console, Exit, Globals, Home, InputArgs, SettingsArgs};

/// `kosmos run`: answers a question from data.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub struct RunArgs {
    /// What the run is about.
    #[command(flatten)]
    pub inputs: InputArgs,
    /// How it is done.
    #[command(flatten)]
    pub settings: SettingsArgs,
    /// Where agents are looked for.
    #[command(flatten)]
    pub agents: AgentsDirs,
}

pub(super) const LONG_ABOUT: &str = "\
Answer a question from data.

A run needs a question and at least one table, from a run file, from flags, or from both; flags win. Each \
run has a folder of its own under the home, with its settings, its journal, its experiments and its \
report. Prints the run's id, how it ended, and where its findings and its report are.";

const EXAMPLES: &str = "\
Examples:
  kosmos run --question \"What goes with a longer stay?\" --data stays.csv --target days
  kosmos run study.toml
  kosmos run study.toml --profile quick --set budget.wall_time=10m
  kosmos run study.toml --data newer.csv --seed 7 --json > outcome.json

A run file:
  question = \"What goes with a longer stay?\"
  target = \"days\"
  [[data]]
  path = \"stays.csv\"
  [budget]
  cycles = 6";

/// All that a run needs before it can start, checked.
#[derive(Clone)]
pub struct Prepared {
    /// The settings in force.
    pub resolved: Resolved,
    /// The question and the tables.
    pub inputs: Inputs,
    /// The home, which can be written to.
    pub home: Home,
    /// The agents that take part.
    pub roster: Roster,
}

impl RunArgs {
    /// Works out the settings, and checks the inputs and the home.
    ///
    /// # Errors
    /// The first thing that a run could not start with.
    pub fn prepare(&self, globals: &Globals) -> Result<Prepared, CliError> {
        let environment = Environment::of_process()?;
        let home = Home::locate(globals, &environment);
        let path = SearchPath::usual(&self.agents.agents_dir, self.inputs.run_file.as_deref(), &environment);
        let here = environment.working_folder().to_owned();
        let mut resolved = self.inputs.resolve(&self.settings, environment)?;
        let inputs = preflight::check(&resolved)?;
        let catalogue = Catalogue::search(&path).map_err(plugin_error)?;
        make_paths_absolute(&catalogue, &mut resolved, &here).map_err(plugin_error)?;
        let roster = Roster::choose(&catalogue, &resolved.settings).map_err(plugin_error)?;
        roster.check(&resolved.settings).map_err(plugin_error)?;
        home.prepare()?;
        Ok(Prepared {
            resolved,
            inputs,
            home,
            roster,
        })
    }
}

/// Runs the command.
///
/// # Errors
/// When the settings or the inputs are wrong, or the run fails.
pub fn execute(args: RunArgs, globals: &Globals) -> Result<Exit, CliError> {
    let prepared = args.prepare(globals)?;
    let console = Console::start(&prepared.resolved.settings.log, globals)?;
    let about = prepared
        .inputs
        .data
        .first()
        .map(|file| file.source.display_name())
        .unwrap_or_default();
    let folder = RunFolder::create_with(&prepared.home.runs(), &about, &prepared.resolved, &prepared.roster)
        .map_err(lab_error)?;
    carry_out(folder, console, globals)
}

/// Works on a run whose folder was just made, and says how it came out. One that cannot even begin leaves nothing behind.
pub(super) fn carry_out(folder: RunFolder, console: Console, globals: &Globals) -> Result<Exit, CliError> {
    console.telemetry.log_to(&folder.path().join("kosmos.log"))?;
    let lab = Lab::open(folder.clone(), console.progress).map_err(lab_error)?;
    match lab.work() {
        Ok(finished) if matches!(finished.end.reason, EndReason::BadInput { .. }) => {
            // Nothing was researched, so nothing is left behind.
            folder.remove().map_err(lab_error)?;
            let help = "mend the file, or name another by --data or in the run file";
            Err(CliError::usage(BadInput(finished.end.message), help))
        }
        Ok(finished) => tell(&finished, globals),
        Err(
            error @ (LabError::Interpreter(_)
            | LabError::Sandbox(_)
            | LabError::Llm(_)
            | LabError::Graph(_)
            | LabError::Plugin(_)
            | LabError::TwoTables { .. }),
        ) => {
            folder.remove().map_err(lab_error)?;
            Err(lab_error(error))
        }
        Err(error) => Err(lab_error(error)),
    }
}
