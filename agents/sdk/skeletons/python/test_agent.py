"""Run with: PYTHONPATH=<the SDK> python3 -m unittest test_agent.py"""

import unittest

from agent import agent
from kosmos_agent.testing import FakeHost


def said(rows):
    with FakeHost(agent, config={"fewest": 50}) as lab:
        return lab.handle("finding_drafted", {"cycle": 1, "finding": {"id": "h-1", "n": rows}})


class Test(unittest.TestCase):
    def test_few_rows_are_challenged(self):
        self.assertEqual([message["type"] for message in said(20)], ["challenge"])

    def test_many_rows_are_not(self):
        self.assertEqual(said(200), [])


if __name__ == "__main__":
    unittest.main()
