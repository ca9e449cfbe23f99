# ---- studentized range: how far the largest and the smallest of several means lie apart by chance ----
import functools

import numpy as np
from scipy import optimize, special, stats


@functools.lru_cache(maxsize=8)
def error_quantiles(free):
    """Quantiles of an estimated error in units of the true one, with the weights of Gauss's rule."""
    nodes, weights = np.polynomial.legendre.leggauss(64)
    return np.sqrt(stats.chi2.ppf((nodes + 1) / 2, free) / free), weights


def range_tail(q, count, free):
    """The chance that the studentized range of so many means is beyond q: scipy's far out, else faster, integrated over
    the normal distribution on a grid, and over the error by Gauss's rule on its quantiles."""
    z = np.linspace(-8.0, 8.0, 129)
    errors, weights = error_quantiles(free)
    density = np.exp(-z * z / 2) / np.sqrt(2 * np.pi) * (z[1] - z[0])
    spans = special.ndtr(z) - special.ndtr(z - q * errors[:, None])
    tail = float(1 - (count * spans ** (count - 1) @ density) @ weights / 2)
    return tail if tail > 1e-3 else float(stats.studentized_range.sf(q, count, free))


def range_limit(count, free):
    """The 95 % point of the studentized range of so many means: beyond that of one pair, within Bonferroni's bound."""
    low, high = (np.sqrt(2) * stats.t.isf(0.025 / pairs, free) for pairs in (1, count * (count - 1) / 2))
    return float(optimize.brentq(lambda q: range_tail(q, count, free) - 0.05, 0.99 * low, 1.01 * high, xtol=1e-7))
