use clap::Args;

use crate::config::{Backend, ConfigError, Environment, Overrides, Request, Resolved};

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

/// Question and data of a run: from a run file, from flags, or from both.
#[derive(Debug, Clone, Default, Args)]
pub struct InputArgs {
    /// Run file: question, data and settings in TOML
    #[arg(value_name = "RUN.toml")]
    pub run_file: Option<PathBuf>,

    /// Question to answer, in plain words
    #[arg(long, value_name = "Q")]
    pub question: Option<String>,

    /// Table to analyse; repeatable; replaces the tables of the run file
    #[arg(long, value_name = "FILE")]
    pub data: Vec<PathBuf>,

    /// Column that the question is about
    #[arg(long, value_name = "COL")]
    pub target: Option<String>,

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
        if let Some(target) = &self.target {
            overrides.add_text("--target", "target", target)?;
        }
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
