//! The `kosmos` binary in a folder of its own, with no variables but those that it needs and a test sets.

use std::{
    fs,
    path::PathBuf,
    process::{Command, Output, Stdio},
};

use serde_json::Value;

use super::server::Server;
pub use super::support::said;

/// The key that must be seen nowhere.
pub const KEY: &str = "sk-very-secret-9876543210";

pub struct Shell {
    folder: tempfile::TempDir,
    variables: Vec<(String, String)>,
}

impl Shell {
    pub fn new() -> Self {
        // The Python environment that the user has already is found by these.
        let variables = ["PATH", "HOME", "XDG_CACHE_HOME"]
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), std::env::var(name).ok()?)))
            .collect();
        Self {
            folder: tempfile::tempdir().unwrap(),
            variables,
        }
    }

    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kosmos"));
        command
            .args(arguments)
            .env_clear()
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .env("KOSMOS_HOME", self.folder.path().join("home"))
            .current_dir(self.folder.path())
            .stdin(Stdio::null());
        command
    }

    pub fn kosmos(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// The folders of the runs, oldest first.
    pub fn runs(&self) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(self.folder.path().join("home/runs")) else {
            return Vec::new();
        };
        let mut runs: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        runs.sort_by_key(|run| fs::metadata(run.join("run.toml")).unwrap().modified().unwrap());
        runs
    }
}

/// The flags of a small run on penguins with the model of that server.
pub fn penguins(server: &Server) -> Vec<String> {
    let run_file = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/penguins/llm.toml");
    let mut flags = vec!["run".to_owned(), run_file.to_owned(), "-q".to_owned()];
    for setting in [
        &format!("llm.base_url={}", server.url()),
        "llm.provider=litellm",
        "llm.model=m",
        "llm.backoff_min=1ms",
        "llm.backoff_max=5ms",
        "llm.outage_wait=1s",
        "llm.timeout=2s",
        "llm.max_retries=2",
        "research.permutations=99",
        "budget.cycles=2",
    ] {
        flags.extend(["--set".to_owned(), setting.to_owned()]);
    }
    flags
}

/// The document that a `--json` command printed.
pub fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", said(output)))
}
