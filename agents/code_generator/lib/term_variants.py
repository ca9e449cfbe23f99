# ---- term variants: a term of a design by ranks, by permutation, and in each level of the other factor ----
import numpy as np

# Cells of the matrices of all permutations at most.
MOST_PERMUTED = 4e8


def rank_variant(found, term, first, whole):
    """The same test of aligned ranks: of y without the other terms (Higgins and Tashtoush 1994, Nonlinear World 1),
    since plain ranks of a model with interactions find what is not there."""
    design, y = first.design, first.y
    columns = stacked(design, [each for each in first.terms if not each >= frozenset(term)])
    block = [indicators(design.block[1])] if design.block is not None else []
    base = basis(np.column_stack([columns, *block]))
    aligned = y - y.mean() - base @ (base.T @ (y - y.mean()))
    # Rounding must not break ties.
    aligned = np.round(aligned / max(np.abs(aligned).max(), 1e-300), 10)
    try:
        again = term_test(design, ranks(aligned), term)
    except (NotTestable, ArithmeticError, ValueError):
        return
    add_term_variant(found, "rank", ", of aligned ranks", again, whole)


def add_term_variant(found, name, how, again, whole):
    test = TEST_NAME.format(stratum=again.stratum + how)
    size = term_effect(again, name == "rank")
    add_variant(found, name, test, whole["n"], again.F, again.p, size, direction_of_term(again), whole)


def permutation_variant(found, table, test, first, whole):
    """The residuals of the model without the term, reordered within blocks or plots (Freedman and Lane 1983, J.
    Business and Economic Statistics 1)."""
    count = int(test.get("permutations") or 0)
    if first.full is None or not count or whole["p"] >= 0.05 or first.full.size * count > MOST_PERMUTED:
        return
    labels, y = first.absorbed, first.y
    random = generator("permutation", table.protocol.get("seed", 0), test["x"], test["y"], test.get("by"))
    inside = within_groups(y[:, None], labels)[:, 0]
    rest = inside - first.base @ (first.base.T @ inside)
    full = basis(within_groups(first.full, first.absorbed))
    order = np.arange(len(y)) if labels is None else np.argsort(labels, kind="stable")
    hits = 0
    limit = ratio_of(rest, first, full) * (1 - 1e-9)
    for _ in range(count):
        keys = random.random(len(y))
        moved = np.argsort(keys) if labels is None else np.lexsort((keys, labels))
        again = np.empty(len(y))
        again[order] = rest[moved]
        hits += bool(ratio_of(within_groups(again[:, None], first.absorbed)[:, 0], first, full) >= limit)
    p = (1 + hits) / (1 + count)
    way = whole["direction"]
    add_variant(found, "permutation", "numpy.random.Generator.permutation", first.n, first.F, p, None, way, whole)


def ratio_of(values, first, full):
    """What the term explains of values, in terms of what the model leaves."""
    own = float(((first.space.T @ values) ** 2).sum())
    return own / max(float(values @ values) - float(((full.T @ values) ** 2).sum()), 1e-300)


def simple_effects(design, y):
    """The effect of x in each level of the other factor, by the same analysis of its rows."""
    if design.by not in design.factors:
        return []
    factor, out = design.factors[design.by], []
    for code, level in enumerate(factor.levels):
        rows = np.flatnonzero(factor.codes == code)
        smaller = part_of_design(design, rows)
        smaller.by = None
        try:
            found = term_test(smaller, y[rows], [design.x])
        except (NotTestable, ArithmeticError, ValueError):
            continue
        size, way = term_effect(found)["value"], direction_of_term(found)
        out.append({"level": level, "n": found.n, "effect_value": size, "p": found.p, "direction": way})
    return out
