# ---- columns: one column after another: as which kind of values it reads, and what was set aside ----
import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


# Where so many values are known by a limit only, tests go by ranks.
RANKED_FROM = 0.05
# Distinct dates among which those that are known in part are looked for.
PARTIAL_LOOKED = 100_000


def describe_column(name, first, array, words, habits, declared, warnings):
    """(facts for result.json, array for table.parquet) of one column; `first` says that it is the table's first,
    `declared` what the file itself says of it."""
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
    values = array.cast(pa.float64()).to_numpy(zero_copy_only=False).astype(float)
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
    order = declared_order(words, habits, declared)
    if order is not None:
        return describe_ordered(facts, words, order, "as the file declares", warnings, 1.0)
    if words.logical:
        say(facts, "true or false, as the file types it")
        return describe_words(facts, words, among(words.texts, ("",)), habits, warnings)
    gone = among(words.texts, AMONG_NUMBERS)
    live = ~gone
    filled = int(words.counts[live].sum())
    if filled == 0:
        say(facts, "no values")
        return describe_words(
            facts, words, gone if not among(words.texts, PERHAPS_MISSING).any() else None, habits, warnings
        )
    answers = describe_answers(facts, words, warnings)
    if answers is not None:
        return answers
    plain = matches(words.texts, PLAIN) & live
    why = None
    if plain.any() and words.counts[plain].sum() >= 0.5 * filled:
        found, why = describe_plain(facts, words, plain, gone, habits, warnings)
        if found is not None:
            return found
    # Longer texts are no numbers and no dates.
    if why is None and np.average(byte_lengths(words.texts)[live], weights=words.counts[live]) <= LONGEST_FORM:
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
    if not accepted or (unread.any() and spelt_limits(words, unread)):
        return None, None
    values = numbers_of_texts(words.texts, plain)
    days, words_on_it = compact_dates(name, words, plain, values, habits)
    years = short_years(name, words, plain, values)
    if years is not None:
        first, last = int(np.nanmin(years)), int(np.nanmax(years))
        say(facts, f"years in two digits, as {first} to {last}", 0.9)
        warnings.append(f"two-digit years of '{name}' were read as {first} to {last}")
        note_missing(facts, words, gone, odd, unread, warnings, "year")
        return describe_numbers(facts, years[words.codes], warnings), None
    why, sure = code_reason(name, words, plain) if days is None else (None, True)
    if why:
        facts["sure"] = min(facts["sure"], 0.9 if sure else 0.6)
        return None, f"codes: {why}"
    if days is None and doubtful_points(name, words, plain, habits):
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
    values = words.spread(values)
    return describe_numbers(facts, values, warnings), None


def numbers_of_texts(texts, plain):
    """float64 of the texts that are plain numbers, NaN for the others."""
    values = np.full(len(texts), np.nan)
    for start in range(0, len(texts), PIECE):
        fits = plain[start : start + PIECE]
        numbers = pc.replace_substring_regex(texts.slice(start, PIECE).filter(pa.array(fits)), r"^\+", "")
        values[start : start + PIECE][fits] = numbers.cast(pa.float64()).to_numpy(zero_copy_only=False)
    return values


def texts_of_numbers(words, plain):
    """(how many distinct texts are numbers, whether all are whole)."""
    return int(plain.sum()), not matches(words.texts, r"[.eE]")[plain].any()


def spelt_limits(words, unread):
    """True where what is left are numbers in another spelling."""
    return bool(matches(words.texts, r"\d")[unread].any())


def doubtful_points(name, words, plain, habits):
    """True where every point stands before exactly three digits, so that it may divide thousands."""
    if habits.decimal == "." or name in habits.typed_cells:
        return False
    pointed = matches(words.texts, r"\.") & plain
    if not pointed.any() or not matches(words.texts, r"^[+-]?[1-9]\d{0,2}(\.\d{3})+$")[pointed].all():
        return False
    return not matches(words.texts, r"[eE]")[plain].any()


def compact_dates(name, words, plain, values, habits):
    """Days and months without signs between them (20210315, 202103), seconds since 1970, and days of a workbook; as
    (seconds since 1970 per text, (kinds, with a clock, words)) or (None, None)."""
    known = values[plain]
    pointed = pointed_months(name, words, plain)
    if pointed is not None:
        return pointed, ({"month"}, False, "read as months written with a point")
    if len(known) < 2 or (known != np.floor(known)).any() or known.max() < 10000 or known.min() < 1000:
        return None, None
    timely = bool({"date", "day", "dt", "dob", "birth", "when", "month", "period", "time", "timestamp", "ts", "created", "updated",
                   "at", "datetime", "epoch", "yyyymm", "yyyymmdd", "ym", "ymd", "start", "end", "visit"} & set(tokens(name)))  # fmt: skip
    written = words.texts
    if matches(written, r"^\d+\.0$")[plain].all():
        written = pc.replace_substring_regex(written, r"\.0$", "")  # a missing cell made the numbers decimal
    lengths = np.unique(byte_lengths(written)[plain])
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
    if length == 6 and timely:
        year, monthday = np.divmod(values, 10000.0)
        month, day = np.divmod(monthday, 100.0)
        counts = np.bincount(year[plain].astype(int), weights=words.counts[plain], minlength=100)
        years = with_century(year, century_of(counts[:100])[0])
        days, valid = civil_days(years, month, day, plain & (year < 100))
        if valid[plain].all():
            return np.where(valid, days * 86400.0, np.nan), ({"day"}, False, "read as dates written as yymmdd")
    if length == 8 and (timely or len(known) >= 6):
        lead, year = np.divmod(values, 10000.0)
        for order, (a, b) in (("day, month and year (ddmmyyyy)", (1, 0)), ("month, day and year (mmddyyyy)", (0, 1))):
            parts = np.divmod(lead, 100.0)
            days, valid = civil_days(year, parts[a], parts[b], plain & (year >= 1900) & (year <= 2100))
            if valid[plain].all():
                return np.where(valid, days * 86400.0, np.nan), ({"day"}, False, f"read as dates written as {order}")
    if length in (10, 12, 14):
        clocked = compact_times(values, plain, length)
        if clocked is not None:
            form = "yyyymmddhhmmss"[:length]
            return clocked, ({"day"}, True, f"read as dates and times written as {form}")
    for digits, unit, scale in ((10, "seconds", 1.0), (13, "milliseconds", 1e3), (16, "microseconds", 1e6)):
        if length == digits and 3e8 <= known.min() / scale and known.max() / scale <= 4.2e9 and (timely or digits > 10):
            if not check_digits(np.unique(known)):
                return values / scale, ({"day"}, True, f"read as {unit} since 1970")
    if habits.workbook and timely and 20000 <= known.min() and known.max() <= 80000:
        return (values - 25569) * 86400.0, ({"day"}, False, "read as days of a workbook, counted from 1900")
    return None, None


MONTH_NAMES = set(
    "month monat mois mes mese m\u00eas maand miesi\u0105c m\u0117nuo kuukausi manad m\u00e5nad maned m\u00e5ned "
    "date datum fecha data period".split()
)


def pointed_months(name, words, plain):
    """Seconds since 1970 of months such as 03.2021, which are no decimals: all with two digits, or under a name that
    says month; None where one is no month."""
    texts = words.texts
    first = texts.slice(0, 50)
    if matches(first, r"^(?:19|20)\d\d\.(?:0[1-9]|1[0-2])$")[plain[:50]].all():
        return months_behind_years(texts, plain)
    if not matches(first, r"^(?:0?[1-9]|1[0-2])\.(?:19|20)\d\d$")[plain[:50]].all():
        return None
    short = matches(texts, r"^[1-9]\.(?:19|20)\d\d$") & plain
    shaped = (matches(texts, r"^(?:0[1-9]|1[0-2])\.(?:19|20)\d\d$") & plain) | short
    if plain.sum() < 3 or not shaped[plain].all():
        return None
    if not MONTH_NAMES & set(tokens(name)) and (short.any() or not matches(texts, r"^0")[plain].any()):
        return None
    parts = [text.split(".") for text in texts.filter(pa.array(plain)).to_pylist()]
    if len({month for month, _ in parts}) < 3 and len({year for _, year in parts}) < 3:
        return None
    seconds = np.full(len(texts), np.nan)
    days = [np.datetime64(f"{year}-{int(month):02}", "D").astype(np.int64) for month, year in parts]
    seconds[plain] = np.array(days) * 86400.0
    return seconds


def months_behind_years(texts, plain):
    """Seconds since 1970 of months such as 2021.03, where no other hundredths occur and most months do; or None."""
    if not matches(texts, r"^(?:19|20)\d\d\.(?:0[1-9]|1[0-2])$")[plain].all():
        return None
    parts = [text.split(".") for text in texts.filter(pa.array(plain)).to_pylist()]
    if len({month for _, month in parts}) < 6 or len(parts) < 8:
        return None
    seconds = np.full(len(texts), np.nan)
    days = [np.datetime64(f"{year}-{month}", "D").astype(np.int64) for year, month in parts]
    seconds[plain] = np.array(days) * 86400.0
    return seconds


def compact_times(values, plain, length):
    """Seconds since 1970 of 2021031514, 202103151430 and 20210315143000; None where one is no such time."""
    day, rest = np.divmod(values, 10.0 ** (length - 8))
    year, monthday = np.divmod(day, 10000.0)
    month, day = np.divmod(monthday, 100.0)
    days, valid = civil_days(year, month, day, plain & (year >= 1900) & (year <= 2100))
    seconds, weight = np.zeros(len(values)), 3600.0
    for place in range(length - 10, -1, -2):
        part, rest = np.divmod(rest, 10.0**place)
        valid &= part <= (24 if weight == 3600.0 else 59)
        seconds, weight = seconds + part * weight, weight / 60
    return np.where(valid, days * 86400.0 + seconds, np.nan) if valid[plain].all() else None


def short_years(name, words, plain, values):
    """Years such as 98, 99, 00, 01, in a column named so; None where they do not pass the turn of a century."""
    if not {"year", "yr", "jahr", "annee", "ano"} & set(tokens(name)):
        return None
    if not matches(words.texts, r"^\d{2}$")[plain].all() or not matches(words.texts, r"^0\d$")[plain].any():
        return None
    counts = np.bincount(values[plain].astype(int), weights=words.counts[plain], minlength=100)
    return np.where(plain, with_century(values, century_of(counts)[0]), np.nan)


def apostrophe_years(name, words, gone):
    """Years such as '98 and '03; None where a text is none, or they can be amounts behind a mark for text."""
    live = ~gone & (words.counts > 0)
    if not live.any() or not matches(words.texts, r"^['\x{2019}]\d{2}$")[live].all():
        return None
    zeros = matches(words.texts, r"^.0\d$")[live].any()
    if not zeros and not {"year", "yr", "jahr", "annee", "ann\u00e9e", "ano", "a\u00f1o"} & set(tokens(name)):
        return None
    digits = np.array([int(text[1:]) if lives else -1 for text, lives in zip(words.texts.to_pylist(), live)])
    counts = np.bincount(digits[live], weights=words.counts[live], minlength=100)
    return np.where(live, with_century(np.maximum(digits, 0), century_of(counts)[0]), np.nan)


def note_missing(facts, words, gone, odd, unread, warnings, what="number"):
    """Lists the texts that count as missing and those that could not be read."""
    name = facts["name"]
    marked = (gone | odd) & (words.counts > 0)
    facts["missing_codes"] += [{"code": code, "rows": rows} for code, rows in words.counted(marked) if code]
    facts["markers"] = words.texts.filter(pa.array(gone & (words.counts > 0))).to_pylist()
    known = gone & (words.counts > 0) & ~among(words.texts, ("",))
    if known.any():
        say(facts, f"{counts_as_missing(words, known)} count{'s' if words.counts[known].sum() == 1 else ''} as missing")
    nothing = known & among(words.texts, NOTHING)
    if nothing.any():
        verb = "counts" if words.counts[nothing].sum() == 1 else "count"
        warnings.append(
            f"{counts_as_missing(words, nothing)} of '{name}' {verb} as missing; if it means that there was nothing of it, write 0"
        )
    if odd.any():
        one = words.counts[odd].sum() == 1
        warnings.append(
            f"{number_of(words.counts[odd].sum(), 'cell')} of '{name}' {f'is no {what}' if one else f'are not {what}s'} "
            f"({words.shown(odd)}) and count{'s' if one else ''} as missing"
        )
        say(facts, f"{counts_as_missing(words, odd)} count{'s' if one else ''} as missing", 0.9)
    if unread.any():
        cells = number_of(words.counts[unread].sum(), "cell")
        facts["unread"] = {
            "rows": int(words.counts[unread].sum()),
            "samples": [{"text": text[:80], "rows": rows} for text, rows in words.counted(unread, 5)],
        }
        warnings.append(
            f"{cells} of '{name}' could not be read ({words.shown(unread)}); what is there counts as missing"
        )
        say(facts, f"{cells} ({words.shown(unread)}) could not be read", 0.8)


def describe_date_texts(facts, words, shapes, gone, habits, warnings):
    name = facts["name"]
    dates = DateColumn(shapes, ~gone)
    partial = np.zeros(len(words), dtype=bool)
    if dates.share and len(words) <= PARTIAL_LOOKED:
        partial = matches(words.texts, PARTIAL_DATE) & ~gone & (words.counts > 0)
    bare = words.counts[partial].sum() / max(words.counts[~gone].sum(), 1)
    # The days of a workbook can stand there as numbers.
    if dates.share + (bare if dates.share >= 0.1 else 0) < (0.1 if habits.workbook else 0.5):
        return None, None
    if unlikely_dates(dates) or (GENE_WORDS & set(tokens(name)) and all(is_run_together(item) for item in dates.items)):
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
    zero = matches_among(words.texts, np.isnan(seconds) & ~gone & (words.counts > 0), ZERO_DATE)
    gone = gone | zero
    monthless = zero & False
    partial &= np.isnan(seconds) & ~zero
    if partial.any() and dates.kinds and not dates.kinds & {"year", "season"}:
        first_days, monthless = partial_seconds(words.texts, partial)
        seconds[partial] = first_days[partial]
    fits = ~np.isnan(seconds)
    accepted, odd, unread = settle_odd_texts(words, fits, gone, 100, False)
    if not accepted:
        return None, None
    if zero.any():
        cells = number_of(words.counts[zero].sum(), "cell")
        verb = "holds" if words.counts[zero].sum() == 1 else "hold"
        warnings.append(f"{cells} of '{name}' {verb} a date that is none ({words.shown(zero)}), taken as missing")
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
        say(
            facts,
            f"{shown[order]}" + (f", {evidence}" if evidence else ", which nothing in the file tells"),
            0.5 if not sure else None,
        )
    if dates.two_digits.any():
        years = seconds[fits].astype("datetime64[s]").astype("datetime64[Y]").astype(int) + 1970
        told = f"two-digit years of '{name}' were read as {years.min()} to {years.max()}"
        warnings.append(
            told if gap >= 5 else told + ", which their spread does not tell; write them with four digits to be sure"
        )
        say(facts, f"two-digit years as {years.min()} to {years.max()}", 0.9 if gap >= 12 else 0.6)
    if len({item.kind for readings in dates.items for item in readings[:1]}) > 1 or len(form_families(dates)) > 1:
        ways = ", ".join(repr(text) for text in form_families(dates)[:4])
        warnings.append(f"dates of '{name}' are written in several ways ({ways}); each was read in its own")
    if dates.zoned:
        say(facts, "times turned to UTC")
    if dates.buddhist:
        say(facts, "years of the Buddhist era, less 543", 0.8)
        warnings.append(f"years of '{name}' lie beyond 2440 and were read as of the Buddhist era, less 543")
    note_zones(facts, dates, warnings)
    note_partial(facts, words, dates, partial & fits, monthless, warnings)
    note_missing(facts, words, gone, odd, unread, warnings, "date")
    kinds, clocked = dates.kinds, dates.clocked
    shapes.forget()
    seconds = words.spread(seconds)
    return describe_dates(facts, seconds, kinds, clocked, warnings), None


def note_partial(facts, words, dates, partial, monthless, warnings):
    """Says how many dates are not known to the day, where others are."""
    counts = dict.fromkeys(("half", "quarter", "month"), 0)
    if dates.kinds - set(counts):
        for item in (readings[0] for readings in dates.items):
            if item.kind in counts:
                counts[item.kind] += dates.shapes.counts[item.index]
    cells = int(sum(counts.values()) + words.counts[partial].sum())
    if cells == 0:
        return
    name = facts["name"]
    years = words.counts[partial & monthless].sum()
    whole = "month or year" if 0 < years < cells else "year" if years else "month"
    shown = f" ({words.shown(partial, 2)})" if partial.any() else ""
    say(facts, f"{number_of(cells, 'date')} known only to the {whole}{shown}, by the first day of it", 0.7)
    warnings.append(
        f"{number_of(cells, 'cell')} of '{name}' {'gives' if cells == 1 else 'give'} only the {whole}{shown}; "
        f"the first day of it was taken, which can be up to a {'year' if years else 'month'} too early"
    )


def note_zones(facts, dates, warnings):
    """Says which names of zones were heeded, which of them several zones share, and which are not known."""
    name, zones = facts["name"], dates.zones - NO_ZONES
    known = sorted(zone.upper() for zone in zones & set(ZONE_HOURS))
    if known:
        say(facts, f"times in {in_a_row(known)}, turned to UTC")
    # One zone for all moves them alike.
    several = len(zones) > 1 or dates.zoned
    for zone in sorted(zones & set(SHARED_ZONES)) if several else ():
        say(facts, f"{zone.upper()} as the time of {SHARED_ZONES[zone]}", 0.7)
        warnings.append(
            f"times of '{name}' in {zone.upper()} were read as the time of {SHARED_ZONES[zone]}; "
            "other places use that name too"
        )
    strange = sorted(zones - set(ZONE_HOURS))
    if strange:
        shown = in_a_row([zone.upper() if "/" not in zone else zone.title() for zone in strange[:5]])
        say(facts, f"what stands behind the times ({shown}) was not heeded", 0.7 if several else None)
        warnings.append(
            f"what stands behind the times of '{name}' ({shown}) is no known zone and was not heeded; "
            "write the difference to UTC, such as +02:00, if it matters"
        )


def form_families(dates):
    """How the dates of a column are written, digits and names of months apart."""
    families = {}
    for readings in dates.items:
        text = re.sub(r"[^\W\d_]{3,}", "mmm", readings[0].form)
        text = re.sub(r"9+", "9", text.split(":")[0] if ":" in text else text)
        families.setdefault(text, dates.shapes.texts[int(dates.shapes.rows(readings[0].index)[0])].as_py())
    return [form for form in families.values()]


GENE_WORDS = {"gene", "genes", "symbol", "protein", "proteins", "transcript", "marker", "probe", "hgnc"}


def is_run_together(readings):
    """SEP15 and MARCH10 are names of genes as well."""
    return re.fullmatch(r"[^\W\d_]+99", readings[0].form) is not None


# Months of other languages that are English words.
COUNTED_WORDS = set("set out gen mag ago des dic mar lug".split())


def unlikely_dates(dates):
    """1.2.10 is a version: two-digit years after points need two digits in all parts, or a day above 12. Set 1 and gen
    12 count sets and generations: where all months are one that is such a word, they are none."""
    months = {item.month for readings in dates.items for item in readings[:1]}
    words = {re.match(r"[^\W\d_]*", readings[0].form).group().lower() for readings in dates.items}
    if len(months) == 1 and words <= COUNTED_WORDS and dates.two_digits.any():
        return True
    pointed = [item for item in dates.open if item.separator == "." and item.spans["y"][1] - item.spans["y"][0] == 2]
    loose = [
        item
        for item in pointed
        if item.spans["a"][1] - item.spans["a"][0] == 1 or item.spans["b"][1] - item.spans["b"][0] == 1
    ]
    return bool(loose) and not dates.first_large


def describe_spelt(facts, words, shapes, gone, habits, warnings):
    """Numbers in any spelling, and bands of numbers; (column or None, why it is none)."""
    name = facts["name"]
    why = letter_codes(name, words, ~gone & (words.counts > 0))
    if why:
        return None, f"codes: {why}"
    years = apostrophe_years(name, words, gone)
    if years is not None:
        first, last = int(np.nanmin(years)), int(np.nanmax(years))
        say(facts, f"years in two digits, as {first} to {last}", 0.8)
        warnings.append(f"two-digit years of '{name}' were read as {first} to {last}")
        note_missing(facts, words, gone, gone & False, gone & False, warnings, "year")
        return describe_numbers(facts, years[words.codes], warnings), None
    grades = describe_grades(facts, words, gone, warnings)
    if grades is not None:
        return grades, None
    ratios = describe_ratios(facts, words, gone, warnings)
    if ratios is not None:
        return ratios, None
    column = NumberColumn(shapes, ~gone, habits.decimal, name)
    if not column.items or not column.fits.any():
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
            return (
                None,
                f"numbers and {number_of(words.counts[left].sum(), 'cell')} that are none, such as {words.shown(left, 2)}",
            )
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
        warnings.append(
            f"{number_of(words.counts[bands].sum(), 'cell')} of '{name}' hold a range ({words.shown(bands, 1)}), read as its middle"
        )
    say(facts, column.what + (f", read with {in_a_row(column.notes)}" if column.notes else ""))
    if column.what != "numbers":
        warnings.append(f"'{name}' was read as {column.what}")
    if column.notes:
        warnings.append(f"numbers of '{name}' were read with {in_a_row(column.notes)}")
    if column.steps_doubtful:
        say(facts, "whether a kilobyte has 1000 or 1024 bytes is not told", 0.8)
        warnings.append(
            f"sizes in '{name}' were converted with 1000 bytes to a kilobyte; "
            "nothing in the file tells whether 1024 are meant"
        )
    if column.low_sure:
        say(facts, "whether a point divides thousands or marks decimals was told from the numbers alone", 0.6)
        warnings.append(
            f"whether the points in '{name}' divide thousands or mark decimals was told from its numbers alone; check it"
        )
    values = with_limits(facts, words, column, values, warnings)
    note_missing(facts, words, gone, odd, unread, warnings)
    found = describe_numbers(facts, values[words.codes], warnings)
    if facts["type"] in ("number", "count"):
        facts["type"] = column.type or ("proportion" if column.unit == "%" else facts["type"])
    facts["unit"] = facts["unit"] or ucum(column.unit)
    return found, None


GERMAN_GRADES = {"note", "noten", "zensur", "zensuren", "schulnote", "abschlussnote"}


def describe_grades(facts, words, gone, warnings):
    """Grades such as 2+, 2 and 2- by their order, where both signs occur; None for anything else. In German schools 1
    is the best, so that 2+ lies below 2; elsewhere a plus adds."""
    fits = matches(words.texts, r"^\d{1,2}\s?[-+\x{2013}\x{2212}]?$") & ~gone & (words.counts > 0)
    left = ~fits & ~gone & (words.counts > 0)
    plus, minus = (matches(words.texts, ending) & fits for ending in (r"\+$", r"\d\s?[-\x{2013}\x{2212}]$"))
    if not (plus.any() and minus.any()) or (left.any() and words.counts[left].sum() > 0.05 * words.counts[~gone].sum()):
        return None
    digits = [int(re.match(r"\d+", text).group()) if fit else 0 for text, fit in zip(words.texts.to_pylist(), fits)]
    if max(digits) > 20:
        return None
    german = bool(GERMAN_GRADES & set(tokens(facts["name"]))) and max(digits) <= 6
    step = -0.3 if german else 0.3
    ranks = np.array(digits, float) + np.where(plus, step, 0) - np.where(minus, step, 0)
    ranks[~fits] = np.nan
    order = "2+ below 2 below 2-, as in Germany" if german else "2- below 2 below 2+"
    warnings.append(f"'{facts['name']}' was read as grades, with {order}; nothing in the file tells the order")
    note_missing(facts, words, gone, left, left & False, warnings, "grade")
    return describe_ordered(facts, words, ranks, "grades with plus and minus", warnings, 0.6)


RATIO_WORDS = {"titre", "titer", "titres", "titers", "dilution", "dilutions", "ratio", "scale", "slope", "odds"}


def describe_ratios(facts, words, gone, warnings):
    """1:40, 1:80, 1:640 by the number behind the colon; None where they can be times."""
    fits = matches(words.texts, r"^1\s?(?::|in)\s?\d{1,7}$") & ~gone
    if not fits.any() or (~fits & ~gone & (words.counts > 0)).any():
        return None
    values = np.full(len(words), np.nan)
    behind = pc.replace_substring_regex(words.texts.filter(pa.array(fits)), r"^1\s?(?::|in)\s?", "")
    values[fits] = behind.cast(pa.float64()).to_numpy(zero_copy_only=False)
    if not (
        RATIO_WORDS & set(tokens(facts["name"]))
        or (values[fits] >= 100).any()
        or matches(words.texts, "in")[fits].all()
    ):
        return None
    say(facts, "ratios of one to so many, by the number behind the colon", 0.9)
    warnings.append(f"'{facts['name']}' holds ratios ({words.shown(fits, 1)}), read as the number behind the colon")
    none = np.zeros(len(words), dtype=bool)
    note_missing(facts, words, gone, none, none, warnings)
    return describe_numbers(facts, values[words.codes], warnings)


def in_a_row(notes):
    return notes[0] if len(notes) == 1 else ", ".join(notes[:-1]) + " and " + notes[-1]


UCUM = {"$": "USD", "\u20ac": "EUR", "\u00a3": "GBP", "US$": "USD", "\u00b0C": "Cel", "\u00b0F": "[degF]", "\u00b5g": "ug",
        "years": "a", "year": "a", "yrs": "a", "days": "d", "hours": "h", "lb": "[lb_av]", "lbs": "[lb_av]"}  # fmt: skip


def ucum(unit):
    return UCUM.get(unit, unit)


def with_limits(facts, words, column, values, warnings):
    """Values below a limit as half of it, values above as the limit. Where they are more than a few, only the order of
    the column counts."""
    name, counts = facts["name"], words.counts
    below, above = (column.limit < 0) & column.fits, (column.limit > 0) & column.fits
    rows = int(counts[below | above].sum())
    if rows == 0:
        return values
    ranked = rows >= RANKED_FROM * counts[column.fits].sum()
    then = " and tests go by ranks" if ranked else ""
    for mask, side, used in ((below, "below", "half of the limit"), (above, "above", "the limit")):
        if mask.any():
            cells = number_of(counts[mask].sum(), "cell")
            verb = "says" if counts[mask].sum() == 1 else "say"
            warnings.append(
                f"{cells} of '{name}' {verb} only that the value is {side} a limit ({words.shown(mask, 2)}); "
                f"{used} was put in{then}"
            )
            say(facts, f"{cells} {side} a limit ({words.shown(mask, 2)}), as {used}")
    facts["limits"] = {
        "below": sorted({float(value) for value in values[below]}),
        "rows_below": int(counts[below].sum()),
        "above": sorted({float(value) for value in values[above]}),
        "rows_above": int(counts[above].sum()),
        "rule": f"half of a lower limit, an upper limit itself{'; tests by ranks' if ranked else ''}",
    }
    facts["ranked"] = ranked
    return np.where(below & (values > 0), values / 2, values)


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
    labels = {
        float(code): str(label) for code, label in declared.get("levels") or [] if number_or_none(code) is not None
    }
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
            return describe_ordered(
                facts, words, per_text, f"{found[1]}, by the labels that the file declares", warnings, 0.95
            )
    say(facts, "by the labels that the file declares")
    return describe_words(facts, words, among(words.texts, ("",)), None, warnings)


def number_or_none(value):
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def declared_order(words, habits, declared):
    """The place of each text in the levels that a typed file declares in their order, or None."""
    levels = [str(label) for code, label in declared.get("levels") or [] if str(code) == str(label)]
    if not habits.typed or len(levels) < 3 or len(levels) < len(declared["levels"]):
        return None
    at = {level: float(index) for index, level in enumerate(levels)}
    texts = words.texts.to_pylist()
    if len({text for text in texts if text in at}) < 3 or any(text and text not in at for text in texts):
        return None
    return np.array([at.get(text, np.nan) for text in texts])


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
