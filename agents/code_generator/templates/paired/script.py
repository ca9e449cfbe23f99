# ---- paired: does the second measurement of the same unit differ from the first? ----
# Wide: x and y are the two measurements. Long: y is the measurement, x the group of two levels, `unit` names the unit.
from types import SimpleNamespace

import numpy as np
from scipy import stats

TESTS = {"t": "scipy.stats.ttest_rel", "wilcoxon": "scipy.stats.wilcoxon"}


def load(table, test):
    """(first values, second values, names of the two, row number of each pair)."""
    x, y, rows = load_pair(table, test)
    if x.levels is None and y.levels is None:
        return x.values, y.values, (x.name, y.name), rows
    unit = test.get("unit")
    if x.levels is None or y.levels is not None or len(x.levels) != 2 or not unit or unit not in table.position:
        raise NotTestable("give two numeric columns, or a group of two levels, a number and a unit column")
    labels = unit_labels(table.column(unit))[rows]
    order = np.lexsort((x.values, labels))
    labels, codes, values, rows = labels[order], x.values[order], y.values[order], rows[order]
    starts = np.flatnonzero(np.r_[True, labels[1:] != labels[:-1]])
    sizes = np.diff(np.r_[starts, len(labels)])
    good = [start for start, size in zip(starts, sizes) if size == 2 and codes[start] == 0 and codes[start + 1] == 1]
    good = np.array(good, dtype=np.int64)
    return values[good], values[good + 1], tuple(x.levels), rows[good]


def judge(table, explore, test, family):
    # Means stay what they are when columns are shuffled. What has no effect here is a pair that could as well be swapped.
    seed = table.protocol.get("shuffle_seed")
    source = table if seed is None else Table({**table.protocol, "shuffle_seed": None})
    first, second, names, rows = load(source, test)
    if seed is not None:
        swapped = generator("shuffle", seed, test["x"], test["y"]).random(len(first)) < 0.5
        first, second = np.where(swapped, second, first), np.where(swapped, first, second)
    long = names != (test["x"], test["y"])
    if len(first) < MIN_ROWS:
        raise NotTestable(f"fewer than {MIN_ROWS} complete pairs ({len(first)})")
    gaps = second - first
    if np.ptp(gaps) == 0:
        raise NotTestable("the difference is the same in every pair")
    heavy = is_heavy(gaps)
    method = "wilcoxon" if heavy else "t"
    ways = (names[0], names[1]) if long else ("-", "+")
    measure = lambda mask, how=method: estimate(gaps[mask], how, ways)
    in_both = beside_test(lambda mask: paired_in_units(gaps[mask], names))
    parts = on_parts(explore, rows, lambda mask: with_units(measure(mask), in_both(mask)))
    whole = parts["whole"]
    found = SimpleNamespace(variants=[], adjusted=[], caveats=[], notes={})
    everything = np.ones(len(gaps), dtype=bool)
    other = "t" if heavy else "wilcoxon"
    second_look = measure(everything, other)
    if second_look is not None:
        add_variant(
            found,
            "linear" if heavy else "rank",
            TESTS[other],
            second_look["n"],
            second_look["statistic"],
            second_look["p"],
            second_look["effect"],
            second_look["direction"],
            whole,
        )
    far = far_rows(np.abs(robust_z(gaps)), 4.0)
    keep = everything.copy()
    keep[far] = False
    trimmed = measure(keep, "t") if len(far) and np.ptp(gaps[keep]) > 0 else None
    if trimmed is not None:
        add_variant(
            found,
            "outliers_removed",
            TESTS["t"],
            trimmed["n"],
            trimmed["statistic"],
            trimmed["p"],
            trimmed["effect"],
            trimmed["direction"],
            whole,
        )
        linear = measure(everything, "t")
        if (
            linear["p"] < 0.05
            and second_look is not None
            and trimmed["p"] >= 0.05
            and measure(everything, "wilcoxon")["p"] >= 0.05
        ):
            found.caveats.append("outlier_driven")
            found.notes["outlier_driven"] = f"{len(far)} of {len(gaps)} pairs"
    if whole["p"] < 0.05:
        random = generator("permutation", table.protocol.get("seed", 0), test["x"], test["y"])
        some, count = gaps[table.checked_rows(np.arange(len(gaps)))], int(test.get("permutations") or 499)
        observed = abs(some.mean())
        hits = sum(
            abs((random.choice((-1.0, 1.0), size=len(some)) * some).mean()) >= observed * (1 - 1e-12)
            for _ in range(count)
        )
        add_variant(
            found,
            "permutation",
            "numpy.random.Generator.choice (random signs of the differences)",
            len(some),
            observed,
            (1 + hits) / (1 + count),
            None,
            whole["direction"],
            whole,
        )
    if whole["n"] < 20:
        found.caveats.append("small_sample")
    value = whole["effect"]["value"]
    if whole["p"] < 0.05 and value is not None and abs(value) < 0.1:
        found.caveats.insert(0, "tiny_effect")
    means = [
        {"level": name, "n": len(gaps), "value": float(values.mean())} for name, values in zip(names, (first, second))
    ]
    half = stats.t.isf(0.025, len(gaps) - 1) * gaps.std(ddof=1) / np.sqrt(len(gaps))
    judged, level = int(rows_judged(explore, rows, test).sum()), level_of(table, test)
    why = (
        "signed-rank test, because the differences have strong skew or far outliers"
        if heavy
        else "t test of the differences within pairs"
    )
    return {
        **parts,
        "test": TESTS[method],
        "why": why,
        "assumptions": [shape_assumption("the difference", gaps)],
        "variants": found.variants,
        "caveats": found.caveats,
        "caveat_notes": found.notes,
        "groups": sorted(means, key=lambda row: -row["value"]),
        "p_judged": whole["p"],
        "p_judged_by": "primary",
        "other_effects": [effect("mean_difference", gaps.mean(), gaps.mean() - half, gaps.mean() + half)],
        "mde": smallest("cohens_dz", errors_away(level) / np.sqrt(max(judged, 1)), level),
    }


def estimate(gaps, method, ways):
    n = len(gaps)
    if n < 4 or np.ptp(gaps) == 0:
        return None
    if method == "t":
        statistic, p = clean_p(stats.ttest_rel(gaps, np.zeros(n)))
        size = gaps.mean() / gaps.std(ddof=1)
        half = 1.959964 * np.sqrt(1 / n + size * size / (2 * n))
        measured, centre = effect("cohens_dz", size, size - half, size + half), gaps.mean()
    else:
        statistic, p = clean_p(stats.wilcoxon(gaps))
        centre = matched_ranks(gaps)
        measured = effect("rank_biserial", centre, *resampled_interval(gaps))
    if p is None:
        return None
    return {
        "n": n,
        "statistic": statistic,
        "p": p,
        "effect": measured,
        "direction": ways[1] if centre >= 0 else ways[0],
    }


def matched_ranks(gaps):
    """Rank-biserial correlation of matched pairs (Kerby 2014): favourable less unfavourable share of ranks."""
    moved = gaps[gaps != 0]
    if len(moved) == 0:
        return 0.0
    rank = stats.rankdata(np.abs(moved))
    return float((rank * np.sign(moved)).sum() / rank.sum())


def resampled_interval(gaps):
    """Percentile bootstrap of the rank-biserial correlation, 400 seeded resamples of at most 2000 pairs."""
    random = np.random.default_rng(20250101)
    some = gaps[:2000]
    draws = [matched_ranks(some[random.integers(0, len(some), len(some))]) for _ in range(400)]
    low, high = np.quantile(draws, (0.025, 0.975))
    if len(gaps) <= len(some):
        return low, high
    centre, shrink = matched_ranks(gaps), np.sqrt(len(some) / len(gaps))
    return centre + (low - np.median(draws)) * shrink, centre + (high - np.median(draws)) * shrink


run_battery(PROTOCOL, SimpleNamespace(judge=judge))
