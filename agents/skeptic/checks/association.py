# ---- association: how strongly columns go together, given others ----
import numpy as np
from scipy import special, stats


def basis(columns):
    """Orthonormal basis of centred columns; what is constant or repeated among them falls away."""
    centred = columns - columns.mean(axis=0)
    size, scale = np.sqrt((columns**2).sum(axis=0)), np.sqrt((centred**2).sum(axis=0))
    centred = centred[:, scale > 1e-10 * np.maximum(size, 1e-300)]
    if centred.shape[1] == 0:
        return centred
    centred = centred / np.sqrt((centred**2).sum(axis=0))
    if centred.shape[1] == 1:
        return centred
    # By the small product: much faster on many rows, and its coarser limit does no harm here.
    squares, turns = np.linalg.eigh(centred.T @ centred)
    kept = squares > 1e-9 * squares[-1]
    return centred @ (turns[:, kept] / np.sqrt(squares[kept]))


def base_of(given):
    return basis(given) if given.shape[1] else given


def residuals(columns, base):
    """Centred columns without what the basis explains; what it explains wholly becomes zero."""
    centred = columns - columns.mean(axis=0)
    left = centred - base @ (base.T @ centred)
    left[:, (left**2).sum(axis=0) <= 1e-10 * (centred**2).sum(axis=0)] = 0.0
    return left


def one_slope(a, b, free, unit):
    """(slope, half of its interval, p) of b on a; errors by leaving out one unit at a time where rows repeat units."""
    square = a @ a
    if square <= 0 or b @ b <= 0 or free < 4:
        return None
    slope = a @ b / square
    error = np.sqrt(max(((b - slope * a) ** 2).sum(), 0.0) / free / square)
    if unit is not None:
        own_square, own_product = np.bincount(unit, a * a), np.bincount(unit, a * b)
        rest = square - own_square
        if len(rest) < 5 or (rest <= 1e-12 * square).any():
            return None
        without = (a @ b - own_product) / rest
        error = np.sqrt((len(rest) - 1) / len(rest) * ((without - slope) ** 2).sum())
        free = len(rest) - 1
    p = 2 * stats.t.sf(abs(slope) / error, free) if error > 0 else 0.0
    return slope, stats.t.isf(INTERVAL / 2, free) * error, p


def several(a, b, free, bounded=True):
    """(root of the mean squared canonical correlation, its upper bound if it is wanted, p) by Pillai's trace of two sets of
    columns."""
    a, b = basis(a), basis(b)
    p, q = a.shape[1], b.shape[1]
    if p == 0 or q == 0 or free - max(p, q) < 3:
        return None
    trace, s = float(((a.T @ b) ** 2).sum()), min(p, q)
    m, rest = (abs(p - q) - 1) / 2, (free - p - q - 1) / 2
    df1, df2 = s * (2 * m + s + 1), s * (2 * rest + s + 1)
    statistic = np.inf if trace >= s else (2 * rest + s + 1) / (2 * m + s + 1) * trace / (s - trace)
    size = noncentrality(statistic, df1, df2, INTERVAL / 2) if bounded else 0.0
    return (
        np.sqrt(trace / s),
        max(np.sqrt(trace / s), np.sqrt(size / (size + df1 + df2))),
        stats.f.sf(statistic, df1, df2),
    )


def noncentrality(statistic, df1, df2, share):
    """The noncentrality of an F distribution that has `share` of itself below the statistic."""
    if not np.isfinite(statistic):
        return np.inf
    low, high = 0.0, max(10.0, 2 * statistic * df1)
    if special.ncfdtr(df1, df2, 0.0, statistic) <= share:
        return 0.0
    while special.ncfdtr(df1, df2, high, statistic) > share and high < 1e7:
        high *= 2
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if special.ncfdtr(df1, df2, middle, statistic) > share else (low, middle)
    return high


def as_version(values, version):
    """Numbers as they are, by rank, or by normal score (van der Waerden)."""
    if version == "linear":
        return values.astype(float)
    ranks = stats.rankdata(values)
    return ranks if version == "rank" else stats.norm.ppf((ranks - 0.5) / len(ranks))


def standard(values):
    spread = values.std()
    return (values - values.mean()) / (spread if spread > 0 else 1.0)


def scaled(columns):
    return np.column_stack([standard(columns[:, i]) for i in range(columns.shape[1])])


def fifths(values):
    parts = 5 if len(values) >= 100 else 3
    return np.searchsorted(np.unique(np.quantile(values, np.linspace(0, 1, parts + 1)[1:-1])), values, side="right")


def numbered(column):
    try:
        return column._replace(values=np.array([float(level) for level in column.levels])[column.values], levels=None)
    except ValueError:
        raise CannotLook(f"the levels of “{column.name}” are no numbers") from None
