"""Process 1 of a sandbox container: runs one job, watches over it and hands back what it left.

Its standard input carries two lines of JSON at most: the job, and a wish to stop. Its standard output
carries frames, of one byte that says what it is, four bytes of length (big-endian) and the content:

    R  ready for a job
    O  a piece of the script's standard output        E  of its standard error
    F  a file of the workspace begins: {"name", "size"}, the name in base64
    D  a piece of that file
    X  the end, as JSON: how it ended, what it used, what was not handed back

Only this process can write there: the script gets pipes of its own and cannot look into this process. When
standard input ends, so does this process, and with it the container.
"""
import base64
import ctypes
import json
import os
import resource
import select
import signal
import stat
import struct
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import runner

PERIOD = 0.05  # seconds between two looks at the processor time
PIECE = 1 << 16
PR_SET_DUMPABLE = 4
CACHES = "/opt/kosmos/matplotlib"


def main():
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(number, signal.SIG_IGN)
    warm = os.environ.get("KOSMOS_WARM") == "1"
    # What the image or the engine has added is none of the script's business.
    for name in set(os.environ) - set(os.environ.get("KOSMOS_KEEP", "").split(",")):
        del os.environ[name]
    link_caches()
    if warm:
        runner.preload()
    dumpable(0)
    frame(b"R", b"")
    line = read_line()
    if line is None:
        os._exit(0)
    job = json.loads(line)
    before = cpu_ms()
    script, streams = start(job)
    if script == 0:
        return become(job)  # the child
    end, reason = attend(job, script, streams, before)
    kept, refused, sizes = tidy(job)
    for name, path, size in kept:
        hand_over(name, path, size)
    used = counters()
    report = {
        "exit": os.WEXITSTATUS(end) if end is not None and os.WIFEXITED(end) else None,
        "signal": os.WTERMSIG(end) if end is not None and os.WIFSIGNALED(end) else None,
        "reason": reason,
        "cpu_ms": max(0, cpu_ms() - before),
        "refused": refused,
        **sizes,
        **used,
    }
    frame(b"X", json.dumps(report).encode())
    # The container is removed from outside.
    while read_line() is not None:
        pass
    os._exit(0)


def link_caches():
    """Files that packages look for in /tmp and would make anew for each script."""
    try:
        names = os.listdir(CACHES)
    except FileNotFoundError:
        return
    for name in names:
        os.symlink(os.path.join(CACHES, name), os.path.join("/tmp", name))


def dumpable(yes):
    ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, yes, 0, 0, 0)


def frame(kind, content):
    pending = memoryview(kind + struct.pack(">I", len(content)) + content)
    while pending:
        pending = pending[os.write(1, pending):]


class Input:
    buffer = b""
    ended = False


def read_line(wait=True):
    """The next line, or None at the end of the input. Without `wait`: an empty line if there is none yet."""
    while b"\n" not in Input.buffer:
        if not wait and not select.select([0], [], [], 0)[0]:
            return b""
        piece = os.read(0, PIECE)
        if not piece:
            Input.ended = True
            return None
        Input.buffer += piece
    line, Input.buffer = Input.buffer.split(b"\n", 1)
    return line


def start(job):
    """Forks the process that will be the script; it gets the writing ends of two pipes."""
    out_read, out_write = os.pipe()
    err_read, err_write = os.pipe()
    script = os.fork()
    if script == 0:
        os.setsid()
        dumpable(1)
        with open("/proc/self/oom_score_adj", "w") as file:
            file.write("1000")
        nothing = os.open("/dev/null", os.O_RDONLY)
        for target, source in ((0, nothing), (1, out_write), (2, err_write)):
            os.dup2(source, target)
        os.closerange(3, 1 << 16)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        limit(resource.RLIMIT_FSIZE, job["file_bytes"])
        limit(resource.RLIMIT_NOFILE, job["open_files"])
        resource.setrlimit(resource.RLIMIT_CPU, (job["cpu_seconds"], job["cpu_seconds"] + 1))
        os.umask(0o022)
        os.chdir(job["workspace"])
        return 0, None
    os.close(out_write)
    os.close(err_write)
    return script, {out_read: b"O", err_read: b"E"}


def limit(which, value):
    resource.setrlimit(which, (value, value))


def become(job):
    if job["language"] == "r":
        os.execv("/usr/bin/Rscript", ["Rscript", "--vanilla", job["script"]])
    if "numpy" not in sys.modules:
        # A cold start in every respect.
        os.execv(sys.executable, [sys.executable, "-s", "-u", job["script"]])
    sys.path.remove(os.path.dirname(os.path.abspath(__file__)))
    runner.run(job["script"])


def attend(job, script, streams, before):
    """Passes output on and reaps until the script has ended; then ends everything else.

    The result is the script's wait status, if it had one, and why it was ended, if it was.
    """
    status, reason = None, None
    looked = time.monotonic()
    while status is None:
        ready = select.select([0, *streams], [], [], PERIOD)[0]
        for stream in ready:
            if stream != 0:
                pass_on(stream, streams)
        if 0 in ready:
            line = read_line(wait=False)
            if line is None:
                os._exit(0)
            if line:
                reason = reason or "stopped"
        if time.monotonic() - looked >= PERIOD:
            looked = time.monotonic()
            if cpu_ms() - before > job["cpu_ms"]:
                reason = reason or "cpu"
        status = reap(script)
        if reason and status is None:
            break
    while True:
        # What was forked meanwhile is hit in the next round.
        try:
            os.kill(-1, signal.SIGKILL)
        except ProcessLookupError:
            pass
        try:
            pid, ended = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            break
        if pid == script and status is None:
            status = ended
        if pid == 0:
            time.sleep(0.001)
    for stream in list(streams):
        while stream in streams:
            pass_on(stream, streams)
    return status, reason


def reap(script):
    status = None
    while True:
        try:
            pid, ended = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return status
        if pid == script:
            status = ended
        if pid == 0:
            return status


def pass_on(stream, streams):
    piece = os.read(stream, PIECE)
    if piece:
        frame(streams[stream], piece)
    else:
        os.close(stream)
        del streams[stream]


def tidy(job):
    """What of the workspace is handed back, what is not and why, and how large it all is.

    Regular files alone, in the order of their names, within the caps; links are never followed.
    """
    caps = job["caps"]
    kept, refused = [], []
    sizes = {"bytes": 0, "files": 0, "largest": 0}
    total = 0
    root = os.fsencode(job["workspace"])
    pending = [(root, b"", 0)]
    while pending:
        folder, prefix, depth = pending.pop()
        os.chmod(folder, 0o700)
        # Counted before it is listed, for a listing of millions would itself be too much.
        with os.scandir(folder) as entries:
            found = []
            for entry in entries:
                found.append(entry.name)
                if len(found) > caps["listed"]:
                    break
        for name in sorted(found):
            path, relative = os.path.join(folder, name), prefix + name
            about = os.lstat(path)
            sizes["files"] += 1
            if stat.S_ISDIR(about.st_mode):
                if depth >= caps["depth"]:
                    refused.append((relative, "it is too deep"))
                else:
                    pending.append((path, relative + b"/", depth + 1))
                continue
            if not stat.S_ISREG(about.st_mode):
                link = stat.S_ISLNK(about.st_mode)
                refused.append((relative, "it is a symbolic link" if link else "it is not a regular file"))
                continue
            sizes["bytes"] += about.st_blocks * 512
            sizes["largest"] = max(sizes["largest"], about.st_size)
            if not utf8(relative):
                refused.append((relative, "its name is not UTF-8"))
            elif len(kept) >= caps["files"]:
                refused.append((relative, "there are too many files"))
            elif about.st_size > caps["file_bytes"]:
                refused.append((relative, "it is too large"))
            elif total + about.st_size > caps["total_bytes"]:
                refused.append((relative, "the files are too large together"))
            else:
                total += about.st_size
                kept.append((relative, path, about.st_size))
    space = os.statvfs(root)
    sizes["full"] = space.f_bavail == 0 or space.f_favail == 0
    named = [{"name": name.decode("utf-8", "replace"), "reason": reason} for name, reason in refused[: caps["listed"]]]
    return sorted(kept), named, sizes


def utf8(name):
    try:
        name.decode("utf-8")
        return True
    except UnicodeDecodeError:
        return False


def hand_over(name, path, size):
    os.chmod(path, 0o600)
    frame(b"F", json.dumps({"name": base64.b64encode(name).decode(), "size": size}).encode())
    with open(path, "rb", buffering=0) as file:
        while piece := file.read(PIECE):
            frame(b"D", piece)


# What the control group has counted: version 2 first, then version 1.
GROUP = "/sys/fs/cgroup"


def number(*paths):
    for path in paths:
        try:
            with open(os.path.join(GROUP, path)) as file:
                return int(file.read())
        except (OSError, ValueError):
            continue
    return None


def entry(key, *paths):
    for path in paths:
        try:
            with open(os.path.join(GROUP, path)) as file:
                for line in file:
                    if line.startswith(key + " "):
                        return int(line.split()[1])
        except (OSError, ValueError):
            continue
    return None


def cpu_ms():
    """Processor time of the whole container so far."""
    microseconds = entry("usage_usec", "cpu.stat")
    if microseconds is not None:
        return microseconds // 1000
    nanoseconds = number("cpuacct/cpuacct.usage", "cpu,cpuacct/cpuacct.usage")
    if nanoseconds is not None:
        return nanoseconds // 1_000_000
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return int((used.ru_utime + used.ru_stime) * 1000)


def counters():
    return {
        "peak_memory_bytes": number("memory.peak", "memory/memory.max_usage_in_bytes"),
        "oom_kills": entry("oom_kill", "memory.events", "memory/memory.oom_control") or 0,
        "forks_refused": entry("max", "pids.events", "pids/pids.events") or 0,
        "largest_process_bytes": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024,
    }


main()
