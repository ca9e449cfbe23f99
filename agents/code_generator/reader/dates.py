# ---- dates: texts as days, times, weeks, months and quarters; which number is the month, and which the century ----
import re
import unicodedata
from types import SimpleNamespace

import numpy as np

MONTHS = """
    jan january januar janvier janv enero ene gennaio gen janeiro januari jaen janner
    feb february februar fevrier fevr fev febrero febbraio fevereiro februari
    mar march marz maerz mrz mars marzo marco maart mrt
    apr april avril avr abril abr aprile
    may mai mayo maggio mag maio mei
    jun june juni juin junio giugno giu junho
    jul july juli juillet juil julio luglio lug julho
    aug august aout agosto ago augustus
    sep sept september septembre septiembre settembre set setembro
    oct october oktober okt octobre octubre ottobre ott outubro out
    nov november novembre noviembre novembro
    dec december dezember dez decembre diciembre dic dicembre dezembro desember des
""".strip().splitlines()
MONTH_OF = {word: index + 1 for index, line in enumerate(MONTHS) for word in line.split()}
WEEKDAY = re.compile(
    r"\(?(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?\.?\)?,?\s+"
    r"|(?:montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag|mo|di|mi|do|fr|sa|so)\.?,?\s+"
    r"|(?:lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|lunes|martes|miercoles|jueves|viernes|sabado|domingo)\.?,?\s+"
)
CLOCK = re.compile(
    r"(?:[\st,]+|:(?=99:99)|,? at |, um )(?P<h>9{1,2})(?:[:h.](?P<m>99)(?:[:.](?P<s>99)(?:[.,](?P<f>9{1,9}))?)?)?\s*(?P<half>[ap]\.?m\.?)?"
    r"\s*(?:uhr)?\s*(?P<zone>z|utc|gmt|[+-]99:?99|[+-]99)?(?:\s*\(?[a-z]{2,5}\)?)?$"
)
EASTERN = {
    ord("\u5e74"): "-",
    ord("\u6708"): "-",
    ord("\u65e5"): " ",
    ord("\ub144"): "-",
    ord("\uc6d4"): "-",
    ord("\uc77c"): " ",
}
INNER_CLOCK = re.compile(
    r"(?<![9:])(?P<h>9{1,2}):(?P<m>99)(?::(?P<s>99)(?:[.,](?P<f>9{1,9}))?)?\s*(?P<half>[ap]\.?m\.?)?"
    r"\s*(?P<zone>z|utc|gmt|[+-]9999|[+-]99:99)?(?:\s[a-z]{3,4})?,?\s(?=.*9{2})"
)
COMPACT_CLOCK = re.compile(r"[t_](?P<h>99)(?P<m>99)(?P<s>99)?(?P<f>)(?P<half>)(?P<zone>z|[+-]99:?99)?$")
YEAR = r"(?P<y>9999|99)"
MONTH_NAME = r"(?P<name>[a-z]{3,10})\.?"
DAY = r"(?P<d>9{1,2})(?:st|nd|rd|th|\.|er)?"
DATE_FORMS = tuple(
    (kind, re.compile(pattern))
    for kind, pattern in (
        ("day", r"(?P<y>9999)(?P<sep>[-/. ]|- )(?P<m>9{1,2})(?P=sep)(?P<d>9{1,2})"),
        ("open", r"(?P<a>9{1,2})(?P<sep>[-/. ]|\. )(?P<b>9{1,2})(?P=sep)(?P<y>9999|99)"),
        ("day", r"(?P<y>9999)(?P<m>99)(?P<d>99)"),
        ("yearday", r"(?P<y>9999)-(?P<yd>999)"),
        ("day", DAY + r"[-\s/.,]*(?:of |de )?" + MONTH_NAME + r"(?:\s+de)?[-\s/.,']*" + YEAR),
        ("day", MONTH_NAME + r"[-\s/]*" + DAY + r"(?:,\s*|[-\s/]+)" + YEAR),
        ("day", r"(?P<y>9999)[-\s/.]*" + MONTH_NAME + r"[-\s/.]*(?P<d>9{1,2})"),
        ("month", MONTH_NAME + r"(?:\s+de)?[-\s/.,']*" + YEAR),
        ("month", r"(?P<y>9999)[-\s/:.]*" + MONTH_NAME),
        ("quarter", r"(?P<y>9999)[-\s/:.]*(?:q|qtr|quarter|quartal|t)[-\s]?(?P<q>9)"),
        ("quarter", r"(?:q|qtr|quarter|t)[-\s]?(?P<q>9)[-\s/:.,']*" + YEAR),
        ("quarter", r"(?P<q>9)(?:st|nd|rd|th|\.)?\s*(?:q|qtr|quarter|quartal|trimestre)[-\s/,']*(?:of )?" + YEAR),
        ("half", r"(?P<y>9999)[-\s/:.]*[hs][-\s]?(?P<q>9)"),
        ("half", r"[hs](?P<q>9)[-\s/:.,']*(?P<y>9999)"),
        ("week", r"(?P<y>9999)[-\s/.]*(?:w|kw|wk|week|s)[-\s]?(?P<w>9{1,2})(?:-?(?P<wd>9))?"),
        ("week", r"(?:w|kw|wk|week)[-\s.]?(?P<w>9{1,2})[-\s/.,]*(?:of )?(?P<y>9999)"),
        ("month", r"(?P<y>9999)[-\s:]?m(?P<m>9{1,2})"),
        ("month", r"(?P<y>9999)[-/:](?P<m>9{1,2})"),
        ("month", r"(?P<m>9{1,2})[-/](?P<y>9999)"),
        ("year", r"(?:fy|cy|ay)[-\s']?(?P<y>9999)"),
        ("season", r"(?:fy|ay)?\s?(?P<y>9999)\s?[-/]\s?(?P<next>9999|99)"),
    )
)
EARLIEST, LATEST = 1000, 2500
NEWEST = 2029  # two-digit years start no later
MONTH_SECONDS = 30.436875 * 86400


def plain_letters(text):
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode() if not text.isascii() else text


@remembered
def parse_date_form(form):
    """How texts of that form are dates: [descriptions], the likeliest first."""
    lowered = form.lower().translate(EASTERN)
    if len(lowered) != len(form) or len(form) > 60 or lowered.count("9") < 2:
        return []
    start = 0
    weekday = WEEKDAY.match(plain_letters(lowered)) if lowered[0].isalpha() or lowered[0] == "(" else None
    if weekday and len(plain_letters(lowered)) == len(lowered):
        start = weekday.end()
    found = []
    clocks = [None]
    inside = INNER_CLOCK.search(lowered, start)
    if inside:
        # The time stands before the date, or before its year: read the rest as if it were not there.
        lowered = lowered[: inside.start()] + " " * len(inside.group()) + lowered[inside.end() :]
        start += len(lowered[start:]) - len(lowered[start:].lstrip())
        clocks = [inside]
    for pattern in () if inside else (CLOCK, COMPACT_CLOCK):
        for at in range(start + 4, len(lowered)):
            clock = pattern.match(lowered, at)
            if clock:
                clocks.append(clock)
                break
    for clock in reversed(clocks):
        stop = clock.start() if clock and not inside else len(lowered)
        text = lowered[:stop].rstrip(" ,-")
        if not clock:
            text = re.sub(r"\s*\(?(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\)?$", "", text)
        if clock and clock.group("m") is None and not clock.group("half"):
            continue
        folded = plain_letters(text)
        if len(folded) != len(text):
            folded = text
        for kind, pattern in DATE_FORMS:
            at = pattern.fullmatch(folded, start)
            if not at:
                continue
            named = at.groupdict().get("name")
            if named is not None and named not in MONTH_OF:
                continue
            spans = {
                key: at.span(key)
                for key, value in at.groupdict().items()
                if value is not None and key not in ("sep", "name")
            }
            found.append(
                SimpleNamespace(
                    kind=kind, spans=spans, month=MONTH_OF.get(named), separator=at.groupdict().get("sep"), clock=clock, form=form,
                )
            )  # fmt: skip
        if found:
            break
    return found


class DateColumn:
    """A column's texts read as dates. `scan` finds what the forms leave open; `settle` decides it."""

    def __init__(self, shapes, live):
        self.shapes, self.live = shapes, live
        self.items, self.taken = [], 0.0
        for index in [] if shapes.many else shapes.likely(parse_date_form):
            readings = parse_date_form(shapes.forms[index])
            if readings:
                for item in readings:
                    item.index = index
                self.items.append(readings)
                self.taken += shapes.counts[index]
        self.share = self.taken / max(shapes.counts.sum(), 1.0)
        self.open = [readings[0] for readings in self.items if readings[0].kind == "open"]
        self.first_large = self.second_large = self.year_first = 0.0
        self.two_digits = np.zeros(100)
        self.four_digits = []
        if self.share >= 0.4:
            self.scan()

    def part(self, item, key, rows):
        start, stop = item.spans[key]
        return whole_numbers(self.shapes, item.form, rows, start, stop)

    def scan(self):
        for readings in self.items:
            item = readings[0]
            rows = self.shapes.rows(item.index)
            rows = rows[self.live[rows]]
            if item.kind == "open":
                a, b = self.part(item, "a", rows), self.part(item, "b", rows)
                self.first_large += float(((a > 12) & (a <= 31)).sum())
                self.second_large += float(((b > 12) & (b <= 31)).sum())
                self.year_first += float((a > 31).sum())
            if "y" in item.spans:
                start, stop = item.spans["y"]
                years = self.part(item, "y", rows)
                if stop - start == 2 and not self.year_first:
                    self.two_digits += np.bincount(years.astype(int), minlength=100)[:100]
                elif stop - start == 4 and len(years):
                    self.four_digits.append((years.min(), years.max()))

    def year_leads(self):
        """21-03-05: the first of the three varies little, and the last is never above 31."""
        short = [item for item in self.open if item.spans["y"][1] - item.spans["y"][0] == 2 and item.separator == "-"]
        if not short or len(short) < len(self.open):
            return False
        parts = {key: [] for key in "aby"}
        for item in short:
            rows = self.shapes.rows(item.index)
            rows = rows[self.live[rows]]
            for key in parts:
                parts[key].append(self.part(item, key, rows))
        a, b, y = (np.concatenate(parts[key]) for key in "aby")
        if len(y) == 0 or y.max() > 31 or y.min() < 1 or b.max() > 12:
            return False
        return len(np.unique(y)) > 3 * len(np.unique(a))

    @property
    def own_order(self):
        """'dmy', 'mdy' or 'ymd' where the column itself shows it, else None."""
        if not self.open:
            return None
        if self.year_first or self.year_leads():
            return "ymd"
        if self.first_large and self.first_large >= 20 * self.second_large:
            return "dmy"
        if self.second_large and self.second_large >= 20 * self.first_large:
            return "mdy"
        return "mixed" if self.first_large else None

    def settle(self, order, century):
        """Seconds since 1970 per text (NaN where it is no date), and how fine each is."""
        count = len(self.shapes.codes)
        seconds = np.full(count, np.nan)
        self.kinds, self.clocked, self.zoned = set(), False, False
        if self.items and self.numbered_quarters():
            for readings in self.items:
                readings[:] = readings[:1]
                readings[0].kind, readings[0].spans["q"] = "quarter", readings[0].spans.pop("m")
        for readings in self.items:
            rows = self.shapes.rows(readings[0].index)
            last = readings[-1]
            if last.kind == "season" and not np.isnan(self.moments(last, rows, order, century)).any():
                readings = [last]  # 2011/12, 2012/13: each the year after
            for item in readings:
                left = rows[np.isnan(seconds[rows])]
                if len(left) == 0:
                    break
                moments = self.moments(item, left, order, century)
                if item.kind == "season" and np.isnan(moments).any():
                    continue
                fits = ~np.isnan(moments)
                if fits.any():
                    seconds[left[fits]] = moments[fits]
                    kind = "day" if item.kind == "open" else item.kind
                    self.kinds.add(kind)
                    self.clocked = self.clocked or item.clock is not None
        seconds[~self.live] = np.nan
        return seconds

    def numbered_quarters(self):
        """2021-1 to 2021-4: months would go on to 12."""
        if not all(readings[0].kind == "month" and "m" in readings[0].spans for readings in self.items):
            return False
        months, years = [], []
        for item in (readings[0] for readings in self.items):
            if item.spans["m"][1] - item.spans["m"][0] != 1:
                return False
            rows = self.shapes.rows(item.index)
            months.append(self.part(item, "m", rows))
            years.append(self.part(item, "y", rows))
        months, years = np.concatenate(months), np.concatenate(years)
        return months.max() == 4 and months.min() == 1 and len(np.unique(years)) >= 3

    def moments(self, item, rows, order, century):
        year = month = day = None
        if item.kind == "open":
            a, b, y = (self.part(item, key, rows) for key in "aby")
            wide = item.spans["y"][1] - item.spans["y"][0] == 4
            if order == "ymd" and not wide:
                year, month, day = a, b, y
                wide = False
            elif order == "mdy":
                month, day, year = a, b, y
            elif order == "mixed":
                swap = b > 12
                day, month, year = np.where(swap, b, a), np.where(swap, a, b), y
            else:
                day, month, year = a, b, y
        else:
            year = self.part(item, "y", rows)
            wide = item.spans["y"][1] - item.spans["y"][0] == 4
            if "m" in item.spans:
                month = self.part(item, "m", rows)
            elif item.month:
                month = np.full(len(rows), float(item.month))
            if "d" in item.spans:
                day = self.part(item, "d", rows)
        if not wide:
            year = with_century(year, century)
        good = (year >= EARLIEST) & ((year <= LATEST) | (year == 9999))
        if item.kind in ("quarter", "half"):
            part = self.part(item, "q", rows)
            most = 4 if item.kind == "quarter" else 2
            good &= (part >= 1) & (part <= most)
            month = (part - 1) * (12 // most) + 1
        if item.kind == "season":
            follow = self.part(item, "next", rows)
            start, stop = item.spans["next"]
            good &= follow == (year + 1 if stop - start == 4 else (year + 1) % 100)
        if item.kind == "week":
            return self.week_moments(item, rows, year, good)
        if item.kind == "yearday":
            number = self.part(item, "yd", rows)
            first, _ = civil_days(year, np.ones(len(rows)), np.ones(len(rows)), good)
            return np.where(good & (number >= 1) & (number <= 366), (first + number - 1) * 86400.0, np.nan)
        month = np.ones(len(rows)) if month is None else month
        day = np.ones(len(rows)) if day is None else day
        days, valid = civil_days(year, month, day, good)
        return np.where(valid, days * 86400.0 + self.clock_seconds(item, rows), np.nan)

    def week_moments(self, item, rows, year, good):
        week = self.part(item, "w", rows)
        weekday = self.part(item, "wd", rows) if "wd" in item.spans else np.ones(len(rows))
        good = good & (week >= 1) & (week <= 53) & (weekday >= 1) & (weekday <= 7)
        fourth, _ = civil_days(year, np.ones(len(rows)), np.full(len(rows), 4.0), good)
        monday = fourth - (fourth + 3) % 7  # 1970-01-01 was a Thursday
        return np.where(good, (monday + 7 * (week - 1) + weekday - 1) * 86400.0, np.nan)

    def clock_seconds(self, item, rows):
        clock = item.clock
        if clock is None:
            return 0.0
        total = np.zeros(len(rows))
        hours = whole_numbers(self.shapes, item.form, rows, *clock.span("h"))
        half = clock.group("half")
        if half:
            hours = hours % 12 + (12 if half[0] == "p" else 0)
        bad = hours > 24
        total += hours * 3600
        for key, weight in (("m", 60.0), ("s", 1.0)):
            if clock.group(key):
                part = whole_numbers(self.shapes, item.form, rows, *clock.span(key))
                bad |= part > 60
                total += part * weight
        if clock.group("f"):
            start, stop = clock.span("f")
            total += whole_numbers(self.shapes, item.form, rows, start, stop) / 10.0 ** (stop - start)
        zone = clock.group("zone")
        if zone and zone[0] in "+-":
            start, stop = clock.span("zone")
            digits = byte_places(item.form, start, stop)
            away = self.shapes.whole(rows, digits[:2]) * 3600
            if len(digits) > 2:
                away += self.shapes.whole(rows, digits[2:]) * 60
            total -= away if zone[0] == "+" else -away
            self.zoned = True
        return np.where(bad, np.nan, total)


def civil_days(year, month, day, good):
    """Days since 1970 and which of the dates exist."""
    good = good & (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31)
    safe_year, safe_month = np.where(good, year, 1970).astype(np.int64), np.where(good, month, 1).astype(np.int64)
    months = (safe_year - 1970) * 12 + safe_month - 1
    first = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    after = (months + 1).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    good = good & (day <= after - first)
    return np.where(good, first + day - 1, np.nan), good


def with_century(years, start):
    """Two digits as the year that lies in the hundred years from `start`."""
    return start + (years - start % 100) % 100


def century_of(counts, born=False):
    """The first year of the hundred in which two-digit years lie: after the widest stretch of years that do not occur;
    with the width of that stretch."""
    used = np.flatnonzero(counts)
    if len(used) == 0:
        return NEWEST - 99, 0
    gaps = np.diff(np.r_[used, used[0] + 100])
    place = int(np.argmax(gaps))
    first = int(used[(place + 1) % len(used)])
    span = 100 - int(gaps[place])
    start = 2000 + first
    while start > NEWEST or (start + span > NEWEST if born else start + span > NEWEST + 26):
        start -= 100
    return start, int(gaps[place])
