"""What the profile makes of texts: numbers in every spelling, dates, codes, levels, missing cells, order in words."""

import csv
import io
import unittest

import numpy as np
import pyarrow.parquet as pq
from scripts import Lab

N = 48


def table(columns, delimiter=",", rows=N):
    """A text of the columns, each given as texts that repeat down the rows."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
    writer.writerow(columns)
    for row in range(rows):
        writer.writerow([texts[row % len(texts)] for texts in columns.values()])
    return out.getvalue()


def values(lab, name):
    """The column of the canonical table as a list."""
    return pq.read_table(lab.root / "profile" / "table.parquet").column(name).to_pylist()


class Meaning(unittest.TestCase):
    def check_values(self, cases, delimiter=","):
        """{name: (texts, numbers)}: each column is numeric and its texts are those numbers; None is a missing cell."""
        lab = Lab(table({name: texts for name, (texts, _) in cases.items()}, delimiter))
        for name, (texts, wanted) in cases.items():
            with self.subTest(name):
                self.assertEqual(lab.column(name)["role"], "numeric", lab.column(name))
                got = values(lab, name)[: len(texts)]
                self.assertEqual([value is None for value in got], [value is None for value in wanted])
                np.testing.assert_allclose([v for v in got if v is not None], [v for v in wanted if v is not None])
        return lab

    def check_levels(self, cases, **shape):
        """{name: (texts, levels)}: each column is a group with those levels."""
        lab = Lab(table({name: texts for name, (texts, _) in cases.items()}, **shape))
        for name, (_, wanted) in cases.items():
            with self.subTest(name):
                levels = lab.column(name)["levels"]
                self.assertIsNotNone(levels, lab.column(name))
                self.assertEqual({entry["level"] for entry in levels}, set(wanted))
        return lab


class Numbers(Meaning):
    def test_spellings(self):
        lab = self.check_values(
            {
                "brackets": (["(1,234.50)", "12.00", "(7.25)", "900.75"], [-1234.5, 12, -7.25, 900.75]),
                "behind": (["12.5-", "7.1", "3.3-", "4.0"], [-12.5, 7.1, -3.3, 4]),
                "typographic": (["\u221212.5", "7.1", "\u20133.3", "4.0"], [-12.5, 7.1, -3.3, 4]),
                "spaces": (["1 234", "12 345", "7", "1\u202f000\u202f000"], [1234, 12345, 7, 1e6]),
                "apostrophes": (["1'234.5", "12\u2019345.5", "7", "80"], [1234.5, 12345.5, 7, 80]),
                "underscores": (["1_234", "12_345", "7", "80"], [1234, 12345, 7, 80]),
                "lakh": (["1,23,456", "12,34,567", "9,876", "77"], [123456, 1234567, 9876, 77]),
                "symbol": (["US$1,234.50", "US$7.00", "-US$3.10", "US$80"], [1234.5, 7, -3.1, 80]),
                "word": (["1234.50 USD", "7.00 USD", "3.10 USD", "80 USD"], [1234.5, 7, 3.1, 80]),
                "code": (["CHF 1'234.50", "CHF 7.00", "CHF 12.-", "CHF 80"], [1234.5, 7, 12, 80]),
                "euro": (["1.234,50 \u20ac", "7,00 \u20ac", "3,10- \u20ac", "80,00 \u20ac"], [1234.5, 7, -3.1, 80]),
                "scaled": (["1.5K", "2M", "1.25B", "700"], [1500, 2e6, 1.25e9, 700]),
                "millions": (["1.5 million", "250 thousand", "2 billion", "3 million"], [1.5e6, 25e4, 2e9, 3e6]),
                "unit": (["12.5 mg/L", "7 mg/L", "3.1 mg/L", "80 mg/L"], [12.5, 7, 3.1, 80]),
                "two units": (["1.5 kg", "250 g", "2 kg", "3.25 kg"], [1.5, 0.25, 2, 3.25]),
                "percent": (["12.5 %", "7%", "3.1%", "80 %"], [12.5, 7, 3.1, 80]),
                "fortran": (["1.25D+01", "7.0D-02", "3.1D+00", "8.0D+01"], [12.5, 0.07, 3.1, 80]),
                "times ten": (
                    ["1.25\u00d710^1", "7.0 x 10^-2", "3.1\u00d710\u2070", "8.0\u00b710^1"],
                    [12.5, 0.07, 3.1, 80],
                ),
                "about": (["~12.5", "ca. 7", "3.1", "about 80"], [12.5, 7, 3.1, 80]),
                "middle dot": (["12\u00b75", "7\u00b70", "3\u00b71", "80\u00b725"], [12.5, 7, 3.1, 80.25]),
                "arabic": (["\u0661\u0662\u066b\u0665", "\u0667", "\u0663\u066b\u0661", "\u0668"], [12.5, 7, 3.1, 8]),
            }
        )
        self.assertEqual(lab.column("unit")["unit"], "mg/L")
        self.assertEqual(lab.column("percent")["type"], "proportion")
        self.assertTrue(any("'brackets'" in warning and "brackets" in warning for warning in lab.profile["warnings"]))

    def test_marks_beside_a_minority_of_numbers_are_left_out(self):
        texts = ["12.3*", "45.6", "7.0", "88.2\u2020", "3.1", "9.1 p", "15.5", "27.2", "64.0", "10.5b", "99.7", "1.9"]
        wanted = [12.3, 45.6, 7, 88.2, 3.1, 9.1, 15.5, 27.2, 64, 10.5, 99.7, 1.9]
        lab = self.check_values({"marked": (texts, wanted)})
        self.assertIn("marks", lab.column("marked")["read_as"])

    def test_durations(self):
        lab = self.check_values(
            {
                "clock": (["00:36:45", "01:02:03", "00:00:59", "12:00:01"], [2205, 3723, 59, 43201]),
                "spelt": (["1h 30m", "45m", "2h 5m", "1h 1m"], [5400, 2700, 7500, 3660]),
                "iso": (["PT1H30M", "PT45M", "PT2H5M", "PT10M"], [5400, 2700, 7500, 600]),
                "days": (["2 days 03:04:05", "0 days 12:00:00", "1 days 01:00:00", "3 days 00:00:01"], [183845, 43200, 90000, 259201]),
                "noon": (["2:30 PM", "11:45 AM", "12:00 AM", "12:15 PM"], [52200, 42300, 0, 44100]),
            }
        )  # fmt: skip
        self.assertEqual({lab.column(name)["type"] for name in ("clock", "spelt", "iso", "days")}, {"duration"})

    def test_points_divide_thousands_where_the_file_has_decimal_commas(self):
        pop = (["900", "1.098", "87.200", "12.345"], [900, 1098, 87200, 12345])
        lab = self.check_values({"cost": (["19,2", "7,25", "3,1", "8,0"], [19.2, 7.25, 3.1, 8]), "pop": pop}, ";")
        self.assertEqual(lab.profile["source"]["decimal"], ",")
        self.check_values(
            {
                "size": (["1.5", "2.25"] * 2 + ["7.1"], [1.5, 2.25] * 2 + [7.1]),
                "pop": (pop[0], [900, 1.098, 87.2, 12.345]),
            }
        )

    def test_three_decimals_everywhere_are_decimals(self):
        cells = [f"{50 + i * 1.37:.3f}" for i in range(N)]
        lab = self.check_values({"height": (cells, [float(cell) for cell in cells])})
        self.assertEqual(lab.profile["warnings"], [])

    def test_endings_that_do_not_agree_are_no_units(self):
        self.check_levels({"seat": (["12A", "3B", "14C", "7D"], ["12A", "3B", "14C", "7D"])})

    def test_two_currencies_are_not_one_amount(self):
        texts = [f"{sign}{number}" for number in (12.5, 7.1, 30.2) for sign in ("$", "\u20ac")]
        lab = Lab(table({"price": texts}))
        self.assertNotEqual(lab.column("price")["role"], "numeric")
        self.assertTrue(any("currencies" in warning for warning in lab.profile["warnings"]))


class Limits(Meaning):
    def test_values_below_a_limit_are_half_of_it(self):
        lab = self.check_values(
            {"conc": (["<0.36", "1.2", "3.4", "0.9", "> 50", "7.7"], [0.18, 1.2, 3.4, 0.9, 50, 7.7])}
        )
        column = lab.column("conc")
        self.assertEqual(column["limits"]["below"], [0.36])
        self.assertEqual((column["limits"]["rows_below"], column["limits"]["rows_above"]), (8, 8))
        self.assertEqual(len([warning for warning in lab.profile["warnings"] if "limit" in warning]), 2)

    def test_tests_of_such_a_column_go_by_ranks(self):
        rows = [["dose", "conc"]] + [[i, "<2" if i % 20 < 5 else i % 20 + i / 100] for i in range(60)]
        lab = Lab("\n".join(",".join(map(str, row)) for row in rows))
        tests = lab.tests("numeric_numeric", {"x": "dose", "y": "conc"})
        self.assertEqual(tests[0]["test"], "scipy.stats.spearmanr")
        self.assertIn("conc", tests[0]["why"])

    def test_a_single_one_leaves_the_means(self):
        cells = ["<2" if i == 7 else f"{i % 20 + 3}.5" for i in range(60)]
        lab = Lab("arm,conc\n" + "\n".join(f"{'uvw'[i % 3]},{cell}" for i, cell in enumerate(cells)))
        self.assertEqual(lab.column("conc")["limits"]["rows_below"], 1)
        self.assertIn("f_oneway", lab.tests("group_numeric", {"x": "arm", "y": "conc"})[0]["test"])

    def test_an_open_top_is_kept(self):
        lab = self.check_values({"age": (["21", "34", "60+", "47", "58"], [21, 34, 60, 47, 58])})
        self.assertEqual(lab.column("age")["limits"]["above"], [60])


class Codes(Meaning):
    def test_digits_that_name_things(self):
        cases = {
            "diagnosis": ["401.9", "410.71", "007.1", "250.00"],
            "postcode": ["01234", "90210", "10001", "60601"],
            "well": ["1E5", "2E3", "3E1", "7E2"],
            "release": ["1.1", "1.10", "1.2", "1.20"],
            "place": ["12139", "60614", "94103", "30301"],
        }
        self.check_levels({name: (texts, texts) for name, texts in cases.items()})

    def test_digits_that_measure(self):
        lab = self.check_values(
            {
                "power": (["1E5", "20000", "3e4", "10"], [1e5, 2e4, 3e4, 10]),
                "pay": (["12000", "60000", "94000", "30000"], [12000, 60000, 94000, 30000]),
                "amount": (["0.5", "0.50", "0.25", "1"], [0.5, 0.5, 0.25, 1]),
            }
        )
        self.assertIsNone(lab.column("pay")["levels"])

    def test_labels_of_goods(self):
        goods = [9783161484100, 9780306406157, 9781861978769, 9780131103627, 9780201633610, 9780596007126]
        lab = Lab(table({"good": [str(good) for good in goods], "size": ["1.5", "2.5", "7.25"]}))
        self.assertNotEqual(lab.column("good")["role"], "numeric")


class Levels(Meaning):
    def test_words_that_look_like_missing_cells(self):
        self.check_levels(
            {
                "country": (["NA", "ZA", "BW"], ["NA", "ZA", "BW"]),
                "region": (["EMEA", "NA", "APAC"], ["EMEA", "NA", "APAC"]),
                "ion": (["K", "Na", "Ca", "Mg"], ["K", "Na", "Ca", "Mg"]),
                "rh": (["+", "-"], ["+", "-"]),
                "nitrogen": (["nil", "low", "high"], ["nil", "low", "high"]),
                "status": (["found", "missing"], ["found", "missing"]),
                "drug": (["none", "a", "b"], ["none", "a", "b"]),
            }
        )

    def test_words_that_mean_missing_cells(self):
        lab = self.check_levels(
            {
                "colour": (["red", "blue", "NA"], ["red", "blue"]),
                "answer": (["YES", "NO", "NA"], ["YES", "NO"]),
                "mark": (["u", "v", "?", "#N/A"], ["u", "v"]),
            }
        )
        self.assertEqual(lab.column("colour")["missing_codes"], [{"code": "NA", "rows": N // 3}])

    def test_the_habit_of_the_file_decides(self):
        lab = self.check_levels({"side": (["left", "-", "right", "top"], ["left", "-", "right", "top"])})
        self.assertTrue(any("kept as a level" in warning for warning in lab.profile["warnings"]))
        lab = Lab(table({"side": ["left", "-", "right", "top"], "size": ["1.5", "-", "2.7", "3.1", "4.4"]}))
        self.assertEqual(lab.column("side")["missing"], N // 4)

    def test_a_typed_file_writes_its_missing_cells_itself(self):
        import pyarrow as pa

        out = io.BytesIO()
        pq.write_table(
            pa.table({"colour": ["red", "NA", "blue", None] * 10, "size": [float(i) for i in range(40)]}), out
        )
        column = Lab(out.getvalue(), "data.parquet").column("colour")
        self.assertEqual(
            ({entry["level"] for entry in column["levels"]}, column["missing"]), ({"red", "NA", "blue"}, 10)
        )


class Missing(Meaning):
    def test_a_text_among_numbers_that_repeats(self):
        numbers = [f"{i * 1.37:.2f}" for i in range(1, 40)]
        for text in ("*", "suppressed", "BDL", ":", "\\N", "(null)", "\u2014", "x"):
            with self.subTest(text):
                cells = [text if i % 7 == 0 else number for i, number in enumerate(numbers)]
                lab = Lab("v,w\n" + "\n".join(f"{cell},{i}.5" for i, cell in enumerate(cells)))
                column = lab.column("v")
                self.assertEqual((column["role"], column["missing"]), ("numeric", 6))
                self.assertEqual(column["missing_codes"], [{"code": text, "rows": 6}])
                self.assertIn("count as missing", column["read_as"])

    def test_numbers_far_outside(self):
        lab = self.check_values(
            {
                "few": (["1", "2", "3", "4", "5", "99"], [1, 2, 3, 4, 5, None]),
                "two": (["1", "2", "3", "4", "98", "99"], [1, 2, 3, 4, None, None]),
                "below": (["1.5", "2.5", "3.25", "-999", "8.5", "9.5"], [1.5, 2.5, 3.25, None, 8.5, 9.5]),
                "cold": (["-5", "3", "-9", "12", "8", "-2"], [-5, 3, -9, 12, 8, -2]),
            }
        )
        self.assertEqual([entry["code"] for entry in lab.column("two")["missing_codes"]], ["98", "99"])
        self.assertEqual(len([warning for warning in lab.profile["warnings"] if "code for missing" in warning]), 4)

    def test_what_cannot_be_read_is_listed(self):
        cells = ["1.2.3" if i == 9 else f"{i * 1.37:.2f}" for i in range(60)]
        lab = Lab("v,w\n" + "\n".join(f"{cell},{i}.5" for i, cell in enumerate(cells)))
        self.assertEqual(lab.column("v")["unread"], {"rows": 1, "samples": [{"text": "1.2.3", "rows": 1}]})
        self.assertTrue(any("'1.2.3'" in warning for warning in lab.profile["warnings"]))


def days(form, start="2021-01-05", step=11):
    moments = np.datetime64(start) + np.arange(N) * np.timedelta64(step, "D")
    return [moment.item().strftime(form) for moment in moments]


class Dates(Meaning):
    def check_days(self, lab, name, wanted=None):
        """The column rises by the days of `days`, or of the dates given."""
        column = lab.column(name)
        self.assertEqual((column["role"], column["usable"]), ("numeric", True), column)
        wanted = np.array(days("%Y-%m-%d") if wanted is None else wanted, dtype="datetime64[D]").astype(float)
        self.assertAlmostEqual(np.corrcoef(values(lab, name), wanted)[0, 1], 1, places=9)

    def test_forms(self):
        forms = """
            %Y-%m-%d|%Y/%m/%d|%d.%m.%Y|%d %b %Y|%B %d, %Y|%d-%b-%y|%a, %d %b %Y|%A, %d %B %Y|%Y%m%d|%d%m%Y|%y-%m-%d
            |%Y-%m-%dT10:00:00+01:00|%Y-%m-%dT10:00:00.123Z|%m/%d/%Y 2:30 PM|%G-W%V-%u|%a %b %d 10:00:00 %Y
        """
        forms = [form.strip() for form in forms.split("|")]
        lab = Lab(table({f"date {i}": days(form) for i, form in enumerate(forms)}))
        for i, form in enumerate(forms):
            with self.subTest(form):
                self.check_days(lab, f"date {i}")

    def test_periods(self):
        forms = ["%Y-%m", "%b-%y", "%B %Y", "%YM%m", "%Y%m", "%m/%Y"]
        quarters = [f"{2018 + i // 4}-Q{i % 4 + 1}" for i in range(N)]
        lab = Lab(table({"quarter": quarters, **{f"month {i}": days(form) for i, form in enumerate(forms)}}))
        firsts = [f"{2018 + i // 4}-{i % 4 * 3 + 1:02d}-01" for i in range(N)]
        self.check_days(lab, "quarter", firsts)
        for i, form in enumerate(forms):
            with self.subTest(form):
                self.check_days(lab, f"month {i}", days("%Y-%m-01"))
                self.assertEqual(lab.column(f"month {i}")["type"], "period")

    def test_names_of_months_in_other_languages(self):
        lab = Lab(
            table(
                {
                    "jour": ["2 janvier 2021", "14 f\u00e9vrier 2021", "3 ao\u00fbt 2021"],
                    "tag": ["2. M\u00e4rz 2021", "5. Dezember 2021", "1. Mai 2021"],
                }
            )
        )
        self.assertEqual({column["type"] for column in lab.profile["columns"]}, {"date"})

    def test_day_and_month_are_told_by_the_file(self):
        shown = ["13/01/2022", "14/02/2022", "15/03/2022", "16/04/2022"]
        open_ = ["01/01/2022", "08/06/2022", "03/11/2022", "10/04/2022"]
        lab = Lab(table({"seen": shown, "back": open_, "size": ["1.5", "2.5", "7.25"]}))
        self.assertEqual(np.diff(values(lab, "back")[:3]).round().tolist(), [158, 148])
        self.assertIn("'seen'", lab.column("back")["read_as"])

    def test_day_and_month_that_nothing_tells_are_said(self):
        lab = Lab(
            table({"back": ["01/01/2022", "08/06/2022", "03/11/2022", "10/04/2022"], "size": ["1.5", "2.5", "7.25"]})
        )
        self.assertLessEqual(lab.column("back")["sure"], 0.5)
        self.assertTrue(any("month/day, but no day above 12 tells" in warning for warning in lab.profile["warnings"]))

    def test_two_digit_years_lie_in_the_span_of_the_file(self):
        births = [f"{1 + i % 28:02d}/{1 + i % 12:02d}/{40 + i:02d}" for i in range(N)]
        sales = [f"{1 + i % 12:02d}/{1 + i % 28:02d}/{(95 + i // 4) % 100:02d}" for i in range(N)]
        lab = Lab(table({"dob": births, "sold": sales}))
        for name, first, last in (("dob", 1940, 1987), ("sold", 1995, 2006)):
            column = lab.column(name)
            self.assertEqual((round(column["min"]), int(column["max"])), (first, last), column)
        self.assertTrue(any("two-digit years of 'dob' were read as 1940 to 1987" in w for w in lab.profile["warnings"]))

    def test_years_in_two_digits_pass_the_turn_of_the_century(self):
        lab = Lab(table({"year": [f"{(90 + i) % 100:02d}" for i in range(24)], "size": ["1.5", "2.5", "7.25"]}))
        column = lab.column("year")
        self.assertEqual((column["role"], column["min"], column["max"]), ("numeric", 1990, 2013))

    def test_a_day_that_stands_for_none(self):
        cells = ["9999-12-31" if i % 9 == 0 else day for i, day in enumerate(days("%Y-%m-%d"))]
        column = Lab(table({"when": cells})).column("when")
        self.assertEqual((column["missing"], column["missing_codes"][0]["code"]), (6, "9999-12-31"))

    def test_versions_are_no_dates(self):
        lab = Lab(table({"version": ["1.2.10", "1.3.11", "2.0.12", "1.10.9"], "size": ["1.5", "2.5", "7.25"]}))
        self.assertEqual(lab.column("version")["role"], "categorical")

    def test_a_date_takes_part_in_tests(self):
        rows = "\n".join(f"{day},{i * 0.3 + i % 5}" for i, day in enumerate(days("%Y-%m-%d")))
        lab = Lab("date,price\n" + rows)
        self.assertEqual(lab.profile["time"], {"column": "date"})
        test = lab.tests("numeric_numeric", {"x": "date", "y": "price"})[0]
        self.assertEqual((test["status"], test["whole"]["direction"]), ("ok", "+"))
        self.assertNotIn("time_order", test["caveats"])

    def test_a_walk_along_a_date_is_said(self):
        walk = np.cumsum(np.random.default_rng(5).normal(0.3, 1, 200))
        start = np.datetime64("2021-01-05")
        lab = Lab("date,price\n" + "\n".join(f"{start + i},{value:.3f}" for i, value in enumerate(walk)))
        self.assertIn("time_order", lab.tests("numeric_numeric", {"x": "date", "y": "price"})[0]["caveats"])

    def test_the_difference_of_two_dates_is_known(self):
        start = np.datetime64("2021-01-05") + np.arange(N) * 37
        stay = np.arange(N) * 7 % 31 + 1
        lab = Lab(
            table(
                {
                    "came": [str(day) for day in start],
                    "went": [str(day) for day in start + stay],
                    "stay": [str(n) for n in stay],
                }
            )
        )
        pairs = {frozenset((pair["x"], pair["y"])) for pair in lab.profile["tautologies"]}
        self.assertIn(frozenset(("went", "stay")), pairs)


class Order(Meaning):
    def test_words_with_an_order(self):
        scales = [
            "Strongly disagree|Disagree|Neither agree nor disagree|Agree|Strongly agree",
            "Very dissatisfied|Dissatisfied|Satisfied|Very satisfied",
            "Not at all likely|Slightly likely|Very likely|Extremely likely",
            "none|mild|moderate|severe",
            "Never|Rarely|Sometimes|Often|Always",
            "S|M|L|XL",
            "Low|Medium|High",
            "High school|Bachelor's|Master's|PhD",
            "1 - never|2 - sometimes|3 - often",
            "1 - Not at all|2|3|4|5 - Very much",
            "Stage I|Stage II|Stage III",
            "18-24|25-34|35-64|65+",
            "under 18|18 to 34|35 to 64|65 and over",
            "much worse|worse|the same|better|much better",
            "trifft nicht zu|teils teils|trifft zu",
        ]
        turned = {f"q{i}": scale.split("|")[::-1] for i, scale in enumerate(scales)}
        lab = Lab(table({name: [level for level in levels] for name, levels in turned.items()}))
        for i, scale in enumerate(scales):
            with self.subTest(scale):
                column = lab.column(f"q{i}")
                self.assertEqual((column["type"], column["level_order"]), ("ordered", scale.split("|")))
                ranks = values(lab, f"q{i}")[: len(scale.split("|"))]
                self.assertEqual(ranks, sorted(ranks, reverse=True))

    def test_words_without_one(self):
        words = [
            "north|south|east",
            "1 - Single|2 - Married|3 - Divorced",
            "none|low|high",
            "T1|T2|T3",
            "red|medium|high",
        ]
        lab = Lab(table({f"q{i}": line.split("|") for i, line in enumerate(words)}))
        self.assertEqual({column["role"] for column in lab.profile["columns"]}, {"categorical"})

    def test_no_opinion_is_no_rank(self):
        levels = ["Strongly disagree", "Disagree", "Agree", "Strongly agree", "Don't know", "Agree"]
        column = Lab(table({"fair": levels})).column("fair")
        self.assertEqual((column["missing"], len(column["level_order"])), (8, 4))

    def test_they_are_compared_by_ranks(self):
        levels = ["Disagree", "Agree", "Strongly agree"]
        rows = "\n".join(
            f"{levels[i % 3]},{levels[(i + i // 7) % 3]},{i % 3 + i / 50},{'uv'[i % 2]}" for i in range(90)
        )
        lab = Lab("fair,stay,hours,arm\n" + rows)
        pairs = [{"x": "fair", "y": "stay"}, {"x": "fair", "y": "hours"}]
        self.assertEqual({test["test"] for test in lab.tests("numeric_numeric", *pairs)}, {"scipy.stats.spearmanr"})
        self.assertEqual(lab.tests("group_numeric", {"x": "arm", "y": "fair"})[0]["test"], "scipy.stats.mannwhitneyu")
        asked = {"x": "fair", "y": "arm"}
        self.assertEqual(lab.tests("numeric_binary", asked)[0]["test"], "scipy.stats.mannwhitneyu")


class Reasons(Meaning):
    def test_why_a_column_is_not_tested(self):
        lab = Lab(
            table(
                {
                    "few": [f"town {i}" for i in range(14)],
                    "many": [f"street {i}" for i in range(24)],
                    "own": [f"flat {chr(97 + i % 26)}{chr(97 + i // 26)}" for i in range(N)],
                    "half": [f"{i}.5" if i % 2 else f"word {chr(97 + i % 26)}{i}x" for i in range(N)],
                    "size": ["1.5", "2.5", "7.25"],
                }
            )
        )
        wanted = {
            "few": "14 levels for 48 rows, too few rows per level",
            "many": "24 levels, more than 20",
            "own": "a text of its own in each row, so that it names rows",
        }
        self.assertEqual({name: lab.column(name)["excluded"] for name in wanted}, wanted)
        self.assertIn("24 cells that are none", lab.column("half")["excluded"])

    def test_names_in_any_script_are_names(self):
        lab = Lab(table({"年齢": [str(20 + i * 7 % 31) for i in range(31)], "größe": ["1.5", "2.5", "7.25"]}))
        self.assertEqual([column["role"] for column in lab.profile["columns"]], ["numeric", "numeric"])

    def test_every_column_says_how_it_was_read(self):
        lab = Lab(table({"a": ["1", "2", "3"], "b": ["x", "y"], "c": ["2021-01-05", "2021-02-07", "2021-03-01"]}))
        for column in lab.profile["columns"]:
            self.assertTrue(column["read_as"])
            self.assertTrue(0 < column["sure"] <= 1)
            self.assertNotIn("moment", column)


if __name__ == "__main__":
    unittest.main()
