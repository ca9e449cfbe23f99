use clap::Args;
use serde_json::json;

use crate::config::{ByteSize, Environment, HumanDuration};
use crate::lab::{Pruned, Retention, prune_runs};

use super::{CliError, Exit, Globals, Home, output};

/// `kosmos prune`: removes runs that are no longer needed.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
#[command(group = clap::ArgGroup::new("which").required(true).multiple(true))]
pub struct PruneArgs {
    /// Keep the N newest runs
    #[arg(long, value_name = "N", group = "which")]
    pub keep: Option<usize>,
    /// Only runs not worked on for this long, such as 30d or 12h
    #[arg(long, value_name = "TIME", group = "which")]
    pub older_than: Option<HumanDuration>,
    /// Only runs with this status: answered, not_answerable, budget_spent, stopped, failed or exhausted (of version
    /// 0.1); repeatable
    #[arg(long = "status", value_name = "STATUS", group = "which")]
    pub states: Vec<String>,
    /// Also runs that have not ended and could be resumed
    #[arg(long)]
    pub unfinished: bool,
    /// Show which runs would be removed, and remove none
    #[arg(long)]
    pub dry_run: bool,
}

pub(super) const LONG_ABOUT: &str = "\
Remove runs that are no longer needed.

A run is removed if it meets all the given conditions. A run in progress is kept. The knowledge graph keeps what \
the removed runs wrote to it; their scripts, results and reports cannot be recovered.";

const EXAMPLES: &str = "\
Examples:
  kosmos prune --older-than 30d --dry-run
  kosmos prune --keep 20
  kosmos prune --status failed --unfinished --older-than 1d";

/// Runs the command.
///
/// # Errors
/// When a run cannot be read or removed.
pub fn execute_prune(args: PruneArgs, globals: &Globals) -> Result<Exit, CliError> {
    let home = Home::locate(globals, &Environment::of_process()?);
    let retention = Retention {
        keep: args.keep,
        older_than: args.older_than.map(|time| time.get()),
        states: args.states,
        unfinished: args.unfinished,
    };
    let pruned = prune_runs(&home.runs_folder(), &retention, args.dry_run)?;
    if globals.json {
        output::print_json(&json!({ "dry_run": args.dry_run, "runs": pruned }))?;
        return Ok(Exit::Done);
    }
    let line = |run: &Pruned| {
        let what = match (&run.stays, args.dry_run) {
            (Some(why), _) => format!("kept: {why}"),
            (None, true) => "would be removed".to_owned(),
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
    output::print_text(&text)?;
    Ok(Exit::Done)
}
