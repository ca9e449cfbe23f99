# ---- claim: the tables that show what a function depends on: rows as they are, and changed in one known way ----
import numpy as np


class Tables:
    """The tables of one part of the rows. `rows` are their numbers, `units` labels of all rows or None, `places` those of
    all rows in time or on a map, or None. Every change is drawn from the protocol's seed and the number of the table, so
    that the n-th table is always the same."""

    def __init__(self, protocol, columns, rows, units=None, places=None):
        self.protocol = protocol
        self.columns = columns
        self.rows = rows
        self.units = None if units is None else units[rows]
        self.places = None if places is None or units is not None else places[rows]

    def real(self):
        """The rows as they are."""
        return {column.name: as_seen(column, column.values[self.rows]) for column in self.columns}

    def copy(self, number, most):
        """At most `most` rows, each column in an order of its own, in which rows of a unit and neighbours stay together:
        nothing goes with anything."""
        seed, rows = self.protocol["seed"], np.arange(len(self.rows))[:most]
        draws = [generator("copy", seed, number, column.name) for column in self.columns]
        if self.places is None:
            orders = [self.other_order(random) for random in draws]
        else:
            steps = steps_apart([random.random(2) for random in draws], len(self.places))
            orders = [turned(self.places, *step) for step in steps]
        return {
            column.name: as_seen(column, column.values[self.rows[order[rows]]])
            for column, order in zip(self.columns, orders)
        }

    def other_order(self, random):
        """The rows in another order, those of a unit together."""
        if self.units is not None:
            return units_moved(np.unique(self.units, return_inverse=True)[1], random)
        return random.permutation(len(self.rows))

    def alone(self, name, number):
        """The rows as they are, with the values of one column in another order: among the rows that have a value, within
        units where rows repeat them, and turned by a step where rows follow each other."""
        random = generator("alone", self.protocol["seed"], number, name, self.protocol["id"])
        table = self.real()
        for column in self.columns:
            if column.name == name:
                known = present(column)[self.rows]
                table[name] = as_seen(column, moved(column.values[self.rows], known, self.units, self.places, random))
        return table

    def reordered(self, number):
        """The same rows in another order."""
        random = generator("rows again", self.protocol["seed"], number, self.protocol["id"])
        order = random.permutation(len(self.rows))
        return {name: values[order] for name, values in self.real().items()}

    def beside_decoys(self, names):
        """The same rows with the columns in another order, among two that nobody named: each nearly one of `names`."""
        random = generator("decoys", self.protocol["seed"], self.protocol["id"])
        decoys = {}
        for column in (column for column in self.columns if column.name in names):
            values = column.values[self.rows].astype(float)
            known = present(column)[self.rows]
            values[~known] = np.median(values[known]) if known.any() else 0.0
            # Nearly the column itself, so that what looks for a related column takes this one.
            spread = float(values.std()) or 1.0
            decoys[unused_name(decoys, self.columns)] = values + random.normal(0, 0.01 * spread, len(values))
        real = self.real()
        (first, *others) = decoys
        table = {first: decoys[first], **{name: real[name] for name in reversed(real)}}
        return {**table, **{name: decoys[name] for name in others}}


def as_seen(column, values):
    """Values of a column as the function gets them: numbers, or words with None where there is none."""
    if column.levels is None:
        return values
    return np.array([*column.levels, None], dtype=object)[values]


def random_step(rows, random):
    """One of the steps by which so many rows can be turned, so that none is near its old place."""
    least = rows // 10
    return int(random.integers(least, least + turns_of(rows)))


def turns_of(rows):
    """The number of steps by which so many rows can be turned, so that none is near its old place."""
    return rows - 2 * (rows // 10) + 1


def moved(values, known, units, in_order, random):
    """The values in another order; those that are missing stay where they are."""
    places = np.flatnonzero(known)
    inside = values[places]
    if units is None and in_order is not None:
        inside = inside[turned(in_order[places], random_step(len(places), random))]
    elif units is None:
        inside = random.permutation(inside)
    else:
        labels, unit = np.unique(units[places], return_inverse=True)
        first = np.empty(len(labels), dtype=inside.dtype)
        first[unit[::-1]] = inside[::-1]
        if np.array_equal(first[unit], inside):
            # It tells of units and not of their rows: units change places.
            inside = random.permutation(first)[unit]
        else:
            shuffled = np.empty_like(inside)
            shuffled[np.argsort(unit, kind="stable")] = inside[np.lexsort((random.random(len(inside)), unit))]
            inside = shuffled
    out = values.copy()
    out[places] = inside
    return out


def unused_name(decoys, columns):
    """A name that no column has."""
    taken = {*decoys, *(column.name for column in columns)}
    name = "column"
    while name in taken:
        name += "_"
    return name
