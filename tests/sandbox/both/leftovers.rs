//! What a script leaves behind, on disk and running.

use std::{
    fs,
    time::{Duration, Instant},
};

use kosmos::sandbox::{Outcome, SandboxError};
use tokio_util::sync::CancellationToken;

use super::{
    on_both,
    stage::{Attack, Stage, is_empty},
};

on_both!(
    only_regular_files_come_out,
    odd_names_and_modes_come_out,
    deep_folders_are_cut,
    survivors_do_not_survive,
    cancelled_jobs_leave_nothing,
    jobs_do_not_accumulate,
);

async fn only_regular_files_come_out(stage: &Stage) {
    let secret = stage.home.path().join("secret");
    fs::write(&secret, "secret").unwrap();
    let script = format!(
        "
os.symlink({secret:?}, 'result.json'); os.symlink('/etc', 'etc'); os.symlink('nowhere', 'dangling')
os.symlink('../../../../../../etc/passwd', 'up'); os.mkfifo('pipe')
one = socket.socket(socket.AF_UNIX); one.bind('socket')
os.mkdir('figures'); os.symlink('..', 'figures/loop'); open('figures/a.svg', 'w').write('<svg/>')
open('twice', 'w').write('2'); os.link('twice', 'figures/twice')
open('set', 'w').write('s'); os.chmod('set', 0o6777)
"
    );
    let done = stage.run(&Attack::new("links", script)).await.unwrap();
    assert_eq!(done.outcome, Outcome::Ok, "{done:?}");
    let (files, refused) = stage.collected(&done);
    assert_eq!(files, ["figures/a.svg", "figures/twice", "set", "twice"]);
    let expected = ["dangling", "etc", "figures/loop", "pipe", "result.json", "socket", "up"];
    assert_eq!(refused, expected);
    assert_eq!(fs::read_to_string(&secret).unwrap(), "secret");
    use std::os::unix::fs::PermissionsExt;
    let mode = fs::metadata(stage.workspace().join("set"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o7022, 0, "{mode:o}");
    stage.is_well("links").await;

    for script in [
        "os.mkfifo('result.json')",
        "os.mkdir('result.json')",
        "os.symlink('/dev/zero', 'result.json')",
    ] {
        let done = stage.run(&Attack::new("no result", script)).await.unwrap();
        let (files, _) = stage.collected(&done);
        assert!(
            files.is_empty() && !stage.workspace().join("result.json").is_file(),
            "{script}"
        );
    }
}

async fn odd_names_and_modes_come_out(stage: &Stage) {
    let script = "
names = ['a\\nb', '\\u202egpj.exe', 'x' * 255, '--help', '..x', ' blank ', '\\U0001f427', '-rf', 'a\\\\b', '$(id)', '\\x1b[31m']
for name in names: open(name, 'w').write(name)
open(b'\\xff\\xfe', 'w').write('x')
os.mkdir(b'\\xffd'); open(b'\\xffd/y', 'w').write('y')
os.mkdir('closed'); open('closed/in', 'w').write('i'); os.chmod('closed/in', 0); os.chmod('closed', 0)
os.unlink(sys.argv[0])
os.chmod('.', 0)
";
    let done = stage.run(&Attack::new("names", script)).await.unwrap();
    assert_eq!(done.outcome, Outcome::Ok, "{done:?}");
    let (files, refused) = stage.collected(&done);
    let mut expected = vec![
        "\u{202e}gpj.exe".to_owned(),
        "x".repeat(255),
        "--help".to_owned(),
        "..x".to_owned(),
        " blank ".to_owned(),
        "\u{1f427}".to_owned(),
        "-rf".to_owned(),
        "a\\b".to_owned(),
        "$(id)".to_owned(),
        "closed/in".to_owned(),
    ];
    expected.sort();
    assert_eq!(files, expected);
    // Names that no path in a journal may be.
    let (garbled, controls): (Vec<_>, Vec<_>) = refused.iter().partition(|name| name.contains('\u{fffd}'));
    assert!(garbled.len() >= 2, "{refused:?}");
    assert_eq!(controls, ["\x1b[31m", "a\nb"]);
    stage.is_well("names").await;
}

async fn deep_folders_are_cut(stage: &Stage) {
    let script = "
for depth in range(1500):
    os.mkdir('d' * 50); os.chdir('d' * 50)
    if depth % 100 == 0: open('x', 'w').write('x')
";
    let done = stage.run(&Attack::new("deep", script)).await.unwrap();
    assert_eq!(done.outcome, Outcome::Ok, "{done:?}");
    let (files, refused) = stage.collected(&done);
    assert_eq!(files, [format!("{}/x", "d".repeat(50))]);
    assert_eq!(refused.len(), 1);
    stage.is_well("deep").await;
}

async fn survivors_do_not_survive(stage: &Stage) {
    let script = "
def survivor():
    os.setsid()
    for number in range(1, 32): refused(lambda: signal.signal(number, signal.SIG_IGN))
    if os.fork() == 0:
        for n in range(600):
            time.sleep(.1); open('late', 'w').write(str(n))
    os._exit(0)
for _ in range(3):
    if os.fork() == 0: survivor()
time.sleep(.3)
print('done', flush=True)
";
    let started = Instant::now();
    let done = stage.run(&Attack::new("survivors", script)).await.unwrap();
    assert_eq!(
        (&done.outcome, done.stdout.text.as_str()),
        (&Outcome::Ok, "done\n"),
        "{done:?}"
    );
    assert!(started.elapsed() < Duration::from_secs(10));
    let late = stage.workspace().join("late");
    let before = fs::read_to_string(&late).ok();
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(fs::read_to_string(&late).ok(), before);
    stage.is_well("survivors").await;
}

async fn cancelled_jobs_leave_nothing(stage: &Stage) {
    for pause in [0, 30, 300, 1500] {
        let cancel = CancellationToken::new();
        let job = stage.job(&Attack::new("asleep", "time.sleep(60)"));
        let running = stage.sandbox.run(job, cancel.clone());
        let (ended, ()) = tokio::join!(running, async {
            tokio::time::sleep(Duration::from_millis(pause)).await;
            cancel.cancel();
        });
        assert!(matches!(ended, Err(SandboxError::Cancelled)), "{ended:?}");
        stage.is_well("cancelling").await;
    }
}

/// Containers, volumes, control groups, descriptors, memory and files: as many after many jobs as after few.
async fn jobs_do_not_accumulate(stage: &Stage) {
    let jobs: usize = std::env::var("KOSMOS_TEST_JOBS").map_or(40, |jobs| jobs.parse().unwrap());
    let counts = || {
        let descriptors = fs::read_dir("/proc/self/fd").unwrap().count();
        let temp = fs::read_dir(std::env::temp_dir()).unwrap().flatten();
        let ours = format!("kosmos-{}-", std::process::id());
        let temp = temp.filter(|entry| entry.file_name().to_string_lossy().starts_with(&ours));
        (descriptors, temp.count(), stage.ours().len())
    };
    let memory = || {
        let status = fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap()
    };
    let mut before = None;
    for n in 0..jobs {
        if n == jobs / 4 {
            before = Some((counts(), memory()));
        }
        let done = stage
            .run(&Attack::new("short", "open('result.json', 'w').write('1')"))
            .await
            .unwrap();
        assert_eq!(done.outcome, Outcome::Ok, "{done:?}");
    }
    let ((descriptors, temp, ours), kib) = before.unwrap();
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let now = counts();
        // A container may be on its way out, and connections to the engine are kept for a while.
        if now.0 <= descriptors + 6 && now.1 <= temp && now.2 <= ours + 1 {
            break;
        }
        assert!(
            Instant::now() < deadline,
            "{now:?} after {jobs} jobs, {:?} before",
            (descriptors, temp, ours)
        );
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert!(
        memory() < kib + (16 << 10),
        "{} KiB after {jobs} jobs, {kib} before",
        memory()
    );
    stage.is_well("many jobs").await;
    assert!(!is_empty(&stage.workspace()));
}
