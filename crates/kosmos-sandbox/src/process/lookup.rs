//! Where a program is that was asked for by name.

use std::{
    fs,
    io::ErrorKind,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use super::Options;
use crate::{Program, SandboxError};

/// The folders of the host that are seen inside under their own names.
const SYSTEM: [&str; 7] = ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"];

/// The bare name of the interpreter that scripts run on.
const PYTHON: &str = "python3";

/// The path of `program` inside.
///
/// # Errors
/// [`SandboxError::InvalidProgram`] if it is not there, or cannot be started from there.
pub fn find(options: &Options, program: &Program) -> Result<PathBuf, SandboxError> {
    match program.bare_name() {
        Some(PYTHON) => Ok(options.python.clone()),
        Some(name) => in_folders(&Program::FOLDERS.map(PathBuf::from), &shown(options), name),
        None => by_path(options, program),
    }
    .map_err(|reason| program.invalid(reason))
}

/// The first file called `name` in `folders` that can be started.
fn in_folders(folders: &[PathBuf], shown: &[PathBuf], name: &str) -> Result<PathBuf, String> {
    let mut fault = None;
    for folder in folders {
        let path = folder.join(name);
        match look(&path, shown) {
            Ok(()) => return Ok(path),
            Err(Fault::Missing) => {}
            // Said only if it is in none of the others either.
            Err(Fault::Unfit(reason)) => fault = fault.or(Some(reason)),
        }
    }
    Err(fault.unwrap_or_else(|| {
        let folders: Vec<_> = folders.iter().map(|folder| folder.display().to_string()).collect();
        format!(
            "there is no `{name}` in {}; install it, or give its absolute path",
            folders.join(", ")
        )
    }))
}

fn by_path(options: &Options, program: &Program) -> Result<PathBuf, String> {
    let path = &program.program;
    let mut shown = shown(options);
    let mount = program.mounts.iter().find(|mount| path.starts_with(&mount.inside));
    let host = match mount {
        Some(mount) if !mount.executable => {
            return Err(format!("nothing in {} may be started", mount.inside.display()));
        }
        Some(mount) => {
            shown.extend(fs::canonicalize(&mount.host));
            match path.strip_prefix(&mount.inside) {
                Ok(within) if !within.as_os_str().is_empty() => mount.host.join(within),
                _ => mount.host.clone(),
            }
        }
        None => path.clone(),
    };
    match look(&host, &shown) {
        Ok(()) => Ok(path.clone()),
        Err(Fault::Missing) => Err(format!("there is no file {}", host.display())),
        Err(Fault::Unfit(reason)) => Err(reason),
    }
}

/// What of the host is seen inside in every case, without links.
fn shown(options: &Options) -> Vec<PathBuf> {
    let system = SYSTEM.iter().map(Path::new);
    let all = system.chain(options.readonly.iter().map(PathBuf::as_path));
    all.filter_map(|path| fs::canonicalize(path).ok()).collect()
}

/// Why a file is not the program that is looked for.
enum Fault {
    Missing,
    /// It is there, and cannot be started.
    Unfit(String),
}

/// Whether the file `host` can be started inside, where of the host only `shown` is seen.
fn look(host: &Path, shown: &[PathBuf]) -> Result<(), Fault> {
    let path = host.display();
    let found = match fs::metadata(host) {
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Err(Fault::Missing);
        }
        Err(error) => return Err(Fault::Unfit(format!("{path} cannot be looked at: {error}"))),
        Ok(found) => found,
    };
    if !found.is_file() {
        return Err(Fault::Unfit(format!("{path} is not a file")));
    }
    if found.permissions().mode() & 0o111 == 0 {
        let reason = format!("{path} may not be executed; give it the right to (chmod +x)");
        return Err(Fault::Unfit(reason));
    }
    match fs::canonicalize(host) {
        Ok(target) if !shown.iter().any(|folder| target.starts_with(folder)) => Err(Fault::Unfit(format!(
            "{path} is at {}, which is not seen in the sandbox",
            target.display()
        ))),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::{Limits, Mount};

    fn options() -> Options {
        Options {
            launcher: "/proc/self/exe".into(),
            python: "/opt/python/bin/python3".into(),
            readonly: Vec::new(),
            scratch_links: Vec::new(),
            cgroups: true,
            warm: false,
            preload: None,
        }
    }

    fn found(program: &str, host: &Path, executable: bool) -> Result<PathBuf, String> {
        let program = Program {
            key: "k".to_owned(),
            program: program.into(),
            arguments: Vec::new(),
            environment: Vec::new(),
            scratch: "/s".into(),
            mounts: vec![Mount {
                host: host.to_owned(),
                inside: "/run/agent".into(),
                executable,
            }],
            limits: Limits::default(),
        };
        find(&options(), &program).map_err(|error| error.to_string())
    }

    fn file(path: &Path, mode: u32) {
        fs::write(path, "").unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn programs_are_found_where_they_are_seen() {
        let home = tempfile::tempdir().unwrap();
        let host = home.path();
        file(&host.join("agent"), 0o755);
        file(&host.join("notes"), 0o644);
        symlink("agent", host.join("link")).unwrap();
        let path = |text: &str| Ok(PathBuf::from(text));
        assert_eq!(found("python3", host, true), path("/opt/python/bin/python3"));
        assert_eq!(found("/bin/sh", host, true), path("/bin/sh"));
        for name in ["/run/agent/agent", "/run/agent/link"] {
            assert_eq!(found(name, host, true), path(name));
        }
        assert_eq!(found("/run/agent", &host.join("agent"), true), path("/run/agent"));
        assert!(found("sh", host, true).unwrap().ends_with("bin/sh"));

        let fault = |name: &str| found(name, host, true).unwrap_err();
        let missing = fault("no-such-program");
        assert!(missing.contains("no-such-program") && missing.contains("/usr/local/bin, /usr/bin, /bin"));
        let missing = fault("/run/agent/none");
        assert!(missing.contains(&host.join("none").display().to_string()), "{missing}");
        assert!(fault("/run/agent/notes").contains("chmod +x"));
        assert!(fault("/run/agent").contains("not a file"));
        let hidden = found(&host.join("agent").display().to_string(), host, true).unwrap_err();
        assert!(hidden.contains("not seen in the sandbox"), "{hidden}");
        let closed = found("/run/agent/agent", host, false).unwrap_err();
        assert!(closed.contains("nothing in /run/agent may be started"), "{closed}");
    }

    #[test]
    fn a_name_that_leads_out_of_sight_is_said_to() {
        let home = tempfile::tempdir().unwrap();
        let (first, second) = (home.path().join("first"), home.path().join("second"));
        for folder in [&first, &second] {
            fs::create_dir(folder).unwrap();
        }
        let hidden = home.path().join("hidden");
        file(&hidden, 0o755);
        symlink(&hidden, first.join("x")).unwrap();
        let folders = [first.clone(), second.clone()];
        let shown = [fs::canonicalize(&second).unwrap()];
        let fault = in_folders(&folders, &shown, "x").unwrap_err();
        assert!(fault.contains("first/x is at") && fault.contains("hidden"), "{fault}");
        file(&second.join("x"), 0o755);
        assert_eq!(in_folders(&folders, &shown, "x"), Ok(second.join("x")));
    }
}
