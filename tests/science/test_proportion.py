"""Shares of k out of n: against other implementations, on simulated tables whose truth is known, and what is none."""

import unittest

import numpy as np
import statsmodels.api as sm
from scipy import stats
from scripts import Lab, assemble, csv_of

TRAYS = {
    "none": """6/29 17/27 6/13 16/35 8/15 13/29 3/16 15/33 2/12 16/29 7/14 22/32 3/14 19/32 13/35 14/32 18/27 9/30
        6/18 10/34 6/15 10/18 11/19 15/30""",
    "soaked": """15/21 9/13 27/38 25/33 12/16 17/28 18/28 9/20 12/24 7/13 29/31 24/34 17/30 11/14 30/34 18/25 13/19
        15/21 8/12 15/25 17/24 24/35 24/38 18/32""",
}


def trays():
    rows = [(level, *map(int, pair.split("/"))) for level, pairs in TRAYS.items() for pair in pairs.split()]
    treatment, germinated, sown = zip(*rows)
    return {"treatment": treatment, "sown": sown, "germinated": germinated}


def functions(kind):
    """The script's functions, without a run: thousands of tests would else be as many rows of a protocol."""
    found = {}
    exec(compile(assemble({"template": kind}).rpartition("\nrun_battery(")[0], kind, "exec"), found)
    return found


def binomial_glm(k, n, design):
    """statsmodels' fit, with the dispersion by Pearson's chi-squared: its own does not weigh rows by their trials."""
    model = sm.GLM(np.column_stack([k, n - k]), design, family=sm.families.Binomial())
    share = model.fit().fittedvalues
    chi = (n * (k / n - share) ** 2 / (share * (1 - share))).sum()
    return model.fit(scale=chi / (len(k) - design.shape[1]))


def draws(random, share, n, spread):
    """k of n with shares that differ between rows: beta-binomial, whose intraclass correlation is `spread`."""
    if not spread:
        return random.binomial(n, share)
    size = 1 / spread - 1
    return random.binomial(n, random.beta(share * size, (1 - share) * size))


class Simulated(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.lib = functions("proportion")

    def estimate(self, k, n, block, labels=None):
        data = self.lib["Counted"](k.astype(float), n.astype(float), np.zeros(len(k)), True)
        return self.lib["rate_estimate"](block, data, np.zeros((len(k), 0)), labels)

    def repeat(self, draw, truth, copies):
        """(share of p below .05, share of intervals that hold the truth)."""
        found = [self.estimate(*draw()) for _ in range(copies)]
        low, high = (np.array([getattr(one, end) for one in found]) for end in ("low", "high"))
        return np.mean([one.p < 0.05 for one in found]), ((low <= truth) & (truth <= high)).mean()

    def test_false_positives_and_coverage(self):
        """Rows that differ by themselves, with equal and with very unequal numbers of trials."""
        random = np.random.default_rng(11)
        for rows, trials, spread, slope in (
            (48, (12, 40), 0.0, 0.0),
            (48, (12, 40), 0.05, 0.0),
            (24, (5, 60), 0.1, 0.0),
            (120, (4, 200), 0.1, 0.0),
            (48, (12, 40), 0.05, 0.8),
            (120, (4, 200), 0.05, 0.8),
        ):
            with self.subTest((rows, trials, spread, slope)):

                def draw():
                    x = (np.arange(rows) % 2).astype(float)
                    n = np.exp(random.uniform(*np.log(trials), rows)).round().astype(int)
                    return draws(random, 1 / (1 + np.exp(0.4 - slope * x)), n, spread), n, x[:, None]

                # The truth of beta-binomial shares is that of their means, which the model has.
                rate, covered = self.repeat(draw, slope, 220)
                if slope:
                    self.assertGreater(rate, 0.7)
                else:
                    self.assertTrue(0.01 <= rate <= 0.09, rate)
                self.assertTrue(0.92 <= covered <= 0.985, covered)

    def test_false_positives_of_several_levels_and_of_clusters(self):
        random = np.random.default_rng(12)

        def levels():
            n = random.integers(10, 40, 60)
            codes = np.arange(60) % 4
            return draws(random, 0.4, n, 0.05), n, self.lib["indicators"](codes)

        def clusters():
            unit = np.repeat(np.arange(24), 5)
            share = 1 / (1 + np.exp(-random.normal(0, 0.7, 24)))
            n = random.integers(8, 25, len(unit))
            return random.binomial(n, share[unit]), n, (unit % 2).astype(float)[:, None], unit

        for draw in (levels, clusters):
            with self.subTest(draw.__name__):
                rate = np.mean([self.estimate(*draw()).p < 0.05 for _ in range(400)])
                self.assertTrue(0.01 <= rate <= 0.08, rate)

    def test_false_positives_where_a_level_is_mostly_empty(self):
        """Six rows of 4 trials at a rare event: every other table has a level without any."""
        random, found = np.random.default_rng(13), []
        for _ in range(400):
            n = np.r_[np.full(6, 4), np.full(40, 10)]
            k = random.binomial(n, 0.03)
            if k.sum() >= 5:
                found.append(self.estimate(k, n, (np.arange(46) < 6).astype(float)[:, None]))
        separated = [one for one in found if one.separated]
        self.assertGreater(len(separated), 100)
        self.assertTrue(all(np.isinf(one.low) != np.isinf(one.high) for one in separated))
        self.assertTrue(all((one.low <= 0 <= one.high) == (one.p >= 0.05) for one in separated))
        self.assertLess(np.mean([one.p < 0.05 for one in found]), 0.075)


class Proportion(unittest.TestCase):
    def test_germination_of_soaked_seeds(self):
        """48 trays: the figures of an analysis by statsmodels, with t of 46 degrees of freedom."""
        data = trays()
        test = Lab(csv_of(data)).tests("proportion", {"x": "treatment", "y": "germinated", "by": "sown"})[0]
        whole, effect = test["whole"], test["whole"]["effect"]
        self.assertEqual((test["status"], whole["direction"], effect["name"]), ("ok", "soaked", "odds_ratio"))
        for value, expected in zip((effect[key] for key in ("value", "ci_low", "ci_high")), (2.60, 1.88, 3.60)):
            self.assertAlmostEqual(value, expected, delta=0.005)
        self.assertAlmostEqual(whole["p"], 3.91e-7, delta=5e-10)
        self.assertAlmostEqual(test["assumptions"][0]["statistic"], 1.81, delta=0.005)
        self.assertEqual([round(level["value"], 3) for level in test["groups"]], [0.681, 0.451])
        self.assertEqual(whole["units"]["contrast"], {"level": "soaked", "reference": "none"})
        self.assertEqual(whole["units"]["value"], effect["value"])
        self.assertEqual((test["p_judged"], test["p_judged_by"]), (whole["p"], "primary"))
        error = np.log(effect["ci_high"] / effect["ci_low"]) / 2 / stats.t.isf(0.025, 46)
        away = np.log(test["mde"]["value"]) / error
        self.assertEqual((test["mde"]["name"], test["mde"]["alpha"]), ("odds_ratio", 0.05))
        self.assertAlmostEqual(away, stats.t.isf(0.025, 46) + stats.t.isf(0.2, 46), places=5)
        variants = {variant["name"]: variant["agrees"] for variant in test["variants"]}
        self.assertEqual(variants, {"linear": True, "rank": True, "permutation": True})

    def test_numbers_and_covariates_against_statsmodels(self):
        random = np.random.default_rng(14)
        rows = 150
        x, z = random.normal(3, 2, rows), random.choice(["p", "q", "r"], rows)
        n = random.integers(10, 30, rows)
        k = draws(random, 1 / (1 + np.exp(1 - 0.3 * x + 0.5 * (z == "q"))), n, 0.04)
        lab = Lab(csv_of({"x": x, "z": z, "n": n, "k": k}))
        test = lab.tests("proportion", {"x": "x", "y": "k", "by": "n", "covariates": ["z"]})[0]
        fit = binomial_glm(k, n, np.column_stack([np.ones(rows), x, z == "q", z == "r"]).astype(float))
        whole = test["whole"]
        self.assertIn("dispersion estimated", test["test"])
        self.assertAlmostEqual(whole["units"]["value"], np.exp(fit.params[1]), places=8)
        self.assertAlmostEqual(whole["statistic"], fit.tvalues[1], places=6)
        self.assertAlmostEqual(whole["p"], 2 * stats.t.sf(abs(fit.tvalues[1]), rows - 4), delta=1e-9)
        self.assertAlmostEqual(whole["effect"]["value"], np.exp(fit.params[1] * x.std()), places=8)
        self.assertEqual((whole["effect"]["name"], whole["direction"]), ("odds_ratio_per_sd", "+"))
        self.assertEqual(test["covariates"], ["z"])
        self.assertAlmostEqual(
            test["crude"]["units"]["value"], np.exp(binomial_glm(k, n, sm.add_constant(x)).params[1]), places=8
        )

    def test_a_level_of_a_covariate_without_events_tells_nothing(self):
        """The result is that of the other rows."""
        random = np.random.default_rng(20)
        x, z = random.normal(0, 1, 150), np.array(["p", "q", "r"])[np.arange(150) % 3]
        n = random.integers(10, 30, 150)
        k = np.where(z == "r", 0, draws(random, 1 / (1 + np.exp(-0.3 * x)), n, 0.08))
        test = Lab(csv_of({"x": x, "z": z, "n": n, "k": k})).tests(
            "proportion", {"x": "x", "y": "k", "by": "n", "covariates": ["z"]}
        )[0]
        some = z != "r"
        fit = binomial_glm(k[some], n[some], np.column_stack([np.ones(100), x[some], z[some] == "q"]).astype(float))
        self.assertAlmostEqual(test["whole"]["units"]["value"], np.exp(fit.params[1]), places=6)
        self.assertAlmostEqual(test["assumptions"][0]["statistic"], fit.scale, places=5)
        if "dispersion estimated" in test["test"]:
            self.assertAlmostEqual(test["whole"]["statistic"], fit.tvalues[1], places=5)

    def test_several_levels_against_statsmodels(self):
        random = np.random.default_rng(15)
        rows = 90
        levels = np.array(["a", "b", "c"])[np.arange(rows) % 3]
        n = random.integers(10, 30, rows)
        k = draws(random, np.where(levels == "c", 0.5, 0.35), n, 0.03)
        test = Lab(csv_of({"x": levels, "n": n, "k": k})).tests("proportion", {"x": "x", "y": "k", "by": "n"})[0]
        design = np.column_stack([np.ones(rows), levels == "b", levels == "c"]).astype(float)
        full, none = binomial_glm(k, n, design), binomial_glm(k, n, design[:, :1])
        statistic = (none.deviance - full.deviance) / 2 / full.scale
        whole = test["whole"]
        self.assertAlmostEqual(whole["statistic"], statistic, places=6)
        self.assertAlmostEqual(whole["p"], stats.f.sf(statistic, 2, rows - 3), places=9)
        self.assertEqual((whole["effect"]["name"], whole["direction"], whole["units"]), ("partial_v", "c", None))
        pair = next(pair for pair in whole["contrasts"] if (pair["level"], pair["reference"]) == ("c", "a"))
        shares = {level: k[levels == level].sum() / n[levels == level].sum() for level in "ac"}
        gap = shares["c"] - shares["a"]
        error = np.sqrt(full.scale * sum(p * (1 - p) / n[levels == level].sum() for level, p in shares.items()))
        self.assertAlmostEqual(pair["value"], gap, places=9)
        self.assertAlmostEqual(pair["ci_low"], gap - stats.t.isf(0.025 / 3, rows - 3) * error, places=7)
        self.assertAlmostEqual(pair["p"], min(6 * stats.t.sf(gap / error, rows - 3), 1), places=7)

    def test_rows_of_one_unit_count_together(self):
        """Errors are near those of fitting the model again without each unit."""
        random = np.random.default_rng(16)
        unit = np.repeat(np.arange(30), 6)
        x = np.array(["u", "v"])[unit % 2]
        n = random.integers(8, 25, len(unit))
        k = random.binomial(n, 1 / (1 + np.exp(-random.normal(0, 0.6, 30)[unit] - 0.3 * (x == "v"))))
        lab = Lab(csv_of({"farm": [f"f{number}" for number in unit], "x": x, "n": n, "k": k}))
        split = {"by": "farm", "explore": 0.5}
        test = lab.tests("proportion", {"x": "x", "y": "k", "by": "n", "unit": "farm"}, split=split)[0]
        design = sm.add_constant((x == "v").astype(float))
        slope = binomial_glm(k, n, design).params[1]
        without = [binomial_glm(k[unit != one], n[unit != one], design[unit != one]).params[1] for one in range(30)]
        error = np.sqrt(29 / 30 * ((np.array(without) - slope) ** 2).sum())
        self.assertEqual((test["p_judged_by"], test["caveats"]), ("cluster_robust", ["repeated_units"]))
        self.assertAlmostEqual(test["whole"]["statistic"] / (slope / error), 1, delta=0.05)
        self.assertAlmostEqual(test["whole"]["effect"]["value"], np.exp(slope), places=7)
        self.assertEqual(test["variants"][0]["name"], "independent_rows")
        self.assertIn("errors clustered by farm", test["why"])

    def test_a_level_without_events_has_an_open_interval(self):
        random = np.random.default_rng(17)
        x = np.array(["u", "v"])[np.arange(60) % 2]
        n = random.integers(5, 30, 60)
        k = random.binomial(n, 0.4)
        data = {"x": x, "n": n, "none": np.where(x == "v", 0, k), "all": np.where(x == "v", n, k)}
        none, full = Lab(csv_of(data)).tests("proportion", *[{"x": "x", "y": y, "by": "n"} for y in ("none", "all")])
        for test, closed, opened, level in ((none, "ci_high", "ci_low", "u"), (full, "ci_low", "ci_high", "v")):
            effect = test["whole"]["effect"]
            self.assertEqual((test["status"], test["whole"]["direction"]), ("ok", level))
            self.assertIn("separation", test["caveats"])
            self.assertIn("score test", test["test"])
            self.assertLess(test["whole"]["p"], 1e-12)
            self.assertIsNone(effect[opened])
            self.assertTrue(0 < effect["value"] < np.inf)
            self.assertEqual(effect[closed] > 1, level == "v")

    def test_a_shuffled_table_keeps_k_with_its_n(self):
        random = np.random.default_rng(18)
        n = random.integers(2, 60, 200)
        data = {"x": random.normal(0, 1, 200), "n": n, "k": random.binomial(n, 0.9)}
        lab = Lab(csv_of(data))
        for seed in (1, 2):
            test = lab.tests("proportion", {"x": "x", "y": "k", "by": "n"}, shuffle_seed=seed)[0]
            self.assertEqual(test["status"], "ok", test["reason"])
            self.assertLess(test["assumptions"][0]["statistic"], 1.5)
        bytes_before = lab.bytes
        lab.tests("proportion", {"x": "x", "y": "k", "by": "n"}, shuffle_seed=2)
        self.assertEqual(lab.bytes, bytes_before)

    def test_what_is_no_share_is_said(self):
        random = np.random.default_rng(19)
        n = random.integers(5, 30, 60)
        k = random.binomial(n, 0.4)
        k[:2] = 3
        data = {
            "x": np.array(["u", "v"])[np.arange(60) % 2], "n": n, "k": k, "half": k + 0.5, "below": k - 4,
            "more": n + 3, "empty": n - n[1], "word": random.choice(["a", "b", "c"], 60),
            "many": np.array([f"g{i}" for i in range(15)])[np.arange(60) % 15],
        }  # fmt: skip
        cases = (
            ({}, None),
            ({"y": "half"}, "'half' has numbers that are not whole, which are no counts: 3.5 in row 1"),
            ({"y": "below"}, "'below' has negative numbers, which are no counts: -1 in row 1"),
            ({"y": "more"}, "'more' is more than 'n' in places"),
            ({"by": "empty"}, "numbers of trials below 1"),
            ({"y": "word"}, "'word' must be a number"),
            ({"by": None}, "name the column of the numbers of trials in `by`"),
            ({"by": "gone"}, "no column 'gone'"),
            ({"y": "n"}, "three columns"),
            ({"x": "many"}, "15 levels"),
        )
        tests = [{"x": "x", "y": "k", "by": "n", **other} for other, _ in cases]
        for test, (_, reason) in zip(Lab(csv_of(data)).tests("proportion", *tests), cases):
            with self.subTest(reason):
                self.assertEqual(test["status"], "not_testable" if reason else "ok", test["reason"])
                self.assertIn(reason or "", test["reason"] or "")

    def test_missing_rows_are_left_out(self):
        data = {name: list(values) for name, values in trays().items()}
        data["germinated"][3], data["sown"][40] = None, None
        test = Lab(csv_of(data)).tests("proportion", {"x": "treatment", "y": "germinated", "by": "sown"})[0]
        self.assertEqual((test["status"], test["whole"]["n"]), ("ok", 46))


if __name__ == "__main__":
    unittest.main()
