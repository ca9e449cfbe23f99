# ---- worker: calls a function that is not ours, each time in a process of its own, and trusts nothing of it ----
import ctypes
import gc
import json
import linecache
import os
import pickle
import resource
import select
import shutil
import signal
import struct
import sys
import time
import traceback

ANSWER_BYTES = 1 << 16
ANALYSIS = "analysis.py"
RETURNED = ("n", "statistic", "p", "effect", "ci_low", "ci_high", "direction", "test")
DUMPABLE, NO_NEW_PRIVILEGES, SUBREAPER = 4, 38, 36


class CodeFault(Exception):
    """The code is at fault, not the data: it can be written better."""


class Worker:
    """A process that was forked before the table was read. For each call it forks again, so that the function knows
    no more than the data of its call, leaves nothing behind, and cannot reach what judges it."""

    def __init__(self, code, seconds):
        # The memory of this process and of the worker are closed to what the function's process may try.
        control(DUMPABLE, 0)
        control(SUBREAPER, 1)
        asked, self.ask = os.pipe()
        self.answers, answer = os.pipe()
        self.process = os.fork()
        if self.process == 0:
            try:
                os.close(self.ask)
                os.close(self.answers)
                serve(code, seconds, asked, answer)
            finally:
                os._exit(1)
        os.close(asked)
        os.close(answer)

    def call(self, columns):
        """What the function returned for {name: values}, as {key: value}; unchecked. Or {"error": kind, "trace": text}.
        `used` is the processor time that it took, in seconds."""
        return parsed(self.ask_for([columns]))

    def call_in_turn(self, tables):
        """The same for each of several tables, called one after the other in one process, which costs a fraction. The
        function may remember there what it saw before."""
        text = self.ask_for(tables)
        try:
            answers = json.loads(text)
        except (ValueError, RecursionError):
            answers = None
        if not isinstance(answers, list) or len(answers) != len(tables):
            return [parsed(text if isinstance(answers, dict) else b"")] * len(tables)
        return [answer if isinstance(answer, dict) else parsed(b"") for answer in answers]

    def ask_for(self, tables):
        """The text of the answer to one request."""
        try:
            send(self.ask, struct.pack(">I", len(tables)) + pickle.dumps(tables, protocol=5))
            answer = receive(self.answers)
        except OSError:
            answer = None
        if answer is None:
            raise CodeFault("the process that calls the function was ended")
        self.used = struct.unpack(">d", answer[:8])[0]
        return answer[8:]

    def end(self):
        """Ends the worker, and whatever the function has started: when this returns nothing of it is left."""
        os.close(self.ask)
        os.close(self.answers)
        end_descendants()


def control(option, value):
    """prctl(2), where there is one."""
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    return prctl(option, value, 0, 0, 0) if prctl else -1


def send(pipe, content):
    pending = memoryview(struct.pack(">Q", len(content)) + content)
    while pending:
        pending = pending[os.write(pipe, pending) :]


def receive(pipe):
    """The next message, or None at the end."""
    head = read_exactly(pipe, 8)
    return None if head is None else read_exactly(pipe, struct.unpack(">Q", head)[0])


def read_exactly(pipe, count):
    content = bytearray()
    while len(content) < count:
        piece = os.read(pipe, min(count - len(content), 1 << 20))
        if not piece:
            return None
        content += piece
    return bytes(content)


def parsed(text):
    """An answer as far as it is one object of plain values."""
    try:
        answer = json.loads(text)
    except (ValueError, RecursionError):
        answer = None
    return answer if isinstance(answer, dict) else {"error": "no answer", "trace": "its process ended without an answer"}


def serve(code, seconds, asked, answers):
    """The worker: one call after another, until nothing more is asked."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    control(SUBREAPER, 1)
    namespace = given()
    warm_up(namespace)
    while (request := receive(asked)) is not None:
        send(answers, one_call(code, request, seconds, namespace))
    os._exit(0)


def given():
    """The names that the function finds defined."""
    import random

    import numpy as np
    import pandas as pd
    import scipy
    import statsmodels.api as sm
    from scipy import stats

    return {
        "math": math,
        "np": np,
        "pd": pd,
        "random": random,
        "scipy": scipy,
        "sm": sm,
        "stats": stats,
        **{helper.__name__: helper for helper in HELPERS},
    }


def warm_up(namespace):
    """Does what most functions do, so that a call needs less time: what is made here is shared with its process."""
    table = pd_frame({"a": np.arange(9.0) % 4, "b": np.arange(9.0) % 5, "c": np.array(["a", None, "b"] * 3, dtype=object)})
    rows = namespace["complete"](table, "a", "b", "c")
    namespace["stats"].pearsonr(rows["a"], rows["b"])
    namespace["stats"].spearmanr(rows["a"], rows["b"])
    namespace["correlation_interval"](0.1, 9)
    gc.collect()
    gc.freeze()


def pd_frame(columns):
    import pandas as pd

    return pd.DataFrame(columns)


def one_call(code, request, seconds, namespace):
    """The processor time of the call, as eight bytes, and its answer."""
    count = struct.unpack(">I", request[:4])[0]
    request, most = request[4:], ANSWER_BYTES * count
    # A call in turn with others has its share of no more than twice the time.
    seconds = seconds if count == 1 else 2 * seconds
    ours, theirs = os.pipe()
    process = os.fork()
    if process == 0:
        try:
            answer_to(code, request, seconds, namespace, theirs)
        finally:
            os._exit(1)
    os.close(theirs)
    answer, late = bytearray(), time.monotonic() + seconds
    while len(answer) <= most:
        left = late - time.monotonic()
        if left <= 0 or not select.select([ours], [], [], left)[0]:
            answer = json.dumps({"error": "timeout", "trace": f"a call may take {seconds} s"}).encode()
            break
        piece = os.read(ours, 1 << 16)
        if not piece:
            break
        answer += piece
    os.close(ours)
    os.kill(process, signal.SIGKILL)
    usage = os.wait4(process, 0)[2]
    end_descendants()
    return struct.pack(">d", usage.ru_utime + usage.ru_stime) + bytes(answer[: most + 1])


def end_descendants():
    """Kills every process that descends from this one. Orphans among them come to this process, so that none is left
    when it has no child any more."""
    late = time.monotonic() + 10
    while time.monotonic() < late:
        try:
            ended = os.waitpid(-1, os.WNOHANG)[0]
        except ChildProcessError:
            return
        if ended == 0:
            for child in children():
                os.kill(child, signal.SIGKILL)
            time.sleep(0.001)
    raise CodeFault("what the function has started cannot be ended")


def children():
    """Process ids of the children of this process."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat") as file:
                parent = file.read().rsplit(")", 1)[1].split()[1]
        except OSError:
            continue
        if int(parent) == os.getpid():
            found.append(int(name))
    return found


def answer_to(code, request, seconds, namespace, pipe):
    """In the process of one call: makes it harmless, calls the function, and writes what came of it to the pipe."""
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nothing, number)
    os.dup2(pipe, 3)
    os.closerange(4, 1 << 16)
    # It can make files of no bytes only, and has no more time than a call.
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (int(seconds) + 1, int(seconds) + 2))
    confine()
    control(DUMPABLE, 1)
    tables = pickle.loads(request)
    answers = [called(code, table, namespace) for table in tables]
    text = json.dumps(answers[0] if len(answers) == 1 else answers).encode()
    pending = memoryview(text[: ANSWER_BYTES * len(tables) + 1])
    while pending:
        pending = pending[os.write(3, pending) :]
    os._exit(0)


def called(code, columns, namespace):
    import random

    random.seed(0)
    np.random.seed(0)
    try:
        module = {"__name__": "analysis", **namespace}
        linecache.cache[ANALYSIS] = (len(code), None, code.splitlines(keepends=True), ANALYSIS)
        exec(compile(code, ANALYSIS, "exec"), module)
        returned = module["analyse"](pd_frame(columns))
        if not isinstance(returned, dict):
            raise TypeError(f"analyse returned {type(returned).__name__} and not a dict")
        return {key: bare(returned.get(key)) for key in RETURNED}
    except BaseException as error:
        kind = type(error).__name__ if type(error).__module__ == "builtins" else "an error"
        return {"error": kind, "trace": "".join(own_frames(error))[-3000:]}


def own_frames(error):
    """The traceback with the function's own frames alone."""
    told = traceback.TracebackException.from_exception(error)
    told.stack = traceback.StackSummary.from_list([frame for frame in told.stack if frame.filename == ANALYSIS])
    return told.format(chain=False)


def bare(value):
    """A numpy scalar as Python's."""
    return value.item() if isinstance(value, np.generic) else value


def confine():
    """Leaves the process no files but those of Python and its packages, where the kernel has Landlock: it is to know
    the data of its call and not which call it is."""
    if not sys.platform.startswith("linux"):
        return False
    system = ctypes.CDLL(None, use_errno=True)
    create, add, restrict = 444, 445, 446
    every, reading = (1 << 13) - 1, 0b1101
    handled = ctypes.c_uint64(every)
    rules = system.syscall(create, ctypes.byref(handled), ctypes.c_size_t(8), ctypes.c_uint32(0))
    if rules < 0:
        return False
    here = os.getcwd()
    folders = {sys.prefix, sys.base_prefix, sys.exec_prefix, "/usr", "/lib", "/lib64", *sys.path}
    for folder in sorted(os.path.realpath(folder) for folder in folders if folder):
        if not os.path.isdir(folder) or here == folder or here.startswith(folder.rstrip("/") + "/"):
            continue
        place = os.open(folder, os.O_PATH)
        rule = ctypes.create_string_buffer(struct.pack("=Qi", reading, place))
        system.syscall(add, rules, 1, rule, 0)
        os.close(place)
    control(NO_NEW_PRIVILEGES, 1)
    confined = system.syscall(restrict, rules, 0) == 0
    os.close(rules)
    return confined


def is_confined():
    """Whether the kernel lets `confine` do its work."""
    version = ctypes.CDLL(None).syscall(444, None, ctypes.c_size_t(0), 1) if sys.platform.startswith("linux") else -1
    return version > 0


def leave_only(names):
    """Removes everything from the current folder but what has one of these names."""
    for name in set(os.listdir(".")) - set(names):
        if os.path.isdir(name) and not os.path.islink(name):
            shutil.rmtree(name)
        else:
            os.unlink(name)
