"""Tries to end the run for good, by a state that can be written and not read again.

Lists as deep as the wire lets through and each depth below it, the largest and smallest numbers, numbers of many
digits, keys that are empty, that hold zeros, that name what other languages keep their own things under; and all of
it full.
Breach: the run fails or cannot be resumed or replayed, or what is read is not what was written.
"""

import json

import wire

NUMBERS = [1.7976931348623157e308, 5e-324, -0.0, 2**64 - 1, -(2**63), 0.1 + 0.2, 1e22, 123456789012345678]
KEYS = ["", "\0", "__proto__", "values", "experiments", "\U0001f427" * 50, "a/b", "../../x"]


def put(key, value):
    wire.call("state.put", key=key, value=value)
    back = wire.call("state.get", key=key)
    return back == value


def deep(levels, kind):
    value = 1
    for _ in range(levels):
        value = [value] if kind == "list" else {"": value}
    return value


def handle(kind, body, request):
    odd = []
    if kind != "run_started":
        for key in KEYS:
            if wire.call("state.get", key=key) != NUMBERS:
                odd.append(f"{key!r} after {kind}")
    for key in KEYS:
        if not put(key, NUMBERS):
            odd.append(repr(key))
    # The line has an object and its params around the value; the wire reads 127 levels.
    for levels in range(100, 126):
        for form in ("list", "object"):
            if not put("deep", deep(levels, form)):
                odd.append(f"{form} {levels}")
    put("full", "x" * 900_000)
    text = "STATE " + (json.dumps(odd)[:500] if odd else "kept")
    return [{"type": "remark", "body": {"text": text}}]


wire.serve(handle)
