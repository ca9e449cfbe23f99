//! Without root, without cgroups.

use std::{os::unix::process::CommandExt, time::Duration};

use kosmos::sandbox::{Held, Outcome, ProcessOptions, Protection, Sandbox};

use crate::site::{Site, bare_options, is_root};
use kosmos_testing::inner::{assert_inner_test_passes, assert_inner_tests_pass, inner_test, is_inner_test};
use kosmos_testing::{sample::draw_sample, service::skip_test};

/// The modules whose tests are run as `nobody` too. The default tier does those that are drawn.
const MODULES: [&str; 12] = [
    "attacks::",
    "both::ends::process",
    "both::files::process",
    "both::leftovers::process",
    "both::reach::process",
    "environment::",
    "lifetimes::",
    "ordinary::",
    "outcomes::",
    "session::",
    "warm::",
    "zygote::",
];

/// A test of them that counts what its process has open, and so needs a process of its own.
const COUNTS: &str = "both::leftovers::process::jobs_do_not_accumulate";

/// All that was tested as root, as `nobody`.
#[test]
fn an_ordinary_user_is_protected_too() {
    if !is_root() {
        skip_test("only root can start a process as another user");
        return;
    }
    // That user may not get at the build where it lies.
    let reach = tempfile::Builder::new().prefix("kosmos-user").tempdir().unwrap();
    open_to_all(reach.path());
    let test = reach.path().join("test");
    let launcher = reach.path().join("kosmos");
    std::fs::copy(std::env::current_exe().unwrap(), &test).unwrap();
    std::fs::copy(kosmos_testing::kosmos_binary(), &launcher).unwrap();
    let temp = reach.path().join("tmp");
    std::fs::create_dir(&temp).unwrap();
    open_to_all(&temp);
    let as_nobody = || {
        let mut command = std::process::Command::new(&test);
        command
            .env("KOSMOS_TEST_LAUNCHER", &launcher)
            .env("TMPDIR", &temp)
            .env_remove("HOME")
            .current_dir("/")
            .uid(65534)
            .gid(65534);
        command
    };
    let sample = draw_sample("ordinary_user", MODULES.len(), 3);
    let drawn: Vec<&str> = sample.points.iter().map(|point| MODULES[*point]).collect();
    let mut command = as_nobody();
    for skipped in ["science", "an_ordinary_user", "image::", "docker", COUNTS] {
        command.args(["--skip", skipped]);
    }
    command.args(["--test-threads", "2"]).args(&drawn);
    let least = if drawn.len() == MODULES.len() { 80 } else { 2 };
    assert_inner_tests_pass(command, least);
    if drawn.iter().any(|module| COUNTS.starts_with(module)) {
        let mut command = as_nobody();
        command.args(["--exact", COUNTS]);
        assert_inner_tests_pass(command, 1);
    }
}

fn open_to_all(folder: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o777)).unwrap();
}

async fn without_cgroups() -> Site {
    let options = ProcessOptions {
        cgroups: false,
        ..bare_options()
    };
    Site::with(options).await
}

#[tokio::test]
async fn without_cgroups_the_guarantees_say_so() {
    let site = without_cgroups().await;
    let guarantees = site.sandbox.guarantees();
    assert_eq!(guarantees.extent_of(Protection::MemoryLimited), Held::Partly);
    assert_eq!(guarantees.extent_of(Protection::NetworkIsolated), Held::Fully);
}

#[tokio::test]
async fn without_cgroups_the_tree_is_watched() {
    let mut site = without_cgroups().await;
    site.limits.memory_bytes = 100 << 20;
    let script = "
import os, time
for _ in range(3): os.fork()
x = bytearray(b'x') * (20 << 20)
time.sleep(20)
";
    let done = site.run(script).await;
    assert_eq!(done.outcome, Outcome::OutOfMemory, "{done:?}");
    assert!(done.usage.peak_memory_bytes > 100 << 20);

    site.limits.cpu = Duration::from_millis(500);
    let done = site.run("import os\nos.fork(); os.fork()\nwhile True: pass").await;
    assert!(matches!(done.outcome, Outcome::TimedOut { .. }), "{done:?}");
}

#[test]
fn a_machine_without_namespaces_gets_a_remedy() {
    // Within an ordinary user's namespace none more are allowed.
    let mut command = std::process::Command::new("/bin/sh");
    let inner = inner_test("ordinary::inner_no_namespaces");
    command
        .args([
            "-c",
            r#"exec unshare -Ur sh -c 'echo 0 > /proc/sys/user/max_user_namespaces; echo 0 > /proc/sys/user/max_mnt_namespaces; exec "$0" "$@"' "$0" "$@""#,
        ])
        .arg(inner.get_program())
        .args(inner.get_args())
        .envs(inner.get_envs().filter_map(|(k, v)| Some((k, v?))));
    assert_inner_test_passes(command);
}

#[tokio::test]
#[ignore = "run by a_machine_without_namespaces_gets_a_remedy"]
async fn inner_no_namespaces() {
    if !is_inner_test() {
        return;
    }
    let error = kosmos::sandbox::ProcessSandbox::start(bare_options())
        .await
        .unwrap_err();
    assert!(error.to_string().contains("sandbox is not available"), "{error}");
    assert!(error.help().unwrap().contains("max_user_namespaces"), "{error:?}");
}
