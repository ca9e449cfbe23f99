# ---- identity: relations between columns by construction, each told once, and the pairs that they rule out ----

# Kinds of identities. `pairs` of one are not tested, and none of its columns is held fixed for another.
IDENTITY_KINDS = (
    "copy",  # the same numbers, in another unit too
    "function",  # one is a logarithm, a square, ... of the other
    "near_copy",  # r above .98
    "recode",  # each level of one is one level of the other
    "hierarchy",  # levels that lie within levels
    "level_property",  # a number that each level has one of
    "bins",  # a number cut into ranges
    "flag",  # whether a number is above a limit
    "dummies",  # indicators of the levels of one column
    "sum",  # a sum or a difference of two, a weighted sum
    "change",  # a change and what it was computed from
    "total",  # a sum over three or more
    "part",  # a part of a total of which other parts are not in the table
    "product",  # a product or a ratio
    "share",  # divided by one denominator, in the table or not; k of n
    "percentages",  # columns that add up to a constant in each row
    "lag",  # the rows before, or the change from them
    "running_mean",  # a mean or a sum over rows before
    "duration_event",  # a duration and whether it ended in the event
    "aggregate",  # made of one column over the same rows of another table
    "missing_by_value",  # filled exactly where another column has certain values
)
# Of these, what holds for a and b and for b and c holds for a and c: they tell of one column. Near copies of near
# copies need not be alike.
SAME_COLUMN = {"copy", "function", "lag", "running_mean"}
# What holds for a column and holds for its near copies too.
HELD_BY_STAND_INS = {*SAME_COLUMN, "flag", "bins"}


class Identities:
    """Collects identities, by the places of their columns."""

    def __init__(self, names):
        self.names, self.pairs, self.list = names, {}, []
        # Which columns tell of one column with a column, and which hold its very numbers.
        self.families, self.copies = {}, {}

    def note(self, kind, columns, text, pairs=None):
        """One identity; `pairs` of its columns are not to be tested, all of them where none are given."""
        if kind not in IDENTITY_KINDS:
            raise ValueError(f"{kind!r} is no kind of identity")
        if pairs is None:
            pairs = [(a, b) for place, a in enumerate(columns) for b in columns[place + 1 :]]
        fresh = [pair for pair in pairs if (min(pair), max(pair)) not in self.pairs]
        for a, b in fresh:
            self.pairs[min(a, b), max(a, b)] = (kind, text)
        if fresh:
            self.list.append((kind, list(columns), text))
        if kind in SAME_COLUMN:
            self.join(self.families, columns)
        if kind == "copy":
            self.join(self.copies, columns)

    def has(self, a, b):
        """Whether two columns are ruled out already."""
        return (min(a, b), max(a, b)) in self.pairs

    def kind_of(self, a, b):
        """The kind by which two columns are ruled out, or None."""
        return self.pairs.get((min(a, b), max(a, b)), (None,))[0]

    def join(self, families, columns):
        family = set(columns).union(*(families.get(column, set()) for column in columns))
        for column in family:
            families[column] = family

    def without_copies(self, columns):
        """The columns without those that hold the numbers of an earlier one."""
        return [column for column in columns if column == min(self.copies.get(column, {column}))]

    def close(self):
        """Rule out the pairs of columns that tell of one column by way of a third: what holds for a column holds for
        its copies, and much of it for its near copies."""
        for family in {id(family): family for family in self.families.values()}.values():
            members = sorted(family)
            for place, a in enumerate(members):
                for b in members[place + 1 :]:
                    if not self.has(a, b):
                        others = [c for c in members if c not in (a, b)]
                        between = [c for c in others if self.has(a, c) and self.has(b, c)] or others
                        self.rule_out(a, b, "lag", f"both are made of one column, as {self.names[between[0]]} is")
        near = {column: set(copies) for column, copies in self.copies.items()}
        for (a, b), (kind, _) in self.pairs.items():
            if kind == "near_copy":
                near.setdefault(a, {a}).add(b)
                near.setdefault(b, {b}).add(a)
        near, copies = (
            {column: frozenset(alike) for column, alike in each.items()} for each in (near, self.copies)
        )
        # Each copy of a column leads to the same pairs: those of one are enough.
        done = set()
        for (a, b), (kind, text) in sorted(self.pairs.items()):
            alike = near if kind in HELD_BY_STAND_INS else copies
            left, right = alike.get(a, frozenset((a,))), alike.get(b, frozenset((b,)))
            if (left, right) not in done:
                done.add((left, right))
                for first in sorted(left):
                    for second in sorted(right):
                        if first != second:
                            self.rule_out(first, second, kind, text)

    def rule_out(self, a, b, kind, text):
        self.pairs.setdefault((min(a, b), max(a, b)), (kind, text))

    def tautologies(self):
        """[{x, y, kind, reason}], each pair once, in the order of columns."""
        return [
            {"x": self.names[a], "y": self.names[b], "kind": kind, "reason": reason}
            for (a, b), (kind, reason) in sorted(self.pairs.items())
        ]

    def told(self):
        """[{kind, columns, text}], each identity once, by kind and then in the order of columns; near copies of each
        other together."""
        order = {kind: place for place, kind in enumerate(IDENTITY_KINDS)}
        listed = [item for item in self.list if item[0] != "near_copy"]
        groups = {}
        for kind, columns, _ in self.list:
            if kind == "near_copy":
                self.join(groups, columns)
        for group in {id(group): group for group in groups.values()}.values():
            own = [item for item in self.list if item[0] == "near_copy" and item[1][0] in group]
            if len(group) == 2:
                listed += own
            else:
                shown = shown_names([self.names[i] for i in sorted(group)])
                listed.append(
                    ("near_copy", sorted(group), f"{shown} are near copies, each of at least one other (r above .98)")
                )
        return [
            {"kind": kind, "columns": [self.names[i] for i in columns], "text": text}
            for kind, columns, text in sorted(listed, key=lambda item: (order[item[0]], item[1], item[2]))
        ]


def shown_names(names, most=5):
    """'a, b and c', or the first few and how many more."""
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    return ", ".join(names[:-1]) + f" and {names[-1]}" if len(names) > 1 else names[0]
