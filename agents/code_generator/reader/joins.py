# ---- joins: which tables belong together, by declaration or by what their keys show ----
import difflib

import numpy as np

WAYS = ("left", "inner", "full")


class Join:
    """A join of two tables on columns of each, `on` as [[left, right], ...]."""

    def __init__(self, left, right, on, match, evidence, sure, how="left", aggregate=None, declared=False):
        self.left, self.right, self.on, self.match = left, right, on, match
        self.evidence, self.sure, self.how, self.aggregate, self.declared = evidence, sure, how, aggregate, declared

    def facts(self):
        matched_left, matched_right, lost_left, lost_right = self.match.rows()
        return {
            "left": self.left.name,
            "right": self.right.name,
            "on": self.on,
            "how": self.how,
            "aggregate": self.aggregate,
            "declared": self.declared,
            "cardinality": self.match.cardinality,
            "matched_left": matched_left,
            "matched_right": matched_right,
            "lost_left": lost_left,
            "lost_right": lost_right,
            "evidence": self.evidence,
            "sure": self.sure,
            "left_out": [],
        }

    def partner(self, table):
        return self.right if table is self.left else self.left

    def is_single(self, table):
        """True where each value of the key is in one row of the table."""
        return self.match.left_unique if table is self.left else self.match.right_unique

    def keys(self, table):
        return [pair[0 if table is self.left else 1] for pair in self.on]


def find_joins(tables, asked_across):
    """(joins that the values and names show, why others are none) between all tables."""
    found, refused = [], []
    keys = {}
    for table in tables:
        keys[table.name], cut = key_columns(table)
        if cut:
            reason = f"of {table.name}, the {KEY_COLUMNS} likeliest columns were looked at as keys"
            refused.append({"left": table.name, "right": None, "reason": reason})
    for place, left in enumerate(tables):
        for right in tables[place + 1 :]:
            best, reasons = find_key(left, right, keys, asked_across(left, right))
            if best is None:
                reason = "; ".join(reasons[:4]) or "no column of one has the values of a column of the other"
                refused.append({"left": left.name, "right": right.name, "reason": reason})
                continue
            sure, evidence, match = best
            on = [[a.name, b.name] for a, b in match.pairs]
            found.append(Join(left, right, on, match, evidence, sure))
    return found, refused


def declared_joins(tables, declared):
    """The joins that were declared, each checked against the data."""
    by_name = {table.name: table for table in tables}
    return [declared_join(by_name, entry) for entry in declared]


def declared_join(by_name, entry):
    left, right = (declared_table(by_name, entry.get(side), side) for side in ("left", "right"))
    if left is right:
        raise unusable_join(f"the join of {left.name!r} with itself is not done; name two tables")
    how, aggregate = entry.get("how") or "left", entry.get("aggregate")
    if how not in WAYS:
        raise unusable_join(f"the join of {left.name!r} and {right.name!r} is {how!r}; write one of {', '.join(WAYS)}")
    if aggregate is not None and aggregate not in AGGREGATES:
        raise unusable_join(
            f"the join of {left.name!r} and {right.name!r} aggregates by {aggregate!r}; write one of {', '.join(AGGREGATES)}"
        )
    on = [list(pair) if isinstance(pair, (list, tuple)) else [pair, pair] for pair in entry.get("on") or []]
    if not on or any(len(pair) != 2 for pair in on):
        raise unusable_join(
            f"the join of {left.name!r} and {right.name!r} names no columns; write on = [[column of {left.name}, column of {right.name}]]"
        )
    pairs, levels = [], []
    for own, other in on:
        a, b = declared_key(left, own), declared_key(right, other)
        pairs.append((a, b))
        levels.append(declared_spelling(a, b))
    match = KeyMatch(pairs, levels)
    names = " and ".join(
        f"{columns_in_words([pair[side] for pair in on])} of {table.name}" for side, table in ((0, left), (1, right))
    )
    if not match.both.any():
        raise unusable_join(f"no value of {names} agrees; join on columns that hold the same values")
    if not (match.left_unique or match.right_unique):
        raise unusable_join(
            f"{names} repeat on both sides, so that it cannot be told which rows belong together; add a column to `on`, "
            f"such as a date, that makes the rows of {left.name} or of {right.name} unique"
        )
    return Join(left, right, on, match, f"declared; {evidence_of(match)}", 1.0, how, aggregate, True)


def unusable_join(message):
    return Problem("unusable_join", message)


def declared_table(by_name, name, side):
    if name in by_name:
        return by_name[name]
    hint = nearest_column(str(name), list(by_name))
    raise unusable_join(f"there is no table {name!r} ({side} of a join); {hint}the tables are {', '.join(by_name)}")


def declared_key(table, name):
    names = [column["name"] for column in table.columns]
    if name not in names:
        hint = nearest_column(str(name), names)
        some = ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")
        raise unusable_join(f"there is no column {name!r} in {table.name}; {hint}its columns are {some}")
    key = KeyColumn(table, names.index(name))
    if len(key.texts) == 0:
        raise unusable_join(f"the column {name!r} of {table.name} has no values; join on another")
    if key.kind == "number" and not whole_enough(key):
        raise unusable_join(
            f"the numbers of {name!r} of {table.name} have more than 15 digits, which are not told apart as numbers; write a "
            "letter before them in both tables"
        )
    return key


def whole_enough(key):
    values = key.table.arrays[key.position].to_numpy(zero_copy_only=False).astype(float)
    return bool(np.nanmax(np.abs(values)) < WHOLE_LIMIT)


def declared_spelling(a, b):
    """The spelling in which two declared columns agree."""
    if "date" in (a.kind, b.kind) and a.kind != b.kind:
        raise unusable_join(
            f"{a.name!r} of {a.table.name} holds {kind_in_words(a)} and {b.name!r} of {b.table.name} {kind_in_words(b)}, "
            "which cannot agree; join on columns of one kind"
        )
    if a.kind == b.kind:
        return best_spelling(a, b)[0]
    level, *shares = best_spelling(a, b)
    if max(shares) == 0:
        raise unusable_join(
            f"{a.name!r} of {a.table.name} holds {kind_in_words(a)} and {b.name!r} of {b.table.name} {kind_in_words(b)}, and "
            "no value of one is a value of the other; join on columns that hold the same values"
        )
    return level


def kind_in_words(key):
    return {"number": "numbers", "date": "dates", "text": "texts"}[key.kind]


def choose_joins(base, joins):
    """The joins by which tables are reached from `base`, the surest first and those that need no aggregation before
    others, as {table name: (parent, join)} in their order, each table once."""
    reached, tree = [base], {}
    while True:
        open_joins = []
        for place, join in enumerate(joins):
            for table in reached:
                if table in (join.left, join.right) and join.partner(table) not in reached:
                    child = join.partner(table)
                    open_joins.append(
                        (not join.is_single(child), -join.sure, reached.index(table), place, table, child)
                    )
        if not open_joins:
            return tree
        *_, place, parent, child = min(open_joins, key=lambda entry: entry[:4])
        tree[child.name] = (parent, joins[place])
        reached.append(child)


def nearest_column(name, names):
    """A question that names the one of the names that is most like it; empty where none is."""
    folded = {other.casefold(): other for other in names}
    found = difflib.get_close_matches(name.casefold(), folded, 1, 0.75)
    return f"did you mean {folded[found[0]]!r}? " if found else ""


def shortened_list(names, most=12):
    names = list(names)
    return ", ".join(names[:most]) + (", ..." if len(names) > most else "")
