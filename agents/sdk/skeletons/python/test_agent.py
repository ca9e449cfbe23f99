"""Run with: PYTHONPATH=<the SDK> python3 -m unittest test_agent.py"""

import unittest

from agent import agent
from kosmos_agent.testing import deliver


def drafted(rows):
    return {"cycle": 1, "finding": {"id": "h-1", "n": rows}}


class Test(unittest.TestCase):
    def test_few_rows_are_challenged(self):
        messages = deliver(agent, "finding_drafted", drafted(20), config={"fewest": 50})
        self.assertEqual([message["type"] for message in messages], ["challenge"])

    def test_many_rows_are_not(self):
        self.assertEqual(deliver(agent, "finding_drafted", drafted(200), config={"fewest": 50}), [])


if __name__ == "__main__":
    unittest.main()
