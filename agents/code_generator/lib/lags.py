# ---- lags: columns made of the rows before: the same column later, changes, running means and sums ----
# Rows follow each other in the order of time, within a unit where there is one, else in the order of the file.
import numpy as np

MOST_LAGS = 12
WINDOWS = (2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 20, 21, 24, 28, 30, 50, 52)
SERIES_ROWS = 5000
MOST_SERIES = 60
CHECKED = 12


def made_of_rows_before(table, numeric, time, unit, apart, found):
    """Notes columns that are others shifted, differenced, averaged or summed over rows."""
    rows = np.arange(len(table.picked)) if apart is None else np.flatnonzero(apart)
    rows = rows[:SERIES_ROWS]
    if len(rows) < 30:
        return
    order = np.arange(len(rows))
    things = None
    if unit is not None:
        things, _ = level_codes(table.values(unit)[rows])
    if time is not None or things is not None:
        clock = table.values(time)[rows] if time is not None else order
        order = np.lexsort((clock, things)) if things is not None else np.argsort(clock, kind="stable")
    rows = rows[order]
    fresh = table.breaks[rows].copy()
    if time is not None or things is not None:
        fresh[:] = False
    if things is not None:
        things = things[order]
        fresh |= np.r_[True, things[1:] != things[:-1]]
    fresh[0] = True
    since = np.arange(len(rows)) - np.maximum.accumulate(np.where(fresh, np.arange(len(rows)), 0))
    series = {i: table.values(i)[rows] for i in numeric}
    series = {i: values for i, values in series.items() if can_be_series(values)}
    if len(series) < 2:
        return
    shifted_copies(series, since, found)
    for whole, source in related(series, since, found):
        if source in found.families.get(whole, ()):
            continue  # told by way of another column
        told = made_from(series[whole], series[source], since, found.names[whole], found.names[source])
        if told is not None:
            found.note(told[0], [source, whole], told[1])


def can_be_series(values):
    known = values[~np.isnan(values)]
    return len(known) >= 20 and len(np.unique(known)) >= 8


def shifted_copies(series, since, found):
    """Columns that hold another's value some rows later, found by the values of a few rows."""
    for lag in range(1, MOST_LAGS + 1):
        at = np.flatnonzero(since >= lag)
        if len(at) < 2 * CHECKED:
            break
        # Two sets of rows, so that an odd one in one of them hides nothing.
        for probe in (spread_rows(at, CHECKED), spread_rows(at[1:-1], CHECKED)):
            seen = {}
            for i, values in series.items():
                seen.setdefault(values[probe].tobytes(), []).append(i)
            for source, values in series.items():
                for later in seen.get(values[probe - lag].tobytes(), ()):
                    if (
                        later != source
                        and not found.has(source, later)
                        and is_shifted(series[later], values, since, lag)
                    ):
                        when = "the row before" if lag == 1 else f"{lag} rows before"
                        text = f"{found.names[later]} is {found.names[source]} of {when}"
                        found.note("lag", [source, later], text)


def is_shifted(later, source, since, lag):
    before = shift(source, since, lag)
    known = ~np.isnan(before) & ~np.isnan(later)
    if known.sum() < 20 or len(np.unique(before[known])) < 8:
        return False
    return bool((before[known] != later[known]).mean() <= ODD_ROWS)


def related(series, since, found):
    """Pairs (whole, source) where the whole goes in a straight line with something made of the source's rows, on a few
    rows; nearly all others fall away here."""
    indices = list(series)[:MOST_SERIES]
    values = np.array([series[i] for i in indices])
    steps = np.array([row - shift(row, since, 1) for row in values])
    totals = np.cumsum(np.nan_to_num(values), axis=1)
    likely = set()

    def compare(wanted, made):
        agree = np.abs(standard_rows(wanted) @ standard_rows(made).T)
        likely.update((int(w), int(s)) for w, s in np.argwhere(agree > 0.999))

    at = spread_rows(np.flatnonzero(since >= 1))
    if at is None:
        return []
    before = values[:, at - 1]
    with np.errstate(all="ignore"):
        ratios = values[:, at] / before
    compare(values[:, at], steps[:, at])
    compare(values[:, at], ratios)
    for place in range(len(indices)):
        # Smoothing: each step goes a part of the way from the row before to the source.
        pull = values[:, at] - before[place]
        step = steps[place, at]
        known = ~np.isnan(pull) & ~np.isnan(step)
        product = np.where(known, pull * step, 0.0).sum(axis=1) ** 2
        size = np.where(known, pull**2, 0.0).sum(axis=1) * np.where(known, step**2, 0.0).sum(axis=1)
        likely.update((place, int(s)) for s in np.flatnonzero(product > 0.999 * np.maximum(size, 1e-300)))
    for window in WINDOWS:
        half = (window - 1) // 2
        at = np.flatnonzero(since >= window)
        at = spread_rows(at[(at >= window) & (at < len(since) - 1)])
        if at is None:
            break
        made = totals[:, at] - totals[:, at - window]
        compare(values[:, at], made)
        compare(values[:, at - half], made)
        compare(values[:, at + 1], made)
    pairs = sorted((indices[w], indices[s]) for w, s in likely if w != s)
    return [(whole, source) for whole, source in pairs if not found.has(whole, source)]


def spread_rows(at, most=PROBED):
    """A few of the given rows, spread over them; None where there are too few."""
    return at[np.linspace(0, len(at) - 1, most).astype(int)] if len(at) >= most else None


def made_from(whole, source, since, name, of):
    """(kind, text) where the whole is a change, a running mean, a sum over some rows or a smoothed copy of the source;
    None where not. A running total is found the other way round: the source is its change."""
    unit = rounding_of(whole)
    spread = np.nanstd(whole)
    if spread == 0:
        return None
    slack = max(EXACT * spread, 0.51 * unit if unit < 0.03 * spread else 0.0)
    # The source may have been rounded after the whole was made of it.
    step = rounding_of(source)
    slack += 0.51 * step if step < 0.02 * spread else 0.0
    before = shift(source, since, 1)
    changes = (
        ("the change of {0} from the row before", source - before),
        ("the relative change of {0} from the row before", safe_ratio(source, before) - 1),
        ("the change of {0} from the row before in per cent", 100 * (safe_ratio(source, before) - 1)),
    )
    for text, made in changes:
        if agrees(whole, made, slack):
            return "lag", f"{name} is {text.format(of)}"
    ahead = np.cumsum(np.nan_to_num(source))
    gaps = np.cumsum(np.isnan(source))
    for window in WINDOWS:
        if window > len(whole) / 3:
            break
        # A running total less itself, some rows before; rows with a gap in the window are left out.
        full = since >= window - 1
        at = np.flatnonzero(full)
        if len(at) < 20:
            break
        start = at - window
        total = ahead[at] - np.where(start >= 0, ahead[np.maximum(start, 0)], 0.0)
        holes = gaps[at] - np.where(start >= 0, gaps[np.maximum(start, 0)], 0)
        made = np.full(len(whole), np.nan)
        made[at] = np.where(holes > 0, np.nan, total)
        for lag, where in ((0, "ending there"), ((window - 1) // 2, "around it"), (-1, "before it")):
            moved = (
                made if lag == 0 else np.r_[made[lag:], np.full(lag, np.nan)] if lag > 0 else np.r_[np.nan, made[:-1]]
            )
            if agrees(whole, moved / window, slack):
                return "running_mean", f"{name} is the mean of {of} over the {window} rows {where}"
            if agrees(whole, moved, slack):
                return "running_mean", f"{name} is the sum of {of} over the {window} rows {where}"
    return smoothed(whole, source, since, slack, name, of)


def smoothed(whole, source, since, slack, name, of):
    """An exponentially weighted mean: a share of the source and the rest of the row before."""
    before = shift(whole, since, 1)
    known = ~np.isnan(whole) & ~np.isnan(source) & ~np.isnan(before)
    if known.sum() < 30:
        return None
    step, pull = (whole - before)[known], (source - before)[known]
    total = (pull**2).sum()
    if total <= 0:
        return None
    share = float((step * pull).sum() / total)
    if 0.01 < share < 0.99 and agrees(step, share * pull, 2.1 * slack):
        return "running_mean", f"{name} is {of} smoothed: {share:.3g} of it and the rest of the row before"
    return None


def shift(values, since, lag):
    before = np.full(len(values), np.nan)
    behind = np.flatnonzero(since >= lag)
    before[behind] = values[behind - lag]
    return before


def safe_ratio(a, b):
    with np.errstate(all="ignore"):
        ratio = a / b
    return np.where(np.isfinite(ratio), ratio, np.nan)


def agrees(whole, made, slack):
    """Whether two columns agree in nearly all rows that both have, and those are most rows with enough values."""
    known = ~np.isnan(whole) & ~np.isnan(made)
    count = int(known.sum())
    if count < 20 or count < 0.5 * np.count_nonzero(~np.isnan(whole)):
        return False
    few = np.flatnonzero(known)[:: max(count // 40, 1)]
    if (np.abs(whole[few] - made[few]) > slack).mean() > 0.1:
        return False
    if (np.abs(whole[known] - made[known]) > slack).mean() > 0.02:
        return False
    return len(np.unique(made[known])) >= 8 and np.std(made[known]) > 5 * slack
