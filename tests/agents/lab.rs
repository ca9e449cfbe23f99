//! A folder with a table and a run file in it, and the binary run there.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};

use serde_json::Value;

/// A study in a temporary folder.
pub struct Study {
    folder: tempfile::TempDir,
}

/// What every study here is told: little to do, and nothing left to chance.
const FRUGAL: &str = "[budget]\ncycles = 1\nexperiments = 120\n[research]\nshuffled_run = false\npermutations = 99\n";

impl Study {
    /// On a small table with one clear relation, with more settings in the run file.
    pub fn small(settings: &str) -> Self {
        let study = Self::empty();
        let mut table = String::from("weight,height,shade,luck\n");
        for n in 0..120u32 {
            // As good as random, and the same each time.
            let noise = |salt: u32| f64::from((n * 7919 + salt * 104_729) % 1009) / 1009.0;
            let height = noise(1) * 10.0;
            let weight = height * 2.0 + noise(2) * 4.0;
            let shade = ["dark", "light"][(noise(3) * 2.0) as usize];
            table.push_str(&format!("{weight:.3},{height:.3},{shade},{:.3}\n", noise(4)));
        }
        study.write("table.csv", table);
        let run =
            format!("question = \"Does weight go with height?\"\n[[data]]\npath = \"table.csv\"\n{FRUGAL}{settings}\n");
        study.write("run.toml", run);
        study
    }

    /// On the penguins of the example.
    pub fn penguins(settings: &str) -> Self {
        let study = Self::empty();
        let table = fs::read(repository("examples/penguins/penguins.csv")).unwrap();
        study.write("penguins.csv", table);
        let question = "Which body measurements of penguins go together, and how do they differ between species?";
        let run = format!("question = \"{question}\"\n[[data]]\npath = \"penguins.csv\"\n{FRUGAL}{settings}\n");
        study.write("run.toml", run);
        study
    }

    pub fn empty() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// Puts an agent of the tests into the study's own `agents/`, with `TOKEN` in its files replaced.
    pub fn agent(&self, name: &str, token: &str) {
        let from = repository(&format!("tests/agents/{name}"));
        for entry in fs::read_dir(&from).unwrap() {
            let entry = entry.unwrap();
            let text = fs::read_to_string(entry.path()).unwrap().replace("TOKEN", token);
            self.write(&format!("agents/{name}/{}", entry.file_name().to_string_lossy()), text);
        }
    }

    /// The `kosmos` command in the study's folder.
    pub fn kosmos(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kosmos"));
        command
            .args(arguments)
            .arg("--home")
            .arg(self.path().join("home"))
            .env("XDG_CONFIG_HOME", self.path().join("config"))
            .current_dir(self.path())
            .stdin(Stdio::null());
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Output {
        self.kosmos(arguments).output().unwrap()
    }

    pub fn start(&self, arguments: &[&str]) -> Child {
        self.kosmos(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    /// Does the run, which is to end well or on a budget.
    pub fn finish(&self) -> PathBuf {
        let output = self.run(&["run", "run.toml"]);
        assert!(matches!(output.status.code(), Some(0 | 3)), "{}", said(&output));
        self.the_run()
    }

    pub fn runs(&self) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(self.path().join("home/runs")) else {
            return Vec::new();
        };
        entries.map(|entry| entry.unwrap().path()).collect()
    }

    pub fn the_run(&self) -> PathBuf {
        let runs = self.runs();
        assert_eq!(runs.len(), 1, "{runs:?}");
        runs[0].clone()
    }
}

pub fn repository(path: &str) -> String {
    format!("{}/{path}", env!("CARGO_MANIFEST_DIR"))
}

/// `findings.json` of a run, without the run's id.
pub fn findings_text(run: &Path) -> String {
    let text = fs::read_to_string(run.join("findings.json")).unwrap();
    let id = run.file_name().unwrap().to_str().unwrap();
    assert!(text.contains(id));
    text.replace(id, "RUN")
}

pub fn findings(run: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(run.join("findings.json")).unwrap()).unwrap()
}

pub fn report(run: &Path) -> String {
    fs::read_to_string(run.join("report.md")).unwrap()
}

/// The part of the report that agents are in, without the marks that keep its text from being Markdown.
pub fn added(run: &Path) -> String {
    let report = report(run);
    let begin = report.find("## What agents added").expect("no section on agents");
    let rest = &report[begin + 3..];
    let end = rest.find("\n## ").unwrap_or(rest.len());
    rest[..end].replace('\\', "")
}

pub fn said(output: &Output) -> String {
    format!(
        "exit {:?}\n--- stdout\n{}\n--- stderr\n{}",
        output.status.code(),
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}
