# ---- shape: what the spread of a single column allows, looked at before any relation ----
import numpy as np


def skewness(values):
    centred = values - values.mean()
    squares = centred * centred
    variance = squares.mean()
    return float((squares * centred).mean() / variance**1.5) if variance > 0 else 0.0


def farthest(values):
    """How many standard deviations the farthest value lies from the mean."""
    spread = values.std()
    return float(np.abs(values - values.mean()).max() / spread) if spread > 0 else 0.0


def is_heavy(values):
    """True where means and linear correlation would hang on a few values: strong skew, or a value beyond what n
    normal ones reach."""
    reach = 4.0 + 0.5 * np.log10(max(len(values), 10) / 100 if len(values) > 100 else 1)
    return abs(skewness(values)) > 2.0 or farthest(values) > max(reach, 4.0) + 1.0


def is_lopsided(values, least):
    """True where a group of `least` rows is too small for the mean of a skewed column to be near normal."""
    return least < 25 and abs(skewness(values)) > 1.0


def shape_assumption(name, values):
    """The check that `is_heavy` makes, for the report."""
    return {
        "name": f"{name} has no strong skew or far outliers",
        "check": "skewness",
        "statistic": skewness(values),
        "p": None,
        "holds": not is_heavy(values),
    }


def robust_z(values):
    """Distance from the median in units of the scaled median absolute deviation, or of the standard deviation where
    that is 0."""
    middle = np.median(values)
    scale = 1.4826 * np.median(np.abs(values - middle))
    scale = scale if scale > 0 else values.std()
    return (values - middle) / scale if scale > 0 else np.zeros(len(values))


def far_rows(distance, limit, share=0.05):
    """Rows whose distance passes the limit, at most a share of all: the farthest ones."""
    most = max(1, int(share * len(distance)))
    rows = np.argsort(-distance, kind="stable")[:most]
    return np.sort(rows[distance[rows] > limit])
