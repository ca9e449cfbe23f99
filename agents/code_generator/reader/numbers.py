# ---- numbers: texts as numbers, whichever way they are spelt, and what was on them: units, limits, marks ----
import re
from types import SimpleNamespace

import numpy as np

CURRENCY_SIGNS = "$\u20ac\u00a3\u00a5\u20b9\u20a9\u20bd\u20ba\u20aa\u0e3f\u20ab\u20b4\u20a6\u20b1\u20a1\u20b2\u20b8\u20bc\u20be\u00a2"
CURRENCY_CODES = """
    USD EUR GBP JPY CHF CAD AUD NZD CNY RMB INR SEK NOK DKK PLN CZK HUF RON BGN TRY RUB UAH ILS ZAR BRL MXN ARS CLP COP
    PEN KRW TWD HKD SGD THB IDR MYR PHP VND AED SAR EGP NGN KES GHS PKR BDT LKR XOF XAF ISK UYU QAR KWD MAD TND
""".split()
CURRENCY = re.compile(
    r"(?:(?:US|AU|CA|NZ|HK|SG|MX|NT|[ACSRZ])?\$|[%s]|(?:%s)(?![A-Za-z])"
    r"|(?:Rs|kr|SFr|Fr|z\u0142|K\u010d|Ft|lei)\.?(?![A-Za-z])|(?:dollars?|euros?|pounds?|yen|rupees?|francs?)(?![A-Za-z]))"
    % (re.escape(CURRENCY_SIGNS), "|".join(CURRENCY_CODES)),
)
MULTIPLES = {
    "k": 1e3, "K": 1e3, "tsd": 1e3, "thousand": 1e3, "thsd": 1e3, "M": 1e6, "mn": 1e6, "mio": 1e6, "mln": 1e6,
    "million": 1e6, "millions": 1e6, "B": 1e9, "bn": 1e9, "mrd": 1e9, "mld": 1e9, "billion": 1e9, "billions": 1e9,
    "T": 1e12, "tn": 1e12, "trillion": 1e12, "lakh": 1e5, "lakhs": 1e5, "lac": 1e5, "crore": 1e7, "crores": 1e7, "cr": 1e7,
}  # fmt: skip
# Letters that can as well be a unit: kelvin, tonnes.
DOUBTFUL_SCALES = {"cr", "B", "T", "K"}
BELOW_BEFORE = r"under|below|less than|fewer than|up to|at most|max\.?|unter|bis|weniger als|moins de|menos de|menor que|inferior a"
ABOVE_BEFORE = r"over|above|more than|greater than|at least|min\.?|from|\u00fcber|mehr als|mindestens|ab|plus de|m\u00e1s de|mayor que"
ABOVE_AFTER = r"\+|(?:or|and|&|und|et|y)\s+(?:more|older|over|above|up|greater|higher|longer|mehr|\u00e4lter|dar\u00fcber|plus|m\u00e1s)|plus"
BELOW_AFTER = (
    r"(?:or|and|&|und|et|y)\s+(?:less|fewer|under|below|younger|lower|weniger|j\u00fcnger|darunter|moins|menos)"
)
PREFIX = (
    ("space", re.compile(r"\s+")),
    ("below", re.compile(r"<=?|\u2264|\u2a7d|(?:%s)(?=\s)" % BELOW_BEFORE, re.I)),
    ("above", re.compile(r">=?|\u2265|\u2a7e|(?:%s)(?=\s)" % ABOVE_BEFORE, re.I)),
    ("about", re.compile(r"~|\u2248|\u2245|(?:ca|approx|circa|about|etwa)\.?(?=\s)|(?:ca|c|approx)\.(?=\s*9)", re.I)),
    ("minus", re.compile(r"-")),
    ("plus", re.compile(r"\+")),
    ("open", re.compile(r"\(")),
    ("currency", CURRENCY),
    ("mark", re.compile(r"[*\u2020\u2021\u00a7\u00b6#^]+")),
    ("percent", re.compile(r"%")),
    ("quote", re.compile(r"'(?=[-+.9(])")),
)
SUPERSCRIPTS = "\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079"
SUFFIX = (
    ("space", re.compile(r"\s*/-")),
    ("uncertain", re.compile(r"\s*(?:\u00b1|\+/-|\+-)\s*9[9.,']*")),
    ("west", re.compile(r"\s*\u00b0\s*[SWO](?![A-Za-z])", re.I)),
    ("east", re.compile(r"\s*\u00b0\s*[NE](?![A-Za-z])", re.I)),
    ("close", re.compile(r"\s*\)")),
    ("above", re.compile(r"\s*(?:%s)(?![A-Za-z])" % ABOVE_AFTER, re.I)),
    ("below", re.compile(r"\s*(?:%s)(?![A-Za-z])" % BELOW_AFTER, re.I)),
    ("percent", re.compile(r"\s*(?:%|\u2030|(?:percent|per cent|pct|prozent)(?![A-Za-z])\.?)", re.I)),
    ("currency", re.compile(r"\s*" + CURRENCY.pattern)),
    ("scale", re.compile(r"\s*(?:%s)(?![A-Za-z/])\.?" % "|".join(sorted(MULTIPLES, key=len, reverse=True)))),
    ("scale", re.compile(r"\s*(?:thousand|millions?|billions?|trillion|tsd|mio|mrd|mln|mn|bn|lakhs?|crores?)(?![A-Za-z/])\.?", re.I)),
    ("ordinal", re.compile(r"(?:st|nd|rd|th)(?![A-Za-z])", re.I)),
    ("minus", re.compile(r"\s*-(?!\s*[9(])")),
    ("mark", re.compile(r"\s*[*\u2020\u2021\u00a7\u00b6#^%s]+|\s*\[[^\]]{1,4}\]|\s*\([A-Za-z]\)" % SUPERSCRIPTS)),
    ("space", re.compile(r"\s+$")),
)  # fmt: skip
CORE = re.compile(r"[.,]?9(?:9|[.,'_](?=9)| (?=999(?!9)))*(?:\.(?![\w]))?")
EXPONENT = re.compile(r"(?:[eEdD](?P<sign>[+-]?)(?P<power>9{1,3})(?![9A-Za-z.]))")
TIMES_TEN = re.compile(r"\s*[x*.]\s*(?P<ten>99)\s*(?:\^|\*\*)?\s*(?:\{|\()?(?P<sign>[+-]?)(?P<power>9{1,3})(?:\}|\))?$")
TIMES_TEN_RAISED = re.compile(r"\s*[x*.]\s*(?P<ten>99)(?P<raised>[\u207b\u2212-]?[%s]+)$" % SUPERSCRIPTS)
RANGE = re.compile(r"\s*(?:-|\u2014|\.\.|to|bis|until|\u00e0)\s*", re.I)
UNIT = re.compile(r"[^\W\d_][^|;{}<>=!?]{0,19}|[\u00b0\u00b5\u03bc\u03a9'\"][^|;{}<>=!?]{0,14}")
LETTER_MARK = re.compile(r"[a-z]{1,2}")
TIME_UNITS = {
    "d": 86400, "day": 86400, "days": 86400, "h": 3600, "hr": 3600, "hrs": 3600, "hour": 3600, "hours": 3600, "std": 3600,
    "m": 60, "min": 60, "mins": 60, "minute": 60, "minutes": 60, "s": 1, "sec": 1, "secs": 1, "second": 1, "seconds": 1,
    "w": 604800, "wk": 604800, "week": 604800, "weeks": 604800,
}  # fmt: skip
TIME_WORD = "|".join(sorted(TIME_UNITS, key=len, reverse=True))
SPELT_DURATION = re.compile(r"P?T?(?:9+(?:[.,]9+)?\s*(?:%s)\.?,?\s*(?:and\s+)?T?){1,5}$" % TIME_WORD, re.I)
CLOCK_DURATION = re.compile(
    r"(?P<minus>-?)(?:(?P<d>9{1,4})(?:\s*d(?:ays?)?,?\s*|\.|\s))?(?P<a>9{1,4}):(?P<b>99)(?::(?P<c>99)(?P<f>[.,]9{1,9})?)?(?:\s*(?P<half>[ap])\.?m\.?)?$",
    re.I,
)
MIXED = re.compile(r"(?:(?P<whole>9+)[\s-])?(?P<top>9{1,3})/(?P<bottom>9{1,3})\s*(?:\"|in\.?|inch(?:es)?)?$")
DEGREES_MINUTES = re.compile(
    r"(?P<minus>-?)(?P<d>9{1,3})\s*\u00b0\s*(?P<m>9{1,2})\s*'\s*(?:(?P<s>9{1,2})(?:[.,](?P<f>9{1,6}))?\s*(?:\"|'')?)?\s*(?P<side>[NSEWO])?$",
    re.I,
)
FEET = re.compile(r"(?P<feet>9+)\s*(?:'|ft\.?|feet)\s*(?P<inches>9{1,2}(?:\.9+)?)\s*(?:\"|''|in\.?|inches)?$")
LEADING_ZERO = r"(^|\D)0\d"
SHARE_OF = re.compile(r"(?P<k>9+)\s*(?:/|of|out of|von)\s*(?P<n>9+)$", re.I)
# To one unit of each sort: gram, metre, litre, second.
CONVERTIBLE = {
    "ng": ("mass", 1e-9), "\u00b5g": ("mass", 1e-6), "ug": ("mass", 1e-6), "mcg": ("mass", 1e-6), "mg": ("mass", 1e-3),
    "g": ("mass", 1.0), "kg": ("mass", 1e3), "t": ("mass", 1e6), "lb": ("mass", 453.59237), "lbs": ("mass", 453.59237),
    "oz": ("mass", 28.349523125), "nm": ("length", 1e-9), "\u00b5m": ("length", 1e-6), "um": ("length", 1e-6),
    "mm": ("length", 1e-3), "cm": ("length", 1e-2), "dm": ("length", 1e-1), "m": ("length", 1.0), "km": ("length", 1e3),
    "in": ("length", 0.0254), "ft": ("length", 0.3048), "yd": ("length", 0.9144), "mi": ("length", 1609.344),
    "\u00b5l": ("volume", 1e-6), "ul": ("volume", 1e-6), "ml": ("volume", 1e-3), "cl": ("volume", 1e-2),
    "dl": ("volume", 1e-1), "l": ("volume", 1.0), "ms": ("time", 1e-3), **{word: ("time", float(seconds)) for word, seconds
    in TIME_UNITS.items() if word not in ("m", "w")}, "month": ("months", 1.0), "months": ("months", 1.0), "mo": ("months", 1.0),
    "y": ("months", 12.0), "yr": ("months", 12.0), "yrs": ("months", 12.0), "year": ("months", 12.0), "years": ("months", 12.0),
}  # fmt: skip
KNOWN_UNITS = set(CONVERTIBLE) | set(
    """
    \u00b0c \u00b0f \u00b0 c f hz khz mhz ghz w kw mw gw kwh v mv kv a ma pa kpa hpa mpa bar mbar psi mmhg mol mmol nmol mmol/l mg/dl
    g/dl g/l mg/l ng/ml iu iu/l u/l bpm rpm ppm ppb db cal kcal j kj px kb mb gb tb ha m2 m3 km2 km/h kmh mph m/s kg/m2 u
    """.split()
)


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
        segments=None, raised=0,
    )  # fmt: skip
    for special in (
        parse_clock_form,
        parse_degrees_form,
        parse_feet_form,
        parse_spelt_duration,
        parse_fraction_form,
        parse_share_form,
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
        elif what in ("about", "mark", "percent"):
            setattr(found, what, True)
        rest = rest[at.end() :]
    core = CORE.match(rest)
    if not core:
        return None
    found.start = len(form) - len(rest)
    found.core = core.group()
    rest = rest[core.end() :]
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
    return found


def parse_suffix(form, rest, found, opened):
    closed = False
    while rest:
        between = RANGE.match(rest)
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
        elif what == "currency":
            found.currency = at.group().strip().rstrip(".")
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
    if rest:
        if not UNIT.fullmatch(rest) or re.search(r"9{2,}", rest):
            return False
        found.unit = rest
        found.letter = rest if LETTER_MARK.fullmatch(rest) else None
    return True


def parse_clock_form(form, found):
    at = CLOCK_DURATION.match(form)
    if not at:
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
    found.kind, found.segments, found.negative = "clock", spans, bool(at.group("minus"))
    found.unit = "s" if at.group("c") or at.group("d") or found.half else None
    return True


def parse_degrees_form(form, found):
    at = DEGREES_MINUTES.match(form)
    if not at:
        return False
    spans = [(*at.span("d"), 3600.0), (*at.span("m"), 60.0)]
    if at.group("s"):
        spans.append((*at.span("s"), 1.0))
    if at.group("f"):
        spans.append((*at.span("f"), 10.0 ** -len(at.group("f"))))
    found.kind, found.segments = "degrees", spans
    found.negative = bool(at.group("minus")) != ((at.group("side") or "").upper() in ("S", "W", "O"))
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


def parse_share_form(form, found):
    at = SHARE_OF.match(form)
    if not at:
        return False
    found.kind, found.segments = "share", [(at.start("k"), at.end("k"), 1.0), (at.start("n"), at.end("n"), 1.0)]
    return True


def byte_places(form, start, stop):
    """The bytes of the digits between two characters of a form."""
    before = len(form[:start].encode())
    places = []
    for letter in form[start:stop]:
        if letter == "9":
            places.append(before)
        before += len(letter.encode())
    return places


def whole_numbers(shapes, form, rows, start, stop):
    return shapes.whole(rows, byte_places(form, start, stop))


def core_numbers(shapes, form, rows, start, core, mark):
    """float64 of the texts whose number stands at `start`, written as `core`, with that decimal mark."""
    places = byte_places(form, start, start + len(core))
    at = core.rfind(mark) if mark and mark in core else -1
    fraction = core[at:].count("9") if at >= 0 else 0
    if len(places) <= 15:
        return shapes.whole(rows, places) / 10.0**fraction
    digits = shapes.pieces(rows, places)
    cut = len(places) - fraction
    return np.array([float(f"{text[:cut] or '0'}.{text[cut:] or '0'}") for text in digits])


def with_power(shapes, form, rows, item, mark):
    """float64 with an exponent; the same as its text gives elsewhere, to the last bit."""
    places = byte_places(form, item.start, item.start + len(item.core))
    at = item.core.rfind(mark) if mark and mark in item.core else -1
    cut = len(places) - (item.core[at:].count("9") if at >= 0 else 0)
    digits = shapes.pieces(rows, places)
    powers = ["0"] * len(rows)
    if item.power is not None:
        powers = shapes.pieces(rows, byte_places(form, item.power.start, item.power.stop))
    sign = item.power_sign
    out = np.array(
        [
            float(f"{text[:cut] or '0'}.{text[cut:] or '0'}e{sign}{int(power) + item.raised if not sign else power}")
            for text, power in zip(digits, powers)
        ]
    )
    if item.ten is not None:
        out[whole_numbers(shapes, form, rows, item.ten.start, item.ten.stop) != 10] = np.nan
    return out


class NumberColumn:
    """A column's texts read as numbers: `values` and `fits` per text; what was on them."""

    def __init__(self, shapes, live, decimal, name):
        self.shapes, self.live, self.name = shapes, live, name
        count = len(shapes.codes)
        self.values = np.full(count, np.nan)
        self.upper = np.full(count, np.nan)
        self.limit = np.zeros(count, dtype=np.int8)
        self.notes, self.unit, self.type, self.reason = [], None, None, None
        self.low_sure = self.zero_led = False
        self.what = "numbers"
        weights = shapes.counts
        self.items = []
        if not shapes.many:
            for index in shapes.likely(parse_number_form):
                item = parse_number_form(shapes.forms[index])
                if item is not None:
                    item.form, item.index, item.count = shapes.forms[index], index, weights[index]
                    self.items.append(item)
        self.total = float(sum(item.count for item in self.items))
        self.filled = float(weights.sum())
        if self.total < 0.4 * self.filled or not self.items:
            self.items = []
            return
        self.settle_kind()
        self.settle_brackets()
        self.settle_suffixes()
        self.mark = self.settle_mark(decimal)
        self.convert()

    def weigh(self, test):
        return float(sum(item.count for item in self.items if test(item)))

    def keep(self, test):
        self.items = [item for item in self.items if test(item)]

    def settle_kind(self):
        """Numbers, durations, feet and inches, or shares: the most of them decide."""
        special = {
            kind: self.weigh(lambda item, kind=kind: item.kind == kind)
            for kind in ("clock", "spelt", "feet", "share", "mixed", "degrees")
        }
        kind = max(special, key=special.get)
        if special["mixed"]:
            # 3 1/4 stands beside 3 and 1/2.
            self.keep(lambda item: item.kind in ("mixed", "share", "number"))
            for item in self.items:
                item.kind = "mixed" if item.kind == "share" else item.kind
            self.what = "numbers with fractions"
            return
        if special[kind] < 0.5 * self.total and kind != "spelt" or special[kind] == 0:
            self.keep(lambda item: item.kind in ("number", "range"))
            return
        if kind == "spelt":
            # "45 min" stands beside "1 h 30 min".
            for item in self.items:
                if item.kind == "number" and item.unit and item.unit.lower().rstrip(".") in TIME_UNITS:
                    item.kind, item.factor_seconds = "timed", float(TIME_UNITS[item.unit.lower().rstrip(".")])
                    item.unit, item.letter = None, None
            self.keep(lambda item: item.kind in ("spelt", "timed", "clock"))
            self.type, self.unit = "duration", "s"
            self.what = "durations, in seconds"
        elif kind == "clock":
            self.keep(lambda item: item.kind == "clock")
            three = self.weigh(lambda item: item.unit == "s")
            self.type = "duration"
            self.unit = "s" if three else None
            for item in self.items:
                # Beside h:m:s, two parts are minutes and seconds.
                item.unit = None
            if any(getattr(item, "half", None) for item in self.items):
                self.what = "times of day, in seconds"
            elif three:
                self.what = "times as h:m:s, in seconds"
            else:
                self.what = "times in two parts (h:m or m:s), counted in the smaller part"
        elif kind == "degrees":
            self.keep(lambda item: item.kind == "degrees")
            self.unit, self.what = "deg", "degrees, minutes and seconds, in degrees"
        elif kind == "feet":
            self.keep(lambda item: item.kind == "feet")
            self.unit = "[in_i]"
            self.what = "feet and inches, in inches"
        else:
            self.keep(lambda item: item.kind == "share")

    def settle_brackets(self):
        bracketed = self.weigh(lambda item: item.bracket)
        if bracketed and bracketed >= 0.999 * self.total:
            self.items = []  # (1), (2), (3) count things
            return
        if bracketed:
            for item in self.items:
                item.negative = item.negative or item.bracket
            self.notes.append("negative numbers in brackets")

    def settle_suffixes(self):
        if not self.items:
            return
        items = [item for item in self.items if item.kind in ("number", "range")]
        bare = sum(item.count for item in items if not (item.unit or item.scale))
        letters = {
            item.letter
            for item in items
            if item.letter and (item.letter.lower() not in KNOWN_UNITS or len(item.letter) == 1)
        }
        if letters and bare >= 0.5 * self.total:
            for item in items:
                if item.letter in letters or (item.letter and len(item.letter) == 1):
                    item.unit, item.mark = None, True
        self.settle_scales(items)
        self.settle_units(items)
        currencies = {}
        for item in items:
            if item.currency:
                currencies[item.currency] = currencies.get(item.currency, 0) + item.count
        if currencies:
            main = max(currencies, key=currencies.get)
            others = sum(currencies.values()) - currencies[main]
            if others > 0.1 * self.total:
                self.reason = "amounts in several currencies (" + ", ".join(sorted(currencies)) + ")"
                self.items = []
                return
            self.keep(lambda item: item.currency in (None, main))
            self.unit = main
            self.notes.append(f"currency signs ({main})")
        if any(item.percent for item in items):
            self.unit = "%"
            self.notes.append("percent signs")
        if any(item.mark for item in self.items):
            count = self.weigh(lambda item: item.mark)
            self.notes.append(f"marks on {number_of(count, 'number')} left out")
        if any(getattr(item, "unit_degrees", False) for item in self.items):
            self.unit = "deg"
            self.notes.append("south and west as negative")
        if any(getattr(item, "uncertain", False) for item in self.items):
            self.notes.append("the uncertainty behind each left out")
        if any(item.about for item in self.items):
            self.notes.append(f"{number_of(self.weigh(lambda item: item.about), 'cell')} said to be about")
        if any(item.ordinal for item in self.items):
            self.notes.append("endings such as 1st and 2nd left out")

    def settle_scales(self, items):
        scaled = [item for item in items if item.scale]
        if not scaled:
            return
        alone = {item.scale for item in scaled}
        bare = sum(item.count for item in items if not item.scale)
        if len(alone) == 1 and alone & DOUBTFUL_SCALES and bare == 0 and not any(item.currency for item in items):
            only = next(iter(alone))
            spaced = all(f" {only}" in item.form for item in scaled)
            if only not in ("K", "B", "T") or spaced:
                for item in scaled:
                    item.unit, item.scale = only, None
                return
        words = ", ".join(sorted(alone))
        self.notes.append(f"the endings {words} multiplied out")

    def settle_units(self, items):
        units = {}
        for item in items:
            if item.unit:
                units[item.unit] = units.get(item.unit, 0) + item.count
        if not units:
            return
        folded = {}
        for unit, count in units.items():
            key = unit.lower().replace("\u03bc", "\u00b5").rstrip(".")
            folded.setdefault(key, {})[unit] = count
        main = max(folded, key=lambda key: sum(folded[key].values()))
        shown = max(folded[main], key=folded[main].get)
        others = [key for key in folded if key != main]
        sort = CONVERTIBLE.get(main, (None,))[0]
        converted = [key for key in others if sort and CONVERTIBLE.get(key, (None,))[0] == sort]
        for item in items:
            key = (item.unit or "").lower().replace("\u03bc", "\u00b5").rstrip(".")
            if key in converted:
                item.factor = CONVERTIBLE[key][1] / CONVERTIBLE[main][1]
        if len(converted) < len(others):
            strange = sum(sum(folded[key].values()) for key in others if key not in converted)
            if strange > 0.05 * self.total:
                self.reason = "numbers with endings that do not agree (" + ", ".join(sorted(units)[:5]) + ")"
                self.items = []
                return
            allowed = {main, *converted, ""}
            self.keep(lambda item: (item.unit or "").lower().replace("\u03bc", "\u00b5").rstrip(".") in allowed)
        self.unit = shown
        self.notes.append(f"the unit {shown}" + (f" ({', '.join(converted)} converted)" if converted else ""))

    def settle_mark(self, decimal):
        """The decimal mark of this column: its own evidence, else the file's."""
        votes = {".": 0.0, ",": 0.0}
        doubtful = {".": 0.0, ",": 0.0}
        groups = set()
        for item in self.items:
            if item.kind not in ("number", "range"):
                continue
            for core in [item.core] + ([item.second[1]] if item.second else []):
                group, mark, sure = classify_core(core)
                if group:
                    groups.add(group)
                    if group in votes and not mark:
                        votes["," if group == "." else "."] += item.count
                if mark and sure:
                    votes[mark] += item.count
                elif mark:
                    doubtful[mark] += item.count
                    if core[:2] == f"9{mark}":
                        # A group of thousands never begins with 0.
                        rows = self.shapes.rows(item.index)
                        first = whole_numbers(self.shapes, item.form, rows, item.start, item.start + 1)
                        if (first == 0).any():
                            self.zero_led = True
                            votes[mark] += float((first == 0).sum())
        if votes["."] or votes[","]:
            mark = "." if votes["."] >= votes[","] else ","
            lost = votes["," if mark == "." else "."]
            if lost > 0.05 * self.total:
                self.reason = "numbers with decimal points and with decimal commas"
                self.items = []
        elif doubtful["."] and not doubtful[","]:
            mark = "," if decimal == "," or self.thousands_by_point(decimal) else "."
        else:
            mark = "," if decimal == "," and doubtful[","] else "."
        other = "," if mark == "." else "."
        used = doubtful[other] or other in groups
        if mark == "," and (votes[","] or doubtful[","]):
            self.notes.append("decimal comma")
        for group, words in (
            (",", "commas"),
            (".", "points"),
            (" ", "spaces"),
            ("'", "apostrophes"),
            ("_", "underscores"),
        ):
            if group in groups or (group == other and used):
                self.notes.append(f"{words} between thousands")
        self.keep(lambda item: item.kind not in ("number", "range") or self.fits_mark(item, mark))
        return mark

    def fits_mark(self, item, mark):
        cores = [item.core] + ([item.second[1]] if item.second else [])
        for core in cores:
            group, own, sure = classify_core(core)
            if own and sure and own != mark or group == mark:
                return False
        return True

    def thousands_by_point(self, decimal):
        """Where nothing else tells: points before exactly three digits everywhere, but for whole numbers below 1000, and a
        last 0 now and then. A program writes all numbers with three decimals, or none with a last 0."""
        zeros = bare = 0
        for item in self.items:
            rows = self.shapes.rows(item.index)
            if "." in item.core:
                last = byte_places(item.form, item.start, item.start + len(item.core))[-1:]
                zeros += int((self.shapes.whole(rows, last) == 0).sum())
            else:
                values = whole_numbers(self.shapes, item.form, rows, item.start, item.start + len(item.core))
                if (values >= 1000).any():
                    return False
                bare += len(rows)
        found = decimal is None and zeros > 0 and bare > 0
        self.low_sure = found
        return found

    def convert(self):
        shapes = self.shapes
        for item in self.items:
            rows = shapes.rows(item.index)
            if item.kind in ("number", "range", "timed"):
                if item.power is not None or item.raised or item.ten is not None:
                    values = with_power(shapes, item.form, rows, item, self.mark)
                else:
                    values = core_numbers(shapes, item.form, rows, item.start, item.core, self.mark)
                if item.kind == "range":
                    start, core = item.second
                    upper = core_numbers(shapes, item.form, rows, start, core, self.mark)
                    self.upper[rows] = upper
                    values = np.where(upper >= values, values, np.nan)
                if item.kind == "timed":
                    values = values * item.factor_seconds
                scale = MULTIPLES.get(item.scale, MULTIPLES.get((item.scale or "").lower(), 1.0))
                scale *= getattr(item, "factor", 1.0)
                values = values * scale
                self.upper[rows] = self.upper[rows] * scale
            elif item.kind == "mixed":
                parts = [whole_numbers(shapes, item.form, rows, span[0], span[1]) for span in item.segments]
                top, bottom = parts[-2:]
                values = (parts[0] if len(parts) == 3 else 0.0) + top / np.where(bottom > 0, bottom, np.nan)
            elif item.kind == "share":
                (a, b, _), (c, d, _) = item.segments
                values = whole_numbers(shapes, item.form, rows, a, b)
                self.upper[rows] = whole_numbers(shapes, item.form, rows, c, d)
            else:
                values = np.zeros(len(rows))
                for start, stop, weight in item.segments:
                    part = whole_numbers(shapes, item.form, rows, start, stop)
                    if weight == 3600.0 and getattr(item, "half", None):
                        part = part % 12 + (12 if item.half == "p" else 0)
                    if weight < 1:
                        # 0.25 is 25 hundredths, to the last bit.
                        values = values + part / round(1 / weight)
                    else:
                        values = values + part * weight
            self.values[rows] = -values if item.negative else values
            if item.limit:
                self.limit[rows] = -1 if item.limit == "below" else 1
            if item.kind == "degrees":
                self.values[rows] /= 3600
        self.values[~self.live] = np.nan
        self.settle_shares()

    def settle_shares(self):
        if not any(item.kind == "share" for item in self.items):
            return
        fits = ~np.isnan(self.values)
        n = self.upper[fits]
        zeros = matches(self.shapes.texts, LEADING_ZERO)[fits].any()  # 03/24 is a month or a day
        if zeros or (self.values[fits] > n).any() or (n == 0).any():
            self.values[:], self.items = np.nan, []
            return
        if len(np.unique(n)) > 1:
            self.values = self.values / self.upper
            self.type = "proportion"
            self.what = "counts out of a total, as shares of it"
        else:
            self.what = f"counts out of {number_text(n[0])}"
        self.upper[:] = np.nan

    @property
    def fits(self):
        return ~np.isnan(self.values)
