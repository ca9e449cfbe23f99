# ---- table: columns of the canonical table as arrays, the shuffled copy, the split ----
import hashlib
import json
from collections import namedtuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

# A numeric column has float values with NaN for missing and levels None; a group column has integer
# codes into its sorted levels, with -1 for missing. `ranked` says that only the order of the numbers counts: words with an
# order, and values of which some are known by a limit only.
Column = namedtuple("Column", "name values levels ranked", defaults=(False,))


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
        self.columns = {}

    def column(self, name):
        """The column of that name, permuted on its own where the protocol asks for a shuffled table."""
        if name not in self.columns:
            read = read_column(self.file, name, self.position[name])
            self.columns[name] = self.shuffled(read._replace(ranked=name in self.facts.get("ranked", ())))
        return self.columns[name]

    def shuffled(self, column):
        seed = self.protocol.get("shuffle_seed")
        if seed is None:
            return column
        order = generator("shuffle", seed, column.name).permutation(self.rows)
        return column._replace(values=column.values[order])

    def split(self):
        """True for rows of the explore part: a seeded half of the rows, or of the units."""
        rule = self.protocol.get("split") or {}
        share, by = rule.get("explore", 0.5), rule.get("by")
        random = generator("split", self.protocol.get("seed", 0))
        if by is None or by not in self.position:
            return chosen(self.rows, share, random)
        labels = unit_labels(self.column(by))
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
