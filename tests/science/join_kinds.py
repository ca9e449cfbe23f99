"""Tables that belong together, of many kinds, with their key; and pairs of tables that do not."""

import datetime

import numpy as np

COUNTRIES = (
    "Kenya France Peru Japan Norway Chad Brazil India Mali Spain Nepal Ghana Italy Cuba Poland Qatar Egypt Laos "
    "Malta Oman Haiti Fiji Gabon Benin"
).split()
NAMES = (
    "Ada Ben Cleo Dan Eve Finn Gus Hana Ivo Jan Kim Lea Max Nora Otto Pia Quin Rosa Sam Tess Uma Vic Wim Zoe".split()
)


def measured(draw, count, middle=50.0):
    return draw.normal(middle, 9, count).round(2)


def people(draw, ids, name="id"):
    count = len(ids)
    return {name: ids, "age": draw.integers(20, 80, count), "arm": draw.choice(["drug", "placebo"], count)}


def visits(draw, ids, name, each=3):
    rows = np.repeat(ids, each)
    return {name: rows, "day": np.tile(np.arange(each) * 7, len(ids)), "pain": measured(draw, len(rows))}


def days(count, first=datetime.date(2021, 3, 1)):
    return [str(first + datetime.timedelta(days=index)) for index in range(count)]


def months(count):
    return [f"{2001 + index // 12}-{index % 12 + 1:02d}" for index in range(count)]


def related(draw):
    """[(kind, tables, question, keys as (left, right))]."""
    n = int(draw.integers(40, 70))
    ids = np.arange(1, n + 1)
    some = np.sort(draw.choice(ids, n - 4, replace=False))
    gaps = np.sort(draw.choice(ids, n - 12, replace=False))
    sparse = np.sort(draw.choice(np.arange(10000, 99999), n, replace=False))
    padded = [f"{number:03d}" for number in ids]
    coded = [f"S{number:02d}" for number in ids]
    places = COUNTRIES[: int(draw.integers(14, 24))]
    years = np.arange(2000, 2008)
    panel = {
        "country": np.repeat(places, len(years)),
        "year": np.tile(years, len(places)),
    }
    size = len(panel["year"])
    sexes = draw.choice(["f", "m"], n)
    pupils = int(draw.integers(180, 240))
    emails = [f"user{number}@mail{number % 7}.org" for number in sparse]
    hours = np.cumsum(draw.integers(1, 9000, 60))
    clocks = [str(np.datetime64("2021-03-01T00:00:00") + int(seconds) * 37).replace("T", " ") for seconds in hours]
    return [
        (
            "id and the word for the table",
            {"patients": people(draw, ids), "visits": visits(draw, some, "patient")},
            "",
            [("patients.id", "visits.patient")],
        ),
        (
            "one specific name",
            {"demographics": people(draw, ids, "patient_id"), "labs": visits(draw, some, "patient_id")},
            "",
            [("demographics.patient_id", "labs.patient_id")],
        ),
        (
            "synonyms",
            {"participants": people(draw, ids, "participant"), "diary": visits(draw, some, "subject")},
            "",
            [("participants.participant", "diary.subject")],
        ),
        (
            "short forms",
            {"people": people(draw, ids, "subjid"), "readings": visits(draw, some, "subject_no")},
            "",
            [("people.subjid", "readings.subject_no")],
        ),
        (
            "sparse numbers of unlike names",
            {"customers": people(draw, sparse), "orders": visits(draw, sparse[: n - 5], "sold_to_id")},
            "",
            [("customers.id", "orders.sold_to_id")],
        ),
        (
            "leading zeros",
            {"patients": people(draw, padded, "patient"), "visits": visits(draw, ids, "patient")},
            "",
            [("patients.patient", "visits.patient")],
        ),
        (
            "case and blanks",
            {"rats": people(draw, coded, "rat"), "runs": visits(draw, [f"s {text[1:]}" for text in coded], "rat")},
            "",
            [("rats.rat", "runs.rat")],
        ),
        (
            "letters before the number",
            {"subjects": people(draw, coded, "subject"), "trials": visits(draw, ids, "subject")},
            "",
            [("subjects.subject", "trials.subject")],
        ),
        (
            "words of unlike names",
            {
                "world": {"country": places, "area": measured(draw, len(places), 900)},
                "games": {"nation": draw.choice(places, 90), "goals": draw.poisson(2, 90)},
            },
            "",
            [("world.country", "games.nation")],
        ),
        (
            "a country and a year",
            {"income": {**panel, "gdp": measured(draw, size)}, "health": {**panel, "births": measured(draw, size, 20)}},
            "",
            [("income.country+year", "health.country+year")],
        ),
        (
            "an id and a day",
            {
                "meals": {"patient": np.repeat(ids, 3), "date": np.tile(days(3), n), "sugar": measured(draw, 3 * n)},
                "sleep": {
                    "patient": np.repeat(ids, 3),
                    "date": np.tile(days(3), n),
                    "hours_slept": measured(draw, 3 * n, 7),
                },
            },
            "",
            [("meals.patient+date", "sleep.patient+date")],
        ),
        (
            "days of a series",
            {
                "weather": {"date": days(120), "rain": measured(draw, 120)},
                "sales": {"date": days(110), "sold": measured(draw, 110)},
            },
            "",
            [("weather.date", "sales.date")],
        ),
        (
            "months of a series",
            {
                "prices": {"month": months(96), "price_level": measured(draw, 96)},
                "jobs": {"month": months(90), "jobless": measured(draw, 90)},
            },
            "",
            [("prices.month", "jobs.month")],
        ),
        (
            "times of measurements",
            {
                "river": {"taken": clocks, "level_of_water": measured(draw, 60)},
                "rain": {"taken": clocks[4:], "fallen": measured(draw, 56)},
            },
            "",
            [("river.taken", "rain.taken")],
        ),
        (
            "schools of pupils",
            {
                "schools": {"school": np.arange(1, 31), "funding": measured(draw, 30)},
                "pupils": {
                    "pupil": np.arange(1, pupils + 1),
                    "school": draw.integers(1, 31, pupils),
                    "score": measured(draw, pupils),
                },
            },
            "",
            [("schools.school", "pupils.school")],
        ),
        (
            "one row each",
            {
                "baseline": people(draw, coded, "subject"),
                "outcome": {"subject": coded, "weight_change": measured(draw, n, 0)},
            },
            "",
            [("baseline.subject", "outcome.subject")],
        ),
        (
            "ids with the same gaps",
            {"first": people(draw, gaps), "second": {"id": draw.permutation(gaps), "height": measured(draw, n - 12)}},
            "",
            [("first.id", "second.id")],
        ),
        (
            "a column that agrees",
            {
                "baseline": {**people(draw, ids), "sex": sexes},
                "visits": {**visits(draw, ids, "id"), "sex": np.repeat(sexes, 3)},
            },
            "",
            [("baseline.id", "visits.id")],
        ),
        (
            "a question across",
            {"baseline": people(draw, ids), "visits": visits(draw, ids, "id")},
            "Does arm change pain?",
            [("baseline.id", "visits.id")],
        ),
        (
            "addresses",
            {"users": people(draw, emails, "email"), "logins": visits(draw, emails[: n - 3], "user")},
            "",
            [("users.email", "logins.user")],
        ),
        (
            "one id beside row numbers",
            {
                "patients": people(draw, ids),
                "visits": {"id": np.arange(1, 3 * n + 1), **visits(draw, ids, "patient_id")},
            },
            "",
            [("patients.id", "visits.patient_id")],
        ),
        (
            "a star",
            {
                "patients": people(draw, ids),
                "visits": visits(draw, some, "patient"),
                "labs": {"patient": np.repeat(some, 2), "glucose": measured(draw, 2 * len(some), 90)},
            },
            "",
            [("patients.id", "visits.patient"), ("patients.id", "labs.patient")],
        ),
        (
            "a chain",
            {
                "schools": {"school_id": np.arange(1, 31), "funding": measured(draw, 30)},
                "classes": {
                    "class_id": np.arange(101, 191),
                    "school_id": np.repeat(np.arange(1, 31), 3),
                    "class_size": draw.integers(15, 31, 90),
                },
                "pupils": {
                    "pupil_id": np.arange(1, 361),
                    "class_id": np.repeat(np.arange(101, 191), 4),
                    "score": measured(draw, 360),
                },
            },
            "Which pupils have a high score?",
            [("schools.school_id", "classes.school_id"), ("classes.class_id", "pupils.class_id")],
        ),
    ]


def unrelated_tables(draw):
    """Tables of one column that looks like a key and others, as functions of nothing else: (name, table)."""
    n = int(draw.choice([40, 50, 60, 80, 100]))
    m = int(draw.choice([40, 50, 60, 80, 100]))
    sizes = {"stars": n, "wines": m}
    number = {name: np.arange(1, count + 1) for name, count in sizes.items()}

    def both(make):
        return {name: make(name, count) for name, count in sizes.items()}

    def table(name, count, **keys):
        rest = {"brightness": measured(draw, count)} if name == "stars" else {"acidity": measured(draw, count, 3)}
        return {**keys, **rest, "colour": draw.choice(["red", "white", "blue"], count)}

    def other(name, one, two):
        return one if name == "stars" else two

    kinds = {
        "row numbers under id": lambda name, count: table(name, count, id=number[name]),
        "row numbers under other names": lambda name, count: table(
            name, count, **{other(name, "star_id", "bottle"): number[name]}
        ),
        "ages": lambda name, count: table(name, count, age=draw.permutation(np.arange(18, 18 + count))),
        "scores": lambda name, count: table(name, count, score=draw.integers(0, 101, count)),
        "years": lambda name, count: table(name, count, year=np.arange(1950, 1950 + count)),
        "random days": lambda name, count: table(name, count, date=draw.choice(days(400), count)),
        "random days, each once": lambda name, count: table(
            name, count, date=draw.choice(days(400), count, replace=False)
        ),
        "labels": lambda name, count: table(name, count, group=draw.choice(list("ABC"), count)),
        "numbers behind letters": lambda name, count: table(
            name, count, **{other(name, "star", "bottle"): [f"S{i:03d}" for i in number[name]]}
        ),
        "an id that repeats": lambda name, count: table(
            name, count, id=np.repeat(np.arange(1, count // 4 + 1), 4)[:count]
        ),
        "an id beside one that repeats": lambda name, count: table(
            name, count, id=other(name, number[name], np.repeat(np.arange(1, count // 4 + 1), 4)[:count])
        ),
        "counts": lambda name, count: table(name, count, planets=draw.permutation(np.arange(count))),
        "names of people": lambda name, count: table(name, count, owner=draw.choice(NAMES, count)),
        "amounts of many digits": lambda name, count: table(
            name, count, price=draw.choice(np.arange(1000, 9999), count, replace=False)
        ),
        "sparse ids": lambda name, count: table(
            name, count, id=draw.choice(np.arange(10000, 99999), count, replace=False)
        ),
        "ranks and pages": lambda name, count: table(
            name, count, **{other(name, "rank", "page"): draw.permutation(number[name])}
        ),
        "yes and no": lambda name, count: table(name, count, checked=draw.choice(["yes", "no"], count)),
        "row numbers and a stray one": lambda name, count: table(
            name, count, id=np.append(number[name][:-1], other(name, 999, 997))
        ),
        "row numbers and the same stray one": lambda name, count: table(
            name, count, id=np.append(number[name][:-1], 999)
        ),
        "an id and a year": lambda name, count: table(
            name,
            count // 5 * 5,
            id=np.repeat(np.arange(1, count // 5 + 1), 5),
            year=np.tile(range(2001, 2006), count // 5),
        ),
        "a letter and a week": lambda name, count: table(
            name,
            count // 8 * 8,
            group=np.repeat(list("ABCDEFGHIJKLM"[: count // 8]), 8),
            week=np.tile(range(1, 9), count // 8),
        ),
        "grades": lambda name, count: table(name, count, level=draw.integers(1, 6, count), id=number[name]),
        "ages and visits": lambda name, count: table(
            name, count, age=draw.integers(20, 70, count), visit=draw.integers(1, 5, count)
        ),
    }
    pairs = {kind: both(make) for kind, make in kinds.items()}
    parts = {
        name: {"id": np.arange(1, n + 1), "income": measured(draw, n), "rooms": draw.integers(1, 9, n)}
        for name in ("homes_2019", "homes_2020")
    }
    return {**pairs, "parts of one kind": parts}
