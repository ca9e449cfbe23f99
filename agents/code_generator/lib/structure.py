# ---- structure: how the rows of the table depend on each other, from what is declared and from the data ----
# Each part is null or {columns, source, evidence, sure}. What is declared counts as it is; names add to what the data
# show, and stand for it only where they come with the shape of a design (a unit whose rows are followed over time).
import numpy as np
from scipy import special

UNIT_WORDS = set(
    """
    subject subj participant patient person individual animal rat mouse dog cow sheep child chick tree plant student
    user customer player country firm company household family litter school twin pair case respondent worker driver
    nation
    """.split()
)
UNIT_KEYS = {"id", "uid", "sid"}
# Keys of what is followed; any other key (nurse_id, product_id) can be that of a lookup.
FOLLOWED_KEYS = UNIT_WORDS | set(
    """
    id record unit volunteer proband donor member athlete pupil learner infant baby newborn mother resident employee
    client bird
    fish calf pig horse cat mice animals patients subjects eye tooth plot tank cage colony nest specimen device machine
    sensor
    """.split()
)
SUBJECTS = [[word] for word in "subject subj participant patient person animal rat mouse child chick pair twin".split()]
# Rows of each level from which on a key is rather one of few things that rows refer to.
ROWS_OF_LOOKUP = 10
# How often rows of a lookup may look alike by chance, over all columns.
ALIKE_BY_CHANCE = 0.01
BLOCK_WORDS = {"block", "blk", "replicate", "rep", "batch", "plate", "run"}
PARTS = ("subject", "clusters", "time", "place", "copies", "assigned", "survival", "at_risk")
FEWEST_TO_HALVE = 20
# Where fewer of the rows are distinct, clusters cannot be told from copies.
FEWEST_DISTINCT = 0.8


def study_structure(columns, arrays, warnings, protocol):
    """Everything of the profile that is about rows and pairs of columns, not about one column."""
    table = TableRows(columns, arrays)
    declared = {key: table.index(name) for key, name in (protocol.get("declared") or {}).items() if name}
    declared = {key: index for key, index in declared.items() if index is not None}
    parts = dict.fromkeys(PARTS)
    copies = find_copies(table)
    many = copies is not None and copies["distinct"] < FEWEST_DISTINCT * copies["rows"]
    if copies is not None:
        parts["copies"] = told_copies(copies, table.whole, many)
    apart = copies["apart"] if copies else None
    survival = find_survival(table)
    spans = set() if survival is None else {table.names[survival["duration"]]}
    if survival is not None:
        parts["survival"] = told_survival(table, survival)
    measured = measured_columns(table, 30)
    # Copies make the levels of any column look alike.
    clusters = [] if many else find_clusters(table)
    named = find_named_unit(table, {cluster["index"] for cluster in clusters})
    subject = choose_subject(table, declared.get("subject"), named, clusters, protocol)
    parts["subject"] = subject and subject["part"]
    rest = [cluster for cluster in clusters if subject is None or cluster["index"] != subject["index"]]
    blocks = find_blocks(table, protocol) if not rest else None
    if rest:
        parts["clusters"] = told_clusters(table, rest, subject)
    elif blocks is not None:
        parts["clusters"] = blocks
    units = units_of(table, subject, rest)
    time = study_time(table, declared.get("time"), subject, spans, measured, apart)
    if blocks is not None and time is not None and time["index"] is None:
        time = None  # neighbours in the file share a block
    parts["time"] = time and time["part"]
    known = {table.names[i] for i in declared.values()} | spans
    unclocked = [i for i in measured if not (time and i == time["index"])]
    place = find_place(table, unclocked, known, time is not None or copies is not None)
    if place is not None and (subject is None or not place_is_of(table, subject["index"], place["columns"])):
        parts["place"] = part([table.names[i] for i in place["columns"]], place["evidence"], place["sure"])
    exposures = [pair for pair in find_exposures(table) if pair["of"] != (survival or {}).get("duration")]
    if exposures:
        parts["at_risk"] = told_exposure(table, exposures[0])
    parts["assigned"] = told_assignment(table, protocol.get("randomised") or [], subject, rest)
    followed = time["index"] if time and time["index"] is not None else None
    unit = None if units is None else table.index(units["column"])
    if units is not None and (
        declared.get("subject") == unit or table.columns[unit]["distinct"] >= FEWEST_LEVELS or named == unit
    ):
        columns[unit].update(role="identifier", usable=False, excluded="names the unit that rows repeat")
    found = find_identities(table, apart, followed, unit, survival, exposures, warnings)
    return {
        "units": units,
        "time": {"column": table.names[followed]} if followed is not None and is_number(columns[followed]) else None,
        "paired": find_pairs(table, unit, found),
        "survival": survival_pairs(table, survival),
        "counts": count_columns(table, exposures),
        "blocks": blocks["columns"] if blocks is not None else [],
        "tautologies": found.tautologies(),
        "identities": found.told(),
        "split": plan_split(units, table.total),
        "structure": parts,
        "copy_sets": copies["labels"] if copies is not None and table.whole else None,
    }


def part(names, evidence, sure, source="inferred", **more):
    """One part of the structure. `more` holds what only this part has."""
    return {"columns": list(names), "source": source, "evidence": evidence, "sure": round(float(sure), 2), **more}


def is_number(column):
    """Whether a column is stored as numbers, by which rows can be put in order."""
    return (
        column["role"] in ("numeric", "identifier")
        and not column["levels"]
        and bool(column["integer"] or is_moment(column) or column["min"] is not None)
    )


def find_named_unit(table, alike):
    """The place of the column that its name and the shape of its repeats tell to be a unit that rows repeat, or None;
    `alike` are the places of the columns whose levels have rows that are alike."""
    candidates = []
    clocks = [i for i, column in enumerate(table.columns) if is_clock(column)]
    for index, column in enumerate(table.columns):
        if column["role"] in ("empty", "constant", "binary", "text") or is_moment(column):
            continue
        whole = column["role"] in ("identifier", "categorical") or column["integer"]
        if not whole or column["distinct"] < 3:
            continue
        values = table.values(index)
        known = values[~np.isnan(values)]
        if len(known) < 8:
            continue
        words = tokens(column["name"])
        named = bool(words) and (words[-1] in UNIT_WORDS | UNIT_KEYS or column["name"].lower() in UNIT_KEYS)
        labels, counts = np.unique(known, return_counts=True)
        if len(labels) < 3 or len(known) < 1.5 * len(labels) or (counts > 1).mean() < 0.5:
            continue
        balanced = counts.max() <= 3 * np.median(counts)
        clocked = any(repeats_over_time(values, table.values(i)) for i in clocks if i != index)
        is_key = bool(words) and words[-1] in UNIT_KEYS and len(words) <= 2
        lookup = len(labels) <= MAX_LEVELS or np.median(counts) > ROWS_OF_LOOKUP
        followed = set(words) - UNIT_KEYS <= FOLLOWED_KEYS or clocked or index in alike
        if is_key and lookup and not followed and not rows_are_alike(table, index):
            continue
        numeric = column["role"] == "numeric"
        # Schools or states with few levels are groups to compare, unless each is followed over time.
        unit_like = (
            clocked or is_key or words[-1:] in SUBJECTS or len(labels) > MAX_LEVELS or counts.min() == counts.max()
        )
        if named and (is_key or not numeric) and (balanced or clocked) and len(labels) >= 5 and unit_like:
            candidates.append((0 if clocked else 1, len(candidates), index))
        elif named and numeric and balanced and len(labels) >= 5 and (clocked or counts.min() == counts.max()):
            candidates.append((1, len(candidates), index))
        elif column["role"] == "categorical" and len(labels) > MAX_LEVELS and clocked:
            candidates.append((2, len(candidates), index))
        elif column["role"] == "identifier" and len(labels) < len(known) and balanced and len(labels) >= 5:
            candidates.append((3, len(candidates), index))
    return min(candidates)[2] if candidates else None


def rows_are_alike(table, index):
    """True where at least one measured column differs between the levels of a column by more than chance."""
    others = [other for other in measured_columns(table, 30) if other != index]
    rows = table.rows_of_levels(index, 20_000)
    codes, _ = level_codes(table.values_at(index, rows))
    for other in others:
        values = table.values_at(other, rows)
        known = ~np.isnan(values)
        if known.sum() < 20:
            continue
        share, p, _ = between_levels(rank_scores(values[known])[:, None], codes[known])
        if p[0] * len(others) < ALIKE_BY_CHANCE and share[0] > LEAST_SHARE:
            return True
    return False


def choose_subject(table, declared, named, clusters, protocol):
    """The column whose values name the things that rows repeat: {index, cluster, part}, or None."""
    by_index = {cluster["index"]: cluster for cluster in clusters}
    if declared is not None:
        column = table.columns[declared]
        filled = table.total - column["missing"]
        repeats = f"{column['distinct']} of them in {filled} rows"
        if declared in by_index:
            repeats += f"; {told_share(table, by_index[declared])}"
        if "subject" in protocol.get("known", ()):
            told = part([table.names[declared]], f"the rows of each were brought together; {repeats}", 0.95)
        else:
            told = part([table.names[declared]], f"declared; {repeats}", 1.0, "declared")
        return {"index": declared, "cluster": by_index.get(declared), "part": told}
    likely = [cluster for cluster in clusters if is_subject(table, cluster)]
    if named is not None:
        column = table.columns[named]
        evidence = f"{column['name']} is named as a unit and has {column['distinct']} values in {table.total - column['missing']} rows"
        sure = 0.75
        if named in by_index:
            evidence, sure = f"{evidence}; {told_share(table, by_index[named])}", 0.97
        return {"index": named, "cluster": by_index.get(named), "part": part([column["name"]], evidence, sure)}
    asked = asked_names(table, protocol)
    likely = [cluster for cluster in likely if cluster["index"] not in asked]
    if not likely:
        return None
    # The finest: what rows repeat. Coarser ones are groups of it.
    cluster = max(likely, key=lambda item: (item["levels"], -item["index"]))
    evidence = told_share(table, cluster)
    return {
        "index": cluster["index"],
        "cluster": cluster,
        "part": part([table.names[cluster["index"]]], evidence, surety(cluster)),
    }


def is_subject(table, cluster):
    """Whether clusters are things that rows repeat, by their number and the rows of each."""
    few = cluster["levels"] <= MAX_LEVELS and table.total > MOST_ROWS_OF_SUBJECT * cluster["levels"]
    return cluster["levels"] >= FEWEST_LEVELS and not few


def asked_names(table, protocol):
    """Places of the columns that the question names, which are to be compared and not to be heeded."""
    words = tokens(protocol.get("question") or "")
    target = table.index(protocol.get("target"))
    found = {target} if target is not None else set()
    for index, name in enumerate(table.names):
        own = tokens(name)
        if own and any(words[place : place + len(own)] == own for place in range(len(words))):
            found.add(index)
    return found


def surety(cluster):
    """How sure it is that levels are clusters: by the share of variance and how many columns tell of it."""
    most = cluster["alike"] / max(cluster["of"], 1)
    return min(0.95, 0.7 + 0.15 * most + min(cluster["share"], 0.5) * 0.2)


def told_share(table, cluster):
    """The evidence for a cluster, in a sentence with figures."""
    name = table.names[cluster["index"]]
    sizes = (
        f"{cluster['smallest']}"
        if cluster["smallest"] == cluster["largest"]
        else f"{cluster['smallest']} to {cluster['largest']}"
    )
    text = (
        f"the {cluster['levels']} levels of {name}, {sizes} rows each, explain {100 * cluster['share']:.0f} % of the "
        f"variance of the other columns on average, in {cluster['alike']} of {cluster['of']} of them beyond chance "
        f"(at most {100 * max(cluster['highest'], 0):.1f} % in shuffles)"
    )
    if cluster["constant"]:
        shown = ", ".join(table.names[i] for i in cluster["constant"][:3])
        more = len(cluster["constant"]) - 3
        shown += f" and {more} more" if more > 0 else ""
        verb = "is" if len(cluster["constant"]) == 1 else "are"
        text += f"; {shown} {verb} the same in all rows of a level"
    return text


def told_clusters(table, clusters, subject):
    """Groups of rows or of subjects, nested or crossed."""
    parts, names = [], [table.names[cluster["index"]] for cluster in clusters]
    for cluster in clusters:
        text = told_share(table, cluster)
        if subject is not None:
            rows = table.rows_of_levels(subject["index"], 20_000)
            own, _ = level_codes(table.values_at(subject["index"], rows))
            theirs, _ = level_codes(table.values_at(cluster["index"], rows))
            name = table.names[subject["index"]]
            if lies_within(own, theirs):
                text += f"; each {name} lies within one of them"
            elif not lies_within(theirs, own):
                text += f"; crossed with {name}"
        parts.append(text)
    return part(names, "; ".join(parts), min(surety(cluster) for cluster in clusters))


def units_of(table, subject, clusters):
    """The unit that tests and the split go by: the subject where rows repeat one, else groups of few levels of which
    another column tells only once each; null where rows stand alone."""
    if subject is not None:
        column = table.columns[subject["index"]]
        if column["distinct"] >= table.total - column["missing"]:
            return None
        return {"column": column["name"], "n_units": int(column["distinct"])}
    few = [cluster for cluster in clusters if cluster["properties"] and cluster["levels"] >= FEWEST_WITH_PROPERTY]
    if not few:
        return None
    column = table.columns[few[0]["index"]]
    return {"column": column["name"], "n_units": int(column["distinct"])}


def find_blocks(table, protocol):
    """Blocks of a designed experiment: a column of blocks, crossed with randomised factors, each combination as often
    as the others. Null where nothing was declared as randomised, unless a name tells of blocks."""
    factors = [
        i
        for i, column in enumerate(table.columns)
        if column["usable"]
        and 2 <= column["distinct"] <= MAX_LEVELS
        and column["distinct"] <= table.total / 4
        and not is_moment(column)
    ]
    told = {table.index(name) for name in protocol.get("randomised") or []}
    if not 2 <= len(factors) <= 8 or table.total > 10_000:
        return None
    codes = {i: level_codes(table.values(i))[0] for i in factors}
    for index in factors:
        named = bool(set(tokens(table.names[index])) & BLOCK_WORDS)
        others = [i for i in factors if i != index and (i in told or (named and not told))]
        if index in told or not others or not (named or told) or table.columns[index]["distinct"] < 3:
            continue
        # One block must hold each combination of the factors as often as any other block does.
        cells = np.zeros(table.total, dtype=np.int64)
        for i in others:
            cells = cells * (int(codes[i].max()) + 1) + np.maximum(codes[i], 0)
        _, cells = np.unique(cells, return_inverse=True)
        held = np.zeros((int(codes[index].max()) + 1, int(cells.max()) + 1))
        np.add.at(held, (codes[index], cells), 1)
        if not (held == held[0, 0]).all() or held[0, 0] == 0:
            continue
        names = " x ".join(table.names[i] for i in others)
        text = (
            f"each of the {len(held)} levels of {table.names[index]} has each of the {held.shape[1]} combinations of {names} "
            f"{int(held[0, 0])} time{'s' if held[0, 0] > 1 else ''}"
        )
        plots = whole_plots(table, index, others, codes)
        columns = [table.names[index]]
        if plots is not None:
            text += (
                f"; within it rows of one {table.names[plots[0]]} are alike (F {plots[1]:.1f}, p {plots[2]:.1g}), as whole "
                f"plots are"
            )
            columns.append(table.names[plots[0]])
        return part(columns, text, 0.85 if told else 0.6)
    return None


def whole_plots(table, block, others, codes):
    """(factor, F, p) where the combinations of block and factor differ more than their rows do: the factor was given to
    whole plots. None where not."""
    numbers = [
        i
        for i in measured_columns(table)
        if table.columns[i]["role"] == "numeric" and i not in others and i != block and table.columns[i]["distinct"] > 8
    ]
    if len(numbers) != 1 or len(others) < 2:
        return None
    y = table.values(numbers[0])
    if np.isnan(y).any():
        return None
    best = None
    for factor in others:
        rest = [i for i in others if i != factor]
        y_left = y[:, None]
        # Treatments and their interaction are taken out, and blocks.
        cells = np.zeros(len(y), dtype=np.int64)
        for i in others:
            cells = cells * (int(codes[i].max()) + 1) + codes[i]
        _, cells = np.unique(cells, return_inverse=True)
        y_left = without_levels(without_levels(y_left, cells), codes[block])
        plots = codes[block] * (int(codes[factor].max()) + 1) + codes[factor]
        _, plots = np.unique(plots, return_inverse=True)
        within = without_levels(y_left, plots)
        b, w = int(codes[block].max()) + 1, int(codes[factor].max()) + 1
        q = int(np.prod([int(codes[i].max()) + 1 for i in rest]))
        free, rest_free = (b - 1) * (w - 1), w * (b - 1) * (q - 1)
        between = float((y_left**2).sum() - (within**2).sum())
        error = float((within**2).sum())
        if free < 1 or rest_free < 5 or error <= 0:
            continue
        ratio = between / free / (error / rest_free)
        p = float(special.fdtrc(free, rest_free, max(ratio, 0.0)))
        if p < 0.005 and (best is None or p < best[2]):
            best = (factor, ratio, p)
    return best


def study_time(table, declared, subject, spans, measured, apart):
    """The time of the rows: {index or None, part}, or None."""
    if declared is not None:
        column = table.columns[declared]
        told = part(
            [column["name"]],
            f"declared; {column['distinct']} moments in {table.total - column['missing']} rows",
            1.0,
            "declared",
        )
        return {"index": declared, "part": told}
    if subject is not None and table.columns[subject["index"]]["distinct"] < table.total:
        found = find_visits(table, subject["index"], spans, measured)
    else:
        found = find_series(table, spans, measured, apart)
    if found is None:
        return None
    names = [] if found["index"] is None else [table.names[found["index"]]]
    return {"index": found["index"], "part": part(names, found["evidence"], found["sure"])}


def place_is_of(table, subject, coordinates):
    """Whether coordinates are a property of the subject, so that they tell it again."""
    rows = table.rows_of_levels(subject, 20_000)
    codes, levels = level_codes(table.values_at(subject, rows))
    return levels < 5 and len(constant_columns(table, rows, codes, coordinates)) == len(coordinates)


def told_copies(copies, whole, many):
    each = (
        f"{copies['smallest']}"
        if copies["smallest"] == copies["largest"]
        else f"{copies['smallest']} to {copies['largest']}"
    )
    equal = "equal on nearly all" if copies["near"] else "equal on all"
    evidence = (
        f"{copies['copied']} of {copies['rows']} rows {'' if whole else 'that were looked at '}are {equal} of {copies['columns']} columns to others, in "
        f"{copies['sets']} sets of {each} rows, which chance does not explain: {copies['distinct']} rows are distinct"
    )
    if many:
        evidence += "; with so many, clusters were not looked for"
    sure = 0.9 if copies["near"] else 0.97
    return part([], evidence, sure, rows=copies["rows"], distinct=copies["distinct"])


def told_survival(table, survival):
    names = [table.names[survival[key]] for key in ("duration", "event", "entry") if survival[key] is not None]
    return part(
        names,
        survival["evidence"],
        survival["sure"],
        duration=names[0],
        event=names[1],
        entry=names[2] if len(names) > 2 else None,
    )


def survival_pairs(table, survival):
    """Durations with an event of two levels, which the test of survival takes."""
    if survival is None or table.columns[survival["event"]]["role"] != "binary":
        return []
    names = {key: table.names[survival[key]] for key in ("duration", "event")}
    return [{**names, "why": "a duration and whether it ended in the event"}]


def count_columns(table, exposures):
    """Counts with what they are out of or in proportion to, each count once with its surest base."""
    found = {}
    for exposure in exposures:
        found.setdefault(exposure["count"], exposure)
    names = table.names
    return [
        {"count": names[count], "of": names[item["of"]], "trials": item["trials"]} for count, item in found.items()
    ]


def told_exposure(table, exposure):
    count, base = table.names[exposure["count"]], table.names[exposure["of"]]
    half = 1.96 * exposure["error"]
    slope = f"{exposure['slope']:.2f} (95 % {exposure['slope'] - half:.2f} to {exposure['slope'] + half:.2f})"
    if exposure["trials"]:
        text = (
            f"{count} is never above {base} and rises in proportion to it (slope of the logarithms {slope}): "
            f"{count} of {base}, {100 * exposure['share']:.0f} % over all"
        )
    else:
        text = f"{count} rises in proportion to {base} (slope of the logarithms {slope}) and scatters as counts do (dispersion {exposure['dispersion']:.1f})"
    return part([base], text, 0.9, counts=[count], trials=exposure["trials"])


def told_assignment(table, names, subject, clusters):
    """The columns that are declared as assigned at random, each with the level that it was assigned to."""
    found = [i for i in (table.index(name) for name in names) if i is not None]
    if not found:
        return None
    texts, levels = [], {}
    groups = ([subject["index"]] if subject is not None else []) + [cluster["index"] for cluster in clusters]
    for index in found:
        values = table.values(index)
        _, counts = np.unique(values[~np.isnan(values)], return_counts=True)
        text = f"{table.names[index]} is declared as randomised"
        if 2 <= len(counts) <= MAX_LEVELS:
            text += f" ({', '.join(str(int(count)) for count in counts)} rows)"
        for group in groups:
            rows = table.rows_of_levels(group, 20_000)
            codes, _ = level_codes(table.values_at(group, rows))
            # Clusters from coarse to fine would do as well: the finest that is constant is what was assigned.
            if group != index and constant_columns(table, rows, codes, [index]):
                text += f" and is the same in all rows of each {table.names[group]}, so it was assigned to {table.names[group]}"
                levels[table.names[index]] = table.names[group]
                break
        texts.append(text)
    return part([table.names[i] for i in found], "; ".join(texts), 1.0, "declared", level=levels)


def plan_split(units, rows):
    """Whether half of the rows, or of the units, is enough to replicate on."""
    if units:
        possible = units["n_units"] >= FEWEST_TO_HALVE
        why = f"{units['n_units']} units of {units['column']}" + (
            "" if possible else f", fewer than {FEWEST_TO_HALVE}: too few to halve"
        )
        return {"by": units["column"], "possible": possible, "why": why}
    return {
        "by": None,
        "possible": rows >= 40,
        "why": f"{rows} rows" + ("" if rows >= 40 else ", fewer than 40: too few to halve"),
    }
