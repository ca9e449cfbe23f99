# ---- pairs: columns, or halves of a column, that measure the same thing twice on each row or unit ----
import re

import numpy as np

PAIRED_ROWS = 20_000
PAIR_WORDS = [
    pair.split("/")
    for pair in """
    before/after pre/post baseline/followup baseline/follow left/right start/end first/second t1/t2 t0/t1 time1/time2
    initial/final pretest/posttest old/new l/r 1/2 control/treated control/treatment husband/wife prewt/postwt day1/day2
    """.split()
]


# Beside such a word, 1 and 2 count occasions; alone they count columns.
OCCASION_WORDS = set(
    """
    visit wave session round test exam trial measurement measure reading scan rater reader observer examiner judge
    scorer occasion
    timepoint attempt replicate rep assay period phase term semester week month year time day pass run messung durchgang
    """.split()
)


def find_pairs(table, unit, found):
    """Columns, or halves of a column, that measure the same thing twice on each unit; `unit` is the place of the column
    that names the units, or None, and `found` holds the near copies."""
    pairs = []
    columns = table.columns
    every = max(len(table.picked) // PAIRED_ROWS, 1)
    numeric = [
        (columns[i], table.values(i)[::every])
        for i in range(len(columns))
        if columns[i]["role"] == "numeric" and columns[i]["usable"] and not is_moment(columns[i])
    ]
    names = {tuple(split_name(column["name"])) for column in columns}
    by_words = {tuple(sorted(split_name(column["name"]))): (column, frame) for column, frame in numeric}
    for first, a in numeric:
        words = split_name(first["name"])
        for early, late in PAIR_WORDS:
            if early not in words or (early in ("1", "l") and len(words) == 1):
                continue
            if early == "1" and not OCCASION_WORDS & set(words):
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
    named = {frozenset((pair["x"], pair["y"])) for pair in pairs}
    pairs += [pair for pair in same_things(numeric, table, found) if frozenset((pair["x"], pair["y"])) not in named]
    if unit is None:
        return pairs
    rows = table.rows_of_levels(unit)
    things = table.values_at(unit, rows)
    halves = [i for i, column in enumerate(columns) if column["role"] == "binary"]
    halves = [i for i in halves if two_per_unit(things, table.values_at(i, rows))]
    if not halves:
        return pairs
    varying = [
        column for column, _ in numeric if not constant_in(things, table.values_at(table.index(column["name"]), rows))
    ]
    for index in halves:
        for outcome in varying:
            pairs.append(
                {
                    "x": columns[index]["name"],
                    "y": outcome["name"],
                    "why": f"two rows per {table.names[unit]}, one at each level of {columns[index]['name']}",
                }
            )
    return pairs


def same_things(numeric, table, found):
    """Near copies that are two readings of one thing: on one scale, and neither a near copy of a third."""
    by_name = {column["name"]: frame for column, frame in numeric}
    close = [
        (table.names[a], table.names[b])
        for (a, b), (kind, _) in sorted(found.pairs.items())
        if kind == "near_copy" and table.names[a] in by_name and table.names[b] in by_name
    ]
    counts = {}
    for name in [name for pair in close for name in pair]:
        counts[name] = counts.get(name, 0) + 1
    pairs = []
    for first, second in close:
        a, b = by_name[first], by_name[second]
        known = ~np.isnan(a) & ~np.isnan(b)
        if counts[first] == counts[second] == 1 and near_scale(a[known], b[known]):
            r = np.corrcoef(a[known], b[known])[0, 1]
            why = f"they agree as two readings of one thing do (r {r:.3f}), on one scale"
            pairs.append({"x": first, "y": second, "why": why})
    return pairs


def near_scale(a, b):
    """Whether two readings lie on one scale: spreads within a tenth, means within half a spread."""
    spread = max(a.std(), b.std())
    return spread > 0 and min(a.std(), b.std()) > 0.9 * spread and abs(a.mean() - b.mean()) < 0.5 * spread


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
    """Whether each unit has two rows, one at each of two levels."""
    known = ~np.isnan(unit) & ~np.isnan(codes)
    if known.sum() < 12:
        return False
    units, counts = np.unique(unit[known], return_counts=True)
    if not (counts == 2).all():
        return False
    _, labels = np.unique(unit[known], return_inverse=True)
    _, levels = np.unique(codes[known], return_inverse=True)
    return len(np.unique(labels * 2 + np.minimum(levels, 1))) == known.sum()


def constant_in(unit, values):
    """True where a number is the same in all rows of each unit."""
    known = ~np.isnan(unit) & ~np.isnan(values)
    _, labels = np.unique(unit[known], return_inverse=True)
    _, numbers = np.unique(values[known], return_inverse=True)
    width = int(numbers.max()) + 1 if len(numbers) else 1
    return len(np.unique(labels * width + numbers)) == len(np.unique(labels))
