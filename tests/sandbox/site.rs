//! A place to run jobs in.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use kosmos::sandbox::{Execution, Job, JobInput, Language, ProcessOptions, ProcessSandbox, ResourceLimits, Sandbox};
use kosmos_testing::{kosmos_binary, poll_until};
use tokio_util::sync::CancellationToken;

/// A python of the system, with nothing but its standard library.
pub fn bare_options() -> ProcessOptions {
    let python = ["/usr/bin/python3", "/usr/local/bin/python3"]
        .into_iter()
        .map(PathBuf::from)
        .find(|path| path.exists())
        .expect("a python3 of the system");
    ProcessOptions {
        launcher: launcher(),
        python,
        readonly: Vec::new(),
        scratch_links: Vec::new(),
        cgroups: true,
        warm: is_warm(),
        preload: Some(Vec::new()),
    }
}

/// Set to have every test here start its scripts warm.
pub const WARM: &str = "KOSMOS_TEST_WARM";

/// Whether scripts of the system's python are to be started warm.
pub fn is_warm() -> bool {
    std::env::var_os(WARM).is_some()
}

/// The kosmos binary, or a copy of it that another user can reach.
pub fn launcher() -> PathBuf {
    std::env::var_os("KOSMOS_TEST_LAUNCHER").map_or_else(kosmos_binary, PathBuf::from)
}

/// A run's folder with one experiment in it.
pub struct Site {
    pub home: tempfile::TempDir,
    pub sandbox: ProcessSandbox,
    pub limits: ResourceLimits,
    pub inputs: Vec<JobInput>,
}

impl Site {
    pub async fn new() -> Self {
        Self::with(bare_options()).await
    }

    pub async fn with(options: ProcessOptions) -> Self {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir_all(home.path().join("experiments/e1")).unwrap();
        let sandbox = ProcessSandbox::start(options).await.unwrap();
        let limits = ResourceLimits {
            wall: Duration::from_secs(20),
            ..ResourceLimits::default()
        };
        Self {
            home,
            sandbox,
            limits,
            inputs: Vec::new(),
        }
    }

    pub fn workspace(&self) -> PathBuf {
        self.home.path().join("experiments/e1")
    }

    pub fn job(&self, script: &str) -> Job {
        fs::write(self.workspace().join("script.py"), script).unwrap();
        Job {
            key: "test".to_owned(),
            experiment: "e1".to_owned(),
            workspace: self.workspace(),
            inputs: self.inputs.clone(),
            script: "script.py".to_owned(),
            language: Language::Python,
            limits: self.limits.clone(),
        }
    }

    pub async fn run(&self, script: &str) -> Execution {
        let job = self.job(script);
        self.sandbox.run(job, CancellationToken::new()).await.unwrap()
    }
}

/// Polls until `condition` holds; fails after ten seconds.
pub fn eventually(what: &str, condition: impl Fn() -> bool) {
    poll_until(what, Duration::from_secs(10), condition);
}

/// Processes of this machine whose command line holds `text`.
pub fn processes_with(text: &str) -> Vec<u32> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let Ok(pid) = entry.file_name().to_string_lossy().parse() else {
            continue;
        };
        let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        if String::from_utf8_lossy(&line).contains(text) {
            found.push(pid);
        }
    }
    found
}

/// Whether a script of that name, which no other test has, has made the file `started` in its workspace. That is in no
/// folder of the host.
pub fn has_started(script: &str) -> bool {
    let mut running = processes_with(script).into_iter();
    running.any(|pid| Path::new(&format!("/proc/{pid}/cwd/started")).exists())
}

/// Control groups that kosmos process `pid` has made and not removed.
pub fn groups_of(pid: u32) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut pending = vec![PathBuf::from("/sys/fs/cgroup")];
    while let Some(folder) = pending.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            if !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                continue;
            }
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with(&format!("kosmos-{pid}-")) {
                found.push(entry.path());
            }
            pending.push(entry.path());
        }
    }
    found
}

/// Whether this test runs with root's powers.
pub fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|found| {
        use std::os::unix::fs::MetadataExt;
        found.uid() == 0
    })
}

/// Everything directly in `folder`.
pub fn listing(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}
