# ---- survival: does x go with a higher or lower rate of an event over time? Cox's proportional hazards ----
from types import SimpleNamespace

import numpy as np
from scipy import stats

TEST = "statsmodels.duration.hazard_regression.PHReg"


def load(table, test):
    """x, durations, whether each ended in the event, and the row numbers."""
    names = [test["x"], test.get("duration") or test.get("y"), test.get("event")]
    names += [name for name in test.get("covariates") or [] if name not in names]
    for name in names:
        if not name or name not in table.position:
            raise NotTestable(f"there is no column {name!r}; name `duration` and `event`")
    if len(set(names[:3])) < 3:
        raise NotTestable("x, duration and event must be three columns")
    x, span, mark, *others = (table.column(name) for name in names)
    if span.levels is not None:
        raise NotTestable(f"the duration {span.name!r} must be a number")
    if mark.levels is None or len(mark.levels) != 2:
        raise NotTestable(f"the event {mark.name!r} must have two levels")
    filled = np.logical_and.reduce([present(column) for column in (x, span, mark, *others)])
    rows = np.flatnonzero(filled & (np.nan_to_num(span.values, nan=-1.0) >= 0))
    ended = mark.levels.index(event_level(mark.levels, test.get("y_level")))
    x, others = take(x, rows), [take(column, rows) for column in others]
    span, mark = Column("", span.values[rows], None), Column("", (mark.values[rows] == ended).astype(float), None)
    if x.levels is not None:
        x, (span, mark, *others), rows, _ = keep_levels(x, [span, mark, *others], rows)
    span, mark = span.values, mark.values
    if len(rows) < 12 or mark.sum() < 5:
        raise NotTestable(f"too few rows ({len(rows)}) or events ({int(mark.sum())}); at least 12 and 5 are needed")
    if len(np.unique(x.values)) < 2:
        raise NotTestable(f"{x.name!r} has one value only in the rows with a duration")
    base = np.column_stack([side(column) for column in others]) if others else np.zeros((len(rows), 0))
    return x, span, mark, base, rows


def estimate(x, span, mark, levels, base):
    """(E, fitted model) of the hazard on x, and on the covariates in `base`."""
    from statsmodels.duration.hazard_regression import PHReg

    block = side(Column("", x, levels))
    k = block.shape[1]
    if len(x) < MIN_ROWS or mark.sum() < 4 or (np.ptp(block, axis=0) == 0).any():
        return None, None
    if levels is not None and np.bincount(x, weights=mark, minlength=len(levels)).min() == 0:
        return None, None  # a level without any event has no finite hazard ratio
    design = np.column_stack([block, base])
    if np.linalg.matrix_rank(np.column_stack([np.ones(len(design)), design])) < design.shape[1] + 1:
        return None, None
    model = PHReg(span, design, status=mark, ties="efron")
    fit = model.fit(disp=0)
    if base.shape[1]:
        reduced = PHReg(span, base, status=mark, ties="efron")
        without = reduced.loglike(reduced.fit(disp=0).params)
    else:
        without = model.loglike(np.zeros(k))
    statistic = max(2 * (model.loglike(fit.params) - without), 0.0)
    p = float(stats.chi2.sf(statistic, k))
    if not np.isfinite(p):
        return None, None
    if k == 1:
        half = 1.959964 * float(fit.bse[0])
        name = "hazard_ratio_per_sd" if levels is None else "hazard_ratio"
        size = effect(name, *np.exp(np.clip([fit.params[0], fit.params[0] - half, fit.params[0] + half], -700, 700)))
    else:
        share = concordance(block @ fit.params[:k], span, mark)
        size = effect("concordance", share, None, None)
    if levels is None:
        direction = "+" if fit.params[0] >= 0 else "-"
    else:
        direction = levels[int(np.unique(x)[int(np.argmax(np.r_[0.0, fit.params[:k]]))])]
    return {"n": len(x), "statistic": statistic, "p": p, "effect": size, "direction": direction}, fit


def concordance(risk, span, mark):
    """Harrell's share of comparable pairs in which the higher risk ends first, over at most 2000 rows."""
    risk, span, mark = risk[:2000], span[:2000], mark[:2000] > 0
    earlier = mark[:, None] & (span[:, None] < span[None, :])
    ties = (risk[:, None] == risk[None, :]) & earlier
    total = earlier.sum()
    return float(((risk[:, None] > risk[None, :]) & earlier).sum() + ties.sum() / 2) / total if total else 0.5


def judge(table, explore, test, family):
    x, span, mark, base, rows = load(table, test)
    total = len(rows)
    capped = table.checked_rows(np.arange(total)) if total > 200000 else np.arange(total)
    x, span, mark, base, rows = take_same(x, capped), span[capped], mark[capped], base[capped], rows[capped]
    fits = {}

    @beside_test
    def units(mask, found):
        if x.levels is None:
            return ratio_in_units(found["effect"], x.values[mask].std())
        return upper_first(ratio_in_units(found["effect"], 1.0, x.levels)) if len(x.levels) == 2 else None

    def measure(mask):
        found, fits[int(mask.sum())] = estimate(x.values[mask], span[mask], mark[mask], x.levels, base[mask])
        return found and with_units(found, units(mask, found))

    parts, found = on_parts(explore, rows, measure), findings()
    whole, fit = parts["whole"], fits[len(rows)]
    if x.levels is not None:
        log_rank(found, x, span, mark, whole)
    assumptions = proportionality(fit, span, mark)
    if any(not entry["holds"] for entry in assumptions):
        found.caveats.append("assumption_violated")
        found.notes["assumption_violated"] = "hazards are not proportional over time"
    if mark.sum() < 20:
        found.caveats.append("small_sample")
    judged, level = float(mark[rows_judged(explore, rows, test)].sum()), level_of(table, test)
    spread = side(x).var() if side(x).shape[1] == 1 else None
    why = "Cox's proportional hazards, likelihood-ratio test" + (
        f", on a seeded sample of {len(rows)} rows" if len(capped) < total else ""
    )
    return {
        **parts,
        "test": TEST,
        "why": why,
        "assumptions": assumptions,
        "groups": event_rates(x, span, mark) if x.levels is not None else None,
        "variants": found.variants,
        "caveats": found.caveats,
        "caveat_notes": found.notes,
        "p_judged": whole["p"],
        "p_judged_by": "primary",
        "covariates": [name for name in test.get("covariates") or []],
        "duration": test.get("duration") or test.get("y"),
        "event": test.get("event"),
        "y_level": event_level(table.column(test["event"]).levels, test.get("y_level")),
        "events": int(mark.sum()),
        "mde": smallest(whole["effect"]["name"], float(np.exp(errors_away(level) / np.sqrt(judged * spread))), level)
        if spread and judged
        else None,
    }


def event_rates(x, span, mark):
    """Events per unit of time at risk in each level, largest first."""
    rates = []
    for code, level in enumerate(x.levels):
        inside = x.values == code
        rates.append(
            {
                "level": level,
                "n": int(inside.sum()),
                "value": float(mark[inside].sum() / max(span[inside].sum(), 1e-300)),
            }
        )
    return sorted(rates, key=lambda row: (-row["value"], row["level"]))


def log_rank(found, x, span, mark, whole):
    from statsmodels.duration.survfunc import survdiff

    statistic, p = survdiff(span, mark, x.values)
    add_variant(
        found,
        "log_rank",
        "statsmodels.duration.survfunc.survdiff",
        len(span),
        float(statistic),
        float(p),
        None,
        whole["direction"],
        whole,
    )


def proportionality(fit, span, mark):
    """Whether the scaled residuals of Schoenfeld drift with the rank of time (Grambsch and Therneau 1994), first
    column only."""
    residual = np.asarray(fit.schoenfeld_residuals)[:, 0]
    known = ~np.isnan(residual) & (mark > 0)
    if known.sum() < 10 or np.ptp(residual[known]) == 0:
        return []
    r, p = clean_p(stats.pearsonr(stats.rankdata(span[known]), residual[known]))
    return (
        []
        if p is None
        else [
            {
                "name": "hazards stay proportional over time",
                "check": "scipy.stats.pearsonr of Schoenfeld residuals with time",
                "statistic": r,
                "p": p,
                "holds": p >= 0.01,
            }
        ]
    )


run_battery(PROTOCOL, SimpleNamespace(judge=judge))
