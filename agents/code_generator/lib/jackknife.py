# ---- jackknife: errors of coefficients where rows lie in clusters, and what they are compared with ----
# The covariance is that of leaving out one cluster at a time, with all columns of the model estimated anew (CV3;
# MacKinnon, Nielsen and Webb 2023, J. Econometrics 232). With few clusters, or a few that bear on a coefficient, its
# ratio is far from Student's t of as many degrees of freedom: it is compared with its own distribution under normal
# errors, in which constants and tested coefficients vary between clusters (variances by moments; the idea of Bell and
# McCaffrey 2002, Survey Methodology 28, and Imbens and Kolesar 2016, Rev. Economics and Statistics 98, without their
# approximation by a t distribution).
from types import SimpleNamespace

import numpy as np
from scipy import optimize, stats

# Up to so many clusters, what their coefficients share is counted; beyond, each stands for itself.
MOST_SHARED = 60
# Up to so many clusters the distribution is exact; beyond, the t distribution of as many degrees of freedom.
MOST_EXACT = 2000
# Numbers of G x K x K cells beyond which other columns are not estimated anew without each cluster.
MOST_CELLS_LEFT_OUT = 4_000_000
WALD_DRAWS = 1999
# Gauss's rule for a mean over angles from 0 to a right one.
NODES, NODE_WEIGHTS = np.polynomial.legendre.leggauss(64)
SQUARED_SINES = np.sin((NODES + 1) * np.pi / 4) ** 2


def cluster_fit(block, y, base, labels):
    """The coefficients of the columns of `block` in a linear model of the columns of `y` with a constant and those of
    `base` (or None), tested with errors clustered by label: see `cluster_test`; `slope` is the first. None where
    coefficients are not told apart."""
    n, k = block.shape
    held = np.zeros((n, 0)) if base is None or not base.shape[1] else basis(base)
    apart, outcome = block - block.mean(axis=0), y - y.mean(axis=0)
    own = apart - held @ (held.T @ apart)
    size = np.sqrt((own**2).sum(axis=0))
    if not (size > 1e-7 * np.sqrt((apart**2).sum(axis=0))).all() or np.linalg.matrix_rank(own / size) < k:
        return None
    outcome = outcome - held @ (held.T @ outcome)
    scaled = own / size
    if y.shape[1] > 1:
        # Wald's statistic is that of any outcomes which span the same; uncorrelated ones make a simple model of errors.
        outcome = basis(outcome)
    beta = np.linalg.lstsq(scaled, outcome, rcond=None)[0]
    several = outcome.shape[1]
    if (several * (k + 1 + held.shape[1])) ** 2 * len(np.unique(labels)) > MOST_CELLS_LEFT_OUT:
        held = held[:, :0]
    # Several outcomes are one below the other, each with coefficients of its own.
    parts = (scaled, np.full((n, 1), 1 / np.sqrt(n)), held)
    design = np.column_stack([np.kron(np.eye(several), part) for part in parts])
    rest = (outcome - scaled @ beta).T.ravel()
    found = cluster_test(design, rest, np.tile(labels, several), beta.T.ravel(), several)
    if found is None or found["error"] is None:
        return found
    return {**found, "slope": float(beta[0, 0] / size[0]), "error": found["error"] / size[0]}


def cluster_test(design, rest, labels, beta, constants=1):
    """The Wald test that the first coefficients of a model, `beta`, are 0: {statistic, df, p, units, error, steps}.
    `design` has their columns first and then its constants; it and the residuals `rest` are weighted by the root of the
    model's weights. Of one coefficient, `statistic` is t with `df` degrees of freedom and `error` the standard error
    with which t is at its 2.5 % point exactly where p is .05; of several, F with df of a pair, fitted to the reference
    distribution. `steps` are the changes of all coefficients without each cluster. None below 4 clusters, or with no
    more of them than coefficients and one."""
    order, k = np.argsort(labels, kind="stable"), len(beta)
    design, rest, labels = design[order], rest[order], labels[order]
    starts = np.flatnonzero(np.r_[True, labels[1:] != labels[:-1]])
    units, width = len(starts), design.shape[1]
    if units < max(4, k + 2):
        return None
    squares = np.add.reduceat(design[:, :, None] * design[:, None, :], starts)
    scores = np.add.reduceat(design * rest[:, None], starts)
    total = squares.sum(axis=0)
    inverse = np.linalg.pinv(total, hermitian=True)
    without = total - squares
    turned = np.linalg.pinv(without, rcond=1e-9, hermitian=True)
    steps = -np.einsum("gij,gj->gi", turned, scores)
    # A cluster without which a coefficient cannot be told takes it away wholly.
    told = np.einsum("gij,gjk->gik", turned[:, :k], without)
    alone = np.abs(told - np.eye(width)[:k]).max(axis=(1, 2)) > 1e-5
    steps[alone, :k] = -beta
    places = [*range(k, k + constants), *range(k)]
    errors = working_errors(squares, inverse, scores, float(rest @ rest), len(rest), places)
    shared, own = covariance_of_steps(squares, inverse, turned[:, :, :k], errors, units * k <= MOST_SHARED * 4)
    shrink = (units - 1) / units
    drift = sum(variance * squares[:, :, part].T @ squares[:, :, part] for part, variance in errors.parts)
    spread = (inverse[:k] @ (errors.rows * total + drift) @ inverse[:, :k]) if errors.parts else None
    spread = errors.rows * inverse[:k, :k] if spread is None else spread
    if alone.any():
        own[alone] = spread
        if shared is not None:
            shared[alone], shared[:, alone] = 0.0, 0.0
            shared[alone, alone] = spread
    covariance = shrink * steps[:, :k].T @ steps[:, :k]
    found = {"units": units, "steps": steps}
    if k == 1:
        weights = np.linalg.eigvalsh(shared[:, :, 0, 0]) if shared is not None else own[:, 0, 0]
        return {**found, **one_coefficient(beta[0], covariance[0, 0], spread[0, 0], shrink * weights, units)}
    wald = float(beta @ np.linalg.pinv(covariance, hermitian=True) @ beta)
    return {**found, **several_coefficients(wald, spread, shared, shrink, units, k)}


def working_errors(squares, inverse, scores, total, n, places):
    """{rows, parts}: the variance of rows, and (place of a column, variance) of the coefficients at `places` that vary
    between clusters, by the method of moments with none below 0."""
    columns = {place: squares[:, :, place] for place in places}
    products = {place: column.T @ column for place, column in columns.items()}
    left = {place: squares[:, place, place].sum() - np.trace(inverse @ products[place]) for place in places}
    places = [place for place in places if left[place] > 1e-9 * squares[:, place, place].sum()]
    free = n - np.linalg.matrix_rank(inverse)

    def shared(one, other):
        """The squares of what columns `one` and `other`, cut into clusters, share beyond the model."""
        same = squares[:, one, other]
        taken = ((columns[one] @ inverse) * columns[other]).sum(axis=1)
        return (same**2 - 2 * same * taken).sum() + np.trace(inverse @ products[one] @ inverse @ products[other])

    system = [[free, *(left[place] for place in places)]]
    system += [[left[one], *(shared(one, other) for other in places)] for one in places]
    sums = [total, *((scores[:, place] ** 2).sum() for place in places)]
    # Each equation in units of the variance of rows, and each unknown in units of its share of them.
    weights = np.array([row[0] for row in system])
    system = np.array(system) / weights[:, None]
    scale = np.maximum(np.abs(system).max(axis=0), 1e-300)
    try:
        found = optimize.nnls(system / scale, np.array(sums) / weights)[0] / scale
    except RuntimeError:
        found = np.r_[1.0, np.zeros(len(places))]
    if not found.any() or not np.isfinite(found).all():
        found = np.r_[1.0, np.zeros(len(places))]
    parts = [(place, variance) for place, variance in zip(places, found[1:]) if variance > 0]
    return SimpleNamespace(rows=float(found[0]), parts=parts)


def covariance_of_steps(squares, inverse, turned, errors, whole):
    """(covariances of the steps of each two clusters, those of each with itself), shapes (G, G, k, k) or None where not
    asked for, and (G, k, k)."""
    units = len(squares)
    moved = np.einsum("gij,gjk->gik", squares, turned)
    back = np.einsum("ij,gjk->gik", inverse, moved)
    alone = np.einsum("gia,gib->gab", turned, moved)
    own = errors.rows * (alone - np.einsum("gia,gib->gab", moved, back))
    shared = None
    if whole:
        shared = -errors.rows * np.einsum("gia,hib->ghab", moved, back)
        shared[np.arange(units), np.arange(units)] += errors.rows * alone
    for part, variance in errors.parts:
        column = squares[:, :, part]
        pull, products = np.einsum("gi,gia->ga", column, turned), column.T @ column
        inside = np.einsum("gi,gia->ga", column, back)
        far = np.einsum("gia,ij,gjb->gab", back, products, back)
        cross = pull[:, :, None] * inside[:, None, :]
        own = own + variance * (far - cross - cross.transpose(0, 2, 1) + pull[:, :, None] * pull[:, None, :])
        if whole:
            far = np.einsum("gia,ij,hjb->ghab", back, products, back)
            cross = pull[:, None, :, None] * np.einsum("gi,hib->ghb", column, back)[:, :, None, :]
            shared = shared + variance * (far - cross - cross.transpose(1, 0, 3, 2))
            shared[np.arange(units), np.arange(units)] += variance * pull[:, :, None] * pull[:, None, :]
    return shared, own


def beyond_ratio(square, variance, weights):
    """The chance that the square of a normal number with this variance exceeds `square` times a sum of independent
    chi-squared numbers with these weights: Craig's (1991) form of the normal tail, averaged over the sum."""
    ratios = square / variance * weights[None, :] / SQUARED_SINES[:, None]
    return float(NODE_WEIGHTS @ np.exp(-0.5 * np.log1p(ratios).sum(axis=1))) / 2


def one_coefficient(beta, covariance, variance, weights, units):
    """t, its degrees of freedom, p and the standard error of one coefficient."""
    weights = np.maximum(weights, 0.0)
    total = float(weights.sum())
    if not (covariance > 0 and total > 0 and variance > 0):
        return {"statistic": 0.0, "df": float(units - 1), "p": 1.0, "error": 0.0}
    free = float(np.clip(total**2 / (weights**2).sum(), 1.0, units - 1))
    error = np.sqrt(covariance)
    if units > MOST_EXACT:
        error = error * np.sqrt(variance / total)
        t = float(beta / error)
        return {"statistic": t, "df": free, "p": float(2 * stats.t.sf(abs(t), free)), "error": float(error)}
    weights = weights[weights > 1e-12 * total]
    chance = lambda log_square: beyond_ratio(np.exp(log_square), variance, weights)
    limit = optimize.brentq(lambda log_square: chance(log_square) - 0.05, -20.0, 40.0, xtol=1e-10)
    error = float(error * np.exp(limit / 2) / stats.t.isf(0.025, free))
    p = beyond_ratio(beta**2 / covariance, variance, weights) if beta else 1.0
    return {"statistic": float(beta / error), "df": free, "p": p, "error": error}


def several_coefficients(wald, spread, shared, shrink, units, k):
    """F, its degrees of freedom and p of several coefficients: that of the F distribution with the median and the 95 %
    point of Wald's statistic in draws of normal errors, or, with many clusters, Hotelling's."""
    if shared is None:
        free = units - k
        statistic = wald / k * free / (units - 1)
        return {"statistic": statistic, "df": (k, free), "p": float(stats.f.sf(statistic, k, free)), "error": None}
    random = np.random.default_rng(23)
    covariance = shrink * shared.transpose(0, 2, 1, 3).reshape(units * k, units * k)
    sizes, ways = np.linalg.eigh(covariance)
    live = sizes > 1e-12 * sizes[-1]
    drawn = random.normal(size=(WALD_DRAWS, int(live.sum()))) @ (ways[:, live] * np.sqrt(sizes[live])).T
    drawn = drawn.reshape(WALD_DRAWS, units, k)
    sizes, ways = np.linalg.eigh(spread)
    slopes = random.normal(size=(WALD_DRAWS, k)) @ (ways * np.sqrt(np.maximum(sizes, 0.0))).T
    squares = np.matmul(drawn.transpose(0, 2, 1), drawn)
    squares = np.linalg.pinv(squares, rcond=1e-12, hermitian=True)
    middle, edge = np.quantile(np.einsum("ri,rij,rj->r", slopes, squares, slopes), [0.5, 0.95])
    if not 0 < middle < edge:
        return {"statistic": 0.0, "df": (k, 1.0), "p": 1.0, "error": None}
    ratio = lambda log_free: np.log(stats.f.isf(0.05, k, np.exp(log_free)) / stats.f.isf(0.5, k, np.exp(log_free)))
    target, ends = np.log(edge / middle), (np.log(0.5), np.log(units - k))
    free = ends[0] if target >= ratio(ends[0]) else ends[1]
    if ratio(ends[1]) < target < ratio(ends[0]):
        free = optimize.brentq(lambda place: ratio(place) - target, *ends)
    free = float(np.exp(free))
    statistic = float(wald * stats.f.isf(0.05, k, free) / edge)
    return {"statistic": statistic, "df": (k, free), "p": float(stats.f.sf(statistic, k, free)), "error": None}
