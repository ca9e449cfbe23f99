# ---- views: several tables as one: whose rows stay, and what is brought to them ----
import pyarrow as pa

# Tables that are joined at most, and rows and cells that these may have.
MOST_TABLES = 20
JOINED_ROWS = 2_000_000
JOINED_CELLS = 60_000_000
# Below so many rows, a table of subjects is too small to be what the rows of a view are.
FEW_SUBJECTS = 20


class SourceTable:
    """A table that was read: its name, the facts of its file, its columns as described, and their values."""

    def __init__(self, name, facts, columns, arrays, warnings):
        self.name, self.source, self.columns, self.arrays, self.warnings = name, facts, columns, arrays, warnings
        for column in columns:
            column.update(table=name, derived=None, subject=None)

    @property
    def rows(self):
        return len(self.arrays[0])

    def names(self):
        return [column["name"] for column in self.columns]


class View:
    """Rows of one table, `base`, with the columns that were brought to them.

    `moved` says of which columns the rows are no longer those of their table, `step` is the step of the query that gives
    the view, `subjects` are columns whose values several rows share."""

    def __init__(self, table, query):
        self.name, self.base = table.name, table
        self.columns = [dict(column) for column in table.columns]
        self.arrays = list(table.arrays)
        self.moved, self.changed = [False] * len(self.columns), False
        self.step = query.add(f"rows of {table.name}", rows_in_sql(table.name))
        self.subjects = []

    @property
    def rows(self):
        return len(self.arrays[0])

    def names(self):
        return [column["name"] for column in self.columns]


def describe_view(protocol, describe_table, warnings):
    """(names, arrays, result) of the joined view of `protocol["sources"]`, as `describe_table` gives them for one file."""
    tables = read_tables(protocol, describe_table, warnings)
    joins, refused = wanted_joins(protocol, tables)
    if not joins:
        told = "; ".join(
            f"{entry['left']} and {entry['right']}: {entry['reason']}" for entry in refused if entry["right"]
        )
        raise Problem(
            "no_join",
            f"the tables were not joined. {told or 'There is one table'}. If they belong together, declare the columns "
            "that say so: [[join]] left, right, on = [[column, column]]",
        )
    base = choose_base(protocol, tables, joins)
    tree = choose_joins(base, joins)
    if not tree:
        told = "; ".join(entry["reason"] for entry in refused if base.name in (entry["left"], entry["right"]))
        raise Problem(
            "no_join",
            f"no table was joined to {base.name}, which has what was asked for. {told or 'No column links it'}. Declare the "
            "columns that link it: [[join]] left, right, on = [[column, column]]",
        )
    used = [join for _, join in tree.values()]
    for join in joins:
        if join not in used and base_reaches(tree, base, join):
            reason = "they are linked already, and rows are brought together in one way only"
            refused.append({"left": join.left.name, "right": join.right.name, "reason": reason})
            if join.declared:
                warnings.append(f"the join of {join.left.name} and {join.right.name} was not used: {reason}")
    query = Query()
    view = build_view(base, None, tree, query, warnings)
    if len(view.columns) > COLUMNS_READ:
        raise Problem(
            "too_many_columns",
            f"the joined table has {len(view.columns)} columns, and at most {COLUMNS_READ} are described; give those of interest",
        )
    mark_keys(view, tree)
    for place, moved in enumerate(view.moved):
        if moved:
            view.columns[place], view.arrays[place] = described_again(view.columns[place], view.arrays[place], warnings)
    subject = subject_of(view, protocol) or base.source.get("subject")
    facts = facts_of_view(view, tables, tree, refused, query)
    facts.update(subject=subject, target=target_of(view, protocol.get("target")))
    warn_of_joins(facts, tables, tree, warnings)
    result = {"source": facts, "rows": view.rows, "columns": view.columns, "warnings": warnings}
    return view.names(), view.arrays, result


def base_reaches(tree, base, join):
    """True where both tables of a join are in the view."""
    return all(table is base or table.name in tree for table in (join.left, join.right))


def read_tables(protocol, describe_table, warnings):
    """The tables of all sources. Where joins are to be found, one that cannot be read is set aside with a warning."""
    sources = protocol["sources"]
    if len(sources) > MOST_TABLES:
        raise Problem("no_join", f"{len(sources)} tables were given, and at most {MOST_TABLES} are joined")
    tables = []
    for entry in sources:
        own, name = [], str(entry["name"])
        if any(table.name == name for table in tables):
            raise Problem("unusable_join", f"two tables are called {name!r}; give each a name of its own")
        try:
            _, arrays, result = describe_table({**protocol, **entry, "sources": None}, entry["source"], own)
        except (Problem, OSError, EOFError, pa.ArrowException) as error:
            problem = error if isinstance(error, Problem) else Problem("unreadable", "the file cannot be read")
            if protocol.get("join") not in (None, "find"):
                raise Problem(problem.code, f"{name}: {problem}") from None
            warnings.append(f"the table {name} was not joined, since it cannot be read: {problem}")
            continue
        if result["rows"] > JOINED_ROWS or result["rows"] * len(result["columns"]) > JOINED_CELLS:
            raise Problem(
                "too_large", f"the table {name} has {result['rows']} rows, and at most {JOINED_ROWS} are joined"
            )
        tables.append(SourceTable(name, result["source"], result["columns"], in_memory(arrays), own))
    return tables


def wanted_joins(protocol, tables):
    """(joins, tables that were not joined and why)."""
    declared = protocol.get("join")
    if declared is None or declared == "find":
        question, target = (protocol.get("question") or "").lower(), protocol.get("target")
        asked = {table.name: asked_columns(table, question, target) for table in tables}

        def asked_across(left, right):
            own, other = asked[left.name], asked[right.name]
            return bool(own - set(right.names())) and bool(other - set(left.names()))

        return find_joins(tables, asked_across)
    return declared_joins(tables, declared), []


def asked_columns(table, question, target):
    """Columns of a table that the question or the target names."""
    likely = [name for name in table.names() if len(name) > 1 and name.lower() in question]
    return {name for name in likely if asks_for(question, name)} | ({target} & set(table.names()))


def choose_base(protocol, tables, joins):
    """The table whose rows the view has: that of the outcome; else that of the columns the question names; else the
    subjects, where they are enough to compare."""
    target, question = protocol.get("target"), (protocol.get("question") or "").lower()
    joined = [table for table in tables if any(table in (join.left, join.right) for join in joins)]
    holders = [table for table in joined if target in table.names()] if target else []
    if target and not holders and any(target in table.names() for table in tables):
        return next(table for table in tables if target in table.names())
    asked = [table for table in joined if asked_columns(table, question, None)]
    choice = holders or (asked if len(asked) == 1 else joined)
    if len(choice) > 1:
        choice = sorted(choice, key=lambda table: base_rank(table, joins, asked))
    return follow_declared(choice[0], joins)


def base_rank(table, joins, asked):
    """Tables in the order in which their rows may be those of a view: asked for; with subjects enough; the one side."""
    own = [join for join in joins if table in (join.left, join.right)]
    many = sum(not join.is_single(table) for join in own)
    return (bool(asked) and table not in asked, table.rows < FEW_SUBJECTS, many, -len(own))


def follow_declared(base, joins):
    """The base that declared aggregates ask for: the many side where there is to be none, else the one side."""
    for _ in joins:
        for join in joins:
            if base not in (join.left, join.right) or join.match.cardinality == "one_to_one":
                continue
            if join.aggregate == "none" and join.is_single(base):
                base = join.partner(base)
            elif join.aggregate not in (None, "none") and not join.is_single(base):
                base = join.partner(base)
    return base


def build_view(table, parent, tree, query, warnings):
    """A table with all that hangs on it in the tree of joins."""
    view = View(table, query)
    for owner, join in tree.values():
        if owner is table and join.partner(table) is not parent:
            child = build_view(join.partner(table), table, tree, query, warnings)
            attach(view, child, join, query, warnings)
    return view


def mark_keys(view, tree):
    """The keys by which tables were joined as names of things, where they were read as numbers."""
    names = view.names()
    for owner, join in tree.values():
        for name in join.keys(owner):
            if name not in names:
                continue
            key = KeyColumn(view, names.index(name))
            if key.column["role"] == "numeric" and not is_amount(key):
                told = f"joins the rows with those of {join.partner(owner).name}"
                key.column.update(role="identifier", usable=False, excluded=told)
                key.column.update(min=None, max=None, mean=None, sd=None, skew=None)


def subject_of(view, protocol):
    """The column whose rows are to be kept together, or null: of several the one that the columns asked for depend on,
    and of these the one with the fewest values, since its rows depend on each other in all of them."""
    names = view.names()
    wanted = asked_columns(view, (protocol.get("question") or "").lower(), protocol.get("target"))
    asked = {column["subject"] for column in view.columns if column["name"] in wanted and column["subject"]}
    choices = [name for name in names if name in asked] or [name for name in view.subjects if name in names]
    sizes = {name: len(KeyColumn(view, names.index(name)).texts) for name in choices}
    return min(choices, key=lambda name: (sizes[name] < FEW_SUBJECTS and not asked, sizes[name]), default=None)


def target_of(view, target):
    """The column of a view that holds the target, by its name here; the target's own name where none does."""
    for column in view.columns:
        if column["name"] == target:
            return target
    for column in view.columns:
        derived = column["derived"] or {}
        if derived.get("column") == target and target is not None:
            return column["name"]
    return target


def facts_of_view(view, tables, tree, refused, query):
    """What result.json says of the sources of a joined view."""
    blank = {"format": "joined", "delimiter": None, "encoding": None, "decimal": ".", "sheet": None, "header_row": None}
    held = [
        {
            "name": table.name,
            "rows": table.rows,
            "columns": [column["name"] for column in view.columns if column["table"] == table.name],
            "joined": table is view.base or table.name in tree,
            "source": table.source,
            "warnings": table.warnings,
        }
        for table in tables
    ]
    return {
        **blank,
        "set_aside": [],
        "columns": {},
        "base": view.name,
        "tables": held,
        "joins": [join.record for _, join in tree.values()],
        "not_joined": refused,
        "view": query.text(view.step, view.names()),
    }


def warn_of_joins(facts, tables, tree, warnings):
    """Says how the tables were joined, which rows were lost, and which tables were left out."""
    for owner, join in tree.values():
        record, other = join.record, join.partner(owner)
        on = ", ".join(f"'{own}' = '{there}'" for own, there in zip(join.keys(owner), join.keys(other)))
        told = f"{other.name} was joined to {owner.name} by {on}: {join.evidence}"
        warnings.append(told + ("; check that this is right" if join.sure < 0.7 else ""))
        lost = {"left": record["lost_left"], "right": record["lost_right"]}
        own, there = ("left", "right") if owner is join.left else ("right", "left")
        if lost[own]:
            stays = "they have no values of its columns" if record["kept_unmatched"] else "they were left out"
            warnings.append(f"{number_of(lost[own], 'row')} of {owner.name} have no partner in {other.name}: {stays}")
        if lost[there] and not record["added"]:
            warnings.append(
                f"{number_of(lost[there], 'row')} of {other.name} have no partner in {owner.name} and are not in the joined table"
            )
        if join.declared and join.aggregate not in (None, "none") and not record["aggregated"]:
            warnings.append(f"each row of {owner.name} has one row of {other.name}: '{join.aggregate}' was not needed")
        if record["left_out"]:
            names = ", ".join(f"'{entry['column']}' ({entry['reason']})" for entry in record["left_out"][:10])
            warnings.append(f"of {other.name}, these columns are not in the joined table: {names}")
    for table in tables:
        if table.name != facts["base"] and table.name not in tree:
            told = "; ".join(
                entry["reason"] for entry in facts["not_joined"] if table.name in (entry["left"], entry["right"])
            )
            warnings.append(f"{table.name} was not joined: {told or 'no declared join reaches it'}")


def with_subject(protocol, result):
    """The protocol with the subject of a joined or reshaped table where the user declared none: a split then never takes
    one subject's rows apart."""
    declared, subject = protocol.get("declared") or {}, result["source"].get("subject")
    if declared.get("subject") or subject not in [column["name"] for column in result["columns"]]:
        return protocol
    return {**protocol, "declared": {**declared, "subject": subject}, "known": ["subject"]}


def note_derived(result):
    """Columns that were made of one column over the same rows tell of each other by construction."""
    made = {}
    for column in result["columns"]:
        derived = column.get("derived")
        if derived and derived["column"] is not None:
            made.setdefault((derived["table"], derived["column"]), []).append(column["name"])
    for (table, origin), names in made.items():
        if len(names) < 2:
            continue
        text = f"they are made of '{origin}' of {table}, over the same rows"
        result["identities"].append({"kind": "aggregate", "columns": names, "text": text})
        result["tautologies"] += [
            {"x": a, "y": b, "kind": "aggregate", "reason": text}
            for place, a in enumerate(names)
            for b in names[place + 1 :]
        ]
