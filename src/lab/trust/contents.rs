//! The contents of a run's folder: the hash of its settings and agents, and the check that there are plain files only.

use std::{
    io,
    path::{Path, PathBuf},
};

use kosmos_core::{
    plain_path::PlainPath,
    run_dir::{EntryKind, OddNames, RunDir},
    run_files,
};

use super::{LabError, TrustError};
use crate::{hash::sha256_hex, lab::archive::Member};

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

/// The most bytes of a file that no archive holds.
const MOST_OTHER: u64 = 1 << 30;

/// Checks that the folder of a run from elsewhere is a folder, and that it holds files and folders only, each file no
/// larger than in an archive: a link would lead out of it, a device or a pipe has no end, and neither has a file with
/// holes, for whoever reads it.
pub(super) fn check_plain_files(folder: &Path) -> Result<(), LabError> {
    let odd = match folder.is_symlink() {
        true => Some(("".into(), "a link")),
        false => find_odd_entry(folder, largest_size)?,
    };
    let Some((path, what)) = odd else { return Ok(()) };
    let run = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Err(TrustError::NotPlain { run, path, what }.into())
}

/// Finds the first entry below a folder that is neither a file nor a folder, or a file larger than `largest` allows for
/// its path there, and what it is.
pub(super) fn find_odd_entry(
    folder: &Path,
    largest: impl Fn(&Path) -> u64,
) -> Result<Option<(PathBuf, &'static str)>, LabError> {
    let opened = RunDir::open(folder).map_err(LabError::io("list", folder))?;
    let entries = opened.tree(None, OddNames::Refuse);
    let entries = entries.map_err(|error| LabError::entry("list", error))?.into_iter();
    let mut odd = entries.filter_map(|(inside, kind)| {
        let what = match kind {
            EntryKind::Link => "a link",
            EntryKind::Other => "neither a file nor a folder",
            EntryKind::File(bytes) if bytes > largest(inside.as_path()) => "larger than such a file may be",
            EntryKind::File(_) | EntryKind::Folder => return None,
        };
        Some((inside.as_path().to_owned(), what))
    });
    Ok(odd.next())
}

/// The most bytes of the file at `inside`, a path in a run's folder.
fn largest_size(inside: &Path) -> u64 {
    // It is not opened.
    if inside.starts_with(run_files::JOURNAL_DATABASE) {
        return u64::MAX;
    }
    Member::of_path(inside).map_or(MOST_OTHER, Member::limit)
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

    #[test]
    fn files_that_are_too_large_are_found() {
        let home = tempfile::tempdir().unwrap();
        let run = home.path().join("run");
        for (name, most) in [
            ("run.toml", 1 << 20),
            ("journal.jsonl", 1 << 30),
            ("agents/.sources.json", 1 << 30),
            ("experiments/e-0123456789ab/result.json", 4 << 30),
        ] {
            let path = run.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            // It has no content, and takes no room.
            let file = fs::File::create(&path).unwrap();
            file.set_len(most).unwrap();
            check_plain_files(&run).unwrap();
            file.set_len(most + 1).unwrap();
            let error = check_plain_files(&run).unwrap_err().to_string();
            assert!(
                error.contains(&format!("{name}, which is larger than such a file may be")),
                "{error}"
            );
            fs::remove_file(&path).unwrap();
        }
        fs::create_dir_all(run.join("journal")).unwrap();
        fs::File::create(run.join("journal/db"))
            .unwrap()
            .set_len(1 << 40)
            .unwrap();
        check_plain_files(&run).unwrap();
    }
}
