# ---- numeric_binary: does the chance of an outcome rise or fall with a number? ----
from types import SimpleNamespace

import numpy as np
from scipy import stats

TESTS = {
    "logistic": "scipy.stats.chi2 (likelihood ratio of a logistic regression)",
    "mann_whitney": "scipy.stats.mannwhitneyu",
}


def make_plan(method, plan=None, **more):
    kept = {} if plan is None else {"levels": plan.levels, "y_level": plan.y_level, "code": plan.code, "caveats": []}
    return SimpleNamespace(**{**kept, "method": method, "test": TESTS[method], "why": "", "assumptions": [], **more})


def choose(x, y, test):
    """Logistic regression, or a rank test where x has strong skew or far outliers, or splits the outcome perfectly."""
    if x.levels is not None or y.levels is None:
        raise NotTestable("x must be a number and y a binary outcome")
    if len(y.levels) != 2:
        raise NotTestable(f"{y.name!r} has {len(y.levels)} levels where {x.name!r} is filled; a binary outcome needs 2")
    if np.bincount(y.values).min() < 3:
        raise NotTestable(f"one level of {y.name!r} has fewer than 3 rows")
    level = event_level(y.levels, test.get("y_level"))
    shared = {
        "levels": y.levels,
        "y_level": level,
        "code": y.levels.index(level),
        "caveats": [],
        "assumptions": [shape_assumption(x.name, x.values)],
    }
    if x.ranked:
        return make_plan("mann_whitney", why=f"rank test, because of {x.name} only the order counts", **shared)
    if np.bincount(y.values).min() < 10:
        return make_plan(
            "mann_whitney",
            why=f"rank test, because a level of {y.name} has fewer than 10 rows, too few for a likelihood ratio",
            **shared,
        )
    if is_lopsided(x.values, np.bincount(y.values).min()):
        return make_plan(
            "mann_whitney", why=f"rank test, because {x.name} is skewed and a level of {y.name} has few rows", **shared
        )
    if is_heavy(x.values):
        return make_plan("mann_whitney", why=f"rank test, because {x.name} has strong skew or far outliers", **shared)
    plan = make_plan(
        "logistic", why=f"likelihood-ratio test of a logistic regression on standardised {x.name}", **shared
    )
    try:
        logistic_of(x.values, (y.values == plan.code).astype(float))
    except Separated:
        # The one choice that looks at both columns: with perfect separation the likelihood has no maximum.
        why = f"rank test, because {x.name} separates the levels of {y.name} perfectly and a logistic regression has no finite estimate"
        return make_plan("mann_whitney", **{**shared, "why": why, "caveats": ["separation"]})
    return plan


def logistic_of(x, y):
    scaled = (x - x.mean()) / x.std(ddof=1)
    return logistic_fit(np.column_stack([np.ones(len(x)), scaled]), y)


def estimate(x, codes, plan):
    y = (codes == plan.code).astype(float)
    events = int(y.sum())
    if min(events, len(y) - events) < 2 or np.ptp(x) == 0:
        return None
    inside, outside = x[y == 1], x[y == 0]
    if plan.method == "logistic":
        try:
            beta, covariance, likelihood = logistic_of(x, y)
        except Separated:
            return estimate(x, codes, make_plan("mann_whitney", plan))
        share = events / len(y)
        statistic = max(2 * (likelihood - len(y) * (share * np.log(share) + (1 - share) * np.log(1 - share))), 0.0)
        p, half = float(stats.chi2.sf(statistic, 1)), 1.959964 * np.sqrt(covariance[1, 1])
        size = effect("odds_ratio_per_sd", *np.exp(np.clip([beta[1], beta[1] - half, beta[1] + half], -700, 700)))
        sign = beta[1]
    else:
        statistic, p = clean_p(stats.mannwhitneyu(inside, outside))
        if p is None:
            return None
        area = statistic / (len(inside) * len(outside))
        size, sign = effect("auc", area, *area_interval(area, len(inside), len(outside))), area - 0.5
    return {"n": len(x), "statistic": statistic, "p": p, "effect": size, "direction": direction(sign, plan)}


def outcome(x, y, plan):
    values = ranks(x.values) if plan.method == "mann_whitney" else x.values
    return values[:, None].astype(float), (y.values == plan.code).astype(float)[:, None]


def direction(sign, plan):
    return "+" if sign >= 0 else "-"


def both_methods(plan):
    return make_plan("logistic", plan), make_plan("mann_whitney", plan)


def far(x, codes):
    """Rows far from the middle of x in their own level of the outcome."""
    distance = np.zeros(len(x))
    scale = 1.4826 * np.median(np.abs(x - np.median(x)))
    scale = scale if scale > 0 else max(x.std(), 1e-300)
    for code in np.unique(codes):
        distance[codes == code] = np.abs(x[codes == code] - np.median(x[codes == code])) / scale
    return far_rows(distance, 4.0)


def curvature(x, codes):
    """What x squared adds to a straight line in the chance of the outcome."""
    keep = np.ones(len(x), dtype=bool)
    keep[far_rows(np.abs(robust_z(x)), 4.0)] = False
    x, y = x[keep], codes[keep].astype(float)[:, None]
    if len(x) < 20 or len(np.unique(x)) < 4 or np.ptp(y) == 0:
        return None
    scaled = ((x - x.mean()) / x.std())[:, None]
    line, bend = associate(scaled, y), associate(scaled**2, y, scaled)
    if line is None or bend is None or bend["r"] ** 2 < line["r"] ** 2:
        return None  # an S-shaped rise always bends a straight line a little
    return {
        "n": len(x),
        "r": bend["r"],
        "p": bend["p"],
        "gain": bend["r"] ** 2 * (1 - line["r"] ** 2),
        "shape": "u_shape" if line["r"] ** 2 < 0.1 else "bent",
    }


@beside_test
def units(x, y, plan, mask, dependence):
    """The odds ratio per unit of x by the logistic regression, whichever test judges."""
    values, events = x.values[mask], (y.values[mask] == plan.code).astype(float)
    beta, covariance, _ = logistic_of(values, events)
    ends = np.exp(beta[1] + 1.959964 * np.sqrt(covariance[1, 1]) * np.array([0.0, -1.0, 1.0]))
    plain = ratio_in_units(effect("odds_ratio_per_sd", *ends), values.std(ddof=1))
    return by_model(plain, dependence, mask, True)


def details(x, y, plan, whole):
    event = y.values == plan.code
    means = level_values(y.values, y.levels, x.values)
    a, b = x.values[~event], x.values[event]
    gap = stats.ttest_ind(b, a, equal_var=False).confidence_interval()
    return {
        "x_means": means,
        "other_effects": [effect("mean_difference", b.mean() - a.mean(), gap.low, gap.high)],
    }


def detectable(x, y, plan, level):
    event = y.values == plan.code
    reach = errors_away(level) / np.sqrt(len(event) * event.mean() * (1 - event.mean()))
    if plan.method == "logistic":
        return smallest("odds_ratio_per_sd", float(np.exp(min(reach, 50))), level)
    return smallest("auc", min(stats.norm.cdf(reach / np.sqrt(2) * 1.03), 1.0), level)


run_battery(
    PROTOCOL,
    SimpleNamespace(
        choose=choose,
        estimate=estimate,
        outcome=outcome,
        direction=direction,
        both_methods=both_methods,
        other_method=True,
        far=far,
        curvature=curvature,
        details=details,
        detectable=detectable,
        units=units,
    ),
)
