"""The four pairwise families against direct calls of scipy and statsmodels."""

import unittest

import numpy as np
import statsmodels.api as sm
from scipy import stats
from scripts import AGENT, Lab, csv_of, library

LIBRARY = {"__name__": "library", "PROTOCOL": {}}
exec(library("group_numeric"), LIBRARY)
robust_slope = LIBRARY["robust_slope"]
GROUPS = {**LIBRARY, "run_battery": lambda *_: None}
exec((AGENT / "templates" / "group_numeric" / "script.py").read_text(), GROUPS)

random = np.random.default_rng(8)
N = 150
X = random.normal(0, 1, N)
Z = random.normal(0, 1, N)
GROUP = random.choice(["a", "b", "c"], N)
COLUMNS = {
    "x": X,
    "up": 0.5 * X + random.normal(0, 1, N),
    "down": -0.6 * X + random.normal(0, 1, N),
    "noise": random.normal(0, 1, N),
    "skewed": np.exp(1.5 * X + random.normal(0, 1, N)),
    "bent": X**2 + random.normal(0, 0.5, N),
    "three": GROUP,
    "two": np.where(X + random.normal(0, 1, N) > 0, "hi", "lo"),
    "even": random.choice(["m", "n"], N),
    "by_three": (GROUP == "b") * 1.2 + random.normal(0, 1, N),
    "outcome": np.where(X + random.normal(0, 1.5, N) > 0.3, "yes", "no"),
    "split": np.where(X > 0.1, 1, 0),
    "rare": np.where(np.arange(N) % 30 == 0, "odd", "usual"),
    "gaps": [None if i % 5 == 0 else float(v) for i, v in enumerate(X + Z)],
    "level_of_three": np.where(random.random(N) < 0.7, GROUP, "a"),
    "many": random.choice(list("abcdefghijkl"), N, p=np.r_[0.5, np.full(11, 0.5 / 11)]),
    "ties": random.integers(0, 3, N) * 0.5,
}
LAB = Lab(csv_of(COLUMNS))


class Numbers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        pairs = ["up", "down", "noise", "skewed", "bent", "gaps", "ties"]
        cls.found = dict(
            zip(
                pairs,
                LAB.tests("numeric_numeric", *[{"x": "x", "y": name, "check": ["noise", "three"]} for name in pairs]),
            )
        )

    def test_a_line_with_errors_for_unequal_spread(self):
        for name, sign in (("up", "+"), ("down", "-"), ("noise", None)):
            fit = sm.OLS(COLUMNS[name], sm.add_constant(X)).fit(cov_type="HC3", use_t=True)
            found = self.found[name]
            self.assertIn("unequal spread", found["test"])
            self.assertAlmostEqual(found["whole"]["p"] / fit.pvalues[1], 1, places=9)
            self.assertAlmostEqual(found["whole"]["statistic"], fit.tvalues[1], places=9)
            size = found["whole"]["effect"]
            self.assertAlmostEqual(size["value"], stats.pearsonr(X, COLUMNS[name]).statistic)
            self.assertEqual(size["ci_low"] < 0 < size["ci_high"], fit.pvalues[1] > 0.05)
            # With equal spread it is nearly Fisher's.
            plain = stats.pearsonr(X, COLUMNS[name]).confidence_interval()
            self.assertAlmostEqual(size["ci_low"], plain.low, delta=0.05)
            self.assertAlmostEqual(size["ci_high"], plain.high, delta=0.05)
            (slope,) = found["other_effects"]
            np.testing.assert_allclose([slope["ci_low"], slope["ci_high"]], fit.conf_int()[1], rtol=1e-8)
            if sign:
                self.assertEqual(found["whole"]["direction"], sign)

    def test_rank_where_a_margin_is_skewed(self):
        found = self.found["skewed"]
        one, other = stats.rankdata(X), stats.rankdata(COLUMNS["skewed"])
        fit = sm.OLS(other, sm.add_constant(one)).fit(cov_type="HC3", use_t=True)
        self.assertIn("ranks", found["test"])
        self.assertAlmostEqual(found["whole"]["p"] / fit.pvalues[1], 1, places=9)
        self.assertAlmostEqual(found["whole"]["effect"]["value"], stats.spearmanr(X, COLUMNS["skewed"]).statistic)
        self.assertIn("skew", found["why"])

    def test_scatter_that_grows_is_no_relation(self):
        found = {rows: 0 for rows in (15, 150)}
        for rows in found:
            for seed in range(400):
                draws = np.random.default_rng([seed, rows])
                x = draws.normal(size=rows)
                found[rows] += robust_slope(x, draws.normal(size=rows) * (0.15 + np.abs(x) ** 1.3))[1] < 0.05
        self.assertLess(max(found.values()) / 400, 0.09, found)

    def test_missing_rows_are_left_out(self):
        keep = [i for i in range(N) if i % 5]
        self.assertEqual(self.found["gaps"]["whole"]["n"], len(keep))
        self.assertAlmostEqual(
            self.found["gaps"]["whole"]["p"], robust_slope(X[keep], (X + Z)[keep])[1], places=12
        )

    def test_parts_add_up(self):
        for found in self.found.values():
            self.assertEqual(found["explore"]["n"] + found["confirm"]["n"], found["whole"]["n"])

    def test_u_shape_is_seen(self):
        found = self.found["bent"]
        self.assertIn("nonlinear", found["caveats"])
        self.assertEqual(found["caveat_notes"]["nonlinear"], "u_shape")
        for name in ("up", "noise"):
            self.assertNotIn("nonlinear", self.found[name]["caveats"])

    def test_permutation_only_where_there_is_something_to_doubt(self):
        names = {name: [variant["name"] for variant in found["variants"]] for name, found in self.found.items()}
        self.assertIn("permutation", names["up"])
        self.assertEqual("permutation" in names["noise"], self.found["noise"]["whole"]["p"] < 0.05)

    def test_smallest_effect_that_could_be_seen(self):
        r = self.found["up"]["mde"]["value"]
        draws = np.array(
            [np.corrcoef(random.multivariate_normal([0, 0], [[1, r], [r, 1]], N).T)[0, 1] for _ in range(600)]
        )
        power = (2 * stats.t.sf(np.abs(draws) * np.sqrt((N - 2) / (1 - draws**2)), N - 2) < 0.05).mean()
        self.assertAlmostEqual(power, 0.8, delta=0.06)


class Groups(unittest.TestCase):
    def test_against_scipy(self):
        two, three, skewed, rare = LAB.tests(
            "group_numeric",
            {"x": "two", "y": "up"},
            {"x": "three", "y": "by_three"},
            {"x": "two", "y": "skewed"},
            {"x": "rare", "y": "noise"},
        )
        hi, lo = (COLUMNS["up"][COLUMNS["two"] == level] for level in ("hi", "lo"))
        self.assertAlmostEqual(two["whole"]["p"], stats.ttest_ind(lo, hi, equal_var=False).pvalue, places=13)
        self.assertEqual((two["test"], two["whole"]["direction"]), ("scipy.stats.ttest_ind", "hi"))
        self.assertEqual([row["level"] for row in two["groups"]], ["hi", "lo"])
        self.assertAlmostEqual(two["groups"][0]["value"], hi.mean())
        self.assertLess(two["whole"]["effect"]["value"], 0)  # second level less first: lo - hi
        pieces = [COLUMNS["by_three"][GROUP == level] for level in "abc"]
        self.assertAlmostEqual(three["whole"]["p"], stats.f_oneway(*pieces, equal_var=False).pvalue, places=13)
        self.assertEqual(three["whole"]["direction"], "b")
        size = three["whole"]["effect"]
        self.assertTrue(size["ci_low"] < size["value"] < size["ci_high"])
        hi, lo = (COLUMNS["skewed"][COLUMNS["two"] == level] for level in ("hi", "lo"))
        told = stats.brunnermunzel(hi, lo)
        self.assertAlmostEqual(skewed["whole"]["p"] / told.pvalue, 1, places=9)
        self.assertAlmostEqual(abs(skewed["whole"]["statistic"]), abs(told.statistic), places=9)
        self.assertEqual(rare["status"], "ok")

    def test_ranks_of_several_groups(self):
        values = np.exp(1.5 * random.normal(0, 1, N)) + (GROUP == "c")
        test = Lab(csv_of({"g": GROUP, "y": values})).tests("group_numeric", {"x": "g", "y": "y"})[0]
        pieces = [stats.rankdata(values)[GROUP == level] for level in "abc"]
        self.assertAlmostEqual(test["whole"]["p"], stats.f_oneway(*pieces, equal_var=False).pvalue, places=12)
        h = stats.kruskal(*[values[GROUP == level] for level in "abc"]).statistic
        self.assertAlmostEqual(test["whole"]["effect"]["value"], h / (N - 1), places=12)

    def test_interval_and_p_of_two_groups_agree(self):
        # The same difference of means, in units of the pooled standard deviation.
        for n, m, one, other in ((12, 72, 4, 1), (25, 60, 2, 1), (40, 40, 1, 1)):
            hits = 0
            for seed in range(400):
                draws = np.random.default_rng([seed, n])
                a, b = draws.normal(0, one, n), draws.normal(0, other, m)
                size, p = LIBRARY["hedges_g"](a, b), stats.ttest_ind(b, a, equal_var=False).pvalue
                self.assertEqual(size["ci_low"] < 0 < size["ci_high"], p > 0.05)
                hits += p > 0.05
            self.assertAlmostEqual(hits / 400, 0.95, delta=0.035)

    def test_groups_that_differ_in_spread_alone(self):
        # Sizes and standard deviations of groups with equal means.
        for sizes, spreads in (((8, 20, 60), (6, 3, 1)), ((7, 50), (4, 1)), ((12, 72), (4, 1))):
            for heavy in (False, True):
                group = np.repeat(np.arange(len(sizes)), sizes)
                found = 0
                for seed in range(200):
                    draws = np.random.default_rng([seed, 4])
                    noise = draws.standard_t(3, len(group)) if heavy else draws.normal(size=len(group))
                    values = noise * np.array(spreads)[group]
                    plan = GROUPS["both_methods"](GROUPS["make_plan"]("welch_t", [str(i) for i in range(len(sizes))]))
                    found += GROUPS["estimate"](group, values, plan[heavy])["p"] < 0.05
                self.assertLess(found / 200, 0.1, (sizes, heavy))


class Categories(unittest.TestCase):
    def test_against_scipy(self):
        wide, exact, sparse, square = LAB.tests(
            "categorical_categorical",
            {"x": "three", "y": "level_of_three"},
            {"x": "rare", "y": "even"},
            {"x": "many", "y": "level_of_three"},
            {"x": "two", "y": "outcome"},
        )
        table = cross("three", "level_of_three")
        self.assertAlmostEqual(wide["whole"]["p"], stats.chi2_contingency(table, correction=False).pvalue, places=15)
        self.assertEqual(exact["test"], "scipy.stats.fisher_exact")
        self.assertAlmostEqual(exact["whole"]["p"], stats.fisher_exact(cross("rare", "even")).pvalue)
        self.assertIn("resampled", sparse["why"])
        expected = stats.chi2_contingency(cross("many", "level_of_three"), correction=False)
        self.assertAlmostEqual(sparse["whole"]["statistic"], expected.statistic)
        self.assertAlmostEqual(sparse["whole"]["p"], expected.pvalue, delta=0.08)
        self.assertEqual((square["y_level"], square["whole"]["direction"]), ("yes", "hi"))
        yes = COLUMNS["outcome"] == "yes"
        self.assertAlmostEqual(square["groups"][0]["value"], yes[COLUMNS["two"] == "hi"].mean())
        self.assertAlmostEqual(
            square["whole"]["effect"]["value"], stats.contingency.association(cross("two", "outcome"), method="cramer")
        )
        names = [size["name"] for size in square["other_effects"]]
        self.assertEqual(names, ["odds_ratio", "risk_difference"])


def cross(x, y):
    return stats.contingency.crosstab(COLUMNS[x], COLUMNS[y]).count


class Outcomes(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.plain, cls.skewed, cls.split, cls.wrong = LAB.tests(
            "numeric_binary",
            {"x": "x", "y": "outcome"},
            {"x": "skewed", "y": "outcome"},
            {"x": "x", "y": "split"},
            {"x": "x", "y": "three"},
        )

    def test_logistic_regression_against_statsmodels(self):
        scaled = (X - X.mean()) / X.std(ddof=1)
        fit = sm.Logit((COLUMNS["outcome"] == "yes").astype(float), sm.add_constant(scaled)).fit(disp=0)
        whole = self.plain["whole"]
        self.assertAlmostEqual(whole["p"], fit.llr_pvalue, places=10)
        self.assertAlmostEqual(whole["effect"]["value"], np.exp(fit.params[1]), places=7)
        self.assertAlmostEqual(whole["effect"]["ci_low"], np.exp(fit.conf_int()[1][0]), places=4)
        self.assertEqual((whole["direction"], self.plain["y_level"]), ("+", "yes"))

    def test_rank_test_where_x_is_skewed(self):
        yes = COLUMNS["outcome"] == "yes"
        self.assertAlmostEqual(
            self.skewed["whole"]["p"],
            stats.mannwhitneyu(COLUMNS["skewed"][yes], COLUMNS["skewed"][~yes]).pvalue,
            places=12,
        )
        self.assertEqual(self.skewed["whole"]["effect"]["name"], "auc")

    def test_perfect_separation_is_said(self):
        self.assertIn("separation", self.split["caveats"])
        self.assertEqual(self.split["test"], "scipy.stats.mannwhitneyu")
        self.assertEqual(self.split["whole"]["effect"]["value"], 1.0)

    def test_three_levels_are_refused(self):
        self.assertEqual(self.wrong["status"], "not_testable")


if __name__ == "__main__":
    unittest.main()
