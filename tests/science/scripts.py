"""Assembles the scripts of `agents/code_generator` and runs them, as the product does: one process per script, in a
folder of its own."""

import json
import os
import pprint
import shutil
import subprocess
import sys
import tempfile
import tomllib
import weakref
from pathlib import Path

AGENT = Path(__file__).resolve().parents[2] / "agents" / "code_generator"
MANIFEST = tomllib.loads((AGENT / "agent.toml").read_text())


def family(kind):
    """A family's template.toml."""
    return tomllib.loads((AGENT / "templates" / kind / "template.toml").read_text())


def assemble(protocol):
    """The text of the script for `protocol["template"]`."""
    kind = protocol["template"]
    entry = family(kind)
    parts = [f'"""{entry["summary"]}"""\nPROTOCOL = {pprint.pformat(protocol)}\n']
    parts += [(AGENT / "lib" / f"{name}.py").read_text() for name in entry["lib"]]
    parts.append((AGENT / "templates" / kind / "script.py").read_text())
    return "\n".join(parts)


class Lab:
    """A temporary folder with one profiled table, and scripts run beside it."""

    def __init__(self, content=None, name="data.csv"):
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
                }
            )

    def run(self, protocol, *arguments):
        """result.json of a script; the script must end with 0 and stay silent on stderr."""
        self.runs += 1
        self.last = self.root / (f"run{self.runs}" if self.runs > 1 or protocol["template"] != "profile" else "profile")
        self.last.mkdir()
        (self.last / "script.py").write_text(assemble({"seed": 5, "dataset": "data", **protocol}), encoding="utf-8")
        environment = {"PATH": os.environ.get("PATH", ""), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        done = subprocess.run(
            [sys.executable, "script.py", *arguments], cwd=self.last, env=environment, capture_output=True, text=True
        )
        if done.returncode or done.stderr:
            raise AssertionError(f"{protocol['template']} ended with {done.returncode}:\n{done.stderr[-3000:]}")
        self.bytes = (self.last / "result.json").read_bytes()
        return json.loads(self.bytes)

    def tests(self, kind, *tests, **protocol):
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
        return self.run({**shared, **protocol, "tests": filled})["tests"]

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
