"""Rates of counts: against other implementations, on simulated tables whose truth is known, and what is no count."""

import unittest

import numpy as np
import statsmodels.api as sm
from scipy import stats
from scripts import Lab, assemble, csv_of

BREAKDOWNS = {
    "A": """1/156 1/427 0/28 5/242 10/522 0/83 4/500 0/30 6/389 0/122 2/454 7/608 0/92 10/553 4/235 0/52 0/54 1/98 1/56
        2/126 10/802 2/138 5/478 1/66 5/674 13/607 2/53 3/308 1/249 0/36 0/89 1/367 1/62 1/131 3/317 3/264 8/743 6/507
        6/246 8/712 5/604 3/194 3/342 2/414 1/32 0/28 2/94 0/124 5/499 1/510 2/181 17/791 7/609 4/123 3/235 3/239 1/24
        4/272 1/97 0/73 0/38 0/102 0/56 0/34 3/424 0/93 7/602 3/243 0/88 11/886 1/265 2/648 3/223 1/128 2/36""",
    "B": """0/58 0/37 1/373 1/165 4/336 0/37 12/748 1/100 1/162 4/92 0/161 1/25 0/112 2/581 3/212 1/37 0/37 3/175 1/237
        1/337 0/24 0/30 1/129 0/90 1/279 1/94 7/632 1/41 1/45 0/65 0/55 0/161 0/24 0/29 1/268 0/35 3/199 1/322 5/446
        3/425 0/67 1/181 0/194 3/241 0/23 0/163 0/45 2/129 0/71 1/43 0/83 1/351 2/144 0/26 0/291 0/171 2/613 1/331 0/69
        0/87 0/748 3/145 0/27 0/32 1/67 0/22 0/409 0/47 0/196 0/182 0/63 1/37 0/39 1/62 3/222 0/399 0/30 0/21 0/120
        7/589 0/343 1/47 0/55 3/313 1/159""",
}


def breakdowns():
    rows = [(level, *map(int, pair.split("/"))) for level, pairs in BREAKDOWNS.items() for pair in pairs.split()]
    coolant, events, hours = zip(*rows)
    return {"coolant": coolant, "hours": hours, "breakdowns": events}


def functions(kind):
    """The script's functions, without a run: thousands of tests would else be as many rows of a protocol."""
    found = {}
    exec(compile(assemble({"template": kind}).rpartition("\nrun_battery(")[0], kind, "exec"), found)
    return found


def poisson_glm(y, hours, design):
    """statsmodels' fit with the dispersion by Pearson's chi-squared."""
    return sm.GLM(y, design, family=sm.families.Poisson(), offset=np.log(hours)).fit(scale="X2")


def hours_from(random, low, high, rows):
    return np.exp(random.uniform(np.log(low), np.log(high), rows)).round()


class Simulated(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.lib = functions("counts")

    def estimate(self, y, hours, block, labels=None):
        data = self.lib["Counted"](y.astype(float), hours, np.log(hours), False)
        return self.lib["rate_estimate"](block, data, np.zeros((len(y), 0)), labels)

    def repeat(self, draw, truth, copies):
        """(share of p below .05, share of intervals that hold the truth)."""
        found = [self.estimate(*draw()) for _ in range(copies)]
        low, high = (np.array([getattr(one, end) for one in found]) for end in ("low", "high"))
        return np.mean([one.p < 0.05 for one in found]), ((low <= truth) & (truth <= high)).mean()

    def test_false_positives_and_coverage(self):
        """Variances in proportion to the mean, or to its square, with even and very uneven times at risk."""
        random = np.random.default_rng(21)
        for rows, span, kind, slope in (
            (60, (50, 150), "poisson", 0.0),
            (60, (20, 900), "even", 0.0),
            (24, (50, 150), "gamma", 0.0),
            (160, (20, 900), "gamma", 0.0),
            (60, (20, 900), "even", 0.7),
            (160, (20, 900), "gamma", 0.7),
        ):
            with self.subTest((rows, span, kind, slope)):

                def draw():
                    x = (np.arange(rows) % 2).astype(float)
                    hours = hours_from(random, *span, rows)
                    mean = 0.02 * hours * np.exp(slope * x)
                    if kind == "even":
                        return random.negative_binomial(mean / 1.5, 1 / 2.5), hours, x[:, None]
                    each = random.gamma(4, 1 / 4, rows) if kind == "gamma" else 1.0
                    return random.poisson(mean * each), hours, x[:, None]

                rate, covered = self.repeat(draw, slope, 300)
                if slope:
                    self.assertGreater(rate, 0.7)
                else:
                    self.assertTrue(0.01 <= rate <= 0.09, rate)
                self.assertTrue(0.92 <= covered <= 0.985, covered)

    def test_false_positives_of_numbers_levels_and_clusters(self):
        random = np.random.default_rng(22)

        def number():
            hours = hours_from(random, 30, 300, 60)
            return random.poisson(0.05 * hours * random.gamma(3, 1 / 3, 60)), hours, random.normal(0, 1, (60, 1))

        def levels():
            hours = hours_from(random, 30, 300, 80)
            block = self.lib["indicators"](np.arange(80) % 4)
            return random.poisson(0.05 * hours * random.gamma(3, 1 / 3, 80)), hours, block

        def clusters():
            unit = np.repeat(np.arange(24), 5)
            hours = hours_from(random, 30, 300, len(unit))
            mean = 0.05 * hours * np.exp(random.normal(0, 0.5, 24))[unit]
            return random.poisson(mean), hours, (unit % 2).astype(float)[:, None], unit

        for draw in (number, levels, clusters):
            with self.subTest(draw.__name__):
                rate = np.mean([self.estimate(*draw()).p < 0.05 for _ in range(400)])
                self.assertTrue(0.015 <= rate <= 0.085, rate)

    def test_the_negative_binomial_is_that_of_statsmodels(self):
        random = np.random.default_rng(23)
        rows = 200
        x, hours = random.normal(0, 1, rows), hours_from(random, 30, 300, rows)
        y = random.poisson(0.05 * hours * np.exp(0.3 * x) * random.gamma(2, 1 / 2, rows))
        lib = self.lib
        data = lib["Counted"](y.astype(float), hours, np.log(hours), False)
        found, column = lib["findings"](), lib["Column"]("x", x, None)
        crude = {"p": 0.01, "direction": "+", "effect": {"name": "rate_ratio_per_sd", "value": 1.3}}
        lib["negative_binomial"](found, column, x[:, None], data, np.zeros((rows, 0)), crude, 3.0)
        model = sm.NegativeBinomial(y, sm.add_constant(x), offset=np.log(hours))
        theirs = model.fit(disp=0, maxiter=200)
        ours = found.variants[0]
        self.assertAlmostEqual(np.log(ours["effect"]["value"]), theirs.params[1], delta=1e-4)
        self.assertAlmostEqual(ours["statistic"] / theirs.tvalues[1], 1, delta=0.03)
        self.assertTrue(ours["agrees"])


class Counts(unittest.TestCase):
    def test_breakdowns_of_machines_by_coolant(self):
        """160 machines: the figures of an analysis by statsmodels, whose interval is by the normal distribution where
        ours is by t of 158 degrees of freedom."""
        test = Lab(csv_of(breakdowns())).tests("counts", {"x": "coolant", "y": "breakdowns", "by": "hours"})[0]
        whole, effect = test["whole"], test["whole"]["effect"]
        self.assertEqual((test["status"], whole["direction"], effect["name"]), ("ok", "A", "rate_ratio"))
        for value, expected in zip((effect[key] for key in ("value", "ci_low", "ci_high")), (0.575, 0.439, 0.752)):
            self.assertAlmostEqual(value, expected, delta=0.002)
        self.assertAlmostEqual(2 * stats.norm.sf(abs(whole["statistic"])), 5.42e-5, delta=5e-8)
        self.assertAlmostEqual(whole["p"], 2 * stats.t.sf(abs(whole["statistic"]), 158), delta=1e-12)
        self.assertAlmostEqual(test["assumptions"][0]["statistic"], 1.27, delta=0.005)
        self.assertEqual([(level["level"], round(1000 * level["value"], 2)) for level in test["groups"]],
                         [("A", 10.94), ("B", 6.29)])  # fmt: skip
        units = whole["units"]
        self.assertEqual((units["name"], units["contrast"]), ("rate_ratio", {"level": "A", "reference": "B"}))
        self.assertAlmostEqual(units["value"], 1 / effect["value"], places=9)
        self.assertAlmostEqual(units["ci_low"], 1 / effect["ci_high"], places=9)
        self.assertEqual((test["p_judged"], test["p_judged_by"], test["by"]), (whole["p"], "primary", "hours"))
        self.assertTrue(all(variant["agrees"] for variant in test["variants"]))

    def test_plain_counts_numbers_and_covariates_against_statsmodels(self):
        random = np.random.default_rng(24)
        rows = 150
        x, z = random.normal(3, 2, rows), random.choice(["p", "q", "r"], rows)
        mean = np.exp(1 + 0.15 * x + 0.4 * (z == "q"))
        y = random.negative_binomial(mean / 1.2, 1 / 2.2)
        test = Lab(csv_of({"x": x, "z": z, "y": y})).tests("counts", {"x": "x", "y": "y", "covariates": ["z"]})[0]
        design = np.column_stack([np.ones(rows), x, z == "q", z == "r"]).astype(float)
        fit = poisson_glm(y, np.ones(rows), design)
        whole = test["whole"]
        self.assertIn("dispersion estimated", test["test"])
        self.assertAlmostEqual(whole["units"]["value"], np.exp(fit.params[1]), places=8)
        self.assertAlmostEqual(whole["statistic"], fit.tvalues[1], places=6)
        half = stats.t.isf(0.025, rows - 4) * fit.bse[1]
        self.assertAlmostEqual(whole["units"]["ci_low"], np.exp(fit.params[1] - half), places=8)
        self.assertEqual((whole["effect"]["name"], whole["direction"]), ("rate_ratio_per_sd", "+"))
        self.assertEqual((test["covariates"], test["crude"]["direction"], test["by"]), (["z"], "+", None))

    def test_uneven_dispersion_is_allowed_for(self):
        """Each row has a rate of its own: the errors are HC3's, which statsmodels has for generalised linear models."""
        random = np.random.default_rng(25)
        rows = 160
        x = np.array(["u", "v"])[np.arange(rows) % 2]
        hours = hours_from(random, 20, 900, rows)
        y = random.poisson(0.05 * hours * random.gamma(2, 1 / 2, rows))
        data = {"x": x, "hours": hours, "y": y}
        test = Lab(csv_of(data)).tests("counts", {"x": "x", "y": "y", "by": "hours"})[0]
        design = sm.add_constant((x == "v").astype(float))
        robust = sm.GLM(y, design, family=sm.families.Poisson(), offset=np.log(hours)).fit(cov_type="HC0")
        self.assertIn("leaving out one row", test["test"])
        self.assertIn("grows with the size of the counts", test["why"])
        self.assertFalse(test["assumptions"][1]["holds"])
        self.assertAlmostEqual(test["whole"]["statistic"] / robust.tvalues[1], 1, delta=0.06)
        self.assertLess(abs(test["whole"]["statistic"]), abs(robust.tvalues[1]))
        self.assertIn("negative_binomial", {variant["name"] for variant in test["variants"]})

    def test_several_levels_against_statsmodels(self):
        random = np.random.default_rng(26)
        rows = 120
        x = np.array(["a", "b", "c"])[np.arange(rows) % 3]
        hours = hours_from(random, 50, 150, rows)
        mean = 0.05 * hours * np.where(x == "c", 1.6, 1.0)
        y = random.negative_binomial(mean / 1.2, 1 / 2.2)
        test = Lab(csv_of({"x": x, "hours": hours, "y": y})).tests("counts", {"x": "x", "y": "y", "by": "hours"})[0]
        design = np.column_stack([np.ones(rows), x == "b", x == "c"]).astype(float)
        full, none = poisson_glm(y, hours, design), poisson_glm(y, hours, design[:, :1])
        statistic = (none.deviance - full.deviance) / 2 / full.scale
        whole = test["whole"]
        self.assertAlmostEqual(whole["statistic"], statistic, places=6)
        self.assertEqual((whole["effect"]["name"], whole["direction"], whole["units"]), ("partial_v", "c", None))
        pair = whole["contrasts"][0]
        rates = {level: y[x == level].sum() / hours[x == level].sum() for level in "abc"}
        lower = min("ab", key=rates.get)
        self.assertEqual((pair["level"], pair["reference"]), ("c", lower))
        gap = rates["c"] - rates[lower]
        error = np.sqrt(full.scale * sum(rates[level] / hours[x == level].sum() for level in ("c", lower)))
        self.assertAlmostEqual(pair["value"], gap, places=9)
        self.assertAlmostEqual(pair["p"], min(6 * stats.t.sf(gap / error, rows - 3), 1), places=9)
        self.assertEqual(len(whole["contrasts"]), 3)

    def test_a_level_without_events_has_an_open_interval(self):
        random = np.random.default_rng(27)
        x = np.array(["u", "v"])[np.arange(60) % 2]
        hours = hours_from(random, 50, 150, 60)
        y = np.where(x == "v", 0, random.poisson(0.04 * hours))
        test = Lab(csv_of({"x": x, "hours": hours, "y": y})).tests("counts", {"x": "x", "y": "y", "by": "hours"})[0]
        effect = test["whole"]["effect"]
        self.assertEqual((test["status"], test["whole"]["direction"], effect["ci_low"]), ("ok", "u", None))
        self.assertTrue(0 < effect["value"] < effect["ci_high"] < 1)
        self.assertIn("separation", test["caveats"])
        self.assertIsNone(test["whole"]["units"]["ci_high"])
        self.assertGreater(test["whole"]["units"]["ci_low"], 1)

    def test_series_that_only_wander_do_not_go_together(self):
        random = np.random.default_rng(28)
        rows, small = 150, 0
        for seed in range(3):
            x, log_rate = (np.cumsum(random.normal(0, 0.15, rows)) for _ in range(2))
            hours = random.uniform(50, 150, rows).round(1)
            y = random.poisson(0.1 * hours * np.exp(log_rate - log_rate.mean()))
            lab = Lab(csv_of({"day": np.arange(rows) + 2000, "x": x, "hours": hours, "y": y}))
            test = lab.tests("counts", {"x": "x", "y": "y", "by": "hours"})[0]
            self.assertEqual(test["p_judged_by"], "own_past")
            self.assertEqual(test["whole"]["effect"]["name"], "partial_r")
            units = test["whole"]["units"]
            self.assertEqual(units["ci_low"] <= 1 <= units["ci_high"], test["p_judged"] >= 0.05)
            small += test["p_judged"] < 0.05
        self.assertLessEqual(small, 1)

    def test_a_shuffled_table_keeps_counts_with_their_times(self):
        random = np.random.default_rng(29)
        hours = hours_from(random, 20, 900, 160)
        lab = Lab(csv_of({"x": random.normal(0, 1, 160), "hours": hours, "y": random.poisson(0.05 * hours)}))
        for seed in (1, 2):
            test = lab.tests("counts", {"x": "x", "y": "y", "by": "hours"}, shuffle_seed=seed)[0]
            self.assertLess(test["assumptions"][0]["statistic"], 1.5)

    def test_a_column_held_fixed_that_explains_it(self):
        random = np.random.default_rng(30)
        z = random.normal(0, 1, 300)
        x = z + random.normal(0, 0.5, 300)
        y = random.poisson(np.exp(1 + 0.5 * z))
        lab = Lab(csv_of({"x": x, "y": y, "z": z}))
        checked, adjusted = lab.tests(
            "counts", {"x": "x", "y": "y", "check": ["z"]}, {"x": "x", "y": "y", "covariates": ["z"]}
        )
        self.assertTrue(checked["adjusted"][0]["explained_away"])
        self.assertIn("confounded", checked["caveats"])
        self.assertLess(adjusted["crude"]["p"], 1e-6)
        self.assertEqual(adjusted["caveat_notes"].get("confounded"), "z")

    def test_what_is_no_count_is_said(self):
        random = np.random.default_rng(31)
        y, hours = random.poisson(3, 60), random.uniform(5, 30, 60).round(2)
        y[:2] = 3
        data = {
            "x": np.array(["u", "v"])[np.arange(60) % 2], "y": y, "hours": hours, "half": y + 0.5, "below": y - 4,
            "empty": hours - hours[1], "word": random.choice(["a", "b", "c"], 60), "rare": (np.arange(60) < 3) * 1,
        }  # fmt: skip
        cases = (
            ({}, None),
            ({"by": None}, None),
            ({"y": "half"}, "'half' has numbers that are not whole, which are no counts: 3.5 in row 1"),
            ({"y": "below"}, "'below' has negative numbers, which are no counts: -1 in row 1"),
            ({"by": "empty"}, "'empty' has amounts at risk that are not above 0"),
            ({"y": "word"}, "'word' must be a number"),
            ({"y": "rare"}, "fewer than 5 events (3)"),
            ({"y": "gone"}, "no column 'gone'"),
            ({"x": "y"}, "three columns"),
        )
        tests = [{"x": "x", "y": "y", "by": "hours", **other} for other, _ in cases]
        for test, (_, reason) in zip(Lab(csv_of(data)).tests("counts", *tests), cases):
            with self.subTest(reason):
                self.assertEqual(test["status"], "not_testable" if reason else "ok", test["reason"])
                self.assertIn(reason or "", test["reason"] or "")


if __name__ == "__main__":
    unittest.main()
