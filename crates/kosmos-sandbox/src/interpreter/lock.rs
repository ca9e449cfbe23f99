//! The lock of the Python environment: which packages there are, for which Python, with which hashes.

/// The lock's text, as `uv pip compile` wrote it: each package pinned, with the hashes of its wheels.
pub const LOCK: &str = include_str!("../../python/requirements.lock");

/// One entry of a lock: a package at one version, for some or all versions of Python.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockedPackage<'a> {
    /// Its name, as the package index spells it.
    pub name: &'a str,
    /// Its version.
    pub version: &'a str,
    /// Such as `python_full_version < '3.12'`; an entry without one holds for every Python.
    condition: Option<&'a str>,
    /// SHA-256 of each of its wheels, in hexadecimal.
    hashes: Vec<&'a str>,
}

/// A condition that an entry must meet and that this program cannot evaluate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the lock's condition `{0}` is of an unknown kind")]
pub struct UnknownCondition(pub String);

/// Returns the packages of [`LOCK`], in its order.
#[must_use]
pub fn locked_packages() -> Vec<LockedPackage<'static>> {
    parse_lock(LOCK)
}

/// Reads the entries of a lock. Comments are skipped.
#[must_use]
pub fn parse_lock(text: &str) -> Vec<LockedPackage<'_>> {
    let mut packages: Vec<LockedPackage<'_>> = Vec::new();
    for line in text.lines() {
        let line = line.trim_end_matches('\\').trim_end();
        if line.starts_with(' ') {
            let hash = line.trim_start().strip_prefix("--hash=sha256:");
            if let (Some(package), Some(hash)) = (packages.last_mut(), hash) {
                package.hashes.push(hash);
            }
        } else if !line.starts_with('#')
            && let Some((name, rest)) = line.split_once("==")
        {
            let (version, condition) = match rest.split_once(';') {
                Some((version, condition)) => (version, Some(condition.trim())),
                None => (rest, None),
            };
            packages.push(LockedPackage {
                name,
                version: version.trim(),
                condition,
                hashes: Vec::new(),
            });
        }
    }
    packages
}

/// Counts the different names in a lock: a package with several versions for several Pythons counts once.
#[must_use]
pub fn count_names(packages: &[LockedPackage<'_>]) -> usize {
    let mut names: Vec<&str> = packages.iter().map(|package| package.name).collect();
    names.dedup();
    names.len()
}

/// Returns the form in which names of packages are compared: case and the kind of separator make no difference.
#[must_use]
pub fn normalize_name(name: &str) -> String {
    name.to_lowercase().replace(['_', '.'], "-")
}

impl LockedPackage<'_> {
    /// Returns whether this entry is for version `python` (major, minor, patch).
    ///
    /// # Errors
    /// If its condition compares anything but the version of Python.
    pub fn is_for(&self, python: [u32; 3]) -> Result<bool, UnknownCondition> {
        match self.condition {
            None => Ok(true),
            Some(condition) => evaluate(condition, python).ok_or_else(|| UnknownCondition(condition.to_owned())),
        }
    }

    /// Returns whether one of this entry's wheels has this SHA-256, in hexadecimal.
    #[must_use]
    pub fn has_hash(&self, sha256: &str) -> bool {
        self.hashes.contains(&sha256)
    }

    /// Returns `name==version`.
    #[must_use]
    pub fn requirement(&self) -> String {
        format!("{}=={}", self.name, self.version)
    }

    /// Returns the entry as a lock has it, without its condition.
    fn to_entry(&self) -> String {
        let hashes = self.hashes.iter().map(|hash| format!(" \\\n    --hash=sha256:{hash}"));
        self.requirement() + &hashes.collect::<String>() + "\n"
    }
}

/// Returns the lock for one version of Python, without conditions: pip would evaluate those for the Python that it runs
/// on.
///
/// # Errors
/// If a condition compares anything but the version of Python.
pub fn lock_for(text: &str, python: [u32; 3]) -> Result<String, UnknownCondition> {
    let mut entries = String::new();
    for package in parse_lock(text) {
        if package.is_for(python)? {
            entries.push_str(&package.to_entry());
        }
    }
    Ok(entries)
}

/// Returns whether a condition such as `python_full_version < '3.12'` holds; `None` if it is of another kind.
fn evaluate(condition: &str, python: [u32; 3]) -> Option<bool> {
    let words: Vec<&str> = condition.split_whitespace().collect();
    let ["python_full_version", operator, version] = words.as_slice() else {
        return None;
    };
    let mut limit = [0; 3];
    let mut parts = version.trim_matches(['\'', '"']).split('.');
    for (number, part) in limit.iter_mut().zip(&mut parts) {
        *number = part.parse().ok()?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_package_is_pinned_with_hashes() {
        let packages = locked_packages();
        let wanted = include_str!("../../python/requirements.in");
        for line in wanted.lines().filter(|line| !line.starts_with('#')) {
            assert!(LOCK.contains(line), "{line}");
        }
        assert!(!LOCK.contains("://"), "the lock names an index");
        assert!(count_names(&packages) > 15);
        for package in packages {
            assert!(!package.hashes.is_empty(), "{}", package.name);
            assert!(package.hashes.iter().all(|hash| hash.len() == 64), "{}", package.name);
        }
    }

    #[test]
    fn conditions_are_evaluated_for_the_given_python() {
        let lock = "a==1 ; python_full_version < '3.12' \\\n    --hash=sha256:1\n\
                    a==2 ; python_full_version >= '3.12' \\\n    --hash=sha256:2\n\
                    b==1 \\\n    --hash=sha256:3 \\\n    --hash=sha256:4\n";
        let old = "a==1 \\\n    --hash=sha256:1\nb==1 \\\n    --hash=sha256:3 \\\n    --hash=sha256:4\n";
        let new = "a==2 \\\n    --hash=sha256:2\nb==1 \\\n    --hash=sha256:3 \\\n    --hash=sha256:4\n";
        assert_eq!(lock_for(lock, [3, 11, 9]).unwrap(), old);
        assert_eq!(lock_for(lock, [3, 12, 0]).unwrap(), new);
        let error = lock_for("a==1 ; sys_platform == 'linux'\n", [3, 12, 0]).unwrap_err();
        assert_eq!(error, UnknownCondition("sys_platform == 'linux'".to_owned()));
        assert_eq!(count_names(&parse_lock(lock)), 2);
    }

    #[test]
    fn the_lock_has_one_version_of_each_package_for_every_python() {
        for minor in 11..=14 {
            let entries = lock_for(LOCK, [3, minor, 1]).unwrap();
            assert_eq!(parse_lock(&entries).len(), count_names(&locked_packages()), "3.{minor}");
        }
    }

    #[test]
    fn entries_without_conditions_are_copied_unchanged() {
        let entries = lock_for(LOCK, [3, 11, 1]).unwrap();
        let plain = LOCK
            .lines()
            .filter(|line| !line.contains(';') && !line.starts_with(' '));
        for line in plain {
            assert!(entries.lines().any(|entry| entry == line), "{line}");
        }
        assert!(LOCK.starts_with(parse_lock(LOCK)[0].to_entry().as_str()));
    }
}
