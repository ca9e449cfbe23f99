"""Tries to write into the terminal and the log what the lab did not say.

By a log line, by standard error, by the text of an error, by the type of a message, by the name of a call: each with
sequences that move the cursor or set the clipboard, with line ends, with marks that turn the direction of writing.
Breach: a control character or such a mark comes out in the terminal, the log or the report, or a line begins with
FORGED.
"""

import sys

import wire

EVIL = "x\x1b[2J\x1b]52;c;Zm9v\x07\x9b31m\rFORGED a\nFORGED b\x85FORGED c\u2028FORGED d\u202eFORGED\u2066\u200b"


def handle(kind, body, request):
    for level in ("info", "warn", "error", EVIL):
        wire.call("log", level=level, message=EVIL)
    wire.call(EVIL)
    wire.call("state.get", key=3, **{EVIL: 1})
    sys.stderr.buffer.write(EVIL.encode() + b"\xff\xfe\x1b[31m\n")
    sys.stderr.flush()
    if kind == "run_started":
        wire.send({"id": request["id"], "error": {"code": 1, "message": EVIL}})
        return None
    return [
        {"type": EVIL, "body": {}},
        {"type": "remark", "body": {"text": EVIL}},
        {"type": "remark", "run": EVIL, "body": {EVIL: 1}},
    ]


wire.serve(handle)
