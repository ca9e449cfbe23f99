//! Measuring the engine's containers by attacking one.

use std::{path::PathBuf, sync::Arc};

use tokio_util::sync::CancellationToken;

use super::{
    container::USER,
    owner,
    run::{self, Site},
};
use crate::{
    Guarantees, Held, SandboxError,
    probe::{Force, Loot, Means, Scene, guarantees},
};

const PROCESSES: u64 = 12;
const MEMORY: u64 = 512 << 20;

/// Runs the attack and tells what held.
pub async fn probe(site: &Arc<Site>) -> Result<Guarantees, SandboxError> {
    let secrets = [
        "/var/run/docker.sock",
        "/run/docker.sock",
        "/dev/mem",
        "/dev/sda",
        "/dev/kmsg",
    ];
    let force = Force {
        processes: PROCESSES,
        forks: 2 * PROCESSES,
        memory_bytes: MEMORY,
        secrets: secrets.map(PathBuf::from).to_vec(),
    };
    let scene = Scene::set(owner::unique_name("probe"), force.clone())?;
    let execution = run::run(site, &scene.job(), &CancellationToken::new()).await?;
    let loot = Loot::read(&execution)?;
    // Containers are removed with all that is in them; that failing would have been an error.
    let found = guarantees(&loot, false, &force, means(site));
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

fn means(site: &Site) -> Means {
    let runtime = site.common.runtime.as_deref().unwrap_or("the engine's own runtime");
    let by_engine = || (Held::Fully, "whole container, by the engine's cgroup".to_owned());
    Means {
        backend: "docker",
        network: "container without a network; sockets other than local ones are refused".to_owned(),
        filesystem: format!("read-only container of its own ({runtime}), nothing of the host mounted"),
        inputs: "inputs lie in a volume that is mounted read-only".to_owned(),
        environment: "containers get a fixed set of variables".to_owned(),
        processes_hidden: "own process namespace".to_owned(),
        tree: "one container for each job, removed with all that is in it".to_owned(),
        unprivileged: format!("runs as user {USER}, without capabilities or a way to gain any"),
        calls: "seccomp, by Kosmos's own list of what is allowed".to_owned(),
        landlock: (
            Held::Missing,
            "containers have no second layer of file rules; the other layers hold without it".to_owned(),
        ),
        memory: by_engine(),
        processes: by_engine(),
        workspace: (
            Held::Fully,
            "a filesystem in memory of that size and number of files, which counts as memory".to_owned(),
        ),
    }
}
