# ---- interaction: does the relation of x and y depend on a third column? ----
from types import SimpleNamespace

import numpy as np


def judge(table, explore, test, family):
    by = test.get("by")
    if not by:
        raise NotTestable("name the moderator in `by`")
    x, y, (third,), rows = load_model(table, test, [by])
    level = event_level(y.levels, test.get("y_level")) if y.levels is not None else None
    binary, values = y.levels is not None, target(y, level)
    if (
        len(np.unique(third.values)) < 2
        or (third.levels is not None and len(third.levels) > 12)
        or (x.levels is not None and len(x.levels) > 12)
    ):
        raise NotTestable(f"{x.name!r} and {third.name!r} must each be a number or have 2 to 12 levels")
    everything = np.ones(len(values), dtype=bool)
    names = ("partial_r", "ratio_of_odds_ratios")

    def estimate(mask, model=None):
        model = model or chosen
        piece, outcome, given = model.products[mask], values[mask], model.base[mask]
        live = np.ptp(piece, axis=0) > 0
        if np.ptp(outcome) == 0 or not live.all():
            return None
        found = added_block(piece, outcome, given, binary)
        if found is None:
            return None
        return {
            "n": int(mask.sum()),
            "statistic": found["statistic"],
            "p": found["p"],
            "effect": block_effect(found, piece, outcome, given, binary, names),
            "direction": ("+" if found["beta"] >= 0 else "-") if piece.shape[1] == 1 else None,
        }

    for as_factors, squares in ((True, True), (True, False), (False, True), (False, False)):
        chosen = product_model(x, third, as_factors, squares)
        if estimate(everything, chosen) is not None:
            break
    products, base, left = chosen.products, chosen.base, side(x)
    parts = on_parts(explore, rows, estimate)
    whole, found = parts["whole"], findings()
    codes, labels = stratum_codes(third)
    inside = []
    for code in np.unique(codes):
        mask = codes == code
        part = associate(left[mask], values[mask][:, None]) if mask.sum() >= MIN_STRATUM else None
        if part is not None:
            inside.append(
                {
                    "level": labels[code],
                    "n": part["n"],
                    "effect_value": part["r"],
                    "p": part["p"],
                    "direction": way_of(x, part["r"]) if part["sign"] else None,
                }
            )
    if len(values) < 20 + 10 * (base.shape[1] + products.shape[1]) and "small_sample" not in found.caveats:
        found.caveats.append("small_sample")
    way = added_block(products, values, base, binary)["way"]
    held = f"both and {chosen.told}" if chosen.told else "both"
    result = {
        **parts,
        "test": MODEL_TESTS[way],
        "why": f"products of {x.name} and {third.name}, added to a {'logistic' if binary else 'linear'} model "
        + f"that holds {held}"
        + chosen.as_factors
        + WHY_EQUAL.get(way, ""),
        "y_level": level,
        "by": third.name,
        "strata": inside,
        "groups": cell_values(x, third, values),
        "variants": found.variants,
        "caveats": found.caveats,
        "caveat_notes": found.notes,
        "mde": smallest_of_block(
            int(rows_judged(explore, rows, test).sum()), products.shape[1], base.shape[1], level_of(table, test)
        ),
    }
    return with_rows_that_depend(result, table, test, explore, rows, products, values[:, None], base)


MOST_CELLS = 8


def cell_values(x, third, values):
    """Means or shares of the outcome in the cells of two columns with levels: [{level: "level of x, level of the other",
    n, value}]. None where there are more cells than a sentence holds, or one of them is empty."""
    if x.levels is None or third.levels is None or len(x.levels) * len(third.levels) > MOST_CELLS:
        return None
    cells = []
    for i, level in enumerate(x.levels):
        for j, other in enumerate(third.levels):
            inside = values[(x.values == i) & (third.values == j)]
            if len(inside) == 0:
                return None
            cells.append({"level": f"{level}, {other}", "n": int(len(inside)), "value": float(inside.mean())})
    return cells


run_battery(PROTOCOL, SimpleNamespace(judge=judge))
