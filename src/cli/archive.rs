use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::config::ByteSize;
use crate::config::Environment;
use crate::lab::{RunFolder, export, import};
use crate::progress::printable;

use super::outcome::lab_error;
use super::{CliError, Exit, Globals, Home, output};

/// `kosmos export`: writes a run to one file.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "The archive is a tar file with the run's folder and the tables that it read.\n\n\
Examples:\n  kosmos export 3fa9c1\n  kosmos export 3fa9c1 --output study.tar"
)]
pub struct ExportArgs {
    /// The id of a run, or a beginning of it that fits one alone; `kosmos runs` lists them
    #[arg(value_name = "RUN")]
    pub run: String,
    /// The archive; `<run>.tar` here where nothing is said
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// `kosmos import`: puts the run of an archive among the others.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:\n  kosmos import study.tar && kosmos verify 3fa9c1")]
pub struct ImportArgs {
    /// What `kosmos export` wrote
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

/// Runs `kosmos export`.
///
/// # Errors
/// When there is no such run, another process works on it, or the file is there or cannot be written.
pub fn execute_export(args: ExportArgs, globals: &Globals) -> Result<Exit, CliError> {
    let environment = Environment::of_process()?;
    let home = Home::locate(globals, &environment);
    let folder = RunFolder::find(&home.runs(), &args.run).map_err(lab_error)?;
    let file = args.output.unwrap_or_else(|| format!("{}.tar", folder.id()).into());
    let exported = export(&folder, &environment.working_folder().join(file)).map_err(lab_error)?;
    if globals.json {
        output::json(&exported)?;
        return Ok(Exit::Done);
    }
    let mut text = format!(
        "run       {}\narchive   {}\nholds     {} files, {}\n",
        exported.run,
        exported.file.display(),
        exported.files,
        ByteSize::new(exported.bytes)
    );
    for table in &exported.without {
        text.push_str(&format!("without   the table {}\n", printable(table)));
    }
    output::text(&text)?;
    Ok(Exit::Done)
}

/// Runs `kosmos import`.
///
/// # Errors
/// When the file is no archive of a run, or the run is there already.
pub fn execute_import(args: ImportArgs, globals: &Globals) -> Result<Exit, CliError> {
    let environment = Environment::of_process()?;
    let home = Home::locate(globals, &environment);
    let folder = import(&home.runs(), &environment.working_folder().join(args.file)).map_err(lab_error)?;
    if globals.json {
        output::json(&json!({ "run": folder.id(), "folder": folder.path() }))?;
    } else {
        output::text(&format!(
            "run       {}\nnext      kosmos verify {}\n",
            folder.id(),
            folder.id()
        ))?;
    }
    Ok(Exit::Done)
}
