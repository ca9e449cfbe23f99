# ---- models: a relation given several columns at once, for a numeric or a binary outcome ----
from types import SimpleNamespace

import numpy as np
from scipy import special, stats


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
    """What the columns of `block` add to those of `base`: {statistic, p, df, beta, error, free, way} or None. Wald's F
    of a linear model with errors for unequal spread (`robust_fit`), or likelihood ratio of logistic models."""
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
            "free": None,
            "way": "logistic",
        }
    fit = robust_fit(block, y, base)
    if fit is None:
        return None
    return {
        "statistic": fit["statistic"],
        "p": fit["p"],
        "df": k,
        "beta": fit["beta"][0],
        "error": np.sqrt(fit["covariance"][0, 0]),
        "free": fit["free"],
        "way": fit["way"],
    }


def product_model(x, third, as_factors, squares):
    """The products of x and a moderator, and the columns held fixed beside them. With `as_factors`, numbers of 3 or 4
    values are taken as groups. With `squares`, those of other numbers are held fixed: where x and the moderator go
    together, a bent relation with one of them would pass for a product. `told` and `as_factors` say which."""
    sides, bent, bent_names, grouped = [], [], [], []
    for column in (x, third):
        kinds, codes, counts = np.unique(column.values, return_inverse=True, return_counts=True)
        if column.levels is None and as_factors and 3 <= len(kinds) <= 4 and counts.min() >= MIN_LEVEL:
            sides.append(indicators(codes))
            grouped.append(f"{column.name} is taken as a factor, as it has {len(kinds)} values")
            continue
        sides.append(side(column))
        if column.levels is None and squares and len(kinds) > 2:
            bent.append(side(column._replace(values=sides[-1][:, 0] ** 2)))
            bent_names.append(column.name)
    left, other = sides
    return SimpleNamespace(
        products=np.column_stack([left[:, [i]] * other for i in range(left.shape[1])]),
        base=np.column_stack([left, other, *bent]),
        told=f"the square{'s' * (len(bent) > 1)} of {' and '.join(bent_names)}" if bent else "",
        as_factors="".join(f"; {what}" for what in grouped),
    )


EQUAL_SPREAD = "scipy.stats.f (F test of nested linear models, equal spread)"
MODEL_TESTS = {
    "uneven": "scipy.stats.f (Wald test of a linear model, errors for unequal spread)",
    "even": EQUAL_SPREAD,
    "larger": EQUAL_SPREAD,
    "logistic": "scipy.stats.chi2 (likelihood ratio of nested logistic models)",
}
WHY_EQUAL = {
    "even": "; equal spread is assumed, since one row alone makes a coefficient or the model fits wholly",
    "larger": "; the larger p, that of equal spread, is taken, since few rows bear on some coefficient",
}


def block_effect(found, block, y, base, binary, names):
    """Effect size of one block: for one column a partial correlation or an odds ratio, for several the partial multiple
    correlation of a linear model. Of a linear model the interval leaves out 0 exactly where p is below .05."""
    if block.shape[1] == 1 and binary:
        half = 1.959964 * found["error"]
        return effect(
            names[1], *np.exp(np.clip([found["beta"], found["beta"] - half, found["beta"] + half], -700, 700))
        )
    part = associate(block, y[:, None], base)
    if part is None:
        return effect(names[0], None, None, None)
    name = names[0] if block.shape[1] == 1 else "partial_v"
    if binary:
        return effect(name, part["r"], part["low"], part["high"])
    if block.shape[1] == 1:
        t = np.copysign(np.sqrt(found["statistic"]), part["r"])
        return effect(name, part["r"], *r_interval(part["r"], t, found["free"]).values())
    return effect(name, part["r"], *share_interval(part["r"], found))


def share_interval(value, found):
    """The ends of a partial multiple correlation by the noncentral F distribution, on the scale of the value: as the
    errors of the tested F differ from those of equal spread, so does its noncentrality."""
    statistic, df1, df2 = found["statistic"], found["df"], found["free"]
    low, high = noncentral_f_interval(statistic, df1, df2)
    if low == 0 and found["p"] < 0.05:
        # F has one side only: between p of .025 and of .05 the lower end is that of one side.
        cdf = lambda size: special.ncfdtr(df1, df2, size, statistic)
        low = max(noncentrality(cdf, 0.95, statistic * df1, df1, df2), 1e-9)
    same = value**2 / max(1 - value**2, 1e-300) * df2 / df1
    scale = same / statistic if statistic > 1e-6 else 1.0
    share = lambda size: float(np.sqrt(size * scale / (size * scale + df1 + df2)))
    return min(share(low), value), max(share(high), value)


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
    add_selection(result["caveats"], result["caveat_notes"], table, test)
    taken = basis(base) if base.shape[1] else np.zeros((len(outcome), 0))
    ways = find_dependence(table, test, rows, residuals(block, taken), residuals(outcome, taken))
    if ways is None:
        return result
    dependence, part = Dependence(ways, block, outcome.astype(float), base), explore[rows]
    level, judged = level_of(table, test), rows_judged(explore, rows, test)
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
    return {**result, **parts, **with_dependence(result, plain, parts["whole"], dependence, level, judged)}


def smallest_of_block(count, columns, held, level, inflation=1.0):
    """The smallest effect of so many columns beside `held` others in a linear model of `count` rows: a correlation of
    one, a partial multiple correlation of several; None where too few rows are left."""
    if columns == 1:
        return smallest_r(max(count - held, 4), level, inflation)
    free = count - 1 - held - columns
    return smallest_partial("partial_v", columns, free, level) if free >= 3 else None


def findings():
    return SimpleNamespace(variants=[], adjusted=[], caveats=[], notes={})
