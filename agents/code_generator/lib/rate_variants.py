# ---- rate variants: second looks at shares and rates, and the same with other columns held fixed ----
import numpy as np
from scipy import stats

RATE_TESTS = {
    "t": "scipy.stats.t (Wald test of a {family} model, dispersion estimated)",
    "f": "scipy.stats.f (deviance of nested {family} models, dispersion estimated)",
    "t_rows": "scipy.stats.t (Wald test of a {family} model, errors by leaving out one row at a time)",
    "f_rows": "scipy.stats.f (Wald test of a {family} model, errors by leaving out one row at a time)",
    "score": "scipy.stats.t (score test of a {family} model, dispersion estimated)",
    "score_f": "scipy.stats.f (score test of a {family} model, dispersion estimated)",
}


def crude_checks(found, whole, crude, used):
    """The caveats of a relation that the covariates turn round or take away."""
    if crude is None or crude["p"] >= 0.05:
        return
    before, after = relation_size(crude), relation_size(whole)
    single = crude["effect"]["name"] != "partial_v"
    flipped = single and whole["p"] < 0.05 and before * after < 0
    gone = whole["p"] >= 0.05 and abs(after) < 0.5 * abs(before)
    for word, verdict in (("simpson_reversal", flipped), ("confounded", gone)):
        if verdict:
            found.caveats.append(word)
            found.notes[word] = ", ".join(column.name for column in used)


def rate_variants(found, x, block, data, base, crude, test, seed, unit, estimate):
    """Second looks on the same rows: shares or rates of single rows by Welch's tests and by ranks, rows that lie far
    off left out, the negative binomial, and rows in other orders."""
    rates = data.events / data.amount
    two, k = x.levels is not None and len(x.levels) == 2, block.shape[1]
    if np.ptp(rates) > 0:
        if not base.shape[1]:
            rows_alone(found, x, rates, crude)
        part = associate(ranks(block[:, 0])[:, None] if x.levels is None else block, ranks(rates)[:, None], base)
        if part is not None:
            way = crude["direction"]
            if k == 1:
                way = x.levels[int(part["r"] >= 0)] if two else "+" if part["r"] >= 0 else "-"
            called = "t (partial correlation of ranks)" if k == 1 else "f (Pillai's trace of ranks)"
            size = effect("partial_rho" if k == 1 else "partial_v", part["r"], part["low"], part["high"])
            add_variant(found, "rank", f"scipy.stats.{called}", part["n"], part["r"], part["p"], size, way, crude)
    without_far_rows(found, block, data, base, crude, estimate)
    if not base.shape[1] and crude["p"] < 0.05 and test.get("permutations", 499):
        random = generator("permutation", seed, test["x"], test["y"])
        excess = data.events - data.amount * (data.events.sum() / data.amount.sum())
        count = int(test.get("permutations") or 499)
        statistic, p = permutation_p(block, excess[:, None], count, random, unit)
        called = "numpy.random.Generator.permutation"
        add_variant(found, "permutation", called, len(rates), statistic, p, None, crude["direction"], crude)


def rows_alone(found, x, rates, crude):
    """Each row's share or rate as one number, whatever it is out of: Welch's tests, or the slope of a line."""
    if x.levels is None:
        statistic, p = robust_slope(x.values, rates)
        called, way = "scipy.stats.t (slope of a line, errors for unequal spread)", "+" if statistic >= 0 else "-"
    else:
        pieces = [rates[x.values == code] for code in range(len(x.levels))]
        if any(np.ptp(piece) == 0 for piece in pieces):
            return
        way = x.levels[int(np.argmax([piece.mean() for piece in pieces]))]
        if len(pieces) == 2:
            statistic, p = clean_p(stats.ttest_ind(pieces[1], pieces[0], equal_var=False))
            called = "scipy.stats.ttest_ind"
        else:
            statistic, p = clean_p(stats.f_oneway(*pieces, equal_var=False))
            called = "scipy.stats.f_oneway"
    if p is not None and np.isfinite(p):
        add_variant(found, "linear", called, len(rates), statistic, p, None, way, crude)


def without_far_rows(found, block, data, base, crude, estimate):
    """The same without the rows, at most 5 %, that lie beyond four standard deviations of what the model expects."""
    model = rate_estimate(block, data, base)
    if model is None:
        return
    far = far_rows(np.abs(pearson_residuals(data, model.fit)) / np.sqrt(model.dispersion), 4.0)
    keep = np.ones(len(block), dtype=bool)
    keep[far] = False
    trimmed = estimate(keep) if len(far) else None
    if trimmed is None:
        return
    rank = next((variant for variant in found.variants if variant["name"] == "rank"), None)
    size, way = trimmed["effect"], trimmed["direction"]
    called = RATE_TESTS[model.way].format(family="binomial" if data.binomial else "Poisson")
    add_variant(found, "outliers_removed", called, trimmed["n"], trimmed["statistic"], trimmed["p"], size, way, crude)
    fades = trimmed["p"] >= 0.05 and abs(relation_size(trimmed)) < 0.67 * abs(relation_size(crude))
    flips = trimmed["p"] < 0.05 and way != crude["direction"]
    if crude["p"] < 0.05 and (flips or (fades and (rank is None or not rank["agrees"]))):
        found.caveats.append("outlier_driven")
        found.notes["outlier_driven"] = f"{len(far)} of {len(block)} rows"


def adjust_rates(found, table, test, rows, x, block, data, base, labels, ratio, spread):
    """The relation with each column of `check` held fixed as well, one at a time."""
    for name in test.get("check") or []:
        named = (test["x"], test["y"], test.get("by"), *(test.get("covariates") or []))
        if name not in table.position or name in named:
            continue
        third = table.column(name)
        filled = present(third)[rows]
        if filled.sum() < 20 or (third.levels is not None and len(np.unique(third.values[rows][filled])) > 30):
            continue
        third = take(third, rows[filled])
        if len(np.unique(third.values)) < 2:
            continue
        kept = None if labels is None else labels[filled]
        both = []
        for given in (base[filled], np.column_stack([base[filled], given_columns(third)])):
            estimate = rate_estimate(block[filled], counted_at(data, filled), given, kept)
            if estimate is not None:
                estimate.spread = spread
            both.append(as_estimate(estimate, x, ratio))
        before, after = both
        if before is None or after is None:
            continue
        sizes, single = [relation_size(item) for item in both], block.shape[1] == 1
        reversal = single and max(before["p"], after["p"]) < 0.05 and sizes[0] * sizes[1] < 0
        gone = before["p"] < 0.001 and after["p"] >= 0.05 and abs(sizes[1]) <= 0.3 * abs(sizes[0])
        found.adjusted.append(
            {
                "for": name,
                "n": after["n"],
                "p": after["p"],
                "effect": after["effect"],
                "crude_value": before["effect"]["value"],
                "direction": after["direction"],
                "strata": None,
                "reversal": bool(reversal),
                "explained_away": bool(gone),
            }
        )
    confounding_verdict(found, table)
