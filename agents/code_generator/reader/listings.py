# ---- listings: tables as programs print and dump them: wiki, LaTeX, SQL, YAML, Stata, names and values ----
import re


def odd_rows(reading, raw):
    """The rows of a text in one of the forms that are no csv: a table of a wiki, key=value lines, records; or None."""
    text = head_text(raw)
    lines = [line.strip() for line in text.split("\n")]
    full = [line for line in lines if line]
    if len(full) < 3:
        return None
    whole = raw.decode("utf-8", errors="replace")
    if any(line.startswith("{|") for line in full[:50]) and any(line.startswith("|-") for line in full):
        return rows_of_wiki(whole)
    if sum(line.endswith("\\\\") and "&" in line for line in full) > 2 and any(line.startswith("\\") for line in full):
        return rows_of_latex(reading, whole)
    if any(re.match(INSERT, line) for line in full[:400]):
        return rows_of_inserts(reading, whole)
    if full[0] in ("---", "- ") or re.match(r"-\s+[^\W\d][\w .-]*:\s", full[0]):
        records = records_of_yaml(whole)
        if records:
            reading.warn("the file holds records of YAML; each was read as a row")
            return rows_of_pairs(records)
    barred = [re.fullmatch(r"(?:(\d+)\.\s*)?\|(.*)\|", line) for line in full]
    if sum(bool(at and at.group(1)) for at in barred) > 2 and all(
        at or re.fullmatch(r"[-+|]+", line) for at, line in zip(barred, full)
    ):
        return [
            words_of(line.split("|")[1])
            for line in whole.split("\n")
            if line.count("|") == 2 and not re.search(r"\|-+\|", line)
        ]
    if re.fullmatch(r"\[[^\]]+\]", full[0]) and all(
        re.fullmatch(r"\[[^\]]+\]|[^\W\d][^=]{0,60}=.*", line) for line in full
    ):
        records = records_of_sections(whole)
        if len(records) > 2 and len(set(map(tuple, records))) == 1:
            reading.warn("the file holds sections of names and values; each section was read as a row")
            return rows_of_pairs(records)
    if re.fullmatch(KEY_VALUES, full[0]):
        keys = re.findall(r"(?:^|[\s,;])([A-Za-z_][\w.-]*)=", full[0])
        if len(keys) > 1 and sum(
            re.findall(r"(?:^|[\s,;])([A-Za-z_][\w.-]*)=", line) == keys for line in full
        ) >= 0.9 * len(full):
            reading.warn(
                f"each line holds keys and values; the keys were read as names of columns: {', '.join(keys[:8])}"
            )
            return rows_of_pairs([dict(re.findall(PAIR, line)) for line in whole.split("\n") if line.strip()])
    begun = [re.fullmatch(r"([^=]{3,60}?)[\s,;|]+(" + KEY_VALUES + ")", line) for line in full[:400]]
    if all(begun) and any(re.match(r"\[?\d", match.group(1)) for match in begun):
        keys = [re.findall(PAIR, match.group(2)) for match in begun]
        if len(keys[0]) > 1 and all([key for key, _ in pair] == [key for key, _ in keys[0]] for pair in keys):
            reading.warn(
                "each line holds keys and values behind a time; the keys were read as names of columns, "
                f"what stands before them as 'time': {', '.join(key for key, _ in keys[0][:8])}"
            )
            records = []
            for number, line in enumerate(whole.split("\n"), 1):
                match = re.fullmatch(r"([^=]{3,60}?)[\s,;|]+(" + KEY_VALUES + ")", line.strip())
                if match:
                    records.append({"time": match.group(1).strip(" []|"), **dict(re.findall(PAIR, match.group(2)))})
                elif line.strip():
                    reading.set_aside("a line of another form", number, 1, line.strip()[:80])
                    reading.warn(f"line {number} has another form and was left out: {line.strip()[:60]}")
            return rows_of_pairs(records)
    pairs = [re.fullmatch(r"([^\W\d][^:=]{0,60}?)\s*[:=]\s+(.*)", line) for line in full]
    if all(pairs) and "" in lines:
        records = [{}]
        for line in whole.split("\n"):
            match = re.fullmatch(r"([^\W\d][^:=]{0,60}?)\s*[:=]\s+(.*)", line.strip())
            if not line.strip():
                records += [{}] if records[-1] else []
            elif match:
                records[-1][match.group(1)] = match.group(2)
        records = [record for record in records if record]
        keys = list(records[0])
        if (
            len(records) > 2
            and len(keys) > 1
            and sum(set(record) <= set(keys) for record in records) >= 0.8 * len(records)
        ):
            reading.warn(
                f"the file holds records of one name and value a line; each was read as a row, with columns {', '.join(keys[:8])}"
            )
            return rows_of_pairs(records)
    return None


INSERT = r"(?i)insert\s+(?:ignore\s+)?into\s+([`\"\[\w.\]]+)\s*(?:\(([^()]{0,20000})\))?\s*values"


SQL_VALUE = re.compile(r"\s*(?:'((?:[^'\\]|''|\\.)*)'|([^',()]*))\s*([,)])", re.S)


# Rows of a dump, of tables and records written as text, that are read.
WRITTEN_ROWS = 500_000


def rows_of_latex(reading, text):
    """The rows of the tables of LaTeX."""
    rows = []
    for line in re.split(r"\\\\(?:\[[^\]]*\])?", text):
        line = re.sub(r"(?m)(?<!\\)%.*$", "", line)
        line = re.sub(
            r"\\(?:hline|toprule|midrule|bottomrule|cline\{[^}]*\}|cmidrule(?:\([^)]*\))?\{[^}]*\})", "", line
        )
        line = re.sub(r"\\(?:begin|end)\{[^}]*\}(?:\[[^\]]*\])?(?:\{[^}]*\})?", "", line)
        line = re.sub(r"\\(?:text\w*|math\w*|num|SI|emph)\{([^{}]*)\}", r"\1", line)
        cells = [re.sub(r"\\([%&$#_{}])", r"\1", cell).strip().strip("$") for cell in re.split(r"(?<!\\)&", line)]
        rows += [cells] if any(cells) and len(cells) > 1 else []
    reading.warn("the file holds a table of LaTeX; its cells were read without their commands")
    return rows


def names_created(text, title):
    """The names of the columns of a table, by the statement of the dump that makes it."""
    for match in list(re.finditer(r"(?i)create\s+table\s+([^(]{0,200})\(", text))[:1000]:
        if title in match.group(1):
            depth, parts = 0, [""]
            for letter in text[match.end() : match.end() + 50_000]:
                depth += (letter == "(") - (letter == ")")
                if depth < 0:
                    break
                parts += [""] if letter == "," and depth == 0 else []
                parts[-1] += "" if letter == "," and depth == 0 else letter
            words = [part.split() for part in parts if part.strip()]
            keys = ("PRIMARY", "KEY", "UNIQUE", "CONSTRAINT", "FOREIGN", "INDEX", "CHECK")
            return [part[0].strip('`"[]') for part in words if part[0].upper() not in keys]
    return []


def rows_of_inserts(reading, text):
    """The rows that a dump of SQL inserts, those of the table that is asked for or has most; nothing is run."""
    tables = {}
    for match in re.finditer(INSERT, text):
        title = match.group(1).strip('`"[]')
        names = [name.strip().strip('`"[]') for name in (match.group(2) or "").split(",") if name.strip()]
        known, rows = tables.setdefault(title, (names, []))
        at = match.end()
        while (opened := re.compile(r"\s*,?\s*\(").match(text, at)) and len(rows) < WRITTEN_ROWS:
            at, row = opened.end(), []
            while value := SQL_VALUE.match(text, at):
                quoted, bare, mark = value.groups()
                bare = (bare or "").strip()
                if quoted is not None:
                    bare = re.sub(r"''|\\(.)", lambda escaped: escaped.group(1) or "'", quoted)
                row.append("" if quoted is None and bare.upper() == "NULL" else bare)
                at = value.end()
                if mark == ")":
                    break
            rows.append(row)
    for title, (names, rows) in tables.items():
        names += [] if names else names_created(text, title)
        if rows and len(names) != len(rows[0]):
            names = [f"column_{index + 1}" for index in range(len(rows[0]))]
        rows[:0] = [names] if rows else []
    full = {title: rows for title, (_, rows) in tables.items() if rows}
    if not full:
        raise Problem("not_a_table", "this is a dump of SQL without rows; export the table as csv")
    best = max(full, key=lambda title: (reading.mentions(full[title][0]), len(full[title])))
    reading.warn(
        f"the file is a dump of SQL; the rows that it inserts into '{best}' were read, and nothing of it was run"
    )
    for title, rows in full.items():
        if title != best:
            reading.set_aside("another table", None, len(rows) - 1, f"the table '{title}' of the dump")
    reading.facts["sheet"] = best
    return full[best]


def records_of_sections(text):
    """[{key: text}] of the sections of a file of settings."""
    records = []
    for line in map(str.strip, text.split("\n")):
        if re.fullmatch(r"\[[^\]]+\]", line):
            records.append({"section": line[1:-1]})
        elif "=" in line and records:
            key, _, value = line.partition("=")
            records[-1][key.strip()] = value.strip()
    return records


def records_of_yaml(text):
    """[{key: text}] of a list of records, one key a line; None for anything deeper."""
    records = []
    for line in text.split("\n"):
        if not line.strip() or line.strip() in ("---", "...") or line.lstrip().startswith("#"):
            continue
        if len(line) > 10_000:
            return None
        match = re.fullmatch(r"(?:(-)|\s)\s*([^\W\d][^:]*):(?:\s+(.*?))?\s*", line.rstrip())
        if match is None or (not records and not match.group(1)):
            return None
        if match.group(1):
            records.append({})
        value = (match.group(3) or "").strip()
        quoted = re.fullmatch(r"\"(.*)\"|'(.*)'", value)
        value = (quoted.group(1) or quoted.group(2) or "") if quoted else "" if value in ("null", "~") else value
        records[-1][match.group(2).strip()] = value
        if len(records) > WRITTEN_ROWS:
            raise Problem("too_large", f"more than {WRITTEN_ROWS} records of YAML are not read; give csv or Parquet")
    return records if len(records) > 2 and max(map(len, records)) > 1 else None


KEY_VALUES = r"(?:[A-Za-z_][\w.-]*=(?:\"[^\"]*\"|[^\s,;]*)[\s,;]*)+"


PAIR = r"([A-Za-z_][\w.-]*)=(\"[^\"]*\"|[^\s,;]*)"


def rows_of_pairs(records):
    names = list(dict.fromkeys(key for record in records for key in record))
    return [names] + [[record.get(name, "").strip('"') for name in names] for record in records]


def rows_of_wiki(text):
    rows, row = [], []
    inside = False
    for line in text.split("\n"):
        line = line.strip()
        if line.startswith("{|"):
            inside = True
        elif line.startswith("|}"):
            inside = False
            rows, row = rows + [row], []
        elif not inside:
            continue
        elif line.startswith("|-"):
            rows, row = rows + [row], []
        elif line.startswith("!"):
            row += [clean_wiki(cell) for cell in re.split(r"!!|\|\|", line[1:])]
        elif line.startswith("|") and not line.startswith("|+"):
            row += [clean_wiki(cell) for cell in line[1:].split("||")]
    return [row for row in rows if row]


def clean_wiki(cell):
    """The text of a cell without its style, links and marks."""
    cell = re.sub(r"^\s*(?:\w+\s*=\s*\"[^\"]*\"\s*)+\|", "", cell)
    cell = re.sub(r"\[\[(?:[^\]|]*\|)?([^\]]*)\]\]", r"\1", cell)
    return re.sub(r"'''?|<[^>]*>", "", cell).strip()
