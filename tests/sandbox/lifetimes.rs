//! What must be gone, and when.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use kosmos::sandbox::{Outcome, Sandbox, SandboxError};
use tokio_util::sync::CancellationToken;

use crate::site::{Site, eventually, groups_of, has_started, listing, processes_with};
use kosmos_testing::inner::{assert_inner_test_passes, inner_test, is_inner_test};

/// Starts a tree whose members ignore signals and have left their session.
const STUBBORN: &str = "
import os, signal, time
for number in (1, 2, 3, 13, 15): signal.signal(number, signal.SIG_IGN)
for _ in range(2):
    if os.fork() == 0: os.setsid()
open('started', 'w')
";

fn unique(name: &str) -> String {
    format!("{name}-{}.py", std::process::id())
}

/// A job whose processes can be told from others by the script's name.
fn named(site: &Site, name: &str, script: &str) -> kosmos::sandbox::Job {
    let mut job = site.job("");
    job.script = unique(name);
    fs::write(site.workspace().join(&job.script), script).unwrap();
    job
}

#[tokio::test]
async fn survivors_end_with_the_script() {
    let site = Site::new().await;
    let script = format!("import os\nmain = os.getpid()\n{STUBBORN}\nif os.getpid() != main: time.sleep(600)");
    let job = named(&site, "survivor", &script);
    let name = job.script.clone();
    let done = site.sandbox.run(job, CancellationToken::new()).await;
    assert_eq!(done.unwrap().outcome, Outcome::Ok);
    // At once: not even a moment later may anything write to the workspace.
    assert_eq!(processes_with(&name), Vec::<u32>::new());
}

#[tokio::test]
async fn survivors_end_with_a_limit() {
    let mut site = Site::new().await;
    site.limits.wall = Duration::from_millis(400);
    let job = named(&site, "limited", &format!("{STUBBORN}\ntime.sleep(600)"));
    let name = job.script.clone();
    let done = site.sandbox.run(job, CancellationToken::new()).await;
    assert!(matches!(done.unwrap().outcome, Outcome::TimedOut { .. }));
    assert_eq!(processes_with(&name), Vec::<u32>::new());
}

#[tokio::test]
async fn dropping_the_future_ends_the_job() {
    let site = Site::new().await;
    let job = named(&site, "dropped", &format!("{STUBBORN}\ntime.sleep(600)"));
    let name = job.script.clone();
    let running = site.sandbox.run(job, CancellationToken::new());
    tokio::select! {
        _ = running => panic!("it should not end"),
        () = async {
            while !has_started(&name) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        } => {}
    }
    assert!(!processes_with(&name).is_empty());
    let gone = async {
        while !processes_with(&name).is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), gone).await.expect("gone");
}

#[tokio::test]
async fn a_killed_launcher_takes_everything_with_it() {
    let site = Site::new().await;
    // How many generations above the script's first process: init, and the launcher.
    for generations in [1, 2] {
        let job = named(&site, "orphaned", "open('started', 'w'); import time; time.sleep(600)");
        let name = job.script.clone();
        let running = site.sandbox.run(job, CancellationToken::new());
        let (ended, ()) = tokio::join!(running, async {
            while !has_started(&name) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            let mut pid = processes_with(&name)[0];
            for _ in 0..generations {
                pid = parent(pid);
            }
            let status = std::process::Command::new("/bin/kill")
                .args(["-9", &pid.to_string()])
                .status();
            assert!(status.unwrap().success());
        });
        assert!(matches!(ended, Err(SandboxError::Lost(_))), "{ended:?}");
        eventually("all have ended", || processes_with(&name).is_empty());
    }
}

pub fn parent(pid: u32) -> u32 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let (_, after) = stat.rsplit_once(')').unwrap();
    after.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn killing_kosmos_leaves_nothing() {
    let home = tempfile::tempdir().unwrap();
    let mut kosmos = inner_test("lifetimes::inner_killing_kosmos_leaves_nothing")
        .env("KOSMOS_TEST_HOME", home.path())
        .spawn()
        .unwrap();
    let pid = kosmos.id();
    let name = format!("killed-{pid}.py");
    eventually("the script has started", || has_started(&name));
    assert!(!processes_with(&name).is_empty());
    kosmos.kill().unwrap();
    kosmos.wait().unwrap();
    eventually("its processes have ended", || processes_with(&name).is_empty());
    // The groups are left for the next start to sweep, once the last process is out of them.
    let runtime = tokio::runtime::Runtime::new().unwrap();
    eventually("its groups are swept", || {
        runtime.block_on(Site::new());
        groups_of(pid).is_empty()
    });
}

#[tokio::test]
#[ignore = "run by killing_kosmos_leaves_nothing"]
async fn inner_killing_kosmos_leaves_nothing() {
    if !is_inner_test() {
        return;
    }
    let mut site = Site::new().await;
    let home = PathBuf::from(std::env::var_os("KOSMOS_TEST_HOME").unwrap());
    site.limits.wall = Duration::from_secs(600);
    let mut job = named(&site, "killed", &format!("{STUBBORN}\ntime.sleep(600)"));
    fs::copy(site.workspace().join(&job.script), home.join(&job.script)).unwrap();
    job.workspace = home;
    let _ = site.sandbox.run(job, CancellationToken::new()).await;
}

#[test]
fn fifty_runs_leave_nothing() {
    let temp = tempfile::tempdir().unwrap();
    let mut command = inner_test("lifetimes::inner_fifty_runs_leave_nothing");
    command.env("TMPDIR", temp.path());
    assert_inner_test_passes(command);
    assert_eq!(listing(temp.path()), Vec::<String>::new());
}

#[tokio::test]
#[ignore = "run by fifty_runs_leave_nothing"]
async fn inner_fifty_runs_leave_nothing() {
    if !is_inner_test() {
        return;
    }
    let site = Site::new().await;
    let open = || fs::read_dir("/proc/self/fd").unwrap().count();
    let job = named(&site, "fifty", "print(1)");
    let run = || site.sandbox.run(job.clone(), CancellationToken::new());
    run().await.unwrap();
    let before = open();
    for _ in 0..50 {
        assert_eq!(run().await.unwrap().stdout.text, "1\n");
    }
    // What watched the last one may close its files a moment later.
    eventually("as many files are open as before", || open() == before);
    assert_eq!(processes_with(&job.script), Vec::<u32>::new());
    assert_eq!(groups_of(std::process::id()), Vec::<PathBuf>::new());
    assert_eq!(listing(&site.workspace()), [job.script, "script.py".into()]);
    let task = format!("/proc/self/task/{}/children", std::process::id());
    assert_eq!(fs::read_to_string(Path::new(&task)).unwrap().trim(), "");
}

#[tokio::test]
async fn jobs_run_side_by_side() {
    let site = Site::new().await;
    let mut jobs = Vec::new();
    for n in 0..6 {
        let mut job = site.job(&format!("print({n})"));
        job.experiment = format!("e{n}");
        job.script = format!("s{n}.py");
        job.workspace = site.home.path().join(format!("w{n}"));
        fs::create_dir(&job.workspace).unwrap();
        fs::write(job.workspace.join(&job.script), format!("print({n})")).unwrap();
        jobs.push(site.sandbox.run(job, CancellationToken::new()));
    }
    for (n, done) in futures::future::join_all(jobs).await.into_iter().enumerate() {
        assert_eq!(done.unwrap().stdout.text, format!("{n}\n"));
    }
}
