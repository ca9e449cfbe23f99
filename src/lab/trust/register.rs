//! `<home>/own`: the user's own runs, and those that the user has agreed to.
//!
//! An entry is a line of five words: what it says, the run's id, the fingerprint of its journal's first record or `-`,
//! a hash, and the tag of all this by the user's key. A line without a valid tag is of somebody else and does not
//! count.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use super::{TrustError, key::UserKey};
use crate::{config::Environment, journal::Durability, science::RunId};

/// The file's name in the home.
const FILE: &str = "own";

/// The file, for messages.
const WHAT: &str = "the list of your own runs";

/// The largest file that is read.
const LARGEST: u64 = 256 * 1024 * 1024;

/// The kinds of entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EntryKind {
    /// The user started the run. Its hash is that of the run's settings and agents.
    Started,
    /// The user has agreed to what the run asks for. Its hash is that of the requests.
    Agreed,
    /// The user has granted the run's agents what they ask for. Its hash is that of these requests.
    AgentsGranted,
    /// The user has adopted all runs that were in the home.
    AdoptedAll,
}

impl EntryKind {
    fn word(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Agreed => "agreed",
            Self::AgentsGranted => "agents-granted",
            Self::AdoptedAll => "adopted-all",
        }
    }
}

/// An entry.
#[derive(Debug, Clone, Copy)]
pub(super) struct RegisterEntry<'a> {
    pub(super) kind: EntryKind,
    pub(super) run: &'a RunId,
    /// The fingerprint of the journal's first record; none if the log has none.
    pub(super) first: Option<&'a str>,
    pub(super) content: &'a str,
}

impl RegisterEntry<'_> {
    /// The entry without its tag.
    fn text(&self) -> String {
        let kind = self.kind.word();
        let first = self.first.unwrap_or("-");
        format!("{kind} {} {first} {}", self.run, self.content)
    }
}

/// The text of the entry that says that the runs of a home were adopted.
fn adopted_all() -> String {
    format!("{} - - -", EntryKind::AdoptedAll.word())
}

/// The entries of a home.
pub(super) struct Register {
    /// Lines without and with their tags, valid or not.
    lines: Vec<(String, String)>,
    key: Option<UserKey>,
}

impl Register {
    /// Reads the entries of `home`.
    pub(super) fn read(home: &Path, environment: &Environment) -> Result<Self, TrustError> {
        let path = home.join(FILE);
        let Some(mut file) = open_plain(&path, OpenOptions::new().read(true))? else {
            return Ok(Self {
                lines: Vec::new(),
                key: None,
            });
        };
        let mut bytes = Vec::new();
        Read::by_ref(&mut file)
            .take(LARGEST)
            .read_to_end(&mut bytes)
            .map_err(TrustError::io("read", &path, WHAT))?;
        let text = String::from_utf8_lossy(&bytes);
        let split = |line: &str| {
            let (text, tag) = line.rsplit_once(' ')?;
            Some((text.to_owned(), tag.to_owned()))
        };
        Ok(Self {
            lines: text.lines().filter_map(split).collect(),
            key: UserKey::find(environment)?,
        })
    }

    /// Returns true if there is any entry of the run.
    pub(super) fn knows(&self, run: &RunId) -> bool {
        self.key.is_some()
            && self
                .lines
                .iter()
                .any(|(text, _)| text.split(' ').nth(1) == Some(run.as_str()))
    }

    /// Returns true if there is an entry of an agreement to the run.
    pub(super) fn knows_agreement(&self, run: &RunId) -> bool {
        let begins = format!("{} {run} ", EntryKind::Agreed.word());
        self.key.is_some() && self.lines.iter().any(|(text, _)| text.starts_with(&begins))
    }

    /// Returns true if there is this entry, with a valid tag.
    pub(super) fn holds(&self, entry: &RegisterEntry<'_>) -> bool {
        self.holds_text(&entry.text())
    }

    /// Returns true if the user has adopted all runs of the home.
    pub(super) fn has_adopted_all(&self) -> bool {
        self.holds_text(&adopted_all())
    }

    fn holds_text(&self, expected: &str) -> bool {
        let Some(key) = &self.key else { return false };
        self.lines
            .iter()
            .any(|(text, tag)| text == expected && key.matches(text, tag))
    }
}

/// Appends entries to the list of `home`, which is created if it does not exist.
pub(super) fn append_entries(
    home: &Path,
    key: &UserKey,
    entries: &[RegisterEntry<'_>],
    durability: Durability,
) -> Result<(), TrustError> {
    append_texts(home, key, entries.iter().map(RegisterEntry::text), durability)
}

/// Appends the entry that says that all runs of `home` were adopted.
pub(super) fn append_adopted_all(home: &Path, key: &UserKey) -> Result<(), TrustError> {
    append_texts(home, key, [adopted_all()], Durability::Power)
}

fn append_texts(
    home: &Path,
    key: &UserKey,
    texts: impl IntoIterator<Item = String>,
    durability: Durability,
) -> Result<(), TrustError> {
    let path = home.join(FILE);
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let lines = texts.into_iter().map(|text| format!("{text} {}\n", key.tag(&text)));
    let mut lines: String = lines.collect();
    let file = open_plain(&path, &options)?;
    let written = match file {
        Some(mut file) => ends_in_a_line(&mut file).and_then(|whole| {
            if !whole {
                // A process died, or its disk was full, while it wrote.
                lines.insert(0, '\n');
            }
            file.write_all(lines.as_bytes())?;
            match durability {
                Durability::Process => Ok(()),
                Durability::Power => file.sync_all(),
            }
        }),
        None => Err(io::ErrorKind::NotFound.into()),
    };
    written.map_err(TrustError::io("write", &path, WHAT))
}

fn ends_in_a_line(file: &mut File) -> io::Result<bool> {
    if file.metadata()?.len() == 0 {
        return Ok(true);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

/// Opens the list, which must be a file: a home from elsewhere may have a link there. None if it does not exist and
/// `options` do not create it.
fn open_plain(path: &PathBuf, options: &OpenOptions) -> Result<Option<File>, TrustError> {
    let failed = |action| TrustError::io(action, path, WHAT);
    match fs::symlink_metadata(path) {
        Ok(found) if !found.is_file() => {
            return Err(failed("read")(io::Error::other("it is not a file")));
        }
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed("read")(error)),
        Ok(_) | Err(_) => {}
    }
    match options.open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed("open")(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Desk {
        folder: tempfile::TempDir,
    }

    impl Desk {
        fn new() -> Self {
            Self {
                folder: tempfile::tempdir().unwrap(),
            }
        }

        fn environment(&self, user: &str) -> Environment {
            Environment::new([("XDG_CONFIG_HOME", self.folder.path().join(user))], "/")
        }

        fn append(&self, user: &str, entry: &RegisterEntry<'_>) {
            let key = UserKey::find_or_create(&self.environment(user)).unwrap();
            append_entries(self.folder.path(), &key, &[*entry], Durability::Process).unwrap();
        }

        fn read(&self, user: &str) -> Register {
            Register::read(self.folder.path(), &self.environment(user)).unwrap()
        }
    }

    #[test]
    fn an_entry_counts_for_its_user_and_for_exactly_what_it_says() {
        let desk = Desk::new();
        let (run, other) = ("a-1".parse::<RunId>().unwrap(), "a-2".parse::<RunId>().unwrap());
        let entry = RegisterEntry {
            kind: EntryKind::Started,
            run: &run,
            first: Some("f"),
            content: "c",
        };
        assert!(!desk.read("me").holds(&entry));
        desk.append("me", &entry);
        assert!(desk.read("me").holds(&entry) && desk.read("me").knows(&run));
        assert!(!desk.read("you").holds(&entry), "another user's entry counts");
        for changed in [
            RegisterEntry {
                kind: EntryKind::Agreed,
                ..entry
            },
            RegisterEntry { run: &other, ..entry },
            RegisterEntry { first: None, ..entry },
            RegisterEntry { content: "d", ..entry },
        ] {
            assert!(!desk.read("me").holds(&changed), "{changed:?}");
        }
        assert!(!desk.read("me").knows(&other) && !desk.read("me").has_adopted_all());

        // A line that was changed, or was written by hand.
        let path = desk.folder.path().join(FILE);
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, text.replace("a-1", "a-2")).unwrap();
        let forged = RegisterEntry { run: &other, ..entry };
        assert!(desk.read("me").knows(&other) && !desk.read("me").holds(&forged));
    }

    #[test]
    fn a_torn_line_does_not_take_the_next_with_it() {
        let desk = Desk::new();
        let run = "a-1".parse::<RunId>().unwrap();
        let entry = RegisterEntry {
            kind: EntryKind::Started,
            run: &run,
            first: None,
            content: "c",
        };
        let path = desk.folder.path().join(FILE);
        fs::write(&path, "started a-0 -").unwrap();
        desk.append("me", &entry);
        assert!(desk.read("me").holds(&entry), "{}", fs::read_to_string(&path).unwrap());
        #[cfg(unix)]
        {
            fs::remove_file(&path).unwrap();
            desk.append("me", &entry);
            let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&path).unwrap().permissions());
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_link_in_its_place_is_refused() {
        let desk = Desk::new();
        let target = desk.folder.path().join("target");
        fs::write(&target, "mine\n").unwrap();
        std::os::unix::fs::symlink(&target, desk.folder.path().join(FILE)).unwrap();
        assert!(Register::read(desk.folder.path(), &desk.environment("me")).is_err());
        let key = UserKey::find_or_create(&desk.environment("me")).unwrap();
        assert!(append_adopted_all(desk.folder.path(), &key).is_err());
        assert_eq!(fs::read_to_string(&target).unwrap(), "mine\n");
    }
}
