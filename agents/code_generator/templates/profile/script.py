# ---- profile: reads the raw file once, says what each column is, and writes the canonical table ----
import base64
import errno
import json
import sys
import zlib

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq


def unique_names(names, warnings):
    """Names without blanks or repeats: the second 'a' becomes 'a.2'."""
    taken, out = set(), []
    for index, name in enumerate(names):
        base = name if name.strip() else ("row_name" if index == 0 else f"column_{index + 1}")
        fresh, count = base, 1
        while fresh in taken or (count == 1 and fresh != name and fresh in names):
            count += 1
            fresh = f"{base}.{count}"
        if fresh != name:
            warnings.append(f"column {index + 1}, named {name!r}, is called {fresh!r} here")
        taken.add(fresh)
        out.append(fresh)
    return out


def describe_table(protocol, source, warnings):
    """(names, arrays, result as far as it is known) of the table in one file."""
    facts, raw = read_source(
        source, protocol.get("format") or "auto", warnings, protocol.get("target"), protocol.get("question"),
        protocol.get("layout"),
    )  # fmt: skip
    if not raw:
        raise Problem("no_columns", "the table has no columns; give a header and rows")
    check_column_names([name for name, _ in raw])
    originals = [name for name, _ in raw]
    names = unique_names([UNSEEN_MARKS.sub("", name) for name in originals], warnings)
    arrays = [array for _, array in raw]
    rows = len(arrays[0])
    result = {"source": facts, "rows": rows, "columns": [], "warnings": warnings}
    if rows == 0:
        raise Problem("empty_table", "the table has a header but no rows; give at least 8")
    del raw
    sample = [
        (name, Words(array.slice(0, SAMPLE_TEXTS))) for name, array in zip(names, arrays) if is_textual(array.type)
    ]
    habits = study_habits(sample, facts)
    del sample
    facts["decimal"] = habits.decimal or "."
    of_file, of_codebook = facts.pop("columns", None) or {}, declared_columns(protocol)
    # Columns that stayed on disk are described one at a time and kept on disk again.
    markers, canonical = set(), KeptColumns(rows) if isinstance(arrays[0], StoredColumn) else []
    for index, name in enumerate(names):
        told = of_file.get(originals[index]) or of_file.get(name) or {}
        described, column = describe_loaded(
            of_codebook.get(name), name, index == 0, arrays[index], habits, told, warnings
        )
        described["histogram"] = histogram_of(column)
        arrays[index] = None
        markers.update(described.pop("markers", None) or [])
        del described["first"]
        result["columns"].append(described)
        canonical.append(column)
        del column
        release_memory()
    facts["missing_markers"] = sorted(markers)
    return names, canonical, result


def profile(protocol, source):
    warnings = []
    if protocol.get("sources"):
        names, canonical, result = describe_view(protocol, describe_table, warnings)
    else:
        names, canonical, result = describe_table(protocol, source, warnings)
    canonical, result["expanded"] = expand_counts(result, canonical, warnings)
    asked = with_subject(protocol, result)
    result.update(study_structure(*kept_columns(result["columns"], canonical), warnings, asked))
    note_derived(result)
    result["survival"] = declared_survival(result["columns"]) or result["survival"]
    result["problem"] = problem_of(result)
    write_table(names, canonical, result)
    for column in result["columns"]:
        del column["moment"], column["ranked"]
    return result


def describe_loaded(mine, name, first, array, habits, told, warnings):
    """As `describe_as_declared`, of a column that may have stayed on disk."""
    try:
        array, words = load_column(array)
    except TooManyTexts:
        # Only texts are many.
        words = Words(pa.array([""], pa.string()))
        words.codes = np.zeros(len(array), np.int8)
        described, column = describe_as_declared(None, name, first, array, words, habits, told, [])
        described.update(role="text", type="text", excluded=TOO_MANY_TEXTS, read_as=TOO_MANY_TEXTS, missing=0)
        warnings.append(f"'{name}' holds {TOO_MANY_TEXTS}")
        return described, column
    return describe_as_declared(mine, name, first, array, words, habits, told, warnings)


COUNT_WORDS = {"freq", "frequency", "count", "counts", "n"}
# What the table itself tells of how its rows depend on each other, and of durations.
NOTED_OF_PARTS = ("columns", "duration", "event", "entry", "sure")


def expand_counts(result, arrays, warnings):
    """Rows repeated by a column of counts, where the table is a cross-tabulation in long form: every other column a
    group, each
    combination of levels once. Gives (arrays, what was done or null)."""
    columns = result["columns"]
    counts = [
        i
        for i, column in enumerate(columns)
        if column["name"].lower() in COUNT_WORDS
        and column["role"] in ("numeric", "categorical", "identifier")
        and column["integer"]
    ]
    groups = [
        i for i, column in enumerate(columns) if column["role"] in ("binary", "categorical") or column["level_order"]
    ]
    rest = [
        i
        for i, column in enumerate(columns)
        if i not in groups and i not in counts and column["role"] not in ("identifier", "constant", "empty")
    ]
    if len(counts) != 1 or counts[0] in groups or len(groups) < 2 or rest:
        return arrays, None
    number = numbers_or_codes(columns[counts[0]], arrays[counts[0]])
    if np.isnan(number).any() or (number < 0).any() or not len(number) < number.sum() <= 2_000_000:
        return arrays, None
    codes = np.column_stack([numbers_or_codes(columns[i], arrays[i]) for i in groups])
    cells = np.prod([float(columns[i]["distinct"]) for i in groups])
    if np.isnan(codes).any():
        return arrays, None
    if len(np.unique(codes, axis=0)) < len(codes) or len(codes) < 0.5 * cells:
        return arrays, None
    arrays = in_memory(arrays)
    rows, name = np.repeat(np.arange(len(number)), number.astype(int)), columns[counts[0]]["name"]
    warnings.append(
        f"the table is a cross-tabulation: each row was repeated '{name}' times, {len(number)} rows became {len(rows)}"
    )
    columns[counts[0]].update(usable=False, excluded="counts of rows, used to repeat them")
    for i in groups:
        if columns[i]["level_order"]:
            again = np.repeat(numbers_or_codes(columns[i], arrays[i]), number.astype(int))
            columns[i].update(mean=again.mean(), sd=again.std(ddof=1))
            continue
        spread = np.bincount(
            numbers_or_codes(columns[i], arrays[i]).astype(int), weights=number, minlength=len(arrays[i].dictionary)
        )
        columns[i]["levels"] = counted(arrays[i].dictionary.to_pylist(), spread.astype(int))
        columns[i].update(usable=True, excluded=None)
    for column in columns:
        if column["role"] == "identifier":
            column.update(role="constant")  # it named the cells of the table, which are no units
    result["rows"] = len(rows)
    return [array.take(pa.array(rows)) for array in arrays], {"by": name, "from": len(number)}


def problem_of(result):
    """Why nothing of the table can be tested, or None. Columns that a user named are held against all tables later."""
    if result["rows"] == 1:
        return {"code": "one_row", "message": "the table has one row; nothing can be compared. Give at least 8 rows"}
    if not any(column["usable"] for column in result["columns"]):
        return {
            "code": "all_excluded",
            "message": "no column can be tested: each is constant, empty, an identifier or free text",
        }
    return None


def write_table(names, arrays, result):
    """table.parquet, with the roles and the time column noted in its metadata for the tests that read it; and the sketch
    of its rows."""
    roles = {column["name"]: column["role"] for column in result["columns"]}
    facts = {
        "time": (result["time"] or {}).get("column"),
        "unit": (result["units"] or {}).get("column"),
        "roles": roles,
        "moments": [column["name"] for column in result["columns"] if column["moment"]],
        "ranked": [column["name"] for column in result["columns"] if column["ranked"]],
        "steps": {column["name"]: column["moment"][1] for column in result["columns"] if column["moment"]},
        "structure": {
            key: {name: part[name] for name in NOTED_OF_PARTS if name in part}
            for key, part in result["structure"].items()
            if part and key != "copies"
        },
    }
    orders = {column["name"]: column["level_order"] for column in result["columns"] if column["level_order"]}
    if orders:
        # The words that stand behind ranks.
        facts["level_order"] = orders
    sets = result.pop("copy_sets")
    if sets is not None:
        # Which rows are copies of each other, as a number for each row.
        facts["copies"] = base64.b64encode(zlib.compress(sets.astype(np.int32).tobytes())).decode()
    metadata = {"kosmos": json.dumps(facts)}
    result["row_sketch"] = []

    def sketch(arrays):
        result["row_sketch"] = merged_sketches(result["row_sketch"], row_sketch(result["columns"], arrays))

    try:
        if isinstance(arrays, KeptColumns):
            arrays.write_table("table.parquet", names, metadata, sketch)
            return
        fields = [pa.field(name, array.type) for name, array in zip(names, arrays)]
        pq.write_table(pa.Table.from_arrays(arrays, schema=pa.schema(fields, metadata)), "table.parquet")
    except OSError as error:
        # Not the fault of the file that was read.
        raise SystemExit(f"cannot write table.parquet: {error}") from error
    sketch(arrays)


def main(protocol):
    source = sys.argv[1] if len(sys.argv) > 1 else protocol.get("source")
    blank = {
        "schema": 1,
        "template": "profile",
        "problem": None,
        "rows": 0,
        "columns": [],
        "tautologies": [],
        "identities": [],
        "structure": None,
        "units": None,
        "time": None,
        "paired": [],
        "survival": [],
        "counts": [],
        "blocks": [],
        "expanded": None,
        "row_sketch": [],
        "source": {
            "format": None,
            "delimiter": None,
            "encoding": None,
            "decimal": None,
            "missing_markers": [],
            "sheet": None,
        },
        "split": {"by": None, "possible": False, "why": "no table"},
        "warnings": [],
    }
    try:
        write_result({**blank, **profile(protocol, source)})
    except Problem as problem:
        write_result({**blank, "problem": {"code": problem.code, "message": str(problem)}})
    except MemoryError:
        message = "the table needs more memory than there is; raise sandbox.reader.memory or give fewer rows"
        write_result({**blank, "problem": {"code": "unreadable", "message": message}})
    except (OSError, EOFError, pa.ArrowException) as error:
        if getattr(error, "errno", None) in (errno.ENOSPC, errno.EFBIG):
            # Not the fault of the file that was read.
            raise SystemExit(f"the working folder is full ({error}); raise sandbox.reader.workspace and .file_size")
        message = f"the file cannot be read ({type(error).__name__}); check that it is whole and in the stated format"
        write_result({**blank, "problem": {"code": "unreadable", "message": message}})


main(PROTOCOL)
