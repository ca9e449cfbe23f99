"""Compares what the profile script made of a file with what the same data give without their oddity: the figure of one
pair of columns, computed here from table.parquet."""

import math
import re
from collections import namedtuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import scipy.stats as st

# `word` is one of PASSES or FAILS; `told` is the figure or the sentence that it rests on.
Verdict = namedtuple("Verdict", "word told")
# In `found`, the figure is as expected. `refused` and `warned` pass only where the truth has `refusal`, an expression
# that the words must match. `hinted` is another figure, though a warning names one of the columns.
PASSES = ("found", "refused", "warned")
FAILS = ("REFUSED", "hinted", "LOST", "WRONG")


class Unusable(Exception):
    """The pair has no figure; the message says which column is at fault and why."""


class Pair:
    """Two columns of a profiled table, as numbers or as levels."""

    def __init__(self, table, profile, names):
        self.table, self.profile = table, profile
        self.described = {column["name"]: column for column in profile["columns"]}
        self.x, self.y = (self.read_column(name) for name in names)

    def read_column(self, name):
        if name not in self.table.schema.names:
            raise Unusable(f"no column {name!r}, only {', '.join(self.table.schema.names[:8])}")
        facts = self.described[name]
        if not facts["usable"] and facts["role"] != "datetime":
            raise Unusable(f"{name!r} is {facts['role']}: {facts['excluded']}")
        array = self.table.column(self.table.schema.names.index(name)).combine_chunks()
        return Values(name, facts, array.chunk(0) if isinstance(array, pa.ChunkedArray) else array)

    def numbers(self):
        """Both columns as numbers, in the rows that have both."""
        x, y = self.x.numbers(), self.y.numbers()
        known = ~np.isnan(x) & ~np.isnan(y)
        return x[known], y[known]

    def groups(self):
        """{level of x: numbers of y}."""
        y, levels = self.y.numbers(), self.x.levels()
        rows = {}
        for level, value in zip(levels, y):
            if level is not None and not math.isnan(value):
                rows.setdefault(level, []).append(value)
        if len(rows) < 2:
            raise Unusable(f"{self.x.name!r} has {len(rows)} levels with values")
        return rows


class Values:
    """One column of table.parquet."""

    def __init__(self, name, facts, array):
        self.name, self.facts, self.array = name, facts, array

    def is_grouped(self):
        return pa.types.is_dictionary(self.array.type) or pa.types.is_string(self.array.type)

    def numbers(self):
        kind = self.array.type
        if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
            days = self.array.cast(pa.timestamp("us")).to_numpy(zero_copy_only=False).astype("datetime64[us]")
            return np.where(np.isnat(days), np.nan, days.astype("int64") / 86400e6)
        if pa.types.is_duration(kind) or pa.types.is_time(kind):
            whole = self.array.cast(pa.int64()).to_numpy(zero_copy_only=False)
            return np.asarray(whole, dtype=float)
        if pa.types.is_dictionary(kind) or pa.types.is_string(kind):
            return self.ranks()
        return self.array.cast(pa.float64()).to_numpy(zero_copy_only=False).astype(float)

    def ranks(self):
        """The places of levels that have an order, or the numbers that two or more levels spell."""
        texts = self.array.to_pylist()
        order = self.order()
        if order is not None:
            places = {level: place for place, level in enumerate(order)}
            return np.array([math.nan if text is None else places.get(text, math.nan) for text in texts], dtype=float)
        try:
            return np.array([math.nan if text is None else float(text) for text in texts])
        except ValueError:
            raise Unusable(f"{self.name!r} has levels without an order") from None

    def order(self):
        """The levels from the lowest to the highest, where the profile says that they have an order."""
        facts = self.facts
        if facts.get("level_order"):
            return facts["level_order"]
        if pa.types.is_dictionary(self.array.type) and self.array.type.ordered:
            return self.array.dictionary.to_pylist()
        return None

    def levels(self):
        if not self.is_grouped():
            numbers = self.numbers()
            few = self.facts.get("ordinal") or self.order() is not None
            if len(np.unique(numbers[~np.isnan(numbers)])) > 2 and not few:
                raise Unusable(f"{self.name!r} was taken for a number")
            return [None if math.isnan(value) else value for value in numbers]
        return self.array.to_pylist()


def is_near(got, want, tolerance):
    return got is not None and not math.isnan(got) and abs(got - want) <= tolerance


def measure_pair(pair, right):
    """{figure: value} of the figures that `right` asks for."""
    got = {}
    if "r" in right or "r_all" in right:
        x, y = pair.numbers()
        got.update(r=float(st.pearsonr(x, y)[0]) if len(x) > 2 else math.nan, n=len(x))
        if "rho" in right:
            got["rho"] = float(st.spearmanr(x, y)[0])
    elif "rho" in right:
        x, y = pair.numbers()
        got.update(rho=float(st.spearmanr(x, y)[0]), n=len(x))
    elif "F" in right:
        if not pair.x.is_grouped() and pair.x.order() is None:
            raise Unusable(f"{pair.x.name!r} was taken for a {pair.x.facts['role']} column")
        groups = pair.groups()
        got.update(
            F=float(st.f_oneway(*groups.values())[0]), groups=len(groups), n=sum(len(rows) for rows in groups.values())
        )
    elif "diff" in right:
        got.update(measure_difference(pair))
    return got


def measure_difference(pair):
    """The difference of the means of y in the first and last level of x; of x and y where both are measured."""
    distinct = len(set(pair.x.array.drop_null().to_pylist()))
    if not pair.x.is_grouped() and distinct > 12:
        x, y = pair.numbers()
        return {"diff": float((y - x).mean()), "n": len(x)}
    groups = pair.groups()
    levels = sorted(groups, key=str)
    first, last = groups[levels[0]], groups[levels[-1]]
    counted = sum(len(rows) for rows in groups.values())
    return {"diff": float(np.mean(last) - np.mean(first)), "groups": len(groups), "n": counted}


# How far a figure may be off: expected ones are rounded, and a month stands for a day in it.
TOLERANCES = {"r": 0.0006, "rho": 0.0006, "diff": 0.006}
TOLERANCE_OF_DATES = 0.006


def fits(got, right, pair):
    """Names of the figures that are not as expected. `within` is how far they may be off where the file is rounded."""
    off = []
    dates = any(values.facts["role"] in ("datetime", "period") for values in (pair.x, pair.y))
    for name in ("r", "rho", "diff"):
        if name in right and name in got:
            tolerance = max(TOLERANCES[name], TOLERANCE_OF_DATES if dates else 0.0, right.get("within", 0.0))
            value = abs(got[name]) if name == "diff" else got[name]
            if not is_near(value, abs(right[name]) if name == "diff" else right[name], tolerance):
                off.append(name)
    if "F" in right and not is_near(got.get("F"), right["F"], 0.002 * right["F"]):
        off.append("F")
    if "groups" in right and got.get("groups") != right["groups"]:
        off.append("groups")
    # Where a value below the limit stands for itself in ranks alone, Pearson's figure depends on what it was set to.
    if "rho" in right and "r" in right and "rho" not in off:
        off = [name for name in off if name != "r"]
    wanted = right.get("n")
    # A person in several rows is counted once in a difference.
    per_person = "diff" in right and wanted and got.get("n", 0) % wanted == 0
    if wanted and got.get("n") != wanted and not per_person:
        off.append("n")
    for key, value in right.items():
        if key.split("_")[0] in ("first", "min", "max", "mean") and "_" in key:
            off += [] if agrees(key, value, pair) else [key]
    return off


def agrees(key, value, pair):
    """Compares `max_pop` and the like: a figure of one column, by its name."""
    what, name = key.split("_", 1)
    column = next((values for values in (pair.x, pair.y) if values.name == name), None)
    if column is None:
        return False
    known = column.numbers()
    known = known[~np.isnan(known)]
    if what == "first":
        return len(known) > 0 and is_near(float(known[0]), value, 1e-6 * max(1.0, abs(value)))
    return len(known) > 0 and is_near(float(getattr(np, what)(known)), value, 1e-4 * max(1.0, abs(value)))


def measure_strange(case, profile, table_path):
    """The pair's figure, where it is none of those that `kept` allows; None where the pair has none, as it may."""
    if "kept" not in case:
        return None
    try:
        pair = Pair(pq.read_table(table_path, use_threads=False), profile, case["pair"])
        shown = [(fits(got, right, pair), got) for right in case["kept"] for got in [measure_pair(pair, right)]]
    except Unusable:
        return None
    return None if any(not off for off, _ in shown) else f"{describe_figures(shown[0][1])}, of values that moved"


def words_of(profile):
    """Everything that the profile tells a person, a sentence each."""
    told = list(profile.get("warnings") or [])
    for entry in profile["source"].get("set_aside") or profile.get("set_aside") or []:
        told.append(f"set aside: {entry.get('what')}, row {entry.get('first_row')}: {entry.get('reason')}")
    for column in profile["columns"]:
        if column.get("excluded"):
            told.append(f"'{column['name']}' is not used: {column['excluded']}")
        if column.get("unread"):
            told.append(f"'{column['name']}' has cells that were not read: {column['unread']}")
    return told


def warnings_about(profile, names):
    """Warnings that name one of the columns."""
    named = re.compile("|".join(rf"(?<!\w){re.escape(name)}(?!\w)" for name in names)) if names else None
    return [text for text in words_of(profile) if named and named.search(text)]


def describe_figures(got):
    return ", ".join(f"{name} {value:.4g}" if name != "n" else f"n {value}" for name, value in got.items())


def check_beside(case, profile, pair):
    """The first thing that is wrong beside the figure, or None."""
    return next(list_faults(case, profile, pair), None)


def list_faults(case, profile, pair):
    described = {column["name"]: column for column in profile["columns"]}
    if case.get("rows", profile["rows"]) != profile["rows"]:
        yield f"the table has {profile['rows']} rows, not {case['rows']}"
    for name in case.get("used", []):
        if name not in described or not described[name]["usable"]:
            yield f"{name!r} is not used"
    for name in case.get("unused", []):
        if name in described and described[name]["usable"]:
            yield f"{name!r} is used"
    for values in (pair.x, pair.y) if pair else ():
        if values.name in case.get("unordered", []) and values.order() is not None:
            yield f"the levels of {values.name!r} have an order"
    for what, wanted in (("missing", case.get("missing", {})), ("yes_level", case.get("yes", {}))):
        for name, value in wanted.items():
            got = described.get(name, {}).get(what)
            if got != value:
                yield f"{what} of {name!r} is {got!r}, not {value!r}"
    for name, levels in case.get("levels", {}).items():
        got = sorted(entry["level"] for entry in (described.get(name, {}).get("levels") or []))
        if got != sorted(levels):
            yield f"the levels of {name!r} are {got}, not {sorted(levels)}"
    known = {frozenset((entry["x"], entry["y"])) for entry in profile["tautologies"]}
    for x, y in case.get("by_construction", []):
        if frozenset((x, y)) not in known:
            yield f"{x!r} and {y!r} are not known to be tied by construction"
    say = case.get("say")
    if say and not any(re.search(say, text, re.I) for text in words_of(profile)):
        yield f"no word of {say!r}"


def judge(case, profile, table_path):
    """The verdict on one case; `profile` is result.json."""
    # An expression, case ignored, that the words of a refusal or a warning must match to pass.
    refusal = case.get("refusal")
    problem = profile.get("problem")
    if problem and not table_path.exists():
        text = f"{problem['code']}: {problem['message']}"
        return Verdict("refused" if refusal and re.search(refusal, text, re.I) else "REFUSED", text)
    matching = [text for text in words_of(profile) if refusal and re.search(refusal, text, re.I)]
    right = case["right"]
    if isinstance(right, dict) and {"r", "r_all", "rho", "F", "diff"} & set(right):
        return judge_figure(case, profile, table_path, matching)
    strange = measure_strange(case, profile, table_path)
    if strange:
        return Verdict("WRONG", strange)
    if refusal:
        return Verdict("warned", matching[0]) if matching else Verdict("LOST", "nothing says what is asked for")
    fault = check_beside(case, profile, None)
    return Verdict("WRONG", fault) if fault else Verdict("found", "as it should be")


def judge_figure(case, profile, table_path, matching):
    right = case["right"]
    told = warnings_about(profile, case["pair"])
    hint = f" :: {told[0]}" if told else ""
    try:
        pair = Pair(pq.read_table(table_path, use_threads=False), profile, case["pair"])
        got = measure_pair(pair, right)
    except Unusable as error:
        return Verdict("warned", matching[0]) if matching else Verdict("LOST", f"{error}{hint}")
    figures = describe_figures(got)
    off = fits(got, right, pair)
    if off and matching:
        return Verdict("warned", matching[0])
    if off:
        wanted = describe_figures({name: value for name, value in right.items() if isinstance(value, (int, float))})
        told = f"{figures}; expected {wanted}; off: {', '.join(off)}{hint}"
        return Verdict("hinted" if hint else "WRONG", told)
    fault = check_beside(case, profile, pair)
    return Verdict("WRONG", f"{figures}, but {fault}") if fault else Verdict("found", figures)
