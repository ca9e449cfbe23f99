//! Names of files and paths below a folder, which lead nowhere else.

use std::path::Path;

use crate::checked_text;

checked_text! {
    /// The SHA-256 of a content, as 64 lower-case hexadecimal digits. Content-addressed files are named by it.
    pub struct ContentHash:
        "a SHA-256",
        "64 lower-case hexadecimal digits",
        |text: &str| crate::id::is_hex(text, 64)
}

/// Bytes of a name, at most; file systems take no more.
const LONGEST_NAME: usize = 255;

/// Bytes of a path, at most.
const LONGEST_PATH: usize = 1024;

fn is_name(text: &str) -> bool {
    (1..=LONGEST_NAME).contains(&text.len())
        && !matches!(text, "." | "..")
        && !text.contains(|letter: char| letter == '/' || letter.is_control())
}

checked_text! {
    /// The name of a file or a folder: one part of a path.
    pub struct PlainName:
        "the name of a file",
        "1 to 255 bytes without a slash and without control characters, and neither `.` nor `..`",
        is_name
}

checked_text! {
    /// A path below a folder: one or more [`PlainName`]s with `/` between them. It cannot lead out of the folder,
    /// except by a link in it, which [`crate::run_dir::RunDir`] does not follow.
    pub struct PlainPath:
        "a path below a folder",
        "at most 1024 bytes: names with `/` between them, without `.`, `..` and control characters",
        |text: &str| text.len() <= LONGEST_PATH && text.split('/').all(is_name)
}

impl PlainName {
    /// For names in the program's own text, which a debug build checks.
    pub fn of(name: &'static str) -> Self {
        debug_assert!(is_name(name), "{name:?}");
        Self(name.to_owned())
    }
}

impl PlainPath {
    /// For paths in the program's own text, which a debug build checks.
    pub fn of(path: &'static str) -> Self {
        debug_assert!(Self::fits(path), "{path:?}");
        Self(path.to_owned())
    }

    /// Makes the path of an entry of this folder.
    pub fn join(&self, name: &PlainName) -> Self {
        Self(format!("{}/{name}", self.0))
    }

    /// Makes the path of an entry that is named by an id. Its grammar must allow plain names only, which a debug build
    /// checks.
    pub fn join_id(&self, id: impl AsRef<str>) -> Self {
        let id = id.as_ref();
        debug_assert!(is_name(id), "{id:?}");
        Self(format!("{}/{id}", self.0))
    }

    /// Makes the path of what is at `below` in this folder.
    pub fn join_path(&self, below: &Self) -> Self {
        Self(format!("{}/{below}", self.0))
    }

    /// Returns the names along the path.
    pub fn names(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.0.split('/')
    }

    /// Returns the folder that it is in; none if that is the folder which the path is below.
    pub fn parent(&self) -> Option<Self> {
        let (folder, _) = self.0.rsplit_once('/')?;
        Some(Self(folder.to_owned()))
    }

    /// Returns the path, relative.
    pub fn as_path(&self) -> &Path {
        Path::new(&self.0)
    }
}

impl From<PlainName> for PlainPath {
    fn from(name: PlainName) -> Self {
        Self(name.0)
    }
}

impl From<ContentHash> for PlainName {
    fn from(hash: ContentHash) -> Self {
        Self(hash.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_made_of_plain_names() {
        for good in ["a", "a/b", "figures/h-1.png", "...", "a b/é", ".hidden", "-x"] {
            assert_eq!(good.parse::<PlainPath>().unwrap().as_str(), good);
        }
        let (long_name, long_path) = ("x".repeat(256), vec!["x".repeat(200); 6].join("/"));
        for bad in [
            "",
            "/",
            "/a",
            "a/",
            "a//b",
            ".",
            "..",
            "../a",
            "a/..",
            "a/./b",
            "a/../../b",
            "a\0",
            "a\n/b",
            "\u{1b}[2J",
            "a/\u{7f}",
            "a\u{85}",
            &long_name,
            &long_path,
        ] {
            assert!(bad.parse::<PlainPath>().is_err(), "{bad:?}");
            assert!(bad.parse::<PlainName>().is_err(), "{bad:?}");
        }
        assert!("a/b".parse::<PlainName>().is_err());
    }

    #[test]
    fn paths_come_apart_and_together() {
        let path: PlainPath = "experiments/e-1".parse().unwrap();
        let file = path.join(&PlainName::of("result.json"));
        assert_eq!(file.as_str(), "experiments/e-1/result.json");
        assert_eq!(file.names().collect::<Vec<_>>(), ["experiments", "e-1", "result.json"]);
        assert_eq!(file.parent(), Some(path.clone()));
        assert_eq!(PlainPath::of("experiments").join_id("e-1"), path);
        assert_eq!(path.join_path(&PlainPath::of("a/b")).as_str(), "experiments/e-1/a/b");
        assert_eq!(PlainPath::of("a").parent(), None);
    }
}
