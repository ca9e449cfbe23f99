"""What speaks for rows that are there, or have both values, because of the values themselves."""

import unittest

import numpy as np
from scripts import Lab, csv_of

PAIR = {"x": "iron", "y": "zinc"}


def names_of(lab, kind="numeric_numeric", **more):
    test = lab.tests(kind, {**PAIR, **more})[0]
    return test["caveats"], test["caveat_notes"]


def table(random, rows):
    return {name: random.normal(size=rows) for name in ("iron", "zinc", "copper")}


def kept(columns, rows):
    return {name: values[rows] for name, values in columns.items()}


class EmptyCorner(unittest.TestCase):
    def test_rows_selected_by_a_sum(self):
        for seed in range(6):
            columns = table(np.random.default_rng([seed, 1]), 1200)
            lab = Lab(csv_of(kept(columns, columns["iron"] + columns["zinc"] > 1)))
            caveats, notes = names_of(lab)
            self.assertIn("empty_corner", caveats)
            self.assertRegex(notes["empty_corner"], "slanting line")
            other = lab.tests("numeric_numeric", {"x": "iron", "y": "copper"})[0]
            self.assertNotIn("empty_corner", other["caveats"])
            self.assertIn("empty_corner", names_of(lab, "curve")[0])

    def test_columns_with_edges_of_their_own(self):
        random, told = np.random.default_rng(2), 0
        forms = (
            lambda: (random.normal(size=250), random.normal(size=250)),
            lambda: (random.random(250), random.random(250)),
            lambda: (random.exponential(size=250), random.exponential(size=250)),
            lambda: (lambda x: (x, x + random.normal(size=250)))(random.exponential(size=250)),
            lambda: (lambda x: (x, 0.8 * x + random.normal(size=250)))(random.normal(size=250)),
            lambda: (lambda x: (x, x * x + 0.5 * random.normal(size=250)))(random.uniform(-2, 2, 250)),
        )
        for form in forms:
            for _ in range(5):
                x, y = form()
                told += "empty_corner" in names_of(Lab(csv_of({"iron": x, "zinc": y})))[0]
        self.assertLessEqual(told, 1)


class Missing(unittest.TestCase):
    def test_cells_that_are_missing_by_the_other_column(self):
        columns = table(np.random.default_rng(3), 200)
        columns["iron"] = np.where(columns["iron"] + columns["zinc"] > 0.3, np.nan, columns["iron"])
        lab = Lab(csv_of(columns))
        caveats, notes = names_of(lab)
        self.assertIn("missing_by_other", caveats)
        self.assertRegex(notes["missing_by_other"], r"^iron is missing in \d+ rows that differ in zinc: its median is ")
        self.assertNotIn("missing_by_other", lab.tests("numeric_numeric", {"x": "iron", "y": "copper"})[0]["caveats"])

    def test_levels(self):
        random = np.random.default_rng(4)
        zinc = random.choice(["low", "high"], 300)
        iron = np.where(random.random(300) < np.where(zinc == "low", 0.4, 0.05), np.nan, random.normal(size=300))
        test = Lab(csv_of({"iron": iron, "zinc": zinc})).tests("group_numeric", {"x": "zinc", "y": "iron"})[0]
        self.assertIn("missing_by_other", test["caveats"])
        self.assertRegex(test["caveat_notes"]["missing_by_other"], "% there and .* % elsewhere")

    def test_cells_that_are_missing_by_chance_or_by_themselves(self):
        told = 0
        for seed in range(30):
            random = np.random.default_rng([seed, 5])
            columns = table(random, 150)
            columns["iron"] = np.where(random.random(150) < 0.3, np.nan, columns["iron"])
            columns["zinc"] = np.where(columns["zinc"] > 0.6, np.nan, columns["zinc"])
            told += "missing_by_other" in names_of(Lab(csv_of(columns)))[0]
        self.assertLessEqual(told, 1)


class Survival(unittest.TestCase):
    def test_neither_half_is_tested_alone(self):
        random = np.random.default_rng(6)
        arm = random.integers(0, 2, 200)
        ends, late, early = random.exponential(10, 200), random.uniform(1, 6, 200), random.uniform(6, 24, 200)
        watched = np.where(arm, late, early)
        columns = {
            "arm": np.where(arm, "b", "a"),
            "time": np.minimum(ends, watched).round(2),
            "event": (ends <= watched).astype(int),
            "iron": random.normal(size=200),
        }
        lab = Lab(csv_of(columns))
        self.assertEqual(lab.profile["structure"]["survival"]["duration"], "time")
        for kind, x, y in (
            ("group_numeric", "arm", "time"),
            ("categorical_categorical", "arm", "event"),
            ("numeric_numeric", "iron", "time"),
            ("adjusted", "arm", "time"),
        ):
            test = lab.tests(kind, {"x": x, "y": y, "covariates": ["iron"] if kind == "adjusted" else []})[0]
            self.assertEqual(test["status"], "not_testable", kind)
            self.assertRegex(test["reason"], "tested together as times to an event")
        test = lab.tests("survival", {"x": "arm", "y": "time", "duration": "time", "event": "event"})[0]
        self.assertEqual(test["status"], "ok")
        self.assertEqual(lab.tests("group_numeric", {"x": "arm", "y": "iron"})[0]["status"], "ok")


if __name__ == "__main__":
    unittest.main()
