//! Measures the guarantees of the process sandbox by attacking it.

use std::{fs, path::PathBuf, sync::Arc};

use tokio_util::sync::CancellationToken;

use super::{
    owner, plan,
    policy::Identity,
    run::{self, FinishedJob, ProcessContext},
};
use crate::{
    Guarantees, Held, SandboxError,
    probe::{AttackResult, AttackScene, AttackStrength, ProtectionMeans, derive_guarantees},
};

const PROCESSES: u64 = 12;
const MEMORY: u64 = 96 << 20;
const WORKSPACE: u64 = 8 << 20;

/// Paths of the host that must be invisible to scripts.
const SECRETS: [&str; 7] = [
    "/sys",
    "/etc/shadow",
    "/var",
    "/dev/mem",
    "/proc/kcore",
    "/usr/share/doc",
    "/usr/local/share",
];

/// Runs the attack and returns the guarantees that held.
pub async fn measure_guarantees(site: &Arc<ProcessContext>) -> Result<Guarantees, SandboxError> {
    let limited = plan::kernel_limits_processes(&site.cgroups, site.identity);
    // Where memory is only watched, memory shared with the zygote counts as the script's own imports would.
    let shared = site.zygote.as_ref().map_or(0, |zygote| zygote.memory_bytes());
    let force = AttackStrength {
        processes: PROCESSES,
        forks: if limited { 2 * PROCESSES } else { PROCESSES / 2 },
        memory_bytes: MEMORY + shared,
        workspace_bytes: WORKSPACE,
        secrets: SECRETS.map(PathBuf::from).to_vec(),
    };
    let scene = AttackScene::prepare(owner::unique_name("probe"), force.clone())?;
    let ended = run::run_job(Arc::clone(site), scene.to_job(), CancellationToken::new())
        .await
        .map_err(explain_setup_failure)?;
    let survived = is_running(&scene.script_name());
    let loot = AttackResult::from_execution(&ended.execution)?;
    let found = derive_guarantees(&loot, survived, &force, describe_means(site, &ended));
    let missing: Vec<String> = found
        .missing_essentials()
        .map(|row| format!("{}: {}", row.protection, row.how))
        .collect();
    if missing.is_empty() {
        return Ok(found);
    }
    let remedy = "this is not expected on any known Linux; set the sandbox's backend to `docker`";
    Err(SandboxError::Unavailable {
        missing,
        remedy: remedy.to_owned(),
    })
}

/// Returns true if a process that runs `script` still exists.
fn is_running(script: &str) -> bool {
    let Ok(entries) = fs::read_dir("/proc") else {
        return false;
    };
    entries.flatten().any(|entry| {
        let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).contains(script)
    })
}

fn describe_means(site: &ProcessContext, ended: &FinishedJob) -> ProtectionMeans {
    let groups = site.cgroups.describe();
    let unprivileged = match site.identity {
        Identity::Switched { uid, .. } => format!("runs as user {uid} without capabilities"),
        Identity::Mapped { .. } => "runs as this user in a user namespace without capabilities".to_owned(),
    };
    let landlock = if ended.landlock {
        (Held::Fully, "second layer of file rules")
    } else {
        (
            Held::Missing,
            "this kernel has no landlock; the other layers hold without it",
        )
    };
    let by_cgroup = (Held::Fully, format!("whole tree, by {groups}"));
    let memory = if site.cgroups.limits_memory() {
        by_cgroup.clone()
    } else {
        let how = format!("per process, and the whole tree watched every 20 ms: {groups}");
        (Held::Partly, how)
    };
    let processes = if site.cgroups.limits_processes() {
        by_cgroup
    } else if plan::kernel_limits_processes(&site.cgroups, site.identity) {
        (Held::Partly, format!("per user namespace: {groups}"))
    } else {
        (Held::Partly, format!("the whole tree watched every 20 ms: {groups}"))
    };
    ProtectionMeans {
        backend: "process",
        network: "own network namespace; sockets other than local ones are refused".to_owned(),
        filesystem: "own root in memory, read-only except for the workspace and /tmp".to_owned(),
        inputs: "inputs and interpreter are bound read-only".to_owned(),
        environment: "every process of the sandbox starts with an empty environment".to_owned(),
        processes_hidden: "own process namespace".to_owned(),
        tree: "all processes end with process 1 of the namespace, which ends with the script or with Kosmos".to_owned(),
        unprivileged,
        calls: "seccomp, by a list of allowed calls".to_owned(),
        landlock: (landlock.0, landlock.1.to_owned()),
        memory,
        processes,
        workspace: "a filesystem in memory with that capacity in bytes and files, which counts as memory".to_owned(),
    }
}

/// Turns a failed set-up into an error with a remedy for this machine.
fn explain_setup_failure(error: SandboxError) -> SandboxError {
    let SandboxError::Setup { step, cause } = error else {
        return error;
    };
    let sysctl = |name: &str| {
        let path = format!("/proc/sys/{}", name.replace('.', "/"));
        fs::read_to_string(path).map(|value| value.trim().to_owned())
    };
    // The system's message for EMFILE and ENFILE.
    if cause.contains("oo many open files") {
        return SandboxError::Unavailable {
            missing: vec![format!("{step}: {cause}")],
            remedy: "raise the limit on open files, for example with `ulimit -n 1024`, or close other programs"
                .to_owned(),
        };
    }
    let docker = "or set the sandbox's backend to `docker`";
    let is = |name, value: &str| sysctl(name).is_ok_and(|found| found == value);
    let remedy = if is("kernel.unprivileged_userns_clone", "0") {
        format!("run `sysctl kernel.unprivileged_userns_clone=1` as root, {docker}")
    } else if is("user.max_user_namespaces", "0") {
        format!("run `sysctl user.max_user_namespaces=10000` as root, {docker}")
    } else if is("kernel.apparmor_restrict_unprivileged_userns", "1") {
        format!(
            "give Kosmos an AppArmor profile that allows `userns`, or run \
             `sysctl kernel.apparmor_restrict_unprivileged_userns=0` as root, {docker}"
        )
    } else {
        format!(
            "within a container, allow it namespaces (for Docker: --security-opt seccomp=unconfined \
             --security-opt apparmor=unconfined --cap-add SYS_ADMIN); otherwise check that \
             /proc/sys/user/max_*_namespaces is not 0, {docker}"
        )
    };
    SandboxError::Unavailable {
        missing: vec![format!("{step}: {cause}")],
        remedy,
    }
}
