"""What the profile says of columns and of how rows belong together."""

import unittest

import numpy as np
from scripts import Lab, csv_of

random = np.random.default_rng(3)
N = 120


class Rows(unittest.TestCase):
    def setUp(self):
        self.random = np.random.default_rng(8)

    def sketch(self, columns):
        return Lab(csv_of(columns)).profile["row_sketch"]

    def test_a_table_is_known_again_by_its_rows(self):
        columns = {
            "size": self.random.normal(50, 10, N).round(2),
            "count": self.random.integers(0, 40, N),
            "species": self.random.choice(["a", "b", "c"], N),
        }
        sketch = self.sketch(columns)
        self.assertEqual(len(sketch), N)
        self.assertEqual(sketch, sorted(set(sketch)))
        self.assertTrue(all(0 <= row < 2**53 for row in sketch))
        order = self.random.permutation(N)
        turned = {name: np.asarray(columns[name])[order] for name in ("species", "size", "count")}
        self.assertEqual(self.sketch(turned), sketch)
        half = {name: np.asarray(values)[: N // 2] for name, values in columns.items()}
        self.assertTrue(set(self.sketch(half)) < set(sketch))
        missing = {**columns, "count": [None, *columns["count"][1:]]}
        self.assertEqual(len(set(self.sketch(missing)) & set(sketch)), N - 1)
        other = {**columns, "size": columns["size"] + 1000}
        self.assertEqual(set(self.sketch(other)) & set(sketch), set())

    def test_no_more_than_so_many(self):
        large = {"size": self.random.normal(50, 10, 3000), "other": self.random.normal(50, 10, 3000)}
        self.assertEqual(len(self.sketch(large)), 256)


class Columns(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        size = random.normal(50, 10, N).round(2)
        cls.columns = {
            "id": range(1, N + 1),
            "size": size,
            "grade": random.integers(1, 6, N),
            "dead": random.integers(0, 2, N),
            "sex": random.choice([-0.0446, 0.0507], N),
            "species": random.choice(["a", "b", "c"], N),
            "cluster": random.integers(0, 3, N),
            "answer": random.choice(["Yes", "no"], N),
            "same": ["k"] * N,
            "void": [None] * N,
            "when": [f"2020-{1 + i // 28:02d}-{1 + i % 28:02d}" for i in range(N)],
            "note": [f"remark number {i} " + "long text " * 8 for i in range(N)],
            "town": [f"town {i % 40}" for i in range(N)],
            "money": [f"{v:,.2f}" for v in random.uniform(900, 99999, N)],
            "part": [f"{v:.1f}%" for v in random.uniform(0, 100, N)],
            "zip": [f"{v:05d}" for v in random.integers(100, 99999, N)],
            "sentinel": np.where(random.random(N) < 0.1, -999.0, random.uniform(0, 10, N).round(3)),
            "remark": [None if i % 10 == 0 else "unknown" if i % 40 == 5 else round(i * 0.37, 2) for i in range(N)],
            "boundless": ["inf" if i == 3 else round((i * 17 % 101) * 0.7, 2) for i in range(N)],
            "dependents": random.choice(["0", "1", "2", "3+"], N),
            "unique_float": random.normal(0, 1, N),
            "marker": ["?" if i % 6 == 0 else "NA" if i % 7 == 0 else i * i % 31 + 0.5 for i in range(N)],
        }
        cls.lab = Lab(csv_of(cls.columns))

    def role(self, name):
        return self.lab.column(name)["role"]

    def test_roles(self):
        wanted = {
            "id": "identifier",
            "size": "numeric",
            "grade": "numeric",
            "dead": "binary",
            "sex": "binary",
            "species": "categorical",
            "cluster": "categorical",
            "answer": "binary",
            "same": "constant",
            "void": "empty",
            "when": "numeric",
            "note": "text",
            "town": "categorical",
            "money": "numeric",
            "part": "numeric",
            "sentinel": "numeric",
            "remark": "numeric",
            "boundless": "numeric",
            "dependents": "numeric",
            "unique_float": "numeric",
            "marker": "numeric",
        }
        self.assertEqual({name: self.role(name) for name in wanted}, wanted)
        self.assertNotEqual(self.role("zip"), "numeric")

    def test_usable_or_excluded_with_a_reason(self):
        for column in self.lab.profile["columns"]:
            self.assertNotEqual(column["usable"], bool(column["excluded"]), column["name"])

    def test_levels_are_strings_most_frequent_first(self):
        levels = self.lab.column("species")["levels"]
        self.assertEqual([entry["n"] for entry in levels], sorted((entry["n"] for entry in levels), reverse=True))
        self.assertEqual({entry["level"] for entry in self.lab.column("dead")["levels"]}, {"0", "1"})
        self.assertEqual(self.lab.column("answer")["yes_level"], "Yes")
        self.assertTrue(self.lab.column("grade")["ordinal"])

    def test_missing_cells(self):
        self.assertEqual(self.lab.column("sentinel")["min"] >= 0, True)
        self.assertEqual(self.lab.column("boundless")["missing"], 1)
        self.assertEqual(self.lab.column("remark")["missing"], 12 + 3)
        self.assertTrue(any("-999" in warning for warning in self.lab.profile["warnings"]))

    def test_numbers_with_signs(self):
        self.assertAlmostEqual(
            self.lab.column("money")["mean"], np.mean([float(v.replace(",", "")) for v in self.columns["money"]])
        )
        self.assertLess(self.lab.column("part")["max"], 100.1)


class Tautologies(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        a, b, c, d = (
            random.normal(70, 12, N).round(1),
            random.normal(1.7, 0.1, N).round(2),
            random.uniform(1, 9, N),
            random.uniform(1, 9, N),
        )
        casual, member = random.integers(5, 400, N), random.integers(5, 900, N)
        city = random.integers(0, 9, N)
        cls.lab = Lab(
            csv_of(
                {
                    "weight": a,
                    "height": b,
                    "bmi": (a / b**2).round(1),
                    "pounds": (a * 2.2046).round(1),
                    "log_c": np.log(c),
                    "c": c,
                    "d": d,
                    "c_plus_d": c + d,
                    "c_times_d": c * d,
                    "half": c / 2 + 3,
                    "noisy": c + random.normal(0, 0.05, N),
                    "band": np.where(a < 62, "low", np.where(a < 75, "mid", "high")),
                    "heavy": (a > 71).astype(int),
                    "casual": casual,
                    "member": member,
                    "count": casual + member,
                    "city": [f"c{k}" for k in city],
                    "land": [f"l{k // 3}" for k in city],
                    "land_code": [k // 3 + 4 for k in city],
                    "t1": c,
                    "e1": random.normal(0, 1, N),
                    "e2": random.normal(0, 1, N),
                    "e3": random.normal(0, 1, N),
                }
            )
        )
        cls.pairs = {frozenset((pair["x"], pair["y"])) for pair in cls.lab.profile["tautologies"]}

    def test_found(self):
        for pair in [
            ("weight", "bmi"),
            ("height", "bmi"),
            ("weight", "pounds"),
            ("log_c", "c"),
            ("c", "c_plus_d"),
            ("d", "c_plus_d"),
            ("c", "c_times_d"),
            ("c", "half"),
            ("weight", "band"),
            ("weight", "heavy"),
            ("casual", "count"),
            ("member", "count"),
            ("city", "land"),
            ("land", "land_code"),
            ("c", "t1"),
            ("c", "noisy"),
        ]:
            self.assertIn(frozenset(pair), self.pairs)

    def test_not_found(self):
        for pair in [
            ("casual", "member"),
            ("c", "d"),
            ("half", "d"),
            ("weight", "height"),
            ("e1", "e2"),
            ("c", "e3"),
            ("pounds", "e3"),
        ]:
            self.assertNotIn(frozenset(pair), self.pairs)

    def test_separated_classes_are_no_tautology(self):
        petal = np.r_[random.normal(1.5, 0.15, 40), random.normal(5, 0.6, 80)].round(1)
        lab = Lab(csv_of({"petal": petal, "setosa": ["yes"] * 40 + ["no"] * 80, "other": random.normal(0, 1, 120)}))
        self.assertEqual(lab.profile["tautologies"], [])

    def test_two_totals_over_the_years_are_no_tautology(self):
        years = np.arange(1950, 1990)
        lab = Lab(
            csv_of(
                {
                    "year": years,
                    "people": (100 + 2 * (years - 1950) + random.uniform(0, 0.9, 40)).round(3),
                    "cars": (5 * 1.05 ** (years - 1950) + random.uniform(0, 0.2, 40)).round(3),
                }
            )
        )
        self.assertEqual(lab.profile["tautologies"], [])
        self.assertEqual(lab.profile["time"], {"column": "year"})

    def test_weighted_sums_and_totals(self):
        father, mother = random.normal(69, 2.5, N).round(1), random.normal(64, 2.3, N).round(1)
        a, b, c = (random.integers(1, 200, N) for _ in range(3))
        lab = Lab(
            csv_of(
                {
                    "father": father,
                    "mother": mother,
                    "midparent": ((father + 1.08 * mother) / 2).round(2),
                    "a": a,
                    "b": b,
                    "c": c,
                    "all": a + b + c,
                }
            )
        )
        pairs = {frozenset((pair["x"], pair["y"])) for pair in lab.profile["tautologies"]}
        wanted = [("father", "midparent"), ("mother", "midparent"), ("a", "all"), ("b", "all"), ("c", "all")]
        self.assertEqual(pairs, {frozenset(pair) for pair in wanted})


class Structure(unittest.TestCase):
    def test_cross_tabulations_are_expanded(self):
        rows = [(a, b, 3 + 7 * i % 11) for i, (a, b) in enumerate((a, b) for a in "uvw" for b in ("no", "yes"))]
        lab = Lab("\n".join(["arm,cured,Freq"] + [f"{a},{b},{n}" for a, b, n in rows]))
        total = sum(n for _, _, n in rows)
        self.assertEqual(lab.profile["rows"], total)
        self.assertEqual(lab.profile["expanded"], {"by": "Freq", "from": 6})
        self.assertEqual(sum(level["n"] for level in lab.column("cured")["levels"]), total)
        self.assertEqual(lab.tests("categorical_categorical", {"x": "arm", "y": "cured"})[0]["whole"]["n"], total)

    def test_counts_beside_measurements_are_not_expanded(self):
        lab = Lab(
            csv_of({"site": ["a", "b"] * 20, "count": random.integers(0, 30, 40), "depth": random.normal(0, 1, 40)})
        )
        self.assertEqual(lab.profile["rows"], 40)
        self.assertIsNone(lab.profile["expanded"])

    def test_a_short_run_of_whole_numbers_is_a_measurement(self):
        lab = Lab(csv_of({"height": range(58, 73), "weight": [115 + 3 * i + i * i // 9 for i in range(15)]}))
        self.assertEqual(lab.column("height")["role"], "numeric")

    def test_event_levels(self):
        status, sick = random.integers(1, 3, 60), random.choice(["Sick", "Well"], 60)
        lab = Lab(csv_of({"status": status, "state": sick, "flag": random.integers(0, 2, 60)}))
        self.assertEqual([lab.column(name)["yes_level"] for name in ("status", "state", "flag")], ["2", "Sick", "1"])

    def test_panel(self):
        lab = Lab(
            csv_of(
                {
                    "country": [f"land {i // 6}" for i in range(180)],
                    "year": [1990 + 5 * (i % 6) for i in range(180)],
                    "gdp": random.lognormal(8, 1, 180),
                    "life": random.normal(60, 9, 180),
                }
            )
        )
        self.assertEqual(lab.profile["units"], {"column": "country", "n_units": 30})
        self.assertEqual(lab.profile["split"]["by"], "country")
        self.assertFalse(lab.column("country")["usable"])

    def test_cross_section_has_no_units(self):
        lab = Lab(
            csv_of(
                {
                    "make": random.choice(["a", "b", "c", "d"], 90),
                    "weight": random.normal(0, 1, 90),
                    "year": random.integers(1970, 1982, 90),
                }
            )
        )
        self.assertIsNone(lab.profile["units"])
        self.assertIsNone(lab.profile["time"])

    def test_pairs_wide(self):
        base = random.normal(120, 10, 60)
        lab = Lab(
            csv_of(
                {
                    "bp_before": base,
                    "bp_after": base - random.normal(5, 4, 60),
                    "s1": base,
                    "s2": random.normal(1, 1, 60),
                    "s3": random.normal(1, 1, 60),
                }
            )
        )
        self.assertEqual([(pair["x"], pair["y"]) for pair in lab.profile["paired"]], [("bp_before", "bp_after")])

    def test_pairs_long(self):
        lab = Lab(
            csv_of(
                {
                    "subject": [i % 20 for i in range(40)],
                    "drug": ["a"] * 20 + ["b"] * 20,
                    "sleep": random.normal(6, 1, 40),
                }
            )
        )
        self.assertEqual(lab.profile["units"], {"column": "subject", "n_units": 20})
        self.assertEqual([(pair["x"], pair["y"]) for pair in lab.profile["paired"]], [("drug", "sleep")])

    def test_ranks_are_measured_and_schools_are_groups(self):
        order = random.permutation(60) + 1
        lab = Lab(
            csv_of(
                {
                    "town": [f"t{i}" for i in range(60)],
                    "wealth_rank_of_80": order,
                    "school": list("abcdef") * 9 + list("aaabbc"),
                    "score": order + random.normal(0, 5, 60),
                }
            )
        )
        self.assertEqual(lab.column("wealth_rank_of_80")["role"], "numeric")
        self.assertEqual(lab.column("school")["role"], "categorical")
        self.assertIsNone(lab.profile["units"])

    def test_survival(self):
        lab = Lab(
            csv_of(
                {
                    "time": random.exponential(10, 50),
                    "status": random.integers(0, 2, 50),
                    "age": random.normal(60, 8, 50),
                }
            )
        )
        self.assertEqual([(pair["duration"], pair["event"]) for pair in lab.profile["survival"]], [("time", "status")])

    def test_small_tables_are_not_split(self):
        lab = Lab(csv_of({"a": random.normal(0, 1, 30), "b": random.normal(0, 1, 30)}))
        self.assertFalse(lab.profile["split"]["possible"])


if __name__ == "__main__":
    unittest.main()
