//! `kosmos data`: shows how tables are read, without a run.

mod show;
mod write;

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use crate::{
    config::{DataSource, Environment, Origin},
    lab::{DescribedTable, DescribedTables, LabError, describe_tables},
    sandbox::SandboxError,
    science::Profile,
    study::Codebook,
};

use super::{CliError, Console, Exit, Globals, ReadingArgs, SettingsArgs, output, stderr};

/// `kosmos data`: shows how tables are read.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub struct DataArgs {
    /// Table to read: csv, tsv, xlsx, ods, parquet, json, sqlite, sav, dta, feather, and others
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,

    /// How the tables are read.
    #[command(flatten)]
    pub reading: ReadingArgs,

    /// Write a codebook [default: codebook.toml beside the first table]
    #[arg(long, value_name = "PATH", num_args = 0..=1, require_equals = true)]
    pub write: Option<Option<PathBuf>>,

    /// Overwrite the codebook
    #[arg(long, requires = "write")]
    pub force: bool,

    /// Changes to the settings.
    #[command(flatten)]
    pub settings: SettingsArgs,
}

pub(super) const LONG_ABOUT: &str = "\
Show how tables are read, and write their codebook.

Reads each table in the sandbox as a run would, and shows how: the format, the header, what was set aside, and for \
each column its type, its unit, the evidence, how sure the reading is, its missing cells, its levels and a \
small histogram. What is unsure comes first. Of several tables it shows how they are joined, and what of one is \
brought to the other. No run is made and nothing is kept.

--write writes all of it as a codebook in TOML. Correct what is wrong there, and hand it back with --codebook, here \
or to `kosmos run`. A text table with the columns column, code, meaning is a codebook too.";

const EXAMPLES: &str = "\
Examples:
  kosmos data stays.csv
  kosmos data survey.sav --write
  kosmos data customers.csv orders.csv
  kosmos data stays.csv --codebook codebook.toml
  kosmos data results.xlsx --sheet 2020 --header 3 --json";

/// The name of a codebook that is written.
const CODEBOOK: &str = "codebook.toml";

/// The document that `--json` prints.
#[derive(Serialize)]
struct Document<'a> {
    codebook: Codebook,
    tables: Vec<TableFacts<'a>>,
    /// The tables as one, or why they are none; none of a single table.
    joined: Option<JoinedFacts<'a>>,
    notes: &'a [String],
    /// The codebook that was written.
    written: Option<PathBuf>,
}

#[derive(Serialize)]
struct TableFacts<'a> {
    name: &'a str,
    path: &'a PathBuf,
    profile: &'a Profile,
}

#[derive(Serialize)]
struct JoinedFacts<'a> {
    name: &'a str,
    profile: &'a Profile,
}

/// Runs the command.
///
/// # Errors
/// When a file is no table, a codebook does not fit, the sandbox is missing, or the codebook cannot be written.
pub fn execute_data(args: DataArgs, globals: &Globals) -> Result<Exit, CliError> {
    let environment = Environment::of_process()?;
    let mut resolved = args.settings.resolve(environment.clone())?;
    resolved.settings.data = args.sources(&environment);
    let origin = Origin::Flag {
        flag: "FILE".to_owned(),
    };
    resolved.origins.insert("data".to_owned(), origin);
    args.check_layout()?;
    let console = Console::start(&resolved.settings.log, globals)?;
    let target = args.write.clone().map(|path| match path {
        Some(path) => environment.working_folder().join(path),
        None => {
            let first = resolved.settings.data.first().map(|source| source.path.clone());
            first.unwrap_or_default().with_file_name(CODEBOOK)
        }
    });
    if let Some(target) = &target {
        write::check_target(target, args.force)?;
    }
    let mut described = match describe_tables(resolved, console.progress.as_ref()) {
        Ok(described) => described,
        Err(LabError::Sandbox(SandboxError::Cancelled)) => return Ok(Exit::Interrupted),
        Err(error) => return Err(error.into()),
    };
    if let Some(target) = &target {
        write::write_codebook(target, &described.to_codebook().to_toml(), args.force)?;
    }
    for DescribedTable { profile, .. } in &mut described.tables {
        // Of use to runs alone, and long.
        profile.row_sketch.clear();
    }
    if let Some(joined) = &mut described.joined {
        joined.profile.row_sketch.clear();
    }
    print_tables(&described, target, globals)?;
    Ok(Exit::Done)
}

impl DataArgs {
    /// The tables, each with a name of its own.
    fn sources(&self, environment: &Environment) -> Vec<DataSource> {
        let mut sources: Vec<DataSource> = Vec::new();
        for file in &self.files {
            let path: PathBuf = environment.working_folder().join(file).components().collect();
            let mut source = DataSource::of_file(path);
            let name = source.display_name();
            let taken = |name: &String| sources.iter().any(|source| source.display_name() == *name);
            let mut free = (1..).map(|n| if n == 1 { name.clone() } else { format!("{name}-{n}") });
            source.name = free.find(|name| !taken(name)).filter(|free| *free != name);
            source.codebook = self.reading.codebook.as_ref().map(|codebook| {
                let path = environment.working_folder().join(codebook);
                path.components().collect()
            });
            source.sheet.clone_from(&self.reading.sheet);
            source.header = self.reading.header;
            sources.push(source);
        }
        sources
    }

    fn check_layout(&self) -> Result<(), CliError> {
        let of_one = self.reading.sheet.is_some() || self.reading.header.is_some();
        match of_one && self.files.len() > 1 {
            true => Err(CliError::from_usage(OneTable, "read that file by a command of its own")),
            false => Ok(()),
        }
    }
}

/// A flag of one table beside several files.
#[derive(Debug, thiserror::Error)]
#[error("--sheet and --header are of one table, and several files are given")]
struct OneTable;

fn print_tables(described: &DescribedTables, written: Option<PathBuf>, globals: &Globals) -> Result<(), CliError> {
    if globals.json {
        let tables = described.tables.iter().map(|table| TableFacts {
            name: &table.codebook.name,
            path: &table.path,
            profile: &table.profile,
        });
        return output::print_json(&Document {
            codebook: described.to_codebook(),
            tables: tables.collect(),
            joined: described.joined.as_ref().map(|joined| JoinedFacts {
                name: &joined.name,
                profile: &joined.profile,
            }),
            notes: &described.notes,
            written,
        });
    }
    output::print_text(&show::show_tables(
        described,
        show::Marks::for_terminal(|name| std::env::var(name).ok()),
    ))?;
    if let Some(written) = written {
        stderr::write_to_stderr(&format!("wrote {}\n", written.display()));
    }
    Ok(())
}
