//! The tests that SECURITY.md names.

use std::{fs, path::Path};

use kosmos_testing::repository_path;

#[test]
fn tests_that_are_named_exist() {
    let page = fs::read_to_string(repository_path("SECURITY.md")).unwrap();
    let rows: Vec<&str> = page.lines().filter(|line| line.starts_with("| ASI")).collect();
    assert_eq!(rows.len(), 10);
    for row in rows {
        let named: Vec<&str> = row.rsplit('|').nth(1).unwrap().split('`').skip(1).step_by(2).collect();
        assert!(!named.is_empty(), "no test in {row}");
        for test in named {
            let (binary, name) = test.split_once(' ').unwrap();
            let folder = repository_path(&format!("tests/{binary}"));
            assert!(has_test(Path::new(&folder), name), "there is no test {test}");
        }
    }
}

/// Whether a source file below `folder` has a test of that name.
fn has_test(folder: &Path, name: &str) -> bool {
    fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            return has_test(&path, name);
        }
        path.extension().is_some_and(|extension| extension == "rs") && {
            let text = fs::read_to_string(&path).unwrap();
            let declared = format!("fn {name}()");
            text.find(&declared).is_some_and(|at| text[..at].contains("test]"))
        }
    })
}
