# ---- models: a relation given several columns at once, for a numeric or a binary outcome ----
from types import SimpleNamespace

import numpy as np
from scipy import stats


def load_model(table, test, more, wanted=()):
    """x, y, the columns `more` on rows that have all of them, and the row numbers; the outcome must be a number or
    binary."""
    names = [test["x"], test["y"], *more]
    for name in names:
        if name not in table.position:
            raise NotTestable(f"there is no column {name!r} in the table")
    if len(set(names)) < len(names):
        raise NotTestable("a column is named twice")
    columns = [table.column(name) for name in names]
    rows = table.distinct_rows(np.flatnonzero(np.logical_and.reduce([present(column) for column in columns])))
    if len(rows) < MIN_ROWS:
        raise NotTestable(f"fewer than {MIN_ROWS} complete rows ({len(rows)})")
    x, y, *others = [take(column, rows) for column in columns]
    if x.levels is not None:
        x, (y, *others), rows, _ = keep_levels(x, [y, *others], rows)
    if y.levels is not None and len(y.levels) != 2:
        raise NotTestable(f"the outcome {y.name!r} must be a number or have two levels; it has {len(y.levels)} here")
    for column in (x, y):
        if len(np.unique(column.values)) < 2:
            raise NotTestable(f"{column.name!r} has one value only in the rows that have all columns")
    if y.levels is not None and np.bincount(y.values).min() < 3:
        raise NotTestable(f"one level of {y.name!r} has fewer than 3 rows")
    return x, y, others, rows


def side(column):
    """A column as numbers for a model: standardised, or a group's indicators."""
    if column.levels is not None:
        return indicators(column.values)
    spread = column.values.std()
    return ((column.values - column.values.mean()) / (spread if spread > 0 else 1.0))[:, None]


def target(y, level):
    """The outcome as one column: the number, or whether it is `level`."""
    return y.values.astype(float) if y.levels is None else (y.values == y.levels.index(level)).astype(float)


def added_block(block, y, base, binary):
    """What the columns of `block` add to those of `base`: {statistic, p, df, beta, error} or None. F test of a linear
    model,
    or likelihood ratio of logistic models."""
    ones = np.ones((len(y), 1))
    base = basis(base) * np.sqrt(len(y)) if base.shape[1] else base
    k = block.shape[1]
    design = np.column_stack([block, ones, base])
    if len(y) - design.shape[1] < 5 or np.linalg.matrix_rank(design) < design.shape[1]:
        return None
    if binary:
        try:
            beta, covariance, full = logistic_fit(design, y)
            _, _, reduced = logistic_fit(design[:, k:], y)
        except Separated:
            return None
        statistic = max(2 * (full - reduced), 0.0)
        return {
            "statistic": statistic,
            "p": float(stats.chi2.sf(statistic, k)),
            "df": k,
            "beta": beta[0],
            "error": np.sqrt(covariance[0, 0]),
        }
    beta, rest = least_squares(design, y)
    _, without = least_squares(design[:, k:], y)
    free = len(y) - design.shape[1]
    variance = rest / free
    if variance <= 0:
        return None
    statistic = max(without - rest, 0.0) / k / variance
    error = np.sqrt(variance * np.linalg.pinv(design.T @ design)[0, 0])
    return {
        "statistic": statistic,
        "p": float(stats.f.sf(statistic, k, free)),
        "df": k,
        "beta": beta[0],
        "error": error,
    }


def least_squares(design, y):
    beta = np.linalg.lstsq(design, y, rcond=None)[0]
    return beta, float(((y - design @ beta) ** 2).sum())


MODEL_TESTS = {
    False: "scipy.stats.f (F test of nested linear models)",
    True: "scipy.stats.chi2 (likelihood ratio of nested logistic models)",
}


def block_effect(found, block, y, base, binary, names):
    """Effect size of one block: for one column a partial correlation or an odds ratio, for several the partial multiple
    correlation of a linear model."""
    if block.shape[1] == 1 and binary:
        half = 1.959964 * found["error"]
        return effect(
            names[1], *np.exp(np.clip([found["beta"], found["beta"] - half, found["beta"] + half], -700, 700))
        )
    part = associate(block, y[:, None], base)
    if part is None:
        return effect(names[0], None, None, None)
    return effect(names[0] if block.shape[1] == 1 else "partial_v", part["r"], part["low"], part["high"])


def direction_in(x, y_values, base, beta):
    """'+' or '-' of a number; of a group, the level with the largest mean once the other columns are taken out."""
    if x.levels is None:
        return "+" if beta >= 0 else "-"
    left = residuals(y_values[:, None], basis(base))[:, 0] if base.shape[1] else y_values
    design = np.column_stack([np.ones(len(left)), side(x), base])
    weights = np.r_[0.0, np.linalg.lstsq(design, y_values, rcond=None)[0][1 : len(np.unique(x.values))]]
    return x.levels[int(np.unique(x.values)[int(np.argmax(weights))])] if len(weights) else None


def with_rows_that_depend(result, table, test, explore, rows, block, outcome, base, units=None, contrasts=None):
    """The result of a model of `outcome` (rows, columns) on `block` and `base`, by a model of how rows depend on each
    other where both sides show it, with the other columns held fixed: in all parts of the rows. `units(mask, dependence)`
    and `contrasts(dependence)` give effects in the units of the outcome, where the family has them."""
    plain = result["whole"]
    result = {**result, "p_judged": plain["p"], "p_judged_by": "primary"}
    taken = basis(base) if base.shape[1] else np.zeros((len(outcome), 0))
    ways = find_dependence(table, test, rows, residuals(block, taken), residuals(outcome, taken))
    if ways is None:
        return result
    dependence, part = Dependence(ways, block, outcome.astype(float), base), explore[rows]
    parts = {}
    for name, mask in (("whole", np.ones(len(rows), dtype=bool)), ("explore", part), ("confirm", ~part)):
        alone, found = result[name], dependence.estimate(mask) if result[name] is not None else None
        # Contrasts of rows that stand alone are no longer right.
        parts[name] = found and {
            **{key: value for key, value in alone.items() if key != "contrasts"},
            "n": found["n"],
            "statistic": found["statistic"],
            "p": found["p"],
            "effect": dependent_effect(alone, found, dependence),
            **({} if units is None else {"units": units(mask, dependence)}),
        }
    if parts["whole"] is None:
        raise NotTestable(f"too few {what_repeats(ways)} for a test that accounts for them")
    compared = contrasts(dependence) if contrasts is not None else None
    if compared is not None:
        parts["whole"]["contrasts"] = compared
    return {**result, **parts, **with_dependence(result, plain, parts["whole"], dependence)}


def findings():
    return SimpleNamespace(variants=[], adjusted=[], caveats=[], notes={})
