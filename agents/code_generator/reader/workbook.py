# ---- workbook: sheets of Excel and OpenDocument files; no formula or macro is run ----
import datetime
import io
import re
import zipfile


# Cells of a workbook that are read; more is a matter for csv or Parquet.
CELLS_READ = 20_000_000
# Blank rows below which cells are no part of the table.
FAR_ROWS = 20_000
# Bytes that the parts of a workbook may unpack to.
SHEET_BYTES = 512 << 20


def read_workbook(reading, source):
    raw = whole_file(source)
    if raw[:4] == b"PK\x03\x04":
        try:
            names = set(zipfile.ZipFile(io.BytesIO(raw)).namelist())
        except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
            raise damaged_workbook(error) from None
        if not any(name.startswith("xl/") for name in names) and "content.xml" not in names:
            return read_archive(reading, raw, 0)
        check_unpacked_size(raw)
        if "xl/workbook.xml" in names:
            return read_sheets(reading, sheets_of_excel(reading, raw))
    return read_sheets(reading, sheets_by_calamine(reading, raw))


def damaged_workbook(error):
    return Problem("unreadable", f"the workbook cannot be read ({type(error).__name__}); save it again or export csv")


def check_unpacked_size(raw):
    if sum(member.file_size for member in zipfile.ZipFile(io.BytesIO(raw)).infolist()) > SHEET_BYTES:
        raise Problem(
            "too_large",
            f"the workbook unpacks to more than {SHEET_BYTES >> 20} MiB; save the sheet that is meant as csv",
        )


def sheets_of_excel(reading, raw):
    """[(name, rows of texts, hidden)] of an .xlsx file, with what its cells hide: merged, without values, filtered."""
    import openpyxl

    try:
        book = openpyxl.load_workbook(io.BytesIO(raw), read_only=True, data_only=True, keep_links=False)
        sheets = []
        cells = 0
        for sheet in book.worksheets:
            rows, far = [], 0
            sheet.reset_dimensions()
            for number, row in enumerate(sheet.iter_rows(values_only=True)):
                length = len(row)
                while length and row[length - 1] is None:
                    length -= 1
                if not length:
                    continue
                if number - len(rows) > FAR_ROWS:
                    # A cell that stands so far below all others is no row of the table.
                    far += 1
                    continue
                rows += [[] for _ in range(number - len(rows))]
                rows.append(list(row[:length]))
                cells += length
                if cells > CELLS_READ:
                    raise Problem(
                        "too_large", f"the workbook holds more than {CELLS_READ} cells; save the sheet as csv"
                    )
            marks = marks_of_sheet(raw, getattr(sheet, "_worksheet_path", None))
            marks["far"] = far
            rows = with_percent_cells(reading, raw, sheet.title, rows)
            rows, marks["computed"] = with_computed(raw, sheet.title, rows, marks["formulas"])
            sheets.append((sheet.title, rows, sheet.sheet_state != "visible", marks))
    except Problem:
        raise
    except Exception as error:  # openpyxl raises many kinds for a damaged workbook
        raise damaged_workbook(error) from None
    return [(name, rows, hidden, marks) for name, rows, hidden, marks in sheets]


def with_percent_cells(reading, raw, title, rows):
    """The rows, where numbers that the workbook shows as percentages are percentages too in columns in which others are
    written out as texts such as 12 %."""
    written, typed = {}, {}
    for number, row in enumerate(rows):
        for column, cell in enumerate(row):
            if isinstance(cell, str):
                if cell.rstrip().endswith("%") and is_digitish(cell.strip()):
                    written[column] = written.get(column, 0) + 1
            elif isinstance(cell, (int, float)) and not isinstance(cell, bool):
                typed.setdefault(column, number)
    mixed = set(typed) & set(written)
    if not mixed:
        return rows
    import openpyxl

    book = openpyxl.load_workbook(io.BytesIO(raw), read_only=True, data_only=True, keep_links=False)
    sheet = book[title]
    sheet.reset_dimensions()
    counts = {}
    for number, row in enumerate(sheet.iter_rows(max_row=len(rows))):
        for column, cell in enumerate(row):
            if column not in mixed or number >= len(rows) or column >= len(rows[number]):
                continue
            value = rows[number][column]
            if isinstance(value, (int, float)) and not isinstance(value, bool) and "%" in str(cell.number_format):
                rows[number][column] = f"{value * 100:.12g}%"
                counts[column] = counts.get(column, 0) + 1
    for column, count in sorted(counts.items()):
        reading.warn(
            f"{count} numbers of '{name_above(rows, column, typed[column])}' are shown as percentages by the workbook, "
            f"beside {written[column]} that are texts with a percent sign; all were read as percentages"
        )
    return rows


def with_computed(raw, title, rows, places):
    """The rows with the values of the formulas at `places` that have none; and the rows of those that were computed."""
    bare = {
        (row, column)
        for row, column in places
        if row < len(rows) and (column >= len(rows[row]) or rows[row][column] is None)
    }
    if not bare or len(bare) > FORMULAS_READ:
        return rows, {}
    import openpyxl

    book = openpyxl.load_workbook(io.BytesIO(raw), read_only=True, keep_links=False)
    sheet = book[title]
    sheet.reset_dimensions()
    texts, dated = {}, set()
    for number, row in enumerate(sheet.iter_rows(max_row=len(rows))):
        for column, cell in enumerate(row):
            if (number, column) in bare and isinstance(cell.value, str) and cell.value.startswith("="):
                texts[number, column] = cell.value[1:]
                if openpyxl.styles.numbers.is_date_format(cell.number_format):
                    dated.add((number, column))
    return compute_formulas(rows, texts, dated)


def marks_of_sheet(raw, path):
    """{"merged": [(first row, first column, last row, last column)], "hidden": {rows}, "formulas": {(row, column)}};
    from 0."""
    marks = {"merged": [], "hidden": set(), "columns": set(), "formulas": set(), "computed": {}, "far": 0}
    if not path:
        return marks
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        try:
            xml = archive.read(path)
        except KeyError:
            return marks
    for match in re.finditer(rb"<(?:\w+:)?mergeCell\s[^>]*?ref=\"([A-Z]+)(\d+):([A-Z]+)(\d+)\"", xml):
        first, top, last, bottom = match.groups()
        marks["merged"].append((int(top) - 1, column_number(first), int(bottom) - 1, column_number(last)))
    for match in re.finditer(rb"<(?:\w+:)?row\s([^>]*)>", xml):
        if re.search(rb"\shidden=\"(?:1|true)\"", b" " + match.group(1)):
            number = re.search(rb"\br=\"(\d+)\"", match.group(1))
            if number:
                marks["hidden"].add(int(number.group(1)) - 1)
    for match in re.finditer(rb"<(?:\w+:)?col\s([^>]*)>", xml):
        if re.search(rb"\shidden=\"(?:1|true)\"", b" " + match.group(1)):
            ends = [re.search(key + rb"=\"(\d+)\"", match.group(1)) for key in (rb"\bmin", rb"\bmax")]
            if all(ends):
                marks["columns"].update(range(int(ends[0].group(1)) - 1, min(int(ends[1].group(1)), COLUMNS_READ)))
    formula = rb"<(?:\w+:)?c\s[^>]*?r=\"([A-Z]+)(\d+)\"[^>]*><(?:\w+:)?f[^>]*?(?:/>|>[^<]*</(?:\w+:)?f>)(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v></(?:\w+:)?v>)?</(?:\w+:)?c>"
    for match in re.finditer(formula, xml):
        marks["formulas"].add((int(match.group(2)) - 1, column_number(match.group(1))))
    return marks


def column_number(letters):
    number = 0
    for letter in letters[-3:]:
        number = number * 26 + letter - 64
    return number - 1


def sheets_by_calamine(reading, raw):
    """[(name, rows of cells, hidden, marks)] of .xls, .xlsb and OpenDocument files."""
    try:
        import python_calamine
    except ImportError:
        raise Problem("unreadable", "workbooks of this kind are not read here; save it as .xlsx or .csv") from None
    try:
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(raw))
        sheets = []
        for data in book.sheets_metadata:
            if "WorkSheet" not in str(data.typ):
                continue
            sheet = book.get_sheet_by_name(data.name)
            rows = sheet.to_python(skip_empty_area=False)
            if sum(map(len, rows)) > CELLS_READ:
                raise Problem("too_large", f"the workbook holds more than {CELLS_READ} cells; save the sheet as csv")
            rows = [[None if cell == "" else whole(cell) for cell in row] for row in rows]
            merged = [
                (top, left, bottom, right)
                for (top, left), (bottom, right) in getattr(sheet, "merged_cell_ranges", None) or []
            ]
            marks = {"merged": merged, "hidden": set(), "columns": set(), "formulas": set(), "computed": {}, "far": 0}
            sheets.append((data.name, rows, "Visible" not in str(data.visible), marks))
    except Problem:
        raise
    except BaseException as error:  # a damaged workbook may even make the library panic
        if isinstance(error, (KeyboardInterrupt, SystemExit, MemoryError)):
            raise
        if b"E\x00n\x00c\x00r\x00y\x00p\x00t\x00e\x00d" in raw or "assword" in str(error):
            raise Problem("unreadable", "the workbook is protected by a password; save it without one") from None
        raise damaged_workbook(error) from None
    return sheets


def whole(cell):
    """Files of these kinds hold all numbers as fractions."""
    return int(cell) if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15 else cell


def read_sheets(reading, sheets):
    """The table of the sheet that is meant: one that holds a table and is not hidden."""
    sheets = [(*sheet, None)[:4] for sheet in sheets]
    full = [sheet for sheet in sheets if any(any(cell not in (None, "") for cell in row) for row in sheet[1])]
    if not full:
        raise Problem("empty_table", "no sheet of the workbook holds values")
    chosen = chosen_sheet(reading, [sheet[0] for sheet in sheets])
    if chosen is not None:
        full = [sheet for sheet in full if sheet[0] == chosen]
        if not full:
            raise Problem("empty_table", f"the sheet '{chosen}' holds no values")
    best = max(full, key=lambda sheet: worth_of_sheet(reading, sheet))
    name, rows, hidden, marks = best
    reading.facts["sheet"] = name
    if len(sheets) > 1:
        others = [sheet for sheet in sheets if sheet is not best]
        shown = ", ".join(f"'{sheet[0]}'" + (" (hidden)" if sheet[2] else "") for sheet in others[:6])
        reading.warn(f"the workbook has {len(sheets)} sheets; only '{name}' was read, not {shown}")
        for sheet in others:
            count = sum(any(cell not in (None, "") for cell in row) for row in sheet[1])
            if count:
                reading.set_aside(
                    "another sheet", None, count, f"the sheet '{sheet[0]}'" + (" (hidden)" if sheet[2] else "")
                )
    if hidden:
        reading.warn(f"the sheet '{name}' is hidden in the workbook; it was read since no other holds a table")
    if marks:
        rows = fill_merged(reading, rows, marks["merged"])
    rows = with_one_mark(reading, rows)
    texts = [[as_cell(cell) for cell in row] for row in rows]
    if marks:
        texts = mend_dates(reading, rows, texts)
        note_far(reading, marks["far"])
        note_computed(reading, texts, marks["computed"])
        note_formulas(reading, texts, marks["formulas"], rows)
        note_hidden(reading, rows, marks)
    above = lines_above(reading)
    return read_grid(reading, texts[above:], 1 + above, "row")


class TypedCell(str):
    """The text of a number that the file holds as a number, so that its point tells nothing of the texts beside it."""


def as_cell(cell):
    return TypedCell(cell) if isinstance(cell, (int, float)) and not isinstance(cell, bool) else as_text(cell)


def with_one_mark(reading, rows):
    """The rows, where texts such as 1.234,50 amid the typed numbers of one column are numbers with a point as well."""
    columns = {}
    for index, row in enumerate(rows):
        for column, cell in enumerate(row):
            if isinstance(cell, (int, float)) and not isinstance(cell, bool):
                columns.setdefault(column, ([], []))[0].append(index)
            elif isinstance(cell, str) and re.fullmatch(r"\s*[-+]?\d[\d.,']*\d\s*", cell):
                columns.setdefault(column, ([], []))[1].append(index)
    for column, (typed, written) in columns.items():
        if not typed or not written:
            continue
        cells = [rows[index][column].strip() for index in written]
        commas = sum(re.fullmatch(r"[-+]?\d{1,3}(?:[.']\d{3})*,\d+|[-+]?\d+,\d+", cell) is not None for cell in cells)
        sure = any(re.search(r"\.\d{3},\d|,\d{1,2}$|,\d{4,}$", cell) for cell in cells)
        whole = sum(re.fullmatch(r"[-+]?\d{1,3}(?:[.']\d{3})*|[-+]?\d+", cell) is not None for cell in cells)
        if not sure or commas + whole < len(cells):
            continue
        for index in written:
            rows[index] = list(rows[index])
            rows[index][column] = re.sub(r"[.'\s]", "", rows[index][column]).replace(",", ".")
        name = name_above(rows, column, min(typed + written))
        reading.warn(
            f"{len(written)} cells of '{name}' are texts with a decimal comma where the others are numbers; they were read as numbers"
        )
    return rows


def name_above(rows, column, top):
    """The words that stand nearest above a cell of a column."""
    for row in reversed(rows[:top]):
        text = str(row[column]).strip() if column < len(row) and row[column] is not None else ""
        if text and not is_digitish(text):
            return text
    return f"column {column + 1}"


def note_far(reading, far):
    if far:
        reading.warn(
            f"{counted_lines(far).replace('line', 'row')} of the sheet stand{'s' * (far == 1)} more than {FAR_ROWS} blank rows below "
            "the others and were left out"
        )
        reading.set_aside("rows far below", None, far, f"more than {FAR_ROWS} blank rows below the table")


def note_computed(reading, texts, computed):
    """Names the columns whose formulas had no stored value and were computed."""
    for column, places in sorted(computed.items()):
        count, name = len(places), name_above(texts, column, min(places))
        reading.warn(
            f"{count} formula{'s' * (count > 1)} of column '{name}' had no stored value in the workbook; "
            f"{'each was' if count > 1 else 'it was'} computed from the cells that it names"
        )


def worth_of_sheet(reading, sheet):
    """What speaks for a sheet: the target in its header, that it is a table, that it is shown, and its size."""
    name, rows, hidden = sheet[:3]
    texts = [[as_text(cell) for cell in row] for row in rows[:300]]
    head = [cell.strip() for row in texts[:12] for cell in row]
    asked, mentioned = reading.mentions(head)
    wide = sum(filled(row) > 1 for row in texts)
    numbers = sum(is_digitish(cell) for row in texts for cell in row if cell.strip())
    table = wide >= 3 and numbers > 0
    helper = (
        re.search(
            r"(?i)read ?me|about|legend|codebook|dictionary|lookup|metadata|notes?$|info|summary|pivot|chart", name
        )
        is not None
    )
    cells = sum(1 for row in rows for cell in row if cell not in (None, ""))
    return (asked, table, not hidden, mentioned, not helper, cells)


def fill_merged(reading, rows, merged):
    """The rows, where each cell below a merged one that spans rows holds its value."""
    tall = [box for box in merged if box[2] > box[0] and box[0] < len(rows)]
    if not tall:
        return rows
    rows = [list(row) for row in rows]
    below = [box for box in tall if box[1] == box[3]]
    filled_in, columns = 0, set()
    for top, left, bottom, right in tall[:100_000]:
        value = rows[top][left] if left < len(rows[top]) else None
        if value is None or (right > left and bottom - top > 5):
            continue
        for index in range(top + 1, min(bottom, len(rows) - 1) + 1):
            row = rows[index]
            if right > left and top < 3:
                continue
            row += [None] * (left + 1 - len(row))
            if row[left] is None:
                row[left] = value
                filled_in += 1
                columns.add(left)
    if filled_in and below:
        names = sorted(columns)
        heads = [
            next(
                (
                    as_text(rows[i][at])
                    for i in range(min(len(rows), 12))
                    if at < len(rows[i]) and rows[i][at] is not None
                ),
                f"column {at + 1}",
            )
            for at in names
        ]
        reading.warn(
            f"merged cells of {', '.join(repr(head) for head in heads[:4])} were read as their value in each of their rows "
            f"({filled_in} cells were filled in)"
        )
    return rows


def mend_dates(reading, rows, texts):
    """Columns in which a spreadsheet turned some texts into dates, and took the month for the day where it could."""
    width = max((len(row) for row in rows), default=0)
    for column in range(width):
        dates, others = [], []
        for index, row in enumerate(rows):
            cell = row[column] if column < len(row) else None
            if isinstance(cell, (datetime.datetime, datetime.date)):
                dates.append(index)
            elif isinstance(cell, str):
                match = re.fullmatch(r"\s*(\d{1,2})([/.-])(\d{1,2})\2(\d{4})((?:[ T]\d{1,2}:\d\d(?::\d\d)?)?)\s*", cell)
                if match:
                    others.append((index, match))
        if len(dates) < 2 or len(others) < 2:
            continue
        firsts = [int(match.group(1)) for _, match in others]
        seconds = [int(match.group(3)) for _, match in others]
        day_first = max(firsts) > 12 and max(seconds) <= 12
        if not day_first and not (max(seconds) > 12 and max(firsts) <= 12):
            continue
        name = next(
            (as_text(row[column]) for row in rows[:12] if column < len(row) and row[column] is not None),
            f"column {column + 1}",
        )
        written = {}
        for index, match in others:
            day, month = (match.group(1), match.group(3)) if day_first else (match.group(3), match.group(1))
            try:
                written[index] = datetime.datetime(int(match.group(4)), int(month), int(day))
            except ValueError:
                continue
            texts[index][column] = written[index].date().isoformat() + match.group(5).replace("T", " ")
        kept = {index: as_moment(rows[index][column]) for index in dates}
        swapped = {index: swapped_date(moment) for index, moment in kept.items()}
        small = (
            all(moment.day <= 12 for moment in kept.values())
            and min(firsts + [13] if day_first else seconds + [13]) > 12
        )
        turn = False
        if small and all(swapped.values()):
            mine, other = disorder({**written, **kept}), disorder({**written, **swapped})
            turn = other < mine
            doubt = other == mine
            for index in dates:
                moment = swapped[index] if turn else kept[index]
                texts[index][column] = as_text(moment)
            how = "with day and month exchanged" if turn else "as they are"
            reading.warn(
                f"{len(dates)} cells of '{name}' are dates and {len(others)} are texts, as when a spreadsheet takes the month for the day; "
                f"the texts were read with the {'day' if day_first else 'month'} first and the dates {how}"
                + (
                    ", which is uncertain: check them in the workbook"
                    if doubt
                    else ", since the rows are then in the order of time"
                )
            )
        else:
            reading.warn(
                f"{len(dates)} cells of '{name}' are dates and {len(others)} are texts, which were read with the {'day' if day_first else 'month'} first"
            )
        if not any(as_moment(rows[index][column]).time() != datetime.time() for index in dates) and not any(
            m.group(5) for _, m in others
        ):
            for index in dates:
                texts[index][column] = texts[index][column][:10]
    return texts


def as_moment(value):
    return value if isinstance(value, datetime.datetime) else datetime.datetime(value.year, value.month, value.day)


def swapped_date(moment):
    try:
        return moment.replace(month=moment.day, day=moment.month)
    except ValueError:
        return None


def disorder(dates):
    """How often a date is earlier than the one in the row above, in whichever direction there are fewer."""
    order = [dates[index] for index in sorted(dates)]
    falls = sum(b < a for a, b in zip(order, order[1:]))
    rises = sum(b > a for a, b in zip(order, order[1:]))
    return min(falls, rises)


def note_formulas(reading, texts, formulas, rows):
    """Names the columns whose formulas have no stored value: they are not computed here."""
    columns = {}
    for row, column in formulas:
        if row < len(rows) and (column >= len(rows[row]) or rows[row][column] is None):
            columns.setdefault(column, []).append(row)
    for column, places in sorted(columns.items()):
        name = name_above(texts, column, min(places))
        reading.warn(
            f"column '{name}' holds {len(places)} formulas whose values are not stored in the workbook; they count as "
            "missing, since formulas of their kind are not computed here. Open the workbook in a spreadsheet program, save it, and try again"
        )
        # Its column must stay, though nothing is in it.
        reading.facts.setdefault("without_values", []).append(name)
        for row in places:
            if row < len(texts) and column >= len(texts[row]):
                texts[row] += [""] * (column + 1 - len(texts[row]))


def note_hidden(reading, rows, marks):
    held = [index for index in marks["hidden"] if index < len(rows) and any(cell is not None for cell in rows[index])]
    total = sum(any(cell is not None for cell in row) for row in rows)
    if held:
        share = len(held) / max(1, total)
        how = "all" if share > 0.99 else "about half" if 0.45 < share < 0.55 else f"{len(held)}"
        rest = f" of the {total}" if how == f"{len(held)}" else f" ({len(held)} of {total})"
        reading.warn(
            f"{how}{rest} rows of the sheet are hidden, by a filter or by hand; they were read like the others. "
            "To leave them out, delete them or copy the visible rows to a new sheet"
        )
        reading.facts["hidden_rows"] = len(held)
    width = max((len(row) for row in rows), default=0)
    shut = sorted(
        column
        for column in marks["columns"]
        if column < width and any(column < len(row) and row[column] is not None for row in rows)
    )
    if shut:
        names = [
            next((as_text(row[at]) for row in rows[:12] if at < len(row) and row[at] is not None), str(at + 1))
            for at in shut
        ]
        reading.warn(
            f"hidden columns of the sheet were read like the others: {', '.join(repr(name) for name in names[:6])}"
        )
