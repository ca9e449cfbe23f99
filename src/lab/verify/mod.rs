//! Verifies a run that has ended.
//!
//! | file | checks |
//! |---|---|
//! | `recorded` | tables, scripts, artefacts and the report against what the journal records |
//! | `rerun` | the scripts of the findings against what they give when they are executed again |

mod recorded;
mod rerun;

use std::{collections::BTreeMap, sync::Arc};

use serde::Serialize;

use super::{
    Ground, LabError, Purpose, RunFolder, SandboxSite, dossier, options::open_journal, run_version::RunVersion, site,
    tables::Tables,
};
use crate::{
    actors::research_director::restore_state,
    journal::{Journal, JournalError, Kind, Record},
    progress::Progress,
};

/// The largest difference of two numbers, relative to the larger one, that is accepted if scripts run on another
/// version of Python than the run's, or on another processor: numerical libraries sum in other orders there.
pub const TOLERANCE: f64 = 1e-9;

/// A check that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FailedCheck {
    /// The file, or the experiment.
    pub place: String,
    /// One sentence.
    pub problem: String,
}

/// The checks made, and those that failed.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Verification {
    /// Tables of the user.
    pub tables: u64,
    /// Scripts and their artefacts, checked by their hashes.
    pub files: u64,
    /// Files of the report, rendered again from the journal.
    pub reports: u64,
    /// Scripts that were executed again.
    pub executed: u64,
    /// Experiments that a finding rests on.
    pub findings: u64,
    /// The reason why numbers may differ by [`TOLERANCE`]; none if they must be equal.
    pub tolerance: Option<String>,
    /// The checks that failed.
    pub problems: Vec<FailedCheck>,
}

impl Verification {
    fn add_problem(&mut self, place: impl Into<String>, problem: impl Into<String>) {
        let (place, problem) = (place.into(), problem.into());
        self.problems.push(FailedCheck { place, problem });
    }
}

/// Verifies a run that has ended. `all` executes every script again, not only those that findings rest on. A run from
/// elsewhere is verified under the user's own settings, and against the tables that came with it. Blocks the thread.
///
/// # Errors
/// When the run has not ended, its journal cannot be read, or the sandbox is not available. A failed check is no error.
pub fn verify_run(folder: &RunFolder, all: bool, progress: &dyn Progress) -> Result<Verification, LabError> {
    let origin = folder.origin()?;
    let (settings, journal) = open_journal(folder, origin)?;
    let tables = Tables::of_run(folder, origin)?;
    let (state, _) = restore_state(&journal)?;
    let Some(end) = state.end.clone() else {
        return Err(LabError::Unfinished { run: folder.id() });
    };
    let context = dossier::Context {
        run: &folder.id(),
        settings: &settings,
        end: &end,
    };
    let dossier = dossier::gather_dossier(&context, &state, &journal)?;
    let mut verification = Verification::default();
    recorded::check_tables(&tables, &dossier, &mut verification);
    recorded::check_files(tables.run(), &dossier, &mut verification);
    recorded::check_report(tables.run(), RunVersion::of_run(&journal)?, &dossier, &mut verification);
    let ground = Ground::prepare(&settings, progress)?;
    let purpose = Purpose {
        run: Some(folder.id().to_string()),
        // An image that a run from elsewhere names is not started.
        pinned: match origin.is_trusted() {
            true => site::pinned_images(journal.entries_of(&[Kind::Opened]))?,
            false => BTreeMap::new(),
        },
        ..Purpose::default()
    };
    let system = actix::System::new();
    system.block_on(async {
        let site = SandboxSite::start(&settings, &ground, purpose, progress).await?;
        let rerun = rerun::Rerun::new(&tables, &settings, Arc::clone(&site.sandbox), journal.blobs().clone())?;
        verification.tolerance = find_tolerance(&journal, &site)?;
        let done = rerun.check_scripts(&dossier, all, progress, &mut verification).await;
        site.sandbox.close().await;
        done
    })?;
    Ok(verification)
}

/// Why numbers may differ by [`TOLERANCE`]; none if the scripts of the run ran on this Python and on this processor.
fn find_tolerance(journal: &Journal, site: &SandboxSite) -> Result<Option<String>, JournalError> {
    let mut found = None;
    for entry in journal.entries_of(&[Kind::Opened]) {
        let Record::Opened(opening) = entry?.record else {
            continue;
        };
        let (python, here) = (&opening.python, &site.python);
        if python != here {
            found = Some(format!("the run's Python was {python}, and this one is {here}"));
        } else if found.is_none() && (opening.processor.is_none() || opening.processor != site.processor) {
            let name = |processor: &Option<String>| processor.clone().unwrap_or_else(|| "not known".to_owned());
            let (then, now) = (name(&opening.processor), name(&site.processor));
            found = Some(format!("the run's processor was {then}, and this one is {now}"));
        }
    }
    Ok(found)
}
