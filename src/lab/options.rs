//! Settings as the options of the components that the lab starts.

use super::{LabError, RunFolder, RunOrigin};
use crate::{
    config::Settings,
    journal::{self, Journal},
    supervisor::RestartPolicy,
};

/// The options of a run's journal.
pub(super) fn journal_options(settings: &Settings) -> journal::Options {
    journal::Options {
        durability: settings.journal.durability,
    }
}

/// Opens the journal of a run to read it, with the settings under which it is read. Of a run from elsewhere, only the
/// log is read: its database is not opened, and nothing is locked.
pub(super) fn open_journal(folder: &RunFolder, origin: RunOrigin) -> Result<(Settings, Journal), LabError> {
    let settings = folder.read_settings_of(origin)?;
    let journal = match origin.is_trusted() {
        true => Journal::open(folder.path(), journal_options(&settings))?,
        false => Journal::read_log(folder.path())?,
    };
    Ok((settings, journal))
}

/// How the supervisor restarts failed agents.
pub(super) fn restart_policy(settings: &Settings) -> RestartPolicy {
    let set = &settings.supervisor;
    RestartPolicy {
        max_restarts: set.max_restarts as usize,
        window: set.window.get(),
        backoff_min: set.backoff_min.get(),
        backoff_max: set.backoff_max.get(),
        max_attempts: set.max_attempts,
        strategy: set.strategy,
    }
}
