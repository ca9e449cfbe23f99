# ---- rates: the whole test of shares of k of n, or of counts per amount at risk ----
import numpy as np
from scipy import stats

# A dispersion above this has the negative binomial beside it.
WIDE_DISPERSION = 1.5


def rates_that_depend(result, table, test, explore, rows, x, block, data, base, measured, detected, errors):
    """The result by a model of how rows depend on each other where both sides show it: errors clustered by unit or by
    stretches of time, with shared times or the course held fixed; of a series or a map the residuals by the model of
    such rows. `measured(mask, base, labels, whole)` gives E, `detected(mask, base, labels)` the smallest effect that
    those rows show, and `errors` says what widens those of rows that stand alone."""
    plain, held = result["whole"], held_columns(base, len(rows))
    level, judged = level_of(table, test), rows_judged(explore, rows, test)
    result = {**result, "p_judged": plain["p"], "p_judged_by": "primary"}
    # A course in time is a course of x itself, so x is not weighted here as the score would have it.
    left, right = residuals(block, basis(base)) if base.shape[1] else block, rate_score(block, held, data)[1][:, None]
    ways = find_dependence(table, test, rows, left, right)
    if ways is None:
        return {**result, "why": result["why"] + errors, "mde": detected(judged, base, None)}
    dependence, part, parts = Dependence(ways, left, right), explore[rows], {}
    clustered = ways.kind in ("units", "moments") and dependence.clock is None
    if clustered:
        labels, held = dependence.over_all(ways.labels), map(dependence.over_all, dependence.held_fixed())
        base = np.column_stack([base, *held])
    for name, mask in (("whole", np.ones(len(rows), dtype=bool)), ("explore", part), ("confirm", ~part)):
        if result[name] is None:
            parts[name] = None
        elif clustered:
            parts[name] = measured(mask & ways.placed, base, labels, name == "whole")
        else:
            parts[name] = by_neighbours(result[name], dependence, mask, x)
    if parts["whole"] is None:
        raise NotTestable(f"too few {what_repeats(ways)} for a test that accounts for them")
    result = {**result, **parts, **with_dependence(result, plain, parts["whole"], dependence, level, judged)}
    return {**result, "mde": detected(judged & ways.placed, base, labels)} if clustered else result


def by_neighbours(alone, dependence, mask, x):
    """An estimate of a series or a map: the partial correlation of x with the residuals, and the ratio with the error
    of its t."""
    found = dependence.estimate(mask)
    if found is None:
        return None
    kept = {key: value for key, value in alone.items() if key != "contrasts"}
    units, t = alone["units"], found["statistic"]
    if units is not None:
        log, same = np.log(units["value"]), None
        # The ratio of two levels is at least 1, whichever of them that is.
        agrees = (alone["statistic"] >= 0) == (t >= 0)
        if found["sign"] and (agrees or found["p"] >= 0.05) and abs(t) > 1e-6:
            half = stats.t.isf(0.025, found["df"]) * abs(log / t)
            same = {"ci_low": float(np.exp(log - half)), "ci_high": float(np.exp(log + half))}
        units = same and {**units, **same, "method": dependence.test}
    if found["sign"]:
        kept["direction"] = ("+" if t >= 0 else "-") if x.levels is None else x.levels[int(t >= 0)]
    size = dependent_effect(alone, found, dependence)
    return {**kept, "n": found["n"], "statistic": t, "p": found["p"], "effect": size, "units": units}


def judge_rates(table, explore, test, ratio, more_variants=None):
    """The result of one test of k of n (`ratio` is `odds_ratio`) or of counts (`rate_ratio`)."""
    binomial, family = ratio == "odds_ratio", family_of(ratio)
    x, data, others, rows, small = load_rates(table, test, binomial)
    used = [
        column
        for column in others
        if len(np.unique(column.values)) > 1 and not (column.levels is not None and len(column.levels) > 30)
    ]
    base = np.column_stack([side(column) for column in used]) if used else np.zeros((len(rows), 0))
    block, spread = side(x), max(float(x.values.std()), 1e-300)
    if base.shape[1]:
        own = (residuals(block, basis(base)) ** 2).sum() / ((block - block.mean(axis=0)) ** 2).sum()
        if own < 0.001:
            raise NotTestable(f"{x.name!r} is determined by the covariates, so nothing of its own is left to test")

    def fitted(mask, given=base, labels=None):
        kept = None if labels is None else labels[mask]
        found = rate_estimate(block[mask], counted_at(data, mask), given[mask], kept)
        if found is not None:
            found.spread = spread
        return found

    def measured(mask, given=base, labels=None, compare=None):
        found = fitted(mask, given, labels)
        result = as_estimate(found, x, ratio)
        if result is not None and (mask.all() if compare is None else compare):
            compared = rate_contrasts(found, x, counted_at(data, mask))
            if compared is not None:
                result["contrasts"] = compared
        return result

    def detected(mask, given, labels):
        return smallest_ratio(fitted(mask, given, labels), x, ratio, level_of(table, test))

    everything = np.ones(len(rows), dtype=bool)
    parts = on_parts(explore, rows, measured)
    whole, model, found = parts["whole"], fitted(everything), findings()
    crude = None
    if base.shape[1]:
        crude = as_estimate(fitted(everything, base[:, :0]), x, ratio)
        crude_checks(found, whole, crude, used)
    unit = unit_of(table, test, rows) if test.get("unit") not in (test["x"], test["y"]) else None
    checked = table.checked_rows(np.arange(len(rows)))
    some = np.zeros(len(rows), dtype=bool)
    some[checked] = True
    sample = measured(some) if len(checked) < len(rows) else whole
    if sample is not None:
        inner = lambda keep: as_estimate(fitted(np.isin(np.arange(len(rows)), checked[keep])), x, ratio)
        here, kept = take_same(x, checked), None if unit is None else unit[checked]
        piece = counted_at(data, checked)
        seed = table.protocol.get("seed", 0)
        rate_variants(found, here, block[checked], piece, base[checked], sample, test, seed, kept, inner)
        if more_variants is not None:
            more_variants(found, here, block[checked], piece, base[checked], sample, model.dispersion)
        adjust_rates(found, table, test, rows[checked], x, block[checked], piece, base[checked], kept, ratio, spread)
    rate_caveats(found, x, data, whole, base, model)
    told = f"{family} model of {test['y']}" + (
        f" out of {test['by']}" if binomial else f" per {test['by']}" if test.get("by") else ""
    )
    told += f" on {x.name}" + (f" and {len(used)} covariates" if used else "")
    told += f"; dispersion {model.raw_dispersion:.3g}" + (", taken as 1" if model.raw_dispersion < 1 else "")
    errors = "" if model.raw_dispersion < 1 else "; errors widened by the root of the dispersion"
    if model.way in ERRORS_OF:
        grows = model.uneven > UNEVEN
        reason = "which grows with the size of the counts" if grows else "which may not be even in so few rows"
        errors = f", {reason}; {ERRORS_OF[model.way]}"
    if model.separated:
        told += "; by the score test, because no finite ratio is the most likely"
    result = {
        **parts,
        "test": RATE_TESTS[model.way].format(family=family),
        "why": told + left_out(small) + table.told_copies(),
        "assumptions": [
            {
                "name": f"counts vary as in a {family} model (errors allow for more)",
                "check": "Pearson's chi-squared by its degrees of freedom",
                "statistic": model.raw_dispersion,
                "p": float(stats.chi2.sf(model.raw_dispersion * model.free, model.free)),
                "holds": bool(model.raw_dispersion <= WIDE_DISPERSION),
            },
            {
                "name": "dispersion does not grow with the size of the counts",
                "check": "score test of squared Pearson residuals",
                "statistic": model.uneven,
                "p": float(stats.norm.sf(model.uneven)),
                "holds": bool(model.uneven <= UNEVEN),
            },
        ],
        "covariates": [column.name for column in used],
        "crude": crude,
        "by": test.get("by"),
        "groups": pooled_levels(x, data) if x.levels is not None else None,
        "variants": found.variants,
        "adjusted": found.adjusted,
        "caveats": found.caveats,
        "caveat_notes": found.notes,
    }
    return rates_that_depend(result, table, test, explore, rows, x, block, data, base, measured, detected, errors)


def rate_caveats(found, x, data, whole, base, model):
    if whole["p"] < 0.05 and whole["effect"]["name"] != "partial_v":
        limit = 0.12 if data.binomial else 0.06
        if abs(relation_size(whole)) < limit:
            found.caveats.append("tiny_effect")
    events = min(data.events.sum(), (data.amount - data.events).sum()) if data.binomial else data.events.sum()
    least = np.bincount(x.values).min() if x.levels is not None else whole["n"]
    if whole["n"] < 20 + 10 * base.shape[1] or events < 20 or least < 5:
        found.caveats.append("small_sample")
    if model.separated:
        found.caveats.append("separation")
