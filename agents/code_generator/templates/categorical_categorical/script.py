# ---- categorical_categorical: do the shares of one column's levels differ between the levels of another? ----
from types import SimpleNamespace

import numpy as np
from scipy import stats


def prepare(x, y, rows):
    if x.levels is None or y.levels is None:
        raise NotTestable("both columns must be groups")
    x, (y,), rows, small_x = keep_levels(x, [y], rows)
    y, (x,), rows, small_y = keep_levels(y, [x], rows)
    prepare.note = left_out(small_x + small_y)
    if len(x.levels) < 2:
        raise NotTestable(f"{x.name!r} has one level only where {y.name!r} is filled")
    return x, y, rows


def choose(x, y, test):
    """The chi-squared test where the margins give every cell enough rows to expect; else an exact or a resampled
    one."""
    table = cross(x.values, y.values, len(x.levels), len(y.levels))
    expected = stats.contingency.expected_freq(table)
    two, few = table.shape == (2, 2), float((expected < 5).mean())
    assumptions = [
        {
            "name": "at least 5 rows to expect in four cells of five, and 1 in each",
            "check": "smallest expected count",
            "statistic": float(expected.min()),
            "p": None,
            "holds": bool(expected.min() >= 1 and few <= 0.2),
        }
    ]
    if two and expected.min() < 5:
        method, why = "fisher", "exact test, because a cell of the 2x2 table is expected to hold fewer than 5 rows"
    elif expected.min() >= 1 and few <= 0.2:
        method, why = "chi2", "the margins leave enough rows to expect in every cell"
    else:
        method, why = (
            "resampled",
            "chi-squared against resampled tables of the same margins, because too many cells are expected to hold fewer than 5 rows",
        )
    test_name = "scipy.stats.fisher_exact" if method == "fisher" else "scipy.stats.chi2_contingency"
    level = outcome_level(table, expected, y, test)
    return SimpleNamespace(
        method=method,
        test=test_name,
        why=why + prepare.note,
        assumptions=assumptions,
        x_levels=x.levels,
        y_levels=y.levels,
        y_level=level,
        seed=seed_of(x, y),
        y_code=y.levels.index(level),
    )


def outcome_level(table, expected, y, test):
    """The level of y that rates speak of: the event of a binary outcome, else the level that departs most from
    chance."""
    if test.get("y_level") in y.levels:
        return test["y_level"]
    if len(y.levels) == 2:
        return event_level(y.levels)
    return y.levels[int(np.argmax(((table - expected) ** 2 / expected).max(axis=0)))]


def seed_of(x, y):
    return int(generator("resample", PROTOCOL.get("seed", 0), x.name, y.name).integers(2**32))


def cross(x, y, rows, columns):
    return np.bincount(x * columns + y, minlength=rows * columns).reshape(rows, columns)


def estimate(x, y, plan):
    table = cross(x, y, len(plan.x_levels), len(plan.y_levels))
    rates = table[:, plan.y_code] / np.maximum(table.sum(axis=1), 1)
    filled_rows, filled_columns = table.sum(axis=1) > 0, table.sum(axis=0) > 0
    top = plan.x_levels[int(np.argmax(np.where(filled_rows, rates, -1)))]
    table = table[filled_rows][:, filled_columns]
    if min(table.shape) < 2:
        return None
    chi2 = stats.chi2_contingency(table, correction=False)
    statistic, p = float(chi2.statistic), float(chi2.pvalue)
    if plan.method == "fisher":
        p = float(stats.fisher_exact(table).pvalue)
    elif plan.method == "resampled":
        p = resampled_p(table, plan.seed)
    n = int(table.sum())
    return {"n": n, "statistic": statistic, "p": p, "effect": cramers_v(statistic, table.shape, n), "direction": top}


def resampled_p(table, seed):
    """Monte Carlo p over tables of the same margins; more of them where the first find none as extreme."""
    for count in (9999, 199999):
        method = stats.MonteCarloMethod(n_resamples=count, rng=np.random.default_rng(seed), batch=10000)
        p = float(stats.chi2_contingency(table, correction=False, method=method).pvalue)
        if p > 10 / count:
            break
    return p


def outcome(x, y, plan):
    left = (x.values == 1).astype(float)[:, None] if len(plan.x_levels) == 2 else indicators(x.values)
    right = (y.values == plan.y_code).astype(float)[:, None] if len(plan.y_levels) == 2 else indicators(y.values)
    return left, right


def main_outcome(y, plan):
    """The single outcome for tests that take one: whether y is `y_level`."""
    return (y.values == plan.y_code).astype(float)


def direction(sign, plan):
    return plan.x_levels[1] if sign >= 0 else plan.x_levels[0]


@beside_test
def units(x, y, plan, mask, dependence):
    if len(plan.x_levels) != 2 or len(plan.y_levels) != 2:
        return None
    plain = risk_difference_in_units(x.values[mask], (y.values == plan.y_code)[mask], plan.x_levels)
    return upper_first(by_model(plain, dependence, mask, True))


def details(x, y, plan, whole):
    more = []
    if len(x.levels) == 2:
        table = cross(x.values, (y.values == plan.y_code).astype(int), 2, 2)
        (b, a), (d, c) = table[1], table[0]
        more = [odds_ratio_effect(a, b, c, d), risk_difference_effect(a, a + b, c, c + d)]
    return {
        "groups": level_values(x.values, x.levels, (y.values == plan.y_code).astype(float)),
        "other_effects": more,
    }


def detectable(x, y, plan, level):
    return smallest_v((len(x.levels), len(y.levels)), len(x.values), level)


run_battery(
    PROTOCOL,
    SimpleNamespace(
        prepare=prepare,
        choose=choose,
        estimate=estimate,
        outcome=outcome,
        main_outcome=main_outcome,
        direction=direction,
        details=details,
        detectable=detectable,
        units=units,
    ),
)
