# ---- sizes: effect sizes with 95 % intervals, and the smallest effect a test could have seen ----
import math

from scipy import special, stats

Z95 = 1.959964


def correlation_effect(name, r, n, rank=False):
    """Fisher's z; for rank correlation with Bonett and Wright's (2000) wider error."""
    error = math.sqrt((1 + r * r / 2 if rank else 1) / max(n - 3, 1))
    centre = math.atanh(max(-1 + 1e-15, min(1 - 1e-15, r)))
    return effect(name, r, min(r, math.tanh(centre - Z95 * error)), max(r, math.tanh(centre + Z95 * error)))


def r_interval(r, t, free):
    """The 95 % interval of a correlation on Fisher's scale that leaves out 0 exactly where t is beyond its 2.5 %
    point."""
    centre = math.atanh(max(-1 + 1e-15, min(1 - 1e-15, r)))
    error = abs(centre / t) if abs(t) > 1e-9 else 1 / math.sqrt(max(free, 1.0))
    half = stats.t.isf(0.025, free) * error
    return {"low": min(r, math.tanh(centre - half)), "high": max(r, math.tanh(centre + half))}


def robust_slope(x, y):
    """(t, p) of the slope of y on x with errors for unequal spread, HC3 (MacKinnon and White 1985, J. Econometrics
    29); t has n - 2 degrees of freedom (Long and Ervin 2000, Am. Statistician 54). Where one row alone makes the
    slope, or the line fits wholly, those of equal spread."""
    n = len(x)
    x, y = x - x.mean(), y - y.mean()
    squares = float((x * x).sum())
    slope = float((x * y).sum()) / squares
    left, pull = y - slope * x, 1 / n + x * x / squares
    if pull.max() > 1 - 1e-6 or float((left * left).sum()) <= 1e-24 * float((y * y).sum()):
        r = max(-1.0, min(1.0, slope * math.sqrt(squares / float((y * y).sum()))))
        t = r * math.sqrt((n - 2) / max(1 - r * r, 1e-300))
    else:
        t = slope * squares / math.sqrt(float((((x * left) / (1 - pull)) ** 2).sum()))
    return t, float(2 * stats.t.sf(abs(t), n - 2))


def hedges_g(a, b):
    """Standardised mean difference b - a with the small-sample correction (Hedges and Olkin 1985); its interval is
    that of the difference by Welch's t, in units of the same standard deviation."""
    n, m = len(a), len(b)
    pooled = math.sqrt(((n - 1) * a.var(ddof=1) + (m - 1) * b.var(ddof=1)) / (n + m - 2))
    if pooled == 0:
        return effect("hedges_g", None, None, None)
    gap = stats.ttest_ind(b, a, equal_var=False).confidence_interval()
    scale = (1 - 3 / (4 * (n + m) - 9)) / pooled
    return effect("hedges_g", (b.mean() - a.mean()) * scale, gap.low * scale, gap.high * scale)


def area_interval(area, n, m):
    """Interval of an area under the ROC curve: Hanley and McNeil's error as changed by Newcombe (2006), on the logit
    scale."""
    inner = min(max(area, 0.5 / (n * m)), 1 - 0.5 / (n * m))
    star = (n + m) / 2 - 1
    error = math.sqrt(inner * (1 - inner) * (1 + star * ((1 - inner) / (2 - inner) + inner / (1 + inner))) / (n * m))
    centre, half = math.log(inner / (1 - inner)), Z95 * error / (inner * (1 - inner))
    low, high = 1 / (1 + math.exp(min(700, half - centre))), 1 / (1 + math.exp(max(-700, -centre - half)))
    return min(low, area), max(high, area)


def noncentral_f_interval(statistic, df1, df2):
    """Noncentralities whose F distribution puts the statistic at its 97.5 % and 2.5 % points."""
    if not math.isfinite(statistic):
        return math.inf, math.inf
    return tuple(
        noncentrality(lambda size: special.ncfdtr(df1, df2, size, statistic), share, statistic * df1, df1, df2)
        for share in (0.975, 0.025)
    )


def noncentral_chi2_interval(statistic, df):
    return tuple(
        noncentrality(lambda size: special.chndtr(statistic, df, size), share, statistic, df, math.inf)
        for share in (0.975, 0.025)
    )


def noncentrality(cdf, share, guess, df1, df2):
    """The noncentrality at which `cdf` is `share`, by bisection; 0 where even the central one is below it."""
    if guess > 1e4:
        # The distribution functions are slow and fragile out here, and the normal approximation is good.
        size = max(guess - df1, 0.0)
        error = math.sqrt(2 * (df1 + 2 * size) + (2 * (df1 + size) ** 2 / df2 if math.isfinite(df2) else 0.0))
        return max(size + (Z95 if share < 0.5 else -Z95) * error, 0.0)
    if cdf(0.0) <= share:
        return 0.0
    low, high = 0.0, max(10.0, 2 * guess)
    while cdf(high) > share and high < 1e7:
        high *= 2
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if cdf(middle) > share else (low, middle)
    return low


def omega_squared(statistic, df1, df2, n):
    """Share of variance that groups explain, less what chance would; interval by the noncentral F distribution."""
    low, high = noncentral_f_interval(statistic, df1, df2)
    excess = max(df1 * (statistic - 1), 0.0)
    return effect("omega_squared", excess / (excess + n), low / (low + n), high / (high + n))


def epsilon_squared(statistic, df, n):
    """The same from the Kruskal-Wallis statistic: H / (n - 1); interval by the noncentral chi-squared distribution."""
    low, high = noncentral_chi2_interval(statistic, df)
    return effect(
        "epsilon_squared", min(statistic / (n - 1), 1.0), min(low / (n - 1), 1.0), min((high + df) / (n - 1), 1.0)
    )


def cramers_v(statistic, shape, n):
    """Cramer's V; interval by the noncentral chi-squared distribution (Smithson 2003)."""
    df, scale = (shape[0] - 1) * (shape[1] - 1), n * (min(shape) - 1)
    low, high = noncentral_chi2_interval(statistic, df)
    bound = lambda size: min(math.sqrt(size / scale), 1.0)
    return effect("cramers_v", bound(statistic), bound(low + df) if low > 0 else 0.0, bound(high + df))


# The power for which the smallest effects are told.
POWER = 0.8


def smallest(name, value, level):
    """The smallest effect that a test of this size finds with a power of POWER at a level of significance."""
    return {"name": name, "value": value, "power": POWER, "alpha": level}


def errors_away(level, free=math.inf):
    """How many of its standard errors an effect must be away from none to be found with that power by a two-sided test
    of t with so many degrees of freedom."""
    return float(stats.t.isf(level / 2, free) + stats.t.isf(1 - POWER, free))


def smallest_r(n, level, inflation=1.0):
    return smallest("r", math.tanh(errors_away(level) * math.sqrt(inflation / max(n - 3, 1))), level)


def smallest_f_size(df1, df2, level):
    """The noncentrality of F at which a test has that power."""
    limit = stats.f.isf(level, df1, df2)
    return noncentrality(lambda s: special.ncfdtr(df1, df2, s, limit), 1 - POWER, 10.0, df1, df2)


def smallest_f_share(name, df1, df2, n, level):
    """Smallest share of variance by an F test."""
    size = smallest_f_size(df1, df2, level)
    return smallest(name, size / (size + n), level)


def smallest_partial(name, df1, df2, level):
    """Smallest partial correlation, or partial multiple correlation of several columns, by an F test."""
    size = smallest_f_size(df1, df2, level)
    return smallest(name, math.sqrt(size / (size + df1 + df2)), level)


def smallest_v(shape, n, level):
    df = (shape[0] - 1) * (shape[1] - 1)
    limit = stats.chi2.isf(level, df)
    size = noncentrality(lambda s: special.chndtr(limit, df, s), 1 - POWER, 10.0, df, math.inf)
    return smallest("cramers_v", min(math.sqrt(size / (n * (min(shape) - 1))), 1.0), level)
