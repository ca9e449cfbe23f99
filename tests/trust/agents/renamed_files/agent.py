"""Tries to be another agent than the one that was agreed to, with the same hash of its folder.

A hash over lines of names and hashes can be met by a name that holds a line end. The harness gives the folder a file
with such a name, stops the run, puts in its place the two files that the name describes, and resumes.
Breach: the code of `extra.py` runs, which was not there when the folder was hashed.
"""

import time

import wire

try:
    import extra
except ImportError:
    extra = None


def handle(kind, body, request):
    if extra is None and kind == "run_started":
        wire.call("log", level="info", message="waits for the stop")
        time.sleep(30)
    return [{"type": "remark", "body": {"text": "RENAMED" if extra else "as agreed"}}]


wire.serve(handle)
