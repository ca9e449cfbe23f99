use clap::Args;

use crate::config::Environment;
use crate::lab::{ModelStatus, RunFolder, summary};
use crate::progress::printable;

use super::outcome::lab_error;
use super::{CliError, Exit, Globals, Home, output};

/// `kosmos status`: tells how far a run has come, while it runs or after.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub struct StatusArgs {
    /// The id of a run, or a beginning of it that fits one alone; `kosmos runs` lists them
    #[arg(value_name = "RUN")]
    pub run: String,
}

const EXAMPLES: &str = "\
Examples:
  kosmos status 3fa9c1
  kosmos status 3fa9c1 --json";

/// Runs the command.
///
/// # Errors
/// When there is no such run, or its journal can't be read.
pub fn execute(args: StatusArgs, globals: &Globals) -> Result<Exit, CliError> {
    let home = Home::locate(globals, &Environment::of_process()?);
    let folder = RunFolder::find(&home.runs(), &args.run).map_err(lab_error)?;
    let found = summary(&folder).map_err(lab_error)?;
    if globals.json {
        output::json(&found)?;
        return Ok(Exit::Done);
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
            format!("{}, messages given up: {}", found.restarts, found.dead_letters),
        ),
    ];
    let project = found
        .project
        .as_ref()
        .map(|project| ("project", printable(project).into_owned()));
    let waits = (found.graph_waits > 0).then(|| {
        let waits = found.graph_waits;
        let told = format!(
            "{waits} nodes and edges wait for it; `kosmos graph sync {}` delivers them",
            found.run
        );
        ("graph", told)
    });
    let mut text: String = lines
        .into_iter()
        .chain(project)
        .chain(waits)
        .map(|(name, value)| format!("{name:<12} {value}\n"))
        .collect();
    if let Some(model) = &found.model {
        text.push_str(&model_lines(model));
    }
    output::text(&text)?;
    Ok(Exit::Done)
}

/// What the models took: the whole, then by model, agent and cycle.
fn model_lines(model: &ModelStatus) -> String {
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
            "{:<12}   {} calls have no known price: name one by llm.prices\n",
            "", model.used.unpriced
        ));
    }
    out
}
