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
    "zip_with_folders": "this format is not read",
    "bz2_tabs": "this format is not read",
    "xz_lines": "this format is not read",
    "zip_workbook": "this format is not read",
    "stata_labels": "this format is not read",
    "spss_labels": "this format is not read",
    "sas_transport": "this format is not read",
    "database_of_two": "this format is not read",
    "open_document": "this format is not read",
    "feather_packed": "this format is not read",
    "orc_file": "this format is not read",
    "folder_of_parts": "this format is not read",
    "json_of_columns": "this format is not read",
    "json_split": "this format is not read",
    "json_lists": "this format is not read",
    "json_rows": "this format is not read",
    "json_reply": "this format is not read",
    "web_page": "this format is not read",
    "web_page_as_workbook": "this format is not read",
    "markup_rows": "this format is not read",
    "weka_file": "this format is not read",
    "array_file": "this format is not read",
    "map_features": "this format is not read",
    "markdown_rows": "this format is not read",
    "json_nested": "this format is not read",
    "parquet_structs": "this format is not read",
    "second_in_zip": "this format is not read",
    "shorter_in_database": "this format is not read",
    "trailing_bar": "quotes and escapes of this sort are not known, or the names move by one column",
    "single_quoted": "quotes and escapes of this sort are not known, or the names move by one column",
    "blanks_and_quotes": "quotes and escapes of this sort are not known, or the names move by one column",
    "report_head": "the first line is taken for the names",
    "separator_line": "the first line is taken for the names",
    "lines_of_notes": "the first line is taken for the names",
    "quoted_title": "the first line is taken for the names",
    "workbook_head": "the first line is taken for the names",
    "units_row": "one row of names is expected, once",
    "groups_above": "one row of names is expected, once",
    "response_row": "one row of names is expected, once",
    "header_on_each_page": "one row of names is expected, once",
    "types_row": "one row of names is expected, once",
    "merged_titles": "one row of names is expected, once",
    "rows_selected": "lines below the last row count as rows",
    "legend": "lines below the last row count as rows",
    "second_table": "lines below the last row count as rows",
    "workbook_signature": "lines below the last row count as rows",
    "total_on_top": "rows of sums and means count as rows",
    "german_sums": "rows of sums and means count as rows",
    "sums_without_labels": "rows of sums and means count as rows",
    "summary_in_a_workbook": "rows of sums and means count as rows",
    "fixed_with_names": "lines are split at marks only",
    "ruled": "lines are split at marks only",
    "wider_later": "lines are split at marks only",
    "end_marks": "lines are split at marks only",
    "paragraphs": "only the usual delimiters are tried",
    "unit_separators": "only the usual delimiters are tried",
    "broken_bars": "only the usual delimiters are tried",
    "hashes": "only the usual delimiters are tried",
    "merged_groups": "workbooks are read as plain rows of their first sheet",
    "cover_sheet": "workbooks are read as plain rows of their first sheet",
    "filtered_rows": "workbooks are read as plain rows of their first sheet",
    "sums_without_values": "workbooks are read as plain rows of their first sheet",
    "dates_and_texts": "workbooks are read as plain rows of their first sheet",
    "molten": "molten tables are read as they stand",
    "molten_by_time": "molten tables are read as they stand",
    "wide_years": "nothing says that columns are values of one variable",
    "wide_months": "nothing says that columns are values of one variable",
    "proteins": "nothing says that columns are values of one variable",
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
    "sodium": "words for missing cells are taken from a list, whatever the column holds",
    "null_allele": "words for missing cells are taken from a list, whatever the column holds",
    "stains": "words for missing cells are taken from a list, whatever the column holds",
    "missing_tooth": "words for missing cells are taken from a list, whatever the column holds",
    "answers_in_json": "words for missing cells are taken from a list, whatever the column holds",
    "versions": "codes are numbers as soon as one has a point or an E",
    "districts": "codes are numbers as soon as one has a point or an E",
    "industries": "codes are numbers as soon as one has a point or an E",
    "german_thousands": "points are decimal points first",
    "two_points": "points are decimal points first",
    "births": "two digits of a year are not placed by the file's span",
    "year_first": "two digits of a year are not placed by the file's span",
    "month_names": "two digits of a year are not placed by the file's span",
    "order_of_the_file": "the order is decided column by column",
    "below_a_limit": "a limit makes the number a text",
    "above_a_limit": "a limit makes the number a text",
    "two_limits": "a limit makes the number a text",
    "no_answer": "only the listed codes are known",
    "two_codes": "only the listed codes are known",
    "negative_codes": "only the listed codes are known",
    "signs_for_missing": "only the listed codes are known",
    "words_for_missing": "only the listed codes are known",
    "krona": "this spelling is not known",
    "franken": "this spelling is not known",
    "dashes": "this spelling is not known",
    "rupees": "this spelling is not known",
    "concentration": "this spelling is not known",
    "thousands_and_millions": "this spelling is not known",
    "minutes_and_hours": "this spelling is not known",
    "about": "this spelling is not known",
    "daggers": "this spelling is not known",
    "heavy_minus": "this spelling is not known",
    "brackets_and_signs": "this spelling is not known",
    "powers": "this spelling is not known",
    "thin_spaces": "this spelling is not known",
    "percent_points": "this spelling is not known",
    "and_over": "this spelling is not known",
    "quarter_first": "this form of a date is not known",
    "quarter_short": "this form of a date is not known",
    "half_years": "this form of a date is not known",
    "weeks": "this form of a date is not known",
    "month_and_year": "this form of a date is not known",
    "ordinal_days": "this form of a date is not known",
    "french_months": "this form of a date is not known",
    "chinese_dates": "this form of a date is not known",
    "english_ordinals": "this form of a date is not known",
    "log_times": "this form of a date is not known",
    "basic_times": "this form of a date is not known",
    "times_of_c": "this form of a date is not known",
    "two_forms": "this form of a date is not known",
    "frequency_words": "words are levels without an order",
    "sizes": "words are levels without an order",
    "german_agreement": "words are levels without an order",
    "quality_words": "words are levels without an order",
    "numbered_words": "words are levels without an order",
    "bands_not_dates": "bands are read as dates",
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
    "mixed_units": "amounts in two units are text",
    "special_missing": "the codes are not known",
    "spreadsheet_errors": "the codes of other languages are not known",
    "named_ends": "the ends are levels without an order",
    "bands": "the bands are levels without an order",
    "decimal_dates": "the dates are read as numbers",
    "after_midnight": "times are text",
    "clock_times": "times are text",
    "nil_beside_doses": "nil counts as missing",
    "losses_alone": "numbers in brackets are text",
    "texts_beside_numbers": "points are decimal points first",
}


def read_case(case, path=None):
    """The verdict on a case; `path` is another file to be read in its stead."""
    lab = Lab()
    pair = case["pair"]
    profile = lab.run(
        {
            "template": "profile",
            "source": str(path or READING / case["file"]),
            "format": "auto",
            "question": f"Does {pair[1]} go with {pair[0]}?" if pair else "What goes with what?",
            "target": case.get("target", pair and pair[1]),
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
            import make

            make.register_cases()
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
