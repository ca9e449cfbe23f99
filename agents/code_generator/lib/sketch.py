# ---- sketch: a small sample of a table's rows by their content, by which two tables can be asked what they share ----
import hashlib

import numpy as np
import pyarrow as pa

SKETCH = 256  # rows: shares are known to within some 3 per cent


def mixed(numbers):
    """Each 64-bit number replaced by another that looks random, one to one (the finaliser of splitmix64)."""
    with np.errstate(over="ignore"):
        numbers = (numbers ^ (numbers >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        numbers = (numbers ^ (numbers >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return numbers ^ (numbers >> np.uint64(31))


def hash_of(text):
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little")


def content(array):
    """A number for each value that depends on it alone: missing ones are alike, and 1 is 1.0."""
    if pa.types.is_dictionary(array.type):
        texts = [hash_of("text " + str(level)) for level in array.dictionary.to_pylist()]
        known = np.array([hash_of("missing"), *texts], dtype=np.uint64)
        return known[array.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64) + 1]
    values = array.cast(pa.float64()).to_numpy(zero_copy_only=False)
    values = np.where(np.isnan(values), np.nan, values + 0.0)  # one sort of nan, and no minus zero
    return values.view(np.uint64)


def row_sketch(columns, arrays):
    """The smallest of the rows' distinct hashes, of the columns that can be tested, in whichever order they are. Two
    tables with the same columns share some of them where they share rows (k minimum values; Bar-Yossef et al. 2002)."""
    usable = [
        (column["name"], array)
        for column, array in zip(columns, arrays)
        if column["usable"] and (pa.types.is_dictionary(array.type) or pa.types.is_floating(array.type))
    ]
    if not usable:
        return []
    rows = np.zeros(len(usable[0][1]), dtype=np.uint64)
    for name, array in sorted(usable, key=lambda pair: pair[0]):
        with np.errstate(over="ignore"):
            rows = mixed(rows + mixed(content(array) ^ np.uint64(hash_of("column " + name))))
    smallest = np.unique(rows >> np.uint64(11))[:SKETCH]  # 53 bits: whole in any reader's numbers
    return [int(row) for row in smallest]


def merged_sketches(one, other):
    """The sketch of all rows of two sketches."""
    return sorted({*one, *other})[:SKETCH]
