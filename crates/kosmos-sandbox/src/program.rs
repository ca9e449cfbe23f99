//! A program that is talked to while it runs.

use std::path::{Path, PathBuf};

use super::{
    Limits, SandboxError,
    job::{is_plain, overlap},
};

/// A program to be started in the process sandbox, see [`Session`](super::Session).
///
/// Inside, its scratch folder is [`Program::SCRATCH`], the current folder, and the only place besides `/tmp` that can be
/// written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// Whose program it is, for errors; also names its cgroup.
    pub key: String,
    /// An absolute path inside, or a bare name that is looked up in [`Program::FOLDERS`]. The bare name `python3` is the
    /// interpreter that scripts run on.
    pub program: PathBuf,
    /// What it is given after its own name.
    pub arguments: Vec<String>,
    /// Environment variables besides those that every script has; of two with one name, this one counts.
    pub environment: Vec<(String, String)>,
    /// The host's folder that becomes the scratch folder.
    pub scratch: PathBuf,
    /// What it may read besides.
    pub mounts: Vec<Mount>,
    /// How much it may use. Its time on the clock is not limited, nor what it writes to its streams, so `wall` and
    /// `stdout_bytes` do not count.
    pub limits: Limits,
}

/// A file or folder of the host that a program may read and not change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    /// Where it is on the host.
    pub host: PathBuf,
    /// Where it appears, an absolute path beneath `/run`.
    pub inside: PathBuf,
    /// Whether programs and libraries in it may be started and loaded.
    pub executable: bool,
}

impl Program {
    /// Where the scratch folder appears.
    pub const SCRATCH: &str = "/run/scratch";

    /// Where bare names are looked up, in this order.
    pub const FOLDERS: [&str; 3] = ["/usr/local/bin", "/usr/bin", "/bin"];

    /// Checks everything that can be checked without touching a disk.
    ///
    /// # Errors
    /// [`SandboxError::InvalidProgram`] with the reason.
    pub fn check(&self) -> Result<(), SandboxError> {
        self.fault().map_or(Ok(()), |reason| Err(self.invalid(reason)))
    }

    /// The error that says why it cannot be started.
    pub(super) fn invalid(&self, reason: String) -> SandboxError {
        SandboxError::InvalidProgram {
            key: self.key.clone(),
            program: self.program.clone(),
            reason,
        }
    }

    /// Its name, if it is a bare one.
    pub(super) fn bare_name(&self) -> Option<&str> {
        let name = self.program.to_str()?;
        (is_plain(&self.program) && !name.contains('/')).then_some(name)
    }

    fn fault(&self) -> Option<String> {
        if self.bare_name().is_none() && !self.program.is_absolute() {
            return Some("it is neither an absolute path nor a bare name".to_owned());
        }
        let mut texts = self
            .arguments
            .iter()
            .chain(self.environment.iter().map(|(_, value)| value));
        if texts.any(|text| text.contains('\0')) {
            return Some("an argument or a variable's value has a zero byte in it".to_owned());
        }
        let is_variable = |name: &str| !name.is_empty() && !name.contains(['=', '\0']);
        if let Some((name, _)) = self.environment.iter().find(|(name, _)| !is_variable(name)) {
            return Some(format!("`{name}` is not a variable's name"));
        }
        self.mounts.iter().enumerate().find_map(|(n, mount)| {
            let shown = mount.inside.display();
            let within = mount.inside.strip_prefix("/run").unwrap_or(Path::new(""));
            if !is_plain(within) {
                return Some(format!("the mount `{shown}` is not beneath /run or has dots in it"));
            }
            let earlier = self.mounts.iter().take(n).map(|other| other.inside.as_path());
            let other = earlier
                .chain([Path::new(Self::SCRATCH)])
                .find(|other| overlap(other, &mount.inside))?;
            Some(format!("the mounts `{}` and `{shown}` overlap", other.display()))
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
            limits: Limits::default(),
        }
    }

    #[test]
    fn only_plain_programs_pass() {
        program("perl", &["/run/agent", "/run/files/a.csv", "/run/files/b"], "A")
            .check()
            .unwrap();
        program("/run/agent/bin/x", &[], "A").check().unwrap();
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
            assert!(wrong.check().is_err(), "{wrong:?}");
        }
        let zero = Program {
            arguments: vec!["a\0b".to_owned()],
            ..program("perl", &[], "A")
        };
        assert!(zero.check().is_err());
    }
}
