use clap::Args;

use crate::config::{Backend, ConfigError, Environment, Overrides, Request, Resolved};

use std::path::PathBuf;

/// Flags that change settings.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Settings")]
pub struct SettingsArgs {
    /// A set of settings by name (quick, thorough, ollama, openai, ..., or one of your own), or a path to one
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,

    /// Change one setting, such as budget.cycles=2; may be given many times
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
}

/// What a run is about: a run file, or flags, or a run file that flags change.
#[derive(Debug, Clone, Default, Args)]
pub struct InputArgs {
    /// A run file: question, data and settings in TOML
    #[arg(value_name = "RUN.toml")]
    pub run_file: Option<PathBuf>,

    /// The question to answer, in plain words
    #[arg(long, value_name = "Q")]
    pub question: Option<String>,

    /// A table to study, as often as there are tables; replaces the run file's
    #[arg(long, value_name = "FILE")]
    pub data: Vec<PathBuf>,

    /// The column that the question is about
    #[arg(long, value_name = "COL")]
    pub target: Option<String>,

    /// The project that the run belongs to: runs of one project know what the others found
    #[arg(long, value_name = "NAME")]
    pub project: Option<String>,

    /// Seed of every random choice
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,

    /// Experiments that run at the same time, at most (0: one per core)
    #[arg(long, value_name = "N")]
    pub max_parallel: Option<u64>,
}

impl InputArgs {
    /// The settings in force under these flags.
    ///
    /// # Errors
    /// When a source of settings can't be read or holds what no setting takes.
    pub fn resolve(&self, settings: &SettingsArgs, environment: Environment) -> Result<Resolved, ConfigError> {
        let mut overrides = settings.overrides()?;
        if let Some(question) = &self.question {
            overrides.text("--question", "question", question)?;
        }
        overrides.data(&self.data)?;
        if let Some(target) = &self.target {
            overrides.text("--target", "target", target)?;
        }
        if let Some(project) = &self.project {
            overrides.text("--project", "project", project)?;
        }
        if let Some(seed) = self.seed {
            overrides.number("--seed", "seed", seed)?;
        }
        if let Some(max_parallel) = self.max_parallel {
            overrides.number("--max-parallel", "research.max_parallel", max_parallel)?;
        }
        let (run_file, profile) = (self.run_file.clone(), settings.profile.clone());
        Request {
            profile,
            run_file,
            environment,
            overrides,
        }
        .resolve()
    }
}

impl SettingsArgs {
    /// The settings in force where no run is at hand.
    ///
    /// # Errors
    /// When a source of settings can't be read or holds what no setting takes.
    pub fn resolve(&self, environment: Environment) -> Result<Resolved, ConfigError> {
        InputArgs::default().resolve(self, environment)
    }

    /// The settings in force where no run is at hand, with the sandbox that `--backend` names, if it does.
    ///
    /// # Errors
    /// When a source of settings can't be read or holds what no setting takes.
    pub fn resolve_on(&self, backend: Option<Backend>, environment: Environment) -> Result<Resolved, ConfigError> {
        let mut overrides = self.overrides()?;
        if let Some(backend) = backend {
            overrides.text("--backend", "sandbox.backend", backend.name())?;
        }
        self.request(environment, overrides).resolve()
    }

    /// The settings in force where no run is at hand, with the graph store that `--store` names, if it does.
    ///
    /// # Errors
    /// When a source of settings can't be read or holds what no setting takes.
    pub fn resolve_at(&self, store: Option<&str>, environment: Environment) -> Result<Resolved, ConfigError> {
        let mut overrides = self.overrides()?;
        if let Some(store) = store {
            overrides.text("--store", "graph.store", store)?;
        }
        self.request(environment, overrides).resolve()
    }

    /// The settings in force for `command`, which is about containers.
    ///
    /// # Errors
    /// When a source of settings can't be read or holds what no setting takes.
    pub fn resolve_for_containers(&self, command: &str, environment: Environment) -> Result<Resolved, ConfigError> {
        let mut overrides = self.overrides()?;
        overrides.imply(command, "sandbox.backend", Backend::Docker.name())?;
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
        overrides(&self.set)
    }
}

/// What `--set` says.
pub(super) fn overrides(assignments: &[String]) -> Result<Overrides, ConfigError> {
    let mut overrides = Overrides::default();
    for assignment in assignments {
        overrides.set(assignment)?;
    }
    Ok(overrides)
}
