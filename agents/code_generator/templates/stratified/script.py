# ---- stratified: is x related to y inside the levels of a third column, and alike in all of them? ----
from types import SimpleNamespace

import numpy as np
from scipy import stats


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
    estimate = lambda mask: relation(left[mask], right[mask], indicators(codes[mask]), x)
    parts = on_parts(explore, rows, estimate)
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
    same = heterogeneity(left, right, codes, strata)
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
    result = {
        **parts,
        "test": "scipy.stats.t (partial correlation given the strata)"
        if whole["direction"] is not None
        else "scipy.stats.f (Pillai's trace given the strata)",
        "why": why,
        "crude": crude,
        "strata": strata,
        "heterogeneity": same,
        "y_level": level,
        "variants": found.variants,
        "caveats": found.caveats,
        "caveat_notes": found.notes,
        "by": third.name,
        "mde": smallest_r(whole["n"] - len(strata)) if whole["direction"] is not None else None,
    }
    return with_rows_that_depend(result, table, test, explore, rows, left, right, indicators(codes))


def heterogeneity(left, right, codes, strata):
    """Whether the relation differs between strata: Cochran's Q of Fisher's z, or products with the strata for larger
    groups."""
    if left.shape[1] == right.shape[1] == 1:
        solid = [piece for piece in strata if piece["n"] > 4]
        if len(solid) < 2:
            return None
        z, weight = (
            np.arctanh(np.clip([piece["effect_value"] for piece in solid], -0.999999, 0.999999)),
            np.array([piece["n"] - 3.0 for piece in solid]),
        )
        q = float((weight * (z - (weight * z).sum() / weight.sum()) ** 2).sum())
        return {
            "test": "scipy.stats.chi2 (Cochran's Q of Fisher's z)",
            "statistic": q,
            "df": len(solid) - 1,
            "p": float(stats.chi2.sf(q, len(solid) - 1)),
        }
    flags = indicators(codes)
    products = np.column_stack([left[:, [i]] * flags for i in range(left.shape[1])])
    part = associate(products, right, np.column_stack([left, flags]))
    return (
        None
        if part is None
        else {
            "test": "scipy.stats.f (Pillai's trace of products)",
            "statistic": part["r"],
            "df": products.shape[1],
            "p": part["p"],
        }
    )


run_battery(PROTOCOL, SimpleNamespace(judge=judge))
