use kosmos_core::environment::WorkingFolderError;
use std::io;
use std::path::{Path, PathBuf};

use super::environment::variable_of_key;
use super::{Origin, Provider, built_in_profiles};

/// Why the settings could not be resolved. Each error names the place; [`ConfigError::help`] is the remedy.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A run file or a profile is missing or cannot be read.
    #[error("cannot read the {what} {}", .file.display())]
    Read {
        /// "run file" or "profile".
        what: &'static str,
        /// The file.
        file: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// A run file or a profile is not TOML.
    #[error("{}:{line}:{column}: not valid TOML: {message}", .file.display())]
    Syntax {
        /// The file.
        file: PathBuf,
        /// From 1.
        line: usize,
        /// In characters, from 1.
        column: usize,
        /// The parser's message.
        message: String,
    },
    /// A key that no setting has.
    #[error("unknown key `{key}` ({origin})")]
    UnknownKey {
        /// The key as it was given.
        key: String,
        /// The place.
        origin: Origin,
        /// The key that was probably meant.
        nearest: Option<String>,
    },
    /// A value of the wrong type, out of its range, or not among the choices.
    #[error("`{key}` cannot be {value}: {reason} ({origin})")]
    Invalid {
        /// The key.
        key: String,
        /// The value, as in TOML.
        value: Box<str>,
        /// Why it is invalid.
        reason: Box<str>,
        /// The remedy, if the reason does not imply it.
        remedy: Option<Box<str>>,
        /// The place.
        origin: Origin,
    },
    /// The policy needs a model, and none is named.
    #[error("`policy` is \"llm\" ({origin}), and {missing} not set")]
    NoModel {
        /// The keys without a value, with their verb.
        missing: &'static str,
        /// The place that chose the policy.
        origin: Origin,
    },
    /// The name of a section instead of a setting.
    #[error("`{key}` is a section, not a setting ({origin})")]
    Section {
        /// The section.
        key: String,
        /// The place.
        origin: Origin,
        /// One of its keys.
        example: String,
    },
    /// `--set` without `=`.
    #[error("--set {text:?} is not of the form section.key=value")]
    SetSyntax {
        /// The text that was given.
        text: String,
    },
    /// Two flags, or two variables, set one key.
    #[error("`{key}` is set twice: by {first} and by {second}")]
    SetTwice {
        /// The key.
        key: String,
        /// The first place.
        first: Origin,
        /// The second place.
        second: Origin,
    },
    /// No profile of that name.
    #[error("there is no profile {name:?}: it is not built in, and {} does not exist", .searched.display())]
    UnknownProfile {
        /// The name.
        name: String,
        /// The file that was looked for.
        searched: PathBuf,
        /// The built-in profile that was probably meant.
        nearest: Option<String>,
    },
    /// No profile of that name, and no folder of the user's own profiles.
    #[error(
        "there is no profile {name:?}: it is not built in, and there is no folder of your own profiles, \
             since neither XDG_CONFIG_HOME nor HOME is set"
    )]
    NoProfileFolder {
        /// The name.
        name: String,
    },
    /// A text from the system that is not UTF-8, which settings must be.
    #[error("{what} is not valid UTF-8: {text}")]
    NotUnicode {
        /// The thing that holds the text.
        what: String,
        /// The text, with invalid bytes replaced.
        text: String,
    },
    /// The working folder has been removed or cannot be entered.
    #[error("cannot find out the working folder")]
    WorkingFolder(#[source] io::Error),
    /// The layers could not be merged.
    #[error("cannot merge the settings")]
    Merge(#[source] config::ConfigError),
    /// The settings cannot be written as TOML.
    #[error("cannot write the settings as TOML")]
    Write(#[source] toml::ser::Error),
}

impl From<WorkingFolderError> for ConfigError {
    fn from(error: WorkingFolderError) -> Self {
        Self::WorkingFolder(error.0)
    }
}

impl ConfigError {
    /// The remedy, if there is one.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Read { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                Some("check the path, which is relative to the working folder".to_owned())
            }
            Self::Read { source, .. } if source.kind() == io::ErrorKind::IsADirectory => {
                Some("name the file in that folder".to_owned())
            }
            Self::Read { file, source, .. } if source.kind() == io::ErrorKind::InvalidData => {
                Some(not_a_run_file(file))
            }
            Self::Read { .. } => None,
            Self::Syntax { file, .. } if file.extension().is_none_or(|extension| extension != "toml") => {
                Some(not_a_run_file(file))
            }
            Self::Syntax { .. } => Some("strings need quotes: question = \"...\"".to_owned()),
            Self::UnknownKey {
                nearest: Some(nearest),
                origin: Origin::Environment { .. },
                ..
            } => Some(format!("did you mean {}?", variable_of_key(nearest))),
            Self::UnknownKey {
                nearest: Some(nearest), ..
            } => Some(format!("did you mean `{nearest}`?")),
            Self::UnknownKey { .. } => Some("`kosmos config show` lists every key".to_owned()),
            Self::Invalid {
                remedy: Some(remedy), ..
            } => Some(remedy.to_string()),
            Self::Invalid {
                origin: Origin::Environment { variable },
                ..
            } => Some(format!("change {variable}, or unset it")),
            Self::Invalid { .. } => None,
            Self::NoModel { .. } => Some(format!(
                "set llm.model, and llm.base_url or llm.provider ({}); or start from --profile ollama; \
                 `kosmos doctor` checks the endpoint",
                Provider::ALL.map(Provider::name).join(", ")
            )),
            Self::Section { example, .. } => Some(format!("set one of its keys, such as `{example}`")),
            Self::SetSyntax { .. } => Some("for example --set budget.cycles=2".to_owned()),
            Self::SetTwice { .. } => Some("set it once".to_owned()),
            Self::UnknownProfile { nearest, searched, .. } => Some(match nearest {
                Some(nearest) => format!("did you mean {nearest:?}?"),
                None => format!(
                    "the built-in profiles are {}; your own profiles belong in {}",
                    built_in_profiles().join(", "),
                    searched.parent().unwrap_or(searched).display()
                ),
            }),
            Self::NoProfileFolder { .. } => Some(format!(
                "the built-in profiles are {}; or give a path such as ./my-profile.toml",
                built_in_profiles().join(", ")
            )),
            Self::NotUnicode { .. } => Some("rename it".to_owned()),
            Self::WorkingFolder(_) => Some("change to a folder that exists".to_owned()),
            Self::Merge(_) | Self::Write(_) => None,
        }
    }

    /// The key at fault, where there is one.
    pub fn key(&self) -> Option<&str> {
        match self {
            Self::UnknownKey { key, .. }
            | Self::Invalid { key, .. }
            | Self::Section { key, .. }
            | Self::SetTwice { key, .. } => Some(key),
            Self::NoModel { .. } => Some("llm.model"),
            _ => None,
        }
    }

    /// Where the value at fault came from, where there is one.
    pub fn origin(&self) -> Option<&Origin> {
        match self {
            Self::UnknownKey { origin, .. }
            | Self::Invalid { origin, .. }
            | Self::NoModel { origin, .. }
            | Self::Section { origin, .. } => Some(origin),
            _ => None,
        }
    }
}

fn not_a_run_file(file: &Path) -> String {
    format!("{} is read as TOML; pass a table with --data {0}", file.display())
}
