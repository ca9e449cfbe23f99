# ---- term means: adjusted means of the levels and cells of a term, and differences of all pairs ----
from itertools import combinations

import numpy as np
from scipy import stats

MOST_PAIRED_LEVELS = 10


def level_counts(design, term):
    """{cell of the term: rows}."""
    if any(name not in design.factors for name in term):
        return {}
    cells = numbered(*(design.factors[name].codes for name in term))
    return dict(zip(cell_keys(design, term, cells), np.bincount(cells).tolist()))


def cell_keys(design, term, cells):
    """The codes of the factors of a term in each of its cells."""
    first = np.unique(cells, return_index=True)[1]
    return [tuple(int(design.factors[name].codes[row]) for name in term) for row in first]


def cell_means(design, y, term):
    """{cell of the term: mean}, given the other columns of the design as main effects."""
    cells = numbered(*(design.factors[name].codes for name in term))
    others = [frozenset([name]) for name in sorted({*design.factors, *design.numbers} - set(term))]
    given = [stacked(design, others)] + ([indicators(design.block[1])] if design.block is not None else [])
    base = basis(np.column_stack(given))
    # The cells come first, so that they are told from the others where both could tell a difference.
    block = indicators(cells)
    beta = np.linalg.lstsq(np.column_stack([np.ones(len(y)), block, base]), y, rcond=None)[0]
    means = beta[0] + np.r_[0.0, beta[1 : 1 + block.shape[1]]]
    return dict(zip(cell_keys(design, term, cells), means.tolist()))


def group_means(found, counts):
    """[{level, n, value}] of the term's levels or cells, largest mean first."""
    if not counts:
        return None
    design, term = found.design, found.term
    alone = len(term) == 1
    means = {(at,): float(mean) for at, mean in enumerate(found.means)} if alone else cell_means(design, found.y, term)
    words = lambda cell: ", ".join(design.factors[name].levels[code] for name, code in zip(term, cell))
    rows = [{"level": words(cell), "n": counts.get(cell, 0), "value": mean} for cell, mean in means.items()]
    return sorted(rows, key=lambda row: (-row["value"], row["level"]))


def all_contrasts(found):
    """All pairs of levels, largest difference first, with p and intervals that hold for all together: by Tukey with the
    mean square of the stratum; within subjects by Bonferroni with an error for each pair."""
    if found.means is None or not 3 <= len(found.means) <= MOST_PAIRED_LEVELS:
        return None
    count, out = len(found.means), []
    pairs = count * (count - 1) // 2
    apart = found.added is None
    free = found.people.free if apart else found.df2
    limit = stats.t.isf(0.025 / pairs, free) if apart else range_limit(count, free) / np.sqrt(2)
    for a, b in combinations(range(count), 2):
        upper, lower = (a, b) if found.means[a] >= found.means[b] else (b, a)
        gap, error = float(found.means[upper] - found.means[lower]), float(found.spread[a, b])
        if not error > 0:
            return None
        t = gap / error
        p = 2 * pairs * stats.t.sf(t, free) if apart else range_tail(np.sqrt(2) * t, count, free)
        row = {"level": found.levels[upper], "reference": found.levels[lower], "value": gap, "ci_level": 0.95}
        row.update(ci_low=gap - float(limit * error), ci_high=gap + float(limit * error), p=float(np.clip(p, 0.0, 1.0)))
        out.append(row)
    return sorted(out, key=lambda row: (-row["value"], row["level"], row["reference"]))
