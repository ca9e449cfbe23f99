//! Whose the knowledge graph of a home is.
//!
//! A graph decides what a run of a project tests, and it is in the home folder, which may come from elsewhere. So a
//! graph that Kosmos makes for the user gets a mark by the user's key: the file `own` in its folder, a line of the word
//! `graph`, a random number and the tag of both. The mark says who made the graph and not what is in it, which each run
//! changes. A graph without the mark is foreign: commands read it and say so, and no run reads from it until the user
//! adopts it.

use std::{
    fs::{self, File},
    io::{self, Read, Write},
    path::Path,
};

use kosmos_core::files::{Sync, write_atomically};
use serde::Serialize;

use super::{LabError, TrustError, UserKey, contents, environment};
use crate::{
    config::{GraphStoreKind, Settings},
    plugin::Roster,
};

/// The file's name in the folder of the graph.
const FILE: &str = "own";

/// The file, for messages.
const WHAT: &str = "the mark of your own graph";

/// The first word of the mark, so that no other tag of the key is one.
const WORD: &str = "graph";

/// The most bytes of a mark that are read.
const LONGEST: u64 = 1024;

/// Whose a graph is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum GraphOrigin {
    /// The user's Kosmos made it, or the user has adopted it.
    Own,
    /// It came from elsewhere, or is from before Kosmos marked graphs.
    Foreign,
}

impl GraphOrigin {
    /// Whose the graph in `folder` is. One that is not there yet will be the user's.
    ///
    /// # Errors
    /// When the mark or the user's key cannot be read.
    pub fn of_graph(folder: &Path) -> Result<Self, LabError> {
        match fs::symlink_metadata(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::Own),
            Err(error) => return Err(LabError::io("read", folder)(error)),
            Ok(_) => {}
        }
        let Some(mark) = read_mark(&folder.join(FILE))? else {
            return Ok(Self::Foreign);
        };
        let holds = |key: UserKey| {
            let (text, tag) = mark.trim_end().rsplit_once(' ')?;
            (text.split(' ').next() == Some(WORD) && key.matches(text, tag)).then_some(())
        };
        Ok(match UserKey::find(&environment()?)?.and_then(holds) {
            Some(()) => Self::Own,
            None => Self::Foreign,
        })
    }
}

/// Reads the mark; none if there is none, or something else in its place.
fn read_mark(path: &Path) -> Result<Option<String>, TrustError> {
    let failed = || TrustError::io("read", path, WHAT);
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed()(error)),
        Ok(found) if !found.is_file() => return Ok(None),
        Ok(_) => {}
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(failed())?;
    file.take(LONGEST).read_to_end(&mut bytes).map_err(failed())?;
    Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
}

/// Checks that the graph in `folder` can be opened: one from elsewhere holds files and folders only, as the database
/// would write through a link.
///
/// # Errors
/// [`TrustError::GraphNotPlain`].
pub(in crate::lab) fn check_graph_files(folder: &Path) -> Result<(), LabError> {
    if GraphOrigin::of_graph(folder)? == GraphOrigin::Own {
        return Ok(());
    }
    match contents::find_odd_entry(folder, |_| u64::MAX)? {
        None => Ok(()),
        Some((path, what)) => Err(TrustError::GraphNotPlain {
            folder: folder.to_owned(),
            path,
            what,
        }
        .into()),
    }
}

/// Checks that a run which reads from the embedded graph in `folder` reads from the user's own: a run of a project, or
/// one with an agent that may query the graph.
///
/// # Errors
/// [`TrustError::ForeignGraph`].
pub(in crate::lab) fn check_graph_for_run(settings: &Settings, roster: &Roster, folder: &Path) -> Result<(), LabError> {
    let mut agents = roster.agents.iter();
    let reads = settings.project.is_some() || agents.any(|chosen| chosen.manifest.permissions.graph);
    let is_embedded = settings.graph.store == GraphStoreKind::Embedded;
    match reads && is_embedded && GraphOrigin::of_graph(folder)? == GraphOrigin::Foreign {
        true => Err(TrustError::ForeignGraph {
            folder: folder.to_owned(),
        }
        .into()),
        false => Ok(()),
    }
}

/// Makes the folder of a new graph with the user's mark in it, completely or not at all. A user without a folder for
/// the key gets a graph without the mark.
pub(in crate::lab) fn create_graph_folder(folder: &Path) -> io::Result<()> {
    let home = folder.parent().unwrap_or(folder);
    fs::create_dir_all(home)?;
    let partial = home.join(format!(".graph.{:08x}.partial", fastrand::u32(..)));
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(&partial)?;
    let placed = write_mark(&partial).and_then(|()| fs::rename(&partial, folder));
    if let Err(error) = placed {
        let _ = fs::remove_dir_all(&partial);
        // Another process was faster.
        return if folder.exists() { Ok(()) } else { Err(error) };
    }
    Ok(())
}

fn write_mark(folder: &Path) -> io::Result<()> {
    let key = match environment().and_then(|environment| Ok(UserKey::find_or_create(&environment)?)) {
        Ok(key) => key,
        Err(LabError::Trust(TrustError::NoConfigFolder)) => return Ok(()),
        Err(error) => return Err(io::Error::other(error)),
    };
    let text = format!("{WORD} {:032x}", fastrand::u128(..));
    write_atomically(&folder.join(FILE), Sync::Content, |file| {
        #[cfg(unix)]
        file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
        writeln!(file, "{text} {}", key.tag(&text))
    })
}

/// Adopts the graph in `folder`, after the user was shown what is in it.
///
/// # Errors
/// [`TrustError::GraphNotPlain`]; when there is no folder for the user's key, or the mark cannot be written.
pub fn adopt_graph(folder: &Path) -> Result<(), LabError> {
    check_graph_files(folder)?;
    UserKey::find_or_create(&environment()?)?;
    Ok(write_mark(folder).map_err(TrustError::io("write", &folder.join(FILE), WHAT))?)
}
