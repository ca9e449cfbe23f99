use std::{
    io::{self, IsTerminal},
    thread,
    time::Duration,
};

use clap::Args;

use crate::config::Environment;
use crate::lab::{ModelStatus, RunFolder, RunOrigin, RunSummary, summarise_run};
use crate::progress::printable;

use super::{CliError, Exit, Globals, Home, output};

/// `kosmos status`: shows the progress of a run, during or after it.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub struct StatusArgs {
    /// Run id, or a unique prefix of one; `kosmos runs` lists the runs
    #[arg(value_name = "RUN")]
    pub run: String,

    /// Show the status again whenever it changes, until the run ends or stops
    #[arg(long)]
    pub watch: bool,
}

const EXAMPLES: &str = "\
Examples:
  kosmos status 3fa9c1
  kosmos status 3fa9c1 --watch
  kosmos status 3fa9c1 --json";

/// Runs the command.
///
/// # Errors
/// When the run does not exist, or its journal cannot be read.
pub fn execute_status(args: StatusArgs, globals: &Globals) -> Result<Exit, CliError> {
    let home = Home::locate(globals, &Environment::of_process()?);
    let folder = RunFolder::find(&home.runs_folder(), &args.run)?;
    let found = summarise_run(&folder)?;
    print_status(&found, globals, false)?;
    if args.watch {
        watch_run(&folder, found, globals)?;
    }
    Ok(Exit::Done)
}

/// Time between two looks at the run.
const EVERY: Duration = Duration::from_millis(500);

/// Follows a run for as long as a process works on it; with `--json`, one document after another.
fn watch_run(folder: &RunFolder, mut shown: RunSummary, globals: &Globals) -> Result<(), CliError> {
    while shown.running {
        thread::sleep(EVERY);
        let found = summarise_run(folder)?;
        if found != shown {
            print_status(&found, globals, true)?;
            shown = found;
        }
    }
    Ok(())
}

/// Prints the status; `again` replaces the one shown before if stdout is a terminal.
fn print_status(found: &RunSummary, globals: &Globals, again: bool) -> Result<(), CliError> {
    if globals.json {
        return output::print_json(found);
    }
    if again {
        output::print_verbatim(match io::stdout().is_terminal() {
            // To the upper left corner, and clear what is below.
            true => "\x1b[H\x1b[2J",
            false => "\n",
        })?;
    }
    let why = found.end.as_ref().map(|end| &end.message).or(found.stopped.as_ref());
    let message = why.map(|why| format!(": {why}")).unwrap_or_default();
    let lines = [
        ("run", found.run.to_string()),
        ("question", printable(&found.question).into_owned()),
        ("status", format!("{}{}", found.status, printable(&message))),
        ("cycle", found.cycle.to_string()),
        (
            "experiments",
            format!("{} of {} done", found.experiments_done, found.experiments_planned),
        ),
        ("tests", found.tests.to_string()),
        ("findings", found.findings.to_string()),
        (
            "restarts",
            format!("{}, dead letters: {}", found.restarts, found.dead_letters),
        ),
    ];
    let origin = (found.origin == RunOrigin::Foreign).then(|| {
        let told = format!("not started here; `kosmos trust {}` shows what it asks for", found.run);
        ("origin", told)
    });
    let branch = found.branch.as_ref().map(|branch| {
        let told = format!("of {}, from cycle {}", branch.run, branch.cycle);
        ("branch", told)
    });
    let project = found
        .project
        .as_ref()
        .map(|project| ("project", printable(project).into_owned()));
    let waits = (found.graph_waits > 0).then(|| {
        let waits = found.graph_waits;
        let told = format!(
            "{waits} nodes and edges are waiting for it; `kosmos graph sync {}` delivers them",
            found.run
        );
        ("graph", told)
    });
    let mut text: String = lines
        .into_iter()
        .chain(origin)
        .chain(branch)
        .chain(project)
        .chain(waits)
        .map(|(name, value)| format!("{name:<12} {value}\n"))
        .collect();
    if let Some(model) = &found.model {
        text.push_str(&render_model_use(model));
    }
    text.push_str(&render_tree(found));
    output::print_text(&text)
}

/// The supervisor and its agents.
fn render_tree(found: &RunSummary) -> String {
    let works = match (found.running, &found.end) {
        (true, _) => "running",
        (false, Some(_)) => "the run has ended",
        (false, None) => "not running",
    };
    let mut out = format!("{:<12} {works}\n", "supervisor");
    let last = found.agents.len().saturating_sub(1);
    let width = found.agents.iter().map(|agent| agent.name.len()).max().unwrap_or(0);
    for (at, agent) in found.agents.iter().enumerate() {
        let branch = if at == last { "└─" } else { "├─" };
        out.push_str(&format!(
            "  {branch} {:<width$}  {:<8} handled {:>4}, waiting {:>3}, restarts {}, dead letters {}",
            printable(&agent.name),
            agent.state.name(),
            agent.handled,
            agent.waiting,
            agent.restarts,
            agent.given_up,
        ));
        if let Some(on) = &agent.on {
            out.push_str(&format!(", on {on}"));
        }
        if let Some(failure) = &agent.last_failure {
            out.push_str(&format!(" ({})", printable(failure)));
        }
        out.push('\n');
    }
    out
}

/// Model use: the total, then by model, agent and cycle.
fn render_model_use(model: &ModelStatus) -> String {
    let of = |limit: Option<String>| limit.map(|limit| format!(" of {limit}")).unwrap_or_default();
    let total = &model.used.total;
    let mut out = format!(
        "{:<12} {} replies, {}{} tokens, {:.4}{} US dollars\n",
        "model",
        total.calls,
        total.input.saturating_add(total.output),
        of(model.tokens.map(|tokens| tokens.to_string())),
        total.usd,
        of(model.usd.map(|usd| usd.to_string())),
    );
    let shares = [
        ("by", &model.used.models),
        ("by", &model.used.agents),
        ("in cycle", &model.used.cycles),
    ];
    for (kind, lines) in shares {
        for share in lines {
            out.push_str(&format!(
                "{:<12}   {kind} {}: {} replies, {} tokens in, {} out, {:.4} US dollars\n",
                "",
                printable(&share.name),
                share.calls,
                share.input,
                share.output,
                share.usd
            ));
        }
    }
    if model.used.unpriced > 0 {
        out.push_str(&format!(
            "{:<12}   {} calls have no known price; llm.prices names a file with prices\n",
            "", model.used.unpriced
        ));
    }
    out
}
