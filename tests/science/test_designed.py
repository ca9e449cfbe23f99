"""Analysis of variance of designed experiments, against statsmodels, known tables and sums of squares by hand."""

import unittest

import numpy as np
from scipy import stats
from scripts import Lab, assemble, csv_of

random = np.random.default_rng(61)

# Crampton's experiment: length of odontoblasts of 60 guinea pigs, by supplement and dose (R's ToothGrowth).
TOOTH = {
    ("VC", 0.5): (4.2, 11.5, 7.3, 5.8, 6.4, 10.0, 11.2, 11.2, 5.2, 7.0),
    ("VC", 1.0): (16.5, 16.5, 15.2, 17.3, 22.5, 17.3, 13.6, 14.5, 18.8, 15.5),
    ("VC", 2.0): (23.6, 18.5, 33.9, 25.5, 26.4, 32.5, 26.7, 21.5, 23.3, 29.5),
    ("OJ", 0.5): (15.2, 21.5, 17.6, 9.7, 14.5, 10.0, 8.2, 9.4, 16.5, 9.7),
    ("OJ", 1.0): (19.7, 23.3, 23.6, 26.4, 20.0, 25.2, 25.8, 21.2, 14.5, 27.3),
    ("OJ", 2.0): (25.5, 26.4, 22.4, 24.5, 24.8, 30.9, 26.4, 27.3, 29.4, 23.0),
}


def words(values, letter):
    return np.char.add(letter, np.asarray(values).astype(str))


def crossed(*sizes):
    return [codes.ravel() for codes in np.meshgrid(*(range(size) for size in sizes), indexing="ij")]


def family():
    """The script's functions, without a run."""
    functions = {}
    exec(compile(assemble({"template": "designed"}).rpartition("\nrun_battery(")[0], "designed", "exec"), functions)
    return functions


def sum_of_squares(y, *labels):
    """The sum of squares of the means of cells about the mean."""
    cells = np.unique(np.column_stack(labels), axis=0, return_inverse=True)[1].ravel()
    means = np.bincount(cells, weights=y) / np.bincount(cells)
    return float(((means[cells] - y.mean()) ** 2).sum())


class Checked(unittest.TestCase):
    def check_f(self, found, statistic, free, p, error_free=None):
        """`found` has this F and p, and `why` the degrees of freedom."""
        self.assertEqual((found["status"], found["reason"]), ("ok", None))
        self.assertAlmostEqual(found["whole"]["statistic"] / statistic, 1, places=7)
        self.assertAlmostEqual(np.log(found["whole"]["p"]), np.log(p), places=6)
        if error_free is not None:
            self.assertIn(f"({free} and {error_free} degrees of freedom", found["why"])
        self.check_form(found)

    def check_form(self, found):
        whole = found["whole"]
        size = whole["effect"]
        self.assertTrue(size["ci_low"] <= size["value"] <= size["ci_high"], size)
        self.assertEqual(size["ci_low"] > 0 or size["ci_high"] < 0, whole["p"] < 0.05)
        self.assertEqual((found["p_judged"], found["p_judged_by"]), (whole["p"], "primary"))
        units = whole["units"]
        if units is not None:
            self.assertEqual(units["ci_low"] > 0 or units["ci_high"] < 0, whole["p"] < 0.05)
        if found["groups"]:
            values = [row["value"] for row in found["groups"]]
            self.assertEqual(values, sorted(values, reverse=True))
            if len(whole.get("contrasts", [])) and whole["direction"]:
                self.assertEqual(found["groups"][0]["level"], whole["direction"])


class Factorial(Checked):
    @classmethod
    def setUpClass(cls):
        rows = [(supp, dose, length) for (supp, dose), lengths in TOOTH.items() for length in lengths]
        supp, dose, length = zip(*[rows[at] for at in random.permutation(60)])
        cls.data = {"supp": list(supp), "dose": list(dose), "len": list(length)}
        cls.lab = Lab(csv_of(cls.data))
        cls.asked = (
            {"x": "supp", "y": "len", "covariates": ["dose"]},
            {"x": "dose", "y": "len", "covariates": ["supp"]},
            {"x": "supp", "y": "len", "by": "dose"},
        )

    def reference(self, data, formula):
        import pandas
        from statsmodels.formula.api import ols
        from statsmodels.stats.anova import anova_lm

        return anova_lm(ols(formula, pandas.DataFrame(data)).fit(), typ=2)

    def test_published_table(self):
        """The table of R's manual: F of supplement 15.572, dose 92.000, interaction 4.107 on 54 degrees of freedom."""
        supp, dose, both = self.lab.tests("designed", *self.asked)
        table = self.reference(self.data, "len ~ C(supp) * C(dose)")
        names = ("C(supp)", "C(dose)", "C(supp):C(dose)")
        for found, name, published in zip((supp, dose, both), names, (15.572, 92.0, 4.107)):
            row = table.loc[name]
            self.check_f(found, row["F"], int(row["df"]), row["PR(>F)"], 54)
            self.assertAlmostEqual(found["whole"]["statistic"], published, places=3)
            self.assertEqual(found["test"], "scipy.stats.f (analysis of variance, residual)")
        self.assertAlmostEqual(both["whole"]["p"], 0.0218603, places=7)
        self.assertEqual([row["level"] for row in dose["groups"]], ["2", "1", "0.5"])
        self.assertEqual((supp["whole"]["direction"], supp["whole"]["effect"]["name"]), ("OJ", "partial_r"))
        self.assertAlmostEqual(supp["whole"]["units"]["value"], 3.7)
        self.assertEqual(supp["whole"]["units"]["contrast"], {"level": "OJ", "reference": "VC"})
        self.assertIsNone(both["whole"]["direction"])
        self.assertEqual([row["level"] for row in both["strata"]], ["0.5", "1", "2"])
        cell = next(row for row in both["groups"] if row["level"] == "OJ, 0.5")
        self.assertAlmostEqual(cell["value"], np.mean(TOOTH["OJ", 0.5]))
        self.assertEqual(cell["n"], 10)

    def test_tukey(self):
        found = self.lab.tests("designed", self.asked[1])[0]["whole"]["contrasts"]
        # TukeyHSD(aov(len ~ supp * dose))$dose of R.
        half = stats.studentized_range.ppf(0.95, 3, 54) * np.sqrt(712.106 / 54 / 20)
        self.assertAlmostEqual(half, 2.767512, places=5)
        gaps = {("2", "0.5"): 15.495, ("2", "1"): 6.365, ("1", "0.5"): 9.13}
        for row in found:
            gap = gaps[row["level"], row["reference"]]
            self.assertAlmostEqual(row["value"], gap)
            self.assertAlmostEqual(row["ci_low"], gap - half, places=4)
            self.assertAlmostEqual(row["ci_high"], gap + half, places=4)

    def test_unbalanced_data(self):
        keep = np.r_[3:60]
        data = {name: np.array(values)[keep].tolist() for name, values in self.data.items()}
        found = Lab(csv_of(data)).tests("designed", *self.asked)
        table = self.reference(data, "len ~ C(supp) * C(dose)")
        for one, name in zip(found, table.index):
            self.check_f(one, table["F"][name], int(table["df"][name]), table["PR(>F)"][name], 51)
            self.assertIn("not balanced", one["why"])

    def test_covariance(self):
        """A factor given a number, and the interaction with a number that one asks for."""
        n = 90
        start, diet = random.normal(50, 6, n), random.choice(["P", "Q", "R"], n)
        data = {"diet": diet, "start": start, "end": 0.8 * start - 3 * (diet == "R") + random.normal(0, 3, n)}
        found, number, both = Lab(csv_of(data)).tests(
            "designed",
            {"x": "diet", "y": "end", "covariates": ["start"]},
            {"x": "start", "y": "end", "covariates": ["diet"]},
            {"x": "diet", "y": "end", "by": "start"},
        )
        table = self.reference(data, "end ~ C(diet) + start")
        self.check_f(found, table["F"]["C(diet)"], 2, table["PR(>F)"]["C(diet)"], n - 4)
        self.check_f(number, table["F"]["start"], 1, table["PR(>F)"]["start"], n - 4)
        self.assertEqual((number["whole"]["direction"], number["whole"]["units"]["name"]), ("+", "slope"))
        self.assertAlmostEqual(number["whole"]["units"]["value"], 0.8, delta=0.2)
        table = self.reference(data, "end ~ C(diet) * start")
        self.check_f(both, table["F"]["C(diet):start"], 2, table["PR(>F)"]["C(diet):start"], n - 6)

    def test_shuffled(self):
        for seed in range(3):
            for found in self.lab.tests("designed", *self.asked, shuffle_seed=seed):
                self.assertGreater(found["whole"]["p"], 1e-3)
                self.assertNotIn("not balanced", found["why"])


    def test_far_errors_and_ranks(self):
        """Where a row lies far off, ranks decide, and the limits of the linear test are kept as a second look."""
        data = {**self.data, "len": [*self.data["len"][:-1], 1e9]}
        supp, both = Lab(csv_of(data)).tests("designed", self.asked[0], self.asked[2])
        for found in (supp, both):
            self.assertIn("of ranks", found["test"])
            self.assertIn("far outliers", found["why"])
            self.assertIsNone(found["whole"]["units"])
            self.assertEqual([row["name"] for row in found["variants"]][0], "linear")
        self.assertEqual(supp["whole"]["effect"]["name"], "partial_rho")
        table = self.reference({**data, "len": stats.rankdata(data["len"])}, "len ~ C(supp) * C(dose)")
        self.assertAlmostEqual(supp["whole"]["p"], table["PR(>F)"]["C(supp)"])
        grades = np.array(["low", "middle", "high"])[np.digitize(self.data["len"], [15, 23])]
        graded = Lab(csv_of({**self.data, "len": grades})).tests("designed", self.asked[1])[0]
        self.assertIn("only the order counts", graded["why"])

    def test_words_with_an_order(self):
        data = {**self.data, "dose": [{0.5: "low", 1.0: "medium", 2.0: "high"}[dose] for dose in self.data["dose"]]}
        dose, both = Lab(csv_of(data)).tests("designed", self.asked[1], self.asked[2])
        self.assertEqual([row["level"] for row in dose["groups"]], ["high", "medium", "low"])
        self.assertEqual([row["level"] for row in both["strata"]], ["low", "medium", "high"])


class Blocks(Checked):
    def test_randomised_blocks(self):
        import pandas
        from statsmodels.formula.api import ols
        from statsmodels.stats.anova import anova_lm

        block, seed, water = crossed(5, 4, 2)
        y = 3 * random.normal(0, 1, 5)[block] + 0.8 * seed + random.normal(0, 1, 40)
        data = {"block": words(block, "B"), "seed": words(seed, "s"), "water": words(water, "w"), "y": y}
        design = {"y": "y", "clusters": ["block"]}
        found = Lab(csv_of(data)).tests(
            "designed",
            {"x": "seed", "covariates": ["water", "block"], **design},
            {"x": "seed", "covariates": ["block"], "by": "water", **design},
            {"x": "block", "covariates": ["seed"], **design},
        )
        table = anova_lm(ols("y ~ C(block) + C(seed) * C(water)", pandas.DataFrame(data)).fit(), typ=2)
        for one, name in zip(found, ("C(seed)", "C(seed):C(water)")):
            self.check_f(one, table["F"][name], 3, table["PR(>F)"][name], 28)
        self.assertIn("block", found[0]["covariates"])
        self.assertEqual(found[2]["status"], "not_testable")

    def test_one_row_in_each_cell(self):
        """Without replicates the interaction is the error, and cannot be tested."""
        seed, water = crossed(4, 5)
        data = {"seed": words(seed, "s"), "water": words(water, "w"), "y": seed + random.normal(0, 1, 20)}
        one, both = Lab(csv_of(data)).tests(
            "designed", {"x": "seed", "y": "y", "covariates": ["water"]}, {"x": "seed", "y": "y", "by": "water"}
        )
        y = data["y"]
        error = y.var() * 20 - sum_of_squares(y, seed) - sum_of_squares(y, water)
        f = sum_of_squares(y, seed) / 3 / (error / 12)
        self.check_f(one, f, 3, stats.f.sf(f, 3, 12), 12)
        self.assertEqual(both["status"], "not_testable")
        self.assertIn("degrees of freedom", both["reason"])

    def test_treated_blocks(self):
        """A treatment of whole cages is tested by cages: with equal cages, the t test of their means."""
        cage, _ = crossed(10, 6)
        y = random.normal(0, 2, 10)[cage] + random.normal(0, 1, 60)
        data = {"cage": words(cage, "c"), "drug": np.where(cage % 2, "yes", "no"), "y": y}
        found = Lab(csv_of(data)).tests("designed", {"x": "drug", "y": "y", "clusters": ["cage"]})[0]
        means = y.reshape(10, 6).mean(axis=1)
        expected = stats.ttest_ind(means[::2], means[1::2])
        self.check_f(found, expected.statistic**2, 1, expected.pvalue, 8)
        ends = expected.confidence_interval()
        units = found["whole"]["units"]
        self.assertAlmostEqual(units["ci_high"] - units["ci_low"], ends.high - ends.low)


class SplitPlot(Checked):
    @classmethod
    def setUpClass(cls):
        block, water, dose = cls.codes = crossed(5, 3, 4)
        cls.y = 4 * random.normal(0, 1, (5, 3))[block, water] + 2 * dose + random.normal(0, 1.5, 60)
        cls.data = {"block": words(block, "B"), "water": words(water, "w"), "dose": 40 * dose, "y": cls.y}
        cls.asked = [
            {"x": "water", "covariates": ["dose", "block"]},
            {"x": "dose", "covariates": ["water", "block"]},
            {"x": "water", "by": "dose", "covariates": ["block"]},
        ]
        cls.asked = [{"y": "y", "clusters": ["block", "water"], **test} for test in cls.asked]

    def test_strata_by_hand(self):
        block, water, dose = self.codes
        y, lab = self.y, Lab(csv_of(self.data))
        total = float(((y - y.mean()) ** 2).sum())
        plots = sum_of_squares(y, block, water)
        w, d = sum_of_squares(y, water), sum_of_squares(y, dose)
        both = sum_of_squares(y, water, dose) - w - d
        whole_error = (plots - w - sum_of_squares(y, block)) / 8
        error = (total - plots - d - both) / 36
        expected = ((w / 2 / whole_error, 2, 8), (d / 3 / error, 3, 36), (both / 6 / error, 6, 36))
        for found, (f, df1, df2) in zip(lab.tests("designed", *self.asked), expected):
            self.check_f(found, f, df1, stats.f.sf(f, df1, df2), df2)
        found = lab.tests("designed", *self.asked)
        self.assertEqual(found[0]["test"], "scipy.stats.f (analysis of variance, whole plots)")
        self.assertEqual(found[1]["whole"]["direction"], "120")
        for test in lab.tests("designed", *self.asked, shuffle_seed=4):
            self.assertGreater(test["whole"]["p"], 1e-3)

    def test_mixed_model(self):
        """The Wald statistic of the random-effects model, which agrees where all is balanced and plots differ."""
        import pandas
        import statsmodels.formula.api as smf

        frame = pandas.DataFrame({**self.data, "plot": self.codes[0] * 3 + self.codes[1]})
        fit = smf.mixedlm("y ~ C(block) + C(water) * C(dose, Sum)", frame, groups="plot").fit(reml=True)
        names = [name for name in fit.params.index if name.startswith("C(water)") and ":" not in name]
        rows = [list(fit.params.index).index(name) for name in names]
        wald = float(fit.wald_test(np.eye(len(fit.params))[rows], scalar=True).statistic)
        found = Lab(csv_of(self.data)).tests("designed", self.asked[0])[0]
        self.assertAlmostEqual(found["whole"]["statistic"], wald / 2, places=3)

    def test_lost_rows(self):
        keep = np.sort(random.permutation(60)[:52])
        lab = Lab(csv_of({name: np.asarray(values)[keep] for name, values in self.data.items()}))
        for found in lab.tests("designed", *self.asked):
            self.assertEqual(found["status"], "ok", found["reason"])
            self.assertIn("not balanced", found["why"])
            self.check_form(found)


class Repeated(Checked):
    @classmethod
    def setUpClass(cls):
        who, dose, time = cls.codes = crossed(12, 2, 3)
        y = 2 * random.normal(0, 1, 12)[who] + 0.7 * time + random.normal(0, 1, (12, 3))[who, time]
        cls.data = {
            "who": words(who, "p"),
            "dose": words(dose, "d"),
            "time": words(time, "t"),
            "sex": np.where(who % 3 == 0, "m", "f"),
            "y": y + random.normal(0, 1, 72),
        }
        cls.lab = Lab(csv_of(cls.data))

    def test_within_subjects(self):
        """F as by AnovaRM; p by Greenhouse and Geisser from the covariance of conditions."""
        import pandas
        from statsmodels.stats.anova import AnovaRM

        table = AnovaRM(pandas.DataFrame(self.data), "y", "who", ["dose", "time"]).fit().anova_table
        dose, time, both = self.lab.tests(
            "designed",
            {"x": "dose", "y": "y", "covariates": ["time"], "unit": "who"},
            {"x": "time", "y": "y", "covariates": ["dose"], "unit": "who"},
            {"x": "time", "y": "y", "by": "dose", "unit": "who"},
        )
        for found, name in ((dose, "dose"), (time, "time"), (both, "dose:time")):
            row = table.loc[name]
            f, df1, df2 = row["F Value"], row["Num DF"], row["Den DF"]
            epsilon = self.epsilon(name)
            self.check_f(found, f, None, stats.f.sf(f, df1 * epsilon, df2 * epsilon))
        self.assertIn(f"epsilon {self.epsilon('time'):.2f}", time["why"])
        self.assertNotIn("epsilon", dose["why"])
        y = self.data["y"].reshape(12, 2, 3).mean(axis=2)
        expected = stats.ttest_rel(y[:, 1], y[:, 0])
        self.assertAlmostEqual(dose["whole"]["p"], expected.pvalue)
        units = dose["whole"]["units"]
        self.assertAlmostEqual(units["value"], abs((y[:, 1] - y[:, 0]).mean()))
        ends = expected.confidence_interval()
        self.assertAlmostEqual(units["ci_high"] - units["ci_low"], ends.high - ends.low)

    def epsilon(self, name):
        """From the double-centred covariance of conditions (Box 1954)."""
        y = self.data["y"].reshape(12, 2, 3)
        y = {"dose": y.mean(axis=2), "time": y.mean(axis=1), "dose:time": y[:, 1] - y[:, 0]}[name]
        centre = np.eye(y.shape[1]) - 1 / y.shape[1]
        s = centre @ np.cov(y.T) @ centre
        return np.trace(s) ** 2 / ((y.shape[1] - 1) * (s**2).sum())

    def test_between_subjects_and_mixed(self):
        sex, both = self.lab.tests(
            "designed",
            {"x": "sex", "y": "y", "covariates": ["dose", "time"], "unit": "who"},
            {"x": "time", "y": "y", "by": "sex", "covariates": ["dose"], "unit": "who"},
        )
        y, male = self.data["y"].reshape(12, 2, 3), np.arange(12) % 3 == 0
        means = y.mean(axis=(1, 2))
        expected = stats.ttest_ind(means[male], means[~male])
        self.check_f(sex, expected.statistic**2, 1, expected.pvalue, 10)
        self.assertEqual(sex["test"], "scipy.stats.f (analysis of variance, subjects)")
        # Between groups and within subjects: group by time on the means over doses.
        table = y.mean(axis=1)
        table = table - table.mean(axis=1, keepdims=True)
        inside = sum(((table[g] - table[g].mean(axis=0)) ** 2).sum() for g in (male, ~male))
        between = ((table - table.mean(axis=0)) ** 2).sum() - inside
        self.assertAlmostEqual(both["whole"]["statistic"], between / 2 / (inside / 20))
        self.assertEqual(both["status"], "ok")

    def test_repeats_of_one_condition_are_not_replicates(self):
        rows = np.repeat(np.arange(72), 3)
        data = {name: np.asarray(values)[rows] for name, values in self.data.items()}
        data["y"] = data["y"] + np.tile([-0.1, 0, 0.1], 72)
        asked = {"x": "time", "y": "y", "covariates": ["dose"], "unit": "who"}
        one, three = (lab.tests("designed", asked)[0] for lab in (self.lab, Lab(csv_of(data))))
        self.assertAlmostEqual(one["whole"]["p"], three["whole"]["p"])
        self.assertEqual(three["whole"]["n"], 216)

    def test_lost_values(self):
        """Sums of squares of type II with subjects in the model, and the correction by the subjects that have all."""
        import pandas
        from statsmodels.formula.api import ols
        from statsmodels.stats.anova import anova_lm

        data = {name: np.delete(np.asarray(values), [5, 31]) for name, values in self.data.items()}
        found = Lab(csv_of(data)).tests("designed", {"x": "time", "y": "y", "covariates": ["dose"], "unit": "who"})[0]
        fit = ols("y ~ C(who) + C(time) * C(dose)", pandas.DataFrame(data)).fit()
        self.assertAlmostEqual(found["whole"]["statistic"], anova_lm(fit, typ=2)["F"]["C(time)"])
        self.assertIn("epsilon of the 10 subjects with all values", found["why"])
        self.assertGreaterEqual(found["whole"]["p"], anova_lm(fit, typ=2)["PR(>F)"]["C(time)"])
        self.check_form(found)

    def test_whole_subjects_on_each_side(self):
        """With rows split and shuffled by subject, a strong effect is seen in both parts, not in the shuffled copy."""
        data = {**self.data, "y": self.data["y"] + 3 * self.codes[2]}
        lab, asked = Lab(csv_of(data)), {"x": "time", "y": "y", "covariates": ["dose"], "unit": "who"}
        split = {"by": "who", "explore": 0.5}
        found = lab.tests("designed", asked, split=split)[0]
        for part in ("whole", "explore", "confirm"):
            self.assertLess(found[part]["p"], 0.01)
            self.assertEqual(found[part]["direction"], "t2")
        tests = [lab.tests("designed", asked, split=split, shuffle_seed=seed)[0]["whole"]["p"] for seed in range(4)]
        self.assertGreater(min(tests), 1e-3)
        self.assertEqual(len(set(tests)), 4)


class Rates(unittest.TestCase):
    """How often p is below .05, by a few hundred draws of each design."""

    @classmethod
    def setUpClass(cls):
        cls.family = family()

    def design(self, columns, **more):
        table = {}
        for name, values in columns.items():
            if values.dtype.kind == "U":
                levels, values = np.unique(values, return_inverse=True)
                table[name] = self.family["Column"](name, values, list(levels))
            else:
                table[name] = self.family["Column"](name, values.astype(float), None)
        more = {name: (label, np.unique(rows, return_inverse=True)[1]) for name, (label, rows) in more.items()}
        return self.family["make_design"](table, next(iter(columns)), **more)

    def rates(self, draw, terms, copies=240):
        found = np.zeros(len(terms))
        for _ in range(copies):
            design, y = draw()
            found += [self.family["term_test"](design, y, term).p < 0.05 for term in terms]
        return found / copies

    def check_null(self, draw, terms):
        for rate in self.rates(draw, terms):
            # Four standard errors.
            self.assertTrue(0.003 <= rate <= 0.107, rate)

    def test_factorial_with_a_number(self):
        def draw():
            a, b = random.integers(0, 3, 40), random.integers(0, 2, 40)
            columns = {"a": words(a, "a"), "b": words(b, "b"), "z": random.normal(0, 1, 40)}
            return self.design(columns), random.normal(0, 1, 40)

        self.check_null(draw, (["a"], ["b"], ["a", "b"], ["z"]))

    def test_blocks(self):
        block, seed = crossed(5, 4)

        def draw():
            keep = random.permutation(20)[:17]
            y = random.normal(0, 3, 5)[block] + random.normal(0, 1, 20)
            return self.design({"seed": words(seed[keep], "s")}, block=("block", block[keep])), y[keep]

        self.check_null(draw, (["seed"],))

    def test_split_plots(self):
        """Also where a third of the rows is lost, so that plots differ in size."""
        block, water, dose = crossed(6, 3, 4)
        for count in (72, 48):
            with self.subTest(count):

                def draw():
                    keep = np.sort(random.permutation(72)[:count])
                    plots = random.normal(0, 2, (6, 3))[block, water] + random.normal(0, 1, 6)[block]
                    y = plots + random.normal(0, 1, 72)
                    columns = {"water": words(water, "w")[keep], "dose": words(dose, "d")[keep]}
                    plots = ("plot", (block * 3 + water)[keep])
                    return self.design(columns, block=("block", block[keep]), plots=plots), y[keep]

                self.check_null(draw, (["water"], ["dose"], ["water", "dose"]))

    def test_treated_blocks_of_other_sizes(self):
        def draw():
            cage = np.repeat(np.arange(12), random.integers(1, 12, 12))
            y = random.normal(0, 2, 12)[cage] + random.normal(0, 1, len(cage))
            return self.design({"drug": words(cage % 2, "d")}, block=("cage", cage)), y

        self.check_null(draw, (["drug"],))

    def test_repeated_measures(self):
        """Errors that add up over time, which without a correction give twice as many false alarms; also with rows
        lost."""
        who, time = crossed(14, 4)
        group = (who < 5).astype(int)
        for count in (56, 48):
            with self.subTest(count):

                def draw():
                    keep = np.sort(random.permutation(56)[:count])
                    noise = random.normal(0, 1, (14, 4)).cumsum(axis=1)
                    columns = {"time": words(time, "t")[keep], "group": words(group, "g")[keep]}
                    return self.design(columns, unit=("who", who[keep])), noise.ravel()[keep]

                self.check_null(draw, (["time"], ["group"], ["time", "group"]))

    def test_power(self):
        """Known noncentral F: 2 x 3 cells of 10, and means that differ by one standard deviation."""
        a, b, _ = crossed(2, 3, 10)
        columns = {"a": words(a, "a"), "b": words(b, "b")}

        def draw():
            return self.design(columns), 0.75 * a + 0.5 * b + 0.8 * (a * (b - 1)) + random.normal(0, 1, 60)

        found = self.rates(draw, (["a"], ["b"], ["a", "b"]))
        means = 0.75 * np.arange(2)[:, None] + 0.5 * np.arange(3) + 0.8 * np.arange(2)[:, None] * (np.arange(3) - 1)
        rows, columns_of = means.mean(axis=1) - means.mean(), means.mean(axis=0) - means.mean()
        both = means - means.mean() - rows[:, None] - columns_of
        sizes = ((30 * (rows**2).sum(), 1), (20 * (columns_of**2).sum(), 2), (10 * (both**2).sum(), 2))
        for rate, (size, df) in zip(found, sizes):
            expected = stats.ncf.sf(stats.f.isf(0.05, df, 54), df, 54, size)
            self.assertGreater(expected, 0.5)
            self.assertAlmostEqual(rate, expected, delta=4 * np.sqrt(expected * (1 - expected) / 240) + 0.005)


class Refusals(unittest.TestCase):
    def test_bad_inputs(self):
        n = 40
        a, b = random.integers(0, 3, n), random.integers(0, 2, n)
        y = random.normal(0, 1, n)
        rare = np.where(np.arange(n) < 39, "common", "rare")
        data = {
            "a": words(a, "a"),
            "b": words(b, "b"),
            "copy": words(2 - a, "c"),
            "rare": rare,
            "flat": np.ones(n, dtype=int),
            "word": random.choice(["yes", "no"], n),
            "who": words(np.arange(n) % 8, "p"),
            "exact": a * 1.5 + b,
            "huge": y * 1e200,
            "y": y,
        }
        lab = Lab(csv_of(data))
        asked = {
            "aliased": {"x": "a", "covariates": ["copy"]},
            "rare": {"x": "rare", "covariates": ["a"]},
            "flat": {"x": "flat", "covariates": ["a"]},
            "word": {"x": "a", "y": "word"},
            "missing": {"x": "a", "covariates": ["nope"]},
            "no cluster": {"x": "a", "clusters": ["nope"]},
            "itself": {"x": "y"},
            "twice": {"x": "a", "by": "a"},
            "unit": {"x": "who", "covariates": ["a"], "unit": "who"},
            "exact": {"x": "a", "y": "exact", "covariates": ["b"]},
            "no error": {"x": "a", "clusters": ["a", "b"], "by": "b"},
            "outcome": {"x": "a", "clusters": ["y"]},
            "plots": {"x": "a", "covariates": ["b"], "clusters": ["who", "a"]},
        }
        found = lab.tests("designed", *({"y": "y", **test} for test in asked.values()))
        for name, result in zip(asked, found):
            if name == "plots":
                self.assertEqual(result["status"], "ok", result["reason"])
                continue
            with self.subTest(name):
                self.assertEqual(result["status"], "not_testable")
                self.assertTrue(result["reason"])
                self.assertIsNone(result["whole"])
        fine = lab.tests("designed", {"x": "a", "y": "huge", "covariates": ["b", "a", "y"][:2], "unit": "nope"})[0]
        self.assertIn(fine["status"], ("ok", "not_testable"))

    def test_empty_cells_and_few_rows(self):
        a, b = np.tile([0, 0, 0, 1, 1], 8), np.tile([0, 1, 2, 0, 1], 8)
        data = {"a": words(a, "a"), "b": words(b, "b"), "y": a + random.normal(0, 1, 40)}
        main, both = Lab(csv_of(data)).tests(
            "designed", {"x": "a", "y": "y", "covariates": ["b"]}, {"x": "a", "y": "y", "by": "b"}
        )
        self.assertEqual(main["status"], "ok")
        self.assertIn("(1 and 35 degrees of freedom", both["why"])
        self.assertIn("no rows", both["why"])
        few = {name: values[:6] for name, values in data.items()}
        lab = Lab(csv_of({**few, "z": np.arange(6)}))
        self.assertEqual(lab.tests("designed", {"x": "a", "y": "y"})[0]["status"], "not_testable")


if __name__ == "__main__":
    unittest.main()
