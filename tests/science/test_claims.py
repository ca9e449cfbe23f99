"""Functions that a model filed under u and v and that are about something else, and honest ones that must pass."""

import json
import os
import textwrap
import unittest

import numpy as np
from scipy import stats
from scripts import Lab, assemble, csv_of

random = np.random.default_rng(8)
N = 160
HEIGHT = random.normal(0, 1, N)
GROUP = random.choice(["a", "b"], N)
COLUMNS = {
    # Related to nothing.
    "u": [None if place % 9 == 4 else float(value) for place, value in enumerate(random.normal(0, 1, N))],
    "v": random.normal(0, 1, N),
    "height": HEIGHT,
    "yield": HEIGHT + random.normal(0, 0.6, N),
    # Related to height, and to yield only by it.
    "width": HEIGHT + random.normal(0, 0.5, N),
    "kind": GROUP,
    # Goes with height in one group, and against it in the other.
    "turn": np.where(GROUP == "a", HEIGHT, -HEIGHT) + random.normal(0, 0.5, N),
}
LAB = Lab(csv_of(COLUMNS))
RETURN = """
    r, n = float(found.statistic), int(rows)
    low, high = correlation_interval(max(-0.99, min(0.99, r)), n)
    return {"n": n, "statistic": r, "p": float(min(max(p, 0), 1)), "effect": max(-0.99, min(0.99, r)), "ci_low": low,
            "ci_high": high, "direction": "+" if r > 0 else "-", "test": "scipy.stats.pearsonr"}
"""


def function(body, returned=RETURN):
    """`body` sets found, p and rows."""
    return "def analyse(table):\n" + textwrap.indent(textwrap.dedent(body).strip("\n"), "    ") + "\n" + returned


def correlation(one, other, more=""):
    return function(f"t = complete(table, 'u', 'v', 'height', 'yield')\nfound = stats.pearsonr({one}, {other})\np, rows = found.pvalue, len(t)\n{more}")


def judge(code, *arguments, lab=LAB, **protocol):
    """The whole result, or the fault of the code."""
    protocol = filled(code, *arguments, **protocol)
    protocol = {**protocol, "seed": 5, "table": str(lab.root / "profile" / "table.parquet")}
    try:
        test, calibration = OURS["analysed"](protocol, InProcess(code))
    except OURS["Refusal"] as refusal:
        return {"tests": [{**OURS["blank"](protocol), "reason": str(refusal)}], "calibration": None}
    except OURS["CodeFault"] as fault:
        raise AssertionError(str(fault)) from None
    return {"tests": [test], "calibration": calibration}


def filled(code, x="u", y="v", columns=("u", "v", "height", "yield"), **protocol):
    return {
        "template": "custom",
        "table": "../profile/table.parquet",
        "split": {"by": None, "explore": 0.5},
        "shuffle_seed": None,
        "id": "h1",
        "x": x,
        "y": y,
        "analysis": {"columns": list(columns), "method": "as told", "effect": "pearson_r", "family": None},
        "author": 1,
        "permutations": 39,
        "code": code,
        **protocol,
    }


# The script's own functions, without the call that starts it.
OURS = {}
exec(
    assemble({"template": "custom", "code": "", "seed": 1, "id": "h"}).replace("\nmain(PROTOCOL)", "\n"),
    OURS,
)


class InProcess:
    """Calls the function in this process, where a call costs a fiftieth. That calls cannot reach each other is shown by the
    tests of the worker."""

    used = 0.0
    namespace = OURS["given"]()

    def __init__(self, code):
        self.code = code

    def call(self, table):
        return OURS["parsed"](json.dumps(OURS["called"](self.code, table, self.namespace)))

    def call_in_turn(self, tables):
        return [self.call(table) for table in tables]


OTHERS = "t['height'], t['yield']"
# Name, code, and what becomes of it: the reason of `not_testable`, or of the code's fault.
NOT_ABOUT_U_AND_V = [
    ("two other columns", correlation("t['height']", "t['yield']"), "not about the exposure: it returns the same"),
    ("by position", correlation("t.iloc[:, 2]", "t.iloc[:, 3]"), "read the columns by their names"),
    (
        "by correlation with a named column",
        function(
            """
            t = table.dropna()
            best = max((name for name in t.columns if name != "yield"), key=lambda name: abs(np.corrcoef(t[name], t["yield"])[0, 1]))
            found = stats.pearsonr(t[best], t["yield"])
            p, rows = found.pvalue, len(t)
            """
        ),
        "not about the exposure: it returns the same",
    ),
    (
        "under other names",
        function(
            """
            t = complete(table.assign(u=table["height"], v=table["yield"]), "u", "v")
            found = stats.pearsonr(t["u"], t["v"])
            p, rows = found.pvalue, len(t)
            """
        ),
        "not about the exposure: it returns the same",
    ),
    ("the exposure and another", correlation("t['u']", "t['yield']"), "not about the outcome: it returns the same"),
    ("another and the outcome", correlation("t['height']", "t['v']"), "not about the exposure: it returns the same"),
    ("one column alone", correlation("t['u']", "t['u'].shift(1, fill_value=0)"), "different values for the same rows in another order"),
    ("a constant", correlation("t['u']", "t['v']", "p = 1e-12"), "p is the same in all"),
    (
        "everything constant",
        function("found, p, rows = stats.pearsonr([1, 2, 3, 4], [1, 3, 2, 4]), 1e-9, len(table)"),
        "is the same in all",
    ),
    (
        "the order of the rows",
        function(
            """
            t = complete(table, "u", "v")
            found = stats.spearmanr(t.index * t["u"].rank(), t["v"])
            p, rows = found.pvalue ** 8, len(t)
            """
        ),
        "different values for the same rows in another order",
    ),
    (
        "a hash of the data",
        function(
            """
            import hashlib
            t = complete(table, "u", "v").sort_values("u")
            digest = hashlib.sha256(t[["u", "v"]].to_numpy().tobytes()).digest()
            found = stats.pearsonr(t["u"], t["v"])
            p, rows = digest[0] / 256 * 1e-3, len(t)
            """
        ),
        "finds something in",
    ),
    (
        "a likelihood that is no p",
        function(
            """
            t = complete(table, "u", "v", "height", "yield")
            full = sm.OLS(t["v"], np.column_stack([t["u"] ** k for k in range(8)])).fit()
            found = stats.pearsonr(t["u"], t["v"])
            p, rows = math.exp(sm.OLS(t["v"], np.ones(len(t))).fit().llf - full.llf), len(t)
            """
        ),
        "finds something in",
    ),
    (
        "the best of its own copies",
        function(
            """
            t = complete(table, "u", "v")
            draw = np.random.default_rng(0)
            found = min((stats.pearsonr(draw.permutation(t["u"]), t["v"]) for _ in range(60)), key=lambda one: one.pvalue)
            p, rows = found.pvalue, len(t)
            """
        ),
        "different values for the same rows in another order|finds something in",
    ),
    (
        "the file and not the table",
        function(
            """
            t = pd.read_parquet("../profile/table.parquet")
            found = stats.pearsonr(t["height"], t["yield"])
            p, rows = found.pvalue, len(table)
            """
        ),
        "the function failed: ",
    ),
    (
        "the product with others",
        correlation("t['u']", "t['v']", f"p = p * stats.pearsonr({OTHERS}).pvalue"),
        "finds something in|not about the exposure: it finds as much in",
    ),
    (
        "the smaller of two",
        correlation(*OTHERS.split(", "), "p = min(p, stats.pearsonr(t['u'], t['v']).pvalue)"),
        "not about the exposure: it (finds as much in|returns the same)",
    ),
    (
        "others, and a trace of its own columns",
        correlation(*OTHERS.split(", "), "p = p * (1 + 1e-6 * stats.pearsonr(t['u'], t['v']).statistic)"),
        "not about the exposure: it finds as much in 39 of 39",
    ),
    (
        "others where nothing is shuffled",
        correlation("t['u']", "t['v']", f"other = stats.pearsonr({OTHERS})\nif other.pvalue < 0.01: found, p = other, other.pvalue"),
        "not about the exposure: it returns the same",
    ),
    (
        "others where its own columns show nothing",
        correlation("t['u']", "t['v']", f"if p > 0.05: found = stats.pearsonr({OTHERS}); p = found.pvalue"),
        "not about the exposure: it (finds as much in|returns the same)",
    ),
    (
        "what it remembers of calls",
        correlation(
            "t['u']",
            "t['v']",
            f"import builtins\nbuiltins.calls = getattr(builtins, 'calls', 0) + 1\nif builtins.calls < 9: found = stats.pearsonr({OTHERS}); p = found.pvalue",
        ),
        "not about the exposure: it returns the same",
    ),
    (
        "the number of the call",
        correlation("t['u']", "t['v']", "import os\np = (os.getpid() % 97 + 1) / 1e6"),
        "two calls with the same table returned different values",
    ),
    (
        "the time",
        correlation("t['u']", "t['v']", "import time\np = time.time_ns() % 1000 / 1e6"),
        "two calls with the same table returned different values",
    ),
    (
        "columns that nobody named",
        function(
            """
            t = table.dropna()
            fit = sm.OLS(t["v"], t.drop(columns="v")).fit()
            found = stats.pearsonr(t["u"], t["v"])
            p, rows = fit.f_pvalue, len(t)
            """
        ),
        "read the columns by their names",
    ),
    (
        "which rows are complete",
        function(
            """
            found = stats.pearsonr(table["height"] * table["u"].isna(), table["yield"] * table["u"].isna())
            p, rows = found.pvalue, len(table)
            """
        ),
        "not about the exposure: it returns the same|finds something in",
    ),
]

# What depends on the process that calls it.
OF_THE_PROCESS = {"the file and not the table", "what it remembers of calls", "the number of the call"}


class Claims(unittest.TestCase):
    def test_what_is_about_other_things_is_refused(self):
        for name, code, reason in NOT_ABOUT_U_AND_V:
            with self.subTest(name):
                try:
                    (test,) = (LAB.run(filled(code)) if name in OF_THE_PROCESS else judge(code))["tests"]
                except AssertionError as fault:
                    self.assertRegex(str(fault), reason)
                else:
                    self.assertEqual((test["status"], test["p_judged"]), ("not_testable", None))
                    self.assertRegex(test["reason"], reason)

    def test_a_column_that_the_protocol_does_not_name_is_not_there(self):
        with self.assertRaisesRegex(AssertionError, "KeyError"):
            judge(correlation("t['height']", "t['yield']"), columns=("u", "v"))
        (test,) = judge(correlation("t['u']", "t['v']"), columns=("v", "height", "yield"))["tests"]
        self.assertEqual(test["reason"], "it does not read both columns that it is about")

    def test_what_is_honest_is_judged(self):
        interaction = function(
            """
            t = complete(table, "height", "turn", "kind")
            design = pd.DataFrame({"one": 1.0, "height": t["height"], "group": (t["kind"] == "a") * 1.0})
            design["both"] = design["height"] * design["group"]
            fit = sm.OLS(t["turn"], design).fit()
            found = stats.pearsonr(t["height"], t["turn"])
            p, rows = fit.pvalues["both"], len(t)
            """
        )
        indirect = function(
            """
            t = complete(table, "width", "height", "yield")
            first = sm.OLS(t["height"], sm.add_constant(t["width"])).fit()
            second = sm.OLS(t["yield"], sm.add_constant(t[["height", "width"]])).fit()
            a, b = first.params["width"], second.params["height"]
            z = a * b / math.sqrt((a * second.bse["height"]) ** 2 + (b * first.bse["width"]) ** 2)
            found = stats.pearsonr(t["width"], t["yield"])
            p, rows = 2 * stats.norm.sf(abs(z)), len(t)
            """
        )
        partial = function(
            """
            t = complete(table, "height", "yield", "kind")
            design = pd.DataFrame({"one": 1.0, "height": t["height"], "group": (t["kind"] == "a") * 1.0})
            fit = sm.OLS(t["yield"], design).fit()
            found = stats.pearsonr(t["height"], t["yield"])
            p, rows = fit.pvalues["height"], len(t)
            """
        )
        resampled = function(
            """
            t = complete(table, "height", "yield")
            found = stats.spearmanr(t["height"], t["yield"])
            p, rows = found.pvalue, len(t)
            low, high = bootstrap_interval(lambda some: stats.spearmanr(some["height"], some["yield"]).statistic, t, 50)
            """,
            RETURN.replace("    low, high = correlation_interval(max(-0.99, min(0.99, r)), n)\n", ""),
        )
        for code, x, y, columns, by in (
            (interaction, "height", "turn", ("height", "turn", "kind"), "exposure_shuffled"),
            (indirect, "width", "yield", ("width", "height", "yield"), "exposure_shuffled"),
            (partial, "height", "yield", ("height", "yield", "kind"), "exposure_shuffled"),
            (resampled, "height", "yield", ("height", "yield"), "permutation"),
        ):
            with self.subTest(y):
                (test,) = judge(code, x, y, columns)["tests"]
                self.assertEqual((test["status"], test["reason"], test["p_judged_by"]), ("ok", None, by))
                self.assertLess(test["confirm"]["p"], 1e-4)
                # No smaller than its copies support.
                self.assertEqual(test["p_judged"], 1 / 40)

    def test_more_copies_are_drawn_where_the_error_control_needs_them(self):
        code = correlation("t['height']", "t['yield']").replace("'u', 'v', ", "")
        control = {"alpha": 0.05, "tests": 15}
        result = judge(code, "height", "yield", ("height", "yield"), error_control=control)
        (test,), calibration = result["tests"], result["calibration"]
        self.assertEqual((len(calibration["copies"]), test["p_judged"]), (300, 1 / 301))
        self.assertEqual((test["p_judged_by"], len(calibration["exposure"])), ("permutation", 9))
        # The same again, whatever the number: a longer list begins with the shorter one.
        again = judge(code, "height", "yield", ("height", "yield"), error_control={"alpha": 0.05, "tests": 5})
        self.assertEqual(again["calibration"]["copies"], calibration["copies"][:100])
        # In processes of its own, in turn with others.
        alone = LAB.run(filled(code, "height", "yield", ("height", "yield"), error_control={"alpha": 0.05, "tests": 4}))
        self.assertEqual(alone["calibration"]["copies"], calibration["copies"][:80])
        # Where nothing is, no more are drawn.
        result = judge(correlation("t['u']", "t['v']").replace(", 'height', 'yield'", ""), columns=("u", "v"), error_control=control)
        self.assertEqual(len(result["calibration"]["copies"]), 39)

    def test_a_number_that_is_no_p_is_judged_by_its_copies(self):
        """exp(-dBIC/2) is small where a p-value is, and says nothing of how small."""
        code = function(
            """
            t = complete(table, "height", "yield")
            found = stats.pearsonr(t["height"], t["yield"])
            rows = len(t)
            p = min(1, (1 - found.statistic ** 2) ** (rows / 2) * math.sqrt(rows))
            """
        )
        (test,) = judge(code, "height", "yield", ("height", "yield"), permutations=199)["tests"]
        self.assertLess(test["confirm"]["p"], 1e-9)
        self.assertEqual((test["p_judged"], test["p_judged_by"]), (1 / 200, "permutation"))


class Series(unittest.TestCase):
    """A plain correlation of columns whose rows follow each other in time."""

    @classmethod
    def setUpClass(cls):
        draws = np.random.default_rng(17)
        walks = np.cumsum(draws.normal(size=(240, 2)), axis=0)
        both = np.cumsum(draws.normal(size=240))
        days = [str(np.datetime64("2016-02-01") + day) for day in range(240)]
        columns = {"day": days, "one": walks[:, 0], "other": walks[:, 1]}
        cls.lab = Lab(csv_of({**columns, "cause": both, "echo": both + draws.normal(0, 0.2, 240)}))

    def correlate(self, x, y):
        code = function(f"t = complete(table, '{x}', '{y}')\nfound = stats.pearsonr(t['{x}'], t['{y}'])\np, rows = found.pvalue, len(t)\n")
        return judge(code, x, y, (x, y), lab=self.lab, permutations=199)

    def test_walks_are_held_against_walks(self):
        result = self.correlate("one", "other")
        (test,) = result["tests"]
        # Turned copies are walks, too: a correlation that takes rows for independent finds something in most of them.
        self.assertEqual(test["status"], "not_testable")
        self.assertRegex(test["reason"], "finds something in [0-9]+ of 199 shuffled copies")

    def test_no_p_is_smaller_than_the_number_of_turns_supports(self):
        code = function(
            """
            t = complete(table, "cause", "echo")
            found = stats.pearsonr(t["cause"], t["echo"])
            # A p that allows for the memory of both.
            r, rows = abs(found.statistic), len(t)
            p = (1 - r) ** 2
            """
        )
        result = judge(code, "cause", "echo", ("cause", "echo"), lab=self.lab, permutations=199)
        (test,), calibration = result["tests"], result["calibration"]
        self.assertEqual(calibration["turns"], calibration["rows"] - 2 * (calibration["rows"] // 10) + 1)
        self.assertEqual((test["status"], test["p_judged"]), ("ok", 1 / (calibration["turns"] + 1)))


class Tail(unittest.TestCase):
    def test_p_values_under_the_null_are_not_too_small(self):
        """P(p <= a) <= a over draws of independent columns, for statistics right and wrong; by simulation, with the 99.9 %
        quantile of the binomial as the bound."""
        draws = 6000 if os.environ.get("KOSMOS_TEST_DRAW") == "all" else 500
        draw = np.random.default_rng(3)
        normed = lambda rows: (rows - rows.mean(axis=-1, keepdims=True)) / rows.std(axis=-1, keepdims=True)
        for about_z in (0.0, 0.9):
            found = []
            for _ in range(draws):
                x, z = draw.normal(size=12), draw.normal(size=12)
                y = normed(z + draw.normal(size=12))
                # The data first, and copies in which x alone is shuffled; a number that is no p-value, and mostly about z.
                tables = normed(np.stack([x, *(draw.permutation(x) for _ in range(49))]))
                related = (1 - about_z) * abs(tables @ y / 12) + about_z * abs(normed(z) @ y / 12)
                real, *copies = [{"p": float(p), "statistic": 0.0, "effect": 0.0} for p in np.exp(-50 * related)]
                found.append(OURS["tail_p"](copies, real)[0])
            for level in (0.02, 0.05, 0.1, 0.25, 0.5):
                count = sum(p <= level for p in found)
                self.assertLessEqual(count, stats.binom.ppf(0.999, draws, level), (about_z, level))

    def test_shuffles_keep_what_they_do_not_shuffle(self):
        draw = np.random.default_rng(1)
        values = np.array([1.0, np.nan, 2.0, 3.0, 4.0, np.nan, 5.0, 6.0])
        known = ~np.isnan(values)
        moved = OURS["moved"](values, known, None, None, draw)
        np.testing.assert_array_equal(np.isnan(moved), ~known)
        self.assertEqual(sorted(moved[known]), [1, 2, 3, 4, 5, 6])
        # Within units, and among units where it tells of them.
        units = np.array([0, 0, 0, 0, 1, 1, 1, 1])
        for _ in range(20):
            moved = OURS["moved"](values, known, units, None, draw)
            self.assertEqual(sorted(moved[[0, 2, 3]]), [1, 2, 3])
        level = np.array([7.0, 7.0, 8.0, 8.0, 9.0, 9.0, 9.0, 9.0])
        units = np.array([0, 0, 1, 1, 2, 2, 3, 3])
        seen = {tuple(OURS["moved"](level, level > 0, units, None, draw)) for _ in range(60)}
        self.assertGreater(len(seen), 3)
        self.assertTrue(all(row[0] == row[1] and row[2] == row[3] and sorted(row) == sorted(level) for row in seen))


if __name__ == "__main__":
    unittest.main()
