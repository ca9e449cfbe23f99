"""Files as people have them, read by the profile script alone: reading/files with the figures that the same data give
without their oddity (reading/truth.json, made by reading/make.py)."""

import json
import sys
import tempfile
import unittest
from pathlib import Path

from figures import PASSES, judge
from scripts import Lab

READING = Path(__file__).resolve().parent / "reading"
TRUTH = json.loads((READING / "truth.json").read_text(encoding="utf-8"))

# Cases that fail, and why. Whoever meets one removes its line: a case in this table that passes fails the test.
OPEN = {
    # In the layout of the file.
    "names_in_two_languages": "the second row of names counts as data",
    "unseen_marks": "names and levels keep marks that cannot be seen",
    "row_names_with_spaces": "quotes do not hold words together between spaces",
    "mark_in_the_middle": "the second header counts as data",
    "quotes_within_quotes": "a quote that is not doubled ends the cell",
    "each_line_quoted": "each line is read as one cell",
    "instrument_log": "the lines of settings are read as the table",
    "starred_notes": "the notes count as rows, and marked numbers as text",
    "cyrillic_page": "every file that is not UTF-8 is read as Western European",
    "japanese_page": "every file that is not UTF-8 is read as Western European",
    "turned_table": "a table on its side is read as it stands",
    "survey_codes": "the rows of questions and codes count as data",
    "sheets_per_year": "only the first sheet is read",
    "rows_twice": "rows that stand twice count twice, and nothing says so",
    "wiki_table": "it is taken for JSON",
    "key_value_lines": "each line is read as one cell",
    "records_of_lines": "each line is read as one cell",
    "lists_in_cells": "nothing says that a column of lists was not read",
    # In the meaning of its cells.
    "web_entities": "entities are kept as they stand",
    "apostrophe_before": "numbers behind an apostrophe are text",
    "fullwidth_digits": "only ASCII digits are digits",
    "arabic_digits": "only ASCII digits are digits",
    "four_languages": "only the English yes is known",
    "per_mille": "the sign is not known",
    "uncertainty": "the uncertainty makes the number a text",
    "feet_and_inches": "lengths in feet are text",
    "fractions": "fractions are text",
    "degrees_minutes_seconds": "coordinates in degrees are text",
    "addresses": "addresses are read as numbers with points between thousands",
    "postcodes": "codes of four digits are numbers",
    "two_currencies": "amounts in two currencies are compared as numbers",
    "special_missing": "the codes are not known",
    "spreadsheet_errors": "the codes of other languages are not known",
    "named_ends": "the ends are levels without an order",
    "bands": "the bands are levels without an order",
    "decimal_dates": "the dates are read as numbers",
    "after_midnight": "times are text",
    "clock_times": "times are text",
}


def read_case(case, path=None):
    """The verdict on a case; `path` is another file to be read in its stead."""
    lab = Lab()
    profile = lab.run(
        {
            "template": "profile",
            "source": str(path or READING / case["file"]),
            "format": "auto",
            "question": case["question"],
            "target": case["target"],
            "randomised": [],
        }
    )
    return judge(case, profile, lab.root / "profile" / "table.parquet")


class Reading(unittest.TestCase):
    def check(self, name):
        verdict = read_case(TRUTH[name])
        if name in OPEN:
            self.assertNotIn(verdict.word, PASSES, f"{name} passes ({verdict.told}): remove it from OPEN")
        else:
            self.assertIn(verdict.word, PASSES, f"{name}, {TRUTH[name]['input']}: {verdict.told}")


def add_test(name):
    setattr(Reading, f"test_{name}", lambda self: self.check(name))


for name in TRUTH:
    add_test(name)


class Truth(unittest.TestCase):
    def test_open_cases_are_cases(self):
        self.assertEqual(set(OPEN) - set(TRUTH), set())

    def test_files_are_those_of_the_truth(self):
        kept = {path.name for path in (READING / "files").iterdir()}
        self.assertEqual(kept, {Path(case["file"]).name for case in TRUTH.values()})
        whole = sum(path.stat().st_size for path in READING.rglob("*") if path.is_file() and path.suffix != ".pyc")
        self.assertLess(whole, 400_000)

    def test_inputs_and_truth_are_made_by_the_generator(self):
        sys.path.insert(0, str(READING))
        try:
            import known
            import make
            import others

            made = 0
            for name in make.CASES:
                try:
                    content, entry = make.make_case(name)
                except ImportError:
                    # Written with a package that the sandbox does not have.
                    continue
                self.assertEqual(json.loads(json.dumps(entry)), TRUTH[name], name)
                if make.is_text(content):
                    self.assertEqual((READING / entry["file"]).read_bytes(), content.encode(), name)
                made += 1
            self.assertEqual(set(make.CASES), set(TRUTH))
            self.assertGreater(made, 0.9 * len(TRUTH))
            self.assertTrue(known and others)
        finally:
            sys.path.remove(str(READING))


class Judging(unittest.TestCase):
    """What is right today must be told from what is not."""

    def change(self, name, change, **case):
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        path = folder / Path(TRUTH[name]["file"]).name
        path.write_bytes(change((READING / TRUTH[name]["file"]).read_bytes()))
        return read_case({**TRUTH[name], **case}, path).word

    def test_the_file_as_it_is(self):
        self.assertEqual(self.change("empty_between", lambda raw: raw), "found")

    def test_names_on_other_columns(self):
        swapped = self.change("index_twice", lambda raw: raw.replace(b"0,rainfall", b"0,turbidity", 1))
        self.assertNotIn(swapped, PASSES)
        self.assertEqual(self.change("empty_between", lambda raw: raw.replace(b"pulse", b"beats")), "LOST")

    def test_another_value_a_row_less_and_a_row_more(self):
        lines = (READING / TRUTH["empty_between"]["file"]).read_bytes().splitlines(keepends=True)
        for other in (lines[:-1], [*lines, b"400,,4000,,\n"], [*lines, b"\n", b"note,,,,\n"]):
            self.assertNotIn(self.change("empty_between", lambda raw, other=other: b"".join(other)), PASSES)

    def test_what_stands_beside_the_figure(self):
        for beside in (
            {"unused": ["rainfall"]},
            {"yes": {"rainfall": "1"}},
            {"levels": {"rainfall": ["a"]}},
            {"by_construction": [["rainfall", "turbidity"]]},
            {"rows": 44},
            {"say": "no such word"},
        ):
            self.assertEqual(self.change("index_twice", lambda raw: raw, **beside), "WRONG", beside)

    def test_a_refusal_passes_only_where_it_is_allowed(self):
        empty = {"refusal": None}
        self.assertEqual(self.change("empty_between", lambda raw: b"%PDF-1.7", **empty), "REFUSED")
        self.assertEqual(self.change("empty_between", lambda raw: b"%PDF-1.7", refusal="document"), "refused")
        self.assertEqual(self.change("empty_between", lambda raw: b"%PDF-1.7", refusal="wiki"), "REFUSED")


if __name__ == "__main__":
    unittest.main()
