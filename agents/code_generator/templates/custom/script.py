# ---- custom: an analysis by the function in PROTOCOL["code"], which a model wrote and nobody trusts ----
import builtins
import random as chance
import re
import time

# Time on the clock for one call, and processor time for the calls that every analysis gets.
SECONDS = 10
SECONDS_IN_ALL = 80
# Time on the clock after which no more copies are drawn for a smaller p-value.
SECONDS_FOR_TAIL = 90
# Copies in which everything is shuffled, and those in which one column alone is, at most: where the analysis reads
# columns beside the two that it is about, and where it does not.
MOST_COPIES, MOST_COPIES_BESIDE = 199, 99
FEW_ALONE, MOST_ALONE = 9, 49
# Numbers of copies at which it is decided whether more are drawn.
STAGES = (99, 199, 399, 799, 1599, 3199, 6399, 9999)
# Copies beyond the first that are called in turn, in one process, and cells of all of them, at most.
IN_TURN, CELLS_IN_TURN = 20, 2_000_000
# Orders of the rows that are tried.
ORDERS = 2
# Rows of a shuffled copy at most.
COPY_ROWS = 20000
FEWEST_ROWS = 20
# How a call may fail, in words that a report repeats.
FAILURES = {
    "timeout",
    "no answer",
    *(name for name, kind in vars(builtins).items() if isinstance(kind, type) and issubclass(kind, BaseException)),
}

# The names of the variants that the copies give.
VARIANTS = {
    "permutation": "kosmos.shuffled_copies",
    "exposure_shuffled": "kosmos.shuffled_exposure",
    "outcome_shuffled": "kosmos.shuffled_outcome",
    "row_order": "kosmos.reordered_rows",
}


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
    """(the test, the copies that it is judged by or None)"""
    table = Table(protocol)
    names, pair = protocol["analysis"]["columns"], [protocol["x"], protocol["y"]]
    missing = [name for name in [*names, *pair] if name not in table.position]
    if missing:
        raise Refusal(f"there is no column {missing[0]!r} in the table")
    if not set(pair) <= set(names):
        raise Refusal("it does not read both columns that it is about")
    columns = [table.column(name) for name in names]
    unit = (protocol.get("split") or {}).get("by")
    units = unit_labels(table.column(unit)) if unit in table.position else None
    explore = table.split()
    # In an order that says nothing; the function is to find relations of columns, not of rows.
    order = generator("rows", protocol["seed"]).permutation(table.rows)
    distinct = np.zeros(table.rows, dtype=bool)
    distinct[table.distinct_rows(np.arange(table.rows))] = True
    order = order[distinct[order]]
    parts = {"explore": order[explore[order]], "confirm": order[~explore[order]]}
    for part, rows in parts.items():
        if len(rows) < FEWEST_ROWS:
            raise Refusal(f"fewer than {FEWEST_ROWS} rows in the {part} part")
    if int(protocol["permutations"]) < FEWEST_COPIES:
        raise Refusal(f"fewer than {FEWEST_COPIES} shuffled copies are asked for, which is too few to trust an analysis")
    places = table.places_in_order()
    tables = {part: Tables(protocol, columns, rows, units, places) for part, rows in parts.items()}
    calls = Calls(worker, protocol, columns)
    first = explored(calls, tables["explore"], len(parts["confirm"]))
    return confirmed(calls, tables["confirm"], first, table)


def base_copies(protocol):
    """(copies in which everything is shuffled, copies in which one column alone is) that every analysis gets."""
    asked = int(protocol["permutations"])
    if reads_others(protocol):
        return min(asked, MOST_COPIES_BESIDE), min(asked, MOST_ALONE)
    return min(asked, MOST_COPIES), min(asked, FEW_ALONE)


def reads_others(protocol):
    """Whether the analysis reads columns beside the two that it is about."""
    return bool(set(protocol["analysis"]["columns"]) - {protocol["x"], protocol["y"]})


class Calls:
    """Calls of the function, with what is known of how long they take."""

    def __init__(self, worker, protocol, columns):
        self.worker, self.protocol, self.columns = worker, protocol, columns
        self.began, self.made = time.monotonic(), 0

    def answer(self, table):
        self.made += 1
        return self.worker.call(table)

    def result(self, table, rows):
        """The values of an answer that must be one."""
        return known_direction(checked(self.answer(table), rows), self.columns)

    def in_disguise(self, tables):
        """{name: answer} for {name: maker of a table}, in an order that nobody knows, so that no call can tell which it
        is."""
        asked = list(tables)
        chance.SystemRandom().shuffle(asked)
        return {name: self.answer(tables[name]()) for name in asked}

    def in_turn(self, tables, real, expected, rows):
        """The same, called in processes of some tables each. Every process gets the table `real` too, at a place that
        nobody knows, and must answer it as `expected`: where the tables are exchangeable, whatever a function remembers
        of those before does not tell which one it is. Raises Refusal where it answers otherwise."""
        names, answers = list(tables), {}
        size = max(1, min(IN_TURN, CELLS_IN_TURN // (rows * len(self.columns))))
        for start in range(0, len(names), size):
            asked = ["real", *names[start : start + size]]
            chance.SystemRandom().shuffle(asked)
            self.made += len(asked)
            made = self.worker.call_in_turn([real() if name == "real" else tables[name]() for name in asked])
            found = dict(zip(asked, made))
            if copied(found.pop("real"), rows) != expected:
                raise Refusal("two calls with the same rows held back returned different values")
            answers.update(found)
        return answers

    def time_for(self, more):
        """Whether so many more calls end in time, as far as those before tell."""
        spent = time.monotonic() - self.began
        return spent + 1.25 * more * spent / max(self.made, 1) <= SECONDS_FOR_TAIL


def explored(calls, tables, held_back):
    """What the function says of the explore part. What is wrong with the code shows here, on rows that judge nothing: only
    from them is anything told."""
    protocol, rows = calls.protocol, len(tables.rows)
    first = calls.result(tables.real(), rows)
    copies, alone = base_copies(protocol)
    # With the calls of this part, and those on the rows held back.
    count = copies + 2 * alone + 2 * (ORDERS + 3)
    share = SECONDS_IN_ALL / count
    second = calls.answer(tables.real())
    if calls.worker.used * held_back / rows > share:
        raise CodeFault(f"it is too slow: one call may take {share:.2f} s, for it is called {count} times")
    if checked(second, rows) != first:
        raise CodeFault("two calls with the same table returned different values: give every generator a fixed seed")
    if not same_but_rounding(calls.result(decoyed(tables), rows), first):
        raise CodeFault(
            "it returned different values for the same table with its columns in another order beside columns that the "
            "protocol does not name: read the columns by their names, and no others"
        )
    if not protocol.get("time"):
        for number in range(ORDERS):
            if not same_whatever_order(calls.result(tables.reordered(number), rows), first):
                raise CodeFault("it returned different values for the same rows in another order: the order says nothing")
    return first


def decoyed(tables):
    return tables.beside_decoys({tables.protocol["x"], tables.protocol["y"]})


def confirmed(calls, tables, first, table):
    """The rows that judge, among copies of them and changed ones."""
    protocol, rows = calls.protocol, len(tables.rows)
    base, alone = base_copies(protocol)
    orders = 0 if protocol.get("time") else ORDERS
    asked = {
        "real": tables.real,
        "again": tables.real,
        "decoys": lambda: decoyed(tables),
        **{("reordered", number): lambda number=number: tables.reordered(number) for number in range(orders)},
        **copies_asked("copies", tables, range(base)),
        **copies_asked("exposure", tables, range(alone)),
        **copies_asked("outcome", tables, range(alone)),
    }
    answers = calls.in_disguise(asked)
    try:
        real, again, beside, *turned = (
            known_direction(checked(answers[name], rows), calls.columns)
            for name in ("real", "again", "decoys", *(("reordered", number) for number in range(orders)))
        )
    except CodeFault:
        raise Refusal("it gives no valid result on the rows held back, though it does on the others") from None
    if real != again:
        raise Refusal("two calls with the same rows held back returned different values")
    if not same_but_rounding(beside, real):
        raise Refusal("it depends on the order of the columns, or on columns that its protocol does not name")
    if not all(same_whatever_order(one, real) for one in turned):
        raise Refusal("it depends on the order of the rows, which says nothing")
    calibration = {
        "rows": rows,
        "turns": None if tables.places is None else turns_of(rows),
        "copies": [copied(answers["copies", number], rows) for number in range(base)],
        "exposure": [copied(answers["exposure", number], rows) for number in range(alone)],
        "outcome": [copied(answers["outcome", number], rows) for number in range(alone)],
        "reordered": [numbers_of(one) for one in turned],
    }
    test = {
        **blank(protocol),
        "test": real["test"],
        "why": "the analysis that was registered; the script begins with its protocol",
        "explore": estimate(first, protocol),
        "confirm": estimate(real, protocol),
    }
    try:
        draw_tail(calls, tables, real, calibration)
        return judged(protocol, test, real, calibration), calibration
    except Refusal as refusal:
        return {**test, "reason": str(refusal)}, calibration


def copies_asked(kind, tables, numbers):
    """{(kind, number): maker} of copies in which everything, or the exposure or the outcome alone, is shuffled."""
    if kind == "copies":
        return {(kind, number): lambda number=number: tables.copy(number, COPY_ROWS) for number in numbers}
    name = tables.protocol["x" if kind == "exposure" else "y"]
    return {(kind, number): lambda number=number: tables.alone(name, number) for number in numbers}


def draw_tail(calls, tables, real, calibration):
    """Draws more copies where the p-value is small enough to matter and the copies do not bear it out yet, as many as the
    smallest p-value needs that the error control asks for, in stages, while there is time. Where that is not enough the
    judged p-value stays at what the copies support."""
    protocol = calls.protocol
    control = protocol.get("error_control")
    base, _ = base_copies(protocol)
    p_by_copies(calibration, real, base, reads_others(protocol))
    if not control or real["p"] > control["alpha"]:
        return
    needed = min(STAGES[-1], math.ceil(control["tests"] / control["alpha"]))
    kind = "exposure" if reads_others(protocol) else "copies"
    copies, rows = calibration[kind], len(tables.rows)
    for stage in [*(stage for stage in STAGES if stage < needed), needed]:
        more = range(len(copies), stage)
        if tail_p(copies, real)[1] or not calls.time_for(len(more)):
            return
        answers = calls.in_turn(copies_asked(kind, tables, more), tables.real, numbers_of(real), rows)
        copies.extend(copied(answers[kind, number], rows) for number in more)


def same_but_rounding(one, other):
    """Whether two results are one but for the order of sums."""
    same = one["n"] == other["n"] and all(
        abs(one[key] - other[key]) <= 1e-6 * max(abs(one[key]), abs(other[key])) + 1e-12 for key in ("effect", "statistic")
    )
    return same and abs(powers(one) - powers(other)) <= 1e-4


def same_whatever_order(one, other):
    """Whether two results are one but for chance in a function that draws samples of rows."""
    widest = max(abs(one["effect"]), abs(other["effect"]), one["ci_high"] - one["ci_low"], other["ci_high"] - other["ci_low"])
    if one["n"] != other["n"] or abs(one["effect"] - other["effect"]) > 0.1 * widest:
        return False
    return abs(powers(one) - powers(other)) <= 1


def powers(found):
    return math.log10(max(found["p"], 1e-300))


def copied(answer, rows):
    try:
        found = checked(answer, rows)
    except CodeFault:
        return None
    return numbers_of(found)


def numbers_of(found):
    return {key: found[key] for key in ("p", "statistic", "effect")}


def judged(protocol, test, real, calibration):
    """The test with its verdict by the copies."""
    others = reads_others(protocol)
    found = p_by_copies(calibration, real, base_copies(protocol)[0], others)
    p, name = judged_p(found, real, calibration, others)
    variants = [
        {"name": each, "test": VARIANTS[each], "n": real["n"], "p": value, "agrees": (value < LEVEL) == (real["p"] < LEVEL)}
        for each, value in found.items()
    ]
    return {**test, "status": "ok", "variants": variants, "p_judged": p, "p_judged_by": name}


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
