//! Every way in which a job can end.

use std::{fs, time::Duration};

use kosmos::sandbox::{Held, Outcome, Output, Protection, Sandbox, SandboxError, TimeLimit};
use tokio_util::sync::CancellationToken;

use crate::site::{Site, has_started};
use kosmos_testing::service::skip_test;

#[tokio::test]
async fn a_script_that_ends_well_is_ok() {
    let site = Site::new().await;
    let done = site
        .run("import sys; print('out'); print('err', file=sys.stderr); open('r', 'w').write('1')")
        .await;
    assert_eq!(done.outcome, Outcome::Ok);
    assert_eq!(done.stdout.text, "out\n");
    assert_eq!(done.stderr.text, "err\n");
    assert_eq!(fs::read_to_string(site.workspace().join("r")).unwrap(), "1");
    assert!(done.usage.wall_ms > 0 && done.usage.cpu_ms > 0);
    assert!(done.usage.peak_memory_bytes > 1 << 20);
}

#[tokio::test]
async fn exit_codes_are_kept() {
    let site = Site::new().await;
    let of = async |script: &str| site.run(script).await.outcome;
    assert_eq!(of("raise SystemExit(3)").await, failed(3));
    assert_eq!(of("1 / 0").await, failed(1));
    assert_eq!(of("import os; os._exit(255)").await, failed(255));
    assert_eq!(of("syntax error").await, failed(1));
}

fn failed(exit_code: i32) -> Outcome {
    Outcome::Failed { exit_code }
}

#[tokio::test]
async fn a_signal_is_told_from_an_exit_code() {
    let site = Site::new().await;
    for signal in [11, 9, 15] {
        let script = format!("import os; os.kill(os.getpid(), {signal})");
        assert_eq!(site.run(&script).await.outcome, Outcome::Killed { signal });
    }
    // What a shell would make of signal 11.
    let done = site.run("raise SystemExit(139)").await;
    assert_eq!(done.outcome, failed(139));
}

#[tokio::test]
async fn wall_time_is_limited() {
    let mut site = Site::new().await;
    site.limits.wall = Duration::from_millis(400);
    let done = site.run("import time; print('before'); time.sleep(60)").await;
    let limit = TimeLimit::Wall;
    assert_eq!(done.outcome, Outcome::TimedOut { limit });
    assert_eq!(done.stdout.text, "before\n");
    assert!(done.usage.wall_ms < 5_000, "{:?}", done.usage);
}

#[tokio::test]
async fn processor_time_of_the_tree_is_limited() {
    let mut site = Site::new().await;
    site.limits.cpu = Duration::from_millis(600);
    let script = "
import os
for _ in range(3): os.fork()
while True: pass
";
    let done = site.run(script).await;
    let limit = TimeLimit::Cpu;
    assert_eq!(done.outcome, Outcome::TimedOut { limit });
}

#[tokio::test]
async fn memory_is_limited() {
    let mut site = Site::new().await;
    site.limits.memory_bytes = 64 << 20;
    let done = site.run("x = bytearray(b'x') * (1 << 28)").await;
    assert_eq!(done.outcome, Outcome::OutOfMemory, "{done:?}");
    assert!(done.oom);
    // In pieces, over many processes.
    let script = "
import os, time
for _ in range(7):
    if os.fork() == 0: break
x = bytearray(b'x') * (16 << 20)
time.sleep(5)
";
    let done = site.run(script).await;
    assert!(done.oom, "{done:?}");
    // More than there is.
    let done = site.run("x = bytearray(1 << 50)").await;
    assert_eq!(done.outcome, Outcome::OutOfMemory, "{done:?}");
}

#[tokio::test]
async fn a_child_out_of_memory_is_reported_beside_success() {
    let mut site = Site::new().await;
    if site.sandbox.guarantees().extent_of(Protection::MemoryLimited) != Held::Fully {
        skip_test("memory is not limited by a control group here");
        return;
    }
    site.limits.memory_bytes = 64 << 20;
    let script = "
import os
pid = os.fork()
if pid == 0:
    x = bytearray(b'x') * (1 << 28)
    os._exit(0)
os.waitpid(pid, 0)
";
    let done = site.run(script).await;
    assert!(done.oom, "{done:?}");
    assert_eq!(done.outcome, Outcome::Ok);
}

#[tokio::test]
async fn files_in_tmp_count_as_memory_and_are_limited() {
    let mut site = Site::new().await;
    site.limits.tmp_bytes = 1 << 20;
    let done = site.run("open('/tmp/x', 'wb').write(bytes(2 << 20))").await;
    assert_eq!(done.outcome, failed(1));
    assert!(done.stderr.text.contains("No space left"), "{done:?}");
}

#[tokio::test]
async fn a_flood_of_output_is_cut_and_then_ended() {
    let mut site = Site::new().await;
    site.limits.stdout_bytes = 1000;
    let done = site.run("print('a' * 1000); print('middle'); print('z' * 1000)").await;
    assert_eq!(done.outcome, Outcome::Ok);
    assert!(done.stdout.truncated && done.stdout.text.len() < 1100);
    assert!(done.stdout.text.starts_with("aaa") && done.stdout.text.ends_with("zzz\n"));
    assert_eq!(done.stdout.total_bytes, 2009);

    let flood = |stream| format!("import sys\nwhile True: sys.{stream}.write('x' * 10000)");
    let done = site.run(&flood("stdout")).await;
    assert_eq!(done.outcome, too_large(Output::Stdout));
    let done = site.run(&flood("stderr")).await;
    assert_eq!(done.outcome, too_large(Output::Stderr));
}

fn too_large(what: Output) -> Outcome {
    Outcome::OutputTooLarge { what }
}

#[tokio::test]
async fn files_and_workspace_are_limited() {
    let mut site = Site::new().await;
    site.limits.file_bytes = 1 << 20;
    let done = site.run("open('x', 'wb').write(bytes(2 << 20))").await;
    assert_eq!(done.outcome, too_large(Output::File), "{done:?}");
    fs::remove_file(site.workspace().join("x")).unwrap();

    site.limits.workspace_bytes = 3 << 20;
    let endless = "
import itertools
for n in itertools.count(): open(f'x{n}', 'wb').write(bytes(1 << 16))
";
    let done = site.run(endless).await;
    assert_eq!(done.outcome, too_large(Output::Workspace));
    clear(&site);

    // What was seen to be full while the script ran counts as well.
    let hidden = "
import os, time
files = []
try:
    while True:
        files.append(os.open('x', os.O_CREAT | os.O_WRONLY)); os.unlink('x')
        os.write(files[-1], bytes(1 << 19))
except OSError: time.sleep(0.5); raise
";
    let done = site.run(hidden).await;
    assert_eq!(done.outcome, too_large(Output::Workspace));
    assert_eq!(done.usage.workspace_files, 1, "{done:?}");
    // Room that was made again is no offence.
    let done = site.run(&hidden.replace("raise", "pass")).await;
    assert_eq!(done.outcome, Outcome::Ok, "{done:?}");

    let done = site
        .run("for n in range(5): open(f'x{n}', 'wb').write(bytes(1 << 20))")
        .await;
    assert_eq!(done.outcome, too_large(Output::Workspace));
    clear(&site);

    site.limits.workspace_files = 20;
    let done = site.run("for n in range(30): open(f'x{n}', 'w')").await;
    assert_eq!(done.outcome, too_large(Output::Workspace));
    clear(&site);

    // A folder that cannot be listed hides nothing.
    let closed = "import os; os.mkdir('d'); os.chmod('d', 0o300)\nfor n in range(30): open(f'd/x{n}', 'w')";
    let done = site.run(closed).await;
    assert_eq!(done.outcome, too_large(Output::Workspace));
}

fn clear(site: &Site) {
    fs::remove_dir_all(site.workspace()).unwrap();
    fs::create_dir(site.workspace()).unwrap();
}

#[tokio::test]
async fn processes_are_limited() {
    let mut site = Site::new().await;
    site.limits.processes = 10;
    let bomb = "
import os, time
n = 0
try:
    while n < 200:
        if os.fork() == 0:
            time.sleep(30)
        n += 1
except OSError as error:
    print(n, error.errno)
";
    let done = site.run(bomb).await;
    assert_eq!(done.outcome, Outcome::Ok);
    assert_eq!(done.stdout.text, "9 11\n");
    if crate::site::is_root() {
        assert!(done.process_limit_hit);
    }
    // The real thing: it can only hurt itself.
    site.limits.wall = Duration::from_millis(500);
    site.run("import os\nwhile True:\n  try: os.fork()\n  except OSError: pass")
        .await;
    assert_eq!(site.run("").await.outcome, Outcome::Ok);
}

#[tokio::test]
async fn a_job_can_be_cancelled() {
    let site = Site::new().await;
    let cancel = CancellationToken::new();
    let mut job = site.job("");
    job.script = format!("cancelled-{}.py", std::process::id());
    let script = "open('started', 'w'); import time; time.sleep(60)";
    fs::write(site.workspace().join(&job.script), script).unwrap();
    let name = job.script.clone();
    let running = site.sandbox.run(job, cancel.clone());
    let (ended, ()) = tokio::join!(running, async {
        while !has_started(&name) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        cancel.cancel();
    });
    assert!(matches!(ended, Err(SandboxError::Cancelled)), "{ended:?}");
}

#[tokio::test]
async fn a_job_that_contradicts_itself_is_refused() {
    let site = Site::new().await;
    let mut job = site.job("");
    job.experiment = "../e2".to_owned();
    let refused = site.sandbox.run(job, CancellationToken::new()).await;
    assert!(matches!(refused, Err(SandboxError::InvalidJob { .. })));

    let mut job = site.job("");
    job.workspace = site.home.path().join("nowhere");
    let refused = site.sandbox.run(job, CancellationToken::new()).await;
    assert!(matches!(refused, Err(SandboxError::Host { .. })));
}
