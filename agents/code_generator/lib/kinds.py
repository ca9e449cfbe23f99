# ---- kinds: what each column holds: numbers, levels, dates, names, text ----
import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

MISSING = (
    "",
    "na",
    "n/a",
    "#n/a",
    "#na",
    "<na>",
    "nan",
    "null",
    "nil",
    "?",
    ".",
    "..",
    "-",
    "--",
    "missing",
    "#null!",
    "#value!",
    "#div/0!",
)
MISSING_AMONG_NUMBERS = MISSING + (
    "none",
    "unknown",
    "inf",
    "-inf",
    "+inf",
    "infinity",
    "-infinity",
    "not available",
    "n.a.",
    "na.",
)
PLAIN = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
COMMA = r"^[+-]?(\d+,?\d*|,\d+)([eE][+-]?\d+)?$"
GROUPED = r"^[+-]?\d{1,3}(,\d{3})+(\.\d+)?$"
GROUPED_DOTS = r"^[+-]?\d{1,3}(\.\d{3})+(,\d+)?$"
DATES = (
    "%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y/%m/%d",
    "%m/%d/%Y", "%d/%m/%Y", "%m/%d/%y", "%d/%m/%y", "%d.%m.%Y", "%d-%m-%Y", "%m/%d/%Y %H:%M", "%d/%m/%Y %H:%M", "%b %d %Y", "%b %d, %Y",
    "%d %b %Y", "%d-%b-%Y", "%d-%b-%y", "%B %d, %Y", "%b %Y", "%Y-%m",
)  # fmt: skip


class Words:
    """Distinct trimmed texts of a column, how often each occurs, and which row holds which."""

    def __init__(self, array):
        if isinstance(array, pa.ChunkedArray):
            array = array.combine_chunks() if array.num_chunks != 1 else array.chunk(0)
        if isinstance(array, pa.ChunkedArray):
            array = pa.concat_arrays(array.chunks)
        trimmed = pc.utf8_trim_whitespace(pc.fill_null(array.cast(pa.string()), ""))
        coded = trimmed.dictionary_encode()
        self.texts, self.codes = coded.dictionary, coded.indices.to_numpy(zero_copy_only=False)
        self.counts = np.bincount(self.codes, minlength=len(self.texts))

    def __len__(self):
        return len(self.texts)


def matches(texts, pattern):
    return pc.match_substring_regex(texts, pattern).to_numpy(zero_copy_only=False)


def among(texts, markers):
    return pc.is_in(pc.utf8_lower(texts), pa.array(markers)).to_numpy(zero_copy_only=False)


def numbers_of(texts, decimal):
    """Numbers of the distinct texts (NaN where a text is none), or None if they are no numbers at all; with a note."""
    for pattern, cut, note in (
        (PLAIN, "", None),
        (COMMA, "", "decimal comma") if decimal == "," else (GROUPED, ",", "commas between thousands"),
        (GROUPED_DOTS, ".", "points between thousands") if decimal == "," else (COMMA, "", "decimal comma"),
        (r"^[+-]?(\d+\.?\d*|\.\d+) ?%$", "%", "percent signs"),
        (r"^[+-]?[$€£] ?[+-]?\d{1,3}(,\d{3})*(\.\d+)?$|^[+-]?[$€£] ?\d+(\.\d+)?$", "$€£,", "currency signs"),
    ):
        fits = matches(texts, pattern)
        if note is not None and pattern != PLAIN:
            fits = fits | matches(texts, PLAIN)
        yield fits, cut, note, pattern in (COMMA, GROUPED_DOTS)


def parse_numbers(texts, fits, cut, comma):
    """float64 of the texts that fit, NaN elsewhere."""
    for sign in cut + "+ ":
        texts = pc.replace_substring(texts, sign, "") if sign != "+" else pc.replace_substring_regex(texts, r"^\+", "")
    if comma:
        texts = pc.replace_substring(texts, ",", ".")
    texts = pc.if_else(pa.array(fits), texts, pa.scalar("nan"))
    return texts.cast(pa.float64()).to_numpy(zero_copy_only=False).copy()


def recognise_numbers(words, decimal, warnings, name):
    """float64 values of a column that holds numbers, else None. Missing cells are NaN."""
    texts, counts = words.texts, words.counts
    gone = among(texts, MISSING_AMONG_NUMBERS)
    filled = counts[~gone].sum()
    if filled == 0:
        return None
    for fits, cut, note, comma in numbers_of(texts, decimal):
        fits = fits & ~gone
        odd = ~fits & ~gone
        share = counts[fits].sum() / filled
        # A few words among many numbers are remarks about missing values, unless they hold digits ("3+").
        if share < 1 and (share < 0.95 or counts[fits].sum() < 10 or odd.sum() > 5 or matches(texts, r"\d")[odd].any()):
            continue
        if note is None and has_leading_zeros(texts, fits):
            return None
        if odd.any():
            shown = ", ".join(repr(text) for text in texts.filter(pa.array(odd)).to_pylist()[:3])
            warnings.append(
                f"{int(counts[odd].sum())} cells of '{name}' are not numbers ({shown}) and count as missing"
            )
        if among(texts, ("inf", "-inf", "+inf", "infinity", "-infinity")).any():
            warnings.append(f"infinite values of '{name}' count as missing")
        if note:
            warnings.append(f"numbers of '{name}' were read with {note}")
        values = parse_numbers(texts, fits, cut, comma)
        values[~np.isfinite(values)] = np.nan
        return values[words.codes]
    return None


def has_leading_zeros(texts, fits):
    """Codes such as 007 or 01234 are names, not numbers."""
    zero = matches(texts, r"^0\d+$") & fits
    return bool(zero.any()) and not matches(texts, r"[.eE+-]")[fits].any()


def file_decimal(tables, delimiter):
    """The decimal mark of the whole file: a comma only where some column leaves no doubt."""
    if delimiter == ",":
        certain = r"^[+-]?(\d+,\d{1,2}|0,\d+|\d+,\d{4,})$"
    else:
        certain = r"^[+-]?(\d+,\d{1,2}|0,\d+|\d+,\d{4,}|\d{4,},\d+)$"
    for words in tables:
        gone = among(words.texts, MISSING_AMONG_NUMBERS)
        whole = matches(words.texts, COMMA) | gone
        if whole.all() and matches(words.texts, certain).any():
            return ","
    if delimiter != ";":
        return "."
    # "1,234" between semicolons: such files come from where the comma is the decimal mark, unless a point is used as
    # one.
    pointed = any((matches(words.texts, PLAIN) & matches(words.texts, r"\.")).any() for words in tables)
    return "." if pointed else ","


def recognise_dates(words):
    """Timestamps of a column whose every filled cell is a date in one format, else None; with the format."""
    gone = among(words.texts, MISSING)
    texts = pc.if_else(pa.array(gone), pa.scalar(None, pa.string()), words.texts)
    filled = int((~gone).sum())
    if filled == 0 or not matches(words.texts, r"\d").any():
        return None, None
    sample = texts.drop_null().slice(0, 50)
    for form in DATES:
        if pc.strptime(sample, format=form, unit="s", error_is_null=True).null_count:
            continue
        dates = pc.strptime(texts, format=form, unit="s", error_is_null=True)
        if dates.null_count == len(texts) - filled:
            return dates.take(pa.array(words.codes)), form
    return None, None


def recognise_levels(words):
    """The column as levels, missing markers as null; and which of the distinct texts are such markers."""
    gone = among(words.texts, MISSING)
    place = np.cumsum(~gone) - 1
    codes = place[words.codes].astype(np.int32)
    return pa.DictionaryArray.from_arrays(
        pa.array(codes, mask=gone[words.codes]), words.texts.filter(pa.array(~gone))
    ), gone


def number_text(value):
    """A number as the level of a binary column: 1.0 is "1"."""
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(float(value))


def tokens(name):
    """Lower-case words of a column name: 'PassengerId' gives passenger, id."""
    split = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", name)
    return [word.lower() for word in re.split(r"[^A-Za-z0-9]+", split) if word]
