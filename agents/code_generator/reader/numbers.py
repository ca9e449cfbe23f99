# ---- numbers: a column of texts as numbers, whichever way they are spelt ----
import re

import numpy as np


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


# Endings of which the first makes a number negative, and the second does not.
SIDES = (
    ("dr", "cr"), ("s", "h"), ("bc", "ad"), ("bce", "ce"), ("v. chr", "n. chr"), ("av. j.-c", "apr. j.-c"),
)  # fmt: skip


def unit_size(key, spelled):
    """(sort, size) of a unit, (None, None) of one that has no size here; None where its spellings mean two sizes."""
    if key not in MILLI_OR_MEGA:
        return CONVERTIBLE.get(key, (None, None))
    first = {unit[0] for unit in spelled}
    if len(first) > 1:
        return None
    sort, base = MILLI_OR_MEGA[key]
    return sort, CONVERTIBLE[base.lower()][1] * (1e6 if first == {"M"} else 1e-3)


class NumberColumn:
    """A column's texts read as numbers: `values` and `fits` per text; what was on them."""

    def __init__(self, shapes, live, decimal, name):
        self.shapes, self.live, self.name = shapes, live, name
        count = len(shapes.codes)
        self.values = np.full(count, np.nan)
        self.upper = np.full(count, np.nan)
        self.limit = np.zeros(count, dtype=np.int8)
        self.notes, self.unit, self.type, self.reason = [], None, None, None
        self.low_sure = self.zero_led = self.steps_doubtful = False
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
            for kind in ("clock", "spelt", "feet", "age", "share", "mixed", "degrees")
        }
        kind = max(special, key=special.get)
        lap = special["clock"] and any(item.kind == "clock" and item.seconds for item in self.items)
        if special["mixed"]:
            # 3 1/4 stands beside 3 and 1/2.
            self.keep(lambda item: item.kind in ("mixed", "share", "number"))
            for item in self.items:
                item.kind = "mixed" if item.kind == "share" else item.kind
            self.what = "numbers with fractions"
            return
        if lap and kind == "clock":
            # 58.20 beside 1:02.35 are seconds.
            self.join(lambda item: not item.unit and len(item.core.split(".")[0].split(",")[0]) <= 2, {None: 1.0})
        elif kind == "feet":
            self.join(lambda item: item.unit, {"ft": 12.0, "feet": 12.0, "foot": 12.0, "'": 12.0, "in": 1.0, '"': 1.0})
        elif kind == "age":
            self.join(lambda item: item.unit, MONTHS_OF)
        special[kind] += self.weigh(lambda item: item.kind == "scaled")
        if special[kind] < 0.5 * self.total and kind != "spelt" or special[kind] == 0:
            self.keep(lambda item: item.kind in ("number", "range", "sum"))
            return
        if kind == "spelt":
            # "45 min" stands beside "1 h 30 min".
            self.join(lambda item: item.unit, TIME_UNITS)
            self.keep(lambda item: item.kind in ("spelt", "scaled", "clock"))
            self.type, self.unit = "duration", "s"
            self.what = "durations, in seconds"
        elif kind == "clock":
            self.keep(lambda item: item.kind in ("clock", "scaled"))
            gaps = {getattr(item, "gap", False) for item in self.items if not item.negative}
            if len(gaps) > 1:
                # The winner's time, and how far the others are behind.
                self.reason, self.items = "times, and times with a plus that may be gaps to them", []
                return
            three = self.weigh(lambda item: item.unit == "s")
            self.type = "duration"
            self.unit = "s" if three else None
            for item in self.items:
                # Beside h:m:s, two parts are minutes and seconds.
                item.unit = None
            if any(getattr(item, "half", None) for item in self.items):
                self.what = "times of day, in seconds"
            elif lap:
                self.what = "minutes and seconds, in seconds"
            elif three:
                self.what = "times as h:m:s, in seconds"
            else:
                self.what = "times in two parts (h:m or m:s), counted in the smaller part"
        elif kind == "degrees":
            self.keep(lambda item: item.kind == "degrees")
            self.unit, self.what = "deg", "degrees, minutes and seconds, in degrees"
        elif kind == "feet" and self.inches_pass_twelve():
            # 2'30" is a time.
            self.keep(lambda item: item.kind == "feet")
            for item in self.items:
                item.segments = [
                    (start, stop, 60.0 if weight == 12.0 else weight) for start, stop, weight in item.segments
                ]
            self.type, self.unit, self.what = "duration", "s", "minutes and seconds, in seconds"
        elif kind == "feet":
            self.keep(lambda item: item.kind in ("feet", "scaled"))
            self.unit = "[in_i]"
            self.what = "feet and inches, in inches"
        elif kind == "age":
            self.keep(lambda item: item.kind in ("age", "scaled"))
            self.type, self.unit, self.what = "duration", "mo", "years and months, in months"
        else:
            self.keep(lambda item: item.kind == "share")

    def join(self, test, factors):
        """Makes plain numbers beside a special kind part of it, times the factor of their unit."""
        for item in self.items:
            unit = item.unit and item.unit.lower().rstrip(".")
            if item.kind == "number" and test(item) and unit in factors:
                item.kind, item.times, item.unit, item.letter = "scaled", float(factors[unit]), None, None

    def inches_pass_twelve(self):
        for item in self.items:
            if item.kind == "feet":
                start, stop, _ = item.segments[1]
                if (whole_numbers(self.shapes, item.form, self.shapes.rows(item.index), start, stop) >= 12).any():
                    return True
        return False

    def settle_brackets(self):
        bracketed = self.weigh(lambda item: item.bracket)
        if bracketed and bracketed >= 0.999 * self.total:
            if all(re.fullmatch(r"\(9{1,3}\)", item.form) for item in self.items):
                # (1), (2), (3) count things.
                self.reason = "numbers that all stand in brackets, which may name things or be negative"
                self.items = []
                return
            self.notes.append("all of them in brackets")
        if bracketed:
            for item in self.items:
                item.negative = item.negative or item.bracket
            self.notes.append("negative numbers in brackets")

    def settle_suffixes(self):
        if not self.items:
            return
        items = [item for item in self.items if item.kind in ("number", "range", "sum")]
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
        self.name_units(items)
        self.settle_sides(items)
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
        if any(item.uncertain for item in self.items):
            self.notes.append("the uncertainty behind each left out")
        if any(item.beside for item in self.items):
            self.notes.append("what stands in brackets behind them left out")
        if any(item.about for item in self.items):
            self.notes.append(f"{number_of(self.weigh(lambda item: item.about), 'cell')} said to be about")
        if any(item.ordinal for item in self.items):
            self.notes.append("endings such as 1st and 2nd left out")

    def name_units(self, items):
        """Units with their own digits, m for million beside money and other multiples, and decades."""
        scaled = any(item.scale for item in items)
        units = {(item.unit or "").lower() for item in items}
        # Beside KB or bytes, B is no billion.
        sized = any(CONVERTIBLE.get(unit, (None,))[0] == "bytes" for unit in units - {"b"})
        octets = bool(units & SURE_OCTETS) and units <= {*OCTETS, ""}
        for item in items:
            if item.unit and "9" in item.unit:
                at, row = item.form.rfind(item.unit), int(self.shapes.rows(item.index)[0])
                item.unit = self.shapes.texts[row].as_py()[at : at + len(item.unit)]
            if item.scale == "B" and sized:
                item.scale, item.unit = None, "B"
            if octets and (item.unit or "").lower() in OCTETS:
                item.unit, item.letter = OCTETS[item.unit.lower()], None
            if item.unit in ("m", "b") and not item.scale and (item.currency or scaled):
                item.scale, item.unit, item.letter = {"m": "M", "b": "B"}[item.unit], None, None
        if items and all(re.fullmatch("9999s", item.form) for item in items):
            for item in items:
                item.unit = item.letter = None
            self.notes.append("the ending s of decades left out")

    def settle_sides(self, items):
        """Behind amounts of an account, Dr and S (debit) make them negative, Cr and H (credit) do not; so do the words
        for before Christ behind years."""
        for debit, credit in SIDES:
            sides = [(item.unit or item.scale or "").lower().rstrip(".") for item in items]
            if {debit, credit} != set(sides) - {""}:
                continue
            for item, side in zip(items, sides):
                if side:
                    item.negative, item.unit, item.scale, item.letter = side == debit, None, None, None
            self.notes.append(f"{debit.capitalize()} as negative and {credit.capitalize()} as positive")

    def settle_scales(self, items):
        scaled = [item for item in items if item.scale]
        if not scaled:
            return
        alone = {item.scale for item in scaled}
        bare = sum(item.count for item in items if not item.scale)
        if (
            len(alone) == 1
            and {name if len(name) == 1 else name.lower() for name in alone} & DOUBTFUL_SCALES
            and bare == 0
            and not any(item.currency for item in items)
        ):
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
        if self.settle_temperatures(items, units):
            return
        folded = {}
        for unit, count in units.items():
            key = unit.lower().replace("\u03bc", "\u00b5").rstrip(".")
            folded.setdefault(key, {})[unit] = count
        main = max(folded, key=lambda key: sum(folded[key].values()))
        shown = max(folded[main], key=folded[main].get)
        others = [key for key in folded if key != main]
        sizes_of = {key: unit_size(key, folded[key]) for key in folded}
        if any(size is None for size in sizes_of.values()):
            self.reason = "numbers with endings that do not agree (" + ", ".join(sorted(units)[:5]) + ")"
            self.items = []
            return
        sort = sizes_of[main][0]
        converted = [key for key in others if sort and sizes_of[key][0] == sort]
        for item in items:
            key = (item.unit or "").lower().replace("\u03bc", "\u00b5").rstrip(".")
            if key in converted:
                item.factor = sizes_of[key][1] / sizes_of[main][1]
        if len(converted) < len(others):
            strange = sum(sum(folded[key].values()) for key in others if key not in converted)
            if strange > 0.05 * self.total:
                self.reason = "numbers with endings that do not agree (" + ", ".join(sorted(units)[:5]) + ")"
                self.items = []
                return
            allowed = {main, *converted, ""}
            self.keep(lambda item: (item.unit or "").lower().replace("\u03bc", "\u00b5").rstrip(".") in allowed)
        sizes = {main, *converted}
        if converted and sort == "bytes" and sizes - {"b", "byte", "bytes"}:
            steps = "1024" if all("i" in size for size in sizes if size[0] != "b") else "1000"
            # Programs that write KB for 1024 bytes are as common as those that mean 1000.
            self.steps_doubtful = steps == "1000"
            self.notes.append(f"steps of {steps} from one unit of bytes to the next")
        self.unit = shown
        self.notes.append(f"the unit {shown}" + (f" ({', '.join(converted)} converted)" if converted else ""))

    def settle_temperatures(self, items, units):
        """Reads degrees Fahrenheit beside degrees Celsius as Celsius; false for other units."""
        bare = {unit: re.sub(r"^(?:\u00b0|deg)\s?", "", unit).upper() for unit in units}
        if set(bare.values()) != {"C", "F"} or not all(unit[0] in "\u00b0d" for unit in units):
            return False
        for item in items:
            if bare.get(item.unit) == "F":
                item.factor, item.shift = 5 / 9, -160 / 9
        self.keep(lambda item: item.unit)
        self.unit = "\u00b0C"
        self.notes.append("degrees Fahrenheit converted to degrees Celsius")
        return True

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
            whole = self.unit in WHOLE_CURRENCIES
            mark = "," if decimal == "," or whole or self.thousands_by_point(decimal) else "."
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
        """Where nothing else tells: points before exactly three digits everywhere, but for whole numbers below 1000,
        and a last 0 now and then. A program writes all numbers with three decimals, or none with a last 0."""
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
            if item.kind in ("number", "range", "scaled"):
                if item.power is not None or item.raised or item.ten is not None:
                    values = with_power(shapes, item.form, rows, item, self.mark)
                else:
                    mark = self.mark if item.kind != "scaled" else classify_core(item.core)[1]
                    values = core_numbers(shapes, item.form, rows, item.start, item.core, mark)
                if item.kind == "range":
                    start, core = item.second
                    upper = core_numbers(shapes, item.form, rows, start, core, self.mark)
                    self.upper[rows] = upper
                    values = np.where(upper >= values, values, np.nan)
                if item.kind == "scaled":
                    values = values * item.times
                scale = MULTIPLES.get(item.scale, MULTIPLES.get((item.scale or "").lower(), 1.0))
                scale *= getattr(item, "factor", 1.0)
                shift = getattr(item, "shift", 0.0)
                if shift and item.negative:
                    values, item.negative = -values, False
                values = values * scale + shift
                self.upper[rows] = self.upper[rows] * scale + shift
            elif item.kind == "mixed":
                parts = [whole_numbers(shapes, item.form, rows, span[0], span[1]) for span in item.segments]
                top, bottom = parts[-2:]
                values = (parts[0] if len(parts) == 3 else 0.0) + top / np.where(bottom > 0, bottom, np.nan)
            elif item.kind == "share":
                (a, b, _), (c, d, _) = item.segments
                values = whole_numbers(shapes, item.form, rows, a, b) / 10.0**item.decimals
                self.upper[rows] = whole_numbers(shapes, item.form, rows, c, d)
            else:
                values = np.zeros(len(rows))
                for start, stop, weight in item.segments:
                    part = whole_numbers(shapes, item.form, rows, start, stop)
                    if weight == 3600.0 and getattr(item, "half", None):
                        part = part % 12 + (12 if item.half == "p" else 0)
                    if weight < 1 and abs(1 / weight - round(1 / weight)) < 1e-6:
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
        self.settle_percents()

    def settle_percents(self):
        """50 % beside 0.5: where all numbers without the sign are at most 1, it cannot be told which of the two they
        mean."""
        signed, bare = np.zeros(len(self.values), bool), np.zeros(len(self.values), bool)
        for item in self.items:
            (signed if item.percent else bare)[self.shapes.rows(item.index)] = True
        signed, bare = self.values[signed & self.fits], self.values[bare & self.fits]
        if len(signed) and len(bare) and (bare != 0).any() and np.abs(bare).max() <= 1 < np.median(np.abs(signed)):
            self.reason = "numbers with a percent sign and shares without one"
            self.values[:], self.items = np.nan, []

    def settle_shares(self):
        if not any(item.kind == "share" for item in self.items):
            return
        fits = ~np.isnan(self.values)
        n = self.upper[fits]
        zeros = matches(self.shapes.texts, LEADING_ZERO)[fits].any()  # 03/24 is a month or a day
        if zeros or (self.values[fits] > n).any() or (n == 0).any():
            if not zeros and fits.any():
                self.reason = "two numbers in each cell, parted by a slash"
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
