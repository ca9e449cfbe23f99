"""Files that are made to hurt whoever opens them: the profile script ends in time, within its memory, with words for a
person, runs nothing of what it reads, and reads nothing but the file."""

import bz2
import gzip
import io
import json
import lzma
import os
import pickle
import resource
import signal
import sqlite3
import struct
import tempfile
import time
import unittest
import zipfile
from pathlib import Path

import scripts

# What a script may use for any of these files, which are small.
CPU_SECONDS = 15
MEMORY_BYTES = 2 << 30
# A script that uses no processor for so long waits for something.
IDLE_SECONDS = 30
SECRET = "canary-5f1c"

# Attacks that get through, and how. Whoever meets one removes its line: one in this table that is met fails the test.
OPEN = {}

ATTACKS = {}


def attack(ending, codes=None):
    """Registers a function that gives the bytes of a file, or writes what is more than a file at the path it is given.
    `codes` are those of the problems that may come of it; without them the table may be read too."""

    def register(function):
        ATTACKS[function.__name__] = (function, ending, codes)
        return function

    return register


def zip_of(members, level=9):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=level) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


TABLE = "a,b\n" + "".join(f"{i},{i * 7 % 13}\n" for i in range(30))


# ---- bombs ----


@attack("csv.gz", ["too_large", "unreadable"])
def gzip_bomb():
    return gzip.compress(b"1,2\n" * (12 << 20), mtime=0) * 45


@attack("csv.bz2")
def bzip_bomb():
    return bz2.compress(b"\n" * (40 << 20)) * 60


@attack("csv.xz")
def xz_bomb():
    return lzma.compress(b"1,2\n" * (8 << 20), preset=0) * 60


@attack("zip")
def zip_bomb():
    return zip_of({f"{i}.csv": b"1,2\n" * (16 << 20) for i in range(14)}, level=1)


@attack("zip")
def zip_in_zip():
    inner = zip_of({"a.csv": TABLE})
    for _ in range(40):
        inner = zip_of({"a.zip": inner})
    return inner


@attack("zip")
def zip_of_many():
    return zip_of({f"{i}.csv": "" for i in range(30_000)}, level=0)


@attack("zip")
def zip_with_paths():
    return zip_of({"../../../tmp/evil.csv": TABLE, "/etc/evil.csv": TABLE, "C:\\evil.csv": TABLE})


def parts_of_workbook(sheet, strings="", more=None):
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    kinds = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    return {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types"><Default Extension="rels" ContentType='
        '"application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" '
        f'ContentType="{kinds}.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" '
        f'ContentType="{kinds}.worksheet+xml"/><Override PartName="/xl/sharedStrings.xml" '
        f'ContentType="{kinds}.sharedStrings+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" '
        f'Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets><sheet name="s" sheetId="1" '
        'r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" '
        f'Type="{office}/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="r2" '
        f'Type="{office}/sharedStrings" Target="sharedStrings.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f'<?xml version="1.0"?>{sheet.replace("MAIN", main)}',
        "xl/sharedStrings.xml": strings or f'<sst xmlns="{main}"/>',
        **(more or {}),
    }


def rows_of_workbook():
    return "".join(
        f'<row r="{i}"><c r="A{i}"><v>{i}</v></c><c r="B{i}"><v>{i * 7 % 13}</v></c></row>' for i in range(1, 31)
    )


@attack("xlsx")
def workbook_bomb():
    sheet = f'<worksheet xmlns="MAIN"><sheetData>{rows_of_workbook()}</sheetData>' + " " * (800 << 20) + "</worksheet>"
    return zip_of(parts_of_workbook(sheet), level=1)


@attack("xlsx")
def workbook_of_far_cells():
    far = '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    sheet = '<worksheet xmlns="MAIN"><dimension ref="A1:XFD1048576"/><sheetData>' + rows_of_workbook() + far
    return zip_of(parts_of_workbook(sheet + "</sheetData></worksheet>"))


@attack("xlsx")
def workbook_of_merged_cells():
    sheet = f'<worksheet xmlns="MAIN"><sheetData>{rows_of_workbook()}</sheetData><mergeCells>'
    merged = '<mergeCell ref="A1:XFD1048576"/>' * 200
    return zip_of(parts_of_workbook(sheet + merged + "</mergeCells></worksheet>"))


LAUGHS = '<!DOCTYPE l [<!ENTITY a "ha ha ha ha ha ">' + "".join(
    f'<!ENTITY {name} "{(f"&{before};") * 12}">' for before, name in zip("abcdefgh", "bcdefghi")
)


@attack("xlsx")
def workbook_of_entities():
    sheet = f'{LAUGHS}]><worksheet xmlns="MAIN"><sheetData>{rows_of_workbook()}<row r="31"><c r="A31" t="str">'
    return zip_of(parts_of_workbook(sheet + "<v>&i;</v></c></row></sheetData></worksheet>"))


@attack("ods")
def repeated_cells():
    names = "urn:oasis:names:tc:opendocument:xmlns"
    content = (
        f'<?xml version="1.0"?><office:document-content xmlns:office="{names}:office:1.0" '
        f'xmlns:table="{names}:table:1.0" xmlns:text="{names}:text:1.0"><office:body><office:spreadsheet>'
        '<table:table table:name="s"><table:table-row table:number-rows-repeated="1000000000"><table:table-cell '
        'table:number-columns-repeated="1000000000" office:value-type="float" office:value="1"><text:p>1</text:p>'
        "</table:table-cell></table:table-row></table:table></office:spreadsheet></office:body>"
        "</office:document-content>"
    )
    return zip_of({"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "content.xml": content})


@attack("xml")
def billion_laughs():
    return (f'<?xml version="1.0"?>{LAUGHS}]><rows>' + "<row><a>1</a><b>&i;</b></row>" * 9 + "</rows>").encode()


@attack("xml")
def entity_of_a_file():
    rows = "<row><a>1</a><b>&f;</b></row><row><a>2</a><b>x</b></row>" * 9
    return f'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY f SYSTEM "file://SECRETFILE">]><rows>{rows}</rows>'.encode()


@attack("xml")
def deep_elements():
    return b"<a>" * 300_000 + b"1" + b"</a>" * 300_000


@attack("html")
def wide_spans():
    row = '<tr><td colspan="1000000" rowspan="60000">1</td><td>2</td></tr>\n'
    return ("<html><body><table><tr><th>a</th><th>b</th></tr>" + row * 300 + "</table></body></html>").encode()


@attack("html")
def tables_in_tables():
    return b"<html><body>" + b"<table><tr><td>" * 60_000 + b"1"


@attack("json")
def deep_json():
    return b"[" * 400_000 + b"]" * 400_000


@attack("jsonl")
def deep_json_lines():
    return b"".join(b'{"a": ' + b'{"a": ' * 60 + b"1" + b"}" * 60 + b', "b": %d}\n' % i for i in range(300))


@attack("json")
def long_integers():
    return json.dumps([{"a": i, "b": "N"} for i in range(20)]).replace('"N"', "9" * 100_000).encode()


@attack("jsonl")
def many_keys():
    return "".join(json.dumps({f"k{i}_{j}": j for j in range(30)}) + "\n" for i in range(600)).encode()


# ---- what would run ----


class Touch:
    def __reduce__(self):
        return (os.system, ("touch MARKER",))


@attack("npy")
def array_of_objects():
    head = b"{'descr': '|O', 'fortran_order': False, 'shape': (9,), }"
    head += b" " * (64 - (10 + len(head) + 1) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head + pickle.dumps([Touch()] * 9)


@attack("npy")
def array_without_end():
    head = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000, 1000), }"
    head += b" " * (64 - (10 + len(head) + 1) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head + b"\0" * 800


@attack("csv")
def pickled_table():
    return pickle.dumps({"a": Touch()})


def database(path, statements):
    base = sqlite3.connect(path)
    for statement in statements:
        base.execute(statement)
    base.commit()
    base.close()


@attack("sqlite")
def endless_view(path):
    rows = "with recursive n(a) as (select 1 union all select a + 1 from n) select a, a * 2 as b from n"
    database(path, ["create table t (a, b)", f"create view big as {rows}"])


@attack("sqlite")
def strange_names_of_tables(path):
    names = ['"a"; drop table b', "b", "c]", "d`", "sqlite evil", "e'f"]
    quoted = ['"' + name.replace('"', '""') + '"' for name in names]
    filled = [f"insert into {name} values ({i}, {i * 7 % 13})" for name in quoted for i in range(12)]
    database(path, [f'create table {name} ("x"" y", b)' for name in quoted] + filled)


@attack("csv")
def formulas_as_text():
    cells = ["=cmd|' /C touch MARKER'!A0", "@SUM(1+1)", "+1+1", "-2+3", '=WEBSERVICE("http://127.0.0.1:9/x")']
    return ("a,b\n" + "".join(f'"{cells[i % 5]}",{i}\n'.replace('""', "'") for i in range(40))).encode()


# ---- texts ----


@attack("csv")
def a_line_without_end():
    return b"a,b\n" + b"1,2" * (6 << 20)


@attack("csv")
def an_open_quote():
    return b'a,b\n1,"2\n' + b"3,4\n" * (1 << 20)


@attack("csv")
def long_cells_of_signs():
    rows = [
        "1" + ",1" * 20_000,
        "(" * 40_000,
        " " * 40_000 + "x",
        "1." * 20_000,
        "-" * 40_000,
        "1e" * 20_000,
        "9" * 40_000,
    ]
    rows += [
        "2021-" * 8_000,
        "<" * 40_000,
        "1 " * 20_000 + "x",
        "'" * 40_001,
        "1/" * 20_000,
        "€" * 20_000,
        "0" * 40_000 + "a",
    ]
    return ("a;b\n" + "".join(f"{row};{i}\n" for i, row in enumerate(rows * 3))).encode()


@attack("sql")
def inserts_without_end():
    return b"INSERT INTO t (a, b) VALUES\n" + b"INSERT INTO t (a, b VALUES (1, 'x\n" * 200_000


@attack("sql")
def tables_without_end():
    return b"create table t \n" * 200_000 + b"INSERT INTO t VALUES (1, 2), (3, 4), (5, 6);\n"


@attack("yaml")
def records_of_blanks():
    return b"- a: 1\n  b: 2" + b" " * 2_000_000 + b"x\n"


@attack("txt")
def commands_without_end():
    return b"\\begin{tabular}{l}\n" + b"\\textbf{" * 100_000 + b"a & b \\\\\n" * 5


@attack("xlsx")
def formulas_that_grow():
    def cell(name, formula):
        return f'<c r="{name}"><f>{formula}</f></c>'

    rows = [
        f'<row r="{i}">{cell(f"A{i}", f"A{i - 1}&amp;A{i - 1}")}{cell(f"B{i}", f"B{i - 1}^9+SUM(C1:C{i})")}'
        f"{cell(f'C{i}', f'SUM(A1:XFD{i})')}{cell(f'D{i}', '(' * 900 + '1' + ')' * 900)}{cell(f'E{i}', '-' * 1900 + '1')}</row>"
        for i in range(2, 3000)
    ]
    first = '<row r="1"><c r="A1"><v>9</v></c><c r="B1"><v>9</v></c><c r="C1"><v>1</v></c></row>'
    sheet = '<worksheet xmlns="MAIN"><sheetData>' + first + "".join(rows) + "</sheetData></worksheet>"
    return zip_of(parts_of_workbook(sheet))


@attack("csv")
def many_tables_below_each_other():
    return (
        "a,b\n" + "".join(f"{i},{i * 7 % 13}\n" for i in range(2000)) + "".join(f"x{i},y{i}\n" for i in range(60_000))
    ).encode()


@attack("csv")
def many_long_words():
    return ("a,b\n" + "".join(f"{'word ' * 8}{i * 7919 % 100_003} {'x1-' * 12},{i}\n" for i in range(60_000))).encode()


@attack("csv")
def a_wide_line():
    return b"a,b\n" + b"".join(b"%d,%d\n" % (i, i * 7 % 13) for i in range(40)) + b",".join([b"1"] * 300_000) + b"\n"


@attack("csv")
def nothing_but_delimiters():
    return (b"," * 9_000 + b"\n") * 300


@attack("csv")
def nothing_but_line_ends():
    return b"\r\n" * (4 << 20)


@attack("txt")
def nothing_but_blanks_and_letters():
    return (" " * 3_000 + "x" + " " * 3_000 + "\n").encode() * 400


@attack("csv")
def directions_and_controls():
    names = ["\u202eevil", "\x1b[31mred", "a\u0000b", "\ud7ff", "x" * 999]
    return (",".join(names) + "\n" + "".join(f"{i},{i},{i},{i},{i}\n" for i in range(30))).encode()


# ---- damaged and lying ----


def parquet():
    import pyarrow as pa
    import pyarrow.parquet as pq

    out = io.BytesIO()
    pq.write_table(pa.table({"a": list(range(100)), "b": [i * 7 % 13 for i in range(100)]}), out)
    return out.getvalue()


@attack("parquet", ["unreadable"])
def parquet_with_a_long_footer():
    return parquet()[:-8] + struct.pack("<I", 2**31 - 8) + b"PAR1"


@attack("parquet", ["unreadable"])
def parquet_of_noise():
    whole = bytearray(parquet())
    for place in range(4, len(whole) - 8, 3):
        whole[place] = place * 37 % 256
    return bytes(whole)


@attack("feather")
def arrow_of_noise():
    return b"ARROW1\0\0" + bytes(i * 37 % 256 for i in range(4000)) + struct.pack("<i", 2**31 - 9) + b"ARROW1"


@attack("orc")
def orc_of_noise():
    return b"ORC" + bytes(i * 41 % 256 for i in range(4000))


@attack("dta")
def stata_of_noise():
    head = b"<stata_dta><header><release>118</release><byteorder>LSF</byteorder><K>\xff\xff</K><N>"
    return head + b"\xff" * 7 + b"\x00</N>" + bytes(i * 43 % 256 for i in range(3000))


@attack("sav")
def spss_of_noise():
    head = (
        b"$FL2@(#) SPSS DATA FILE"
        + b" " * 41
        + struct.pack("<iiiii", 2, 2**30, 1, 0, 2**31 - 1)
        + struct.pack("<d", 100)
    )
    return head + bytes(i * 47 % 256 for i in range(3000))


@attack("xpt")
def transport_of_noise():
    return b"HEADER RECORD*******LIBRARY HEADER RECORD!!!!!!!" + b"0" * 32 + bytes(i * 53 % 256 for i in range(3000))


@attack("sqlite")
def database_of_noise(path):
    database(path, ["create table t (a, b)"] + [f"insert into t values ({i}, {i})" for i in range(2000)])
    raw = bytearray(path.read_bytes())
    for place in range(200, len(raw), 5):
        raw[place] = place * 31 % 256
    path.write_bytes(raw)


@attack("h5")
def hdf_of_noise():
    return b"\x89HDF\r\n\x1a\n" + bytes(i * 59 % 256 for i in range(4000))


@attack("arff")
def arff_of_levels():
    return (
        "@relation r\n@attribute a {" + ",".join(f"l{i}" for i in range(200_000)) + "}\n@data\n" + "l1\n" * 40
    ).encode()


# ---- folders ----


@attack("parts")
def folder_with_links(path):
    path.mkdir()
    (path / "a.csv").symlink_to("SECRETFILE")
    (path / "b.csv").write_text(TABLE)
    (path / "up").symlink_to("/")
    (path / "me").symlink_to(path)


@attack("parts")
def folder_with_a_pipe(path):
    path.mkdir()
    os.mkfifo(path / "a.csv")
    (path / "b.csv").write_text(TABLE)


@attack("csv")
def pipe_alone(path):
    os.mkfifo(path)


@attack("parts")
def folder_in_folders(path):
    here = path
    for _ in range(300):
        here = here / "d"
    here.mkdir(parents=True)
    (here / "a.csv").write_text(TABLE)


def run_within_limits(root, source):
    """(status, seconds of processor, bytes of memory, stderr) of the profile script on `source`, in a fork."""
    folder = root / "profile"
    folder.mkdir()
    protocol = {"template": "profile", "source": str(source), "format": "auto", "question": "", "target": None}
    protocol |= {"seed": 5, "dataset": "data", "randomised": []}
    text = scripts.assemble(protocol)
    (folder / "script.py").write_text(text, encoding="utf-8")
    codes = scripts.codes_of(text, protocol)
    child = os.fork()
    if child == 0:
        try:
            resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS + 1, CPU_SECONDS + 3))
            # Beyond what is allowed, so that the machine does not suffer where it is not kept.
            resource.setrlimit(resource.RLIMIT_DATA, (2 * MEMORY_BYTES, 2 * MEMORY_BYTES))
            resource.setrlimit(resource.RLIMIT_FSIZE, (256 << 20, 256 << 20))
            os._exit(scripts.run_as_main(folder, [], codes))
        finally:
            os._exit(70)
    ticks, since = 0, time.monotonic()
    while True:
        done, status, used = os.wait4(child, os.WNOHANG)
        if done:
            break
        # Who waits for a pipe uses no processor at all; on a busy machine everyone gets a little.
        if ticks != (ticks := ticks_of(child)):
            since = time.monotonic()
        elif time.monotonic() - since > IDLE_SECONDS:
            os.kill(child, signal.SIGKILL)
            since = time.monotonic()
        time.sleep(0.02)
    stderr = folder.with_suffix(".stderr").read_text() if folder.with_suffix(".stderr").exists() else ""
    return os.waitstatus_to_exitcode(status), used.ru_utime + used.ru_stime, used.ru_maxrss * 1024, stderr


def ticks_of(process):
    """What a process has used of the processor, in the kernel's units."""
    fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


class Hostile(unittest.TestCase):
    def find_fault(self, name):
        """What got through, or None."""
        function, ending, codes = ATTACKS[name]
        root = Path(self.enterContext(tempfile.TemporaryDirectory()))
        source, marker, secret = root / f"in.{ending}", root / "marker", root / "secret.csv"
        secret.write_text(f"{SECRET},b\n" + f"{SECRET},1\n" * 20)
        if function.__code__.co_argcount:
            function(source)
        else:
            source.write_bytes(function().replace(b"MARKER", bytes(marker)).replace(b"SECRETFILE", bytes(secret)))
        if source.is_dir():
            for link in [path for path in source.iterdir() if path.is_symlink() and os.readlink(path) == "SECRETFILE"]:
                link.unlink()
                link.symlink_to(secret)
        status, seconds, memory, stderr = run_within_limits(root, source)
        folder = root / "profile"
        left = {path.name for path in folder.iterdir()} - {"script.py", "result.json", "table.parquet"}
        if status or stderr:
            return f"it ended with {status}: {stderr.strip()[-300:]}"
        if seconds > CPU_SECONDS:
            return f"it took {seconds:.0f} seconds of processor"
        if memory > MEMORY_BYTES:
            return f"it took {memory >> 20} MiB"
        if left or marker.exists():
            return f"it left {left or 'the marker'}"
        result = (folder / "result.json").read_text()
        if SECRET in result:
            return "it read another file"
        problem = json.loads(result)["problem"]
        if problem and len(problem["message"]) > 2000:
            return f"its message has {len(problem['message'])} letters"
        if codes and (problem or {}).get("code") not in codes:
            return f"it ended with {problem}"
        return None

    def check(self, name):
        fault = self.find_fault(name)
        if name in OPEN:
            self.assertIsNotNone(fault, f"{name} is met: remove it from OPEN")
        else:
            self.assertIsNone(fault, name)

    def test_open_attacks_are_attacks(self):
        self.assertEqual(set(OPEN) - set(ATTACKS), set())


def add_test(name):
    setattr(Hostile, f"test_{name}", lambda self: self.check(name))


for name in ATTACKS:
    add_test(name)


if __name__ == "__main__":
    unittest.main()
