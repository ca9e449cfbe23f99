//! The folders of runs.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    time::SystemTime,
};

use super::{LabError, RunOrigin, preflight::check_surroundings, trust};
use crate::{
    config::{DataSource, Environment, Overrides, Request, Resolved, Settings},
    failpoint,
    plugin::Roster,
    science::RunId,
};
use kosmos_core::{plain_path::PlainPath, removal::remove_tree, run_dir::RunDir, run_files};

/// The folder of one run: `<home>/runs/<run-id>/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunFolder {
    path: PathBuf,
    id: RunId,
}

impl RunFolder {
    /// Makes the folder of a new run under `runs`, with its settings in it, completely or not at all.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn create(runs: &Path, resolved: &Resolved) -> Result<Self, LabError> {
        Self::create_with(runs, resolved, &Roster::default())
    }

    /// The same with a copy of the agents that take part, so that later changes to them do not affect the run.
    ///
    /// # Errors
    /// As [`RunFolder::create`]; and when an agent's files cannot be read.
    pub fn create_with(runs: &Path, resolved: &Resolved, roster: &Roster) -> Result<Self, LabError> {
        Self::create_filled(runs, resolved, roster, |_, _| Ok(()))
    }

    /// The same with the files that `fill` writes to the run's folder before that is moved to its place.
    pub(super) fn create_filled(
        runs: &Path,
        resolved: &Resolved,
        roster: &Roster,
        fill: impl FnOnce(&RunDir, &RunId) -> Result<(), LabError>,
    ) -> Result<Self, LabError> {
        check_surroundings(runs).map_err(Box::new)?;
        fs::create_dir_all(runs).map_err(LabError::io("create", runs))?;
        let settings = resolved.to_toml().map_err(Box::new)?;
        // The first table leads the run's id.
        let about = resolved
            .settings
            .data
            .first()
            .map(DataSource::display_name)
            .unwrap_or_default();
        let id = loop {
            let id = new_run_id(&about);
            if !runs.join(id.as_str()).exists() {
                break id;
            }
        };
        let path = runs.join(id.as_str());
        let partial = runs.join(format!(".{id}.partial"));
        fs::create_dir(&partial).map_err(LabError::io("create", &partial))?;
        let durability = resolved.settings.journal.durability;
        let whole = || {
            let run = open_folder(&partial)?;
            run.create_file(&PlainPath::of(run_files::SETTINGS))
                .and_then(|mut file| file.write_all(settings.as_bytes()))
                .map_err(LabError::io("write", partial.join(run_files::SETTINGS)))?;
            roster
                .copy_to(&partial)
                .map_err(LabError::io("copy the agents into", &partial))?;
            fill(&run, &id)?;
            trust::record_start(runs, &id, &partial, durability)?;
            Ok(run)
        };
        let run = match whole() {
            Ok(run) => run,
            Err(error) => {
                // An incomplete folder is useless, and its removal may fail for the same reason.
                let _ = remove_tree(&partial);
                return Err(error);
            }
        };
        failpoint::crash("run.whole", "");
        durability
            .sync_folder(&run, None)
            .map_err(|error| LabError::entry("write", error))?;
        fs::rename(&partial, &path).map_err(LabError::io("create", &path))?;
        RunDir::open(runs)
            .and_then(|runs| durability.sync_names(&runs, None))
            .map_err(LabError::io("write", runs))?;
        failpoint::crash("run.placed", "");
        Ok(Self { path, id })
    }

    /// Finds the run under `runs` whose id is `name` or has it as a unique prefix.
    ///
    /// # Errors
    /// When there is no such run, or more than one.
    pub fn find(runs: &Path, name: &str) -> Result<Self, LabError> {
        let all = list_runs(runs)?;
        if let Some(exact) = all.iter().find(|run| run.id().as_str() == name) {
            return Ok(exact.clone());
        }
        let mut matches: Vec<Self> = all
            .into_iter()
            .filter(|run| !name.is_empty() && run.id().as_str().starts_with(name))
            .collect();
        match (matches.pop(), matches.is_empty()) {
            (None, _) => Err(LabError::NoSuchRun {
                name: name.to_owned(),
                runs: runs.to_owned(),
            }),
            (Some(only), true) => Ok(only),
            (Some(last), false) => {
                matches.push(last);
                let matches = matches.iter().map(|run| run.id().to_string()).collect();
                Err(LabError::Ambiguous {
                    name: name.to_owned(),
                    matches,
                })
            }
        }
    }

    /// Makes the folder of a new run under `runs` with the settings of this one.
    ///
    /// # Errors
    /// When the run came from elsewhere, its settings cannot be read, or the new folder cannot be written.
    pub fn create_repetition(&self, runs: &Path) -> Result<Self, LabError> {
        self.check_trusted()?;
        let resolved = self.resolve_settings()?;
        let roster = self.read_roster(&resolved.settings)?;
        Self::create_filled(runs, &resolved, &roster, |folder, run| {
            trust::inherit_grants(self, runs, run, folder, &resolved.settings)
        })
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Opens the one handle of the run's folder, for the files in it.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn open_dir(&self) -> Result<RunDir, LabError> {
        open_folder(&self.path)
    }

    /// The folder of the embedded graph that the run shares with those beside it: `<home>/graph`.
    pub fn graph_folder(&self) -> PathBuf {
        graph_folder_beside(self.path.parent().unwrap_or(&self.path))
    }

    /// The run's id: the folder's name.
    pub fn id(&self) -> RunId {
        self.id.clone()
    }

    /// The settings under which commands read the run: those that it began with or, if it came from elsewhere, the
    /// user's own with what only says what the run did.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn read_settings(&self) -> Result<Settings, LabError> {
        self.read_settings_of(self.origin()?)
    }

    /// The same for a run whose origin is known.
    pub(super) fn read_settings_of(&self, origin: RunOrigin) -> Result<Settings, LabError> {
        match origin {
            RunOrigin::Own | RunOrigin::Trusted => Ok(self.resolve_settings()?.settings),
            RunOrigin::Foreign => trust::settings_of_foreign_run(self),
        }
    }

    /// The agents that the run keeps in its folder.
    ///
    /// # Errors
    /// When one cannot be read.
    pub fn read_roster(&self, settings: &Settings) -> Result<Roster, LabError> {
        Ok(Roster::of_run(&self.path, settings)?)
    }

    /// The settings that the run began with, whosever it is.
    pub(super) fn resolve_settings(&self) -> Result<Resolved, LabError> {
        Ok(Request::frozen(self.path.join(run_files::SETTINGS))
            .resolve()
            .map_err(Box::new)?)
    }

    /// The settings that the run began with, with changes. Relative paths among these are taken from `working_folder`.
    pub(super) fn resolve_settings_with(
        &self,
        changes: Overrides,
        working_folder: &Path,
    ) -> Result<Resolved, LabError> {
        let nothing: [(&str, &str); 0] = [];
        let request = Request {
            environment: Environment::new(nothing, working_folder),
            overrides: changes,
            ..Request::frozen(self.path.join(run_files::SETTINGS))
        };
        Ok(request.resolve().map_err(Box::new)?)
    }

    /// Removes the run's folder.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn remove(self) -> Result<(), LabError> {
        // A link in its place is removed, and what it leads to stays.
        let removed = match self.path.is_symlink() {
            true => fs::remove_file(&self.path),
            false => remove_tree(&self.path),
        };
        removed.map_err(LabError::io("remove", self.path))
    }
}

/// The folder of the embedded graph of the home that the folder of runs is in.
pub(super) fn graph_folder_beside(runs: &Path) -> PathBuf {
    runs.parent().unwrap_or(runs).join("graph")
}

fn open_folder(path: &Path) -> Result<RunDir, LabError> {
    RunDir::open(path).map_err(LabError::io("open", path))
}

/// The runs under `runs`, in order of id; none if there is no such folder.
///
/// # Errors
/// When the folder cannot be listed.
pub fn list_runs(runs: &Path) -> Result<Vec<RunFolder>, LabError> {
    if !runs.exists() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for entry in fs::read_dir(runs).map_err(LabError::io("list", runs))? {
        let entry = entry.map_err(LabError::io("list", runs))?;
        let (path, name) = (entry.path(), entry.file_name());
        let name = name.to_string_lossy();
        if name.starts_with('.') || !path.join(run_files::SETTINGS).is_file() {
            continue;
        }
        match name.parse() {
            Ok(id) => found.push(RunFolder { path, id }),
            Err(error) => tracing::warn!(%error, "a folder beside the runs is left out: rename it"),
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

/// A new run id such as `penguins-20261123-001512-3fa9`: the first table, the start (UTC), and four random digits.
fn new_run_id(about: &str) -> RunId {
    let seconds = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |since| since.as_secs());
    let slug: String = about
        .to_lowercase()
        .chars()
        .map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' })
        .take(24)
        .collect();
    let slug = slug.trim_matches('-');
    let slug = if slug.is_empty() { "run" } else { slug };
    let id = format!("{slug}-{}-{:04x}", timestamp_utc(seconds), fastrand::u16(..));
    RunId::from_text(&id)
}

/// `20261123-001512` for a time in seconds since the Unix epoch, in UTC.
fn timestamp_utc(seconds: u64) -> String {
    let text = humantime::format_rfc3339_seconds(SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(seconds));
    text.to_string()
        .chars()
        .filter(|letter| letter.is_ascii_digit() || *letter == 'T')
        .map(|letter| if letter == 'T' { '-' } else { letter })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_say_what_and_when() {
        assert_eq!(timestamp_utc(0), "19700101-000000");
        let id = new_run_id("Penguins & friends");
        assert!(id.as_str().starts_with("penguins---friends-2"), "{id}");
        for about in ["../..", "", "--", "\u{1b}[\u{7}", "中文"] {
            assert!(new_run_id(about).as_str().starts_with("run-2"), "{about}");
        }
    }
}
