use std::fs::{self, File};
use std::io;
use std::path::PathBuf;

use crate::config::{ByteSize, DataSource, Origin, Resolved};

/// A table that is there and can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataFile {
    /// What names it.
    pub source: DataSource,
    /// Its size.
    pub size: ByteSize,
}

/// What a run needs before it can start, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Inputs {
    /// The question, without blanks around it.
    pub question: String,
    /// The tables, at least one.
    pub data: Vec<DataFile>,
}

/// Why a run can't start from what it was given.
#[derive(Debug, thiserror::Error)]
pub enum PreflightError {
    /// No question.
    #[error("there is no question to answer")]
    NoQuestion,
    /// No table.
    #[error("there is no data to study")]
    NoData,
    /// The file is not there or can't be read.
    #[error("cannot read the data file {} ({key}, {origin})", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The setting that names it.
        key: String,
        /// Where.
        origin: Origin,
        /// Why.
        source: io::Error,
    },
    /// The path names something else than a file.
    #[error("the data {} is {what}, not a file ({key}, {origin})", .path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
        /// What it is.
        what: &'static str,
        /// The setting that names it.
        key: String,
        /// Where.
        origin: Origin,
    },
    /// Nothing is in the file.
    #[error("the data file {} is empty ({key}, {origin})", .path.display())]
    Empty {
        /// The file.
        path: PathBuf,
        /// The setting that names it.
        key: String,
        /// Where.
        origin: Origin,
    },
}

impl PreflightError {
    /// What the user can do.
    pub fn help(&self) -> String {
        match self {
            Self::NoQuestion => {
                "give one by --question \"...\", or by question = \"...\" at the top of the run file".to_owned()
            }
            Self::NoData => {
                "give a table by --data FILE, or by a [[data]] section with path = \"...\" in the run file".to_owned()
            }
            Self::Unreadable { origin, source, .. } => match (source.kind(), origin) {
                (io::ErrorKind::NotFound, Origin::RunFile { .. } | Origin::Profile { .. }) => {
                    "check the path; it is taken relative to the file that names it".to_owned()
                }
                (io::ErrorKind::NotFound, _) => "check the path; it is taken relative to the working folder".to_owned(),
                (io::ErrorKind::PermissionDenied, _) => "make it readable for the user who runs kosmos".to_owned(),
                _ => "check that the file can be read".to_owned(),
            },
            Self::NotAFile { what: "a folder", .. } => {
                "name a file in that folder; give --data once per file".to_owned()
            }
            Self::NotAFile { .. } => "save the data to a file first".to_owned(),
            Self::Empty { .. } => "check that the export that wrote it has finished".to_owned(),
        }
    }

    /// Where the input at fault was given, if it was.
    pub fn origin(&self) -> Option<&Origin> {
        match self {
            Self::NoQuestion | Self::NoData => None,
            Self::Unreadable { origin, .. } | Self::NotAFile { origin, .. } | Self::Empty { origin, .. } => {
                Some(origin)
            }
        }
    }

    /// The setting at fault.
    pub fn key(&self) -> &str {
        match self {
            Self::NoQuestion => "question",
            Self::NoData => "data",
            Self::Unreadable { key, .. } | Self::NotAFile { key, .. } | Self::Empty { key, .. } => key,
        }
    }
}

/// Checks that there is a question, and that every table is a file that can be read and holds something.
///
/// # Errors
/// The first input that a run could not start from.
pub fn check(resolved: &Resolved) -> Result<Inputs, PreflightError> {
    let question = resolved
        .settings
        .question
        .as_deref()
        .map(str::trim)
        .filter(|question| !question.is_empty());
    let question = question.ok_or(PreflightError::NoQuestion)?.to_owned();
    if resolved.settings.data.is_empty() {
        return Err(PreflightError::NoData);
    }
    let origin = resolved.origins.get("data").unwrap_or(&Origin::Default);
    let check = |(index, source): (usize, &DataSource)| {
        let key = format!("data[{index}].path");
        let origin = resolved.origins.get(&key).unwrap_or(origin);
        check_file(source, &key, origin)
    };
    let data = resolved
        .settings
        .data
        .iter()
        .enumerate()
        .map(check)
        .collect::<Result<_, _>>()?;
    Ok(Inputs { question, data })
}

fn check_file(source: &DataSource, key: &str, origin: &Origin) -> Result<DataFile, PreflightError> {
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
    if metadata.is_dir() {
        return Err(PreflightError::NotAFile {
            path,
            what: "a folder",
            key,
            origin,
        });
    }
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
    // Permission bits do not tell; only opening does.
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
