//! The readers of foreign input, one function each, which takes any bytes. None may panic, hang, take more memory than
//! its input explains, or leave anything outside of its folder; whatever a reader accepts must also be written and read
//! again as the same.

use std::{
    collections::BTreeSet,
    env, fs,
    path::{Path, PathBuf},
    process,
    sync::atomic::{AtomicU64, Ordering},
};

use kosmos::{
    config::Request,
    graph::{Format, export_graph, import_jsonld},
    journal::{Entry, RunDir, read_entries},
    lab::import_run,
    plugin::try_line,
    report::try_result,
    science::{Profile, ScriptResult},
};

/// A folder in memory, where there is one, that is removed at the end.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let memory = Path::new("/dev/shm");
        let parent = if memory.is_dir() {
            memory.to_owned()
        } else {
            env::temp_dir()
        };
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder = parent.join(format!("kosmos-readers-{}-{number}", process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("no folder to work in");
        Self(folder)
    }

    /// Writes a file and returns its path.
    fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, bytes).expect("no file to read");
        path
    }

    fn names(&self) -> BTreeSet<String> {
        let entries = fs::read_dir(&self.0).expect("the folder is gone");
        entries
            .flatten()
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Lines of a journal.
pub fn journal(bytes: &[u8]) {
    let scratch = Scratch::new();
    scratch.file("journal.jsonl", bytes);
    let run = RunDir::open(&scratch.0).expect("the folder exists");
    let Ok(entries) = read_entries(&run) else {
        return;
    };
    let entries: Vec<Entry> = entries;
    for entry in entries {
        let text = serde_json::to_string(&entry).expect("an entry that was read cannot be written");
        let again: Entry = serde_json::from_str(&text).expect("an entry that was written cannot be read");
        assert_eq!(serde_json::to_string(&again).ok().as_ref(), Some(&text));
    }
}

/// An archive of a run.
pub fn archive(bytes: &[u8]) {
    let scratch = Scratch::new();
    let file = scratch.file("archive.tar", bytes);
    let runs = scratch.0.join("home/runs");
    let imported = import_run(&runs, &file, None);
    let left = scratch.names();
    assert!(
        left.iter().all(|name| name == "archive.tar" || name == "home"),
        "{left:?}"
    );
    let runs: Vec<_> = fs::read_dir(&runs).into_iter().flatten().flatten().collect();
    assert_eq!(runs.len(), usize::from(imported.is_ok()), "{runs:?}");
}

/// A line of an agent.
pub fn plugin_wire(bytes: &[u8]) {
    if let Err(error) = try_line(bytes) {
        let problem = error.to_string();
        assert!(problem.len() < 4096, "a problem of {} bytes", problem.len());
    }
}

/// A document for `kosmos graph import`.
pub fn graph_document(bytes: &[u8]) {
    let Ok(facts) = import_jsonld(&mut &bytes[..]) else {
        return;
    };
    facts.check_storable().expect("no store can keep it");
    let mut document = Vec::new();
    export_graph(&facts, Format::Jsonld, &mut document).expect("it cannot be exported");
    let again = import_jsonld(&mut document.as_slice()).expect("its own export cannot be read");
    assert!(again == facts, "it comes back as another");
}

/// The `result.json` of a script.
pub fn result(bytes: &[u8]) {
    try_result(bytes);
    let _ = serde_json::from_slice::<Profile>(bytes);
    if let Ok(result) = serde_json::from_slice::<ScriptResult>(bytes) {
        let text = serde_json::to_string(&result).expect("a result that was read cannot be written");
        serde_json::from_str::<ScriptResult>(&text).expect("a result that was written cannot be read");
    }
}

/// A run file.
pub fn settings(bytes: &[u8]) {
    let scratch = Scratch::new();
    let file = scratch.file("run.toml", bytes);
    if let Ok(resolved) = Request::frozen(&file).resolve() {
        let text = resolved.to_toml().expect("settings that were read cannot be written");
        let again = Request::frozen(scratch.file("run.toml", text.as_bytes())).resolve();
        assert_eq!(
            again.expect("settings that were written cannot be read").settings,
            resolved.settings
        );
    }
}
