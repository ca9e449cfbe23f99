//! Tables in parts: a folder, or the files that a pattern matches, packed into one file that is read as one table.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use kosmos_core::{
    files::{Sync, write_atomically},
    hash::sha256_file,
};

use super::{LabError, preflight::PreflightError};
use crate::config::{ByteSize, DataSource, Origin, Resolved};

/// Files that a folder or a pattern may name.
const MOST_PARTS: usize = 10_000;

/// Bytes that they may hold together. The reader unpacks no more either.
const MOST_BYTES: u64 = 768 << 20;

/// The files of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Parts {
    /// The folder that they are named from.
    folder: PathBuf,
    /// Their paths, in order.
    files: Vec<PathBuf>,
    /// Their size together.
    pub(super) size: ByteSize,
}

impl Parts {
    /// The files below the folder that `source` names, or those that its path matches as a pattern; none if it names
    /// one file. Hidden files and folders are left out, and links are not followed.
    ///
    /// # Errors
    /// When there are no files, too many or too large ones, or the folder cannot be read.
    pub(super) fn find(source: &DataSource, key: &str, origin: &Origin) -> Result<Option<Self>, PreflightError> {
        let path = &source.path;
        let (has, folder, mut files) = match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => {
                let mut files = Vec::new();
                list_files(path, &mut files).map_err(|source| PreflightError::Unreadable {
                    path: path.clone(),
                    key: key.to_owned(),
                    origin: origin.clone(),
                    source,
                })?;
                ("holds", path.clone(), files)
            }
            Ok(_) => return Ok(None),
            Err(_) => match match_pattern(path) {
                Some(files) => ("matches", folder_of_pattern(path), files),
                None => return Ok(None),
            },
        };
        files.sort();
        let refuse = |reason: String| PreflightError::Parts {
            path: path.clone(),
            reason,
            key: key.to_owned(),
            origin: origin.clone(),
        };
        if files.is_empty() {
            return Err(refuse(format!("{has} no file")));
        }
        if files.len() > MOST_PARTS {
            return Err(refuse(format!("{has} more than {MOST_PARTS} files")));
        }
        let bytes = files
            .iter()
            .filter_map(|file| fs::metadata(file).ok())
            .map(|file| file.len())
            .sum();
        if bytes > MOST_BYTES {
            let most = ByteSize::new(MOST_BYTES);
            return Err(refuse(format!("{has} files of more than {most} together")));
        }
        let size = ByteSize::new(bytes);
        Ok(Some(Self { folder, files, size }))
    }

    /// Writes the files to one in `tables` that is named after what it holds, so that the same parts are packed once.
    /// Returns its path.
    fn pack(&self, name: &str, tables: &Path) -> io::Result<PathBuf> {
        fs::create_dir_all(tables)?;
        // Its own name: two runs may pack at once.
        let packing = tables.join(format!(".{name}-{:016x}.packing", fastrand::u64(..)));
        let place = || {
            write_atomically(&packing, Sync::Content, |file| self.write_archive(file))?;
            let hash = sha256_file(&packing)?;
            let packed = tables.join(format!("{name}-{}.tar", hash.get(..12).unwrap_or(&hash)));
            fs::rename(&packing, &packed)?;
            Ok(packed)
        };
        let placed = place();
        if placed.is_err() {
            // It may never have been made.
            let _ = fs::remove_file(&packing);
        }
        placed
    }

    fn write_archive(&self, file: &mut File) -> io::Result<()> {
        let mut archive = tar::Builder::new(BufWriter::new(file));
        archive.mode(tar::HeaderMode::Deterministic);
        for part in &self.files {
            let inside = part.strip_prefix(&self.folder).unwrap_or(part);
            archive.append_file(inside, &mut File::open(part)?)?;
        }
        archive.into_inner()?.flush()
    }
}

/// The files below a folder, as far as there are not too many.
fn list_files(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(['.', '_']) {
            continue;
        }
        let kind = entry.file_type()?;
        if kind.is_dir() {
            list_files(&entry.path(), files)?;
        } else if kind.is_file() {
            files.push(entry.path());
        }
        if files.len() > MOST_PARTS {
            break;
        }
    }
    Ok(())
}

/// The regular files that a path matches, if it is a pattern.
fn match_pattern(path: &Path) -> Option<Vec<PathBuf>> {
    let text = path.to_str().filter(|text| text.contains(['*', '?', '[']))?;
    let options = glob::MatchOptions {
        require_literal_separator: true,
        require_literal_leading_dot: true,
        ..glob::MatchOptions::default()
    };
    let found = glob::glob_with(text, options).ok()?;
    Some(
        found
            .flatten()
            .filter(|file| file.is_file())
            .take(MOST_PARTS + 1)
            .collect(),
    )
}

/// The folder above the first part of a path that is a pattern.
fn folder_of_pattern(path: &Path) -> PathBuf {
    let plain = |part: &std::path::Component<'_>| !part.as_os_str().to_string_lossy().contains(['*', '?', '[']);
    path.components().take_while(plain).collect()
}

/// Packs the tables of `resolved` that are in parts into files in `tables`, and names those instead.
///
/// # Errors
/// When a part cannot be read, or the file cannot be written.
pub(super) fn pack_tables(resolved: &mut Resolved, tables: &Path) -> Result<(), LabError> {
    let origins = &resolved.origins;
    for (index, source) in resolved.settings.data.iter_mut().enumerate() {
        let key = format!("data[{index}].path");
        let origin = origins
            .get(&key)
            .or_else(|| origins.get("data"))
            .unwrap_or(&Origin::Default);
        let Some(parts) = Parts::find(source, &key, origin).map_err(Box::new)? else {
            continue;
        };
        let name = source.name.get_or_insert_with(|| {
            let name = parts.folder.file_name().unwrap_or(parts.folder.as_os_str());
            name.to_string_lossy().into_owned()
        });
        let plain: String = name
            .chars()
            .filter(|letter| letter.is_alphanumeric() || "-_".contains(*letter))
            .take(60)
            .collect();
        let plain = if plain.is_empty() { "table".to_owned() } else { plain };
        source.path = parts
            .pack(&plain, tables)
            .map_err(LabError::io("pack", &parts.folder))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write_file(folder: &Path, name: &str, text: &str) {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn find(path: &Path) -> Result<Option<Vec<String>>, String> {
        let found = Parts::find(&DataSource::of_file(path), "data[0].path", &Origin::Default);
        let names = |parts: Parts| {
            let inside = parts
                .files
                .iter()
                .map(|file| file.strip_prefix(&parts.folder).unwrap().to_owned());
            inside.map(|file| file.to_str().unwrap().to_owned()).collect()
        };
        found.map(|parts| parts.map(names)).map_err(|error| error.to_string())
    }

    #[test]
    fn files_are_found_below_a_folder_and_by_a_pattern() {
        let desk = tempfile::tempdir().unwrap();
        let desk = desk.path();
        for name in [
            "years/2020.csv",
            "years/2019.csv",
            "years/old/2018.csv",
            "years/.hidden",
            "years/notes.txt",
        ] {
            write_file(desk, name, "x\n1\n");
        }
        std::os::unix::fs::symlink("/etc/passwd", desk.join("years/link.csv")).unwrap();
        let all = ["2019.csv", "2020.csv", "notes.txt", "old/2018.csv"]
            .map(str::to_owned)
            .to_vec();
        assert_eq!(find(&desk.join("years")), Ok(Some(all)));
        let some = ["years/2019.csv", "years/2020.csv"].map(str::to_owned).to_vec();
        assert_eq!(find(&desk.join("*/20[12]?.csv")), Ok(Some(some)));
        assert_eq!(find(&desk.join("years/2019.csv")), Ok(None));
        assert_eq!(find(&desk.join("nowhere.csv")), Ok(None));
        // A file that is called as a pattern is.
        write_file(desk, "a[1].csv", "x\n1\n");
        assert_eq!(find(&desk.join("a[1].csv")), Ok(None));
        assert!(
            find(&desk.join("years/*.parquet"))
                .unwrap_err()
                .contains("matches no file")
        );
        fs::create_dir(desk.join("empty")).unwrap();
        assert!(find(&desk.join("empty")).unwrap_err().contains("holds no file"));
    }

    #[test]
    fn the_same_parts_are_packed_into_the_same_file() {
        let desk = tempfile::tempdir().unwrap();
        let desk = desk.path();
        write_file(desk, "years/1.csv", "x\n1\n");
        write_file(desk, "years/2.csv", "x\n2\n");
        let pack = || {
            let mut resolved = crate::config::Request::default().resolve().unwrap();
            resolved.settings.data = vec![DataSource::of_file(desk.join("years"))];
            pack_tables(&mut resolved, &desk.join("tables")).unwrap_or_else(|error| panic!("{error}"));
            resolved.settings.data.remove(0)
        };
        let first = pack();
        assert_eq!(first.name.as_deref(), Some("years"));
        assert_eq!(pack(), first);
        assert_eq!(fs::read_dir(desk.join("tables")).unwrap().count(), 1);
        write_file(desk, "years/2.csv", "x\n3\n");
        assert_ne!(pack().path, first.path);
    }
}
