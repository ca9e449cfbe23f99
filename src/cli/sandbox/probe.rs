use clap::Args;
use comfy_table::{Table, presets};
use serde::Serialize;

use crate::{
    cli::{CliError, Console, Exit, Globals, SettingsArgs, output},
    config::{Backend, Environment, Settings},
    lab::{Ground, LabError, Purpose, SandboxSite},
    progress::{Progress, printable},
    sandbox::Guarantees,
};

use super::BackendArg;

/// `kosmos sandbox probe`: attacks the sandbox and prints what it withstands.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub struct ProbeArgs {
    /// Sandbox to attack [default: both]
    #[arg(long, value_enum)]
    pub backend: Option<BackendArg>,

    /// Changes to the settings.
    #[command(flatten)]
    pub settings: SettingsArgs,
}

pub(super) const LONG_ABOUT: &str = "\
Attack the sandbox and print what it withstands on this machine.

A script that tries to escape runs in the sandbox, and the guarantees that held are printed: each with its extent and \
its mechanism. Every run does the same before its first script, and does not start if an essential guarantee is \
missing. Exits with 5 if the requested sandbox (without --backend: the one of the settings) is \
not available.";

const EXAMPLES: &str = "\
Examples:
  kosmos sandbox probe
  kosmos sandbox probe --backend docker --json";

/// The result for one sandbox.
#[derive(Debug, Serialize)]
pub struct Measured {
    /// The backend.
    pub backend: &'static str,
    /// The guarantees that held, if it is available.
    pub guarantees: Option<Guarantees>,
    /// Why it is not available.
    pub unavailable: Option<String>,
    /// The remedy, if it is not available.
    pub help: Option<String>,
}

/// Starts the sandbox that `settings` name, which attacks it, and returns the guarantees that held.
///
/// # Errors
/// When it is not available.
pub fn measure_guarantees(settings: &Settings, progress: &dyn Progress) -> Result<Guarantees, LabError> {
    let ground = Ground::prepare(settings, progress)?;
    actix::System::new().block_on(async {
        let site = SandboxSite::start(settings, &ground, Purpose::default(), progress).await?;
        let guarantees = site.sandbox.guarantees().clone();
        site.sandbox.close().await;
        Ok(guarantees)
    })
}

/// Runs the command.
pub(super) fn execute_probe(args: &ProbeArgs, globals: &Globals) -> Result<Exit, CliError> {
    let backend = args.backend.map(Backend::from);
    let resolved = args.settings.resolve_for_backend(backend, Environment::of_process()?)?;
    let console = Console::start(&resolved.settings.log, globals)?;
    let set = resolved.settings.sandbox.backend;
    let wanted = backend.map_or_else(|| vec![Backend::Process, Backend::Docker], |backend| vec![backend]);
    let mut found = Vec::new();
    let mut exit = Exit::Done;
    for backend in wanted {
        let mut settings = resolved.settings.clone();
        settings.sandbox.backend = backend;
        let measured = measure_guarantees(&settings, console.progress.as_ref());
        if measured.is_err() && backend == set {
            exit = Exit::Unavailable;
        }
        let (guarantees, unavailable, help) = match measured {
            Ok(guarantees) => (Some(guarantees), None, None),
            Err(error) => (None, Some(error.to_string()), error.help()),
        };
        found.push(Measured {
            backend: backend.name(),
            guarantees,
            unavailable,
            help,
        });
    }
    match globals.json {
        true => output::print_json(&found)?,
        false => output::print_text(&found.iter().map(render_guarantees).collect::<String>())?,
    }
    Ok(exit)
}

fn render_guarantees(measured: &Measured) -> String {
    let Some(guarantees) = &measured.guarantees else {
        let why = measured.unavailable.as_deref().unwrap_or_default();
        let help = measured
            .help
            .as_deref()
            .map(|help| format!("  help: {}\n", printable(help)));
        return format!(
            "{}: {}\n{}\n",
            measured.backend,
            printable(why),
            help.unwrap_or_default()
        );
    };
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table.set_header([measured.backend, "", "mechanism"]);
    for row in &guarantees.rows {
        table.add_row([
            row.protection.to_string(),
            row.held.to_string(),
            printable(&row.how).into_owned(),
        ]);
    }
    format!("{table}\n\n")
}
