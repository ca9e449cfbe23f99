use clap::Args;

use crate::config::Environment;
use crate::lab::{Fork, RunFolder};

use super::run::work_and_report;
use super::settings_args::parse_overrides;
use super::{CliError, Console, Exit, Globals, Home};

/// `kosmos fork`: branches a new run off an existing one at a cycle.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub struct ForkArgs {
    /// Run id, or a unique prefix of one; `kosmos runs` lists the runs
    #[arg(value_name = "RUN")]
    pub run: String,

    /// First cycle of the new run that is its own: 2 or a later one that RUN has begun
    #[arg(long, value_name = "CYCLE")]
    pub at: u32,

    /// Change one setting, such as budget.cycles=6; repeatable
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
}

pub(super) const LONG_ABOUT: &str = "\
Branch a new run off an existing one, with other settings.

The new run has its own folder with a copy of everything that RUN did before the cycle, so that none of it is done or \
paid for again. RUN itself is not changed; it may have ended or still be in progress. The settings are those of RUN \
with the given changes. Changes that would have altered RUN before the cycle, such as another seed, are refused.

Cycles, experiments, tests, tokens and wall time of the shared part count against the new run's budgets. A run \
that ended because it had used its cycles can be branched at the next one. Exit codes are those of `kosmos run`.";

const EXAMPLES: &str = "\
Examples:
  kosmos fork 3fa9c1 --at 3 --set research.follow_ups=40
  kosmos fork 3fa9c1 --at 5 --set budget.cycles=8 --set budget.wall_time=2h
  kosmos fork 3fa9c1 --at 2 --set llm.model=another --json";

/// Runs the command.
///
/// # Errors
/// When the run or the cycle does not exist, the settings are wrong or would change the shared past, or the new run
/// fails.
pub fn execute_fork(args: ForkArgs, globals: &Globals) -> Result<Exit, CliError> {
    let environment = Environment::of_process()?;
    let home = Home::locate(globals, &environment);
    let changes = parse_overrides(&args.set)?;
    let origin = RunFolder::find(&home.runs_folder(), &args.run)?;
    let fork = Fork::plan_fork(&origin, args.at, changes, environment.working_folder())?;
    let console = Console::start(&fork.settings().log, globals)?;
    work_and_report(fork.create_folder()?, console, globals)
}
