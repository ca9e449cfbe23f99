use clap::Args;
use serde::Serialize;

use crate::config::{Backend, Environment, GraphStore, Origin, Policy, Provider, Resolved, Settings};
use crate::graph::GraphStore as _;
use crate::lab::{LabError, PASSWORD, graph_server, python_environment};
use crate::llm::{Endpoint, Prices, probe};
use crate::progress::printable;
use crate::sandbox::Guarantee;

use super::{CliError, Console, Exit, Globals, Home, SettingsArgs, output, sandbox};

/// `kosmos doctor`: checks that this machine has what a run needs.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub struct DoctorArgs {
    /// Which settings to check for.
    #[command(flatten)]
    pub settings: SettingsArgs,
}

pub(super) const LONG_ABOUT: &str = "\
Check that this machine has what a run needs.

Says of each thing whether it is there, and of what is missing what to do about it. Both sandboxes are \
attacked and measured; the one that the settings do not choose may be absent. With policy = \"llm\", or a \
profile of a model, the endpoint is asked whether it takes the key and has the model. Exits with 5 when \
something that is needed is missing, with 2 when the settings are wrong.";

const EXAMPLES: &str = "\
Examples:
  kosmos doctor
  kosmos doctor --profile ollama
  kosmos doctor --set sandbox.python=/opt/science/bin/python3
  kosmos doctor --json";

/// One thing that a run needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What it is.
    pub name: &'static str,
    /// Whether it is there.
    pub ok: bool,
    /// What was found.
    pub detail: String,
    /// What to do, when it is not there.
    pub help: Option<String>,
    /// Whether a run with these settings needs it.
    pub needed: bool,
}

#[derive(Serialize)]
struct Diagnosis {
    ok: bool,
    checks: Vec<Check>,
}

impl Check {
    /// A thing that is there.
    pub fn passed(name: &'static str, detail: impl Into<String>) -> Self {
        Self {
            name,
            ok: true,
            detail: detail.into(),
            help: None,
            needed: true,
        }
    }

    /// A thing that is not there.
    pub fn failed(name: &'static str, detail: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            name,
            ok: false,
            detail: detail.into(),
            help: Some(help.into()),
            needed: true,
        }
    }
}

/// Runs the command.
///
/// # Errors
/// When the settings are wrong.
pub fn execute(args: DoctorArgs, globals: &Globals) -> Result<Exit, CliError> {
    let environment = Environment::of_process()?;
    let home = Home::locate(globals, &environment);
    let resolved = args.settings.resolve(environment.clone())?;
    let console = Console::start(&resolved.settings.log, globals)?;
    let mut checks = vec![check_settings(&resolved), check_home(&home)];
    checks.extend(check_graph(&resolved.settings));
    checks.extend(check_model(&resolved.settings, &environment));
    let progress = console.progress.as_ref();
    match python_environment(&resolved.settings, progress) {
        Ok(python) => {
            let detail = format!("Python {} in {}", python.version, python.prefix.display());
            checks.push(Check::passed("python", detail));
        }
        // Containers have a Python of their own.
        Err(error) => checks.push(needed(failed("python", &error), &resolved.settings, Backend::Process)),
    }
    for backend in [Backend::Process, Backend::Docker] {
        let name = backend.name();
        let mut settings = resolved.settings.clone();
        settings.sandbox.backend = backend;
        match sandbox::measure(&settings, progress) {
            Ok(found) => checks.extend(found.rows.iter().map(|row| guarantee(name, row))),
            Err(error) => checks.push(needed(failed(name, &error), &resolved.settings, backend)),
        }
    }
    conclude(checks, globals)
}

fn guarantee(backend: &'static str, row: &Guarantee) -> Check {
    Check::passed(backend, format!("{}: {} ({})", row.protection, row.held, row.how))
}

/// What a backend lacks counts only where that backend was chosen.
fn needed(mut check: Check, settings: &Settings, by: Backend) -> Check {
    check.needed = settings.sandbox.backend == by;
    check
}

/// A failed check, with the remedy that the component names.
fn failed(name: &'static str, error: &LabError) -> Check {
    let text = error.to_string();
    if let Some(help) = error.help() {
        return Check::failed(name, text, help);
    }
    match text.split_once("; ") {
        Some((what, remedy)) => Check::failed(name, what, remedy),
        None => Check::failed(name, &text, "see the message"),
    }
}

/// Whether the model is there that the settings ask for; nothing where they ask for none.
fn check_model(settings: &Settings, environment: &Environment) -> Vec<Check> {
    if settings.policy != Policy::Llm {
        return Vec::new();
    }
    let mut checks = Vec::new();
    match Endpoint::resolve(&settings.llm, environment) {
        Ok(endpoint) => checks.push(Check::passed("endpoint", describe(&endpoint, settings))),
        Err(error) => return vec![failed("endpoint", &error.into())],
    }
    checks.extend(check_prices(settings));
    // The probe's client needs a runtime with a clock and sockets.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let probed = match runtime {
        Ok(runtime) => runtime.block_on(probe(&settings.llm, environment)),
        Err(error) => return vec![Check::failed("model", error.to_string(), "see the message")],
    };
    checks.push(match probed {
        Ok(probed) => Check::passed(
            "model",
            format!("{} answers for {}", probed.endpoint, probed.models.join(", ")),
        ),
        Err(error) => failed("model", &error.into()),
    });
    checks
}

/// Whether the graph server is there that the settings ask for; nothing where they ask for none.
fn check_graph(settings: &Settings) -> Option<Check> {
    if settings.graph.store != GraphStore::Neo4j {
        return None;
    }
    let set = &settings.graph;
    let looked = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| error.to_string())
        .and_then(|runtime| {
            let store = graph_server(settings).map_err(|error| error.to_string())?;
            let stats = runtime.block_on(store.stats()).map_err(|error| error.to_string())?;
            Ok(stats.nodes.iter().map(|(_, count)| count).sum::<u64>())
        });
    Some(match looked {
        Ok(nodes) => Check::passed(
            "graph",
            format!("{} lets {} in; {nodes} nodes of Kosmos", set.uri, set.user),
        ),
        Err(error) => Check::failed(
            "graph",
            error,
            format!("graph.uri, graph.user, graph.database and the password in {PASSWORD} must be the server's"),
        ),
    })
}

/// Whether a budget of dollars can be held; nothing where there is none.
fn check_prices(settings: &Settings) -> Option<Check> {
    let free = settings.llm.provider.is_some_and(Provider::is_free);
    let usd = settings.budget.usd.filter(|_| !free)?;
    let prices = match Prices::load(settings.llm.prices.as_deref()) {
        Ok(prices) => prices,
        Err(error) => return Some(failed("prices", &error.into())),
    };
    let models = settings.llm.models_by_agent();
    let unknown = models
        .iter()
        .filter_map(|(_, model)| *model)
        .find(|model| prices.of(model).is_none());
    Some(match unknown {
        None => Check::passed("prices", format!("known, so that budget.usd = {usd} can be held")),
        Some(model) => Check::failed(
            "prices",
            format!("budget.usd is set, and the price of `{model}` is not known"),
            "name a file with it by llm.prices, in the form of config/prices.toml; or set budget.tokens instead",
        ),
    })
}

/// The endpoint in a line: address, models, and where its key comes from.
fn describe(endpoint: &Endpoint, settings: &Settings) -> String {
    let mut models: Vec<&str> = Vec::new();
    for (_, model) in settings.llm.models_by_agent() {
        models.extend(model.filter(|model| !models.contains(model)));
    }
    let key = match &endpoint.key_variable {
        Some(variable) if endpoint.has_key => format!("the key is in {variable}"),
        Some(variable) => format!("{variable} is not set, so no key is sent"),
        None => "no key is sent".to_owned(),
    };
    format!("{}, for {}; {key}", endpoint.name(), models.join(", "))
}

fn check_settings(resolved: &Resolved) -> Check {
    let changed = resolved
        .origins
        .values()
        .filter(|origin| **origin != Origin::Default)
        .count();
    Check::passed(
        "settings",
        format!("{} keys, {changed} not at their default", resolved.origins.len()),
    )
}

fn check_home(home: &Home) -> Check {
    match home.check() {
        Ok(()) => Check::passed("home", format!("{} can be written to", home.path().display())),
        Err(error) => {
            let cause = std::error::Error::source(&error)
                .map(|cause| format!(": {cause}"))
                .unwrap_or_default();
            Check::failed("home", format!("{error}{cause}"), error.help())
        }
    }
}

fn conclude(checks: Vec<Check>, globals: &Globals) -> Result<Exit, CliError> {
    let ok = checks.iter().all(|check| check.ok || !check.needed);
    match globals.json {
        true => output::json(&Diagnosis { ok, checks })?,
        false => output::text(&checks.iter().map(line).collect::<String>())?,
    }
    Ok(if ok { Exit::Done } else { Exit::Unavailable })
}

fn line(check: &Check) -> String {
    let mark = match (check.ok, check.needed) {
        (true, _) => "ok     ",
        (false, true) => "missing",
        (false, false) => "absent ",
    };
    let mut line = format!("{mark}  {:12}  {}\n", check.name, printable(&check.detail));
    if let Some(help) = &check.help {
        line.push_str(&format!("{:23}help: {}\n", "", printable(help)));
    }
    line
}
