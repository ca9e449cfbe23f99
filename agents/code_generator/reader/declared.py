# ---- declared: what a codebook says of a table and its columns, in force over what the file and its values tell ----
import copy
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

AMOUNTS = ("number", "count", "proportion", "duration")
MOMENTS = ("date", "datetime", "period")
LEVELS_OF_CODES = 1000


def declared_columns(protocol):
    """{name: what the codebook declares of the column}; see CONTRACT.md."""
    return {entry["name"]: entry for entry in protocol.get("codebook") or []}


def describe_as_declared(mine, name, first, array, words, habits, told, warnings):
    """(facts, array) of a column as `describe_column` gives them, where `mine` is the codebook's entry for it or None,
    and `told` what the file itself says. What the values look like counts where neither speaks."""
    texts = {str(code) for code, _ in told.get("levels") or []}
    if mine:
        told, present = with_codebook(told, mine, array, words)
        texts |= present
    held = []
    # Their texts are given up for the values.
    again = copy.copy(words) if mine else None
    facts, column = describe_column(name, first, array, words, habits, told, held)
    if mine and needs_force(facts, mine):
        held = []
        facts, column = describe_by_force(facts, mine, array, again, habits, told, held)
    warnings += held
    mine = mine or {}
    facts["label"] = mine.get("label") or told.get("label") or None
    facts["description"] = mine.get("description") or None
    facts["codes"] = labelled_codes(facts, told)
    facts["declared_role"] = mine.get("role")
    facts["unseen"] = unseen_levels(facts, mine, texts) if mine else []
    facts["source"] = "inferred"
    if habits.typed or told.get("levels") or told.get("missing") or told.get("unit"):
        facts["source"] = "file"
    if any(mine.get(key) for key in ("type", "unit", "levels", "role")):
        facts["source"] = "declared"
    if mine.get("type") and mine["type"] not in (*AMOUNTS, *MOMENTS):
        # How a number or a date is spelled is not declared.
        facts["sure"] = 1.0
    if real_levels(mine) and facts["read_as"]:
        facts["read_as"] = facts["read_as"].replace("that the file declares", "that the codebook declares")
    if mine.get("unit"):
        facts["unit"] = mine["unit"]
    if mine.get("role") == "ignore":
        facts.update(usable=False, excluded="the codebook says to ignore it")
    return facts, column


def labelled_codes(facts, told):
    """Codes with what they stand for, without codes for missing that no row has."""
    unused = set(map(str, told.get("missing") or [])) - {entry["code"] for entry in facts["missing_codes"]}
    pairs = [(str(code), str(label)) for code, label in (told.get("levels") or [])[:LEVELS_OF_CODES]]
    return [{"code": code, "label": label} for code, label in pairs if code != label and code not in unused]


def unseen_levels(facts, mine, texts):
    """Declared levels that neither occur in the file, nor are labelled there, nor are what the column was read as."""
    texts = texts | set(facts["level_order"] or []) | {level["level"] for level in facts["levels"] or []}
    return [entry["code"] for entry in real_levels(mine) if entry["code"] not in texts]


def real_levels(mine):
    return [entry for entry in mine.get("levels") or [] if not entry.get("missing")]


def with_codebook(told, mine, array, words):
    """(what the file says of a column, with what the codebook declares in its place; the codes that occur). Codes are
    spelled as the table has them, so that 1 is also 1.0 and 01."""
    levels = mine.get("levels") or []
    if words is not None:
        present = [text for text, count in zip(words.texts.to_pylist(), words.counts) if count]
    elif pa.types.is_floating(array.type) or pa.types.is_integer(array.type):
        present = [number_text(value) for value in pc.unique(array).to_pylist() if value is not None and value == value]
    else:
        present = [str(value) for value in pc.unique(array).to_pylist() if value is not None]
    spelled_as = {}
    codes = {entry["code"] for entry in levels}
    by_number = {number_or_none(code): code for code in codes if number_or_none(code) is not None}
    for text in present:
        code = text if text in codes else by_number.get(number_or_none(text)) if text and by_number else None
        if code is not None:
            spelled_as.setdefault(code, []).append(text)
    labels = {str(code): label for code, label in told.get("levels") or []}
    missing = [str(code) for code in told.get("missing") or []]
    for entry in levels:
        for text in spelled_as.get(entry["code"], [entry["code"]]):
            missing = [code for code in missing if code != text] + [text] * bool(entry.get("missing"))
            if entry.get("label"):
                labels[text] = entry["label"]
    told = {**told, "levels": [[code, label] for code, label in labels.items()], "missing": missing}
    told["unit"] = mine.get("unit") or told.get("unit")
    return told, set(spelled_as)


def needs_force(facts, mine):
    """Whether the column was read otherwise than the codebook declares."""
    wanted, levels = mine.get("type"), real_levels(mine)
    shown = [entry.get("label") or entry["code"] for entry in levels]
    if {entry["code"] for entry in facts["missing_codes"]} & {entry["code"] for entry in levels}:
        return True
    if wanted is None or facts["role"] in ("empty", "constant"):
        return False
    if wanted == "ordered" and facts["type"] == "ordered":
        return bool(levels) and facts["level_order"] != shown
    # A table has two levels or more, whatever they are called.
    return facts["type"] != wanted and not (facts["role"] == "binary" and wanted in ("binary", *AMOUNTS, *MOMENTS))


def describe_by_force(found, mine, array, words, habits, told, warnings):
    """The column as the declared type; `found` is how it reads without. A column that cannot be of that type is a
    problem of the codebook."""
    # With levels that were missing before, two may be three.
    wanted = mine.get("type") or ("category" if found["type"] == "binary" else found["type"])
    facts, _ = describe_column(
        found["name"], found["first"], pa.nulls(0, pa.float64()), None, habits, {"unit": told.get("unit")}, []
    )
    facts.update(
        role="empty", excluded=None, type=wanted, read_as=None, sure=1.0, missing_codes=[], distinct=0, missing=0
    )
    if words is None:
        words = Words(texts_of_typed(array))
    labelled = wanted not in (*AMOUNTS, *MOMENTS)
    words = with_labels(facts, words, told if labelled else {"missing": told.get("missing")}, warnings)
    if wanted in AMOUNTS:
        found, column = force_amounts(facts, words, habits, warnings)
    elif wanted in MOMENTS:
        found, column = force_moments(facts, words, habits, warnings)
    else:
        found, column = force_words(facts, words, mine, told, habits, warnings)
    if found["role"] not in ("empty", "constant"):
        found["type"] = wanted if mine.get("type") or found["role"] != "binary" else "binary"
    return found, column


def texts_of_typed(array):
    """Values of a typed column as a codebook spells them: 1, not 1.0."""
    array = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
    if pa.types.is_floating(array.type) or pa.types.is_integer(array.type):
        return pa.array(
            [None if value is None or value != value else number_text(value) for value in array.to_pylist()],
            pa.string(),
        )
    return array.cast(pa.string())


def refuse_type(facts, why):
    return Problem(
        "codebook_type", f"the codebook declares the column {facts['name']!r} as {facts['type']}, but {why}"
    )


def force_amounts(facts, words, habits, warnings):
    gone = among(words.texts, AMONG_NUMBERS)
    live = ~gone & (words.counts > 0)
    plain = matches(words.texts, PLAIN) & live
    values = np.full(len(words), np.nan)
    if plain.any():
        numbers = pc.replace_substring_regex(words.texts.filter(pa.array(plain)), r"^\+", "")
        values[plain] = numbers.cast(pa.float64()).to_numpy(zero_copy_only=False)
    say(facts, "numbers, as the codebook declares")
    if not (plain | ~live).all():
        column = NumberColumn(Shapes(words.texts, words.counts * live), live, habits.decimal, facts["name"])
        values = np.where(plain, values, column.values)
        if column.items:
            values = np.where(np.isnan(column.upper), values, (values + column.upper) / 2)
            values = with_limits(facts, words, column, values, warnings)
            facts["unit"] = facts["unit"] or ucum(column.unit)
    fits = ~np.isnan(values)
    if live.any() and not (fits & live).any():
        raise refuse_type(facts, f"none of its cells is a number (such as {words.shown(live, 2)})")
    none = np.zeros(len(words), dtype=bool)
    note_missing(facts, words, gone, none, live & ~fits, warnings)
    kind, ranked = facts["type"], facts["ranked"]
    found, column = describe_numbers(facts, values[words.codes], warnings, judged=False)
    found.update(ranked=ranked)
    if kind == "count" and found["min"] is not None and (found["min"] < 0 or not found["integer"]):
        facts["type"] = kind
        raise refuse_type(facts, "its values are no whole numbers from zero on")
    return found, column


def force_moments(facts, words, habits, warnings):
    gone = among(words.texts, AMONG_NUMBERS)
    live = ~gone & (words.counts > 0)
    none = np.zeros(len(words), dtype=bool)
    wanted = facts["type"]
    say(facts, f"{wanted}s, as the codebook declares" if wanted != "datetime" else "moments, as the codebook declares")
    plain = matches(words.texts, PLAIN) & live
    values = np.full(len(words), np.nan)
    if plain.any():
        numbers = pc.replace_substring_regex(words.texts.filter(pa.array(plain)), r"^\+", "")
        values[plain] = numbers.cast(pa.float64()).to_numpy(zero_copy_only=False)
        whole = (values[plain] == np.floor(values[plain])).all()
        if whole and wanted == "period" and 1000 <= values[plain].min() and values[plain].max() <= 2500:
            note_missing(facts, words, gone, none, live & ~plain, warnings, "year")
            found, column = describe_numbers(facts, values[words.codes], warnings, judged=False)
            found["unit"] = found["unit"] or "a"
            return found, column
        days, told = compact_dates("date", words, plain, values, habits)
        if days is not None:
            note_missing(facts, words, gone, none, live & ~plain, warnings, "date")
            say(facts, told[2])
            return describe_dates(facts, days[words.codes], told[0], told[1], warnings)
    dates = DateColumn(Shapes(words.texts, words.counts * live), live)
    order, evidence, sure = day_order(dates, words, habits) if dates.open else (None, None, True)
    seconds = dates.settle(order, century_of(dates.two_digits)[0])
    fits = ~np.isnan(seconds)
    if live.any() and not (fits & live).any():
        raise refuse_type(facts, f"none of its cells is a date (such as {words.shown(live, 2)})")
    if dates.open and order != "ymd":
        shown = {"mdy": "month/day"}.get(order, "day/month")
        say(facts, f"{shown}, {evidence}" if evidence else f"{shown}, which nothing in the file tells")
    note_missing(facts, words, gone, none, live & ~fits, warnings, "date")
    return describe_dates(facts, seconds[words.codes], dates.kinds, dates.clocked, warnings)


def force_words(facts, words, mine, told, habits, warnings):
    """Levels, levels in their order, names or free text."""
    name, wanted, levels = facts["name"], facts["type"], real_levels(mine)
    order = [entry.get("label") or entry["code"] for entry in levels]
    gone = missing_among_words(words, habits, name, []) & ~among_exactly(words.texts, order)
    counts = np.where(gone, 0, words.counts)
    used, rows = np.flatnonzero(counts), int(counts.sum())
    facts.update(missing=int(words.counts[gone].sum()), distinct=len(used))
    marked = gone & (words.counts > 0)
    known = {entry["code"] for entry in facts["missing_codes"]}
    facts["missing_codes"] += [
        {"code": code, "rows": n} for code, n in words.counted(marked) if code and code not in known
    ]
    facts["markers"] = words.texts.filter(pa.array(marked)).to_pylist()
    texts = [words.texts[int(index)].as_py() for index in used] if len(used) <= 200 else []
    if len(used) == 0:
        facts.update(excluded="no values")
    elif len(used) == 1:
        facts.update(role="constant", excluded="one value only")
    elif wanted in ("identifier", "text"):
        what = "a name of rows or subjects" if wanted == "identifier" else "free text"
        say(facts, f"{what}, as the codebook declares")
        facts.update(role=wanted, excluded=f"{what}, as the codebook declares")
    elif wanted == "ordered":
        return describe_ordered(
            facts,
            words,
            declared_ranks(facts, words, gone, order or labels_by_code(told)),
            "as the codebook declares",
            warnings,
            1.0,
        )
    elif wanted == "binary" and len(used) != 2:
        raise refuse_type(facts, f"it has {len(used)} levels ({', '.join(map(repr, texts[:4]))}, ...)")
    else:
        say(facts, "groups, each text a level, as the codebook declares")
        facts.update(role="binary" if len(used) == 2 else "categorical", usable=True)
        if len(used) == 2:
            facts["yes_level"] = event_level(texts)
        if len(used) > MAX_LEVELS:
            facts.update(usable=False, excluded=f"{len(used)} levels, more than {MAX_LEVELS}")
        else:
            facts["levels"] = counted(texts, counts[used])
            if len(used) > 2 and rows < 4 * len(used):
                facts.update(usable=False, excluded=f"{len(used)} levels for {rows} rows, too few rows per level")
    return facts, recognise_levels(words, gone)


def labels_by_code(told):
    """The labels of a file or a codebook in the order of their codes, where those are numbers."""
    levels = [(number_or_none(code), str(label)) for code, label in told.get("levels") or []]
    return [label for _, label in sorted(levels)] if all(code is not None for code, _ in levels) else []


def among_exactly(texts, known):
    return pc.is_in(texts, pa.array(list(known), pa.string())).to_numpy(zero_copy_only=False)


def declared_ranks(facts, words, gone, order):
    """The place of each text in the declared order, else in that of its numbers or its words."""
    texts = words.texts.to_pylist()
    used = [text for text, away, count in zip(texts, gone, words.counts) if count and not away]
    if not order:
        numbers = [number_or_none(text) for text in used]
        if all(number is not None for number in numbers):
            order = [text for _, text in sorted(zip(numbers, used))]
        else:
            found = ordered_levels(used)
            if found is None or any(rank is None for rank in found[0]):
                raise refuse_type(facts, "nothing says in which order its levels stand; list them as `levels`")
            order = [text for _, text in sorted(zip(found[0], used))]
    place = {text: float(index) for index, text in enumerate(order)}
    left = [text for text in used if text not in place]
    if left:
        shown = ", ".join(repr(text) for text in left[:4])
        raise Problem(
            "codebook_level", f"the codebook's levels of {facts['name']!r} lack {shown}, which the table holds"
        )
    return np.array([np.nan if away else place.get(text, np.nan) for text, away in zip(texts, gone)])


def kept_columns(columns, arrays):
    """The columns, with their arrays, that the codebook does not say to ignore."""
    kept = [place for place, column in enumerate(columns) if column.get("declared_role") != "ignore"]
    if len(kept) == len(columns):
        return columns, arrays
    return [columns[place] for place in kept], ChosenColumns(arrays, kept)


class ChosenColumns:
    """Some of the arrays of a table, each taken when it is needed: they may have stayed on disk."""

    def __init__(self, arrays, places):
        self.arrays, self.places = arrays, places

    def __len__(self):
        return len(self.places)

    def __iter__(self):
        return (self.arrays[place] for place in self.places)

    def __getitem__(self, index):
        return self.arrays[self.places[index]]


def declared_survival(columns):
    """[the duration and the event that the codebook declares], or an empty list."""
    by_role = {column["declared_role"]: column for column in columns if column["declared_role"]}
    duration, event = by_role.get("duration"), by_role.get("event")
    if not duration or not event:
        return []
    if duration["role"] != "numeric" or event["role"] != "binary":
        at, wrong = (duration, "no number") if duration["role"] != "numeric" else (event, "no column of two levels")
        raise Problem(
            "codebook_role",
            f"the codebook gives the column {at['name']!r} the role {at['declared_role']}, but it is {wrong}",
        )
    why = "the codebook declares the duration and its event"
    return [{"duration": duration["name"], "event": event["name"], "why": why}]


def histogram_of(array, bins=16):
    """How many values lie in each of so many steps of one width from the smallest to the largest, or None."""
    if not pa.types.is_floating(array.type):
        return None
    values = array.to_numpy(zero_copy_only=False)
    values = values[~np.isnan(values)]
    if len(values) == 0 or values.min() == values.max():
        return None
    with np.errstate(all="ignore"):
        return np.histogram(values, bins=bins)[0]


def read_with_layout(reading, read):
    """The columns that `read` gives, from the declared line of the names or after the lines to skip on. A declared line
    that the reader finds by itself changes nothing."""
    wanted = reading.layout.get("header")
    try:
        columns = read(reading)
        found = reading.facts["header_row"] or 0
    except Problem:
        if wanted is None:
            raise
        found = None
    if wanted is not None and found != wanted:
        again = Reading(reading.path, reading.wanted, [], reading.target, reading.question, reading.layout)
        again.header = wanted
        columns = read(again)
        if not again.cut:
            raise Problem("no_such_header", "the file says itself what its columns are called; leave `header` out")
        reading.facts, reading.cut = again.facts, True
        reading.warnings[:] = again.warnings
    if reading.skip and not reading.cut:
        raise Problem("no_such_header", "the file has no lines to skip; leave `skip` out")
    if reading.sheet is not None and reading.facts["sheet"] is None:
        raise Problem("no_such_sheet", "the file has no sheets or tables to choose from; leave `sheet` out")
    return columns


def chosen_sheet(reading, names):
    """The name of the sheet or table that is declared, or None; a number counts from 1."""
    if reading.sheet is None:
        return None
    wanted = str(reading.sheet)
    folded = {name.casefold(): name for name in reversed(names)}
    if wanted in names or wanted.casefold() in folded:
        return wanted if wanted in names else folded[wanted.casefold()]
    if wanted.isdigit() and 1 <= int(wanted) <= len(names):
        return names[int(wanted) - 1]
    raise Problem(
        "no_such_sheet",
        f"there is no sheet or table {wanted!r}; {nearest_column(wanted, names)}there are {shortened_list(names)}",
    )


def lines_above(reading):
    """How many lines stand above the table, as declared; they are noted as set aside."""
    above = reading.skip if reading.header is None else max(0, reading.header - 1)
    reading.cut = True
    if above:
        reading.set_aside("lines above the table", 1, above, "skipped, as declared")
    return above


def without_lines_above(reading, raw):
    """(the text without the lines that stand above the table, as declared; how many they are)."""
    above, end = lines_above(reading), 0
    for _ in range(above):
        end = raw.find(b"\n", end) + 1
        if end == 0:
            raise Problem("no_such_header", f"the file has fewer than {above + 1} lines")
    return raw[end:], above
