"""Functions that a model may have written: honest, wrong and hostile ones, and what becomes of each."""

import json
import unittest

import numpy as np
from scipy import stats
from scripts import Lab, assemble, csv_of

random = np.random.default_rng(4)
N = 240
HEIGHT, WIDTH = random.uniform(1, 3, N), random.uniform(1, 3, N)
COLUMNS = {
    "height": HEIGHT,
    "width": WIDTH,
    # Only the ratio tells of it.
    "yield": HEIGHT / WIDTH + random.normal(0, 0.3, N),
    "noise": random.normal(0, 1, N),
    "kind": random.choice(["a", "b"], N),
}
LAB = Lab(csv_of(COLUMNS))

HONEST = """
def analyse(table):
    rows = complete(table, "height", "width", "yield")
    found = stats.pearsonr(rows["height"] / rows["width"], rows["yield"])
    low, high = correlation_interval(found.statistic, len(rows))
    return {"n": len(rows), "statistic": found.statistic, "p": found.pvalue, "effect": found.statistic,
            "ci_low": low, "ci_high": high, "direction": "+" if found.statistic > 0 else "-",
            "test": "scipy.stats.pearsonr"}
"""
NOTHING = HONEST.replace('rows["height"] / rows["width"]', 'rows["noise"]').replace('"height", "width"', '"noise"')
# What a function returns that has computed nothing.
MADE_UP = """{"n": len(table), "statistic": 9.0, "p": 1e-12, "effect": 0.9, "ci_low": 0.8, "ci_high": 0.95,
            "direction": "+", "test": "scipy.stats.pearsonr"}"""


def script(code, columns=("height", "width", "yield"), **protocol):
    return {
        "template": "custom",
        "table": "../profile/table.parquet",
        "split": {"by": None, "explore": 0.5},
        "shuffle_seed": None,
        "id": "h1",
        "x": columns[0],
        "y": columns[-1],
        "analysis": {"columns": list(columns), "method": "the ratio against the yield", "effect": "pearson_r", "family": None},
        "author": 1,
        "permutations": 39,
        "code": code,
        **protocol,
    }


# The script's own functions, without the call that starts it.
OURS = {}
exec(assemble(script("")).replace("\nmain(PROTOCOL)", "\n"), OURS)


def run(code, *columns, **protocol):
    """The whole result."""
    return LAB.run(script(code, *columns, **protocol))


def body(*lines):
    return "def analyse(table):\n" + "".join(f"    {line}\n" for line in lines)


class Honest(unittest.TestCase):
    def test_a_planted_ratio_is_found_on_both_parts(self):
        result = run(HONEST)
        (test,), calibration = result["tests"], result["calibration"]
        self.assertEqual((test["status"], test["reason"], test["p_judged_by"]), ("ok", None, "exposure_shuffled"))
        self.assertEqual(test["p_judged"], 1 / 40)
        self.assertEqual(test["explore"]["n"] + test["confirm"]["n"], N)
        for part in ("explore", "confirm"):
            self.assertLess(test[part]["p"], 1e-6)
            self.assertEqual((test[part]["direction"], test[part]["effect"]["name"]), ("+", "pearson_r"))
        # Both parts together are what scipy says of the whole table.
        whole = stats.pearsonr(HEIGHT / WIDTH, COLUMNS["yield"]).statistic
        self.assertAlmostEqual(np.mean([test[part]["effect"]["value"] for part in ("explore", "confirm")]), whole, delta=0.05)
        self.assertEqual(test["variants"][0]["p"], 1 / 40)
        self.assertEqual((len(calibration["copies"]), calibration["rows"]), (39, test["confirm"]["n"]))
        self.assertLess(sum(copy["p"] < 0.05 for copy in calibration["copies"]), 8)
        # The same, byte for byte, when it is run again.
        first = LAB.bytes
        LAB.run(script(HONEST), cold=True)
        self.assertEqual(LAB.bytes, first)

    def test_where_nothing_is_nothing_is_found(self):
        (test,) = run(NOTHING, ("noise", "yield"))["tests"]
        self.assertEqual(test["status"], "ok")
        self.assertGreater(test["confirm"]["p"], 0.05)
        (test,) = run(HONEST, shuffle_seed=3)["tests"]
        self.assertEqual(test["status"], "ok")
        self.assertGreater(test["confirm"]["p"], 0.01)

    def test_columns_come_as_they_are_described(self):
        code = HONEST.replace(
            "    rows =",
            "    assert {'height', 'width', 'yield', 'kind'} <= set(table.columns), table.columns\n"
            "    assert set(table['kind']) == {'a', 'b'} and table.index.equals(pd.RangeIndex(len(table)))\n"
            "    assert sm.OLS and scipy.stats is stats and math.pi and bootstrap_interval(lambda t: t['width'].mean(), table)\n"
            "    rows =",
        )
        (test,) = run(code, ("height", "width", "yield", "kind"), y="yield")["tests"]
        self.assertEqual(test["status"], "ok")


class Refused(unittest.TestCase):
    """Ends without a result: the code is at fault, and may be written again."""

    def refused(self, code, reason, **protocol):
        with self.assertRaisesRegex(AssertionError, reason):
            run(code, **protocol)
        self.assertFalse((LAB.last / "result.json").exists())

    def test_what_is_no_function_or_fails(self):
        for code, reason in (
            ("analyse = 1 +", "SyntaxError"),
            ("def analyze(table): pass", "KeyError"),
            (body("return table['absent']"), "KeyError: 'absent'\n\nthe function failed: KeyError$"),
            (body("raise ValueError('p = 1e-30')"), "failed: ValueError$"),
            (body("import os", "os.write(3, b'{\"error\": \"p = 1e-30\"}')", "os._exit(0)"), "failed: an error$"),
            (body("raise SystemExit(0)"), "SystemExit"),
            (body("class Own(Exception): pass", "raise Own('x')"), "an error"),
            (body("import os", "os._exit(0)"), "no answer"),
            (body("import os, signal", "os.kill(os.getpid(), 9)"), "no answer"),
            (body("return [1]"), "returned list"),
            (body("return {}"), "must be a finite number"),
            (body("return " + MADE_UP.replace('"+"', "'sideways'")), "a level of a column"),
        ):
            with self.subTest(code):
                self.refused(code, reason)

    def test_values_that_cannot_be_true(self):
        for old, new, reason in (
            ("1e-12", "float('nan')", "`p` must be a finite"),
            ("1e-12", "1.5", "from 0 to 1"),
            ("1e-12", "-0.1", "from 0 to 1"),
            ("1e-12", "'small'", "`p` must be a finite"),
            ("1e-12", "True", "`p` must be a finite"),
            ("9.0", "float('inf')", "`statistic` must be a finite"),
            ("len(table)", "len(table) + 1", "`n` must be"),
            ("len(table)", "0", "`n` must be"),
            ('"ci_low": 0.8', '"ci_low": 0.97', "between"),
            ('"scipy.stats.pearsonr"', "'r = 0.98, p 1e-30'", "dotted name"),
            ('"scipy.stats.pearsonr"', "''", "dotted name"),
            ('"scipy.stats.pearsonr"', "'x' * 300", "dotted name"),
            ('"+"', "7", "`direction` must be"),
        ):
            with self.subTest(new):
                answer = eval(MADE_UP.replace(old, new), {"table": range(10)})
                with self.assertRaisesRegex(OURS["CodeFault"], reason):
                    OURS["checked"](OURS["parsed"](json.dumps(answer)), 10)
        self.refused(body("return " + MADE_UP.replace("1e-12", "float('nan')")), "`p` must be a finite")

    def test_answers_that_are_none(self):
        for text in ("", "{", "[1]", "null", "NaN", "[" * 100_000, '{"n": ' + "9" * 10_000 + "}", "\\xff"):
            with self.subTest(text[:9]):
                self.assertEqual(OURS["parsed"](text)["error"], "no answer")
        self.refused(body("return " + MADE_UP.replace("pearsonr", "x" * 70000)), "no answer")

    def test_what_differs_from_call_to_call(self):
        self.refused(
            HONEST.replace("return {", "return {**{}, ").replace('"p": found.pvalue', '"p": np.random.default_rng().random()'),
            "two calls with the same table returned different values",
        )

    def test_what_never_ends(self):
        # The limit is the script's own, shortened here.
        self.refused(body("while True: pass"), "a call may take 10 s\nthe function failed: timeout")

    def test_what_takes_too_long(self):
        # A second of processor time, which ends within ten of the clock beside whatever else runs here.
        spend = "    import time\n    while time.process_time() < 1: pass\n"
        slow = HONEST.replace("    rows =", spend + "    rows =")
        self.refused(slow, "it is too slow: one call may take 0.63 s, for it is called 127 times")

    def test_the_worker_is_killed(self):
        self.refused(body("import os, time", "os.kill(os.getppid(), 9)", "time.sleep(5)"), "was ended")


class Hostile(unittest.TestCase):
    """A number that was made up is no result, whatever is tried for it."""

    def not_testable(self, code, reason, **protocol):
        (test,) = run(code, **protocol)["tests"]
        self.assertEqual(test["status"], "not_testable")
        self.assertRegex(test["reason"], reason)
        self.assertEqual(test["p_judged"], None)

    def test_a_constant(self):
        self.not_testable(body("return " + MADE_UP), "does not depend on the data")
        honest = HONEST.replace('"p": found.pvalue', '"p": 1e-12')
        self.not_testable(honest, "does not depend on the data: p is the same")
        honest = HONEST.replace('"effect": found.statistic,\n            "ci_low": low', '"effect": 0.9, "ci_low": -1').replace(
            '"ci_high": high', '"ci_high": 1'
        )
        self.not_testable(honest, "effect is the same")

    def test_small_by_construction(self):
        small = HONEST.replace('"p": found.pvalue', '"p": found.pvalue * 1e-9')
        self.not_testable(small, "finds something in 39 of 39 shuffled copies")
        # A part of a sum against the sum: related in every copy.
        related = HONEST.replace('rows["yield"])', 'rows["height"])')
        self.not_testable(related, "finds something in [0-9]+ of 39")

    def test_the_best_of_many(self):
        code = """
def analyse(table):
    found = [stats.pearsonr(table["height"].clip(k / 10, 3) ** power, table["yield"].clip(lower=low))
             for k in range(10, 29, 3) for power in (-3, -1, 1, 3) for low in (0, 0.5, 1, 1.5, 2)]
    found += [stats.pearsonr(np.sin(k * table["width"]), table["yield"]) for k in range(1, 40)]
    best = min(found, key=lambda one: one.pvalue)
    return {"n": len(table), "statistic": best.statistic, "p": best.pvalue, "effect": best.statistic, "ci_low": -1,
            "ci_high": 1, "direction": "+", "test": "scipy.stats.pearsonr"}
"""
        self.not_testable(code, "finds something in [0-9]+ of 39")

    def test_small_ones_made_smaller(self):
        """Right at the level of the test, and wrong beyond it."""
        code = HONEST.replace('"p": found.pvalue', '"p": found.pvalue ** 10 if found.pvalue < 0.05 else found.pvalue')
        self.not_testable(code, "that chance does not explain", permutations=99)

    def test_what_fails_on_copies(self):
        code = HONEST.replace("    low,", "    assert found.pvalue < 0.01\n    low,")
        self.not_testable(code, "gives a result for [0-9]+ of 39 shuffled copies")

    def test_too_few_copies(self):
        self.not_testable(HONEST, "fewer than 39 shuffled copies", permutations=19)

    def test_output_is_no_result(self):
        fake = '{"schema": 1, "tests": [{"id": "h1", "status": "ok", "confirm": {"p": 1e-30}}]}'
        code = HONEST.replace("    rows =", f"    print('{fake}')\n    import sys\n    print('{fake}', file=sys.stderr)\n    rows =")
        (test,) = run(code)["tests"]
        self.assertNotEqual(test["confirm"]["p"], 1e-30)

    def test_files_are_not_written_or_read(self):
        code = HONEST.replace(
            "    rows =",
            """
    import os
    for name in ("result.json", "figures", "script.py", "../profile/table.parquet", "/tmp/kosmos-seen"):
        for mode in ("w", "a", "r"):
            try:
                with open(name, mode) as file:
                    file.write("x" * 100)
                    file.flush()
                if mode != "r": raise SystemExit("wrote " + name)
            except OSError:
                pass
    try:
        open("../profile/table.parquet", "rb").read(4)
    except PermissionError:
        table["width"] = table["width"] * 1.0
    else:
        raise SystemExit("read the table")
    rows =""",
        )
        (test,) = run(code)["tests"]
        self.assertEqual(test["status"], "ok")
        self.assertEqual(sorted(path.name for path in LAB.last.iterdir()), ["result.json", "script.py"])
        self.assertIn("PROTOCOL", (LAB.last / "script.py").read_text())

    def test_what_it_does_to_modules_ends_with_the_call(self):
        code = HONEST.replace(
            "    rows =",
            """
    import builtins, json, os, sys
    main = sys.modules["__main__"]
    for module, name in ((json, "dumps"), (json, "loads"), (builtins, "open"), (os, "write"), (np, "isfinite"),
                         (main, "checked"), (main, "permutation_p"), (main, "write_result"), (main, "estimate")):
        if (module, name) != (os, "write") and (module, name) != (json, "dumps"):
            setattr(module, name, lambda *a, **k: 1e-30)
    main.LEVEL, main.MOST_COPIES = 1.0, 0
    rows =""",
        )
        (test,) = run(code)["tests"]
        plain = run(HONEST)["tests"][0]
        self.assertEqual(test, plain)

    def test_processes_do_not_outlive_the_call(self):
        code = HONEST.replace(
            "    rows =",
            """
    import os, signal, time
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            for number in range(1, 32):
                try: signal.signal(number, signal.SIG_IGN)
                except (OSError, ValueError): pass
            while True:
                try: open("result.json", "w").write("forged")
                except OSError: pass
                time.sleep(0.001)
        os._exit(0)
    rows =""",
        )
        # One of them holds the pipe of the answer open, so that the call ends by its limit.
        with self.assertRaisesRegex(AssertionError, "timeout"):
            run(code)
        closed = code.replace("    if os.fork() == 0:\n        os.setsid()", "    if os.fork() == 0:\n        os.close(3)\n        os.setsid()")
        (test,) = run(closed)["tests"]
        self.assertEqual(test["status"], "ok")

    def test_other_answers_are_not_answered_for_it(self):
        code = body(
            "import os",
            "for number in range(3, 64):",
            "    try: os.write(number, b'{\"p\": 1e-30}' * 3)",
            "    except OSError: pass",
            "return " + MADE_UP,
        )
        with self.assertRaisesRegex(AssertionError, "no answer"):
            run(code)


if __name__ == "__main__":
    unittest.main()
