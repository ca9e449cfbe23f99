# ---- habits: what the columns of one file share: the decimal mark, day before month, the century, missing marks ----
from types import SimpleNamespace

import numpy as np
import pyarrow as pa

SURE_POINT = r"^[+-]?(\d+\.\d{1,2}|0?\.\d+|\d+\.\d{4,}|\d{4,}\.\d+)([eE][+-]?\d+)?$"


def study_habits(columns, facts):
    """The habits of a file, from a sample of each of its columns of text: [(name, Words)]."""
    habits = SimpleNamespace(
        typed=facts.get("format") in TYPED_FORMATS,
        workbook=facts.get("format") in ("excel", "ods", "xls", "xlsx"),
        typed_cells=set(facts.pop("typed_cells", ())), markers=set(), decimal=None, order=None, order_from=None, years=np.zeros(100), newest=None, read_in=(),
    )  # fmt: skip
    votes = {".": 0, ",": 0}
    orders = {}
    for name, words in columns:
        plain = matches(words.texts, PLAIN)
        gone = among(words.texts, AMONG_NUMBERS)
        numeric = words.counts[plain].sum() >= 0.8 * words.counts[~gone].sum() and plain.any()
        if numeric:
            note_markers(habits, words, gone)
            # A workbook's own numbers have a point whatever its language; only texts tell.
            if name not in habits.typed_cells and matches(words.texts, SURE_POINT)[plain].any():
                votes["."] += 1
        if (plain | gone).all():
            continue
        live = ~gone
        if not live.any() or np.average(byte_lengths(words.texts)[live], weights=words.counts[live]) > LONGEST_FORM:
            continue
        shapes = Shapes(words.texts, words.counts * live)
        if shapes.many:
            continue
        dates = DateColumn(shapes, live)
        if dates.share >= 0.8:
            note_markers(habits, words, gone)
            order = dates.own_order
            if order in ("dmy", "mdy"):
                orders.setdefault(order, []).append(name)
            habits.years += dates.two_digits
            for _, newest in dates.four_digits:
                if newest <= LATEST:
                    habits.newest = max(habits.newest or 0, int(newest))
            continue
        numbers = NumberColumn(shapes, live, None, name)
        if numbers.items and numbers.weigh(lambda item: True) >= 0.5 * numbers.filled:
            note_markers(habits, words, gone)
            mark = sure_mark(numbers)
            if mark:
                votes[mark] += 1
    if votes[","] and votes[","] >= votes["."]:
        habits.decimal = ","
    elif votes["."]:
        habits.decimal = "."
    elif facts.get("delimiter") == ";":
        # Such files come from where the comma is the decimal mark.
        habits.decimal = ","
    settle_order(habits, orders, facts)
    return habits


def note_markers(habits, words, gone):
    habits.markers.update(text.lower() for text in words.texts.filter(pa.array(gone)).to_pylist())


def sure_mark(numbers):
    """The decimal mark that the numbers of a column leave no doubt of, or None."""
    for item in numbers.items:
        if item.kind not in ("number", "range"):
            continue
        group, mark, sure = classify_core(item.core)
        if mark and sure:
            return mark
        if group in (".", ",") and not mark:
            return "," if group == "." else "."
    return numbers.mark if numbers.zero_led else None


def settle_order(habits, orders, facts):
    if len(orders) == 1:
        habits.order, names = next(iter(orders.items()))
        habits.order_from = f"as column '{names[0]}' of the file shows"
    elif habits.decimal == "," or facts.get("delimiter") == ";":
        habits.order, habits.order_from = "dmy", "as is usual where numbers have a decimal comma"


def day_order(dates, words, habits):
    """(order, from what evidence, whether that is sure) of the dates of a column in three numbers."""
    own = dates.own_order
    if own == "mixed":
        return own, "some days above 12 stand first and some second", False
    if own:
        return own, "days above 12 show it" if own != "ymd" else "numbers above 31 show it", True
    if habits.order:
        return habits.order, habits.order_from, True
    if any(item.separator and item.separator.strip() == "." for item in dates.open):
        return "dmy", "as is usual with points", True
    runs = {order: runs_down(dates.settle(order, 1970)[words.codes]) for order in ("mdy", "dmy")}
    if runs["dmy"] != runs["mdy"]:
        return ("dmy" if runs["dmy"] else "mdy"), "so that they run down the rows in order", True
    return "mdy", None, False


def runs_down(values):
    steps = np.diff(values[~np.isnan(values)])
    moves = steps[steps != 0]
    return len(moves) >= 5 and bool((moves > 0).mean() > 0.95 or (moves < 0).mean() > 0.95)
