# ---- text: tables as text: csv of any dialect, fixed width, Markdown, ARFF ----
import csv
import io
import re

import pyarrow as pa
import pyarrow.csv as arrow_csv

# Files up to this size are split line by line, larger ones by Arrow from what their beginning and end show.
WHOLE_BYTES = 6 << 20


def read_text(reading, raw, name, kind):
    raw = decoded(reading, raw)
    if not raw or raw.isspace():
        raise Problem("empty_table", "the file is empty; give a table with a header and rows")
    if kind == "auto" or (kind == "csv" and reading.facts["encoding"] != "utf-8"):
        kind = guess_text_format(name.lower(), raw[:65536])
        reading.facts["format"] = kind
    if kind == "jsonl":
        return read_json(reading, raw)
    if kind == "html":
        return read_html(reading, raw)
    if kind == "xml":
        return read_xml(reading, raw)
    if kind == "arff":
        return read_arff(reading, raw)
    raw, above = without_lines_above(reading, raw)
    declared, raw = declared_delimiter(raw)
    first_line = 1 + above + (declared is not None)
    raw, comments = without_comments(reading, raw) if reading.header is None else (raw, 0)
    first_line += comments
    odd = odd_rows(reading, raw)
    if odd is not None:
        return read_grid(reading, odd, first_line)
    piped = piped_rows(raw)
    if piped is not None:
        reading.facts["delimiter"] = "|"
        return read_grid(reading, [row for row in piped if not is_rule(row)], first_line)
    raw = unwrapped(raw)
    raw = with_lone_quotes_kept(raw)
    check_names_of_header(raw, declared)
    dialect = guess_dialect(raw, declared, kind)
    if dialect is None or (dialect.delimiter != "\t" and kind == "csv" and not declared and narrow(raw, dialect)):
        spaced = spaced_layout(raw)
        if spaced is not None:
            reading.facts["delimiter"] = " "
            return read_spaced(reading, raw, spaced, first_line)
    dialect = dialect or Dialect(",")
    reading.facts["delimiter"] = dialect.delimiter
    if len(raw) <= WHOLE_BYTES:
        return read_grid(reading, without_remarks(reading, all_rows(raw, dialect), first_line), first_line)
    return read_large(reading, raw, dialect, first_line)


LONE_QUOTE = re.compile(rb'(?m)(?:^|(?<=[,;\t|]))[ ]?"[ ]?(?=[,;\t|\r]|$)')


def with_lone_quotes_kept(raw):
    """The bytes with another ditto mark for each quote that is the whole of a cell and so opens no text."""
    lone = len(LONE_QUOTE.findall(raw)) if len(raw) <= WHOLE_BYTES and b'"' in raw else 0
    if lone < 2:
        return raw
    changed = LONE_QUOTE.sub("\u3003".encode(), raw)
    lines = [line for line in changed.split(b"\n") if line.strip()]
    # Quotes that close a text elsewhere leave a line with one that opens none.
    if any(line.count(b'"') % 2 for line in lines):
        return raw
    mark = max((b",", b";", b"\t", b"|"), key=lines[0].count)
    bare = [re.sub(rb'"[^"]*"', b"", line).count(mark) for line in lines]
    return changed if bare.count(max(set(bare), key=bare.count)) >= 0.9 * len(bare) and max(bare) else raw


def unwrapped(raw):
    """The lines without the quotes around each whole line, which some programs add."""
    lines = [line.strip() for line in head_text(raw, 20_000).split("\n") if line.strip()]
    if len(lines) < 3 or not all(len(line) > 2 and line[0] == line[-1] == '"' for line in lines):
        return raw
    for mark in USUAL_DELIMITERS:
        inner = [line[1:-1].count(mark) for line in lines]
        if inner[0] and len(set(inner)) == 1 and all('"' not in line[1:-1].replace('""', "") for line in lines):
            text = raw.decode("utf-8", errors="replace")
            parts = [line.strip() for line in text.split("\n")]
            return "\n".join(part[1:-1].replace('""', '"') if part else part for part in parts).encode("utf-8")
    return raw


def narrow(raw, dialect):
    """True where the delimiter that was found parts few lines."""
    rows = few_rows(head_text(raw, 50_000), dialect, 100)
    return sum(len(row) > 1 for row in rows) < 0.8 * len(rows)


def check_names_of_header(raw, declared):
    """Refuses a header that nobody can read before it is parsed: what splits lines has a limit of its own."""
    header = raw[: raw.find(b"\n") + 1] or raw
    if len(header) <= 4 * COLUMN_NAME_LENGTH or len(header) == len(raw):
        return
    for delimiter in (declared or ",").encode(), b";", b"\t", b"|":
        cells = header.split(delimiter)
        if len(cells) > 1 or len(header) > 100_000:
            for index, name in enumerate(cells):
                if len(name) > 4 * COLUMN_NAME_LENGTH and len(cells) > 1:
                    raise long_column_name(index, len(name.decode("utf-8", errors="replace").strip()))


def all_rows(raw, dialect):
    csv.field_size_limit(1 << 30)
    try:
        rows = list(dialect.rows(raw.decode("utf-8", errors="replace")))
    except csv.Error:
        raise Problem("unreadable", "the lines cannot be split into columns; check quotes and delimiters") from None
    width = max((len(row) for row in rows[:200]), default=0)
    if width == 1 and any(len(row[0]) > 400 for row in rows[:60] if row):
        raise Problem("not_a_table", "the file reads as running text, not as a table; give columns separated by commas")
    return [row for row in rows if not is_rule(row)]


# A line behind such a mark is a remark; #N/A and the like are errors of a spreadsheet.
REMARK = re.compile(r"\s*(?:#(?!N/A|NV|DIV|REF|VALUE|NAME|NUM|NULL)|%|//)\s*\w")


def without_remarks(reading, rows, first_line):
    """The rows without those that hold a remark behind '#', '%' or '//', where all others begin otherwise."""
    marked = [at for at, row in enumerate(rows) if row and REMARK.match(row[0])]
    if not marked or len(marked) * 4 > len(rows) or max(map(len, rows)) < 2:
        return rows
    # Below the first rows of the table: above them it can be the header.
    body = next((at for at, row in enumerate(rows) if 2 * sum(map(is_digitish, row)) >= len(row) > 1), len(rows))
    if marked[0] < body or any(is_digitish(cell) for at in marked for cell in rows[at] if cell.strip()):
        return rows
    told = "; ".join(shown_cells(rows[at], 2) for at in marked[:3])
    reading.warn(
        f"{counted_lines(len(marked))} amid the rows that begin{'s' * (len(marked) == 1)} with a mark of remarks "
        f"{'was' if len(marked) == 1 else 'were'} left out: {told}"
    )
    reading.set_aside("remarks amid the rows", first_line + marked[0], len(marked), "no rows of the table: " + told)
    away = set(marked)
    return [row for at, row in enumerate(rows) if at not in away]


def is_rule(row):
    """A line of dashes that only parts other lines."""
    cells = [cell.strip() for cell in row if cell.strip()]
    return bool(cells) and all(re.fullmatch(r"[-=+_:|]{3,}", cell) for cell in cells)


def piped_rows(raw):
    """The rows of a Markdown or text table whose lines begin and end with a bar, or None."""
    text = head_text(raw, 20_000)
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    bars = sum(line.startswith("|") for line in lines)
    ruled = any(re.fullmatch(r"[|+][-=+:| ]{2,}", line) for line in lines)
    if bars < 3 or not (bars * 10 >= 8 * len(lines) or ruled):
        return None
    rows = []
    for line in raw.decode("utf-8", errors="replace").split("\n"):
        line = line.strip()
        if re.fullmatch(r"[|+][-=+:| ]*", line) and len(line) > 1:
            continue
        if not line.startswith("|"):
            rows.append([line] if line else [])
            continue
        cells = re.split(r"(?<!\\)\|", line[1:].removesuffix("|"))
        rows.append([cell.strip().replace("\\|", "|") for cell in cells])
    return rows


def read_spaced(reading, raw, layout, first_line):
    """A table whose columns are set apart by spaces."""
    rows = []
    layout, begin, end = layout
    lines = raw.decode("utf-8", errors="replace").split("\n")
    end = len(lines) if end is None else end
    if layout != "words":
        places = ", ".join(f"{start + 1}-{end}" for start, end in layout[:12])
        reading.facts["fixed_width"] = [[start, end] for start, end in layout]
        reading.warn(f"the columns were told apart by their places in the lines (fixed width): {places}")
    shortened = [number for number, line in enumerate(lines[:end]) if re.fullmatch(ELLIPSIS, line)]
    if shortened:
        reading.warn(
            f"line {first_line + shortened[0]} holds points only: rows were left out (...) when this table was printed, and are "
            "not tested; give the whole table"
        )
        reading.set_aside(
            "a line of points", first_line + shortened[0], len(shortened), "rows that were left out in print"
        )
    for number, line in enumerate(lines):
        line = line.rstrip("\r").expandtabs()
        if (re.fullmatch(RULE, line) or re.fullmatch(ELLIPSIS, line)) and line.strip():
            continue
        if not begin <= number < end:
            rows.append([line.strip()] if line.strip() else [])
        elif layout == "words":
            rows.append(words_of(line))
        else:
            last = len(layout) - 1
            cells = [line[start : None if at == last else end].strip() for at, (start, end) in enumerate(layout)]
            rows.append(cells if line.strip() else [])
    if layout == "words":
        inside = [row for row in rows[begin:end] if row]
        if {len(row) for row in inside[1:]} == {len(inside[0]) + 1}:
            first = [row[0] for row in inside[1:]]
            if len(set(first)) == len(first):
                inside[0].insert(0, "row_name")
    return read_grid(reading, rows, first_line)


def read_large(reading, raw, dialect, first_line):
    """A csv file that is split by Arrow; its header and its end are judged by samples."""
    head = few_rows(head_text(raw, max(HEAD_BYTES, 4 * (raw.find(b"\n") + 1))), dialect, 2000)
    rows = [row for row in head if filled(row)]
    grid = Grid(rows)
    header = find_header(reading, rows, grid)
    numbers = [first_line + index for index, row in enumerate(head) if filled(row)]
    note_header(reading, header, rows, numbers, "line")
    names = [name.strip() for name in header.names]
    start = numbers[header.start] - first_line if header.start < len(numbers) else len(head)
    raw = after_records(raw, dialect, start)
    raw = before_notes(reading, raw, dialect, grid)
    check_column_names(names)
    raw, delimiter = simplified(raw, dialect)
    names, width = names_and_width(reading, names, rows[header.start :])
    note_columns(reading, header, names)
    columns = parse_strictly(raw, delimiter, dialect, width)
    if columns is None:
        columns = parse_strictly(
            repaired(reading, raw, delimiter, dialect, len(names), grid), ",", Dialect(","), len(names)
        )
    if columns is None:
        raise Problem("unreadable", "the lines cannot be split into columns; check quotes and delimiters")
    return tidied(reading, names, columns[: len(names)], header, None, "line")


def names_and_width(reading, names, body):
    """The names of the columns, and how many cells each line has: one more where it ends in a delimiter."""
    if not body or min(len(row) for row in body) != len(names) + 1:
        return names, len(names)
    if max(extent(row) for row in body) <= len(names):
        return names, len(names) + 1
    names = names_of_longer(reading, names, body, "line")
    return names, len(names)


def simplified(raw, dialect):
    """The bytes with one mark between cells and no space before quotes, and that mark."""
    if dialect.loose:
        raw = with_doubled_quotes(raw.decode("utf-8", errors="replace"), dialect.delimiter).encode("utf-8")
    if len(dialect.delimiter.encode()) > 1:
        return raw.replace(dialect.delimiter.encode(), b"\x1f"), "\x1f"
    if dialect.skip_space:
        mark = dialect.delimiter.encode()
        raw = re.sub(re.escape(mark) + rb" +", mark, raw)
    return raw, dialect.delimiter


def after_records(raw, dialect, count):
    """The bytes after the first `count` records, each of which may span lines inside quotes."""
    if not count:
        return raw
    reader = dialect.rows(head_text(raw, max(HEAD_BYTES, 4 * (raw.find(b"\n") + 1))))
    for _ in range(count):
        next(reader)
    end = 0
    for _ in range(reader.line_num):
        end = raw.find(b"\n", end) + 1
        if end == 0:
            return b""
    return raw[end:]


def before_notes(reading, raw, dialect, grid):
    """The bytes without the notes below the last row."""
    start = raw.rfind(b"\n", 0, max(0, len(raw) - TAIL_BYTES)) + 1
    lines = raw[start:].decode("utf-8", errors="replace").split("\n")
    while lines and not lines[-1].strip():
        lines.pop()
    rows = [next(iter(dialect.rows(line)), []) for line in lines[-60:]]
    notes = count_notes(rows, grid)
    while notes and not filled(rows[len(rows) - notes]):
        notes -= 1
    if not notes or notes >= len(rows):
        return raw
    told = "; ".join(shown_cells(row, 2) for row in rows[len(rows) - notes :][:3])
    reading.warn(
        f"the last {counted_lines(notes)} below the table {'is a note' if notes == 1 else 'are notes'}, no row of it, and left out: {told}"
    )
    reading.set_aside("notes below the table", None, notes, "no row of the table: " + told)
    kept = "\n".join(lines[: len(lines) - notes])
    return raw[:start] + kept.encode("utf-8") + b"\n"


def parse_strictly(raw, delimiter, dialect, width):
    """All columns as text arrays, or None where a line is wider or narrower."""
    if not raw or raw.isspace():
        return [pa.chunked_array([pa.array([], pa.string())]) for _ in range(width)]
    fields = [str(index) for index in range(width)]
    try:
        table = arrow_csv.read_csv(
            pa.BufferReader(raw),
            read_options=arrow_csv.ReadOptions(column_names=fields, use_threads=False, block_size=8 << 20),
            parse_options=arrow_csv.ParseOptions(
                delimiter=delimiter,
                quote_char=dialect.quote or False,
                escape_char=dialect.escape or False,
                newlines_in_values=bool(dialect.quote) and dialect.quote.encode() in raw,
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types={field: pa.string() for field in fields}, strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid:
        return None
    return [table.column(index) for index in range(width)]


def repaired(reading, raw, delimiter, dialect, width, grid):
    """The same lines, each cut or filled to `width` cells; how many were is a warning."""
    csv.field_size_limit(1 << 30)
    plain = Dialect(delimiter, dialect.quote, dialect.escape)
    lines = csv.reader(
        io.TextIOWrapper(io.BytesIO(raw), encoding="utf-8", newline="", errors="replace"),
        delimiter=delimiter,
        quotechar=plain.quote,
        quoting=csv.QUOTE_MINIMAL if plain.quote else csv.QUOTE_NONE,
        escapechar=plain.escape,
    )
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL)
    tally = RaggedLines(width, grid)
    for row in lines:
        if row:
            tally.total += 1
            fitted = tally.fit(row)
            if fitted is not None:
                writer.writerow(fitted)
    tally.tell(reading)
    return out.getvalue().encode("utf-8")


class RaggedLines:
    """Cuts and fills lines to one width, and counts what was done."""

    def __init__(self, width, grid):
        self.width, self.grid = width, grid
        self.short = self.long = self.away = self.total = 0
        self.sample = None

    def fit(self, row):
        """The row with `width` cells; None where it is longer and its cells do not fit the columns."""
        self.short += len(row) < self.width
        if len(row) > self.width and any(row[self.width :]):
            self.long += 1
            self.sample = self.sample or row
            cells = enumerate(row[: self.width])
            if self.grid.is_alien(row) or any(is_digitish(c) for i, c in cells if i not in self.grid.numeric):
                self.away += 1
                return None
        return (row + [""] * (self.width - len(row)))[: self.width]

    def tell(self, reading):
        """Warns of what was done; refuses where it was too much."""
        short, long, away = self.short, self.long, self.away
        if long * 20 > self.total:
            raise Problem(
                "ragged",
                f"{long} of {self.total} lines have more cells than the header has names ({self.width}), such as "
                f"{shown_cells(self.sample, 8)}; correct these lines, or quote the cells that hold the delimiter",
            )
        if short:
            ends = "line is" if short == 1 else "lines are"
            reading.warn(
                f"{short} {ends} shorter than the header; {'its' if short == 1 else 'their'} last cells count as missing"
            )
        if long - away:
            ends = "line is" if long - away == 1 else "lines are"
            reading.warn(f"{long - away} {ends} longer than the header; what is beyond it was left out")
            reading.set_aside("cells beyond the header", None, long - away, "no name above them")
        if away:
            reading.warn(
                f"{away} lines are longer than the header and their cells do not fit the columns; they were set aside"
            )
            reading.set_aside("lines that do not fit", None, away, "more cells than names, and not in their columns")


def read_arff(reading, raw):
    """Weka's format: names and types above, comma-separated rows below."""
    text = raw.decode("utf-8", errors="replace")
    parts = re.split(r"(?im)^\s*@data\b.*\n?", text, maxsplit=1)
    if len(parts) < 2:
        raise Problem("unreadable", "the ARFF file has no line @data; give the rows below it")
    head, body = parts
    names, levels = [], []
    for match in re.finditer(r"(?im)^\s*@attribute\s+('(?:[^'\\]|\\.)*'|\"[^\"]*\"|\S+)\s+(.*)$", head):
        name = match.group(1)
        names.append(name[1:-1].replace("\\'", "'") if name[:1] in "'\"" else name)
        kind = match.group(2).strip()
        levels.append(
            [part.strip().strip("'\"") for part in kind.strip("{}").split(",")] if kind.startswith("{") else []
        )
    if not names:
        raise Problem("unreadable", "the ARFF file names no attribute; give lines @attribute NAME TYPE")
    check_column_names(names)
    reading.facts["delimiter"] = ","
    quote = "'" if body.count("'") > body.count('"') else '"'
    rows = []
    for row in Dialect(",", quote=quote, escape="\\", skip_space=True).rows(body):
        if not row or not filled(row) or row[0].lstrip().startswith("%"):
            continue
        if row[0].lstrip().startswith("{"):
            sparse = [""] * len(names)
            for cell in ",".join(row).strip().strip("{}").split(","):
                place, _, value = cell.strip().partition(" ")
                if place.isdigit() and int(place) < len(names):
                    sparse[int(place)] = value.strip()
            row = [cell or (levels[at][0] if levels[at] else "0") for at, cell in enumerate(sparse)]
        rows.append(["" if cell.strip() == "?" else cell.strip() for cell in (row + [""] * len(names))[: len(names)]])
    for name, known in zip(names, levels):
        if known:
            reading.about(name)["levels"] = [[level, level] for level in known]
    return text_columns(names, rows)
