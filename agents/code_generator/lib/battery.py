# ---- battery: one test after another: complete rows, primary test on each part, checks, caveats ----
from types import SimpleNamespace

import numpy as np

MIN_ROWS = 8
LEVEL = 0.05
# How sure a duration and its event must be told for neither to be tested alone.
SURE_SURVIVAL = 0.7


class NotTestable(Exception):
    """These two columns cannot be tested; the message says why."""


def run_battery(protocol, family):
    """Every test of the protocol, in its order, written to result.json.

    A family that is not about one pair of columns has its own judge(table, explore, test, family); any other has
    choose(x, y, test) -> plan, from the columns' own shapes alone; estimate(x, y, plan) -> E or None;
    outcome(x, y, plan) -> (X, Y) numeric columns for the checks; details(x, y, plan, whole) -> extra keys of the
    result; and detectable(x, y, plan, level) -> the smallest effect that rows like these show. Where it has them,
    units(x, y, plan, mask, dependence) and contrasts(x, y, plan, dependence) give effects in the units of the outcome,
    or None.
    """
    table = Table(protocol)
    explore = table.split()
    results = []
    for test in protocol["tests"]:
        blank = blank_result(test)
        try:
            refuse_half_of_survival(table, test)
            results.append({**blank, **getattr(family, "judge", judge)(table, explore, test, family)})
        except NotTestable as refusal:
            results.append({**blank, "status": "not_testable", "reason": str(refusal)})
        except (ArithmeticError, ValueError) as failure:
            # One column of absurd numbers must not cost the other tests of the script.
            results.append(
                {**blank, "status": "not_testable", "reason": f"the computation failed on these values: {failure}"}
            )
    write_result({"schema": 1, "template": protocol["template"], "rows": table.rows, "tests": results})


def blank_result(test):
    return {
        "id": test["id"],
        "status": "ok",
        "reason": None,
        "x": test["x"],
        "y": test["y"],
        "kind": test.get("kind"),
        "part": test.get("part", "whole"),
        "test": None,
        "why": None,
        "assumptions": [],
        "whole": None,
        "explore": None,
        "confirm": None,
        "y_level": None,
        "groups": None,
        "other_effects": [],
        "variants": [],
        "adjusted": [],
        "caveats": [],
        "caveat_notes": {},
        "mde": None,
        "p_judged": None,
        "p_judged_by": None,
    }


def load_pair(table, test):
    """x, y and the numbers of the rows that have both."""
    for name in (test["x"], test["y"]):
        if name not in table.position:
            raise NotTestable(f"there is no column {name!r} in the table")
    if test["x"] == test["y"]:
        raise NotTestable("x and y are the same column")
    x, y = table.column(test["x"]), table.column(test["y"])
    rows = table.distinct_rows(np.flatnonzero(present(x) & present(y)))
    if len(rows) < MIN_ROWS:
        raise NotTestable(f"fewer than {MIN_ROWS} complete rows ({len(rows)})")
    return take(x, rows), take(y, rows), rows


def refuse_half_of_survival(table, test):
    """Refuses a duration, or how it ended, with another column: rows that were watched for less long end less often and
    have shorter times, whatever happens to them. The test of survival takes both."""
    told = table.structure().get("survival") or {}
    duration, event = (told.get(key) for key in ("duration", "event"))
    if not duration or test.get("event") or told.get("sure", 0.0) < SURE_SURVIVAL:
        return
    pair = {test["x"], test["y"]}
    if len(pair & {duration, event}) != 1 or told.get("entry") in pair or event not in table.position:
        return
    if len(table.as_read(event).levels or ()) == 2:
        raise NotTestable(
            f"{duration!r} and {event!r}, how it ended, are tested together as times to an event: alone, either depends "
            "on how long each row was watched"
        )


def judge(table, explore, test, family):
    x, y, rows = load_pair(table, test)
    for column in (x, y):
        if len(np.unique(column.values)) < 2:
            raise NotTestable(f"{column.name!r} has one value only where both columns are filled")
    x, y, rows = family.prepare(x, y, rows) if hasattr(family, "prepare") else (x, y, rows)
    plan = family.choose(x, y, test)
    plain = family.estimate(x.values, y.values, plan)
    if plain is None or plain["p"] is None or not np.isfinite(plain["p"]):
        raise NotTestable("the test gives no p-value on these rows: too little varies")
    left, right = family.outcome(x, y, plan)
    found = find_dependence(table, test, rows, left, right)
    dependence = None if found is None else Dependence(found, left, right)

    def estimate(mask):
        mask = mask if dependence is None else mask & dependence.placed
        alone = plain if mask.all() else family.estimate(x.values[mask], y.values[mask], plan)
        judged = alone if dependence is None else dependent_result(alone, dependence, mask, plan, family)
        if judged is None or not hasattr(family, "units"):
            return judged
        return {**judged, "units": family.units(x, y, plan, mask, dependence)}

    part = explore[rows]
    whole = estimate(np.ones(len(rows), dtype=bool))
    if whole is None:
        raise NotTestable(f"too few {what_repeats(found)} for a test that accounts for them")
    contrasts = family.contrasts(x, y, plan, dependence) if hasattr(family, "contrasts") else None
    if contrasts is not None:
        whole["contrasts"] = contrasts
    result = {
        "test": plan.test,
        "why": plan.why + table.told_copies(),
        "assumptions": plan.assumptions,
        "whole": whole,
        "y_level": getattr(plan, "y_level", None),
    }
    for name, mask in (("explore", part), ("confirm", ~part)):
        result[name] = estimate(mask) if mask.sum() >= MIN_ROWS else None
    result.update(family.details(x, y, plan, plain))
    judged, level = rows_judged(explore, rows, test), level_of(table, test)
    result["mde"] = detectable_among(family, take_same(x, judged), take_same(y, judged), plan, level)
    pair = SimpleNamespace(
        x=x, y=y, rows=rows, plan=plan, whole=plain, test=test, table=table, family=family, dependence=dependence
    )
    checked = check_pair(pair)
    result.update(checked)
    if dependence is not None:
        result.update(with_dependence(result, plain, whole, dependence, level, judged))
    return result


def level_of(table, test):
    """The level of significance that the smallest detectable effect is told for: that of the test, or of all tests of
    the protocol."""
    level = test.get("level") or table.protocol.get("level") or LEVEL
    return float(level) if 0 < level < 1 else LEVEL


def rows_judged(explore, rows, test):
    """True for the rows that a test is judged on: all, or the part that it names."""
    part = explore[rows]
    return {"explore": part, "confirm": ~part}.get(test.get("part"), np.ones(len(rows), dtype=bool))


def detectable_among(family, x, y, plan, level):
    """The smallest effect of these rows, or None where they are too few or lack a level."""
    try:
        with np.errstate(divide="raise", invalid="raise"):
            return family.detectable(x, y, plan, level)
    except (ArithmeticError, ValueError):
        return None


def dependent_result(plain, dependence, mask, plan, family):
    """The estimate of a part by the model of how rows depend on each other, in the form of any estimate."""
    found = dependence.estimate(mask)
    if plain is None or found is None:
        return None
    # Of several columns the direction is that of the levels, which other errors leave as they are.
    way = family.direction(found["sign"], plan) if found["sign"] else plain["direction"]
    return {
        "n": found["n"],
        "statistic": found["statistic"],
        "p": found["p"],
        "effect": dependent_effect(plain, found, dependence),
        "direction": way,
    }


def what_repeats(found):
    return f"values of {found.name}" if found.name else "rows"


def with_dependence(result, plain, whole, dependence, level, judged):
    """What a result says where rows depend on each other: the test and its reason, the plain test as a second look,
    the caveat where the plain test alone would have found something, and the smallest effect that the rows of the mask
    `judged` show at a level."""
    variant = {
        "name": "independent_rows",
        "test": result["test"],
        "n": plain["n"],
        "statistic": plain["statistic"],
        "p": plain["p"],
        "effect": plain["effect"],
        "direction": plain["direction"],
        "agrees": bool((plain["p"] < 0.05) == (whole["p"] < 0.05)),
    }
    caveats, notes = list(result["caveats"]), dict(result["caveat_notes"])
    word = {"units": "repeated_units", "series": "time_order", "moments": "time_order"}.get(dependence.kind)
    if word == "time_order" and not (plain["p"] < 0.05 <= whole["p"]):
        word = None
    if word and word not in caveats:
        caveats.append(word)
        notes[word] = dependence.found.name or "the order of the rows"
    return {
        "test": dependence.test,
        "why": f"{result['why']}; {dependence.told()}",
        "variants": [variant, *result["variants"]],
        "caveats": caveats,
        "caveat_notes": notes,
        "p_judged": whole["p"],
        "p_judged_by": dependence.judged_by,
        "mde": dependence.smallest_effect(level, judged, whole["effect"]["name"]),
    }


def on_parts(explore, rows, estimate):
    """{whole, explore, confirm} of a function from a row mask to E or None."""
    part = explore[rows]
    whole = estimate(np.ones(len(rows), dtype=bool))
    if whole is None or whole["p"] is None or not np.isfinite(whole["p"]):
        raise NotTestable("the test gives no p-value on these rows: too little varies")
    return {
        "whole": whole,
        **{
            name: estimate(mask) if mask.sum() >= MIN_ROWS else None
            for name, mask in (("explore", part), ("confirm", ~part))
        },
    }


def clean_p(result):
    """(statistic, p) of a scipy result as floats; NaN becomes None."""
    statistic, p = float(result.statistic), float(result.pvalue)
    return (statistic, p) if np.isfinite(p) else (None, None)
