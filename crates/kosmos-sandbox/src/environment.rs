//! The environment variables that a script sees, and those that a helper program gets.

use std::{env, ffi::OsString};

/// Returns all environment variables that a script sees, the same in every backend.
pub(super) fn script_environment() -> Vec<(String, String)> {
    let fixed = [
        ("PATH", "/usr/local/bin:/usr/bin:/bin"),
        ("HOME", "/tmp"),
        ("LANG", "C.UTF-8"),
        ("PYTHONHASHSEED", "0"),
        ("PYTHONDONTWRITEBYTECODE", "1"),
        ("OMP_NUM_THREADS", "1"),
        ("OPENBLAS_NUM_THREADS", "1"),
        ("MKL_NUM_THREADS", "1"),
        ("MPLBACKEND", "Agg"),
        ("MPLCONFIGDIR", "/tmp"),
    ];
    let mut all: Vec<(String, String)> = fixed.map(|(key, value)| (key.to_owned(), value.to_owned())).to_vec();
    // Older builds of OpenBLAS compute wrong results on some processors without it.
    if let Ok(core) = env::var("OPENBLAS_CORETYPE")
        && core.chars().all(|c| c.is_ascii_alphanumeric())
    {
        all.push(("OPENBLAS_CORETYPE".to_owned(), core));
    }
    all
}

/// The variables of Kosmos's own environment that a program of the host gets: none of them is a secret. Version
/// managers such as pyenv need theirs to find the interpreter that a name means.
const FOR_HELPERS: [&str; 14] = [
    "PATH",
    "HOME",
    "LANG",
    "LANGUAGE",
    "LC_ALL",
    "LC_CTYPE",
    "TMPDIR",
    "LD_LIBRARY_PATH",
    "PYENV_ROOT",
    "PYENV_VERSION",
    "ASDF_DIR",
    "ASDF_DATA_DIR",
    "MISE_DATA_DIR",
    "OPENBLAS_CORETYPE",
];

/// Those that a program gets in addition if it fetches packages: where from, by which proxy, whom to trust.
const FOR_FETCHING: [&str; 21] = [
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "NETRC",
    "XDG_CONFIG_HOME",
    "XDG_CONFIG_DIRS",
    "XDG_CACHE_HOME",
    "APT_CONFIG",
    "DEBOOTSTRAP_DIR",
    "DEBIAN_FRONTEND",
    "SOURCE_DATE_EPOCH",
    "USER",
];

/// All variables of pip begin with this.
const PIP: &str = "PIP_";

/// Settings of pip that a user may have for other installs and that would break ours. All others apply.
const ASTRAY: [&str; 8] = [
    "PIP_USER",
    "PIP_TARGET",
    "PIP_PREFIX",
    "PIP_ROOT",
    "PIP_REQUIREMENT",
    "PIP_CONSTRAINT",
    "PIP_NO_BINARY",
    "PIP_DRY_RUN",
];

/// Returns the environment of a program of the host that Kosmos asks or has work, such as a Python: of Kosmos's own
/// variables, which may hold keys and passwords, it gets only those that are listed here.
pub(super) fn helper_environment() -> impl Iterator<Item = (OsString, OsString)> {
    env::vars_os().filter(|(name, _)| name.to_str().is_some_and(|name| FOR_HELPERS.contains(&name)))
}

/// Returns the environment of a program of the host that fetches packages.
pub(super) fn fetching_environment() -> impl Iterator<Item = (OsString, OsString)> {
    env::vars_os().filter(|(name, _)| name.to_str().is_some_and(is_for_fetching))
}

fn is_for_fetching(name: &str) -> bool {
    FOR_HELPERS.contains(&name) || FOR_FETCHING.contains(&name) || (name.starts_with(PIP) && !ASTRAY.contains(&name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_passwords_are_not_handed_on() {
        for name in [
            "OPENAI_API_KEY",
            "NEO4J_PASSWORD",
            "AWS_SECRET_ACCESS_KEY",
            "PYTHONPATH",
            "LD_PRELOAD",
            "PIP_TARGET",
        ] {
            assert!(!is_for_fetching(name) && !FOR_HELPERS.contains(&name), "{name}");
        }
        assert!(is_for_fetching("PIP_INDEX_URL") && !FOR_HELPERS.contains(&"PIP_INDEX_URL"));
        assert!(helper_environment().any(|(name, _)| name == "PATH"));
    }
}
