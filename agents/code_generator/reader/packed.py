# ---- packed: compressed files, archives and folders, read in memory within a bound ----
import bz2
import gzip
import io
import lzma
import os
import tarfile
import zipfile

import pyarrow as pa

# Members of an archive or a folder that are looked at.
MEMBERS_READ = 10_000
# How the names of tables end.
TABLE_ENDINGS = (
    ".csv", ".tsv", ".tab", ".txt", ".dat", ".json", ".jsonl", ".ndjson", ".xlsx", ".xlsm", ".xls", ".ods", ".parquet", ".feather",
    ".arrow", ".orc", ".dta", ".sav", ".xpt", ".sas7bdat", ".sqlite", ".db", ".xml", ".html", ".arff", ".md", ".h5", ".npy", ".geojson",
    ".gz", ".bz2", ".xz", ".zst",
)  # fmt: skip


def packing(head):
    """How the bytes are compressed, or None."""
    if head[:2] == b"\x1f\x8b":
        return "gz"
    if head[:3] == b"BZh" and head[4:10] == b"1AY&SY":
        return "bz2"
    if head[:6] == b"\xfd7zXZ\x00":
        return "xz"
    if head[:4] == b"\x28\xb5\x2f\xfd":
        return "zst"
    return None


def unpacked_name(name, packed):
    for ending in ("." + packed, ".gzip", ".zstd"):
        if name.lower().endswith(ending):
            return name[: -len(ending)]
    return name[:-3] + "tar" if name.lower().endswith(".tgz") else name


def unpacked(raw, packed):
    """The bytes that were compressed."""
    try:
        if packed == "zst":
            return read_bounded(pa.CompressedInputStream(pa.BufferReader(raw), "zstd"))
        opener = {"gz": gzip.GzipFile, "bz2": bz2.BZ2File, "xz": lzma.LZMAFile}[packed]
        with opener(io.BytesIO(raw)) if packed != "gz" else gzip.GzipFile(fileobj=io.BytesIO(raw)) as file:
            return read_bounded(file)
    except (OSError, EOFError, ValueError, lzma.LZMAError, pa.ArrowException, zlib_error()) as error:
        raise Problem(
            "unreadable", f"the compressed file is damaged ({type(error).__name__}); fetch or make it again"
        ) from None


def zlib_error():
    import zlib

    return zlib.error


def read_bounded(file):
    """All bytes of a compressed stream, which may be far longer than what holds it."""
    parts, total = [], 0
    while part := file.read(4 << 20):
        total += len(part)
        if total > UNPACKED_BYTES:
            limit = UNPACKED_BYTES >> 20
            raise Problem("too_large", f"the file unpacks to more than {limit} MiB; give a part of it, or Parquet")
        parts.append(bytes(part))
    return b"".join(parts)


def is_workbook(raw):
    """True where a zip file is an Excel or OpenDocument workbook."""
    try:
        names = zipfile.ZipFile(io.BytesIO(raw)).namelist()[:MEMBERS_READ]
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return True  # a damaged one is most often a workbook, and is refused as such
    return any(name.startswith("xl/") for name in names) or "content.xml" in names


def read_archive(reading, raw, depth):
    """The table in a zip file; several parts of one table are put together, several tables are refused by name."""
    if depth >= PACKED_DEPTH:
        raise Problem("unreadable", "the archive holds an archive; unpack it and give the table in it")
    archive = zipfile.ZipFile(io.BytesIO(raw))
    members = []
    for member in archive.infolist()[:MEMBERS_READ]:
        base = member.filename.rsplit("/", 1)[-1]
        if not member.is_dir() and base and not base.startswith((".", "__")) and "__MACOSX" not in member.filename:
            members.append(member)
    if not members:
        raise Problem("empty_table", "the archive holds no files; give a table with a header and rows")
    if any(member.flag_bits & 1 for member in members):
        raise Problem("unreadable", "the archive is protected by a password; unpack it and give the table in it")
    if any(member.filename == "word/document.xml" for member in members):
        raise Problem("not_a_table", "this is a Word document; copy the table in it into a workbook or a csv file")
    if any(member.filename.startswith("ppt/") for member in members):
        raise Problem("not_a_table", "this is a presentation; copy the table in it into a workbook or a csv file")
    if any(member.filename.endswith(".iwa") for member in members):
        raise Problem("unreadable", "this is a Numbers document; export it from Numbers as csv or Excel")

    def content(member):
        try:
            with archive.open(member) as file:
                return read_bounded(file)
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, zlib_error()) as error:
            raise Problem(
                "unreadable", f"the archive is damaged ({type(error).__name__}); fetch or make it again"
            ) from None

    names = [member.filename for member in members]
    # What the archive itself says of its parts; each is bounded again when it is read.
    sizes = [member.file_size for member in members if member.filename.lower().endswith(TABLE_ENDINGS)]
    if len(sizes) > 1 and sum(sizes) > UNPACKED_BYTES:
        raise parts_too_large()
    return read_members(reading, dict(zip(names, members)), content, "archive", depth)


def parts_too_large():
    return Problem(
        "too_large", f"the parts hold more than {UNPACKED_BYTES >> 20} MiB together; give fewer of them, or one table"
    )


def read_tar(reading, raw, depth):
    """The table in a tar archive."""
    if depth >= PACKED_DEPTH:
        raise Problem("unreadable", "the archive holds an archive; unpack it and give the table in it")
    members = {}
    try:
        archive = tarfile.open(fileobj=io.BytesIO(raw), mode="r:")
        for member in archive:
            base = member.name.rsplit("/", 1)[-1]
            if member.isreg() and base and not base.startswith("."):
                members[member.name] = member
            if len(members) >= MEMBERS_READ:
                break
    except tarfile.TarError as error:
        message = f"the archive is damaged ({type(error).__name__}); fetch or make it again"
        raise Problem("unreadable", message) from None
    if not members:
        raise Problem("empty_table", "the archive holds no files; give a table with a header and rows")
    return read_members(reading, members, lambda member: read_bounded(archive.extractfile(member)), "archive", depth)


def read_folder(reading, path):
    """The table whose parts lie in a folder."""
    found = []
    for folder, below, files in os.walk(path):
        below[:] = sorted(name for name in below if not name.startswith((".", "_")))
        found += [os.path.join(folder, name) for name in sorted(files) if not name.startswith((".", "_"))]
        if len(found) > MEMBERS_READ:
            raise Problem("not_a_table", f"the folder holds more than {MEMBERS_READ} files; name one data file in it")
    files = {os.path.relpath(file, path): file for file in found if os.path.isfile(file) and not os.path.islink(file)}
    if not files:
        raise Problem("empty_table", "the folder holds no files; name one data file")

    def content(file):
        if os.path.getsize(file) > UNPACKED_BYTES:
            raise Problem("too_large", "a file of the folder is too large; name one data file in it")
        with open(file, "rb") as opened:
            return opened.read()

    return read_members(reading, files, content, "folder", 0)


def read_members(reading, members, content, what, depth):
    """`members` by name, each read by `content`: one table, or parts of one."""
    tables = [name for name in members if name.lower().endswith(TABLE_ENDINGS) and not is_readme(name)]
    chosen = tables or [name for name in members if not is_readme(name)] or list(members)
    others = [name for name in members if name not in chosen]
    if len(chosen) == 1:
        columns = read_raw(reading, content(members[chosen[0]]), chosen[0], "auto", depth + 1)
    else:
        columns = read_parts(reading, chosen, members, content, what, depth)
    reading.facts["member"] = chosen[0] if len(chosen) == 1 else f"{len(chosen)} parts"
    if others:
        shown = ", ".join(others[:5]) + (", ..." if len(others) > 5 else "")
        reading.warn(f"the {what} also holds {shown}; only {', '.join(chosen[:3])} was read")
        reading.set_aside("other files", None, len(others), f"files in the {what} that are no part of the table")
    return columns


def is_readme(name):
    base = name.rsplit("/", 1)[-1].lower()
    return base.startswith(("readme", "license", "licence", "codebook", "data_dictionary", "datapackage", "metadata"))


def several_tables(names, what):
    shown = ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")
    return Problem("several_tables", f"the {what} holds {len(names)} tables ({shown}); unpack it and give one of them")


def part_asked_for(reading, names, parts, heads, what):
    """Of several tables, the only one that holds the target or most of the names in the question."""
    worth = [reading.mentions(head) for head in heads]
    best = max(worth)
    if worth.count(best) > 1 or not (best[0] or best[1] > 1):
        raise several_tables(names, what)
    at = worth.index(best)
    columns, facts = parts[at]
    reading.facts.update(facts)
    others = [name for name in names if name != names[at]]
    shown = ", ".join(others[:5]) + (", ..." if len(others) > 5 else "")
    reading.warn(
        f"the {what} holds {len(names)} tables; '{names[at]}' was read, since it holds what was asked for, not {shown}"
    )
    for name, (other, _) in zip(names, parts):
        if name != names[at]:
            reading.set_aside("another table", None, rows_of(other), f"the table '{name}' of the {what}")
    return columns


def read_parts(reading, names, members, content, what, depth):
    """Parts of one table, put below each other in the order of their names."""
    parts, total = [], 0
    for name in sorted(names):
        raw = content(members[name])
        total += len(raw)
        if total > UNPACKED_BYTES:
            raise parts_too_large()
        inner = Reading(reading.path, "auto", reading.warnings, reading.target, reading.question)
        parts.append((read_raw(inner, raw, name, "auto", depth + 1), inner.facts))
    heads = [[name for name, _ in columns] for columns, _ in parts]
    if any(set(head) != set(heads[0]) or len(head) != len(heads[0]) for head in heads):
        return part_asked_for(reading, sorted(names), parts, heads, what)
    reading.facts.update({key: value for key, value in parts[0][1].items() if key != "set_aside"})
    for _, facts in parts:
        reading.facts["set_aside"] += facts["set_aside"]
    out = []
    for name in heads[0]:
        arrays = [dict(columns)[name] for columns, _ in parts]
        kinds = {str(array.type) for array in arrays}
        if len(kinds) > 1:
            arrays = [pa.array([as_text(value) for value in array.to_pylist()], pa.string()) for array in arrays]
        chunks = [chunk for array in arrays for chunk in (getattr(array, "chunks", None) or [array])]
        out.append((name, pa.chunked_array(chunks, arrays[0].type)))
    reading.warn(f"{len(parts)} files of the {what} have the same columns and were read as parts of one table")
    return out
