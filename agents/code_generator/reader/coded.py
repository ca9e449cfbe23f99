# ---- coded: the distinct texts of a long column, found within a bound of memory ----
import hashlib

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

# Bytes of the distinct texts of one column that are held at most.
DISTINCT_BYTES = 512 << 20
# Texts among which arrow looks for the distinct ones; its table takes 100 bytes for each, a sort of hashes 30.
FEW_TEXTS = 1_000_000
# Bytes of a text that are hashed eight at a time.
HASHED_BYTES = 256
LOW_BYTES = np.array([(1 << (8 * count)) - 1 for count in range(9)], dtype=np.uint64)


class TooManyTexts(Exception):
    """The distinct texts of a column take more room than DISTINCT_BYTES."""


class StoredWords(Words):
    """Words of a column whose texts, trimmed and without nulls, come in chunks."""

    def __init__(self, chunks):
        self.logical = False
        coded = without_disguise(coded_texts(chunks))
        self.texts, self.codes = coded.dictionary, coded.indices.to_numpy(zero_copy_only=False)
        self.counts = np.bincount(self.codes, minlength=len(self.texts))


def coded_texts(chunks):
    """The texts of the chunks as one DictionaryArray, numbered in the order of their first appearance. Raises
    TooManyTexts."""
    dictionaries, codes, total, held, merged = [], [], 0, 0, 0
    for chunk in chunks:
        coded = chunk.dictionary_encode()
        codes.append(coded.indices.to_numpy(zero_copy_only=False).astype(np.int32) + np.int32(total))
        dictionaries.append(coded.dictionary)
        total += len(coded.dictionary)
        held += coded.dictionary.nbytes
        # Each merge has twice as many texts as the last one left, so that all of them together cost little.
        if total > max(2 * merged, 2 * FEW_TEXTS) or held > DISTINCT_BYTES:
            dictionaries, codes = merge_texts(dictionaries, codes)
            total = merged = len(dictionaries[0])
            held = dictionaries[0].nbytes
            if held > 0.9 * DISTINCT_BYTES:
                raise TooManyTexts
    if not dictionaries:
        return pa.array([], pa.string()).dictionary_encode()
    dictionaries, codes = merge_texts(dictionaries, codes)
    return pa.DictionaryArray.from_arrays(pa.array(codes[0]), dictionaries[0])


def merge_texts(dictionaries, codes):
    """([the distinct texts], [int32 codes of all rows]) of texts in several arrays, numbered throughout."""
    texts = pa.concat_arrays(dictionaries)
    dictionaries.clear()
    texts, place = distinct_texts(texts)
    rows = np.concatenate(codes) if len(codes) > 1 else codes[0]
    codes.clear()
    return [texts], [place[rows] if place is not None else rows]


def distinct_texts(texts):
    """(the distinct texts in the order of their first appearance, the place of each text among them as int32); the
    place is None where no text repeats."""
    if len(texts) > FEW_TEXTS:
        found = distinct_by_hash(texts)
        if found is not None:
            return found
    coded = texts.dictionary_encode()
    return coded.dictionary, coded.indices.to_numpy(zero_copy_only=False)


def distinct_by_hash(texts):
    """The same by hashes of 64 bits; None where two texts share one."""
    hashes = text_hashes(texts)
    order = np.argsort(hashes)
    hashes = hashes[order]
    new = np.ones(len(order), dtype=bool)
    new[1:] = hashes[1:] != hashes[:-1]
    del hashes
    if new.all():
        return texts, None
    first = np.minimum.reduceat(order, np.flatnonzero(new))
    group = np.cumsum(new, dtype=np.int32) - np.int32(1)
    del new
    for start in range(0, len(order), FEW_TEXTS):
        some, same = order[start : start + FEW_TEXTS], first[group[start : start + FEW_TEXTS]]
        again = some != same
        pairs = texts.take(pa.array(some[again])), texts.take(pa.array(same[again]))
        if again.any() and not pc.all(pc.equal(*pairs)).as_py():
            return None
    place = np.argsort(first)
    rank = np.empty(len(first), dtype=np.int32)
    rank[place] = np.arange(len(first), dtype=np.int32)
    codes = np.empty(len(order), dtype=np.int32)
    codes[order] = rank[group]
    del order, group, rank
    return texts.take(pa.array(first[place])), codes


def text_hashes(texts):
    """uint64 of each text; shape (len(texts),)."""
    hashes = np.empty(len(texts), dtype=np.uint64)
    for start in range(0, len(texts), FEW_TEXTS):
        part = texts.slice(start, FEW_TEXTS)
        hashes[start : start + len(part)] = hashes_of_part(part)
    return hashes


def hashes_of_part(texts):
    _, offsets, data = texts.buffers()
    offsets = np.frombuffer(offsets, dtype=np.int32)[texts.offset : texts.offset + len(texts) + 1]
    begin, end = int(offsets[0]), int(offsets[-1])
    padded = np.zeros(end - begin + 8, dtype=np.uint8)
    if end > begin:
        padded[:-8] = np.frombuffer(data, dtype=np.uint8)[begin:end]
    # The eight bytes from each place on, as one number.
    eight = np.ndarray((len(padded) - 7,), dtype=np.uint64, buffer=padded, strides=(1,))
    starts, lengths = offsets[:-1].astype(np.int64) - begin, np.diff(offsets).astype(np.int64)
    hashes = mixed(
        lengths.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) ^ (eight[starts] & LOW_BYTES[np.minimum(lengths, 8)])
    )
    rest = np.flatnonzero(lengths > 8)
    for place in range(8, HASHED_BYTES, 8):
        rest = rest[lengths[rest] > place]
        if len(rest) == 0:
            return hashes
        read = eight[starts[rest] + place] & LOW_BYTES[np.minimum(lengths[rest] - place, 8)]
        hashes[rest] = mixed(hashes[rest] * np.uint64(3) ^ read)
    for index in rest[lengths[rest] > HASHED_BYTES].tolist():
        whole = padded[starts[index] : starts[index] + lengths[index]].tobytes()
        hashes[index] = int.from_bytes(hashlib.blake2b(whole, digest_size=8).digest(), "little")
    return hashes
