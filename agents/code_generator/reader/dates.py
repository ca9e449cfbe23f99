# ---- dates: texts as days, times, weeks, months and quarters; which number is the month, and which the century ----
import re
import unicodedata
from types import SimpleNamespace

import numpy as np

MONTHS = """
    jan january januar janvier janv enero ene gennaio gen janeiro januari jaen janner tammikuu stycznia styczen ledna leden ianuarie ocak sijecnja
    январь января янв січня ιανουαριου
    feb february februar fevrier fevr fev febrero febbraio fevereiro februari helmikuu lutego luty unora unor februarie subat
    февраль февраля фев лютого φεβρουαριου
    mar march marz maerz mrz mars marzo marco maart mrt maaliskuu marca marzec brezna brezen martie mart март марта мар березня μαρτιου
    apr april avril avr abril abr aprile huhtikuu kwietnia kwiecien dubna duben aprilie nisan апрель апреля апр квітня απριλιου
    may mai mayo maggio mag maio mei maj toukokuu maja kvetna kveten mayis май мая травня μαιου
    jun june juni juin junio giugno giu junho kesakuu czerwca czerwiec cervna cerven iunie haziran июнь июня июн червня ιουνιου
    jul july juli juillet juil julio luglio lug julho heinakuu lipca lipiec cervence cervenec iulie temmuz июль июля июл липня ιουλιου
    aug august aout agosto ago augustus augusti elokuu sierpnia sierpien srpna srpen agustos август августа авг серпня αυγουστου
    sep sept september septembre septiembre settembre set setembro syyskuu wrzesnia wrzesien zari septembrie eylul
    сентябрь сентября сен сент вересня σεπτεμβριου
    oct october oktober okt octobre octubre ottobre ott outubro out lokakuu pazdziernika pazdziernik paz rijna rijen octombrie ekim
    октябрь октября окт жовтня οκτωβριου
    nov november novembre noviembre novembro marraskuu listopada listopad noiembrie kasim ноябрь ноября ноя листопада νοεμβριου
    dec december dezember dez decembre diciembre dic dicembre dezembro desember des joulukuu grudnia grudzien prosince prosinec
    decembrie aralik декабрь декабря дек грудня δεκεμβριου
"""
MONTH_OF, _MONTH = {}, 0
for _word in MONTHS.split():
    # Each month begins with its English name.
    _MONTH += _word in "jan feb mar apr may jun jul aug sep oct nov dec".split()
    MONTH_OF.setdefault(_word, _MONTH)
# The first year of each era of Japan, less one.
ERAS = {"\u4ee4\u548c": 2018, "\u5e73\u6210": 1988, "\u662d\u548c": 1925, "\u5927\u6b63": 1911, "\u660e\u6cbb": 1867}
# Letters of their own that have a plain one beside them.
PLAIN_LETTERS = str.maketrans(
    "\u0131\u0142\u00f8\u0111\u03ac\u03ad\u03ae\u03af\u03cc\u03cd\u03ce",
    "ilod\u03b1\u03b5\u03b7\u03b9\u03bf\u03c5\u03c9",
)
WEEKDAY = re.compile(
    r"\(?(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?\.?\)?,?\s+"
    r"|(?:montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag|mo|di|mi|do|fr|sa|so)\.?,?\s+"
    r"|(?:lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|lunes|martes|miercoles|jueves|viernes|sabado|domingo"
    r"|maandag|dinsdag|woensdag|donderdag|vrijdag|zaterdag|zondag|mandag|tirsdag|onsdag|torsdag|fredag|lordag|sondag|tisdag"
    r"|segunda|terca|quarta|quinta|sexta)\.?,?\s+"
    # mar. is Tuesday before a date in numbers, else March.
    r"|(?:lun|mar|mer|jeu|ven|sam|dim|mie|jue|vie|sab|dom|gio|wo|za|zo|ma|me)\.?,?\s+(?=9{1,2}[-/.]9)"
)
CLOCK = re.compile(
    r"(?:[\st,]+|:(?=99:99)|,? at |, um )(?P<h>9{1,2})(?:[:h.](?P<m>99)(?:[:.](?P<s>99)(?:[.,](?P<f>9{1,9}))?)?)?\s*(?P<half>[ap]\.?m\.?)?"
    r"\s*(?:uhr)?\s*(?P<zone>z|(?:utc|gmt)?[+-]99:?99|(?:utc|gmt)?[+-]9{1,2}|utc|gmt)?"
    r"(?:\s*[(\[]?(?P<named>[a-z]{2,5}|[a-z]{3,12}/[a-z_]{3,25})[)\]]?)?$"
)
# Hours before Greenwich of the names of zones.
ZONE_HOURS = {
    **dict.fromkeys(("utc", "gmt", "wet", "ut", "uct"), 0.0),
    **dict.fromkeys(("west", "cet", "mez", "wat", "bst"), 1.0),
    **dict.fromkeys(("cest", "mesz", "eet", "oez", "sast", "cat"), 2.0),
    **dict.fromkeys(("eest", "msk", "trt", "eat"), 3.0),
    **dict.fromkeys(("jst", "kst"), 9.0), **dict.fromkeys(("sgt", "hkt", "awst", "pht"), 8.0), "gst": 4.0, "pkt": 5.0,
    "ist": 5.5, "npt": 5.75, "ict": 7.0, "wib": 7.0, "acst": 9.5, "acdt": 10.5, "aest": 10.0, "aedt": 11.0,
    "nzst": 12.0,
    "nzdt": 13.0, "nst": -3.5, "ndt": -2.5, "brt": -3.0, "art": -3.0, "adt": -3.0, "ast": -4.0, "edt": -4.0,
    "est": -5.0,
    "cdt": -5.0, "cst": -6.0, "mdt": -6.0, "mst": -7.0, "pdt": -7.0, "pst": -8.0, "akdt": -8.0, "akst": -9.0,
    "hst": -10.0,
}  # fmt: skip
# Names that several zones share: India or Israel or Ireland, Chicago or China, Britain or Bangladesh, Halifax or
# Arabia.
SHARED_ZONES = {
    "ist": "India", "cst": "the middle of North America", "bst": "Britain", "ast": "the Atlantic coast of Canada",
    "gst": "the Gulf",
}  # fmt: skip
# What stands behind a time and is no zone.
NO_ZONES = set("h hr hrs uhr local time noon klo heure godz mon tue wed thu fri sat sun".split())
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
    r"\s*(?P<zone>z|utc|gmt|[+-]9999|[+-]99:99)?(?:\s(?P<named>[a-z]{3,4}))?,?\s(?=.*9{2})"
)
COMPACT_CLOCK = re.compile(r"[t_](?P<h>99)(?P<m>99)(?P<s>99)?(?P<f>)(?P<half>)(?P<zone>z|[+-]99:?99)?$")
YEAR = r"(?P<y>9999|99)"
MONTH_NAME = r"(?P<name>[^\W\d_]{3,12})\.?"
DAY = r"(?P<d>9{1,2})(?:st|nd|rd|th|\.|er)?"
DATE_FORMS = tuple(
    (kind, re.compile(pattern))
    for kind, pattern in (
        ("day", r"(?P<y>9999)(?P<sep>[-/. ]|- )(?P<m>9{1,2})(?P=sep)(?P<d>9{1,2})"),
        ("day", r"(?P<y>9999)\. ?(?P<m>9{1,2})\. ?(?P<d>9{1,2})\."),
        ("open", r"(?P<a>9{1,2})(?P<sep>[-/. ]|\. )(?P<b>9{1,2})(?P=sep)(?P<y>9999|99)"),
        ("day", r"(?P<y>9999)(?P<m>99)(?P<d>99)"),
        ("day", r"(?P<era>%s)(?:(?P<y>9{1,2})|\u5143)-(?P<m>9{1,2})-(?P<d>9{1,2})" % "|".join(ERAS)),
        ("yearday", r"(?P<y>9999)-(?P<yd>999)"),
        ("day", DAY + r"[-\s/.,]*(?:of |de )?" + MONTH_NAME + r"(?:\s+de)?[-\s/.,']*" + YEAR),
        ("day", MONTH_NAME + r"[-\s/]*" + DAY + r"(?:,\s*|[-\s/]+)" + YEAR),
        ("day", r"(?P<y>9999)[-\s/.]*" + MONTH_NAME + r"[-\s/.]*(?P<d>9{1,2})"),
        ("month", MONTH_NAME + r"(?:\s+de)?[-\s/.,']*" + YEAR),
        ("month", r"(?P<y>9999)[-\s/:.]*" + MONTH_NAME),
        ("quarter", r"(?P<y>9999)[-\s/:.]*(?:q|qtr|quarter|quartal|t)[-\s]?(?P<q>9)"),
        ("quarter", r"(?:q|qtr|quarter|t)[-\s]?(?P<q>9)[-\s/:.,']*" + YEAR),
        ("quarter", r"(?P<q>9)(?:st|nd|rd|th|\.)?\s*(?:q|qtr|quarter|quartal|trimestre)[-\s/,']*(?:of )?" + YEAR),
        ("quarter", r"(?P<y>99)(?:q|qtr)(?P<q>9)"),
        ("quarter", r"(?P<y>9999)[-\s/,]*(?P<q>9)(?:st|nd|rd|th|\.)?\s*(?:q|qtr|quarter|quartal|trimestre)"),
        ("half", r"(?P<y>9999)[-\s/:.]*[hs][-\s]?(?P<q>9)"),
        ("half", r"[hs](?P<q>9)[-\s/:.,']*(?P<y>9999)"),
        ("week", r"(?P<y>9999)[-\s/.]*(?:w|kw|wk|week|s)[-\s]?(?P<w>9{1,2})(?:-?(?P<wd>9))?"),
        ("week", r"(?:w|kw|wk|week)[-\s.]?(?P<w>9{1,2})[-\s/.,]*(?:of )?(?P<y>9999)"),
        ("month", r"(?P<y>9999)[-\s:]?m(?P<m>9{1,2})"),
        ("month", r"(?P<y>9999)[-/:](?P<m>9{1,2})"),
        ("month", r"(?P<m>9{1,2})[-/](?P<y>9999)"),
        ("month", MONTH_NAME + r"\s?[-/]\s?(?P<until>[^\W\d_]{3,12})\.?[-\s,']*(?P<y>9999)"),
        ("year", r"(?:fy|cy|ay)[-\s']?" + YEAR),
        ("season", r"(?:fy|ay)?\s?(?P<y>9999)\s?[-/]\s?(?P<next>9999|99)"),
    )
)
EARLIEST, LATEST = 1000, 2500
NEWEST = 2029  # two-digit years start no later
MONTH_SECONDS = 30.436875 * 86400


def plain_letters(text):
    """The text in small letters without accents, letter by letter."""
    if text.isascii():
        return text
    plain = text.translate(PLAIN_LETTERS)
    return "".join(letter if "\u0370" <= letter <= "\u052f" else unaccented(letter) for letter in plain)


def unaccented(letter):
    return unicodedata.normalize("NFKD", letter).encode("ascii", "ignore").decode()[:1] or letter


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
            text = re.sub(
                r"\s*\(?(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\)?$|\s*(?:\u0433\.?|\u0433\u043e\u0434\u0430|r\.|roku)$",
                "",
                text,
            )
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
            until = at.groupdict().get("until")
            if (named is not None and named not in MONTH_OF) or (until is not None and until not in MONTH_OF):
                continue
            spans = {
                key: at.span(key)
                for key, value in at.groupdict().items()
                if value is not None and key not in ("sep", "name", "era", "until")
            }
            found.append(
                SimpleNamespace(
                    kind=kind, spans=spans, month=MONTH_OF.get(named), separator=at.groupdict().get("sep"), clock=clock, form=form,
                    era=ERAS.get(at.groupdict().get("era")),
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
            if "y" in item.spans and item.era is None:
                start, stop = item.spans["y"]
                years = self.part(item, "y", rows)
                if stop - start == 2 and not self.year_first:
                    self.two_digits += np.bincount(years.astype(int), minlength=100)[:100]
                elif stop - start == 4 and len(years):
                    # 0000-00-00 is no year.
                    self.four_digits.append((years[years > 0].min(initial=9999), years.max()))

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
        self.zones = set()
        # Years of the Buddhist era, as in Thailand: 543 more.
        spans = self.four_digits
        self.buddhist = bool(spans) and min(low for low, _ in spans) >= 2440 and max(high for _, high in spans) <= 2640
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
                # In pieces, so that what is computed on the way takes little memory.
                pieces = [left[start : start + PIECE] for start in range(0, len(left), PIECE)]
                if item.kind == "season" and any(
                    np.isnan(self.moments(item, piece, order, century)).any() for piece in pieces
                ):
                    continue
                for piece in pieces:
                    seconds[piece] = self.moments(item, piece, order, century)
                if not np.isnan(seconds[left]).all():
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
            year = self.part(item, "y", rows) if "y" in item.spans else np.ones(len(rows))
            wide = item.era is not None or item.spans["y"][1] - item.spans["y"][0] == 4
            year = year + (item.era or 0)
            if "m" in item.spans:
                month = self.part(item, "m", rows)
            elif item.month:
                month = np.full(len(rows), float(item.month))
            if "d" in item.spans:
                day = self.part(item, "d", rows)
        if not wide:
            year = with_century(year, century)
        elif self.buddhist and item.era is None:
            year = year - 543
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
        if zone and "9" in zone:
            start, stop = clock.span("zone")
            digits = byte_places(item.form, start, stop)
            away = self.shapes.whole(rows, digits[:-2] if len(digits) > 2 else digits) * 3600
            if len(digits) > 2:
                away += self.shapes.whole(rows, digits[-2:]) * 60
            total -= away if "+" in zone else -away
            self.zoned = True
        elif not zone and clock.groupdict().get("named"):
            self.zones.add(clock.group("named"))
            total -= ZONE_HOURS.get(clock.group("named"), 0.0) * 3600
        return np.where(bad, np.nan, total)


# Days that are none, as databases and spreadsheets write where there is no date.
ZERO_DATE = (
    r"^(?i:0{4}[-/. ]00[-/. ](?:00|01)|0{1,2}[-/. ]0{1,2}[-/. ](?:0000|00|1900|1899)|0{8}|"
    r"1900[-/.](?:01|00)[-/.]00|1899[-/.]12[-/.]30"
    r"|1/0/(?:19)?00|0/1/(?:19)?00|00?[-/. ]jan[-/. ](?:1900|00))(?:[ T]0{1,2}:00(?::00(?:[.,]0+)?)?(?: ?[AP]M)?Z?)?$"
)
# A year, or a year and a month whose day is a blank, a zero or a mark for unknown.
UNKNOWN_PART = r"(?:00|0|XX|UN|UNK|NK|\?\?|--)"
PARTIAL_DATE = (
    r"^(?i:(?:1[5-9]|20|21)\d\d|(?:0[1-9]|1[0-2])[.](?:1[5-9]|20|21)\d\d"
    r"|(?:1[5-9]|20|21)\d\d[-/.](?:\d\d|%(no)s)[-/.]%(no)s"
    r"|%(no)s[-/. ](?:\d\d|%(no)s)[-/. ](?:1[5-9]|20|21)\d\d"
    r"|%(no)s[-/. ]?[a-z]{3}[-/. ]?(?:1[5-9]|20|21)\d\d)$" % {"no": UNKNOWN_PART}
)


def partial_seconds(texts, mask):
    """(seconds since 1970 of the first day that texts such as 2021, 2021-03-00 and UN-MAR-2021 can mean, NaN for
    others; which of them name no month)."""
    seconds, monthless = np.full(len(texts), np.nan), np.zeros(len(texts), dtype=bool)
    for index in np.flatnonzero(mask).tolist():
        text = texts[index].as_py().lower()
        year = re.search(r"(?<!\d)(?:1[5-9]|20|21)\d\d(?!\d)", text)
        rest = text[: year.start()] + text[year.end() :]
        name = re.search(r"[^\W\d_]{3}", rest)
        digits = [int(part) for part in re.findall(r"\d\d", rest) if part != "00"]
        named = name is not None and name.group() not in ("unk", "xxx")
        month = MONTH_OF.get(name.group()) if named else digits[0] if digits else 1
        monthless[index] = not named and not digits
        if month is not None and 1 <= month <= 12:
            seconds[index] = np.datetime64(f"{year.group()}-{month:02}", "D").astype(np.int64) * 86400.0
    return seconds, monthless


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
