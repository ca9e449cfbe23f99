# ---- units: signs of money, multiples, durations and measures as they are written beside numbers ----
import re

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
# Money that nobody counts in hundredths: a point in it divides thousands.
WHOLE_CURRENCIES = set("VND IDR KRW JPY CLP COP ISK HUF Ft XOF XAF \u20ab \u20a9 \u00a5".split())
MULTIPLES = {
    "k": 1e3, "K": 1e3, "tsd": 1e3, "thousand": 1e3, "thsd": 1e3, "M": 1e6, "mn": 1e6, "mio": 1e6, "mln": 1e6,
    "million": 1e6, "millions": 1e6, "B": 1e9, "bn": 1e9, "mrd": 1e9, "mld": 1e9, "billion": 1e9, "billions": 1e9,
    "T": 1e12, "tn": 1e12, "trillion": 1e12, "lakh": 1e5, "lakhs": 1e5, "lac": 1e5, "crore": 1e7, "crores": 1e7, "cr": 1e7,
}  # fmt: skip
# Numbers of Chinese, Japanese and Korean: 3\u4e07 is 30,000, 1.2\u5104 is 120 million.
MYRIADS = {
    "\u5343": 1e3, "\u4e07": 1e4, "\u842c": 1e4, "\ub9cc": 1e4, "\u767e\u4e07": 1e6, "\u767e\u842c": 1e6,
    "\u5343\u4e07": 1e7,
    "\u5343\u842c": 1e7, "\u4ebf": 1e8, "\u5104": 1e8, "\uc5b5": 1e8, "\u4e07\u4ebf": 1e12, "\u842c\u5104": 1e12,
    "\uc870": 1e12,
    "\u5146": 1e12,
}  # fmt: skip
MULTIPLES.update(MYRIADS)
# Letters that can as well be a unit: kelvin, tonnes.
DOUBTFUL_SCALES = {"cr", "B", "T", "K"}
TIME_UNITS = {
    "d": 86400, "day": 86400, "days": 86400, "h": 3600, "hr": 3600, "hrs": 3600, "hour": 3600, "hours": 3600, "std": 3600,
    "m": 60, "min": 60, "mins": 60, "minute": 60, "minutes": 60, "s": 1, "sec": 1, "secs": 1, "second": 1, "seconds": 1,
    "w": 604800, "wk": 604800, "week": 604800, "weeks": 604800,
}  # fmt: skip
# What an age in years and months is counted in: months.
MONTHS_OF = {
    **dict.fromkeys(("y", "yr", "yrs", "year", "years", "a", "jahr", "jahre", "an", "ans"), 12.0),
    **dict.fromkeys(("m", "mo", "mos", "mth", "mths", "month", "months", "mon", "monat", "monate", "mois"), 1.0),
}
TIME_WORD = "|".join(sorted(TIME_UNITS, key=len, reverse=True))
# Units whose letter m is a thousandth and M a million.
MILLI_OR_MEGA = {
    "mw": ("power", "W"), "mwh": ("energy", "Wh"), "mj": ("energy", "J"), "mv": ("voltage", "V"),
    "mhz": ("frequency", "Hz"), "mpa": ("pressure", "Pa"),
}  # fmt: skip
MONTH_LENGTH = 30.436875 * 86400
# To one unit of each sort: gram, metre, litre, second.
CONVERTIBLE = {
    "ng": ("mass", 1e-9), "\u00b5g": ("mass", 1e-6), "ug": ("mass", 1e-6), "mcg": ("mass", 1e-6), "mg": ("mass", 1e-3),
    "g": ("mass", 1.0), "kg": ("mass", 1e3), "t": ("mass", 1e6), "lb": ("mass", 453.59237), "lbs": ("mass", 453.59237),
    "oz": ("mass", 28.349523125), "nm": ("length", 1e-9), "\u00b5m": ("length", 1e-6), "um": ("length", 1e-6),
    "mm": ("length", 1e-3), "cm": ("length", 1e-2), "dm": ("length", 1e-1), "m": ("length", 1.0), "km": ("length", 1e3),
    "in": ("length", 0.0254), "ft": ("length", 0.3048), "yd": ("length", 0.9144), "mi": ("length", 1609.344),
    "\u00b5l": ("volume", 1e-6), "ul": ("volume", 1e-6), "ml": ("volume", 1e-3), "cl": ("volume", 1e-2),
    "dl": ("volume", 1e-1), "l": ("volume", 1.0), "ms": ("time", 1e-3), **{word: ("time", float(seconds)) for word, seconds
    in TIME_UNITS.items() if word not in ("m", "w")}, **{word: ("time", months * MONTH_LENGTH) for word, months in {
    **dict.fromkeys(("month", "months", "mo", "monat", "monate", "mois", "mes", "meses"), 1.0),
    **dict.fromkeys(("y", "yr", "yrs", "year", "years", "jahr", "jahre", "an", "ans", "a\u00f1o",
    "a\u00f1os"), 12.0)}.items()},
    **{word: ("time", days * 86400.0) for word, days in {
    **dict.fromkeys(("tag", "tage", "jour", "jours", "d\u00eda", "d\u00edas", "dia", "dias"), 1.0),
    **dict.fromkeys(("woche", "wochen", "semaine", "semaines", "semana", "semanas"), 7.0)}.items()},
    "m2": ("area", 1.0), "m\u00b2": ("area", 1.0), "qm": ("area", 1.0), "sqm": ("area", 1.0), "cm2": ("area", 1e-4),
    "cm\u00b2": ("area", 1e-4),
    "mm2": ("area", 1e-6), "mm\u00b2": ("area", 1e-6), "ha": ("area", 1e4), "km2": ("area", 1e6),
    "km\u00b2": ("area", 1e6),
    "acre": ("area", 4046.8564224), "acres": ("area", 4046.8564224), "pa": ("pressure", 1.0),
    "hpa": ("pressure", 100.0),
    "kpa": ("pressure", 1e3), "bar": ("pressure", 1e5), "mbar": ("pressure", 100.0),
    "mmhg": ("pressure", 133.322387415),
    "psi": ("pressure", 6894.757293168), "atm": ("pressure", 101325.0), "cal": ("energy", 4.184),
    "kcal": ("energy", 4184.0), "wh": ("energy", 3600.0),
    "kwh": ("energy", 3.6e6), "gwh": ("energy", 3.6e12), "j": ("energy", 1.0), "kj": ("energy", 1e3),
    "w": ("power", 1.0),
    "kw": ("power", 1e3), "gw": ("power", 1e9), "v": ("voltage", 1.0), "kv": ("voltage", 1e3), "hz": ("frequency", 1.0),
    "khz": ("frequency", 1e3), "ghz": ("frequency", 1e9), "km/h": ("speed", 1 / 3.6), "kmh": ("speed", 1 / 3.6),
    "m/s": ("speed", 1.0),
    "mph": ("speed", 0.44704), "kn": ("speed", 1852 / 3600), "mol": ("amount", 1.0), "mmol": ("amount", 1e-3),
    "\u00b5mol": ("amount", 1e-6),
    "umol": ("amount", 1e-6), "nmol": ("amount", 1e-9), "mmol/l": ("molarity", 1e-3), "mol/l": ("molarity", 1.0),
    "\u00b5mol/l": ("molarity", 1e-6),
    "umol/l": ("molarity", 1e-6), "nmol/l": ("molarity", 1e-9), "g/l": ("content", 1.0), "mg/l": ("content", 1e-3),
    "\u00b5g/l": ("content", 1e-6),
    "ug/l": ("content", 1e-6), "g/dl": ("content", 10.0), "mg/dl": ("content", 1e-2), "ng/ml": ("content", 1e-6),
    "mg/ml": ("content", 1.0),
    "\u00b5g/ml": ("content", 1e-3), "ug/ml": ("content", 1e-3), "pg/ml": ("content", 1e-9),
    "b": ("bytes", 1.0), "byte": ("bytes", 1.0), "bytes": ("bytes", 1.0), "bps": ("bits per second", 1.0),
    "bit/s": ("bits per second", 1.0),
}  # fmt: skip
for _power, _letter in enumerate("kmgtp", 1):
    CONVERTIBLE[f"{_letter}b"] = ("bytes", 1000.0**_power)
    CONVERTIBLE[f"{_letter}ib"] = ("bytes", 1024.0**_power)
    CONVERTIBLE[f"{_letter}bps"] = CONVERTIBLE[f"{_letter}bit/s"] = ("bits per second", 1000.0**_power)
# French sizes are counted in octets; Mo alone can be months.
OCTETS = {"o": "B", "octet": "B", "octets": "B", **{f"{letter}o": f"{letter.upper()}B" for letter in "kmgt"}}
SURE_OCTETS = {"octet", "octets", "ko", "go"}
KNOWN_UNITS = set(CONVERTIBLE) | set(
    """
    \u00b0c \u00b0f \u00b0 c f hz khz mhz ghz w kw mw gw kwh v mv kv a ma pa kpa hpa mpa bar mbar psi mmhg mol mmol nmol mmol/l mg/dl
    g/dl g/l mg/l ng/ml iu iu/l u/l bpm rpm ppm ppb db cal kcal j kj px kb mb gb tb ha m2 m3 km2 km/h kmh mph m/s kg/m2 u
    """.split()
)
