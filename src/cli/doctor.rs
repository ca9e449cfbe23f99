use clap::Args;
use serde::Serialize;

use crate::config::{Environment, Origin, Resolved};
use crate::interpreter::Interpreter;
use crate::lab::{LabError, python_environment, sandbox_guarantees};
use crate::progress::printable;
use crate::sandbox::Guarantee;

use super::{CliError, Console, Exit, Globals, Home, SettingsArgs, output};

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

Says of each thing whether it is there, and of what is missing what to do about it. Exits with 5 when \
something is.";

const EXAMPLES: &str = "\
Examples:
  kosmos doctor
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
        }
    }

    /// A thing that is not there.
    pub fn failed(name: &'static str, detail: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            name,
            ok: false,
            detail: detail.into(),
            help: Some(help.into()),
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
    let resolved = args.settings.resolve(environment)?;
    let console = Console::start(&resolved.settings.log, globals)?;
    let mut checks = vec![check_settings(&resolved), check_home(&home)];
    match python_environment(&resolved.settings, console.progress.as_ref()) {
        Ok(python) => {
            let detail = format!("Python {} in {}", python.version, python.prefix.display());
            checks.push(Check::passed("python", detail));
            checks.extend(check_sandbox(&python));
        }
        Err(error) => checks.push(failed("python", &error)),
    }
    conclude(checks, globals)
}

/// One row for each guarantee of the sandbox.
fn check_sandbox(python: &Interpreter) -> Vec<Check> {
    match sandbox_guarantees(python) {
        Ok(found) => {
            let row =
                |row: &Guarantee| Check::passed("sandbox", format!("{}: {} ({})", row.protection, row.held, row.how));
            found.rows.iter().map(row).collect()
        }
        Err(error) => vec![failed("sandbox", &error)],
    }
}

/// The errors of these components say what to do themselves.
fn failed(name: &'static str, error: &LabError) -> Check {
    let text = error.to_string();
    match text.split_once("; ") {
        Some((what, remedy)) => Check::failed(name, what, remedy),
        None => Check::failed(name, &text, "see the message"),
    }
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
    let ok = checks.iter().all(|check| check.ok);
    match globals.json {
        true => output::json(&Diagnosis { ok, checks })?,
        false => output::text(&checks.iter().map(line).collect::<String>())?,
    }
    Ok(if ok { Exit::Done } else { Exit::Unavailable })
}

fn line(check: &Check) -> String {
    let mark = if check.ok { "ok     " } else { "missing" };
    let mut line = format!("{mark}  {:12}  {}\n", check.name, printable(&check.detail));
    if let Some(help) = &check.help {
        line.push_str(&format!("{:23}help: {}\n", "", printable(help)));
    }
    line
}
