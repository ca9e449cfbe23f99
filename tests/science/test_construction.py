"""Columns that are made of others are known by their arithmetic, and related columns are not taken for such."""

import unittest

import numpy as np
from scripts import Lab, csv_of
from test_structure import METALS, SCRIPT, drawn, plain_tables

N = 160


class Made(unittest.TestCase):
    def setUp(self):
        self.random = drawn(300)

    def profile(self, columns, **asked):
        profile = Lab(csv_of(columns), **asked).profile
        for pair in profile["tautologies"]:
            self.assertEqual(set(pair), {"x", "y", "kind", "reason"})
            self.assertIn(pair["kind"], SCRIPT["IDENTITY_KINDS"])
            self.assertGreater(len(pair["reason"]), 12)
        for identity in profile["identities"]:
            self.assertEqual(set(identity), {"kind", "columns", "text"})
            self.assertIn(identity["kind"], SCRIPT["IDENTITY_KINDS"])
            self.assertTrue(len(identity["columns"]) >= 2 and set(identity["columns"]) <= set(columns), identity)
        return profile

    def check(self, columns, kind, pairs, text=None, **asked):
        """The pairs, all of one kind, and no others; and the identity that is told of them."""
        profile = self.profile(columns, **asked)
        found = {frozenset((pair["x"], pair["y"])): pair["kind"] for pair in profile["tautologies"]}
        self.assertEqual(found, {frozenset(pair): kind for pair in pairs}, profile["identities"])
        told = [identity["text"] for identity in profile["identities"] if identity["kind"] == kind]
        self.assertTrue(told)
        if text is not None:
            self.assertIn(text, "; ".join(told))
        return profile

    def noise(self, count=2):
        return {name: self.random.normal(size=N).round(3) for name in METALS[:count]}


class Sums(Made):
    def test_with_a_constant_and_an_odd_row(self):
        school, work = self.random.integers(9, 19, N), self.random.integers(0, 36, N)
        age = school + work + 7
        age[5] += 1
        columns = {"school": school, "work": work, "age": age, **self.noise()}
        told = f"age is school + work + 7, but for 1 of {N} rows"
        self.check(columns, "sum", [("age", "school"), ("age", "work")], told)

    def test_of_few_values(self):
        a, b = self.random.integers(0, 3, N), self.random.integers(0, 3, N)
        self.check({"a": a, "b": b, "score": a + b, **self.noise()}, "sum", [("a", "score"), ("b", "score")])

    def test_rounded_before_and_after(self):
        a, b = self.random.normal(50, 9, N), self.random.normal(30, 7, N)
        columns = {"a": a.round(1), "b": b.round(1), "both": (a + b).round(1), **self.noise()}
        self.check(columns, "sum", [("a", "both"), ("b", "both")], "both is a + b")

    def test_half_of_a_sum(self):
        a, b = self.random.normal(50, 9, N).round(1), self.random.normal(30, 7, N).round(1)
        columns = {"a": a, "b": b, "mid": ((a + b) / 2).round(2), **self.noise()}
        self.check(columns, "sum", [("a", "mid"), ("b", "mid")], "half of (a + b)")

    def test_a_change_and_its_baseline(self):
        start = self.random.normal(80, 11, N).round(1)
        end = (start * 0.7 + 20 + self.random.normal(0, 6, N)).round(1)
        change = self.check(
            {"start": start, "end": end, "lost": (start - end).round(1), **self.noise()},
            "change",
            [("start", "lost"), ("end", "lost")],
            "lost is start - end",
        )
        self.assertNotIn("start", {pair["x"] for pair in change["tautologies"] if pair["y"] == "end"})
        share = (100 * (end - start) / start).round(2)
        columns = {"start": start, "end": end, "change_pct": share, **self.noise()}
        self.check(columns, "change", [("start", "change_pct"), ("end", "change_pct")], "end / start x 100 - 100")

    def test_a_total_of_many(self):
        parts = self.random.integers(0, 40, size=(N, 5))
        columns = {f"p{place}": parts[:, place] for place in range(5)}
        total = {"points": parts.sum(axis=1), **self.noise()}
        self.check(columns | total, "total", [(name, "points") for name in columns], "points is a sum over p0, p1")

    def test_ratios_and_products(self):
        tall, heavy = self.random.normal(1.7, 0.1, N).round(2), self.random.normal(70, 9, N).round(1)
        columns = {"tall": tall, "heavy": heavy, "bmi": (heavy / tall**2).round(1), **self.noise()}
        self.check(columns, "product", [("tall", "bmi"), ("heavy", "bmi")], "heavy / tall squared")
        made, sold = self.random.integers(200, 900, N), self.random.integers(20, 200, N)
        columns = {"made": made, "sold": sold, "sold_pct": (100 * sold / made).round(2), **self.noise()}
        self.check(columns, "product", [("made", "sold_pct"), ("sold", "sold_pct")])

    def test_what_only_resembles_a_sum(self):
        a, b = self.random.normal(50, 9, N).round(1), self.random.normal(30, 7, N).round(1)
        columns = {"a": a, "b": b, "near": (a + b + self.random.normal(0, 2, N)).round(1), **self.noise()}
        self.assertEqual(self.profile(columns)["identities"], [])

    def test_a_copy_shares_what_is_made_of_its_original(self):
        a, b = self.random.normal(50, 9, N).round(1), self.random.normal(30, 7, N).round(1)
        columns = {"a": a, "b": b, "both": (a + b).round(1), "a_inch": (a / 2.54).round(3)}
        pairs = {frozenset((p["x"], p["y"])) for p in self.profile(columns)["tautologies"]}
        wanted = [("a", "both"), ("b", "both"), ("a", "a_inch"), ("a_inch", "both")]
        self.assertEqual(pairs, {frozenset(pair) for pair in wanted})


class Shares(Made):
    def test_percentages_that_add_to_a_hundred(self):
        grams = self.random.gamma(3, 1, size=(N, 4))
        parts = (100 * grams / grams.sum(axis=1, keepdims=True)).round(1)
        columns = {name: parts[:, place] for place, name in enumerate(METALS[:4])}
        pairs = [(a, b) for place, a in enumerate(METALS[:4]) for b in METALS[place + 1 : 4]]
        self.check(columns | {"depth": self.random.normal(size=N).round(2)}, "percentages", pairs, "add up to 100")
        # Apart from each other, among other columns.
        mixed = {"tin": columns["tin"], "depth": self.random.normal(size=N).round(2), "lead": columns["lead"]}
        mixed |= {"age": self.random.integers(20, 60, N), "iron": columns["iron"], "zinc": columns["zinc"]}
        self.check(mixed, "percentages", pairs)

    def test_hours_of_a_day(self):
        sleep, work = self.random.integers(5, 10, N), self.random.integers(0, 9, N)
        columns = {"sleep": sleep, "work": work, "rest": 24 - sleep - work, **self.noise()}
        pairs = [("sleep", "work"), ("sleep", "rest"), ("work", "rest")]
        self.check(columns, "percentages", pairs, "add up to 24")

    def test_parts_of_a_total_that_is_not_all_there(self):
        parts = self.random.gamma(4, 1, size=(N, 3)).round(2)
        total = parts.sum(axis=1).round(2)
        columns = {"rent": parts[:, 0], "food": parts[:, 1], "total_cost": total}
        self.check(columns, "part", [("rent", "total_cost"), ("food", "total_cost")])
        # Of two parts the slopes tell it without a name, of one they do not.
        self.check({"rent": parts[:, 0], "food": parts[:, 1], "q": total}, "part", [("rent", "q"), ("food", "q")])
        self.assertEqual(self.profile({"rent": parts[:, 0], "q": total})["identities"], [])

    def test_growth_is_no_part(self):
        start = self.random.normal(50, 6, N).round(1)
        end = (start + self.random.normal(12, 3, N)).round(1)
        self.assertEqual(self.profile({"start_kg": start, "end_kg": end, **self.noise()})["identities"], [])

    def test_one_denominator(self):
        tons, heads = np.exp(0.4 * self.random.normal(size=(N, 3))), np.exp(0.6 * self.random.normal(size=N))
        columns = {f"{name}_per_head": (tons[:, place] / heads).round(4) for place, name in enumerate(METALS[:3])}
        names = list(columns)
        pairs = [(a, b) for place, a in enumerate(names) for b in names[place + 1 :]]
        self.check(columns, "share", pairs, "by their names")
        shown = columns | {"heads": (1000 * heads).round()}
        self.check(shown, "share", pairs + [(name, "heads") for name in names])

    def test_a_denominator_that_names_tell(self):
        # One slope in eighty misses -1 by more than 2.5 errors.
        for _ in range(30):
            tons, heads = np.exp(0.4 * self.random.normal(size=(N, 3))), np.exp(0.6 * self.random.normal(size=N))
            columns = {f"{name}_per_head": (tons[:, place] / heads).round(4) for place, name in enumerate(METALS[:3])}
            told = {(pair["x"], pair["y"]) for pair in self.profile(columns | {"heads": heads})["tautologies"]}
            self.assertEqual(len(told), 6)

    def test_a_share_with_names_alone_is_none(self):
        columns = {f"{name}_per_head": self.random.gamma(4, 1, N).round(3) for name in METALS[:3]}
        self.assertEqual(self.profile(columns)["identities"], [])


class OneColumn(Made):
    def test_near_copies(self):
        first = self.random.normal(40, 9, N)
        columns = {"ruler": first.round(1), "lens": (first + self.random.normal(0, 0.8, N)).round(1), **self.noise()}
        profile = self.check(columns, "near_copy", [("ruler", "lens")])
        # Two readings of one thing: their difference is a question, their correlation is none.
        self.assertEqual([(pair["x"], pair["y"]) for pair in profile["paired"]], [("ruler", "lens")])

    def test_a_strong_correlation_is_no_copy(self):
        for seed in range(4):
            random = drawn(310 + seed)
            first = random.normal(size=N)
            second = 0.95 * first + np.sqrt(1 - 0.95**2) * random.normal(size=N)
            far = np.r_[random.normal(size=N - 2), 60, 90]
            columns = {"a": first.round(3), "b": second.round(3), "far": far, "wide": far + random.normal(size=N)}
            with self.subTest(seed=seed):
                self.assertEqual(self.profile(columns)["identities"], [])

    def test_bins_and_flags(self):
        age = self.random.integers(18, 80, N)
        band = np.where(age < 30, "young", np.where(age < 55, "middle", "old"))
        self.check({"age": age, "band": band, **self.noise()}, "bins", [("age", "band")])
        self.check({"age": age, "decade": age // 10, **self.noise()}, "bins", [("age", "decade")])
        self.check({"age": age, "adult": np.where(age > 40, "y", "n"), **self.noise()}, "flag", [("age", "adult")])

    def test_a_flag_that_errs_near_its_limit(self):
        grade = self.random.normal(size=N)
        passed = np.where(grade + 0.1 * self.random.normal(size=N) > 0, "passed", "failed")
        self.check({"grade": grade, "result": passed, **self.noise()}, "flag", [("grade", "result")], "but for")

    def test_kinds_that_differ_by_nature_are_no_bins(self):
        kind = self.random.integers(0, 3, N)
        columns = {
            "petal": np.array([1.5, 4.6, 9.5])[kind] + self.random.normal(0, 0.3, N),
            "leaf": np.array([30.0, 12, 4])[kind] + self.random.normal(size=N),
            "kind": np.array(["rush", "sedge", "reed"])[kind],
        }
        self.assertEqual(self.profile(columns)["identities"], [])

    def test_recodes(self):
        code = self.random.integers(0, 3, N)
        self.check(
            {
                "sex": np.array(["f", "m", "d"])[code],
                "geschlecht": np.array(["weiblich", "anders", "divers"])[code],
                **self.noise(),
            },
            "recode",
            [("sex", "geschlecht")],
        )
        rare = {f"rare_{place}": (np.arange(40) == place % 2) * 1 for place in range(4)}
        found = self.profile({**rare, "x": self.random.normal(size=40)})["identities"]
        # One row of forty is the same in two columns by chance.
        self.assertNotIn("recode", {identity["kind"] for identity in found})

    def test_exclusive_dummies(self):
        zone = self.random.choice(4, N, p=[0.3, 0.3, 0.25, 0.15])
        names = ["coast", "hill", "plain"]
        pairs = [("coast", "hill"), ("coast", "plain"), ("hill", "plain")]
        for one, zero in ((1, 0), ("yes", "no"), ("True", "False")):
            columns = {name: np.where(zone == place, one, zero) for place, name in enumerate(names)}
            with self.subTest(one):
                self.check(columns | self.noise(), "dummies", pairs, "at most one of them is set")

    def test_flags_that_meet_are_no_dummies(self):
        flags = {name: (self.random.random(N) < 0.12) * 1 for name in METALS}
        self.assertEqual(self.profile(flags | {"size": self.random.normal(size=N)})["identities"], [])


class Rows(Made):
    def test_lags_and_running_means(self):
        flow = self.random.normal(10, 2, N)
        means = np.convolve(flow, np.ones(5) / 5)[:N]
        means[:4] = np.nan
        columns = {
            "flow": flow.round(3),
            "flow_before": [None, *flow[:-1].round(3)],
            "flow_mean": [None if np.isnan(value) else round(value, 3) for value in means],
            "rain": self.random.normal(size=N).round(3),
        }
        profile = self.profile(columns)
        told = {identity["kind"]: identity["text"] for identity in profile["identities"]}
        self.assertEqual(told["lag"], "flow_before is flow of the row before")
        self.assertEqual(told["running_mean"], "flow_mean is the mean of flow over the 5 rows ending there")
        pairs = {frozenset((pair["x"], pair["y"])) for pair in profile["tautologies"]}
        made = ["flow", "flow_before", "flow_mean"]
        self.assertEqual(pairs, {frozenset((a, b)) for place, a in enumerate(made) for b in made[place + 1 :]})

    def test_in_the_order_of_a_date_and_within_units(self):
        days = np.arange("2019-01-01", "2019-06-10", dtype="datetime64[D]").astype(str)
        flow = np.cumsum(self.random.normal(size=len(days))).round(3)
        steps = [None, *np.diff(flow).round(3)]
        order = self.random.permutation(len(days))
        columns = {"day": days[order], "flow": flow[order], "rise": [steps[place] for place in order]}
        columns["rain"] = self.random.normal(size=len(days)).round(3)
        self.check(columns, "lag", [("flow", "rise")], "rise is the change of flow from the row before")
        unit, week = np.repeat(np.arange(20), 8), np.tile(np.arange(8), 20)
        level = (self.random.normal(size=20)[unit] + self.random.normal(size=160)).round(4)
        before = [None if w < 2 else level[row - 2] for row, w in enumerate(week)]
        order = self.random.permutation(160)
        columns = {"ewe": unit[order] * 7 % 23 + 100, "week": week[order], "level": level[order]}
        columns |= {"early": [before[row] for row in order], "rain": self.random.normal(size=160).round(3)}
        self.check(columns, "lag", [("level", "early")], "early is level of 2 rows before", declared={"subject": "ewe"})

    def test_sums_and_smoothing(self):
        gain = self.random.normal(size=N).round(3)
        smooth = np.zeros(N)
        for row in range(1, N):
            smooth[row] = 0.8 * smooth[row - 1] + 0.2 * gain[row]
        columns = {"gain": gain, "so_far": np.cumsum(gain).round(3), **self.noise()}
        self.check(columns, "lag", [("gain", "so_far")], "gain is the change of so_far from the row before")
        columns = {"gain": gain, "smooth": smooth, **self.noise()}
        self.check(columns, "running_mean", [("gain", "smooth")], "0.2 of it and the rest")


class Gaps(Made):
    def test_missing_by_a_level_and_by_a_limit(self):
        treated = self.random.random(N) < 0.5
        start = [int(day) if on else None for day, on in zip(self.random.integers(1, 90, N), treated)]
        columns = {"treated": np.where(treated, "yes", "no"), "start_day": start, **self.noise()}
        self.check(columns, "missing_by_value", [("treated", "start_day")], "missing exactly where treated is no")
        iron = self.random.normal(size=N).round(3)
        zinc = [None if x > 0.7 else round(self.random.normal(), 3) for x in iron]
        self.check(
            {"iron": iron, "zinc": zinc, "age": self.random.integers(20, 60, N)}, "missing_by_value", [("iron", "zinc")]
        )

    def test_gaps_that_only_go_along(self):
        iron = self.random.normal(size=N).round(3)
        zinc = [None if x + self.random.normal() > 0.7 else round(self.random.normal(), 3) for x in iron]
        self.assertEqual(self.profile({"iron": iron, "zinc": zinc, **self.noise()})["identities"], [])


class Many(Made):
    def test_of_very_many_columns_the_first_are_looked_at(self):
        columns = {f"v{place}": self.random.normal(size=60).round(3) for place in range(205)}
        columns["v1"] = 2 * columns["v0"]
        profile = self.profile(columns)
        self.assertEqual([identity["columns"] for identity in profile["identities"]], [["v0", "v1"]])
        self.assertTrue(any("among the first 200 of 205" in warning for warning in profile["warnings"]))

    def test_plain_tables_have_no_identities_in_another_order_either(self):
        for name, columns in plain_tables(drawn(320), 90).items():
            turned = dict(reversed(columns.items()))
            with self.subTest(name):
                self.assertEqual(self.profile(turned)["identities"], [])


if __name__ == "__main__":
    unittest.main()
