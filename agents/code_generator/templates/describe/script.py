# ---- describe: a share, a mean with the median, or a rate with its 95 % interval, over all rows and by group ----
# Shares: the score interval of Wilson (1927). Means: Student's t. Medians: order statistics, exact by the binomial
# (Conover 1999, ch. 3.2). Rows that depend on each other: the variance of a ratio of sums over clusters, linearised
# (Cochran 1977, ch. 6 and 9.2); of shares it enters as an effective number of rows (Korn and Graubard 1998), of
# medians by the interval of Woodruff (1952).
from collections import namedtuple
from types import SimpleNamespace

import numpy as np
from scipy import stats

# Levels of a column whose shares are given, groups, and figures of both together, at most.
MOST_SHARES, MOST_GROUPS, MOST_FIGURES = 60, 200, 600
# Distinct values of a number that can be a group, at most.
MOST_VALUES = 60
# Rows of a stretch of a series, at least.
FEWEST_IN_STRETCH = 4
METHODS = {
    "share": "scipy.stats.norm (Wilson score interval)",
    "mean": "scipy.stats.t (interval of a mean)",
    "rate": "scipy.stats.t (ratio of sums, on the logarithm)",
}
CLUSTERED = {
    "share": "scipy.stats.t (Wilson score interval of the effective number of rows, clustered)",
    "mean": "scipy.stats.t (interval of a mean, errors clustered)",
    "rate": "scipy.stats.t (ratio of sums on the logarithm, errors clustered)",
}

# What is described on some rows: the figure, its numerator and denominator for each row, a label that rows share which
# depend on each other (None where they stand alone), and the values whose median is told (None where there is none).
Described = namedtuple("Described", "name part whole clusters values")


# ---- intervals ----


def wilson_interval(share, rows, quantile):
    """(low, high) of a share by inverting the score test; `rows` need not be whole."""
    square = quantile**2
    middle = (share + square / (2 * rows)) / (1 + square / rows)
    half = quantile * np.sqrt(share * (1 - share) / rows + square / (4 * rows**2)) / (1 + square / rows)
    # The ends are 0 and 1 there; rounding would leave them a hair inside.
    low = 0.0 if share <= 0 else max(middle - half, 0.0)
    return low, 1.0 if share >= 1 else min(middle + half, 1.0)


def ratio_error(part, whole, clusters):
    """(standard error, number of clusters) of sum(part) / sum(whole), each cluster a draw of both sums."""
    _, codes = np.unique(clusters, return_inverse=True)
    count = int(codes.max()) + 1
    if count < 2:
        return None, count
    left = np.bincount(codes, weights=part - part.sum() / whole.sum() * whole)
    return float(np.sqrt(count / (count - 1) * (left**2).sum()) / whole.sum()), count


def share_figure(data):
    """(value, low, high) of a share of rows, or of k of n."""
    total = float(data.whole.sum())
    share = float(data.part.sum()) / total
    # Trials of a row are a cluster of trials.
    clusters = np.arange(len(data.part)) if data.clusters is None and (data.whole != 1).any() else data.clusters
    if clusters is None:
        return share, *wilson_interval(share, total, stats.norm.ppf(0.975))
    error, count = ratio_error(data.part, data.whole, clusters)
    if error is None:
        return share, None, None
    # A share of 0 or 1 says nothing of how alike the rows of a cluster are: then as if they were all the same.
    rows = share * (1 - share) / error**2 if error > 0 and 0 < share < 1 else float(count)
    return share, *wilson_interval(share, min(rows, total), stats.t.ppf(0.975, count - 1))


def mean_figure(data):
    """(value, low, high) of a mean."""
    count, mean = len(data.part), float(data.part.mean())
    if count < 2:
        return mean, None, None
    if data.clusters is None:
        error, free = float(data.part.std(ddof=1) / np.sqrt(count)), count - 1
    else:
        error, clusters = ratio_error(data.part, data.whole, data.clusters)
        if error is None:
            return mean, None, None
        free = clusters - 1
    half = stats.t.ppf(0.975, free) * error
    return mean, mean - half, mean + half


def rate_figure(data):
    """(value, low, high) of events per amount at risk."""
    events, amount = float(data.part.sum()), float(data.whole.sum())
    clusters = np.arange(len(data.part)) if data.clusters is None else data.clusters
    error, count = ratio_error(data.part, data.whole, clusters)
    if events == 0:
        # The exact upper limit of a Poisson mean of which nothing was seen.
        return 0.0, 0.0, float(stats.chi2.ppf(0.975, 2) / 2 / amount)
    rate = events / amount
    if error is None:
        return rate, None, None
    factor = float(np.exp(stats.t.ppf(0.975, count - 1) * error / rate))
    return rate, rate / factor, rate * factor


def median_figure(data):
    """(value, low, high) of the median, by order statistics."""
    values = np.sort(data.values)
    count = len(values)
    median = float(np.median(values))
    if data.clusters is None:
        # The largest j with P(fewer than j of n below the median) of at most .025.
        place = int(stats.binom.ppf(0.025, count, 0.5))
        if stats.binom.cdf(place, count, 0.5) > 0.025:
            place -= 1
        if place < 0:
            return median, None, None
        return median, float(values[place]), float(values[count - 1 - place])
    error, clusters = ratio_error((data.values <= median).astype(float), np.ones(count), data.clusters)
    if error is None:
        return median, None, None
    half = stats.t.ppf(0.975, clusters - 1) * max(error, 0.5 / np.sqrt(count))
    low, high = np.floor((0.5 - half) * count), np.ceil((0.5 + half) * count)
    if low < 1 or high > count:
        return median, None, None
    return median, float(values[int(low) - 1]), float(values[int(high) - 1])


FIGURES = {"share": share_figure, "mean": mean_figure, "rate": rate_figure, "median": median_figure}


def figure(name, data, group=None, level=None):
    value, low, high = FIGURES[name](data)
    return {
        "name": name,
        "group": group,
        "level": level,
        "n": len(data.part),
        "count": None if name in ("mean", "median") else float(data.part.sum()),
        "total": float(data.part.sum()) if name == "mean" else float(data.whole.sum()),
        "value": value,
        "ci_low": low,
        "ci_high": high,
        "ci_level": None if low is None else 0.95,
    }


# ---- columns ----


def column_named(table, name):
    if name not in table.position:
        raise NotTestable(f"there is no column {name!r} in the table")
    return table.as_read(name)


def check_amounts(name, part, of, whole, trials):
    """Refuses what cannot be a count, or what it is out of, with the first such row."""

    def refuse(wrong, column, values, what):
        places = np.flatnonzero(wrong)
        if len(places):
            raise NotTestable(f"{column!r} {what}: {values[places[0]]:.12g} in row {places[0] + 1}")

    refuse(part < 0, name, part, "has negative numbers, which are no counts")
    refuse(whole <= 0, of, whole, "has numbers that are not above 0")
    if trials:
        refuse(part > whole, name, part, f"is more than {of!r} in places")


def groups_of(column):
    """(labels in their order, the place of each row's label or -1) of a column that makes groups."""
    if column.levels is not None:
        labels, codes = list(column.levels), column.values
    else:
        known = present(column)
        values = np.unique(column.values[known])
        if len(values) > MOST_VALUES:
            raise NotTestable(f"{column.name!r} has {len(values)} different values, more than {MOST_VALUES} groups")
        codes = np.full(len(column.values), -1)
        codes[known] = np.searchsorted(values, column.values[known])
        labels = [f"{value:.12g}" for value in values]
    if len(labels) > MOST_GROUPS:
        raise NotTestable(f"{column.name!r} has {len(labels)} levels, more than {MOST_GROUPS} groups")
    return labels, codes


def find_clusters(table, name, rows, values):
    """(a label for each row that it shares with those it depends on or None, rows that count, the dependence for the
    result: {kind, column, count} or None)."""
    unit = table.unit_column()
    if unit is not None and unit != name:
        labels = unit_labels(table.as_read(unit))[rows]
        _, first, codes = np.unique(labels, return_index=True, return_inverse=True)
        if len(first) == len(rows):
            return None, rows, None
        told = {"kind": "units", "column": unit, "count": len(first)}
        if (values == values[first][codes]).all():
            return None, rows[np.sort(first)], {**told, "kind": "constant"}
        return labels, rows, told
    for group in (table.structure().get("clusters") or {}).get("columns", ()):
        if group != name and group in table.position:
            labels = unit_labels(table.as_read(group))[rows]
            return labels, rows, {"kind": "groups", "column": group, "count": len(np.unique(labels))}
    places = table.places_in_order()
    if places is None:
        return None, rows, None
    spots = np.unique(places[rows], return_inverse=True)[1]
    count = int(spots.max()) + 1
    stretches = min(STRETCHES, count // FEWEST_IN_STRETCH)
    if stretches < 2 or not goes_on(values.astype(float), spots):
        return None, rows, None
    return spots * stretches // count, rows, {"kind": "stretches", "column": None, "count": stretches}


def goes_on(values, spots):
    """Whether neighbours are alike: the rank correlation of means at neighbouring places is above chance at 5 %."""
    counts = np.bincount(spots)
    means = np.bincount(spots, weights=values) / counts
    means = stats.rankdata(means) - (len(means) + 1) / 2
    total = float((means**2).sum())
    return total > 0 and float((means[1:] * means[:-1]).sum()) / total * np.sqrt(len(means)) > stats.norm.ppf(0.95)


def told_of(dependence, name):
    """What the reason says of rows that depend on each other."""
    if dependence is None:
        return ""
    kind, column, count = dependence["kind"], dependence["column"], dependence["count"]
    if kind == "constant":
        return f"; {name!r} is the same in all rows of one {column!r}, so each of {count} counts once"
    if kind == "units":
        return f"; rows repeat {column!r}, so the interval goes by its {count} values and not by the rows"
    if kind == "groups":
        return f"; rows are alike within {column!r}, so the interval goes by its {count} values and not by the rows"
    return f"; neighbouring rows are alike, so the interval goes by {count} stretches of rows"


# ---- the description ----


def judge(table, explore, test, family):
    name, by, of = test["y"], test.get("by"), next(iter(test.get("covariates") or []), None)
    column = column_named(table, name)
    group = column_named(table, by) if by else None
    known = present(column)
    if of is not None:
        part, whole = numbers_of(column), numbers_of(column_named(table, of))
        known &= ~np.isnan(part) & ~np.isnan(whole)
    rows = table.distinct_rows(np.flatnonzero(known))
    if not len(rows):
        raise NotTestable(f"no row has a value of {name!r}")
    absent = int(table.rows - known.sum())
    clusters, rows, dependence = find_clusters(table, name, rows, column.values[rows])
    if of is not None:
        trials = test.get("y_level") == "trials"
        check_amounts(name, part[rows], of, whole[rows], trials)
        parts = [("share" if trials else "rate", None, part[rows], whole[rows], None)]
    elif column.levels is None:
        values = column.values[rows]
        parts = [("mean", None, values, np.ones(len(rows)), values)]
    else:
        parts = shares_of(column, rows, test.get("y_level"))
    figures = [
        entry
        for what, level, top, bottom, values in parts
        for entry in described(Described(what, top, bottom, clusters, values), level, None)
    ]
    ungrouped = None
    if group is not None:
        labels, codes = groups_of(group)
        ungrouped = int((codes[rows] < 0).sum())
        if len(labels) * len(parts) > MOST_FIGURES:
            raise NotTestable(f"{name!r} by {by!r} would be more than {MOST_FIGURES} figures")
        figures += grouped(parts, clusters, labels, codes[rows], ordered=group.levels is not None)
    what = parts[0][0]
    first = figures[0]
    return {
        "test": (METHODS if clusters is None else CLUSTERED)[what],
        "why": reason(what, len(parts)) + told_of(dependence, name) + table.told_copies(),
        "whole": {
            "n": len(rows),
            "statistic": None,
            "p": None,
            "effect": effect(what, first["value"], first["ci_low"], first["ci_high"]),
            "direction": None,
        },
        "y_level": first["level"],
        "figures": figures,
        "missing": absent,
        "ungrouped": ungrouped,
        "skewed": is_skewed(column, rows),
        "dependence": dependence,
    }


def shares_of(column, rows, level):
    """What is counted of a column with levels: of two, the one that stands for the event first; of more, the most
    frequent first."""
    levels = list(column.levels)
    if len(levels) > MOST_SHARES:
        raise NotTestable(f"{column.name!r} has {len(levels)} levels, more than {MOST_SHARES}")
    whole = np.ones(len(rows))
    counted = [(column.values[rows] == code).astype(float) for code in range(len(levels))]
    order = sorted(range(len(levels)), key=lambda code: (-counted[code].sum(), levels[code]))
    if len(levels) == 2:
        code = levels.index(level) if level in levels else 1
        order = [code, 1 - code]
    return [("share", levels[code], counted[code], whole, None) for code in order]


def described(data, level, group):
    """The figures of some rows: of numbers the mean and the median."""
    names = [data.name] if data.values is None else [data.name, "median"]
    return [figure(name, data, group, level) for name in names]


def grouped(parts, clusters, labels, codes, ordered):
    """The same in each group that has rows, largest first; groups that are numbers in their own order."""
    found = []
    for place, label in enumerate(labels):
        rows = codes == place
        if not rows.any():
            continue
        inside = None if clusters is None else clusters[rows]
        figures = [
            entry
            for what, level, top, bottom, values in parts
            for entry in described(
                Described(what, top[rows], bottom[rows], inside, None if values is None else values[rows]), level, label
            )
        ]
        found.append(figures)
    if ordered:
        found.sort(key=lambda figures: -figures[0]["value"])
    return [entry for figures in found for entry in figures]


def reason(what, parts):
    if what == "share":
        several = ", each by itself: they do not hold for all levels together" if parts > 2 else ""
        return f"a share has the score interval, which holds for few rows and near 0 and 1 too{several}"
    if what == "rate":
        return "all events by the whole amount at risk; rows with more at risk weigh more"
    return "a mean has Student's interval; the median beside it has that of its order statistics"


def is_skewed(column, rows):
    """Whether the median says more than the mean: only the order of the values counts, or they lie far to one side."""
    if column.levels is not None:
        return False
    values = column.values[rows]
    spread = values.std()
    return bool(column.ranked or (spread > 0 and abs(((values - values.mean()) ** 3).mean()) > 1.0 * spread**3))


run_battery(PROTOCOL, SimpleNamespace(judge=judge))
