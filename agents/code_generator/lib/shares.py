# ---- shares: columns that add up to a constant, parts of a total, and columns divided by one denominator ----
import re

import numpy as np

LONGEST_RUN = 40
FEWEST_SHARED = 30


def add_up(numeric, data, names, found):
    """Columns whose sum is the same in nearly every row, to rounding: percentages that add to 100, hours of a day.
    Columns that stand side by side, or are named alike, or of which one is what the others leave."""
    numeric = [i for i in numeric if np.isfinite(data[i][~np.isnan(data[i])]).all() and not np.isnan(data[i]).all()]
    if len(numeric) < 2:
        return
    taken = set()
    for group in [
        *runs_that_add_up(numeric, data),
        *families_of_names(numeric, names),
        *rests_of_others(numeric, data),
    ]:
        if len(group) < 2 or taken & set(group):
            continue
        constant = constant_sum(group, data)
        if constant is None:
            continue
        value, odd, rows = constant
        taken |= set(group)
        shown = shown_names([names[i] for i in group])
        text = f"{shown} add up to {value:.6g} in each row" + (f", but for {odd} of {rows} rows" if odd else "")
        found.note("percentages", list(group), text)


def runs_that_add_up(numeric, data):
    """Runs of neighbouring columns whose sum hardly varies over a few rows, the shortest first."""
    table = np.column_stack([data[i] for i in numeric])
    whole = np.flatnonzero(~np.isnan(table).any(axis=1))
    # Of a table with gaps, gaps count as 0: they may stand for a share of nothing.
    rows = whole if len(whole) >= 30 else np.arange(len(table))
    rows = rows[:: max(len(rows) // 60, 1)][:60]
    few = np.nan_to_num(table[rows])
    spread = np.maximum(few.std(axis=0), 0.0)
    sums = np.concatenate([np.zeros((len(rows), 1)), np.cumsum(few, axis=1)], axis=1)
    squares = np.r_[0.0, np.cumsum(spread**2)]
    for length in range(2, min(len(numeric), LONGEST_RUN) + 1):
        run = sums[:, length:] - sums[:, :-length]
        # A median of the deviation, so that an odd row hides nothing.
        off = np.median(np.abs(run - np.median(run, axis=0)), axis=0)
        apart = np.sqrt(squares[length:] - squares[:-length])
        for start in np.flatnonzero((off < 0.05 * apart) & (apart > 0)):
            yield tuple(numeric[start : start + length])


def families_of_names(numeric, names):
    """Columns that share the first or the last word of their names."""
    families = {}
    for i in numeric:
        words = tokens(names[i])
        if len(words) > 1:
            families.setdefault(("first", words[0]), []).append(i)
            families.setdefault(("last", words[-1]), []).append(i)
    return [tuple(members) for members in families.values() if 2 <= len(members) <= LONGEST_RUN]


def rests_of_others(numeric, data, most=60):
    """Columns that go against the sum of some others with a weight of 1 each: least squares on a few hundred rows."""
    if not 3 <= len(numeric) <= most:
        return
    table = np.column_stack([data[i] for i in numeric])
    table = table[~np.isnan(table).any(axis=1)][:1000]
    if len(table) < 2 * len(numeric) + 20:
        return
    table = table - table.mean(axis=0)
    spread = table.std(axis=0)
    for k in range(len(numeric)):
        others = [m for m in range(len(numeric)) if m != k and spread[m] > 0]
        if spread[k] == 0 or len(others) < 2:
            continue
        weights = np.linalg.lstsq(table[:, others], table[:, k], rcond=None)[0]
        members = [m for m, weight in zip(others, weights) if abs(weight + 1) < 0.1]
        if len(members) >= 2 and np.std(table[:, k] + table[:, members].sum(axis=1)) < 0.05 * spread[k]:
            yield tuple(sorted([numeric[k], *(numeric[m] for m in members)]))


def constant_sum(group, data):
    """(the sum, odd rows, rows) of columns that add up to a constant to rounding, each needed; None where they do
    not."""
    table = np.column_stack([data[i] for i in group])
    table = table[~np.isnan(table).any(axis=1)]
    if len(table) < 20:
        return None
    spread = table.std(axis=0)
    if (spread == 0).any():
        return None
    units = np.array([rounding_unit(column) for column in table.T])
    sums = table.sum(axis=1)
    middle = float(np.median(sums))
    # A rounded sum misses its value by half a unit for each column at most.
    slack = 0.51 * units.sum() + EXACT * spread.max()
    if slack > 0.25 * np.sqrt((spread**2).sum()):
        slack = 1e-6 * max(abs(middle), 1.0)  # whole numbers of a few: exact or not at all
    odd = int((np.abs(sums - middle) > slack).sum())
    if odd > 0.02 * len(table) or spread.min() < 2 * slack / len(group) or middle == 0:
        return None
    # Each column must be needed: without it the sum varies as the column does.
    levels = [np.unique(column, return_counts=True)[1] for column in table.T]
    if any(len(table) - counts.max() < 8 for counts in levels):
        return None
    # Noise about an exact sum that is larger than its rounding is no identity, and rounding is all that may be left.
    rest = np.abs(sums - middle)
    if units.max() > 0 and np.sqrt(np.mean(np.minimum(rest, slack) ** 2)) > 0.75 * np.sqrt((units**2).sum()):
        return None
    return float(f"{middle:.6g}"), odd, len(table)


TOTAL_WORDS = {"total", "all", "overall", "sum", "gross", "whole", "combined", "altogether"}


def parts_of_totals(numeric, data, names, found):
    """Parts of a total of which another part is not in the table: the total is never below its parts, and rises by one
    with each of them while the rest stays as it is."""
    positive = [i for i in numeric if np.nanmin(data[i]) >= 0 and len(np.unique(data[i][~np.isnan(data[i])])) >= 10][
        :40
    ]
    for whole in positive:
        named = bool(TOTAL_WORDS & set(tokens(names[whole])))
        parts = [i for i in positive if i != whole and not found.has(i, whole) and may_be_part(data[whole], data[i])]
        if not parts or len(parts) > 8:
            continue
        table = np.column_stack([data[whole], *(data[i] for i in parts)])
        table = table[~np.isnan(table).any(axis=1)]
        if len(table) < FEWEST_SHARED:
            continue
        slopes, errors = slopes_of(table[:, 0], table[:, 1:])
        fits = (np.abs(slopes - 1) <= 2.6 * errors) & (errors <= 0.15) & (slopes / errors > 6)
        # Without a name, one slope of 1 is as good as any other; two of them are not.
        fits &= named | ((np.abs(slopes - 1) <= 2 * errors) & (errors <= 0.12))
        if fits.sum() < (1 if named else 2):
            continue
        members = [part for part, fit in zip(parts, fits) if fit]
        rest = table[:, 0] - table[:, 1:][:, fits].sum(axis=1)
        if (rest < -1e-9).mean() > 0 or rest.std() <= 0:
            continue
        text = (
            f"{shown_names([names[i] for i in members])} {'is a part' if len(members) == 1 else 'are parts'} of {names[whole]}: it is never "
            f"below {'it' if len(members) == 1 else 'their sum'} and rises by {', '.join(f'{s:.2f}' for s in slopes[fits])} with each"
        )
        found.note("part", [whole, *members], text, [(whole, part) for part in members])


def may_be_part(whole, part):
    known = ~np.isnan(whole) & ~np.isnan(part)
    if known.sum() < FEWEST_SHARED or part[known].std() == 0:
        return False
    return bool((whole[known] >= part[known] - 1e-9).all()) and rounding_unit(whole[known]) >= 0.99 * rounding_unit(
        part[known]
    )


def slopes_of(y, x):
    """(slopes, standard errors) of least squares with a constant."""
    design = np.column_stack([np.ones(len(y)), x])
    inverse = np.linalg.pinv(design.T @ design)
    beta = inverse @ design.T @ y
    rest = y - design @ beta
    variance = (rest**2).sum() / max(len(y) - design.shape[1], 1)
    return beta[1:], np.maximum(np.sqrt(np.maximum(variance * np.diag(inverse)[1:], 0.0)), 1e-12)


PER_NAME = re.compile(r"(?:^|[\W_])(?:per|by|each)[\W_]+(.+)$|/\s*(.+)$", re.IGNORECASE)


def denominator_of(name):
    """What a column is divided by, after its name: 'iron_per_head' gives 'head'; None where it says nothing."""
    told = PER_NAME.search(re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name))
    if told:
        return " ".join(tokens(told.group(1) or told.group(2))) or None
    words = tokens(name)
    if words[-2:] == ["pc"] or words[-1:] == ["pc"]:
        return "capita"
    return "capita" if "capita" in words else None


def shares_of_one(numeric, data, names, found):
    """Columns divided by one denominator: those that their names say so of and that go together, and those that fall in
    proportion as a column of the table rises."""
    positive = [i for i in numeric if np.nanmin(data[i]) > 0 and len(np.unique(data[i])) >= 15][:60]
    groups = {}
    for i in positive:
        divided = denominator_of(names[i])
        if divided:
            groups.setdefault(divided, []).append(i)
    for divided, members in groups.items():
        pairs = []
        for place, a in enumerate(members):
            for b in members[place + 1 :]:
                r, n = log_correlation(data[a], data[b])
                if n >= FEWEST_SHARED and r > 0.1 and r * np.sqrt(n) > 3.3:
                    pairs.append((a, b, r))
        if not pairs:
            continue
        shared = sorted({i for a, b, _ in pairs for i in (a, b)})
        mean = np.mean([r for _, _, r in pairs])
        text = (
            f"{shown_names([names[i] for i in shared])} are divided by one denominator ({divided}), by their names, and go together as "
            f"such columns do (mean r of logarithms {mean:.2f})"
        )
        found.note("share", shared, text, [(a, b) for a, b, _ in pairs])
    scores = np.array([rank_scores(data[i][:2000]) for i in positive]) if positive else np.zeros((0, 1))
    against = scores @ scores.T / max(scores.shape[1], 1)
    for place, below in enumerate(positive):
        divided = []
        for other, i in enumerate(positive):
            if i == below or found.has(i, below) or against[place, other] > -0.2:
                continue
            # Names that say so leave less for the slope to tell: it may miss -1 by more, as some of many columns do.
            limit = 4.0 if is_denominator(names[i], names[below]) else 2.5
            slope = inverse_slope(data[i], data[below], limit)
            if slope is not None:
                divided.append((i, slope))
        # One slope of -1 may be an accident; two that share it, or a name, are not.
        named = [i for i, _ in divided if is_denominator(names[i], names[below])]
        if len(divided) < 2 and not named:
            continue
        members = [i for i, _ in divided]
        slopes = ", ".join(f"{slope:.2f}" for _, slope in divided)
        text = f"{shown_names([names[i] for i in members])} fall in proportion as {names[below]} rises (slopes of the logarithms {slopes}): divided by it"
        fresh = [(below, i) for i in members] + [
            (a, b) for place, a in enumerate(members) for b in members[place + 1 :]
        ]
        found.note("share", [below, *members], text, fresh)


def is_denominator(ratio, base):
    """Whether the name of a ratio names the base: 'iron_per_head' and 'heads'."""
    divided = denominator_of(ratio)
    if not divided:
        return False
    words = {word.rstrip("s") for word in divided.split()}
    return bool(words & {word.rstrip("s") for word in tokens(base)})


def log_correlation(a, b):
    known = ~np.isnan(a) & ~np.isnan(b)
    if known.sum() < 8:
        return 0.0, int(known.sum())
    a, b = np.log(a[known]), np.log(b[known])
    if min(a.std(), b.std()) == 0:
        return 0.0, int(known.sum())
    return float(np.corrcoef(a, b)[0, 1]), int(known.sum())


def inverse_slope(y, x, limit):
    """The slope of the logarithms where it is -1 within so many standard errors, which are small, so that y times x no
    longer goes with x; None elsewhere."""
    known = ~np.isnan(y) & ~np.isnan(x)
    if known.sum() < FEWEST_SHARED:
        return None
    a, b = np.log(y[known]), np.log(x[known])
    if min(a.std(), b.std()) < 0.15 or in_row_order(a) or in_row_order(b):
        return None
    slope, error = slopes_of(a, b[:, None])
    slope, error = float(slope[0]), float(error[0])
    return slope if abs(slope + 1) <= limit * error and error <= 0.1 else None
