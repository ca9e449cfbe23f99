//! The packages of the lock, fetched for the base's Python.

use std::{
    collections::HashSet,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};
use tokio::process::Command;

use super::{BuildOptions, ImageError, Progress, blocking, program, question::Target};
use crate::interpreter::{
    self, LOCK,
    build::ASTRAY,
    cache::{Cache, Place},
    host::Host,
    pip,
};

/// The folder that holds the wheels for `target`, which are fetched unless they are there and whole.
pub async fn fetch(
    target: &Target,
    options: &BuildOptions,
    cache: &Cache,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<PathBuf, ImageError> {
    let lock = applicable(LOCK, target.python)?;
    let key = format!("{lock}\n{} {} {}", target.version(), target.machine, target.glibc);
    let hash = format!("{:x}", Sha256::digest(key));
    let place = cache.place(&format!("wheels-{}", hash.get(..16).unwrap_or(&hash)));
    let wheels = place.folder.join("wheels");
    progress(Progress::Waiting {
        path: place.folder.clone(),
    });
    let (named, at) = (options.python.clone(), lock.clone());
    let (place, _held, host) = blocking(move || -> Result<_, ImageError> {
        let held = place.lock()?;
        if place.is_complete() {
            if are_whole(&place.folder.join("wheels"), &at).unwrap_or(false) {
                return Ok((place, held, None));
            }
            fs::remove_dir_all(&place.folder).map_err(ImageError::cache("remove", &place.folder))?;
        }
        let host = Host::find(named.as_deref())?;
        Ok((place, held, Some(host)))
    })
    .await??;
    if let Some(host) = host {
        let done = download(&host, target, &lock, &place, progress).await;
        if done.is_err() {
            // What cannot be removed is swept when they are fetched again.
            let _ = fs::remove_dir_all(&place.building);
        }
        done?;
    }
    Ok(wheels)
}

async fn download(
    host: &Host,
    target: &Target,
    lock: &str,
    place: &Place,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<(), ImageError> {
    let building = &place.building;
    progress(Progress::Packages(interpreter::Progress::Found {
        python: host.executable.clone(),
        version: host.version.clone(),
    }));
    let tools = building.join("tools");
    let explain = |output: String| pip::explain(&output, &place.folder);
    let mut fetch = installer(host, &tools, "download").await?.map_err(explain)?;

    let listed = building.join("requirements.lock");
    fs::write(&listed, lock).map_err(ImageError::cache("write", &listed))?;
    fetch
        .args([
            "--require-hashes",
            "--only-binary",
            ":all:",
            "--no-deps",
            "--progress-bar",
            "off",
        ])
        .args(compatible(target))
        .arg("-d")
        .arg(building.join("wheels"))
        .arg("-r")
        .arg(&listed);
    let mut follower = pip::Follower::new(pip::packages(lock));
    program::run(fetch, |line| {
        if let Some(step) = follower.follow(line) {
            progress(Progress::Packages(step));
        }
    })
    .await?
    .map_err(explain)?;
    fs::remove_dir_all(&tools).map_err(ImageError::cache("remove", &tools))?;
    place.finish().map_err(ImageError::cache("write", &place.folder))
}

/// A command of pip's, in an environment for pip alone: the host's Python may come without it. If that cannot
/// be made, what was said is given back.
pub async fn installer(host: &Host, tools: &Path, command: &str) -> Result<Result<Command, String>, ImageError> {
    let python = tools.join("bin/python");
    if !python.exists() {
        let mut venv = Command::new(&host.executable);
        venv.args(["-I", "-m", "venv"]).arg(tools);
        if let Err(output) = program::run(venv, |_| ()).await? {
            return Ok(Err(output));
        }
    }
    let mut pip = Command::new(python);
    pip.args(["-I", "-m", "pip", command, "--no-input", "--disable-pip-version-check"]);
    for name in ASTRAY {
        pip.env_remove(name);
    }
    Ok(Ok(pip))
}

/// Tells pip which builds will do.
pub fn compatible(target: &Target) -> Vec<String> {
    let [major, minor, _] = target.python;
    let machine = &target.machine;
    let mut options = vec![
        format!("--python-version={}", target.version()),
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

/// The entries of a lock that are for a version of Python, without their conditions: pip would judge those by
/// the Python that it runs on.
pub fn applicable(lock: &str, python: [u32; 3]) -> Result<String, ImageError> {
    let mut entries = String::new();
    let mut wanted = false;
    for line in lock.lines() {
        if line.starts_with([' ', '#']) {
            // One of the hashes of the entry above.
        } else if let Some((package, condition)) = line.split_once(';') {
            let condition = condition.trim_end_matches('\\').trim();
            wanted = holds(condition, python)
                .ok_or_else(|| ImageError::Lost(format!("the lock's condition `{condition}` is not understood")))?;
            if wanted {
                entries.push_str(&format!("{}\\\n", package));
            }
            continue;
        } else {
            wanted = true;
        }
        if wanted {
            entries.push_str(line);
            entries.push('\n');
        }
    }
    Ok(entries)
}

/// Whether a condition such as `python_full_version < '3.12'` holds; `None` if it is of another kind.
fn holds(condition: &str, python: [u32; 3]) -> Option<bool> {
    let words: Vec<&str> = condition.split_whitespace().collect();
    let ["python_full_version", operator, version] = words.as_slice() else {
        return None;
    };
    let mut limit = [0; 3];
    let mut parts = version.trim_matches(['\'', '"']).split('.');
    for (place, part) in limit.iter_mut().zip(&mut parts) {
        *place = part.parse().ok()?;
    }
    if parts.next().is_some() {
        return None;
    }
    match *operator {
        "<" => Some(python < limit),
        ">=" => Some(python >= limit),
        _ => None,
    }
}

/// Whether a folder holds exactly one wheel for each entry of the lock, each with one of its hashes.
fn are_whole(wheels: &Path, lock: &str) -> io::Result<bool> {
    let known: HashSet<&str> = lock
        .lines()
        .filter_map(|line| line.trim_end_matches([' ', '\\']).split_once("--hash=sha256:"))
        .map(|(_, hash)| hash)
        .collect();
    let mut found = 0;
    for entry in fs::read_dir(wheels)? {
        let mut hash = Sha256::new();
        io::copy(&mut File::open(entry?.path())?, &mut hash)?;
        if !known.contains(format!("{:x}", hash.finalize()).as_str()) {
            return Ok(false);
        }
        found += 1;
    }
    Ok(found == pip::packages(lock))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_judged_for_the_base() {
        let lock = "a==1 ; python_full_version < '3.12' \\\n    --hash=sha256:1\n\
                    a==2 ; python_full_version >= '3.12' \\\n    --hash=sha256:2\n\
                    b==1 \\\n    --hash=sha256:3\n";
        let old = "a==1 \\\n    --hash=sha256:1\nb==1 \\\n    --hash=sha256:3\n";
        let new = "a==2 \\\n    --hash=sha256:2\nb==1 \\\n    --hash=sha256:3\n";
        assert_eq!(applicable(lock, [3, 11, 9]).unwrap(), old);
        assert_eq!(applicable(lock, [3, 12, 0]).unwrap(), new);
        assert!(applicable("a==1 ; sys_platform == 'linux'\n", [3, 12, 0]).is_err());
    }

    #[test]
    fn every_condition_of_the_lock_is_understood() {
        for minor in 11..=14 {
            let entries = applicable(LOCK, [3, minor, 1]).unwrap();
            let names: Vec<&str> = entries
                .lines()
                .filter_map(|line| line.split_once("=="))
                .map(|(name, _)| name)
                .collect();
            assert_eq!(names.len(), pip::packages(LOCK), "one version of each for 3.{minor}");
        }
    }

    #[test]
    fn a_damaged_wheel_is_noticed() {
        let home = tempfile::tempdir().unwrap();
        let lock = format!("a==1 \\\n    --hash=sha256:{:x}\n", Sha256::digest("wheel"));
        let wheel = home.path().join("a-1-py3-none-any.whl");
        assert!(!are_whole(home.path(), &lock).unwrap());
        fs::write(&wheel, "wheel").unwrap();
        assert!(are_whole(home.path(), &lock).unwrap());
        fs::write(&wheel, "whee").unwrap();
        assert!(!are_whole(home.path(), &lock).unwrap());
    }
}
