# ---- dialect: the encoding of a text file, what parts its cells, and how they are quoted ----
import codecs
import csv
import html
import html.entities
import io
import re

# Bytes at the beginning and the end of a file by which it is judged.
HEAD_BYTES = 400_000
TAIL_BYTES = 100_000
# What parts cells in files that people have, and what does so seldom.
USUAL_DELIMITERS = (",", ";", "\t", "|")
RARE_DELIMITERS = ("::", "||", "~", "^", "\x01", "\x1f", "\x1e", ":", "§", "¦", "!", "#", "/")
MISSING_WORDS = frozenset(
    "|:|na|n/a|#n/a|nan|null|none|nil|-|--|.|..|?|missing|n.a.|*|x|#ref!|#div/0!|#value!|#null!|\\n|—|–".split("|")
)
DIGITISH = re.compile(
    r"[\s(<>≤≥=~≈$€£¥₹+\-−–±.,']*(?:[A-Z]{2,3}\s?\$?\s?)?[-−+$€£¥₹(]*[.,]?\d[\d\s\xa0\u2009\u202f.,'’_/:\-−+%()]*"
    r"(?:[eEdDT×xX*][\d^+\-:.×x10*]*)?[\d.:Z]*\s?(?:[%°]?[A-Za-zµ€$£¥₹%°*†‡²³/+\-^\d.]{0,10}\)?)?[*†‡§+]*\s*\Z"
)
NUMBER = re.compile(r"\s*[+\-−]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][+-]?\d+)?\s*\Z")
DAY_CELL = re.compile(
    r"\s*(?:\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}|\d{1,2}[- ][A-Za-z]{3,9}[- ,]+\d{2,4})(?:[T ][\d:.]+(?:Z|[AP]M|[+-]\d\d:?\d\d)?)?\s*\Z"
)


GROUPED_NUMBER = re.compile(r"[^\w,]*\d{1,3}(?:[., '’]\d{2,3})*(?:[.,]\d+)?[^\w,]*[A-Za-z]{0,4}")


class Dialect:
    """How a text is split into cells."""

    def __init__(self, delimiter=",", quote='"', escape=None, skip_space=False, loose=False):
        self.delimiter, self.quote, self.escape, self.skip_space = delimiter, quote, escape, skip_space
        # Quotes within quoted cells are not doubled: a cell ends where a delimiter follows the quote.
        self.loose = loose

    def rows(self, text):
        """The records of a text; blank lines are empty lists."""
        if len(self.delimiter) > 1:
            text = text.replace(self.delimiter, "\x1f")
        if self.loose:
            text = with_doubled_quotes(text, self.delimiter)
        return csv.reader(
            io.StringIO(text, newline=""),
            delimiter=self.delimiter if len(self.delimiter) == 1 else "\x1f",
            quotechar=self.quote,
            quoting=csv.QUOTE_MINIMAL if self.quote else csv.QUOTE_NONE,
            escapechar=self.escape,
            doublequote=True,
            skipinitialspace=self.skip_space,
        )


def with_doubled_quotes(text, delimiter):
    """The text with the quotes within quoted cells doubled, as they should be."""
    mark = re.escape(delimiter)
    cell = re.compile(rf'(?m)(^|(?<={mark}))"([^\n]*?)"(?=[ ]*(?:{mark}(?:"|[^\n"]*(?:{mark}|$))|\r?$))')
    return cell.sub(
        lambda match: match.group(1) + '"' + match.group(2).replace('""', '"').replace('"', '""') + '"', text
    )


def decoded(reading, raw):
    """The same text as UTF-8 bytes, with line feeds at the ends of its lines."""
    encoding = guess_encoding(raw)
    mistaken, encoding = encoding is None, encoding or "utf-8"
    reading.facts["encoding"] = encoding
    if encoding == "utf-8":
        raw = raw[3:] if raw.startswith(codecs.BOM_UTF8) else raw
        if mistaken:
            text = raw.decode("utf-8", errors="replace")
            raw = text.encode("utf-8")
            reading.warn(
                f"{number_of(text.count(chr(0xFFFD)), 'byte')} of the file are no UTF-8, as the rest is; each was read as the "
                "sign \ufffd"
            )
    else:
        raw = raw.decode(encoding, errors="replace").lstrip("\ufeff").encode("utf-8")
        tell_code_page(reading, encoding)
    # DOS files may end with this mark.
    raw = raw.rstrip(b"\x1a\x00") if raw[-1:] in (b"\x1a", b"\x00") else raw
    if b"\x00" in raw and not any(byte < 9 and byte for byte in raw[:65536]) and is_text(raw):
        count = raw.count(b"\x00")
        raw = raw.replace(b"\x00", b"")
        reading.warn(f"the text holds {count} NUL marks, which fill places without letters; they were taken away")
    if b"\x00" in raw[:65536]:
        raise Problem(
            "not_a_table", "the file holds binary data of a kind that is not known; give csv, xlsx or Parquet"
        )
    if ends_in_returns(raw):
        raw = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return without_unseen(reading, raw)


def is_text(raw):
    """True where the head of the bytes is UTF-8, most of it no NUL."""
    head = raw[:65536]
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return head.count(0) * 2 < len(head)


def tell_code_page(reading, encoding):
    if encoding in CODE_PAGES:
        reading.warn(f"the file is not UTF-8; it was read as {CODE_PAGES[encoding]} ({encoding})")


def ends_in_returns(raw):
    """True where lines end in a carriage return alone."""
    return b"\r" in raw[:HEAD_BYTES] and b"\n" not in raw[:HEAD_BYTES]


def guess_encoding(raw):
    """The encoding of a text; None where it is UTF-8 with a few mistakes."""
    if raw.startswith(codecs.BOM_UTF8):
        return "utf-8"
    if raw.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "utf-32"
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    sample = raw[:4096]
    if len(sample) > 3 and sample.count(b"\x00") > len(sample) // 4:
        return "utf-16-le" if sample[1::2].count(0) > sample[::2].count(0) else "utf-16-be"
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for start in range(0, len(raw), 1 << 20):
            decoder.decode(raw[start : start + (1 << 20)])
        decoder.decode(b"", final=True)
        return "utf-8"
    except UnicodeDecodeError:
        return None if is_mostly_utf8(raw) else guess_code_page(raw)


def is_mostly_utf8(raw):
    """True where a few bytes amid many letters beyond ASCII are wrong, as where files of two encodings were put
    together."""
    text = raw[: 4 << 20].decode("utf-8", errors="replace")
    wrong = text.count("\ufffd")
    return sum(letter > "\x7f" for letter in text) - wrong >= 10 * wrong


# Names of the code pages that are told apart, for the person.
CODE_PAGES = {
    "cp1252": "Western European",
    "cp1251": "Cyrillic",
    "koi8_r": "Cyrillic",
    "cp1253": "Greek",
    "shift_jis": "Japanese",
    "euc_jp": "Japanese",
    "euc_kr": "Korean",
    "gb18030": "Chinese",
    "big5": "Chinese",
}


def guess_code_page(raw):
    """The code page of a text that is no UTF-8, by which bytes follow each other."""
    runs = re.findall(rb"[\x80-\xff]+", raw[: 1 << 18])
    high = b"".join(runs)
    # Letters with accents stand alone among others; letters of other scripts stand beside each other.
    if not high or sum(len(run) for run in runs if len(run) > 1) < 0.7 * len(high):
        # In Japanese every second byte may be a Latin letter; then many are of a range that has no accents.
        japanese = len(high) > 8 and sum(0x81 <= byte <= 0x9F for byte in high) > 0.3 * len(high)
        japanese = japanese and is_script(raw, "shift_jis", r"[\u3040-\u30ff\u4e00-\u9fff]", 0.9)
        return "shift_jis" if japanese else "cp1252"
    lower = sum(byte >= 0xE0 for byte in high) / len(high)
    for page, share in (("cp1251", lower), ("koi8_r", sum(0xC0 <= byte < 0xE0 for byte in high) / len(high))):
        if share > 0.75 and is_script(raw, page, r"[\u0400-\u04ff]", 0.9):
            greek = page == "cp1251" and sum(
                byte in b"\xef\xe1\xf2\xe9\xe5\xed\xf4\xdd\xdf\xf3" for byte in high
            ) > 0.62 * len(high)
            return "cp1253" if greek else page
    for page, letters, share in (
        ("euc_jp", r"[\u3040-\u30ff]", 0.3),
        ("shift_jis", r"[\u3000-\u30ff\u4e00-\u9fff\uff00-\uff5f\uffe0-\uffef\u25a0-\u26ff\u00d7]", 0.9),
        ("euc_kr", r"[\uac00-\ud7a3]", 0.8),
        ("gb18030", r"[\u4e00-\u9fa5\u3000-\u303f\uff00-\uffef]", 0.95),
        ("big5", r"[\u4e00-\u9fa5\u3000-\u303f\uff00-\uffef]", 0.95),
    ):
        if is_script(raw, page, letters, share):
            return page
    return "cp1252"


def is_script(raw, page, letters, share):
    """True where the text is valid in that code page and most of its foreign letters are of one script."""
    sample = raw[: 1 << 18]
    sample = sample[: sample.rfind(b"\n") + 1] or sample
    try:
        foreign = [letter for letter in sample.decode(page) if letter > "\x7f"]
    except UnicodeDecodeError:
        return False
    return bool(foreign) and len(re.findall(letters, "".join(foreign))) >= share * len(foreign)


def without_unseen(reading, raw):
    """The same text without marks that nobody sees, and with the letters that entities of the web stand for."""
    marks = [] if raw.isascii() else [mark for mark in UNSEEN_IN_TEXT if mark in raw]
    for mark in marks:
        raw = raw.replace(mark, b"")
    if marks:
        tell_unseen(reading)
    if holds_entities(reading, raw):
        raw = html.unescape(raw.decode("utf-8", errors="replace")).encode("utf-8")
    return raw


UNSEEN_IN_TEXT = tuple(mark.encode() for mark in ("\ufeff", "\u200b", "\u200e", "\u200f", "\u2060", "\u00ad"))


def tell_unseen(reading):
    reading.warn("the text holds marks that cannot be seen (such as zero-width spaces); they were taken away")


def holds_entities(reading, raw):
    """True where the beginning of the text holds several entities of the web, which is said."""
    entities = re.findall(rb"&(?:[A-Za-z]{2,8}|#\d{2,5});", raw[:HEAD_BYTES])
    known = [name for name in entities if name[1:2] == b"#" or name[1:].decode() in html.entities.html5]
    if len(known) <= 2 or re.match(rb"\s*[<{\[]", raw[:200]):
        return False
    shown = ", ".join(dict.fromkeys(name.decode() for name in known[:50]))
    reading.warn(f"the text holds entities of the web ({shown[:80]}), which were read as the letters they stand for")
    return True


def without_comments(reading, raw):
    """Drop the lines before the header that begin with '#' or another mark of comments, and blank ones; with how many
    there were. Where the rows have no names but one of those lines holds as many words as they have cells, it stays
    as the header."""
    before, found = raw, []
    raw, count = after_comments(raw, found)
    names = names_in_comments(before[: len(before) - len(raw)], raw) if found else None
    if names is None:
        return raw, count
    reading.warn(f"the names of the columns were taken from a line of comment above the rows: {names[:200]}")
    return names.encode("utf-8") + b"\n" + raw, count - 1


def names_in_comments(comments, raw):
    """The last line of comment that holds a name for each cell of the first row, where that row holds numbers."""
    lines = [line for line in head_text(raw, 20_000).split("\n")[:6] if line.strip()]
    if len(lines) < 2:
        return None
    mark = next(
        (mark for mark in (";", "\t", ",") if mark in lines[0] and len({line.count(mark) for line in lines}) == 1), None
    )
    rows = [[cell.strip() for cell in line.strip().split(mark)] for line in lines]
    if len(rows[0]) < 2 or not any(NUMBER.match(cell) for cell in rows[0]):
        return None
    if any(
        cell and cell[0].isalpha() and not any(cell in row for row in rows[1:])
        for cell in rows[0]
        if not DIGITISH.match(cell)
    ):
        return None
    for line in reversed(comments.decode("utf-8", errors="replace").split("\n")):
        text = line.strip().lstrip("#!%/;").strip()
        cells = [cell.strip() for cell in text.split(mark)]
        if len(cells) == len(rows[0]) and all(cells) and len(set(cells)) == len(cells):
            if not any(NUMBER.match(cell) for cell in cells):
                return (mark or " ").join(cells)
    return None


# How a line of comment begins that is no row: # and more, or one of the other marks before a word.
COMMENT = re.compile(rb"#|(?:%|//|!)[ \t]*[A-Za-z]|;[ \t]+[A-Za-z][^;\n]*(?:\n|$)")


def after_comments(raw, found):
    """(the bytes after the lines of comment, how many those are); `found` gets each line with words."""
    count = 0
    while raw[:1] in (b"\n", b"\r") or COMMENT.match(raw):
        end = raw.find(b"\n")
        if raw[:1] == b"#" and raw[1:2] not in (b" ", b"#", b"!") and any(mark in raw[:end] for mark in b",;\t"):
            break
        if end < 0:
            return raw, count
        if raw[:1] in (b"%", b"!", b"/") and is_header(raw[:end], raw[end + 1 :]):
            break
        found += [raw[:end]] if raw[:1] not in (b"\n", b"\r") and raw[:end].strip(b"#%/!; \r\t") else []
        raw = raw[end + 1 :]
        count += 1
    return raw, count


def is_header(line, below):
    """True where a line that begins with % or the like has as many cells as the row of numbers right below it."""
    row = below[: below.find(b"\n") + 1] or below[:10_000]
    mark = next((mark for mark in (b";", b"\t", b",") if mark in row and line.count(mark) == row.count(mark)), None)
    cells = row.decode("utf-8", errors="replace").split(mark.decode()) if mark else []
    return any(NUMBER.match(cell.strip()) for cell in cells)


def declared_delimiter(raw):
    """(delimiter, the rest) where the first line is Excel's `sep=;`, else (None, raw)."""
    end = raw.find(b"\n") + 1
    line = re.fullmatch(rb'"?sep=(\\t|[^\r\n"]|\t)"?[,;\t]*\r?\n', raw[:end], re.IGNORECASE) if end else None
    if line is None:
        return None, raw
    mark = line.group(1)
    return "\t" if mark == b"\\t" else mark.decode("utf-8", errors="replace"), raw[end:]


def head_text(raw, limit=HEAD_BYTES):
    """Whole lines from the beginning of the file."""
    if len(raw) <= limit:
        return raw.decode("utf-8", errors="replace")
    end = raw.rfind(b"\n", 0, limit) + 1
    return raw[: end or limit].decode("utf-8", errors="ignore")


def guess_dialect(raw, declared, kind):
    """The dialect under which most lines have one width and cells that read as values; None where there is none."""
    text = head_text(raw, HEAD_BYTES // 2)
    if "\n" not in text and len(raw) > len(text):
        # The header alone is longer.
        return Dialect(max(USUAL_DELIMITERS, key=text.count))
    if declared:
        return with_quotes(text, declared)
    if kind == "tsv" and "\t" in text:
        return with_quotes(text, "\t")
    lines = [line for line in text.split("\n")[:60] if line.strip()]
    if len(lines) > 2 and all("||" in line and line.count("|") == 2 * line.count("||") for line in lines):
        return with_quotes(text, "||")
    best, best_score = None, 0.0
    for delimiter in USUAL_DELIMITERS:
        if delimiter in text:
            dialect = with_quotes(text, delimiter)
            score = judge_dialect(text, dialect)
            if score > best_score:
                best, best_score = dialect, score
    first = next(iter(few_rows(text, best, 1)), []) if best else []
    if best_score < 1.2 or len(first) < 2:
        for delimiter in RARE_DELIMITERS:
            # Nearly each line must have it, the header too, and as often; each one, where it also stands within values.
            needed = 1.0 if delimiter in ":!#/" else 0.8
            if len(lines) < 3 or sum(delimiter in line for line in lines) < needed * len(lines):
                continue
            dialect = with_quotes(text, delimiter)
            parted = [row for row in few_rows(text, dialect, 200) if len(row) > 1]
            score = judge_dialect(text, dialect)
            if len({len(row) for row in parted}) == 1 and all(re.search(r"[^\W\d]", cell) for cell in parted[0]):
                if score > max(best_score, 1.5) or (score > 1 and len(first) < 2):
                    best, best_score = dialect, score
    return best


def with_quotes(text, delimiter):
    """The delimiter with the quotes, escapes and spaces that give the most even lines."""
    plain = Dialect(delimiter)
    trials = []
    mark = re.escape(delimiter)
    if '\\"' in text:
        trials.append(Dialect(delimiter, escape="\\"))
    if delimiter != " " and re.search(mark + r' +"', text):
        trials.append(Dialect(delimiter, skip_space=True))
    if re.search(rf"(^|{mark})'[^'\n]*'({mark}|$)", text, re.MULTILINE):
        trials.append(Dialect(delimiter, quote="'"))
    if re.search(rf'[^\n{mark}"]"[^\n{mark}"]', text) and len(delimiter) == 1:
        trials.append(Dialect(delimiter, loose=True))
    if not trials and text.count('"') % 2:
        trials.append(Dialect(delimiter, quote=None))
    best, best_even = plain, evenness(text, plain)
    for dialect in trials:
        even = evenness(text, dialect)
        if even > best_even or (even == best_even and dialect.skip_space):
            best, best_even = dialect, even
    return best


def few_rows(text, dialect, limit):
    rows = []
    try:
        for row in dialect.rows(text):
            rows.append(row)
            if len(rows) >= limit:
                break
    except csv.Error:
        pass
    return rows


def evenness(text, dialect):
    """The share of lines that are as wide as the most common width, and whether the header is among them."""
    widths = [len(row) for row in few_rows(text, dialect, 300) if row]
    if not widths:
        return (0, 0)
    common = max(set(widths), key=widths.count)
    return (round(widths.count(common) / len(widths), 3), int(widths[0] == common))


def judge_dialect(text, dialect):
    """The common width times how even the lines are and how many of their cells read as one value."""
    rows = [row for row in few_rows(text, dialect, 200) if any(cell.strip() for cell in row)]
    if not rows:
        return 0.0
    widths = [len(row) for row in rows]
    width = max(set(widths), key=lambda width: (widths.count(width) * (width > 1), width))
    if width < 2:
        return 0.0
    even = [row for row in rows if len(row) == width]
    others = "".join(mark for mark in ";\t|" if mark != dialect.delimiter)
    cells = [cell for row in even[:60] for cell in row[:60]]
    clean = sum(is_one_value(cell, others, dialect.delimiter) for cell in cells) / len(cells)
    share = len(even) / len(rows)
    # Titles above a table and notes below it are few or short.
    if len(rows) - len(even) <= 8 and len(even) >= 2 * (len(rows) - len(even)):
        share = max(share, 0.85 + 0.15 * share)
    return (1 + min(width, 50) ** 0.5) * share**2 * clean**2 * (1.0 if widths[0] == width else 0.75)


def is_one_value(cell, others, delimiter):
    """False where a cell reads as several, parted by a mark of `others`, or as a piece of one."""
    if NUMBER.match(cell) or not cell.strip() or DAY_CELL.match(cell):
        return True
    if any(mark in cell for mark in others):
        return False
    # "1,5 x 2" after a split at the wrong mark: a number that ends or begins in a comma.
    return delimiter == "," or not re.search(r"\w,\S", cell) or bool(GROUPED_NUMBER.fullmatch(cell))


def is_lone_column(rows):
    """True where 12 kg or 1 h 30 min stand below a lone name: one cell each, not several."""
    if len(rows) < 3 or len(rows[0]) != 1 or not all(NUMBER.match(row[0]) for row in rows[1:]):
        return False
    if all(len(row) == 2 and not NUMBER.match(row[1]) for row in rows[1:]):
        return True
    width = len(rows[1])
    if any(len(row) != width for row in rows[1:]):
        return False
    return any(not NUMBER.match(rows[1][at]) and len({row[at] for row in rows[1:]}) == 1 for at in range(1, width))


def spaced_layout(raw):
    """How a file whose columns are set apart by spaces is split: "words", a list of (start, end), or None."""
    text = head_text(raw)
    lines = [line.rstrip("\r").expandtabs() for line in text.split("\n")]
    if text and len(raw) > len(text) and not text.endswith("\n"):
        lines.pop()
    if sum("," in line for line in lines) * 2 > len(lines):
        return None
    if is_lone_column([line.split() for line in lines if line.strip()]):
        return None
    # The longest run of lines, without titles right above it.
    blocks, start = [], None
    for index, line in enumerate([*lines, ""]):
        if line.strip() and start is None:
            start = index
        elif not line.strip() and start is not None:
            blocks.append((start, index))
            start = None
    if not blocks:
        return None
    even = [len(words_of(line)) for line in lines if line.strip() and not re.fullmatch(ELLIPSIS, line)]
    whole = (0, len(lines))
    longest = max(blocks, key=lambda block: block[1] - block[0])
    tries = [whole] if len(even) > 2 and len(set(even[1:])) == 1 else []
    tries += [(longest[0] + skip, longest[1]) for skip in range(5)]
    for start, end in tries:
        inside = [line for line in lines[start:end] if line.strip() and not re.fullmatch(RULE, line)]
        layout = layout_of_lines([line for line in inside if not re.fullmatch(ELLIPSIS, line)])
        if layout is not None:
            return layout, start, end if len(raw) <= len(text) else None
    return None


RULE = r"[\s\-=+_|]+"
# How programs print that rows are left out.
ELLIPSIS = r"\s*(?:\.{2,3}|\u2026)(?:\s+(?:\.{2,3}|\u2026))+\s*"


def words_of(line):
    if '"' in line:
        return next(csv.reader([line.strip()], delimiter=" ", skipinitialspace=True), [])
    return line.split()


def layout_of_lines(lines):
    if len(lines) < 3:
        return None
    counts = [len(words_of(line)) for line in lines]
    body = counts[1:]
    if min(body) > 1 and len(set(body)) == 1 and counts[0] in (body[0], body[0] - 1):
        if sum(any(NUMBER.match(word) for word in line.split()) for line in lines[1:51]) >= len(lines[1:51]):
            return "words"
    return fixed_columns(lines)


def fixed_columns(lines):
    """Where the columns of a file of fixed width begin and end, or None: runs of places that are blank in each line."""
    longest = max(len(line) for line in lines)
    if longest > 20_000 or min(len(line) for line in lines) * 3 < longest:
        return None
    filled = [False] * longest
    for line in lines:
        for match in re.finditer(r"\S+", line):
            for place in range(match.start(), match.end()):
                filled[place] = True
    spans, start = [], None
    for place, taken in enumerate(filled + [False]):
        if taken and start is None:
            start = place
        elif not taken and start is not None:
            spans.append((start, place))
            start = None
    # A name of two words above one column of numbers.
    merged = []
    for span in spans:
        empty = merged and not any(line[merged[-1][0] : merged[-1][1]].strip() for line in lines[1:])
        if empty and span[0] - merged[-1][1] == 1:
            merged[-1] = (merged[-1][0], span[1])
        else:
            merged.append(span)
    names = [lines[0][start:end].strip() for start, end in merged]
    columns = [[line[start:end].strip() for line in lines[1:]] for start, end in merged]
    numeric = [
        any(cells) and all(NUMBER.match(cell) for cell in cells if cell not in MISSING_WORDS and cell)
        for cells in columns
    ]
    if len(merged) < 2 or not all(names) or not any(numeric) or len(lines) < 4:
        return None
    return [(merged[i][0] if i else 0, merged[i][1]) for i in range(len(merged))]
