"""Reported kinds of cells, with other columns, values and spellings: numbers, codes, dates, missing cells, words."""

import datetime
import json

from clean import anova, by_level, comma, dated, linked, over_time, pearson, raw, shares, spearman, text
from make import case

# ---- target put aside ----


@case(
    "target put aside",
    "the target has one value in all rows",
    ["temp", "culture"],
    refusal="culture.*(one value|constant)",
)
def target_of_one_value(rand):
    x, _ = linked(rand, 30, 37, 0.6, 1, 0, 1)
    return text(
        {"temp": x, "culture": ["negative"] * 30, "ward": shares(rand, 30, ["a", "b"])}
    ), "said of the target, not a null"


@case(
    "target put aside",
    "the target is a key",
    ["weight", "barcode"],
    refusal="barcode.*(identif|names (each )?rows?|key)",
)
def target_that_is_a_key(rand):
    x, _ = linked(rand, 30, 500, 90, 1, 0, 1)
    return text(
        {"barcode": [f"K{rand.randint(10**6, 10**7)}-{i}" for i in range(30)], "weight": x}
    ), "said of the target"


@case("target put aside", "the target is free text", ["stars", "remark"], refusal="remark.*(free text|text)")
def target_that_is_text(rand):
    words = "the room was clean and quiet but breakfast ended far too early for a holiday and nobody told us".split()
    remarks = [" ".join(rand.sample(words, 12)) for _ in range(16)]
    return text({"stars": [rand.randint(1, 5) for _ in remarks], "remark": remarks}), "said of the target"


@case("target put aside", "the target has no values at all", ["hours", "outcome"], refusal="outcome.*(no values|empty)")
def target_without_values(rand):
    x, _ = linked(rand, 30, 20, 5, 1, 0, 1)
    return text({"hours": x, "outcome": [None] * 30, "team": shares(rand, 30, ["x", "y"])}), "said of the target"


# ---- dates untested ----


@case("dates untested", "31.12.2023 in a column of its own", ["abgelesen", "kwh"])
def dotted_dates(rand):
    dates, y = dated(rand, 36)
    return text({"abgelesen": [f"{d:%d.%m.%Y}" for d in dates], "kwh": [comma(v) for v in y]}, ";"), over_time(dates, y)


@case("dates untested", "readings of each hour", ["read_at", "no2"])
def hourly_readings(rand):
    times = [datetime.datetime(2022, 6, 1) + datetime.timedelta(hours=i) for i in range(48)]
    y = [round(20 + 0.4 * i + rand.gauss(0, 5), 1) for i in range(48)]
    return text(
        {"read_at": [f"{t:%Y-%m-%d %H:%M}" for t in times], "no2": y, "lane": shares(rand, 48, ["in", "out"])}
    ), over_time(times, y)


# ---- level taken for missing ----


@case("level taken for missing", "NA is sodium among the elements", ["ion", "radius"])
def sodium(rand):
    levels = shares(rand, 48, ["CA", "K", "MG", "NA"])
    y = by_level(rand, levels, {"CA": 100, "K": 138, "MG": 72, "NA": 116}, 9)
    return text({"ion": levels, "radius": y, "ph": [round(rand.gauss(7, 0.4), 1) for _ in levels]}), anova(levels, y)


@case("level taken for missing", "null is a kind of mutation", ["allele", "growth"])
def null_allele(rand):
    levels = shares(rand, 40, ["het", "null", "wild"])
    y = by_level(rand, levels, {"het": 31, "null": 12, "wild": 38}, 5)
    return text({"allele": levels, "growth": y}), anova(levels, y)


@case("level taken for missing", "a culture is ++, + or -", ["stain", "cells"], ext="tsv")
def stains(rand):
    levels = shares(rand, 42, ["++", "+", "-"])
    y = by_level(rand, levels, {"++": 900, "+": 640, "-": 300}, 120, 0)
    return text({"stain": levels, "cells": y}, "\t"), anova(levels, y)


@case("level taken for missing", "a tooth is sound, filled or missing", ["tooth", "plaque"])
def missing_tooth(rand):
    levels = shares(rand, 45, ["filled", "missing", "sound"])
    y = by_level(rand, levels, {"filled": 2.2, "missing": 3.9, "sound": 1.1}, 0.7)
    return text({"tooth": levels, "age": [rand.randint(20, 70) for _ in levels], "plaque": y}), anova(levels, y)


@case(
    "level taken for missing",
    "the answer n/a beside yes and no in JSON, where a missing cell would be null",
    ["allergy", "ige"],
    ext="jsonl",
)
def answers_in_json(rand):
    levels = shares(rand, 42, ["n/a", "no", "yes"])
    y = by_level(rand, levels, {"n/a": 90, "no": 60, "yes": 150}, 25)
    rows = [{"allergy": a, "ige": b} for a, b in zip(levels, y)]
    return "".join(json.dumps(row) + "\n" for row in rows), anova(levels, y)


@case(
    "level taken for missing",
    "NA for a missing level, as R writes it, in 8 of 60 rows",
    ["sector", "wage"],
    refusal="sector.*NA|NA.*sector",
)
def missing_levels(rand):
    levels = shares(rand, 60, ["farm", "office", "plant"])
    y = by_level(rand, levels, {"farm": 12, "office": 21, "plant": 16}, 2.5)
    levels = [None if i % 8 == 5 else level for i, level in enumerate(levels)]
    # R writes texts in quotes, and a missing cell without.
    shown = ["NA" if level is None else f'"{level}"' for level in levels]
    return raw({'"sector"': shown, '"wage"': y}), anova(levels, y)


# ---- code taken for a number ----


@case("code taken for a number", "area codes with a leading zero", ["area", "calls"])
def area_codes(rand):
    levels = shares(rand, 50, ["030", "040", "069", "089", "0221"])
    y = by_level(rand, levels, {"030": 60, "040": 44, "069": 51, "089": 72, "0221": 39}, 8, 0)
    return text({"area": levels, "calls": y}), anova(levels, y)


@case("code taken for a number", "versions 3.1, 3.9 and 3.10 of a language", ["python", "seconds"])
def versions(rand):
    levels = shares(rand, 48, ["3.1", "3.10", "3.9", "3.11"])
    y = by_level(rand, levels, {"3.1": 40, "3.10": 22, "3.9": 26, "3.11": 17}, 4)
    return text({"python": levels, "seconds": y, "cores": [rand.choice([2, 4, 8]) for _ in levels]}), anova(levels, y)


@case("code taken for a number", "wells 1D2, 2D2, 1E4 of a plate", ["well", "glow"])
def wells(rand):
    levels = shares(rand, 48, ["1D2", "1E4", "2D2", "3E1"])
    y = by_level(rand, levels, {"1D2": 7, "1E4": 12, "2D2": 9, "3E1": 16}, 2)
    return text({"well": levels, "glow": y}), anova(levels, y)


@case("code taken for a number", "five-digit numbers of districts, six of them", ["ags", "density"])
def districts(rand):
    levels = shares(rand, 66, ["11000", "14612", "15003", "15082", "16051", "16077"])
    y = by_level(rand, levels, {"11000": 410, "14612": 170, "15003": 120, "15082": 50, "16051": 80, "16077": 60}, 22, 0)
    return text({"ags": levels, "density": y, "cars": [rand.randint(300, 700) for _ in levels]}), anova(levels, y)


@case("code taken for a number", "classes 08.10, 08.1 and 10.20 of an industry", ["nace", "energy"], ext="tsv")
def industries(rand):
    levels = shares(rand, 48, ["08.1", "08.10", "10.20", "23.51"])
    y = by_level(rand, levels, {"08.1": 5, "08.10": 9, "10.20": 7, "23.51": 30}, 2)
    return text({"nace": levels, "energy": y}, "\t"), anova(levels, y)


@case("code taken for a number", "control: doses of 0.5, 1.0 and 2.0 are numbers", ["dose", "length"])
def doses_are_numbers(rand):
    x = [rand.choice([0.5, 1.0, 2.0]) for _ in range(48)]
    y = [round(8 + 8 * v + rand.gauss(0, 4), 1) for v in x]
    return text({"dose": [f"{v:.1f}" for v in x], "length": y}), pearson(x, y, {"dose": x})


# ---- points between thousands ----


@case("points between thousands", "18.250 between semicolons, decimal commas beside it", ["einwohner", "steuer"])
def german_thousands(rand):
    x, y = linked(rand, 36, 52000, 21000, 0.002, 40, 30, 0, 1)
    x = [max(int(v), 1200) for v in x]
    return text(
        {"einwohner": [f"{v:,}".replace(",", ".") for v in x], "steuer": [comma(v, 1) for v in y]}, ";"
    ), pearson(x, y, {"einwohner": x})


@case(
    "points between thousands",
    "some have two points: 1.050.300 beside 98.400, with tabs",
    ["habitantes", "aulas"],
    ext="tsv",
)
def two_points(rand):
    x, y = linked(rand, 36, 700000, 350000, 0.0004, 30, 60, 0)
    x, y = [abs(int(v)) + 2000 for v in x], [int(v) for v in y]
    return text({"habitantes": [f"{v:,}".replace(",", ".") for v in x], "aulas": y}, "\t"), pearson(
        x, y, {"habitantes": x}
    )


@case("points between thousands", "control: 0.345 and 1.234 have three decimals", ["absorb", "dye"])
def three_decimals(rand):
    x, y = linked(rand, 36, 1.1, 0.5, 12, 2, 3, 3)
    x = [abs(v) for v in x]
    return text({"absorb": [f"{v:.3f}" for v in x], "dye": y}), pearson(x, y, {"absorb": x})


# ---- two-digit year ----


@case("two-digit year", "births 1931 to 2004 as dd.mm.yy", ["geburt", "tempo"])
def births(rand):
    dates, y = dated(rand, 45, step=590, slope=0.0006, noise=3, begin=datetime.date(1931, 3, 2))
    return text({"geburt": [f"{d:%d.%m.%y}" for d in dates], "tempo": y}), over_time(dates, y)


@case("two-digit year", "97/03/27, the year first", ["hizuke", "ame"])
def year_first(rand):
    dates, y = dated(rand, 40, step=120, slope=0.004, noise=3, begin=datetime.date(1993, 5, 14))
    return text({"hizuke": [f"{d:%y/%m/%d}" for d in dates], "ame": y}), over_time(dates, y)


@case("two-digit year", "27-Mar-68, spring 1961 to 2012", ["launched", "tonnage"])
def month_names(rand):
    dates, y = dated(rand, 40, step=470, slope=0.003, noise=12, begin=datetime.date(1961, 4, 20))
    return text({"launched": [f"{d:%d-%b-%y}" for d in dates], "tonnage": y}), over_time(dates, y)


# ---- day and month ----


@case("day and month", "7/11/2021: only the other column has days above 12", ["paid", "late_fee"])
def order_of_the_file(rand):
    dates, y = dated(rand, 40, step=28, slope=0.02, noise=2)
    dates = [d.replace(day=rand.randint(1, 12)) for d in dates]
    y = [round(5 + 0.02 * (d - min(dates)).days + rand.gauss(0, 2), 2) for d in dates]
    billed = [d - datetime.timedelta(days=rand.randint(10, 25)) for d in dates]
    return text(
        {
            "billed": [f"{d.day}/{d.month}/{d.year}" for d in billed],
            "paid": [f"{d.day}/{d.month}/{d.year}" for d in dates],
            "late_fee": y,
        }
    ), over_time(dates, y)


@case("day and month", "month first, told by the other column", ["shipped", "freight"])
def month_first(rand):
    dates, _ = dated(rand, 40, step=28)
    dates = [d.replace(day=rand.randint(1, 12)) for d in dates]
    y = [round(5 + 0.02 * (d - min(dates)).days + rand.gauss(0, 2), 2) for d in dates]
    due = [d.replace(day=rand.randint(14, 28)) for d in dates]
    return text(
        {"shipped": [f"{d:%m/%d/%Y}" for d in dates], "due": [f"{d:%m/%d/%Y}" for d in due], "freight": y}
    ), over_time(dates, y)


@case("day and month", "05.06.2022 with points, all days up to 12", ["ernte", "zucker"])
def points_mean_day_first(rand):
    dates, _ = dated(rand, 40, step=28)
    dates = [d.replace(day=rand.randint(1, 12)) for d in dates]
    y = [round(5 + 0.02 * (d - min(dates)).days + rand.gauss(0, 2), 2) for d in dates]
    return text({"ernte": [f"{d:%d.%m.%Y}" for d in dates], "zucker": y}), over_time(dates, y)


# ---- censored value ----


@case("censored value", "< 0.05 with a blank, 30 % below the limit", ["depth", "nitrate"])
def below_a_limit(rand):
    x = [round(rand.uniform(1, 40), 1) for _ in range(60)]
    y = [round(abs(rand.gauss(0.004 * v + 0.03, 0.05)) + 0.001, 3) for v in x]
    shown = ["< 0.05" if v < 0.05 else v for v in y]
    return text({"depth": x, "nitrate": shown}), spearman(x, [0.025 if v < 0.05 else v for v in y])


@case("censored value", ">2419.6 at the upper end, as a count of bacteria", ["rain", "ecoli"])
def above_a_limit(rand):
    x = [round(rand.uniform(0, 60), 1) for _ in range(60)]
    y = [round(abs(rand.gauss(40 * v + 300, 600)) + 1, 1) for v in x]
    shown = [">2419.6" if v > 2419.6 else v for v in y]
    return text({"rain": x, "ecoli": shown, "beach": shares(rand, 60, ["n", "s"])}), spearman(
        x, [2419.6 if v > 2419.6 else v for v in y]
    )


@case("censored value", "two limits of two laboratories, decimal commas", ["alter", "blei"])
def two_limits(rand):
    x = [rand.randint(1, 90) for _ in range(60)]
    y = [round(abs(rand.gauss(0.05 * v, 1.2)) + 0.05, 2) for v in x]
    limits = [0.5 if i % 2 else 1.0 for i in range(60)]
    shown = [f"<{comma(limit, 1)}" if v < limit else comma(v) for v, limit in zip(y, limits)]
    return text({"alter": x, "blei": shown}, ";"), spearman(
        x, [limit / 2 if v < limit else v for v, limit in zip(y, limits)]
    )


# ---- missing code ----


def coded(rand, codes, share=6, start=2):
    """Two columns, the second with codes for missing: (x, y with None, cells)."""
    x, y = linked(rand, 60, 44, 11, 0.6, 12, 6, 1)
    y = [None if i % share == start else v for i, v in enumerate(y)]
    return x, y, [codes[(i // share) % len(codes)] if v is None else v for i, v in enumerate(y)]


@case("missing code", "k.A. for no answer, one in six", ["alter", "dauer"])
def no_answer(rand):
    x, y, cells = coded(rand, ["k.A."])
    shown = [v if isinstance(v, str) else comma(v, 1) for v in cells]
    return text({"alter": [comma(v, 1) for v in x], "dauer": shown}, ";"), pearson(x, y, {"dauer": y})


@case("missing code", "two codes in one column: refused and don't know", ["age", "income"])
def two_codes(rand):
    x, y, cells = coded(rand, ["refused", "don't know"], 5)
    return text({"age": x, "income": cells}), pearson(x, y)


@case("missing code", "-77 and -88 among positive numbers", ["speed", "noise"])
def negative_codes(rand):
    x, y, cells = coded(rand, [-77, -88], 7)
    return text({"speed": x, "noise": cells, "site": shares(rand, 60, ["a", "b"])}), pearson(x, y)


@case("missing code", "*** and // in one in five", ["depth", "chl"])
def signs_for_missing(rand):
    x, y, cells = coded(rand, ["***"], 5)
    return text({"depth": x, "chl": cells, "ship": ["//" if i % 9 == 4 else f"s{i % 3}" for i in range(60)]}), pearson(
        x, y
    )


@case("missing code", "sensor fault, spelled in two cases", ["hour", "flux"])
def words_for_missing(rand):
    x, y, cells = coded(rand, ["Sensor fault", "SENSOR FAULT"])
    return text({"hour": x, "flux": cells}), pearson(x, y)


@case("missing code", "9999.9 in all gauges", ["wind", "wave"])
def high_codes(rand):
    x, y, cells = coded(rand, [9999.9])
    return text({"wind": x, "wave": cells}), pearson(x, y)


@case("missing code", "control: 0 is a count, not a code", ["bait", "catch"])
def zero_is_a_count(rand):
    x = [rand.randint(1, 20) for _ in range(60)]
    y = [max(0, round(0.6 * v - 3 + rand.gauss(0, 2))) for v in x]
    return text({"bait": x, "catch": y}), pearson(x, y, {"catch": y})


# ---- spelling of a number ----


def spelled_numbers(
    name, what, spell, x_name="size", delimiter=",", center=640.0, spread=410.0, digits=2, keep=None, times=1
):
    """Registers a case in which the second column is spelled by `spell`; what is read may be `times` as much."""

    def make(rand):
        x, y = linked(rand, 40, 50, 15, spread / 20, center - 2.5 * spread, spread / 2, 1, digits)
        if keep:
            y = [keep(v) for v in y]
        columns = {"lot": [f"L{i:02}" for i in range(40)], x_name: x, "amount": [spell(v, i) for i, v in enumerate(y)]}
        if delimiter == ";":
            columns[x_name] = [comma(v, 1) for v in x]
        return text(columns, delimiter), pearson(x, y, {"amount": [v * times for v in y]})

    make.__name__ = name
    case("spelling of a number", what, [x_name, "amount"])(make)


def grouped(value, mark, digits=2, point="."):
    return f"{value:,.{digits}f}".replace(",", "\0").replace(".", point).replace("\0", mark)


spelled_numbers(
    "krona",
    "1 234,50 kr with a blank that does not break",
    lambda v, i: grouped(v, "\u00a0", 2, ",") + " kr",
    delimiter=";",
)
spelled_numbers("franken", "Fr. 1'234.50", lambda v, i: "Fr. " + grouped(v, "\u2019"))
spelled_numbers(
    "dashes",
    "1.234,- for whole amounts",
    lambda v, i: grouped(v, ".", 0, ",") + ",-",
    delimiter=";",
    digits=0,
    keep=lambda v: float(abs(int(v))),
)
spelled_numbers(
    "rupees",
    "Rs. 12,34,567/-",
    lambda v, i: f"Rs. {int(v) // 100000},{int(v) // 1000 % 100:02},{int(v) % 1000:03}/-",
    center=900000,
    spread=300000,
    digits=0,
    keep=lambda v: float(abs(int(v)) + 100000),
)
spelled_numbers("concentration", "12.5 mg/dL", lambda v, i: f"{v} mg/dL", center=90, spread=30)
spelled_numbers(
    "thousands_and_millions",
    "950K beside 1.3M",
    lambda v, i: f"{v / 1e6:.2f}M" if v >= 1e6 else f"{v / 1e3:.0f}K",
    center=1e6,
    spread=4e5,
    digits=0,
    keep=lambda v: round(max(v, 20000), -4),
)
spelled_numbers(
    "minutes_and_hours",
    "3 h 25 min",
    lambda v, i: f"{int(v) // 60} h {int(v) % 60} min",
    center=300,
    spread=120,
    digits=0,
    keep=lambda v: float(max(int(v), 1)),
    # Durations are seconds.
    times=60,
)
spelled_numbers(
    "about", "ca. and ~ before some numbers", lambda v, i: f"ca. {v}" if i % 6 == 1 else f"~{v}" if i % 9 == 3 else v
)
spelled_numbers(
    "daggers",
    "† ‡ and [a] behind some numbers",
    lambda v, i: f"{v}†" if i % 6 == 1 else f"{v} ‡" if i % 9 == 3 else f"{v} [a]" if i % 11 == 5 else v,
)
spelled_numbers("pounds", "-£12.30 beside £1,234.50", lambda v, i: f"{'-' if v < 0 else ''}£{abs(v):,.2f}", center=100)
spelled_numbers(
    "heavy_minus",
    "a dash of the wrong length before negative numbers, a plus before the others",
    lambda v, i: ("–" if v < 0 else "+") + f"{abs(v)}",
    center=20,
    spread=60,
)
spelled_numbers(
    "brackets_and_signs",
    "€(1.234,50) for losses",
    lambda v, i: f"€({grouped(-v, '.', 2, ',')})" if v < 0 else f"€{grouped(v, '.', 2, ',')}",
    delimiter=";",
    center=100,
)
spelled_numbers("powers", "6.4·10² as a book writes it", lambda v, i: f"{v / 100:.4f}·10²")
spelled_numbers(
    "thin_spaces",
    "12 345 with a thin space, thousands only",
    lambda v, i: grouped(v, "\u2009", 0),
    center=40000,
    spread=20000,
    digits=0,
    keep=lambda v: float(abs(int(v))),
)
spelled_numbers("percent_points", "12.5 pp and -3.0 pp", lambda v, i: f"{v} pp", center=4, spread=6, digits=1)
spelled_numbers("plain_exponents", "control: 6.4e+02", lambda v, i: f"{v:.4e}", keep=lambda v: float(f"{v:.4e}"))


@case("spelling of a number", "90 and over as the last age", ["age", "falls"])
def and_over(rand):
    x = [rand.randint(70, 94) for _ in range(48)]
    y = [round(0.1 * v - 5 + rand.gauss(0, 0.8), 1) for v in x]
    return text({"age": ["90 and over" if v >= 90 else v for v in x], "falls": y}), pearson([min(v, 90) for v in x], y)


# ---- dates and periods ----


def spelled_dates(name, what, spell, step=9, start=None, ext="csv"):
    """Registers a case whose dates are spelled by `spell`; `start` gives the day that stands for a period."""

    def make(rand):
        dates, y = dated(rand, 36, step)
        shown = [spell(date) for date in dates]
        return text({"when": shown, "level": y, "gate": shares(rand, 36, ["n", "s"])}), over_time(
            [start(d) if start else d for d in dates], y
        )

    make.__name__ = name
    case("dates and periods", what, ["when", "level"], ext)(make)


def month_start(date):
    return date.replace(day=1)


FRENCH = "janvier février mars avril mai juin juillet août septembre octobre novembre décembre".split()
spelled_dates(
    "quarter_first",
    "Q3 2021",
    lambda d: f"Q{(d.month + 2) // 3} {d.year}",
    31,
    lambda d: datetime.date(d.year, 3 * ((d.month - 1) // 3) + 1, 1),
)
spelled_dates(
    "quarter_short",
    "3Q21",
    lambda d: f"{(d.month + 2) // 3}Q{d:%y}",
    31,
    lambda d: datetime.date(d.year, 3 * ((d.month - 1) // 3) + 1, 1),
)
spelled_dates(
    "half_years",
    "2021-H2",
    lambda d: f"{d.year}-H{(d.month + 5) // 6}",
    60,
    lambda d: datetime.date(d.year, 6 * ((d.month - 1) // 6) + 1, 1),
)
spelled_dates(
    "weeks",
    "2021W07",
    lambda d: "{0}W{1:02}".format(*d.isocalendar()),
    start=lambda d: d - datetime.timedelta(days=d.weekday()),
)
spelled_dates("month_before_year", "Mar 2021", lambda d: f"{d:%b %Y}", 20, month_start)
spelled_dates("month_and_year", "03/2021", lambda d: f"{d:%m/%Y}", 20, month_start)
spelled_dates("ordinal_days", "2021-074, the day of the year", lambda d: f"{d:%Y-%j}")
spelled_dates("french_months", "15 février 2021", lambda d: f"{d.day} {FRENCH[d.month - 1]} {d.year}")
spelled_dates("chinese_dates", "2021年3月15日", lambda d: f"{d.year}年{d.month}月{d.day}日")
spelled_dates(
    "english_ordinals",
    "March 3rd, 2021",
    lambda d: (
        f"{d:%B} {d.day}{'th' if 10 < d.day < 20 else {1: 'st', 2: 'nd', 3: 'rd'}.get(d.day % 10, 'th')}, {d.year}"
    ),
)
spelled_dates(
    "log_times", "15/Mar/2021:10:20:30 +0000, as a web server writes it", lambda d: f"{d:%d/%b/%Y}:12:00:00 +0000"
)
spelled_dates("basic_times", "20210315T120000Z", lambda d: f"{d:%Y%m%d}T120000Z")
spelled_dates("times_of_c", "Mon Mar 15 12:00:00 2021", lambda d: f"{d:%a %b %d} 12:00:00 {d.year}")
spelled_dates(
    "epoch_millis",
    "milliseconds since 1970",
    lambda d: int(datetime.datetime(d.year, d.month, d.day, tzinfo=datetime.timezone.utc).timestamp() * 1000),
)
spelled_dates("two_forms", "2021-03-15 beside 15.03.2021", lambda d: f"{d:%Y-%m-%d}" if d.day % 2 else f"{d:%d.%m.%Y}")


# ---- words with an order ----


def ordered_words(name, what, words, delimiter=",", spell=None):
    def make(rand):
        x = [rand.randrange(len(words)) for _ in range(44)]
        y = [round(20 + 6 * v + rand.gauss(0, 7), 1) for v in x]
        shown = [(spell(words[v], i) if spell else words[v]) for i, v in enumerate(x)]
        return text({"id": range(100, 144), "answer": shown, "points": y}, delimiter), spearman(x, y)

    make.__name__ = name
    case("words with an order", what, ["answer", "points"])(make)


ordered_words("frequency_words", "never to always", ["Never", "Rarely", "Sometimes", "Often", "Always"])
ordered_words("sizes", "XS to XXL", ["XS", "S", "M", "L", "XL", "XXL"])
ordered_words(
    "german_agreement",
    "stimme gar nicht zu to stimme voll zu",
    ["stimme gar nicht zu", "stimme eher nicht zu", "teils/teils", "stimme eher zu", "stimme voll zu"],
    ";",
)
ordered_words(
    "quality_words",
    "poor to excellent, in two cases",
    ["poor", "fair", "good", "very good", "excellent"],
    spell=lambda word, i: word.capitalize() if i % 2 else word,
)
ordered_words("numbered_words", "1 - low to 4 - very high", ["1 - low", "2 - medium", "3 - high", "4 - very high"])


# ---- more than two times ----


@case("more than two times", "four visits of each patient, long", ["visit", "pain"])
def four_visits(rand):
    rows, first, last = [], [], []
    for patient in range(15):
        base = rand.gauss(60, 8)
        for visit in range(1, 5):
            value = round(base - 4 * visit + rand.gauss(0, 3), 1)
            rows.append((f"pt{patient:02}", f"V{visit}", value))
            (first if visit == 1 else last if visit == 4 else []).append(value)
    names = ("patient", "visit", "pain")
    right = {"diff": round(sum(last) / 15 - sum(first) / 15, 4), "groups": 4, "n": 60}
    return text(dict(zip(names, zip(*rows)))), right


@case("more than two times", "a column for each of three months, wide", ["lung_0m", "lung_6m"], target=None)
def three_months(rand):
    base = [rand.gauss(3.1, 0.6) for _ in range(24)]
    columns = {
        f"lung_{month}m": [round(v + 0.05 * month + rand.gauss(0, 0.15), 2) for v in base] for month in (0, 3, 6)
    }
    change = [b - a for a, b in zip(columns["lung_0m"], columns["lung_6m"])]
    return text({"child": [f"c{i}" for i in range(24)], **columns}), {"diff": round(sum(change) / 24, 4), "n": 24}
