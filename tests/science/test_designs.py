"""Paired, adjusted, stratified, interaction, dose-response and survival designs."""

import unittest
from collections import namedtuple

import numpy as np
import pandas as pd
from scipy import stats
from scripts import Lab, csv_of, library

LIBRARY = {}
exec(library("adjusted"), LIBRARY)
random = np.random.default_rng(21)
N = 200


class Paired(unittest.TestCase):
    def test_wide_and_long_agree(self):
        before = random.normal(100, 10, 40)
        after = before + random.normal(3, 5, 40)
        wide = Lab(csv_of({"before": before, "after": after})).tests("paired", {"x": "before", "y": "after"})[0]
        order = random.permutation(80)
        long = {
            "who": np.r_[range(40), range(40)][order],
            "when": np.array(["a_first"] * 40 + ["b_second"] * 40)[order],
            "score": np.r_[before, after][order],
        }
        lab = Lab(csv_of(long))
        tall = lab.tests("paired", {"x": "when", "y": "score", "unit": "who"}, {"x": "when", "y": "score"})
        expected = stats.ttest_rel(after, before)
        for found in (wide, tall[0]):
            self.assertAlmostEqual(found["whole"]["p"], expected.pvalue, places=12)
            self.assertAlmostEqual(found["whole"]["statistic"], expected.statistic, places=9)
        self.assertEqual(wide["whole"]["direction"], "+")
        self.assertEqual(tall[0]["whole"]["direction"], "b_second")
        self.assertEqual(tall[1]["status"], "not_testable")
        interval = expected.confidence_interval()
        self.assertAlmostEqual(wide["other_effects"][0]["ci_low"], interval.low)

    def test_a_shuffled_pair_has_no_difference(self):
        before = random.normal(100, 10, 60)
        lab = Lab(csv_of({"before": before, "after": before + random.normal(9, 3, 60)}))
        asked = {"x": "before", "y": "after"}
        self.assertLess(lab.tests("paired", asked)[0]["whole"]["p"], 1e-20)
        self.assertGreater(lab.tests("paired", asked, shuffle_seed=1)[0]["whole"]["p"], 1e-3)


class Models(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        z, site = random.normal(0, 1, N), random.choice(["n", "s", "w"], N)
        x, w = z + random.normal(0, 0.7, N), random.normal(0, 1, N)
        cls.data = {
            "x": x,
            "z": z,
            "w": w,
            "site": site,
            "driven_by_z": z + random.normal(0, 0.7, N),
            "y": 0.4 * x + 0.5 * z + (site == "s") + random.normal(0, 1, N),
            "won": np.where(0.8 * x + random.normal(0, 1, N) > 0, "yes", "no"),
            "copy": z * 2 + 1,
            "moderated": np.where(site == "s", -1, 1) * x + random.normal(0, 1, N),
        }
        cls.lab = Lab(csv_of(cls.data))

    def design(self):
        site = self.data["site"]
        return np.column_stack([np.ones(N), self.data["x"], self.data["z"], site == "s", site == "w"]).astype(float)

    def test_adjusted_against_statsmodels(self):
        import statsmodels.api as sm

        linear, logistic, gone, nothing, twice = self.lab.tests(
            "adjusted",
            {"x": "x", "y": "y", "covariates": ["z", "site"]},
            {"x": "x", "y": "won", "covariates": ["z", "site"]},
            {"x": "x", "y": "driven_by_z", "covariates": ["z"]},
            {"x": "x", "y": "y", "covariates": []},
            {"x": "copy", "y": "y", "covariates": ["z"]},
        )
        fit = sm.OLS(self.data["y"], self.design()).fit(cov_type="HC3", use_t=True)
        self.assertAlmostEqual(linear["whole"]["p"], fit.pvalues[1], places=10)
        self.assertAlmostEqual(linear["whole"]["statistic"], fit.tvalues[1] ** 2, places=7)
        self.assertIn("unequal spread", linear["test"])
        full = sm.Logit((self.data["won"] == "yes").astype(float), self.design()).fit(disp=0)
        less = sm.Logit((self.data["won"] == "yes").astype(float), np.delete(self.design(), 1, axis=1)).fit(disp=0)
        self.assertAlmostEqual(logistic["whole"]["p"], stats.chi2.sf(2 * (full.llf - less.llf), 1), places=10)
        self.assertIn("confounded", gone["caveats"])
        self.assertEqual(nothing["status"], "not_testable")
        self.assertEqual(twice["status"], "not_testable")

    def test_interaction_against_statsmodels(self):
        import statsmodels.api as sm

        found, none = self.lab.tests(
            "interaction", {"x": "x", "y": "moderated", "by": "site"}, {"x": "x", "y": "y", "by": "w"}
        )
        s, w = (self.data["site"] == "s").astype(float), (self.data["site"] == "w").astype(float)
        x = self.data["x"]
        design = np.column_stack([np.ones(N), x, s, w, x**2, x * s, x * w])
        fit = sm.OLS(self.data["moderated"], design).fit(cov_type="HC3", use_t=True)
        expected = fit.wald_test(np.eye(7)[5:], use_f=True, scalar=True)
        self.assertAlmostEqual(found["whole"]["statistic"], float(expected.statistic), places=6)
        self.assertLess(abs(np.log(found["whole"]["p"] / float(expected.pvalue))), 1e-6)
        self.assertIn("holds both and the square of x", found["why"])
        self.assertEqual({row["level"]: row["direction"] for row in found["strata"]}, {"n": "+", "s": "-", "w": "+"})
        self.assertEqual(none["status"], "ok")

    def test_p_and_intervals_agree(self):
        draws = np.random.default_rng(4)
        for count in (2, 4):
            for _ in range(150):
                codes, z = np.arange(200) % count, draws.normal(size=(200, 1))
                y = draws.normal(size=200) * (1 + 2 * codes) + 0.6 * codes
                block = LIBRARY["indicators"](codes)
                found = LIBRARY["added_block"](block, y, z, False)
                size = LIBRARY["block_effect"](found, block, y, z, False, ("partial_r", ""))
                self.assertEqual(not size["ci_low"] <= 0 <= size["ci_high"], found["p"] < 0.05)
                self.assertTrue(size["ci_low"] <= size["value"] <= size["ci_high"])
                if count == 2:
                    units = LIBRARY["adjusted_in_units"](block[:, 0], y, z)
                    self.assertEqual(not units["ci_low"] <= 0 <= units["ci_high"], found["p"] < 0.05)

    def test_unequal_spread_is_no_relation(self):
        draws = np.random.default_rng(5)
        for rows in (30, 200):
            found = 0
            for _ in range(400):
                x, z = draws.normal(size=(2, rows))
                y = z + draws.normal(size=rows) * (0.2 + np.abs(x))
                found += LIBRARY["added_block"](x[:, None], y, z[:, None], False)["p"] < 0.05
            self.assertLess(found / 400, 0.1, rows)

    def test_few_rows_of_a_level_are_no_finding(self):
        draws, found, ways = np.random.default_rng(6), 0, set()
        codes = np.repeat([0, 1, 2], [100, 50, 3])
        for _ in range(300):
            z = draws.normal(size=(153, 1))
            model = LIBRARY["added_block"](LIBRARY["indicators"](codes), draws.normal(size=153), z, False)
            found += model["p"] < 0.05
            ways.add(model["way"])
        self.assertLess(found / 300, 0.08)
        self.assertIn("larger", ways)

    def test_one_row_that_makes_a_coefficient(self):
        import statsmodels.api as sm

        draws = np.random.default_rng(7)
        x, y = draws.normal(size=(2, 80))
        alone = (np.arange(80) == 5).astype(float)
        # Of what is held fixed, that row falls away; of what is tested, nothing is known of its error.
        found = LIBRARY["added_block"](x[:, None], y, alone[:, None], False)
        keep = alone == 0
        fit = sm.OLS(y[keep], sm.add_constant(x[keep])).fit(cov_type="HC3", use_t=True)
        self.assertEqual(found["way"], "uneven")
        self.assertAlmostEqual(found["p"], fit.pvalues[1], places=10)
        found = LIBRARY["added_block"](alone[:, None], y, x[:, None], False)
        fit = sm.OLS(y, sm.add_constant(np.column_stack([alone, x]))).fit()
        self.assertEqual(found["way"], "even")
        self.assertAlmostEqual(found["p"], fit.pvalues[1], places=10)
        group = np.where(np.arange(80) == 5, "odd", np.where(np.arange(80) % 2, "p", "q"))
        lab = Lab(csv_of({"x": x, "y": y, "group": group}))
        told = lab.tests("interaction", {"x": "x", "y": "y", "by": "group"})[0]
        if told["status"] == "ok":
            self.assertIn("equal spread", told["why"])

    def test_a_bent_relation_is_no_interaction(self):
        column, found = namedtuple("Column", "name values levels"), 0
        draws = np.random.default_rng(8)
        for _ in range(400):
            x, other = draws.normal(size=(2, 200))
            z = 0.8 * x + 0.6 * other
            model = LIBRARY["product_model"](column("x", x, None), column("z", z, None), True, True)
            y = x**2 + z + draws.normal(size=200)
            found += LIBRARY["added_block"](model.products, y, model.base, False)["p"] < 0.05
        self.assertLess(found / 400, 0.085)

    def test_few_values_are_a_factor(self):
        import statsmodels.formula.api as smf

        draws = np.random.default_rng(9)
        data = {"dose": np.tile([0.0, 1.0, 5.0], 40), "heat": np.repeat([1.0, 2.0, 3.0, 4.0], 30)}
        data["y"] = draws.normal(size=120) + data["dose"] * (data["heat"] == 2)
        told = Lab(csv_of(data)).tests("interaction", {"x": "dose", "y": "y", "by": "heat"})[0]
        data = pd.DataFrame(data)
        fit = smf.ols("y ~ C(dose) * C(heat)", data).fit()
        less = smf.ols("y ~ C(dose) + C(heat)", data).fit()
        robust = smf.ols("y ~ C(dose) * C(heat)", data).fit(cov_type="HC3", use_t=True)
        wald = robust.wald_test(np.eye(12)[6:], use_f=True, scalar=True)
        expected = max(float(wald.pvalue), fit.compare_f_test(less)[1])
        self.assertLess(abs(np.log(told["whole"]["p"] / expected)), 1e-6)
        self.assertIn("dose is taken as a factor, as it has 3 values; heat is taken as a factor", told["why"])

    def test_stratified(self):
        found = self.lab.tests("stratified", {"x": "x", "y": "moderated", "by": "site"})[0]
        self.assertLess(found["heterogeneity"]["p"], 1e-6)
        codes = np.unique(self.data["site"], return_inverse=True)[1]
        inside = lambda v: v - np.array([v[codes == c].mean() for c in range(3)])[codes]
        self.assertAlmostEqual(
            found["whole"]["effect"]["value"], np.corrcoef(inside(self.data["x"]), inside(self.data["moderated"]))[0, 1]
        )


class DoseResponse(unittest.TestCase):
    def test_trend_and_shape(self):
        dose = random.choice([0.0, 1.0, 2.0, 4.0], N)
        lab = Lab(
            csv_of(
                {
                    "dose": dose,
                    "straight": dose + random.normal(0, 1, N),
                    "bow": -((np.searchsorted([0, 1, 2, 4], dose) - 1.5) ** 2) + random.normal(0, 0.5, N),
                    "flat": random.normal(0, 1, N),
                }
            )
        )
        straight, bow, flat = lab.tests(
            "dose_response", {"x": "dose", "y": "straight"}, {"x": "dose", "y": "bow"}, {"x": "dose", "y": "flat"}
        )
        self.assertEqual([row["level"] for row in straight["steps"]], ["0", "1", "2", "4"])
        self.assertEqual((straight["whole"]["direction"], straight["monotone"]), ("+", True))
        self.assertIn("nonlinear", bow["caveats"])
        self.assertLess(bow["any_shape"]["whole"]["p"], 1e-6)
        self.assertNotIn("nonlinear", flat["caveats"])


class Survival(unittest.TestCase):
    def test_cox(self):
        x = random.normal(0, 1, N)
        arm = random.choice(["drug", "placebo"], N)
        time = random.exponential(1, N) * np.exp(-0.6 * x - 0.7 * (arm == "placebo"))
        seen = time < 2
        lab = Lab(
            csv_of(
                {
                    "x": x,
                    "arm": arm,
                    "time": np.minimum(time, 2),
                    "status": seen.astype(int),
                    "none": random.normal(0, 1, N),
                }
            )
        )
        ask = {"y": "time", "duration": "time", "event": "status"}
        number, group, both, missing = lab.tests(
            "survival",
            {"x": "x", **ask},
            {"x": "arm", **ask},
            {"x": "arm", "covariates": ["x"], **ask},
            {"x": "arm", "y": "time"},
        )
        self.assertEqual(number["whole"]["direction"], "+")
        self.assertEqual(group["whole"]["direction"], "placebo")
        self.assertEqual(group["groups"][0]["level"], "placebo")
        self.assertTrue(1 < both["whole"]["effect"]["ci_low"] < np.exp(0.7) < both["whole"]["effect"]["ci_high"])
        self.assertEqual(missing["status"], "not_testable")


class Figures(unittest.TestCase):
    def test_each_kind_is_drawn_the_same_twice(self):
        hostile = "$a_{b}^ \\frac{"
        lab = Lab(
            csv_of(
                {
                    hostile: random.normal(0, 1, 60),
                    "b": random.lognormal(0, 2, 60),
                    "g": random.choice(["u$", "v"], 60),
                    "h": random.choice(["p", "q", "r"], 60),
                }
            )
        )
        specs = [
            ("1", "numeric_numeric", hostile, "b", "g"),
            ("2", "group_numeric", "g", hostile, None),
            ("3", "numeric_binary", "b", "g", None),
            ("4", "categorical_categorical", "g", "h", None),
            ("../5", "paired", hostile, "b", None),
            ("6", "x", "nope", "b", None),
        ]
        protocol = {
            "template": "figures",
            "table": "../profile/table.parquet",
            "figures": [{"id": i, "kind": k, "x": x, "y": y, "by": by} for i, k, x, y, by in specs],
        }
        first = lab.run(protocol)
        pictures = [(lab.last / figure["file"]).read_bytes() for figure in first["figures"] if figure["file"]]
        lab.run(protocol)
        again = [(lab.last / figure["file"]).read_bytes() for figure in first["figures"] if figure["file"]]
        self.assertEqual(len(pictures), 5)
        self.assertEqual(pictures, again)
        self.assertTrue(first["figures"][5]["status"].startswith("not drawn"))


if __name__ == "__main__":
    unittest.main()
