# ---- claim: the tables that show what a function depends on: rows as they are, and changed in one known way ----
import numpy as np


class Tables:
    """The tables of one part of the rows. `rows` are their numbers, `units` labels of all rows or None. Every change is
    drawn from the protocol's seed and the number of the table, so that the n-th table is always the same."""

    def __init__(self, protocol, columns, rows, units=None):
        self.protocol = protocol
        self.columns = columns
        self.rows = rows
        self.units = None if units is None else units[rows]

    def real(self):
        """The rows as they are."""
        return {column.name: as_seen(column, column.values[self.rows]) for column in self.columns}

    def copy(self, number, most):
        """At most `most` rows, each column in an order of its own: nothing goes with anything."""
        seed = self.protocol["seed"]
        return {
            column.name: as_seen(
                column, column.values[generator("copy", seed, number, column.name).permutation(self.rows)[:most]]
            )
            for column in self.columns
        }

    def alone(self, name, number):
        """The rows as they are, with the values of one column in another order: among the rows that have a value, and
        within units where rows repeat them."""
        random = generator("alone", self.protocol["seed"], number, name, self.protocol["id"])
        table = self.real()
        for column in self.columns:
            if column.name == name:
                known = present(column)[self.rows]
                table[name] = as_seen(column, moved(column.values[self.rows], known, self.units, random))
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


def moved(values, known, units, random):
    """The values in another order; those that are missing stay where they are."""
    places = np.flatnonzero(known)
    inside = values[places]
    if units is None:
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
