# ---- keys: the values of columns by which rows of two tables are brought together, in any spelling ----
import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

# Values that are looked up before all are.
TRIED_VALUES = 2000
# Whole numbers beyond this are not told apart as 64-bit floats.
WHOLE_LIMIT = 2.0**53
SPELLINGS = (
    None,
    "case, blanks and hyphens aside",
    "case, blanks, hyphens and leading zeros aside",
    "case, blanks, leading zeros and the letters before the number aside",
)
# The same in the order in which they are applied: (pattern, replacement).
SPELLING_STEPS = (
    (),
    ((r"\s+", ""), (r"([^\d])[-_]", r"\1"), (r"[-_]([^\d])", r"\1")),
    ((r"(^|[^\d.,])0+(\d)", r"\1\2"),),
    ((r"^[^\d]+", ""),),
)


class KeyColumn:
    """The distinct values of a column as texts, and which row has which.

    `codes` has a place in `texts` for each row, -1 where missing; `kind` is number, text or date. A number is written
    without a fraction where it has none, a date as its seconds since 1970."""

    def __init__(self, table, position):
        self.table, self.position = table, position
        self.column = table.columns[position]
        self.name = self.column["name"]
        self.kind, self.texts, self.codes = key_values(self.column, table.arrays[position])
        self.counts = np.bincount(self.codes[self.codes >= 0], minlength=len(self.texts))
        self.filled = int(self.counts.sum())
        self.unique = self.filled == len(self.texts) > 0
        self.spelled, self.sketches, self.digits = {0: self.texts}, {}, {}

    def spelling(self, level):
        """The distinct values with differences of spelling set aside, or None where two of them would be one."""
        if level not in self.spelled:
            texts = respelled(self.texts, level)
            if pc.count_distinct(texts).as_py() < len(texts) or pc.any(pc.equal(texts, "")).as_py():
                texts = None
            self.spelled[level] = texts
        return self.spelled[level]

    def forms(self, level):
        """The forms of some of the values in a spelling, each run of digits as one 9."""
        some = self.texts.take(pa.array(np.arange(0, len(self.texts), max(len(self.texts) // TRIED_VALUES, 1))))
        return set(pc.unique(pc.replace_substring_regex(respelled(some, level), r"\d+", "9")).to_pylist())

    def hashes(self, level):
        """The sorted hashes of the distinct values in a spelling."""
        if level not in self.sketches:
            self.sketches[level] = np.sort(hashes_of_texts(self.spelling(level)))
        return self.sketches[level]

    def numbers(self, level=0):
        """(text before the number, numbers) where every value is a whole number behind the same text, else None."""
        if level not in self.digits:
            self.digits[level] = numbers_behind_text(self.spelling(level))
        return self.digits[level]

    def can_be_found(self):
        """True where the column can be a key without being declared as one: it has values that can be told apart."""
        if len(self.texts) < 2:
            return False
        # The texts of numbers stand in their order. Longer ones are not told apart as numbers.
        return self.kind != "number" or max(len(self.texts[place].as_py()) for place in (0, -1)) <= 15


def respelled(texts, level):
    """Texts without what a spelling sets aside."""
    texts = pc.utf8_lower(texts) if level else texts
    for step in SPELLING_STEPS[1 : level + 1]:
        for pattern, replacement in step:
            texts = pc.replace_substring_regex(texts, pattern, replacement)
    return texts


def key_values(column, array):
    """(kind, distinct values as texts, code of each row) of a column of the canonical table."""
    if pa.types.is_dictionary(array.type):
        codes = array.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
        used = np.bincount(codes[codes >= 0], minlength=len(array.dictionary)) > 0
        texts = array.dictionary.cast(pa.string()).filter(pa.array(used))
        place = np.append(np.where(used, np.cumsum(used) - 1, -1), -1)
        # Two days are levels; so are two years, which are numbers.
        dated = column["type"] in ("date", "datetime", "period") and bool(matches(texts, r"^\d+-\d\d-\d\d").any())
        if dated:
            moments = [np.datetime64(text.replace(" ", "T"), "s").astype(np.int64) for text in texts.to_pylist()]
            texts = pa.array([str(int(moment)) for moment in moments], pa.string())
        return ("date" if dated else "text"), texts, place[codes]
    values = array.to_numpy(zero_copy_only=False).astype(float)
    dated = bool(column.get("moment")) or column["type"] in ("date", "datetime")
    if dated:
        origin, step = column.get("moment") or (0.0, 1.0)
        values = np.round(values * step + origin)
    known = ~np.isnan(values)
    distinct, inverse = np.unique(values[known], return_inverse=True)
    codes = np.full(len(values), -1, np.int64)
    codes[known] = inverse
    whole = len(distinct) == 0 or (np.abs(distinct).max() < WHOLE_LIMIT and (distinct == np.round(distinct)).all())
    if whole:
        texts = pa.array(distinct.astype(np.int64)).cast(pa.string())
    else:
        texts = pa.array([number_text(value) for value in distinct.tolist()], pa.string())
    return ("date" if dated else "number"), texts, codes


def hashes_of_texts(texts):
    """A 64-bit number for each text, of which no two are likely to be equal."""
    _, offsets, data = texts.buffers()
    bounds = np.frombuffer(offsets, np.int32)[texts.offset : texts.offset + len(texts) + 1].astype(np.int64)
    if data is None or len(texts) == 0 or bounds[-1] == bounds[0]:
        return np.zeros(len(texts), np.uint64)
    bytes_ = np.frombuffer(data, np.uint8)[bounds[0] : bounds[-1]].astype(np.uint64) + np.uint64(1)
    starts, lengths = bounds[:-1] - bounds[0], np.diff(bounds)
    places = np.arange(len(bytes_)) - np.repeat(starts, lengths)
    weights = mixed(np.arange(1, int(lengths.max()) + 2, dtype=np.uint64)) | np.uint64(1)
    with np.errstate(over="ignore"):
        sums = np.append(np.uint64(0), np.cumsum(mixed(bytes_ + weights[places])))
        return mixed(sums[bounds[1:] - bounds[0]] - sums[starts] + weights[lengths])


def numbers_behind_text(texts):
    if texts is None or len(texts) == 0:
        return None
    first = re.fullmatch(r"(\D*?)(-?\d+)", texts[0].as_py())
    if first is None:
        return None
    lead = first[1]
    shape = "^" + re.escape(lead) + r"-?\d{1,15}$"
    if not pc.all(pc.match_substring_regex(texts, shape)).as_py():
        return None
    return lead, pc.utf8_slice_codeunits(texts, len(lead)).cast(pa.int64()).to_numpy(zero_copy_only=False)


def share_found(left, right, level):
    """About which shares of the values of each side the other has, from some of them."""
    a, b = left.hashes(level), right.hashes(level)
    return included_share(a, b), included_share(b, a)


def included_share(values, others):
    if len(values) == 0 or len(others) == 0:
        return 0.0
    # Those hashes are in no order that means anything.
    some = values if len(values) <= TRIED_VALUES else values[:: len(values) // TRIED_VALUES]
    place = np.minimum(np.searchsorted(others, some), len(others) - 1)
    return float((others[place] == some).mean())


def best_spelling(left, right):
    """(level, share of left, share of right): the plainest spelling in which the most values agree."""
    best = (0, *share_found(left, right, 0))
    if "date" in (left.kind, right.kind) or left.kind == right.kind == "number" or min(best[1:]) > 0.995:
        return best
    for level in (1, 2, 3):
        if level == 3 and not letters_may_go(left, right):
            break
        if not alike_in_form(left, right, level):
            continue
        if left.spelling(level) is None or right.spelling(level) is None:
            break
        found = share_found(left, right, level)
        if sum(found) > sum(best[1:]) + 1e-9:
            best = (level, *found)
    return best


def letters_may_go(left, right):
    """Whether S01 may stand for 1: all of one side have the same letters, all of the other none, and the names agree."""
    if name_support(left, right) < 1:
        return False
    a, b = left.numbers(2), right.numbers(2)
    return a is not None and b is not None and bool(a[0]) != bool(b[0])


def alike_in_form(left, right, level):
    """Whether some values of two columns have one form in a spelling, all digits being alike."""
    return bool(left.forms(level) & right.forms(level))


class KeyMatch:
    """The values of the columns of a join in one numbering for both tables.

    `left` and `right` have the number of each row's value, -1 where a column has none; `left_counts` and `right_counts`
    say how many rows have each."""

    def __init__(self, pairs, levels):
        self.pairs, self.levels = pairs, levels
        self.left = self.right = None
        size = 1
        for (a, b), level in zip(pairs, levels):
            codes_a, codes_b, count = common_codes(a, b, level)
            if self.left is None:
                self.left, self.right, size = codes_a, codes_b, count
                continue
            joint = [
                np.where((own < 0) | (more < 0), -1, own * count + more)
                for own, more in ((self.left, codes_a), (self.right, codes_b))
            ]
            known = np.concatenate([codes[codes >= 0] for codes in joint])
            used = np.unique(known)
            self.left, self.right = (np.where(codes < 0, -1, np.searchsorted(used, codes)) for codes in joint)
            size = len(used)
        self.size = size
        self.left_counts = np.bincount(self.left[self.left >= 0], minlength=size)
        self.right_counts = np.bincount(self.right[self.right >= 0], minlength=size)
        self.both = (self.left_counts > 0) & (self.right_counts > 0)

    @property
    def left_unique(self):
        return bool((self.left_counts <= 1).all())

    @property
    def right_unique(self):
        return bool((self.right_counts <= 1).all())

    @property
    def cardinality(self):
        one, other = ("one" if unique else "many" for unique in (self.left_unique, self.right_unique))
        return f"{one}_to_{other}"

    def shares(self):
        """The shares of the distinct values of each side that the other has."""
        agree = int(self.both.sum())
        return agree / max((self.left_counts > 0).sum(), 1), agree / max((self.right_counts > 0).sum(), 1)

    def rows(self):
        """(matched rows of left, matched rows of right, lost rows of left, lost rows of right)."""
        left, right = int(self.left_counts[self.both].sum()), int(self.right_counts[self.both].sum())
        return left, right, len(self.left) - left, len(self.right) - right


def common_codes(left, right, level):
    """The codes of both columns in one numbering, and how many numbers there are."""
    a, b = left.spelling(level), right.spelling(level)
    found = pc.index_in(b, value_set=a).fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    fresh = np.flatnonzero(found < 0)
    found[fresh] = len(a) + np.arange(len(fresh))
    codes = np.where(right.codes < 0, -1, np.append(found, -1)[right.codes])
    return left.codes, codes, len(a) + len(fresh)
