# ---- large: a file that is not held in memory: its text as a stream, its columns one at a time ----
import codecs
import csv
import html
import io
import os
import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq

# Files of more bytes are not read whole where their form allows it.
LARGE_BYTES = 64 << 20
# Files of more bytes are not read whole at all.
WHOLE_FILE_BYTES = 768 << 20
# Bytes that are read at a time, and those of one line at most.
STREAM_BYTES = 4 << 20
LINE_BYTES = 64 << 20
# Bytes of the texts of the columns that one pass over a file stores, before they are compressed.
SPOOLED_BYTES = 640 << 20
SPOOLED_COLUMNS = 100
# Means and the like are looked for in a large file where no more rows are called so.
STATISTICS_CHECKED = 50
# Rows at the end that are looked at for totals.
LAST_ROWS = 100
# Text columns whose distinct texts are too many to hold.
TOO_MANY_TEXTS = f"free text: more than {DISTINCT_BYTES >> 20} MiB of different texts, which were not read"


def is_large(path, head):
    return os.path.getsize(path) > LARGE_BYTES and packing(head) is None


def read_stored(reading, path, kind):
    """The columns of a large file, each read only when it is needed; None where the form of the file asks for all of it
    in memory. Refuses what would be too large for that."""
    trial = Reading(path, reading.wanted, [], reading.target, reading.question)
    columns = None
    if kind == "parquet":
        columns = stored_parquet(trial, path)
    elif kind not in FROM_PATH:
        columns = stored_text(trial, path, kind)
        if columns is None and os.path.getsize(path) > WHOLE_FILE_BYTES:
            size = os.path.getsize(path) >> 20
            raise Problem(
                "too_large",
                f"the file has {size} MiB, and one of its form is read only up to {WHOLE_FILE_BYTES >> 20} MiB; "
                "write it as a csv file of one header line and lines of equal length, or as Parquet",
            )
    if columns is not None:
        for text in trial.warnings:
            reading.warn(text)
        reading.facts = trial.facts
    return columns


class CleanText:
    """The text of a file as UTF-8, with line feeds, without marks that cannot be seen; as `decoded` gives it."""

    def __init__(self, reading, path):
        self.path = path
        with open(path, "rb") as file:
            start = file.read(STREAM_BYTES)
        encoding = guess_encoding(start[: start.rfind(b"\n") + 1] or start)
        # UTF-8 with a few mistakes.
        self.mistaken, self.encoding = encoding is None, encoding or "utf-8"
        self.returns, self.entities, self.marks = False, False, ()
        self.returns = ends_in_returns(next(self.decoded_blocks(), b""))
        try:
            self.scan()
        except UnicodeDecodeError:
            if start.isascii():
                self.encoding = guess_code_page(start)
            else:
                self.mistaken = True
            self.scan()
        if self.mistaken:
            reading.warn("some bytes of the file are no UTF-8, as the rest is; each was read as the sign \ufffd")
        reading.facts["encoding"] = self.encoding
        tell_code_page(reading, self.encoding)
        if b"\x00" in self.head[:65536]:
            raise Problem(
                "not_a_table", "the file holds binary data of a kind that is not known; give csv, xlsx or Parquet"
            )
        if self.marks:
            tell_unseen(reading)
        self.entities = holds_entities(reading, self.head)
        if self.marks or self.entities:
            self.scan()

    def scan(self):
        """Goes through all of the text for its size, its beginning, its end and the marks in it."""
        strict = self.encoding == "utf-8" and not self.mistaken and not self.marks
        check = codecs.getincrementaldecoder("utf-8")() if strict else None
        found, size, head, tail = set(self.marks), 0, b"", b""
        for block in self.blocks():
            if not block.isascii():
                if check is not None:
                    check.decode(block)
                found.update(mark for mark in UNSEEN_IN_TEXT if mark in block)
            if len(head) < STREAM_BYTES:
                head += block
            tail = (tail + block)[-2 * TAIL_BYTES :]
            size += len(block)
        if check is not None:
            check.decode(b"", final=True)
        self.size, self.head, self.tail = size, head, tail
        self.marks = tuple(mark for mark in UNSEEN_IN_TEXT if mark in found)

    def decoded_blocks(self):
        """The bytes of the file as UTF-8."""
        as_it_is = self.encoding == "utf-8" and not self.mistaken
        decoder = None if as_it_is else codecs.getincrementaldecoder(self.encoding)("replace")
        with open(self.path, "rb") as file:
            block = file.read(STREAM_BYTES)
            first = True
            while block:
                following = file.read(STREAM_BYTES)
                if decoder is not None:
                    text = decoder.decode(block, final=not following)
                    block = (text.lstrip("\ufeff") if first else text).encode("utf-8")
                elif first:
                    block = block.removeprefix(codecs.BOM_UTF8)
                yield block
                block, first = following, False

    def blocks(self):
        """The same as whole lines."""
        rest = b""
        for block in self.decoded_blocks():
            if self.returns:
                block = (rest + block).replace(b"\r\n", b"\n")
                held = block.endswith(b"\r")
                block, rest = block.removesuffix(b"\r").replace(b"\r", b"\n"), b""
            else:
                held = False
            end = block.rfind(b"\n") + 1
            whole, rest = rest + block[:end] if end else b"", block[end:] if end else rest + block
            rest += b"\r" * held
            if len(rest) > LINE_BYTES:
                raise Problem(
                    "unreadable", f"the file has a line of more than {LINE_BYTES >> 20} MiB; give a table with lines"
                )
            if whole:
                yield self.cleaned(whole)
        if self.returns:
            rest = rest.replace(b"\r", b"\n")
        # DOS files may end with these marks.
        rest = rest.rstrip(b"\x1a\x00") if rest[-1:] in (b"\x1a", b"\x00") else rest
        if rest:
            yield self.cleaned(rest)

    def cleaned(self, block):
        for mark in self.marks:
            block = block.replace(mark, b"")
        return html.unescape(block.decode("utf-8", errors="replace")).encode("utf-8") if self.entities else block


class BlockFile(io.RawIOBase):
    """Blocks of bytes as a file."""

    def __init__(self, blocks):
        super().__init__()
        self.pending, self.following = memoryview(b""), blocks

    def readable(self):
        return True

    def readinto(self, room):
        while not self.pending:
            block = next(self.following, None)
            if block is None:
                return 0
            self.pending = memoryview(block)
        count = min(len(room), len(self.pending))
        room[:count] = self.pending[:count]
        self.pending = self.pending[count:]
        return count


class TextRows:
    """The rows below the header of a large text, as batches of text columns; lines of another width are cut and filled
    by `tally` where there is one."""

    def __init__(self, text, skip, ending, dialect, width):
        self.text, self.skip, self.ending, self.dialect, self.width = text, skip, ending, dialect, width
        self.delimiter = simplified(b"", dialect)[1]
        self.tally = None

    def lines(self):
        """The bytes of the rows, with one mark between cells."""
        start, (stop, ending) = self.skip, self.ending
        at = 0
        for block in self.text.blocks():
            part = block[max(0, start - at) : max(0, stop - at)]
            at += len(block)
            if part:
                yield simplified(part, self.dialect)[0]
        if ending:
            yield simplified(ending, self.dialect)[0]

    def open(self, places, handler):
        fields = [str(index) for index in range(self.width)]
        return arrow_csv.open_csv(
            pa.PythonFile(BlockFile(self.lines()), mode="r"),
            read_options=arrow_csv.ReadOptions(column_names=fields, use_threads=False, block_size=8 << 20),
            parse_options=arrow_csv.ParseOptions(
                delimiter=self.delimiter,
                quote_char=self.dialect.quote or False,
                escape_char=self.dialect.escape or False,
                newlines_in_values=bool(self.dialect.quote),
                invalid_row_handler=handler,
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types={field: pa.string() for field in fields},
                strings_can_be_null=False,
                include_columns=[fields[place] for place in places],
            ),
        )

    def batches(self, places):
        """Lists of arrays of the columns at those places."""
        pending = []

        def keep(row):
            if self.tally is None:
                return "error"
            pending.append((row.number, row.text))
            return "skip"

        number = 1
        for batch in self.open(places, keep):
            arrays, number = self.with_odd(batch.columns, batch.num_rows, pending, number, places, False)
            yield arrays
        if pending:
            yield self.with_odd([pa.array([], pa.string())] * len(places), 0, pending, number, places, True)[0]

    def with_odd(self, arrays, rows, pending, number, places, last):
        """(the arrays with the lines of another width at their places, the number of the line that follows)."""
        pieces, taken = [], 0
        while pending and (last or pending[0][0] - number <= rows - taken):
            line, text = pending.pop(0)
            if line > number:
                pieces.append([array.slice(taken, line - number) for array in arrays])
                taken += line - number
            fitted = self.fitted(text)
            if fitted is not None:
                pieces.append([pa.array([fitted[place]], pa.string()) for place in places])
            number = line + 1
        number += rows - taken
        if not pieces:
            return arrays, number
        pieces.append([array.slice(taken) for array in arrays])
        return [pa.concat_arrays(column) for column in zip(*pieces)], number

    def fitted(self, text):
        plain = Dialect(self.delimiter, self.dialect.quote, self.dialect.escape)
        row = next(iter(plain.rows(text)), [])
        return self.tally.fit(row)


def stored_text(reading, path, kind):
    """The columns of a large csv file; None where it has another form."""
    text = CleanText(reading, path)
    if kind == "auto" or (kind == "csv" and text.encoding != "utf-8"):
        kind = guess_text_format(path.lower(), text.head[:65536])
    reading.facts["format"] = kind
    if kind not in ("csv", "tsv") or not text.head or text.head.isspace():
        return None
    declared, raw = declared_delimiter(text.head)
    found, whole = [], raw
    raw, comments = after_comments(raw, found)
    if found and names_in_comments(whole[: len(whole) - len(raw)], raw) is not None:
        return None
    first_line = 1 + (declared is not None) + comments
    if odd_rows(Reading(path, "auto", []), raw) or piped_rows(raw) or unwrapped(raw) is not raw:
        return None
    check_names_of_header(raw, declared)
    dialect = guess_dialect(raw, declared, kind)
    if dialect is None or (dialect.delimiter != "\t" and kind == "csv" and not declared and narrow(raw, dialect)):
        if spaced_layout(raw) is not None:
            return None
    dialect = dialect or Dialect(",")
    reading.facts["delimiter"] = dialect.delimiter
    table = StoredText(reading, text, raw, dialect, first_line)
    kept = False
    try:
        kept = table.survey()
    finally:
        # What a table that is read whole, or refused, has stored.
        if not kept:
            table.forget()
    return table.columns() if kept else None


class StoredText:
    """A large csv file: its header and its end are judged as those of smaller ones, its rows are read in passes."""

    def __init__(self, reading, text, raw, dialect, first_line):
        self.reading = reading
        head = few_rows(head_text(raw, max(HEAD_BYTES, 4 * (raw.find(b"\n") + 1))), dialect, 2000)
        rows = [row for row in head if filled(row)]
        self.grid = Grid(rows)
        self.header = header = find_header(reading, rows, self.grid)
        numbers = [first_line + index for index, row in enumerate(head) if filled(row)]
        note_header(reading, header, rows, numbers, "line")
        names = [name.strip() for name in header.names]
        start = numbers[header.start] - first_line if header.start < len(numbers) else len(head)
        rest = after_records(raw, dialect, start)
        skip = len(text.head) - len(rest)
        # Only lines below the header can be notes below the table.
        tail = text.tail[max(0, skip - (text.size - len(text.tail))) :]
        kept = before_notes(reading, tail, dialect, self.grid)
        ending = (text.size, b"") if kept is tail else (text.size - len(tail), kept)
        check_column_names(names)
        self.names, width = names_and_width(reading, names, rows[header.start :])
        note_columns(reading, header, self.names)
        self.rows = TextRows(text, skip, ending, dialect, width)
        self.spool, self.gone = None, np.zeros(0, np.int64)

    def columns(self):
        """The columns as they are needed."""
        return [
            (name, StoredColumn(self.head[place], self.count, lambda place=place: self.load(place)))
            for place, name in enumerate(self.names)
        ]

    def load(self, place):
        try:
            return self.head[place], StoredWords(self.chunks(place))
        finally:
            self.spool.remove(place)

    def chunks(self, place, among=None):
        """The trimmed texts of a column, in arrays; of the columns `among`, the next ones are stored with it."""
        if self.spool is None or place not in self.spool.paths:
            self.store_group([other for other in among or range(len(self.names)) if other >= place])
        return self.spool.chunks(place)

    def store_group(self, places):
        """Goes over the file and stores the texts of the first of those columns, as many as are stored at a time."""
        self.forget()
        sizes = np.cumsum([self.sizes[place] for place in places])
        count = max(1, min(int(np.searchsorted(sizes, SPOOLED_BYTES, side="right")), SPOOLED_COLUMNS))
        places = places[:count]
        self.spool = TextSpool(places)
        at = 0
        self.rows.tally = self.rows.tally and RaggedLines(self.rows.width, self.grid)
        for arrays in self.rows.batches(places):
            rows = len(arrays[0])
            gone = self.gone[np.searchsorted(self.gone, at) : np.searchsorted(self.gone, at + rows)] - at
            if len(gone):
                keep = np.ones(rows, bool)
                keep[gone] = False
                arrays = [array.filter(pa.array(keep)) for array in arrays]
            self.spool.write([pc.utf8_trim_whitespace(array) for array in arrays])
            at += rows
        self.spool.close()

    def forget(self):
        """Removes the stored texts."""
        for place in list(self.spool.paths) if self.spool else []:
            self.spool.remove(place)
        self.spool = None

    def survey(self):
        """Reads all rows once, for how many there are and which are no observations; False where they cannot be parted
        into columns, or the table asks for all of it in memory."""
        look = self.look_through()
        if look is None:
            # Lines of another width are cut or filled.
            self.rows.width = len(self.names)
            self.rows.tally = RaggedLines(self.rows.width, self.grid)
            look = self.look_through()
            if look is None:
                return False
            self.rows.tally.total = look.raw_rows + self.rows.tally.away
            self.rows.tally.tell(self.reading)
        if look.rows == 0:
            return False
        self.settle(look)
        return keeps_shape(self.reading, self.columns(), lambda: pa.chunked_array(list(self.chunks(0))))

    def look_through(self):
        """What is seen in one pass over all rows; None where a line has another width."""
        look = Look(self.names, self.header)
        try:
            for arrays in self.rows.batches(range(len(self.names))):
                look.add(arrays)
        except pa.ArrowInvalid:
            return None
        look.end()
        return look

    def settle(self, look):
        """Leaves out the rows that repeat the header or summarise others."""
        self.head, self.count, self.sizes = look.head, look.rows, look.sizes
        repeated = np.array(look.repeated, np.int64)
        if len(repeated):
            tell_repeats(self.reading, len(repeated), int(repeated[0]), None, "line")
        self.gone = repeated
        summed = self.find_summaries(look)
        if not len(summed):
            return
        self.forget()
        # The rows among all, those that repeat the header included.
        among = summed + np.searchsorted(repeated - np.arange(len(repeated)), summed, side="right")
        self.gone = np.sort(np.concatenate([repeated, among]))
        self.count -= len(summed)
        keep = np.ones(len(self.head[0]), bool)
        keep[summed[summed < len(keep)]] = False
        self.head = [array.filter(pa.array(keep)) for array in self.head]

    def find_summaries(self, look):
        """The rows, of those that do not repeat the header, that are totals or the like."""
        rows, none = look.rows, np.zeros(0, np.int64)
        if rows < 4 or len(self.names) < 2:
            return none
        labels = look.labels()
        other = [at for at, (kinds, _) in labels.items() if "sum" not in kinds]
        if len(other) > STATISTICS_CHECKED:
            labels = {at: label for at, label in labels.items() if "sum" in label[0]}
        ends = [at for at in (0, rows - 1) if self.may_be_total(look, at)]
        if not labels and not ends:
            return none
        comma = self.reading.facts["delimiter"] == ";"
        numeric = [index for index in range(len(self.names)) if not look.wordy[index]][:200]
        values = StoredNumbers(numeric, lambda place: numbers_in(self.whole(place, numeric), comma))
        decimals = {index: decimals_of(self.head[index]) for index in numeric}
        return np.flatnonzero(judged_summaries(self.reading, labels, ends, values, decimals, rows, None, "line"))

    def may_be_total(self, look, at):
        """As the function of that name, of the first or the last row."""
        return is_row_of_total(
            look.texts_at(at), look.wordy, lambda index, text: self.repeats_text(look, at, index, text)
        )

    def whole(self, place, among):
        return pa.chunked_array(list(self.chunks(place, among)), pa.string())

    def repeats_text(self, look, at, index, text):
        """True where a text of a column stands in other rows than that one too."""
        near = equals(look.head[index], text).sum() + equals(look.tail[index], text).sum()
        if near > 1 + (at < len(look.head[index]) and at >= look.rows - len(look.tail[index])):
            return True
        return sum(int(equals(chunk, text).sum()) for chunk in self.chunks(index)) > 1


class StoredNumbers:
    """Columns as numbers, each read when it is asked for; only those with three numbers or more."""

    def __init__(self, places, numbers):
        self.places, self.numbers = places, numbers

    def items(self):
        for place in self.places:
            values = self.numbers(place)
            if np.isfinite(values).sum() >= 3:
                yield place, values

    def values(self):
        return (values for _, values in self.items())

    def __bool__(self):
        return any(True for _ in self.items())


class Look:
    """What one pass over all rows shows: their number, the first and the last of them, how much text each column has,
    and the rows that may repeat the header or summarise others."""

    def __init__(self, names, header):
        self.named, self.units = repeated_texts(names, header)
        self.width = len(names)
        self.raw_rows = self.rows = 0
        self.sizes = [0] * self.width
        self.repeated, self.waiting, self.wordy = [], [], None
        self.pieces, self.tails, self.head = [], [], None
        self.found, self.without_words = {}, []

    def add(self, arrays):
        gone = repeated_rows(arrays, self.named, self.units, bool(self.repeated))
        self.repeated += (np.flatnonzero(gone) + self.raw_rows).tolist()
        self.raw_rows += len(gone)
        if gone.any():
            arrays = [array.filter(pa.array(~gone)) for array in arrays]
        if not len(arrays[0]):
            return
        if self.wordy is not None:
            self.look(arrays)
            return
        # Which columns hold words is told by the first rows, which may come in several pieces.
        self.waiting.append(arrays)
        if sum(len(piece[0]) for piece in self.waiting) >= 300:
            self.begin()

    def begin(self):
        columns = [pa.concat_arrays(pieces) for pieces in zip(*self.waiting)]
        self.wordy = wordy_columns(columns) if columns else [False] * self.width
        waiting, self.waiting = self.waiting, []
        for arrays in waiting:
            self.look(arrays)

    def look(self, arrays):
        rows = len(arrays[0])
        if self.rows < HEAD_ROWS:
            self.pieces.append([array.slice(0, HEAD_ROWS - self.rows) for array in arrays])
        self.tails.append([array.slice(max(0, rows - LAST_ROWS)) for array in arrays])
        while sum(len(piece[0]) for piece in self.tails[1:]) >= LAST_ROWS:
            self.tails.pop(0)
        blank = None
        for place, array in enumerate(arrays):
            self.sizes[place] += array.nbytes
            if not self.wordy[place] or place >= 200:
                continue
            self.find_labels(place, array)
            if sum(self.wordy[:place]) < 50:
                empty = np.asarray(pc.equal(array, ""))
                blank = empty if blank is None else blank & empty
        if blank is not None and len(self.without_words) <= SUMMARY_ROWS:
            self.without_words += (np.flatnonzero(blank) + self.rows).tolist()
        self.rows += rows

    def find_labels(self, place, array):
        found = self.found.setdefault(place, {})
        coded = array.dictionary_encode()
        fits = label_places(coded.dictionary)
        if not len(fits) or len(found) > SUMMARY_ROWS:
            return
        at = np.flatnonzero(np.isin(coded.indices.to_numpy(zero_copy_only=False), fits))[: SUMMARY_ROWS + 1]
        texts = array.take(pa.array(at)).to_pylist()
        found.update(zip((at + self.rows).tolist(), texts))

    def end(self):
        if self.wordy is None:
            self.begin()
        if not self.rows:
            return
        self.head = [pa.concat_arrays(pieces) for pieces in zip(*self.pieces)]
        columns = [pa.concat_arrays(pieces) for pieces in zip(*self.tails)]
        self.tail = [column.slice(max(0, len(column) - LAST_ROWS)) for column in columns]
        self.pieces = self.tails = None

    def text(self, place, at):
        """The text of one of the first or last rows."""
        if at < len(self.head[place]):
            return self.head[place][at].as_py()
        return self.tail[place][at - self.rows + len(self.tail[place])].as_py()

    def texts_at(self, at):
        return [self.text(place, at) for place in range(min(self.width, 200))]

    def labels(self):
        """{row: (kinds of statistic, label)}, as `label_rows` and `rows_without_words` find them."""
        rows, labels = self.rows, {}
        edge = sorted({*range(min(3, rows)), *range(max(0, rows - 40), rows)})
        for place in range(min(self.width, 200)):
            if self.wordy[place]:
                found = list(self.found.get(place, {}).items())[: SUMMARY_ROWS + 1]
            else:
                found = [(at, self.text(place, at)) for at in edge]
                found = [(at, text) for at, text in found if re.search(ANY_SUMMARY, text) or re.search(TOTAL_OF, text)]
            for at, text in found:
                labels.setdefault(at, (statistic_of(text), text.strip()))
        blank = self.without_words
        if len(blank) * 3 <= rows and len(blank) <= SUMMARY_ROWS:
            for at in blank:
                labels.setdefault(at, (["sum"], ""))
        return labels


def keeps_shape(reading, columns, load_first):
    """False where the table seems to have another form than a row for each observation and is small enough to be given
    that; `load_first` gives the texts of the first column."""
    names, rows = [name for name, _ in columns], rows_of(columns)
    if len(columns) < 2 or len(set(names)) < len(names):
        return True
    if rows * FEWEST_TIMES > RESHAPED_ROWS:
        without_time_columns(reading, columns)  # which says that the table is too large for it
    else:
        heads = [(name, column.head) for name, column in columns]
        if rows <= 200 and turned(reading, heads) is not heads:
            return False
        if without_time_columns(reading, heads) is not heads:
            return False
    if rows <= RESHAPED_ROWS and molten_names(names):
        return False
    numbered = sum(re.fullmatch(r".*?[ _.\-]?\d+", name.strip()) is not None for name in names[1:])
    if numbered >= 6 and not is_numeric_column(columns[0][1]):
        warn_of_samples(reading, [(names[0], load_first()), *columns[1:]])
    return True


def molten_names(names):
    """True where the names are those of a table with one row for each variable of a subject."""
    values = [name for name in names if VALUE_NAMES.fullmatch(name.strip())]
    others = [name for name in names if name not in values]
    kinds = [name for name in others if VARIABLE_NAMES.fullmatch(name.strip()) or VAGUE_NAMES.fullmatch(name.strip())]
    return len(values) == 1 and bool(kinds)


def stored_parquet(reading, path):
    """The columns of a large Parquet file; None where some are nested or it cannot be opened."""
    try:
        file = pq.ParquetFile(path)
        schema = file.schema_arrow
        if file.metadata.num_rows == 0 or any(pa.types.is_nested(field.type) for field in schema):
            return None
        check_column_names(schema.names)
        table = ParquetColumns(reading, file)
    except (pa.ArrowException, OSError, ValueError):
        return None
    reading.facts["format"] = "parquet"
    columns = table.columns()
    return columns if keeps_shape(reading, columns, lambda: pa.chunked_array(list(table.texts(0)))) else None


class ParquetColumns:
    """The columns of a Parquet file, read one at a time, one group of rows after the other."""

    def __init__(self, reading, file):
        self.file, self.schema = file, file.schema_arrow
        pieces, rows = [], 0
        for batch in file.iter_batches(batch_size=HEAD_ROWS, use_threads=False):
            pieces.append(batch)
            rows += batch.num_rows
            if rows >= HEAD_ROWS:
                break
        head = pa.Table.from_batches(pieces, schema=self.schema).slice(0, HEAD_ROWS)
        self.head = [one_array(array) for _, array in arrow_columns(reading, head)]
        for place, field in enumerate(self.schema):
            if pa.types.is_dictionary(field.type) and field.type.ordered:
                # The first rows need not hold all levels.
                groups = [self.table(group, place) for group in range(file.num_row_groups)]
                arrow_columns(reading, pa.concat_tables(groups).unify_dictionaries())

    def columns(self):
        return [
            (name, StoredColumn(self.head[place], self.file.metadata.num_rows, lambda place=place: self.load(place)))
            for place, name in enumerate(self.schema.names)
        ]

    def table(self, group, place):
        return self.file.reader.read_row_group(group, column_indices=[place], use_threads=False)

    def arrays(self, place):
        """A column in arrays, in the types that are described."""
        for group in range(self.file.num_row_groups):
            # What the file says of its columns is known by now.
            ((_, array),) = arrow_columns(Reading("", "auto", []), self.table(group, place))
            yield from array.chunks if isinstance(array, pa.ChunkedArray) else [array]

    def texts(self, place):
        for array in self.arrays(place):
            yield pc.utf8_trim_whitespace(pc.fill_null(array.cast(pa.string()), ""))

    def load(self, place):
        if is_textual(self.head[place].type) and not pa.types.is_boolean(self.head[place].type):
            return self.head[place], StoredWords(self.texts(place))
        array = pa.chunked_array(list(self.arrays(place)), self.head[place].type)
        return array, Words(array) if is_textual(array.type) else None
