//! A backend to attack, an attack, and what is looked at afterwards.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    time::{Duration, Instant},
};

use kosmos::sandbox::{
    Caps, DockerOptions, DockerSandbox, Execution, Job, JobInput, Language, Outcome, ProcessSandbox, ResourceLimits,
    Sandbox, SandboxError, collect_artefacts,
};
use tokio_util::sync::CancellationToken;

use crate::site::{bare_options, groups_of, is_root, processes_with};
use kosmos_testing::service::find_container_engine;

/// A backend, a run's folder, and a listener that nothing may reach.
pub struct Stage {
    pub sandbox: Arc<dyn Sandbox>,
    pub home: tempfile::TempDir,
    engine: Option<String>,
    /// Part of the name of every script and of every job's key, by which processes and control groups can be told.
    token: String,
}

impl Stage {
    pub async fn process() -> Self {
        Self::with(Arc::new(ProcessSandbox::start(bare_options()).await.unwrap()), None)
    }

    pub async fn docker() -> Option<Self> {
        Self::docker_with(false).await
    }

    pub async fn docker_with(warm: bool) -> Option<Self> {
        let engine = find_container_engine()?;
        let options = DockerOptions {
            engine: Some(engine.clone()),
            warm,
            pool: 1,
            ..DockerOptions::default()
        };
        let sandbox = DockerSandbox::start(options).await.unwrap();
        Some(Self::with(Arc::new(sandbox), Some(engine)))
    }

    fn with(sandbox: Arc<dyn Sandbox>, engine: Option<String>) -> Self {
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join("table.csv"), "a,b\n1,2\n").unwrap();
        let token = format!("attack-{}-{}", std::process::id(), fastrand::u32(..));
        Self {
            sandbox,
            home,
            engine,
            token,
        }
    }

    pub fn is_docker(&self) -> bool {
        self.engine.is_some()
    }

    /// Whether each job has a control group of its own, which an ordinary user may not make.
    pub fn has_groups(&self) -> bool {
        self.is_docker() || is_root()
    }

    pub fn workspace(&self) -> PathBuf {
        self.home.path().join("experiments/e1")
    }

    pub fn job(&self, attack: &Attack) -> Job {
        // An earlier attack may have left anything there.
        let _ = Command::new("rm").arg("-rf").arg(self.workspace()).status();
        fs::create_dir_all(self.workspace()).unwrap();
        let script = format!("{}.py", self.token);
        fs::write(self.workspace().join(&script), format!("{PRELUDE}{}", attack.script)).unwrap();
        let mut limits = ResourceLimits {
            wall: Duration::from_secs(15),
            memory_bytes: 200 << 20,
            workspace_bytes: 32 << 20,
            ..ResourceLimits::default()
        };
        for limit in &attack.limits {
            let (key, value) = limit.split_once('=').unwrap();
            limits.set(key, value).unwrap();
        }
        Job {
            key: self.token.clone(),
            experiment: "e1".to_owned(),
            workspace: self.workspace(),
            inputs: vec![JobInput {
                host: self.home.path().join("table.csv"),
                inside: "data/table.csv".into(),
            }],
            script,
            language: Language::Python,
            limits,
        }
    }

    pub async fn run(&self, attack: &Attack) -> Result<Execution, SandboxError> {
        self.sandbox.run(self.job(attack), CancellationToken::new()).await
    }

    /// Attacks with each, and looks at what came of it and at what is there afterwards.
    pub async fn withstands(&self, attacks: impl IntoIterator<Item = Attack>) {
        for attack in attacks {
            let started = Instant::now();
            let done = self.run(&attack).await;
            let done = done.unwrap_or_else(|error| panic!("{}: {error}", attack.name));
            attack.check(&done, self);
            eprintln!("{}: {} in {:?}", attack.name, done.outcome, started.elapsed());
            self.is_well(attack.name).await;
        }
    }

    /// The next script runs as if nothing had been, the input is what it was, and nothing is left.
    pub async fn is_well(&self, after: &str) {
        let harmless = Attack::new("harmless", "print(sum(range(10)), open('../../data/table.csv').read())");
        let done = self.run(&harmless).await.unwrap();
        assert_eq!(
            (&done.outcome, done.stdout.text.as_str()),
            (&Outcome::Ok, "45 a,b\n1,2\n\n"),
            "after {after}: {done:?}"
        );
        let table = fs::read_to_string(self.home.path().join("table.csv")).unwrap();
        assert_eq!(table, "a,b\n1,2\n", "after {after}");
        assert_eq!(processes_with(&self.token), [0; 0], "after {after}");
        if !self.is_docker() {
            // Other tests of this process have groups of their own.
            let mut left = groups_of(std::process::id());
            left.retain(|group| group.to_string_lossy().ends_with(&self.token));
            assert_eq!(left, Vec::<PathBuf>::new(), "after {after}");
        }
    }

    /// Gives everything back, after which nothing of it may be there.
    pub async fn close(&self) {
        self.sandbox.close().await;
        let deadline = Instant::now() + Duration::from_secs(10);
        while !self.ours().is_empty() {
            assert!(Instant::now() < deadline, "left behind: {:?}", self.ours());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Containers and volumes of this process.
    pub fn ours(&self) -> Vec<String> {
        let Some(engine) = &self.engine else {
            return Vec::new();
        };
        let owner = format!("{}-", std::process::id());
        let mut found = Vec::new();
        for listing in [&["ps", "--all"][..], &["volume", "ls"]] {
            let output = Command::new("docker")
                .args(["--host", engine])
                .args(listing)
                .args(["--format", r#"{{.Label "org.kosmos.owner"}} {{.}}"#])
                .output()
                .unwrap();
            assert!(output.status.success(), "{output:?}");
            let text = String::from_utf8(output.stdout).unwrap();
            found.extend(text.lines().filter(|line| line.starts_with(&owner)).map(str::to_owned));
        }
        found
    }

    /// What was collected: names of files, and of what was refused.
    pub fn collected(&self, done: &Execution) -> (Vec<String>, Vec<String>) {
        let found = collect_artefacts(&self.workspace(), &Caps::default()).unwrap();
        let files = found.artefacts.into_iter().map(|file| file.name.to_string());
        let mut refused: Vec<String> = done
            .refused
            .iter()
            .chain(&found.refused)
            .map(|refused| refused.name.clone())
            .collect();
        refused.sort();
        (files.filter(|name| !name.starts_with(&self.token)).collect(), refused)
    }
}

/// What all attacks may use.
const PRELUDE: &str = "\
import ctypes, errno, os, signal, socket, struct, sys, threading, time
LIBC = ctypes.CDLL(None, use_errno=True)
def refused(attempt):
    try: attempt()
    except (OSError, ValueError, RuntimeError, OverflowError): return True
    return False
def passed(attempts):
    return [name for name, attempt in attempts.items() if not refused(attempt)]
def call(name, *arguments):
    # A call that is refused, or that the kernel is said not to have.
    function = LIBC.syscall if isinstance(name, int) else getattr(LIBC, name)
    first = (ctypes.c_long(name),) if isinstance(name, int) else ()
    result = function(*first, *arguments)
    if result == -1: raise OSError(ctypes.get_errno(), 'refused')
    return result
";

/// A script, and what has to come of it.
pub struct Attack {
    pub name: &'static str,
    script: String,
    limits: Vec<&'static str>,
    process: Outcome,
    docker: Outcome,
    says: Option<String>,
    oom: bool,
    process_limit_hit: bool,
    within: Duration,
}

impl Attack {
    /// One that is to end well, having got nothing.
    pub fn new(name: &'static str, script: impl Into<String>) -> Self {
        Self {
            name,
            script: script.into(),
            limits: Vec::new(),
            process: Outcome::Ok,
            docker: Outcome::Ok,
            says: None,
            oom: false,
            process_limit_hit: false,
            within: Duration::from_secs(30),
        }
    }

    pub fn limit(mut self, limit: &'static str) -> Self {
        self.limits.push(limit);
        self
    }

    /// How it ends.
    pub fn ends(mut self, outcome: Outcome) -> Self {
        self.process = outcome.clone();
        self.docker = outcome;
        self
    }

    /// What it prints.
    pub fn says(mut self, text: impl Into<String>) -> Self {
        self.says = Some(text.into());
        self
    }

    /// The memory limit ends a process.
    pub fn oom(mut self) -> Self {
        self.oom = true;
        self
    }

    /// The limit on processes refuses some.
    pub fn crowded(mut self) -> Self {
        self.process_limit_hit = true;
        self
    }

    pub fn within(mut self, seconds: u64) -> Self {
        self.within = Duration::from_secs(seconds);
        self
    }

    fn check(&self, done: &Execution, stage: &Stage) {
        let expected = if stage.is_docker() { &self.docker } else { &self.process };
        assert_eq!(&done.outcome, expected, "{}: {done:?}", self.name);
        if let Some(says) = &self.says {
            assert_eq!(&done.stdout.text, says, "{}: {done:?}", self.name);
        }
        assert_eq!(done.oom, self.oom, "{}: {done:?}", self.name);
        // Without a control group the kernel refuses and does not count.
        if self.process_limit_hit && stage.has_groups() {
            assert!(done.process_limit_hit, "{}: {done:?}", self.name);
        }
        let took = Duration::from_millis(done.usage.wall_ms);
        assert!(took < self.within, "{}: {took:?}", self.name);
    }
}

/// Everything under `folder`, however it is called.
pub fn is_empty(folder: &Path) -> bool {
    fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_none())
}
