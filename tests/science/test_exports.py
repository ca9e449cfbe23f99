"""Files that were appended to each other, filled in by hand, or written by a portal."""

import io
import json
import unittest

from test_layout import NAMES, ROWS, Layout, named, read, text


class Appended(Layout):
    """Exports that were appended to each other."""

    def swapped(self, order, first=30):
        lines = [NAMES, *ROWS[:first], [NAMES[at] for at in order]]
        return [*lines, *([row[at] for at in order] for row in ROWS[first:])]

    def test_names_in_another_order_are_followed(self):
        for order in ([1, 0, 2, 3], [3, 2, 1, 0], [2, 3, 0, 1]):
            for gap in ([], [[""]]):
                with self.subTest(order, gap=gap):
                    lines = self.swapped(order)
                    facts, columns, _ = self.check(
                        text(lines[:31] + gap + lines[31:]), says="line 3[23] in another order"
                    )
                    self.assertEqual(columns["arm"], [row[3] for row in ROWS])
                    self.assertEqual([part["rows"] for part in facts["set_aside"]], [1])

    def test_names_that_only_one_part_has_leave_blanks(self):
        fewer = [NAMES, *ROWS[:30], ["resp", "dose", "age"], *([row[1], row[0], row[2]] for row in ROWS[30:])]
        _, columns, _ = self.check(text(fewer), says="lack \\(arm\\)")
        self.assertEqual(columns["arm"][30:], [""] * 30)
        more = [["dose", "resp"], *(row[:2] for row in ROWS[:30]), ["resp", "dose", "arm"]]
        more += [[row[1], row[0], row[3]] for row in ROWS[30:]]
        _, columns, _ = self.check(text(more), names=["dose", "resp", "arm"], says="only later lines have \\(arm\\)")
        self.assertEqual(columns["arm"], [""] * 30 + [row[3] for row in ROWS[30:]])

    def test_rows_of_words_are_no_names(self):
        rows = [["first", "second"], ["red", "blue"], ["blue", "red"], ["green", "grey"], ["red", "blue"]] * 3
        _, columns, _ = read(text(rows[:13]))
        self.assertGreaterEqual(len(columns["first"]), 10)


class Ditto(Layout):
    def test_marks_are_read_as_the_cell_above(self):
        for mark in ('"', "''", "do.", "ditto", "dito", "\u3003", '-"-', "id."):
            for delimiter in ",;\t":
                with self.subTest(mark, delimiter=delimiter):
                    rows = named(ROWS)
                    sites = ["north", "east", "south", "west"]
                    for at, row in enumerate(rows[1:]):
                        row[0] = sites[at // 15] if at % 15 == 0 else mark
                    _, columns, _ = self.check(
                        text(rows, delimiter), names=["site", *NAMES], says="56 cells of 'site' hold a ditto mark"
                    )
                    self.assertEqual(columns["site"], [sites[at // 15] for at in range(60)])

    def test_marks_among_numbers(self):
        rows = [list(row) for row in ROWS]
        rows[7][2] = rows[8][2] = '"'
        _, columns, _ = self.check(text([NAMES, *rows]), says="2 cells of 'age' hold a ditto mark")
        self.assertEqual(columns["age"][6:9], [ROWS[6][2]] * 3)

    def test_empty_texts_in_quotes_are_blank(self):
        rows = [[*row[:3], "''" if at < 3 else row[3]] for at, row in enumerate(ROWS)]
        _, columns, _ = self.check(text([NAMES, *rows]))
        self.assertNotIn("A", columns["arm"][:3])

    def test_quotes_that_close_a_text_are_no_marks(self):
        rows = [[*row[:3], f'"{row[3]},"'] for row in ROWS]
        _, columns, _ = self.check(text([NAMES, *rows]))
        self.assertEqual(columns["arm"], [f"{row[3]}," for row in ROWS])


class Records(Layout):
    """Documents of records, as portals and programs write them."""

    def test_a_data_portal_names_its_columns_apart(self):
        heads = [{"name": "sid", "fieldName": ":sid", "dataTypeName": "meta_data"}]
        heads += [{"name": name, "fieldName": name.lower(), "dataTypeName": "text"} for name in NAMES]
        heads += [{"name": "Place", "dataTypeName": "location", "subColumnTypes": ["latitude", "longitude"]}]
        rows = [[f"row-{at}", *row, [str(40 + at), "7.5"]] for at, row in enumerate(ROWS)]
        facts, columns, _ = self.check(
            json.dumps({"meta": {"view": {"name": "doses", "columns": heads}}, "data": rows}),
            "data.json",
            names=[*NAMES, "Place.latitude", "Place.longitude"],
            says="data portal.*sid",
        )
        self.assertEqual(columns["Place.latitude"][:2], ["40", "41"])
        self.assertEqual(facts["set_aside"][0]["what"], "columns of the portal")

    def test_a_last_line_that_is_cut_off_is_set_aside(self):
        lines = [json.dumps(dict(zip(NAMES, row))) for row in ROWS]
        for rest in ('{"dose": 17.2, "re', '{"dose": 17.2, "resp":', "{"):
            for name in ("data.jsonl", "data.json", "data.ndjson"):
                with self.subTest(rest, name=name):
                    content = "\n".join([*lines, rest])
                    facts, _, _ = self.check(content, name, says="last line of the file .61. is cut off")
                    self.assertEqual((facts["set_aside"][0]["first_row"], facts["set_aside"][0]["rows"]), (61, 1))
        amid = "\n".join([*lines[:5], '{"dose": 1', *lines[5:]])
        self.refused("unreadable", "one object per line", amid, "data.jsonl")

    def test_moments_of_other_programs(self):
        rows = [
            {
                "when": f"/Date({86_400_000 * at + 1_700_000_000_000})/",
                "there": f"/Date({86_400_000 * at}+0200)/",
                "stored": {"$date": f"2024-01-01T00:00:{at % 60:02}Z"},
                "count": {"$numberLong": str(at)},
            }
            for at in range(60)
        ]
        _, columns, _ = self.check(
            json.dumps(rows), "data.json", names=["when", "there", "stored", "count"], says="'when' holds 60 times"
        )
        self.assertEqual(columns["when"][0], "2023-11-14 22:13:20")
        self.assertEqual(columns["there"][1], "1970-01-02 00:00:00")
        self.assertEqual(columns["count"][:3], ["0", "1", "2"])


class Percentages(Layout):
    def test_percentages_of_both_kinds_in_one_column(self):
        import openpyxl

        book = openpyxl.Workbook()
        sheet = book.active
        sheet.append(["rate", "other"])
        for at in range(40):
            texts = {5: "12.5%", 6: "n/a", 7: "8 %"}
            sheet.append([texts.get(at, at / 200), at])
            if at not in texts:
                sheet.cell(at + 2, 1).number_format = "0.0%"
        out = io.BytesIO()
        book.save(out)
        _, columns, _ = self.check(
            out.getvalue(),
            "data.xlsx",
            names=["rate", "other"],
            rows=40,
            says="37 numbers of 'rate' are shown as percentages",
        )
        self.assertEqual(columns["rate"][:8], ["0%", "0.5%", "1%", "1.5%", "2%", "12.5%", "n/a", "8 %"])


if __name__ == "__main__":
    unittest.main()
