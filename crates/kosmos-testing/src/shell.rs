//! The binary in a folder of its own, with no variables but those that a test sets.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    time::SystemTime,
};

use serde_json::Value;

use crate::{home::list_runs, kosmos_binary};

/// A folder that is also the user's home, and the variables of a shell in it.
pub struct TestShell {
    folder: tempfile::TempDir,
    variables: Vec<(String, String)>,
}

/// How a command ended and what it printed.
#[derive(Debug)]
pub struct ShellOutcome {
    /// Its exit code.
    pub code: i32,
    /// Its standard output, in which the shell's folder reads `DESK`.
    pub stdout: String,
    /// Its standard error, in which the shell's folder reads `DESK`.
    pub stderr: String,
}

impl Default for TestShell {
    fn default() -> Self {
        Self::new()
    }
}

impl TestShell {
    /// No variable but HOME, which is its folder.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let variables = vec![("HOME".to_owned(), folder.path().to_str().unwrap().to_owned())];
        Self { folder, variables }
    }

    /// With the variables by which the Python environment that the user has already is found; the home of
    /// Kosmos is its own, and so is the folder of the user's settings.
    pub fn with_user_cache() -> Self {
        let mut shell = Self::new();
        let kept = ["PATH", "HOME", "XDG_CACHE_HOME"].iter();
        shell.variables = kept
            .filter_map(|name| Some(((*name).to_owned(), env::var(name).ok()?)))
            .collect();
        let (home, config) = (shell.kosmos_home(), shell.path("config"));
        shell
            .variable("KOSMOS_HOME", home.to_str().unwrap())
            .variable("XDG_CONFIG_HOME", config.to_str().unwrap())
    }

    fn kosmos_home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// The path of that name in its folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file into its folder.
    pub fn file(self, name: &str, text: &str) -> Self {
        fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        fs::write(self.path(name), text).unwrap();
        self
    }

    /// Sets a variable.
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The `kosmos` command with these arguments.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(kosmos_binary());
        command
            .args(arguments)
            .env_clear()
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .current_dir(self.folder.path())
            .stdin(Stdio::null());
        command
    }

    /// Runs `kosmos` with these arguments.
    pub fn output(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Runs `kosmos` with these arguments; its folder reads `DESK` in the output.
    pub fn kosmos(&self, arguments: &[&str]) -> ShellOutcome {
        let output = self.output(arguments);
        let folder = fs::canonicalize(self.folder.path()).unwrap();
        let text = |bytes: Vec<u8>| {
            String::from_utf8(bytes)
                .unwrap()
                .replace(folder.to_str().unwrap(), "DESK")
        };
        ShellOutcome {
            code: output.status.code().unwrap(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }

    /// The folders of the runs in the home of [`TestShell::with_user_cache`], oldest first, without one that is being
    /// made.
    pub fn runs(&self) -> Vec<PathBuf> {
        let runs = list_runs(&self.kosmos_home()).into_iter();
        let is_hidden = |run: &Path| {
            run.file_name()
                .is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
        };
        let mut dated: Vec<(SystemTime, PathBuf)> = runs
            .filter(|run| !is_hidden(run))
            .map(|run| (fs::metadata(run.join("run.toml")).unwrap().modified().unwrap(), run))
            .collect();
        dated.sort();
        dated.into_iter().map(|(_, run)| run).collect()
    }
}

impl ShellOutcome {
    /// The one JSON document that it printed.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}
