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
    # Strata are shown where they can say something: for groups, and where the sign turns.
    turned = single and base["p"] < 0.05 and (third.levels is not None or base["r"] * after["r"] < 0)
    strata = inside_strata(left, right, third, way) if turned else None
    entry = {
        "for": name,
        "n": int(filled.sum()),
        "p": after["p"],
        "effect": effect("partial_r" if single else "partial_v", after["r"], after["low"], after["high"]),
        "crude_value": base["r"],
        "direction": way(after["r"]) if single else crude["direction"],
        "strata": strata,
        "reversal": False,
        "explained_away": False,
    }
    entry["reversal"] = is_reversal(base, after, left, right, third, strata) if turned else False
    entry["explained_away"] = not entry["reversal"] and is_explained_away(base, after, left, right, given, third)
    found.adjusted.append(entry)


def confounding_verdict(found, table):
    """The caveats that follow from all adjusted columns together.

    A number that alone explains a relation away is taken for a confounder; where several numbers do, they measure one
    thing
    many times over, and none of them can be told from a proxy. Groups are taken as they are.
    """
    grouped = lambda entry: table.column(entry["for"]).levels is not None
    reversals = [entry for entry in found.adjusted if entry["reversal"]]
    explainers = [entry for entry in found.adjusted if entry["explained_away"]]
    explainers = [entry for entry in explainers if grouped(entry)] or (
        explainers if len(explainers) == 1 and not reversals else []
    )
    for word, entries in (("simpson_reversal", reversals), ("confounded", explainers)):
        if entries:
            found.caveats.append(word)
            found.notes[word] = min(
                entries,
                key=lambda entry: (not grouped(entry), entry["p"] if word == "simpson_reversal" else -entry["p"]),
            )["for"]


def stratum_codes(third):
    """Levels of a group, or fifths (thirds below 100 rows) of a number; with their names."""
    if third.levels is not None:
        return third.values, third.levels
    parts = 5 if len(third.values) >= 100 else 3
    edges = np.unique(np.quantile(third.values, np.linspace(0, 1, parts + 1)[1:-1]))
    codes = np.searchsorted(edges, third.values, side="right")
    bounds = ["", *[f"{edge:.4g}" for edge in edges], ""]
    names = (
        [f"below {bounds[1]}"]
        + [f"{bounds[i]} to {bounds[i + 1]}" for i in range(1, len(edges))]
        + [f"{bounds[-2]} and above"]
    )
    return codes, names


def inside_strata(left, right, third, way):
    codes, names = stratum_codes(third)
    strata = []
    for code in np.unique(codes):
        inside = codes == code
        piece = associate(left[inside], right[inside]) if inside.sum() >= MIN_STRATUM else None
        if piece is not None:
            strata.append(
                {
                    "level": names[code],
                    "n": piece["n"],
                    "effect_value": piece["r"],
                    "p": piece["p"],
                    "direction": way(piece["r"]),
                }
            )
    return strata


def is_reversal(base, after, left, right, third, strata):
    """Simpson's paradox: the other sign inside strata, where whole and pooled strata are each significant and strata
    agree.

    A number as the third column must reverse strongly and be no near-copy of either side: among related measurements,
    taking
    one out of another often leaves a small remainder of the other sign.
    """
    if (
        base["p"] >= 0.05
        or after["p"] >= 0.05
        or base["r"] * after["r"] >= 0
        or not strata
        or min(abs(base["r"]), abs(after["r"])) < 0.1
    ):
        return False
    codes, _ = stratum_codes(third)
    pooled = associate(left, right, indicators(codes))
    if pooled is None or pooled["p"] >= 0.05 or pooled["r"] * base["r"] >= 0:
        return False
    opposite = sum(piece["n"] for piece in strata if piece["effect_value"] * base["r"] < 0) / sum(
        piece["n"] for piece in strata
    )
    if third.levels is not None:
        return opposite >= 0.9 or (opposite >= 0.7 and pooled["p"] < 0.01)
    given = given_columns(third)
    return (
        opposite >= 0.8
        and abs(pooled["r"]) >= 0.2
        and pooled["p"] < 0.001
        and max(explained_share(left, given), explained_share(right, given)) < 0.8
    )


def is_explained_away(base, after, left, right, given, third):
    """The relation all but vanishes given the third column, which is related to each side beyond the other and is no
    near-copy
    of either; and the rows left would have shown well over half of it."""
    if (
        base["p"] >= 0.001
        or abs(base["r"]) < (0.05 if third.levels is not None else 0.15)
        or after["p"] < 0.05
        or abs(after["r"]) > 0.3 * abs(base["r"])
    ):
        return False
    if max(abs(after["low"]), abs(after["high"])) > 0.67 * abs(base["r"]):
        return False
    limit = 0.9 if third.levels is not None else 0.85
    if max(explained_share(left, given), explained_share(right, given)) > limit:
        return False
    if third.levels is None:
        pooled = associate(left, right, indicators(stratum_codes(third)[0]))
        if pooled is None or abs(pooled["r"]) > 0.5 * abs(base["r"]):
            return False
    beyond = associate(given, right, left), associate(given, left, right)
    return all(part is not None and part["p"] < 0.001 for part in beyond)


def explained_share(columns, given):
    """Share of the columns' variance that the covariate explains."""
    total = ((columns - columns.mean(axis=0)) ** 2).sum()
    return 1 - (residuals(columns, basis(given)) ** 2).sum() / total if total > 0 else 1.0
