//! The packages that scripts may import besides those of the lock.

use std::collections::BTreeSet;

use super::Backend;
use super::sandbox::Sandbox;
use crate::interpreter::lock::{locked_packages, normalize_name};

/// Checks the list, and that what it is for can be made. The error is what is wrong with it.
pub(super) fn check(sandbox: &Sandbox) -> Result<(), String> {
    if sandbox.packages.is_empty() {
        return Ok(());
    }
    let mut names = BTreeSet::new();
    for package in &sandbox.packages {
        let name = name(package).ok_or_else(|| {
            format!("{package:?} is not of the form name==version, without spaces, options, extras or addresses")
        })?;
        let plain = normalize_name(name);
        if is_locked(&plain) {
            return Err(format!("{name} is in the image already, and its version is fixed"));
        }
        if !names.insert(plain) {
            return Err(format!("{name} is listed twice"));
        }
    }
    if sandbox.backend == Backend::Process {
        return Err("the process backend has no packages but its own; set sandbox.backend to \"docker\"".to_owned());
    }
    if sandbox.image.is_some() {
        return Err("sandbox.image names an image, which has its own packages; leave out one of the two".to_owned());
    }
    Ok(())
}

/// The name in `name==version`, if it is one and the version is a single one.
fn name(package: &str) -> Option<&str> {
    let (name, version) = package.split_once("==")?;
    let among = |text: &str, more: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c));
    let ends = |text: &str| {
        text.starts_with(|c: char| c.is_ascii_alphanumeric()) && text.ends_with(|c: char| c.is_ascii_alphanumeric())
    };
    let is_name = ends(name) && among(name, "-_.");
    let is_version = version.starts_with(|c: char| c.is_ascii_digit()) && ends(version) && among(version, ".+!");
    (is_name && is_version).then_some(name)
}

fn is_locked(plain_name: &str) -> bool {
    locked_packages()
        .iter()
        .any(|locked| normalize_name(locked.name) == plain_name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_exact_version_of_a_plain_name_will_do() {
        for good in [
            "tabulate==0.9.0",
            "Scikit_Posthocs==0.11",
            "a==1!2.0rc1+cu12",
            "a.b-c==1",
        ] {
            assert!(name(good).is_some(), "{good}");
        }
        for wrong in [
            "",
            "tabulate",
            "tabulate>=0.9",
            "tabulate==",
            "==1",
            "tabulate==0.*",
            "tabulate===0.9.0",
            "tabulate == 0.9.0",
            "tabulate[widechars]==0.9.0",
            "tabulate==0.9.0 ; python_version<'4'",
            "tabulate==0.9.0 --hash=sha256:0",
            "-rx==1",
            "--index-url==1",
            "./tabulate==1",
            "/srv/t==1",
            "https://localhost/t==1",
            "tabulate @ https://localhost/t.whl",
            "a==1,b==2",
            "a==1\nb==2",
            "a==v1",
        ] {
            assert_eq!(name(wrong), None, "{wrong}");
        }
    }
}
