"""Writes the tables of the other examples in ten formats. Run it in the folder of the repository:

    python examples/formats/make.py

It needs pandas, pyarrow, openpyxl and pyreadstat."""

import io
import sqlite3
import zipfile
from pathlib import Path
from xml.sax.saxutils import escape

import pandas
import pyarrow
import pyarrow.feather
import pyarrow.parquet
import pyreadstat
from openpyxl import Workbook

EXAMPLES = Path(__file__).resolve().parents[1]
HERE = Path(__file__).resolve().parent


def read(name):
    return pandas.read_csv(EXAMPLES / name, keep_default_na=True)


def write_csv():
    """As statistical offices write it: a title, the names below it, a note at the end, decimal commas."""
    masses = read("breast-cancer/breast_cancer.csv").head(120)[["diagnosis", "radius", "texture", "smoothness"]]
    rows = masses.to_csv(sep=";", decimal=",", index=False)
    title, note = "Nuclei of breast masses, first 120 samples;;;\n", "Source: University of Wisconsin;;;\n"
    (HERE / "nuclei.csv").write_text(title + rows + note)


def write_tsv():
    read("penguins/penguins.csv").to_csv(HERE / "penguins.tsv", sep="\t", index=False, na_rep="NA")


def write_xlsx():
    """Two sheets; the first is a cover, the second has a line of units below the names."""
    book = Workbook()
    book.active.title = "about"
    book.active.append(["Penguins of the season 2009, Palmer Station"])
    sheet = book.create_sheet("2009")
    table = read("project/season_2009.csv")
    sheet.append(list(table.columns))
    sheet.append(["", "", "mm", "mm", "mm", "g", ""])
    for row in table.astype(object).where(table.notna(), None).itertuples(index=False):
        sheet.append(list(row))
    book.save(HERE / "season_2009.xlsx")


def write_parquet():
    table = pyarrow.Table.from_pandas(read("quick/gapminder.csv"), preserve_index=False)
    pyarrow.parquet.write_table(table, HERE / "gapminder.parquet", compression="zstd")


def write_json():
    table = read("quick/gapminder.csv")
    table[table["year"] == 2007].to_json(HERE / "countries_2007.json", orient="records", indent=1)


def write_sqlite():
    path = HERE / "penguins.sqlite"
    path.unlink(missing_ok=True)
    with sqlite3.connect(path) as base:
        for name, file in (("early", "seasons_2007_2008"), ("late", "season_2009")):
            read(f"project/{file}.csv").to_sql(name, base, index=False)
    base.close()


PARTIES = [
    "strong Democrat",
    "weak Democrat",
    "independent, leans Democrat",
    "independent",
    "independent, leans Republican",
    "weak Republican",
    "strong Republican",
]
COLUMNS = {
    "vote": "vote in 1996",
    "pid": "party identification",
    "selflr": "own place, left to right",
    "age": "age in years",
}
# As in the file of the study, 99 stands for no answer.
POSITIONS = {1: "very liberal", 4: "moderate", 7: "very conservative", 99: "no answer"}


def write_sav():
    table = read("election-1996/election_1996.csv")
    frame = pandas.DataFrame(
        {
            "vote": table["vote"].map({"Clinton": 0.0, "Dole": 1.0}),
            "pid": table["party"].map({name: float(code) for code, name in enumerate(PARTIES)}),
            "selflr": table["own_position"].astype(float),
            "age": table["age"].astype(float),
        }
    )
    frame.loc[frame.index % 47 == 5, "selflr"] = 99.0
    labels = {"vote": {0: "Clinton", 1: "Dole"}, "pid": dict(enumerate(PARTIES)), "selflr": POSITIONS}
    pyreadstat.write_sav(
        frame,
        HERE / "election.sav",
        column_labels=COLUMNS,
        variable_value_labels=labels,
        missing_ranges={"selflr": [99]},
    )


def write_dta():
    table = read("trial/indomethacin.csv")
    yes = {"no": 0, "yes": 1}
    frame = pandas.DataFrame(
        {
            "age": table["age"].astype(float),
            "rx": table["treatment"].map({"placebo": 0, "indomethacin": 1}).astype(float),
            "pep": table["pancreatitis"].map(yes).astype(float),
        }
    )
    pyreadstat.write_dta(
        frame,
        HERE / "trial.dta",
        column_labels={"age": "age in years", "rx": "treatment", "pep": "pancreatitis after the procedure"},
        variable_value_labels={"rx": {0: "placebo", 1: "indomethacin"}, "pep": {0: "no", 1: "yes"}},
    )


def ods_cell(value):
    if value is None or value != value:
        return "<table:table-cell/>"
    if isinstance(value, (int, float)):
        return f'<table:table-cell office:value-type="float" office:value="{value}"/>'
    return f'<table:table-cell office:value-type="string"><text:p>{escape(str(value))}</text:p></table:table-cell>'


def write_ods():
    table = read("penguins/penguins.csv").iloc[::3]
    rows = [list(table.columns), *table.astype(object).itertuples(index=False)]
    body = "".join(f"<table:table-row>{''.join(map(ods_cell, row))}</table:table-row>" for row in rows)
    kinds = ("office", "table", "text", "manifest")
    spaces = {name: f"urn:oasis:names:tc:opendocument:xmlns:{name}:1.0" for name in kinds}
    names = " ".join(f'xmlns:{name}="{spaces[name]}"' for name in kinds[:3])
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content {names} office:version="1.2"><office:body>'
        f'<office:spreadsheet><table:table table:name="every third">{body}</table:table></office:spreadsheet>'
        "</office:body></office:document-content>"
    )
    manifest = (
        '<?xml version="1.0" encoding="UTF-8"?><manifest:manifest '
        f'xmlns:manifest="{spaces["manifest"]}" manifest:version="1.2">'
        f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{kind}"/>'
        '<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/></manifest:manifest>'
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in (
            ("mimetype", kind),
            ("content.xml", content),
            ("META-INF/manifest.xml", manifest),
        ):
            entry = zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0))
            archive.writestr(entry, text, zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED)
    (HERE / "penguins.ods").write_bytes(out.getvalue())


def write_feather():
    table = read("breast-cancer/breast_cancer.csv")
    kinds = pandas.CategoricalDtype(["benign", "malignant"])
    table["diagnosis"] = table["diagnosis"].astype(kinds)
    pyarrow.feather.write_feather(table.head(200), HERE / "nuclei.feather", compression="zstd")


write_csv()
write_tsv()
write_xlsx()
write_parquet()
write_json()
write_sqlite()
write_sav()
write_dta()
write_ods()
write_feather()
