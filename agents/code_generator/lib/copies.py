# ---- copies: rows that are equal, or nearly, to other rows, where chance would not make them so ----
# A row counts as a copy only if so rare a row would hardly occur once: the product of the shares of its values, with
# the correlation of the columns allowed for. Equal answers to five questions, or rows of zeros, are no copies.
import hashlib

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

RARE = 1e-3
FEWEST_EQUAL_ROWS = 4
LEAST_COPIED = 0.01
MOST_COMPARED = 100


def find_copies(table):
    """Which rows repeat others: {rows, distinct, copied, sets, smallest, largest, near, apart, labels, columns} or None.
    `apart` marks the first row of each set of copies and all other rows, `labels` numbers the sets; `near` says that some
    columns may differ."""
    indices = [
        i
        for i, column in enumerate(table.columns)
        if column["role"] not in ("empty", "constant", "text")
        and column["distinct"] < 0.98 * table.total
        or (column["role"] == "numeric" and column["usable"])
    ][:MOST_COMPARED]
    indices = [i for i in indices if not is_moment(table.columns[i])]
    if len(indices) < 2 or len(table.picked) < 8:
        return None
    keys, rarity = zip(*(keys_and_rarity(table.values(i), i) for i in indices))
    weights = independent_weights(table, indices)
    groups = [list(range(len(indices)))]
    if len(indices) >= 9:
        groups += [list(range(start, len(indices), 3)) for start in range(3)]
    elif len(indices) >= 5:
        groups += [list(range(start, len(indices), 2)) for start in range(2)]
    whole = copied_rows(keys, rarity, weights, groups[0])
    if whole is not None and is_crowded(keys, whole[1]):
        whole = None
    edges, near = [] if whole is None else [equal_neighbours(*whole)], False
    for group in groups[1:]:
        part = copied_rows(keys, rarity, weights, group)
        close = None if part is None else confirmed(part, keys)
        if close is not None:
            edges.append(close)
    if not edges:
        return None
    first, second = (np.concatenate([edge[side] for edge in edges]) for side in (0, 1))
    near = bool(np.any([(keys[place][first] != keys[place][second]).any() for place in range(len(keys))]))
    rows = len(keys[0])
    joined = coo_matrix((np.ones(len(first)), (first, second)), shape=(rows, rows))
    labels = connected_components(joined, directed=False)[1]
    copied = np.bincount(labels)[labels] > 1
    count = int(copied.sum())
    if count < max(FEWEST_EQUAL_ROWS, LEAST_COPIED * rows):
        return None
    sets, sizes = np.unique(labels[copied], return_counts=True)
    _, first = np.unique(labels, return_index=True)
    apart = np.ones(len(labels), dtype=bool)
    apart[copied] = False
    leaders = first[np.isin(labels[first], sets)]
    apart[leaders] = True
    return {
        "copied": count,
        "sets": len(sets),
        "distinct": int(apart.sum()),
        "rows": len(labels),
        "smallest": int(sizes.min()),
        "largest": int(sizes.max()),
        "near": near,
        "apart": apart,
        "labels": labels,
        "columns": len(indices),
    }


def keys_and_rarity(values, index):
    """(a 64-bit number for each row's value, such that sums of them over columns tell rows apart; the logarithm of the
    share of rows that have the value)."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True, equal_nan=True)
    seed = int.from_bytes(hashlib.sha256(f"column {index}".encode()).digest()[:8], "little")
    with np.errstate(over="ignore"):
        numbers = (np.arange(1, len(counts) + 1, dtype=np.uint64)) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(seed)
        return mixed(numbers)[place], np.log(counts / len(values))[place]


def independent_weights(table, indices, most=60):
    """How much of each column's rarity counts: less where other columns foretell it (the share of its spread that a
    linear model on ranks of the columns before it leaves), none where they do wholly."""
    weights = np.zeros(len(indices))
    rows = np.arange(len(table.picked))
    if len(rows) > 4000:
        rows = rows[:: len(rows) // 4000 + 1]
    scores = rank_matrix(table, indices[:most], rows)
    for place in range(scores.shape[1]):
        size = scores[:, place].std()
        if size == 0:
            continue
        left = 1.0
        if place:
            rest = without_basis(scores[:, [place]], scores[:, :place])[:, 0]
            left = rest.std() / size
        weights[place] = left
    return weights


def copied_rows(keys, rarity, weights, group):
    """(label of each row, which rows repeat another beyond chance), by the columns of the group; None where none do."""
    total = np.zeros(len(keys[0]), dtype=np.uint64)
    chance = np.zeros(len(keys[0]))
    for place in group:
        with np.errstate(over="ignore"):
            total = total + keys[place]
        weight = weights[place]
        if weight > 0.1:
            # Given the others, a value is 1 / weight times as likely.
            chance += np.minimum(rarity[place] - np.log(weight), 0.0)
    _, labels, counts = np.unique(total, return_inverse=True, return_counts=True)
    if (counts > 1).sum() == 0:
        return None
    expected = np.log(len(labels)) + chance
    copied = (counts[labels] > 1) & (expected < np.log(RARE))
    return (labels, copied) if copied.any() else None


def is_crowded(keys, copied, most=40):
    """Whether rows that differ in one column alone are as common as equal ones: then equal rows are what few possible
    answers make of many rows."""
    with np.errstate(over="ignore"):
        total = np.sum(np.array(keys), axis=0, dtype=np.uint64)
    _, labels = np.unique(total, return_inverse=True)
    beside = np.zeros(len(total), dtype=bool)
    for place in np.unique(np.linspace(0, len(keys) - 1, min(len(keys), most)).astype(int)):
        with np.errstate(over="ignore"):
            rest = total - keys[place]
        _, groups, counts = np.unique(rest, return_inverse=True, return_counts=True)
        # Equal but for this column, and not equal in it.
        kinds = np.zeros(len(counts), dtype=np.int64)
        pairs = np.unique(groups.astype(np.int64) * (int(labels.max()) + 1) + labels)
        np.add.at(kinds, pairs // (int(labels.max()) + 1), 1)
        beside |= kinds[groups] > 1
    return beside.sum() > 0.5 * copied.sum()


def confirmed(found, keys):
    """Pairs of rows that are equal on a part of the columns, kept where they are equal on nearly all and differ now in
    one column, now in another: (first, second), or None. What always differs is what is measured anew, and its rows are
    no copies."""
    labels, copied = found
    first, second = equal_neighbours(labels, copied)
    differ = np.array([keys[place][first] != keys[place][second] for place in range(len(keys))])
    close = differ.sum(axis=0) <= max(1, len(keys) // 10)
    if not close.any() or close.mean() < 0.8:
        return None
    where = differ[:, close].sum(axis=1)
    if where.sum() and where.max() > 0.5 * close.sum():
        return None
    return first[close], second[close]


def equal_neighbours(labels, copied):
    """Pairs of rows that have one label, each row with the next of them."""
    rows = np.flatnonzero(copied)
    order = rows[np.argsort(labels[rows], kind="stable")]
    same = labels[order][1:] == labels[order][:-1]
    return order[:-1][same], order[1:][same]
