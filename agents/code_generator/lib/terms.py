# ---- terms: main effects and interactions of a design as columns of a linear model ----
from itertools import combinations

import numpy as np


def columns_of_term(design, names):
    """The columns of a term: products of the deviation codes of its factors and of its numbers."""
    out = np.ones((rows_of(design), 1))
    for name in names:
        if name in design.factors:
            factor = design.factors[name]
            piece = deviations(len(factor.levels))[factor.codes]
        else:
            values = design.numbers[name]
            piece = ((values - values.mean()) / values.std())[:, None]
        out = (out[:, :, None] * piece[:, None, :]).reshape(len(out), -1)
    return out


def deviations(count):
    """Deviation codes of so many levels: a row for each."""
    return np.vstack([np.eye(count - 1), -np.ones(count - 1)])


def within_groups(columns, labels):
    """Columns less their means in each group of rows, or in all; what is constant there becomes zero."""
    centred = columns - columns.mean(axis=0)
    if labels is None or not columns.shape[1]:
        return centred
    counts = np.bincount(labels)
    sums = np.column_stack([np.bincount(labels, weights=column, minlength=len(counts)) for column in centred.T])
    left = centred - (sums.reshape(len(counts), -1) / counts[:, None])[labels]
    left[:, (left**2).sum(axis=0) <= 1e-16 * (centred**2).sum(axis=0)] = 0.0
    return left


def all_terms(design, term, order):
    """The terms of the model: numbers, factors, interactions of factors up to an order, and the tested term."""
    factors = sorted(design.factors)
    terms = [frozenset([name]) for name in sorted(design.numbers)]
    for count in range(1, order + 1):
        terms += [frozenset(names) for names in combinations(factors, count)]
    return terms if not term or frozenset(term) in terms else [*terms, frozenset(term)]


def size_of(design, term):
    return int(np.prod([len(design.factors[name].levels) - 1 for name in term if name in design.factors]))


def stacked(design, terms):
    blank = np.zeros((rows_of(design), 0))
    return np.column_stack([blank, *[columns_of_term(design, sorted(term)) for term in terms]])


def residual_of(y, columns, labels):
    """(residuals, degrees of freedom left, rank of the columns) given groups of rows."""
    inside = within_groups(y[:, None], labels)[:, 0]
    space = basis(within_groups(columns, labels))
    groups = 1 if labels is None else int(labels.max()) + 1
    return inside - space @ (space.T @ inside), len(y) - groups - space.shape[1], space.shape[1]
