# ---- typed: files whose columns have types: Parquet, Feather, ORC, Stata, SPSS, SAS, SQLite, HDF5, NumPy ----
import datetime
import io
import os
import tempfile
import time

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

# Seconds that a query of a database may take.
QUERY_SECONDS = 60
# Rows of a database that are read at most.
DATABASE_ROWS = 5_000_000


def read_parquet(reading, source):
    try:
        table = (
            pq.read_table(source, use_threads=False)
            if not hasattr(source, "getvalue")
            else pq.read_table(pa.BufferReader(source.getvalue()), use_threads=False)
        )
    except (pa.ArrowException, OSError, ValueError) as error:
        raise Problem(
            "unreadable", f"the parquet file cannot be read ({type(error).__name__}); write it again"
        ) from None
    return arrow_columns(reading, table)


def read_feather(reading, source):
    import pyarrow.feather

    raw = whole_file(source)
    try:
        try:
            table = pyarrow.feather.read_table(pa.BufferReader(raw), use_threads=False)
        except (pa.ArrowException, ValueError):
            table = pa.ipc.open_stream(pa.BufferReader(raw)).read_all()
    except (pa.ArrowException, OSError, ValueError) as error:
        raise Problem("unreadable", f"the Arrow file cannot be read ({type(error).__name__}); write it again") from None
    return arrow_columns(reading, table)


def read_orc(reading, source):
    import pyarrow.orc

    try:
        table = pyarrow.orc.ORCFile(pa.BufferReader(whole_file(source))).read()
    except (pa.ArrowException, OSError, ValueError) as error:
        raise Problem("unreadable", f"the ORC file cannot be read ({type(error).__name__}); write it again") from None
    return arrow_columns(reading, table)


def whole_file(source):
    if hasattr(source, "getvalue"):
        return source.getvalue()
    with open(source, "rb") as file:
        return file.read()


def arrow_columns(reading, table):
    """The columns of an Arrow table in the types that are described later; structs become a column per field."""
    for _ in range(NESTED_DEPTH):
        if not any(pa.types.is_struct(field.type) for field in table.schema):
            break
        table = table.flatten()
    check_column_names(table.column_names)
    columns = []
    for name, array in zip(table.column_names, table.columns):
        kind = array.type
        label = (table.schema.field(len(columns)).metadata or {}).get(b"description")
        if label:
            reading.about(name)["label"] = label.decode("utf-8", errors="replace")[:1000]
        if pa.types.is_dictionary(kind):
            if table.schema.field(len(columns)).type.ordered:
                levels = array.combine_chunks()
                levels = levels.chunk(0) if isinstance(levels, pa.ChunkedArray) and levels.num_chunks else levels
                known = getattr(levels, "dictionary", None)
                reading.about(name)["levels"] = (
                    [[as_text(v), as_text(v)] for v in known.to_pylist()[:1000]] if known is not None else []
                )
            array = array.cast(kind.value_type)
            kind = array.type
        if pa.types.is_decimal(kind):
            array = array.cast(pa.float64())
        elif str(kind) in ("string_view", "binary_view"):
            array = array.cast(pa.string())
        elif (
            pa.types.is_nested(kind)
            or pa.types.is_binary(kind)
            or pa.types.is_large_binary(kind)
            or pa.types.is_duration(kind)
            or pa.types.is_time(kind)
        ):
            array = pa.array([as_text(value) for value in array.to_pylist()], pa.string())
        columns.append((name, array))
    return columns


def frame_columns(reading, frame):
    """The columns of a pandas frame that a reader of typed files gave."""
    import pandas

    columns = []
    for name in frame.columns:
        series = frame[name]
        if isinstance(series.dtype, pandas.CategoricalDtype):
            series = series.astype(object)
        if series.dtype == object or str(series.dtype) in ("str", "string"):
            values = [
                None if value is None or value is pandas.NaT or value != value else value for value in series.tolist()
            ]
            filled_values = [value for value in values if value is not None]
            if filled_values and all(isinstance(value, datetime.datetime) for value in filled_values):
                array = pa.array(values, pa.timestamp("us"))
            elif filled_values and all(type(value) is datetime.date for value in filled_values):
                array = pa.array(values, pa.date32())
            elif filled_values and all(
                isinstance(value, (int, float)) and not isinstance(value, bool) for value in filled_values
            ):
                array = pa.array([None if value is None else float(value) for value in values], pa.float64())
            else:
                array = pa.array([as_text(value) for value in values], pa.string())
        else:
            array = pa.Array.from_pandas(series)
            if pa.types.is_floating(array.type) and not pa.types.is_float64(array.type):
                array = shortest_doubles(series.to_numpy())
            if pa.types.is_duration(array.type):
                array = pa.array([as_text(value) for value in series.tolist()], pa.string())
        columns.append((str(name), array))
    return columns


def shortest_doubles(values):
    """float64 of float32, as they are written: 0.1, not 0.10000000149."""
    out = np.array([float(str(value)) if np.isfinite(value) else np.nan for value in values], float)
    return pa.array(out, mask=np.isnan(out))


class NamedFile:
    """A path for libraries that read no bytes: the file itself, or a copy under a name of our own."""

    def __init__(self, source, ending):
        self.source, self.ending, self.made = source, ending, None

    def __enter__(self):
        if not hasattr(self.source, "getvalue"):
            return os.path.abspath(self.source)
        handle, self.made = tempfile.mkstemp(suffix=self.ending, dir=os.getcwd())
        with os.fdopen(handle, "wb") as file:
            file.write(self.source.getvalue())
        return self.made

    def __exit__(self, *_):
        if self.made:
            os.unlink(self.made)


def read_statistical(reader_name, ending, title, remedy):
    """A reader of one kind of file of a statistical package."""

    def read(reading, source):
        try:
            import pyreadstat
        except ImportError:
            raise Problem("unreadable", f"this is a {title} file, which is not read here; {remedy}") from None
        try:
            with NamedFile(source, ending) as path:
                # Codes that the file declares as missing come as they are, so that they can be named.
                declared = {"user_missing": True} if reader_name == "read_sav" else {}
                frame, meta = getattr(pyreadstat, reader_name)(path, **declared)
                if declared:
                    blank_missing(frame, meta)
        except MemoryError:
            raise
        except Exception as error:  # pyreadstat raises many kinds for a damaged file
            raise Problem("unreadable", f"the {title} file cannot be read ({type(error).__name__}); {remedy}") from None
        note_labels(reading, frame, meta)
        return frame_columns(reading, frame)

    return read


def note_labels(reading, frame, meta):
    """Labels of columns and of their codes, and the codes that the file declares as missing."""
    for name in frame.columns:
        label = (meta.column_names_to_labels or {}).get(name)
        levels = (meta.variable_value_labels or {}).get(name) or {}
        ranges = (getattr(meta, "missing_ranges", None) or {}).get(name) or []
        codes = (getattr(meta, "missing_user_values", None) or {}).get(name) or []
        if not (label or levels or ranges or codes):
            continue
        about = reading.about(str(name))
        about["label"] = str(label) if label else None
        about["levels"] = [[code_text(code), str(text)] for code, text in list(levels.items())[:1000]]
        about["missing"] = [
            code_text(part["lo"]) if part["lo"] == part["hi"] else f"{code_text(part['lo'])} to {code_text(part['hi'])}"
            for part in ranges
        ] + [code_text(code) for code in codes]


def blank_missing(frame, meta):
    """Makes the codes that the file declares as missing empty cells."""
    for name, ranges in (meta.missing_ranges or {}).items():
        for part in ranges:
            low, high = part["lo"], part["hi"]
            if low == high and frame[name].dtype.kind in "fi":
                continue  # counted and named where the column is described
            try:
                gone = (frame[name] >= low) & (frame[name] <= high)
            except TypeError:
                gone = frame[name].isin([low, high])
            frame[name] = frame[name].where(~gone, None)


def code_text(code):
    return str(int(code)) if isinstance(code, float) and code.is_integer() else str(code)


def read_sqlite(reading, source):
    """A table of a database. Views are not opened, and nothing of the file is run."""
    import sqlite3

    with NamedFile(source, ".sqlite") as path:
        try:
            base = sqlite3.connect(f"file:{quoted_path(path)}?mode=ro&immutable=1", uri=True)
            base.execute("PRAGMA trusted_schema = OFF")
            end = time.monotonic() + QUERY_SECONDS
            base.set_progress_handler(lambda: time.monotonic() > end, 100_000)
            base.text_factory = lambda raw: raw.decode("utf-8", errors="replace")
            listed = base.execute(
                "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND sql NOT LIKE 'CREATE VIRTUAL%'"
            ).fetchall()
            tables = {}
            for (name,) in listed[:1000]:
                heads = [row[1] for row in base.execute(f"PRAGMA table_info({identifier(name)})")]
                count = base.execute(f"SELECT count(*) FROM {identifier(name)}").fetchone()[0]
                tables[name] = (heads, count)
            full = {name: found for name, found in tables.items() if found[1] and found[0]}
            if not full:
                raise Problem("empty_table", "the database holds no table with rows")
            chosen = chosen_sheet(reading, list(tables))
            if chosen is not None and chosen not in full:
                raise Problem("empty_table", f"the table '{chosen}' of the database has no rows")
            best = chosen or max(
                full,
                key=lambda name: (
                    reading.mentions(full[name][0]),
                    asks_for(reading.question, name),
                    full[name][1] * len(full[name][0]),
                ),
            )
            heads, count = full[best]
            check_column_names(heads)
            if count > DATABASE_ROWS:
                raise Problem("too_large", f"the table '{best}' has {count} rows; export it as Parquet")
            chosen = ", ".join(identifier(head) for head in heads)
            rows = base.execute(f"SELECT {chosen} FROM {identifier(best)}").fetchall()
            base.close()
        except sqlite3.Error as error:
            raise Problem("unreadable", f"the database cannot be read ({error}); export the table as csv") from None
    reading.facts["sheet"] = best
    if len(tables) > 1:
        others = ", ".join(f"'{name}'" for name in tables if name != best)
        reading.warn(f"the database has {len(tables)} tables; only '{best}' was read, not {others[:300]}")
        for name, (_, number) in tables.items():
            if name != best:
                reading.set_aside("another table", None, number, f"the table '{name}' of the database")
    columns = []
    for index, head in enumerate(heads):
        values = [row[index] for row in rows]
        if all(value is None or type(value) in (int, float) for value in values) and any(
            value is not None for value in values
        ):
            array = pa.array([None if value is None else float(value) for value in values], pa.float64())
        else:
            array = pa.array([as_text(value) for value in values], pa.string())
        columns.append((head, array))
    return columns


def identifier(name):
    return '"' + name.replace('"', '""') + '"'


def quoted_path(path):
    from urllib.parse import quote

    return quote(path)


def read_numpy(reading, source):
    try:
        array = np.load(io.BytesIO(whole_file(source)), allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise Problem(
            "unreadable",
            f"the NumPy file holds objects or is damaged ({type(error).__name__}); save plain numbers, or csv",
        ) from None
    return numpy_columns(reading, array, "the array")


def numpy_columns(reading, array, what):
    if array.dtype.names:
        if array.ndim != 1:
            raise Problem("not_a_table", f"{what} has {array.ndim} dimensions; give a table with rows and columns")
        return [(name, plain_array(array[name])) for name in array.dtype.names if array[name].ndim == 1]
    if array.ndim == 1:
        array = array.reshape(-1, 1)
    if array.ndim != 2:
        raise Problem("not_a_table", f"{what} has {array.ndim} dimensions; give a table with rows and columns")
    check_column_names([""] * array.shape[1])
    reading.warn(f"{what} has no names; its columns were named column_1, column_2, ... in their order")
    return [(f"column_{index + 1}", plain_array(array[:, index])) for index in range(array.shape[1])]


def plain_array(values):
    if values.dtype.kind in "SUO":
        return pa.array(
            [as_text(v.decode("utf-8", errors="replace") if isinstance(v, bytes) else v) for v in values.tolist()],
            pa.string(),
        )
    if values.dtype.kind == "c":
        raise Problem("not_a_table", "the array holds complex numbers; save real and imaginary parts as columns")
    if values.dtype == np.float32 or values.dtype == np.float16:
        return shortest_doubles(values)
    values = np.ascontiguousarray(values)
    return pa.array(values.astype(values.dtype.newbyteorder("=")), from_pandas=True)


def read_hdf5(reading, source):
    """A table of an HDF5 file: one of records, one of two dimensions, or arrays of one length in one group."""
    try:
        import h5py
    except ImportError:
        raise Problem(
            "unreadable", "this is an HDF5 file, which is not read here; write the table in it as Parquet or csv"
        ) from None
    try:
        with h5py.File(io.BytesIO(whole_file(source)), "r") as file:
            return hdf5_columns(reading, file, h5py)
    except Problem:
        raise
    except Exception as error:  # h5py raises many kinds for a damaged file
        raise Problem(
            "unreadable", f"the HDF5 file cannot be read ({type(error).__name__}); write the table as Parquet"
        ) from None


def hdf5_columns(reading, file, h5py):
    found, flat = {}, {}

    def visit(name, item):
        # Links that lead out of the file are not followed by `visititems`.
        if isinstance(item, h5py.Dataset) and item.size and len(found) + len(flat) < MEMBERS_READ and not item.external:
            if item.nbytes > UNPACKED_BYTES or getattr(item, "is_virtual", False):
                return
            if item.dtype.names or item.ndim == 2:
                found[name] = item
            elif item.ndim == 1:
                flat.setdefault((name.rpartition("/")[0], len(item)), []).append((name.rpartition("/")[2], item))

    file.visititems(visit)
    pandas_table = next((name[: -len("/axis0")] for name in [n for n in frames_of_pandas(file, h5py)]), None)
    if pandas_table is not None:
        return pandas_columns(reading, file, pandas_table)
    tables = {key: items for key, items in flat.items() if len(items) > 1}
    choices = [
        (reading.mentions([name for name, _ in items]), key[1] * len(items), key) for key, items in tables.items()
    ]
    records = [
        (reading.mentions(list(item.dtype.names or [])), item.size * max(1, len(item.dtype.names or [1])), name)
        for name, item in found.items()
    ]
    best = max(choices + records, key=lambda entry: entry[:2], default=None)
    if best is None:
        raise Problem("not_a_table", "the HDF5 file holds no table; write the table that is meant as Parquet or csv")
    others = [entry[2] for entry in choices + records if entry is not best]
    if others:
        shown = ", ".join(repr(other if isinstance(other, str) else other[0] or "/") for other in others[:5])
        reading.warn(
            f"the HDF5 file holds several tables; {best[2] if isinstance(best[2], str) else best[2][0] or '/'!r} was read, not {shown}"
        )
        reading.set_aside("other tables", None, len(others), "other tables of the HDF5 file: " + shown)
    if isinstance(best[2], str):
        reading.facts["sheet"] = best[2]
        return numpy_columns(reading, found[best[2]][()], f"the table '{best[2]}'")
    reading.facts["sheet"] = best[2][0] or "/"
    return [(name, plain_array(item[()])) for name, item in tables[best[2]]]


def frames_of_pandas(file, h5py):
    names = []
    file.visititems(
        lambda name, item: names.append(name) if name.endswith("/axis0") and isinstance(item, h5py.Dataset) else None
    )
    return names


def pandas_columns(reading, file, name):
    """A frame that pandas wrote in its fixed format: blocks of numbers with the names of their columns."""
    group, out = file[name], {}
    order = [as_text(v.decode() if isinstance(v, bytes) else v) for v in group["axis0"][()].tolist()]
    for index in range(100):
        if f"block{index}_items" not in group:
            break
        heads = [as_text(v.decode() if isinstance(v, bytes) else v) for v in group[f"block{index}_items"][()].tolist()]
        values = group[f"block{index}_values"]
        if values.ndim != 2:
            reading.warn(
                f"the columns {', '.join(heads[:6])} are stored as Python objects, which are not read; write the table as Parquet"
            )
            reading.set_aside("columns of objects", None, 0, "not read: " + ", ".join(heads[:20]))
            continue
        data = values[()]
        for at, head in enumerate(heads):
            out[head] = plain_array(data[:, at])
    if not out:
        raise Problem(
            "unreadable", "the frame in the HDF5 file holds Python objects only; write the table as Parquet or csv"
        )
    reading.facts["sheet"] = name
    return [(head, out[head]) for head in order if head in out]


def read_sas(reading, source):
    return read_statistical("read_sas7bdat", ".sas7bdat", "SAS", "export the table as csv or Parquet")(reading, source)


FROM_PATH = {
    "parquet": read_parquet,
    "excel": read_workbook,
    "feather": read_feather,
    "orc": read_orc,
    "stata": read_statistical("read_dta", ".dta", "Stata", "in Stata, export delimited"),
    "spss": read_statistical("read_sav", ".sav", "SPSS", "in SPSS, save it as csv"),
    "spss_portable": read_statistical("read_por", ".por", "SPSS", "in SPSS, save it as csv"),
    "xport": read_statistical("read_xport", ".xpt", "SAS transport", "export the table as csv or Parquet"),
    "sas": read_sas,
    "sqlite": read_sqlite,
    "hdf5": read_hdf5,
    "numpy": read_numpy,
}
