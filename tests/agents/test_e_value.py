"""The section that the agent e_value writes of e_value/research_finished.json, its numbers reckoned a second time; and
that the agent knows the measures of all templates. That agent.wasm writes this section is for the tests in Rust."""

import json
import math
import re
import unittest

import support

FOLDER = support.HERE / "e_value"
AGENT = support.AGENTS / "e_value"
NUMBER = r"(-?\d+\.\d\d)"
# Effects beside the primary one or of second looks, and that of pairs, which the agent knows by their kind.
BESIDE = {"slope", "mean_difference", "risk_difference", "r_squared_gain", "cohens_dz"}


def read(name):
    return json.loads((FOLDER / f"{name}.json").read_text("utf-8"))["body"]


def e_value(ratio):
    ratio = max(ratio, 1 / ratio)
    return ratio + math.sqrt(ratio * (ratio - 1))


def ratio_of(name, value):
    """VanderWeele and Ding (2017), table 2."""
    if name == "hedges_g":
        return math.exp(0.91 * value)
    if name in ("r", "partial_r"):
        return ratio_of("hedges_g", 2 * value / math.sqrt(1 - value * value))
    if name.startswith("odds_ratio"):
        return math.sqrt(value)
    if name.startswith("hazard_ratio"):
        return (1 - 0.5 ** math.sqrt(value)) / (1 - 0.5 ** math.sqrt(1 / value))
    raise ValueError(name)


def ratios(finding):
    """(value, low, high) of its risk ratio; the limits are None where there are none."""
    effect = finding["effect"]
    if effect["name"] != "cramers_v":
        values = [effect[key] for key in ("value", "ci_low", "ci_high")]
        return [None if value is None else ratio_of(effect["name"], value) for value in values]
    first, second = ((group["value"] * group["n"], group["n"]) for group in finding["groups"])
    (a, n), (b, m) = first, second
    value, error = (a / n) / (b / m), math.sqrt(1 / a - 1 / n + 1 / b - 1 / m)
    return [value, value * math.exp(-1.959964 * error), value * math.exp(1.959964 * error)]


class Section(unittest.TestCase):
    def setUp(self):
        self.findings = read("research_finished")["findings"]
        self.title, self.paragraphs = read("section").values()

    def told(self, finding):
        found = [text for text in self.paragraphs if text.startswith(finding["statement"].rstrip(".") + ":")]
        self.assertLessEqual(len(found), 1)
        return found[0] if found else None

    def test_the_example_of_the_paper(self):
        self.assertEqual([round(e_value(ratio), 2) for ratio in (3.9, 1.8, 1 / 3.9)], [7.26, 3.0, 7.26])

    def test_the_numbers(self):
        told = [(finding, self.told(finding) or "") for finding in self.findings]
        with_one = [(finding, text) for finding, text in told if "an E-value of" in text]
        self.assertEqual(len(with_one), 13)
        for finding, text in with_one:
            with self.subTest(finding["statement"]):
                value, low, high = ratios(finding)
                expected = [e_value(value)]
                if low is not None and "repeated_units" not in finding["caveats"]:
                    limit = low if low > 1 else high
                    expected.append(e_value(limit) if (low > 1) == (high > 1) else 1.0)
                head, _, tail = text.partition(". ") if "none for the limit" in text else text.partition("the limit")
                self.compare(re.findall(NUMBER, head.rpartition(": an E-value of ")[2]), expected)
                last = re.search(rf"{NUMBER}(?: \[{NUMBER} to {NUMBER}\])?(?: times as frequent.*)?\.$", tail)
                self.compare([figure for figure in last.groups() if figure], [x for x in (value, low, high) if x])

    def compare(self, found, expected):
        self.assertEqual(len(found), len(expected))
        for figure, number in zip(found, expected):
            self.assertAlmostEqual(float(figure), number, delta=0.00501)

    def test_all_findings_are_accounted_for(self):
        none_needed = [text for text in self.paragraphs if ": none is needed" in text]
        self.assertEqual(len(none_needed), 2)
        last = self.paragraphs[-1]
        counted = sum(int(count) for count in re.findall(r"\. (\d+) (?:on|by|that|where|whose|of|over) ", last))
        self.assertEqual(len(self.paragraphs), 2 + 13 + 2)
        self.assertEqual(13 + 2 + counted, len(self.findings))


class Templates(unittest.TestCase):
    """The agent knows Kosmos's measures by their names, and ranks by a word."""

    def setUp(self):
        self.source = (AGENT / "measure.zig").read_text("utf-8")
        self.scripts = [path.read_text("utf-8") for path in (support.AGENTS / "code_generator").glob("*/**/*.py")]

    def test_each_measure_is_decided(self):
        names = set()
        for script in self.scripts:
            for call in re.findall(r"effect\(\s*(\"\w+\"(?: if [^,]*? else \"\w+\")?)", script):
                names.update(re.findall(r"\"(\w+)\"", call))
            names.update(re.findall(r"\"((?:odds|hazard)_ratio\w*|partial_\w+)\"", script))
        self.assertGreater(len(names), 15)
        unknown = {name for name in names if f'"{name}"' not in self.source}
        self.assertLessEqual(unknown, BESIDE)

    def test_ranks_within_strata_are_told(self):
        self.assertTrue(any("; on ranks, because" in script for script in self.scripts))
        self.assertIn('"ranks"', self.source)


if __name__ == "__main__":
    unittest.main()
