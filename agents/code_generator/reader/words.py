# ---- words: the distinct texts of a column, and their shapes: every digit as 9, so that few shapes stand for many ----
import html
import re
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

PLAIN = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
SAMPLE_TEXTS = 5000
MOST_SHAPES = 3000
LONGEST_FORM = 60
MOST_REMEMBERED = 20_000
# The digit 0 of other scripts: Arabic, Indic, Thai, Lao, Tibetan, Burmese, Khmer, Mongolian, full-width.
ZEROS = (
    0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66, 0x0E50, 0x0ED0, 0x0F20,
    0x1040, 0x17E0, 0x1810, 0xFF10,
)  # fmt: skip
# Texts, or bytes of texts, that are looked at together, so that what is computed on the way takes little memory.
PIECE = 1 << 20
# Other spellings of what ASCII has, one character for one.
SAME_LOOKING = {
    **dict.fromkeys(map(ord, "\u2212\u2010\u2011\u2012\u2013\ufe63\uff0d"), "-"),
    **dict.fromkeys(map(ord, "\u00a0\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"), " "),
    **dict.fromkeys(map(ord, "\u2018\u2019\u02bc\u00b4\u2032"), "'"),
    **dict.fromkeys(map(ord, "\u2033\u201d"), '"'),
    **dict.fromkeys(map(ord, "\u00d7\u2715"), "x"),
    **{zero + digit: str(digit) for zero in ZEROS for digit in range(10)},
    **{ord(sign): f" {top}/{bottom}" for sign, top, bottom in ("\u00bd12", "\u00bc14", "\u00be34", "\u215313", "\u215423",
    "\u215b18", "\u215c38", "\u215d58", "\u215e78", "\u215515")}, 0x2044: "/",
    0x066B: ".", 0x066C: ",", 0x00B7: ".", 0xFF0E: ".", 0xFF0C: ",", 0xFF05: "%", 0xFF04: "$", 0xFFE5: "\u00a5",
    0xFFE1: "\u00a3", 0xFF08: "(", 0xFF09: ")", 0xFF0B: "+", 0xFF1A: ":", 0x066A: "%",
}  # fmt: skip

POWER_ALONE = r"^10(\^|\*\*|[\x{2070}-\x{207b}\x{b9}\x{b2}\x{b3}])"
TIMES_POWER = re.compile(r"\s*\u00b7\s*10(?=\^|\*\*|[\u207b\u2070\u00b9\u00b2\u00b3\u2074-\u2079])")


class Words:
    """Distinct trimmed texts of a column, how often each occurs, and which row holds which."""

    def __init__(self, array):
        if isinstance(array, pa.ChunkedArray):
            array = array.combine_chunks() if array.num_chunks != 1 else array.chunk(0)
        if isinstance(array, pa.ChunkedArray):
            array = pa.concat_arrays(array.chunks)
        self.logical = pa.types.is_boolean(array.type)
        trimmed = pc.utf8_trim_whitespace(pc.fill_null(array.cast(pa.string()), ""))
        coded = without_disguise(trimmed.dictionary_encode())
        self.texts, self.codes = coded.dictionary, coded.indices.to_numpy(zero_copy_only=False)
        self.counts = np.bincount(self.codes, minlength=len(self.texts))

    def __len__(self):
        return len(self.texts)

    def spread(self, values):
        """`values` of the texts as values of the rows. The texts are given up for it: a long column has no room for
        both."""
        rows = values[self.codes]
        self.texts = self.codes = self.counts = None
        return rows

    def shown(self, mask, most=3):
        """The most frequent of the texts under the mask, each quoted."""
        at = np.flatnonzero(mask)
        at = at[np.argsort(-self.counts[at], kind="stable")][:most]
        return ", ".join(repr(self.texts[int(index)].as_py()[:40]) for index in at)

    def counted(self, mask, most=20):
        """[(text, rows)] of the texts under the mask, the most frequent first."""
        at = np.flatnonzero(mask)
        at = at[np.argsort(-self.counts[at], kind="stable")][:most]
        return [(self.texts[int(index)].as_py(), int(self.counts[index])) for index in at]


# Soft hyphens, blanks of no width, and marks of the direction of writing.
UNSEEN_MARKS = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
UNSEEN = r"[\x{ad}\x{200b}-\x{200f}\x{202a}-\x{202e}\x{2060}\x{2066}-\x{2069}\x{feff}]"
# ="0012" is how a spreadsheet keeps a text in a csv file.
TEXT_FORMULA = r"^=\"([^\"]*)\"$"
ENTITY = r"&(#\d{1,6}|#x[0-9a-fA-F]{1,5}|[a-zA-Z]{2,8});"


def without_disguise(coded):
    """The distinct texts without marks that cannot be seen, and with the characters that entities of the web stand for;
    ="12" as 12."""
    texts = coded.dictionary
    unseen, entities, formulas = matches(texts, UNSEEN), matches(texts, ENTITY), matches(texts, TEXT_FORMULA)
    if not (unseen.any() or entities.any() or formulas.any()):
        return coded
    changed = texts.to_pylist()
    for index in np.flatnonzero(entities).tolist():
        changed[index] = html.unescape(changed[index]).strip()
    cleared = pc.replace_substring_regex(pa.array(changed, pa.string()), UNSEEN, "")
    cleared = pc.replace_substring_regex(cleared, TEXT_FORMULA, r"\1")
    again = pc.utf8_trim_whitespace(cleared).dictionary_encode()
    codes = again.indices.take(coded.indices)
    return pa.DictionaryArray.from_arrays(codes, again.dictionary)


class Shapes:
    """Texts with every digit as 9: `forms` are the distinct ones, `codes` says which text has which, `counts` weighs
    them. None of it depends on what the digits are."""

    def __init__(self, texts, weights):
        self.texts = with_plain_characters(texts)
        if matches(self.texts, POWER_ALONE).any():
            # 10^5 alone is 1 times it.
            self.texts = pc.replace_substring_regex(self.texts, POWER_ALONE, r"1x10\1")
        _, offsets, data = self.texts.buffers()
        begin = self.texts.offset
        self.offsets = np.frombuffer(offsets, dtype=np.int32)[begin : begin + len(texts) + 1]
        self.data = np.frombuffer(data, dtype=np.uint8) if data is not None else np.zeros(0, np.uint8)
        self.codes = np.zeros(len(texts), dtype=np.int32)
        self.counts = np.zeros(0)
        place_of = {}
        for start in range(0, len(texts), PIECE):
            part = slice(start, start + PIECE)
            shaped = self.with_nines(start, start + PIECE).dictionary_encode()
            if len(shaped.dictionary) > MOST_SHAPES:
                break
            places = [place_of.setdefault(form, len(place_of)) for form in shaped.dictionary.to_pylist()]
            self.codes[part] = np.array(places, dtype=np.int32)[shaped.indices.to_numpy(zero_copy_only=False)]
            counts = np.bincount(self.codes[part], weights=weights[part], minlength=len(place_of))
            counts[: len(self.counts)] += self.counts
            self.counts = counts
            if len(place_of) > MOST_SHAPES:
                break
        self.many = len(texts) > 0 and max(len(shaped.dictionary), len(place_of)) > MOST_SHAPES
        self.forms = [] if self.many else list(place_of)

    def with_nines(self, start, stop):
        """Some of the texts with every digit as 9."""
        offsets = self.offsets[start : stop + 1]
        masked = self.data[offsets[0] : offsets[-1]].copy()
        masked[(masked >= 48) & (masked <= 57)] = 57
        return pa.StringArray.from_buffers(len(offsets) - 1, pa.py_buffer(offsets - offsets[0]), pa.py_buffer(masked))

    def forget(self):
        """Gives up the texts and all that is known of them."""
        vars(self).clear()

    def likely(self, reads):
        """The forms worth a look by `reads`, heaviest first: all, or none where it reads few of the first hundred."""
        order = [int(index) for index in np.argsort(-self.counts, kind="stable") if self.counts[index] > 0]
        order = [index for index in order if "9" in self.forms[index] and len(self.forms[index]) <= LONGEST_FORM]
        if not order or self.counts[order].sum() < 0.3 * self.counts.sum():
            return []
        first = order[:100]
        read = sum(self.counts[index] for index in first if reads(self.forms[index]))
        return order if read >= 0.3 * self.counts[first].sum() else []

    def rows(self, form):
        """The texts of that form."""
        if not hasattr(self, "order"):
            self.order = np.argsort(self.codes, kind="stable")
            self.starts = np.searchsorted(self.codes[self.order], np.arange(len(self.forms) + 1))
        return self.order[self.starts[form] : self.starts[form + 1]]

    def whole(self, rows, places):
        """The digits at the given bytes of each text as one whole number."""
        value = np.zeros(len(rows))
        for start in range(0, len(rows), PIECE):
            part, begins = value[start : start + PIECE], self.offsets[rows[start : start + PIECE]]
            for place in places:
                part *= 10
                part += self.data[begins + place].astype(np.float64) - 48
        return value

    def pieces(self, rows, places):
        """The digits at the given bytes as texts."""
        out = np.empty((len(rows), len(places)), dtype=np.uint8)
        for index, place in enumerate(places):
            out[:, index] = self.data[self.offsets[rows] + place]
        return [bytes(line).decode("ascii", "replace") for line in out]


def remembered(parse):
    """`parse` with its answers kept, since the columns of a file share their forms; each caller gets copies."""
    kept = {}

    def read(form):
        if form not in kept:
            if len(kept) >= MOST_REMEMBERED:
                kept.clear()
            kept[form] = parse(form)
        found = kept[form]
        if isinstance(found, list):
            return [copied(item) for item in found]
        return None if found is None else copied(found)

    return read


def copied(item):
    new = SimpleNamespace(**vars(item))
    if hasattr(new, "spans"):
        new.spans = dict(new.spans)
    return new


def with_plain_characters(texts):
    """The texts with other kinds of digits, minus signs, spaces and quotes as the plain ones."""
    odd = np.flatnonzero(matches(texts, r"[^\x00-\x7f]"))
    if len(odd) == 0:
        return texts
    mask = np.zeros(len(texts), dtype=bool)
    mask[odd] = True
    changed = [
        TIMES_POWER.sub("x10", text).translate(SAME_LOOKING).strip()
        for text in texts.filter(pa.array(mask)).to_pylist()
    ]
    return pc.replace_with_mask(texts, pa.array(mask), pa.array(changed, pa.string()))


def matches(texts, pattern):
    return pc.match_substring_regex(texts, pattern).to_numpy(zero_copy_only=False)


def matches_among(texts, mask, pattern):
    """`matches` of the texts under the mask alone."""
    found = np.zeros(len(texts), dtype=bool)
    if mask.any():
        found[mask] = matches(texts.filter(pa.array(mask)), pattern)
    return found


def among(texts, markers):
    markers = pa.array(list(markers), pa.string())
    pieces = [texts.slice(start, PIECE) for start in range(0, max(len(texts), 1), PIECE)]
    return np.concatenate(
        [pc.is_in(pc.utf8_lower(piece), markers).to_numpy(zero_copy_only=False) for piece in pieces]
    )


def number_text(value):
    """A number as the level of a binary column: 1.0 is "1"."""
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(float(value))


def tokens(name):
    """Lower-case words of a column name: 'PassengerId' gives passenger, id."""
    split = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", name)
    return [word.lower() for word in re.split(r"[\W_]+", split) if word]


def number_of(count, one, many=None):
    """'1 cell', '3 cells'."""
    return f"{int(count)} {one if count == 1 else many or one + 's'}"
