//! A home in a temporary folder, and the binary run in it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};

use serde_json::Value;

/// A home of its own for each test, removed at its end.
pub struct Home {
    folder: tempfile::TempDir,
}

impl Home {
    pub fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A home with a question about a copy of the penguins, `run.toml`, that `settings` make short.
    pub fn with_penguins(settings: &str) -> Self {
        let home = Self::new();
        home.file(
            "penguins.csv",
            fs::read(repository("examples/penguins/penguins.csv")).unwrap(),
        );
        let question =
            "question = \"What goes with body mass?\"\ntarget = \"body_mass_g\"\n[[data]]\npath = \"penguins.csv\"\n";
        home.file("run.toml", format!("{question}{settings}"));
        home
    }

    /// The `kosmos` command with this home.
    pub fn kosmos(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kosmos"));
        command
            .args(arguments)
            .arg("--home")
            .arg(self.path().join("home"))
            .current_dir(self.path())
            .stdin(Stdio::null());
        command
    }

    /// Runs it to its end.
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.kosmos(arguments).output().unwrap()
    }

    /// Starts it and lets it run.
    pub fn start(&self, arguments: &[&str]) -> Child {
        self.kosmos(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    /// The folders of the runs.
    pub fn runs(&self) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(self.path().join("home/runs")) else {
            return Vec::new();
        };
        let mut runs: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        runs.sort();
        runs
    }

    /// The only run.
    pub fn the_run(&self) -> PathBuf {
        let runs = self.runs();
        assert_eq!(runs.len(), 1, "{runs:?}");
        runs[0].clone()
    }

    /// Writes a file into the folder and returns its path.
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.path().join(name);
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

/// A file of the repository.
pub fn repository(path: &str) -> String {
    format!("{}/{path}", env!("CARGO_MANIFEST_DIR"))
}

/// `findings.json` of a run, with the run's id left out: two runs of the same inputs differ in it alone.
pub fn findings_text(run: &Path) -> String {
    let text = fs::read_to_string(run.join("findings.json")).unwrap();
    let id = run.file_name().unwrap().to_str().unwrap();
    assert!(text.contains(id));
    text.replace(id, "RUN")
}

/// `findings.json` of a run.
pub fn findings(run: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(run.join("findings.json")).unwrap()).unwrap()
}

/// The tests on that pair of columns, of that kind, in either order.
pub fn test_of<'a>(findings: &'a Value, kind: &str, a: &str, b: &str) -> &'a Value {
    let tests = findings["tests"].as_array().unwrap();
    tests
        .iter()
        .find(|test| {
            let pair = (test["x"].as_str().unwrap(), test["y"].as_str().unwrap());
            test["kind"] == kind && (pair == (a, b) || pair == (b, a))
        })
        .unwrap_or_else(|| panic!("no {kind} test of {a} and {b}"))
}

/// What the command said, for messages of failed assertions.
pub fn said(output: &Output) -> String {
    format!(
        "exit {:?}\n--- stdout\n{}\n--- stderr\n{}",
        output.status.code(),
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}
