# ---- selection: signs that the rows of a pair are there, or have both values, because of the values themselves ----
import numpy as np
from scipy import stats

# Values that are missing, and values beside them, below which nothing can be said; how sure the difference must be, and
# its least size as a chance that is not one half.
FEWEST_MISSING, SURE_MISSING, LEAST_APART = 5, 1e-3, 0.05
FEWEST_IN_CORNER, FEWEST_VALUES_IN_CORNER = 100, 25
# An edge that no single column has: how steep it is (the share of the lower half that the lowest tenth of the rows
# takes; .5 for normal columns, .2 for an edge of a uniform one), and how much steeper than the columns' own edges.
STEEP_EDGE, STEEP_EDGE_OF_FEW, FEW_IN_CORNER, STEEPER = 0.3, 0.24, 200, 0.65


def add_selection(caveats, notes, table, test):
    """Adds what speaks for selected rows to the caveats of a test of x and y, and to their notes."""
    columns = [table.column(test[key]) for key in ("x", "y") if test.get(key) in table.position]
    if len(columns) < 2:
        return
    told = [told_missing(*pair, table) for pair in (columns, columns[::-1])]
    told = [text for text in told if text is not None]
    if told:
        caveats.append("missing_by_other")
        notes["missing_by_other"] = "; ".join(told)
    rows = table.checked_rows(np.flatnonzero(present(columns[0]) & present(columns[1])))
    if has_empty_corner(*(column._replace(values=column.values[rows]) for column in columns)):
        caveats.append("empty_corner")
        names = f"{columns[0].name} and {columns[1].name}"
        notes["empty_corner"] = f"rows of {names} end at a slanting line: they may have been selected by both"


def told_missing(missing, other, table):
    """How the other column differs between rows with and without a value of the first, or None."""
    rows = table.checked_rows(np.flatnonzero(present(other)))
    gone, values = ~present(missing)[rows], other.values[rows]
    if min(gone.sum(), (~gone).sum()) < FEWEST_MISSING:
        return None
    if other.levels is None:
        test = stats.mannwhitneyu(values[gone], values[~gone])
        apart = abs(test.statistic / (gone.sum() * (~gone).sum()) - 0.5)
        if not (test.pvalue < SURE_MISSING and apart >= LEAST_APART):
            return None
        middles = [f"{np.median(values[side]):.3g}" for side in (gone, ~gone)]
        what = f"its median is {middles[0]} there and {middles[1]} elsewhere"
    else:
        used, codes = np.unique(values, return_inverse=True)
        counts = np.bincount(codes * 2 + gone, minlength=2 * len(used)).reshape(-1, 2)
        if len(used) < 2 or stats.contingency.expected_freq(counts).min() < FEWEST_MISSING:
            return None
        shares = counts / counts.sum(axis=0)
        level = int(np.argmax(np.abs(shares[:, 1] - shares[:, 0])))
        apart = abs(shares[level, 1] - shares[level, 0])
        if not (stats.chi2_contingency(counts, correction=False).pvalue < SURE_MISSING and apart >= 2 * LEAST_APART):
            return None
        share = [f"{100 * shares[level, side]:.0f} %" for side in (1, 0)]
        what = f"{other.levels[used[level]]} is {share[0]} there and {share[1]} elsewhere"
    return f"{missing.name} is missing in {int(gone.sum())} rows that differ in {other.name}: {what}"


def has_empty_corner(x, y):
    """Whether rows end at a slanting line, more sharply than either column ends by itself."""
    n = len(x.values)
    if n < FEWEST_IN_CORNER or x.levels is not None or y.levels is not None or is_heavy(x.values) or is_heavy(y.values):
        return False
    if min(len(np.unique(x.values)), len(np.unique(y.values))) < FEWEST_VALUES_IN_CORNER:
        return False
    sides = [(column.values - column.values.mean()) / column.values.std() for column in (x, y)]
    angles = np.deg2rad(np.r_[25:66:3])
    slants = [turn * np.cos(angles)[:, None] * sides[0] + np.sin(angles)[:, None] * sides[1] for turn in (1, -1)]
    slants, own = np.vstack([*slants, *(-slant for slant in slants)]), np.vstack([*sides, *(-side for side in sides)])
    steep = edge_of(slants).min()
    most = STEEP_EDGE if n >= FEW_IN_CORNER else STEEP_EDGE_OF_FEW
    return bool(steep < min(most, STEEPER * edge_of(own).min()))


def edge_of(columns):
    """How much of the way from the lowest value to the median the lowest tenth of each row takes."""
    least, tenth, middle = np.quantile(columns, [0.0, 0.1, 0.5], axis=1)
    return (tenth - least) / np.maximum(middle - least, 1e-300)
