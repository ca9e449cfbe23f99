# ---- reshape: tables that have times as columns, a row per variable, or variables as rows ----
import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

# Rows that a reshaped table may have.
RESHAPED_ROWS = 5_000_000
MONTH_WORDS = "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?"
# What names of columns of one measure at several times look like, and what the times are then called.
TIMES = (
    (r"(?:FY ?)?(?:19|20)\d\d[-_/\u2013](?:19|20)?\d\d", "season"),
    (r"(?:19|20)\d\d[-_. ]?[qQ][1-4]|[qQ][1-4][-_. ](?:19|20)\d\d", "quarter"),
    (r"(?:19|20)\d\d[-_./](?:0[1-9]|1[0-2])[-_./](?:0[1-9]|[12]\d|3[01])", "date"),
    (r"\d{1,2}/\d{1,2}/(?:19|20)?\d\d", "date"),
    (r"(?:19|20)\d\d[-_./ ]?[mM]?(?:0[1-9]|1[0-2])", "month"),
    (rf"(?i:{MONTH_WORDS})[-_. ](?:19|20)?\d\d|(?:19|20)\d\d[-_. ](?i:{MONTH_WORDS})", "month"),
    (r"(?:1[5-9]|20|21)\d\d", "year"),
    (rf"(?i:{MONTH_WORDS})", "month"),
)
FEWEST_TIMES = 4
# What may stand behind a time: [YR2012], (prov.), * or p.
TIME_MARKS = r"(?:\s*\[[^\]]*\]|\s?\([A-Za-z.]{1,12}\)|\s?[*\u2020]{1,2}|\s?[pebrf])?"
# Measures of one subject at counted times: pain_week1, week 4 - pain. Bare letters (t1) count other things as well.
COUNTED_TIMES = "week|wk|visit|day|month|wave|session|timepoint|hour"
REPEATED = (
    re.compile(rf"(?i)(?P<stem>.*[^ _.\-])[ _.\-]+(?P<word>{COUNTED_TIMES})[ _.\-]?(?P<time>\d{{1,3}})"),
    re.compile(rf"(?i)(?P<word>{COUNTED_TIMES})[ _.\-]?(?P<time>\d{{1,3}})[ _.\-]+(?P<stem>[^ _.\-].*)"),
)
FEWEST_VISITS = 3
VARIABLE_NAMES = re.compile(
    r"(?i)(?:variable|var|parameter|param|measure|attribute|key|indicator|metric|field|feature|property|quantity|characteristic|analyte|"
    r"merkmal|kennzahl|messgr\u00f6\u00dfe|kenngr\u00f6\u00dfe|grandeur|indicateur|indicador|indicatore|par\u00e1metro|parametro|par\u00e2metro|vari\u00e1vel|"
    r"variabele|variabel|wska\u017anik|\u043f\u043e\u043a\u0430\u0437\u0430\u0442\u0435\u043b\u044c|\u6307\u6a19|\u9805\u76ee|series|param|lbtest|vstest|egtest|qstest)(?:[ _.]?(?:name|code|cd|id|label|type))?s?"
)
VALUE_NAMES = re.compile(
    r"(?i)(?:value|val|values|result|results|reading|aval|obs[ _.]?value|observation|lbstresn|vsstresn|lborres|vsorres|measurement|"
    r"wert|messwert|valeur|valor|valore|waarde|v\u00e4rde|verdi|v\u00e6rdi|arvo|warto\u015b\u0107|hodnota|\u0437\u043d\u0430\u0447\u0435\u043d\u0438\u0435|\u5024|\u503c)"
    r"|(?:numeric|measured|variable|parameter|param|attribute|result|test|data)[ _.]?(?:value|result)|value[ _.]?(?:numeric|num|text)"
)
# Names that may stand for variables, if the values show it.
VAGUE_NAMES = re.compile(
    r"(?i)(?:item|test|what|type|measured|trait|phenotype|sensor|channel|component|element|question|code|name|label|kind)s?"
)
FLAG_NAMES = re.compile(
    r"(?i)(?:.*[ _.])?(?:flags?|status|foot ?notes?|notes?|remarks?|comments?|events?|bemerkung(?:en)?|kommentare?|anmerkung(?:en)?|quality|obs_status|symbols?)(?:[ _.]?codes?)?"
)
UNIT_NAMES = re.compile(r"(?i)(?:.*[ _.])?units?(?:[ _.].*)?")
# Stems of names that count times, not samples.
TIME_STEMS = re.compile(
    r"(?i)(?:.*[ _.\-])?(?:t|time|timepoint|week|wk|w|day|d|visit|v|wave|month|mon|m|hour|hr|h|min|minute|sec|round|trial|year|yr|y|session|phase|"
    r"period|block|cycle|lag|pre|post|x|q|item|question|pc|dim|f|feature|var|col|column|factor|component|band|bin|channel)[ _.\-]?"
)


def reshaped(reading, columns):
    """The same table with one row per observation, where it can be told that it has another form."""
    if len(columns) < 2 or rows_of(columns) == 0:
        return columns
    names = [name for name, _ in columns]
    if len(set(names)) < len(names):
        return columns
    for change in (
        without_ditto_marks,
        filled_down,
        parted_keys,
        without_plate,
        turned,
        without_time_columns,
        without_repeated_columns,
        without_molten_rows,
    ):
        columns = change(reading, columns)
    warn_of_samples(reading, columns)
    warn_of_units(reading, columns)
    return columns


UNIT_COLUMNS = re.compile(
    r"(?i)(?:.*[ _.])?(?:units?|uom|currency|curr|ccy|einheit|w\u00e4hrung|waehrung|"
    r"unit\u00e9|devise|unidad|moneda|unit\u00e0|valuta|eenheid|jednostka|waluta)"
)


def warn_of_units(reading, columns):
    """Says where a column names several units of one sort, or currencies, so that numbers beside it differ in unit."""
    for name, array in columns:
        if not UNIT_COLUMNS.fullmatch(name.strip()) or not (
            pa.types.is_string(array.type) or pa.types.is_large_string(array.type)
        ):
            continue
        texts = [text for text in pc.unique(one_array(texts_of(array))).to_pylist() if text]
        sorts = {CONVERTIBLE.get(text.lower().replace("\u03bc", "\u00b5"), (None,))[0] for text in texts}
        money = all(text in CURRENCY_CODES or text in CURRENCY_SIGNS for text in texts)
        sizes = {CONVERTIBLE.get(text.lower().replace("\u03bc", "\u00b5"), (None, text))[1] for text in texts}
        if 2 <= len(texts) <= 12 and (money or (len(sorts) == 1 and sorts != {None} and len(sizes) > 1)):
            what = "currencies" if money else "units"
            reading.warn(
                f"'{name}' names several {what} ({', '.join(texts[:6])}); the numbers beside it were not converted, so "
                "rows in different ones cannot be compared: convert them, or give the rows of one"
            )


# What stands for the cell above.
DITTO_MARKS = (
    '"', "''", "\u3003", "\u2033", "\u201d", "\u201c", "\u201e", ",,", '-"-',
    '- " -', '-\u201d-', "-''-", "-,,-", "-ll-", "do.", "ditto", "dito",
    "id.", "idem", "\u540c\u4e0a", "\u540c\u524d",
)  # fmt: skip
DITTO_LOOKED = 5000


def without_ditto_marks(reading, columns):
    """The columns with the value above in the place of each ditto mark."""
    out = list(columns)
    for index, (name, array) in enumerate(columns):
        if not (pa.types.is_string(array.type) or pa.types.is_large_string(array.type)):
            continue
        if not ditto_places(one_array(texts_of(array.slice(0, DITTO_LOOKED)))).any():
            continue
        texts = one_array(texts_of(array))
        marked = ditto_places(texts)
        # '' below a blank cell is an empty text, and nothing stands above the first row.
        blank = np.asarray(pc.equal(texts, ""))
        quoted = np.asarray(pc.equal(texts, "''"))
        if marked[0] or (quoted[1:] & blank[:-1]).any():
            continue
        source = np.maximum.accumulate(np.where(marked, 0, np.arange(len(texts))))
        shown = texts[int(np.argmax(marked))].as_py().strip()
        count = int(marked.sum())
        out[index] = (name, texts.take(pa.array(source)))
        reading.warn(
            f"{count} cell{'s' * (count > 1)} of '{name}' {'hold' if count > 1 else 'holds'} a ditto mark ({shown}); "
            f"{'each' if count > 1 else 'it'} was read as the cell above"
        )
    return out


def ditto_places(texts):
    trimmed = pc.utf8_lower(pc.utf8_trim_whitespace(texts))
    return np.asarray(pc.fill_null(pc.is_in(trimmed, pa.array(DITTO_MARKS, pa.string())), False))


def filled_down(reading, columns):
    """The columns, where labels that stand in the first of their rows only, as a pivot table has them, stand in all."""
    out = list(columns)
    for index, (name, array) in enumerate(columns[:-1][:4]):
        if not (pa.types.is_string(array.type) or pa.types.is_large_string(array.type)):
            return out
        texts = one_array(texts_of(array))
        filled_cells = np.flatnonzero(np.asarray(pc.not_equal(texts, "")))
        rows = len(texts)
        if len(filled_cells) == rows:
            return out
        steps = np.diff(np.r_[filled_cells, rows])
        after = one_array(texts_of(columns[index + 1][1]))
        labels = texts.take(pa.array(filled_cells)).to_pylist()
        if (
            len(filled_cells) < 2
            or filled_cells[0] != 0
            or FLAG_NAMES.fullmatch(name.strip())
            or steps.min() < 2
            or (index == 0 and len(set(labels)) < len(labels))
            or (
                any(is_digitish(label) for label in labels)
                and not all(re.fullmatch(r"(?:19|20)\d\d", label) for label in labels)
            )
            or not np.asarray(pc.not_equal(after, ""))[filled_cells].all()
            or (index + 2 >= len(columns) and pc.sum(pc.equal(after, "")).as_py())
        ):
            return out
        out[index] = (name, texts.take(pa.array(np.repeat(filled_cells, steps))))
        reading.warn(
            f"'{name}' stands in the first of its rows only ({len(filled_cells)} labels in {rows} rows); each label was read as that of "
            "the rows below it"
        )
    return out


def parted_keys(reading, columns):
    """Eurostat's first column, unit,geo\\TIME_PERIOD, as a column for each of its keys."""
    name, array = columns[0]
    keys = re.fullmatch(r"((?:\w+,)*\w+)\\(?:TIME_PERIOD|time)\s*", name)
    if keys is None:
        return columns
    heads = keys.group(1).split(",")
    parts = [text.split(",") for text in one_array(texts_of(array)).to_pylist()]
    if any(len(part) != len(heads) for part in parts):
        return columns
    return [
        (head, pa.array([part[at].strip() for part in parts], pa.string())) for at, head in enumerate(heads)
    ] + list(columns[1:])


def without_plate(reading, columns):
    """A plate of wells, with letters down and numbers across, as a row per well."""
    across = [name.strip() for name, _ in columns[1:]]
    rows, count = rows_of(columns), len(across)
    if rows not in (4, 8, 16) or count not in (6, 12, 24) or across != [str(number + 1) for number in range(count)]:
        return columns
    letters = one_array(texts_of(columns[0][1])).to_pylist()
    if letters != [chr(65 + row) for row in range(rows)]:
        return columns
    cells = [one_array(texts_of(array)).to_pylist() for _, array in columns[1:]]
    made = {
        "well": [f"{letter}{number}" for letter in letters for number in across],
        "plate_row": [letter for letter in letters for _ in across],
        "plate_column": across * rows,
        "value": [cells[at][row] for row in range(rows) for at in range(count)],
    }
    reading.warn(
        f"the table is a plate of {rows} by {count} wells; it was turned into one row per well, with columns {', '.join(made)}"
    )
    reading.facts["reshaped"] = {"from": "a plate of wells", "rows_before": rows}
    return [(name, pa.array(texts, pa.string())) for name, texts in made.items()]


def texts_of(array):
    """A column as texts, blank where it has none."""
    if pa.types.is_string(array.type) or pa.types.is_large_string(array.type):
        return pc.fill_null(pc.utf8_trim_whitespace(array), "")
    if pa.types.is_integer(array.type) or pa.types.is_floating(array.type):
        return pc.fill_null(array.cast(pa.string()), "")
    return pa.array([as_text(value) for value in array.to_pylist()], pa.string())


def one_array(array):
    return (
        pa.concat_arrays(array.chunks)
        if isinstance(array, pa.ChunkedArray) and array.num_chunks
        else (pa.array([], array.type) if isinstance(array, pa.ChunkedArray) else array)
    )


def is_numeric_column(array, sample=200):
    if pa.types.is_integer(array.type) or pa.types.is_floating(array.type):
        return True
    if not (pa.types.is_string(array.type) or pa.types.is_large_string(array.type)):
        return False
    cells = [text for text in array.slice(0, sample).to_pylist() if text and not is_missing(text)]
    if not cells:
        cells = [text for text in array.to_pylist()[:5000] if text and not is_missing(text)]
    return bool(cells) and sum(is_digitish(text) for text in cells) >= 0.95 * len(cells)


def without_time_columns(reading, columns):
    """A column per time becomes a column of times and one of values."""
    names = [name for name, _ in columns]
    for pattern, title in TIMES:
        found = {}
        for index, name in enumerate(names):
            match = re.fullmatch(rf"(?P<stem>.*?)[ _.\-]?(?:X)?(?P<time>{pattern}){TIME_MARKS}", name.strip())
            if match and (
                title != "month" or not re.fullmatch(rf"(?i:{MONTH_WORDS})", match["time"]) or not match["stem"]
            ):
                stem = match["stem"].strip(" _.-")
                if title == "year" and stem[-1:].isdigit():
                    continue
                found.setdefault(
                    "" if stem in ("X", "YR", "yr", "y", "Y", "year", "Year", "FY", "fy", "CY") else stem, {}
                )[match["time"]] = index
        stems = {stem: times for stem, times in found.items() if len(times) >= FEWEST_TIMES}
        if title == "season":
            stems = {stem: times for stem, times in stems.items() if all(map(is_season, times))}
        if (
            title == "month"
            and stems
            and all(re.fullmatch(rf"(?i:{MONTH_WORDS})", time) for times in stems.values() for time in times)
        ):
            stems = {stem: times for stem, times in stems.items() if len(times) >= 6}
        if not stems or len({tuple(times) for times in stems.values()}) > 1:
            continue
        times = list(next(iter(stems.values())))
        moved = [index for found_times in stems.values() for index in found_times.values()]
        rest = [index for index in range(len(names)) if index not in set(moved)]
        if not rest or len(rest) > len(moved) or not all(is_numeric_column(columns[index][1]) for index in moved):
            continue
        asked = sum(asks_for(reading.question, names[index]) for index in moved)
        if reading.target in [names[index] for index in moved] or asked > 1:
            reading.warn(
                f"the columns {times[0]} to {times[-1]} look like one measure at several times; they were left as columns, since one was asked for by name"
            )
            return columns
        if rows_of(columns) * len(times) > RESHAPED_ROWS:
            reading.warn(
                f"the columns {times[0]} to {times[-1]} look like one measure at several times; the table is too large to be turned into one row per time"
            )
            return columns
        return with_times(reading, columns, rest, stems, times, title)
    return columns


def is_season(time):
    """2011-12: the second year follows the first."""
    first, last = re.findall(r"\d+", time)
    return int(last) == (int(first) + 1 if len(last) == 4 else (int(first) + 1) % 100)


def without_repeated_columns(reading, columns):
    """Columns of the same measures at counted times, beside one that names the subjects, become a row per time."""
    names = [name for name, _ in columns]
    stems, words = {}, set()
    for index, name in enumerate(names):
        match = next(filter(None, (form.fullmatch(name.strip()) for form in REPEATED)), None)
        if match:
            words.add(match["word"].lower())
            stems.setdefault(match["stem"], {}).setdefault(str(int(match["time"])), index)
    moved = [index for found in stems.values() for index in found.values()]
    if (
        len(words) != 1
        or len({tuple(found) for found in stems.values()}) != 1
        or len(next(iter(stems.values()))) < FEWEST_VISITS
    ):
        return columns
    rest = [index for index in range(len(names)) if index not in set(moved)]
    times = list(next(iter(stems.values())))
    matched = sum(any(form.fullmatch(name.strip()) for form in REPEATED) for name in names)
    if matched > len(moved) or subject_column(columns, rest) is None:
        return columns
    if (
        not all(is_numeric_column(columns[index][1]) for index in moved)
        or rows_of(columns) * len(times) > RESHAPED_ROWS
    ):
        return columns
    if reading.target in [names[index] for index in moved] or any(
        asks_for(reading.question, names[index]) for index in moved
    ):
        return columns
    return with_times(reading, columns, rest, stems, times, {"wk": "week"}.get(min(words), min(words)))


def subject_column(columns, rest):
    """The first of some columns that has another value in each row, and is no measurement; or None."""
    for index in rest:
        texts = one_array(texts_of(columns[index][1]))
        if pc.count_distinct(texts).as_py() == len(texts) and not pc.any(pc.match_substring(texts, ".")).as_py():
            return index
    return None


VAGUE_FILE_WORDS = {"data", "dataset", "table", "sheet", "file", "final", "new", "old", "copy", "wide", "long", "clean", "raw"}


def measure_in_file_name(path, columns):
    """What a table of one unnamed measure holds, in the words of its file's name; empty if these say nothing."""
    known = {name.casefold().rstrip("s") for name in columns} | VAGUE_FILE_WORDS
    words = re.findall(r"[^\W\d_]{3,}", str(path).replace("\\", "/").rsplit("/", 1)[-1].rsplit(".", 1)[0])
    return " ".join(word for word in words if word.casefold().rstrip("s") not in known)


def with_times(reading, columns, rest, stems, times, title):
    subject = subject_column(columns, rest)
    if subject is None:
        reading.warn(
            "no column names the subjects that were measured at several times; their rows count as independent"
        )
    reading.facts["subject"] = None if subject is None else columns[subject][0]
    rows, count = rows_of(columns), len(times)
    order = pa.array(np.repeat(np.arange(rows), count))
    out = [(columns[index][0], one_array(columns[index][1]).take(order)) for index in rest]
    taken_names = {name for name, _ in out}
    title = title if title not in taken_names else f"{title} of the columns"
    out.append((title, pa.array(times * rows, pa.string())))
    across = pa.array(np.arange(rows * count).reshape(count, rows).T.ravel())
    for stem, places in stems.items():
        stacked = [one_array(columns[places[time]][1]) for time in times]
        if len({str(array.type) for array in stacked}) > 1:
            stacked = [texts_of(array) for array in stacked]
            stacked = [one_array(array) for array in stacked]
        name = stem or "value"
        while name in taken_names or name == title:
            name += " value"
        taken_names.add(name)
        out.append((name, pa.concat_arrays(stacked).take(across)))
        measured = "" if stem else measure_in_file_name(reading.path, [name for name, _ in out])
        if measured:
            reading.about(name)["label"] = measured
    values = ", ".join(f"'{name}'" for name, _ in out[len(rest) + 1 :])
    ends = [columns[place][0] for place in list(next(iter(stems.values())).values())[:: len(times) - 1]]
    shown = f"{times[0]} to {times[-1]}" if len(times[0]) > 3 else f"'{ends[0]}' to '{ends[1]}'"
    reading.warn(
        f"the columns {shown} are one measure at {count} times; the table was turned into one row per time: "
        f"'{title}' holds the time and {values} the value, {rows} rows became {rows * count}. Name one of these columns to keep them as they are"
    )
    reading.facts["reshaped"] = {"from": "columns of times", "times": times[:1000], "rows_before": rows}
    return out


def without_molten_rows(reading, columns):
    """A row per subject and variable becomes a row per subject with a column per variable."""
    names = [name for name, _ in columns]
    values = [index for index, name in enumerate(names) if VALUE_NAMES.fullmatch(name.strip())]
    variables = [
        index for index, name in enumerate(names) if VARIABLE_NAMES.fullmatch(name.strip()) and index not in values
    ]
    vague = (
        []
        if variables
        else [index for index, name in enumerate(names) if VAGUE_NAMES.fullmatch(name.strip()) and index not in values]
    )
    if len(values) != 1 or not (variables or vague) or rows_of(columns) > RESHAPED_ROWS:
        return columns
    value = values[0]
    for variable in variables + vague:
        coded = one_array(texts_of(columns[variable][1])).dictionary_encode()
        levels = coded.dictionary.to_pylist()
        if not 2 <= len(levels) <= 500 or "" in levels or all(is_digitish(level) for level in levels):
            continue
        if variable in vague and not own_scales(coded, columns[value][1]):
            continue
        if reading.target in (names[value], names[variable]):
            reading.warn(
                f"the table has one row per subject and '{names[variable]}'; it was left so, since '{reading.target}' was asked for by name"
            )
            return columns
        done = pivoted(reading, columns, variable, value, coded, levels)
        if done is not None:
            return done
    if not variables:
        return columns
    where = names[variables[0]]
    reading.warn(
        f"the table seems to hold one row per subject and '{where}', but it cannot be told which rows belong together; it was left so. "
        f"Values of different '{where}' are not comparable: give a table with one column for each"
    )
    return columns


def own_scales(coded, array):
    """True where the values of the names are of different kinds or sizes: measures of different things."""
    texts = texts_of(array)
    values, codes = numbers_in(texts, True), coded.indices.to_numpy(zero_copy_only=False)
    parts = [values[codes == code] for code in range(len(coded.dictionary))]
    words = [np.isnan(part).mean() for part in parts]
    if max(words) > 0.9 and min(words) < 0.1:
        return True
    parts = [part[np.isfinite(part)] for part in parts]
    if min(map(len, parts)) < 3:
        return False
    ranges = sorted((np.percentile(part, 10), np.percentile(part, 90)) for part in parts)
    return any(low[1] < high[0] for low, high in zip(ranges, ranges[1:]))


def pivoted(reading, columns, variable, value, coded, levels):
    codes = coded.indices.to_numpy(zero_copy_only=False)
    rows = len(codes)
    others = [index for index in range(len(columns)) if index not in (variable, value)]
    encoded = {}
    for index in others:
        array = one_array(texts_of(columns[index][1])).dictionary_encode()
        encoded[index] = array.indices.to_numpy(zero_copy_only=False)
    # Columns that say something of the variable, such as its unit or its code, are no names of subjects.
    depends = [
        index
        for index in others
        if depends_on(encoded[index], codes)
        and (UNIT_NAMES.fullmatch(columns[index][0].strip()) or len(np.unique(encoded[index])) > 1)
    ]
    flags = [index for index in others if index not in depends and FLAG_NAMES.fullmatch(columns[index][0].strip())]
    keys = [index for index in others if index not in depends and index not in flags]
    for chosen in [keys] + [[index] for index in keys]:
        if not chosen:
            continue
        joint = np.zeros(rows, np.int64)
        for index in chosen:
            joint = np.unique(joint * (int(encoded[index].max()) + 1) + encoded[index], return_inverse=True)[1].astype(
                np.int64
            )
        _, first, subject = np.unique(joint, return_index=True, return_inverse=True)
        count = len(first)
        unique = len(np.unique(subject * len(levels) + codes)) == rows
        constant = all(depends_on(encoded[index], subject) for index in keys)
        if not (unique and constant and count >= 3 and rows >= 0.5 * count * len(levels) and rows > 1.5 * count):
            continue
        order = np.argsort(first, kind="stable")
        place = np.empty(count, int)
        place[order] = np.arange(count)
        where = place[subject]
        heads = [columns[index][0] for index in keys]
        out = [(columns[index][0], one_array(columns[index][1]).take(pa.array(np.sort(first)))) for index in keys]
        cells = one_array(texts_of(columns[value][1]))
        for code, level in enumerate(levels):
            mine = np.flatnonzero(codes == code)
            table = np.full(count, -1)
            table[where[mine]] = mine
            picked = cells.take(pa.array(table, mask=table < 0))
            name = level if level not in heads else f"{level} ({columns[value][0]})"
            out.append((name, pc.fill_null(picked, "")))
            for index in depends:
                text = texts_of(columns[index][1])[int(mine[0])].as_py()
                key = "unit" if UNIT_NAMES.fullmatch(columns[index][0].strip()) else "label"
                reading.about(name)[key] = text or None
        shown = ", ".join(levels[:6]) + (", ..." if len(levels) > 6 else "")
        reading.warn(
            f"the table has one row per subject and '{columns[variable][0]}'; it was turned into one row per subject with a column for each: "
            f"{shown} ({rows} rows became {count})"
        )
        if depends:
            told = ", ".join(f"'{columns[index][0]}'" for index in depends)
            reading.warn(
                f"{told} says something of each '{columns[variable][0]}', not of the rows; it was kept as a description"
            )
        if flags:
            told = ", ".join(f"'{columns[index][0]}'" for index in flags)
            reading.warn(
                f"{told} says something of single values, which have columns of their own now; it was left out"
            )
            reading.set_aside(
                "flags of single values", None, rows, f"{told}, of the rows before they were put together"
            )
        reading.facts["reshaped"] = {"from": "rows of variables", "rows_before": rows}
        return out
    return None


def depends_on(codes, key):
    """True where each value of `key` goes with one value of `codes`."""
    pairs = len(np.unique(key.astype(np.int64) * (int(codes.max()) + 1) + codes))
    return pairs == len(np.unique(key))


def turned(reading, columns):
    """A table whose rows are variables and whose columns are subjects is turned, where words and numbers show it."""
    units, whole = None, columns
    if len(columns) > 5 and UNIT_NAMES.fullmatch(columns[1][0].strip()):
        units, columns = one_array(texts_of(columns[1][1])).to_pylist(), [columns[0], *columns[2:]]
    rows, width = rows_of(columns), len(columns)
    if not (2 <= rows <= 200 and width >= 5):
        return whole
    names = one_array(texts_of(columns[0][1])).to_pylist()
    if len(set(names)) < rows or any(not name or is_digitish(name) for name in names):
        return whole
    table = [one_array(texts_of(array)).to_pylist() for _, array in columns[1:]]
    kinds = []
    for row in range(rows):
        cells = [column[row] for column in table if column[row] and not is_missing(column[row])]
        numbers = sum(is_digitish(cell) for cell in cells)
        kinds.append("number" if cells and numbers == len(cells) else "word" if cells and numbers == 0 else "mixed")
    mixed = [len({is_digitish(cell) for cell in column if cell and not is_missing(cell)}) > 1 for column in table]
    if "mixed" in kinds or len(set(kinds)) < 2 or not all(mixed) or reading.target in [name for name, _ in columns]:
        return whole
    heads = [name for name, _ in columns[1:]]
    first = columns[0][0] if columns[0][0] and not columns[0][0].startswith("column_") else "name"
    out = [(first if first not in names else "row_name", pa.array(heads, pa.string()))]
    out += [(name, pa.array([column[row] for column in table], pa.string())) for row, name in enumerate(names)]
    reading.warn(
        f"the rows of the table are variables ({', '.join(names[:4])}) and its columns are subjects; it was turned round: {len(heads)} rows, {rows + 1} columns"
    )
    reading.facts["reshaped"] = {"from": "variables as rows", "rows_before": rows}
    reading.facts["columns"] = {}
    for name, unit in zip(names, units or []):
        if unit:
            reading.about(name)["unit"] = unit
    return out


def warn_of_samples(reading, columns):
    """Refuses a table whose rows are variables, each on its own scale, and whose columns are samples."""
    stems = {}
    for index, (name, _) in enumerate(columns):
        match = re.fullmatch(r"(.*?)[ _.\-]?(\d+)", name.strip())
        if match and index:
            stems.setdefault(match.group(1), []).append(index)
    groups = {stem: places for stem, places in stems.items() if len(places) > 1 and not TIME_STEMS.fullmatch(stem)}
    for places in [sorted(index for group in groups.values() for index in group)] if len(groups) <= 8 else []:
        names = columns[0][1]
        if len(places) < 6 or len(places) < 0.7 * (len(columns) - 1) or rows_of(columns) < 2 * len(places):
            continue
        heads = texts_of(names)
        if is_numeric_column(names) or pc.count_distinct(heads).as_py() < 0.98 * len(heads):
            continue
        if not all(is_numeric_column(columns[index][1]) for index in places):
            continue
        size = min(rows_of(columns), 5000)
        table = np.column_stack([numbers_in(texts_of(columns[index][1].slice(0, size)), False) for index in places])
        table = table[np.isfinite(table).all(axis=1)]
        if len(table) < 10 or (table < 0).mean() > 0.02:
            continue
        log = np.log1p(np.maximum(table, 0))
        between = log.mean(axis=1).var() / max(log.var(), 1e-12)
        low, high = np.percentile(np.median(table, axis=1), [5, 95])
        if between > 0.8 and high > 8 * max(low, 1e-12):
            first, last = columns[places[0]][0], columns[places[-1]][0]
            message = (
                f"the rows of this table look like variables, each on its own scale ('{columns[0][0]}' names them), and its columns {first} to {last} "
                "like samples of one kind; comparing samples as if they were measures would mean nothing. Turn the table round, so "
                "that each sample is a row, and add columns that describe the samples"
            )
            if reading.target is None:
                raise Problem("transposed", message)
            reading.warn(message)
