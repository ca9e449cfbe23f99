"""Does a number change with another along any curve: a U is found, and nothing where there is nothing."""

import unittest

import numpy as np
import statsmodels.api as sm
from scripts import Lab, assemble, csv_of


def family():
    """The script's functions, without a run."""
    functions = {}
    exec(compile(assemble({"template": "curve"}).rpartition("\nrun_battery(")[0], "curve", "exec"), functions)
    return functions


class Terms(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.family = family()

    def p(self, x, y):
        found = self.family["added_block"](self.family["curve_terms"](x), y, np.zeros((len(x), 0)), False)
        return found["p"]

    def test_a_curve_of_the_terms_is_straight_beyond_the_outer_knots(self):
        x = np.sort(np.random.default_rng(5).normal(size=400))
        terms = self.family["curve_terms"](x)
        low, high = x < np.quantile(x, 0.05), x > np.quantile(x, 0.95)
        for part in (low, high):
            for term in terms[part].T:
                line = np.polyval(np.polyfit(x[part], term, 1), x[part])
                self.assertLess(np.abs(line - term).max(), 1e-6)

    def test_false_alarms_and_power(self):
        """Three standard errors about 5 % by 1000 tables, also where errors grow with x; a U that no slope shows."""
        random = np.random.default_rng(17)
        for name, noise in {"even": lambda x: 1.0, "fan": lambda x: np.exp(0.6 * x)}.items():
            with self.subTest(name):
                hits = 0
                for _ in range(1000):
                    x = random.normal(size=120)
                    hits += self.p(x, noise(x) * random.normal(size=120)) < 0.05
                self.assertTrue(0.029 <= hits / 1000 <= 0.085, hits)
        found = [self.p(x := random.normal(size=120), 0.4 * x**2 + random.normal(size=120)) < 0.05 for _ in range(200)]
        self.assertGreater(np.mean(found), 0.9)

    def test_the_shape_is_that_of_a_regression_on_the_same_terms(self):
        random = np.random.default_rng(3)
        x = random.normal(size=150)
        y = x**2 + random.normal(size=150)
        terms = self.family["curve_terms"](x)
        fit = sm.OLS(y, sm.add_constant(terms)).fit()
        part = self.family["associate"](terms, y[:, None])
        self.assertAlmostEqual(part["r"] ** 2, fit.rsquared, places=9)


class Curve(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        random = np.random.default_rng(11)
        x = random.uniform(0, 10, 200)
        noise = random.normal(0, 1, 200)
        cls.data = {
            "dose": x,
            "yield": (x - 5) ** 2 + 4 * noise,
            "heavy": np.exp(np.abs(x - 5) + noise),
            "few": np.round(x / 4),
            "group": np.where(x > 5, "a", "b"),
        }
        cls.lab = Lab(csv_of(cls.data))

    def test_a_u_is_found_and_told_by_fifths(self):
        for name in ("yield", "heavy"):
            (test,) = self.lab.tests("curve", {"x": "dose", "y": name})
            self.assertEqual((test["status"], test["whole"]["direction"]), ("ok", None))
            self.assertLess(test["whole"]["p"], 1e-8)
            for part in ("explore", "confirm"):
                self.assertLess(test[part]["p"], 1e-3)
        (test,) = self.lab.tests("curve", {"x": "dose", "y": "yield"})
        means = [group["value"] for group in test["groups"]]
        self.assertEqual(len(means), 5)
        self.assertTrue(means[0] > means[2] < means[4])

    def test_a_shuffled_curve_is_none(self):
        (test,) = self.lab.tests("curve", {"x": "dose", "y": "yield"}, shuffle_seed=1)
        self.assertGreater(test["whole"]["p"], 1e-3)

    def test_what_cannot_be_tested_is_said(self):
        few, group = self.lab.tests("curve", {"x": "few", "y": "yield"}, {"x": "group", "y": "yield"})
        for test, reason in ((few, "different values"), (group, "numeric")):
            self.assertEqual(test["status"], "not_testable")
            self.assertIn(reason, test["reason"])
        short = Lab(csv_of({name: values[:29] for name, values in self.data.items()}))
        self.assertIn("rows", short.tests("curve", {"x": "dose", "y": "yield"})[0]["reason"])


if __name__ == "__main__":
    unittest.main()
