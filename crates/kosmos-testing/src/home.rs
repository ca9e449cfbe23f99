//! A home in a temporary folder, and the binary run in it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::Mutex,
};

use serde_json::Value;

use crate::{describe_output, kosmos_binary, repository_path, small_table};

/// The variables by which a person's graph server is found: a test names its own.
const GRAPH_VARIABLES: [&str; 5] = [
    "NEO4J_URI",
    "NEO4J_USER",
    "NEO4J_USERNAME",
    "NEO4J_DATABASE",
    "NEO4J_PASSWORD",
];

/// The settings of a run with little to do and nothing left to chance.
const FRUGAL: &str = "[budget]\ncycles = 1\nexperiments = 120\n[research]\nshuffled_run = false\npermutations = 99\n";

/// A folder of a test's own, removed at its end, in which `kosmos` is run; its home is `home` in that folder.
pub struct TestHome {
    folder: tempfile::TempDir,
    /// Flags that each `kosmos run` gets.
    run_flags: Mutex<Vec<String>>,
}

impl Default for TestHome {
    fn default() -> Self {
        Self::new()
    }
}

impl TestHome {
    /// An empty folder.
    pub fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            run_flags: Mutex::default(),
        }
    }

    /// With a question about a copy of the penguins, `run.toml`, that `settings` make short.
    pub fn with_penguins(settings: &str) -> Self {
        let home = Self::new();
        home.write_penguins();
        let question =
            "question = \"What goes with body mass?\"\ntarget = \"body_mass_g\"\n[[data]]\npath = \"penguins.csv\"\n";
        home.file("run.toml", format!("{question}{settings}"));
        home
    }

    /// With a frugal run on a copy of the penguins, `run.toml`, and more settings.
    pub fn frugal_penguins(settings: &str) -> Self {
        let home = Self::new();
        home.write_penguins();
        let question = "Which body measurements of penguins go together, and how do they differ between species?";
        let run = format!("question = \"{question}\"\n[[data]]\npath = \"penguins.csv\"\n{FRUGAL}{settings}\n");
        home.file("run.toml", run);
        home
    }

    /// With a frugal run on a small table with one clear relation, `run.toml`, and more settings.
    pub fn frugal_small(settings: &str) -> Self {
        let home = Self::new();
        home.file("table.csv", small_table(120, true));
        let run =
            format!("question = \"Does weight go with height?\"\n[[data]]\npath = \"table.csv\"\n{FRUGAL}{settings}\n");
        home.file("run.toml", run);
        home
    }

    fn write_penguins(&self) {
        let table = fs::read(repository_path("examples/penguins/penguins.csv")).unwrap();
        self.file("penguins.csv", table);
    }

    /// The folder in which the command runs.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The home of Kosmos in it.
    pub fn kosmos_home(&self) -> PathBuf {
        self.path().join("home")
    }

    /// Writes a file into the folder and returns its path.
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// Copies an agent of `tests/agents` into the folder's own `agents/`, with `TOKEN` in its files replaced, and lets
    /// it take part with what it asks for.
    pub fn install_agent(&self, name: &str, token: &str) {
        let from = repository_path(&format!("tests/agents/{name}"));
        for entry in fs::read_dir(&from).unwrap() {
            let entry = entry.unwrap();
            let text = fs::read_to_string(entry.path()).unwrap().replace("TOKEN", token);
            self.file(&format!("agents/{name}/{}", entry.file_name().to_string_lossy()), text);
        }
        self.admit_agent(name);
    }

    /// Lets the agent in the folder's `agents/` take part in runs, with what it asks for.
    pub fn admit_agent(&self, name: &str) {
        self.name_agent(name);
        self.trust_agent(name);
    }

    /// Names the agent by a flag of each `kosmos run`.
    pub fn name_agent(&self, name: &str) {
        self.add_run_flags(&["--agent", name]);
    }

    /// Adds flags to each `kosmos run`.
    pub fn add_run_flags(&self, flags: &[&str]) {
        let flags = flags.iter().map(|flag| (*flag).to_owned());
        self.run_flags.lock().unwrap().extend(flags);
    }

    /// Grants the agent in the folder's `agents/` what it asks for, with its files as they are.
    pub fn trust_agent(&self, name: &str) {
        let output = self.run(&["agents", "trust", &format!("agents/{name}"), "--yes"]);
        assert!(output.status.success(), "{}", describe_output(&output));
    }

    /// The `kosmos` command with this home; the configuration of the person who runs the tests is out of its sight.
    pub fn kosmos(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(kosmos_binary());
        command
            .args(arguments)
            .arg("--home")
            .arg(self.kosmos_home())
            .env("XDG_CONFIG_HOME", self.path().join("config"))
            .current_dir(self.path())
            .stdin(Stdio::null());
        if arguments.contains(&"run") {
            command.args(self.run_flags.lock().unwrap().iter());
        }
        for variable in GRAPH_VARIABLES {
            command.env_remove(variable);
        }
        command
    }

    /// Runs it to its end.
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.kosmos(arguments).output().unwrap()
    }

    /// Runs it to its end and returns the one JSON document that it prints; `--json` is added.
    pub fn run_json(&self, arguments: &[&str]) -> Value {
        let output = self.run(&[arguments, &["--json"]].concat());
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", describe_output(&output)))
    }

    /// Agrees to what a run from elsewhere asks for, so that it may be worked on.
    pub fn trust(&self, run: &str) {
        let output = self.run(&["trust", run, "--yes"]);
        assert!(output.status.success(), "{}", describe_output(&output));
    }

    /// Starts it and lets it run.
    pub fn start(&self, arguments: &[&str]) -> Child {
        self.kosmos(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    /// Works on `run.toml` until the run is over, which must end well or on a budget; returns the folder of
    /// the only run.
    pub fn finish_run(&self) -> PathBuf {
        let output = self.run(&["run", "run.toml"]);
        assert!(
            matches!(output.status.code(), Some(0 | 3)),
            "{}",
            describe_output(&output)
        );
        self.the_run()
    }

    /// The folders of the runs, in the order of their names.
    pub fn runs(&self) -> Vec<PathBuf> {
        list_runs(&self.kosmos_home())
    }

    /// The folder of the only run.
    pub fn the_run(&self) -> PathBuf {
        let runs = self.runs();
        assert_eq!(runs.len(), 1, "{runs:?}");
        runs[0].clone()
    }
}

/// The folders of the runs in a home, in the order of their names; none if there is no home.
pub(crate) fn list_runs(home: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(home.join("runs")) else {
        return Vec::new();
    };
    let mut runs: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    runs.sort();
    runs
}
