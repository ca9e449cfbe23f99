"""Attacks the sandbox it runs in and prints, as JSON, how far it got. Never run outside of one."""
import _socket
import fcntl
import json
import os
import signal
import sys
import time

with open("attack.json") as file:
    given = json.load(file)
got = {}


def succeeds(attempt, *arguments):
    try:
        attempt(*arguments)
        return True
    except (OSError, ValueError):
        return False


def writes(path):
    return succeeds(lambda: open(path, "a").close())


# Sockets: internet, packets, kernel, virtual machines.
families = {"inet": 2, "inet6": 10, "netlink": 16, "packet": 17, "vsock": 40}
got["sockets"] = [
    name for name, family in families.items() if succeeds(_socket.socket, family, 1)
] + [name for name, family in families.items() if succeeds(_socket.socket, family, 3)]

# Files that are none of its business, and places where it must not write.
got["seen"] = [path for path in given["secrets"] if os.path.exists(path)]
got["written"] = [
    path for path in ["/probe", "/usr/probe", "/etc/passwd", "/run/probe", "/dev/probe", sys.prefix + "/probe"]
    if writes(path)
]
got["inputs_changed"] = [
    name for name, attempt in {
        "write": lambda: open(given["input"], "a").close(),
        "chmod": lambda: os.chmod(given["input"], 0o777),
        "unlink": lambda: os.unlink(given["input"]),
        "replace": lambda: os.replace("attack.json", given["input"]),
    }.items() if succeeds(attempt)
]
with open(given["input"]) as file:
    got["input_read"] = file.read() == given["token"]

# The launcher's environment, by name and by process 1.
got["environment"] = sorted(os.environ)
got["environment_of_1"] = succeeds(lambda: open("/proc/1/environ", "rb").read())

got["processes_seen"] = len([name for name in os.listdir("/proc") if name.isdigit()])

with open("/proc/self/status") as file:
    status = dict(line.split(":\t", 1) for line in file.read().splitlines() if ":\t" in line)
got["capabilities"] = [
    name for name in ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"] if int(status[name], 16)
]
got["new_privileges"] = status.get("NoNewPrivs") != "1"
got["root"] = 0 in os.getresuid() + os.getresgid() or succeeds(os.setuid, 0)
got["filtered"] = status.get("Seccomp") == "2"
got["ptrace_and_namespaces"] = False
try:
    import ctypes

    call = ctypes.CDLL(None, use_errno=True)
    got["ptrace_and_namespaces"] = (
        call.unshare(0x10000000) == 0 or call.ptrace(0, 0, 0, 0) == 0 or call.syscall(425, 1, 0) >= 0
    )
except (ImportError, AttributeError, OSError):
    pass

# Signals to another sandbox through a file that both may read: a lock, a lease, a notice of who opens it.
with open(given["input"]) as file:
    held = succeeds(fcntl.flock, file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    with open(given["input"]) as other:
        excluded = held and not succeeds(fcntl.flock, other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    got["shared_signals"] = [
        name for name, through in {
            "flock": excluded,
            "lease": succeeds(fcntl.fcntl, file, fcntl.F_SETLEASE, fcntl.F_RDLCK),
            "notify": succeeds(fcntl.fcntl, os.open(os.path.dirname(given["input"]), os.O_RDONLY), fcntl.F_NOTIFY, 1),
        }.items() if through
    ]

# More than the workspace may hold, in files that no folder lists.
hidden, got["disk_bytes"] = [], 0
try:
    while got["disk_bytes"] < given["disk"]:
        hidden.append(os.open("hidden", os.O_CREAT | os.O_WRONLY, 0o600))
        os.unlink("hidden")
        got["disk_bytes"] += os.write(hidden[-1], bytes(1 << 20))
except OSError:
    pass
for descriptor in hidden:
    os.close(descriptor)

# As many processes as it can get, up to more than it may have where the kernel would refuse them.
children = []
hold, let_go = os.pipe()
try:
    while len(children) < given["forks"]:
        child = os.fork()
        if child == 0:
            os.close(let_go)
            os.read(hold, 1)
            os._exit(0)
        children.append(child)
except OSError:
    pass
got["forked"] = len(children)
os.close(let_go)
for child in children:
    os.waitpid(child, 0)

# One that outlives its parents, in a session of its own, deaf to signals.
if os.fork() == 0:
    os.setsid()
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    if os.fork() == 0:
        time.sleep(600)
    os._exit(0)

print(json.dumps(got), flush=True)

# Too much memory. Where it is watched and not limited by the kernel, this ends everything.
child = os.fork()
if child == 0:
    hoard = bytearray(b"x") * given["hoard"]
    time.sleep(2)
    os._exit(7)
_, ended = os.waitpid(child, 0)
print(json.dumps({"hoarded": os.WIFEXITED(ended) and os.WEXITSTATUS(ended) == 7}), flush=True)
