//! Which version of Kosmos began a run, and what is frozen for it.

use kosmos_core::{plain_path::PlainPath, run_dir::RunDir};

use crate::{
    graph::{Facts, without_analyses},
    interpreter::lock,
    journal::{Journal, JournalError, Kind, Record},
    legacy,
    message::Opening,
    report::{self, Dossier, ReportError},
};

/// A version of Kosmos, as far as reports of its runs differ from those of this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RunVersion {
    /// 0.1.
    V1,
    /// 0.2 and later.
    Current,
}

impl RunVersion {
    /// The version that began the run of a journal. A run that nobody has worked on yet is of the current one.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub(super) fn of_run(journal: &Journal) -> Result<Self, JournalError> {
        for entry in journal.entries_of(&[Kind::Opened]) {
            if let Record::Opened(Opening { version, .. }) = entry?.record {
                return Ok(Self::of_kosmos(&version));
            }
        }
        Ok(Self::Current)
    }

    /// The version that a package version of Kosmos, such as `0.1.3`, is of.
    pub(super) fn of_kosmos(version: &str) -> Self {
        let mut parts = version.split('.');
        match (parts.next(), parts.next()) {
            (Some("0"), Some("1")) => Self::V1,
            _ => Self::Current,
        }
    }

    /// The contents of [`report::FILES`] as that version wrote them.
    ///
    /// # Errors
    /// The first number, name or figure without evidence.
    pub(super) fn render_report(self, run_dir: &RunDir, dossier: &Dossier) -> Result<[String; 4], ReportError> {
        match self {
            Self::V1 => legacy::v1::render_report(run_dir, dossier),
            Self::Current => report::render_all(run_dir, dossier),
        }
    }

    /// The contents of the files that say how the run's tables were read and joined; none for a version that wrote
    /// none.
    pub(super) fn render_table_files(self, dossier: &Dossier) -> Vec<(PlainPath, String)> {
        match self {
            Self::V1 => Vec::new(),
            Self::Current => report::render_table_files(dossier),
        }
    }

    /// What the run put into the graph, by the schema that the version had.
    pub(super) fn knowledge(self, facts: Facts) -> Facts {
        match self {
            Self::V1 => without_analyses(facts),
            Self::Current => facts,
        }
    }

    /// The packages that scripts run on, as `name version`.
    pub(super) fn python_packages(self) -> Vec<String> {
        match self {
            Self::V1 => legacy::v1::PACKAGES.iter().map(|&package| package.to_owned()).collect(),
            Self::Current => locked_packages(),
        }
    }
}

/// The packages of this version's lock.
fn locked_packages() -> Vec<String> {
    lock::locked_packages()
        .iter()
        .map(|package| format!("{} {}", package.name, package.version))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn package_versions_tell_the_version() {
        for (version, expected) in [
            ("0.1.0", RunVersion::V1),
            ("0.1.12", RunVersion::V1),
            ("0.2.0", RunVersion::Current),
            ("0.10.0", RunVersion::Current),
            ("1.1.0", RunVersion::Current),
            (env!("CARGO_PKG_VERSION"), RunVersion::Current),
        ] {
            assert_eq!(RunVersion::of_kosmos(version), expected, "{version}");
        }
    }
}
