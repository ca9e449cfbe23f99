//! The packages that scripts may import in addition to those of the lock.

use std::collections::BTreeSet;

use super::{Backend, SandboxSettings};
use crate::interpreter::lock::{locked_packages, normalize_name};

/// Why the list of packages is invalid.
#[derive(Debug, thiserror::Error)]
pub(super) enum PackagesError {
    #[error("{0:?} is not of the form name==version, without spaces, options, extras or addresses")]
    Form(String),
    #[error("{0} is in the image already, and its version is fixed")]
    Locked(String),
    #[error("{0} is listed twice")]
    Twice(String),
    #[error("the process backend cannot have additional packages")]
    ProcessBackend,
    #[error("sandbox.image names an image, which has its own packages")]
    Image,
}

impl PackagesError {
    /// The remedy, if the message does not imply it.
    pub(super) fn help(&self) -> Option<String> {
        match self {
            Self::ProcessBackend => Some("set sandbox.backend to \"docker\"".to_owned()),
            Self::Image => Some("leave out sandbox.image or sandbox.packages".to_owned()),
            Self::Form(_) | Self::Locked(_) | Self::Twice(_) => None,
        }
    }
}

/// Checks the list of packages, and that an image with them can be built.
pub(super) fn check_packages(sandbox: &SandboxSettings) -> Result<(), PackagesError> {
    if sandbox.packages.is_empty() {
        return Ok(());
    }
    let mut names = BTreeSet::new();
    for package in &sandbox.packages {
        let name = package_name(package).ok_or_else(|| PackagesError::Form(package.clone()))?;
        let plain = normalize_name(name);
        if is_locked(&plain) {
            return Err(PackagesError::Locked(name.to_owned()));
        }
        if !names.insert(plain) {
            return Err(PackagesError::Twice(name.to_owned()));
        }
    }
    if sandbox.backend == Backend::Process {
        return Err(PackagesError::ProcessBackend);
    }
    if sandbox.image.is_some() {
        return Err(PackagesError::Image);
    }
    Ok(())
}

/// The name in `name==version`, if both are well-formed.
fn package_name(package: &str) -> Option<&str> {
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
            assert!(package_name(good).is_some(), "{good}");
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
            assert_eq!(package_name(wrong), None, "{wrong}");
        }
    }
}
