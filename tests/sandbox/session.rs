//! Programs that are talked to while they run.

use std::{
    fs,
    net::TcpListener,
    os::unix::fs::{MetadataExt, PermissionsExt, symlink},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use kosmos::sandbox::{Ending, Mount, ProcessOptions, Program, Reader, SandboxError, Session, SessionEnd, Writer};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    time::timeout,
};

use crate::site::{Site, bare_options, eventually, groups_of, listing, processes_with};
use kosmos_testing::inner::{assert_inner_test_passes, inner_test, is_inner_test};
use kosmos_testing::service::skip_test;

/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(20);

/// Answers each line with the value of the expression in it.
const SERVANT: &str = "
import json, os, sys
for line in sys.stdin:
    try: answer = repr(eval(line))
    except OSError as error: answer = f'errno {error.errno}'
    print(answer, flush=True)
";

/// A session and its streams, to be talked to line by line.
struct Talk {
    session: Session,
    stdin: Option<Writer>,
    stdout: BufReader<Reader>,
}

impl Talk {
    async fn with(site: &Site, program: Program) -> Self {
        let mut session = site.sandbox.open_session(program).await.unwrap();
        Self {
            stdin: session.stdin.take(),
            stdout: BufReader::new(session.stdout.take().unwrap()),
            session,
        }
    }

    async fn say(&mut self, line: &str) {
        let stdin = self.stdin.as_mut().unwrap();
        let saying = async {
            stdin.write_all(line.as_bytes()).await?;
            stdin.write_all(b"\n").await
        };
        timeout(LONG, saying).await.expect("in time").unwrap();
    }

    async fn hear(&mut self) -> String {
        let mut line = String::new();
        let hearing = self.stdout.read_line(&mut line);
        timeout(LONG, hearing).await.expect("in time").unwrap();
        line.trim_end().to_owned()
    }

    async fn ask(&mut self, line: &str) -> String {
        self.say(line).await;
        self.hear().await
    }

    async fn ended(&mut self) -> SessionEnd {
        timeout(LONG, self.session.wait_until_ended()).await.expect("in time")
    }

    /// Closes the program's input and waits for its end.
    async fn close(mut self) -> Ending {
        self.stdin = None;
        self.ended().await.ending
    }
}

fn program(site: &Site, program: &str, arguments: &[&str]) -> Program {
    Program {
        key: "test".to_owned(),
        program: program.into(),
        arguments: arguments.iter().map(|argument| (*argument).to_owned()).collect(),
        environment: Vec::new(),
        scratch: site.workspace(),
        mounts: Vec::new(),
        limits: site.limits.clone(),
    }
}

fn python(site: &Site, script: &str) -> Program {
    program(site, "python3", &["-c", script])
}

/// A program whose processes can be told from others by the last of its arguments.
fn named(site: &Site, name: &str, script: &str) -> (Program, String) {
    let name = format!("session-{name}-{}", std::process::id());
    (program(site, "python3", &["-c", script, &name]), name)
}

/// A folder of the host, with files of the modes given.
fn folder(site: &Site, name: &str, files: &[(&str, &str, u32)]) -> PathBuf {
    let folder = site.home.path().join(name);
    fs::create_dir(&folder).unwrap();
    for (file, text, mode) in files {
        fs::write(folder.join(file), text).unwrap();
        fs::set_permissions(folder.join(file), fs::Permissions::from_mode(*mode)).unwrap();
    }
    folder
}

fn mount(host: impl Into<PathBuf>, inside: &str, executable: bool) -> Mount {
    Mount {
        host: host.into(),
        inside: inside.into(),
        executable,
    }
}

/// With cgroups where they can be used, and without.
async fn sites() -> [Site; 2] {
    let without = ProcessOptions {
        cgroups: false,
        ..bare_options()
    };
    [Site::new().await, Site::with(without).await]
}

#[tokio::test]
async fn programs_in_several_languages_are_talked_to() {
    let servants: [(&str, &[&str]); 4] = [
        (
            "python3",
            &[
                "-c",
                "import sys\nfor line in sys.stdin: print(line.strip().upper(), flush=True)",
            ],
        ),
        ("perl", &["-e", "$| = 1; while (<STDIN>) { print uc }"]),
        ("bash", &["-c", "while read -r line; do echo \"${line^^}\"; done"]),
        (
            "node",
            &[
                "-e",
                "require('readline').createInterface({input: process.stdin}).on('line', line => console.log(line.toUpperCase()))",
            ],
        ),
    ];
    for site in sites().await {
        for (name, arguments) in servants {
            if !Program::FOLDERS
                .iter()
                .any(|folder| Path::new(folder).join(name).exists())
            {
                skip_test(&format!("there is no program {name}"));
                continue;
            }
            let mut talk = Talk::with(&site, program(&site, name, arguments)).await;
            for (said, heard) in [("one", "ONE"), ("two words", "TWO WORDS")] {
                assert_eq!(talk.ask(said).await, heard, "{name}");
            }
            assert_eq!(talk.close().await, Ending::Exited { code: 0 }, "{name}");
        }
    }
}

#[tokio::test]
async fn node_can_do_what_agents_in_it_do() {
    if !Path::new("/usr/bin/node").exists() {
        skip_test("there is no /usr/bin/node; tests/run installs it");
        return;
    }
    let script = "
const fs = require('fs'), crypto = require('crypto'), zlib = require('zlib'), {Worker} = require('worker_threads');
const {execFileSync} = require('child_process');
(async () => {
    fs.writeFileSync('kept', 'x'.repeat(1000));
    const kept = await fs.promises.readFile('kept', 'utf8');
    const hashed = await new Promise(done => crypto.pbkdf2('a', 'b', 1000, 8, 'sha256', (_, key) => done(key.length)));
    const zipped = await new Promise(done => zlib.gzip(kept, (_, all) => done(all.length < 1000)));
    const worked = await new Promise(done => new Worker('require(\"worker_threads\").parentPort.postMessage(6 * 7)',
        {eval: true}).on('message', done));
    const child = execFileSync('/bin/echo', ['child']).toString().trim();
    const wasm = new WebAssembly.Memory({initial: 1}).buffer.byteLength;
    const refused = await new Promise(done => require('net').connect(9, '127.0.0.1').on('error', e => done(e.code)));
    console.log([kept.length, hashed, zipped, worked, child, wasm, refused].join(' '));
})();
";
    for site in sites().await {
        let mut talk = Talk::with(&site, program(&site, "node", &["-e", script])).await;
        assert_eq!(talk.hear().await, "1000 8 true 42 child 65536 EPERM");
        assert_eq!(talk.close().await, Ending::Exited { code: 0 });
    }
}

#[tokio::test]
async fn an_agent_is_started_from_its_own_folder() {
    let site = Site::new().await;
    let host = folder(
        &site,
        "agent",
        &[
            ("script", "#!/usr/bin/perl\nprint qq(@ARGV ), <STDIN>;\n", 0o755),
            ("module.py", "answer = 42\n", 0o666),
            ("no-interpreter", "#!/usr/bin/no-such-program\n", 0o755),
        ],
    );
    // A compiled one.
    fs::copy("/usr/bin/cat", host.join("cat")).unwrap();
    symlink("cat", host.join("link")).unwrap();
    let sdk = folder(
        &site,
        "sdk",
        &[("kit.py", "import module\nanswer = module.answer\n", 0o644)],
    );
    // A single file that only its owner may run.
    let tool = site.home.path().join("tool");
    fs::copy("/usr/bin/cat", &tool).unwrap();
    fs::set_permissions(&tool, fs::Permissions::from_mode(0o700)).unwrap();
    let with = |name: &str, arguments: &[&str]| Program {
        mounts: vec![
            mount(&host, "/run/agent", true),
            mount(&sdk, "/run/sdk", false),
            mount(&tool, "/run/tools/cat", true),
        ],
        environment: vec![("PYTHONPATH".to_owned(), "/run/sdk:/run/agent".to_owned())],
        ..program(&site, name, arguments)
    };
    for (name, arguments, heard) in [
        ("/run/agent/script", ["a", "b"].as_slice(), "a b input"),
        ("/run/agent/cat", &[], "input"),
        ("/run/agent/link", &[], "input"),
        ("/run/tools/cat", &[], "input"),
        ("python3", &["-c", "import kit; print(kit.answer)"], "42"),
    ] {
        let mut talk = Talk::with(&site, with(name, arguments)).await;
        if heard != "42" {
            talk.say("input").await;
            talk.stdin = None;
        }
        assert_eq!(talk.hear().await, heard, "{name}");
        assert_eq!(talk.close().await, Ending::Exited { code: 0 });
    }
    let failed = site
        .sandbox
        .open_session(with("/run/agent/no-interpreter", &[]))
        .await
        .unwrap_err();
    assert!(matches!(failed, SandboxError::Setup { .. }), "{failed}");
    assert!(
        failed.to_string().contains("start /run/agent/no-interpreter"),
        "{failed}"
    );
    // Not changed, and not from anywhere else.
    let script = r#"
import os, shutil, subprocess
def tried(attempt):
    try: attempt()
    except OSError as error: return error.errno
    return 0
shutil.copy("/run/agent/cat", "cat")
print([tried(attempt) for attempt in (
    lambda: open("/run/agent/module.py", "a"), lambda: open("/run/agent/new", "w"), lambda: open("/run/sdk/new", "w"),
    lambda: os.unlink("/run/agent/script"), lambda: os.chmod("/run/agent/module.py", 0o777), lambda: subprocess.run(["./cat"]),
)])
"#;
    let mut talk = Talk::with(&site, with("python3", &["-c", script])).await;
    assert_eq!(talk.hear().await, "[30, 30, 30, 30, 30, 13]");
}

#[tokio::test]
async fn a_program_that_is_not_there_is_named() {
    let site = Site::new().await;
    let host = folder(&site, "agent", &[("notes", "", 0o644), ("closed", "", 0o755)]);
    for (name, executable, said) in [
        (
            "no-such-program",
            true,
            vec!["no-such-program", "/usr/local/bin, /usr/bin, /bin"],
        ),
        (
            "/run/agent/none",
            true,
            vec!["/run/agent/none", "there is no file", "agent/none"],
        ),
        (
            "/run/agent/notes",
            true,
            vec!["agent/notes", "not executable", "chmod +x"],
        ),
        ("/run/agent/closed", false, vec!["/run/agent"]),
        ("/etc/none", true, vec!["/etc/none"]),
        ("./relative", true, vec!["absolute"]),
    ] {
        let mut program = program(&site, name, &[]);
        program.mounts = vec![mount(&host, "/run/agent", executable)];
        let error = site.sandbox.open_session(program).await.unwrap_err();
        assert!(matches!(error, SandboxError::InvalidProgram { .. }), "{error:?}");
        for part in said {
            let told = format!("{error}\n{}", error.help().unwrap_or_default());
            assert!(told.contains(part), "{told}");
        }
    }
    let mut nowhere = python(&site, "");
    nowhere.scratch = site.home.path().join("nowhere");
    let error = site.sandbox.open_session(nowhere).await.unwrap_err();
    assert!(matches!(error, SandboxError::Host { .. }), "{error:?}");
    assert_eq!(listing(&site.workspace()), Vec::<String>::new());
}

#[tokio::test]
async fn its_end_is_seen_and_what_it_said_before() {
    let site = Site::new().await;
    let script = "import sys; sys.stdin.readline(); print('out'); print('err', file=sys.stderr); open('kept', 'w').write('1'); sys.exit(3)";
    let mut talk = Talk::with(&site, python(&site, script)).await;
    assert!(
        timeout(Duration::from_millis(50), talk.session.wait_until_ended())
            .await
            .is_err()
    );
    talk.say("now").await;
    let ended = talk.ended().await;
    assert_eq!(ended.ending, Ending::Exited { code: 3 });
    assert!(
        ended.usage.wall_ms > 0 && ended.usage.cpu_ms > 0 && ended.usage.workspace_files == 1,
        "{ended:?}"
    );
    // However often it is asked, and after the end.
    assert_eq!(talk.ended().await, ended);
    assert_eq!(talk.hear().await, "out");
    assert_eq!(talk.hear().await, "");
    let mut said = String::new();
    let mut stderr = talk.session.stderr.take().unwrap();
    timeout(LONG, stderr.read_to_string(&mut said)).await.unwrap().unwrap();
    assert_eq!(said, "err\n");
    assert_eq!(talk.session.stop_within(Duration::ZERO).await, ended);
    let kept = site.workspace().join("kept");
    assert_eq!(fs::read_to_string(&kept).unwrap(), "1");
    let ours = fs::metadata(site.home.path()).unwrap().uid();
    assert_eq!(fs::metadata(&kept).unwrap().uid(), ours);
    assert_eq!(fs::metadata(site.workspace()).unwrap().uid(), ours);
}

#[tokio::test]
async fn long_lines_go_both_ways() {
    let site = Site::new().await;
    let script = "import sys\nfor line in sys.stdin: sys.stdout.write(line); sys.stdout.flush()";
    let Talk {
        session,
        stdin,
        mut stdout,
    } = Talk::with(&site, python(&site, script)).await;
    let line = "x".repeat(4 << 20);
    let (said, mut stdin) = (line.clone(), stdin.unwrap());
    let saying = tokio::spawn(async move {
        stdin.write_all(said.as_bytes()).await.unwrap();
        stdin.write_all(b"\n").await.unwrap();
    });
    let mut heard = String::new();
    timeout(LONG, stdout.read_line(&mut heard)).await.unwrap().unwrap();
    saying.await.unwrap();
    assert_eq!(heard.len(), line.len() + 1);
    assert_eq!(session.stop_within(LONG).await.ending, Ending::Exited { code: 0 });
}

#[tokio::test]
async fn closed_ends_of_its_input_are_seen() {
    let site = Site::new().await;
    // By the program.
    let mut talk = Talk::with(
        &site,
        python(&site, "import sys; print(repr(sys.stdin.read()), flush=True)"),
    )
    .await;
    talk.say("all").await;
    talk.stdin = None;
    assert_eq!(talk.hear().await, r"'all\n'");
    assert_eq!(talk.close().await, Ending::Exited { code: 0 });
    // By us: nobody but the program has the other end.
    let deaf = "import os, time; os.close(0); print('closed', flush=True); time.sleep(60)";
    let mut talk = Talk::with(&site, python(&site, deaf)).await;
    assert_eq!(talk.hear().await, "closed");
    let error = talk.stdin.as_mut().unwrap().write_all(b"x").await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::BrokenPipe);
    assert_eq!(talk.session.stop_within(Duration::ZERO).await.ending, Ending::Stopped);
}

#[tokio::test]
async fn its_streams_can_be_opened_by_name() {
    let site = Site::new().await;
    let script = "head -n 1 /dev/stdin > /dev/stdout; echo err > /dev/stderr";
    let mut talk = Talk::with(&site, program(&site, "bash", &["-c", script])).await;
    assert_eq!(talk.ask("through").await, "through");
    let mut said = String::new();
    let mut stderr = talk.session.stderr.take().unwrap();
    timeout(LONG, stderr.read_to_string(&mut said)).await.unwrap().unwrap();
    assert_eq!(said, "err\n");
    assert_eq!(talk.close().await, Ending::Exited { code: 0 });
}

#[tokio::test]
async fn a_program_is_asked_to_end_and_then_ended() {
    let site = Site::new().await;
    let willing = "import sys; sys.stdin.read(); open('farewell', 'w'); sys.exit(4)";
    let session = site.sandbox.open_session(python(&site, willing)).await.unwrap();
    assert_eq!(session.stop_within(LONG).await.ending, Ending::Exited { code: 4 });
    assert_eq!(listing(&site.workspace()), ["farewell"]);

    let (program, name) = named(&site, "unwilling", &format!("{STUBBORN}\ntime.sleep(600)"));
    let mut talk = Talk::with(&site, program).await;
    assert_eq!(talk.hear().await, "started");
    let before = Instant::now();
    let ended = talk.session.stop_within(Duration::from_millis(100)).await;
    assert_eq!(ended.ending, Ending::Stopped);
    assert!(before.elapsed() < Duration::from_secs(5));
    // At once: nothing may write to the scratch folder any more.
    assert_eq!(processes_with(&name), Vec::<u32>::new());
}

/// Starts a tree whose members ignore signals and have left their session.
const STUBBORN: &str = "
import os, signal, time
for number in (1, 2, 3, 13, 15): signal.signal(number, signal.SIG_IGN)
main = os.getpid()
for _ in range(2):
    if os.fork() == 0: os.setsid()
if os.getpid() == main: print('started', flush=True)
";

#[tokio::test]
async fn survivors_end_with_the_program() {
    let site = Site::new().await;
    let script = format!("{STUBBORN}\nif os.getpid() != main: time.sleep(600)");
    let (program, name) = named(&site, "survivor", &script);
    let mut talk = Talk::with(&site, program).await;
    assert_eq!(talk.ended().await.ending, Ending::Exited { code: 0 });
    assert_eq!(processes_with(&name), Vec::<u32>::new());
}

#[tokio::test]
async fn killing_it_from_outside_is_seen_at_once() {
    let site = Site::new().await;
    // How many generations above the program: itself, init, and the launcher.
    for (generations, lost) in [(0, false), (1, true), (2, true)] {
        let (program, name) = named(
            &site,
            "killed",
            "print('started', flush=True); import time; time.sleep(600)",
        );
        let mut talk = Talk::with(&site, program).await;
        assert_eq!(talk.hear().await, "started");
        let mut pid = processes_with(&name)[0];
        for _ in 0..generations {
            pid = crate::lifetimes::parent(pid);
        }
        let before = Instant::now();
        let status = std::process::Command::new("/bin/kill")
            .args(["-9", &pid.to_string()])
            .status();
        assert!(status.unwrap().success());
        let ending = talk.ended().await.ending;
        assert!(before.elapsed() < Duration::from_secs(3));
        if lost {
            assert!(matches!(ending, Ending::Lost { .. }), "{ending:?}");
        } else {
            assert_eq!(ending, Ending::Signalled { signal: 9 });
        }
        assert_eq!(talk.hear().await, "");
        eventually("all have ended", || processes_with(&name).is_empty());
    }
}

#[tokio::test]
async fn dropping_the_session_ends_everything() {
    let site = Site::new().await;
    let (program, name) = named(&site, "dropped", &format!("{STUBBORN}\ntime.sleep(600)"));
    let mut talk = Talk::with(&site, program).await;
    assert_eq!(talk.hear().await, "started");
    assert!(!processes_with(&name).is_empty());
    drop(talk.session);
    // The other end of its output closes when the last of its processes has gone.
    let mut rest = String::new();
    timeout(LONG, talk.stdout.read_to_string(&mut rest))
        .await
        .unwrap()
        .unwrap();
    eventually("all have ended", || processes_with(&name).is_empty());

    // One that nobody waited for while it was being started.
    for n in 0..20 {
        let (program, name) = named(&site, "abandoned", "import time; time.sleep(600)");
        let opening = site.sandbox.open_session(program);
        let opened = timeout(Duration::from_millis(2 * n), opening).await;
        drop(opened);
        let gone = async {
            while !processes_with(&name).is_empty() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(LONG, gone).await.expect("gone");
    }
}

#[test]
fn killing_kosmos_ends_its_sessions() {
    let home = tempfile::tempdir().unwrap();
    let mut kosmos = inner_test("session::inner_killing_kosmos")
        .env("KOSMOS_TEST_HOME", home.path())
        .spawn()
        .unwrap();
    let name = format!("session-orphaned-{}", kosmos.id());
    eventually("the program has started", || home.path().join("started").exists());
    assert!(!processes_with(&name).is_empty());
    kosmos.kill().unwrap();
    kosmos.wait().unwrap();
    eventually("its processes have ended", || processes_with(&name).is_empty());
}

#[tokio::test]
#[ignore = "run by killing_kosmos_ends_its_sessions"]
async fn inner_killing_kosmos() {
    if !is_inner_test() {
        return;
    }
    let site = Site::new().await;
    let home = PathBuf::from(std::env::var_os("KOSMOS_TEST_HOME").unwrap());
    let (program, _) = named(&site, "orphaned", &format!("{STUBBORN}\ntime.sleep(600)"));
    let mut talk = Talk::with(&site, program).await;
    assert_eq!(talk.hear().await, "started");
    fs::write(home.join("started"), "").unwrap();
    talk.session.wait_until_ended().await;
}

/// How a program ends that prints a line and then goes on with `script`.
async fn ending(site: &Site, script: &str) -> Ending {
    let mut talk = Talk::with(
        site,
        python(site, &format!("import os, time\nprint(1, flush=True)\n{script}")),
    )
    .await;
    assert_eq!(talk.hear().await, "1");
    let ending = talk.ended().await.ending;
    fs::remove_dir_all(site.workspace()).unwrap();
    fs::create_dir(site.workspace()).unwrap();
    ending
}

#[tokio::test]
async fn memory_is_limited() {
    for mut site in sites().await {
        site.limits.memory_bytes = 64 << 20;
        let hog = "x = bytearray(b'x') * (1 << 28); time.sleep(60)";
        assert_eq!(ending(&site, hog).await, Ending::OutOfMemory);
        // In a child, whose end the program would have outlived.
        let child = "
if os.fork() == 0:
    x = bytearray(b'x') * (1 << 28); time.sleep(60)
os.wait()
time.sleep(60)
";
        assert_eq!(ending(&site, child).await, Ending::OutOfMemory);
    }
}

#[tokio::test]
async fn processes_are_limited() {
    for mut site in sites().await {
        site.limits.processes = 10;
        // One process forks, not all: where no cgroup limits them, the others would be thousands before they are
        // counted.
        let bomb = "
while True:
    try:
        if os.fork() == 0: time.sleep(600)
    except OSError: pass
    time.sleep(0.01)
";
        assert_eq!(ending(&site, bomb).await, Ending::TooManyProcesses);
        let nine = "
for _ in range(9):
    if os.fork() == 0:
        time.sleep(0.3)
        os._exit(0)
for _ in range(9): os.wait()
";
        assert_eq!(ending(&site, nine).await, Ending::Exited { code: 0 });
    }
}

#[tokio::test]
async fn the_scratch_folder_is_limited() {
    let mut site = Site::new().await;
    site.limits.file_bytes = 1 << 20;
    site.limits.workspace_bytes = 3 << 20;
    site.limits.workspace_files = 20;
    let bytes = "for n in range(5): open(f'x{n}', 'wb').write(bytes(1 << 20))\n";
    let files = "for n in range(30): open(f'x{n}', 'w')\n";
    for script in [bytes, files] {
        // While it goes on, and when it ends before anybody has looked.
        for after in ["time.sleep(60)", "os._exit(0)"] {
            assert_eq!(
                ending(&site, &format!("{script}{after}")).await,
                Ending::ScratchTooLarge,
                "{script}{after}"
            );
        }
    }
    let file = "import signal; signal.signal(25, signal.SIG_DFL); open('x', 'wb').write(bytes(2 << 20))";
    assert_eq!(ending(&site, file).await, Ending::FileTooLarge);
}

#[tokio::test]
async fn processor_time_is_limited_and_time_on_the_clock_is_not() {
    for mut site in sites().await {
        site.limits.cpu = Duration::from_millis(600);
        site.limits.wall = Duration::ZERO;
        assert_eq!(
            ending(&site, "os.fork(); os.fork()\nwhile True: pass").await,
            Ending::OutOfTime
        );
        assert_eq!(ending(&site, "time.sleep(0.7)").await, Ending::Exited { code: 0 });
    }
}

#[tokio::test]
async fn no_network_can_be_reached() {
    let site = Site::new().await;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut talk = Talk::with(&site, python(&site, SERVANT)).await;
    for family in [2, 10, 16, 17, 38, 40] {
        let socket = format!("__import__('socket').socket({family}, 1)");
        assert_eq!(talk.ask(&socket).await, "errno 1");
    }
    let connect = format!("__import__('socket').create_connection(('127.0.0.1', {port}), 2)");
    assert_eq!(talk.ask(&connect).await, "errno 1");
    let perl =
        "use IO::Socket::INET; print defined(IO::Socket::INET->new(PeerAddr => $ARGV[0])) ? 'through' : $!+0, qq(\\n)";
    let mut talk = Talk::with(
        &site,
        program(&site, "perl", &["-e", perl, &format!("127.0.0.1:{port}")]),
    )
    .await;
    assert_eq!(talk.hear().await, "1");
}

#[tokio::test]
async fn nothing_else_can_be_seen() {
    let site = Site::new().await;
    let secret = site.home.path().join("secret");
    fs::write(&secret, "secret").unwrap();
    let private = folder(&site, "private", &[("table.csv", "a,b\n", 0o600)]).join("table.csv");
    let mut servant = python(&site, SERVANT);
    servant.mounts = vec![mount(&private, "/run/files/table.csv", false)];
    let mut talk = Talk::with(&site, servant).await;
    for hidden in [
        &secret,
        &site.workspace(),
        &private,
        &PathBuf::from("/etc/shadow"),
        &PathBuf::from("/sys"),
    ] {
        assert_eq!(talk.ask(&format!("os.path.exists({hidden:?})")).await, "False");
    }
    for (question, answer) in [
        ("open('/run/files/table.csv').read()", r"'a,b\n'"),
        ("open('/run/files/table.csv', 'a')", "errno"),
        ("open('/run/files/other', 'w')", "errno 30"),
        ("open('/run/other', 'w')", "errno 30"),
        ("sorted(os.listdir('/run'))", "['files', 'scratch']"),
        ("os.getcwd()", "'/run/scratch'"),
        ("os.listdir()", "[]"),
        ("os.getuid(), os.getgid(), os.getgroups()[:1]", "(65534, 65534, [])"),
        (
            "sorted(int(pid) for pid in os.listdir('/proc') if pid.isdigit())",
            "[2]",
        ),
        ("os.kill(1, 9)", "None"),
        ("open('/proc/1/environ').read()", "errno"),
        ("__import__('subprocess').run(['/usr/bin/true']).returncode", "0"),
    ] {
        let heard = talk.ask(question).await;
        // For one reason or another.
        let refused = answer == "errno" && heard.starts_with(answer);
        assert!(heard == answer || refused, "{question}: {heard}");
    }
    assert_eq!(talk.close().await, Ending::Exited { code: 0 });
}

/// With a secret in its environment and a file left open for its children.
#[test]
fn nothing_is_inherited() {
    let mut command = inner_test("session::inner_nothing_is_inherited");
    command.env("OPENAI_API_KEY", "sk-very-secret");
    let mut shell = std::process::Command::new("/bin/sh");
    shell
        .args(["-c", r#"exec 7</etc/passwd; exec "$0" "$@""#])
        .arg(command.get_program())
        .args(command.get_args())
        .envs(command.get_envs().filter_map(|(k, v)| Some((k, v?))));
    assert_inner_test_passes(shell);
}

#[tokio::test]
#[ignore = "run by nothing_is_inherited"]
async fn inner_nothing_is_inherited() {
    if !is_inner_test() {
        return;
    }
    assert!(std::env::var("OPENAI_API_KEY").is_ok());
    let site = Site::new().await;
    let mut servant = python(&site, SERVANT);
    servant.environment = vec![
        ("LANG".to_owned(), "C".to_owned()),
        ("OWN".to_owned(), "a=b c".to_owned()),
    ];
    // One beside it, whose pipes are none of its business.
    let _other = Talk::with(&site, python(&site, SERVANT)).await;
    let mut talk = Talk::with(&site, servant).await;
    let streams =
        "[os.readlink(f'/proc/self/fd/{fd}').split(':')[0] for fd in sorted(os.listdir('/proc/self/fd'))[:3]]";
    assert_eq!(talk.ask(streams).await, "['pipe', 'pipe', 'pipe']");
    // The fourth is that of the listing itself.
    assert_eq!(
        talk.ask("sorted(os.listdir('/proc/self/fd'))").await,
        "['0', '1', '2', '3']"
    );
    assert_eq!(
        talk.ask("os.environ['LANG'], os.environ['OWN']").await,
        "('C', 'a=b c')"
    );
    let names = talk.ask("sorted(os.environ)").await;
    assert!(
        names.starts_with("['HOME', 'LANG',") && !names.contains("KEY"),
        "{names}"
    );
    assert_eq!(talk.ask("'very-' + 'secret' in str(os.environ)").await, "False");
}

#[tokio::test]
async fn two_at_once_do_not_see_one_another() {
    let site = Site::new().await;
    let mut both = Vec::new();
    for name in ["first", "second"] {
        let scratch = site.home.path().join(name);
        fs::create_dir(&scratch).unwrap();
        let program = Program {
            scratch,
            ..python(&site, SERVANT)
        };
        both.push(Talk::with(&site, program).await);
    }
    let [first, second] = &mut both[..] else { panic!() };
    for path in ["mine", "/tmp/mine", "/dev/shm/mine"] {
        assert_eq!(first.ask(&format!("open({path:?}, 'w').write('1')")).await, "1");
        assert_eq!(second.ask(&format!("os.path.exists({path:?})")).await, "False");
    }
    let socket = r"globals().setdefault('s', __import__('socket').socket(1)).bind('\0name')";
    assert_eq!(first.ask(socket).await, "None");
    assert_eq!(second.ask(socket).await, "None");
    let processes = "[pid for pid in os.listdir('/proc') if pid.isdigit() and int(pid) > 1]";
    for talk in [&mut *first, &mut *second] {
        assert_eq!(talk.ask(processes).await, "['2']");
    }
    // Nor does the end of one concern the other.
    both.remove(0).close().await;
    assert_eq!(both[0].ask("6 * 7").await, "42");
    assert_eq!(listing(&site.home.path().join("first")), ["mine"]);
}

#[test]
fn many_sessions_leave_nothing() {
    let temp = tempfile::tempdir().unwrap();
    let mut command = inner_test("session::inner_many_sessions_leave_nothing");
    command.env("TMPDIR", temp.path());
    assert_inner_test_passes(command);
    assert_eq!(listing(temp.path()), Vec::<String>::new());
}

#[tokio::test]
#[ignore = "run by many_sessions_leave_nothing"]
async fn inner_many_sessions_leave_nothing() {
    if !is_inner_test() {
        return;
    }
    let site = Site::new().await;
    let private = folder(&site, "private", &[("table", "t", 0o600)]).join("table");
    let open = || fs::read_dir("/proc/self/fd").unwrap().count();
    let (mut servant, name) = named(&site, "many", SERVANT);
    servant.mounts = vec![mount(private, "/run/files/table", false)];
    let mut missing = servant.clone();
    missing.program = "/run/files/table".into();
    let once = async || {
        let mut talk = Talk::with(&site, servant.clone()).await;
        assert_eq!(talk.ask("open('/run/files/table').read()").await, "'t'");
        assert_eq!(talk.close().await, Ending::Exited { code: 0 });
        assert!(site.sandbox.open_session(missing.clone()).await.is_err());
    };
    once().await;
    let before = open();
    for _ in 0..30 {
        once().await;
    }
    assert_eq!(open(), before);
    assert_eq!(processes_with(&name), Vec::<u32>::new());
    assert_eq!(groups_of(std::process::id()), Vec::<PathBuf>::new());
    assert_eq!(listing(&site.workspace()), Vec::<String>::new());
    let task = format!("/proc/self/task/{}/children", std::process::id());
    assert_eq!(fs::read_to_string(task).unwrap().trim(), "");
}
