//! The description of a container: its permissions, limits, mounts and variables.

use std::{collections::HashMap, hash::Hash};

use bollard::models::{
    ContainerCreateBody, HostConfig, HostConfigCgroupnsModeEnum, HostConfigLogConfig, Mount, MountType,
    MountVolumeOptions, MountVolumeOptionsDriverConfig, ResourcesUlimits, RestartPolicy, RestartPolicyNameEnum,
};

use super::owner;
use crate::{Language, ResourceLimits, environment::script_environment};

/// The user and group that scripts run as: `nobody` on every system.
pub const USER: u64 = 65534;
/// Mount points of the workspace's volume and of the inputs' volume.
pub const RUN: &str = "/run";
pub const INPUTS: &str = "/inputs";
/// Process 1 and its files, which come on top of the script's limits.
const OWN_PROCESSES: u64 = 1;
const OWN_FILES: u64 = 64;
const TMP_FILES: u64 = 4096;
const SHM_BYTES: u64 = 16 << 20;
const WARM_MEMORY_BYTES: u64 = 512 << 20;

const INTERPRETER: [&str; 4] = ["/opt/kosmos/bin/python", "-s", "-u", "/opt/kosmos/resident.py"];

/// The properties that are fixed when a container is made: jobs with equal shapes can use the same kind of container.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ContainerShape {
    pub language: Language,
    pub memory_bytes: u64,
    pub processes: u64,
    pub workspace_bytes: u64,
    pub workspace_files: u64,
    pub tmp_bytes: u64,
}

impl ContainerShape {
    pub fn of(language: Language, limits: &ResourceLimits) -> Self {
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

/// The properties that all containers of a sandbox share.
#[derive(Debug, Clone)]
pub struct CommonSettings {
    /// The digest of the image for each language.
    pub images: HashMap<Language, String>,
    /// The name of the volume with the inputs.
    pub inputs: String,
    /// The container runtime, such as `runsc`; by default the engine's own.
    pub runtime: Option<String>,
    /// The system-call profile.
    pub seccomp: String,
    /// True if the interpreter imports its packages before a job arrives.
    pub warm: bool,
    /// The run's id.
    pub run: Option<String>,
}

/// Describes a container of `shape`, hardened in every way that the engine supports.
pub fn container_body(common: &CommonSettings, shape: &ContainerShape) -> ContainerCreateBody {
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
        memory: Some(to_signed(shape.memory_bytes)),
        // Memory and swap together: no swap.
        memory_swap: Some(to_signed(shape.memory_bytes)),
        pids_limit: Some(to_signed(shape.processes.saturating_add(OWN_PROCESSES))),
        ulimits: Some(vec![
            // Not 0: where the host hands core dumps to a program, 0 is ignored, and 1 alone means none.
            ulimit("core", 1),
            ulimit("memlock", 64 << 10),
            ulimit("msgqueue", 0),
        ]),
        shm_size: Some(to_signed(SHM_BYTES)),
        tmpfs: Some(to_map([(
            "/tmp",
            format!(
                "rw,nosuid,nodev,noexec,mode=1777,size={},nr_inodes={TMP_FILES}",
                shape.tmp_bytes
            ),
        )])),
        mounts: Some(vec![workspace_mount(shape), inputs_mount(common)]),
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
        env: Some(environment_variables(common.warm && is_warmable(shape))),
        labels: Some(owner_labels(common)),
        network_disabled: Some(true),
        tty: Some(false),
        open_stdin: Some(true),
        // When this process's end closes for any reason, process 1 sees the end of its input and ends.
        stdin_once: Some(true),
        attach_stdin: Some(true),
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        host_config: Some(host),
        ..ContainerCreateBody::default()
    }
}

/// Describes a container that is never started: through it the engine writes into the inputs' volume.
pub fn store_body(common: &CommonSettings, language: Language) -> ContainerCreateBody {
    let mut mount = inputs_mount(common);
    mount.read_only = Some(false);
    ContainerCreateBody {
        image: common.images.get(&language).cloned(),
        entrypoint: Some(Vec::new()),
        cmd: Some(vec!["/bin/false".to_owned()]),
        labels: Some(owner_labels(common)),
        network_disabled: Some(true),
        host_config: Some(HostConfig {
            network_mode: Some("none".to_owned()),
            mounts: Some(vec![mount]),
            ..HostConfig::default()
        }),
        ..ContainerCreateBody::default()
    }
}

/// Returns the labels that name the owner of a container or volume.
pub fn owner_labels(common: &CommonSettings) -> HashMap<String, String> {
    let mut labels = to_map([
        (owner::LABEL, owner::this_process().to_owned()),
        (owner::HOST_LABEL, owner::this_machine()),
        (owner::SANDBOX_LABEL, common.inputs.clone()),
    ]);
    if let Some(run) = &common.run {
        labels.insert("org.kosmos.run".to_owned(), run.clone());
    }
    labels
}

/// Returns true if packages may be imported in advance: they take memory, so a job with a low limit starts without
/// them.
fn is_warmable(shape: &ContainerShape) -> bool {
    shape.language == Language::Python && shape.memory_bytes >= WARM_MEMORY_BYTES
}

fn environment_variables(warm: bool) -> Vec<String> {
    let seen = script_environment();
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

/// Describes a filesystem in memory, writable by the engine and, in the workspace's folder, by the script. Its capacity
/// in bytes and files is the workspace's limit.
fn workspace_mount(shape: &ContainerShape) -> Mount {
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
                options: Some(to_map([
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

fn inputs_mount(common: &CommonSettings) -> Mount {
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

fn to_signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn to_map<K: Into<String> + Eq + Hash, const N: usize>(rows: [(K, String); N]) -> HashMap<String, String> {
    rows.into_iter().map(|(key, value)| (key.into(), value)).collect()
}
