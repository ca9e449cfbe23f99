//! Settings as the options of the components that the lab starts.

use crate::{config::Settings, journal, supervisor::RestartPolicy};

/// The options of a run's journal.
pub(super) fn journal_options(settings: &Settings) -> journal::Options {
    journal::Options {
        durability: settings.journal.durability,
    }
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
