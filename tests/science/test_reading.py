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
OPEN = {}


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
        self.assertLess(whole, 600_000)

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
        for other in (lines[:-1], [*lines, b"400,,4000,,\n"]):
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
