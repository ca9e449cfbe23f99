# ---- design: the columns of a designed experiment, its blocks, plots and subjects ----
from types import SimpleNamespace

import numpy as np

# A number with at most so many values is a factor.
MOST_NUMBERS = 8
MOST_LEVELS = 30
FEWEST_PER_LEVEL = 2


def load_design(table, test):
    """The design on the rows that have all columns: {design, y, rows, columns, note, outcome, ranked}. In a shuffled
    table the design stays as it is, and y changes places within its blocks, plots and subjects: so the copy has the
    same balance, and whole subjects that change places do not carry the effect of a condition with them."""
    by, unit = test.get("by") or None, test.get("unit") or None
    clusters = [name for name in test.get("clusters") or [] if name]
    names = list(dict.fromkeys([test["x"], *([by] if by else []), *(test.get("covariates") or [])]))
    names = [name for name in names if name != test["y"]]
    for name in [*names, test["y"], *clusters]:
        if name not in table.position:
            raise NotTestable(f"there is no column {name!r} in the table")
    unit = unit if unit in table.position else None
    if test["x"] == test["y"] or by in (test["x"], test["y"]):
        raise NotTestable("a column is named twice")
    if test["y"] in clusters or test["y"] == unit:
        raise NotTestable(f"{test['y']!r} is a column of the design")
    fixed = {unit, *clusters[:1]}
    for name in (test["x"], by):
        if name is not None and name in fixed:
            raise NotTestable(f"{name!r} is the block or the subject, which is held fixed and not tested")
    if unit in clusters:
        clusters = []
    names += [name for name in clusters[1:] if name not in names]
    columns = {name: table.as_read(name) for name in dict.fromkeys([*names, *clusters])}
    response = table.as_read(test["y"])
    if response.levels is not None:
        raise NotTestable(f"the outcome {test['y']!r} must be a number")
    known = np.logical_and.reduce([present(column) for column in (response, *columns.values())])
    rows = table.distinct_rows(np.flatnonzero(known))
    kept, note = frequent_rows(columns, [test["x"], *([by] if by else [])], rows)
    rows = rows[kept]
    if len(rows) < MIN_ROWS:
        raise NotTestable(f"fewer than {MIN_ROWS} complete rows ({len(rows)})")
    labels = {name: np.unique(columns[name].values[rows], return_inverse=True)[1] for name in clusters}
    units = unit_of(table, test, rows) if unit else None
    design = make_design(
        {name: columns[name]._replace(values=columns[name].values[rows]) for name in names if name not in fixed},
        test["x"],
        by,
        block=(clusters[0], labels[clusters[0]]) if clusters else None,
        plots=(" x ".join(clusters), numbered(*labels.values())) if len(clusters) > 1 else None,
        unit=(unit, np.unique(units, return_inverse=True)[1]) if units is not None else None,
        words=table.facts.get("level_order") or {},
    )
    for name in (test["x"], by):
        if name is not None and name in design.factors and len(design.factors[name].levels) > MOST_LEVELS:
            raise NotTestable(f"{name!r} has too many levels ({len(design.factors[name].levels)})")
        if name is not None and name not in design.factors and name not in design.numbers:
            raise NotTestable(f"{name!r} has one value only in the rows that have all columns")
    y = response.values[rows].astype(float)
    if table.protocol.get("shuffle_seed") is not None:
        y = y[nested_order(design, generator("shuffle", table.protocol["shuffle_seed"], test["y"]))]
    if np.ptp(y) == 0:
        raise NotTestable(f"{test['y']!r} has one value only in the rows that have all columns")
    held = [*(name for name in names if name not in fixed), *clusters[:1]]
    about = {"note": note, "outcome": test["y"], "ranked": response.ranked}
    return SimpleNamespace(design=design, y=y, rows=rows, columns=held, **about)


def frequent_rows(columns, names, rows):
    """Which rows have levels of the tested columns that occur often enough, and a note on those that do not."""
    kept, note = np.ones(len(rows), dtype=bool), ""
    for name in names:
        values = columns[name].values[rows]
        distinct, codes, counts = np.unique(values, return_inverse=True, return_counts=True)
        if columns[name].levels is None and len(distinct) > MOST_NUMBERS:
            continue
        rare = counts < FEWEST_PER_LEVEL
        if len(distinct) - rare.sum() < 2:
            raise NotTestable(f"fewer than two levels of {name!r} have {FEWEST_PER_LEVEL} rows")
        kept &= ~rare[codes]
        if rare.any():
            note += f"; {rare.sum()} levels of {name} with fewer than {FEWEST_PER_LEVEL} rows were left out"
    return kept, note


def make_design(columns, x, by=None, block=None, plots=None, unit=None, words=None):
    """The design of columns in the form of `Table.column`: factors and numbers by name, `block` (name, labels) or None,
    and `strata`, the groupings of rows with an error of their own, from the largest to the smallest. `words` has the
    words that stand behind the ranks 1, 2, 3, ... of a column."""
    factors, numbers = {}, {}
    for name, column in columns.items():
        distinct, codes = np.unique(column.values, return_inverse=True)
        if len(distinct) < 2:
            continue
        if column.levels is not None:
            factors[name] = SimpleNamespace(codes=codes, levels=[column.levels[code] for code in distinct])
        elif len(distinct) <= MOST_NUMBERS:
            levels = [number_text(value, (words or {}).get(name)) for value in distinct]
            factors[name] = SimpleNamespace(codes=codes, levels=levels)
        else:
            numbers[name] = column.values.astype(float)
    strata = []
    if plots is not None:
        strata.append(SimpleNamespace(name=plots[0], labels=plots[1], kind="whole plots"))
    if unit is not None:
        strata.append(SimpleNamespace(name=unit[0], labels=unit[1], kind="subjects"))
    design = SimpleNamespace(factors=factors, numbers=numbers, x=x, by=by, block=block, strata=strata)
    if block is not None and plots is None and all(is_constant(design, name, block[1]) for name in (x, by) if name):
        # A treatment of whole blocks: blocks are what was treated.
        design.strata = [SimpleNamespace(name=block[0], labels=block[1], kind="blocks"), *strata]
        design.block = None
    return design


def number_text(value, words=None):
    """A level that is a number as text: the word of that rank, 12 rather than 12.0."""
    if value != int(value):
        return repr(float(value))
    return words[int(value) - 1] if words and 1 <= value <= len(words) else str(int(value))


def numbered(*labels):
    """Consecutive numbers of the combinations of labels."""
    out = np.zeros(len(labels[0]), dtype=np.int64)
    for label in labels:
        out = np.unique(out * (int(label.max()) + 1) + label, return_inverse=True)[1]
    return out


def is_constant(design, name, labels):
    """Whether a column is constant within each group of rows."""
    values = design.factors[name].codes if name in design.factors else design.numbers.get(name)
    return values is None or constant_within(values[:, None].astype(float), labels)


def part_of_design(design, rows):
    """The design of some of the rows; factors keep their levels and lose those that no row has."""
    factors = {}
    for name, factor in design.factors.items():
        used, codes = np.unique(factor.codes[rows], return_inverse=True)
        if len(used) > 1:
            factors[name] = SimpleNamespace(codes=codes, levels=[factor.levels[code] for code in used])
    numbers = {name: values[rows] for name, values in design.numbers.items() if np.ptp(values[rows]) > 0}
    again = lambda labels: np.unique(labels[rows], return_inverse=True)[1]
    return SimpleNamespace(
        factors=factors,
        numbers=numbers,
        x=design.x,
        by=design.by,
        block=design.block and (design.block[0], again(design.block[1])),
        strata=[SimpleNamespace(name=s.name, labels=again(s.labels), kind=s.kind) for s in design.strata],
    )


def nested_order(design, random):
    """Rows in a random order within the design: plots and subjects change places within blocks, rows within these."""
    count = rows_of(design)
    first = [design.block[1]] if design.block is not None else []
    moved = [stratum.labels for stratum in design.strata]
    places = np.lexsort([np.arange(count), *reversed([*first, *moved])])
    turned = [random.permutation(labels.max() + 1)[labels] for labels in moved]
    out = np.empty(count, dtype=np.int64)
    out[places] = np.lexsort([random.random(count), *reversed([*first, *turned])])
    return out


def rows_of(design):
    """The number of rows."""
    held = [*(factor.codes for factor in design.factors.values()), *design.numbers.values()]
    return len(held[0])


def is_balanced(design):
    """Whether all combinations of levels, blocks and plots have as many rows."""
    if not design.factors:
        return True
    codes = [factor.codes for factor in design.factors.values()]
    counts = np.bincount(numbered(*codes))
    if len(counts) < np.prod([len(factor.levels) for factor in design.factors.values()]):
        return False
    groups = ([design.block[1]] if design.block is not None else []) + [s.labels for s in design.strata]
    return bool(np.ptp(counts) == 0 and all(np.ptp(np.bincount(labels)) == 0 for labels in groups))
