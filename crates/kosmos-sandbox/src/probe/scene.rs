//! The folder in which the attack runs.

use std::{env, fs, path::PathBuf, time::Duration};

use serde_json::json;

use crate::{Job, JobInput, Language, ResourceLimits, SandboxError, temporary::make_private_folder};

const ATTACK: &str = include_str!("attack.py");

/// The strength of the attack, and the limits that must hold against it.
#[derive(Debug, Clone)]
pub struct AttackStrength {
    /// The limit on its processes.
    pub processes: u64,
    /// The number of processes that it tries to start.
    pub forks: u64,
    /// The limit on its memory in bytes; it tries to use twice as much.
    pub memory_bytes: u64,
    /// The limit on its workspace in bytes; it tries to write twice as much.
    pub workspace_bytes: u64,
    /// Files that must be invisible to it.
    pub secrets: Vec<PathBuf>,
}

/// The folder, removed when dropped.
#[derive(Debug)]
pub struct AttackScene {
    name: String,
    folder: PathBuf,
    force: AttackStrength,
}

impl AttackScene {
    /// Creates the temporary folder `name` with everything that the attack needs.
    pub fn prepare(name: String, force: AttackStrength) -> Result<Self, SandboxError> {
        let temp = env::temp_dir();
        let folder = fs::canonicalize(&temp)
            .map_err(SandboxError::on_host("find", &temp))?
            .join(&name);
        let failed = |action| SandboxError::on_host(action, &folder);
        make_private_folder(&folder).map_err(failed("make"))?;
        let scene = Self {
            name,
            folder: folder.clone(),
            force,
        };
        make_private_folder(&scene.workspace_path()).map_err(failed("write in"))?;
        let secret = folder.join("secret");
        let secrets: Vec<&PathBuf> = scene.force.secrets.iter().chain([&secret]).collect();
        let attack = json!({
            "secrets": secrets,
            "input": "../../data/token",
            "token": scene.name,
            "forks": scene.force.forks,
            "hoard": scene.force.memory_bytes * 2,
            "disk": scene.force.workspace_bytes * 2,
        });
        for (path, text) in [
            (&secret, scene.name.clone()),
            (&folder.join("token"), scene.name.clone()),
            (&scene.workspace_path().join("attack.json"), attack.to_string()),
            (&scene.workspace_path().join(scene.script_name()), ATTACK.to_owned()),
        ] {
            fs::write(path, text).map_err(failed("write in"))?;
        }
        Ok(scene)
    }

    fn workspace_path(&self) -> PathBuf {
        self.folder.join("workspace")
    }

    /// Returns the name of the attack's file, by which its processes can be recognised.
    pub fn script_name(&self) -> String {
        format!("{}.py", self.name)
    }

    /// Returns the attack as a job.
    pub fn to_job(&self) -> Job {
        Job {
            key: "probe".to_owned(),
            experiment: "probe".to_owned(),
            workspace: self.workspace_path(),
            inputs: vec![JobInput {
                host: self.folder.join("token"),
                inside: "data/token".into(),
            }],
            script: self.script_name(),
            language: Language::Python,
            limits: ResourceLimits {
                wall: Duration::from_secs(20),
                processes: self.force.processes,
                memory_bytes: self.force.memory_bytes,
                workspace_bytes: self.force.workspace_bytes,
                ..ResourceLimits::default()
            },
        }
    }
}

impl Drop for AttackScene {
    fn drop(&mut self) {
        // Leftovers are removed at the next start.
        let _ = fs::remove_dir_all(&self.folder);
    }
}
