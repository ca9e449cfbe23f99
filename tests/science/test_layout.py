"""The layout of files: which lines are the header, which are rows, which are neither, in every form that is read."""

import bz2
import datetime
import gzip
import io
import json
import lzma
import os
import random
import sqlite3
import tarfile
import tempfile
import unittest
import zipfile

import numpy as np
import pandas as pd
import pyarrow as pa
from scripts import AGENT, family

READER = {}
exec(
    compile(
        "\n".join(
            (AGENT / "reader" / f"{part}.py").read_text(encoding="utf-8") for part in family("profile")["reader"]
        ),
        "reader",
        "exec",
    ),
    READER,
)
NAMES = ["dose", "resp", "age", "arm"]


def make_rows(count=60):
    """Rows of texts: two correlated numbers, a whole number, and a letter."""
    draw = random.Random(7)
    rows = []
    for _ in range(count):
        dose = round(draw.gauss(19, 4), 2)
        rows.append(
            [f"{dose:.2f}", f"{1.5 * dose + draw.gauss(0, 7):.2f}", str(draw.randint(20, 70)), draw.choice("AB")]
        )
    return rows


ROWS = make_rows()
TABLE = [NAMES, *ROWS]
TYPED = [NAMES, *([float(a), float(b), int(c), d] for a, b, c, d in ROWS)]
FRAME = pd.DataFrame(TYPED[1:], columns=NAMES)


def text(rows, delimiter=",", end="\n"):
    return end.join(delimiter.join(row) for row in rows) + end


def read(content, name="data.csv", target=None, question=""):
    """(facts, {name: texts}, warnings) of a file, or of a folder of files by name."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, name)
        if isinstance(content, dict):
            os.mkdir(path)
        for file, inner in content.items() if isinstance(content, dict) else [("", content)]:
            with open(os.path.join(path, file) if file else path, "wb") as out:
                out.write(inner if isinstance(inner, bytes) else inner.encode())
        warnings, before = [], os.getcwd()
        os.chdir(folder)
        try:
            facts, columns = READER["read_source"](path, "auto", warnings, target, question)
        finally:
            os.chdir(before)
        left = os.listdir(folder)
    assert left == [name], f"{left} was left behind"
    return facts, {name: array.to_pylist() for name, array in columns}, warnings


def as_number(value):
    return np.nan if value in (None, "") else float(str(value).replace(",", "."))


class Layout(unittest.TestCase):
    def check(self, content, name="data.csv", names=NAMES, rows=60, says=None, **asked):
        """Reads a form of the one table and compares names, rows and both columns of numbers, cell by cell."""
        facts, columns, warnings = read(content, name, **asked)
        if names is not None:
            self.assertEqual(list(columns), names, warnings)
        self.assertEqual({len(values) for values in columns.values()}, {rows}, warnings)
        for index, column in enumerate(("dose", "resp")):
            if column in columns and rows == 60:
                found = [as_number(value) for value in columns[column]]
                self.assertEqual(found, [float(row[index]) for row in ROWS], column)
        if says is not None:
            self.assertRegex("\n".join(warnings), says)
        return facts, columns, warnings

    def silent(self, content, name="data.csv", **expected):
        _, columns, warnings = self.check(content, name, **expected)
        self.assertEqual(warnings, [])
        return columns

    def refused(self, code, says, content, name="data.csv", **asked):
        with self.assertRaises(READER["Problem"]) as caught:
            read(content, name, **asked)
        self.assertEqual(caught.exception.code, code, caught.exception)
        self.assertRegex(str(caught.exception), says)


def named(rows=ROWS, first="site", stem="s"):
    """The rows with a name in front."""
    return [[first, *NAMES], *([f"{stem}{index}", *row] for index, row in enumerate(rows))]


def sums(rows):
    return [f"{sum(float(row[0]) for row in rows):.2f}", f"{sum(float(row[1]) for row in rows):.2f}"] + [
        str(sum(int(row[2]) for row in rows))
    ]


def figures(of):
    return [f"{of([float(row[index]) for row in ROWS]):.2f}" for index in range(3)]


class OtherPrograms(Layout):
    def test_comments_in_other_marks(self):
        for mark in ("#", "%", "//", "; ", "!"):
            with self.subTest(mark):
                self.check(f"{mark} made by x\n{mark} second line\n" + text(TABLE))
                self.check(f"{mark} made by x\n{mark}dose resp age arm\n" + text(ROWS, " "), says="line of comment")

    def test_remarks_amid_the_rows(self):
        lines = text(TABLE).splitlines()
        lines[9:9] = ["# pump replaced, see log", "% and again"]
        facts, _, _ = self.check("\n".join(lines) + "\n", says="mark of remarks")
        self.assertEqual([entry["rows"] for entry in facts["set_aside"]], [2])

    def test_rows_without_names_below_titles(self):
        facts, _, _ = self.check(
            "Results of May\n" + text(ROWS), names=[f"column_{i + 1}" for i in range(4)], says="line above the rows"
        )
        self.assertEqual(facts["set_aside"][0]["rows"], 1)

    def test_another_table_right_below(self):
        for other in (
            "plot,soil\n" + "".join(f"p{i},loam\n" for i in range(9)),
            "name,count\n" + "".join(f"x{i},{i * 3}\n" for i in range(9)),
        ):
            facts, _, _ = self.check(text(TABLE) + other, says="another table at line 62 .9 rows")
            self.assertEqual(facts["set_aside"][-1]["rows"], 10)
        # The last rows have words in place of numbers.
        unknown = [["refused", "refused", "refused", "A"]] * 3
        self.check(text([*TABLE, *unknown]), rows=63)

    def test_a_lone_column_of_several_words(self):
        for cell in ("{} kg", "1 h {} min", "{} of 99"):
            with self.subTest(cell):
                content = "size\n" + "".join(cell.format(i) + "\n" for i in range(30))
                _, columns, _ = self.check(content, names=["size"], rows=30)
                self.assertEqual(columns["size"][7], cell.format(7))

    def test_titles_of_groups_of_rows(self):
        lines = [",".join(row) for row in named()]
        for at in (41, 21, 1):
            lines[at:at] = [f"Ward {at // 20}"]
        facts, columns, _ = self.check(
            "\n".join(lines) + "\n", names=["site", *NAMES, "section"], says="3 lines hold only a title"
        )
        self.assertEqual(columns["section"], [f"Ward {i // 20}" for i in range(60)])
        self.assertEqual(facts["set_aside"][0]["rows"], 3)

    def test_labels_in_the_first_of_their_rows(self):
        rows = [
            [f"{2020 + i // 20}" if i % 20 == 0 else "", f"q{i // 5}" if i % 5 == 0 else "", *row]
            for i, row in enumerate(ROWS)
        ]
        _, columns, _ = self.check(
            text([["year", "part", *NAMES], *rows]), names=["year", "part", *NAMES], says="'year' stands in the first"
        )
        self.assertEqual(columns["year"], [f"{2020 + i // 20}" for i in range(60)])
        self.assertEqual(columns["part"], [f"q{i // 5}" for i in range(60)])

    def test_years_and_seasons_as_columns(self):
        for heads, title in (
            (["2015", "2016", "2017*", "2018p", "2019 (prov.)", "2020 [YR2020]"], "year"),
            ([f"{year}-{year + 1 - 2000}" for year in range(2015, 2021)], "season"),
            ([f"FY{year}/{year + 1 - 2000}" for year in range(2015, 2021)], "season"),
        ):
            cells = "".join(f"L{i}," + ",".join(str(i + k / 10) for k in range(6)) + "\n" for i in range(10))
            _, columns, _ = self.check(
                ",".join(["land", *heads]) + "\n" + cells,
                names=["land", title, "value"],
                rows=60,
                says="one row per time",
            )
            self.assertEqual(columns["value"][:7], ["0.0", "0.1", "0.2", "0.3", "0.4", "0.5", "1.0"])

    def test_an_unnamed_measure_is_told_by_its_file(self):
        heads = ",".join(["region", *(str(year) for year in range(2010, 2016))]) + "\n"
        cells = "".join(f"L{i}," + ",".join(str(i + k / 10) for k in range(6)) + "\n" for i in range(10))
        for name, label in (("rainfall_years_2015.csv", "rainfall"), ("infant-mortality.csv", "infant mortality"), ("data.csv", None)):
            facts, _, _ = read(heads + cells, name)
            self.assertEqual(facts["columns"].get("value", {}).get("label"), label, name)

    def test_years_above_names_that_repeat(self):
        cells = "".join(f"L{i},{i},{i * 2},{i * 3},{i * 5}\n" for i in range(20))
        head = ",2019,,2020,\nland,men,women,men,women\n"
        self.check(
            head + cells,
            names=["land", "2019 men", "2019 women", "2020 men", "2020 women"],
            rows=20,
            says="names of groups",
        )

    def test_a_cube_of_an_office(self):
        lands, value = ["AT", "BE", "CH"], {str(i): i / 2 for i in range(12) if i != 7}
        dimension = {
            "geo": {"category": {"index": {land: at for at, land in enumerate(lands)}, "label": {"AT": "Austria"}}}
        }
        dimension["time"] = {"category": {"index": ["2018", "2019", "2020", "2021"]}}
        cube = {"class": "dataset", "id": ["geo", "time"], "size": [3, 4], "dimension": dimension, "value": value}
        _, columns, _ = self.check(json.dumps(cube), "data.json", names=["geo", "time", "value"], rows=11)
        self.assertEqual([columns[name][7] for name in columns], ["CH", "2018", "4.0"])
        for broken in (
            {"size": [3, 5]},
            {"value": {"x": 1}},
            {"value": {"99": 1}},
            {"dimension": {"geo": [1]}},
            {"id": [{}, 3]},
        ):
            with self.subTest(broken):
                try:
                    read(json.dumps({**cube, **broken}), "data.json")
                except READER["Problem"] as problem:
                    self.assertTrue(str(problem))

    def test_answers_in_columns_of_their_own(self):
        head = "id,Which do you use?,,,Age\n,Phone,Tablet,Laptop,Response\n"
        cells = "".join(
            f"r{i},{'Phone' * (i % 2)},{'Tablet' * (i % 3 > 0)},{'Laptop' * (i % 5 > 0)},{20 + i}\n" for i in range(30)
        )
        self.check(head + cells, names=["id", "Phone", "Tablet", "Laptop", "Age"], rows=30)

    def test_a_plate_of_wells(self):
        wells = ",".join(["<>", *map(str, range(1, 13))]) + "\n"
        wells += "".join(f"{'ABCDEFGH'[i]}," + ",".join(str(i + k / 100) for k in range(12)) + "\n" for i in range(8))
        _, columns, _ = self.check(
            wells, names=["well", "plate_row", "plate_column", "value"], rows=96, says="8 by 12 wells"
        )
        self.assertEqual((columns["well"][13], columns["value"][13]), ("B2", "1.01"))

    def test_texts_of_programs(self):
        sections = "".join(
            f"[run {i}]\ndose={a}\nresp = {b}\nage={c}\narm={d}\n\n" for i, (a, b, c, d) in enumerate(ROWS)
        )
        self.check(sections, "data.ini", names=["section", *NAMES], says="sections")
        rule = "     +--------------------+\n"
        listed = rule + "     | dose  resp  age  arm |\n     |--------------------|\n"
        listed += "".join(f"{i + 1:3}. | {'  '.join(row)} |\n" for i, row in enumerate(ROWS)) + rule
        self.check(listed, "data.txt")
        dump = "CREATE TABLE IF NOT EXISTS `t` (\n `dose` decimal(5,2) NOT NULL,\n resp double,\n age int, arm char(1), PRIMARY KEY (`dose`));\n"
        dump += "".join(f"INSERT INTO `t` VALUES ({a},{b},{c},'{d}');\n" for a, b, c, d in ROWS)
        self.check(dump, "data.sql", says="dump of SQL")
        records = "".join(f"- dose: {a}\n  resp: {b}\n  age: {c}\n  arm: '{d}'\n" for a, b, c, d in ROWS)
        self.check(records, "data.yml", says="YAML")

    def test_files_of_two_encodings_put_together(self):
        head, body = text([[*NAMES, "stra\u00dfe"]]).encode(), [[*row, "\u00e9\u00fc"] for row in ROWS]
        content = head + text(body[:59]).encode() + text(body[59:]).encode("latin-1")
        _, columns, _ = self.check(content, names=[*NAMES, "stra\u00dfe"], says="2 bytes of the file are no UTF-8")
        self.assertEqual(columns["stra\u00dfe"][:2], ["\u00e9\u00fc"] * 2)


class AboveTheHeader(Layout):
    def test_titles_and_notes(self):
        for above in (
            '"Results, spring 2024"\n',
            "Trial report 2024\nSite: Basel\n\n",
            "Station:,Basel\nLatitude:,47.5\nLongitude:,7.6\n",
            "Report,2024\nBatch,17\n",
            "Report,,,\nMade,3 May 2024,,\n,,,\n",
            "Please cite: Smith, J., Jones, K. and others (2024), Journal, 12, 1-20\n\n",
            "".join(f"[Section {i}]\nkey{i}=value{i}\n" for i in range(12)) + "\n",
        ):
            with self.subTest(above):
                facts, _, _ = self.check(above + text(TABLE), says="(no part of|no part of it)")
                self.assertTrue(facts["set_aside"])
                self.assertEqual(facts["header_row"], above.count("\n") + 1)

    def test_comments_and_separator_lines(self):
        self.silent("# a\n# b, c\n\n" + text(TABLE))
        self.silent("sep=;\n" + text(TABLE, ";"))
        self.silent('\ufeff"sep=;"\r\n' + text(TABLE, ";", "\r\n"))
        self.silent("SEP=\t\n" + text(TABLE, "\t"))

    def test_a_title_above_words_only(self):
        rows = [["pet", "owner", "town"], *([["cat", "ann", "Basel"], ["dog", "bob", "Bern"]] * 10)]
        self.check("Survey of pets\n" + text(rows), names=rows[0], rows=20, says="Survey of pets")


class BelowTheLastRow(Layout):
    def test_notes(self):
        for below in (
            "* p < 0.05\n",
            "* estimated from the year before\n** preliminary; see the report, page 4\n",
            "n = 60,,,\n",
            "Values below the detection limit were halved,,,\n",
            "\nNotes:\n1) a\n2) b, with comma\n",
            "Generated on 2024-05-03 by the tool\n",
            "\n(60 rows affected)\n",
        ):
            with self.subTest(below):
                facts, _, _ = self.check(text(TABLE) + below, says="left out")
                self.assertTrue(facts["set_aside"])

    def test_a_name_without_values_is_a_row(self):
        self.silent(text([*named(), ["s60", "", "", "", ""]]), names=["site", *NAMES], rows=61)

    def test_several_tables(self):
        small = text([["ward", "beds"], *([f"W{i}", str(3 * i)] for i in range(10))])
        self.check(text(TABLE) + "\n" + small, says="another table at line 63")
        self.check(small + "\n" + text(TABLE), target="resp", says="another table")
        self.check(text(TABLE) + "\n" + small, names=["ward", "beds"], rows=10, target="beds", says="another table")

    def test_blank_lines_amid_the_rows(self):
        self.silent(text(TABLE[:20]) + "\n" + text(TABLE[20:]))
        self.silent(text(TABLE, end="\n\n"))

    def test_blocks_with_the_same_names_are_one_table(self):
        settings = "Run: {}\nOperator: kl\n\n"
        content = settings.format(1) + text(TABLE[:31]) + "\n" + settings.format(2) + text([NAMES, *ROWS[30:]])
        self.check(content, says="read as one")


class HeaderRows(Layout):
    def test_units_types_and_descriptions(self):
        facts, _, _ = self.check(text([NAMES, ["[mg]", "[mmol/L]", "[years]", ""], *ROWS]), says="units")
        self.assertEqual(facts["columns"]["resp"]["unit"], "mmol/L")
        facts, _, _ = self.check(text([NAMES, ["Dose given", "Response score", "Age", "Treatment arm"], *ROWS]))
        self.assertEqual(facts["columns"]["resp"]["label"], "Response score")
        facts, _, _ = self.check(text([NAMES, ["<dbl>", "<dbl>", "<int>", "<chr>"], *ROWS]))
        self.assertEqual(facts["set_aside"][0]["what"], "a line of data types")

    def test_groups_of_columns(self):
        for above in (["measure", "", "person", ""], ["measure", "measure", "person", "person"]):
            facts, _, _ = self.check(text([above, *TABLE]), says="names of groups")
            self.assertEqual(facts["columns"]["age"]["label"], "person: age")
        twice = [["id", "dose", "resp", "dose", "resp"], *([f"p{i}", *r[:2], *r[:2]] for i, r in enumerate(ROWS))]
        names = ["id", "before dose", "before resp", "after dose", "after resp"]
        self.check(text([["", "before", "", "after", ""], *twice]), names=names)

    def test_the_header_again(self):
        facts, _, _ = self.check(text([*TABLE[:21], NAMES, *TABLE[21:]]), says="amid the rows")
        self.assertEqual(facts["set_aside"][0]["first_row"], 22)
        units = ["mg", "score", "years", ""]
        self.check(text([NAMES, units, *ROWS[:30], NAMES, units, *ROWS[30:]]), says="amid the rows")

    def test_a_first_row_with_words_is_a_row(self):
        rows = [["id", "low", "high"], ["S1", "none", "none"], *([f"S{i}", str(i / 10), str(i)] for i in range(2, 40))]
        self.check(text(rows), names=rows[0], rows=39)
        self.silent(text([NAMES, ["NA", "NA", "NA", "A"], *ROWS]), rows=61)


class Widths(Layout):
    def test_a_delimiter_at_the_end_of_each_row(self):
        for end in (",", ",,"):
            self.silent(text([NAMES]) + text(ROWS, end=end + "\n"))
        self.silent(text([NAMES], "\t") + text(ROWS, "\t", "\t\n"), "data.tsv")

    def test_names_of_rows(self):
        self.check(text([NAMES, *([f"r{i}", *row] for i, row in enumerate(ROWS))]), names=["row_name", *NAMES])

    def test_what_cannot_be_told_is_refused(self):
        self.refused("ragged", "one|cells", text([NAMES, *(["3", *row] for row in ROWS)]))
        commas = [[row[0].replace(".", ","), *row[1:]] for row in ROWS]
        self.refused("ragged", "decimal mark", text([NAMES, *commas]))
        grown = [NAMES, *ROWS[:30], *([row[0], "0.5", *row[1:]] for row in ROWS[30:])]
        self.refused("ragged", "line 32", text(grown))

    def test_one_row_that_does_not_fit_is_set_aside(self):
        rows = [["who", *NAMES], *([f"p{i}", *row] for i, row in enumerate(ROWS[:-1])), ["Smith", " J", *ROWS[-1]]]
        facts, _, _ = self.check(text(rows), names=rows[0], rows=59, says="line 61.*set aside")
        self.assertEqual(facts["set_aside"], [{**facts["set_aside"][0], "first_row": 61, "rows": 1}])

    def test_quotes(self):
        def with_cell(cell, delimiter=","):
            return text([["dose", "resp", "place"], *([*row[:2], cell] for row in ROWS)], delimiter)

        names = ["dose", "resp", "place"]
        for content, found in (
            (with_cell("'Ward 1, east'"), "Ward 1, east"),
            (with_cell('"Ward \\"1\\", east"'), 'Ward "1", east'),
            (with_cell('"Ward 1, east"', ", "), "Ward 1, east"),
            (with_cell('"a ""b"", c"'), 'a "b", c'),
            (with_cell('"2" pipe, "old" type"'), '2" pipe, "old" type'),
            (with_cell("O'Brien"), "O'Brien"),
            (with_cell('5" pipe'), '5" pipe'),
            (with_cell("a;b;c"), "a;b;c"),
        ):
            with self.subTest(content[:60]):
                columns = self.silent(content, names=names)
                self.assertEqual(set(columns["place"]), {found})
        self.silent("\n".join('"' + ",".join(row) + '"' for row in TABLE) + "\n")


class Summaries(Layout):
    def test_totals(self):
        for rows in (
            [*TABLE, [*sums(ROWS), "Total"]],
            [NAMES, [*sums(ROWS), "All rows"], *ROWS],
            [*TABLE, [*sums(ROWS), ""]],
            [*TABLE, [*sums(ROWS), "Celkem"]],
        ):
            with self.subTest(rows[-1]):
                facts, _, _ = self.check(text(rows), says="left out")
                self.assertEqual(facts["set_aside"][0]["rows"], 1)

    def test_subtotals(self):
        for label in ("Subtotal {}", "{} Total", "Zwischensumme", ""):
            rows = []
            for start in range(0, 60, 10):
                part = ROWS[start : start + 10]
                rows += [[f"g{start}", *row[:3]] for row in part] + [[label.format(f"g{start}"), *sums(part)]]
            with self.subTest(label):
                self.check(text([["site", *NAMES[:3]], *rows]), names=["site", *NAMES[:3]], says="6 rows")

    def test_statistics(self):
        rows = [[*figures(np.mean), "Mean"], [*figures(lambda x: np.std(x, ddof=1)), "SD"]]
        rows += [[*figures(np.min), "Min"], [*figures(np.max), "Max"], ["60", "60", "60", "N"]]
        self.check(text([*TABLE, *rows]), says="5 rows")

    def test_words_without_the_numbers_are_rows(self):
        rows = [["site", "dose", "resp"], *([f"s{i}", *row[:2]] for i, row in enumerate(ROWS)), ["Total", "19", "33"]]
        self.check(text(rows), names=rows[0], rows=61, says="line 62 is called 'Total' but")
        for words in (["total", "part"], ["All", "North", "South"], ["min", "max", "n"], ["mean", "mode"]):
            levels = [["kind", "dose", "resp"], *([words[i % len(words)], *row[:2]] for i, row in enumerate(ROWS))]
            self.silent(text(levels), names=levels[0])

    def test_growth_is_no_total(self):
        self.silent(text([["x", "y"], *([str(2**i), str(3 * 2**i)] for i in range(12))]), names=["x", "y"], rows=12)


class Dialects(Layout):
    def test_delimiters(self):
        for delimiter in (";", "\t", "|", "~", "^", "\x01", "\x1f", ":", "::", "||", "§", "¦", "#"):
            with self.subTest(repr(delimiter)):
                facts, _, warnings = self.check(text(TABLE, delimiter), "data.txt")
                self.assertEqual((facts["delimiter"], warnings), (delimiter, []))
        self.silent(text(TABLE, ";").replace(".", ","))

    def test_one_column(self):
        for name, cells in (
            ("time", [f"12:{i:02d}:15" for i in range(60)]),
            ("page", [f"http://x.org/{i}" for i in range(60)]),
            ("dose", [row[0] for row in ROWS]),
        ):
            self.silent(name + "\n" + "\n".join(cells) + "\n", names=[name])

    def test_fixed_width(self):
        for form in ("{:>8}{:>8}{:>5}{:>4}\n", "{:<8}{:<8}{:<5}{}\n"):
            gaps = [[row[0], "" if i in (4, 9, 33) else row[1], *row[2:]] for i, row in enumerate(ROWS)]
            for above in ("", "Results of the trial\n\n"):
                content = above + "".join(form.format(*row) for row in [NAMES, *gaps])
                _, columns, warnings = read(content, "data.txt")
                self.assertEqual(list(columns), NAMES, warnings)
                self.assertEqual(columns["resp"], [row[1] for row in gaps])
        self.silent(text(TABLE, " "), "data.txt")

    def test_encodings_and_ends(self):
        for content in (
            text(TABLE).encode("utf-16"),
            text(TABLE).encode("utf-32"),
            text(TABLE).encode() + b"\x1a",
            text(TABLE).encode() + b"\0" * 90,
            text(TABLE, end="\r").encode(),
            text(TABLE[:30]).encode() + text(TABLE[30:], end="\r\n").encode(),
        ):
            self.silent(content)
        words = {
            "cp1251": "возраст",
            "koi8_r": "возраст",
            "shift_jis": "ねんれい年齢",
            "euc_kr": "나이",
            "gb18030": "年龄数据",
        }
        for page, word in words.items():
            with self.subTest(page):
                content = text([[word, *NAMES[1:]], *([word, *row[1:]] for row in ROWS)]).encode(page)
                _, columns, _ = read(content)
                self.assertEqual(list(columns)[0], word)
        _, columns, _ = read(text([["nom", *NAMES], *(["M\xfcller", *row] for row in ROWS)]).encode("latin-1"))
        self.assertEqual(columns["nom"][0], "M\xfcller")
        _, columns, _ = read(text([["d\xe9bit", *NAMES], *(["1", *row] for row in ROWS)]).encode("latin-1"))
        self.assertEqual(list(columns)[0], "d\xe9bit")

    def test_other_forms_of_text(self):
        rule = "|---|:-:|---|---|\n"
        body = "".join("| " + " | ".join(row) + " |\n" for row in ROWS)
        self.check("# Title\n\nWords.\n\n| " + " | ".join(NAMES) + " |\n" + rule + body, "data.md", says="left out")
        arff = "@RELATION 'a b'\n@ATTRIBUTE 'dose' NUMERIC\n@ATTRIBUTE resp REAL\n@attribute age integer\n"
        facts, _, _ = self.check(arff + "@attribute arm {A, B}\n\n@DATA\n" + text(ROWS) + "% end\n", "data.arff")
        self.assertEqual(facts["columns"]["arm"]["levels"], [["A", "A"], ["B", "B"]])
        self.check("\n".join(" ".join(f"{n}={c}" for n, c in zip(NAMES, row)) for row in ROWS) + "\n", "data.log")
        self.check("\n\n".join("\n".join(f"{n}: {c}" for n, c in zip(NAMES, row)) for row in ROWS) + "\n", "data.txt")
        wiki = "{| class=x\n! " + " !! ".join(NAMES) + "\n" + "".join("|-\n| " + " || ".join(r) + "\n" for r in ROWS)
        self.silent(wiki + "|}\n", "data.txt")

    def test_large_files_are_read_alike(self):
        many = ROWS * 7000
        total = [*sums(many), "Total"]
        for rows, delimiter in (
            ([NAMES, *many], ","),
            ([NAMES, *many], "::"),
            ([NAMES, *([*row, ""] for row in many[:1000]), *([*row, ""] for row in many[1000:])], ";"),
            ([NAMES, ["mg", "score", "years", ""], *many[:1000], NAMES, *many[1000:], total], ","),
        ):
            content = text(rows, delimiter)
            self.assertGreater(len(content), READER["WHOLE_BYTES"])
            _, columns, _ = read("Title\n\n" + content + "\nSource: x\n")
            self.assertEqual(list(columns), NAMES)
            self.assertEqual(columns["resp"], [row[1] for row in many])


class Workbooks(Layout):
    def book(self, fill):
        import openpyxl

        book, out = openpyxl.Workbook(), io.BytesIO()
        fill(book)
        book.save(out)
        return out.getvalue()

    def put(self, sheet, rows, top=1, left=1):
        for down, row in enumerate(rows):
            for along, cell in enumerate(row):
                if cell is not None:
                    sheet.cell(top + down, left + along, cell)

    def test_titles_offsets_and_notes(self):
        def fill(book):
            book.active["C2"] = "Trial"
            book.active.merge_cells("C2:F2")
            self.put(book.active, TYPED, 4, 3)
            self.put(book.active, [["Source: clinic"]], 67, 3)

        facts, _, _ = self.check(self.book(fill), "data.xlsx", says="Source: clinic")
        self.assertEqual(facts["header_row"], 4)

    def test_merged_cells(self):
        def fill(book):
            self.put(book.active, [["clinic", "dose", "resp"]])
            rows = [[f"C{i // 10}" if i % 10 == 0 else None, *row[:2]] for i, row in enumerate(TYPED[1:])]
            self.put(book.active, rows, 2)
            for start in range(2, 62, 10):
                book.active.merge_cells(f"A{start}:A{start + 9}")

        names = ["clinic", "dose", "resp"]
        _, columns, _ = self.check(self.book(fill), "data.xlsx", names=names, says="merged cells of 'clinic'")
        self.assertEqual(columns["clinic"], [f"C{i // 10}" for i in range(60)])

    def test_the_sheet_that_is_meant(self):
        def fill(book):
            self.put(book.active, [["About"], ["This is"]])
            self.put(book.create_sheet("Codes"), [["code", "label"], *([i, f"l{i}"] for i in range(300))])
            book["Codes"].sheet_state = "hidden"
            self.put(book.create_sheet("Patients"), TYPED)

        facts, _, _ = self.check(self.book(fill), "data.xlsx", says="3 sheets.*'Codes' \\(hidden\\)")
        self.assertEqual(facts["sheet"], "Patients")
        self.check(self.book(fill), "data.xlsx", names=["code", "label"], rows=300, target="label", says="hidden")

    def test_hidden_rows_are_said(self):
        def fill(book):
            self.put(book.active, TYPED)
            for row in range(32, 62):
                book.active.row_dimensions[row].hidden = True

        facts, _, _ = self.check(
            self.book(fill), "data.xlsx", says="about half .30 of 61. rows of the sheet are hidden"
        )
        self.assertEqual(facts["hidden_rows"], 30)

    def with_formulas(self, formula):
        def fill(book):
            self.put(book.active, [[*row, "made" if i == 0 else formula(i + 1)] for i, row in enumerate(TYPED)])

        return self.book(fill)

    def test_formulas_without_values(self):
        dose, resp, age = ([float(row[index]) for row in ROWS] for index in range(3))
        for formula, wanted in (
            (lambda row: f"=A{row}/2", [v / 2 for v in dose]),
            (lambda row: f"=-A{row}^2+2*3%", [v**2 + 0.06 for v in dose]),
            (lambda row: f"=SUM(A{row}:C{row})", [a + b + c for a, b, c in zip(dose, resp, age)]),
            (lambda row: f"=IF(AND(C{row}>=40,D{row}=\"a\"),MAX(A{row}:B{row}),MIN($A{row},B$99))",
             [max(a, b) if c >= 40 and row[3] == "A" else a for row, a, b, c in zip(ROWS, dose, resp, age)]),
            (lambda row: f"=IFERROR(A{row}/0,AVERAGE(A{row},B{row},D{row}:D{row}))", [(a + b) / 2 for a, b in zip(dose, resp)]),
            (lambda row: f"=ROUND(B{row},1)-INT(A{row})", [round(b + 1e-9, 1) - int(a) for a, b in zip(dose, resp)]),
            # Each rests on the one above, and each on the one below.
            (lambda row: "=C2" if row == 2 else f"=E{row - 1}+C{row}", np.cumsum(age)),
            (lambda row: "=C61" if row == 61 else f"=E{row + 1}+C{row}", np.cumsum(age[::-1])[::-1]),
        ):  # fmt: skip
            with self.subTest(formula(2)):
                content = self.with_formulas(formula)
                facts, columns, _ = self.check(
                    content, "data.xlsx", names=[*NAMES, "made"], says="60 formulas of column 'made'"
                )
                np.testing.assert_allclose([float(value) for value in columns["made"]], wanted)
                self.assertNotIn("without_values", facts)

    def test_formulas_that_are_not_computed(self):
        for formula in (
            lambda row: f'=WEBSERVICE("http://127.0.0.1:9/{row}")',
            lambda row: f"=E{row}+1",
            lambda row: f"=E{row - 1 if row > 2 else 61}+1",
            lambda row: f"=A{row}/0",
            lambda row: f"=D{row}*2",
            lambda row: "=" + "(" * 300 + "1" + ")" * 300,
            lambda row: f"=SUM(A{row}:B{row}",
            lambda row: f"=IF(A{row}>0,NOSUCH(1),2)",
            lambda row: f"=9^9^9^9+A{row}",
            lambda row: "=SUM(A1:XFD1048576)",
        ):
            with self.subTest(formula(2)[:60]):
                content = self.with_formulas(formula)
                facts, columns, _ = self.check(
                    content, "data.xlsx", names=[*NAMES, "made"], says="'made' holds 60 formulas"
                )
                self.assertEqual(facts["without_values"], ["made"])
                self.assertEqual(set(columns["made"]), {""})

    def test_tables_side_by_side(self):
        other = [["ward", "beds"], *([f"W{i}", i] for i in range(20))]

        def fill(book):
            self.put(book.active, other)
            self.put(book.active, TYPED, 1, 4)

        self.check(self.book(fill), "data.xlsx", says="another table beside")
        self.check(self.book(fill), "data.xlsx", names=["ward", "beds"], rows=20, target="beds")

    def test_dates_that_were_half_converted(self):
        days = [datetime.date(2021, 1, 3) + datetime.timedelta(days=9 * i) for i in range(60)]

        def fill(swap):
            def into(book):
                self.put(book.active, [["when", "dose"]])
                for row, day in enumerate(days, 2):
                    turned = datetime.date(day.year, day.day, day.month) if swap and day.day <= 12 else day
                    form = "%d/%m/%Y" if swap else "%m/%d/%Y"
                    book.active.cell(row, 1, turned if day.day <= 12 else day.strftime(form))
                    book.active.cell(row, 2, float(ROWS[row - 2][0]))

            return into

        for swap in (True, False):
            _, columns, _ = self.check(self.book(fill(swap)), "data.xlsx", names=["when", "dose"], says="'when'")
            self.assertEqual(columns["when"], [day.isoformat() for day in days])

    def test_protected_and_damaged(self):
        whole = self.book(lambda book: self.put(book.active, TYPED))
        self.refused("unreadable", "workbook", whole[: len(whole) // 2], "data.xlsx")
        self.refused("unreadable", "workbook", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "data.xls")


class Languages(Layout):
    def test_sources_below_the_table(self):
        for note in (
            "\u0179r\u00f3d\u0142o: GUS",
            "\u51fa\u5178\uff1a\u7dcf\u52d9\u7701",
            "\u0418\u0441\u0442\u043e\u0447\u043d\u0438\u043a: \u0420\u043e\u0441\u0441\u0442\u0430\u0442",
            "Kilde: SSB",
            "Bron: CBS",
        ):
            with self.subTest(note):
                self.check(text(named()) + note + "\n", names=["site", *NAMES], says="is a note")

    def test_rows_of_means(self):
        means = [f"{np.mean([float(row[at]) for row in ROWS]):.2f}" for at in range(3)]
        for word in ("\u015arednia", "\u5e73\u5747", "\u0421\u0440\u0435\u0434\u043d\u0435\u0435", "Keskiarvo"):
            with self.subTest(word):
                self.check(text([*named(), [word, *means, ""]]), names=["site", *NAMES])


class Logs(Layout):
    def test_keys_and_values_behind_a_time(self):
        lines = [f"2024-03-01 12:{at:02}:00 dose={row[0]} resp={row[1]} arm={row[3]}" for at, row in enumerate(ROWS)]
        for between in ("", " |"):
            with self.subTest(between):
                content = "\n".join(line.replace(":00 dose", f":00{between} dose") for line in lines)
                names = ["time", "dose", "resp", "arm"]
                _, columns, _ = self.check(content, "data.log", names=names, says="behind a time")
                self.assertEqual([float(value) for value in columns["dose"]], [float(row[0]) for row in ROWS])
                self.assertEqual(columns["time"][7], "2024-03-01 12:07:00")


class Documents(Layout):
    def test_shapes_of_json(self):
        records = FRAME.to_dict("records")
        for shape in ("records", "columns", "index", "split", "table"):
            with self.subTest(shape):
                _, columns, _ = read(FRAME.to_json(orient=shape), "data.json")
                self.assertEqual(columns["resp"], [str(row[1]) for row in TYPED[1:]])
        self.silent(FRAME.to_json(orient="records", lines=True), "data.jsonl")
        self.silent(json.dumps({name: FRAME[name].tolist() for name in NAMES}), "data.json")
        self.silent(json.dumps([NAMES, *TYPED[1:]]), "data.json")
        self.silent(json.dumps({f"p{i}": r for i, r in enumerate(records)}), "data.json", names=["key", *NAMES])
        reply = {"status": "ok", "data": {"page": 1, "items": records, "links": [{"rel": "x"}]}}
        self.check(json.dumps(reply), "data.json", says="'links'")
        nested = [{"id": i, "given": {"dose": r["dose"]}} for i, r in enumerate(records)]
        self.silent(json.dumps(nested), "data.json", names=["id", "given.dose"])
        places = [
            {"type": "Feature", "properties": r, "geometry": {"type": "Point", "coordinates": [1, 2]}} for r in records
        ]
        places = {"type": "FeatureCollection", "features": places}
        self.silent(json.dumps(places), "data.geojson", names=[*NAMES, "longitude", "latitude"])
        lists = [{"dose": r["dose"], "span": [1, 2], "tags": ["a"] * (i % 3)} for i, r in enumerate(records)]
        self.check(
            json.dumps(lists), "data.json", names=["dose", "span.1", "span.2", "tags"], says="'tags' holds lists"
        )
        self.refused("unreadable", "nested", "[" * 100_000 + "]" * 100_000, "data.json")

    def test_web_pages(self):
        table = FRAME.to_html(index=False)
        self.silent(table, "data.html")
        self.silent("<html><body>" + table + "</body></html>", "data.xls")
        menu = "<table><tr><td>Home</td><td>About</td></tr><tr><td>x</td><td>y</td></tr></table>"
        self.check("<html>" + menu + table + "</html>", "data.html", says="2 tables")
        spanned = "<table><tr><th colspan=2>measure<th colspan=2>person</tr>" + table.split("<thead>")[1]
        self.check(spanned, "data.html", says="names of groups")
        self.refused("not_a_table", "web page", "<html><body>hi</body></html>", "data.html")

    def test_xml(self):
        cells = [dict(zip(NAMES, row)) for row in ROWS]
        inner = "".join("<row>" + "".join(f"<{k}>{v}</{k}>" for k, v in row.items()) + "</row>" for row in cells)
        self.silent(f'<?xml version="1.0"?><d xmlns="urn:x"><meta><a>1</a></meta><rows>{inner}</rows></d>', "data.xml")
        inner = "".join("<r " + " ".join(f'{k}="{v}"' for k, v in row.items()) + "/>" for row in cells)
        self.silent(f"<d>{inner}</d>", "data.xml")
        inner = "".join(
            "<record>" + "".join(f'<field name="{k}">{v}</field>' for k, v in row.items()) + "</record>"
            for row in cells
        )
        self.silent(f"<d>{inner}</d>", "data.xml")
        bomb = '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]><a><r>&c;</r><r>&c;</r></a>'
        self.refused("unreadable", "entities", bomb, "data.xml")


class TypedFiles(Layout):
    def saved(self, write, ending):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "a" + ending)
            write(path)
            with open(path, "rb") as file:
                return file.read()

    def test_statistical_packages(self):
        import pyreadstat

        frame = FRAME.assign(sex=[1.0, 2.0] * 30, trust=[1.0, 2.0, 3.0, 99.0, 5.0, 4.0] * 10)
        content = self.saved(
            lambda path: pyreadstat.write_sav(
                frame,
                path,
                column_labels={"sex": "Sex of the patient"},
                variable_value_labels={"sex": {1: "male", 2: "female"}},
                missing_ranges={"trust": [99]},
            ),
            ".sav",
        )
        for packed in (content, gzip.compress(content)):
            facts, columns, _ = self.check(packed, "data.sav", names=[*NAMES, "sex", "trust"])
            self.assertEqual(facts["columns"]["sex"]["label"], "Sex of the patient")
            self.assertEqual(facts["columns"]["sex"]["levels"], [["1", "male"], ["2", "female"]])
            self.assertEqual(facts["columns"]["trust"]["missing"], ["99"])
            # It becomes a missing value where the column is described, and is counted there.
            self.assertEqual(columns["trust"][:6], [1.0, 2.0, 3.0, 99.0, 5.0, 4.0])
        stata = self.saved(lambda path: FRAME.to_stata(path, write_index=False, version=118), ".dta")
        self.silent(stata, "data.dta")
        self.silent(self.saved(lambda path: pyreadstat.write_xport(FRAME, path), ".xpt"), "data.xpt")
        for name, whole in (("data.sav", content), ("data.dta", stata)):
            self.refused("unreadable", "cannot be read", whole[: len(whole) // 2], name)

    def test_arrow_files(self):
        out = io.BytesIO()
        FRAME.to_feather(out)
        self.silent(out.getvalue(), "data.feather")
        self.silent(self.saved(FRAME.to_orc, ".orc"), "data.orc")
        inner = pa.array([{"dose": row[0], "arm": row[3]} for row in TYPED[1:]])
        table = pa.table({"given": inner, "resp": FRAME.resp})
        parquet = self.saved(lambda path: READER["pq"].write_table(table, path), ".parquet")
        self.check(parquet, "data.parquet", names=["given.dose", "given.arm", "resp"])

    def test_databases(self):
        def write(path):
            base = sqlite3.connect(path)
            FRAME.to_sql("patients", base, index=False)
            pd.DataFrame({"code": range(9)}).to_sql("codes", base, index=False)
            base.execute("CREATE VIEW bad AS SELECT load_extension('x')")
            base.commit()
            base.close()

        facts, _, _ = self.check(self.saved(write, ".db"), "data.db", says="2 tables")
        self.assertEqual(facts["sheet"], "patients")

    def test_arrays(self):
        import h5py

        numbers = FRAME[["dose", "resp"]]
        plain = self.saved(lambda path: np.save(path, numbers.to_numpy()), ".npy")
        self.check(plain, "data.npy", names=["column_1", "column_2"], says="no names")
        self.silent(
            self.saved(lambda path: np.save(path, numbers.to_records(index=False)), ".npy"),
            "data.npy",
            names=["dose", "resp"],
        )
        objects = self.saved(lambda path: np.save(path, np.array([{}], dtype=object), allow_pickle=True), ".npy")
        self.refused("unreadable", "objects", objects, "data.npy")

        def write(path):
            with h5py.File(path, "w") as file:
                group = file.create_group("trial")
                group["dose"], group["resp"] = numbers.dose.to_numpy(), numbers.resp.to_numpy()
                file["secret"] = h5py.ExternalLink("/etc/passwd", "/x")

        self.silent(self.saved(write, ".h5"), "data.h5", names=["dose", "resp"])

    def test_what_is_no_table_is_named(self):
        for content, code, says in (
            (b"\x80\x04\x95abc", "unreadable", "pickle.*run code"),
            (gzip.compress(b"X\n\x00\x00\x00\x03"), "unreadable", "file of R"),
            (b"7z\xbc\xaf\x27\x1c..", "unreadable", "7z"),
            (b"MATLAB 5.0 MAT-file", "unreadable", "MATLAB"),
            (b"{\\rtf1", "not_a_table", "RTF"),
            (b"\x7fELF\x02", "not_a_table", "program"),
            (bytes(range(256)) * 9, "not_a_table", "binary"),
        ):
            self.refused(code, says, content, "data.bin")


class Packed(Layout):
    def packed(self, files):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in files.items():
                archive.writestr(name, content)
        return out.getvalue()

    def test_compressed(self):
        content = text(TABLE).encode()
        for packed in (gzip.compress(content), bz2.compress(content), lzma.compress(content)):
            self.silent(packed, "data.bin")
        self.silent(pa.compress(content, codec="zstd", asbytes=True), "data.csv.zst")
        parquet = io.BytesIO()
        FRAME.to_parquet(parquet)
        self.silent(gzip.compress(parquet.getvalue()), "data.parquet.gz")
        self.refused("unreadable", "damaged", gzip.compress(content)[:-20], "data.csv.gz")

    def test_archives(self):
        content = text(TABLE)
        self.silent(self.packed({"../../deep/data.csv": content}), "data.zip")
        self.check(self.packed({"README.txt": "hi", "data.csv": content}), "data.zip", says="README.txt")
        parts = {"p1.csv": text(TABLE[:31]), "p2.csv": text([NAMES, *ROWS[30:]])}
        self.check(self.packed(parts), "data.zip", says="parts of one table")
        self.check({name: part.encode() for name, part in parts.items()}, "folder", says="parts of one table")
        several = {"a.csv": content, "b.csv": "ward,beds\nx,1\ny,2\n"}
        self.refused("several_tables", "a.csv, b.csv", self.packed(several), "data.zip")
        self.check(self.packed(several), "data.zip", target="resp", says="'a.csv' was read")
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w:gz") as archive:
            member = tarfile.TarInfo("/etc/data.csv")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content.encode()))
        self.silent(out.getvalue(), "data.tar.gz")
        self.refused("not_a_table", "Word", self.packed({"word/document.xml": "<x/>"}), "data.docx")

    def test_bombs(self):
        zeros = b"a,b\n" + b"0" * (READER["UNPACKED_BYTES"] + 1)
        self.refused("too_large", "MiB", gzip.compress(zeros, 1), "data.csv.gz")
        nested = text(TABLE).encode()
        for _ in range(6):
            nested = gzip.compress(nested)
        self.refused("unreadable", "several times", nested, "data.csv.gz")


class Reshaped(Layout):
    values = np.random.default_rng(3).normal(100, 10, (40, 12)).round(1)

    def wide(self, names):
        rows = [[f"C{i}", *map(str, self.values[i][: len(names)])] for i in range(40)]
        return text([["country", *names], *rows])

    def test_times_as_columns(self):
        years = [str(year) for year in range(2000, 2012)]
        months = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
        for names, time, value in (
            (years, "year", "value"),
            ([f"X{year}" for year in years], "year", "value"),
            ([f"gdp_{year}" for year in years], "year", "gdp"),
            ([f"{year} [YR{year}]" for year in years], "year", "value"),
            ([f"2020-{month:02d}" for month in range(1, 13)], "month", "value"),
            (months, "month", "value"),
        ):
            with self.subTest(names[0]):
                _, columns, _ = self.check(
                    self.wide(names), names=["country", time, value], rows=480, says="one row per time"
                )
                self.assertEqual(columns[value], [str(v) for v in self.values.ravel()])
                self.assertEqual(columns["country"][:13], ["C0"] * 12 + ["C1"])
        self.check(self.wide(years), names=["country", *years], rows=40, target="2005")
        self.silent(self.wide([f"score_t{i}" for i in range(1, 7)]), names=None, rows=40)
        self.silent(self.wide(years[:3]), names=None, rows=40)

    def test_rows_of_variables(self):
        def molten(variable, value, numbers=False):
            rows = [
                [str(i), "x" if i % 2 else "y", name, cell]
                for i, row in enumerate(ROWS)
                for name, cell in list(zip(NAMES, row))[: 3 if numbers else 4]
            ]
            return text([["id", "sex", variable, value], *rows])

        for variable, value in (
            ("variable", "value"),
            ("Parameter", "Result"),
            ("attribute", "val"),
            ("item", "value"),
        ):
            self.check(molten(variable, value), names=["id", "sex", *NAMES], says="one row per subject")
        self.check(molten("measure", "value", True), names=["id", "sex", *NAMES[:3]])
        self.check(molten("variable", "value"), names=None, rows=240, target="value")
        rows = [[f"P{i}", visit, str(self.values[i][j])] for i in range(40) for j, visit in enumerate(("a", "b", "c"))]
        self.silent(text([["person", "visit", "value"], *rows]), names=None, rows=120)
        self.silent(text([["person", "test", "value"], *rows]), names=None, rows=120)

    def test_turned_tables(self):
        rows = [[name, *(row[index] for row in ROWS)] for index, name in enumerate(NAMES)]
        self.check(text([["name", *(f"p{i}" for i in range(60))], *rows]), names=["name", *NAMES], says="turned round")
        rows = [rows[3], *rows[:3]]
        names = ["name", "arm", *NAMES[:3]]
        self.check(text([["name", *(f"p{i}" for i in range(60))], *rows]), names=names, says="turned round")
        draw = np.random.default_rng(4)
        genes = (np.exp(draw.normal(3, 1.5, (300, 1))) * np.exp(draw.normal(0, 0.2, (300, 10)))).round(2)

        def samples(names):
            return text([["gene", *names], *([f"G{i}", *map(str, genes[i])] for i in range(300))])

        for stem in ("GSM", "sample_", "S"):
            names = [f"{stem}{i:02d}" for i in range(10)]
            self.refused("transposed", "Turn the table", samples(names))
            self.check(samples(names), names=None, rows=300, target=names[3], says="samples")
        self.silent(samples([f"week{i}" for i in range(10)]), names=None, rows=300)
        items = [[f"P{i}", *map(str, draw.integers(1, 6, 10))] for i in range(100)]
        self.silent(text([["id", *(f"item{i}" for i in range(10))], *items]), names=None, rows=100)


if __name__ == "__main__":
    unittest.main()
