//! The grants that an agreement to a run gives its agents.
//!
//! Who agrees to a run has been shown its agents with what they ask for and the hashes of their files. That is granted
//! to these agents in this run, and in the branches and repetitions of it in which they ask for the same. In other
//! runs, an agent needs a grant of its own.

use std::path::Path;

use kosmos_core::run_dir::RunDir;

use super::{
    AgentRequest, EntryKind, LabError, Register, RegisterEntry, RunRequests, UserKey, environment, home_of_runs,
    register,
};
use crate::{
    config::Settings,
    hash::sha256_hex,
    journal::{Durability, JournalError},
    lab::RunFolder,
    plugin::Roster,
    science::RunId,
};

impl RunFolder {
    /// Returns true if the user has agreed to what the agents of `roster`, which are this run's, ask for in it.
    pub(in crate::lab) fn grants_agents(&self, roster: &Roster) -> Result<bool, LabError> {
        let register = Register::read(self.home(), &environment()?)?;
        let run = self.id();
        let content = hash_requests(&AgentRequest::of_folders(&run, roster)?)?;
        Ok(register.holds(&grant_entry(&run, &content)))
    }
}

/// Grants the agents of a run what the user was shown.
pub(super) fn grant_shown(home: &Path, key: &UserKey, requests: &RunRequests) -> Result<(), LabError> {
    let shown: Vec<AgentRequest> = requests
        .agents
        .iter()
        .filter(|agent| agent.kind != AgentRequest::BUILT_IN)
        .cloned()
        .collect();
    append_grant(home, key, &requests.run, &shown, Durability::Power)
}

/// Grants the agents of `run`, a branch or a repetition of `parent` whose files are in `folder` until they are moved to
/// `runs`, what they were granted in `parent`, if they ask for nothing else.
pub(in crate::lab) fn inherit_grants(
    parent: &RunFolder,
    runs: &Path,
    run: &RunId,
    folder: &RunDir,
    settings: &Settings,
) -> Result<(), LabError> {
    let of_parent = parent.read_roster(&parent.resolve_settings()?.settings)?;
    if of_parent.agents.is_empty() || !parent.grants_agents(&of_parent)? {
        return Ok(());
    }
    let granted = AgentRequest::of_folders(&parent.id(), &of_parent)?;
    let asked = AgentRequest::of_folders(run, &Roster::of_run(folder.path(), settings)?)?;
    if !asked.iter().all(|agent| granted.contains(agent)) {
        return Ok(());
    }
    let key = UserKey::find_or_create(&environment()?)?;
    append_grant(home_of_runs(runs), &key, run, &asked, settings.journal.durability)
}

fn append_grant(
    home: &Path,
    key: &UserKey,
    run: &RunId,
    requests: &[AgentRequest],
    durability: Durability,
) -> Result<(), LabError> {
    if requests.is_empty() {
        return Ok(());
    }
    let content = hash_requests(requests)?;
    Ok(register::append_entries(
        home,
        key,
        &[grant_entry(run, &content)],
        durability,
    )?)
}

/// The entry, which holds whatever the run's first record is: that decides whose the run is.
fn grant_entry<'a>(run: &'a RunId, content: &'a str) -> RegisterEntry<'a> {
    RegisterEntry {
        kind: EntryKind::AgentsGranted,
        run,
        first: None,
        content,
    }
}

fn hash_requests(requests: &[AgentRequest]) -> Result<String, LabError> {
    Ok(sha256_hex(serde_json::to_vec(requests).map_err(JournalError::from)?))
}
