# ---- number_forms: what a text is as a number, told from its shape: units, limits, marks, durations, shares ----
import re
from types import SimpleNamespace

BELOW_BEFORE = r"under|below|less than|fewer than|up to|at most|max\.?|unter|bis|weniger als|moins de|menos de|menor que|inferior a"
ABOVE_BEFORE = (
    r"over|above|more than|greater than|at least|min\.?|\u00fcber|mehr als|mindestens|ab|plus de|m\u00e1s de|mayor que"
)
ABOVE_AFTER = r"\+|(?:or|and|&|und|et|y)\s+(?:more|older|over|above|up|greater|higher|longer|mehr|\u00e4lter|dar\u00fcber|plus|m\u00e1s)|plus"
BELOW_AFTER = (
    r"(?:or|and|&|und|et|y)\s+(?:less|fewer|under|below|younger|lower|weniger|j\u00fcnger|darunter|moins|menos)"
)
PREFIX = (
    ("space", re.compile(r"\s+")),
    ("below", re.compile(r"<=?|\u2264|\u2a7d|(?:%s)(?=\s)" % BELOW_BEFORE, re.I)),
    ("above", re.compile(r">=?|\u2265|\u2a7e|(?:%s)(?=\s)" % ABOVE_BEFORE, re.I)),
    ("since", re.compile(r"(?:from|von|between|zwischen|entre)(?=\s)", re.I)),
    ("about", re.compile(r"~|\u2248|\u2245|(?:ca|approx|circa|about|etwa)\.?(?=\s)|(?:ca|c|approx)\.(?=\s*9)", re.I)),
    ("minus", re.compile(r"-")),
    ("plus", re.compile(r"\+")),
    ("open", re.compile(r"\(")),
    ("currency", CURRENCY),
    ("mark", re.compile(r"[*\u2020\u2021\u00a7\u00b6#^]+")),
    ("percent", re.compile(r"%")),
    # p = 0.03, n = 12, p < 0.001
    ("space", re.compile(r"pH\s+(?=9)|[A-Za-z]{1,3}\s*(?=[=<>\u2264\u2265])|=\s*(?=[-+.9])")),
    ("quote", re.compile(r"'(?=[-+.9(])")),
)
SUPERSCRIPTS = "\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079"
SUFFIX = (
    ("space", re.compile(r"\s*/-")),
    ("uncertain", re.compile(r"\s*(?:\u00b1|\+/-|\+-)\s*9[9.,']*")),
    ("beside", re.compile(r"\s*[(\[]\s*[-+]?9[9.,']*\s*%?(?:\s*(?:-|\u2014|to|bis|,|;|\.\.)\s*[-+]?9[9.,']*\s*%?)?\s*[)\]]$")),
    ("west", re.compile(r"\s*\u00b0\s*[SWO](?![A-Za-z])", re.I)),
    ("east", re.compile(r"\s*\u00b0\s*[NE](?![A-Za-z])", re.I)),
    ("close", re.compile(r"\s*\)")),
    ("above", re.compile(r"\s*(?:%s)(?![A-Za-z])" % ABOVE_AFTER, re.I)),
    ("below", re.compile(r"\s*(?:%s)(?![A-Za-z])" % BELOW_AFTER, re.I)),
    ("percent", re.compile(r"\s*(?:%|\u2030|(?:percent|per cent|pct|prozent)(?![A-Za-z])\.?)", re.I)),
    ("thousands", re.compile(r"\s*T\s?(?:\u20ac|EUR)(?![A-Za-z])")),
    ("currency", re.compile(r"\s*" + CURRENCY.pattern)),
    ("scale", re.compile(r"\s*(?:%s)(?![A-Za-z/])\.?" % "|".join(sorted(MULTIPLES, key=len, reverse=True)))),
    ("scale", re.compile(r"\s*(?:%s)" % "|".join(sorted(MYRIADS, key=len, reverse=True)))),
    ("scale", re.compile(r"\s*(?:thousand|millions?|billions?|trillion|tsd|mio|mrd|mln|mn|bn|lakhs?|lac|crores?|cr)(?![A-Za-z/])\.?", re.I)),
    ("ordinal", re.compile(r"(?:st|nd|rd|th|er|\u00e8re|\u00e8me|eme|\u00ba|\u00aa)(?![A-Za-z])", re.I)),
    ("minus", re.compile(r"\s*-(?!\s*[9(])")),
    ("mark", re.compile(r"\s*\((?:prov|prel|est|rev|vorl|gesch)[a-z]{0,12}\.?\)|\s*[(\[]\s*n\s?=\s?9+\s*[)\]]$", re.I)),
    ("mark", re.compile(r"\s*[*?\u2020\u2021\u00a7\u00b6#^%s]+|\s*\[[^\]]{1,4}\]|\s*\([A-Za-z]\)" % SUPERSCRIPTS)),
    ("space", re.compile(r"\s+$")),
)  # fmt: skip
CORE = re.compile(r"[.,]?9(?:9|[.,'_](?=9)| (?=999(?!9)))*(?:\.(?![\w]))?")
EXPONENT = re.compile(r"(?:[eEdD](?P<sign>[+-]?)(?P<power>9{1,3})(?![9A-Za-z.]))")
TIMES_TEN = re.compile(
    r"\s*[x*.]\s*(?P<ten>99)\s*(?:\^|\*\*)?\s*(?:\{|\()?(?P<sign>[+-]?)(?P<power>9{1,3})(?:\}|\))?(?=$|\s|/)"
)
TIMES_TEN_RAISED = re.compile(r"\s*[x*.]\s*(?P<ten>99)(?P<raised>[\u207b\u2212-]?[%s]+)(?=$|\s|/)" % SUPERSCRIPTS)
# 1\u51042,000\u4e07\u5186: parts in falling multiples, and what is counted.
MYRIAD_SUM = re.compile(
    r"(?P<minus>-?)\s?(?P<sign>[\u00a5\u20a9]?)\s?(?:9[9,]*\s?(?:%s)\s?){1,3}(?:9[9,]*)?(?P<unit>[^\W\d_]{0,6})$"
    % "|".join(sorted(MYRIADS, key=len, reverse=True))
)
MYRIAD_PART = re.compile(r"(9[9,]*)\s?(%s)?" % "|".join(sorted(MYRIADS, key=len, reverse=True)))
# 4:35 /km, 1:52/100m: the time for a stretch.
PACE = re.compile(r"\s*(?:min\s?)?/\s?(?:9{0,4}\s?)?(?:km|mi|mile|m)$", re.I)
BETWEEN = re.compile(r"\s*(?:and|und|et|y|to|bis)\s*", re.I)
RANGE = re.compile(r"\s*(?:-|\u2014|\.\.|to|bis|until|\u00e0)\s*", re.I)
UNIT = re.compile(r"/?[^\W\d_][^|;{}<>=!?]{0,19}|[\u00b0\u00b5\u03bc\u03a9'\"][^|;{}<>=!?]{0,14}")
LETTER_MARK = re.compile(r"[a-z]{1,2}")
SPELT_DURATION = re.compile(r"P?T?(?:9+(?:[.,]9+)?\s*(?:%s)\.?,?\s*(?:and\s+|\+\s*)?T?){1,5}$" % TIME_WORD, re.I)
CLOCK_DURATION = re.compile(
    r"(?P<minus>[-+]?)(?:(?P<d>9{1,4})(?:\s*d(?:ays?)?,?\s*|\.|\s))?"
    r"(?P<a>9{1,4}):(?P<b>99)(?::(?P<c>99))?(?P<f>[.,]9{1,9})?(?:\s*(?P<half>[ap])\.?m\.?)?$",
    re.I,
)
# 8am, 5 p.m.
HALF_HOURS = re.compile(r"(?P<a>9{1,2})\s?(?P<half>[ap])\.?m\.?$", re.I)
# [10,20) and (10, 20], as programs write bands.
INTERVAL = re.compile(
    r"(?:\[\s*(?P<a>9+(?:\.9+)?)\s*[,;]\s*(?P<b>9+(?:\.9+)?)\s*\)|\(\s*(?P<c>9+(?:\.9+)?)\s*[,;]\s*(?P<d>9+(?:\.9+)?)\s*\])$"
)
# 8h30, 1:05 h, 9.15 Uhr: hours and minutes.
HOURS_MINUTES = re.compile(
    r"(?P<a>9{1,4})(?:\s?h\s?(?P<b>99)|:(?P<c>99)\s?(?:h|hrs?|uhr|std)\.?|\.(?P<d>99)\s?uhr)$", re.I
)
MIXED = re.compile(r"(?:(?P<whole>9+)[\s-])?(?P<top>9{1,3})/(?P<bottom>9{1,3})\s*(?:\"|in\.?|inch(?:es)?)?$")
DEGREES_MINUTES = re.compile(
    r"(?P<before>[NSEWO])?\s*(?P<minus>-?)(?P<d>9{1,3})\s*[\u00b0\u00ba]\s*(?P<m>9{1,2})(?:[.,](?P<g>9{1,6}))?\s*'\s*"
    r"(?:(?P<s>9{1,2})(?:[.,](?P<f>9{1,6}))?\s*(?:\"|'')?)?\s*(?P<side>[NSEWO])?$",
    re.I,
)
FEET = re.compile(r"(?P<feet>9+)\s*(?:'|ft\.?|feet)\s*(?P<inches>9{1,2}(?:\.9+)?)\s*(?:\"|''|in\.?|inches)?$")
AGE = re.compile(
    r"(?P<years>9{1,3})\s*(?:y|yrs?|years?|a|jahre?|ans?)\.?,?\s*(?:and\s+|und\s+|et\s+)?"
    r"(?P<months>9{1,2})\s*(?:m|mos?|mths?|months?|mon|monate?|mois)\.?$",
    re.I,
)
LEADING_ZERO = r"(^|\D)0\d"
SHARE_OF = re.compile(r"(?P<k>9+(?:[.,](?P<f>9{1,2}))?)\s*(?:/|of|out of|von)\s*(?P<n>9+)$", re.I)


def classify_core(core):
    """(sign between groups, decimal mark, sure) of a number written in 9s, or None where it is none. A single mark
    before three digits can be either: (None, mark, False)."""
    marks = [letter for letter in core if letter != "9"]
    if not marks:
        return None, None, True
    parts = re.split(r"[^9]", core)
    kinds = sorted(set(marks))
    if len(marks) == 1:
        mark = marks[0]
        grouped = len(parts[1]) == 3 and 1 <= len(parts[0]) <= 3
        if mark in " '_":
            return (mark, None, True) if grouped else None
        return (None, mark, not grouped)
    if len(kinds) == 1:
        return (kinds[0], None, True) if are_groups(parts) else None
    last = marks[-1]
    if len(kinds) == 2 and last in ".," and marks.count(last) == 1 and are_groups(parts[:-1]):
        return marks[0], last, True
    return None


def are_groups(parts):
    """Thousands, or lakh and crore: 1,234,567 and 12,34,567."""
    if len(parts[-1]) != 3 or not 1 <= len(parts[0]) <= 3:
        return False
    middle = {len(part) for part in parts[1:-1]}
    return middle <= {3} or (middle == {2} and len(parts[0]) <= 2)


@remembered
def parse_number_form(form):
    """What a text of that form is as a number (a description by places, for every text of the form), or None."""
    found = SimpleNamespace(
        kind="number", core=None, start=0, second=None, power=None, power_sign="", ten=None, negative=False, bracket=False,
        limit=None, unit=None, letter=None, percent=False, currency=None, scale=None, mark=False, about=False, ordinal=False,
        segments=None, raised=0, since=None, beside=False, uncertain=False,
    )  # fmt: skip
    paced = PACE.search(form) if "/" in form else None
    if paced and (parse_clock_form(form[: paced.start()], found) or parse_feet_form(form[: paced.start()], found)):
        return found
    for special in (
        parse_interval_form,
        parse_clock_form,
        parse_degrees_form,
        parse_feet_form,
        parse_age_form,
        parse_spelt_duration,
        parse_fraction_form,
        parse_share_form,
        parse_myriad_form,
    ):
        if special(form, found):
            return found
    rest = form
    opened = False
    while rest:
        for what, pattern in PREFIX:
            at = pattern.match(rest)
            if at and at.end():
                break
        else:
            break
        if what in ("below", "above"):
            if found.limit:
                return None
            found.limit = what
        elif what == "minus":
            if found.negative or found.limit:
                return None
            found.negative = True
        elif what == "open":
            if opened:
                return None
            opened = True
        elif what == "currency":
            found.currency = at.group().strip().rstrip(".")
        elif what == "quote":
            pass  # a spreadsheet's mark for text
        elif what == "since":
            if found.since or found.limit:
                return None
            found.since = at.group().lower()
        elif what in ("about", "mark", "percent"):
            setattr(found, what, True)
        rest = rest[at.end() :]
    core = CORE.match(rest)
    if not core:
        return None
    found.start = len(form) - len(rest)
    found.core = core.group()
    rest = rest[core.end() :]
    if rest[:2] == ":-" and not rest[2:].strip():
        rest = ""  # the Swedish way of whole amounts
    if found.core[-1] == "." or rest[:1] == ",":
        rest = re.sub(
            r"^,?(?:-|\u2014){1,2}(?![\s9])|^,?(?:-|\u2014){1,2}(?=\s|$)", "", rest
        )  # 12.- and 12,-- are whole
    for pattern in (EXPONENT, TIMES_TEN, TIMES_TEN_RAISED):
        power = pattern.match(rest)
        if power:
            base = len(form) - len(rest)
            found.power_sign = power.groupdict().get("sign") or ""
            if power.groupdict().get("raised"):
                digits = power.group("raised")
                found.raised = int("".join(str(SUPERSCRIPTS.index(c)) for c in digits if c in SUPERSCRIPTS))
                found.raised *= -1 if digits[0] not in SUPERSCRIPTS else 1
            else:
                found.power = range(base + power.start("power"), base + power.end("power"))
            if "ten" in power.groupdict():
                found.ten = range(base + power.start("ten"), base + power.end("ten"))
            rest = rest[power.end() :]
            break
    if not parse_suffix(form, rest, found, opened):
        return None
    if classify_core(found.core) is None:
        return None
    if found.since and found.kind != "range":
        if found.since not in ("from", "von") or found.limit:
            return None
        found.limit = "above"
    return found


def parse_suffix(form, rest, found, opened):
    closed = False
    while rest:
        between = (BETWEEN.match(rest) if found.since else None) or RANGE.match(rest)
        if between and between.end() and not opened and found.second is None:
            sign = CURRENCY.match(rest[between.end() :])
            skipped = between.end() + (sign.end() if sign else 0)
            skipped += len(rest[skipped:]) - len(rest[skipped:].lstrip())
            upper = CORE.match(rest[skipped:])
            if upper and classify_core(upper.group()) is not None:
                found.kind = "range"
                found.second = (len(form) - len(rest) + skipped, upper.group())
                rest = rest[skipped + upper.end() :]
                continue
        for what, pattern in SUFFIX:
            at = pattern.match(rest)
            if at and at.end():
                break
        else:
            break
        if what == "close":
            if not opened or closed:
                return False
            closed = True
        elif what in ("below", "above"):
            if found.limit:
                return False
            found.limit = what
        elif what == "minus":
            if found.negative:
                return False
            found.negative = True
        elif what == "beside":
            if opened or found.beside or found.kind == "range":
                return False
            found.beside = True
        elif what == "currency":
            found.currency = at.group().strip().rstrip(".")
        elif what == "thousands":
            found.scale, found.currency = "tsd", "\u20ac"
        elif what == "scale":
            scale = at.group().strip().rstrip(".")
            if found.scale and (found.scale != scale or found.kind != "range"):
                return False
            found.scale = scale
        elif what in ("west", "east"):
            found.negative, found.unit_degrees = found.negative != (what == "west"), True
        elif what != "space":
            setattr(found, what, True)
        rest = rest[at.end() :]
    if opened != closed:
        return False
    found.bracket = opened
    rest = rest.strip()
    for limit, words in (("above", ABOVE_AFTER), ("below", BELOW_AFTER)):
        # 25 years and over
        behind = re.fullmatch(r"(.+?)\s+(?:%s)" % words, rest, re.I) if rest and not found.limit else None
        if behind:
            found.limit, rest = limit, behind.group(1)
    if rest:
        if not UNIT.fullmatch(rest) or re.search(r"9{2,}", rest) or is_address(rest):
            return False
        found.unit = rest
        found.letter = rest if LETTER_MARK.fullmatch(rest) else None
    return True


# 35 Main St, 12 Oak Ave, 7 rue Monge: what stands behind the number is a street.
STREET = re.compile(
    r"(?:.*\s)?(?:st|street|ave?|avenue|rd|road|ln|lane|dr|drive|blvd|boulevard|court|ct|terrace|square|highway|hwy|close"
    r"|\w*(?:stra\u00dfe|strasse|str|platz|weg|gasse|allee|gatan|v\u00e4gen|straat|laan))\.?(?:,.*)?"
    r"|(?:rue|via|calle|avenida|rua|place|ulica|ul)\b.*",
    re.I,
)
STREET_IN_A_WORD = re.compile(
    r"[^\W\d_]{3,}(?:stra\u00dfe|strasse|str|platz|weg|gasse|allee|gatan|v\u00e4gen|straat|laan)\.?", re.I
)
UNITS_OF_WORDS = set("sq cu fl us imp deg metric long short nautical btu".split())


def is_address(rest):
    """True where what stands behind a number is a name of several words in capitals, or a street."""
    words = rest.split()
    if (len(words) > 1 and STREET.fullmatch(rest)) or STREET_IN_A_WORD.fullmatch(rest):
        return True
    named = [word for word in words if len(word) > 1 and word[0].isupper() and word[1:].islower()]
    return len(words) > 1 and len(named) == len(words) and not UNITS_OF_WORDS & {word.lower() for word in words}


def parse_interval_form(form, found):
    at = INTERVAL.match(form)
    if not at:
        return False
    low, high = ("a", "b") if at.group("a") else ("c", "d")
    found.kind, found.start, found.core = "range", at.start(low), at.group(low)
    found.second = (at.start(high), at.group(high))
    return True


def parse_clock_form(form, found):
    at = HALF_HOURS.match(form)
    if at:
        found.kind, found.unit, found.half, found.seconds = "clock", "s", at.group("half").lower(), False
        found.segments = [(*at.span("a"), 3600.0)]
        return True
    at = HOURS_MINUTES.match(form)
    if at:
        minutes = next(name for name in "bcd" if at.group(name))
        found.kind, found.unit, found.half, found.seconds = "clock", "s", None, False
        found.segments = [(*at.span("a"), 3600.0), (*at.span(minutes), 60.0)]
        return True
    at = CLOCK_DURATION.match(form)
    if not at:
        return False
    # 58:20.35 are minutes and seconds.
    found.seconds = bool(at.group("f")) and not at.group("c")
    if found.seconds and (at.group("d") or at.group("half")):
        return False
    spans = [(at.start(name), at.end(name), weight) for name, weight in (("d", 86400.0),) if at.group(name)]
    found.half = (at.group("half") or "").lower() or None
    if at.group("c") or found.half:
        weights = {"a": 3600.0, "b": 60.0, "c": 1.0}
    else:
        weights = {"a": 60.0, "b": 1.0} if not at.group("d") else {"a": 3600.0, "b": 60.0}
    spans += [(at.start(name), at.end(name), weight) for name, weight in weights.items() if at.group(name)]
    if at.group("f"):
        digits = at.end("f") - at.start("f") - 1
        spans.append((at.start("f") + 1, at.end("f"), 10.0**-digits))
    found.kind, found.segments, found.negative = "clock", spans, at.group("minus") == "-"
    found.gap = at.group("minus") == "+"
    found.unit = "s" if at.group("c") or at.group("d") or found.half or found.seconds else None
    return True


def parse_degrees_form(form, found):
    at = DEGREES_MINUTES.match(form)
    if not at:
        return False
    spans = [(*at.span("d"), 3600.0), (*at.span("m"), 60.0)]
    sides = [at.group(name).upper() for name in ("before", "side") if at.group(name)]
    if len(sides) > 1 or (at.group("g") and at.group("s")):
        return False
    if at.group("g"):
        spans.append((*at.span("g"), 60 * 10.0 ** -len(at.group("g"))))
    if at.group("s"):
        spans.append((*at.span("s"), 1.0))
    if at.group("f"):
        spans.append((*at.span("f"), 10.0 ** -len(at.group("f"))))
    found.kind, found.segments = "degrees", spans
    found.negative = bool(at.group("minus")) != (sides[:1] in (["S"], ["W"], ["O"]))
    return True


def parse_fraction_form(form, found):
    at = MIXED.match(form)
    if not at or not at.group("whole"):
        return False
    found.kind, found.segments = "mixed", [at.span("whole"), at.span("top"), at.span("bottom")]
    return True


def parse_feet_form(form, found):
    at = FEET.match(form)
    if not at or "'" not in form and "f" not in form:
        return False
    if re.fullmatch(r"9{1,3}'999", form):
        return False
    inches = at.group("inches").split(".")
    spans = [(at.start("feet"), at.end("feet"), 12.0)]
    spans.append((at.start("inches"), at.start("inches") + len(inches[0]), 1.0))
    if len(inches) > 1:
        spans.append((at.end("inches") - len(inches[1]), at.end("inches"), 10.0 ** -len(inches[1])))
    found.kind, found.segments, found.unit = "feet", spans, "in"
    return True


def parse_age_form(form, found):
    at = AGE.match(form)
    if not at:
        return False
    found.kind, found.segments = "age", [(*at.span("years"), 12.0), (*at.span("months"), 1.0)]
    return True


def parse_spelt_duration(form, found):
    if not SPELT_DURATION.match(form):
        return False
    spans, seen = [], []
    for at in re.finditer(r"(9+)(?:[.,](9+))?\s*(%s)" % TIME_WORD, form, re.I):
        weight = float(TIME_UNITS[at.group(3).lower()])
        seen.append(weight)
        spans.append((at.start(1), at.end(1), weight))
        if at.group(2):
            spans.append((at.start(2), at.end(2), weight * 10.0 ** -len(at.group(2))))
    least = 1 if form[0] in "Pp" else 2
    if len(seen) < least or seen != sorted(set(seen), reverse=True):
        return False
    found.kind, found.segments, found.unit = "spelt", spans, "s"
    return True


def parse_myriad_form(form, found):
    """Sums of several multiples; a single one is a number with a scale."""
    at = None if form.isascii() else MYRIAD_SUM.match(form)
    if not at:
        return False
    parts = list(MYRIAD_PART.finditer(form, 0, at.start("unit")))
    weights = [MYRIADS.get(part.group(2), 1.0) for part in parts]
    if len(parts) < 2 or any(after >= weight for weight, after in zip(weights, weights[1:])):
        return False
    found.kind, found.negative = "sum", bool(at.group("minus"))
    found.currency, found.unit = at.group("sign") or None, at.group("unit") or None
    found.segments = [(*part.span(1), weight) for part, weight in zip(parts, weights)]
    return True


def parse_share_form(form, found):
    at = SHARE_OF.match(form)
    if not at:
        return False
    found.kind, found.segments = "share", [(at.start("k"), at.end("k"), 1.0), (at.start("n"), at.end("n"), 1.0)]
    found.decimals = len(at.group("f") or "")
    return True
