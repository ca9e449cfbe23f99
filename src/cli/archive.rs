use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::config::ByteSize;
use crate::config::Environment;
use crate::lab::{RunFolder, Signer, export_run, import_run};
use crate::progress::printable;

use super::{CliError, Exit, Globals, Home, output};

/// `kosmos export`: writes a run to one archive.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "The archive is a tar file of the files that Kosmos wrote for the run, and of the tables that it read.\n\n\
Examples:\n  kosmos export 3fa9c1\n  kosmos export 3fa9c1 --output study.tar --sign"
)]
pub struct ExportArgs {
    /// Run id, or a unique prefix of one; `kosmos runs` lists the runs
    #[arg(value_name = "RUN")]
    pub run: String,
    /// Archive to write (default: `<run>.tar` in the working folder)
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Sign the archive by your key, which is made if you have none; writes FILE.minisig beside it
    #[arg(long)]
    pub sign: bool,
}

/// `kosmos import`: adds the run of an archive to the runs here.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "All of the archive is checked before the run appears here; nothing in it is executed. The run is not your \
own: `kosmos trust RUN` shows what it asks for, which you have to agree to before you can resume it.\n\n\
Examples:\n  kosmos import study.tar && kosmos verify 3fa9c1\n  kosmos import study.tar --signed-by ann.pub"
)]
pub struct ImportArgs {
    /// Archive written by `kosmos export`
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Refuse the archive unless FILE.minisig is its signature by this key: a public key of minisign, or the file
    /// of one
    #[arg(long, value_name = "KEY")]
    pub signed_by: Option<String>,
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
    let exported = export_run(&folder, &environment.working_folder().join(file), args.sign)?;
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
    if let Some(signed) = &exported.signed {
        text.push_str(&format!(
            "signed    {}\nkey       {}\n",
            signed.file.display(),
            signed.public_key
        ));
        if let Some(made) = &signed.made {
            text.push_str(&format!(
                "new key   you had none; hand out {}, and keep minisign.key beside it secret\n",
                made.display()
            ));
        }
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
    let file = environment.working_folder().join(args.file);
    let imported = import_run(&home.runs_folder(), &file, args.signed_by.as_deref())?;
    let folder = imported.folder;
    if globals.json {
        output::print_json(&json!({ "run": folder.id(), "folder": folder.path(), "signer": imported.signer }))?;
    } else {
        output::print_text(&format!(
            "run       {0}\nsigned    {1}\nnext      kosmos verify {0}; it is read under your own settings, and `kosmos trust {0}` shows what it asks for\n",
            folder.id(),
            describe_signer(&imported.signer)
        ))?;
    }
    Ok(Exit::Done)
}

/// Who signed an archive, for a person.
fn describe_signer(signer: &Signer) -> String {
    match signer {
        Signer::Unsigned => "by nobody".to_owned(),
        Signer::Unknown { key_id } => format!("by the key {key_id}, which you do not have: not checked"),
        Signer::Known { name, key_id, comment } => {
            format!("by {}, key {key_id} ({})", printable(name), printable(comment))
        }
    }
}
