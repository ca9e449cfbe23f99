# ---- logistic: maximum likelihood by Newton's method on arrays ----
import numpy as np


class Separated(Exception):
    """The outcome is split perfectly, so that no finite coefficient is the most likely."""


def logistic_fit(design, y, steps=60):
    """(coefficients, covariance, log likelihood) of a logistic regression; `design` holds its own column of ones."""
    beta = np.zeros(design.shape[1])
    likelihood = log_likelihood(design, y, beta)
    for _ in range(steps):
        rate = 1 / (1 + np.exp(-np.clip(design @ beta, -700, 700)))
        weight = rate * (1 - rate)
        information = (design * weight[:, None]).T @ design
        try:
            step = np.linalg.solve(information, design.T @ (y - rate))
        except np.linalg.LinAlgError:
            raise Separated from None
        scale, fresh = 1.0, log_likelihood(design, y, beta + step)
        while fresh < likelihood - 1e-12 and scale > 1e-4:
            scale /= 2
            fresh = log_likelihood(design, y, beta + scale * step)
        beta, gain, likelihood = beta + scale * step, fresh - likelihood, fresh
        if likelihood > -1e-6 * len(y) or not np.isfinite(beta).all():
            raise Separated
        if abs(gain) < 1e-10 * (abs(likelihood) + 1):
            break
    rate = 1 / (1 + np.exp(-np.clip(design @ beta, -700, 700)))
    if ((rate < 1e-7) | (rate > 1 - 1e-7)).mean() > 0.5 and likelihood > -0.01 * len(y):
        raise Separated
    information = (design * (rate * (1 - rate))[:, None]).T @ design
    return beta, np.linalg.pinv(information), likelihood


def log_likelihood(design, y, beta):
    linear = design @ beta
    return float((y * linear - np.logaddexp(0, linear)).sum())
