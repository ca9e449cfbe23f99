# ---- stored: columns that do not fit into memory together, kept in files of the working folder ----
import os

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

# Rows of one row group of table.parquet, and of one file of the described columns.
GROUP_ROWS = 1 << 18
# Rows at the beginning of each column that stay at hand.
HEAD_ROWS = 20_000
# A dictionary of more texts is kept by its row numbers beside the texts.
WIDE_DICTIONARY = 1000
TEXTS = pa.schema([("texts", pa.string())])


def is_stored(columns):
    """True where the columns of a table stayed on disk."""
    return bool(columns) and isinstance(columns[0][1], StoredColumn)


class StoredColumn:
    """A column that is read when it is needed. `head` has its first rows, `load` gives all of it as (array, Words or
    None)."""

    def __init__(self, head, rows, load):
        self.head, self.rows, self.load = head, rows, load
        self.type = head.type

    def __len__(self):
        return self.rows

    def slice(self, start, length):
        """Rows among the first HEAD_ROWS."""
        return self.head.slice(start, length)

    def to_pylist(self):
        """The values of the first rows."""
        return self.head.to_pylist()


def load_column(array):
    """(array, Words or None) of a column, wherever it is."""
    if isinstance(array, StoredColumn):
        return array.load()
    return array, Words(array) if is_textual(array.type) else None


def is_textual(kind):
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_boolean(kind)


class TextSpool:
    """The texts of some columns, each in a file of its own, compressed."""

    def __init__(self, places):
        self.paths = {place: f".texts-{place}" for place in places}
        options = pa.ipc.IpcWriteOptions(compression="zstd")
        self.writers = {place: pa.ipc.new_stream(path, TEXTS, options=options) for place, path in self.paths.items()}

    def write(self, arrays):
        """Adds an array to each column, in the order of the places."""
        for writer, array in zip(self.writers.values(), arrays):
            writer.write_batch(pa.record_batch([array], schema=TEXTS))

    def close(self):
        for writer in self.writers.values():
            writer.close()

    def chunks(self, place):
        """The arrays of a column, in their order."""
        with pa.OSFile(self.paths[place]) as file:
            for batch in pa.ipc.open_stream(file):
                yield batch.column(0)

    def remove(self, place):
        os.unlink(self.paths.pop(place))


class KeptColumns:
    """Described columns in files by groups of rows, from which table.parquet is written one group after the other. As a
    sequence it gives whole arrays, one at a time: numbers, or codes of a dictionary. Of a dictionary with more than
    WIDE_DICTIONARY texts the array has the numbers of the texts in their place."""

    def __init__(self, rows):
        self.rows = rows
        self.groups = [f".rows-{start // GROUP_ROWS}" for start in range(0, rows, GROUP_ROWS)]
        self.pieces, self.codes, self.types = [], [], []

    def __len__(self):
        return len(self.pieces)

    def __iter__(self):
        return (self[index] for index in range(len(self)))

    def __getitem__(self, index):
        if self.codes[index] is not None:
            path, begin, size = self.codes[index]
            codes = pa.concat_arrays([batch.column(0) for batch in read_stream(path, begin)])
            return pa.DictionaryArray.from_arrays(codes, pa.array(np.arange(size, dtype=np.int32)))
        return pa.concat_arrays([self.piece(group, index) for group in range(len(self.groups))])

    def with_texts(self, index):
        """The array of a column with all texts of its dictionary."""
        pieces = [self.piece(group, index) for group in range(len(self.groups))]
        return pa.concat_arrays(pa.chunked_array(pieces).unify_dictionaries().chunks)

    def append(self, array):
        """Keeps the next column."""
        if isinstance(array, pa.ChunkedArray):
            array = array.combine_chunks()
        wide = pa.types.is_dictionary(array.type) and len(array.dictionary) > WIDE_DICTIONARY
        self.codes.append(self.kept_codes(array) if wide else None)
        places = []
        for group, path in enumerate(self.groups):
            piece = array.slice(group * GROUP_ROWS, GROUP_ROWS)
            if wide:
                piece = piece.dictionary_decode().dictionary_encode()
            places.append(append_stream(path, with_few_numbers(piece)))
        self.pieces.append(places)
        self.types.append(array.type)

    def kept_codes(self, array):
        path = f".codes-{len(self.pieces)}"
        begins = [
            append_stream(path, array.indices.slice(start, GROUP_ROWS)) for start in range(0, len(array), GROUP_ROWS)
        ]
        return path, begins[0], len(array.dictionary)

    def piece(self, group, index):
        found = next(read_stream(self.groups[group], self.pieces[index][group])).column(0)
        return found if found.type == self.types[index] else found.dictionary_decode()

    def write_table(self, path, names, metadata, look):
        """Writes all columns as a Parquet file; `look` is called with the arrays of each group of rows."""
        fields = [pa.field(name, kind) for name, kind in zip(names, self.types)]
        schema = pa.schema(fields, metadata)
        self.remove_codes()
        with pq.ParquetWriter(path, schema, compression="zstd") as writer:
            for group, file in enumerate(self.groups):
                arrays = [self.piece(group, index) for index in range(len(self))]
                writer.write_table(pa.Table.from_arrays(arrays, schema=schema), row_group_size=GROUP_ROWS)
                look(arrays)
                os.unlink(file)

    def remove_codes(self):
        for kept in self.codes:
            if kept is not None:
                os.unlink(kept[0])

    def remove(self):
        """Removes all files."""
        self.remove_codes()
        for path in self.groups:
            os.unlink(path)


def in_memory(arrays):
    """The arrays of a table, with all texts of dictionaries, wherever they were kept."""
    if not isinstance(arrays, KeptColumns):
        return arrays
    found = [arrays.with_texts(index) for index in range(len(arrays))]
    arrays.remove()
    return found


def with_few_numbers(array):
    """Numbers that repeat often as a dictionary of them, which takes less room."""
    if not pa.types.is_floating(array.type):
        return array
    coded = array.dictionary_encode()
    return coded if len(coded.dictionary) <= len(array) / 4 else array


def append_stream(path, array):
    """Adds an array to a file, and gives the byte where it begins."""
    batch = pa.record_batch([array], names=["values"])
    with open(path, "ab") as file:
        begin = file.tell()
        with pa.ipc.new_stream(file, batch.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
            writer.write_batch(batch)
    return begin


def read_stream(path, begin):
    """The batches that were added to a file, from that byte on."""
    with pa.OSFile(path) as file:
        size = file.size()
        file.seek(begin)
        while file.tell() < size:
            yield from pa.ipc.open_stream(file)


def release_memory():
    """Gives back what arrow holds for later."""
    pa.default_memory_pool().release_unused()
