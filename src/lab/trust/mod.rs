//! Whose a run is, and what a run from elsewhere may do.
//!
//! A run is the user's own if this user started it in this home. Any other run is foreign: its folder was copied here,
//! came with a project, or was imported. A foreign run is read, reported and verified under the user's own settings;
//! nothing that it says chooses a program, an address, a variable, an agent, an image or a file outside its folder.
//! Before it is worked on, the user sees what it asks for and agrees to it.
//!
//! | file | holds |
//! |---|---|
//! | `key` | the user's key, which marks the entries of `<home>/own` as this user's |
//! | `register` | `<home>/own`: the user's own runs, and those that the user has agreed to |
//! | `contents` | the hash of a run's settings and agents, and the check that its folder holds plain files only |
//! | `settings` | the settings under which a foreign run is read |
//! | `requests` | what a run asks for beyond its folder |
//! | `agreement` | the user's agreement to that |
//! | `agents` | what that grants the run's agents |
//! | `graph` | whose the knowledge graph of a home is |

mod agents;
mod agreement;
mod contents;
mod error;
mod graph;
mod key;
mod register;
mod requests;
mod settings;

use std::path::Path;

use serde::Serialize;

use self::{
    key::UserKey,
    register::{EntryKind, Register, RegisterEntry},
};
use super::{LabError, RunFolder};
use crate::{
    config::{ConfigError, Environment, Request, Settings},
    journal::{self, Durability, Record},
    science::RunId,
};

pub(super) use agents::inherit_grants;
pub use agreement::{Agreement, adopt_all, agree_to_run, check_not_adopted};
pub use error::TrustError;
pub use graph::{GraphOrigin, adopt_graph};
pub(super) use graph::{check_graph_files, check_graph_for_run, create_graph_folder};
pub use requests::{AgentRequest, RunRequests};

/// Whose a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RunOrigin {
    /// The user started it in this home.
    Own,
    /// It came from elsewhere, and the user has agreed to what it asks for.
    Trusted,
    /// It came from elsewhere.
    Foreign,
}

impl RunOrigin {
    /// Returns true if the run may be worked on, under the settings that it began with.
    pub fn is_trusted(self) -> bool {
        self != Self::Foreign
    }
}

impl RunFolder {
    /// Whose the run is.
    ///
    /// # Errors
    /// When `<home>/own`, the user's key or the run's folder cannot be read.
    pub fn origin(&self) -> Result<RunOrigin, LabError> {
        let register = Register::read(self.home(), &environment()?)?;
        let run = self.id();
        if !register.knows(&run) {
            return Ok(RunOrigin::Foreign);
        }
        let first = journal::first_fingerprint(self.path())?;
        let holds = |kind: EntryKind, content: &str| {
            register.holds(&RegisterEntry {
                kind,
                run: &run,
                first: first.as_deref(),
                content,
            })
        };
        if holds(EntryKind::Started, &contents::hash_contents(self.path())?) {
            return Ok(RunOrigin::Own);
        }
        if register.knows_agreement(&run) && holds(EntryKind::Agreed, &RunRequests::of_run(self)?.hash()?) {
            return Ok(RunOrigin::Trusted);
        }
        Ok(RunOrigin::Foreign)
    }

    /// Checks that the run may be worked on.
    ///
    /// # Errors
    /// [`TrustError::Foreign`] if it came from elsewhere and the user has not agreed to what it asks for.
    pub fn check_trusted(&self) -> Result<(), LabError> {
        match self.origin()?.is_trusted() {
            true => Ok(()),
            false => Err(TrustError::Foreign { run: self.id() }.into()),
        }
    }

    /// Checks that the run may be read: the folder of one from elsewhere holds plain files only.
    pub(super) fn check_readable(&self) -> Result<(), LabError> {
        match self.origin()?.is_trusted() {
            true => Ok(()),
            false => contents::check_plain_files(self.path()),
        }
    }

    /// The folder of runs and graph that the run is in.
    fn home(&self) -> &Path {
        home_of_runs(self.path().parent().unwrap_or(Path::new("")))
    }

    /// Records that the user started the run in this folder, before its journal gets its first record.
    pub(super) fn record_first_record(&self, record: &Record, durability: Durability) -> Result<(), LabError> {
        let first = journal::fingerprint_of(record)?;
        let key = UserKey::find_or_create(&environment()?)?;
        let entry = RegisterEntry {
            kind: EntryKind::Started,
            run: &self.id(),
            first: Some(&first),
            content: &contents::hash_contents(self.path())?,
        };
        Ok(register::append_entries(self.home(), &key, &[entry], durability)?)
    }
}

/// Records that the user starts `run`, whose files are in `folder` until they are moved to `runs`.
///
/// The first entry holds for as long as the run's log has no first record: also for a moment after the start, and where
/// the log is lost and only the database has its entries.
pub(super) fn record_start(runs: &Path, run: &RunId, folder: &Path, durability: Durability) -> Result<(), LabError> {
    let key = UserKey::find_or_create(&environment()?)?;
    let content = contents::hash_contents(folder)?;
    let first = journal::first_fingerprint(folder)?;
    let entry = |first| RegisterEntry {
        kind: EntryKind::Started,
        run,
        first,
        content: &content,
    };
    let entries: Vec<_> = std::iter::once(entry(None))
        .chain(first.as_deref().map(|first| entry(Some(first))))
        .collect();
    Ok(register::append_entries(
        home_of_runs(runs),
        &key,
        &entries,
        durability,
    )?)
}

/// The home that the folder of runs is in.
fn home_of_runs(runs: &Path) -> &Path {
    runs.parent().unwrap_or(runs)
}

/// The settings under which a run that is not trusted is read.
pub(super) fn settings_of_foreign_run(folder: &RunFolder) -> Result<Settings, LabError> {
    contents::check_plain_files(folder.path())?;
    let of_run = folder.resolve_settings()?.settings;
    let request = Request {
        environment: environment()?,
        ..Request::default()
    };
    let of_user = request.resolve().map_err(Box::new)?.settings;
    Ok(settings::combine(of_run, of_user))
}

/// The environment of this process.
pub(super) fn environment() -> Result<Environment, LabError> {
    Ok(Environment::of_process().map_err(ConfigError::from).map_err(Box::new)?)
}
