use clap::Args;
use serde::Serialize;

use crate::config::{Backend, Environment, GraphStoreKind, Origin, PolicyChoice, Provider, Resolved, Settings};
use crate::graph::GraphStore as _;
use crate::lab::{LabError, open_graph_server, python_environment};
use crate::llm::{Endpoint, Prices, probe_endpoint};
use crate::progress::printable;
use crate::sandbox::Guarantee;

use super::{CliError, Console, Exit, Globals, Home, SettingsArgs, output, sandbox};

/// `kosmos doctor`: checks that this machine has everything that a run needs.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub struct DoctorArgs {
    /// The settings to check for.
    #[command(flatten)]
    pub settings: SettingsArgs,
}

pub(super) const LONG_ABOUT: &str = "\
Check that this machine has everything that a run needs.

Prints each requirement, whether it is met, and the remedy if it is not. Both sandboxes are \
attacked and measured; the one that the settings do not choose may be absent. With policy = \"llm\", or a \
profile of a model, a call checks that the endpoint accepts the key and has the model. Exits with 5 if \
a requirement is missing, and with 2 if the settings are wrong.";

const EXAMPLES: &str = "\
Examples:
  kosmos doctor
  kosmos doctor --profile ollama
  kosmos doctor --set sandbox.python=/opt/science/bin/python3
  kosmos doctor --json";

/// A requirement of a run, checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DoctorCheck {
    /// The requirement.
    pub name: &'static str,
    /// True if it is met.
    pub ok: bool,
    /// The finding.
    pub detail: String,
    /// The remedy, if it is not met.
    pub help: Option<String>,
    /// True if a run with these settings needs it.
    pub needed: bool,
}

#[derive(Serialize)]
struct Diagnosis {
    ok: bool,
    checks: Vec<DoctorCheck>,
}

impl DoctorCheck {
    /// A requirement that is met.
    pub fn passed(name: &'static str, detail: impl Into<String>) -> Self {
        Self {
            name,
            ok: true,
            detail: detail.into(),
            help: None,
            needed: true,
        }
    }

    /// A requirement that is not met.
    pub fn failed(name: &'static str, detail: impl Into<String>, help: Option<String>) -> Self {
        Self {
            name,
            ok: false,
            detail: detail.into(),
            help,
            needed: true,
        }
    }
}

/// Runs the command.
///
/// # Errors
/// When the settings are wrong.
pub fn execute_doctor(args: DoctorArgs, globals: &Globals) -> Result<Exit, CliError> {
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
            checks.push(DoctorCheck::passed("python", detail));
        }
        // Containers bring their own Python.
        Err(error) => checks.push(needed_by_backend(
            failed_check("python", &error),
            &resolved.settings,
            Backend::Process,
        )),
    }
    for backend in [Backend::Process, Backend::Docker] {
        let name = backend.name();
        let mut settings = resolved.settings.clone();
        settings.sandbox.backend = backend;
        match sandbox::measure_guarantees(&settings, progress) {
            Ok(found) => checks.extend(found.rows.iter().map(|row| describe_guarantee(name, row))),
            Err(error) => checks.push(needed_by_backend(
                failed_check(name, &error),
                &resolved.settings,
                backend,
            )),
        }
    }
    print_diagnosis(checks, globals)
}

fn describe_guarantee(backend: &'static str, row: &Guarantee) -> DoctorCheck {
    DoctorCheck::passed(backend, format!("{}: {} ({})", row.protection, row.held, row.how))
}

/// A failed check of a backend counts only if the settings choose that backend.
fn needed_by_backend(mut check: DoctorCheck, settings: &Settings, by: Backend) -> DoctorCheck {
    check.needed = settings.sandbox.backend == by;
    check
}

fn failed_check(name: &'static str, error: &LabError) -> DoctorCheck {
    // `kosmos doctor` itself is no remedy here.
    let help = match error {
        LabError::Llm(error) => error.help().map(str::to_owned),
        _ => error.help().filter(|help| !help.contains("kosmos doctor")),
    };
    DoctorCheck::failed(name, error.to_string(), help)
}

/// Checks the model that the settings name; no checks if they name none.
fn check_model(settings: &Settings, environment: &Environment) -> Vec<DoctorCheck> {
    if settings.policy != PolicyChoice::Llm {
        return Vec::new();
    }
    let mut checks = Vec::new();
    match Endpoint::from_settings(&settings.llm, environment) {
        Ok(endpoint) => checks.push(DoctorCheck::passed("endpoint", describe_endpoint(&endpoint, settings))),
        Err(error) => return vec![failed_check("endpoint", &error.into())],
    }
    checks.extend(check_prices(settings));
    // The probe's client needs a runtime with a clock and sockets.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let probed = match runtime {
        Ok(runtime) => runtime.block_on(probe_endpoint(&settings.llm, environment)),
        Err(error) => return vec![DoctorCheck::failed("model", error.to_string(), None)],
    };
    checks.push(match probed {
        Ok(probed) => DoctorCheck::passed(
            "model",
            format!("{} answers for {}", probed.endpoint, probed.models.join(", ")),
        ),
        Err(error) => failed_check("model", &error.into()),
    });
    checks
}

/// Checks the graph server that the settings name; none if they name none.
fn check_graph(settings: &Settings) -> Option<DoctorCheck> {
    if settings.graph.store != GraphStoreKind::Neo4j {
        return None;
    }
    let set = &settings.graph;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return Some(DoctorCheck::failed("graph", error.to_string(), None)),
    };
    let counted = open_graph_server(settings).and_then(|store| {
        let stats = runtime.block_on(store.stats())?;
        Ok(stats.nodes.iter().map(|(_, count)| count).sum::<u64>())
    });
    Some(match counted {
        Ok(nodes) => DoctorCheck::passed(
            "graph",
            format!("{} accepts the user {}; {nodes} nodes of Kosmos", set.uri, set.user),
        ),
        Err(error) => failed_check("graph", &error),
    })
}

/// Checks that a budget in dollars can be enforced; none if there is no such budget.
fn check_prices(settings: &Settings) -> Option<DoctorCheck> {
    let free = settings.llm.provider.is_some_and(Provider::is_free);
    let usd = settings.budget.usd.filter(|_| !free)?;
    let prices = match Prices::load(settings.llm.prices.as_deref()) {
        Ok(prices) => prices,
        Err(error) => return Some(failed_check("prices", &error.into())),
    };
    let models = settings.llm.models_by_agent();
    let unknown = models
        .iter()
        .filter_map(|(_, model)| *model)
        .find(|model| prices.price_of(model).is_none());
    Some(match unknown {
        None => DoctorCheck::passed("prices", format!("known, so that budget.usd = {usd} can be enforced")),
        Some(model) => DoctorCheck::failed(
            "prices",
            format!("budget.usd is set, and the price of `{model}` is unknown"),
            Some(
                "name a file with the price in llm.prices, in the format of config/prices.toml; or set budget.tokens instead"
                    .to_owned(),
            ),
        ),
    })
}

/// The endpoint on one line: address, models, and the source of its key.
fn describe_endpoint(endpoint: &Endpoint, settings: &Settings) -> String {
    let mut models: Vec<&str> = Vec::new();
    for (_, model) in settings.llm.models_by_agent() {
        models.extend(model.filter(|model| !models.contains(model)));
    }
    let key = match &endpoint.key_variable {
        Some(variable) if endpoint.has_key => format!("with the key in {variable}"),
        Some(variable) => format!("without a key, since {variable} is not set"),
        None => "without a key".to_owned(),
    };
    format!("{}, for {}, {key}", endpoint.display_name(), models.join(", "))
}

fn check_settings(resolved: &Resolved) -> DoctorCheck {
    let changed = resolved
        .origins
        .values()
        .filter(|origin| **origin != Origin::Default)
        .count();
    DoctorCheck::passed(
        "settings",
        format!("{} keys, {changed} differ from the default", resolved.origins.len()),
    )
}

fn check_home(home: &Home) -> DoctorCheck {
    match home.check_writable() {
        Ok(()) => DoctorCheck::passed("home", format!("{} can be written to", home.path().display())),
        Err(error) => {
            let cause = std::error::Error::source(&error)
                .map(|cause| format!(": {cause}"))
                .unwrap_or_default();
            DoctorCheck::failed("home", format!("{error}{cause}"), Some(error.help()))
        }
    }
}

fn print_diagnosis(checks: Vec<DoctorCheck>, globals: &Globals) -> Result<Exit, CliError> {
    let ok = checks.iter().all(|check| check.ok || !check.needed);
    match globals.json {
        true => output::print_json(&Diagnosis { ok, checks })?,
        false => output::print_text(&checks.iter().map(render_check).collect::<String>())?,
    }
    Ok(if ok { Exit::Done } else { Exit::Unavailable })
}

fn render_check(check: &DoctorCheck) -> String {
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
