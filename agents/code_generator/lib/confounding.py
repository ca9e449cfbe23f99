# ---- confounding: the same relation given one third column, and inside the levels of that column ----
import numpy as np


def adjust_for(found, pair, name, x, y, rows, plan, crude):
    """Adds the relation given column `name`, its strata, and the verdict: reversed, explained away, or neither."""
    table = pair.table
    if name not in table.position or name in (pair.test["x"], pair.test["y"]):
        return
    third = table.column(name)
    filled = present(third)[rows]
    if filled.sum() < 20 or (third.levels is not None and len(np.unique(third.values[rows][filled])) > 30):
        return
    third = take(third, rows[filled])
    if len(np.unique(third.values)) < 2:
        return
    left, right = pair.family.outcome(take_same(x, filled), take_same(y, filled), plan)
    given = given_columns(third)
    base, after = associate(left, right), associate(left, right, given)
    if base is None or after is None:
        return
    single = left.shape[1] == 1 and right.shape[1] == 1
    way = lambda r: pair.family.direction(1 if r >= 0 else -1, plan) if single else None
    strata = inside_strata(left, right, third, way) if single else None
    entry = {"for": name, "n": int(filled.sum()), "p": after["p"], "effect": effect("partial_r" if single else "partial_v", after["r"], after["low"], after["high"]),
             "crude_value": base["r"], "direction": way(after["r"]) if single else crude["direction"], "strata": strata, "reversal": False, "explained_away": False}  # fmt: skip
    entry["reversal"] = is_reversal(base, after, left, right, third, strata) if single else False
    entry["explained_away"] = not entry["reversal"] and is_explained_away(base, after, left, right, given)
    found.adjusted.append(entry)
    for word, verdict in (("simpson_reversal", entry["reversal"]), ("confounded", entry["explained_away"])):
        if verdict and word not in found.caveats:
            found.caveats.append(word)
            found.notes[word] = name


def stratum_codes(third):
    """Levels of a group, or fifths (thirds below 100 rows) of a number; with their names."""
    if third.levels is not None:
        return third.values, third.levels
    parts = 5 if len(third.values) >= 100 else 3
    edges = np.unique(np.quantile(third.values, np.linspace(0, 1, parts + 1)[1:-1]))
    codes = np.searchsorted(edges, third.values, side="right")
    bounds = ["", *[f"{edge:.4g}" for edge in edges], ""]
    names = [f"below {bounds[1]}"] + [f"{bounds[i]} to {bounds[i + 1]}" for i in range(1, len(edges))] + [f"{bounds[-2]} and above"]
    return codes, names


def inside_strata(left, right, third, way):
    codes, names = stratum_codes(third)
    strata = []
    for code in np.unique(codes):
        inside = codes == code
        piece = associate(left[inside], right[inside]) if inside.sum() >= MIN_STRATUM else None
        if piece is not None:
            strata.append({"level": names[code], "n": piece["n"], "effect_value": piece["r"], "p": piece["p"], "direction": way(piece["r"])})
    return strata


def is_reversal(base, after, left, right, third, strata):
    """Simpson's paradox: the other sign inside strata, where whole and pooled strata are each significant and most strata agree."""
    if base["p"] >= 0.05 or after["p"] >= 0.05 or base["r"] * after["r"] >= 0 or not strata:
        return False
    codes, _ = stratum_codes(third)
    pooled = associate(left, right, indicators(codes))
    if pooled is None or pooled["p"] >= 0.05 or pooled["r"] * base["r"] >= 0:
        return False
    opposite = sum(piece["n"] for piece in strata if piece["effect_value"] * base["r"] < 0)
    return opposite >= 0.7 * sum(piece["n"] for piece in strata) and abs(after["r"]) > 0.05


def is_explained_away(base, after, left, right, given):
    """The relation vanishes given the third column, which is related to both sides and is not a stand-in for either; and
    the rows left were enough to have seen it."""
    if base["p"] >= 0.01 or after["p"] < 0.05 or abs(after["r"]) > 0.4 * abs(base["r"]):
        return False
    if max(abs(after["low"]), abs(after["high"])) >= abs(base["r"]):
        return False
    to_x, to_y = associate(given, left), associate(given, right)
    if to_x is None or to_y is None or to_x["p"] > 0.001 or to_y["p"] > 0.001:
        return False
    own = associate(given, right, left)
    return explained_share(left, given) < 0.8 and explained_share(right, given) < 0.95 and own is not None and own["p"] < 0.01


def explained_share(columns, given):
    """Share of the columns' variance that the covariate explains."""
    total = ((columns - columns.mean(axis=0)) ** 2).sum()
    return 1 - (residuals(columns, basis(given)) ** 2).sum() / total if total > 0 else 1.0
