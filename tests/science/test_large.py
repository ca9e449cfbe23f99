"""Tables that are read one column at a time are read as smaller ones are. With lowered limits, all files of reading/files
that have cells and lines take both ways, and so do files with one oddity each."""

import json
import os
import random
import subprocess
import sys
import unittest
from decimal import Decimal
from pathlib import Path
from unittest import mock

import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq
import scripts
from joining import JoinLab
from scripts import AGENT, Lab

FILES = Path(__file__).resolve().parent / "reading" / "files"
# A file of any size is split by Arrow.
ANY_SIZE = {"WHOLE_BYTES = 6 << 20": "WHOLE_BYTES = -1"}
# A file of any size is read one column at a time, in several passes, and kept in several groups of rows.
STORED = {
    **ANY_SIZE,
    "LARGE_BYTES = 64 << 20": "LARGE_BYTES = -1",
    "GROUP_ROWS = 1 << 18": "GROUP_ROWS = 7",
    "FEW_TEXTS = 1_000_000": "FEW_TEXTS = 5",
    "SPOOLED_COLUMNS = 100": "SPOOLED_COLUMNS = 2",
    "WIDE_DICTIONARY = 1000": "WIDE_DICTIONARY = 30",
    "        return stored\n": "        open('../stored', 'w').close()\n        return stored\n",
}
PROTOCOL = {
    "template": "profile",
    "format": "auto",
    "question": "",
    "target": None,
    "randomised": [],
    "seed": 5,
    "dataset": "data",
}


def assemble_with(changes):
    """`assemble` with other constants."""
    plain = scripts.assemble

    def assemble(protocol):
        text = plain(protocol)
        for old, new in changes.items():
            assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in the script"
            text = text.replace(old, new)
        return text

    return mock.patch.object(scripts, "assemble", assemble)


def read_with(changes, path):
    """(bytes of result.json, the table or None, names of the files that were left, whether it was stored)."""
    with assemble_with(changes):
        lab = Lab()
        lab.run({**PROTOCOL, "source": str(path)})
    folder = lab.root / "profile"
    table = folder / "table.parquet"
    left = {file.name for file in folder.iterdir()} - {"script.py", "result.json", "table.parquet"}
    return lab.bytes, pq.read_table(table) if table.exists() else None, left, (lab.root / "stored").exists()


class BothWays(unittest.TestCase):
    def compare(self, path, plain=ANY_SIZE):
        """True where the file was read one column at a time."""
        whole, stored = read_with(plain, path), read_with(STORED, path)
        self.assertEqual(whole[0].decode(), stored[0].decode())
        self.assertEqual(stored[2], set())
        if whole[1] is None:
            self.assertIsNone(stored[1])
        else:
            self.assertEqual(whole[1].schema.metadata, stored[1].schema.metadata)
            self.assertEqual(whole[1].schema.types, stored[1].schema.types)
            self.assertEqual(repr(whole[1].to_pydict()), repr(stored[1].to_pydict()))
        return stored[3]

    def compare_bytes(self, content, name="data.csv"):
        lab = Lab()
        path = lab.root / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return self.compare(path)


# What is done to small tables alone: labels filled down, rows that are copies told, NUL marks taken away.
SMALL_ALONE = {"pivot_blanks.csv", "rows_twice.csv", "padded_by_nul.csv"}
# Of the files of all kinds, as many are drawn by the commit; all with KOSMOS_TEST_DRAW=all.
DRAWN_FILES = 30


def drawn_files():
    paths = [path for path in sorted(FILES.iterdir()) if path.suffix in (".csv", ".tsv", ".txt", ".parquet")]
    paths = [path for path in paths if path.name not in SMALL_ALONE]
    draw = os.environ.get("KOSMOS_TEST_DRAW", "")
    return paths if draw == "all" else random.Random(draw).sample(paths, DRAWN_FILES)


class KnownFiles(BothWays):
    def test_files_of_all_kinds(self):
        read, total = 0, 0
        for path in drawn_files():
            with self.subTest(path.name):
                total += 1
                read += self.compare(path)
        self.assertGreater(read, 0.4 * total)


def rows_of_numbers(count=60, seed=1):
    draw = random.Random(seed)
    return [[f"p{at}", draw.choice("abc"), str(draw.randint(1, 99)), f"{draw.random():.3f}"] for at in range(count)]


NAMES = ["id", "group", "count", "value"]


def text_of(rows, mark=",", end="\n"):
    return end.join(mark.join(row) for row in [NAMES, *rows]) + end


class OddFiles(BothWays):
    def check(self, content, name="data.csv"):
        self.assertTrue(self.compare_bytes(content, name), "it was not read one column at a time")

    def test_encodings(self):
        rows = [[*row[:1], {"a": "é", "b": "ö", "c": "c"}[row[1]], *row[2:]] for row in rows_of_numbers()]
        for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"):
            with self.subTest(encoding):
                self.check(text_of(rows).encode(encoding))

    def test_an_encoding_that_shows_late(self):
        rows = rows_of_numbers(400)
        rows[-1][1] = "\xe9"
        self.check(text_of(rows).encode("cp1252"))

    def test_ends_of_lines(self):
        for end in ("\n", "\r\n", "\r"):
            with self.subTest(end):
                self.check(text_of(rows_of_numbers(), end=end))
        self.check(text_of(rows_of_numbers()) + "\x1a\x00\x00")

    def test_marks_between_cells(self):
        for mark in (";", "\t", "|", "::", "~", "¦"):
            with self.subTest(mark):
                self.check(text_of(rows_of_numbers(), mark))
        self.check("sep=;\n" + text_of(rows_of_numbers(), ";"))

    def test_quotes(self):
        rows = rows_of_numbers()
        for at in range(0, 60, 7):
            rows[at][1] = '"two\nlines, and a ""quote"""'
        self.check(text_of(rows))

    def test_lines_around_the_table(self):
        above = "Table 3: counts\n\n"
        below = "\nSource: the survey of 2020\nNote: values are estimates\n"
        self.check("# made by hand\n" + text_of(rows_of_numbers()))
        self.check(above + text_of(rows_of_numbers()) + below)

    def test_marks_that_cannot_be_seen_and_entities(self):
        rows = rows_of_numbers()
        rows[50][1] = "\u200ba"
        self.check(text_of(rows))
        for row in rows:
            row[1] = row[1].replace("b", "R&amp;D")
        self.check(text_of(rows))

    def test_lines_of_another_width(self):
        rows = rows_of_numbers(200)
        for at in (0, 31, 77, 199):
            rows[at] = rows[at][:2]
        for at in (5, 6, 150):
            rows[at] = [*rows[at], "", ""]
        rows[80] = [*rows[80], "more"]
        rows[90] = ["", *rows[90]]
        self.check(text_of(rows))
        self.check(text_of([[*row, ""] for row in rows_of_numbers()]))

    def test_too_many_longer_lines_are_refused(self):
        rows = rows_of_numbers()
        for at in range(30, 60):
            rows[at] = [*rows[at], "more"]
        self.compare_bytes(text_of(rows))

    def test_the_header_amid_the_rows(self):
        rows = rows_of_numbers()
        rows[20:20] = [NAMES]
        rows.append(NAMES)
        self.check(text_of(rows))

    def test_totals(self):
        rows = rows_of_numbers()
        count, value = sum(int(row[2]) for row in rows), sum(float(row[3]) for row in rows)
        total = ["Total", "", str(count), f"{value:.3f}"]
        for rest in (
            [total],
            [["Mean", "", f"{count / 60:.4f}", f"{value / 60:.5f}"]],
            [NAMES, total],
            [["", "", str(count), f"{value:.3f}"]],
            [["Total", "", "7", "7"]],
        ):
            with self.subTest(rest):
                self.check(text_of([*rows, *rest]))
        self.check(text_of([*rows[:30], ["all", "", "5", "0.5"], *rows[30:]]))

    def test_a_level_that_is_called_as_a_mean_is(self):
        rows = rows_of_numbers(400)
        for at in range(0, 400, 4):
            rows[at][1] = "average"
        self.check(text_of(rows))

    def test_names_of_rows(self):
        header, *lines = text_of(rows_of_numbers()).splitlines(keepends=True)
        self.check(header.replace("id,", "") + "".join(lines))

    def test_a_cross_tabulation_with_many_levels(self):
        draw = random.Random(6)
        cells = [[f"town {town}", sex, str(draw.randint(1, 9))] for town in range(40) for sex in "fm"]
        draw.shuffle(cells)
        content = "\n".join(",".join(cell) for cell in [["town", "sex", "n"], *cells]) + "\n"
        self.check(content)
        self.assertIn("cross-tabulation", Lab(content).bytes.decode())

    def test_columns_of_times_are_read_whole(self):
        names = "place," + ",".join(str(year) for year in range(2000, 2010))
        lines = [f"p{at}," + ",".join(str(at * year % 97) for year in range(10)) for at in range(30)]
        self.assertFalse(self.compare_bytes("\n".join([names, *lines]) + "\n"))

    def test_too_much_text_is_set_aside_and_said(self):
        rows = [["text", "value"], *([f"{at}: " + "word " * 40, str(at % 7)] for at in range(90))]
        lab = Lab()
        path = lab.root / "data.csv"
        path.write_text("\n".join(",".join(row) for row in rows) + "\n")
        changes = {**STORED, "DISTINCT_BYTES = 512 << 20": "DISTINCT_BYTES = 9 << 10"}
        raw, table, left, stored = read_with(changes, path)
        profile = json.loads(raw)
        self.assertTrue(stored)
        self.assertEqual((left, table.num_rows, profile["columns"][0]["usable"]), (set(), 90, False))
        self.assertIn("which were not read", " ".join(profile["warnings"]))
        self.assertEqual(profile["columns"][1]["distinct"], 7)


class JoinedTables(unittest.TestCase):
    def test_keys_of_many_texts(self):
        draw = random.Random(8)
        names = [f"p{at:03d}" for at in range(60)]
        visits = {
            "patient": [name for name in names for _ in range(3)],
            "visit": [1, 2, 3] * 60,
            "value": [draw.random() for _ in range(180)],
        }
        patients = {
            "patient": draw.sample(names, 60),
            "age": [draw.randint(20, 90) for _ in names],
            "town": [f"town {draw.randint(0, 45)}" for _ in names],
        }
        found = []
        for changes in (ANY_SIZE, STORED):
            with assemble_with(changes):
                lab = JoinLab({"visits": visits, "patients": patients})
            found.append((lab.bytes, lab.table(), {file.name for file in lab.last.iterdir()}))
        self.assertTrue((lab.root / "stored").exists())
        self.assertEqual(*found)
        self.assertIsNone(lab.problem)


class OddTables(BothWays):
    def check(self, table, **options):
        lab = Lab()
        path = lab.root / "data.parquet"
        pq.write_table(table, path, **options)
        return self.compare(path)

    def test_types(self):
        draw = np.random.default_rng(4)
        count = 50
        numbers = draw.normal(size=count)
        some = draw.random(count) < 0.1
        words = pa.array(draw.choice(["low", "mid", "high"], count))
        days = np.datetime64("2020-01-01") + draw.integers(0, 900, count)
        self.assertTrue(
            self.check(
                pa.table(
                    {
                        "float": pa.array(numbers, mask=some),
                        "small": pa.array(numbers.astype(np.float32)),
                        "whole": pa.array(draw.integers(0, 999, count), mask=some),
                        "word": words,
                        "large": words.cast(pa.large_string()),
                        "levels": words.dictionary_encode(),
                        "ordered": pa.DictionaryArray.from_arrays(
                            pa.array(draw.integers(0, 3, count), pa.int32()), pa.array(["c", "a", "b"]), ordered=True
                        ),
                        "flag": pa.array(draw.random(count) < 0.5, mask=some),
                        "day": pa.array(days),
                        "moment": pa.array(days.astype("datetime64[us]") + draw.integers(0, 10**9, count)),
                        "money": pa.array([Decimal(int(number * 100)) / 100 for number in numbers]),
                        "bytes": pa.array([f"b{at}".encode() for at in range(count)]),
                        "nothing": pa.nulls(count),
                        "text": pa.array([f" t{at} " for at in range(count)], mask=some),
                        "a.b": pa.array(range(count)),
                    }
                ),
                row_group_size=9,
            )
        )

    def test_nested_tables_are_read_whole(self):
        self.assertFalse(self.check(pa.table({"a": [{"x": at, "y": -at} for at in range(30)], "b": range(30)})))


class Threads(unittest.TestCase):
    def test_cores_change_no_byte(self):
        draw = np.random.default_rng(9)
        count = 120_000
        lab = Lab()
        table = pa.table(
            {
                "id": pa.array([f"s{at:07d}" for at in draw.permutation(count)]),
                "group": pa.array(draw.choice(list("abcdef"), count)),
                "number": pa.array(np.round(draw.normal(size=count), 4)),
                "day": pa.array(np.datetime64("2015-01-01") + draw.integers(0, 3000, count)),
            }
        )
        arrow_csv.write_csv(table, lab.root / "data.csv")
        # Several groups of rows, and hashes in the place of arrow's table of texts.
        with assemble_with({"LARGE_BYTES = 64 << 20": "LARGE_BYTES = -1", "FEW_TEXTS = 1_000_000": "FEW_TEXTS = 30_000"}):
            script = scripts.assemble({**PROTOCOL, "source": "../data.csv"})
        found = []
        for threads in ("1", "8"):
            folder = lab.root / threads
            folder.mkdir()
            (folder / "script.py").write_text(script)
            environment = {"PATH": "/usr/bin:/bin", "OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads}
            subprocess.run([sys.executable, "script.py"], cwd=folder, env=environment, check=True)
            found.append([(folder / name).read_bytes() for name in ("table.parquet", "result.json")])
        self.assertEqual(found[0], found[1])


class DistinctTexts(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.names = {}
        for part in ("reader/words", "reader/coded", "lib/sketch"):
            exec((AGENT / f"{part}.py").read_text(), cls.names)
        cls.names["FEW_TEXTS"] = 50

    def test_texts_are_numbered_as_arrow_numbers_them(self):
        draw = random.Random(2)
        for longest in (0, 3, 8, 20, 300, 1000):
            texts = ["".join(draw.choices("ab\x00é", k=draw.randint(0, longest))) for _ in range(400)]
            arrow = pa.array(texts).dictionary_encode()
            chunks = [pa.array(texts[start : start + 70]) for start in range(0, 400, 70)]
            coded = self.names["coded_texts"](iter(chunks))
            self.assertEqual(coded.dictionary.to_pylist(), arrow.dictionary.to_pylist())
            self.assertEqual(coded.indices.to_pylist(), arrow.indices.to_pylist())

    def test_texts_that_share_a_hash_are_kept_apart(self):
        texts = [f"t{at % 90}" for at in range(200)]
        with mock.patch.dict(self.names, text_hashes=lambda texts: np.zeros(len(texts), np.uint64)):
            found = self.names["distinct_texts"](pa.array(texts))
        self.assertEqual(found[0].take(pa.array(found[1])).to_pylist(), texts)
        self.assertEqual(len(found[0]), 90)

    def test_more_text_than_is_held_is_refused(self):
        chunks = (pa.array([f"{at}-{row:0200d}" for row in range(100)]) for at in range(50))
        with mock.patch.dict(self.names, DISTINCT_BYTES=100_000), self.assertRaises(self.names["TooManyTexts"]):
            self.names["coded_texts"](chunks)


if __name__ == "__main__":
    unittest.main()
