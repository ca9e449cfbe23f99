//! Why a run is not trusted, or trust cannot be recorded.

use std::{
    io,
    path::{Path, PathBuf},
};

use crate::science::RunId;

/// A run that is not trusted, or a fault of the files that say which runs are.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// The run came from elsewhere, and the user has not agreed to what it asks for.
    #[error("the run `{run}` was not started here, and you have not agreed to what it asks for")]
    Foreign {
        /// The run.
        run: RunId,
    },
    /// The run's folder holds something other than files and folders.
    #[error("the run `{run}` was not started here, and its folder holds {}, which is {what}", path.display())]
    NotPlain {
        /// The run's folder's name.
        run: String,
        /// The path in the run's folder.
        path: PathBuf,
        /// Its kind, in words.
        what: &'static str,
    },
    /// A run would read from a graph that came from elsewhere.
    #[error("the knowledge graph in {} was not made by your Kosmos, and this run would read from it", folder.display())]
    ForeignGraph {
        /// The graph's folder.
        folder: PathBuf,
    },
    /// The graph's folder holds something other than files and folders.
    #[error(
        "the knowledge graph in {} was not made by your Kosmos, and its folder holds {}, which is {what}",
        folder.display(),
        path.display()
    )]
    GraphNotPlain {
        /// The graph's folder.
        folder: PathBuf,
        /// The path in that folder.
        path: PathBuf,
        /// Its kind, in words.
        what: &'static str,
    },
    /// There is no folder for the user's key.
    #[error("there is no folder for the key that marks your runs: neither XDG_CONFIG_HOME nor HOME is set")]
    NoConfigFolder,
    /// A file cannot be used.
    #[error("cannot {action} {}, {what}", path.display())]
    Io {
        /// The attempted action, as a verb.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The purpose of the file.
        what: &'static str,
        /// The cause.
        source: io::Error,
    },
    /// The key's file is not as Kosmos writes it.
    #[error("{} is {problem}", path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// The problem, as a predicate noun.
        problem: &'static str,
    },
    /// The runs of a home from before have been adopted already.
    #[error("the runs of the home {} have been adopted before", home.display())]
    AdoptedBefore {
        /// The home.
        home: PathBuf,
    },
}

impl TrustError {
    /// For `map_err`: the failure of `action` on the file at `path`.
    pub(super) fn io(action: &'static str, path: &Path, what: &'static str) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io {
            action,
            path,
            what,
            source,
        }
    }

    /// The remedy.
    pub fn help(&self) -> String {
        match self {
            Self::Foreign { run } => format!(
                "`kosmos trust {run}` shows what it asks for and asks whether you agree; `report`, `verify`, `status` and \
                 `export` work without that, under your own settings"
            ),
            Self::NotPlain { .. } => "remove it, or copy the run's files without it".to_owned(),
            Self::ForeignGraph { .. } => {
                "`kosmos trust --graph` shows what it holds and adopts it; or move it away, and \
                 `kosmos graph sync --again` writes a new one from your own runs"
                    .to_owned()
            }
            Self::GraphNotPlain { .. } => "move the folder away".to_owned(),
            Self::NoConfigFolder => "set XDG_CONFIG_HOME to a folder of yours that stays, such as ~/.config".to_owned(),
            Self::Io { .. } => {
                "make it readable and writable for you; XDG_CONFIG_HOME names another folder for your key, and --home \
                 another home"
                    .to_owned()
            }
            Self::Key { path, .. } => format!(
                "restore it from a backup; or remove it: a new key is made, and your earlier runs then count as foreign \
                 (`chmod 600 {}` closes it to others)",
                path.display()
            ),
            Self::AdoptedBefore { .. } => {
                "`kosmos trust RUN` agrees to one run, and `kosmos trust --graph` adopts the graph".to_owned()
            }
        }
    }
}
