# ---- summary: lines of a table that are no observations: names again, totals, subtotals, means ----
import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

SUMMARY_WORDS = {
    "sum": "total|totals|sub[- ]?total|sub[- ]?totals|grand total|sum|sums|overall total|gesamt|gesamtsumme|summe|zwischensumme|insgesamt|"
    "somme|total général|sous-total|suma|totale|totaal|subtotaal|totalt|razem|suma|итого|всего|合计|总计|小计|合計|all|overall|combined|"
    "toplam|ara toplam|genel toplam|yhteensä|välisumma|kaikki yhteensä|összesen|részösszeg|mindösszesen|celkem|mezisoučet|spolu|i alt|ialt|delsum|"
    "delsumma|summa|totalsumma|total geral|total general|suma total|soma|totale generale|ogółem|suma częściowa|suma końcowa|общий итог|"
    "промежуточный итог|разом|усього|σύνολο|μερικό σύνολο|tổng cộng|tổng|jumlah|ukupno|总和|總計|小計|総計|총계|합계|소계|المجموع|الإجمالي|סך הכל|"
    'סה"כ|कुल|योग|รวม',
    "mean": "mean|means|average|averages|avg|avg\\.|mittelwert|mittel|durchschnitt|moyenne|media|promedio|"
    "gemiddelde|overall|all|grand mean|"
    "m\u00e9dia|medel|medelv\u00e4rde|gennemsnit|"
    "gjennomsnitt|keskiarvo|\u015brednia|pr\u016fm\u011br|\u00e1tlag|ortalama|"
    "\u0441\u0440\u0435\u0434\u043d\u0435\u0435|"
    "\u0432 \u0441\u0440\u0435\u0434\u043d\u0435\u043c|\u5e73\u5747|\u5e73\u5747\u503c|\ud3c9\uade0",
    "sd": "sd|s\\.d\\.|std|std\\.|std\\. ?dev\\.?|st\\.? ?dev\\.?|stdev|std ?dev|standard deviation|standardabweichung|stabw|écart[- ]type",
    "se": "se|s\\.e\\.|sem|std\\.? ?err\\.?|standard error|stderr",
    "median": "median|med|med\\.|médiane|mediana|50%",
    "min": "min|min\\.|minimum",
    "max": "max|max\\.|maximum",
    "count": "n|n=|count|counts|anzahl|nobs|n obs",
    "var": "var|variance|varianz",
    "cv": "cv|cv%|cv ?\\(%\\)|coefficient of variation|rsd",
    "range": "range",
    "q1": "q1|25%|lower quartile|1st quartile",
    "q3": "q3|75%|upper quartile|3rd quartile",
}
# A label of a total may name what it is the total of: "Subtotal North", "Total (n=80)", "North Total".
TOTAL_OF = r"(?i)^\s*(?:all|overall|whole)\s+[^\W\d]+\s*$|^\s*(?:sub[- ]?|grand[- ]?|overall[- ]?)?totals?\b|\b(?:sub[- ]?)?total\s*:?\s*$|^\s*(?:zwischensumme|summe|gesamt|sous-total|subtotaal|mean|average|sum) (?:of|for|der|von|de)?\b"
ANY_SUMMARY = r"(?i)^\s*(?:" + "|".join(SUMMARY_WORDS.values()) + r")\s*[:=]?\s*$"
# Rows that are compared with sums of the others.
SUMMARY_ROWS = 5000


def tidied(reading, names, columns, header, lines, where):
    """The columns without lines that repeat the header, blank lines, and totals."""
    rows = len(columns[0])
    keep = np.ones(rows, bool)
    keep &= ~repeats(reading, names, columns, header, lines, where)
    if not keep.all():
        columns, lines = taken(columns, lines, keep)
    if columns and len(columns[0]):
        gone = summaries(reading, names, columns, lines, where)
        if gone.any():
            columns, lines = taken(columns, lines, ~gone)
    return list(zip(names, columns))


def taken(columns, lines, keep):
    mask = pa.array(keep)
    return [column.filter(mask) for column in columns], None if lines is None else [
        line for line, kept in zip(lines, keep) if kept
    ]


def equals(column, text):
    return np.asarray(pc.fill_null(pc.equal(pc.utf8_trim_whitespace(column), text), False))


def line_of(lines, index, where):
    return f"{where} {lines[index]}" if lines is not None else f"row {index + 1}"


def repeats(reading, names, columns, header, lines, where):
    """Which rows repeat the names, or the units below them."""
    gone = repeated_rows(columns, *repeated_texts(names, header))
    if gone.any():
        tell_repeats(reading, int(gone.sum()), int(np.argmax(gone)), lines, where)
    return gone


def repeated_texts(names, header):
    """([(place, name)], [(place, unit)]) that a row that repeats the header holds."""
    if header is None or header.invented or not header.names:
        return [], []
    offset = len(names) - len(header.names) if names[:1] == ["row_name"] else 0
    known = [(index, name) for index, name in enumerate(names) if name and index >= offset]
    return known, [(i + offset, c.strip()) for i, c in enumerate(header.units or []) if c.strip()]


def repeated_rows(columns, named, units, before=False):
    """Which rows hold the names; where some do, or some did `before`, those with the units too."""
    rows = len(columns[0])
    gone = np.zeros(rows, bool)
    for wanted in (named, units):
        if not wanted or (wanted is units and not (before or gone.any())):
            continue
        same = np.ones(rows, bool)
        for index, text in wanted:
            if index < len(columns) and same.any():
                same &= equals(columns[index], text)
        gone |= same
    return gone


def tell_repeats(reading, count, first, lines, where):
    times = "once" if count == 1 else f"{count} times"
    reading.warn(
        f"the names of the columns stand {times} amid the rows (the first time at {line_of(lines, first, where)}); "
        "those lines were left out"
    )
    reading.set_aside(
        "header lines amid the rows", None if lines is None else lines[first], count, "the names of the columns again"
    )


def light_numbers(texts, comma):
    """Numbers of texts for the comparison with sums: without signs of money and marks between thousands."""
    out = np.full(len(texts), np.nan)
    for index, text in enumerate(texts):
        text = (
            text.strip().strip("$€£¥₹%* ").replace("\xa0", "").replace("\u202f", "").replace("'", "").replace(" ", "")
        )
        if not text or len(text) > 40:
            continue
        if "," in text and "." in text:
            text = (
                text.replace(",", "") if text.rfind(".") > text.rfind(",") else text.replace(".", "").replace(",", ".")
            )
        elif "," in text:
            text = (
                text.replace(",", ".")
                if comma or not re.fullmatch(r"[-+]?\d{1,3}(,\d{3})+", text)
                else text.replace(",", "")
            )
        try:
            value = float(text)
        except ValueError:
            continue
        out[index] = value if np.isfinite(value) else np.nan
    return out


def numbers_in(column, comma):
    try:
        trimmed = pc.utf8_trim_whitespace(column)
        return pc.if_else(pc.equal(trimmed, ""), None, trimmed).cast(pa.float64()).to_numpy(zero_copy_only=False)
    except (pa.ArrowInvalid, AttributeError):
        coded = column.dictionary_encode()
        if isinstance(coded, pa.ChunkedArray):
            coded = coded.combine_chunks()
            coded = coded.chunk(0) if isinstance(coded, pa.ChunkedArray) else coded
        values = light_numbers(coded.dictionary.to_pylist(), comma)
        return values[coded.indices.to_numpy(zero_copy_only=False)] if len(values) else np.full(len(column), np.nan)


def decimals_of(column):
    """Digits after the decimal mark, of the first cells."""
    most = 0
    for text in column.slice(0, 200).to_pylist():
        match = re.search(r"[.,](\d+)\D*$", text or "")
        most = max(most, len(match.group(1)) if match else 0)
    return min(most, 12)


def summaries(reading, names, columns, lines, where):
    """Which rows are totals, subtotals or statistics of other rows. A row counts as one only if its numbers say so."""
    rows = len(columns[0])
    if rows < 4 or len(columns) < 2:
        return np.zeros(rows, bool)
    wordy = wordy_columns(columns)
    labels = label_rows(columns, wordy, rows)
    labels.update({at: (["sum"], "") for at in rows_without_words(columns, wordy, rows) if at not in labels})
    ends = [at for at in (0, rows - 1) if may_be_total(columns, wordy, at)]
    if not labels and not ends:
        return np.zeros(rows, bool)
    comma = reading.facts["delimiter"] == ";"
    numeric = [index for index in range(len(columns)) if not wordy[index]][:200]
    values = {index: numbers_in(columns[index], comma) for index in numeric}
    values = {index: array for index, array in values.items() if np.isfinite(array).sum() >= 3}
    decimals = {index: decimals_of(columns[index]) for index in values}
    return judged_summaries(reading, labels, ends, values, decimals, rows, lines, where)


def wordy_columns(columns):
    """Which of the columns hold words rather than numbers, by their first rows."""
    sample = [column.slice(0, 300 if len(columns) < 50 else 60).to_pylist() for column in columns]
    return [
        sum(not is_digitish(text) for text in texts if text.strip()) * 2 > sum(bool(text.strip()) for text in texts)
        for texts in sample
    ]


def judged_summaries(reading, labels, ends, values, decimals, rows, lines, where):
    """Which rows summarise others, by their labels and their numbers. `values` maps columns to numbers; it may read each
    only when it is asked for."""
    gone, labelled = np.zeros(rows, bool), np.zeros(rows, bool)
    if not values:
        return gone
    labelled[list(labels)] = True
    named = labels
    if labels and len(labels) <= SUMMARY_ROWS and len(labels) * 2 <= rows:
        confirmed, doubtful = check_labels(labels, values, decimals, labelled)
        # Words such as N that are levels here do not keep their rows out of the sums.
        plain = {at for at in labels if at not in confirmed and "sum" not in labels[at][0]}
        if plain:
            labels = {at: label for at, label in labels.items() if at not in plain}
            labelled[list(plain)] = False
            confirmed, more = check_labels(labels, values, decimals, labelled)
            doubtful = [entry for entry in doubtful if entry[0] in plain] + more
        told_statistics(reading, confirmed, labels, lines, where)
        gone[list(confirmed)] = True
        tell_doubts(reading, doubtful, named, lines, where, rows)
    for at in ends:
        if not labelled[at] and is_plain_total(at, values, decimals, gone):
            gone[at] = True
            reading.warn(
                f"{line_of(lines, at, where)} holds the sums of the other rows and was left out; "
                "if it is a row like the others, change it a little or give each row a name"
            )
            reading.set_aside("a total", None if lines is None else lines[at], 1, "the sums of the other rows")
    return gone


def label_rows(columns, wordy, rows):
    """{row: (kind of statistic, label)} of the rows that are called a total, a mean or the like."""
    found = {}
    for index, column in enumerate(columns[:200]):
        if wordy[index]:
            places = label_places(column)[: SUMMARY_ROWS + 1]
            cells = column.take(pa.array(places)).to_pylist() if len(places) else []
        else:
            edge = sorted({*range(min(3, rows)), *range(max(0, rows - 40), rows)})
            texts = column.take(pa.array(edge)).to_pylist()
            both = [
                (at, text) for at, text in zip(edge, texts) if re.search(ANY_SUMMARY, text) or re.search(TOTAL_OF, text)
            ]
            places, cells = [at for at, _ in both], [text for _, text in both]
        for at, text in zip(places, cells):
            found.setdefault(int(at), (statistic_of(text), text.strip()))
    return found


def label_places(column):
    """The rows of a column of words that hold a word for a total, a mean or the like."""
    fits = pc.or_(pc.match_substring_regex(column, ANY_SUMMARY), pc.match_substring_regex(column, TOTAL_OF))
    return np.flatnonzero(np.asarray(pc.fill_null(fits, False)))


def rows_without_words(columns, wordy, rows):
    """The rows whose labels are blank, where most rows have some."""
    blank = np.ones(rows, bool)
    words = [index for index in range(len(columns)) if wordy[index]][:50]
    for index in words:
        blank &= np.asarray(pc.fill_null(pc.equal(columns[index], ""), True))
    found = np.flatnonzero(blank) if words else []
    return [int(at) for at in found] if len(found) * 3 <= rows and len(found) <= SUMMARY_ROWS else []


def statistic_of(text):
    plain = text.strip().rstrip(":=").strip().lower()
    kinds = [kind for kind, words in SUMMARY_WORDS.items() if re.fullmatch("(?:" + words + ")", plain)]
    if kinds:
        return kinds
    return ["mean"] if re.match(r"(?i)\s*(mean|average)", text) else ["sum"]


def may_be_total(columns, wordy, at):
    """True where the first or last row has numbers but no words of its own: its labels are blank."""
    texts = [column[at].as_py() or "" for column in columns[:200]]
    return is_row_of_total(texts, wordy, lambda index, text: equals(columns[index], text).sum() > 1)


def is_row_of_total(texts, wordy, repeats_text):
    """The same of the texts of a row; `repeats_text` says whether a text stands in its column more than once."""
    blank = filled_numbers = 0
    for index, text in enumerate(texts):
        text = text.strip()
        if wordy[index]:
            if text and not is_missing(text):
                # A word for a total that is not known here stands nowhere else.
                if repeats_text(index, text):
                    return False
                blank -= 1
            blank += 1
        elif text:
            filled_numbers += 1
    return filled_numbers >= (1 if blank > 0 else 2)


def sum_room(value, count, decimals):
    return max(1e-9 * abs(value), 0.5 * 10.0**-decimals * (1 + 2 * np.sqrt(count)))


def is_plain_total(at, values, decimals, gone):
    """True where every number of the row is the sum of its column, in two columns at least or one of many rows."""
    fits = 0
    for index, array in values.items():
        others = array.copy()
        others[at] = np.nan
        others[gone] = np.nan
        if not np.isfinite(array[at]):
            continue
        count = int(np.isfinite(others).sum())
        total = np.nansum(others)
        largest = np.nanmax(np.abs(others)) if count else 0
        if count < 4 or abs(array[at]) <= largest or abs(array[at] - total) > sum_room(total, 0, decimals[index]):
            return False
        fits += 1
    return fits >= 2 or (fits == 1 and len(next(iter(values.values()))) > 8)


def check_labels(labels, values, decimals, labelled):
    """(rows whose numbers are what their label says, rows whose numbers are not)."""
    order = sorted(labels)
    spans = spans_of_labels(labels, order, labelled)
    # How many numbers of the row fit each span, and how many do not.
    good = {at: dict.fromkeys(some, 0) for at, some in spans.items()}
    bad = {at: dict.fromkeys(some, 0) for at, some in spans.items()}
    numbers = set()
    for index, array in values.items():
        plain = np.where(labelled, np.nan, array)
        sums = np.concatenate([[0.0], np.cumsum(np.nan_to_num(plain))])
        for at, some in spans.items():
            if not np.isfinite(array[at]):
                continue
            numbers.add(at)
            for span in some:
                fits = fits_statistic(labels[at][0], array[at], plain, sums, span, decimals[index])
                (good if fits else bad)[at][span] += 1
    confirmed, doubtful = {}, []
    for at, some in spans.items():
        if any(good[at][span] and good[at][span] >= 2 * bad[at][span] for span in some):
            confirmed[at] = labels[at]
        elif at not in numbers:
            doubtful.append((at, "has no numbers"))
        else:
            doubtful.append((at, "has other numbers than those of the rows"))
    # A level that now and then has such numbers by chance is none.
    for label in {label.lower() for _, label in confirmed.values()}:
        all_rows = [at for at in labels if label and labels[at][1].lower() == label]
        mine = [at for at in all_rows if at in confirmed]
        if len(mine) * 2 < len(all_rows):
            for at in mine:
                del confirmed[at]
    return confirmed, doubtful


def spans_of_labels(labels, order, labelled):
    """{row: [(start, end)]}: the rows that each labelled row may summarise."""
    rows, spans = len(labelled), {}
    for place, at in enumerate(order):
        before = order[place - 1] + 1 if place else 0
        after = order[place + 1] if place + 1 < len(order) else rows
        # Statistics that stand below each other are of the same rows.
        back = place
        while back and order[back - 1] == order[back] - 1:
            back -= 1
        start = order[back - 1] + 1 if back else 0
        if "sum" in labels[at][0] or "mean" in labels[at][0] or at_the_edge(at, labelled):
            spans[at] = list(
                dict.fromkeys([(before, at), (start, at), (0, at), (at + 1, after), (at + 1, rows), (0, rows)])
            )
    return spans


def at_the_edge(at, labelled):
    """True where only rows of this kind stand above the row, or below it."""
    return bool(labelled[at:].all() or labelled[: at + 1].all())


def fits_statistic(kinds, value, column, sums, span, decimals):
    if kinds == ["sum"]:
        count = span[1] - span[0]
        total = sums[span[1]] - sums[span[0]]
        return count > 1 and abs(value - total) <= sum_room(total, count, decimals)
    part = column[span[0] : span[1]]
    part = part[np.isfinite(part)]
    if len(part) < 2:
        return False
    told = max(1, decimals)
    room = 0.51 * 10.0**-decimals + 1e-6 * abs(value)
    for kind in kinds:
        mine = {
            "sum": lambda: [part.sum()],
            "mean": lambda: [part.mean()],
            "sd": lambda: [part.std(ddof=1), part.std()],
            "se": lambda: [part.std(ddof=1) / np.sqrt(len(part))],
            "median": lambda: [np.median(part)],
            "min": lambda: [part.min()],
            "max": lambda: [part.max()],
            "count": lambda: [len(part)],
            "var": lambda: [part.var(ddof=1), part.var()],
            "cv": lambda: [part.std(ddof=1) / part.mean(), 100 * part.std(ddof=1) / part.mean()] if part.mean() else [],
            "range": lambda: [np.ptp(part)],
            "q1": lambda: [np.percentile(part, 25), np.percentile(part, 25, method="weibull")],
            "q3": lambda: [np.percentile(part, 75), np.percentile(part, 75, method="weibull")],
        }[kind]()
        wide = (
            room
            if kind not in ("mean", "sd", "se", "median", "var", "cv", "q1", "q3")
            else max(room, 0.51 * 10.0 ** -min(told, 2), 0.004 * abs(value))
        )
        if kind == "sum":
            wide = sum_room(value, len(part), decimals)
        if any(abs(value - other) <= wide for other in mine):
            return True
    return False


def told_statistics(reading, confirmed, labels, lines, where):
    if not confirmed:
        return
    order = sorted(confirmed)
    words = list(dict.fromkeys(labels[at][1] or "no label" for at in order))
    shown = ", ".join(repr(word) for word in words[:4]) + (", ..." if len(words) > 4 else "")
    count = len(order)
    if count == 1:
        reading.warn(
            f"{line_of(lines, order[0], where)} ({shown}) holds figures that summarise the other rows and was left out"
        )
    else:
        reading.warn(
            f"{count} rows (the first is {line_of(lines, order[0], where)}) hold totals or other figures that summarise the "
            f"other rows and were left out: {shown}"
        )
    reading.set_aside(
        "totals and summary rows",
        None if lines is None else lines[order[0]],
        count,
        "they summarise the other rows: " + shown,
    )


def tell_doubts(reading, doubtful, labels, lines, where, rows):
    """Says of the last rows only: elsewhere such a word is a name like the others."""
    doubtful = [(at, why) for at, why in doubtful if labels[at][1]]
    for at, why in doubtful[-3:] if len(labels) <= 3 else []:
        if at >= rows - 3 or len(labels) == 1:
            reading.warn(
                f"{line_of(lines, at, where)} is called {labels[at][1]!r} but {why}; it was kept as a row. "
                "If it summarises the others, delete it from the file"
            )


# Cells that are compared in search of equal rows.
COMPARED_CELLS = 20_000_000
FEWEST_COPIES = 3


def warn_of_copies(reading, columns):
    """Says how many rows equal another in all columns, where so many would not be equal by chance."""
    rows = min(len(columns[0][1]) if columns else 0, COMPARED_CELLS // max(1, len(columns)))
    if rows < 10 or len(columns) < 2:
        return
    joint, chance = np.zeros(rows, np.uint64), 1.0
    for _, array in columns:
        part = array.slice(0, rows)
        part = part.combine_chunks() if isinstance(part, pa.ChunkedArray) else part
        part = pa.concat_arrays(part.chunks) if isinstance(part, pa.ChunkedArray) else part
        if pa.types.is_float16(part.type):
            part = part.cast(pa.float32())
        codes = pc.fill_null(part.dictionary_encode().indices, -1).to_numpy(zero_copy_only=False).astype(np.int64) + 1
        shares = np.bincount(codes) / rows
        chance *= float((shares**2).sum())
        joint = (joint ^ codes.astype(np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
        joint ^= joint >> np.uint64(29)
    _, first, place, counts = np.unique(joint, return_index=True, return_inverse=True, return_counts=True)
    copies = rows - len(first)
    pairs = float((counts * (counts - 1.0)).sum() / 2)
    expected = chance * rows * (rows - 1) / 2
    if copies < FEWEST_COPIES or len(first) < 10 or len(first) < 0.3 * rows or pairs < 20 * expected:
        return
    again = int(np.flatnonzero(np.arange(rows) != first[place])[0])
    told = "" if rows == len(columns[0][1]) else f" of the first {rows}"
    reading.warn(
        f"{copies} rows{told} are copies: each equals an earlier row in all columns (row {again + 1} equals row {int(first[place][again]) + 1}); "
        "they were kept and count twice. If they are no observations of their own, delete them from the file"
    )
