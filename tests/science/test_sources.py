"""What the profile makes of files as people have them: encodings, delimiters, formats, damage."""

import gzip
import io
import json
import unittest

from scripts import Lab

ROWS = [
    ("a", 1.5, "x"),
    ("b", 2.5, "y"),
    ("c", 3.5, "x"),
    ("d", 4.25, "y"),
    ("e", 5.5, "x"),
    ("f", 6.5, "y"),
    ("g", 7.5, "x"),
    ("h", 8.5, "y"),
]


def text(delimiter=",", decimal=".", header="name,size,kind"):
    lines = [header.replace(",", delimiter)] + [
        delimiter.join([a, str(b).replace(".", decimal), c]) for a, b, c in ROWS
    ]
    return "\n".join(lines) + "\n"


class Sources(unittest.TestCase):
    def check_whole(self, lab):
        self.assertIsNone(lab.profile["problem"])
        self.assertEqual(lab.profile["rows"], 8)
        self.assertEqual(lab.column("size")["role"], "numeric")
        self.assertAlmostEqual(lab.column("size")["mean"], sum(row[1] for row in ROWS) / 8)
        self.assertEqual(lab.column("kind")["role"], "binary")

    def test_plain(self):
        lab = Lab(text())
        self.check_whole(lab)
        self.assertEqual(lab.profile["warnings"], [])

    def test_semicolon_and_decimal_comma(self):
        lab = Lab(text(";", ","))
        self.check_whole(lab)
        self.assertEqual((lab.profile["source"]["delimiter"], lab.profile["source"]["decimal"]), (";", ","))

    def test_tab(self):
        self.check_whole(Lab(text("\t"), "data.tsv"))

    def test_byte_order_mark(self):
        lab = Lab(b"\xef\xbb\xbf" + text().encode())
        self.check_whole(lab)
        self.assertEqual(lab.profile["columns"][0]["name"], "name")

    def test_utf16(self):
        self.check_whole(Lab(text().encode("utf-16")))

    def test_latin1(self):
        lab = Lab(text(header="name,size,kind").replace("x", "caf\xe9").encode("latin-1"))
        self.check_whole(lab)
        self.assertIn("caf\xe9", [entry["level"] for entry in lab.column("kind")["levels"]])
        self.assertTrue(any("UTF-8" in warning for warning in lab.profile["warnings"]))

    def test_carriage_returns(self):
        self.check_whole(Lab(text().replace("\n", "\r\n")))

    def test_gzip(self):
        self.check_whole(Lab(gzip.compress(text().encode()), "data.csv.gz"))

    def test_comments_before_the_header(self):
        self.check_whole(Lab("# measured in spring\n# by hand\n" + text()))

    def test_quoted_newlines_and_delimiters(self):
        lab = Lab('"na\nme",size,kind\n' + "".join(f'"{a}, the\nfirst",{b},{c}\n' for a, b, c in ROWS))
        self.check_whole(lab)
        self.assertEqual(lab.profile["columns"][0]["name"], "na\nme")

    def test_a_name_of_a_megabyte_is_refused_by_its_place(self):
        for delimiter in ",;\t":
            problem = Lab(text(delimiter, header=f"name,{'N' * 1_000_000},kind")).profile["problem"]
            self.assertEqual(problem["code"], "long_name", problem)
            self.assertIn("column 2 has 1000000 letters", problem["message"])
        for before in ('"na\nme"', '"na\r\n# me"', '"na\n,me"'):
            problem = Lab(text(header=f"{before},{'N' * 1_000_000},kind")).profile["problem"]
            self.assertEqual(problem["code"], "long_name", problem)
            self.assertIn("column 2 has 1000000 letters", problem["message"])
        quoted = Lab(text(header=f'name,"{"N, " * 500}",kind')).profile["problem"]
        self.assertIn("column 2 has 1499 letters", quoted["message"])
        jsonl = "".join(json.dumps({"a": row[1], "N" * 2000: row[2]}) + "\n" for row in ROWS)
        self.assertIn("column 2 has 2000 letters", Lab(jsonl, "data.jsonl").profile["problem"]["message"])
        self.check_whole(Lab(text(header="name,size,kind").replace("name", "n" * 1000)))

    def test_a_hundred_thousand_columns_are_refused(self):
        line = ",".join(str(index) for index in range(100_000))
        problem = Lab("c" + line.replace(",", ",c") + "\n" + (line + "\n") * 10).profile["problem"]
        self.assertEqual(problem["code"], "too_many_columns", problem)
        self.assertIn("100000 columns", problem["message"])

    def test_a_header_of_half_a_megabyte_is_read_whole(self):
        names = ",".join("c" * 90 + str(index) for index in range(5000))
        row = ",".join(str(index % 7) for index in range(5000))
        lab = Lab(names + "\n" + "".join(row.replace("3", str(n)) + "\n" for n in range(8)))
        self.assertEqual(len(lab.profile["columns"]), 5000)

    def test_ragged_rows(self):
        lab = Lab(text().replace("c,3.5,x", "c,3.5").replace("d,4.25,y", "d,4.25,y,left,over"))
        self.assertEqual(lab.profile["rows"], 8)
        self.assertEqual(lab.column("kind")["missing"], 1)
        self.assertEqual(len([w for w in lab.profile["warnings"] if "line is" in w]), 2)

    def test_row_names_without_a_name(self):
        lines = text().splitlines()
        lab = Lab("\n".join([lines[0]] + [f"{i},{line}" for i, line in enumerate(lines[1:])]))
        self.check_whole(lab)
        self.assertEqual(lab.profile["columns"][0]["role"], "identifier")

    def test_no_header(self):
        lab = Lab("\n".join(f"{i * 1.5},{i * 2.25 + 0.5},{i % 3}.5" for i in range(20)))
        self.assertEqual([column["name"] for column in lab.profile["columns"]], ["column_1", "column_2", "column_3"])
        self.assertEqual(lab.profile["rows"], 20)

    def test_years_as_names_are_a_header(self):
        lab = Lab("country,1990,2000\n" + "\n".join(f"c{i},{i * 1.5},{i * 2.5}" for i in range(12)))
        self.assertEqual([column["name"] for column in lab.profile["columns"]], ["country", "1990", "2000"])

    def test_repeated_and_blank_names(self):
        lab = Lab(
            "a,a,,a.2\n"
            + "\n".join(f"{i + 0.5},{i * i + 0.5},{(i * 7) % 5 + 0.5},{(i * 3) % 7 + 0.5}" for i in range(12))
        )
        names = [column["name"] for column in lab.profile["columns"]]
        self.assertEqual(len(set(names)), 4)
        self.assertEqual(names[0], "a")
        self.assertIn("a.2", names)
        self.assertTrue(lab.profile["warnings"])

    def test_excel(self):
        import openpyxl

        book = openpyxl.Workbook()
        for row in [("name", "size", "kind"), *ROWS]:
            book.active.append(row)
        book.create_sheet("notes")
        out = io.BytesIO()
        book.save(out)
        lab = Lab(out.getvalue(), "data.xlsx")
        self.check_whole(lab)
        self.assertEqual(lab.profile["source"]["sheet"], "Sheet")
        self.assertTrue(any("sheets" in warning for warning in lab.profile["warnings"]))

    def test_parquet(self):
        import pyarrow as pa
        import pyarrow.parquet as pq

        out = io.BytesIO()
        pq.write_table(
            pa.table(
                {
                    "name": [r[0] for r in ROWS],
                    "size": [r[1] for r in ROWS],
                    "kind": pa.array([r[2] for r in ROWS]).dictionary_encode(),
                    "yes": [i % 2 == 0 for i in range(8)],
                    "many": [[1]] * 8,
                }
            ),
            out,
        )
        lab = Lab(out.getvalue(), "data.parquet")
        self.check_whole(lab)
        self.assertEqual(lab.column("yes")["yes_level"], "true")

    def test_json_lines(self):
        self.check_whole(
            Lab("\n".join(json.dumps(dict(zip(("name", "size", "kind"), row))) for row in ROWS), "data.jsonl")
        )

    def test_json_array(self):
        self.check_whole(Lab(json.dumps([dict(zip(("name", "size", "kind"), row)) for row in ROWS]), "data.json"))

    def test_problems_are_named_and_never_a_traceback(self):
        cases = {
            "empty_table": [(b"", "a.csv"), (b"a,b,c\n", "a.csv"), (b"\n\n", "a.csv")],
            "one_row": [(b"a,b\n1,2\n", "a.csv")],
            "all_excluded": [(b"a,b\n1,x\n1,x\n1,x\n", "a.csv")],
            "not_a_table": [
                (b"%PDF-1.7 something", "a.csv"),
                (bytes(range(256)) * 40, "a.csv"),
                (b"[1, 2, 3]", "a.json"),
                (("word " * 300 + "\n").encode() * 3, "a.txt"),
            ],
            "unreadable": [
                (b"PAR1 broken", "a.parquet"),
                (b"PK\x03\x04 broken", "a.xlsx"),
                (b'{"a": 1\n{"a": 2}\n', "a.jsonl"),
            ],
        }
        for code, files in cases.items():
            for content, name in files:
                with self.subTest(code=code, content=content[:20]):
                    problem = Lab(content, name).profile["problem"]
                    self.assertIsNotNone(problem)
                    self.assertEqual(problem["code"], code, problem)
                    self.assertGreater(len(problem["message"]), 20)

    def test_missing_file_is_unreadable_and_named_columns_are_not_judged_here(self):
        lab = Lab(text())
        asked = {
            "template": "profile",
            "source": "../nowhere.csv",
            "format": "auto",
            "question": "",
            "target": None,
            "randomised": [],
        }
        self.assertEqual(lab.run(asked)["problem"]["code"], "unreadable")
        self.assertIsNone(lab.run({**asked, "target": "weight"}, str(lab.source))["problem"])


if __name__ == "__main__":
    unittest.main()
