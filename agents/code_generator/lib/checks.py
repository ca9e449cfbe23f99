# ---- checks: variants, confounders, strata, permutation, units, time; and the caveats that follow from them ----
from types import SimpleNamespace

import numpy as np

TINY = {
    "r": 0.06,
    "rho": 0.06,
    "hedges_g": 0.12,
    "rank_biserial": 0.07,
    "cramers_v": 0.06,
    "omega_squared": 0.004,
    "epsilon_squared": 0.004,
    "cohens_dz": 0.12,
    "partial_r": 0.06,
}
MIN_STRATUM = 8


def check_pair(pair):
    """Variants, adjustments and caveats of one tested pair, on at most `rows_cap_checks` rows."""
    places = pair.table.checked_rows(np.arange(len(pair.rows)))
    x, y, rows = take_same(pair.x, places), take_same(pair.y, places), pair.rows[places]
    plan, family, whole, test = pair.plan, pair.family, pair.whole, pair.test
    significant = whole["p"] < 0.05
    crude = family.estimate(x.values, y.values, plan) if len(places) < len(pair.rows) else whole
    found = SimpleNamespace(variants=[], adjusted=[], caveats=[], notes={})
    if crude is None:  # the sample for checks holds too little of a rare level
        return {"p_judged": whole["p"], "p_judged_by": "primary"}
    outlier_check(found, family, x.values, y.values, plan, crude)
    left, right = family.outcome(x, y, plan)
    if hasattr(family, "curvature"):
        curvature_check(found, family, x.values, y.values, plan, crude)
    unit = unit_of(pair.table, test, rows)
    if significant and test.get("permutations", 499) and (pair.dependence is None or pair.dependence.kind == "units"):
        random = generator("permutation", pair.table.protocol.get("seed", 0), test["x"], test["y"])
        statistic, p = permutation_p(left, right, int(test.get("permutations") or 499), random, unit)
        add_variant(
            found,
            "permutation",
            "numpy.random.Generator.permutation",
            len(rows),
            statistic,
            p,
            None,
            crude["direction"],
            crude,
        )
    for name in test.get("check") or []:
        adjust_for(found, pair, name, x, y, rows, plan, crude)
    confounding_verdict(found, pair.table)
    size_check(found, whole, pair.x, pair.y)
    add_selection(found.caveats, found.notes, pair.table, test)
    order = (
        "simpson_reversal",
        "confounded",
        "outlier_driven",
        "nonlinear",
        "tiny_effect",
        "repeated_units",
        "time_order",
        "small_sample",
        "assumption_violated",
        "separation",
        "missing_by_other",
        "empty_corner",
    )
    extra = getattr(plan, "caveats", [])
    return {
        "variants": found.variants,
        "adjusted": found.adjusted,
        "caveats": [word for word in order if word in found.caveats or word in extra],
        "caveat_notes": found.notes,
        "p_judged": whole["p"],
        "p_judged_by": "primary",
    }


def take_same(column, places):
    """Rows of a column with its codes and levels unchanged."""
    return column._replace(values=column.values[places])


def add_variant(found, name, test, n, statistic, p, size, direction, crude):
    """A second look at the same relation; it agrees where both or neither are below .05 and the direction is the
    same."""
    same_side = (p < 0.05) == (crude["p"] < 0.05)
    same_way = p >= 0.05 or crude["p"] >= 0.05 or direction is None or direction == crude["direction"]
    found.variants.append(
        {
            "name": name,
            "test": test,
            "n": n,
            "statistic": statistic,
            "p": p,
            "effect": size,
            "direction": direction,
            "agrees": bool(same_side and same_way),
        }
    )
    return found.variants[-1]


def outlier_check(found, family, x, y, plan, crude):
    """The other of the linear and the rank test, and the linear one without the farthest rows."""
    if not hasattr(family, "other_method"):
        return
    linear_plan, rank_plan = family.both_methods(plan)
    linear, rank = family.estimate(x, y, linear_plan), family.estimate(x, y, rank_plan)
    other, label, its_plan = (
        (rank, "rank", rank_plan) if plan.method == linear_plan.method else (linear, "linear", linear_plan)
    )
    if other is not None:
        add_variant(
            found,
            label,
            its_plan.test,
            other["n"],
            other["statistic"],
            other["p"],
            other["effect"],
            other["direction"],
            crude,
        )
    far = family.far(x, y)
    keep = np.ones(len(x), dtype=bool)
    keep[far] = False
    trimmed = family.estimate(x[keep], y[keep], linear_plan) if len(far) else None
    if trimmed is None:
        return
    add_variant(
        found,
        "outliers_removed",
        linear_plan.test,
        trimmed["n"],
        trimmed["statistic"],
        trimmed["p"],
        trimmed["effect"],
        trimmed["direction"],
        crude,
    )
    if linear is None or rank is None or linear["p"] >= 0.05:
        return
    flips = trimmed["p"] < 0.05 and trimmed["direction"] != linear["direction"]
    fades = trimmed["p"] >= 0.05 and strength(trimmed) < 0.67 * strength(linear)
    rank_fades = rank["p"] >= 0.05 or rank["direction"] != linear["direction"]
    if (fades and rank_fades) or flips:
        found.caveats.append("outlier_driven")
        found.notes["outlier_driven"] = f"{len(far)} of {len(x)} rows"


def strength(estimate):
    """Size of an effect regardless of its direction."""
    value, name = estimate["effect"]["value"], estimate["effect"]["name"]
    if value is None:
        return 0.0
    return (
        abs(np.log(max(value, 1e-300)))
        if name.startswith("odds_ratio")
        else abs(value - 0.5) * 2
        if name == "auc"
        else abs(value)
    )


def curvature_check(found, family, x, y, plan, crude):
    """Whether a square term adds much to the straight line, away from the farthest rows."""
    bent = family.curvature(x, y)
    if bent is None:
        return
    found.variants.append(
        {
            "name": "quadratic",
            "test": "scipy.stats.t (partial correlation of y with x squared, given x)",
            "n": bent["n"],
            "statistic": bent["r"],
            "p": bent["p"],
            "effect": effect("r_squared_gain", bent["gain"], None, None),
            "direction": None,
            "agrees": bool(bent["p"] >= 0.001 or bent["gain"] < 0.03),
        }
    )
    if bent["p"] < 0.001 and bent["gain"] >= 0.03:
        found.caveats.append("nonlinear")
        found.notes["nonlinear"] = bent["shape"]


def unit_of(table, test, rows):
    """Unit numbers of the rows, or None where no unit is repeated among them."""
    name = test.get("unit")
    if not name or name not in table.position:
        return None
    labels = unit_labels(table.as_read(name))[rows]
    return labels if len(np.unique(labels)) < len(labels) else None


def size_check(found, whole, x, y):
    value, name = whole["effect"]["value"], whole["effect"]["name"]
    if whole["p"] < 0.05 and value is not None:
        tiny = (
            abs(np.log(max(value, 1e-300))) < 0.12
            if name.startswith("odds_ratio")
            else abs(value - 0.5) < 0.035
            if name == "auc"
            else abs(value) < TINY.get(name, 0.0)
        )
        if tiny:
            found.caveats.append("tiny_effect")
    smallest_level = min([int(np.bincount(c.values).min()) for c in (x, y) if c.levels is not None] or [whole["n"]])
    if whole["n"] < 20 or smallest_level < 5:
        found.caveats.append("small_sample")
