//! Where the binary under test and the files of the repository are.

use std::{
    env,
    path::{Path, PathBuf},
};

/// The `kosmos` binary that Cargo built beside the running test.
///
/// Cargo and nextest name it in `CARGO_BIN_EXE_kosmos`, older ones only while a test of the package `kosmos`
/// is compiled; there it is derived from the place of the running executable: `target/debug/deps/lab-…` tests
/// `target/debug/kosmos`.
///
/// # Panics
/// If there is none, as when a test of another package is run by itself.
pub fn kosmos_binary() -> PathBuf {
    if let Some(named) = env::var_os("CARGO_BIN_EXE_kosmos") {
        return named.into();
    }
    let test = env::current_exe().unwrap();
    let folder = test.ancestors().find(|folder| folder.ends_with("deps")).unwrap();
    let binary = folder.with_file_name(format!("kosmos{}", env::consts::EXE_SUFFIX));
    assert!(
        binary.is_file(),
        "there is no {}: build it by `cargo build --all-features`",
        binary.display()
    );
    binary
}

/// The absolute path of a file of the repository.
pub fn repository_path(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    format!("{}/{path}", root.display())
}
