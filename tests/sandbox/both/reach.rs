//! What a script tries to reach: the network, the system, other processes, secrets.

use std::net::{TcpListener, UdpSocket};

use super::{
    on_both,
    stage::{Attack, Stage},
};
use kosmos_testing::service::skip_test;
use kosmos_testing::{
    inner::{assert_inner_test_passes, inner_test, is_inner_test},
    service::find_container_engine,
};

on_both!(
    no_host_can_be_reached,
    the_system_cannot_be_touched,
    calls_are_refused,
    output_is_no_result
);

async fn no_host_can_be_reached(stage: &Stage) {
    let listener = TcpListener::bind("0.0.0.0:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let udp = UdpSocket::bind("0.0.0.0:0").unwrap();
    udp.set_nonblocking(true).unwrap();
    let udp_port = udp.local_addr().unwrap().port();
    let abstract_name = format!("kosmos-attack-{}", std::process::id());
    let unix =
        <std::os::unix::net::SocketAddr as std::os::linux::net::SocketAddrExt>::from_abstract_name(&abstract_name);
    let unix = unix.unwrap();
    let local = std::os::unix::net::UnixListener::bind_addr(&unix).unwrap();
    local.set_nonblocking(true).unwrap();
    let engine = std::env::var("KOSMOS_TEST_DOCKER_HOST").unwrap_or_default();
    let engine = engine.strip_prefix("unix://").unwrap_or("/run/docker.sock").to_owned();
    let script = format!(
        "
def tcp(host, port): return lambda: socket.create_connection((host, port), 2).close()
def unix(name):
    def attempt():
        with socket.socket(socket.AF_UNIX) as one: one.settimeout(2); one.connect(name)
    return attempt
def datagram():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one: one.sendto(b'x', ('127.0.0.1', {udp_port}))
def vsock():
    with socket.socket(40, socket.SOCK_STREAM) as one: one.settimeout(2); one.connect((2, 1024))
attempts = {{
    'host': tcp('127.0.0.1', {port}), 'itself': tcp('localhost', {port}), 'v6': tcp('::1', {port}),
    'metadata': tcp('169.254.169.254', 80), 'gateway': tcp('172.17.0.1', {port}), 'datagram': datagram,
    'dns': lambda: socket.getaddrinfo('example.org', 80), 'vsock': vsock,
    'abstract': unix('\\0{abstract_name}'), 'engine': unix({engine:?}),
    'default engine': unix('/var/run/docker.sock'), 'containerd': unix('/run/containerd/containerd.sock'),
}}
for family in (2, 10, 16, 17, 38, 40, 44):
    for kind in (1, 2, 3):
        attempts[f'socket {{family}} {{kind}}'] = lambda: socket.socket(family, kind).close()
print(passed(attempts))
a, b = socket.socketpair(); a.send(b'local'); print(b.recv(9))
"
    );
    stage
        .withstands([Attack::new("network", script).says("[]\nb'local'\n")])
        .await;
    listener.set_nonblocking(true).unwrap();
    assert!(listener.accept().is_err() && local.accept().is_err() && udp.recv(&mut [0]).is_err());
}

async fn the_system_cannot_be_touched(stage: &Stage) {
    let files = "
def read(path):
    def attempt():
        with open(path, 'rb', 0) as file:
            if not file.read(1): raise ValueError('nothing in it')
    return attempt
def write(path): return lambda: open(path, 'ab', 0).write(b'1')
attempts = {'read ' + path: read(path) for path in (
    '/etc/shadow', '/proc/kcore', '/proc/kmsg', '/proc/1/environ', '/proc/1/mem', '/proc/1/maps', '/dev/mem', '/dev/kmsg',
    '/dev/sda', '/dev/vda', '/dev/fuse', '/dev/kvm', '/proc/1/root/etc/passwd', '/proc/1/cwd/etc/passwd', '/proc/sched_debug',
    '/sys/firmware/dmi/tables/DMI', '/sys/kernel/security/lsm', '/proc/keys', '/proc/latency_stats')}
attempts.update({'write ' + path: write(path) for path in (
    '/proc/sys/kernel/core_pattern', '/proc/sysrq-trigger', '/proc/self/oom_score_adj_', '/proc/1/oom_score_adj', '/proc/sys/vm/drop_caches',
    '/sys/fs/cgroup/cgroup.procs', '/sys/fs/cgroup/memory/memory.limit_in_bytes', '/sys/fs/cgroup/memory/release_agent',
    '/sys/fs/cgroup/memory.max', '/sys/kernel/uevent_helper', '/sys/power/state', '/etc/passwd', '/usr/bin/env', '/etc/ld.so.preload',
    '/opt/kosmos/resident.py', '/x', '/run/x', '/run/experiments/x', '/dev/x', sys.executable,
    '../../data/table.csv', '../../data/x', '../x')})
attempts.update({
    'chmod input': lambda: os.chmod('../../data/table.csv', 0o777), 'unlink input': lambda: os.unlink('../../data/table.csv'),
    'replace input': lambda: os.replace(sys.argv[0], '../../data/table.csv'), 'rename data': lambda: os.rename('../../data', '../../other'),
    'rename workspace': lambda: os.rename('../e1', '../e2'), 'remove workspace': lambda: os.rmdir('../e1'),
    'device': lambda: os.mknod('device', 0o600 | 0o020000, os.makedev(1, 1)), 'block': lambda: os.mknod('block', 0o600 | 0o060000, os.makedev(8, 0)),
    'device in /dev': lambda: os.mknod('/dev/x', 0o600 | 0o020000, os.makedev(1, 1)),
    'chown': lambda: os.chown(sys.argv[0], 0, 0), 'setuid': lambda: os.setuid(0), 'setgid': lambda: os.setgid(0), 'groups': lambda: os.setgroups([0]),
    'priority': lambda: os.nice(-5), 'raise a limit': lambda: __import__('resource').setrlimit(7, (1 << 20, 1 << 20)),
    'link to a program': lambda: os.link('/usr/bin/env', 'env'), 'link to the input': lambda: os.link('../../data/table.csv', 'table'),
})
print(passed(attempts))
";
    let programs = "
import shutil, subprocess
found = []
for place in ('.', '/tmp', '/dev/shm'):
    path = f'{place}/program'
    shutil.copy('/usr/bin/env', path); os.chmod(path, 0o6755)
    if not refused(lambda: subprocess.run([path], check=True, capture_output=True)): found.append(place)
print(found)
print(os.getresuid(), os.getresgid(), set(os.getgroups()) <= {65534})
status = dict(line.split(':\\t', 1) for line in open('/proc/self/status').read().splitlines() if ':\\t' in line)
print([status[name].strip() for name in ('CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb', 'NoNewPrivs', 'Seccomp')])
";
    let none = "'0000000000000000', ".repeat(5);
    let processes = "
print({int(name) for name in os.listdir('/proc') if name.isdigit()} <= {1, 2, os.getpid()})
for number in range(1, 65): refused(lambda: os.kill(1, number))
refused(lambda: os.kill(-1, signal.SIGKILL))
print('alive')
";
    stage
        .withstands([
            Attack::new("files", files).says("[]\n"),
            Attack::new("programs", programs).says(format!(
                "[]\n(65534, 65534, 65534) (65534, 65534, 65534) True\n[{none}'1', '2']\n"
            )),
            Attack::new("processes", processes).says("True\nalive\n"),
        ])
        .await;
}

async fn calls_are_refused(stage: &Stage) {
    // Numbers are those of x86-64 and of the list that is common to all newer ones.
    if cfg!(not(target_arch = "x86_64")) {
        skip_test("the calls are numbered as on x86-64");
        return;
    }
    let script = "
null, zeros = None, bytes(256)
attempts = {
    'mount': lambda: call('mount', b'none', b'/tmp', b'tmpfs', 0, null), 'umount': lambda: call('umount2', b'/tmp', 2),
    'bind': lambda: call('mount', b'/', b'/tmp', null, 4096, null), 'chroot': lambda: call('chroot', b'/tmp'),
    'pivot_root': lambda: call(155, b'/tmp', b'/tmp'), 'fsopen': lambda: call(430, b'tmpfs', 0), 'open_tree': lambda: call(428, -100, b'/', 1),
    'setns': lambda: call('setns', 0, 0), 'ptrace itself': lambda: call('ptrace', 0, 0, 0, 0), 'ptrace 1': lambda: call('ptrace', 16, 1, 0, 0),
    'process_vm_readv': lambda: call('process_vm_readv', 1, zeros, 1, zeros, 1, 0), 'process_vm_writev': lambda: call('process_vm_writev', 1, zeros, 1, zeros, 1, 0),
    'pidfd_getfd': lambda: call(438, 0, 0, 0), 'kcmp': lambda: call(312, 1, os.getpid(), 0, 0, 0),
    'keyctl': lambda: call(250, 0, -3, 1), 'add_key': lambda: call(248, b'user', b'a', b'b', 1, -3), 'request_key': lambda: call(249, b'user', b'a', null, -3),
    'io_uring_setup': lambda: call(425, 8, zeros), 'io_uring_enter': lambda: call(426, 0, 0, 0, 0, null, 0), 'io_uring_register': lambda: call(427, 0, 0, null, 0),
    'perf_event_open': lambda: call(298, zeros, 0, -1, -1, 0), 'bpf': lambda: call(321, 0, zeros, 128), 'userfaultfd': lambda: call(323, 0),
    'personality': lambda: call(135, 0x40000), 'modify_ldt': lambda: call(154, 0, zeros, 16), 'iopl': lambda: call(172, 3),
    'init_module': lambda: call(175, zeros, 10, b''), 'kexec': lambda: call(246, 0, 0, null, 0), 'reboot': lambda: call(169, 0xfee1dead, 672274793, 0, null),
    'syslog': lambda: call(103, 3, zeros, 100), 'swapon': lambda: call('swapon', b'/x', 0), 'acct': lambda: call('acct', b'/tmp/x'),
    'sethostname': lambda: call('sethostname', b'x', 1), 'setdomainname': lambda: call('setdomainname', b'x', 1),
    'clone3': lambda: call(435, zeros, 88), 'memfd_secret': lambda: call(447, 0), 'quotactl': lambda: call(179, 0, null, 0, null),
    'open_by_handle_at': lambda: call(304, 0, zeros, 0), 'name_to_handle_at': lambda: call(303, -100, b'/', zeros, zeros, 0),
    'fanotify': lambda: call(300, 0, 0), 'unknown': lambda: call(9999),
}
for name, flag in {'user': 0x10000000, 'mount': 0x20000, 'net': 0x40000000, 'pid': 0x20000000, 'ipc': 0x8000000, 'uts': 0x4000000, 'cgroup': 0x2000000}.items():
    attempts['unshare ' + name] = lambda flag=flag: call('unshare', flag)
    def clone(flag=flag):
        child = call(56, flag | 17, 0, 0, 0, 0)
        if child == 0: os._exit(0)
        os.waitpid(child, 0)
    attempts['clone ' + name] = clone
print(passed(attempts))
";
    let old = "
import mmap
code = mmap.mmap(-1, 4096, prot=7)
code.write(b'\\xb8\\x14\\x00\\x00\\x00\\xcd\\x80\\xc3')
print(ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(code)))())
";
    stage.withstands([Attack::new("calls", script).says("[]\n")]).await;
    // Calls of other architectures: killed, or not answered with the number that they ask for.
    for (name, script) in [
        ("32-bit call", old),
        ("x32 call", "print(LIBC.syscall(ctypes.c_long(0x40000000 + 39)))"),
    ] {
        let done = stage.run(&Attack::new(name, script)).await.unwrap();
        let answered = done.stdout.text.trim().parse::<i64>().is_ok_and(|pid| pid > 0);
        assert!(!answered, "{name}: {done:?}");
        stage.is_well(name).await;
    }
}

/// Nothing that is printed can be taken for a result, an end, or a word of process 1.
async fn output_is_no_result(stage: &Stage) {
    let script = "
fake = b'X\\0\\0\\0\\x0b{\"exit\": 0}' + b'F\\0\\0\\0\\x02{}' + b'R\\0\\0\\0\\0'
for stream in (1, 2):
    os.write(stream, fake + b'\\n{\"p\": 0.001}\\n')
# Whatever else is open is not for it.
for descriptor in range(3, 256): refused(lambda: os.write(descriptor, fake))
for path in ('/proc/1/fd/1', '/proc/1/fd/0', '/dev/stdout'):
    refused(lambda: open(path, 'wb', 0).write(fake) if path.startswith('/proc') else None)
sys.exit(5)
";
    let done = stage.run(&Attack::new("imitation", script)).await.unwrap();
    assert_eq!(
        done.outcome,
        kosmos::sandbox::Outcome::Failed { exit_code: 5 },
        "{done:?}"
    );
    assert!(done.stdout.text.contains(r#"{"exit": 0}"#), "{done:?}");
    let (files, refused) = stage.collected(&done);
    assert!(files.is_empty() && refused.is_empty(), "{files:?} {refused:?}");
    stage.is_well("imitation").await;
}

/// A secret of kosmos's own environment, looked for everywhere inside.
#[test]
fn secrets_stay_outside() {
    secrets_of("both::reach::inner_process_has_no_secret");
}

#[test]
fn secrets_stay_outside_of_docker() {
    if find_container_engine().is_some() {
        secrets_of("both::reach::inner_docker_has_no_secret");
    }
}

fn secrets_of(test: &str) {
    let mut command = inner_test(test);
    command
        .env("OPENAI_API_KEY", "sk-very-secret")
        .env("NEO4J_PASSWORD", "also-very-secret");
    assert_inner_test_passes(command);
}

const SEARCH: &str = r#"
needle = b"very-" + b"secret"
def look(path, most=1 << 22):
    try:
        with open(path, "rb", 0) as file: text = file.read(most)
    except (OSError, ValueError): return
    if needle in text and not path.endswith(sys.argv[0]): print("found in", path)
for pid in [name for name in os.listdir("/proc") if name.isdigit()] + ["self"]:
    for name in ("environ", "cmdline", "mountinfo", "status", "maps"): look(f"/proc/{pid}/{name}")
for top in ("/etc", "/run", "/tmp", "/dev/shm", "/inputs", "/opt/kosmos/matplotlib", "/home", "/root", "/var"):
    for folder, _, names in os.walk(top):
        for name in names:
            if os.path.isfile(os.path.join(folder, name)): look(os.path.join(folder, name))
with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb", 0) as memory:
    for line in maps:
        first, last = (int(x, 16) for x in line.split()[0].split("-"))
        if "r" not in line.split()[1] or "[v" in line or last - first > 1 << 28: continue
        try:
            memory.seek(first)
            text = memory.read(last - first)
        except (OSError, ValueError, OverflowError): continue
        if text.count(b"sk-" + needle) > 0: print("found in memory", line)
print(any(needle in (name + "=" + value).encode() for name, value in os.environ.items()))
"#;

async fn search(stage: &Stage) {
    assert!(std::env::var("OPENAI_API_KEY").is_ok());
    stage.withstands([Attack::new("search", SEARCH).says("False\n")]).await;
}

#[tokio::test]
#[ignore = "run by secrets_stay_outside"]
async fn inner_process_has_no_secret() {
    if is_inner_test() {
        search(&Stage::process().await).await;
    }
}

#[tokio::test]
#[ignore = "run by secrets_stay_outside_of_docker"]
async fn inner_docker_has_no_secret() {
    if is_inner_test()
        && let Some(stage) = Stage::docker().await
    {
        search(&stage).await;
        stage.close().await;
    }
}
