# ---- meetings: how the rows of a view and of a table that is joined to it come together ----
import numpy as np
import pyarrow as pa


class Meeting:
    """How the rows of a view and of what is joined to it meet.

    `own` and `other` have the number of each row's key, -1 where it has none; `keep_own` and `keep_other` say whether
    rows without a partner stay."""

    def __init__(self, view, child, join):
        own_is_left = join.left is view.base
        match = join.match
        if view.changed or child.changed:
            tables = (view, child) if own_is_left else (child, view)
            pairs = [
                tuple(KeyColumn(table, table.names().index(name)) for table, name in zip(tables, names))
                for names in join.on
            ]
            match = KeyMatch(pairs, join.match.levels)
        self.size, self.levels = match.size, match.levels
        self.own, self.other = (match.left, match.right) if own_is_left else (match.right, match.left)
        self.keys = [pair if own_is_left else pair[::-1] for pair in match.pairs]
        self.keep_own = not join.declared or join.how == "full" or (join.how == "left" and own_is_left)
        self.keep_other = join.declared and (join.how == "full" or (join.how == "left" and not own_is_left))
        self.own_single, self.other_single = (
            bool(np.bincount(codes[codes >= 0], minlength=self.size).max(initial=0) <= 1)
            for codes in (self.own, self.other)
        )

    def row_of_key(self):
        """The first row of `other` that has each key, -1 where none has; one more -1 for rows without a key."""
        rows = np.full(self.size + 1, -1, np.int64)
        known = np.flatnonzero(self.other >= 0)[::-1]
        rows[self.other[known]] = known
        return rows

    def in_sql(self, place, side):
        """The text by which a key of the view (side 0, p) or of the other table (side 1, c) is compared."""
        kinds = {key.kind for key in self.keys[place]}
        return key_in_sql(self.keys[place][side], "pc"[side], self.levels[place], len(kinds) > 1)


def attach(view, child, join, query, warnings):
    """Brings the columns of `child` to the rows of `view`: as they are where each key is in one of its rows, else
    aggregated."""
    meeting = Meeting(view, child, join)
    record = join.record = join.facts()
    brought = (
        looked_up(child, meeting) if meeting.other_single else aggregated(view, child, meeting, join, query, warnings)
    )
    first_row = meeting.row_of_key()
    partner = brought.row_of_key[meeting.own]
    kept = np.arange(view.rows) if meeting.keep_own else np.flatnonzero(partner >= 0)
    fresh = np.zeros(0, np.int64)
    if meeting.keep_other:
        known = np.bincount(meeting.own[meeting.own >= 0], minlength=meeting.size) > 0
        fresh = np.flatnonzero((first_row[:-1] >= 0) & ~known)
        fresh = fresh[np.argsort(first_row[fresh], kind="stable")]
    selects = rearrange(view, child, meeting, kept, fresh, first_row)
    selects += bring(view, brought, meeting, join, np.append(partner[kept], brought.row_of_key[fresh]), warnings)
    record.update(left_out=[{"column": name, "reason": reason} for name, reason in brought.left_out])
    record.update(added=len(fresh), kept_unmatched=meeting.keep_own, aggregated=not meeting.other_single)
    note_subject(view, meeting)
    places = range(len(meeting.keys))
    own = [meeting.in_sql(place, 0) for place in places]
    other = [meeting.in_sql(place, 1) for place in places] if meeting.other_single else brought.keys
    conditions = [f"{a} = {b}" for a, b in zip(own, other)]
    text = join_in_sql((view.step, brought.step), selects, conditions, other, meeting.keep_own, meeting.keep_other)
    view.step = query.add(f"{view.name} with {child.name}", text)


class Brought:
    """Columns that come to a view: (description, array, whether it counts rows), and which row of them each key has."""

    def __init__(self, columns, row_of_key, step, left_out=(), keys=None):
        self.columns, self.row_of_key, self.step = columns, row_of_key, step
        self.left_out, self.keys = left_out, keys


def looked_up(child, meeting):
    skipped = {pair[1].position for pair in meeting.keys}
    columns = [
        (dict(column), array, False)
        for place, (column, array) in enumerate(zip(child.columns, child.arrays))
        if place not in skipped
    ]
    return Brought(columns, meeting.row_of_key(), child.step)


def aggregated(view, child, meeting, join, query, warnings):
    """The rows of each key as one."""
    skipped = {pair[1].position for pair in meeting.keys}
    codes, size = meeting.other, meeting.size
    if join.aggregate == "none":
        raise unusable_join(
            f"{child.name} has several rows for a row of {view.name}, whose rows are those of the joined table; let "
            f"`aggregate` of this join say what becomes of them"
        )
    derived, left_out = plan_aggregates(child, skipped, codes, size, join.aggregate, warnings)
    in_time = {None: order_in_time(child, None)}
    columns, names = [], child.names()
    for item in derived:
        if item.time not in in_time:
            in_time[item.time] = order_in_time(child, names.index(item.time))
        facts, array = derive_column(item, codes, size, in_time[item.time])
        origin = item.column or {"table": child.name, "derived": None}
        facts.update(table=origin["table"], subject=None, derived=item.facts([pair[1].name for pair in meeting.keys]))
        told = facts["derived"]["rule"]
        facts["read_as"] = f"{told}; {facts['read_as']}" if item.rule in ("last", "constant") else told
        if item.rule == "constant" and origin["derived"]:
            facts["derived"] = origin["derived"]
        columns.append((facts, array, item.rule == "count"))
    row_of_key = np.append(np.where(np.bincount(codes[codes >= 0], minlength=size) > 0, np.arange(size), -1), -1)
    keys = [meeting.in_sql(place, 1) for place in range(len(meeting.keys))]
    own_names = [pair[1].name for pair in meeting.keys]
    text = aggregate_in_sql(child.step, keys, own_names, derived, dict(zip(names, child.arrays)))
    step = query.add(f"{child.name} by {' and '.join(own_names)}", text)
    keys = [f"c.{identifier(f'key {place + 1}')}" for place in range(len(meeting.keys))]
    return Brought(columns, row_of_key, step, left_out, keys)


def rearrange(view, child, meeting, kept, fresh, first_row):
    """Leaves the kept rows of a view, with rows for keys that it did not have at its end; gives its columns as SQL."""
    selects = [f"p.{identifier(name)}" for name in view.names()]
    if len(kept) == view.rows and len(fresh) == 0:
        return selects
    rows = np.append(kept, np.full(len(fresh), -1, np.int64))
    own_keys = {pair[0].position: place for place, pair in enumerate(meeting.keys)}
    for place, array in enumerate(view.arrays):
        name = view.columns[place]["name"]
        if place in own_keys and len(fresh):
            number = own_keys[place]
            own, other = meeting.keys[number]
            there = other.name if meeting.other_single else f"value {number + 1}"
            view.arrays[place], texts = with_fresh_keys(view, own, other, there, kept, first_row[fresh])
            selects[place] = f"coalesce({texts[0]}, {texts[1]}) AS {identifier(name)}"
            if len({own.kind, other.kind}) > 1:
                view.columns[place].update(type="identifier", moment=None, level_order=None)
        else:
            view.arrays[place] = array.take(pa.array(rows, mask=rows < 0))
        view.moved[place] = True
    view.changed = True
    return selects


def with_fresh_keys(view, own, other, there, kept, rows):
    """(the key of the kept rows and then of new rows, taken from the other table; both as SQL, in which the other is
    called `there`)."""
    mine, theirs = (
        view.arrays[own.position].take(pa.array(kept)),
        other.table.arrays[other.position].take(pa.array(rows)),
    )
    texts = [f"p.{identifier(own.name)}", f"c.{identifier(there)}"]
    if own.kind == other.kind == "date" and own.column.get("moment") and other.column.get("moment"):
        (origin, step), (start, pace) = own.column["moment"], other.column["moment"]
        moved = (theirs.to_numpy(zero_copy_only=False) * pace + start - origin) / step
        theirs = pa.array(moved, mask=np.isnan(moved))
        texts[1] = f"({texts[1]} * {float(pace)!r} + {float(start)!r} - {float(origin)!r}) / {float(step)!r}"
    if pa.types.is_floating(mine.type) and pa.types.is_floating(theirs.type):
        return pa.concat_arrays([mine, theirs]), texts
    both = [texts_of_rows(key, some) for key, some in ((own, kept), (other, rows))]
    texts = [key_in_sql(own, "p", 0, True), key_in_sql(other, "c", 0, True, there)]
    return pa.concat_arrays(both).dictionary_encode(), texts


def texts_of_rows(key, rows):
    codes = key.codes[rows]
    return key.texts.take(pa.array(codes, mask=codes < 0))


def bring(view, brought, meeting, join, rows, warnings):
    """Adds the columns that were brought, the given rows of them, to a view; gives them as SQL."""
    # SQL does not tell "Age" from "age".
    names, renamed, selects = {name.casefold() for name in view.names()}, {}, []
    before = [column["name"] for column, _, _ in brought.columns]
    for column, _, _ in brought.columns:
        name = column["name"]
        if name.casefold() in names:
            column["name"] = free_name(f"{column['table']}: {name}", names)
            warnings.append(f"'{name}' of {column['table']} is called '{column['name']}' in the joined table")
        names.add(column["name"].casefold())
        renamed[name] = column["name"]
    whose = meeting.keys[0][0].name if meeting.other_single and not meeting.own_single else None
    for pair in meeting.keys:
        renamed[pair[1].name] = pair[0].name
    for (column, array, counts), name in zip(brought.columns, before):
        text = f"c.{identifier(name)}"
        column["subject"] = renamed[column["subject"]] if column["subject"] else whose
        column["sure"] = min(column["sure"], join.sure)
        array = array.take(pa.array(rows, mask=rows < 0))
        if counts:
            array, text = array.fill_null(0.0), f"coalesce({text}, 0)"
        view.columns.append(column)
        view.arrays.append(array)
        view.moved.append(True)
        selects.append(f"{text} AS {identifier(column['name'])}")
    return selects


def free_name(name, taken):
    """A name that is not among those taken, whatever its case."""
    fresh, count = name, 1
    while fresh.casefold() in taken:
        count += 1
        fresh = f"{name}.{count}"
    return fresh


def note_subject(view, meeting):
    """Notes the column whose values rows of the view repeat, as one whose rows must not be taken apart."""
    if meeting.own_single and len(meeting.keys) == 1:
        return
    key = meeting.keys[0][0]
    if len(key.texts) < key.filled and key.name not in view.subjects:
        view.subjects.append(key.name)
