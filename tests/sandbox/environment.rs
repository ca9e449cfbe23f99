//! Making the interpreter's environment when something is in the way.

use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::Command,
};

use kosmos::interpreter::{Interpreter, InterpreterError, Options};

use crate::site::{eventually, listing};
use kosmos_testing::inner::{assert_inner_test_passes, inner_test, is_inner_test};

const CACHE: &str = "KOSMOS_TEST_CACHE";

/// A process that makes an environment in `cache` with packages from `index`.
fn with_index(name: &str, cache: &Path, index: &str) -> Command {
    let mut command = inner_test(name);
    command
        .env(CACHE, cache)
        .env("PIP_INDEX_URL", index)
        .env("PIP_RETRIES", "1")
        .env("PIP_NO_CACHE_DIR", "1")
        .env_remove("PIP_FIND_LINKS");
    command
}

fn ensure_in_cache() -> Result<Interpreter, InterpreterError> {
    let options = Options {
        cache: std::env::var_os(CACHE).map(PathBuf::from),
        ..Options::default()
    };
    Interpreter::find_or_build(&options, &|_| ())
}

fn buildings(cache: &Path) -> Vec<String> {
    let mut names = listing(cache);
    names.retain(|name| name.contains(".building-"));
    names
}

/// One is killed in the midst of it; the next finds no index, says so, and leaves nothing behind.
#[test]
fn a_failed_environment_leaves_nothing() {
    let cache = tempfile::tempdir().unwrap();
    // An index that takes calls and never answers.
    let index = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/simple", index.local_addr().unwrap());
    let mut first = with_index("environment::inner_interrupted", cache.path(), &url)
        .spawn()
        .unwrap();
    let (_call, _) = index.accept().unwrap();
    assert_eq!(buildings(cache.path()).len(), 1);
    first.kill().unwrap();
    first.wait().unwrap();
    assert_eq!(buildings(cache.path()).len(), 1);
    drop((_call, index));

    assert_inner_test_passes(with_index("environment::inner_no_network", cache.path(), &url));
    // pip itself may live a moment longer than the process that was killed.
    eventually("all is removed", || buildings(cache.path()).is_empty());
}

#[test]
#[ignore = "run by a_failed_environment_leaves_nothing"]
fn inner_interrupted() {
    if is_inner_test() {
        let _ = ensure_in_cache();
    }
}

#[test]
#[ignore = "run by a_failed_environment_leaves_nothing"]
fn inner_no_network() {
    if is_inner_test() {
        let error = ensure_in_cache().unwrap_err();
        assert!(matches!(error, InterpreterError::NoNetwork(_)), "{error:?}");
        assert!(error.help().unwrap().contains("PIP_INDEX_URL"), "{error}");
    }
}

#[test]
fn what_is_wrong_is_said() {
    let home = tempfile::tempdir().unwrap();
    let with = |python: &str, cache: PathBuf| {
        let options = Options {
            python: Some(python.into()),
            cache: Some(cache),
        };
        Interpreter::find_or_build(&options, &|_| ()).unwrap_err()
    };
    let error = with("/nonexistent/python3", home.path().to_owned());
    assert!(error.to_string().contains("/nonexistent/python3"), "{error}");
    let file = home.path().join("file");
    fs::write(&file, "").unwrap();
    let options = Options {
        python: None,
        cache: Some(file),
    };
    let error = Interpreter::find_or_build(&options, &|_| ()).unwrap_err();
    assert!(error.help().unwrap().contains("XDG_CACHE_HOME"), "{error}");
}
