# ---- subjects: terms of a design within subjects who had every condition ----
from itertools import combinations
from types import SimpleNamespace

import numpy as np
from scipy import stats


def repeated_test(design, y, term):
    """A term that varies within subjects, where each has one value in each condition: the contrasts of conditions of
    each subject against their spread among subjects, with Greenhouse and Geisser's (1959, Psychometrika 24) correction.
    None where the design is not complete."""
    unit = design.strata[-1].labels
    within = [name for name in design.factors if not is_constant(design, name, unit)]
    if design.block is not None and not constant_within(design.block[1][:, None].astype(float), unit):
        return None
    if any(not is_constant(design, name, unit) for name in design.numbers):
        return None
    sizes = [len(design.factors[name].levels) for name in within]
    count, people = int(np.prod(sizes)), int(unit.max()) + 1
    places = np.ravel_multi_index([design.factors[name].codes for name in within], sizes)
    if len(y) != people * count or len(np.unique(unit * count + places)) != len(y):
        return None
    values = np.empty((people, count))
    values[unit, places] = y
    turn = np.ones((1, 1))
    for name, size in zip(within, sizes):
        turn = np.kron(turn, orthogonal_contrasts(size) if name in term else np.full((size, 1), size**-0.5))
    scores = values @ turn
    people_design = part_of_design(design, np.unique(unit, return_index=True)[1])
    outer = [name for name in term if name not in within]
    factors = {name: people_design.factors[name] for name in people_design.factors if name not in within}
    people_design.factors = factors
    people_design.numbers = {name: people_design.numbers[name] for name in people_design.numbers if name in outer}
    for order in range(len(factors), -1, -1):
        found = subjects_test(people_design, scores, outer, order)
        if found is not None:
            break
    else:
        return None
    wide = scores.shape[1]
    statistic, df1, df2 = found.square / found.error, found.df1 * wide, found.df2 * wide
    products = found.rest.T @ found.rest
    epsilon = float(np.trace(products) ** 2 / (wide * (products**2).sum())) if wide > 1 else 1.0
    epsilon = min(max(epsilon, 1 / wide), 1.0)
    return SimpleNamespace(
        F=statistic,
        df1=df1 * epsilon,
        df2=df2 * epsilon,
        p=float(stats.f.sf(statistic, df1 * epsilon, df2 * epsilon)),
        error=found.error,
        stratum="within subjects",
        name=design.strata[-1].name,
        added=None,
        epsilon=epsilon if wide > 1 else None,
        note="",
        gaps=False,
        terms=all_terms(design, term, len(design.factors)),
        people=SimpleNamespace(values=values, within=within, sizes=sizes, model=found.model, free=found.df2),
        full=None,
    )


def correct_for_subjects(found, design, y, term):
    """Where subjects lack values, the degrees of freedom times the epsilon of those that have all, if they are
    enough."""
    unit = design.strata[-1].labels
    counts = np.bincount(unit)
    rows = np.flatnonzero(counts[unit] == counts.max())
    if len(rows) == len(y) or found.df1 < 2:
        return
    smaller = part_of_design(design, rows)
    if any(name not in smaller.factors and name not in smaller.numbers for name in term):
        return
    complete = repeated_test(smaller, y[rows], term)
    if complete is None or complete.epsilon is None or complete.people.free < 2 * found.df1:
        return
    found.epsilon, found.df1, found.df2 = complete.epsilon, found.df1 * complete.epsilon, found.df2 * complete.epsilon
    found.p = float(stats.f.sf(found.F, found.df1, found.df2))
    found.note = f"epsilon of the {len(rows) // counts.max()} subjects with all values"
    found.full = None


def orthogonal_contrasts(count):
    """Orthonormal contrasts of so many levels (Helmert's)."""
    return np.linalg.qr(np.column_stack([np.ones(count), deviations(count)]))[0][:, 1:]


def subjects_test(design, scores, outer, order):
    """Sums of squares of a term of factors between subjects, the constant among them, in the contrasts of subjects."""
    people = len(scores)
    blank = np.zeros((people, 0))
    if not design.factors and not design.numbers:
        base, space, model = blank, np.full((people, 1), people**-0.5), blank
    else:
        terms = all_terms(design, outer, order)
        stack = lambda chosen: np.column_stack([blank, *[columns_of_term(design, sorted(each)) for each in chosen]])
        model = basis(stack(terms))
        if outer:
            base = basis(stack([each for each in terms if not each >= frozenset(outer)]))
            space = basis(residuals(columns_of_term(design, outer), base))
        else:
            space = np.full((people, 1), people**-0.5)
    centred = scores - scores.mean(axis=0)
    rest = centred - model @ (model.T @ centred)
    free, df1 = people - 1 - model.shape[1], space.shape[1]
    if free < 1 or df1 == 0:
        return None
    wide = scores.shape[1]
    square = float(((space.T @ scores) ** 2).sum()) / (df1 * wide)
    error = float((rest**2).sum()) / (free * wide)
    return SimpleNamespace(square=square, error=error, df1=df1, df2=free, rest=rest, model=model)


def means_within_subjects(found, name):
    """Means of levels within subjects, and the errors of their differences, each from the subjects' own differences."""
    people = found.people
    shape = people.values.reshape([len(people.values), *people.sizes])
    axis = people.within.index(name) + 1
    table = np.moveaxis(shape, axis, 1).reshape(len(shape), people.sizes[axis - 1], -1).mean(axis=2)
    count = table.shape[1]
    errors = np.zeros((count, count))
    for a, b in combinations(range(count), 2):
        gap = table[:, a] - table[:, b]
        gap = gap - gap.mean()
        rest = gap - people.model @ (people.model.T @ gap)
        errors[a, b] = errors[b, a] = np.sqrt(float(rest @ rest) / people.free / len(table))
    return table.mean(axis=0), errors
