"""Several tables as one: which keys are found and which are not, and that every figure is that of pandas and SciPy."""

import importlib.util
import json
import unittest

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import statsmodels.api as sm
from join_kinds import related, unrelated_tables
from joining import ASKED, PROFILE, JoinLab, find_keys, join_tables, key, keys_of
from scipy import stats
from scripts import AGENT, Lab, csv_of

SEEDS = range(4)


def clinic(seed=2):
    """50 patients, and the visits of 48 of them and of three strangers, in no order."""
    draw = np.random.default_rng(seed)
    patients = pd.DataFrame(
        {
            "id": np.arange(1, 51),
            "age": draw.integers(20, 80, 50),
            "arm": draw.choice(["drug", "placebo"], 50),
        }
    )
    rows = []
    for patient in [*range(1, 51), 61, 62, 63]:
        if patient in (7, 9):
            continue
        for visit in range(int(draw.integers(1, 5))):
            rows.append(
                {
                    "patient": patient,
                    "day": 7 * visit + int(draw.integers(0, 3)),
                    "pain": round(float(draw.normal(50, 9)), 1) if draw.random() > 0.1 else None,
                    "smoker": draw.choice(["yes", "no"]),
                    "site": "north" if patient % 3 else "south",
                    "ward": draw.choice(["A", "B", "C"]),
                    "note": f"visit {visit} of patient {patient}, " + "nothing else was said " * 4,
                }
            )
    visits = pd.DataFrame(rows).sample(frac=1, random_state=seed).reset_index(drop=True)
    return patients, visits


def lists(frame):
    """A frame as {column: values}, None where missing."""
    return {name: [None if pd.isna(value) else value for value in frame[name].tolist()] for name in frame}


def parts_of_subjects(lab, column, split):
    """{subject: parts of the split in which its rows are}."""
    space = {}
    exec((AGENT / "lib" / "table.py").read_text(), space)
    path = lab.root / "profile" / "table.parquet"
    explore = space["Table"]({"table": path, "split": split, "seed": 5}).split()
    found = {}
    for subject, part in zip(pq.read_table(path).column(column).to_pylist(), explore.tolist()):
        found.setdefault(subject, set()).add(part)
    return found


def slope_p(x, y):
    """p of a slope with errors for unequal spread, by statsmodels."""
    return sm.OLS(np.asarray(y), sm.add_constant(np.asarray(x))).fit(cov_type="HC3", use_t=True).pvalues[1]


class Compared(unittest.TestCase):
    def assert_column(self, found, wanted, name):
        """Numbers equal to 12 digits, texts and missing cells exactly."""
        wanted = list(wanted)
        self.assertEqual(len(found), len(wanted), name)
        for place, (one, other) in enumerate(zip(found, wanted)):
            if other is None or (isinstance(other, float) and np.isnan(other)):
                self.assertIsNone(one, f"{name}, row {place}")
            elif isinstance(other, str):
                self.assertEqual(one, other, f"{name}, row {place}")
            else:
                self.assertAlmostEqual(float(one), float(other), places=11, msg=f"{name}, row {place}")


class Found(unittest.TestCase):
    def test_keys_of_many_kinds_are_found(self):
        kinds = set()
        for seed in SEEDS:
            for kind, tables, question, wanted in related(np.random.default_rng(seed)):
                with self.subTest(kind=kind, seed=seed):
                    found, why = find_keys(tables, question)
                    self.assertEqual(found, {key(*sides) for sides in wanted}, why)
                kinds.add(kind)
        self.assertGreaterEqual(len(kinds), 20)

    def test_unrelated_tables_are_not_joined(self):
        pairs = 0
        for seed in SEEDS:
            for kind, tables in unrelated_tables(np.random.default_rng(100 + seed)).items():
                with self.subTest(kind=kind, seed=seed):
                    found, why = find_keys(tables)
                    self.assertEqual(found, set())
                    self.assertTrue(why.startswith("no_join: "), why)
                    self.assertIn("[[join]]", why)
                pairs += 1
        self.assertGreaterEqual(pairs, 60)

    def test_what_was_not_joined_is_said_with_its_reason(self):
        tables = unrelated_tables(np.random.default_rng(3))
        _, why = find_keys(tables["row numbers under id"])
        self.assertIn("'id' of stars and 'id' of wines share", why)
        self.assertIn("agree so by chance", why)
        _, why = find_keys(tables["years"])
        self.assertIn("their names speak of amounts or times", why)

    def test_two_columns_that_fit_are_left_to_the_person(self):
        draw = np.random.default_rng(4)
        teams = {"team": [f"club {name}" for name in "abcdefghijklmnop"], "budget": draw.normal(9, 2, 16).round(2)}
        home, away = draw.choice(teams["team"], (2, 90))
        games = {"home_team": home, "away_team": away, "goals": draw.poisson(2, 90)}
        found, why = find_keys({"teams": teams, "games": games})
        self.assertEqual(found, set())
        self.assertIn("nothing tells which", why)

    def test_a_key_that_nearly_is_one_is_said(self):
        draw = np.random.default_rng(5)
        patients = {"id": [*range(1, 41), 40], "height": draw.normal(170, 9, 41).round(1)}
        visits = {"patient": [*range(1, 41)] * 2, "pain": draw.normal(50, 9, 80).round(1)}
        found, why = find_keys({"patients": patients, "visits": visits})
        self.assertEqual(found, set())
        self.assertIn("'id' of patients would be the key, but 1 row repeats a value ('40')", why)

    def test_evidence_has_its_figures(self):
        patients, visits = clinic()
        lab = JoinLab({"patients": lists(patients), "visits": lists(visits)})
        (join,) = lab.joins
        self.assertIn("'patient' of visits has 48 of the 50 values of 'id' of patients", join["evidence"])
        strangers = int((visits.patient > 50).sum())
        self.assertIn(
            f"2 rows of patients have none in visits, {strangers} rows of visits none in patients", join["evidence"]
        )
        wanted = {
            "left": "patients",
            "right": "visits",
            "on": [["id", "patient"]],
            "how": "left",
            "cardinality": "one_to_many",
            "matched_left": 48,
            "lost_left": 2,
            "matched_right": len(visits) - strangers,
            "lost_right": strangers,
        }
        self.assertEqual({name: join[name] for name in wanted}, wanted)
        self.assertGreater(join["sure"], 0.7)
        warnings = "\n".join(lab.profile["warnings"])
        self.assertIn(
            f"{strangers} rows of visits have no partner in patients and are not in the joined table", warnings
        )
        self.assertIn("2 rows of patients have no partner in visits: they have no values of its columns", warnings)

    def test_spelling_is_set_aside_only_where_values_stay_apart(self):
        draw = np.random.default_rng(5)
        codes = [f"R{number:02d}" for number in range(1, 41)]
        rats = {"rat": codes, "weight": draw.normal(300, 20, 40).round(1)}
        runs = {"rat": [code.lower() for code in codes] * 2, "seconds": draw.normal(30, 5, 80).round(1)}
        lab = JoinLab({"rats": rats, "runs": runs})
        self.assertIn(
            "case, blanks and hyphens aside, each value of one is one value of the other", lab.joins[0]["evidence"]
        )
        mixed = {**rats, "rat": [*codes[:-1], "r01"]}
        self.assertEqual(find_keys({"rats": mixed, "runs": runs})[0], set())


class Aggregated(Compared):
    @classmethod
    def setUpClass(cls):
        cls.patients, cls.visits = clinic()
        cls.lab = JoinLab({"patients": lists(cls.patients), "visits": lists(cls.visits)}, target="age")
        cls.columns = {column["name"]: column for column in cls.lab.profile["columns"]}

    def test_each_derived_column_is_that_of_pandas(self):
        table, groups = self.lab.table(), self.visits.groupby("patient")
        inside = self.visits.assign(row=range(len(self.visits))).sort_values(["day", "row"])
        known = inside.dropna(subset="pain").groupby("patient")["pain"]
        change = (known.last() - known.first()).where(known.size() > 1)
        wanted = {
            "visits: count of rows": groups.size(),
            "visits: mean of pain": groups["pain"].mean(),
            "visits: last of pain": known.last(),
            "visits: change of pain": change,
            "visits: last of day": groups["day"].max(),
            "site": groups["site"].first(),
            "visits: share of smoker = yes": groups["smoker"].agg(lambda values: (values == "yes").mean()),
            "visits: share of ward = A": groups["ward"].agg(lambda values: (values == "A").mean()),
            "visits: share of ward = B": groups["ward"].agg(lambda values: (values == "B").mean()),
            "visits: share of ward = C": groups["ward"].agg(lambda values: (values == "C").mean()),
        }
        for name, values in wanted.items():
            values = values.reindex(self.patients.id)
            self.assert_column(table[name], values.fillna(0) if name.endswith("count of rows") else values, name)
        for name in self.patients:
            self.assert_column(table[name], self.patients[name], name)
        self.assertEqual(set(table), {*wanted, *self.patients, "visits: change of day"})

    def test_columns_say_where_they_come_from(self):
        derived = self.columns["visits: last of pain"]["derived"]
        self.assertEqual(
            {name: derived[name] for name in ("kind", "table", "column", "time")},
            {"kind": "last", "table": "visits", "column": "pain", "time": "day"},
        )
        self.assertEqual(
            derived["rule"], "last value of 'pain', by 'day', of the rows of visits with the same 'patient'"
        )
        self.assertEqual(self.columns["visits: share of ward = B"]["derived"]["level"], "B")
        self.assertIsNone(self.columns["age"]["derived"])
        self.assertEqual({self.columns[name]["table"] for name in ("age", "arm", "id")}, {"patients"})
        held = {table["name"]: table for table in self.lab.source["tables"]}
        self.assertEqual(held["patients"]["columns"], ["id", "age", "arm"])
        self.assertEqual(len(held["visits"]["columns"]) + 3, len(self.columns))
        self.assertTrue(all(table["joined"] for table in held.values()))

    def test_what_is_left_out_is_said(self):
        (left_out,) = self.lab.joins[0]["left_out"]
        self.assertEqual(left_out["column"], "note")
        self.assertTrue(any("'note'" in warning for warning in self.lab.profile["warnings"]))

    def test_descriptions_are_those_of_the_joined_rows(self):
        pain = self.columns["visits: mean of pain"]
        means = self.visits.groupby("patient")["pain"].mean().reindex(self.patients.id)
        self.assertEqual(pain["missing"], int(means.isna().sum()))
        self.assertAlmostEqual(pain["mean"], means.mean(), places=10)
        self.assertAlmostEqual(pain["sd"], means.std(), places=10)
        self.assertEqual(self.columns["visits: count of rows"]["missing"], 0)
        sites = self.visits.groupby("patient")["site"].first().reindex(self.patients.id).value_counts()
        self.assertEqual({level["level"]: level["n"] for level in self.columns["site"]["levels"]}, sites.to_dict())

    def test_a_test_across_tables_is_that_of_scipy(self):
        test = self.lab.tests("group_numeric", {"x": "arm", "y": "visits: mean of pain"})[0]
        means = self.visits.groupby("patient")["pain"].mean().reindex(self.patients.id)
        sides = [means[(self.patients.arm == arm).to_numpy()].dropna() for arm in ("drug", "placebo")]
        self.assertAlmostEqual(test["whole"]["p"], stats.ttest_ind(*sides, equal_var=False).pvalue, places=12)


class Declared(Compared):
    def joined(self, *joins, tables=None, **protocol):
        patients, visits = clinic()
        tables = tables or {"patients": lists(patients), "visits": lists(visits.drop(columns="note"))}
        return JoinLab(tables, join=[{"how": "left", "aggregate": None, **join} for join in joins], **protocol)

    def refusal(self, join, tables=None):
        lab = self.joined(join, tables=tables)
        self.assertEqual(lab.problem["code"], "unusable_join", lab.problem)
        return lab.problem["message"]

    def test_each_aggregate_gives_its_columns_alone(self):
        on = {"left": "patients", "right": "visits", "on": [["id", "patient"]]}
        wanted = {
            "count": ["visits: count of rows"],
            "mean": ["visits: mean of day", "visits: mean of pain"],
            "last": [f"visits: last of {name}" for name in ("day", "pain", "smoker", "site", "ward")],
            "share": ["visits: share of smoker = yes", "visits: share of site = south"]
            + [f"visits: share of ward = {ward}" for ward in "ABC"],
            "change": ["visits: change of day", "visits: change of pain"],
        }
        for aggregate, names in wanted.items():
            lab = self.joined({**on, "aggregate": aggregate})
            self.assertEqual([column["name"] for column in lab.profile["columns"]][3:], names)
            self.assertEqual(lab.profile["rows"], 50)

    def test_no_aggregate_keeps_the_rows_of_the_many_side(self):
        patients, visits = clinic()
        lab = self.joined(
            {"left": "patients", "right": "visits", "on": [["id", "patient"]], "how": "inner", "aggregate": "none"},
            target="age",
        )
        merged = visits.merge(patients, left_on="patient", right_on="id", how="inner")
        table = lab.table()
        for name in ("patient", "day", "pain", "site", "age", "arm"):
            self.assert_column(table[name], merged[name], name)
        self.assertEqual(lab.profile["units"]["column"], "patient")

    def test_rows_without_a_partner_stay_or_go_as_declared(self):
        patients, visits = clinic()
        merged = {
            how: patients.merge(
                visits.groupby("patient", sort=False).agg(pain=("pain", "mean"), n=("pain", "size")),
                left_on="id",
                right_index=True,
                how=how,
            )
            for how in ("left", "inner", "outer")
        }
        for how, rows in (("left", 50), ("inner", 48), ("full", 53)):
            lab = self.joined({"left": "patients", "right": "visits", "on": [["id", "patient"]], "how": how})
            self.assertEqual(lab.profile["rows"], rows)
            frame = merged["outer" if how == "full" else how].set_index("id")
            table = lab.table()
            self.assertEqual(sorted(map(float, table["id"])), sorted(map(float, frame.index)))
            self.assert_column(table["visits: mean of pain"], frame["pain"].reindex(table["id"]), how)
            self.assert_column(table["visits: count of rows"], frame["n"].reindex(table["id"]).fillna(0), how)
        turned = self.joined({"left": "visits", "right": "patients", "on": [["patient", "id"]], "aggregate": "mean"})
        self.assertEqual(turned.source["base"], "patients")
        self.assertEqual(sorted(turned.table()["id"]), sorted(map(float, set(visits.patient))))

    def test_keys_spelled_unlike_are_filled_in_a_full_join(self):
        tables = {
            "left_side": {"code": [f"K{number:02d}" for number in range(1, 31)], "size": np.arange(30) * 1.5},
            "right_side": {"code": [f"k{number}" for number in range(3, 34)], "cost": np.arange(31) * 2.5},
        }
        lab = self.joined(
            {"left": "left_side", "right": "right_side", "on": [["code", "code"]], "how": "full"}, tables=tables
        )
        table = lab.table()
        self.assertEqual(table["code"], [f"K{number:02d}" for number in range(1, 31)] + ["k31", "k32", "k33"])
        self.assert_column(table["cost"], [None, None, *(np.arange(31) * 2.5)], "cost")

    def test_the_target_finds_its_aggregate(self):
        lab = self.joined(
            {"left": "patients", "right": "visits", "on": [["id", "patient"]], "aggregate": "mean"}, target="pain"
        )
        self.assertEqual(lab.source["target"], "visits: mean of pain")
        self.assertIsNone(lab.problem)

    def test_joins_that_cannot_be_done_are_refused_with_what_to_do(self):
        on = {"left": "patients", "right": "visits", "on": [["id", "patient"]]}
        self.assertIn("no table 'visit'", self.refusal({**on, "right": "visit"}))
        self.assertIn("did you mean 'visits'?", self.refusal({**on, "right": "visit"}))
        told = self.refusal({**on, "on": [["id", "pateint"]]})
        self.assertIn("no column 'pateint' in visits", told)
        self.assertIn("did you mean 'patient'?", told)
        told = self.refusal({**on, "on": [["arm", "smoker"]]})
        self.assertIn("no value of 'arm' of patients and 'smoker' of visits agrees", told)
        told = self.refusal({**on, "on": [["age", "day"]]})
        self.assertIn("'age' of patients and 'day' of visits", told)
        self.assertIn("no columns", self.refusal({**on, "on": []}))
        self.assertIn("'outer'", self.refusal({**on, "how": "outer"}))
        self.assertIn("'median'", self.refusal({**on, "aggregate": "median"}))
        days = {
            "a": {"when": ["2021-03-01", "2021-03-02", "2021-03-04"] * 4, "x": np.arange(12) * 1.5},
            "b": {"name": list("uvw") * 4, "y": np.arange(12) * 2.5},
        }
        told = self.refusal({"left": "a", "right": "b", "on": [["when", "name"]]}, days)
        self.assertIn("'when' of a holds dates and 'name' of b texts, which cannot agree", told)
        many = {
            "a": {"group": list("uvw") * 4, "x": np.arange(12) * 1.5},
            "b": {"team": list("uvw") * 4, "y": np.arange(12) * 2.5},
        }
        told = self.refusal({"left": "a", "right": "b", "on": [["group", "team"]]}, many)
        self.assertIn("'group' of a and 'team' of b repeat on both sides", told)
        self.assertIn("add a column to `on`", told)
        long = {
            "a": {"id": [10**17 + 10**12 * k for k in range(12)], "x": np.arange(12) * 1.5},
            "b": {"id": [10**17 + 10**12 * k for k in range(12)], "y": np.arange(12) * 2.5},
        }
        self.assertIn("more than 15 digits", self.refusal({"left": "a", "right": "b", "on": [["id", "id"]]}, long))

    def test_a_join_that_is_not_needed_is_said(self):
        patients, visits = clinic()
        both = {"left": "patients", "right": "visits", "on": [["id", "patient"]]}
        lab = self.joined(both, {"left": "visits", "right": "patients", "on": [["patient", "id"]]}, target="pain")
        self.assertEqual(len(lab.joins), 1)
        self.assertTrue(any("was not used" in warning for warning in lab.profile["warnings"]))
        labs = {"patient": [*range(1, 41)] * 2, "glucose": np.arange(80) * 0.7}
        tables = {"patients": lists(patients), "visits": lists(visits), "labs": labs}
        other = {"left": "patients", "right": "labs", "on": [["id", "patient"]], "aggregate": "none"}
        refused = self.joined({**both, "aggregate": "none"}, other, tables=tables)
        self.assertEqual(refused.problem["code"], "unusable_join")
        self.assertIn("has several rows for a row of", refused.problem["message"])

    def test_a_source_that_cannot_be_read_is_named(self):
        patients, _ = clinic()
        tables = {"patients": lists(patients), "visits": ""}
        lab = self.joined({"left": "patients", "right": "visits", "on": [["id", "patient"]]}, tables=tables)
        self.assertEqual(lab.problem["code"], "empty_table")
        self.assertTrue(lab.problem["message"].startswith("visits: "))
        found = JoinLab(tables)
        self.assertEqual(found.problem["code"], "no_join")


class Subjects(Compared):
    @classmethod
    def setUpClass(cls):
        cls.patients, cls.visits = clinic()
        cls.lab = JoinLab({"patients": lists(cls.patients), "visits": lists(cls.visits)}, target="pain")

    def test_the_rows_are_those_of_the_outcome(self):
        merged = self.visits.merge(self.patients, left_on="patient", right_on="id", how="left")
        table = self.lab.table()
        for name in ("patient", "day", "pain", "smoker", "site", "ward", "age", "arm"):
            self.assert_column(table[name], merged[name], name)
        self.assertNotIn("id", table)
        columns = {column["name"]: column for column in self.lab.profile["columns"]}
        self.assertEqual((columns["age"]["table"], columns["age"]["subject"]), ("patients", "patient"))
        self.assertIsNone(columns["pain"]["subject"])

    def parts(self, split):
        return parts_of_subjects(self.lab, "patient", split)

    def test_no_subject_is_in_both_parts_of_the_split(self):
        split = self.lab.profile["split"]
        self.assertEqual((split["by"], split["possible"]), ("patient", True))
        self.assertEqual(self.lab.profile["units"], {"column": "patient", "n_units": 51})
        parts = self.parts({"by": split["by"], "explore": 0.5})
        self.assertEqual(len(parts), 51)
        self.assertEqual({len(sides) for sides in parts.values()}, {1})
        self.assertEqual({side for sides in parts.values() for side in sides}, {True, False})
        # Split by rows, they are: the assertion above can fail.
        self.assertGreater(sum(len(sides) == 2 for sides in self.parts({"by": None, "explore": 0.5}).values()), 5)

    def test_a_looked_up_column_is_tested_with_its_subjects(self):
        test = self.lab.tests(
            "group_numeric", {"x": "arm", "y": "pain", "unit": "patient"}, split={"by": "patient", "explore": 0.5}
        )[0]
        self.assertIn("repeated_units", test["caveats"])

    def test_few_subjects_are_not_halved(self):
        draw = np.random.default_rng(6)
        schools = {"school": [f"school {name}" for name in "abcdefghijkl"], "funding": draw.normal(9, 1, 12).round(2)}
        pupils = {"school": np.repeat(schools["school"], 20), "score": draw.normal(50, 9, 240).round(1)}
        lab = JoinLab({"schools": schools, "pupils": pupils}, target="score")
        self.assertEqual(lab.profile["units"], {"column": "school", "n_units": 12})
        self.assertFalse(lab.profile["split"]["possible"])


class Three(Compared):
    def setUp(self):
        draw = np.random.default_rng(7)
        self.schools = pd.DataFrame({"school_id": np.arange(1, 31), "funding": draw.normal(9, 1, 30).round(2)})
        self.classes = pd.DataFrame(
            {
                "class_id": np.arange(101, 191),
                "school_id": np.repeat(np.arange(1, 31), 3),
                "size": draw.integers(15, 31, 90),
            }
        )
        self.pupils = pd.DataFrame(
            {
                "pupil_id": np.arange(1, 361),
                "class_id": np.repeat(np.arange(101, 191), 4),
                "score": draw.normal(50, 9, 360).round(1),
                "size": draw.normal(150, 9, 360).round(1),
            }
        )
        self.tables = {name: lists(getattr(self, name)) for name in ("schools", "classes", "pupils")}

    def test_a_chain_from_its_many_end(self):
        lab = JoinLab(self.tables, target="score")
        wanted = self.pupils.merge(self.classes, on="class_id", suffixes=("", " of the class")).merge(
            self.schools, on="school_id"
        )
        table = lab.table()
        self.assert_column(table["size"], wanted["size"], "size")
        self.assert_column(table["classes: size"], wanted["size of the class"], "classes: size")
        self.assert_column(table["funding"], wanted["funding"], "funding")
        columns = {column["name"]: column for column in lab.profile["columns"]}
        self.assertEqual(columns["classes: size"]["subject"], "class_id")
        self.assertEqual(columns["funding"]["subject"], "school_id")
        self.assertTrue(any("is called 'classes: size'" in warning for warning in lab.profile["warnings"]))

    def test_the_subjects_are_those_of_the_columns_asked_for(self):
        units = {
            question: JoinLab(self.tables, target="score", question=question).profile["units"]["column"]
            for question in ("", "Does funding raise the score?")
        }
        self.assertEqual(units, {"": "class_id", "Does funding raise the score?": "school_id"})

    def test_a_chain_from_its_one_end(self):
        lab = JoinLab(self.tables, target="funding")
        means = self.pupils.groupby("class_id")["score"].mean().rename("score")
        wanted = self.classes.merge(means, left_on="class_id", right_index=True).groupby("school_id")["score"].mean()
        self.assertEqual(lab.profile["rows"], 30)
        self.assert_column(lab.table()["classes: mean of pupils: mean of score"], wanted, "mean of means")

    def test_a_star(self):
        patients, visits = clinic()
        draw = np.random.default_rng(8)
        labs = pd.DataFrame({"patient": np.repeat(np.arange(1, 46), 2), "glucose": draw.normal(90, 9, 90).round(1)})
        lab = JoinLab({"patients": lists(patients), "visits": lists(visits), "labs": lists(labs)}, target="age")
        table = lab.table()
        for name, frame, column in (("visits", visits, "pain"), ("labs", labs, "glucose")):
            wanted = frame.groupby("patient")[column].mean().reindex(patients.id)
            self.assert_column(table[f"{name}: mean of {column}"], wanted, name)
        self.assertEqual(lab.profile["rows"], 50)
        asked = JoinLab({"patients": lists(patients), "visits": lists(visits), "labs": lists(labs)}, target="pain")
        wanted = visits.merge(
            labs.groupby("patient")["glucose"].mean(), left_on="patient", right_index=True, how="left"
        )
        self.assert_column(
            asked.table()["labs: mean of glucose"], wanted.loc[visits.index, "glucose"], "through the patient"
        )

    def test_a_table_that_belongs_to_none_is_left_out_and_said(self):
        patients, visits = clinic()
        stars = {"id": np.arange(1, 51), "brightness": np.linspace(3, 9, 50).round(2)}
        lab = JoinLab({"patients": lists(patients), "visits": lists(visits), "stars": stars})
        self.assertEqual(keys_of(lab.joins), {key("patients.id", "visits.patient")})
        self.assertTrue(any(warning.startswith("stars was not joined: ") for warning in lab.profile["warnings"]))
        self.assertFalse(next(table for table in lab.source["tables"] if table["name"] == "stars")["joined"])
        alone = JoinLab({"patients": lists(patients), "visits": lists(visits), "stars": stars}, target="brightness")
        self.assertEqual(alone.problem["code"], "no_join")
        self.assertIn("no table was joined to stars", alone.problem["message"])


class Views(Compared):
    @unittest.skipUnless(importlib.util.find_spec("duckdb"), "needs DuckDB")
    def test_sql_gives_the_same_rows(self):
        import duckdb

        patients, visits = clinic()
        codes = patients.assign(id=[f"P-{number:03d}" for number in patients.id])
        coded = visits.assign(patient=[f"p{number}" for number in visits.patient])
        dated = visits.assign(day=[str(np.datetime64("2021-03-01") + number) for number in visits.day])
        draw = np.random.default_rng(9)
        meals = pd.DataFrame(
            {
                "date": np.tile([f"2021-03-{day:02d}" for day in range(1, 6)], 40),
                "patient": np.repeat(np.arange(1, 41), 5),
                "sugar": draw.normal(9, 1, 200).round(2),
            }
        )
        sleep = meals.rename(columns={"sugar": "slept"}).sample(frac=0.9, random_state=1)
        both = [["id", "patient"]]
        cases = {
            "aggregated": ({"patients": patients, "visits": visits}, {"target": "age"}),
            "looked up": ({"patients": patients, "visits": visits}, {"target": "pain"}),
            "spelled unlike": ({"patients": codes, "visits": coded}, {"target": "age"}),
            "by dates": ({"patients": patients, "visits": dated}, {"target": "age"}),
            "two columns": ({"meals": meals, "sleep": sleep}, {"target": "sugar"}),
            "inner": (
                {"patients": patients, "visits": visits},
                {"join": [{"left": "patients", "right": "visits", "on": both, "how": "inner"}]},
            ),
            "full": (
                {"patients": patients, "visits": visits},
                {"join": [{"left": "patients", "right": "visits", "on": both, "how": "full"}]},
            ),
            "full of rows": (
                {"patients": patients, "visits": visits},
                {"join": [{"left": "patients", "right": "visits", "on": both, "how": "full", "aggregate": "none"}]},
            ),
            "quotes": (
                {
                    "pati'ents": patients.rename(columns={"age": 'a"ge'}),
                    "visits": visits.rename(columns={"smoker": "it's"}),
                },
                {"target": 'a"ge'},
            ),
        }
        for name, (frames, protocol) in cases.items():
            with self.subTest(name):
                lab = JoinLab({table: lists(frame) for table, frame in frames.items()}, **protocol)
                self.assertIsNone(lab.problem)
                base = duckdb.connect()
                for table, frame in frames.items():
                    single = Lab(csv_of(lists(frame)))
                    path = single.root / "profile" / "table.parquet"
                    base.execute(f"CREATE TABLE {PROFILE['identifier'](table)} AS SELECT * FROM read_parquet('{path}')")
                found = base.sql(lab.source["view"]).to_arrow_table().to_pydict()
                wanted = lab.table()
                self.assertEqual(list(found), list(wanted))
                for column, values in wanted.items():
                    as_text = values and any(isinstance(value, str) for value in values)
                    own = [
                        PROFILE["number_text"](value) if as_text and isinstance(value, float) else value
                        for value in found[column]
                    ]
                    self.assert_column(own, values, f"{name}: {column}")

    def test_the_same_bytes_whatever_the_number_of_threads(self):
        patients, visits = clinic()
        seen = set()
        for threads in (1, 4):
            before = pa.cpu_count()
            pa.set_cpu_count(threads)
            try:
                lab = JoinLab({"patients": lists(patients), "visits": lists(visits)}, target="age")
            finally:
                pa.set_cpu_count(before)
            seen.add((lab.bytes, (lab.root / "profile" / "table.parquet").read_bytes()))
        cold = JoinLab({"patients": lists(patients), "visits": lists(visits)}, target="age", cold=True)
        seen.add((cold.bytes, (cold.root / "profile" / "table.parquet").read_bytes()))
        self.assertEqual(len(seen), 1)

    def test_a_join_makes_no_rows(self):
        joined = 0
        for kind, tables, question, _ in related(np.random.default_rng(50)):
            result, why = join_tables(tables, question)
            self.assertIsNotNone(result, f"{kind}: {why}")
            most = max(len(next(iter(table.values()))) for table in tables.values())
            self.assertLessEqual(result["rows"], most, kind)
            joined += 1
        self.assertGreaterEqual(joined, 20)


class Reshaped(Compared):
    """Tables that have another form come to what pandas makes of them."""

    def test_wide_years_are_those_of_melt(self):
        draw = np.random.default_rng(10)
        wide = pd.DataFrame({"town": [f"town {k}" for k in range(30)], "coast": draw.choice(["yes", "no"], 30)})
        for year in range(2001, 2006):
            wide[str(year)] = draw.normal(50 + year - 2001, 9, 30).round(2)
        lab = Lab(csv_of(lists(wide)))
        table = pq.read_table(lab.root / "profile" / "table.parquet").to_pydict()
        melted = wide.melt(["town", "coast"], var_name="year").sort_values(
            ["town", "year"],
            key=lambda column: column if column.name == "year" else column.str[5:].astype(int),
            kind="stable",
        )
        self.assert_column(table["value"], melted["value"], "value")
        self.assert_column(table["year"], melted["year"].astype(float), "year")
        self.assertEqual(lab.profile["units"], {"column": "town", "n_units": 30})
        parts = parts_of_subjects(lab, "town", lab.profile["split"])
        self.assertEqual({len(sides) for sides in parts.values()}, {1})
        test = lab.tests("numeric_numeric", {"x": "year", "y": "value"})[0]
        self.assertAlmostEqual(test["whole"]["p"], slope_p(melted["year"].astype(float), melted["value"]), places=9)

    def test_repeated_measures_are_those_of_wide_to_long(self):
        draw = np.random.default_rng(13)
        for form in ("{stem}_week{time}", "week {time} - {stem}"):
            wide = pd.DataFrame({"id": np.arange(1, 31), "arm": draw.choice(["drug", "placebo"], 30)})
            for time in (1, 2, 4, 8):
                for stem in ("pain", "mood"):
                    wide[form.format(stem=stem, time=time)] = draw.normal(50, 9, 30).round(1)
            plain = wide.rename(
                columns={form.format(stem=s, time=t): f"{s}_{t}" for s in ("pain", "mood") for t in (1, 2, 4, 8)}
            )
            wanted = (
                pd.wide_to_long(plain, ["pain", "mood"], "id", "week", sep="_")
                .reset_index()
                .sort_values(["id", "week"])
            )
            lab = Lab(csv_of(lists(wide)))
            table = pq.read_table(lab.root / "profile" / "table.parquet").to_pydict()
            self.assertEqual(list(table), ["id", "arm", "week", "pain", "mood"])
            for name in table:
                self.assert_column(table[name], wanted[name], name)
            self.assertEqual(lab.profile["units"], {"column": "id", "n_units": 30})
            self.assertEqual(lab.profile["split"]["by"], "id")
            parts = parts_of_subjects(lab, "id", lab.profile["split"])
            self.assertEqual({len(sides) for sides in parts.values()}, {1})

    def test_repeated_measures_that_were_asked_for_stay_as_they_are(self):
        draw = np.random.default_rng(14)
        wide = {"id": range(1, 31), **{f"pain_week{time}": draw.normal(50, 9, 30).round(1) for time in (1, 2, 4)}}
        asked = {**ASKED, "source": "../data.csv", "question": "Does pain_week1 foretell pain_week4?"}
        lab = Lab(csv_of(wide))
        self.assertEqual([column["name"] for column in lab.profile["columns"]], ["id", "week", "pain"])
        self.assertEqual([column["name"] for column in lab.run(asked)["columns"]], list(wide))
        without = {name: values for name, values in wide.items() if name != "id"}
        self.assertEqual([column["name"] for column in Lab(csv_of(without)).profile["columns"]], list(without))

    def test_molten_rows_are_those_of_pivot(self):
        draw = np.random.default_rng(11)
        flat = pd.DataFrame(
            {
                "subject": np.arange(1, 41),
                "pulse": draw.normal(70, 9, 40).round(1),
                "weight": draw.normal(300, 20, 40).round(1),
            }
        )
        molten = flat.melt("subject", var_name="variable").sample(frac=1, random_state=3)
        lab = Lab(csv_of(lists(molten)))
        table = pd.DataFrame(pq.read_table(lab.root / "profile" / "table.parquet").to_pydict())
        wanted = molten.pivot(index="subject", columns="variable", values="value")
        for name in ("pulse", "weight"):
            self.assert_column(table.set_index("subject")[name].sort_index().tolist(), wanted[name], name)
        test = lab.tests("numeric_numeric", {"x": "pulse", "y": "weight"})[0]
        self.assertAlmostEqual(test["whole"]["p"], slope_p(flat["pulse"], flat["weight"]), places=12)

    def test_a_reshaped_table_is_joined(self):
        draw = np.random.default_rng(12)
        wide = pd.DataFrame({"country": [f"land {k}" for k in range(30)]})
        for year in range(2001, 2006):
            wide[str(year)] = draw.normal(50, 9, 30).round(2)
        area = pd.DataFrame({"country": [f"land {k}" for k in range(28)], "area": draw.normal(900, 90, 28).round(1)})
        lab = JoinLab({"income": lists(wide), "areas": lists(area)}, target="area")
        wanted = wide.set_index("country").mean(axis=1).reindex(area.country)
        self.assert_column(lab.table()["income: mean of value"], wanted, "income: mean of value")
        self.assertEqual(json.loads(lab.bytes)["source"]["joins"][0]["lost_left"], 10)


if __name__ == "__main__":
    unittest.main()
