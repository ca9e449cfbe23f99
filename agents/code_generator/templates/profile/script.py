# ---- profile: reads the raw file once, says what each column is, and writes the canonical table ----
import difflib
import json
import sys

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


def profile(protocol, source):
    warnings = []
    facts, raw = read_source(
        source, protocol.get("format") or "auto", warnings, protocol.get("target"), protocol.get("question")
    )
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
    textual = [
        pa.types.is_string(a.type) or pa.types.is_large_string(a.type) or pa.types.is_boolean(a.type) for a in arrays
    ]
    sample = [(name, Words(array.slice(0, SAMPLE_TEXTS))) for name, array, text in zip(names, arrays, textual) if text]
    habits = study_habits(sample, facts)
    del sample
    facts["decimal"] = habits.decimal or "."
    declared = facts.pop("columns", None) or {}
    markers, canonical = set(), []
    for index, name in enumerate(names):
        words = Words(arrays[index]) if textual[index] else None
        told = declared.get(originals[index]) or declared.get(name) or {}
        described, column = describe_column(name, index == 0, arrays[index], words, habits, told, warnings)
        arrays[index] = None
        markers.update(described.pop("markers", None) or [])
        del described["first"]
        result["columns"].append(described)
        canonical.append(column)
    facts["missing_markers"] = sorted(markers)
    canonical, result["expanded"] = expand_counts(result, canonical, warnings)
    result.update(study_structure(result["columns"], canonical, warnings))
    result["problem"] = problem_of(result, protocol)
    result["row_sketch"] = row_sketch(result["columns"], canonical)
    write_table(names, canonical, result)
    for column in result["columns"]:
        del column["moment"], column["ranked"]
    return result


COUNT_WORDS = {"freq", "frequency", "count", "counts", "n"}


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
    codes = np.column_stack([numbers_or_codes(columns[i], arrays[i]) for i in groups])
    cells = np.prod([float(columns[i]["distinct"]) for i in groups])
    if (
        np.isnan(number).any()
        or np.isnan(codes).any()
        or (number < 0).any()
        or not len(codes) < number.sum() <= 2_000_000
    ):
        return arrays, None
    if len(np.unique(codes, axis=0)) < len(codes) or len(codes) < 0.5 * cells:
        return arrays, None
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


def problem_of(result, protocol):
    if result["rows"] == 1:
        return {"code": "one_row", "message": "the table has one row; nothing can be compared. Give at least 8 rows"}
    columns = {column["name"]: column for column in result["columns"]}
    usable = [name for name, column in columns.items() if column["usable"]]
    target = protocol.get("target")
    if target and target not in columns:
        return {
            "code": "unknown_target",
            "message": f"there is no column {target!r}; {nearest_column(target, columns)}the columns are {shortened_list(columns)}",
        }
    if not any(column["usable"] for column in result["columns"]):
        return {
            "code": "all_excluded",
            "message": "no column can be tested: each is constant, empty, an identifier or free text",
        }
    if target and target not in usable:
        reason = columns[target].get("excluded") or "it is not for tests"
        return {
            "code": "unusable_target",
            "message": f"the column {target!r} cannot be tested: {reason}. The columns that can be tested are {shortened_list(usable)}",
        }
    return None


def nearest_column(name, names):
    """A question that names the one of the names that is most like it; empty where none is."""
    folded = {other.casefold(): other for other in names}
    found = difflib.get_close_matches(name.casefold(), folded, 1, 0.75)
    return f"did you mean {folded[found[0]]!r}? " if found else ""


def shortened_list(names, most=12):
    names = list(names)
    return ", ".join(names[:most]) + (", ..." if len(names) > most else "")


def write_table(names, arrays, result):
    """table.parquet, with the roles and the time column noted in its metadata for the tests that read it."""
    roles = {column["name"]: column["role"] for column in result["columns"]}
    facts = {
        "time": (result["time"] or {}).get("column"),
        "unit": (result["units"] or {}).get("column"),
        "roles": roles,
        "moments": [column["name"] for column in result["columns"] if column["moment"]],
        "ranked": [column["name"] for column in result["columns"] if column["ranked"]],
    }
    schema = pa.schema(
        [pa.field(name, array.type) for name, array in zip(names, arrays)], {"kosmos": json.dumps(facts)}
    )
    try:
        pq.write_table(pa.Table.from_arrays(arrays, schema=schema), "table.parquet")
    except OSError as error:
        # Not the fault of the file that was read.
        raise SystemExit(f"cannot write table.parquet: {error}") from error


def main(protocol):
    source = sys.argv[1] if len(sys.argv) > 1 else protocol["source"]
    blank = {
        "schema": 1,
        "template": "profile",
        "problem": None,
        "rows": 0,
        "columns": [],
        "tautologies": [],
        "units": None,
        "time": None,
        "paired": [],
        "survival": [],
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
        message = "the table needs more memory than there is; raise the sandbox's memory limit or give fewer rows"
        write_result({**blank, "problem": {"code": "unreadable", "message": message}})
    except (OSError, EOFError, pa.ArrowException) as error:
        message = f"the file cannot be read ({type(error).__name__}); check that it is whole and in the stated format"
        write_result({**blank, "problem": {"code": "unreadable", "message": message}})


main(PROTOCOL)
