# ---- counts: does the rate of events go with x, per amount at risk where there is one? ----
from types import SimpleNamespace

import numpy as np
from scipy import optimize, special, stats

NEGATIVE_BINOMIAL = "scipy.stats.norm (Wald test of a negative binomial model)"
# Logarithms of the extra variance per squared mean between which it is looked for.
LEAST_EXTRA, MOST_EXTRA = -7.0, 4.0


def judge(table, explore, test, family):
    return judge_rates(table, explore, test, "rate_ratio", negative_binomial)


def negative_binomial(found, x, block, data, base, crude, dispersion):
    """The same by a negative binomial model, whose variance grows with the square of the mean, beside a wide
    dispersion and a single column."""
    if dispersion <= WIDE_DISPERSION or block.shape[1] > 1:
        return
    design = np.column_stack([block, held_columns(base, len(block))])
    fits = {}

    def badness(log_extra):
        fits[log_extra] = extra_fit(design, data, np.exp(log_extra))
        return np.inf if fits[log_extra] is None else -fits[log_extra][2]

    bounds, exact = (LEAST_EXTRA, MOST_EXTRA), {"xatol": 1e-4}
    best = optimize.minimize_scalar(badness, bounds=bounds, method="bounded", options=exact)
    fit = fits.get(best.x) if LEAST_EXTRA + 0.01 < best.x < MOST_EXTRA - 0.01 else None
    if fit is None:
        return
    beta, covariance, _ = fit
    error = float(np.sqrt(covariance[0, 0]))
    if not 0 < error < ENDLESS_ERROR:
        return
    z, half = float(beta[0] / error), 1.959964 * error
    size = effect(crude["effect"]["name"], *np.exp(np.clip([beta[0], beta[0] - half, beta[0] + half], -700, 700)))
    way = ("+" if z >= 0 else "-") if x.levels is None else x.levels[int(z >= 0)]
    p = float(2 * stats.norm.sf(abs(z)))
    add_variant(found, "negative_binomial", NEGATIVE_BINOMIAL, len(block), z, p, size, way, crude)


def extra_fit(design, data, extra):
    """(coefficients, covariance, log likelihood) of a negative binomial model with variance mean + extra * mean^2, or
    None where it does not settle."""
    y, size = data.events, 1 / extra

    def likelihood(beta):
        mean = np.exp(np.clip(data.offset + design @ beta, -700, 80))
        return float((y * np.log(np.maximum(mean, 1e-300) / (mean + size)) - size * np.log1p(mean / size)).sum())

    beta, settled = np.linalg.lstsq(design, np.log(y + 0.5) - data.offset, rcond=None)[0], False
    value = likelihood(beta)
    for _ in range(60):
        mean = np.exp(np.clip(data.offset + design @ beta, -700, 80))
        weight = mean / (1 + extra * mean)
        step = solved((design * weight[:, None]).T @ design, design.T @ ((y - mean) / (1 + extra * mean)))
        scale, fresh = 1.0, likelihood(beta + step)
        while not fresh >= value - 1e-10 * abs(value) and scale > 1e-6:
            scale /= 2
            fresh = likelihood(beta + scale * step)
        beta, value = beta + scale * step, fresh
        if np.abs(step).max() < 1e-8:
            settled = True
            break
    if not settled or not np.isfinite(value):
        return None
    mean = np.exp(np.clip(data.offset + design @ beta, -700, 80))
    information = (design * (mean / (1 + extra * mean))[:, None]).T @ design
    whole = value + float((special.gammaln(y + size) - special.gammaln(size) - special.gammaln(y + 1)).sum())
    return beta, np.linalg.pinv(information, hermitian=True), whole


run_battery(PROTOCOL, SimpleNamespace(judge=judge))
