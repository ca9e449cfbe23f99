# ---- relation: does x go with y, given other columns, on some rows? ----
import numpy as np
from scipy import stats


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
            return as_version(column.values, "rank" if self.ordered_x and not outcome else version)[:, None]
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
                # As the test does: a bent relation is no interaction.
                bends = [np.ptp(column, axis=0) > 0 and len(np.unique(column)) > 2 for column in main.T]
                given = np.hstack([main, scaled(main[:, bends] ** 2)]) if any(bends) else main
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
        inverse = np.linalg.pinv(design.T @ design)
        if not np.allclose(contrast @ inverse @ (design.T @ design), contrast, atol=1e-6):
            return None  # no row of what is held fixed has both levels, so nothing compares them
        free = len(values) - np.linalg.matrix_rank(design)
        rest = ((values - design @ weights) ** 2).sum() / max(free, 1)
        error = np.sqrt(max(rest * contrast @ inverse @ contrast, 0.0))
        p = float(2 * stats.t.sf(abs(contrast @ weights) / error, free)) if free > 0 and error > 0 else 1.0
        return names[top] if p < TURNED / looks else None

    def event_rows(self, keep):
        flags = (self.y.values == self.y_code).astype(float)
        return flags if keep is None else flags[keep]
