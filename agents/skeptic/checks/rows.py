# ---- rows: which of them pull most, and how they change places ----
import numpy as np
from scipy import stats


def is_cut(codes, values):
    """Whether the groups are ranges of the values: cut from them, not measured."""
    spans = sorted((values[codes == code].min(), values[codes == code].max()) for code in np.unique(codes))
    return len(spans) > 1 and all(before[1] <= after[0] for before, after in zip(spans, spans[1:]))


def robust(values):
    """Distance from the median in robust standard deviations."""
    middle = np.median(values)
    spread = 1.4826 * np.median(np.abs(values - middle))
    spread = spread if spread > 0 else values.std()
    return (values - middle) / (spread if spread > 0 else 1.0)


def influential(relation):
    """Rows that pull most at the relation, at most 5 % and only such as lie far out: for two numbers by distance times
    residual from the line of Theil and Sen, for groups by distance from their own median. Such a line is not bent by what it
    is to find, so that several outliers cannot hide each other."""
    if relation.kind == "paired":
        pull, limit = np.abs(robust(relation.gaps)), 4.0
    elif relation.x.levels is None and relation.y.levels is None and relation.kind != "interaction":
        left, right, _ = relation.arrays("linear")
        base = relation.base("linear")
        x, y = robust(residuals(left, base)[:, 0]), robust(residuals(right, base)[:, 0])
        some = relation.random.permutation(len(x))[:500]
        line = stats.theilslopes(y[some], x[some])
        pull, limit = np.abs(x * robust(y - line.slope * x)), 12.0
    elif relation.kind == "interaction":
        left, right, given = relation.arrays("linear")
        base = basis(np.hstack([given, left]))
        if relation.y.levels is not None or left.shape[1] > 1:
            return np.array([], dtype=np.int64)
        x, y = robust(residuals(left, relation.base("linear"))[:, 0]), robust(residuals(right, base)[:, 0])
        pull, limit = np.abs(x * y), 12.0
    else:
        number, group = (relation.x, relation.y) if relation.x.levels is None else (relation.y, relation.x)
        centred = number.values.astype(float).copy()
        for code in np.unique(group.values):
            centred[group.values == code] -= np.median(number.values[group.values == code])
        pull, limit = np.abs(robust(centred)), 4.0
    most = max(1, int(INFLUENTIAL * len(pull)))
    first = np.argsort(-pull, kind="stable")[:most]
    return np.sort(first[pull[first] > limit])


def shuffler(table, relation):
    """(function that gives an order of rows, its name). What keeps rows together is kept: a series is moved along as a
    whole, and units are."""
    n, random = len(relation.rows), relation.random
    clock = table.facts.get("time")
    if relation.unit is not None:
        left, right, _ = relation.arrays("linear")
        if constant_in(left, relation.unit) or constant_in(right, relation.unit):
            _, first, labels = np.unique(relation.unit, return_index=True, return_inverse=True)
            return lambda: first[random.permutation(len(first))][labels], "whole units in another order"
        order = np.argsort(relation.unit, kind="stable")

        def inside():
            moved = np.empty(n, dtype=np.int64)
            moved[order] = np.lexsort((random.random(n), relation.unit))
            return moved

        return inside, "rows in another order within their unit"
    if clock in table.places and table.column(clock).levels is None and n >= 40:
        moments = table.column(clock).values[relation.rows]
        order = np.argsort(np.where(np.isnan(moments), np.inf, moments), kind="stable")

        def along():
            moved = np.empty(n, dtype=np.int64)
            moved[order] = np.roll(order, int(random.integers(n // 10, n - n // 10)))
            return moved

        return along, "the series moved along in time"
    return lambda: random.permutation(n), "rows in a random order"


def constant_in(columns, unit):
    order = np.argsort(unit, kind="stable")
    same = unit[order][1:] == unit[order][:-1]
    return bool((columns[order][1:][same] == columns[order][:-1][same]).all())
