"""Cells as people write them in other fields and countries: measures, codes, marks, dates, words with an order."""

import datetime

from clean import anova, by_level, comma, dated, difference, linked, over_time, pearson, raw, shares, spearman, text
from make import case


def spelt(name, kind, what, spell, center=50.0, spread=15.0, digits=1, keep=None, delimiter=",", quoted=True, **more):
    """Registers a case whose column `amount` is spelt by `spell(value, row)` and rises with `size`."""

    def make(rand):
        x, y = linked(rand, 36, 30, 9, spread / 12, center - 2.5 * spread, spread / 2, 1, digits)
        y = [keep(v) for v in y] if keep else y
        size = [comma(v, 1) for v in x] if delimiter == ";" else x
        columns = {"size": size, "amount": [spell(v, i) for i, v in enumerate(y)], "side": shares(rand, 36, ["l", "r"])}
        return (text if quoted else raw)(columns, delimiter), pearson(x, y)

    make.__name__ = name
    case(kind, what, ["size", "amount"], **more)(make)


def named_levels(name, kind, what, names, column="kind_of", **more):
    """Registers a case of levels that look like something else."""

    def make(rand):
        levels = shares(rand, 48, names)
        y = by_level(rand, levels, {level: 20 + 9 * at for at, level in enumerate(sorted(names))}, 5)
        return text({column: levels, "yield": y}), anova(levels, y)

    make.__name__ = name
    case(kind, what, [column, "yield"], **more)(make)


def in_order(name, what, words, **more):
    """Registers a case of words with an order, from the lowest to the highest."""

    def make(rand):
        x = [i % len(words) if i < len(words) else rand.randrange(len(words)) for i in range(48)]
        y = [round(12 + 5 * v + rand.gauss(0, 6), 1) for v in x]
        return text({"answer": [words[v] for v in x], "points": y}), spearman(x, y)

    make.__name__ = name
    case("words with an order", what, ["answer", "points"], **more)(make)


# ---- numbers ----

NUMBER = "spelling of a number"
spelt(
    "reais", NUMBER, "R$ 1.234,50", lambda v, i: "R$ " + f"{v:,.2f}".translate(str.maketrans(",.", ".,")), 2000, 700, 2,
    delimiter=";",
)  # fmt: skip
spelt(
    "zloty", NUMBER, "1 234,50 zł", lambda v, i: f"{v:,.2f}".replace(",", " ").replace(".", ",") + " zł", 2000, 700, 2,
    delimiter=";",
)  # fmt: skip
spelt(
    "crore_and_lakh", NUMBER, "₹ 1.25 Cr beside ₹ 85 Lakh",
    lambda v, i: f"₹ {v / 1e7:.2f} Cr" if v >= 1e7 else f"₹ {v / 1e5:.0f} Lakh", 1e7, 3e6, 0,
    keep=lambda v: round(abs(v) + 1e6, -5),
)  # fmt: skip
spelt("value_and_deviation", NUMBER, "12.3 (1.4), a value and its deviation", lambda v, i: f"{v} ({1 + i % 7 / 10})")
spelt(
    "value_and_interval", NUMBER, "12.3 (11.1 to 13.5), a value and its interval",
    lambda v, i: f"{v} ({v - 1.2:.1f} to {v + 1.2:.1f})",
)  # fmt: skip
spelt(
    "counts_and_percent",
    NUMBER,
    "12 (34.3%), a count and its share",
    lambda v, i: f"{v:.0f} ({v / 0.9:.1f}%)",
    digits=0,
)
spelt(
    "vulgar_fractions", NUMBER, "3½ and ¾ as one sign",
    lambda v, i: ({0: ""}.get(v // 1, f"{v // 1:.0f}") + {0: "", 0.25: "¼", 0.5: "½", 0.75: "¾"}[v % 1]) or "0", 4, 2,
    keep=lambda v: round(4 * abs(v)) / 4,
)  # fmt: skip
spelt("folds", NUMBER, "1.8x, so many times", lambda v, i: f"{v}x", 3, 0.8)
spelt(
    "german_powers", NUMBER, "1,234E+04 with a decimal comma", lambda v, i: f"{v:.3E}".replace(".", ","), 20000, 7000, 0,
    keep=lambda v: float(f"{v:.3E}"), delimiter=";",
)  # fmt: skip
spelt("text_formulas", NUMBER, '="12.5" as a spreadsheet keeps texts in a csv', lambda v, i: f'="{v}"', quoted=False)
spelt("thai_digits", NUMBER, "Thai digits", lambda v, i: str(v).translate(str.maketrans("0123456789", "๐๑๒๓๔๕๖๗๘๙")))
spelt(
    "right_to_left", "marks that cannot be seen", "marks of direction around numbers", lambda v, i: f"\u200f{v}\u200e"
)
spelt("celsius", NUMBER, "21,5 °C", lambda v, i: comma(v, 1) + " °C", 20, 4, delimiter=";")
spelt("prime_minutes", NUMBER, "1 Std. 5 Min.", lambda v, i: f"{v // 60:.0f} Std. {v % 60:.0f} Min.", 300, 90, 0, keep=lambda v: max(v, 61.0))  # fmt: skip
spelt(
    "lap_times", NUMBER, "1:02.35 beside 58.20, minutes and seconds",
    lambda v, i: f"{v // 60:.0f}:{v % 60:05.2f}" if v >= 60 else f"{v:.2f}", 66, 9, 2, keep=abs,
)  # fmt: skip
spelt(
    "feet_in_words", NUMBER, "5 ft 11 in, and 6 ft", lambda v, i: f"{v // 12:.0f} ft" + (f" {v % 12:.0f} in" if v % 12 else ""),
    68, 4, 0, keep=lambda v: round(v),
)  # fmt: skip
spelt(
    "ages_spelt", NUMBER, "3 y 4 m, the age of a child", lambda v, i: f"{v // 12:.0f} y {v % 12:.0f} m", 60, 18, 0,
    keep=lambda v: float(max(round(v), 3)),
)  # fmt: skip
spelt(
    "decimal_minutes", NUMBER, "N 52° 31.20'", lambda v, i: f"N {int(v)}° {v % 1 * 60:05.2f}'", 50, 5, 3,
    keep=lambda v: int(v) + round(v % 1 * 60, 2) / 60,
)  # fmt: skip
spelt(
    "hemispheres", NUMBER, "33.45° S beside 12.30° N", lambda v, i: f"{abs(v):.2f}° {'S' if v < 0 else 'N'}", 0, 20, 2
)
spelt(
    "closed_losses", NUMBER, "all values in brackets, with a currency", lambda v, i: f"({-v:,.2f}) €",
    keep=lambda v: -abs(v), digits=2,
)  # fmt: skip


@case("two units", "Celsius and Fahrenheit in one column", ["hour", "warmth"], refusal=r"°F|warmth.*(units?|endings)")
def two_scales_of_heat(rand):
    x, y = linked(rand, 36, 12, 5, 0.6, 14, 1.5, 1)
    return text({"hour": x, "warmth": [f"{v * 1.8 + 32:.1f} °F" if i % 3 == 0 else f"{v} °C" for i, v in enumerate(y)]}), pearson(x, y)  # fmt: skip


@case("spelling of a number", "titres of 1:40, 1:80 and so on", ["titre", "days_ill"])
def titres(rand):
    steps = [rand.randint(0, 6) for _ in range(40)]
    y = [round(14 - 1.2 * v + rand.gauss(0, 2), 1) for v in steps]
    return text({"titre": [f"1:{10 * 2**v}" for v in steps], "days_ill": y}), spearman(steps, y)


@case("several values in a cell", "128/84, two pressures in one cell", ["bp", "age"], refusal=r"bp.*two numbers")
def blood_pressures(rand):
    cells = [f"{rand.randint(100, 160)}/{rand.randint(60, 99)}" for _ in range(40)]
    return text({"bp": cells, "age": [rand.randint(20, 80) for _ in cells]}), "said of the column"


@case(
    "several values in a cell",
    "all that apply, parted by semicolons",
    ["hobbies", "rating"],
    refusal=r"hobbies.*several",
)
def all_that_apply(rand):
    cells = [
        ";".join(rand.sample(["chess", "cooking", "music", "sports", "travel"], rand.randint(1, 4))) for _ in range(48)
    ]
    return text({"hobbies": cells, "rating": [rand.randint(1, 5) for _ in cells]}), "said of the column"


# ---- missing ----


def with_code(rand, codes, every=6):
    x, y = linked(rand, 54, 44, 11, 0.6, 12, 6, 1)
    known = [None if i % every == 2 else v for i, v in enumerate(y)]
    return x, known, [codes[(i // every) % len(codes)] if v is None else v for i, v in enumerate(known)]


@case("missing code", "flags of Eurostat behind numbers, a colon where there is none", ["gdp", "rate"], ext="tsv")
def eurostat_flags(rand):
    x, known, cells = with_code(rand, [":", ": c", ": z"])
    shown = [f"{v} {'bepu'[i % 4]}" if not isinstance(v, str) and i % 5 == 1 else f"{v} " for i, v in enumerate(cells)]
    return raw({"gdp": x, "rate": shown}, "\t"), pearson(x, known)


@case("missing code", "prefer not to say, among ages", ["visits", "age"])
def not_said(rand):
    x, known, cells = with_code(rand, ["Prefer not to say"])
    return text({"visits": x, "age": cells}), pearson(x, known)


@case("missing code", "-99 and -98 among answers of 1 to 5", ["mood", "sleep"])
def survey_minus(rand):
    x = [rand.randint(1, 5) for _ in range(60)]
    y = [round(4 + 0.7 * v + rand.gauss(0, 1), 1) for v in x]
    known = [None if i % 7 == 3 else v for i, v in enumerate(x)]
    return text({"mood": [(-99 if i % 2 else -98) if v is None else v for i, v in enumerate(known)], "sleep": y}), pearson(known, y)  # fmt: skip


@case("missing code", "<LOQ without a number", ["depth", "lead"], say="LOQ")
def below_quantification(rand):
    x, known, cells = with_code(rand, ["<LOQ"])
    return text({"depth": x, "lead": cells}), pearson(x, known)


@case("missing code", "OVRFLW and Undetermined as instruments write them", ["input", "signal"])
def overflows(rand):
    x, known, cells = with_code(rand, ["OVRFLW", "Undetermined"])
    return text({"input": x, "signal": cells}), pearson(x, known)


@case("level taken for missing", "nil beside 5 mg and 20 mg", ["feed", "growth"], refusal="feed.*nil|nil.*feed")
def nil_beside_amounts(rand):
    levels = shares(rand, 40, ["5 mg", "20 mg", "40 mg", "nil"])
    y = by_level(rand, levels, {"5 mg": 14, "20 mg": 21, "40 mg": 26, "nil": 9}, 3)
    return text({"feed": levels, "growth": y}), anova(levels, y)


@case("marks and blanks", "x where it holds, blank where not", ["fenced", "deer"], yes={"fenced": "x"})
def crosses(rand):
    fenced = [None if i % 5 < 3 else "x" for i in range(40)]
    y = [round((9 if v else 15) + rand.gauss(0, 2), 1) for v in fenced]
    return text({"plot": [f"p{i}" for i in range(40)], "fenced": fenced, "deer": y}), difference(
        ["0" if v is None else "x" for v in fenced], y
    )


@case("marks and blanks", "✓ and ✗", ["passed", "hours"], yes={"passed": "✓"})
def ticks(rand):
    levels = shares(rand, 40, ["✓", "✗"])
    y = by_level(rand, levels, {"✓": 14, "✗": 9}, 3)
    return text({"passed": levels, "hours": y}), difference(levels, y)


@case(
    "yes and no in more languages",
    "yes and no in ten languages",
    ["はい", "score"],
    yes={"はい": "はい", "да": "да", "evet": "evet", "joo": "kyllä", "sim": "sim", "vrai": "vrai", "WAHR": "WAHR", "igen": "igen", "ano": "ano", "ναι": "ναι"},
)  # fmt: skip
def ten_languages(rand):
    first = shares(rand, 40, ["はい", "いいえ"])
    y = by_level(rand, first, {"はい": 61, "いいえ": 52}, 5)
    pairs = {"да": "нет", "evet": "hayır", "sim": "não", "vrai": "faux", "WAHR": "FALSCH", "igen": "nem", "ano": "ne", "ναι": "όχι"}  # fmt: skip
    columns = {"はい": first, **{yes: shares(rand, 40, [yes, no]) for yes, no in pairs.items()}}
    return text({**columns, "joo": shares(rand, 40, ["ei", "kyllä"]), "score": y}), difference(first, y)


# ---- codes and names ----

CODE = "code taken for a number"
named_levels("sections", CODE, "2A, 2B and 3A are sections", ["2A", "2B", "3A", "3B"], "section")
named_levels("isotopes", CODE, "12C, 13C and 14C are isotopes", ["12C", "13C", "14C"], "isotope")
named_levels("rooms", CODE, "1A, 2A and 3A are rooms", ["1A", "2A", "3A"], "room")
named_levels("dutch_postcodes", CODE, "1012 AB is a postcode", ["1012 AB", "1013 AB", "3511 CD", "9712 HN"], "postcode")
named_levels(
    "long_zip_codes", CODE, "12345-6789 is a postcode", ["10012-1301", "10027-6907", "94103-1398"], "mail_code"
)
named_levels(
    "genes", "code taken for a date", "SEPT10 and MARCH10 are genes", ["SEPT10", "MARCH10", "DEC12", "TP53"], "gene"
)
named_levels(
    "short_genes", "code taken for a date", "SEP15, MAR10 and OCT11 are genes", ["SEP15", "MAR10", "OCT11"], "gene"
)
named_levels("diagnoses", CODE, "E11, E78 and 1E0 are diagnoses", ["E11", "E78", "1E0", "2E0"], "icd10")
named_levels(
    "streets_and_numbers",
    CODE,
    "12 Oak Ave and 35 Main St are addresses",
    ["12 Oak Ave", "35 Main St", "7 Elm Rd"],
    "address",
)


@case("control", "telephone numbers, keys of people and accounts are no amounts", ["age", "calls"], unused=["tel", "tel_us", "nhs", "personnummer", "iban"])  # fmt: skip
def keys_of_people(rand):
    x, y = linked(rand, 36, 40, 12, 0.3, 2, 4, 0)
    digits = lambda n: "".join(str(rand.randint(1, 9)) for _ in range(n))  # noqa: E731
    columns = {
        "tel": [f"030 {digits(3)} {digits(4)}" for _ in x],
        "tel_us": [f"{digits(3)}-{digits(4)}" for _ in x],
        "nhs": [f"{digits(3)} {digits(3)} {digits(4)}" for _ in x],
        "personnummer": [f"19{digits(2)}0{digits(1)}1{digits(1)}-{digits(4)}" for _ in x],
        "iban": [f"DE{digits(2)} {digits(4)} {digits(4)} {digits(4)}" for _ in x],
    }
    return text({**columns, "age": x, "calls": y}), pearson(x, y)


@case("control", "1.5 A and 20 A are currents, 12V and 24V are voltages", ["current", "heat"], unused=[])
def currents(rand):
    x = [round(rand.uniform(0.5, 20), 1) for _ in range(40)]
    y = [round(20 + 2 * v + rand.gauss(0, 5), 1) for v in x]
    return text({"current": [f"{v} A" for v in x], "supply": [f"{rand.choice([9, 12, 24])}V" for _ in x], "heat": y}), pearson(x, y)  # fmt: skip


# ---- dates ----


def spelt_dates(name, what, spell, step=9, start=None):
    def make(rand):
        dates, y = dated(rand, 36, step)
        return text({"when": [spell(d) for d in dates], "level": y}), over_time(
            [start(d) if start else d for d in dates], y
        )

    make.__name__ = name
    case("dates and periods", what, ["when", "level"])(make)


def quarter(day):
    return datetime.date(day.year, 3 * ((day.month - 1) // 3) + 1, 1)


def monday(day):
    return day - datetime.timedelta(days=day.weekday())


SWEDISH = "januari februari mars april maj juni juli augusti september oktober november december".split()
POLISH = "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia".split()
RUSSIAN = "января февраля марта апреля мая июня июля августа сентября октября ноября декабря".split()
TURKISH = "Ocak Şubat Mart Nisan Mayıs Haziran Temmuz Ağustos Eylül Ekim Kasım Aralık".split()
spelt_dates("swedish_months", "15 maj 2021", lambda d: f"{d.day} {SWEDISH[d.month - 1]} {d.year}")
spelt_dates("polish_months", "15 marca 2021", lambda d: f"{d.day} {POLISH[d.month - 1]} {d.year}")
spelt_dates("russian_months", "15 марта 2021 г.", lambda d: f"{d.day} {RUSSIAN[d.month - 1]} {d.year} г.")
spelt_dates("turkish_months", "15 Mart 2021", lambda d: f"{d.day} {TURKISH[d.month - 1]} {d.year}")
spelt_dates(
    "japanese_eras", "令和3年3月15日 beside 平成31年", lambda d: (
        f"令和{d.year - 2018}年{d.month}月{d.day}日" if d >= datetime.date(2019, 5, 1) else f"平成{d.year - 1988}年{d.month}月{d.day}日"
    ),
)  # fmt: skip
spelt_dates("german_weeks", "KW 07/2021", lambda d: "KW {1:02}/{0}".format(*d.isocalendar()), start=monday)
spelt_dates("quarter_behind", "20Q1", lambda d: f"{d:%y}Q{(d.month + 2) // 3}", 31, quarter)
spelt_dates("quarter_apostrophe", "Q1 '20", lambda d: f"Q{(d.month + 2) // 3} '{d:%y}", 31, quarter)
spelt_dates(
    "fiscal_years",
    "FY 2019-20",
    lambda d: f"FY {d.year}-{(d.year + 1) % 100:02}",
    120,
    lambda d: datetime.date(d.year, 1, 1),
)
spelt_dates("hours_run_together", "2021031514, year to hour", lambda d: f"{d:%Y%m%d}12")
spelt_dates(
    "named_zones", "2021/03/15 9:20:30 AM GMT+1, as Google Forms writes it", lambda d: f"{d:%Y/%m/%d} 9:20:30 AM GMT+1"
)
spelt_dates("midnight_as_24", "2021-03-15 24:00", lambda d: f"{d:%Y-%m-%d} 24:00")
spelt_dates("lower_months", "15mar2021, as SAS writes it", lambda d: f"{d:%d%b%Y}".lower())
spelt_dates("slashed_months", "15/Mar/21", lambda d: f"{d:%d/%b/%y}")


@case("dates and periods", "periods as 2019/20, from season to season", ["season", "snow"])
def seasons(rand):
    years = [1990 + i for i in range(30)]
    y = [round(90 - 1.5 * (v - 1990) + rand.gauss(0, 12)) for v in years]
    return text({"season": [f"{v}/{(v + 1) % 100:02}" for v in years], "snow": y}), pearson(years, y)


# ---- words ----

in_order("dipsticks", "negative, trace, 1+, 2+, 3+", ["negative", "trace", "1+", "2+", "3+"])
in_order("school_grades", "C, C+, B-, B, B+, A-, A", ["C", "C+", "B-", "B", "B+", "A-", "A"])
in_order(
    "bands_of_years",
    "less than 1 year to 10+ years",
    ["less than 1 year", "1-3 years", "4-6 years", "7-9 years", "10+ years"],
)
in_order("bands_of_income", "under $20,000 to $80,000 or more", ["Under $20,000", "$20,000 to $49,999", "$50,000 to $79,999", "$80,000 or more"])  # fmt: skip
in_order(
    "bands_in_words",
    "from 1 to 4, from 5 to 9, 10 and more",
    ["from 1 to 4", "from 5 to 9", "from 10 to 19", "20 and more"],
)
in_order("swedish_answers", "instämmer inte alls to instämmer helt", ["Instämmer inte alls", "Instämmer delvis", "Instämmer i stort sett", "Instämmer helt"])  # fmt: skip
in_order("french_agreement", "pas du tout d'accord to tout à fait d'accord", ["Pas du tout d'accord", "Plutôt pas d'accord", "Plutôt d'accord", "Tout à fait d'accord"])  # fmt: skip
in_order("japanese_answers", "全くそう思わない to とてもそう思う", ["全くそう思わない", "そう思わない", "どちらとも言えない", "そう思う", "とてもそう思う"])  # fmt: skip


@case("words with an order", "agreement, beside prefer not to answer", ["view", "years"])
def answers_refused(rand):
    words = [
        "Strongly disagree",
        "Disagree",
        "Neither agree nor disagree",
        "Agree",
        "Strongly agree",
        "Prefer not to answer",
    ]
    x = [rand.randrange(6) for _ in range(60)]
    y = [round(8 + 2 * v + rand.gauss(0, 3), 1) for v in x]
    return text({"view": [words[v] for v in x], "years": y}), spearman([None if v == 5 else v for v in x], y)
