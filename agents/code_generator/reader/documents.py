# ---- documents: JSON in its shapes, tables of web pages, XML ----
import datetime
import html.parser
import json
import re
import xml.etree.ElementTree as ElementTree

import pyarrow as pa

# Bytes of a document that is parsed as a whole.
DOCUMENT_BYTES = 256 << 20
# Names within names: deeper ones stay JSON text.
NESTED_DEPTH = 6


def as_text(value):
    """One cell of a typed source as the text that a csv file would hold."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (dict, list)):
        return json.dumps(value, sort_keys=True)
    if isinstance(value, bytes):
        return value.hex()
    if hasattr(value, "isoformat"):
        return value.isoformat(sep=" ") if hasattr(value, "hour") and hasattr(value, "year") else value.isoformat()
    return str(value)


def read_json(reading, raw):
    if len(raw) > DOCUMENT_BYTES:
        raise Problem(
            "too_large", f"a JSON file of more than {DOCUMENT_BYTES >> 20} MiB is not read; give Parquet or csv"
        )
    text = raw.decode("utf-8", errors="replace").strip()
    try:
        try:
            value = json.loads(text)
        except ValueError:
            value = json_lines(reading, text)
    except ValueError as error:
        raise Problem("unreadable", f"the file is not valid JSON lines ({error}); give one object per line") from None
    except RecursionError:
        raise Problem(
            "unreadable", "the JSON is nested too deeply; give one object per line, one key per column"
        ) from None
    names, rows = json_table(reading, value)
    return [
        (name, pa.array(dated_texts(reading, name, [as_text(row.get(name)) for row in rows]), pa.string()))
        for name in names
    ]


def json_lines(reading, text):
    """The values of the lines; a last line that is cut off is set aside."""
    lines = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    values = []
    for number, line in lines:
        try:
            values.append(json.loads(line))
        except ValueError:
            # A document of several lines that is no JSON has its fault further up.
            whole = len(values) > 1 and all(isinstance(value, (dict, list)) for value in values)
            if number != lines[-1][0] or not whole or line.lstrip()[:1] not in ("{", "["):
                raise
            shown = line.strip()[:60] + ("..." if len(line.strip()) > 60 else "")
            reading.warn(
                f"the last line of the file ({number}) is cut off ({shown}); the {len(values)} above it were read"
            )
            reading.set_aside("a line that is cut off", number, 1, f"no whole object: {shown}")
    return values


# Milliseconds since 1970, as JSON of .NET writes a moment; what follows is the place's difference to UTC.
NET_DATE = re.compile(r"\\?/Date\((-?\d{1,15})(?:[+-]\d{4})?\)\\?/")


def dated_texts(reading, name, texts):
    """The texts, with /Date(1700000000000)/ as the day and time (UTC) that it stands for."""
    found = [NET_DATE.fullmatch(text) if text[:6] == "/Date(" or text[:7] == "\\/Date(" else None for text in texts]
    count = sum(match is not None for match in found)
    if not count:
        return texts
    reading.warn(f"'{name}' holds {count} times such as /Date(0)/; they were read as milliseconds since 1970, in UTC")
    return [text if match is None else moment_text(int(match.group(1)), text) for text, match in zip(texts, found)]


def moment_text(milliseconds, text):
    """A moment as a program writes it, or the text as it stands where there is no such day."""
    try:
        moment = datetime.datetime(1970, 1, 1) + datetime.timedelta(milliseconds=milliseconds)
    except OverflowError:
        return text
    return moment.isoformat(sep=" ", timespec="milliseconds" if milliseconds % 1000 else "seconds")


def json_table(reading, value):
    """(names, rows as dictionaries) of a parsed document in any of the shapes that tools write."""
    rows = json_rows(reading, value, 0)
    if (
        rows is None
        and isinstance(value, dict)
        and value
        and not any(isinstance(v, (list, dict)) for v in value.values())
    ):
        rows = [value]
    if not rows:
        raise Problem("not_a_table", "the JSON holds no objects; give one object per line, one key per column")
    rows = with_lists_apart(reading, [flattened(row) for row in rows])
    names = list(dict.fromkeys(key for row in rows for key in row))
    check_column_names(names)
    return names, rows


def json_rows(reading, value, depth):
    """The rows of the table in a value, or None."""
    if isinstance(value, list):
        return rows_of_list(reading, value)
    if not isinstance(value, dict) or not value or depth > NESTED_DEPTH:
        return None
    if isinstance(value.get("features"), list) and value.get("type") == "FeatureCollection":
        return rows_of_features(value["features"])
    for columns, data in (
        ("columns", "data"),
        ("columns", "rows"),
        ("fields", "data"),
        ("fields", "rows"),
        ("header", "rows"),
        ("names", "data"),
    ):
        heads, lines = value.get(columns), value.get(data)
        if (
            isinstance(heads, list)
            and isinstance(lines, list)
            and lines
            and all(isinstance(line, list) for line in lines)
        ):
            heads = [
                as_text(head.get("name", head.get("id", "")) if isinstance(head, dict) else head) for head in heads
            ]
            if all(len(line) == len(heads) for line in lines):
                return [dict(zip(unrepeated(heads), line)) for line in lines]
    rows = rows_of_cube(value)
    rows = rows_of_portal(reading, value) if rows is None else rows
    if rows is not None:
        return rows
    inner = list(value.values())
    if len(inner) > 1 and all(isinstance(part, list) for part in inner):
        lengths = {len(part) for part in inner}
        if (
            len(lengths) == 1
            and lengths != {0}
            and not any(isinstance(cell, (dict, list)) for part in inner for cell in part[:20])
        ):
            return [dict(zip(value, cells)) for cells in zip(*inner)]
    if len(inner) > 1 and all(isinstance(part, dict) and part for part in inner):
        rows = rows_of_dicts(value)
        if rows is not None:
            return rows
    return rows_within(reading, value, depth)


def rows_of_portal(reading, value):
    """The rows of a data portal (Socrata), whose columns are described under meta; None for anything else. What the
    portal notes of each row itself is no measurement and set aside."""
    view = value.get("meta")
    view = view.get("view") if isinstance(view, dict) else None
    heads, lines = view.get("columns") if isinstance(view, dict) else None, value.get("data")
    if not (isinstance(heads, list) and isinstance(lines, list) and heads and lines):
        return None
    if not all(isinstance(head, dict) for head in heads) or not all(
        isinstance(line, list) and len(line) == len(heads) for line in lines
    ):
        return None
    own = [head.get("dataTypeName") == "meta_data" or str(head.get("fieldName", "")).startswith(":") for head in heads]
    own = own if not all(own) else [False] * len(heads)
    names = unrepeated([as_text(head.get("name") or head.get("fieldName") or "") for head in heads])
    if any(own):
        shown = ", ".join(name for name, mine in zip(names, own) if mine)
        reading.set_aside("columns of the portal", None, len(lines), f"what the portal notes of each row: {shown}")
        reading.warn(f"columns that the data portal keeps of each row were left out: {shown}")
    for name, head, mine in zip(names, heads, own):
        if not mine and isinstance(head.get("description"), str) and head["description"].strip():
            reading.about(name)["label"] = head["description"].strip()[:1000]
    parts = [head.get("subColumnTypes") for head in heads]
    return [
        {
            name: dict(zip(part, cell)) if isinstance(part, list) and isinstance(cell, list) else cell
            for name, part, mine, cell in zip(names, parts, own, line)
            if not mine
        }
        for line in lines
    ]


def rows_of_cube(value):
    """The cells of a cube of JSON-stat, as offices publish them, a row each; None for anything else."""
    names, sizes, dimensions, cells = (value.get(key) for key in ("id", "size", "dimension", "value"))
    if not (isinstance(names, list) and isinstance(sizes, list) and isinstance(dimensions, dict)):
        return None
    if len(names) != len(sizes) or not names or not isinstance(cells, (list, dict)):
        return None
    levels = [levels_of_cube(dimensions.get(str(name))) for name in names]
    if any(not known or len(known) != size for known, size in zip(levels, sizes)):
        return None
    rows = []
    for place, cell in cells.items() if isinstance(cells, dict) else enumerate(cells):
        if not str(place).isdigit():
            return None
        rest, row = int(place), {"value": cell}
        for name, known in zip(reversed(names), reversed(levels)):
            rest, at = divmod(rest, len(known))
            row[as_text(name)] = known[at]
        if rest:
            return None
        rows.append(dict(reversed(row.items())))
    return rows


def levels_of_cube(dimension):
    """The labels of one dimension of a cube in their order, or None."""
    category = dimension.get("category") if isinstance(dimension, dict) else None
    index, labels = (category.get("index"), category.get("label")) if isinstance(category, dict) else (None, None)
    labels = labels if isinstance(labels, dict) else {}
    if isinstance(index, dict) and all(isinstance(place, int) for place in index.values()):
        index = sorted(index, key=index.get)
    index = index if isinstance(index, list) else list(labels)
    return [as_text(labels.get(code, code)) if isinstance(code, str) else as_text(code) for code in index]


def unrepeated(names):
    return [
        name if names.index(name) == at else f"{name}.{names[:at].count(name) + 1}" for at, name in enumerate(names)
    ]


def rows_of_list(reading, value):
    if value and all(isinstance(row, list) for row in value) and any(value):
        width = max(map(len, value))
        first = value[0]
        if len(value) > 1 and first and all(isinstance(cell, str) for cell in first) and len(set(first)) == len(first):
            names, lines = first, value[1:]
        else:
            names, lines = [f"column_{index + 1}" for index in range(width)], value
            reading.warn("the rows have no names; columns were named column_1, column_2, ...")
        return [dict(zip(names, line)) for line in lines]
    rows = [row for row in value if isinstance(row, dict)]
    if not rows:
        return None
    if len(rows) < len(value):
        reading.warn(f"{len(value) - len(rows)} JSON values are not objects and were left out")
        reading.set_aside("values that are no objects", None, len(value) - len(rows), "only objects are rows")
    if all(row.get("type") == "Feature" and "properties" in row for row in rows):
        return rows_of_features(rows)
    return rows


def rows_of_features(features):
    """Properties of map features, with the place of points."""
    rows = []
    for feature in features:
        if not isinstance(feature, dict):
            continue
        row = dict(feature.get("properties") or {})
        shape = feature.get("geometry") or {}
        place = shape.get("coordinates") if isinstance(shape, dict) else None
        if isinstance(place, list) and shape.get("type") == "Point" and len(place) >= 2:
            row.setdefault("longitude", place[0])
            row.setdefault("latitude", place[1])
        rows.append(row)
    return rows


def rows_of_dicts(value):
    """{column: {row: value}} or {row: {column: value}}, told apart by the keys and by which of them have one type."""
    inner = list(value.values())
    keys = list(inner[0])
    same = all(list(part) == keys for part in inner)
    if any(isinstance(cell, (dict, list)) for part in inner for cell in part.values()):
        return [{"key": key, **part} for key, part in value.items()] if same and len(inner) > 2 else None
    if not same:
        shared = set(keys).intersection(*map(set, inner))
        if not shared or len(inner) < 3:
            return None
        return [{"key": key, **part} for key, part in value.items()]
    if all(key.isdigit() for key in keys) and not all(key.isdigit() for key in value):
        by_column = True
    elif all(key.isdigit() for key in value):
        by_column = False
    else:
        outer_even = sum(len({type(cell) for cell in part.values() if cell is not None}) <= 1 for part in inner) / len(
            inner
        )
        inner_even = sum(len({type(part[key]) for part in inner if part[key] is not None}) <= 1 for key in keys) / len(
            keys
        )
        by_column = outer_even > inner_even or (outer_even == inner_even and len(keys) > len(inner))
    if by_column:
        return [
            {"key": key, **{name: part[key] for name, part in value.items()}}
            if not key.isdigit()
            else {name: part[key] for name, part in value.items()}
            for key in keys
        ]
    return [part if key.isdigit() else {"key": key, **part} for key, part in value.items()]


def rows_within(reading, value, depth):
    """The rows of the largest table that lies in an object, such as the reply of a service."""
    found = []
    for key, part in value.items():
        if isinstance(part, (list, dict)):
            quiet = Reading(reading.path, "auto", [], reading.target, reading.question)
            rows = json_rows(quiet, part, depth + 1)
            if rows and (isinstance(part, dict) or any(isinstance(row, (dict, list)) for row in part)):
                found.append((key, rows, quiet))
    if not found:
        return None

    def worth(entry):
        names = list(dict.fromkeys(key for row in entry[1][:50] for key in row))
        return reading.mentions(names), len(entry[1]) * len(names)

    best = max(found, key=worth)
    others = [(key, len(rows)) for key, rows, _ in found if key != best[0]]
    if others:
        told = ", ".join(f"{key!r} ({counted_lines(n).replace('line', 'row')})" for key, n in others[:5])
        reading.warn(f"the JSON holds several lists; the rows of {best[0]!r} were read, not those of {told}")
        for key, count in others:
            reading.set_aside("another list", None, count, f"the list {key!r} of the JSON is another table")
    rest = [key for key, part in value.items() if key != best[0] and not isinstance(part, (list, dict))]
    if rest:
        reading.set_aside(
            "values beside the table", None, len(rest), "keys of the JSON outside its rows: " + ", ".join(rest[:10])
        )
    for text in best[2].warnings:
        reading.warn(text)
    reading.facts["set_aside"] += best[2].facts["set_aside"]
    return best[1]


# How MongoDB writes the type of a value.
TYPE_MARKS = {"$date", "$oid", "$numberLong", "$numberInt", "$numberDouble", "$numberDecimal"}


def flattened(row, prefix="", depth=0):
    """One object without objects in it: {"a": {"b": 1}} is {"a.b": 1}."""
    if not prefix and not any(isinstance(value, dict) for value in row.values()):
        return row
    out = {}
    for key, value in row.items():
        name = f"{prefix}{key}"
        while isinstance(value, dict) and len(value) == 1 and next(iter(value)) in TYPE_MARKS:
            value = next(iter(value.values()))
        if isinstance(value, dict) and value and depth < NESTED_DEPTH and len(value) <= 200:
            out.update(flattened(value, name + ".", depth + 1))
        else:
            out[name] = value
    return out


def with_lists_apart(reading, rows):
    """The rows, where lists of as many numbers in each row are columns of their own; other lists stay text, and it is
    said."""
    kept, lists = {}, {}
    for row in rows:
        for name, value in row.items():
            if isinstance(value, list):
                lists.setdefault(name, set()).add(
                    len(value) if all(isinstance(v, (int, float, str)) for v in value) else 0
                )
    for name, lengths in lists.items():
        length = min(lengths)
        if len(lengths) == 1 and 1 < length <= 8:
            kept[name] = length
            reading.warn(
                f"'{name}' holds a list of {length} values in each row, which were read as columns {name}.1 to {name}.{length}"
            )
        else:
            reading.warn(f"'{name}' holds lists, which are no single values; it was read as text")
    if not kept:
        return rows
    return [
        {
            part: cell
            for name, value in row.items()
            for part, cell in (
                [(f"{name}.{at + 1}", v) for at, v in enumerate(value)]
                if name in kept and isinstance(value, list)
                else [(name, value)]
            )
        }
        for row in rows
    ]


class TableParser(html.parser.HTMLParser):
    """Collects the cells of every table of a web page; a table in a table is one of its own."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.tables, self.open, self.cell, self.skip = [], [], None, 0
        self.raised, self.notes, self.size = None, 0, 0

    def handle_starttag(self, tag, attributes):
        known = dict(attributes)
        if tag in ("script", "style"):
            self.skip += 1
        elif tag == "table":
            self.end_cell()
            table = {"rows": [], "held": {}, "heads": 0}
            self.tables.append(table)
            self.open.append(table)
        elif tag == "tr" and self.open:
            self.end_cell()
            self.open[-1]["rows"].append([])
        elif tag in ("td", "th") and self.open:
            self.end_cell()
            if not self.open[-1]["rows"]:
                self.open[-1]["rows"].append([])
            self.cell = ([], span(known.get("colspan"), 200), span(known.get("rowspan"), 10_000), tag)
        elif tag == "br" and self.cell:
            self.cell[0].append(" ")
        elif tag == "sup" and self.cell:
            self.raised = len(self.cell[0])

    def handle_endtag(self, tag):
        if tag in ("script", "style"):
            self.skip = max(0, self.skip - 1)
        elif tag in ("td", "th", "tr"):
            self.end_cell()
        elif tag == "sup" and self.cell and self.raised is not None:
            self.end_raised()
        elif tag == "table" and self.open:
            self.end_cell()
            self.open.pop()

    def handle_data(self, data):
        if self.cell is not None and not self.skip:
            self.cell[0].append(data)

    def end_raised(self):
        """A raised 3 is a power behind 10, part of a unit behind a letter, and a note behind anything else."""
        parts = self.cell[0]
        before, raised = "".join(parts[: self.raised]), "".join(parts[self.raised :]).strip()
        if re.search(r"[\u00d7x*\u00b7]\s*10$", before):
            parts.insert(self.raised, "^")
        elif (
            before.strip()
            and not (before[-1].isalpha() and raised in ("2", "3", "-1", "\u22121"))
            and self.cell[3] == "td"
        ):
            del parts[self.raised :]
            self.notes += 1
        self.raised = None

    def end_cell(self):
        self.raised = None
        if self.cell is None or not self.open:
            self.cell = None
            return
        parts, wide, high, _ = self.cell
        self.cell = None
        table, text = self.open[-1], re.sub(r"\s+", " ", "".join(parts)).strip()
        row, at = table["rows"][-1], len(table["rows"]) - 1
        self.fill_held(table, row, at)
        for _ in range(wide):
            if high > 1:
                table["held"][len(row)] = (at + high, text)
            row.append(text)
            self.fill_held(table, row, at)
        self.size += wide
        if len(row) > COLUMNS_READ or self.size > CELLS_READ:
            raise Problem(
                "too_large", "the cells of the web page span more columns or rows than are read; save the table as csv"
            )

    def fill_held(self, table, row, at):
        """Cells that a cell above reaches down to."""
        held = table["held"]
        while held.get(len(row), (0, ""))[0] > at:
            row.append(held[len(row)][1])
            self.size += 1


def span(text, most):
    return max(1, min(int(text), most)) if text and text.strip().isdigit() else 1


def read_html(reading, raw):
    if len(raw) > DOCUMENT_BYTES // 4:
        raise Problem("too_large", "the web page is too large to be read; save the table in it as csv")
    parser = TableParser()
    parser.feed(raw.decode("utf-8", errors="replace"))
    parser.close()
    parser.end_cell()
    if parser.notes:
        reading.warn(
            f"raised marks behind the text of {number_of(parser.notes, 'cell')} were taken for notes and left out"
        )
    tables = [table["rows"] for table in parser.tables]
    tables = [[row for row in rows if filled(row)] for rows in tables]
    tables = [rows for rows in tables if len(rows) > 1 and max(map(len, rows)) > 1]
    if not tables:
        raise Problem("not_a_table", "this is a web page without a table; save the data themselves as csv")
    best = max(
        tables, key=lambda rows: (reading.mentions([c for row in rows[:4] for c in row]), sum(map(filled, rows)))
    )
    others = [rows for rows in tables if rows is not best]
    if others:
        reading.warn(
            f"the web page holds {len(tables)} tables; the one that begins with {shown_cells(best[0])} was read"
        )
        for rows in others:
            reading.set_aside("another table", None, len(rows), "a table of its own: " + shown_cells(rows[0]))
    return read_grid(reading, best, 1, "row")


def read_xml(reading, raw):
    if b"<!ENTITY" in raw[: 1 << 20] or b"<!DOCTYPE" in raw[:4096]:
        raise Problem("unreadable", "the XML file defines entities, which is not read; save the table in it as csv")
    if len(raw) > DOCUMENT_BYTES // 4:
        raise Problem("too_large", "the XML file is too large to be read; save the table in it as csv or Parquet")
    raw = re.sub(rb"""^(\s*<\?xml[^>]*?)\s+encoding\s*=\s*["'][^"']*["']""", rb"\1", raw)
    try:
        root = ElementTree.fromstring(raw)
    except (ElementTree.ParseError, ValueError) as error:
        raise Problem("unreadable", f"the XML file is damaged ({error}); save the table in it as csv") from None
    if local_name(root.tag) == "Workbook" and "spreadsheet" in root.tag:
        return read_spreadsheet_xml(reading, root)
    if local_name(root.tag) == "svg":
        raise Problem("not_a_table", "this is a picture (SVG); give the numbers in it as csv")
    best, count = None, 1
    for parent in root.iter():
        tags = {}
        for child in parent:
            tags[child.tag] = tags.get(child.tag, 0) + 1
        for tag, number in tags.items():
            weight = number * max(1, max(len(child) + len(child.attrib) for child in parent if child.tag == tag))
            if number > 1 and weight > count:
                best, count = (parent, tag), weight
    if best is None:
        raise Problem("not_a_table", "the XML holds no element that repeats like a row; save the table in it as csv")
    elements = [child for child in best[0] if child.tag == best[1]]
    rows = [xml_row(element) for element in elements]
    names = list(dict.fromkeys(name for row in rows for name in row))
    check_column_names(names)
    reading.facts["element"] = local_name(best[1])
    return [(name, pa.array([row.get(name, "") for row in rows], pa.string())) for name in names]


def local_name(tag):
    return tag.rsplit("}", 1)[-1] if isinstance(tag, str) else ""


def xml_row(element, prefix="", depth=0):
    """Attributes and text of an element and of those in it, by name."""
    row = {prefix + local_name(key): value for key, value in element.attrib.items()}
    named = len(element) > 1 and all(
        set(map(local_name, child.attrib)) == {"name"} and not len(child) for child in element
    )
    for child in element:
        name = child.attrib.get("name") if named else local_name(child.tag)
        if len(child) and depth < NESTED_DEPTH:
            for key, value in xml_row(child, f"{prefix}{name}.", depth + 1).items():
                row.setdefault(key, value)
        else:
            row.setdefault(prefix + name, (child.text or "").strip())
            if not named:
                for key, value in child.attrib.items():
                    row.setdefault(f"{prefix}{name}.{local_name(key)}", value)
    if not len(element) and (element.text or "").strip():
        row.setdefault(prefix.rstrip(".") or local_name(element.tag), element.text.strip())
    return row


def read_spreadsheet_xml(reading, root):
    """Excel's XML of 2003."""
    sheets = []
    for sheet in root:
        if local_name(sheet.tag) != "Worksheet":
            continue
        name = next((value for key, value in sheet.attrib.items() if local_name(key) == "Name"), "")
        rows = []
        for line in (
            item
            for table in sheet
            if local_name(table.tag) == "Table"
            for item in table
            if local_name(item.tag) == "Row"
        ):
            row = []
            for cell in line:
                index = next((value for key, value in cell.attrib.items() if local_name(key) == "Index"), None)
                if index and index.isdigit() and len(row) < int(index) - 1 <= COLUMNS_READ:
                    row += [""] * (int(index) - 1 - len(row))
                row.append("".join("".join(data.itertext()) for data in cell if local_name(data.tag) == "Data"))
            rows.append(row)
        sheets.append((name, rows, False))
    reading.facts["format"] = "excel"
    return read_sheets(reading, sheets)
