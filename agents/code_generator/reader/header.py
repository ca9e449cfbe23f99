# ---- header: which lines of a grid of cells are names, which are rows, and which are neither ----
import re

TYPE_WORDS = frozenset(
    "double float float32 float64 real numeric number decimal int int8 int16 int32 int64 integer bigint smallint long varchar char text "
    "string str character factor bool boolean logical date datetime timestamp time object category nominal ordinal continuous "
    "discrete categorical dbl chr lgl fct dttm num avg smp tot cmp wvc".split()
)  # fmt: skip
UNIT_CELL = re.compile(
    r"\s*[\[(]?\s*(?:%|°\s?[CFK]?|ratio|score|ts|rn|deg\s?[cfk]|points?|count|counts|number|no\.?|n|years?|yrs?|y|months?|mo|weeks?|days?|d|hours?|hrs?|h|min|"
    r"minutes?|sec|seconds?|s|ms|µs|us|ns|kg|g|mg|µg|ug|ng|pg|lbs?|oz|t|tons?|tonnes?|km|m|dm|cm|mm|µm|um|nm|inch|inches|in|ft|miles?|mi|"
    r"l|dl|ml|µl|ul|mol|mmol|µmol|nmol|pmol|k|c|f|deg|degrees?|pa|hpa|kpa|mpa|bar|mbar|mmhg|atm|psi|j|kj|mj|kcal|cal|kwh|wh|w|kw|mw|v|mv|"
    r"kv|a|ma|ohm|hz|khz|mhz|ghz|bpm|rpm|ppm|ppb|db|eur|usd|gbp|chf|\$|€|£|iu|u|cells|copies|units?|a\.?u\.?|arb\.? units?|-|1|"
    r"[µa-z%°]{1,6}\s?(?:[/·*.^²³]\s?[µa-z0-9%²³\-−]{1,6}|\s[a-z]{1,4}[-−]?\d)+)\s*[\])]?\s*\Z",
    re.IGNORECASE,
)
NOTE = re.compile(
    r"\s*(?:source|sources|note|notes|nb|n\.b\.|remark|remarks|comment|comments|total|totals|sum|created|generated|downloaded|extracted|exported|"
    r"printed|accessed|retrieved|last updated|updated|copyright|©|\(c\)|\*+|†|‡|#|--|footnote|legend|key|data from|see |end of|disclaimer|"
    r"license|licence|contact|n ?=|\(?\d+ rows?|quelle|hinweis|stand:|fuente|nota|fonte|anm(?:erkung|\.|:)|"
    r"\u017ar\u00f3d\u0142o|uwaga|kilde|k\u00e4lla|l\u00e4hde|huom|bron:|zdroj|forr\u00e1s|sursa|kaynak|"
    r"\u0438\u0441\u0442\u043e\u0447\u043d\u0438\u043a|\u043f\u0440\u0438\u043c\u0435\u0447\u0430\u043d\u0438\u0435|"
    r"\u0434\u0436\u0435\u0440\u0435\u043b\u043e|"
    r"\u51fa\u5178|\u51fa\u6240|\u8cc7\u6599|\u8d44\u6599|\u6570\u636e\u6765\u6e90|"
    r"\u6765\u6e90|\u6ce8[\uff1a:\uff09)]|\u6ce8\u91ca|\ucd9c\ucc98|\uc790\ub8cc)",
    re.IGNORECASE,
)


def filled(row):
    return sum(map(bool, map(str.strip, row)))


def extent(row):
    """How many cells there are up to the last that is not blank."""
    length = len(row)
    while length and not row[length - 1].strip():
        length -= 1
    return length


def is_missing(cell):
    return cell.strip().lower() in MISSING_WORDS


def is_digitish(cell):
    """A number in some spelling, a date or a time."""
    return len(cell) < 80 and (DIGITISH.match(cell) is not None or DAY_CELL.match(cell) is not None)


class Grid:
    """What the columns of some rows hold mostly, so that it can be said which rows are like the others."""

    def __init__(self, rows):
        rows = [row for row in rows if filled(row)]
        later = rows[max(1, len(rows) // 3) :] if len(rows) > 1 else rows
        step = max(1, len(later) // 200)
        later = later[::step]
        extents = [extent(row) for row in later] or [0]
        # The width that the body agrees on: the widest that is not a rare exception.
        self.width = max(
            value
            for value in set(extents)
            if extents.count(value) * 4 >= len(extents) or value == max(set(extents), key=extents.count)
        )
        self.looked = range(self.width) if self.width <= 400 else range(0, self.width, self.width // 400 + 1)
        self.numeric = []
        for index in self.looked:
            cells = [row[index] for row in later if len(row) > index and not is_missing(row[index])]
            fits = sum(is_digitish(cell) for cell in cells)
            if cells and fits >= 0.6 * len(cells) and len(cells) * 20 >= len(later):
                self.numeric.append(index)

    def counts(self, row):
        """(cells that are numbers, cells that are not) where the columns hold numbers."""
        fits = odd = 0
        for index in self.numeric:
            if index < len(row) and not is_missing(row[index]):
                if is_digitish(row[index]):
                    fits += 1
                else:
                    odd += 1
        return fits, odd

    def is_body(self, row):
        fits, odd = self.counts(row)
        return fits > 0 and fits >= odd

    def is_alien(self, row):
        """True where words stand in most of the columns of numbers."""
        fits, odd = self.counts(row)
        return odd > fits


class Header:
    """Where the names of a table are, and what else stands above its rows."""

    def __init__(self):
        self.names, self.start, self.first = [], 0, 0
        self.units, self.labels, self.groups = None, None, None
        self.invented, self.skipped = False, 0


def find_header(reading, rows, grid):
    """The header of `rows`, of which none is blank."""
    header = Header()
    width = grid.width
    enough = max(1, min(2, width), -(-width // 2))
    top = first_alien(rows, grid, enough) if reading.header is None else 0
    if reading.header == 0 or (top is None and grid.numeric and looks_headless(rows[:60])):
        header.invented = True
        header.names = [f"column_{index + 1}" for index in range(max(len(row) for row in rows[:60]))]
        return header
    if top is None:
        # Only words, or numbers as names: the first line that is as wide as the others.
        wide = [index for index, row in enumerate(rows[:30]) if filled(row) >= max(enough, 0.6 * width)]
        top = wide[0] if wide else 0
        if top and grid.numeric and looks_headless(rows[top : top + 60]):
            header.invented, header.first, header.start = True, top, top
            header.names = [f"column_{index + 1}" for index in range(max(len(row) for row in rows[top : top + 60]))]
            return header
        header.first, header.start, run = top, top + 1, rows[top : top + 1]
    else:
        end = top + 1
        while end < len(rows) and end - top < 12 and not grid.is_body(rows[end]) and grid.is_alien(rows[end]):
            end += 1
        header.first, header.start, run = top, end, rows[top:end]
    header.skipped = header.first
    name_columns(reading, header, run, grid, rows[header.start : header.start + 300])
    return header


def first_alien(rows, grid, enough):
    """The first line of the header: it has words where the columns hold numbers, and stands before the rows begin."""
    body, found = 0, []
    for index, row in enumerate(rows[:100]):
        if grid.is_body(row):
            body = body + 1 if extent(row) * 4 >= 3 * grid.width else body
            if body > 3:
                break
        elif grid.is_alien(row) and filled(row) >= enough:
            found.append(index)
    if not found:
        return None
    if grid.width == 1:
        # The last of the lines above the numbers; those before it are titles.
        index = found[0]
        while index + 1 < len(rows) and grid.is_alien(rows[index + 1]):
            index += 1
        return index
    most = max(filled(rows[index]) for index in found)
    index = next(index for index in found if filled(rows[index]) >= 0.9 * most)
    # Names of groups of columns stand above, as wide as the names.
    while index and is_group_line(rows[index - 1], grid, rows[index]):
        index -= 1
    return index


def is_group_line(row, grid, below):
    """True where a line holds names of groups of the columns below it: words, or years above names that repeat."""
    several = filled(row) > 1 or not row[0].strip()
    cells, names = [cell.strip() for cell in row if cell.strip()], [cell.strip() for cell in below if cell.strip()]
    years = len(set(cells)) == len(cells) > 1 and all(re.fullmatch(r"(?:19|20)\d\d", cell) for cell in cells)
    years = years and len(set(names)) < len(names)
    return several and (grid.is_alien(row) or years) and extent(row) * 2 > grid.width


def name_columns(reading, header, run, grid, below):
    """Fills in the names from one to several lines of names, groups, units, types and questions."""
    kinds = [kind_of_line(row, run, index, grid) for index, row in enumerate(run)]
    names_at = [index for index, kind in enumerate(kinds) if kind == "names"] if reading.header is None else [0]
    names_at = names_at or [0]
    best = names_at[0]
    for index in names_at[1:]:
        if better_names(reading, run[index], run[best]):
            best = index
    for index in range(best + 1, len(run)):
        if kinds[index] == "names" and not describes(run[index], run[best], grid, below):
            # A row with words in place of numbers, not a description of the names.
            header.start -= len(run) - index
            run, kinds = run[:index], kinds[:index]
            break
    names = [" ".join(cell.split("\n")).strip() if "\n" not in cell else cell.strip() for cell in run[best]]
    names = names[: extent(run[best])]
    above = [spread(row, len(names)) for row, kind in zip(run[:best], kinds[:best]) if kind in ("group", "names")]
    header.skipped += sum(1 for kind in kinds[:best] if kind == "title")
    for index, kind in enumerate(kinds):
        row = run[index]
        if index == best or kind in ("title", "rule"):
            continue
        if index < best:
            continue
        if kind == "units":
            header.units = row
        elif kind == "types":
            reading.set_aside("a line of data types", None, 1, "below the names: " + shown_cells(row))
        elif kind == "imports":
            reading.set_aside("a line of the survey tool", None, 1, "below the names: " + shown_cells(row))
        elif header.labels is None:
            header.labels = row
        else:
            longest = max(len(row), len(header.labels))
            pairs = zip(row + [""] * longest, header.labels + [""] * longest)
            header.labels = ["; ".join(filter(None, (upper.strip(), lower.strip()))) for lower, upper in pairs][
                :longest
            ]
    if above:
        header.groups = above
        repeated = {name for name in names if names.count(name) > 1}
        names = [
            " ".join(dict.fromkeys([*(row[i] for row in above if row[i]), *([] if is_generic(name) else [name])]))
            if name in repeated or is_generic(name)
            else name
            for i, name in enumerate(names)
        ]
    header.names = names
    header.line = header.first + best


def is_generic(name):
    """True where a name says nothing that the group above it does not."""
    return not name or name.lower() in ("response", "open-ended response", "answer", "value")


def kind_of_line(row, run, index, grid):
    cells = [cell.strip() for cell in row if cell.strip()]
    if not cells or all(re.fullmatch(r"[-=+_:|~ ]{1,}", cell) for cell in cells):
        return "rule"
    if index and all(cell.startswith("{") and "ImportId" in cell for cell in cells):
        return "imports"
    if index and all(re.sub(r"[(\[].*", "", cell).strip(" <>").lower() in TYPE_WORDS for cell in cells):
        return "types"
    if index and all(UNIT_CELL.match(cell) for cell in cells if not is_missing(cell)):
        return "units"
    if index + 1 < len(run):
        # Above other lines of words: a title, or the names of groups of columns.
        wider = max(filled(other) for other in run[index + 1 :])
        if len(cells) == 1 and grid.width > 1 and row[0].strip():
            return "title"
        if len(cells) < wider or len(set(cells)) <= len(cells) // 2:
            below = run[index + 1]
            units = all(UNIT_CELL.match(cell) for cell in below if cell.strip()) and filled(below) < len(cells)
            return "names" if units else "group"
    return "names"


def better_names(reading, row, other):
    """True where `row`, which stands lower, is the one that holds the names."""
    mine, theirs = reading.mentions([cell.strip() for cell in row]), reading.mentions([cell.strip() for cell in other])
    if mine != theirs:
        return mine > theirs
    cells, others = [c.strip() for c in row if c.strip()], [c.strip() for c in other if c.strip()]
    if len(set(cells)) != len(set(others)):
        return len(set(cells)) > len(set(others))
    # Questions and descriptions are longer than names.
    return sum(map(len, cells)) * 3 < sum(map(len, others))


def describes(row, names, grid, below):
    """True where a line of words below the names says something of them and is no row with words for numbers."""
    for index, cell in enumerate(row[: grid.width]):
        cell = cell.strip()
        if not cell or index in grid.numeric:
            continue
        others = [other[index].strip() for other in below if index < len(other) and other[index].strip()]
        if cell in others or (
            re.search(r"\d", cell) and [shape_of(other) for other in others].count(shape_of(cell)) * 2 > len(others)
        ):
            return False
    cells, heads = [c.strip() for c in row if c.strip()], [c.strip() for c in names if c.strip()]
    spaced = sum(" " in cell for cell in cells) * 2 >= len(cells)
    longer = sum(map(len, cells)) * len(heads) >= 1.5 * sum(map(len, heads)) * len(cells)
    above = [row[index].strip() for index in grid.numeric if index < len(row) and row[index].strip()]
    others = any(index not in grid.numeric and cell.strip() for index, cell in enumerate(row))
    fits = len(set(above)) >= 0.6 * len(above) or (others and len(set(above)) == 1)
    words = all(len(cell) > 3 for cell in cells)
    return fits and (spaced or longer or words)


def shape_of(cell):
    return re.sub(r"\d+", "9", re.sub(r"[^\W\d_]+", "a", cell))


def spread(row, width):
    """Names of groups over all columns that they stand above: those of merged cells stand in the first only."""
    out, last = [], ""
    for index in range(width):
        cell = row[index].strip() if index < len(row) else ""
        last = cell or last
        out.append(last)
    return out


def shown_cells(row, limit=6):
    cells = [cell.strip()[:40] for cell in row if cell.strip()]
    return ", ".join(repr(cell) for cell in cells[:limit]) + (", ..." if len(cells) > limit else "")


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


def count_notes(rows, grid):
    """How many of the last rows are notes below the table and no rows of it."""
    count = 0
    for row in reversed(rows[-60:]):
        if not is_note(row, grid):
            break
        count += 1
    return count


def is_note(row, grid):
    cells = [cell.strip() for cell in row if cell.strip()]
    if not cells:
        return True
    if (
        len(cells) == 1
        and grid.width > 1
        and re.fullmatch(r"\(?\d[\d, ]* (?:rows?|records?|lines?|entries)\b.*", cells[0])
    ):
        return True
    if grid.is_body(row):
        return False
    if grid.width == 1:
        return grid.is_alien(row) and bool(NOTE.match(cells[0]) or len(cells[0].split()) > 2)
    if grid.is_alien(row) and NOTE.match(cells[0]) and len(row) < grid.width:
        return True
    if len(cells) > max(1, grid.width // 3):
        return False
    if grid.is_alien(row) and (len(cells) == 1 or NOTE.match(cells[0])):
        return True
    if len(cells) > 1 or grid.is_alien(row):
        return bool(NOTE.match(cells[0])) and grid.is_alien(row)
    # One cell in a column of words: a name whose values are all missing, or a note.
    short = len(row) < grid.width
    return (
        bool(NOTE.match(cells[0]) and (":" in cells[0] or short))
        or len(cells[0].split()) > 5
        or (short and len(cells[0].split()) > 2)
    )
