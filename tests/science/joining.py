"""Several tables in one folder, and the profile of what they are joined to."""

import tempfile
from pathlib import Path

import pyarrow.parquet as pq
from scripts import Lab, assemble, csv_of

ASKED = {
    "template": "profile",
    "seed": 5,
    "dataset": "data",
    "question": "",
    "target": None,
    "format": "auto",
    "randomised": [],
    "join": "find",
}
# The functions of the profile script, to be called without a process for each call.
PROFILE = {}
exec(compile(assemble(ASKED).removesuffix("main(PROTOCOL)\n"), "profile", "exec"), PROFILE)


def write_tables(folder, tables):
    """Writes tables, each {column: values}, a csv text, or bytes under a file name of its own; gives them as sources."""
    sources = []
    for name, content in tables.items():
        file = name if "." in name else f"{name}.csv"
        content = csv_of(content) if isinstance(content, dict) else content
        (folder / file).write_bytes(content if isinstance(content, bytes) else content.encode())
        sources.append({"name": name.split(".")[0], "source": f"../{file}", "format": "auto"})
    return sources


def keys_of(joins):
    """The keys of joins, as {frozenset of (table, columns)}."""
    return {
        frozenset(((join["left"], tuple(a for a, _ in join["on"])), (join["right"], tuple(b for _, b in join["on"]))))
        for join in joins
    }


def join_tables(tables, question=""):
    """(the result that the profile starts from, None) for tables, in this process; (None, code and message) where they
    are not joined."""
    with tempfile.TemporaryDirectory() as folder:
        sources = write_tables(Path(folder), tables)
        for source in sources:
            source["source"] = str(Path(folder) / source["source"].removeprefix("../"))
        try:
            asked = {**ASKED, "sources": sources, "question": question}
            return PROFILE["describe_view"](asked, PROFILE["describe_table"], [])[2], None
        except PROFILE["Problem"] as problem:
            return None, f"{problem.code}: {problem}"


def find_keys(tables, question=""):
    """(keys that are found, code and message where none is) for tables."""
    result, why = join_tables(tables, question)
    return (set() if result is None else keys_of(result["source"]["joins"])), why


class JoinLab(Lab):
    """Tables in a folder, as `write_tables` has them, and the profile of what they are joined to."""

    def __init__(self, tables, cold=False, **protocol):
        super().__init__()
        self.asked = {**ASKED, "sources": write_tables(self.root, tables), **protocol}
        self.profile = self.run(self.asked, cold=cold)
        self.source, self.problem = self.profile["source"], self.profile["problem"]
        self.joins = self.source.get("joins", [])

    def table(self):
        """The joined table as {name: list}."""
        return pq.read_table(self.root / "profile" / "table.parquet", use_threads=False).to_pydict()


def key(left, right):
    """A key as `keys_of` has it, from two texts such as 'visits.patient' or 'gdp.country+year'."""
    return frozenset(
        (table, tuple(columns.split("+"))) for table, columns in (text.split(".", 1) for text in (left, right))
    )
