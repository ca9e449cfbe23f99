# ---- calibration: whether p-values are what they claim to be, from copies of the data in which nothing goes with
# anything. Kosmos computes the same again from the copies that the result lists ----
import math

LEVEL = 0.05
FEWEST_COPIES = 39
# How sure it must be that more was found in the copies than chance lets through.
SURE = 0.999


class Refusal(Exception):
    """What was computed is no result; the message says why."""


def most_by_chance(copies):
    """The most p-values below LEVEL among so many copies that chance explains: the quantile of the binomial."""
    share, total = (1 - LEVEL) ** copies, 0.0
    for count in range(copies + 1):
        total += share
        if total >= SURE:
            return count
        share *= (copies - count) / (count + 1) * LEVEL / (1 - LEVEL)
    return copies


def permutation_p(copies, p):
    """How often the copies come as low as p. Raises Refusal where the copies speak against the analysis.

    A copy is {p, statistic, effect}, or None where the function failed on it.
    """
    done = [copy for copy in copies if copy is not None]
    if len(done) < FEWEST_COPIES or len(done) < 0.9 * len(copies):
        raise Refusal(f"it gives a result for {len(done)} of {len(copies)} shuffled copies")
    for key in ("p", "statistic", "effect"):
        if len({copy[key] for copy in done}) == 1:
            raise Refusal(f"it does not depend on the data: {key} is the same in all {len(done)} shuffled copies")
    found = sum(copy["p"] < LEVEL for copy in done)
    if found > most_by_chance(len(done)):
        raise Refusal(f"it finds something in {found} of {len(done)} shuffled copies, where there is nothing to find")
    if min(copy["p"] for copy in done) < 1 - SURE ** (1 / len(done)):
        raise Refusal(f"one of {len(done)} shuffled copies has a p-value that chance does not explain")
    return (1 + sum(copy["p"] <= p for copy in done)) / (1 + len(done))
