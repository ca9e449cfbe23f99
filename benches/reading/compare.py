"""Reads one table as Kosmos, as DuckDB alone and as pandas alone, each in a process of its own, and prints time and memory
as ratios: `python benches/reading/compare.py ROWS`. DuckDB is fetched by pip unless it is there.

All three go from the file to a table of types in Parquet and a description of each column: `SUMMARIZE` of DuckDB,
`describe` of pandas, the profile of Kosmos, which reads more spellings and looks for more."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq

ROOT = Path(__file__).resolve().parents[2]
DUCKDB = "duckdb==2.0.0"
CHUNK = 500_000
PROTOCOL = {
    "template": "profile",
    "format": "auto",
    "question": "",
    "target": None,
    "randomised": [],
    "seed": 1,
    "dataset": "data",
}
WITH_DUCKDB = """
import sys, duckdb
base = duckdb.connect(config={{"threads": 1, "memory_limit": "1GB", "temp_directory": "spill"}})
base.execute("CREATE VIEW data AS SELECT * FROM '{path}'")
base.execute("COPY data TO 'table.parquet' (FORMAT parquet)")
base.execute("SUMMARIZE SELECT * FROM 'table.parquet'").fetchall()
"""
WITH_PANDAS = """
import pandas
data = pandas.read_{kind}("{path}")
data.describe(include="all")
data.to_parquet("table.parquet")
"""


def pick(draw, words, rows, share=None):
    codes = draw.choice(len(words), rows, p=share).astype(np.int32)
    return pa.DictionaryArray.from_arrays(pa.array(codes), pa.array(words)).cast(pa.string())


def padded(numbers, width):
    return pc.utf8_lpad(pa.array(numbers).cast(pa.string()), width, "0")


def columns_of(draw, start, rows):
    """30 columns: names of rows, whole and other numbers, days, moments, groups, codes, words, gaps."""
    age = draw.integers(18, 95, rows)
    moments = np.datetime64("2023-01-01T00:00:00") + draw.integers(0, 31_000_000, rows)
    born = np.datetime64("1930-01-01") + draw.integers(0, 28_000, rows)
    columns = {
        "patient": pc.binary_join_element_wise("P", padded(np.arange(start, start + rows), 8), ""),
        "row": np.arange(start + 1, start + rows + 1),
        "site": pick(draw, [f"Site {letter}" for letter in "ABCDEFGH"], rows),
        "arm": pick(draw, ["control", "treated"], rows),
        "sex": pick(draw, ["F", "M", "NA"], rows, [0.49, 0.49, 0.02]),
        "age": np.where(draw.random(rows) < 0.01, 999, age),
        "cholesterol": pa.array(np.round(draw.gamma(9, 0.6, rows), 2), mask=draw.random(rows) < 0.05),
        "visit": pa.array(np.datetime64("2018-01-01") + draw.integers(0, 2500, rows)),
        "born": pc.strftime(pa.array(born).cast(pa.timestamp("s")), "%d/%m/%Y"),
        "measured": pa.array(moments.astype("datetime64[s]")),
        "smoker": pick(draw, ["no", "yes"], rows, [0.75, 0.25]),
        "active": pa.array(draw.random(rows) < 0.5),
        "risk": draw.random(rows),
        "dose": pc.binary_join_element_wise(pa.array(np.round(draw.gamma(3, 4, rows), 1)).cast(pa.string()), " mg", ""),
        "zip": padded(draw.integers(500, 99_999, rows), 5),
        "grade": pick(draw, list("ABCDEF"), rows),
        "agree": pick(draw, ["strongly disagree", "disagree", "neutral", "agree", "strongly agree"], rows),
        "note": pick(draw, ["seen", "called", "missed, rescheduled", "left"], rows),
        "sample": pc.binary_join_element_wise("S-", padded(draw.integers(0, 10**9, rows), 9), ""),
        "visits": draw.poisson(3, rows),
        "outcome": np.round(0.04 * age + draw.normal(0, 1, rows), 3),
    }
    for at, digits in enumerate((0, 0, 1, 1, 2, 2, 4, 6, 6)):
        columns[f"measure_{at}"] = np.round(draw.normal(100, 15, rows), digits)
    return pa.table(columns)


def make_tables(rows, folder):
    """data.csv and data.parquet with that many rows, the same on every machine."""
    draw = np.random.default_rng(3)
    csv_file = parquet_file = None
    for start in range(0, rows, CHUNK):
        table = columns_of(draw, start, min(CHUNK, rows - start))
        if csv_file is None:
            options = arrow_csv.WriteOptions(quoting_style="needed")
            csv_file = arrow_csv.CSVWriter(folder / "data.csv", table.schema, write_options=options)
            parquet_file = pq.ParquetWriter(folder / "data.parquet", table.schema)
        csv_file.write_table(table)
        parquet_file.write_table(table)
    csv_file.close()
    parquet_file.close()


def measured(script, folder, environment):
    """(wall seconds, processor seconds, peak bytes of the process) of a Python script; None where it fails."""
    folder.mkdir()
    (folder / "script.py").write_text(script)
    began = time.monotonic()
    running = subprocess.Popen([sys.executable, "script.py"], cwd=folder, env=environment)
    _, status, used = os.wait4(running.pid, 0)
    if status != 0:
        return None
    return time.monotonic() - began, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024


def main(rows):
    sys.path.insert(0, str(ROOT / "tests" / "science"))
    from scripts import assemble

    with tempfile.TemporaryDirectory(dir=os.environ.get("KOSMOS_BENCH_FOLDER")) as made:
        folder = Path(made)
        packages = folder / "packages"
        fetch = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(packages), DUCKDB]
        if subprocess.run([sys.executable, "-c", "import duckdb"], capture_output=True).returncode:
            if subprocess.run(fetch).returncode:
                print("not measured: DuckDB, which cannot be fetched", file=sys.stderr)
        make_tables(rows, folder)
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": f"{packages}:{os.environ.get('PYTHONPATH', '')}"}
        print(f"{rows:,} rows, 30 columns, one thread\n")
        print("| file | reader | wall | processor | peak memory | wall, Kosmos = 1 | memory, Kosmos = 1 |")
        print("| --- | --- | ---: | ---: | ---: | ---: | ---: |")
        for kind in ("csv", "parquet"):
            path = folder / f"data.{kind}"
            readers = {
                "Kosmos": assemble({**PROTOCOL, "source": str(path)}),
                "DuckDB": WITH_DUCKDB.format(path=path),
                "pandas": WITH_PANDAS.format(path=path, kind=kind),
            }
            first = None
            for name, script in readers.items():
                found = measured(script, folder / f"{name}-{kind}", environment)
                if found is None:
                    print(f"| {kind} | {name} | failed | | | | |", flush=True)
                    continue
                first = first or found
                wall, cpu, peak = found
                print(
                    f"| {kind} | {name} | {wall:.1f} s | {cpu:.1f} s | {peak / 2**20:.0f} MiB "
                    f"| {wall / first[0]:.2f} | {peak / first[2]:.2f} |",
                    flush=True,
                )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
