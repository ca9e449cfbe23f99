"""Reported kinds of layouts, with other columns, values and spellings: headers, totals, notes, delimiters, sheets."""

import datetime

from clean import (
    BEGIN,
    anova,
    by_level,
    comma,
    dated,
    linked,
    over_time,
    pearson,
    raw,
    rows_of,
    shares,
    text,
    workbook,
)
from make import case

# ---- shifted by one column ----


@case("shifted by one column", "each data line ends in a bar, the header does not", ["mass", "drag"], rows=32)
def trailing_bar(rand):
    x, y = linked(rand, 32, 8, 2, 1.5, 3, 2)
    lines = ["mass|drag|shape|trial"] + [
        f"{a}|{b}|{c}|{i % 4 + 1}|" for i, (a, b, c) in enumerate(zip(x, y, shares(rand, 32, ["cone", "disc"])))
    ]
    return "\n".join(lines) + "\n", pearson(x, y, {"mass": x})


@case("shifted by one column", "header and data lines end in a semicolon", ["mass", "drag"], rows=32)
def trailing_in_both(rand):
    x, y = linked(rand, 32, 8, 2, 1.5, 3, 2)
    return "mass;drag;shape;\n" + "".join(f"{a};{b};disc{i % 2};\n" for i, (a, b) in enumerate(zip(x, y))), pearson(
        x, y
    )


@case("shifted by one column", "row names without a name for their column, all different", ["tar", "nicotine"], rows=28)
def row_names(rand):
    x, y = linked(rand, 28, 12, 4, 0.06, 0.1, 0.1, 1, 2)
    lines = ["tar,nicotine,filter"] + [
        f"brand {chr(97 + i % 26)}{i},{a},{b},{i % 3}" for i, (a, b) in enumerate(zip(x, y))
    ]
    return "\n".join(lines) + "\n", pearson(x, y, {"tar": x})


@case("shifted by one column", "single quotes around cells that hold semicolons", ["area", "offer"], rows=30)
def single_quoted(rand):
    x, y = linked(rand, 30, 70, 20, 2.8, 40, 30, 0)
    lines = ["area;place;offer"] + [
        f"{a:.0f};'Lane {i}; {['left', 'right'][i % 2]} door';{b:.0f}" for i, (a, b) in enumerate(zip(x, y))
    ]
    return "\n".join(lines) + "\n", pearson(x, y, {"offer": y})


@case(
    "shifted by one column", "commas within cells stand behind a backslash, without quotes", ["seats", "fee"], rows=30
)
def escaped_commas(rand):
    x, y = linked(rand, 30, 60, 15, 3, 20, 25, 0)
    lines = ["hall,seats,fee"] + [
        f"Hall {i}\\, {['east', 'west', 'main'][i % 3]} wing,{a:.0f},{b:.0f}" for i, (a, b) in enumerate(zip(x, y))
    ]
    return "\n".join(lines) + "\n", pearson(x, y, {"fee": y})


@case(
    "shifted by one column",
    "two blanks behind each comma, some cells quoted with commas in them",
    ["length", "toll"],
    rows=30,
)
def blanks_and_quotes(rand):
    x, y = linked(rand, 30, 120, 40, 0.4, 8, 9, 1)
    lines = ["road,  length,  toll"] + [
        f'"A{i}",  {a},  "{b:.1f}"' if i % 2 else f'"B{i}, old, north",  {a},  {b}'
        for i, (a, b) in enumerate(zip(x, y))
    ]
    return "\n".join(lines) + "\n", pearson(x, y, {"toll": y})


# ---- above the header ----


@case("above the header", "names and values of a report, a line each, then a blank line", ["kmh", "litres"], rows=30)
def report_head(rand):
    x, y = linked(rand, 30, 100, 22, 0.06, 1, 0.8, 0, 1)
    head = "Report:;Consumption\nVehicle:;Van 12\nFrom:;01.02.2023\nTo:;28.02.2023\nUnit:;l/100 km\n\n"
    return head + text(
        {"kmh": [int(v) for v in x], "litres": [comma(v, 1) for v in y], "trip": range(1, 31)}, ";"
    ), pearson(x, y, {"litres": y})


@case("above the header", "sep=| before the names", ["beats", "watts"], rows=30)
def separator_line(rand):
    x, y = linked(rand, 30, 140, 15, 2.1, -120, 20, 0)
    return "sep=|\r\n" + text({"beats": x, "watts": y, "rider": shares(rand, 30, ["x, y", "z"])}, "|", "\r\n"), pearson(
        x, y, {"watts": y}
    )


@case("above the header", "lines of notes behind % and //", ["freq", "gain"], ext="txt", rows=30)
def lines_of_notes(rand):
    x, y = linked(rand, 30, 1200, 300, -0.004, 14, 1.1, 0, 2)
    return "% network analyser, port 2\n% 401 points, 10 ms\n// cable: 3 m\n" + text(
        {"freq": x, "gain": y}, "\t"
    ), pearson(x, y, {"freq": x})


@case("above the header", "one quoted title with commas in it", ["hops", "bitter"], rows=30)
def quoted_title(rand):
    x, y = linked(rand, 30, 30, 9, 0.9, 5, 6, 1)
    return '"Brews of 2021, 2022, and 2023: all kettles"\n' + text(
        {"brew": [f"k{i}" for i in range(30)], "hops": x, "bitter": y}
    ), pearson(x, y)


@case(
    "above the header",
    "a logo's line, a date and a blank row above a workbook's names",
    ["km", "wear"],
    ext="xlsx",
    rows=28,
)
def workbook_head(rand):
    x, y = linked(rand, 28, 42, 14, 0.11, 0.4, 0.9, 1)
    rows = [
        ["ACME Tyres Ltd."],
        [None, None, "as of", datetime.date(2023, 5, 4)],
        [],
        [],
        *rows_of({"km": x, "wear": y, "axle": shares(rand, 28, ["front", "rear"])}),
    ]
    return workbook(("Sheet1", rows)), pearson(x, y, {"km": x})


# ---- rows of headers ----


@case("rows of headers", "units in square brackets in the second row", ["kraft", "weg"], rows=32)
def units_row(rand):
    x, y = linked(rand, 32, 400, 90, 0.02, 1, 1.2, 1)
    lines = ["kraft;weg;probe", "[N];[mm];[-]"] + [
        f"{comma(a, 1)};{comma(b, 1)};{i % 3 + 1}" for i, (a, b) in enumerate(zip(x, y))
    ]
    return "\n".join(lines) + "\n", pearson(x, y, {"kraft": x})


@case("rows of headers", "groups above the names, with blanks between", ["sys", "dia"], rows=32)
def groups_above(rand):
    x, y = linked(rand, 32, 128, 14, 0.5, 18, 7, 0)
    lines = [",pressure,,,notes,", "pid,sys,dia,pulse,ward,nurse"] + [
        f"{i},{a:.0f},{b:.0f},{rand.randint(55, 95)},{'AB'[i % 2]},{'xyz'[i % 3]}" for i, (a, b) in enumerate(zip(x, y))
    ]
    return "\n".join(lines) + "\n", pearson(x, y, {"sys": x})


@case(
    "rows of headers", "a survey tool's second row: Response, Open-Ended Response", ["Satisfied", "Recommend"], rows=40
)
def response_row(rand):
    x = [rand.randint(1, 10) for _ in range(40)]
    y = [min(10, max(0, v + rand.choice([-2, -1, 0, 0, 1]))) for v in x]
    lines = ["Respondent ID,Satisfied,Recommend,Comment", ",Response,Response,Open-Ended Response"] + [
        f"1140{i:03},{a},{b},fine {i}" for i, (a, b) in enumerate(zip(x, y))
    ]
    return "\n".join(lines) + "\n", pearson(x, y)


@case("rows of headers", "the header again after each 12 rows, with page breaks", ["load", "bend"], rows=36)
def header_on_each_page(rand):
    x, y = linked(rand, 36, 60, 18, 0.09, 1, 1.1, 1)
    lines = []
    for page in range(3):
        lines += ["beam,load,bend"] + [f"b{i},{x[i]},{y[i]}" for i in range(12 * page, 12 * page + 12)]
    return "\n".join(lines) + "\n", pearson(x, y, {"load": x})


@case("rows of headers", "types below the names: integer, double, varchar", ["volts", "amps"], rows=30)
def types_row(rand):
    x, y = linked(rand, 30, 110, 20, 0.04, 0.5, 0.8, 1, 2)
    lines = ["cell|volts|amps", "varchar(8)|double|double"] + [f"c{i:03}|{a}|{b}" for i, (a, b) in enumerate(zip(x, y))]
    return "\n".join(lines) + "\n", pearson(x, y)


@case(
    "rows of headers",
    "merged titles of two rows above the names in a workbook",
    ["yield", "protein"],
    ext="xlsx",
    rows=26,
)
def merged_titles(rand):
    x, y = linked(rand, 26, 7, 1.3, -0.8, 17, 1, 1)
    rows = [
        ["Field", None, "Laboratory", None],
        *rows_of(
            {
                "yield": x,
                "rows_sown": [i % 5 + 4 for i in range(26)],
                "protein": y,
                "gluten": [round(2 * v, 0) for v in y],
            }
        ),
    ]

    def merge(book):
        book.active.merge_cells("A1:B1")
        book.active.merge_cells("C1:D1")

    return workbook(("2022", rows), change=merge), pearson(x, y, {"yield": x})


# ---- below the last row ----


@case("below the last row", "a count of rows as a database prints it", ["stock", "orders"], rows=30)
def rows_selected(rand):
    x, y = linked(rand, 30, 300, 80, 0.3, 20, 18, 0)
    columns = {"part": [f"P{i}" for i in range(30)], "stock": x, "orders": y}
    return text(columns) + "\n(30 rows affected)\n", pearson(x, y, {"stock": x})


@case("below the last row", "a legend of five lines after a blank one", ["canopy", "birds"], rows=30)
def legend(rand):
    x, y = linked(rand, 30, 55, 15, 0.3, 2, 5, 0)
    notes = "\nLegend\ncanopy = cover in percent, from above\nbirds = pairs that bred\n"
    notes += "Counted by two people; see the annex\nLast change: 3 May 2023\n"
    return text({"canopy": x, "birds": y, "bank": shares(rand, 30, ["left", "right"])}, ";") + notes, pearson(
        x, y, {"canopy": x}
    )


@case("below the last row", "a second table with other columns, after two blank lines", ["rooms", "heat"], rows=28)
def second_table(rand):
    x, y = linked(rand, 28, 5, 1.4, 2100, 800, 1500, 0)
    second = "\n\ncity,mayor,since\n" + "".join(f"C{i},M{i},{2001 + i}\n" for i in range(5))
    return text(
        {"house": [f"h{i}" for i in range(28)], "rooms": x, "heat": y, "storeys": [i % 4 + 1 for i in range(28)]}
    ) + second, pearson(x, y)


@case(
    "below the last row",
    "printed on, page and signature below a workbook's rows",
    ["dose", "relief"],
    ext="xlsx",
    rows=28,
)
def workbook_signature(rand):
    x, y = linked(rand, 28, 40, 12, 0.15, 1, 1.6, 1)
    rows = rows_of({"dose": x, "relief": y, "arm": shares(rand, 28, ["a", "b"])}) + [
        [],
        ["Printed on 2 June 2023"],
        ["Page 1 of 1"],
        [None, None, "signed: Dr. K."],
    ]
    return workbook(("trial", rows)), pearson(x, y, {"dose": x})


# ---- totals and summary rows ----


@case("totals and summary rows", "the first row is the total", ["beds", "nights"], rows=30)
def total_on_top(rand):
    x, y = linked(rand, 30, 140, 45, 2, 300, 160, 0)
    x, y = [int(v) for v in x], [int(v) for v in y]
    return text(
        {"region": ["All regions", *[f"R{i:02}" for i in range(30)]], "beds": [sum(x), *x], "nights": [sum(y), *y]}
    ), pearson(x, y, {"beds": x})


@case("totals and summary rows", "Summe and Mittelwert below the last row", ["regen", "ertrag"], rows=30)
def german_sums(rand):
    x, y = linked(rand, 30, 45, 12, 0.7, 20, 9, 1)
    last = [["Summe", comma(sum(x), 1), comma(sum(y), 1)], ["Mittelwert", comma(sum(x) / 30, 1), comma(sum(y) / 30, 1)]]
    rows = [
        ["ort", "regen", "ertrag"],
        *[[f"Ort {i}", comma(a, 1), comma(b, 1)] for i, (a, b) in enumerate(zip(x, y))],
        *last,
    ]
    return "".join(";".join(row) + "\n" for row in rows), pearson(x, y, {"regen": x})


@case("totals and summary rows", "a sum without a label after each of four shops", ["visitors", "sales"], rows=32)
def sums_without_labels(rand):
    x, y = linked(rand, 32, 210, 60, 1.4, 90, 130, 0)
    x, y = [int(v) for v in x], [int(v) for v in y]
    lines = ["shop,day,visitors,sales"]
    for shop in range(4):
        part = range(8 * shop, 8 * shop + 8)
        lines += [f"{'NSEW'[shop]},{i % 8 + 1},{x[i]},{y[i]}" for i in part]
        lines += [f",,{sum(x[i] for i in part)},{sum(y[i] for i in part)}"]
    return "\n".join(lines) + "\n", pearson(x, y, {"visitors": x})


@case(
    "totals and summary rows", "minimum, maximum and mean below a workbook's rows", ["ph", "lead"], ext="xlsx", rows=30
)
def summary_in_a_workbook(rand):
    x, y = linked(rand, 30, 6.5, 0.6, -4, 40, 2.5)
    rows = rows_of({"well": [f"W{i}" for i in range(30)], "ph": x, "lead": y})
    rows += [["Min", min(x), min(y)], ["Max", max(x), max(y)], ["Mean", round(sum(x) / 30, 2), round(sum(y) / 30, 2)]]
    return workbook(("wells", rows)), pearson(x, y, {"ph": x})


@case("totals and summary rows", "control: Total is a brand of petrol", ["brand", "octane"], rows=36)
def total_is_a_brand(rand):
    levels = shares(rand, 36, ["Aral", "Shell", "Total"])
    y = by_level(rand, levels, {"Aral": 95, "Shell": 97, "Total": 93.5}, 1.2)
    return text({"brand": levels, "octane": y}), anova(levels, y)


# ---- fixed width and ragged ----


@case(
    "fixed width and ragged",
    "fixed width: places with blanks in them, empty cells",
    ["altitude", "frost"],
    ext="txt",
    rows=30,
)
def fixed_with_names(rand):
    x, y = linked(rand, 30, 600, 250, 0.08, 40, 18, 0)
    y = [None if i in (3, 17) else int(v) for i, v in enumerate(y)]
    places = [f"{['Upper', 'Lower', 'St.'][i % 3]} {['Field', 'Mill', 'Anna'][i % 3]} {i}" for i in range(30)]
    lines = [f"{'place':<16}{'altitude':>9}{'frost':>7}"] + [
        f"{p:<16}{a:>9.0f}{'' if b is None else b:>7}" for p, a, b in zip(places, x, y)
    ]
    return "\n".join(lines) + "\n", pearson(x, y)


@case(
    "fixed width and ragged",
    "a ruler of dashes below the names, as a database prints",
    ["qty", "cost"],
    ext="txt",
    rows=30,
)
def ruled(rand):
    x, y = linked(rand, 30, 20, 6, 3, 12, 9, 1)
    lines = ["item      qty    cost", "------ ------ -------"] + [
        f"{f'i{i:03}':<6} {a:>6} {b:>7}" for i, (a, b) in enumerate(zip(x, y))
    ]
    return "\n".join(lines) + "\n", pearson(x, y, {"qty": x})


@case(
    "fixed width and ragged",
    "a cell more from the middle on, in the third place",
    ["speed", "fuel"],
    refusal=r"more cells|wider|longer|cells more|another width|shifted|ragged|columns than",
)
def wider_later(rand):
    x, y = linked(rand, 40, 90, 20, 0.07, 1, 0.9, 1)
    lines = ["speed,gear,fuel,road"] + [
        f"{a},{i % 5 + 1}," + (f"{i},{b},x" if i >= 20 else f"{b},x") for i, (a, b) in enumerate(zip(x, y))
    ]
    kept = [pearson(x[:20], y[:20]), pearson(x, y)]
    return "\n".join(lines) + "\n", "an error or a loud caveat; what moved may not be used", {"kept": kept}


@case("fixed width and ragged", "short lines whose last cells are missing", ["reach", "jump"], rows=36)
def short_lines(rand):
    x, y = linked(rand, 36, 175, 9, 0.4, -30, 5, 0)
    y = [None if i % 9 == 4 else v for i, v in enumerate(y)]
    return "name,reach,jump,note\n" + "".join(
        f"n{i},{a:.0f}" + ("" if b is None else f",{b:.0f},ok") + "\n" for i, (a, b) in enumerate(zip(x, y))
    ), pearson(x, y)


@case("fixed width and ragged", "a form feed and a DOS end mark after the last row", ["left", "right"], rows=30)
def end_marks(rand):
    x, y = linked(rand, 30, 30, 8, 0.95, 1, 3, 1)
    return text({"left": x, "right": y}, end="\r\n") + "\x0c\x1a\x1a", pearson(x, y)


# ---- delimiter ----


def delimited(name, mark, what, decimal="."):
    def make(rand):
        x, y = linked(rand, 32, 18, 5, -1.3, 60, 6, 1)
        show = (lambda v: f"{v}".replace(".", decimal)) if decimal != "." else str
        columns = {
            "cage": [f"c {i}, row {i % 3}" if decimal == "." and mark != "," else f"c{i}" for i in range(32)],
            "thick": [show(v) for v in x],
            "flow": [show(v) for v in y],
        }
        return raw(columns, mark), pearson(x, y, {"thick": x})

    make.__name__ = name
    case("delimiter", what, ["thick", "flow"], "txt", rows=32)(make)


delimited("paragraphs", "§", "the sign § between cells")
delimited("two_bars", "||", "two bars between cells")
delimited("unit_separators", "\x1f", "the control sign made for it between cells")
delimited("broken_bars", "¦", "a broken bar between cells")
delimited("hashes", "#", "a hash between cells")
delimited("tabs_and_commas", "\t", "control: tabs between cells, commas as decimal marks", ",")
delimited("padded_bars", " | ", "a bar between blanks")


# ---- Excel ----


@case("Excel", "one merged cell for each of three groups", ["soil", "height"], ext="xlsx", rows=30)
def merged_groups(rand):
    levels = ["clay"] * 10 + ["loam"] * 10 + ["sand"] * 10
    y = by_level(rand, levels, {"clay": 40, "loam": 61, "sand": 33}, 6)
    rows = [["soil", "height"], *[[level if i % 10 == 0 else None, v] for i, (level, v) in enumerate(zip(levels, y))]]

    def merge(book):
        for start in (2, 12, 22):
            book.active.merge_cells(start_row=start, end_row=start + 9, start_column=1, end_column=1)

    return workbook(("pots", rows), change=merge), anova(levels, y)


@case("Excel", "a cover sheet, a sheet of lists, then the data", ["fat", "price"], ext="xlsx", rows=30)
def cover_sheet(rand):
    x, y = linked(rand, 30, 3.4, 0.8, 0.3, 0.2, 0.2, 1, 2)
    data = rows_of({"fat": x, "price": y, "farm": shares(rand, 30, ["hill", "vale"])})
    return workbook(
        ("Cover", [["Milk prices"], ["prepared by the union"]]), ("Lists", [["hill"], ["vale"]]), ("Data", data)
    ), pearson(x, y)


@case("Excel", "a filter hides 9 of 40 rows", ["lux", "yawns"], ext="xlsx", say="hidden|filter")
def filtered_rows(rand):
    x, y = linked(rand, 40, 300, 90, -0.03, 20, 3, 0)

    def hide(book):
        for row in range(6, 42, 4):
            book.active.row_dimensions[row].hidden = True

    return workbook(("room", rows_of({"lux": x, "yawns": y})), change=hide), pearson(x, y)


@case("Excel", "a column of sums of two cells, without stored values", ["total", "time"], ext="xlsx", rows=30)
def sums_without_values(rand):
    a, b = [rand.randint(1, 40) for _ in range(30)], [rand.randint(1, 40) for _ in range(30)]
    total = [u + v for u, v in zip(a, b)]
    y = [round(2 + 0.8 * v + rand.gauss(0, 6), 1) for v in total]
    rows = [
        ["left", "right", "total", "time"],
        *[[u, v, f"=A{i + 2}+B{i + 2}", t] for i, (u, v, t) in enumerate(zip(a, b, y))],
    ]
    return workbook(("sort", rows)), pearson(total, y, {"total": total})


@case("Excel", "two tables beside each other, two blank columns between", ["pre", "post"], ext="xlsx", rows=24)
def beside_each_other(rand):
    x, y = linked(rand, 24, 20, 5, 0.9, 4, 3, 1)
    second = [["shop", "rent"], *[[f"s{i}", 400 + 30 * i] for i in range(9)]]
    rows = [
        [*row, None, None, *(second[i] if i < len(second) else [])]
        for i, row in enumerate(rows_of({"pre": x, "post": y, "room": [i % 4 for i in range(24)]}))
    ]
    return workbook(("both", rows)), pearson(x, y)


@case("Excel", "some dates are dates, others the text 17.05.2022", ["tag", "wert"], ext="xlsx", rows=36)
def dates_and_texts(rand):
    dates, y = dated(rand, 36, begin=datetime.date(2022, 1, 6))
    return workbook(
        ("t", rows_of({"tag": [d if d.day <= 12 else f"{d:%d.%m.%Y}" for d in dates], "wert": y}))
    ), over_time(dates, y)


# ---- one row per variable ----


@case(
    "one row per variable",
    "one row per person and item, three items with scales of their own",
    ["height", "weight"],
    rows=30,
    target=None,
)
def molten(rand):
    x, y = linked(rand, 30, 168, 9, 0.9, -80, 7, 1)
    age = [rand.randint(18, 80) for _ in x]
    lines = ["person;item;value"] + [
        f"p{i:02};{name};{cells[i]}" for i in range(30) for name, cells in (("height", x), ("weight", y), ("age", age))
    ]
    return "\n".join(lines) + "\n", pearson(x, y, {"height": x})


@case(
    "one row per variable",
    "readings of a station by parameter, a missing one left out",
    ["pressure", "humidity"],
    rows=32,
    target=None,
)
def molten_by_time(rand):
    x, y = linked(rand, 32, 1012, 8, -1.1, 1180, 6, 1)
    lines = ["date,parameter,reading,unit"]
    for name, cells, unit in (("pressure", x, "hPa"), ("humidity", y, "%")):
        lines += [
            f"{BEGIN + datetime.timedelta(days=i)},{name},{cells[i]},{unit}"
            for i in range(32)
            if name == "pressure" or i not in (4, 19)
        ]
    known = [None if i in (4, 19) else v for i, v in enumerate(y)]
    return "\n".join(lines) + "\n", pearson(x, known)


@case(
    "one row per variable", "control: prices of four fruits in ten shops are one variable", ["fruit", "price"], rows=40
)
def prices_by_fruit(rand):
    fruits = ["apple", "fig", "pear", "plum"]
    levels = [fruit for _ in range(10) for fruit in fruits]
    y = by_level(rand, levels, dict(zip(fruits, (2.1, 3.4, 2.4, 2.8))), 0.3, 2)
    return text({"shop": [f"shop {i // 4}" for i in range(40)], "fruit": levels, "price": y}), anova(levels, y)


# ---- layout ----


@case("layout", "a column for each year, named y1990 and so on", None, refusal=r"\byears?\b")
def wide_years(rand):
    columns = {"district": [f"d{i:02}" for i in range(15)]}
    base = [rand.gauss(300, 80) for _ in range(15)]
    columns.update({f"y{1990 + k}": [round(v + 5 * k + rand.gauss(0, 20), 1) for v in base] for k in range(12)})
    return text(columns), "years are columns: say so, or unpivot"


@case("layout", "a column for each month, Jan to Dec", None, refusal=r"month|period|times|Jan\b")
def wide_months(rand):
    names = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
    columns = {"meter": [f"m{i}" for i in range(20)]}
    columns.update(
        {name: [round(rand.gauss(200 - 9 * min(k, 12 - k), 25)) for _ in range(20)] for k, name in enumerate(names)}
    )
    return text(columns), "months are columns: say so, or unpivot"


@case(
    "layout",
    "a row for each protein, a column for each sample",
    None,
    ext="tsv",
    refusal=r"rows.*(variables|measures|samples)|transpos|samples",
)
def proteins(rand):
    columns = {"protein": [f"P{rand.randint(10000, 99999)}" for _ in range(36)]}
    level = [rand.uniform(2, 900) for _ in range(36)]
    columns.update(
        {
            f"{arm}_{k}": [round(v * rand.lognormvariate(0, 0.2), 2) for v in level]
            for arm in ("ctrl", "treat")
            for k in range(1, 5)
        }
    )
    return text(columns, "\t"), "rows are variables, columns are samples: say so, or transpose"
