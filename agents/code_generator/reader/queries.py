# ---- queries: the SQL that gives the rows of a joined view, from the canonical tables ----
import pyarrow as pa

# A column of the steps that numbers the rows.
ROW = "kosmos row"


class Query:
    """Named steps of which each reads earlier ones or a table."""

    def __init__(self):
        self.steps = []

    def add(self, title, body):
        """The name of a new step."""
        name = f"{len(self.steps) + 1} {title}"
        self.steps.append(f"{identifier(name)} AS (\n{body}\n)")
        return name

    def text(self, last, names):
        """The query that lists the columns of the last step in their order."""
        columns = ",\n  ".join(identifier(name) for name in names)
        return (
            "WITH "
            + ",\n".join(self.steps)
            + f"\nSELECT\n  {columns}\nFROM {identifier(last)}\nORDER BY {identifier(ROW)}\n"
        )


def sql_text(text):
    return "'" + text.replace("'", "''") + "'"


def rows_in_sql(name):
    """The rows of a table with their numbers."""
    return f"  SELECT row_number() OVER () AS {identifier(ROW)}, * FROM {identifier(name)}"


def key_in_sql(key, alias, level, as_text, name=None):
    """The value of a key as it is compared: in a spelling, as a text where the other side is one; `name` is what its
    column is called where that is not its own name."""
    column = f"{alias}.{identifier(name or key.name)}"
    array = key.table.arrays[key.position]
    if key.kind == "date":
        if pa.types.is_dictionary(array.type):
            return f"CAST(epoch(CAST({column} AS TIMESTAMP)) AS BIGINT)"
        origin, step = key.column.get("moment") or (0.0, 1.0)
        return f"CAST(round({column} * {float(step)!r} + {float(origin)!r}) AS BIGINT)"
    if key.kind == "number":
        return f"CAST(CAST({column} AS BIGINT) AS VARCHAR)" if as_text or level else column
    text = f"lower({column})" if level else column
    for step in SPELLING_STEPS[1 : level + 1]:
        for pattern, replacement in step:
            text = f"regexp_replace({text}, {sql_text(pattern)}, {sql_text(replacement)}, 'g')"
    return text


def derived_in_sql(derived, arrays_by_name):
    """The value of a derived column over the rows of one key."""
    if derived.rule == "count":
        return "CAST(count(*) AS DOUBLE)"
    column = identifier(derived.column["name"])
    if derived.rule == "mean":
        return f"avg({column})"
    if derived.rule == "share":
        return f"avg(CASE WHEN {column} = {sql_text(derived.level)} THEN 1.0 WHEN {column} IS NOT NULL THEN 0.0 END)"
    order, known = identifier(ROW), f"{column} IS NOT NULL"
    if derived.time:
        clock = identifier(derived.time)
        if pa.types.is_dictionary(arrays_by_name[derived.time].type):
            clock = f"CAST({clock} AS DOUBLE)"
        order, known = f"{clock}, {order}", f"{known} AND {clock} IS NOT NULL"
    last = f"last({column} ORDER BY {order}) FILTER (WHERE {known})"
    if derived.rule == "change":
        return f"CASE WHEN count(*) FILTER (WHERE {known}) > 1 THEN {last} - first({column} ORDER BY {order}) FILTER (WHERE {known}) END"
    return last


def aggregate_in_sql(step, key_texts, key_names, derived, arrays_by_name):
    """One row for each key: as it is compared in the columns key 1, key 2, ..., as it stands in value 1, value 2, ..."""
    keys = [f"{text} AS {identifier(f'key {place + 1}')}" for place, text in enumerate(key_texts)]
    keys += [
        f"first({identifier(name)} ORDER BY {identifier(ROW)}) AS {identifier(f'value {place + 1}')}"
        for place, name in enumerate(key_names)
    ]
    values = [f"{derived_in_sql(item, arrays_by_name)} AS {identifier(item.name)}" for item in derived]
    columns = ",\n    ".join([*keys, f"min({identifier(ROW)}) AS {identifier(ROW)}", *values])
    known = " AND ".join(f"{text} IS NOT NULL" for text in key_texts)
    return f"  SELECT\n    {columns}\n  FROM {identifier(step)} AS c\n  WHERE {known}\n  GROUP BY " + ", ".join(
        key_texts
    )


def join_in_sql(steps, selects, conditions, known, keep_own, keep_other):
    """The rows of one step beside those of another whose keys are equal; `known` leaves out rows without a key."""
    way = {(True, False): "LEFT", (False, False): "INNER", (False, True): "RIGHT", (True, True): "FULL"}
    own, other = (identifier(step) for step in steps)
    number = f"row_number() OVER (ORDER BY p.{identifier(ROW)} NULLS LAST, c.{identifier(ROW)}) AS {identifier(ROW)}"
    columns = ",\n    ".join([number, *selects])
    return (
        f"  SELECT\n    {columns}\n  FROM {own} AS p\n  {way[keep_own, keep_other]} JOIN (SELECT * FROM {other} AS c WHERE "
        f"{' AND '.join(f'{text} IS NOT NULL' for text in known)}) AS c\n    ON " + " AND ".join(conditions)
    )
