# ---- columns: what each column is and what part it can play in a test, and the column as it goes into the canonical table ----
import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

MAX_LEVELS = 20
ID_WORDS = set(
    """
    id ids idx rownames rowname rownumber rowid uuid guid unnamed
    """.split()
)
COUNTER_WORDS = {"index", "no", "nr", "num", "number", "serial", "rank", "row", "obs", "observation", "case"}
TIME_WORDS = set(
    """
    year yr years month months day days week weeks quarter date time hour hours minute age period season decade wave
    visit t dose temp temperature
    """.split()
)
NOMINAL_WORDS = set(
    """
    class label species cluster type kind group region category code origin district race ethnicity religion
    occupation zone state county dept department brand site center centre block treatment treat trt arm target
    cultivar variety genotype team make model diet feed spray drug method batch lot machine operator lab plot field
    hospital clinic store sector industry program prog party color colour shape material fuel weathersit breed
    strain line
    """.split()
)
CODE_WORDS = {"code", "zip", "zipcode", "postcode", "fips", "phone", "ssn"}
REPEATED_DIGIT = re.compile(r"-?(9{2,}(\.9+)?|9\.9+|8{2,}|7{2,}|9+[678])|-9|-8|-7|-1")


def describe_column(name, first, array, words, habits, declared, warnings):
    """(facts for result.json, array for table.parquet) of one column; `first` says that it is the table's first, `declared`
    what the file itself says of it."""
    facts = {
        "name": name,
        "role": "empty",
        "usable": False,
        "excluded": None,
        "missing": 0,
        "distinct": 0,
        "levels": None,
        "min": None,
        "max": None,
        "mean": None,
        "sd": None,
        "skew": None,
        "integer": False,
        "ordinal": False,
        "yes_level": None,
        "read_as": None,
        "type": "text",
        "unit": declared.get("unit") or None,
        "level_order": None,
        "limits": None,
        "missing_codes": [],
        "unread": None,
        "sure": 1.0,
        "ranked": False,
        "moment": None,
        "first": first,
    }
    kind = array.type
    if words is not None:
        return describe_texts(facts, words, habits, declared, warnings)
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        say(facts, "dates, as the file types them")
        seconds = typed_seconds(array)
        return describe_dates(facts, seconds, {"day"}, not pa.types.is_date(kind) and has_clock(seconds), warnings)
    if pa.types.is_null(kind):
        return describe_numbers(facts, np.full(len(array), np.nan), warnings)
    values = array.cast(pa.float64()).to_numpy().astype(float)
    if declared.get("levels") or declared.get("missing"):
        return describe_labelled(facts, values, declared, warnings)
    say(facts, "numbers, as the file types them")
    return describe_numbers(facts, values, warnings)


def say(facts, words, sure=None):
    """Adds to the sentence on how the column was read."""
    facts["read_as"] = f"{facts['read_as']}; {words}" if facts["read_as"] else words
    if sure is not None:
        facts["sure"] = min(facts["sure"], sure)


def describe_texts(facts, words, habits, declared, warnings):
    """A column of texts: plain numbers, then dates, then numbers in other spellings, then words."""
    if declared.get("levels") or declared.get("missing"):
        words = with_labels(facts, words, declared, warnings)
    if words.logical:
        say(facts, "true or false, as the file types it")
        return describe_words(facts, words, among(words.texts, ("",)), habits, warnings)
    gone = among(words.texts, AMONG_NUMBERS)
    live = ~gone
    filled = int(words.counts[live].sum())
    if filled == 0:
        say(facts, "no values")
        return describe_words(facts, words, gone if not among(words.texts, PERHAPS_MISSING).any() else None, habits, warnings)
    plain = matches(words.texts, PLAIN) & live
    why = None
    if plain.any() and words.counts[plain].sum() >= 0.5 * filled:
        found, why = describe_plain(facts, words, plain, gone, habits, warnings)
        if found is not None:
            return found
    if why is None:
        shapes = Shapes(words.texts, words.counts * live)
        if not shapes.many:
            for reader in (describe_date_texts, describe_spelt):
                found, why = reader(facts, words, shapes, gone, habits, warnings)
                if found is not None:
                    return found
                if why:
                    break
    return describe_words(facts, words, None, habits, warnings, why)


def describe_plain(facts, words, plain, gone, habits, warnings):
    """Numbers as programs write them; (column or None, why it is none)."""
    name = facts["name"]
    accepted, odd, unread = settle_odd_texts(words, plain, gone, *texts_of_numbers(words, plain))
    if not accepted or (unread.any() and not habits.workbook and spelt_limits(words, unread)):
        return None, None
    values = np.full(len(words), np.nan)
    numbers = words.texts.filter(pa.array(plain))
    values[plain] = pc.replace_substring_regex(numbers, r"^\+", "").cast(pa.float64()).to_numpy(zero_copy_only=False)
    days, words_on_it = compact_dates(name, words, plain, values, habits)
    why, sure = code_reason(name, words, plain) if days is None else (None, True)
    if why:
        facts["sure"] = min(facts["sure"], 0.9 if sure else 0.6)
        return None, f"codes: {why}"
    if days is None and doubtful_points(words, plain, habits):
        return None, None
    if days is not None:
        note_missing(facts, words, gone, odd, unread, warnings)
        kinds, clocked, text = words_on_it
        say(facts, text, 0.9)
        warnings.append(f"'{name}' was {text}")
        return describe_dates(facts, days[words.codes], kinds, clocked, warnings), None
    say(facts, "numbers as they stand")
    note_missing(facts, words, gone, odd, unread, warnings)
    if among(words.texts, INFINITE).any():
        warnings.append(f"infinite values of '{name}' count as missing")
    return describe_numbers(facts, values[words.codes], warnings), None


def texts_of_numbers(words, plain):
    """(how many distinct texts are numbers, whether all are whole)."""
    return int(plain.sum()), not matches(words.texts, r"[.eE]")[plain].any()


def spelt_limits(words, unread):
    """True where what is left are numbers in another spelling."""
    return bool(matches(words.texts, r"\d")[unread].any())


def doubtful_points(words, plain, habits):
    """True where every point stands before exactly three digits, so that it may divide thousands."""
    if habits.decimal == ".":
        return False
    pointed = matches(words.texts, r"\.") & plain
    if not pointed.any() or not matches(words.texts, r"^[+-]?[1-9]\d{0,2}(\.\d{3})+$")[pointed].all():
        return False
    return not matches(words.texts, r"[eE]")[plain].any()


def compact_dates(name, words, plain, values, habits):
    """Days and months without signs between them (20210315, 202103), seconds since 1970, and days of a workbook; as
    (seconds since 1970 per text, (kinds, with a clock, words)) or (None, None)."""
    known = values[plain]
    if len(known) < 2 or (known != np.floor(known)).any() or known.max() < 10000 or known.min() < 1000:
        return None, None
    timely = bool({"date", "day", "dt", "dob", "birth", "when", "month", "period", "time", "timestamp", "ts", "created", "updated",
                   "at", "datetime", "epoch", "yyyymm", "yyyymmdd", "ym", "ymd", "start", "end", "visit"} & set(tokens(name)))  # fmt: skip
    lengths = np.unique(byte_lengths(words.texts)[plain])
    if len(lengths) != 1:
        if habits.workbook and timely and 20000 <= known.min() and known.max() <= 80000:
            return (values - 25569) * 86400.0, ({"day"}, False, "read as days of a workbook, counted from 1900")
        return None, None
    length = int(lengths[0])
    if length in (6, 8) and (timely or len(known) >= 6):
        year, rest = np.divmod(values, 10.0 ** (length - 4))
        month, day = (rest, np.ones(len(values))) if length == 6 else np.divmod(rest, 100.0)
        good = plain & (year >= 1800) & (year <= 2100)
        days, valid = civil_days(year, month, day, good)
        if valid[plain].all() and (timely or len(np.unique(month[plain])) >= 3):
            kind = "month" if length == 6 else "day"
            form = "year and month (yyyymm)" if length == 6 else "year, month and day (yyyymmdd)"
            return np.where(valid, days * 86400.0, np.nan), ({kind}, False, f"read as dates written as {form}")
    if length == 8 and (timely or len(known) >= 6):
        lead, year = np.divmod(values, 10000.0)
        for order, (a, b) in (("day, month and year (ddmmyyyy)", (1, 0)), ("month, day and year (mmddyyyy)", (0, 1))):
            parts = np.divmod(lead, 100.0)
            days, valid = civil_days(year, parts[a], parts[b], plain & (year >= 1900) & (year <= 2100))
            if valid[plain].all():
                return np.where(valid, days * 86400.0, np.nan), ({"day"}, False, f"read as dates written as {order}")
    for digits, unit, scale in ((10, "seconds", 1.0), (13, "milliseconds", 1e3), (16, "microseconds", 1e6)):
        if length == digits and 3e8 <= known.min() / scale and known.max() / scale <= 4.2e9 and (timely or digits > 10):
            if not check_digits(np.unique(known)):
                return values / scale, ({"day"}, True, f"read as {unit} since 1970")
    if habits.workbook and timely and 20000 <= known.min() and known.max() <= 80000:
        return (values - 25569) * 86400.0, ({"day"}, False, "read as days of a workbook, counted from 1900")
    return None, None


def note_missing(facts, words, gone, odd, unread, warnings):
    """Lists the texts that count as missing and those that could not be read."""
    name = facts["name"]
    marked = (gone | odd) & (words.counts > 0)
    facts["missing_codes"] += [{"code": code, "rows": rows} for code, rows in words.counted(marked) if code]
    facts["markers"] = words.texts.filter(pa.array(gone & (words.counts > 0))).to_pylist()
    known = gone & (words.counts > 0) & ~among(words.texts, ("",))
    if known.any():
        say(facts, f"{counts_as_missing(words, known)} count{'s' if words.counts[known].sum() == 1 else ''} as missing")
    if odd.any():
        one = words.counts[odd].sum() == 1
        warnings.append(
            f"{number_of(words.counts[odd].sum(), 'cell')} of '{name}' {'is no number' if one else 'are not numbers'} "
            f"({words.shown(odd)}) and count{'s' if one else ''} as missing"
        )
        say(facts, f"{counts_as_missing(words, odd)} count{'s' if one else ''} as missing", 0.9)
    if unread.any():
        cells = number_of(words.counts[unread].sum(), "cell")
        facts["unread"] = {
            "rows": int(words.counts[unread].sum()),
            "samples": [{"text": text[:80], "rows": rows} for text, rows in words.counted(unread, 5)],
        }
        warnings.append(f"{cells} of '{name}' could not be read ({words.shown(unread)}); what is there counts as missing")
        say(facts, f"{cells} ({words.shown(unread)}) could not be read", 0.8)


def counts_as_missing(words, mask):
    return f"{number_of(words.counts[mask].sum(), 'cell')} ({words.shown(mask)})"


def describe_date_texts(facts, words, shapes, gone, habits, warnings):
    name = facts["name"]
    dates = DateColumn(shapes, ~gone)
    if dates.share < 0.5:
        return None, None
    if unlikely_dates(dates):
        return None, None
    order, evidence, sure = day_order(dates, words, habits) if dates.open else (None, None, True)
    born = bool({"dob", "birth", "born", "birthday", "birthdate"} & set(tokens(name)))
    start, gap = century_of(dates.two_digits, born)
    if gap < 12 and habits.years.any():
        start, gap = century_of(habits.years, born)
    seconds = dates.settle(order, start)
    if habits.workbook:
        serial = matches(words.texts, r"^\d{5}(\.\d+)?$") & np.isnan(seconds) & ~gone
        if serial.any():
            numbers = words.texts.filter(pa.array(serial)).cast(pa.float64()).to_numpy(zero_copy_only=False)
            seconds[serial] = (numbers - 25569) * 86400.0
            cells = number_of(words.counts[serial].sum(), "cell")
            warnings.append(f"{cells} of '{name}' hold the number of a day where the others hold dates; read as dates")
    fits = ~np.isnan(seconds)
    accepted, odd, unread = settle_odd_texts(words, fits, gone, 100, False)
    if not accepted:
        return None, None
    if dates.kinds <= {"year", "season"}:
        say(facts, "years, of which the first counts where there are two" if "season" in dates.kinds else "years")
        note_missing(facts, words, gone, odd, unread, warnings)
        years = seconds[words.codes].astype("datetime64[s]").astype("datetime64[Y]").astype(float) + 1970
        years[~fits[words.codes]] = np.nan
        found = describe_numbers(facts, years, warnings)
        facts.update(type="period", unit="a")
        return found, None
    shown = {"dmy": "day/month", "mdy": "month/day", "ymd": "year/month/day", "mixed": "day/month"}
    what = {"week": "weeks, by their first day", "month": "months, by their first day", "quarter": "quarters, by their first day",
            "half": "half-years, by their first day"}  # fmt: skip
    finest = next((what[kind] for kind in ("week", "month", "quarter", "half") if dates.kinds == {kind}), "dates")
    say(facts, finest)
    if dates.open and order != "ymd":
        ambiguous = evidence is None
        told = f"dates of '{name}' were read as {shown[order]}"
        if order == "mixed":
            told += ": some rows can only be one, some only the other, and those that can be both count as day/month; check them"
        elif ambiguous:
            told += ", but no day above 12 tells which of the two it is; write them as 2024-12-31 to be sure"
        else:
            told += f" ({evidence})"
        warnings.append(told)
        say(facts, f"{shown[order]}" + (f", {evidence}" if evidence else ", which nothing in the file tells"), 0.5 if not sure else None)
    if dates.two_digits.any():
        years = seconds[fits].astype("datetime64[s]").astype("datetime64[Y]").astype(int) + 1970
        told = f"two-digit years of '{name}' were read as {years.min()} to {years.max()}"
        warnings.append(told if gap >= 5 else told + ", which their spread does not tell; write them with four digits to be sure")
        say(facts, f"two-digit years as {years.min()} to {years.max()}", 0.9 if gap >= 12 else 0.6)
    if len({item.kind for readings in dates.items for item in readings[:1]}) > 1 or len(form_families(dates)) > 1:
        ways = ", ".join(repr(text) for text in form_families(dates)[:4])
        warnings.append(f"dates of '{name}' are written in several ways ({ways}); each was read in its own")
    if dates.zoned:
        say(facts, "times turned to UTC")
    note_missing(facts, words, gone, odd, unread, warnings)
    return describe_dates(facts, seconds[words.codes], dates.kinds, dates.clocked, warnings), None


def form_families(dates):
    """How the dates of a column are written, digits and names of months apart."""
    families = {}
    for readings in dates.items:
        text = re.sub(r"[^\W\d_]{3,}", "mmm", readings[0].form)
        text = re.sub(r"9+", "9", text.split(":")[0] if ":" in text else text)
        families.setdefault(text, dates.shapes.texts[int(dates.shapes.rows(readings[0].index)[0])].as_py())
    return [form for form in families.values()]


def unlikely_dates(dates):
    """1.2.10 is a version: two-digit years after points need two digits in all parts, or a day above 12."""
    pointed = [item for item in dates.open if item.separator == "." and item.spans["y"][1] - item.spans["y"][0] == 2]
    loose = [item for item in pointed if item.spans["a"][1] - item.spans["a"][0] == 1 or item.spans["b"][1] - item.spans["b"][0] == 1]
    return bool(loose) and not dates.first_large


def describe_spelt(facts, words, shapes, gone, habits, warnings):
    """Numbers in any spelling, and bands of numbers; (column or None, why it is none)."""
    name = facts["name"]
    column = NumberColumn(shapes, ~gone, habits.decimal, name)
    if not column.items:
        return None, column.reason
    fits = column.fits
    bands = ~np.isnan(column.upper) & fits
    if bands.any() and words.counts[(bands | (column.limit != 0)) & fits].sum() >= 0.8 * words.counts[~gone].sum():
        found = describe_bands(facts, words, column, gone, habits, warnings)
        if found is not None:
            return found, None
        if not narrow_ranges(words, column, bands):
            return None, None
    known = np.unique(column.values[fits])
    accepted, odd, unread = settle_odd_texts(words, fits, gone, len(known), bool((known == np.floor(known)).all()))
    if not accepted:
        left = ~fits & ~gone
        if words.counts[fits].sum() >= 0.5 * words.counts[~gone].sum() and words.counts[left].sum() > 0:
            return None, f"numbers and {number_of(words.counts[left].sum(), 'cell')} that are none, such as {words.shown(left, 2)}"
        return None, None
    dressed = column.unit or any(item.currency or item.scale or item.ordinal for item in column.items)
    if len(known) <= 2 and dressed:
        return None, None  # the two texts say more than the numbers in them
    why, sure = code_reason(name, words, matches(words.texts, PLAIN) & fits)
    if why and sure and not dressed:
        return None, f"codes: {why}"
    if any(item.ordinal for item in column.items) and len(known) <= MAX_LEVELS:
        note_missing(facts, words, gone, odd, unread, warnings)
        return describe_ordered(facts, words, column.values, "1st, 2nd, ...", warnings), None
    values = column.values
    if bands.any():
        values = np.where(bands, (values + column.upper) / 2, values)
        column.notes.append(f"{number_of(words.counts[bands].sum(), 'range')} by the middle")
        warnings.append(f"{number_of(words.counts[bands].sum(), 'cell')} of '{name}' hold a range ({words.shown(bands, 1)}), read as its middle")
    say(facts, column.what + (f", read with {in_a_row(column.notes)}" if column.notes else ""))
    if column.what != "numbers":
        warnings.append(f"'{name}' was read as {column.what}")
    if column.notes:
        warnings.append(f"numbers of '{name}' were read with {in_a_row(column.notes)}")
    if column.low_sure:
        say(facts, "whether a point divides thousands or marks decimals was told from the numbers alone", 0.6)
        warnings.append(f"whether the points in '{name}' divide thousands or mark decimals was told from its numbers alone; check it")
    values = with_limits(facts, words, column, values, warnings)
    note_missing(facts, words, gone, odd, unread, warnings)
    found = describe_numbers(facts, values[words.codes], warnings)
    if facts["type"] in ("number", "count"):
        facts["type"] = column.type or ("proportion" if column.unit == "%" else facts["type"])
    facts["unit"] = facts["unit"] or ucum(column.unit)
    return found, None


def in_a_row(notes):
    return notes[0] if len(notes) == 1 else ", ".join(notes[:-1]) + " and " + notes[-1]


UCUM = {"$": "USD", "\u20ac": "EUR", "\u00a3": "GBP", "US$": "USD", "\u00b0C": "Cel", "\u00b0F": "[degF]", "\u00b5g": "ug",
        "years": "a", "year": "a", "yrs": "a", "days": "d", "hours": "h", "lb": "[lb_av]", "lbs": "[lb_av]"}  # fmt: skip


def ucum(unit):
    return UCUM.get(unit, unit)


def with_limits(facts, words, column, values, warnings):
    """Values below a limit as half of it, values above as the limit; tests then go by ranks."""
    name, counts = facts["name"], words.counts
    below, above = (column.limit < 0) & column.fits, (column.limit > 0) & column.fits
    if not below.any() and not above.any():
        return values
    if below.any():
        values = np.where(below & (values > 0), values / 2, values)
        cells = number_of(counts[below].sum(), "cell")
        warnings.append(
            f"{cells} of '{name}' say only that the value is below a limit ({words.shown(below, 2)}); "
            f"half of the limit was put in and tests go by ranks"
        )
        say(facts, f"{cells} below a limit ({words.shown(below, 2)}), as half of it")
    if above.any():
        cells = number_of(counts[above].sum(), "cell")
        warnings.append(
            f"{cells} of '{name}' say only that the value is above a limit ({words.shown(above, 2)}); "
            f"the limit was put in and tests go by ranks"
        )
        say(facts, f"{cells} above a limit ({words.shown(above, 2)}), as the limit")
    facts["limits"] = {
        "below": sorted({float(value) * 2 for value in values[below]}),
        "rows_below": int(counts[below].sum()),
        "above": sorted({float(value) for value in values[above]}),
        "rows_above": int(counts[above].sum()),
        "rule": "half of a lower limit, an upper limit itself; tests by ranks",
    }
    facts["ranked"] = True
    return values


def describe_bands(facts, words, column, gone, habits, warnings):
    """Bands such as 18-24 and 65+, in their order."""
    used = np.flatnonzero(column.fits & (words.counts > 0))
    accepted, odd, unread = settle_odd_texts(words, column.fits, gone, 100, False)
    ranks = band_ranks(column, used) if accepted else None
    if ranks is None or len(used) < 3:
        return None
    note_missing(facts, words, gone, odd, unread, warnings)
    per_text = np.full(len(words), np.nan)
    per_text[used] = ranks
    return describe_ordered(facts, words, per_text, "bands of numbers", warnings)


def narrow_ranges(words, column, bands):
    """True where ranges are values known to within something (10-12), and not two numbers side by side (555-1234)."""
    low, high = column.values[bands], column.upper[bands]
    zeros = matches(words.texts, LEADING_ZERO)[bands].any()
    return not zeros and bool((high <= 3 * np.maximum(low, 1)).mean() >= 0.9)


def describe_ordered(facts, words, ranks, scale, warnings, sure=0.9):
    """A column of words with an order as the ranks 1, 2, 3, ... of those that occur."""
    distinct = np.unique(ranks[~np.isnan(ranks) & (words.counts > 0)])
    at = {rank: [] for rank in distinct.tolist()}
    for index in np.flatnonzero(~np.isnan(ranks) & (words.counts > 0)).tolist():
        at[ranks[index]].append(words.texts[index].as_py())
    order = [at[rank][0] for rank in distinct.tolist()]
    values = np.where(np.isnan(ranks), np.nan, np.searchsorted(distinct, np.where(np.isnan(ranks), distinct[0], ranks)) + 1.0)
    shown = " < ".join(order if len(order) <= 9 else order[:8] + ["..."])
    say(facts, f"words with an order ({scale}): {shown}; tests go by their ranks", sure)
    warnings.append(f"'{facts['name']}' has an order ({shown}); it is compared by ranks")
    found = describe_numbers(facts, values[words.codes], warnings, judged=False)
    facts.update(type="ordered", ordinal=True, ranked=True, level_order=order, unit=None)
    return found


def describe_labelled(facts, values, declared, warnings):
    """Numbers whose file has labels for them, as SPSS and Stata do: groups by their labels, ranks where those have an
    order, numbers where only some are labelled."""
    name = facts["name"]
    codes = [float(code) for code in declared.get("missing") or [] if number_or_none(code) is not None]
    absent = np.isin(values, codes) if codes else np.zeros(len(values), dtype=bool)
    for code in codes:
        rows = int((values == code).sum())
        if rows:
            facts["missing_codes"].append({"code": number_text(code), "rows": rows})
    if absent.any():
        values = np.where(absent, np.nan, values)
        say(facts, f"{number_of(absent.sum(), 'cell')} with codes that the file declares as missing")
    labels = {float(code): str(label) for code, label in declared.get("levels") or [] if number_or_none(code) is not None}
    known = np.unique(values[~np.isnan(values)])
    if len(known) == 0 or not labels or any(code not in labels for code in known.tolist()):
        some = [code for code in known.tolist() if code in labels]
        say(facts, f"numbers, {len(some)} of them with a label" if some else "numbers, as the file types them")
        return describe_numbers(facts, values, warnings)
    texts = [labels[code] for code in known.tolist()]
    at = np.searchsorted(known, np.where(np.isnan(values), known[0], values))
    array = pa.DictionaryArray.from_arrays(pa.array(at.astype(np.int32), mask=np.isnan(values)), pa.array(texts))
    words = Words(array.cast(pa.string()))
    if len(set(texts)) == len(texts) and len(texts) > 2:
        found = ordered_levels(texts)
        if found is not None and all(rank is not None for rank in found[0]):
            ranks = dict(zip(texts, found[0]))
            per_text = np.array([ranks.get(text, np.nan) for text in words.texts.to_pylist()], dtype=float)
            return describe_ordered(facts, words, per_text, f"{found[1]}, by the labels that the file declares", warnings, 0.95)
    say(facts, "groups, by the labels that the file declares")
    return describe_words(facts, words, among(words.texts, ("",)), None, warnings)


def number_or_none(value):
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def with_labels(facts, words, declared, warnings):
    """The texts with their declared labels in their place, and declared missing codes as empty cells."""
    labels = {str(code): str(label) for code, label in declared.get("levels") or []}
    absent = {str(code) for code in declared.get("missing") or []}
    texts = words.texts.to_pylist()
    for text, count in zip(texts, words.counts):
        if text in absent:
            facts["missing_codes"].append({"code": text, "rows": int(count)})
    changed = pa.array(["" if text in absent else labels.get(text, text) for text in texts], pa.string())
    if changed.equals(words.texts):
        return words
    say(facts, "with the labels that the file declares")
    return Words(changed.take(pa.array(words.codes)))


def describe_numbers(facts, values, warnings, judged=True):
    facts, array = measure_numbers(facts, values, warnings, judged)
    if facts["role"] != "numeric":
        facts.update(min=None, max=None, mean=None, sd=None, skew=None)
    return facts, array


def measure_numbers(facts, values, warnings, judged=True):
    """`judged` is false for ranks, which are neither codes nor row numbers."""
    absurd = np.isfinite(values) & (np.abs(values) > 1e100)
    if absurd.any():
        warnings.append(f"{int(absurd.sum())} cells of '{facts['name']}' are beyond 1e100 and count as missing")
    values = np.where(np.isfinite(values) & ~absurd, values, np.nan)
    if judged:
        values = without_sentinels(facts, values, warnings)
    known = values[~np.isnan(values)]
    distinct, counts = np.unique(known, return_counts=True)
    facts.update(missing=int(len(values) - len(known)), distinct=len(distinct), type="number")
    if len(distinct) == 0:
        facts.update(excluded="no values")
        return facts, pa.array(values, mask=np.isnan(values))
    spread = known.std(ddof=1) if len(known) > 1 else 0.0
    facts.update(
        min=distinct[0], max=distinct[-1], mean=known.mean(), sd=spread, integer=bool((known == np.round(known)).all())
    )
    if facts["integer"] and distinct[0] >= 0:
        facts["type"] = "count"
    if len(distinct) == 1:
        facts.update(role="constant", excluded="one value only")
        return facts, pa.array(values, mask=np.isnan(values))
    if len(distinct) == 2:
        facts["type"] = "binary"
        return describe_two(facts, values, distinct, counts)
    with np.errstate(all="ignore"):
        facts["skew"] = float((((known - known.mean()) / known.std()) ** 3).mean()) if known.std() > 0 else 0.0
    facts["ordinal"] = len(distinct) <= (10 if facts["integer"] else 6)
    if not judged:
        facts.update(role="numeric", usable=True)
        return facts, pa.array(values, mask=np.isnan(values))
    named = (NOMINAL_WORDS | ID_WORDS) & set(tokens(facts["name"])[-1:])
    nominal = facts["integer"] and len(distinct) <= 12 and named
    digits = names_by_digits(values, distinct, counts) if facts["integer"] else None
    few = nominal and len(known) >= 4 * len(distinct) and np.ptp(distinct) < 100
    if few or (digits and len(distinct) <= MAX_LEVELS):
        levels = [number_text(value) for value in distinct]
        codes = np.searchsorted(distinct, known)
        if not few:
            warnings.append(f"the numbers of '{facts['name']}' were read as names ({digits}), each as a level")
            say(facts, f"names rather than amounts ({digits})", 0.7)
        facts.update(role="categorical", type="category", usable=True, ordinal=False, levels=counted(levels, counts))
        return facts, spelled(values, levels, codes)
    why = identifier_reason(facts, values, known, distinct) or digits
    facts.update(role="identifier" if why else "numeric", usable=not why, excluded=why)
    if why:
        facts["type"] = "identifier"
    if is_year(facts, distinct):
        facts.update(type="period", unit=facts["unit"] or "a")
    return facts, pa.array(values, mask=np.isnan(values))


def is_year(facts, distinct):
    """Whole numbers in the range of years under a name that says year."""
    return facts["integer"] and 1500 <= distinct[0] and distinct[-1] <= 2200 and {"year", "yr"} & set(tokens(facts["name"]))


def describe_two(facts, values, distinct, counts):
    levels = [number_text(value) for value in distinct]
    codes = (values[~np.isnan(values)] == distinct[1]).astype(int)
    if set(distinct) <= {0.0, 1.0}:
        yes = "1"
    else:
        yes = levels[1]
    facts.update(role="binary", usable=True, levels=counted(levels, counts), yes_level=yes)
    return facts, spelled(values, levels, codes)


def spelled(values, levels, codes):
    """Numbers as the texts of their levels."""
    indices = np.full(len(values), -1, dtype=np.int32)
    indices[~np.isnan(values)] = codes
    return pa.DictionaryArray.from_arrays(pa.array(indices, mask=indices < 0), pa.array(levels))


def without_sentinels(facts, values, warnings):
    """NaN for codes such as -999 or 99 that lie far outside everything else in the column, at most three of them."""
    for _ in range(3):
        codes = several_sentinels(values) or sentinel_of(values)
        if not codes:
            return values
        for code in codes:
            rows = int((values == code).sum())
            warnings.append(
                f"{number_of(rows, 'cell')} of '{facts['name']}' hold{'s' if rows == 1 else ''} {number_text(code)}, "
                f"taken as a code for missing"
            )
            say(facts, f"{number_text(code)} in {number_of(rows, 'cell')} as a code for missing", 0.9)
            facts["missing_codes"].append({"code": number_text(code), "rows": rows})
            values = np.where(values == code, np.nan, values)
    return values


def several_sentinels(values):
    """Two to four neighbouring codes (97, 98, 99; -8, -9 are too few to tell), each on several rows and far above all else."""
    known = values[~np.isnan(values)]
    distinct, counts = np.unique(known, return_counts=True)
    if len(known) < 10 or len(distinct) < 5:
        return None
    for top in (4, 3, 2):
        if len(distinct) - top < 3:
            continue
        for codes, rows, rest in (
            (distinct[-top:], counts[-top:], distinct[:-top]),
            (distinct[:top], counts[:top], distinct[top:]),
        ):
            coded = all(REPEATED_DIGIT.fullmatch(number_text(code)) and abs(code) >= 77 for code in codes.tolist())
            if coded and (rows >= 2).all() and np.abs(rest).max() * 4 < np.abs(codes).min():
                return codes.tolist()
    return None


def sentinel_of(values):
    """[the code] such as -999 or 99 at either end of the values, or None."""
    known = values[~np.isnan(values)]
    if len(known) < 10:
        return None
    for edge in (known.min(), known.max()):
        if not REPEATED_DIGIT.fullmatch(number_text(edge)):
            continue
        rest = known[known != edge]
        if len(rest) == 0 or len(np.unique(rest)) < 3:
            continue
        rows = int((known == edge).sum())
        repeated = rows >= 2
        large = abs(edge) >= 99
        nines = set(number_text(abs(edge))) <= {"9", "."}
        reach = np.abs(rest).max()
        far_below = edge < 0 and rest.min() >= 0 and nines and (edge <= -99 or rest.min() > 9)
        if edge < 0 and rest.min() >= 0 and not nines:
            far_below = large_gap(edge, rest) and edge <= -77
        outside = edge <= -99 and reach * 4 < -edge
        far_above = edge > 0 and repeated and rest.max() * 4 < edge and (nines or large or rest.max() <= 20)
        once = edge >= 999 and nines and reach * 10 < edge and len(known) >= 20
        if ((far_below or outside) and (repeated or edge <= -999)) or far_above or once:
            return [edge]
    return None


def large_gap(edge, rest):
    return abs(edge) > 4 * np.abs(rest).max() or rest.min() >= 0


def identifier_reason(facts, values, known, distinct):
    """Why an integer column names rows instead of measuring something, or None."""
    words = tokens(facts["name"])
    if not facts["integer"]:
        return None
    unique = len(distinct) == len(known)
    named = not words or words[-1] in ID_WORDS or words[0] in ID_WORDS
    if named and (unique or len(distinct) > 10):
        return "a row number or key" if unique else "an identifier by its name"
    if CODE_WORDS & set(words[-1:]) and len(distinct) > MAX_LEVELS:
        return "a code by its name"
    if not unique or len(known) < 5 or TIME_WORDS & set(words):
        return None
    if COUNTER_WORDS & set(words[-1:]) and (facts["first"] or len(words) == 1 or words[-1] == "number"):
        return "a row number or key"
    steps = np.diff(known)
    dense = (distinct[-1] - distinct[0] + 1) / len(distinct)
    # A short run of whole numbers can be what was set or measured (heights 58, 59, ...), and whole numbers in disorder can be
    # ranks; a row number starts at 0 or 1, comes first, or counts down the rows.
    climbs = bool((steps > 0).all())
    if dense == 1 and distinct[0] in (0, 1) and (facts["first"] or (climbs and len(known) >= 50)):
        return "a row number or key"
    if dense <= 1.2 and len(known) >= 50 and climbs:
        return "a row number or key"
    return None


YEAR_SECONDS = 365.2425 * 86400


def typed_seconds(array):
    """Seconds since 1970 of an array of dates or timestamps; NaN where missing."""
    if pa.types.is_timestamp(array.type) and array.type.tz:
        array = array.cast(pa.timestamp("us", array.type.tz))
    array = array.cast(pa.timestamp("us"))
    array = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
    moments = array.to_numpy(zero_copy_only=False).astype("datetime64[us]")
    return np.where(np.isnat(moments), np.nan, moments.astype(np.int64) / 1e6)


def has_clock(seconds):
    known = seconds[~np.isnan(seconds)]
    return bool((known % 86400 != 0).any())


def describe_dates(facts, seconds, kinds, clocked, warnings):
    """Moments as a number that grows with time: years, or days or hours since the first, as their span has it."""
    seconds = without_stand_ins(facts, seconds, warnings)
    known = ~np.isnan(seconds)
    distinct, counts = np.unique(seconds[known], return_counts=True)
    facts.update(missing=int((~known).sum()), distinct=len(distinct))
    period = bool(kinds) and kinds <= {"month", "quarter", "half", "week"}
    facts["type"] = "period" if period else "datetime" if clocked else "date"
    if len(distinct) == 0:
        facts.update(role="empty", excluded="no values")
        return facts, pa.array(seconds, mask=~known)
    texts = np.datetime_as_string(np.array([distinct[0], distinct[-1]]).astype("datetime64[s]"), unit="s" if clocked else "D")
    first, last = (str(text).replace("T", " ") for text in texts)
    if len(distinct) == 1:
        say(facts, f"all {first}")
        facts.update(role="constant", excluded="one value only")
        return facts, pa.array(seconds, mask=~known)
    years = whole_years(distinct)
    if years and not period and len(distinct) > 2:
        warnings.append(f"'{facts['name']}' holds the first of January of each year, and was read as years")
        say(facts, "each the first of January, so years")
        numbers = np.full(len(seconds), np.nan)
        numbers[known] = seconds[known].astype("datetime64[s]").astype("datetime64[Y]").astype(int) + 1970
        found = describe_numbers(facts, numbers, warnings)
        facts.update(type="period", unit="a")
        return found
    if len(distinct) == 2:
        levels = [first, last]
        facts.update(role="binary", usable=True, levels=counted(levels, counts), yes_level=last)
        return facts, spelled(seconds, levels, (seconds[known] == distinct[1]).astype(int))
    span = distinct[-1] - distinct[0]
    if span > 2 * YEAR_SECONDS:
        origin, step, unit = -1970 * YEAR_SECONDS, YEAR_SECONDS, "a"
        words = "years with their fraction"
    elif span > 3 * 86400:
        origin, step, unit = np.floor(distinct[0] / 86400) * 86400, 86400.0, "d"
        words = "days since the first"
    else:
        origin, step, unit = distinct[0], 3600.0, "h"
        words = "hours since the first"
    say(facts, f"from {first} to {last}; tests take {words}")
    values = (seconds - origin) / step
    lost, sure, unit_before = facts["missing_codes"], facts["sure"], facts["type"]
    found, array = describe_numbers(facts, values, warnings, judged=False)
    found.update(type=unit_before, unit=unit, ordinal=False, moment=[origin, step], missing_codes=lost, sure=sure)
    return found, array


def without_stand_ins(facts, seconds, warnings):
    """NaN for a day that stands for none: 9999-12-31, or 1900-01-01 and 1970-01-01 far from all others."""
    known = seconds[~np.isnan(seconds)]
    if len(known) < 3:
        return seconds
    for edge in (known.min(), known.max()):
        rest = known[known != edge]
        if len(np.unique(rest)) < 3:
            continue
        day = str(np.datetime64(int(edge), "s"))[:10]
        far = day[:4] >= "2900" or day[:4] == "0001"
        alone = day in ("1900-01-01", "1899-12-30", "1899-12-31", "1970-01-01", "1901-01-01", "1904-01-01", "2099-12-31", "2999-12-31")
        gap = np.abs(rest - edge).min() > 10 * YEAR_SECONDS and (known == edge).sum() >= 2
        if far or (alone and gap):
            rows = int((known == edge).sum())
            warnings.append(f"{number_of(rows, 'cell')} of '{facts['name']}' hold {day}, taken as a stand-in for missing")
            facts["missing_codes"].append({"code": day, "rows": rows})
            say(facts, f"{day} in {number_of(rows, 'cell')} as a stand-in for missing", 0.9)
            seconds = np.where(seconds == edge, np.nan, seconds)
    return seconds


def whole_years(distinct):
    """True where every moment is the start of a first of January."""
    moments = distinct.astype("datetime64[s]")
    return bool((moments.astype("datetime64[Y]").astype("datetime64[s]") == moments).all() and (distinct % 1 == 0).all())


def recognise_levels(words, gone):
    """The column as levels, missing markers as null."""
    place = np.cumsum(~gone) - 1
    codes = place[words.codes].astype(np.int32)
    return pa.DictionaryArray.from_arrays(
        pa.array(codes, mask=gone[words.codes]), words.texts.filter(pa.array(~gone))
    )


def describe_words(facts, words, gone, habits, warnings, why=None):
    """A column of words: levels, levels with an order, names or free text; `why` says why it is no column of numbers."""
    name = facts["name"]
    gone = missing_among_words(words, habits, name, warnings) if gone is None else gone
    counts = np.where(gone, 0, words.counts)
    used = np.flatnonzero(counts)
    rows = int(counts.sum())
    facts.update(missing=int(words.counts[gone].sum()), distinct=len(used), type="category")
    if not facts["missing_codes"]:
        facts["missing_codes"] = [{"code": code, "rows": n} for code, n in words.counted(gone & (words.counts > 0)) if code]
    facts.setdefault("markers", words.texts.filter(pa.array(gone & (words.counts > 0))).to_pylist())
    if len(used) == 0:
        facts.update(type="text", excluded="no values")
        return facts, recognise_levels(words, gone)
    if len(used) == 1:
        facts.update(role="constant", excluded="one value only")
        return facts, recognise_levels(words, gone)
    levels = [words.texts[int(index)].as_py() for index in used] if len(used) <= 200 else []
    if 3 <= len(used) <= MAX_LEVELS and rows >= 2 * len(used) and not (why or "").startswith("codes"):
        ordered = ordered_levels(levels)
        if ordered is not None and sum(rank is not None for rank in ordered[0]) >= 3:
            return describe_ranked(facts, words, used, gone, ordered, warnings)
    array = recognise_levels(words, gone)
    if why:
        say(facts, why)
    absent = gone & (words.counts > 0) & ~among(words.texts, ("",))
    if absent.any():
        say(facts, f"{counts_as_missing(words, absent)} count{'s' if words.counts[absent].sum() == 1 else ''} as missing")
    if len(used) <= MAX_LEVELS and rows >= 2 * len(used):
        say(facts, "groups, each text a level")
        facts.update(
            role="binary" if len(used) == 2 else "categorical", usable=True, levels=counted(levels, counts[used])
        )
        if len(used) == 2:
            facts.update(type="binary", yes_level=event_level(levels))
        folded = {level.lower() for level in levels}
        if len(folded) < len(levels):
            warnings.append(f"levels of '{name}' differ only in upper and lower case; they were kept apart")
        if len(used) > 2 and rows < 4 * len(used):
            facts.update(usable=False, excluded=f"{len(used)} levels for {rows} rows, too few rows per level")
        elif why and why.startswith("codes"):
            warnings.append(f"'{name}' holds {why}; each is a level")
        elif why:
            warnings.append(f"'{name}' was read as groups, because it holds {why}")
        return facts, array
    return facts_of_many(facts, words, used, rows, why), array


def facts_of_many(facts, words, used, rows, why):
    """What a column with many different texts is, and why it is not tested."""
    lengths = pc.utf8_length(words.texts).to_numpy(zero_copy_only=False)[used]
    unread = None if why is None or why.startswith("codes") else why
    if lengths.mean() > 50:
        facts.update(role="text", type="text", excluded="free text")
        say(facts, "free text")
    elif unread:
        facts.update(role="identifier" if len(used) >= 0.9 * rows else "categorical", type="text", excluded=f"holds {unread}")
    elif len(used) >= 0.9 * rows:
        shown = "a text of its own in each row" if len(used) == rows else f"{len(used)} different texts in {rows} rows"
        facts.update(role="identifier", type="identifier", excluded=f"{shown}, so that it names rows")
        say(facts, shown)
    elif len(used) <= MAX_LEVELS:
        facts.update(role="categorical", excluded=f"{len(used)} levels for {rows} rows, too few rows per level")
        say(facts, "groups, each text a level")
    else:
        facts.update(role="categorical", excluded=f"{len(used)} levels, more than {MAX_LEVELS}")
        say(facts, "groups, each text a level")
    return facts


def describe_ranked(facts, words, used, gone, ordered, warnings):
    """Levels with an order; those that say "don't know" count as missing."""
    ranks, scale = ordered
    per_text = np.full(len(words), np.nan)
    unsure = np.zeros(len(words), dtype=bool)
    for index, rank in zip(used.tolist(), ranks):
        if rank is None:
            unsure[index] = True
        else:
            per_text[index] = rank
    if unsure.any():
        cells = number_of(words.counts[unsure].sum(), "cell")
        warnings.append(f"{cells} of '{facts['name']}' ({words.shown(unsure)}) have no place in its order and count as missing")
        facts["missing_codes"] += [{"code": code, "rows": rows} for code, rows in words.counted(unsure)]
    return describe_ordered(facts, words, per_text, scale, warnings)


def counted(levels, counts):
    """Levels with their rows, most frequent first."""
    return [
        {"level": level, "n": int(n)} for level, n in sorted(zip(levels, counts), key=lambda pair: (-pair[1], pair[0]))
    ]
