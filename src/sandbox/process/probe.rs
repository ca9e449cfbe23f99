//! Measuring the sandbox by attacking it.

use std::{
    env, fs,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use serde::Deserialize;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::{
    owner, plan,
    policy::Identity,
    run::{self, Ended, Site},
};
use crate::sandbox::{Guarantee, Guarantees, Held, Input, Job, Language, Limits, Outcome, Protection, SandboxError};

const ATTACK: &str = include_str!("probe.py");
const PROCESSES: u64 = 12;
const MEMORY: u64 = 96 << 20;

/// Variables that we set, and one that the interpreter may set by itself.
const ENVIRONMENT: [&str; 12] = [
    "PATH",
    "HOME",
    "LANG",
    "LC_CTYPE",
    "PYTHONHASHSEED",
    "PYTHONDONTWRITEBYTECODE",
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "MPLBACKEND",
    "MPLCONFIGDIR",
    "OPENBLAS_CORETYPE",
];

/// How far the attack got; every list is to be empty.
#[derive(Debug, Deserialize)]
struct Loot {
    sockets: Vec<String>,
    seen: Vec<String>,
    written: Vec<String>,
    inputs_changed: Vec<String>,
    input_read: bool,
    environment: Vec<String>,
    environment_of_1: bool,
    processes_seen: u64,
    capabilities: Vec<String>,
    new_privileges: bool,
    root: bool,
    filtered: bool,
    ptrace_and_namespaces: bool,
    forked: u64,
}

#[derive(Debug, Deserialize)]
struct Hoard {
    hoarded: bool,
}

/// Runs the attack and tells what held.
pub async fn probe(site: &Arc<Site>) -> Result<Guarantees, SandboxError> {
    let limited = plan::kernel_limits_processes(&site.cgroups, site.identity);
    // Where memory is watched, what is shared with the zygote counts, as imports of its own would.
    let shared = site.zygote.as_ref().map_or(0, |zygote| zygote.memory_bytes());
    let forks = if limited { 2 * PROCESSES } else { PROCESSES / 2 };
    let scene = Scene::set(forks, MEMORY + shared)?;
    let ended = run::run(Arc::clone(site), scene.job(), CancellationToken::new())
        .await
        .map_err(explain)?;
    let survived = survivor(&scene.name);
    let guarantees = table(site, &ended, survived)?;
    let missing: Vec<String> = guarantees
        .missing_essentials()
        .map(|row| format!("{}: {}", row.protection, row.how))
        .collect();
    if missing.is_empty() {
        return Ok(guarantees);
    }
    let remedy = "this is not expected on any Linux we know; set the sandbox's backend to `docker`";
    Err(SandboxError::Unavailable {
        missing,
        remedy: remedy.to_owned(),
    })
}

/// The folder in which the attack takes place, removed when dropped.
struct Scene {
    name: String,
    folder: PathBuf,
    memory_bytes: u64,
}

impl Scene {
    fn set(forks: u64, memory_bytes: u64) -> Result<Self, SandboxError> {
        let name = owner::unique_name("probe");
        let temp = env::temp_dir();
        let folder = fs::canonicalize(&temp)
            .map_err(SandboxError::host("find", &temp))?
            .join(&name);
        let failed = |action| SandboxError::host(action, &folder);
        let make = |path: &Path| fs::DirBuilder::new().mode(0o700).create(path);
        make(&folder).map_err(failed("make"))?;
        let scene = Self {
            name: name.clone(),
            folder: folder.clone(),
            memory_bytes,
        };
        make(&scene.workspace()).map_err(failed("write in"))?;
        let secret = folder.join("secret");
        let attack = json!({
            "secrets": [secret, "/sys", "/etc/shadow", "/var", "/dev/mem", "/proc/kcore"],
            "input": "../../data/token",
            "token": name,
            "forks": forks,
            "hoard": memory_bytes * 2,
        });
        for (path, text) in [
            (secret, name.clone()),
            (folder.join("token"), name.clone()),
            (scene.workspace().join("attack.json"), attack.to_string()),
            (scene.workspace().join(scene.script()), ATTACK.to_owned()),
        ] {
            fs::write(path, text).map_err(failed("write in"))?;
        }
        Ok(scene)
    }

    fn workspace(&self) -> PathBuf {
        self.folder.join("workspace")
    }

    fn script(&self) -> String {
        format!("{}.py", self.name)
    }

    fn job(&self) -> Job {
        Job {
            key: "probe".to_owned(),
            experiment: "probe".to_owned(),
            workspace: self.workspace(),
            inputs: vec![Input {
                host: self.folder.join("token"),
                inside: "data/token".into(),
            }],
            script: self.script(),
            language: Language::Python,
            limits: Limits {
                wall: Duration::from_secs(20),
                processes: PROCESSES,
                memory_bytes: self.memory_bytes,
                ..Limits::default()
            },
        }
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        // What cannot be removed now is swept at the next start.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Whether a process that runs `script` is still there.
fn survivor(script: &str) -> bool {
    let Ok(entries) = fs::read_dir("/proc") else {
        return false;
    };
    entries.flatten().any(|entry| {
        let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).contains(script)
    })
}

fn table(site: &Site, ended: &Ended, survived: bool) -> Result<Guarantees, SandboxError> {
    let execution = &ended.execution;
    let mut lines = execution.stdout.text.lines();
    let loot: Loot = lines
        .next()
        .and_then(|line| serde_json::from_str(line).ok())
        .ok_or_else(|| no_loot(ended))?;
    let hoarded = match lines.next().map(serde_json::from_str::<Hoard>) {
        Some(Ok(hoard)) => hoard.hoarded,
        _ => execution.outcome != Outcome::OutOfMemory,
    };

    let environment: Vec<&String> = loot
        .environment
        .iter()
        .filter(|name| !ENVIRONMENT.contains(&name.as_str()))
        .collect();
    let seen_or_written = [loot.seen.as_slice(), loot.written.as_slice()].concat();
    let by_user = match site.identity {
        Identity::Switched { uid, .. } => format!("runs as user {uid} without capabilities"),
        Identity::Mapped { .. } => "runs as this user in a user namespace without capabilities".to_owned(),
    };
    let groups = site.cgroups.describe();
    let rows = vec![
        row(
            Protection::NetworkIsolated,
            loot.sockets.is_empty(),
            "own network namespace; sockets other than local ones are refused",
            &format!("sockets could be opened: {}", loot.sockets.join(", ")),
        ),
        row(
            Protection::FilesystemIsolated,
            seen_or_written.is_empty(),
            "own root in memory, read-only but for the workspace and /tmp",
            &format!("could be reached: {}", seen_or_written.join(", ")),
        ),
        row(
            Protection::InputsReadOnly,
            loot.inputs_changed.is_empty() && loot.input_read,
            "inputs and interpreter are bound read-only",
            &format!("an input could be changed by {}", loot.inputs_changed.join(", ")),
        ),
        row(
            Protection::EnvironmentEmpty,
            environment.is_empty() && !loot.environment_of_1,
            "every process of the sandbox starts with an empty environment",
            &format!("variables are visible: {environment:?}"),
        ),
        row(
            Protection::ProcessesHidden,
            loot.processes_seen <= 2,
            "own process namespace",
            &format!("{} processes are visible", loot.processes_seen),
        ),
        row(
            Protection::TreeKilled,
            !survived,
            "everything ends with process 1 of the namespace, and that with the script or kosmos",
            "a process outlived the script",
        ),
        row(
            Protection::Unprivileged,
            loot.capabilities.is_empty() && !loot.new_privileges && !loot.root,
            &by_user,
            "root or capabilities could be had",
        ),
        row(
            Protection::SystemCallsFiltered,
            loot.filtered && !loot.ptrace_and_namespaces,
            "seccomp, by a list of what is allowed",
            "forbidden system calls went through",
        ),
        row(
            Protection::Landlock,
            ended.landlock,
            "second layer of file rules",
            "this kernel has no landlock; the other layers hold without it",
        ),
        limited(
            Protection::MemoryLimited,
            !hoarded,
            site.cgroups.limit_memory(),
            &format!("whole tree, by {groups}"),
            &format!("per process, and the whole tree watched every 20 ms: {groups}"),
        ),
        limited(
            Protection::ProcessesLimited,
            loot.forked <= PROCESSES,
            site.cgroups.limit_processes(),
            &format!("whole tree, by {groups}"),
            &if plan::kernel_limits_processes(&site.cgroups, site.identity) {
                format!("per user namespace: {groups}")
            } else {
                format!("the whole tree watched every 20 ms: {groups}")
            },
        ),
        Guarantee {
            protection: Protection::WorkspaceLimited,
            held: Held::Partly,
            how: "each file by the kernel, the whole looked at every 100 ms and at the end".to_owned(),
        },
    ];
    Ok(Guarantees {
        backend: "process".to_owned(),
        rows,
    })
}

fn row(protection: Protection, held: bool, how: &str, why_not: &str) -> Guarantee {
    Guarantee {
        protection,
        held: if held { Held::Fully } else { Held::Missing },
        how: if held { how } else { why_not }.to_owned(),
    }
}

fn limited(protection: Protection, held: bool, by_cgroup: bool, whole: &str, watched: &str) -> Guarantee {
    let (held, how) = match (held, by_cgroup) {
        (true, true) => (Held::Fully, whole),
        (true, false) => (Held::Partly, watched),
        (false, _) => (Held::Missing, "the limit was exceeded"),
    };
    Guarantee {
        protection,
        held,
        how: how.to_owned(),
    }
}

/// The attack itself failed, which says nothing good about running other scripts.
fn no_loot(ended: &Ended) -> SandboxError {
    let execution = &ended.execution;
    let last = execution.stderr.text.lines().last().unwrap_or("no message");
    SandboxError::Unavailable {
        missing: vec![format!("the trial script {}: {last}", execution.outcome)],
        remedy: "check that the interpreter runs by itself, and that others may read its files".to_owned(),
    }
}

/// Turns a failed set-up into what a person can do about it.
fn explain(error: SandboxError) -> SandboxError {
    let SandboxError::Setup { step, cause } = error else {
        return error;
    };
    let sysctl = |name: &str| {
        let path = format!("/proc/sys/{}", name.replace('.', "/"));
        fs::read_to_string(path).map(|value| value.trim().to_owned())
    };
    let docker = "or set the sandbox's backend to `docker`";
    let is = |name, value: &str| sysctl(name).is_ok_and(|found| found == value);
    let remedy = if is("kernel.unprivileged_userns_clone", "0") {
        format!("run `sysctl kernel.unprivileged_userns_clone=1` as root, {docker}")
    } else if is("user.max_user_namespaces", "0") {
        format!("run `sysctl user.max_user_namespaces=10000` as root, {docker}")
    } else if is("kernel.apparmor_restrict_unprivileged_userns", "1") {
        format!(
            "give kosmos an AppArmor profile that allows `userns`, or run \
             `sysctl kernel.apparmor_restrict_unprivileged_userns=0` as root, {docker}"
        )
    } else {
        format!(
            "within a container, allow it namespaces (for Docker: --security-opt seccomp=unconfined \
             --security-opt apparmor=unconfined --cap-add SYS_ADMIN); otherwise see that \
             /proc/sys/user/max_*_namespaces is not 0, {docker}"
        )
    };
    SandboxError::Unavailable {
        missing: vec![format!("{step}: {cause}")],
        remedy,
    }
}
