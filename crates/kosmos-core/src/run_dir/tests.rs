use std::{
    ffi::OsStr,
    fs,
    io::Write,
    os::unix::{
        ffi::OsStrExt,
        fs::{PermissionsExt, symlink},
    },
    path::Path,
    time::{Duration, Instant},
};

use rustix::fs::{CWD, mkfifoat};

use super::*;
use crate::{files::Sync, hash::sha256_hex, plain_path::PlainName};

/// A run's folder with a file and with everything that is none, beside a folder that is not the run's.
struct Scene {
    desk: tempfile::TempDir,
    run: RunDir,
}

fn path(text: &str) -> PlainPath {
    text.parse().unwrap()
}

impl Scene {
    fn new() -> Self {
        let desk = tempfile::tempdir().unwrap();
        let at = |name: &str| desk.path().join(name);
        fs::create_dir_all(at("run/experiments/e-1")).unwrap();
        fs::create_dir_all(at("elsewhere/folder")).unwrap();
        fs::write(at("elsewhere/secret"), "secret").unwrap();
        fs::write(at("elsewhere/folder/secret"), "secret").unwrap();
        fs::write(at("run/experiments/e-1/result.json"), "{}").unwrap();
        symlink(at("elsewhere/secret"), at("run/link")).unwrap();
        symlink(at("elsewhere/folder"), at("run/linked")).unwrap();
        symlink("/dev/zero", at("run/zero")).unwrap();
        symlink("..", at("run/up")).unwrap();
        mkfifoat(CWD, at("run/pipe"), Mode::RWXU).unwrap();
        let run = RunDir::open(at("run")).unwrap();
        Self { desk, run }
    }

    fn elsewhere(&self) -> Vec<String> {
        let mut found: Vec<String> = ["elsewhere/secret", "elsewhere/folder/secret"]
            .iter()
            .map(|name| fs::read_to_string(self.desk.path().join(name)).unwrap())
            .collect();
        found.extend(names(&self.desk.path().join("elsewhere")));
        found
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// Paths that lead to something other than a regular file of the run.
const NO_FILE: [(&str, &str); 9] = [
    ("link", "it is a link"),
    ("zero", "it is a link"),
    ("linked/secret", "a link"),
    ("up/elsewhere/secret", "a link"),
    ("linked", "it is a link"),
    ("pipe", "it is a pipe"),
    ("experiments", "it is a folder"),
    ("experiments/e-1/result.json/x", "in place of a folder"),
    ("missing", "No such file"),
];

#[test]
fn only_regular_files_of_the_folder_are_read() {
    let scene = Scene::new();
    let began = Instant::now();
    let good = path("experiments/e-1/result.json");
    assert_eq!(scene.run.read(&good, 2).unwrap(), b"{}");
    assert_eq!(scene.run.read_text(&good, 9).unwrap(), "{}");
    assert_eq!(scene.run.hash(&good, 2).unwrap().as_str(), sha256_hex("{}"));
    assert!(scene.run.has_file(&good));
    for (bad, expected) in NO_FILE {
        let bad = path(bad);
        for told in [
            scene.run.read(&bad, 100).unwrap_err().to_string(),
            scene.run.hash(&bad, 100).unwrap_err().to_string(),
            scene.run.open_file(&bad).unwrap_err().to_string(),
        ] {
            assert!(told.contains(expected), "{bad}: {told}");
        }
        assert!(!scene.run.has_file(&bad), "{bad}");
    }
    assert!(began.elapsed() < Duration::from_secs(5), "it waited");
    for (name, kind) in [
        ("link", EntryKind::Link),
        ("zero", EntryKind::Link),
        ("linked", EntryKind::Link),
        ("pipe", EntryKind::Other),
        ("experiments", EntryKind::Folder),
    ] {
        assert_eq!(scene.run.kind_of(&path(name)).unwrap(), Some(kind), "{name}");
    }
    assert_eq!(scene.run.kind_of(&path("missing")).unwrap(), None);
    assert_eq!(scene.run.kind_of(&path("missing/x")).unwrap(), None);
}

#[test]
fn no_more_is_read_than_allowed() {
    let scene = Scene::new();
    let file = fs::File::create(scene.run.path().join("holes")).unwrap();
    file.set_len(1 << 43).unwrap();
    for told in [
        scene.run.read(&path("holes"), 1 << 20).unwrap_err(),
        scene.run.hash(&path("holes"), 1 << 20).unwrap_err(),
    ] {
        assert_eq!(told.kind(), io::ErrorKind::FileTooLarge);
        assert!(
            told.to_string().contains("more than the 1048576 that are read"),
            "{told}"
        );
    }
}

#[test]
fn nothing_is_written_through_a_link() {
    let scene = Scene::new();
    let before = scene.elsewhere();
    let write = |name: &str| {
        scene
            .run
            .write_atomically(&path(name), Sync::Content, |file| file.write_all(b"new"))
    };
    // The link is replaced.
    write("link").unwrap();
    assert_eq!(scene.run.read(&path("link"), 9).unwrap(), b"new");
    for bad in ["linked/secret", "up/elsewhere/secret", "experiments", "missing/x"] {
        assert!(write(bad).is_err(), "{bad}");
    }
    for bad in ["linked/x", "linked/new", "up/new", "zero"] {
        assert!(scene.run.create_folders(&path(bad)).is_err(), "{bad}");
        assert!(scene.run.create_file(&path(bad)).is_err(), "{bad}");
        assert!(scene.run.open_to_append(&path(bad)).is_err(), "{bad}");
        assert!(scene.run.rename(&path("link"), &path("linked/x")).is_err());
    }
    assert_eq!(scene.elsewhere(), before);
    let left = ["experiments", "link", "linked", "pipe", "up", "zero"];
    assert_eq!(names(scene.run.path()), left);
}

#[test]
fn a_file_is_appended_to_where_it_is_one() {
    let scene = Scene::new();
    let before = scene.elsewhere();
    for text in ["a", "b"] {
        let mut file = scene.run.open_to_append(&path("experiments/log")).unwrap();
        file.write_all(text.as_bytes()).unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
    assert_eq!(scene.run.read(&path("experiments/log"), 9).unwrap(), b"ab");
    for (bad, expected) in NO_FILE {
        let opened = scene.run.open_to_append(&path(bad));
        if bad == "missing" {
            opened.unwrap();
            continue;
        }
        let told = opened.unwrap_err().to_string();
        assert!(told.contains(expected), "{bad}: {told}");
    }
    assert_eq!(scene.elsewhere(), before);
}

#[test]
fn a_file_is_replaced_whole_and_keeps_its_mode() {
    let scene = Scene::new();
    let (name, at) = (path("experiments/e-1/result.json"), "experiments/e-1/result.json");
    let at = scene.run.path().join(at);
    fs::set_permissions(&at, fs::Permissions::from_mode(0o640)).unwrap();
    let failed = scene.run.write_atomically(&name, Sync::No, |file| {
        file.write_all(b"half")?;
        Err(io::ErrorKind::StorageFull.into())
    });
    assert_eq!(failed.unwrap_err().kind(), io::ErrorKind::StorageFull);
    assert_eq!(fs::read_to_string(&at).unwrap(), "{}");
    scene
        .run
        .write_atomically(&name, Sync::No, |file| file.write_all(b"[]"))
        .unwrap();
    assert_eq!(fs::read_to_string(&at).unwrap(), "[]");
    assert_eq!(fs::metadata(&at).unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(names(at.parent().unwrap()), ["result.json"]);
}

#[test]
fn entries_are_removed_and_nothing_outside() {
    let scene = Scene::new();
    let before = scene.elsewhere();
    let deep = scene.run.path().join("experiments/e-1/0/a/b");
    fs::create_dir_all(&deep).unwrap();
    symlink(scene.desk.path().join("elsewhere"), deep.join("link")).unwrap();
    for name in ["linked/folder", "up/elsewhere"] {
        assert!(scene.run.remove(&path(name)).is_err(), "{name}");
    }
    for name in ["experiments", "linked", "pipe", "missing", "missing/x"] {
        scene.run.remove(&path(name)).unwrap();
    }
    assert_eq!(names(scene.run.path()), ["link", "up", "zero"]);
    assert_eq!(scene.elsewhere(), before);
}

#[test]
fn a_copy_has_the_regular_files() {
    let scene = Scene::new();
    fs::create_dir(scene.desk.path().join("copy")).unwrap();
    symlink("/etc/passwd", scene.run.path().join("experiments/passwd")).unwrap();
    fs::write(scene.run.path().join("experiments/a\nb"), "x").unwrap();
    let copy = RunDir::open(scene.desk.path().join("copy")).unwrap();
    scene.run.copy_tree(&path("experiments"), &copy).unwrap();
    copy.sync_tree(None).unwrap();
    assert_eq!(names(copy.path()), ["experiments"]);
    assert_eq!(names(&copy.path().join("experiments")), ["e-1"]);
    assert_eq!(copy.read(&path("experiments/e-1/result.json"), 9).unwrap(), b"{}");
    let listed = copy.list(Some(&path("experiments/e-1"))).unwrap();
    assert_eq!(listed, [(PlainName::of("result.json"), EntryKind::File(2))]);
    let error = scene.run.copy_tree(&path("linked"), &copy).unwrap_err();
    assert!(error.place.ends_with("run/linked"), "{error}");
}

#[test]
fn a_tree_is_listed_in_order_and_no_link_is_followed() {
    let scene = Scene::new();
    let tree = |odd| scene.run.tree(None, odd);
    let listed: Vec<(String, EntryKind)> = tree(OddNames::Refuse)
        .unwrap()
        .into_iter()
        .map(|(path, kind)| (path.to_string(), kind))
        .collect();
    let expected = [
        ("experiments", EntryKind::Folder),
        ("experiments/e-1", EntryKind::Folder),
        ("experiments/e-1/result.json", EntryKind::File(2)),
        ("link", EntryKind::Link),
        ("linked", EntryKind::Link),
        ("pipe", EntryKind::Other),
        ("up", EntryKind::Link),
        ("zero", EntryKind::Link),
    ];
    assert_eq!(listed, expected.map(|(path, kind)| (path.to_owned(), kind)));

    let odd = OsStr::from_bytes(b"experiments/\xff");
    fs::write(scene.run.path().join(odd), "x").unwrap();
    assert_eq!(tree(OddNames::Skip).unwrap().len(), expected.len());
    let error = tree(OddNames::Refuse).unwrap_err();
    assert!(error.place.ends_with("run/experiments"), "{error}");
    assert!(scene.run.list(Some(&path("experiments"))).is_err());

    fs::create_dir_all(scene.run.path().join(["d"; 66].join("/"))).unwrap();
    let told = tree(OddNames::Skip).unwrap_err().source.to_string();
    assert!(told.contains("more than 64 folders within folders"), "{told}");
}
