# ---- group_numeric: does a number differ between groups? ----
from types import SimpleNamespace

import numpy as np
from scipy import stats

TESTS = {
    "welch_t": "scipy.stats.ttest_ind",
    "mann_whitney": "scipy.stats.mannwhitneyu",
    "brunner_munzel": "scipy.stats.brunnermunzel",
    "welch_anova": "scipy.stats.f_oneway",
    "welch_ranks": "scipy.stats.f_oneway (of ranks)",
}
RANKED = ("mann_whitney", "brunner_munzel", "welch_ranks")
# Rows of the smallest group below which p comes from reordered rows, and below which spreads cannot be told.
FEW, TOO_FEW = 10, 6


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
    to estimate. All but the test for tiny groups hold where groups differ in spread."""
    counts = np.bincount(x.values)
    assumptions = [shape_assumption(y.name, y.values)]
    pieces = [y.values[x.values == code] for code in range(len(counts))]
    if min(counts) >= 3:
        levene = clean_p(stats.levene(*pieces))
        if levene[1] is not None:
            assumptions.append(
                {
                    "name": "equal variances (not needed by these tests)",
                    "check": "scipy.stats.levene",
                    "statistic": levene[0],
                    "p": levene[1],
                    "holds": levene[1] >= 0.05,
                }
            )
    two, least = len(counts) == 2, min(counts)
    by_rank = "mann_whitney" if two and least < TOO_FEW else "brunner_munzel" if two else "welch_ranks"
    if y.ranked:
        method, why = by_rank, f"rank test, because of {y.name} only the order counts"
    elif is_heavy(y.values):
        method, why = by_rank, f"rank test, because {y.name} has strong skew or far outliers"
    elif is_lopsided(y.values, least):
        method, why = by_rank, f"rank test, because {y.name} is skewed and the smallest group has {least} rows"
    elif two and least < TOO_FEW:
        method = "mann_whitney"
        why = f"rank test, because the smaller group ({least} rows) is too small to estimate a variance from"
    elif two:
        method, why = "welch_t", "difference of two means without assuming equal variances"
    else:
        method, why = "welch_anova", f"difference of {len(counts)} means without assuming equal variances"
    if least < FEW and method in ("brunner_munzel", "welch_anova", "welch_ranks"):
        why += f"; a small p by reordering rows, because the smallest group has {least}"
    return make_plan(method, x.levels, why + prepare.note, assumptions)


def estimate(x, y, plan):
    codes, pieces = np.unique(x), [y[x == code] for code in np.unique(x)]
    if len(codes) < len(plan.levels) and len(codes) < 2 or min(len(piece) for piece in pieces) < 2 or np.ptp(y) == 0:
        return None
    n, method = len(y), plan.method
    means = [piece.mean() for piece in pieces]
    top = plan.levels[codes[int(np.argmax(means))]]
    two, places = len(pieces) == 2, np.unique(x, return_inverse=True)[1]
    if method == "welch_t" and two:
        a, b = pieces
        if np.ptp(a) == 0 and np.ptp(b) == 0:
            return None
        statistic, p = clean_p(stats.ttest_ind(b, a, equal_var=False))
        size = hedges_g(a, b)
    elif method in ("mann_whitney", "brunner_munzel") and two:
        statistic, p, size = superiority(*pieces, method)
    else:
        rank = method in ("welch_ranks", "mann_whitney", "brunner_munzel")
        statistic, p, size = spread_proof(ranks(y) if rank else y, places, rank)
    if p is None:
        return None
    return {"n": n, "statistic": statistic, "p": p, "effect": size, "direction": top}


def superiority(a, b, method):
    """(statistic, p, effect) of the chance that a row of the second group is larger, with the interval of the same
    test (Brunner and Munzel 2000, Biometrical J. 42); Mann and Whitney's for tiny groups, and where the groups do
    not overlap."""
    n, m = len(a), len(b)
    area = float(stats.mannwhitneyu(b, a).statistic) / (n * m)
    sides = np.r_[np.zeros(n, int), np.ones(m, int)]
    statistic, error, free = (float(value) for value in brunner_munzel(np.r_[a, b], sides))
    if method == "mann_whitney" or error == 0:
        statistic, p = clean_p(stats.mannwhitneyu(b, a))
        low, high = area_interval(area, n, m)
        return statistic, p, effect("rank_biserial", 2 * area - 1, 2 * low - 1, 2 * high - 1)
    p = float(2 * stats.t.sf(abs(statistic), free))
    if min(n, m) < FEW and p < 0.1:
        p = reordered(np.r_[a, b], sides, lambda y, g: np.abs(brunner_munzel(y, g)[0]))
        error = abs(area - 0.5) / stats.norm.isf(p / 2) if p < 1 and area != 0.5 else error
        half = Z95 * error
    else:
        half = stats.t.isf(0.025, free) * error
    low, high = (float(np.clip(2 * end - 1, -1, 1)) for end in (area - half, area + half))
    return statistic, p, effect("rank_biserial", 2 * area - 1, low, high)


def brunner_munzel(values, places):
    """(t, standard error of the chance, degrees of freedom) of two groups, numbered 0 and 1; no error where they do not
    overlap. Of a matrix, of each of its rows."""
    first, second = values[..., places == 0], values[..., places == 1]
    n, m = first.shape[-1], second.shape[-1]
    all_ranks = stats.rankdata(values, axis=-1)
    ranks_one, ranks_two = all_ranks[..., places == 0], all_ranks[..., places == 1]
    chance = (ranks_two.mean(axis=-1) - (m + 1) / 2) / n
    va = (ranks_one - stats.rankdata(first, axis=-1)).var(axis=-1, ddof=1) / (m * m * n)
    vb = (ranks_two - stats.rankdata(second, axis=-1)).var(axis=-1, ddof=1) / (n * n * m)
    error = np.sqrt(np.where(va + vb > 1e-300, va + vb, 0.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.where(error > 0, (chance - 0.5) / error, np.copysign(np.inf, chance - 0.5))
        free = np.where(error > 0, error**4 / (va**2 / (n - 1) + vb**2 / (m - 1)), 1.0)
    return t, error, free


def spread_proof(y, places, rank):
    """(F, p, share of variance) of several groups by Welch's F (1951), which does not assume equal variances; a small
    p with small groups by reordering rows."""
    pieces = [y[places == code] for code in range(int(places.max()) + 1)]
    flat = any(np.ptp(piece) == 0 for piece in pieces)
    statistic, p = clean_p(stats.f_oneway(*pieces, equal_var=flat))
    if p is None:
        return None, None, None
    n, df1 = len(y), len(pieces) - 1
    df2 = n - len(pieces) if flat else welch_df(pieces)
    if min(len(piece) for piece in pieces) < FEW and p < 0.1:
        p = reordered(y, places, welch_statistic)
    size = omega_squared(statistic, df1, df2, n)
    if rank:
        equal = stats.f_oneway(*pieces)
        share = float(df1 * equal.statistic / (df1 * equal.statistic + n - len(pieces)))
        size = effect("epsilon_squared", share, min(size["ci_low"], share), max(size["ci_high"], share))
    return statistic, p, size


def welch_statistic(y, places):
    """The weighted spread of group means in Welch's F; of a matrix, of each of its rows."""
    inside = (places[:, None] == np.arange(int(places.max()) + 1)).astype(float)
    counts = inside.sum(axis=0)
    y = y - y.mean(axis=-1, keepdims=True)
    means = y @ inside / counts
    variances = np.maximum((y * y) @ inside - counts * means**2, 0.0) / (counts - 1)
    weights = counts / np.maximum(variances, 1e-300)
    middle = (weights * means).sum(axis=-1, keepdims=True) / weights.sum(axis=-1, keepdims=True)
    return (weights * (means - middle) ** 2).sum(axis=-1)


def reordered(y, places, statistic):
    """p of a studentised statistic against rows in other orders, which stays right where spreads differ (Janssen 1997,
    Statistics and Probability Letters 36); more orders where the first find few as extreme."""
    random = np.random.default_rng(PROTOCOL.get("seed", 0))
    limit, found, done = statistic(y, places), 0, 0
    limit = limit * (1 - 1e-9) if np.isfinite(limit) else limit
    for count in (999, 9999, 99999):
        while done < count:
            batch = min(count - done, max(1, 400_000 // len(y)))
            orders = random.permuted(np.broadcast_to(y, (batch, len(y))), axis=1)
            found += int((statistic(orders, places) >= limit).sum())
            done += batch
        if found >= 10:
            break
    return (found + 1) / (done + 1)


def welch_df(pieces):
    """Denominator degrees of freedom of Welch's F (1951)."""
    k = len(pieces)
    weights = np.array([len(piece) / piece.var(ddof=1) for piece in pieces])
    slack = sum((1 - w / weights.sum()) ** 2 / (len(piece) - 1) for w, piece in zip(weights, pieces))
    return (k * k - 1) / (3 * slack)


def outcome(x, y, plan):
    values = ranks(y.values) if plan.method in RANKED else y.values
    return level_columns(x.values, plan), values[:, None].astype(float)


def level_columns(codes, plan):
    return (codes == 1).astype(float)[:, None] if len(plan.levels) == 2 else indicators(codes)


def direction(sign, plan):
    return plan.levels[1] if sign >= 0 else plan.levels[0]


def both_methods(plan):
    two = len(plan.levels) == 2
    rank = plan.method if plan.method in RANKED else "brunner_munzel" if two else "welch_ranks"
    return make_plan("welch_t" if two else "welch_anova", plan.levels), make_plan(rank, plan.levels)


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


@beside_test
def units(x, y, plan, mask, dependence):
    if len(plan.levels) != 2:
        return None
    plain = mean_difference_in_units(x.values[mask], y.values[mask], plan.levels)
    return upper_first(by_model(plain, dependence, mask, plan.method not in RANKED))


@beside_test
def contrasts(x, y, plan, dependence):
    if dependence is None:
        return games_howell(x.values, y.values, plan.levels)
    return contrasts_by_model(dependence, x.values, y.values, None, plan.levels)


def details(x, y, plan, whole):
    more = []
    if len(x.levels) == 2:
        a, b = y.values[x.values == 0], y.values[x.values == 1]
        gap = stats.ttest_ind(b, a, equal_var=False).confidence_interval()
        more.append(effect("mean_difference", b.mean() - a.mean(), gap.low, gap.high))
    return {"groups": level_values(x.values, x.levels, y.values), "other_effects": more}


def detectable(x, y, plan, level):
    counts, n, rank = np.bincount(x.values, minlength=len(x.levels)), len(y.values), plan.method in RANKED
    if len(counts) == 2:
        return smallest("hedges_g", errors_away(level) * np.sqrt((1.05 if rank else 1.0) * (1 / counts).sum()), level)
    name = "epsilon_squared" if rank else "omega_squared"
    return smallest_f_share(name, len(counts) - 1, n - len(counts), n, level)


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
        detectable=detectable,
        units=units,
        contrasts=contrasts,
    ),
)
