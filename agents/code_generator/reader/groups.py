# ---- groups: columns of words: levels, levels with an order, names and free text ----
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


def counts_as_missing(words, mask):
    return f"{number_of(words.counts[mask].sum(), 'cell')} ({words.shown(mask)})"


def describe_ordered(facts, words, ranks, scale, warnings, sure=0.9):
    """A column of words with an order as the ranks 1, 2, 3, ... of those that occur."""
    distinct = np.unique(ranks[~np.isnan(ranks) & (words.counts > 0)])
    at = {rank: [] for rank in distinct.tolist()}
    for index in np.flatnonzero(~np.isnan(ranks) & (words.counts > 0)).tolist():
        at[ranks[index]].append(words.texts[index].as_py())
    order = [at[rank][0] for rank in distinct.tolist()]
    values = np.where(
        np.isnan(ranks), np.nan, np.searchsorted(distinct, np.where(np.isnan(ranks), distinct[0], ranks)) + 1.0
    )
    shown = " < ".join(order if len(order) <= 9 else order[:8] + ["..."])
    say(facts, f"words with an order ({scale}): {shown}; tests go by their ranks", sure)
    warnings.append(f"'{facts['name']}' has an order ({shown}); it is compared by ranks")
    found = describe_numbers(facts, values[words.codes], warnings, judged=False)
    facts.update(type="ordered", ordinal=True, ranked=True, level_order=order, unit=None)
    return found


def recognise_levels(words, gone):
    """The column as levels, missing markers as null."""
    if not gone.any():
        return pa.DictionaryArray.from_arrays(pa.array(words.codes.astype(np.int32)), words.texts)
    place = np.cumsum(~gone, dtype=np.int32) - np.int32(1)
    codes = pa.array(place[words.codes], mask=gone[words.codes])
    return pa.DictionaryArray.from_arrays(codes, words.texts.filter(pa.array(~gone)))


def describe_words(facts, words, gone, habits, warnings, why=None):
    """A column of words: levels, levels with an order, names or free text; `why` says why they are no numbers."""
    name = facts["name"]
    gone = missing_among_words(words, habits, name, warnings) if gone is None else gone
    counts = np.where(gone, 0, words.counts)
    used = np.flatnonzero(counts)
    rows = int(counts.sum())
    facts.update(missing=int(words.counts[gone].sum()), distinct=len(used), type="category")
    if not facts["missing_codes"]:
        facts["missing_codes"] = [
            {"code": code, "rows": n} for code, n in words.counted(gone & (words.counts > 0)) if code
        ]
    facts.setdefault("markers", words.texts.filter(pa.array(gone & (words.counts > 0))).to_pylist())
    if len(used) == 0:
        facts.update(type="text", excluded="no values")
        return facts, recognise_levels(words, gone)
    if len(used) == 1 and is_checked(name, words, used[0], gone):
        return describe_checked(facts, words, used[0], warnings)
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
        say(
            facts,
            f"{counts_as_missing(words, absent)} count{'s' if words.counts[absent].sum() == 1 else ''} as missing",
        )
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
    return facts_of_many(facts, words, used, rows, why, warnings), array


# Pairs of answers in several languages: what yes and no are called.
YES_NO = [
    pair.split("/")
    for pair in """
    yes/no ja/nein oui/non s\u00ed/no si/no s\u00ec/no sim/n\u00e3o sim/nao ja/nee ja/nej ja/nei tak/nie ano/ne da/nu
    da/ne \u0434\u0430/\u043d\u0435\u0442 evet/hay\u0131r
    kyll\u00e4/ei igen/nem \u662f/\u5426 \u306f\u3044/\u3044\u3044\u3048 \uc608/\uc544\ub2c8\uc624 true/false
    wahr/falsch vrai/faux verdadero/falso vero/falso verdadeiro/falso
    """.split()
]
SAYS_YES, SAYS_NO = {yes for yes, _ in YES_NO}, {no for _, no in YES_NO}
# One letter stands for an answer where its language or its counterpart is there.
YES_LETTERS = {
    "y": {"yes", "n"}, "j": {"ja", "n"}, "o": {"oui"}, "s": {"s\u00ed", "si", "s\u00ec", "sim"}, "t": {"true", "f"},
    "d": {"da"},
    "v": {"vrai", "verdadero", "vero", "verdadeiro"}, "\u0434": {"\u0434\u0430"}, "1": {"0", *SAYS_YES, *SAYS_NO},
}  # fmt: skip
NO_LETTERS = {
    "n": {"y", "j", *SAYS_NO - {"false", "falso", "falsch", "faux"}, *SAYS_YES - {"true", "wahr", "vrai", "vero"}},
    "f": {"t", "false", "falso", "falsch", "faux", "true"},
    "\u043d": {"\u043d\u0435\u0442"}, "0": {"1", *SAYS_YES, *SAYS_NO},
}  # fmt: skip
MOST_ANSWERS = 16


def mixed_answers(words):
    """({text: True for yes, False for no}, (yes, no)) of a column that spells yes and no in more ways than one; None
    where a text can be something else."""
    used = np.flatnonzero(words.counts)
    if not 3 <= len(used) <= MOST_ANSWERS:
        return None
    texts = [words.texts[int(index)].as_py() for index in used]
    known = {text: text.lower().rstrip(".!") for text in texts if text.lower() not in AMONG_NUMBERS}
    folded = set(known.values())
    if folded <= {"0", "1"}:
        return None
    told = {}
    for text, answer in known.items():
        for value, full, letters in ((True, SAYS_YES, YES_LETTERS), (False, SAYS_NO, NO_LETTERS)):
            if answer in full or letters.get(answer, set()) & folded:
                told[text] = value
    if len(told) < 3 or len(told) < len(known) or len(set(told.values())) < 2:
        return None
    # Without a word, letters and digits must come in pairs.
    sides = [{known[text] for text, value in told.items() if value is side} for side in (True, False)]
    if not (sides[0] | sides[1]) & (SAYS_YES | SAYS_NO) and len(sides[0]) != len(sides[1]):
        return None
    rows = dict(zip(texts, words.counts[used].tolist()))
    at = {answer: sum(rows[text] for text in known if known[text] == answer) for answer in folded}
    spoken = max(YES_NO[:-6], key=lambda pair: at.get(pair[0], 0) + at.get(pair[1], 0))
    if not folded & set(spoken):
        spoken = max(YES_NO[-6:], key=lambda pair: at.get(pair[0], 0) + at.get(pair[1], 0))
    if not folded & set(spoken):
        spoken = YES_NO[0]
    return told, spoken


def describe_answers(facts, words, warnings):
    """Yes and no in several spellings as two levels, or None."""
    found = mixed_answers(words)
    if found is None:
        return None
    told, levels = found
    name = facts["name"]
    texts = words.texts.to_pylist()
    codes = np.array([-1 if text not in told else 0 if told[text] else 1 for text in texts])
    gone = among(words.texts, SURELY_MISSING)
    unsure = (codes < 0) & ~gone & (words.counts > 0)
    shown = [words.shown((codes == place) & (words.counts > 0), 8) for place in (0, 1)]
    told = f"{shown[0]} as {levels[0]!r} and {shown[1]} as {levels[1]!r}"
    none = np.zeros(len(words), dtype=bool)
    note_missing(facts, words, gone, unsure, none, warnings, "answer")
    warnings.append(f"'{name}' spells yes and no in several ways; it was read as two levels, {told}")
    say(facts, f"yes and no in several spellings: {told}", 0.9)
    rows = codes[words.codes]
    counts = [int((rows == place).sum()) for place in (0, 1)]
    facts.update(role="binary", type="binary", usable=True, distinct=2, missing=int((rows < 0).sum()))
    facts.update(levels=counted(levels, counts), yes_level=levels[0])
    return facts, pa.DictionaryArray.from_arrays(pa.array(rows.astype(np.int32), mask=rows < 0), pa.array(list(levels)))


# What is set where something holds, and left out where it does not.
CHECK_MARKS = (
    "x",
    "xx",
    "\u2713",
    "\u2714",
    "\u2611",
    "\u2705",
    "\u2717",
    "\u2715",
    "\u00d7",
    "\u25cf",
    "\u2022",
    "\u25a0",
    "\u25cb",
)
UNCHECKED = "(blank)"


def is_checked(name, words, only, gone):
    """True where a column holds blanks and one mark, or one answer by which it is called."""
    blank, text = gone & (words.counts > 0), words.texts[int(only)].as_py().lower()
    marked = text in CHECK_MARKS or (text[:1].isalpha() and (name.lower() == text or name.lower().endswith(" " + text)))
    return bool(blank.any()) and marked and bool(among(words.texts, ("",))[blank].all())


def describe_checked(facts, words, only, warnings):
    """A mark where something holds, blank where it does not: two levels."""
    mark = words.texts[int(only)].as_py()
    checked = words.codes == only
    levels, counts = [UNCHECKED, mark], [int((~checked).sum()), int(checked.sum())]
    facts.update(role="binary", type="binary", usable=True, yes_level=mark, missing=0, distinct=2)
    facts.update(levels=counted(levels, counts), missing_codes=[], sure=min(facts["sure"], 0.8))
    say(facts, f"marked with {mark!r} where it holds; a blank cell is a level of its own")
    warnings.append(
        f"the {number_of(counts[0], 'blank cell')} of '{facts['name']}', which else holds only {mark!r}, count as a level; "
        f"if they are missing, the column says nothing"
    )
    return facts, pa.DictionaryArray.from_arrays(pa.array(checked.astype(np.int32)), pa.array(levels))


def several_answers(words, used):
    """(mark between them, answers) where many cells hold several of a few answers (all that apply), or None."""
    texts = [words.texts[int(index)].as_py() for index in used[:500]]
    if any(len(text) > 400 for text in texts):
        return None
    for mark in (";", "|", ",", "/"):
        split = [[part.strip() for part in text.split(mark) if part.strip()] for text in texts]
        several = sum(len(parts) > 1 for parts in split)
        answers = list(dict.fromkeys(part for parts in split for part in parts))
        if several < 0.3 * len(texts) or not 2 <= len(answers) <= 30 or len(texts) < 1.5 * len(answers):
            continue
        if all(len(set(parts)) == len(parts) for parts in split) and not any(part.isdigit() for part in answers):
            return mark, answers
    return None


# 52.5, 13.4; 12 x 15 cm; 3-1; POINT (13.4 52.5); 01.02.2020 - 05.02.2020.
TWO_NUMBERS = (
    r"^(?:POINT\s?)?[(\[]?\s*[-+]?\d[\d.:/]*(?:\s*[,;/x\x{d7}*]\s*|\s+(?:[-\x{2013}]|to|bis)\s+|\s+)"
    r"[-+]?\d[\d.:/]*\s*[A-Za-z]{0,3}\s*[)\]]?$"
)


def holds_two_numbers(words, used):
    """True where nearly all cells hold two numbers side by side, written in one way."""
    texts = words.texts
    spaced = matches(texts, r"^[-+\d.,: ]+$") & ~matches(texts, r"[,;:]\s")
    return bool((matches(texts, TWO_NUMBERS) & ~spaced)[used].mean() >= 0.95)


def facts_of_many(facts, words, used, rows, why, warnings):
    """What a column with many different texts is, and why it is not tested."""
    lengths = pc.utf8_length(words.texts).to_numpy(zero_copy_only=False)[used]
    unread = None if why is None or why.startswith("codes") else why
    lists = matches(words.texts, r"^\s*[\[{].*[\]}]\s*$")[used]
    if lists.mean() > 0.5:
        facts.update(role="text", type="text", excluded="holds lists or records, which are not read")
        say(facts, "lists or records in cells, not read")
        warnings.append(f"the cells of '{facts['name']}' hold lists or records, which are not read")
    elif why is None and (found := several_answers(words, used)) is not None:
        mark, answers = found
        shown = ", ".join(repr(answer) for answer in answers[:5]) + (", ..." if len(answers) > 5 else "")
        facts.update(
            role="text", type="text", excluded=f"holds several answers in a cell ({shown}), parted by {mark!r}"
        )
        say(facts, "several answers in a cell, not read")
        warnings.append(
            f"the cells of '{facts['name']}' hold several answers each ({shown}), parted by {mark!r}, which are not tested; "
            "give each answer a column of yes and no"
        )
    elif why is None and holds_two_numbers(words, used):
        facts.update(role="text", type="text", excluded="holds two numbers in each cell")
        say(facts, "two numbers in each cell, not read")
        warnings.append(
            f"the cells of '{facts['name']}' hold two numbers each, which are not tested; give each a column of its own"
        )
    elif lengths.mean() > 50:
        facts.update(role="text", type="text", excluded="free text")
        say(facts, "free text")
    elif unread:
        facts.update(
            role="identifier" if len(used) >= 0.9 * rows else "categorical", type="text", excluded=f"holds {unread}"
        )
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
        warnings.append(
            f"{cells} of '{facts['name']}' ({words.shown(unsure)}) have no place in its order and count as missing"
        )
        facts["missing_codes"] += [{"code": code, "rows": rows} for code, rows in words.counted(unsure)]
    return describe_ordered(facts, words, per_text, scale, warnings)


def counted(levels, counts):
    """Levels with their rows, most frequent first."""
    return [
        {"level": level, "n": int(n)} for level, n in sorted(zip(levels, counts), key=lambda pair: (-pair[1], pair[0]))
    ]
