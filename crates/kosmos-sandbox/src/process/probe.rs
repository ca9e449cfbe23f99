//! Measuring the process sandbox by attacking it.

use std::{fs, path::PathBuf, sync::Arc};

use tokio_util::sync::CancellationToken;

use super::{
    owner, plan,
    policy::Identity,
    run::{self, Ended, Site},
};
use crate::{
    Guarantees, Held, SandboxError,
    probe::{Force, Loot, Means, Scene, guarantees},
};

const PROCESSES: u64 = 12;
const MEMORY: u64 = 96 << 20;

/// What there is on the host and not for scripts.
const SECRETS: [&str; 5] = ["/sys", "/etc/shadow", "/var", "/dev/mem", "/proc/kcore"];

/// Runs the attack and tells what held.
pub async fn probe(site: &Arc<Site>) -> Result<Guarantees, SandboxError> {
    let limited = plan::kernel_limits_processes(&site.cgroups, site.identity);
    // Where memory is watched, what is shared with the zygote counts, as imports of its own would.
    let shared = site.zygote.as_ref().map_or(0, |zygote| zygote.memory_bytes());
    let force = Force {
        processes: PROCESSES,
        forks: if limited { 2 * PROCESSES } else { PROCESSES / 2 },
        memory_bytes: MEMORY + shared,
        secrets: SECRETS.map(PathBuf::from).to_vec(),
    };
    let scene = Scene::set(owner::unique_name("probe"), force.clone())?;
    let ended = run::run(Arc::clone(site), scene.job(), CancellationToken::new())
        .await
        .map_err(explain)?;
    let survived = survivor(&scene.script());
    let loot = Loot::read(&ended.execution)?;
    let found = guarantees(&loot, survived, &force, means(site, &ended));
    let missing: Vec<String> = found
        .missing_essentials()
        .map(|row| format!("{}: {}", row.protection, row.how))
        .collect();
    if missing.is_empty() {
        return Ok(found);
    }
    let remedy = "this is not expected on any Linux we know; set the sandbox's backend to `docker`";
    Err(SandboxError::Unavailable {
        missing,
        remedy: remedy.to_owned(),
    })
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

fn means(site: &Site, ended: &Ended) -> Means {
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
    let memory = if site.cgroups.limit_memory() {
        by_cgroup.clone()
    } else {
        let how = format!("per process, and the whole tree watched every 20 ms: {groups}");
        (Held::Partly, how)
    };
    let processes = if site.cgroups.limit_processes() {
        by_cgroup
    } else if plan::kernel_limits_processes(&site.cgroups, site.identity) {
        (Held::Partly, format!("per user namespace: {groups}"))
    } else {
        (Held::Partly, format!("the whole tree watched every 20 ms: {groups}"))
    };
    Means {
        backend: "process",
        network: "own network namespace; sockets other than local ones are refused".to_owned(),
        filesystem: "own root in memory, read-only but for the workspace and /tmp".to_owned(),
        inputs: "inputs and interpreter are bound read-only".to_owned(),
        environment: "every process of the sandbox starts with an empty environment".to_owned(),
        processes_hidden: "own process namespace".to_owned(),
        tree: "everything ends with process 1 of the namespace, and that with the script or kosmos".to_owned(),
        unprivileged,
        calls: "seccomp, by a list of what is allowed".to_owned(),
        landlock: (landlock.0, landlock.1.to_owned()),
        memory,
        processes,
        workspace: (
            Held::Partly,
            "each file by the kernel, the whole looked at every 100 ms and at the end".to_owned(),
        ),
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
