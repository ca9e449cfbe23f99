# ---- table: columns of the canonical table as arrays, the shuffled copy, the split ----
import base64
import hashlib
import json
import zlib
from collections import namedtuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

# A numeric column has float values with NaN for missing and levels None; a group column has integer
# codes into its sorted levels, with -1 for missing. `ranked` says that only the order of the numbers counts: words with an
# order, and values of which some are known by a limit only.
Column = namedtuple("Column", "name values levels ranked", defaults=(False,))
# Stretches of time, or of a path through the map, that are on one side of the split as a whole.
STRETCHES = 16


def generator(*key):
    """A random generator that depends on the key alone, whatever the key's strings hold."""
    digest = hashlib.sha256(json.dumps(key).encode()).digest()
    return np.random.default_rng(np.frombuffer(digest, dtype=np.uint32))


class Table:
    """Columns of table.parquet, each read once and only when a test names it."""

    def __init__(self, protocol):
        self.protocol = protocol
        self.file = pq.ParquetFile(protocol["table"])
        self.rows = self.file.metadata.num_rows
        # By position, so that a dot in a name is not taken for a nested field.
        schema = self.file.schema_arrow
        self.position = {name: index for index, name in enumerate(schema.names)}
        facts = (schema.metadata or {}).get(b"kosmos")
        self.facts = json.loads(facts) if facts else {}
        self.columns, self.kept = {}, {}

    def column(self, name):
        """The column of that name, permuted on its own where the protocol asks for a shuffled table."""
        if name not in self.columns:
            self.columns[name] = self.shuffled(self.as_read(name))
        return self.columns[name]

    def as_read(self, name):
        """The column of that name in the order of the rows, also in a shuffled table: for what tells the structure."""
        if self.protocol.get("shuffle_seed") is None and name in self.columns:
            return self.columns[name]
        read = read_column(self.file, name, self.position[name])
        return read._replace(ranked=name in self.facts.get("ranked", ()))

    def shuffled(self, column):
        """The column in another order, which keeps how rows depend on each other: copies stay copies, rows of a unit
        stay together, neighbours in time or on the map stay neighbours."""
        seed = self.protocol.get("shuffle_seed")
        if seed is None:
            return column
        random = generator("shuffle", seed, column.name)
        # Clocks and coordinates, turned along themselves, would still go together.
        alone = column.name in self.frame()
        order = random.permutation(self.rows) if alone else self.other_order(column.name, random)
        return column._replace(values=column.values[order])

    def structure(self):
        """How rows depend on each other, as the profile noted it; empty for tables of older profiles."""
        return self.facts.get("structure") or {}

    def frame(self):
        """The columns that tell times and places."""
        parts = [self.structure().get(key) or {} for key in ("time", "place")]
        return {name for part in parts for name in part.get("columns", ())}

    def unit_column(self):
        name = (self.protocol.get("split") or {}).get("by")
        return name if name in self.position else None

    def other_order(self, name, random):
        """Numbers of rows in a random order of units, of sets of copies, or turned in time or along the map by the
        column's own step."""
        if self.unit_column():
            return units_moved(unit_labels(self.as_read(self.unit_column())), random)
        sets = self.copy_sets()
        if sets is not None:
            _, first, labels = np.unique(sets, return_index=True, return_inverse=True)
            return first[random.permutation(len(first))][labels]
        places = self.places_in_order()
        return random.permutation(self.rows) if places is None else turned(places, *self.steps()[name])

    def steps(self):
        """The step and the lap by which each column of a shuffled series or map is turned: {name: (step, lap)}. They
        are shared out among all columns of the table, so that a column's does not depend on which others are read."""
        if "steps" not in self.kept:
            names = [name for name in self.position if name not in self.frame()]
            draws = [generator("turn", self.protocol["shuffle_seed"], name).random(2) for name in names]
            self.kept["steps"] = dict(zip(names, steps_apart(draws, self.rows)))
        return self.kept["steps"]

    def copy_sets(self):
        """A number for each row, the same for rows that are copies of each other; None where none are."""
        if "copies" not in self.kept:
            text = self.facts.get("copies")
            sets = text and np.frombuffer(zlib.decompress(base64.b64decode(text)), dtype=np.int32)
            self.kept["copies"] = sets if sets is not None and len(sets) == self.rows else None
        return self.kept["copies"]

    def distinct_rows(self, rows):
        """The given rows without those that are copies of one before."""
        sets = self.copy_sets()
        return rows if sets is None else rows[np.sort(np.unique(sets[rows], return_index=True)[1])]

    def told_copies(self):
        """What the reason of a test says of copies."""
        return "" if self.copy_sets() is None else "; of rows that are copies of each other, one counts"

    def places_in_order(self):
        """The place of each row in time, or along a path through the map that keeps near rows near; None where rows
        stand alone."""
        if "places" not in self.kept:
            self.kept["places"] = self.find_places_in_order()
        return self.kept["places"]

    def find_places_in_order(self):
        structure = self.structure()
        time, place = structure.get("time"), structure.get("place")
        if time is not None:
            name = time["columns"][0] if time["columns"] else None
            if name is None:
                return np.arange(self.rows)
            column = self.as_read(name) if name in self.position else None
            if column is None or column.levels is not None:
                return None
            return np.unique(np.nan_to_num(column.values, nan=np.inf), return_inverse=True)[1]
        if place is None or not all(name in self.position for name in place["columns"]):
            return None
        columns = [self.as_read(name) for name in place["columns"]]
        if any(column.levels is not None for column in columns):
            return None
        # Strips of the first coordinate, up one and down the next.
        x, y = (np.nan_to_num(column.values, nan=np.inf) for column in columns)
        strips = max(2, int(np.sqrt(self.rows / 4)))
        strip = np.argsort(np.argsort(x, kind="stable"), kind="stable") * strips // self.rows
        turn = np.argsort(np.argsort(y, kind="stable"), kind="stable")
        path = np.lexsort((np.where(strip % 2, -turn, turn), strip))
        places = np.empty(self.rows, dtype=np.int64)
        places[path] = np.arange(self.rows)
        return places

    def split(self):
        """True for rows of the explore part: a seeded half of the rows, or of what keeps rows that depend on each other
        together: units, sets of copies, stretches of time or of the map."""
        rule = self.protocol.get("split") or {}
        share = rule.get("explore", 0.5)
        random = generator("split", self.protocol.get("seed", 0))
        if self.unit_column():
            labels = unit_labels(self.as_read(self.unit_column()))
        elif self.copy_sets() is not None:
            labels = np.unique(self.copy_sets(), return_inverse=True)[1]
        elif self.places_in_order() is not None:
            places = self.places_in_order()
            stretches = min(STRETCHES, int(places.max()) + 1)
            labels = places * stretches // (int(places.max()) + 1)
        else:
            return chosen(self.rows, share, random)
        return chosen(int(labels.max()) + 1, share, random)[labels]

    def checked_rows(self, rows):
        """At most `rows_cap_checks` of the given row numbers, drawn with the seed, in row order."""
        cap = int(self.protocol.get("rows_cap_checks") or 20000)
        if len(rows) <= cap:
            return rows
        drawn = generator("checks", self.protocol.get("seed", 0)).permutation(len(rows))[:cap]
        return rows[np.sort(drawn)]


def read_column(file, name, position):
    values = file.reader.read_column(position)
    kind = str(values.type)
    if kind.startswith(("timestamp", "date")):
        # Days since 1970, so that a date can be used as a number.
        moments, known = buffer_values(values.cast("timestamp[us]"), np.int64)
        return Column(name, np.where(known, moments / 86400e6, np.nan), None)
    if kind.startswith(("float", "double", "int", "uint")):
        numbers, known = buffer_values(values.cast("float64"), np.float64)
        return Column(name, np.where(known & np.isfinite(numbers), numbers, np.nan), None)
    words = coded_column(values)
    levels = words.dictionary.cast("string").to_pylist()
    codes, known = buffer_values(words.indices, np.int32)
    codes = np.where(known, codes, -1)
    used = np.flatnonzero(np.bincount(codes + 1, minlength=len(levels) + 1)[1:])
    order = sorted(used.tolist(), key=lambda index: levels[index])
    rank = np.full(len(levels) + 1, -1, dtype=np.int64)
    rank[order] = np.arange(len(order))
    return Column(name, rank[codes], [levels[index] for index in order])


def coded_column(values):
    """A column of words as one DictionaryArray with int32 codes, which may have levels that no row holds."""
    if not pa.types.is_dictionary(values.type):
        values = values.cast("string").combine_chunks().dictionary_encode()
    elif isinstance(values, pa.ChunkedArray) and values.num_chunks > 1:
        # Without the texts of all rows on the way.
        values = values.unify_dictionaries()
    values = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    return values.cast(pa.dictionary(pa.int32(), values.type.value_type))


def buffer_values(array, kind):
    """(values, which of them are not null) from arrow's buffers: its own conversion to numpy would import pandas
    first."""
    array = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
    bits, values = array.buffers()
    span = slice(array.offset, array.offset + len(array))
    known = np.ones(len(array), dtype=bool)
    if array.null_count:
        known = np.unpackbits(np.frombuffer(bits, dtype=np.uint8), bitorder="little")[span] == 1
    return np.frombuffer(values, dtype=kind)[span], known


def chosen(count, share, random):
    """A seeded share of `count` things as a mask."""
    mask = np.zeros(count, dtype=bool)
    mask[random.permutation(count)[: int(np.ceil(count * share))]] = True
    return mask


def present(column):
    """True where the column has a value."""
    return column.values >= 0 if column.levels is not None else ~np.isnan(column.values)


def take(column, rows):
    """The column at the given rows; levels that no row has are dropped."""
    values = column.values[rows]
    if column.levels is None:
        return column._replace(values=values)
    used, codes = np.unique(values, return_inverse=True)
    return Column(column.name, codes, [column.levels[index] for index in used])


def unit_labels(column):
    """Consecutive unit numbers; a row without a unit is a unit of its own."""
    known = present(column)
    labels = np.empty(len(known), dtype=np.int64)
    values, labels[known] = np.unique(column.values[known], return_inverse=True)
    labels[~known] = len(values) + np.arange((~known).sum())
    return labels


def units_moved(units, random):
    """Numbers of rows with whole units in another order, given the consecutive unit number of each row: the rows of a
    unit stay together and in their order."""
    order = np.empty(len(units), dtype=np.int64)
    places = random.permutation(int(units.max()) + 1)[units]
    order[np.argsort(units, kind="stable")] = np.argsort(places, kind="stable")
    return order


def turned(places, step, lap=0):
    """Numbers of rows turned by so many steps in the order of their places, the last before the first: neighbours stay
    neighbours. Odd laps run backwards, and from the third on stretches are in an order of the lap, the same for all of
    its columns."""
    in_order, order = np.argsort(places, kind="stable"), np.empty(len(places), dtype=np.int64)
    moved = np.roll(in_order, step)
    if lap >= 2:
        pieces = np.array_split(moved, min(STRETCHES, len(moved)))
        moved = np.concatenate([pieces[place] for place in generator("stretches", lap // 2).permutation(len(pieces))])
    order[in_order] = moved[::-1] if lap % 2 else moved
    return order


def steps_apart(draws, rows):
    """(step, lap) of each of several columns of a series or a map with so many rows, from two random numbers between 0
    and 1 of each. No two columns are turned alike, since their relation would survive that: the first number places a
    column among the others, the second moves it there, and steps are at least half as far apart as even ones would be.
    Columns that are more than the rows are turned in several laps (see `turned`)."""
    first, second = np.asarray(draws, dtype=float).T
    places = np.argsort(np.argsort(first, kind="stable"), kind="stable")
    laps = -(-len(first) // rows)
    size = -(-len(first) // laps)
    room = 0.5 if rows >= 2 * size else 0.0
    steps = (places % size + 0.5 + room * (second - 0.5)) * rows / size
    return [(int(step), int(place) // size) for step, place in zip(steps, places)]
