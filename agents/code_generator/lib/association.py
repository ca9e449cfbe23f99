# ---- association: one statistic for any two variables, alone or given others, on arrays ----
# Numbers enter as one column, groups as indicator columns. Pillai's trace of the two sets is r^2 for two numbers,
# eta^2 for a group and a number, and chi^2/n for two groups; given covariates, the same of the residuals.
import numpy as np
from scipy import stats


def indicators(codes):
    """0/1 columns of all levels but the first, for levels that occur."""
    used = np.unique(codes)
    return (codes[:, None] == used[None, 1:]).astype(float)


def ranks(values):
    return stats.rankdata(values)


def basis(columns):
    """Orthonormal basis of centred columns; what is constant or repeated among them falls away."""
    centred = columns - columns.mean(axis=0)
    scale = np.sqrt((centred**2).sum(axis=0))
    size = np.sqrt((columns**2).sum(axis=0))
    centred = centred[:, scale > 1e-10 * np.maximum(size, 1e-300)]
    if centred.shape[1] == 0:
        return centred
    centred = centred / np.sqrt((centred**2).sum(axis=0))
    if centred.shape[1] == 1:
        return centred
    if len(centred) > 50000:
        # A tall matrix by its small product: ten times faster, and the coarser limit does no harm with so many rows.
        squares, turns = np.linalg.eigh(centred.T @ centred)
        kept = squares > 1e-10 * squares[-1]
        return centred @ (turns[:, kept] / np.sqrt(squares[kept]))
    left, sizes, _ = np.linalg.svd(centred, full_matrices=False)
    return left[:, sizes > 1e-8 * sizes[0]]


def given_columns(column):
    """A covariate as columns: a group's indicators, or a number with its ranks, so that a bent relation is adjusted
    for too."""
    if column.levels is not None:
        return indicators(column.values)
    rank = ranks(column.values) / len(column.values)
    return np.column_stack([column.values, rank, rank**2])


def residuals(columns, base):
    """Centred columns without what the basis explains; a column that it explains wholly becomes zero."""
    centred = columns - columns.mean(axis=0)
    left = centred - base @ (base.T @ centred)
    gone = (left**2).sum(axis=0) <= 1e-10 * (centred**2).sum(axis=0)
    left[:, gone] = 0.0
    return left


def associate(x, y, given=None):
    """Pillai's trace of x and y given covariates: {n, r, p, low, high, sign, signed}, or None where nothing is left
    to relate.

    `r` is the correlation (signed) of two single columns, else the root of the mean squared canonical correlation.
    """
    n, taken = len(x), 0
    if given is not None and given.shape[1]:
        base = basis(given)
        taken = base.shape[1]
        x, y = residuals(x, base), residuals(y, base)
    a, b = basis(x), basis(y)
    p, q = a.shape[1], b.shape[1]
    free = n - 1 - taken
    if p == 0 or q == 0 or free - max(p, q) < 3:
        return None
    cross = a.T @ b
    if p == q == 1:
        r = float(np.clip(cross[0, 0], -1, 1)) * direction_of(a, x) * direction_of(b, y)
        return {
            "n": n,
            "r": r,
            "p": correlation_p(r, free - 1),
            "sign": 1 if r >= 0 else -1,
            **fisher_interval(r, free),
        }
    trace = float((cross**2).sum())
    s, m, rest = min(p, q), (abs(p - q) - 1) / 2, (free - p - q - 1) / 2
    df1, df2 = s * (2 * m + s + 1), s * (2 * rest + s + 1)
    statistic = np.inf if trace >= s else (2 * rest + s + 1) / (2 * m + s + 1) * trace / (s - trace)
    low, high = noncentral_f_interval(statistic, df1, df2)
    to_r = lambda size: float(np.sqrt(size / (size + df1 + df2)))
    return {
        "n": n,
        "r": float(np.sqrt(trace / s)),
        "p": float(stats.f.sf(statistic, df1, df2)),
        "sign": 0,
        "low": min(to_r(low), float(np.sqrt(trace / s))),
        "high": max(to_r(high), float(np.sqrt(trace / s))),
    }


def direction_of(unit, columns):
    """The sign that `basis` gave to a single column."""
    centred = columns - columns.mean(axis=0)
    return 1 if float((unit.T @ centred).sum()) >= 0 else -1


def correlation_p(r, df):
    """Two-sided p of a correlation by Student's t."""
    return float(2 * stats.t.sf(abs(r) * np.sqrt(df / max(1 - r * r, 1e-300)), df)) if df > 0 else 1.0


def fisher_interval(r, free):
    half = 1.959964 / np.sqrt(max(free - 2, 1))
    centre = np.arctanh(np.clip(r, -1 + 1e-15, 1 - 1e-15))
    return {"low": float(np.tanh(centre - half)), "high": float(np.tanh(centre + half))}


def permutation_p(x, y, count, random, unit=None):
    """(trace, p): how often y in another order is as related to x as it is. With units, rows move within their unit
    only,
    or whole units move where x or y is the same throughout a unit."""
    a, b = basis(x), basis(y)
    observed = float(((a.T @ b) ** 2).sum())
    if unit is not None and constant_within(x, unit):
        a, b, unit = b, a, unit  # the side that is moved must be the one that is constant within units
        shuffle = unit_shuffler(unit, random)
    elif unit is not None and constant_within(y, unit):
        shuffle = unit_shuffler(unit, random)
    elif unit is not None:
        order = np.argsort(unit, kind="stable")
        shuffle = lambda: scatter(order, np.lexsort((random.random(len(unit)), unit)))
    else:
        shuffle = lambda: random.permutation(len(a))
    hits = 0
    for _ in range(count):
        hits += float(((a.T @ b[shuffle()]) ** 2).sum()) >= observed * (1 - 1e-12)
    return observed, (1 + hits) / (1 + count)


def scatter(places, values):
    out = np.empty(len(places), dtype=np.int64)
    out[places] = values
    return out


def constant_within(columns, unit):
    order = np.argsort(unit, kind="stable")
    same = unit[order][1:] == unit[order][:-1]
    return bool((columns[order][1:][same] == columns[order][:-1][same]).all())


def unit_shuffler(unit, random):
    """Row numbers that give each unit the value of another unit."""
    _, first, labels = np.unique(unit, return_index=True, return_inverse=True)
    return lambda: first[random.permutation(len(first))][labels]


# Below so many rows that bear on a coefficient, and rows for each of several columns, errors for unequal spread are too
# small: those of equal spread are taken where they are larger.
FEW_ROWS, ROWS_OF_SEVERAL = 8, 40


def robust_fit(block, y, base):
    """The coefficients of the columns of `block` in a linear model of y with a constant and the columns of `base`:
    {beta, covariance, free, statistic, p, way}, or None where it has none. Errors are HC3 (MacKinnon and White 1985, J.
    Econometrics 29) and `way` is `uneven`; it is `even` where HC3 is undefined, since one row alone makes a coefficient or
    the model fits wholly, and `larger` where few rows bear on a coefficient and the errors of equal spread give the larger
    p. F is Wald's on k and the residual degrees of freedom."""
    n, k = block.shape
    held = basis(base) if base.shape[1] else np.zeros((n, 0))
    free = n - 1 - held.shape[1] - k
    part = block - block.mean(axis=0)
    own = part - held @ (held.T @ part)
    size = np.sqrt((own**2).sum(axis=0))
    if free < 3 or (size <= 1e-7 * np.sqrt((part**2).sum(axis=0))).any():
        return None
    left, spread, right = np.linalg.svd(own / size, full_matrices=False)
    if spread[-1] <= 1e-8 * spread[0]:
        return None
    inverse = (right.T / spread) @ left.T / size[:, None]
    outcome = y - y.mean()
    outcome = outcome - held @ (held.T @ outcome)
    beta = inverse @ outcome
    rest = outcome - own @ beta
    squares = float(rest @ rest)
    if squares <= 0:
        return None
    even = squares / free * (inverse @ inverse.T)
    # Rows that a column of `base` has for itself have no residual, and say nothing of the block.
    pull = (left**2).sum(axis=1)
    whole = 1 / n + (held**2).sum(axis=1) + pull
    alone = whole > 1 - 1e-6
    scaled = np.where(alone, 0.0, rest / np.where(alone, 1.0, 1 - whole)) * inverse
    uneven = scaled @ scaled.T
    found = {"beta": beta, "free": free}
    plain = {**found, **wald_test(beta, even, free), "way": "even"}
    scale = np.sqrt(np.diag(uneven))
    exact = squares <= 1e-24 * float(((y - y.mean()) ** 2).sum())
    if (pull[alone] > 1e-6).any() or exact or not (scale > 0).all():
        return plain
    if k > 1 and np.linalg.cond(uneven / np.outer(scale, scale)) > 1e10:
        return plain
    robust = {**found, **wald_test(beta, uneven, free), "way": "uneven"}
    weights = inverse**2 / (inverse**2).sum(axis=1)[:, None]
    few = (1 / (weights**2).sum(axis=1)).min() < FEW_ROWS or (k > 1 and n < ROWS_OF_SEVERAL * k)
    return {**plain, "way": "larger"} if few and plain["statistic"] < robust["statistic"] else robust


def wald_test(beta, covariance, free):
    """{covariance, statistic, p} of all coefficients together, by F."""
    k, scale = len(beta), np.sqrt(np.diag(covariance))
    turned = beta / scale
    statistic = float(turned @ np.linalg.solve(covariance / np.outer(scale, scale), turned)) / k
    return {"covariance": covariance, "statistic": statistic, "p": float(stats.f.sf(statistic, k, free))}


def neighbours(values):
    """Correlation of each value with the one before it."""
    centred = values - values.mean()
    total = (centred**2).sum()
    return float((centred[1:] * centred[:-1]).sum() / total) if total > 0 else 0.0
