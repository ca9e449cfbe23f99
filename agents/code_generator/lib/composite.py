# ---- composite: columns that were computed from two or more others ----
# Exact to the column's own rounding. Of three bound columns only the derived one is barred from tests with the others.
import numpy as np

FORMULAS = (
    ("{0} + {1}", lambda a, b: a + b), ("{0} - {1}", lambda a, b: a - b), ("{0} x {1}", lambda a, b: a * b),
    ("{0} / {1}", lambda a, b: a / b), ("{1} / {0}", lambda a, b: b / a), ("{0} / {1} squared", lambda a, b: a / b**2),
    ("{1} / {0} squared", lambda a, b: b / a**2),
)  # fmt: skip
SCALES = (1.0, -1.0, 0.5, 100.0, 0.01, 1000.0, 0.001, 10000.0)


def made_of_two(numeric, data, names, note):
    """Columns that are a sum, difference, product or ratio of two others, to their rounding."""
    if len(numeric) > 120:
        return set()
    sources = sorted(data)
    if not numeric:
        return set()
    # A few rows, those with the fewest gaps, rule out nearly everything; what is left is checked on all.
    gaps = np.sum([np.isnan(values) for values in data.values()], axis=0)
    order = np.random.default_rng(11).permutation(len(gaps))
    probe = order[np.argsort(gaps[order], kind="stable")[:40]]
    small = {i: data[i][probe] for i in sources}
    wanted = np.array([small[i] for i in numeric])
    slack = np.array([tolerance(data[i]) for i in numeric])
    usable = np.isfinite(slack)
    readings = {}
    with np.errstate(all="ignore"):
        for place, i in enumerate(sources):
            for j in sources[place + 1 :]:
                for text, formula in FORMULAS:
                    made = formula(small[i], small[j])
                    for scale in SCALES if "/" in text or "x" in text else SCALES[:3]:
                        gap = np.abs(wanted - scale * made)
                        known = np.isfinite(gap)
                        near = usable & ((gap <= slack[:, None]) | ~known).all(axis=1) & (known.sum(axis=1) >= 12)
                        for k in np.flatnonzero(near):
                            whole = numeric[k]
                            if whole in (i, j) or not really_made(
                                data[whole], scale * formula(data[i], data[j]), data[i], data[j], tolerance(data[whole])
                            ):
                                continue
                            reason = f"{names[whole]} is {text.format(names[i], names[j])}"
                            readings.setdefault(tuple(sorted((whole, i, j))), {}).setdefault(whole, reason)
    for triple, reasons in readings.items():
        derived = derived_one(triple, reasons, data, names)
        for other in triple:
            if other != derived:
                note(derived, other, reasons[derived])
    return set(readings)


DERIVED_WORDS = set(
    """
    total sum all overall cnt net diff difference change gain delta loss increase per rate ratio share pct percent
    percentage density bmi avg average mean growth
    """.split()
)


def derived_one(triple, reasons, data, names):
    """Which of three bound columns was computed from the other two, which may then still be tested against each other:
    the one named so; else of a sum the column with negative values (a difference) or the largest (a total); else the
    last."""
    candidates = [k for k in triple if k in reasons]
    named = [k for k in candidates if DERIVED_WORDS & set(tokens(names[k]))]
    if len(named) == 1:
        return named[0]
    if any(" + " in reason or " - " in reason for reason in reasons.values()):
        negative = [k for k in candidates if np.nanmin(data[k]) < 0]
        if len(negative) == 1:
            return negative[0]
        return max(candidates, key=lambda k: (np.nanmean(np.abs(data[k])), k))
    return max(candidates)


def tolerance(values):
    """How far a computed value may lie from a column that was rounded; infinite where rounding is too coarse to
    tell."""
    values = values[~np.isnan(values)]
    spread = values.std() if len(values) else 0.0
    if spread == 0 or len(np.unique(values)) < 6:
        return np.inf
    unit = rounding_unit(values)
    return max(EXACT * spread, 0.51 * unit if unit < 0.02 * spread else 0.0)


def really_made(whole, made, a, b, slack):
    """The formula holds in all rows, and needs both of its columns."""
    gap = np.abs(whole - made)
    known = np.isfinite(gap)
    if known.sum() < 12 or (gap[known] > slack).any():
        return False
    return (
        np.ptp(a[known]) > 2 * slack
        and np.ptp(b[known]) > 0
        and not is_constant_ratio(whole[known], a[known])
        and not is_constant_ratio(whole[known], b[known])
    )


def is_constant_ratio(a, b):
    return a.std() > 0 and b.std() > 0 and abs(np.corrcoef(a, b)[0, 1]) > 1 - 1e-12


def sums_of_several(numeric, data, names, note, bound):
    """Columns that are linear combinations of two others, or totals of three or more, to their rounding: found by
    least squares,
    then pruned to the fewest. `bound` holds the triples that `made_of_two` has dealt with."""
    if not 3 <= len(numeric) <= 80:
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
        slack, others = tolerance(matrix[:, k]) / spread[k], [m for m in keep if m != k]
        if not np.isfinite(slack) or not explains(scaled, k, others, slack):
            continue
        for m in list(others):
            fewer = [other for other in others if other != m]
            if explains(scaled, k, fewer, slack):
                others = fewer
        weights = np.linalg.lstsq(scaled[:, others], scaled[:, k], rcond=None)[0] * spread[k] / spread[others]
        triple = tuple(sorted(numeric[m] for m in [k, *others]))
        if len(others) == 2 and triple not in bound:
            readings.setdefault(triple, {})[numeric[k]] = (
                f"{names[numeric[k]]} is a weighted sum of {names[numeric[others[0]]]} and {names[numeric[others[1]]]}"
            )
        # A total has one weight for each part. A part, written as the total less the others, has not, and stays
        # testable
        # against the other parts; nor does an exact fit with uneven weights on many columns say more than that they
        # are many.
        if len(others) < 3 or np.abs(weights / weights.max() - 1).max() > 0.01:
            continue
        shown = ", ".join(names[numeric[m]] for m in others[:5]) + (", ..." if len(others) > 5 else "")
        for m in others:
            note(numeric[k], numeric[m], f"{names[numeric[k]]} is a sum over {shown}")
    for triple, reasons in readings.items():
        derived = derived_one(triple, reasons, data, names)
        for other in triple:
            if other != derived:
                note(derived, other, reasons[derived])


def explains(scaled, k, others, slack):
    if not others:
        return False
    weights = np.linalg.lstsq(scaled[:, others], scaled[:, k], rcond=None)[0]
    return np.abs(scaled[:, k] - scaled[:, others] @ weights).max() < 1.5 * slack
