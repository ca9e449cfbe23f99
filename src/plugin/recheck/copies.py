"""Copies of a table in which the columns of a claim are changed, and the numbers of rows that have all of them.

PROTOCOL holds `table`, `seed` and `claim`: {x, y, given, direction, y_level, plants}. Every copy has the columns and the
number of rows of the table.
"""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq


def is_ordered(column):
    kind = column.type
    return pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_temporal(kind)


def numbers(column):
    if pa.types.is_temporal(column.type):
        column = column.cast("timestamp[us]").cast("int64")
    return column.cast("float64").to_numpy(zero_copy_only=False).astype(float)


def levels(column):
    words = column.cast("string").to_pylist()
    return np.array(["" if word is None else word for word in words], dtype=object)


def filled(column):
    there = ~np.asarray(column.is_null().to_numpy(zero_copy_only=False), dtype=bool)
    if pa.types.is_floating(column.type):
        there &= np.isfinite(numbers(column))
    return there


def replaced(table, name, order):
    """The table with one column's values in another order of rows."""
    place = table.schema.get_field_index(name)
    column = table.column(place).take(pa.array(order))
    return table.set_column(place, table.schema.field(place), column)


def ranks_along(column, direction):
    """What the rows are put in order by, so that the last ones are those of the direction."""
    if is_ordered(column):
        return numbers(column)
    words = levels(column)
    if direction in ("+", "-"):
        try:
            return np.array([float(word or "nan") for word in words])
        except ValueError:
            direction = None
    names = sorted(set(words), key=lambda word: (word == direction, word))
    return np.array([names.index(word) for word in words], dtype=float)


def planted(table, claim, rows):
    """The table with the values of y in the order of x: the claim holds without exception."""
    x, y = table.column(claim["x"]), table.column(claim["y"])
    along = ranks_along(x, claim["direction"])[rows]
    if is_ordered(y):
        height = numbers(y)[rows]
    else:
        words = levels(y)[rows]
        names = sorted(set(words), key=lambda word: (word == claim["y_level"], word))
        height = np.array([names.index(word) for word in words], dtype=float)
    if claim["direction"] == "-":
        height = -height
    order = np.arange(len(table))
    order[rows[np.argsort(along, kind="stable")]] = rows[np.argsort(height, kind="stable")]
    return replaced(table, claim["y"], order)


def main(protocol):
    table, claim = pq.read_table(protocol["table"]), protocol["claim"]
    random = np.random.default_rng(protocol["seed"])
    pair = filled(table.column(claim["x"])) & filled(table.column(claim["y"]))
    whole = pair.copy()
    for name in claim["given"]:
        whole &= filled(table.column(name))
    copies = {"reordered": table.take(pa.array(random.permutation(len(table))))}
    copies["x_shuffled"] = replaced(table, claim["x"], random.permutation(len(table)))
    if claim["plants"]:
        copies["planted"] = planted(table, claim, np.flatnonzero(pair))
    else:
        copies["y_shuffled"] = replaced(table, claim["y"], random.permutation(len(table)))
    for name, copy in copies.items():
        pq.write_table(copy.replace_schema_metadata(table.schema.metadata), f"{name}.parquet")
    with open("result.json", "w", encoding="utf-8") as file:
        json.dump({"rows": sorted({int(pair.sum()), int(whole.sum())}), "all_rows": len(table)}, file)


main(PROTOCOL)
