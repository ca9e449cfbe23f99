use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::config::ByteSize;
use crate::config::Environment;
use crate::lab::{RunFolder, export_run, import_run};
use crate::progress::printable;

use super::{CliError, Exit, Globals, Home, output};

/// `kosmos export`: writes a run to one archive.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "The archive is a tar file of the files that Kosmos wrote for the run, and of the tables that it read.\n\n\
Examples:\n  kosmos export 3fa9c1\n  kosmos export 3fa9c1 --output study.tar"
)]
pub struct ExportArgs {
    /// Run id, or a unique prefix of one; `kosmos runs` lists the runs
    #[arg(value_name = "RUN")]
    pub run: String,
    /// Archive to write (default: `<run>.tar` in the working folder)
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// `kosmos import`: adds the run of an archive to the runs here.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "All of the archive is checked before the run appears here; nothing in it is executed. The run is not your \
own: `kosmos trust RUN` shows what it asks for, which you have to agree to before you can resume it.\n\n\
Examples:\n  kosmos import study.tar && kosmos verify 3fa9c1"
)]
pub struct ImportArgs {
    /// Archive written by `kosmos export`
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

/// Runs `kosmos export`.
///
/// # Errors
/// When the run does not exist, another process works on it, or the file exists or cannot be written.
pub fn execute_export(args: ExportArgs, globals: &Globals) -> Result<Exit, CliError> {
    let environment = Environment::of_process()?;
    let home = Home::locate(globals, &environment);
    let folder = RunFolder::find(&home.runs_folder(), &args.run)?;
    let file = args.output.unwrap_or_else(|| format!("{}.tar", folder.id()).into());
    let exported = export_run(&folder, &environment.working_folder().join(file))?;
    if globals.json {
        output::print_json(&exported)?;
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
    output::print_text(&text)?;
    Ok(Exit::Done)
}

/// Runs `kosmos import`.
///
/// # Errors
/// When the file is not an archive of a run, or the run exists already.
pub fn execute_import(args: ImportArgs, globals: &Globals) -> Result<Exit, CliError> {
    let environment = Environment::of_process()?;
    let home = Home::locate(globals, &environment);
    let folder = import_run(&home.runs_folder(), &environment.working_folder().join(args.file))?;
    if globals.json {
        output::print_json(&json!({ "run": folder.id(), "folder": folder.path() }))?;
    } else {
        output::print_text(&format!(
            "run       {0}\nnext      kosmos verify {0}; it is read under your own settings, and `kosmos trust {0}` shows what it asks for\n",
            folder.id()
        ))?;
    }
    Ok(Exit::Done)
}
