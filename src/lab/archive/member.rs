//! The files that an archive may hold: those that Kosmos writes into a run's folder, and the tables that the run read.

use std::path::{Component, Path};

use kosmos_core::run_files;

/// The most files of an archive.
pub(super) const MOST: u64 = 500_000;

/// The most folders within folders below an experiment or an agent.
const DEEPEST: usize = 12;

/// The longest name of a file or folder, in bytes.
const LONGEST: usize = 255;

/// A file by its place in a run's folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::lab) enum Member {
    /// The run's settings.
    Settings,
    /// The journal's log.
    Journal,
    /// The ledger, the process's log, the codebook, a query, or a file of the report.
    Written,
    /// A content-addressed file.
    Blob,
    /// A table that the run read, by its hash.
    Table,
    /// A file of an agent.
    Agent,
    /// A file of an experiment.
    Experiment,
}

impl Member {
    /// The member at `inside`, a path in the run's folder; the error is the reason why an archive holds no such file,
    /// as a predicate.
    pub(in crate::lab) fn of_path(inside: &Path) -> Result<Self, &'static str> {
        const OTHER: Result<Member, &str> = Err("is not a file of a run");
        let mut parts = Vec::new();
        for part in inside.components() {
            let Component::Normal(name) = part else {
                return Err("is not a plain path in a run's folder");
            };
            parts.push(check_name(name.to_str().ok_or("has a name that is not UTF-8")?)?);
        }
        match parts.as_slice() {
            [run_files::SETTINGS] => Ok(Self::Settings),
            [run_files::JOURNAL_LOG] => Ok(Self::Journal),
            [
                run_files::LEDGER
                | run_files::LOG
                | run_files::FINDINGS
                | run_files::CODEBOOK
                | run_files::REPORT_MARKDOWN
                | run_files::REPORT_HTML
                | run_files::NOTEBOOK,
            ] => Ok(Self::Written),
            [run_files::VIEWS, query] if query.strip_suffix(".sql").is_some_and(|sha256| is_hex(sha256, 64)) => {
                Ok(Self::Written)
            }
            [run_files::BLOBS, sha256] if is_hex(sha256, 64) => Ok(Self::Blob),
            [run_files::TABLES, sha256, name] if is_hex(sha256, 64) && !is_hidden(name) => Ok(Self::Table),
            [run_files::AGENTS, agent, rest @ ..] if is_agent(agent) && are_plain(rest, true) => Ok(Self::Agent),
            [run_files::EXPERIMENTS, id, rest @ ..] if is_experiment(id) && are_plain(rest, false) => {
                Ok(Self::Experiment)
            }
            _ => OTHER,
        }
    }

    /// The most bytes of such a file.
    pub(in crate::lab) fn limit(self) -> u64 {
        match self {
            Self::Settings => run_files::SETTINGS_BYTES,
            Self::Blob | Self::Agent => run_files::BLOB_BYTES,
            Self::Journal | Self::Written => run_files::TEXT_BYTES,
            Self::Experiment => run_files::EXPERIMENT_BYTES,
            Self::Table => run_files::TABLE_BYTES,
        }
    }
}

fn check_name(name: &str) -> Result<&str, &'static str> {
    match () {
        () if name.len() > LONGEST => Err("has a name that is too long"),
        () if name.chars().any(char::is_control) => Err("has a control character in its name"),
        () => Ok(name),
    }
}

fn is_hidden(name: &str) -> bool {
    name.starts_with('.')
}

fn is_hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn is_experiment(id: &str) -> bool {
    id.strip_prefix("e-").is_some_and(|rest| is_hex(rest, 12))
}

fn is_agent(name: &str) -> bool {
    let rest = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    name.len() <= 64 && name.starts_with(|first: char| first.is_ascii_lowercase()) && name.bytes().all(rest)
}

/// Whether these are the names of folders and of a file in them. No folder is hidden; a file may be where `strictly` is
/// false, since scripts choose the names of theirs.
fn are_plain(names: &[&str], strictly: bool) -> bool {
    match names.split_last() {
        None => false,
        Some((file, folders)) => {
            folders.len() <= DEEPEST && !folders.iter().any(|name| is_hidden(name)) && !(strictly && is_hidden(file))
        }
    }
}

/// Whether a run may have this id, which is the name of its folder.
pub(super) fn is_run_id(name: &str) -> bool {
    let part = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=80).contains(&name.len()) && !name.starts_with('-') && name.bytes().all(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_that_kosmos_writes_are_members() {
        let sha256 = "0123456789abcdef".repeat(4);
        let id = "e-0123456789ab";
        let table: [(String, Member); 11] = [
            ("run.toml".to_owned(), Member::Settings),
            ("journal.jsonl".to_owned(), Member::Journal),
            ("kosmos.log".to_owned(), Member::Written),
            ("report.html".to_owned(), Member::Written),
            ("codebook.toml".to_owned(), Member::Written),
            (format!("views/{sha256}.sql"), Member::Written),
            (format!("blobs/{sha256}"), Member::Blob),
            (format!("data/{sha256}/a table.csv"), Member::Table),
            ("agents/skeptic/checks/rows.py".to_owned(), Member::Agent),
            (format!("experiments/{id}/figures/h-1.png"), Member::Experiment),
            (format!("experiments/{id}/.hidden"), Member::Experiment),
        ];
        for (path, member) in &table {
            assert_eq!(Member::of_path(Path::new(path)), Ok(*member), "{path}");
        }
        let long = format!("experiments/{id}/{}", "n".repeat(256));
        let deep = format!("experiments/{id}/{}x", "d/".repeat(13));
        for path in [
            "",
            "run.toml/x",
            "evil.py",
            ".hidden",
            "journal/db",
            "journal.damaged-1/db",
            "blobs/x",
            "views/x.sql",
            "blobs/../run.toml",
            "/run.toml",
            "./run.toml/..",
            "experiments",
            "experiments/e-1/x",
            "experiments/e-0123456789AB/x",
            "experiments/e-0123456789ab",
            "experiments/e-0123456789ab/.hidden/x",
            "experiments/e-0123456789ab/a\u{1b}b",
            "agents/skeptic",
            "agents/.sdk/x",
            "agents/Skeptic/x",
            "agents/skeptic/.hidden",
            "data/x/table.csv",
            &long,
            &deep,
        ] {
            assert!(Member::of_path(Path::new(path)).is_err(), "{path:.80}");
        }
        assert!(Member::of_path(&Path::new("blobs").join(sha256.to_uppercase())).is_err());
    }
}
