# ---- missing: which texts stand for a value that is not there ----
import re

import numpy as np

# Written by programs where there is no value: in any column.
SURELY_MISSING = (
    "", "nan", "n/a", "#n/a", "#na", "<na>", "(null)", "[null]", "<null>", "\\n", "#null!", "#value!", "#div/0!", "#ref!",
    "#name?", "#num!", "#error!", "#n/v", "nat", "?", "??", ".", "..", "...", "(blank)", "(empty)",
)  # fmt: skip
# Levels as well: North America, sodium, a control without treatment, a negative result.
PERHAPS_MISSING = ("null", "na", "n.a.", "na.", "nil", "-", "--", "---", "\u2014", "\u2013", "missing")
AMONG_NUMBERS = (
    *SURELY_MISSING, *PERHAPS_MISSING, "none", "unknown", "not available", "not applicable", "not recorded", "not reported",
    "not measured", "no data", "nd", "n.d.", "n/d", "n.d", "blank", "inf", "-inf", "+inf", "infinity", "-infinity", "k.a.", "k. a.", "s/d",
    "1.#inf", "-1.#inf", "1.#qnan", "-1.#qnan", "1.#ind", "-1.#ind", "1.#nan", "1.#snan",
)  # fmt: skip
# Missing among numbers, unless they mean 0.
NOTHING = ("nil", "none")
# A group without treatment, beside amounts of it.
CONTROLS = set(
    "placebo control controls vehicle untreated sham baseline kontrolle kontroll t\u00e9moin temoin wildtype wt".split()
)
INFINITE = ("inf", "-inf", "+inf", "infinity", "-infinity")
TYPED_FORMATS = set(
    "parquet feather arrow orc spss spss_portable stata sas xport sqlite hdf5 r duckdb jsonl json geojson".split()
)
ANSWERS = {"yes", "no", "y", "n", "true", "false", "t", "f", "m", "male", "female"}


def missing_among_words(words, habits, name, warnings):
    """Which of the texts of a column of words are missing cells. A text that can be a level is one, unless the file
    writes it among numbers too, or nothing else in the column looks like it."""
    texts = words.texts
    if habits.typed:
        return among(texts, ("",))
    gone = among(texts, SURELY_MISSING)
    doubtful = np.flatnonzero(among(texts, PERHAPS_MISSING))
    if len(doubtful) == 0:
        return gone
    others = [texts[int(i)].as_py() for i in np.flatnonzero(~gone)[:200] if i not in set(doubtful.tolist())]
    for index in doubtful.tolist():
        text = texts[index].as_py()
        rows = number_of(words.counts[index], "cell")
        if stays_level(text, others, habits):
            warnings.append(
                f"{rows} of '{name}' with the text {text!r} were kept as a level of their own; "
                f"if they mean that the value is missing, leave them empty in the file"
            )
        else:
            gone[index] = True
            if text.lower() not in habits.markers or text.lower() in NOTHING:
                warnings.append(
                    f"{rows} of '{name}' with the text {text!r} count as missing; if it is a level, write it out in the file"
                )
    return gone


def stays_level(text, others, habits):
    """Whether such a text is a level beside these others."""
    if not others:
        return False
    lowered = text.lower()
    habit = lowered in habits.markers
    if lowered == "null":
        return text == "null" and not habit  # databases write NULL
    if lowered in ("na", "na.", "n.a."):
        return lowered == "na" and looks_like_a_code(text, others, habit)
    if set(text) <= {"-", "\u2014", "\u2013"}:
        signs = any(set(other) <= set("+-\u00b1/()") and "+" in other for other in others)
        return signs or not habit
    return not habit or (lowered == "nil" and ordered_levels([*others, "none"]) is not None)


def looks_like_a_code(text, others, habit):
    """Whether NA stands among short texts of its own kind: ZA, BW; EU, AS; K, Ca, Mg."""
    if any(other.lower() in ANSWERS for other in others) or ordered_levels(others) is not None:
        return False
    short = [other for other in others if re.fullmatch(r"[^\W\d_]{1,5}", other)]
    if len(short) < 0.9 * len(others) or max(len(other) for other in short) < 2:
        return False
    if text == "NA":
        alike = sum(other.isupper() for other in short)
    elif text == "Na":
        alike = sum(other.istitle() and len(other) <= 2 for other in short)
    else:
        alike = sum(other.islower() and len(other) <= 3 for other in short)
    pairs = sum(len(other) == 2 for other in short)
    return alike >= 0.9 * len(short) and (not habit or pairs >= 0.9 * len(short))


def settle_odd_texts(words, fits, gone, distinct, whole):
    """(accepted, texts that stand for missing, texts that could not be read) for a column most of whose cells are
    numbers or dates: what is left over counts as missing where it is a few texts that repeat and hold no digit."""
    counts = words.counts
    odd = ~fits & ~gone
    good = counts[fits].sum()
    if not odd.any():
        return good > 0, odd, odd
    filled = good + counts[odd].sum()
    share = good / filled
    digits = matches(words.texts, r"\d") & odd
    wordy = odd & ~digits
    if fits.sum() <= 20 and among(words.texts, CONTROLS)[odd].any():
        return False, wordy, digits
    # One text can stand for most of what is missing; several that are frequent are levels of something else.
    enough = share >= (0.5 if wordy.sum() == 1 else 0.7)
    few = wordy.sum() <= 5 and enough and good >= 8 and (distinct > 12 or not whole or share >= 0.95)
    nearly = share >= 0.95 and good >= 10
    known = wordy & among(words.texts, AMONG_NUMBERS)
    if digits.any() and counts[digits].sum() > 0.05 * filled:
        return False, wordy, digits
    if digits.any() and good < 20:
        return False, wordy, digits
    if few or (nearly and wordy.sum() <= 5) or (wordy == known).all():
        return True, wordy, digits
    if nearly and odd.sum() <= max(5, 0.02 * fits.sum()):
        repeated = wordy & (counts >= 2)
        return True, repeated, odd & ~repeated
    return False, wordy, digits
