# Functions that the cells below use; run this cell first.
import functools
import hashlib
import json
import math
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd

RUN = Path.cwd()
if not (RUN / "experiments").is_dir():
    raise SystemExit("start Jupyter in the run's folder: there is no folder 'experiments' here")


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def same(old, new, place=""):
    """Differences between two JSON values; numbers may differ in the last digits, as they do between machines."""
    if isinstance(old, dict) and isinstance(new, dict) and old.keys() == new.keys():
        return [each for key in old for each in same(old[key], new[key], f"{place}/{key}")]
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        return [each for at, pair in enumerate(zip(old, new)) for each in same(*pair, f"{place}/{at}")]
    numbers = all(isinstance(each, (int, float)) and not isinstance(each, bool) for each in (old, new))
    if old == new or (numbers and math.isclose(old, new, rel_tol=1e-9, abs_tol=1e-300)):
        return []
    return [f"{place}: recorded {old!r}, now {new!r}"]


def at(value, pointer):
    """The value at a JSON pointer."""
    for part in pointer.split("/")[1:]:
        part = part.replace("~1", "/").replace("~0", "~")
        value = value[int(part)] if isinstance(value, list) else value[part]
    return value


@functools.cache
def fresh_result(experiment):
    """Runs an experiment's script in a temporary copy of its folder and inputs; the bytes of its result."""
    folder = RUN / "experiments" / experiment
    protocol = json.loads((folder / "protocol.json").read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as temporary:
        copy = Path(temporary).resolve()
        inside = copy / "experiments" / experiment
        inside.mkdir(parents=True)
        shutil.copy(folder / "script.py", inside)
        for entry in protocol["inputs"]:
            source, target = RUN / entry["host"], (copy / entry["inside"]).resolve()
            if copy not in target.parents:
                raise ValueError(f"{entry['inside']!r} leads out of the copy")
            if sha256(source) != entry["sha256"]:
                raise ValueError(f"{source} was changed after the run")
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)
        done = subprocess.run([sys.executable, "script.py"], cwd=inside, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"the script failed; are the packages of the run installed?\n{done.stderr[-2000:]}")
        return (inside / "result.json").read_bytes()


def rerun(experiment, locator):
    """Holds one test of an experiment, run again, against the recorded one."""
    result = fresh_result(experiment)
    recorded = (RUN / "experiments" / experiment / "result.json").read_bytes()
    old, new = at(json.loads(recorded), locator), at(json.loads(result), locator)
    differences = same(old, new)
    assert not differences, "not reproduced:\n" + "\n".join(differences)
    print("reproduced,", "byte for byte" if result == recorded else "up to the last digits")
    parts = {part: new[part] for part in ("whole", "explore", "confirm") if new.get(part)}
    rows = {
        part: {"n": each["n"], "p": each["p"], **{key: (each.get("effect") or {}).get(key) for key in ("name", "value", "ci_low", "ci_high")}}
        for part, each in parts.items()
    }
    display(pd.DataFrame(rows).T.rename(columns={"name": "effect"}))


def draw(path, x, y):
    """A simple picture of two columns of the table."""
    table = pd.read_parquet(RUN / path)
    if x not in table or y not in table:
        return
    rows = table[[x, y]].dropna() if x != y else table[[x]].dropna()
    numbers = [pd.api.types.is_numeric_dtype(rows[column]) for column in (x, y)]
    figure, axes = plt.subplots(figsize=(6, 4), layout="constrained")
    label = lambda set_label, text: set_label(text.replace("\n", " ")[:60], parse_math=False)
    if all(numbers):
        axes.scatter(rows[x], rows[y], s=12, alpha=0.6)
        label(axes.set_xlabel, x), label(axes.set_ylabel, y)
    elif any(numbers):
        number, group = (x, y) if numbers[0] else (y, x)
        levels = rows[group].astype(str)
        names = levels.value_counts().index[:12].tolist()
        axes.boxplot([rows.loc[levels == name, number] for name in names])
        axes.set_xticks(range(1, len(names) + 1), [name[:20] for name in names], parse_math=False)
        label(axes.set_xlabel, group), label(axes.set_ylabel, number)
    else:
        shares = pd.crosstab(rows[x].astype(str), rows[y].astype(str), normalize="index").iloc[:12, :12]
        places, below = range(len(shares)), 0
        for level in shares.columns:
            axes.bar(places, shares[level], bottom=below)
            below = below + shares[level].to_numpy()
        axes.set_xticks(places, [str(name)[:20] for name in shares.index], parse_math=False)
        legend = axes.legend([str(level)[:20] for level in shares.columns])
        for text in legend.get_texts():
            text.set_parse_math(False)
        label(axes.set_xlabel, x), label(axes.set_ylabel, f"share of {y}")
    plt.show()
