# ---- moments: columns of dates and times, as numbers that grow with time ----
import numpy as np
import pyarrow as pa

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
    clocked = clocked and has_clock(seconds)
    distinct, counts = np.unique(seconds[known], return_counts=True)
    facts.update(missing=int((~known).sum()), distinct=len(distinct))
    period = bool(kinds) and kinds <= {"month", "quarter", "half", "week"}
    facts["type"] = "period" if period else "datetime" if clocked else "date"
    if len(distinct) == 0:
        facts.update(role="empty", excluded="no values")
        return facts, pa.array(seconds, mask=~known)
    texts = np.datetime_as_string(
        np.array([distinct[0], distinct[-1]]).astype("datetime64[s]"), unit="s" if clocked else "D"
    )
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
    distinct, counts = distinct_numbers(seconds)
    if counts.sum() < 3:
        return seconds
    for edge, rows, rest in ((distinct[0], counts[0], distinct[1:]), (distinct[-1], counts[-1], distinct[:-1])):
        if len(rest) < 3:
            continue
        day = str(np.datetime64(int(edge), "s"))[:10]
        far = day[:4] >= "2900" or day[:4] == "0001"
        alone = day in (
            "1900-01-01",
            "1899-12-30",
            "1899-12-31",
            "1970-01-01",
            "1901-01-01",
            "1904-01-01",
            "2099-12-31",
            "2999-12-31",
        )
        gap = np.abs(rest - edge).min() > 10 * YEAR_SECONDS and rows >= 2
        if far or (alone and gap):
            warnings.append(
                f"{number_of(rows, 'cell')} of '{facts['name']}' hold {day}, taken as a stand-in for missing"
            )
            facts["missing_codes"].append({"code": day, "rows": int(rows)})
            say(facts, f"{day} in {number_of(rows, 'cell')} as a stand-in for missing", 0.9)
            seconds = np.where(seconds == edge, np.nan, seconds)
    return seconds


def whole_years(distinct):
    """True where every moment is the start of a first of January."""
    moments = distinct.astype("datetime64[s]")
    return bool(
        (moments.astype("datetime64[Y]").astype("datetime64[s]") == moments).all() and (distinct % 1 == 0).all()
    )
