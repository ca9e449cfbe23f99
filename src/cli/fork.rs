use clap::Args;

use crate::config::Environment;
use crate::lab::{Fork, RunFolder};

use super::outcome::lab_error;
use super::run::carry_out;
use super::settings_args::overrides;
use super::{CliError, Console, Exit, Globals, Home};

/// `kosmos fork`: a new run that shares another's history up to a cycle.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub struct ForkArgs {
    /// The id of a run, or a beginning of it that fits one alone; `kosmos runs` lists them
    #[arg(value_name = "RUN")]
    pub run: String,

    /// The cycle from which the new run goes on by itself: 2 or a later one that RUN has begun
    #[arg(long, value_name = "CYCLE")]
    pub at: u32,

    /// Change one setting, such as budget.cycles=6; may be given many times
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
}

pub(super) const LONG_ABOUT: &str = "\
Go on from a cycle of a run in a new run, with other settings.

The new run has a folder of its own, with a copy of what RUN did before the cycle: nothing of that is done or paid for \
again. RUN itself stays as it is; it may have ended, or be worked on. Settings are RUN's, with the changes given. \
Those that would have led RUN another way before the cycle, such as the seed, are refused.

Cycles, experiments, tests, tokens and wall time of the shared part count against the new run's budgets. A run \
that ended because its cycles were used up can be branched at the next one. Ends with the exit codes of `kosmos run`.";

const EXAMPLES: &str = "\
Examples:
  kosmos fork 3fa9c1 --at 3 --set research.follow_ups=40
  kosmos fork 3fa9c1 --at 5 --set budget.cycles=8 --set budget.wall_time=2h
  kosmos fork 3fa9c1 --at 2 --set llm.model=another --json";

/// Runs the command.
///
/// # Errors
/// When there is no such run or cycle, the settings are wrong or do not fit the run's past, or the new run fails.
pub fn execute(args: ForkArgs, globals: &Globals) -> Result<Exit, CliError> {
    let environment = Environment::of_process()?;
    let home = Home::locate(globals, &environment);
    let changes = overrides(&args.set)?;
    let origin = RunFolder::find(&home.runs(), &args.run).map_err(lab_error)?;
    let fork = Fork::of(&origin, args.at, changes, environment.working_folder()).map_err(lab_error)?;
    let console = Console::start(&fork.settings().log, globals)?;
    carry_out(fork.make().map_err(lab_error)?, console, globals)
}
