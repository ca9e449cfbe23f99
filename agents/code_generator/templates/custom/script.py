# ---- custom: an analysis by the function in PROTOCOL["code"], which a model wrote and nobody trusts ----
import builtins
import random as chance
import re

# Time on the clock for one call, and processor time for all of them.
SECONDS = 10
SECONDS_IN_ALL = 80
MOST_COPIES = 199
# Rows of a shuffled copy at most.
COPY_ROWS = 20000
FEWEST_ROWS = 20
# How a call may fail, in words that a report repeats.
FAILURES = {
    "timeout",
    "no answer",
    *(name for name, kind in vars(builtins).items() if isinstance(kind, type) and issubclass(kind, BaseException)),
}


def values_of(column):
    """A column as the function gets it: numbers, or words with None where there is none."""
    if column.levels is None:
        return column.values
    return np.array([*column.levels, None], dtype=object)[column.values]


def checked(answer, rows):
    """The values that the function returned, as numbers that can be true."""
    if "error" in answer:
        # The last line is ours: the run's report repeats it, and nothing that the function says of itself.
        kind = answer["error"] if str(answer["error"]) in FAILURES else "an error"
        raise CodeFault(f"{str(answer.get('trace'))[-3000:]}\nthe function failed: {kind}")
    n, test, direction = answer.get("n"), answer.get("test"), answer.get("direction")
    for key in ("statistic", "p", "effect", "ci_low", "ci_high"):
        number = answer.get(key)
        if isinstance(number, bool) or not isinstance(number, (int, float)) or not math.isfinite(number):
            raise CodeFault(f"`{key}` must be a finite number")
    if isinstance(n, float) and n.is_integer():
        n = int(n)
    if isinstance(n, bool) or not isinstance(n, int) or not 1 <= n <= rows:
        raise CodeFault("`n` must be the number of rows used, which is at most the number of rows of the table")
    if not 0 <= answer["p"] <= 1:
        raise CodeFault("`p` must be from 0 to 1")
    if not answer["ci_low"] <= answer["effect"] <= answer["ci_high"]:
        raise CodeFault("`effect` must be between `ci_low` and `ci_high`")
    if direction is not None and not isinstance(direction, str):
        raise CodeFault("`direction` must be '+', '-', a level or None")
    test = re.sub(r"[^A-Za-z0-9_.]+", "_", test).strip("_.") if isinstance(test, str) else ""
    if len(test) > 80 or not re.fullmatch(r"[A-Za-z]\w*(\.[A-Za-z_]\w*)*", test):
        raise CodeFault("`test` must be the dotted name of the test, such as 'scipy.stats.pearsonr'")
    return {
        "n": n,
        "direction": direction,
        "test": test,
        **{key: float(answer[key]) for key in ("statistic", "p", "effect", "ci_low", "ci_high")},
    }


def estimate(found, protocol):
    return {
        "n": found["n"],
        "statistic": found["statistic"],
        "p": found["p"],
        "effect": effect(protocol["analysis"]["effect"], found["effect"], found["ci_low"], found["ci_high"]),
        "direction": found["direction"],
    }


def known_direction(found, columns):
    """A direction other than a sign must be a level of a column."""
    levels = {level for column in columns for level in column.levels or ()}
    if found["direction"] not in {None, "+", "-", *levels}:
        raise CodeFault("`direction` must be '+', '-', a level of a column or None")
    return found


def blank(protocol):
    return {
        "id": protocol["id"],
        "status": "not_testable",
        "reason": None,
        "test": None,
        "why": None,
        "explore": None,
        "confirm": None,
        "p_judged": None,
        "p_judged_by": None,
        "variants": [],
        "caveats": [],
        "caveat_notes": {},
    }


def analysed(protocol, worker):
    """(the test, the copies of its calibration or None)"""
    table = Table(protocol)
    names = protocol["analysis"]["columns"]
    missing = [name for name in names if name not in table.position]
    if missing:
        raise Refusal(f"there is no column {missing[0]!r} in the table")
    columns = [table.column(name) for name in names]
    explore = table.split()
    # In an order that says nothing; the function is to find relations of columns, not of rows.
    order = generator("rows", protocol["seed"]).permutation(table.rows)
    parts = {"explore": order[explore[order]], "confirm": order[~explore[order]]}
    for part, rows in parts.items():
        if len(rows) < FEWEST_ROWS:
            raise Refusal(f"fewer than {FEWEST_ROWS} rows in the {part} part")
    calls = min(int(protocol["permutations"]), MOST_COPIES)
    if calls < FEWEST_COPIES:
        raise Refusal(f"fewer than {FEWEST_COPIES} shuffled copies are asked for, which is too few to trust an analysis")

    def call(rows):
        return worker.call({column.name: values_of(column)[rows] for column in columns})

    # What is wrong with the code shows on rows that judge nothing: only from them is anything told.
    rows = parts["explore"]
    first = known_direction(checked(call(rows), len(rows)), columns)
    share = SECONDS_IN_ALL / (calls + 2)
    second = call(rows)
    if worker.used * len(parts["confirm"]) / len(rows) > share:
        raise CodeFault(f"it is too slow: one call may take {share:.2f} s, for it is called {calls + 2} times")
    if checked(second, len(rows)) != first:
        raise CodeFault("two calls with the same table returned different values: give every generator a fixed seed")

    # Now the rows that judge, among copies of them in which every column has an order of its own; in an order that
    # nobody knows, so that no call can tell which it is.
    rows, answers = parts["confirm"], {}
    asked = ["real", "again", *range(calls)]
    chance.SystemRandom().shuffle(asked)
    for name in asked:
        if isinstance(name, str):
            answers[name] = call(rows)
        else:
            answers[name] = worker.call(copy_of(columns, rows, protocol["seed"], name))
    try:
        real, again = (known_direction(checked(answers[name], len(rows)), columns) for name in ("real", "again"))
    except CodeFault:
        raise Refusal("it gives no valid result on the rows held back, though it does on the others") from None
    if real != again:
        raise Refusal("two calls with the same rows held back returned different values")
    copies = [copied(answers[number], len(rows)) for number in range(calls)]
    return test_of(protocol, table, first, real, copies), {"rows": len(rows), "copies": copies}


def copy_of(columns, rows, seed, number):
    """The rows held back, at most COPY_ROWS of them, each column in an order of its own."""
    return {
        column.name: values_of(column)[
            generator("copy", seed, number, column.name).permutation(rows)[:COPY_ROWS]
        ]
        for column in columns
    }


def copied(answer, rows):
    try:
        found = checked(answer, rows)
    except CodeFault:
        return None
    return {key: found[key] for key in ("p", "statistic", "effect")}


def test_of(protocol, table, first, real, copies):
    test = {
        **blank(protocol),
        "test": real["test"],
        "why": "the analysis that was registered; the script begins with its protocol",
        "explore": estimate(first, protocol),
        "confirm": estimate(real, protocol),
    }
    try:
        by_copies = permutation_p(copies, real["p"])
    except Refusal as refusal:
        return {**test, "reason": str(refusal)}
    agrees = (by_copies < LEVEL) == (real["p"] < LEVEL)
    variant = {"name": "permutation", "test": "kosmos.shuffled_copies", "n": real["n"], "p": by_copies, "agrees": agrees}
    # What is small must be rare among the copies too.
    larger = "permutation" if real["p"] < LEVEL <= by_copies else "primary"
    found = {"status": "ok", "variants": [variant], "p_judged": by_copies if larger == "permutation" else real["p"]}
    clock = protocol.get("time") or table.facts.get("time")
    if clock:
        found.update(caveats=["time_order"], caveat_notes={"time_order": clock})
    return {**test, **found, "p_judged_by": larger}


def main(protocol):
    kept = set(os.listdir(".")) - {"result.json"}
    if not is_confined():
        print("this system has no Landlock: the function could have read other files")
    # Before anything else, so that it knows nothing of the table.
    worker, calibration = Worker(protocol["code"], SECONDS), None
    try:
        test, calibration = analysed(protocol, worker)
    except Refusal as refusal:
        test = {**blank(protocol), "reason": str(refusal)}
    except CodeFault as fault:
        sys.exit(str(fault))
    finally:
        worker.end()
        leave_only(kept)
    result = {"schema": 1, "template": protocol["template"], "tests": [test]}
    write_result({**result, "calibration": calibration} if calibration else result)


main(PROTOCOL)
