"""The smallest detectable effect: found in four of five tables, at the level and on the rows that judge."""

import unittest

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from scipy import stats
from scripts import Lab, csv_of

N = 160


def lab_of(columns):
    """A table as a profile leaves it, without a profile: simulations have hundreds of columns."""
    lab = Lab()
    (lab.root / "profile").mkdir()
    pq.write_table(pa.table(columns), lab.root / "profile" / "table.parquet")
    return lab


class Detectable(unittest.TestCase):
    def test_every_kind_tells_its_level(self):
        random = np.random.default_rng(1)
        x, z = random.normal(0, 1, (2, N))
        group = random.choice(["a", "b", "c"], N)
        columns = {"x": x, "z": z, "y": 0.2 * x + random.normal(0, 1, N), "group": group}
        columns["arm"] = random.choice(["n", "o"], N)
        columns |= {"won": np.where(random.random(N) < 0.4, "yes", "no"), "dose": random.choice([1.0, 2.0, 4.0], N)}
        columns |= {"events": random.poisson(4.0, N).astype(float), "time": random.exponential(1, N) + 0.1}
        columns |= {"status": random.choice(["0", "1"], N), "second": x + random.normal(0, 1, N)}
        lab = lab_of(columns)
        survived = {"duration": "time", "event": "status"}
        asked = {
            "numeric_numeric": [{"x": "x", "y": "y"}],
            "group_numeric": [{"x": "arm", "y": "y"}, {"x": "group", "y": "y"}],
            "categorical_categorical": [{"x": "group", "y": "arm"}],
            "numeric_binary": [{"x": "x", "y": "won"}],
            "paired": [{"x": "x", "y": "second"}],
            "adjusted": [{"x": "x", "y": "y", "covariates": ["z"]}, {"x": "group", "y": "y", "covariates": ["z"]}],
            "stratified": [{"x": "x", "y": "y", "by": "group"}, {"x": "group", "y": "y", "by": "arm"}],
            "interaction": [{"x": "x", "y": "y", "by": "arm"}, {"x": "group", "y": "y", "by": "x"}],
            "dose_response": [{"x": "dose", "y": "y"}],
            "spread": [{"x": "x", "y": "y"}],
            "curve": [{"x": "x", "y": "y"}],
            "survival": [{"x": "x", "y": "time", **survived}],
            "counts": [{"x": "x", "y": "events"}, {"x": "group", "y": "events"}],
            "designed": [
                {"x": "arm", "y": "y", "covariates": ["group"]},
                {"x": "group", "y": "y", "covariates": ["arm"]},
            ],
        }
        for kind, tests in asked.items():
            # By the protocol, by the test itself, which comes first, and on the rows held back.
            strict = [{**test, "level": 0.001} for test in tests]
            half = [{**test, "part": "confirm"} for test in tests]
            wide, own, part = lab.tests(kind, *tests), lab.tests(kind, *strict, level=0.01), lab.tests(kind, *half)
            shared = lab.tests(kind, *tests, level=0.01)
            for place in range(len(tests)):
                with self.subTest(kind=kind, place=place):
                    plain, middle, small, held = (found[place]["mde"] for found in (wide, shared, own, part))
                    self.assertEqual([mde["alpha"] for mde in (plain, middle, small, held)], [0.05, 0.01, 0.001, 0.05])
                    self.assertEqual({mde["power"] for mde in (plain, middle, small, held)}, {0.8})
                    self.assertTrue(plain["value"] < middle["value"] < small["value"])
                    self.assertLess(plain["value"], held["value"])

    def test_four_of_five_are_found(self):
        """At a strict level, on all rows and on those held back: within four standard errors of 80 %."""
        random = np.random.default_rng(2)
        arm = np.where(random.random(N) < 0.4, "new", "old")
        x, third = random.normal(0, 1, N), np.array(list("abc"))[random.integers(0, 3, N)]
        for kind, name, more in (
            ("numeric_numeric", "x", {}), ("group_numeric", "arm", {}), ("stratified", "x", {"by": "third"}),
        ):  # fmt: skip
            for part in ("whole", "confirm"):
                with self.subTest(kind=kind, part=part):
                    asked = {"x": name, "level": 0.005, "part": part, "permutations": 0, **more}
                    base = {"x": x, "arm": arm, "third": third}
                    first = lab_of({**base, "y": random.normal(0, 1, N)}).tests(kind, {**asked, "y": "y"})[0]
                    size, columns, tests = first["mde"]["value"], {}, []
                    for i in range(300):
                        # Numbers anew in each table, as a correlation is one of rows that are drawn.
                        own = random.normal(0, 1, N)
                        score = own * size / np.sqrt(1 - size**2) if name == "x" else size * (arm == "new")
                        columns |= {f"x{i}": own, f"y{i}": score + random.normal(0, 1, N)}
                        tests.append({**asked, "x": f"x{i}" if name == "x" else name, "y": f"y{i}"})
                    found = [test[part]["p"] for test in lab_of({**base, **columns}).tests(kind, *tests)]
                    power = np.mean(np.array(found) < 0.005)
                    self.assertTrue(0.70 <= power <= 0.90, power)

    def test_rows_of_a_unit_are_less_than_their_number(self):
        random = np.random.default_rng(3)
        unit = np.repeat(np.arange(20), 8)
        # Units with no number far from those of the others: errors of few that stand out are less sure.
        of_unit = np.array([random.permutation(np.linspace(-1.6, 1.6, 20)) for _ in range(2)])
        x, y = of_unit[:, unit] + random.normal(0, 0.4, (2, N))
        group = np.array(list("abc"))[unit % 3]
        lab = Lab(csv_of({"patient": [f"p{u:02}" for u in unit], "x": x, "y": y, "group": group}))
        shared = {"split": {"by": "patient", "explore": 0.5}}
        asked = {"x": "x", "y": "y", "unit": "patient", "level": 0.01}
        (test,) = lab.tests("numeric_numeric", asked, **shared)
        self.assertEqual(test["p_judged_by"], "cluster_robust")
        # With units that are nearly one row each, it is nearly that of the 20 means.
        means = np.tanh((stats.t.isf(0.005, 19) + stats.t.isf(0.2, 19)) / np.sqrt(17))
        self.assertTrue(0.6 * means < test["mde"]["value"] < 1.3 * means, (test["mde"], means))
        self.assertEqual(test["mde"]["alpha"], 0.01)
        (groups,) = lab.tests("group_numeric", {**asked, "x": "group"}, **shared)
        self.assertEqual(groups["mde"]["name"], groups["whole"]["effect"]["name"])
        free = lab.tests("group_numeric", {**asked, "x": "group", "unit": None})[0]["mde"]
        self.assertGreater(groups["mde"]["value"], 2 * free["value"])


if __name__ == "__main__":
    unittest.main()
