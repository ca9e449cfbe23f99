# ---- measures: columns of numbers: their spread, codes for missing among them, and numbers that are names ----
import re

import numpy as np
import pyarrow as pa

MAX_LEVELS = 20
# What a name says of its values: they number rows, are keys, stand for entries of a list that others keep, or name
# groups. What is observed is in UNIT_WORDS.
ROW_WORDS = set("id ids idx rownames rowname rownumber rowid uuid guid unnamed".split())
KEY_WORDS = set("key uid fk pk identifier ref no nr".split())
CODE_WORDS = set(
    """
    code plz postal nuts naics nace sic isco icd gtin ean isbn sku barcode upc zip zipcode postcode fips phone ssn
    """.split()
)
GROUP_WORDS = set(
    """
    class label species cluster type kind group region category origin district race ethnicity religion
    occupation zone state county dept department brand site center centre block treatment treat trt arm target
    cultivar variety genotype team make model diet feed spray drug method batch lot machine operator lab plot field
    hospital clinic store sector industry program prog party color colour shape material fuel weathersit breed
    strain line ward shop branch office room
    """.split()
)
# Words that end as keys run together do (`subjid`), and are none.
NO_KEYS = set(
    """
    acid aid amid avid bid braid covid fluid grid humid hybrid invalid kid lid lipid liquid mid opioid overpaid paid
    peptid plaid prepaid pyramid rapid rigid solid steroid thyroid unpaid valid void
    """.split()
)
COUNTER_WORDS = {"index", "no", "nr", "num", "number", "serial", "rank", "row", "obs", "observation", "case"}
TIME_WORDS = set(
    """
    year yr years month months day days week weeks quarter date time hour hours minute age period season decade wave
    visit t dose temp temperature
    """.split()
)
NUMBER_WORDS = {"no", "nr", "num", "number"}
# Things whose numbers are names only where the name says number: `school_no`, but years of `school`.
NUMBERED_WORDS = {"school", "house", "floor", "door"}
REPEATED_DIGIT = re.compile(r"-?(9{2,}(\.9+)?|9\.9+|8{2,}|7{2,}|9+[678])|-9|-8|-7|-1")


def describe_numbers(facts, values, warnings, judged=True):
    facts, array = measure_numbers(facts, values, warnings, judged)
    if facts["role"] != "numeric":
        facts.update(min=None, max=None, mean=None, sd=None, skew=None)
    return facts, array


def measure_numbers(facts, values, warnings, judged=True):
    """`judged` is false for ranks, which are neither codes nor row numbers."""
    with np.errstate(invalid="ignore"):
        absurd = np.isfinite(values) & ((values > 1e100) | (values < -1e100))
    if absurd.any():
        warnings.append(f"{int(absurd.sum())} cells of '{facts['name']}' are beyond 1e100 and count as missing")
    absurd |= np.isinf(values)
    if absurd.any():
        values = np.where(absurd, np.nan, values)
    if judged:
        values, distinct, counts = without_sentinels(facts, values, warnings)
    else:
        distinct, counts = distinct_numbers(values)
    known = values[~np.isnan(values)]
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
        deviation, facts["skew"] = known.std(), 0.0
        if deviation > 0:
            cubes = known - known.mean()
            cubes /= deviation
            cubes **= 3
            facts["skew"] = float(cubes.mean())
            del cubes
    facts["ordinal"] = len(distinct) <= (10 if facts["integer"] else 6)
    if not judged:
        facts.update(role="numeric", usable=True)
        return facts, pa.array(values, mask=np.isnan(values))
    kind = stands_for_things(facts["name"]) if facts["integer"] else None
    nominal = len(distinct) <= 12 and kind in ("row", "code", "group")
    digits = names_by_digits(values, distinct, counts) if facts["integer"] else None
    few = nominal and len(known) >= 4 * len(distinct) and np.ptp(distinct) < 100
    few = few or (kind == "code" and len(distinct) <= MAX_LEVELS and len(known) >= 4 * len(distinct))
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
    elif not why and may_be_codes(facts, distinct, counts):
        say(facts, "if these few whole numbers are codes and no amounts, declare the type category", 0.6)
    return facts, pa.array(values, mask=np.isnan(values))


def stands_for_things(name):
    """What the values of a column stand for, where its name says so: "row" for the rows or records themselves, "code"
    for entries of a list that others keep, "group" for groups, "unit" for what is observed, "key" for anything else
    with a key; None where the name does not say. Numbers under such a name are names."""
    words, naming = tokens(name), set(naming_word(name))
    if not words or (words[0] in NUMBER_WORDS and words[1:2] == ["of"]):
        return None
    ends = {words[0], words[-1]}
    if ends & ROW_WORDS or naming & ROW_WORDS:
        return "row"
    if naming & CODE_WORDS:
        return "code"
    if naming & GROUP_WORDS:
        return "group"
    if ends & UNIT_WORDS:
        return "unit"
    run_together = len(words[-1]) > 2 and words[-1].endswith("id") and words[-1] not in NO_KEYS
    return "key" if ends & KEY_WORDS or run_together else None


def naming_word(name):
    """The last word of a name, or the one before a last word that says number: `ward` of `ward_no`."""
    words = tokens(name)
    if len(words) < 2 or words[-1] not in NUMBER_WORDS:
        return words[-1:]
    return ["code"] if words[-2] in NUMBERED_WORDS else words[-2:-1]


def may_be_codes(facts, distinct, counts):
    """Whether a few whole numbers on many rows each stand as codes do: one after another far from zero (101 to 104), or
    with a gap that no amount has (0, 1, 9)."""
    few = facts["integer"] and 3 <= len(distinct) <= 8 and counts.min() >= 3 and counts.sum() >= 10 * len(distinct)
    if not few or facts["unit"] or distinct[0] < 0 or TIME_WORDS & set(tokens(facts["name"])):
        return False
    steps = np.diff(distinct)
    far = distinct[0] >= 50 and steps.max() == 1
    return bool(far or (len(distinct) <= 4 and distinct[-1] < 100 and steps.max() >= 4 * steps.min()))


def is_year(facts, distinct):
    """Whole numbers in the range of years under a name that says year."""
    return (
        facts["integer"]
        and 1500 <= distinct[0]
        and distinct[-1] <= 2200
        and {"year", "yr"} & set(tokens(facts["name"]))
    )


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


def distinct_numbers(values):
    """(the distinct values in their order, how often each occurs), without NaN."""
    known = values[~np.isnan(values)]
    known.sort()
    new = np.ones(len(known), dtype=bool)
    new[1:] = known[1:] != known[:-1]
    # With less memory on the way than `np.unique` takes.
    return known[new], np.diff(np.flatnonzero(new), append=len(known))


def without_sentinels(facts, values, warnings):
    """(NaN for codes such as -999 or 99 that lie far outside everything else in the column, at most three times; and, as
    `distinct_numbers` gives them, the values that are left)."""
    for _ in range(3):
        distinct, counts = distinct_numbers(values)
        codes = several_sentinels(distinct, counts) or sentinel_of(distinct, counts)
        if not codes:
            return values, distinct, counts
        for code in codes:
            rows = int((values == code).sum())
            warnings.append(
                f"{number_of(rows, 'cell')} of '{facts['name']}' hold{'s' if rows == 1 else ''} {number_text(code)}, "
                f"taken as a code for missing"
            )
            say(facts, f"{number_text(code)} in {number_of(rows, 'cell')} as a code for missing", 0.9)
            facts["missing_codes"].append({"code": number_text(code), "rows": rows})
            values = np.where(values == code, np.nan, values)
    return values, *distinct_numbers(values)


def several_sentinels(distinct, counts):
    """Two to four neighbouring codes (97, 98, 99), each on several rows and far outside of all else; or None."""
    if counts.sum() < 10 or len(distinct) < 5:
        return None
    for top in (4, 3, 2):
        if len(distinct) - top < 3:
            continue
        for codes, rows, rest in (
            (distinct[-top:], counts[-top:], distinct[:-top]),
            (distinct[:top], counts[:top], distinct[top:]),
        ):
            coded = all(REPEATED_DIGIT.fullmatch(number_text(code)) and abs(code) >= 77 for code in codes.tolist())
            far = np.abs(rest).max() * 4 < np.abs(codes).min() or (codes.max() < 0 <= rest.min())
            if coded and far and (rows >= 2).all():
                return codes.tolist()
    return None


def sentinel_of(distinct, counts):
    """[the code] such as -999 or 99 at either end of the values, or None."""
    if counts.sum() < 10:
        return None
    for edge, rows, rest in ((distinct[0], counts[0], distinct[1:]), (distinct[-1], counts[-1], distinct[:-1])):
        if not REPEATED_DIGIT.fullmatch(number_text(edge)) or len(rest) < 3:
            continue
        repeated = rows >= 2
        large = abs(edge) >= 99
        nines = set(number_text(abs(edge))) <= {"9", "."}
        reach = np.abs(rest).max()
        far_below = edge < 0 and rest.min() >= 0 and nines and (edge <= -99 or rest.min() > 9)
        if edge < 0 and rest.min() >= 0 and not nines:
            far_below = large_gap(edge, rest) and edge <= -77
        outside = edge <= -99 and reach * 4 < -edge
        far_above = edge > 0 and repeated and rest.max() * 4 < edge and (nines or large or rest.max() <= 20)
        once = edge >= 999 and nines and reach * 10 < edge and counts.sum() >= 20
        if ((far_below or outside) and (repeated or edge <= -999)) or far_above or once:
            return [edge]
    return None


def large_gap(edge, rest):
    return abs(edge) > 4 * np.abs(rest).max() or rest.min() >= 0


def identifier_reason(facts, values, known, distinct):
    """Why an integer column names rows instead of measuring something, or None."""
    words, kind = tokens(facts["name"]), stands_for_things(facts["name"])
    if not facts["integer"]:
        return None
    unique = len(distinct) == len(known)
    if (not words or kind == "row") and (unique or len(distinct) > 10):
        return "a row number or key" if unique else "an identifier by its name"
    if kind == "code" and len(distinct) > MAX_LEVELS:
        return "a code by its name"
    if not unique or len(known) < 5 or TIME_WORDS & set(words):
        return None
    if COUNTER_WORDS & set(words[-1:]) and (facts["first"] or len(words) == 1 or words[-1] == "number"):
        return "a row number or key"
    steps = np.diff(known)
    dense = (distinct[-1] - distinct[0] + 1) / len(distinct)
    # A short run of whole numbers can be what was set or measured (heights 58, 59, ...), and whole numbers in disorder
    # can be ranks; a row number starts at 0 or 1, comes first, or counts down the rows.
    climbs = bool((steps > 0).all())
    if dense == 1 and distinct[0] in (0, 1) and (facts["first"] or (climbs and len(known) >= 50)):
        return "a row number or key"
    if dense <= 1.2 and len(known) >= 50 and climbs:
        return "a row number or key"
    return None
