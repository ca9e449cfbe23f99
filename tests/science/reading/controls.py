"""Files that look odd and are not: what a reader that looks for oddities must leave alone."""

import datetime
import io
import json
import sqlite3
import zipfile

from clean import (
    BEGIN,
    anova,
    by_level,
    comma,
    dated,
    difference,
    linked,
    over_time,
    pearson,
    raw,
    rows_of,
    shares,
    text,
    workbook,
)
from containers import from_file
from make import case


def control(what, pair, ext="csv", **more):
    return case("control", what, pair, ext, **more)


# ---- cells ----


@control("five heights of a mast, each many times, are numbers", ["metres", "wind"])
def mast_heights(rand):
    x = [rand.choice([100, 250, 500, 1000, 2500]) for _ in range(60)]
    y = [round(4 + 0.004 * v + rand.gauss(0, 2), 1) for v in x]
    return text({"metres": x, "wind": y}), pearson(x, y, {"metres": x})


@control("whole numbers between 40000 and 45000 are wages, no days of a spreadsheet", ["wage", "rent"])
def wages(rand):
    x = [rand.randint(40000, 45000) for _ in range(45)]
    y = [round(0.02 * v + rand.gauss(0, 25)) for v in x]
    return text({"wage": x, "rent": y, "floor": shares(rand, 45, ["up", "down"])}), pearson(
        x, y, {"wage": x, "rent": y}
    )


@control("six digits from 196000 to 203000 are people, no months", ["people", "vans"])
def people_not_months(rand):
    x = [rand.randint(196000, 203000) for _ in range(45)]
    y = [round(0.01 * (v - 190000) + rand.gauss(0, 14)) for v in x]
    return text({"people": x, "vans": y}), pearson(x, y, {"people": x})


@control("3.1 and 3.10 typed by hand beside many others are numbers", ["ph", "colonies"])
def typed_by_hand(rand):
    x = [round(rand.uniform(2.5, 6), 1 if i % 2 else 2) for i in range(50)]
    y = [round(9 * v + rand.gauss(0, 8)) for v in x]
    return text({"ph": [f"{v:.2f}" if i % 3 == 0 else str(v) for i, v in enumerate(x)], "colonies": y}), pearson(
        x, y, {"ph": x}
    )


@control(".5 beside 0.5 and 7 beside 7.", ["dose", "sleep"])
def bare_points(rand):
    x = [round(rand.uniform(0.1, 9), 1) for _ in range(45)]
    y = [round(5 + 0.4 * v + rand.gauss(0, 0.8), 1) for v in x]
    shown = [f"{v}".lstrip("0") if v < 1 else f"{v:.0f}." if v == int(v) else v for v in x]
    return text({"dose": shown, "sleep": y}), pearson(x, y, {"dose": x})


@control("1,234 in quotes is more than a thousand", ["books", "loans"])
def commas_are_thousands(rand):
    x, y = linked(rand, 40, 4200, 1300, 2.1, 900, 2200, 0)
    x, y = [abs(int(v)) + 1000 for v in x], [abs(int(v)) + 1000 for v in y]
    return text({"books": [f"{v:,}" for v in x], "loans": [f"{v:,}" for v in y]}), pearson(
        x, y, {"books": x, "loans": y}
    )


@control("12,5 in quotes is less than thirteen", ["breite", "dicke"])
def commas_are_decimal(rand):
    x, y = linked(rand, 40, 22, 6, 0.4, 3, 2, 1)
    return text({"breite": [comma(v, 1) for v in x], "dicke": [comma(v, 1) for v in y]}), pearson(x, y, {"breite": x})


@control("three decimals everywhere, as a program writes them, none below 1", ["girth", "sap"])
def fixed_decimals(rand):
    x, y = linked(rand, 36, 98, 9, 0.1, 2, 0.8, 3)
    return text({"girth": [f"{v:.3f}" for v in x], "sap": [f"{v:.3f}" for v in y]}), pearson(
        x, y, {"girth": x, "sap": y}
    )


@control("-9 and -10 are temperatures between others", ["frost", "oil"])
def temperatures(rand):
    x = [rand.randint(-14, 6) for _ in range(50)]
    x[:8] = [-9] * 8
    y = [round(40 - 1.5 * v + rand.gauss(0, 6), 1) for v in x]
    return text({"frost": x, "oil": y}), pearson(x, y, {"frost": x})


@control("999 is a count among others up to 1900", ["birds", "insects"])
def counts_at_999(rand):
    x = [rand.randint(300, 1900) for _ in range(50)]
    x[10:13] = [999] * 3
    y = [round(3 * v + rand.gauss(0, 700)) for v in x]
    return text({"birds": x, "insects": y}), pearson(x, y, {"birds": x})


@control("NE, ND and SD are places, no directions and no codes", ["state", "acres"])
def places(rand):
    levels = shares(rand, 52, ["KS", "ND", "NE", "SD"])
    y = by_level(rand, levels, {"KS": 700, "ND": 1400, "NE": 950, "SD": 1250}, 180, 0)
    return text({"state": levels, "acres": y}), anova(levels, y)


@control("x and o are two levels", ["mark", "points"])
def noughts(rand):
    levels = shares(rand, 44, ["o", "x"])
    y = by_level(rand, levels, {"o": 12, "x": 17}, 4)
    return text({"mark": levels, "points": y}), difference(levels, y)


@control("1-3, 4-6, 7-9 and 10-12 are bands, no dates", ["parcels", "minutes"])
def bands_not_dates(rand):
    levels = shares(rand, 52, ["1-3", "10-12", "4-6", "7-9"])
    y = by_level(rand, levels, {"1-3": 12, "4-6": 19, "7-9": 25, "10-12": 34}, 5)
    return text({"parcels": levels, "minutes": y}), anova(levels, y)


@control("Jan, May and June are names of people", ["teacher", "marks"])
def people_called_may(rand):
    levels = shares(rand, 48, ["Jan", "June", "May", "Olga"])
    y = by_level(rand, levels, {"Jan": 61, "June": 70, "May": 55, "Olga": 66}, 7)
    return text({"teacher": levels, "marks": y}), anova(levels, y)


@control("three colours have no order", ["light", "speed"])
def colours(rand):
    levels = shares(rand, 48, ["amber", "green", "red"])
    y = by_level(rand, levels, {"amber": 44, "green": 52, "red": 31}, 6)
    return text({"light": levels, "speed": y}), anova(levels, y), {"unordered": ["light"]}


@control("kg, lb and pcs are levels, no units of a number", ["sold_by", "margin"])
def units_are_levels(rand):
    levels = shares(rand, 45, ["kg", "lb", "pcs"])
    y = by_level(rand, levels, {"kg": 14, "lb": 22, "pcs": 31}, 5)
    return text({"sold_by": levels, "margin": y}), anova(levels, y)


@control("houses of a street: the number is no measure", ["rooms", "rent"], unused=["house"])
def house_numbers(rand):
    x = [rand.randint(1, 7) for _ in range(34)]
    y = [round(210 * v + rand.gauss(300, 160)) for v in x]
    return text({"house": [f"{rand.randint(1, 99)} Main St" for _ in x], "rooms": x, "rent": y}), pearson(
        x, y, {"rooms": x}
    )


@control("M and F, no millions", ["sex", "reach"])
def not_millions(rand):
    levels = shares(rand, 44, ["F", "M"])
    y = by_level(rand, levels, {"F": 166, "M": 180}, 7)
    return text({"sex": levels, "reach": y, "lane": [i % 8 + 1 for i in range(44)]}), difference(levels, y)


@control("dates with the year first and all days up to 12", ["on", "level"])
def year_first_dates(rand):
    dates, _ = dated(rand, 40, 30)
    dates = [d.replace(day=rand.randint(1, 12)) for d in dates]
    y = [round(3 + 0.01 * (d - BEGIN).days + rand.gauss(0, 1), 2) for d in dates]
    return text({"on": [f"{d:%Y/%m/%d}" for d in dates], "level": y}), over_time(dates, y)


# ---- lines and delimiters ----


@control("'t Hooft and O'Brien: apostrophes begin cells and are no quotes", ["papers", "cited"])
def apostrophes(rand):
    x, y = linked(rand, 36, 40, 12, 22, 100, 300, 0)
    names = [["'t Hooft", "O'Brien", "D'Arcy", "'s Gravesande"][i % 4] + f" {i}" for i in range(36)]
    return text({"author": names, "papers": x, "cited": y}), pearson(x, y, {"cited": y})


@control("folders of Windows end in a backslash before the comma", ["files", "mb"])
def backslashes(rand):
    x, y = linked(rand, 36, 300, 90, 1.7, 40, 120, 0)
    return raw({"folder": [f"C:\\data\\run {i}\\" for i in range(36)], "files": x, "mb": y}), pearson(x, y, {"mb": y})


@control("lists with semicolons within cells between commas", ["pages", "tags"])
def semicolons_within(rand):
    x = [rand.randint(20, 400) for _ in range(36)]
    count = [max(1, round(v / 60 + rand.gauss(0, 1))) for v in x]
    tags = [";".join(rand.sample("art,bio,chem,geo,hist,law,math,music".split(","), min(8, k))) for k in count]
    return text({"keywords": tags, "pages": x, "tags": count}), pearson(x, count, {"pages": x})


@control("times with colons and addresses with bars between commas", ["rides", "km"])
def colons_and_bars(rand):
    x, y = linked(rand, 36, 30, 9, 4, 20, 28, 0)
    return text({"slot": [f"{6 + i % 12}:30|{7 + i % 12}:30|A:{i}" for i in range(36)], "rides": x, "km": y}), pearson(
        x, y
    )


@control("names with a hash and a per cent sign before them", ["stock", "sold"], rows=36)
def hashes_in_cells(rand):
    x, y = linked(rand, 36, 80, 20, 0.5, 3, 9, 0)
    return text({"#": [f"#{i + 100}" for i in range(36)], "stock": x, "sold": y}), pearson(x, y)


@control("a blank line between the groups of one table", ["width", "weight"], rows=36)
def blank_lines_between(rand):
    x, y = linked(rand, 36, 12, 3, 7, 2, 11, 1)
    lines = ["kind,width,weight"]
    for part in range(3):
        lines += [f"{'abc'[part]},{x[i]},{y[i]}" for i in range(12 * part, 12 * part + 12)] + [""]
    return "\n".join(lines), pearson(x, y)


@control("the last rows have missing cells", ["height", "crown"], rows=36)
def thin_end(rand):
    x, y = linked(rand, 36, 19, 4, 0.3, 1, 0.8, 1)
    y[33:] = [None] * 3
    x[34] = None
    return text({"tree": [f"t{i}" for i in range(36)], "height": x, "crown": y}), pearson(x, y)


@control("the first row has missing cells", ["height", "crown"], rows=36)
def thin_start(rand):
    x, y = linked(rand, 36, 19, 4, 0.3, 1, 0.8, 1)
    x[0], y[1] = None, None
    return text({"tree": [None, *[f"t{i}" for i in range(35)]], "height": x, "crown": y}), pearson(x, y)


@control("the last row is large and no sum", ["crew", "haul"], rows=30)
def large_last_row(rand):
    x = [rand.randint(3, 12) for _ in range(29)] + [64]
    y = [round(4 * v + rand.gauss(0, 6), 1) for v in x]
    return text({"ship": [f"s{i}" for i in range(30)], "crew": x, "haul": y}), pearson(x, y, {"crew": x})


@control("equal rows of a table of few columns are different people", ["doors", "seats"], rows=48)
def equal_rows(rand):
    x = [rand.choice([2, 3, 4, 5]) for _ in range(48)]
    y = [v + rand.choice([0, 1, 2]) for v in x]
    return text({"doors": x, "seats": y}), pearson(x, y)


@control("all columns are words, the names too", ["drink", "snack"], rows=40)
def words_alone(rand):
    drinks, snacks = shares(rand, 40, ["coffee", "juice", "tea"]), shares(rand, 40, ["apple", "biscuit"])
    return (
        text({"drink": drinks, "snack": snacks, "size": shares(rand, 40, ["large", "small"])}),
        "three columns of levels",
        {"levels": {"drink": ["coffee", "juice", "tea"], "snack": ["apple", "biscuit"], "size": ["large", "small"]}},
    )


@control("one column alone", None, rows=40, used=["minutes"])
def one_column(rand):
    return "minutes\n" + "".join(f"{round(rand.gauss(30, 8), 1)}\n" for _ in range(40)), "one column of numbers"


@control("two columns of whole numbers with names that are years", ["2010", "2020"])
def names_are_years(rand):
    x, y = linked(rand, 36, 400, 120, 1.1, 20, 40, 0)
    return (
        text({"town": [f"t{i}" for i in range(36)], "2010": x, "2020": y}),
        {"r": pearson(x, y)["r"], "n": 36},
        {"refusal": "year"},
    )


# ---- workbooks and archives ----


@control("the data on the first sheet, a longer price list on the second", ["eggs", "hens"], "xlsx", rows=26)
def longer_second_sheet(rand):
    x, y = linked(rand, 26, 210, 60, 0.9, 20, 30, 0)
    prices = [["item", "price"], *[[f"i{i}", i * 1.5] for i in range(40)]]
    return workbook(("Farms", rows_of({"eggs": x, "hens": y})), ("Prices", prices)), pearson(x, y)


@control("two tables in a zip, the target in the second", ["hops", "foam"], "zip", rows=26)
def second_in_zip(rand):
    x, y = linked(rand, 26, 30, 8, 0.2, 1, 1.5, 1)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, columns in (
            ("a_kettles.csv", {"kettle": [f"k{i}" for i in range(60)], "litres": range(100, 160)}),
            ("b_brews.csv", {"hops": x, "foam": y}),
        ):
            archive.writestr(zipfile.ZipInfo(name, (2024, 1, 1, 0, 0, 0)), text(columns))
    return out.getvalue(), pearson(x, y)


@control("two tables in a database, the longer one without the target", ["depth", "shells"], "sqlite", rows=26)
def shorter_in_database(rand):
    x, y = linked(rand, 26, 12, 4, 3, 8, 9, 1)

    def write(path):
        base = sqlite3.connect(path)
        base.execute("pragma page_size = 512")
        base.execute("create table log (at text, line integer)")
        base.executemany("insert into log values (?, ?)", [(f"2024-01-{i % 28 + 1:02}", i) for i in range(60)])
        base.execute("create table dives (depth real, shells real)")
        base.executemany("insert into dives values (?, ?)", list(zip(x, y)))
        base.commit()
        base.close()

    return from_file(write, ".sqlite"), pearson(x, y)


@control("JSON lines with keys in another order and some missing", ["speed", "wear"], "jsonl", rows=36)
def keys_in_disorder(rand):
    x, y = linked(rand, 36, 80, 22, 0.02, 1, 0.5, 0, 2)
    y = [None if i % 9 == 4 else v for i, v in enumerate(y)]
    rows = [
        {"wear": b, "speed": a, "id": i} if i % 2 else {"id": i, "speed": a} | ({} if b is None else {"wear": b})
        for i, (a, b) in enumerate(zip(x, y))
    ]
    return "".join(json.dumps(row) + "\n" for row in rows), pearson(x, y)


@control("dates of a workbook with a format of their own", ["seen", "count"], "xlsx", rows=30)
def formatted_dates(rand):
    dates, y = dated(rand, 30, 6)
    rows = rows_of({"seen": [datetime.datetime(d.year, d.month, d.day) for d in dates], "count": y})

    def show(book):
        for row in range(2, 32):
            book.active.cell(row, 1).number_format = "dd. mmm yy"

    return workbook(("s", rows), change=show), over_time(dates, y)
