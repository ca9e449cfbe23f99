//! Imports point down the layers of the program, and no two modules import each other, directly or by a detour.
//!
//! Files of a run's folder are used through its one handle (`file_access`).
//!
//! `table` is the one list of the layers, `source` finds the paths in a Rust file, `manifest` the dependencies of a
//! crate. A new module or crate gets its line in the table.

#![allow(missing_docs)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod file_access;
mod manifest;
mod source;
mod table;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use source::{aliases, imports};
use table::{LAYERS, layer_of};

/// One module or crate that names another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Import {
    from: String,
    to: String,
    file: String,
    line: usize,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every Rust file below a folder, in order.
fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// The modules that a file is in: `src/report/compose/data.rs` is in `report`, `compose`, `data`.
fn module_path(file: &Path) -> Vec<String> {
    let mut path: Vec<String> = file
        .with_extension("")
        .iter()
        .map(|part| part.to_string_lossy().into_owned())
        .collect();
    if path.last().is_some_and(|name| name == "mod") {
        path.pop();
    }
    path
}

/// Returns true for a file of unit tests, which may set a scene with types from above.
fn is_test(file: &Path) -> bool {
    let path = file.with_extension("");
    path.iter()
        .any(|part| part == "tests" || part.to_string_lossy().ends_with("_tests"))
}

/// Every import between the top-level modules of `src/`, and from them to the crates.
fn imports_of_the_program() -> Vec<Import> {
    let src = root().join("src");
    let aliases = aliases(&read(&src.join("lib.rs")));
    let mut found = Vec::new();
    for file in rust_files(&src) {
        let inside = file.strip_prefix(&src).unwrap();
        // The roots declare the modules, and begin with the top one.
        if matches!(inside.to_str(), Some("lib.rs" | "main.rs")) || is_test(inside) {
            continue;
        }
        let modules = module_path(inside);
        let from = modules.first().unwrap().clone();
        for (line, to) in imports(&modules, &read(&file)) {
            let to = aliases.get(&to).cloned().unwrap_or(to);
            if to != from {
                let file = format!("src/{}", inside.display());
                let from = from.clone();
                found.push(Import { from, to, file, line });
            }
        }
    }
    found
}

/// Every dependency of one crate of the workspace on another.
fn dependencies_of_crates() -> Vec<Import> {
    let mut found = Vec::new();
    let folder = root().join("crates");
    let mut crates: Vec<PathBuf> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    crates.sort();
    for path in crates.iter().filter(|path| path.join("Cargo.toml").is_file()) {
        let file = format!("crates/{}/Cargo.toml", path.file_name().unwrap().to_string_lossy());
        let text = read(&root().join(&file));
        let from = manifest::name(&text);
        for (line, to) in manifest::dependencies(&text) {
            let (from, file) = (from.clone(), file.clone());
            found.push(Import { from, to, file, line });
        }
    }
    found
}

/// What is wrong with an import, if something is.
fn problem(import: &Import) -> Option<String> {
    let Import { from, to, file, line } = import;
    let unknown = |name: &str| format!("{file}:{line}: `{name}` is in no layer: add it to tests/layers/table.rs");
    let Some(own) = layer_of(from) else {
        return Some(unknown(from));
    };
    let Some(other) = layer_of(to) else {
        return Some(unknown(to));
    };
    (other > own).then(|| {
        format!(
            "{file}:{line}: `{from}` ({}) imports `{to}` ({}): imports point down, so move what both need into the lower layer",
            LAYERS[own].0, LAYERS[other].0
        )
    })
}

/// The modules and crates of one import cycle, if there is one, each with the import that leads to the next.
fn cycle(imports: &[Import]) -> Option<Vec<Import>> {
    let mut edges: BTreeMap<&str, BTreeMap<&str, &Import>> = BTreeMap::new();
    for import in imports {
        edges
            .entry(&import.from)
            .or_default()
            .entry(&import.to)
            .or_insert(import);
    }
    let mut finished = BTreeSet::new();
    edges
        .keys()
        .find_map(|start| visit(start, &edges, &mut Vec::new(), &mut finished))
}

fn visit<'i>(
    module: &'i str,
    edges: &BTreeMap<&'i str, BTreeMap<&'i str, &'i Import>>,
    path: &mut Vec<&'i Import>,
    finished: &mut BTreeSet<&'i str>,
) -> Option<Vec<Import>> {
    if let Some(start) = path.iter().position(|import| import.from == module) {
        return Some(path[start..].iter().map(|import| (*import).clone()).collect());
    }
    if finished.contains(module) {
        return None;
    }
    for (to, import) in edges.get(module).into_iter().flatten() {
        path.push(import);
        if let Some(found) = visit(to, edges, path, finished) {
            return Some(found);
        }
        path.pop();
    }
    finished.insert(module);
    None
}

#[test]
fn imports_point_down() {
    let imports = [imports_of_the_program(), dependencies_of_crates()].concat();
    let problems: Vec<String> = imports.iter().filter_map(problem).collect();
    assert!(
        problems.is_empty(),
        "{} imports point up:\n{}",
        problems.len(),
        problems.join("\n")
    );
}

#[test]
fn no_modules_import_each_other() {
    let imports = [imports_of_the_program(), dependencies_of_crates()].concat();
    if let Some(cycle) = cycle(&imports) {
        let steps: Vec<String> = cycle
            .iter()
            .map(|Import { from, to, file, line }| format!("{file}:{line}: `{from}` imports `{to}`"))
            .collect();
        panic!(
            "modules import each other, so that none can be read or tested alone:\n{}",
            steps.join("\n")
        );
    }
}

#[test]
fn every_module_and_crate_is_in_one_layer() {
    let text = read(&root().join("src/lib.rs"));
    let modules = text.lines().filter_map(|line| {
        let line = line.trim_start_matches("pub ").trim_start_matches("pub(crate) ");
        line.strip_prefix("mod ")?.strip_suffix(';').map(str::to_owned)
    });
    let crates = fs::read_dir(root().join("crates")).unwrap().filter_map(|entry| {
        let manifest = entry.unwrap().path().join("Cargo.toml");
        manifest.is_file().then(|| manifest::name(&read(&manifest)))
    });
    let found: BTreeSet<String> = modules.chain(crates).collect();
    assert!(found.len() > 10, "the modules are not found: {found:?}");
    for name in &found {
        let layers = LAYERS
            .iter()
            .filter(|(_, members)| members.contains(&name.as_str()))
            .count();
        assert_eq!(layers, 1, "`{name}` is in {layers} layers of tests/layers/table.rs");
    }
    for member in LAYERS.iter().flat_map(|(_, members)| *members) {
        assert!(
            found.contains(*member),
            "`{member}` of tests/layers/table.rs does not exist"
        );
    }
}

#[test]
fn imports_are_found_in_every_form() {
    let text = r#"
//! [`crate::lab`] in a comment counts for nothing.
use crate::journal::{Entry, Record};
use crate::{
    config::{self, Environment},
    llm,
};
pub(crate) use super::super::graph::Facts;
use super::{super::policy::Thinker, sibling};
use kosmos_core::hash;
fn reads() -> crate::report::Dossier {
    let text = "crate::cli is text"; // crate::plugin
    let raw = r"crate::cli";
    let quote = '"';
    crate::words::check(text); super::sibling::near();
}
mod inner {
    use super::super::super::stats;
    use super::super::near;
}
#[cfg(test)]
mod tests {
    use crate::cli;
}
fn after() { crate::prompt::tokens() }
use std::collections::BTreeMap;
"#;
    let modules: Vec<String> = ["actors", "director"].map(str::to_owned).to_vec();
    let found = imports(&modules, text);
    let expected = [
        (3, "journal"),
        (5, "config"),
        (6, "llm"),
        (8, "graph"),
        (9, "policy"),
        (10, "kosmos-core"),
        (11, "report"),
        (15, "words"),
        (18, "stats"),
        (25, "prompt"),
    ];
    let expected: Vec<(usize, String)> = expected
        .iter()
        .map(|(line, name)| (*line, (*name).to_owned()))
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn other_names_of_crates_are_known() {
    let found =
        aliases("pub use kosmos_sandbox::{self as sandbox, interpreter};\nuse kosmos_core::hash;\npub mod lab;\n");
    let expected = [
        ("hash", "kosmos-core"),
        ("interpreter", "kosmos-sandbox"),
        ("sandbox", "kosmos-sandbox"),
    ];
    let expected: BTreeMap<String, String> = expected
        .iter()
        .map(|(name, of)| ((*name).to_owned(), (*of).to_owned()))
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn an_import_that_points_up_and_a_cycle_are_named() {
    let import = |from: &str, to: &str| Import {
        from: from.to_owned(),
        to: to.to_owned(),
        file: format!("src/{from}/mod.rs"),
        line: 7,
    };
    let told = problem(&import("graph", "cli")).unwrap();
    assert!(told.starts_with("src/graph/mod.rs:7: `graph` ("), "{told}");
    assert!(
        told.contains("imports `cli`") && told.contains("imports point down"),
        "{told}"
    );
    assert_eq!(problem(&import("cli", "graph")), None);
    assert!(
        problem(&import("graph", "novel"))
            .unwrap()
            .contains("add it to tests/layers/table.rs")
    );
    let imports = [import("a", "b"), import("b", "c"), import("c", "d"), import("d", "b")];
    let found = cycle(&imports).unwrap();
    assert_eq!(found, imports[1..]);
    assert_eq!(cycle(&imports[..3]), None);
}
