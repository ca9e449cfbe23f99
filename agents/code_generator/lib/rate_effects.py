# ---- rate effects: ratios of odds and of rates, shares explained, and differences of all pairs ----
import numpy as np
from scipy import stats

MOST_RATE_PAIRS = 10
ERRORS_OF = {
    "t_rows": "errors by leaving out one row at a time",
    "f_rows": "errors by leaving out one row at a time",
    "units": "errors clustered",
}


def as_estimate(found, x, ratio):
    """E of an estimate, with its effect in units."""
    if found is None or not np.isfinite(found.p):
        return None
    single = len(found.beta) == 1
    if single:
        size = effect(f"{ratio}_per_sd" if x.levels is None else ratio, *ratio_ends(found))
        way = ("+" if found.beta[0] >= 0 else "-") if x.levels is None else x.levels[int(found.beta[0] >= 0)]
    else:
        size, way = share_explained(found), x.levels[int(np.argmax(np.r_[0.0, found.beta]))]
    return {
        "n": found.n,
        "statistic": found.statistic,
        "p": found.p,
        "effect": size,
        "direction": way,
        "units": ratio_in_units(found, x, ratio) if single else None,
    }


def ratio_ends(found, scale=1.0, sign=1.0):
    """(ratio, low, high) of a single coefficient times `scale`; ends that are infinite are None."""
    ends = sorted((sign * found.low, sign * found.high))
    turn = lambda end: float(np.exp(np.clip(end * scale, -700, 700))) if np.isfinite(end) else None
    return turn(sign * found.beta[0]), *(turn(end) for end in ends)


def share_explained(found):
    """The partial multiple correlation of several columns, with the interval of F."""
    k, below = len(found.beta), found.df
    value = float(np.sqrt(found.statistic * k / (found.statistic * k + below)))
    low, high = noncentral_f_interval(found.statistic, k, below)
    turn = lambda size: float(np.sqrt(size / (size + k + below + 1)))
    return effect("partial_v", value, min(turn(low), value), max(turn(high), value))


def ratio_in_units(found, x, ratio):
    """The ratio per unit of a number; of two levels that of the level with the larger share or rate to the other."""
    if x.levels is None:
        value, low, high = ratio_ends(found, 1 / found.spread)
        contrast = None
    else:
        up = found.beta[0] >= 0
        value, low, high = ratio_ends(found, 1.0, 1.0 if up else -1.0)
        contrast = {"level": x.levels[int(up)], "reference": x.levels[int(not up)]}
    interval = "score" if found.separated else "Wald"
    method = f"{interval} interval of a {family_of(ratio)} model, {ERRORS_OF.get(found.way, 'dispersion estimated')}"
    return {
        "name": ratio, "value": value, "ci_low": low, "ci_high": high, "ci_level": 0.95, "contrast": contrast,
        "method": method,
    }  # fmt: skip


def family_of(ratio):
    return "binomial" if ratio == "odds_ratio" else "Poisson"


def rate_contrasts(found, x, data):
    """Differences of the shares or rates of all pairs of three or more levels, each averaged over the rows' other
    columns, with errors by the delta method and Bonferroni's allowance for the number of pairs; largest first."""
    if x.levels is None or found.separated or not 3 <= len(x.levels) <= MOST_RATE_PAIRS:
        return None
    k, weights = len(found.beta), data.amount / data.amount.sum()
    shares, slopes = [], []
    for code in range(len(x.levels)):
        design = found.design.copy()
        design[:, :k] = 0.0
        if code:
            design[:, code - 1] = 1.0
        mean, variance = means_of(data, data.offset + design @ found.fit.beta)
        shares.append(float((weights * mean / data.amount).sum()))
        slopes.append((weights * variance / data.amount) @ design)
    pairs = [(upper, lower) for upper in range(len(shares)) for lower in range(upper)]
    limit, rows = stats.t.isf(0.025 / len(pairs), found.df), []
    for upper, lower in pairs:
        if shares[upper] < shares[lower]:
            upper, lower = lower, upper
        gap, turn = shares[upper] - shares[lower], slopes[upper] - slopes[lower]
        error = float(np.sqrt(max(turn @ covariance @ turn for covariance in found.covariances)))
        if not error > 0:
            return None
        ends = {"value": gap, "ci_low": float(gap - limit * error), "ci_high": float(gap + limit * error)}
        p = min(2 * float(stats.t.sf(gap / error, found.df)) * len(pairs), 1.0)
        rows.append({"level": x.levels[upper], "reference": x.levels[lower], "ci_level": 0.95, **ends, "p": p})
    return sorted(rows, key=lambda row: (-row["value"], row["level"], row["reference"]))


def smallest_ratio(found, x, ratio, level):
    """The smallest effect that a model with these errors finds at a level; None where it has no finite estimate."""
    if found is None or found.separated or not found.df > 0:
        return None
    if len(found.beta) > 1:
        return smallest_partial("partial_v", len(found.beta), found.df, level)
    error = abs(float(found.beta[0]) / found.statistic) if abs(found.statistic) > 1e-6 else np.nan
    if not np.isfinite(error):
        return None
    name = f"{ratio}_per_sd" if x.levels is None else ratio
    return smallest(name, float(np.exp(min(errors_away(level, found.df) * error, 50.0))), level)


def relation_size(estimate):
    """The logarithm of a ratio, or the partial correlation of several levels."""
    value = estimate["effect"]["value"]
    return value if estimate["effect"]["name"] == "partial_v" else float(np.log(max(value, 1e-300)))
