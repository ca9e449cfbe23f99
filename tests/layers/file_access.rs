//! Files of a run's folder are used through its handle, `RunDir`, and not by their paths, which may lead anywhere.

use std::path::Path;

use super::{is_test, read, root, rust_files, source::tokens_without_tests};

/// The code that works on the folders of runs.
const ON_RUNS: [&str; 7] = [
    "crates/kosmos-engine/src/journal",
    "src/actors",
    "src/lab",
    "src/legacy",
    "src/report",
    "src/science",
    "src/telemetry",
];

/// The files that may use paths all the same, each with the reason.
const BY_PATHS: [(&str, &str); 17] = [
    (
        "src/lab/archive/export.rs",
        "writes an archive, which is a file of the user's",
    ),
    (
        "src/lab/archive/import.rs",
        "reads an archive, and makes and places a folder beside the runs",
    ),
    ("src/lab/archive/signature.rs", "keys and signatures of the user's"),
    ("src/lab/codebook.rs", "codebooks of the user's"),
    ("src/lab/describe.rs", "tables of the user's, and a temporary folder"),
    (
        "src/lab/folder.rs",
        "lists the runs, and makes, places and removes their folders as wholes",
    ),
    (
        "src/lab/parts.rs",
        "tables of the user's, and the folder of packed ones in the home",
    ),
    ("src/lab/plan.rs", "tables of the user's"),
    ("src/lab/preflight.rs", "tables of the user's"),
    ("src/lab/processor.rs", "what the system tells of its processor"),
    ("src/lab/replay.rs", "tables of the user's"),
    (
        "src/lab/tables.rs",
        "tables of the user's, where they did not come with the run",
    ),
    (
        "src/lab/trust/graph.rs",
        "the mark of the user's graph, and the folder of the graph, in the home",
    ),
    (
        "src/lab/trust/key.rs",
        "the user's key, in the user's configuration folder",
    ),
    ("src/lab/trust/register.rs", "the list of own runs, in the home"),
    ("src/lab/verify/rerun.rs", "makes and removes temporary folders"),
    ("src/science/protocol.rs", "tables of the user's"),
];

/// Functions of Kosmos that take a path.
const TAKE_PATHS: [&str; 6] = [
    "copy_folder",
    "open_regular_file",
    "read_bounded",
    "remove_tree",
    "sha256_file",
    "write_atomically",
];

/// Gives the functions that a file uses which read, write or remove files by their paths, each with its line.
fn path_functions(text: &str) -> Vec<(usize, String)> {
    let tokens = tokens_without_tests(text);
    let word = |at: usize| tokens.get(at).map_or("", |(_, token)| token.as_str());
    let is_function = |name: &str| name != "self" && name.starts_with(|letter: char| letter.is_lowercase());
    let mut found = Vec::new();
    for (at, (line, token)) in tokens.iter().enumerate() {
        let is_method = at > 0 && word(at - 1) == ".";
        let after = match word(at + 1) {
            "::" => word(at + 2),
            _ => "",
        };
        let named: Vec<&str> = match (token.as_str(), after) {
            ("fs", "{") => (at + 3..)
                .map(word)
                .take_while(|word| !matches!(*word, "}" | ""))
                .collect(),
            ("fs", name) => vec![name],
            ("File", "open" | "create" | "create_new" | "options") | ("OpenOptions" | "DirBuilder", "new") => {
                vec![after]
            }
            (name, "") if TAKE_PATHS.contains(&name) && !is_method => vec![name],
            _ => Vec::new(),
        };
        let functions = named.into_iter().filter(|name| is_function(name));
        found.extend(functions.map(|name| (*line, name.to_owned())));
    }
    found
}

#[test]
fn files_of_runs_are_used_through_their_handle() {
    let mut problems = Vec::new();
    let mut used = Vec::new();
    let files = ON_RUNS.iter().flat_map(|folder| rust_files(&root().join(folder)));
    for file in files {
        let inside = file.strip_prefix(root()).unwrap();
        if is_test(inside) {
            continue;
        }
        let name = inside.to_str().unwrap();
        let found = path_functions(&read(&file));
        if BY_PATHS.iter().any(|(allowed, _)| *allowed == name) {
            used.extend((!found.is_empty()).then(|| name.to_owned()));
            continue;
        }
        problems.extend(
            found
                .iter()
                .map(|(line, function)| format!("{name}:{line}: `{function}`")),
        );
    }
    assert!(
        problems.is_empty(),
        "files are used by their paths: use `RunDir` for those of a run, or add the file to BY_PATHS with the reason:\n{}",
        problems.join("\n")
    );
    for (name, reason) in BY_PATHS {
        assert!(Path::new(name).extension().is_some() && !reason.is_empty());
        assert!(
            used.iter().any(|used| used == name),
            "`{name}` of BY_PATHS does not exist, or uses no path"
        );
    }
}

#[test]
fn functions_that_take_paths_are_found_in_every_form() {
    let text = r#"
use std::fs::{self, File, read_to_string};
use kosmos_core::files::write_atomically;
fn uses(path: &Path, run: &RunDir) {
    fs::read(path); // fs::write
    std::fs::remove_dir_all(path);
    File::open(path); File::from(fd);
    OpenOptions::new().open(path);
    run.write_atomically(inside, sync, write);
    write_atomically(path, sync, write);
    let remove = kosmos_core::removal::remove_tree;
    let held: fs::TryLockError = "fs::copy";
}
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    fn scene() { fs::write(path, "x") }
}
fn after() { sha256_file(path) }
"#;
    let found: Vec<(usize, String)> = path_functions(text);
    let expected = [
        (2, "read_to_string"),
        (3, "write_atomically"),
        (5, "read"),
        (6, "remove_dir_all"),
        (7, "open"),
        (8, "new"),
        (10, "write_atomically"),
        (11, "remove_tree"),
        (19, "sha256_file"),
    ];
    assert_eq!(found, expected.map(|(line, name)| (line, name.to_owned())));
}
