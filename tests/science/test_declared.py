"""What a person declares of a table wins over what its values look like."""

import unittest

from scripts import Lab

ROWS = 60


def table(*columns):
    """A csv text of columns given as (name, function of the row's number)."""
    head = ",".join(name for name, _ in columns)
    return "\n".join([head, *(",".join(str(cell(row)) for _, cell in columns) for row in range(ROWS))]) + "\n"


class Declared(unittest.TestCase):
    def read(self, content, codebook=(), name="data.csv", **protocol):
        lab = Lab()
        (lab.root / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        self.lab = lab
        self.profile = lab.run(
            {
                "template": "profile", "source": f"../{name}", "format": "auto", "question": "", "target": None,
                "randomised": [], "codebook": list(codebook), **protocol,
            }
        )  # fmt: skip
        return {column["name"]: column for column in self.profile["columns"]}

    def problem(self, content, codebook=(), **protocol):
        self.read(content, codebook, **protocol)
        return self.profile["problem"]["code"], self.profile["problem"]["message"]

    def one(self, cell, **entry):
        """The column x of a table beside a number, as it is read with this entry of a codebook."""
        return self.read(table(("x", cell), ("y", lambda row: row * 7 % 31)), [{"name": "x", **entry}])["x"]


class Types(Declared):
    def test_a_code_is_a_number_and_a_number_a_code(self):
        padded = lambda row: f"{row % 9:03d}"  # noqa: E731
        self.assertEqual(self.one(padded)["type"], "category")
        found = self.one(padded, type="number")
        self.assertEqual((found["role"], found["type"], found["max"]), ("numeric", "number", 8.0))
        self.assertEqual(found["source"], "declared")
        found = self.one(lambda row: row % 7, type="category")
        self.assertEqual((found["role"], found["type"], found["distinct"]), ("categorical", "category", 7))
        found = self.one(lambda row: row, type="number")
        self.assertTrue(found["usable"])
        self.assertFalse(self.one(lambda row: row)["usable"])

    def test_names_and_texts_are_not_tested(self):
        for kind in ("identifier", "text"):
            found = self.one(lambda row: row % 7, type=kind)
            self.assertEqual((found["role"], found["usable"]), (kind, False))
        found = self.one(lambda row: f"text {row % 9} of {row % 4}", type="text")
        self.assertEqual(found["excluded"], "free text, as the codebook declares")

    def test_levels_have_the_declared_order(self):
        words = ["lo", "hi", "mid"]
        levels = [{"code": code} for code in ("lo", "mid", "hi")]
        found = self.one(lambda row: words[row % 3], type="ordered", levels=levels)
        self.assertEqual(found["level_order"], ["lo", "mid", "hi"])
        levels = [{"code": str(code), "label": f"step {code}"} for code in (3, 1, 2)]
        found = self.one(lambda row: row % 3 + 1, type="ordered", levels=levels)
        self.assertEqual(found["level_order"], ["step 3", "step 1", "step 2"])
        found = self.one(lambda row: row % 3 + 1, type="ordered")
        self.assertEqual(found["level_order"], ["1", "2", "3"])
        content = table(("x", lambda row: words[row % 3]), ("y", lambda row: row % 31))
        code, message = self.problem(content, [{"name": "x", "type": "ordered", "levels": [{"code": "lo"}]}])
        self.assertEqual(code, "codebook_level")
        self.assertIn("'hi', 'mid'", message)
        code, message = self.problem(content, [{"name": "x", "type": "ordered"}])
        self.assertEqual(code, "codebook_type")

    def test_dates_and_years(self):
        found = self.one(lambda row: 20200101 + row % 28, type="category")
        self.assertEqual(found["role"], "categorical" if found["distinct"] <= 20 else found["role"])
        found = self.one(lambda row: f"{row % 28 + 1}.2.20", type="date")
        self.assertEqual((found["type"], found["role"]), ("date", "numeric"))
        found = self.one(lambda row: 1990 + row % 30, type="period")
        self.assertEqual((found["type"], found["unit"], found["max"]), ("period", "a", 2019.0))

    def test_what_cannot_be_read_is_told_and_what_is_no_such_thing_refused(self):
        mixed = lambda row: "soon" if row % 3 else row  # noqa: E731
        found = self.one(mixed, type="number")
        self.assertEqual((found["unread"]["rows"], found["missing"], found["role"]), (40, 40, "numeric"))
        words = table(("x", lambda row: "abc"[row % 3]), ("y", lambda row: row % 31))
        for kind in ("number", "date", "binary"):
            code, message = self.problem(words, [{"name": "x", "type": kind}])
            self.assertEqual(code, "codebook_type")
            self.assertIn(kind, message)
        code, _ = self.problem(table(("x", lambda row: row - 5), ("y", str)), [{"name": "x", "type": "count"}])
        self.assertEqual(code, "codebook_type")

    def test_a_type_that_the_values_have_changes_no_byte(self):
        limited = lambda row: f"<{row % 9}.5" if row % 9 == 3 else row / 4  # noqa: E731
        content = table(("x", lambda row: ["no", "yes"][row % 2]), ("y", limited))
        columns = self.read(content)
        before = (self.lab.last / "table.parquet").read_bytes()
        book = [{"name": name, "type": column["type"]} for name, column in columns.items()]
        self.read(content, book)
        self.assertEqual((self.lab.last / "table.parquet").read_bytes(), before)


class Codes(Declared):
    def test_labels_stand_in_the_place_of_codes(self):
        levels = [{"code": "1", "label": "male"}, {"code": "2", "label": "female"}]
        found = self.one(lambda row: f"{row % 2 + 1}.0", levels=levels)
        self.assertEqual({level["level"] for level in found["levels"]}, {"male", "female"})
        self.assertEqual(found["unseen"], [])
        self.assertEqual(found["codes"], [{"code": "1.0", "label": "male"}, {"code": "2.0", "label": "female"}])

    def test_missing_codes_are_missing_and_levels_are_not(self):
        found = self.one(lambda row: 5 if row % 10 == 0 else row + 0.5, levels=[{"code": "5", "missing": True}])
        self.assertEqual((found["missing"], found["missing_codes"]), (6, [{"code": "5", "rows": 6}]))
        words = ["NA", "yes", "no"]
        self.assertEqual(self.one(lambda row: words[row % 3])["missing"], 20)
        levels = [{"code": code} for code in words]
        found = self.one(lambda row: words[row % 3], levels=levels)
        self.assertEqual((found["missing"], found["distinct"]), (0, 3))
        found = self.one(lambda row: words[row % 3], type="category", levels=levels)
        self.assertEqual((found["missing"], found["distinct"]), (0, 3))

    def test_levels_that_do_not_occur_are_told(self):
        levels = [{"code": "a"}, {"code": "z"}, {"code": "gone", "missing": True}]
        self.assertEqual(self.one(lambda row: "ab"[row % 2], levels=levels)["unseen"], ["z"])


class Roles(Declared):
    def test_an_ignored_column_takes_no_part(self):
        numbers = [("x", lambda row: row * 7 % 31), ("y", lambda row: row * 11 % 37)]
        content = table(("subject", lambda row: f"s{row % 12}"), *numbers)
        self.read(content)
        self.assertEqual(self.profile["units"]["column"], "subject")
        columns = self.read(content, [{"name": "subject", "role": "ignore"}, {"name": "x", "role": "ignore"}])
        self.assertIsNone(self.profile["units"])
        self.assertFalse(columns["x"]["usable"])
        self.assertIn("ignore", columns["x"]["excluded"])

    def test_a_duration_and_its_event(self):
        numbers = [("a", lambda row: row * 7 % 31 + 1), ("c", lambda row: row * 3 % 29)]
        content = table(("b", lambda row: "xy"[row % 2]), *numbers)
        self.read(content)
        self.assertEqual(self.profile["survival"], [])
        book = [{"name": "a", "role": "duration"}, {"name": "b", "role": "event"}]
        self.read(content, book)
        self.assertEqual([(pair["duration"], pair["event"]) for pair in self.profile["survival"]], [("a", "b")])
        code, message = self.problem(content, [{"name": "a", "role": "event"}, {"name": "c", "role": "duration"}])
        self.assertEqual(code, "codebook_role")
        self.assertIn("'a'", message)


class Layout(Declared):
    CONTENT = "a title\nx,y\nsecond,names\n" + "".join(f"{row},{row * 7 % 31}.5\n" for row in range(40))

    def test_a_line_of_names_can_be_told(self):
        self.assertEqual(set(self.read(self.CONTENT, layout={"header": 3})), {"second", "names"})
        self.assertEqual(self.profile["source"]["set_aside"][0]["rows"], 2)
        self.assertEqual(set(self.read(self.CONTENT, layout={"skip": 2})), {"second", "names"})
        plain = "".join(f"{row},{row * 7 % 31}\n" for row in range(40))
        self.assertEqual(set(self.read(plain, layout={"header": 0})), {"column_1", "column_2"})
        self.assertEqual(self.profile["rows"], 40)

    def test_what_the_file_does_not_have_is_refused(self):
        self.assertEqual(self.problem(self.CONTENT, layout={"sheet": "x"})[0], "no_such_sheet")
        self.assertEqual(self.problem(self.CONTENT, layout={"skip": 999})[0], "no_such_header")
        rows = "[" + ",".join(f'{{"x": {row}, "y": {row * 7 % 31}}}' for row in range(40)) + "]"
        self.assertEqual(self.problem(rows, name="data.json", layout={"header": 2})[0], "no_such_header")

    def test_a_sheet_is_told_by_name_or_number(self):
        import io

        from openpyxl import Workbook

        book = Workbook()
        for name, columns in (("long", "ab"), ("Short", "cd")):
            sheet = book.active if name == "long" else book.create_sheet(name)
            sheet.title = name
            sheet.append(list(columns))
            for row in range(60 if name == "long" else 30):
                sheet.append([row, row * 7 % 31])
        out = io.BytesIO()
        book.save(out)
        for sheet, names in ((None, "ab"), ("Short", "cd"), ("short", "cd"), ("2", "cd"), ("long", "ab")):
            layout = {"sheet": sheet} if sheet else {}
            self.assertEqual(set(self.read(out.getvalue(), name="data.xlsx", layout=layout)), set(names))
        code, message = self.problem(out.getvalue(), name="data.xlsx", layout={"sheet": "shrt"})
        self.assertEqual(code, "no_such_sheet")
        self.assertIn("did you mean 'Short'?", message)


class Histograms(Declared):
    def test_numbers_have_one_and_levels_none(self):
        columns = self.read(table(("x", lambda row: row / 2), ("y", lambda row: "ab"[row % 2])))
        self.assertEqual((len(columns["x"]["histogram"]), sum(columns["x"]["histogram"])), (16, ROWS))
        self.assertIsNone(columns["y"]["histogram"])


if __name__ == "__main__":
    unittest.main()
