# ---- source: a raw file becomes named arrow arrays, text as it stands, typed where the file is typed ----
import io
import os
import re

import pyarrow as pa


class Problem(Exception):
    """The data cannot be used; `code` and the message go into result.json for the person."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


# A name is printed in tables and sentences, and each column is described on its own.
COLUMN_NAME_LENGTH = 1000
COLUMNS_READ = 10_000
# Bytes that a packed file may hold, so that a small file cannot fill the memory.
UNPACKED_BYTES = 768 << 20
# Archives in archives.
PACKED_DEPTH = 3


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


class Reading:
    """What is learned while one file is read.

    `facts` goes into result.json as `source`; `asked` holds the target's name and the question, by which one of several
    tables is chosen."""

    def __init__(self, path, wanted, warnings, target=None, question="", layout=None):
        self.path, self.wanted, self.warnings = path, wanted, warnings
        self.target, self.question = target, (question or "").lower()
        # What the user declares: the sheet, the lines to skip, and the line of the names where it has to be told.
        self.layout = layout or {}
        self.sheet, self.skip, self.header = self.layout.get("sheet"), self.layout.get("skip") or 0, None
        self.cut = False
        self.facts = {
            "format": None,
            "delimiter": None,
            "encoding": None,
            "decimal": ".",
            "missing_markers": [],
            "sheet": None,
            "header_row": None,
            "set_aside": [],
            "columns": {},
        }

    def warn(self, text):
        if text not in self.warnings:
            self.warnings.append(text)

    def set_aside(self, what, first_row, rows, reason):
        """Notes lines that are not part of the table; `first_row` counts from 1 in the file or sheet, or is null."""
        self.facts["set_aside"].append({"what": what, "first_row": first_row, "rows": rows, "reason": reason})

    def about(self, name):
        """What the file itself says about a column."""
        blank = {"label": None, "levels": [], "missing": [], "unit": None}
        return self.facts["columns"].setdefault(name, blank)

    def mentions(self, names):
        """How much the target and the question speak for a table with these columns."""
        found = [name for name in names if len(name) > 1 and asks_for(self.question, name)]
        return (self.target in names if self.target else False, len(found))


def asks_for(question, name):
    return re.search(r"(?<!\w)" + re.escape(name.lower()) + r"(?!\w)", question) is not None


def read_source(path, wanted, warnings, target=None, question="", layout=None):
    """(facts about the file, [(name, array), ...]) of the file at `path`; `layout` holds what is declared of it."""
    reading = Reading(path, wanted, warnings, target, question, layout)
    if not os.path.exists(path):
        raise Problem("unreadable", "the data file is not there; check its path")
    if os.path.isdir(path):
        columns = read_with_layout(reading, lambda reading: read_folder(reading, path))
    else:
        if os.path.getsize(path) == 0:
            raise Problem("empty_table", "the file is empty; give a table with a header and rows")
        columns = read_with_layout(reading, lambda reading: read_file(reading, path))
    if not is_stored(columns):
        columns = reshaped(reading, columns)
        warn_of_copies(reading, columns)
    return reading.facts, columns


def read_file(reading, path):
    with open(path, "rb") as file:
        head = file.read(65536)
    kind = reading.wanted if reading.wanted != "auto" else guess_format(path, head)
    # What is declared of the lines of a file is heeded where it is read whole.
    stored = read_stored(reading, path, kind) if is_large(path, head) and not reading.layout else None
    if stored is not None:
        return stored
    if kind in FROM_PATH and packing(head) is None:
        reading.facts["format"] = kind
        return FROM_PATH[kind](reading, path)
    with open(path, "rb") as file:
        return read_raw(reading, file.read(), path, kind, 0)


def read_raw(reading, raw, name, kind="auto", depth=0):
    """The table in `raw`, the bytes of a file that was called `name`."""
    packed = packing(raw)
    if packed is not None:
        if depth >= PACKED_DEPTH:
            raise Problem("unreadable", "the file is packed several times over; unpack it and give the table in it")
        return read_raw(reading, unpacked(raw, packed), unpacked_name(name, packed), "auto", depth + 1)
    if kind == "auto" or (kind in ("excel", "parquet") and depth):
        kind = guess_format(name, raw[:65536])
    if kind == "excel" and raw[:4] == b"PK\x03\x04" and not is_workbook(raw):
        return read_archive(reading, raw, depth)
    if kind == "tar":
        return read_tar(reading, raw, depth)
    reading.facts["format"] = kind
    if kind in FROM_PATH:
        return FROM_PATH[kind](reading, io.BytesIO(raw))
    return read_text(reading, raw, name, kind)


# Formats by their first bytes.
MAGIC = (
    (b"PAR1", "parquet"),
    (b"PK\x03\x04", "excel"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "excel"),
    (b"ARROW1", "feather"),
    (b"FEA1", "feather"),
    (b"\xff\xff\xff\xff", "feather"),
    (b"ORC", "orc"),
    (b"$FL2", "spss"),
    (b"$FL3", "spss"),
    (b"<stata_dta>", "stata"),
    (b"HEADER RECORD*******LIB", "xport"),
    (b"SQLite format 3\x00", "sqlite"),
    (b"\x89HDF\r\n\x1a\n", "hdf5"),
    (b"\x93NUMPY", "numpy"),
)
# What is no table, or none that is read here, by its first bytes, and what to do.
FOREIGN = (
    (b"%PDF-", "not_a_table", "this is a PDF document; copy the table in it into a csv file or a workbook"),
    (b"\x89PNG", "not_a_table", "this is a picture (PNG); give the numbers in it as csv"),
    (b"GIF8", "not_a_table", "this is a picture (GIF); give the numbers in it as csv"),
    (b"\xff\xd8\xff", "not_a_table", "this is a picture (JPEG); give the numbers in it as csv"),
    (b"II*\x00", "not_a_table", "this is a picture (TIFF); give the numbers in it as csv"),
    (b"MM\x00*", "not_a_table", "this is a picture (TIFF); give the numbers in it as csv"),
    (b"{\\rtf", "not_a_table", "this is a text document (RTF); save the table in it as csv"),
    (b"7z\xbc\xaf\x27\x1c", "unreadable", "this is a 7z archive; unpack it and give the table in it"),
    (b"Rar!\x1a\x07", "unreadable", "this is a RAR archive; unpack it and give the table in it"),
    (b"Obj\x01", "unreadable", "this is an Avro file; write it as Parquet or csv"),
    (b"RDX2\n", "unreadable", "this is a file of R; in R, load() it and save the table with write.csv()"),
    (b"RDX3\n", "unreadable", "this is a file of R; in R, load() it and save the table with write.csv()"),
    (b"X\n\x00\x00\x00", "unreadable", "this is a file of R; in R, readRDS() it and save the table with write.csv()"),
    (b"MATLAB 5.0", "unreadable", "this is a MATLAB file; in MATLAB, save the table with writetable() as csv"),
    (b"CDF\x01", "unreadable", "this is a NetCDF file; write the table in it as csv or Parquet"),
    (b"CDF\x02", "unreadable", "this is a NetCDF file; write the table in it as csv or Parquet"),
    (b"\x7fELF", "not_a_table", "this is a program; give a table as csv, xlsx, parquet or jsonl"),
    (b"MZ\x90\x00", "not_a_table", "this is a program; give a table as csv, xlsx, parquet or jsonl"),
)


def guess_format(path, head):
    lower = path.lower()
    for magic, code, message in FOREIGN:
        if head.startswith(magic):
            raise Problem(code, message)
    binary = any(byte < 9 for byte in head[:512])
    for magic, kind in MAGIC:
        if head.startswith(magic) and (binary or magic not in (b"ORC", b"FEA1")):
            return kind
    if head[257:262] == b"ustar":
        return "tar"
    if head[8:12] == b"DUCK":
        raise Problem("unreadable", "this is a DuckDB database; export the table with COPY ... TO 'table.parquet'")
    if head[:2] in (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05"):
        message = "this is a Python pickle, which can run code when it is opened; write the table as Parquet or csv"
        raise Problem("unreadable", message)
    if lower.endswith(".dta") and head[:1] in (b"\x69", b"\x6c", b"\x6e", b"\x6f", b"\x71", b"\x72", b"\x73"):
        return "stata"
    if head[84:92] == b"SAS FILE":
        return "sas"
    if lower.endswith(".por") and b"SPSS PORT FILE" in head[:2000]:
        return "spss_portable"
    if lower.endswith(".dbf") and head[:1] in (b"\x03", b"\x30", b"\x83", b"\x8b", b"\xf5"):
        raise Problem("unreadable", "this is a dBase table; open it in a spreadsheet and save it as xlsx or csv")
    return guess_text_format(lower, head)


def guess_text_format(lower, head):
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    first, small = start[:1], start[:4000].lower()
    if start[:2] == b"{|":
        return "csv"
    if first == b"{" or (first == b"[" and start[1:].lstrip()[:1] in (b"{", b"[", b"]", b'"', b"n", b"-", *DIGITS)):
        if first == b"{" or lower.endswith((".json", ".jsonl", ".ndjson")) or start[1:].lstrip()[:1] in (b"{", b"["):
            return "jsonl"
    if first == b"<" and b"urn:schemas-microsoft-com:office:spreadsheet" in small:
        return "xml"
    if first == b"<":
        if b"<html" in small or b"<table" in small or b"<!doctype html" in small or lower.endswith((".html", ".htm")):
            return "html"
        if start[:5] == b"<?xml" or re.match(rb"<[A-Za-z_][\w:.-]*[\s>/]", start):
            return "xml"
    if re.match(rb"(?is)(\s*%[^\n]*\n|\s+)*@relation\s", start):
        return "arff"
    return "tsv" if lower.endswith((".tsv", ".tab")) else "csv"


DIGITS = tuple(bytes([digit]) for digit in b"0123456789")


def rows_of(columns):
    return len(columns[0][1]) if columns else 0


def text_columns(names, rows):
    """[(name, array of texts)] of rows of cells, each row as long as there are names."""
    table = [[as_text(row[index]) for row in rows] for index in range(len(names))]
    return [(name, pa.array(column, pa.string())) for name, column in zip(names, table)]
