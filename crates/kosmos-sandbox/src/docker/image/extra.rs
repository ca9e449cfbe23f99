//! Packages besides those of the lock, chosen so that the lock's versions stay unchanged.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{
    BuildOptions, BuildProgress, ImageError,
    base::TemporaryFolder,
    program::{FailedProgram, run_program},
    question::PythonTarget,
    run_blocking, wheels,
};
use crate::interpreter::{
    cache::EnvironmentCache,
    host::HostPython,
    lock::{LockedPackage, locked_packages, normalize_name},
    pip,
};

/// The folder within a build's folder where they are unpacked; it has the same name in the build context.
const UNPACKED: &str = "packages";

/// Fetches `options.packages` and their dependencies that the lock lacks into `folder`, and returns the folder within
/// it where they are unpacked. None of their code is run.
pub async fn fetch_extra_packages(
    target: &PythonTarget,
    options: &BuildOptions,
    cache: &EnvironmentCache,
    folder: &TemporaryFolder,
    progress: &(dyn Fn(BuildProgress) + Sync),
) -> Result<PathBuf, ImageError> {
    let locked = wheels::fetch_locked_wheels(target, options, cache, progress).await?;
    let named = options.python.clone();
    let host = run_blocking(move || HostPython::find(named.as_deref())).await??;
    let refused = |failed: FailedProgram| explain_pip_failure(&failed.output, target, &folder.0);

    let mut pinned = Vec::new();
    for package in locked_packages() {
        if package.is_for(target.python)? {
            pinned.push(package);
        }
    }
    let constraints = folder.0.join("constraints");
    let requirements: Vec<String> = pinned.iter().map(LockedPackage::requirement).collect();
    fs::write(&constraints, requirements.join("\n")).map_err(ImageError::in_cache("write", &constraints))?;

    let (tools, fetched) = (folder.0.join("tools"), folder.0.join("wheels"));
    let mut download = wheels::pip_command(&host, &tools, "download").await?.map_err(refused)?;
    download
        .args(["--only-binary", ":all:", "--progress-bar", "off"])
        .args(wheels::compatibility_options(target))
        .arg("--constraint")
        .arg(&constraints)
        .arg("--find-links")
        .arg(&locked)
        .arg("-d")
        .arg(&fetched)
        .args(&options.packages);
    let mut follower = pip::PipFollower::new(options.packages.len());
    let see = |line: &str| {
        if let Some(step) = follower.follow(line) {
            progress(BuildProgress::Packages(step));
        }
    };
    run_program(download, see).await?.map_err(refused)?;

    let unpacked = folder.0.join(UNPACKED);
    let mut install = wheels::pip_command(&host, &tools, "install").await?.map_err(refused)?;
    install
        .args(["--no-index", "--no-deps", "--no-compile", "--only-binary", ":all:"])
        .args(wheels::compatibility_options(target))
        .arg("--target")
        .arg(&unpacked)
        .args(unpinned_wheels(&fetched, &pinned)?);
    run_program(install, |_| ()).await?.map_err(refused)?;
    // A script cannot use their programs.
    let programs = unpacked.join("bin");
    if programs.exists() {
        fs::remove_dir_all(&programs).map_err(ImageError::in_cache("remove", &programs))?;
    }
    Ok(unpacked)
}

/// Returns the wheels in a folder that belong to none of the pinned packages.
fn unpinned_wheels(folder: &Path, pinned: &[LockedPackage<'_>]) -> Result<Vec<PathBuf>, ImageError> {
    let pinned: Vec<String> = pinned.iter().map(|package| normalize_name(package.name)).collect();
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(ImageError::in_cache("list", folder))? {
        let path = entry.map_err(ImageError::in_cache("list", folder))?.path();
        let file = path.file_name().unwrap_or_default().to_string_lossy();
        // A wheel's name has no hyphen but those between its parts.
        let name = normalize_name(file.split('-').next().unwrap_or_default());
        if !pinned.contains(&name) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// Returns the error that pip's messages mean.
fn explain_pip_failure(output: &str, target: &PythonTarget, folder: &Path) -> ImageError {
    use crate::interpreter::InterpreterError::NoBuild;
    if let Some((_, conflict)) = output.split_once("The conflict is caused by:") {
        let lines: Vec<&str> = conflict
            .lines()
            .map(str::trim)
            .skip(1)
            .take_while(|line| !line.is_empty())
            .collect();
        return ImageError::Conflict(lines.join("; "));
    }
    match pip::explain_failure(output, folder) {
        NoBuild { package } => ImageError::NoWheel {
            package,
            python: target.python_version(),
            machine: target.machine.clone(),
        },
        other => other.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interpreter::lock::parse_lock;

    #[test]
    fn the_locks_own_wheels_are_left_out() {
        let home = tempfile::tempdir().unwrap();
        for name in ["scikit_learn-1.8.0-cp311-none-any.whl", "Some.Thing-1-py3-none-any.whl"] {
            fs::write(home.path().join(name), "").unwrap();
        }
        let left = unpinned_wheels(home.path(), &parse_lock("scikit-learn==1.8.0")).unwrap();
        assert_eq!(left, [home.path().join("Some.Thing-1-py3-none-any.whl")]);
        assert!(
            unpinned_wheels(home.path(), &parse_lock("scikit-learn==1.8.0\nsome-thing==1"))
                .unwrap()
                .is_empty()
        );
    }

    #[test]
    fn what_cannot_be_had_is_named() {
        let target = PythonTarget {
            python: [3, 11, 2],
            machine: "x86_64".to_owned(),
            glibc: 36,
        };
        let none = "ERROR: Could not find a version that satisfies the requirement nowhere==1 (from versions: none)\n\
                    ERROR: No matching distribution found for nowhere==1";
        let error = explain_pip_failure(none, &target, Path::new("/c"));
        assert!(
            matches!(&error, ImageError::NoWheel { package, .. } if package == "nowhere==1"),
            "{error}"
        );
        let conflict = "ERROR: Cannot install a==1 because these package versions have conflicting dependencies.\n\n\
                        The conflict is caused by:\n    a 1 depends on numpy<2\n    \
                        The user requested (constraint) numpy==2.4.6\n\nTo fix this you could try to:\n";
        let error = explain_pip_failure(conflict, &target, Path::new("/c"));
        assert!(
            matches!(&error, ImageError::Conflict(said)
                if said == "a 1 depends on numpy<2; The user requested (constraint) numpy==2.4.6"),
            "{error}"
        );
    }
}
