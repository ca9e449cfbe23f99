//! Turns a job into the policy for the launcher.

use std::{
    fs,
    path::{Path, PathBuf},
};

use rustix::thread::CapabilitySet;

use super::{
    ProcessOptions,
    cgroup::Cgroups,
    policy::{Access, Bind, Identity, LaunchPolicy, ProcessLimits, WorkspacePlan},
    run::ProcessContext,
    staging::InputStaging,
};
use crate::{Job, Language, ResourceLimits, SandboxError, environment::script_environment};

/// Address space in bytes beyond the memory limit that a process may reserve where no cgroup counts memory:
/// libraries reserve much more than they use.
const RESERVED_BYTES: u64 = 4 << 30;

/// Allowance for other processes of the same user, where the kernel counts all of them together. It keeps a
/// fork bomb small enough for watching to end it.
const CROWD: u64 = 1000;

/// What a script sees of `/usr`: programs and libraries, and the data that they need. An interpreter with its packages
/// is beneath these, or has its own bind.
const SYSTEM_OF_SCRIPTS: [&str; 22] = [
    "/usr/bin",
    "/usr/sbin",
    "/usr/lib",
    "/usr/lib32",
    "/usr/lib64",
    "/usr/libx32",
    "/usr/libexec",
    "/usr/local/bin",
    "/usr/local/lib",
    "/usr/local/lib64",
    "/usr/share/R",
    "/usr/share/X11/locale",
    "/usr/share/fonts",
    "/usr/share/i18n",
    "/usr/share/locale",
    "/usr/share/mime",
    "/usr/share/misc",
    "/usr/share/perl",
    "/usr/share/perl5",
    "/usr/share/python3",
    "/usr/share/terminfo",
    "/usr/share/zoneinfo",
];

/// The files that an agent's program sees: it may be written in any language.
pub const SYSTEM_OF_PROGRAMS: [&str; 1] = ["/usr"];

/// Chooses the user that scripts run as: another user if Kosmos has the privileges of root, else a mapped one.
pub fn choose_identity() -> Identity {
    let needed = CapabilitySet::SYS_ADMIN
        | CapabilitySet::SETUID
        | CapabilitySet::SETGID
        | CapabilitySet::SETPCAP
        | CapabilitySet::CHOWN
        | CapabilitySet::DAC_OVERRIDE;
    let held = rustix::thread::capabilities(None)
        .is_ok_and(|sets| sets.effective.contains(needed) && sets.permitted.contains(needed));
    let (uid, gid) = (rustix::process::geteuid(), rustix::process::getegid());
    let id = Identity::INSIDE;
    if held && uid.is_root() && is_mapped_user(id) {
        Identity::Switched { uid: id, gid: id }
    } else {
        Identity::Mapped {
            uid: uid.as_raw(),
            gid: gid.as_raw(),
        }
    }
}

/// Returns true if user `id` exists here; in some containers only a few do.
fn is_mapped_user(id: u32) -> bool {
    let map = fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
    map.lines().any(|line| {
        let mut numbers = line.split_whitespace().map(str::parse::<u64>);
        let (Some(Ok(first)), _, Some(Ok(count))) = (numbers.next(), numbers.next(), numbers.next()) else {
            return false;
        };
        (first..first.saturating_add(count)).contains(&id.into())
    })
}

/// Returns the policy for `job`, which has been validated. `workspace` is its workspace's path with links resolved.
pub fn job_policy(
    site: &ProcessContext,
    job: &Job,
    workspace: &Path,
    staging: &mut InputStaging,
) -> Result<LaunchPolicy, SandboxError> {
    let options = &site.options;
    let system = SYSTEM_OF_SCRIPTS.map(PathBuf::from).to_vec();
    let mut binds = interpreter_binds(options, &system)?;
    let (program, arguments) = script_command(options, job)?;
    if job.language == Language::R {
        add_r_settings(&mut binds);
    }
    let run = Path::new("/run");
    for input in &job.inputs {
        binds.push(Bind {
            host: readable_path(&input.host, site.identity, staging)?,
            inside: run.join(&input.inside),
            access: Access::Read,
        });
    }
    Ok(LaunchPolicy {
        identity: site.identity,
        system,
        binds,
        scratch_links: options.scratch_links.clone(),
        program,
        arguments,
        environment: script_environment(),
        workspace: WorkspacePlan {
            host: workspace.to_owned(),
            inside: run.join(job.workspace_inside()),
            bytes: job.limits.workspace_bytes,
            files: job.limits.workspace_files,
        },
        tmp_bytes: job.limits.tmp_bytes,
        limits: process_limits(&job.limits, &site.cgroups, site.identity),
        warm: options.warm && job.language == Language::Python,
    })
}

/// Returns the binds that the interpreter needs besides the folders of the `system` and `/lib*`.
pub fn interpreter_binds(options: &ProcessOptions, system: &[PathBuf]) -> Result<Vec<Bind>, SandboxError> {
    let mut binds = Vec::new();
    for path in &options.readonly {
        let host = fs::canonicalize(path).map_err(SandboxError::on_host("find", path))?;
        // Links may lead here by another path, so it appears under both.
        add_readonly(&mut binds, system, &host, &host);
        add_readonly(&mut binds, system, &host, path);
    }
    Ok(binds)
}

/// Returns a path from which `host` can be bound: with links resolved, or that of a readable copy.
pub fn readable_path(host: &Path, identity: Identity, staging: &mut InputStaging) -> Result<PathBuf, SandboxError> {
    let found = fs::canonicalize(host).map_err(SandboxError::on_host("find", host))?;
    staging
        .readable_path(&found, identity)
        .map_err(SandboxError::on_host("read", &found))
}

/// Adds R's settings, which systems keep outside of `/usr`.
pub fn add_r_settings(binds: &mut Vec<Bind>) {
    let settings = Path::new("/etc/R");
    if settings.exists() {
        add_readonly(binds, &[], settings, settings);
    }
}

fn add_readonly(binds: &mut Vec<Bind>, system: &[PathBuf], host: &Path, inside: &Path) {
    let bound = binds.iter().map(|bind| &bind.inside);
    let visible = bound.chain(system).any(|folder| inside.starts_with(folder));
    if !visible {
        binds.push(Bind {
            host: host.to_owned(),
            inside: inside.to_owned(),
            access: Access::Execute,
        });
    }
}

const RSCRIPT: &str = "/usr/bin/Rscript";

/// Returns the program that runs `job`, and its arguments.
fn script_command(options: &ProcessOptions, job: &Job) -> Result<(PathBuf, Vec<String>), SandboxError> {
    let (program, flags) = match job.language {
        Language::Python => (options.python.clone(), PYTHON_FLAGS.as_slice()),
        Language::R if !Path::new(RSCRIPT).exists() => {
            return Err(SandboxError::Unavailable {
                missing: vec![format!("R is not installed on this machine: there is no {RSCRIPT}")],
                remedy: "install it, or set the sandbox's backend to `docker`, whose image contains it".to_owned(),
            });
        }
        Language::R => (PathBuf::from(RSCRIPT), ["--vanilla"].as_slice()),
    };
    let arguments = flags.iter().copied().chain([job.script.as_str()]);
    Ok((program, arguments.map(str::to_owned).collect()))
}

/// Neither `-I` nor `-E`, because the sandbox sets `PYTHON*` variables itself. `-u`: output is not
/// buffered, because the last lines before a script is ended matter most. `-s` skips packages in a home
/// folder, of which there is none. The script's folder stays first in the search path, so that a
/// preamble beside the script can be imported.
pub const PYTHON_FLAGS: [&str; 2] = ["-s", "-u"];

/// Returns the limits of each process.
pub fn process_limits(limits: &ResourceLimits, cgroups: &Cgroups, identity: Identity) -> ProcessLimits {
    let memory = limits.memory_bytes.saturating_add(RESERVED_BYTES);
    let processes = if cgroups.limits_processes() {
        None
    } else if kernel_limits_processes(cgroups, identity) {
        // Launcher and init are in the user namespace too.
        Some(limits.processes.saturating_add(2))
    } else if identity.is_mapped() {
        None
    } else {
        Some(limits.processes.saturating_add(CROWD))
    };
    ProcessLimits {
        cpu_seconds: limits.cpu.as_secs() + u64::from(limits.cpu.subsec_nanos() > 0),
        file_bytes: limits.file_bytes,
        open_files: limits.open_files,
        address_space_bytes: (!cgroups.limits_memory()).then_some(memory),
        processes,
    }
}

/// Returns true if the kernel itself limits the number of processes; otherwise it is only watched.
pub fn kernel_limits_processes(cgroups: &Cgroups, identity: Identity) -> bool {
    cgroups.limits_processes() || (identity.is_mapped() && kernel_counts_per_namespace())
}

/// Returns true since Linux 5.14, where RLIMIT_NPROC counts a user's processes separately in each user namespace;
/// before, a user's browser would have counted too.
fn kernel_counts_per_namespace() -> bool {
    let uname = rustix::system::uname();
    let release = uname.release().to_string_lossy();
    let mut numbers = release
        .split(|c: char| !c.is_ascii_digit())
        .map(|part| part.parse::<u32>().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)) >= (5, 14)
}

/// Returns the path of `workspace` on the host with links resolved.
pub fn resolve_workspace(workspace: &Path) -> Result<PathBuf, SandboxError> {
    fs::canonicalize(workspace).map_err(SandboxError::on_host("find", workspace))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_within_another_is_bound_once() {
        let mut binds = Vec::new();
        for path in [
            "/opt/py",
            "/opt/py/lib",
            "/usr/lib/python3",
            "/usr/share/pyenv",
            "/opt/python",
        ] {
            add_readonly(&mut binds, &["/usr/lib".into()], Path::new(path), Path::new(path));
        }
        let inside: Vec<_> = binds.iter().map(|bind| bind.inside.as_path()).collect();
        let expected = ["/opt/py", "/usr/share/pyenv", "/opt/python"];
        assert_eq!(inside, expected.map(Path::new));
    }
    #[test]
    fn processes_are_limited_where_no_cgroup_does_it() {
        let limits = ResourceLimits {
            processes: 10,
            ..ResourceLimits::default()
        };
        let none = Cgroups::Unusable("none".to_owned());
        let limited = |identity| process_limits(&limits, &none, identity).processes;
        let switched = Identity::Switched { uid: 1, gid: 1 };
        assert_eq!(limited(switched), Some(10 + CROWD));
        let mapped = Identity::Mapped { uid: 1, gid: 1 };
        assert_eq!(limited(mapped), kernel_counts_per_namespace().then_some(12));
    }
}
