//! A short run on a small table in a home of its own, to be killed and damaged.

use kosmos_testing::{
    TestHome, describe_output, fixture::share_text, read_findings_text, repository_path, small_table,
};
use std::{
    collections::HashSet,
    fs,
    io::ErrorKind,
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Output},
};

use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};

/// What a kind of run needs, made anew for each: kept until the run is over.
pub trait Setting {
    /// More lines of the run file.
    fn settings(&self) -> String {
        String::new()
    }

    /// What the command needs besides.
    fn tell(&self, _: &mut Command) {}

    /// What must be true at the end.
    fn check(&self, _: &Path) {}
}

impl<S: Setting> Setting for &S {
    fn settings(&self) -> String {
        (*self).settings()
    }

    fn tell(&self, command: &mut Command) {
        (*self).tell(command);
    }

    fn check(&self, run: &Path) {
        (*self).check(run);
    }
}

/// The rule book, and the embedded graph.
#[derive(Clone, Copy)]
pub struct Heuristic;

impl Setting for Heuristic {}

/// A run in a home of its own.
pub struct Trial<S> {
    pub home: TestHome,
    pub setting: S,
}

impl<S: Setting> Trial<S> {
    pub fn new(setting: S) -> Self {
        let home = TestHome::new();
        write_short_run(&home, &setting.settings());
        let agent = home.path().join("agents/witness");
        fs::create_dir_all(&agent).unwrap();
        for file in ["agent.toml", "agent.py"] {
            fs::copy(
                repository_path(&format!("tests/agents/witness/{file}")),
                agent.join(file),
            )
            .unwrap();
        }
        home.admit_agent("witness");
        Self { home, setting }
    }

    fn log(&self) -> PathBuf {
        self.home.path().join("points")
    }

    /// The command that begins the run, or goes on with it.
    pub fn command(&self) -> Command {
        let run = self.runs().pop();
        let mut command = match &run {
            Some(run) => self
                .home
                .kosmos(&["resume", run.file_name().unwrap().to_str().unwrap()]),
            None => self.home.kosmos(&["run", "run.toml"]),
        };
        match run {
            None => self.setting.tell(&mut command),
            Some(_) => {
                // Settings are those that the run began with; a password is no setting.
                let mut told = Command::new("true");
                self.setting.tell(&mut told);
                let password = told.get_envs().find(|(name, _)| *name == "NEO4J_PASSWORD");
                if let Some((name, Some(value))) = password {
                    command.env(name, value);
                }
            }
        }
        command.env("KOSMOS_FAILPOINT_LOG", self.log());
        command
    }

    /// Begins the run, or goes on with it; it dies at that point, if one is named.
    pub fn go(&self, abort: Option<usize>) -> Output {
        let mut command = self.command();
        if let Some(number) = abort {
            command.env("KOSMOS_FAILPOINT_ABORT", number.to_string());
        }
        command.output().unwrap()
    }

    /// The runs there are: what dies before its folder is whole leaves none.
    fn runs(&self) -> Vec<PathBuf> {
        let mut runs = self.home.runs();
        runs.retain(|run| !run.file_name().unwrap().to_string_lossy().starts_with('.'));
        runs
    }

    /// The only run.
    pub fn run(&self) -> PathBuf {
        let mut runs = self.runs();
        assert_eq!(runs.len(), 1, "{runs:?}");
        runs.remove(0)
    }

    /// The points that were reached, by their names and what they were reached for.
    pub fn reached(&self) -> Vec<(String, String)> {
        let log = fs::read_to_string(self.log()).unwrap_or_default();
        log.lines()
            .map(|line| {
                let mut parts = line.splitn(3, ' ').skip(1).map(str::to_owned);
                (parts.next().unwrap(), parts.next().unwrap_or_default())
            })
            .collect()
    }

    /// Effects that were begun although their value had been received.
    pub fn done_again(&self) -> Vec<String> {
        let mut received = HashSet::new();
        let mut again = Vec::new();
        for (name, of) in self.reached() {
            match name.as_str() {
                "effect.received" => drop(received.insert(of)),
                "effect.begins" if received.contains(&of) => again.push(of),
                _ => {}
            }
        }
        again
    }
}

/// Writes a small table and `run.toml`, a short run on it that ends with its one cycle; returns the path of the latter.
pub fn write_short_run(home: &TestHome, settings: &str) -> String {
    home.file("table.csv", small_table(90, false));
    home.file(
        "run.toml",
        format!(
            "question = \"Does weight go with height?\"\n[[data]]\npath = \"table.csv\"\n[budget]\ncycles = 1\n\
             [research]\nshuffled_run = false\npermutations = 49\nbatch = 2\n{settings}"
        ),
    )
}

/// The findings of the short run by the rule book, undisturbed.
pub fn undisturbed_findings() -> String {
    share_text("short-run", || {
        let undisturbed = Trial::new(Heuristic);
        let output = undisturbed.go(None);
        assert!(finished(&output), "{}", describe_output(&output));
        read_findings_text(&undisturbed.run())
    })
}

/// Whether the run came to its end.
pub fn finished(output: &Output) -> bool {
    matches!(output.status.code(), Some(0 | 3))
}

impl<S: Setting + Copy> Trial<S> {
    /// The same in another home; the table stays where it is, so that this one must live as long.
    pub fn copy(&self) -> Self {
        let home = TestHome::new();
        copy_moment(self.home.path(), home.path());
        Self {
            home,
            setting: self.setting,
        }
    }

    /// Works on the run to its end, and takes a copy at each point: what is on the disk if it dies there.
    pub fn go_with_copies(&self) -> (ExitStatus, Vec<Self>) {
        // Nobody reads a pipe while it has stopped.
        let output = fs::File::create(self.home.path().join("output")).unwrap();
        let mut command = self.command();
        command.env("KOSMOS_FAILPOINT_HALT", "1");
        command.stdout(output.try_clone().unwrap()).stderr(output);
        #[expect(
            clippy::zombie_processes,
            reason = "it is waited for below, which also tells when it has stopped"
        )]
        let child = command.spawn().unwrap();
        let process = Pid::from_child(&child);
        let mut copies = Vec::new();
        loop {
            let (_, status) = waitpid(Some(process), WaitOptions::UNTRACED).unwrap().unwrap();
            if !status.stopped() {
                return (ExitStatus::from_raw(status.as_raw()), copies);
            }
            copies.push(self.copy());
            kill_process(process, Signal::CONT).unwrap();
        }
    }
}

/// Copies a folder in which the processes of scripts may still write and remove files.
fn copy_moment(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).into_iter().flatten().flatten() {
        let to = to.join(entry.file_name());
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => copy_moment(&entry.path(), &to),
            Ok(kind) if kind.is_file() => match fs::copy(entry.path(), to) {
                Err(error) if error.kind() != ErrorKind::NotFound => panic!("{}: {error}", entry.path().display()),
                _ => {}
            },
            _ => {}
        }
    }
}
