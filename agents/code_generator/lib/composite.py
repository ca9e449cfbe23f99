# ---- composite: columns that were computed from two or more others ----
# Exact to the rounding of the columns, but for a few rows. Of three bound columns only the derived one is barred from
# tests with the others.
import numpy as np

# (text, function, whether a constant may be added). Of a sum the factor is 1 or a half; of the others it is free.
FORMULAS = (
    ("{0} + {1}", lambda a, b: a + b, True), ("{0} - {1}", lambda a, b: a - b, True),
    ("{0} x {1}", lambda a, b: a * b, False), ("{0} / {1}", lambda a, b: a / b, False),
    ("{1} / {0}", lambda a, b: b / a, False), ("{0} / {1} squared", lambda a, b: a / b**2, False),
    ("{1} / {0} squared", lambda a, b: b / a**2, False),
)  # fmt: skip
SUM_FACTORS = (1.0, -1.0, 0.5, -0.5)
PROBED = 24
MOST_TRIPLES = 4000
# The share of rows that may deviate: a typing error is no reason to take an identity for a discovery.
ODD_ROWS = 0.02
MOST_SUMMED = 80


def made_of_two(numeric, data, names, found):
    """Columns that are a sum, difference, product or ratio of two others, to their rounding. Gives the triples."""
    if not 3 <= len(numeric) <= 120:
        return set()
    sources = sorted(data)
    gaps = np.sum([np.isnan(values) for values in data.values()], axis=0)
    order = np.random.default_rng(11).permutation(len(gaps))
    order = order[np.argsort(gaps[order] > 0, kind="stable")]
    readings, candidates = {}, []
    # Two sets of a few rows, so that an odd row in one of them hides nothing.
    for probe in (order[:PROBED], order[PROBED : 2 * PROBED]):
        if len(probe) < 12:
            continue
        candidates += likely_triples(numeric, sources, data, probe)
    limits = {i: rounding_of(data[i]) for i in sources}
    for whole, i, j, form in sorted(set(candidates))[:MOST_TRIPLES]:
        if {found.kind_of(*pair) for pair in ((whole, i), (whole, j), (i, j))} == {"percentages"}:
            continue
        told = holds(data[whole], data[i], data[j], form, (limits[whole], limits[i], limits[j]))
        if told is not None:
            triple = tuple(sorted((whole, i, j)))
            readings.setdefault(triple, {}).setdefault(whole, (form, told_formula(names, whole, i, j, form, told)))
    for triple, reasons in readings.items():
        derived = derived_one(triple, reasons, data, names)
        form, text = reasons[derived]
        others = [other for other in triple if other != derived]
        kind = "product" if not FORMULAS[form][2] else "sum"
        if form == 1 and (CHANGE_WORDS & set(tokens(names[derived])) or np.nanmin(data[derived]) < 0):
            kind = "change"
        elif kind == "product" and CHANGE_WORDS & set(tokens(names[derived])):
            kind = "change"
        found.note(kind, [derived, *others], text, [(derived, other) for other in others])
    return set(readings)


def likely_triples(numeric, sources, data, probe):
    """(whole, a, b, formula) where the formula of a and b goes with the whole in a straight line, on a few rows."""
    rows = {i: data[i][probe] for i in sources}
    wanted = standard_rows(np.array([rows[i] for i in numeric]))
    # What one column alone explains of each other; the two must explain nearly all of the rest.
    alone = (standard_rows(np.array([rows[i] for i in sources])) @ wanted.T) ** 2
    found = []
    with np.errstate(all="ignore"):
        for place, i in enumerate(sources):
            rest = sources[place + 1 :]
            if not rest:
                continue
            others = np.array([rows[j] for j in rest])
            for form, (_, formula, _) in enumerate(FORMULAS):
                made = standard_rows(formula(rows[i][None, :], others))
                agree = (made @ wanted.T) ** 2
                enough = 1 - 2e-3 * (1 - np.minimum(np.maximum(alone[place], alone[place + 1 :]), 1.0)) - 1e-9
                for j, k in np.argwhere(agree >= enough):
                    if numeric[k] not in (i, rest[j]):
                        found.append((numeric[k], i, rest[j], form))
    return found


def standard_rows(values):
    """Each row with mean 0 and length 1; gaps count as the mean."""
    values = np.where(np.isfinite(values), values, np.nan)
    known = ~np.isnan(values)
    count = np.maximum(known.sum(axis=1, keepdims=True), 1)
    centred = np.where(known, values - np.where(known, values, 0.0).sum(axis=1, keepdims=True) / count, 0.0)
    length = np.sqrt((centred**2).sum(axis=1, keepdims=True))
    return np.where(length > 1e-12, centred / np.maximum(length, 1e-300), 0.0)


def rounding_of(values):
    known = values[~np.isnan(values)]
    return rounding_unit(known) if len(known) else 0.0


def holds(whole, a, b, form, units):
    """(factor, constant, odd rows, rows) where the whole is the formula times a factor plus a constant, to rounding and
    in nearly all rows; None where not, or where one of the two would do alone."""
    _, formula, constant = FORMULAS[form]
    with np.errstate(all="ignore"):
        made = formula(a, b)
    known = np.isfinite(made) & ~np.isnan(whole)
    if known.sum() < 12:
        return None
    w, m, a, b = whole[known], made[known], a[known], b[known]
    spread = w.std()
    if spread == 0 or m.std() == 0 or not np.isfinite(m.std()):
        return None
    if constant:
        factor = min(SUM_FACTORS, key=lambda value: abs(value - middle_slope(m, w)))
        shift = float(np.median(w - factor * m))
    else:
        factor, shift = ratio_factor(m, w, units[0])
        if factor is None:
            return None
    gap = np.abs(w - factor * m - shift)
    # Beside so coarse a step, a fit in all of many rows could not be an accident.
    coarsest = 0.1 if len(w) >= 50 else 0.02
    own = EXACT * spread + (0.51 * units[0] if units[0] < coarsest * spread else 0.0)
    slack = np.full(len(w), own)
    if constant and max(units) < 0.02 * spread:
        # The parts may have been rounded after they were added.
        slack = slack + 0.5 * abs(factor) * (units[1] + units[2])
    odd = int((gap > slack).sum())
    if odd > ODD_ROWS * len(w):
        return None
    if odd and len(w) < 50:
        return None
    if not needs_both(w, a, b, form, slack.mean(), abs(factor)):
        return None
    return factor, shift, odd, len(w)


def middle_slope(m, w):
    """The slope of w on m without the rows that lie farthest off, which would bend it."""
    slope = ((m - m.mean()) * (w - w.mean())).sum() / ((m - m.mean()) ** 2).sum()
    gap = np.abs(w - np.median(w) - slope * (m - np.median(m)))
    keep = gap <= np.quantile(gap, 0.95)
    m, w = m[keep], w[keep]
    total = ((m - m.mean()) ** 2).sum()
    return float(((m - m.mean()) * (w - w.mean())).sum() / total) if total > 0 else 0.0


def ratio_factor(m, w, unit):
    """(factor, constant) of a product or ratio: no constant, or less the factor itself (a change in per cent)."""
    large = np.abs(m) > 0.05 * np.abs(m).max()
    if large.sum() < 8:
        return None, None
    factor = float(np.median(w[large] / m[large]))
    slope = middle_slope(m, w)
    nice = nice_number(factor)
    if abs(slope - factor) > 0.02 * abs(factor):
        # Not through 0: a change in per cent, or nothing.
        nice = nice_number(slope)
        shift = float(np.median(w - nice * m))
        close = abs(shift + nice) <= max(1e-6 * abs(nice), 0.51 * unit)
        return (nice, -nice) if close else (None, None)
    if abs(np.median(w - nice * m)) <= max(EXACT * w.std(), 0.51 * unit):
        return nice, 0.0
    return factor, 0.0


def nice_number(value):
    """The power of ten, or half or twice one, that lies within a thousandth; else the value."""
    if value == 0 or not np.isfinite(value):
        return value
    for times in (1.0, 2.0, 0.5):
        power = np.round(np.log10(abs(value) / times))
        nice = float(np.sign(value) * times * 10.0**power)
        if abs(value / nice - 1) < 2e-3:
            return nice
    return value


def needs_both(w, a, b, form, slack, factor):
    """Whether the formula needs both of its columns, and both vary in rows enough."""
    for part, other in ((a, b), (b, a)):
        levels, counts = np.unique(part, return_counts=True)
        if len(levels) < 2 or len(part) - counts.max() < 8:
            return False
        if FORMULAS[form][2]:
            if factor * np.ptp(part) <= 4 * slack or factor * part.std() <= 3 * slack:
                return False
        if is_constant_ratio(w, other):
            return False
        # A part that hardly moves is no part: what is left is a copy.
        if len(levels) > 2 and abs(np.corrcoef(w, other)[0, 1]) > 1 - 1e-9:
            return False
    return len(np.unique(w)) >= 3


def told_formula(names, whole, i, j, form, told):
    """'age is school_years + work_years + 7, but for 1 of 320 rows'."""
    factor, shift, odd, rows = told
    text = FORMULAS[form][0].format(names[i], names[j])
    if form == 1 and factor == -1.0:
        text, factor = FORMULAS[form][0].format(names[j], names[i]), 1.0
    if factor == 0.5:
        text = f"half of ({text})"
    elif factor in (-0.5, -1.0):
        text = f"{'minus' if factor == -1.0 else 'minus half of'} ({text})"
    elif factor != 1.0:
        text = f"{text} x {factor:.6g}"
    if abs(shift) > 1e-9 * max(1.0, abs(factor)):
        text += f" {'+' if shift > 0 else '-'} {abs(shift):.6g}"
    return f"{names[whole]} is {text}" + (f", but for {odd} of {rows} rows" if odd else "")


DERIVED_WORDS = set(
    """
    total sum all overall cnt net diff difference change gain delta loss increase per rate ratio share pct percent
    percentage density bmi avg average mean growth
    """.split()
)
CHANGE_WORDS = {"diff", "difference", "change", "gain", "delta", "loss", "increase", "growth"}


def derived_one(triple, reasons, data, names):
    """Which of three bound columns was computed from the other two, which may then still be tested against each other:
    the one named so; else of a sum the column with negative values (a difference) or the largest (a total); else the
    last."""
    candidates = [k for k in triple if k in reasons]
    named = [k for k in candidates if DERIVED_WORDS & set(tokens(names[k]))]
    if len(named) == 1:
        return named[0]
    if any(FORMULAS[form][2] for form, _ in reasons.values()):
        negative = [k for k in candidates if np.nanmin(data[k]) < 0]
        if len(negative) == 1:
            return negative[0]
        return max(candidates, key=lambda k: (np.nanmean(np.abs(data[k])), k))
    return max(candidates)


def tolerance(values):
    """How far a computed value may lie from a column that was rounded; infinite where there are too few values to
    tell."""
    values = values[~np.isnan(values)]
    spread = values.std() if len(values) else 0.0
    if spread == 0 or len(np.unique(values)) < 3:
        return np.inf
    unit = rounding_unit(values)
    return max(EXACT * spread, 0.51 * unit if unit < 0.02 * spread else 0.0)


def is_constant_ratio(a, b):
    return a.std() > 0 and b.std() > 0 and abs(np.corrcoef(a, b)[0, 1]) > 1 - 1e-12


def sums_of_several(numeric, data, names, found, bound):
    """Columns that are linear combinations of two others, or totals of three or more, to their rounding: found by
    least squares, then pruned to the fewest. `bound` holds the triples that `made_of_two` has dealt with."""
    # What adds up to a constant is told already, and would explain each of its columns.
    closed = {i for kind, columns, _ in found.list if kind == "percentages" for i in columns}
    numeric = [i for i in numeric if i not in closed]
    if not 3 <= len(numeric) <= MOST_SUMMED:
        return
    matrix = np.column_stack([data[i] for i in numeric])
    matrix = matrix[~np.isnan(matrix).any(axis=1)][:2000]
    if len(matrix) < 2 * len(numeric) + 20:
        return
    spread = matrix.std(axis=0)
    keep = [k for k in range(len(numeric)) if spread[k] > 0]
    scaled = np.zeros_like(matrix)
    scaled[:, keep] = (matrix[:, keep] - matrix[:, keep].mean(axis=0)) / spread[keep]
    readings = {}
    for k in keep:
        others = [m for m in keep if m != k]
        slack = tolerance(matrix[:, k]) / spread[k]
        if not np.isfinite(slack):
            continue
        if not explains(scaled, k, others, slack):
            continue
        for m in list(others):
            fewer = [other for other in others if other != m]
            if explains(scaled, k, fewer, slack):
                others = fewer
        weights = fitted_weights(scaled, k, others, slack)[0] * spread[k] / spread[others]
        triple = tuple(sorted(numeric[m] for m in [k, *others]))
        if len(others) == 2 and triple not in bound:
            readings.setdefault(triple, {})[numeric[k]] = (
                0,
                f"{names[numeric[k]]} is a weighted sum of {names[numeric[others[0]]]} and {names[numeric[others[1]]]}",
            )
        # A total has one weight for each part. A part, written as the total less the others, has not, and stays
        # testable against the other parts; nor does an exact fit with uneven weights on many columns say more than that
        # they are many.
        if len(others) < 3 or np.abs(weights / weights.max() - 1).max() > 0.01:
            continue
        shown = ", ".join(names[numeric[m]] for m in others[:5]) + (", ..." if len(others) > 5 else "")
        what = "a mean" if abs(weights.mean() * len(others) - 1) < 0.01 else "a sum"
        parts = [numeric[m] for m in others]
        found.note(
            "total",
            [numeric[k], *parts],
            f"{names[numeric[k]]} is {what} over {shown}",
            [(numeric[k], part) for part in parts],
        )
    for triple, reasons in readings.items():
        derived = derived_one(triple, reasons, data, names)
        others = [other for other in triple if other != derived]
        found.note("sum", [derived, *others], reasons[derived][1], [(derived, other) for other in others])


def fitted_weights(scaled, k, others, slack):
    """(weights, share of rows within the slack) of least squares, once more without the rows that lie farthest off
    where a few do."""
    weights = np.linalg.lstsq(scaled[:, others], scaled[:, k], rcond=None)[0]
    gap = np.abs(scaled[:, k] - scaled[:, others] @ weights)
    if (gap < 1.5 * slack).all() or len(gap) < 50:
        return weights, (gap < 1.5 * slack).mean()
    near = gap <= np.quantile(gap, 1 - ODD_ROWS)
    weights = np.linalg.lstsq(scaled[near][:, others], scaled[near, k], rcond=None)[0]
    gap = np.abs(scaled[:, k] - scaled[:, others] @ weights)
    return weights, (gap < 1.5 * slack + 1e-9).mean()


def explains(scaled, k, others, slack):
    if not others:
        return False
    share = fitted_weights(scaled, k, others, slack)[1]
    return share >= 1 - ODD_ROWS if len(scaled) >= 50 else share == 1
