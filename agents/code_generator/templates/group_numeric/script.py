# ---- group_numeric: does a number differ between groups? ----
from types import SimpleNamespace

import numpy as np
from scipy import stats

TESTS = {
    "welch_t": "scipy.stats.ttest_ind",
    "mann_whitney": "scipy.stats.mannwhitneyu",
    "welch_anova": "scipy.stats.f_oneway",
    "anova": "scipy.stats.f_oneway",
    "kruskal": "scipy.stats.kruskal",
}


def make_plan(method, levels, why="", assumptions=()):
    return SimpleNamespace(method=method, test=TESTS[method], levels=levels, why=why, assumptions=list(assumptions))


def prepare(x, y, rows):
    if x.levels is None or y.levels is not None:
        raise NotTestable("x must be a group and y a number")
    x, (y,), rows, small = keep_levels(x, [y], rows)
    prepare.note = left_out(small)
    if np.ptp(y.values) == 0:
        raise NotTestable(f"{y.name!r} has one value only in the levels that have enough rows")
    return x, y, rows


def choose(x, y, test):
    """Welch's tests, or rank tests where y has strong skew or far outliers, or where a tiny group leaves no variance
    to estimate."""
    counts = np.bincount(x.values)
    assumptions = [shape_assumption(y.name, y.values)]
    pieces = [y.values[x.values == code] for code in range(len(counts))]
    if min(counts) >= 3:
        levene = clean_p(stats.levene(*pieces))
        if levene[1] is not None:
            assumptions.append(
                {
                    "name": "equal variances (not needed by Welch's tests)",
                    "check": "scipy.stats.levene",
                    "statistic": levene[0],
                    "p": levene[1],
                    "holds": levene[1] >= 0.05,
                }
            )
    heavy, two = is_heavy(y.values), len(counts) == 2
    if y.ranked:
        method, why = ("mann_whitney" if two else "kruskal"), f"rank test, because of {y.name} only the order counts"
    elif heavy:
        method, why = (
            ("mann_whitney" if two else "kruskal"),
            f"rank test, because {y.name} has strong skew or far outliers",
        )
    elif is_lopsided(y.values, min(counts)):
        method, why = (
            ("mann_whitney" if two else "kruskal"),
            f"rank test, because {y.name} is skewed and the smallest group has {min(counts)} rows",
        )
    elif two and min(counts) < 6:
        method, why = (
            "mann_whitney",
            f"rank test, because the smaller group ({min(counts)} rows) is too small to estimate a variance from",
        )
    elif two:
        method, why = "welch_t", "difference of two means without assuming equal variances"
    elif min(counts) >= max(20, 3 * len(counts)):
        # With many small groups Welch's F rejects true nulls too often; the classical test does not.
        method, why = "welch_anova", f"difference of {len(counts)} means without assuming equal variances"
    else:
        method, why = (
            "anova",
            f"difference of {len(counts)} means; the smallest group ({min(counts)} rows) is too small for Welch's variances",
        )
    return make_plan(method, x.levels, why + prepare.note, assumptions)


def estimate(x, y, plan):
    codes, pieces = np.unique(x), [y[x == code] for code in np.unique(x)]
    if len(codes) < len(plan.levels) and len(codes) < 2 or min(len(piece) for piece in pieces) < 2 or np.ptp(y) == 0:
        return None
    n, method = len(y), plan.method
    means = [piece.mean() for piece in pieces]
    top = plan.levels[codes[int(np.argmax(means))]]
    if method in ("welch_t", "mann_whitney") and len(pieces) == 2:
        a, b = pieces
        if method == "welch_t":
            if np.ptp(a) == 0 and np.ptp(b) == 0:
                return None
            statistic, p = clean_p(stats.ttest_ind(b, a, equal_var=False))
            size = hedges_g(a, b)
        else:
            statistic, p = clean_p(stats.mannwhitneyu(b, a))
            area = (statistic or 0.0) / (len(a) * len(b))
            low, high = area_interval(area, len(a), len(b))
            size = effect("rank_biserial", 2 * area - 1, 2 * low - 1, 2 * high - 1)
    elif method == "kruskal":
        statistic, p = clean_p(stats.kruskal(*pieces))
        size = epsilon_squared(statistic or 0.0, len(pieces) - 1, n)
    else:
        unequal = method == "welch_anova" and all(np.ptp(piece) > 0 for piece in pieces)
        statistic, p = clean_p(stats.f_oneway(*pieces, equal_var=not unequal))
        size = omega_squared(statistic or 0.0, len(pieces) - 1, welch_df(pieces) if unequal else n - len(pieces), n)
    if p is None:
        return None
    return {"n": n, "statistic": statistic, "p": p, "effect": size, "direction": top}


def welch_df(pieces):
    """Denominator degrees of freedom of Welch's F (1951)."""
    k = len(pieces)
    weights = np.array([len(piece) / piece.var(ddof=1) for piece in pieces])
    slack = sum((1 - w / weights.sum()) ** 2 / (len(piece) - 1) for w, piece in zip(weights, pieces))
    return (k * k - 1) / (3 * slack)


def outcome(x, y, plan):
    values = ranks(y.values) if plan.method in ("mann_whitney", "kruskal") else y.values
    return level_columns(x.values, plan), values[:, None].astype(float)


def level_columns(codes, plan):
    return (codes == 1).astype(float)[:, None] if len(plan.levels) == 2 else indicators(codes)


def direction(sign, plan):
    return plan.levels[1] if sign >= 0 else plan.levels[0]


def both_methods(plan):
    two = len(plan.levels) == 2
    linear = plan.method if plan.method in ("welch_t", "welch_anova", "anova") else ("welch_t" if two else "anova")
    return make_plan(linear, plan.levels), make_plan("mann_whitney" if two else "kruskal", plan.levels)


def far(x, y):
    """Rows far from the middle of their own group."""
    distance = np.zeros(len(y))
    spread = robust_spread(y)
    for code in np.unique(x):
        inside = x == code
        distance[inside] = np.abs(y[inside] - np.median(y[inside])) / spread
    return far_rows(distance, 4.0)


def robust_spread(values):
    scale = 1.4826 * np.median(np.abs(values - np.median(values)))
    return scale if scale > 0 else max(values.std(), 1e-300)


def details(x, y, plan, whole):
    n, counts = len(y.values), np.bincount(x.values)
    more = []
    if len(counts) == 2:
        a, b = y.values[x.values == 0], y.values[x.values == 1]
        gap = stats.ttest_ind(b, a, equal_var=False).confidence_interval()
        more.append(effect("mean_difference", b.mean() - a.mean(), gap.low, gap.high))
        stretch = 1.05 if plan.method == "mann_whitney" else 1.0
        mde = smallest("hedges_g", (Z95 + Z80) * np.sqrt(stretch * (1 / len(a) + 1 / len(b))))
    else:
        mde = smallest_f_share(
            "omega_squared" if plan.method != "kruskal" else "epsilon_squared", len(counts) - 1, n - len(counts), n
        )
    return {"groups": level_values(x.values, x.levels, y.values), "other_effects": more, "mde": mde}


run_battery(
    PROTOCOL,
    SimpleNamespace(
        prepare=prepare,
        choose=choose,
        estimate=estimate,
        outcome=outcome,
        direction=direction,
        both_methods=both_methods,
        other_method=True,
        far=far,
        details=details,
    ),
)
