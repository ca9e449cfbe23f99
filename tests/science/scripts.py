"""Assembles the scripts of `agents/code_generator` and runs them, as the product does: one process per script, in a
folder of its own, forked from an interpreter that has imported the packages. That interpreter compiles the text below a
script's protocol once for all runs that share it. A script that `run` is told to start cold gets an interpreter of its own:
what depends on the order of a set shows there, since strings have other hashes in each."""

import functools
import json
import os

# Before numpy is imported, so that nothing has threads when it forks.
os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")

import pprint
import shutil
import subprocess
import sys
import tempfile
import tomllib
import traceback
import types
import weakref
from pathlib import Path

import numpy  # noqa: F401
import pandas  # noqa: F401
import pyarrow.csv  # noqa: F401
import pyarrow.parquet  # noqa: F401
import scipy.stats  # noqa: F401

AGENT = Path(__file__).resolve().parents[2] / "agents" / "code_generator"
MANIFEST = tomllib.loads((AGENT / "agent.toml").read_text())


def family(kind):
    """A family's template.toml."""
    return tomllib.loads((AGENT / "templates" / kind / "template.toml").read_text())


def heading(protocol):
    """The first lines of a script: what it does and its protocol."""
    return f'"""{family(protocol["template"])["summary"]}"""\nPROTOCOL = {pprint.pformat(protocol)}\n'


@functools.cache
def library(kind):
    """The parts of `reader/` and `lib/` that a script of this kind has. They are loaded here once, for the patterns that
    they compile: forks of this interpreter find them in the cache of `re`."""
    entry = family(kind)
    text = "\n".join(
        (AGENT / folder / f"{name}.py").read_text() for folder in ("reader", "lib") for name in entry.get(folder, [])
    )
    exec(text, {"__name__": "library"})
    return text


def assemble(protocol):
    """The text of the script for `protocol["template"]`."""
    kind = protocol["template"]
    ending = (AGENT / "templates" / kind / "script.py").read_text()
    return "\n".join(part for part in (heading(protocol), library(kind), ending) if part)


@functools.lru_cache(maxsize=64)
def compiled(text):
    return compile(text, "script.py", "exec")


def codes_of(text, protocol):
    """The code of a script, in the pieces that are run one after the other."""
    top = heading(protocol)
    assert text.startswith(top)
    return [compile(top, "script.py", "exec"), compiled(text.removeprefix(top))]


def start_cold(folder, arguments):
    """The exit code and stderr of script.py, in an interpreter of its own."""
    environment = {"PATH": os.environ.get("PATH", ""), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "script.py", *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    return done.returncode, done.stderr


def run_forked(folder, arguments, protocol):
    """The exit code and stderr of script.py, in a fork of this interpreter."""
    codes = codes_of((folder / "script.py").read_text(), protocol)
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child == 0:
        # Whatever happens, it must not return into the tests.
        try:
            os._exit(run_as_main(folder, arguments, codes))
        finally:
            os._exit(70)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), folder.with_suffix(".stderr").read_text()


def run_as_main(folder, arguments, codes):
    os.chdir(folder)
    # Beside the folder, which holds nothing but what the script may leave there.
    for stream, suffix in ((1, ".stdout"), (2, ".stderr")):
        file = os.open(folder.with_suffix(suffix), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(file, stream)
    sys.stdout, sys.stderr = open(1, "w", closefd=False), open(2, "w", closefd=False)
    sys.argv = ["script.py", *arguments]
    sys.path.insert(0, str(folder))
    code = 0
    try:
        main = sys.modules["__main__"] = types.ModuleType("__main__")
        for each in codes:
            exec(each, main.__dict__)
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
        if code and not isinstance(end.code, int):
            print(end.code, file=sys.stderr)
    except BaseException:
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    return code


class Lab:
    """A temporary folder with one profiled table, and scripts run beside it."""

    def __init__(self, content=None, name="data.csv", cold=False, **asked):
        self.root = Path(tempfile.mkdtemp())
        weakref.finalize(self, shutil.rmtree, self.root, ignore_errors=True)
        self.runs = 0
        if content is not None:
            self.source = self.root / name
            self.source.write_bytes(content if isinstance(content, bytes) else content.encode())
            self.profile = self.run(
                {
                    "template": "profile",
                    "source": f"../{name}",
                    "format": "auto",
                    "question": "",
                    "target": None,
                    "randomised": [],
                    **asked,
                },
                cold=cold,
            )

    def run(self, protocol, *arguments, cold=False):
        """result.json of a script; the script must end with 0 and stay silent on stderr."""
        self.runs += 1
        self.last = self.root / (f"run{self.runs}" if self.runs > 1 or protocol["template"] != "profile" else "profile")
        self.last.mkdir()
        protocol = {"seed": 5, "dataset": "data", **protocol}
        (self.last / "script.py").write_text(assemble(protocol), encoding="utf-8")
        code, stderr = start_cold(self.last, arguments) if cold else run_forked(self.last, arguments, protocol)
        if code or stderr:
            raise AssertionError(f"{protocol['template']} ended with {code}:\n{stderr[-3000:]}")
        self.bytes = (self.last / "result.json").read_bytes()
        return json.loads(self.bytes)

    def tests(self, kind, *tests, cold=False, **protocol):
        """The results of tests given as dictionaries with x, y and what else they need."""
        filled = [
            {
                "id": f"t{index}",
                "kind": kind,
                "covariates": [],
                "by": None,
                "part": "whole",
                "check": [],
                "y_level": None,
                "unit": None,
                "permutations": 199,
                **test,
            }
            for index, test in enumerate(tests)
        ]
        shared = {
            "template": kind,
            "table": "../profile/table.parquet",
            "split": {"by": None, "explore": 0.5},
            "shuffle_seed": None,
            "rows_cap_checks": 20000,
        }
        return self.run({**shared, **protocol, "tests": filled}, cold=cold)["tests"]

    def values(self, *names):
        """The columns of the canonical table as arrays."""
        table = pyarrow.parquet.read_table(self.root / "profile" / "table.parquet")
        return [table.column(name).to_numpy(zero_copy_only=False) for name in names]

    def column(self, name):
        return next(column for column in self.profile["columns"] if column["name"] == name)


def csv_of(columns):
    """A csv text of {name: values}; None is an empty cell."""
    import csv
    import io

    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(columns)
    for row in zip(*columns.values()):
        writer.writerow(
            ["" if value is None else repr(float(value)) if isinstance(value, float) else str(value) for value in row]
        )
    return out.getvalue()
