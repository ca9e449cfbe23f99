# ---- calibration: whether p-values are what they claim to be, from copies of the data in which something is shuffled.
# Kosmos computes the same again from the copies that the result lists ----
import math

LEVEL = 0.05
FEWEST_COPIES = 39
# How sure it must be that more was found in the copies than chance lets through.
SURE = 0.999
# Copies as low as the data after which no more are counted.
ENOUGH = 10
# A share by which a p-value may differ that is computed on the rows in another order.
SAME = 1e-6


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


def completed(copies, what):
    """The copies with a result. Raises Refusal where they are too few."""
    done = [copy for copy in copies if copy is not None]
    if len(done) < FEWEST_COPIES or len(done) < 0.9 * len(copies):
        raise Refusal(f"it gives a result for {len(done)} of {len(copies)} {what}")
    return done


def check_null(copies):
    """Raises Refusal where the p-values of copies in which nothing goes with anything are smaller than a p-value may be.

    Estimand: P(p <= a) over copies. Null: P(p <= a) <= a for every a, which is what makes a number a p-value (Casella
    and Berger, Statistical Inference, 8.3.26). Tests at level 1 - SURE: the count below LEVEL against its binomial, and
    the smallest against 1 - SURE ** (1 / n), the distribution of the minimum of n uniform numbers (Tippett 1931).

    A copy is {p, statistic, effect}, or None where the function failed on it.
    """
    done = completed(copies, "shuffled copies")
    for key in ("p", "statistic", "effect"):
        if len({copy[key] for copy in done}) == 1:
            raise Refusal(f"it does not depend on the data: {key} is the same in all {len(done)} shuffled copies")
    found = sum(copy["p"] < LEVEL for copy in done)
    if found > most_by_chance(len(done)):
        raise Refusal(f"it finds something in {found} of {len(done)} shuffled copies, where there is nothing to find")
    if min(copy["p"] for copy in done) < 1 - SURE ** (1 / len(done)):
        raise Refusal(f"one of {len(done)} shuffled copies has a p-value that chance does not explain")


def as_low(copy, real):
    """True if a copy is no less extreme than the data: by p, and by the size of the statistic where both have one p. A copy
    without a result counts as extreme."""
    if copy is None or copy["p"] < real["p"]:
        return True
    return copy["p"] == real["p"] and abs(copy["statistic"]) >= abs(real["statistic"])


def tail_p(copies, real):
    """(p, whether more copies would not change it): how often copies come as low as the data.

    Estimand: P(a copy comes as low as the data), under the null that the shuffled columns are exchangeable given all
    others. The function is any function of the table, so its own p-value is used as a statistic and need not be right.
    Sequential Monte Carlo p-value (Besag and Clifford 1991, Biometrika 78, 301-304): copies are counted in their order
    until ENOUGH of them came as low, after L copies, and p is ENOUGH / L; if all are used up before, with k as low among
    n, p is (k + 1) / (n + 1). P(p <= a) <= a under the null for every a.
    """
    count = 0
    for number, copy in enumerate(copies, 1):
        count += as_low(copy, real)
        if count == ENOUGH:
            return ENOUGH / number, True
    return (1 + count) / (1 + len(copies)), False


def check_claim(copies, real, column):
    """Raises Refusal where the analysis is not about `column`, which alone is shuffled in the copies.

    It must change with that column: of numbers that stay the same under every shuffle none tells of it. And what is
    small for the data must not be as small for the copies: their p-values need not be uniform, since other columns keep
    their relation, but where more of them lie below LEVEL than chance explains, and the data are not extreme among
    them, other columns make the result.
    """
    if all(copy is not None and unchanged(copy, real) for copy in copies):
        raise Refusal(f"it is not about the {column}: it returns the same when that column alone is shuffled")
    if len(copies) < FEWEST_COPIES:
        return
    done = completed(copies, f"copies in which the {column} alone is shuffled")
    found = sum(copy["p"] < LEVEL for copy in done)
    if real["p"] < LEVEL <= tail_p(copies, real)[0] and found > most_by_chance(len(done)):
        raise Refusal(
            f"it is not about the {column}: it finds as much in {found} of {len(done)} copies in which that column alone is shuffled"
        )


def unchanged(copy, real):
    return copy["p"] == real["p"] and copy["statistic"] == real["statistic"]


def p_by_copies(calibration, real, base, others):
    """{variant: p} of what the copies say of the result `real`. Raises Refusal where they speak against the analysis.

    `base` copies are held against chance; more may follow, which only count how often they come as low. `others` says
    whether the analysis reads columns beside the two that it is about. Without such columns, a shuffle of everything is
    one of the exposure alone, and the copies have the word; with them, those in which the exposure alone is shuffled.
    """
    check_null(calibration["copies"][:base])
    check_claim(calibration["exposure"], real, "exposure")
    check_claim(calibration["outcome"], real, "outcome")
    found = {"permutation": tail_p(calibration["copies"], real)[0]}
    if others:
        found["exposure_shuffled"] = tail_p(calibration["exposure"], real)[0]
        found["outcome_shuffled"] = tail_p(calibration["outcome"], real)[0]
    # A series has no more orders than it has steps by which it can be turned.
    floor = 1 / (calibration["turns"] + 1) if calibration.get("turns") else 0.0
    found = {name: max(p, floor) for name, p in found.items()}
    largest = max([row["p"] for row in calibration["reordered"]], default=0.0)
    if largest > real["p"] * (1 + SAME):
        found["row_order"] = largest
    return found


def judged_p(found, real, calibration, others):
    """(p, variant): the largest of the p-value of the data and of those that the copies support.

    With other columns, the shuffle of everything counts where it contradicts a small p, and that of the outcome where
    some copy came as low: so few copies bound no p by themselves. Each p that is left out makes the judgement stricter
    if it is put in; the one that stays in, of the exposure, is valid alone, and the largest of several is no smaller.
    """
    counted = {"primary": real["p"], **found}
    if others:
        if not real["p"] < LEVEL <= found["permutation"]:
            del counted["permutation"]
        if not any(as_low(copy, real) for copy in calibration["outcome"]):
            del counted["outcome_shuffled"]
    name = max(counted, key=lambda one: counted[one])
    return counted[name], name
