"""Descriptions: against other implementations, on simulated tables of known truth, and what cannot be described."""

import unittest

import numpy as np
from scipy import stats
from scripts import Lab, assemble, csv_of
from statsmodels.stats.proportion import proportion_confint


def functions(kind):
    """The script's functions, without a run."""
    found = {}
    exec(compile(assemble({"template": kind}).rpartition("\nrun_battery(")[0], kind, "exec"), found)
    return found


def describe(table, column, by=None, **more):
    """The result for one column of a table that is given as {name: values}."""
    lab = Lab(csv_of(table))
    split = {"by": (lab.profile["units"] or {}).get("column"), "explore": 0.5}
    return lab.tests("describe", {"x": column, "y": column, "by": by, **more}, split=split)[0]


def ends(figure):
    return figure["ci_low"], figure["ci_high"]


class Figures(unittest.TestCase):
    """Rows that stand alone."""

    @classmethod
    def setUpClass(cls):
        random = np.random.default_rng(3)
        cls.pay = np.round(random.lognormal(3, 0.9, 150), 2)
        cls.height = np.round(random.normal(170, 9, 150), 1)
        cls.smokes = np.where(random.random(150) < 0.2, "yes", "no")
        cls.town = np.repeat(["Ash", "Elm", "Oak"], 50)
        random.shuffle(cls.town)
        cls.table = {"pay": cls.pay, "height": cls.height, "smokes": cls.smokes, "town": cls.town}

    def test_a_share_has_wilsons_interval(self):
        found = describe(self.table, "smokes", y_level="yes")
        share = found["figures"][0]
        yes = int((self.smokes == "yes").sum())
        self.assertEqual([one["level"] for one in found["figures"]], ["yes", "no"])
        self.assertEqual((share["count"], share["total"], share["level"], share["n"]), (yes, 150, "yes", 150))
        np.testing.assert_allclose(ends(share), proportion_confint(yes, 150, method="wilson"), rtol=1e-12)
        self.assertIsNone(found["whole"]["p"])
        self.assertIsNone(found["p_judged"])

    def test_shares_of_several_levels_have_an_interval_each(self):
        found = describe({"town": ["Ash"] * 12 + ["Elm"] * 31 + ["Oak"] * 7, "a": np.arange(50) % 7}, "town")
        counts = [(one["level"], one["count"]) for one in found["figures"]]
        self.assertEqual(counts, [("Elm", 31), ("Ash", 12), ("Oak", 7)])
        for one in found["figures"]:
            wanted = proportion_confint(one["count"], 50, method="wilson")
            np.testing.assert_allclose(ends(one), wanted, rtol=1e-12)
        self.assertIn("they do not hold for all levels together", found["why"])

    def test_ends_of_a_share_that_is_0_or_1(self):
        lib = functions("describe")
        for share in (0.0, 1.0):
            wanted = proportion_confint(share * 40, 40, method="wilson")
            np.testing.assert_allclose(lib["wilson_interval"](share, 40, stats.norm.ppf(0.975)), wanted, atol=1e-12)

    def test_a_mean_has_students_interval_and_the_median_beside_it(self):
        found = describe(self.table, "height")
        mean, median = found["figures"]
        wanted = stats.t.interval(0.95, 149, self.height.mean(), stats.sem(self.height))
        np.testing.assert_allclose(ends(mean), wanted, rtol=1e-12)
        self.assertEqual(median["value"], np.median(self.height))
        wanted = stats.quantile_test(self.height, p=0.5).confidence_interval(0.95)
        np.testing.assert_allclose(ends(median), (wanted.low, wanted.high), rtol=1e-12)
        self.assertFalse(found["skewed"])

    def test_a_skewed_number_is_said_to_be_skewed(self):
        self.assertTrue(describe(self.table, "pay")["skewed"])

    def test_each_group_has_its_own_figures(self):
        found = describe(self.table, "height", by="town")
        means = [one for one in found["figures"] if one["name"] == "mean" and one["group"]]
        self.assertEqual([one["n"] for one in means], [50, 50, 50])
        self.assertEqual(sorted((one["value"] for one in means), reverse=True), [one["value"] for one in means])
        for one in means:
            values = self.height[self.town == one["group"]]
            wanted = stats.t.interval(0.95, 49, values.mean(), stats.sem(values))
            np.testing.assert_allclose(ends(one), wanted, rtol=1e-12)

    def test_rows_without_a_value_are_counted(self):
        holes = [str(value) for value in self.height]
        for place in range(0, 30, 3):
            holes[place] = ""
        found = describe({**self.table, "height": holes}, "height")
        self.assertEqual((found["missing"], found["whole"]["n"]), (10, 140))

    def test_a_shuffled_table_is_described_as_it_is(self):
        lab = Lab(csv_of(self.table))
        test = {"x": "height", "y": "height", "by": "town"}
        plain, shuffled = (lab.tests("describe", test, shuffle_seed=seed)[0]["figures"] for seed in (None, 9))
        self.assertEqual(plain, shuffled)

    def test_the_same_bytes_in_another_interpreter(self):
        lab = Lab(csv_of(self.table))
        found = set()
        for cold in (False, True):
            lab.tests("describe", {"x": "smokes", "y": "smokes", "by": "town"}, cold=cold)
            found.add(lab.bytes)
        self.assertEqual(len(found), 1)


class Counted(unittest.TestCase):
    """Counts with what they are out of."""

    def test_k_of_n_is_the_ratio_of_the_sums(self):
        random = np.random.default_rng(5)
        sown = random.integers(20, 60, 40)
        grown = random.binomial(sown, 0.6)
        table = {"sown": sown, "grown": grown, "bed": random.normal(0, 1, 40)}
        found = describe(table, "grown", covariates=["sown"], y_level="trials")
        share = found["figures"][0]
        self.assertEqual((share["name"], share["count"], share["total"]), ("share", grown.sum(), sown.sum()))
        self.assertAlmostEqual(share["value"], grown.sum() / sown.sum())
        self.assertTrue(share["ci_low"] < share["value"] < share["ci_high"])

    def test_a_rate_is_all_events_by_the_whole_amount(self):
        random = np.random.default_rng(6)
        hours = random.uniform(10, 400, 60).round()
        stops = random.poisson(hours / 50)
        found = describe({"hours": hours, "stops": stops}, "stops", covariates=["hours"])
        rate = found["figures"][0]
        self.assertEqual(rate["name"], "rate")
        self.assertAlmostEqual(rate["value"], stops.sum() / hours.sum())
        # Near the exact interval of a Poisson mean where counts are Poisson's.
        low, high = stats.chi2.ppf([0.025, 0.975], [2 * stops.sum(), 2 * stops.sum() + 2]) / 2 / hours.sum()
        np.testing.assert_allclose(ends(rate), (low, high), rtol=0.15)

    def test_no_event_has_the_exact_upper_limit(self):
        lib = functions("describe")
        data = lib["Described"]("rate", np.zeros(5), np.full(5, 20.0), None, None)
        np.testing.assert_allclose(lib["rate_figure"](data), (0, 0, -np.log(0.025) / 100), rtol=1e-12)

    def test_what_is_no_count_is_refused(self):
        sown = np.arange(20, 60)
        grown = np.where(sown == 30, 31, sown // 2)
        found = describe({"sown": sown, "grown": grown}, "grown", covariates=["sown"], y_level="trials")
        self.assertEqual(found["status"], "not_testable")
        self.assertIn("'grown' is more than 'sown' in places: 31 in row 11", found["reason"])


class Dependent(unittest.TestCase):
    """Rows that are not independent."""

    def birds(self, effect=3.0):
        random = np.random.default_rng(8)
        bird = np.repeat([f"b{number:02}" for number in range(24)], 8)
        level = random.normal(0, effect, 24)
        return {
            "bird": bird,
            "seconds": np.round(20 + np.repeat(level, 8) + random.normal(0, 1, 192), 2),
            "tries": np.round(5 + np.repeat(level, 8) + random.normal(0, 1, 192), 2),
            "wild": np.repeat(np.where(np.arange(24) % 3 == 0, "yes", "no"), 8),
        }

    def test_rows_of_a_unit_widen_the_interval(self):
        table = self.birds()
        found = describe(table, "seconds")
        self.assertEqual(found["dependence"], {"kind": "units", "column": "bird", "count": 24})
        mean = found["figures"][0]
        # With units of one size it is the interval of their means.
        means = table["seconds"].reshape(24, 8).mean(axis=1)
        np.testing.assert_allclose(ends(mean), stats.t.interval(0.95, 23, means.mean(), stats.sem(means)), rtol=1e-9)

    def test_what_is_the_same_in_all_rows_of_a_unit_is_counted_by_units(self):
        found = describe(self.birds(), "wild", y_level="yes")
        share = found["figures"][0]
        self.assertEqual(found["dependence"]["kind"], "constant")
        self.assertEqual((share["count"], share["total"]), (8, 24))
        np.testing.assert_allclose(ends(share), proportion_confint(8, 24, method="wilson"), rtol=1e-12)


class Coverage(unittest.TestCase):
    """How often intervals hold the truth: 95 % within what 2,000 draws can tell."""

    COPIES = 2000

    @classmethod
    def setUpClass(cls):
        cls.lib = functions("describe")

    def covered(self, name, draw, truth, copies=None):
        random = np.random.default_rng(11)
        hits = 0
        copies = copies or self.COPIES
        for _ in range(copies):
            part, clusters = draw(random)
            whole = np.ones(len(part))
            _, low, high = self.lib["FIGURES"][name](self.lib["Described"](name, part, whole, clusters, part))
            hits += low <= truth <= high
        return hits / copies

    def test_of_shares(self):
        for share, rows in ((0.5, 40), (0.1, 60), (0.04, 120)):
            found = self.covered("share", lambda random: ((random.random(rows) < share).astype(float), None), share)
            self.assertTrue(0.93 < found < 0.98, (share, rows, found))

    def test_of_means_and_medians(self):
        normal = lambda random: (random.normal(5, 2, 25), None)
        self.assertTrue(0.938 < self.covered("mean", normal, 5.0) < 0.962)
        skewed = lambda random: (random.exponential(1, 45), None)
        self.assertTrue(0.94 < self.covered("median", skewed, np.log(2)) < 0.98)

    def test_of_clusters(self):
        codes = np.repeat(np.arange(30), 10)

        def means(random):
            return np.repeat(random.normal(0, 1, 30), 10) + random.normal(0, 1, 300), codes

        def shares(random):
            own = random.beta(2, 6, 30)
            return (random.random(300) < np.repeat(own, 10)).astype(float), codes

        self.assertTrue(0.935 < self.covered("mean", means, 0.0) < 0.965)
        self.assertTrue(0.93 < self.covered("share", shares, 0.25) < 0.97)
        self.assertTrue(0.93 < self.covered("median", means, 0.0) < 0.985)
        # As if rows were independent the same intervals hold the truth far too rarely.
        alone = self.covered("mean", lambda random: (means(random)[0], None), 0.0)
        self.assertLess(alone, 0.7)

    def test_of_counts_whose_rows_differ(self):
        random = np.random.default_rng(12)
        hits = {"share": 0, "rate": 0}
        for _ in range(self.COPIES):
            trials = random.integers(5, 40, 40).astype(float)
            own = random.beta(6, 4, 40)
            successes = random.binomial(trials.astype(int), own).astype(float)
            data = self.lib["Described"]("share", successes, trials, None, None)
            _, low, high = self.lib["share_figure"](data)
            hits["share"] += low <= 0.6 <= high
            hours = random.uniform(5, 80, 60)
            events = random.poisson(hours * random.gamma(2, 0.1, 60)).astype(float)
            data = self.lib["Described"]("rate", events, hours, None, None)
            _, low, high = self.lib["rate_figure"](data)
            hits["rate"] += low <= 0.2 <= high
        for name, count in hits.items():
            self.assertTrue(0.92 < count / self.COPIES < 0.97, (name, count / self.COPIES))

    def test_of_a_series_by_its_stretches(self):
        stretches = np.arange(320) * 16 // 320

        def series(random):
            noise, values = random.normal(0, 1, 420), np.zeros(420)
            for place in range(1, 420):
                values[place] = 0.6 * values[place - 1] + noise[place]
            return values[100:], stretches

        self.assertTrue(0.9 < self.covered("mean", series, 0.0, copies=800) < 0.97)


if __name__ == "__main__":
    unittest.main()
