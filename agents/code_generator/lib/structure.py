# ---- structure: how rows belong together: repeated units, time order, pairs, durations, the split ----
import re

import numpy as np
import pyarrow as pa

UNIT_WORDS = set(
    """
    subject subj participant patient person individual animal rat mouse dog cow sheep child chick tree plant student
    user customer player country firm company household family litter school twin pair case respondent worker driver
    nation
    """.split()
)
UNIT_KEYS = {"id", "uid", "sid"}
SUBJECTS = [[word] for word in "subject subj participant patient person animal rat mouse child chick pair twin".split()]
CALENDAR_WORDS = {"year", "yr", "date", "month", "quarter", "datetime", "timestamp"}
CLOCK_WORDS = set(
    """
    year yr date time month day week quarter hour period wave visit session timepoint t datetime timestamp round
    trial occasion years months days weeks hours minutes
    """.split()
)


def study_structure(columns, arrays, warnings):
    """Everything of the profile that is about rows and pairs of columns, not about one column."""
    frames = [numbers_or_codes(column, array) for column, array in zip(columns, arrays)]
    units = find_units(columns, frames)
    time = find_time(columns, frames, units)
    if units:
        column = next(c for c in columns if c["name"] == units["column"])
        column.update(role="identifier", usable=False, excluded="names the unit that rows repeat")
    rows = len(frames[0]) if frames else 0
    return {
        "units": units,
        "time": time,
        "paired": find_pairs(columns, frames, units),
        "survival": find_survival(columns),
        "tautologies": find_tautologies(columns, frames, warnings),
        "split": plan_split(columns, units, rows),
    }


def numbers_or_codes(column, array):
    """A column as float64: its numbers, its days since 1970, or the codes of its levels; NaN where missing."""
    if pa.types.is_dictionary(array.type):
        codes = array.indices.to_numpy(zero_copy_only=False).astype(float)
        return np.where(array.is_valid().to_numpy(zero_copy_only=False), codes, np.nan)
    values = array.to_numpy(zero_copy_only=False).astype(float)
    if column.get("moment"):
        # Days since 1970, to the second, so that the difference of two dates is exact.
        origin, step = column["moment"]
        return np.round(values * step + origin) / 86400
    return values


def is_moment(column):
    """Whether a column holds dates or times."""
    return bool(column.get("moment"))


def find_units(columns, frames):
    """The column whose values name things that rows repeat, or None."""
    candidates = []
    for column, values in zip(columns, frames):
        known = values[~np.isnan(values)]
        if column["role"] in ("empty", "constant", "binary", "text") or is_moment(column) or len(known) < 8:
            continue
        words = tokens(column["name"])
        named = bool(words) and (words[-1] in UNIT_WORDS | UNIT_KEYS or column["name"].lower() in UNIT_KEYS)
        labels, counts = np.unique(known, return_counts=True)
        if len(labels) < 3 or len(known) < 1.5 * len(labels) or (counts > 1).mean() < 0.5:
            continue
        whole = column["role"] in ("identifier", "categorical") or column["integer"]
        if not whole:
            continue
        balanced = counts.max() <= 3 * np.median(counts)
        clocked = any(
            repeats_over_time(values, other) for c, other in zip(columns, frames) if is_clock(c) and c is not column
        )
        is_key = bool(words) and words[-1] in UNIT_KEYS and len(words) <= 2
        numeric = column["role"] == "numeric"
        # Schools or states with few levels are groups to compare, unless each is followed over time.
        unit_like = (
            clocked or is_key or words[-1:] in SUBJECTS or len(labels) > MAX_LEVELS or counts.min() == counts.max()
        )
        if named and (is_key or not numeric) and (balanced or clocked) and len(labels) >= 5 and unit_like:
            candidates.append((0 if clocked else 1, len(candidates), column["name"], len(labels)))
        elif named and numeric and balanced and len(labels) >= 5 and (clocked or counts.min() == counts.max()):
            candidates.append((1, len(candidates), column["name"], len(labels)))
        elif column["role"] == "categorical" and len(labels) > MAX_LEVELS and clocked:
            candidates.append((2, len(candidates), column["name"], len(labels)))
        elif column["role"] == "identifier" and len(labels) < len(known) and balanced and len(labels) >= 5:
            candidates.append((3, len(candidates), column["name"], len(labels)))
    if not candidates:
        return None
    _, _, name, count = min(candidates)
    return {"column": name, "n_units": count}


def is_clock(column):
    words = set(tokens(column["name"]))
    return is_moment(column) or (column["role"] in ("numeric", "binary", "categorical") and bool(words & CLOCK_WORDS))


def repeats_over_time(unit, clock):
    """True where each (unit, time) occurs once, and times are shared by units."""
    known = ~np.isnan(unit) & ~np.isnan(clock)
    if known.sum() < 8:
        return False
    pairs = np.unique(np.column_stack([unit[known], clock[known]]), axis=0)
    return len(pairs) == known.sum() and len(np.unique(clock[known])) < known.sum()


def find_time(columns, frames, units):
    """The column that orders the rows in time, or None: a clock that each unit runs through, or one that runs down
    the rows."""
    spans = {pair["duration"] for pair in find_survival(columns)}
    for column, values in zip(columns, frames):
        known = values[~np.isnan(values)]
        if (
            not is_clock(column)
            or column["role"] in ("binary", "categorical")
            or column["name"] in spans
            or len(known) < 8
        ):
            continue
        distinct, counts = np.unique(known, return_counts=True)
        if units is not None:
            if len(distinct) < 0.5 * len(known) and repeats_any(columns, frames, units, values):
                return {"column": column["name"]}
            continue
        steps = np.diff(known)
        ordered = (steps >= 0).mean() > 0.98 or (steps <= 0).mean() > 0.98
        calendar = is_moment(column) or bool(CALENDAR_WORDS & set(tokens(column["name"])))
        single = counts.max() == 1
        # Four quarters or twelve months of each year are a series too; the first and last year may be cut.
        regular = len(distinct) >= 8 and (counts[1:-1] == np.median(counts)).mean() > 0.9
        if ordered and (single or (calendar and regular)):
            return {"column": column["name"]}
    return None


def repeats_any(columns, frames, units, clock):
    unit = next(frame for column, frame in zip(columns, frames) if column["name"] == units["column"])
    return repeats_over_time(unit, clock)


PAIR_WORDS = [
    pair.split("/")
    for pair in """
    before/after pre/post baseline/followup baseline/follow left/right start/end first/second t1/t2 t0/t1 time1/time2
    initial/final pretest/posttest old/new l/r 1/2 control/treated control/treatment husband/wife prewt/postwt day1/day2
    """.split()
]


def find_pairs(columns, frames, units):
    """Columns, or halves of a column, that measure the same thing twice on each unit."""
    pairs = []
    numeric = [(c, f) for c, f in zip(columns, frames) if c["role"] == "numeric" and c["usable"] and not is_moment(c)]
    names = {tuple(split_name(column["name"])) for column in columns}
    by_words = {tuple(sorted(split_name(column["name"]))): (column, frame) for column, frame in numeric}
    for first, a in numeric:
        words = split_name(first["name"])
        for early, late in PAIR_WORDS:
            if early not in words or (early in ("1", "l") and len(words) == 1):
                continue
            second, b = by_words.get(tuple(sorted([word for word in words if word != early] + [late])), (None, None))
            if (
                second is None
                or second is first
                or not same_scale(a, b)
                or is_series(first["name"], (early, late), names)
            ):
                continue
            pairs.append({"x": first["name"], "y": second["name"], "why": f"named as {early} and {late}, on one scale"})
            break
    if units is None:
        return pairs
    unit = next(f for c, f in zip(columns, frames) if c["name"] == units["column"])
    for column, codes in zip(columns, frames):
        if column["role"] != "binary" or not two_per_unit(unit, codes):
            continue
        for outcome, values in numeric:
            if constant_in(unit, values):
                continue
            pairs.append(
                {
                    "x": column["name"],
                    "y": outcome["name"],
                    "why": f"two rows per {units['column']}, one at each level of {column['name']}",
                }
            )
    return pairs


def is_series(name, words, names):
    """True where a third column follows the pair, as s3 follows s1 and s2: then the numbers count columns, not
    occasions."""
    parts, next_of = (
        split_name(name),
        {"1": "3", "2": "3", "t1": "t3", "t2": "t3", "t0": "t2", "first": "third", "second": "third", "day1": "day3"},
    )
    follower = tuple(next_of.get(part, part) if part in words else part for part in parts)
    return follower != tuple(parts) and follower in names


def split_name(name):
    """Words of a name with a final number apart: 'BP1' gives bp, 1."""
    words = []
    for word in tokens(name):
        found = re.fullmatch(r"([a-z]+)(\d)", word)
        words += [word] if not found or found.group(1) in ("t", "time", "day") else [found.group(1), found.group(2)]
    return words


def same_scale(a, b):
    known = ~np.isnan(a) & ~np.isnan(b)
    if known.sum() < 8:
        return False
    a, b = a[known], b[known]
    spread_a, spread_b = a.std(), b.std()
    if spread_a == 0 or spread_b == 0:
        return False
    return (
        1 / 3 < spread_a / spread_b < 3 and abs(a.mean() - b.mean()) < 4 * max(spread_a, spread_b) and go_together(a, b)
    )


def go_together(a, b):
    """Two measurements of one thing are correlated; columns that only have such names, or were shuffled, are not. Their
    means would differ all the same."""
    r = np.corrcoef(a, b)[0, 1]
    return r >= 0.3 and r * np.sqrt((len(a) - 2) / max(1 - r * r, 1e-12)) > 2.7


def two_per_unit(unit, codes):
    known = ~np.isnan(unit) & ~np.isnan(codes)
    if known.sum() < 12:
        return False
    pairs = np.unique(np.column_stack([unit[known], codes[known]]), axis=0)
    return len(pairs) == known.sum() and (np.unique(pairs[:, 0], return_counts=True)[1] == 2).all()


def constant_in(unit, values):
    """True where a number is the same in all rows of each unit."""
    known = ~np.isnan(unit) & ~np.isnan(values)
    pairs = np.unique(np.column_stack([unit[known], values[known]]), axis=0)
    return len(pairs) == len(np.unique(unit[known]))


def find_survival(columns):
    """Pairs of a duration and an event marker, by their names."""
    events = set(
        """
        event status death dead died censor censored cens arrest observed e fail failed failure relapse fustat churn
        delta mort fstat
        """.split()
    )
    spans = set(
        """
        time duration t week weeks days months survival futime stop tenure followup surv lifetime lenfol
        """.split()
    )
    marks = [c for c in columns if c["role"] == "binary" and events & set(tokens(c["name"]))]
    times = [
        c
        for c in columns
        if c["role"] == "numeric"
        and c["usable"]
        and not is_moment(c)
        and (c["min"] or 0) >= 0
        and spans & set(tokens(c["name"]))
    ]
    return [
        {"duration": d["name"], "event": e["name"], "why": "named as a duration and whether it ended in the event"}
        for d in times[:1]
        for e in marks[:1]
    ]


def plan_split(columns, units, rows):
    """Whether half of the rows, or of the units, is enough to replicate on."""
    if units:
        possible = units["n_units"] >= 20
        why = f"{units['n_units']} units of {units['column']}" + (
            "" if possible else ", fewer than 20: too few to halve"
        )
        return {"by": units["column"], "possible": possible, "why": why}
    return {
        "by": None,
        "possible": rows >= 40,
        "why": f"{rows} rows" + ("" if rows >= 40 else ", fewer than 40: too few to halve"),
    }
