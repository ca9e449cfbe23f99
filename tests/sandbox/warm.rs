//! Scripts in forks of one interpreter: nothing may differ from a cold start but the time it takes.

use std::{fs, path::Path};

use kosmos::sandbox::{Execution, Language, Outcome, ProcessOptions, Sandbox, SandboxError};
use tokio_util::sync::CancellationToken;

use crate::{
    science,
    site::{Site, WARM, bare_options, is_root, is_warm},
};
use kosmos_testing::{inner::assert_inner_tests_pass, sample::draw_sample};

pub fn options(warm: bool) -> ProcessOptions {
    ProcessOptions { warm, ..bare_options() }
}

/// The modules whose tests start scripts cold. The default tier does those that are drawn.
const MODULES: [&str; 7] = [
    "attacks::",
    "both::ends::process",
    "both::leftovers::process",
    "both::reach::process",
    "lifetimes::",
    "ordinary::",
    "outcomes::",
];

/// Every test of this binary that starts scripts cold, with warm starts.
#[test]
fn all_that_holds_cold_holds_warm() {
    if is_warm() {
        return;
    }
    let mut command = std::process::Command::new(std::env::current_exe().unwrap());
    command
        .args(["--skip", "science", "--skip", "environment", "--skip", "ordinary_user"])
        .args([
            "--skip",
            "warm::",
            "--skip",
            "zygote::",
            "--skip",
            "session::",
            "--skip",
            "image::",
            "--skip",
            "docker",
        ])
        .args(["--test-threads", "2"])
        .env(WARM, "1");
    let sample = draw_sample("warm_starts", MODULES.len(), 2);
    command.args(sample.points.iter().map(|point| MODULES[*point]));
    let least = if sample.points.len() == MODULES.len() { 40 } else { 2 };
    assert_inner_tests_pass(command, least);
}

/// Everything that a process can learn of itself, but for what is random or new each time.
const SELF: &str = r#"
import gc, os, resource, signal, sys, threading
print(__name__, __file__, __doc__, __spec__, __package__, sorted({*globals()} - {"__annotations__"}))
print(sys.argv, sys.orig_argv, sys.path, sys.flags, sys.executable, sys.prefix, sys.dont_write_bytecode)
print(os.getcwd(), sorted(os.environ.items()), os.umask(0), os.getppid(), os.getresuid(), os.getresgid(), os.getgroups())
print([resource.getrlimit(n) for n in range(16)], resource.getpagesize(), os.getpriority(0, 0), os.sched_getaffinity(0))
print(threading.active_count(), threading.current_thread().name, threading.main_thread().name, gc.isenabled(), gc.get_threshold())
print([(n, str(signal.getsignal(n))) for n in range(1, 32)], signal.pthread_sigmask(0, []))
print([(f.name, f.mode, f.encoding, f.errors, f.line_buffering, f.write_through) for f in (sys.stdout, sys.stderr)])
print(sorted(os.listdir("/proc/self/fd")), [os.readlink(f"/proc/self/fd/{n}")[:5] for n in range(3)], sys.stdin.read())
print([os.get_inheritable(n) for n in range(3)], os.getsid(0) == os.getpid(), os.getpgid(0) == os.getpid())
print(open("/proc/self/cmdline").read().rstrip("\0").split("\0"), open("/proc/self/comm").read())
for line in open("/proc/self/status"):
    if line.startswith(("Cap", "NoNew", "Seccomp", "Uid", "Gid", "Groups", "Sig", "Shd", "Threads", "Core", "Name", "TracerPid")):
        print(line.strip())
print(os.stat("/proc/self/mem").st_uid, len(open("/proc/self/mountinfo").readlines()), open("/proc/self/cgroup").read().count("\n"))
print([os.readlink(f"/proc/self/ns/{kind}").split(":")[0] for kind in ("mnt", "net", "pid", "user")])
print([name for name in os.listdir("/proc") if name.isdigit() and int(name) not in (1, os.getpid())])
"#;

#[tokio::test]
async fn a_warm_script_sees_itself_as_a_cold_one() {
    compare([options(false), options(true)]).await;
}

#[tokio::test]
async fn science_sees_itself_as_in_a_cold_start() {
    let cold = ProcessOptions {
        warm: false,
        ..science::options()
    };
    compare([cold, science::options()]).await;
}

async fn compare(both: [ProcessOptions; 2]) {
    let mut said = Vec::new();
    for options in both {
        let done = Site::with(options).await.run(SELF).await;
        assert_eq!(done.outcome, Outcome::Ok, "{done:?}");
        said.push(done.stdout.text);
    }
    for (cold, warm) in said[0].lines().zip(said[1].lines()) {
        assert_eq!(cold, warm);
    }
    assert_eq!(said[0].lines().count(), said[1].lines().count());
}

#[tokio::test]
async fn a_warm_script_ends_as_a_cold_one() {
    let (cold, warm) = (Site::with(options(false)).await, Site::with(options(true)).await);
    for script in [
        "import atexit\natexit.register(print, 'last')\nraise SystemExit(7)",
        "import threading, time\nthreading.Thread(target=lambda: (time.sleep(0.1), print('thread'))).start()",
        "file = open('kept', 'w'); file.write('not flushed by hand')",
        "class Loud:\n  def __del__(self): print('ended')\nloud = Loud()",
        "def f(): g()\ndef g(): 1 / 0\nf()",
        "import sys\nsys.exit('a reason')",
        "raise SystemExit",
        "def f(:",
        "import sys\nsys.excepthook = lambda *_: print('hooked')\n1 / 0",
        "import os, signal\nos.kill(os.getpid(), signal.SIGTERM)",
        "import multiprocessing as m\nif __name__ == '__main__':\n  with m.Pool(2) as p: print(p.map(abs, [-1, -2]))",
        "import multiprocessing as m\nif __name__ == '__main__':\n  p = m.get_context('spawn').Process(target=print, \
         args=('spawned',)); p.start(); p.join(); print(p.exitcode)",
        "import subprocess, sys\nprint(subprocess.run([sys.executable, '-c', 'print(1)'], capture_output=True))",
        "import pickle\nclass C: pass\nprint(type(pickle.loads(pickle.dumps(C()))))",
    ] {
        let told = async |site: &Site| {
            let done: Execution = site.run(script).await;
            let kept = fs::read_to_string(site.workspace().join("kept")).ok();
            (done.outcome, done.stdout.text, done.stderr.text, kept)
        };
        assert_eq!(told(&cold).await, told(&warm).await, "{script}");
    }
}

#[tokio::test]
async fn no_namespace_is_that_of_the_host() {
    let site = Site::with(options(true)).await;
    let kinds = "('mnt', 'net', 'pid', 'pid_for_children', 'ipc', 'uts', 'cgroup', 'user')";
    let script = format!("import os\nfor kind in {kinds}: print(kind, os.readlink(f'/proc/self/ns/{{kind}}'))");
    let done = site.run(&script).await;
    let mut kinds = Vec::new();
    for line in done.stdout.text.lines() {
        let (kind, inside) = line.split_once(' ').unwrap();
        let host = fs::read_link(format!("/proc/self/ns/{kind}")).unwrap();
        // Root has no need of a namespace for users.
        if kind != "user" || !is_root() {
            assert_ne!(host.to_str(), Some(inside));
        }
        kinds.push(kind);
    }
    assert_eq!(kinds.len(), 8, "{done:?}");
}

#[tokio::test]
async fn nothing_is_shared() {
    let site = Site::with(options(true)).await;
    let script = "
import builtins, json, os, random, sys, tempfile
print(hasattr(builtins, 'mark'), hasattr(json, 'mark'), os.listdir('/tmp'), os.listdir('/dev/shm'))
builtins.mark = json.mark = 1
open('/tmp/mark', 'w'); open('/dev/shm/mark', 'w')
print(random.random())
";
    let (first, second) = (site.run(script).await.stdout.text, site.run(script).await.stdout.text);
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    let (first, second) = (lines(&first), lines(&second));
    assert_eq!(first[0], "False False [] []");
    assert_eq!(first[0], second[0]);
    assert_ne!(first[1], second[1]);
    // Nothing of an earlier request is left in the memory that a later script gets.
    let mut job = site.job("");
    job.key = "unmistakable".to_owned();
    job.script = "unmistakable.py".to_owned();
    fs::write(site.workspace().join(&job.script), "").unwrap();
    site.sandbox.run(job, CancellationToken::new()).await.unwrap();
    let script = "
needle, found = b'unmis' + b'takable', 0
with open('/proc/self/maps') as maps, open('/proc/self/mem', 'rb', 0) as memory:
    for line in list(maps):
        if ' rw' not in line: continue
        first, last = (int(x, 16) for x in line.split()[0].split('-'))
        memory.seek(first)
        found += memory.read(last - first).count(needle)
print(found)
";
    fs::remove_file(site.workspace().join("unmistakable.py")).unwrap();
    let done = site.run(script).await;
    // One is that of the needle itself.
    assert_eq!(done.stdout.text, "1\n", "{done:?}");
}

#[tokio::test]
async fn scripts_in_r_are_run_by_r() {
    let site = Site::with(options(true)).await;
    let mut job = site.job("");
    job.script = "script.R".to_owned();
    job.language = Language::R;
    fs::write(site.workspace().join(&job.script), "cat(1 + 1, '\\n')").unwrap();
    let ended = site.sandbox.run(job, CancellationToken::new()).await;
    if Path::new("/usr/bin/Rscript").exists() {
        assert_eq!(ended.unwrap().stdout.text, "2 \n");
    } else {
        let error = ended.unwrap_err();
        assert!(matches!(error, SandboxError::Unavailable { .. }), "{error}");
        assert!(error.help().unwrap().contains("`docker`"), "{error:?}");
    }
}

/// With the packages: each experiment has randomness of its own, and threads where it asks for them.
#[tokio::test]
async fn science_is_as_fresh_as_in_a_cold_start() {
    let site = Site::with(science::options()).await;
    let script = "
import sys
print('numpy' in sys.modules, 'sklearn' in sys.modules, 'matplotlib' in sys.modules)
import numpy, pandas, random, scipy.stats
print(numpy.random.rand(), numpy.random.default_rng().random(), random.random(), scipy.stats.norm.rvs())
numpy.random.seed(1); print(numpy.random.rand())
import sklearn.ensemble
x = numpy.arange(100.0).reshape(-1, 2)
print(sklearn.ensemble.RandomForestRegressor(20, n_jobs=2, random_state=0).fit(x, x[:, 0]).predict([[50, 51]]))
import pyarrow, pyarrow.csv, io
print(pyarrow.csv.read_csv(io.BytesIO(b'a\\n1\\n')).to_pandas()['a'].sum())
";
    let (first, second) = (site.run(script).await, site.run(script).await);
    assert_eq!(first.outcome, Outcome::Ok, "{first:?}");
    let (first, second): (Vec<_>, Vec<_>) = (
        first.stdout.text.lines().collect(),
        second.stdout.text.lines().collect(),
    );
    assert_eq!(first[0], "True True False");
    for (one, other) in first[1].split(' ').zip(second[1].split(' ')) {
        assert_ne!(one, other);
    }
    assert_eq!(first[2..], second[2..]);
}

/// What forks share with the zygote and with each other is held against them once, as imports are, where
/// memory is watched and not counted.
#[tokio::test]
async fn science_in_several_processes_is_counted_once() {
    let options = ProcessOptions {
        cgroups: false,
        ..science::options()
    };
    let mut site = Site::with(options).await;
    site.limits.memory_bytes = 300 << 20;
    let script = "
import os, time, numpy
for _ in range(2): os.fork()
time.sleep(0.3)
";
    let done = site.run(script).await;
    assert_eq!(done.outcome, Outcome::Ok, "{done:?}");
    let done = site
        .run(&format!("{script}x = numpy.ones(10 << 20); time.sleep(20)"))
        .await;
    assert_eq!(done.outcome, Outcome::OutOfMemory, "{done:?}");
}
