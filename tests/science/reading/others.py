"""Inputs of kinds that nobody had reported: what the files of schools, shops, meters and surveys have."""

import datetime
import html
import json

from clean import (
    anova,
    by_level,
    comma,
    days,
    difference,
    linked,
    pearson,
    raw,
    rows_of,
    shares,
    spearman,
    text,
    workbook,
)
from make import case

# ---- names ----


@case("names in two languages", "the second row has the names again, in German", ["height_cm", "weight_kg"], rows=36)
def names_in_two_languages(rand):
    x, y = linked(rand, 36, 171, 9, 0.8, -65, 6, 1)
    side = shares(rand, 36, ["left", "right"])
    whole = text({"height_cm": ["Körpergröße", *x], "weight_kg": ["Gewicht", *y], "side": ["Händigkeit", *side]})
    return whole, pearson(x, y, {"height_cm": x, "weight_kg": y})


@case("units in the names", "units in brackets and on a second line within the name", ["flow (l/min)", "loss [mbar]"])
def units_in_names(rand):
    x, y = linked(rand, 30, 14, 3, 2.5, 4, 4)
    columns = {
        "run\nnumber": range(1, 31),
        "flow (l/min)": x,
        "loss [mbar]": y,
        "temp., °C": [round(v % 3 + 20, 1) for v in y],
    }
    return text(columns), pearson(x, y, {"flow (l/min)": x})


@case("marks that cannot be seen", "soft hyphens and zero-width spaces in names and levels", ["treatment", "seedlings"])
def unseen_marks(rand):
    levels = shares(rand, 40, ["control", "shaded", "watered"])
    y = by_level(rand, levels, {"control": 14, "shaded": 9, "watered": 19}, 2.5)
    marked = [
        level.replace("tr", "t\u00adr") if i % 3 == 0 else "\u200b" + level if i % 3 == 1 else level
        for i, level in enumerate(levels)
    ]
    return text(
        {"tray": [f"T{i:02}" for i in range(40)], "treat\u00adment": marked, "\u200bseedlings\ufeff": y}
    ), anova(levels, y)


@case(
    "the index twice",
    "an index column that was written and read and written again",
    ["rainfall", "turbidity"],
    unused=["Unnamed: 0", "Unnamed: 0.1"],
)
def index_twice(rand):
    x, y = linked(rand, 45, 30, 12, 0.6, 5, 7, 1)
    return text({"Unnamed: 0.1": range(45), "Unnamed: 0": range(45), "rainfall": x, "turbidity": y}), pearson(x, y)


@case(
    "row names with spaces",
    "R's write.table: row names in quotes with spaces, and one name less than columns",
    ["power", "range"],
    ext="txt",
    rows=26,
)
def row_names_with_spaces(rand):
    x, y = linked(rand, 26, 140, 35, -1.2, 620, 30, 0)
    lines = ['"power" "range" "gears"\n'] + [
        f'"Model {chr(65 + i)} {i % 4}" {x[i]:.0f} {y[i]:.0f} {4 + i % 3}\n' for i in range(26)
    ]
    return "".join(lines), pearson(x, y, {"power": x})


@case("entities of the web", "&ouml; and &amp; in levels, &nbsp; and &minus; in numbers", ["site", "balance"])
def web_entities(rand):
    levels = shares(rand, 36, ["Böhm & Söhne", "North", "West"])
    y = by_level(rand, levels, {"Böhm & Söhne": -200, "North": 1400, "West": 700}, 500)
    spelled = [html.escape(level).replace("ö", "&ouml;") for level in levels]
    shown = [f"{v:,}".replace(",", "&nbsp;").replace("-", "&minus;") for v in y]
    return text({"site": spelled, "balance": shown, "staff": [i % 7 + 1 for i in range(36)]}), anova(levels, y)


# ---- lines and quotes ----


@case(
    "byte order mark in the middle",
    "two files put together, each with its mark and its header",
    ["age", "steps"],
    rows=40,
)
def mark_in_the_middle(rand):
    x, y = linked(rand, 40, 50, 14, -70, 11000, 900, 0)
    x, y = [int(v) for v in x], [int(v) for v in y]
    first, second = text({"age": x[:19], "steps": y[:19]}), text({"age": x[19:], "steps": y[19:]})
    return ("\ufeff" + first + "\ufeff" + second), pearson(x, y, {"steps": y})


@case("mixed line ends", "the first third ends in CR LF, the second in LF, the last in CR", ["cups", "sleep"], rows=33)
def mixed_line_ends(rand):
    x, y = linked(rand, 33, 3, 1.2, -0.5, 8.4, 0.5, 1)
    group = shares(rand, 33, ["early", "late"])
    lines = ["cups,sleep,shift"] + [f"{a},{b},{c}" for a, b, c in zip(x, y, group)]
    ends = ["\r\n"] * 11 + ["\n"] * 11 + ["\r"] * 12
    return "".join(line + end for line, end in zip(lines, ends)).encode(), pearson(x, y)


@case(
    "quotes within quotes",
    "inches and nicknames in quoted cells, their quotes not doubled",
    ["width_mm", "price"],
    rows=28,
)
def quotes_within_quotes(rand):
    x, y = linked(rand, 28, 40, 12, 1.4, 6, 8)
    names = [f'"{i % 5 + 1}" pipe, "old" type"' if i % 4 else f'"elbow {i}"' for i in range(28)]
    return "item,width_mm,price\n" + "".join(f"{n},{a},{b}\n" for n, a, b in zip(names, x, y)), pearson(
        x, y, {"price": y}
    )


@case(
    "each line in quotes", "a whole line is one quoted cell, its own quotes doubled", ["salinity", "density"], rows=30
)
def each_line_quoted(rand):
    x, y = linked(rand, 30, 34, 1.5, 0.8, 998, 0.6, 2)
    lines = ["station,salinity,density"] + [f'"Pier {i}",{a},{b}' for i, (a, b) in enumerate(zip(x, y))]
    return "".join('"' + line.replace('"', '""') + '"\n' for line in lines), pearson(x, y)


@case("apostrophe before numbers", "a spreadsheet's mark for text stands before each number", ["pages", "days_lent"])
def apostrophe_before(rand):
    x, y = linked(rand, 34, 320, 90, 0.05, 4, 5, 0)
    x, y = [max(int(v), 40) for v in x], [int(v) for v in y]
    return text(
        {"pages": [f"'{v}" for v in x], "days_lent": [f"'{v}" for v in y], "shelf": shares(rand, 34, ["A", "B"])}
    ), pearson(x, y, {"pages": x})


@case("empty column between", "an empty column between the columns and two after them", ["noise_db", "pulse"], rows=30)
def empty_between(rand):
    x, y = linked(rand, 30, 62, 9, 0.45, 45, 4, 1)
    return "noise_db,,pulse,,\n" + "".join(f"{a},,{b},,\n" for a, b in zip(x, y)), pearson(x, y)


@case(
    "instrument log",
    "blocks of a meter's log, each with its own lines of settings and its header",
    ["T_degC", "U_mV"],
    ext="log",
    rows=36,
)
def instrument_log(rand):
    x, y = linked(rand, 36, 25, 6, 3.1, 12, 7, 2)
    out = ["[LOGGER 4412]", "Firmware: 2.08", ""]
    for block in range(3):
        out += [f"Run: {block + 1}", f"Started: 2024-05-{block + 2:02} 08:00", "Operator: kl", "", "No;T_degC;U_mV"]
        out += [f"{i + 1};{x[12 * block + i]};{y[12 * block + i]}" for i in range(12)]
        out += ["END OF RUN", ""]
    return "\r\n".join(out), pearson(x, y)


@case("starred notes", "notes with a star below the last row, stars behind cells", ["acidity", "score"], rows=30)
def starred_notes(rand):
    x, y = linked(rand, 30, 3.4, 0.2, -18, 144, 3)
    cells = [f"{v}*" if i % 7 == 2 else f"{v}**" if i % 11 == 4 else v for i, v in enumerate(y)]
    notes = "* estimated from the year before\n** preliminary; see the second report, page 4\n"
    return text({"bottle": [f"b{i:02}" for i in range(30)], "acidity": x, "score": cells}) + notes, pearson(
        x, y, {"score": y}
    )


# ---- encodings and scripts ----


@case("Cyrillic code page", "names and levels in Windows-1251", ["возраст", "цена"])
def cyrillic_page(rand):
    x, y = linked(rand, 40, 22, 9, -0.9, 88, 6, 1)
    city = shares(rand, 40, ["Москва", "Казань", "Пермь"])
    whole = text({"возраст": [comma(v, 1) for v in x], "цена": [comma(v, 1) for v in y], "город": city}, ";", "\r\n")
    return whole.encode("cp1251"), pearson(x, y, {"цена": y})


@case("Japanese code page", "names and levels in Shift-JIS", ["年齢", "血圧"])
def japanese_page(rand):
    x, y = linked(rand, 40, 55, 12, 0.7, 90, 9, 0)
    x, y = [int(v) for v in x], [int(v) for v in y]
    return text({"年齢": x, "血圧": y, "性別": shares(rand, 40, ["男性", "女性"])}, end="\r\n").encode(
        "shift_jis"
    ), pearson(x, y)


@case("digits of another script", "full-width digits and points", ["深さ", "温度"])
def fullwidth_digits(rand):
    x, y = linked(rand, 32, 40, 11, -0.21, 21, 1.5, 1)
    wide = str.maketrans("0123456789.-", "０１２３４５６７８９．－")
    return text(
        {
            "深さ": [str(v).translate(wide) for v in x],
            "温度": [str(v).translate(wide) for v in y],
            "地点": shares(rand, 32, ["東", "西"]),
        }
    ), pearson(x, y, {"温度": y})


@case("digits of another script", "Arabic-Indic digits with their decimal mark", ["العمر", "الوزن"])
def arabic_digits(rand):
    x, y = linked(rand, 32, 9, 2.5, 3.2, 2, 3, 1)
    arabic = str.maketrans("0123456789.", "٠١٢٣٤٥٦٧٨٩٫")
    return text(
        {"العمر": [str(v).translate(arabic) for v in x], "الوزن": [str(v).translate(arabic) for v in y]}, ";"
    ), pearson(x, y, {"العمر": x})


@case(
    "yes and no in four languages",
    "each column has its own yes and no",
    ["fumeur", "score"],
    yes={"fumeur": "oui", "lizenz": "ja", "socio": "sí", "zgoda": "tak"},
)
def four_languages(rand):
    smokes = shares(rand, 40, ["non", "oui"])
    y = by_level(rand, smokes, {"non": 61, "oui": 52}, 5)
    columns = {
        "fumeur": smokes,
        "lizenz": shares(rand, 40, ["ja", "nein"]),
        "socio": shares(rand, 40, ["no", "sí"]),
        "zgoda": shares(rand, 40, ["nie", "tak"]),
        "score": y,
    }
    return text(columns), difference(smokes, y)


# ---- cells ----


@case("per mille", "12,5 ‰ between semicolons", ["tiefe", "salz"])
def per_mille(rand):
    x, y = linked(rand, 32, 60, 20, 0.11, 28, 1.5, 1)
    return text(
        {
            "tiefe": [comma(v, 1) for v in x],
            "salz": [comma(v, 1) + " ‰" for v in y],
            "boje": shares(rand, 32, ["Ost", "West"]),
        },
        ";",
    ), pearson(x, y)


@case("value and its uncertainty", "12.3 ± 0.4 in each cell", ["mass", "period"])
def uncertainty(rand):
    x, y = linked(rand, 30, 250, 60, 0.004, 0.6, 0.12, 1, 3)
    return text(
        {
            "mass": [f"{v} ± {round(rand.uniform(0.5, 2), 1)}" for v in x],
            "period": [f"{v} ± 0.{rand.randint(10, 40):03}" for v in y],
        }
    ), pearson(x, y, {"mass": x, "period": y})


@case("feet and inches", "heights as 5'11\"", ["height", "reach"])
def feet_and_inches(rand):
    inches = [rand.randint(58, 77) for _ in range(36)]
    y = [round(1.05 * v + rand.gauss(0, 1.5), 1) for v in inches]
    return raw(
        {"height": [f"{v // 12}'{v % 12}\"" for v in inches], "reach": y, "team": shares(rand, 36, ["home", "away"])},
        "\t",
    ), pearson(inches, y)


@case("fractions", "3 1/4 as a carpenter writes it", ["thickness", "load"])
def fractions(rand):
    quarters = [rand.randint(1, 24) for _ in range(36)]
    y = [round(9 * v + rand.gauss(0, 18), 1) for v in quarters]
    spelled = {0: "", 1: "1/4", 2: "1/2", 3: "3/4"}
    cells = [" ".join(part for part in (str(v // 4) if v >= 4 else "", spelled[v % 4]) if part) for v in quarters]
    return text({"thickness": cells, "load": y}), pearson([v / 4 for v in quarters], y)


@case("degrees, minutes, seconds", "52°31'12\"N and 13°24'18\"E", ["lat", "snow_days"])
def degrees_minutes_seconds(rand):
    seconds = [rand.randint(46 * 3600, 55 * 3600) for _ in range(36)]
    x = [v / 3600 for v in seconds]
    y = [round(4 * (v - 40) + rand.gauss(0, 7)) for v in x]
    east = [rand.randint(6 * 3600, 15 * 3600) for _ in range(36)]
    lat = [f"{v // 3600}°{v // 60 % 60:02}'{v % 60:02}\"N" for v in seconds]
    lon = [f"{v // 3600}°{v // 60 % 60:02}'{v % 60:02}\"E" for v in east]
    return raw({"lat": lat, "lon": lon, "snow_days": y}, ";"), pearson(x, y)


@case("addresses", "network addresses between semicolons, beside decimal commas", ["host", "latency"])
def addresses(rand):
    hosts = shares(rand, 45, ["192.168.100.101", "192.168.100.120", "192.168.200.115", "172.116.100.103"])
    y = by_level(rand, hosts, dict(zip(sorted(set(hosts)), (12, 19, 15, 27))), 2.5)
    return text(
        {"host": hosts, "latency": [comma(v, 1) for v in y], "load": [comma(rand.uniform(0, 1)) for _ in y]}, ";"
    ), anova(hosts, y)


@case("postcodes", "postcodes of four digits, seven of them, beside their street numbers", ["plz", "rent"])
def postcodes(rand):
    codes = shares(rand, 70, ["3011", "4051", "6003", "8001", "8044", "8400", "9000"])
    y = by_level(rand, codes, {"3011": 21, "4051": 25, "6003": 23, "8001": 44, "8044": 40, "8400": 19, "9000": 17}, 4)
    return text({"plz": codes, "street_no": [rand.randint(1, 140) for _ in codes], "rent": y}), anova(codes, y)


@case(
    "two currencies",
    "one column holds dollars and euros",
    ["size", "fee"],
    refusal=r"(two|both|several|different|mixed|more than one) currenc|currencies|\$.*€|€.*\$",
)
def two_currencies(rand):
    x, y = linked(rand, 36, 90, 25, 12, 150, 110)
    cells = [f"€{v:,.2f}" if i % 3 == 0 else f"${v:,.2f}" for i, v in enumerate(y)]
    return text(
        {"size": x, "fee": cells, "floor": [i % 5 for i in range(36)]}
    ), "the amounts cannot be compared: named as such, or refused"


@case("two units", "kilograms and pounds in one column", ["length", "mass"], refusal="units?\\b")
def mixed_units(rand):
    x, y = linked(rand, 36, 30, 8, 0.9, 4, 5, 1)
    shown = [f"{round(v * 2.2046, 1)} lb" if i % 4 == 1 else f"{v} kg" for i, v in enumerate(y)]
    return text({"length": x, "mass": shown}), pearson(x, y)


@case("special missing of SAS", ".A, .B and . among numbers", ["bmi", "glucose"])
def special_missing(rand):
    x, y = linked(rand, 50, 26, 4, 2.1, 44, 8, 1)
    y = [None if i % 6 == 1 else v for i, v in enumerate(y)]
    cells = [[".A", ".B", ".", ".Z"][i % 4] if v is None else v for i, v in enumerate(y)]
    return text({"bmi": x, "glucose": cells, "clinic": shares(rand, 50, ["n", "s"])}), pearson(x, y)


@case("errors of a spreadsheet as text", "#N/A, #NV and #DIV/0! in a csv", ["staff", "turnover"])
def spreadsheet_errors(rand):
    x, y = linked(rand, 48, 20, 6, 4, 15, 12, 1)
    y = [None if i % 5 == 3 else v for i, v in enumerate(y)]
    cells = [
        ["#NV", "#N/A", "#DIV/0!", "#WERT!", "#BEZUG!"][i % 5 if i % 2 else (i // 5) % 5] if v is None else v
        for i, v in enumerate(y)
    ]
    return text({"staff": x, "turnover": cells}), pearson(x, y)


@case("scale with named ends", "1 = never and 5 = always, the numbers between them bare", ["worry", "rest"])
def named_ends(rand):
    x = [rand.randint(1, 5) for _ in range(60)]
    y = [min(max(round(6 - v + rand.gauss(0, 0.9)), 1), 5) for v in x]
    said = {1: "1 = never", 2: "2", 3: "3", 4: "4", 5: "5 = always"}
    other = {1: "1 (not at all)", 2: "2", 3: "3", 4: "4", 5: "5 (very well)"}
    return text(
        {"worry": [said[v] for v in x], "rest": [other[v] for v in y], "form": shares(rand, 60, ["paper", "web"])}
    ), spearman(x, y)


@case("bands with an order", "age bands and income bands", ["age_band", "visits"])
def bands(rand):
    ages = ["under 18", "18-24", "25-34", "35-49", "50-64", "65+"]
    x = [rand.randint(0, 5) for _ in range(72)]
    y = [round(2 + 1.5 * v + rand.gauss(0, 1.6), 1) for v in x]
    return text({"age_band": [ages[v] for v in x], "visits": y}), spearman(x, y)


@case("negative zero", "-0.0 beside 0 and +0", ["drift", "error"], rows=40)
def negative_zero(rand):
    x = [rand.choice([0, 0, 1, 2, -1, -2]) for _ in range(40)]
    y = [round(3 * v + rand.gauss(0, 2), 2) for v in x]
    cells = [["0", "-0", "-0.0", "+0"][i % 4] if v == 0 else f"{v:+}" for i, v in enumerate(x)]
    return text({"drift": cells, "error": y}), pearson(x, y)


# ---- dates and times ----


@case("dates as decimal numbers", "20240131.0, after a missing cell made the column decimal", ["day", "level"])
def decimal_dates(rand):
    begin = datetime.date(2023, 11, 20)
    dates = [begin + datetime.timedelta(days=3 * i) for i in range(40)]
    y = [round(0.05 * 3 * i + rand.gauss(0, 1), 2) for i in range(40)]
    shown = [None if i in (7, 21) else f"{d:%Y%m%d}.0" for i, d in enumerate(dates)]
    known = [None if i in (7, 21) else d for i, d in enumerate(dates)]
    return text({"day": shown, "level": y}), pearson(days(known), y)


@case("times after midnight", "departures of a night line: 24:15 and 25:40 follow 23:50", ["departs", "riders"])
def after_midnight(rand):
    minutes = [1290 + 12 * i for i in range(30)]
    y = [round(160 - 0.3 * (m - 1290) + rand.gauss(0, 12)) for m in minutes]
    return text(
        {"stop": shares(rand, 30, ["N1", "N2"]), "departs": [f"{m // 60}:{m % 60:02}:00" for m in minutes], "riders": y}
    ), pearson(minutes, y)


@case("clock times", "times of day as 7:45 am and 2:10 pm", ["began", "drowsy"])
def clock_times(rand):
    minutes = [rand.randint(6 * 60, 22 * 60) for _ in range(36)]
    y = [round(0.01 * m + rand.gauss(0, 1.5), 1) for m in minutes]
    shown = [f"{(m // 60 - 1) % 12 + 1}:{m % 60:02} {'am' if m < 720 else 'pm'}" for m in minutes]
    return text({"began": shown, "drowsy": y, "room": shares(rand, 36, ["a", "b"])}), pearson(minutes, y)


# ---- layouts ----


@case(
    "turned table",
    "one row per measure, one column per person, text among numbers",
    ["grip", "lift"],
    refusal=r"rows.*(variables|measures|columns)|transposed|turned|on its side",
    rows=14,
)
def turned_table(rand):
    x, y = linked(rand, 14, 44, 8, 1.6, 10, 7, 1)
    side = shares(rand, 14, ["left", "right"])
    rows = [
        ["measure", *[f"P{i:02}" for i in range(14)]],
        ["hand", *side],
        ["grip", *x],
        ["lift", *y],
        ["age", *[rand.randint(20, 60) for _ in x]],
    ]
    return "".join(",".join(map(str, row)) + "\n" for row in rows), pearson(x, y)


@case(
    "survey export with codes",
    "a row of questions and a row of what the codes mean, under the names",
    ["q1", "q2"],
    rows=44,
)
def survey_codes(rand):
    x = [rand.randint(1, 5) for _ in range(44)]
    y = [min(max(v + rand.choice([-1, 0, 0, 1]), 1), 5) for v in x]
    head = [
        "q1,q2,q3",
        '"How often do you cook?","How often do you eat out, at most?",Household',
        "1=never…5=always,1=never…5=always,number of people",
    ]
    return "\n".join(head + [f"{a},{b},{rand.randint(1, 6)}" for a, b in zip(x, y)]) + "\n", spearman(x, y)


@case(
    "sheets per year",
    "a sheet for each year, the same columns in each",
    ["hours", "harvest"],
    ext="xlsx",
    rows=48,
    refusal=r"2021.*(not read|left out|set aside)|(not read|left out|set aside).*2021",
)
def sheets_per_year(rand):
    x, y = linked(rand, 48, 1700, 220, 0.02, 10, 4, 0, 1)
    sheets = [
        (
            str(2020 + part),
            rows_of(
                {
                    "plot": [f"p{i}" for i in range(12)],
                    "hours": x[12 * part : 12 * part + 12],
                    "harvest": y[12 * part : 12 * part + 12],
                }
            ),
        )
        for part in range(4)
    ]
    return workbook(*sheets), pearson(x, y)


@case(
    "rows twice",
    "an export that holds each order twice",
    ["items", "weight"],
    refusal=r"twice|duplicat|copies|repeated|same row",
)
def rows_twice(rand):
    x, y = linked(rand, 30, 6, 2, 1.1, 0.5, 1.2, 2)
    order = [i for i in range(30) for _ in range(2)]
    return text(
        {"order": [f"O-{1000 + i}" for i in order], "items": [x[i] for i in order], "weight": [y[i] for i in order]}
    ), pearson(x, y)


@case(
    "column of totals",
    "the last column is the sum of the three before it",
    ["north", "all"],
    by_construction=[["north", "all"], ["south", "all"], ["west", "all"]],
)
def column_of_totals(rand):
    north, south, west = ([rand.randint(3, 90) for _ in range(40)] for _ in range(3))
    total = [sum(row) for row in zip(north, south, west)]
    return text({"week": range(1, 41), "north": north, "south": south, "west": west, "all": total}), pearson(
        north, total
    )


@case(
    "markup of a wiki",
    "a table of a wiki page",
    ["depth", "oxygen"],
    ext="txt",
    refusal=r"wiki|markup|not a table",
    rows=24,
)
def wiki_table(rand):
    x, y = linked(rand, 24, 15, 6, -0.35, 11, 0.8, 1)
    rows = "".join(f"|-\n| {a} || {b} || {c}\n" for a, b, c in zip(x, y, shares(rand, 24, ["lake", "bay"])))
    return '{| class="wikitable"\n! depth !! oxygen !! site\n' + rows + "|}\n", pearson(x, y)


@case(
    "lines of keys and values",
    "each row is a line of key=value",
    ["rpm", "temp"],
    ext="log",
    refusal=r"key=value|not a table|no header",
    rows=30,
)
def key_value_lines(rand):
    x, y = linked(rand, 30, 2400, 500, 0.01, 40, 4, 0, 1)
    return "".join(f"host=m{i % 3} rpm={a:.0f} temp={b}\n" for i, (a, b) in enumerate(zip(x, y))), pearson(x, y)


@case(
    "records with a blank line between",
    "one name and value a line, a blank line between the persons",
    ["weight", "pulse"],
    ext="txt",
    refusal=r"record|not a table|name and value|colon",
    rows=20,
)
def records_of_lines(rand):
    x, y = linked(rand, 20, 74, 11, 0.4, 42, 5, 1, 0)
    return "\n".join(f"name: P{i:02}\nweight: {a}\npulse: {b:.0f}\n" for i, (a, b) in enumerate(zip(x, y))), pearson(
        x, y
    )


@case(
    "one JSON value a cell",
    "lists of two numbers in a column of JSON lines",
    ["id", "hits"],
    ext="jsonl",
    refusal=r"list|nested|not numbers",
    target="hits",
)
def lists_in_cells(rand):
    rows = [
        {
            "id": f"r{i}",
            "range": [round(rand.uniform(0, 5), 1), round(rand.uniform(6, 9), 1)],
            "hits": rand.randint(0, 30),
        }
        for i in range(24)
    ]
    return "".join(json.dumps(row) + "\n" for row in rows), "the column of lists is named as not read"


# ---- found by tables with several oddities at once ----


@case("a control without a dose", "nil beside 10 kg and 20 kg", ["potash", "tubers"], refusal="potash.*nil|nil.*potash")
def nil_beside_doses(rand):
    levels = shares(rand, 36, ["10 kg", "20 kg", "nil"])
    y = by_level(rand, levels, {"10 kg": 31, "20 kg": 38, "nil": 24}, 4)
    return text({"potash": levels, "tubers": y}), anova(levels, y)


@case("school classes", "2A, 3A and 1E2 are classes, no currents", ["klasse", "points"])
def school_classes(rand):
    levels = shares(rand, 36, ["1E2", "2A", "3A"])
    y = by_level(rand, levels, {"1E2": 51, "2A": 60, "3A": 66}, 6, 0)
    return text({"klasse": levels, "points": y}), anova(levels, y)


@case("one accent alone", "Latin-1 with one letter beyond ASCII, in a name", ["débit", "pente"])
def one_accent(rand):
    x, y = linked(rand, 30, 14, 4, 2, 5, 8, 1)
    return text({"débit": x, "pente": y, "rive": shares(rand, 30, ["g", "d"])}).encode("latin-1"), pearson(x, y)


@case("losses alone", "all values stand in brackets", ["branch", "loss"])
def losses_alone(rand):
    x, y = linked(rand, 32, 20, 5, 9, 60, 25, 1, 2)
    y = [-abs(v) for v in y]
    return text({"branch": x, "loss": [f"({-v:,.2f})" for v in y]}), pearson(x, y)


@case(
    "texts beside typed numbers",
    "a workbook's text 8.792 is a thousand, as 12,50 % beside it shows",
    ["anteil", "bewohner"],
    "xlsx",
)
def texts_beside_numbers(rand):
    share, people = linked(rand, 24, 40, 9, 300, 4000, 2500, 2, 0)
    people = [abs(int(v)) + 1000 for v in people]
    shown = {"anteil": [comma(v) + "%" for v in share], "bewohner": [f"{v:,}".replace(",", ".") for v in people]}
    return workbook(("t", rows_of({**shown, "rang": [round(v / 7, 2) for v in share]}))), pearson(
        share, people, {"bewohner": people}
    )
