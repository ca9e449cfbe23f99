# ---- numeric_numeric: do two numbers rise and fall together? ----
from types import SimpleNamespace

import numpy as np
from scipy import stats

TESTS = {
    "pearson": "scipy.stats.t (slope of a line, errors for unequal spread)",
    "spearman": "scipy.stats.t (slope of ranks, errors for unequal spread)",
}
FEW = 25


def make_plan(method, assumptions, why):
    return SimpleNamespace(method=method, test=TESTS[method], why=why, assumptions=assumptions)


def choose(x, y, test):
    """Pearson, unless a column by itself has strong skew or far outliers, or only its order counts."""
    if x.levels is not None or y.levels is not None:
        raise NotTestable("both columns must be numeric")
    assumptions = [shape_assumption(x.name, x.values), shape_assumption(y.name, y.values)]
    ranked = [column.name for column in (x, y) if column.ranked]
    if ranked:
        return make_plan("spearman", assumptions, f"rank correlation, because of {' and '.join(ranked)} only the order counts")
    heavy = [column.name for column in (x, y) if is_heavy(column.values)]
    if heavy:
        few = f"; its p by reordering rows, because there are fewer than {FEW}" if len(x.values) < FEW else ""
        return make_plan(
            "spearman",
            assumptions,
            f"rank correlation, because {' and '.join(heavy)} has strong skew or far outliers{few}",
        )
    return make_plan(
        "pearson", assumptions, "linear correlation of two numeric columns, neither with strong skew or far outliers; p without assuming equal spread"
    )


def estimate(x, y, plan):
    if len(x) < 4 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return None
    rank = plan.method == "spearman"
    if rank:
        x, y = ranks(x), ranks(y)
    r = float(np.clip(np.corrcoef(x, y)[0, 1], -1, 1))
    t, p = robust_slope(x, y)
    if not np.isfinite(r) or not np.isfinite(p):
        return None
    if rank and len(x) < FEW and p < 0.2:
        p = reordered_p(x, y)
        t = float(np.copysign(stats.t.isf(p / 2, len(x) - 2), r))
    return {
        "n": len(x),
        "statistic": t,
        "p": p,
        "effect": effect("rho" if rank else "r", r, *r_interval(r, t, len(x) - 2).values()),
        "direction": direction(r, plan),
    }


def reordered_p(x, y):
    """p of two columns of ranks: Student's t is too bold in the tail for few of them; more reorderings where the first find
    none as extreme."""
    for count in (9999, 99999):
        method = stats.PermutationMethod(
            n_resamples=count, rng=np.random.default_rng(PROTOCOL.get("seed", 0)), batch=10000
        )
        p = float(stats.pearsonr(x, y, method=method).pvalue)
        if p > 10 / count:
            break
    return p


def outcome(x, y, plan):
    turn = ranks if plan.method == "spearman" else np.asarray
    return turn(x.values)[:, None].astype(float), turn(y.values)[:, None].astype(float)


def direction(sign, plan):
    return "+" if sign >= 0 else "-"


def both_methods(plan):
    return make_plan("pearson", [], ""), make_plan("spearman", [], "")


def far(x, y):
    """Rows far from the bulk of both columns together, by robust distance along the rank correlation."""
    a, b = robust_z(x), robust_z(y)
    rho = stats.spearmanr(x, y).statistic
    rho = float(np.clip(rho, -0.95, 0.95)) if np.isfinite(rho) else 0.0
    return far_rows((a * a - 2 * rho * a * b + b * b) / (1 - rho * rho), 16.0)


def curvature(x, y):
    """What x squared adds to a straight line: {n, r, p, gain, shape}; the far rows are left out."""
    keep = np.ones(len(x), dtype=bool)
    keep[far(x, y)] = False
    x, y = x[keep], y[keep]
    if len(x) < 20 or len(np.unique(x)) < 4 or np.ptp(y) == 0:
        return None
    scaled = (x - x.mean()) / x.std()
    line = associate(scaled[:, None], y[:, None])
    bend = associate((scaled**2)[:, None], y[:, None], scaled[:, None])
    if line is None or bend is None:
        return None
    c2, c1, _ = np.polyfit(scaled, y, 2)
    turn = -c1 / (2 * c2) if c2 else np.inf
    shape = shape_about(scaled, y, turn)
    return {"n": len(x), "r": bend["r"], "p": bend["p"], "gain": bend["r"] ** 2 * (1 - line["r"] ** 2), "shape": shape}


def shape_about(x, y, turn):
    """U shape where y clearly falls on one side of the turning point and rises on the other (two lines; Simonsohn 2018)."""
    slopes = []
    for side in (x <= turn, x > turn):
        part = associate(x[side][:, None], y[side][:, None]) if side.sum() >= 10 else None
        if part is None or part["p"] >= 0.01:
            return "bent"
        slopes.append(part["sign"])
    return "bent" if slopes[0] == slopes[1] else "u_shape" if slopes[0] < 0 else "inverted_u_shape"


@beside_test
def units(x, y, plan, mask, dependence):
    plain = slope_in_units(x.values[mask], y.values[mask])
    return by_model(plain, dependence, mask, plan.method == "pearson")


def details(x, y, plan, whole):
    slope = stats.linregress(x.values, y.values).slope
    t, _ = robust_slope(x.values, y.values)
    half = stats.t.isf(0.025, len(x.values) - 2) * abs(slope / t) if t else 0.0
    return {"other_effects": [effect("slope", slope, slope - half, slope + half)]}


def detectable(x, y, plan, level):
    rank = plan.method == "spearman"
    return {**smallest_r(len(x.values), level, 1.06 if rank else 1.0), "name": "rho" if rank else "r"}


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
