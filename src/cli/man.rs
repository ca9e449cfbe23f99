use std::{
    fs, io,
    path::{Path, PathBuf},
};

use clap::{Args, Command, CommandFactory};
use clap_mangen::Man;
use serde::Serialize;
use serde_json::json;

use kosmos_core::files::with_users_modes;

use super::{Cli, CliError, Exit, Globals, output};

/// `kosmos man`: prints or writes the manual pages.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub struct ManArgs {
    /// Write one file per command to this folder instead of printing
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
}

pub(super) const LONG_ABOUT: &str = "\
Print the manual pages, or write them to a folder.

Without --dir, prints the page of `kosmos` and then the page of each command, in the format that `man` reads.";

const EXAMPLES: &str = "\
Examples:
  kosmos man | man -l -
  kosmos man --dir ~/.local/share/man/man1";

/// A manual page cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {}", path.display())]
struct WritePageError {
    path: PathBuf,
    source: io::Error,
}

/// A manual page.
#[derive(Debug, Serialize)]
struct Page {
    file: String,
    text: String,
}

/// Runs the command.
///
/// # Errors
/// When the folder or stdout cannot be written to.
pub fn execute_man(args: ManArgs, globals: &Globals) -> Result<Exit, CliError> {
    let pages = render_pages().map_err(CliError::Output)?;
    if let Some(dir) = args.dir {
        let written = write_pages(&dir, &pages)
            .map_err(|error| CliError::from_usage(error, "name a folder that you can write to by --dir"))?;
        match globals.json {
            true => output::print_json(&json!({ "dir": dir, "files": written }))?,
            false => output::print_text(&format!("pages     {} in {}\n", written.len(), dir.display()))?,
        }
    } else if globals.json {
        output::print_json(&json!({ "pages": pages }))?;
    } else {
        output::print_verbatim(&pages.iter().map(|page| page.text.as_str()).collect::<String>())?;
    }
    Ok(Exit::Done)
}

/// The page of `kosmos`, then those of its commands.
fn render_pages() -> io::Result<Vec<Page>> {
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    let mut pages = Vec::new();
    add_pages(&command, &mut pages)?;
    Ok(pages)
}

fn add_pages(command: &Command, pages: &mut Vec<Page>) -> io::Result<()> {
    let man = Man::new(command.clone());
    let mut text = Vec::new();
    man.render(&mut text)?;
    pages.push(Page {
        file: man.get_filename(),
        text: String::from_utf8_lossy(&text).into_owned(),
    });
    for inner in command.get_subcommands().filter(|inner| !inner.is_hide_set()) {
        add_pages(inner, pages)?;
    }
    Ok(())
}

fn write_pages(dir: &Path, pages: &[Page]) -> Result<Vec<PathBuf>, WritePageError> {
    fs::create_dir_all(dir).map_err(|source| WritePageError {
        path: dir.to_owned(),
        source,
    })?;
    let write = |page: &Page| {
        let path = dir.join(&page.file);
        match fs::write(&path, &page.text) {
            Ok(()) => Ok(path),
            Err(source) => Err(WritePageError { path, source }),
        }
    };
    // Manual pages are for every user of the machine.
    with_users_modes(|| pages.iter().map(write).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_a_page() {
        fn collect(command: &Command, prefix: &str, files: &mut Vec<String>) {
            let name = format!("{prefix}{}", command.get_name());
            files.push(format!("{name}.1"));
            for inner in command.get_subcommands() {
                collect(inner, &format!("{name}-"), files);
            }
        }
        let mut expected = Vec::new();
        collect(&Cli::command(), "", &mut expected);
        assert!(expected.len() > 20, "{expected:?}");
        let folder = tempfile::tempdir().unwrap();
        let pages = render_pages().unwrap();
        let written = write_pages(&folder.path().join("man1"), &pages).unwrap();
        let names: Vec<String> = pages.into_iter().map(|page| page.file).collect();
        assert_eq!(names, expected);
        for path in written {
            let text = fs::read_to_string(&path).unwrap();
            assert!(text.contains(".TH kosmos"), "{}: {text}", path.display());
            assert!(text.contains(".SH SYNOPSIS"), "{}", path.display());
        }
    }
}
