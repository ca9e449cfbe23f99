# ---- codes: digits that name things instead of measuring: leading zeros, versions, wells, long numbers ----
import numpy as np

# Names of what is numbered by parts (1.9, 1.10), or by places.
VERSION_WORDS = set("version release build firmware software model revision rev ver section chapter".split())
PLACE_WORDS = set("class classification well position item icd naics nace sic isco code id".split())


def code_reason(name, words, fits):
    """(why the plain numbers of a column are names, or None; whether that is sure)."""
    texts, counts = words.texts, np.where(fits, words.counts, 0)
    numbered = bool((VERSION_WORDS | PLACE_WORDS) & set(tokens(name)))
    named = numbered or stands_for_things(name) in ("row", "code", "group")
    zeros = matches(texts, r"^0\d") & fits
    if zeros.any():
        padded = matches(texts, r"^\d+\.\d+$")[fits].all() and len(np.unique(byte_lengths(texts)[fits])) == 1
        if not (padded and fits.sum() > 20):
            return f"some begin with a zero ({words.shown(zeros, 1)}), which numbers do not", True
    letters = matches(texts, r"^\d+[eE]\d+$") & fits
    if letters.any():
        same_length = len(np.unique(byte_lengths(texts)[fits])) == 1 and byte_lengths(texts)[fits][0] >= 3
        if (letters | ~fits).all() or same_length:
            return (
                f"{words.shown(letters, 1)} and the like are labels with the letter E, not powers of ten",
                letters.sum() > 1,
            )
    twins = same_value(words, fits)
    if twins is not None:
        a, b = twins
        few = fits.sum() <= 40 and counts.sum() >= 3 * fits.sum()
        whole = not (matches(texts, r"^-?0?\.") & fits).any() and not (matches(texts, r"^-|[eE]") & fits).any()
        if named or (few and whole):
            return f"{a!r} and {b!r} are the same number and yet two texts", named
    return None, True


# Names of columns in which a letter behind a number is a unit.
PHYSICAL_WORDS = set(
    """
    temp temperature celsius fahrenheit current currents amp amps ampere amperes charge capacity force voltage supply power load
    strom temperatur kapazitaet courant
    """.split()
)


def letter_codes(name, words, live):
    """Why texts such as 2A and 13C are names, or None: whole numbers of at most three digits with a capital letter
    right behind each, few of them and each on several rows, or with several letters."""
    count = int(live.sum())
    lettered = matches(words.texts, r"^\d{1,3}[A-HNOPS]$") & live
    if not lettered.any() or PHYSICAL_WORDS & set(tokens(name)):
        return None
    if (live & ~matches(words.texts, r"^\d{1,3}[A-HNOPS]\d{0,3}$")).any():
        return None
    letters = {words.texts[int(at)].as_py()[-1] for at in np.flatnonzero(lettered)[:2000]}
    few = count <= 20 and words.counts[live].sum() >= 2 * count
    if len(letters) > 1 or (few and letters != {"B"}):
        return f"{words.shown(lettered, 2)} are a number and a letter, as for rooms, classes and isotopes"
    return None


def byte_lengths(texts):
    offsets = np.frombuffer(texts.buffers()[1], dtype=np.int32)
    return np.diff(offsets[texts.offset : texts.offset + len(texts) + 1])


def same_value(words, fits):
    """Two texts such as 1.1 and 1.10, each on several rows, or None. 1 and 1.0 are one number written in two ways."""
    pointed = np.flatnonzero(fits & (words.counts >= 2) & matches(words.texts, r"^\d+\.\d*[1-9]\d*$|^\d+\.0\d*$"))
    if not 2 <= len(pointed) <= 500:
        return None
    seen = {}
    texts = [words.texts[int(index)].as_py() for index in pointed]
    for text in sorted(texts, key=lambda text: (len(text), text)):
        whole, _, fraction = text.partition(".")
        key = (whole, fraction.rstrip("0"))
        if key[1] and key in seen:
            return seen[key], text
        seen.setdefault(key, text)
    return None


def names_by_digits(values, distinct, counts):
    """Why whole numbers of one length are names, or None: few of them, each on many rows, with no round step between
    them (12139, 60614, 94103); or long ones whose last digit checks the others."""
    if len(distinct) < 3 or distinct[0] < 1000 or not float(distinct[-1]).is_integer():
        return None
    digits = len(str(int(distinct[0])))
    if digits != len(str(int(distinct[-1]))) or digits > 15:
        return None
    if digits in (8, 12, 13) and check_digits(distinct):
        return "long numbers with a check digit, as on a label"
    if digits >= 9 and len(distinct) == counts.sum() >= 20 and (distinct % 100 == 0).mean() < 0.1:
        lead = distinct // 10.0 ** (digits - 1)
        if len(np.unique(lead)) >= 7:
            return f"whole numbers of {digits} digits, another one in each row"
    if 1500 <= distinct[0] and distinct[-1] <= 2200:
        return None
    steps = np.gcd.reduce(np.diff(distinct).astype(np.int64))
    repeated = counts.sum() >= 5 * len(distinct) and len(distinct) <= 12 and counts.min() >= 3
    if repeated and digits >= 5 and steps < 10 and steps % 5:
        return (
            f"{len(distinct)} whole numbers of {digits} digits, each on many rows and without a round step between them"
        )
    return None


def check_digits(distinct):
    """EAN and ISBN-13: the last digit is what the others give."""
    some = distinct[:200].astype(np.int64)
    if len(some) < 5:
        return False
    good = 0
    for number in some.tolist():
        text = str(number)
        total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(reversed(text)))
        good += total % 10 == 0
    return good == len(some)
