use clap::Args;
use comfy_table::{Table, presets};
use serde::Serialize;

use crate::{
    cli::{CliError, Console, Exit, Globals, SettingsArgs, output},
    config::{Backend, Environment, Settings},
    lab::{Ground, LabError, Purpose, Site},
    progress::{Progress, printable},
    sandbox::Guarantees,
};

use super::Chosen;

/// `kosmos sandbox probe`: measures what the sandbox withstands.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub struct ProbeArgs {
    /// Which sandbox [default: both]
    #[arg(long, value_enum)]
    pub backend: Option<Chosen>,

    /// Changes to the settings.
    #[command(flatten)]
    pub settings: SettingsArgs,
}

pub(super) const LONG_ABOUT: &str = "\
Measure by an attack what the sandbox withstands here.

A script that tries to get out is run in it, and what held is printed: each guarantee, how far it goes and by \
what means. Every run does the same before its first script, and does not begin if something essential is \
missing. Exits with 5 when the sandbox that was asked for (without --backend: the one of the settings) is \
not available.";

const EXAMPLES: &str = "\
Examples:
  kosmos sandbox probe
  kosmos sandbox probe --backend docker --json";

/// What was found of one sandbox.
#[derive(Debug, Serialize)]
pub struct Measured {
    /// Which one.
    pub backend: &'static str,
    /// What held, if it is available.
    pub guarantees: Option<Guarantees>,
    /// Why it is not available.
    pub unavailable: Option<String>,
}

/// Starts the sandbox that `settings` ask for, which attacks it, and gives it back.
///
/// # Errors
/// When it is not available.
pub fn measure(settings: &Settings, progress: &dyn Progress) -> Result<Guarantees, LabError> {
    let ground = Ground::prepare(settings, progress)?;
    actix::System::new().block_on(async {
        let site = Site::start(settings, &ground, Purpose::default(), progress).await?;
        let guarantees = site.sandbox.guarantees().clone();
        site.sandbox.close().await;
        Ok(guarantees)
    })
}

/// Runs the command.
pub(super) fn execute(args: &ProbeArgs, globals: &Globals) -> Result<Exit, CliError> {
    let backend = args.backend.map(Backend::from);
    let resolved = args.settings.resolve_on(backend, Environment::of_process()?)?;
    let console = Console::start(&resolved.settings.log, globals)?;
    let set = resolved.settings.sandbox.backend;
    let wanted = backend.map_or_else(|| vec![Backend::Process, Backend::Docker], |backend| vec![backend]);
    let mut found = Vec::new();
    let mut exit = Exit::Done;
    for backend in wanted {
        let mut settings = resolved.settings.clone();
        settings.sandbox.backend = backend;
        let measured = measure(&settings, console.progress.as_ref());
        if measured.is_err() && backend == set {
            exit = Exit::Unavailable;
        }
        let (guarantees, unavailable) = match measured {
            Ok(guarantees) => (Some(guarantees), None),
            Err(error) => (None, Some(error.to_string())),
        };
        found.push(Measured {
            backend: backend.name(),
            guarantees,
            unavailable,
        });
    }
    match globals.json {
        true => output::json(&found)?,
        false => output::text(&found.iter().map(table).collect::<String>())?,
    }
    Ok(exit)
}

fn table(measured: &Measured) -> String {
    let Some(guarantees) = &measured.guarantees else {
        let why = measured.unavailable.as_deref().unwrap_or_default();
        return format!("{}: {}\n\n", measured.backend, printable(why));
    };
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table.set_header([measured.backend, "", "by what means"]);
    for row in &guarantees.rows {
        table.add_row([
            row.protection.to_string(),
            row.held.to_string(),
            printable(&row.how).into_owned(),
        ]);
    }
    format!("{table}\n\n")
}
