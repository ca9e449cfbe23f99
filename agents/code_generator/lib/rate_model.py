# ---- rate model: k of n, or counts per amount at risk, on other columns, with an estimated dispersion ----
# Logit link for k of n, log link with the amount at risk as offset for counts; the variance is the binomial's or the
# Poisson's times Pearson's chi-squared by its degrees of freedom, at least 1 (McCullagh and Nelder 1989, ch. 4.5, 6.2).
# Where the dispersion grows with the size of the counts, as where each row has a rate of its own, that error is too
# small: then, and where there are too few rows to tell, it is at least that of leaving out one row at a time.
from types import SimpleNamespace

import numpy as np
from scipy import optimize, stats

FEWEST_FREE = 4
# Rows for each column tested below which an uneven dispersion would not be noticed, and the one-sided 5 % point of the
# test that notices it.
FEW_TO_TELL, UNEVEN = 40, 1.644854
# A standard error of a coefficient of this size, on columns of unit size, belongs to no finite estimate.
ENDLESS_ERROR = 50.0


def means_of(data, predictor):
    """(mean, variance for a dispersion of 1) of the counts."""
    if data.binomial:
        share = 1 / (1 + np.exp(-np.clip(predictor, -700, 700)))
        return data.amount * share, data.amount * share * (1 - share)
    mean = np.exp(np.clip(predictor, -700, 80))
    return mean, mean


def count_likelihood(data, predictor):
    """The log likelihood but for a constant."""
    if data.binomial:
        return float((data.events * predictor - data.amount * np.logaddexp(0, predictor)).sum())
    return float((data.events * predictor - np.exp(np.clip(predictor, -700, 80))).sum())


def solved(matrix, vector):
    try:
        return np.linalg.solve(matrix, vector)
    except np.linalg.LinAlgError:
        return np.linalg.pinv(matrix) @ vector


def rate_fit(design, data, steps=60):
    """The maximum likelihood fit by Newton's method, with steps halved where they overshoot: {beta, mean, variance,
    information, likelihood}. Under separation the coefficients are as far out as the likelihood tells apart."""
    if data.binomial:
        start = np.log((data.events + 0.5) / (data.amount - data.events + 0.5)) - data.offset
    else:
        start = np.log(data.events + 0.5) - data.offset
    beta = np.linalg.lstsq(design, start, rcond=None)[0]
    likelihood = count_likelihood(data, data.offset + design @ beta)
    for _ in range(steps):
        mean, variance = means_of(data, data.offset + design @ beta)
        step = solved((design * variance[:, None]).T @ design, design.T @ (data.events - mean))
        step = step / max(1.0, np.abs(step).max() / 8)
        scale, fresh = 1.0, count_likelihood(data, data.offset + design @ (beta + step))
        while not fresh >= likelihood - 1e-12 * abs(likelihood) and scale > 1e-6:
            scale /= 2
            fresh = count_likelihood(data, data.offset + design @ (beta + scale * step))
        if not np.isfinite(fresh):
            break
        beta, gain, likelihood = beta + scale * step, fresh - likelihood, fresh
        if abs(gain) < 1e-11 * (abs(likelihood) + 1) and np.abs(step).max() < 1e-6:
            break
    mean, variance = means_of(data, data.offset + design @ beta)
    information = (design * variance[:, None]).T @ design
    return SimpleNamespace(beta=beta, mean=mean, variance=variance, information=information, likelihood=likelihood)


def reduced_bias_fit(design, data, steps=200):
    """Coefficients with the bias of first order taken out, which are finite under separation too (Firth 1993,
    Biometrika 80)."""
    share = data.events.sum() / data.amount.sum()
    centre = np.log(share / (1 - share)) if data.binomial else np.log(share)
    beta = np.linalg.lstsq(design, np.full(len(design), centre), rcond=None)[0]
    for _ in range(steps):
        mean, variance = means_of(data, data.offset + design @ beta)
        information = (design * variance[:, None]).T @ design
        pull = variance * ((design @ np.linalg.pinv(information, hermitian=True)) * design).sum(axis=1)
        tilt = pull * (0.5 - mean / data.amount) if data.binomial else pull / 2
        step = solved(information, design.T @ (data.events + tilt - mean))
        beta = beta + step / max(1.0, np.abs(step).max() / 2)
        if np.abs(step).max() < 1e-9:
            break
    return beta


def pearson_residuals(data, fit):
    return (data.events - fit.mean) / np.sqrt(np.maximum(fit.variance, 1e-12))


def row_covariance(scaled, rest):
    """The covariance of the coefficients from leaving out one row at a time, to first order, which allows for any
    dispersion of each row (as HC3 does)."""
    inverse = np.linalg.pinv(scaled.T @ scaled, hermitian=True)
    turned = scaled @ inverse
    pull = np.clip((turned * scaled).sum(axis=1), 0.0, 1 - 1e-9)
    steps = turned * (rest / (1 - pull))[:, None]
    return (len(steps) - 1) / len(steps) * steps.T @ steps


def unevenness(data, fit):
    """How the squared Pearson residuals grow with the mean count, or with the number of trials, in standard errors."""
    squares, size = pearson_residuals(data, fit) ** 2, data.amount if data.binomial else fit.mean
    apart, size = squares - squares.mean(), size - size.mean()
    error = np.sqrt((size**2).sum() * squares.var())
    return float((apart * size).sum() / error) if error > 0 else 0.0


def rate_score(block, held, data):
    """(left, right, known): what the columns of `block` hold beyond those of `held`, the residuals of the model of
    `held` alone, both scaled so that their product is the score, and the columns of `held` on that scale."""
    fit = rate_fit(held, data)
    root = np.sqrt(np.maximum(fit.variance, 1e-12))
    known, pieces = root[:, None] * held, root[:, None] * block
    left = pieces - known @ np.linalg.lstsq(known, pieces, rcond=None)[0]
    return left, pearson_residuals(data, fit), known


def score_test(block, held, data, labels, free):
    """{statistic, p, df} of the score test; of one column the statistic is a signed t."""
    left, right, known = rate_score(block, held, data)
    slopes = np.linalg.lstsq(left, right, rcond=None)[0]
    fitted, k = left @ slopes, block.shape[1]
    explained = float((fitted**2).sum())
    if labels is not None:
        found = cluster_test(np.column_stack([left, known]), right - fitted, labels, slopes)
        return {"statistic": found["statistic"], "p": found["p"], "df": free_of(found)}
    dispersion = max(float((right**2).sum() - explained) / free, 1.0)
    statistic, below = explained / k / dispersion, free
    p = float(stats.f.sf(statistic, k, below))
    if k == 1:
        statistic = float(np.copysign(np.sqrt(statistic), slopes[0]))
    return {"statistic": statistic, "p": p, "df": below}


def free_of(found):
    """The degrees of freedom of the errors of a clustered test."""
    return found["df"][1] if isinstance(found["df"], tuple) else found["df"]


def held_columns(base, count):
    """A constant and the columns that are held fixed, of unit size and without what repeats others."""
    ones = np.ones((count, 1))
    return np.column_stack([ones, basis(base) * np.sqrt(count)]) if base.shape[1] else ones


def rate_estimate(block, data, base, labels=None):
    """What the columns of `block` add to those of `base`: {n, statistic, p, df, beta, low, high, dispersion, way, ...},
    or None. Ends of the interval of one column are logarithms of a ratio, infinite where it is open. With `labels`
    errors are clustered."""
    n, k = block.shape
    if n < MIN_ROWS or (np.ptp(block, axis=0) == 0).any():
        return None
    held = held_columns(base, n)
    design = np.column_stack([block, held])
    free, total = n - design.shape[1], data.events.sum()
    rest = data.amount.sum() - total if data.binomial else np.inf
    if free < FEWEST_FREE or min(total, rest) < 3 or np.linalg.matrix_rank(design) < design.shape[1]:
        return None
    units = None if labels is None else len(np.unique(labels))
    if units is not None and units < max(4, k + 2):
        return None
    fit = rate_fit(design, data)
    inverse = np.linalg.pinv(fit.information, hermitian=True)
    chi = float((pearson_residuals(data, fit) ** 2).sum())
    # Rows whose share or rate is fitted as 0 or 1, as in a level of a covariate without events, tell nothing of it.
    live, rows_free = fit.variance > 1e-6, free
    if not live.all():
        free = int(live.sum()) - int(np.linalg.matrix_rank(design[live])) if live.any() else 0
        if free < FEWEST_FREE:
            return None
    shared = {"n": n, "design": design, "fit": fit, "free": free, "raw_dispersion": chi / free}
    shared["dispersion"], shared["uneven"] = max(chi / free, 1.0), unevenness(data, fit)
    if not np.sqrt(np.abs(np.diag(inverse)[:k])).max() < ENDLESS_ERROR or endless(fit, block, data):
        return SimpleNamespace(**shared, **endless_estimate(block, held, data, labels, rows_free))
    beta, below = fit.beta[:k], free
    root = np.sqrt(np.maximum(fit.variance, 1e-12))
    scaled, left = root[:, None] * design, pearson_residuals(data, fit)
    if labels is None:
        covariances = [inverse * shared["dispersion"]]
        if n < FEW_TO_TELL * k or shared["uneven"] > UNEVEN:
            covariances.append(row_covariance(scaled, left))
    else:
        # Leaving out a cluster is linearised (MacKinnon, Nielsen and Webb 2025, for logistic models).
        tested = cluster_test(scaled, left, labels, beta)
        steps, below = tested["steps"], free_of(tested)
        size = max(float(steps[:, 0] @ steps[:, 0]), 1e-300)
        scale = tested["error"] ** 2 / size if k == 1 else (units - 1) / units
        covariances = [scale * steps.T @ steps]
    errors = [float(np.sqrt(covariance[0, 0])) for covariance in covariances]
    error, way = max(errors), ("t", "t_rows")[int(np.argmax(errors))]
    if not error > 0:
        return None
    if k == 1:
        statistic = float(beta[0] / error)
        p = float(2 * stats.t.sf(abs(statistic), below)) if labels is None else tested["p"]
    elif labels is not None:
        p, statistic = tested["p"], tested["statistic"]
    else:
        tests = []
        for place, covariance in enumerate(covariances):
            if place == 0:
                gain = max(2 * (fit.likelihood - rate_fit(held, data).likelihood), 0.0)
                statistic = gain / k / shared["dispersion"]
            else:
                wald = float(beta @ np.linalg.pinv(covariance[:k, :k], hermitian=True) @ beta)
                statistic = wald / k
            tests.append((float(stats.f.sf(statistic, k, below)), statistic, ("f", "f_rows")[place]))
        p, statistic, way = max(tests)
    half = stats.t.isf(0.025, below) * error
    ends = {"low": float(beta[0] - half), "high": float(beta[0] + half)}
    way = way if labels is None else "units"
    tested = {"statistic": statistic, "p": p, "df": below, "beta": beta, "way": way}
    return SimpleNamespace(**shared, **tested, **ends, covariances=covariances, separated=False)


def endless(fit, block, data):
    """True where a level has no event, or nothing but events: the 0/1 columns of `block` and what none of them
    marks."""
    if not np.isin(block, (0.0, 1.0)).all():
        return False
    for inside in [*(block.T > 0), ~(block > 0).any(axis=1)]:
        events, amount = data.events[inside].sum(), data.amount[inside].sum()
        if events == 0 or (data.binomial and events == amount):
            return True
    return False


def endless_estimate(block, held, data, labels, free):
    """The estimate where the most likely coefficient is infinite: p and the finite end of the interval by the score
    test, which needs no estimate, and a coefficient of reduced bias."""
    beta = reduced_bias_fit(np.column_stack([block, held]), data)[: block.shape[1]]
    tested = score_test(block, held, data, labels, free)
    way = "score" if len(beta) == 1 else "score_f"
    found = {**tested, "beta": beta, "way": way, "covariances": [], "separated": True}
    if block.shape[1] > 1:
        return {**found, "low": -np.inf, "high": np.inf}
    # Where there is little to go by, taking out the bias can take the coefficient across 0: the score knows its side.
    sign = 1.0 if tested["statistic"] >= 0 else -1.0
    beta = found["beta"] = sign * np.maximum(sign * beta, 1e-9)

    def beyond(distance):
        moved = data._replace(offset=data.offset + sign * distance * block[:, 0])
        there = score_test(block, held, moved, labels, free)
        return sign * there["statistic"] - stats.t.isf(0.025, there["df"])

    # The nearest ratio that the test rejects: far beyond it the variance vanishes, and with it the score.
    end, far = -np.inf, sign * beta[0] + 4.0
    for near in np.arange(far - 0.5, far - 20.0, -0.5):
        if beyond(near) > 0:
            end = min(optimize.brentq(beyond, near, near + 0.5, xtol=1e-9), sign * beta[0])
            break
    return {**found, "low": end if sign > 0 else -np.inf, "high": np.inf if sign > 0 else -end}
