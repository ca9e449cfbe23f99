//! How the sources are laid over one another, as a user sees it: values, origins and errors.

mod completeness;
mod layering;
mod minds;
mod refusals;

use std::fs;
use std::path::PathBuf;

use super::*;

/// A folder with files in it, as working folder and as home of the user's own profiles.
struct Desk {
    folder: tempfile::TempDir,
    variables: Vec<(String, String)>,
    overrides: Overrides,
    run_file: Option<PathBuf>,
    profile: Option<String>,
}

impl Desk {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let variables = vec![(
            "XDG_CONFIG_HOME".to_owned(),
            folder.path().join("own").to_str().unwrap().to_owned(),
        )];
        Self {
            folder,
            variables,
            overrides: Overrides::default(),
            run_file: None,
            profile: None,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn file(self, name: &str, text: &str) -> Self {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    fn run_file(mut self, text: &str) -> Self {
        self = self.file("study/run.toml", text);
        self.run_file = Some("study/run.toml".into());
        self
    }

    fn profile(mut self, name: &str) -> Self {
        self.profile = Some(name.to_owned());
        self
    }

    fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    fn set(mut self, assignment: &str) -> Self {
        self.overrides.add_assignment(assignment).unwrap();
        self
    }

    fn resolve(&self) -> Result<Resolved, ConfigError> {
        Request {
            profile: self.profile.clone(),
            run_file: self.run_file.clone(),
            environment: Environment::new(self.variables.clone(), self.folder.path()),
            overrides: self.overrides.clone(),
            data_flags: super::DataFlags::default(),
            frozen: false,
        }
        .resolve()
    }

    fn resolved(&self) -> Resolved {
        self.resolve().unwrap()
    }

    /// The error as the user reads it, with its help, and the desk's folder as `DESK`.
    fn refused(&self) -> String {
        say(&self.resolve().unwrap_err()).replace(self.folder.path().to_str().unwrap(), "DESK")
    }
}

fn say(error: &ConfigError) -> String {
    match error.help() {
        Some(help) => format!("{error} | {help}"),
        None => error.to_string(),
    }
}
