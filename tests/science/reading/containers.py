"""Reported kinds of containers: formats, packed files, pages, folders."""

import bz2
import datetime
import gzip
import io
import json
import lzma
import sqlite3
import zipfile

from clean import linked, pearson, rows_of, shares, text, workbook
from make import case

# ---- container ----


def table_of(rand, rows=28):
    x, y = linked(rand, rows, 33, 7, 1.7, 9, 8, 1)
    return {
        "basin": [f"b{i:02}" for i in range(rows)],
        "runoff": x,
        "load": y,
        "bank": shares(rand, rows, ["north", "south"]),
    }


def contained(name, what, ext, pack, **more):
    def make(rand):
        columns = table_of(rand)
        return pack(columns), pearson(columns["runoff"], columns["load"], {"runoff": columns["runoff"]})

    make.__name__ = name
    case("container", what, ["runoff", "load"], ext, rows=28, **more)(make)


def zipped(columns):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in (
            ("export/readme.txt", "made on Monday\n"),
            ("export/basins.csv", text(columns)),
            ("__MACOSX/export/._basins.csv", "\0\5\x16"),
        ):
            archive.writestr(zipfile.ZipInfo(path, (2024, 1, 1, 0, 0, 0)), content)
    return out.getvalue()


def frame_of(columns):
    import pandas as pd

    return pd.DataFrame(columns)


def arrow_of(columns):
    import pyarrow as pa

    return pa.table({name: list(cells) for name, cells in columns.items()})


def feather(columns):
    import pyarrow.feather as pf

    out = io.BytesIO()
    pf.write_feather(arrow_of(columns), out, compression="zstd")
    return out.getvalue()


def orc(columns):
    from pyarrow import orc as po

    out = io.BytesIO()
    po.write_table(arrow_of(columns), out)
    return out.getvalue()


def parquet(table):
    import pyarrow.parquet as pq

    out = io.BytesIO()
    pq.write_table(table, out)
    return out.getvalue()


def parts(columns):
    table = arrow_of(columns)
    return {f"part-{k:05}.parquet": parquet(table.slice(14 * k, 14)) for k in range(2)} | {"_SUCCESS": b""}


def stata(columns):
    out = io.BytesIO()
    frame_of(columns).to_stata(
        out,
        write_index=False,
        version=117,
        time_stamp=datetime.datetime(2024, 1, 1),
        variable_labels={"runoff": "Runoff in mm a day"},
    )
    return out.getvalue()


def from_file(write, suffix):
    """The bytes that a function writes into a file."""
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"made{suffix}"
        write(path)
        return path.read_bytes()


def spss(columns):
    import pyreadstat

    frame = frame_of(columns)
    frame["bank"] = [1.0 if side == "north" else 2.0 for side in columns["bank"]]
    frame["trust"] = [float(i % 4 + 1) if i % 5 else 99.0 for i in range(len(frame))]
    labels = {"bank": {1: "north", 2: "south"}, "trust": {1: "none", 4: "full", 99: "no answer"}}
    return from_file(
        lambda path: pyreadstat.write_sav(frame, path, variable_value_labels=labels, missing_ranges={"trust": [99]}),
        ".sav",
    )


def transport(columns):
    import pyreadstat

    return from_file(
        lambda path: pyreadstat.write_xport(frame_of(columns), path, table_name="BASINS", file_format_version=5), ".xpt"
    )


def database(columns):
    def write(path):
        base = sqlite3.connect(path)
        base.execute("pragma page_size = 512")
        base.execute("create table settings (name text, value text)")
        base.execute("insert into settings values ('unit', 'mm')")
        base.execute("create table basins (basin text, runoff real, load real, bank text)")
        base.executemany("insert into basins values (?, ?, ?, ?)", list(zip(*columns.values())))
        base.commit()
        base.close()

    return from_file(write, ".db")


def opendocument(columns):
    def cell_of(cell):
        kind = 'value-type="string"' if isinstance(cell, str) else f'value-type="float" office:value="{cell}"'
        return f"<table:table-cell office:{kind}><text:p>{cell}</text:p></table:table-cell>"

    cells = "".join("<table:table-row>" + "".join(map(cell_of, row)) + "</table:table-row>" for row in rows_of(columns))
    urn = "urn:oasis:names:tc:opendocument:xmlns"
    spaces = " ".join(f'xmlns:{name}="{urn}:{name}:1.0"' for name in ("office", "table", "text"))
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content {spaces} office:version="1.2"><office:body>'
        f'<office:spreadsheet><table:table table:name="basins">{cells}</table:table></office:spreadsheet>'
        "</office:body></office:document-content>"
    )
    mime = "application/vnd.oasis.opendocument.spreadsheet"
    manifest = (
        f'<?xml version="1.0" encoding="UTF-8"?><manifest:manifest xmlns:manifest="{urn}:manifest:1.0" '
        f'manifest:version="1.2"><manifest:file-entry manifest:full-path="/" manifest:media-type="{mime}"/>'
        '<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/></manifest:manifest>'
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, body in (("mimetype", mime), ("content.xml", content), ("META-INF/manifest.xml", manifest)):
            entry = zipfile.ZipInfo(path, (2024, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_STORED if path == "mimetype" else zipfile.ZIP_DEFLATED
            archive.writestr(entry, body)
    return out.getvalue()


def page(columns):
    row = lambda cells, tag: "<tr>" + "".join(f"<{tag}>{cell}</{tag}>" for cell in cells) + "</tr>\n"  # noqa: E731
    menu = "<table><tr><td>Home</td><td>Data</td></tr></table>"
    body = "".join(row(cells, "td") for cells in zip(*columns.values()))
    head = "<html><head><title>Basins</title><script>var a = '<table>';</script></head>"
    names = row(columns, "th")
    table = f"<table class=data>\n<thead>{names}</thead><tbody>{body}</tbody></table>"
    return f"<!DOCTYPE html>\n{head}<body>{menu}{table}</body></html>\n"


def markup(columns):
    rows = "".join(
        "  <basin id='{0}'><runoff>{1}</runoff><load>{2}</load><bank>{3}</bank></basin>\n".format(*cells)
        for cells in zip(*columns.values())
    )
    return f"<?xml version='1.0'?>\n<basins made='2024'>\n{rows}</basins>\n"


def weka(columns):
    rows = "".join("{0},{1},{2},{3}\n".format(*cells) for cells in zip(*columns.values()))
    head = ["% basins of the north", "@RELATION basins", "", "@ATTRIBUTE basin string", "@ATTRIBUTE runoff NUMERIC"]
    head += ["@attribute 'load' real", "@ATTRIBUTE bank {north, south}", "", "@DATA"]
    return "\n".join(head) + "\n" + rows


def array_of(columns):
    import numpy as np

    made = np.array(
        list(zip(*columns.values())), dtype=[("basin", "U3"), ("runoff", "f8"), ("load", "f4"), ("bank", "U5")]
    )
    out = io.BytesIO()
    np.save(out, made)
    return out.getvalue()


def records(columns):
    return [dict(zip(columns, row)) for row in zip(*columns.values())]


def features(columns):
    made = [
        {"type": "Feature", "geometry": {"type": "Point", "coordinates": [10 + i / 8, 50 - i / 4]}, "properties": row}
        for i, row in enumerate(records(columns))
    ]
    return json.dumps({"type": "FeatureCollection", "features": made}, separators=(",", ":"))


def markdown(columns):
    line = lambda cells: "| " + " | ".join(map(str, cells)) + " |\n"  # noqa: E731
    return line(columns) + "|:---|---:|---:|:---:|\n" + "".join(line(cells) for cells in zip(*columns.values()))


contained("zip_with_folders", "a zip with a readme, a folder and what a Mac adds", "zip", zipped)
contained("bz2_tabs", "tabs in bz2", "tsv.bz2", lambda c: bz2.compress(text(c, "\t").encode()))
contained(
    "xz_lines",
    "JSON lines in xz",
    "jsonl.xz",
    lambda c: lzma.compress("".join(json.dumps(r) + "\n" for r in records(c)).encode()),
)
contained(
    "gz_without_ending", "gzip under the name of a csv", "csv", lambda c: gzip.compress(text(c).encode(), mtime=0)
)
contained(
    "zip_workbook", "a workbook in a zip", "zip", lambda c: _zip_one("basins.xlsx", workbook(("basins", rows_of(c))))
)
contained("stata_labels", "Stata 117 with labels", "dta", stata)
contained(
    "spss_labels",
    "SPSS with labels of values and a code for missing",
    "sav",
    spss,
    levels={"bank": ["north", "south"]},
    missing={"trust": 6},
)
contained("sas_transport", "SAS transport", "xpt", transport)
contained("database_of_two", "SQLite with a second table of settings", "db", database)
contained("open_document", "OpenDocument spreadsheet", "ods", opendocument)
contained("feather_packed", "Feather packed by zstd", "feather", feather)
contained("orc_file", "ORC", "orc", orc)
contained("folder_of_parts", "a folder of Parquet parts with a mark of success", "parts", parts)
contained(
    "json_of_columns",
    "JSON: columns of {row: value}",
    "json",
    lambda c: json.dumps({name: {str(i): v for i, v in enumerate(cells)} for name, cells in c.items()}),
)
contained(
    "json_split",
    "JSON: columns, index and data",
    "json",
    lambda c: json.dumps(
        {"columns": list(c), "index": list(range(28)), "data": [list(row) for row in zip(*c.values())]}
    ),
)
contained("json_lists", "JSON: a list for each column", "json", lambda c: json.dumps(c))
contained("json_rows", "JSON: a list of rows, the first the names", "json", lambda c: json.dumps(rows_of(c)))
contained(
    "json_reply",
    "JSON: the reply of a service, with pages and errors",
    "json",
    lambda c: json.dumps(
        {"status": "ok", "errors": [], "paging": [{"page": 1}, {"page": 2}], "data": {"items": records(c)}}, indent=1
    ),
)
contained("web_page", "a web page with a menu that is a table too", "html", page)
contained("web_page_as_workbook", "a web page under the name of a workbook", "xls", page)
contained("markup_rows", "XML, one element for each row and an attribute", "xml", markup)
contained("weka_file", "ARFF with a note", "arff", weka)
contained("array_file", "a NumPy array with names", "npy", array_of)
contained("map_features", "GeoJSON points", "geojson", features)
contained("markdown_rows", "control: a Markdown table", "md", markdown)


def _zip_one(name, content):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(zipfile.ZipInfo(name, (2024, 1, 1, 0, 0, 0)), content)
    return out.getvalue()


def nested(columns):
    return [
        {"site": {"basin": a, "bank": d}, "measure": {"runoff": b, "load": c}} for a, b, c, d in zip(*columns.values())
    ]


@case("container", "nested JSON", ["measure.runoff", "measure.load"], "json", rows=28, target=None)
def json_nested(rand):
    columns = table_of(rand)
    return json.dumps(nested(columns)), pearson(columns["runoff"], columns["load"])


@case("container", "Parquet with structs", ["measure.runoff", "measure.load"], "parquet", rows=28, target=None)
def parquet_structs(rand):
    import pyarrow as pa

    columns = table_of(rand)
    return parquet(pa.Table.from_pylist(nested(columns))), pearson(columns["runoff"], columns["load"])
