# ---- proposals: which columns of two tables are a key of both, and the evidence that they are ----
import math

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

# Columns of a table that are looked at as keys, and of those the ones that are paired for keys of two columns.
KEY_COLUMNS = 40
PAIRED_COLUMNS = 12
# Share of the values of one table that the other must have.
HIGH_INCLUSION = 0.8
# Values that agree as well as this by chance are evidence of nothing.
CHANCE_LIMIT = 1e-6
# How much longer than usual the gaps in a series may be: a weekend, a holiday.
LONGEST_GAP = 4.0
# Different words that must agree, with names that support it and without.
FEW_WORDS, MANY_WORDS = 3, 10


def chance_of_agreement(left, right):
    """The probability that the runs of whole numbers of two tables begin at the same numbers as often as they do, where
    they begin anywhere in the range of both (the upper tail of the hypergeometric distribution).

    A range without gaps, such as 1 to 100, is one run, whose beginning says nothing, however many numbers it has; numbers
    far from each other are a run each. `left` and `right` are distinct."""
    both = np.concatenate([left, right])
    low = int(both.min())
    step = int(np.gcd.reduce(both - low)) or 1
    size = (int(both.max()) - low) // step + 1
    starts = [runs_begin((np.sort(numbers) - low) // step) for numbers in (left, right)]
    a, b = (len(own) for own in starts)
    agree = len(np.intersect1d(*starts, assume_unique=True))

    def log_choose(n, k):
        return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)

    if agree == 0 or size <= max(a, b):
        return 1.0
    whole, tail = log_choose(size, b), 0.0
    for count in range(agree, min(a, b) + 1):
        if b - count > size - a:
            continue
        term = math.exp(min(log_choose(a, count) + log_choose(size - a, b - count) - whole, 0.0))
        tail += term
        if term < 1e-3 * tail:
            break
    return min(tail, 1.0)


def runs_begin(places):
    """The sorted whole numbers whose forerunner is not among them, but for the first."""
    return places[1:][np.diff(places) > 1]


def columns_in_words(names):
    return " and ".join(f"'{name}'" for name in names)


def evidence_of(match):
    """What a match rests on, in figures."""
    left, right = match.pairs[0][0].table, match.pairs[0][1].table
    agree, of_left = int(match.both.sum()), int((match.left_counts > 0).sum())
    own, other = (columns_in_words([pair[side].name for pair in match.pairs]) for side in (0, 1))
    what = "values" if len(match.pairs) == 1 else "pairs of values" if len(match.pairs) == 2 else "combinations"
    verb = "has" if len(match.pairs) == 1 else "have"
    told = f"{other} of {right.name} {verb} {agree} of the {of_left} {what} of {own} of {left.name}"
    _, _, lost_left, lost_right = match.rows()
    told += f"; {number_of(lost_left, 'row')} of {left.name} {'has' if lost_left == 1 else 'have'} none in {right.name}"
    told += f", {number_of(lost_right, 'row')} of {right.name} none in {left.name}"
    spelt = {SPELLINGS[level] for level in match.levels} - {None}
    return told + "".join(f"; {words}, each value of one is one value of the other" for words in sorted(spelt))


def weigh_single(left, right, asked):
    """(sure, evidence, match) of a key of one column, or (0, why it is none or None where it is not worth telling,
    None)."""
    if {left.kind, right.kind} in ({"date", "text"}, {"date", "number"}):
        return 0, None, None
    if not (left.unique or right.unique):
        return 0, near_key(left, right), None
    level, share_left, share_right = best_spelling(left, right)
    if max(share_left, share_right) < 0.5:
        return 0, None, None
    support = name_support(left, right)
    match = KeyMatch([(left, right)], [level])
    shares, agree = match.shares(), int(match.both.sum())
    where = f"'{left.name}' of {left.table.name} and '{right.name}' of {right.table.name}"
    if not (match.left_unique or match.right_unique):
        return 0, f"{where} repeat on both sides", None
    if max(shares) < HIGH_INCLUSION:
        return 0, f"{where} have too few values in common ({agree})" if support > 0 else None, None
    if left.kind == "date":
        return weigh_dates(left, right, match, where)
    numbers = left.numbers(level), right.numbers(level)
    if numbers[0] is not None and numbers[1] is not None:
        return weigh_numbers(left, right, match, numbers, support, asked, where)
    return weigh_words(left, right, match, support, where)


def near_key(left, right):
    """A sentence on a column that would be a key if a few of its values did not repeat, or None."""
    for key, other in ((left, right), (right, left)):
        again = key.filled - len(key.texts)
        if 0 < again <= 0.1 * len(key.texts) and name_support(left, right) == 2 and included_share(
            other.hashes(0), key.hashes(0)
        ) >= HIGH_INCLUSION:  # fmt: skip
            shown = ", ".join(repr(text) for text in key.texts.filter(pa.array(key.counts > 1)).slice(0, 3).to_pylist())
            return (
                f"'{key.name}' of {key.table.name} would be the key, but {number_of(again, 'row')} "
                f"{'repeats' if again == 1 else 'repeat'} a value ({shown}); leave one row for each"
            )
    return None


def weigh_dates(left, right, match, where):
    """Days are shared by all that happens: under one name, the times of a series are a key, and times that agree as no
    others would."""
    moments = [np.sort(key.texts.cast(pa.int64()).to_numpy(zero_copy_only=False)) for key in (left, right)]
    gaps = np.diff(moments[0 if left.unique else 1])
    series = len(gaps) >= 8 and gaps.max() <= LONGEST_GAP * np.median(gaps)
    one_name = set(tokens(left.name)) == set(tokens(right.name)) and min(match.shares()) >= 0.5
    if one_name and series:
        return 0.75, f"{evidence_of(match)}; the times are those of a series, under one name", match
    if one_name and chance_of_agreement(*moments) < CHANCE_LIMIT:
        return 0.75, f"{evidence_of(match)}; times drawn by chance would not agree like this", match
    return 0, f"{where} share {number_of(match.both.sum(), 'time')}, which alone says nothing", None


def weigh_numbers(left, right, match, numbers, support, asked, where):
    """Whole numbers, alone or behind one text: those that a range of them agrees in by chance are a key by their names
    alone."""
    agree, shares = int(match.both.sum()), match.shares()
    (lead, a), (other_lead, b) = numbers
    same_lead = lead == other_lead
    chance = chance_of_agreement(a, b)
    tables = words_of_table(left.table.name) | words_of_table(right.table.name)
    named = names_things(left, tables) or names_things(right, tables)
    amounts = is_amount(left) or is_amount(right)
    plain = left.kind == right.kind == "number"
    says = evidence_of(match)
    if amounts and plain:
        return 0, f"{where} share {agree} values, but their names speak of amounts or times", None
    limit = CHANCE_LIMIT * (10 if support > 0 else 1)
    if chance < limit and agree >= 5 and (named or support > 0 or not plain):
        sure = 0.95 if support > 0 else 0.8
        return sure, f"{says}; numbers drawn by chance from their range would not agree like this", match
    by_tables = not words_of_key(left.name) and not words_of_key(right.name)
    both_unique = match.left_unique and match.right_unique
    if support == 2 and by_tables and both_unique and are_parts(left.table, right.table):
        return (
            0,
            f"{left.table.name} and {right.table.name} have the same columns, as two parts of one table have",
            None,
        )
    if support == 2 and named and agree >= 2 and max(shares) >= 0.9 and (min(shares) >= 0.8 or not both_unique):
        sure = 0.75 if by_tables or not same_lead else 0.85
        return sure, f"{says}; the names {'of the tables ' if by_tables else ''}agree", match
    if support >= 1 and named and min(shares) >= 0.95 and agree >= 5:
        if asked:
            return (
                0.6,
                f"{says}; the question names columns of both tables, and nothing else shows that they belong",
                match,
            )
        if lead and same_lead and not both_unique:
            return 0.7, f"{says}; all begin with '{lead}'", match
        shown = agreement_of_shared(left, right, match)
        if shown:
            return 0.8, f"{says}; {shown}", match
    if support >= 0:
        return (
            0,
            f"{where} share {agree} values, but whole numbers from {min(a.min(), b.min())} to {max(a.max(), b.max())} "
            "agree so by chance, and no names of tables or columns show that they name the same things",
            None,
        )
    return 0, f"{where} share {agree} values, but their names speak of different things", None


def are_parts(left, right):
    """True where most columns of the smaller of two tables are in the other by the same names."""
    own, other = ({column["name"] for column in table.columns} for table in (left, right))
    return len(own & other) - 1 >= 0.5 * (min(len(own), len(other)) - 1) > 0


def weigh_words(left, right, match, support, where):
    agree, shares = int(match.both.sum()), match.shares()
    texts = left.texts.filter(pa.array(match.both[: len(left.texts)]))
    length = float(pc.mean(pc.utf8_length(texts)).as_py() or 0)
    says = evidence_of(match)
    amounts = is_amount(left) or is_amount(right)
    loose = bool(words_of_key(left.name)) and words_of_key(left.name) | words_of_key(right.name) <= LOOSE_LABELS
    if amounts or left.column["level_order"] or right.column["level_order"]:
        return 0, f"{where} share {agree} values, but their names speak of amounts or times", None
    if support == 2 and agree >= FEW_WORDS and not (loose and agree < MANY_WORDS):
        return 0.95 if agree >= MANY_WORDS else 0.8, f"{says}; the names agree", match
    enough = agree >= MANY_WORDS and length >= 3
    if enough and (support > 0 or min(shares) >= 0.5 or (support == 0 and max(shares) >= 0.95)):
        return 0.85, says, match
    if agree >= 3:
        return 0, f"{where} share {number_of(agree, 'value')}, too few to say that they name the same things", None
    return 0, None, None


def agreement_of_shared(left, right, match):
    """A sentence on other columns of one name that agree in the rows that a key brings together, or None."""
    own = {column["name"]: index for index, column in enumerate(left.table.columns)}
    row_of = np.full(match.size, -1, np.int64)
    one, codes = (match.left, match.right) if match.left_unique else (match.right, match.left)
    row_of[one[one >= 0]] = np.flatnonzero(one >= 0)
    partner = np.where(codes < 0, -1, np.append(row_of, -1)[codes])
    rows = np.flatnonzero(partner >= 0)
    for index, column in enumerate(right.table.columns):
        name = column["name"]
        if name not in own or name in (left.name, right.name) or column["role"] not in ("binary", "categorical"):
            continue
        pair = KeyColumn(left.table, own[name]), KeyColumn(right.table, index)
        if pair[0].kind != pair[1].kind or len(pair[0].texts) < 2:
            continue
        codes_left, codes_right, size = common_codes(*pair, 0)
        a, b = (codes_left, codes_right) if match.left_unique else (codes_right, codes_left)
        a, b = a[partner[rows]], b[rows]
        known = (a >= 0) & (b >= 0)
        if known.sum() < 20:
            continue
        a, b = a[known], b[known]
        same = float((a == b).mean())
        by_chance = float((np.bincount(a, minlength=size) * np.bincount(b, minlength=size)).sum()) / len(a) ** 2
        if same >= 0.95 and by_chance <= 0.7:
            return f"'{name}' of both then agrees in {int((a == b).sum())} of {len(a)} rows"
    return None


def key_columns(table):
    """The columns of a table that can be keys, the likeliest first, and whether some were left out."""
    ranked = []
    for position, column in enumerate(table.columns):
        if column["role"] in ("empty", "constant", "text"):
            continue
        if column["role"] == "numeric" and not column["integer"] and not column.get("moment"):
            continue
        likely = stands_for_things(column["name"]) is not None
        ranked.append((0 if column["role"] == "identifier" else 1 if likely else 2, position))
    ranked.sort()
    keys = [KeyColumn(table, position) for _, position in ranked[:KEY_COLUMNS]]
    return [key for key in keys if key.can_be_found()], len(ranked) > KEY_COLUMNS


def find_key(left, right, keys, asked):
    """((sure, evidence, match) or None, reasons) for two tables; `keys` has the key columns of each by its name."""
    found, reasons = [], []
    for a in keys[left.name]:
        for b in keys[right.name]:
            sure, told, match = weigh_single(a, b, asked)
            if match is not None:
                found.append((sure, sum(match.shares()), told, match))
            elif told:
                reasons.append(told)
    if not found:
        found = find_double_keys(left, right, keys, asked, reasons)
    if not found:
        return None, reasons
    found.sort(key=lambda entry: (-round(entry[0], 2), -round(entry[1], 6)))
    best = found[0]
    rival = next((entry for entry in found[1:] if entry[0] >= best[0] and brings_others(entry[3], best[3])), None)
    if rival is not None:
        one, other = ([(a.name, b.name) for a, b in entry[3].pairs] for entry in (best, rival))
        told = " and by ".join(
            " with ".join(columns_in_words(names) for names in zip(*pairs)) for pairs in (one, other)
        )
        return None, [f"{left.name} and {right.name} could be joined by {told}, and nothing tells which"]
    return (best[0], best[2], best[3]), reasons


def brings_others(match, other):
    """True where two matches bring different rows together."""
    if not (match.left_unique or match.right_unique) or not (other.left_unique or other.right_unique):
        return True
    partners = [partner_rows(item, not item.left_unique) for item in (match, other)]
    if match.left_unique != other.left_unique:
        return True
    known = (partners[0] >= 0) & (partners[1] >= 0)
    return not known.any() or float((partners[0][known] == partners[1][known]).mean()) < 0.95


def partner_rows(match, of_left):
    """For each row of one side the row of the other, which is unique, or -1."""
    codes, others = (match.left, match.right) if of_left else (match.right, match.left)
    row_of = np.full(match.size + 1, -1, np.int64)
    row_of[others[others >= 0]] = np.flatnonzero(others >= 0)
    return row_of[codes]


def find_double_keys(left, right, keys, asked, reasons):
    """Keys of two columns, such as a country and a year, of which each alone repeats on both sides."""
    components = []
    for a in keys[left.name]:
        for b in keys[right.name]:
            if a.unique or b.unique or a.kind != b.kind:
                continue
            support = name_support(a, b)
            if set(tokens(a.name)) == set(tokens(b.name)):
                support = max(support, 1 if not words_of_key(a.name) else 2)
            level, *shares = best_spelling(a, b)
            if max(shares) >= 0.5 and support > 0:
                components.append((a, b, level, support))
    found = []
    components = components[:PAIRED_COLUMNS]
    for place, first in enumerate(components):
        for second in components[place + 1 :]:
            if first[0] is second[0] or first[1] is second[1]:
                continue
            leading, following = sorted((first, second), key=lambda item: is_clock_like(item[0]))
            match = KeyMatch([leading[:2], following[:2]], [leading[2], following[2]])
            if not (match.left_unique or match.right_unique):
                continue
            if max(match.shares()) < HIGH_INCLUSION or match.both.sum() < 5:
                continue
            told = weigh_double(leading, following, match, asked)
            where = columns_in_words([leading[0].name, following[0].name])
            if told is None:
                reasons.append(
                    f"{where} of {left.name} and {right.name} share {int(match.both.sum())} pairs of values, "
                    "but nothing shows that they name the same things"
                )
            else:
                found.append((told[0], sum(match.shares()), told[1], match))
    return found


def is_clock_like(key):
    return key.kind == "date" or is_amount(key)


def weigh_double(leading, following, match, asked):
    """(sure, evidence) of a key of two columns, or None."""
    a, b, _, support = leading
    if is_clock_like(a) or following[3] < 1:
        return None
    says = evidence_of(match)
    words = a.kind == "text" and a.numbers() is None and (pc.mean(pc.utf8_length(a.texts)).as_py() or 0) >= 3
    loose = words_of_key(a.name) <= LOOSE_LABELS and bool(words_of_key(a.name))
    agree = int(match.both.sum())
    if words and not loose and len(a.texts) >= 5 and len(b.texts) >= 5:
        return 0.9, says
    tables = words_of_table(a.table.name) | words_of_table(b.table.name)
    if support == 2 and names_things(a, tables):
        return 0.85, f"{says}; the names agree"
    space = max(len(a.texts), len(b.texts)) * max(len(key.texts) for key in following[:2])
    chance = chance_of_pairs(space, int((match.left_counts > 0).sum()), int((match.right_counts > 0).sum()), agree)
    if names_things(a, tables) and chance < CHANCE_LIMIT:
        return 0.85, f"{says}; pairs drawn by chance would not agree like this"
    return (0.6, f"{says}; the question names columns of both tables") if asked and not loose else None


def chance_of_pairs(size, a, b, agree):
    """An upper bound of the probability that so many of `a` and `b` out of `size` agree (Chernoff)."""
    density, share = b / max(size, 1), agree / max(a, 1)
    if share <= density or density >= 1:
        return 1.0
    apart = share * math.log(share / density)
    if share < 1:
        apart += (1 - share) * math.log((1 - share) / (1 - density))
    return math.exp(-a * apart)
