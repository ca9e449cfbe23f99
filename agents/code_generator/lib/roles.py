# ---- roles: what part each column can play in a test, and the column as it goes into the canonical table ----
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
SENTINELS = {
    -9,
    -99,
    -999,
    -9999,
    -99999,
    -99.9,
    -999.9,
    -99.99,
    -999.99,
    -9999.9,
    999,
    9999,
    99999,
    999999,
    999.9,
    9999.9,
}


def describe_column(name, first, array, words, decimal, warnings):
    """(facts for result.json, array for table.parquet) of one column; `first` says that it is the table's first."""
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
        "first": first,
    }
    kind = array.type
    if words is not None:
        numbers = recognise_numbers(words, decimal, warnings, name)
        if numbers is not None:
            return describe_numbers(facts, numbers, warnings)
        dates, form = recognise_dates(words)
        if dates is not None:
            if "%d/%m" in form or "%m/%d" in form:
                warnings.append(
                    f"dates of '{name}' were read as {'day/month' if form.startswith('%d') else 'month/day'}"
                )
            return describe_dates(facts, dates, warnings)
        return describe_words(facts, words, warnings)
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return describe_dates(facts, array, warnings)
    if pa.types.is_null(kind):
        return describe_numbers(facts, np.full(len(array), np.nan), warnings)
    return describe_numbers(facts, array.cast(pa.float64()).to_numpy().astype(float), warnings)


def describe_numbers(facts, values, warnings):
    facts, array = measure_numbers(facts, values, warnings)
    if facts["role"] != "numeric":
        facts.update(min=None, max=None, mean=None, sd=None, skew=None)
    return facts, array


def measure_numbers(facts, values, warnings):
    absurd = np.isfinite(values) & (np.abs(values) > 1e100)
    if absurd.any():
        warnings.append(f"{int(absurd.sum())} cells of '{facts['name']}' are beyond 1e100 and count as missing")
    values = np.where(np.isfinite(values) & ~absurd, values, np.nan)
    values = without_sentinel(facts["name"], values, warnings)
    known = values[~np.isnan(values)]
    distinct, counts = np.unique(known, return_counts=True)
    facts.update(missing=int(len(values) - len(known)), distinct=len(distinct))
    if len(distinct) == 0:
        facts.update(excluded="no values")
        return facts, pa.array(values, mask=np.isnan(values))
    spread = known.std(ddof=1) if len(known) > 1 else 0.0
    facts.update(
        min=distinct[0], max=distinct[-1], mean=known.mean(), sd=spread, integer=bool((known == np.round(known)).all())
    )
    if len(distinct) == 1:
        facts.update(role="constant", excluded="one value only")
        return facts, pa.array(values, mask=np.isnan(values))
    if len(distinct) == 2:
        return describe_two(facts, values, distinct, counts)
    with np.errstate(all="ignore"):
        facts["skew"] = float((((known - known.mean()) / known.std()) ** 3).mean()) if known.std() > 0 else 0.0
    facts["ordinal"] = len(distinct) <= (10 if facts["integer"] else 6)
    nominal = facts["integer"] and len(distinct) <= 12 and (NOMINAL_WORDS | ID_WORDS) & set(tokens(facts["name"])[-1:])
    if nominal and len(known) >= 4 * len(distinct) and np.ptp(distinct) < 100:
        levels = [number_text(value) for value in distinct]
        codes = np.searchsorted(distinct, known)
        facts.update(role="categorical", usable=True, ordinal=False, levels=counted(levels, counts))
        return facts, spelled(values, levels, codes)
    why = identifier_reason(facts, values, known, distinct)
    facts.update(role="identifier" if why else "numeric", usable=not why, excluded=why)
    return facts, pa.array(values, mask=np.isnan(values))


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


def without_sentinel(name, values, warnings):
    """NaN for a code such as -999 that lies far outside everything else in the column."""
    known = values[~np.isnan(values)]
    if len(known) < 10:
        return values
    for edge in (known.min(), known.max()):
        if edge not in SENTINELS:
            continue
        rest = known[known != edge]
        if len(rest) == 0 or len(np.unique(rest)) < 3:
            continue
        far_below = edge < 0 and rest.min() >= 0 and (edge <= -99 or rest.min() > 9)
        repeated = (known == edge).sum() >= 2
        far_above = edge > 0 and repeated and rest.max() * 4 < edge
        if (far_below and (repeated or edge <= -999)) or far_above:
            warnings.append(
                f"{int((known == edge).sum())} cells of '{name}' hold {number_text(edge)}, taken as a code for missing"
            )
            return np.where(values == edge, np.nan, values)
    return values


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


def describe_dates(facts, array, warnings):
    if pa.types.is_timestamp(array.type) and array.type.tz:
        array = array.cast(pa.timestamp("us", array.type.tz))
    array = array.cast(pa.timestamp("us"))
    array = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
    distinct = len(pc.unique(array.drop_null()))
    years = whole_years(array)
    if years is not None and distinct > 2:
        warnings.append(f"'{facts['name']}' holds the first of January of each year, and was read as years")
        return describe_numbers(facts, years, warnings)
    facts.update(role="datetime", missing=array.null_count, distinct=distinct)
    if distinct == 0:
        facts.update(role="empty", excluded="no values")
    elif distinct == 1:
        facts.update(role="constant", excluded="one value only")
    else:
        facts.update(usable=True)
    return facts, array


def whole_years(array):
    """Years as numbers, where every date is a first of January; else None."""
    if array.null_count == len(array):
        return None
    days = array.to_numpy(zero_copy_only=False).astype("datetime64[us]")
    known = ~np.isnat(days)
    years = days[known].astype("datetime64[Y]")
    if (years.astype("datetime64[us]") != days[known]).any():
        return None
    numbers = np.full(len(days), np.nan)
    numbers[known] = years.astype(int) + 1970
    return numbers


def describe_words(facts, words, warnings):
    array, gone = recognise_levels(words)
    counts = np.where(gone, 0, words.counts)
    used = np.flatnonzero(counts)
    rows = int(counts.sum())
    facts.update(missing=int(words.counts[gone].sum()), distinct=len(used))
    if len(used) == 0:
        facts.update(excluded="no values")
        return facts, array
    if len(used) == 1:
        facts.update(role="constant", excluded="one value only")
        return facts, array
    if len(used) <= MAX_LEVELS and rows >= 2 * len(used):
        levels = [words.texts[int(index)].as_py() for index in used]
        facts.update(
            role="binary" if len(used) == 2 else "categorical", usable=True, levels=counted(levels, counts[used])
        )
        if len(used) == 2:
            facts["yes_level"] = event_level(levels)
        folded = {level.lower() for level in levels}
        if len(folded) < len(levels):
            warnings.append(f"levels of '{facts['name']}' differ only in upper and lower case; they were kept apart")
        if len(used) > 2 and rows < 4 * len(used):
            facts.update(usable=False, excluded=f"{len(used)} levels for {rows} rows, too few rows per level")
        return facts, array
    lengths = pc.utf8_length(words.texts).to_numpy(zero_copy_only=False)[used]
    if len(used) >= 0.9 * rows:
        wordy = lengths.mean() > 50
        facts.update(role="text" if wordy else "identifier", excluded="free text" if wordy else "names each row")
    elif lengths.mean() > 50:
        facts.update(role="text", excluded="free text")
    else:
        facts.update(role="categorical", excluded=f"{len(used)} levels, more than {MAX_LEVELS}")
    return facts, array


def counted(levels, counts):
    """Levels with their rows, most frequent first."""
    return [
        {"level": level, "n": int(n)} for level, n in sorted(zip(levels, counts), key=lambda pair: (-pair[1], pair[0]))
    ]
