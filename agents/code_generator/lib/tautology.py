# ---- tautology: pairs of columns that are related by construction, so that testing them says nothing ----
import numpy as np
from scipy.special import gammaln

EXACT = 1e-6
IDENTITY_ROWS = 20000
MOST_COLUMNS = 200
MOST_ALIKE = 4000
NEAR_COPY = 0.98
# The logarithm of 1e5.
FEWEST_WAYS = 11.5
# Levels, above which a number is not looked at as codes of ranges.
MOST_CODES = 20


def find_identities(table, apart, time, unit, survival, exposures, warnings):
    """The identities among usable columns. `apart` marks the rows that are no copies of others; `time` and `unit` are
    the places of the columns that put rows in order, or None."""
    columns, names = table.columns, table.names
    found = Identities(names)
    usable = [index for index, column in enumerate(columns) if column["usable"]]
    if len(usable) > MOST_COLUMNS:
        warnings.append(
            f"relations by construction were looked for among the first {MOST_COLUMNS} of {len(usable)} usable columns"
        )
        usable = usable[:MOST_COLUMNS]
    rows = np.arange(len(table.picked)) if apart is None else np.flatnonzero(apart)
    if len(rows) > IDENTITY_ROWS:
        rows = rows[np.sort(np.random.default_rng(7).permutation(len(rows))[:IDENTITY_ROWS])]
    data = {index: table.values(index)[rows] for index in usable}
    numeric = [index for index in usable if columns[index]["role"] == "numeric"]
    grouped = [index for index in usable if columns[index]["role"] in ("binary", "categorical")]
    # Words with an order are numbers, and levels all the same.
    ordered = [index for index in usable if columns[index].get("level_order")]

    if survival is not None:
        span, mark, entry = (survival[key] for key in ("duration", "event", "entry"))
        watched = [span, mark] if entry is None else [span, mark, entry]
        found.note("duration_event", watched, f"{names[mark]} says how {names[span]} ended")
    for exposure in exposures:
        if exposure["trials"]:
            text = f"{names[exposure['count']]} is a count out of {names[exposure['of']]}"
            found.note("share", [exposure["count"], exposure["of"]], text)
    alike = list(monotone_pairs(numeric, data))
    if len(alike) > MOST_ALIKE:
        warnings.append(
            f"{len(alike)} pairs of columns are nearly alike in their ranks; {MOST_ALIKE} of them were looked at for being one column"
        )
    for i, j in alike[:MOST_ALIKE]:
        told = same_numbers(data[i], data[j], names[i], names[j])
        # A straight trend over dates is no copy of them.
        if told and (told[0] != "near_copy" or is_moment(columns[i]) == is_moment(columns[j])):
            found.note(told[0], [i, j], told[1])
    levelled = sorted(grouped + ordered)
    for place, i in enumerate(levelled):
        for j in levelled[place + 1 :]:
            told = (
                same_levels(data[i], data[j], names[i], names[j])
                or nested(data[i], data[j], names[i], names[j])
                or nested(data[j], data[i], names[j], names[i])
            )
            if told:
                found.note(told[0], [i, j], told[1])
    coded = [
        i for i in numeric if columns[i]["integer"] and 3 <= columns[i]["distinct"] <= MOST_CODES and i not in ordered
    ]
    ranked = np.column_stack([rank_scores(data[j][:2000]) for j in numeric]) if numeric else None
    for i in levelled + coded:
        likely = parted_by(data[i][:2000], ranked) if numeric else ()
        for j in (numeric[place] for place in likely):
            if i == j or j in ordered or (i in coded and columns[j]["distinct"] <= 2 * columns[i]["distinct"]):
                continue
            told = cut_from(data[i], data[j], names[i], names[j])
            if told is None and i not in coded:
                told = numbered(data[i], data[j], names[i], names[j])
            if told:
                found.note(told[0], [i, j], told[1])
    signs = [index for index in grouped if columns[index]["role"] == "binary"]
    exclusive_indicators({index: (table.level_texts(index), data[index]) for index in signs}, found)
    sign = {index: numbers_of_levels(table.level_texts(index), data[index]) for index in signs}
    measured = {
        **{index: data[index] for index in numeric},
        **{index: values for index, values in sign.items() if values is not None},
    }
    numeric = found.without_copies(numeric)
    measured = {index: measured[index] for index in found.without_copies(measured)}
    counted = [i for i in numeric if not is_moment(columns[i])]
    add_up(counted, data, names, found)
    bound = made_of_two(numeric, measured, names, found)
    sums_of_several(numeric, data, names, found, bound)
    parts_of_totals(counted, data, names, found)
    shares_of_one(counted, data, names, found)
    made_of_rows_before(table, counted, time, unit, apart, found)
    missing_by_value(table, usable, data, time, found)
    found.close()
    return found


def monotone_pairs(indices, data):
    """Pairs whose ranks agree closely enough that one may be a function of the other; nearly all others fall away
    here."""
    if len(indices) < 2:
        return []
    ranked = np.array([rank_scores(data[index][:2000]) for index in indices])
    agree = np.abs(ranked @ ranked.T) / np.maximum(
        np.sqrt(np.outer((ranked**2).sum(axis=1), (ranked**2).sum(axis=1))), 1e-300
    )
    gaps = np.array([np.isnan(data[index]).mean() for index in indices])
    for place, i in enumerate(indices):
        for other in range(place + 1, len(indices)):
            # Gaps in one column blur the ranks of the other, so that columns with gaps are looked at more kindly.
            gap = max(gaps[place], gaps[other])
            if agree[place, other] > 0.96 * (1 - gap) - 0.2 * (gap > 0):
                yield i, indices[other]


def numbers_of_levels(texts, codes):
    """Levels that are numbers as these numbers, for sums of indicators; None for other levels."""
    try:
        values = np.array([float(text) for text in texts])
    except ValueError:
        return None
    known = ~np.isnan(codes)
    order = np.full(codes.shape, np.nan)
    order[known] = values[codes[known].astype(np.int64)]
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


def same_numbers(a, b, first, second):
    """(kind, why) two numeric columns carry the same information, or None."""
    a, b = both(a, b)
    if len(a) < 6 or len(np.unique(a)) < 3 or len(np.unique(b)) < 3:
        return None
    if len(np.unique(a)) >= 8 and (np.abs(a - b) <= 1e-9 * np.maximum(np.abs(a), 1)).mean() > 0.98:
        return "copy", f"{second} has the same values as {first}"
    rho = np.mean(rank_scores(a[:1000]) * rank_scores(b[:1000]))
    return function_of(a, b, first, second) if abs(rho) > 0.99 else near_copy(a, b, first, second)


def function_of(a, b, first, second):
    """(kind, why) one column is a function of the other, or nearly the other, or None."""
    if is_line(a, b):
        return "copy", f"{second} is a linear function of {first}"
    for words, turn in (
        ("logarithm", np.log),
        ("square root", np.sqrt),
        ("square", np.square),
        ("reciprocal", np.reciprocal),
        ("logarithm of 1 +", np.log1p),
        ("cube", lambda v: v**3),
    ):
        for source, other, name, made in ((a, b, first, second), (b, a, second, first)):
            if words not in ("square", "cube") and source.min() <= (
                0 if words in ("logarithm", "reciprocal") else -1e-12
            ):
                continue
            if words in ("square", "cube") and source.min() < 0 < source.max():
                continue
            if len(np.unique(source)) >= 5 and is_line(turn(source), other, free=True):
                return "function", f"{made} is the {words} of {name}" if words[
                    -1
                ] != "+" else f"{made} is the {words} {name}"
    if in_row_order(a) or in_row_order(b):
        return None
    distinct = len(np.unique(a))
    if distinct >= 30 and len(np.unique(b)) == distinct:
        _, ra = np.unique(a, return_inverse=True)
        _, rb = np.unique(b, return_inverse=True)
        if (ra == rb).all() or (ra == distinct - 1 - rb).all():
            return "function", f"{second} is a monotone recoding of {first}"
    return near_copy(a, b, first, second)


def near_copy(a, b, first, second):
    """Two columns that hold one thing: r above NEAR_COPY by values and nearly so by ranks, with many values each; in a
    table in the order of time their changes from row to row agree too."""
    a, b = a[:5000], b[:5000]
    if len(a) < 20 or len(np.unique(a)) < 10 or len(np.unique(b)) < 10 or in_row_order(a) or in_row_order(b):
        return None
    r = np.corrcoef(a, b)[0, 1]
    rho = np.mean(rank_scores(a) * rank_scores(b))
    # Beyond doubt above the limit: the interval of r by Fisher's transformation.
    low = np.tanh(np.arctanh(min(abs(r), 1 - 1e-12)) - 1.28 / np.sqrt(len(a) - 3))
    if abs(r) <= NEAR_COPY or low <= 0.97 or abs(rho) <= 0.965:
        return None
    steps = np.diff(a), np.diff(b)
    if min(steps[0].std(), steps[1].std()) == 0 or abs(np.corrcoef(*steps)[0, 1]) < 0.9:
        return None
    # A few far values can make r alone large.
    middle = (a >= np.quantile(a, 0.05)) & (a <= np.quantile(a, 0.95))
    if middle.sum() < 15 or min(a[middle].std(), b[middle].std()) == 0:
        return None
    if abs(np.corrcoef(a[middle], b[middle])[0, 1]) < 0.965:
        return None
    return "near_copy", f"{second} is a near copy of {first} (r {np.floor(abs(r) * 1e4) / 1e4 * np.sign(r):.4f})"


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
    if worst > 0.03 * spread:
        return False
    if len(a) < 20 or len(np.unique(a)) < 10:
        return False
    slack = rounding_unit(b) + (0 if free else abs(slope) * rounding_unit(a))
    return 0 < slack < 0.03 * spread and worst <= 0.75 * slack


def same_levels(a, b, first, second):
    """Two groupings with the same members, but for a few rows where there are many."""
    a, b = both(a, b)
    if len(a) < 8:
        return None
    a, b = np.unique(a, return_inverse=True)[1], np.unique(b, return_inverse=True)[1]
    ka, kb = int(a.max()) + 1, int(b.max()) + 1
    pairs = len(np.unique(a * kb + b))
    # So many ways there are to give the rows such levels: one rare row in each of two columns may be the same by
    # chance.
    ways = gammaln(len(a) + 1) - gammaln(np.bincount(a) + 1).sum()
    if pairs == ka == kb and ways > FEWEST_WAYS:
        return "recode", f"each level of {second} is one level of {first}"
    if ka != kb or ka < 2 or len(a) < 100:
        return None
    held = np.zeros((ka, kb))
    np.add.at(held, (a, b), 1)
    best = held.argmax(axis=1)
    agree = held.max(axis=1).sum() / len(a)
    rare = held.sum(axis=1).min()
    # Each small level must agree too, or two rare happenings would be one.
    if len(set(best)) == ka and agree >= 0.98 and rare >= 10 and (held.max(axis=1) / held.sum(axis=1)).min() >= 0.9:
        odd = int(round(len(a) * (1 - agree)))
        return "recode", f"each level of {second} is one level of {first}, but for {odd} of {len(a)} rows"
    return None


def nested(fine, coarse, fine_name, coarse_name):
    """Hierarchies: every level of the finer column lies within one level of the coarser."""
    fine, coarse = both(fine, coarse)
    levels, counts = np.unique(fine, return_counts=True)
    tops = len(np.unique(coarse))
    if len(fine) < 20 or len(levels) < 3 or tops < 2 or tops >= len(levels) or np.median(counts) < 3:
        return None
    pairs = np.unique(np.column_stack([fine, coarse]), axis=0)
    if len(pairs) != len(levels) or rows_off_the_mode(coarse) < 5:
        return None
    return "hierarchy", f"levels of {fine_name} lie each within one level of {coarse_name}"


def rows_off_the_mode(values):
    """Rows that do not have the most frequent value."""
    return len(values) - int(np.unique(values, return_counts=True)[1].max())


def numbered(codes, values, group, number):
    """A number that is constant in each level and different between levels is the level's code, or a property of it."""
    codes, values = both(codes, values)
    if len(codes) < 12 or len(np.unique(codes)) < 3 or len(np.unique(values)) < 2:
        return None
    levels = len(np.unique(codes))
    pairs = np.unique(np.column_stack([codes, values]), axis=0)
    if len(pairs) == levels and len(codes) >= 2 * levels and rows_off_the_mode(values) >= 5:
        return "level_property", f"{number} has one value for each level of {group}"
    return None


def cut_from(codes, values, group, number):
    """(kind, why) a group is a number cut into ranges, or None: disjoint ranges that meet without a gap, since a gap
    says that the classes are far apart by nature."""
    codes, values = both(codes, values)
    if len(codes) < 30 or len(np.unique(values)) < 4:
        return None
    used, codes, counts = np.unique(codes, return_inverse=True, return_counts=True)
    if len(used) < 2 or counts.min() < 2:
        return None
    order = np.argsort(values, kind="stable")
    if len(used) == 2 and (np.diff(codes[order]) != 0).sum() > 1 and len(np.unique(values)) >= 10:
        return nearly_cut(codes, values, group, number)
    ranges = sorted((values[codes == code].min(), values[codes == code].max(), int(code)) for code in range(len(used)))
    gaps = [low[0] - high[1] for high, low in zip(ranges, ranges[1:])]
    if min(gaps) <= 0:
        return None
    distinct = np.unique(values)
    if len(used) == 2 and counts.min() < 5:
        return None
    if len(used) == 2 and ranges[0][:2] == (0.0, 0.0):
        return "flag", f"one level of {group} is where {number} is 0"
    if len(distinct) < 2 * len(used):
        # One value for each level is a code of it; two or three say too little of ranges.
        return None
    if not all(meets_without_gap(distinct, low[0], gap) for low, gap in zip(ranges[1:], gaps)):
        return None
    if len(used) >= 3:
        return "bins", f"the levels of {group} are ranges of {number}"
    at = f"{ranges[0][1]:.6g} and {ranges[1][0]:.6g}"
    return "flag", f"the levels of {group} are {number} below and above a limit between {at}"


def parted_by(codes, ranked):
    """Which of the columns of ranks levels explain most of what ranges of a number would explain, 1 - sum of p cubed;
    nearly all pairs fall away here."""
    known = ~np.isnan(codes)
    if known.sum() < 8:
        return []
    _, codes, counts = np.unique(codes[known], return_inverse=True, return_counts=True)
    if len(counts) > 200:
        return range(ranked.shape[1])
    ranked = ranked[known]
    here = np.zeros((len(counts), len(codes)))
    here[codes, np.arange(len(codes))] = 1.0
    share = ((here @ ranked) ** 2 / counts[:, None]).sum(axis=0) / np.maximum((ranked**2).sum(axis=0), 1e-12)
    gaps = (ranked == 0).mean(axis=0)
    return np.flatnonzero(share >= 0.6 * (1 - gaps) * (1 - ((counts / len(codes)) ** 3).sum()))


def meets_without_gap(distinct, start, gap):
    """Whether the gap before `start` is no wider than others near it. Gaps between neighbours are about exponential:
    the largest of a dozen is some three times their mean."""
    cut = int(np.searchsorted(distinct, start))
    steps = np.r_[np.diff(distinct[max(0, cut - 8) : cut]), np.diff(distinct[cut : cut + 8])]
    wide = max(1.5 * steps.max(), 4 * np.median(steps)) if len(steps) else 0.0
    return gap <= wide * (1 + 1e-9)


def nearly_cut(codes, values, group, number):
    """A flag of a number but for a few rows at the limit: nearly no overlap, where the number has as many values as
    elsewhere, so that no gap by nature parts the two."""
    sizes = np.bincount(codes)
    n = len(codes)
    if n < 60 or sizes.min() < 0.15 * n:
        return None
    if values[codes == 0].mean() > values[codes == 1].mean():
        codes = 1 - codes
    order = np.argsort(values, kind="stable")
    wrong = np.cumsum(codes[order]) + (codes == 0).sum() - np.cumsum(1 - codes[order])
    cut = int(np.argmin(wrong))
    limit = values[order[cut]]
    spread = values.std()
    missed = codes != (values > limit)
    if missed.mean() > 0.05 or np.abs(values[missed] - limit).max(initial=0) > 0.35 * spread:
        return None
    # At the limit of two kinds that differ by nature values are rare.
    near = (np.abs(values - limit) <= 0.2 * spread).mean()
    beside = max((np.abs(values - limit - side * 0.8 * spread) <= 0.2 * spread).mean() for side in (-1, 1))
    if near < 0.1 or near < 0.7 * beside:
        return None
    text = f"the levels of {group} are {number} below and above {limit:.4g}, but for {int(missed.sum())} of {n} rows near it"
    return "flag", text


YES_LEVELS = {"1", "true", "yes", "y", "t", "x"}
NO_LEVELS = {"0", "false", "no", "n", "f", "-", ""}


def exclusive_indicators(signs, found):
    """Flags of which at most one is set in each row are one column spelled out: of which exactly one is, or three or
    more that never meet where chance would have them meet. `signs` holds the texts of two levels, and codes of them."""
    ones = {}
    for i, (texts, codes) in signs.items():
        folded = [str(text).casefold() for text in texts]
        yes = [code for code, text in enumerate(folded) if text in YES_LEVELS]
        if len(yes) == 1 and all(text in YES_LEVELS | NO_LEVELS for text in folded) and not np.isnan(codes).any():
            ones[i] = (codes == yes[0]).astype(float)
    left = list(ones)
    while len(left) >= 3:
        group, total = [left[0]], ones[left[0]].copy()
        for i in left[1:]:
            if (total * ones[i] == 0).all() and would_meet(ones[i], [ones[j] for j in group]):
                group.append(i)
                total = total + ones[i]
        if len(group) >= 3:
            which = "exactly" if (total == 1).all() else "at most"
            shown = shown_names([found.names[i] for i in group])
            text = f"{shown} are indicators of one column's levels: {which} one of them is set in each row"
            found.note("dummies", group, text)
        left = [i for i in left if i not in group]


def would_meet(ones, others):
    """Whether independent flags of these shares would be set together in many rows, with each of the others or, where
    all are rare, with one of them."""
    expected = [len(ones) * ones.mean() * other.mean() for other in others]
    return sum(expected) >= 12 and min(expected) >= 4 or bool((sum(others) + ones == 1).all())


def missing_by_value(table, usable, data, time, found):
    """Columns that are filled exactly where another column has certain levels, or lies on one side of a limit. What
    begins late, or tells of the rows before, is missing where time is early: that is no relation of the two."""
    gaps = {i: np.isnan(data[i]) for i in usable}
    gapped = [i for i in usable if 8 <= gaps[i].sum() <= len(gaps[i]) - 8][:40]
    for i in gapped:
        for j in usable:
            if i == j or j == time or found.has(i, j):
                continue
            known = ~gaps[j]
            gone, values = gaps[i][known], data[j][known]
            if min(gone.sum(), (~gone).sum()) < 8 or known.mean() < 0.9:
                continue
            column = table.columns[j]
            if column["role"] in ("binary", "categorical"):
                levels, codes = np.unique(values, return_inverse=True)
                share = np.bincount(codes, weights=gone) / np.bincount(codes)
                if not ((share == 0) | (share == 1)).all():
                    continue
                texts = table.level_texts(j)
                empty = [str(texts[int(level)]) for level, part in zip(levels, share) if part == 1]
                text = f"{table.names[i]} is missing exactly where {table.names[j]} is {shown_names(empty)}"
            elif column["role"] == "numeric" and column["distinct"] >= 6:
                low, high = values[gone], values[~gone]
                if low.max() < high.min():
                    text = f"{table.names[i]} is missing exactly where {table.names[j]} is {low.max():.6g} or less"
                elif high.max() < low.min():
                    text = f"{table.names[i]} is missing exactly where {table.names[j]} is {low.min():.6g} or more"
                else:
                    continue
                # In a table in the order of time, a column that begins late is missing where a clock is early.
                if in_row_order(values):
                    continue
            else:
                continue
            found.note("missing_by_value", [i, j], text)
