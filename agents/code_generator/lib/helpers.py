# ---- helpers: what a function for one analysis may want, by name and with its signature in the prompt ----
import math

import numpy as np
from scipy import stats


def complete(table, *names):
    """The rows of the table that have a value in each of the named columns."""
    return table.dropna(subset=list(names)).reset_index(drop=True)


def correlation_interval(r, n):
    """95 % confidence interval of a correlation coefficient r of n rows, by Fisher's z."""
    if abs(r) >= 1 or n < 4:
        return (r, r)
    half = 1.959964 / math.sqrt(n - 3)
    return (math.tanh(math.atanh(r) - half), math.tanh(math.atanh(r) + half))


def mean_difference(a, b):
    """(difference of the means of a and b, lower end, upper end) with Welch's 95 % interval."""
    found = stats.ttest_ind(np.asarray(a, dtype=float), np.asarray(b, dtype=float), equal_var=False)
    interval = found.confidence_interval(0.95)
    return (float(np.mean(a) - np.mean(b)), float(interval.low), float(interval.high))


def bootstrap_interval(function, table, draws=200):
    """95 % interval of function(table), a number, from `draws` samples of the rows; the same each time."""
    random = np.random.default_rng(0)
    values = [function(table.iloc[random.integers(0, len(table), len(table))]) for _ in range(draws)]
    low, high = np.nanquantile(np.asarray(values, dtype=float), [0.025, 0.975])
    return (float(low), float(high))


HELPERS = (complete, correlation_interval, mean_difference, bootstrap_interval)
