"""Follows runner.py in the program of the zygote: an interpreter that has imported the packages and only
ever forks. It reads nothing of what a request says, and runs nothing that was generated. Standard input is
a socket to kosmos; when kosmos has gone, it ends.

Each message is one byte and some descriptors: the job's channel, a handle of the job's process 1, the two
streams of output and, where the kernel knows them, the rules for files. The request is read from the
channel by the child, so nothing of it is left for the children of later requests.
"""
import fcntl
import json
import socket

LIBC = ctypes.CDLL(None, use_errno=True)
RULES, CHANNEL = 3, 4  # what a script's process has open besides its three streams, until it starts
MOST = 1 << 20  # more descriptors than there are


class Failed(Exception):
    """A step that failed, by its name."""


def prepare():
    """Imports the packages and says so."""
    os.closerange(3, MOST)  # what kosmos may itself have been started with
    preload()
    os.write(0, b"R")


def serve():
    """Forks for each message. Returns only in a process that is to run a script, with the script's name."""
    kosmos = socket.socket(fileno=0)
    while True:
        message, descriptors, _, _ = socket.recv_fds(kosmos, 1, 8)
        if not message:
            os._exit(0)
        hold, go = os.pipe()
        try:
            child = os.fork()
        except OSError as error:
            tell(descriptors[0], "fork the interpreter", error)
            child = None
        if child == 0:
            kosmos.detach()
            os.close(go)
            return enter(hold, *descriptors)
        for descriptor in (hold, *descriptors):
            os.close(descriptor)
        if child is not None and os.waitpid(child, 0)[1] == 0:
            try:
                os.write(go, b"1")
            except BrokenPipeError:
                pass  # it has ended, and process 1 of the job tells how
        os.close(go)


def enter(hold, channel, init, *streams):
    """Goes into the job's namespaces. A process cannot change its own process namespace, only that of its
    children; and only a process whose parent belongs to that namespace is handed to its process 1. So there
    are two more forks, and the first two of the three processes have ended before the third goes on."""
    try:
        request = json.loads(read(channel))
        # Opened here, for inside they cannot be reached. The kernel looks at who has opened them.
        groups = [os.open(path, os.O_WRONLY) for path in request["groups"]]
        check("enter the job's namespaces", LIBC.setns(init, request["namespaces"]))
        child = os.fork()
        if child:
            os._exit(0 if os.waitpid(child, 0)[1] == 0 else 1)
        os.setsid()
        child = os.fork()
        if child:
            os.write(channel, b"%d\n" % child)
            os._exit(0)
        # The kernel takes its time for this, so it comes while the parents end.
        for group in groups:
            os.write(group, b"0")
        if os.read(hold, 1) != b"1":
            raise Failed("wait for the interpreter's parents", "they have ended early")
        channel = arrange(channel, streams)
        return become(request)
    except BaseException as error:
        step, cause = error.args if isinstance(error, Failed) else ("start the script", repr(error))
        tell(channel, step, cause)
        os._exit(1)


def arrange(channel, streams):
    """Leaves open what a script's process has open, the rules for files, and the channel, and nothing else."""
    stdout, stderr, *rules = streams
    wanted = {0: os.open("/dev/null", os.O_RDONLY), 1: stdout, 2: stderr, CHANNEL: channel}
    wanted.update((RULES, rule) for rule in rules)
    # Out of the way first, so that none is closed before it is moved.
    moved = {target: fcntl.fcntl(source, fcntl.F_DUPFD, 64) for target, source in wanted.items()}
    os.closerange(0, 64)
    for target, source in moved.items():
        os.dup2(source, target, inheritable=target < RULES)
    os.closerange(CHANNEL + 1, MOST)
    return CHANNEL


def become(request):
    """Turns this process into the script's, as a fresh interpreter would be."""
    for call in request["calls"]:
        perform(call)
    if "multiprocessing.process" in sys.modules:
        sys.modules["multiprocessing.process"].current_process().authkey = os.urandom(32)
    arguments = request["arguments"]
    sys.orig_argv[:] = arguments
    rename(arguments)
    os.close(CHANNEL)
    return arguments[-1]


def perform(call):
    """One system call. Its buffers live as long as its arguments."""
    kept, words = [], []
    for argument in call["arguments"]:
        ((kind, value),) = argument.items()
        if kind == "Number":
            words.append(ctypes.c_long(value))
            continue
        kept.append(ctypes.create_string_buffer(bytes(value), len(value)))
        if kind == "Program":
            # See seccomp(2): the number of instructions, of eight bytes each, and where they are.
            kept.append(Program(len(value) // 8, ctypes.addressof(kept[-1])))
        words.append(ctypes.byref(kept[-1]))
    check(call["step"], LIBC.syscall(ctypes.c_long(call["number"]), *words), call["tolerated"])


class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("first", ctypes.c_void_p)]


def check(step, result, tolerated=None):
    error = ctypes.get_errno()
    if result < 0 and error != tolerated:
        raise Failed(step, os.strerror(error))


def rename(arguments):
    """Makes the command line what it would be. Its place in memory is as long as this program's text."""
    with open("/proc/self/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    first, end = int(fields[45]), int(fields[46])  # arg_start and arg_end, see proc_pid_stat(5)
    text = b"".join(os.fsencode(argument) + b"\0" for argument in arguments)[: end - first]
    ctypes.memset(first, 0, end - first)
    ctypes.memmove(first, text, len(text))


def read(channel):
    parts = []
    while part := os.read(channel, 1 << 16):
        parts.append(part)
    return b"".join(parts)


def tell(channel, step, cause):
    """The last word to kosmos: why there will be no script."""
    try:
        os.write(channel, json.dumps({"step": step, "cause": str(cause)}).encode() + b"\n")
    except OSError:
        pass  # nobody waits for it any more


prepare()
run(serve())
