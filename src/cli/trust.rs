use std::io::{self, BufRead, IsTerminal};
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use crate::config::{Environment, GraphStoreKind, Request};
use crate::graph::{Label, Node};
use crate::lab::{
    Agreement, GraphOrigin, LabError, RunFolder, RunOrigin, adopt_all, adopt_graph, agree_to_run, check_not_adopted,
    list_runs, open_graph,
};
use crate::progress::printable;

use super::{CliError, Exit, Globals, Home, graph::block_on_work, output, stderr};

/// `kosmos trust`: shows what a run from elsewhere asks for, and records that the user agrees.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
#[command(group = clap::ArgGroup::new("which").required(true))]
pub struct TrustArgs {
    /// Run id, or a unique prefix of one; `kosmos runs` lists the runs
    #[arg(value_name = "RUN", group = "which")]
    pub run: Option<String>,

    /// Adopt all runs and the graph of a home from before Kosmos kept a list of your own runs; once per home
    #[arg(long, group = "which")]
    pub all_here: bool,

    /// Adopt the home's knowledge graph, which came from elsewhere or is from before Kosmos marked its own
    #[arg(long, group = "which")]
    pub graph: bool,

    /// Agree without being asked
    #[arg(long)]
    pub yes: bool,
}

pub(super) const LONG_ABOUT: &str = "\
Show what a run from elsewhere asks for, and agree to it.

A run that you did not start in this home was imported, copied, or came with a project. `report`, `verify`, `status` \
and `export` work on it under your own settings. `resume`, `fork` and `replay` would work under the run's settings: \
they refuse it until you have seen the programs, addresses, headers, environment variables, agents, images and files \
that it names, and have agreed. Its agents are granted what was shown, in this run, its branches and its repetitions. \
Anything else that it asks for later is asked about again.

A knowledge graph that came with a home is foreign, too: commands read it and say so, and no run of a project reads \
from it until you have adopted it with --graph.

On a terminal, the command asks for the word `trust`; elsewhere, --yes is needed.";

const EXAMPLES: &str = "\
Examples:
  kosmos trust 3fa9c1
  kosmos trust 3fa9c1 --yes
  kosmos trust --graph
  kosmos trust --all-here";

/// The user cannot be asked.
#[derive(Debug, thiserror::Error)]
#[error("cannot ask whether you agree: stdin is not a terminal")]
struct CannotAsk;

/// The home has no graph to adopt.
#[derive(Debug, thiserror::Error)]
#[error("there is no graph at {}", .0.display())]
struct NoGraph(PathBuf);

/// Runs the command.
///
/// # Errors
/// When the run does not exist or cannot be read, or the user cannot be asked.
pub fn execute_trust(args: TrustArgs, globals: &Globals) -> Result<Exit, CliError> {
    let home = Home::locate(globals, &Environment::of_process()?);
    match &args.run {
        Some(run) => trust_run(RunFolder::find(&home.runs_folder(), run)?, args.yes, globals),
        None if args.graph => trust_graph(&home, args.yes, globals),
        None => trust_all(&home, args.yes, globals),
    }
}

fn trust_run(folder: RunFolder, yes: bool, globals: &Globals) -> Result<Exit, CliError> {
    let Some(agreement) = Agreement::needed_for(folder.clone())? else {
        let origin = folder.origin()?;
        match globals.json {
            true => output::print_json(&json!({ "run": folder.id(), "origin": origin, "requests": null }))?,
            false => output::print_text(&format!("run       {}\n{}\n", folder.id(), describe_origin(origin)))?,
        }
        return Ok(Exit::Done);
    };
    show(&describe_requests(&agreement), globals)?;
    if !agrees(yes, &format!("{} may do this", folder.id()))? {
        return Ok(Exit::Interrupted);
    }
    agree_to_run(&agreement)?;
    let origin = folder.origin()?;
    match globals.json {
        true => output::print_json(&json!({
            "run": folder.id(), "origin": origin, "requests": agreement.requests,
        }))?,
        false => output::print_text(&format!("{}\n", describe_origin(origin)))?,
    }
    Ok(Exit::Done)
}

fn trust_all(home: &Home, yes: bool, globals: &Globals) -> Result<Exit, CliError> {
    check_not_adopted(home.path())?;
    let (mut agreements, mut unreadable) = (Vec::new(), Vec::new());
    for folder in list_runs(&home.runs_folder())? {
        let run = folder.id();
        match Agreement::needed_for(folder) {
            Ok(agreement) => agreements.extend(agreement),
            Err(error) => unreadable.push((run, error.to_string())),
        }
    }
    let mut text: String = agreements.iter().map(|one| describe_requests(one) + "\n").collect();
    for (run, error) in &unreadable {
        text.push_str(&format!("run       {run}\nleft out  {}\n\n", printable(error)));
    }
    let graph = home.graph_folder();
    let takes_graph = GraphOrigin::of_graph(&graph)? == GraphOrigin::Foreign;
    if takes_graph {
        text.push_str(&describe_graph(&graph, &read_graph(&graph)?));
    }
    show(&text, globals)?;
    if !agreements.is_empty() || takes_graph {
        let become_own = match (agreements.len(), takes_graph) {
            (0, _) => "The graph becomes your own".to_owned(),
            (runs, false) => format!("These {runs} runs become your own"),
            (runs, true) => format!("These {runs} runs and the graph become your own"),
        };
        if !agrees(yes, &become_own)? {
            return Ok(Exit::Interrupted);
        }
        if takes_graph {
            adopt_graph(&graph)?;
        }
        if !agreements.is_empty() {
            adopt_all(home.path(), &agreements)?;
        }
    }
    match globals.json {
        true => {
            let requests: Vec<_> = agreements.iter().map(|agreement| &agreement.requests).collect();
            let left_out: Vec<_> = unreadable
                .iter()
                .map(|(run, error)| json!({ "run": run, "error": error }))
                .collect();
            output::print_json(&json!({
                "adopted": requests, "left_out": left_out, "graph_adopted": takes_graph,
            }))?;
        }
        false => {
            let and_graph = if takes_graph { ", and the graph" } else { "" };
            output::print_text(&format!("{} runs adopted{and_graph}\n", agreements.len()))?;
        }
    }
    Ok(Exit::Done)
}

fn trust_graph(home: &Home, yes: bool, globals: &Globals) -> Result<Exit, CliError> {
    let folder = home.graph_folder();
    if !folder.exists() {
        return Err(CliError::from_usage(
            NoGraph(folder),
            "runs make one; `--home DIR` names another home",
        ));
    }
    let before = GraphOrigin::of_graph(&folder)?;
    let contents = read_graph(&folder)?;
    if before == GraphOrigin::Foreign {
        show(&describe_graph(&folder, &contents), globals)?;
        if !agrees(yes, "Runs may read from this graph")? {
            return Ok(Exit::Interrupted);
        }
        adopt_graph(&folder)?;
    }
    match globals.json {
        true => output::print_json(&json!({
            "graph": folder, "before": before, "origin": GraphOrigin::of_graph(&folder)?,
            "nodes": contents.nodes, "edges": contents.edges, "runs": contents.runs,
        }))?,
        false => output::print_text("trust     it is your own graph\n")?,
    }
    Ok(Exit::Done)
}

/// A summary of a graph.
struct GraphContents {
    nodes: u64,
    edges: u64,
    /// The runs that wrote to it, with their projects, up to [`MOST_RUNS`].
    runs: Vec<String>,
}

/// Runs of a graph that are shown.
const MOST_RUNS: usize = 50;

fn read_graph(folder: &Path) -> Result<GraphContents, CliError> {
    let request = Request {
        environment: Environment::of_process()?,
        ..Request::default()
    };
    let mut settings = request.resolve()?.settings;
    settings.graph.store = GraphStoreKind::Embedded;
    let store = open_graph(&settings, folder)?;
    block_on_work(async {
        let failed = |error| CliError::from(LabError::Graph(error));
        let stats = store.stats().await.map_err(failed)?;
        let runs = store.list(Label::Run, MOST_RUNS).await.map_err(failed)?;
        Ok(GraphContents {
            nodes: stats.nodes.iter().map(|(_, count)| count).sum(),
            edges: stats.edges.iter().map(|(_, count)| count).sum(),
            runs: runs.iter().map(describe_run_node).collect(),
        })
    })
}

fn describe_run_node(run: &Node) -> String {
    let name = run.text_property("name").unwrap_or(&run.id);
    match run.text_property("project") {
        Some(project) => format!("{name} of the project {project}"),
        None => name.to_owned(),
    }
}

/// Describes a graph, a line for each fact.
fn describe_graph(folder: &Path, contents: &GraphContents) -> String {
    let mut text = format!(
        "graph     {}\nholds     {} nodes, {} edges\n",
        printable(&folder.display().to_string()),
        contents.nodes,
        contents.edges
    );
    for (at, run) in contents.runs.iter().enumerate() {
        let heading = if at == 0 { "from" } else { "" };
        text.push_str(&format!("{heading:<9} {}\n", printable(run)));
    }
    text
}

/// Shows what is asked for; on stderr if stdout is for the document.
fn show(text: &str, globals: &Globals) -> Result<(), CliError> {
    if globals.json {
        stderr::write_to_stderr(text);
        return Ok(());
    }
    output::print_text(text)
}

/// The requests of a run, a line each.
fn describe_requests(agreement: &Agreement) -> String {
    let mut last = "";
    let mut text = String::new();
    for (heading, value) in agreement.requests.lines() {
        let shown = if heading == last { "" } else { heading };
        text.push_str(&format!("{shown:<9} {}\n", printable(&value)));
        last = heading;
    }
    text
}

fn describe_origin(origin: RunOrigin) -> &'static str {
    match origin {
        RunOrigin::Own => "trust     it is your own run",
        RunOrigin::Trusted => "trust     you have agreed to what it asks for",
        RunOrigin::Foreign => "trust     it changed while you were asked; ask again",
    }
}

/// Whether the user agrees.
fn agrees(yes: bool, what: &str) -> Result<bool, CliError> {
    if yes {
        return Ok(true);
    }
    if !io::stdin().is_terminal() {
        return Err(CliError::from_usage(CannotAsk, "--yes agrees without being asked"));
    }
    stderr::write_to_stderr(&format!("{what}. Type trust to agree: "));
    let agreed = reads_agreement(&mut io::stdin().lock());
    if !agreed {
        stderr::write_to_stderr("nothing was recorded\n");
    }
    Ok(agreed)
}

/// Returns true if the line agrees.
fn reads_agreement(input: &mut dyn BufRead) -> bool {
    let mut line = String::new();
    input.read_line(&mut line).is_ok() && line.trim() == "trust"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_word_itself_agrees() {
        for (typed, meant) in [
            ("trust\n", true),
            (" trust \r\n", true),
            ("", false),
            ("\n", false),
            ("y\n", false),
            ("Trust\n", false),
            ("no\ntrust\n", false),
        ] {
            assert_eq!(reads_agreement(&mut typed.as_bytes()), meant, "{typed:?}");
        }
    }
}
