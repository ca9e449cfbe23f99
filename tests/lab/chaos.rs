//! Runs that are disturbed from outside: each ends with the findings of an undisturbed run, or stops with a true reason
//! and finds the same once it is resumed.

use std::{
    fs,
    os::unix::{ffi::OsStringExt, fs::symlink},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use fastrand::Rng;
use kosmos_testing::{describe_output, kosmos_binary, poll_until, read_findings_text, sample::draw_sample};
use rustix::process::{Pid, Signal, kill_process};

use crate::trial::{Heuristic, Trial, undisturbed_findings};

/// The disturbances, each with what it draws its moments from.
const DISTURBANCES: [Disturbance; 30] = [
    Disturbance::Kills(1),
    Disturbance::Kills(2),
    Disturbance::Kills(3),
    Disturbance::Kills(4),
    Disturbance::KillChildren(1),
    Disturbance::KillChildren(2),
    Disturbance::KillChildren(3),
    Disturbance::Pause(1),
    Disturbance::Pause(2),
    Disturbance::ThreeResumes,
    Disturbance::LoseExperiment(Loss::Folder, Which::First),
    Disturbance::LoseExperiment(Loss::Folder, Which::Last),
    Disturbance::LoseExperiment(Loss::Result, Which::First),
    Disturbance::LoseExperiment(Loss::Result, Which::Last),
    Disturbance::LoseExperiment(Loss::Change, Which::First),
    Disturbance::LoseExperiment(Loss::Change, Which::Last),
    Disturbance::LoseExperiment(Loss::Link, Which::First),
    Disturbance::LoseJournalDatabase,
    Disturbance::LoseJournalLog,
    Disturbance::LoseRun,
    Disturbance::OddHome("sp ace 'q\" ü中😀 $(id) ;x"),
    Disturbance::OddHome("line\nbreak\u{1b}[31m\u{202e}"),
    Disturbance::OddHome("-rf --home=x %s \\ *"),
    Disturbance::LinkedHome,
    Disturbance::DeepHome,
    Disturbance::HomeThatIsNoText,
    Disturbance::Flood,
    Disturbance::FewDescriptors,
    Disturbance::DiskFault("experiment.write", 5),
    Disturbance::DiskFault("experiment.keep", 1),
];

#[derive(Debug, Clone, Copy)]
enum Disturbance {
    /// `kill -9`, up to four times at random moments.
    Kills(u64),
    /// All processes that the lab started are killed at random moments.
    KillChildren(u64),
    /// SIGSTOP for a while.
    Pause(u64),
    /// Three processes continue a killed run at once.
    ThreeResumes,
    /// An experiment loses its files while the run goes on.
    LoseExperiment(Loss, Which),
    /// The journal's database is deleted while the run goes on.
    LoseJournalDatabase,
    /// The journal's log is deleted while the run goes on.
    LoseJournalLog,
    /// The run's folder is deleted while the run goes on.
    LoseRun,
    /// A home with that name.
    OddHome(&'static str),
    /// A home behind a symbolic link.
    LinkedHome,
    /// A home whose path is almost as long as the system allows.
    DeepHome,
    /// A home whose path is not UTF-8.
    HomeThatIsNoText,
    /// Another process fills the folders of the run with thousands of files.
    Flood,
    /// The shell allows 64 open files.
    FewDescriptors,
    /// A step fails with an error of the disk.
    DiskFault(&'static str, i32),
}

#[derive(Debug, Clone, Copy)]
enum Loss {
    Folder,
    Result,
    Change,
    Link,
}

#[derive(Debug, Clone, Copy)]
enum Which {
    First,
    Last,
}

#[test]
fn disturbed_runs_find_the_same_or_say_why_they_stop() {
    let expected = undisturbed_findings();
    let sample = draw_sample("chaos", DISTURBANCES.len(), 3);
    for nth in &sample.points {
        let disturbance = DISTURBANCES[*nth];
        let began = Instant::now();
        disturb(disturbance, &expected);
        eprintln!("{nth}: {disturbance:?}: {:.1} s", began.elapsed().as_secs_f64());
        sample.record_passed(*nth);
    }
}

/// A run in a home of any name.
struct Disturbed {
    trial: Trial<Heuristic>,
    home: PathBuf,
}

impl Disturbed {
    fn new() -> Self {
        let trial = Trial::new(Heuristic);
        let home = trial.home.kosmos_home();
        Self { trial, home }
    }

    fn in_home(name: impl AsRef<Path>) -> Self {
        let trial = Trial::new(Heuristic);
        let home = trial.home.path().join(name);
        Self { trial, home }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(kosmos_binary());
        self.prepare(&mut command, arguments);
        command
    }

    fn prepare(&self, command: &mut Command, arguments: &[&str]) {
        let folder = self.trial.home.path();
        command
            .args(arguments)
            .arg("--home")
            .arg(&self.home)
            .env("XDG_CONFIG_HOME", folder.join("config"))
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
    }

    fn begin(&self) -> Child {
        self.command(&["run", "run.toml"]).spawn().unwrap()
    }

    fn resume(&self) -> Output {
        let id = self.run().expect("no run to resume");
        let id = id.file_name().unwrap().to_str().unwrap().to_owned();
        self.command(&["resume", &id]).output().unwrap()
    }

    fn run(&self) -> Option<PathBuf> {
        let entries = fs::read_dir(self.home.join("runs")).ok()?;
        entries
            .flatten()
            .map(|entry| entry.path())
            .find(|path| path.join("run.toml").is_file() && !is_hidden(path))
    }

    /// The experiments that have ended, in the order in which they did.
    fn experiments(&self) -> Vec<PathBuf> {
        let Some(run) = self.run() else { return Vec::new() };
        let entries = fs::read_dir(run.join("experiments")).into_iter().flatten();
        let mut folders: Vec<(_, PathBuf)> = entries
            .flatten()
            .filter(|entry| !is_hidden(&entry.path()))
            .filter_map(|entry| {
                let written = fs::metadata(entry.path().join("execution.json")).ok()?;
                Some((written.modified().ok()?, entry.path()))
            })
            .collect();
        folders.sort();
        folders.into_iter().map(|(_, path)| path).collect()
    }

    fn wait_for_experiments(&self, count: usize) {
        poll_until("experiments", Duration::from_secs(60), || {
            self.experiments().len() >= count
        });
    }

    /// The findings are those of an undisturbed run, at once or after the run was resumed.
    fn ends_with(&self, output: &Output, expected: &str) {
        let mut output = output.clone();
        for _ in 0..2 {
            if !is_finished(&output) {
                says_why(&output);
                output = self.resume();
            }
        }
        assert!(is_finished(&output), "{}", describe_output(&output));
        assert_eq!(read_findings_text(&self.run().unwrap()), expected);
    }
}

fn is_hidden(path: &Path) -> bool {
    path.file_name().unwrap().to_string_lossy().starts_with('.')
}

fn is_finished(output: &Output) -> bool {
    matches!(output.status.code(), Some(0 | 3))
}

/// A process that was not killed says in its last lines why it stopped, and does not panic.
fn says_why(output: &Output) {
    let Some(code) = output.status.code() else { return };
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(
        matches!(code, 2 | 4 | 5) && told.contains("error: ") && !told.contains("panicked"),
        "{}",
        describe_output(output)
    );
}

fn finish(child: Child) -> Output {
    child.wait_with_output().unwrap()
}

/// The processes below `process`, deepest first.
fn descendants(process: u32) -> Vec<u32> {
    let mut found = Vec::new();
    for task in fs::read_dir(format!("/proc/{process}/task"))
        .into_iter()
        .flatten()
        .flatten()
    {
        let children = fs::read_to_string(task.path().join("children")).unwrap_or_default();
        for child in children.split_whitespace().filter_map(|word| word.parse().ok()) {
            found.extend(descendants(child));
            found.push(child);
        }
    }
    found
}

fn send(process: u32, signal: Signal) {
    if let Some(process) = i32::try_from(process).ok().and_then(Pid::from_raw) {
        // It may have ended.
        let _ = kill_process(process, signal);
    }
}

fn wait_a_moment(random: &mut Rng, most: u64) {
    thread::sleep(Duration::from_millis(random.u64(20..most)));
}

fn disturb(disturbance: Disturbance, expected: &str) {
    match disturbance {
        Disturbance::Kills(seed) => {
            let (lab, mut random) = (Disturbed::new(), Rng::with_seed(seed));
            let mut child = lab.begin();
            for _ in 0..4 {
                wait_a_moment(&mut random, 1500);
                // A process that was ready has nothing to lose.
                let _ = child.kill();
                finish(child);
                child = match lab.run() {
                    None => lab.begin(),
                    Some(run) => {
                        let id = run.file_name().unwrap().to_str().unwrap().to_owned();
                        lab.command(&["resume", &id]).spawn().unwrap()
                    }
                };
            }
            lab.ends_with(&finish(child), expected);
        }
        Disturbance::KillChildren(seed) => {
            let (lab, mut random) = (Disturbed::new(), Rng::with_seed(seed));
            let child = lab.begin();
            lab.wait_for_experiments(1);
            for _ in 0..3 {
                wait_a_moment(&mut random, 400);
                descendants(child.id())
                    .into_iter()
                    .for_each(|process| send(process, Signal::KILL));
            }
            lab.ends_with(&finish(child), expected);
        }
        Disturbance::Pause(seed) => {
            let (lab, mut random) = (Disturbed::new(), Rng::with_seed(seed));
            let child = lab.begin();
            wait_a_moment(&mut random, 1500);
            send(child.id(), Signal::STOP);
            thread::sleep(Duration::from_secs(3));
            send(child.id(), Signal::CONT);
            lab.ends_with(&finish(child), expected);
        }
        Disturbance::ThreeResumes => {
            let lab = Disturbed::new();
            let mut child = lab.begin();
            lab.wait_for_experiments(1);
            child.kill().unwrap();
            finish(child);
            let id = lab.run().unwrap().file_name().unwrap().to_str().unwrap().to_owned();
            let all: Vec<Child> = (0..3).map(|_| lab.command(&["resume", &id]).spawn().unwrap()).collect();
            let all: Vec<Output> = all.into_iter().map(finish).collect();
            all.iter().filter(|output| !is_finished(output)).for_each(says_why);
            let one = all
                .iter()
                .find(|output| is_finished(output))
                .expect("no process finished the run");
            lab.ends_with(one, expected);
        }
        Disturbance::LoseExperiment(loss, which) => {
            let lab = Disturbed::new();
            let child = lab.begin();
            lab.wait_for_experiments(match which {
                Which::First => 1,
                Which::Last => 2,
            });
            // The run may end before: then it is resumed without the files.
            let experiments = lab.experiments();
            let folder = match which {
                Which::First => experiments.first(),
                Which::Last => experiments.last(),
            };
            let elsewhere = lab.trial.home.path().join("elsewhere");
            fs::create_dir(&elsewhere).unwrap();
            fs::write(elsewhere.join("result.json"), "{}").unwrap();
            lose(folder.unwrap(), loss, &elsewhere);
            lab.ends_with(&finish(child), expected);
            let left = fs::read_to_string(elsewhere.join("result.json")).unwrap();
            assert_eq!(left, "{}", "a file outside of the run was touched");
            let again = lab.resume();
            assert!(is_finished(&again), "{}", describe_output(&again));
            assert_eq!(read_findings_text(&lab.run().unwrap()), expected);
        }
        Disturbance::LoseJournalDatabase => lose_in_run("journal", expected),
        Disturbance::LoseJournalLog => lose_in_run("journal.jsonl", expected),
        Disturbance::LoseRun => {
            let lab = Disturbed::new();
            let child = lab.begin();
            lab.wait_for_experiments(1);
            // It may be written to meanwhile.
            poll_until("removed", Duration::from_secs(10), || {
                lab.run().is_none_or(|run| fs::remove_dir_all(run).is_ok())
            });
            let output = finish(child);
            match is_finished(&output) {
                true => panic!("it found something without a journal: {}", describe_output(&output)),
                false => says_why(&output),
            }
            // Nothing is left to be resumed; another run is not affected.
            let output = finish(lab.begin());
            assert!(is_finished(&output), "{}", describe_output(&output));
        }
        Disturbance::OddHome(name) => {
            let lab = Disturbed::in_home(name);
            lab.ends_with(&finish(lab.begin()), expected);
        }
        Disturbance::LinkedHome => {
            let lab = Disturbed::in_home("link");
            fs::create_dir(lab.trial.home.path().join("real")).unwrap();
            symlink(lab.trial.home.path().join("real"), &lab.home).unwrap();
            lab.ends_with(&finish(lab.begin()), expected);
        }
        Disturbance::DeepHome => {
            let lab = Disturbed::in_home([&*"n".repeat(240); 12].join("/"));
            let output = finish(lab.begin());
            // A system that cannot have the paths of a run there says so.
            match is_finished(&output) {
                true => lab.ends_with(&output, expected),
                false => says_why(&output),
            }
        }
        Disturbance::HomeThatIsNoText => {
            let lab = Disturbed::in_home(std::ffi::OsString::from_vec(b"home-\xff\xfe".to_vec()));
            let output = finish(lab.begin());
            refused(&output, "is not UTF-8");
            assert!(!lab.home.exists(), "it left something behind");
        }
        Disturbance::Flood => {
            let lab = Disturbed::new();
            let child = lab.begin();
            lab.wait_for_experiments(1);
            let run = lab.run().unwrap();
            for nth in 0..2000 {
                for place in ["experiments", "blobs", ".", ".."] {
                    let _ = fs::write(run.join(place).join(format!("flood \u{1b}[2J\n{nth}")), "x");
                }
            }
            lab.ends_with(&finish(child), expected);
        }
        Disturbance::FewDescriptors => {
            let lab = Disturbed::new();
            let mut command = Command::new("sh");
            command
                .args(["-c", "ulimit -n 64; exec \"$0\" \"$@\""])
                .arg(kosmos_binary());
            lab.prepare(&mut command, &["run", "run.toml"]);
            let output = command.output().unwrap();
            refused(&output, "may open 64 files at once");
            assert!(lab.run().is_none(), "it left a run behind");
            lab.ends_with(&finish(lab.begin()), expected);
        }
        Disturbance::DiskFault(point, error) => {
            let lab = Disturbed::new();
            let output = lab
                .command(&["run", "run.toml"])
                .env("KOSMOS_FAILPOINT_ERROR", format!("{point}={error}"))
                .output()
                .unwrap();
            assert_eq!(output.status.code(), Some(4), "{}", describe_output(&output));
            lab.ends_with(&output, expected);
        }
    }
}

fn refused(output: &Output, words: &str) {
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{}", describe_output(output));
    assert!(
        told.contains(words) && told.contains("help: "),
        "{}",
        describe_output(output)
    );
}

/// Deletes something of a run's folder while the run goes on, which may not notice.
fn lose_in_run(name: &str, expected: &str) {
    let lab = Disturbed::new();
    let child = lab.begin();
    lab.wait_for_experiments(1);
    let path = lab.run().unwrap().join(name);
    let _ = fs::remove_file(&path).or_else(|_| fs::remove_dir_all(&path));
    lab.ends_with(&finish(child), expected);
}

fn lose(folder: &Path, loss: Loss, elsewhere: &Path) {
    let result = folder.join("result.json");
    match loss {
        Loss::Folder => fs::remove_dir_all(folder).unwrap(),
        Loss::Result => fs::remove_file(result).unwrap(),
        Loss::Change => fs::write(result, "{}").unwrap(),
        Loss::Link => {
            fs::remove_dir_all(folder).unwrap();
            symlink(elsewhere, folder).unwrap();
        }
    }
}
