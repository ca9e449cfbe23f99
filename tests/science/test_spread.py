"""Does the spread of a number change with another: found where it does, and not where only the shape is odd."""

import unittest

import numpy as np
from scripts import Lab, assemble, csv_of

random = np.random.default_rng(31)
N = 240

ERRORS = {
    "normal": lambda: random.normal(0, 1, N),
    "skewed": lambda: random.exponential(1, N) - 1,
    "heavy": lambda: random.standard_t(3, N),
    "lopsided": lambda: random.lognormal(0, 1, N),
}


def family():
    """The script's functions, without a run: thousands of tests would else be as many rows of a protocol."""
    functions = {}
    exec(compile(assemble({"template": "spread"}).rpartition("\nrun_battery(")[0], "spread", "exec"), functions)
    return functions


class Rates(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.family = family()

    def rate(self, draw, copies=1000):
        """How often p is below .05, and how often with a `+`."""
        plan = self.family["make_plan"]("pairs")
        found = [self.family["estimate"](*draw(), plan) for _ in range(copies)]
        seen = [test["direction"] for test in found if test["p"] < 0.05]
        return len(seen) / copies, seen.count("+") / copies

    def test_false_alarms_are_as_rare_as_they_should_be(self):
        """Three standard errors about 5 %, by 1000 tables each."""
        means = {
            "straight": (lambda x: 2 * x, list(ERRORS)),
            "u_shape": (lambda x: x**2, ["normal", "lopsided"]),
            "exponential": (np.exp, ["normal", "lopsided"]),
            "wave": (lambda x: 3 * np.sin(6 * x), ["normal"]),
            "step": (lambda x: 3.0 * (x > 0), ["normal"]),
        }
        for x_name in ("normal", "lopsided"):
            for name, (mean, errors) in means.items():
                if x_name == "lopsided" and name not in ("straight", "step"):
                    continue  # it turns where rows are so sparse that nothing tells a bend from a spread
                for error in errors:
                    with self.subTest((x_name, name, error)):

                        def draw():
                            x = ERRORS[x_name]()
                            return x, mean(x) + ERRORS[error]()

                        rate, _ = self.rate(draw)
                        self.assertTrue(0.029 <= rate <= 0.072, rate)

    def test_the_order_of_the_file_does_not_matter(self):
        """Few values of x, the higher ones rarer, in a file that is sorted by y."""

        def draw():
            x = np.minimum(random.geometric(0.4, N), 6).astype(float)
            order = np.argsort(y := random.normal(0, 1, N))
            return x[order], y[order]

        rate, _ = self.rate(draw)
        self.assertTrue(0.029 <= rate <= 0.072, rate)

    def test_a_gentle_fan_is_mostly_seen(self):
        """Errors three times as large at the one end as at the other."""

        def draw():
            x = random.uniform(0, 1, N)
            return x, 3 * x + (0.5 + x) * random.normal(0, 1, N)

        rate, rising = self.rate(draw, 300)
        self.assertGreater(rate, 0.75)
        self.assertGreater(rising, 0.99 * rate)


class Spread(unittest.TestCase):
    def test_a_fan_is_seen_either_way_round(self):
        x = random.uniform(0, 10, 2 * N)
        errors = {"n": random.normal(0, 1, len(x)), "s": random.exponential(1, len(x)) - 1}
        data = {"x": x}
        for name, error in errors.items():
            data |= {f"wider_{name}": 3 * x + (1 + x) * error, f"narrower_{name}": 3 * x + (11 - x) * error}
        names = [name for name in data if name != "x"]
        found = Lab(csv_of(data)).tests("spread", *[{"x": "x", "y": name} for name in names])
        for name, test in zip(names, found):
            with self.subTest(name):
                way = "+" if name.startswith("wider") else "-"
                whole, effect = test["whole"], test["whole"]["effect"]
                self.assertEqual((test["status"], whole["direction"], test["p_judged"]), ("ok", way, whole["p"]))
                self.assertLess(whole["p"], 1e-3)
                self.assertEqual(effect["name"], "rho")
                self.assertTrue(effect["ci_low"] < effect["value"] < effect["ci_high"])
                self.assertEqual({test[part]["direction"] for part in ("explore", "confirm")}, {way})
                variants = {variant["name"]: variant for variant in test["variants"]}
                self.assertLessEqual({"linear", "permutation", "threes"}, set(variants))
                self.assertTrue(all(variant["agrees"] for variant in variants.values()), variants)
                self.assertGreater(test["mde"]["value"], 0)

    def test_koenker_against_statsmodels(self):
        """Where the line may be any: x has four values."""
        import statsmodels.api as sm
        from statsmodels.stats.diagnostic import het_breuschpagan

        x = random.permutation(np.repeat([1.0, 2.0, 3.0, 4.0], N // 4))
        y = x + x * random.normal(0, 1, N)
        test = Lab(csv_of({"x": x, "y": y})).tests("spread", {"x": "x", "y": "y"})[0]
        variant = next(variant for variant in test["variants"] if variant["name"] == "linear")
        levels = np.column_stack([x == level for level in (1, 2, 3, 4)]).astype(float)
        theirs = het_breuschpagan(sm.OLS(y, levels).fit().resid, sm.add_constant(x))
        self.assertAlmostEqual(variant["statistic"] / theirs[0], 1, delta=0.15)

    def test_what_cannot_be_tested_is_said(self):
        data = {
            "x": random.normal(0, 1, N),
            "group": random.choice(["a", "b"], N),
            "few": random.integers(0, 6, N) * 1.5,
            "y": random.normal(0, 1, N),
        }
        lab = Lab(csv_of(data))
        few, group, missing = lab.tests(
            "spread", {"x": "x", "y": "few"}, {"x": "group", "y": "y"}, {"x": "x", "y": "gone"}
        )
        for test, reason in ((few, "different values"), (group, "numeric"), (missing, "no column")):
            self.assertEqual(test["status"], "not_testable")
            self.assertIn(reason, test["reason"])
        short = Lab(csv_of({name: values[:39] for name, values in data.items()}))
        self.assertIn("rows", short.tests("spread", {"x": "x", "y": "y"})[0]["reason"])

    def test_a_shuffled_fan_is_none_and_far_rows_do_not_make_one(self):
        x = random.uniform(0, 10, N)
        y = 3 * x + (1 + x) * random.normal(0, 1, N)
        far = 3 * x + random.normal(0, 1, N)
        far[np.argsort(x)[-3:]] += [300, -400, 500]
        lab = Lab(csv_of({"x": x, "y": y, "far": far}))
        self.assertGreater(lab.tests("spread", {"x": "x", "y": "y"}, shuffle_seed=1)[0]["whole"]["p"], 1e-3)
        self.assertGreater(lab.tests("spread", {"x": "x", "y": "far"})[0]["whole"]["p"], 1e-3)


if __name__ == "__main__":
    unittest.main()
