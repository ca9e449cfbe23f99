"""Caveats, determinism, hostile names, and tables with little or nothing in them."""

import unittest

import numpy as np
import statsmodels.api as sm
from scipy import stats
from scripts import Lab, csv_of

random = np.random.default_rng(34)
N = 240


class Caveats(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        group = random.integers(0, 3, N)
        a = group * 3 + random.normal(0, 1, N)
        z = random.normal(0, 1, N)
        wild = random.normal(0, 1, N)
        wild_partner = random.normal(0, 1, N)
        wild[:3], wild_partner[:3] = (14, 16, 15), (15, 13, 16)
        x = random.normal(0, 1, N)
        cls.lab = Lab(
            csv_of(
                {
                    "a": a,
                    "b": -3 * group + 0.8 * (a - group * 3) + random.normal(0, 0.6, N) + group,
                    "species": [f"s{g}" for g in group],
                    "cause": z,
                    "left": z + random.normal(0, 0.6, N),
                    "right": z + random.normal(0, 0.6, N),
                    "wild": wild,
                    "wild_partner": wild_partner,
                    "x": x,
                    "y": x + random.normal(0, 1, N),
                    "unrelated": random.normal(0, 1, N),
                }
            )
        )
        others = ["species", "cause", "unrelated"]
        cls.found = cls.lab.tests(
            "numeric_numeric",
            {"x": "a", "y": "b", "check": others},
            {"x": "left", "y": "right", "check": others},
            {"x": "wild", "y": "wild_partner"},
            {"x": "x", "y": "y", "check": others},
        )

    def test_simpson(self):
        self.assertIn("simpson_reversal", self.found[0]["caveats"])
        self.assertEqual(self.found[0]["caveat_notes"]["simpson_reversal"], "species")
        strata = next(entry for entry in self.found[0]["adjusted"] if entry["for"] == "species")["strata"]
        self.assertEqual({piece["direction"] for piece in strata}, {"+"})

    def test_confounded(self):
        self.assertIn("confounded", self.found[1]["caveats"])
        self.assertEqual(self.found[1]["caveat_notes"]["confounded"], "cause")

    def test_outlier_driven(self):
        self.assertIn("outlier_driven", self.found[2]["caveats"])

    def test_an_honest_relation_has_none(self):
        self.assertEqual(self.found[3]["caveats"], [])
        self.assertTrue(all(variant["agrees"] for variant in self.found[3]["variants"]))

    def test_tiny_effect(self):
        x = random.normal(0, 1, 30000)
        lab = Lab(csv_of({"x": x.round(4), "y": (0.03 * x + random.normal(0, 1, 30000)).round(4)}))
        found = lab.tests("numeric_numeric", {"x": "x", "y": "y"})[0]
        self.assertIn("tiny_effect", found["caveats"])
        self.assertEqual(found["whole"]["n"], 30000)
        self.assertEqual(next(v["n"] for v in found["variants"] if v["name"] == "rank"), 20000)


class Units(unittest.TestCase):
    def test_rows_of_a_unit_are_not_independent(self):
        unit = np.repeat(np.arange(24), 10)
        own, other = random.normal(0, 1, 24)[unit], random.normal(0, 1, 24)[unit]
        lab = Lab(
            csv_of(
                {
                    "subject": [f"p{u:02d}" for u in unit],
                    "a": own + random.normal(0, 0.2, 240),
                    "b": other + random.normal(0, 0.2, 240),
                    "trial": np.tile(np.arange(10), 24),
                }
            )
        )
        self.assertEqual(lab.profile["units"]["column"], "subject")
        found = lab.tests(
            "numeric_numeric", {"x": "a", "y": "b", "unit": "subject"}, split={"by": "subject", "explore": 0.5}
        )[0]
        self.assertIn("repeated_units", found["caveats"])
        self.assertEqual((found["p_judged_by"], found["p_judged"]), ("cluster_robust", found["whole"]["p"]))
        alone = next(variant for variant in found["variants"] if variant["name"] == "independent_rows")
        a, b = lab.values("a", "b")
        plain = sm.OLS(b, sm.add_constant(a)).fit(cov_type="HC3", use_t=True)
        self.assertAlmostEqual(alone["p"], plain.pvalues[1], places=12)
        self.assertGreater(found["p_judged"], alone["p"])
        self.assertEqual(found["explore"]["n"], 120)

    def test_errors_by_unit_are_a_jackknife_of_units(self):
        unit = np.repeat(np.arange(30), 6)
        x = random.normal(0, 1, 30)[unit] + random.normal(0, 1, 180)
        y = 0.3 * x + random.normal(0, 1, 30)[unit] + random.normal(0, 1, 180)
        lab = Lab(csv_of({"subject": unit + 100, "x": x, "y": y}))
        found = lab.tests("numeric_numeric", {"x": "x", "y": "y", "unit": "subject"})[0]
        slope = np.polyfit(x, y, 1)[0]
        without = np.array([np.polyfit(x[unit != u], y[unit != u], 1)[0] for u in range(30)])
        error = np.sqrt(29 / 30 * ((without - slope) ** 2).sum())
        # The reference has fewer degrees of freedom than there are units, but not many fewer.
        fewest, most = (2 * stats.t.sf(abs(slope / error), free) for free in (29, 8))
        self.assertTrue(fewest < found["whole"]["p"] < most, (fewest, found["whole"]["p"], most))


class Determinism(unittest.TestCase):
    def test_same_bytes_for_the_same_inputs(self):
        lab = Lab(
            csv_of(
                {
                    "a": random.normal(0, 1, 90),
                    "b": random.normal(0, 1, 90),
                    "g": random.choice(["u", "v", "w"], 90),
                    "h": random.choice(["p", "q"], 90),
                }
            )
        )
        asked = [{"x": "a", "y": "b", "check": ["g", "h"]}]
        lab.tests("numeric_numeric", *asked)
        first = lab.bytes
        lab.tests("numeric_numeric", *asked, cold=True)
        self.assertEqual(first, lab.bytes)
        lab.tests("numeric_numeric", *asked, seed=6)
        self.assertNotEqual(first, lab.bytes)

    def test_profile_writes_the_same_table(self):
        content = csv_of({"a": random.normal(0, 1, 50), "g": random.choice(["u", "v"], 50)})
        one, two = Lab(content), Lab(content, cold=True)
        self.assertEqual(one.bytes, two.bytes)
        self.assertEqual(
            (one.root / "profile" / "table.parquet").read_bytes(), (two.root / "profile" / "table.parquet").read_bytes()
        )

    def test_shuffled_columns_have_nothing_in_common(self):
        x = random.normal(0, 1, 300)
        lab = Lab(csv_of({"x": x, "y": x + random.normal(0, 0.1, 300)}))
        asked = {"x": "x", "y": "y"}
        self.assertLess(lab.tests("numeric_numeric", asked)[0]["whole"]["p"], 1e-50)
        shuffled = [lab.tests("numeric_numeric", asked, shuffle_seed=seed)[0]["whole"]["p"] for seed in (1, 2)]
        self.assertGreater(min(shuffled), 1e-4)
        self.assertNotEqual(*shuffled)


NAMES = [
    'he said "no"',
    "a,b;c",
    "{x}",
    "__import__('os').system('true')",
    "two\nlines",
    "\u540d\u524d \U0001f427",
    "a.b",
    "C(x)",
    "'",
    "\\",
    "%s",
    "end  ",
]


class HostileInput(unittest.TestCase):
    def test_names_and_levels(self):
        columns = {name: random.normal(0, 1, 60) for name in NAMES[:6]}
        columns |= {name: [NAMES[(i * k + i // 7) % 3] for i in range(60)] for k, name in enumerate(NAMES[6:10], 1)}
        columns |= {name: [NAMES[2 + (i + i // 5) % 2] for i in range(60)] for name in NAMES[10:]}
        lab = Lab(csv_of(columns))
        names = [column["name"] for column in lab.profile["columns"]]
        self.assertEqual(names, [name.strip() for name in NAMES])
        usable = {
            role: [c["name"] for c in lab.profile["columns"] if c["role"] == role]
            for role in ("numeric", "categorical", "binary")
        }
        numbers, groups = usable["numeric"], usable["categorical"] + usable["binary"]
        found = lab.tests("numeric_numeric", *[{"x": numbers[0], "y": name, "check": names} for name in numbers[1:]])
        found += lab.tests("group_numeric", *[{"x": group, "y": numbers[3], "check": names} for group in groups])
        found += lab.tests("categorical_categorical", *[{"x": groups[0], "y": group} for group in groups[1:]])
        found += lab.tests("adjusted", {"x": numbers[0], "y": numbers[1], "covariates": groups})
        self.assertEqual({test["status"] for test in found}, {"ok"})

    def test_columns_with_little_in_them(self):
        few = [1.5, 2.5, 0.5] + [None] * 37
        lab = Lab(
            csv_of(
                {
                    "x": random.normal(0, 1, 40),
                    "few": few,
                    "y": random.normal(0, 1, 40),
                    "lone": ["odd"] + ["usual"] * 39,
                    "tied": [0.0] * 36 + [1.0, 2.0, 3.0, 4.0],
                    "g": ["u", "v"] * 20,
                    "disjoint": [None] * 20 + list(random.normal(0, 1, 20)),
                    "half": list(random.normal(0, 1, 20)) + [None] * 20,
                    "flat_where_filled": [1.0] * 20 + list(random.normal(0, 1, 20)),
                    "empty_level": ["a", "b", "c", "d"] * 10,
                }
            )
        )
        pairs = [
            ("x", "few"),
            ("x", "nowhere"),
            ("x", "x"),
            ("disjoint", "half"),
            ("half", "flat_where_filled"),
            ("x", "tied"),
            ("x", "g"),
        ]
        found = lab.tests("numeric_numeric", *[{"x": x, "y": y} for x, y in pairs])
        self.assertEqual([test["status"] for test in found], ["not_testable"] * 5 + ["ok", "not_testable"])
        self.assertTrue(all(test["reason"] for test in found if test["status"] != "ok"))
        for kind in ("group_numeric", "categorical_categorical", "numeric_binary"):
            pairs = {
                "group_numeric": [("lone", "x"), ("g", "few"), ("g", "tied"), ("x", "g"), ("empty_level", "half")],
                "categorical_categorical": [("lone", "g"), ("g", "empty_level"), ("g", "x")],
                "numeric_binary": [("x", "lone"), ("tied", "g"), ("few", "g"), ("g", "x")],
            }[kind]
            for test in lab.tests(kind, *[{"x": x, "y": y} for x, y in pairs]):
                self.assertIn(test["status"], ("ok", "not_testable"))
                self.assertEqual(test["status"] == "ok", test["reason"] is None)


if __name__ == "__main__":
    unittest.main()
