//! The folder in which the attack takes place.

use std::{
    env, fs,
    path::{Path, PathBuf},
    time::Duration,
};

use serde_json::json;

use crate::{Input, Job, Language, Limits, SandboxError};

const ATTACK: &str = include_str!("attack.py");

/// How hard the attack tries, and the limits that it is to be kept within.
#[derive(Debug, Clone)]
pub struct Force {
    /// Processes that it may have, and those that it tries to have.
    pub processes: u64,
    pub forks: u64,
    /// Memory that it may have; it tries to have twice as much.
    pub memory_bytes: u64,
    /// Files that must not be there for it.
    pub secrets: Vec<PathBuf>,
}

/// The folder, removed when dropped.
#[derive(Debug)]
pub struct Scene {
    name: String,
    folder: PathBuf,
    force: Force,
}

impl Scene {
    /// Makes the folder `name` among the temporary ones, with everything in it.
    pub fn set(name: String, force: Force) -> Result<Self, SandboxError> {
        let temp = env::temp_dir();
        let folder = fs::canonicalize(&temp)
            .map_err(SandboxError::on_host("find", &temp))?
            .join(&name);
        let failed = |action| SandboxError::on_host(action, &folder);
        private_folder(&folder).map_err(failed("make"))?;
        let scene = Self {
            name,
            folder: folder.clone(),
            force,
        };
        private_folder(&scene.workspace()).map_err(failed("write in"))?;
        let secret = folder.join("secret");
        let secrets: Vec<&PathBuf> = scene.force.secrets.iter().chain([&secret]).collect();
        let attack = json!({
            "secrets": secrets,
            "input": "../../data/token",
            "token": scene.name,
            "forks": scene.force.forks,
            "hoard": scene.force.memory_bytes * 2,
        });
        for (path, text) in [
            (&secret, scene.name.clone()),
            (&folder.join("token"), scene.name.clone()),
            (&scene.workspace().join("attack.json"), attack.to_string()),
            (&scene.workspace().join(scene.script()), ATTACK.to_owned()),
        ] {
            fs::write(path, text).map_err(failed("write in"))?;
        }
        Ok(scene)
    }

    fn workspace(&self) -> PathBuf {
        self.folder.join("workspace")
    }

    /// The attack's file, by which its processes can be told from others.
    pub fn script(&self) -> String {
        format!("{}.py", self.name)
    }

    /// The attack as a job.
    pub fn job(&self) -> Job {
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
                processes: self.force.processes,
                memory_bytes: self.force.memory_bytes,
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

fn private_folder(path: &Path) -> std::io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}
