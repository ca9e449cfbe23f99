# ---- source: a raw file becomes named arrow arrays, text as it stands, typed where the file is typed ----
import codecs
import csv
import gzip
import io
import json
import os
import re

import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq


class Problem(Exception):
    """The data cannot be used; `code` and the message go into result.json for the person."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


# A name is printed in tables and sentences, and each column is described on its own.
COLUMN_NAME_LENGTH = 1000
COLUMNS_READ = 10_000

# What splits lines gives up at a longer cell; what the cell is refused for is said here.
csv.field_size_limit(1 << 30)


def check_column_names(names):
    """Refuses a table with a name that nobody can read, or with more columns than can be described."""
    for index, name in enumerate(names):
        if len(name) > COLUMN_NAME_LENGTH:
            raise long_column_name(index, len(name))
    if len(names) > COLUMNS_READ:
        raise Problem(
            "too_many_columns",
            f"the table has {len(names)} columns, and at most {COLUMNS_READ} are read; give those of interest",
        )


def long_column_name(index, length):
    return Problem(
        "long_name",
        f"the name of column {index + 1} has {length} letters, and a name may have {COLUMN_NAME_LENGTH}; shorten it",
    )


def read_source(path, wanted, warnings):
    """(facts about the file, [(name, array), ...]) of the file at `path`."""
    if not os.path.exists(path):
        raise Problem("unreadable", "the data file is not there; check its path")
    if os.path.isdir(path):
        raise Problem("not_a_table", "the path is a folder; name one data file in it")
    if os.path.getsize(path) == 0:
        raise Problem("empty_table", "the file is empty; give a table with a header and rows")
    with open(path, "rb") as file:
        head = file.read(65536)
    if head[:2] == b"\x1f\x8b":
        with gzip.open(path) as file:
            return read_bytes(file.read(), path[:-3], wanted, warnings)
    kind = wanted if wanted != "auto" else guess_format(path, head)
    facts = {"format": kind, "delimiter": None, "encoding": None, "decimal": ".", "missing_markers": [], "sheet": None}
    if kind == "parquet":
        return facts, read_parquet(path)
    if kind == "excel":
        return facts, read_excel(path, facts, warnings)
    with open(path, "rb") as file:
        return read_bytes(file.read(), path, kind, warnings)


def guess_format(path, head):
    if head[:4] == b"PAR1":
        return "parquet"
    if head[:4] == b"PK\x03\x04":
        return "excel"
    if head[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        raise Problem("unreadable", "this is an old .xls workbook; save it as .xlsx or .csv")
    if head[:5] == b"%PDF-" or head[:4] in (b"\x89PNG", b"GIF8", b"\xff\xd8\xff\xe0"):
        raise Problem("not_a_table", "this is a document or a picture; give a table as csv, xlsx, parquet or jsonl")
    first = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if first == b"{" or (first == b"[" and path.lower().endswith((".json", ".jsonl", ".ndjson"))):
        return "jsonl"
    if first == b"<" and b"<html" in head[:2000].lower():
        raise Problem("not_a_table", "this is a web page; save the table in it as csv")
    return "tsv" if path.lower().endswith((".tsv", ".tab")) else "csv"


def read_bytes(raw, path, kind, warnings):
    """A text table: csv of any delimiter, or json."""
    if kind == "auto":
        kind = guess_format(path, raw[:65536])
    if kind in ("parquet", "excel"):
        raise Problem("unreadable", "unpack the file first; only text tables are read compressed")
    encoding = guess_encoding(raw)
    facts = {
        "format": kind,
        "delimiter": None,
        "encoding": encoding,
        "decimal": ".",
        "missing_markers": [],
        "sheet": None,
    }
    if encoding == "utf-8":
        raw = raw[3:] if raw.startswith(codecs.BOM_UTF8) else raw
    else:
        text = raw.decode(encoding, errors="replace").lstrip("\ufeff")
        raw = text.encode("utf-8")
        if encoding == "cp1252":
            warnings.append("the file is not UTF-8; it was read as Western European (cp1252)")
    if b"\x00" in raw[:65536]:
        raise Problem("not_a_table", "the file holds binary data; give a table as csv, xlsx, parquet or jsonl")
    if not raw or raw.isspace():
        raise Problem("empty_table", "the file is empty; give a table with a header and rows")
    if kind == "jsonl":
        return facts, read_json(raw, warnings)
    raw = without_comments(raw)
    facts["delimiter"] = "\t" if kind == "tsv" else guess_delimiter(raw)
    if kind == "csv" and facts["delimiter"] == "," and is_spaced(raw):
        facts["delimiter"] = " "
        raw = re.sub(rb"[ \t]+", b"\t", re.sub(rb"(?m)^[ \t]+|[ \t]+$", b"", raw))
        return facts, read_delimited(raw, "\t", warnings)
    return facts, read_delimited(raw, facts["delimiter"], warnings)


def guess_encoding(raw):
    if raw.startswith(codecs.BOM_UTF8):
        return "utf-8"
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
        return "cp1252"


def without_comments(raw):
    """Drop the lines before the header that begin with '#', and blank ones."""
    while raw[:1] in (b"#", b"\n", b"\r"):
        end = raw.find(b"\n")
        if raw[:1] == b"#" and raw[1:2] not in (b" ", b"#", b"!") and any(mark in raw[:end] for mark in b",;\t"):
            break
        if end < 0:
            return raw
        raw = raw[end + 1 :]
    return raw


def guess_delimiter(raw):
    """The delimiter that gives the most lines of one same width above 1."""
    if b"\n" not in raw[:200000] and len(raw) > 200000:
        # The header alone is longer.
        return max(",;\t|", key=lambda delimiter: raw[:200000].count(delimiter.encode()))
    sample = raw[:200000].decode("utf-8", errors="ignore")
    lines = sample if len(raw) <= 200000 else sample[: sample.rfind("\n") + 1]
    best, best_score = ",", 0.0
    for delimiter in (",", ";", "\t", "|"):
        widths = [len(row) for row in first_rows(lines, delimiter, 200)]
        if not widths:
            continue
        width = widths[0]
        score = width * (widths.count(width) / len(widths)) ** 2 if width > 1 else 0.0
        if score > best_score:
            best, best_score = delimiter, score
    return best


def is_spaced(raw):
    """True where columns are set apart by spaces: every line has as many words, some of them numbers in each."""
    lines = [
        line.split() for line in raw[:50000].decode("utf-8", errors="ignore").splitlines()[:-1][:50] if line.strip()
    ]
    if len(lines) < 3 or b"," in raw[:50000]:
        return False
    widths = {len(line) for line in lines[1:]}
    aligned = len(widths) == 1 and min(widths) > 1 and len(lines[0]) in (min(widths), min(widths) - 1)
    return aligned and all(any(is_plain_number(word) for word in line) for line in lines[1:])


def first_rows(text, delimiter, limit):
    rows = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            if row:
                rows.append(row)
            if len(rows) >= limit:
                break
    except csv.Error:
        pass
    return rows


def read_delimited(raw, delimiter, warnings):
    header = raw[: raw.find(b"\n") + 1] or raw
    cells = header.split(delimiter.encode())
    for index, name in enumerate(cells if len(cells) > 1 or len(header) > 100_000 else []):
        # Before it is parsed: what splits lines has a limit of its own.
        if len(name) > 4 * COLUMN_NAME_LENGTH and len(header) < len(raw):
            raise long_column_name(index, len(name.decode("utf-8", errors="replace").strip()))
    head = first_rows(raw[: max(400000, 4 * len(header))].decode("utf-8", errors="ignore"), delimiter, 60)
    if not head:
        raise Problem("empty_table", "the file has no lines with values; give a table with a header and rows")
    if all(len(row) == 1 for row in head) and any(len(row[0]) > 400 for row in head):
        raise Problem("not_a_table", "the file reads as running text, not as a table; give columns separated by commas")
    if looks_headless(head):
        names = [f"column_{index + 1}" for index in range(len(head[0]))]
        warnings.append("the first line looks like data, not like names; columns were named column_1, column_2, ...")
    else:
        if any(len(name) > COLUMN_NAME_LENGTH for name in head[0]):
            # It may go on beyond what was looked at.
            check_column_names([name.strip() for name in first_record(raw, delimiter)])
        names = [name.strip() for name in head[0]]
        raw = without_header(raw, delimiter)
        widths = {len(row) for row in head[1:]}
        if widths == {len(names) + 1}:
            # R writes row names without a name for their column.
            names = ["row_name"] + names
    check_column_names(names)
    if not raw or raw.isspace():
        return [(name, pa.array([], pa.string())) for name in names]
    columns = parse_strictly(raw, delimiter, len(names))
    if columns is None:
        columns = parse_strictly(repaired(raw, delimiter, len(names), warnings), delimiter, len(names))
    if columns is None:
        raise Problem("unreadable", "the lines cannot be split into columns; check quotes and delimiters")
    return list(zip(names, columns))


def first_record(raw, delimiter):
    """The cells of the first record, which may itself span lines inside quotes."""
    return next(csv.reader(io.TextIOWrapper(io.BytesIO(raw), encoding="utf-8", newline=""), delimiter=delimiter))


def without_header(raw, delimiter):
    """The bytes after the first record, which may itself span lines inside quotes."""
    lines = io.TextIOWrapper(io.BytesIO(raw), encoding="utf-8", newline="")
    reader = csv.reader(lines, delimiter=delimiter)
    next(reader)
    end = 0
    for _ in range(reader.line_num):
        breaks = [at for at in (raw.find(b"\n", end), raw.find(b"\r", end)) if at >= 0]
        if not breaks:
            return b""
        end = min(breaks) + 1
        if raw[end - 1 : end + 1] == b"\r\n":
            end += 1
    return raw[end:]


def looks_headless(head):
    """True where the first line holds numbers that are not years or counters, like the lines below it."""
    if len(head) < 3:
        return False
    numbers = [cell for cell in head[0] if is_plain_number(cell)]
    telling = [cell for cell in numbers if not cell.strip().isdigit() or not 1500 <= int(cell) <= 2200]
    counters = [cell.strip() for cell in numbers] in (
        [str(i) for i in range(len(numbers))],
        [str(i + 1) for i in range(len(numbers))],
    )
    below = [
        index
        for index, cell in enumerate(head[0])
        if is_plain_number(cell) and len(head[1]) > index and is_plain_number(head[1][index])
    ]
    return len(telling) > 0 and len(below) * 2 >= len(head[0]) and not counters


def is_plain_number(cell):
    try:
        return float(cell) == float(cell)
    except ValueError:
        return False


def parse_strictly(raw, delimiter, width):
    """All columns as text arrays, or None where a line is wider or narrower."""
    fields = [str(index) for index in range(width)]
    try:
        table = arrow_csv.read_csv(
            pa.BufferReader(raw),
            read_options=arrow_csv.ReadOptions(column_names=fields, use_threads=False, block_size=8 << 20),
            parse_options=arrow_csv.ParseOptions(delimiter=delimiter, newlines_in_values=b'"' in raw),
            convert_options=arrow_csv.ConvertOptions(
                column_types={field: pa.string() for field in fields}, strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid:
        return None
    return [table.column(index) for index in range(width)]


def repaired(raw, delimiter, width, warnings):
    """The same lines, each cut or filled to `width` cells; how many were is a warning."""
    lines = csv.reader(io.TextIOWrapper(io.BytesIO(raw), encoding="utf-8", newline=""), delimiter=delimiter)
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\n", quoting=csv.QUOTE_ALL)
    short = long = 0
    for row in lines:
        if not row:
            continue
        short += len(row) < width
        long += len(row) > width and any(row[width:])
        writer.writerow((row + [""] * (width - len(row)))[:width])
    if short:
        warnings.append(f"{short} lines are shorter than the header; their last cells count as missing")
    if long:
        warnings.append(f"{long} lines are longer than the header; what is beyond it was left out")
    return out.getvalue().encode("utf-8")


def read_json(raw, warnings):
    text = raw.decode("utf-8", errors="replace").strip()
    try:
        try:
            records = json.loads(text)
        except ValueError:
            records = [json.loads(line) for line in text.splitlines() if line.strip()]
    except ValueError as error:
        raise Problem("unreadable", f"the file is not valid JSON lines ({error}); give one object per line") from None
    if isinstance(records, dict):
        lists = [
            value for value in records.values() if isinstance(value, list) and value and isinstance(value[0], dict)
        ]
        records = lists[0] if len(lists) == 1 else [records]
    if not isinstance(records, list):
        records = []
    rows = [record for record in records if isinstance(record, dict)]
    if not rows:
        raise Problem("not_a_table", "the JSON holds no objects; give one object per line, one key per column")
    if len(rows) < len(records):
        warnings.append(f"{len(records) - len(rows)} JSON values are not objects and were left out")
    names = list(dict.fromkeys(key for row in rows for key in row))
    return [(name, pa.array([as_text(row.get(name)) for row in rows], pa.string())) for name in names]


def as_text(value):
    """One cell of a typed source as the text that a csv file would hold."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (dict, list)):
        return json.dumps(value, sort_keys=True)
    if hasattr(value, "isoformat"):
        return value.isoformat(sep=" ") if hasattr(value, "hour") and hasattr(value, "year") else value.isoformat()
    return str(value)


def read_parquet(path):
    try:
        table = pq.read_table(path, use_threads=False)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise Problem(
            "unreadable", f"the parquet file cannot be read ({type(error).__name__}); write it again"
        ) from None
    columns = []
    for name, array in zip(table.column_names, table.columns):
        kind = array.type
        if pa.types.is_dictionary(kind):
            array = array.cast(kind.value_type)
            kind = array.type
        if pa.types.is_decimal(kind):
            array = array.cast(pa.float64())
        elif (
            pa.types.is_nested(kind)
            or pa.types.is_binary(kind)
            or pa.types.is_large_binary(kind)
            or pa.types.is_duration(kind)
            or pa.types.is_time(kind)
        ):
            array = pa.array(
                [as_text(value) if not isinstance(value, bytes) else value.hex() for value in array.to_pylist()],
                pa.string(),
            )
        columns.append((name, array))
    return columns


def read_excel(path, facts, warnings):
    import openpyxl

    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except Exception as error:  # openpyxl raises many kinds for a damaged workbook
        raise Problem(
            "unreadable", f"the workbook cannot be read ({type(error).__name__}); save it again or export csv"
        ) from None
    for sheet in book.worksheets:
        rows = [row for row in sheet.iter_rows(values_only=True) if any(cell is not None for cell in row)]
        if rows:
            break
    else:
        raise Problem("empty_table", "no sheet of the workbook holds values")
    facts["sheet"] = sheet.title
    if len(book.sheetnames) > 1:
        warnings.append(f"the workbook has {len(book.sheetnames)} sheets; only '{sheet.title}' was read")
    width = max(len(row) for row in rows)
    body = [list(row) + [None] * (width - len(row)) for row in rows]
    keep = [index for index in range(width) if any(row[index] is not None for row in body)]
    header = [as_text(body[0][index]).strip() for index in keep]
    return [
        (name, pa.array([as_text(row[index]) for row in body[1:]], pa.string())) for name, index in zip(header, keep)
    ]
