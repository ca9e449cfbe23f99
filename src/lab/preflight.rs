//! Checks of a run's question and tables, and of the process and the folder that it runs in.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::parts::Parts;
use crate::config::{ByteSize, DataSource, Origin, Resolved};
use crate::sandbox::{NEEDED_OPEN_FILES, RECOMMENDED_OPEN_FILES, TooFewOpenFiles, ensure_open_files};

/// A table that can be read, in one file or in parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataFile {
    /// The setting that names it.
    pub source: DataSource,
    /// Its size.
    pub size: ByteSize,
}

/// The inputs of a run, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct RunInputs {
    /// The question, without surrounding blanks.
    pub question: String,
    /// The tables, at least one.
    pub data: Vec<DataFile>,
}

/// Why a run cannot start with its inputs, or where it is.
#[derive(Debug, thiserror::Error)]
pub enum PreflightError {
    /// No question.
    #[error("there is no question to answer")]
    NoQuestion,
    /// No table.
    #[error("there is no data to analyse")]
    NoData,
    /// The file is missing or cannot be read.
    #[error("cannot read the data file {} ({key}, {origin})", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The setting that names it.
        key: String,
        /// The place that sets it.
        origin: Origin,
        /// The cause.
        source: io::Error,
    },
    /// The path names something other than a file.
    #[error("the data {} is {what}, not a file ({key}, {origin})", .path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
        /// The kind of thing that it names.
        what: &'static str,
        /// The setting that names it.
        key: String,
        /// The place that sets it.
        origin: Origin,
    },
    /// The path of the folder of runs is not UTF-8, and the programs that scripts are started by exchange paths as
    /// text.
    #[error("the path of the home is not UTF-8: {}", .path.display())]
    HomeNotUtf8 {
        /// The folder of runs.
        path: PathBuf,
    },
    /// A folder or a pattern that is no table in parts.
    #[error("the data {} {reason} ({key}, {origin})", .path.display())]
    Parts {
        /// The folder or the pattern.
        path: PathBuf,
        /// A predicate of it.
        reason: String,
        /// The setting that names it.
        key: String,
        /// The place that sets it.
        origin: Origin,
    },
    /// The process may open too few files.
    #[error("this process may open {limit} files at once, and a run needs {NEEDED_OPEN_FILES}")]
    FewDescriptors {
        /// The limit.
        limit: u64,
    },
    /// The file is empty.
    #[error("the data file {} is empty ({key}, {origin})", .path.display())]
    Empty {
        /// The file.
        path: PathBuf,
        /// The setting that names it.
        key: String,
        /// The place that sets it.
        origin: Origin,
    },
}

impl PreflightError {
    /// The remedy.
    pub fn help(&self) -> String {
        match self {
            Self::NoQuestion => {
                "ask it with --question \"...\", or with question = \"...\" at the top of the run file".to_owned()
            }
            Self::NoData => {
                "name a table with --data FILE, or with a [[data]] section with path = \"...\" in the run file"
                    .to_owned()
            }
            Self::Unreadable { origin, source, .. } => match (source.kind(), origin) {
                (io::ErrorKind::NotFound, Origin::RunFile { .. } | Origin::Profile { .. }) => {
                    "check the path, which is relative to the file that names it".to_owned()
                }
                (io::ErrorKind::NotFound, _) => "check the path, which is relative to the working folder".to_owned(),
                (io::ErrorKind::PermissionDenied, _) => "make it readable for the user who runs kosmos".to_owned(),
                _ => "check that the file can be read".to_owned(),
            },
            Self::Parts { .. } => {
                "name one file, a folder with the parts of one table, or a pattern in quotes such as \"2024-*.csv\""
                    .to_owned()
            }
            Self::NotAFile { .. } => "save the data to a file first".to_owned(),
            Self::Empty { .. } => "check that the program that wrote it has finished".to_owned(),
            Self::HomeNotUtf8 { .. } => "name another folder with --home DIR or KOSMOS_HOME".to_owned(),
            Self::FewDescriptors { .. } => {
                format!("raise the limit in the shell that starts kosmos: ulimit -n {RECOMMENDED_OPEN_FILES}")
            }
        }
    }

    /// Where the input at fault was given, if it was.
    pub fn origin(&self) -> Option<&Origin> {
        match self {
            Self::NoQuestion | Self::NoData | Self::HomeNotUtf8 { .. } | Self::FewDescriptors { .. } => None,
            Self::Unreadable { origin, .. }
            | Self::NotAFile { origin, .. }
            | Self::Parts { origin, .. }
            | Self::Empty { origin, .. } => Some(origin),
        }
    }

    /// The setting at fault, if it is one.
    pub fn key(&self) -> Option<&str> {
        match self {
            Self::NoQuestion => Some("question"),
            Self::NoData => Some("data"),
            Self::Unreadable { key, .. }
            | Self::NotAFile { key, .. }
            | Self::Parts { key, .. }
            | Self::Empty { key, .. } => Some(key),
            Self::HomeNotUtf8 { .. } | Self::FewDescriptors { .. } => None,
        }
    }
}

/// Checks that a run can be worked on in a folder beneath `runs`, by this process, whose limit on open files is raised
/// if it must be.
///
/// # Errors
/// [`PreflightError::HomeNotUtf8`] and [`PreflightError::FewDescriptors`].
pub(super) fn check_surroundings(runs: &Path) -> Result<(), PreflightError> {
    if runs.to_str().is_none() {
        return Err(PreflightError::HomeNotUtf8 { path: runs.to_owned() });
    }
    ensure_open_files().map_err(|TooFewOpenFiles { allowed: limit }| PreflightError::FewDescriptors { limit })
}

/// Checks that there is a question, and that every table is a file that can be read and holds something.
///
/// # Errors
/// The first input that a run could not start from.
pub(super) fn check_inputs(resolved: &Resolved) -> Result<RunInputs, PreflightError> {
    let question = resolved
        .settings
        .question
        .as_deref()
        .map(str::trim)
        .filter(|question| !question.is_empty());
    let question = question.ok_or(PreflightError::NoQuestion)?.to_owned();
    let data = check_tables(resolved)?;
    Ok(RunInputs { question, data })
}

/// Checks that every table is a file that can be read and holds something.
///
/// # Errors
/// The first table that cannot be read, or that there is none.
pub(super) fn check_tables(resolved: &Resolved) -> Result<Vec<DataFile>, PreflightError> {
    if resolved.settings.data.is_empty() {
        return Err(PreflightError::NoData);
    }
    let origin = resolved.origins.get("data").unwrap_or(&Origin::Default);
    let check = |(index, source): (usize, &DataSource)| {
        let key = format!("data[{index}].path");
        let origin = resolved.origins.get(&key).unwrap_or(origin);
        check_file(source, &key, origin)
    };
    resolved.settings.data.iter().enumerate().map(check).collect()
}

fn check_file(source: &DataSource, key: &str, origin: &Origin) -> Result<DataFile, PreflightError> {
    if let Some(parts) = Parts::find(source, key, origin)? {
        return Ok(DataFile {
            source: source.clone(),
            size: parts.size,
        });
    }
    let path = source.path.clone();
    let (key, origin) = (key.to_owned(), origin.clone());
    let metadata = match fs::metadata(&path) {
        Ok(metadata) => metadata,
        Err(source) => {
            return Err(PreflightError::Unreadable {
                path,
                key,
                origin,
                source,
            });
        }
    };
    if !metadata.is_file() {
        return Err(PreflightError::NotAFile {
            path,
            what: "a device or a pipe",
            key,
            origin,
        });
    }
    if metadata.len() == 0 {
        return Err(PreflightError::Empty { path, key, origin });
    }
    // Permission bits prove nothing; only opening does.
    match File::open(&path) {
        Ok(_) => Ok(DataFile {
            source: source.clone(),
            size: ByteSize::new(metadata.len()),
        }),
        Err(source) => Err(PreflightError::Unreadable {
            path,
            key,
            origin,
            source,
        }),
    }
}
