//! What a run's folder holds: the hash of its settings and agents, and the check that there are plain files only.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use kosmos_core::run_files;

use super::{LabError, TrustError};
use crate::{
    hash::{sha256_file, sha256_hex},
    lab::archive::Member,
};

/// Folders among the agents that Kosmos makes itself, anew each time that the run is worked on.
const MADE: [&str; 2] = [".scratch", ".sdk"];

/// The hash of the settings and the agents of the run in `folder`, which do not change after its start.
pub(super) fn hash_contents(folder: &Path) -> Result<String, LabError> {
    let settings = folder.join(run_files::SETTINGS);
    let mut lines = vec![describe_file(folder, &settings)?];
    let agents = folder.join(run_files::AGENTS);
    for name in list_names(&agents)? {
        if !MADE.iter().any(|made| name == **made) {
            lines.extend(describe_files(folder, &agents.join(name))?);
        }
    }
    Ok(sha256_hex(lines.concat()))
}

/// Lists the path and hash of every file at or below `path`, one per line; what is no file is named as such.
fn describe_files(root: &Path, path: &Path) -> Result<Vec<String>, LabError> {
    let found = fs::symlink_metadata(path).map_err(LabError::io("read", path))?;
    if !found.is_dir() {
        return Ok(vec![describe_file(root, path)?]);
    }
    let mut lines = Vec::new();
    for name in list_names(path)? {
        lines.extend(describe_files(root, &path.join(name))?);
    }
    Ok(lines)
}

fn describe_file(root: &Path, path: &Path) -> Result<String, LabError> {
    let failed = || LabError::io("read", path);
    let is_file = fs::symlink_metadata(path).map_err(failed())?.is_file();
    let content = match is_file {
        true => sha256_file(path).map_err(failed())?,
        false => "not a file".to_owned(),
    };
    let inside = path.strip_prefix(root).unwrap_or(path);
    Ok(format!("{:?} {content}\n", inside.as_os_str()))
}

/// The names in a folder, in order; none if it does not exist.
fn list_names(folder: &Path) -> Result<Vec<std::ffi::OsString>, LabError> {
    let failed = || LabError::io("list", folder);
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(failed())?,
    };
    let names = entries.map(|entry| entry.map(|entry| entry.file_name()));
    let mut names: Vec<_> = names.collect::<Result<_, _>>().map_err(failed())?;
    names.sort();
    Ok(names)
}

/// The most bytes of a file that no archive holds.
const MOST_OTHER: u64 = 1 << 30;

/// Checks that the folder of a run from elsewhere is a folder, and that it holds files and folders only, each file no
/// larger than in an archive: a link would lead out of it, a device or a pipe has no end, and neither has a file with
/// holes, for whoever reads it.
pub(super) fn check_plain_files(folder: &Path) -> Result<(), LabError> {
    match find_unplain(folder)? {
        None => Ok(()),
        Some((path, what)) => {
            let run = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
            Err(TrustError::NotPlain { run, path, what }.into())
        }
    }
}

/// Finds what is neither a file nor a folder at or below `folder`: its path below that, and what it is. `folder` itself
/// must be a folder.
pub(super) fn find_unplain(folder: &Path) -> Result<Option<(PathBuf, &'static str)>, LabError> {
    let mut open = vec![PathBuf::new()];
    while let Some(inside) = open.pop() {
        let path = folder.join(&inside);
        let found = fs::symlink_metadata(&path).map_err(LabError::io("read", &path))?;
        let what = match found.file_type() {
            kind if kind.is_dir() => {
                open.extend(list_names(&path)?.into_iter().map(|name| inside.join(name)));
                continue;
            }
            kind if kind.is_file() && !inside.as_os_str().is_empty() => {
                if found.len() <= largest_size(&inside) {
                    continue;
                }
                "larger than such a file may be"
            }
            kind if kind.is_symlink() => "a link",
            _ => "neither a file nor a folder",
        };
        return Ok(Some((inside, what)));
    }
    Ok(None)
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
