use clap::Args;

use crate::config::{Backend, ConfigError, DataFlags, Environment, Overrides, Request, Resolved};

use std::path::PathBuf;

/// Flags that change settings.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Settings")]
pub struct SettingsArgs {
    /// Profile of settings: a name (quick, thorough, ollama, openai, ..., or one of your own) or a path
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,

    /// Change one setting, such as budget.cycles=2; repeatable
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
}

/// How tables are read, as far as that is declared.
#[derive(Debug, Clone, Default, Args)]
pub struct ReadingArgs {
    /// Codebook of the tables: as `kosmos data --write` writes it, or a text table with column, code, meaning
    #[arg(long, value_name = "FILE")]
    pub codebook: Option<PathBuf>,

    /// Sheet of the workbook or table of the database: its name, or its number from 1
    #[arg(long, value_name = "NAME")]
    pub sheet: Option<String>,

    /// Line of the columns' names, from 1 (0: there are no names)
    #[arg(long, value_name = "LINE")]
    pub header: Option<u32>,
}

impl ReadingArgs {
    /// The flags as changes to the tables of a run.
    pub(super) fn data_flags(&self) -> DataFlags {
        DataFlags {
            codebook: self.codebook.clone(),
            sheet: self.sheet.clone(),
            header: self.header,
        }
    }
}

/// Question and data of a run: from a run file, from flags, or from both.
#[derive(Debug, Clone, Default, Args)]
pub struct InputArgs {
    /// Run file: question, data and settings in TOML
    #[arg(value_name = "RUN.toml")]
    pub run_file: Option<PathBuf>,

    /// Question to answer, in plain words
    #[arg(long, value_name = "Q")]
    pub question: Option<String>,

    /// Table to analyse: a file, or a folder or a pattern in quotes for one table in parts; repeatable; replaces the
    /// tables of the run file
    #[arg(long, value_name = "FILE")]
    pub data: Vec<PathBuf>,

    /// How the tables are read.
    #[command(flatten)]
    pub reading: ReadingArgs,

    /// Column to be explained; --outcome is another name of this flag
    #[arg(long, value_name = "COL")]
    pub target: Option<String>,

    /// Column to be explained
    #[arg(long, value_name = "COL")]
    pub outcome: Option<String>,

    /// Column that explains; with --outcome, the relation that is asked for
    #[arg(long, value_name = "COL")]
    pub exposure: Option<String>,

    /// Columns to hold fixed, with commas; repeatable
    #[arg(long, value_name = "COLS", value_delimiter = ',')]
    pub given: Vec<String>,

    /// Column that names the unit of observation, where rows repeat it
    #[arg(long, value_name = "COL")]
    pub subject: Option<String>,

    /// Column that orders rows in time
    #[arg(long, value_name = "COL")]
    pub time: Option<String>,

    /// Project of the run: runs of one project share their findings
    #[arg(long, value_name = "NAME")]
    pub project: Option<String>,

    /// Seed of all random choices
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,

    /// Maximum number of experiments at the same time (0: one per core)
    #[arg(long, value_name = "N")]
    pub max_parallel: Option<u64>,
}

impl InputArgs {
    /// The request for settings that these flags make.
    ///
    /// # Errors
    /// When a flag sets a key twice or holds a value that its key does not take.
    pub fn request(&self, settings: &SettingsArgs, environment: Environment) -> Result<Request, ConfigError> {
        let mut overrides = settings.overrides()?;
        if let Some(question) = &self.question {
            overrides.add_text("--question", "question", question)?;
        }
        overrides.add_data(&self.data)?;
        for (flag, key, column) in [
            ("--target", "target", &self.target),
            ("--outcome", "outcome", &self.outcome),
            ("--exposure", "exposure", &self.exposure),
            ("--subject", "subject", &self.subject),
            ("--time", "time", &self.time),
        ] {
            if let Some(column) = column {
                overrides.add_text(flag, key, column)?;
            }
        }
        overrides.add_texts("--given", "given", &self.given)?;
        if let Some(project) = &self.project {
            overrides.add_text("--project", "project", project)?;
        }
        if let Some(seed) = self.seed {
            overrides.add_number("--seed", "seed", seed)?;
        }
        if let Some(max_parallel) = self.max_parallel {
            overrides.add_number("--max-parallel", "research.max_parallel", max_parallel)?;
        }
        let (run_file, profile) = (self.run_file.clone(), settings.profile.clone());
        Ok(Request {
            profile,
            run_file,
            environment,
            overrides,
            data_flags: self.reading.data_flags(),
            frozen: false,
        })
    }

    /// The settings in force under these flags.
    ///
    /// # Errors
    /// When a source of settings cannot be read, or holds an unknown key or an invalid value.
    pub fn resolve(&self, settings: &SettingsArgs, environment: Environment) -> Result<Resolved, ConfigError> {
        self.request(settings, environment)?.resolve()
    }
}

impl SettingsArgs {
    /// The settings in force without a run.
    ///
    /// # Errors
    /// When a source of settings cannot be read, or holds an unknown key or an invalid value.
    pub fn resolve(&self, environment: Environment) -> Result<Resolved, ConfigError> {
        InputArgs::default().resolve(self, environment)
    }

    /// The settings in force without a run, with the sandbox that `--backend` names, if given.
    ///
    /// # Errors
    /// When a source of settings cannot be read, or holds an unknown key or an invalid value.
    pub fn resolve_for_backend(
        &self,
        backend: Option<Backend>,
        environment: Environment,
    ) -> Result<Resolved, ConfigError> {
        let mut overrides = self.overrides()?;
        if let Some(backend) = backend {
            overrides.add_text("--backend", "sandbox.backend", backend.name())?;
        }
        self.request(environment, overrides).resolve()
    }

    /// The settings in force without a run, with the graph store that `--store` names, if given.
    ///
    /// # Errors
    /// When a source of settings cannot be read, or holds an unknown key or an invalid value.
    pub fn resolve_for_store(&self, store: Option<&str>, environment: Environment) -> Result<Resolved, ConfigError> {
        let mut overrides = self.overrides()?;
        if let Some(store) = store {
            overrides.add_text("--store", "graph.store", store)?;
        }
        self.request(environment, overrides).resolve()
    }

    /// The settings in force for `command`, which uses the docker backend.
    ///
    /// # Errors
    /// When a source of settings cannot be read, or holds an unknown key or an invalid value.
    pub fn resolve_for_containers(&self, command: &str, environment: Environment) -> Result<Resolved, ConfigError> {
        let mut overrides = self.overrides()?;
        overrides.add_implied(command, "sandbox.backend", Backend::Docker.name())?;
        self.request(environment, overrides).resolve()
    }

    fn request(&self, environment: Environment, overrides: Overrides) -> Request {
        Request {
            profile: self.profile.clone(),
            environment,
            overrides,
            ..Request::default()
        }
    }

    fn overrides(&self) -> Result<Overrides, ConfigError> {
        parse_overrides(&self.set)
    }
}

/// The overrides that `--set` gives.
pub(super) fn parse_overrides(assignments: &[String]) -> Result<Overrides, ConfigError> {
    let mut overrides = Overrides::default();
    for assignment in assignments {
        overrides.add_assignment(assignment)?;
    }
    Ok(overrides)
}
