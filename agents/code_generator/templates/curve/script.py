# ---- curve: does a number change with another, along a line or any curve? ----
from types import SimpleNamespace

import numpy as np

FEWEST_VALUES, FEWEST_ROWS, FIFTHS = 5, 30, 5


def judge(table, explore, test, family):
    x, y, _, rows = load_model(table, test, [])
    if x.levels is not None or y.levels is not None:
        raise NotTestable("both columns must be numeric")
    if len(rows) < FEWEST_ROWS or len(np.unique(x.values)) < FEWEST_VALUES:
        raise NotTestable(
            f"a curve needs {FEWEST_ROWS} rows and {FEWEST_VALUES} different values of {x.name!r}; "
            f"there are {len(rows)} and {len(np.unique(x.values))}"
        )
    by_ranks = is_heavy(y.values)
    outcome = ranks(y.values) if by_ranks else y.values.astype(float)
    block, none = curve_terms(ranks(x.values) if is_heavy(x.values) else x.values), np.zeros((len(rows), 0))

    def estimate(mask):
        piece, values = block[mask], outcome[mask]
        if mask.sum() < FEWEST_ROWS // 2 or np.ptp(values) == 0 or (np.ptp(piece, axis=0) == 0).any():
            return None
        found = added_block(piece, values, none[mask], False)
        return found and {
            "n": int(mask.sum()),
            "statistic": found["statistic"],
            "p": found["p"],
            "effect": block_effect(found, piece, values, none[mask], False, ("partial_r", "odds_ratio")),
            "direction": None,
        }

    parts, found = on_parts(explore, rows, estimate), findings()
    way = added_block(block, outcome, none, False)["way"]
    result = {
        **parts,
        "test": MODEL_TESTS[way],
        "why": f"the terms of a restricted cubic spline of {x.name} with {block.shape[1] + 1} knots, all at once"
        + (f"; of ranks, since {y.name} has strong skew or far outliers" if by_ranks else "")
        + WHY_EQUAL.get(way, ""),
        "groups": fifths(x.values, y.values),
        "variants": found.variants,
        "caveats": found.caveats,
        "caveat_notes": found.notes,
        "mde": smallest_of_block(
            int(rows_judged(explore, rows, test).sum()), block.shape[1], 0, level_of(table, test)
        ),
    }
    return with_rows_that_depend(result, table, test, explore, rows, block, outcome[:, None], none)


def curve_terms(x):
    """x and the terms of its restricted cubic spline, standardised: straight beyond the outer of three or four knots,
    which lie at quantiles (Harrell 2015, Regression Modeling Strategies, section 2.4)."""
    x = (x - x.mean()) / x.std()
    shares = [0.05, 0.35, 0.65, 0.95] if len(x) >= 100 else [0.1, 0.5, 0.9]
    knots = np.unique(np.quantile(x, shares))
    columns = [x]
    if len(knots) >= 3:
        cubed = [np.maximum(x - knot, 0.0) ** 3 for knot in knots]
        last = knots[-1] - knots[-2]
        for knot, above in zip(knots[:-2], cubed[:-2]):
            columns.append(above - cubed[-2] * (knots[-1] - knot) / last + cubed[-1] * (knots[-2] - knot) / last)
    terms = np.column_stack(columns)
    return (terms - terms.mean(axis=0)) / terms.std(axis=0)


def fifths(x, y):
    """Means of y in fifths of x, from the lowest x to the highest: [{level, n, value}]. None where ties of x leave fewer
    than three."""
    edges = np.unique(np.quantile(x, np.linspace(0, 1, FIFTHS + 1)))
    if len(edges) < 4:
        return None
    places = np.clip(np.searchsorted(edges, x, side="right") - 1, 0, len(edges) - 2)
    return [
        {"level": f"{low:.4g} to {high:.4g}", "n": int((places == i).sum()), "value": float(y[places == i].mean())}
        for i, (low, high) in enumerate(zip(edges[:-1], edges[1:]))
        if (places == i).any()
    ]


run_battery(PROTOCOL, SimpleNamespace(judge=judge))
