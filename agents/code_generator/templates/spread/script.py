# ---- spread: does a number scatter more widely where another is higher? ----
from types import SimpleNamespace

import numpy as np
from scipy import optimize, stats

TESTS = {
    "pairs": "scipy.stats.spearmanr (of x with how far apart two rows of like x lie)",
    "threes": "scipy.stats.spearmanr (of x with how far a row lies from the line between its neighbours in x)",
    "koenker": "scipy.stats.chi2 (Koenker's studentised Breusch-Pagan test)",
}
WHY = (
    "rank correlation of x with how far apart the two rows of each pair lie that are next to each other in x, "
    "once a bent line is taken out: errors need not be normal or symmetric, nor the relation straight"
)
RATIO_METHOD = "scipy.stats.spearmanr (inverted, of the logarithm of how far apart two rows of like x lie)"
FEWEST = 40
# Pairs of rows up to which the interval of the ratio inverts the rank correlation; of more, it has the error of its t.
MOST_INVERTED = 20_000


def make_plan(method):
    return SimpleNamespace(method=method, test=TESTS[method], why=WHY, assumptions=[], caveats=[])


def choose(x, y, test):
    if x.levels is not None or y.levels is not None:
        raise NotTestable("both columns must be numeric")
    if len(x.values) < FEWEST:
        raise NotTestable(f"fewer than {FEWEST} complete rows ({len(x.values)}): too few to tell a spread")
    for column, least in ((x, 4), (y, 10)):
        if len(np.unique(column.values)) < least:
            raise NotTestable(f"{column.name!r} has fewer than {least} different values")
    plan = make_plan("pairs")
    left = off_line(x.values, y.values)[in_order(x.values)]
    drift = neighbours(ranks(left))
    p = float(2 * stats.norm.sf(abs(drift) * np.sqrt(len(left))))
    holds = bool(p >= 0.001 or drift < 0.15)
    plan.assumptions = [
        {
            "name": f"{y.name} follows a smooth line over {x.name}",
            "check": "rank correlation of neighbouring residuals in order of x",
            "statistic": drift,
            "p": p,
            "holds": holds,
        }
    ]
    plan.caveats = [] if holds else ["assumption_violated"]
    return plan


def bends(x):
    """x and its restricted cubic spline terms: straight beyond the outer knots, which lie at quantiles (Harrell 2015)."""
    count, outer = (3, 0.1) if len(x) < 60 else (4, 0.05) if len(x) < 100 else (5, 0.05) if len(x) < 300 else (7, 0.02)
    knots = np.unique(np.quantile(x, np.linspace(outer, 1 - outer, count)))
    columns = [x]
    if len(knots) >= 3:
        cubed = [np.maximum(x - knot, 0.0) ** 3 / (knots[-1] - knots[0]) ** 2 for knot in knots]
        last = knots[-1] - knots[-2]
        for knot, above in zip(knots[:-2], cubed[:-2]):
            columns.append(above - cubed[-2] * (knots[-1] - knot) / last + cubed[-1] * (knots[-2] - knot) / last)
    return basis(np.column_stack(columns))


def off_line(x, y):
    """Residuals of y from a bent line over x, as if no row had drawn the line towards itself."""
    design = np.column_stack([np.full(len(x), len(x) ** -0.5), bends(x)])
    room = np.sqrt(np.maximum(1 - (design**2).sum(axis=1), 0.05))
    return (y - design @ (design.T @ y)) / room


def in_order(x):
    """Row numbers by x; equal ones by lot, because a file may have them in an order that tells of y."""
    lot = np.random.default_rng(PROTOCOL.get("seed", 0)).permutation(len(x))
    return lot[np.argsort(x[lot], kind="stable")]


def in_pairs(x, y):
    """(x, distance) of rows two by two in order of x. Of skewed errors the difference of two is symmetric, so that an
    uncertain line cannot pass for spread, as it can with distances from the line (Godfrey 1996, J. Econometrics 72);
    and where the line does not follow y, two neighbours are off it alike."""
    order = in_order(x)
    left, x = off_line(x, y)[order], x[order]
    last = len(x) // 2 * 2
    return (x[0:last:2] + x[1:last:2]) / 2, np.abs(left[0:last:2] - left[1:last:2])


def in_threes(x, y):
    """(x, distance) of the middle one of every three rows in order of x from the line between the outer two (Gasser,
    Sroka and Jennen-Steinmetz 1986): no line has to be fitted."""
    order = in_order(x)
    threes = order[: len(order) // 3 * 3].reshape(-1, 3)
    (a, b, c), (low, middle, high) = x[threes].T, y[threes].T
    share = np.divide(b - a, c - a, out=np.full(len(a), 0.5), where=c > a)
    between = (1 - share) * low + share * high
    return b, np.abs(middle - between) / np.sqrt(1 + (1 - share) ** 2 + share**2)


def estimate(x, y, plan):
    if len(x) < FEWEST or np.ptp(x) == 0 or np.ptp(y) == 0:
        return None
    if plan.method == "koenker":
        return koenker(x, y)
    place, apart = in_pairs(x, y) if plan.method == "pairs" else in_threes(x, y)
    if np.ptp(place) == 0 or np.ptp(apart) == 0:
        return None
    rho, p = clean_p(stats.spearmanr(place, apart))
    if p is None:
        return None
    return {
        "n": len(x),
        "statistic": rho,
        "p": p,
        "effect": correlation_effect("rho", rho, len(place), True),
        "direction": direction(rho, plan),
    }


def rank_trend(place, values, slope):
    """Spearman's correlation of places with values from which a line of that slope is taken off."""
    return float(np.corrcoef(ranks(place), ranks(values - slope * place))[0, 1])


@beside_test
def units(x, y, plan, mask, dependence):
    """The factor by which the standard deviation of y grows per unit of x. It is the slope over x of the logarithm of
    the distances of `in_pairs` that leaves no rank correlation once it is taken off; the interval holds the slopes that
    leave one of which p is .05 or more (Lehmann 1963, Annals of Mathematical Statistics 34)."""
    place, apart = in_pairs(x.values[mask], y.values[mask])
    logs = np.where(apart > 0, np.log(np.maximum(apart, 1e-300)), -np.inf)
    t, free = stats.t.isf(0.025, len(place) - 2), len(place) - 2
    value, limit = crossing(place, logs, 0.0), t / np.sqrt(t * t + free)
    if len(place) > MOST_INVERTED:
        r = rank_trend(place, logs, 0.0)
        plain = in_units("sd_ratio", *np.exp([value, value, value]), RATIO_METHOD)
        found = correlation_estimate(r, len(place), free)
        return by_model(plain, dependence, mask, False) if dependence else with_error_of(plain, found, RATIO_METHOD)
    low, high = crossing(place, logs, limit), crossing(place, logs, -limit)
    if not low <= value <= high:
        return None
    plain = in_units("sd_ratio", *np.exp([value, low, high]), RATIO_METHOD)
    return by_model(plain, dependence, mask, False)


def crossing(place, logs, level):
    """The slope at which the rank correlation, which falls with it, passes a level; NaN where it never does."""
    beyond = lambda slope: rank_trend(place, logs, slope) - level
    apart = beyond(0.0)
    # Of two normal columns the rank correlation is nearly the slope in standard deviations.
    step = max(1.2 * abs(apart) * logs[np.isfinite(logs)].std() / place.std(), 1e-4 / np.ptp(place))
    near, far = 0.0, np.copysign(step, apart)
    while beyond(far) * apart > 0:
        near, far = far, 2 * far
        if abs(far) * np.ptp(place) > 1e3:
            return np.nan
    return float(optimize.brentq(beyond, near, far, xtol=1e-6 * abs(far)))


def koenker(x, y):
    """n r^2 of the squared residuals with x (Koenker 1981, J. Econometrics 17)."""
    squares = off_line(x, y) ** 2
    if np.ptp(squares) == 0:
        return None
    r = float(np.corrcoef(x, squares)[0, 1])
    return {
        "n": len(x),
        "statistic": len(x) * r * r,
        "p": float(stats.chi2.sf(len(x) * r * r, 1)),
        "effect": effect("r", r, None, None),
        "direction": direction(r, None),
    }


def outcome(x, y, plan):
    """Row by row, as other columns and units go with single rows: the distance from the line."""
    return ranks(x.values)[:, None], ranks(np.abs(off_line(x.values, y.values)))[:, None]


def direction(sign, plan):
    return "+" if sign >= 0 else "-"


def both_methods(plan):
    return make_plan("koenker"), plan


def far(x, y):
    """Rows far from the bulk of x, or from the line."""
    return far_rows(np.maximum(np.abs(robust_z(x)), np.abs(robust_z(off_line(x, y)))), 4.0)


def details(x, y, plan, whole):
    return {}


def detectable(x, y, plan, level):
    return {**smallest_r(len(x.values) // 2, level, 1.06), "name": "rho"}


def with_threes(table, explore, test, family):
    """The usual course, and a look that needs no line."""
    result = judge(table, explore, test, family)
    x, y, rows = load_pair(table, test)
    places, plan = table.checked_rows(np.arange(len(rows))), make_plan("threes")
    look = estimate(x.values[places], y.values[places], plan)
    if look is not None:
        found, way, size = SimpleNamespace(variants=result["variants"]), look["direction"], look["effect"]
        add_variant(found, "threes", plan.test, look["n"], look["statistic"], look["p"], size, way, result["whole"])
    return result


run_battery(
    PROTOCOL,
    SimpleNamespace(
        judge=with_threes,
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
    ),
)
