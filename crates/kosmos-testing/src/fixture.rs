//! Fixtures that the tests of one run of nextest share: the first that needs one makes it, the others wait and read it.
//!
//! Without nextest each process makes its own.

use std::{
    env, fs,
    path::{Path, PathBuf},
    time::Duration,
};

use crate::kosmos_binary;

/// How long the fixtures of a run are kept for one who looks at them.
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// A text that takes long to make, such as the findings of an undisturbed run.
pub fn share_text(name: &str, make: impl FnOnce() -> String) -> String {
    let folder = share_folder(name, |folder| fs::write(folder.join("text"), make()).unwrap());
    fs::read_to_string(folder.join("text")).unwrap()
}

/// A folder that `make` fills. It must not be changed: tests that do so copy it.
pub fn share_folder(name: &str, make: impl FnOnce(&Path)) -> PathBuf {
    let run = run_folder();
    fs::create_dir_all(&run).unwrap();
    let made = run.join(name);
    let lock = fs::File::create(run.join(format!("{name}.lock"))).unwrap();
    // It ends with the process that has it, so that a test that fails here does not stop the others.
    lock.lock().unwrap();
    if !made.exists() {
        let half = run.join(format!("{name}.half"));
        let _ = fs::remove_dir_all(&half);
        fs::create_dir(&half).unwrap();
        make(&half);
        fs::rename(&half, &made).unwrap();
    }
    made
}

/// The folder of this run of the tests, beside the binary under test. What old runs have left is removed.
fn run_folder() -> PathBuf {
    let run = env::var("NEXTEST_RUN_ID").unwrap_or_else(|_| format!("process-{}", std::process::id()));
    let all = kosmos_binary().with_file_name("test-fixtures");
    let folder = all.join(run);
    if !folder.exists() {
        for old in fs::read_dir(&all).into_iter().flatten().flatten() {
            let age = old.metadata().and_then(|old| old.modified()).ok();
            if age.and_then(|time| time.elapsed().ok()).is_some_and(|age| age > KEPT) {
                // Another test may be at it.
                let _ = fs::remove_dir_all(old.path());
            }
        }
    }
    folder
}
