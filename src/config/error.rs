use std::io;
use std::path::{Path, PathBuf};

use super::environment::variable;
use super::{Origin, Provider, built_in_profiles};

/// Why the settings could not be worked out. Each says where the trouble is; [`ConfigError::help`] says what
/// to do about it.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A run file or a profile is not there or can't be read.
    #[error("cannot read the {what} {}", .file.display())]
    Read {
        /// "run file" or "profile".
        what: &'static str,
        /// The file.
        file: PathBuf,
        /// Why.
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
        /// What the parser says.
        message: String,
    },
    /// A key that no setting has.
    #[error("unknown key `{key}` ({origin})")]
    UnknownKey {
        /// The key as it was given.
        key: String,
        /// Where.
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
        value: String,
        /// What is wrong with it.
        reason: String,
        /// Where.
        origin: Origin,
    },
    /// A model is to think, and none is named.
    #[error("`policy` is \"llm\" ({origin}), and {missing} not set")]
    NoModel {
        /// The keys without a value, with their verb.
        missing: &'static str,
        /// Where the policy was chosen.
        origin: Origin,
    },
    /// A section's name where a value's was needed.
    #[error("`{key}` is a section, not a setting ({origin})")]
    Section {
        /// The section.
        key: String,
        /// Where.
        origin: Origin,
        /// One of its keys.
        example: String,
    },
    /// `--set` without `=`.
    #[error("--set {text:?} is not of the form section.key=value")]
    SetSyntax {
        /// What was given.
        text: String,
    },
    /// Two flags, or two variables, for one key: which one was meant is anybody's guess.
    #[error("`{key}` is set twice: by {first} and by {second}")]
    SetTwice {
        /// The key.
        key: String,
        /// One place.
        first: Origin,
        /// The other.
        second: Origin,
    },
    /// No profile of that name.
    #[error("no profile is called {name:?}: it is not built in, and {} does not exist", .searched.display())]
    UnknownProfile {
        /// The name.
        name: String,
        /// The file that would have held it.
        searched: PathBuf,
        /// The built-in profile that was probably meant.
        nearest: Option<String>,
    },
    /// No profile of that name, and no folder to look for the user's own in.
    #[error(
        "no profile is called {name:?}: it is not built in, and there is no folder of your own to look in, \
             since neither XDG_CONFIG_HOME nor HOME is set"
    )]
    NoProfileFolder {
        /// The name.
        name: String,
    },
    /// A text from the system that is not UTF-8, which settings must be.
    #[error("{what} is not valid UTF-8: {text}")]
    NotUnicode {
        /// What holds the text.
        what: String,
        /// The text, with what can't be shown replaced.
        text: String,
    },
    /// The working folder is gone or can't be entered.
    #[error("cannot tell the working folder")]
    WorkingFolder(#[source] io::Error),
    /// The layers could not be merged.
    #[error("cannot merge the settings")]
    Merge(#[source] config::ConfigError),
    /// The settings can't be written as TOML.
    #[error("cannot write the settings as TOML")]
    Write(#[source] toml::ser::Error),
}

impl ConfigError {
    /// What the user can do.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Read { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                Some("check the path; it is taken relative to the working folder".to_owned())
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
            Self::Syntax { .. } => Some("texts need quotes: question = \"...\"".to_owned()),
            Self::UnknownKey {
                nearest: Some(nearest),
                origin: Origin::Environment { .. },
                ..
            } => Some(format!("did you mean {}?", variable(nearest))),
            Self::UnknownKey {
                nearest: Some(nearest), ..
            } => Some(format!("did you mean `{nearest}`?")),
            Self::UnknownKey { .. } => Some("`kosmos config show` lists every key".to_owned()),
            Self::Invalid { origin, .. } => match origin {
                Origin::Environment { variable } => Some(format!("change {variable}, or unset it")),
                _ => None,
            },
            Self::NoModel { .. } => Some(format!(
                "set llm.model, and llm.base_url or llm.provider ({}); or begin with --profile ollama; \
                 `kosmos doctor` checks the endpoint",
                Provider::ALL.map(Provider::name).join(", ")
            )),
            Self::Section { example, .. } => Some(format!("set one of its keys, such as `{example}`")),
            Self::SetSyntax { .. } => Some("for example --set budget.cycles=2".to_owned()),
            Self::SetTwice { .. } => Some("give it once".to_owned()),
            Self::UnknownProfile { nearest, searched, .. } => Some(match nearest {
                Some(nearest) => format!("did you mean {nearest:?}?"),
                None => format!(
                    "built in are {}; your own go to {}",
                    built_in_profiles().join(", "),
                    searched.parent().unwrap_or(searched).display()
                ),
            }),
            Self::NoProfileFolder { .. } => Some(format!(
                "built in are {}; or give a path such as ./my-profile.toml",
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
    format!("{} is read as TOML; a table is given by --data {0}", file.display())
}
