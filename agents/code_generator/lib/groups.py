# ---- groups: levels of a group column, their means or rates, and which of them a direction names ----
import numpy as np

MIN_LEVEL = 3


def keep_levels(group, others, rows):
    """The group and other columns without rows of levels that have fewer than MIN_LEVEL rows; and the levels left
    out."""
    counts = np.bincount(group.values, minlength=len(group.levels))
    small = [level for level, count in zip(group.levels, counts) if count < MIN_LEVEL]
    keep = counts[group.values] >= MIN_LEVEL
    if len(group.levels) - len(small) < 2:
        raise NotTestable(f"fewer than two levels of {group.name!r} have {MIN_LEVEL} rows")
    return take(group, keep), [take(other, keep) for other in others], rows[keep], small


def left_out(small):
    """A sentence on the levels that were left out."""
    shown = ", ".join(small[:3]) + (", ..." if len(small) > 3 else "")
    return f"; {len(small)} levels with fewer than {MIN_LEVEL} rows were left out ({shown})" if small else ""


def level_values(codes, levels, values):
    """[{level, n, value}] of the mean of `values` in each level, largest first."""
    counts = np.bincount(codes, minlength=len(levels))
    sums = np.bincount(codes, weights=values, minlength=len(levels))
    filled = [
        {"level": levels[i], "n": int(counts[i]), "value": float(sums[i] / counts[i])}
        for i in range(len(levels))
        if counts[i]
    ]
    return sorted(filled, key=lambda row: (-row["value"], row["level"]))


def odds_ratio_effect(a, b, c, d):
    """Odds ratio of the 2x2 table [[a, b], [c, d]] with Woolf's interval; half is added to each cell where one is 0."""
    if min(a, b, c, d) == 0:
        a, b, c, d = a + 0.5, b + 0.5, c + 0.5, d + 0.5
    centre, half = np.log(a * d / (b * c)), 1.959964 * np.sqrt(1 / a + 1 / b + 1 / c + 1 / d)
    return effect("odds_ratio", np.exp(centre), np.exp(centre - half), np.exp(centre + half))


def risk_difference_effect(a, n, c, m):
    """Difference of the rates a/n - c/m with Newcombe's (1998) hybrid score interval."""
    p, q = a / n, c / m
    (p_low, p_high), (q_low, q_high) = wilson(a, n), wilson(c, m)
    gap = p - q
    return effect("risk_difference", gap, gap - np.hypot(p - p_low, q_high - q), gap + np.hypot(p_high - p, q - q_low))


def wilson(count, n):
    z2, p = 1.959964**2, count / n
    centre, half = (p + z2 / (2 * n)) / (1 + z2 / n), np.sqrt(z2 * (p * (1 - p) / n + z2 / (4 * n * n))) / (1 + z2 / n)
    return centre - half, centre + half
