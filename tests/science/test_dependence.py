"""Pairs of columns in tables whose rows depend on each other: against independent implementations, and by simulation."""

import unittest
from types import SimpleNamespace

import numpy as np
import statsmodels.api as sm
from scipy import stats
from scipy.spatial.distance import cdist
from scripts import Lab, csv_of, library

LIBRARY = {"__name__": "library", "PROTOCOL": {}}
exec(library("numeric_numeric"), LIBRARY)


def lib(name):
    return LIBRARY[name]


def walks(random, rows, columns, memory):
    """Columns of independent autoregressions of the first order."""
    values = np.zeros((rows, columns))
    values[0] = random.normal(size=columns) / np.sqrt(max(1 - memory**2, 1)) if memory < 1 else 0
    for row in range(1, rows):
        values[row] = memory * values[row - 1] + random.normal(size=columns)
    return values


def days(rows, step="D"):
    return [str(day) for day in np.datetime64("2014-01-01", step) + np.arange(rows)]


def share_found(draws, p_of):
    return float(np.mean([p_of(np.random.default_rng([seed, 81])) < 0.05 for seed in range(draws)]))


def series_p(left, right, periods=()):
    """p of two series in order, as the tests take it."""
    found = lib("ordered_series")(None, np.arange(len(left)), periods)
    left, right = left[:, None], right[:, None]
    if not (lib("shows_order")(left, found) and lib("shows_order")(right, found)):
        return lib("associate")(left, right)["p"]
    estimate = lib("Dependence")(found, left, right).estimate()
    return 1.0 if estimate is None else estimate["p"]


class Series(unittest.TestCase):
    def test_as_a_dynamic_regression(self):
        random = np.random.default_rng(3)
        x, noise = walks(random, 180, 2, 0.6).T
        y = 0.3 * x + noise
        lab = Lab(csv_of({"day": days(180), "x": x, "y": y}))
        test = lab.tests("numeric_numeric", {"x": "x", "y": "y"})[0]
        self.assertEqual(test["p_judged_by"], "own_past")
        self.assertRegex(test["why"], "because rows that follow each other by day are alike")
        # By statsmodels: y on x, given what both are given here.
        position = np.linspace(0, 1, 180)
        given, lags = lib("past_of")(x[:, None], y[:, None], (7,))
        self.assertTrue(np.ptp(position) == 1 and lags >= 1)
        design = sm.add_constant(np.column_stack([x, given])[lags:])
        fit = sm.OLS(y[lags:], design).fit()
        self.assertEqual(test["whole"]["n"], 180 - lags)
        self.assertAlmostEqual(test["whole"]["statistic"] / fit.tvalues[1], 1, places=6)
        self.assertAlmostEqual(test["whole"]["p"] / fit.pvalues[1], 1, places=5)
        size = test["whole"]["effect"]
        self.assertEqual(size["name"], "partial_r")
        self.assertTrue(0 < size["ci_low"] < size["value"] < size["ci_high"])

    def test_series_that_have_nothing_to_do_with_each_other(self):
        for memory, rows in ((1.0, 60), (1.0, 150), (0.9, 150), (0.5, 150)):
            with self.subTest(memory=memory, rows=rows):
                found = share_found(200, lambda random: series_p(*walks(random, rows, 2, memory).T))
                # Two standard errors above 5 % are 8 %.
                self.assertLess(found, 0.095)
                plain = share_found(100, lambda random: stats.pearsonr(*walks(random, rows, 2, memory).T).pvalue)
                self.assertGreater(plain, 0.1)

    def test_trends_seasons_and_jumps_are_no_relation(self):
        t = np.arange(120)

        def seasons(random):
            phases = random.uniform(0, 12, 2)
            return [1.2 * np.sin(2 * np.pi * (t + phase) / 12) + random.normal(size=120) for phase in phases]

        def trends(random):
            return [random.choice([-1, 1]) * 2 * t / 120 + 0.7 * random.normal(size=120) for _ in range(2)]

        def jumps(random):
            return [random.choice([-1, 1]) * 1.3 * (t >= 55) + random.normal(size=120) for _ in range(2)]

        for form in (seasons, trends, jumps):
            with self.subTest(form.__name__):
                self.assertLess(share_found(200, lambda random: series_p(*form(random))), 0.095)
                self.assertGreater(share_found(100, lambda random: stats.pearsonr(*form(random)).pvalue), 0.4)

    def test_a_relation_of_two_series_is_found(self):
        for memory in (0.3, 0.9, 1.0):
            with self.subTest(memory=memory):

                def p_of(random, memory=memory):
                    x, noise = walks(random, 150, 2, memory).T
                    return series_p(x, 0.35 * x + noise)

                self.assertGreater(share_found(100, p_of), 0.85)

    def test_one_side_in_any_order_needs_no_model(self):
        random = np.random.default_rng(8)
        walk, other = walks(random, 150, 2, 1.0)[:, 0], walks(random, 150, 1, 1.0)[:, 0]
        free = random.normal(size=150)
        lab = Lab(csv_of({"day": days(150), "walk": walk, "other": other, "free": free}))
        free_test, walks_test = lab.tests("numeric_numeric", {"x": "walk", "y": "free"}, {"x": "walk", "y": "other"})
        self.assertEqual(free_test["p_judged_by"], "primary")
        plain = sm.OLS(free, sm.add_constant(walk)).fit(cov_type="HC3", use_t=True)
        self.assertAlmostEqual(free_test["whole"]["p"], plain.pvalues[1], places=10)
        self.assertEqual(walks_test["p_judged_by"], "own_past")
        self.assertEqual("time_order" in walks_test["caveats"], walks_test["variants"][0]["p"] < 0.05)

    def test_a_trend_along_the_clock(self):
        for memory, rows, most in ((0.0, 60, 0.11), (0.6, 120, 0.13), (1.0, 120, 0.1)):
            with self.subTest(memory=memory):

                def p_of(random, memory=memory, rows=rows, rise=0.0):
                    values = walks(random, rows, 1, memory)[:, 0] + rise * np.arange(rows)
                    return lib("trend_estimate")(np.arange(rows, dtype=float), values, ())["p"]

                self.assertLess(share_found(200, p_of), most)
                if memory < 1:
                    self.assertGreater(share_found(50, lambda random: p_of(random, rise=0.05)), 0.85)

    def test_a_date_and_a_trend(self):
        random = np.random.default_rng(2)
        price = 0.05 * np.arange(120) + walks(random, 120, 1, 0.5)[:, 0]
        lab = Lab(csv_of({"day": days(120), "price": price, "walk": walks(random, 120, 1, 1.0)[:, 0]}))
        rises, walk = lab.tests("numeric_numeric", {"x": "day", "y": "price"}, {"x": "day", "y": "walk"})
        self.assertEqual((rises["whole"]["direction"], rises["whole"]["n"]), ("+", 120))
        self.assertLess(rises["whole"]["p"], 1e-4)
        self.assertRegex(rises["why"], "as a trend over time")
        self.assertGreater(walk["whole"]["p"], 0.05)

    def test_several_rows_at_each_time(self):
        random = np.random.default_rng(5)
        level = walks(random, 40, 2, 0.95)
        when = np.repeat(np.arange(40), 5)
        rows = level[when] + random.normal(0, 0.6, (200, 2))
        months = np.datetime64("2015-01", "M") + when
        lab = Lab(csv_of({"month": [str(month) for month in months], "x": rows[:, 0], "y": rows[:, 1]}))
        test = lab.tests("numeric_numeric", {"x": "x", "y": "y"})[0]
        self.assertRegex(test["why"], "clustered by stretches of month")
        self.assertGreater(test["whole"]["p"], 0.01)


class Units(unittest.TestCase):
    def test_groups_of_units_as_their_means(self):
        random = np.random.default_rng(6)
        unit = np.repeat(np.arange(24), 6)
        arm = np.where(unit % 2, "new", "old")
        score = random.normal(0, 1, 24)[unit] + random.normal(0, 0.3, 144)
        lab = Lab(csv_of({"patient": [f"p{u:02}" for u in unit], "arm": arm, "score": score}))
        asked = {"x": "arm", "y": "score", "unit": "patient"}
        test = lab.tests("group_numeric", asked, split={"by": "patient", "explore": 0.5})[0]
        means = score.reshape(24, 6).mean(axis=1)
        # With as many rows each, it is nearly the t test of the means.
        told = stats.ttest_ind(means[::2], means[1::2])
        self.assertAlmostEqual(test["whole"]["statistic"] / told.statistic, 1, delta=0.06)
        low, high = test["whole"]["effect"]["ci_low"], test["whole"]["effect"]["ci_high"]
        self.assertEqual(low < 0 < high, test["whole"]["p"] >= 0.05)

    def test_intervals_agree_with_p(self):
        for seed in range(40):
            random = np.random.default_rng([seed, 7])
            unit = np.repeat(np.arange(15), 8)
            x, y = (random.normal(0, 0.8, 15)[unit] + random.normal(0, 1, 120) for _ in range(2))
            y = y + 0.2 * x
            group, third = np.where(x > 0, "high", "low"), np.array(list("abc"))[unit % 3]
            columns = {"patient": [f"p{u:02}" for u in unit], "x": x, "y": y, "group": group, "third": third}
            lab = Lab(csv_of(columns))
            pairs = (("numeric_numeric", "x"), ("group_numeric", "group"), ("group_numeric", "third"))
            for kind, name in pairs:
                test = lab.tests(kind, {"x": name, "y": "y", "unit": "patient"})[0]
                whole = test["whole"]
                self.assertEqual(test["p_judged_by"], "cluster_robust")
                low, high = whole["effect"]["ci_low"], whole["effect"]["ci_high"]
                outside = not low <= 0 <= high
                if name != "third":
                    self.assertEqual(outside, whole["p"] < 0.05, (seed, name, whole))

    def test_a_course_that_all_units_share(self):
        def p_of(random):
            unit, visit = np.repeat(np.arange(20), 8), np.tile(np.arange(8), 20)
            course = 0.25 * visit
            x, y = (random.normal(0, 0.8, 20)[unit] + course + random.normal(0, 0.6, 160) for _ in range(2))
            held = {"times": lib("indicators")(visit), "placed": np.ones(160, dtype=bool), "note": ""}
            found = SimpleNamespace(kind="units", name="patient", labels=unit, **held)
            return lib("Dependence")(found, x[:, None], y[:, None]).estimate()["p"]

        self.assertLess(share_found(200, p_of), 0.095)

    def test_units_are_compared_as_they_are(self):
        random = np.random.default_rng(4)
        site = np.repeat(list("abcdef"), 20)
        lab = Lab(csv_of({"site": site, "y": random.normal(size=120) + (site == "c")}))
        test = lab.tests("group_numeric", {"x": "site", "y": "y", "unit": "site"})[0]
        self.assertEqual((test["status"], test["p_judged_by"]), ("ok", "primary"))

    def test_too_few_units_are_said(self):
        random = np.random.default_rng(4)
        unit = np.repeat(np.arange(5), 12)
        lab = Lab(csv_of({"dog": [f"d{u}" for u in unit], "g": np.tile(list("abcdef"), 10), "y": random.normal(size=60)}))
        test = lab.tests("group_numeric", {"x": "g", "y": "y", "unit": "dog"})[0]
        self.assertEqual((test["status"], test["reason"]), ("not_testable", "too few values of dog for a test that accounts for them"))


class LeftOut(unittest.TestCase):
    def test_rows_that_are_left_out_are_said(self):
        """Rows without a time or a place leave the model as it would be without them, and are counted."""
        random = np.random.default_rng(14)
        gone = random.choice(150, 12, replace=False)
        blank = lambda values: [None if row in gone else value for row, value in enumerate(values)]
        walk, other = walks(random, 150, 2, 0.95).T
        points = random.uniform(size=(150, 2))
        fields = [Maps.field(random, 150, points) for _ in range(2)]
        series = {"day": blank(days(150)), "x": walk, "y": other}
        places = {"latitude": blank(47 + points[:, 0]), "longitude": 8 + points[:, 1], "x": fields[0], "y": fields[1]}
        cases = ((series, "12 rows without day left out"), (places, "12 rows without latitude or longitude"))
        for columns, told in cases:
            with self.subTest(told):
                test = Lab(csv_of(columns)).tests("numeric_numeric", {"x": "x", "y": "y"})[0]
                self.assertIn(told, test["why"])
                filled = {name: np.delete(np.array(values), gone) for name, values in columns.items()}
                alone = Lab(csv_of(filled)).tests("numeric_numeric", {"x": "x", "y": "y"})[0]
                self.assertNotIn("left out", alone["why"])
                self.assertEqual(test["whole"]["n"], alone["whole"]["n"])
                self.assertAlmostEqual(test["whole"]["p"], alone["whole"]["p"], places=9)

    def test_rows_without_a_unit_are_said(self):
        random = np.random.default_rng(15)
        unit = np.repeat(np.arange(20), 6)
        x, y = (random.normal(0, 1, 20)[unit] + random.normal(0, 0.5, 120) for _ in range(2))
        names = [None if row % 30 == 0 else f"p{u:02}" for row, u in enumerate(unit)]
        visit = [None if row in (7, 8) else row % 6 for row in range(120)]
        lab = Lab(csv_of({"patient": names, "visit": visit, "x": x, "y": y}))
        asked = {"x": "x", "y": "y", "unit": "patient"}
        test = lab.tests("numeric_numeric", asked, split={"by": "patient", "explore": 0.5})[0]
        self.assertIn("4 rows without patient taken as units of their own", test["why"])
        self.assertIn("with the times held fixed", test["why"])
        self.assertIn("2 rows without visit left out", test["why"])
        self.assertEqual(test["whole"]["n"], 118)

    def test_counts_without_a_time_are_said(self):
        random = np.random.default_rng(16)
        when = np.repeat(np.arange(40), 5)
        level = walks(random, 40, 2, 1.0)[when]
        months = [None if row % 50 == 0 else str(np.datetime64("2015-01", "M") + m) for row, m in enumerate(when)]
        x, y = level[:, 0] + random.normal(0, 0.5, 200), random.poisson(np.exp(2 + 0.2 * level[:, 1]))
        test = Lab(csv_of({"month": months, "x": x, "y": y})).tests("counts", {"x": "x", "y": "y"})[0]
        self.assertIn("clustered by stretches of month", test["why"])
        self.assertIn("4 rows without month left out", test["why"])
        self.assertEqual(test["whole"]["n"], 196)


class Maps(unittest.TestCase):
    @staticmethod
    def field(random, rows, points):
        covariance = np.exp(-cdist(points, points) / 0.3) + 1e-8 * np.eye(rows)
        return np.linalg.cholesky(covariance) @ random.normal(size=rows) + 0.3 * random.normal(size=rows)

    def test_as_generalised_least_squares(self):
        random = np.random.default_rng(1)
        points = random.uniform(size=(120, 2))
        x = self.field(random, 120, points)
        y = 0.5 * x + self.field(random, 120, points)
        scaled = (points - points.mean(axis=0)) / points.std(axis=0)
        found = lib("spatial_estimate")(x[:, None], y[:, None], scaled, None)
        best = None
        for reach in np.geomspace(0.1, 6.0, 7):
            for nugget in (0.01, 0.08, 0.25, 0.5, 0.8, 1.0):
                sigma = (1 - nugget) * np.exp(-cdist(scaled, scaled) / reach) + nugget * np.eye(120)
                fit = sm.GLS(y, sm.add_constant(x), sigma=sigma).fit()
                inverse = np.linalg.inv(sigma)
                design = sm.add_constant(x)
                score = (
                    -np.linalg.slogdet(sigma)[1] / 2
                    - np.linalg.slogdet(design.T @ inverse @ design)[1] / 2
                    - 59 * np.log(float(fit.wresid @ fit.wresid))
                )
                if best is None or score > best[0]:
                    best = (score, fit)
        self.assertAlmostEqual(found["statistic"], best[1].tvalues[1], places=6)
        self.assertAlmostEqual(found["p"] / best[1].pvalues[1], 1, places=6)

    def test_fields_that_have_nothing_to_do_with_each_other(self):
        def p_of(random, slope=0.0):
            points = random.uniform(size=(120, 2))
            x = self.field(random, 120, points)
            y = slope * x + self.field(random, 120, points)
            scaled = (points - points.mean(axis=0)) / points.std(axis=0)
            if not all(lib("shows_map")(side[:, None], SimpleNamespace(points=scaled)) for side in (x, y)):
                return stats.pearsonr(x, y).pvalue
            return lib("spatial_estimate")(x[:, None], y[:, None], scaled, None)["p"]

        self.assertLess(share_found(120, p_of), 0.105)
        self.assertGreater(share_found(40, lambda random: p_of(random, 0.5)), 0.85)

    def test_a_table_with_coordinates(self):
        random = np.random.default_rng(9)
        points = random.uniform(size=(150, 2))
        x, y = self.field(random, 150, points), self.field(random, 150, points)
        lab = Lab(csv_of({"latitude": 47 + points[:, 0], "longitude": 8 + points[:, 1], "x": x, "y": y}))
        self.assertEqual(lab.profile["structure"]["place"]["columns"], ["latitude", "longitude"])
        test = lab.tests("numeric_numeric", {"x": "x", "y": "y"})[0]
        self.assertEqual(test["p_judged_by"], "spatial")
        # Fewer free rows than 150: the smallest effect that would be seen is larger than theirs.
        self.assertGreater(test["mde"]["value"], lib("smallest_r")(150, 0.05)["value"])


class Copies(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        random = np.random.default_rng(11)
        cls.once = random.normal(size=(40, 5)).round(3)
        order = random.permutation(240)
        cls.rows = np.tile(cls.once, (6, 1))[order]
        cls.lab = Lab(csv_of({name: cls.rows[:, place] for place, name in enumerate("abcde")}))

    def plain_p(self):
        return sm.OLS(self.once[:, 1], sm.add_constant(self.once[:, 0])).fit(cov_type="HC3", use_t=True).pvalues[1]

    def test_one_of_the_copies_counts(self):
        test = self.lab.tests("numeric_numeric", {"x": "a", "y": "b"})[0]
        self.assertEqual((test["whole"]["n"], test["explore"]["n"] + test["confirm"]["n"]), (40, 40))
        self.assertAlmostEqual(test["whole"]["p"], self.plain_p(), places=10)
        self.assertRegex(test["why"], "copies of each other, one counts")

    def test_a_shuffled_table_has_copies_too(self):
        test = self.lab.tests("numeric_numeric", {"x": "a", "y": "b"}, shuffle_seed=3)[0]
        self.assertEqual(test["whole"]["n"], 40)
        self.assertNotAlmostEqual(test["whole"]["p"], self.plain_p(), places=10)

    def test_counted_rows_are_no_copies(self):
        cells = [(a, b, n) for (a, b), n in zip([(a, b) for a in "xyz" for b in "pq"], (20, 30, 25, 15, 40, 10))]
        lab = Lab(csv_of({"a": [c[0] for c in cells], "b": [c[1] for c in cells], "count": [c[2] for c in cells]}))
        test = lab.tests("categorical_categorical", {"x": "a", "y": "b"})[0]
        self.assertEqual(test["whole"]["n"], 140)


class Shuffles(unittest.TestCase):
    """The shuffled table keeps how rows depend on each other, so that tests that ignore it find something there."""

    def shuffled(self, lab, name, seed, **protocol):
        shared = {"table": str(lab.root / "profile" / "table.parquet"), "shuffle_seed": seed, "seed": 5, **protocol}
        return lib("Table")(shared).column(name)

    def test_a_series_stays_one(self):
        random = np.random.default_rng(2)
        x, y = walks(random, 200, 2, 1.0).T
        lab = Lab(csv_of({"day": days(200), "x": x, "y": y}))
        for seed in range(3):
            turned = self.shuffled(lab, "x", seed).values
            self.assertEqual(sorted(turned), sorted(x))
            self.assertGreater(np.corrcoef(turned[1:], turned[:-1])[0, 1], 0.8)
            self.assertFalse((self.shuffled(lab, "day", seed).values == lab.values("day")[0]).all())

    def test_a_plain_test_of_shuffled_walks_finds_something(self):
        random = np.random.default_rng(12)
        lab = Lab(csv_of({"day": days(200)} | {f"c{i}": column for i, column in enumerate(walks(random, 200, 4, 1.0).T)}))
        plain = [
            stats.pearsonr(self.shuffled(lab, f"c{i}", seed).values, self.shuffled(lab, f"c{j}", seed).values).pvalue
            for seed in range(5)
            for i in range(4)
            for j in range(i)
        ]
        self.assertGreater(np.mean(np.array(plain) < 0.05), 0.3)

    def test_coordinates_that_go_together_are_shuffled_too(self):
        random = np.random.default_rng(6)
        points = random.uniform(size=(150, 2))
        points[:, 1] += points[:, 0]
        fields = [Maps.field(random, 150, points) for _ in range(2)]
        columns = {"latitude": 47 + points[:, 0], "longitude": 8 + points[:, 1], "x": fields[0], "y": fields[1]}
        lab = Lab(csv_of(columns))
        asked = {"x": "latitude", "y": "longitude"}
        self.assertLess(lab.tests("numeric_numeric", asked)[0]["whole"]["p"], 1e-4)
        found = [lab.tests("numeric_numeric", asked, shuffle_seed=seed)[0]["whole"]["p"] for seed in range(4)]
        self.assertGreater(min(found), 1e-4)

    def test_no_two_columns_are_turned_alike(self):
        """Their relation would survive the shuffle, or all but, where the steps are near each other."""
        random = np.random.default_rng(9)
        for rows, count in ((60, 8), (40, 40), (24, 100)):
            with self.subTest(rows=rows, count=count):
                columns = walks(random, rows, count, 1.0).T
                data = {"day": days(rows)} | {f"c{place:03}": column for place, column in enumerate(columns)}
                lab = Lab(csv_of(data))
                self.assertEqual(lab.profile["time"], {"column": "day"})
                for seed in range(3):
                    orders = set()
                    for place, values in enumerate(columns):
                        turned = self.shuffled(lab, f"c{place:03}", seed).values
                        self.assertEqual(sorted(turned), sorted(values))
                        orders.add(tuple(np.argsort(values)[np.argsort(np.argsort(turned))]))
                    self.assertEqual(len(orders), count)

    def test_a_relation_of_series_does_not_survive(self):
        """Of walks that are one and the same, no two are turned by less than half of their share of the rows."""
        random = np.random.default_rng(10)
        walk = np.arange(120) + random.uniform(0, 0.1, 120)
        names = [f"c{place}" for place in range(6)]
        lab = Lab(csv_of({"day": days(120)} | {name: walk + random.normal(0, 0.01, 120) for name in names}))
        for seed in range(5):
            steps = sorted(int(np.argmin(self.shuffled(lab, name, seed).values)) for name in names)
            gaps = np.diff([*steps, steps[0] + 120])
            self.assertGreaterEqual(gaps.min(), 120 // 6 // 2)
            alone = lib("Table")({"table": str(lab.root / "profile" / "table.parquet"), "shuffle_seed": seed})
            self.assertEqual(alone.steps()["c3"], lib("Table")(alone.protocol).steps()["c3"])

    def test_units_stay_together(self):
        random = np.random.default_rng(3)
        sizes = random.integers(3, 9, 20)
        unit = np.repeat(np.arange(20), sizes)
        own = random.normal(0, 1, 20)[unit]
        lab = Lab(csv_of({"patient": [f"p{u:02}" for u in unit], "own": own}))
        turned = self.shuffled(lab, "own", 1, split={"by": "patient", "explore": 0.5}).values
        self.assertEqual(sorted(turned), sorted(own))
        changes = (np.diff(turned) != 0).sum()
        self.assertLess(changes, 45)
        self.assertFalse((turned == own).all())


class Split(unittest.TestCase):
    def test_neighbours_in_time_are_on_one_side(self):
        lab = Lab(csv_of({"day": days(160), "x": walks(np.random.default_rng(1), 160, 1, 1.0)[:, 0]}))
        explore = lib("Table")({"table": str(lab.root / "profile" / "table.parquet"), "seed": 5}).split()
        self.assertEqual(int(explore.sum()), 80)
        self.assertLess(int((np.diff(explore.astype(int)) != 0).sum()), 16)

    def test_copies_are_on_one_side(self):
        Copies.setUpClass()
        explore = lib("Table")({"table": str(Copies.lab.root / "profile" / "table.parquet"), "seed": 5}).split()
        first = {}
        for row, side in zip(Copies.rows[:, 0], explore):
            self.assertEqual(first.setdefault(row, side), side)


class Models(unittest.TestCase):
    def test_with_other_columns_held_fixed(self):
        random = np.random.default_rng(21)
        columns = walks(random, 150, 3, 1.0)
        lab = Lab(csv_of({"day": days(150), "x": columns[:, 0], "y": columns[:, 1], "z": columns[:, 2]}))
        test = lab.tests("adjusted", {"x": "x", "y": "y", "covariates": ["z"]})[0]
        self.assertEqual((test["p_judged"], test["p_judged_by"]), (test["whole"]["p"], "own_past"))
        found = share_found(40, self.p_of_walks)
        self.assertLess(found, 0.15)

    def test_intervals_of_follow_ups_agree_with_p(self):
        for seed in range(12):
            random = np.random.default_rng([seed, 9])
            unit = np.repeat(np.arange(20), 8)
            x, y, z = (random.normal(0, 0.7, 20)[unit] + random.normal(0, 1, 160) for _ in range(3))
            group = np.array(list("pq"))[random.integers(0, 2, 160)]
            columns = {"patient": [f"p{u:02}" for u in unit], "x": x, "y": y + 0.15 * x, "z": z, "group": group}
            lab = Lab(csv_of(columns))
            shared = {"x": "x", "y": "y", "unit": "patient"}
            for kind, more in (
                ("adjusted", {"covariates": ["z"]}),
                ("stratified", {"by": "group"}),
                ("interaction", {"by": "z"}),
                ("dose_response", {}),
            ):
                test = lab.tests(kind, {**shared, **more}, split={"by": "patient", "explore": 0.5})[0]
                self.assertEqual((test["status"], test["p_judged_by"]), ("ok", "cluster_robust"), (kind, test["reason"]))
                for part in ("whole", "explore", "confirm"):
                    low, high = test[part]["effect"]["ci_low"], test[part]["effect"]["ci_high"]
                    self.assertEqual(not low <= 0 <= high, test[part]["p"] < 0.05, (kind, part, test[part]))

    @staticmethod
    def p_of_walks(random):
        x, y, z = walks(random, 120, 3, 1.0).T
        found = lib("ordered_series")(None, np.arange(120), ())
        return lib("Dependence")(found, x[:, None], y[:, None], z[:, None]).estimate()["p"]


if __name__ == "__main__":
    unittest.main()
