//! The user's agreement to what runs ask for.

use std::path::Path;

use super::{
    EntryKind, LabError, Register, RegisterEntry, RunOrigin, RunRequests, TrustError, UserKey, agents, environment,
    record_start, register,
};
use crate::{
    journal::{self, Durability},
    lab::RunFolder,
};

/// A run that the user has agreed to, with exactly what was shown.
#[derive(Debug, Clone)]
pub struct Agreement {
    /// The run's folder.
    pub folder: RunFolder,
    /// The requests that the user was shown.
    pub requests: RunRequests,
}

/// Records that the user agrees to what a run asks for, as it was shown, and grants its agents that in this run.
/// Anything else that it asks for later is asked about again.
///
/// # Errors
/// When the entry cannot be written.
pub fn agree_to_run(agreement: &Agreement) -> Result<(), LabError> {
    let Agreement { folder, requests } = agreement;
    let key = UserKey::find_or_create(&environment()?)?;
    let first = journal::first_fingerprint(folder.path())?;
    let entry = RegisterEntry {
        kind: EntryKind::Agreed,
        run: &requests.run,
        first: first.as_deref(),
        content: &requests.hash()?,
    };
    // First what it grants: a run that is agreed to and has no grants would ask for those alone.
    agents::grant_shown(folder.home(), &key, requests)?;
    Ok(register::append_entries(
        folder.home(),
        &key,
        &[entry],
        Durability::Power,
    )?)
}

/// Adopts the runs that were in a home before, each as the user was shown it: they then count as the user's own. A home
/// is adopted once.
///
/// # Errors
/// [`TrustError::AdoptedBefore`]; and when an entry cannot be written.
pub fn adopt_all(home: &Path, agreements: &[Agreement]) -> Result<(), LabError> {
    check_not_adopted(home)?;
    let key = UserKey::find_or_create(&environment()?)?;
    for Agreement { folder, requests } in agreements {
        // It may have changed while the user looked at it.
        if RunRequests::of_run(folder)? == *requests {
            agents::grant_shown(home, &key, requests)?;
            record_start(&home.join("runs"), &requests.run, folder.path(), Durability::Power)?;
        }
    }
    Ok(register::append_adopted_all(home, &key)?)
}

impl Agreement {
    /// The requests that the user has to agree to before the run is worked on; none if it is trusted already.
    ///
    /// # Errors
    /// When the run cannot be read.
    pub fn needed_for(folder: RunFolder) -> Result<Option<Self>, LabError> {
        Ok(match folder.origin()? {
            RunOrigin::Own | RunOrigin::Trusted => None,
            RunOrigin::Foreign => Some(Self {
                requests: RunRequests::of_run(&folder)?,
                folder,
            }),
        })
    }
}

/// Checks that the runs of a home have not been adopted yet.
///
/// # Errors
/// [`TrustError::AdoptedBefore`]; and when the home's list cannot be read.
pub fn check_not_adopted(home: &Path) -> Result<(), LabError> {
    match Register::read(home, &environment()?)?.has_adopted_all() {
        true => Err(TrustError::AdoptedBefore { home: home.to_owned() }.into()),
        false => Ok(()),
    }
}
