# ---- rows: the rows of the table that its structure and its identities are looked for in, as numbers and as ranks ----
import numpy as np
import pyarrow as pa

MOST_ROWS = 200_000
# Cells kept as numbers, 320 MB of them: wide tables are looked at in fewer rows.
MOST_CELLS = 40_000_000
FEWEST_ROWS = 10_000
RUN_ROWS = 500
# Cells at chosen rows that are kept, 160 MB of them.
MOST_KEPT = MOST_CELLS // 2
# Rows of a whole column that are looked at together.
ROWS_AT_A_TIME = 1 << 20
# Fewer levels than these are no sample of levels.
FEWEST_CHOSEN = 200
SHUFFLES = 199
SHUFFLED_ROWS = 5000


class TableRows:
    """The columns of the table as float64. Of a table with more than MOST_ROWS rows or MOST_CELLS cells, runs of RUN_ROWS neighbouring
    rows, drawn with a fixed seed and in row order, stand for all: neighbours stay neighbours."""

    def __init__(self, columns, arrays):
        self.columns, self.arrays = columns, arrays
        self.total = len(arrays[0]) if arrays else 0
        self.names = [column["name"] for column in columns]
        most = min(MOST_ROWS, max(FEWEST_ROWS, MOST_CELLS // max(len(arrays), 1)))
        self.whole = self.total <= most
        if self.whole:
            self.picked = np.arange(self.total)
        else:
            starts = np.arange(0, self.total - RUN_ROWS + 1, RUN_ROWS)
            drawn = np.random.default_rng(7).permutation(len(starts))[: most // RUN_ROWS]
            self.picked = (starts[np.sort(drawn)][:, None] + np.arange(RUN_ROWS)).ravel()
        # True where the row before in the table is not the row before here.
        self.breaks = np.r_[True, np.diff(self.picked) != 1] if len(self.picked) else np.zeros(0, bool)
        self.cache, self.chosen, self.kept = {}, {}, {}

    def index(self, name):
        """The place of the column of that name, or None."""
        return self.names.index(name) if name in self.names else None

    def values(self, index):
        """A column on the rows that stand for all; NaN where missing."""
        if index not in self.cache:
            array = self.arrays[index]
            taken = array if self.whole else array.take(pa.array(self.picked))
            self.cache[index] = numbers_or_codes(self.columns[index], taken)
        return self.cache[index]

    def level_texts(self, index):
        """The levels of a column in the order of their codes; empty for numbers."""
        array = self.arrays[index]
        return array.dictionary.to_pylist() if pa.types.is_dictionary(array.type) else []

    def all_values(self, index):
        """A column on every row of the table."""
        return self.values(index) if self.whole else numbers_or_codes(self.columns[index], self.arrays[index])

    def rows_of_levels(self, index, most=MOST_ROWS // 2):
        """Numbers of rows, in order, that stand for a column's levels: all, where they are few; all rows of some
        levels, where levels are many; else, where each level has rows enough anyway, rows of all levels."""
        if (index, most) not in self.chosen:
            self.chosen[index, most] = self.choose_rows(index, most)
        return self.chosen[index, most]

    def choose_rows(self, index, most):
        if self.total <= most:
            return np.flatnonzero(~np.isnan(self.all_values(index)))
        step = int(np.ceil(self.total / most))
        if self.columns[index]["distinct"] < FEWEST_CHOSEN * step:
            every = max(len(self.picked) // most, 1)
            return self.picked[::every][~np.isnan(self.values(index)[::every])]
        array, chosen = self.arrays[index], []
        for start in range(0, self.total, ROWS_AT_A_TIME):
            values = numbers_or_codes(self.columns[index], array.slice(start, ROWS_AT_A_TIME))
            # A multiplicative hash of the value, so that levels are not chosen by their order.
            bits = (values + 0.0).view(np.uint64)
            with np.errstate(over="ignore"):
                some = (bits * np.uint64(0x9E3779B97F4A7C15) >> np.uint64(32)) % np.uint64(step) == 0
            chosen.append(start + np.flatnonzero(some & ~np.isnan(values)))
        return np.concatenate(chosen)

    def values_at(self, index, rows):
        """A column on rows that `rows_of_levels` chose. A column of a large table may have to be read from disk for them:
        it is read once for all rows that were chosen so far."""
        if self.whole:
            return self.values(index)[rows]
        if sum(map(len, self.chosen.values())) * len(self.columns) > MOST_KEPT:
            return numbers_or_codes(self.columns[index], self.arrays[index].take(pa.array(rows)))
        wanted = next(key for key, chosen in self.chosen.items() if chosen is rows)
        if (index, wanted) not in self.kept:
            array = self.arrays[index]
            for key, chosen in self.chosen.items():
                if (index, key) not in self.kept:
                    self.kept[index, key] = numbers_or_codes(self.columns[index], array.take(pa.array(chosen)))
        return self.kept[index, wanted]


def numbers_or_codes(column, array):
    """A column as float64: its numbers, its days since 1970, or the codes of its levels; NaN where missing."""
    if pa.types.is_dictionary(array.type):
        codes = array.indices.to_numpy(zero_copy_only=False).astype(float)
        return np.where(array.is_valid().to_numpy(zero_copy_only=False), codes, np.nan)
    values = array.to_numpy(zero_copy_only=False).astype(float)
    if column.get("moment"):
        # Days since 1970, to the second, so that the difference of two dates is exact.
        origin, step = column["moment"]
        return np.round(values * step + origin) / 86400
    return values


def is_moment(column):
    """Whether a column holds dates or times."""
    return bool(column.get("moment"))


def is_grouped(column):
    """Whether a column holds levels: two, a few, or many words that rows repeat."""
    numbered = column["role"] == "identifier" and column["integer"]
    return not numbered and (
        column["role"] in ("binary", "categorical", "identifier") or bool(column.get("level_order"))
    )


def rank_scores(values):
    """Ranks with mean 0 and variance 1, ties at their middle, 0 where missing. All 0 for a constant."""
    scores = np.zeros(len(values))
    known = ~np.isnan(values)
    if not known.any():
        return scores
    _, place, counts = np.unique(values[known], return_inverse=True, return_counts=True)
    middle = np.cumsum(counts) - (counts - 1) / 2
    found = middle[place] - middle[place].mean()
    spread = found.std()
    if spread > 0:
        scores[known] = found / spread
    return scores


def rank_matrix(table, indices, rows=None):
    """Rank scores of several columns side by side, shape (rows, columns)."""
    pick = (lambda values: values) if rows is None else (lambda values: values[rows])
    if not indices:
        return np.zeros((len(table.picked if rows is None else rows), 0))
    return np.column_stack([rank_scores(pick(table.values(index))) for index in indices])


def level_codes(values):
    """(codes 0, 1, ... with -1 where missing, number of levels)."""
    known = ~np.isnan(values)
    codes = np.full(len(values), -1, dtype=np.int64)
    levels, codes[known] = np.unique(values[known], return_inverse=True)
    return codes, len(levels)


def measured_columns(table, most=60):
    """Places of the columns that vary within things: usable numbers and pairs of levels, dates left out; at most
    `most`, spread over the table."""
    found = [
        index
        for index, column in enumerate(table.columns)
        if column["usable"] and column["role"] in ("numeric", "binary") and not is_moment(column)
    ]
    if len(found) > most:
        found = [found[place] for place in np.linspace(0, len(found) - 1, most).astype(int)]
    return found


def without_levels(scores, codes):
    """Scores less the mean of their level; rows without a level keep theirs."""
    known = codes >= 0
    if not known.any():
        return scores
    counts = np.maximum(np.bincount(codes[known]), 1)
    left = scores.copy()
    for place in range(scores.shape[1]):
        means = np.bincount(codes[known], weights=scores[known, place], minlength=len(counts)) / counts
        left[known, place] -= means[codes[known]]
    return left


def smooth_basis(values, most=8):
    """Columns that span the smooth functions of a number: its cubic, and hinges at quantiles; shape (rows, k)."""
    scores = rank_scores(values) / 1.75
    knots = min(most, int(np.count_nonzero(~np.isnan(values))) // 15)
    hinges = np.quantile(scores, np.linspace(0, 1, knots + 2)[1:-1]) if knots > 0 else []
    parts = [np.ones(len(scores)), scores, scores**2, scores**3]
    return np.column_stack(parts + [np.maximum(scores - hinge, 0.0) ** 3 for hinge in hinges])


def without_basis(scores, basis):
    """Residuals of least squares on the columns of the basis."""
    if not scores.shape[1]:
        return scores
    return scores - basis @ np.linalg.lstsq(basis, scores, rcond=None)[0]
