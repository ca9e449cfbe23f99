//! The interpreter that forks for each job: when it begins and ends, and what it survives.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

use kosmos::sandbox::{Outcome, ProcessOptions, ProcessSandbox, Sandbox, SandboxError};
use tokio_util::sync::CancellationToken;

use crate::{
    site::{Site, eventually, has_started, listing, processes_with},
    warm::options,
};
use kosmos_testing::inner::{assert_inner_test_passes, inner_test, is_inner_test};

/// What only the zygote's command line holds.
const ZYGOTE: &str = "run(serve())";

/// The zygotes of process `kosmos`.
fn zygotes_of(kosmos: u32) -> Vec<u32> {
    let mut found = processes_with(ZYGOTE);
    found.retain(|pid| field(*pid, "PPid:") == Some(kosmos.into()));
    found
}

/// A number in what the kernel says of a process.
fn field(pid: u32, name: &str) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

#[tokio::test]
async fn eight_at_once_and_one_of_them_a_bomb() {
    let site = Site::with(options(true)).await;
    let jobs = (0..8).map(|n| {
        let workspace = site.home.path().join(format!("w{n}"));
        fs::create_dir(&workspace).unwrap();
        let mut job = site.job("");
        let bomb = "import os\nwhile True:\n  try: os.fork()\n  except OSError: pass";
        let script = if n == 3 { bomb.to_owned() } else { format!("print({n})") };
        fs::write(workspace.join("script.py"), script).unwrap();
        job.workspace = workspace;
        if n == 3 {
            job.limits.wall = Duration::from_millis(500);
        }
        site.sandbox.run(job, CancellationToken::new())
    });
    for (n, done) in futures::future::join_all(jobs).await.into_iter().enumerate() {
        if n != 3 {
            assert_eq!(done.unwrap().stdout.text, format!("{n}\n"));
        }
    }
    assert_eq!(site.run("print('after')").await.stdout.text, "after\n");
}

#[tokio::test]
async fn jobs_that_are_cancelled_as_they_start_do_no_harm() {
    let site = Site::with(options(true)).await;
    for n in 0..60 {
        let cancel = CancellationToken::new();
        let running = site.sandbox.run(site.job("print(1)"), cancel.clone());
        let (ended, ()) = tokio::join!(running, async {
            tokio::time::sleep(Duration::from_millis(n)).await;
            cancel.cancel();
        });
        let cancelled = matches!(ended, Err(SandboxError::Cancelled));
        assert!(cancelled || ended.as_ref().unwrap().stdout.text == "1\n", "{ended:?}");
    }
    assert_eq!(site.run("print(2)").await.stdout.text, "2\n");
}

#[tokio::test]
async fn what_cannot_be_imported_is_an_error() {
    let options = ProcessOptions {
        preload: Some(vec!["no_such_module".to_owned()]),
        ..options(true)
    };
    let error = ProcessSandbox::start(options).await.unwrap_err();
    assert!(matches!(error, SandboxError::Unavailable { .. }), "{error}");
    assert!(
        error.to_string().contains("No module named 'no_such_module'"),
        "{error}"
    );
}

/// Something, such as a lack of memory, kills it while it starts: it is started anew, but not for ever.
#[tokio::test]
async fn one_that_is_killed_as_it_starts_is_started_again() {
    let home = tempfile::tempdir().unwrap();
    let python = home.path().join("python");
    let real = options(true).python;
    let start = async |times: usize| {
        let script = format!(
            "#!/bin/sh\necho x >> '{0}/starts'\n[ $(wc -l < '{0}/starts') -gt {times} ] || kill -9 $$\nexec env -u PWD '{1}' \"$@\"\n",
            home.path().display(),
            real.display()
        );
        fs::write(&python, script).unwrap();
        fs::set_permissions(&python, fs::Permissions::from_mode(0o755)).unwrap();
        ProcessSandbox::start(ProcessOptions {
            python: python.clone(),
            ..options(true)
        })
        .await
    };
    start(2).await.unwrap();
    fs::remove_file(home.path().join("starts")).unwrap();
    let error = start(99).await.unwrap_err();
    assert!(
        error.to_string().contains("killed by signal 9 5 times in a row"),
        "{error}"
    );
    assert!(error.help().unwrap().contains("sandbox.warm = false"), "{error:?}");
}

/// In a process of their own, where there is one zygote.
#[test]
fn a_zygote_ends_and_begins_with_need() {
    assert_inner_test_passes(inner_test("zygote::inner_a_zygote_is_started_again"));
    assert_inner_test_passes(inner_test("zygote::inner_a_zygote_does_not_grow"));
}

#[tokio::test]
#[ignore = "run by a_zygote_ends_and_begins_with_need"]
async fn inner_a_zygote_is_started_again() {
    if !is_inner_test() {
        return;
    }
    let site = Site::with(options(true)).await;
    let own = std::process::id();
    let first = zygotes_of(own);
    assert_eq!(first.len(), 1);
    kill(first[0]);
    assert_eq!(site.run("print(1)").await.stdout.text, "1\n");
    let second = zygotes_of(own);
    assert_eq!(second.len(), 1);
    assert_ne!(first, second);
    // While there are jobs that it has started.
    let mut job = site.job("");
    job.script = format!("outlives-its-zygote-{own}.py");
    let script = "open('started', 'w')\nimport time; time.sleep(1); print('done')";
    fs::write(site.workspace().join(&job.script), script).unwrap();
    let name = job.script.clone();
    let (done, ()) = tokio::join!(site.sandbox.run(job, CancellationToken::new()), async {
        while !has_started(&name) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        kill(second[0]);
    });
    assert_eq!(done.unwrap().stdout.text, "done\n");
    drop(site);
    assert_eq!(zygotes_of(own), Vec::<u32>::new());
}

fn kill(pid: u32) {
    let status = std::process::Command::new("/bin/kill")
        .args(["-9", &pid.to_string()])
        .status();
    assert!(status.unwrap().success());
}

#[tokio::test]
#[ignore = "run by a_zygote_ends_and_begins_with_need"]
async fn inner_a_zygote_does_not_grow() {
    if !is_inner_test() {
        return;
    }
    let site = Site::with(options(true)).await;
    let run = || site.sandbox.run(site.job("import json"), CancellationToken::new());
    for _ in 0..20 {
        run().await.unwrap();
    }
    let zygote = zygotes_of(std::process::id())[0];
    let size = || {
        let open = fs::read_dir(format!("/proc/{zygote}/fd")).unwrap().count();
        (
            open,
            field(zygote, "RssAnon:").unwrap(),
            field(zygote, "Threads:").unwrap(),
        )
    };
    let (open, memory, threads) = size();
    for _ in 0..500 {
        assert_eq!(run().await.unwrap().outcome, Outcome::Ok);
    }
    let (open_after, memory_after, threads_after) = size();
    assert_eq!((open, threads), (open_after, threads_after));
    assert!(memory_after <= memory + 256, "{memory} KB, then {memory_after} KB");
    assert_eq!(
        fs::read_to_string(format!("/proc/{zygote}/task/{zygote}/children")).unwrap(),
        ""
    );
}

#[test]
fn killing_kosmos_ends_the_zygote() {
    let home = tempfile::tempdir().unwrap();
    let started = home.path().join("started");
    let inner = inner_test("zygote::inner_killing_kosmos");
    let mut kosmos = std::process::Command::new("/bin/sh")
        .args(["-c", r#"exec 7</etc/passwd; exec "$0" "$@""#])
        .arg(inner.get_program())
        .args(inner.get_args())
        .envs(inner.get_envs().filter_map(|(k, v)| Some((k, v?))))
        .env("KOSMOS_TEST_HOME", home.path())
        .spawn()
        .unwrap();
    eventually("it has started", || started.exists());
    let zygotes = zygotes_of(kosmos.id());
    assert_eq!(zygotes.len(), 1);
    // It has nothing of what kosmos has: neither the open file, nor the variable that names the home.
    let open = listing(Path::new(&format!("/proc/{}/fd", zygotes[0])));
    assert_eq!(open, ["0", "1", "2"]);
    let environment = fs::read(format!("/proc/{}/environ", zygotes[0])).unwrap();
    assert!(!String::from_utf8_lossy(&environment).contains("KOSMOS"));
    kosmos.kill().unwrap();
    kosmos.wait().unwrap();
    let gone = || !Path::new(&format!("/proc/{}", zygotes[0])).exists();
    eventually("the zygote has ended", || {
        gone() || field(zygotes[0], "VmSize:").is_none()
    });
}

#[tokio::test]
#[ignore = "run by killing_kosmos_ends_the_zygote"]
async fn inner_killing_kosmos() {
    if !is_inner_test() {
        return;
    }
    let home = PathBuf::from(std::env::var_os("KOSMOS_TEST_HOME").unwrap());
    let _site = Site::with(options(true)).await;
    fs::write(home.join("started"), "").unwrap();
    tokio::time::sleep(Duration::from_secs(60)).await;
}
