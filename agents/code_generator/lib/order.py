# ---- order: whether neighbouring rows are alike: in the order of the file, of a date, or of visits within a unit ----
# Rank correlation of neighbours against the same after the rows were shuffled. What the table is sorted by is taken out
# first: a table that is sorted by one of its columns is no series for that reason.
import numpy as np

LEAST_NEIGHBOURS = 0.2
LEAST_ALONE = 0.3
# How many standard deviations of the shuffles lie between chance and what is taken for order.
BEYOND_CHANCE = 5.0
# How far the best jump of level must fit better than in all shuffles, and chi-squared of a column that jumps.
BEYOND_JUMP, LEAST_JUMP = 1.5, 8.0
FEWEST_IN_ORDER = 20
SORT_KEYS = 4
MOST_CLOCKS = 300


def sorting_columns(table, rows, order, clock=None):
    """Places of the columns that the rows are sorted by, the first key first: within rows that agree in the keys before
    it, a key only rises, only falls, or keeps equal values together. The clock is none of them."""
    keys, blocks = [], np.zeros(len(rows), dtype=np.int64)
    values = {
        index: table.values(index)[rows][order]
        for index, column in enumerate(table.columns)
        if column["role"] not in ("empty", "constant", "text") and index != clock
    }
    while len(keys) < SORT_KEYS:
        same = blocks[1:] == blocks[:-1]
        if same.sum() < max(8, 0.3 * len(rows)):
            break
        # The coarsest key first: a group that holds together is one even where a number rises within it.
        best = None
        for index, column in values.items():
            if index in keys or np.isnan(column).mean() > 0.02:
                continue
            steps = np.diff(column)[same]
            moved = steps[~np.isnan(steps) & (steps != 0)]
            if len(moved) == 0:
                continue
            monotone = max((moved > 0).mean(), (moved < 0).mean()) >= 0.98
            together = is_grouped(table.columns[index]) or table.columns[index]["integer"]
            together = together and stands_together(column, blocks, len(moved), table.columns[index]["distinct"])
            if monotone or together:
                rank = (len(moved), index)
                best = min(best, (rank, index)) if best else (rank, index)
        if best is None:
            break
        key = best[1]
        keys.append(key)
        column = values[key]
        changed = np.r_[False, (np.diff(column) != 0) | (np.diff(blocks) != 0)]
        blocks = np.cumsum(changed)
    return keys


def stands_together(column, blocks, moves, distinct):
    """Whether equal values stand in one run within each block, and runs are long enough to be no accident."""
    parts = int(blocks[-1]) + 1
    runs = moves + parts
    if runs > 1.02 * min(distinct * parts, len(column) / 2):
        return False
    codes, levels = level_codes(column)
    pairs = len(np.unique(blocks[codes >= 0] * levels + codes[codes >= 0]))
    return runs <= 1.02 * pairs and pairs <= len(column) / 2


def taken_out(table, scores, keys, rows, order):
    """Scores in the given order without what they share with the sort keys: means of groups, and smooth functions of
    numbers."""
    scores = scores[order]
    for key in keys:
        values = table.values(key)[rows][order]
        codes, levels = level_codes(values)
        if is_grouped(table.columns[key]) or levels <= 8 or levels <= len(rows) / 5:
            scores = without_levels(scores, codes)
        if not is_grouped(table.columns[key]) and levels > 8:
            scores = without_basis(scores, smooth_basis(values))
    return scores


def neighbour_correlations(scores, fresh):
    """The correlation of each row with the row before it, for each column; `fresh` marks rows without one before."""
    total = (scores**2).sum(axis=0)
    products = np.where(fresh[1:, None], 0.0, scores[1:] * scores[:-1]).sum(axis=0)
    pairs = max(int((~fresh[1:]).sum()), 1)
    return np.where(total > 1e-9, products / np.maximum(total, 1e-12) * len(scores) / pairs, 0.0)


def study_order(table, rows, order, measured, unit=None, more_keys=(), clock=None):
    """How alike neighbours are in an order of rows: {mean, alike, of, beyond, highest}, or None where they are no more
    alike than chance makes them. `unit` numbers the things within which rows follow each other; `more_keys` are columns
    that are taken out in any case, the clock is none that is."""
    measured = [index for index in measured if not is_steady(table.values(index)[rows][order])]
    if not measured or len(rows) < FEWEST_IN_ORDER:
        return None
    keys = [*more_keys, *(key for key in sorting_columns(table, rows, order, clock) if key not in more_keys)]
    measured = [index for index in measured if index not in keys]
    if not measured:
        return None
    scores = taken_out(table, rank_matrix(table, measured, rows), keys, rows, order)
    fresh = table.breaks[rows][order].copy()
    if order is not None and not np.array_equal(order, np.arange(len(rows))):
        fresh[:] = False
        fresh[0] = True
    if unit is not None:
        labels = unit[order]
        scores = without_levels(scores, labels)
        fresh |= np.r_[True, labels[1:] != labels[:-1]]
    spread = scores.std(axis=0)
    # What the sort keys explain wholly has no order of its own.
    scores = scores[:, spread > 0.05] / spread[spread > 0.05]
    if not scores.shape[1] or (~fresh).sum() < FEWEST_IN_ORDER - 1:
        return None
    seen = neighbour_correlations(scores, fresh)
    # The median of columns would be deaf to half of them, the mean is not; one column in five alone moves neither.
    if seen.mean() < LEAST_NEIGHBOURS and not (seen >= LEAST_ALONE).mean() >= 0.5:
        return None
    random = np.random.default_rng(17)
    drawn = np.array([neighbour_correlations(scores[random.permutation(len(scores))], fresh) for _ in range(SHUFFLES)])
    means = drawn.mean(axis=1)
    # One rule for all columns together, which heeds that they may go together.
    beyond = (seen.mean() - means.mean()) / max(means.std(), 1e-9)
    alone = (seen - drawn.mean(axis=0)) / np.maximum(drawn.std(axis=0), 1e-9)
    alike = (alone >= 2.5) & (seen >= 0.5 * LEAST_NEIGHBOURS)
    together = beyond >= BEYOND_CHANCE and seen.mean() >= LEAST_NEIGHBOURS and seen.mean() > means.max()
    if not together or alike.sum() < min(2, len(seen)) or alike.mean() <= 0.34:
        return study_jump(scores, random) if unit is None else None
    return {
        "mean": float(seen.mean()),
        "alike": int(alike.sum()),
        "of": len(seen),
        "beyond": float(beyond),
        "highest": float(means.max()),
    }


def study_jump(scores, random):
    """The row from which on most columns have another level, as after a change of machine: {row, jumping, of, beyond,
    fit, highest}, or None where chance would do. Scores have a variance of 1."""
    rows = np.arange(max(8, len(scores) // 12), len(scores) - max(8, len(scores) // 12))
    if len(rows) < 8 or scores.shape[1] < 2:
        return None
    scale = len(scores) / (rows * (len(scores) - rows))
    gains = lambda values: np.cumsum(values, axis=0)[rows - 1] ** 2 * scale[:, None]
    seen = gains(scores)
    highest = max(float(gains(scores[random.permutation(len(scores))]).mean(axis=1).max()) for _ in range(SHUFFLES))
    place = int(np.argmax(seen.mean(axis=1)))
    fit, jumping = float(seen[place].mean()), int((seen[place] > LEAST_JUMP).sum())
    if fit < BEYOND_JUMP * highest or jumping <= scores.shape[1] / 2:
        return None
    return {
        "row": int(rows[place]) + 1,
        "jumping": jumping,
        "of": scores.shape[1],
        "beyond": BEYOND_CHANCE * fit / highest,
        "fit": fit,
        "highest": highest,
    }


def is_steady(values):
    """Whether a column goes on by the same step from most rows to the next, as the number of a visit does."""
    steps = np.diff(values)
    steps = steps[~np.isnan(steps)]
    if len(steps) < 8:
        return False
    kinds, counts = np.unique(np.round(steps, 9), return_counts=True)
    counts = counts[kinds != 0]
    return len(counts) > 0 and counts.max() >= 0.6 * len(steps) and (steps != 0).mean() >= 0.5


def rows_in_order(table, apart):
    """Numbers of rows to look for an order in: the first SHUFFLED_ROWS of those that are no copies of others."""
    rows = np.arange(len(table.picked))
    if apart is not None:
        rows = rows[apart]
    return rows[:SHUFFLED_ROWS]


CALENDAR_WORDS = {"year", "yr", "date", "month", "quarter", "datetime", "timestamp"}
CLOCK_WORDS = set(
    """
    year yr date time month day week quarter hour period wave visit session timepoint t datetime timestamp round
    trial occasion years months days weeks hours minutes
    """.split()
)


def is_clock(column):
    """Whether a column counts time by its values or its name."""
    words = set(tokens(column["name"]))
    return is_moment(column) or (column["role"] in ("numeric", "binary", "categorical") and bool(words & CLOCK_WORDS))


def repeats_over_time(unit, clock):
    """True where each (unit, time) occurs once, and times are shared by units."""
    known = ~np.isnan(unit) & ~np.isnan(clock)
    if known.sum() < 8:
        return False
    _, units = np.unique(unit[known], return_inverse=True)
    times, moments = np.unique(clock[known], return_inverse=True)
    pairs = np.unique(units * len(times) + moments)
    return len(pairs) == known.sum() and len(times) < known.sum()


def find_series(table, spans, measured, apart):
    """The order of the rows in time where no unit is repeated: {column or None, evidence, sure}, or None."""
    rows = rows_in_order(table, apart)
    in_file = np.arange(len(rows))
    for index, column in enumerate(table.columns):
        if not is_clock(column) or column["role"] in ("binary", "categorical") or column["name"] in spans:
            continue
        told = runs_down_the_rows(table, index)
        if told:
            alike = study_order(table, rows, in_file, [i for i in measured if i != index], clock=index)
            sure = 0.95 if alike else 0.85
            return {"index": index, "evidence": f"{told}; {told_order(alike)}", "sure": sure}
    for index, column in enumerate(table.columns[:MOST_CLOCKS]):
        # A date, or a number that each row has its own of, orders rows that stand in another order.
        if column["name"] in spans or not orders_rows(table, index, rows):
            continue
        values = table.values(index)[rows]
        order = np.argsort(values, kind="stable")
        others = [i for i in measured if i != index and not goes_along(table, i, values, rows)]
        keys = [index] if is_moment(column) else []
        alike = study_order(table, rows, order, others, more_keys=keys)
        if is_moment(column) and is_regular(values):
            told = f"{column['name']} has a row at each of its regular steps"
            return {"index": index, "evidence": f"{told}; {told_order(alike)}", "sure": 0.95 if alike else 0.85}
        if alike is None or (not is_moment(column) and alike["beyond"] < 1.5 * BEYOND_CHANCE):
            continue
        evidence = f"in the order of {column['name']}, {told_order(alike)}"
        return {"index": index, "evidence": evidence, "sure": 0.9}
    alike = study_order(table, rows, in_file, measured)
    if alike is None:
        return None
    evidence = f"no column counts time, but in the order of the file {told_order(alike)}"
    return {"index": None, "evidence": evidence, "sure": 0.85 if alike["beyond"] < 2 * BEYOND_CHANCE else 0.95}


def told_order(alike):
    if alike is None:
        return "that neighbouring rows are alike is not shown"
    if "row" in alike:
        return (
            f"{alike['jumping']} of {alike['of']} columns have another level from row {alike['row']} on (mean chi-squared "
            f"{alike['fit']:.1f}; at most {alike['highest']:.1f} in {SHUFFLES} shuffles)"
        )
    return (
        f"neighbouring rows are alike in {alike['alike']} of {alike['of']} columns "
        f"(mean rank correlation {alike['mean']:.2f}; at most {alike['highest']:.2f} in {SHUFFLES} shuffles)"
    )


def runs_down_the_rows(table, index):
    """Why a clock orders the rows of the file, each moment once or as often as the others, or None."""
    column, values = table.columns[index], table.values(index)
    known = values[~np.isnan(values)]
    if len(known) < 8:
        return None
    distinct, counts = np.unique(known, return_counts=True)
    steps = np.diff(known)
    if not table.whole:
        steps = steps[~table.breaks[1:]] if len(known) == len(values) else steps
    ordered = (steps >= 0).mean() > 0.98 or (steps <= 0).mean() > 0.98
    calendar = is_moment(column) or bool(CALENDAR_WORDS & set(tokens(column["name"])))
    # Four quarters or twelve months of each year are a series too; the first and last year may be cut.
    regular = len(distinct) >= 8 and (counts[1:-1] == np.median(counts)).mean() > 0.9
    if ordered and counts.max() == 1:
        return f"{column['name']} only {'rises' if steps.mean() > 0 else 'falls'} down the rows, one row each"
    if ordered and calendar and regular:
        return f"{column['name']} runs down the rows, {int(np.median(counts))} rows each"
    return None


def orders_rows(table, index, rows):
    """Whether a column can be a clock: dates of which nearly each row has its own, or the whole numbers of an index."""
    column, values = table.columns[index], table.values(index)[rows]
    known = values[~np.isnan(values)]
    if len(known) < max(FEWEST_IN_ORDER, 0.95 * len(values)):
        return False
    distinct = len(np.unique(known))
    if is_moment(column):
        return distinct >= 0.8 * len(known)
    if column["role"] not in ("numeric", "identifier") or not column["integer"] or distinct < len(known):
        return False
    # 1, 2, 3, ... with few gaps.
    return np.ptp(known) < 1.2 * len(known)


def is_regular(values):
    """Whether sorted moments follow each other by nearly equal steps (months differ by a few days)."""
    steps = np.diff(np.sort(values[~np.isnan(values)]))
    middle = np.median(steps)
    return bool(middle > 0 and (np.abs(steps - middle) <= 0.12 * middle).mean() >= 0.9)


def goes_along(table, index, values, rows):
    """Whether a column is nearly a monotone function of a clock, as an age is of a date of birth."""
    return abs(np.mean(rank_scores(values) * rank_scores(table.values(index)[rows]))) > 0.97


def find_visits(table, unit, spans, measured):
    """The column that counts the rows of each unit in time: {index, evidence, sure}, or None."""
    rows = table.rows_of_levels(unit, 20_000)
    things = table.values_at(unit, rows)
    name = table.names[unit]
    best = None
    for index, column in enumerate(table.columns):
        if index == unit or column["name"] in spans or column["role"] in ("empty", "constant", "text"):
            continue
        clock = is_clock(column) and column["role"] not in ("binary", "categorical")
        if not clock and not (column["role"] == "numeric" and column["integer"]):
            continue
        values = table.values_at(index, rows)
        known = ~np.isnan(values)
        distinct = len(np.unique(values[known]))
        if distinct < 3 or not distinct < 0.5 * max(known.sum(), 1) or not repeats_over_time(things, values):
            continue
        each = known.sum() / max(len(np.unique(things[known])), 1)
        evidence = f"each {name} has each {column['name']} once at most, {each:.3g} rows on average"
        if clock:
            found = {"index": index, "evidence": evidence, "sure": 0.9}
            return found
        alike = order_within(table, rows, things, values, [i for i in measured if i not in (index, unit)])
        if alike and best is None:
            best = {
                "index": index,
                "evidence": f"{evidence}; within it {told_order(alike)}",
                "sure": 0.8,
            }
    return best


def order_within(table, rows, things, values, measured):
    """How alike neighbours are within units, in the order of a number."""
    if not table.whole or len(rows) > SHUFFLED_ROWS:
        rows, things, values = rows[:SHUFFLED_ROWS], things[:SHUFFLED_ROWS], values[:SHUFFLED_ROWS]
    place = np.searchsorted(table.picked, rows)
    there = (place < len(table.picked)) & (table.picked[np.minimum(place, len(table.picked) - 1)] == rows)
    place, things, values = place[there], things[there], values[there]
    codes, _ = level_codes(things)
    order = np.lexsort((values, codes))
    return study_order(table, place, order, measured, unit=codes)
