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
    outcome = ranks(values) if y.levels is None and is_heavy(values) else values
    score = codes.astype(float)

    def trend(mask):
        if np.ptp(score[mask]) == 0 or np.ptp(outcome[mask]) == 0:
            return None
        r, p = clean_p(stats.pearsonr(score[mask], outcome[mask]))
        if p is None:
            return None
        n = int(mask.sum())
        return {
            "n": n,
            "statistic": r,
            "p": p,
            "effect": correlation_effect("r", r, n),
            "direction": "+" if r >= 0 else "-",
        }

    def any_shape(mask):
        part = associate(indicators(codes[mask]), outcome[mask][:, None])
        return (
            None
            if part is None
            else {
                "n": part["n"],
                "statistic": part["r"] ** 2,
                "p": part["p"],
                "effect": effect("eta", part["r"], part["low"], part["high"]),
                "direction": None,
            }
        )

    parts, found = on_parts(explore, rows, trend), findings()
    whole = parts["whole"]
    bent = associate(indicators(codes), outcome[:, None], score[:, None])
    shape = on_parts(explore, rows, any_shape)
    means = [
        {"level": labels[step], "n": int((codes == step).sum()), "value": float(values[codes == step].mean())}
        for step in range(len(labels))
    ]
    rises = np.diff([row["value"] for row in means])
    gain = (shape["whole"]["statistic"] - whole["statistic"] ** 2) if shape["whole"] else 0.0
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
        "test": "scipy.stats.pearsonr",
        "why": f"linear trend of {y.name} over {len(labels)} ordered steps of {x.name}",
        "y_level": level,
        "steps": means,
        "groups": sorted(means, key=lambda row: -row["value"]),
        "any_shape": shape,
        "monotone": bool((rises >= 0).all() or (rises <= 0).all()),
        "nonlinearity": None
        if bent is None
        else {"test": "scipy.stats.f (steps beyond a straight line)", "statistic": bent["r"] ** 2, "p": bent["p"]},
        "variants": found.variants,
        "caveats": found.caveats,
        "caveat_notes": found.notes,
        "mde": smallest_r(whole["n"]),
    }
    nothing = np.zeros((len(outcome), 0))
    return with_rows_that_depend(result, table, test, explore, rows, score[:, None], outcome[:, None], nothing)


run_battery(PROTOCOL, SimpleNamespace(judge=judge))
