"""Effects in units of dose-response, stratified and spread analyses: against statsmodels, and by simulation."""

import unittest
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import statsmodels.api as sm
import statsmodels.formula.api as smf
from scipy import stats
from scripts import Lab, assemble, csv_of

N = 120


def lab_of(columns):
    """A table as a profile leaves it, without a profile: simulations have hundreds of columns."""
    lab = Lab()
    (lab.root / "profile").mkdir()
    pq.write_table(pa.table(columns), lab.root / "profile" / "table.parquet")
    return lab


def leaves_out(units, null):
    return not units["ci_low"] <= null <= units["ci_high"]


class Followups(unittest.TestCase):
    def check_against(self, units, fit, name, scale=1.0):
        """Point and interval of a coefficient of a model of statsmodels."""
        self.assertAlmostEqual(units["value"], fit.params[name] * scale, places=8)
        low, high = sorted(end * scale for end in fit.conf_int().loc[name])
        self.assertAlmostEqual(units["ci_low"], low, places=8)
        self.assertAlmostEqual(units["ci_high"], high, places=8)


class DoseResponse(Followups):
    # Few rows of the higher doses, which scatter more.
    DOSES = np.repeat([0.0, 1.0, 2.0, 4.0], [60, 30, 20, 10])

    def errors(self, random, count):
        return (random.normal(0, 1, (N, count)) * (1 + self.DOSES)[:, None]).T

    def test_against_statsmodels(self):
        random = np.random.default_rng(1)
        (error,) = self.errors(random, 1)
        data = pd.DataFrame({"dose": self.DOSES, "step": np.searchsorted([0, 1, 2, 4], self.DOSES)})
        data["y"] = 5 + 0.5 * data.dose + error
        data["cured"] = np.where(random.random(N) < 0.2 + 0.15 * data.dose, "yes", "no")
        number, share = Lab(csv_of(data[["dose", "y", "cured"]].to_dict("list"))).tests(
            "dose_response", {"x": "dose", "y": "y"}, {"x": "dose", "y": "cured", "y_level": "yes"}
        )
        rise = np.polyfit(data.step, data.dose, 1)[0]
        data["event"] = (data.cured == "yes").astype(float)
        for test, outcome, name in ((number, "y", "slope"), (share, "event", "risk_difference")):
            fit = smf.ols(f"{outcome} ~ step", data).fit(cov_type="HC3", use_t=True)
            whole = test["whole"]
            self.assertAlmostEqual(whole["p"] / fit.pvalues["step"], 1, places=7)
            self.assertAlmostEqual(whole["statistic"], fit.tvalues["step"], places=7)
            self.assertEqual((whole["units"]["name"], whole["units"]["contrast"]), (name, None))
            self.check_against(whole["units"], fit, "step", 1 / rise)
            steps = smf.ols(f"{outcome} ~ C(step)", data).fit(cov_type="HC3", use_t=True)
            wald = steps.wald_test(np.eye(4)[1:], use_f=True, scalar=True)
            self.assertAlmostEqual(test["any_shape"]["whole"]["p"] / float(wald.pvalue), 1, places=6)
            bent = smf.ols(f"{outcome} ~ step + I(step**2) + I(step**3)", data).fit(cov_type="HC3", use_t=True)
            wald = bent.wald_test(np.eye(4)[2:], use_f=True, scalar=True)
            self.assertAlmostEqual(test["nonlinearity"]["p"] / float(wald.pvalue), 1, places=5)

    def test_a_line_per_unit_of_dose(self):
        """In fifths of a number, and at doses that are not evenly spaced, the slope is per unit of x, not per step."""
        random = np.random.default_rng(2)
        x = random.uniform(0, 50, 400)
        columns = {"x": x, "y": 3 * x + random.normal(0, 5, 400), "dose": random.choice([1.0, 2.0, 8.0], 400)}
        columns["z"] = -2 * columns["dose"] + random.normal(0, 1, 400)
        fifths, doses = Lab(csv_of(columns)).tests("dose_response", {"x": "x", "y": "y"}, {"x": "dose", "y": "z"})
        for test, slope in ((fifths, 3), (doses, -2)):
            units = test["whole"]["units"]
            self.assertAlmostEqual(units["value"], slope, delta=0.1)
            self.assertTrue(units["ci_low"] < slope < units["ci_high"])

    def rates(self, slope):
        """How often p of 300 tables is below .05, by this test and by one of equal spread; units agree with every p."""
        random = np.random.default_rng([3, int(100 * slope)])
        columns = {f"y{i}": slope * self.DOSES + error for i, error in enumerate(self.errors(random, 300))}
        asked = [{"x": "dose", "y": name, "permutations": 0} for name in columns]
        found = [test["whole"] for test in lab_of({"dose": self.DOSES, **columns}).tests("dose_response", *asked)]
        for whole in found:
            self.assertEqual(leaves_out(whole["units"], 0.0), whole["p"] < 0.05)
        steps = np.searchsorted([0, 1, 2, 4], self.DOSES)
        plain = np.mean([stats.pearsonr(steps, y).pvalue < 0.05 for y in columns.values()])
        return np.mean([whole["p"] < 0.05 for whole in found]), plain

    def test_level_and_power(self):
        level, plain = self.rates(0.0)
        self.assertTrue(0.015 <= level <= 0.09, level)
        self.assertGreater(plain, 0.1)
        power, _ = self.rates(1.5)
        self.assertGreater(power, 0.7)


class Stratified(Followups):
    def table(self, random, count, gap=0.0):
        """Strata of other means; the smaller group scatters more, and the share of it differs by stratum."""
        site = random.integers(0, 3, N)
        new = random.random(N) < np.array([0.15, 0.2, 0.3])[site]
        errors = random.normal(0, 1, (N, count)) * np.where(new, 4.0, 1.0)[:, None]
        return site, new, site[:, None] * 2.0 + gap * new[:, None] + errors

    def test_against_statsmodels(self):
        random = np.random.default_rng(4)
        site, new, y = self.table(random, 1, 1.5)
        data = pd.DataFrame({"site": np.array(list("abc"))[site], "arm": np.where(new, "new", "old"), "y": y[:, 0]})
        data["x"] = random.normal(0, 1, N) + site
        data["y"] += 0.6 * data.x
        data["won"] = np.where(random.random(N) < 0.3 + 0.3 * new, "yes", "no")
        data["third"] = random.choice(["p", "q", "r"], N)
        pairs = [("x", "y"), ("arm", "y"), ("arm", "won"), ("third", "y")]
        asked = [{"x": x, "y": y, "by": "site", "y_level": "yes" if y == "won" else None} for x, y in pairs]
        slope, gap, share, groups = Lab(csv_of(data.to_dict("list"))).tests("stratified", *asked)
        data["new"], data["event"] = new.astype(float), (data.won == "yes").astype(float)
        cases = (
            (slope, "y", "x", "slope"),
            (gap, "y", "new", "mean_difference"),
            (share, "event", "new", "risk_difference"),
        )
        for test, outcome, block, name in cases:
            with self.subTest(name):
                fit = smf.ols(f"{outcome} ~ {block} + C(site)", data).fit(cov_type="HC3", use_t=True)
                whole = test["whole"]
                self.assertAlmostEqual(whole["p"] / fit.pvalues[block], 1, places=6)
                self.assertEqual(whole["units"]["name"], name)
                self.assertGreater(whole["units"]["value"], 0)
                self.check_against(whole["units"], fit, block)
                if name != "slope":
                    self.assertEqual(whole["units"]["contrast"], {"level": "new", "reference": "old"})
                both = smf.ols(f"{outcome} ~ {block} * C(site)", data).fit(cov_type="HC3", use_t=True)
                wald = both.wald_test(np.eye(6)[4:], use_f=True, scalar=True)
                self.assertAlmostEqual(test["heterogeneity"]["p"] / float(wald.pvalue), 1, places=6)
        fit = smf.ols("y ~ C(third) + C(site)", data).fit(cov_type="HC3", use_t=True)
        wald = fit.wald_test(np.eye(5)[1:3], use_f=True, scalar=True)
        self.assertAlmostEqual(groups["whole"]["p"] / float(wald.pvalue), 1, places=6)
        self.assertIsNone(groups["whole"]["units"])
        top = next(row for row in groups["whole"]["contrasts"] if {row["level"], row["reference"]} == {"p", "q"})
        self.assertAlmostEqual(top["value"], abs(fit.params["C(third)[T.q]"]), places=8)

    def test_of_ranks_the_estimate_has_the_error_of_the_test(self):
        random = np.random.default_rng(5)
        site, x = random.choice(list("abc"), 90), random.normal(0, 1, 90)
        columns = {"site": site, "x": x} | {f"y{i}": 0.3 * x + random.standard_cauchy(90) for i in range(40)}
        asked = [{"x": "x", "y": f"y{i}", "by": "site"} for i in range(40)]
        shown = 0
        for test in lab_of(columns).tests("stratified", *asked):
            units = test["whole"]["units"]
            if "on ranks" in test["why"] and units is not None and units["ci_low"] is not None:
                shown += 1
                self.assertEqual(leaves_out(units, 0.0), test["whole"]["p"] < 0.05)
        self.assertGreater(shown, 25)

    def test_level_and_power(self):
        for gap, least, most in ((0.0, 0.015, 0.09), (3.0, 0.7, 1.0)):
            site, new, y = self.table(np.random.default_rng([6, int(gap)]), 300, gap)
            columns = {"site": np.array(list("abc"))[site], "arm": np.where(new, "new", "old")}
            columns |= {f"y{i}": column for i, column in enumerate(y.T)}
            asked = [{"x": "arm", "y": f"y{i}", "by": "site"} for i in range(300)]
            found = [test["whole"] for test in lab_of(columns).tests("stratified", *asked)]
            for whole in found:
                self.assertEqual(leaves_out(whole["units"], 0.0), whole["p"] < 0.05)
            rate = np.mean([whole["p"] < 0.05 for whole in found])
            self.assertTrue(least <= rate <= most, (gap, rate))
            if gap == 0:
                design = sm.add_constant(np.column_stack([new, site == 1, site == 2]).astype(float))
                plain = np.mean([sm.OLS(column, design).fit().pvalues[1] < 0.05 for column in y.T])
                self.assertGreater(plain, 0.1)


class Spread(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.family = {}
        exec(compile(assemble({"template": "spread"}).rpartition("\nrun_battery(")[0], "spread", "exec"), cls.family)

    def found(self, random, rise, errors):
        """(p, units) of a table in which the standard deviation is `rise` times as large per unit of x."""
        x = random.uniform(0, 3, 240)
        y = 2 * x + rise**x * errors(random)
        plan, everything = self.family["make_plan"]("pairs"), np.ones(240, dtype=bool)
        sides = (SimpleNamespace(values=x), SimpleNamespace(values=y))
        return self.family["estimate"](x, y, plan)["p"], self.family["units"](*sides, plan, everything, None)

    def test_ratio_of_standard_deviations(self):
        shapes = (lambda random: random.normal(0, 1, 240), lambda random: random.exponential(1, 240) - 1)
        for rise in (1.0, 1.5):
            for place, errors in enumerate(shapes):
                with self.subTest(rise=rise, place=place):
                    random = np.random.default_rng([7, place, int(10 * rise)])
                    found = [self.found(random, rise, errors) for _ in range(200)]
                    for p, units in found:
                        self.assertEqual(leaves_out(units, 1.0), p < 0.05)
                    covered = np.mean([not leaves_out(units, rise) for _, units in found])
                    self.assertTrue(0.905 <= covered <= 0.985, covered)
                    middle = np.median([units["value"] for _, units in found])
                    self.assertAlmostEqual(np.log(middle), np.log(rise), delta=0.05)
                    if rise > 1:
                        self.assertGreater(np.mean([p < 0.05 for p, _ in found]), 0.8)

    def test_against_a_search_with_scipy(self):
        random = np.random.default_rng(8)
        x = np.round(random.uniform(0, 3, 200), 1)
        y = np.round(x + 1.3**x * random.normal(0, 1, 200), 1)
        test = Lab(csv_of({"x": x, "y": y})).tests("spread", {"x": "x", "y": "y"})[0]
        units = test["whole"]["units"]
        self.assertEqual((units["name"], units["contrast"], units["ci_level"]), ("sd_ratio", None, 0.95))
        self.family["PROTOCOL"]["seed"] = 5
        place, apart = self.family["in_pairs"](x, y)
        with np.errstate(divide="ignore"):
            logs = np.log(apart)
        slopes = np.linspace(-1, 1.5, 2501)
        kept = [s for s in slopes if stats.spearmanr(place, logs - s * place).pvalue >= 0.05]
        self.assertAlmostEqual(np.log(units["ci_low"]), min(kept), delta=0.002)
        self.assertAlmostEqual(np.log(units["ci_high"]), max(kept), delta=0.002)


if __name__ == "__main__":
    unittest.main()
