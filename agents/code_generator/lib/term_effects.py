# ---- term effects: how large a term of a design is, on a common scale and in units, and which way it goes ----
import numpy as np
from scipy import special, stats

TEST_NAME = "scipy.stats.f (analysis of variance, {stratum})"


def direction_of_term(found):
    if found.slope is not None:
        return "+" if found.slope >= 0 else "-"
    return found.levels[int(np.argmax(found.means))] if found.means is not None else None


def term_effect(found, by_rank=False):
    """The partial correlation of one column, or the root of the partial eta squared of several, with an interval that
    leaves out 0 exactly where p is below .05."""
    if found.sign:
        r = found.sign * np.sqrt(found.F / (found.F + found.df2))
        ends = r_interval(float(r), found.sign * np.sqrt(found.F), found.df2)
        return effect("partial_rho" if by_rank else "partial_r", float(r), ends["low"], ends["high"])
    share = lambda size: float(np.sqrt(size / (size + found.df1 + found.df2)))
    value = float(np.sqrt(found.df1 * found.F / (found.df1 * found.F + found.df2)))
    low, high = noncentral_f_interval(found.F, found.df1, found.df2)
    if low == 0 and found.p < 0.05:
        # F has one side only: between p of .025 and of .05 the lower end is that of one side.
        cdf = lambda size: special.ncfdtr(found.df1, found.df2, size, found.F)
        low = max(noncentrality(cdf, 0.95, found.F * found.df1, found.df1, found.df2), 1e-9)
    return effect("partial_v", value, min(share(low), value), max(share(high), value))


def term_units(found):
    """The effect in units of the outcome: the difference of two levels, or the slope of a number."""
    method = TEST_NAME.format(stratum=found.stratum).replace("stats.f", "stats.t")
    half = stats.t.isf(0.025, found.df2)
    if found.slope is not None:
        name, value, half, contrast = "slope", found.slope, half * found.spread, None
    elif found.means is not None and len(found.means) == 2:
        top = int(np.argmax(found.means))
        name, value, half = "mean_difference", abs(found.means[1] - found.means[0]), half * found.spread[0, 1]
        contrast = {"level": found.levels[top], "reference": found.levels[1 - top]}
    else:
        return None
    if not (np.isfinite(value) and np.isfinite(half)):
        return None
    ends = {"value": float(value), "ci_low": float(value - half), "ci_high": float(value + half), "ci_level": 0.95}
    return {"name": name, "contrast": contrast, "method": method, **ends}


def smallest_term(found, level):
    """The smallest partial correlation that the test finds at a level."""
    return smallest_partial("partial_r" if found.sign else "partial_v", found.df1, found.df2, level)
