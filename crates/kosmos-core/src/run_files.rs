//! The names of the files in a run's folder, `<home>/runs/<run-id>/`, and their largest sizes. The names are a
//! contract: old runs and other programs have them.

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
/// How the tables were read, for a person to edit and hand back.
pub const CODEBOOK: &str = "codebook.toml";
/// The folder of the queries that give the joined tables, each file named by its SHA-256.
pub const VIEWS: &str = "views";
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

/// The most bytes of a run's settings. Of what is larger than its limit, nothing is read, and an archive holds none.
pub const SETTINGS_BYTES: u64 = 1 << 20;
/// The most bytes of a content-addressed file, and of a file of an agent.
pub const BLOB_BYTES: u64 = 256 << 20;
/// The most bytes of the journal, the ledger, the log of the process, and each file of the report.
pub const TEXT_BYTES: u64 = 1 << 30;
/// The most bytes of an experiment's file.
pub const EXPERIMENT_BYTES: u64 = 4 << 30;
/// The most bytes of a table.
pub const TABLE_BYTES: u64 = 1 << 40;
