# ---- counted: k of n, or counts per amount at risk, as columns of the table ----
from collections import namedtuple

import numpy as np

# What is counted: events, the trials or the amount at risk, a known part of the linear predictor, and the family.
Counted = namedtuple("Counted", "events amount offset binomial")
MOST_RATE_LEVELS = 12
FEWEST_EVENTS = 5


def load_rates(table, test, binomial):
    """x, what is counted, the covariates, the numbers of their rows, and the levels of x that were left out."""
    by = test.get("by")
    if binomial and not by:
        raise NotTestable("name the column of the numbers of trials in `by`")
    covariates = [name for name in test.get("covariates") or [] if name not in (test["x"], test["y"], by)]
    for name in (test["x"], test["y"], *([by] if by else []), *covariates):
        if name not in table.position:
            raise NotTestable(f"there is no column {name!r} in the table")
    if len({test["x"], test["y"], by}) < 3:
        raise NotTestable("x, y and `by` must be three columns")
    x, *others = (table.column(name) for name in (test["x"], *covariates))
    events = numbers_of(with_outcome(table, test["y"], test["y"]))
    amount = numbers_of(with_outcome(table, by, test["y"])) if by else np.ones(table.rows)
    known = ~np.isnan(events) & ~np.isnan(amount)
    check_counts(test["y"], events, by, amount, known, binomial)
    known &= np.logical_and.reduce([present(column) for column in (x, *others)])
    rows = table.distinct_rows(np.flatnonzero(known))
    if len(rows) < MIN_ROWS:
        raise NotTestable(f"fewer than {MIN_ROWS} complete rows ({len(rows)})")
    x, others = take(x, rows), [take(column, rows) for column in others]
    events, amount, small = Column("", events[rows], None), Column("", amount[rows], None), []
    if x.levels is not None:
        x, (events, amount, *others), rows, small = keep_levels(x, [events, amount, *others], rows)
        if len(x.levels) > MOST_RATE_LEVELS:
            raise NotTestable(f"{x.name!r} has {len(x.levels)} levels, more than {MOST_RATE_LEVELS}")
    if len(np.unique(x.values)) < 2:
        raise NotTestable(f"{x.name!r} has one value only in the rows that have all columns")
    offset = np.zeros(len(rows)) if binomial else np.log(amount.values)
    data = Counted(events.values, amount.values, offset, binomial)
    total = data.events.sum()
    least = min(total, data.amount.sum() - total) if binomial else total
    if least < FEWEST_EVENTS:
        what = "events, or fewer trials without one" if binomial else "events"
        raise NotTestable(f"fewer than {FEWEST_EVENTS} {what} ({int(least)})")
    return x, data, others, rows, small


def with_outcome(table, name, outcome):
    """A column in the order of the outcome: in a shuffled table a count and what it is out of stay in one row."""
    return table.shuffled(table.as_read(name)._replace(name=outcome))._replace(name=name)


def numbers_of(column):
    """The numbers of a column, also of one of few different numbers, which the profile took for levels."""
    if column.levels is None:
        return column.values.astype(float)
    try:
        numbers = np.array([float(level) for level in column.levels] + [np.nan])
    except ValueError:
        raise NotTestable(f"{column.name!r} must be a number") from None
    return numbers[column.values]


def check_counts(name, events, by, amount, known, binomial):
    """Refuses what is no count, and numbers of trials or amounts at risk that are none; each with the first of them."""

    def refuse(wrong, column, values, what):
        places = np.flatnonzero(wrong & known)
        if len(places):
            raise NotTestable(f"{column!r} {what}: {values[places[0]]:.12g} in row {places[0] + 1}")

    refuse(events < 0, name, events, "has negative numbers, which are no counts")
    refuse(events != np.floor(events), name, events, "has numbers that are not whole, which are no counts")
    if by is None:
        return
    if not binomial:
        refuse(amount <= 0, by, amount, "has amounts at risk that are not above 0")
        return
    refuse(amount != np.floor(amount), by, amount, "has numbers of trials that are not whole")
    refuse(amount <= 0, by, amount, "has numbers of trials below 1")
    refuse(events > amount, name, events, f"is more than {by!r} in places")


def counted_at(data, mask):
    return Counted(data.events[mask], data.amount[mask], data.offset[mask], data.binomial)


def pooled_levels(x, data):
    """[{level, n, value}] of all events by all trials, or by the whole amount at risk, of each level, largest first."""
    events, amounts = (np.bincount(x.values, weights=column) for column in (data.events, data.amount))
    counts = np.bincount(x.values)
    filled = [
        {"level": level, "n": int(counts[code]), "value": float(events[code] / amounts[code])}
        for code, level in enumerate(x.levels)
    ]
    return sorted(filled, key=lambda row: (-row["value"], row["level"]))
