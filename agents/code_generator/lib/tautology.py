# ---- tautology: pairs of columns that are related by construction, so that testing them says nothing ----
# Only exact relations count (to rounding); a strong correlation is a finding.
import numpy as np

EXACT = 1e-6
SAMPLE = 20000
MOST_COLUMNS = 200


def find_tautologies(columns, frames, warnings):
    """[{x, y, reason}] over usable columns, each pair once."""
    found = {}
    usable = [index for index, column in enumerate(columns) if column["usable"]]
    if len(usable) > MOST_COLUMNS:
        warnings.append(
            f"relations by construction were looked for among the first {MOST_COLUMNS} of {len(usable)} usable columns"
        )
        usable = usable[:MOST_COLUMNS]
    rows = len(frames[0]) if frames else 0
    picked = np.arange(rows) if rows <= SAMPLE else np.sort(np.random.default_rng(7).permutation(rows)[:SAMPLE])
    names = [column["name"] for column in columns]
    data = {index: frames[index][picked] for index in usable}
    numeric = [index for index in usable if columns[index]["role"] == "numeric"]
    grouped = [index for index in usable if columns[index]["role"] in ("binary", "categorical")]
    # Words with an order are numbers, and levels all the same.
    ordered = [index for index in usable if columns[index].get("level_order")]

    def note(i, j, reason):
        found.setdefault((min(i, j), max(i, j)), reason)

    for i, j in monotone_pairs(numeric, data):
        reason = same_numbers(data[i], data[j])
        if reason:
            note(i, j, reason)
    levelled = sorted(grouped + ordered)
    for place, i in enumerate(levelled):
        for j in levelled[place + 1 :]:
            reason = (
                same_levels(data[i], data[j])
                or nested(data[i], data[j], names[i], names[j])
                or nested(data[j], data[i], names[j], names[i])
            )
            if reason:
                note(i, j, reason)
    for i in levelled:
        for j in numeric:
            if i == j or j in ordered:
                continue
            levels = columns[i]["levels"] or columns[i]["level_order"]
            reason = cut_from(data[i], data[j], len(levels)) or numbered(data[i], data[j])
            if reason:
                note(i, j, reason)
    exclusive_indicators(columns, grouped, data, note)
    sign = {
        index: numbers_of_levels(columns[index], data[index]) for index in grouped if columns[index]["role"] == "binary"
    }
    measured = {
        **{index: data[index] for index in numeric},
        **{index: values for index, values in sign.items() if values is not None},
    }
    bound = made_of_two(numeric, measured, names, note)
    sums_of_several(numeric, data, names, note, bound)
    return [{"x": names[i], "y": names[j], "reason": reason} for (i, j), reason in sorted(found.items())]


def monotone_pairs(indices, data):
    """Pairs whose ranks agree closely enough that one may be a function of the other; nearly all others fall away
    here."""
    if len(indices) < 2:
        return []
    ranked = []
    for index in indices:
        values = data[index][:2000]
        known = ~np.isnan(values)
        _, rank, counts = np.unique(values[known], return_inverse=True, return_counts=True)
        middle = np.cumsum(counts) - (counts - 1) / 2
        ranked.append(np.zeros(len(values)))
        ranked[-1][known] = middle[rank] - middle[rank].mean() if known.any() else 0.0
    ranked = np.array(ranked)
    agree = np.abs(ranked @ ranked.T) / np.maximum(
        np.sqrt(np.outer((ranked**2).sum(axis=1), (ranked**2).sum(axis=1))), 1e-300
    )
    for place, i in enumerate(indices):
        for other in range(place + 1, len(indices)):
            # Gaps in one column blur the ranks of the other, so that columns with gaps are looked at more kindly.
            gaps = max(np.isnan(data[i]).mean(), np.isnan(data[indices[other]]).mean())
            if agree[place, other] > 0.97 * (1 - gaps) - 0.2 * (gaps > 0):
                yield i, indices[other]


def numbers_of_levels(column, codes):
    """A 0/1 column as numbers, for sums of indicators; None for other levels."""
    try:
        values = {
            index: float(entry) for index, entry in enumerate(sorted(entry["level"] for entry in column["levels"]))
        }
    except ValueError:
        return None
    order = np.full(codes.shape, np.nan)
    for index, value in values.items():
        order[codes == index] = value
    return order


def both(a, b):
    known = ~np.isnan(a) & ~np.isnan(b)
    return a[known], b[known]


def rounding_unit(values):
    """The step to which values are rounded (1, 0.1, ... 1e-6), or 0 where there is none so coarse."""
    for unit in (1.0, 0.1, 0.01, 0.001, 1e-4, 1e-5, 1e-6):
        if np.abs(values / unit - np.round(values / unit)).max() < 1e-6 * max(1.0, np.abs(values).max() / unit * 1e-6):
            return unit
    return 0.0


def same_numbers(a, b):
    """Why two numeric columns carry the same information, or None."""
    a, b = both(a, b)
    if len(a) < 6 or len(np.unique(a)) < 3 or len(np.unique(b)) < 3:
        return None
    if len(np.unique(a)) >= 8 and (np.abs(a - b) <= 1e-9 * np.maximum(np.abs(a), 1)).mean() > 0.98:
        return "the same values"
    if is_line(a, b):
        return "one is a linear function of the other"
    for words, turn in (
        ("logarithm", np.log),
        ("square root", np.sqrt),
        ("square", np.square),
        ("reciprocal", np.reciprocal),
        ("logarithm of 1 +", np.log1p),
        ("cube", lambda v: v**3),
    ):
        for source, other in ((a, b), (b, a)):
            if words not in ("square", "cube") and source.min() <= (
                0 if words in ("logarithm", "reciprocal") else -1e-12
            ):
                continue
            if words in ("square", "cube") and source.min() < 0 < source.max():
                continue
            if len(np.unique(source)) >= 5 and is_line(turn(source), other, free=True):
                return f"one is the {words} of the other"
    distinct = len(np.unique(a))
    if distinct >= 30 and len(np.unique(b)) == distinct and not in_row_order(a) and not in_row_order(b):
        _, ra = np.unique(a, return_inverse=True)
        _, rb = np.unique(b, return_inverse=True)
        if (ra == rb).all() or (ra == distinct - 1 - rb).all():
            return "one is a monotone recoding of the other"
    return None


def in_row_order(values):
    """Columns that only rise or only fall down the rows agree in rank by nature, such as two totals over the years."""
    steps = np.diff(values)
    return bool((steps >= 0).mean() > 0.9 or (steps <= 0).mean() > 0.9)


def is_line(a, b, free=False):
    """True where b is c + k a: exactly, or to b's own rounding where that is fine enough to tell."""
    spread = b.std()
    if a.std() == 0 or spread == 0 or not np.isfinite(a).all():
        return False
    slope = ((a - a.mean()) * (b - b.mean())).mean() / a.var()
    worst = np.abs(b - b.mean() - slope * (a - a.mean())).max()
    if worst <= EXACT * spread:
        return True
    if len(a) < 20 or len(np.unique(a)) < 10:
        return False
    slack = rounding_unit(b) + (0 if free else abs(slope) * rounding_unit(a))
    return 0 < slack < 0.03 * spread and worst <= 0.75 * slack


def same_levels(a, b):
    a, b = both(a, b)
    if len(a) < 8:
        return None
    pairs = np.unique(np.column_stack([a, b]), axis=0)
    if len(pairs) == len(np.unique(a)) == len(np.unique(b)):
        return "each level of one is one level of the other"
    return None


def nested(fine, coarse, fine_name, coarse_name):
    """Hierarchies: every level of the finer column lies within one level of the coarser."""
    fine, coarse = both(fine, coarse)
    levels, counts = np.unique(fine, return_counts=True)
    tops = len(np.unique(coarse))
    if len(fine) < 20 or len(levels) < 3 or tops < 2 or tops >= len(levels) or np.median(counts) < 3:
        return None
    pairs = np.unique(np.column_stack([fine, coarse]), axis=0)
    return f"levels of {fine_name} lie each within one level of {coarse_name}" if len(pairs) == len(levels) else None


def numbered(codes, values):
    """A number that is constant in each level and different between levels is the level's code."""
    codes, values = both(codes, values)
    if len(codes) < 12 or len(np.unique(codes)) < 3:
        return None
    pairs = np.unique(np.column_stack([codes, values]), axis=0)
    if len(pairs) == len(np.unique(codes)):
        return "one value of the number for each level"
    return None


def cut_from(codes, values, levels):
    """Why a group is a number cut into ranges, or None: disjoint ranges for three levels or more; for two, ranges
    that meet
    without a gap, since a gap says that the classes are far apart by nature."""
    codes, values = both(codes, values)
    if len(codes) < 30 or len(np.unique(values)) < 4:
        return None
    used, counts = np.unique(codes, return_counts=True)
    if len(used) < 2 or counts.min() < 2:
        return None
    ranges = sorted((values[codes == code].min(), values[codes == code].max()) for code in used)
    gaps = [low - high for (_, high), (low, _) in zip(ranges, ranges[1:])]
    if min(gaps) <= 0:
        return None
    if len(used) >= 3:
        return "the levels are ranges of the number"
    if counts.min() < 5:
        return None
    if ranges[0] == (0.0, 0.0):
        return "one level is where the number is 0"
    distinct = np.unique(values)
    cut = int(np.searchsorted(distinct, ranges[1][0]))
    steps = np.r_[np.diff(distinct[max(0, cut - 8) : cut]), np.diff(distinct[cut : cut + 8])]
    # Gaps between neighbours are about exponential: the largest of a dozen is some three times their mean.
    wide = max(1.5 * steps.max(), 4 * np.median(steps)) if len(steps) else 0.0
    return "the two levels are a number above and below a threshold" if gaps[0] <= wide else None


def exclusive_indicators(columns, grouped, data, note):
    """0/1 columns of which exactly one is 1 in each row are one column spelled out."""
    flags = [
        i
        for i in grouped
        if sorted(entry["level"] for entry in columns[i]["levels"])
        in (["0", "1"], ["false", "true"], ["False", "True"])
    ]
    if len(flags) < 3 or len(flags) > 200:
        return
    ones = {}
    for i in flags:
        values = numbers_of_levels(columns[i], data[i])
        ones[i] = values if values is not None else (data[i] == 1).astype(float)
    if any(np.isnan(values).any() for values in ones.values()):
        flags = [i for i in flags if not np.isnan(ones[i]).any()]
    left = list(flags)
    while len(left) >= 3:
        group, total = [left[0]], ones[left[0]].copy()
        for i in left[1:]:
            if (total * ones[i] == 0).all():
                group.append(i)
                total = total + ones[i]
        if len(group) >= 3 and (total == 1).all():
            for place, i in enumerate(group):
                for j in group[place + 1 :]:
                    note(i, j, "both are indicators of one column's levels")
        left = [i for i in left if i not in group]
