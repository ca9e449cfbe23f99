# ---- strata: a term of a design against the error of rows, whole plots, subjects or blocks ----
# Sums of squares are of type II, by least squares: what a term adds to all terms that do not contain it. A term is
# tested in the stratum in which its columns vary: rows, or whole plots, subjects or blocks within which it is constant.
from types import SimpleNamespace

import numpy as np
from scipy import stats

# Interactions are in the model while it has at most so many columns and leaves so many rows for each of them.
MOST_COLUMNS, ROWS_PER_COLUMN = 400, 1.4
# Cells of the matrices of a model at most.
MOST_CELLS = 4e7
# What the stratum of rows is called within the smallest groups.
WITHIN = {"whole plots": "subplots", "subjects": "within subjects"}


def term_test(design, y, term):
    """One term tested in its stratum: {F, df1, df2, p, ...}; NotTestable with a reason."""
    for name in term:
        if name not in design.factors and name not in design.numbers:
            raise NotTestable(f"{name!r} has one value only here")
    total, units = len(y), [s for s in design.strata if s.kind == "subjects"]
    if units:
        design, y = one_per_condition(design, y, units[0].labels)
        inside = [name for name in term if not is_constant(design, name, design.strata[-1].labels)]
        found = repeated_test(design, y, term) if inside else None
        if found is not None:
            return finished(found, design, y, term, total)
    failure = None
    for order in range(max(len(design.factors), 1), 0, -1):
        terms = all_terms(design, term, order)
        size = sum(size_of(design, each) for each in terms)
        least = order == 1
        if size * len(y) > MOST_CELLS or (not least and size > MOST_COLUMNS):
            continue
        try:
            found = stratum_test(design, y, term, terms, not least)
        except NotTestable as refusal:
            failure = refusal
            continue
        if found.stratum == "within subjects":
            correct_for_subjects(found, design, y, term)
        return finished(found, design, y, term, total)
    raise failure or NotTestable("the model has too many columns")


def one_per_condition(design, y, labels):
    """Means of rows of one subject in one condition, which are no replicates of the treatment."""
    cells = numbered(labels, *(factor.codes for factor in design.factors.values()))
    if design.block is not None:
        cells = numbered(cells, design.block[1])
    first, counts = np.unique(cells, return_index=True)[1], np.bincount(cells)
    if counts.max() == 1:
        return design, y
    smaller = part_of_design(design, first)
    for name, values in design.numbers.items():
        smaller.numbers[name] = np.bincount(cells, weights=values) / counts
    return smaller, np.bincount(cells, weights=y) / counts


def stratum_test(design, y, term, terms, needs_room):
    """F test of a term against the error of its stratum, by least squares."""
    n, strata = len(y), design.strata
    level = next((at for at, s in enumerate(strata) if all(is_constant(design, name, s.labels) for name in term)), None)
    above = strata[: len(strata) if level is None else level]
    block = design.block[1] if design.block is not None else None
    absorbed, held = (above[-1].labels, block) if above else (block, None)
    if held is not None and constant_within(held[:, None].astype(float), absorbed):
        held = None
    fixed = indicators(held) if held is not None else np.zeros((n, 0))
    contains = [each for each in terms if each >= frozenset(term)]
    before = np.column_stack([fixed, stacked(design, [each for each in terms if each not in contains])])
    base = basis(within_groups(before, absorbed))
    own = columns_of_term(design, term)
    added = residuals(within_groups(own, absorbed), base)
    space = basis(added)
    df1, wanted = space.shape[1], own.shape[1]
    if df1 == 0 or (len(term) == 1 and df1 < wanted):
        raise NotTestable(f"{' x '.join(term)} cannot be told from the other columns of the design")
    full = np.column_stack([before, stacked(design, contains)])
    rest, free, columns = residual_of(y, full, absorbed)
    if needs_room and (columns + 1) * ROWS_PER_COLUMN > n:
        raise NotTestable("too few rows for the interactions")
    square = float(((space.T @ (y - y.mean())) ** 2).sum()) / df1
    if level is None:
        error, df2, note = float(rest @ rest) / free if free > 0 else 0.0, free, ""
    else:
        inner, inner_free, _ = residual_of(y, full, strata[level].labels)
        between, df2 = max(float(rest @ rest - inner @ inner), 0.0), free - inner_free
        error, df2, note = plot_error(between, df2, inner, inner_free, space, full, absorbed, strata[level].labels)
    if df2 < 1:
        raise NotTestable("no degrees of freedom are left for the error: nothing is repeated")
    scale = float(((y - y.mean()) ** 2).sum())
    if not error > 1e-20 * scale:
        raise NotTestable("the columns of the design determine the outcome, so there is no error to test against")
    kind = strata[level].kind if level is not None else WITHIN.get(above[-1].kind, "residual") if above else "residual"
    statistic = square / error
    return SimpleNamespace(
        F=statistic,
        df1=float(df1),
        df2=float(df2),
        p=float(stats.f.sf(statistic, df1, df2)),
        error=error,
        stratum=kind,
        name=strata[level].name if level is not None else above[-1].name if above else None,
        added=added,
        epsilon=None,
        note=note,
        gaps=df1 < wanted,
        terms=terms,
        absorbed=absorbed,
        base=base,
        space=space,
        full=full if level is None else None,
    )


def plot_error(between, df, inner, inner_free, space, full, absorbed, labels):
    """(mean square, degrees of freedom, note) of plots or subjects as the error of a term. Where plots differ in size,
    their variance enters the two mean squares with other weights; the error is then a mixture with the residual mean
    square that has the weights of the term, with Satterthwaite's (1946, Biometrics 2) degrees of freedom."""
    if df < 1:
        return 0.0, 0, ""
    mean = between / df
    if inner_free < 1:
        return mean, df, ""
    sums = lambda columns: sum(float((np.bincount(labels, weights=column) ** 2).sum()) for column in columns.T)
    n = len(labels)
    outer = np.zeros(n, dtype=np.int64) if absorbed is None else absorbed
    _, first, pairs = np.unique(np.column_stack([labels, outer]), axis=0, return_index=True, return_counts=True)
    taken = float((pairs**2 / np.bincount(outer)[outer[first]]).sum())
    weight_error = (n - taken - sums(basis(within_groups(full, absorbed)))) / df
    weight_term = sums(space) / space.shape[1]
    share = weight_term / weight_error if weight_error > 1e-9 else 1.0
    if abs(share - 1) < 1e-6:
        return mean, df, ""
    small = float(inner @ inner) / inner_free
    if share > 1 and mean <= small:
        return mean, df, ""
    error = share * mean + (1 - share) * small
    free = error**2 / ((share * mean) ** 2 / df + ((1 - share) * small) ** 2 / inner_free)
    return error, free, "mixed with the residual, because plots differ in size"


def finished(found, design, y, term, total):
    """A tested term with its adjusted means."""
    if not np.isfinite(found.F) or not found.error > 1e-20 * float(((y - y.mean()) ** 2).sum()):
        raise NotTestable("the columns of the design determine the outcome, so there is no error to test against")
    found.n, found.term, found.design, found.y = total, term, design, y
    found.levels = design.factors[term[0]].levels if term[0] in design.factors else None
    found.means = found.spread = found.slope = None
    if len(term) == 1 and found.levels is None:
        scale = design.numbers[term[0]].std()
        column = found.added[:, 0]
        found.slope = float(column @ y) / float(column @ column) / scale
        found.spread = np.sqrt(found.error / float(column @ column)) / scale
    elif len(term) == 1 and found.added is not None:
        codes, turn = design.factors[term[0]].codes, deviations(len(found.levels))
        inverse = np.linalg.pinv(found.added)
        beta = inverse @ (y - y.mean())
        found.means = y.mean() + (turn - turn[codes].mean(axis=0)) @ beta
        covariance = found.error * turn @ (inverse @ inverse.T) @ turn.T
        variances = np.diag(covariance)
        found.spread = np.sqrt(np.maximum(variances[:, None] + variances[None, :] - 2 * covariance, 0.0))
    elif len(term) == 1:
        found.means, found.spread = means_within_subjects(found, term[0])
    found.sign = 0
    if size_of(design, term) == 1 and not found.gaps:
        found.sign = sign_of(found, design, y, term)
    return found


def sign_of(found, design, y, term):
    """The sign of a term with one degree of freedom: the second level less the first, or of the product."""
    if found.slope is not None:
        return 1 if found.slope >= 0 else -1
    if found.means is not None:
        return 1 if found.means[1] >= found.means[0] else -1
    if found.added is not None:
        return 1 if float(found.added[:, 0] @ y) >= 0 else -1
    own = columns_of_term(design, term)[:, 0]
    return 1 if float(own @ (y - y.mean())) >= 0 else -1


def model_residuals(design, y, terms):
    """Residuals of the whole model, within the smallest plots or subjects."""
    labels = design.strata[-1].labels if design.strata else design.block[1] if design.block is not None else None
    columns = stacked(design, terms)
    block = design.block[1] if design.strata and design.block is not None else None
    if block is not None and not constant_within(block[:, None].astype(float), labels):
        columns = np.column_stack([columns, indicators(block)])
    return residual_of(y, columns, labels)[0]
