"""Writes the inputs of test_reading.py and their truth: `python tests/science/reading/make.py [NAME...]`.

Each input is made by a function of others.py (kinds of our own), cells.py, layouts.py or containers.py (kinds that
were reported), spellings.py and exports.py (cells and files of other fields, countries and programs) or controls.py
(what is not odd), from clean columns and a seed of its own. The truth is what pandas and scipy make of the clean
columns. Writing SPSS and SAS files needs pyreadstat. Binary inputs that are there already are kept, so that an
archive's time stamps do not change; remove a file to make it again."""

import json
import random
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
FILES = HERE / "files"
CASES = {}


def case(kind, what, pair, ext="csv", **more):
    """Registers a function of a random source that gives (content, right) under its own name. `more` goes into the
    truth: figures.py checks `rows`, `say`, `levels`, `yes`, `missing`, `unused` and `by_construction` beside the
    figure, and `refusal` is what a refusal or a warning must say to pass instead of it."""

    def register(function):
        name = function.__name__
        assert name not in CASES, name
        CASES[name] = {"function": function, "ext": ext, "kind": kind, "pair": pair, "input": what, **more}
        return function

    return register


def register_cases():
    import cells  # noqa: F401
    import containers  # noqa: F401
    import controls  # noqa: F401
    import exports  # noqa: F401
    import layouts  # noqa: F401
    import others  # noqa: F401
    import spellings  # noqa: F401


def make_case(name):
    """(content, entry of truth.json) of one case."""
    entry = dict(CASES[name])
    function, ext = entry.pop("function"), entry.pop("ext")
    made = function(random.Random(name))
    content, right = made[:2]
    more = made[2] if len(made) > 2 else {}
    return content, {"file": f"files/{name}.{ext}", **entry, "right": right, **more}


def is_text(content):
    return isinstance(content, str)


def main(names):
    register_cases()

    FILES.mkdir(exist_ok=True)
    truth = {}
    for name in CASES:
        content, truth[name] = make_case(name)
        path = HERE / truth[name]["file"]
        if names and name not in names:
            continue
        if is_text(content):
            path.write_bytes(content.encode())
        elif isinstance(content, dict):
            path.mkdir(exist_ok=True)
            for part, raw in content.items():
                (path / part).write_bytes(raw)
        elif not path.exists():
            path.write_bytes(content)
    lines = [f"{json.dumps(name)}: {json.dumps(entry, ensure_ascii=False)}" for name, entry in truth.items()]
    (HERE / "truth.json").write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    # The functions register with this module, not with a second copy of it.
    sys.modules["make"] = sys.modules["__main__"]
    main(sys.argv[1:])
