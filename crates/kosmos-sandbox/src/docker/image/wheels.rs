//! The packages of the lock, fetched for the base's Python.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use kosmos_core::hash::{sha256_file, sha256_hex};
use tokio::process::Command;

use super::{
    BuildOptions, BuildProgress, ImageError,
    program::{FailedProgram, run_program},
    question::PythonTarget,
    run_blocking,
};
use crate::environment::{fetching_environment, helper_environment};
use crate::interpreter::{
    self,
    cache::{CachePlace, EnvironmentCache},
    host::HostPython,
    lock::{LOCK, count_names, lock_for, parse_lock},
    pip,
};

/// Returns the folder with the wheels for `target`, which are fetched unless all of them are there with the right
/// hashes.
pub async fn fetch_locked_wheels(
    target: &PythonTarget,
    options: &BuildOptions,
    cache: &EnvironmentCache,
    progress: &(dyn Fn(BuildProgress) + Sync),
) -> Result<PathBuf, ImageError> {
    let lock = lock_for(LOCK, target.python)?;
    let key = format!(
        "{lock}\n{} {} {}",
        target.python_version(),
        target.machine,
        target.glibc
    );
    let hash = sha256_hex(key);
    let place = cache.place(&format!("wheels-{}", hash.get(..16).unwrap_or(&hash)));
    let wheels = place.folder.join("wheels");
    progress(BuildProgress::Waiting {
        path: place.folder.clone(),
    });
    let (named, at) = (options.python.clone(), lock.clone());
    let (place, _held, host) = run_blocking(move || -> Result<_, ImageError> {
        let held = place.lock()?;
        if place.is_complete() {
            if are_whole(&place.folder.join("wheels"), &at).unwrap_or(false) {
                return Ok((place, held, None));
            }
            fs::remove_dir_all(&place.folder).map_err(ImageError::in_cache("remove", &place.folder))?;
        }
        let host = HostPython::find(named.as_deref())?;
        Ok((place, held, Some(host)))
    })
    .await??;
    if let Some(host) = host {
        let done = download_wheels(&host, target, &lock, &place, progress).await;
        if done.is_err() {
            // Leftovers are removed when they are fetched again.
            let _ = fs::remove_dir_all(&place.building);
        }
        done?;
    }
    Ok(wheels)
}

async fn download_wheels(
    host: &HostPython,
    target: &PythonTarget,
    lock: &str,
    place: &CachePlace,
    progress: &(dyn Fn(BuildProgress) + Sync),
) -> Result<(), ImageError> {
    let building = &place.building;
    progress(BuildProgress::Packages(interpreter::EnvironmentProgress::Found {
        python: host.executable.clone(),
        version: host.version.clone(),
    }));
    let tools = building.join("tools");
    let explain = |failed: FailedProgram| pip::explain_failure(&failed.output, &place.folder);
    let mut fetch = pip_command(host, &tools, "download").await?.map_err(explain)?;

    let listed = building.join("requirements.lock");
    fs::write(&listed, lock).map_err(ImageError::in_cache("write", &listed))?;
    fetch
        .args([
            "--require-hashes",
            "--only-binary",
            ":all:",
            "--no-deps",
            "--progress-bar",
            "off",
        ])
        .args(compatibility_options(target))
        .arg("-d")
        .arg(building.join("wheels"))
        .arg("-r")
        .arg(&listed);
    let mut follower = pip::PipFollower::new(count_names(&parse_lock(lock)));
    run_program(fetch, |line| {
        if let Some(step) = follower.follow(line) {
            progress(BuildProgress::Packages(step));
        }
    })
    .await?
    .map_err(explain)?;
    fs::remove_dir_all(&tools).map_err(ImageError::in_cache("remove", &tools))?;
    place
        .move_into_place()
        .map_err(ImageError::in_cache("write", &place.folder))
}

/// Returns a command of pip, which runs in an environment for pip alone, since the host's Python may come without it.
/// The inner error means that this environment could not be made.
pub async fn pip_command(
    host: &HostPython,
    tools: &Path,
    command: &str,
) -> Result<Result<Command, FailedProgram>, ImageError> {
    let python = tools.join("bin/python");
    if !python.exists() {
        let mut venv = Command::new(&host.executable);
        venv.env_clear().envs(helper_environment());
        venv.args(["-I", "-m", "venv"]).arg(tools);
        if let Err(failed) = run_program(venv, |_| ()).await? {
            return Ok(Err(failed));
        }
    }
    let mut pip = Command::new(python);
    pip.env_clear().envs(fetching_environment());
    pip.args(["-I", "-m", "pip", command, "--no-input", "--disable-pip-version-check"]);
    Ok(Ok(pip))
}

/// Returns the options that tell pip which builds run on `target`.
pub fn compatibility_options(target: &PythonTarget) -> Vec<String> {
    let [major, minor, _] = target.python;
    let machine = &target.machine;
    let mut options = vec![
        format!("--python-version={}", target.python_version()),
        "--implementation=cp".to_owned(),
        format!("--abi=cp{major}{minor}"),
        "--abi=abi3".to_owned(),
        "--abi=none".to_owned(),
    ];
    // The older names stand for glibc 2.5, 2.12 and 2.17. A build for an older glibc runs on a newer one.
    let versions = (5..=target.glibc).rev().map(|glibc| format!("manylinux_2_{glibc}"));
    let older = ["manylinux2014", "manylinux2010", "manylinux1"].map(str::to_owned);
    options.extend(versions.chain(older).map(|name| format!("--platform={name}_{machine}")));
    options.push("--platform=any".to_owned());
    options
}

/// Returns true if a folder holds exactly one wheel for each entry of the lock, each with one of its hashes.
fn are_whole(wheels: &Path, lock: &str) -> io::Result<bool> {
    let packages = parse_lock(lock);
    let mut found = 0;
    for entry in fs::read_dir(wheels)? {
        let hash = sha256_file(&entry?.path())?;
        if !packages.iter().any(|package| package.has_hash(&hash)) {
            return Ok(false);
        }
        found += 1;
    }
    Ok(found == count_names(&packages))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_wheel_is_noticed() {
        let home = tempfile::tempdir().unwrap();
        let lock = format!("a==1 \\\n    --hash=sha256:{}\n", sha256_hex("wheel"));
        let wheel = home.path().join("a-1-py3-none-any.whl");
        assert!(!are_whole(home.path(), &lock).unwrap());
        fs::write(&wheel, "wheel").unwrap();
        assert!(are_whole(home.path(), &lock).unwrap());
        fs::write(&wheel, "whee").unwrap();
        assert!(!are_whole(home.path(), &lock).unwrap());
    }
}
