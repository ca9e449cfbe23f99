# ---- dose_response: does the outcome rise or fall step by step with x, and in a straight line? ----
from types import SimpleNamespace

import numpy as np
from scipy import stats


def steps_of(values):
    """(step of each row, labels, score of each step): distinct values where there are at most 7, else fifths (thirds
    below 60 rows)."""
    distinct = np.unique(values)
    if len(distinct) <= 7:
        return np.searchsorted(distinct, values), [f"{value:g}" for value in distinct], distinct
    parts = 5 if len(values) >= 60 else 3
    edges = np.unique(np.quantile(values, np.linspace(0, 1, parts + 1)[1:-1]))
    codes = np.searchsorted(edges, values, side="right")
    used = np.unique(codes)
    codes = np.searchsorted(used, codes)
    labels = [f"{values[codes == step].min():.4g} to {values[codes == step].max():.4g}" for step in range(len(used))]
    return codes, labels, np.array([np.median(values[codes == step]) for step in range(len(used))])


BENT_TEST = "scipy.stats.f (steps beyond a straight line, errors as of the trend)"
TREND_TESTS = {
    "uneven": "scipy.stats.t (slope over ordered steps, errors for unequal spread)",
    "even": "scipy.stats.t (slope over ordered steps, equal spread)",
    "larger": "scipy.stats.t (slope over ordered steps, equal spread)",
}


def judge(table, explore, test, family):
    x, y, _, rows = load_model(table, test, [])
    if x.levels is not None:
        try:
            x = x._replace(values=np.array([float(level) for level in x.levels])[x.values], levels=None)
        except ValueError:
            raise NotTestable(f"{x.name!r} must be a number or have levels that are numbers") from None
    level = event_level(y.levels, test.get("y_level")) if y.levels is not None else None
    values = target(y, level)
    codes, labels, scores = steps_of(x.values)
    if len(scores) < 3:
        raise NotTestable(f"{x.name!r} has fewer than three steps")
    # Steps in order, evenly spaced: a long tail of x then weighs no more than any other step.
    by_ranks = y.levels is None and is_heavy(values)
    outcome = ranks(values) if by_ranks else values
    score, nothing = codes.astype(float), np.zeros((len(values), 0))
    # How far x rises from step to step, so that a trend over steps is one per unit of x (Wald 1940, Annals of
    # Mathematical Statistics 11, whose estimate is that of two steps).
    rise = float(np.polyfit(score, x.values, 1)[0])

    def trend(mask):
        if np.ptp(score[mask]) == 0 or np.ptp(outcome[mask]) == 0:
            return None
        fit = robust_fit(score[mask][:, None], outcome[mask], nothing[mask])
        if fit is None:
            return None
        r = float(np.corrcoef(score[mask], outcome[mask])[0, 1])
        t = float(np.copysign(np.sqrt(fit["statistic"]), r))
        return {
            "n": int(mask.sum()),
            "statistic": t,
            "p": fit["p"],
            "effect": effect("r", r, *r_interval(r, t, fit["free"]).values()),
            "direction": "+" if r >= 0 else "-",
        }

    @beside_test
    def units(mask, dependence=None):
        plain = adjusted_in_units(score[mask] * rise, values[mask], nothing[mask])
        if by_ranks and dependence is None:
            plain = of_single_fit(score[mask], outcome[mask], nothing[mask], RANKS_METHOD, plain)
        plain = plain if y.levels is None else as_share(plain)
        return by_model(plain, dependence, mask, not by_ranks, 1 / rise)

    def any_shape(mask):
        block = indicators(codes[mask])
        found = added_block(block, outcome[mask], nothing[mask], False)
        if found is None:
            return None
        size = block_effect(found, block, outcome[mask], nothing[mask], False, ("partial_v", "odds_ratio"))
        return {
            "n": int(mask.sum()),
            "statistic": found["statistic"],
            "p": found["p"],
            "effect": {**size, "name": "eta"},
            "direction": None,
        }

    parts, found = on_parts(explore, rows, lambda mask: with_units(trend(mask), units(mask))), findings()
    whole, way = parts["whole"], robust_fit(score[:, None], outcome, nothing)["way"]
    # With a line, the flags of all steps but two span what those of all but one do.
    bent = added_block(indicators(codes)[:, :-1], outcome, score[:, None], False)
    seen = any_shape(np.ones(len(rows), dtype=bool)) is not None
    shape = on_parts(explore, rows, any_shape) if seen else None
    means = [
        {"level": labels[step], "n": int((codes == step).sum()), "value": float(values[codes == step].mean())}
        for step in range(len(labels))
    ]
    rises = np.diff([row["value"] for row in means])
    gain = shape["whole"]["effect"]["value"] ** 2 - whole["effect"]["value"] ** 2 if seen else 0.0
    if bent is not None and bent["p"] < 0.001 and gain >= 0.02:
        found.caveats.append("nonlinear")
        found.notes["nonlinear"] = "monotone" if (rises >= 0).all() or (rises <= 0).all() else "not monotone"
    rank_p = stats.kendalltau(codes, values)
    add_variant(
        found,
        "rank",
        "scipy.stats.kendalltau",
        whole["n"],
        float(rank_p.statistic),
        float(rank_p.pvalue),
        effect("tau", float(rank_p.statistic), None, None),
        "+" if rank_p.statistic >= 0 else "-",
        whole,
    )
    result = {
        **parts,
        "test": TREND_TESTS[way],
        "why": f"linear trend of {y.name} over {len(labels)} ordered steps of {x.name}"
        + (f"; of ranks, because {y.name} has strong skew or far outliers" if by_ranks else "")
        + WHY_EQUAL.get(way, ""),
        "y_level": level,
        "steps": means,
        "groups": sorted(means, key=lambda row: -row["value"]),
        "any_shape": shape,
        "monotone": bool((rises >= 0).all() or (rises <= 0).all()),
        "nonlinearity": None
        if bent is None
        else {"test": BENT_TEST, "statistic": bent["statistic"], "p": bent["p"]},
        "variants": found.variants,
        "caveats": found.caveats,
        "caveat_notes": found.notes,
        "mde": smallest_r(int(rows_judged(explore, rows, test).sum()), level_of(table, test)),
    }
    return with_rows_that_depend(result, table, test, explore, rows, score[:, None], outcome[:, None], nothing, units)


run_battery(PROTOCOL, SimpleNamespace(judge=judge))
