# ---- sides: any two columns as arrays, and what a direction means for them ----
import numpy as np


def load_sides(table, test):
    """x, y and `by` on rows that have all three, as columns; with the level of y that directions speak of."""
    by = test.get("by")
    if not by or by in (test["x"], test["y"]):
        raise NotTestable("name a third column in `by`")
    x, y, rows = load_pair(table, test)
    if by not in table.position:
        raise NotTestable(f"there is no column {by!r} in the table")
    third = table.column(by)
    rows = rows[present(third)[rows]]
    if len(rows) < 2 * MIN_ROWS:
        raise NotTestable(f"fewer than {2 * MIN_ROWS} rows have all three columns ({len(rows)})")
    x, y, third = take(table.column(test["x"]), rows), take(table.column(test["y"]), rows), take(third, rows)
    for column in (x, y):
        if column.levels is not None and len(column.levels) > 30:
            raise NotTestable(f"{column.name!r} has too many levels ({len(column.levels)})")
    for column in (x, y, third):
        if len(np.unique(column.values)) < 2:
            raise NotTestable(f"{column.name!r} has one value only in the rows that have all three columns")
    return x, y, third, rows


def arrays_of(column, level=None):
    """One column for a number or two levels (1 is `level`, or the second), indicators for more."""
    if column.levels is None:
        return column.values.astype(float)[:, None]
    if len(column.levels) == 2:
        code = column.levels.index(level) if level in column.levels else 1
        return (column.values == code).astype(float)[:, None]
    return indicators(column.values)


def way_of(x, sign):
    """'+' or '-' for a number, the level with the larger outcome for two levels, null for more."""
    if x.levels is None:
        return "+" if sign >= 0 else "-"
    return (x.levels[1] if sign >= 0 else x.levels[0]) if len(x.levels) == 2 else None


def outcome_of(y, test):
    """The level of a group outcome that directions speak of; null for a number."""
    if y.levels is None:
        return None
    if test.get("y_level") in y.levels:
        return test["y_level"]
    return event_level(y.levels) if len(y.levels) == 2 else y.levels[int(np.argmax(np.bincount(y.values)))]


def relation(left, right, given, x):
    """E of an association given the columns of `given`: where one side is a single column, by its linear model on the
    other (`robust_fit`), else by Pillai's trace."""
    base = np.zeros((len(left), 0)) if given is None else given
    block, outcome = relation_model(left, right)
    if outcome.shape[1] > 1:
        part = associate(left, right, base)
        return part and {
            "n": part["n"],
            "statistic": part["r"],
            "p": part["p"],
            "effect": effect("partial_v", part["r"], part["low"], part["high"]),
            "direction": None,
        }
    if np.ptp(outcome) == 0 or (np.ptp(block, axis=0) == 0).any():
        return None
    found = added_block(block, outcome[:, 0], base, False)
    if found is None:
        return None
    size = block_effect(found, block, outcome[:, 0], base, False, ("partial_r", "odds_ratio"))
    if size["value"] is None:
        return None
    return {
        "n": len(left),
        "statistic": found["statistic"],
        "p": found["p"],
        "effect": size,
        "direction": way_of(x, size["value"]) if block.shape[1] == 1 else None,
    }


def relation_model(left, right):
    """(block, outcome) of the linear model of an association: the single column is the outcome, the right one first."""
    return (right, left) if right.shape[1] > 1 and left.shape[1] == 1 else (left, right)
