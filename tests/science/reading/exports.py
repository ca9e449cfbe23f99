"""Files as programs and offices write them: surveys, instruments, loggers, banks, shops, statistical offices,
databases."""

import datetime
import gzip
import io

from clean import BEGIN, anova, by_level, comma, dated, difference, linked, over_time, pearson, raw, rows_of, shares, text, workbook  # fmt: skip
from make import case

# ---- surveys ----


@case("survey tools", "SurveyMonkey: questions above, their parts below", ["Price", "Service"], rows=32, target=None)
def survey_monkey(rand):
    x, y = linked(rand, 32, 6, 2, 0.6, 1, 1, 0)
    head = [
        ["Respondent ID", "Collector ID", "How old are you?", "How satisfied are you with:", "", "Any other remarks?"],
        ["", "", "Open-Ended Response", "Price", "Service", "Open-Ended Response"],
    ]
    rows = [[11400000 + 37 * i, 4021, 20 + i % 40, int(a), int(b), ""] for i, (a, b) in enumerate(zip(x, y))]
    return "".join(",".join(map(str, row)) + "\n" for row in head + rows), pearson(
        [int(v) for v in x], [int(v) for v in y]
    )


@case("survey tools", "Qualtrics: names, questions of several lines, import keys", ["Q2", "Q3_1"], rows=30)
def qualtrics(rand):
    x, y = linked(rand, 30, 35, 9, 0.8, 12, 6, 0)
    head = (
        "StartDate,Progress,Q2,Q3_1\n"
        '"Start Date","Progress","How old are you?\n(in years)","How much do you spend on: - Food"\n'
        '"{""ImportId"":""startDate"",""timeZone"":""UTC""}","{""ImportId"":""progress""}","{""ImportId"":""QID2_TEXT""}","{""ImportId"":""QID3_1""}"\n'
    )
    return head + "".join(f"2024-05-{i % 28 + 1:02} 10:1{i % 10}:00,100,{a:.0f},{b:.0f}\n" for i, (a, b) in enumerate(zip(x, y))), pearson(x, y)  # fmt: skip


@case("survey tools", "Google Forms: time stamps with a zone, long questions", ["How many cups a day?", "How well do you sleep? (1-10)"], rows=30)  # fmt: skip
def google_forms(rand):
    x = [rand.randint(0, 7) for _ in range(30)]
    y = [min(max(round(8 - 0.7 * v + rand.gauss(0, 1.2)), 1), 10) for v in x]
    return text(
        {
            "Timestamp": [f"2024/03/{i % 28 + 1:02} 9:2{i % 10}:41 AM GMT+1" for i in range(30)],
            "How many cups a day?": x,
            "How well do you sleep? (1-10)": y,
            "Email Address": [f"p{i}@example.org" for i in range(30)],
        }
    ), pearson(x, y)


@case(
    "survey tools", "REDCap: boxes as ___1, dates, -99 for a missing age", ["age", "score_total"], unused=["record_id"]
)
def redcap(rand):
    x, y = linked(rand, 40, 50, 12, 0.7, 5, 9, 0)
    known = [None if i % 8 == 3 else v for i, v in enumerate(x)]
    return text(
        {
            "record_id": range(1, 41),
            "redcap_event_name": ["baseline_arm_1"] * 40,
            "age": [-99 if v is None else f"{v:.0f}" for v in known],
            "symptoms___1": [i % 2 for i in range(40)],
            "symptoms___2": [i % 3 // 2 for i in range(40)],
            "score_total": y,
            "baseline_complete": [2] * 40,
        }
    ), pearson(known, y)


# ---- instruments and loggers ----


@case("instruments", "qPCR: settings with stars, a section title, Undetermined", ["Quantity", "CT"], ext="txt", rows=32)
def qpcr(rand):
    x, y = linked(rand, 32, 5, 1.3, -3.2, 38, 0.8, 2)
    known = [None if i % 8 == 5 else v for i, v in enumerate(y)]
    head = "* Block Type = 96-Well\n* Experiment User Name = kl\n* Chemistry = SYBR_GREEN\n\n[Results]\n"
    body = raw(
        {
            "Well": range(1, 33),
            "Well Position": [f"{'ABCD'[i // 8]}{i % 8 + 1}" for i in range(32)],
            "Quantity": x,
            "CT": ["Undetermined" if v is None else v for v in known],
        },
        "\t",
    )
    return head + body, pearson(x, known)


@case("instruments", "a station's four lines of header (TOA5), NAN in quotes", ["AirTC_Avg", "RH"], ext="dat", rows=36)
def station(rand):
    x, y = linked(rand, 36, 14, 5, -1.8, 90, 6, 2)
    known = [None if i in (5, 17) else v for i, v in enumerate(y)]
    head = (
        '"TOA5","CR1000","CR1000","4412","CR1000.Std.27","CPU:met.CR1","51022","Hourly"\n'
        '"TIMESTAMP","RECORD","AirTC_Avg","RH"\n"TS","RN","Deg C","%"\n"","","Avg","Smp"\n'
    )
    return head + "".join(
        f'"2024-05-{1 + i // 24:02} {i % 24:02}:00:00",{i + 100},{a},{chr(34) + "NAN" + chr(34) if b is None else b}\n'
        for i, (a, b) in enumerate(zip(x, known))
    ), pearson(x, known)


@case("instruments", "HOBO: a plot title, signs in names, columns of events", ["Temp, °C (LGR S/N: 20, SEN S/N: 20)", "RH, % (LGR S/N: 20, SEN S/N: 21)"], rows=36)  # fmt: skip
def hobo(rand):
    x, y = linked(rand, 36, 14, 5, -1.8, 90, 6, 3)
    names = ["#", "Date Time, GMT+01:00", "Temp, °C (LGR S/N: 20, SEN S/N: 20)", "RH, % (LGR S/N: 20, SEN S/N: 21)", "Host Connected (LGR S/N: 20)", "End Of File (LGR S/N: 20)"]  # fmt: skip
    lines = ['"Plot Title: barn 3"', ",".join(f'"{name}"' for name in names)]
    lines += [f"{i + 1},05/{1 + i // 24:02}/24 {i % 12 + 1:02}:00:00 {'AM' if i % 24 < 12 else 'PM'},{a},{b},,{'Logged' if i == 35 else ''}" for i, (a, b) in enumerate(zip(x, y))]  # fmt: skip
    return "\n".join(lines) + "\n", pearson(x, y)


@case(
    "instruments",
    "hours as yyyymmddhh, padded cells, -999, eor at the end of each line",
    ["FF", "TT"],
    ext="txt",
    rows=40,
)
def weather_service(rand):
    x, y = linked(rand, 40, 6, 2, -0.9, 16, 1.5, 1)
    known = [None if i % 9 == 4 else v for i, v in enumerate(y)]
    lines = ["STATIONS_ID;MESS_DATUM;QN_3;  FF;  TT;eor"]
    lines += [f"{44:11};202103{1 + i // 24:02}{i % 24:02};{3:5};{a:6};{-999 if b is None else b:6};eor" for i, (a, b) in enumerate(zip(x, known))]  # fmt: skip
    return "\n".join(lines) + "\n", pearson(x, known)


@case("instruments", "the names stand in the last line of comment", ["dose", "signal"], ext="txt", rows=30)
def names_in_comment(rand):
    x, y = linked(rand, 30, 14, 5, 2.1, 9, 6, 2)
    return "# made by reader 3.1\n# dose signal\n" + "".join(f"{a} {b}\n" for a, b in zip(x, y)), pearson(x, y)


@case("instruments", "KNMI: comments, and the names behind a hash between commas", ["TG", "RH"], ext="txt", rows=36)
def hashed_names(rand):
    x, y = linked(rand, 36, 120, 50, 0.3, 9, 20, 0)
    head = "# BRON: KNMI\n# TG = etmaalgemiddelde\n# RH = etmaalsom\n#\n# STN,YYYYMMDD,   TG,   RH\n#\n"
    return head + "".join(
        f"  260,202105{i % 28 + 1:02},{a:5.0f},{b:5.0f}\n" for i, (a, b) in enumerate(zip(x, y))
    ), pearson(x, y)


@case("instruments", "remarks behind a hash amid the rows", ["flow", "head"], rows=30)
def remarks_amid(rand):
    x, y = linked(rand, 30, 14, 5, 2.1, 9, 6, 2)
    lines = [f"{a},{b}" for a, b in zip(x, y)]
    lines[10:10] = ["# pump replaced, see log"]
    lines[21:21] = ["# pump failed"]
    return "flow,head\n" + "\n".join(lines) + "\n", pearson(x, y)


@case("instruments", "a spectrum in JCAMP-DX", ["column_1", "column_2"], ext="dx", rows=40, target=None)
def spectrum(rand):
    x, y = linked(rand, 40, 900, 200, 0.002, 0.4, 0.3, 1, 4)
    head = "##TITLE=film\n##JCAMP-DX=4.24\n##DATA TYPE=INFRARED SPECTRUM\n##XUNITS=1/CM\n##YUNITS=ABSORBANCE\n##NPOINTS=40\n##XYPOINTS=(XY..XY)\n"
    return head + "".join(f"{a}, {b}\n" for a, b in zip(x, y)) + "##END=\n", pearson(x, y)


@case("instruments", "variants: two hashes before notes, one before the names", ["QUAL", "DP"], ext="vcf", rows=30)
def variants(rand):
    x, y = linked(rand, 30, 60, 15, 0.5, 8, 6, 1, 0)
    head = '##fileformat=VCFv4.2\n##INFO=<ID=DP,Number=1,Type=Integer,Description="Total, depth">\n'
    body = raw({"#CHROM": [f"chr{i % 3 + 1}" for i in range(30)], "POS": range(1000, 1300, 10), "REF": shares(rand, 30, ["A", "C", "G"]), "QUAL": x, "DP": [int(v) for v in y]}, "\t")  # fmt: skip
    return head + body, pearson(x, [int(v) for v in y])


@case("instruments", "NUL marks fill the cells of words", ["load", "wear"], rows=30)
def padded_by_nul(rand):
    x, y = linked(rand, 30, 14, 5, 2.1, 9, 6, 2)
    return raw({"part": [f"p{i % 4}\0\0\0\0" for i in range(30)], "load": x, "wear": y}).encode(), pearson(x, y)


# ---- offices and banks ----


@case(
    "statistical offices",
    "Eurostat: years as columns, colons and flags",
    ["year", "value"],
    ext="tsv",
    target=None,
    rows=60,
)
def eurostat_years(rand):
    lines, years, values = ["freq,unit,geo\\TIME_PERIOD\t" + "\t".join(f"{2012 + k} " for k in range(6))], [], []
    for land in "AT BE CZ DE EE FI HU IE PL SE".split():
        cells = []
        for k in range(6):
            value = None if rand.random() < 0.1 else round(20 + 2 * k + rand.gauss(0, 2), 1)
            years.append(2012 + k)
            values.append(value)
            cells.append(": " if value is None else f"{value} b" if k == 3 else f"{value} ")
        lines.append(f"A,PC,{land}\t" + "\t".join(cells))
    return "\n".join(lines) + "\n", pearson(years, values)


@case("statistical offices", "World Bank: 2012 [YR2012], two points for none, notes below", ["year", "value"], target=None, rows=60)  # fmt: skip
def world_bank(rand):
    names = ["Country Name", "Country Code", *[f"{2012 + k} [YR{2012 + k}]" for k in range(6)]]
    lines, years, values = [",".join(names)], [], []
    for at in range(10):
        value = [None if rand.random() < 0.1 else round(20 + 2 * k + rand.gauss(0, 2), 3) for k in range(6)]
        years += [2012 + k for k in range(6)]
        values += value
        lines.append(f"Land {at},L{at:02}," + ",".join(".." if v is None else str(v) for v in value))
    lines += ["", "", "", "Data from database: World Development Indicators", "Last Updated: 03/28/2024"]
    return "\n".join(lines) + "\n", pearson(years, values)


@case("statistical offices", "OECD: two indicators below each other, with flags of single values", ["EMP", "GDP"], target=None, rows=30)  # fmt: skip
def oecd(rand):
    x, y = linked(rand, 30, 60, 5, 1.2, 10, 5, 1)
    lines = ["LOCATION,INDICATOR,MEASURE,TIME,Value,Flag Codes"]
    for name, cells in (("EMP", x), ("GDP", y)):
        lines += [
            f"L{i // 6},{name},PC,{2010 + i % 6},{v},{'E' if (i * len(name) + int(v)) % 7 == 2 else ''}"
            for i, v in enumerate(cells)
        ]
    return "\n".join(lines) + "\n", pearson(x, y)


@case("statistical offices", "UN data: footnotes by number in a second table below", ["Year", "Value"], rows=30)
def un_data(rand):
    years = [1990 + i % 15 for i in range(30)]
    y = [round(50 + v - 1990 + rand.gauss(0, 3), 1) for v in years]
    lines = ['"Country or Area","Year","Value","Value Footnotes"']
    lines += [
        f'"{"Chad" if i < 15 else "Peru"}","{v}","{w}","{1 if i % 9 == 0 else ""}"'
        for i, (v, w) in enumerate(zip(years, y))
    ]
    return "\n".join([*lines, "", '"footnoteSeqID","Footnote"', '"1","Estimate of the office."']) + "\n", pearson(
        years, y
    )


@case("banks", "an account: lines above, German amounts, the balance below", ["Buchungstag", "Saldo (EUR)"], rows=36)
def account(rand):
    dates = [BEGIN + datetime.timedelta(days=3 * i) for i in range(36)]
    balance = [round(1200 + 25 * i + rand.gauss(0, 300), 2) for i in range(36)]
    german = [f"{v:,.2f}".translate(str.maketrans(",.", ".,")) for v in balance]
    head = '"Girokonto";"DE00 0000"\n"Von:";"01.02.2019"\n"Bis:";"31.12.2019"\n"Kontostand vom 31.12.2019:";"2.100,44 EUR"\n\n'
    body = '"Buchungstag";"Verwendungszweck";"Betrag (EUR)";"Saldo (EUR)"\n' + "".join(
        f'"{d:%d.%m.%Y}";"Laden {i % 5}, Ort";"{-10 - i % 7},50";"{g}"\n' for i, (d, g) in enumerate(zip(dates, german))
    )
    return (head + body).encode("cp1252"), over_time(dates, balance)


@case(
    "banks", "a list of SAP: bars, rules, minus behind, the header on each page", ["Menge", "Wert"], ext="txt", rows=36
)
def sap_list(rand):
    x, y = linked(rand, 36, 900, 500, 3, -900, 700, 0)
    show = lambda v: f"{abs(int(v)):,}".replace(",", ".") + ("-" if v < 0 else "")  # noqa: E731
    rule = "-" * 40
    out = ["Bestandsliste 31.12.2023", ""]
    for page in range(3):
        out += [rule, "|Material|      Menge|       Wert|", rule]
        out += [f"|M-{i:06}|{show(x[i]):>11}|{show(y[i]):>11}|" for i in range(12 * page, 12 * page + 12)]
    return "\n".join([*out, rule]) + "\n", pearson([int(v) for v in x], [int(v) for v in y])


@case("shops", "sums of groups in Turkish, and a grand total", ["Bölge", "Satış"], rows=36)
def turkish_sums(rand):
    lines, levels, values = ["Bölge,Mağaza,Satış"], [], []
    for region, mean in (("Batı", 60), ("Doğu", 40), ("Güney", 80)):
        part = [round(rand.gauss(mean, 9)) for _ in range(12)]
        lines += [f"{region},M{i},{v}" for i, v in enumerate(part)] + [f"Ara toplam,,{sum(part)}"]
        levels += [region] * 12
        values += part
    return "\n".join([*lines, f"Genel toplam,,{sum(values)}"]) + "\n", anova(levels, values)


@case("shops", "a pivot: a label stands in the first of its rows only", ["Region", "Sales"], rows=36)
def pivot_blanks(rand):
    lines, levels, values = ["Region,Store,Sales"], [], []
    for region, mean in (("East", 60), ("North", 40), ("South", 80)):
        part = [round(rand.gauss(mean, 9)) for _ in range(12)]
        lines += [f"{'' if i else region},Store {i},{v}" for i, v in enumerate(part)] + [f"{region} Total,,{sum(part)}"]
        levels += [region] * 12
        values += part
    return "\n".join([*lines, f"Grand Total,,{sum(values)}"]) + "\n", anova(levels, values)


@case("shops", "prices of a market: 1.25M, -0.45%, a dash for none", ["Vol.", "Change %"], rows=36)
def market(rand):
    x, y = linked(rand, 36, 1.4, 0.3, 0.9, -1.2, 0.2, 2)
    known = [None if i % 9 == 4 else v for i, v in enumerate(x)]
    return text(
        {
            "Date": [f"{BEGIN + datetime.timedelta(days=i):%b %d, %Y}" for i in range(36)],
            "Price": [f"{1000 + 7 * i:,}.50" for i in range(36)],
            "Vol.": ["-" if v is None else f"{v:.2f}M" for v in known],
            "Change %": [f"{v}%" for v in y],
        }
    ), pearson(known, y)


@case("shops", "a watch: two dashes for none, paces as 5:45", ["Avg Pace", "Avg HR"], rows=36)
def watch(rand):
    x, y = linked(rand, 36, 330, 30, -0.3, 250, 6, 0)
    known = [None if i % 9 == 4 else v for i, v in enumerate(y)]
    return text(
        {
            "Activity Type": ["Running"] * 36,
            "Distance": [round(rand.uniform(3, 21), 2) for _ in x],
            "Avg Pace": [f"{v // 60:.0f}:{v % 60:02.0f}" for v in x],
            "Avg HR": ["--" if v is None else f"{v:.0f}" for v in known],
        }
    ), pearson(x, known)


@case("shops", "web statistics: ruled notes above, a second table of days below", ["Sessions", "Revenue"], rows=20)
def web_statistics(rand):
    x, y = linked(rand, 20, 900, 200, 2.5, 60, 300, 0)
    head = "# ----------------------------------------\n# All Web Site Data\n# 20240101-20240131\n# ----------------------------------------\n\n"
    body = text({"Channel": [f"channel {i}" for i in range(20)], "Sessions": [f"{v:,.0f}" for v in x], "Bounce Rate": [f"{40 + i}.5%" for i in range(20)], "Revenue": [f"${v:,.2f}" for v in y]})  # fmt: skip
    return head + body + "\nDay Index,Sessions\n" + "".join(f"1/{i + 1}/24,{30 + i}\n" for i in range(31)), pearson(
        x, y
    )


# ---- spreadsheets in other countries ----


@case(
    "spreadsheets abroad",
    "France: semicolons, thin blanks, VRAI and FAUX",
    ["Surface", "Loyer"],
    yes={"Meublé": "VRAI"},
)
def french_sheet(rand):
    x, y = linked(rand, 36, 1400, 500, 1.2, 300, 300, 1)
    show = lambda v: f"{v:,.1f}".replace(",", "\u202f").replace(".", ",")  # noqa: E731
    return text({"Surface": map(show, x), "Loyer": map(show, y), "Meublé": shares(rand, 36, ["FAUX", "VRAI"]), "Date": [f"{i % 28 + 1:02}/03/2024" for i in range(36)]}, ";", "\r\n"), pearson(x, y)  # fmt: skip


@case("spreadsheets abroad", "India: lakhs, days before months with dashes", ["Date", "Amount"], rows=36)
def indian_sheet(rand):
    dates, _ = dated(rand, 36)
    y = [round(250000 + 400 * (d - BEGIN).days + rand.gauss(0, 40000)) for d in dates]
    show = lambda v: f"{v // 100000},{v // 1000 % 100:02},{v % 1000:03}.00"  # noqa: E731
    return text({"Date": [f"{d:%d-%m-%Y}" for d in dates], "Amount": [f"₹ {show(v)}" for v in y]}), over_time(dates, y)


@case("spreadsheets abroad", "Japan: yen, months of one digit, marks for yes and no", ["日付", "売上"], rows=36)
def japanese_sheet(rand):
    dates, _ = dated(rand, 36)
    y = [round(25000 + 40 * (d - BEGIN).days + rand.gauss(0, 4000)) for d in dates]
    return text({"日付": [f"{d.year}/{d.month}/{d.day}" for d in dates], "売上": [f"￥{v:,}" for v in y], "会員": shares(rand, 36, ["○", "×"])}).encode("cp932"), over_time(dates, y)  # fmt: skip


@case(
    "spreadsheets abroad",
    "texts with a decimal comma among typed numbers of one column",
    ["Menge", "Preis"],
    "xlsx",
    rows=30,
)
def typed_and_texts(rand):
    x, y = linked(rand, 30, 1400, 500, 1.2, 300, 300, 1)
    german = lambda v: f"{v:,.2f}".translate(str.maketrans(",.", ".,"))  # noqa: E731
    return workbook(("t", rows_of({"Menge": x, "Preis": [german(v) if i % 3 == 1 else v for i, v in enumerate(y)]}))), pearson(x, y, {"Preis": y})  # fmt: skip


@case("spreadsheets abroad", "texts of thousands beside two typed columns", ["anteil", "bewohner"], "xlsx")
def typed_columns_outvote(rand):
    share, people = linked(rand, 24, 40, 9, 300, 4000, 2500, 2, 0)
    people = [abs(int(v)) + 1000 for v in people]
    shown = {"anteil": [comma(v) + "%" for v in share], "bewohner": [f"{v:,}".replace(",", ".") for v in people]}
    typed = {
        "rang": [round(v / 7, 2) for v in share],
        "index": [round(v / 3, 1) for v in share],
        "mass": [v / 8 for v in share],
    }
    return workbook(("t", rows_of({**shown, **typed}))), pearson(share, people, {"bewohner": people})


@case("Excel", "conditions, rounding and sums of ranges without stored values", ["score", "days"], ext="xlsx", rows=30)
def formulas_of_ranges(rand):
    a, b, c = ([rand.randint(1, 40) for _ in range(30)] for _ in "abc")
    score = [round((u + v + w) / 3, 1) if u > 10 else u * 2 + 100 * 0.05 for u, v, w in zip(a, b, c)]
    y = [round(2 + 0.8 * v + rand.gauss(0, 5), 1) for v in score]
    rows = [["a", "b", "c", "score", "days"]]
    rows += [[u, v, w, f"=IF(A{i + 2}>10,ROUND(AVERAGE(A{i + 2}:C{i + 2}),1),SUM(A{i + 2},A{i + 2})+100*5%)", t] for i, (u, v, w, t) in enumerate(zip(a, b, c, y))]  # fmt: skip
    return workbook(("s", rows)), pearson(score, y)


@case("Excel", "a formula that is not known has no value, and the column says how many", ["rate", "cost"], ext="xlsx", say="rate.*(30|24) formulas")  # fmt: skip
def unknown_formulas(rand):
    x, y = linked(rand, 30, 14, 5, 2.1, 9, 6, 2)
    rows = [["rate", "cost", "wear"]]
    rows += [[f'=WEBSERVICE("http://x/{i}")', a, b] for i, (a, b) in enumerate(zip(x, y))]
    return workbook(("s", rows)), "said of the column"


# ---- texts of programs ----


@case("texts of programs", "a table of LaTeX", ["mass", "range"], ext="tex", rows=24)
def latex(rand):
    x, y = linked(rand, 24, 14, 5, 2.1, 9, 6, 2)
    body = "".join(f"S{i} & {a} & {b} \\\\\n" for i, (a, b) in enumerate(zip(x, y)))
    return "\\begin{tabular}{lrr}\n\\toprule\nsample & mass & range \\\\\n\\midrule\n" + body + "\\bottomrule\n\\end{tabular}\n", pearson(x, y)  # fmt: skip


@case("texts of programs", "psql: bars between, a rule of dashes, (24 rows)", ["mass", "range"], ext="txt", rows=24)
def psql(rand):
    x, y = linked(rand, 24, 14, 5, 2.1, 9, 6, 2)
    body = "".join(f" {i:2} | {a:6.2f} | {b:6.2f}\n" for i, (a, b) in enumerate(zip(x, y)))
    return " id |  mass  | range  \n----+--------+--------\n" + body + "(24 rows)\n", pearson(x, y)


@case("texts of programs", "inserts of a dump of SQL", ["mass", "range"], ext="sql", rows=24)
def sql_dump(rand):
    x, y = linked(rand, 24, 14, 5, 2.1, 9, 6, 2)
    head = "-- dump\nCREATE TABLE `runs` (`id` int, `name` varchar(20), `mass` double, `range` double);\n"
    values = ",\n".join(f"({i},'it''s {i}, old',{a},{b})" for i, (a, b) in enumerate(zip(x, y)))
    return head + f"INSERT INTO `runs` (`id`,`name`,`mass`,`range`) VALUES\n{values};\n", pearson(x, y)


@case("texts of programs", "records of YAML", ["mass", "range"], ext="yaml", rows=24)
def yaml_records(rand):
    x, y = linked(rand, 24, 14, 5, 2.1, 9, 6, 2)
    return "---\n" + "".join(
        f"- name: run {i}\n  mass: {a}\n  range: {b}\n" for i, (a, b) in enumerate(zip(x, y))
    ), pearson(x, y)


@case(
    "texts of programs",
    "a printed frame of pandas, its middle left out",
    ["mass", "range"],
    ext="txt",
    rows=20,
    say=r"\.\.\.|left out",
)
def printed_frame(rand):
    x, y = linked(rand, 20, 14, 5, 2.1, 9, 6, 2)
    lines = ["      mass  range   arm"] + [f"{i if i < 10 else 980 + i:<3}  {a:6.2f} {b:6.2f}  {'north' if i % 2 else 'south'}" for i, (a, b) in enumerate(zip(x, y))]  # fmt: skip
    lines.insert(11, "..      ...    ...    ...")
    return "\n".join([*lines, "", "[1000 rows x 3 columns]"]) + "\n", pearson(x, y)


@case("texts of programs", "quotes with line ends and doubled quotes", ["mass", "range"], rows=30)
def lines_within_cells(rand):
    x, y = linked(rand, 30, 14, 5, 2.1, 9, 6, 2)
    return text(
        {"remark": [f'said "no",\r\nthen left {i}' for i in range(30)], "mass": x, "range": y}, end="\r\n"
    ), pearson(x, y)


@case(
    "texts of programs",
    "a web page with numbers of notes raised behind values",
    ["people", "area"],
    ext="html",
    rows=30,
)
def raised_notes(rand):
    x, y = linked(rand, 30, 4000, 900, 0.2, 90, 200, 0)
    cells = [f"{v:,.0f}" + (f"<sup>{i % 3 + 1}</sup>" if i % 4 == 0 else "") for i, v in enumerate(x)]
    body = "".join(
        f"<tr><td>T{i}<sup>a</sup></td><td>{a}</td><td>{b:.0f}</td></tr>" for i, (a, b) in enumerate(zip(cells, y))
    )
    return f"<html><body><table><tr><th>town</th><th>people</th><th>area</th></tr>{body}</table></body></html>", pearson(x, y, {"people": x})  # fmt: skip


@case(
    "texts of programs",
    "decimal commas and commas between cells, unquoted",
    ["a", "b"],
    refusal="decimal|cells than|cannot be told",
)
def commas_for_both(rand):
    x, y = linked(rand, 30, 14, 5, 2.1, 9, 6, 1)
    return "a,b\n" + "".join(
        f"{comma(a, 1)},{comma(b, 1)}\n" for a, b in zip(x, y)
    ), "said, or parted rightly; never moved cells"


@case("texts of programs", "a second table right below the first, without a blank line", ["height", "girth"], refusal="another table|second table|set aside|left out")  # fmt: skip
def right_below(rand):
    x, y = linked(rand, 30, 14, 5, 2.1, 9, 6, 1)
    first = text({"tree": [f"t{i}" for i in range(30)], "height": x, "girth": y})
    return first + "plot,soil\n" + "".join(f"p{i},loam\n" for i in range(9)), pearson(x, y)


# ---- containers ----


@case("container", "packed twice", ["mass", "range"], ext="csv.gz.gz", rows=30)
def packed_twice(rand):
    x, y = linked(rand, 30, 14, 5, 2.1, 9, 6, 2)
    return gzip.compress(gzip.compress(text({"mass": x, "range": y}).encode(), mtime=0), mtime=0), pearson(x, y)


@case("container", "UTF-16 with tabs, as a spreadsheet saves Unicode text", ["Masse", "Höhe"], ext="txt", rows=30)
def unicode_text(rand):
    x, y = linked(rand, 30, 14, 5, 2.1, 9, 6, 2)
    return raw({"Masse": map(comma, x), "Höhe": map(comma, y)}, "\t", "\r\n").encode("utf-16"), pearson(x, y)


@case(
    "container",
    "Parquet: decimals, durations, dictionaries, times with a zone",
    ["cost", "wait"],
    ext="parquet",
    rows=36,
)
def odd_types(rand):
    import decimal

    import pyarrow as pa
    import pyarrow.parquet as pq

    x, y = linked(rand, 36, 300, 80, 9, 900, 700, 2, 0)
    table = pa.table(
        {
            "cost": pa.array([decimal.Decimal(str(v)) for v in x], pa.decimal128(12, 2)),
            "wait": pa.array([int(abs(v)) for v in y], pa.duration("s")),
            "desk": pa.array(shares(rand, 36, ["east", "west"])).dictionary_encode(),
            "at": pa.array(
                [datetime.datetime(2024, 5, 1 + i % 20, 9) for i in range(36)], pa.timestamp("us", "Europe/Berlin")
            ),
            "marks": pa.array([[1, 2][: i % 3] for i in range(36)], pa.list_(pa.int8())),
        }
    )
    out = io.BytesIO()
    pq.write_table(table, out)
    return out.getvalue(), pearson(x, [int(abs(v)) for v in y], {"cost": x})


@case("container", "times of day in Parquet", ["at", "people"], ext="parquet", rows=36)
def times_of_day(rand):
    import pyarrow as pa
    import pyarrow.parquet as pq

    seconds = [rand.randint(6 * 3600, 22 * 3600) for _ in range(36)]
    y = [round(v / 600 + rand.gauss(0, 20)) for v in seconds]
    out = io.BytesIO()
    pq.write_table(pa.table({"at": pa.array(seconds, pa.time32("s")), "people": y}), out)
    return out.getvalue(), pearson(seconds, y)


@case(
    "container",
    "lists of JSON beside nested records, numbers as texts",
    ["vitals.pulse", "vitals.temp"],
    ext="jsonl",
    rows=30,
)
def nested_lines(rand):
    import json

    x, y = linked(rand, 30, 70, 9, 0.02, 36, 0.3, 0, 1)
    rows = [
        {"id": i, "vitals": {"pulse": int(a), "temp": str(b)}, "tags": ["a"] * (i % 3)}
        for i, (a, b) in enumerate(zip(x, y))
    ]
    return "".join(json.dumps(row) + "\n" for row in rows), pearson([int(v) for v in x], y)
