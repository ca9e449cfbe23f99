# ---- stratified: is x related to y inside the levels of a third column, and alike in all of them? ----
from types import SimpleNamespace

import numpy as np


def judge(table, explore, test, family):
    x, y, third, rows = load_sides(table, test)
    level = outcome_of(y, test)
    heavy = [column.name for column in (x, y) if column.levels is None and is_heavy(column.values)]
    soften = lambda column: column._replace(values=ranks(column.values)) if heavy and column.levels is None else column
    left, right = arrays_of(soften(x)), arrays_of(soften(y), level)
    codes, names = stratum_codes(third)
    sizes = np.bincount(codes, minlength=len(names))
    keep = sizes[codes] >= MIN_STRATUM
    if len(np.unique(codes[keep])) < 2:
        raise NotTestable(f"fewer than two levels of {third.name!r} have {MIN_STRATUM} rows")
    left, right, codes, rows = left[keep], right[keep], codes[keep], rows[keep]
    flags = indicators(codes)
    estimate = lambda mask: relation(left[mask], right[mask], indicators(codes[mask]), x)
    plain_x, plain_y = (side[keep] for side in (arrays_of(x), arrays_of(y, level)))
    levels = x.levels if x.levels is not None and len(x.levels) == 2 else None

    @beside_test
    def units(mask, dependence=None):
        if left.shape[1] > 1 or right.shape[1] > 1:
            return None
        held = indicators(codes[mask])
        plain = adjusted_in_units(plain_x[mask, 0], plain_y[mask, 0], held, levels)
        if heavy and dependence is None:
            plain = of_single_fit(left[mask, 0], right[mask, 0], held, RANKS_METHOD, plain)
        plain = plain if level is None else as_share(plain)
        found = by_model(plain, dependence, mask, not heavy)
        return found if levels is None else upper_first(found)

    @beside_test
    def contrasts(dependence=None):
        if heavy or level is not None or left.shape[1] == 1:
            return None
        groups = np.unique(x.values[keep], return_inverse=True)[1]
        if dependence is None:
            return adjusted_contrasts(groups, right[:, 0], flags, group_names)
        return contrasts_by_model(dependence, groups, right[:, 0], flags, group_names)

    group_names = None if x.levels is None else [x.levels[code] for code in np.unique(x.values[keep])]
    parts = on_parts(explore, rows, lambda mask: with_units(estimate(mask), units(mask)))
    compared = contrasts()
    if compared is not None:
        parts["whole"]["contrasts"] = compared
    whole, found = parts["whole"], findings()
    crude = relation(left, right, None, x)
    strata = []
    for code in np.unique(codes):
        piece = relation(left[codes == code], right[codes == code], None, x)
        if piece is not None:
            strata.append(
                {
                    "level": names[code],
                    "n": piece["n"],
                    "effect_value": piece["effect"]["value"],
                    "ci_low": piece["effect"]["ci_low"],
                    "ci_high": piece["effect"]["ci_high"],
                    "p": piece["p"],
                    "direction": piece["direction"],
                }
            )
    same = heterogeneity(left, right, codes)
    if (
        crude is not None
        and crude["p"] < 0.05
        and whole["p"] < 0.05
        and crude["direction"] is not None
        and crude["direction"] != whole["direction"]
    ):
        against = sum(piece["n"] for piece in strata if piece["direction"] == whole["direction"])
        if against >= 0.7 * sum(piece["n"] for piece in strata):
            found.caveats.append("simpson_reversal")
            found.notes["simpson_reversal"] = third.name
    why = f"relation inside the levels of {third.name}, pooled" + (
        f"; on ranks, because {' and '.join(heavy)} has strong skew or far outliers" if heavy else ""
    )
    block, outcome = relation_model(left, right)
    way = added_block(block, outcome[:, 0], flags, False)["way"] if outcome.shape[1] == 1 else None
    result = {
        **parts,
        "test": MODEL_TESTS.get(way, "scipy.stats.f (Pillai's trace given the strata)"),
        "why": why + WHY_EQUAL.get(way, ""),
        "crude": crude,
        "strata": strata,
        "heterogeneity": same,
        "y_level": level,
        "variants": found.variants,
        "caveats": found.caveats,
        "caveat_notes": found.notes,
        "by": third.name,
        "mde": smallest_of_block(
            int(rows_judged(explore, rows, test).sum()), block.shape[1], flags.shape[1], level_of(table, test)
        )
        if way is not None
        else None,
    }
    return with_rows_that_depend(result, table, test, explore, rows, left, right, flags, units, contrasts)


def heterogeneity(left, right, codes):
    """Whether the relation differs between strata: products with the strata in the linear model of the relation, whose
    errors allow for unequal spread; Pillai's trace of them where both sides have several columns."""
    flags = indicators(codes)
    block, outcome = relation_model(left, right)
    products = np.column_stack([block[:, [i]] * flags for i in range(block.shape[1])])
    base = np.column_stack([block, flags])
    if outcome.shape[1] > 1:
        part = associate(products, outcome, base)
        called = "scipy.stats.f (Pillai's trace of products)"
        return part and {"test": called, "statistic": part["r"], "df": products.shape[1], "p": part["p"]}
    part = added_block(products, outcome[:, 0], base, False)
    return part and {
        "test": MODEL_TESTS[part["way"]],
        "statistic": part["statistic"],
        "df": products.shape[1],
        "p": part["p"],
    }


run_battery(PROTOCOL, SimpleNamespace(judge=judge))
