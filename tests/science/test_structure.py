"""How rows depend on each other: what is there is found from the data, and nothing is found where nothing is."""

import unittest

import numpy as np
from scripts import AGENT, Lab, csv_of, family

PARTS = {"subject", "clusters", "time", "place", "copies", "assigned", "survival", "at_risk"}
METALS = "tin lead zinc iron gold".split()


def drawn(seed):
    return np.random.default_rng([seed, 41])


def measures(random, rows, count=4, effect=None, share=0.5):
    """Columns of noise, or of noise upon an effect for each row: {name: values}."""
    out = {}
    for name in METALS[:count]:
        noise = random.normal(size=rows)
        if effect is not None:
            noise = np.sqrt(share) * effect(random) + np.sqrt(1 - share) * noise
        out[name] = noise.round(4)
    return out


def things(random, labels, share=0.5, count=4):
    """Columns whose rows are alike where they have the same label."""
    return measures(random, len(labels), count, lambda r: r.normal(size=labels.max() + 1)[labels], share)


def walks(random, rows, count=4, memory=1.0):
    """Columns of which each row goes on from the row before."""
    out = {}
    for name in METALS[:count]:
        steps, values = random.normal(size=rows), np.zeros(rows)
        for row in range(1, rows):
            values[row] = memory * values[row - 1] + steps[row]
        out[name] = values.round(4)
    return out


def field(random, east, north):
    """A smooth column over a map: a sum of bumps, and noise."""
    values = np.zeros(len(east))
    for _ in range(25):
        a, b, high = *random.uniform(-0.1, 1.1, 2), random.normal()
        values += high * np.exp(-((east - a) ** 2 + (north - b) ** 2) / 0.02)
    return (values / values.std() + 0.3 * random.normal(size=len(east))).round(4)


class Parts(unittest.TestCase):
    def profile(self, columns, **asked):
        lab = Lab(csv_of(columns), **asked)
        structure = lab.profile["structure"]
        self.assertEqual(set(structure), PARTS)
        for part in filter(None, structure.values()):
            self.assertLessEqual({"columns", "source", "evidence", "sure"}, set(part))
            self.assertIn(part["source"], ("declared", "file", "inferred"))
            self.assertTrue(0 <= part["sure"] <= 1 and len(part["evidence"]) > 20, part)
            self.assertLessEqual(set(part["columns"]), set(columns))
        return lab.profile

    def found(self, columns, **asked):
        """{part: its columns} of the parts that are there."""
        structure = self.profile(columns, **asked)["structure"]
        return {name: part["columns"] for name, part in structure.items() if part}


class Subjects(Parts):
    def test_by_the_data_and_not_by_the_name(self):
        for seed in range(3):
            random = drawn(seed)
            unit = np.repeat(np.arange(30), 12)
            order = random.permutation(len(unit))
            words = {**things(random, unit), "bnk": [f"q{u * 37 % 101}" for u in unit]}
            whole = {**things(random, unit), "lot": unit * 29 % 97 + 300}
            for columns, name in ((words, "bnk"), (whole, "lot")):
                with self.subTest(name, seed=seed):
                    mixed = {key: np.asarray(values)[order] for key, values in columns.items()}
                    profile = self.profile(mixed)
                    self.assertEqual(profile["structure"]["subject"]["columns"], [name])
                    self.assertEqual(profile["units"], {"column": name, "n_units": 30})
                    self.assertEqual(profile["split"]["by"], name)
                    column = next(c for c in profile["columns"] if c["name"] == name)
                    self.assertFalse(column["usable"])
                    self.assertIn("% of the variance", profile["structure"]["subject"]["evidence"])

    def test_rows_that_only_carry_such_a_column_are_independent(self):
        for seed in range(4):
            random = drawn(10 + seed)
            unit = np.repeat(np.arange(25), 10)
            columns = {**measures(random, 250), "bnk": [f"q{u}" for u in unit], "lot": random.integers(0, 40, 250)}
            with self.subTest(seed=seed):
                self.assertEqual(self.found(columns), {})

    def test_few_groups_are_compared_and_not_heeded(self):
        random = drawn(20)
        kind = random.integers(0, 4, 300)
        columns = {**things(random, kind, 0.7), "kind": np.array(["oak", "elm", "ash", "fir"])[kind]}
        profile = self.profile(columns)
        self.assertEqual([part for part in profile["structure"].values() if part], [])
        self.assertTrue(next(c for c in profile["columns"] if c["name"] == "kind")["usable"])

    def test_few_groups_with_a_property_of_their_own(self):
        random = drawn(21)
        clinic = np.repeat(np.arange(8), 40)
        beds = random.permutation([110, 180, 240, 330, 415, 520, 690, 870])
        columns = {**things(random, clinic, 0.3, 3), "beds": beds[clinic], "clinic": [f"c{c}" for c in clinic]}
        profile = self.profile(columns)
        self.assertEqual(profile["structure"]["clusters"]["columns"], ["clinic"])
        self.assertIn("beds is the same in all rows of a level", profile["structure"]["clusters"]["evidence"])
        self.assertEqual(profile["units"], {"column": "clinic", "n_units": 8})
        self.assertFalse(profile["split"]["possible"])
        self.assertTrue(next(c for c in profile["columns"] if c["name"] == "clinic")["usable"])

    def test_a_measurement_in_whole_numbers_is_no_unit(self):
        random = drawn(22)
        age, month = random.integers(18, 80, 600), random.integers(1, 13, 600)
        season = np.sin(month / 12 * 2 * np.pi)
        columns = {
            "age": age,
            "grip": (50 - 0.02 * (age - 35) ** 2 + random.normal(0, 5, 600)).round(1),
            "sleep": (8 - 0.02 * age + random.normal(0, 0.8, 600)).round(1),
            "when": month,
            "warmth": (10 + 9 * season + random.normal(0, 3, 600)).round(1),
            "sales": (100 + 30 * season + random.normal(0, 12, 600)).round(),
        }
        self.assertEqual(self.found(columns), {})

    def test_nested_and_crossed(self):
        random = drawn(23)
        nest = np.repeat(np.arange(60), 6)
        wood = nest // 5
        columns = {}
        for name in METALS[:3]:
            values = random.normal(size=12)[wood] + random.normal(size=60)[nest] + random.normal(size=360)
            columns[name] = values.round(3)
        columns |= {"nst": [f"n{n * 7 % 61}" for n in nest], "wd": [f"w{w}" for w in wood]}
        structure = self.profile(columns)["structure"]
        self.assertEqual((structure["subject"]["columns"], structure["clusters"]["columns"]), (["nst"], ["wd"]))
        self.assertIn("each nst lies within one of them", structure["clusters"]["evidence"])
        judge, dish = np.divmod(np.arange(15 * 22), 22)
        columns = {
            name: (random.normal(size=15)[judge] + random.normal(size=22)[dish] + random.normal(size=330)).round(3)
            for name in METALS[:3]
        }
        columns |= {"jdg": [f"j{j}" for j in judge], "dsh": [f"d{d}" for d in dish]}
        order = random.permutation(330)
        structure = self.profile({key: np.asarray(values)[order] for key, values in columns.items()})["structure"]
        self.assertEqual((structure["subject"]["columns"], structure["clusters"]["columns"]), (["dsh"], ["jdg"]))
        self.assertIn("crossed with dsh", structure["clusters"]["evidence"])

    def test_a_column_that_the_question_names_stays_to_be_compared(self):
        random = drawn(24)
        sort = np.repeat(np.arange(14), 20)
        columns = {**things(random, sort, 0.4), "sort": [f"s{s}" for s in sort]}
        self.assertEqual(self.profile(columns)["units"], {"column": "sort", "n_units": 14})
        asked = self.profile(columns, question="Which sort has the most zinc?")
        self.assertIsNone(asked["units"])
        self.assertEqual(asked["structure"]["clusters"]["columns"], ["sort"])
        self.assertTrue(next(c for c in asked["columns"] if c["name"] == "sort")["usable"])

    def test_what_is_declared_counts(self):
        random = drawn(25)
        unit = np.repeat(np.arange(24), 5)
        columns = {**measures(random, 120), "crew": [f"k{u}" for u in unit], "turn": np.tile(range(5), 24)}
        self.assertIsNone(self.profile(columns)["units"])
        profile = self.profile(columns, declared={"subject": "crew", "time": "turn"})
        self.assertEqual(profile["units"], {"column": "crew", "n_units": 24})
        self.assertEqual(profile["time"], {"column": "turn"})
        for part, column in (("subject", "crew"), ("time", "turn")):
            told = profile["structure"][part]
            self.assertEqual((told["columns"], told["source"], told["sure"]), ([column], "declared", 1.0))
        # A subject with one row each leaves nothing to heed.
        alone = {**measures(random, 120), "crew": [f"k{u}" for u in range(120)]}
        profile = self.profile(alone, declared={"subject": "crew", "time": None})
        self.assertIsNone(profile["units"])
        self.assertEqual(profile["structure"]["subject"]["columns"], ["crew"])


class Order(Parts):
    def test_neighbours_in_the_file_without_a_clock(self):
        for seed in range(3):
            with self.subTest(seed=seed):
                profile = self.profile(walks(drawn(30 + seed), 150))
                self.assertEqual(profile["structure"]["time"]["columns"], [])
                self.assertIn("in the order of the file", profile["structure"]["time"]["evidence"])
                self.assertIsNone(profile["time"])

    def test_a_date_orders_rows_that_are_mixed(self):
        random = drawn(33)
        days = np.arange("2015-01-01", "2015-06-01", dtype="datetime64[D]").astype(str)
        columns = {"taken": days, **walks(random, len(days), memory=0.8)}
        self.assertEqual(self.found(columns), {"time": ["taken"]})
        order = random.permutation(len(days))
        mixed = self.profile({name: np.asarray(values)[order] for name, values in columns.items()})
        self.assertEqual(mixed["structure"]["time"]["columns"], ["taken"])
        self.assertEqual(mixed["time"], {"column": "taken"})

    def test_a_date_of_birth_orders_nothing(self):
        random = drawn(34)
        days = random.integers(0, 20_000, 200)
        born = (np.datetime64("1940-01-01") + days).astype(str)
        old = 80 - days / 365
        columns = {
            "born": born,
            "pressure": (90 + 0.5 * old + random.normal(0, 9, 200)).round(),
            "lipids": (3 + 0.03 * old + random.normal(0, 0.6, 200)).round(2),
            "score": random.normal(100, 15, 200).round(),
        }
        self.assertEqual(self.found(columns), {})

    def test_a_number_of_its_own_in_each_row_can_be_a_clock(self):
        random = drawn(35)
        columns = {"nr": np.arange(1, 141), **walks(random, 140)}
        order = random.permutation(140)
        mixed = {name: np.asarray(values)[order] for name, values in columns.items()}
        self.assertEqual(self.found(mixed), {"time": ["nr"]})

    def test_sorted_tables_are_no_series(self):
        for seed in range(3):
            random = drawn(40 + seed)
            common = random.normal(size=(240, 1))
            table = 0.8 * common + 0.6 * random.normal(size=(240, 4))
            group = random.integers(0, 4, 240)
            by_number = table[np.argsort(table[:, 1])]
            by_group = (table + 2 * random.normal(size=(4, 4))[group])[np.argsort(group, kind="stable")]
            wave = np.column_stack([common[:, 0], np.sin(2 * common[:, 0]), common[:, 0] ** 2, group])
            wave[:, 1:3] += 0.4 * random.normal(size=(240, 2))
            by_wave = wave[np.argsort(wave[:, 0])]
            for what, rows in (("number", by_number), ("group", by_group), ("curve", by_wave)):
                columns = {name: rows[:, place].round(3) for place, name in enumerate(METALS[:4])}
                if what == "group":
                    columns["stand"] = np.array(["fir", "elm", "oak", "ash"])[np.sort(group)]
                with self.subTest(what, seed=seed):
                    self.assertEqual(self.found(columns), {})

    def test_visits_of_a_unit(self):
        random = drawn(44)
        unit = np.repeat(np.arange(20), 6)
        columns = {"ewe": [f"e{u * 3 % 23}" for u in unit], "week": np.tile(range(1, 7), 20), **things(random, unit)}
        self.assertEqual(self.found(columns), {"subject": ["ewe"], "time": ["week"]})


class Places(Parts):
    def setUp(self):
        random = drawn(50)
        east, north = random.uniform(size=(2, 300))
        self.columns = {"lat": (47 + north).round(5), "lon": (8 + east).round(5)}
        self.columns |= {name: field(random, east, north) for name in METALS[:4]}

    def test_by_name_and_range(self):
        profile = self.profile(self.columns)
        self.assertEqual(profile["structure"]["place"]["columns"], ["lat", "lon"])
        self.assertIn("near rows are alike in 4 of 4 columns", profile["structure"]["place"]["evidence"])

    def test_by_the_data_alone(self):
        named = {{"lat": "p", "lon": "r"}.get(name, name): values for name, values in self.columns.items()}
        self.assertEqual(self.found(named), {"place": ["p", "r"]})

    def test_two_columns_that_tell_of_others_are_no_map(self):
        random = drawn(51)
        kind = random.integers(0, 3, 300)
        middle = random.normal(0, 3, size=(3, 5))
        table = middle[kind] + random.normal(size=(300, 5))
        columns = {name: table[:, place].round(3) for place, name in enumerate(METALS)}
        self.assertEqual(self.found(columns), {})


class Copies(Parts):
    def test_each_row_several_times(self):
        random = drawn(60)
        order = random.permutation(240)
        columns = {name: np.tile(values[:30], 8)[order] for name, values in measures(random, 30, 5).items()}
        profile = self.profile(columns)
        self.assertEqual(profile["structure"]["copies"]["distinct"], 30)
        self.assertEqual([name for name, part in profile["structure"].items() if part], ["copies"])
        self.assertEqual(profile["tautologies"], [])

    def test_some_rows_twice_with_a_cell_changed(self):
        random = drawn(61)
        rows = random.normal(size=(200, 6)).round(3)
        again = rows[:40].copy()
        again[np.arange(40), np.arange(40) % 6] += 0.5
        table = np.concatenate([rows, again])[random.permutation(240)]
        profile = self.profile({f"v{place}": table[:, place] for place in range(6)})
        self.assertEqual(profile["structure"]["copies"]["distinct"], 200)
        self.assertIn("nearly all", profile["structure"]["copies"]["evidence"])

    def test_equal_answers_are_no_copies(self):
        for seed in range(3):
            random = drawn(62 + seed)
            common = random.normal(size=(500, 1))
            answers = np.digitize(0.75 * common + 0.66 * random.normal(size=(500, 6)), [-1.2, -0.4, 0.4, 1.2]) + 1
            columns = {f"item_{place}": answers[:, place] for place in range(6)}
            with self.subTest(seed=seed):
                self.assertEqual(self.found(columns), {})


class Survival(Parts):
    def table(self, random, states, name="event", span="time", rows=160):
        cause = np.where(random.random(rows) < 0.35, 0, random.integers(1, len(states), rows))
        return {
            "arm": random.choice(["a", "b"], rows),
            span: random.exponential(12, rows).round(2) + 0.01,
            name: np.array(states)[cause],
            "age": random.normal(60, 8, rows).round(),
        }

    def test_any_coding_of_the_event(self):
        random = drawn(70)
        for states, name, span in (
            ([0, 1], "event", "time"),
            ([1, 2], "status", "days"),
            (["no", "yes"], "died", "followup_months"),
            (["alive", "dead"], "state", "years"),
            (["censored", "relapse", "death"], "outcome", "time"),
            ([0, 1, 2], "status", "survival_weeks"),
        ):
            with self.subTest(name, states=states):
                profile = self.profile(self.table(random, states, name, span))
                survival = profile["structure"]["survival"]
                self.assertEqual((survival["columns"], survival["entry"]), ([span, name], None))
                pair = next(p for p in profile["tautologies"] if {p["x"], p["y"]} == {span, name})
                self.assertEqual(pair["kind"], "duration_event")
                # The test of survival takes two states.
                self.assertEqual(len(profile["survival"]), 1 if len(states) == 2 else 0)

    def test_how_a_match_or_a_test_ended_is_no_event(self):
        random = drawn(75)
        for states, name, span in (
            (["passed", "failed"], "outcome", "time"),
            (["won", "lost"], "outcome", "duration"),
            (["correct", "wrong"], "status", "time"),
            (["north", "south"], "exit", "time"),
        ):
            with self.subTest(name, states=states):
                profile = self.profile(self.table(random, states, name, span))
                self.assertIsNone(profile["structure"]["survival"])
                self.assertEqual(profile["survival"], [])

    def test_machines_that_failed_are_watched_until_then(self):
        random = drawn(76)
        for states, name, span in (
            (["running", "failed"], "status", "time"),
            (["censored", "failed"], "outcome", "duration"),
            ([0, 1], "failed", "time"),
        ):
            with self.subTest(name, states=states):
                survival = self.profile(self.table(random, states, name, span))["structure"]["survival"]
                self.assertEqual(survival["columns"], [span, name])

    def test_words_of_other_meanings_are_doubtful(self):
        survival = self.profile(self.table(drawn(77), [0, 1], "outcome", "time"))["structure"]["survival"]
        self.assertLess(survival["sure"], 0.7)

    def test_entry(self):
        random = drawn(71)
        columns = self.table(random, [0, 1], "event", "stop")
        columns["start"] = (columns["stop"] * random.uniform(0, 0.9, 160)).round(3)
        columns["stop"] = columns["stop"] + 0.01
        survival = self.profile(columns)["structure"]["survival"]
        self.assertEqual(survival["columns"], ["stop", "event", "start"])

    def test_the_time_of_something_else_is_no_duration(self):
        random = drawn(72)
        columns = self.table(random, [0, 1], "died", "days_observed")
        treated = random.random(160) < 0.5
        columns["days_to_start"] = [day if on else None for day, on in zip(random.integers(1, 90, 160), treated)]
        columns["treated"] = np.where(treated, "yes", "no")
        profile = self.profile(columns)
        self.assertEqual(profile["structure"]["survival"]["columns"], ["days_observed", "died"])

    def test_two_states_and_numbers_are_not_enough(self):
        random = drawn(73)
        columns = {
            "stay": random.gamma(2, 3, 150).round(1),
            "readmitted": random.choice(["yes", "no"], 150),
            "dead_leaves": random.poisson(9, 150),
        }
        self.assertEqual(self.found(columns), {})


class Assignment(Parts):
    def test_declared_alone(self):
        random = drawn(80)
        columns = {**measures(random, 120), "arm": random.permutation(np.repeat(["new", "old"], 60))}
        self.assertEqual(self.found(columns), {})
        assigned = self.profile(columns, randomised=["arm"])["structure"]["assigned"]
        self.assertEqual((assigned["columns"], assigned["source"], assigned["level"]), (["arm"], "declared", {}))

    def test_to_clusters(self):
        random = drawn(81)
        village = np.repeat(np.arange(24), 10)
        columns = {
            **things(random, village, 0.3),
            "vlg": [f"v{v}" for v in village],
            "arm": np.where(village % 2, "a", "b"),
        }
        assigned = self.profile(columns, randomised=["arm"])["structure"]["assigned"]
        self.assertEqual(assigned["level"], {"arm": "vlg"})
        self.assertIn("assigned to vlg", assigned["evidence"])

    def test_blocks_and_whole_plots(self):
        random = drawn(82)
        rows = [(b, w, q) for b in range(6) for w in range(3) for q in (0, 30, 60, 90)]
        plots = random.normal(0, 5, size=(6, 3))
        yields = [60 + plots[b, w] + 0.1 * q + random.normal(0, 2) for b, w, q in rows]
        columns = {
            "strip": [f"S{b}" for b, _, _ in rows],
            "tilling": [("flat", "ridge", "deep")[w] for _, w, _ in rows],
            "dung": [q for _, _, q in rows],
            "yield": np.round(yields, 2),
        }
        clusters = self.profile(columns, randomised=["tilling", "dung"])["structure"]["clusters"]
        self.assertEqual(clusters["columns"], ["strip", "tilling"])
        self.assertIn("whole plots", clusters["evidence"])


class AtRisk(Parts):
    def test_counts_in_proportion(self):
        random = drawn(90)
        hours = np.exp(random.uniform(np.log(20), np.log(900), 160)).round()
        columns = {
            "oil": random.choice(["A", "B"], 160),
            "run_h": hours,
            "faults": random.poisson(hours * 0.01 * random.gamma(4, 0.25, 160)),
            "age": random.integers(1, 15, 160),
        }
        at_risk = self.profile(columns)["structure"]["at_risk"]
        self.assertEqual((at_risk["columns"], at_risk["counts"], at_risk["trials"]), (["run_h"], ["faults"], False))

    def test_k_of_n(self):
        random = drawn(91)
        sown = random.integers(12, 40, 60)
        columns = {"soil": random.choice(["clay", "sand"], 60), "sown": sown, "up": random.binomial(sown, 0.6)}
        profile = self.profile(columns)
        at_risk = profile["structure"]["at_risk"]
        self.assertEqual((at_risk["columns"], at_risk["counts"], at_risk["trials"]), (["sown"], ["up"], True))
        self.assertEqual([(p["x"], p["y"], p["kind"]) for p in profile["tautologies"]], [("sown", "up", "share")])

    def test_counts_that_go_along_are_in_no_proportion(self):
        for seed in range(3):
            random = drawn(92 + seed)
            rate = random.gamma(2, 3, 200)
            columns = {
                "visits": random.poisson(rate),
                "calls": random.poisson(2 * rate),
                "mails": random.poisson(10 * rate),
            }
            with self.subTest(seed=seed):
                self.assertEqual(self.found(columns), {})


def plain_tables(random, rows):
    """Tables of independent rows: {name: columns}."""
    common = random.normal(size=(rows, 1))
    mixed = lambda share: np.sqrt(share) * common + np.sqrt(1 - share) * random.normal(size=(rows, 5))
    named = lambda table, digits=3: {name: table[:, place].round(digits) for place, name in enumerate(METALS)}
    group = random.integers(0, 5, rows)
    age = random.integers(18, 85, rows)
    return {
        "normal": named(random.normal(size=(rows, 5))),
        "rounded": named(random.normal(40, 6, size=(rows, 5)), 0),
        "heavy": named(random.standard_t(1.5, size=(rows, 5))),
        "skewed": named(np.exp(random.normal(size=(rows, 5)))),
        "weakly correlated": named(mixed(0.3)),
        "strongly correlated": named(10 * mixed(0.92) + 100, 1),
        "counts": named(random.poisson([1, 3, 9, 40, 200], size=(rows, 5)), 0),
        "mostly zero": named(random.exponential(size=(rows, 5)) * (random.random((rows, 5)) < 0.3), 2),
        "answers": named(np.digitize(mixed(0.6), [-1.2, -0.4, 0.4, 1.2]) + 1, 0),
        "groups": {**named(random.normal(0, 1.3, size=(5, 5))[group] + random.normal(size=(rows, 5))), "set": group},
        "sorted": named(mixed(0.5)[np.argsort(random.normal(size=rows))][np.argsort(common[:, 0])]),
        "ages": {
            "age": age,
            "grip": (60 - 0.02 * (age - 30) ** 2 + random.normal(0, 7, rows)).round(1),
            "sleep": (8 - 0.02 * age + random.normal(0, 0.8, rows)).round(1),
        },
        "trial": {**named(random.normal(size=(rows, 5))), "drug": random.choice(["new", "old"], rows)},
        "ticks": {
            f"has_{name}": (random.random(rows) < share) * 1 for name, share in zip(METALS, (0.05, 0.2, 0.4, 0.5, 0.7))
        }
        | {"size": random.normal(size=rows).round(3)},
        "words": {
            "ward": [f"w{w}" for w in random.integers(0, 15, rows)],
            "nurse": [f"n{w}" for w in random.integers(0, 25, rows)],
            **named(random.normal(size=(rows, 5))),
        },
    }


class Nothing(Parts):
    def test_independent_rows_have_no_structure(self):
        for seed, rows in enumerate((40, 150, 700)):
            for name, columns in plain_tables(drawn(100 + seed), rows).items():
                with self.subTest(name, rows=rows):
                    profile = self.profile(columns)
                    self.assertEqual({n: p for n, p in profile["structure"].items() if p}, {})
                    self.assertEqual(profile["identities"], [])


SCRIPT = {}
exec(
    compile(
        "\n".join(
            (AGENT / folder / f"{part}.py").read_text(encoding="utf-8")
            for folder in ("reader", "lib")
            for part in family("profile")[folder]
        ),
        "profile",
        "exec",
    ),
    SCRIPT,
)


class LargeTables(unittest.TestCase):
    """Of more rows than are looked at, whole units and runs of neighbours stand for all."""

    def columns(self, rows, random):
        import pyarrow as pa

        unit = random.permutation(np.repeat(np.arange(rows // 20), 20))
        known = {"missing": 0, "levels": None, "level_order": None, "moment": None, "excluded": None, "usable": True}
        columns, arrays = [], []
        effect = random.normal(size=(rows // 20, 3))[unit]
        for place, values in enumerate([unit.astype(float), *(effect + random.normal(size=(rows, 3))).T]):
            columns.append(
                {**known, "name": f"c{place}", "role": "numeric", "integer": place == 0, "distinct": len(np.unique(values)),
                 "min": values.min(), "max": values.max()}
            )  # fmt: skip
            arrays.append(pa.array(values))
        return columns, arrays

    def test_units_that_lie_scattered(self):
        random = drawn(200)
        columns, arrays = self.columns(440_000, random)
        # Numbers of units in no order, so that they are names.
        table = SCRIPT["TableRows"](columns, arrays)
        self.assertLessEqual(len(table.picked), SCRIPT["MOST_ROWS"])
        self.assertTrue((np.diff(table.picked) > 0).all())
        found = SCRIPT["study_structure"](columns, arrays, [], {})
        self.assertEqual(found["units"], {"column": "c0", "n_units": 22_000})
        again = SCRIPT["study_structure"](*self.columns(440_000, drawn(200)), [], {})
        self.assertEqual(again, found)


if __name__ == "__main__":
    unittest.main()


class Numbered(unittest.TestCase):
    """Numbers behind names that count columns, and keys that count nothing."""

    def test_numbers_alone_make_no_pair(self):
        random = drawn(81)
        first = random.normal(20, 4, 80)
        for names, paired in (
            (("x1", "x2"), False),
            (("item_1", "item_2"), False),
            (("q1", "q2"), False),
            (("visit1_weight", "visit2_weight"), True),
            (("weight_before", "weight_after"), True),
        ):
            with self.subTest(names):
                second = first + random.normal(0, 3, 80)
                age = random.normal(50, 9, 80).round(1)
                columns = {names[0]: first.round(2), names[1]: second.round(2), "age": age}
                pairs = Lab(csv_of(columns)).profile["paired"]
                self.assertEqual([(pair["x"], pair["y"]) for pair in pairs], [names] if paired else [])

    def test_a_key_of_a_lookup_is_a_subject_only_where_its_rows_are_alike(self):
        random = drawn(82)
        keys = random.integers(1, 13, 120)
        effects = random.normal(0, 6, 13)
        for name, effect, found in (
            ("nurse_id", 0, None),
            ("nurse_id", 1, ["nurse_id"]),
            ("patient_id", 0, ["patient_id"]),
        ):
            with self.subTest(name, effect=effect):
                columns = {
                    name: [f"N{key}" for key in keys],
                    "dose": random.normal(10, 3, 120).round(2),
                    "score": (effect * effects[keys] + random.normal(40, 3, 120)).round(2),
                }
                subject = Lab(csv_of(columns)).profile["structure"]["subject"]
                self.assertEqual(subject and subject["columns"], found)
