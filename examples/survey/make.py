#!/usr/bin/env python3
"""Writes the survey: 800 invented people answer 200 invented items.

    python3 examples/survey/make.py > survey.csv

It needs the standard library alone, and its seed is fixed: the table comes out the same, byte for byte. What is planted is in
`items` and `wellbeing`; all else is drawn without a look at anything.
"""

import csv
import random
import sys

SEED = 20260
PEOPLE = 800
ITEMS = [f"q{number:03}" for number in range(1, 201)]
REGIONS = ["north", "east", "south", "west", "islands"]
EDUCATION = ["none", "school", "trade", "degree"]


def likert(rng, centre):
    """An answer from 1 to 5 around `centre`."""
    return min(5, max(1, round(rng.gauss(centre, 1.1))))


def items(rng, centres, age, region):
    """The answers. One falls with age, one differs by region, and one asks the same as another the other way round."""
    answers = {item: likert(rng, centres[item]) for item in ITEMS}
    answers["q088"] = likert(rng, 3.1 - (age - 48) / 14)
    answers["q160"] = likert(rng, {"islands": 4.1, "west": 3.4}.get(region, 2.8))
    answers["q052"] = likert(rng, 6 - answers["q051"])
    return answers


def wellbeing(rng, answers, age, sleep, commute):
    """From 0 to 100. Not `q088`: it goes with wellbeing only because both go with age."""
    score = 55 + 4.2 * (answers["q017"] - 3) - 3.6 * (answers["q042"] - 3) + 2.4 * (answers["q133"] - 3)
    score += 3.4 * (sleep - 7) - 0.18 * (commute - 32) + 0.28 * (age - 48)
    return min(100, max(0, round(rng.gauss(score, 9))))


def person(rng, number, centres):
    age = rng.randint(18, 78)
    region = rng.choice(REGIONS)
    school = rng.choices(range(len(EDUCATION)), [1, 4, 3, 2])[0]
    sleep = round(rng.gauss(7, 1.1), 1)
    commute = max(0, round(rng.gauss(32, 16)))
    answers = items(rng, centres, age, region)
    return {
        "respondent": f"R{number:04}",
        "wave": 7,
        "age": age,
        "sex": rng.choice(["female", "male"]),
        "region": region,
        "education": EDUCATION[school],
        "income": f"{rng.lognormvariate(7.3 + 0.25 * school, 0.45):.0f}",
        "household": rng.choices(range(1, 7), [6, 8, 4, 4, 2, 1])[0],
        "shoe_size": round(rng.gauss(41, 2.5)),
        "sleep_hours": sleep,
        "commute_minutes": commute,
        "wellbeing": wellbeing(rng, answers, age, sleep, commute),
        **answers,
    }


def with_gaps(rng, row, gaps):
    """Some people do not answer, some questions more than others, whatever they would have said."""
    return {column: "" if rng.random() < gaps.get(column, 0) else value for column, value in row.items()}


def main():
    rng = random.Random(SEED)
    centres = {item: rng.uniform(2, 4) for item in ITEMS}
    gaps = {item: rng.uniform(0, 0.15) for item in ITEMS} | {"income": 0.12}
    people = [with_gaps(rng, person(rng, number, centres), gaps) for number in range(1, PEOPLE + 1)]
    out = csv.DictWriter(sys.stdout, list(people[0]), lineterminator="\n")
    out.writeheader()
    out.writerows(people)


if __name__ == "__main__":
    main()
