# ---- aggregates: many rows of a table as one row per subject: means, counts, shares, the last, the change ----
import numpy as np
import pyarrow as pa

AGGREGATES = ("count", "mean", "last", "share", "change", "none")
# Levels of which each gets a column with its share.
SHARED_LEVELS = 5


class Derived:
    """A column to be derived: what it is called, by which rule, and from which column."""

    def __init__(self, name, rule, table, column=None, level=None, time=None):
        self.name, self.rule, self.table, self.column = name, rule, table, column
        self.level, self.time = level, time

    def facts(self, on):
        """What a report can say of where the column comes from."""
        origin = self.column["name"] if self.column else None
        return {
            "kind": self.rule,
            "table": self.table.name,
            "column": origin,
            "level": self.level,
            "time": self.time,
            "rule": self.in_words(on),
        }

    def in_words(self, on):
        rows = f"the rows of {self.table.name} with the same {columns_in_words(on)}"
        origin = f"'{self.column['name']}'" if self.column else None
        by = f"by '{self.time}'" if self.time else "in the order of the rows"
        return {
            "count": f"number of {rows}, 0 where there is none",
            "mean": f"mean of {origin} over {rows}",
            "share": f"share of {rows} in which {origin} is {self.level!r}, of those that have a value",
            "last": f"last value of {origin}, {by}, of {rows}",
            "change": f"last less first value of {origin}, {by}, of {rows}",
            "constant": f"{origin}, which is the same in all of {rows}",
        }[self.rule]


def plan_aggregates(table, keys, codes, size, wanted, warnings):
    """(columns to derive, [(column, why it is left out)]) for a table of which the rows of each key become one.

    `codes` has the key of each row, -1 for none, `size` keys in all; `keys` are the positions of the key's columns."""
    time = time_of_rows(table, keys, codes)
    moment = table.columns[time]["name"] if time is not None else None
    if wanted in ("last", "change") and time is None:
        warnings.append(
            f"{table.name} has no column of times by which rows of one key are told apart; the order of its rows stood in "
            "for it"
        )
    several = np.bincount(codes[codes >= 0], minlength=size).max(initial=0) > 1
    derived, left_out = [], []
    if wanted in (None, "count"):
        derived.append(Derived(f"{table.name}: count of rows", "count", table))
    for position, column in enumerate(table.columns):
        name = column["name"]
        if position in keys:
            continue
        why = reason_to_leave(column)
        if why:
            left_out.append((name, why))
            continue
        rules = rules_for(table, position, codes, several, wanted, time is not None)
        if position == time and "last" in rules:
            rules = [rule for rule in rules if rule != "mean"]
        if not rules:
            left_out.append((name, f"'{wanted}' says nothing of it" if wanted else "it has too many levels for shares"))
        for rule in rules:
            if rule == "share":
                levels = table.arrays[position].dictionary.to_pylist()
                shown = [column["yes_level"]] if len(levels) == 2 and column["yes_level"] else sorted(levels)
                derived += [
                    Derived(f"{table.name}: share of {name} = {level[:60]}", "share", table, column, level)
                    for level in shown
                ]
            elif rule == "constant":
                derived.append(Derived(name, "constant", table, column))
            else:
                text = {"mean": "mean of", "last": "last of", "change": "change of"}[rule]
                by = moment if rule in ("last", "change") else None
                derived.append(Derived(f"{table.name}: {text} {name}", rule, table, column, time=by))
    taken = set()
    for item in derived:
        item.name = free_name(item.name, taken)
        taken.add(item.name.casefold())
    return derived, left_out


def reason_to_leave(column):
    if column["role"] in ("empty", "constant"):
        return "it has one value" if column["role"] == "constant" else "it has no values"
    if column["role"] == "identifier":
        return "it names rows"
    if column["role"] == "text" or (not column["usable"] and column["role"] != "categorical"):
        return column["excluded"] or "it is not for tests"
    return None


def rules_for(table, position, codes, several, wanted, timed):
    """By which rules a column becomes one value per key."""
    column, array = table.columns[position], table.arrays[position]
    if wanted == "count":
        return []
    if wanted is None and is_constant_within(column, array, codes):
        return ["constant"]
    grouped = pa.types.is_dictionary(array.type)
    if wanted in ("mean", "change") and not grouped and not column.get("moment"):
        return [wanted]
    if wanted == "mean" and is_flag(array):
        return ["share"]
    if wanted == "last":
        return ["last"]
    few = grouped and 2 <= len(array.dictionary) <= SHARED_LEVELS
    if wanted == "share":
        return ["share"] if few else []
    if wanted is not None:
        return []
    if grouped:
        return ["share"] if few else ["last"] if timed else []
    if column.get("moment"):
        return ["last"]
    return ["mean", "last", "change"] if timed and several else ["mean"]


def is_flag(array):
    return pa.types.is_dictionary(array.type) and set(array.dictionary.to_pylist()) <= {"0", "1"}


def is_constant_within(column, array, codes):
    """True where a column has one value in all rows of each key."""
    values = numbers_or_codes(column, array)
    known = (codes >= 0) & ~np.isnan(values)
    if not known.any():
        return True
    keys, values = codes[known], values[known]
    low, high = np.full(keys.max() + 1, np.inf), np.full(keys.max() + 1, -np.inf)
    np.minimum.at(low, keys, values)
    np.maximum.at(high, keys, values)
    return bool((high <= low)[high > -np.inf].all())


def time_of_rows(table, keys, codes):
    """The position of the column by which the rows of each key follow each other in time, or None."""
    clocks = [
        position
        for position, column in enumerate(table.columns)
        if position not in keys and is_clock(column) and column["role"] not in ("empty", "constant", "identifier")
    ]
    ties = []
    for position in clocks:
        if not is_ordered(table.columns[position], table.arrays[position]):
            continue
        values = numbers_or_codes(table.columns[position], table.arrays[position])
        known = (codes >= 0) & ~np.isnan(values)
        if known.sum() < 2:
            continue
        _, places = np.unique(values[known], return_inverse=True)
        pairs = codes[known] * (places.max() + 1) + places
        ties.append((int((np.diff(np.sort(pairs)) == 0).sum()), not is_moment(table.columns[position]), position))
        if ties[-1][0] == 0:
            return position
    dates = [entry for entry in ties if not entry[1]]
    return min(dates)[2] if dates else None


def is_ordered(column, array):
    """True where the values of a clock have the order of time: numbers, and levels that are numbers."""
    if not pa.types.is_dictionary(array.type):
        return True
    return all(re_number(level) for level in array.dictionary.to_pylist())


def re_number(text):
    return bool(matches(pa.array([text], pa.string()), PLAIN)[0])


def clock_values(column, array):
    """The values of a clock as numbers that grow with time."""
    if pa.types.is_dictionary(array.type):
        numbers = np.append(array.dictionary.cast(pa.float64()).to_numpy(zero_copy_only=False), np.nan)
        return numbers[array.indices.fill_null(-1).to_numpy(zero_copy_only=False)]
    return numbers_or_codes(column, array)


def derive_column(derived, codes, size, rows_in_time):
    """(facts, array) of a derived column with a value per key; `rows_in_time` are the rows in the order of time. What
    its values are like is described once they stand in the view."""
    table, column = derived.table, derived.column
    if derived.rule == "count":
        counts = np.bincount(codes[codes >= 0], minlength=size).astype(float)
        return derived_facts(table.columns[0], derived.name, "count", None), pa.array(counts)
    array = table.arrays[table.names().index(column["name"])]
    if derived.rule in ("last", "constant"):
        rows = last_rows(array, codes, size, rows_in_time)
        return {**column, "name": derived.name}, array.take(pa.array(rows, mask=rows < 0))
    if derived.rule == "share":
        indices = array.indices.fill_null(-1).to_numpy(zero_copy_only=False)
        place = array.dictionary.to_pylist().index(derived.level)
        values = mean_of_keys((indices == place).astype(float), (indices >= 0) & (codes >= 0), codes, size)
        facts = derived_facts(column, derived.name, "proportion", None)
        return facts, pa.array(values, mask=np.isnan(values))
    numbers = array.to_numpy(zero_copy_only=False).astype(float)
    known = ~np.isnan(numbers) & (codes >= 0)
    if derived.rule == "mean":
        values = mean_of_keys(np.where(known, numbers, 0.0), known, codes, size)
    else:
        last = last_rows(array, codes, size, rows_in_time)
        first = last_rows(array, codes, size, rows_in_time[::-1])
        values = np.where((last >= 0) & (first != last), numbers[last] - numbers[first], np.nan)
    facts = derived_facts(column, derived.name, "number", column["unit"])
    return {**facts, "ranked": bool(column.get("ranked"))}, pa.array(values, mask=np.isnan(values))


def mean_of_keys(numbers, known, codes, size):
    keys = codes[known]
    count = np.bincount(keys, minlength=size)
    with np.errstate(invalid="ignore"):
        return np.bincount(keys, weights=numbers[known], minlength=size) / np.where(count > 0, count, np.nan)


def last_rows(array, codes, size, rows_in_time):
    """For each key its last row that has a value, or -1."""
    rows = np.full(size, -1, np.int64)
    filled = array.is_valid().to_numpy(zero_copy_only=False)[rows_in_time]
    rows_in_time = rows_in_time[filled & (codes[rows_in_time] >= 0)]
    # Where a place is given twice, the later counts.
    rows[codes[rows_in_time]] = rows_in_time
    return rows


def order_in_time(table, position):
    """The rows with a time, in its order; all rows as they stand where there is no column of times."""
    if position is None:
        return np.arange(len(table.arrays[0]))
    values = clock_values(table.columns[position], table.arrays[position])
    order = np.argsort(values, kind="stable")
    return order[~np.isnan(values[order])]


def derived_facts(column, name, kind, unit):
    """The description of a column of numbers that comes from `column`."""
    facts = {key: [] if isinstance(value, list) and key != "levels" else None for key, value in column.items()}
    facts.update(name=name, role="numeric", usable=True, missing=0, distinct=0, integer=False, ordinal=False)
    facts.update(type=kind, unit=unit, missing_codes=[], sure=column["sure"], ranked=False)
    return facts


def described_again(column, array, warnings):
    """(facts, array) of a column whose rows were chosen anew; how it was read stays as it was."""
    facts = {**column, "missing": array.null_count, "missing_codes": [], "unread": None, "limits": None}
    if column["role"] in ("identifier", "text") or (column["excluded"] or "").startswith("holds "):
        _, texts, codes = key_values(column, array)
        facts.update(distinct=int(len(np.unique(codes[codes >= 0]))))
        return facts, array
    facts.update(role="empty", usable=False, excluded=None, levels=None, min=None, max=None, mean=None, sd=None)
    facts.update(skew=None, yes_level=None)
    if pa.types.is_dictionary(array.type):
        return described_levels(facts, column, array)
    values = array.to_numpy(zero_copy_only=False).astype(float)
    known = ~np.isnan(values)
    if column.get("moment") and len(np.unique(values[known])) <= 2:
        origin, step = column["moment"]
        kinds = {"month"} if column["type"] == "period" else {"day"}
        facts["moment"] = None
        return describe_dates(facts, values * step + origin, kinds, column["type"] == "datetime", warnings)
    kind = {key: facts[key] for key in ("type", "unit", "ordinal", "level_order", "moment", "ranked")}
    facts, array = describe_numbers(facts, values, warnings, judged=False)
    facts.update(kind)
    if facts["role"] == "binary":
        facts.update(type="binary", moment=None, ranked=False, level_order=None, ordinal=False)
    return facts, array


def described_levels(facts, column, array):
    indices = array.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    counts = np.bincount(indices[indices >= 0], minlength=len(array.dictionary))
    used = np.flatnonzero(counts)
    place = np.full(len(counts) + 1, -1, np.int32)
    place[used] = np.arange(len(used))
    codes = place[indices]
    array = pa.DictionaryArray.from_arrays(pa.array(codes, mask=codes < 0), array.dictionary.take(pa.array(used)))
    levels, rows = array.dictionary.to_pylist(), int(counts.sum())
    facts["distinct"] = len(levels)
    if len(levels) < 2:
        facts.update(role="constant" if levels else "empty", excluded="one value only" if levels else "no values")
        return facts, array
    if len(levels) > MAX_LEVELS:
        facts.update(role="categorical", excluded=f"{len(levels)} levels, more than {MAX_LEVELS}")
        return facts, array
    facts["levels"] = counted(levels, counts[used])
    if len(levels) == 2:
        yes = column["yes_level"] if column["yes_level"] in levels else event_level(levels)
        facts.update(role="binary", usable=True, yes_level=yes)
    elif rows < 4 * len(levels):
        facts.update(role="categorical", excluded=f"{len(levels)} levels for {rows} rows, too few rows per level")
    else:
        facts.update(role="categorical", usable=True)
    return facts, array
