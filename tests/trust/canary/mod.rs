//! Runs that a hostile hand has changed, through every command that takes a run, with canaries around the home.
//!
//! Each case is a run with one lie in it: an archive that `import` is given and, where it refuses it, a folder that
//! someone has copied into the home. Then all commands are given it. Nothing outside the home may be opened or
//! changed, nothing connected to, and no variable of the user's may be in any output or file.

mod archive;
mod mutation;
mod outside;

use std::{
    fs,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::Mutex,
    thread,
    time::{Duration, Instant},
};

use fastrand::Rng;
use kosmos_testing::{
    TestHome, describe_output,
    fixture::share_folder,
    inner::{assert_inner_test_passes, inner_test},
    kosmos_binary, run_id,
    sample::{draw_sample, is_deep_tier},
};

use self::{
    archive::{Entry, place_folder, read_entries, write_archive},
    mutation::{KINDS, REQUESTS, Run, Surroundings},
    outside::{Canaries, Listener, MARK, list_files},
};

/// All cases there are, and those of them that the default tier draws.
const CASES: usize = 1000;
const DRAWN: usize = 60;

/// The same for runs that the user trusts and resumes, which is a whole run more each.
const TRUSTED_CASES: usize = 200;
const TRUSTED_DRAWN: usize = 6;

/// How long a command may take with a run of a few tests.
const PATIENCE: Duration = Duration::from_secs(120);

/// What ends a command is one of these codes, or a person would not know what it means.
const CODES: [i32; 5] = [0, 2, 3, 4, 5];

#[test]
fn mutated_runs_touch_nothing_outside_their_home() {
    // Made here, where its interpreter can be fetched if need be.
    base_run();
    assert_inner_test_passes(in_namespace(&inner_test("canary::inner_mutated_runs")));
}

/// Ids, paths, hashes and files are no requests that a user can grant: what a run has in their place is refused after
/// `kosmos trust` as before it. Its journal is cut, so that work is left to resume.
#[test]
fn trusted_runs_touch_nothing_outside_their_home() {
    base_run();
    assert_inner_test_passes(in_namespace(&inner_test("canary::inner_trusted_runs")));
}

/// The command in a network namespace of its own, whose loopback interface is up, and a mount namespace.
fn in_namespace(command: &Command) -> Command {
    const LOOPBACK: &str = "import fcntl, socket, struct\n\
         request = struct.pack('16sh', b'lo', 0x41)\n\
         fcntl.ioctl(socket.socket(), 0x8914, request)\n";
    let mut outer = Command::new("unshare");
    if !rustix::process::geteuid().is_root() {
        outer.args(["--user", "--map-root-user"]);
    }
    outer
        .args(["--net", "--mount", "--", "sh", "-c", "python3 -c \"$0\" && exec \"$@\""])
        .arg(LOOPBACK)
        .arg(command.get_program())
        .args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => outer.env(name, value),
            None => outer.env_remove(name),
        };
    }
    outer
}

/// The archive of a short run, and its id.
fn base_run() -> (PathBuf, String) {
    let folder = share_folder("canary", |folder| {
        let home = TestHome::frugal_small("");
        let run = home.finish_run();
        let archive = folder.join("run.tar");
        let output = home.run(&["export", run_id(&run), "--output", archive.to_str().unwrap()]);
        assert!(output.status.success(), "{}", describe_output(&output));
        fs::write(folder.join("id"), run_id(&run)).unwrap();
    });
    (folder.join("run.tar"), fs::read_to_string(folder.join("id")).unwrap())
}

#[test]
#[ignore = "run by mutated_runs_touch_nothing_outside_their_home"]
fn inner_mutated_runs() {
    let (archive, id) = base_run();
    let base = Run::open(&id, read_entries(&archive));
    let listener = Listener::start();

    // Unchanged, it is taken and verifies: what is refused below is refused for its lie.
    let whole = Trial::new(&base.entries);
    let codes = whole.go(&id, listener.port);
    assert_eq!(&codes[..5], &[Some(0); 5], "{codes:?}");

    let sample = draw_sample("canary", CASES, DRAWN);
    let left = Mutex::new(sample.points.clone().into_iter());
    let told = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(point) = { left.lock().unwrap().next() } {
                    let outcome = try_case(&base, point, &listener);
                    sample.record_passed(point);
                    told.lock().unwrap().push(outcome);
                }
            });
        }
    });
    let told = told.into_inner().unwrap();
    let heard = listener.heard();
    assert!(heard.is_empty(), "something connected: {heard:?}");
    let refused = told.iter().filter(|refused| **refused).count();
    eprintln!("{refused} of {} archives were refused", told.len());
    assert!(
        refused * 2 > told.len(),
        "{refused} of {} archives were refused",
        told.len()
    );
    assert!(!is_deep_tier() || told.len() + sample.done_before == CASES);
}

#[test]
#[ignore = "run by trusted_runs_touch_nothing_outside_their_home"]
fn inner_trusted_runs() {
    let (archive, id) = base_run();
    let base = Run::open(&id, read_entries(&archive));
    let listener = Listener::start();

    // Without a lie, what is cut is trusted and resumed.
    let mut cut = base.clone();
    cut.lose_the_end(0.5);
    let codes = Trial::new(&cut.entries).trust_and_resume(&id, listener.port);
    assert_eq!(codes, [Some(0), Some(0)], "trust and resume");

    let kinds: Vec<_> = KINDS.iter().filter(|(name, _)| !REQUESTS.contains(name)).collect();
    let sample = draw_sample("trusted canary", TRUSTED_CASES, TRUSTED_DRAWN);
    for &point in &sample.points {
        let (name, mutate) = kinds[point * kinds.len() / TRUSTED_CASES];
        let mut rng = Rng::with_seed(point as u64);
        let trial = Trial::new(&[]);
        let mut run = base.clone();
        run.lose_the_end(rng.f64());
        let around = Surroundings {
            canaries: &trial.canary_folder(),
            port: listener.port,
        };
        mutate(&mut run, &mut rng, &around);
        trial.write(&run.entries);
        let codes = trial.trust_and_resume(&run.id, listener.port);
        eprintln!("case {point}, {name}: {codes:?}");
        let heard = listener.heard();
        assert!(heard.is_empty(), "case {point}, {name}: {heard:?}");
        sample.record_passed(point);
    }
}

/// One case, through all commands; returns whether `import` refused it.
fn try_case(base: &Run, point: usize, listener: &Listener) -> bool {
    let (name, mutate) = KINDS[point * KINDS.len() / CASES];
    let mut rng = Rng::with_seed(point as u64);
    let mut run = base.clone();
    let trial = Trial::new(&[]);
    let around = Surroundings {
        canaries: &trial.canary_folder(),
        port: listener.port,
    };
    mutate(&mut run, &mut rng, &around);
    trial.write(&run.entries);
    let before = listener.heard().len();
    let codes = trial.go(&run.id, listener.port);
    eprintln!("case {point}, {name}: {codes:?}");
    assert_eq!(
        listener.heard().len(),
        before,
        "case {point}, {name}: {:?}",
        listener.heard()
    );
    codes[0] != Some(0)
}

/// A home with canaries around it.
struct Trial {
    folder: tempfile::TempDir,
    canaries: Canaries,
}

impl Trial {
    fn new(entries: &[Entry]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let canaries = Canaries::place(&folder.path().join("canaries"));
        for name in ["work", "temporary"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        let trial = Self { folder, canaries };
        trial.write(entries);
        trial
    }

    fn canary_folder(&self) -> PathBuf {
        self.folder.path().join("canaries")
    }

    /// The archive, and beside it what a folder of it would hold.
    fn write(&self, entries: &[Entry]) {
        write_archive(entries, &self.folder.path().join("work/run.tar"));
        let folder = self.folder.path().join("folders");
        fs::create_dir_all(&folder).unwrap();
        place_folder(entries, &folder);
        // A link of the case's own to a canary is no event.
        self.canaries.report_touched();
    }

    /// Copies the run's folder into the home, where it is not there yet.
    fn copy_into_home(&self, id: &str) {
        let runs = self.folder.path().join("home/runs");
        if !runs.join(id).exists() {
            fs::create_dir_all(&runs).unwrap();
            let _ = fs::rename(self.folder.path().join("folders").join(id), runs.join(id));
        }
    }

    /// The user agrees to all that the run asks for, and resumes it; returns the exit codes.
    fn trust_and_resume(&self, id: &str, port: u16) -> [Option<i32>; 2] {
        self.copy_into_home(id);
        [&["trust", id, "--yes"][..], &["resume", id]].map(|arguments| self.kosmos(arguments, port))
    }

    /// Gives the run to every command; returns their exit codes.
    fn go(&self, id: &str, port: u16) -> Vec<Option<i32>> {
        let mut codes = vec![self.kosmos(&["import", "run.tar"], port)];
        self.copy_into_home(id);
        for arguments in [
            &["status", id][..],
            &["report", id],
            &["verify", id],
            &["export", id, "--output", "again.tar"],
            &["fork", id, "--at", "1"],
            &["replay", id],
            &["resume", id],
            &["runs"],
        ] {
            codes.push(self.kosmos(arguments, port));
        }
        let marked = list_files(&self.folder.path().join("home"));
        let marked = marked.iter().find(|(_, content)| holds_mark(content));
        assert!(marked.is_none(), "a variable is in {:?}", marked.map(|(path, _)| path));
        codes
    }

    fn kosmos(&self, arguments: &[&str], port: u16) -> Option<i32> {
        let root = self.folder.path();
        let outputs = [root.join("stdout"), root.join("stderr")];
        let [stdout, stderr] = outputs.each_ref().map(|path| fs::File::create(path).unwrap());
        let cache = std::env::var_os("XDG_CACHE_HOME").map_or_else(
            || Path::new(&std::env::var_os("HOME").unwrap()).join(".cache"),
            PathBuf::from,
        );
        let mut command = Command::new(kosmos_binary());
        command
            .args(arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("HOME", self.canary_folder().join("user"))
            .env("XDG_CACHE_HOME", cache)
            .env("XDG_CONFIG_HOME", root.join("config"))
            .env("TMPDIR", root.join("temporary"))
            .env("KOSMOS_HOME", root.join("home"))
            .envs(
                ["CANARY_KEY", "OPENAI_API_KEY", "NEO4J_PASSWORD", "HTTP_PROXY"].map(|name| match name {
                    "HTTP_PROXY" => (name, format!("http://{MARK}@127.0.0.1:{port}")),
                    _ => (name, MARK.to_owned()),
                }),
            )
            .current_dir(root.join("work"))
            .stdin(Stdio::null())
            .stdout(stdout)
            .stderr(stderr)
            .process_group(0);
        let status = wait(command.spawn().unwrap());
        let said = outputs.map(|path| fs::read(path).unwrap());
        let text = said
            .each_ref()
            .map(|said| String::from_utf8_lossy(said).into_owned())
            .join("\n");
        let case = format!("`kosmos {}`: {status:?}: {text}", arguments.join(" "));
        let touched = self.canaries.report_touched();
        assert!(touched.is_empty(), "{touched:?} by {case}");
        assert!(
            !said.iter().any(|said| holds_mark(said)),
            "a variable is told by {case}"
        );
        assert!(!text.contains("panicked"), "{case}");
        let escapes = |character: char| character.is_control() && !matches!(character, '\n' | '\t');
        assert!(!text.contains(escapes), "control characters from {case:?}");
        let code = status.unwrap_or_else(|| panic!("no end of {case}")).code();
        assert!(code.is_some_and(|code| CODES.contains(&code)), "{case}");
        code
    }
}

fn holds_mark(content: &[u8]) -> bool {
    content.windows(MARK.len()).any(|part| part == MARK.as_bytes())
}

/// Waits for the end of a command, and kills it when it takes too long.
fn wait(mut command: Child) -> Option<ExitStatus> {
    let begin = Instant::now();
    while begin.elapsed() < PATIENCE {
        if let Some(status) = command.try_wait().unwrap() {
            return Some(status);
        }
        thread::sleep(Duration::from_millis(10));
    }
    command.kill().unwrap();
    command.wait().unwrap();
    None
}
