# ---- adjusted: is x related to y once several other columns are taken into account? ----
from types import SimpleNamespace

import numpy as np


def judge(table, explore, test, family):
    covariates = [name for name in test.get("covariates") or [] if name not in (test["x"], test["y"])]
    if not covariates:
        raise NotTestable("no covariates were named")
    x, y, others, rows = load_model(table, test, covariates)
    level = event_level(y.levels, test.get("y_level")) if y.levels is not None else None
    binary, values = y.levels is not None, target(y, level)
    used = [
        column
        for column in others
        if len(np.unique(column.values)) > 1 and not (column.levels is not None and len(column.levels) > 30)
    ]
    base = np.column_stack([side(column) for column in used]) if used else np.zeros((len(values), 0))
    block = side(x)
    names = ("partial_r", "odds_ratio_per_sd" if x.levels is None else "odds_ratio")

    two = x.levels is not None and len(x.levels) == 2
    natural = x.values.astype(float) if x.levels is None else block[:, 0]
    spread = 1.0 if x.levels is not None else max(x.values.std(), 1e-300)

    @beside_test
    def units(mask, dependence=None):
        if x.levels is not None and not two:
            return None
        levels = x.levels if two else None
        if binary:
            plain = ratio_in_units(estimate(mask)["effect"], spread, levels)
        else:
            plain = adjusted_in_units(natural[mask], values[mask], base[mask], levels)
        found = by_model(plain, dependence, mask, True, 1 / spread)
        return upper_first(found) if two else found

    @beside_test
    def contrasts(dependence=None):
        if x.levels is None or binary:
            return None
        if dependence is None:
            return adjusted_contrasts(x.values, values, base, x.levels)
        return contrasts_by_model(dependence, x.values, values, base, x.levels)

    def estimate(mask, given=None):
        given = base if given is None else given
        piece, outcome, others = block[mask], values[mask], given[mask]
        if np.ptp(outcome) == 0 or (np.ptp(piece, axis=0) == 0).any():
            return None
        found = added_block(piece, outcome, others, binary)
        if found is None:
            return None
        return {
            "n": int(mask.sum()),
            "statistic": found["statistic"],
            "p": found["p"],
            "effect": block_effect(found, piece, outcome, others, binary, names),
            "direction": direction_in(x._replace(values=x.values[mask]), outcome, others, found["beta"]),
        }

    shared = (
        1 - (residuals(block, basis(base)) ** 2).sum() / ((block - block.mean(axis=0)) ** 2).sum()
        if base.shape[1]
        else 0.0
    )
    if shared > 0.999:
        raise NotTestable(f"{x.name!r} is determined by the covariates, so nothing of its own is left to test")
    measured = lambda mask: with_units(estimate(mask), units(mask))
    parts = on_parts(explore, rows, measured)
    whole, found = parts["whole"], findings()
    compared = contrasts()
    if compared is not None:
        whole["contrasts"] = compared
    everything = np.ones(len(values), dtype=bool)
    crude = estimate(everything, np.zeros((len(values), 0)))
    way = added_block(block, values, base, binary)["way"]
    rank_check(found, x, y, block, values, used, whole)
    single = block.shape[1] == 1
    before, after = associate(block, values[:, None]), associate(block, values[:, None], base)
    if crude is not None and before is not None and after is not None and crude["p"] < 0.05:
        flipped = single and whole["p"] < 0.05 and before["r"] * after["r"] < 0
        gone = (
            whole["p"] >= 0.05
            and abs(after["r"]) < 0.5 * abs(before["r"])
            and max(abs(after["low"]), abs(after["high"])) < abs(before["r"])
        )
        for word, verdict in (("simpson_reversal", flipped), ("confounded", gone)):
            if verdict:
                found.caveats.append(word)
                found.notes[word] = ", ".join(column.name for column in used)
    if whole["n"] < 20 + 10 * base.shape[1] and "small_sample" not in found.caveats:
        found.caveats.append("small_sample")
    kind = "logistic" if binary else "linear"
    result = {
        **parts,
        "test": MODEL_TESTS[way],
        "why": f"{kind} model of {y.name} on {x.name} and {len(used)} covariates, against the same model without {x.name}"
        + WHY_EQUAL.get(way, ""),
        "assumptions": [
            {
                "name": f"{x.name} is not a stand-in for the covariates",
                "check": "share of its variance that they explain",
                "statistic": shared,
                "p": None,
                "holds": bool(shared < 0.9),
            }
        ],
        "covariates": [column.name for column in used],
        "crude": crude,
        "y_level": level,
        "variants": found.variants,
        "caveats": found.caveats,
        "caveat_notes": found.notes,
        "groups": level_values(x.values, x.levels, values) if x.levels is not None else None,
        "mde": smallest_of_block(
            int(rows_judged(explore, rows, test).sum()),
            block.shape[1],
            base.shape[1],
            level_of(table, test),
            1 / max(1 - shared, 1e-6),
        ),
    }
    return with_rows_that_depend(
        result, table, test, explore, rows, block, values[:, None], base, units, contrasts
    )


def rank_check(found, x, y, block, values, used, whole):
    """The same on ranks of every number."""
    turn = lambda column: side(column if column.levels is not None else column._replace(values=ranks(column.values)))
    given = np.column_stack([turn(column) for column in used]) if used else None
    outcome = ranks(values) if y.levels is None else values
    part = associate(turn(x), outcome[:, None], given)
    if part is None:
        return
    single = block.shape[1] == 1
    direction = (
        ("+" if part["r"] >= 0 else "-")
        if x.levels is None
        else (x.levels[1] if part["r"] >= 0 else x.levels[0])
        if single
        else whole["direction"]
    )
    add_variant(
        found,
        "rank",
        "scipy.stats.t (partial correlation of ranks)" if single else "scipy.stats.f (Pillai's trace of ranks)",
        part["n"],
        part["r"],
        part["p"],
        effect("partial_rho" if single else "partial_v", part["r"], part["low"], part["high"]),
        direction,
        whole,
    )


run_battery(PROTOCOL, SimpleNamespace(judge=judge))
