//! Measures the guarantees of the engine's containers by attacking one.

use std::{path::PathBuf, sync::Arc};

use tokio_util::sync::CancellationToken;

use super::{
    container::USER,
    owner,
    run::{self, DockerContext},
};
use crate::{
    Guarantees, Held, SandboxError,
    probe::{AttackResult, AttackScene, AttackStrength, ProtectionMeans, derive_guarantees},
};

const PROCESSES: u64 = 12;
const MEMORY: u64 = 512 << 20;
const WORKSPACE: u64 = 8 << 20;

/// Runs the attack and returns the guarantees that held.
pub async fn measure_guarantees(site: &Arc<DockerContext>) -> Result<Guarantees, SandboxError> {
    let secrets = [
        "/var/run/docker.sock",
        "/run/docker.sock",
        "/dev/mem",
        "/dev/sda",
        "/dev/kmsg",
    ];
    let force = AttackStrength {
        processes: PROCESSES,
        forks: 2 * PROCESSES,
        memory_bytes: MEMORY,
        workspace_bytes: WORKSPACE,
        secrets: secrets.map(PathBuf::from).to_vec(),
    };
    let scene = AttackScene::prepare(owner::unique_name("probe"), force.clone())?;
    let execution = run::run_job(site, &scene.to_job(), &CancellationToken::new()).await?;
    let loot = AttackResult::from_execution(&execution)?;
    // A container is removed with all its processes; if that failed, the job did too.
    let found = derive_guarantees(&loot, false, &force, describe_means(site));
    let missing: Vec<String> = found
        .missing_essentials()
        .map(|row| format!("{}: {}", row.protection, row.how))
        .collect();
    if missing.is_empty() {
        return Ok(found);
    }
    Err(SandboxError::Unavailable {
        missing,
        remedy: "give the engine cgroups and seccomp (a rootless engine needs cgroup v2 with delegation), or set \
                 the sandbox's backend to `process`"
            .to_owned(),
    })
}

fn describe_means(site: &DockerContext) -> ProtectionMeans {
    let runtime = site.common.runtime.as_deref().unwrap_or("the engine's own runtime");
    let by_engine = || (Held::Fully, "whole container, by the engine's cgroup".to_owned());
    ProtectionMeans {
        backend: "docker",
        network: "container without a network; sockets other than local ones are refused".to_owned(),
        filesystem: format!("read-only container of its own ({runtime}), nothing of the host mounted"),
        inputs: "inputs are in a volume that is mounted read-only".to_owned(),
        environment: "containers get a fixed set of variables".to_owned(),
        processes_hidden: "own process namespace".to_owned(),
        tree: "one container for each job, removed with everything in it".to_owned(),
        unprivileged: format!("runs as user {USER}, without capabilities or a way to gain any"),
        calls: "seccomp, by Kosmos's own list of allowed calls".to_owned(),
        landlock: (
            Held::Missing,
            "containers have no second layer of file rules; the other layers hold without it".to_owned(),
        ),
        memory: by_engine(),
        processes: by_engine(),
        workspace: "a filesystem in memory with that capacity in bytes and files, which counts as memory".to_owned(),
    }
}
