//! What a run's folder holds: the hash of its settings and agents, and the check that there are plain files only.

use std::{
    io,
    path::{Path, PathBuf},
};

use kosmos_core::{
    plain_path::PlainPath,
    run_dir::{EntryError, EntryKind, OddNames, RunDir},
    run_files,
};

use super::{LabError, TrustError};
use crate::hash::sha256_hex;

/// Folders among the agents that Kosmos makes itself, anew each time that the run is worked on.
const MADE: [&str; 2] = [".scratch", ".sdk"];

/// The hash of the settings and the agents of the run in `folder`, which do not change after its start.
pub(super) fn hash_contents(folder: &Path) -> Result<String, LabError> {
    let run = RunDir::open(folder).map_err(LabError::io("read", folder))?;
    let settings = PlainPath::of(run_files::SETTINGS);
    let kind = run
        .kind_of(&settings)
        .and_then(|kind| kind.ok_or_else(|| io::ErrorKind::NotFound.into()))
        .map_err(LabError::io("read", run.place_of(&settings)))?;
    let mut lines = vec![describe_entry(&run, &settings, kind)?];
    let agents = PlainPath::of(run_files::AGENTS);
    let entries = match run.list(Some(&agents)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        entries => entries.map_err(LabError::io("list", run.place_of(&agents)))?,
    };
    for (name, kind) in entries {
        // What Kosmos makes itself, an agent may have filled with anything.
        if !MADE.contains(&name.as_str()) {
            describe_files(&run, agents.join(&name), kind, &mut lines)?;
        }
    }
    Ok(sha256_hex(lines.concat()))
}

/// The hash of an agent's files.
pub(super) fn hash_agent(agent: &Path) -> Result<String, LabError> {
    let folder = RunDir::open(agent).map_err(LabError::io("read", agent))?;
    let entries = folder.list(None).map_err(LabError::io("list", agent))?;
    let mut lines = Vec::new();
    for (name, kind) in entries {
        describe_files(&folder, name.into(), kind, &mut lines)?;
    }
    Ok(sha256_hex(lines.concat()))
}

/// Adds the path and hash of every file at or below an entry, one per line; what is no file is named as such.
fn describe_files(root: &RunDir, entry: PlainPath, kind: EntryKind, lines: &mut Vec<String>) -> Result<(), LabError> {
    let entries = match kind {
        EntryKind::Folder => root
            .tree(Some(&entry), OddNames::Refuse)
            .map_err(|error| LabError::entry("list", error))?,
        _ => vec![(entry, kind)],
    };
    for (inside, kind) in entries {
        if kind != EntryKind::Folder {
            lines.push(describe_entry(root, &inside, kind)?);
        }
    }
    Ok(())
}

fn describe_entry(root: &RunDir, inside: &PlainPath, kind: EntryKind) -> Result<String, LabError> {
    let content = match kind {
        EntryKind::File(_) => root
            .hash(inside, run_files::BLOB_BYTES)
            .map_err(LabError::io("read", root.place_of(inside)))?
            .to_string(),
        EntryKind::Folder | EntryKind::Link | EntryKind::Other => "not a file".to_owned(),
    };
    Ok(format!("{:?} {content}\n", inside.as_path().as_os_str()))
}

/// Checks that the folder of a run from elsewhere is a folder, and that it holds files and folders only: a link would
/// lead out of it, and a device or a pipe has no end.
pub(super) fn check_plain_files(folder: &Path) -> Result<(), LabError> {
    let odd = match folder.is_symlink() {
        true => Some(("".into(), EntryKind::Link)),
        false => find_odd_entry(folder).map_err(|error| LabError::entry("list", error))?,
    };
    let Some((path, kind)) = odd else { return Ok(()) };
    Err(TrustError::NotPlain {
        run: folder.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        path,
        what: match kind {
            EntryKind::Link => "a link",
            _ => "neither a file nor a folder",
        },
    }
    .into())
}

/// The first entry below a folder that is neither a file nor a folder.
fn find_odd_entry(folder: &Path) -> Result<Option<(PathBuf, EntryKind)>, EntryError> {
    let run = RunDir::open(folder).map_err(|source| EntryError {
        place: folder.to_owned(),
        source,
    })?;
    let entries = run.tree(None, OddNames::Refuse)?.into_iter();
    let mut odd = entries.filter(|(_, kind)| matches!(kind, EntryKind::Link | EntryKind::Other));
    Ok(odd.next().map(|(inside, kind)| (inside.as_path().to_owned(), kind)))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_hash_is_of_the_settings_and_the_agents() {
        let run = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = run.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        assert!(hash_contents(run.path()).is_err(), "a run without settings");
        write("run.toml", "seed = 1");
        let mut before = hash_contents(run.path()).unwrap();
        for (name, text) in [
            ("run.toml", "seed = 2"),
            ("agents/a/agent.toml", "x"),
            ("agents/a/agent.toml", "y"),
            ("agents/a/.hidden", ""),
            ("agents/b", ""),
        ] {
            write(name, text);
            let now = hash_contents(run.path()).unwrap();
            assert_ne!(now, before, "{name}");
            before = now;
        }
        // Agents may leave anything in their scratch folders.
        fs::create_dir_all(run.path().join("agents/.scratch/a\nb")).unwrap();
        for name in [
            "journal.jsonl",
            "agents/.sdk/a.py",
            "agents/.scratch/a/b",
            "findings.json",
        ] {
            write(name, "text");
            assert_eq!(hash_contents(run.path()).unwrap(), before, "{name}");
        }
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink("/dev/zero", run.path().join("agents/c")).unwrap();
            assert_ne!(hash_contents(run.path()).unwrap(), before);
        }
    }

    #[cfg(unix)]
    #[test]
    fn links_and_pipes_are_found_at_any_depth() {
        use std::os::unix::fs::symlink;
        let home = tempfile::tempdir().unwrap();
        let run = home.path().join("run");
        fs::create_dir_all(run.join("experiments/e/deep")).unwrap();
        fs::write(run.join("run.toml"), "").unwrap();
        check_plain_files(&run).unwrap();
        symlink("/dev/zero", run.join("experiments/e/deep/table")).unwrap();
        let error = check_plain_files(&run).unwrap_err().to_string();
        assert!(error.contains("experiments/e/deep/table, which is a link"), "{error}");
        fs::remove_file(run.join("experiments/e/deep/table")).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(run.join("blobs")).unwrap();
        let error = check_plain_files(&run).unwrap_err().to_string();
        assert!(error.contains("blobs, which is neither a file nor a folder"), "{error}");
        symlink(&run, home.path().join("link")).unwrap();
        assert!(check_plain_files(&home.path().join("link")).is_err());
    }
}
