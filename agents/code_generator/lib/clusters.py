# ---- clusters: columns whose levels make their rows alike: subjects that rows repeat, and groups of subjects ----
# By the data: the share of variance that lies between levels (intraclass correlation of ranks) in most other columns,
# against the same after the rows were shuffled. A name alone is no evidence.
import numpy as np
from scipy import special

FEWEST_LEVELS = 10
# Fewer levels are groups to compare, unless a number is the same in all rows of a level.
FEWEST_WITH_PROPERTY = 5
LEAST_SHARE = 0.05
LEAST_MEAN_SHARE = 0.1
MOST_CANDIDATES = 40
# Up to twenty levels of many rows each are groups to compare rather than subjects.
MOST_ROWS_OF_SUBJECT = 60


def between_levels(scores, codes, spent=0):
    """(share of variance between levels, p of the F test, p of its lower tail) of each column of scores, on rows with a
    level. `spent` degrees of freedom went to a trend over the levels."""
    known = codes >= 0
    codes, scores = codes[known], scores[known] - scores[known].mean(axis=0)
    _, codes, counts = np.unique(codes, return_inverse=True, return_counts=True)
    k, n = len(counts), len(codes)
    free = k - 1 - spent
    if free < 2 or n - k < 5:
        empty = np.zeros(scores.shape[1])
        return empty, empty + 1.0, empty + 1.0
    sums = np.column_stack(
        [np.bincount(codes, weights=scores[:, place], minlength=k) for place in range(scores.shape[1])]
    )
    between = (sums**2 / counts[:, None]).sum(axis=0)
    within = np.maximum((scores**2).sum(axis=0) - between, 0.0)
    ratio = (between / free) / np.maximum(within / (n - k), 1e-12)
    size = (n - (counts**2).sum() / n) / (k - 1)
    share = (ratio - 1) / (ratio - 1 + size)
    varies = (scores**2).sum(axis=0) > 0
    return (
        np.where(varies, share, 0.0),
        np.where(varies, special.fdtrc(free, n - k, ratio), 1.0),
        np.where(varies, special.fdtr(free, n - k, ratio), 1.0),
    )


def constant_columns(table, rows, codes, indices):
    """Places of the columns that are the same in all rows of each level, and differ between levels."""
    return [index for index in indices if is_constant_in_levels(table.values_at(index, rows), codes)]


def is_constant_in_levels(values, codes):
    known = (codes >= 0) & ~np.isnan(values)
    if known.sum() < 8:
        return False
    codes, values = codes[known], values[known]
    first = np.full(int(codes.max()) + 1, np.nan)
    # Written from the last row to the first, so that the first stays.
    first[codes[::-1]] = values[::-1]
    levels = first[~np.isnan(first)]
    return bool((values == first[codes]).all()) and len(levels) < len(values) and bool((levels != levels[0]).any())


def can_be_cluster(column, rows):
    """Whether a column has levels that rows repeat often enough: words, or whole numbers."""
    if column["role"] in ("empty", "constant", "binary", "text") or is_moment(column) or column.get("level_order"):
        return False
    if set(tokens(column["name"])) & CALENDAR_WORDS:
        return False  # rows of one year are alike because they follow each other, or have a season
    words = column["role"] in ("categorical", "identifier")
    if not words and not (column["role"] == "numeric" and column["integer"]):
        return False
    known, distinct = rows - column["missing"], column["distinct"]
    return FEWEST_WITH_PROPERTY <= distinct and known >= 20 and known >= 1.5 * distinct


def find_clusters(table):
    """The columns whose levels make rows alike: [{index, levels, share, alike, of, constant, uneven, ...}], those that
    explain most first; each explains what the others leave."""
    found = []
    candidates = [i for i, column in enumerate(table.columns) if can_be_cluster(column, table.total)]
    # Words before whole numbers, which are mostly measurements.
    candidates.sort(key=lambda i: (table.columns[i]["role"] == "numeric", i))
    measured = measured_columns(table, 30)
    candidates = candidates[: MOST_CANDIDATES if table.whole else MOST_CANDIDATES // 3]
    # All rows are chosen before a column is read at any of them, so that it is read once.
    for index in candidates:
        table.rows_of_levels(index, 20_000)
    for index in candidates:
        cluster = study_cluster(table, index, measured)
        if cluster is not None:
            found.append(cluster)
    return distinct_clusters(table, sorted(found, key=lambda cluster: (-cluster["share"], cluster["index"])))


def study_cluster(table, index, measured):
    """What speaks for the levels of one column as clusters, or None."""
    column = table.columns[index]
    rows = table.rows_of_levels(index, 20_000)
    codes, levels = level_codes(table.values_at(index, rows))
    if levels < FEWEST_WITH_PROPERTY or len(rows) < 1.5 * levels:
        return None
    counts = np.bincount(codes[codes >= 0], minlength=levels)
    if (counts > 1).mean() < 0.5:
        return None
    others = [other for other in measured if other != index]
    constant = constant_columns(table, rows, codes, [i for i in range(len(table.columns)) if i != index][:200])
    properties = [i for i in constant if is_property(table, i, rows, levels)]
    numeric = column["role"] == "numeric"
    if levels < FEWEST_LEVELS and (numeric or not properties):
        return None
    if numeric and not constant and counts.max() > 3 * np.median(counts):
        return None  # a measurement that is often 0, or at its limit: numbers of things repeat more evenly
    others = [other for other in others if other not in constant]
    if not others:
        return None
    scores = np.column_stack([rank_scores(table.values_at(other, rows)) for other in others])
    spent = 0
    if numeric:
        # A measurement in whole numbers goes smoothly with others; names of things in numbers do not.
        trend = trend_over(table.values_at(index, rows), levels)
        scores = without_basis(scores, trend)
        spent = trend.shape[1] - 1
    share, p, low = between_levels(scores, codes, spent)
    # Columns that are the same mix in every level, such as the number of a visit, say nothing.
    telling = low > 1e-3
    if not telling.any():
        return None
    alike = telling & (p < 1e-4) & (share >= LEAST_SHARE)
    if alike.sum() <= 0.5 * telling.sum() or share[telling].mean() < LEAST_MEAN_SHARE:
        return None
    if numeric and goes_smoothly(scores[:, alike], codes):
        return None
    beaten, highest = shuffled_shares(scores[:, telling], codes, spent, float(share[telling].mean()))
    if beaten:
        return None
    return {
        "index": index,
        "levels": int(column["distinct"]),
        "share": float(share[telling].mean()),
        "alike": int(alike.sum()),
        "of": int(telling.sum()),
        "highest": highest,
        "constant": constant,
        "properties": properties,
        "smallest": int(counts.min()),
        "largest": int(counts.max()),
    }


def trend_over(values, levels):
    """Columns that span smooth functions of a whole number: its cubic, and hinges at up to four of its levels."""
    scores = rank_scores(values) / 1.75
    hinges = np.quantile(np.unique(scores), np.linspace(0, 1, min(4, levels // 5) + 2)[1:-1])
    parts = [scores**power for power in range(4)] + [np.maximum(scores - hinge, 0.0) ** 3 for hinge in hinges]
    return np.column_stack(parts)


def is_property(table, index, rows, levels):
    """Whether a number that is constant within levels measures them, and does not merely number them."""
    column = table.columns[index]
    if column["role"] != "numeric":
        return False
    values = table.values_at(index, rows)
    distinct = np.unique(values[~np.isnan(values)])
    steps = np.unique(np.diff(distinct))
    return len(distinct) >= max(4, levels / 2) and not (len(steps) == 1 and steps[0] == 1)


def goes_smoothly(scores, codes):
    """Whether levels with neighbouring numbers have neighbouring means, as months, ages and doses have."""
    counts = np.bincount(codes[codes >= 0])
    means = np.column_stack(
        [np.bincount(codes[codes >= 0], weights=column[codes >= 0]) / np.maximum(counts, 1) for column in scores.T]
    )
    means = means[counts > 0] - means[counts > 0].mean(axis=0)
    total = (means**2).sum(axis=0)
    near = (means[1:] * means[:-1]).sum(axis=0) / np.maximum(total, 1e-12)
    return bool(near.mean() > 2.5 / np.sqrt(len(means)))


def shuffled_shares(scores, codes, spent, seen):
    """(how often shuffled rows reach the mean share that was seen, the highest of them)."""
    random = np.random.default_rng(13)
    rows = np.arange(len(codes))
    if len(rows) > SHUFFLED_ROWS:
        # Whole levels, so that rows repeat them as often.
        keep = np.cumsum(np.bincount(codes[codes >= 0])) <= SHUFFLED_ROWS
        some = np.flatnonzero((codes >= 0) & keep[np.maximum(codes, 0)])
        rows = some if len(np.unique(codes[some])) >= FEWEST_LEVELS else rows[:: len(rows) // SHUFFLED_ROWS]
    scores, codes = scores[rows], codes[rows]
    # A third of the shuffles as often as elsewhere: there are many candidates, and each shuffle sorts all columns.
    shares = [
        float(between_levels(scores, codes[random.permutation(len(codes))], spent)[0].mean())
        for _ in range(SHUFFLES // 3)
    ]
    return sum(share >= seen for share in shares), max(shares)


def distinct_clusters(table, found):
    """Clusters without those that another one explains: a column that names the same levels, a group whose members
    differ no more than members of other groups do, a part of a group that adds nothing to it."""
    kept = []
    for cluster in found:
        rows = table.rows_of_levels(cluster["index"], 20_000)
        codes, _ = level_codes(table.values_at(cluster["index"], rows))
        measured = [i for i in measured_columns(table, 30) if i != cluster["index"] and i not in cluster["constant"]]
        scores = np.column_stack([rank_scores(table.values_at(i, rows)) for i in measured])
        explained = False
        for other in kept:
            theirs, _ = level_codes(table.values_at(other["index"], rows))
            finer, coarser = lies_within(codes, theirs), lies_within(theirs, codes)
            if finer and coarser:
                explained = True
            elif coarser:
                # Members of this group are the other's levels: their means are what it must explain.
                left = level_means(scores, theirs)
                _, first = np.unique(theirs[theirs >= 0], return_index=True)
                tops = codes[theirs >= 0][first]
                if len(np.unique(tops)) > len(tops) - 3:
                    explained = True
                    continue
                share, p, _ = between_levels(left, tops)
                # The geometric mean: a column that tells much makes up for one that tells little.
                explained |= not np.log(np.maximum(p, 1e-300)).mean() < np.log(3e-3)
            else:
                share, p, _ = between_levels(without_levels(scores, theirs), codes)
                explained |= not (((p < 1e-3) & (share >= 0.02)).mean() > 0.5)
        if not explained:
            kept.append(cluster)
    return kept


def level_means(scores, codes):
    """The mean of each level, in the order of levels; shape (levels, columns)."""
    known = codes >= 0
    _, place, counts = np.unique(codes[known], return_inverse=True, return_counts=True)
    return np.column_stack([np.bincount(place, weights=column[known]) / counts for column in scores.T])


def lies_within(fine, coarse):
    """Whether every level of the first lies in one level of the second."""
    known = (fine >= 0) & (coarse >= 0)
    if not known.any():
        return False
    width = int(coarse.max()) + 1
    return len(np.unique(fine[known] * width + coarse[known])) == len(np.unique(fine[known]))
