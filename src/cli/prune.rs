use clap::Args;
use serde_json::json;

use crate::config::ByteSize;
use crate::config::{Environment, HumanDuration};
use crate::lab::{Pruned, Retention, prune};

use super::outcome::lab_error;
use super::{CliError, Exit, Globals, Home, output};

/// `kosmos prune`: removes runs that are not needed any more.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
#[command(group = clap::ArgGroup::new("which").required(true).multiple(true))]
pub struct PruneArgs {
    /// Keep so many of the newest
    #[arg(long, value_name = "N", group = "which")]
    pub keep: Option<usize>,
    /// Only runs that nobody has worked on for so long, such as 30d or 12h
    #[arg(long, value_name = "TIME", group = "which")]
    pub older_than: Option<HumanDuration>,
    /// Only runs that ended so: answered, exhausted, budget_spent, stopped or failed; may be given many times
    #[arg(long = "status", value_name = "STATUS", group = "which")]
    pub states: Vec<String>,
    /// Also runs that have not ended and could be resumed
    #[arg(long)]
    pub unfinished: bool,
    /// Say what would go, and remove nothing
    #[arg(long)]
    pub dry_run: bool,
}

pub(super) const LONG_ABOUT: &str = "\
Remove runs that are not needed any more.

A run goes when all that is given is true of it. One that a process works on stays. What runs have put into the \
knowledge graph stays there; their scripts, results and reports go for good.";

const EXAMPLES: &str = "\
Examples:
  kosmos prune --older-than 30d --dry-run
  kosmos prune --keep 20
  kosmos prune --status failed --unfinished --older-than 1d";

/// Runs the command.
///
/// # Errors
/// When a run can't be read or removed.
pub fn execute(args: PruneArgs, globals: &Globals) -> Result<Exit, CliError> {
    let home = Home::locate(globals, &Environment::of_process()?);
    let retention = Retention {
        keep: args.keep,
        older_than: args.older_than.map(|time| time.get()),
        states: args.states,
        unfinished: args.unfinished,
    };
    let pruned = prune(&home.runs(), &retention, args.dry_run).map_err(lab_error)?;
    if globals.json {
        output::json(&json!({ "dry_run": args.dry_run, "runs": pruned }))?;
        return Ok(Exit::Done);
    }
    let line = |run: &Pruned| {
        let what = match (&run.stays, args.dry_run) {
            (Some(why), _) => format!("stays: {why}"),
            (None, true) => "would go".to_owned(),
            (None, false) => "removed".to_owned(),
        };
        format!(
            "{}  {:<12}  {:>9}  {what}\n",
            run.run,
            run.status,
            ByteSize::new(run.bytes).to_string()
        )
    };
    let mut text: String = pruned.iter().map(line).collect();
    let bytes = pruned
        .iter()
        .filter(|run| run.stays.is_none())
        .map(|run| run.bytes)
        .sum();
    text.push_str(&format!(
        "{} {} in {} runs\n",
        if args.dry_run { "would free" } else { "freed" },
        ByteSize::new(bytes),
        pruned.iter().filter(|run| run.stays.is_none()).count()
    ));
    output::text(&text)?;
    Ok(Exit::Done)
}
