//! What a container is allowed, and what it is made of.

use std::{collections::HashMap, hash::Hash};

use bollard::models::{
    ContainerCreateBody, HostConfig, HostConfigCgroupnsModeEnum, HostConfigLogConfig, Mount, MountType,
    MountVolumeOptions, MountVolumeOptionsDriverConfig, ResourcesUlimits, RestartPolicy, RestartPolicyNameEnum,
};

use super::owner;
use crate::{Language, Limits, environment::environment};

/// The user and group that scripts run as; `nobody` everywhere.
pub const USER: u64 = 65534;
/// Where the workspace's volume and the inputs' volume are inside.
pub const RUN: &str = "/run";
pub const INPUTS: &str = "/inputs";
/// Process 1, and files of its own, besides what the script may have.
const OWN_PROCESSES: u64 = 1;
const OWN_FILES: u64 = 64;
const TMP_FILES: u64 = 4096;
const SHM_BYTES: u64 = 16 << 20;
const WARM_MEMORY_BYTES: u64 = 512 << 20;

const INTERPRETER: [&str; 4] = ["/opt/kosmos/bin/python", "-s", "-u", "/opt/kosmos/resident.py"];

/// What is fixed when a container is made: two jobs that agree in it can use the same kind of container.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Shape {
    pub language: Language,
    pub memory_bytes: u64,
    pub processes: u64,
    pub workspace_bytes: u64,
    pub workspace_files: u64,
    pub tmp_bytes: u64,
}

impl Shape {
    pub fn of(language: Language, limits: &Limits) -> Self {
        Self {
            language,
            memory_bytes: limits.memory_bytes,
            processes: limits.processes,
            workspace_bytes: limits.workspace_bytes,
            workspace_files: limits.workspace_files,
            tmp_bytes: limits.tmp_bytes,
        }
    }
}

/// What all containers of a sandbox have in common.
#[derive(Debug, Clone)]
pub struct Common {
    /// Digest of the image for each language.
    pub images: HashMap<Language, String>,
    /// Volume with the inputs.
    pub inputs: String,
    /// Another runtime than the engine's own, such as `runsc`.
    pub runtime: Option<String>,
    /// The system-call profile.
    pub seccomp: String,
    /// Whether the interpreter imports its packages ahead.
    pub warm: bool,
    /// The run that this is for.
    pub run: Option<String>,
}

/// The description of a container of `shape`, hardened in every way that the engine knows.
pub fn describe(common: &Common, shape: &Shape) -> ContainerCreateBody {
    let host = HostConfig {
        network_mode: Some("none".to_owned()),
        ipc_mode: Some("private".to_owned()),
        cgroupns_mode: Some(HostConfigCgroupnsModeEnum::PRIVATE),
        privileged: Some(false),
        readonly_rootfs: Some(true),
        cap_drop: Some(vec!["ALL".to_owned()]),
        security_opt: Some(vec![
            "no-new-privileges".to_owned(),
            format!("seccomp={}", common.seccomp),
        ]),
        runtime: common.runtime.clone(),
        memory: Some(signed(shape.memory_bytes)),
        // No swap besides.
        memory_swap: Some(signed(shape.memory_bytes)),
        pids_limit: Some(signed(shape.processes.saturating_add(OWN_PROCESSES))),
        ulimits: Some(vec![
            // Not 0: where the host hands core dumps to a program, 0 is ignored, and 1 alone means none.
            ulimit("core", 1),
            ulimit("memlock", 64 << 10),
            ulimit("msgqueue", 0),
        ]),
        shm_size: Some(signed(SHM_BYTES)),
        tmpfs: Some(table([(
            "/tmp",
            format!(
                "rw,nosuid,nodev,noexec,mode=1777,size={},nr_inodes={TMP_FILES}",
                shape.tmp_bytes
            ),
        )])),
        mounts: Some(vec![workspace(shape), inputs(common)]),
        log_config: Some(HostConfigLogConfig {
            typ: Some("none".to_owned()),
            config: None,
        }),
        restart_policy: Some(RestartPolicy {
            name: Some(RestartPolicyNameEnum::NO),
            maximum_retry_count: None,
        }),
        ..HostConfig::default()
    };
    ContainerCreateBody {
        image: common.images.get(&shape.language).cloned(),
        user: Some(format!("{USER}:{USER}")),
        hostname: Some("kosmos".to_owned()),
        working_dir: Some("/".to_owned()),
        entrypoint: Some(Vec::new()),
        cmd: Some(INTERPRETER.map(str::to_owned).to_vec()),
        env: Some(variables(common.warm && is_warmable(shape))),
        labels: Some(labels(common)),
        network_disabled: Some(true),
        tty: Some(false),
        open_stdin: Some(true),
        // When our end closes, however it does, process 1 sees the end of its input and ends.
        stdin_once: Some(true),
        attach_stdin: Some(true),
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        host_config: Some(host),
        ..ContainerCreateBody::default()
    }
}

/// A container that is never started: through it the engine writes into the inputs' volume.
pub fn describe_store(common: &Common, language: Language) -> ContainerCreateBody {
    let mut mount = inputs(common);
    mount.read_only = Some(false);
    ContainerCreateBody {
        image: common.images.get(&language).cloned(),
        entrypoint: Some(Vec::new()),
        cmd: Some(vec!["/bin/false".to_owned()]),
        labels: Some(labels(common)),
        network_disabled: Some(true),
        host_config: Some(HostConfig {
            network_mode: Some("none".to_owned()),
            mounts: Some(vec![mount]),
            ..HostConfig::default()
        }),
        ..ContainerCreateBody::default()
    }
}

/// Labels that say whose a container or volume is.
pub fn labels(common: &Common) -> HashMap<String, String> {
    let mut labels = table([
        (owner::LABEL, owner::ours().to_owned()),
        (owner::HOST_LABEL, owner::host()),
        (owner::SANDBOX_LABEL, common.inputs.clone()),
    ]);
    if let Some(run) = &common.run {
        labels.insert("org.kosmos.run".to_owned(), run.clone());
    }
    labels
}

/// Imported packages take memory themselves: a job that may have little starts without them.
fn is_warmable(shape: &Shape) -> bool {
    shape.language == Language::Python && shape.memory_bytes >= WARM_MEMORY_BYTES
}

fn variables(warm: bool) -> Vec<String> {
    let seen = environment();
    let keep: Vec<&str> = seen.iter().map(|(key, _)| key.as_str()).collect();
    let own = [
        ("KOSMOS_KEEP".to_owned(), keep.join(",")),
        ("KOSMOS_WARM".to_owned(), u8::from(warm).to_string()),
    ];
    seen.iter()
        .chain(&own)
        .map(|(key, value)| format!("{key}={value}"))
        .collect()
}

/// A filesystem in memory that only the engine may write to, but for the folder that it gives to the
/// script; it has no room for more than the workspace may hold, in bytes and in files.
fn workspace(shape: &Shape) -> Mount {
    let options = format!(
        "size={},nr_inodes={},mode=0755,nosuid,nodev,noexec",
        shape.workspace_bytes,
        shape.workspace_files.saturating_add(OWN_FILES)
    );
    Mount {
        target: Some(RUN.to_owned()),
        typ: Some(MountType::VOLUME),
        volume_options: Some(MountVolumeOptions {
            no_copy: Some(true),
            driver_config: Some(MountVolumeOptionsDriverConfig {
                name: Some("local".to_owned()),
                options: Some(table([
                    ("type", "tmpfs".to_owned()),
                    ("device", "tmpfs".to_owned()),
                    ("o", options),
                ])),
            }),
            ..MountVolumeOptions::default()
        }),
        ..Mount::default()
    }
}

fn inputs(common: &Common) -> Mount {
    Mount {
        target: Some(INPUTS.to_owned()),
        source: Some(common.inputs.clone()),
        typ: Some(MountType::VOLUME),
        read_only: Some(true),
        volume_options: Some(MountVolumeOptions {
            no_copy: Some(true),
            ..MountVolumeOptions::default()
        }),
        ..Mount::default()
    }
}

fn ulimit(name: &str, value: i64) -> ResourcesUlimits {
    ResourcesUlimits {
        name: Some(name.to_owned()),
        soft: Some(value),
        hard: Some(value),
    }
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn table<K: Into<String> + Eq + Hash, const N: usize>(rows: [(K, String); N]) -> HashMap<String, String> {
    rows.into_iter().map(|(key, value)| (key.into(), value)).collect()
}
