# ---- looks: the checks themselves, and which of them contradict ----
import numpy as np
from scipy import stats


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
        if not self.crude["p"] <= GONE or (said and self.crude["direction"] not in (None, said)):
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
        return f"{where}, “{found['direction']}” has the most, and not “{self.said}”: {size}, {was}."

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
                where = f"Within the levels of “{name}”"
                how = self.verdict(inside, looks)
                self.add("within_groups", "confounding", f"within “{name}”", where, inside, how, column=name)
            for code in levels:
                rest = keep & (column.values != code)
                if not self.whole_levels(rest):
                    continue
                found = self.relation.estimate(keep=rest, looks=looks)
                if found is not None:
                    level = column.levels[code]
                    where = f"Without the rows where “{name}” is “{level}”"
                    title, how = f"without “{name}” = “{level}”", self.verdict(found, looks, same_rows=False)
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
        self.add("alternative_test", "alternative_test", f"against {copies} random orders", "", found, None)
        if how:
            share = f"{found['p']:.0%} of {copies} random orders of the rows show a relation as strong"
            self.checks[-1] |= {
                "contradicts": how,
                "statement": f"{share}: the finding's p rests on a poor approximation.",
            }

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


def worst_first(checks):
    """Places of the checks that contradict: what turns round before what is gone, then the clearest."""
    clear = lambda found: (
        found["estimate"]["p"] if found["contradicts"] == "turned" else abs(found["estimate"]["effect"])
    )
    places = [place for place, found in enumerate(checks) if found["contradicts"]]
    return sorted(places, key=lambda place: (checks[place]["contradicts"] != "turned", clear(checks[place]), place))
