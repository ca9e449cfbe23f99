# ---- table: columns of the canonical table as arrays ----
import hashlib
import json
from collections import namedtuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

# Numbers have float values, with NaN for missing; groups have codes into their levels, with -1 for missing.
Column = namedtuple("Column", "name values levels")


class Table:
    """Columns of the canonical table, each read when it is asked for."""

    def __init__(self, path):
        self.file = pq.ParquetFile(path)
        schema = self.file.schema_arrow
        self.places = {name: place for place, name in enumerate(schema.names)}
        self.facts = json.loads((schema.metadata or {}).get(b"kosmos", b"{}"))
        self.known = {}

    def column(self, name):
        if name not in self.places:
            raise CannotLook(f"the table has no column “{name}”")
        if name not in self.known:
            # By position, so that a dot in a name is not taken for a nested field.
            self.known[name] = read(name, self.file.reader.read_column(self.places[name]))
        return self.known[name]

    def groups(self):
        """Names of the columns that hold groups: text, and no identifiers or free text."""
        roles = self.facts.get("roles") or {}
        return [
            field.name
            for field in self.file.schema_arrow
            if not (is_number(field.type) or pa.types.is_temporal(field.type))
            and roles.get(field.name, "categorical") in ("categorical", "binary")
        ]


def is_number(kind):
    return pa.types.is_floating(kind) or pa.types.is_integer(kind)


def read(name, array):
    if pa.types.is_temporal(array.type):
        array = array.cast("timestamp[us]").cast("int64").cast("float64")
    if is_number(array.type):
        values = array.cast("float64").to_numpy(zero_copy_only=False).astype(float)
        return Column(name, np.where(np.isfinite(values), values, np.nan), None)
    words = pa.chunked_array(array.cast("string").chunks, pa.string()).combine_chunks().dictionary_encode()
    levels, codes = words.dictionary.to_pylist(), words.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    order = sorted(range(len(levels)), key=levels.__getitem__)
    rank = np.full(len(levels) + 1, -1, dtype=np.int64)  # the last place is that of -1
    rank[order] = np.arange(len(levels))
    return Column(name, rank[codes], [levels[place] for place in order])


def filled(column):
    return column.values >= 0 if column.levels is not None else ~np.isnan(column.values)


def take(column, rows):
    """The column at some rows, without levels that none of them has."""
    if column.levels is None:
        return column._replace(values=column.values[rows])
    used, codes = np.unique(column.values[rows], return_inverse=True)
    return Column(column.name, codes, [column.levels[code] for code in used])


def indicators(codes):
    """0/1 columns of all levels but the first."""
    used = np.unique(codes)
    return (codes[:, None] == used[None, 1:]).astype(float)


def generator(*key):
    digest = hashlib.sha256(json.dumps(key).encode()).digest()
    return np.random.default_rng(np.frombuffer(digest, dtype=np.uint32))
