"""The four pairwise families against direct calls of scipy and statsmodels."""

import unittest

import numpy as np
from scipy import stats
from scripts import Lab, csv_of

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

    def test_pearson(self):
        for name, sign in (("up", "+"), ("down", "-"), ("noise", None)):
            expected = stats.pearsonr(X, COLUMNS[name])
            found = self.found[name]
            self.assertEqual(found["test"], "scipy.stats.pearsonr")
            self.assertAlmostEqual(found["whole"]["p"], expected.pvalue, places=14)
            self.assertAlmostEqual(found["whole"]["effect"]["value"], expected.statistic)
            interval = expected.confidence_interval()
            self.assertAlmostEqual(found["whole"]["effect"]["ci_low"], interval.low, places=5)
            self.assertAlmostEqual(found["whole"]["effect"]["ci_high"], interval.high, places=5)
            if sign:
                self.assertEqual(found["whole"]["direction"], sign)

    def test_rank_where_a_margin_is_skewed(self):
        found = self.found["skewed"]
        self.assertEqual(found["test"], "scipy.stats.spearmanr")
        self.assertAlmostEqual(found["whole"]["p"], stats.spearmanr(X, COLUMNS["skewed"]).pvalue)
        self.assertIn("skew", found["why"])

    def test_missing_rows_are_left_out(self):
        keep = [i for i in range(N) if i % 5]
        self.assertEqual(self.found["gaps"]["whole"]["n"], len(keep))
        self.assertAlmostEqual(
            self.found["gaps"]["whole"]["p"], stats.pearsonr(X[keep], (X + Z)[keep]).pvalue, places=12
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
        self.assertAlmostEqual(skewed["whole"]["p"], stats.mannwhitneyu(lo, hi).pvalue, places=12)
        self.assertEqual(rare["status"], "ok")

    def test_interval_of_hedges_g_covers(self):
        self.assertAlmostEqual(coverage_of_g(), 0.95, delta=0.03)


def coverage_of_g():
    """Share of 95 % intervals for a true standardised difference of 0.5 that hold it, with two groups of 40."""
    import math

    hits = 0
    for _ in range(1500):
        a, b = random.normal(0, 1, 40), random.normal(0.5, 1, 40)
        pooled = math.sqrt((a.var(ddof=1) + b.var(ddof=1)) / 2)
        g = (b.mean() - a.mean()) / pooled * (1 - 3 / (4 * 80 - 9))
        half = 1.959964 * math.sqrt(80 / 1600 + g * g / 160)
        hits += g - half < 0.5 < g + half
    return hits / 1500


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
        import statsmodels.api as sm

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
