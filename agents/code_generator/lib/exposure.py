# ---- exposure: what a count is out of: a time at risk in proportion to which events come, or the n of k of n ----
# Known by proportion: on the log scale the mean count rises by one unit with the exposure, within a narrow interval,
# and scatters about it as counts do.
import numpy as np
from scipy import special

LEAST_REACH = 3.0
LEAST_Z = 6.0
MOST_DISPERSION = 6.0


def find_exposures(table):
    """Pairs of a count and what it is out of: [{count, of, slope, error, dispersion, trials}], the surest first."""
    numbers = [
        i
        for i, column in enumerate(table.columns)
        if column["role"] == "numeric" and column["usable"] and not is_moment(column) and not column.get("level_order")
    ]
    counts = [i for i in numbers if table.columns[i]["integer"] and (table.columns[i]["min"] or 0) >= 0]
    counts = [i for i in counts if table.columns[i]["min"] is not None and table.columns[i]["distinct"] >= 4][:20]
    bases = [i for i in numbers if (table.columns[i]["min"] or 0) > 0 and table.columns[i]["distinct"] >= 10][:40]
    found = []
    for count in counts:
        for base in bases:
            if count == base:
                continue
            exposure = study_exposure(table, count, base)
            if exposure is not None:
                found.append(exposure)
    return sorted(found, key=lambda item: (item["dispersion"], item["count"], item["of"]))


def study_exposure(table, count, base):
    """What speaks for a count in proportion to a base, or None."""
    k, n = table.values(count), table.values(base)
    known = ~np.isnan(k) & ~np.isnan(n)
    k, n = k[known][:5000], n[known][:5000]
    if len(k) < 30 or k.sum() < 40:
        return None
    reach = np.quantile(n, 0.95) / np.quantile(n, 0.05)
    trials = bool((k <= n).all() and table.columns[base]["integer"])
    # Numbers of trials differ less than times at risk do, and each of them bounds its count.
    bounded = trials and k.sum() >= 0.02 * n.sum()
    if reach < (1.5 if bounded else LEAST_REACH) or abs(np.corrcoef(rank_scores(k), rank_scores(n))[0, 1]) < 0.2:
        return None
    fitted = proportional_fit(k, np.log(n), n if bounded else None)
    if fitted is None:
        return None
    slope, error, dispersion = fitted
    certain = slope / error >= (5.0 if bounded else LEAST_Z)
    # Beside times that differ twentyfold, a wider interval still tells a proportion from a mere relation.
    widest = 0.2 if bounded else 0.15 if reach >= 20 else 0.12
    if not certain or abs(slope - 1) > 2.5 * error or error > widest or dispersion > MOST_DISPERSION:
        return None
    if bounded and (dispersion < 0.2 or not bounds(table.names[base], k, n)):
        return None
    # A sum of few things scatters less, a size that only goes along scatters more than counts do.
    if not bounded and not 0.4 <= dispersion <= MOST_DISPERSION:
        return None
    # Some rows are so short that hardly anything happened, and the base is no small count of its own.
    small = np.quantile(k, 0.05) > 8 or k.mean() > 200
    coarse = table.columns[base]["integer"] and np.quantile(n, 0.05) < 20
    if not bounded and (small or coarse or dispersion > 4):
        return None
    return {
        "count": count,
        "of": base,
        "slope": slope,
        "error": error,
        "dispersion": dispersion,
        "trials": bounded,
        "share": float(k.sum() / n.sum()),
    }


TRIAL_WORDS = set(
    """
    n trials total sown planted tested exposed attempts attempted sample size examined eligible asked offered shown
    observed enrolled invited inspected caught seeds shots sent
    """.split()
)


def bounds(name, k, n):
    """Whether it means something that a count is never above a base: two counts of one thing would cross somewhere, or
    the base is named as a number of trials."""
    if set(tokens(name)) & TRIAL_WORDS:
        return True
    crossed = special.ndtr(-(n - k) / np.sqrt(np.maximum(n + k, 1.0))).sum()
    return bool(crossed >= 4)


def proportional_fit(k, log_base, trials):
    """(slope on the log of the base, its standard error with the dispersion, dispersion) of a Poisson model; where
    there are trials, the variance is the binomial's. None where it does not settle."""
    design = np.column_stack([np.ones(len(k)), log_base - log_base.mean()])
    beta = np.array([np.log(max(k.mean(), 1e-9)), 1.0])
    for _ in range(50):
        mean = np.exp(np.clip(design @ beta, -50, 50))
        weights = np.maximum(mean, 1e-12)
        information = design.T @ (design * weights[:, None])
        step = np.linalg.lstsq(information, design.T @ (k - mean), rcond=None)[0]
        beta = beta + np.clip(step, -2, 2)
        if np.abs(step).max() < 1e-8:
            break
    else:
        return None
    mean = np.exp(np.clip(design @ beta, -50, 50))
    variance = mean if trials is None else mean * np.maximum(1 - mean / trials, 0.02)
    dispersion = float(((k - mean) ** 2 / np.maximum(variance, 1e-9)).sum() / (len(k) - 2))
    bread = np.linalg.pinv(design.T @ (design * np.maximum(mean, 1e-12)[:, None]))
    meat = design.T @ (design * ((k - mean) ** 2)[:, None])
    error = float(np.sqrt((bread @ meat @ bread)[1, 1]))
    return float(beta[1]), max(error, 1e-9), dispersion
