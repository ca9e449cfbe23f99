# ---- designed: one term of the analysis of variance of a designed experiment ----
import warnings
from types import SimpleNamespace

import numpy as np
from scipy import stats


def judge(table, explore, test, family):
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return analyse(table, explore, test)


def analyse(table, explore, test):
    plan = load_design(table, test)
    design, y, rows = plan.design, plan.y, plan.rows
    term = [design.x] if design.by is None else [design.x, design.by]
    measured = term_test(design, y, term)
    by_rank = plan.ranked or has_far_errors(design, y)
    tested = ranks(y) if by_rank else y
    whole_test = term_test(design, tested, term) if by_rank else measured
    parts, part = {}, explore[rows]
    for name, mask in (("whole", None), ("explore", part), ("confirm", ~part)):
        parts[name] = estimate_part(design, tested, term, mask, by_rank, whole_test if mask is None else None)
    whole = parts["whole"]
    compared = None if by_rank else all_contrasts(whole_test)
    if compared is not None:
        whole["contrasts"] = compared
    found = SimpleNamespace(variants=[], caveats=[])
    if by_rank:
        add_term_variant(found, "linear", "", measured, whole)
    else:
        rank_variant(found, term, whole_test, whole)
    permutation_variant(found, table, test, whole_test, whole)
    if whole["p"] < 0.05 and abs(whole["effect"]["value"]) < TINY["partial_r"]:
        found.caveats.append("tiny_effect")
    if len(y) < 20 or (design.x in design.factors and np.bincount(design.factors[design.x].codes).min() < 5):
        found.caveats.append("small_sample")
    result = {
        **parts,
        "test": TEST_NAME.format(stratum=whole_test.stratum + (", of ranks" if by_rank else "")),
        "why": reason(design, term, whole_test) + ranks_told(plan, by_rank) + plan.note + table.told_copies(),
        "assumptions": assumptions(whole_test),
        "covariates": [name for name in plan.columns if name not in term],
        "variants": found.variants,
        "caveats": found.caveats,
        "groups": group_means(measured, level_counts(design, term)),
        "mde": smallest_term(judged_test(design, tested, term, whole_test, explore, rows, test), level_of(table, test)),
        "p_judged": whole["p"],
        "p_judged_by": "primary",
    }
    if design.by is not None:
        result.update(by=design.by, strata=simple_effects(design, tested))
    return result


def judged_test(design, y, term, whole, explore, rows, test):
    """The test of the rows that are judged: that of all, also where the part that the test names leaves nothing to
    test."""
    mask = rows_judged(explore, rows, test)
    try:
        return whole if mask.all() else term_test(part_of_design(design, np.flatnonzero(mask)), y[mask], term)
    except (NotTestable, ArithmeticError, ValueError):
        return whole


def has_far_errors(design, y):
    """Whether a mean square would hang on a few rows: the outcome, and what main effects and blocks leave of it, have
    strong skew or far outliers."""
    if not is_heavy(y):
        return False
    terms = [frozenset([name]) for name in (*design.factors, *design.numbers)]
    too_large = sum(size_of(design, term) for term in terms) * len(y) > MOST_CELLS
    return too_large or is_heavy(model_residuals(design, y, terms))


def ranks_told(plan, by_rank):
    if not by_rank:
        return ""
    name = plan.outcome
    because = f"of {name} only the order counts" if plan.ranked else f"{name} has strong skew or far outliers"
    return f"; of ranks, because {because}"


def estimate_part(design, y, term, mask, by_rank, found=None):
    """E of some of the rows, or None where they lack a level or leave nothing to test."""
    if found is None:
        if mask.sum() < MIN_ROWS:
            return None
        smaller = part_of_design(design, np.flatnonzero(mask))
        for name in term:
            there = smaller.factors.get(name)
            if name in design.factors and (there is None or len(there.levels) < len(design.factors[name].levels)):
                return None
        try:
            found = term_test(smaller, y[mask], term)
        except (NotTestable, ArithmeticError, ValueError):
            return None
    return {
        "n": found.n,
        "statistic": found.F,
        "p": found.p,
        "effect": term_effect(found, by_rank),
        "direction": direction_of_term(found),
        "units": None if by_rank else term_units(found),
    }


def degrees(value):
    return f"{value:.0f}" if abs(value - round(value)) < 1e-6 else f"{value:.1f}"


def reason(design, term, found):
    """One sentence on the term, the rest of the model and the error."""
    what = f"main effect of {term[0]}"
    if len(term) == 2:
        what = f"interaction of {term[0]} and {term[1]}, given each of them"
    given = [name for name in (*sorted(design.factors), *sorted(design.numbers)) if name not in term]
    if design.block is not None:
        given.append(f"the blocks ({design.block[0]})")
    what += f"{' and ' if len(term) == 2 else ', given '}{', '.join(given)}" if given else ""
    if any(len(each) > 1 for each in found.terms if each != frozenset(term)):
        what += ", in a model with the interactions of the factors"
    against = {
        "residual": "the residual mean square",
        "whole plots": f"the mean square of whole plots ({found.name})",
        "subplots": f"the residual mean square within whole plots ({found.name})",
        "subjects": f"the mean square of subjects ({found.name}) within groups",
        "within subjects": f"the mean square of its interaction with the subject ({found.name})",
        "blocks": f"the mean square of blocks ({found.name}) that were treated alike",
    }[found.stratum]
    text = f"{what}, against {against}"
    text += f" ({degrees(found.df1)} and {degrees(found.df2)} degrees of freedom"
    text += f", Greenhouse-Geisser epsilon {found.epsilon:.2f})" if found.epsilon is not None else ")"
    if found.note:
        text += f", {found.note}"
    if not is_balanced(design):
        text += "; the design is not balanced, so sums of squares are of type II"
    if found.gaps:
        text += "; some combinations of levels have no rows"
    return text


def assumptions(found):
    """Checks of the residuals: normal, as widely spread in all cells, and sphericity within subjects."""
    design, y = found.design, found.y
    rest = model_residuals(design, y, found.terms)
    out = []
    if len(rest) >= 3 and float(rest @ rest) > 1e-20 * float(((y - y.mean()) ** 2).sum()):
        some = rest[np.linspace(0, len(rest) - 1, min(len(rest), 5000)).astype(int)]
        out.append(checked("residuals are normal", "scipy.stats.shapiro", stats.shapiro(some)))
        if design.factors:
            cells = numbered(*(factor.codes for factor in design.factors.values()))
            pieces = [rest[cells == cell] for cell in range(int(cells.max()) + 1)] if cells.max() < 200 else []
            pieces = [piece for piece in pieces if len(piece) >= 3]
            if len(pieces) >= 2:
                name = "residuals have the same spread in all cells"
                out.append(checked(name, "scipy.stats.levene", stats.levene(*pieces)))
    if found.epsilon is not None:
        name = "differences of conditions have the same spread (corrected for)"
        row = {"name": name, "check": "Greenhouse-Geisser epsilon", "statistic": found.epsilon, "p": None}
        out.append({**row, "holds": bool(found.epsilon > 0.75)})
    return [row for row in out if row is not None]


def checked(name, check, found):
    statistic, p = clean_p(found)
    if p is None:
        return None
    return {"name": name, "check": check, "statistic": statistic, "p": p, "holds": bool(p >= 0.05)}


run_battery(PROTOCOL, SimpleNamespace(judge=judge))
