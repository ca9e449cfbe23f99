"""Effects in the units of the outcome against statsmodels, scipy and simulations."""

import unittest

import numpy as np
import statsmodels.api as sm
from scipy import optimize, stats
from scripts import Lab, csv_of, library
from statsmodels.duration.hazard_regression import PHReg
from statsmodels.stats.multicomp import pairwise_tukeyhsd
from statsmodels.stats.proportion import confint_proportions_2indep

LIBRARY = {"__name__": "library", "PROTOCOL": {}}
exec(library("adjusted"), LIBRARY)

random = np.random.default_rng(17)
N = 240
X = random.normal(30, 6, N)
AGE = random.normal(50, 10, N) + 0.5 * X
ARM = random.choice(["drug", "placebo"], N, p=[0.4, 0.6])
SITE = random.choice(["n", "s", "w"], N)
COLUMNS = {
    "x": X,
    "age": AGE,
    "arm": ARM,
    "site": SITE,
    "y": 2.4 * X + AGE + random.normal(0, 1, N) * (X - 10) + 6 * (ARM == "drug"),
    "heavy": np.exp(X / 6 + random.normal(0, 1, N)),
    "by_site": 5.0 * (SITE == "n") + random.normal(0, 1, N) * np.where(SITE == "w", 8, 2) + 0.2 * AGE,
    "flat": random.normal(0, 1, N),
    "relapse": np.where(random.random(N) < np.where(ARM == "drug", 0.15, 0.35), "yes", "no"),
    "dead": np.where(random.random(N) < 1 / (1 + np.exp(-(X - 30) / 5)), "yes", "no"),
    "after": X + 1.5 + random.normal(0, 3, N),
}
LAB = Lab(csv_of(COLUMNS))


def one(kind, x, y, **more):
    (found,) = LAB.tests(kind, {"x": x, "y": y, **more})
    return found


def dummies(levels):
    return (np.asarray(levels)[:, None] == np.unique(levels)[None, 1:]).astype(float)


def score_p(counts, sizes, gap):
    """p of the score test that the first share is `gap` more than the second, its variance by maximum likelihood."""
    (a, c), (n, m) = counts, sizes

    def unlikely(q):
        return -stats.binom.logpmf(a, n, q + gap) - stats.binom.logpmf(c, m, q)

    ends = max(0, -gap) + 1e-9, min(1, 1 - gap) - 1e-9
    q = optimize.minimize_scalar(unlikely, bounds=ends, method="bounded", options={"xatol": 1e-12}).x
    variance = (q + gap) * (1 - q - gap) / n + q * (1 - q) / m
    return 2 * stats.norm.sf(abs(a / n - c / m - gap) / np.sqrt(variance))


class Alike(unittest.TestCase):
    def assert_units(self, units, name, value, low, high, contrast=None, places=8):
        self.assertEqual((units["name"], units["contrast"]), (name, contrast))
        for key, expected in (("value", value), ("ci_low", low), ("ci_high", high)):
            self.assertAlmostEqual(units[key] / expected, 1, places=places, msg=key)


class TwoColumns(Alike):
    def test_slopes(self):
        for y, rank in (("y", False), ("heavy", True), ("flat", False)):
            found = one("numeric_numeric", "x", y)
            fit = sm.OLS(COLUMNS[y], sm.add_constant(X)).fit(cov_type="HC3", use_t=True)
            self.assert_units(found["whole"]["units"], "slope", fit.params[1], *fit.conf_int()[1])
            self.assertEqual("ranks" in found["test"], rank)
            self.assertIn("slope of a line", found["whole"]["units"]["method"])
            if not rank:
                apart = fit.conf_int()[1].prod() > 0
                self.assertEqual(apart, found["whole"]["p"] < 0.05)

    def test_every_part_has_its_own(self):
        found = one("numeric_numeric", "x", "y")
        slopes = {found[part]["units"]["value"] for part in ("whole", "explore", "confirm")}
        self.assertEqual(len(slopes), 3)

    def test_means_of_two_groups(self):
        units = one("group_numeric", "arm", "y")["whole"]["units"]
        a, b = (COLUMNS["y"][ARM == level] for level in ("drug", "placebo"))
        level, other = ("drug", "placebo") if a.mean() > b.mean() else ("placebo", "drug")
        high, low = (a, b) if level == "drug" else (b, a)
        gap = stats.ttest_ind(high, low, equal_var=False).confidence_interval()
        contrast = {"level": level, "reference": other}
        self.assert_units(units, "mean_difference", high.mean() - low.mean(), gap.low, gap.high, contrast)
        self.assertGreater(units["value"], 0)

    def test_shares_of_two_groups(self):
        found = one("categorical_categorical", "arm", "relapse")
        self.assertEqual(found["y_level"], "yes")
        counts = [((COLUMNS["relapse"] == "yes") & (ARM == arm)).sum() for arm in ("placebo", "drug")]
        sizes = [(ARM == arm).sum() for arm in ("placebo", "drug")]
        units, gap = found["whole"]["units"], counts[0] / sizes[0] - counts[1] / sizes[1]
        self.assertEqual(units["contrast"], {"level": "placebo", "reference": "drug"})
        self.assertAlmostEqual(units["value"], gap)
        for end in ("ci_low", "ci_high"):
            p = score_p(counts, sizes, units[end])
            self.assertAlmostEqual(p, 0.05, places=5)
        near = confint_proportions_2indep(counts[0], sizes[0], counts[1], sizes[1], method="newcomb", compare="diff")
        self.assertAlmostEqual(units["ci_low"], near[0], delta=0.005)
        self.assertAlmostEqual(units["ci_high"], near[1], delta=0.005)

    def test_score_interval_inverts_the_chi_squared_test(self):
        for _ in range(300):
            n, m = random.integers(5, 80, 2)
            a, c = random.binomial(n, 0.3), random.binomial(m, 0.45)
            low, high = LIBRARY["score_interval"](a, n, c, m)
            self.assertTrue(-1 <= low <= a / n - c / m <= high <= 1)
            if 0 < a + c < n + m:
                p = stats.chi2_contingency([[a, n - a], [c, m - c]], correction=False).pvalue
                self.assertEqual(low > 0 or high < 0, p < 0.05, (a, n, c, m, p))

    def test_odds_per_unit(self):
        units = one("numeric_binary", "x", "dead")["whole"]["units"]
        fit = sm.Logit(COLUMNS["dead"] == "yes", sm.add_constant(X)).fit(disp=0)
        self.assert_units(units, "odds_ratio", *np.exp([fit.params[1], *fit.conf_int()[1]]), places=5)

    def test_hazards(self):
        draws = np.random.default_rng(12)
        late = draws.exponential(np.where(ARM == "drug", 8, 4)) + 0.1
        ended = draws.random(N) < 0.8
        columns = {"arm": ARM, "x": X, "days": late, "status": np.where(ended, "dead", "alive")}
        named = {"y": "days", "duration": "days", "event": "status", "y_level": "dead"}
        lab = Lab(csv_of(columns))
        by_arm, by_x = (found["whole"]["units"] for found in lab.tests("survival", {"x": "arm", **named}, {"x": "x", **named}))
        for units, column, contrast in (
            (by_arm, ARM == "placebo", {"level": "placebo", "reference": "drug"}),
            (by_x, X, None),
        ):
            fit = PHReg(late, np.asarray(column, float)[:, None], status=ended.astype(float), ties="efron").fit(disp=0)
            expected = np.exp([fit.params[0], *fit.conf_int()[0]])
            self.assert_units(units, "hazard_ratio", *expected, contrast, places=5)

    def test_pairs(self):
        units = one("paired", "x", "after")["whole"]["units"]
        gap = stats.ttest_rel(COLUMNS["after"], X).confidence_interval()
        contrast = {"level": "after", "reference": "x"}
        self.assert_units(units, "mean_difference", (COLUMNS["after"] - X).mean(), gap.low, gap.high, contrast)


class Given(Alike):
    def test_slope(self):
        units = one("adjusted", "x", "y", covariates=["age", "site"])["whole"]["units"]
        design = sm.add_constant(np.column_stack([X, AGE, dummies(SITE)]))
        fit = sm.OLS(COLUMNS["y"], design).fit(cov_type="HC3", use_t=True)
        self.assert_units(units, "slope", fit.params[1], *fit.conf_int()[1], places=6)

    def test_difference_of_means(self):
        units = one("adjusted", "arm", "y", covariates=["x", "age"])["whole"]["units"]
        fit = sm.OLS(COLUMNS["y"], sm.add_constant(np.column_stack([ARM == "drug", X, AGE]))).fit(
            cov_type="HC3", use_t=True
        )
        sign = np.sign(fit.params[1])
        contrast = {"level": "drug", "reference": "placebo"}
        contrast = contrast if sign > 0 else dict(zip(contrast, reversed(contrast.values())))
        ends = sorted(sign * fit.conf_int()[1])
        self.assert_units(units, "mean_difference", abs(fit.params[1]), *ends, contrast, places=6)

    def test_odds(self):
        design = sm.add_constant(np.column_stack([X, AGE]))
        fit = sm.Logit(COLUMNS["dead"] == "yes", design).fit(disp=0)
        units = one("adjusted", "x", "dead", covariates=["age"])["whole"]["units"]
        self.assert_units(units, "odds_ratio", *np.exp([fit.params[1], *fit.conf_int()[1]]), places=5)
        design = sm.add_constant(np.column_stack([ARM == "placebo", AGE]))
        fit = sm.Logit(COLUMNS["relapse"] == "yes", design).fit(disp=0)
        units = one("adjusted", "arm", "relapse", covariates=["age"])["whole"]["units"]
        expected = np.exp([fit.params[1], *fit.conf_int()[1]])
        self.assert_units(units, "odds_ratio", *expected, {"level": "placebo", "reference": "drug"}, places=5)

    def test_contrasts_of_adjusted_means(self):
        whole = one("adjusted", "site", "by_site", covariates=["age"])["whole"]
        self.assertIsNone(whole["units"])
        fit = sm.OLS(COLUMNS["by_site"], sm.add_constant(np.column_stack([dummies(SITE), AGE]))).fit(cov_type="HC3")
        self.assertEqual(len(whole["contrasts"]), 3)
        place = {"n": None, "s": 1, "w": 2}
        for row in whole["contrasts"]:
            turn = np.zeros(4)
            for level, sign in ((row["level"], 1), (row["reference"], -1)):
                if place[level]:
                    turn[place[level]] = sign
            value, error = turn @ fit.params, np.sqrt(turn @ fit.cov_params() @ turn)
            half = stats.studentized_range.ppf(0.95, 3, N - 4) / np.sqrt(2) * error
            self.assertAlmostEqual(row["value"], value, places=6)
            self.assertAlmostEqual(row["ci_low"], value - half, places=4)
            self.assertAlmostEqual(
                row["p"], stats.studentized_range.sf(np.sqrt(2) * value / error, 3, N - 4), places=6
            )


class Pairs(Alike):
    def test_games_and_howell(self):
        whole = one("group_numeric", "site", "by_site")["whole"]
        self.assertIsNone(whole["units"])
        told = pairwise_tukeyhsd(COLUMNS["by_site"], SITE, use_var="unequal")
        expected = {}
        for (a, b), gap, ends, p in zip(
            [("n", "s"), ("n", "w"), ("s", "w")], told.meandiffs, told.confint, told.pvalues
        ):
            expected[frozenset((a, b))] = (abs(gap), *(sorted(np.sign(gap) * ends)), p)
        values = [row["value"] for row in whole["contrasts"]]
        self.assertEqual(values, sorted(values, reverse=True))
        for row in whole["contrasts"]:
            value, low, high, p = expected[frozenset((row["level"], row["reference"]))]
            for key, want in (("value", value), ("ci_low", low), ("ci_high", high), ("p", p)):
                self.assertAlmostEqual(row[key], want, places=3, msg=key)

    def test_close_to_tukeys_test_where_spreads_are_equal(self):
        draws, codes = np.random.default_rng(9), np.repeat([0, 1, 2, 3], 400)
        values = draws.normal(0, 1, 1600) + np.repeat([0, 0.1, 0.1, 0.3], 400)
        told = stats.tukey_hsd(*(values[codes == code] for code in range(4)))
        for row in LIBRARY["games_howell"](codes, values, list("abcd")):
            a, b = "abcd".index(row["level"]), "abcd".index(row["reference"])
            self.assertAlmostEqual(row["p"], told.pvalue[a, b], delta=0.05)

    def test_limit_of_the_studentized_range(self):
        for count, free in ((3, 2.4), (3, 5.0), (4, 12.5), (7, 40.0), (10, 8.0), (10, 3000.0)):
            exact = stats.studentized_range.ppf(0.95, count, free)
            self.assertAlmostEqual(LIBRARY["range_limit"](count, free) / exact, 1, delta=2e-3 if free < 3 else 1e-4)

    def test_too_many_groups_are_not_compared(self):
        codes = np.repeat(np.arange(11), 10)
        self.assertIsNone(LIBRARY["games_howell"](codes, random.normal(0, 1, 110), [str(i) for i in range(11)]))


class DependentRows(unittest.TestCase):
    """Where rows depend on each other, units leave out 0 exactly where the judged p is below .05."""

    def check(self, found, by):
        self.assertEqual(found["p_judged_by"], by)
        for part in ("whole", "explore", "confirm"):
            if found[part] is None or found[part]["units"] is None:
                self.assertNotEqual(part, "whole")
                continue
            units = found[part]["units"]
            null = 1.0 if units["name"].endswith("_ratio") else 0.0
            apart = units["ci_low"] > null or units["ci_high"] < null
            self.assertEqual(apart, found[part]["p"] < 0.05, (part, units, found[part]["p"]))
            self.assertLessEqual(units["ci_low"], units["value"])
        return found["whole"]["units"]

    def test_units_that_repeat(self):
        draws = np.random.default_rng(3)
        for size in (0.0, 0.35, 1.5):
            unit = np.repeat([f"u{i:02}" for i in range(30)], 8)
            arm = np.repeat(np.arange(30) % 2, 8)
            level = np.repeat(draws.normal(0, 1, 30), 8)
            dose = np.repeat(draws.normal(0, 1, 30), 8) + draws.normal(0, 0.3, 240)
            pain = level + size * arm + size * dose + draws.normal(0, 1, 240)
            three = np.repeat(np.arange(30) % 3, 8)
            lab = Lab(
                csv_of(
                    {
                        "patient": unit,
                        "arm": np.where(arm == 1, "new", "old"),
                        "three": np.array(list("abc"))[three],
                        "dose": dose,
                        "pain": pain,
                        "skewed": np.exp(1.5 * pain),
                        "sore": np.where(pain > 0.5, "yes", "no"),
                        "lasting": np.repeat(draws.normal(0, 1, 30), 8) + draws.normal(0, 0.2, 240),
                    }
                ),
                subject="patient",
            )
            for kind, x, y, more in (
                ("group_numeric", "arm", "pain", {}),
                ("group_numeric", "arm", "skewed", {}),
                ("numeric_numeric", "dose", "pain", {}),
                ("numeric_numeric", "dose", "skewed", {}),
                ("numeric_binary", "dose", "sore", {}),
                ("categorical_categorical", "arm", "sore", {}),
                ("adjusted", "dose", "pain", {"covariates": ["lasting"]}),
                ("adjusted", "arm", "pain", {"covariates": ["lasting"]}),
                ("adjusted", "arm", "sore", {"covariates": ["lasting"]}),
            ):
                with self.subTest(kind=kind, y=y, size=size):
                    (found,) = lab.tests(kind, {"x": x, "y": y, "unit": "patient", **more})
                    units = self.check(found, "cluster_robust")
                    if (kind, y) == ("group_numeric", "pain"):
                        means = [pain[arm == code].mean() for code in (0, 1)]
                        self.assertAlmostEqual(units["value"], abs(means[1] - means[0]), places=8)
            (found,) = lab.tests("group_numeric", {"x": "three", "y": "pain", "unit": "patient"})
            alone = LIBRARY["games_howell"](three, pain, list("abc"))
            widths = [row["ci_high"] - row["ci_low"] for row in found["whole"]["contrasts"]]
            self.assertGreater(min(widths), 1.5 * max(row["ci_high"] - row["ci_low"] for row in alone))

    def test_series_and_trend(self):
        draws = np.random.default_rng(4)
        n = 160
        walk = lambda: stats.zscore(np.cumsum(draws.normal(0, 1, n)))
        a, b = walk(), walk()
        shock = draws.normal(0, 1, n)
        year = 1850 + np.arange(n)
        level = 0.02 * (year - 1850) + 0.3 * draws.normal(0, 1, n)
        lab = Lab(csv_of({"year": year, "a": a, "b": b, "c": 2 * a + 0.2 * shock, "level": level}), time="year")
        found = lab.tests(
            "numeric_numeric", {"x": "a", "y": "b"}, {"x": "a", "y": "c"}, {"x": "year", "y": "level"}
        )
        self.check(found[0], "own_past")
        self.assertAlmostEqual(self.check(found[1], "own_past")["value"], 2.0, delta=0.5)
        self.assertAlmostEqual(self.check(found[2], "own_past")["value"], 0.02, delta=0.003)

    def test_maps(self):
        draws = np.random.default_rng(5)
        n = 220
        east, north = draws.uniform(0, 10, n), draws.uniform(0, 10, n)
        cover = lambda: sum(
            draws.normal() * np.cos(draws.uniform(0.2, 0.9) * east + draws.uniform(0.2, 0.9) * north + draws.uniform(0, 6))
            for _ in range(8)
        )
        wet = cover() + 0.4 * draws.normal(0, 1, n)
        table = {"longitude": east, "latitude": north, "wet": wet, "other": cover(), "grass": 3 * wet + cover()}
        lab = Lab(csv_of(table))
        found = lab.tests("numeric_numeric", {"x": "wet", "y": "grass"}, {"x": "wet", "y": "other"})
        self.assertAlmostEqual(self.check(found[0], "spatial")["value"], 3.0, delta=0.6)
        self.check(found[1], "spatial")


class Coverage(unittest.TestCase):
    def share(self, draw, measure, truth, count=400):
        hits = 0
        for _ in range(count):
            found = measure(*draw())
            hits += found["ci_low"] <= truth <= found["ci_high"]
        return hits / count

    def test_intervals_hold_the_truth_as_often_as_they_say(self):
        draws = np.random.default_rng(6)

        def line():
            x = draws.uniform(0, 1, 40)
            return x, 2 * x + draws.normal(0, 1, 40) * (0.2 + x)

        def groups():
            codes = np.repeat([0, 1], [12, 30])
            return codes, draws.normal(0, 1, 42) * np.where(codes == 0, 3, 1) + 1.5 * codes, ["a", "b"]

        def shares():
            codes = np.repeat([0, 1], [40, 60])
            return codes, draws.random(100) < np.where(codes == 1, 0.3, 0.1), ["a", "b"]

        def model():
            x, z = draws.normal(0, 1, (2, 60))
            return x + z, x + z + 2 * z + draws.normal(0, 1, 60) * (1 + np.abs(x)), z[:, None]

        for draw, name, truth in (
            (line, "slope_in_units", 2.0),
            (groups, "mean_difference_in_units", 1.5),
            (shares, "risk_difference_in_units", 0.2),
            (model, "adjusted_in_units", 1.0),
        ):
            with self.subTest(name):
                self.assertAlmostEqual(self.share(draw, LIBRARY[name], truth), 0.95, delta=0.03)

    def test_contrasts_hold_together(self):
        draws, wrong = np.random.default_rng(7), 0
        for _ in range(300):
            codes = np.repeat([0, 1, 2, 3], [10, 15, 20, 40])
            values = draws.normal(0, 1, 85) * np.array([3.0, 1.0, 2.0, 0.5])[codes]
            wrong += min(row["p"] for row in LIBRARY["games_howell"](codes, values, list("abcd"))) < 0.05
        self.assertLess(wrong / 300, 0.09)


class Trouble(unittest.TestCase):
    def test_what_cannot_be_computed_is_null_and_costs_no_test(self):
        y = np.where(np.arange(40) % 2 == 0, 0.0, 5.0) + random.normal(0, 1, 40)
        lab = Lab(
            csv_of(
                {
                    "g": np.where(np.arange(40) % 2 == 0, "a", "b"),
                    "y": y,
                    "huge": y * 1e305,
                    "x": np.where(np.arange(40) % 2 == 0, 1.0, 2.0) * (1 + np.arange(40)),
                    "apart": np.where(np.arange(40) < 20, "no", "yes"),
                    "n": np.arange(40.0) + 0.5,
                }
            )
        )
        for kind, x, y in (
            ("group_numeric", "g", "huge"),
            ("numeric_binary", "n", "apart"),
            ("numeric_numeric", "x", "huge"),
        ):
            (found,) = lab.tests(kind, {"x": x, "y": y})
            if found["status"] == "ok":
                self.assertIn("units", found["whole"])
        self.assertIsNone(lab.tests("numeric_binary", {"x": "n", "y": "apart"})[0]["whole"]["units"])


if __name__ == "__main__":
    unittest.main()
