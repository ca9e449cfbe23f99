//! Every way to end, and floods, bombs and full disks.

use kosmos::sandbox::{Outcome, Output, TimeLimit};

use super::{
    on_both,
    stage::{Attack, Stage},
};

on_both!(
    every_end_has_its_outcome,
    bombs_are_contained,
    time_runs_out,
    disks_do_not_fill,
    floods_are_cut
);

async fn every_end_has_its_outcome(stage: &Stage) {
    let mut attacks = vec![
        Attack::new("exit 0", "sys.exit(0)"),
        Attack::new("a text as exit code", "sys.exit('no')").ends(Outcome::Failed { exit_code: 1 }),
        Attack::new("exit at once", "print('x', flush=True); os._exit(7)")
            .ends(Outcome::Failed { exit_code: 7 })
            .says("x\n"),
        Attack::new("segmentation fault", "ctypes.string_at(0)").ends(Outcome::Killed { signal: 11 }),
        Attack::new("abort", "os.abort()").ends(Outcome::Killed { signal: 6 }),
        Attack::new(
            "a thread that goes on",
            "threading.Thread(target=lambda: (time.sleep(.3), print('t'))).start()",
        )
        .says("t\n"),
        Attack::new("the output of a package that is missing", "import nowhere.at_all").ends(Outcome::MissingPackage {
            name: "nowhere".to_owned(),
        }),
    ];
    for (name, code) in [
        ("exit 1", 1),
        ("exit 2", 2),
        ("exit 42", 42),
        ("exit 137", 137),
        ("exit 255", 255),
    ] {
        let outcome = Outcome::Failed { exit_code: code };
        attacks.push(Attack::new(name, format!("sys.exit({code})")).ends(outcome));
    }
    for (name, signal) in [
        ("hangup", 1),
        ("kill", 9),
        ("segv sent", 11),
        ("terminate", 15),
        ("a real-time one", 40),
    ] {
        let script = format!("signal.pthread_sigmask(signal.SIG_SETMASK, []); os.kill(os.getpid(), {signal})");
        attacks.push(Attack::new(name, script).ends(Outcome::Killed { signal }));
    }
    stage.withstands(attacks).await;
}

async fn bombs_are_contained(stage: &Stage) {
    let forks = "
children = []
try:
    while len(children) < 300:
        child = os.fork()
        if child == 0:
            time.sleep(60); os._exit(0)
        children.append(child)
except OSError: pass
print(4 < len(children) < 24)
";
    let tree = "
# Children of children, which nobody waits for.
def grow(depth):
    for _ in range(4):
        try:
            if os.fork() == 0:
                if depth: grow(depth - 1)
                time.sleep(60); os._exit(0)
        except OSError: return
grow(4)
# Until there is no room: only then it is known that the limit was met.
try:
    while True:
        if os.fork() == 0: time.sleep(60); os._exit(0)
except OSError: pass
print('grown', flush=True)
os._exit(0)
";
    let threads = "
started = []
try:
    while len(started) < 300:
        thread = threading.Thread(target=time.sleep, args=(60,), daemon=True)
        thread.start(); started.append(thread)
except RuntimeError: pass
print(4 < len(started) < 24, flush=True)
os._exit(0)
";
    let in_child = "
child = os.fork()
if child == 0:
    hoard = bytearray(b'x') * (600 << 20)
    os._exit(7)
_, ended = os.waitpid(child, 0)
print(os.WIFSIGNALED(ended))
";
    let child = Attack::new("memory of a child", in_child).oom();
    // Where memory is watched and not capped, going beyond it ends all processes and not the largest.
    let child = match stage.has_groups() {
        true => child.says("True\n"),
        false => child.ends(Outcome::OutOfMemory),
    };
    stage
        .withstands([
            Attack::new("fork bomb", forks)
                .limit("processes=24")
                .says("True\n")
                .crowded(),
            Attack::new("tree of forks", tree)
                .limit("processes=24")
                .says("grown\n")
                .crowded(),
            Attack::new("thread bomb", threads)
                .limit("processes=24")
                .says("True\n")
                .crowded(),
            Attack::new("memory", "hoard = bytearray(b'x') * (600 << 20)")
                .ends(Outcome::OutOfMemory)
                .oom(),
            child,
            Attack::new(
                "memory by a mapping",
                "import mmap; m = mmap.mmap(-1, 600 << 20)\nfor at in range(0, 600 << 20, 4096): m[at] = 1",
            )
            .ends(Outcome::OutOfMemory)
            .oom(),
        ])
        .await;
}

async fn time_runs_out(stage: &Stage) {
    let cpu = Outcome::TimedOut { limit: TimeLimit::Cpu };
    let wall = Outcome::TimedOut { limit: TimeLimit::Wall };
    let deaf = "
for number in range(1, 65):
    if not refused(lambda: signal.signal(number, signal.SIG_IGN)): pass
while True: time.sleep(1)
";
    let many = "
for _ in range(3):
    if os.fork() == 0:
        while True: pass
while True: time.sleep(1)
";
    stage
        .withstands([
            Attack::new("one that spins", "while True: pass")
                .limit("cpu=1s")
                .ends(cpu.clone()),
            Attack::new("several that spin", many).limit("cpu=2s").ends(cpu),
            Attack::new("deaf to signals", deaf)
                .limit("wall=2s")
                .ends(wall.clone())
                .within(12),
            Attack::new("asleep", "time.sleep(60)")
                .limit("wall=2s")
                .ends(wall)
                .within(12),
            Attack::new(
                "another clock",
                "print(passed({'clock_settime': lambda: time.clock_settime(time.CLOCK_REALTIME, 0), \
                 'stime': lambda: call('settimeofday', struct.pack('qq', 0, 0), None), \
                 'adjtimex': lambda: call('adjtimex', struct.pack('I', 1) + bytes(300))}))",
            )
            .says("[]\n"),
        ])
        .await;
}

async fn disks_do_not_fill(stage: &Stage) {
    let whole = Outcome::OutputTooLarge {
        what: Output::Workspace,
    };
    let file = Outcome::OutputTooLarge { what: Output::File };
    let elsewhere = "
def fill(folder):
    for n in range(200):
        with open(f'{folder}/{n}', 'wb') as file: file.write(bytes(1 << 20))
def crowd(folder):
    for n in range(20000): open(f'{folder}/n{n}', 'w').close()
places = [folder for folder in ('/tmp', '/dev/shm', '/dev/mqueue', '/var/tmp', '/run/lock') if os.access(folder, os.W_OK)]
print('/tmp' in places)
for folder in places:
    print(refused(lambda: fill(folder)))
    for name in os.listdir(folder):
        if name[0].isdigit(): os.unlink(f'{folder}/{name}')
print(refused(lambda: crowd('/tmp')))
";
    let done = stage
        .run(
            &Attack::new("places", elsewhere)
                .limit("tmp=8MiB")
                .limit("memory=400MiB"),
        )
        .await
        .unwrap();
    assert_eq!(done.outcome, Outcome::Ok, "{done:?}");
    assert!(!done.stdout.text.contains("False"), "{done:?}");
    stage.is_well("filling every place").await;
    stage
        .withstands([
            Attack::new(
                "workspace by size",
                "for n in range(64):\n with open(f'{n}', 'wb') as file: file.write(bytes(1 << 20))\ntime.sleep(1)",
            )
            .limit("workspace=16MiB")
            .ends(whole.clone()),
            Attack::new(
                "workspace by files",
                "for n in range(3000): open(f'{n}', 'w').close()\ntime.sleep(1)",
            )
            .limit("workspace_files=300")
            .ends(whole.clone()),
            Attack::new(
                "workspace by folders out of reach",
                "for n in range(400):\n os.mkdir('d' * 100); os.chdir('d' * 100)\n\
                 with open('x', 'wb') as file: file.write(bytes(28 << 20))\ntime.sleep(1)",
            )
            .limit("workspace=16MiB")
            .ends(whole),
            Attack::new(
                "one large file",
                "with open('x', 'wb') as file: file.write(bytes(30 << 20))",
            )
            .limit("file=4MiB")
            .ends(file.clone()),
            Attack::new(
                "a file with a large hole",
                "with open('x', 'wb') as file: file.truncate(1 << 40)",
            )
            .limit("file=4MiB")
            .ends(Outcome::Failed { exit_code: 1 }),
            Attack::new(
                "many files with holes",
                "for n in range(40):\n with open(f'{n}', 'wb') as file: file.truncate(4 << 20)\nprint('made')",
            )
            .limit("file=4MiB")
            .says("made\n"),
        ])
        .await;
}

async fn floods_are_cut(stage: &Stage) {
    let flood = |what| Outcome::OutputTooLarge { what };
    stage
        .withstands([
            Attack::new("stdout", "while True: os.write(1, b'x' * 65536)")
                .limit("stdout=64KiB")
                .ends(flood(Output::Stdout)),
            Attack::new("stderr", "while True: os.write(2, b'x' * 65536)")
                .limit("stdout=64KiB")
                .ends(flood(Output::Stderr)),
        ])
        .await;
    let noisy = Attack::new(
        "bytes that are no text",
        "os.write(1, b'a\\xff\\xfeb\\0c' + b'x' * 100_000 + b'end')",
    );
    let done = stage.run(&noisy.limit("stdout=4KiB")).await.unwrap();
    assert!(done.stdout.truncated && done.stdout.total_bytes == 100_009, "{done:?}");
    let text = &done.stdout.text;
    assert!(
        text.starts_with("a\u{fffd}\u{fffd}b\0c") && text.ends_with("end"),
        "{text}"
    );
    assert!(text.contains("bytes left out"), "{text}");
}
