"""Tests where rows lie in few clusters: against a plain implementation on whole matrices, and by simulation."""

import unittest

import numpy as np
import statsmodels.api as sm
from scipy import optimize, stats
from scripts import Lab, csv_of, library

LIBRARY = {"__name__": "library", "PROTOCOL": {}}
exec(library("counts"), LIBRARY)


def lib(name):
    return LIBRARY[name]


def test_of(block, y, base, labels):
    """The result of the clustered test of y on the columns of `block` with those of `base` held fixed."""
    block = block[:, None] if block.ndim == 1 else block
    return lib("clustered_estimate")(block, y[:, None], labels, base)


def sizes_of(count, even):
    """Rows of each cluster: twelve, or from a few to many."""
    if even:
        return np.full(count, 12)
    weights = np.exp(np.linspace(0, 2.5, count))
    return np.maximum(np.round(12 * count * weights / weights.sum()).astype(int), 3)


def draw(random, count, even, alike=0.4):
    """(labels of rows, a function that draws a column whose rows are alike within clusters)."""
    labels = np.repeat(np.arange(count), sizes_of(count, even))

    def column():
        own = np.sqrt(1 - alike) * random.normal(size=len(labels))
        return np.sqrt(alike) * random.normal(size=count)[labels] + own

    return labels, column


def share_below(draws, p_of):
    return float(np.mean([p_of(np.random.default_rng([seed, 31])) < 0.05 for seed in range(draws)]))


def plain_reference(x, y, base, labels, draws=200_000):
    """(changes of the slope without each cluster, p) by whole matrices of rows: the ratio of the slope to its jackknife
    error among normal errors whose covariance has the moments of the residuals."""
    n, held = len(y), np.column_stack([np.ones(len(y)), base])
    design = np.column_stack([x - held @ np.linalg.lstsq(held, x, rcond=None)[0], held])
    design[:, 0] /= np.sqrt((design[:, 0] ** 2).sum())
    solve = np.linalg.pinv(design)
    rest = np.eye(n) - design @ solve
    marks = (labels[:, None] == np.unique(labels)).astype(float)
    constants, slopes = marks / np.sqrt(n), marks * design[:, [0]]
    kinds = [np.eye(n), constants @ constants.T, slopes @ slopes.T]
    residual = rest @ y
    # Expected and found squares of residuals, and of their sums in clusters.
    system = [[np.trace(one @ rest @ other @ rest) for other in kinds] for one in kinds]
    found = [residual @ one @ residual for one in kinds]
    system, found = np.array(system), np.array(found)
    scale = system[:, 0]
    parts = optimize.nnls(system / scale[:, None], found / scale)[0]
    covariance = sum(part * kind for part, kind in zip(parts, kinds))
    rows = []
    for cluster in np.unique(labels):
        kept = np.flatnonzero(labels != cluster)
        without = np.zeros(n)
        without[kept] = np.linalg.pinv(design[kept])[0]
        rows.append(without - solve[0])
    steps, units = np.array(rows), len(rows)
    shrink = (units - 1) / units
    ratio = (solve[0] @ y) ** 2 / (shrink * ((steps @ y) ** 2).sum())
    weights = np.linalg.eigvalsh(shrink * steps @ covariance @ steps.T)
    random = np.random.default_rng(1)
    squares = np.zeros(draws)
    for weight in weights:
        squares += max(weight, 0.0) * random.chisquare(1, draws)
    tail = stats.chi2.sf(ratio * squares / (solve[0] @ covariance @ solve[0]), 1)
    return steps @ y, float(tail.mean())


class Reference(unittest.TestCase):
    def test_as_whole_matrices_have_it(self):
        designs = ((1, 8, True, 0.2), (2, 8, False, 0.3), (3, 15, False, 0.0), (4, 6, True, 0.5))
        for seed, count, even, effect in designs:
            random = np.random.default_rng(seed)
            labels, column = draw(random, count, even)
            x, base = column(), np.column_stack([column(), random.normal(size=count)[labels]])
            y = column() + effect * x
            steps, p = plain_reference(x, y, base, labels)
            found = lib("cluster_fit")(x[:, None], y[:, None], base, labels)
            self.assertTrue(np.allclose(found["steps"][:, 0], steps, rtol=1e-6, atol=1e-9))
            self.assertAlmostEqual(found["p"] / p, 1, delta=0.02)
            plain = sm.OLS(y, np.column_stack([x, np.ones(len(y)), base])).fit()
            self.assertAlmostEqual(found["slope"], plain.params[0], places=9)

    def test_equal_weights_are_a_t_distribution(self):
        for free, t in ((3, 2.5), (12, 1.0), (40, 6.0)):
            # The square of t is that of a normal number by the mean of as many squares.
            p = lib("beyond_ratio")(t * t, 1.0, np.full(free, 1 / free))
            self.assertAlmostEqual(p / (2 * stats.t.sf(t, free)), 1, places=6)

    def test_many_clusters_are_as_elsewhere(self):
        random = np.random.default_rng(8)
        labels = np.repeat(np.arange(400), 3)
        x = random.normal(size=400)[labels] + random.normal(size=1200)
        y = 0.1 * x + random.normal(size=400)[labels] + random.normal(size=1200)
        found = test_of(x, y, None, labels)
        fit = sm.OLS(y, sm.add_constant(x)).fit(cov_type="cluster", cov_kwds={"groups": labels})
        self.assertAlmostEqual(found["statistic"] / fit.tvalues[1], 1, delta=0.03)
        columns = np.column_stack([x, x**2])
        found = test_of(columns, y, None, labels)
        fit = sm.OLS(y, sm.add_constant(columns)).fit(cov_type="cluster", cov_kwds={"groups": labels})
        wald = float(np.squeeze(fit.wald_test(np.eye(3)[1:], use_f=True, scalar=True).statistic))
        self.assertAlmostEqual(found["statistic"] / wald, 1, delta=0.05)

    def test_a_coefficient_of_one_cluster_is_never_found(self):
        random = np.random.default_rng(9)
        labels = np.repeat(np.arange(8), 10)
        y = random.normal(size=80) + 20 * (labels == 3)
        self.assertGreater(test_of((labels == 3).astype(float), y, None, labels)["p"], 0.3)

    def test_several_outcomes_do_not_depend_on_how_they_are_coded(self):
        random = np.random.default_rng(10)
        labels, column = draw(random, 16, False)
        x, kinds = column()[:, None], np.digitize(column(), [-0.5, 0.5])
        one = np.column_stack([kinds == 1, kinds == 2]).astype(float)
        other = np.column_stack([kinds == 0, kinds == 2]).astype(float)
        first, second = (lib("clustered_estimate")(x, right, labels) for right in (one, other))
        self.assertAlmostEqual(first["p"], second["p"], delta=0.02)


def treated_few(random, count, even):
    labels, column = draw(random, count, even)
    return (random.permutation(count) < 2).astype(float)[labels], column(), None, labels


def both_of_clusters(random, count, even):
    labels, column = draw(random, count, even)
    return random.normal(size=count)[labels], column(), random.normal(size=count)[labels][:, None], labels


def product_with_group(random, count, even):
    labels, column = draw(random, count, even)
    x, group = column(), (random.permutation(count) < count // 2).astype(float)[labels]
    return x * group, column(), np.column_stack([x, group, x * x]), labels


def slopes_of_their_own(random, count, even):
    labels, column = draw(random, count, even)
    x = random.normal(size=len(labels))
    return x, column() + 0.5 * random.normal(size=count)[labels] * x, None, labels


def three_groups(random, count, even):
    labels, column = draw(random, count, even)
    return lib("indicators")((random.permutation(count) % 3)[labels]), column(), None, labels


def as_other_packages(x, y, base, labels):
    """p by statsmodels with its cluster covariance (CR1) and normal quantiles."""
    design = np.column_stack([x, np.ones(len(y))] + ([] if base is None else [base]))
    fit = sm.OLS(y, design).fit(cov_type="cluster", cov_kwds={"groups": labels})
    return float(fit.pvalues[0])


class Simulation(unittest.TestCase):
    def test_false_positives(self):
        for form, count, even in (
            (treated_few, 10, True),
            (treated_few, 10, False),
            (both_of_clusters, 6, False),
            (both_of_clusters, 20, False),
            (product_with_group, 10, True),
            (slopes_of_their_own, 20, True),
            (three_groups, 10, False),
        ):
            with self.subTest(form.__name__, count=count, even=even):
                found = share_below(200, lambda random: test_of(*form(random, count, even))["p"])
                # Three standard errors above 5 %.
                self.assertLess(found, 0.096)
        loose = share_below(200, lambda random: as_other_packages(*treated_few(random, 10, True)))
        self.assertGreater(loose, 0.12)

    def test_intervals_hold_the_truth_and_agree_with_p(self):
        for count, even in ((6, True), (10, False)):
            held = 0
            for seed in range(200):
                random = np.random.default_rng([seed, 47])
                labels, column = draw(random, count, even)
                x = column()
                found = test_of(x, column() + 0.4 * x, None, labels)
                half = stats.t.isf(0.025, found["df"]) * abs(found["slope"] / found["statistic"])
                held += abs(found["slope"] - 0.4) <= half
                self.assertEqual(found["p"] < 0.05, abs(found["slope"]) > half)
                self.assertEqual(found["p"] < 0.05, not found["low"] <= 0 <= found["high"])
            self.assertGreater(held / 200, 0.905)

    def test_power(self):
        def within(random):
            labels, column = draw(random, 10, True)
            x = random.normal(size=len(labels))
            return test_of(x, column() + 0.4 * x, None, labels)["p"]

        def between(random):
            labels, column = draw(random, 20, True)
            arm = (random.permutation(20) < 10).astype(float)[labels]
            return test_of(arm, column() + 1.1 * arm, None, labels)["p"]

        self.assertGreater(share_below(100, within), 0.85)
        self.assertGreater(share_below(100, between), 0.75)


class Families(unittest.TestCase):
    def test_counts_and_shares_of_few_clusters(self):
        for binomial in (True, False):

            def p_of(random, binomial=binomial):
                labels, _ = draw(random, 10, True)
                arm = (random.permutation(10) < 3).astype(float)[labels][:, None]
                drift = 0.6 * random.normal(size=10)[labels]
                amount = random.integers(5, 40, len(labels)).astype(float)
                chance = 1 / (1 + np.exp(0.8 - drift))
                if binomial:
                    events, offset = random.binomial(amount.astype(int), chance), np.zeros(len(labels))
                else:
                    events, offset = random.poisson(amount * np.exp(drift)), np.log(amount)
                data = lib("Counted")(events.astype(float), amount, offset, binomial)
                found = lib("rate_estimate")(arm, data, np.zeros((len(labels), 0)), labels)
                self.assertEqual(found.p < 0.05, not found.low <= 0 <= found.high)
                return found.p

            self.assertLess(share_below(150, p_of), 0.105)

    def test_whole_scripts(self):
        random = np.random.default_rng(12)
        labels, column = draw(random, 12, False)
        x, z, third = column(), column(), np.array(list("abc"))[random.integers(0, 3, len(labels))]
        y = column() + 0.5 * x
        columns = {"clinic": [f"c{label:02}" for label in labels], "x": x, "z": z, "third": third, "y": y}
        lab = Lab(csv_of(columns))
        asked = {"x": "x", "y": "y", "unit": "clinic"}
        held, by = {"covariates": ["z"]}, {"by": "z"}
        for kind, more in (("numeric_numeric", {}), ("adjusted", held), ("interaction", by), ("curve", {})):
            test = lab.tests(kind, {**asked, **more})[0]
            self.assertEqual((test["status"], test["p_judged_by"]), ("ok", "cluster_robust"), (kind, test["reason"]))
            self.assertTrue(0 < test["whole"]["p"] < 1, kind)
        found = lab.tests("adjusted", {**asked, "covariates": ["z"]})[0]["whole"]
        self.assertAlmostEqual(found["p"], test_of(x, y, z[:, None], labels)["p"], places=8)
        low, high = found["units"]["ci_low"], found["units"]["ci_high"]
        self.assertEqual(found["p"] < 0.05, not low <= 0 <= high)
        test = lab.tests("group_numeric", {"x": "third", "y": "y", "unit": "clinic"})[0]
        self.assertEqual(test["p_judged_by"], "cluster_robust")


if __name__ == "__main__":
    unittest.main()
