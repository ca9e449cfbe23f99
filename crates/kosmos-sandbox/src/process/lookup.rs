//! Finds a program by its name or path.

use std::{
    fs,
    io::ErrorKind,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use super::ProcessOptions;
use crate::{Program, SandboxError, program::ProgramFault};

/// The folders of the host that are visible inside under their own names.
const SYSTEM: [&str; 7] = ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"];

/// The bare name of the interpreter that scripts run on.
const PYTHON: &str = "python3";

/// Returns the path of `program` inside.
///
/// # Errors
/// [`SandboxError::InvalidProgram`] if there is no such program, or it cannot be started from there.
pub fn find_program(options: &ProcessOptions, program: &Program) -> Result<PathBuf, SandboxError> {
    match program.bare_name() {
        Some(PYTHON) => Ok(options.python.clone()),
        Some(name) => find_in_folders(&Program::FOLDERS.map(PathBuf::from), &shown_folders(options), name),
        None => find_by_path(options, program),
    }
    .map_err(|fault| program.invalid_because(fault))
}

/// Returns the first file called `name` in `folders` that can be started.
fn find_in_folders(folders: &[PathBuf], shown: &[PathBuf], name: &str) -> Result<PathBuf, ProgramFault> {
    let mut first = None;
    for folder in folders {
        let path = folder.join(name);
        match check_startable(&path, shown) {
            Ok(()) => return Ok(path),
            Err(ProgramFault::NoFile(_)) => {}
            // Reported only if the program is in none of the other folders either.
            Err(fault) => first = first.or(Some(fault)),
        }
    }
    Err(first.unwrap_or_else(|| ProgramFault::NotInFolders {
        name: name.to_owned(),
        folders: folders.iter().map(|folder| folder.display().to_string()).collect(),
    }))
}

fn find_by_path(options: &ProcessOptions, program: &Program) -> Result<PathBuf, ProgramFault> {
    let path = &program.program;
    let mut shown = shown_folders(options);
    let mount = program.mounts.iter().find(|mount| path.starts_with(&mount.inside));
    let host = match mount {
        Some(mount) if !mount.executable => {
            return Err(ProgramFault::DataMount(mount.inside.clone()));
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
    check_startable(&host, &shown).map(|()| path.clone())
}

/// Returns the folders of the host that every sandbox shows, with links resolved.
fn shown_folders(options: &ProcessOptions) -> Vec<PathBuf> {
    let system = SYSTEM.iter().map(Path::new);
    let all = system.chain(options.readonly.iter().map(PathBuf::as_path));
    all.filter_map(|path| fs::canonicalize(path).ok()).collect()
}

/// Checks that the file `host` can be started inside, where of the host only `shown` is visible.
fn check_startable(host: &Path, shown: &[PathBuf]) -> Result<(), ProgramFault> {
    let path = host.to_owned();
    let found = match fs::metadata(host) {
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Err(ProgramFault::NoFile(path));
        }
        Err(error) => {
            let cause = error.to_string();
            return Err(ProgramFault::NotExaminable { path, cause });
        }
        Ok(found) => found,
    };
    if !found.is_file() {
        return Err(ProgramFault::NotAFile(path));
    }
    if found.permissions().mode() & 0o111 == 0 {
        return Err(ProgramFault::NotExecutable(path));
    }
    match fs::canonicalize(host) {
        Ok(target) if !shown.iter().any(|folder| target.starts_with(folder)) => {
            Err(ProgramFault::NotShown { path, target })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::{Mount, ResourceLimits};

    fn options() -> ProcessOptions {
        ProcessOptions {
            launcher: "/proc/self/exe".into(),
            python: "/opt/python/bin/python3".into(),
            readonly: Vec::new(),
            scratch_links: Vec::new(),
            cgroups: true,
            warm: false,
            preload: None,
        }
    }

    fn found(program: &str, host: &Path, executable: bool) -> Result<PathBuf, SandboxError> {
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
            limits: ResourceLimits::default(),
        };
        find_program(&options(), &program)
    }

    fn file(path: &Path, mode: u32) {
        fs::write(path, "").unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn programs_are_found_where_they_are_shown() {
        let home = tempfile::tempdir().unwrap();
        let host = home.path();
        file(&host.join("agent"), 0o755);
        file(&host.join("notes"), 0o644);
        symlink("agent", host.join("link")).unwrap();
        let place = |name: &str, host: &Path| found(name, host, true).unwrap();
        assert_eq!(place("python3", host), Path::new("/opt/python/bin/python3"));
        assert_eq!(place("/bin/sh", host), Path::new("/bin/sh"));
        for name in ["/run/agent/agent", "/run/agent/link"] {
            assert_eq!(place(name, host), Path::new(name));
        }
        assert_eq!(place("/run/agent", &host.join("agent")), Path::new("/run/agent"));
        assert!(place("sh", host).ends_with("bin/sh"));

        let fault = |name: &str| found(name, host, true).unwrap_err().to_string();
        let missing = fault("no-such-program");
        assert!(missing.contains("no-such-program") && missing.contains("/usr/local/bin, /usr/bin, /bin"));
        let missing = fault("/run/agent/none");
        assert!(missing.contains(&host.join("none").display().to_string()), "{missing}");
        assert!(fault("/run/agent/notes").contains("not executable"));
        assert!(fault("/run/agent").contains("not a file"));
        let hidden = fault(&host.join("agent").display().to_string());
        assert!(hidden.contains("which the sandbox does not show"), "{hidden}");
        let closed = found("/run/agent/agent", host, false).unwrap_err().to_string();
        assert!(closed.contains("nothing in /run/agent may be started"), "{closed}");
    }

    #[test]
    fn a_link_to_a_hidden_file_is_refused_by_name() {
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
        let fault = find_in_folders(&folders, &shown, "x").unwrap_err().to_string();
        assert!(fault.contains("first/x is at") && fault.contains("hidden"), "{fault}");
        file(&second.join("x"), 0o755);
        assert_eq!(find_in_folders(&folders, &shown, "x"), Ok(second.join("x")));
    }
}
