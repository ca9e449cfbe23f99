# ---- grid: rows of cells become one table: which of several, its header, its notes, its widths ----
import re

import pyarrow as pa


def read_grid(reading, rows, first_line=1, where="line"):
    """The named columns of a grid of texts. `rows` may hold blank rows; the first is line `first_line` of the file."""
    table, first = choose_table(reading, rows, first_line, where)
    table, lines = without_blank(table, first)
    table = beside(reading, table)
    if not table:
        raise Problem("empty_table", "the file has no lines with values; give a table with a header and rows")
    table, lines = in_one_order(reading, table, lines, where)
    grid = Grid(table)
    header = find_header(reading, table, grid)
    note_header(reading, header, table, lines, where)
    names, body = header.names, table[header.start :]
    lines = lines[header.start :]
    check_column_names(names)
    notes = count_notes(body, grid) if len(body) > 1 else 0
    if notes:
        kept = len(body) - notes
        told = "; ".join(shown_cells(row, 2) for row in body[kept : kept + 3])
        reading.warn(
            f"the last {counted_lines(notes)} below the table {'is a note' if notes == 1 else 'are notes'}, no "
            f"row of it, and left out: {told}"
        )
        reading.set_aside("notes below the table", lines[kept], notes, "no row of the table: " + told)
        body, lines = body[:kept], lines[:kept]
    body, lines = without_table_below(reading, body, lines, grid, where)
    body, lines = without_titles(reading, body, lines, grid, where)
    names, body, lines = with_sections(reading, names, body, lines, grid, where)
    names, body, lines = fit_widths(reading, names, body, lines, grid, where)
    check_column_names(names)
    width = len(names)
    note_columns(reading, header, names)
    if not body:
        return [(name, pa.array([], pa.string())) for name in names]
    columns = [pa.array([row[index] for row in body], pa.string()) for index in range(width)]
    if where == "row":
        typed = [all(not row[index] or isinstance(row[index], TypedCell) for row in body) for index in range(width)]
        reading.facts["typed_cells"] = [name for name, own in zip(names, typed) if own]
    return tidied(reading, names, columns, header, lines, where)


# Lines of words that are looked at as names of appended exports, and lines above the first names.
APPENDED_HEADERS = 200
LINES_ABOVE_NAMES = 30


def in_one_order(reading, rows, lines, where):
    """The rows in the order of the first names, where further names stand amid them in another order, as in exports
    that were appended to each other. Names that only later parts have become columns behind the others."""
    heads = [at for at in range(len(rows)) if is_line_of_names(rows[at])]
    if not 2 <= len(heads) <= APPENDED_HEADERS or heads[0] > LINES_ABOVE_NAMES:
        return rows, lines
    first = next((at for at in heads if at + 1 < len(rows) and any(map(is_digitish, rows[at + 1]))), None)
    if first is None:
        return rows, lines
    names = [cell.strip() for cell in rows[first]][: extent(rows[first])]
    later = []
    for at in heads:
        cells = [cell.strip() for cell in rows[at]][: extent(rows[at])]
        shared = len(set(cells) & set(names))
        if at > first and all(cells) and shared >= 2 and 2 * shared > max(len(cells), len(names)):
            later.append((at, cells))
    # All words amid the rows must be names, or a line of words is one of the rows.
    if not later or len(later) < len([at for at in heads if at > first]) or all(names == cells for _, cells in later):
        return rows, lines
    if not all(names) or any(at + 1 < len(rows) and not any(map(is_digitish, rows[at + 1])) for at, _ in later):
        return rows, lines
    whole = list(dict.fromkeys([*names, *(cell for _, cells in later for cell in cells)]))
    away = {at for at, _ in later}
    out, kept, order = [list(row) for row in rows[:first]] + [whole], list(lines[: first + 1]), names
    for at in range(first + 1, len(rows)):
        if at in away:
            order = dict(later)[at]
            continue
        row = rows[at]
        placed = {name: cell for name, cell in zip(order, row)}
        # What is beyond the names stays there, so that it is seen as too long.
        out.append([placed.get(name, "") for name in whole] + [cell for cell in row[len(order) :] if cell.strip()])
        kept.append(lines[at])
    shown = ", ".join(str(lines[at]) for at, _ in later[:3])
    more = whole[len(names) :]
    fewer = [name for name in names if any(name not in cells for _, cells in later)]
    told = f"; names that only later lines have ({', '.join(more[:5])}) are blank above them" if more else ""
    told += f"; names that they lack ({', '.join(fewer[:5])}) are blank below them" if fewer else ""
    reading.warn(
        f"the names of the columns stand again in {where} {shown} in another order; the rows below were read by these "
        f"names{told}"
    )
    reading.set_aside(
        "lines that repeat the names in another order", lines[later[0][0]], len(later), shown_cells(rows[later[0][0]])
    )
    return out, kept


def is_line_of_names(row):
    """True where all cells of a line are different words."""
    cells = [cell.strip() for cell in row if cell.strip()]
    if len(cells) < 2 or ANY_NUMBER.search("\0".join(row)):
        return False
    return len(set(cells)) == len(cells) and not any(is_missing(cell) or is_digitish(cell) for cell in cells)


def counted_lines(count):
    return "line" if count == 1 else f"{count} lines"


def without_blank(rows, first):
    """The rows that hold something, and the line of each."""
    kept = [(row, first + index) for index, row in enumerate(rows) if filled(row)]
    return [row for row, _ in kept], [line for _, line in kept]


def choose_table(reading, rows, first_line, where):
    """The rows of the table that is meant, of several that blank lines part; and the line where they begin."""
    blocks = merge_blocks(blocks_of(rows), rows)
    tables = [block for block in blocks if is_table(rows, block)]
    if len(blocks) < 2 or not tables:
        return rows, first_line
    several = len(tables) > 1 and reading.header is None
    joined = join_alike(reading, rows, blocks, tables, first_line, where) if several else None
    if joined is not None:
        return joined, first_line
    best = max(tables, key=lambda block: (reading.mentions(names_in(rows, block)), size_of(rows, block)))
    best = best if reading.header is None else blocks[0]
    above, below, others = [], [], []
    for block in blocks:
        if block is not best:
            (others if block in tables else above if block < best else below).append(block)
    for found, what in ((above, "above"), (below, "below")):
        for start, end in found:
            told = "; ".join(shown_cells(row, 3) for row in rows[start : min(end, start + 3)])
            reading.set_aside(
                f"lines {what} the table", first_line + start, end - start, "no row of the table: " + told
            )
        if found:
            total = sum(end - start for start, end in found)
            told = "; ".join(shown_cells(rows[start], 2) for start, _ in found[:3])
            reading.warn(
                f"{total} {where}{'s' * (total > 1)} {what} the table {'is' if total == 1 else 'are'} no part of it and left out: {told}"
            )
    for start, end in others:
        told = shown_cells(rows[start])
        reading.warn(
            f"there is another table at {where} {first_line + start} ({end - start - 1} rows, beginning with {told}); "
            "it was not read: give it in a file of its own to use it"
        )
        reading.set_aside("another table", first_line + start, end - start, "a table of its own: " + told)
    picked = rows[best[0] : best[1]]
    return picked, first_line + best[0]


def join_alike(reading, rows, blocks, tables, first_line, where):
    """The rows with the tables of the same names put together, where settings or titles stand between them."""
    heads = {}
    for block in tables:
        for at in range(block[0], min(block[0] + 4, block[1])):
            cells = tuple(cell.strip() for cell in rows[at])
            if filled(rows[at]) > 1 and not any(is_digitish(cell) for cell in cells if cell):
                heads.setdefault(cells, []).append((at, block[1]))
                break
    alike = max(heads.values(), key=len, default=[])
    if len(alike) < 2 or len(alike) < len(tables):
        return None
    kept = set()
    for start, end in alike:
        kept.update(range(start, end))
    away = [at for at in range(len(rows)) if at not in kept and filled(rows[at])]
    told = "; ".join(shown_cells(rows[at], 2) for at in away[:3])
    reading.warn(
        f"{len(alike)} tables with the same names of columns stand below each other (the first at {where} {first_line + alike[0][0]}) "
        f"and were read as one; {len(away)} other {where}s were left out: {told}"
    )
    if away:
        reading.set_aside(
            "lines between tables of one kind", first_line + away[0], len(away), "no rows of the table: " + told
        )
    return [row if at in kept else [] for at, row in enumerate(rows)]


def blocks_of(rows):
    """(start, end) of the runs of rows that are not blank."""
    blocks, start = [], None
    for index, row in enumerate(rows):
        if filled(row):
            start = index if start is None else start
        elif start is not None:
            blocks.append((start, index))
            start = None
    return blocks + ([(start, len(rows))] if start is not None else [])


def merge_blocks(blocks, rows):
    """The same blocks, where those that continue the one above are one with it."""
    merged = []
    for block in blocks:
        if merged and continues(rows, merged[-1], block):
            merged[-1] = (merged[-1][0], block[1])
        else:
            merged.append(block)
    return merged


def continues(rows, above, block):
    upper = rows[above[0] : min(above[1], above[0] + 300)]
    lower = rows[block[0] : min(block[1], block[0] + 60)]
    if [cell.strip() for cell in lower[0]] == [cell.strip() for cell in upper[0]] and extent(lower[0]) > 1:
        return True  # the same names again
    again = [cell.strip() for cell in lower[0]], [cell.strip() for cell in upper[0]]
    if len(lower) > 1 and extent(lower[0]) > 1 and all(again[0]) and sorted(again[0]) == sorted(again[1]):
        return is_line_of_names(lower[0]) and any(map(is_digitish, lower[1]))  # in another order
    width = max(extent(row) for row in upper)
    if len(upper) <= 3 and width > 1:
        # Names, a blank line, and the rows below it.
        grid = Grid(lower)
        if grid.width == width and grid.numeric and grid.is_body(lower[0]):
            return any(grid.is_alien(row) and filled(row) >= width for row in upper)
    if len(upper) < 2 or width < 2:
        return width == 1 and len(upper) > 1 and all(extent(row) == 1 for row in lower) and same_kind(upper, lower)
    grid = Grid(upper)
    if not grid.numeric:
        return all(filled(row) >= max(2, width // 2) and extent(row) == width for row in lower)
    fits = sum(grid.is_body(row) and extent(row) >= min(width, 2) for row in lower)
    return grid.is_body(lower[0]) and fits * 5 >= 4 * len(lower) and extent(lower[0]) <= width


def same_kind(upper, lower):
    grid = Grid(upper)
    return bool(grid.numeric) and all(grid.is_body(row) for row in lower)


def is_table(rows, block):
    lines = rows[block[0] : min(block[1], block[0] + 300)]
    wide = [row for row in lines if filled(row) > 1]
    if len(lines) >= 3 and not wide:
        return bool(Grid(lines).numeric)
    return len(wide) >= 2 and len(wide) * 2 >= len(lines)


def names_in(rows, block):
    return [cell.strip() for row in rows[block[0] : min(block[1], block[0] + 6)] for cell in row]


def size_of(rows, block):
    return sum(filled(row) for row in rows[block[0] : block[1]])


def beside(reading, rows):
    """Of tables that stand side by side, parted by a blank column, the one that is meant; blank columns go."""
    width = max((len(row) for row in rows), default=0)
    used = [0] * width
    for row in rows:
        for index, cell in enumerate(row):
            if cell and not cell.isspace():
                used[index] += 1
    groups, start = [], None
    for index, count in enumerate([*used, 0]):
        if count and start is None:
            start = index
        elif not count and start is not None:
            groups.append((start, index))
            start = None
    if len(groups) < 2:
        return [row[groups[0][0] :] for row in rows] if groups and groups[0][0] else rows
    lengths = [max(used[start:end]) for start, end in groups]
    heads = [names_in([row[start:end] for row in rows], (0, len(rows))) for start, end in groups]
    several = [end - start >= 2 for start, end in groups]
    repeated = len(groups) > 1 and [c.strip() for c in rows[0][slice(*groups[0])]] == [
        c.strip() for c in rows[0][slice(*groups[1])]
    ]
    if not all(several) or (max(lengths) - min(lengths) <= max(1, 0.02 * max(lengths)) and not repeated):
        kept = [index for start, end in groups for index in range(start, end)]
        if any(not (row[index] if index < len(row) else "").strip() for index in kept for row in rows[:1]) or all(
            several
        ):
            reading.warn("blank columns part the table; the columns on both sides of them were read as one table")
        return [[row[index] if index < len(row) else "" for index in kept] for row in rows]
    best = max(
        range(len(groups)),
        key=lambda at: (reading.mentions(heads[at]), used[groups[at][0]] * (groups[at][1] - groups[at][0]), -at),
    )
    for at, (start, end) in enumerate(groups):
        if at != best:
            told = shown_cells(next(row[start:end] for row in rows if filled(row[start:end])))
            reading.warn(
                f"there is another table beside the one that was read (from column {start + 1}, beginning with {told}); "
                "it was not read: give it in a file of its own to use it"
            )
            reading.set_aside("another table", None, lengths[at], f"a table of its own beside this one: {told}")
    start, end = groups[best]
    return [row[start:end] for row in rows if filled(row[start:end])]


def note_header(reading, header, table, lines, where):
    """Says what was found above the rows."""
    if header.invented:
        reading.warn("the first line looks like data, not like names; columns were named column_1, column_2, ...")
        if header.start:
            told = "; ".join(shown_cells(row, 3) for row in table[: min(header.start, 3)])
            count = header.start
            reading.warn(
                f"{counted_lines(count)} above the rows {'is' if count == 1 else 'are'} no part of the table: {told}"
            )
            reading.set_aside("lines above the rows", lines[0], count, "no row of the table: " + told)
        return
    reading.facts["header_row"] = lines[header.line]
    above = [(row, line) for row, line in zip(table[: header.line], lines)]
    groups = header.groups or []
    titles = above[: len(above) - len(groups)]
    if titles:
        told = "; ".join(shown_cells(row, 3) for row, _ in titles[:3])
        count = len(titles)
        reading.warn(
            f"the names of the columns stand in {where} {lines[header.line]}; the {counted_lines(count)} above "
            f"{'is' if count == 1 else 'are'} no part of the table: {told}"
        )
        reading.set_aside("lines above the header", titles[0][1], count, "no row of the table: " + told)
    for row in table[header.line - len(groups) : header.line] if groups else []:
        reading.warn(f"the line above the names was read as names of groups of columns: {shown_cells(row)}")
    if header.units:
        reading.warn(f"the line below the names was read as units, not as a row: {shown_cells(header.units)}")
        reading.set_aside(
            "a line of units", lines[header.start - 1], 1, "below the names: " + shown_cells(header.units)
        )
    if header.labels:
        reading.warn(
            f"the line below the names was read as descriptions, not as a row: {shown_cells(header.labels, 3)}"
        )
        reading.set_aside(
            "a line of descriptions", lines[header.line + 1], 1, "below the names: " + shown_cells(header.labels, 3)
        )


def note_columns(reading, header, names):
    """Keeps what lines of the header say about columns."""
    offset = len(names) - len(header.names) if names[:1] == ["row_name"] else 0
    for index, name in enumerate(names):
        at = index - offset
        for cells, key in ((header.units, "unit"), (header.labels, "label")):
            if cells and 0 <= at < len(cells) and cells[at].strip():
                reading.about(name)[key] = cells[at].strip().strip("[]()") if key == "unit" else cells[at].strip()
        if header.groups and not header.labels and 0 <= at < len(header.groups[0]):
            group = " ".join(dict.fromkeys(row[at] for row in header.groups if row[at]))
            if group and not name.startswith(group):
                reading.about(name)["label"] = f"{group}: {name}"


ANY_NUMBER = re.compile(r"(?:^|\0)\s*[-+(]?[.,]?\d")
# Lines of words amid the rows that may be the names of another table.
NAMES_TRIED = 30


def without_table_below(reading, body, lines, grid, where):
    """Without the rows of another table that follows without a blank line: names where numbers stand, and below them
    rows that are narrower or hold no numbers."""
    extents = [extent(row) for row in body]
    tried = 0
    for at in range(4, len(body) - 2):
        # Names hold no digits at the beginning, so that nearly all rows are passed at once.
        if ANY_NUMBER.search("\0".join(body[at])) or not grid.is_alien(body[at]):
            continue
        tried += 1
        if tried > NAMES_TRIED:
            break
        names = [cell.strip() for cell in body[at] if cell.strip()]
        if len(names) < 2 or len(set(names)) < len(names) or any(map(is_digitish, names)):
            continue
        after = body[at + 1 :]
        narrower = max(extents[at:]) < grid.width and sum(length >= grid.width for length in extents[:at]) >= 0.9 * at
        wordy = not any(grid.is_body(row) for row in after) and max(extents[at:]) <= grid.width
        if not (narrower or wordy) or any(name in map(str.strip, row) for name in names for row in after):
            continue
        told = shown_cells(body[at])
        reading.warn(
            f"there is another table at {where} {lines[at]} ({len(after)} rows, beginning with {told}), right below the first; "
            "it was not read: give it in a file of its own to use it"
        )
        reading.set_aside("another table", lines[at], len(after) + 1, "a table of its own: " + told)
        return body[:at], lines[:at]
    return body, lines


def without_titles(reading, body, lines, grid, where):
    """Without the lines amid the rows that hold one cell of words in a column of numbers: titles of sections."""
    if grid.width < 3 or len(body) < 4:
        return body, lines
    odd = [i for i, row in enumerate(body) if filled(row) == 1 and grid.is_alien(row)]
    if not odd or len(odd) * 4 > len(body):
        return body, lines
    told = "; ".join(shown_cells(body[i]) for i in odd[:3])
    count = len(odd)
    reading.warn(
        f"{counted_lines(count) if count > 1 else 'one line'} amid the rows (the first at {where} {lines[odd[0]]}) "
        f"hold{'s' * (count == 1)} only a title or a note and {'was' if count == 1 else 'were'} left out: {told}"
    )
    reading.set_aside("titles amid the rows", lines[odd[0]], count, "no rows of the table: " + told)
    gone = set(odd)
    kept = [i for i in range(len(body)) if i not in gone]
    return [body[i] for i in kept], [lines[i] for i in kept]


def with_sections(reading, names, body, lines, grid, where):
    """The rows with a column for the titles that stand above groups of them: lines with the first cell alone, the first
    of them right below the names, each above two rows at least that lack no number."""
    titles = [at for at, row in enumerate(body) if filled(row) == 1 and row[0].strip()]
    if len(titles) < 2 or titles[0] != 0 or 0 in grid.numeric or grid.width < 2 or not grid.numeric:
        return names, body, lines
    steps = [after - at for at, after in zip(titles, [*titles[1:], len(body)])]
    heads = [body[at][0].strip() for at in titles]
    away = set(titles)
    rows = [row for at, row in enumerate(body) if at not in away]
    full = all(at < len(row) and row[at].strip() for row in rows for at in grid.numeric)
    # n0, n9 and n18 amid n1, n2, ... are rows without numbers.
    alike = {shape_of(row[0].strip()) for row in rows if row} & {shape_of(head) for head in heads}
    if any("9" in shape for shape in alike):
        return names, body, lines
    if min(steps) < 3 or not full or len(set(heads)) < len(heads) or any(extent(row) > len(names) for row in rows):
        return names, body, lines
    title = next(name for name in ("section", "section of the table", "title of the section") if name not in names)
    shown = ", ".join(repr(head) for head in heads[:4]) + (", ..." if len(heads) > 4 else "")
    reading.warn(
        f"{len(titles)} {where}s hold only a title of the rows below them ({shown}); the titles were read as a column '{title}'"
    )
    reading.set_aside("titles amid the rows", lines[0], len(titles), f"read as the column '{title}': {shown}")
    marked = [head for head, step in zip(heads, steps) for _ in range(step - 1)]
    width = len(names)
    rows = [[*row[:width], *[""] * (width - len(row)), head] for row, head in zip(rows, marked)]
    return [*names, title], rows, [line for at, line in enumerate(lines) if at not in away]


def fit_widths(reading, names, body, lines, grid, where):
    """Names and rows of one width. Rows that are longer than the header are told apart by what is in them."""
    width = len(names)
    if not body:
        return names, body, lines
    extents = [extent(row) for row in body]
    long = [index for index, length in enumerate(extents) if length > width]
    if long and len(long) >= 0.9 * len(body) and max(extents) == width + 1:
        names = names_of_longer(reading, names, body, where)
        width = len(names)
        long = []
    if long:
        body, lines = settle_long(reading, body, lines, long, width, grid, where)
    short = [index for index, row in enumerate(body) if len(row) < width]
    if short and reading.facts["format"] in ("csv", "tsv") and len(short) < len(body):
        count, first = len(short), lines[short[0]]
        ends = "line is" if count == 1 else "lines are"
        reading.warn(
            f"{count} {ends} shorter than the header (the first is {where} {first}); "
            f"{'its' if count == 1 else 'their'} last cells count as missing"
        )
    body = [row if len(row) == width else (row + [""] * (width - len(row)))[:width] for row in body]
    return names, body, lines


def names_of_longer(reading, names, body, where):
    """The names where each row has one cell more than the header: names of rows as R writes them, or a refusal."""
    first = [row[0].strip() for row in body]
    whole = all(NUMBER.match(cell) is None or cell.isdigit() for cell in first)
    if len(set(first)) >= 0.98 * len(first) and all(first) and whole:
        reading.warn("each row has one cell more than there are names; the first was read as the name of the row")
        return ["row_name", *names]
    raise Problem(
        "ragged",
        f"each {where} has {len(names) + 1} cells, but the header has {len(names)} names, and it cannot be told which column "
        "has none; give each column a name (or, if the comma is the decimal mark, part the columns by semicolons)",
    )


def settle_long(reading, body, lines, long, width, grid, where):
    """Cuts long rows whose cells fit the columns, and sets the others aside; refuses where there are many."""
    gone, cut = [], []
    rest = set(long)
    typical = [row for index, row in enumerate(body) if index not in rest][:2000]
    words = {}
    for column in range(min(width, 400)):
        cells = {row[column].strip() for row in typical if column < len(row)}
        numbers = sum(is_digitish(cell) for cell in cells)
        words[column] = (column in grid.numeric, cells if len(cells) <= 50 else None, numbers)
    for index in long:
        odd = 0
        for column, (numeric, cells, numbers) in words.items():
            cell = body[index][column].strip()
            if not cell:
                continue
            if numeric != is_digitish(cell) and not (numeric and is_missing(cell)) and not (not numeric and numbers):
                odd += 1
            elif not numeric and cells is not None and cell not in cells and len(typical) > 20:
                odd += 1
        (gone if odd else cut).append(index)
    count, first = len(long), lines[long[0]]
    if len(gone) * 20 > len(body) or count * 4 > len(body):
        raise Problem(
            "ragged",
            f"{count} of {len(body)} {where}s have more cells than the header has names ({width}); the first is {where} {first}: "
            f"{shown_cells(body[long[0]], 8)}. It cannot be told which column each cell belongs to; correct these {where}s, or "
            "quote the cells that hold the delimiter",
        )
    if cut:
        ends = "line is" if len(cut) == 1 else "lines are"
        reading.warn(
            f"{len(cut)} {ends} longer than the header (the first is {where} {lines[cut[0]]}); what is beyond it was left out"
        )
        reading.set_aside("cells beyond the header", lines[cut[0]], len(cut), "no name above them")
    if gone:
        ends = "line is" if len(gone) == 1 else "lines are"
        reading.warn(
            f"{len(gone)} {ends} longer than the header and {'its' if len(gone) == 1 else 'their'} cells do not fit the columns "
            f"(the first is {where} {lines[gone[0]]}: {shown_cells(body[gone[0]], 8)}); "
            f"{'it was' if len(gone) == 1 else 'they were'} set aside, correct the file to use {'it' if len(gone) == 1 else 'them'}"
        )
        reading.set_aside(
            "lines that do not fit", lines[gone[0]], len(gone), "more cells than names, and not in their columns"
        )
    away = set(gone)
    kept = [index for index in range(len(body)) if index not in away]
    return [body[index] for index in kept], [lines[index] for index in kept]
