"""What the profile makes of texts: numbers in every spelling, dates, codes, levels, missing cells, order in words."""

import csv
import io
import unittest

import numpy as np
import pyarrow.parquet as pq
from scripts import Lab, library

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

    def test_spellings_of_more_fields(self):
        self.check_values(
            {
                "in brackets": (["-1.5 (0.2)", "(4.25)", "7 [6; 8]", "9 (12.5 %)"], [-1.5, -4.25, 7, 9]),
                "german time": (["8.30 Uhr", "9.15 Uhr", "17.05 Uhr", "12.00 Uhr"], [30600, 33300, 61500, 43200]),
                "french time": (["8h30", "9 h 15", "17h05", "12h00"], [30600, 33300, 61500, 43200]),
                "hours": (["1:05 h", "2:15 h", "0:45 h", "3:20 h"], [3900, 8100, 2700, 12000]),
                "laps": (["1:02.35", "58.20", "59.9", "2:00.05"], [62.35, 58.2, 59.9, 120.05]),
                "primes": (["2'30\"", "3'05\"", "1'59\"", "12'00\""], [150, 185, 119, 720]),
                "feet": (["5'11\"", "6 ft", "5 ft 3 in", "6'0\""], [71, 72, 63, 72]),
                "ages": (["3 y 4 m", "11 mo", "2 years", "5 y 0 m"], [40, 11, 24, 60]),
                "whole": (["1 234:-", "2 300:-", "980:-", "12 500:-"], [1234, 2300, 980, 12500]),
                "p": (["p = 0.03", "p=0.2", "p = 0.04", "p = .5"], [0.03, 0.2, 0.04, 0.5]),
                "power": (["10^5", "10^-6", "10\u2074", "10\u207b\u00b3"], [1e5, 1e-6, 1e4, 1e-3]),
                "crore": (["\u20b9 1.2 Cr", "\u20b9 85 Lakh", "\u20b9 3 Cr", "\u20b9 90 lac"], [1.2e7, 8.5e6, 3e7, 9e6]),
                "account": (["1,234.50 Cr", "200.00 Dr", "15.25 Cr", "1,000.00 Dr"], [1234.5, -200, 15.25, -1000]),
                "south": (["S 33\u00b0 30.5'", "N 52\u00b0 0.0'", "12\u00b0 15' 36\" S", "1\u00b0 30' N"], [-33.5 - 0.5 / 60, 52, -12.26, 1.5]),
                "titre": (["1:40", "1:80", "1:640", "1:20"], [40, 80, 640, 20]),
                "vulgar": (["3\u00bd", "\u00be", "2", "1 1/4"], [3.5, 0.75, 2, 1.25]),
                "millions": (["\u00a31.2m", "\u00a3850k", "\u00a32.3bn", "\u00a345k"], [1.2e6, 85e4, 2.3e9, 45e3]),
                "dong": (["12.500 VND", "3.400 VND", "250.000 VND", "1.234 VND"], [12500, 3400, 250000, 1234]),
                "decade": (["1990s", "1980s", "2000s", "1970s"], [1990, 1980, 2000, 1970]),
                "half days": (["8am", "9 a.m.", "5pm", "12pm"], [28800, 32400, 61200, 43200]),
                "weeks": (["36 weeks + 3 days", "40 weeks + 0 days", "38w6d", "39w1d"], [22032000, 24192000, 23500800, 23673600]),
                "per litre": (["3.4 \u00d710\u2079/L", "5 x10^9/L", "7.8 \u00d710\u2079/L", "2 x10^9/L"], [3.4e9, 5e9, 7.8e9, 2e9]),
                "acid": (["pH 7.4", "pH 6.8", "pH 7.1", "pH 5.5"], [7.4, 6.8, 7.1, 5.5]),
                "doubtful": (["1890", "1910?", "ca. 1900", "1875"], [1890, 1910, 1900, 1875]),
                "risk": (["1 in 5", "1 in 10", "1 in 100", "1 in 50"], [5, 10, 100, 50]),
                "infinite": (["1.#INF", "12.5", "-1.#IND", "3.25", "7"], [None, 12.5, None, 3.25, 7]),
            }
        )  # fmt: skip
        lab = self.check_values({"bmi": (["12 kg/m2", "25.3 kg/m2", "31 kg/m2"], [12, 25.3, 31])})
        self.assertEqual(lab.column("bmi")["unit"], "kg/m2")
        self.check_values(
            {
                "konto": (["1.234,50 S", "200,00 H", "15,25 S", "1.000,00 H"], [-1234.5, 200, -15.25, 1000]),
                "kosten": (["12 T\u20ac", "3,4 T\u20ac", "250 T\u20ac", "1,2 T\u20ac"], [12e3, 3400, 250e3, 1200]),
            },
            ";",
        )

    def test_what_is_no_amount(self):
        self.check_levels(
            {
                "house": (["12 Main St", "35 Main St", "7 Main St", "1 Main St"], ["12 Main St", "35 Main St", "7 Main St", "1 Main St"]),
                "haus": (["12 Hauptstr.", "3 Hauptstr.", "7 Hauptstr."], ["12 Hauptstr.", "3 Hauptstr.", "7 Hauptstr."]),
                "room": (["2A", "2B", "3A", "1A"], ["2A", "2B", "3A", "1A"]),
                "isotope": (["12C", "13C", "14C"], ["12C", "13C", "14C"]),
                "plan": (["(1)", "(2)", "(3)"], ["(1)", "(2)", "(3)"]),
                "dose": (["0.5 mg", "1 mg", "2 mg", "placebo"], ["0.5 mg", "1 mg", "2 mg", "placebo"]),
                "share": (["100%", "50%", "0.5", "25%"], ["100%", "50%", "0.5", "25%"]),
                "subject": (["sub-01", "sub-02", "sub-12"], ["sub-01", "sub-02", "sub-12"]),
                "run": (["Set 1", "Set 12", "Set 13"], ["Set 1", "Set 12", "Set 13"]),
            }
        )  # fmt: skip
        lab = self.check_values(
            {"current": (["2A", "3A", "10A"], [2, 3, 10]), "load": (["1.5 A", "2 A", "9.25 A"], [1.5, 2, 9.25])}
        )
        self.assertEqual(lab.column("current")["unit"], "A")

    def test_sizes_of_files(self):
        lab = self.check_values(
            {
                "decimal": (["1.5 MB", "250 KB", "2 MB", "0.75 MB"], [1.5, 0.25, 2, 0.75]),
                "binary": (["2 MiB", "512 KiB", "1.25 MiB", "3 MiB"], [2, 0.5, 1.25, 3]),
                "small": (["512 B", "2 kB", "1.5 kB", "3 kB"], [0.512, 2, 1.5, 3]),
                "octets": (["1,5 Mo", "250 Ko", "2 Mo", "3,25 Mo"], [1.5, 0.25, 2, 3.25]),
                "link": (["10 Mbps", "1 Gbps", "54 Mbps", "2.5 Mbps"], [10, 1000, 54, 2.5]),
            },
            ";",
        )
        self.assertLess(lab.column("decimal")["sure"], 1)
        self.assertRegex("\n".join(lab.profile["warnings"]), "'decimal'.*1024")
        self.assertEqual(lab.column("binary")["sure"], 1)

    def test_ten_thousands_and_hundred_millions(self):
        self.check_values(
            {
                "price": (["3.5\u4e07", "8000", "12\u4e07", "1.25\u4e07"], [35000, 8000, 120000, 12500]),
                "people": (["1.4\u4ebf", "5600\u4e07", "0.8\u4ebf", "910\u4e07"], [1.4e8, 5.6e7, 0.8e8, 9.1e6]),
                "yen": (
                    ["1\u51042,500\u4e07\u5186", "900\u4e07\u5186", "3\u5104\u5186", "80\u4e07\u5186"],
                    [1.25e8, 9e6, 3e8, 8e5],
                ),
            },
            ";",
        )  # fmt: skip

    def test_units_of_one_sort(self):
        lab = self.check_values(
            {
                "power": (["1.5 kW", "250 W", "0.002 MW", "3 kW"], [1.5, 0.25, 2, 3]),
                "use": (["1.5 kWh", "250 Wh", "0.002 MWh", "3 kWh"], [1.5, 0.25, 2, 3]),
                "area": (["1.5 ha", "2500 m\u00b2", "0.02 km\u00b2", "3 ha"], [1.5, 0.25, 2, 3]),
                "pressure": (["1.5 bar", "250 mbar", "200 kPa", "3 bar"], [1.5, 0.25, 2, 3]),
                "age": (["18 months", "2 years", "3 months", "1 month"], [18, 24, 3, 1]),
                "temp": (["20 \u00b0C", "212 \u00b0F", "-40 \u00b0F", "21.5 \u00b0C"], [20, 100, -40, 21.5]),
                "pace": (["4:35 /km", "5:02 /km", "6:00 /km", "3:59 /km"], [275, 302, 360, 239]),
                "split": (["1:52/100m", "2:02/100m", "1:59/100m", "2:10/100m"], [112, 122, 119, 130]),
            }
        )
        self.assertRegex("\n".join(lab.profile["warnings"]), "'temp'.*Fahrenheit")

    def test_what_stands_behind_numbers(self):
        self.check_values(
            {
                "mean": (["12.5 (n=10)", "7.25 (n=12)", "3.1 (n=9)", "80 (n=10)"], [12.5, 7.25, 3.1, 80]),
                "year": (["1980", "1995 (prov.)", "1981r", "1990"], [1980, 1995, 1981, 1990]),
                "age": (["60 BC", "14 AD", "5 BC", "79 AD"], [-60, 14, -5, 79]),
                "gap": (["+0:13", "+1:05", "+0:59", "+2:00"], [13, 65, 59, 120]),
                "marks": (["12.5/20", "8/20", "19.5/20", "11/20"], [12.5, 8, 19.5, 11]),
                "yr": (["'98", "'03", "'99", "'10"], [1998, 2003, 1999, 2010]),
            }
        )

    def test_times_and_gaps_to_them_are_not_one_column(self):
        texts = ["1:02:10", *(f"+{at // 60}:{at % 60:02}" for at in range(7, 300, 13))]
        lab = Lab(table({"time": texts, "other": [str(i) for i in range(7)]}, rows=len(texts)))
        self.assertFalse(lab.column("time")["usable"])
        self.assertIn("gaps", lab.column("time")["excluded"])

    def test_units_in_a_column_of_their_own_are_said(self):
        for name, units in (("unit", ["mg", "g"]), ("currency", ["USD", "JPY", "EUR"])):
            with self.subTest(name):
                lab = Lab(table({"value": ["1.5", "2.25", "7.1", "8.4", "0.3"], name: units}))
                self.assertRegex("\n".join(lab.profile["warnings"]), f"'{name}' names several")
        lab = Lab(table({"value": ["1.5", "2.25", "7.1", "8.4", "0.3"], "unit": ["pieces", "boxes"]}))
        self.assertNotRegex("\n".join(lab.profile["warnings"]), "names several")

    def test_one_letter_of_two_sizes_is_no_unit(self):
        lab = Lab(table({"power": ["1.5 mW", "2 MW", "3 mW"], "other": [str(i) for i in range(7)]}))
        self.assertNotEqual(lab.column("power")["role"], "numeric")

    def test_grades_with_signs_are_not_negative(self):
        grades = ["1", "1-", "2+", "2", "2-", "3+", "3", "3-"]
        lab = Lab(table({"Note": grades, "mark": grades, "other": [str(i) for i in range(7)]}))
        self.assertEqual(lab.column("Note")["level_order"], grades)
        self.assertEqual(lab.column("mark")["level_order"], ["1-", "1", "2-", "2", "2+", "3-", "3", "3+"])
        self.assertLess(lab.column("mark")["sure"], 0.7)

    def test_degrees_of_plus_have_an_order(self):
        lab = Lab(table({"protein": ["neg", "trace", "+", "++", "+++", "neg"], "other": [str(i) for i in range(7)]}))
        self.assertEqual(lab.column("protein")["level_order"], ["neg", "trace", "+", "++", "+++"])

    def test_nothing_of_it_is_said(self):
        for cells in (["nil", "10 kg", "20 kg"], ["nil", "3.5", "7.25", "8"], ["none", "1", "2", "3", "4"]):
            with self.subTest(cells):
                lab = Lab(table({"rain": cells, "other": [str(i) for i in range(7)]}))
                self.assertRegex("\n".join(lab.profile["warnings"]), f"{cells[0]}.*'rain'|'rain'.*{cells[0]}")

    def test_two_numbers_in_a_cell_are_said(self):
        for shape in ("{}/{}", "{}.5, {}.25", "{} x {} cm", "POINT ({}.5 {}.25)"):
            cells = [shape.format(100 + 7 * i % 50, 60 + 11 * i % 30) for i in range(N)]
            with self.subTest(shape):
                lab = Lab(table({"both": cells, "other": [str(i) for i in range(7)]}))
                self.assertFalse(lab.column("both")["usable"])
                self.assertIn("two numbers", lab.column("both")["excluded"])

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
        self.assertEqual(tests[0]["test"], "scipy.stats.t (slope of ranks, errors for unequal spread)")
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

    def test_few_whole_numbers_may_be_codes(self):
        lab = Lab(
            table(
                {
                    "wing": ["101", "102", "103", "104"],
                    "answer": ["0", "1", "9"],
                    "ward_no": ["3", "7", "9"],
                    "school_no": ["3", "7", "9"],
                    "gears": ["3", "4", "5"],
                    "cylinders": ["4", "6", "8"],
                    "children": ["0", "1", "2", "3", "4"],
                    "dose": ["0", "5", "50"],
                },
                rows=120,
            )
        )
        for name in ("wing", "answer"):
            column = lab.column(name)
            self.assertEqual((column["role"], column["sure"]), ("numeric", 0.6), name)
            self.assertIn("declare the type category", column["read_as"])
        for name in ("gears", "cylinders", "children", "dose"):
            self.assertEqual((lab.column(name)["role"], lab.column(name)["sure"]), ("numeric", 1.0), name)
        for name in ("ward_no", "school_no"):
            self.assertEqual(lab.column(name)["role"], "categorical")

    def test_names_that_stand_for_things(self):
        """One function tells it for the roles of columns, for texts of digits, and for keys between tables."""
        parts = {"__name__": "library"}
        exec(library("profile"), parts)
        kinds = {
            "row": ("id", "PassengerId", "row_id", "id_code", "uuid"),
            "code": ("zip", "icd_code", "school_no", "postcode", "area code"),
            "group": ("treatment", "ward_no", "cell line", "species", "lot number"),
            "unit": ("patient", "patient_no", "rat", "country"),
            "key": ("subjid", "invoice_ref", "custid", "fk"),
            None: ("age", "no_of_children", "number of beds", "amount_paid", "covid", "humid", "group_size"),
        }
        for kind, names in kinds.items():
            for name in names:
                with self.subTest(name):
                    self.assertEqual(parts["stands_for_things"](name), kind)
        # Where the name says it, numbers are names; the same numbers under another name are amounts.
        numbers = {"route_code": "11 12 13 14", "ward_no": "1 2 3 4", "steps": "11 12 13 14", "no_of_rooms": "1 2 3 4"}
        lab = Lab(table({name: texts.split() for name, texts in numbers.items()}))
        roles = {name: lab.column(name)["role"] for name in numbers}
        self.assertEqual(list(roles.values()), ["categorical", "categorical", "numeric", "numeric"], roles)

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


class Answers(Meaning):
    def test_yes_and_no_in_several_spellings_are_two_levels(self):
        cases = {
            "smoker": (["Y", "yes", "N", "no", "TRUE", "0", "Yes", "N"], {"yes": 4, "no": 4}),
            "asthma": (["ja", "Nein", "J", "n", "1", "0", "ja", "nein"], {"ja": 4, "nein": 4}),
            "sport": (["Oui", "non", "O", "N", "oui", "Non", "O", "N"], {"oui": 4, "non": 4}),
            "flag": (["True", "true", "FALSE", "F", "T", "false", "F", "T"], {"true": 4, "false": 4}),
        }
        lab = Lab(table({name: texts for name, (texts, _) in cases.items()}))
        for name, (texts, wanted) in cases.items():
            with self.subTest(name):
                column = lab.column(name)
                self.assertEqual(column["role"], "binary", column)
                self.assertEqual(
                    {entry["level"]: entry["n"] for entry in column["levels"]},
                    {level: n * N // 8 for level, n in wanted.items()},
                )
                self.assertEqual(column["yes_level"], next(iter(wanted)))
                self.assertRegex("\n".join(lab.profile["warnings"]), f"'{name}' spells yes and no in several ways")
                levels = [*wanted]
                self.assertEqual(
                    values(lab, name)[:8],
                    [levels[text.lower()[0] in "nf0"] for text in texts],
                )

    def test_what_can_be_something_else_is_left(self):
        self.check_levels(
            {
                "wind": (["N", "O", "S", "W"], ["N", "O", "S", "W"]),
                "three": (["yes", "no", "maybe", "Yes"], ["yes", "no", "maybe", "Yes"]),
                "truth": (["T", "F", "N"], ["T", "F", "N"]),
                "gas": (["NO", "N", "O"], ["NO", "N", "O"]),
            }
        )

    def test_an_answer_that_is_neither_is_said(self):
        lab = Lab(table({"agrees": ["Y", "yes", "no", "unknown"], "other": [str(i) for i in range(7)]}))
        self.assertEqual(lab.column("agrees")["missing"], N // 4)
        self.assertRegex("\n".join(lab.profile["warnings"]), "'agrees'.*'unknown'.*missing")


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
            |%d%b%Y|%d/%b/%y|%Y.%m.%d.|%Y. %m. %d.|%Y%m%d10|%Y%m%d1030|%Y%m%d103059|%Y-%m-%d 10:00:00 GMT+1|%Y/%m/%d 9:20:30 AM GMT+2
            |%Y-%m-%dT10:00:00+01:00|%Y-%m-%dT10:00:00.123Z|%m/%d/%Y 2:30 PM|%G-W%V-%u|%a %b %d 10:00:00 %Y
        """
        forms = [form.strip() for form in forms.split("|")]
        lab = Lab(table({f"date {i}": days(form) for i, form in enumerate(forms)}))
        for i, form in enumerate(forms):
            with self.subTest(form):
                self.check_days(lab, f"date {i}")

    def test_periods(self):
        forms = ["%Y-%m", "%b-%y", "%B %Y", "%YM%m", "%Y%m", "%m/%Y", "%b %Y"]
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
                    "jour court": ["mar. 02/03/2021", "ven. 05/03/2021", "lun. 15/03/2021"],
                    "dag": ["2 maj 2021", "5 augusti 2021", "14 oktober 2021"],
                    "dzien": ["2 maja 2021 r.", "5 wrze\u015bnia 2021 r.", "14 pa\u017adziernika 2021 r."],
                    "\u0434\u0435\u043d\u044c": [
                        "2 \u043c\u0430\u0440\u0442\u0430 2021",
                        "5 \u0430\u0432\u0433\u0443\u0441\u0442\u0430 2021 \u0433.",
                        "14 \u043c\u0430\u044f 2021",
                    ],
                    "\u65e5": [
                        "\u4ee4\u548c3\u5e743\u670815\u65e5",
                        "\u5e73\u621031\u5e744\u67081\u65e5",
                        "\u4ee4\u548c\u5143\u5e745\u67081\u65e5",
                    ],
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

    def moments(self, texts, **asked):
        """(lab, column, its values in seconds since the first that is there) of a column of dates."""
        lab = Lab(table({"when": texts, "other": [str(i) for i in range(7)]}, rows=len(texts)), **asked)
        column = lab.column("when")
        self.assertEqual(column["role"], "numeric", column)
        step = {"a": 365.2425 * 86400, "d": 86400, "h": 3600}[column["unit"]]
        got = values(lab, "when")
        first = next(value for value in got if value is not None)
        return lab, column, [None if value is None else step * (value - first) for value in got]

    def test_months_with_a_point_are_no_decimals(self):
        months = np.arange("2019-03", "2022-03", dtype="datetime64[M]")
        for shape, name in (("{:02}.{}", "value"), ("{}.{}", "Monat")):
            texts = [shape.format(month.astype(object).month, month.astype(object).year) for month in months]
            lab = Lab(table({name: texts, "other": [str(i) for i in range(7)]}, rows=36))
            with self.subTest(shape):
                self.assertEqual(lab.column(name)["type"], "period")
                days = (months.astype("datetime64[D]") - months.astype("datetime64[D]")[0]).astype(float)
                got = np.array(values(lab, name))
                np.testing.assert_allclose((got - got[0]) * 365.2425, days, atol=0.01)
        texts = [str(month).replace("-", ".") for month in months]
        lab = Lab(table({"value": texts, "other": [str(i) for i in range(7)]}, rows=36))
        self.assertEqual(lab.column("value")["type"], "period")
        lab = Lab(table({"price": [f"{i % 9 + 1}.{1990 + i}" for i in range(24)], "other": [str(i) for i in range(7)]}))
        self.assertEqual(lab.column("price")["type"], "number")

    def test_years_of_the_buddhist_era(self):
        texts = [f"{i % 28 + 1:02}/{i % 12 + 1:02}/{2561 + i // 12}" for i in range(48)]
        lab, column, got = self.moments(texts)
        first, last = np.datetime64("2018-01-01"), np.datetime64("2021-12-20")
        self.assertAlmostEqual(got[47] / 86400, (last - first).astype(int), delta=0.1)
        self.assertRegex("\n".join(lab.profile["warnings"]), "'when'.*Buddhist era")

    def test_names_of_zones_are_heeded(self):
        names = {"CET": 1, "CEST": 2, "EST": -5, "PDT": -7, "JST": 9, "UTC": 0}
        texts = [f"2024-03-{1 + i:02} 12:00 {name}" for i, name in enumerate([*names] * 3)]
        _, column, got = self.moments(texts)
        wanted = [(19783 + i) * 86400 + 43200 - 3600 * away for i, away in enumerate([*names.values()] * 3)]
        np.testing.assert_allclose(got, np.array(wanted) - wanted[0], atol=1)
        self.assertIn("UTC", column["read_as"])
        self.assertEqual(column["sure"], 1)

    def test_names_that_zones_share_are_doubtful(self):
        for pair, says in ((("CST", "CET"), "CST"), (("QQT", "CET"), "QQT")):
            with self.subTest(pair):
                texts = [f"2024-03-{1 + i:02} 12:00 {pair[i % 2]}" for i in range(20)]
                lab, column, _ = self.moments(texts)
                self.assertLess(column["sure"], 0.8)
                self.assertRegex("\n".join(lab.profile["warnings"]), f"'when'.*{says}")

    def test_zero_dates_are_missing(self):
        for zero, form in (
            ("0000-00-00", "2024-03-{:02}"),
            ("1900-01-00", "2024-03-{:02}"),
            ("00.00.0000", "{:02}.03.2024"),
            ("0000-00-00 00:00:00", "2024-03-{:02} 10:30:00"),
            ("1/0/1900", "3/{}/2024"),
        ):
            with self.subTest(zero):
                texts = [zero if i % 3 == 1 else form.format(1 + i) for i in range(30)]
                lab, column, got = self.moments(texts)
                self.assertEqual([value is None for value in got], [i % 3 == 1 for i in range(30)])
                self.assertRegex("\n".join(lab.profile["warnings"]), f"10 cells of 'when'.*'{zero}'.*missing")

    def test_dates_that_are_known_in_part(self):
        days = np.arange("2020-01", "2023-01", dtype="datetime64[M]")
        for shapes in (
            ("{y}-{m:02}-15", "{y}-{m:02}", "{y}"),
            ("15.{m:02}.{y}", "{m:02}.{y}", "{y}"),
            ("{y}-{m:02}-15", "{y}-{m:02}-00", "{y}-00-00"),
            ("15-{n}-{y}", "UN-{n}-{y}", "UN-UNK-{y}"),
        ):
            with self.subTest(shapes):
                texts, wanted = [], []
                for i, month in enumerate(days.astype(object)):
                    texts.append(shapes[i % 3].format(y=month.year, m=month.month, n=month.strftime("%b").upper()))
                    first = np.datetime64(month.replace(month=1) if i % 3 == 2 else month, "D").astype(int)
                    wanted.append((first + (14 if i % 3 == 0 else 0)) * 86400)
                lab, column, got = self.moments(texts)
                np.testing.assert_allclose(got, np.array(wanted) - wanted[0], atol=30)
                self.assertLess(column["sure"], 0.8)
                self.assertRegex("\n".join(lab.profile["warnings"]), "24 cells of 'when' give only the month or year")

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
        walk = np.cumsum(np.random.default_rng(5).normal(0, 1, 200))
        start = np.datetime64("2021-01-05")
        lab = Lab("date,price\n" + "\n".join(f"{start + i},{value:.3f}" for i, value in enumerate(walk)))
        test = lab.tests("numeric_numeric", {"x": "date", "y": "price"})[0]
        self.assertIn("time_order", test["caveats"])
        self.assertGreater(test["whole"]["p"], 0.05)

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
            "[0,10)|[10,20)|[20,50)",
            "(0, 1]|(1, 2]|(2, 5]",
            "10 to 14 years|15 to 19 years|20 years and over",
            "Low (0-3)|Medium (4-6)|High (7-10)",
            "negative|trace|1+|2+",
            "C|B-|B|B+|A-|A",
            "Baseline|Week 4|Week 12",
            "\u2605|\u2605\u2605|\u2605\u2605\u2605\u2605",
            "Pas d'accord|Neutre|D'accord",
            "En desacuerdo|Neutral|De acuerdo|Muy de acuerdo",
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
            "A+|A-|B+",
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
        self.assertEqual({test["test"] for test in lab.tests("numeric_numeric", *pairs)}, {"scipy.stats.t (slope of ranks, errors for unequal spread)"})
        self.assertEqual(lab.tests("group_numeric", {"x": "arm", "y": "fair"})[0]["test"], "scipy.stats.brunnermunzel")
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
