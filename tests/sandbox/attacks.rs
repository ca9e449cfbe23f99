//! What a script tries and must not get.

use std::{fs, net::TcpListener, os::unix::fs::PermissionsExt};

use kosmos::sandbox::{Caps, Held, JobInput, Outcome, Protection, Sandbox, collect_artefacts};

use crate::site::{Site, is_root};
use kosmos_testing::inner::{assert_inner_test_passes, inner_test, is_inner_test};

#[tokio::test]
async fn every_protection_is_measured() {
    let site = Site::new().await;
    let guarantees = site.sandbox.guarantees();
    assert_eq!(guarantees.rows.len(), 12);
    assert_eq!(guarantees.missing_essentials().count(), 0);
    for row in &guarantees.rows {
        eprintln!("{}: {} ({})", row.protection, row.held, row.how);
    }
    assert_eq!(guarantees.extent_of(Protection::WorkspaceLimited), Held::Fully);
    if is_root() {
        assert_eq!(guarantees.extent_of(Protection::MemoryLimited), Held::Fully);
    }
}

#[tokio::test]
async fn no_network_can_be_reached() {
    let site = Site::new().await;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let script = format!(
        "
import socket
def refused(attempt):
    try: attempt()
    except OSError as error: return error.errno
    return 0
print([refused(lambda: socket.socket(family, kind)) for family in (2, 10, 16, 17, 40, 38) for kind in (1, 2, 3)])
print(refused(lambda: socket.create_connection(('127.0.0.1', {port}), 2)) != 0)
print(refused(lambda: socket.getaddrinfo('localhost', 80)) != 0)
a, b = socket.socketpair(); a.send(b'x'); print(b.recv(1))
"
    );
    let done = site.run(&script).await;
    let refused = vec!["1"; 18].join(", ");
    assert_eq!(done.stdout.text, format!("[{refused}]\nTrue\nTrue\nb'x'\n"), "{done:?}");
}

#[tokio::test]
async fn inputs_can_be_read_and_not_changed() {
    let mut site = Site::new().await;
    let host = site.home.path().join("penguins.csv");
    fs::write(&host, "a,b\n1,2\n").unwrap();
    // Only its owner may read it; the sandbox may be another user.
    fs::set_permissions(&host, fs::Permissions::from_mode(0o600)).unwrap();
    let folder = site.home.path().join("experiments/e0");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("table"), "t").unwrap();
    for (host, inside) in [(host.clone(), "data/penguins.csv"), (folder, "experiments/e0")] {
        site.inputs.push(JobInput {
            host,
            inside: inside.into(),
        });
    }
    let script = "
import os
print([line for line in open('/proc/self/mountinfo') if HOME in line and ' /run/experiments/e0 ' not in line])
print(open('../../data/penguins.csv').read(), open('../e0/table').read(), os.getcwd())
for attempt in (
    lambda: open('../../data/penguins.csv', 'a'),
    lambda: os.chmod('../../data/penguins.csv', 0o666),
    lambda: os.unlink('../../data/penguins.csv'),
    lambda: os.rename('script.py', '../../data/penguins.csv'),
    lambda: open('../e0/new', 'w'),
    lambda: os.unlink('../e0/table'),
    lambda: os.link('../e0/table', 'stolen'),
    lambda: open('../e2', 'w'),
    lambda: os.mkdir('../../data/x'),
):
    try: attempt()
    except OSError: continue
    print('changed')
";
    let script = script.replace("HOME", &format!("{:?}", site.home.path()));
    let done = site.run(&script).await;
    assert_eq!(done.stdout.text, "[]\na,b\n1,2\n t /run/experiments/e1\n", "{done:?}");
    assert_eq!(fs::read_to_string(&host).unwrap(), "a,b\n1,2\n");
}

#[tokio::test]
async fn nothing_else_can_be_written_or_seen() {
    let site = Site::new().await;
    let secret = site.home.path().join("secret");
    fs::write(&secret, "secret").unwrap();
    let script = format!(
        "
import os, sys
for path in ('/', '/usr', '/etc', '/run', '/run/experiments', '/dev', '/proc', sys.prefix, '/usr/lib'):
    try: open(path + '/x', 'w')
    except OSError: continue
    print('wrote', path)
print(os.path.exists({secret:?}), os.path.exists('/sys'), os.path.exists('/proc/sys'), os.path.exists('/dev/sda'))
print(sorted(os.listdir('/usr')) == sorted({{'bin', 'lib', 'share', 'local'}} & set(os.listdir('/usr')) |
    {{'sbin', 'lib32', 'lib64', 'libx32', 'libexec'}} & set(os.listdir('/usr'))), os.path.exists('/usr/share/doc'))
print(sorted(set(os.listdir('/')) - {{'usr','bin','sbin','lib','lib32','lib64','libx32'}}))
print(sorted(os.listdir('/dev')), os.listdir('/run'), os.listdir('/run/experiments'))
print(os.uname().nodename, os.getuid(), os.getgid(), os.getgroups()[:1])
"
    );
    let done = site.run(&script).await;
    assert_eq!(
        done.stdout.text,
        "False False False False\nTrue False\n\
         ['dev', 'etc', 'proc', 'run', 'tmp']\n\
         ['fd', 'full', 'null', 'shm', 'stderr', 'stdin', 'stdout', 'urandom', 'zero'] ['experiments'] ['e1']\n\
         kosmos 65534 65534 []\n",
        "{done:?}"
    );
}

#[tokio::test]
async fn forbidden_calls_are_refused() {
    let site = Site::new().await;
    let script = r#"
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
def call(name, *arguments):
    result = getattr(libc, name)(*arguments)
    return name if result != -1 or ctypes.get_errno() not in (1, 38) else None
passed = [
    call("unshare", 0x10000000), call("unshare", 0x20000), call("setns", 0, 0),
    call("mount", b"none", b"/tmp", b"tmpfs", 0, None), call("umount2", b"/tmp", 2), call("chroot", b"/tmp"),
    call("ptrace", 16, 1, 0, 0), call("process_vm_readv", 1, None, 0, None, 0, 0), call("personality", 8),
    call("sethostname", b"x", 1), call("swapon", b"/x", 0), call("syscall", 425, 1, 0),
    call("syscall", 435, 0, 0), call("syscall", 323, 0), call("syscall", 250, 0), call("syscall", 9999),
]
print([name for name in passed if name])
# A 32-bit or x32 system call number must not slip past.
print(libc.syscall(0x40000000 + 39))
for path in ("/proc/1/mem", "/proc/1/environ", "/proc/1/maps"):
    try: open(path, "rb").read(1)
    except OSError: continue
    print("read", path)
try: os.kill(1, 9)
except OSError: pass
print("alive")
# Files in the workspace and in /tmp are not programs.
import shutil, subprocess
for path in ("/tmp/true", "./true"):
    shutil.copy("/usr/bin/true", path); os.chmod(path, 0o4755)
    try: subprocess.run([path]); print("ran", path)
    except OSError: pass
subprocess.run(["/usr/bin/true"], check=True)
"#;
    let done = site.run(script).await;
    assert_eq!(done.stdout.text, "[]\n-1\nalive\n", "{done:?}");
    assert_eq!(done.outcome, Outcome::Ok, "{done:?}");
    let found = collect_artefacts(&site.workspace(), &Caps::default()).unwrap();
    assert_eq!(found.refused.len(), 0);
    let mode = fs::metadata(site.workspace().join("true")).unwrap();
    assert_eq!(mode.permissions().mode() & 0o7000, 0);
}

#[tokio::test]
async fn links_in_the_output_are_not_followed() {
    let site = Site::new().await;
    let secret = site.home.path().join("secret");
    fs::write(&secret, "secret").unwrap();
    let script = format!(
        "
import os, socket
os.symlink({secret:?}, 'result.json'); os.symlink('/etc', 'etc'); os.mkfifo('pipe')
os.mkdir('figures'); open('figures/a.svg', 'w').write('<svg/>')
s = socket.socket(socket.AF_UNIX); s.bind('socket')
open(b'\\xff', 'w')
"
    );
    let done = site.run(&script).await;
    assert_eq!(done.outcome, Outcome::Ok);
    assert_eq!(done.refused.len(), 5, "{done:?}");
    let found = collect_artefacts(&site.workspace(), &Caps::default()).unwrap();
    let names: Vec<_> = found.artefacts.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names, ["figures/a.svg", "script.py"]);
    assert_eq!(found.refused, [], "{found:?}");
    assert_eq!(fs::read_to_string(&secret).unwrap(), "secret");
    assert!(fs::symlink_metadata(site.workspace().join("result.json")).is_err());
}

#[tokio::test]
#[cfg(target_arch = "x86_64")]
async fn other_architectures_are_killed() {
    let site = Site::new().await;
    // mov eax, 20 (getpid for 32-bit programs); int 0x80; ret
    let script = r#"
import ctypes, mmap
code = mmap.mmap(-1, 4096, prot=7)
code.write(b"\xb8\x14\x00\x00\x00\xcd\x80\xc3")
print(ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(code)))())
"#;
    let done = site.run(script).await;
    assert_eq!(done.outcome, Outcome::Killed { signal: 31 }, "{done:?}");
}

/// With a secret in its environment and a file left open for its children.
#[test]
fn nothing_is_inherited() {
    let mut command = inner_test("attacks::inner_nothing_is_inherited");
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
    let script = r#"
import os
needle = b"very-" + b"secret"
places = ["/proc/self/environ", "/proc/1/environ", "/proc/1/cmdline"]
places += [f"/proc/{pid}/environ" for pid in os.listdir("/proc") if pid.isdigit()]
for place in places:
    try: text = open(place, "rb").read()
    except OSError: continue
    if needle in text: print("found in", place)
# Nor in what the process was left in memory by those before it.
with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb", 0) as memory:
    for line in maps:
        if "[stack]" in line:
            first, last = (int(x, 16) for x in line.split()[0].split("-"))
            memory.seek(first)
            if needle in memory.read(last - first): print("found on the stack")
print(sorted(os.environ))
print([os.readlink(f"/proc/self/fd/{fd}").split(":")[0] for fd in range(3)])
print(len(os.listdir("/proc/self/fd")))
print(os.path.exists("/proc/self/fd/7"))
"#;
    let done = site.run(script).await;
    let mut lines = done.stdout.text.lines();
    let environment = lines.next().unwrap();
    assert!(environment.starts_with("['HOME', 'LANG',"), "{done:?}");
    assert_eq!(lines.next(), Some("['/dev/null', 'pipe', 'pipe']"));
    // The fourth is that of the listing itself.
    assert_eq!(lines.next(), Some("4"));
    assert_eq!(lines.next(), Some("False"));
}
