# ---- rates: k of n, or counts per amount at risk, on other columns, with an estimated dispersion ----
# Logit link for k of n, log link with the amount at risk as offset for counts; the variance is the binomial's or the
# Poisson's times Pearson's chi-squared by its degrees of freedom, at least 1 (McCullagh and Nelder 1989, ch. 4.5, 6.2).
# Where the dispersion grows with the size of the counts, as where each row has a rate of its own, that error is too
# small: then, and where there are too few rows to tell, it is at least that of leaving out one row at a time.
from collections import namedtuple
from types import SimpleNamespace

import numpy as np
from scipy import optimize, stats

# What is counted: events, the trials or the amount at risk, a known part of the linear predictor, and the family.
Counted = namedtuple("Counted", "events amount offset binomial")
MOST_RATE_LEVELS, MOST_RATE_PAIRS = 12, 10
FEWEST_EVENTS, FEWEST_FREE = 5, 4
# Rows for each column tested below which an uneven dispersion would not be noticed, and the one-sided 5 % point of the
# test that notices it.
FEW_TO_TELL, UNEVEN = 40, 1.644854
# A dispersion above this has the negative binomial beside it.
WIDE_DISPERSION = 1.5
# A standard error of a coefficient of this size, on columns of unit size, belongs to no finite estimate.
ENDLESS_ERROR = 50.0
RATE_TESTS = {
    "t": "scipy.stats.t (Wald test of a {family} model, dispersion estimated)",
    "f": "scipy.stats.f (deviance of nested {family} models, dispersion estimated)",
    "t_rows": "scipy.stats.t (Wald test of a {family} model, errors by leaving out one row at a time)",
    "f_rows": "scipy.stats.f (Wald test of a {family} model, errors by leaving out one row at a time)",
    "score": "scipy.stats.t (score test of a {family} model, dispersion estimated)",
    "score_f": "scipy.stats.f (score test of a {family} model, dispersion estimated)",
}


ERRORS_OF = {
    "t_rows": "errors by leaving out one row at a time",
    "f_rows": "errors by leaving out one row at a time",
    "units": "errors clustered",
}


# ---- the columns ----


def load_rates(table, test, binomial):
    """x, what is counted, the covariates, the numbers of their rows, and the levels of x that were left out."""
    by = test.get("by")
    if binomial and not by:
        raise NotTestable("name the column of the numbers of trials in `by`")
    covariates = [name for name in test.get("covariates") or [] if name not in (test["x"], test["y"], by)]
    for name in (test["x"], test["y"], *([by] if by else []), *covariates):
        if name not in table.position:
            raise NotTestable(f"there is no column {name!r} in the table")
    if len({test["x"], test["y"], by}) < 3:
        raise NotTestable("x, y and `by` must be three columns")
    x, *others = (table.column(name) for name in (test["x"], *covariates))
    events = numbers_of(with_outcome(table, test["y"], test["y"]))
    amount = numbers_of(with_outcome(table, by, test["y"])) if by else np.ones(table.rows)
    known = ~np.isnan(events) & ~np.isnan(amount)
    check_counts(test["y"], events, by, amount, known, binomial)
    known &= np.logical_and.reduce([present(column) for column in (x, *others)])
    rows = table.distinct_rows(np.flatnonzero(known))
    if len(rows) < MIN_ROWS:
        raise NotTestable(f"fewer than {MIN_ROWS} complete rows ({len(rows)})")
    x, others = take(x, rows), [take(column, rows) for column in others]
    events, amount, small = Column("", events[rows], None), Column("", amount[rows], None), []
    if x.levels is not None:
        x, (events, amount, *others), rows, small = keep_levels(x, [events, amount, *others], rows)
        if len(x.levels) > MOST_RATE_LEVELS:
            raise NotTestable(f"{x.name!r} has {len(x.levels)} levels, more than {MOST_RATE_LEVELS}")
    if len(np.unique(x.values)) < 2:
        raise NotTestable(f"{x.name!r} has one value only in the rows that have all columns")
    offset = np.zeros(len(rows)) if binomial else np.log(amount.values)
    data = Counted(events.values, amount.values, offset, binomial)
    total = data.events.sum()
    least = min(total, data.amount.sum() - total) if binomial else total
    if least < FEWEST_EVENTS:
        what = "events, or fewer trials without one" if binomial else "events"
        raise NotTestable(f"fewer than {FEWEST_EVENTS} {what} ({int(least)})")
    return x, data, others, rows, small


def with_outcome(table, name, outcome):
    """A column in the order of the outcome: in a shuffled table a count and what it is out of stay in one row."""
    return table.shuffled(table.as_read(name)._replace(name=outcome))._replace(name=name)


def numbers_of(column):
    """The numbers of a column, also of one of few different numbers, which the profile took for levels."""
    if column.levels is None:
        return column.values.astype(float)
    try:
        numbers = np.array([float(level) for level in column.levels] + [np.nan])
    except ValueError:
        raise NotTestable(f"{column.name!r} must be a number") from None
    return numbers[column.values]


def check_counts(name, events, by, amount, known, binomial):
    """Refuses what is no count, and numbers of trials or amounts at risk that are none; each with the first of them."""

    def refuse(wrong, column, values, what):
        places = np.flatnonzero(wrong & known)
        if len(places):
            raise NotTestable(f"{column!r} {what}: {values[places[0]]:.12g} in row {places[0] + 1}")

    refuse(events < 0, name, events, "has negative numbers, which are no counts")
    refuse(events != np.floor(events), name, events, "has numbers that are not whole, which are no counts")
    if by is None:
        return
    if not binomial:
        refuse(amount <= 0, by, amount, "has amounts at risk that are not above 0")
        return
    refuse(amount != np.floor(amount), by, amount, "has numbers of trials that are not whole")
    refuse(amount <= 0, by, amount, "has numbers of trials below 1")
    refuse(events > amount, name, events, f"is more than {by!r} in places")


def counted_at(data, mask):
    return Counted(data.events[mask], data.amount[mask], data.offset[mask], data.binomial)


# ---- the model ----


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


def jackknife_steps(scaled, rest, labels):
    """How each unit, left out, moves the coefficients of a weighted model, to first order (MacKinnon, Nielsen and Webb
    2025, the linearised jackknife of logistic models): one row per unit."""
    order = np.argsort(labels, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(labels[order]) != 0])
    scaled, rest = scaled[order], rest[order]
    squares = np.add.reduceat(scaled[:, :, None] * scaled[:, None, :], starts)
    scores = np.add.reduceat(scaled * rest[:, None], starts)
    return -np.einsum("gij,gj->gi", np.linalg.pinv(squares.sum(axis=0) - squares, hermitian=True), scores)


def jackknife_covariance(scaled, rest, labels):
    """The covariance of the coefficients with errors clustered by label (CV3)."""
    steps = jackknife_steps(scaled, rest, labels)
    return (len(steps) - 1) / len(steps) * steps.T @ steps


def row_covariance(scaled, rest):
    """The same with each row a unit of its own, which allows for any dispersion of each row (as HC3 does)."""
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
    """(left, right): what the columns of `block` hold beyond those of `held`, and the residuals of the model of `held`
    alone, both scaled so that their product is the score."""
    fit = rate_fit(held, data)
    root = np.sqrt(np.maximum(fit.variance, 1e-12))
    known, pieces = root[:, None] * held, root[:, None] * block
    left = pieces - known @ np.linalg.lstsq(known, pieces, rcond=None)[0]
    return left, pearson_residuals(data, fit)


def score_test(block, held, data, labels, free):
    """{statistic, p, df} of the score test; of one column the statistic is a signed t."""
    left, right = rate_score(block, held, data)
    slopes = np.linalg.lstsq(left, right, rcond=None)[0]
    fitted, k = left @ slopes, block.shape[1]
    explained = float((fitted**2).sum())
    if labels is None:
        dispersion = max(float((right**2).sum() - explained) / free, 1.0)
        statistic, below = explained / k / dispersion, free
    else:
        units = len(np.unique(labels))
        covariance = jackknife_covariance(left, right - fitted, labels)
        below = units - k
        statistic = float(slopes @ np.linalg.pinv(covariance) @ slopes) / k * below / (units - 1)
    p = float(stats.f.sf(statistic, k, below))
    if k == 1:
        statistic = float(np.copysign(np.sqrt(statistic), slopes[0]))
    return {"statistic": statistic, "p": p, "df": below}


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
        covariances, below = [jackknife_covariance(scaled, left, labels)], units - k
    errors = [float(np.sqrt(covariance[0, 0])) for covariance in covariances]
    error, way = max(errors), ("t", "t_rows")[int(np.argmax(errors))]
    if not error > 0:
        return None
    if k == 1:
        statistic = float(beta[0] / error)
        p = float(2 * stats.t.sf(abs(statistic), below))
    else:
        tests = []
        for place, covariance in enumerate(covariances):
            if labels is None and place == 0:
                gain = max(2 * (fit.likelihood - rate_fit(held, data).likelihood), 0.0)
                statistic = gain / k / shared["dispersion"]
            else:
                wald = float(beta @ np.linalg.pinv(covariance[:k, :k], hermitian=True) @ beta)
                statistic = wald / k * (1.0 if labels is None else below / (units - 1))
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
    sign, limit = (1.0 if tested["statistic"] >= 0 else -1.0), stats.t.isf(0.025, tested["df"])
    beta = found["beta"] = sign * np.maximum(sign * beta, 1e-9)

    def beyond(distance):
        moved = data._replace(offset=data.offset + sign * distance * block[:, 0])
        return sign * score_test(block, held, moved, labels, free)["statistic"] - limit

    # The nearest ratio that the test rejects: far beyond it the variance vanishes, and with it the score.
    end, far = -np.inf, sign * beta[0] + 4.0
    for near in np.arange(far - 0.5, far - 20.0, -0.5):
        if beyond(near) > 0:
            end = min(optimize.brentq(beyond, near, near + 0.5, xtol=1e-9), sign * beta[0])
            break
    return {**found, "low": end if sign > 0 else -np.inf, "high": np.inf if sign > 0 else -end}


# ---- the estimate as a result has it ----


def as_estimate(found, x, ratio):
    """E of an estimate, with its effect in units."""
    if found is None or not np.isfinite(found.p):
        return None
    single = len(found.beta) == 1
    if single:
        size = effect(f"{ratio}_per_sd" if x.levels is None else ratio, *ratio_ends(found))
        way = ("+" if found.beta[0] >= 0 else "-") if x.levels is None else x.levels[int(found.beta[0] >= 0)]
    else:
        size, way = share_explained(found), x.levels[int(np.argmax(np.r_[0.0, found.beta]))]
    return {
        "n": found.n,
        "statistic": found.statistic,
        "p": found.p,
        "effect": size,
        "direction": way,
        "units": ratio_in_units(found, x, ratio) if single else None,
    }


def ratio_ends(found, scale=1.0, sign=1.0):
    """(ratio, low, high) of a single coefficient times `scale`; ends that are infinite are None."""
    ends = sorted((sign * found.low, sign * found.high))
    turn = lambda end: float(np.exp(np.clip(end * scale, -700, 700))) if np.isfinite(end) else None
    return turn(sign * found.beta[0]), *(turn(end) for end in ends)


def share_explained(found):
    """The partial multiple correlation of several columns, with the interval of F."""
    k, below = len(found.beta), found.df
    value = float(np.sqrt(found.statistic * k / (found.statistic * k + below)))
    low, high = noncentral_f_interval(found.statistic, k, below)
    turn = lambda size: float(np.sqrt(size / (size + k + below + 1)))
    return effect("partial_v", value, min(turn(low), value), max(turn(high), value))


def ratio_in_units(found, x, ratio):
    """The ratio per unit of a number; of two levels that of the level with the larger share or rate to the other."""
    if x.levels is None:
        value, low, high = ratio_ends(found, 1 / found.spread)
        contrast = None
    else:
        up = found.beta[0] >= 0
        value, low, high = ratio_ends(found, 1.0, 1.0 if up else -1.0)
        contrast = {"level": x.levels[int(up)], "reference": x.levels[int(not up)]}
    interval = "score" if found.separated else "Wald"
    method = f"{interval} interval of a {family_of(ratio)} model, {ERRORS_OF.get(found.way, 'dispersion estimated')}"
    return {
        "name": ratio, "value": value, "ci_low": low, "ci_high": high, "ci_level": 0.95, "contrast": contrast,
        "method": method,
    }  # fmt: skip


def family_of(ratio):
    return "binomial" if ratio == "odds_ratio" else "Poisson"


def rate_contrasts(found, x, data):
    """Differences of the shares or rates of all pairs of three or more levels, each averaged over the rows' other
    columns, with errors by the delta method and Bonferroni's allowance for the number of pairs; largest first."""
    if x.levels is None or found.separated or not 3 <= len(x.levels) <= MOST_RATE_PAIRS:
        return None
    k, weights = len(found.beta), data.amount / data.amount.sum()
    shares, slopes = [], []
    for code in range(len(x.levels)):
        design = found.design.copy()
        design[:, :k] = 0.0
        if code:
            design[:, code - 1] = 1.0
        mean, variance = means_of(data, data.offset + design @ found.fit.beta)
        shares.append(float((weights * mean / data.amount).sum()))
        slopes.append((weights * variance / data.amount) @ design)
    pairs = [(upper, lower) for upper in range(len(shares)) for lower in range(upper)]
    limit, rows = stats.t.isf(0.025 / len(pairs), found.df), []
    for upper, lower in pairs:
        if shares[upper] < shares[lower]:
            upper, lower = lower, upper
        gap, turn = shares[upper] - shares[lower], slopes[upper] - slopes[lower]
        error = float(np.sqrt(max(turn @ covariance @ turn for covariance in found.covariances)))
        if not error > 0:
            return None
        ends = {"value": gap, "ci_low": float(gap - limit * error), "ci_high": float(gap + limit * error)}
        p = min(2 * float(stats.t.sf(gap / error, found.df)) * len(pairs), 1.0)
        rows.append({"level": x.levels[upper], "reference": x.levels[lower], "ci_level": 0.95, **ends, "p": p})
    return sorted(rows, key=lambda row: (-row["value"], row["level"], row["reference"]))


def pooled_levels(x, data):
    """[{level, n, value}] of all events by all trials, or by the whole amount at risk, of each level, largest first."""
    events, amounts = (np.bincount(x.values, weights=column) for column in (data.events, data.amount))
    counts = np.bincount(x.values)
    filled = [
        {"level": level, "n": int(counts[code]), "value": float(events[code] / amounts[code])}
        for code, level in enumerate(x.levels)
    ]
    return sorted(filled, key=lambda row: (-row["value"], row["level"]))


# ---- rows that depend on each other ----


def rates_that_depend(result, table, test, explore, rows, x, block, data, base, measured, errors):
    """The result by a model of how rows depend on each other where both sides show it: errors clustered by unit or by
    stretches of time, with shared times or the course held fixed; of a series or a map the residuals by the model of
    such rows. `measured(mask, base, labels, whole)` gives E; `errors` says what widens those of rows that stand
    alone."""
    plain, held = result["whole"], held_columns(base, len(rows))
    result = {**result, "p_judged": plain["p"], "p_judged_by": "primary"}
    # A course in time is a course of x itself, so x is not weighted here as the score would have it.
    left, right = residuals(block, basis(base)) if base.shape[1] else block, rate_score(block, held, data)[1][:, None]
    ways = find_dependence(table, test, rows, left, right)
    if ways is None:
        return {**result, "why": result["why"] + errors}
    dependence, part, parts = Dependence(ways, left, right), explore[rows], {}
    clustered = ways.kind in ("units", "moments") and dependence.clock is None
    if clustered:
        labels, held = dependence.over_all(ways.labels), map(dependence.over_all, dependence.held_fixed())
        base = np.column_stack([base, *held])
    for name, mask in (("whole", np.ones(len(rows), dtype=bool)), ("explore", part), ("confirm", ~part)):
        if result[name] is None:
            parts[name] = None
        elif clustered:
            parts[name] = measured(mask & ways.placed, base, labels, name == "whole")
        else:
            parts[name] = by_neighbours(result[name], dependence, mask, x)
    if parts["whole"] is None:
        raise NotTestable(f"too few {what_repeats(ways)} for a test that accounts for them")
    return {**result, **parts, **with_dependence(result, plain, parts["whole"], dependence), "mde": None}


def by_neighbours(alone, dependence, mask, x):
    """An estimate of a series or a map: the partial correlation of x with the residuals, and the ratio with the error
    of its t."""
    found = dependence.estimate(mask)
    if found is None:
        return None
    kept = {key: value for key, value in alone.items() if key != "contrasts"}
    units, t = alone["units"], found["statistic"]
    if units is not None:
        log, same = np.log(units["value"]), None
        # The ratio of two levels is at least 1, whichever of them that is.
        agrees = (alone["statistic"] >= 0) == (t >= 0)
        if found["sign"] and (agrees or found["p"] >= 0.05) and abs(t) > 1e-6:
            half = stats.t.isf(0.025, found["df"]) * abs(log / t)
            same = {"ci_low": float(np.exp(log - half)), "ci_high": float(np.exp(log + half))}
        units = same and {**units, **same, "method": dependence.test}
    if found["sign"]:
        kept["direction"] = ("+" if t >= 0 else "-") if x.levels is None else x.levels[int(t >= 0)]
    size = dependent_effect(alone, found, dependence)
    return {**kept, "n": found["n"], "statistic": t, "p": found["p"], "effect": size, "units": units}


# ---- second looks ----


def crude_checks(found, whole, crude, used):
    """The caveats of a relation that the covariates turn round or take away."""
    if crude is None or crude["p"] >= 0.05:
        return
    before, after = relation_size(crude), relation_size(whole)
    single = crude["effect"]["name"] != "partial_v"
    flipped = single and whole["p"] < 0.05 and before * after < 0
    gone = whole["p"] >= 0.05 and abs(after) < 0.5 * abs(before)
    for word, verdict in (("simpson_reversal", flipped), ("confounded", gone)):
        if verdict:
            found.caveats.append(word)
            found.notes[word] = ", ".join(column.name for column in used)


def relation_size(estimate):
    """The logarithm of a ratio, or the partial correlation of several levels."""
    value = estimate["effect"]["value"]
    return value if estimate["effect"]["name"] == "partial_v" else float(np.log(max(value, 1e-300)))


def rate_variants(found, x, block, data, base, crude, test, seed, unit, estimate):
    """Second looks on the same rows: shares or rates of single rows by Welch's tests and by ranks, rows that lie far
    off left out, the negative binomial, and rows in other orders."""
    rates = data.events / data.amount
    two, k = x.levels is not None and len(x.levels) == 2, block.shape[1]
    if np.ptp(rates) > 0:
        if not base.shape[1]:
            rows_alone(found, x, rates, crude)
        part = associate(ranks(block[:, 0])[:, None] if x.levels is None else block, ranks(rates)[:, None], base)
        if part is not None:
            way = crude["direction"]
            if k == 1:
                way = x.levels[int(part["r"] >= 0)] if two else "+" if part["r"] >= 0 else "-"
            called = "t (partial correlation of ranks)" if k == 1 else "f (Pillai's trace of ranks)"
            size = effect("partial_rho" if k == 1 else "partial_v", part["r"], part["low"], part["high"])
            add_variant(found, "rank", f"scipy.stats.{called}", part["n"], part["r"], part["p"], size, way, crude)
    without_far_rows(found, block, data, base, crude, estimate)
    if not base.shape[1] and crude["p"] < 0.05 and test.get("permutations", 499):
        random = generator("permutation", seed, test["x"], test["y"])
        excess = data.events - data.amount * (data.events.sum() / data.amount.sum())
        count = int(test.get("permutations") or 499)
        statistic, p = permutation_p(block, excess[:, None], count, random, unit)
        called = "numpy.random.Generator.permutation"
        add_variant(found, "permutation", called, len(rates), statistic, p, None, crude["direction"], crude)


def rows_alone(found, x, rates, crude):
    """Each row's share or rate as one number, whatever it is out of: Welch's tests, or the slope of a line."""
    if x.levels is None:
        statistic, p = robust_slope(x.values, rates)
        called, way = "scipy.stats.t (slope of a line, errors for unequal spread)", "+" if statistic >= 0 else "-"
    else:
        pieces = [rates[x.values == code] for code in range(len(x.levels))]
        if any(np.ptp(piece) == 0 for piece in pieces):
            return
        way = x.levels[int(np.argmax([piece.mean() for piece in pieces]))]
        if len(pieces) == 2:
            statistic, p = clean_p(stats.ttest_ind(pieces[1], pieces[0], equal_var=False))
            called = "scipy.stats.ttest_ind"
        else:
            statistic, p = clean_p(stats.f_oneway(*pieces, equal_var=False))
            called = "scipy.stats.f_oneway"
    if p is not None and np.isfinite(p):
        add_variant(found, "linear", called, len(rates), statistic, p, None, way, crude)


def without_far_rows(found, block, data, base, crude, estimate):
    """The same without the rows, at most 5 %, that lie beyond four standard deviations of what the model expects."""
    model = rate_estimate(block, data, base)
    if model is None:
        return
    far = far_rows(np.abs(pearson_residuals(data, model.fit)) / np.sqrt(model.dispersion), 4.0)
    keep = np.ones(len(block), dtype=bool)
    keep[far] = False
    trimmed = estimate(keep) if len(far) else None
    if trimmed is None:
        return
    rank = next((variant for variant in found.variants if variant["name"] == "rank"), None)
    size, way = trimmed["effect"], trimmed["direction"]
    called = RATE_TESTS[model.way].format(family="binomial" if data.binomial else "Poisson")
    add_variant(found, "outliers_removed", called, trimmed["n"], trimmed["statistic"], trimmed["p"], size, way, crude)
    fades = trimmed["p"] >= 0.05 and abs(relation_size(trimmed)) < 0.67 * abs(relation_size(crude))
    flips = trimmed["p"] < 0.05 and way != crude["direction"]
    if crude["p"] < 0.05 and (flips or (fades and (rank is None or not rank["agrees"]))):
        found.caveats.append("outlier_driven")
        found.notes["outlier_driven"] = f"{len(far)} of {len(block)} rows"


def adjust_rates(found, table, test, rows, x, block, data, base, labels, ratio, spread):
    """The relation with each column of `check` held fixed as well, one at a time."""
    for name in test.get("check") or []:
        named = (test["x"], test["y"], test.get("by"), *(test.get("covariates") or []))
        if name not in table.position or name in named:
            continue
        third = table.column(name)
        filled = present(third)[rows]
        if filled.sum() < 20 or (third.levels is not None and len(np.unique(third.values[rows][filled])) > 30):
            continue
        third = take(third, rows[filled])
        if len(np.unique(third.values)) < 2:
            continue
        kept = None if labels is None else labels[filled]
        both = []
        for given in (base[filled], np.column_stack([base[filled], given_columns(third)])):
            estimate = rate_estimate(block[filled], counted_at(data, filled), given, kept)
            if estimate is not None:
                estimate.spread = spread
            both.append(as_estimate(estimate, x, ratio))
        before, after = both
        if before is None or after is None:
            continue
        sizes, single = [relation_size(item) for item in both], block.shape[1] == 1
        reversal = single and max(before["p"], after["p"]) < 0.05 and sizes[0] * sizes[1] < 0
        gone = before["p"] < 0.001 and after["p"] >= 0.05 and abs(sizes[1]) <= 0.3 * abs(sizes[0])
        found.adjusted.append(
            {
                "for": name,
                "n": after["n"],
                "p": after["p"],
                "effect": after["effect"],
                "crude_value": before["effect"]["value"],
                "direction": after["direction"],
                "strata": None,
                "reversal": bool(reversal),
                "explained_away": bool(gone),
            }
        )
    confounding_verdict(found, table)


# ---- the whole test ----


def judge_rates(table, explore, test, ratio, more_variants=None):
    """The result of one test of k of n (`ratio` is `odds_ratio`) or of counts (`rate_ratio`)."""
    binomial, family = ratio == "odds_ratio", family_of(ratio)
    x, data, others, rows, small = load_rates(table, test, binomial)
    used = [
        column
        for column in others
        if len(np.unique(column.values)) > 1 and not (column.levels is not None and len(column.levels) > 30)
    ]
    base = np.column_stack([side(column) for column in used]) if used else np.zeros((len(rows), 0))
    block, spread = side(x), max(float(x.values.std()), 1e-300)
    if base.shape[1]:
        own = (residuals(block, basis(base)) ** 2).sum() / ((block - block.mean(axis=0)) ** 2).sum()
        if own < 0.001:
            raise NotTestable(f"{x.name!r} is determined by the covariates, so nothing of its own is left to test")

    def fitted(mask, given=base, labels=None):
        kept = None if labels is None else labels[mask]
        found = rate_estimate(block[mask], counted_at(data, mask), given[mask], kept)
        if found is not None:
            found.spread = spread
        return found

    def measured(mask, given=base, labels=None, compare=None):
        found = fitted(mask, given, labels)
        result = as_estimate(found, x, ratio)
        if result is not None and (mask.all() if compare is None else compare):
            compared = rate_contrasts(found, x, counted_at(data, mask))
            if compared is not None:
                result["contrasts"] = compared
        return result

    everything = np.ones(len(rows), dtype=bool)
    parts = on_parts(explore, rows, measured)
    whole, model, found = parts["whole"], fitted(everything), findings()
    crude = None
    if base.shape[1]:
        crude = as_estimate(fitted(everything, base[:, :0]), x, ratio)
        crude_checks(found, whole, crude, used)
    unit = unit_of(table, test, rows) if test.get("unit") not in (test["x"], test["y"]) else None
    checked = table.checked_rows(np.arange(len(rows)))
    some = np.zeros(len(rows), dtype=bool)
    some[checked] = True
    sample = measured(some) if len(checked) < len(rows) else whole
    if sample is not None:
        inner = lambda keep: as_estimate(fitted(np.isin(np.arange(len(rows)), checked[keep])), x, ratio)
        here, kept = take_same(x, checked), None if unit is None else unit[checked]
        piece = counted_at(data, checked)
        seed = table.protocol.get("seed", 0)
        rate_variants(found, here, block[checked], piece, base[checked], sample, test, seed, kept, inner)
        if more_variants is not None:
            more_variants(found, here, block[checked], piece, base[checked], sample, model.dispersion)
        adjust_rates(found, table, test, rows[checked], x, block[checked], piece, base[checked], kept, ratio, spread)
    rate_caveats(found, x, data, whole, base, model)
    told = f"{family} model of {test['y']}" + (
        f" out of {test['by']}" if binomial else f" per {test['by']}" if test.get("by") else ""
    )
    told += f" on {x.name}" + (f" and {len(used)} covariates" if used else "")
    told += f"; dispersion {model.raw_dispersion:.3g}" + (", taken as 1" if model.raw_dispersion < 1 else "")
    errors = "" if model.raw_dispersion < 1 else "; errors widened by the root of the dispersion"
    if model.way in ERRORS_OF:
        grows = model.uneven > UNEVEN
        reason = "which grows with the size of the counts" if grows else "which may not be even in so few rows"
        errors = f", {reason}; {ERRORS_OF[model.way]}"
    if model.separated:
        told += "; by the score test, because no finite ratio is the most likely"
    result = {
        **parts,
        "test": RATE_TESTS[model.way].format(family=family),
        "why": told + left_out(small) + table.told_copies(),
        "assumptions": [
            {
                "name": f"counts vary as in a {family} model (errors allow for more)",
                "check": "Pearson's chi-squared by its degrees of freedom",
                "statistic": model.raw_dispersion,
                "p": float(stats.chi2.sf(model.raw_dispersion * model.free, model.free)),
                "holds": bool(model.raw_dispersion <= WIDE_DISPERSION),
            },
            {
                "name": "dispersion does not grow with the size of the counts",
                "check": "score test of squared Pearson residuals",
                "statistic": model.uneven,
                "p": float(stats.norm.sf(model.uneven)),
                "holds": bool(model.uneven <= UNEVEN),
            },
        ],
        "covariates": [column.name for column in used],
        "crude": crude,
        "by": test.get("by"),
        "groups": pooled_levels(x, data) if x.levels is not None else None,
        "variants": found.variants,
        "adjusted": found.adjusted,
        "caveats": found.caveats,
        "caveat_notes": found.notes,
    }
    return rates_that_depend(result, table, test, explore, rows, x, block, data, base, measured, errors)


def rate_caveats(found, x, data, whole, base, model):
    if whole["p"] < 0.05 and whole["effect"]["name"] != "partial_v":
        limit = 0.12 if data.binomial else 0.06
        if abs(relation_size(whole)) < limit:
            found.caveats.append("tiny_effect")
    events = min(data.events.sum(), (data.amount - data.events).sum()) if data.binomial else data.events.sum()
    least = np.bincount(x.values).min() if x.levels is not None else whole["n"]
    if whole["n"] < 20 + 10 * base.shape[1] or events < 20 or least < 5:
        found.caveats.append("small_sample")
    if model.separated:
        found.caveats.append("separation")
