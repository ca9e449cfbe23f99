# ---- place: two columns that say where a row was measured, and whether neighbours on the map are alike ----
# A cubic surface over the two is taken out first; what is left must be alike among nearest neighbours, more than in
# shuffles, and far more than any other two columns could tell.
import numpy as np

NEAREST = 5
MAPPED_ROWS = 2000
MOST_COORDINATES = 10
LATITUDE_WORDS = {"lat", "latitude", "northing", "utmy", "coordy"}
LONGITUDE_WORDS = {"lon", "long", "lng", "longitude", "easting", "utmx", "coordx"}


def find_place(table, measured, spans, in_order):
    """The two columns of coordinates: {columns, evidence, sure}, or None. Rows that follow each other in time go along
    a path in any two columns: of those only names tell a place."""
    rows = np.arange(len(table.picked))
    if len(rows) > MAPPED_ROWS:
        rows = np.sort(np.random.default_rng(19).permutation(len(rows))[:MAPPED_ROWS])
    numbers = [
        i
        for i in measured
        if table.columns[i]["role"] == "numeric"
        and table.names[i] not in spans
        and not np.isnan(table.values(i)[rows]).mean() > 0.2
    ]
    named = named_coordinates(table)
    if named is not None:
        others = [i for i in measured if i not in named]
        alike = study_map(table, named, others, rows)
        names = " and ".join(table.names[i] for i in named)
        told = told_map(alike) if alike else "near rows are no more alike than others"
        ranges = ", ".join(f"{table.columns[i]['min']:.6g} to {table.columns[i]['max']:.6g}" for i in named)
        return {
            "columns": named,
            "evidence": f"{names} hold degrees or metres ({ranges}); {told}",
            "sure": 0.95 if alike else 0.8,
        }
    fine = [i for i in numbers if is_fine(table.values(i)[rows])]
    if in_order or not 2 <= len(fine) <= MOST_COORDINATES or len(numbers) < 4 or len(rows) < 60:
        return None
    # Without names, two columns are a place only where they tell of nearly all others, and no other two do.
    found = []
    for place, first in enumerate(fine):
        for second in fine[place + 1 :]:
            others = [i for i in numbers if i not in (first, second)]
            share = neighbour_shares(table, (first, second), others, rows)[0]
            found.append((float(np.median(share)), float((share >= 0.15).mean()), (first, second)))
    found.sort(reverse=True)
    median, most, pair = found[0]
    if median < 0.25 or most < 0.75:
        return None
    if any(rival > 0.5 * median for rival, _, other in found[1:] if not set(other) & set(pair)):
        return None
    if any(rival > 0.8 * median for rival, _, other in found[1:]):
        return None
    first, second = (rank_scores(table.values(i)[rows]) for i in pair)
    if abs(np.mean(first * second)) > 0.6:
        return None
    alike = study_map(table, list(pair), [i for i in numbers if i not in pair], rows)
    if alike is None or alike["beyond"] < 8 or alike["alike"] < 0.75 * alike["of"]:
        return None
    names = " and ".join(table.names[i] for i in pair)
    return {"columns": sorted(pair), "evidence": f"by {names} as a map, {told_map(alike)}", "sure": 0.8}


def told_map(alike):
    return (
        f"near rows are alike in {alike['alike']} of {alike['of']} columns (mean correlation of a row with its "
        f"{NEAREST} nearest {alike['mean']:.2f}; at most {alike['highest']:.2f} in {SHUFFLES} shuffles)"
    )


def named_coordinates(table):
    """[latitude, longitude] where two columns have such names and values in their range, or None."""
    found = []
    for words, limit in ((LATITUDE_WORDS, 90), (LONGITUDE_WORDS, 360)):
        for index, column in enumerate(table.columns):
            if column["role"] != "numeric" or not set(tokens(column["name"])) & words:
                continue
            low, high = column["min"], column["max"]
            degrees = low is not None and -limit <= low and high <= limit
            metres = low is not None and high > 1000 and bool({"northing", "easting"} & set(tokens(column["name"])))
            if (degrees or metres) and index not in found and column["distinct"] >= 5:
                found.append(index)
                break
    return found if len(found) == 2 else None


def is_fine(values):
    """Whether nearly each row has a value of its own, not in whole numbers."""
    known = values[~np.isnan(values)]
    return len(np.unique(known)) >= max(30, 0.5 * len(known)) and bool((known != np.floor(known)).any())


def neighbour_shares(table, pair, others, rows):
    """(correlation of each column with the mean of its nearest neighbours, scores, neighbours): what a cubic surface
    over the two coordinates leaves of the columns."""
    from scipy.spatial import cKDTree

    places = np.column_stack([table.values(i)[rows] for i in pair])
    known = ~np.isnan(places).any(axis=1)
    places = places[known]
    spread = places.std(axis=0)
    if len(places) < 30 or not (spread > 0).all():
        return np.zeros(len(others)), None, None
    places = (places - places.mean(axis=0)) / spread
    a, b = places.T
    surface = np.column_stack([a**i * b**j for i in range(4) for j in range(4 - i)])
    scores = without_basis(rank_matrix(table, others, rows[known]), surface)
    scores = scores / np.maximum(scores.std(axis=0), 1e-9)
    near = cKDTree(places).query(places, NEAREST + 1)[1][:, 1:]
    return agree_nearby(scores, near), scores, near


def agree_nearby(scores, near):
    around = scores[near].mean(axis=1)
    around = around - around.mean(axis=0)
    size = np.sqrt((around**2).mean(axis=0))
    return (scores * around).mean(axis=0) / np.maximum(size, 1e-9)


def study_map(table, pair, others, rows):
    """How alike near rows are: {mean, alike, of, beyond, highest}, or None where chance would do."""
    others = [i for i in others if abs(largest_correlation(table, i, pair, rows)) < 0.98]
    if not others:
        return None
    seen, scores, near = neighbour_shares(table, pair, others, rows)
    if scores is None:
        return None
    random = np.random.default_rng(23)
    drawn = np.array([agree_nearby(scores[random.permutation(len(scores))], near) for _ in range(SHUFFLES)])
    means = drawn.mean(axis=1)
    beyond = (seen.mean() - means.mean()) / max(means.std(), 1e-9)
    alike = (seen - drawn.mean(axis=0)) / np.maximum(drawn.std(axis=0), 1e-9) >= 4.0
    if beyond < 5 or seen.mean() < 0.15:
        return None
    return {
        "mean": float(seen.mean()),
        "alike": int(alike.sum()),
        "of": len(seen),
        "beyond": float(beyond),
        "highest": float(means.max()),
    }


def largest_correlation(table, index, pair, rows):
    scores = rank_scores(table.values(index)[rows])
    return max((np.mean(scores * rank_scores(table.values(i)[rows])) for i in pair), key=abs)
