# ---- units: effects in the units of the outcome, with 95 % intervals ----
# What a test shows is given a second time in units that people use: slopes, differences of means and of shares, odds
# ratios per unit. These stand beside the test: what cannot be computed is null and costs the test nothing. Where rows
# depend on each other, point and interval are those of the model that gives p, so that both leave out "no effect" together.
import functools
import warnings

import numpy as np
from scipy import optimize, stats

# Groups that are compared in pairs, at most; on a map, where each pair is a model of its own.
MOST_COMPARED, MOST_COMPARED_ON_MAP = 10, 4
SLOPE_METHOD = "scipy.stats.t (slope of a line, errors for unequal spread)"
ADJUSTED_METHODS = {
    "uneven": "scipy.stats.t (linear model, errors for unequal spread)",
    "even": "scipy.stats.t (linear model, errors of equal spread)",
    "larger": "scipy.stats.t (linear model, errors of equal spread)",
}
WELCH_METHOD = "scipy.stats.ttest_ind (equal_var=False)"
SCORE_METHOD = "score interval of a difference of shares (Mee 1984)"
WALD_METHODS = {
    "odds_ratio": "Wald interval of a logistic regression",
    "hazard_ratio": "Wald interval of Cox's proportional hazards",
}
RANKS_METHOD = "scipy.stats.t (the estimate with the error of the test of ranks)"
PAIRS_METHOD = "scipy.stats.ttest_rel"


def beside_test(measure):
    """`measure`, with None for whatever it cannot compute."""

    @functools.wraps(measure)
    def guarded(*given):
        try:
            with np.errstate(all="ignore"), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return measure(*given)
        except Exception:
            # Absurd numbers must not cost a test that can be made of them.
            return None

    return guarded


def in_units(name, value, low, high, method, contrast=None):
    """The effect in units, or None where it is no finite number; ends that are none become null together."""
    if not np.isfinite(value):
        return None
    if not (np.isfinite(low) and np.isfinite(high)):
        low = high = None
    return {
        "name": name,
        "value": float(value),
        "ci_low": None if low is None else float(low),
        "ci_high": None if high is None else float(high),
        "ci_level": 0.95,
        "contrast": contrast,
        "method": method,
    }


def with_units(found, units):
    """The estimate of a part of the rows with its effect in units; None where there is none."""
    return found and {**found, "units": units}


def is_ratio(found):
    return found["name"].endswith("_ratio")


def upper_first(found):
    """A difference of two levels turned so that the level with the higher mean, share or odds comes first."""
    ratio = found is not None and is_ratio(found)
    if found is None or found["value"] >= (1.0 if ratio else 0.0):
        return found
    turn = (lambda end: None if end is None else 1 / end) if ratio else (lambda end: None if end is None else -end)
    contrast = {"level": found["contrast"]["reference"], "reference": found["contrast"]["level"]}
    return {
        **found,
        "value": turn(found["value"]),
        "ci_low": turn(found["ci_high"]),
        "ci_high": turn(found["ci_low"]),
        "contrast": contrast,
    }


def of_levels(levels):
    """The second of two levels against the first."""
    return {"level": levels[1], "reference": levels[0]}


def slope_in_units(x, y):
    """The slope of y on x per unit of x, with HC3 errors and t of n - 2 degrees of freedom."""
    t, _ = robust_slope(x, y)
    apart = x - x.mean()
    slope = float((apart * (y - y.mean())).sum() / (apart * apart).sum())
    half = stats.t.isf(0.025, len(x) - 2) * abs(slope / t) if t else np.nan
    return in_units("slope", slope, slope - half, slope + half, SLOPE_METHOD)


def mean_difference_in_units(codes, values, levels):
    """The mean of the second of two levels less that of the first, with Welch's interval."""
    first, second = values[codes == 0], values[codes == 1]
    gap = stats.ttest_ind(second, first, equal_var=False).confidence_interval()
    return in_units("mean_difference", second.mean() - first.mean(), gap.low, gap.high, WELCH_METHOD, of_levels(levels))


def risk_difference_in_units(codes, events, levels):
    """The share of events in the second of two levels less that in the first."""
    counts = [int((codes == code).sum()) for code in (0, 1)]
    found = [int(events[codes == code].sum()) for code in (0, 1)]
    if min(counts) == 0:
        return None
    low, high = score_interval(found[1], counts[1], found[0], counts[0])
    gap = found[1] / counts[1] - found[0] / counts[0]
    return in_units("risk_difference", gap, low, high, SCORE_METHOD, of_levels(levels))


def score_interval(a, n, c, m):
    """The 95 % interval of a/n - c/m that inverts the chi-squared test: variances by maximum likelihood under each
    difference (Mee 1984, Biometrics 40; Miettinen and Nurminen 1985, Statistics in Medicine 4, without their factor
    N / (N - 1), so that 0 is left out exactly where the chi-squared test has p below .05)."""
    gap, limit = a / n - c / m, stats.norm.isf(0.025)

    def beyond(delta):
        p, q = restricted_shares(a, n, c, m, delta)
        variance = p * (1 - p) / n + q * (1 - q) / m
        return abs(gap - delta) / np.sqrt(max(variance, 1e-300)) - limit

    edge = 1 - 1e-12
    low = -1.0 if beyond(-edge) <= 0 or gap <= -edge else optimize.brentq(beyond, -edge, gap, xtol=1e-13)
    high = 1.0 if beyond(edge) <= 0 or gap >= edge else optimize.brentq(beyond, gap, edge, xtol=1e-13)
    return low, high


def restricted_shares(a, n, c, m, delta):
    """The most likely shares of which the first is `delta` more than the second (Farrington and Manning 1990,
    Statistics in Medicine 9, appendix)."""
    # The score equation of the second share is a cubic, whose middle root lies in the range.
    cubic, both = n + m, a + c
    square = (n + 2 * m) * delta - cubic - both
    linear = (m * delta - cubic - 2 * c) * delta + both
    constant = c * delta * (1 - delta)
    middle = (square / (3 * cubic)) ** 3 - linear * square / (6 * cubic**2) + constant / (2 * cubic)
    size = np.copysign(np.sqrt(max((square / (3 * cubic)) ** 2 - linear / (3 * cubic), 0.0)), middle)
    turn = (np.pi + np.arccos(np.clip(middle / size**3 if size else 0.0, -1, 1))) / 3
    q = float(np.clip(2 * size * np.cos(turn) - square / (3 * cubic), max(0.0, -delta), min(1.0, 1 - delta)))
    return float(np.clip(q + delta, 0.0, 1.0)), q


def ratio_in_units(size, spread, levels=None):
    """An odds or hazard ratio with its interval as an effect of a model has it, per unit of a column with that standard
    deviation; of two levels, the second against the first."""
    name = None if size is None or size["value"] is None else size["name"].removesuffix("_per_sd")
    if name not in ("odds_ratio", "hazard_ratio"):
        return None
    ends = [np.nan if size[end] is None else np.log(size[end]) / spread for end in ("value", "ci_low", "ci_high")]
    contrast = None if levels is None else of_levels(levels)
    return in_units(name, *np.exp(ends), WALD_METHODS[name], contrast)


def adjusted_in_units(column, y, base, levels=None):
    """What one unit of a column, or the second of two levels against the first, adds to y in a linear model with the
    columns of `base`, with the errors of its test."""
    fit = robust_fit(column[:, None], y, base)
    if fit is None:
        return None
    slope, half = fit["beta"][0], stats.t.isf(0.025, fit["free"]) * np.sqrt(fit["covariance"][0, 0])
    name, contrast = ("slope", None) if levels is None else ("mean_difference", of_levels(levels))
    return in_units(name, slope, slope - half, slope + half, ADJUSTED_METHODS[fit["way"]], contrast)


def paired_in_units(gaps, names):
    """The mean of the second of two measurements less the first, with the interval of Student's t."""
    half = stats.t.isf(0.025, len(gaps) - 1) * gaps.std(ddof=1) / np.sqrt(len(gaps))
    middle = gaps.mean()
    return in_units("mean_difference", middle, middle - half, middle + half, PAIRS_METHOD, of_levels(names))


def by_model(plain, dependence, mask, natural, scale=1.0):
    """An estimate in units by the model of how rows depend on each other. `natural` says that the model's columns are in
    units themselves, but for `scale`, by which its slope is multiplied; where they are ranks, the plain estimate gets the
    error of the model's t. None where the two do not point the same way and the model finds something."""
    if plain is None or dependence is None:
        return plain
    found = dependence.estimate(mask)
    # A correlation of rounding errors is that of a balanced design, whose error is nothing but rounding too.
    if found is None or found["sign"] == 0 or abs(found["r"]) < 1e-10:
        return None
    ratio = is_ratio(plain)
    value = np.log(plain["value"]) if ratio else plain["value"]
    if natural and not ratio:
        if found.get("slope") is None:
            return None
        value = found["slope"] * scale
    return with_error_of({**plain, "value": np.exp(value) if ratio else value}, found, dependence.test)


def with_error_of(plain, found, method):
    """An estimate in units with the error that another test's {statistic (t), df, p} gives it. None where the two do
    not point the same way and that test finds something."""
    ratio, t = is_ratio(plain), found["statistic"]
    value = np.log(plain["value"]) if ratio else plain["value"]
    half = stats.t.isf(0.025, found["df"]) * abs(value / t) if abs(t) > 1e-6 else np.nan
    if value * t < 0 and found["p"] < 0.05:
        return None
    ends = np.array([value, value - half, value + half])
    return in_units(plain["name"], *(np.exp(ends) if ratio else ends), method, plain["contrast"])


def of_single_fit(column, y, base, method, plain):
    """A plain estimate with the error of t of one column in a linear model of other scores of the same rows, such as
    ranks."""
    fit = robust_fit(column[:, None], y, base)
    if fit is None or plain is None:
        return None
    t = np.copysign(np.sqrt(fit["statistic"]), fit["beta"][0])
    return with_error_of(plain, {"statistic": t, "df": fit["free"], "p": fit["p"]}, method)


def as_share(found):
    """A slope or a difference of means of a 0/1 outcome under the name that says so."""
    return found and {**found, "name": "risk_difference"}


def contrast_of(levels, upper, lower, gap, error, free, count):
    """One of all pairs of `count` means, its p and interval by the studentized range, so that all hold together."""
    if gap < 0:
        upper, lower, gap = lower, upper, -gap
    half = range_limit(count, free) / np.sqrt(2) * error
    p = range_tail(np.sqrt(2) * gap / error, count, free)
    ends = {"value": float(gap), "ci_low": float(gap - half), "ci_high": float(gap + half), "p": min(max(p, 0.0), 1.0)}
    return {"level": levels[upper], "reference": levels[lower], "ci_level": 0.95, **ends}


def all_pairs(codes, levels, compare):
    """The contrasts of all pairs of levels, largest first; `compare` gives (difference, its error, degrees of freedom) of
    two codes, the second taken off the first."""
    present = [int(code) for code in np.unique(codes)]
    if not 3 <= len(present) <= MOST_COMPARED:
        return None
    found = []
    for place, lower in enumerate(present):
        for upper in present[place + 1 :]:
            gap, error, free = compare(upper, lower)
            if not (np.isfinite(gap) and np.isfinite(free) and error > 0):
                return None
            found.append(contrast_of(levels, upper, lower, gap, error, free, len(present)))
    return sorted(found, key=lambda row: (-row["value"], row["level"], row["reference"]))


def games_howell(codes, values, levels):
    """All pairs of group means without assuming equal variances (Games and Howell 1976, J. Educational Statistics 1)."""

    def compare(upper, lower):
        pieces = [values[codes == code] for code in (upper, lower)]
        shares = [piece.var(ddof=1) / len(piece) for piece in pieces]
        slack = sum(share**2 / (len(piece) - 1) for share, piece in zip(shares, pieces))
        return pieces[0].mean() - pieces[1].mean(), np.sqrt(sum(shares)), sum(shares) ** 2 / slack

    return all_pairs(codes, levels, compare)


def adjusted_contrasts(codes, y, base, levels):
    """All pairs of adjusted means in a linear model with the columns of `base`, with the errors of its test (Tukey
    and Kramer's single step; Kramer 1956, Biometrics 12)."""
    fit = robust_fit(indicators(codes), y, base)
    if fit is None:
        return None
    beta, covariance, free = np.r_[0.0, fit["beta"]], np.pad(fit["covariance"], (1, 0)), fit["free"]
    place = {int(code): at for at, code in enumerate(np.unique(codes))}

    def compare(upper, lower):
        turn = np.zeros(len(beta))
        for code, sign in ((upper, 1.0), (lower, -1.0)):
            turn[place[code]] = sign
        return turn @ beta, np.sqrt(turn @ covariance @ turn), free

    return all_pairs(codes, levels, compare)


def contrasts_by_model(dependence, codes, y, base, levels):
    """All pairs of means by the model of how rows depend on each other: each level against another, given the rest."""
    count = len(np.unique(codes))
    if dependence.kind == "map" and count > MOST_COMPARED_ON_MAP:
        return None
    nothing = np.zeros((len(y), 0)) if base is None else base

    def compare(upper, lower):
        others = [code for code in np.unique(codes) if code not in (upper, lower)]
        given = np.column_stack([(codes[:, None] == others).astype(float), nothing])
        model = Dependence(dependence.found, (codes == upper).astype(float)[:, None], y[:, None].astype(float), given)
        found = model.estimate()
        if found is None or found.get("slope") is None or abs(found["statistic"]) < 1e-6 or abs(found["r"]) < 1e-10:
            return np.nan, np.nan, np.nan
        return found["slope"], abs(found["slope"] / found["statistic"]), found["df"]

    return all_pairs(codes, levels, compare)
