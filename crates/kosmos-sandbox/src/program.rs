//! A program that exchanges data with Kosmos while it runs.

use std::path::{Path, PathBuf};

use super::{
    ResourceLimits, SandboxError,
    job::{is_plain, overlap},
};

/// A program to be started in the process sandbox, see [`Session`](super::Session).
///
/// Inside, its scratch folder is [`Program::SCRATCH`], the current folder, and the only place besides `/tmp` that can
/// be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// Whose program it is, for errors; also names its cgroup.
    pub key: String,
    /// An absolute path inside, or a bare name that is looked up in [`Program::FOLDERS`]. The bare name `python3` is
    /// the interpreter that scripts run on.
    pub program: PathBuf,
    /// Its arguments, without its own name.
    pub arguments: Vec<String>,
    /// Environment variables in addition to those that every script has; they win over those of the same name.
    pub environment: Vec<(String, String)>,
    /// The host's folder that becomes the scratch folder.
    pub scratch: PathBuf,
    /// Files and folders that it may read.
    pub mounts: Vec<Mount>,
    /// How much it may use. Neither its wall-clock time nor its output is limited: `wall` and `stdout_bytes` are
    /// ignored.
    pub limits: ResourceLimits,
}

/// A file or folder of the host that a program may read but not change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    /// Where it is on the host.
    pub host: PathBuf,
    /// Where it appears, an absolute path beneath `/run`.
    pub inside: PathBuf,
    /// Whether programs and libraries in it may be started and loaded.
    pub executable: bool,
}

/// Why a program cannot be started.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProgramFault {
    /// Its path is relative and has several parts.
    #[error("it is neither an absolute path nor a bare name")]
    RelativePath,
    /// The system ends texts at a zero byte.
    #[error("an argument or the value of a variable contains a zero byte")]
    ZeroByte,
    /// An environment variable cannot have this name.
    #[error("`{0}` is not the name of a variable")]
    VariableName(String),
    /// A mount's path is not allowed.
    #[error("the mount `{}` is not beneath /run or contains dots", .0.display())]
    MountPath(PathBuf),
    /// Two mounts would hide parts of each other.
    #[error("the mounts `{}` and `{}` overlap", .0.display(), .1.display())]
    MountsOverlap(PathBuf, PathBuf),
    /// No folder of programs has it.
    #[error("there is no `{name}` in {}", folders.join(", "))]
    NotInFolders {
        /// The bare name.
        name: String,
        /// The folders that were searched.
        folders: Vec<String>,
    },
    /// There is no file at its path on the host.
    #[error("there is no file {}", .0.display())]
    NoFile(PathBuf),
    /// It is in a mount from which nothing may be started.
    #[error("nothing in {} may be started", .0.display())]
    DataMount(PathBuf),
    /// The file cannot be examined.
    #[error("cannot examine {}: {cause}", path.display())]
    NotExaminable {
        /// The file.
        path: PathBuf,
        /// The system's message.
        cause: String,
    },
    /// There is something else at its path.
    #[error("{} is not a file", .0.display())]
    NotAFile(PathBuf),
    /// The file's mode forbids to execute it.
    #[error("{} is not executable", .0.display())]
    NotExecutable(PathBuf),
    /// It is, or leads to, a file outside of what the sandbox shows.
    #[error("{} is at {}, which the sandbox does not show", path.display(), target.display())]
    NotShown {
        /// Its path on the host.
        path: PathBuf,
        /// The file that it leads to.
        target: PathBuf,
    },
}

impl ProgramFault {
    /// Says what to do about it, where something specific is known.
    #[must_use]
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::RelativePath => Some("give its absolute path, or a bare name"),
            Self::NotInFolders { .. } => Some("install it, or give its absolute path"),
            Self::NotExecutable(_) => Some("make it executable (chmod +x)"),
            _ => None,
        }
    }
}

impl Program {
    /// Where the scratch folder appears.
    pub const SCRATCH: &str = "/run/scratch";

    /// Where bare names are looked up, in this order.
    pub const FOLDERS: [&str; 3] = ["/usr/local/bin", "/usr/bin", "/bin"];

    /// Checks everything that can be checked without reading a disk.
    ///
    /// # Errors
    /// [`SandboxError::InvalidProgram`] with the reason.
    pub fn validate(&self) -> Result<(), SandboxError> {
        self.find_fault()
            .map_or(Ok(()), |fault| Err(self.invalid_because(fault)))
    }

    /// Returns the error that says why it cannot be started.
    pub(super) fn invalid_because(&self, fault: ProgramFault) -> SandboxError {
        SandboxError::InvalidProgram {
            key: self.key.clone(),
            program: self.program.clone(),
            fault,
        }
    }

    /// Returns its name, if it is a bare one.
    pub(super) fn bare_name(&self) -> Option<&str> {
        let name = self.program.to_str()?;
        (is_plain(&self.program) && !name.contains('/')).then_some(name)
    }

    fn find_fault(&self) -> Option<ProgramFault> {
        if self.bare_name().is_none() && !self.program.is_absolute() {
            return Some(ProgramFault::RelativePath);
        }
        let mut texts = self
            .arguments
            .iter()
            .chain(self.environment.iter().map(|(_, value)| value));
        if texts.any(|text| text.contains('\0')) {
            return Some(ProgramFault::ZeroByte);
        }
        let is_variable = |name: &str| !name.is_empty() && !name.contains(['=', '\0']);
        if let Some((name, _)) = self.environment.iter().find(|(name, _)| !is_variable(name)) {
            return Some(ProgramFault::VariableName(name.clone()));
        }
        self.mounts.iter().enumerate().find_map(|(n, mount)| {
            let within = mount.inside.strip_prefix("/run").unwrap_or(Path::new(""));
            if !is_plain(within) {
                return Some(ProgramFault::MountPath(mount.inside.clone()));
            }
            let earlier = self.mounts.iter().take(n).map(|other| other.inside.as_path());
            let other = earlier
                .chain([Path::new(Self::SCRATCH)])
                .find(|other| overlap(other, &mount.inside))?;
            Some(ProgramFault::MountsOverlap(other.to_owned(), mount.inside.clone()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(program: &str, mounts: &[&str], variable: &str) -> Program {
        let mount = |inside: &&str| Mount {
            host: "/h".into(),
            inside: inside.into(),
            executable: false,
        };
        Program {
            key: "k".to_owned(),
            program: program.into(),
            arguments: Vec::new(),
            environment: vec![(variable.to_owned(), "x=y".to_owned())],
            scratch: "/s".into(),
            mounts: mounts.iter().map(mount).collect(),
            limits: ResourceLimits::default(),
        }
    }

    #[test]
    fn only_plain_programs_pass() {
        program("perl", &["/run/agent", "/run/files/a.csv", "/run/files/b"], "A")
            .validate()
            .unwrap();
        program("/run/agent/bin/x", &[], "A").validate().unwrap();
        for wrong in [
            program("", &[], "A"),
            program(".", &[], "A"),
            program("..", &[], "A"),
            program("./x", &[], "A"),
            program("bin/x", &[], "A"),
            program("x/", &[], "A"),
            program("perl", &[], ""),
            program("perl", &[], "A=B"),
            program("perl", &["run/agent"], "A"),
            program("perl", &["/run"], "A"),
            program("perl", &["/usr/bin"], "A"),
            program("perl", &["/run/../usr"], "A"),
            program("perl", &["/run/scratch"], "A"),
            program("perl", &["/run/scratch/x"], "A"),
            program("perl", &["/run/files", "/run/files/x"], "A"),
        ] {
            assert!(wrong.validate().is_err(), "{wrong:?}");
        }
        let zero = Program {
            arguments: vec!["a\0b".to_owned()],
            ..program("perl", &[], "A")
        };
        assert!(zero.validate().is_err());
    }
}
