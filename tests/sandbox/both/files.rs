//! What a script tries with files: more than it may have, and words to another sandbox.

use kosmos::sandbox::{Caps, Outcome, Output, collect_artefacts};

use super::{
    on_both,
    stage::{Attack, Stage},
};

on_both!(
    hidden_files_count,
    holes_do_not_come_out,
    shared_files_carry_no_word,
    databases_and_locks_work
);

/// Files that no folder lists: unlinked and open, without a name, mapped, and on their way through a socket.
async fn hidden_files_count(stage: &Stage) {
    let ways = [
        (
            "unlinked",
            "def room():\n file = os.open('x', os.O_CREAT | os.O_RDWR); os.unlink('x'); return file",
        ),
        (
            "nameless",
            "def room():\n return os.open('.', os.O_TMPFILE | os.O_RDWR)",
        ),
        (
            "mapped",
            "import mmap\nmaps = []\n\
             def room():\n file = os.open('x', os.O_CREAT | os.O_RDWR); os.unlink('x'); os.ftruncate(file, 1 << 20)\n \
             maps.append(mmap.mmap(file, 1 << 20)); os.close(file); return maps[-1]",
        ),
        (
            "sent away",
            "import array\none, other = socket.socketpair()\n\
             def room():\n file = os.open('x', os.O_CREAT | os.O_RDWR); os.unlink('x'); return file\n\
             def away(file):\n socket.send_fds(one, [b'x'], [file]); os.close(file)",
        ),
    ];
    for (name, way) in ways {
        let script = format!(
            "
{way}
away = globals().get('away', lambda file: None)
written = 0
try:
    while written < 48:
        place = room()
        for n in range(256):
            if hasattr(place, 'flush'): place[n << 12:(n + 1) << 12] = bytes([1]) * 4096
            elif os.write(place, bytes(4096)) < 4096: raise OSError('full')
        away(place)
        written += 1
except OSError: pass
print(0 < written <= 16, flush=True)
os._exit(0)
"
        );
        let attack = Attack::new(name, script)
            .limit("workspace=16MiB")
            .limit("memory=400MiB")
            .limit("open_files=128");
        let done = stage.run(&attack).await.unwrap();
        // A page of a mapped file that finds no room ends the process.
        let expected = match name {
            "mapped" => done.outcome == Outcome::Killed { signal: 7 },
            _ => done.stdout.text == "True\n",
        };
        assert!(expected, "{name}: {done:?}");
        stage.is_well(name).await;
    }
}

/// What takes no room in the workspace takes all of its size outside.
async fn holes_do_not_come_out(stage: &Stage) {
    let script = "for n in range(6):\n with open(f'{n}.bin', 'wb') as file: file.truncate(3 << 20)\nprint('made')";
    let attack = Attack::new("holes", script).limit("workspace=8MiB").says("made\n");
    let done = stage.run(&attack).await.unwrap();
    assert_eq!(done.outcome, Outcome::Ok, "{done:?}");
    let (files, refused) = stage.collected(&done);
    assert_eq!((files.len(), refused.len()), (2, 4), "{files:?} {refused:?}");
    let found = collect_artefacts(&stage.workspace(), &Caps::default()).unwrap();
    assert!(found.artefacts.iter().map(|file| file.bytes).sum::<u64>() <= 8 << 20);
}

/// Locks, leases, notices, hints and pages of the files that every sandbox sees.
async fn shared_files_carry_no_word(stage: &Stage) {
    if cfg!(not(target_arch = "x86_64")) {
        kosmos_testing::service::skip_test("the calls are numbered as on x86-64");
        return;
    }
    let script = "
import fcntl, mmap
heard = []
for path in ('../../data/table.csv', os.__file__):
    first, second = os.open(path, os.O_RDONLY), os.open(path, os.O_RDONLY)
    hint = struct.pack('Q', 2)
    lock = lambda kind: struct.pack('hhqqi4x', kind, os.SEEK_SET, 0, 1, 0)
    for kind in (fcntl.LOCK_SH, fcntl.LOCK_EX):
        fcntl.flock(first, kind | fcntl.LOCK_NB)
        if refused(lambda: fcntl.flock(second, fcntl.LOCK_EX | fcntl.LOCK_NB)): heard.append('flock')
    child = os.fork()
    if child == 0:
        for command in (fcntl.F_SETLK, fcntl.F_OFD_SETLK): refused(lambda: fcntl.fcntl(first, command, lock(fcntl.F_RDLCK)))
        time.sleep(1); os._exit(0)
    time.sleep(0.2)
    for command in (fcntl.F_GETLK, fcntl.F_OFD_GETLK):
        answer = fcntl.fcntl(second, command, lock(fcntl.F_WRLCK))
        if struct.unpack('hhqqi4x', answer)[0] != fcntl.F_UNLCK: heard.append('record lock')
    os.waitpid(child, 0)
    page = mmap.mmap(first, 0, prot=mmap.PROT_READ)
    attempts = {
        'lease': lambda: fcntl.fcntl(first, fcntl.F_SETLEASE, fcntl.F_RDLCK),
        'lease seen': lambda: fcntl.fcntl(first, fcntl.F_GETLEASE),
        'notice': lambda: fcntl.fcntl(os.open(os.path.dirname(path), os.O_RDONLY), fcntl.F_NOTIFY, 1),
        'hint': lambda: fcntl.fcntl(first, 1036, hint), 'hint of the file': lambda: fcntl.fcntl(first, 1038, hint),
        'hint seen': lambda: fcntl.fcntl(first, 1035, hint),
        'inotify': lambda: call('inotify_init1', 0), 'inotify once': lambda: call(253), 'fanotify': lambda: call(300, 0, 0),
        'mincore': lambda: call(27, ctypes.c_void_p(0), ctypes.c_size_t(0), None),
        'without waiting': lambda: os.preadv(first, [bytearray(8)], 0, os.RWF_NOWAIT),
        'cachestat': lambda: call(451, first, bytes(16), bytes(40), 0),
    }
    heard += passed(attempts)
print(heard)
";
    stage.withstands([Attack::new("words", script).says("[]\n")]).await;
}

/// Libraries that lock their files get the lock that they ask for.
async fn databases_and_locks_work(stage: &Stage) {
    let script = "
import fcntl, sqlite3, tempfile
for mode in ('delete', 'wal'):
    base = sqlite3.connect(f'{mode}.db')
    print(base.execute(f'pragma journal_mode={mode}').fetchone()[0])
    base.execute('create table t (x)')
    for n in range(100): base.execute('insert into t values (?)', (n,))
    base.commit()
    print(sqlite3.connect(f'{mode}.db').execute('select sum(x) from t').fetchone()[0])
with open('own', 'w') as file:
    fcntl.flock(file, fcntl.LOCK_EX); fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    print(fcntl.fcntl(file, fcntl.F_GETFD), fcntl.fcntl(file, fcntl.F_DUPFD_CLOEXEC, 50) >= 50)
os.posix_fadvise(os.open('own', os.O_RDONLY), 0, 0, os.POSIX_FADV_SEQUENTIAL)
import multiprocessing
queue = multiprocessing.Queue(); process = multiprocessing.Process(target=queue.put, args=(1,))
process.start(); print(queue.get(timeout=10)); process.join()
";
    let says = "delete\n4950\nwal\n4950\n1 True\n1\n";
    stage.withstands([Attack::new("locks", script).says(says)]).await;
    let full = Outcome::OutputTooLarge {
        what: Output::Workspace,
    };
    let script = "import sqlite3\nbase = sqlite3.connect('x.db'); base.execute('create table t (x)')\n\
                  while True: base.execute('insert into t values (zeroblob(100000))'); base.commit()";
    let fills = Attack::new("a database that grows", script).limit("workspace=4MiB");
    let done = stage.run(&fills).await.unwrap();
    assert!(
        done.outcome == full || done.outcome == Outcome::Failed { exit_code: 1 },
        "{done:?}"
    );
}
