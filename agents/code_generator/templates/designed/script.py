# ---- designed: one term of the analysis of variance of a designed experiment ----
# Sums of squares are of type II, by least squares: what a term adds to all terms that do not contain it. A term is
# tested in the stratum in which its columns vary: rows, or whole plots, subjects or blocks within which it is constant.
import warnings
from itertools import combinations
from types import SimpleNamespace

import numpy as np
from scipy import special, stats

# A number with at most so many values is a factor.
MOST_NUMBERS = 8
MOST_LEVELS = 30
FEWEST_PER_LEVEL = 2
# Interactions are in the model while it has at most so many columns and leaves so many rows for each of them.
MOST_COLUMNS, ROWS_PER_COLUMN = 400, 1.4
# Cells of the matrices of a model, and of all its permutations, at most.
MOST_CELLS, MOST_PERMUTED = 4e7, 4e8
MOST_PAIRED_LEVELS = 10
# What the stratum of rows is called within the smallest groups.
WITHIN = {"whole plots": "subplots", "subjects": "within subjects"}
TEST_NAME = "scipy.stats.f (analysis of variance, {stratum})"


def judge(table, explore, test, family):
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return analyse(table, explore, test)


def analyse(table, explore, test):
    plan = load_design(table, test)
    design, y, rows = plan.design, plan.y, plan.rows
    term = [design.x] if design.by is None else [design.x, design.by]
    measured = term_test(design, y, term)
    by_rank = plan.ranked or has_far_errors(design, y)
    tested = ranks(y) if by_rank else y
    whole_test = term_test(design, tested, term) if by_rank else measured
    parts, part = {}, explore[rows]
    for name, mask in (("whole", None), ("explore", part), ("confirm", ~part)):
        parts[name] = estimate_part(design, tested, term, mask, by_rank, whole_test if mask is None else None)
    whole = parts["whole"]
    compared = None if by_rank else all_contrasts(whole_test)
    if compared is not None:
        whole["contrasts"] = compared
    found = SimpleNamespace(variants=[], caveats=[])
    if by_rank:
        add_term_variant(found, "linear", "", measured, whole)
    else:
        rank_variant(found, term, whole_test, whole)
    permutation_variant(found, table, test, whole_test, whole)
    if whole["p"] < 0.05 and abs(whole["effect"]["value"]) < TINY["partial_r"]:
        found.caveats.append("tiny_effect")
    if len(y) < 20 or (design.x in design.factors and np.bincount(design.factors[design.x].codes).min() < 5):
        found.caveats.append("small_sample")
    result = {
        **parts,
        "test": TEST_NAME.format(stratum=whole_test.stratum + (", of ranks" if by_rank else "")),
        "why": reason(design, term, whole_test) + ranks_told(plan, by_rank) + plan.note + table.told_copies(),
        "assumptions": assumptions(whole_test),
        "covariates": [name for name in plan.columns if name not in term],
        "variants": found.variants,
        "caveats": found.caveats,
        "groups": group_means(measured, level_counts(design, term)),
        "mde": smallest_term(whole_test),
        "p_judged": whole["p"],
        "p_judged_by": "primary",
    }
    if design.by is not None:
        result.update(by=design.by, strata=simple_effects(design, tested))
    return result


def has_far_errors(design, y):
    """Whether a mean square would hang on a few rows: the outcome, and what main effects and blocks leave of it, have
    strong skew or far outliers."""
    if not is_heavy(y):
        return False
    terms = [frozenset([name]) for name in (*design.factors, *design.numbers)]
    too_large = sum(size_of(design, term) for term in terms) * len(y) > MOST_CELLS
    return too_large or is_heavy(model_residuals(design, y, terms))


def ranks_told(plan, by_rank):
    if not by_rank:
        return ""
    name = plan.outcome
    because = f"of {name} only the order counts" if plan.ranked else f"{name} has strong skew or far outliers"
    return f"; of ranks, because {because}"


# ---- the columns of the design ----
def load_design(table, test):
    """The design on the rows that have all columns: {design, y, rows, columns, note, outcome, ranked}. In a shuffled
    table the design stays as it is, and y changes places within its blocks, plots and subjects: so the copy has the
    same balance, and whole subjects that change places do not carry the effect of a condition with them."""
    by, unit = test.get("by") or None, test.get("unit") or None
    clusters = [name for name in test.get("clusters") or [] if name]
    names = list(dict.fromkeys([test["x"], *([by] if by else []), *(test.get("covariates") or [])]))
    names = [name for name in names if name != test["y"]]
    for name in [*names, test["y"], *clusters]:
        if name not in table.position:
            raise NotTestable(f"there is no column {name!r} in the table")
    unit = unit if unit in table.position else None
    if test["x"] == test["y"] or by in (test["x"], test["y"]):
        raise NotTestable("a column is named twice")
    if test["y"] in clusters or test["y"] == unit:
        raise NotTestable(f"{test['y']!r} is a column of the design")
    fixed = {unit, *clusters[:1]}
    for name in (test["x"], by):
        if name is not None and name in fixed:
            raise NotTestable(f"{name!r} is the block or the subject, which is held fixed and not tested")
    if unit in clusters:
        clusters = []
    names += [name for name in clusters[1:] if name not in names]
    columns = {name: table.as_read(name) for name in dict.fromkeys([*names, *clusters])}
    response = table.as_read(test["y"])
    if response.levels is not None:
        raise NotTestable(f"the outcome {test['y']!r} must be a number")
    known = np.logical_and.reduce([present(column) for column in (response, *columns.values())])
    rows = table.distinct_rows(np.flatnonzero(known))
    kept, note = frequent_rows(columns, [test["x"], *([by] if by else [])], rows)
    rows = rows[kept]
    if len(rows) < MIN_ROWS:
        raise NotTestable(f"fewer than {MIN_ROWS} complete rows ({len(rows)})")
    labels = {name: np.unique(columns[name].values[rows], return_inverse=True)[1] for name in clusters}
    units = unit_of(table, test, rows) if unit else None
    design = make_design(
        {name: columns[name]._replace(values=columns[name].values[rows]) for name in names if name not in fixed},
        test["x"],
        by,
        block=(clusters[0], labels[clusters[0]]) if clusters else None,
        plots=(" x ".join(clusters), numbered(*labels.values())) if len(clusters) > 1 else None,
        unit=(unit, np.unique(units, return_inverse=True)[1]) if units is not None else None,
        words=table.facts.get("level_order") or {},
    )
    for name in (test["x"], by):
        if name is not None and name in design.factors and len(design.factors[name].levels) > MOST_LEVELS:
            raise NotTestable(f"{name!r} has too many levels ({len(design.factors[name].levels)})")
        if name is not None and name not in design.factors and name not in design.numbers:
            raise NotTestable(f"{name!r} has one value only in the rows that have all columns")
    y = response.values[rows].astype(float)
    if table.protocol.get("shuffle_seed") is not None:
        y = y[nested_order(design, generator("shuffle", table.protocol["shuffle_seed"], test["y"]))]
    if np.ptp(y) == 0:
        raise NotTestable(f"{test['y']!r} has one value only in the rows that have all columns")
    held = [*(name for name in names if name not in fixed), *clusters[:1]]
    about = {"note": note, "outcome": test["y"], "ranked": response.ranked}
    return SimpleNamespace(design=design, y=y, rows=rows, columns=held, **about)


def frequent_rows(columns, names, rows):
    """Which rows have levels of the tested columns that occur often enough, and a note on those that do not."""
    kept, note = np.ones(len(rows), dtype=bool), ""
    for name in names:
        values = columns[name].values[rows]
        distinct, codes, counts = np.unique(values, return_inverse=True, return_counts=True)
        if columns[name].levels is None and len(distinct) > MOST_NUMBERS:
            continue
        rare = counts < FEWEST_PER_LEVEL
        if len(distinct) - rare.sum() < 2:
            raise NotTestable(f"fewer than two levels of {name!r} have {FEWEST_PER_LEVEL} rows")
        kept &= ~rare[codes]
        if rare.any():
            note += f"; {rare.sum()} levels of {name} with fewer than {FEWEST_PER_LEVEL} rows were left out"
    return kept, note


def make_design(columns, x, by=None, block=None, plots=None, unit=None, words=None):
    """The design of columns in the form of `Table.column`: factors and numbers by name, `block` (name, labels) or None,
    and `strata`, the groupings of rows with an error of their own, from the largest to the smallest. `words` has the
    words that stand behind the ranks 1, 2, 3, ... of a column."""
    factors, numbers = {}, {}
    for name, column in columns.items():
        distinct, codes = np.unique(column.values, return_inverse=True)
        if len(distinct) < 2:
            continue
        if column.levels is not None:
            factors[name] = SimpleNamespace(codes=codes, levels=[column.levels[code] for code in distinct])
        elif len(distinct) <= MOST_NUMBERS:
            levels = [number_text(value, (words or {}).get(name)) for value in distinct]
            factors[name] = SimpleNamespace(codes=codes, levels=levels)
        else:
            numbers[name] = column.values.astype(float)
    strata = []
    if plots is not None:
        strata.append(SimpleNamespace(name=plots[0], labels=plots[1], kind="whole plots"))
    if unit is not None:
        strata.append(SimpleNamespace(name=unit[0], labels=unit[1], kind="subjects"))
    design = SimpleNamespace(factors=factors, numbers=numbers, x=x, by=by, block=block, strata=strata)
    if block is not None and plots is None and all(is_constant(design, name, block[1]) for name in (x, by) if name):
        # A treatment of whole blocks: blocks are what was treated.
        design.strata = [SimpleNamespace(name=block[0], labels=block[1], kind="blocks"), *strata]
        design.block = None
    return design


def number_text(value, words=None):
    """A level that is a number as text: the word of that rank, 12 rather than 12.0."""
    if value != int(value):
        return repr(float(value))
    return words[int(value) - 1] if words and 1 <= value <= len(words) else str(int(value))


def numbered(*labels):
    """Consecutive numbers of the combinations of labels."""
    out = np.zeros(len(labels[0]), dtype=np.int64)
    for label in labels:
        out = np.unique(out * (int(label.max()) + 1) + label, return_inverse=True)[1]
    return out


def is_constant(design, name, labels):
    """Whether a column is constant within each group of rows."""
    values = design.factors[name].codes if name in design.factors else design.numbers.get(name)
    return values is None or constant_within(values[:, None].astype(float), labels)


def part_of_design(design, rows):
    """The design of some of the rows; factors keep their levels and lose those that no row has."""
    factors = {}
    for name, factor in design.factors.items():
        used, codes = np.unique(factor.codes[rows], return_inverse=True)
        if len(used) > 1:
            factors[name] = SimpleNamespace(codes=codes, levels=[factor.levels[code] for code in used])
    numbers = {name: values[rows] for name, values in design.numbers.items() if np.ptp(values[rows]) > 0}
    again = lambda labels: np.unique(labels[rows], return_inverse=True)[1]
    return SimpleNamespace(
        factors=factors,
        numbers=numbers,
        x=design.x,
        by=design.by,
        block=design.block and (design.block[0], again(design.block[1])),
        strata=[SimpleNamespace(name=s.name, labels=again(s.labels), kind=s.kind) for s in design.strata],
    )


def nested_order(design, random):
    """Rows in a random order within the design: plots and subjects change places within blocks, rows within these."""
    count = rows_of(design)
    first = [design.block[1]] if design.block is not None else []
    moved = [stratum.labels for stratum in design.strata]
    places = np.lexsort([np.arange(count), *reversed([*first, *moved])])
    turned = [random.permutation(labels.max() + 1)[labels] for labels in moved]
    out = np.empty(count, dtype=np.int64)
    out[places] = np.lexsort([random.random(count), *reversed([*first, *turned])])
    return out


def rows_of(design):
    """The number of rows."""
    held = [*(factor.codes for factor in design.factors.values()), *design.numbers.values()]
    return len(held[0])


# ---- least squares ----
def columns_of_term(design, names):
    """The columns of a term: products of the deviation codes of its factors and of its numbers."""
    out = np.ones((rows_of(design), 1))
    for name in names:
        if name in design.factors:
            factor = design.factors[name]
            piece = deviations(len(factor.levels))[factor.codes]
        else:
            values = design.numbers[name]
            piece = ((values - values.mean()) / values.std())[:, None]
        out = (out[:, :, None] * piece[:, None, :]).reshape(len(out), -1)
    return out


def deviations(count):
    """Deviation codes of so many levels: a row for each."""
    return np.vstack([np.eye(count - 1), -np.ones(count - 1)])


def within_groups(columns, labels):
    """Columns less their means in each group of rows, or in all; what is constant there becomes zero."""
    centred = columns - columns.mean(axis=0)
    if labels is None or not columns.shape[1]:
        return centred
    counts = np.bincount(labels)
    sums = np.column_stack([np.bincount(labels, weights=column, minlength=len(counts)) for column in centred.T])
    left = centred - (sums.reshape(len(counts), -1) / counts[:, None])[labels]
    left[:, (left**2).sum(axis=0) <= 1e-16 * (centred**2).sum(axis=0)] = 0.0
    return left


def all_terms(design, term, order):
    """The terms of the model: numbers, factors, interactions of factors up to an order, and the tested term."""
    factors = sorted(design.factors)
    terms = [frozenset([name]) for name in sorted(design.numbers)]
    for count in range(1, order + 1):
        terms += [frozenset(names) for names in combinations(factors, count)]
    return terms if not term or frozenset(term) in terms else [*terms, frozenset(term)]


def size_of(design, term):
    return int(np.prod([len(design.factors[name].levels) - 1 for name in term if name in design.factors]))


def stacked(design, terms):
    blank = np.zeros((rows_of(design), 0))
    return np.column_stack([blank, *[columns_of_term(design, sorted(term)) for term in terms]])


def term_test(design, y, term):
    """One term tested in its stratum: {F, df1, df2, p, ...}; NotTestable with a reason."""
    for name in term:
        if name not in design.factors and name not in design.numbers:
            raise NotTestable(f"{name!r} has one value only here")
    total, units = len(y), [s for s in design.strata if s.kind == "subjects"]
    if units:
        design, y = one_per_condition(design, y, units[0].labels)
        inside = [name for name in term if not is_constant(design, name, design.strata[-1].labels)]
        found = repeated_test(design, y, term) if inside else None
        if found is not None:
            return finished(found, design, y, term, total)
    failure = None
    for order in range(max(len(design.factors), 1), 0, -1):
        terms = all_terms(design, term, order)
        size = sum(size_of(design, each) for each in terms)
        least = order == 1
        if size * len(y) > MOST_CELLS or (not least and size > MOST_COLUMNS):
            continue
        try:
            found = stratum_test(design, y, term, terms, not least)
        except NotTestable as refusal:
            failure = refusal
            continue
        if found.stratum == "within subjects":
            correct_for_subjects(found, design, y, term)
        return finished(found, design, y, term, total)
    raise failure or NotTestable("the model has too many columns")


def one_per_condition(design, y, labels):
    """Means of rows of one subject in one condition, which are no replicates of the treatment."""
    cells = numbered(labels, *(factor.codes for factor in design.factors.values()))
    if design.block is not None:
        cells = numbered(cells, design.block[1])
    first, counts = np.unique(cells, return_index=True)[1], np.bincount(cells)
    if counts.max() == 1:
        return design, y
    smaller = part_of_design(design, first)
    for name, values in design.numbers.items():
        smaller.numbers[name] = np.bincount(cells, weights=values) / counts
    return smaller, np.bincount(cells, weights=y) / counts


def stratum_test(design, y, term, terms, needs_room):
    """F test of a term against the error of its stratum, by least squares."""
    n, strata = len(y), design.strata
    level = next((at for at, s in enumerate(strata) if all(is_constant(design, name, s.labels) for name in term)), None)
    above = strata[: len(strata) if level is None else level]
    block = design.block[1] if design.block is not None else None
    absorbed, held = (above[-1].labels, block) if above else (block, None)
    if held is not None and constant_within(held[:, None].astype(float), absorbed):
        held = None
    fixed = indicators(held) if held is not None else np.zeros((n, 0))
    contains = [each for each in terms if each >= frozenset(term)]
    before = np.column_stack([fixed, stacked(design, [each for each in terms if each not in contains])])
    base = basis(within_groups(before, absorbed))
    own = columns_of_term(design, term)
    added = residuals(within_groups(own, absorbed), base)
    space = basis(added)
    df1, wanted = space.shape[1], own.shape[1]
    if df1 == 0 or (len(term) == 1 and df1 < wanted):
        raise NotTestable(f"{' x '.join(term)} cannot be told from the other columns of the design")
    full = np.column_stack([before, stacked(design, contains)])
    rest, free, columns = residual_of(y, full, absorbed)
    if needs_room and (columns + 1) * ROWS_PER_COLUMN > n:
        raise NotTestable("too few rows for the interactions")
    square = float(((space.T @ (y - y.mean())) ** 2).sum()) / df1
    if level is None:
        error, df2, note = float(rest @ rest) / free if free > 0 else 0.0, free, ""
    else:
        inner, inner_free, _ = residual_of(y, full, strata[level].labels)
        between, df2 = max(float(rest @ rest - inner @ inner), 0.0), free - inner_free
        error, df2, note = plot_error(between, df2, inner, inner_free, space, full, absorbed, strata[level].labels)
    if df2 < 1:
        raise NotTestable("no degrees of freedom are left for the error: nothing is repeated")
    scale = float(((y - y.mean()) ** 2).sum())
    if not error > 1e-20 * scale:
        raise NotTestable("the columns of the design determine the outcome, so there is no error to test against")
    kind = strata[level].kind if level is not None else WITHIN.get(above[-1].kind, "residual") if above else "residual"
    statistic = square / error
    return SimpleNamespace(
        F=statistic,
        df1=float(df1),
        df2=float(df2),
        p=float(stats.f.sf(statistic, df1, df2)),
        error=error,
        stratum=kind,
        name=strata[level].name if level is not None else above[-1].name if above else None,
        added=added,
        epsilon=None,
        note=note,
        gaps=df1 < wanted,
        terms=terms,
        absorbed=absorbed,
        base=base,
        space=space,
        full=full if level is None else None,
    )


def residual_of(y, columns, labels):
    """(residuals, degrees of freedom left, rank of the columns) given groups of rows."""
    inside = within_groups(y[:, None], labels)[:, 0]
    space = basis(within_groups(columns, labels))
    groups = 1 if labels is None else int(labels.max()) + 1
    return inside - space @ (space.T @ inside), len(y) - groups - space.shape[1], space.shape[1]


def plot_error(between, df, inner, inner_free, space, full, absorbed, labels):
    """(mean square, degrees of freedom, note) of plots or subjects as the error of a term. Where plots differ in size,
    their variance enters the two mean squares with other weights; the error is then a mixture with the residual mean
    square that has the weights of the term, with Satterthwaite's (1946, Biometrics 2) degrees of freedom."""
    if df < 1:
        return 0.0, 0, ""
    mean = between / df
    if inner_free < 1:
        return mean, df, ""
    sums = lambda columns: sum(float((np.bincount(labels, weights=column) ** 2).sum()) for column in columns.T)
    n = len(labels)
    outer = np.zeros(n, dtype=np.int64) if absorbed is None else absorbed
    _, first, pairs = np.unique(np.column_stack([labels, outer]), axis=0, return_index=True, return_counts=True)
    taken = float((pairs**2 / np.bincount(outer)[outer[first]]).sum())
    weight_error = (n - taken - sums(basis(within_groups(full, absorbed)))) / df
    weight_term = sums(space) / space.shape[1]
    share = weight_term / weight_error if weight_error > 1e-9 else 1.0
    if abs(share - 1) < 1e-6:
        return mean, df, ""
    small = float(inner @ inner) / inner_free
    if share > 1 and mean <= small:
        return mean, df, ""
    error = share * mean + (1 - share) * small
    free = error**2 / ((share * mean) ** 2 / df + ((1 - share) * small) ** 2 / inner_free)
    return error, free, "mixed with the residual, because plots differ in size"


def repeated_test(design, y, term):
    """A term that varies within subjects, where each has one value in each condition: the contrasts of conditions of
    each subject against their spread among subjects, with Greenhouse and Geisser's (1959, Psychometrika 24) correction.
    None where the design is not complete."""
    unit = design.strata[-1].labels
    within = [name for name in design.factors if not is_constant(design, name, unit)]
    if design.block is not None and not constant_within(design.block[1][:, None].astype(float), unit):
        return None
    if any(not is_constant(design, name, unit) for name in design.numbers):
        return None
    sizes = [len(design.factors[name].levels) for name in within]
    count, people = int(np.prod(sizes)), int(unit.max()) + 1
    places = np.ravel_multi_index([design.factors[name].codes for name in within], sizes)
    if len(y) != people * count or len(np.unique(unit * count + places)) != len(y):
        return None
    values = np.empty((people, count))
    values[unit, places] = y
    turn = np.ones((1, 1))
    for name, size in zip(within, sizes):
        turn = np.kron(turn, orthogonal_contrasts(size) if name in term else np.full((size, 1), size**-0.5))
    scores = values @ turn
    people_design = part_of_design(design, np.unique(unit, return_index=True)[1])
    outer = [name for name in term if name not in within]
    factors = {name: people_design.factors[name] for name in people_design.factors if name not in within}
    people_design.factors = factors
    people_design.numbers = {name: people_design.numbers[name] for name in people_design.numbers if name in outer}
    for order in range(len(factors), -1, -1):
        found = subjects_test(people_design, scores, outer, order)
        if found is not None:
            break
    else:
        return None
    wide = scores.shape[1]
    statistic, df1, df2 = found.square / found.error, found.df1 * wide, found.df2 * wide
    products = found.rest.T @ found.rest
    epsilon = float(np.trace(products) ** 2 / (wide * (products**2).sum())) if wide > 1 else 1.0
    epsilon = min(max(epsilon, 1 / wide), 1.0)
    return SimpleNamespace(
        F=statistic,
        df1=df1 * epsilon,
        df2=df2 * epsilon,
        p=float(stats.f.sf(statistic, df1 * epsilon, df2 * epsilon)),
        error=found.error,
        stratum="within subjects",
        name=design.strata[-1].name,
        added=None,
        epsilon=epsilon if wide > 1 else None,
        note="",
        gaps=False,
        terms=all_terms(design, term, len(design.factors)),
        people=SimpleNamespace(values=values, within=within, sizes=sizes, model=found.model, free=found.df2),
        full=None,
    )


def correct_for_subjects(found, design, y, term):
    """Where subjects lack values, the degrees of freedom times the epsilon of those that have all, if they are enough."""
    unit = design.strata[-1].labels
    counts = np.bincount(unit)
    rows = np.flatnonzero(counts[unit] == counts.max())
    if len(rows) == len(y) or found.df1 < 2:
        return
    smaller = part_of_design(design, rows)
    if any(name not in smaller.factors and name not in smaller.numbers for name in term):
        return
    complete = repeated_test(smaller, y[rows], term)
    if complete is None or complete.epsilon is None or complete.people.free < 2 * found.df1:
        return
    found.epsilon, found.df1, found.df2 = complete.epsilon, found.df1 * complete.epsilon, found.df2 * complete.epsilon
    found.p = float(stats.f.sf(found.F, found.df1, found.df2))
    found.note = f"epsilon of the {len(rows) // counts.max()} subjects with all values"
    found.full = None


def orthogonal_contrasts(count):
    """Orthonormal contrasts of so many levels (Helmert's)."""
    return np.linalg.qr(np.column_stack([np.ones(count), deviations(count)]))[0][:, 1:]


def subjects_test(design, scores, outer, order):
    """Sums of squares of a term of factors between subjects, the constant among them, in the contrasts of subjects."""
    people = len(scores)
    blank = np.zeros((people, 0))
    if not design.factors and not design.numbers:
        base, space, model = blank, np.full((people, 1), people**-0.5), blank
    else:
        terms = all_terms(design, outer, order)
        stack = lambda chosen: np.column_stack([blank, *[columns_of_term(design, sorted(each)) for each in chosen]])
        model = basis(stack(terms))
        if outer:
            base = basis(stack([each for each in terms if not each >= frozenset(outer)]))
            space = basis(residuals(columns_of_term(design, outer), base))
        else:
            space = np.full((people, 1), people**-0.5)
    centred = scores - scores.mean(axis=0)
    rest = centred - model @ (model.T @ centred)
    free, df1 = people - 1 - model.shape[1], space.shape[1]
    if free < 1 or df1 == 0:
        return None
    wide = scores.shape[1]
    square = float(((space.T @ scores) ** 2).sum()) / (df1 * wide)
    error = float((rest**2).sum()) / (free * wide)
    return SimpleNamespace(square=square, error=error, df1=df1, df2=free, rest=rest, model=model)


# ---- what a result says ----
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


def finished(found, design, y, term, total):
    """A tested term with its adjusted means."""
    if not np.isfinite(found.F) or not found.error > 1e-20 * float(((y - y.mean()) ** 2).sum()):
        raise NotTestable("the columns of the design determine the outcome, so there is no error to test against")
    found.n, found.term, found.design, found.y = total, term, design, y
    found.levels = design.factors[term[0]].levels if term[0] in design.factors else None
    found.means = found.spread = found.slope = None
    if len(term) == 1 and found.levels is None:
        scale = design.numbers[term[0]].std()
        column = found.added[:, 0]
        found.slope = float(column @ y) / float(column @ column) / scale
        found.spread = np.sqrt(found.error / float(column @ column)) / scale
    elif len(term) == 1 and found.added is not None:
        codes, turn = design.factors[term[0]].codes, deviations(len(found.levels))
        inverse = np.linalg.pinv(found.added)
        beta = inverse @ (y - y.mean())
        found.means = y.mean() + (turn - turn[codes].mean(axis=0)) @ beta
        covariance = found.error * turn @ (inverse @ inverse.T) @ turn.T
        variances = np.diag(covariance)
        found.spread = np.sqrt(np.maximum(variances[:, None] + variances[None, :] - 2 * covariance, 0.0))
    elif len(term) == 1:
        found.means, found.spread = means_within_subjects(found, term[0])
    found.sign = 0
    if size_of(design, term) == 1 and not found.gaps:
        found.sign = sign_of(found, design, y, term)
    return found


def means_within_subjects(found, name):
    """Means of levels within subjects, and the errors of their differences, each from the subjects' own differences."""
    people = found.people
    shape = people.values.reshape([len(people.values), *people.sizes])
    axis = people.within.index(name) + 1
    table = np.moveaxis(shape, axis, 1).reshape(len(shape), people.sizes[axis - 1], -1).mean(axis=2)
    count = table.shape[1]
    errors = np.zeros((count, count))
    for a, b in combinations(range(count), 2):
        gap = table[:, a] - table[:, b]
        gap = gap - gap.mean()
        rest = gap - people.model @ (people.model.T @ gap)
        errors[a, b] = errors[b, a] = np.sqrt(float(rest @ rest) / people.free / len(table))
    return table.mean(axis=0), errors


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


def sign_of(found, design, y, term):
    """The sign of a term with one degree of freedom: the second level less the first, or of the product."""
    if found.slope is not None:
        return 1 if found.slope >= 0 else -1
    if found.means is not None:
        return 1 if found.means[1] >= found.means[0] else -1
    if found.added is not None:
        return 1 if float(found.added[:, 0] @ y) >= 0 else -1
    own = columns_of_term(design, term)[:, 0]
    return 1 if float(own @ (y - y.mean())) >= 0 else -1


def estimate_part(design, y, term, mask, by_rank, found=None):
    """E of some of the rows, or None where they lack a level or leave nothing to test."""
    if found is None:
        if mask.sum() < MIN_ROWS:
            return None
        smaller = part_of_design(design, np.flatnonzero(mask))
        for name in term:
            there = smaller.factors.get(name)
            if name in design.factors and (there is None or len(there.levels) < len(design.factors[name].levels)):
                return None
        try:
            found = term_test(smaller, y[mask], term)
        except (NotTestable, ArithmeticError, ValueError):
            return None
    return {
        "n": found.n,
        "statistic": found.F,
        "p": found.p,
        "effect": term_effect(found, by_rank),
        "direction": direction_of_term(found),
        "units": None if by_rank else term_units(found),
    }


def direction_of_term(found):
    if found.slope is not None:
        return "+" if found.slope >= 0 else "-"
    return found.levels[int(np.argmax(found.means))] if found.means is not None else None


def term_effect(found, by_rank=False):
    """The partial correlation of one column, or the root of the partial eta squared of several, with an interval that
    leaves out 0 exactly where p is below .05."""
    if found.sign:
        r = found.sign * np.sqrt(found.F / (found.F + found.df2))
        ends = r_interval(float(r), found.sign * np.sqrt(found.F), found.df2)
        return effect("partial_rho" if by_rank else "partial_r", float(r), ends["low"], ends["high"])
    share = lambda size: float(np.sqrt(size / (size + found.df1 + found.df2)))
    value = float(np.sqrt(found.df1 * found.F / (found.df1 * found.F + found.df2)))
    low, high = noncentral_f_interval(found.F, found.df1, found.df2)
    if low == 0 and found.p < 0.05:
        # F has one side only: between p of .025 and of .05 the lower end is that of one side.
        cdf = lambda size: special.ncfdtr(found.df1, found.df2, size, found.F)
        low = max(noncentrality(cdf, 0.95, found.F * found.df1, found.df1, found.df2), 1e-9)
    return effect("partial_v", value, min(share(low), value), max(share(high), value))


def term_units(found):
    """The effect in units of the outcome: the difference of two levels, or the slope of a number."""
    method = TEST_NAME.format(stratum=found.stratum).replace("stats.f", "stats.t")
    half = stats.t.isf(0.025, found.df2)
    if found.slope is not None:
        name, value, half, contrast = "slope", found.slope, half * found.spread, None
    elif found.means is not None and len(found.means) == 2:
        top = int(np.argmax(found.means))
        name, value, half = "mean_difference", abs(found.means[1] - found.means[0]), half * found.spread[0, 1]
        contrast = {"level": found.levels[top], "reference": found.levels[1 - top]}
    else:
        return None
    if not (np.isfinite(value) and np.isfinite(half)):
        return None
    ends = {"value": float(value), "ci_low": float(value - half), "ci_high": float(value + half), "ci_level": 0.95}
    return {"name": name, "contrast": contrast, "method": method, **ends}


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


def smallest_term(found):
    """The smallest partial correlation that the test finds with 80 % power at .05."""
    limit = stats.f.isf(0.05, found.df1, found.df2)
    size = noncentrality(lambda s: special.ncfdtr(found.df1, found.df2, s, limit), 0.2, 10.0, found.df1, found.df2)
    name = "partial_r" if found.sign else "partial_v"
    return smallest(name, float(np.sqrt(size / (size + found.df1 + found.df2))))


def degrees(value):
    return f"{value:.0f}" if abs(value - round(value)) < 1e-6 else f"{value:.1f}"


def reason(design, term, found):
    """One sentence on the term, the rest of the model and the error."""
    what = f"main effect of {term[0]}"
    if len(term) == 2:
        what = f"interaction of {term[0]} and {term[1]}, given each of them"
    given = [name for name in (*sorted(design.factors), *sorted(design.numbers)) if name not in term]
    if design.block is not None:
        given.append(f"the blocks ({design.block[0]})")
    what += f"{' and ' if len(term) == 2 else ', given '}{', '.join(given)}" if given else ""
    if any(len(each) > 1 for each in found.terms if each != frozenset(term)):
        what += ", in a model with the interactions of the factors"
    against = {
        "residual": "the residual mean square",
        "whole plots": f"the mean square of whole plots ({found.name})",
        "subplots": f"the residual mean square within whole plots ({found.name})",
        "subjects": f"the mean square of subjects ({found.name}) within groups",
        "within subjects": f"the mean square of its interaction with the subject ({found.name})",
        "blocks": f"the mean square of blocks ({found.name}) that were treated alike",
    }[found.stratum]
    text = f"{what}, against {against}"
    text += f" ({degrees(found.df1)} and {degrees(found.df2)} degrees of freedom"
    text += f", Greenhouse-Geisser epsilon {found.epsilon:.2f})" if found.epsilon is not None else ")"
    if found.note:
        text += f", {found.note}"
    if not is_balanced(design):
        text += "; the design is not balanced, so sums of squares are of type II"
    if found.gaps:
        text += "; some combinations of levels have no rows"
    return text


def is_balanced(design):
    """Whether all combinations of levels, blocks and plots have as many rows."""
    if not design.factors:
        return True
    codes = [factor.codes for factor in design.factors.values()]
    counts = np.bincount(numbered(*codes))
    if len(counts) < np.prod([len(factor.levels) for factor in design.factors.values()]):
        return False
    groups = ([design.block[1]] if design.block is not None else []) + [s.labels for s in design.strata]
    return bool(np.ptp(counts) == 0 and all(np.ptp(np.bincount(labels)) == 0 for labels in groups))


def model_residuals(design, y, terms):
    """Residuals of the whole model, within the smallest plots or subjects."""
    labels = design.strata[-1].labels if design.strata else design.block[1] if design.block is not None else None
    columns = stacked(design, terms)
    block = design.block[1] if design.strata and design.block is not None else None
    if block is not None and not constant_within(block[:, None].astype(float), labels):
        columns = np.column_stack([columns, indicators(block)])
    return residual_of(y, columns, labels)[0]


def assumptions(found):
    """Checks of the residuals: normal, as widely spread in all cells, and sphericity within subjects."""
    design, y = found.design, found.y
    rest = model_residuals(design, y, found.terms)
    out = []
    if len(rest) >= 3 and float(rest @ rest) > 1e-20 * float(((y - y.mean()) ** 2).sum()):
        some = rest[np.linspace(0, len(rest) - 1, min(len(rest), 5000)).astype(int)]
        out.append(checked("residuals are normal", "scipy.stats.shapiro", stats.shapiro(some)))
        if design.factors:
            cells = numbered(*(factor.codes for factor in design.factors.values()))
            pieces = [rest[cells == cell] for cell in range(int(cells.max()) + 1)] if cells.max() < 200 else []
            pieces = [piece for piece in pieces if len(piece) >= 3]
            if len(pieces) >= 2:
                name = "residuals have the same spread in all cells"
                out.append(checked(name, "scipy.stats.levene", stats.levene(*pieces)))
    if found.epsilon is not None:
        name = "differences of conditions have the same spread (corrected for)"
        row = {"name": name, "check": "Greenhouse-Geisser epsilon", "statistic": found.epsilon, "p": None}
        out.append({**row, "holds": bool(found.epsilon > 0.75)})
    return [row for row in out if row is not None]


def checked(name, check, found):
    statistic, p = clean_p(found)
    if p is None:
        return None
    return {"name": name, "check": check, "statistic": statistic, "p": p, "holds": bool(p >= 0.05)}


# ---- second looks ----
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


run_battery(PROTOCOL, SimpleNamespace(judge=judge))
