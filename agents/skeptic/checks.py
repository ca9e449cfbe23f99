"""Second looks at one finding of Kosmos, each with an estimate of its own. Run it again with: python script.py

The parameters are `finding`, a record of findings.json, and `table`, the path of the canonical table. result.json gets
`checks`: for each its name, grounds, `estimate` {n, p, effect, direction}, whether it contradicts the finding, and why.

How much it takes to contradict. A relation that turns round must do so at a level of .01, divided by the number of looks. One
that is gone must not only have p above .05: the interval of its effect must end well below the finding's, so that few rows alone
never make a relation go. Below two thirds, with an estimate below 0.3 of it, where the look uses the finding's own rows and so
shares their noise; below a half where rows were left out. By chance either happens to fewer than one true relation in a thousand.
Effects are slopes of standardised columns, so that leaving out rows does not weaken them by narrowing the range.
"""

import hashlib
import json
from collections import namedtuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from scipy import special, stats

ROWS = 20000  # more are sampled: enough to contradict anything
GROUP_COLUMNS, LEVELS, LEVEL_ROWS = 30, (2, 20), 8
COPIES = 199
TURNED, GONE, INTERVAL = 0.01, 0.05, 0.05
SMALL, FAR_SAME_ROWS, FAR_FEWER_ROWS = 0.3, 2 / 3, 0.5
CLEARLY = 4  # times the level, where a p of the same effect must say it alone
INFLUENTIAL = 0.05  # the largest share of rows that is left out as influential
RANK_TESTS = ("spearman", "mannwhitney", "kruskal", "wilcoxon", "partial correlation of ranks")

# Numbers have float values, with NaN for missing; groups have codes into their levels, with -1 for missing.
Column = namedtuple("Column", "name values levels")


class CannotLook(Exception):
    """These checks make no sense for this finding; the message says why."""


# ---- the table ----


class Table:
    """Columns of the canonical table, each read when it is asked for."""

    def __init__(self, path):
        self.file = pq.ParquetFile(path)
        schema = self.file.schema_arrow
        self.places = {name: place for place, name in enumerate(schema.names)}
        self.facts = json.loads((schema.metadata or {}).get(b"kosmos", b"{}"))
        self.known = {}

    def column(self, name):
        if name not in self.places:
            raise CannotLook(f"the table has no column `{name}`")
        if name not in self.known:
            # By position, so that a dot in a name is not taken for a nested field.
            self.known[name] = read(name, self.file.reader.read_column(self.places[name]))
        return self.known[name]

    def groups(self):
        """Names of the columns that hold groups: text, and no identifiers or free text."""
        roles = self.facts.get("roles") or {}
        numbers = [
            field.name for field in self.file.schema_arrow if is_number(field.type) or pa.types.is_temporal(field.type)
        ]
        return [
            name
            for name in self.places
            if name not in numbers and roles.get(name, "categorical") in ("categorical", "binary")
        ]


def is_number(kind):
    return pa.types.is_floating(kind) or pa.types.is_integer(kind)


def read(name, array):
    if pa.types.is_temporal(array.type):
        array = array.cast("timestamp[us]").cast("int64").cast("float64")
    if is_number(array.type):
        values = array.cast("float64").to_numpy(zero_copy_only=False).astype(float)
        return Column(name, np.where(np.isfinite(values), values, np.nan), None)
    words = array.cast("string").to_pylist()
    levels = sorted({word for word in words if word is not None})
    code = {level: place for place, level in enumerate(levels)}
    return Column(name, np.array([code.get(word, -1) for word in words], dtype=np.int64), levels)


def filled(column):
    return column.values >= 0 if column.levels is not None else ~np.isnan(column.values)


def take(column, rows):
    """The column at some rows, without levels that none of them has."""
    if column.levels is None:
        return column._replace(values=column.values[rows])
    used, codes = np.unique(column.values[rows], return_inverse=True)
    return Column(column.name, codes, [column.levels[code] for code in used])


def indicators(codes):
    """0/1 columns of all levels but the first."""
    used = np.unique(codes)
    return (codes[:, None] == used[None, 1:]).astype(float)


def generator(*key):
    digest = hashlib.sha256(json.dumps(key).encode()).digest()
    return np.random.default_rng(np.frombuffer(digest, dtype=np.uint32))


# ---- a relation, and how strong it is on some rows ----


def basis(columns):
    """Orthonormal basis of centred columns; what is constant or repeated among them falls away."""
    centred = columns - columns.mean(axis=0)
    size, scale = np.sqrt((columns**2).sum(axis=0)), np.sqrt((centred**2).sum(axis=0))
    centred = centred[:, scale > 1e-10 * np.maximum(size, 1e-300)]
    if centred.shape[1] == 0:
        return centred
    centred = centred / np.sqrt((centred**2).sum(axis=0))
    if centred.shape[1] == 1:
        return centred
    # By the small product: much faster on many rows, and its coarser limit does no harm here.
    squares, turns = np.linalg.eigh(centred.T @ centred)
    kept = squares > 1e-9 * squares[-1]
    return centred @ (turns[:, kept] / np.sqrt(squares[kept]))


def base_of(given):
    return basis(given) if given.shape[1] else given


def residuals(columns, base):
    """Centred columns without what the basis explains; what it explains wholly becomes zero."""
    centred = columns - columns.mean(axis=0)
    left = centred - base @ (base.T @ centred)
    left[:, (left**2).sum(axis=0) <= 1e-10 * (centred**2).sum(axis=0)] = 0.0
    return left


class Relation:
    """Does x go with y, given other columns? On the rows that have them all.

    `version` is how numbers enter: as they are, by rank, or by normal score.
    """

    def __init__(self, table, finding):
        self.finding, self.kind = finding, finding["kind"]
        self.random = generator("skeptic", finding["id"])
        names = [finding["x"], finding["y"], *(finding.get("covariates") or [])]
        if self.kind in ("stratified", "interaction"):
            names.append(finding["by"])
        columns = [table.column(name) for name in names]
        rows = np.flatnonzero(np.logical_and.reduce([filled(column) for column in columns]))
        if len(rows) > ROWS:
            rows = np.sort(self.random.permutation(rows)[:ROWS])
        for column in columns[:2]:
            # As the tests do: levels of fewer than three rows are left out.
            if column.levels is not None and len(rows):
                rows = rows[np.bincount(column.values[rows])[column.values[rows]] >= 3]
        if len(rows) < 12:
            raise CannotLook(f"only {len(rows)} rows have all of its columns")
        self.rows = rows
        self.x, self.y, *others = [take(column, rows) for column in columns]
        self.ordered_x = self.kind == "dose_response"
        if self.ordered_x and self.x.levels is not None:
            self.x = numbered(self.x)
        self.others = others
        self.unit = self.unit_of(table)
        self.by_rank = any(
            word in f"{finding.get('test')} {finding.get('why')}".lower() for word in (*RANK_TESTS, "on ranks")
        )
        self.version = "rank" if self.by_rank else "linear"
        self.two_levels_y = self.y.levels is not None and len(self.y.levels) == 2
        self.y_code = self.event()
        self.given = np.hstack([self.given_of(column) for column in others]) if others else np.zeros((len(rows), 0))
        self.cache = {}

    def unit_of(self, table):
        name = table.facts.get("unit")
        if not name or name not in table.places:
            return None
        column = table.column(name)
        labels = np.where(filled(column), column.values, np.nan)[self.rows]
        labels = np.where(np.isnan(labels), -1.0 - np.arange(len(labels)), labels)
        labels = np.unique(labels, return_inverse=True)[1]
        return labels if labels.max() + 1 < len(labels) else None

    def event(self):
        """The level of y that directions speak of."""
        if self.y.levels is None:
            return None
        level = self.finding.get("y_level")
        return self.y.levels.index(level) if level in self.y.levels else len(self.y.levels) - 1

    def given_of(self, column):
        if column.levels is not None:
            return indicators(column.values)
        if self.kind == "stratified":
            return indicators(fifths(column.values))
        return standard(column.values)[:, None]

    def side(self, column, version, outcome=False):
        """A column as numbers: one, or indicators of several levels."""
        if column.levels is None:
            return turned(column.values, "rank" if self.ordered_x and not outcome else version)[:, None]
        if len(column.levels) == 2:
            code = self.y_code if outcome else 1
            return (column.values == code).astype(float)[:, None]
        return indicators(column.values)

    def arrays(self, version):
        """(left, right, given): what is related, and what is held fixed."""
        if version not in self.cache:
            left, right, given = self.side(self.x, version), self.side(self.y, version, outcome=True), self.given
            if self.kind == "interaction":
                third = self.others[0]
                main = np.hstack([scaled(left), scaled(self.side(third, version))])
                left = np.hstack([main[:, [i]] * main[:, left.shape[1] :] for i in range(left.shape[1])])
                given = main
            self.cache[version] = left, right, given
        return self.cache[version]

    @property
    def single(self):
        left, right, _ = self.arrays(self.version)
        return left.shape[1] == right.shape[1] == 1

    def way(self, sign):
        """What a direction is called: a sign for a number, the level with more of y for two levels."""
        if self.x.levels is None or self.kind == "interaction":
            return "+" if sign >= 0 else "-"
        return self.x.levels[1 if sign >= 0 else 0]

    def estimate(self, version=None, keep=None, groups=None, own_scale=False, looks=1, right=None):
        """{n, p, effect, direction, high} of the relation, or None where too little varies.

        `keep` are rows, `groups` codes to hold fixed as well; `high` is the far end of the interval of the effect's size, and
        `looks` the number of looks that a change of direction is judged by. `right` are other values of y, of which p and
        effect are asked alone.
        """
        version = version or self.version
        left, outcome, given = self.arrays(version)
        outcome = outcome if right is None else right
        unit = self.unit
        if groups is not None:
            given = np.hstack([given, indicators(groups)])
        if keep is not None:
            left, outcome, given = left[keep], outcome[keep], given[keep]
            unit = None if unit is None else np.unique(unit[keep], return_inverse=True)[1]
        base = self.base(version) if keep is None and groups is None else base_of(given)
        a, b = residuals(left, base), residuals(outcome, base)
        free = len(left) - 1 - base.shape[1]
        if self.single:
            found = one_slope(a[:, 0], b[:, 0], free - 1, unit)
            if found is None:
                return None
            slope, reach, p = found
            scale = self.scale(version) if not own_scale else np.sqrt((a**2).sum() / (b**2).sum())
            if self.two_levels_y and not own_scale:
                # The slope of a probability shrinks where the outcome is rare; relative to its variance it does not.
                scale *= self.spread(version) / ((b**2).sum() / len(b))
            direction = self.way(slope)
            low, high, size = abs(slope - reach) * scale, abs(slope + reach) * scale, float(slope * scale)
        else:
            if unit is not None:
                return None
            found = several(a, b, free, bounded=right is None)
            if found is None:
                return None
            size, high, p = found
            low, direction = high, None if right is not None else self.leading(outcome, left, given, keep, looks)
        return {
            "n": len(left),
            "p": float(p),
            "effect": float(size),
            "direction": direction,
            "high": float(max(low, high)),
        }

    def base(self, version):
        if ("base", version) not in self.cache:
            self.cache["base", version] = base_of(self.arrays(version)[2])
        return self.cache["base", version]

    def scale(self, version):
        """What makes a slope one of standardised columns."""
        key = ("scale", version)
        if key not in self.cache:
            left, right, _ = self.arrays(version)
            base = self.base(version)
            a, b = residuals(left, base)[:, 0], residuals(right, base)[:, 0]
            self.cache[key] = float(np.sqrt((a @ a) / (b @ b))) if a @ a > 0 and b @ b > 0 else 1.0
            self.cache["spread", version] = float(b @ b / len(b))
        return self.cache[key]

    def spread(self, version):
        self.scale(version)
        return self.cache["spread", version]

    def leading(self, outcome, left, given, keep, looks):
        """The level with the largest mean (or rate of `y_level`); None where that is another level than the finding's
        and not clearly so."""
        if self.x.levels is None or self.kind == "interaction":
            return None
        wanted = self.finding.get("direction")
        codes = self.x.values if keep is None else self.x.values[keep]
        values = outcome[:, 0] if self.y.levels is None else self.event_rows(keep)
        used = np.unique(codes)
        design = np.hstack([np.ones((len(codes), 1)), indicators(codes), base_of(given)])
        weights, *_ = np.linalg.lstsq(design, values, rcond=None)
        means = np.r_[0.0, weights[1 : len(used)]]
        top = int(np.argmax(means))
        names = [self.x.levels[code] for code in used]
        if wanted not in names or names[top] == wanted:
            return names[top]
        contrast = np.zeros(design.shape[1])
        for place, sign in ((top, 1.0), (names.index(wanted), -1.0)):
            if place:
                contrast[place] = sign
        free = len(values) - np.linalg.matrix_rank(design)
        rest = ((values - design @ weights) ** 2).sum() / max(free, 1)
        error = np.sqrt(max(rest * contrast @ np.linalg.pinv(design.T @ design) @ contrast, 0.0))
        p = float(2 * stats.t.sf(abs(contrast @ weights) / error, free)) if free > 0 and error > 0 else 1.0
        return names[top] if p < TURNED / looks else None

    def event_rows(self, keep):
        flags = (self.y.values == self.y_code).astype(float)
        return flags if keep is None else flags[keep]


def one_slope(a, b, free, unit):
    """(slope, half of its interval, p) of b on a; errors by leaving out one unit at a time where rows repeat units."""
    square = a @ a
    if square <= 0 or b @ b <= 0 or free < 4:
        return None
    slope = a @ b / square
    error = np.sqrt(max(((b - slope * a) ** 2).sum(), 0.0) / free / square)
    if unit is not None:
        own_square, own_product = np.bincount(unit, a * a), np.bincount(unit, a * b)
        rest = square - own_square
        if len(rest) < 5 or (rest <= 1e-12 * square).any():
            return None
        without = (a @ b - own_product) / rest
        error = np.sqrt((len(rest) - 1) / len(rest) * ((without - slope) ** 2).sum())
        free = len(rest) - 1
    p = 2 * stats.t.sf(abs(slope) / error, free) if error > 0 else 0.0
    return slope, stats.t.isf(INTERVAL / 2, free) * error, p


def several(a, b, free, bounded=True):
    """(root of the mean squared canonical correlation, its upper bound if it is wanted, p) by Pillai's trace of two sets of
    columns."""
    a, b = basis(a), basis(b)
    p, q = a.shape[1], b.shape[1]
    if p == 0 or q == 0 or free - max(p, q) < 3:
        return None
    trace, s = float(((a.T @ b) ** 2).sum()), min(p, q)
    m, rest = (abs(p - q) - 1) / 2, (free - p - q - 1) / 2
    df1, df2 = s * (2 * m + s + 1), s * (2 * rest + s + 1)
    statistic = np.inf if trace >= s else (2 * rest + s + 1) / (2 * m + s + 1) * trace / (s - trace)
    size = noncentrality(statistic, df1, df2, INTERVAL / 2) if bounded else 0.0
    return (
        np.sqrt(trace / s),
        max(np.sqrt(trace / s), np.sqrt(size / (size + df1 + df2))),
        stats.f.sf(statistic, df1, df2),
    )


def noncentrality(statistic, df1, df2, share):
    """The noncentrality of an F distribution that has `share` of itself below the statistic."""
    if not np.isfinite(statistic):
        return np.inf
    low, high = 0.0, max(10.0, 2 * statistic * df1)
    if special.ncfdtr(df1, df2, 0.0, statistic) <= share:
        return 0.0
    while special.ncfdtr(df1, df2, high, statistic) > share and high < 1e7:
        high *= 2
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if special.ncfdtr(df1, df2, middle, statistic) > share else (low, middle)
    return high


def turned(values, version):
    """Numbers as they are, by rank, or by normal score (van der Waerden)."""
    if version == "linear":
        return values.astype(float)
    ranks = stats.rankdata(values)
    return ranks if version == "rank" else stats.norm.ppf((ranks - 0.5) / len(ranks))


def standard(values):
    spread = values.std()
    return (values - values.mean()) / (spread if spread > 0 else 1.0)


def scaled(columns):
    return np.column_stack([standard(columns[:, i]) for i in range(columns.shape[1])])


def fifths(values):
    parts = 5 if len(values) >= 100 else 3
    return np.searchsorted(np.unique(np.quantile(values, np.linspace(0, 1, parts + 1)[1:-1])), values, side="right")


def numbered(column):
    try:
        return column._replace(values=np.array([float(level) for level in column.levels])[column.values], levels=None)
    except ValueError:
        raise CannotLook(f"the levels of `{column.name}` are no numbers") from None


# ---- pairs: is the mean difference within pairs other than zero? ----


class Pairs:
    """Two numbers of one row, or a number at two levels of x within each unit."""

    single = True

    def __init__(self, table, finding):
        self.finding, self.kind, self.unit, self.others = finding, "paired", None, []
        self.random = generator("skeptic", finding["id"])
        self.x, self.y = table.column(finding["x"]), table.column(finding["y"])
        rows = np.flatnonzero(filled(self.x) & filled(self.y))
        if self.x.levels is None and self.y.levels is None:
            self.rows, self.gaps, self.names = rows, self.y.values[rows] - self.x.values[rows], ("-", "+")
        else:
            self.pair_up(table, rows)
        if len(self.gaps) < 12:
            raise CannotLook(f"there are only {len(self.gaps)} whole pairs")
        self.by_rank = "wilcoxon" in str(finding.get("test"))
        self.version = "rank" if self.by_rank else "linear"

    def pair_up(self, table, rows):
        unit = table.facts.get("unit")
        if self.x.levels is None or self.y.levels is not None or not unit or unit not in table.places:
            raise CannotLook("the table does not say which rows are a pair")
        who, codes = table.column(unit).values[rows], np.unique(self.x.values[rows], return_inverse=True)[1]
        order = np.lexsort((codes, who))
        who, codes, rows = who[order], codes[order], rows[order]
        starts = np.flatnonzero(np.r_[True, who[1:] != who[:-1]])
        sizes = np.diff(np.r_[starts, len(who)])
        good = [s for s, size in zip(starts, sizes) if size == 2 and codes[s] == 0 and codes[s + 1] == 1]
        self.rows = rows[np.array(good, dtype=np.int64)]
        values = self.y.values
        self.gaps = values[rows[np.array(good, dtype=np.int64) + 1]] - values[self.rows]
        self.names = tuple(take(self.x, rows).levels)

    def way(self, sign):
        return self.names[1 if sign >= 0 else 0]

    def estimate(self, version=None, keep=None, groups=None, own_scale=False, looks=1, right=None):
        gaps = self.gaps if keep is None else self.gaps[keep]
        spread = gaps.std(ddof=1) if own_scale else self.gaps.std(ddof=1)
        if groups is not None or len(gaps) < 8 or np.ptp(gaps) == 0:
            return None
        error, free = gaps.std(ddof=1) / np.sqrt(len(gaps)), len(gaps) - 1
        mean, reach = gaps.mean(), stats.t.isf(INTERVAL / 2, free) * error
        if (version or self.version) == "linear":
            p = stats.ttest_1samp(gaps, 0.0).pvalue
        elif version == "normal":
            # Only the signs: the one test of pairs that no size of a difference can sway.
            up, moved = int((gaps > 0).sum()), int((gaps != 0).sum())
            p, mean = stats.binomtest(up, moved).pvalue, (2 * up / moved - 1) * spread
        else:
            p = stats.wilcoxon(gaps).pvalue
            mean = np.median(gaps[:2000, None] + gaps[None, :2000]) / 2  # of Hodges and Lehmann
        far = max(abs(mean - reach), abs(mean + reach)) / spread
        return {
            "n": len(gaps),
            "p": float(p),
            "effect": float(mean / spread),
            "direction": self.way(mean),
            "high": float(far),
        }


# ---- the checks ----


class Looks:
    """All second looks at a finding."""

    def __init__(self, table, relation):
        self.table, self.relation = table, relation
        self.checks, self.skipped = [], []
        self.crude = relation.estimate()
        if self.crude is None:
            raise CannotLook("too little varies on the rows that have all of its columns")
        said = relation.finding.get("direction")
        self.said = said or self.crude["direction"]
        if self.crude["p"] > 0.05 or (said and self.crude["direction"] not in (None, said)):
            raise CannotLook(
                "done again by simpler means it does not come out alike, so that nothing can be held against it"
            )

    def skip(self, check, why):
        self.skipped.append({"check": check, "why": why})

    def add(self, check, grounds, name, where, found, contradicts, **more):
        """One look. `where` says in words which rows it speaks of, for the sentence."""
        how = contradicts and self.sentence(where, found, contradicts)
        self.checks.append(
            {
                "check": check,
                "grounds": grounds,
                "name": name,
                "estimate": {key: found[key] for key in ("n", "p", "effect", "direction")},
                "contradicts": contradicts or None,
                "statement": how or None,
                **more,
            }
        )

    def sentence(self, where, found, how):
        size = f"a standardised effect of {found['effect']:.2g} (p = {found['p']:.2g}, n = {found['n']})"
        was = f"where the finding has {self.crude['effect']:.2g}"
        if how == "gone":
            return f"{where}, nothing is left of the relation: {size}, {was}."
        if found["direction"] in ("+", "-"):
            return f"{where}, the relation points the other way ({found['direction']}): {size}, {was}."
        return f"{where}, `{found['direction']}` has the most, and not `{self.said}`: {size}, {was}."

    def verdict(self, found, looks, same_rows=True):
        """`turned`, `gone`, or None where the look bears the finding out or cannot tell."""
        if self.said and found["direction"] not in (None, self.said) and found["p"] < TURNED / looks:
            return "turned"
        size = abs(self.crude["effect"])
        small = found["high"] <= (FAR_SAME_ROWS if same_rows else FAR_FEWER_ROWS) * size
        if found["p"] > GONE and small and (not same_rows or abs(found["effect"]) <= SMALL * size):
            return "gone"
        return None

    def groups(self):
        """Within the levels of each group column, and without each of its levels."""
        columns = self.group_columns()
        if not columns:
            self.skip("groups", "the table has no other column of groups")
            return
        looks = sum(1 + len(levels) for _, _, levels in columns)
        for name, column, levels in columns:
            keep = column.values >= 0
            codes = np.where(keep, column.values, 0)
            inside = (
                self.relation.estimate(keep=keep, groups=codes, looks=looks) if self.relation.kind != "paired" else None
            )
            if inside is not None:
                where = f"Within the levels of `{name}`"
                how = self.verdict(inside, looks)
                self.add("within_groups", "confounding", f"within `{name}`", where, inside, how, column=name)
            for code in levels:
                rest = keep & (column.values != code)
                if not self.whole_levels(rest):
                    continue
                found = self.relation.estimate(keep=rest, looks=looks)
                if found is not None:
                    level = column.levels[code]
                    where = f"Without the rows where `{name}` is `{level}`"
                    title, how = f"without `{name}` = `{level}`", self.verdict(found, looks, same_rows=False)
                    self.add(
                        "leave_one_group_out", "group_dependence", title, where, found, how, column=name, level=level
                    )

    def group_columns(self):
        """(name, column on the relation's rows, codes that can be left out) of each column to group by."""
        relation, found = self.relation, []
        taken = {relation.x.name, relation.y.name, *(other.name for other in relation.others)}
        for name in self.table.groups():
            if name in taken:
                continue
            column = self.table.column(name)
            column = Column(name, column.values[relation.rows], column.levels)
            sizes = np.bincount(column.values[column.values >= 0], minlength=len(column.levels))
            if not LEVELS[0] <= (sizes > 0).sum() <= LEVELS[1] or self.is_copy(column):
                continue
            levels = np.flatnonzero((sizes >= LEVEL_ROWS) & (sizes.sum() - sizes >= LEVEL_ROWS))
            if len(levels):
                found.append((name, column, levels))
        if len(found) > GROUP_COLUMNS:
            self.skip("groups", f"only the first {GROUP_COLUMNS} of {len(found)} group columns were looked at")
        return found[:GROUP_COLUMNS]

    def is_copy(self, column):
        """Whether the groups are ranges of x or y, or say nearly all of one: within them it cannot vary."""
        if self.relation.kind == "paired":
            return False
        keep = column.values >= 0
        left, right, _ = self.relation.arrays("linear")
        for side, values in ((self.relation.x, left), (self.relation.y, right)):
            if side.levels is None and is_cut(column.values[keep], side.values[keep]):
                return True
            values = values[keep] - values[keep].mean(axis=0)
            total = (values**2).sum()
            if total > 0 and (residuals(values, basis(indicators(column.values[keep]))) ** 2).sum() < 0.1 * total:
                return True
        return False

    def whole_levels(self, keep):
        """Whether the rows left still have each level of x and y: without one, it is another question."""
        if self.relation.kind == "paired":
            return keep.sum() >= LEVEL_ROWS
        for side in (self.relation.x, self.relation.y):
            if side.levels is not None and np.bincount(side.values[keep], minlength=len(side.levels)).min() < 3:
                return False
        return keep.sum() >= 2 * LEVEL_ROWS

    def alternatives(self):
        """By another test, and without the most influential rows."""
        relation = self.relation
        if relation.x.levels is not None and relation.y.levels is not None and relation.kind != "paired":
            self.reordered()
            return
        other = "normal" if relation.by_rank else "rank"
        name = "by normal scores" if relation.by_rank else "by ranks"
        if relation.kind == "paired" and relation.by_rank:
            name = "by signs alone"
        second = None if relation.kind == "interaction" else relation.estimate(other)
        far = influential(relation)
        keep = np.ones(len(relation.rows), dtype=bool)
        keep[far] = False
        trimmed = relation.estimate(keep=keep, own_scale=True) if len(far) else None
        if second is None:
            product = relation.kind == "interaction"
            self.skip(
                "alternative_test",
                "ranks of a product say nothing of an interaction" if product else "too little varies",
            )
        weak = lambda found: (
            found is not None
            and found["p"] > GONE
            and abs(found["effect"]) <= FAR_FEWER_ROWS * abs(self.crude["effect"])
        )
        both = weak(second) and weak(trimmed)
        if second is not None:
            second["p"] = plain_rank_p(relation, other, second["p"])
            where = f"Done {name}"
            how = self.verdict(second, 2) or ("gone" if both else None)
            self.add("alternative_test", "alternative_test", name, where, second, how)
        if trimmed is None:
            return
        where = f"Without the {len(far)} most influential of {len(keep)} rows"
        how = self.verdict(trimmed, 2) or ("gone" if both else None)
        self.add(
            "without_influential", "outliers", f"without the {len(far)} most influential rows", where, trimmed, how
        )

    def reordered(self):
        """Two groups against y in random orders: no approximation by a distribution is left."""
        relation = self.relation
        if relation.unit is not None:
            self.skip("alternative_test", "rows repeat a unit, and cannot change places")
            return
        left, right, _ = relation.arrays("linear")
        base = relation.base("linear")
        a, b = basis(residuals(left, base)), basis(residuals(right, base))
        size = lambda order: float(((a.T @ b[order]) ** 2).sum())
        order, copies = np.arange(len(a)), 999
        hits = sum(size(relation.random.permutation(order)) >= size(order) * (1 - 1e-12) for _ in range(copies))
        found = {**self.crude, "p": (1 + hits) / (1 + copies)}
        # The effect is the same, so the p alone must say it, and clearly.
        how = "gone" if found["p"] > CLEARLY * GONE else None
        name = f"against {copies} random orders"
        self.add(
            "alternative_test", "alternative_test", name, f"Held against {copies} random orders of the rows", found, how
        )

    def control(self):
        """The same analysis where there is nothing to find: y moved to other rows. It contradicts where it finds something
        far more often than one time in twenty, and the finding is no stronger than what it finds."""
        relation = self.relation
        if relation.kind == "paired":
            self.skip("negative_control", "pairs have no rows that could change places")
            return
        right = relation.arrays(relation.version)[1]
        rest = residuals(right, relation.base(relation.version))
        expected = right - rest
        shuffle, name = shuffler(self.table, relation)
        found = [relation.estimate(right=expected + rest[shuffle()]) for _ in range(COPIES)]
        found = [copy for copy in found if copy is not None]
        if len(found) < 0.9 * COPIES:
            self.skip("negative_control", "too little varies in rows that have changed places")
            return
        hits = sum(copy["p"] <= 0.05 for copy in found)
        strong = np.mean([abs(copy["effect"]) >= abs(self.crude["effect"]) for copy in found])
        estimate = {
            "n": len(rest),
            "p": float(stats.binom.sf(hits - 1, len(found), 0.05)) if hits else 1.0,
            "effect": hits / len(found),
            "direction": None,
        }
        how = "found" if estimate["p"] <= 0.001 and strong > 0.05 else None
        self.add("negative_control", "negative_control", name, "", estimate, None)
        if how:
            self.checks[-1] |= {
                "contradicts": how,
                "statement": f"With {name}, where there is nothing to find, {hits} of {len(found)} copies have p below .05, and "
                f"{strong:.0%} an effect as large as the finding's.",
            }


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


def plain_rank_p(relation, version, p):
    """p by the usual rank test of a group and a number, where nothing is held fixed and no unit repeats."""
    groups = [side for side in (relation.x, relation.y) if side.levels is not None] if relation.kind != "paired" else []
    if (
        version != "rank"
        or len(groups) != 1
        or relation.given.shape[1]
        or relation.unit is not None
        or relation.ordered_x
    ):
        return p
    number = relation.y if relation.x.levels is not None else relation.x
    pieces = [number.values[groups[0].values == code] for code in np.unique(groups[0].values)]
    test = stats.mannwhitneyu(*pieces) if len(pieces) == 2 else stats.kruskal(*pieces)
    return float(test.pvalue)


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


def worst_first(checks):
    """Places of the checks that contradict: what turns round before what is gone, then the clearest."""
    clear = lambda found: (
        found["estimate"]["p"] if found["contradicts"] == "turned" else abs(found["estimate"]["effect"])
    )
    places = [place for place, found in enumerate(checks) if found["contradicts"]]
    return sorted(places, key=lambda place: (checks[place]["contradicts"] != "turned", clear(checks[place]), place))


def look(path, finding):
    result = {"schema": 1, "finding": finding["id"], "crude": None, "checks": [], "skipped": [], "worst": []}
    try:
        if finding["kind"] in ("survival", "custom"):
            raise CannotLook(f"there are no checks for the kind `{finding['kind']}`")
        table = Table(path)
        relation = (Pairs if finding["kind"] == "paired" else Relation)(table, finding)
        looks = Looks(table, relation)
        result["crude"] = {key: looks.crude[key] for key in ("n", "p", "effect", "direction")}
        for check in (looks.groups, looks.alternatives, looks.control):
            check()
        result |= {"checks": looks.checks, "skipped": looks.skipped, "worst": worst_first(looks.checks)}
    except CannotLook as reason:
        result["skipped"] = [{"check": "all", "why": str(reason)}]
    return result


def clean(value):
    """What JSON can say: no NaN, no infinity, no numpy."""
    if isinstance(value, dict):
        return {key: clean(item) for key, item in value.items()}
    if isinstance(value, list):
        return [clean(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not np.isfinite(value) else value


def parameters_of_run():
    """The lab writes them above the script, or into a file beside it."""
    if "PROTOCOL" in globals():
        return globals()["PROTOCOL"]
    with open("parameters.json", encoding="utf-8") as file:
        return json.load(file)


def main():
    parameters = parameters_of_run()
    with np.errstate(all="ignore"):
        result = look(parameters["table"], parameters["finding"])
    with open("result.json", "w", encoding="utf-8") as file:
        json.dump(clean(result), file, indent=1, sort_keys=True, allow_nan=False)
        file.write("\n")


if __name__ == "__main__":
    main()
