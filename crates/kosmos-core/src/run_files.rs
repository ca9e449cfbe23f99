//! The names of the files in a run's folder, `<home>/runs/<run-id>/`. They are a contract: old runs and other programs
//! have them.

use std::path::{Path, PathBuf};

/// The settings that the run began with.
pub const SETTINGS: &str = "run.toml";
/// The journal's write-ahead log, a line for each entry.
pub const JOURNAL_LOG: &str = "journal.jsonl";
/// The folder of the journal's database, an index of the log.
pub const JOURNAL_DATABASE: &str = "journal";
/// The research's digest of the log.
pub const LEDGER: &str = "ledger.jsonl";
/// The folder of large contents, each file named by its SHA-256.
pub const BLOBS: &str = "blobs";
/// The log of the process.
pub const LOG: &str = "kosmos.log";
/// The folder of the agents that take part.
pub const AGENTS: &str = "agents";
/// The folder of the tables that came with an archive, each as `<sha256>/<name>`.
pub const TABLES: &str = "data";
/// The folder of the experiments, one folder for each.
pub const EXPERIMENTS: &str = "experiments";

/// The findings for programs.
pub const FINDINGS: &str = "findings.json";
/// The report in Markdown.
pub const REPORT_MARKDOWN: &str = "report.md";
/// The report as a page.
pub const REPORT_HTML: &str = "report.html";
/// The report as a notebook.
pub const NOTEBOOK: &str = "notebook.ipynb";

/// In an experiment's folder: the script.
pub const SCRIPT: &str = "script.py";
/// In an experiment's folder: what the script is to do, which it reads.
pub const PROTOCOL: &str = "protocol.json";
/// In an experiment's folder: the script's numbers.
pub const RESULT: &str = "result.json";
/// In an experiment's folder: the script's standard output.
pub const STDOUT: &str = "stdout.txt";
/// In an experiment's folder: the script's standard error.
pub const STDERR: &str = "stderr.txt";
/// In an experiment's folder: how the script ended, written last.
pub const EXECUTION: &str = "execution.json";
/// In the folder of an experiment that profiles a table: the canonical table, which later scripts read.
pub const CANONICAL_TABLE: &str = "table.parquet";

/// Returns the folder of an experiment, relative to the run's folder.
pub fn experiment_folder(experiment: impl AsRef<Path>) -> PathBuf {
    Path::new(EXPERIMENTS).join(experiment)
}
