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
    place = np.cumsum(~gone) - 1
    codes = place[words.codes].astype(np.int32)
    return pa.DictionaryArray.from_arrays(pa.array(codes, mask=gone[words.codes]), words.texts.filter(pa.array(~gone)))


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


def facts_of_many(facts, words, used, rows, why, warnings):
    """What a column with many different texts is, and why it is not tested."""
    lengths = pc.utf8_length(words.texts).to_numpy(zero_copy_only=False)[used]
    unread = None if why is None or why.startswith("codes") else why
    lists = matches(words.texts, r"^\s*[\[{].*[\]}]\s*$")[used]
    if lists.mean() > 0.5:
        facts.update(role="text", type="text", excluded="holds lists or records, which are not read")
        say(facts, "lists or records in cells, not read")
        warnings.append(f"the cells of '{facts['name']}' hold lists or records, which are not read")
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
